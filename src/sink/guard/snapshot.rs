//! The values of a telegram that the guard compares, and their comparison with another telegram.

use core::{
    hash::{Hash, Hasher},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    cosem::{obis::Obis, unit::Unit},
    format::{
        key::{FieldKey, Meta},
        readings::{Member, ReadingValue, Readings},
    },
    reading::{decimal::Decimal, fields::FIELDS, layout::StableHash},
    sink::{
        guard::{
            doubt::Doubt,
            evidence::TelegramEvidence,
            fingerprint::TelegramFingerprint,
            memory,
            power::{RegisterStep, ShownPowers},
        },
        timestamps::Timestamps,
    },
};

/// The values of a meter in one telegram, or in all so far.
#[derive(Clone, Debug)]
pub(super) struct MeterSnapshot {
    pub fingerprint: TelegramFingerprint,
    /// All values and the meter's clock as a number, if there is a counter.
    pub content: u64,
    pub counter: Option<u64>,
    pub clocks: Timestamps,
    /// The octets of the APDU.
    octets: Option<usize>,
    /// The number of readings.
    readings: usize,
    registers: Vec<Register>,
    powers: ShownPowers,
    /// Values that no house has.
    wild: Vec<Doubt>,
}

/// A register: it counts up.
#[derive(Clone, Copy, Debug)]
struct Register {
    key: FieldKey,
    value: Decimal,
    clocks: Timestamps,
}

/// A register may count in whole kilowatt-hours and step by one: the power of ten of the most that
/// it counts by, in watt-hours.
const COARSEST: i16 = 3;

/// The most registers: the longest known list has 60 objects.
const MOST_REGISTERS: usize = 256;

/// The most of a unit that a house has, in thousandths. The largest connection that a meter with a socket for
/// its customer serves has 3 × 100 A. Twice that is the limit on either side of 0. No voltage of a house has
/// 300 V.
const fn limit(unit: Unit) -> Option<u64> {
    let limit = match unit {
        Unit::VOLT => 300,
        Unit::AMPERE => 250,
        Unit::WATT | Unit::VAR | Unit(28) => 200_000,
        Unit::HERTZ => 100,
        Unit::COUNT => 1,
        _ => return None,
    };
    Some(1000 * limit)
}

/// The most that the clock of one telegram may go ahead of its arrival, against another telegram.
const CLOSE: SignedDuration = SignedDuration::from_secs(60);

/// Telegrams that follow each other within this time do so soon: the known meters send one each five seconds.
pub(super) const SOON: Duration = Duration::from_secs(15);

/// The power of a moment tells something of so long a time.
pub(super) const TELLING: Duration = Duration::from_secs(60);

/// The place of the register that every meter has.
const IMPORT: FieldKey = FieldKey::Field(0, 1);

impl MeterSnapshot {
    pub(super) fn of(readings: &Readings, evidence: &TelegramEvidence<'_>) -> Self {
        let clocks = Timestamps::of(readings);
        let counter = match readings.get(FieldKey::Meta(Meta::InvocationCounter)) {
            Some(ReadingValue::Number(number)) => {
                number.to_integer().and_then(|count| count.try_into().ok())
            }
            _ => None,
        };
        let (mut registers, mut wild) = (Vec::new(), Vec::new());
        let mut powers = ShownPowers::default();
        for Member { key, value, .. } in readings.values() {
            let ReadingValue::Number(value) = value else {
                continue;
            };
            let field = match key {
                FieldKey::Field(place, _) => FIELDS.get(*place),
                _ => None,
            };
            let counts_up = match field {
                Some(field) => matches!(field.unit, Unit::WATT_HOUR | Unit::VAR_HOUR),
                None => is_sum(*key),
            };
            if counts_up && registers.len() < MOST_REGISTERS {
                registers.push(Register { key: *key, value: *value, clocks });
            } else if let Some(field) = field {
                let thousandths = value.whole(-3);
                if limit(field.unit).is_some_and(|limit| thousandths.is_none_or(|it| it > limit)) {
                    wild.push(Doubt::Wild(*key, *value));
                } else if let Some(code) = field.code {
                    powers.note(code, thousandths);
                }
            }
        }
        wild.extend(powers.contradiction());
        let fingerprint = TelegramFingerprint::of(readings, evidence);
        let content = counter.map_or(0, |_| content(readings));
        let (octets, readings) = (evidence.octets, readings.members().len());
        Self { fingerprint, content, counter, clocks, octets, readings, registers, powers, wild }
    }

