//! Keys whose digits stand in several lines.

use zeroize::Zeroizing;

use crate::cipher::{
    key_columns::{SLIP, key_of, keys_of},
    key_entry::KeyEntry,
    key_label::KeyLabel,
    key_line::{DIGITS, KeyColumn, KeyLine},
    key_name::{LONGEST_NUMBER, sure_name},
};

/// The key that all lines make together, the number of a meter aside.
pub(super) fn wrapped(text: &str) -> Option<KeyEntry> {
    let lines: Vec<_> = text.lines().map(|line| KeyLine::of(line, None)).collect();
    let columns: Vec<_> = lines.iter().flat_map(KeyLine::columns).collect();
    if columns.iter().any(|column| column.label.is_some_and(KeyLabel::is_of_other)) {
        return None;
    }
    let is_number = |it: &KeyColumn<'_>| it.text.bytes().all(|c| c.is_ascii_digit());
    let is_name = |it: &KeyColumn<'_>| it.label.is_none() && sure_name(it.text).is_some();
    let others: Vec<_> = columns.iter().filter(|it| !is_name(it)).copied().collect();
    let one = || {
        // Numbers that are sixteen together, one or more a line.
        let text = Zeroizing::new(text.replace("-\n", ""));
        let text = Zeroizing::new(text.replace('\n', " "));
        let line = KeyLine::of(&text, None);
        keys_of(&line.columns())
    };
    let whole = |columns: &[KeyColumn<'_>]| {
        let (guek, _) = key_of(columns).filter(|(_, rest)| rest.is_empty())?;
        // Numbers and titles have as many digits, too.
        let is_key = !columns.iter().all(|it| is_number(it) || is_name(it));
        is_key.then_some((guek, None))
    };
    let (guek, gak) = whole(&columns)
        .or_else(|| whole(&others))
        .or_else(|| if key_of(&columns).is_none() { one() } else { None })?;
    Some(KeyEntry { name: None, guek, gak })
}

/// The text without the signs in front of the lines of a mail that another one quotes.
pub(super) fn unquoted(text: &str) -> Option<Zeroizing<String>> {
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.lines() {
        whole.push_str(line.trim_start_matches(['>', ' ']));
        whole.push('\n');
    }
    text.lines().any(|line| line.starts_with('>')).then_some(whole)
}

/// The text with the end of a key behind its start: some programs wrap the last digits.
pub(super) fn rejoined(text: &str) -> Option<Zeroizing<String>> {
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    // The digits of a key at the end of what is written.
    let mut begun = 0;
    for line in text.lines() {
        let rest = line.trim_start();
        let end = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        // Many digits without a letter are a date, or the number of something; a title has few.
        let is_number = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        let start = whole.trim_end();
        let start = start.get(start.len() - begun..).unwrap_or_default();
        let is_end = end > 0
            && (begun > LONGEST_NUMBER || begun > DIGITS / 2 && !is_number(start))
            && begun + end == DIGITS
            && (end <= SLIP || !is_number(rest.get(..end).unwrap_or_default()));
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
