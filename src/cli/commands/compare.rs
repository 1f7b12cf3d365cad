//! `quarters --compare PORTAL.csv`: the meter's quarter hours beside those of the operator's portal.
//!
//! ```text
//! {"schema":1,"start":"…T12:00:00+02:00","end":"…T12:15:00+02:00","energy_import_wh":123,"portal_wh":310,"difference_wh":-187,"complete":true}
//! {"schema":1,"start":"…","end":"…","quarters":4,"missing":"portal","energy_import_wh":512}
//! {"schema":1,"compared":2972,"different":1,"missing_portal":4,"missing_meter":0,"energy_import_wh":…,"portal_wh":…,"difference_wh":-187}
//! ```
//!
//! Quarters that only one side has are one row as long as they follow each other. The sums are those of the quarters
//! that both have. An export with columns of energy from the grid and into it has rows and sums of both, one after the
//! other.
//!
//! In autumn the clock shows the hour from two to three twice. An export that has it once, with the energy of both hours, is
//! compared with the sum of both; Salzburg Netz wrote such exports in 2023. One that is sorted as text, as that of IKB, has
//! both quarters of a time together, and perhaps in the order of their values: the order that fits better counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jiff::tz::TimeZone;

use crate::cli::{
    run::{
        context::Context,
        interval_readings::local,
        status::{Status, Stop},
    },
    setup::keys,
};
use meterpipe::{
    counted::{counted, verb},
    file_error,
    format::printable::printable,
    intervals::row::IntervalRow,
    local_time::offset,
    portal::export::{OnlyTime, PortalExport},
    reading::{
        decimal::Decimal,
        fields::{ENERGY_EXPORT, ENERGY_IMPORT, FIELDS},
    },
};

/// The comparison: the portal's quarters, and the meter's as they come.
pub struct Comparison {
    /// The file.
    name: String,
    registers: Vec<RegisterComparison>,
    /// Quarters of which the meter has a part alone.
    parts: u64,
    /// The meters that have quarters.
    meters: Vec<String>,
    /// The first quarter that two meters have.
    doubled: Option<i64>,
}

/// The quarters of one register: energy from the grid, or into it.
struct RegisterComparison {
    portal: PortalExport,
    tolerance: Decimal,
    meter: BTreeMap<i64, MeterQuarter>,
    /// The energies in the other direction, which the export may have instead.
    other: BTreeMap<i64, Decimal>,
}

struct MeterQuarter {
    energy: Decimal,
    complete: bool,
}

/// A quarter of an hour, in seconds.
const QUARTER: i64 = 900;

/// The time that the clock is set back in autumn, in seconds.
const HOUR: i64 = 3600;

/// The errors of times that are looked for: the other end of a quarter, winter time in summer or summer time in winter,
/// and UTC; then winter time and UTC over a change of the clock.
const SHIFTS: [TimeShift; 7] = [
    TimeShift::By(QUARTER),
    TimeShift::By(EARLIER),
    TimeShift::By(HOUR),
    TimeShift::By(-HOUR),
    TimeShift::By(2 * HOUR),
    TimeShift::Offset(HOUR),
    TimeShift::Offset(0),
];

const EARLIER: i64 = -QUARTER;

/// An error of times.
#[derive(Clone, Copy)]
enum TimeShift {
    /// Seconds that are missing.
    By(i64),
    /// The times have this offset from UTC all the year.
    Offset(i64),
}

impl TimeShift {
    /// The right time.
    fn of(self, start: i64, zone: &TimeZone) -> i64 {
        match self {
            Self::By(seconds) => start + seconds,
            Self::Offset(seconds) => start + offset(start, zone) - seconds,
        }
    }

    /// The words for it.
    fn text(self) -> String {
        match self {
            Self::By(seconds) => {
                let side = if seconds > 0 { "later" } else { "earlier" };
                format!("{} minutes {side}", seconds.abs() / 60)
            }
            Self::Offset(HOUR) => "60 minutes later in summer".to_owned(),
            Self::Offset(_) => "120 minutes later in summer and 60 in winter".to_owned(),
        }
    }
}

