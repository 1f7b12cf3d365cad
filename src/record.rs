//! The record line: what flows between `capture`, `unframe`, `decrypt` and `decode`.
//!
//! ```text
//! # meterpipe-record 1
//! 2026-08-24T21:03:17.482Z frame 68fafa6853ff0001…16 from=ttyUSB0
//! - apdu db084b464d6750000009… link=mbus
//! ```
//!
//! `TIME KIND HEX [KEY=VALUE]…`, one space between them. TIME is when the first octet arrived, or
//! `-`. KIND says what HEX is; a kind that is not known here is kept and passed on, and so is every
//! unknown key. Empty lines and lines that start with `#` are not data.

use core::ops::Range;

use jiff::{civil, tz::Offset};

use crate::{
    error::{Cause, Error, Layer, Mark, Result},
    hex::canonical,
};

/// The first line of every stream of records.
pub const HEADER: &str = "# meterpipe-record 1\n";

/// The start that all versions of the header share.
pub const HEADER_START: &str = "# meterpipe-record ";

/// The start of the line that tells an anonymous capture.
pub const ANONYMISED: &str = "# anonymised: ";

/// Where in an input something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Place {
    /// In a line of a hex dump, from 1.
    Line(u64),
    /// In a line of a file of records, from 1.
    Record(u64),
    /// At an octet of a binary input, from 0.
    Octet(u64),
    /// In a live source: its time says where.
    #[default]
    Live,
}

/// When the first octet of something arrived: UTC with milliseconds, 24 characters, or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Time(Option<[u8; 24]>);

impl Time {
    /// Not known, because the octets come from a file without times.
    pub const UNKNOWN: Self = Self(None);

    const LEAST: &'static [u8; 24] = b"0000-00-00T00:00:00.000Z";
    const MOST: &'static [u8; 24] = b"9999-99-99T99:99:99.999Z";

    /// The first column of a record.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text == b"-" {
            return Some(Self::UNKNOWN);
        }
        let text: &[u8; 24] = text.try_into().ok()?;
        // Without a way out in between it is a few instructions for all of them.
        let bounds = Self::LEAST.iter().zip(Self::MOST);
        let fits = text.iter().zip(bounds).fold(true, |fits, (character, (least, most))| {
            fits & (character.wrapping_sub(*least) <= most - least)
        });
        fits.then_some(Self(Some(*text)))
    }

    /// From milliseconds since 1970, as far as four digits of a year go.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        jiff::Timestamp::from_millisecond(millis)
            .ok()
            .and_then(|timestamp| Self::parse(format!("{timestamp:.3}").as_bytes()))
            .unwrap_or(Self::UNKNOWN)
    }

    /// Milliseconds since 1970, if it is known and on the calendar.
    #[must_use]
    pub fn millis(self) -> Option<i64> {
        let text = self.0?;
        let number = |at: Range<usize>| {
            let digits = text.get(at).unwrap_or_default();
            digits.iter().fold(0, |number, digit| 10 * number + i16::from(digit & 0x0f))
        };
        let part = |at: usize| number(at..at + 2) as i8;
        let (hour, minute) = (part(11), part(14));
        // A leap second counts as the one before.
        let second = if part(17) == 60 { 59 } else { part(17) };
        let time = civil::DateTime::new(number(0..4), part(5), part(8), hour, minute, second, 0);
        let timestamp = Offset::UTC.to_timestamp(time.ok()?).ok()?;
        Some(timestamp.as_millisecond() + i64::from(number(20..23)))
    }

    /// The text of the column.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.known().unwrap_or("-")
    }

    /// The signs of the text if the time is known.
    #[must_use]
    pub const fn signs(&self) -> Option<&[u8; 24]> {
        self.0.as_ref()
    }

    /// The text if the time is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        self.0.as_ref().and_then(|text| core::str::from_utf8(text).ok())
    }
}

/// The meaning of a record's octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind<'a> {
    /// Any run of octets from the line.
    Raw,
    /// One link frame that passed its checks.
    Frame,
    /// One whole APDU, ciphered or plain.
    Apdu,
    /// A kind of a later version: passed on.
    Other(&'a str),
}

impl<'a> RecordKind<'a> {
    /// The second column of a record, and what stands behind it and its space.
    fn first(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        for kind in [Self::Frame, Self::Apdu, Self::Raw] {
            let behind = text.strip_prefix(kind.as_str().as_bytes());
            if let Some([b' ', rest @ ..]) = behind {
                return Some((kind, rest));
            }
        }
        let width = text.iter().position(|c| !c.is_ascii_lowercase() && *c != b'_')?;
        let (other, behind) = text.split_at_checked(width).filter(|_| width > 0)?;
        let other = core::str::from_utf8(other).ok()?;
        Some((Self::Other(other), behind.strip_prefix(b" ")?))
    }

