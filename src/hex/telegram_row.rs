//! Hex that is written as the octets of a telegram are, told from that of other programs.
//!
//! ```text
//! RX: 68 fa fX 68 53 ff 00 01 67                    octets
//! RX: 68fafX6853ff000167db08                        a run of them
//!
//! e3b0c44298fc1c149afbf4c8996fb924 telegram.bin     a hash: a run of its length, beside words
//! status unpacked libedit2:amd64 3.1-20221030-2     numbers
//! index b547be2..1620d8a 100644
//! 01.11.2026,00:15,0.694
//! ```
//!
//! Only a line in which something cannot be read is looked at, and no telegram begins in it or is open.

use super::{prefix::slice, stamp};

/// True for a line that may be a part of a telegram. `has_telegram`: one was in front of it. Without, a few groups of
/// digits and short lists of numbers are those of other texts.
#[must_use]
pub fn holds_row(line: &[u8], has_telegram: bool) -> bool {
    let text = slice(line, stamp::skip(line)..line.len());
    let groups: Vec<_> = groups(text).collect();
    let count = |is_kind: fn(&[u8]) -> bool| groups.iter().filter(|group| is_kind(group)).count();
    groups.iter().any(|group| is_run(group, groups.len() == 1))
        || count(is_pair) >= OCTETS && groups.iter().any(|it| is_pair(it) && has_hex_letter(it))
        || (OCTETS / 2).max(groups.len() / 2) <= count(is_word)
            && groups.iter().any(|it| is_word(it) && has_letter(it))
        || is_list(text, if has_telegram { 2 * OCTETS } else { LONG_LIST })
        || (has_telegram || is_bare(text) || groups.iter().any(|it| is_damaged(it)))
            && !groups.iter().any(|group| is_foreign(group))
            && are_digits(&groups, if is_bare(text) { 2 } else { FEW })
}

/// True for a line of digits and blanks.
fn is_bare(text: &[u8]) -> bool {
    text.iter().all(|c| c.is_ascii_hexdigit() || c.is_ascii_whitespace() || *c == b'-')
}

/// True for digits of a few octets, one of them without its partner. A word may have as many letters: `added`.
fn is_damaged(group: &[u8]) -> bool {
    group.len() > FEW && group.len() % 2 == 1 && has_letter(group) && has_digit(group)
}

/// True for groups of whole octets with more digits than a `few`, which are numbers and words: nearly all have one
/// width. Among few groups one may be damaged.
fn are_digits(groups: &[&[u8]], few: usize) -> bool {
    let of_width = |width| groups.iter().filter(|group| group.len() == width).count();
    let widths = groups.iter().map(|group| group.len()).filter(|width| width % 2 == 0);
    let most = widths.map(of_width).max().unwrap_or_default();
    groups.iter().any(|group| has_letter(group))
        && groups.iter().any(|group| has_digit(group))
        && groups.iter().map(|group| group.len()).sum::<usize>() > few
        && (groups.len() < FEW && most + 1 >= groups.len() || 4 * most >= 3 * groups.len())
}

/// True for digits with few wrong ones, more than an address has, which are no hash; `is_alone`: on their line.
fn is_run(group: &[u8], is_alone: bool) -> bool {
    let wrong = group.iter().filter(|c| !c.is_ascii_hexdigit()).count();
    let is_hash = wrong == 0 && HASHES.contains(&group.len());
    group.len() > ADDRESS
        && 8 * wrong <= group.len()
        && has_digit(group)
        && has_letter(group)
        // Beside words a number of many digits has hardly a letter: `6037u`.
        && (is_alone || group.iter().filter(|c| is_hex_letter(c)).count() > group.len() / 16)
        && !is_hash
}

/// An octet, also with a wrong digit.
fn is_pair(group: &[u8]) -> bool {
    group.len() == 2 && group.iter().any(u8::is_ascii_digit) || group.len() == 2 && is_hex(group)
}

/// Two octets.
fn is_word(group: &[u8]) -> bool {
    group.len() == 4 && is_hex(group)
}

/// True for so many numbers that may be octets in decimal: of those that a meter sends most have three digits. Other
/// lists are `0, 0, 0, 1, 0`, or have fractions among them: `8 0 c -0.550781`.
fn is_list(text: &[u8], least: usize) -> bool {
    let words = text.split(|c| !c.is_ascii_alphanumeric() && *c != b'.');
    let digits = |word: &[u8]| if word.iter().all(u8::is_ascii_digit) { word.len() } else { 0 };
    let is_fraction = |word: &[u8]| word.contains(&b'.') && has_digit(word);
    let numbers = words.clone().filter(|word| (1..=3).contains(&digits(word))).count();
    let long = words.clone().filter(|word| digits(word) == 3).count();
    numbers >= least
        && 8 * long >= numbers
        && numbers >= 4 * words.filter(|word| is_fraction(word)).count()
}

