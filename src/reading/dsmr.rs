//! DSMR telegrams: the objects of their lines.
//!
//! ```text
//! 1-0:1.8.1(001581.123*kWh)                  a code and a value
//! 0-1:24.2.1(161129200000W)(00981.443*m3)    a value, and when it was measured
//! 1-0:99.97.0(3)(0-0:96.7.19)(…W)(…*s)       a list: each value is an object of that code
//! ```
//!
//! The time in front of a number is an object of that code too, and comes behind it: the number is the
//! value that bears the name.
//!
//! Meter numbers and messages are texts in hex digits (`31534147…`); [`DsmrTelegram::parse`] decodes
//! them into a room that the caller lends.

use crate::{
    cosem::{
        axdr::Data,
        data_type::DataType,
        dsmr_value::{self, DsmrNumber},
        obis::Obis,
        unit::Unit,
    },
    error::{Cause, Error, Layer, Result},
    p1::{self, NoEnvelope, P1Envelope},
    reading::{decimal::Decimal, objects::Object},
};

/// A DSMR telegram, its form checked.
#[derive(Clone, Copy, Debug)]
pub struct DsmrTelegram<'a> {
    octets: &'a [u8],
    envelope: P1Envelope,
    /// The texts that stand in it as hex digits, one behind the other.
    texts: &'a [u8],
}

impl<'a> DsmrTelegram<'a> {
    /// True if octets begin like a DSMR telegram.
    #[must_use]
    pub fn is_one(octets: &[u8]) -> bool {
        p1::begins(octets)
    }

    /// Reads exactly one telegram; `texts` is room for its texts.
    ///
    /// # Errors
    /// The form or the CRC is wrong; or there is no CRC, and a line is no object.
    pub fn parse(octets: &'a [u8], texts: &'a mut Vec<u8>) -> Result<Self> {
        let error = |offset, cause| Error::new(Layer::Apdu, offset, cause);
        let envelope = match P1Envelope::of_last(octets, Layer::Apdu) {
            Some(Ok(envelope)) => envelope,
            Some(Err(NoEnvelope::Damaged(error, _))) => return Err(error),
            Some(Err(NoEnvelope::LookAlike)) => {
                let found = octets.get(1).copied().unwrap_or_default();
                let (what, expected) = ("identification", "three letters and a 5");
                return Err(error(1, Cause::Unexpected { what, found, expected }));
            }
            None => return Err(error(octets.len(), Cause::CutOff { octets: octets.len() })),
        };
        if envelope.size < octets.len() {
            let octets = octets.len() - envelope.size;
            return Err(error(envelope.size, Cause::Leftover { what: "the telegram", octets }));
        }
        texts.clear();
        let telegram = Self { octets, envelope, texts: &[] };
        for DsmrItem { obis, value, at, odd, .. } in telegram.items() {
            if odd && !envelope.checked {
                let found = value.first().copied().unwrap_or_default();
                let (what, expected) = ("line", "an OBIS code, and values in parentheses");
                return Err(error(at, Cause::Unexpected { what, found, expected }));
            }
            if obis.is_some_and(is_text) {
                texts.extend(dsmr_value::decoded(value).into_iter().flatten());
            }
        }
        Ok(Self { texts, ..telegram })
    }

    /// The identification: manufacturer and type.
    #[must_use]
    pub fn identification(&self) -> &'a [u8] {
        let line = self.octets.get(1..self.envelope.head).unwrap_or_default();
        line.trim_ascii_end()
    }

    /// True if its CRC was verified.
    #[must_use]
    pub const fn is_checked(&self) -> bool {
        self.envelope.checked
    }

    /// Its objects.
    #[must_use]
    pub fn objects(&self) -> DsmrObjects<'a> {
        DsmrObjects { items: self.items(), texts: self.texts, index: 0, unit: None, time: None }
    }

    fn items(&self) -> DsmrItems<'a> {
        let P1Envelope { head, mark, .. } = self.envelope;
        DsmrItems { text: self.octets.get(..mark).unwrap_or_default(), at: head, obis: None }
    }
}

/// One value.
#[derive(Clone, Copy, Debug)]
struct DsmrItem<'a> {
    obis: Option<Obis>,
    /// When it was measured, and where that stands.
    time: Option<(&'a [u8], usize)>,
    value: &'a [u8],
    /// Where it stands in the telegram.
    at: usize,
    /// True for the rest of a line that is no object.
    odd: bool,
}

/// The values of a telegram.
#[derive(Clone, Copy, Debug)]
struct DsmrItems<'a> {
    /// The telegram up to its exclamation mark.
    text: &'a [u8],
    /// The octets read so far.
    at: usize,
    /// The code of the values that come next.
    obis: Option<Obis>,
}

impl<'a> Iterator for DsmrItems<'a> {
    type Item = DsmrItem<'a>;

