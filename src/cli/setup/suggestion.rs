//! Suggestions for options, subcommands and variables that do not exist, by what they mean to people who type them.
//!
//! Other programs have `--port`, `--output` and `--mqtt`. The nearest name by letters would be `--format`, which says
//! the opposite of help.

use clap::{
    Arg, Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Words of other programs, and the long name of the option that does the same here. `source`, `file` and `stdout` are
/// the argument and the output of a command.
const OPTIONS: [(&[&str], &str); 14] = [
    (
        &["port", "device", "serial", "dev", "tty", "tcp", "address", "interface", "source"],
        "source",
    ),
    (&["host", "hostname", "server", "url", "broker", "mqtt", "influx", "influxdb"], "to"),
    (&["sink", "topic", "user", "username", "password", "prometheus", "webhook"], "to"),
    (&["interval", "qos", "retain", "homeassistant"], "to"),
    (&["out", "output", "outfile", "outputfile", "o"], "stdout"),
    (&["file", "infile", "inputfile"], "file"),
    (&["json", "csv", "xml", "table", "type"], "format"),
    (&["guek", "aes", "secret", "enckey", "encryptionkey", "decryptionkey", "keyfile"], "key-file"),
    (&["gak", "authkey", "ak", "authenticationkey"], "key-file"),
    (&["baudrate", "speed"], "baud"),
    (&["log", "loglevel", "debug", "verbosity"], "verbose"),
    (&["obis", "columns", "values"], "fields"),
    (&["number", "n", "limit"], "count"),
    (&["conf", "configfile", "settings"], "config"),
];

/// Words for the subcommand that does it here.
const COMMANDS: [(&[&str], &str); 9] = [
    (&["import"], "config import"),
    (&["read", "lesen", "parse", "convert", "csv", "json", "dump", "export"], "decode"),
    (&["live", "tail", "monitor", "run", "start", "serve", "show"], "watch"),
    (&["mqtt", "influx", "send", "push"], "publish"),
    (&["analyse", "analyze", "inspect", "info"], "explain"),
    (&["test", "check", "status", "diagnose", "debug"], "doctor"),
    (&["graph", "chart", "draw", "picture"], "plot"),
    (&["log", "record"], "capture"),
    (&["init", "install", "wizard"], "setup"),
];

/// Words for values: countries and languages.
const VALUES: [(&[&str], &str); 4] = [
    (&["en", "english", "uk", "gb"], "us"),
    (&["austria", "austrian", "sterreich", "oesterreich"], "at"),
    (&["switzerland", "swiss", "schweiz"], "ch"),
    (&["germany", "german", "deutsch", "deutschland"], "de"),
];

/// The meaning of a word in a table.
fn meaning(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    let word: String = word.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    table.iter().find(|(words, _)| words.contains(&&*word)).map(|(_, meant)| *meant)
}

/// The long name of the option that a word means, if it is one with a value.
pub fn option_of(word: &str) -> Option<&'static str> {
    meaning(&OPTIONS, word)
}

/// Puts the meaning of an option or a subcommand in the place of one with alike letters. `typed` are the arguments behind
/// the name of the program.
pub fn improve(error: &mut Error, root: &Command, typed: &[String]) {
    let command =
        typed.iter().try_fold(root, |command, word| command.find_subcommand(word).ok_or(command));
    let command = command.unwrap_or_else(|last| last);
    let (kind, tip) = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            return improve_value(error, command, typed);
        }
        ErrorKind::UnknownArgument => {
            let Some(argument) = text(error, ContextKind::InvalidArg) else { return };
            (ContextKind::SuggestedArg, option_tip(&argument, command, root))
        }
        ErrorKind::InvalidSubcommand => {
            let Some(word) = text(error, ContextKind::InvalidSubcommand) else { return };
            let meant =
                meaning(&COMMANDS, &word).filter(|_| root.find_subcommand("watch").is_some());
            (ContextKind::SuggestedSubcommand, meant.map(|it| format!("meterpipe {it} does that")))
        }
        _ => return,
    };
    if let Some(tip) = tip {
        error.remove(kind);
        // That of clap has the option which it suggests.
        let usage = command.clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
}