/// The watt-hours by which a quarter may differ, unless half of the portal's last digit is more.
const TOLERANCE: i64 = 2;

/// The least rows that show such an error: those of an hour.
const LEAST_FITTING: usize = 4;

/// The largest export: a year of quarters has 2 MB, in UTF-16 4 MB.
const LARGEST: u64 = 64 * 1024 * 1024;

impl Comparison {
    /// Reads the portal's file. Energies may differ by so many watt-hours, else by half of the portal's last digit.
    pub fn open(path: &Path, tolerance: Option<u32>, zone: &TimeZone) -> Result<Self, Stop> {
        let name = keys::display(path);
        let unreadable = |error: &std::io::Error| {
            Stop::usage(format!("{name}: {}", file_error::unreadable(error)))
        };
        let size = fs::metadata(path).map_err(|error| unreadable(&error))?.len();
        if size > LARGEST {
            return Err(Stop::usage(format!("{name}: {size} octets are more than any export has")));
        }
        let octets = fs::read(path).map_err(|error| unreadable(&error))?;
        let exports = PortalExport::parse(&octets, zone)
            .map_err(|error| Stop::usage(format!("{name}: {}", printable(&error.to_string()))))?;
        let registers =
            exports.into_iter().map(|portal| RegisterComparison::new(portal, tolerance));
        Ok(Self {
            name,
            registers: registers.collect(),
            parts: 0,
            meters: Vec::new(),
            doubled: None,
        })
    }

    /// Takes a quarter of a meter.
    pub fn row(&mut self, row: &IntervalRow, meter: Option<&str>) {
        for register in self.registers.iter_mut().filter(|_| row.whole) {
            let [_, other] = register.places();
            register.other.extend(row.energy(other).map(|energy| (row.start, energy)));
        }
        if !self.registers.iter().any(|register| row.energy(register.place()).is_some()) {
            return;
        }
        let meter = meter.unwrap_or_default();
        if !self.meters.iter().any(|known| known == meter) && self.meters.len() < 100 {
            self.meters.push(meter.to_owned());
        }
        if !row.whole {
            self.parts += 1;
            return;
        }
        for register in &mut self.registers {
            let Some(energy) = row.energy(register.place()) else {
                continue;
            };
            let quarter = MeterQuarter { energy, complete: row.complete };
            if register.meter.insert(row.start, quarter).is_some() {
                self.doubled.get_or_insert(row.start);
            }
        }
    }

