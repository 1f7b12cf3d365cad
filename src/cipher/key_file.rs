//! The text of a key file.
//!
//! ```text
//! # one meter: its key, and the authentication key if there is one
//! 36C66639E48A8CA4D6BC8B282A793BBB
//!
//! # several: a system title or a meter number in front
//! 4b464d6750000009  36C66639E48A8CA4D6BC8B282A793BBB
//! 181220000009      36C66639E48A8CA4D6BC8B282A793BBB  000102030405060708090A0B0C0D0E0F
//! ```
//!
//! Columns are separated by blanks; `#` begins a comment; a single key may have blanks inside.

use crate::{
    cipher::{ciphered::SystemTitle, key::Key},
    error::{Cause, Error, Layer},
};

/// The keys of one meter, or of any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The meter; `None` means any.
    pub name: Option<MeterName>,
    /// The encryption key.
    pub guek: Key,
    /// The authentication key.
    pub gak: Option<Key>,
}

/// How a key file names a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeterName {
    /// By its system title, which every ciphered telegram shows.
    Title(SystemTitle),
    /// By its number, which only the decrypted telegram shows.
    Meter(String),
}

/// A line that cannot be read: the place, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line, from 1.
    pub line: usize,
    /// The cause; its offset counts characters of the line.
    pub error: Error,
}

/// Reads all lines.
///
/// # Errors
/// The first line that is not as above, or line 0 if there is no key at all.
pub fn parse(text: &str) -> Result<Vec<KeyEntry>, Defect> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let data = line.split('#').next().unwrap_or_default();
        if !data.trim().is_empty() {
            entries.push(entry(data).map_err(|error| Defect { line: index + 1, error })?);
        }
    }
    match entries.is_empty() {
        true => Err(Defect { line: 0, error: column(0, "no key in the file") }),
        false => Ok(entries),
    }
}

fn entry(line: &str) -> Result<KeyEntry, Error> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    if is_one_key(&columns)
        && let Ok(guek) = Key::parse(line)
    {
        return Ok(KeyEntry { name: None, guek, gak: None });
    }
    let key = |text: &str| {
        let start = line.find(text).map_or(0, |at| line.get(..at).map_or(0, |s| s.chars().count()));
        Key::parse(text).map_err(|error| Error { offset: error.offset + start, ..error })
    };
    match *columns.as_slice() {
        [guek, gak] if looks_like_key(guek) => {
            Ok(KeyEntry { name: None, guek: key(guek)?, gak: Some(key(gak)?) })
        }
        [name, guek] => Ok(KeyEntry { name: Some(name_of(name)), guek: key(guek)?, gak: None }),
        [name, guek, gak] if !looks_like_key(name) => {
            Ok(KeyEntry { name: Some(name_of(name)), guek: key(guek)?, gak: Some(key(gak)?) })
        }
        _ => Err(key(line.trim()).err().unwrap_or_else(|| column(0, "too many columns"))),
    }
}

/// True if columns may be the groups of one key: each has the same number of digits. A meter number
/// with a short key behind it does not pass.
fn is_one_key(columns: &[&str]) -> bool {
    let digits = |column: &&str| column.chars().filter(char::is_ascii_hexdigit).count();
    let mut sizes = columns.iter().map(digits);
    let first = sizes.next();
    sizes.all(|size| Some(size) == first)
}

/// Longer than any meter number: a key, perhaps with a digit too few or too many.
fn looks_like_key(column: &str) -> bool {
    column.len() > 20
}

fn name_of(column: &str) -> MeterName {
    let mut title = SystemTitle::default();
    match hex::decode_to_slice(column, &mut title) {
        Ok(()) => MeterName::Title(title),
        Err(_) => MeterName::Meter(column.to_owned()),
    }
}

const fn column(offset: usize, what: &'static str) -> Error {
    Error::new(Layer::Key, offset, Cause::Column { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
    const B: &str = "000102030405060708090A0B0C0D0E0F";

    #[test]
    fn all_forms_of_a_line_are_read() {
        let text = format!(
            "\u{feff}# my meters\r\n\r\n{A}\r\n{A} {B} # with a tag\n4b464d6750000009\t{A}\n181220000009 {A}  {B}\n"
        );
        let (a, b) = (Key::parse(A).unwrap(), Key::parse(B).unwrap());
        let title = MeterName::Title([0x4b, 0x46, 0x4d, 0x67, 0x50, 0, 0, 9]);
        let number = MeterName::Meter("181220000009".into());
        let entry = |name, gak| KeyEntry { name, guek: a.clone(), gak };
        assert_eq!(
            parse(&text).unwrap(),
            [
                entry(None, None),
                entry(None, Some(b.clone())),
                entry(Some(title), None),
                entry(Some(number), Some(b)),
            ]
        );
        assert_eq!(parse(A.split_at(16).0).unwrap_err().line, 1);
        let spaced = "36C6 6639 E48A 8CA4 D6BC 8B28 2A79 3BBB";
        assert_eq!(parse(spaced).unwrap(), [entry(None, None)]);
    }

    #[test]
    fn a_defect_is_named_by_line_and_character() {
        let message = |text: &str| {
            let defect = parse(text).unwrap_err();
            format!("line {}: {}", defect.line, defect.error)
        };
        assert_eq!(message("#\n  \n"), "line 0: key: no key in the file at character 1");
        assert_eq!(
            message(&format!("{A}\n181220000009 {}O", &A[..31])),
            "line 2: key: character 45 is not a hex digit"
        );
        // Digits enough for one key, but they are a meter number and a key cut short.
        assert_eq!(
            message(&format!("181220000009 {}", &A[..20])),
            "line 1: key: 20 hex digits, expected 32"
        );
        assert_eq!(message(&A[1..]), "line 1: key: 31 hex digits, expected 32");
        assert_eq!(message(&format!("{A} {}", &A[1..])), "line 1: key: 31 hex digits, expected 32");
        assert!(message(&format!("a {A} {A} {A}")).starts_with("line 1: key: "));
        for text in [&A[1..], &format!("x {A}1")] {
            assert!(!message(text).contains(&A[1..9]), "the text of a key never shows");
        }
    }
}
