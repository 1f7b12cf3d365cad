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

pub use crate::cipher::key_entry::{Defect, KeyEntry, MeterName};

use crate::{
    cipher::{
        key::Key,
        key_columns::{
            self, are_names_and_keys, defect, defect_at, defect_of, entry, first_at, has_key,
            is_api_key, is_digest, is_nearly_key, is_no_part, key_of, looks_like_key,
        },
        key_groups::{self, KeyField},
        key_label::{self, KeyLabel},
        key_line::{DIGITS, KeyColumn, KeyLine},
        key_name::{LONGEST_NUMBER, NUMBER, heading_name, is_date, meter_of, name_of, sure_name},
        key_pieces::{self, KeyPiece},
        key_wraps, quoted_printable,
    },
    error::{Cause, Error, Layer},
};

/// The defect of a file whose only key bears the label of an authentication key.
pub const ONLY_AUTHENTICATION: &str =
    "only an authentication key (GAK) in the file, no encryption key (GUEK)";

/// The defect of a label without a key.
pub const MISSING: &str = "the key is missing";

const IS_MISSING: Cause = Cause::Column { what: MISSING };

/// The defect of a number without a key.
pub const NUMBER_ALONE: &str = "no key stands beside the number of a meter";

/// The defect of digits behind the name of a digest or of an identifier.
pub const OTHER_NAME: &str = "these digits have the name of something else than a key";

/// Signs in front of a name whose value stands elsewhere: `$GUEK`, `%GUEK%`, `!secret guek`.
pub const REFERENCES: [char; 3] = ['$', '%', '!'];

/// Reads all lines.
///
/// # Errors
/// The first line that is not as above, or line 0 if there is no key at all.
pub fn parse(text: &str) -> Result<Vec<KeyEntry>, Defect> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &*Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
    let reader = lines(text);
    let is_missing = reader.as_ref().is_ok_and(|it| it.missing.is_some());
    let defect = match reader.and_then(KeyFileReader::finish) {
        Err(defect) if defect.line > 0 && defect.error.cause != IS_MISSING => defect,
        read => return read,
    };
    // A key may be wrapped, or have an octet a line; a mail and an address may have escapes.
    let decoded = |sign| parse(&quoted_printable::decoded(text, sign)?).ok();
    let otherwise = || {
        let rejoined = key_wraps::rejoined(text).and_then(|text| parse(&text).ok());
        rejoined
            .or_else(|| parse(&key_wraps::unquoted(text)?).ok())
            .or_else(|| quoted_printable::SIGNS.into_iter().find_map(decoded))
    };
    key_wraps::wrapped(text)
        .map(|entry| vec![entry])
        .or_else(|| if is_missing { None } else { otherwise() })
        .ok_or_else(|| named(text, defect))
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
        reader.piece(&piece).map_err(|error| piece.defect(error))?;
    }
    Ok(reader)
}

