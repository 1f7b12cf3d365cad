//! The quarters of one register beside those of the portal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::cli::run::interval_readings::local;
use meterpipe::{
    local_time::offset,
    portal::export::PortalExport,
    reading::{
        decimal::Decimal,
        fields::{ENERGY_EXPORT, ENERGY_IMPORT, FIELDS},
    },
};

/// The quarters of one register: energy from the grid, or into it.
pub(super) struct RegisterComparison {
    pub(super) portal: PortalExport,
    pub(super) tolerance: Decimal,
    pub(super) meter: BTreeMap<i64, MeterQuarter>,
    /// The energies in the other direction, which the export may have instead.
    pub(super) other: BTreeMap<i64, Decimal>,
}

pub(super) struct MeterQuarter {
    pub(super) energy: Decimal,
    pub(super) complete: bool,
}

/// A quarter of an hour, in seconds.
pub(super) const QUARTER: i64 = 900;

/// The time that the clock is set back in autumn, in seconds.
pub(super) const HOUR: i64 = 3600;

/// The watt-hours by which a quarter may differ, unless half of the portal's last digit is more.
const TOLERANCE: i64 = 2;

impl RegisterComparison {
    pub(super) fn new(portal: PortalExport, tolerance: Option<u32>) -> Self {
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
    pub(super) const fn places(&self) -> [usize; 2] {
        match self.portal.is_export {
            true => [ENERGY_EXPORT, ENERGY_IMPORT],
            false => [ENERGY_IMPORT, ENERGY_EXPORT],
        }
    }

    pub(super) const fn place(&self) -> usize {
        let [place, _] = self.places();
        place
    }

    pub(super) fn field(&self) -> &'static str {
        name_of(self.place())
    }

    /// Writes the differences and the sums, which it returns.
    pub(super) fn write(&mut self, zone: &TimeZone, text: &mut Vec<u8>) -> Sums {
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
    pub(super) fn nothing_in_common(&self, name: &str, zone: &TimeZone) -> String {
        let span = |first: Option<&i64>, last: Option<&i64>| {
            let (first, last) = (first?, last? + QUARTER);
            Some(format!("{} to {}", local(*first, zone), local(last, zone)))
        };
        let (ours, theirs) = (self.meter.keys(), self.portal.quarters.keys());
        let ours = span(ours.clone().next(), ours.clone().next_back());
        let theirs = span(theirs.clone().next(), theirs.clone().next_back());
        let ours = ours.unwrap_or_else(|| format!("no whole quarter with {}", self.field()));
        let theirs = theirs.unwrap_or_else(|| "none".to_owned());
        format!("{name} has {theirs}, and the readings have {ours}")
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

pub(super) fn name_of(place: usize) -> &'static str {
    FIELDS.get(place).map_or("", |field| field.name)
}

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
pub(super) struct Sums {
    pub(super) compared: u64,
    pub(super) different: u64,
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