fn is_foreign(group: &[u8]) -> bool {
    group.len() > 2 && !is_hex(group)
}

fn is_hex(group: &[u8]) -> bool {
    group.iter().all(u8::is_ascii_hexdigit)
}

fn has_letter(group: &[u8]) -> bool {
    group.iter().any(u8::is_ascii_alphabetic)
}

fn is_hex_letter(c: &u8) -> bool {
    c.is_ascii_hexdigit() && c.is_ascii_alphabetic()
}

fn has_hex_letter(group: &[u8]) -> bool {
    group.iter().any(is_hex_letter)
}

fn has_digit(group: &[u8]) -> bool {
    group.iter().any(u8::is_ascii_digit)
}

/// Letters and digits without others between them, and without the mark of hex.
fn groups(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let groups = text.split(|c| !c.is_ascii_alphanumeric()).filter(|group| !group.is_empty());
    groups.map(|group| match group {
        [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..] => digits,
        _ => group,
    })
}

/// Fewer octets in a sentence are no part of a telegram.
const OCTETS: usize = 8;

/// The numbers of a line that is a telegram of its own.
const LONG_LIST: usize = 64;

/// Fewer groups may have any width.
const FEW: usize = 4;

/// The digits of an address in memory, or of a radio.
const ADDRESS: usize = 16;

/// The digits of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.
const HASHES: [usize; 6] = [32, 40, 56, 64, 96, 128];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_octets_are_those_of_a_telegram() {
        for line in [
            "RX: 68 fa fX 68 53 ff 00 01 67",
            "[12:00:00][D][uart_debug:114]: <<< 6X:FA:FA:68:53:FF:00:01:67:DB",
            "RX: 68fafX6853ff000167db08 4b",
            "data: 68fa fa6 53ff 0001 67db 084b",
            "read [104, 250, 2X0, 104, 83, 255, 0, 1, 103, 219, 8, 75, 70, 77, 103, 80, 0]",
            "0x68, 0xFA, 0xFG, 0x68, 0x53, 0xFF, 0x00, 0x01, 0x67",
            "68 FA F 68",
            "68fafa6",
            "RX: 68fafa6853ff000167db084b464d67500006",
        ] {
            assert!(holds_row(line.as_bytes(), true), "{line}");
        }
    }

    #[test]
    fn hashes_addresses_and_numbers_are_of_no_telegram() {
        for line in [
            "d41d8cd98f00b204e9800998ecf8427e  read me",
            "6de7346fe6a1b7bd81571cf8f1a5f8c680f207c0 Portal: the parts of a code",
            "    --hash=sha256:5e96785dc9fa0cb41b0a22c6175b7a1ff70e7b00fd48b30935358443c68bdaba \\",
            "2025-06-24 14:36:36 status unpacked libedit2:amd64 3.1-20221030-2",
            "Merge: fd42885 29d03d6",
            "index b547be2..1620d8a 100644",
            "\tSupported rates: 1.0* 2.0* 5.5* 11.0* 18.0 24.0 36.0 54.0",
            "7f86f435e000-7f86f4380000 rw-p 00000000 00:00 0 ",
            "   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
            "01.11.2026,00:15,0.694",
            "18817",
            "0\t34037679\t3540",
            "            f,",
            "  added.",
            ".B #",
            "    \"A | D\",",
            "    assert_eq!(b(\"a,bc\"), 'c');",
            "<path d=\"m 8 0 c -4.40625 0 -8 3.59375 -8 8 s 3.59375 8 8 8 s 8 -3.59375 8 -8 s -3.59375 -8 -8 -8 z m 3.398438 4\"/>",
            "cat 0.03 0.07 0.11 1.16 0.0232 39.5 0.0000 0 1.34 1.34",
            "\tDB\t3,0,1,2,7,4,5,6,11,8,9,10,15,12,13,14",
            "kernel: at ffffffff81000000 0xffffffff8100abc0 1",
            "  const _RealType __pi_4 = 0.7853981633974483096156608458198757L;",
            "const uint64_t FNV_OFFSET_64 = 14695981039346656037u;",
            "  1, 0xffffffff, 0xffffffff, 0, 1, 0, 0, 0, 0, 0",
            "    1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,",
            "            6.02e23",
            "6F0\t6F9\t0",
            "003F 0 1",
            "<path d=\"M11.1 12.08c-2.33-4.51-.5-8.48.53-10.07C6.27 2.2 1.98 6.59 1.98 12c0 .14.02.28\"/>",
        ] {
            assert!(!holds_row(line.as_bytes(), true), "{line}");
        }
    }

    #[test]
    fn few_digits_are_those_of_a_telegram_only_behind_one() {
        for line in
            ["128 140 172 196 219 235 247 256 255 246 234 218 194 171 139 127", "(68, FA, F, 68)"]
        {
            assert!(holds_row(line.as_bytes(), true), "{line}");
            assert!(!holds_row(line.as_bytes(), false), "{line}");
        }
    }
}
