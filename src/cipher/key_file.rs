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
        key_columns::{
            SLIP, are_names_and_keys, defect, defect_at, defect_of, entry, first_at, has_key,
            is_api_key, is_digest, is_nearly_key, is_no_part, key_of, keys_of, looks_like_key,
        },
        key_groups::{self, KeyField},
        key_line::{self, DIGITS, KeyColumn, KeyLabel, KeyLine},
        key_name::{LONGEST_NUMBER, NUMBER, heading_name, is_date, meter_of, name_of, sure_name},
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
    gak.or(key).ok_or_else(|| Defect { line: 0, error: defect_at(0, "no key in the file") })
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
    /// Keys that are some only if there are no others, and their line.
    doubtful: Option<(KeyEntry, usize)>,
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
                    self.skip(number, defect_at(line.end(), MISSING));
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
            self.skip(number, defect_at(first_at(&columns), NUMBER_ALONE));
            self.fields.push(KeyField::Name { name, line: number, may_be_remark: true });
            return Ok(());
        }
        if piece.is_section && !columns.iter().any(|column| looks_like_key(column.text)) {
            return Ok(());
        }
        let is_joined = line.text().trim().len() == 2 * DIGITS;
        match entry(&line) {
            // Both keys, or the digest of a file in front of its name.
            Ok(entry) if is_joined && line.end() > 0 => self.doubtful = Some((entry, number)),
            Ok(entry) => self.row(entry, number),
            Err(_) if are_names_and_keys(&columns) => self.labelled(&line, &columns, number)?,
            Err(error) if matches!(*columns, [only] if is_digest(only.text)) && line.end() > 0 => {
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
                    Some(KeyLabel::Encryption) if is_api_key(first.text) || is_no_part(this) => {
                        self.skip(number, defect_of(this));
                        None
                    }
                    Some(KeyLabel::Encryption | KeyLabel::Authentication) => {
                        return Err(defect_of(this));
                    }
                    Some(KeyLabel::Other) if is_digest(first.text) => None,
                    _ if is_nearly_key(first.text) => return Err(defect_of(this)),
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
                self.skip(number, defect_at(first_at(columns), NUMBER_ALONE));
            }
            _ => {}
        }
        Ok(())
    }

    fn skip(&mut self, line: usize, error: Error) {
        self.skipped.get_or_insert(Defect { line, error });
    }

    fn finish(mut self) -> Result<Vec<KeyEntry>, Defect> {
        let has_key = self.fields.iter().any(|field| matches!(field, KeyField::Guek(..)));
        if let Some((entry, line)) = self.doubtful.take().filter(|_| !has_key) {
            self.row(entry, line);
        }
        let nothing = |what| Defect { line: 0, error: defect_at(0, what) };
        match (key_groups::entries(&self.fields), self.skipped) {
            ((entries, _), _) if !entries.is_empty() => Ok(entries),
            ((_, Some(_)), _) => Err(nothing(ONLY_AUTHENTICATION)),
            ((_, None), Some(defect)) => Err(defect),
            ((_, None), None) => Err(nothing("no key in the file")),
        }
    }
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
        // Many digits without a letter are a date, or the number of something.
        let is_number = rest.bytes().take(end).all(|c| c.is_ascii_digit());
        let is_end = end > 0
            && begun > LONGEST_NUMBER
            && begun + end == DIGITS
            && (end <= SLIP || !is_number);
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

#[cfg(test)]
#[path = "key_file_test.rs"]
mod key_file_test;

#[cfg(test)]
#[path = "key_forms_test.rs"]
mod key_forms_test;
