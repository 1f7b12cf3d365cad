//! The reason why there is no key, in words for messages and for reports.

use std::io;

use crate::cli::run::status::Stop;
use meterpipe::{
    cipher::key_file::{
        Defect, MISSING, NUMBER_ALONE, ONLY_AUTHENTICATION, OTHER_NAME, REFERENCES,
    },
    diagnosis::diagnosis::Wording,
    error::Cause,
    file_error,
};

/// A key that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblem {
    /// The kind of the fault.
    pub fault: KeyFault,
    /// The place and the reason.
    pub text: Wording,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// There is no such file.
    Missing,
    /// The file cannot be read, or is a folder.
    Unreadable,
    /// The file is empty.
    Empty,
    /// The file has text, and no key.
    NoKey,
    /// A key is damaged, or stands behind marks that nobody knows.
    Format,
    /// The only key is an authentication key.
    OnlyAuthentication,
}

impl KeyProblem {
    /// A file that cannot be read.
    pub fn of_file(name: &str, error: &io::Error) -> Self {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => KeyFault::Missing,
            _ => KeyFault::Unreadable,
        };
        let (english, german) = (file_error::unreadable(error), file_error::german(error));
        Self {
            fault,
            text: Wording::new(format!("{name}: {english}"), format!("{name}: {german}")),
        }
    }

    /// A fault with both texts, behind the name of the file.
    pub fn new(fault: KeyFault, name: &str, [english, german]: [&str; 2]) -> Self {
        Self {
            fault,
            text: Wording::new(format!("{name}: {english}"), format!("{name}: {german}")),
        }
    }

    /// A defect of a text. `mark` is the character in the way, if it is one.
    pub fn of_defect(text: &str, name: &str, defect: &Defect, mark: &str) -> Self {
        let is_file = !name.starts_with(['-', '$']) || name == "-";
        let is_empty = text.trim().is_empty();
        let is_gak = defect.error.cause == Cause::Column { what: ONLY_AUTHENTICATION };
        let is_missing = defect.error.cause == Cause::Column { what: MISSING };
        let is_other = is_missing
            || matches!(defect.error.cause, Cause::Column { what: NUMBER_ALONE | OTHER_NAME });
        let [place, ort] = match defect.line {
            0 if !is_file || is_gak => [name.to_owned(), name.to_owned()],
            0 if is_empty => {
                return Self::new(
                    KeyFault::Empty,
                    name,
                    ["the key file is empty", "die Schlüsseldatei ist leer"],
                );
            }
            0 => {
                return Self::new(
                    KeyFault::NoKey,
                    name,
                    ["the key file has no key", "die Schlüsseldatei hat keinen Schlüssel"],
                );
            }
            line => [format!("{name}: line {line}"), format!("{name}: Zeile {line}")],
        };
        let fault = match defect.line {
            _ if is_gak => KeyFault::OnlyAuthentication,
            0 if is_empty => KeyFault::Empty,
            0 => KeyFault::NoKey,
            _ if has_digits(text) && !is_other => KeyFault::Format,
            _ => KeyFault::NoKey,
        };
        let [advice, rat] = match fault {
            KeyFault::NoKey if mark.ends_with(REFERENCES) => [
                ", in front of a name whose value stands elsewhere: write the key itself",
                ", vor einem Namen, dessen Wert anderswo steht: den Schlüssel selbst schreiben",
            ],
            KeyFault::NoKey if is_missing && has_key_with(text, &[]) => [
                "; other digits are not taken for it: write it there",
                "; andere Ziffern werden nicht dafür genommen: ihn dort eintragen",
            ],
            _ if defect.error.cause == (Cause::Column { what: OTHER_NAME }) => [
                "; write the name of a key in front of them if they are one: GUEK:",
                "; den Namen eines Schlüssels davor schreiben, wenn sie einer sind: GUEK:",
            ],
            _ => hint(text),
        };
        let german = german(defect);
        Self {
            fault,
            text: Wording::new(
                format!("{place}: {}{mark}{advice}", defect.error),
                format!("{ort}: {german}{mark}{rat}"),
            ),
        }
    }

    /// The same with words in front that tell which file it is.
    pub fn of([english, german]: [&str; 2], problem: Self) -> Self {
        let Wording { english: text, german: satz } = problem.text;
        let text = Wording::new(format!("{english}: {text}"), format!("{german}: {satz}"));
        Self { text, ..problem }
    }

    /// The same with a place in front.
    pub fn at(place: &str, problem: Self) -> Self {
        Self::of([place, place], problem)
    }
}

