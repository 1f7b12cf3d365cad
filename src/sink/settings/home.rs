//! `~/` at the start of a path.
//!
//! A shell replaces it where it stands alone, but not in `file:~/x.csv` nor in a configuration.

use std::{
    borrow::Cow,
    env,
    path::{Path, PathBuf},
};

/// The path with the home folder in the place of `~/`; the path itself without `$HOME`.
#[must_use]
pub fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), folder()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// The same for the percent-encoded path of a sink. Its name is then the same for every user, such
/// as that of the service for which root chooses it.
pub(super) fn expanded_in_uri(path: &str) -> Cow<'_, str> {
    match (path.strip_prefix("~/"), folder()) {
        (Some(rest), Some(home)) => {
            let home = home.to_string_lossy().replace('%', "%25");
            format!("{}/{rest}", home.trim_end_matches('/')).into()
        }
        _ => path.into(),
    }
}

fn folder() -> Option<PathBuf> {
    env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}
