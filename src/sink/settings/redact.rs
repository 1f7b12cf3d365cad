//! Settings as they may be shown.
//!
//! A value is shown only if the description of its key says that it is no secret: an unknown key
//! may be that of a password, misspelt. In the place of the file of a secret the secret itself may
//! stand: such a name is shown only if it can be nothing else.

use std::{borrow::Cow, path::Path};

use crate::{
    format::printable::printable,
    sink::settings::key::{SettingKey, SettingType},
};

/// The replacement of a value that is not shown.
pub const HIDDEN: &str = "…";

/// The value of a key as it may be shown; `text` is the key as the user wrote it.
pub fn value<'a>(key: Option<&SettingKey>, text: &str, value: &'a str) -> &'a str {
    let is_open = match key.map(|key| (key.value, key.name == text)) {
        None | Some((SettingType::Secret, true) | (SettingType::SecretTable(..), _)) => false,
        // An address with a login, or `password=…`, may be among the arguments of a program.
        Some((SettingType::Words(_), _)) => {
            let has_login = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            !has_login && quoted(value) == value
        }
        Some((SettingType::Secret, false)) => is_file_name(value),
        Some((SettingType::File | SettingType::Folder, _)) => !names_secret(text, value),
        Some(_) => true,
    };
    if is_open { value } else { HIDDEN }
}

/// True if a text can be nothing but the name of a file: there is such a file, or a folder on the
/// way to it. A secret may have slashes too.
pub fn is_file_name(text: &str) -> bool {
    let path = Path::new(text);
    let folders = path.ancestors().skip(1);
    let mut folders = folders.filter(|folder| !["", "/"].map(Path::new).contains(folder));
    path.exists() || folders.any(Path::is_dir)
}

/// A text that a user typed as an address, without the values of secrets in it: of everything
/// behind a word such as `password` and `=` or `:`, up to the next `&`.
#[must_use]
pub fn quoted(text: &str) -> Cow<'_, str> {
    hide(text, &|_, rest| {
        let value = rest.trim_start();
        (rest.len() - value.len(), value.find('&').unwrap_or(value.len()))
    })
}

/// A text that a user typed, printable and without the values of secrets in it.
#[must_use]
pub fn typed(text: &str) -> String {
    printable(&quoted(text)).into_owned()
}

/// A message that may repeat such a text among other words. Behind a blank follows the message's
/// own text (`password: of which user?`), unless the text stands in quotes, or is one word in the
/// place of a name (`password: X: no such file`).
#[must_use]
pub fn message(text: &str) -> Cow<'_, str> {
    let ends = |c: char| c.is_whitespace() || "&'\"`".contains(c);
    let size = |text: &str| text.find(ends).unwrap_or(text.len());
    hide(text, &|before, rest| {
        let value = rest.trim_start_matches([' ', '\t']);
        let blanks = rest.len() - value.len();
        if blanks == 0 {
            return (0, size(rest));
        }
        let quotes = before.rsplit('\n').next().unwrap_or_default().matches('\'').count();
        if let Some(quoted) = value.find('\'').filter(|_| quotes % 2 == 1) {
            return (blanks, quoted);
        }
        let (word, behind) = value.split_at_checked(size(value)).unwrap_or_default();
        match word.strip_suffix(':') {
            // The name of a key, behind that of its variable.
            Some(name) if names_secret(name, "") || name.ends_with("_file") => (blanks, 0),
            Some(name) => (blanks, name.len()),
            None if behind.trim().is_empty() => (blanks, word.len()),
            None => (blanks, 0),
        }
    })
}

