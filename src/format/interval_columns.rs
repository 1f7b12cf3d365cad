//! The columns of intervals in CSV, always the same.

use crate::{
    format::{
        key::{FieldKey, Meta},
        readings::Readings,
    },
    reading::fields::of_name,
};

/// The rows that a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowColumns {
    /// Intervals that have ended.
    Intervals,
    /// Intervals that go on, between them.
    Running,
    /// The peaks of months.
    Peaks,
}

const ENERGIES: [&str; 8] = [
    "energy_import_wh",
    "energy_export_wh",
    "reactive_energy_import_varh",
    "reactive_energy_export_varh",
    "power_import_mean_w",
    "power_export_mean_w",
    "reactive_power_import_mean_var",
    "reactive_power_export_mean_var",
];

/// Those that only an interval has that goes on.
const RUNNING: [&str; 5] = [
    "power_import_forecast_w",
    "power_export_forecast_w",
    "power_import_peak_w",
    "energy_import_today_wh",
    "energy_export_today_wh",
];

impl RowColumns {
    /// Those of the rows that begin with this one; `None` for a telegram.
    #[must_use]
    pub fn of(first: &Readings) -> Option<Self> {
        let has = |meta| first.get(FieldKey::Meta(meta)).is_some();
        first.is_interval().then(|| match (has(Meta::Running), has(Meta::Month)) {
            (true, _) => Self::Running,
            (false, true) => Self::Peaks,
            (false, false) => Self::Intervals,
        })
    }

    /// The columns.
    #[must_use]
    pub fn keys(self) -> Vec<FieldKey> {
        let metas = |metas: &'static [Meta]| metas.iter().map(|meta| FieldKey::Meta(*meta));
        let fields = |names: &'static [&str]| {
            names.iter().filter_map(|name| Some(FieldKey::Field(of_name(name)?, 1)))
        };
        let (first, more, last): (&[Meta], &[&str], &[Meta]) = match self {
            Self::Intervals => (&[], &[], &[]),
            Self::Running => {
                let last = &[Meta::TodaySince, Meta::MonthSince, Meta::Running];
                (&[Meta::Time], &RUNNING, last)
            }
            Self::Peaks => (&[Meta::Month], &[], &[Meta::MonthComplete]),
        };
        let keys = metas(first).chain(metas(&[Meta::Start, Meta::End, Meta::Meter]));
        let keys = keys.chain(fields(&ENERGIES)).chain(fields(more));
        let keys = keys.chain(metas(&[Meta::Telegrams, Meta::Complete, Meta::Estimated]));
        keys.chain(metas(last)).collect()
    }
}
