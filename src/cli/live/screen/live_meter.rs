//! The state of a meter on the screen.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::Date};

use meterpipe::{
    cosem::unit::Unit,
    format::{
        cell::Content,
        entry::OutputTelegram,
        key::Meta,
        printable::printable,
        table::{Table, TableRow, aligned},
        units::Units,
    },
    local_time,
    reading::{
        decimal::Decimal,
        fields::{self, FIELDS},
    },
};

use crate::cli::live::screen::ink::narrow;

/// The time that the history of the power spans: a sparkline of 200 columns.
const HISTORY: Duration = Duration::from_secs(200 * 5);

/// The most values of the history; a meter that sends each second has as many in that time.
const MOST_VALUES: usize = 1000;

/// The intervals of which the middle one counts: a lost telegram makes a longer one, a late one a shorter one too.
const INTERVALS: usize = 8;

/// The direction in which energy flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnergyFlow {
    /// From the grid.
    Import,
    /// Into the grid.
    Export,
    /// Neither.
    Nothing,
}

/// How old the last reading is, by the meter's own interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingAge {
    /// The next telegram is not due.
    Fresh,
    /// A few telegrams are missing.
    Late,
    /// The values no longer tell what happens.
    Stale,
}

/// An energy register, and what it counted.
#[derive(Clone, Debug)]
pub struct EnergyCount {
    /// The direction.
    pub flow: EnergyFlow,
    /// The register.
    pub now: Decimal,
    /// The register at the first telegram.
    at_start: Decimal,
    /// The register at the last midnight, if the run was there.
    at_midnight: Option<Decimal>,
    /// The energy of the day as the meter counts it.
    sent_today: Option<Decimal>,
}

impl EnergyCount {
    /// The energy since the first telegram; `None` if the register went back.
    #[must_use]
    pub fn since_start(&self) -> Option<Decimal> {
        self.now.minus(self.at_start).filter(|it| !it.is_negative())
    }

    /// The energy since midnight, once it is known.
    #[must_use]
    pub fn today(&self) -> Option<Decimal> {
        let counted = self.at_midnight.and_then(|it| self.now.minus(it));
        self.sent_today.or(counted).filter(|it| !it.is_negative())
    }
}

/// One phase.
#[derive(Clone, Debug)]
pub struct PhaseState {
    /// `L1`.
    pub name: &'static str,
    /// Its values with their units.
    pub values: Vec<String>,
    /// Power or current in thousandths, for the bar.
    pub size: u64,
    /// The direction, if it has a power.
    pub flow: EnergyFlow,
}

/// A meter.
#[derive(Clone, Debug)]
pub struct LiveMeter {
    /// Its number, or its system title, or its source.
    pub name: String,
    /// The source of its last telegram.
    pub source: String,
    /// The line above its values in a table.
    pub heading: String,
    /// All values.
    pub rows: Vec<TableRow>,
    /// The power, import less export.
    pub power: Option<Decimal>,
    /// The power of the last minutes.
    pub history: VecDeque<(Instant, Decimal)>,
    /// Import and export.
    pub energies: Vec<EnergyCount>,
    /// Up to three.
    pub phases: Vec<PhaseState>,
    /// The arrival of the last telegram.
    pub last: Instant,
    /// The telegrams so far.
    pub good: u64,
    /// The units that the user chose.
    pub units: Units,
    /// The first telegram, in local time.
    pub since: String,
    counter: Option<u32>,
    day: Option<Date>,
    intervals: VecDeque<Duration>,
}

/// The name by which a meter is found again.
#[must_use]
pub fn name(entry: &OutputTelegram<'_>) -> String {
    let meta = |meta| Some(text(entry, &Content::of_meta(entry, meta)?));
    let source = || entry.attributes.from.unwrap_or("meter").to_owned();
    narrow(&meta(Meta::Meter).or_else(|| meta(Meta::SystemTitle)).unwrap_or_else(source))
}

fn text(entry: &OutputTelegram<'_>, content: &Content<'_>) -> String {
    let mut text = Vec::new();
    content.write(entry.zone, &mut text);
    printable(&String::from_utf8_lossy(&text)).into_owned()
}

impl LiveMeter {
    /// A meter at its first telegram.
    #[must_use]
    pub fn new(name: String, units: Units, now: Instant) -> Self {
        Self {
            name,
            source: String::new(),
            heading: String::new(),
            rows: vec![],
            power: None,
            history: VecDeque::new(),
            energies: vec![],
            phases: vec![],
            last: now,
            good: 0,
            units,
            since: String::new(),
            counter: None,
            day: None,
            intervals: VecDeque::new(),
        }
    }

