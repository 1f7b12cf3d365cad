//! Options about the readings on standard output, in a run with sinks: a sink has keys of its own for them.

use crate::cli::{
    run::{messages::Messages, status::Stop},
    setup::{
        environment,
        shared_args::{CsvLocale, FormatArgs},
    },
};
use clap::ValueEnum;
use meterpipe::sink::{
    line_counters::LineCounters,
    registry,
    settings::{SinkSettings, origin::SettingOrigin, redact},
};

/// Options that hold for standard output alone, each with what a sink takes instead.
const OPTIONS: [(&str, FindInstead); 7] = [
    ("--fields", |args| Some(Instead::Key("fields".to_owned(), args.fields.clone()?))),
    ("--names", |args| entry_of_table("names", &args.names)),
    ("--unit", |args| entry_of_table("units", &args.unit)),
    ("--csv-locale", |args| {
        let value = args.csv_locale.as_ref().and_then(CsvLocale::to_possible_value)?;
        Some(Instead::Key("csv_locale".to_owned(), value.get_name().to_owned()))
    }),
    ("--no-header", |args| args.no_header.then_some(Instead::Nothing)),
    ("--objects", |args| args.objects.then_some(Instead::Nothing)),
    ("--comments", |args| args.comments.map(|_| Instead::Nothing)),
];

/// Finds what a sink takes in the place of an option, if the user gives that option.
type FindInstead = fn(&FormatArgs) -> Option<Instead>;

/// The part of a sink's settings that does the same.
enum Instead {
    /// A key and its value.
    Key(String, String),
    Nothing,
}

fn entry_of_table(table: &str, entries: &[String]) -> Option<Instead> {
    let (name, value) = entries.first()?.split_once('=')?;
    Some(Instead::Key(format!("{table}.{}", name.trim()), value.trim().to_owned()))
}

/// Refuses an option that would have no effect, as nothing is printed. Where readings are printed, says that the option
/// holds for them alone.
///
/// # Errors
/// Such an option.
pub fn check(
    args: &FormatArgs,
    sinks: &[SinkSettings],
    is_printed: bool,
    messages: &Messages,
) -> Result<(), Stop> {
    if sinks.is_empty() || args.format.is_some() {
        return Ok(());
    }
    for (option, instead) in OPTIONS {
        let Some(instead) = instead(args) else {
            continue;
        };
        let example = example(&instead, sinks);
        match (is_printed, example) {
            (true, Some(example)) => messages.say(&format!(
                "{option} holds for the readings that are printed, not for sinks, which take {example}"
            )),
            (true, None) => {}
            (false, example) => {
                let advice = match example {
                    Some(example) => format!("write {example}"),
                    None => "leave it out, or choose a --format to print readings too".to_owned(),
                };
                return Err(Stop::usage(format!(
                    "{option} holds for readings that are printed, and this run prints none: {advice}"
                )));
            }
        }
    }
    Ok(())
}

/// The first sink that takes the key and lacks it, with this key: `file:o.csv?csv_locale=at`.
fn example(instead: &Instead, sinks: &[SinkSettings]) -> Option<String> {
    let Instead::Key(key, value) = instead else {
        return None;
    };
    let takes_it = |sink: &&SinkSettings| {
        let mut sink = (*sink).clone();
        environment::complete(&mut sink);
        let is_new = sink.set(key, value.clone(), SettingOrigin::Text).is_ok();
        is_new && registry::build(sink, "", &LineCounters::default()).is_ok()
    };
    let sink = sinks.iter().find(takes_it)?;
    Some(format!("{}?{}", sink.name, redact::typed(&format!("{key}={value}"))))
}
