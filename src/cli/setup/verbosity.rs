//! `--quiet` and `--verbose`.

use crate::cli::{run::messages::Verbosity, setup::args::VerbosityArgs};

impl From<VerbosityArgs> for Verbosity {
    fn from(VerbosityArgs { quiet, verbose }: VerbosityArgs) -> Self {
        match (quiet, verbose) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Verbose,
            (false, false) => Self::Normal,
        }
    }
}
