//! Keys that programs wrote, as the 32 hex digits that they mean.
//!
//! ```text
//! b'6\xc6f9\xe4\x8a\x8c…'            Python          "\x36\xc6\x66…"     C
//! [54, 198, 102, 57, …]              decimal, sixteen numbers
//! 36h, 0C6h   &H36, &HC6   $36, $C6  Intel, Basic, Pascal
//! NsZmOeSKjKTWvIsoKnk7uw==           base64, also of the hex digits
//! 36C66639…3BBBh   16#36C66639…3BBB  the base of a number is none of its digits
//! KEY[16]                            the size of an array is none of its content
//! "a":"D0D1…","k":"36C6…"            amsreader, for both keys
//! ```
//!
//! Sixteen groups of two digits stay: they are hex.

use zeroize::Zeroizing;

use crate::hex::base64;

/// Puts hex digits in the place of every such key.
pub(super) fn rewrite(line: &mut Zeroizing<Vec<char>>) {
    blank_sizes(line);
    blank_bases(line);
    name_both(line);
    for find in [literal, decimal, marked, encoded] {
        if let Some((start, end, key)) = find(line) {
            let digits = Zeroizing::new(hex::encode(*key));
            let blanks = (end - start).saturating_sub(digits.len());
            let mut written =
                Zeroizing::new(Vec::with_capacity(line.len() + digits.len() + blanks));
            written.extend_from_slice(line.get(..start).unwrap_or_default());
            written.extend(digits.chars().chain(core::iter::repeat_n(' ', blanks)));
            written.extend_from_slice(line.get(end..).unwrap_or_default());
            *line = written;
            return;
        }
    }
}

/// A key between two characters of the line.
type FoundKey = (usize, usize, Zeroizing<[u8; OCTETS]>);

/// `[16]` behind a name.
fn blank_sizes(line: &mut [char]) {
    for at in 1..line.len() {
        let (before, behind) = line.split_at(at);
        let named = before.last().is_some_and(|c| c.is_alphanumeric() || *c == '_');
        let digits = behind.iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
        let is_size = behind.first() == Some(&'[') && behind.get(digits + 1) == Some(&']');
        if named && is_size {
            line.iter_mut().skip(at).take(digits + 2).for_each(|c| *c = ' ');
        }
    }
}

/// `16#` in front of hex digits, and `h` behind a key.
fn blank_bases(line: &mut [char]) {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().take_while(|c| c.is_alphanumeric()).count();
        let word = rest.get(..length).unwrap_or_default();
        let is_hex = |c: Option<&char>| c.is_some_and(char::is_ascii_hexdigit);
        let (from, count) = match word {
            ['1', '6'] if rest.get(2) == Some(&'#') && is_hex(rest.get(3)) => (at, 3),
            [digits @ .., 'h' | 'H'] if digits.len() == 2 * OCTETS => (at + 2 * OCTETS, 1),
            _ => (at, 0),
        };
        line.iter_mut().skip(from).take(count).for_each(|c| *c = ' ');
        at += length + 1;
    }
}

/// Names both keys of a meter that amsreader calls `"a"` and `"k"`.
fn name_both(line: &mut [char]) {
    let at = |name: char| line.windows(4).position(|it| it == ['"', name, '"', ':']);
    if let (Some(a), Some(k)) = (at('a'), at('k')) {
        for (at, letter) in [(a, 'a'), (k, 'e')] {
            line.iter_mut().skip(at + 1).zip([letter, 'k']).for_each(|(c, it)| *c = it);
        }
    }
}

