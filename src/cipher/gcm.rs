//! AES-128-GCM as DLMS uses it (Green Book, 9.2.3.3.7): the nonce is the system title and the
//! invocation counter, tags have 12 octets, and besides the text a tag covers the security control
//! octet and the authentication key.
//!
//! Without a tag, GCM is AES in counter mode; the first block of text is enciphered with counter 2.

use aes::Aes128;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, aead::consts::U12};
use ctr::{
    CtrCore,
    cipher::{InnerIvInit, StreamCipher, StreamCipherCoreWrapper},
    flavors::Ctr32BE,
};
use zeroize::Zeroizing;

use crate::cipher::{
    ciphered::{Ciphered, SystemTitle, TAG_SIZE},
    key::Key,
};

/// A key made ready, so that its schedule is computed once.
pub struct Cipher {
    key: Key,
    schedule: Aes128,
}

impl Cipher {
    /// Makes a GUEK ready.
    #[must_use]
    pub fn new(key: Key) -> Self {
        let schedule = Aes128::new(key.octets().into());
        Self { key, schedule }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Deciphers into `plain`, which is emptied first. Nothing is verified: a wrong key gives
    /// noise.
    pub fn decrypt(&self, apdu: &Ciphered<'_>, title: &SystemTitle, plain: &mut Vec<u8>) {
        plain.clear();
        plain.extend_from_slice(apdu.ciphertext);
        self.cipher(title, apdu.counter, plain);
    }

    /// The first octet of what [`decrypt`](Self::decrypt) makes, for a fraction of the work.
    #[must_use]
    pub fn first_octet(&self, apdu: &Ciphered<'_>, title: &SystemTitle) -> Option<u8> {
        let mut first = [*apdu.ciphertext.first()?];
        self.cipher(title, apdu.counter, &mut first);
        let [first] = first;
        Some(first)
    }

    fn cipher(&self, title: &SystemTitle, number: u32, octets: &mut [u8]) {
        let mut block = [0; 16];
        let (nonce, counter) = block.split_at_mut(12);
        nonce.copy_from_slice(&nonce_of(title, number));
        counter.copy_from_slice(&2u32.to_be_bytes());
        let core = CtrCore::<_, Ctr32BE>::inner_iv_init(&self.schedule, &block.into());
        StreamCipherCoreWrapper::from_core(core).apply_keystream(octets);
    }

    /// Ciphers `text` in place; the tag under an authentication key, if one is given. The security
    /// control octet says how.
    pub fn seal(
        &self,
        control: u8,
        counter: u32,
        title: &SystemTitle,
        gak: Option<&Key>,
        text: &mut [u8],
    ) -> Option<[u8; TAG_SIZE]> {
        let Some(gak) = gak else {
            self.cipher(title, counter, text);
            return None;
        };
        let mut covered = Zeroizing::new([control; 17]);
        if let Some((_, key)) = covered.split_first_mut() {
            key.copy_from_slice(gak.octets());
        }
        let gcm = AesGcm::<Aes128, U12, U12>::from(self.schedule.clone());
        let nonce = nonce_of(title, counter).into();
        // This fails only for more than 64 GiB of text.
        gcm.encrypt_inout_detached(&nonce, &*covered, text.into()).ok().map(Into::into)
    }

    /// Verifies the tag under the authentication key (GAK), and deciphers into `plain`.
    ///
    /// False if the tag does not fit or there is none; `plain` is empty then.
    pub fn open(
        &self,
        apdu: &Ciphered<'_>,
        title: &SystemTitle,
        gak: &Key,
        plain: &mut Vec<u8>,
    ) -> bool {
        plain.clear();
        let Some(tag) = apdu.tag else {
            return false;
        };
        let mut covered = Zeroizing::new([0; 17]);
        if let Some((control, key)) = covered.split_first_mut() {
            *control = apdu.security.0;
            key.copy_from_slice(gak.octets());
        }
        plain.extend_from_slice(apdu.ciphertext);
        let gcm = AesGcm::<Aes128, U12, U12>::from(self.schedule.clone());
        let nonce = nonce_of(title, apdu.counter).into();
        let text = plain.as_mut_slice().into();
        let fits = gcm.decrypt_inout_detached(&nonce, &*covered, text, &(*tag).into()).is_ok();
        if !fits {
            plain.clear();
        }
        fits
    }
}

fn nonce_of(title: &SystemTitle, counter: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (head, tail) = nonce.split_at_mut(8);
    head.copy_from_slice(title);
    tail.copy_from_slice(&counter.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::ciphered::SecurityControl;

    fn key(digits: &str) -> Key {
        Key::parse(digits).unwrap()
    }

    const TITLE: SystemTitle = [0x4d, 0x4d, 0x4d, 0x00, 0x00, 0xbc, 0x61, 0x4e];

    fn apdu<'a>(text: &'a [u8], tag: Option<&'a [u8; 12]>, counter: u32) -> Ciphered<'a> {
        let security = SecurityControl(0x30);
        Ciphered { title: Some(TITLE), security, counter, ciphertext: text, tag }
    }

    /// The example of the Green Book, 9.2.3.3.8 (global ciphering of a GET request).
    #[test]
    fn the_example_of_the_green_book_opens_with_its_tag_only() {
        let text = hex::decode("411312ff935a47566827c467bc").unwrap();
        let tag: [u8; 12] = hex::decode("7d825c3be4a77c3fcc056b6b").unwrap().try_into().unwrap();
        let guek = Cipher::new(key("000102030405060708090A0B0C0D0E0F"));
        let gak = key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF");
        let expected = hex::decode("c0010000080000010000ff0200").unwrap();

        let mut plain = vec![1, 2, 3];
        assert!(guek.open(&apdu(&text, Some(&tag), 0x0123_4567), &TITLE, &gak, &mut plain));
        assert_eq!(plain, expected);
        guek.decrypt(&apdu(&text, None, 0x0123_4567), &TITLE, &mut plain);
        assert_eq!(plain, expected);
        let first = guek.first_octet(&apdu(&text, None, 0x0123_4567), &TITLE);
        assert_eq!(first, Some(0xc0));
        assert_eq!(guek.first_octet(&apdu(&[], None, 0x0123_4567), &TITLE), None);

        for bit in 0..96 {
            let mut wrong = tag;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!guek.open(&apdu(&text, Some(&wrong), 0x0123_4567), &TITLE, &gak, &mut plain));
            assert!(plain.is_empty());
        }
        assert!(!guek.open(&apdu(&text, Some(&tag), 0x0123_4568), &TITLE, &gak, &mut plain));
        assert!(!guek.open(&apdu(&text, None, 0x0123_4567), &TITLE, &gak, &mut plain));
    }
}
