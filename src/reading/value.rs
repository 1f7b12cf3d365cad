//! One value: a number with its scaler, a text, a time.

use jiff::tz::TimeZone;

use crate::{
    cosem::{axdr::Data, clock::Clock, data_type::DataType, dsmr_value, obis::Obis},
    hex::canonical,
    reading::{decimal::Decimal, objects::Object},
};

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// No value.
    Absent,
    /// A number, its scaler already in it.
    Number(Decimal),
    /// True or false.
    Truth(bool),
    /// Printable text.
    Text(&'a str),
    /// A date-time.
    Time(Clock),
    /// A number of bits, and their octets.
    Bits(usize, &'a [u8]),
    /// Any other octets.
    Octets(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The value of an object.
    #[must_use]
    pub fn of(object: &Object<'a>) -> Self {
        let data = &object.value;
        if data.kind != DataType::BOOLEAN
            && let Some(number) = object.integer()
        {
            return Self::Number(number);
        }
        if let Some(clock) = Self::time(object) {
            return Self::Time(clock);
        }
        match data.kind {
            DataType::DSMR => match dsmr_value::time(data.octets).filter(Clock::has_offset) {
                Some(clock) => Self::Time(clock),
                None => data.text().map_or(Self::Octets(data.octets), Self::Text),
            },
            DataType::NULL | DataType::DONT_CARE => Self::Absent,
            DataType::BOOLEAN => Self::Truth(data.octets != [0]),
            DataType::BIT_STRING => Self::Bits(data.count, data.octets),
            DataType::FLOAT32 | DataType::FLOAT64 => Self::float(data, object.scaler()),
            _ => data.text().map_or(Self::Octets(data.octets), Self::Text),
        }
    }

    /// The value of an object if it is a date-time. An octet-string with a code other than the
    /// clock's is none.
    #[must_use]
    pub fn time(object: &Object<'_>) -> Option<Clock> {
        let data = &object.value;
        let may_be = match data.kind {
            DataType::DATE_TIME => true,
            DataType::OCTET_STRING => object.obis.is_none_or(Obis::is_clock),
            DataType::DSMR if object.obis == Some(Obis::CLOCK) => {
                return dsmr_value::time(data.octets);
            }
            _ => false,
        };
        may_be.then(|| Clock::of(data.octets))?
    }

    /// Appends the value as text, without quotes. `zone` is for clocks that do not say their own.
    #[inline]
    pub fn write(&self, zone: &TimeZone, text: &mut Vec<u8>) {
        match *self {
            Self::Absent => {}
            Self::Number(number) => number.write(text),
            Self::Truth(truth) => text.extend_from_slice(if truth { b"true" } else { b"false" }),
            Self::Text(value) => text.extend_from_slice(value.as_bytes()),
            Self::Time(clock) => match clock.stamp(zone) {
                Some(stamp) => stamp.write(text),
                None => canonical::encode(&clock.0, text),
            },
            Self::Bits(count, octets) => bits(count, octets, text),
            Self::Octets(octets) => canonical::encode(octets, text),
        }
    }

    /// The shortest decimal that reads back as the same float.
    #[allow(clippy::disallowed_types, reason = "a float that the meter sends is printed as sent")]
    fn float(data: &Data<'a>, scaler: i16) -> Self {
        let text = match (data.octets.try_into(), data.octets.try_into()) {
            (Ok(octets), _) => format!("{:e}", f32::from_be_bytes(octets)),
            (_, Ok(octets)) => format!("{:e}", f64::from_be_bytes(octets)),
            _ => String::new(),
        };
        match Decimal::shortest(&text) {
            Some(number) => Self::Number(number.in_larger_unit(-scaler)),
            None if text == "NaN" => Self::Text("NaN"),
            None if text == "inf" => Self::Text("Infinity"),
            None => Self::Text("-Infinity"),
        }
    }
}

/// Appends the first `count` bits of the octets as digits.
pub(crate) fn bits(count: usize, octets: &[u8], text: &mut Vec<u8>) {
    let digits =
        octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| b'0' + (octet >> bit & 1)));
    text.extend(digits.take(count));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cosem::unit::Unit, error::Layer, reader::Reader};

    fn value(digits: &str, scaler: i8) -> String {
        let octets = hex::decode(digits).unwrap();
        let value = Data::read(&mut Reader::new(Layer::Axdr, &octets)).unwrap();
        let scale = Some((scaler, Unit(255)));
        match Value::of(&Object { index: 1, obis: None, value, scale, flat: true, assumed: false })
        {
            Value::Number(number) => number.to_string(),
            other => format!("{other:?}").split('(').next().unwrap_or_default().to_string(),
        }
    }

    #[test]
    fn every_type_has_a_form() {
        assert_eq!(value("120921", -1), "233.7");
        assert_eq!(value("10fc18", -3), "-1.000");
        assert_eq!(value("173dcccccd", 0), "0.1");
        assert_eq!(value("18406d366666666666", 0), "233.7");
        assert_eq!(value("18406d366666666666", -2), "2.337");
        assert_eq!(value("177fc00000", 0), "Text");
        assert_eq!(value("0d42", 0), "42");
        assert_eq!(value("160a", 0), "10");
        assert_eq!(value("0301", 0), "Truth");
        assert_eq!(value("00", 0), "Absent");
        assert_eq!(value("040aaa80", 0), "Bits");
        assert_eq!(value("090c07e5091b01092f0f00ff8880", 0), "Time");
        assert_eq!(value("090c313831323230303030303039", 0), "Text");
        assert_eq!(value("0902ff00", 0), "Octets");
    }
}
