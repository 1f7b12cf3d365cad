//! `--format` and the options beside it.

use std::io::IsTerminal;

use crate::cli::{
    run::status::Stop,
    setup::shared_args::{Comments, CsvLocale, FormatArgs as Args},
};
use jiff::tz::TimeZone;
use meterpipe::{
    cosem::clock::VIENNA,
    format::{
        entry::Format,
        kinds::FormatKind,
        locale::Locale,
        names::FieldNames,
        options::{CommentStyle, FormatOptions},
        printable::printable,
        selection::{self, Selection},
        units::Units,
        usage::Usage,
    },
};

/// The format that the options ask for. Without `--format`, an option that only one format has
/// selects that format.
pub fn build(args: &Args) -> Result<Box<dyn Format>, Stop> {
    let options = options(args)?;
    kind(args, &options)?.build(&options).map_err(usage)
}

/// The name of that format.
///
/// # Errors
/// Its units never change, and others are chosen.
pub fn kind(args: &Args, options: &FormatOptions) -> Result<FormatKind, Stop> {
    let kind = args.format.or_else(|| FormatKind::meant_by(options));
    let usual = || match std::io::stdout().is_terminal() {
        true => FormatKind::Table,
        false => FormatKind::Json,
    };
    let kind = kind.unwrap_or_else(usual);
    if !args.unit.is_empty() && BASE_UNITS.contains(&kind) {
        let text = format!(
            "--unit belongs to csv, table, lines, influx and solarview: {kind} has the units of the meter"
        );
        return Err(Stop::usage(text));
    }
    Ok(kind)
}

/// The formats for programs, whose units never change.
const BASE_UNITS: [FormatKind; 3] = [FormatKind::Json, FormatKind::Xml, FormatKind::Prometheus];

/// Reads the options.
pub fn options(args: &Args) -> Result<FormatOptions, Stop> {
    let mut units = Units::default();
    for unit in &args.unit {
        units.choose(unit).map_err(usage)?;
    }
    let fields = args.fields.as_deref().map(|fields| Selection::parse(fields, &units));
    let selection = fields.transpose().map_err(usage)?;
    let names = FieldNames::parse(&args.names, selection.as_ref(), &units).map_err(usage)?;
    Ok(FormatOptions {
        selection,
        names,
        units,
        objects: args.objects,
        no_header: args.no_header,
        locale: match args.csv_locale {
            Some(CsvLocale::At) => Locale::Austria,
            Some(CsvLocale::De) => Locale::Germany,
            Some(CsvLocale::Ch) => Locale::Switzerland,
            Some(CsvLocale::Us) => Locale::America,
            None => Locale::default(),
        },
        comments: args.comments.map(|style| match style {
            Comments::Plain => CommentStyle::Plain,
            Comments::Gurux => CommentStyle::Gurux,
        }),
    })
}

/// The time zone of clocks that do not send their own.
pub fn zone(args: &Args) -> Result<TimeZone, Stop> {
    zone_of(args.timezone.as_deref())
}

/// The value of `--timezone`.
pub fn zone_of(name: Option<&str>) -> Result<TimeZone, Stop> {
    match name {
        None => Ok(VIENNA.clone()),
        Some(name) => TimeZone::get(name).map_err(|_| {
            let near = |known: &String| {
                let place = known.rsplit('/').next().unwrap_or_default();
                let [place, known, name] = [place, known, name].map(str::to_lowercase);
                strsim::damerau_levenshtein(&place, &name)
                    .min(strsim::damerau_levenshtein(&known, &name))
                    <= 1
            };
            let known = jiff::tz::db().available().map(|known| known.to_string());
            let advice = match known.into_iter().find(near) {
                Some(known) => format!("did you mean {known}?"),
                None => "a name such as Europe/Vienna is expected".to_owned(),
            };
            Stop::usage(format!("--timezone: no time zone is called {}: {advice}", printable(name)))
        }),
    }
}

/// The output of `--list-fields`.
pub fn list() -> String {
    selection::list()
}

fn usage(usage: Usage) -> Stop {
    Stop::usage(usage.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_that_is_none_is_answered_with_one() {
        for (name, advice) in [
            ("Vienna", "did you mean Europe/Vienna?"),
            ("europe/viena", "did you mean Europe/Vienna?"),
            ("Wien", "a name such as Europe/Vienna is expected"),
        ] {
            let Err(Stop::Failed(_, text)) = zone_of(Some(name)) else {
                panic!("{name} is a time zone");
            };
            assert_eq!(text, format!("--timezone: no time zone is called {name}: {advice}"));
        }
        assert!(zone_of(Some("Europe/Zurich")).is_ok());
    }
}
