//! The settings of one sink, from the command line or from the configuration.
//!
//! ```text
//! mqtt://anna@broker.home:1883/house/meter?retain=true&fields=power_net_w,energy_import_wh
//!
//! [[sink]]
//! to = "mqtt://broker.home/house/meter"
//! user = "anna"
//! password_file = "/etc/meterpipe/mqtt_password"
//! retain = true
//! fields = ["power_net_w", "energy_import_wh"]
//! names = { power_net_w = "Leistung" }
//! ```
//!
//! Both use the same keys: the options behind the `?` of a [`uri`](super::uri) are keys of the
//! configuration, and the keys of a table follow a point (`names.power_net_w=Leistung`). The
//! [descriptions](super::key) of the keys say which values they take. The sink takes its keys one
//! by one; a key that remains is a mistake.

use core::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    time::Duration,
};
use std::{fs, hash::DefaultHasher, path::PathBuf};

use zeroize::Zeroizing;

use crate::{
    file_error,
    sink::settings::{
        common_keys::COMMON,
        duration::duration,
        error::SettingError,
        home,
        key::{SettingDefault, SettingKey, SettingType},
        origin::{SettingOrigin, SettingOrigins},
        redact, words,
    },
};

/// A password or a token: never printed.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret with this text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself. Send it to its server, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The settings of one sink.
#[derive(Clone)]
pub struct SinkSettings {
    /// The name of the sink in messages.
    pub name: String,
    /// `mqtt`, `solarview`.
    pub scheme: String,
    /// The part between the scheme and the `?`: an address or a file.
    pub target: SinkTarget,
    /// The keys of this kind of sink.
    keys: &'static [&'static [SettingKey]],
    /// The keys that are set and not taken yet.
    values: Vec<(String, String)>,
    origins: SettingOrigins,
}

/// The place of a sink.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SinkTarget {
    /// `scheme:PATH`.
    File(PathBuf),
    /// `scheme://HOST:PORT/PATH`.
    Server {
        /// A name or an address; an IPv6 address without its brackets.
        host: String,
        /// The port, if the text has one.
        port: Option<u16>,
        /// The path without its first slash.
        path: String,
    },
}

impl SinkTarget {
    /// The path of a server.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(_) => None,
            Self::Server { path, .. } => Some(path),
        }
    }
}

impl fmt::Debug for SinkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The target may hold a secret path; the name leaves it out.
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("scheme", &self.scheme)
            .field("values", &self.redacted())
            .finish_non_exhaustive()
    }
}

impl SinkSettings {
    /// Settings without any key yet.
    pub(super) fn new(name: String, scheme: String, target: SinkTarget) -> Self {
        let (values, origins) = (Vec::new(), SettingOrigins::default());
        Self { name, scheme, target, keys: &[], values, origins }
    }

