//! One AES-128 key: the GUEK (encryption) or the GAK (authentication) of a meter.
//!
//! A key is wiped when it is dropped and never printed; people see a four-digit fingerprint.

use core::fmt;

use aes::{
    Aes128,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Cause, Error, Layer, Result};

/// Sixteen octets that stay secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 16]);

impl Key {
    /// Hex digits of a key.
    const DIGITS: usize = 32;

    /// From the octets.
    #[must_use]
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Reads a key as people write it: 32 hex digits, upper or lower case, also with blanks, `:`,
    /// `-`, `,`, `.`, `0x` or `\x` between them.
    ///
    /// # Errors
    /// Names the place (in characters) or the number of digits, never the text.
    pub fn parse(text: &str) -> Result<Self> {
        let mut octets = zeroize::Zeroizing::new([0u8; 16]);
        let mut found = 0;
        let (mut zero, mut escape) = (None, None);
        for (at, character) in text.chars().enumerate() {
            let digit = character.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            match (digit, character) {
                (_, 'x' | 'X') if zero == Some(at) => found -= 1,
                (Some(digit), _) => {
                    if let Some(octet) = octets.get_mut(found / 2) {
                        *octet = *octet << 4 | digit;
                    }
                    found += 1;
                    // The 0 of `0x` is not a digit of the key.
                    zero = (digit == 0).then_some(at + 1);
                }
                (None, ' ' | '\t' | '\r' | ':' | '-' | ',' | '.' | '\u{feff}') => {}
                (None, '\\') => escape = Some(at + 1),
                (None, 'x') if escape == Some(at) => {}
                (None, _) => return Err(Error::new(Layer::Key, at, Cause::NotHex)),
            }
        }
        match found {
            Self::DIGITS => Ok(Self(*octets)),
            _ => Err(Error::new(Layer::Key, 0, Cause::KeyDigits { found })),
        }
    }

    /// The octets, for a cipher.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 16] {
        &self.0
    }

    /// Four hex digits that tell keys apart and say nothing about them: the start of a fixed block
    /// enciphered with the key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut block = (*b"meterpipe key id").into();
        Aes128::new(&self.0.into()).encrypt_block(&mut block);
        let [high, low, ..] = block.0;
        Fingerprint(u16::from_be_bytes([high, low]))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

/// The part of a key that may be shown: `#a3f1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u16);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:04x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCTETS: [u8; 16] = [
        0x36, 0xc6, 0x66, 0x39, 0xe4, 0x8a, 0x8c, 0xa4, 0xd6, 0xbc, 0x8b, 0x28, 0x2a, 0x79, 0x3b,
        0xbb,
    ];

    #[test]
    fn every_usual_spelling_is_read() {
        let bytes: Vec<String> = OCTETS.iter().map(|octet| format!("{octet:02x}")).collect();
        for text in [
            "36C66639E48A8CA4D6BC8B282A793BBB".to_string(),
            "36c66639e48a8ca4d6bc8b282a793bbb".to_string(),
            "0x36C66639E48A8CA4D6BC8B282A793BBB".to_string(),
            "\u{feff}36c6 6639 e48a 8ca4 d6bc 8b28 2a79 3bbb ".to_string(),
            bytes.join(" "),
            bytes.join(":"),
            bytes.join("-"),
            bytes.join("."),
            format!("\\x{}", bytes.join("\\x")),
            format!("0x{}", bytes.join(", 0x")),
            "36C66639E48A8CA4D6BC8B282A793BBB\r".to_string(),
        ] {
            assert_eq!(Key::parse(&text), Ok(Key(OCTETS)), "{text}");
        }
        let zeros = format!("0x{}", ["00"; 16].join(" 0x"));
        assert_eq!(Key::parse(&zeros), Ok(Key([0; 16])));
    }

    #[test]
    fn a_defect_is_named_without_the_text() {
        let message = |text: &str| Key::parse(text).unwrap_err().to_string();
        assert_eq!(message("36C6"), "key: 4 hex digits, expected 32");
        assert_eq!(message(&"0".repeat(31)), "key: 31 hex digits, expected 32");
        assert_eq!(message("36C6O639"), "key: character 5 is not a hex digit");
        assert_eq!(message("SECRETSECRETSECR"), "key: character 1 is not a hex digit");
    }

    #[test]
    fn only_a_fingerprint_is_ever_printed() {
        let key = Key(OCTETS);
        let debug = format!("{key:?} {}", key.fingerprint());
        assert_eq!(debug.len(), "Key(#0000) #0000".len());
        assert!(!debug.to_lowercase().contains("36c6"));
        assert_ne!(key.fingerprint(), Key([0; 16]).fingerprint());
    }
}