    /// The word in the column.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Raw => "raw",
            Self::Frame => "frame",
            Self::Apdu => "apdu",
            Self::Other(other) => other,
        }
    }
}

/// The integrity of a telegram that was ciphered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// The telegram carried no tag.
    None,
    /// The telegram carried a tag, and there was no key to verify it.
    Unverified,
    /// The tag was verified.
    Verified,
}

impl Auth {
    /// The value of the `auth` attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unverified => "unverified",
            Self::Verified => "verified",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Unverified, Self::Verified].into_iter().find(|a| a.as_str() == text)
    }
}

/// The `KEY=VALUE` columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// The source, percent-encoded: [`escape`].
    pub from: Option<&'a str>,
    /// The link layer that carried an APDU: `mbus`.
    pub link: Option<&'a str>,
    /// The system title of a ciphered APDU.
    pub title: Option<[u8; 8]>,
    /// Its invocation counter.
    pub ic: Option<u32>,
    /// Its security control octet.
    pub sc: Option<u8>,
    /// The integrity of a ciphered APDU.
    pub auth: Option<Auth>,
    /// The APDU stands near a frame and may be a part of one: only its tag or its CRC vouches for it.
    pub near_frame: bool,
    /// Marks of the UART by octet: `parity@17,overrun@40`. [`marks`] reads it.
    pub err: Option<&'a str>,
    /// The columns as they were read. Keys that are not known here are written again from it.
    pub text: &'a str,
}

/// One record, its octets already out of hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// When its first octet arrived.
    pub time: Time,
    /// The meaning of the octets.
    pub kind: RecordKind<'a>,
    /// The octets.
    pub octets: &'a [u8],
    /// The further columns.
    pub attributes: Attributes<'a>,
}

impl<'a> Record<'a> {
    /// Reads a line (without its end); the octets go to `room`, which is emptied first.
    ///
    /// # Errors
    /// [`Cause::NotARecord`] if the line does not look like a record at all; another cause, with
    /// the place in the line, if it does and a column is wrong.
    pub fn parse(line: &'a [u8], room: &'a mut Vec<u8>) -> Result<Self> {
        Columns::of(line).ok_or(Error::new(Layer::Record, 0, Cause::NotARecord))?.read(room)
    }

    /// The kind of a line that has the first two columns of a record.
    #[must_use]
    pub fn kind(line: &'a [u8]) -> Option<RecordKind<'a>> {
        Columns::of(line).map(|columns| columns.kind)
    }

    /// Appends the line, with its end.
    pub fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.time.0.as_ref().map_or(b"-", |time| time));
        text.push(b' ');
        text.extend_from_slice(self.kind.as_str().as_bytes());
        text.push(b' ');
        canonical::encode(self.octets, text);
        self.attributes.write(text);
        text.push(b'\n');
    }
}

/// A line that has the first two columns of a record; the others are still to be read.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The kind of the record.
    pub kind: RecordKind<'a>,
    time: Time,
    rest: &'a [u8],
    /// Where the rest stands in the line.
    start: usize,
}

impl<'a> Columns<'a> {
    /// Of a line without its end; nothing if it does not look like a record at all.
    #[must_use]
    pub fn of(line: &'a [u8]) -> Option<Self> {
        // The end of the time comes first: most lines of a hex dump have another one.
        let width = match line {
            [b'-', b' ', ..] => 1,
            _ if line.get(23..25) == Some(b"Z ") => 24,
            _ => return None,
        };
        let (time, rest) = line.split_at_checked(width)?;
        let time = Time::parse(time)?;
        let (kind, rest) = RecordKind::first(rest.strip_prefix(b" ")?)?;
        Some(Self { kind, time, rest, start: line.len() - rest.len() })
    }

    /// True if the column HEX is whole octets.
    #[must_use]
    pub fn has_hex(&self) -> bool {
        let width = memchr::memchr(b' ', self.rest).unwrap_or(self.rest.len());
        let digits = self.rest.get(..width).unwrap_or_default();
        width > 0 && width.is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
    }