    /// The same for a kind of sink with these keys.
    pub(super) fn with_keys(self, keys: &'static [&'static [SettingKey]]) -> Self {
        Self { keys, ..self }
    }

    /// Sets a key, as `to` and the tables of the configuration do.
    ///
    /// # Errors
    /// The key is set already.
    pub fn set(
        &mut self,
        key: &str,
        value: String,
        origin: SettingOrigin,
    ) -> Result<(), SettingError> {
        if self.has(key) {
            return Err(SettingError::new(format!("{} stands twice", redact::typed(key))).at(key));
        }
        let value = match self.names_path(key) {
            true => home::expanded(value.as_ref()).display().to_string(),
            false => value,
        };
        self.values.push((key.to_owned(), value));
        self.origins.note(key, origin);
        Ok(())
    }

    /// Leaves a key out; false if it is not set.
    pub fn remove(&mut self, key: &str) -> bool {
        self.take_set(key).is_some()
    }

    /// The places of all settings.
    pub const fn origins(&self) -> &SettingOrigins {
        &self.origins
    }

    /// The places of all settings, to add to them.
    pub const fn origins_mut(&mut self) -> &mut SettingOrigins {
        &mut self.origins
    }

    /// True if a key is set.
    pub fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(known, _)| known == key)
    }

    /// All settings as they are, secrets too.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// All settings. Values that are or may be secret are hidden.
    pub fn redacted(&self) -> Vec<(String, String)> {
        let redact = |(key, value): &(String, String)| {
            (key.clone(), redact::value(self.description(key), key, value).to_owned())
        };
        self.values.iter().map(redact).collect()
    }

    /// True if the settings hold a secret itself, not the name of its file; or a value of an
    /// unknown key, which may be one.
    pub fn has_secret(&self) -> bool {
        self.values
            .iter()
            .any(|(key, value)| redact::value(self.description(key), key, value) != value)
    }

    /// The keys of the kind, then those of every sink.
    fn keys(&self) -> impl Iterator<Item = &'static SettingKey> {
        self.keys.iter().copied().flatten().chain(COMMON)
    }

    fn description(&self, text: &str) -> Option<&'static SettingKey> {
        self.keys().find(|key| key.matches(text))
    }

    /// The place where the sink stores readings, in every folder and without secrets: its name, or
    /// the whole path of its file.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.target {
            SinkTarget::File(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("{}:{}", self.scheme, path.display())
            }
            SinkTarget::Server { .. } => self.name.clone(),
        }
    }

    /// A number that changes with the settings and with the content of the files that they name: a
    /// password, a certificate.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort();
        (&self.scheme, &self.target, &values).hash(&mut hasher);
        for (_, path) in values.into_iter().filter(|(key, _)| self.names_file(key)) {
            let content = fs::read(path).ok().map(Zeroizing::new);
            content.as_ref().map(|content| content.as_slice()).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// True if the value of a key is the name of a file.
    fn names_file(&self, text: &str) -> bool {
        let key = self.description(text);
        key.is_some_and(|key| key.value == SettingType::File || key.is_secret() && key.name != text)
    }

    /// True if the value of a key is the name of a file or a folder.
    fn names_path(&self, text: &str) -> bool {
        let is_folder = |key: &SettingKey| key.value == SettingType::Folder;
        self.names_file(text) || self.description(text).is_some_and(is_folder)
    }

    /// Puts other files in the place of those that the settings name, where there is another one.
    pub fn replace_files(&mut self, other: impl Fn(&str) -> Option<String>) {
        let mut values = core::mem::take(&mut self.values);
        for (key, value) in &mut values {
            if self.names_file(key)
                && let Some(path) = other(value)
            {
                *value = path;
            }
        }
        self.values = values;
    }

    /// The value of a key, else its default.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let default = self.description(key).map(|key| key.default);
        debug_assert!(default.is_some(), "{}: {key} is not described", self.scheme);
        match (self.take_set(key), default) {
            (None, Some(SettingDefault::Value(default))) => Some(default.to_owned()),
            (value, _) => value,
        }
    }

    /// The value of a key that is set; it can still be taken.
    pub(super) fn peek(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn take_set(&mut self, key: &str) -> Option<String> {
        let at = self.values.iter().position(|(known, _)| known == key)?;
        Some(self.values.remove(at).1)
    }

    /// The value of a key, read.
    ///
    /// # Errors
    /// The value is invalid.
    fn take_as<T: FromStr>(
        &mut self,
        key: &str,
        expected: &str,
    ) -> Result<Option<T>, SettingError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let wrong = |_| SettingError::value(key, &value, format!("{expected} expected"));
        value.parse().map(Some).map_err(wrong)
    }

    /// True if a switch is on. A switch without a default is off.
    ///
    /// # Errors
    /// The value is neither `true` nor `false`.
    pub fn take_switch(&mut self, key: &str) -> Result<bool, SettingError> {
        Ok(self.take_as(key, "true or false")?.unwrap_or_default())
    }

    /// The value of a [`SettingType::Number`].
    ///
    /// # Errors
    /// The value is no number.
    pub fn take_number<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, SettingError> {
        match self.description(key).map(|key| key.value) {
            Some(SettingType::Number(things)) => {
                self.take_as(key, &format!("a number of {things}"))
            }
            _ => self.take_as(key, "a number"),
        }
    }

    /// The value of a [`SettingType::Choice`]: one of its words.
    ///
    /// # Errors
    /// The value is none of them.
    pub fn take_choice(&mut self, key: &str) -> Result<Option<&'static str>, SettingError> {
        let words = match self.description(key).map(|key| key.value) {
            Some(SettingType::Choice(words)) => words,
            _ => &[],
        };
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let word = words.iter().find(|word| **word == value);
        let wrong = || SettingError::of(key, format!("{} expected", alternatives(words)));
        word.map(|word| Some(*word)).ok_or_else(wrong)
    }

    /// A time, as in `30s`.
    ///
    /// # Errors
    /// The value is no time.
    pub fn take_duration(&mut self, key: &str) -> Result<Option<Duration>, SettingError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        duration(&value).map(Some).map_err(|cause| SettingError::value(key, &value, cause))
    }

    /// The name of a file.
    pub fn take_path(&mut self, key: &str) -> Option<PathBuf> {
        self.take(key).map(PathBuf::from)
    }

    /// A secret, or the first line of the file that `KEY_file` names.
    ///
    /// # Errors
    /// Both keys are set, or the file cannot be read.
    pub fn take_secret(&mut self, key: &str) -> Result<Option<Secret>, SettingError> {
        let secret = self.take(key).map(Secret::new);
        let file = format!("{key}_file");
        let Some(path) = self.take(&file) else {
            return Ok(secret);
        };
        if secret.is_some() {
            let message = format!("{key} and {file}: one of the two");
            return Err(SettingError::new(message).at(key));
        }
        let text = fs::read_to_string(&path).map(Zeroizing::new);
        let text = text.map_err(|error| match redact::is_file_name(&path) {
            true => SettingError::value(&file, &path, file_error::unreadable(&error)),
            false => {
                let advice = "no such file; the name of a file is expected, not the secret";
                SettingError::of(&file, advice)
            }
        })?;
        Ok(Some(Secret::new(text.lines().next().unwrap_or_default().to_owned())))
    }

    /// The texts of a [`SettingType::Words`].
    pub fn take_words(&mut self, key: &str) -> Vec<String> {
        self.take(key).map(|text| words::split(&text)).unwrap_or_default()
    }

    /// The items of a list as one text, in the form that the key takes.
    pub fn joined(&self, key: &str, items: &[String]) -> String {
        match self.description(key).map(|key| key.value) {
            Some(SettingType::Words(_)) => words::join(items),
            _ => items.join(","),
        }
    }

    /// The entries of a table without its name: `power_net_w` and its value for
    /// `names.power_net_w`.
    pub fn take_table(&mut self, table: &str) -> Vec<(String, String)> {
        let entries = self.peek_table(table).collect();
        self.values.retain(|(key, _)| entry(table, key).is_none());
        entries
    }

    /// The entries of a table; they can still be taken.
    pub(super) fn peek_table(&self, table: &str) -> impl Iterator<Item = (String, String)> {
        let entry = move |(key, value): &(String, String)| {
            Some((entry(table, key)?.to_owned(), value.clone()))
        };
        self.values.iter().filter_map(entry)
    }

    /// Refuses a key that no sink of this kind has.
    ///
    /// # Errors
    /// Such a key, with the nearest known one.
    pub fn refuse_unknown(&self) -> Result<(), SettingError> {
        let unknown = self.values.iter().find(|(key, _)| self.description(key).is_none());
        let Some((unknown, _)) = unknown else {
            return Ok(());
        };
        if self.keys().any(|key| key.name == unknown) {
            let advice =
                format!("a table is expected, as in {}.NAME=VALUE", redact::typed(unknown));
            return Err(SettingError::of(unknown, advice));
        }
        let spellings = self.keys().flat_map(SettingKey::spellings);
        let distances = spellings.map(|it| (strsim::damerau_levenshtein(&it, unknown), it));
        let near =
            |(distance, known): &(usize, String)| 2 * distance <= known.len().max(unknown.len());
        let nearest = distances.filter(near).min().map(|(_, known)| known);
        let advice = nearest.map(|known| format!(": did you mean {known}?")).unwrap_or_default();
        let message =
            format!("{}: nothing is called {}{advice}", self.scheme, redact::typed(unknown));
        Err(SettingError::new(message).at(unknown))
    }

    /// Refuses keys of TLS for a scheme without it. The scheme with TLS has an `s` at its end.
    ///
    /// # Errors
    /// Such a key.
    pub fn refuse_without_tls(&self, keys: &[&str]) -> Result<(), SettingError> {
        let scheme = &self.scheme;
        match keys.iter().find(|key| self.has(key) && !scheme.ends_with('s')) {
            Some(key) => {
                let message = format!("{key} is of TLS: write {scheme}s:// and not {scheme}://");
                Err(SettingError::new(message).at(key))
            }
            None => Ok(()),
        }
    }

    /// Refuses every key that the sink has not taken.
    ///
    /// # Errors
    /// A key that is unknown, or that has no meaning beside the other ones.
    pub fn finish(self) -> Result<(), SettingError> {
        self.refuse_unknown()?;
        match self.values.first() {
            Some((key, _)) => Err(SettingError::of(key, "the sink has no use for it here")),
            None => Ok(()),
        }
    }
}