impl From<KeyProblem> for Stop {
    fn from(problem: KeyProblem) -> Self {
        Self::usage(problem.text.english)
    }
}

/// True if a part of the text may be meant as a key.
fn has_digits(text: &str) -> bool {
    let digits = |line: &str| -> usize {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        let words = words.filter(|word| word.contains(|c: char| c.is_ascii_digit()));
        words.map(str::len).sum()
    };
    text.lines().any(|line| digits(line) >= LEAST_DIGITS)
        || text.split_whitespace().filter(|word| word.len() == 2).count() >= LEAST_DIGITS
}

/// Fewer digits and letters than that are no key with a slip.
const LEAST_DIGITS: usize = 12;

/// A defect of a key in German.
pub fn german(defect: &Defect) -> String {
    let place = defect.error.offset + 1;
    match defect.error.cause {
        Cause::KeyDigits { found } => format!("{found} Hexziffern statt 32"),
        Cause::NotHex => format!("Zeichen {place} ist keine Hexziffer"),
        Cause::Column { what: ONLY_AUTHENTICATION } => {
            "nur ein Authentifizierungsschlüssel (GAK), kein Schlüssel (GUEK)".to_owned()
        }
        Cause::Column { what: NUMBER_ALONE } => {
            format!(
                "bei Zeichen {place} steht die Nummer eines Zählers, aber kein Schlüssel daneben"
            )
        }
        Cause::Column { what: OTHER_NAME } => {
            format!("die Ziffern bei Zeichen {place} heißen anders als ein Schlüssel")
        }
        Cause::Column { what: MISSING } => format!("bei Zeichen {place} fehlt der Schlüssel"),
        Cause::Column { what } if what.starts_with("no key") => "kein Schlüssel".to_owned(),
        Cause::Column { .. } => format!("zu viele oder falsche Spalten bei Zeichen {place}"),
        _ => format!("bei Zeichen {place} steht kein Schlüssel"),
    }
}

/// True for the codes of hex digits.
fn is_text(digits: &str) -> bool {
    let mut codes = digits.as_bytes().as_chunks::<2>().0.iter();
    codes.all(|code| matches!(code, [b'3', b'0'..=b'9'] | [b'4' | b'6', b'1'..=b'6']))
}

/// Advice for texts that are often mistaken for a key.
pub fn hint(text: &str) -> [&'static str; 2] {
    let text = text.trim();
    if let Some(advice) = look_alike(text) {
        return advice;
    }
    let hex = text.bytes().all(|c| c.is_ascii_hexdigit());
    match text.len() {
        16 if !text.contains(char::is_whitespace) => [
            "; 16 characters are a key only when written as 32 hex digits: xxd -p writes those",
            "; 16 Zeichen sind nur als 32 Hexziffern ein Schlüssel: xxd -p schreibt sie",
        ],
        _ if text.contains(BASE64) => [
            "; the mail is in base64: copy the key from the mail program",
            "; die Mail ist in base64: den Schlüssel aus dem Mailprogramm kopieren",
        ],
        64 if hex && !is_text(text) => [
            "; 64 digits may be both keys, GUEK and GAK: write a blank between them",
            "; 64 Ziffern können beide Schlüssel sein, GUEK und GAK: eine Leerstelle dazwischen schreiben",
        ],
        64 if hex => [
            "; 64 digits look like the character codes of a key",
            "; 64 Ziffern sehen aus wie die Zeichencodes eines Schlüssels",
        ],
        _ if has_key_with(text, &['o', 'O']) => [
            "; is a letter O meant to be a zero?",
            "; ist mit einem Buchstaben O eine Null gemeint?",
        ],
        _ if has_key_with(text, &['l', 'I', 'i']) => [
            "; is a letter l or I meant to be a one?",
            "; ist mit einem Buchstaben l oder I eine Eins gemeint?",
        ],
        _ => ["", ""],
    }
}