    fn next(&mut self) -> Option<DsmrItem<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let obis = self.obis;
            match rest.first()? {
                b'\r' | b'\n' => self.at += 1,
                // In DSMR 2.2 and 3.0 the values of a code go on in the next line.
                b'(' => match value(rest) {
                    Some((time, value)) => {
                        let at = self.at + time.map_or(1, |time| time.len() + 3);
                        let time = time.map(|time| (time, self.at + 1));
                        self.at = at + value.len() + 1;
                        return Some(DsmrItem { obis, time, value, at, odd: obis.is_none() });
                    }
                    None => return Some(self.odd(rest)),
                },
                _ => match self.code(rest) {
                    Some((obis, size)) => {
                        self.obis = Some(obis);
                        self.at += size;
                    }
                    None => return Some(self.odd(rest)),
                },
            }
        }
    }
}

impl<'a> DsmrItems<'a> {
    /// The code at the start of a line, and its octets.
    fn code(&self, rest: &[u8]) -> Option<(Obis, usize)> {
        let is_start = self.at.checked_sub(1).and_then(|at| self.text.get(at)) == Some(&p1::END);
        let size = rest.iter().take(LONGEST_CODE).position(|octet| *octet == b'(')?;
        let code = core::str::from_utf8(rest.get(..size)?).ok()?;
        Some((code.parse().ok().filter(|_| is_start)?, size))
    }

    /// Passes the rest of a line that is no object.
    fn odd(&mut self, rest: &'a [u8]) -> DsmrItem<'a> {
        let at = self.at;
        let end = rest.iter().position(|octet| *octet == p1::END).unwrap_or(rest.len());
        self.at += end;
        let value = rest.get(..end).unwrap_or_default().trim_ascii_end();
        DsmrItem { obis: None, time: None, value, at, odd: true }
    }
}

/// The characters of the longest code, and its parenthesis: `255-255:255.255.255*255(`.
const LONGEST_CODE: usize = 24;

/// The value between the first parentheses; if that is a time, it goes with the number behind it.
fn value(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let first = content(text)?;
    let behind = text.get(first.len() + 2..).unwrap_or_default();
    let number = content(behind).filter(|number| DsmrNumber::of(number).is_some());
    match number.filter(|_| dsmr_value::time(first).is_some()) {
        Some(number) => Some((Some(first), number)),
        None => Some((None, first)),
    }
}

/// The text between the parentheses at the start of `text`.
fn content(text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_prefix(b"(")?;
    let end = inner.iter().position(|octet| matches!(octet, b'(' | b')' | b'\n'))?;
    inner.get(..end).filter(|_| inner.get(end) == Some(&b')'))
}

/// True for codes whose texts stand in hex digits: numbers of meters, messages, the device name.
fn is_text(obis: Obis) -> bool {
    matches!(obis.0, [0, _, 96, 1 | 13, _, 255]) || obis == Obis::DEVICE_NAME
}

/// The objects of a DSMR telegram, in their order.
#[derive(Clone, Debug)]
pub struct DsmrObjects<'a> {
    items: DsmrItems<'a>,
    /// The decoded texts that come next.
    texts: &'a [u8],
    index: usize,
    /// The unit that stood alone before a number, as in DSMR 3.0.
    unit: Option<Unit>,
    /// The time of the last number.
    time: Option<Object<'a>>,
}

impl<'a> Iterator for DsmrObjects<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        if let Some(time) = self.time.take() {
            return Some(time);
        }
        let DsmrItem { obis, time, value, at, .. } = self.items.next()?;
        let mut octets = value;
        if obis.is_some_and(is_text)
            && dsmr_value::decoded(value).is_some()
            && let Some((text, rest)) = self.texts.split_at_checked(value.len() / 2)
        {
            (octets, self.texts) = (text, rest);
        }
        let number = DsmrNumber::of(octets);
        let scale = number.map(DsmrNumber::scale);
        let scale = scale.map(|(scaler, unit)| match self.unit.take() {
            Some(alone) if unit == Unit::COUNT => (scaler, alone),
            _ => (scaler, unit),
        });
        if let Some((0, unit)) = dsmr_value::unit_of(octets) {
            self.unit = Some(unit);
        }
        let object = self.object(obis, octets, at);
        self.time = time.map(|(time, at)| self.object(obis, time, at));
        Some(Object { scale, ..object })
    }
}

impl<'a> DsmrObjects<'a> {
    fn object(&mut self, obis: Option<Obis>, octets: &'a [u8], offset: usize) -> Object<'a> {
        self.index += 1;
        let value = Data { kind: DataType::DSMR, count: octets.len(), octets, offset };
        Object { index: self.index, obis, value, scale: None, flat: true, assumed: false }
    }
}

/// A number as the telegram has it.
#[derive(Clone, Copy, Debug)]
pub struct SentNumber<'a> {
    /// In the unit of the telegram.
    pub number: Decimal,
    /// The prefix of the unit of the object: `k`.
    pub prefix: &'static str,
    /// As it was sent: `001581.123*kWh`.
    pub text: &'a str,
}

