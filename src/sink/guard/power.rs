//! The powers that a telegram shows, as evidence for its registers and against each other.
//!
//! The power of a moment bounds what a register counts until the next moment, five seconds later. A flipped
//! bit of the register stands out: 512 Wh in five seconds are 369 kW.

use crate::{
    format::key::FieldKey,
    reading::{
        decimal::Decimal,
        fields::{self, FIELDS},
    },
    sink::guard::doubt::Doubt,
};

/// The powers of a moment, in thousandths of a watt, volt and ampere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ShownPowers {
    /// Import, export, and the same of reactive power.
    sides: [Option<u64>; SIDES],
    volts: [Option<u64>; PHASES],
    amperes: [Option<u64>; PHASES],
}

const SIDES: usize = 4;
const PHASES: usize = 3;

/// A load may switch on and off between two telegrams: so many times the larger of both powers is believed.
const MARGIN: u64 = 4;

/// A step up to this needs no explanation, in thousandths of a watt-hour: 3.6 kW for five seconds.
const SMALL: u64 = 5_000;

/// Home Assistant takes a fall by more than a tenth for a new start from 0, so what the next telegram may
/// take back is less.
const DIP: u64 = 10;

/// Some connections measure two phases of three. More than so many times the apparent power, and half a
/// kilowatt, is no rounding.
const MOST_OF_APPARENT: u64 = 2;
const ROUNDING: u64 = 500_000;

impl ShownPowers {
    /// Notes a value, if it is one of those.
    pub(super) fn note(&mut self, code: [u8; 3], thousandths: Option<u64>) {
        let [code, 7, 0] = code else {
            return;
        };
        let shown = match code {
            1..=4 => self.sides.get_mut(usize::from(code) - 1),
            31 | 51 | 71 => self.amperes.get_mut(usize::from(code) / 20 - 1),
            32 | 52 | 72 => self.volts.get_mut(usize::from(code) / 20 - 1),
            _ => None,
        };
        if let Some(shown) = shown {
            *shown = thousandths;
        }
    }

    /// The doubt about powers that contradict each other, or the currents.
    pub(super) fn contradiction(&self) -> Option<Doubt> {
        let [import, export, ..] = self.sides.map(Option::unwrap_or_default);
        if import > 0 && export > 0 {
            return Some(Doubt::BothWays(watts(import), watts(export)));
        }
        let (place, power) = match export {
            0 => (fields::POWER_IMPORT, import),
            _ => (fields::POWER_EXPORT, export),
        };
        let most = (power > ROUNDING).then(|| self.apparent()).flatten();
        let most = most?.saturating_mul(MOST_OF_APPARENT).saturating_add(ROUNDING);
        (power > most).then(|| Doubt::BeyondCurrents(FieldKey::Field(place, 1), watts(power)))
    }

    /// The sum of voltage × current over the phases that show both.
    fn apparent(&self) -> Option<u64> {
        let phases = self.volts.iter().zip(&self.amperes);
        let phases = phases.filter_map(|(volt, ampere)| {
            Some(volt.as_ref()?.checked_mul(*ampere.as_ref()?)? / 1000)
        });
        phases.reduce(u64::saturating_add)
    }

    /// The power that the register counts; a reactive one counts no more than the apparent power.
    fn of_register(&self, key: FieldKey) -> Option<u64> {
        let FieldKey::Field(place, _) = key else {
            return None;
        };
        let [code, 8, _] = FIELDS.get(place)?.code? else {
            return None;
        };
        let shown = *self.sides.get(usize::from(code).checked_sub(1)?)?;
        shown.or_else(|| self.apparent().filter(|_| code > 2))
    }

    /// True if a register may have counted so much since another telegram, so many milliseconds ago; `tick`
    /// is a step of its last digit. All energies are in thousandths of a watt-hour. No time means that it
    /// was too long for a power to tell. `None` if the telegram shows no such power.
    pub(super) fn explain(
        &self,
        before: &Self,
        key: FieldKey,
        step: &RegisterStep,
    ) -> Option<bool> {
        let RegisterStep { from, rise, tick, milliseconds } = *step;
        let power = self.of_register(key)?;
        let power = power.max(before.of_register(key).unwrap_or_default());
        // In a long time, a bit that is flipped down may hide all that was counted.
        let Some(milliseconds) = milliseconds else {
            return Some(rise == 0 && power == 0);
        };
        let counted = power.saturating_mul(milliseconds) / 3_600_000;
        let ends = if power > 0 { tick } else { 0 };
        // The energy that no power has shown, in whole steps.
        let hidden = counted.saturating_mul(MARGIN - 1).saturating_add(SMALL).min(from / DIP);
        let hidden = hidden - hidden % tick.max(1);
        Some(rise <= counted.saturating_add(ends).saturating_add(hidden))
    }
}

/// A step of a register, in thousandths of a watt-hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct RegisterStep {
    pub from: u64,
    pub rise: u64,
    /// A step of its last digit.
    pub tick: u64,
    pub milliseconds: Option<u64>,
}

fn watts(thousandths: u64) -> Decimal {
    Decimal::new(i64::try_from(thousandths / 1000).unwrap_or(i64::MAX), 0)
}