/// The facts that clap tells of an error.
fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Names the variable that has a wrong value, and the value that is meant by case or locale: `at`
/// for `de_AT`.
fn improve_value(error: &mut Error, command: &Command, typed: &[String]) {
    let Some(option) = text(error, ContextKind::InvalidArg) else { return };
    let long = option.strip_prefix("--").and_then(|it| it.split([' ', '=']).next());
    let Some((long, arg)) = long.and_then(|long| Some((long, find(command, long)?))) else {
        return;
    };
    if let Some(value) = text(error, ContextKind::InvalidValue) {
        let value = value.to_lowercase();
        let value = value.split('.').next().unwrap_or_default();
        let parts = value.rsplit(['_', '-']).chain(meaning(&VALUES, value));
        let all = arg.get_possible_values();
        let known = |part: &str| all.iter().find(|it| it.get_name() == part);
        if let Some(meant) = [value].into_iter().chain(parts).find_map(known) {
            let meant = ContextValue::String(meant.get_name().to_owned());
            error.insert(ContextKind::SuggestedValue, meant);
        }
    }
    let option = format!("--{long}");
    let is_typed = |it: &String| it.split('=').next() == Some(&option);
    if let Some(variable) = arg.get_env().filter(|_| !typed.iter().any(is_typed)) {
        let variable = ContextValue::String(format!("${}", variable.to_string_lossy()));
        error.insert(ContextKind::InvalidArg, variable);
    }
}

/// The tip for an option that a command does not have.
fn option_tip(argument: &str, command: &Command, root: &Command) -> Option<String> {
    let word = argument.strip_prefix("--")?.split('=').next()?;
    let name = command.get_name();
    let has = |command: &Command, long: &str| find(command, long).is_some();
    let positional = || {
        let value = command.get_positionals().next()?.get_value_names()?.first()?.to_string();
        Some(match value.as_str() {
            "SOURCE" => {
                let example = "/dev/ttyUSB0, tcp://HOST:PORT or a file";
                format!("the source is an argument without an option: meterpipe {name} {example}")
            }
            value => format!("files are arguments without an option: meterpipe {name} {value}"),
        })
    };
    let others = |long: &str| {
        let names: Vec<_> =
            root.get_subcommands().filter(|it| has(it, long)).map(Command::get_name).collect();
        (!names.is_empty()).then(|| format!("--{long} is an option of {}", names.join(", ")))
    };
    let meant = option_of(word).unwrap_or(word);
    match meant {
        "source" | "file" => positional(),
        "stdout" if has(command, "to") => {
            Some("the output is standard output: > FILE; a sink is --to file:PATH".to_owned())
        }
        "stdout" => Some("the output is standard output: > FILE".to_owned()),
        long => match find(command, long) {
            Some(arg) => Some(usage(arg, long)),
            None if has(command, "to") && name != "plot" => {
                sink_tip(long).map(str::to_owned).or_else(|| others(long))
            }
            None => others(long),
        },
    }
}

/// The tip for an option of the output, where there are sinks alone.
fn sink_tip(long: &str) -> Option<&'static str> {
    Some(match long {
        "fields" => "a sink takes it as a key: --to 'file:PATH?fields=time,power_net_w'",
        "names" => "a sink takes it as a key: --to 'file:PATH?names.power_net_w=NAME'",
        "unit" => "a sink takes it as a key: --to 'file:PATH?units.energy=kWh'",
        "csv-locale" => "a sink takes it as a key: --to 'file:PATH.csv?csv_locale=at'",
        "format" => "a sink takes it as a key: --to 'file:PATH?format=csv'",
        _ => return None,
    })
}

fn find<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(long))
}