    /// Writes the differences and the sums.
    pub fn finish(mut self, zone: &TimeZone, context: &mut Context) -> Result<(), Stop> {
        if let Some(start) = self.doubled {
            let meters: Vec<_> = self.meters.iter().map(|meter| printable(meter)).collect();
            return Err(Stop::Failed(
                Status::Usage,
                format!(
                    "{} have the quarter of {}: choose one with --meter",
                    meters.join(" and "),
                    local(start, zone)
                ),
            ));
        }
        if self.parts > 0 {
            context.messages.detail(&format!(
                "{} {} not whole, and left out",
                counted(self.parts, "quarter"),
                verb(self.parts, "is", "are")
            ));
        }
        let lines = |of: fn(&PortalExport) -> &BTreeSet<u64>| -> BTreeSet<u64> {
            self.registers.iter().flat_map(|register| of(&register.portal)).copied().collect()
        };
        for (lines, fault) in [
            (lines(|portal| &portal.unreadable), "no time or no number that can be read"),
            (lines(|portal| &portal.overwriting), OVERWRITING),
            (
                lines(|portal| &portal.other_lengths),
                "another length than a quarter hour, and no place in the comparison",
            ),
            (
                lines(|portal| &portal.uncoded),
                "no code, which tells the direction of others, and no place in the comparison",
            ),
        ] {
            if let Some(first) = lines.first() {
                let rows = match lines.len() {
                    1 => format!("the row in line {first} has"),
                    rows => format!("{rows} rows, the first in line {first}, have"),
                };
                context.messages.say(&format!("{}: {rows} {fault}", self.name));
            }
        }
        if let Some(line) = self.registers.iter().find_map(|register| register.portal.cut_off) {
            context.messages.say(&format!(
                "{}: the last line, {line}, is cut off and left out: download the export once more",
                self.name
            ));
        }
        let (mut hint, mut lacks, mut has_quarters) = (None, Vec::new(), false);
        for register in &mut self.registers {
            let sums = register.write(zone, &mut context.output.text);
            if let Some((words, line)) = register.portal.told_by.as_ref()
                && (sums.different > 0 || sums.compared == 0)
            {
                context.messages.say(&format!(
                    "{}: taken for energy into the grid, by '{}' in line {line}",
                    self.name,
                    printable(words)
                ));
            }
            if sums.compared == 0 {
                lacks.push(register.nothing_in_common(&self.name, zone));
            } else {
                has_quarters = true;
                hint = hint
                    .or_else(|| register.turned(&self.name, &sums))
                    .or_else(|| register.shifted(&self.name, &sums, zone))
                    .or_else(|| register.scaled(&self.name, &sums));
            }
        }
        if context.tally.telegrams > 0 {
            let last = lacks.pop_if(|_| !has_quarters);
            lacks.iter().for_each(|lack| context.messages.say(lack));
            if let Some(last) = last {
                return Err(Stop::Failed(Status::Nothing, last));
            }
        }
        hint.iter().for_each(|hint| context.messages.say(hint));
        Ok(())
    }
}

impl RegisterComparison {
    fn new(portal: PortalExport, tolerance: Option<u32>) -> Self {
        // Half of 0.01 kWh are 5 Wh.
        let half = Decimal::new(500, 0).in_larger_unit(i16::try_from(portal.decimals).unwrap_or(3));
        let usual = Decimal::new(TOLERANCE, 0);
        let tolerance = match tolerance {
            Some(tolerance) => Decimal::new(tolerance.into(), 0),
            None if half.exceeds(usual) => half,
            None => usual,
        };
        Self { portal, tolerance, meter: BTreeMap::new(), other: BTreeMap::new() }
    }

    /// The register of the portal, and that of the other direction.
    const fn places(&self) -> [usize; 2] {
        match self.portal.is_export {
            true => [ENERGY_EXPORT, ENERGY_IMPORT],
            false => [ENERGY_IMPORT, ENERGY_EXPORT],
        }
    }

    const fn place(&self) -> usize {
        let [place, _] = self.places();
        place
    }

