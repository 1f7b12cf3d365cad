//! The names and clocks in a DSMR telegram of nobody.
//!
//! ```text
//! /EST5\253740976_A                                digits of the identification
//! 0-0:96.1.1(3153414733313031303231363035)         a number in hex digits, or as it is
//! 0-0:1.0.0(220329215855S)                         a clock, if times go back
//! 1-0:1.8.0(009699947*Wh)                          a register
//! ```
//!
//! A line that is no object may be a damaged one: its longer numbers are replaced too.

use core::{ops::Range, time::Duration};

use crate::{
    cosem::{
        clock::Clock,
        dsmr_value::{self, DsmrNumber},
        obis::Obis,
    },
    error::{Cause, Error, Layer, Result},
    p1,
    reading::{objects::Object, pseudonym::Pseudonyms, telegram::Telegram},
};

/// A part of an APDU, and what stands there afterwards.
pub(super) type Change = (Range<usize>, Vec<u8>);

/// Fewer digits in a text are a type or a version, no number.
pub(super) const DIGITS: usize = 5;

/// The replacements in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextNames<'a> {
    /// The names of the run.
    pub names: &'a Pseudonyms,
    /// How far clocks go back.
    pub shift: Option<Duration>,
}

impl TextNames<'_> {
    /// Replaces the numbers in the first line. Manufacturer and mode stay, and the digit behind a
    /// backslash, which is a mode as well.
    pub(super) fn identification(self, text: &[u8], changes: &mut Vec<Change>) {
        let end = text.iter().position(|octet| *octet == p1::END).unwrap_or(text.len());
        let kept =
            if text.get(MANUFACTURER) == Some(&b'\\') { MANUFACTURER + 2 } else { MANUFACTURER };
        let line = text.get(kept..end).unwrap_or_default();
        self.numbers(line, kept, changes);
    }

    /// Replaces names and clocks of the objects.
    pub(super) fn objects(
        self,
        text: &[u8],
        telegram: &Telegram<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        for object in telegram.objects() {
            let (octets, at) = (object.value.octets, object.value.offset);
            if let Some(clock) = dsmr_value::time(octets) {
                changes.extend(self.earlier(octets, clock).map(|it| (at..at + it.len(), it)));
                continue;
            }
            match kind(&object) {
                TextKind::Number => {}
                TextKind::Clock if self.shift.is_none() => {}
                TextKind::Clock => {
                    let what = "a clock in this form cannot go back";
                    return Err(Error::new(Layer::Apdu, at, Cause::Unsupported { what }));
                }
                TextKind::Name => self.name(text, octets, at, changes),
                TextKind::Odd => self.numbers(octets, at, changes),
            }
        }
        Ok(())
    }

    /// Replaces a name that stands in the telegram as it is, or in hex digits.
    fn name(self, text: &[u8], octets: &[u8], at: usize, changes: &mut Vec<Change>) {
        let other = self.other(octets);
        if text.get(at..at + octets.len()) != Some(octets) {
            let digits = text.get(at..at + 2 * octets.len()).unwrap_or_default();
            let numerals = octets.iter().filter(|octet| octet.is_ascii_digit()).count();
            if numerals < DIGITS && digits.iter().all(u8::is_ascii_digit) {
                // A number whose digits happen to stand for characters.
                changes.push((at..at + digits.len(), self.other(digits)));
                return;
            }
            let lower = digits.iter().any(u8::is_ascii_lowercase);
            let hex = if lower { hex::encode(&other) } else { hex::encode_upper(&other) };
            changes.push((at..at + hex.len(), hex.into_bytes()));
            return;
        }
        changes.push((at..at + other.len(), other));
    }

    /// Another number or name. Digits that do not stand for characters do not come to do so, or the telegram would
    /// be read in another way.
    fn other(self, octets: &[u8]) -> Vec<u8> {
        let mut other = octets.to_vec();
        self.names.text(&mut other);
        let becomes_text =
            dsmr_value::decoded(octets).is_none() && dsmr_value::decoded(&other).is_some();
        if let (true, Some(first)) = (becomes_text, other.first_mut()) {
            // No character of a text is above 7F.
            *first = if octets.first() == Some(&b'9') { b'8' } else { b'9' };
        }
        other
    }

    /// Replaces the longer numbers in a text.
    fn numbers(self, text: &[u8], at: usize, changes: &mut Vec<Change>) {
        let mut at = at;
        for part in text.chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit()) {
            if part.len() >= DIGITS && part.iter().all(u8::is_ascii_digit) {
                changes.push((at..at + part.len(), self.other(part)));
            }
            at += part.len();
        }
    }

    /// An earlier time, with the letter of its offset.
    fn earlier(self, text: &[u8], clock: Clock) -> Option<Vec<u8>> {
        let Clock([high, low, month, day, _, hour, minute, second, ..]) =
            clock.earlier(self.shift?)?;
        let year = u16::from_be_bytes([high, low]) % 100;
        let digits = format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
        let letter = text.get(digits.len()..).unwrap_or_default();
        Some([digits.as_bytes(), letter].concat())
    }
}

