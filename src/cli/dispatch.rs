//! From the command line to a subcommand.

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{ArgMatches, CommandFactory, FromArgMatches, error::ErrorKind};

use meterpipe::{format::printable::printable, sink::settings::redact};

use crate::cli::{
    commands::{
        anonymise, capture, config, decode, decrypt, doctor, explain, plot, publish, quarters,
        setup, simulate, unframe, watch,
    },
    run::{
        output::Output,
        signals,
        status::{Status, Stop},
    },
    setup::{
        args::{Cli, Command},
        environment, suggestion,
    },
};

/// `--version`, for the report of a defect. `-V` prints the number alone.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("METERPIPE_BUILD"), ")");

/// Runs the subcommand of the command line. A second signal sets the exit status.
pub fn run() -> ExitCode {
    let status = subcommand();
    signals::forced().map_or_else(|| status.into(), ExitCode::from)
}

fn subcommand() -> Status {
    // By default SIGXFSZ ends a process that exceeds its file size limit. Caught, the signal leaves
    // an error of the write, which is reported.
    let ignored = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, ignored);
    let command = Cli::command().long_version(VERSION);
    let unknown = environment::unknown(&command);
    let mut command = environment::options(command);
    let matches = command.try_get_matches_from_mut(std::env::args_os()).map_err(|mut error| {
        let typed = std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned());
        suggestion::improve(&mut error, &command, &typed.collect::<Vec<_>>());
        error
    });
    if let Ok(matches) = &matches {
        warn_of(&unknown, matches);
    }
    match matches.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches)) {
        Ok(cli) => match &cli.command {
            Command::Unframe(args) => unframe::run(args),
            Command::Decrypt(args) => decrypt::run(args),
            Command::Decode(args) => decode::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Capture(args) => capture::run(args),
            Command::Anonymise(args) => anonymise::run(args),
            Command::Watch(args) => watch::run(args),
            Command::Publish(args) => publish::run(args),
            Command::Quarters(args) => quarters::run(args),
            Command::Plot(args) => plot::run(args),
            Command::Config(args) => config::run(args),
            Command::Setup(args) => setup::run(args),
            Command::Doctor(args) => doctor::run(args),
            Command::Simulate(args) => simulate::run(args),
        },
        Err(error) => usage(&error),
    }
}

/// Names variables that are spelt wrong: what they should have set is not set.
fn warn_of(unknown: &[(String, String)], matches: &ArgMatches) {
    let is_quiet = matches.subcommand().is_some_and(|(_, matches)| {
        matches.try_get_one::<bool>("quiet").ok().flatten() == Some(&true)
    });
    for (name, hint) in unknown.iter().filter(|_| !is_quiet) {
        let name = printable(name);
        eprintln!("meterpipe: ${name}: no variable of that name is read{hint}");
    }
}

/// Help and version go to standard output like any other output, mistakes to standard error.
fn usage(error: &clap::Error) -> Status {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let mut output = Output::stdout();
            output.text.extend_from_slice(error.render().to_string().as_bytes());
            match output.finish() {
                Ok(()) | Err(Stop::ReaderGone | Stop::Done | Stop::Interrupted) => Status::Fine,
                Err(Stop::Failed(status, text)) => {
                    eprintln!("meterpipe: {text}");
                    status
                }
            }
        }
        _ => {
            match safe(&error.render().to_string()) {
                Some(text) => eprint!("{text}"),
                None => drop(error.print()),
            }
            Status::Usage
        }
    }
}

/// A text with hidden characters escaped and with keys and secrets in the wrong place made
/// unreadable; nothing if it has neither.
fn safe(text: &str) -> Option<String> {
    let lines = redact::message(text);
    let lines = lines.split('\n').map(printable).collect::<Vec<_>>().join("\n");
    let mut safe = String::with_capacity(lines.len());
    let mut found = lines != text;
    for word in lines.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        let secret = digits.len() >= 24;
        found |= secret;
        safe.push_str(if secret { "…" } else { digits });
        safe.push_str(word.strip_prefix(digits).unwrap_or_default());
    }
    found.then_some(safe)
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        let text = "error: unrecognized subcommand '36C66639E48A8CA4D6BC8B282A793BBB'\n";
        assert_eq!(safe(text).as_deref(), Some("error: unrecognized subcommand '…'\n"));
        assert_eq!(safe("error: invalid value '4b464d6750000009' for"), None);
    }

    #[test]
    fn a_hidden_character_of_the_command_line_is_escaped() {
        let text = "error: unexpected argument '\u{61c}\u{2028}x\x1b[2J'\n\nUsage\n";
        let escaped = "error: unexpected argument '\\u{61c}\\u{2028}x\\u{1b}[2J'\n\nUsage\n";
        assert_eq!(safe(text).as_deref(), Some(escaped));
    }
}
