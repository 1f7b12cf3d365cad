//! The formats by name, and what the user can choose about them.

use core::{fmt, str::FromStr};

use crate::format::{
    csv::{Csv, Locale},
    entry::Format,
    influx::Influx,
    json::Json,
    lines::Lines,
    prometheus::Prometheus,
    selection::Selection,
    snapshot::SnapshotFormat,
    solarview::{Solarview, Style},
    table::Table,
    units::Units,
    usage::Usage,
    xml::Xml,
};

/// A format by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatKind {
    /// One JSON object a telegram.
    Json,
    /// One row a telegram.
    Csv,
    /// The tree of a telegram.
    Xml,
    /// For people.
    Table,
    /// One reading a line.
    Lines,
    /// One point of a time series a telegram.
    Influx,
    /// The last readings of each meter as metrics.
    Prometheus,
    /// The registers of the last meter.
    Solarview,
}

/// What the user can choose.
#[derive(Clone, Debug, Default)]
pub struct FormatOptions {
    /// What to show, and in which order.
    pub selection: Option<Selection>,
    /// Units other than the meter's, for `csv`, `table`, `lines` and `influx`.
    pub units: Units,
    /// Every element of the telegram beside the readings, for `json`.
    pub objects: bool,
    /// No row of names at the start, for `csv`.
    pub no_header: bool,
    /// The signs of `csv`.
    pub locale: Locale,
    /// Codes, times and texts as comments, for `xml`.
    pub comments: bool,
}

impl FormatKind {
    /// All formats.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Csv,
        Self::Xml,
        Self::Table,
        Self::Lines,
        Self::Influx,
        Self::Prometheus,
        Self::Solarview,
    ];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xml => "xml",
            Self::Table => "table",
            Self::Lines => "lines",
            Self::Influx => "influx",
            Self::Prometheus => "prometheus",
            Self::Solarview => "solarview",
        }
    }

    /// The format.
    ///
    /// # Errors
    /// If an option was chosen that this format cannot honour, and whose absence would be missed.
    /// Units are not among those: one choice of units serves all outputs of a run.
    pub fn build(self, options: &FormatOptions) -> Result<Box<dyn Format>, Usage> {
        let FormatOptions { selection, units, objects, no_header, locale, comments } =
            options.clone();
        let only = |chosen: bool, option, kind: Self| match chosen && self != kind {
            true => Err(Usage(format!("{option} belongs to {}, not to {self}", kind.name()))),
            false => Ok(()),
        };
        only(objects, "--objects", Self::Json)?;
        only(comments, "--comments", Self::Xml)?;
        only(locale != Locale::default(), "--csv-locale", Self::Csv)?;
        if self == Self::Xml && selection.is_some() {
            return Err(Usage("xml is the whole tree: --fields cannot select from it".to_owned()));
        }
        Ok(match self {
            Self::Json => Box::new(Json::new(selection, objects)),
            Self::Csv => Box::new(Csv::new(selection, units, locale, !no_header)),
            Self::Xml => Box::new(Xml::new(comments)),
            Self::Table => Box::new(Table::new(selection, units)),
            Self::Lines => Box::new(Lines::new(selection, units)),
            Self::Influx => Box::new(Influx::new(selection, units)),
            Self::Prometheus => {
                let keys = selection.map(|selection| selection.keys().to_vec());
                Box::new(SnapshotFormat::new(Prometheus::new(keys)))
            }
            Self::Solarview => {
                let keys = selection.as_ref().map(Selection::keys);
                Box::new(SnapshotFormat::new(Solarview::new(keys, units, Style::default())?))
            }
        })
    }
}

impl fmt::Display for FormatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FormatKind {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| Usage(format!("no format of that name: there are {names}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_built_by_its_name() {
        for kind in FormatKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert!(kind.build(&FormatOptions::default()).is_ok());
        }
        assert_eq!(
            "yaml".parse::<FormatKind>().unwrap_err().to_string(),
            "no format of that name: there are json, csv, xml, table, lines, influx, prometheus, \
             solarview"
        );
    }

    #[test]
    fn options_of_another_format_are_refused() {
        let message = |kind: FormatKind, options: &FormatOptions| match kind.build(options) {
            Ok(_) => String::new(),
            Err(usage) => usage.to_string(),
        };
        let selection = Selection::parse("time", &Units::default()).ok();
        let fields = FormatOptions { selection, ..FormatOptions::default() };
        for kind in FormatKind::ALL {
            let refuses = matches!(kind, FormatKind::Xml | FormatKind::Solarview);
            assert_eq!(message(kind, &fields).is_empty(), !refuses, "{kind}");
        }
        let objects = FormatOptions { objects: true, ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Json, &objects), "");
        assert_eq!(message(FormatKind::Csv, &objects), "--objects belongs to json, not to csv");
        let comments = FormatOptions { comments: true, ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Xml, &comments), "");
        assert_eq!(
            message(FormatKind::Table, &comments),
            "--comments belongs to xml, not to table"
        );
        let locale = FormatOptions { locale: Locale::Austria, ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Csv, &locale), "");
        assert_eq!(message(FormatKind::Json, &locale), "--csv-locale belongs to csv, not to json");
    }
}
