//! The variables that the program gets.
//!
//! The environment of meterpipe may hold keys and passwords under any name, so only variables that are
//! known to be harmless are passed on.

use std::{env, ffi::OsString};

/// The variables that a program needs to find files and to write in the user's language.
const HARMLESS: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE"];

/// The folders that systemd makes for a service, except that of its credentials.
const FOLDERS: [&str; 5] = [
    "RUNTIME_DIRECTORY",
    "STATE_DIRECTORY",
    "CACHE_DIRECTORY",
    "LOGS_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
];

/// The variables of this process that are passed on.
pub(super) fn passed_on() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_harmless))
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || FOLDERS.contains(&name) || name.starts_with("LC_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_with_a_secret_is_passed_on() {
        assert!(["PATH", "LC_ALL", "STATE_DIRECTORY"].into_iter().all(is_harmless));
        for name in [
            "P1_GUEK",
            "P1_GAK",
            "MQTT_PASS",
            "INFLUX_TOKEN",
            "CREDENTIALS_DIRECTORY",
            "NOTIFY_SOCKET",
        ] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}