    fn field(&self) -> &'static str {
        name_of(self.place())
    }

    /// Writes the differences and the sums, which it returns.
    fn write(&mut self, zone: &TimeZone, text: &mut Vec<u8>) -> Sums {
        self.order_pairs();
        let field = self.field();
        let mut sums =
            Sums { ours: Decimal::new(0, 0), theirs: Decimal::new(0, 0), ..Sums::default() };
        let mut missing: Option<MissingQuarters> = None;
        let starts: BTreeSet<_> =
            self.meter.keys().chain(self.portal.quarters.keys()).copied().collect();
        let doubled = self.doubled_quarters(zone);
        for start in starts {
            if doubled.contains_key(&(start - HOUR)) {
                continue;
            }
            if let Some((ours, theirs)) = doubled.get(&start) {
                missing.take().into_iter().for_each(|run| run.write(field, zone, text));
                sums.compare((start, 2), ours, *theirs, (self.tolerance, field), zone, text);
                continue;
            }
            let (ours, theirs) = (self.meter.get(&start), self.portal.quarters.get(&start));
            let side = match (ours, theirs) {
                (Some(_), None) => Some("portal"),
                (None, Some(_)) => Some("meter"),
                _ => None,
            };
            if missing.as_ref().is_some_and(|run| Some(run.side) != side || run.end != start) {
                missing.take().into_iter().for_each(|run| run.write(field, zone, text));
            }
            match (ours, theirs, side) {
                (Some(ours), Some(theirs), _) => {
                    sums.compare((start, 1), ours, *theirs, (self.tolerance, field), zone, text)
                }
                (ours, theirs, Some(side)) => {
                    let energy = ours.map(|ours| ours.energy).or(theirs.copied());
                    let energy = energy.unwrap_or(Decimal::new(0, 0));
                    sums.missing(side);
                    missing.get_or_insert(MissingQuarters::new(side, start)).add(energy);
                }
                _ => {}
            }
        }
        missing.into_iter().for_each(|run| run.write(field, zone, text));
        sums.write(field, text);
        sums
    }

    /// The reason for a comparison without any quarter: the time that each side has.
    fn nothing_in_common(&self, name: &str, zone: &TimeZone) -> String {
        let span = |first: Option<&i64>, last: Option<&i64>| {
            let (first, last) = (first?, last? + QUARTER);
            Some(format!("{} to {}", local(*first, zone), local(last, zone)))
        };
        let (ours, theirs) = (self.meter.keys(), self.portal.quarters.keys());
        let ours = span(ours.clone().next(), ours.clone().next_back());
        let theirs = span(theirs.clone().next(), theirs.clone().next_back());
        let ours = ours.unwrap_or_else(|| format!("no whole quarter with {}", self.field()));
        let theirs = theirs.unwrap_or_else(|| "none".to_owned());
        format!("no quarter in common: {name} has {theirs}, and the readings have {ours}")
    }

    /// The rows that can be compared with these energies of the meter, and those of them that differ.
    fn fit(
        &self,
        time: impl Fn(i64) -> i64,
        energy: impl Fn(i64) -> Option<Decimal>,
        sums: &Sums,
    ) -> Option<(usize, usize)> {
        let pairs = self.portal.quarters.iter();
        let differences: Vec<_> =
            pairs.filter_map(|(start, theirs)| energy(time(*start))?.minus(*theirs)).collect();
        let different = differences.iter().filter(|it| it.exceeds(self.tolerance)).count();
        let compared = differences.len();
        let most = usize::try_from(sums.different / 10).ok()?;
        let explains = sums.different > 0 && compared >= LEAST_FITTING && different <= most;
        explains.then_some((compared, different))
    }

    /// The hint that the export may be that of the other direction: if nearly all rows fit then.
    fn turned(&self, file: &str, sums: &Sums) -> Option<String> {
        let (compared, different) =
            self.fit(|start| start, |at| self.other.get(&at).copied(), sums)?;
        let [_, other] = self.places();
        Some(format!(
            "{file}: {} of {compared} rows fit the other register, {}: the export may be of that direction; \
             if so, name the column of its energies '{}'",
            compared - different,
            name_of(other),
            if self.portal.is_export { "Verbrauch (kWh)" } else { "Einspeisung (kWh)" },
        ))
    }

    /// The hint that the portal's times may be those of other quarters: if nearly all rows fit then.
    fn shifted(&self, file: &str, sums: &Sums, zone: &TimeZone) -> Option<String> {
        let energy = |at: i64| self.meter.get(&at).map(|quarter| quarter.energy);
        let fits = SHIFTS.into_iter().filter_map(|shift| {
            let (compared, different) = self.fit(|start| shift.of(start, zone), energy, sums)?;
            Some((shift, compared, different))
        });
        let (shift, compared, different) = fits.min_by_key(|(_, _, different)| *different)?;
        let fitting = compared - different;
        let text = format!(
            "{file}: {fitting} of {compared} rows fit the meter if their times are {}",
            shift.text()
        );
        let only = self.portal.only_time.as_ref();
        let is_other_end = |it: &&OnlyTime| match shift {
            TimeShift::By(seconds) => seconds == if it.is_end { QUARTER } else { EARLIER },
            TimeShift::Offset(_) => false,
        };
        Some(match only.filter(is_other_end) {
            Some(OnlyTime { name, is_end, other }) => {
                let end = if *is_end { "starts" } else { "ends" };
                let name = printable(name);
                format!(
                    "{text}: they may be the {end} of quarters; if so, name the column '{other}' instead of '{name}'"
                )
            }
            None => format!("{text}: the clock of the portal or of the meter may be wrong"),
        })
    }

    /// The hint that the portal's values may be those of another unit: if nearly all rows fit then.
    fn scaled(&self, file: &str, sums: &Sums) -> Option<String> {
        let ours = |at: i64| self.meter.get(&at).map(|quarter| quarter.energy);
        let four = |energy: Decimal| energy.plus(energy).and_then(|two| two.plus(two));
        let watt_hours = |at: i64| Some(ours(at)?.in_larger_unit(-3));
        let power = |at: i64| four(ours(at)?);
        let (factor, unit, (compared, different)) = self
            .fit(|start| start, watt_hours, sums)
            .map(|fit| (1000, "of a unit 1000 times smaller, such as Wh for kWh", fit))
            .or_else(|| {
                let fit = self.fit(|start| start, power, sums)?;
                Some((4, "the mean power of the quarters, and not their energy", fit))
            })?;
        Some(format!(
            "{file}: {} of {compared} rows fit the meter if their values are divided by {factor}: they may be {unit}",
            compared - different
        ))
    }

    /// Swaps the portal's values of a time that the clock shows twice, if they then are nearer to those of the meter.
    fn order_pairs(&mut self) {
        for start in &self.portal.unordered {
            let [first, second] = [*start, start + HOUR];
            let theirs = |at: i64| self.portal.quarters.get(&at).copied();
            let ours = |at: i64| self.meter.get(&at).map(|quarter| quarter.energy);
            let (Some(one), Some(other)) = (theirs(first), theirs(second)) else {
                continue;
            };
            let (Some(ours), Some(later)) = (ours(first), ours(second)) else {
                continue;
            };
            // The smaller value beside the smaller one: no other order has a smaller sum of differences.
            if ours != later && one != other && (later > ours) != (other > one) {
                self.portal.quarters.insert(first, other);
                self.portal.quarters.insert(second, one);
            }
        }
    }

    /// The quarters that the clock shows twice and the portal has once, by the first of both: the energies of the
    /// meter in both, and that of the portal.
    fn doubled_quarters(&self, zone: &TimeZone) -> BTreeMap<i64, (MeterQuarter, Decimal)> {
        let wall = |second: i64| second + offset(second, zone);
        let portal = &self.portal.quarters;
        let once = |start: i64| match (portal.get(&start), portal.get(&(start + HOUR))) {
            (Some(energy), None) | (None, Some(energy)) => Some(*energy),
            _ => None,
        };
        let mut doubled = BTreeMap::new();
        let is_doubled = |start: i64| wall(start) == wall(start + HOUR);
        // The first quarter of such an hour follows one that the clock shows once.
        let hours = portal.keys().filter(|last| !is_doubled(**last)).map(|last| last + QUARTER);
        let hours = hours.filter(|start| is_doubled(*start));
        for hour in hours.filter(|hour| portal.contains_key(&(hour + 2 * HOUR))) {
            let quarters = (0..HOUR / QUARTER).map(|place| hour + place * QUARTER);
            let found: Option<Vec<_>> = quarters
                .map(|start| {
                    let (first, second) =
                        (self.meter.get(&start)?, self.meter.get(&(start + HOUR))?);
                    let energy = first.energy.plus(second.energy)?;
                    let complete = first.complete && second.complete;
                    Some((start, (MeterQuarter { energy, complete }, once(start)?)))
                })
                .collect();
            doubled.extend(found.into_iter().flatten());
        }
        doubled
    }
}

