//! The layout of a telegram as one number: which objects it has, in which order, with which types,
//! codes, scalers and units, and whether a date-time stands before them. Values bear on nothing
//! here.
//!
//! Two layouts that differ at one place have different numbers: each step of the hash can be
//! undone.

use core::hash::Hasher;

use crate::{
    cosem::{compact::CompactArray, data_type::DataType, notification::Notification, obis::Obis},
    reading::{fields, objects::Object, steps::ObjectStep},
};

/// A hash that is the same on every machine and in every run, unlike that of `std`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StableHash(u64);

/// Odd, with its bits well spread: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl StableHash {
    /// Adds a number.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for StableHash {
    fn finish(&self) -> u64 {
        self.0
    }

    /// Adds octets, and their number.
    fn write(&mut self, octets: &[u8]) {
        self.word(octets.len() as u64);
        let (words, rest) = octets.as_chunks::<8>();
        words.iter().for_each(|part| self.word(u64::from_be_bytes(*part)));
        if !rest.is_empty() {
            self.word(word(rest));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }

    /// A variant of an enumeration is hashed as such a number.
    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.word(number.cast_unsigned() as u64);
    }
}

/// Up to eight octets as a number.
#[inline]
fn word(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// Collects a layout object by object.
#[derive(Clone, Copy, Debug)]
pub(super) struct LayoutCollector {
    hash: StableHash,
    codes: CodeSet,
}

impl LayoutCollector {
    pub(super) fn new(notification: &Notification<'_>) -> Self {
        Self::of_form(1 + u64::from(notification.clock.is_some()))
    }

    /// Of a DSMR telegram.
    pub(super) fn of_dsmr() -> Self {
        Self::of_form(3)
    }

    fn of_form(form: u64) -> Self {
        let mut hash = StableHash::default();
        hash.word(form);
        Self { hash, codes: CodeSet::default() }
    }

    pub(super) fn see(&mut self, step: &ObjectStep<'_>) {
        // A closing object came before as any.
        if let ObjectStep::Any(object) = step {
            self.add(object);
        }
    }

    fn add(&mut self, object: &Object<'_>) {
        let code = object.obis.map_or(0, |obis| 1 << 48 | word(&obis.0));
        let hash = &mut self.hash;
        self.codes.add(object);
        hash.word(code << 8 | u64::from(object.value.kind.0));
        let scale = object.scale.map_or(0, |(scaler, unit)| {
            1 << 16 | u64::from(scaler.cast_unsigned()) << 8 | u64::from(unit.0)
        });
        hash.word(scale << 1 | u64::from(object.flat));
        match object.value.kind {
            DataType::BIT_STRING => hash.word(object.value.count as u64),
            DataType::COMPACT_ARRAY => {
                let array = CompactArray::of(object.value.octets);
                hash.write(array.map_or(&[], |array| array.description));
            }
            _ => {}
        }
    }

    pub(super) const fn layout(self) -> u64 {
        self.hash.0
    }

    /// True if no two objects have the same code or the same name.
    pub(super) const fn is_distinct(self) -> bool {
        !self.codes.repeats
    }
}

/// The codes and names of the objects so far.
#[derive(Clone, Copy, Debug, Default)]
struct CodeSet {
    codes: [Option<Obis>; 32],
    /// A bit for each name, by its place.
    names: u64,
    /// One came twice, or there are more than are compared.
    repeats: bool,
}

impl CodeSet {
    fn add(&mut self, object: &Object<'_>) {
        let Some(obis) = object.obis else {
            return;
        };
        let unit = object.scale.map(|(_, unit)| unit);
        let name = unit.and_then(|unit| fields::of_object(obis, unit)).map_or(0, |at| 1 << at);
        self.repeats |= self.names & name != 0;
        self.names |= name;
        match self.codes.iter_mut().find(|code| code.is_none_or(|code| code == obis)) {
            Some(place @ None) => *place = Some(obis),
            Some(Some(_)) | None => self.repeats = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::telegram::Telegram;

    fn layout(digits: &str) -> u64 {
        let octets = hex::decode(digits.replace(' ', "")).unwrap();
        Telegram::parse(&octets).unwrap().layout()
    }

    /// A header, and a list of a register, a text, bits and a clock.
    const TELEGRAM: &str = "0f00000001 0c07e508150117170000ff8880 0206
        0906 0100010800ff 0600000005 0202 0f00 161e
        0902 6161 0408f0 090c07e508150117170000ff8880";

    #[test]
    fn values_bear_on_nothing_and_all_else_does() {
        let digits = TELEGRAM.replace('\n', "").replace("  ", "");
        let known = layout(&digits);
        for (old, new, same) in [
            ("0600000005", "06ffffffff", true),
            ("0902 6161", "0903 626262", true),
            ("0408f0", "040801", true),
            ("07e5081501", "07e9081501", true),
            ("0f00000001", "0f00000009", true),
            ("0600000005", "0500000005", false),
            ("0600000005", "120005", false),
            ("0408f0", "0407f0", false),
            ("0100010800ff", "0100020800ff", false),
            ("0100010800ff", "0100010800fe", false),
            ("0f00 161e", "0f01 161e", false),
            ("0f00 161e", "0f00 161c", false),
            ("0c07e508150117170000ff8880 0206", "00 0206", false),
        ] {
            let changed = digits.replacen(old, new, 1);
            assert_ne!(changed, digits, "{old}");
            assert_eq!(layout(&changed) == known, same, "{old} {new}");
        }
        let order = digits.replace("0902 6161 0408f0", "0408f0 0902 6161");
        assert_ne!(layout(&order), known);
    }

    #[test]
    fn octets_and_numbers_hash_alike_everywhere() {
        let mut hash = StableHash::default();
        hash.write(b"181220000009");
        hash.word(7);
        assert_eq!(hash.finish(), 4_925_243_910_325_702_177);
    }
}
