//! The characters that separate octets and words.

/// Characters between two octets, or around them.
pub(super) const fn is_separator(character: u8) -> bool {
    matches!(character, b',' | b';' | b':' | b'-' | b'.' | b'_' | b'=' | b'|' | b'\'' | b'"' | b'`')
        || matches!(character, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>')
        || is_blank(character)
}

/// Characters between two words.
pub(super) const fn is_blank(character: u8) -> bool {
    matches!(character, b' ' | b'\t' | 0x0b | 0x0c)
}