    /// True if no damage on the line makes one list of the other. A damaged code is a value of its own,
    /// and scaler and unit behind it are two more.
    pub(super) fn is_another_list_than(&self, other: &Self) -> bool {
        match self.octets.zip(other.octets) {
            Some((one, other)) => one != other,
            None => self.readings.abs_diff(other.readings) > 3,
        }
    }

    pub(super) fn state(&self) -> Value {
        let values = self.registers.iter().map(|it| {
            json!([memory::key(it.key), it.value.to_string(), memory::clocks(&it.clocks)])
        });
        json!({
            "constant": self.fingerprint.state(),
            "counter": self.counter,
            "clocks": memory::clocks(&self.clocks),
            "octets": self.octets,
            "readings": self.readings,
            "values": values.collect::<Vec<_>>(),
        })
    }

    pub(super) fn restore(state: &Value) -> Option<Self> {
        let register = |state: &Value| {
            let text = |at: usize| state.get(at)?.as_str();
            let (key, value) = (memory::read_key(text(0)?)?, Decimal::parse(text(1)?)?);
            Some(Register { key, value, clocks: memory::read_clocks(state.get(2)) })
        };
        let count = |member| memory::number(state, member).and_then(|it| it.try_into().ok());
        Some(Self {
            fingerprint: TelegramFingerprint::restore(state.get("constant")?)?,
            content: 0,
            counter: memory::number(state, "counter"),
            clocks: memory::read_clocks(state.get("clocks")),
            octets: count("octets"),
            readings: count("readings").unwrap_or_default(),
            registers: memory::list(state, "values").iter().filter_map(register).collect(),
            powers: ShownPowers::default(),
            wild: Vec::new(),
        })
    }

    /// Takes over the registers of an earlier telegram that this one lacks.
    pub(super) fn complete(&mut self, earlier: &Self) {
        for register in &earlier.registers {
            if self.registers.len() < MOST_REGISTERS && self.register(register.key).is_none() {
                self.registers.push(*register);
            }
        }
    }

    /// The register that has counted nothing so far: that of the import, which every house has;
    /// without it, one of registers that are all at zero.
    pub(super) fn uncounted(&self) -> Option<Doubt> {
        let zero = match self.register(IMPORT) {
            Some(import) => Some(import).filter(|import| import.value.is_zero()),
            None => self
                .registers
                .first()
                .filter(|_| self.registers.iter().all(|it| it.value.is_zero())),
        };
        zero.map(|register| Doubt::Zero(register.key))
    }

    /// The values that no house has.
    pub(super) fn wild(&self) -> impl Iterator<Item = Doubt> {
        self.wild.iter().copied()
    }

    pub(super) fn below_zero(&self) -> Option<Doubt> {
        let below = self.registers.iter().find(|register| register.value.is_negative());
        below.map(|register| Doubt::BelowZero(register.key, register.value))
    }

    /// True if it can be the next telegram after another one, on a connection of `most_power`
    /// watts.
    pub(super) fn goes_on_from(&self, last: &Self, most_power: u64) -> bool {
        let is_older = self.counter.zip(last.counter).is_some_and(|(now, before)| now < before);
        !is_older
            && self.clocks_go_on(&last.clocks)
            && self.fall(last).is_none()
            && self.rise(last, most_power).is_none()
    }