fn name_of(place: usize) -> &'static str {
    FIELDS.get(place).map_or("", |field| field.name)
}

const OVERWRITING: &str =
    "another value for a quarter than an earlier row, and the later value counts";

/// Quarters one after another that one side has alone.
struct MissingQuarters {
    side: &'static str,
    start: i64,
    end: i64,
    energy: Decimal,
}

impl MissingQuarters {
    const fn new(side: &'static str, start: i64) -> Self {
        Self { side, start, end: start, energy: Decimal::new(0, 0) }
    }

    fn add(&mut self, energy: Decimal) {
        self.end += QUARTER;
        self.energy = self.energy.plus(energy).unwrap_or(self.energy);
    }

    fn write(&self, field: &str, zone: &TimeZone, text: &mut Vec<u8>) {
        let Self { side, start, end, energy } = self;
        let quarters = (end - start) / QUARTER;
        let (start, end) = (local(*start, zone), local(*end, zone));
        let name = if *side == "portal" { field } else { "portal_wh" };
        let energy = short(*energy);
        let line = format!(
            "{{\"schema\":1,\"start\":\"{start}\",\"end\":\"{end}\",\"quarters\":{quarters},\"missing\":\"{side}\",\"{name}\":{energy}}}\n"
        );
        text.extend_from_slice(line.as_bytes());
    }
}

