//! Hints where rows fit something else: the other register, other times, or another unit.

use jiff::tz::TimeZone;

use crate::cli::commands::compare::register::{HOUR, QUARTER, RegisterComparison, Sums, name_of};
use meterpipe::{
    format::printable::printable, local_time::offset, portal::export::OnlyTime,
    reading::decimal::Decimal,
};

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

/// The least rows that show such an error: those of an hour.
const LEAST_FITTING: usize = 4;

impl RegisterComparison {
    /// The hint that explains the differences of a file, if one does.
    pub(super) fn hint(&self, file: &str, sums: &Sums, zone: &TimeZone) -> Option<String> {
        if sums.different == 0 {
            return None;
        }
        self.turned(file)
            .or_else(|| self.shifted(file, sums, zone))
            .or_else(|| self.scaled(file, sums))
    }

    /// The rows that can be compared with these energies of the meter, and those of them that differ, if nearly all fit.
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
        let explains = compared >= LEAST_FITTING && different as u64 <= sums.different / 10;
        explains.then_some((compared, different))
    }

    /// The hint that the export may be that of the other direction: if half of its energies fit then, and more than
    /// now. Zeros, and energies as small as the tolerance, fit the other register of many houses.
    fn turned(&self, file: &str) -> Option<String> {
        let fits = |theirs: Decimal, energy: Option<Decimal>| {
            let difference = energy.and_then(|energy| energy.minus(theirs));
            difference.is_some_and(|it| !it.exceeds(self.tolerance))
        };
        let (mut all, mut ours, mut others) = (0_usize, 0_usize, 0_usize);
        for (start, theirs) in &self.portal.quarters {
            let Some(quarter) = self.meter.get(start).filter(|_| theirs.exceeds(self.tolerance))
            else {
                continue;
            };
            all += 1;
            ours += usize::from(fits(*theirs, Some(quarter.energy)));
            others += usize::from(fits(*theirs, self.other.get(start).copied()));
        }
        if others < LEAST_FITTING || 2 * others < all || others <= ours {
            return None;
        }
        let [_, other] = self.places();
        Some(format!(
            "{file}: {others} of {all} rows with energy fit the other register, {}: the export may be of that \
             direction; if so, name the column of its energies '{}'",
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
}
