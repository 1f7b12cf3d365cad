//! `~/` at the start of a path.
//!
//! A shell replaces it where it stands alone, but not in `file:~/x.csv` nor in a configuration.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The path with the home folder in the place of `~/`; the path itself without `$HOME`.
#[must_use]
pub fn expanded(path: &Path) -> PathBuf {
    let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
