//! The command line: parse, run, exit.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::float_arithmetic
    )
)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::dispatch::run()
}
