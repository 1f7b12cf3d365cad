//! The M-Bus long frame as Austrian meters send it (EN 13757-2, 5.2; EN 13757-1, 9.3 for the
//! transport fields).
//!
//! ```text
//! 68 LL LL 68 | CC AA II SS DD data… | KK 16
//!               └─────── L ────────┘
//! ```
//!
//! L counts the octets from CC to the last data octet; CC control field (53, SND_UD), AA address
//! (ff, broadcast), II control information; SS source and DD destination (01 and 67); KK sum of the
//! L octets modulo 256.
//!
//! The control information is `000F nnnn`: nnnn counts the segments of an APDU from 0, F is set on
//! the last one. One frame: `10`. Two frames: `00`, `11`. At most sixteen.
//!
//! The published telegram of Netz NÖ has two frames, `68 fa fa 68 53 ff 00 01 67 db 08 …` and
//! `68 14 14 68 53 ff 11 01 67 …`.
//!
//! Old firmware of the Sagemcom T210-D sends 257 octets and announces `68 01 01 68`: the length is
//! taken modulo 256. A legal frame has at least three octets, so L of 0, 1 or 2 means L + 256.
//! L = 3 is a control frame: legal, and without data.

use core::ops::RangeInclusive;

use crate::{
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    link::layer::{ApduSegment, LinkLayer, NoFrame, copy_before_end},
    reader::Reader,
};

/// Octets around the L octets that a frame announces.
const OVERHEAD: usize = 6;

/// The first and fourth octet of a frame.
const START: u8 = 0x68;

/// The last octet of a frame.
const STOP: u8 = 0x16;

/// SND_UD without and with the frame count bit: how a meter sends without being asked.
const SEND_USER_DATA: [u8; 2] = [0x53, 0x73];

/// The address of all stations.
const BROADCAST: u8 = 0xff;

/// The bits of the control information that have to be 0: others announce M-Bus data records.
const RESERVED: u8 = 0xe0;

/// The bit of the last segment.
const FINAL: u8 = 0x10;

/// The management device of the meter.
const SOURCE: u8 = 0x01;

/// The consumer information push.
const DESTINATION: u8 = 0x67;

/// The wired M-Bus.
#[derive(Clone, Copy, Debug)]
pub struct Mbus;

impl LinkLayer for Mbus {
    const LAYER: Layer = Layer::Mbus;
    const TITLE: &'static str = "M-Bus frame";
    const START: u8 = START;
    const END: Option<u8> = Some(STOP);
    /// From the control field to the transport addresses.
    const HEADER: &'static [RangeInclusive<u8>] = &[
        0x00..=0xff,
        BROADCAST..=BROADCAST,
        0x00..=0x1f,
        SOURCE..=SOURCE,
        DESTINATION..=DESTINATION,
    ];

    #[inline]
    fn frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        let size = match *octets {
            [_, field, _, START, ..] => length(field) + OVERHEAD,
            [_, _, _, _, ..] => return Some(Err(NoFrame::LookAlike)),
            _ => return None,
        };
        match check(octets) {
            Ok(size) => Some(Ok(size)),
            Err(Error { cause: Cause::Short { .. }, .. }) => None,
            Err(error @ Error { cause: Cause::Lengths { .. }, .. }) => {
                Some(Err(NoFrame::Damaged { error, size: 0 }))
            }
            Err(error) => {
                let error = match next_header(octets.get(..size).unwrap_or_default()) {
                    Some(next) => Error::new(Layer::Mbus, next, Cause::FrameInFrame { size, next }),
                    None => error,
                };
                Some(Err(NoFrame::Damaged { error, size }))
            }
        }
    }

    fn damaged_segment(octets: &[u8]) -> Option<u8> {
        let information = octets.get(6)?;
        Some(if information & RESERVED == 0 { information & !FINAL } else { 0 })
    }

    #[inline]
    fn segment(frame: &[u8]) -> Result<Option<ApduSegment<'_>>> {
        // A control frame ends behind the control information.
        let &[_, _, _, _, control, address, information, source, destination, ref data @ .., _, _] =
            frame
        else {
            return Ok(None);
        };
        pushed(control, information)?;
        let stations = u32::from_be_bytes([control, address, source, destination]);
        Ok(Some(ApduSegment {
            number: Some(information & !FINAL),
            number_at: 6,
            last: information & FINAL != 0,
            peer: stations.into(),
            peer_at: 4,
            data,
        }))
    }

    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let mut fields = WireFields::of(octets);
        list(&mut fields);
        fields.list()
    }

    fn replace(frame: &mut [u8], data: &[u8]) -> bool {
        if !copy_before_end(frame, data, 2) {
            return false;
        }
        let [_, _, _, _, checked @ .., sum, _] = frame else {
            return false;
        };
        *sum = checked.iter().fold(0, |sum: u8, octet| sum.wrapping_add(*octet));
        true
    }
}

