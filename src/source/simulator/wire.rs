//! From the plain APDU to octets on the line.
//!
//! ```text
//! DB 08 4B464D6750000009 81F8 20 00000023 88D5AB4F…        [ tag ]
//!       system title     len  SC counter  ciphertext        12 octets with SC 3x
//!
//! 68 FA FA 68 53 FF 00 01 67 DB084B46…  17 16     first frame: segment 0
//! 68 14 14 68 53 FF 11 01 67 419A3CFD…  83 16     last frame:  segment 1, FIN
//! ```
//!
//! HDLC frames are made in [`hdlc`].

use aes::{
    Aes128,
    cipher::{InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper, typenum::U12},
};
use aes_gcm::{AeadInOut, AesGcm};
use ctr::{CtrCore, flavors::Ctr32BE};
use zeroize::Zeroizing;

use super::{
    hdlc,
    meter::{MeterKind, SimulatedLink},
    pace::{LinePace, Runs},
};
use crate::link::mbus;

/// Ciphers APDUs under one key.
pub struct Sealer {
    cipher: Ciphering,
    suite: u8,
}

/// The cipher without or with a tag.
enum Ciphering {
    /// Without a tag, GCM is CTR from the second counter value on.
    Untagged(Box<Aes128>),
    /// The tag covers SC and the authentication key besides the ciphertext.
    Tagged { cipher: Box<AesGcm<Aes128, U12, U12>>, covered: Zeroizing<[u8; 17]> },
}

impl Sealer {
    /// A sealer for a suite (0 or 1). An authentication key adds a tag.
    pub fn new(suite: u8, guek: &[u8; 16], gak: Option<&[u8; 16]>) -> Self {
        let cipher = match gak {
            None => Ciphering::Untagged(Box::new(Aes128::new(guek.into()))),
            Some(gak) => {
                let mut covered = Zeroizing::new([TAGGED | suite; 17]);
                if let Some((_, key)) = covered.split_first_mut() {
                    key.copy_from_slice(gak);
                }
                Ciphering::Tagged { cipher: Box::new(AesGcm::new(guek.into())), covered }
            }
        };
        Self { cipher, suite }
    }

    /// Appends the ciphered APDU to `apdu`. `plain` may have 65 518 octets, more than any simulated
    /// meter sends.
    pub fn seal(&self, title: &[u8; 8], counter: u32, plain: &[u8], apdu: &mut Vec<u8>) {
        let (control, tag) = match self.cipher {
            Ciphering::Untagged(_) => (ENCRYPTED | self.suite, 0),
            Ciphering::Tagged { .. } => (TAGGED | self.suite, 12),
        };
        apdu.extend_from_slice(&[0xdb, 8]);
        apdu.extend_from_slice(title);
        length(apdu, 5 + plain.len() + tag);
        apdu.push(control);
        apdu.extend_from_slice(&counter.to_be_bytes());
        let start = apdu.len();
        apdu.extend_from_slice(plain);
        let (_, text) = apdu.split_at_mut(start);
        let nonce = u128::from(u64::from_be_bytes(*title)) << 32 | u128::from(counter);
        if let Some(tag) = self.cipher.apply(nonce, text) {
            apdu.extend_from_slice(&tag);
        }
    }
}

impl Ciphering {
    /// Ciphers `text` in place under a nonce of 96 bits.
    fn apply(&self, nonce: u128, text: &mut [u8]) -> Option<[u8; 12]> {
        match self {
            Self::Untagged(cipher) => {
                let counter = (nonce << 32 | 2).to_be_bytes();
                let core = CtrCore::<_, Ctr32BE>::inner_iv_init(&**cipher, &counter.into());
                StreamCipherCoreWrapper::from_core(core).apply_keystream(text);
                None
            }
            Self::Tagged { cipher, covered } => {
                let nonce = (nonce << 32).to_be_bytes();
                let (nonce, _) = nonce.split_first_chunk::<12>()?;
                // This fails only for more than 64 GiB of text.
                let tag = cipher.encrypt_inout_detached(nonce.into(), &**covered, text.into());
                tag.ok().map(Into::into)
            }
        }
    }
}

