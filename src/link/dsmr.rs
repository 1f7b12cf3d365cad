//! DSMR telegrams, the text that meters send over their P1 socket; [`p1`] shows its form.
//! A telegram is a frame of its own, and no frame carries less than one.

use core::ops::RangeInclusive;

use crate::{
    error::{Layer, Result},
    field::{WireField, WireFields},
    link::layer::{ApduSegment, LinkLayer, NoFrame, copy_before_end},
    p1::{self, NoEnvelope, P1Envelope},
};

/// DSMR telegrams.
#[derive(Clone, Copy, Debug)]
pub struct Dsmr;

impl LinkLayer for Dsmr {
    const LAYER: Layer = Layer::Dsmr;
    const TITLE: &'static str = "DSMR telegram";
    const START: u8 = p1::START;
    const END: Option<u8> = Some(p1::END);
    /// The text is no APDU behind a header.
    const HEADER: &'static [RangeInclusive<u8>] = &[];

    fn frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        P1Envelope::of(octets, Self::LAYER).map(size)
    }

    fn last_frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        P1Envelope::of_last(octets, Self::LAYER).map(size)
    }

    fn damaged_segment(_: &[u8]) -> Option<u8> {
        Some(0)
    }

    fn segment(frame: &[u8]) -> Result<Option<ApduSegment<'_>>> {
        Ok(Some(ApduSegment {
            number: Some(0),
            number_at: 0,
            last: true,
            peer: 0,
            peer_at: 0,
            data: frame,
        }))
    }

    fn replace(frame: &mut [u8], data: &[u8]) -> bool {
        copy_before_end(frame, data, 0)
    }

    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let mut fields = WireFields::of(octets);
        for line in octets.split_inclusive(|octet| *octet == p1::END) {
            match line.split_first() {
                Some((b'!', behind)) => {
                    let digits =
                        behind.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
                    fields.take(1, "end", |_| "of the objects");
                    fields.take(digits, p1::CRC_NAME, |_| p1::CRC_MEANING);
                    fields.take(behind.len() - digits, "line end", |_| "");
                    break;
                }
                Some((&p1::START, _)) => {
                    fields.take(line.len(), "identification", |_| p1::HEAD_MEANING);
                }
                _ => drop(fields.take(line.len(), "line", |_| "")),
            }
        }
        fields.list()
    }
}

fn size(
    envelope: core::result::Result<P1Envelope, NoEnvelope>,
) -> core::result::Result<usize, NoFrame> {
    match envelope {
        Ok(envelope) => Ok(envelope.size),
        Err(NoEnvelope::LookAlike) => Err(NoFrame::LookAlike),
        Err(NoEnvelope::Damaged(error, size)) => Err(NoFrame::Damaged { error, size }),
    }
}
