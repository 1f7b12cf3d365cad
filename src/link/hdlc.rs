//! HDLC frames of type 3, in which meters push over infrared, P1 and some M-Bus sockets
//! (IEC 62056-46, 6.4; the check sequences are those of ISO/IEC 13239, annex A).
//!
//! ```text
//! 7E | AL LL destination source CC [HH HH information] FF FF | 7E
//!      └────────────────────── length ─────────────────────┘
//! ```
//!
//! AL LL: type 3 (`A`), a bit that is set in every segment but the last one, and the length between
//! the flags in eleven bits. An address has one to four octets; the last one of them is odd. CC is
//! the control field (03 or 13, UI: information that nobody acknowledges; some Kaifa send 10).
//! HH HH checks the octets in front of it, and stands there only if there is information; FF FF
//! checks everything in front.
//!
//! The information of a telegram's first frame begins with the LLC header `E6 E7 00`. Further
//! frames have none.
//!
//! A published frame of Netz Burgenland begins
//! `7e a0 76 ce ff 03 13 xx xx e6 e7 00 db 08 4c 47 5a …`.
//!
//! The flag that ends a frame may begin the next one: the [`Deframer`](super::deframer::Deframer)
//! looks for a frame right behind it.

use core::ops::RangeInclusive;

use crate::{
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    link::layer::{ApduSegment, FURTHER, LinkLayer, NoFrame, copy_before_end},
    reader::Reader,
};

/// The octet around a frame.
const FLAG: u8 = 0x7e;

/// The format type in the upper four bits of the first octet.
const TYPE_3: u8 = 0xa0;

/// The bit of all segments but the last one, in the first octet.
const SEGMENTED: u8 = 0x08;

/// The control fields of frames that meters push: unnumbered information without and with the
/// poll/final bit, and the numbered information of some Kaifa.
const PUSHED: [u8; 3] = [0x03, 0x13, 0x10];

/// The LLC header in front of an APDU.
const LLC: [u8; 3] = [0xe6, 0xe7, 0x00];

/// The octets of a check sequence.
const CHECK: usize = 2;

/// The name of the check of a whole frame in messages.
pub(crate) const FRAME_CHECK: &str = "frame check sequence";

/// The octets of the longest address.
const LONGEST_ADDRESS: usize = 4;

/// HDLC.
#[derive(Clone, Copy, Debug)]
pub struct Hdlc;

impl LinkLayer for Hdlc {
    const LAYER: Layer = Layer::Hdlc;
    const TITLE: &'static str = "HDLC frame";
    const START: u8 = FLAG;
    const END: Option<u8> = Some(FLAG);
    /// From the control field, which may be damaged, to the LLC header.
    const HEADER: &'static [RangeInclusive<u8>] =
        &[0x00..=0xff, 0x00..=0xff, 0x00..=0xff, LLC[0]..=LLC[0], LLC[1]..=LLC[1], LLC[2]..=LLC[2]];

    fn frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        let content = match octets {
            [FLAG, content @ ..] => content,
            _ => octets,
        };
        match content.first() {
            Some(first) if first & 0xf0 == TYPE_3 => {}
            Some(_) => return Some(Err(NoFrame::LookAlike)),
            None => return None,
        }
        Some(check(octets)).filter(|result| !is_short(result))
    }

    /// A frame without an LLC header belongs to a telegram that began before it.
    fn damaged_segment(octets: &[u8]) -> Option<u8> {
        let mut reader = Reader::new(Layer::Hdlc, octets);
        match FrameHeader::checked(&mut reader) {
            Ok(_) => {
                let first = reader.array("LLC header").ok()?;
                Some(if *first == LLC { 0 } else { FURTHER })
            }
            result => Some(0).filter(|_| !is_short(&result)),
        }
    }

    fn segment(frame: &[u8]) -> Result<Option<ApduSegment<'_>>> {
        let mut reader = Reader::new(Layer::Hdlc, frame);
        // The frame has passed its checks.
        let Ok(header) = FrameHeader::read(&mut reader) else {
            return Ok(None);
        };
        if header.has_information && reader.take(CHECK, "header check sequence").is_err() {
            return Ok(None);
        }
        let at = reader.offset();
        let information = reader.rest().strip_suffix(&[FLAG]).unwrap_or_default();
        let information = information.get(..information.len().saturating_sub(CHECK));
        let information = information.filter(|octets| !octets.is_empty());
        let Some(information) = information.filter(|_| header.has_information) else {
            return Ok(None);
        };
        if !header.pushes() {
            let (what, expected) =
                ("control field", "03, 10 or 13 (nobody asks a meter that pushes)");
            let cause = Cause::Unexpected { what, found: header.control, expected };
            return Err(Error::new(Layer::Hdlc, header.control_at, cause));
        }
        let (number, data) = match information.strip_prefix(&LLC) {
            Some(data) => (Some(0), data),
            None => (None, information),
        };
        Ok(Some(ApduSegment {
            number,
            number_at: at,
            last: !header.segmented,
            peer: header.stations,
            peer_at: header.stations_at,
            data,
        }))
    }

    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let mut fields = WireFields::of(octets);
        list(&mut fields);
        fields.list()
    }

    fn replace(frame: &mut [u8], data: &[u8]) -> bool {
        let Some((_, content)) = frame.split_last_mut() else {
            return false;
        };
        if !copy_before_end(content, data, CHECK) {
            return false;
        }
        // The check of the header covers nothing of the information.
        let Some((checked, sequence)) = content.split_last_chunk_mut::<CHECK>() else {
            return false;
        };
        *sequence = check_sequence(checked.strip_prefix(&[FLAG]).unwrap_or(checked)).to_le_bytes();
        true
    }
}

