//! The keys that columns of a line are, and their defects.

use zeroize::Zeroizing;

use crate::{
    cipher::{
        key::Key,
        key_entry::KeyEntry,
        key_label::KeyLabel,
        key_line::{DIGITS, KeyColumn, KeyLine},
        key_name::{NUMBER, is_date, meter_of, sure_name, title},
    },
    error::{Cause, Error, Layer},
};

/// True if a key follows that has no label of its own.
pub(super) fn has_key(columns: &[KeyColumn<'_>]) -> bool {
    let of_label = |it: &KeyColumn<'_>| !it.label.is_some_and(KeyLabel::is_of_key);
    let mut starts = (0..columns.len()).filter_map(|at| columns.get(at..));
    starts.any(|rest| key_of(rest).is_some() && rest.first().is_some_and(of_label))
}

/// True for 32 octets in base64, without their padding: the key of another interface of the same program.
pub(super) fn is_api_key(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'))
}

/// True if each column is a whole key, the name of a meter, a date, or a short number.
pub(super) fn are_names_and_keys(columns: &[KeyColumn<'_>]) -> bool {
    let is_key = |it: &KeyColumn<'_>| Key::parse(it.text).is_ok();
    let is_number = |text: &str| text.len() < NUMBER && text.bytes().all(|c| c.is_ascii_digit());
    let is_remark = |text: &str| sure_name(text).is_some() || is_date(text) || is_number(text);
    let is_known = |it: &KeyColumn<'_>| is_key(it) || is_remark(it.text);
    columns.iter().any(is_key)
        && columns.iter().all(is_known)
        && columns.chunk_by(|one, next| is_key(one) == is_key(next)).all(|run| run.len() <= COLUMNS)
        && !columns.iter().all(is_key)
}

/// The key that some columns begin with, in one piece or in groups of one size, and the columns
/// behind it.
pub(super) fn key_of<'a, 'b>(columns: &'a [KeyColumn<'b>]) -> Option<(Key, &'a [KeyColumn<'b>])> {
    let width = digits(columns.first()?.text);
    let count = DIGITS.checked_div(width).filter(|count| count * width == DIGITS)?;
    let (groups, behind) = columns.split_at_checked(count)?;
    let alike = groups.iter().all(|group| digits(group.text) == width);
    let belongs = |(at, group): (usize, &KeyColumn<'_>)| match group.label {
        Some(KeyLabel::Part(number)) => number == at + 1,
        label => at == 0 || label.is_none(),
    };
    let together = groups.iter().enumerate().all(belongs);
    let text: Vec<_> = groups.iter().map(|group| group.text).collect();
    let text = Zeroizing::new(text.join(" "));
    Key::parse(&text).ok().filter(|_| alike && together).map(|key| (key, behind))
}

/// The key that columns are, or both keys.
pub(super) fn keys_of(columns: &[KeyColumn<'_>]) -> Option<(Key, Option<Key>)> {
    let (guek, rest) = key_of(columns)?;
    if rest.is_empty() {
        return Some((guek, None));
    }
    let (gak, rest) = key_of(rest)?;
    rest.is_empty().then_some((guek, Some(gak)))
}

pub(super) fn entry(line: &KeyLine) -> Result<KeyEntry, Error> {
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
    Err(cause.unwrap_or_else(|| defect_at(0, "too many columns")))
}

/// The first character of a line that is no digit and stands in the place of one: some words of
/// one size have as many characters as a key has digits.
pub(super) fn foreign_at(line: &str) -> Option<usize> {
    let is_between = |c: char| c.is_whitespace() || "\"'`<>()[]{}.,:;=-„“”»«".contains(c);
    let mut at = 0;
    let words = line.split(is_between).map(|word| {
        let start = at;
        at += word.chars().count() + 1;
        (start, word, at - start - 1)
    });
    let words: Vec<_> = words.filter(|(.., size)| *size > 0).collect();
    // A word without digits is a label.
    let is_part = |word: &str| {
        word.contains(|c: char| c.is_ascii_digit()) || !word.contains(char::is_alphanumeric)
    };
    (0..words.len()).find_map(|first| {
        let rest = words.get(first..)?;
        let (.., size) = *rest.first()?;
        let count = DIGITS.checked_div(size).filter(|count| count * size == DIGITS)?;
        let groups = rest.get(..count)?;
        let alike = groups.iter().all(|(_, word, it)| *it == size && is_part(word));
        let known: usize = groups.iter().map(|(_, word, _)| digits(word)).sum();
        let mut places = groups.iter().flat_map(|(start, word, _)| (*start..).zip(word.chars()));
        let (place, _) = places.find(|(_, c)| !c.is_ascii_hexdigit())?;
        (alike && known >= LEAST_SHOWN).then_some(place)
    })
}

/// Longer than any meter number: a key, perhaps with a digit too few or too many.
pub(super) fn looks_like_key(column: &str) -> bool {
    digits(column) > 20
}

/// Hex digits of a column, without that of `0x`.
fn digits(text: &str) -> usize {
    let signs = text.matches("0x").count() + text.matches("0X").count();
    text.chars().filter(char::is_ascii_hexdigit).count() - signs
}

/// True for more digits than those of a key with a slip: a digest has as many.
pub(super) fn is_digest(text: &str) -> bool {
    digits(text) > DIGITS + SLIP
}

/// True for the digits of a key, perhaps with a slip, or more.
pub(super) fn is_nearly_key(text: &str) -> bool {
    digits(text) + SLIP >= DIGITS
}

/// True if the first columns are too short for a part of a key.
pub(super) fn is_no_part(columns: &[KeyColumn<'_>]) -> bool {
    digits_of(belonging(columns)) < LEAST_PART
}

/// Hex digits of columns.
fn digits_of(columns: &[KeyColumn<'_>]) -> usize {
    columns.iter().map(|column| digits(column.text)).sum()
}

/// The first character of some columns.
pub(super) fn first_at(columns: &[KeyColumn<'_>]) -> usize {
    columns.first().map_or(0, |first| first.at)
}

/// The first column and those that belong to it.
fn belonging<'a, 'b>(columns: &'a [KeyColumn<'b>]) -> &'a [KeyColumn<'b>] {
    let is_next = |it: &KeyColumn<'_>| it.label.is_some() || Key::parse(it.text).is_ok();
    let rest = columns.iter().skip(1).position(is_next);
    rest.and_then(|rest| columns.get(..=rest)).unwrap_or(columns)
}

/// The defect of the first column and those that belong to it.
pub(super) fn defect_of(columns: &[KeyColumn<'_>]) -> Error {
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

pub(super) fn defect(line: &str) -> Error {
    Key::parse(line).err().unwrap_or_else(|| defect_at(0, "too many columns"))
}

/// A defect of columns at a place.
pub(super) const fn defect_at(offset: usize, what: &'static str) -> Error {
    Error::new(Layer::Key, offset, Cause::Column { what })
}

/// The columns of two keys that have one each.
const COLUMNS: usize = 2;

/// Digits that are missing or too many by a slip.
pub(super) const SLIP: usize = 4;

/// The fewest digits of a key that is masked.
const LEAST_SHOWN: usize = 4;

/// Fewer digits than that are no part of a key.
const LEAST_PART: usize = DIGITS / 2;