/// Appends a ciphered APDU as that meter sends it.
pub fn send(meter: MeterKind, apdu: &[u8], wire: &mut Vec<u8>) -> Runs {
    let mut runs = Runs::new(meter.pace());
    match meter.link() {
        SimulatedLink::MBus { segment } => return frames(apdu, segment, wire),
        SimulatedLink::Hdlc { addresses } => {
            runs.push(hdlc::emit(addresses, &[&hdlc::LLC, apdu].concat(), wire));
        }
        SimulatedLink::Blocks { addresses, information } => {
            hdlc::emit_blocks(addresses, information, apdu, wire, &mut runs);
        }
        SimulatedLink::Bare => {
            wire.extend_from_slice(apdu);
            runs.push(apdu.len());
        }
    }
    runs
}

/// Appends `apdu` as M-Bus frames with at most `segment` octets of data, a run each.
pub fn frames(apdu: &[u8], segment: usize, wire: &mut Vec<u8>) -> Runs {
    let mut runs = Runs::new(LinePace::M_BUS);
    let mut rest = apdu;
    let mut number = 0;
    while let Some((data, behind)) = rest.split_at_checked(segment.clamp(1, rest.len().max(1))) {
        rest = behind;
        runs.push(mbus::emit(number, rest.is_empty(), data, wire));
        number = number.wrapping_add(1);
    }
    runs
}

/// Encrypted, without a tag: bit 5.
const ENCRYPTED: u8 = 0x20;
/// Encrypted and authenticated: bits 5 and 4.
const TAGGED: u8 = 0x30;

/// The shortest form, which all meters use: `4D`, `81 F8`, `82 01 55`.
fn length(apdu: &mut Vec<u8>, value: usize) {
    let [.., high, low] = value.to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => apdu.push(low),
        (0, _) => apdu.extend_from_slice(&[0x81, low]),
        _ => apdu.extend_from_slice(&[0x82, high, low]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (value, octets) in [(77, &[0x4d][..]), (248, &[0x81, 0xf8]), (265, &[0x82, 0x01, 0x09])]
        {
            let mut apdu = vec![];
            length(&mut apdu, value);
            assert_eq!(apdu, octets);
        }
    }

    #[test]
    fn frames_are_numbered_and_the_last_one_says_so() {
        let shapes = |octets: usize, segment| {
            let mut wire = vec![];
            let runs = frames(&vec![0; octets], segment, &mut wire);
            assert_eq!(runs.octets(), wire.len());
            let of = |run: core::ops::Range<usize>| {
                (wire[run.start + 6], wire[run.start + 1], run.len())
            };
            runs.ranges().map(of).collect::<Vec<_>>()
        };
        assert_eq!(shapes(88, 245), [(0x10, 0x5d, 99)]);
        assert_eq!(shapes(245, 245), [(0x10, 0xfa, 256)]);
        assert_eq!(shapes(260, 245), [(0x00, 0xfa, 256), (0x11, 0x14, 26)]);
        assert_eq!(shapes(260, 252), [(0x00, 0x01, 263), (0x11, 0x0d, 19)]);
        assert_eq!(shapes(0, 245), []);
        assert_eq!(shapes(600, 245).last(), Some(&(0x12, 115, 121)));
    }

    #[test]
    fn a_tag_changes_length_control_and_nothing_of_the_ciphertext() {
        let title = *b"KFMg\x50\0\0\x09";
        let sealed = |gak: Option<&[u8; 16]>| {
            let mut apdu = vec![];
            Sealer::new(1, &[7; 16], gak).seal(&title, 35, &[0x0f; 100], &mut apdu);
            apdu
        };
        let (open, tagged) = (sealed(None), sealed(Some(&[9; 16])));
        assert_eq!(open[10..12], [105, 0x21]);
        assert_eq!(tagged[10..12], [117, 0x31]);
        assert_eq!(open[12..], tagged[12..tagged.len() - 12]);
        assert_ne!(sealed(Some(&[8; 16])), tagged);
    }
}
