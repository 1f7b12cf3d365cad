//! From the command line to a subcommand.

use std::sync::{Arc, atomic::AtomicBool};

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};

use crate::cli::{
    commands::{capture, config, decode, decrypt, publish, simulate, unframe, watch},
    run::{
        output::Output,
        status::{Status, Stop},
    },
    setup::{
        args::{Cli, Command},
        environment,
    },
};

/// Runs what the command line says.
pub fn run() -> Status {
    // A file size limit is to be an error of the write, not the end of the process.
    let ignored = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, ignored);
    let matches = environment::options(Cli::command()).try_get_matches();
    match matches.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches)) {
        Ok(cli) => match &cli.command {
            Command::Unframe(args) => unframe::run(args),
            Command::Decrypt(args) => decrypt::run(args),
            Command::Decode(args) => decode::run(args),
            Command::Capture(args) => capture::run(args),
            Command::Watch(args) => watch::run(args),
            Command::Publish(args) => publish::run(args),
            Command::Config(args) => config::run(args),
            Command::Simulate(args) => simulate::run(args),
        },
        Err(error) => usage(&error),
    }
}

/// Help and version go to standard output like any other output, mistakes to standard error.
fn usage(error: &clap::Error) -> Status {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let mut output = Output::stdout();
            output.text.extend_from_slice(error.render().to_string().as_bytes());
            match output.flush() {
                Ok(()) | Err(Stop::ReaderGone | Stop::Done | Stop::Interrupted) => Status::Fine,
                Err(Stop::Failed(status, text)) => {
                    eprintln!("meterpipe: {text}");
                    status
                }
            }
        }
        _ => {
            match masked(&error.render().to_string()) {
                Some(text) => eprint!("{text}"),
                None => drop(error.print()),
            }
            Status::Usage
        }
    }
}

/// A text with what may be a key, typed in the wrong place, made unreadable; nothing if there is none.
fn masked(text: &str) -> Option<String> {
    let mut masked = String::with_capacity(text.len());
    let mut found = false;
    for word in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        let secret = digits.len() >= 24;
        found |= secret;
        masked.push_str(if secret { "…" } else { digits });
        masked.push_str(word.strip_prefix(digits).unwrap_or_default());
    }
    found.then_some(masked)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        let text = "error: unrecognized subcommand '36C66639E48A8CA4D6BC8B282A793BBB'\n";
        assert_eq!(masked(text).as_deref(), Some("error: unrecognized subcommand '…'\n"));
        assert_eq!(masked("error: invalid value '4b464d6750000009' for"), None);
    }
}