/// Lists the fields of a frame as far as it goes.
fn list(fields: &mut WireFields<'_>) -> Option<()> {
    fields.octet("start", |_| "of a long frame")?;
    let announced = fields.octet("length", |field| {
        format!("{} up to the checksum", counted(length(field), "octet"))
    })?;
    fields.octet("length", |_| "the same again")?;
    fields.octet("start", |_| "the same again")?;
    fields.octet("control field", |control| match SEND_USER_DATA.contains(&control) {
        true => "SND_UD: data that nobody asked for",
        false => "none of a frame that a meter pushes",
    })?;
    fields.octet("address", |address| match address {
        BROADCAST => "all stations".to_owned(),
        station => format!("station {station}"),
    })?;
    fields.octet("control information", |information| {
        let number = information & !FINAL;
        match (information & RESERVED, information & FINAL) {
            (0, 0) => format!("segment {number}, more follow"),
            (0, _) => format!("segment {number}, the last one"),
            _ => "M-Bus data records".to_owned(),
        }
    })?;
    // The control frame ends here.
    let data = length(announced).saturating_sub(Mbus::HEADER.len());
    if length(announced) >= Mbus::HEADER.len() {
        fields.octet("source", |source| match source {
            SOURCE => "the management device of the meter",
            _ => "another device than that of a push",
        })?;
        fields.octet("destination", |destination| match destination {
            DESTINATION => "the customer information push",
            _ => "another client than that of a push",
        })?;
        fields.content(data, "segment", |data| {
            format!("{} of the APDU", counted(data.len(), "octet"))
        })?;
    }
    let last = length(announced) + 3;
    fields.octet("checksum", |_| format!("the sum of octets 4 to {last}, modulo 256"))?;
    fields.octet("stop", |_| "of the frame").map(drop)
}

/// Refuses a frame that no meter pushes.
fn pushed(control: u8, information: u8) -> Result<()> {
    let error = |offset, cause| Err(Error::new(Layer::Mbus, offset, cause));
    if !SEND_USER_DATA.contains(&control) {
        let (what, expected) = ("control field", "53 or 73");
        return error(4, Cause::Unexpected { what, found: control, expected });
    }
    if information & RESERVED != 0 {
        let (what, expected) =
            ("control information", "00 to 1f (M-Bus data records are not read)");
        return error(6, Cause::Unexpected { what, found: information, expected });
    }
    Ok(())
}

/// The first nine octets of the frame that pushes segment `number` of an APDU, in front of that
/// many octets of data.
///
/// More than 250 of them make L more than 255: it is sent modulo 256, as the old Sagemcom does.
#[must_use]
pub const fn start(number: u8, last: bool, data: usize) -> [u8; 9] {
    let [control, _] = SEND_USER_DATA;
    let length = (Mbus::HEADER.len() + data) as u8;
    let information = number & !FINAL & !RESERVED | if last { FINAL } else { 0 };
    [START, length, length, START, control, BROADCAST, information, SOURCE, DESTINATION]
}

/// Appends the frame that pushes segment `number` of an APDU; how many octets it has. It begins
/// with [`start`].
pub fn emit(number: u8, last: bool, data: &[u8], wire: &mut Vec<u8>) -> usize {
    let before = wire.len();
    let start = start(number, last, data.len());
    let sum = |sum: u8, octet: &u8| sum.wrapping_add(*octet);
    let checksum = start.iter().skip(4).chain(data).fold(0, sum);
    wire.extend_from_slice(&start);
    wire.extend_from_slice(data);
    wire.extend_from_slice(&[checksum, STOP]);
    wire.len() - before
}

