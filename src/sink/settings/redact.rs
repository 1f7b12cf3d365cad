//! What of the settings may be shown.
//!
//! A key that nobody knows may be that of a password, spelt wrong: only what is known not to be secret
//! is shown, and the name of a file only if it can be no secret itself.

use std::path::Path;

/// What stands for what is not shown.
pub const HIDDEN: &str = "…";

/// Keys of which anybody may know the value, and tables of such: those of all sinks, then of each kind.
const OPEN: &[&[&str]] = &[
    &["fields", "units", "names", "every", "on_change", "bands", "at_least_every", "guard"],
    &["user", "client_id", "keepalive", "protocol", "topic", "layout", "status", "topics"],
    &["qos", "retain", "insecure", "ha", "ha_prefix", "ha_expire_after", "ha_compat"],
    &["bucket", "org", "db", "rp", "measurement", "tags", "timestamp"],
    &["batch", "flush", "timeout", "retry"],
    &["expire_after", "meter", "style", "format", "csv_locale", "rotate", "keep"],
];

/// Keys of files.
const FILES: &[&str] = &["ca", "cert", "key", "password_file", "token_file", "spool"];

/// A value as it may be shown.
#[must_use]
pub fn value<'a>(key: &str, value: &'a str) -> &'a str {
    let table = key.split('.').next().unwrap_or_default();
    match FILES.contains(&key) {
        true if is_file_name(value) => value,
        false if OPEN.iter().any(|keys| keys.contains(&table)) => value,
        _ => HIDDEN,
    }
}

/// Whether a text can be nothing but the name of a file: there is such a file, or a folder on the way to
/// it. A secret may have slashes, too.
#[must_use]
pub fn is_file_name(text: &str) -> bool {
    let path = Path::new(text);
    let folders = path.ancestors().skip(1);
    let mut folders = folders.filter(|folder| !["", "/"].map(Path::new).contains(folder));
    path.exists() || folders.any(Path::is_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_open_is_shown() {
        for key in ["user", "names.1-0:99.1.0", "tags.password", "ha"] {
            assert_eq!(value(key, "a"), "a", "{key}");
        }
        for key in ["password", "token", "passwort", "pass", "User", "", "password.user"] {
            assert_eq!(value(key, "a"), HIDDEN, "{key}");
        }
        assert_eq!(value("password_file", "/etc/meterpipe/mqtt"), "/etc/meterpipe/mqtt");
        assert_eq!(value("password_file", "hunter2"), HIDDEN);
        assert_eq!(value("key", "00112233445566778899AABBCCDDEEFF"), HIDDEN);
    }

    #[test]
    fn a_file_is_there_or_some_folder_on_its_way_is() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(inside("a"), "").unwrap();
        for name in [&*inside("a"), &inside("b/c"), "/etc/nowhere/x", "./x", "../x", "Cargo.toml"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "x/".repeat(5000);
        for secret in ["hunter2", "a.b", "no/such/folder", "/+8xQ/A==", "", &long] {
            assert!(!is_file_name(secret), "{secret}");
        }
    }
}
