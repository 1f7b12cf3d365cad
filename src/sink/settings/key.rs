//! How a key of the settings is described.

/// A key of the settings: all that the parser, `config`, the environment and the manual know about
/// it.
#[derive(Debug)]
pub struct SettingKey {
    /// As the user writes it: `retain`. A secret has a second spelling for a file: `password_file`.
    pub name: &'static str,
    /// The values that it takes.
    pub value: SettingType,
    /// The value of a key that is not set.
    pub default: SettingDefault,
    /// For the manual; `words in backticks` become bold.
    pub help: &'static str,
    /// Environment variables that set it, the strongest one first.
    pub variables: &'static [&'static str],
    /// The systemd credential that sets it.
    pub credential: Option<&'static str>,
    /// True if the language of the environment sets it.
    pub is_language: bool,
}

/// The values that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    /// Any text; the manual calls it by this word.
    Text(&'static str),
    /// A list with commas; the manual calls an element by this word.
    List(&'static str),
    /// A list of texts that are passed on as they are; `\,` is a comma in one. The manual calls an element
    /// by this word.
    Words(&'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`; the bare key is `true`.
    Switch,
    /// A decimal number of these things.
    Number(&'static str),
    /// A time: `30s`.
    Duration,
    /// The name of a file. A secret in its place is never shown.
    File,
    /// The name of a folder, likewise.
    Folder,
    /// Entries below the key, as in `names.power_net_w=grid`: what the manual calls both sides.
    Table(&'static str, &'static str),
    /// The same with values that are never shown.
    SecretTable(&'static str, &'static str),
    /// A text that is never shown. `KEY_file` names a file that holds it.
    Secret,
}

/// The value of a key that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingDefault {
    /// None: the key has no effect.
    Unset,
    /// This value.
    Value(&'static str),
    /// A value that depends on other things, in words.
    Depends(&'static str),
}

impl SettingKey {
    /// A key without default and variables.
    pub const fn new(name: &'static str, value: SettingType, help: &'static str) -> Self {
        let (default, variables, credential) = (SettingDefault::Unset, &[], None);
        Self { name, value, default, help, variables, credential, is_language: false }
    }

    /// The same with a default.
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: SettingDefault::Value(default), ..self }
    }

    /// The same with a default that depends on other things.
    pub const fn or_depending(self, words: &'static str) -> Self {
        Self { default: SettingDefault::Depends(words), ..self }
    }

    /// The same with environment variables, the strongest one first.
    pub const fn variables(self, variables: &'static [&'static str]) -> Self {
        Self { variables, ..self }
    }

    /// The same with a systemd credential.
    pub const fn credential(self, credential: &'static str) -> Self {
        Self { credential: Some(credential), ..self }
    }

    /// The same for a choice of languages, which the locale of the environment makes.
    pub const fn of_locale(self) -> Self {
        Self { is_language: true, ..self }
    }

    /// True for a password or a token.
    pub const fn is_secret(&self) -> bool {
        matches!(self.value, SettingType::Secret)
    }

    /// The ways to write the key: `password` and `password_file`.
    pub fn spellings(&self) -> impl Iterator<Item = String> {
        let file = self.is_secret().then(|| format!("{}_file", self.name));
        [self.name.to_owned()].into_iter().chain(file)
    }

    /// True if a text of the settings is this key, an entry of its table, or the file of its
    /// secret.
    pub fn matches(&self, text: &str) -> bool {
        match self.value {
            SettingType::Table(..) | SettingType::SecretTable(..) => {
                text.strip_prefix(self.name).is_some_and(|rest| rest.starts_with('.'))
            }
            SettingType::Secret => text.strip_suffix("_file").unwrap_or(text) == self.name,
            _ => text == self.name,
        }
    }
}