/// The size of the frame that begins with the first octet, all its checks passed.
fn check(octets: &[u8]) -> Result<usize> {
    let mut reader = Reader::new(Layer::Mbus, octets);
    reader.expect(START, "start", "68")?;
    let first = reader.u8("length")?;
    let at = reader;
    let second = reader.u8("length")?;
    reader.expect(START, "second start", "68")?;
    if first != second {
        return Err(at.error(Cause::Lengths { first, second }));
    }
    let user = reader.take(length(first), "user data")?;
    let at = reader;
    let found = reader.u8("checksum")?;
    // The stop octet first: where it is wrong, octets are missing, and the sum is bound to be.
    reader.expect(STOP, "stop", "16")?;
    let computed = user.iter().fold(0u8, |sum, &octet| sum.wrapping_add(octet));
    if found != computed {
        return Err(at.error(Cause::Checksum { found, computed }));
    }
    Ok(reader.offset())
}

/// The place of the next header within the octets of a damaged frame: a small buffer of a UART loses
/// octets in the middle.
fn next_header(octets: &[u8]) -> Option<usize> {
    let is_header = |octets: &[u8]| match *octets {
        [START, first, second, START, control, BROADCAST, information, SOURCE, DESTINATION] => {
            first == second && pushed(control, information).is_ok()
        }
        _ => false,
    };
    let headers = octets.windows(9).skip(1).position(is_header);
    headers.map(|at| at + 1)
}

/// The octets that a length field announces, from CC to the last of the data.
const fn length(field: u8) -> usize {
    match field {
        0..=2 => field as usize + 256,
        _ => field as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u8, last: bool, data: &[u8]) -> Vec<u8> {
        let mut octets = vec![];
        assert_eq!(emit(number, last, data, &mut octets), octets.len());
        octets
    }

    #[test]
    fn a_frame_is_taken_apart() {
        let octets = frame(1, true, &[0xaa, 0xbb]);
        let expected = ApduSegment {
            number: Some(1),
            number_at: 6,
            last: true,
            peer: 0x53ff_0167,
            peer_at: 4,
            data: &[0xaa, 0xbb],
        };
        assert_eq!(Mbus::segment(&octets), Ok(Some(expected)));
    }

    #[test]
    fn a_control_frame_is_a_frame_without_data() {
        let octets = [0x68, 0x03, 0x03, 0x68, 0x53, 0xff, 0x00, 0x52, 0x16];
        assert_eq!(Mbus::frame(&octets), Some(Ok(9)));
        assert_eq!(Mbus::segment(&octets), Ok(None));
    }

    #[test]
    fn a_frame_is_put_together() {
        let octets = [0x68, 7, 7, 0x68, 0x53, 0xff, 0x11, 0x01, 0x67, 0xaa, 0xbb, 0x30, 0x16];
        assert_eq!(frame(1, true, &[0xaa, 0xbb]), octets);
        let longest = frame(0, false, &[0x5a; 252]);
        assert_eq!((longest.len(), &longest[..4]), (263, &[0x68, 0x01, 0x01, 0x68][..]));
    }

    #[test]
    fn a_frame_that_begins_within_another_shows_that_octets_are_lost() {
        let octets = frame(0, false, &[0x5a; 200]);
        let cut = [&octets[..104], &octets].concat();
        let Some(Err(NoFrame::Damaged { error, size })) = Mbus::frame(&cut) else { panic!() };
        assert_eq!(size, octets.len());
        let text = "mbus: octets are lost: a frame of 211 began, the next one after 104";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn frames_that_no_meter_pushes_are_named() {
        let mut octets = frame(0, true, &[0]);
        let refused = |octets: &[u8]| Mbus::segment(octets).unwrap_err().to_string();
        octets[6] = 0x72;
        assert!(refused(&octets).starts_with("mbus: control information at octet 6: found 72"));
        octets[6] = 0x10;
        octets[4] = 0x08;
        assert!(refused(&octets).starts_with("mbus: control field at octet 4: found 08"));
    }
}
