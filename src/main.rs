//! The command line: parse, run, exit.

#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::dispatch::run().into()
}
