//! The values of a telegram that the guard compares, and their comparison with another telegram.

use core::cmp::Ordering;

use crate::{
    cosem::{obis::Obis, unit::Unit},
    format::{
        key::{FieldKey, Meta},
        readings::{Member, ReadingValue, Readings},
    },
    reading::{decimal::Decimal, fields::FIELDS},
    sink::{guard::doubt::Doubt, timestamps::Timestamps},
};

/// The values of a meter in one telegram, or in all so far.
#[derive(Clone, Debug)]
pub(super) struct MeterSnapshot {
    title: Option<String>,
    counter: Option<u64>,
    clocks: Timestamps,
    registers: Vec<Register>,
    /// Values that no house has.
    wild: Vec<(FieldKey, Decimal)>,
}

/// A register: it counts up.
#[derive(Clone, Copy, Debug)]
struct Register {
    key: FieldKey,
    value: Decimal,
    clocks: Timestamps,
}

/// The step of a register that counts whole kilowatt-hours, in thousandths of a watt-hour.
const STEP: u64 = 1_000_000;

/// The most registers: the longest known list has 60 objects.
const MOST_REGISTERS: usize = 256;

/// The limits of a house, on either side of 0: twice the voltage between two wires, ten times the
/// current and the power of the largest connection that a house has.
const LIMITS: [(Unit, i64); 6] = [
    (Unit::VOLT, 1000),
    (Unit::AMPERE, 1000),
    (Unit::WATT, 1_000_000),
    (Unit::VAR, 1_000_000),
    (Unit(28), 1_000_000),
    (Unit::COUNT, 1),
];

impl MeterSnapshot {
    pub(super) fn of(readings: &Readings) -> Self {
        let clocks = Timestamps::of(readings);
        let counter = match readings.get(FieldKey::Meta(Meta::InvocationCounter)) {
            Some(ReadingValue::Number(number)) => {
                number.to_integer().and_then(|count| count.try_into().ok())
            }
            _ => None,
        };
        let (mut registers, mut wild) = (Vec::new(), Vec::new());
        for Member { key, value, .. } in readings.values() {
            let (key, ReadingValue::Number(value)) = (*key, value) else {
                continue;
            };
            if is_register(key) && registers.len() < MOST_REGISTERS {
                registers.push(Register { key, value: *value, clocks });
            } else if is_wild(key, *value) {
                wild.push((key, *value));
            }
        }
        let title = readings.meta(Meta::SystemTitle).map(str::to_owned);
        Self { title, counter, clocks, registers, wild }
    }

    /// Takes over the values of a later telegram; a register that it lacks stays.
    pub(super) fn update(&mut self, later: Self) {
        let mut registers = core::mem::take(&mut self.registers);
        registers.retain(|register| later.register(register.key).is_none());
        *self = later;
        registers.truncate(MOST_REGISTERS.saturating_sub(self.registers.len()));
        self.registers.append(&mut registers);
    }

    /// True if it has no register.
    pub(super) const fn has_no_registers(&self) -> bool {
        self.registers.is_empty()
    }

    /// True if it has a value of this field.
    pub(super) fn has(&self, key: FieldKey) -> bool {
        self.register(key).is_some() || self.wild.iter().any(|(wild, _)| *wild == key)
    }

    /// The values that no house has.
    pub(super) fn wild(&self) -> impl Iterator<Item = Doubt> {
        self.wild.iter().map(|(key, value)| Doubt::Wild(*key, *value))
    }

    /// True if it repeats that telegram.
    pub(super) fn repeats(&self, last: &Self) -> bool {
        let same = |it: &Register| last.register(it.key).is_some_and(|at| at.value == it.value);
        self.counter.is_some()
            && (self.counter, &self.title) == (last.counter, &last.title)
            && self.clocks.time.is_some_and(|time| last.clocks.time == Some(time))
            && self.registers.iter().all(same)
    }

