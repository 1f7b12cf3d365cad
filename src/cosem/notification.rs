//! data-notification: the APDU that a meter pushes (IEC 62056-5-3, 9.5).
//!
//! ```text
//! 0F | 80 06 87 0E | 0C 07E5091B01092F0F00FF8880 | 02 23 …
//! tag  long-invoke-  date-time: a length, and      the data
//!      id-and-       twelve octets or none
//!      priority
//! ```
//!
//! The date-time is an octet-string of the APDU, so it has no type tag; the Kaifa MA304H3E in
//! Norway sends one all the same (`09 0C …`).

use core::ops::Range;

use crate::{
    cosem::{
        axdr::{self, Data},
        clock::Clock,
        data_type::DataType,
    },
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    reader::Reader,
};

/// The first octet.
pub const DATA_NOTIFICATION: u8 = 0x0f;

/// A data-notification, its data checked to the last octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    /// long-invoke-id-and-priority.
    pub invoke_id: u32,
    /// The date-time, unless the meter sends none.
    pub clock: Option<Clock>,
    /// The data that the meter pushes.
    pub body: Data<'a>,
}

impl<'a> Notification<'a> {
    /// Reads exactly one APDU.
    ///
    /// # Errors
    /// Any defect, with its place in `octets`; octets left at the end are one.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(Layer::Apdu, octets);
        let (invoke_id, clock) = header(&mut reader)?;
        let body = axdr::read_whole(reader.with_layer(Layer::Axdr))?;
        Ok(Self { invoke_id, clock, body })
    }

    /// The number of octets of the APDU.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.body.offset + self.body.octets.len()
    }

    /// Reads the header of an APDU whose body is known already, but for its octets.
    pub(crate) fn with_body(octets: &'a [u8], body: Data<'_>) -> Result<Self> {
        let (invoke_id, clock) = header(&mut Reader::new(Layer::Apdu, octets))?;
        let body = Data { octets: octets.get(body.offset..).unwrap_or_default(), ..body };
        Ok(Self { invoke_id, clock, body })
    }

    /// The octets of the header that do not affect how the body is read: the number of the
    /// telegram, and its date-time (empty if the meter sends none).
    pub(crate) fn free_octets(octets: &[u8]) -> [Range<usize>; 2] {
        let mut reader = Reader::new(Layer::Apdu, octets);
        let clock = header(&mut reader).ok().and_then(|(_, clock)| clock);
        let end = reader.offset();
        [1..5, end - clock.map_or(0, |clock| clock.0.len())..end]
    }

    /// True if octets begin with a header that has a date-time. Noise has one once in some billion
    /// tries.
    pub(crate) fn has_clock(octets: &[u8]) -> bool {
        let header = header(&mut Reader::new(Layer::Apdu, octets));
        header.is_ok_and(|(_, clock)| clock.is_some())
    }

    /// The APDU at the start of `octets`, and its size; `None` if more octets are needed.
    ///
    /// # Errors
    /// No data-notification begins there.
    pub fn first(octets: &'a [u8]) -> Result<Option<(Self, usize)>> {
        let mut reader = Reader::new(Layer::Apdu, octets);
        let result = header(&mut reader).and_then(|(invoke_id, clock)| {
            reader = reader.with_layer(Layer::Axdr);
            Ok(Self { invoke_id, clock, body: Data::read(&mut reader)? })
        });
        match result {
            Ok(notification) => Ok(Some((notification, reader.offset()))),
            Err(Error { cause: Cause::Short { .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The fields of a header that may be damaged or cut off, for people. `time` tells the meaning of
/// the date-time.
#[must_use]
pub fn fields(octets: &[u8], time: impl FnOnce(&[u8]) -> String) -> Vec<WireField<'_>> {
    let mut fields = WireFields::of(octets);
    list(&mut fields, time);
    fields.list()
}

fn list(fields: &mut WireFields<'_>, time: impl FnOnce(&[u8]) -> String) -> Option<()> {
    fields.octet("tag", |tag| match tag {
        DATA_NOTIFICATION => "data-notification",
        _ => "not one of an APDU that a meter pushes",
    })?;
    fields.take(4, "invoke id and priority", |id| {
        let number = id.iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet));
        format!("telegram {}", number & 0x00ff_ffff)
    })?;
    if fields.rest().first() == Some(&DataType::OCTET_STRING.0) {
        fields.octet("type", |_| "octet-string")?;
    }
    let length = fields.octet("length", |length| match length {
        0 => "no date-time".to_owned(),
        length => format!("{} of date-time", counted(length, "octet")),
    })?;
    fields.take(length.into(), "date-time", time).map(drop)
}

fn header(reader: &mut Reader<'_>) -> Result<(u32, Option<Clock>)> {
    reader.expect(DATA_NOTIFICATION, "tag", "0f (data-notification)")?;
    let invoke_id = reader.u32("long-invoke-id-and-priority")?;
    if reader.peek() == Some(DataType::OCTET_STRING.0) {
        reader.u8("type of the date-time")?;
    }
    let at = *reader;
    let clock = match reader.u8("length of the date-time")? {
        0 => None,
        12 => {
            let at = *reader;
            let octets = reader.array::<12>("date-time")?;
            Some(Clock::of(octets).ok_or(at.error(Cause::DateTime))?)
        }
        found => {
            let (what, expected) = ("length of the date-time", "00 or 0c");
            return Err(at.error(Cause::Unexpected { what, found, expected }));
        }
    };
    Ok((invoke_id, clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(digits: &str) -> Result<(u32, Option<Clock>, usize)> {
        let octets = hex::decode(digits).unwrap();
        let result = Notification::parse(&octets);
        result.map(|n| (n.invoke_id, n.clock, n.body.count))
    }

    #[test]
    fn the_date_time_may_be_there_in_two_forms_or_absent() {
        let clock = Clock::of(&hex::decode("07e5091b01092f0f00ff8880").unwrap());
        assert_eq!(parse("0f8006870e0c07e5091b01092f0f00ff88800200"), Ok((0x8006_870e, clock, 0)));
        assert_eq!(parse("0f00000001090c07e5091b01092f0f00ff888002011101"), Ok((1, clock, 1)));
        assert_eq!(parse("0f00000001000200"), Ok((1, None, 0)));
        assert_eq!(parse("0f0000000109000200"), Ok((1, None, 0)));
    }

    #[test]
    fn what_is_no_notification_is_named_by_its_place() {
        let message = |digits| parse(digits).unwrap_err().to_string();
        assert_eq!(
            message("c2"),
            "apdu: tag at octet 0: found c2, expected 0f (data-notification)"
        );
        assert_eq!(
            message("0f0000000105"),
            "apdu: length of the date-time at octet 5: found 05, expected 00 or 0c"
        );
        assert_eq!(
            message("0f000000010c07e50d1b01092f0f00ff88800200"),
            "apdu: date-time at octet 6 is on no calendar"
        );
        assert_eq!(message("0f0000000100020011"), "axdr: 1 octet left at octet 8, behind the data");
    }

    #[test]
    fn the_size_is_known_as_soon_as_all_is_there() {
        let octets = hex::decode("0f00000001000202110112000255").unwrap();
        let pairs = "02020003010001 0800ff020600000007 02020003010002 0800ff020600000007";
        let pairs = format!("0f00000001000102{pairs}55").replace(' ', "");
        for octets in [octets.clone(), hex::decode(pairs).unwrap()] {
            for size in 0..octets.len() - 1 {
                assert_eq!(Notification::first(&octets[..size]), Ok(None), "{size}");
            }
            let size = Notification::first(&octets).map(|first| first.map(|(_, size)| size));
            assert_eq!(size, Ok(Some(octets.len() - 1)));
        }
        assert!(Notification::first(&octets[1..]).is_err());
    }
}