    /// Reads the others. The octets are put into `room`.
    ///
    /// # Errors
    /// As [`Record::parse`].
    pub fn read(self, room: &'a mut Vec<u8>) -> Result<Record<'a>> {
        let Self { kind, time, rest, start } = self;
        room.clear();
        let width = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let (digits, text) = rest.split_at_checked(width).unwrap_or((rest, &[]));
        if digits.is_empty() {
            return Err(column(start, "HEX is missing"));
        }
        canonical::decode(digits, room)
            .map_err(|error| Error { offset: error.offset + start, ..error })?;
        let text = core::str::from_utf8(text).map_err(|_| column(start + width, "not UTF-8"))?;
        let attributes = Attributes::parse(text.trim_end(), start + width)?;
        Ok(Record { time, kind, octets: room, attributes })
    }
}

impl<'a> Attributes<'a> {
    fn parse(text: &'a str, start: usize) -> Result<Self> {
        let mut attributes = Self { text, ..Self::default() };
        let mut offset = start;
        for pair in pairs(text) {
            offset += 1;
            let (key, value) = key_value(pair).ok_or(column(offset, "KEY=VALUE expected"))?;
            let wrong = column(offset + key.len() + 1, "a value that its key cannot have");
            match key {
                "from" => attributes.from = Some(value),
                "link" => attributes.link = Some(value),
                "err" => attributes.err = Some(value),
                "near" if value == "frame" => attributes.near_frame = true,
                "ic" => attributes.ic = Some(value.parse().map_err(|_| wrong)?),
                "sc" => attributes.sc = Some(u8::from_str_radix(value, 16).map_err(|_| wrong)?),
                "auth" => attributes.auth = Some(Auth::parse(value).ok_or(wrong)?),
                "title" => {
                    let mut title = [0; 8];
                    hex::decode_to_slice(value, &mut title).map_err(|_| wrong)?;
                    attributes.title = Some(title);
                }
                _ => {}
            }
            offset += pair.len();
        }
        Ok(attributes)
    }

    /// The unknown columns, with the space before each.
    fn unknown(&self) -> impl Iterator<Item = &'a str> {
        pairs(self.text).filter(|pair| {
            let key = key_value(pair).map_or(*pair, |(key, _)| key);
            *pair != "near=frame"
                && !["from", "link", "title", "ic", "sc", "auth", "err"].contains(&key)
        })
    }

    fn write(&self, text: &mut Vec<u8>) {
        if !self.text.is_empty() && Self::parse(self.text, 0).as_ref() == Ok(self) {
            // Nothing was added on the way: the columns stay as they came, in their order.
            return text.extend_from_slice(self.text.as_bytes());
        }
        let mut pair = |key: &str, value: &[u8]| {
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(value);
        };
        if let Some(from) = self.from {
            pair(" from=", from.as_bytes());
        }
        if let Some(link) = self.link {
            pair(" link=", link.as_bytes());
        }
        if let Some(title) = self.title {
            let mut digits = [0; 16];
            let _ = hex::encode_to_slice(title, &mut digits);
            pair(" title=", &digits);
        }
        if let Some(ic) = self.ic {
            pair(" ic=", itoa::Buffer::new().format(ic).as_bytes());
        }
        if let Some(sc) = self.sc {
            let mut digits = [0; 2];
            let _ = hex::encode_to_slice([sc], &mut digits);
            pair(" sc=", &digits);
        }
        if let Some(auth) = self.auth {
            pair(" auth=", auth.as_str().as_bytes());
        }
        if self.near_frame {
            pair(" near=", b"frame");
        }
        if let Some(err) = self.err {
            pair(" err=", err.as_bytes());
        }
        for unknown in self.unknown() {
            text.push(b' ');
            text.extend_from_slice(unknown.as_bytes());
        }
    }
}

const fn column(offset: usize, what: &'static str) -> Error {
    Error::new(Layer::Record, offset, Cause::Column { what })
}

/// The columns of a text, each behind a space.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.strip_prefix(' ');
    core::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|octet| octet == b' ');
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

/// The key and the value of a column. A key has a few characters, for which [`str::split_once`]
/// makes too much of an effort.
fn key_value(pair: &str) -> Option<(&str, &str)> {
    let at = pair.bytes().position(|octet| octet == b'=')?;
    Some((pair.get(..at)?, pair.get(at + 1..)?))
}

/// The marks in an `err` attribute, each with the octet it stands on. A name that is not known says
/// nothing good about the octet either; what has no octet is skipped.
pub fn marks(err: &str) -> impl Iterator<Item = (usize, Mark)> {
    err.split(',').filter_map(|mark| {
        let (name, octet) = mark.split_once('@')?;
        Some((octet.parse().ok()?, Mark::from_name(name).unwrap_or(Mark::Parity)))
    })
}

/// The `err` attribute for marks on octets; empty if there are none.
#[must_use]
pub fn err(marks: impl IntoIterator<Item = (usize, Mark)>) -> String {
    let mut text = String::new();
    for (octet, mark) in marks {
        let comma = if text.is_empty() { "" } else { "," };
        text.push_str(&format!("{comma}{}@{octet}", mark.name()));
    }
    text
}

