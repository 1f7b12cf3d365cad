//! Lists of octets in decimal, as Node-RED, Python and Java print a buffer.
//!
//! ```text
//! [104, 250, 250, 104, 83, 255, 0, 1]
//! {"type":"Buffer","data":[104,250,250,104,83,255,0,1]}
//! [104, -6, -6, 104, 83, -1, 0, 1]
//! 68 fa fa 68 53 ff 00 01
//! ```
//!
//! As hex such a list is full of single digits and groups of three, so one with a group of three
//! is decimal. Its next lines are so as well, up to the closing bracket or a line of another kind.

use super::{
    separator::is_blank,
    telegram::{begins_telegram, may_begin},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct DecimalList {
    /// The list goes on in the next line.
    open: bool,
    /// The text in front of it without numbers: behind the same text a few of them are a list too.
    head: Vec<u8>,
}

impl DecimalList {
    /// True while a list is open.
    pub(super) const fn is_within(&self) -> bool {
        self.open
    }

    /// The octets of a line; nothing if it is no part of a list.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let text = line.trim_ascii();
        if core::mem::take(&mut self.open)
            && let Some(octets) = numbers(text).or_else(|| numbers(closed(text)?))
        {
            self.open = goes_on(text);
            return Some(octets);
        }
        let list = list(text)?;
        let octets = numbers(list)?;
        let is_wide = |number: &[u8]| {
            let digits = number.iter().all(u8::is_ascii_digit);
            number.len() == 3 && digits && !number.starts_with(b"0")
        };
        let wide = list.split(|&c| is_between(c)).any(is_wide);
        let head =
            memchr::memmem::rfind(text, list).and_then(|at| text.get(..at)).unwrap_or_default();
        // Three digits behind a letter are the end of a word, or of hex: `68fafa…a104,`.
        let is_word = head.last().is_some_and(u8::is_ascii_alphanumeric);
        let is_row = octets.len() == 1 && (text.ends_with(b",") || is_start(text));
        let begins = || may_begin(&octets) || begins_telegram(&octets);
        let is_first = !is_word && (is_row || head.ends_with(b"[") && begins());
        let head = head.iter().filter(|c| !c.is_ascii_digit() && !is_blank(**c));
        let is_next = !self.head.is_empty() && head.clone().eq(&self.head);
        if !is_next && !(wide && (octets.len() >= LEAST || is_first)) {
            return None;
        }
        self.head = head.copied().collect();
        self.open = goes_on(text);
        Some(octets)
    }
}

/// True for the first octet of a telegram, alone on its line.
pub(super) fn is_start(line: &[u8]) -> bool {
    STARTS.contains(&line.trim_ascii())
}

/// The part of a line that may be a list: in brackets, or the end of it.
fn list(text: &[u8]) -> Option<&[u8]> {
    let foreign = |c: &u8| !c.is_ascii_digit() && !is_between(*c) && *c != b'-';
    let tail = text.iter().rposition(foreign).map_or(0, |at| at + 1);
    let close = memchr::memrchr3(b']', b')', b'}', text).unwrap_or(text.len());
    let inner = text.get(..close)?;
    let open = memchr::memrchr3(b'[', b'(', b'{', inner);
    // Each number may have brackets of its own: `(104) (250)`.
    if let Some(open) = open.filter(|open| *open <= tail || tail == 0)
        && let Some(inner) = inner.get(open + 1..)
        && let Some(inner) =
            [Some(inner), closed(inner)].into_iter().flatten().find(|it| numbers(it).is_some())
    {
        return Some(inner);
    }
    let text = text.get(tail..)?;
    let first = text.iter().position(u8::is_ascii_digit)?;
    let sign = first.checked_sub(1).filter(|before| text.get(*before) == Some(&b'-'));
    text.get(sign.unwrap_or(first)..)
}

/// The part of a line in front of the bracket that closes a list: behind it a type or a comment may stand.
fn closed(text: &[u8]) -> Option<&[u8]> {
    let (inner, _) = text.split_at_checked(memchr::memchr3(b']', b')', b'}', text)?)?;
    Some(inner)
}