/// The advice about a key with a letter of another alphabet, Cyrillic or Greek.
fn look_alike(text: &str) -> Option<[&'static str; 2]> {
    macro_rules! of {
        ($letters:literal, $letter:literal) => {
            (
                $letters,
                [
                    concat!(
                        "; a letter of another alphabet looks like ",
                        $letter,
                        ": type it anew"
                    ),
                    concat!(
                        "; ein Buchstabe eines anderen Alphabets sieht aus wie ",
                        $letter,
                        ": neu tippen"
                    ),
                ],
            )
        };
    }
    let alike =
        [of!("АаΑα", "A"), of!("ВвΒ", "B"), of!("СсϹ", "C"), of!("ЕеΕ", "E"), of!("ОоΟο", "0")];
    alike.into_iter().find_map(|(letters, advice)| {
        let is_meant = |c: char| c.is_ascii_hexdigit() || alike.iter().any(|it| it.0.contains(c));
        let is_key = |word: &str| {
            word.chars().count() == 32
                && word.contains(|c| letters.contains(c))
                && word.chars().all(is_meant)
        };
        text.split(|c: char| !c.is_alphanumeric()).any(is_key).then_some(advice)
    })
}

/// The header of a saved mail whose text is not readable.
const BASE64: &str = "Content-Transfer-Encoding: base64";

/// True for a word of 32 characters that is a key, or would be one but for these letters.
fn has_key_with(text: &str, letters: &[char]) -> bool {
    let is_meant = |c: char| c.is_ascii_hexdigit() || letters.contains(&c);
    text.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let has_letter = letters.is_empty() || word.contains(letters);
        word.len() == 32 && has_letter && word.chars().all(is_meant)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_place_of_a_key_and_a_number_alone_are_told() {
        for (text, mark, english, german) in [
            (
                "GUEK=$KEY",
                ": $",
                "hex digit: $, in front of a name",
                "Hexziffer: $, vor einem Namen",
            ),
            ("181220000009", "", "no key stands beside", "steht die Nummer eines Zählers"),
        ] {
            let defect = meterpipe::cipher::key_file::parse(text).unwrap_err();
            let found = KeyProblem::of_defect(text, "guek", &defect, mark);
            assert_eq!(found.fault, KeyFault::NoKey, "{text}");
            let Wording { english: told, german: gesagt } = found.text;
            assert!(told.contains(english) && gesagt.contains(german), "{told} {gesagt}");
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_named() {
        let key = "11112222333344445555666677778888";
        for (digit, letter, named) in [("2", "O", "letter O"), ("1", "l", "letter l")] {
            let text = format!("GUEK: {}\n", key.replacen(digit, letter, 1));
            assert!(hint(&text)[0].contains(named), "{text}");
        }
        assert_eq!(hint(&format!("GUEK: {key}\n")), ["", ""]);
        assert_eq!(hint("illegal"), ["", ""]);
        let cyrillic = "АAAA222233334444555566667777888C".replacen('C', "С", 1);
        assert!(hint(&cyrillic)[0].contains("looks like A"), "{:?}", hint(&cyrillic));
        assert!(hint(&cyrillic.replace('А', "A"))[0].contains("looks like C"));
    }
}