/// Lists the fields of a frame as far as it goes.
fn list(fields: &mut WireFields<'_>) -> Option<()> {
    if fields.rest().first() == Some(&FLAG) {
        fields.octet("flag", |_| "start of a frame")?;
    }
    let checked = fields.rest().len();
    let &[high, low] = fields.rest().first_chunk()?;
    let length = length_of(high, low);
    fields.take(2, "format", |_| {
        let more = if high & SEGMENTED == 0 { "the last segment" } else { "more segments follow" };
        format!("type 3, {} between the flags, {more}", counted(length, "octet"))
    })?;
    for name in ["destination", "source"] {
        let size = fields.rest().iter().take(LONGEST_ADDRESS).position(|octet| octet & 1 == 1);
        fields.take(size? + 1, name, |octets| match *octets {
            [station] => format!("station {}", station >> 1),
            [upper, lower] => format!("device {}, station {}", upper >> 1, lower >> 1),
            _ => format!("an address of {}", counted(octets.len(), "octet")),
        })?;
    }
    fields.octet("control field", |control| match control {
        0x03 | 0x13 => "UI: information that nobody acknowledges",
        0x10 => "I: numbered information",
        _ => "none of a frame that a meter pushes",
    })?;
    let before = checked - fields.rest().len();
    let behind = length.checked_sub(before + CHECK)?;
    if behind > 0 {
        fields.take(CHECK, "header check sequence", |_| "CRC-16 of the octets before it")?;
        let mut information = behind.saturating_sub(CHECK);
        if fields.rest().starts_with(&LLC) && information >= LLC.len() {
            fields.take(LLC.len(), "LLC header", |_| "an APDU begins")?;
            information -= LLC.len();
        }
        fields.content(information, "information", |data| {
            format!("{} of the APDU", counted(data.len(), "octet"))
        })?;
    }
    fields.take(CHECK, FRAME_CHECK, |_| "CRC-16 of all octets since the flag")?;
    fields.octet("flag", |_| "end of the frame").map(drop)
}

/// The octets between the flags, as the format announces them.
const fn length_of(high: u8, low: u8) -> usize {
    u16::from_be_bytes([high & 0x07, low]) as usize
}

/// The fields in front of the information.
struct FrameHeader {
    /// The octets between the flags.
    length: usize,
    segmented: bool,
    /// Both addresses, as they stand in the frame.
    stations: u64,
    stations_at: usize,
    control: u8,
    control_at: usize,
    has_information: bool,
}

impl FrameHeader {
    /// Reads up to the check sequence, that of the header or, without information, of the frame.
    #[inline]
    fn read(reader: &mut Reader<'_>) -> core::result::Result<Self, NoFrame> {
        if reader.peek() == Some(FLAG) {
            reader.u8("flag")?;
        }
        let start = reader.offset();
        let [high, low] = *reader.array("frame format")?;
        let length = length_of(high, low);
        let stations_at = reader.offset();
        let stations = address(reader, 0).and_then(|first| address(reader, first))?;
        let control_at = reader.offset();
        let control = reader.u8("control field")?;
        let Some(behind) = length.checked_sub(reader.offset() - start + CHECK) else {
            return Err(NoFrame::LookAlike);
        };
        let (segmented, has_information) = (high & SEGMENTED != 0, behind > 0);
        Ok(Self { length, segmented, stations, stations_at, control, control_at, has_information })
    }