    /// Takes a telegram; returns how many are missing before it, if its counter tells. A meter that sends several
    /// lists in turns keeps what only the others have.
    pub fn take(
        &mut self,
        entry: &OutputTelegram<'_>,
        table: &Table,
        now: Instant,
        at: Timestamp,
    ) -> Option<u64> {
        let attributes = entry.attributes;
        self.heading = narrow(&Table::title(entry));
        self.rows = table.rows(entry);
        for row in &mut self.rows {
            row.label = narrow(&row.label).into();
            row.value = narrow(&row.value);
            row.unit = narrow(&row.unit).into();
        }
        self.source = narrow(attributes.from.unwrap_or_default());
        if self.good > 0 {
            self.intervals.push_back(now.saturating_duration_since(self.last));
            if self.intervals.len() > INTERVALS {
                self.intervals.pop_front();
            }
        } else {
            self.since = at.to_zoned(entry.zone.clone()).strftime("%R").to_string();
        }
        self.last = now;
        self.good += 1;
        self.take_power(entry, now);
        self.take_energies(entry, at);
        let phases: Vec<_> = (0..3).filter_map(|phase| self.phase(entry, phase)).collect();
        if !phases.is_empty() {
            self.phases = phases;
        }
        // A counter that went back means another meter or a restart.
        let step = attributes.ic.zip(self.counter).and_then(|(now, last)| now.checked_sub(last));
        self.counter = attributes.ic;
        step.map(|step| u64::from(step.saturating_sub(1)))
    }

    fn take_power(&mut self, entry: &OutputTelegram<'_>, now: Instant) {
        let field = |place| entry.telegram.field(place);
        let export = || Decimal::new(0, 0).minus(field(fields::POWER_EXPORT)?);
        let power = field(fields::POWER_NET).or_else(|| field(fields::POWER_IMPORT));
        let Some(power) = power.or_else(export) else {
            return;
        };
        self.power = Some(power);
        self.history.push_back((now, power));
        while self.history.len() > MOST_VALUES
            || self
                .history
                .front()
                .is_some_and(|(at, _)| now.saturating_duration_since(*at) > HISTORY)
        {
            self.history.pop_front();
        }
    }

    fn take_energies(&mut self, entry: &OutputTelegram<'_>, at: Timestamp) {
        let day = local_time::date(at.as_second(), entry.zone);
        let is_next_day = self.day.is_some() && day != self.day;
        self.day = day;
        for (flow, place, today) in [
            (EnergyFlow::Import, fields::ENERGY_IMPORT, fields::ENERGY_IMPORT_TODAY),
            (EnergyFlow::Export, fields::ENERGY_EXPORT, fields::ENERGY_EXPORT_TODAY),
        ] {
            let Some(now) = entry.telegram.field(place) else {
                continue;
            };
            let sent_today = entry.telegram.field(today);
            match self.energies.iter_mut().find(|it| it.flow == flow) {
                Some(count) => {
                    if is_next_day {
                        count.at_midnight = Some(count.now);
                    }
                    (count.now, count.sent_today) = (now, sent_today);
                }
                None => self.energies.push(EnergyCount {
                    flow,
                    now,
                    at_start: now,
                    at_midnight: None,
                    sent_today,
                }),
            }
        }
    }

    fn phase(&self, entry: &OutputTelegram<'_>, phase: usize) -> Option<PhaseState> {
        let field = |names: [&str; 3]| {
            let place = fields::of_name(names.get(phase)?)?;
            Some((entry.telegram.field(place)?, FIELDS.get(place)?.unit))
        };
        let import = field(["power_import_l1_w", "power_import_l2_w", "power_import_l3_w"]);
        let export = field(["power_export_l1_w", "power_export_l2_w", "power_export_l3_w"]);
        let current = field(["current_l1_a", "current_l2_a", "current_l3_a"]);
        let voltage = field(["voltage_l1_v", "voltage_l2_v", "voltage_l3_v"]);
        let nothing = (Decimal::new(0, 0), Unit::WATT);
        let power = match (import, export) {
            (None, None) => None,
            (import, export) => {
                let (import, export) = (import.unwrap_or(nothing), export.unwrap_or(nothing));
                import.0.minus(export.0).map(|power| (power, Unit::WATT))
            }
        };
        let values: Vec<_> = [voltage, current, power].into_iter().flatten().collect();
        let size = power.or(current).map_or(Some(0), |(number, _)| number.whole(-3))?;
        let values: Vec<_> = values.into_iter().map(|(it, unit)| self.number(it, unit)).collect();
        let name = *["L1", "L2", "L3"].get(phase)?;
        let flow = power.map_or(EnergyFlow::Nothing, |(power, _)| flow(power));
        (!values.is_empty()).then_some(PhaseState { name, values, size, flow })
    }

