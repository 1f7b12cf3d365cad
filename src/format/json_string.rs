//! Strings of JSON.

/// Appends a text as a JSON string, its quotes included.
pub fn write(value: &str, text: &mut Vec<u8>) {
    // All octets are looked at, without a branch each.
    if value.bytes().fold(true, |plain, octet| plain & is_plain(octet)) {
        text.push(b'"');
        text.extend_from_slice(value.as_bytes());
        text.push(b'"');
    } else {
        // Writing to a Vec cannot fail.
        let _ = serde_json::to_writer(text, value);
    }
}

/// True if a character needs no escape, as in numbers, names and times.
const fn is_plain(character: u8) -> bool {
    matches!(character, b' '..=b'~') && !matches!(character, b'"' | b'\\')
}
