//! Groups of two digits with the same separator between all of them, read many at a time.
//!
//! ```text
//! 68 fa fa 68 53 ff    68:FA:FA:68:53:FF    68-fa-fa-68-53-ff
//! ```
//!
//! The digits are moved together first, because bare hex is decoded with SIMD instructions.

use super::canonical;

/// Appends the octets of the groups that `text` begins with, and returns how many characters these
/// groups have. That is zero, and nothing is appended, if there are fewer than two groups or if a
/// group among them is no octet.
///
/// The third character is the separator, whatever it is. The one behind the last group is not
/// taken. A long row of groups is not taken whole.
pub(super) fn decode(text: &[u8], octets: &mut Vec<u8>) -> usize {
    let mut digits = [0; 2 * GROUPS];
    let count = gather(text, &mut digits);
    let digits = digits.get(..2 * count).unwrap_or_default();
    match count >= 2 && canonical::decode(digits, octets).is_ok() {
        true => 3 * count - 1,
        false => 0,
    }
}

/// Moves the characters of the groups together, and returns how many groups there are.
fn gather(text: &[u8], digits: &mut [u8; 2 * GROUPS]) -> usize {
    let Some(&separator) = text.get(2) else {
        return 0;
    };
    let mut count = 0;
    for (eight, room) in text.as_chunks().0.iter().zip(digits.as_chunks_mut().0) {
        let Some(together) = gather_eight(eight, separator) else {
            break;
        };
        *room = together;
        count += 8;
    }
    let rest = text.get(3 * count..).unwrap_or_default().chunks(3);
    for (group, room) in rest.zip(digits.as_chunks_mut().0.iter_mut().skip(count)) {
        let [high, low, ..] = *group else {
            break;
        };
        if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
            break;
        }
        *room = [high, low];
        count += 1;
        if group.get(2) != Some(&separator) {
            break;
        }
    }
    count
}

/// The digits of eight groups with a separator behind each, moved together:
///
/// ```text
/// 68:fa:fa  :68:53:f  f:00:01:    three times eight characters,
/// 68fafa68  53ff0001              of which two times eight are digits
/// ```
fn gather_eight(text: &[u8; 24], separator: u8) -> Option<[u8; 16]> {
    let (words, _) = text.as_chunks();
    let [first, second, third] = *words else {
        return None;
    };
    let [first, second, third] = [first, second, third].map(u64::from_le_bytes);
    let separators = u64::from_le_bytes([separator; 8]);
    let differs = (first ^ separators) & 0x0000_ff00_00ff_0000
        | (second ^ separators) & 0x00ff_0000_ff00_00ff
        | (third ^ separators) & 0xff00_00ff_0000_ff00;
    if differs != 0 {
        return None;
    }
    // Two characters of a word, moved down by so many bits, and to their place.
    let pair = |word: u64, from: u32, to: u32| (word >> from & 0xffff) << to;
    let low = pair(first, 0, 0) | pair(first, 24, 16) | pair(first, 48, 32) | pair(second, 8, 48);
    let split = second >> 56 | (third & 0xff) << 8;
    let high = pair(second, 32, 0) | pair(split, 0, 16) | pair(third, 16, 32) | pair(third, 40, 48);
    let mut digits = [0; 16];
    let (front, back) = digits.split_at_mut(8);
    front.copy_from_slice(&low.to_le_bytes());
    back.copy_from_slice(&high.to_le_bytes());
    Some(digits)
}

/// The frame of a telegram has up to 263 octets.
const GROUPS: usize = 264;
