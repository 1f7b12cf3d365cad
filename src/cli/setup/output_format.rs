//! `--format` and the options beside it.

use std::io::IsTerminal;

use crate::cli::{
    run::status::Stop,
    setup::args::{CsvLocale, FormatArgs as Args, FormatName},
};
use jiff::tz::TimeZone;
use meterpipe::{
    cosem::clock::VIENNA,
    format::{
        csv::Locale,
        entry::Format,
        options::{FormatKind, FormatOptions},
        selection::{self, Selection},
        units::Units,
        usage::Usage,
    },
};

/// The format that the options ask for.
pub fn build(args: &Args) -> Result<Box<dyn Format>, Stop> {
    kind(args).build(&options(args)?).map_err(usage)
}

/// Reads the options.
pub fn options(args: &Args) -> Result<FormatOptions, Stop> {
    let mut units = Units::default();
    for unit in &args.unit {
        units.choose(unit).map_err(usage)?;
    }
    let fields = args.fields.as_deref().map(|fields| Selection::parse(fields, &units));
    Ok(FormatOptions {
        selection: fields.transpose().map_err(usage)?,
        units,
        objects: args.objects,
        no_header: args.no_header,
        locale: match args.csv_locale {
            Some(CsvLocale::At) => Locale::Austria,
            None => Locale::default(),
        },
        comments: args.comments,
    })
}

/// The time zone of clocks that do not send their own.
pub fn zone(args: &Args) -> Result<TimeZone, Stop> {
    match args.timezone.as_deref() {
        None => Ok(VIENNA.clone()),
        Some(name) => {
            TimeZone::get(name).map_err(|error| Stop::usage(format!("--timezone: {error}")))
        }
    }
}

/// The output of `--list-fields`.
pub fn list() -> String {
    selection::list()
}

fn kind(args: &Args) -> FormatKind {
    match args.format {
        Some(FormatName::Json) => FormatKind::Json,
        Some(FormatName::Csv) => FormatKind::Csv,
        Some(FormatName::Xml) => FormatKind::Xml,
        Some(FormatName::Table) => FormatKind::Table,
        Some(FormatName::Lines) => FormatKind::Lines,
        Some(FormatName::Influx) => FormatKind::Influx,
        Some(FormatName::Prometheus) => FormatKind::Prometheus,
        Some(FormatName::Solarview) => FormatKind::Solarview,
        // An option of one format selects that format.
        None if args.objects => FormatKind::Json,
        None if args.comments => FormatKind::Xml,
        None if args.no_header || args.csv_locale.is_some() => FormatKind::Csv,
        None if std::io::stdout().is_terminal() => FormatKind::Table,
        None => FormatKind::Json,
    }
}

fn usage(usage: Usage) -> Stop {
    Stop::usage(usage.to_string())
}
