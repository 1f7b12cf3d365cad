//! Telegrams of a line that its form leaves out.
//!
//! ```text
//! [104, 250, 250, 104, …] [104, 20, 20, 104, …]      the form reads the last list
//! <t><f>68fafa68…</f><f>68141468…</f></t>            or the last element
//! aPr6aFP/… aBQUaFP/…                                or one run of base64
//! ```
//!
//! A form decides by a part of a line, and may leave out the rest. Here the whole line is searched,
//! whatever its form, for text that begins a telegram, in hex, decimal or base64.

use super::{
    base64, canonical, decimal,
    prefix::{has_octets, slice},
    separator::is_separator,
    telegram::{begins_telegram, length},
};

/// The telegrams of a line some of which are left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTelegrams {
    pub(super) octets: Vec<u8>,
    /// The octets that were taken are all among them, or too few for a part of a telegram, and none is damaged.
    pub(super) are_all: bool,
}

/// All telegrams of the line, if one of them is not among the octets that were taken.
pub(super) fn telegrams(line: &[u8], taken: &[u8]) -> Option<LineTelegrams> {
    let digits = line.iter().filter(|c| c.is_ascii_hexdigit()).count();
    let letters = line.iter().filter(|c| is_letter(**c) && !c.is_ascii_hexdigit() && **c != b'x');
    if digits < 2 * (taken.len() + LEAST) && letters.count() < LETTERS {
        return None;
    }
    let mut octets = Vec::new();
    let (mut is_left_out, mut is_damage) = (false, false);
    let mut at = 0;
    while let Some(word) = next_word(line, at) {
        let Some((telegram, end)) = telegram(line, word) else {
            at = word_end(line, word);
            let word = slice(line, word..at);
            is_damage |= is_damaged(word) && is_not_in(taken, word);
            continue;
        };
        let first = length(&telegram).unwrap_or(LEAST).min(telegram.len());
        is_left_out |= memchr::memmem::find(taken, telegram.get(..first)?).is_none();
        octets.extend_from_slice(&telegram);
        at = end;
    }
    let mut all = octets.iter();
    let are_all = taken.len() < LEAST || taken.iter().all(|octet| all.any(|it| it == octet));
    (is_left_out || is_damage).then_some(LineTelegrams { octets, are_all: are_all && !is_damage })
}

/// The telegrams of a line, if all of them are whole and only words and numbers stand around them:
/// `1) 68 14 14 68 … 16 2) 68 …`. A long run of digits with a wrong one is a telegram too.
pub(super) fn whole_telegrams(line: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let (mut at, mut behind) = (0, 0);
    while let Some(word) = next_word(line, at) {
        let Some((telegram, end)) = telegram(line, word) else {
            at = word_end(line, word);
            if is_damaged(slice(line, word..at)) {
                return None;
            }
            continue;
        };
        if length(&telegram) != Some(telegram.len()) || has_octets(slice(line, behind..word), FIRST)
        {
            return None;
        }
        octets.extend_from_slice(&telegram);
        (at, behind) = (end, end);
    }
    let is_all = !octets.is_empty() && !has_octets(slice(line, behind..line.len()), FIRST);
    is_all.then_some(octets)
}

/// True for a long run of digits with few wrong characters.
fn is_damaged(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"0x").unwrap_or(word);
    let wrong = word.iter().filter(|c| !c.is_ascii_hexdigit()).count();
    word.len() >= RUN && (1..=word.len() / 8).contains(&wrong)
}

/// True if none of the octets of a damaged run were taken.
fn is_not_in(taken: &[u8], word: &[u8]) -> bool {
    let parts = word.split(|c| !c.is_ascii_hexdigit());
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    let part = slice(longest, 0..longest.len().min(2 * LEAST)).to_ascii_lowercase();
    memchr::memmem::find(hex::encode(taken).as_bytes(), &part).is_none()
}