    /// The same, with the check sequence of the header if it has one.
    #[inline]
    fn checked(reader: &mut Reader<'_>) -> core::result::Result<Self, NoFrame> {
        let octets = reader.rest();
        let octets = octets.strip_prefix(&[FLAG]).unwrap_or(octets);
        let header = Self::read(reader)?;
        if header.has_information {
            let before = octets.len() - reader.rest().len();
            let at = *reader;
            let found = u16::from_le_bytes(*reader.array("header check sequence")?);
            let computed = check_sequence(octets.get(..before).unwrap_or_default());
            if found != computed {
                // Type and length alone look like this too often by chance, or right in front of a
                // frame.
                let (fields, _) = octets.split_at_checked(before + CHECK).unwrap_or_default();
                let hides = fields.windows(2).any(|two| matches!(*two, [FLAG, 0xa0..=0xaf]));
                if hides || !header.pushes() && *reader.array("LLC header")? != LLC {
                    return Err(NoFrame::LookAlike);
                }
                let what = "header check sequence";
                return Err(at.error(Cause::CheckSequence { what, found, computed }).into());
            }
        }
        Ok(header)
    }

    fn pushes(&self) -> bool {
        PUSHED.contains(&self.control)
    }
}

/// True if octets are missing to tell.
const fn is_short<T>(result: &core::result::Result<T, NoFrame>) -> bool {
    matches!(result, Err(NoFrame::Damaged { error: Error { cause: Cause::Short { .. }, .. }, .. }))
}

/// Reads an address and appends it to `before`.
fn address(reader: &mut Reader<'_>, before: u64) -> core::result::Result<u64, NoFrame> {
    let mut address = before;
    for _ in 0..LONGEST_ADDRESS {
        let octet = reader.u8("address")?;
        address = address << 8 | u64::from(octet);
        if octet & 1 == 1 {
            return Ok(address);
        }
    }
    Err(NoFrame::LookAlike)
}

/// The size of the frame at the start of the octets, all its checks passed.
fn check(octets: &[u8]) -> core::result::Result<usize, NoFrame> {
    let mut reader = Reader::new(Layer::Hdlc, octets);
    let flag = usize::from(reader.peek() == Some(FLAG));
    let header = FrameHeader::checked(&mut reader)?;
    let mut reader = Reader::new(Layer::Hdlc, octets);
    let size = flag + header.length + 1;
    let content = reader.take(size - 1, "frame")?.get(flag..).unwrap_or_default();
    // The flag first: where it is wrong, octets are missing, and the check is bound to fail.
    let end = reader;
    if reader.u8("closing flag")? != FLAG {
        let found = end.peek().unwrap_or_default();
        let cause = Cause::Unexpected { what: "closing flag", found, expected: "7e" };
        return Err(NoFrame::Damaged { error: end.error(cause), size });
    }
    let Some((checked, found)) = content.split_last_chunk::<CHECK>() else {
        return Err(NoFrame::LookAlike);
    };
    let (found, computed) = (u16::from_le_bytes(*found), check_sequence(checked));
    if found != computed {
        let what = FRAME_CHECK;
        let cause = Cause::CheckSequence { what, found, computed };
        let error = Error::new(Layer::Hdlc, size - 1 - CHECK, cause);
        return Err(NoFrame::Damaged { error, size });
    }
    Ok(size)
}

/// The check sequence of some octets: CRC-16 with the reflected polynomial 8408, which begins with
/// all ones and ends inverted (ISO/IEC 13239, annex A). Its low octet is sent first.
fn check_sequence(octets: &[u8]) -> u16 {
    !octets.iter().fold(u16::MAX, |crc, &octet| {
        let [low, _] = crc.to_le_bytes();
        crc >> 8 ^ STEPS.get(usize::from(low ^ octet)).copied().unwrap_or_default()
    })
}