/// Replaces secret values; `value` tells from the text before and behind a separator where the
/// value behind it begins, and how long it is.
fn hide<'a>(text: &'a str, value: &dyn Fn(&str, &str) -> (usize, usize)) -> Cow<'a, str> {
    let (mut safe, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['=', ':']) {
        let (before, behind) = rest.split_at(at + 1);
        safe.push_str(before);
        rest = behind;
        let word = before.get(..at).map(str::trim_end);
        let word = word.and_then(|before| before.rsplit(|c| !is_in_word(c)).next());
        let so_far = text.len() - behind.len();
        let (start, size) = value(text.get(..so_far).unwrap_or_default(), behind);
        let (space, behind) = behind.split_at_checked(start).unwrap_or_default();
        let (secret, behind) = behind.split_at_checked(size).unwrap_or_default();
        if !secret.is_empty() && word.is_some_and(|word| names_secret(word, secret)) {
            safe.push_str(space);
            safe.push_str(HIDDEN);
            rest = behind;
        }
    }
    if safe.len() + rest.len() == text.len() && text.starts_with(&safe) {
        return text.into();
    }
    safe.push_str(rest);
    safe.into()
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || "_-.%".contains(c)
}

/// True if a word in front of a value makes it a secret. A key and its file are told apart by the
/// disk.
fn names_secret(word: &str, value: &str) -> bool {
    let word = word.to_lowercase();
    let secrets = ["password", "passwd", "passwort", "token", "secret"];
    let keys = ["key", "guek", "gak", "pass", "_pw"];
    !word.ends_with("_file")
        && (secrets.iter().any(|name| word.contains(name))
            || keys.iter().any(|name| word.ends_with(name)) && !is_file_name(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::{SinkSettings, origin::SettingOrigin};

    #[test]
    fn a_secret_in_an_address_is_hidden_however_it_is_typed() {
        for (text, safe) in [
            ("mqtt://h/x?password=CANARY&qos=1", "mqtt://h/x?password=…&qos=1"),
            ("mqtt://h&password=CANARY", "mqtt://h&password=…"),
            ("mqtt//h?password:CANARY", "mqtt//h?password:…"),
            ("mqtt//h?Password = CAN ARY", "mqtt//h?Password = …"),
            ("influx://h?api_key=CAN:ARY=&token=CANARY", "influx://h?api_key=…&token=…"),
            ("mqtts://h?key=Cargo.toml&password_file=/etc/x", ""),
            ("mqtt://h:1884/x?qos=1", ""),
        ] {
            assert_eq!(quoted(text), if safe.is_empty() { text } else { safe });
        }
        for (text, safe) in [
            ("/dev/x&token=CANARY: no such device", "/dev/x&token=… no such device"),
            ("unexpected argument '--key=CANARY' found", "unexpected argument '--key=…' found"),
            ("password:CANARY: no", "password:… no"),
            ("password: CANARY: no such file", "password: …: no such file"),
            (
                "c.toml: line 2: nothing is called token = CANARY",
                "c.toml: line 2: nothing is called token = …",
            ),
            (
                "invalid value 'password: CAN ARY' for '--x'",
                "invalid value 'password: …' for '--x'",
            ),
            ("the broker's key: 31 hex digits, expected 32", ""),
            ("password: of which user? say user", ""),
            ("$MQTT_PASS: password: of which user? say user", ""),
            ("/etc/guek: line 2: 31 hex digits", ""),
        ] {
            assert_eq!(message(text), if safe.is_empty() { text } else { safe });
        }
    }

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
        assert_eq!(
            redacted("password_file", "/etc/meterpipe/mqtt_password"),
            "/etc/meterpipe/mqtt_password"
        );
        assert_eq!(redacted("password_file", "hunter2"), HIDDEN);
        let argument = |text: &str| {
            let settings: SinkSettings = format!("exec:x?args={text}").parse().unwrap();
            settings.redacted().remove(0).1
        };
        assert_eq!(argument("-c,echo \"$@\""), "-c,echo \"$@\"");
        assert_eq!(argument("-d,postgresql://u:p@h/x"), HIDDEN);
        assert_eq!(argument("host=h password=x"), HIDDEN);
        assert_eq!(redacted("spool", "no/such/folder"), "no/such/folder");
        assert_eq!(redacted("ca", "nowhere/ca.pem"), "nowhere/ca.pem");
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
