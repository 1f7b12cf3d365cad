//! The parts of a telegram that stay as they are from one telegram of a meter to the next.

use core::hash::{Hash, Hasher};

use serde_json::{Value, json};

use crate::{
    format::{
        key::{FieldKey, Meta},
        readings::{Member, ReadingValue, Readings},
    },
    reading::layout::StableHash,
    sink::guard::evidence::{ClockAgreement, TelegramEvidence},
};

/// The constant parts of a telegram, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TelegramFingerprint {
    /// Objects, types, codes, scalers and units; of a line of JSON its names, types and units.
    pub layout: u64,
    /// The number of decimals of each value, which in a line of JSON stands for the scaler.
    pub digits: u64,
    /// The values that are no numbers, times apart.
    pub texts: u64,
    /// The meter number.
    pub meter: u64,
    /// The device name.
    pub device: u64,
    /// The agreement of both clocks.
    pub clocks: ClockAgreement,
}

/// A part of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConstantPart {
    Meter,
    Device,
    Layout,
    Clocks,
    Texts,
    Digits,
}

/// The parts that change with each telegram of a meter, contrary to expectation: a text that
/// counts, or floats, whose decimals come and go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LooseParts {
    pub texts: bool,
    pub digits: bool,
}

impl TelegramFingerprint {
    pub(super) fn of(readings: &Readings, evidence: &TelegramEvidence<'_>) -> Self {
        let mut layout = StableHash::default();
        let (mut digits, mut texts) = (StableHash::default(), StableHash::default());
        let (mut meter, mut device) = (StableHash::default(), StableHash::default());
        let is_json = evidence.layout.is_none();
        for Member { key, value, unit } in readings.members() {
            match (key, value) {
                (FieldKey::Meta(Meta::Meter), ReadingValue::Text(text)) => {
                    meter.write(text.as_bytes());
                }
                (FieldKey::Meta(Meta::Device), ReadingValue::Text(text)) => {
                    device.write(text.as_bytes());
                }
                (FieldKey::Meta(Meta::Time), _) => layout.word(1),
                (FieldKey::Meta(_), _) => {}
                (_, ReadingValue::Text(text)) if !is_time(text) => texts.write(text.as_bytes()),
                (_, ReadingValue::Truth(truth)) => texts.word(u64::from(*truth)),
                _ => {}
            }
            if is_json && !matches!(key, FieldKey::Meta(_)) {
                key.hash(&mut layout);
                core::mem::discriminant(value).hash(&mut layout);
                layout.write(unit.as_bytes());
                if let ReadingValue::Number(number) = value {
                    digits.word(u64::from(number.decimals()));
                }
            }
        }
        Self {
            layout: evidence.layout.unwrap_or_else(|| layout.finish()),
            digits: digits.finish(),
            texts: texts.finish(),
            meter: meter.finish(),
            device: device.finish(),
            clocks: evidence.clocks,
        }
    }

    pub(super) fn state(&self) -> Value {
        let Self { layout, digits, texts, meter, device, clocks } = *self;
        json!([layout, digits, texts, meter, device, clocks as u8])
    }

    pub(super) fn restore(state: &Value) -> Option<Self> {
        let part = |at: usize| state.get(at)?.as_u64();
        let clocks = match part(5)? {
            0 => ClockAgreement::Same,
            1 => ClockAgreement::Close,
            _ => ClockAgreement::Apart,
        };
        let (layout, digits, texts) = (part(0)?, part(1)?, part(2)?);
        Some(Self { layout, digits, texts, meter: part(3)?, device: part(4)?, clocks })
    }

    /// The first part in which two fingerprints differ.
    pub(super) const fn difference(&self, known: &Self, loose: LooseParts) -> Option<ConstantPart> {
        if self.meter != known.meter {
            Some(ConstantPart::Meter)
        } else if self.device != known.device {
            Some(ConstantPart::Device)
        } else if self.layout != known.layout {
            Some(ConstantPart::Layout)
        } else if self.clocks as u8 != known.clocks as u8 {
            Some(ConstantPart::Clocks)
        } else if self.texts != known.texts && !loose.texts {
            Some(ConstantPart::Texts)
        } else if self.digits != known.digits && !loose.digits {
            Some(ConstantPart::Digits)
        } else {
            None
        }
    }
}

/// True if a text is a time: it begins as `2026-11-20T12:00`.
fn is_time(text: &str) -> bool {
    let form = b"0000-00-00T00:00";
    let octets = text.as_bytes();
    octets.len() >= form.len()
        && octets.iter().zip(form).all(|(octet, form)| match form {
            b'0' => octet.is_ascii_digit(),
            form => octet == form,
        })
}
