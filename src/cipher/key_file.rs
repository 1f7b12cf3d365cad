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
//! Quotes, braces, labels and tags around them are left out: see `key_line.rs`.

use zeroize::Zeroizing;

pub use crate::cipher::key_entry::{KeyEntry, MeterName};

use crate::{
    cipher::{
        key::Key,
        key_groups::{self, KeyField},
        key_line::{self, KeyColumn, KeyLabel, KeyLine},
        key_name::{
            LONGEST_NUMBER, NUMBER, heading_name, is_date, meter_of, name_of, sure_name, title,
        },
        key_pieces::{self, KeyPiece},
        quoted_printable,
    },
    error::{Cause, Error, Layer},
};

/// A line that cannot be read: the place, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line, from 1.
    pub line: usize,
    /// The cause; its offset counts characters of the line.
    pub error: Error,
}

/// The defect of a file whose only key bears the label of an authentication key.
pub const ONLY_AUTHENTICATION: &str =
    "only an authentication key (GAK) in the file, no encryption key (GUEK)";

/// The defect of a label without a key.
pub const MISSING: &str = "the key is missing";

/// The defect of a number without a key.
pub const NUMBER_ALONE: &str = "no key stands beside the number of a meter";

/// Signs in front of a name whose value stands elsewhere: `$GUEK`, `%GUEK%`, `!secret guek`.
pub const REFERENCES: [char; 3] = ['$', '%', '!'];

/// Reads all lines.
///
/// # Errors
/// The first line that is not as above, or line 0 if there is no key at all.
pub fn parse(text: &str) -> Result<Vec<KeyEntry>, Defect> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &*Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
    let defect = match lines(text).and_then(KeyFileReader::finish) {
        Err(defect) if defect.line > 0 => defect,
        read => return read,
    };
    // A key may be wrapped, or have an octet a line; a mail and an address may have escapes.
    let decoded = |sign| parse(&quoted_printable::decoded(text, sign)?).ok();
    wrapped(text)
        .or_else(|| parse(&rejoined(text)?).ok())
        .or_else(|| quoted_printable::SIGNS.into_iter().find_map(decoded))
        .ok_or(defect)
}

/// Reads the text of an authentication key alone.
///
/// # Errors
/// As [`parse`].
pub fn parse_authentication_key(text: &str) -> Result<Key, Defect> {
    let (mut entries, gak) =
        key_groups::entries(&lines(text.trim_start_matches('\u{feff}'))?.fields);
    let key = entries.drain(..).next().map(|entry| entry.gak.unwrap_or(entry.guek));
    gak.or(key).ok_or_else(|| Defect { line: 0, error: column(0, "no key in the file") })
}

fn lines(text: &str) -> Result<KeyFileReader, Defect> {
    let mut reader = KeyFileReader::default();
    for piece in key_pieces::of(text) {
        let place = |error: Error| Defect {
            line: piece.line,
            error: Error { offset: error.offset + piece.column, ..error },
        };
        reader.piece(&piece).map_err(place)?;
    }
    Ok(reader)
}

/// The state between two lines.
#[derive(Default)]
struct KeyFileReader {
    fields: Vec<KeyField>,
    /// Where the fields of each open object begin.
    objects: Vec<usize>,
    /// A label that stands alone on its line.
    label: Option<KeyLabel>,
    /// The columns of a table have the authentication key first.
    is_gak_first: bool,
    /// The first line that has text and no key.
    skipped: Option<Defect>,
}

impl KeyFileReader {
    fn piece(&mut self, piece: &KeyPiece) -> Result<(), Error> {
        self.objects.extend(core::iter::repeat_n(self.fields.len(), piece.opened));
        if piece.is_section {
            self.fields.push(KeyField::End);
        }
        self.line(piece)?;
        let closed = self.objects.len().saturating_sub(piece.closed);
        let starts = self.objects.split_off(closed);
        if starts.iter().any(|start| *start < self.fields.len()) {
            self.fields.push(KeyField::End);
        }
        Ok(())
    }

