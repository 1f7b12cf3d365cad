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

use std::{collections::BTreeSet, fs, path::Path};

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
    portal::export::PortalExport,
};

use register::{MeterQuarter, RegisterComparison};

mod hints;
mod register;

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

const OVERWRITING: &str =
    "another value for a quarter than an earlier row, and the later value counts";

const OTHER_NAMES: &str = "other names of columns above, and no place in the comparison";

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
            (lines(|portal| &portal.other_names), OTHER_NAMES),
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
            let told = register.portal.told_by.as_ref().map(|(words, line)| {
                let words = printable(words);
                format!("taken for energy into the grid, by '{words}' in line {line}")
            });
            if sums.compared == 0 {
                let lack = register.nothing_in_common(&self.name, zone);
                let lack = told.map_or(lack.clone(), |told| format!("{lack}; {told}"));
                lacks.extend((!lacks.contains(&lack)).then_some(lack));
                continue;
            }
            if let Some(told) = told.filter(|_| sums.different > 0) {
                context.messages.say(&format!("{}: {told}", self.name));
            }
            has_quarters = true;
            hint = hint.or_else(|| register.hint(&self.name, &sums, zone));
        }
        if context.tally.telegrams > 0 && !lacks.is_empty() {
            let lack = format!("no quarter in common: {}", lacks.join("; "));
            if !has_quarters {
                return Err(Stop::Failed(Status::Nothing, lack));
            }
            context.messages.say(&lack);
        }
        hint.iter().for_each(|hint| context.messages.say(hint));
        Ok(())
    }
}