/// A literal with escapes, or the `bytes` of Python.
fn literal(line: &[char]) -> Option<FoundKey> {
    let quotes = line.iter().enumerate().filter(|(_, c)| matches!(c, '\'' | '"'));
    quotes.clone().find_map(|(at, quote)| {
        let mut key = Zeroizing::new([0; OCTETS]);
        let mut rest = line.get(at + 1..)?;
        let (mut count, mut escapes) = (0, 0);
        while let Some((first, behind)) = rest.split_first().filter(|(first, _)| *first != quote) {
            let (octet, behind) = match first {
                '\\' => {
                    escapes += 1;
                    escape(behind)?
                }
                ' '..='~' => (u8::try_from(*first).ok()?, behind),
                _ => return None,
            };
            *key.get_mut(count)? = octet;
            count += 1;
            rest = behind;
        }
        let is_python = at.checked_sub(1).and_then(|at| line.get(at)) == Some(&'b');
        let (start, end) = (at - usize::from(is_python), line.len() - rest.len() + 1);
        let is_key = count == OCTETS && (escapes > 0 || is_python) && end <= line.len();
        is_key.then_some((start, end, key))
    })
}

/// The octet of an escape without its backslash, and what stands behind.
fn escape(text: &[char]) -> Option<(u8, &[char])> {
    let (letter, behind) = text.split_first()?;
    Some(match letter {
        'x' => {
            let (digits, behind) = behind.split_at_checked(2)?;
            let digit = |at: usize| digits.get(at)?.to_digit(16);
            (u8::try_from(digit(0)? << 4 | digit(1)?).ok()?, behind)
        }
        'n' => (b'\n', behind),
        'r' => (b'\r', behind),
        't' => (b'\t', behind),
        '0' => (0, behind),
        '\\' | '\'' | '"' => (u8::try_from(*letter).ok()?, behind),
        _ => return None,
    })
}

/// Sixteen decimal numbers, one of which has not two digits.
fn decimal(line: &[char]) -> Option<FoundKey> {
    numbers(line, |token| {
        let is_number = token.len() <= 3 && token.iter().all(char::is_ascii_digit);
        let is_padded = token.len() > 1 && token.first() == Some(&'0');
        let value =
            token.iter().take(3).fold(0, |sum, c| sum * 10 + c.to_digit(10).unwrap_or_default());
        (u8::try_from(value).ok().filter(|_| is_number && !is_padded), token.len() != 2)
    })
}

/// Sixteen octets with the marks of a language.
fn marked(line: &[char]) -> Option<FoundKey> {
    numbers(line, |token| {
        let digits = match token {
            ['&', 'H' | 'h', digits @ ..] | ['$', digits @ ..] => digits,
            ['0', 'x' | 'X', digits @ ..] => digits,
            ['0', digits @ .., 'h' | 'H'] if digits.len() == 2 => digits,
            [digits @ .., 'h' | 'H'] => digits,
            _ => return (None, false),
        };
        let is_octet = (1..=2).contains(&digits.len());
        let value = digits.iter().take(2).try_fold(0, |sum, c| Some(sum << 4 | c.to_digit(16)?));
        (value.and_then(|value| u8::try_from(value).ok()).filter(|_| is_octet), true)
    })
}

/// Sixteen tokens in a row that are octets, no more. `read` gives the octet, and whether it shows that the list is
/// of this kind.
fn numbers(line: &[char], read: impl Fn(&[char]) -> (Option<u8>, bool)) -> Option<FoundKey> {
    let is_between = |c: &char| c.is_whitespace() || ",;[](){}".contains(*c);
    let mut key = Zeroizing::new([0; OCTETS]);
    let (mut at, mut start, mut end, mut count, mut shown) = (0, 0, 0, 0, false);
    for token in line.split(is_between) {
        let next = at + token.len() + 1;
        match read(token) {
            _ if token.is_empty() => {}
            (Some(octet), shows) => {
                if count == 0 {
                    start = at;
                }
                *key.get_mut(count)? = octet;
                count += 1;
                shown |= shows;
                end = at + token.len();
            }
            (None, _) if count == OCTETS => break,
            (None, _) => {
                count = 0;
                shown = false;
            }
        }
        at = next;
    }
    (count == OCTETS && shown).then_some((start, end, key))
}