/// The kinds of values in a text.
enum TextKind {
    /// A quantity, a count, a state, a version.
    Number,
    /// A time.
    Clock,
    /// A number of a meter, a name, a message.
    Name,
    /// The rest of a line that is no object.
    Odd,
}

fn kind(object: &Object<'_>) -> TextKind {
    let octets = object.value.octets;
    let digits = octets.iter().filter(|octet| octet.is_ascii_digit()).count();
    let is_code = core::str::from_utf8(octets).is_ok_and(|text| text.parse::<Obis>().is_ok());
    match object.obis {
        None => TextKind::Odd,
        _ if DsmrNumber::of(octets).is_some() || is_code => TextKind::Number,
        Some(Obis([0, _, 1, 0, ..])) if digits >= DIGITS => TextKind::Clock,
        // The version of the Belgian form.
        Some(Obis([0, _, 96, 1, 4, _])) => TextKind::Number,
        Some(Obis([0, _, 96, 1 | 13, ..])) => TextKind::Name,
        Some(Obis([_, _, 0, 0, ..] | [0, _, 42, ..])) => TextKind::Name,
        // Failures, tariff, states, counts: none has more than ten digits.
        Some(Obis([_, _, 96, 2..=12 | 14..=20, ..])) if digits <= COUNT => TextKind::Number,
        // The objects that each manufacturer has for itself, and all that the standard may add.
        Some(Obis([_, _, 96, ..])) if identifies(octets, digits) => TextKind::Name,
        Some(Obis([_, _, 96, ..])) => TextKind::Number,
        // Numbers of events and of phases.
        Some(Obis([1, ..])) => TextKind::Number,
        Some(_) if identifies(octets, digits) => TextKind::Name,
        Some(_) => TextKind::Number,
    }
}

/// True for a longer number, a longer text, and a word that is written as a name is.
fn identifies(octets: &[u8], digits: usize) -> bool {
    let letters = octets.iter().filter(|octet| octet.is_ascii_alphabetic()).count();
    let is_name = letters >= DIGITS && octets.iter().any(u8::is_ascii_lowercase);
    digits >= DIGITS || letters + digits >= WORD || is_name
}

/// The digits of the longest count.
const COUNT: usize = 10;

/// Shorter texts are states: `OPEN`, `CLOSED`.
const WORD: usize = 8;

/// The greatest number with as many digits.
pub(super) fn greatest(number: &[u8]) -> i128 {
    digits(number).fold(0, |number, _| 10 * number + 9)
}

/// Another number in the form of `number`.
pub(super) fn spelt(number: &[u8], mut value: i128) -> Vec<u8> {
    let mut other = number.to_vec();
    let end = number.iter().position(|octet| *octet == b'*').unwrap_or(number.len());
    for octet in other.iter_mut().take(end).rev().filter(|octet| octet.is_ascii_digit()) {
        let digit = u8::try_from(value % 10).unwrap_or_default();
        (*octet, value) = (b'0' + digit, value / 10);
    }
    other
}

fn digits(number: &[u8]) -> impl Iterator<Item = u8> {
    let before_unit = number.iter().take_while(|octet| **octet != b'*');
    before_unit.copied().filter(u8::is_ascii_digit)
}

/// `/KFM5`.
const MANUFACTURER: usize = 5;