    /// The last telegram as the format `table` prints it.
    #[must_use]
    pub fn last_table(&self) -> String {
        let lines = [self.heading.clone()].into_iter().chain(aligned(&self.rows));
        lines.map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// A number with its unit.
    #[must_use]
    pub fn number(&self, number: Decimal, unit: Unit) -> String {
        let (number, unit) = self.units.apply(number, unit);
        format!("{number} {unit}").trim_end().to_owned()
    }

    /// An energy in kWh, unless the user chose another unit.
    #[must_use]
    pub fn energy(&self, energy: Decimal) -> String {
        if self.units.is_chosen(Unit::WATT_HOUR) {
            return self.number(energy, Unit::WATT_HOUR);
        }
        format!("{} kWh", energy.in_larger_unit(3))
    }

    /// The time that a reading is expected to last.
    #[must_use]
    pub fn interval(&self) -> Duration {
        let mut intervals: Vec<_> = self.intervals.iter().copied().collect();
        intervals.sort_unstable();
        let usual = intervals.get(intervals.len().saturating_sub(1) / 2).copied();
        usual.unwrap_or(Duration::from_secs(10)).max(Duration::from_secs(1))
    }

    /// How old the last reading is at `now`.
    #[must_use]
    pub fn age(&self, now: Instant) -> ReadingAge {
        let age = now.saturating_duration_since(self.last);
        let interval = self.interval();
        if age <= interval * 2 + Duration::from_secs(1) {
            ReadingAge::Fresh
        } else if age <= interval * 6 {
            ReadingAge::Late
        } else {
            ReadingAge::Stale
        }
    }
}

/// The direction of a power.
#[must_use]
pub const fn flow(power: Decimal) -> EnergyFlow {
    match (power.is_zero(), power.is_negative()) {
        (true, _) => EnergyFlow::Nothing,
        (_, true) => EnergyFlow::Export,
        (_, false) => EnergyFlow::Import,
    }
}

#[cfg(test)]
pub mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use meterpipe::{
        chain::decode::{Decode, DecodeEvent},
        cipher::key_file,
        source::simulator::{
            meter::{EXAMPLE_KEY, MeterKind},
            push::{PushOptions, Simulator},
        },
    };

    /// A meter after so many telegrams, five seconds apart; the last one comes at `end`.
    pub fn meter(kind: MeterKind, telegrams: u32, start: i64, end: Instant) -> LiveMeter {
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        let at = |push: u32| Timestamp::from_second(start + 5 * i64::from(push)).unwrap();
        let mut simulator = Simulator::new(PushOptions::new(kind, at(0)));
        let mut chain = Decode::with_keys(key_file::parse(&hex::encode(EXAMPLE_KEY)).unwrap());
        let table = Table::new(None, Units::default());
        let mut state = None::<LiveMeter>;
        for push in 0..telegrams {
            let now = end - Duration::from_secs(5) * (telegrams - 1 - push);
            let mut wire = vec![];
            simulator.push(&mut wire);
            chain.push(&wire, &mut |event| {
                if let DecodeEvent::Telegram { telegram, record, .. } = event {
                    let (received, attributes) = (record.time, record.attributes);
                    let entry = OutputTelegram { telegram, zone: &zone, received, attributes };
                    let new = || LiveMeter::new(name(&entry), Units::default(), now);
                    state.get_or_insert_with(new).take(&entry, &table, now, at(push));
                }
            });
        }
        state.unwrap()
    }

    #[test]
    fn energies_are_exact_and_midnight_is_known_once_it_was_seen() {
        let now = Instant::now() + Duration::from_secs(3600);
        // 22:00 UTC is midnight in summer.
        let midnight: i64 = "2026-06-21T22:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let before = meter(MeterKind::NetzNoeKaifa, 3, midnight - 15, now);
        let import = &before.energies[0];
        assert_eq!((import.flow, import.today()), (EnergyFlow::Import, None));
        let after = meter(MeterKind::NetzNoeKaifa, 6, midnight - 15, now);
        let import = &after.energies[0];
        assert_eq!(import.at_start, before.energies[0].at_start);
        assert_eq!(import.at_midnight, Some(before.energies[0].now));
        assert_eq!(import.today(), import.now.minus(before.energies[0].now));
        assert_eq!(import.since_start(), import.now.minus(import.at_start));
        assert_eq!(after.energy(Decimal::new(12937, 0)), "12.937 kWh");
    }

    #[test]
    fn a_reading_ages_by_the_interval_of_its_meter() {
        let now = Instant::now() + Duration::from_secs(3600);
        let meter = meter(MeterKind::KsmWest, 4, 1_790_000_000, now);
        assert_eq!((meter.interval(), meter.good), (Duration::from_secs(5), 4));
        let age = |seconds| meter.age(now + Duration::from_secs(seconds));
        assert_eq!([0, 11].map(age), [ReadingAge::Fresh; 2]);
        assert_eq!([12, 30].map(age), [ReadingAge::Late; 2]);
        assert_eq!(age(31), ReadingAge::Stale);
        let mut late = meter.clone();
        late.intervals.extend([9500, 500, 5000].map(Duration::from_millis));
        assert_eq!(late.interval(), Duration::from_secs(5));
        assert_eq!(meter.phases.len(), 3);
        assert_eq!(meter.history.len(), 4);
    }
}