    /// True if no clock goes back, and both go on alike.
    fn clocks_go_on(&self, last: &Timestamps) -> bool {
        let since = self.clocks.time.zip(last.time).map(|(now, before)| now.duration_since(before));
        let offsets = self.clocks.offset().zip(last.offset());
        since.is_none_or(|since| !since.is_negative())
            && offsets.is_none_or(|(now, before)| (now - before).abs() <= CLOSE)
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
            // Most registers stand still, or step by one.
            let step = now.step_from(before);
            let tick = now.coarsest_step(before);
            if step.is_some_and(|step| step <= tick) {
                return None;
            }
            let elapsed = u64::try_from(now.clocks.since(&before.clocks)?.as_millis()).ok()?;
            // W × ms / 3600 are thousandths of a watt-hour.
            let most = most_power.saturating_mul(elapsed) / 3600;
            // A difference that does not fit is not credible.
            let rises = step.is_none_or(|step| step - tick > most);
            rises.then_some(Doubt::Rose(now.key, before.value, now.value, elapsed))
        })
    }

    /// A register that goes up by more than the powers of both telegrams explain. Of a longer time they explain
    /// nothing, but if the meter `is_fast`, the next telegram comes soon and can tell.
    pub(super) fn unexplained(&self, last: &Self, is_fast: bool) -> Option<Doubt> {
        self.compared(last).find_map(|(before, now)| {
            let rise = now.step_from(before)?;
            let elapsed = now.clocks.since(&before.clocks)?;
            if elapsed > SOON && !is_fast {
                return None;
            }
            let step = RegisterStep {
                from: before.value.whole(-3)?,
                rise,
                tick: now.coarsest_step(before),
                milliseconds: u64::try_from(elapsed.as_millis())
                    .ok()
                    .filter(|_| elapsed <= TELLING),
            };
            let is_explained = self.powers.explain(&last.powers, now.key, &step)?;
            (!is_explained).then_some(Doubt::Unexplained(now.key, before.value, now.value))
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
        // Both have nearly always the same ones, in the same order.
        self.registers.iter().enumerate().filter_map(|(at, now)| {
            let before = last.registers.get(at).filter(|before| before.key == now.key);
            Some((before.or_else(|| last.register(now.key))?, now))
        })
    }
}

impl Register {
    /// Its rise since another telegram, in thousandths; `None` if it fell or does not fit.
    fn step_from(&self, before: &Self) -> Option<u64> {
        self.value.whole(-3)?.checked_sub(before.value.whole(-3)?)
    }

    /// Its smallest step, as coarse as both values allow, in thousandths.
    fn coarsest_step(&self, before: &Self) -> u64 {
        let digits = [before.value.last_digit(), self.value.last_digit()];
        let power = digits.into_iter().flatten().fold(COARSEST, i16::min);
        Decimal::new(1, power).whole(-3).unwrap_or_default()
    }
}

/// All values, and the meter's clock, as a number.
fn content(readings: &Readings) -> u64 {
    let mut hash = StableHash::default();
    let counts =
        |key: FieldKey| matches!(key, FieldKey::Meta(Meta::Time | Meta::Meter | Meta::Device));
    let members = readings.members().iter();
    for member in members.filter(|it| !matches!(it.key, FieldKey::Meta(_)) || counts(it.key)) {
        member.key.hash(&mut hash);
        match &member.value {
            ReadingValue::Number(number) => number.hash_digits(&mut hash),
            ReadingValue::Truth(truth) => hash.word(u64::from(*truth)),
            ReadingValue::Text(text) | ReadingValue::List(text) => hash.write(text.as_bytes()),
        }
    }
    hash.finish()
}

/// True if the object counts up, by its code.
const fn is_sum(key: FieldKey) -> bool {
    matches!(key, FieldKey::Object(Obis([1, _, _, 8, _, 255]), _))
}