/// The state between two lines.
#[derive(Default)]
struct KeyFileReader {
    fields: Vec<KeyField>,
    /// Where the fields of each open object begin.
    objects: Vec<usize>,
    /// A label that stands alone on its line, and waits for its key.
    label: Option<KeyLabel>,
    /// The meanings of the columns of a table.
    heading: Vec<KeyLabel>,
    /// The first label of an encryption key that has none in its place.
    missing: Option<Defect>,
    /// The indentation of the last one: what stands further in is its own.
    indentation: usize,
    /// A label or a heading says of a key that it is the encryption key.
    is_named: bool,
    /// The keys behind the label of a password, which are some only if there are no others.
    passwords: Vec<usize>,
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
        let start = self.fields.len();
        let line = KeyLine::of(&piece.text, self.label);
        let place = line.place_of_key().or_else(|| key_label::empty_cell(&piece.text));
        let place = place.filter(|_| reference(&piece.text).is_none());
        match line.text().contains(char::is_alphanumeric) {
            false => self.words(&line, piece),
            true => self.columns(line, piece)?,
        }
        let is_guek = |field: &KeyField| matches!(field, KeyField::Guek(..));
        match place {
            _ if self.fields.iter().skip(start).any(is_guek) => self.label = None,
            Some(place) if key_label::heading(&piece.text).is_empty() => self.lacks(piece, place),
            _ => {}
        }
        Ok(())
    }

    /// A line of labels and words.
    fn words(&mut self, line: &KeyLine, piece: &KeyPiece) {
        let heading = key_label::heading(&piece.text);
        self.label = line.open_label().filter(|_| heading.is_empty());
        if !heading.is_empty() {
            self.heading = heading;
        }
        match (self.label, reference(&piece.text)) {
            (Some(KeyLabel::Encryption), None) => {
                self.skip(piece, defect_at(line.end(), MISSING));
            }
            (Some(_), None) if line.place_of_key().is_some() => {}
            (Some(_), at) => {
                self.skip(piece, Error::new(Layer::Key, at.unwrap_or(0), Cause::NotHex));
            }
            (None, _) => {}
        }
    }

    fn columns(&mut self, mut line: KeyLine, piece: &KeyPiece) -> Result<(), Error> {
        let number = piece.line;
        // The heading of columns is no label of the row below; an encryption key may follow.
        let label = self.label.take().filter(|it| it.is_of_key());
        if label.is_some() && key_of(&line.columns()).is_none() {
            line = KeyLine::of(&piece.text, None);
            self.label = label.filter(|it| *it == KeyLabel::Encryption);
        }
        let columns = line.columns();
        if let Some(place) = self.empty_cell(&piece.text)
            && columns.iter().any(|column| looks_like_key(column.text))
        {
            self.lacks(piece, place);
            return Ok(());
        }
        if columns.iter().any(|column| column.label.is_some()) {
            return self.labelled(&line, &columns, piece);
        }
        if let Some(name) = heading_name(&columns, piece.is_section) {
            self.skip(piece, defect_at(first_at(&columns), NUMBER_ALONE));
            self.fields.push(KeyField::Name { name, line: number, may_be_remark: true });
            return Ok(());
        }
        if piece.is_section && !columns.iter().any(|column| looks_like_key(column.text)) {
            return Ok(());
        }
        if matches!(*columns, [only] if is_date(only.text)) {
            self.skip(piece, defect(line.text()));
            return Ok(());
        }
        let is_joined = line.text().trim().len() == 2 * DIGITS;
        let is_digest = matches!(*columns, [only] if is_digest(only.text));
        match entry(&line) {
            // Both keys, or the digest of a file in front of its name.
            Ok(entry) if is_joined && line.end() > 0 => self.doubtful = Some((entry, number)),
            Ok(entry) => self.row(entry, number),
            Err(_) if are_names_and_keys(&columns) => self.labelled(&line, &columns, piece)?,
            Err(error) if line.end() > 0 && (is_digest || is_no_part(&columns)) => {
                self.skip(piece, error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The place of an encryption key that a row of a table lacks.
    fn empty_cell(&self, row: &str) -> Option<usize> {
        let at = self.heading.iter().position(|it| *it == KeyLabel::Encryption)?;
        let cells: Vec<_> = key_label::cells(row).collect();
        let is_empty = !cells.get(at)?.contains(char::is_alphanumeric);
        let place = cells.iter().take(at).map(|cell| cell.chars().count() + 1).sum();
        (is_empty && cells.len() == self.heading.len()).then_some(place)
    }

    /// A row of columns without labels.
    fn row(&mut self, KeyEntry { name, guek, gak }: KeyEntry, line: usize) {
        let has_name = name.is_some();
        let name = name.map(|name| KeyField::Name { name, line, may_be_remark: false });
        self.fields.extend(name);
        let of_keys = || self.heading.iter().filter(|it| it.is_of_key());
        let is_gak_first = of_keys().next() == Some(&KeyLabel::Authentication);
        let has_guek = of_keys().any(|it| *it == KeyLabel::Encryption);
        let is_found = self.missing.is_some() && !has_name;
        self.is_named |= has_guek || self.label.is_some() || is_found;
        let (guek, gak) = match gak {
            Some(gak) if is_gak_first && has_guek => (gak, Some(guek)),
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
        piece: &KeyPiece,
    ) -> Result<(), Error> {
        let (start, number) = (self.fields.len(), piece.line);
        let mut rest = columns;
        // The label in front of the number of a meter, `GAK_181220000009=…`, or of the one before.
        let (mut kind, mut last_kind) = (None, None);
        while let Some((first, _)) = rest.split_first() {
            let key = key_of(rest);
            let is_key = key.is_some() || looks_like_key(first.text) && !is_digest(first.text);
            if is_key && first.label.is_some_and(KeyLabel::is_of_other) {
                self.skip(piece, defect_at(first.at, OTHER_NAME));
                rest = key.map_or(rest.get(1..).unwrap_or_default(), |(_, behind)| behind);
                continue;
            }
            let Some((key, behind)) = key else {
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
                    Some(label) if label.is_of_key() && is_beside_key => {
                        last_kind = first.label;
                        meter_of(first.text).filter(|_| meter)
                    }
                    // The number of the key, or of a letter about it.
                    Some(KeyLabel::Encryption) if is_api_key(first.text) || is_no_part(this) => {
                        self.skip(piece, defect_of(this));
                        None
                    }
                    Some(label) if label.is_of_key() => return Err(defect_of(this)),
                    Some(KeyLabel::Other | KeyLabel::Part(_) | KeyLabel::Identifier)
                        if is_digest(first.text) || !is_nearly_key(first.text) =>
                    {
                        None
                    }
                    _ if is_nearly_key(first.text) => return Err(defect_of(this)),
                    None => sure_name(first.text).filter(|_| meter),
                    _ => name_of(first.text).filter(|_| meter),
                };
                let may_be_remark = first.label.is_some_and(|it| !it.is_of_meter());
                let name = name.map(|name| KeyField::Name { name, line: number, may_be_remark });
                kind = last_kind.filter(|_| name.is_some()).or(kind);
                self.fields.extend(name);
                continue;
            };
            rest = behind;
            let is_key = |it: &KeyLabel| !matches!(it, KeyLabel::Other | KeyLabel::Part(_));
            let is_second = matches!(self.fields.get(start..), Some([.., KeyField::Guek(..)]));
            let is_gak = match first.label.filter(is_key).or(kind.take()) {
                Some(KeyLabel::Authentication) => true,
                Some(_) => false,
                None => is_second && first.label.is_none(),
            };
            if first.label == Some(KeyLabel::Password) {
                self.passwords.push(self.fields.len());
            }
            // A key further in than the place of the missing one, or alone below it, is that one.
            let is_alone = line.end() == 0 && first.label != Some(KeyLabel::Password);
            let is_further_in = piece.indentation() > self.indentation;
            let is_found = self.missing.is_some() && (is_further_in || is_alone);
            let is_labelled = match first.label {
                Some(label) => label == KeyLabel::Encryption,
                None => self.label.is_some(),
            };
            self.is_named |= !is_gak && (is_labelled || is_found);
            self.fields.push(match is_gak {
                true => KeyField::Gak(key),
                false => KeyField::Guek(key, number),
            });
        }
        let is_name = |field: &KeyField| matches!(field, KeyField::Name { .. });
        match self.fields.get(start..).unwrap_or_default() {
            [] => self.skip(piece, defect(line.text())),
            fields if fields.iter().all(is_name) => {
                self.skip(piece, defect_at(first_at(columns), NUMBER_ALONE));
            }
            _ => {}
        }
        Ok(())
    }

    fn skip(&mut self, piece: &KeyPiece, error: Error) {
        self.skipped.get_or_insert(piece.defect(error));
    }

    /// Notes the place of an encryption key that is not there.
    fn lacks(&mut self, piece: &KeyPiece, place: usize) {
        let of_line = self.skipped.filter(|it| it.line == piece.line);
        let defect = of_line.unwrap_or_else(|| piece.defect(defect_at(place, MISSING)));
        self.missing.get_or_insert(defect);
        self.indentation = piece.indentation();
    }

    fn finish(mut self) -> Result<Vec<KeyEntry>, Defect> {
        let is_guek = |field: &KeyField| matches!(field, KeyField::Guek(..));
        let gueks = self.fields.iter().filter(|field| is_guek(field)).count();
        if let Some((entry, line)) = self.doubtful.take().filter(|_| gueks == 0) {
            self.row(entry, line);
        }
        if let Some(defect) = self.missing.filter(|_| !self.is_named) {
            return Err(defect);
        }
        if gueks > self.passwords.len() {
            let mut at = 0..;
            self.fields.retain(|_| at.next().is_none_or(|at| !self.passwords.contains(&at)));
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

/// The sign in front of a name whose value stands elsewhere.
fn reference(text: &str) -> Option<usize> {
    let begins = |c: char| c.is_alphanumeric() || matches!(c, '{' | '(');
    let mut pairs = text.chars().zip(text.chars().skip(1));
    pairs.position(|(sign, next)| REFERENCES.contains(&sign) && begins(next))
}

/// The defect, or the character in the place of a digit that makes it: the word, or words of one
/// size, would be a key with it.
fn named(text: &str, defect: Defect) -> Defect {
    let is_count = matches!(defect.error.cause, Cause::KeyDigits { .. });
    let line = text.lines().nth(defect.line.saturating_sub(1)).filter(|_| is_count);
    let place = line.and_then(key_columns::foreign_at);
    place.map_or(defect, |at| Defect { error: Error::new(Layer::Key, at, Cause::NotHex), ..defect })
}

#[cfg(test)]
#[path = "key_file_test.rs"]
mod key_file_test;

#[cfg(test)]
#[path = "key_forms_test.rs"]
mod key_forms_test;