/// The counts and sums of a comparison.
struct Sums {
    compared: u64,
    different: u64,
    missing_portal: u64,
    missing_meter: u64,
    ours: Decimal,
    theirs: Decimal,
}

impl Default for Sums {
    fn default() -> Self {
        let zero = Decimal::new(0, 0);
        Self {
            compared: 0,
            different: 0,
            missing_portal: 0,
            missing_meter: 0,
            ours: zero,
            theirs: zero,
        }
    }
}

impl Sums {
    fn compare(
        &mut self,
        (start, quarters): (i64, u8),
        ours: &MeterQuarter,
        theirs: Decimal,
        (tolerance, field): (Decimal, &str),
        zone: &TimeZone,
        text: &mut Vec<u8>,
    ) {
        self.compared += 1;
        self.ours = self.ours.plus(ours.energy).unwrap_or(self.ours);
        self.theirs = self.theirs.plus(theirs).unwrap_or(self.theirs);
        let Some(difference) = ours.energy.minus(theirs).filter(|it| it.exceeds(tolerance)) else {
            return;
        };
        self.different += 1;
        let MeterQuarter { energy, complete } = ours;
        let theirs = short(theirs);
        let difference = short(difference);
        let end = if quarters > 1 { start + HOUR + QUARTER } else { start + QUARTER };
        let (start, end) = (local(start, zone), local(end, zone));
        let quarters = if quarters > 1 { "\"quarters\":2," } else { "" };
        let line = format!(
            "{{\"schema\":1,\"start\":\"{start}\",\"end\":\"{end}\",{quarters}\"{field}\":{energy},\"portal_wh\":{theirs},\"difference_wh\":{difference},\"complete\":{complete}}}\n"
        );
        text.extend_from_slice(line.as_bytes());
    }

    fn missing(&mut self, side: &str) {
        match side {
            "portal" => self.missing_portal += 1,
            _ => self.missing_meter += 1,
        }
    }

    fn write(&self, field: &str, text: &mut Vec<u8>) {
        let Self { compared, different, missing_portal, missing_meter, ours, theirs } = self;
        let difference = ours.minus(*theirs).map(short).unwrap_or(Decimal::new(0, 0));
        let theirs = short(*theirs);
        let line = format!(
            "{{\"schema\":1,\"compared\":{compared},\"different\":{different},\"missing_portal\":{missing_portal},\"missing_meter\":{missing_meter},\"{field}\":{ours},\"portal_wh\":{theirs},\"difference_wh\":{difference}}}\n"
        );
        text.extend_from_slice(line.as_bytes());
    }
}

/// The number without zeros behind its last digit.
fn short(number: Decimal) -> Decimal {
    let decimals = number.last_digit().map_or(0, |power| power.saturating_neg().max(0));
    number.with_decimals(decimals).unwrap_or(number)
}
