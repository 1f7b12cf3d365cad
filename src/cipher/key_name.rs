//! The meter that a column of a key file names.

use zeroize::Zeroizing;

use crate::cipher::{ciphered::SystemTitle, key_entry::MeterName, key_line::KeyColumn};

/// The digits of a meter number behind a label.
pub(super) const NUMBER: usize = 6;
pub(super) const LONGEST_NUMBER: usize = 20;

/// The digits of a meter number in front of a key.
const LEAST_NUMBER: usize = 8;

/// The meter that a line alone names, as the heading of lines with its keys.
pub(super) fn heading_name(columns: &[KeyColumn<'_>], is_section: bool) -> Option<MeterName> {
    let [only] = columns else {
        return None;
    };
    let is_number = only.text.bytes().all(|c| c.is_ascii_digit()) || is_device_number(only.text);
    let is_heading =
        |name: &MeterName| is_number || is_section || matches!(name, MeterName::Title(_));
    sure_name(only.text).filter(is_heading)
}

/// True for the number on a meter's plate (DIN 43863-5): `1KFM0200182517`, with the letters of its maker.
fn is_device_number(text: &str) -> bool {
    let text = text.strip_prefix(|c: char| c.is_ascii_digit()).unwrap_or(text);
    let (maker, number) = text.split_at_checked(3).unwrap_or_default();
    maker.bytes().all(|c| c.is_ascii_uppercase())
        && number.len() >= LEAST_NUMBER
        && number.bytes().all(|c| c.is_ascii_digit())
}

/// The meter that a column names, which is no part of a key: a number, or a title, which begins with
/// the letters of a maker.
pub(super) fn sure_name(text: &str) -> Option<MeterName> {
    let name = meter_of(text).filter(|_| text.len() <= LONGEST_NUMBER)?;
    match &name {
        MeterName::Title(title) => title.iter().take(3).all(u8::is_ascii_uppercase),
        MeterName::Meter(_) => {
            text.bytes().all(|c| c.is_ascii_digit())
                || text.contains(|c: char| c.is_alphabetic() && !c.is_ascii_hexdigit())
        }
    }
    .then_some(name)
}

/// The meter that a column in front of a key names. A word, the number of an item and a date name none.
pub(super) fn meter_of(column: &str) -> Option<MeterName> {
    let digits = column.chars().filter(char::is_ascii_digit).count();
    let is_name = title(column).is_some() || digits >= LEAST_NUMBER && !is_date(column);
    name_of(column).filter(|_| is_name)
}

pub(super) fn is_date(column: &str) -> bool {
    let parts: Vec<_> = column.split(['-', '.', '/']).map(str::len).collect();
    let is_written = matches!(*parts, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 2 | 4]);
    is_written && column.bytes().all(|c| !c.is_ascii_alphabetic()) || is_day(column)
}

/// True for a date without marks: `20260102`.
fn is_day(column: &str) -> bool {
    let part = |range| column.get(range).and_then(|digits: &str| digits.parse::<u32>().ok());
    column.len() == 8
        && column.starts_with("20")
        && part(4..6).is_some_and(|month| (1..=12).contains(&month))
        && part(6..8).is_some_and(|day| (1..=31).contains(&day))
}

/// The meter of a name. One that is cut, `KFM6750062B17...`, is no meter's.
pub(super) fn name_of(column: &str) -> Option<MeterName> {
    let is_cut = column.contains("..") || column.contains('…');
    let name = title(column).map_or_else(|| MeterName::Meter(column.to_owned()), MeterName::Title);
    (!is_cut).then_some(name)
}

/// The title that a name is, also with marks between its octets.
pub(super) fn title(name: &str) -> Option<SystemTitle> {
    let mut title = SystemTitle::default();
    let digits = Zeroizing::new(name.replace([':', '-', ','], ""));
    hex::decode_to_slice(digits.as_bytes(), &mut title).ok().map(|()| title)
}
