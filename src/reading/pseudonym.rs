//! Other numbers and names in the place of those of a meter.
//!
//! The same input gives the same output as long as the secret is the same. Without the secret, which
//! is forgotten with the run, nothing leads back.

use aes::{
    Aes128,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use zeroize::Zeroizing;

/// The maker of pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Aes128);

impl core::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// With a secret that nobody else knows.
    #[must_use]
    pub fn new(secret: Zeroizing<[u8; 16]>) -> Self {
        Self(Aes128::new(&(*secret).into()))
    }

    /// A system title of the same manufacturer: the first four octets are its name and a type.
    #[must_use]
    pub fn title(&self, title: [u8; 8]) -> [u8; 8] {
        let mut other = title;
        let (_, number) = other.split_at_mut(4);
        self.octets("title", &title, number);
        other
    }

    /// A text of the same length: other digits, and other letters beyond those of a manufacturer.
    pub fn text(&self, text: &mut [u8]) {
        let mut random = vec![0; text.len()];
        self.octets("text", text, &mut random);
        let letters = text.iter().filter(|c| c.is_ascii_alphabetic()).count();
        for (character, random) in text.iter_mut().zip(random) {
            *character = match *character {
                digit @ b'0'..=b'9' => other(digit, b'0', 10, random),
                letter @ b'A'..=b'Z' if letters > MANUFACTURER => other(letter, b'A', 26, random),
                letter @ b'a'..=b'z' if letters > MANUFACTURER => other(letter, b'a', 26, random),
                character => character,
            };
        }
    }

    /// Replaces the octets of a number or name that is no text.
    pub fn binary(&self, octets: &mut [u8]) {
        let before = octets.to_vec();
        self.octets("binary", &before, octets);
    }

    /// A number below a bound.
    #[must_use]
    pub fn below(&self, kind: &str, input: &[u8], bound: u64) -> u64 {
        let mut random = [0; 8];
        self.octets(kind, input, &mut random);
        u64::from_be_bytes(random) % bound.max(1)
    }

    /// As many octets as there is room for.
    fn octets(&self, kind: &str, input: &[u8], room: &mut [u8]) {
        let mut state = [0; 16];
        let length = (kind.len() + input.len()).to_be_bytes();
        let parts = [&length[..], kind.as_bytes(), b":", input].concat();
        for chunk in parts.chunks(16) {
            state.iter_mut().zip(chunk).for_each(|(state, octet)| *state ^= octet);
            self.encrypt(&mut state);
        }
        for (counter, part) in room.chunks_mut(16).enumerate() {
            let mut block = state;
            let counter = counter.to_be_bytes();
            block.iter_mut().zip(counter).for_each(|(octet, counter)| *octet ^= counter);
            self.encrypt(&mut block);
            part.iter_mut().zip(block).for_each(|(octet, random)| *octet = random);
        }
    }

    fn encrypt(&self, block: &mut [u8; 16]) {
        let mut cipher = (*block).into();
        self.0.encrypt_block(&mut cipher);
        *block = cipher.into();
    }
}

/// Another character of an alphabet, never the same.
fn other(character: u8, first: u8, size: u8, random: u8) -> u8 {
    first + (character - first + 1 + random % (size - 1)) % size
}

/// The letters of a manufacturer in a name, and one for the kind of the meter.
const MANUFACTURER: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_keep_their_form_and_nothing_else() {
        let [one, other] = [[1; 16], [2; 16]].map(|secret| Pseudonyms::new(secret.into()));
        let text = |names: &Pseudonyms, text: &str| {
            let mut octets = text.as_bytes().to_vec();
            names.text(&mut octets);
            String::from_utf8(octets).unwrap()
        };
        let number = text(&one, "181220000009");
        assert!(number.bytes().all(|c| c.is_ascii_digit()) && number.len() == 12);
        assert!(number.bytes().zip("181220000009".bytes()).all(|(a, b)| a != b), "{number}");
        assert_eq!(text(&one, "181220000009"), number);
        assert_ne!(text(&other, "181220000009"), number);
        assert!(text(&one, "1KFM0200123456")[1..].starts_with("KFM"));
        let title = one.title(*b"KFMg\x50\0\0\x09");
        assert!(title.starts_with(b"KFMg") && title != *b"KFMg\x50\0\0\x09");
    }
}
