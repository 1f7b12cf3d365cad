//! The row of an interval.

use jiff::tz::TimeZone;

use crate::{
    local_time::LocalStep,
    reading::{
        decimal::Decimal,
        fields::{self, FIELDS},
    },
};

/// An interval of one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntervalRow {
    /// The first second, since 1970.
    pub start: i64,
    /// The second behind the last one.
    pub end: i64,
    /// The energies, by the places of their registers.
    pub energies: Vec<(usize, Decimal)>,
    /// The number of telegrams.
    pub telegrams: u64,
    /// True if both ends are on the clock, and no telegrams were missing for more than a minute.
    pub complete: bool,
    /// True if an end fell into such a gap.
    pub estimated: bool,
    /// True if both ends are boundaries of the clock.
    pub whole: bool,
}

/// The registers whose mean powers a row has, and the places of those.
const MEANS: [(&str, usize); 4] = [
    ("energy_import_wh", fields::POWER_IMPORT_MEAN),
    ("energy_export_wh", fields::POWER_EXPORT_MEAN),
    ("reactive_energy_import_varh", fields::REACTIVE_POWER_IMPORT_MEAN),
    ("reactive_energy_export_varh", fields::REACTIVE_POWER_EXPORT_MEAN),
];

impl IntervalRow {
    /// The energy of a register.
    #[must_use]
    pub fn energy(&self, place: usize) -> Option<Decimal> {
        self.energies.iter().find(|(of, _)| *of == place).map(|(_, energy)| *energy)
    }

    /// The mean powers by their places in [`FIELDS`], with the digits of their registers, rounded half to even.
    pub fn means(&self) -> impl Iterator<Item = (usize, Decimal)> {
        self.energies.iter().filter_map(|(place, energy)| {
            let name = FIELDS.get(*place)?.name;
            let (_, mean) = MEANS.iter().find(|(of, _)| *of == name)?;
            Some((*mean, mean_power(*energy, self.end.checked_sub(self.start)?)?))
        })
    }
}

/// The lengths of intervals by their names.
pub static LENGTHS: [(&str, LocalStep); 5] = [
    ("15m", LocalStep::QUARTER),
    ("30m", LocalStep::Seconds(1800)),
    ("1h", LocalStep::Seconds(3600)),
    ("1d", LocalStep::Days(1)),
    ("1mo", LocalStep::Month),
];

/// The shortest length with an interval that reaches from one second to another. A part of a day that lies within a
/// quarter of an hour could be that part of the quarter too.
#[must_use]
pub fn length(start: i64, end: i64, zone: &TimeZone) -> (&'static str, LocalStep) {
    let reaches = |(_, step): &&(&str, LocalStep)| step.next(start, zone) >= end;
    LENGTHS.iter().find(reaches).copied().unwrap_or(("1mo", LocalStep::Month))
}

/// The power that gives an energy in so many seconds.
#[must_use]
pub fn mean_power(energy: Decimal, seconds: i64) -> Option<Decimal> {
    let decimals = i16::try_from(energy.decimals()).ok()?;
    let watt_seconds = i128::from(energy.whole(-decimals)?).checked_mul(3600)?;
    let seconds = i128::from(seconds);
    let (mean, rest) = (watt_seconds.checked_div(seconds)?, watt_seconds.checked_rem(seconds)?);
    let up = 2 * rest > seconds || 2 * rest == seconds && mean % 2 == 1;
    Decimal::of(mean + i128::from(up), -decimals)
}

/// The mean power that an interval from `start` to `end` will have if the power of this second stays; `None` before a
/// second has passed, and for numbers that do not fit.
#[must_use]
pub fn forecast(
    so_far: Decimal,
    power: Decimal,
    start: i64,
    second: i64,
    end: i64,
) -> Option<Decimal> {
    let decimals = i16::try_from(so_far.decimals().max(power.decimals())).ok()?;
    let whole = |number: Decimal| number.whole(-decimals).map(i128::from);
    let left = i128::from(end.checked_sub(second)?);
    let watt_seconds =
        whole(so_far)?.checked_mul(3600)?.checked_add(whole(power)?.checked_mul(left)?)?;
    let forecast = watt_seconds.checked_div(end.checked_sub(start)?.into())?;
    Decimal::of(forecast, -decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_digits_of_its_register() {
        for (energy, seconds, mean) in [
            ("123", 900, "492"),
            ("12.3", 900, "49.2"),
            ("1", 86_400, "0"),
            ("12", 86_400, "0"),
            ("36", 86_400, "2"),
            ("35", 86_400, "1"),
            ("0.5", 3600, "0.5"),
            ("1000", 82_800, "43"),
        ] {
            let mean_power = mean_power(Decimal::parse(energy).unwrap(), seconds);
            assert_eq!(mean_power.unwrap().to_string(), mean, "{energy} in {seconds} s");
        }
        assert_eq!(mean_power(Decimal::new(1, 0), 0), None);
    }

    #[test]
    fn a_forecast_adds_the_power_of_the_moment_for_the_rest() {
        let wh = |energy| Decimal::new(energy, 0);
        assert_eq!(forecast(wh(100), wh(1200), 0, 450, 900), Some(wh(1000)));
        assert_eq!(forecast(wh(100), wh(1200), 0, 900, 900), Some(wh(400)));
        assert_eq!(forecast(wh(0), wh(1200), 900, 900, 1800), Some(wh(1200)));
        assert_eq!(forecast(wh(0), wh(0), 900, 900, 900), None);
    }
}
