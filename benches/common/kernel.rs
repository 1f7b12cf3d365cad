//! The least that any decoder has to do with a telegram: the yardstick of all figures.
//!
//! Hex to octets with SIMD, the sum of the frames, AES-128-CTR over the ciphertext with a key
//! schedule made once, and a copy of as many octets as the text has. It finds nothing, checks
//! nothing and understands nothing. Its cost depends on the machine much as that of a decoder does,
//! so a ratio to it holds on other machines.

use aes::{
    Aes128,
    cipher::{InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper},
};
use ctr::{CtrCore, flavors::Ctr32BE};
use meterpipe::{
    cipher::ciphered::Ciphered,
    format::entry::{Format, OutputTelegram},
    reading::telegram::Telegram,
    record::{Attributes, Time},
    source::simulator::meter::EXAMPLE_KEY,
};

use super::Sample;

/// The rooms that it works in, and the key.
pub struct Kernel {
    schedule: Aes128,
    octets: Vec<u8>,
    plain: Vec<u8>,
    text: Vec<u8>,
}

/// The parts of one telegram that the kernel is given.
pub struct Load {
    lines: Vec<Vec<u8>>,
    octets: usize,
    counter: [u8; 16],
    ciphertext: Vec<u8>,
    text: Vec<u8>,
}

impl Load {
    /// Of a telegram and the format that is to be measured against it.
    pub fn new(sample: &Sample, format: &mut dyn Format) -> Self {
        let telegram = &Telegram::parse(&sample.plain).expect("a telegram");
        let zone = &jiff::tz::TimeZone::UTC;
        let (received, attributes) = (Time::UNKNOWN, Attributes::default());
        let mut text = vec![];
        format.entry(&OutputTelegram { telegram, zone, received, attributes }, &mut text);
        if text.is_empty() {
            // A snapshot writes all at the end.
            format.end(&mut text);
        }

        let apdu = Ciphered::parse(&sample.apdu).expect("a ciphered APDU");
        let title = apdu.title.expect("a system title");
        let mut counter = [0; 16];
        counter[..8].copy_from_slice(&title);
        counter[8..12].copy_from_slice(&apdu.counter.to_be_bytes());
        counter[15] = 2;
        let load = Self {
            lines: sample.lines.clone(),
            octets: sample.lines.iter().map(|line| line.len() / 2).sum(),
            counter,
            ciphertext: apdu.ciphertext.to_vec(),
            text,
        };

        let mut kernel = Kernel::default();
        kernel.run(&load);
        let plain = &kernel.plain[..load.ciphertext.len()];
        assert_eq!(plain, sample.plain, "the kernel deciphers something else");
        load
    }
}

impl Default for Kernel {
    fn default() -> Self {
        let room = || vec![0; 4096];
        let schedule = Aes128::new(&EXAMPLE_KEY.into());
        Self { schedule, octets: room(), plain: room(), text: room() }
    }
}

impl Kernel {
    /// All of it; what comes back depends on every part.
    pub fn run(&mut self, load: &Load) -> u64 {
        self.hex(load);
        let sum = self.sum(load);
        let plain = self.aes(load);
        let text = self.copy(load);
        u64::from(sum) + u64::from(plain) + u64::from(text)
    }

    /// Hex to octets.
    pub fn hex(&mut self, load: &Load) {
        let mut done = 0;
        for line in &load.lines {
            let end = done + line.len() / 2;
            hex::decode_to_slice(line, &mut self.octets[done..end]).expect("hex");
            done = end;
        }
    }

    /// The sum of as many octets as the frames have.
    pub fn sum(&self, load: &Load) -> u8 {
        self.octets[..load.octets].iter().fold(0, |sum, octet| sum.wrapping_add(*octet))
    }

    /// Ciphertext to plain text: its last octet.
    pub fn aes(&mut self, load: &Load) -> u8 {
        let plain = &mut self.plain[..load.ciphertext.len()];
        let core = CtrCore::<_, Ctr32BE>::inner_iv_init(&self.schedule, &load.counter.into());
        StreamCipherCoreWrapper::from_core(core).apply_keystream_b2b(&load.ciphertext, plain);
        plain[plain.len() - 1]
    }

    /// The text of the telegram, which was there before: its last octet but the line end.
    pub fn copy(&mut self, load: &Load) -> u8 {
        let text = &mut self.text[..load.text.len()];
        text.copy_from_slice(&load.text);
        text[text.len() - 2]
    }
}