    pub(super) fn below_zero(&self) -> Option<Doubt> {
        let below = self.registers.iter().find(|register| register.value.is_negative());
        below.map(|register| Doubt::BelowZero(register.key, register.value))
    }

    /// The doubt about it after `last`, with a connection of `most_power` watts.
    pub(super) fn doubt(&self, last: &Self, most_power: u64) -> Option<Doubt> {
        self.order(last).or_else(|| self.fall(last)).or_else(|| self.rise(last, most_power))
    }

    fn order(&self, last: &Self) -> Option<Doubt> {
        let clocks = self.clocks.compared(&last.clocks);
        let falls = || self.fall(last).is_some();
        match self.counters(last) {
            Some((before, now)) if now < before => {
                // A later arrival with registers that continue means that the meter was reset.
                let goes_on = clocks == Some(Ordering::Greater)
                    || self.clocks.arrived_after(&last.clocks) && !falls();
                Some(match goes_on {
                    true => Doubt::Counter(before, now),
                    false => Doubt::Older(Some((before, now))),
                })
            }
            None if clocks == Some(Ordering::Less) => {
                Some(if falls() { Doubt::Older(None) } else { Doubt::Clock })
            }
            _ => None,
        }
    }

    /// The counters of both, if they count the same thing and differ: before, now.
    fn counters(&self, last: &Self) -> Option<(u64, u64)> {
        let both = last.counter.zip(self.counter).filter(|(before, now)| before != now);
        both.filter(|_| self.title == last.title)
    }

    /// A register that goes down.
    pub(super) fn fall(&self, last: &Self) -> Option<Doubt> {
        self.compared(last).find_map(|(before, now)| {
            // A difference that does not fit is not credible.
            let falls = now.value.minus(before.value).is_none_or(Decimal::is_negative);
            falls.then_some(Doubt::Fell(now.key, before.value, now.value))
        })
    }

    /// A register that goes up by more than `most_power` watts can bring.
    pub(super) fn rise(&self, last: &Self, most_power: u64) -> Option<Doubt> {
        // The unit of a register without a published name is unknown here.
        let mut named =
            self.compared(last).filter(|(_, now)| matches!(now.key, FieldKey::Field(..)));
        named.find_map(|(before, now)| {
            let elapsed = u64::try_from(now.clocks.since(&before.clocks)?.as_millis()).ok()?;
            // W × ms / 3600 are thousandths of a watt-hour.
            let most = u128::from(most_power) * u128::from(elapsed) / 3600 + u128::from(STEP);
            let most = Decimal::of(i128::try_from(most).ok()?, -3)?;
            let rises = now.value.minus(before.value).is_none_or(|rise| rise.exceeds(most));
            rises.then_some(Doubt::Rose(now.key, before.value, now.value, elapsed))
        })
    }

    fn register(&self, key: FieldKey) -> Option<&Register> {
        self.registers.iter().find(|register| register.key == key)
    }

    /// The registers that both have: before, now.
    fn compared<'a>(
        &'a self,
        last: &'a Self,
    ) -> impl Iterator<Item = (&'a Register, &'a Register)> {
        self.registers.iter().filter_map(|now| Some((last.register(now.key)?, now)))
    }
}

/// True if it counts up: energies with a published name, and sums by their code.
fn is_register(key: FieldKey) -> bool {
    match key {
        FieldKey::Field(place, _) => {
            let unit = FIELDS.get(place).map(|field| field.unit);
            matches!(unit, Some(Unit::WATT_HOUR | Unit::VAR_HOUR))
        }
        FieldKey::Object(Obis([1, _, _, 8, _, 255]), _) => true,
        _ => false,
    }
}

fn is_wild(key: FieldKey, value: Decimal) -> bool {
    let FieldKey::Field(place, _) = key else {
        return false;
    };
    let limit = FIELDS.get(place).and_then(|field| {
        LIMITS.iter().find(|(unit, _)| *unit == field.unit).map(|(_, limit)| *limit)
    });
    limit.is_some_and(|limit| value.exceeds(Decimal::new(limit, 0)))
}