/// The name of an entry of a table.
fn entry<'a>(table: &str, key: &'a str) -> Option<&'a str> {
    key.strip_prefix(table)?.strip_prefix('.')
}

/// `json, flat or none`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> SinkSettings {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_set_is_taken_and_what_nobody_takes_is_a_mistake() {
        let mut it = settings("mqtt://u:canary@h?retian=true&qos=1&password_file=/nowhere");
        assert!(!format!("{it:?}").contains("canary"), "{it:?}");
        assert!(it.redacted().iter().all(|(_, value)| !value.contains("canary")));
        assert_eq!(it.take_as::<u8>("qos", "0 or 1").unwrap(), Some(1));
        assert!(it.take_secret("password").unwrap_err().to_string().starts_with("password and"));
        assert!(it.take("user").is_some() && !it.take_switch("retain").unwrap());
        assert_eq!(
            it.finish().unwrap_err().to_string(),
            "mqtt: nothing is called retian: did you mean retain?"
        );
        assert!(settings("mqtt://h?retain").take_switch("retain").unwrap());
        let error = settings("mqtt://h?retain=yes").take_switch("retain").unwrap_err();
        assert_eq!(error.to_string(), "retain = yes: true or false expected");
    }

    #[test]
    fn a_secret_comes_from_its_file_in_one_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "s3cret\n").unwrap();
        let text = format!("mqtt://h?password_file={}", file.path().display());
        let secret = settings(&text).take_secret("password").unwrap().unwrap();
        assert_eq!((secret.reveal(), format!("{secret:?}").as_str()), ("s3cret", "Secret"));
        let both = format!("mqtt://u:p@h?password_file={}", file.path().display());
        let error = settings(&both).take_secret("password").unwrap_err();
        assert_eq!(error.to_string(), "password and password_file: one of the two");
        let missing = |name: &str| {
            let mut settings = settings(&format!("mqtt://h?password_file={name}"));
            settings.take_secret("password").unwrap_err().to_string()
        };
        assert_eq!(
            missing("hunter2"),
            "password_file: no such file; the name of a file is expected, not the secret"
        );
        assert_eq!(missing("/etc/no"), "password_file = /etc/no: no such file");
    }

    #[test]
    fn a_digest_follows_settings_and_files_with_secrets_but_not_their_order() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let digest = |options: &str| {
            let path = file.path().display();
            settings(&format!("mqtt://h?{options}&password_file={path}")).digest()
        };
        fs::write(&file, "one").unwrap();
        let before = digest("user=a&retain=true");
        assert_eq!(digest("retain=true&user=a"), before);
        assert_ne!(digest("retain=true&user=b"), before);
        fs::write(&file, "two").unwrap();
        assert_ne!(digest("user=a&retain=true"), before);
    }
}