/// The octets from a word on, if they begin a telegram, and where they end.
fn telegram(line: &[u8], word: usize) -> Option<(Vec<u8>, usize)> {
    let forms = [in_hex, in_decimal, in_base64];
    forms.iter().find_map(|form| form(line, word)).filter(|(octets, _)| octets.len() >= LEAST)
}

/// Groups of whole octets, with nothing but separators between them.
fn in_hex(line: &[u8], word: usize) -> Option<(Vec<u8>, usize)> {
    let mut octets = Vec::new();
    let (mut at, mut end) = (word, word);
    loop {
        let behind = word_end(line, at);
        let group = slice(line, at..behind);
        let is_escaped = at.checked_sub(1).and_then(|at| line.get(at)) == Some(&b'\\');
        let digits = match group {
            [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..] => digits,
            [b'n' | b'r' | b't', digits @ ..] if is_escaped && at == word => digits,
            _ => group,
        };
        if digits.is_empty() || canonical::decode(digits, &mut octets).is_err() {
            break;
        }
        end = behind;
        if octets.len() >= FIRST && !begins_telegram(&octets) {
            return None;
        }
        // Behind a whole one the number of the next may stand.
        if length(&octets) == Some(octets.len()) {
            break;
        }
        match next_word(line, behind) {
            Some(next) if slice(line, behind..next).iter().all(|&c| is_between(c)) => at = next,
            _ => break,
        }
    }
    begins_telegram(&octets).then_some((octets, end))
}

/// Numbers, with nothing but separators between them.
fn in_decimal(line: &[u8], word: usize) -> Option<(Vec<u8>, usize)> {
    if !decimal::is_start(slice(line, word..word_end(line, word))) {
        return None;
    }
    let rest = slice(line, word..line.len());
    let end =
        rest.iter().position(|&c| !(c.is_ascii_digit() || c == b'-' || decimal::is_between(c)));
    let rest = slice(rest, 0..end.unwrap_or(rest.len()));
    // The bracket that closes the list closes its telegram too.
    let end = memchr::memchr3(b']', b')', b'}', rest).unwrap_or(rest.len());
    let octets = decimal::numbers(slice(rest, 0..end)).filter(|octets| begins_telegram(octets))?;
    Some((octets, word + end))
}

/// A run of base64.
fn in_base64(line: &[u8], word: usize) -> Option<(Vec<u8>, usize)> {
    let before = word.checked_sub(1).and_then(|at| line.get(at));
    if before.is_some_and(|&c| base64::is_digit(c)) {
        return None;
    }
    let rest = slice(line, word..line.len());
    let length = rest.iter().take_while(|&&c| base64::is_digit(c)).count();
    let padding = slice(rest, length..rest.len()).iter().take_while(|&&c| c == b'=').count();
    let end = length + padding;
    let octets = base64::decoded(slice(rest, 0..end)).filter(|octets| begins_telegram(octets))?;
    Some((octets, word + end))
}

/// Where the next word begins, from `at` on.
fn next_word(line: &[u8], at: usize) -> Option<usize> {
    Some(at + slice(line, at..line.len()).iter().position(|&c| is_letter(c))?)
}

/// Where the word ends that begins at `at`.
fn word_end(line: &[u8], at: usize) -> usize {
    let rest = slice(line, at..line.len());
    at + rest.iter().position(|&c| !is_letter(c)).unwrap_or(rest.len())
}

const fn is_letter(c: u8) -> bool {
    c.is_ascii_alphanumeric()
}

/// A separator, or the mark of `\x68`.
const fn is_between(c: u8) -> bool {
    is_separator(c) || c == b'\\'
}

/// Fewer octets are none that someone misses: a telegram without them does not pass in silence.
const LEAST: usize = 8;

/// Fewer letters are words, and no base64.
const LETTERS: usize = 20;

/// The digits of a run that is neither a word nor a key.
const RUN: usize = 48;