/// The eight steps of the polynomial over each octet.
static STEPS: [u16; 256] = {
    let mut steps = [0; 256];
    let mut octet = 0;
    while octet < steps.len() {
        let mixed = octet as u8;
        let mixed = (mixed ^ mixed << 4) as u16;
        // An index beyond the end would not compile.
        #[allow(clippy::indexing_slicing)]
        {
            steps[octet] = mixed << 8 ^ mixed << 3 ^ mixed >> 4;
        }
        octet += 1;
    }
    steps
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame around some information, made by hand from the standard's figures.
    fn frame(format: u8, addresses: &[u8], control: u8, information: &[u8]) -> Vec<u8> {
        let hcs = if information.is_empty() { 0 } else { CHECK };
        let length = 2 + addresses.len() + 1 + hcs + information.len() + CHECK;
        let mut content = vec![format | (length >> 8) as u8, length as u8];
        content.extend_from_slice(addresses);
        content.push(control);
        if hcs > 0 {
            content.extend(check_sequence(&content).to_le_bytes());
            content.extend_from_slice(information);
        }
        content.extend(check_sequence(&content).to_le_bytes());
        [&[FLAG], &content[..], &[FLAG]].concat()
    }

    #[test]
    fn the_check_sequence_is_that_of_x25() {
        // The check value of CRC-16/IBM-SDLC in the catalogue of parametrised CRC algorithms.
        assert_eq!(check_sequence(b"123456789"), 0x906e);
    }

    #[test]
    fn a_frame_is_taken_apart() {
        let octets = frame(0xa0, &[0xce, 0xff, 0x03], 0x13, &[0xe6, 0xe7, 0x00, 0xdb, 0x08]);
        assert_eq!(Hdlc::frame(&octets), Some(Ok(octets.len())));
        let expected = ApduSegment {
            number: Some(0),
            number_at: 9,
            last: true,
            peer: 0xceff03,
            peer_at: 3,
            data: &[0xdb, 0x08],
        };
        assert_eq!(Hdlc::segment(&octets), Ok(Some(expected)));
        // Behind the flag of another frame it has no flag of its own.
        assert_eq!(Hdlc::frame(&octets[1..]), Some(Ok(octets.len() - 1)));
        let data = |octets| Hdlc::segment(octets).unwrap().unwrap().data;
        assert_eq!(data(&octets[1..]), [0xdb, 0x08]);
    }

    #[test]
    fn all_lengths_of_addresses_and_segments_are_read() {
        for addresses in [&[3, 5][..], &[2, 3, 0, 2, 4, 0x23], &[2, 2, 2, 3, 4, 4, 4, 5]] {
            let octets = frame(0xa8, addresses, 0x03, &[1, 2, 3]);
            let segment = Hdlc::segment(&octets).unwrap().unwrap();
            assert_eq!((segment.number, segment.last), (None, false), "{addresses:x?}");
            assert_eq!(segment.data, [1, 2, 3]);
        }
        let endless = frame(0xa0, &[2, 2, 2, 2, 2, 3], 0x13, &[1]);
        assert_eq!(Hdlc::frame(&endless), Some(Err(NoFrame::LookAlike)));
    }

    #[test]
    fn a_frame_without_information_carries_nothing() {
        let octets = frame(0xa0, &[3, 5], 0x93, &[]);
        assert_eq!(Hdlc::frame(&octets), Some(Ok(9)));
        assert_eq!(Hdlc::segment(&octets), Ok(None));
    }

    #[test]
    fn an_answer_to_somebody_is_no_push() {
        let octets = frame(0xa0, &[3, 5], 0x30, &[0xe6, 0xe7, 0, 1]);
        assert_eq!(Hdlc::frame(&octets), Some(Ok(octets.len())));
        let refused = Hdlc::segment(&octets).unwrap_err().to_string();
        assert!(refused.starts_with("hdlc: control field at octet 5: found 30"), "{refused}");
    }

    #[test]
    fn every_cut_waits_for_more_and_every_flipped_bit_is_refused() {
        let good = frame(0xa0, &[0xce, 0xff, 0x03], 0x13, &[0xe6, 0xe7, 0, 0x7e, 0xa0, 0x11]);
        for size in 0..good.len() {
            assert_eq!(Hdlc::frame(&good[..size]), None, "cut to {size}");
        }
        for bit in 8..good.len() * 8 {
            let mut octets = good.clone();
            octets[bit / 8] ^= 1 << (bit % 8);
            octets.resize(4096, 0);
            assert!(matches!(Hdlc::frame(&octets), Some(Err(_))), "bit {bit}");
        }
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let good = frame(0xa0, &[3, 5], 0x13, &[0xe6, 0xe7, 0, 1]);
        let at = |index: usize| {
            let mut octets = good.clone();
            octets[index] ^= 0x10;
            match Hdlc::frame(&octets) {
                Some(Err(NoFrame::Damaged { error, size })) => (error.to_string(), size),
                other => panic!("{other:?}"),
            }
        };
        let (text, _) = at(5);
        assert!(text.starts_with("hdlc: header check sequence"), "a control field of none: {text}");
        let (text, size) = at(3);
        assert!(text.starts_with("hdlc: header check sequence at octet 6: found "), "{text}");
        assert_eq!(size, 0);
        let (text, size) = at(11);
        assert!(text.starts_with("hdlc: frame check sequence at octet 12: found "), "{text}");
        assert_eq!(size, good.len());
        let (text, _) = at(14);
        assert_eq!(text, "hdlc: closing flag at octet 14: found 6e, expected 7e");
    }
}
