//! Settings as they may be shown.
//!
//! A value is shown only if the description of its key says that it is no secret: an unknown key may be
//! that of a password, misspelt. The name of a file is shown only if it cannot be a secret itself.

use std::path::Path;

use crate::sink::settings::key::{SettingKey, SettingType};

/// The replacement of a value that is not shown.
pub const HIDDEN: &str = "…";

/// The value of a key as it may be shown; `text` is the key as the user wrote it.
pub fn value<'a>(key: Option<&SettingKey>, text: &str, value: &'a str) -> &'a str {
    let is_open = match key.map(|key| (key.value, key.name == text)) {
        None | Some((SettingType::Secret, true)) => false,
        Some((SettingType::Secret | SettingType::File | SettingType::Folder, _)) => {
            is_file_name(value)
        }
        Some(_) => true,
    };
    if is_open { value } else { HIDDEN }
}

/// True if a text can be nothing but the name of a file: there is such a file, or a folder on the way to
/// it. A secret may have slashes too.
pub fn is_file_name(text: &str) -> bool {
    let path = Path::new(text);
    let folders = path.ancestors().skip(1);
    let mut folders = folders.filter(|folder| !["", "/"].map(Path::new).contains(folder));
    path.exists() || folders.any(Path::is_dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::{SinkSettings, origin::SettingOrigin};

    #[test]
    fn only_what_is_known_to_be_open_is_shown() {
        let redacted = |key: &str, value: &str| {
            let mut settings: SinkSettings = "mqtts://h".parse().unwrap();
            settings.set(key, value.to_owned(), SettingOrigin::Text).unwrap();
            settings.redacted().remove(0).1
        };
        for key in ["user", "names.1-0:99.1.0", "topics.password", "ha"] {
            assert_eq!(redacted(key, "a"), "a", "{key}");
        }
        for key in ["password", "token", "passwort", "pass", "User", "", "password.user"] {
            assert_eq!(redacted(key, "a"), HIDDEN, "{key}");
        }
        assert_eq!(redacted("password_file", "/etc/meterpipe/mqtt"), "/etc/meterpipe/mqtt");
        assert_eq!(redacted("password_file", "hunter2"), HIDDEN);
        assert_eq!(redacted("key", "00112233445566778899AABBCCDDEEFF"), HIDDEN);
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
