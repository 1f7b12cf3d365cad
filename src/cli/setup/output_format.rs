//! `--format` and the options beside it.

use std::io::IsTerminal;

use crate::cli::{
    run::status::Stop,
    setup::{
        environment,
        shared_args::{Comments, CsvLocale, FormatArgs as Args},
    },
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
            "{} belongs to formats such as csv, table, lines and influx: {kind} has the units of the meter",
            environment::spelling("unit")
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
        units.choose(unit).map_err(|mistake| usage_of("unit", mistake))?;
    }
    let fields = args.fields.as_deref();
    let selection = fields.map(|fields| {
        Selection::parse(fields, &units)
            .map_err(|mistake| usage_of("fields", renamed(fields, &args.names).unwrap_or(mistake)))
    });
    let selection = selection.transpose()?;
    let names = FieldNames::parse(&args.names, selection.as_ref(), &units);
    let names = names.map_err(|mistake| usage_of("names", mistake))?;
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
            let option = environment::spelling("timezone");
            Stop::usage(format!("{option}: no time zone is called {}: {advice}", printable(name)))
        }),
    }
}

/// The output of `--list-fields`.
pub fn list() -> String {
    selection::list()
}

/// The mistake of `--fields` that has a name of `--names` in the place of the field.
fn renamed(fields: &str, names: &[String]) -> Option<Usage> {
    let names = names.iter().filter_map(|it| it.split_once('='));
    let mut names = names.map(|(field, name)| (field.trim(), name.trim()));
    let (field, name) = names.find(|(_, name)| fields.split(',').any(|it| it.trim() == *name))?;
    let text = format!("{name} is a name of --names: --fields takes the field itself, {field}");
    Some(Usage(printable(&text).into_owned()))
}

/// A mistake in the value of an option, with the variable in front that has it.
fn usage_of(long: &str, mistake: Usage) -> Stop {
    match environment::variable_of(long) {
        Some(variable) => Stop::usage(format!("${variable}: {mistake}")),
        None => usage(mistake),
    }
}

/// A mistake that begins with the option, or with its variable.
fn usage(mistake: Usage) -> Stop {
    let option =
        mistake.0.split_once(' ').and_then(|(first, rest)| Some((first.strip_prefix("--")?, rest)));
    Stop::usage(match option {
        Some((long, rest)) => format!("{} {rest}", environment::spelling(long)),
        None => mistake.0,
    })
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