/// The octets by which a telegram is known.
const FIRST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telegrams_that_a_form_leaves_out_are_found() {
        let one = [&[0x68, 0x14, 0x14, 0x68][..], &[0xff; 21], &[0x16]].concat();
        let other = [&[0x7e, 0xa0, 0x18][..], &[1; 22], &[0x7e]].concat();
        let both = [&one[..], &other].concat();
        let found = |line: &str, taken: &[u8]| telegrams(line.as_bytes(), taken);
        let forms: [fn(&[u8]) -> String; 4] = [
            |octets| hex::encode(octets),
            |octets| octets.iter().map(|it| format!("0x{it:02X}, ")).collect(),
            |octets| format!("{octets:?}"),
            |octets| octets.iter().map(|it| format!("\\x{it:02x}")).collect(),
        ];
        for form in forms {
            let line = format!("<f>{}</f> and <f>{}</f>", form(&one), form(&other));
            let expected = LineTelegrams { octets: both.clone(), are_all: true };
            assert_eq!(found(&line, &other), Some(expected), "{line}");
            assert_eq!(found(&line, &both), None, "{line}");
            let line = format!("{}and {}", "fa ".repeat(24), form(&one));
            for (taken, are_all) in [(vec![0xfa; 2], true), (vec![0xfa; 24], false)] {
                let expected = LineTelegrams { octets: one.clone(), are_all };
                assert_eq!(found(&line, &taken), Some(expected), "{line}");
            }
        }
    }

    #[test]
    fn a_damaged_telegram_beside_another_one_is_found() {
        let other = hex::decode(format!("7ea018{}7e", "01".repeat(22))).unwrap();
        let line =
            |first: &str| format!("1) {first}{} 2) {}", "0f".repeat(40), hex::encode(&other));
        let are_all = |first| telegrams(line(first).as_bytes(), &other).map(|it| it.are_all);
        assert_eq!(are_all("68FX"), Some(false));
        assert_eq!(are_all("68"), None);
        let taken = [&[0x0f; 40][..], &other].concat();
        assert_eq!(telegrams(line("RX").as_bytes(), &taken), None);
    }

    #[test]
    fn short_rows_that_a_form_leaves_out_are_found() {
        let row = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1];
        let line = "<f>68fafa6853ff0001</f><f>67db084b464d6750</f>";
        let expected = LineTelegrams { octets: row.to_vec(), are_all: false };
        let other = hex::decode("67db084b464d6750").unwrap();
        assert_eq!(telegrams(line.as_bytes(), &other), Some(expected));
    }

    #[test]
    fn telegrams_in_a_sentence_are_read_if_all_are_whole() {
        let one = format!("68 14 14 68{} 16", " ff".repeat(21));
        let other = format!("7ea018{}7e", "01".repeat(22));
        let both = hex::decode([&one.replace(' ', ""), &other[..]].concat()).unwrap();
        let whole = |line: String| whole_telegrams(line.as_bytes());
        for line in [
            format!("1) {one} 2) {other}"),
            format!("11: {one} 12: {other}"),
            format!("a) {one}; b) {other}"),
            format!("[1] {one}, [2] {other} thanks"),
        ] {
            assert_eq!(whole(line.clone()).as_ref(), Some(&both), "{line}");
        }
        for line in [
            format!("1) {one} 2) {}", &other[2..]),
            format!("1) {one} 2) {}", &other[..other.len() - 2]),
            format!("1) 6X{} 2) {other}", &one[2..]),
            format!("1) {}X{} 2) {other}", &other[..20], &other[21..]),
            "1) 2) no telegrams".to_owned(),
        ] {
            assert_eq!(whole(line.clone()), None, "{line}");
        }
    }

    #[test]
    fn other_text_begins_no_telegram() {
        for line in [
            "6814 is a number".repeat(20),
            "68fafa67".repeat(20),
            "104, 250, 250, 105, ".repeat(20),
            "7ea0 ".repeat(3),
            "see ThisIsAVeryLongWordThatNoTelegramBeginsWithInIt".repeat(4),
        ] {
            assert_eq!(telegrams(line.as_bytes(), &[]), None, "{line}");
        }
    }
}
