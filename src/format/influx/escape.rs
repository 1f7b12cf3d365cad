//! Texts that cannot get out of their place in a line.

use crate::format::readings::ReadingValue;

/// Characters with an escape in the names and values of tags, and in the names of fields.
pub(super) const TAG: [char; 3] = [',', '=', ' '];

/// Appends a value of a field as a string in its quotes.
pub(super) fn string(value: &ReadingValue, text: &mut Vec<u8>) {
    text.push(b'"');
    match value {
        ReadingValue::Text(value) | ReadingValue::List(value) => escape(value, &['"'], text),
        _ => value.write(text),
    }
    text.push(b'"');
}

pub(super) fn tag(text: &str) -> String {
    escaped(text, &TAG)
}

pub(super) fn escaped(text: &str, special: &[char]) -> String {
    let mut safe = Vec::new();
    escape(text, special, &mut safe);
    String::from_utf8_lossy(&safe).into_owned()
}

/// Appends a text with `\` in front of `special` characters, and percent-encoded where `\` would
/// help with one reader and harm with the next.
pub(super) fn escape(text: &str, special: &[char], safe: &mut Vec<u8>) {
    // Nearly all names are plain: all octets are looked at, without a branch each.
    let is_plain = |sign: u8| sign.is_ascii_alphanumeric() | (sign == b'_') | (sign == b':');
    if text.bytes().fold(true, |plain, sign| plain & is_plain(sign)) {
        return safe.extend_from_slice(text.as_bytes());
    }
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let octets = match character {
            '%' => looks_encoded(rest.as_str()),
            _ => character.is_control() || character == '\\',
        };
        let mut room = [0; 4];
        let encoded = character.encode_utf8(&mut room).bytes();
        if octets {
            encoded.for_each(|octet| safe.extend_from_slice(format!("%{octet:02x}").as_bytes()));
            continue;
        }
        if special.contains(&character) {
            safe.push(b'\\');
        }
        safe.extend(encoded);
    }
}

/// True if two hexadecimal digits stand behind a `%`.
fn looks_encoded(behind: &str) -> bool {
    matches!(behind.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}