impl<'a> SentNumber<'a> {
    /// Of an object of a DSMR telegram.
    #[must_use]
    pub fn of(object: &Object<'a>) -> Option<Self> {
        if object.value.kind != DataType::DSMR {
            return None;
        }
        let number = DsmrNumber::of(object.value.octets)?;
        let prefix = number.prefix();
        let text = core::str::from_utf8(object.value.octets).ok()?;
        let number = Decimal::of(number.integer, -i16::from(number.decimals))?;
        Some(Self { number, prefix, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::value::Value;

    fn text(lines: &str) -> Vec<u8> {
        let text =
            format!("/KFM5KAIFA\r\n\r\n{lines}!").replace("\r\n", "\n").replace('\n', "\r\n");
        let crc = p1::crc(text.as_bytes());
        format!("{text}{crc:04X}\r\n").into_bytes()
    }

    fn objects(octets: &[u8]) -> Vec<(String, String, String)> {
        let mut texts = vec![];
        let telegram = DsmrTelegram::parse(octets, &mut texts).unwrap();
        let object = |object: Object<'_>| {
            let value = match Value::of(&object) {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => format!("{text:?}"),
                Value::Time(clock) => hex::encode(&clock.0[..8]),
                other => format!("{other:?}"),
            };
            let unit = object.scale.map(|(_, unit)| unit.to_string()).unwrap_or_default();
            (object.obis.map(|obis| obis.to_string()).unwrap_or_default(), value, unit)
        };
        telegram.objects().map(object).collect()
    }

    #[test]
    fn each_value_is_an_object() {
        let octets = text(concat!(
            "0-0:1.0.0(161113205757W)\n0-0:96.1.1(3153)\n1-0:1.8.1(001581.123*kWh)\n",
            "0-0:96.13.0()\n0-0:96.14.0(0002)\n1-0:99.97.0(1)(0-0:96.7.19)(000104180320W)(07*s)\n",
            "0-1:24.2.1(161129200000W)(00981.443*m3)\n",
        ));
        let expected = [
            ("0-0:1.0.0", "07e00b0dff143939", ""),
            ("0-0:96.1.1", "\"1S\"", ""),
            ("1-0:1.8.1", "1581123", "Wh"),
            ("0-0:96.13.0", "Octets([])", ""),
            ("0-0:96.14.0", "\"0002\"", ""),
            ("1-0:99.97.0", "\"1\"", ""),
            ("1-0:99.97.0", "\"0-0:96.7.19\"", ""),
            ("1-0:99.97.0", "7", "s"),
            ("1-0:99.97.0", "07d00104ff120314", ""),
            ("0-1:24.2.1", "981.443", "m³"),
            ("0-1:24.2.1", "07e00b1dff140000", ""),
        ];
        let expected: Vec<_> = expected
            .map(|(code, value, unit)| (code.to_owned(), value.to_owned(), unit.to_owned()))
            .into();
        assert_eq!(objects(&octets), expected);
    }

    #[test]
    fn a_value_of_dsmr_3_goes_on_in_the_next_line() {
        let lines = "0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)\n(00001.001)\n";
        let octets = text(lines);
        let last = objects(&octets).pop().unwrap();
        assert_eq!(last, ("0-1:24.3.0".into(), "1.001".into(), "m³".into()));
    }

    #[test]
    fn a_line_that_is_no_object_is_kept_if_a_crc_vouches_for_it() {
        for line in
            ["1-0:4:24.7.0(1*W)", "1-0:1.8.0", "(1)", "1-0:1.8.0(1)x", "1-0:1.8.0(1", "x(1)"]
        {
            let octets = text(&format!("{line}\n1-0:2.7.0(3*W)\n"));
            let found = objects(&octets);
            assert_eq!(found.last().unwrap().1, "3", "{line}");
            assert!(found.iter().any(|(code, ..)| code.is_empty()), "{line}");
            let mut without = octets[..octets.len() - 6].to_vec();
            without.extend(b"\r\n");
            let error = DsmrTelegram::parse(&without, &mut vec![]).unwrap_err();
            assert!(error.to_string().starts_with("apdu: line at octet "), "{error}");
        }
    }

    #[test]
    fn the_whole_is_one_telegram() {
        let octets = text("1-0:1.8.0(1*Wh)\n");
        let error = |octets: &[u8]| {
            DsmrTelegram::parse(octets, &mut vec![]).map(|_| ()).unwrap_err().to_string()
        };
        let more = [&octets[..], b"x"].concat();
        assert_eq!(error(&more), "apdu: 1 octet left at octet 38, behind the telegram");
        for size in 5..octets.len() - 2 {
            assert!(error(&octets[..size]).starts_with("apdu: a telegram breaks off"), "{size}");
        }
        assert!(error(b"/1").starts_with("apdu: identification at octet 1"));
        let mut texts = vec![];
        let telegram = DsmrTelegram::parse(&octets, &mut texts).unwrap();
        assert_eq!((telegram.identification(), telegram.is_checked()), (&b"KFM5KAIFA"[..], true));
    }
}