/// Sixteen octets in base64, or their hex digits, as Kubernetes stores them.
fn encoded(line: &[char]) -> Option<FoundKey> {
    let is_digit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let begins = |at: usize| line.get(at.wrapping_sub(1)).is_none_or(|c| !is_digit(c));
    (0..line.len()).filter(|start| begins(*start)).find_map(|start| {
        let rest = line.get(start..)?;
        let digits = rest.iter().take_while(|c| is_digit(c)).count();
        let padding = rest.iter().skip(digits).take_while(|c| **c == '=').count();
        let size = digits + padding;
        let is_key = matches!((size, padding), (BASE64, 2) | (BASE64_OF_HEX, 0 | 1));
        let text = rest.get(..size).filter(|_| is_key)?;
        let text: Zeroizing<Vec<u8>> =
            Zeroizing::new(text.iter().filter_map(|c| u8::try_from(*c).ok()).collect());
        let octets = Zeroizing::new(base64::decoded(&text)?);
        let mut key = Zeroizing::new([0; OCTETS]);
        match octets.len() {
            OCTETS => key.copy_from_slice(&octets),
            _ => hex::decode_to_slice(octets.trim_ascii(), &mut *key).ok()?,
        }
        Some((start, start + size, key))
    })
}

/// The octets of a key.
const OCTETS: usize = 16;

/// The characters of a key in base64.
const BASE64: usize = 24;

/// The characters of its hex digits in base64, also with a line end.
const BASE64_OF_HEX: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "36c66639e48a8ca4d6bc8b282a793bbb";

    fn rewritten(text: &str) -> String {
        let mut line = Zeroizing::new(text.chars().collect::<Vec<_>>());
        rewrite(&mut line);
        line.iter().collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn keys_of_programs_become_hex() {
        for text in [
            r"b'6\xc6f9\xe4\x8a\x8c\xa4\xd6\xbc\x8b(*y;\xbb'",
            r#""\x36\xc6\x66\x39\xe4\x8a\x8c\xa4\xd6\xbc\x8b\x28\x2a\x79\x3b\xbb""#,
            "54, 198, 102, 57, 228, 138, 140, 164, 214, 188, 139, 40, 42, 121, 59, 187",
            "54 198 102 57 228 138 140 164 214 188 139 40 42 121 59 187",
            "36h 0C6h 66h 39h 0E4h 8Ah 8Ch 0A4h 0D6h 0BCh 8Bh 28h 2Ah 79h 3Bh 0BBh",
            "&H36, &HC6, &H66, &H39, &HE4, &H8A, &H8C, &HA4, &HD6, &HBC, &H8B, &H28, &H2A, &H79, &H3B, &HBB",
            "$36 $C6 $66 $39 $E4 $8A $8C $A4 $D6 $BC $8B $28 $2A $79 $3B $BB",
            "NsZmOeSKjKTWvIsoKnk7uw==",
            "MzZDNjY2MzlFNDhBOENBNEQ2QkM4QjI4MkE3OTNCQkI=",
            "MzZjNjY2MzllNDhhOGNhNGQ2YmM4YjI4MmE3OTNiYmIK",
        ] {
            assert_eq!(rewritten(text), HEX, "{text}");
            let labelled = rewritten(&format!("KEY[16] = {text};"));
            assert!(labelled.starts_with("KEY     = ") && labelled.contains(HEX), "{labelled}");
        }
    }

    #[test]
    fn the_base_of_a_number_is_left_out() {
        assert_eq!(rewritten(&format!("{HEX}h")), HEX);
        assert_eq!(rewritten(&format!("16#{HEX} # mine")), format!("   {HEX} # mine"));
        for text in ["16# mine", "116#36", "36h"] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn hex_stays_as_it_is() {
        for text in [
            HEX,
            "36 C6 66 39 E4 8A 8C A4 D6 BC 8B 28 2A 79 3B BB",
            "36 46 66 39 14 80 82 14 26 32 80 28 20 79 30 11",
            "'36C66639E48A8CA4D6BC8B282A793BBB'",
            "54 198 102 57 228 138 140 164 214 188 139 40 42 121 59 187 12",
            "54 198 102 57 228 138 140 164 214 188 139 40 42 121 59",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }
}
