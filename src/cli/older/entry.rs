//! One setting of an older program.

use zeroize::Zeroizing;

/// One setting: nested ones have all names on their way, as in `mqtt.broker`, and the number of a list's
/// element counts from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldEntry {
    /// The name.
    pub key: String,
    /// The name as it stands there: an option of a command line may set a variable.
    pub written: String,
    /// The value.
    pub value: OldValue,
    /// The line, from 1; 0 for one that comes from a command line.
    pub line: usize,
}

/// The value of a setting.
#[derive(Clone, PartialEq, Eq)]
pub enum OldValue {
    /// A text, which may be a secret.
    Text(Zeroizing<String>),
    /// A number, in its digits.
    Number(String),
    /// True or false.
    Truth(bool),
    /// Nothing, as JSON's `null`; also an empty object or list.
    Nothing,
}

impl OldEntry {
    /// An entry.
    pub fn new(key: impl Into<String>, value: OldValue, line: usize) -> Self {
        let key = key.into();
        Self { written: key.clone(), key, value, line }
    }

    /// True for a setting that others may name: an option of a command line is none.
    pub fn is_variable(&self) -> bool {
        self.written == self.key
    }

    /// The same under another name.
    pub fn called(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }
}

impl OldValue {
    /// A text.
    pub fn of_text(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }

    /// The value as text; nothing is empty.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(digits) => digits,
            Self::Truth(true) => "true",
            Self::Truth(false) => "false",
            Self::Nothing => "",
        }
    }

    /// True for a value that Python takes for true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Number(digits) => digits.contains(|c: char| ('1'..='9').contains(&c)),
            Self::Truth(truth) => *truth,
            Self::Nothing => false,
        }
    }
}

/// A text may be a secret, so it is not shown.
impl core::fmt::Debug for OldValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Number(digits) => f.write_str(digits),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}