/// The octets of numbers and separators, and nothing else.
pub(super) fn numbers(text: &[u8]) -> Option<Vec<u8>> {
    let groups = text.split(|&c| is_between(c)).filter(|group| !group.is_empty());
    let octets = groups.map(number).collect::<Option<Vec<_>>>()?;
    (!octets.is_empty()).then_some(octets)
}

/// 0 to 255, or as the signed octets of Java.
fn number(group: &[u8]) -> Option<u8> {
    let digits = group.strip_prefix(b"-").unwrap_or(group);
    let leading = digits.len() == 2 && digits.starts_with(b"0");
    if leading || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: i16 = core::str::from_utf8(group).ok()?.parse().ok()?;
    match value {
        0..=255 => u8::try_from(value).ok(),
        _ => i8::try_from(value).ok().map(i8::cast_unsigned),
    }
}

pub(super) const fn is_between(c: u8) -> bool {
    is_blank(c)
        || matches!(c, b',' | b';' | b'"' | b'\'')
        || matches!(c, b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'<' | b'>')
}

/// True if the list is not closed with this line.
fn goes_on(text: &[u8]) -> bool {
    !text.iter().any(|c| matches!(c, b']' | b')' | b'}'))
}

/// The first octet of a telegram, alone on its line: as hex it has an odd number of digits.
const STARTS: [&[u8]; 3] = [b"104", b"126", b"219"];

/// Fewer numbers in a line are no list.
const LEAST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_every_program_are_read() {
        let expected = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1];
        for text in [
            "[104, 250, 250, 104, 83, 255, 0, 1]",
            "{\"type\":\"Buffer\",\"data\":[104,250,250,104,83,255,0,1]}",
            "[104, -6, -6, 104, 83, -1, 0, 1]",
            "RX (8 bytes): 104 250 250 104 83 255 0 1",
            "104;250;250;104;83;255;0;1",
            "[104, 250, 250, 104,\n83, 255,\n0, 1]",
            "104 250 250 104 083 255 000 001",
            "Device --> (104) (250) (250) (104) (083) (255) (000) (001)",
            "[\"104\",\"250\",\"250\",\"104\",\"83\",\"255\",\"0\",\"1\"]",
            "\t.byte 104, 250, 250, 104, 83\n\t.byte 255,0,1",
            "RX 5: [104, 250, 250, 104, 83, 255]\nRX 2: [0, 1]",
            "string.char(104,250,250,104,83,255,0,1)",
            "<<104, 250, 250, 104, 83, 255, 0, 1>>",
            "104\n250\n250\n104\n 83\n255\n  0\n  1",
            "[\n104,\n250,\n250,\n104,\n83,\n255,\n0,\n1\n]",
            "bytes([104, 250, 250, 104, 83, 255, 0, 1])",
            "array([104, 250, 250, 104,  83, 255,   0,   1], dtype=uint8)",
            "array([104, 250, 250, 104,  83,\n       255,   0,   1], dtype=uint8)",
            "const d = [104, 250, 250, 104,\n 83, 255, 0, 1]; // 282",
            "const d = [104, 250, 250, 104, 83, 255, 0, 1]; // 282",
            "let d = vec![104, 250, 250, 104, 83,\n255, 0, 1]; // [8] octets (1)",
        ] {
            let mut list = DecimalList::default();
            let octets: Vec<u8> =
                text.lines().filter_map(|line| list.octets(line.as_bytes())).flatten().collect();
            assert_eq!(octets, expected, "{text}");
        }
    }

    #[test]
    fn hex_is_no_list() {
        for text in [
            "68 14 14 68",
            "68, 14, 14, 68",
            "104 250",
            "105",
            "104250250104",
            "68 FA 104 250 250",
            "104 250 250 104 83 255 0 01",
            "256 1 2 3 100",
            "01680101",
            "68fafa6853ff0001edf1a104,",
            "\"68fafa6853ff0001edf1a104\",",
            "a: about(5_500, 2_000),",
        ] {
            assert_eq!(DecimalList::default().octets(text.as_bytes()), None, "{text}");
        }
    }
}
