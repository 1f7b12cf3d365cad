//! The short frame of the M-Bus, which carries no data (EN 13757-2, 5.2).
//!
//! ```text
//! 10 | CC AA | KK 16
//! ```
//!
//! CC control field, AA address, KK their sum modulo 256. Some meters reset the link with
//! `10 40 01 41 16` (SND_NKE) before they push.

use core::ops::RangeInclusive;

use crate::{
    error::{Layer, Result},
    field::{WireField, WireFields},
    link::layer::{ApduSegment, LinkLayer, NoFrame},
};

/// The octets of a frame.
const SIZE: usize = 5;

/// The short frame.
#[derive(Clone, Copy, Debug)]
pub struct MbusShort;

impl LinkLayer for MbusShort {
    const LAYER: Layer = Layer::Mbus;
    const TITLE: &'static str = "Short M-Bus frame";
    const START: u8 = 0x10;
    const END: Option<u8> = Some(0x16);
    /// Nothing stands behind such a frame's header.
    const HEADER: &'static [RangeInclusive<u8>] = &[];

    /// Octets that fail the sum are no frame: five octets that look like one are nearly always part
    /// of something else.
    fn frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        let &[_, control, address, sum, stop, ..] = octets else {
            return None;
        };
        let is_frame = Some(stop) == Self::END && sum == control.wrapping_add(address);
        Some(is_frame.then_some(SIZE).ok_or(NoFrame::LookAlike))
    }

    fn damaged_segment(_: &[u8]) -> Option<u8> {
        Some(0)
    }

    fn segment(_: &[u8]) -> Result<Option<ApduSegment<'_>>> {
        Ok(None)
    }

    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let mut fields = WireFields::of(octets);
        fields.octet("start", |_| "of a short frame");
        fields.octet("control field", |control| match control {
            0x40 => "SND_NKE: reset of the link",
            _ => "a frame without data",
        });
        fields.octet("address", |address| format!("station {address}"));
        fields.octet("checksum", |_| "the sum of the two octets before it");
        fields.octet("stop", |_| "of the frame");
        fields.list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_of_the_link_is_a_frame_without_data() {
        let octets = [0x10, 0x40, 0x01, 0x41, 0x16];
        assert_eq!(MbusShort::frame(&octets), Some(Ok(5)));
        assert_eq!(MbusShort::segment(&octets), Ok(None));
        for size in 0..5 {
            assert_eq!(MbusShort::frame(&octets[..size]), None);
        }
        for bit in 8..40 {
            let mut damaged = octets;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(MbusShort::frame(&damaged), Some(Err(NoFrame::LookAlike)), "bit {bit}");
        }
    }
}