/// `--to <SINK>: A sink, such as mqtt://HOST …`.
fn usage(arg: &Arg, long: &str) -> String {
    let value = arg.get_value_names().and_then(|names| names.first());
    let value = value.filter(|_| arg.get_action().takes_values());
    let value = value.map(|value| format!(" <{value}>")).unwrap_or_default();
    let help = arg.get_help().map(|help| format!(": {help}")).unwrap_or_default();
    format!("--{long}{value}{help}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::setup::args::Cli;

    fn message(typed: &[&str]) -> String {
        let mut command = Cli::command();
        let all = ["meterpipe"].iter().chain(typed);
        let mut error = command.try_get_matches_from_mut(all).unwrap_err();
        let typed: Vec<_> = typed.iter().map(|it| (*it).to_owned()).collect();
        improve(&mut error, &command, &typed);
        error.render().to_string()
    }

    #[test]
    fn an_option_of_other_programs_is_answered_by_its_meaning() {
        for (typed, tip) in [
            (&["watch", "--port", "x"][..], "meterpipe watch /dev/ttyUSB0, tcp://HOST:PORT"),
            (&["doctor", "--device=x"], "meterpipe doctor /dev/ttyUSB0"),
            (&["capture", "--serial", "x"], "the source is an argument without an option"),
            (&["decode", "--port", "x"], "meterpipe decode FILE"),
            (&["watch", "--host", "x"], "--to <SINK>: A sink, such as mqtt://HOST"),
            (&["watch", "--mqtt", "x"], "--to <SINK>"),
            (&["publish", "--topic", "x"], "--to <SINK>"),
            (&["decode", "--mqtt", "x"], "--to is an option of watch, publish"),
            (&["publish", "--unit", "energy=kWh"], "--to 'file:PATH?units.energy=kWh'"),
            (&["publish", "--csv-locale", "at"], "--to 'file:PATH.csv?csv_locale=at'"),
            (&["decode", "--output", "x"], "standard output: > FILE\n"),
            (&["watch", "--output", "x"], "--to file:PATH"),
            (&["decode", "--json"], "--format <FORMAT>"),
            (&["decode", "--guek", "x"], "--key-file <FILE>"),
            (&["watch", "--gak", "x"], "--key-file <FILE>"),
            (&["watch", "--baudrate", "9600"], "--baud <BAUD>"),
            (&["decode", "--baud", "9600"], "--baud is an option of capture, watch"),
            (&["decode", "--debug"], "--verbose: Always print a summary"),
            (&["decode", "--obis", "x"], "--fields <FIELDS>"),
        ] {
            let message = message(typed);
            assert!(message.contains(tip), "{typed:?}: {message}");
            assert_eq!(message.matches("tip:").count(), 1, "{typed:?}: {message}");
            let usage = format!("Usage: meterpipe {} [OPTIONS] [", typed[0]);
            assert!(message.contains(&usage), "{typed:?}: {message}");
        }
        assert!(message(&["decode", "--formta", "x"]).contains("'--format'"));
    }

    #[test]
    fn a_value_of_another_case_or_a_whole_locale_is_answered_with_the_one_that_exists() {
        for (typed, tip) in [
            (&["decode", "--csv-locale", "AT"][..], "a similar value exists: 'at'"),
            (&["quarters", "--csv-locale=de_AT"], "a similar value exists: 'at'"),
            (&["decode", "--csv-locale", "de_CH.UTF-8"], "a similar value exists: 'ch'"),
            (&["decode", "--csv-locale", "de-DE"], "a similar value exists: 'de'"),
            (&["decode", "--csv-locale", "en"], "a similar value exists: 'us'"),
            (&["decode", "--csv-locale", "english"], "a similar value exists: 'us'"),
            (&["decode", "--csv-locale", "austria"], "a similar value exists: 'at'"),
            (&["decode", "--csv-locale", "Österreich"], "a similar value exists: 'at'"),
            (&["quarters", "--csv-locale=schweiz"], "a similar value exists: 'ch'"),
            (&["plot", "--lang", "deutsch"], "a similar value exists: 'de'"),
            (&["plot", "--lang", "de_AT"], "a similar value exists: 'de'"),
            (&["decode", "--format", "CSV"], "a similar value exists: 'csv'"),
            (&["decode", "--csv-locale", "xy"], "For more information"),
        ] {
            let message = message(typed);
            assert!(message.contains(tip), "{typed:?}: {message}");
            assert_eq!(message.contains("tip:"), tip.contains("exists"), "{typed:?}: {message}");
        }
    }

    #[test]
    fn a_subcommand_of_other_programs_is_answered_by_its_meaning() {
        for (word, tip) in [
            ("import", "meterpipe config import does that"),
            ("analyse", "meterpipe explain does that"),
            ("monitor", "meterpipe watch does that"),
            ("watc", "'watch'"),
        ] {
            let message = message(&[word]);
            assert!(message.contains(tip), "{word}: {message}");
            assert_eq!(message.matches("tip:").count(), 1, "{word}: {message}");
        }
    }

    #[test]
    fn what_words_mean_exists() {
        let command = Cli::command();
        for (_, long) in OPTIONS {
            let is_place = matches!(long, "source" | "file" | "stdout");
            let has = command.get_subcommands().any(|it| find(it, long).is_some());
            assert!(is_place || has, "{long}");
        }
        for (_, name) in COMMANDS {
            let subcommand = name.split(' ').next().unwrap();
            assert!(command.find_subcommand(subcommand).is_some(), "{name}");
        }
    }
}
