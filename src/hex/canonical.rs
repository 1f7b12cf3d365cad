//! Hex digits without separators: the HEX column of a record, and the usual hex dump.

use crate::error::{Cause, Error, Layer, Result};

/// Appends the octets of `digits` (upper or lower case, nothing else) to `octets`.
///
/// Nothing is appended if a digit is wrong or single.
pub fn decode(digits: &[u8], octets: &mut Vec<u8>) -> Result<()> {
    let start = octets.len();
    octets.resize(start + digits.len() / 2, 0);
    let (_, room) = octets.split_at_mut(start);
    if digits.len().is_multiple_of(2) && hex::decode_to_slice(digits, room).is_ok() {
        return Ok(());
    }
    octets.truncate(start);
    Err(match digits.iter().position(|digit| !digit.is_ascii_hexdigit()) {
        Some(at) => Error::new(Layer::Hex, at, Cause::NotHex),
        None => Error::new(Layer::Hex, digits.len().saturating_sub(1), Cause::OddDigits),
    })
}

/// Appends `octets` in lower case to `text`.
pub fn encode(octets: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + 2 * octets.len(), b'0');
    let (_, room) = text.split_at_mut(start);
    let fits = hex::encode_to_slice(octets, room).is_ok();
    debug_assert!(fits, "two digits an octet");
}

/// Appends `octets` in upper case to `text`, as Gurux prints them. They are few, nearly always, and
/// then the way into SIMD code is longer than all of this.
#[inline]
pub fn encode_upper(octets: &[u8], text: &mut Vec<u8>) {
    for octet in octets {
        text.extend_from_slice(&upper(*octet));
    }
}

fn upper(octet: u8) -> [u8; 2] {
    // An index beyond the end would not compile.
    #[allow(clippy::indexing_slicing)]
    const DIGITS: [[u8; 2]; 256] = {
        let digit = b"0123456789ABCDEF";
        let mut digits = [[0; 2]; 256];
        let mut octet = 0;
        while octet < digits.len() {
            digits[octet] = [digit[octet / 16], digit[octet % 16]];
            octet += 1;
        }
        digits
    };
    DIGITS.get(usize::from(octet)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_of_every_octet() {
        let octets: Vec<u8> = (0..=255).collect();
        let mut text = b"x".to_vec();
        encode(&octets, &mut text);
        let mut back = vec![];
        decode(&text[1..], &mut back).unwrap();
        assert_eq!(back, octets);
        back.clear();
        decode(&text[1..].to_ascii_uppercase(), &mut back).unwrap();
        assert_eq!(back, octets);
        text.clear();
        encode_upper(&octets, &mut text);
        assert_eq!(text, hex::encode_upper(&octets).as_bytes());
    }

    #[test]
    fn a_bad_digit_is_named_by_place_and_leaves_nothing_behind() {
        let mut octets = vec![7];
        let error = decode(b"68fg", &mut octets).unwrap_err();
        assert_eq!((error.offset, error.cause), (3, Cause::NotHex));
        let error = decode(b"68f", &mut octets).unwrap_err();
        assert_eq!((error.offset, error.cause), (2, Cause::OddDigits));
        assert_eq!(octets, [7]);
    }
}