    fn line(&mut self, piece: &KeyPiece) -> Result<(), Error> {
        let (text, number) = (&piece.text, piece.line);
        let mut line = KeyLine::of(text, self.label);
        if !line.text().contains(char::is_alphanumeric) {
            let heading = key_line::heading(text);
            self.label = line.open_label().filter(|_| heading.len() < 2);
            if heading.len() > 1 {
                let first = heading.iter().find(|label| **label != KeyLabel::Meter);
                self.is_gak_first = first == Some(&KeyLabel::Authentication)
                    && heading.contains(&KeyLabel::Encryption);
            }
            let reference = text.chars().position(|c| REFERENCES.contains(&c));
            match (self.label, reference) {
                (Some(KeyLabel::Encryption), None) => {
                    self.skip(number, column(line.end(), MISSING));
                }
                (Some(_), at) => {
                    self.skip(number, Error::new(Layer::Key, at.unwrap_or(0), Cause::NotHex));
                }
                (None, _) => {}
            }
            return Ok(());
        }
        // The heading of columns is no label of the row below.
        let is_label = |it| matches!(it, KeyLabel::Encryption | KeyLabel::Authentication);
        if self.label.take().is_some_and(is_label) && key_of(&line.columns()).is_none() {
            line = KeyLine::of(text, None);
        }
        let columns = line.columns();
        if columns.iter().any(|column| column.label.is_some()) {
            return self.labelled(&line, &columns, number);
        }
        if let Some(name) = heading_name(&columns, piece.is_section) {
            self.skip(number, column(first_at(&columns), NUMBER_ALONE));
            self.fields.push(KeyField::Name { name, line: number, may_be_remark: true });
            return Ok(());
        }
        if piece.is_section && !columns.iter().any(|column| looks_like_key(column.text)) {
            return Ok(());
        }
        match entry(&line) {
            Ok(entry) => self.row(entry, number),
            Err(_) if are_names_and_keys(&columns) => self.labelled(&line, &columns, number)?,
            // The digest of a file, in front of its name.
            Err(error) if digits_of(&columns) > DIGITS + SLIP && line.end() > 0 => {
                self.skip(number, error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A row of columns without labels.
    fn row(&mut self, KeyEntry { name, guek, gak }: KeyEntry, line: usize) {
        let name = name.map(|name| KeyField::Name { name, line, may_be_remark: false });
        self.fields.extend(name);
        let (guek, gak) = match gak {
            Some(gak) if self.is_gak_first => (gak, Some(guek)),
            gak => (guek, gak),
        };
        self.fields.push(KeyField::Guek(guek, line));
        self.fields.extend(gak.map(KeyField::Gak));
    }

    /// A line whose columns have names, or are several meters.
    fn labelled(
        &mut self,
        line: &KeyLine,
        columns: &[KeyColumn<'_>],
        number: usize,
    ) -> Result<(), Error> {
        let start = self.fields.len();
        let mut rest = columns;
        // The label in front of the number of a meter, `GAK_181220000009=…`, or of the one before.
        let (mut kind, mut last_kind) = (None, None);
        while let Some((first, _)) = rest.split_first() {
            let Some((key, behind)) = key_of(rest) else {
                let this = rest;
                rest = rest.get(1..).unwrap_or_default();
                let digits = digits(first.text);
                let meter = (NUMBER..=LONGEST_NUMBER).contains(&first.text.len());
                let is_number = first.text.bytes().all(|c| c.is_ascii_digit());
                // `The key of the meter 181220000009 is: 36C6…`, `The key of 01.05.2024 is …`.
                // The key may stand in a line of its own.
                let is_beside_key = (is_number || is_date(first.text))
                    && first.text.len() <= LONGEST_NUMBER
                    && (has_key(rest) || rest.is_empty() && meter_of(first.text).is_some());
                let name = match first.label {
                    Some(KeyLabel::Encryption | KeyLabel::Authentication) if is_beside_key => {
                        last_kind = first.label;
                        meter_of(first.text).filter(|_| meter)
                    }
                    // The number of the key, or of a letter about it.
                    Some(KeyLabel::Encryption)
                        if is_api_key(first.text) || digits_of(belonging(this)) < LEAST_PART =>
                    {
                        self.skip(number, defect_of(this));
                        None
                    }
                    Some(KeyLabel::Encryption | KeyLabel::Authentication) => {
                        return Err(defect_of(this));
                    }
                    // A digest has more digits.
                    Some(KeyLabel::Other) if digits > DIGITS + SLIP => None,
                    _ if digits + SLIP >= DIGITS => return Err(defect_of(this)),
                    Some(KeyLabel::Other) => None,
                    None => sure_name(first.text).filter(|_| meter),
                    _ => name_of(first.text).filter(|_| meter),
                };
                let may_be_remark = !matches!(first.label, None | Some(KeyLabel::Meter));
                let name = name.map(|name| KeyField::Name { name, line: number, may_be_remark });
                kind = last_kind.filter(|_| name.is_some()).or(kind);
                self.fields.extend(name);
                continue;
            };
            rest = behind;
            let is_key = |it: &KeyLabel| *it != KeyLabel::Other;
            let is_second = matches!(self.fields.get(start..), Some([.., KeyField::Guek(..)]));
            let is_gak = match first.label.filter(is_key).or(kind.take()) {
                Some(KeyLabel::Authentication) => true,
                Some(_) => false,
                None => is_second && first.label.is_none(),
            };
            self.fields.push(match is_gak {
                true => KeyField::Gak(key),
                false => KeyField::Guek(key, number),
            });
        }
        let is_name = |field: &KeyField| matches!(field, KeyField::Name { .. });
        match self.fields.get(start..).unwrap_or_default() {
            [] => self.skip(number, defect(line.text())),
            fields if fields.iter().all(is_name) => {
                self.skip(number, column(first_at(columns), NUMBER_ALONE));
            }
            _ => {}
        }
        Ok(())
    }

    fn skip(&mut self, line: usize, error: Error) {
        self.skipped.get_or_insert(Defect { line, error });
    }

    fn finish(self) -> Result<Vec<KeyEntry>, Defect> {
        let nothing = |what| Defect { line: 0, error: column(0, what) };
        match (key_groups::entries(&self.fields), self.skipped) {
            ((entries, _), _) if !entries.is_empty() => Ok(entries),
            ((_, Some(_)), _) => Err(nothing(ONLY_AUTHENTICATION)),
            ((_, None), Some(defect)) => Err(defect),
            ((_, None), None) => Err(nothing("no key in the file")),
        }
    }
}

/// True if a key follows that has no label of its own.
fn has_key(columns: &[KeyColumn<'_>]) -> bool {
    let of_label = |it: &KeyColumn<'_>| {
        !matches!(it.label, Some(KeyLabel::Encryption | KeyLabel::Authentication))
    };
    let mut starts = (0..columns.len()).filter_map(|at| columns.get(at..));
    starts.any(|rest| key_of(rest).is_some() && rest.first().is_some_and(of_label))
}

/// True for 32 octets in base64, without their padding: the key of another interface of the same program.
fn is_api_key(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'))
}

/// True if each column is a whole key, the name of a meter, or a date.
fn are_names_and_keys(columns: &[KeyColumn<'_>]) -> bool {
    let is_key = |it: &KeyColumn<'_>| Key::parse(it.text).is_ok();
    let is_known =
        |it: &KeyColumn<'_>| is_key(it) || sure_name(it.text).is_some() || is_date(it.text);
    columns.iter().any(is_key)
        && columns.iter().all(is_known)
        && columns.chunk_by(|one, next| is_key(one) == is_key(next)).all(|run| run.len() <= COLUMNS)
        && !columns.iter().all(is_key)
}

/// The key that all lines make together.
fn wrapped(text: &str) -> Option<Vec<KeyEntry>> {
    let lines: Vec<_> = text.lines().map(|line| KeyLine::of(line, None)).collect();
    let columns: Vec<_> = lines.iter().flat_map(KeyLine::columns).collect();
    let one = || {
        // Numbers that are sixteen together, one or more a line.
        let text = Zeroizing::new(text.replace("-\n", ""));
        let text = Zeroizing::new(text.replace('\n', " "));
        let line = KeyLine::of(&text, None);
        let columns = line.columns();
        let (guek, gak) = keys_of(&columns)?;
        Some(vec![KeyEntry { name: None, guek, gak }])
    };
    let Some((guek, rest)) = key_of(&columns) else {
        return one();
    };
    rest.is_empty().then(|| vec![KeyEntry { name: None, guek, gak: None }])
}

/// The text with the end of a key behind its start: some programs wrap the last digits.
fn rejoined(text: &str) -> Option<Zeroizing<String>> {
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    // The digits of a key at the end of what is written.
    let mut begun = 0;
    for line in text.lines() {
        let rest = line.trim_start();
        let end = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_end = end > 0 && begun > LONGEST_NUMBER && begun + end == DIGITS;
        match is_end && !rest.get(end..).is_some_and(|it| it.starts_with(char::is_alphanumeric)) {
            true => {
                let size = whole.trim_end().len();
                whole.truncate(size);
                whole.push_str(rest);
            }
            false => whole.push_str(line),
        }
        begun = whole.trim_end().bytes().rev().take_while(u8::is_ascii_hexdigit).count();
        whole.push('\n');
    }
    (whole.trim_end().len() < text.trim_end().len()).then_some(whole)
}

/// The key that some columns begin with, in one piece or in groups of one size, and the columns
/// behind it.
fn key_of<'a, 'b>(columns: &'a [KeyColumn<'b>]) -> Option<(Key, &'a [KeyColumn<'b>])> {
    let width = digits(columns.first()?.text);
    let count = DIGITS.checked_div(width).filter(|count| count * width == DIGITS)?;
    let (groups, behind) = columns.split_at_checked(count)?;
    let alike = groups.iter().all(|group| digits(group.text) == width);
    let together = groups.iter().skip(1).all(|group| group.label.is_none());
    let text: Vec<_> = groups.iter().map(|group| group.text).collect();
    let text = Zeroizing::new(text.join(" "));
    Key::parse(&text).ok().filter(|_| alike && together).map(|key| (key, behind))
}

/// Hex digits of a column, without that of `0x`.
fn digits(text: &str) -> usize {
    let signs = text.matches("0x").count() + text.matches("0X").count();
    text.chars().filter(char::is_ascii_hexdigit).count() - signs
}

/// Hex digits of columns.
fn digits_of(columns: &[KeyColumn<'_>]) -> usize {
    columns.iter().map(|column| digits(column.text)).sum()
}

/// The first character of some columns.
fn first_at(columns: &[KeyColumn<'_>]) -> usize {
    columns.first().map_or(0, |first| first.at)
}

/// The first column and those that belong to it.
fn belonging<'a, 'b>(columns: &'a [KeyColumn<'b>]) -> &'a [KeyColumn<'b>] {
    let is_next = |it: &KeyColumn<'_>| it.label.is_some() || Key::parse(it.text).is_ok();
    let rest = columns.iter().skip(1).position(is_next);
    rest.and_then(|rest| columns.get(..=rest)).unwrap_or(columns)
}

/// The defect of the first column and those that belong to it.
fn defect_of(columns: &[KeyColumn<'_>]) -> Error {
    let start = first_at(columns);
    let end = columns.last().map_or(0, |last| last.at - start + last.text.len());
    let mut text = Zeroizing::new(String::with_capacity(end));
    for column in belonging(columns) {
        let blanks = (column.at - start).saturating_sub(text.chars().count());
        text.extend(core::iter::repeat_n(' ', blanks));
        text.push_str(column.text);
    }
    let error = defect(&text);
    Error { offset: error.offset + start, ..error }
}

fn defect(line: &str) -> Error {
    Key::parse(line).err().unwrap_or_else(|| column(0, "too many columns"))
}

fn entry(line: &KeyLine) -> Result<KeyEntry, Error> {
    let columns = line.columns();
    for count in [0, 1, 2, 4, 8] {
        let Some((name, keys)) = columns.split_at_checked(count) else {
            break;
        };
        let text: Zeroizing<String> =
            Zeroizing::new(name.iter().map(|column| column.text).collect());
        // The offset of a row of a dump is no number of a meter.
        let is_number = || meter_of(&text).is_some() && !text.starts_with("00");
        let is_name = match count {
            1 => !looks_like_key(&text) && (keys.len() <= COLUMNS || is_number()),
            _ => title(&text).is_some(),
        };
        if (count == 0 || is_name)
            && let Some((guek, gak)) = keys_of(keys)
        {
            return Ok(KeyEntry { name: meter_of(&text), guek, gak });
        }
    }
    let line = line.text();
    let columns: Vec<&str> = line.split_whitespace().collect();
    let key = |text: &str| {
        let start = line.find(text).map_or(0, |at| line.get(..at).map_or(0, |s| s.chars().count()));
        Key::parse(text).map_err(|error| Error { offset: error.offset + start, ..error })
    };
    let cause = match *columns.as_slice() {
        [guek, gak] if looks_like_key(guek) => key(guek).and_then(|_| key(gak)).err(),
        [_, guek] => key(guek).err(),
        [name, guek, gak] if !looks_like_key(name) => key(guek).and_then(|_| key(gak)).err(),
        _ => key(line.trim()).err(),
    };
    Err(cause.unwrap_or_else(|| column(0, "too many columns")))
}

/// The key that columns are, or both keys.
fn keys_of(columns: &[KeyColumn<'_>]) -> Option<(Key, Option<Key>)> {
    let (guek, rest) = key_of(columns)?;
    if rest.is_empty() {
        return Some((guek, None));
    }
    let (gak, rest) = key_of(rest)?;
    rest.is_empty().then_some((guek, Some(gak)))
}

/// Longer than any meter number: a key, perhaps with a digit too few or too many.
fn looks_like_key(column: &str) -> bool {
    digits(column) > 20
}

/// The columns of two keys that have one each.
const COLUMNS: usize = 2;

/// Hex digits of a key.
const DIGITS: usize = 32;

/// Digits that are missing or too many by a slip.
const SLIP: usize = 4;

/// Fewer digits than that are no part of a key.
const LEAST_PART: usize = DIGITS / 2;

const fn column(offset: usize, what: &'static str) -> Error {
    Error::new(Layer::Key, offset, Cause::Column { what })
}

#[cfg(test)]
#[path = "key_forms_test.rs"]
mod key_forms_test;

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
    const B: &str = "000102030405060708090A0B0C0D0E0F";

    fn spaced(digits: &str, separator: &str) -> String {
        let octets: Vec<_> = (0..16).map(|at| &digits[2 * at..2 * at + 2]).collect();
        octets.join(separator)
    }

    #[test]
    fn a_password_is_never_the_key_whatever_it_is_made_of() {
        for password in
            ["Sommer2024", "12345678", "abcdef12", "f3A9c27be10d4482aa01", "auth1!", "GAK=1"]
        {
            for text in [
                format!("Passwort: {password}\nSchlüssel: {A}\n"),
                format!("Benutzer: max, Passwort: {password}, Schlüssel: {A}\n"),
                format!("Kennwort = {password}; GUEK = {A}; GAK = {B}\n"),
                format!("Passwort:\n{password}\nSchlüssel:\n{A}\n"),
                format!("PIN: {password}\nKey: {A}\n"),
            ] {
                let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
                assert_eq!(entries.len(), 1, "{text}");
                assert_eq!(Some(&entries[0].guek), Key::parse(A).ok().as_ref(), "{text}");
                assert_eq!(entries[0].gak.is_some(), text.contains(B), "{text}");
            }
        }
        // Some call the key so.
        assert!(parse(&format!("Passwort: {A}\n")).is_ok());
    }

    #[test]
    fn keys_in_the_notation_of_programs_are_read() {
        let octets = hex::decode(A).unwrap();
        let decimal: Vec<_> = octets.iter().map(u8::to_string).collect();
        let hex: Vec<_> = octets.iter().map(|octet| format!("0x{octet:02x}")).collect();
        for text in [
            decimal.join(", "),
            format!("key = [{}]", decimal.join(",")),
            decimal.join("\n"),
            format!("const uint8_t KEY[16] = {{{}}};", hex.join(", ")),
            r"KEY = b'6\xc6f9\xe4\x8a\x8c\xa4\xd6\xbc\x8b(*y;\xbb'".to_owned(),
            r"bytearray(b'6\xc6f9\xe4\x8a\x8c\xa4\xd6\xbc\x8b(*y;\xbb')".to_owned(),
            "NsZmOeSKjKTWvIsoKnk7uw==".to_owned(),
        ] {
            let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
            assert_eq!((entries.len(), &entries[0].name), (1, &None), "{text}");
            assert_eq!(Some(&entries[0].guek), Key::parse(A).ok().as_ref(), "{text}");
        }
    }

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
    fn marks_and_labels_are_left_out() {
        let plain = KeyEntry { name: None, guek: Key::parse(A).unwrap(), gak: None };
        let octets: Vec<_> = A.as_bytes().chunks(2).map(|two| core::str::from_utf8(two)).collect();
        let octets: Vec<_> = octets.into_iter().map(Result::unwrap).collect();
        for text in [
            format!("\"{A}\""),
            format!("'{A}'\n"),
            format!("„{A}“"),
            format!("“{A}”"),
            format!("»{A}«"),
            format!("`{A}`"),
            format!("GUEK: {A}"),
            format!("GUEK:{A}"),
            format!("GUEK={A}"),
            format!("GUEK {A}"),
            format!("P1_GUEK=\"{A}\""),
            format!("export P1_GUEK='{A}'"),
            format!("set -x P1_GUEK {A}"),
            format!("Schlüssel = {A}"),
            format!("Schlüssel: {A};"),
            format!("Mein Schlüssel (GUEK) lautet: {A}."),
            format!("Ihr Schlüssel für den Zähler 181220000009 lautet: {A}."),
            format!("{}\u{200b}{}", &A[..8], &A[8..]),
            format!("{}-\n{}", &A[..17], &A[17..]),
            format!("GUEK:\n{A}"),
            format!("Mein Schlüssel\n\n{A}\n"),
            format!("- **GUEK:** `{A}`"),
            format!("* key: {A}"),
            format!("Key1: {A}"),
            format!("{{\"key\":\"{A}\"}}"),
            format!("{{\n  \"key\": \"{A}\",\n  \"valid\": \"2026-01-01\"\n}}"),
            format!("---\ndecryption_key: \"{A}\"\n"),
            format!("<tr><td>Schl&uuml;ssel</td><td>{A}</td></tr>"),
            format!("<html><body>\n<p>GUEK:&nbsp;<b>{A}</b></p>\n</body></html>"),
            format!("{{\\rtf1\\ansi\\deff0\r\n\\pard\\f0\\fs22 GUEK: {A}\\par\r\n}}"),
            format!("Zählpunkt: AT0012345000000000000000001234567\nGUEK: {A}"),
            format!("AT0012345000000000000000001234567: {A}"),
            format!("Zählernummer: 1234567\nGUEK: {A}"),
            format!("Kundennummer: 1234567890 GUEK: {A}"),
            format!("{{ 0x{} }}", octets.join(", 0x")),
            format!("uint8_t key[] = {{0x{}}};", octets.join(",0x")),
            format!("[\"{}\"]", octets.join("\", \"")),
            format!("\\x{}", octets.join("\\x")),
            octets.join("\n"),
            format!("0x{}", octets.join(",\n0x")),
            format!("{}\n{}\n", &A[..16], &A[16..]),
            format!("{},{},{},{}", &A[..8], &A[8..16], &A[16..24], &A[24..]),
            format!("\u{200b}{A}\u{a0}"),
            format!("Zählpunkt: AT0010000000000000001000000404247\n{A}"),
            format!("Zählpunkt: AT0020000000000000000000181220404247\nGUEK: {A}"),
            format!("GUEK\n| --- |\n| {A} |"),
            format!(
                "uint8_t KEY[] = {{\n  0x{},\n  0x{}\n}};",
                octets[..8].join(", 0x"),
                octets[8..].join(",0x")
            ),
            format!("#define KEY \"{A}\""),
            format!("#define KEY {{0x{}}}", octets.join(",0x")),
            format!("<keys>\n  <key value=\"{A}\"/>\n</keys>"),
            format!("<{A}>"),
            format!("; mine\n{A}"),
            format!("# mine\r{A}\r"),
            format!("{A} // mine"),
            format!("{}_{}", &A[..16], &A[16..]),
            format!("{A}h"),
        ] {
            assert_eq!(parse(&text), Ok(vec![plain.clone()]), "{text}");
        }
    }

    #[test]
    fn a_label_tells_what_a_key_is() {
        let (a, b) = (Key::parse(A).unwrap(), Key::parse(B).unwrap());
        let number = MeterName::Meter("181220000009".into());
        let entry = |name: Option<&MeterName>, gak: Option<&Key>| KeyEntry {
            name: name.cloned(),
            guek: a.clone(),
            gak: gak.cloned(),
        };
        for text in [
            format!("GUEK: {A}\nGAK: {B}"),
            format!("GAK: {B}\nGUEK: {A}"),
            format!("GUEK: {A} GAK: {B}"),
            format!("GUEK:\n{A}\nGAK:\n{B}"),
            format!("{{\"gak\":\"{B}\",\"guek\":\"{A}\"}}"),
            format!("encryption_key: {A}\nauthentication_key: {B}"),
            format!("EK={A}\nAK={B}"),
            format!("{A}{B}"),
            format!("GUEK: {A}{B}"),
            format!("{A}/{B}"),
            format!("GUEK;GAK\n{A};{B}"),
            format!("#define KEY \"{A}\"\n#define AUTH_KEY \"{B}\""),
            format!("<meter key=\"{A}\" gak=\"{B}\"/>"),
            format!("GUEK = {{\n0x{}\n}};\nGAK = {{\n{}\n}};", spaced(A, ",0x"), spaced(B, " ")),
            format!("{A} {}", spaced(B, " ")),
        ] {
            assert_eq!(parse(&text), Ok(vec![entry(None, Some(&b))]), "{text}");
        }
        for text in [
            format!("181220000009: {A}"),
            format!("181220000009;{A}"),
            format!("181220000009,{A}"),
            format!("181220000009={A}"),
            format!("\"181220000009\": \"{A}\""),
            format!("meter: 181220000009, key: {A}"),
            format!("{{\"meter\":\"181220000009\",\"key\":\"{A}\"}}"),
            format!("Zähler 181220000009: {A}"),
            format!("Zählernummer;Schlüssel\n181220000009;{A}"),
            format!("| Zähler | Schlüssel |\n|---|---|\n| 181220000009 | {A} |"),
            format!("<meter number=\"181220000009\" key=\"{A}\"/>"),
        ] {
            assert_eq!(parse(&text), Ok(vec![entry(Some(&number), None)]), "{text}");
        }
        let two = format!("meter: 181220000009\nkey: {A}\nmeter: 4b464d6750000009\nkey: {A}\n");
        let title = MeterName::Title([0x4b, 0x46, 0x4d, 0x67, 0x50, 0, 0, 9]);
        assert_eq!(parse(&two), Ok(vec![entry(Some(&number), None), entry(Some(&title), None)]));
        for name in ["4B:46:4D:67:50:00:00:09", "4B 46 4D 67 50 00 00 09", "4b464d6750000009"] {
            for key in [A.to_owned(), spaced(A, " ")] {
                let entries = parse(&format!("{name} {key}"));
                assert_eq!(
                    entries,
                    Ok(vec![KeyEntry { name: Some(title.clone()), ..entry(None, None) }])
                );
            }
        }
        let only = parse(&format!("GAK: {B}")).unwrap_err();
        assert!(only.error.to_string().contains("no encryption key (GUEK)"), "{}", only.error);
        for text in [format!("GUEK: {}", &A[1..]), format!("\"{}\"", &A[1..])] {
            let defect = parse(&text).unwrap_err();
            assert_eq!(defect.error.to_string(), "key: 31 hex digits, expected 32", "{text}");
        }
        let defect = parse(&format!("GUEK: \"{}O\"", &A[1..])).unwrap_err();
        assert_eq!(defect.error.to_string(), "key: character 39 is not a hex digit");
    }

    #[test]
    fn a_word_an_item_and_a_date_in_front_of_a_key_name_no_meter() {
        for name in
            ["Bad", "cafe", "1.", "1)", "12", "2024-05-01", "01.05.2024", "1234567", "20260102"]
        {
            for text in [
                format!("{name}: {A}"),
                format!("{name} {A}"),
                format!("{name} {A} {B}"),
                format!("{name} GUEK: {A}"),
            ] {
                let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
                assert_eq!((entries.len(), &entries[0].name), (1, &None), "{text}");
            }
        }
        for name in
            ["181220000009", "44337811", "4b464d6750000009", "LGZ1030781910790", "abcdefabcdefabcd"]
        {
            assert!(parse(&format!("{name} {A}")).unwrap()[0].name.is_some(), "{name}");
        }
    }

    #[test]
    fn a_number_within_a_label_is_part_of_it() {
        for label in [
            "Key 1:",
            "Schlüssel 2 =",
            "Key 12 = ",
            "GUEK (32):",
            "Schlüssel (16 Byte):",
            "GUEK 1:",
        ] {
            let entries = parse(&format!("{label} {A}")).unwrap();
            assert_eq!(
                (entries[0].guek.clone(), &entries[0].name),
                (Key::parse(A).unwrap(), &None)
            );
        }
        let entries = parse(&format!("GUEK: {}", spaced(A, " "))).unwrap();
        assert_eq!(entries[0].guek, Key::parse(A).unwrap());
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