/// Percent-encodes what may not stand in a VALUE: blanks, control characters, `%`.
#[must_use]
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_whitespace() || character.is_control() || character == '%' {
            let mut octets = [0; 4];
            for octet in character.encode_utf8(&mut octets).bytes() {
                escaped.push_str(&format!("%{octet:02x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(line: &str) -> String {
        let mut room = vec![];
        let mut text = vec![];
        Record::parse(line.as_bytes(), &mut room).unwrap().write(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_line_is_written_as_it_was_read() {
        for line in [
            "2026-08-24T21:03:17.482Z frame 68fafa6853ff000116 from=ttyUSB0",
            "- apdu 0f8006870e0c link=mbus title=4b464d6750000009 ic=35 sc=20 auth=none",
            "- raw 00ff from=a%20b err=parity@0,overrun@1",
            "- apdu db08 later=1 from=x link=mbus",
            "- dsmr 2f link=p1",
            "- raw 00",
        ] {
            assert_eq!(round_trip(line), format!("{line}\n"));
        }
    }

    #[test]
    fn a_stage_adds_its_columns_and_keeps_the_unknown_ones() {
        let mut room = vec![];
        let mut record = Record::parse(b"- frame 68 from=x later=1", &mut room).unwrap();
        record.attributes.link = Some("mbus");
        let mut text = vec![];
        record.write(&mut text);
        assert_eq!(text, b"- frame 68 from=x link=mbus later=1\n");
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let error = |line: &str| Record::parse(line.as_bytes(), &mut vec![]).unwrap_err();
        assert_eq!(error("68fafa68").cause, Cause::NotARecord);
        assert_eq!(error("2026-08-24 21:03:17.482Z raw 00").cause, Cause::NotARecord);
        assert_eq!(error("- raw 0g").to_string(), "hex: character 8 is not a hex digit");
        assert_eq!(error("- raw 000").to_string(), "hex: odd number of hex digits at character 9");
        assert_eq!(
            error("- raw 00 from").to_string(),
            "record: KEY=VALUE expected at character 10"
        );
        assert!(error("- raw 00 ic=x").to_string().ends_with("at character 13"));
        assert_eq!(round_trip("- raw 00 a=b  "), "- raw 00 a=b\n", "blanks at the end");
    }

    #[test]
    fn times_convert_both_ways() {
        let time = Time::parse(b"2026-08-24T21:03:17.482Z").unwrap();
        assert_eq!(time.millis(), Some(1_787_605_397_482));
        assert_eq!(Time::from_millis(1_787_605_397_482), time);
        assert_eq!(Time::from_millis(i64::MAX), Time::UNKNOWN);
        assert_eq!(Time::parse(b"-"), Some(Time::UNKNOWN));
        assert_eq!(Time::parse(b"2026-08-24T21:03:17Z"), None);
    }

    #[test]
    fn times_are_what_the_calendar_says() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "1969-12-31T23:59:58.001Z",
            "0000-01-01T00:00:00.000Z",
            "0000-02-29T12:34:56.789Z",
            "2024-02-29T23:59:59.999Z",
            "2026-02-29T00:00:00.000Z",
            "2016-12-31T23:59:60.250Z",
            "2016-12-31T23:59:61.000Z",
            "2026-00-10T00:00:00.000Z",
            "2026-13-10T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z",
            "2026-04-30T24:00:00.000Z",
            "2026-04-30T23:60:00.000Z",
            "9999-12-30T21:59:59.999Z",
            "9999-12-30T22:00:00.999Z",
            "9999-12-31T23:59:59.999Z",
        ] {
            let timestamp = text.parse().ok().map(jiff::Timestamp::as_millisecond);
            assert_eq!(Time::parse(text.as_bytes()).unwrap().millis(), timestamp, "{text}");
        }
        let shape = b"2026-08-24T21:03:17.482Z";
        for at in 0..shape.len() {
            for octet in 0..=u8::MAX {
                let mut text = *shape;
                text[at] = octet;
                let fits = match shape[at] {
                    b'0'..=b'9' => octet.is_ascii_digit(),
                    other => octet == other,
                };
                assert_eq!(Time::parse(&text).is_some(), fits, "{at}: {octet}");
            }
        }
    }

    #[test]
    fn marks_and_escapes_read_back() {
        let found: Vec<_> = marks("parity@17,overrun@40,odd,break@x").collect();
        assert_eq!(found, [(17, Mark::Parity), (40, Mark::Overrun)]);
        assert_eq!(marks("framing@3").collect::<Vec<_>>(), [(3, Mark::Parity)]);
        assert_eq!(err(found), "parity@17,overrun@40");
        assert_eq!(escape("a b%\n"), "a%20b%25%0a");
    }
}
