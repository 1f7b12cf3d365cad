//! Every truncation, every flipped bit, many wrong keys: every reading that comes out was sent,
//! and nothing panics.

use crate::common::binary;
use crate::common::chain::{Outcome, decode_dump, decode_octets};
use crate::common::meters;
use crate::common::published::{DUMP, KEY, octets};
use jiff::Timestamp;
use meterpipe::{
    chain::decode::{Decode, DecodeEvent},
    cipher::key_file,
    source::simulator::{
        meter::EXAMPLE_KEY,
        push::{PushOptions, Simulator},
    },
};
use zeroize::Zeroizing;

const GAK: &str = "000102030405060708090A0B0C0D0E0F";

/// The published telegram of Netz NÖ.
fn published() -> Vec<u8> {
    octets(DUMP)
}

/// A telegram of every kind of meter on the M-Bus, one of them published, half of them with a tag.
fn telegrams() -> Vec<(String, Vec<u8>, String)> {
    let mut telegrams = vec![("published".to_owned(), published(), KEY.to_owned())];
    for meter in meters::wired() {
        for tagged in [false, true] {
            let start = Timestamp::from_second(1_790_000_000).unwrap();
            let gak = tagged.then(|| Zeroizing::new(std::array::from_fn(|i| i as u8)));
            let options = PushOptions { seed: 7, gak, ..PushOptions::new(meter, start) };
            assert_eq!(hex::encode_upper(*options.guek), KEY);
            assert_eq!(*options.guek, EXAMPLE_KEY);
            let mut wire = vec![];
            Simulator::new(options).push(&mut wire);
            let keys = if tagged { format!("{KEY} {GAK}") } else { KEY.to_owned() };
            telegrams.push((format!("{meter} tagged {tagged}"), wire, keys));
        }
    }
    telegrams
}

#[test]
fn every_truncation_gives_nothing_and_the_next_telegram_all_the_same() {
    for (name, telegram, keys) in telegrams() {
        let whole = decode_octets(&telegram, &keys, usize::MAX).telegrams;
        assert_eq!(whole.len(), 1, "{name}");
        for size in 0..telegram.len() {
            let truncated = &telegram[..size];
            assert_eq!(
                decode_octets(truncated, &keys, 64),
                Outcome::default(),
                "{name} truncated to {size}"
            );
            let stream = [truncated, &telegram].concat();
            assert_eq!(decode_octets(&stream, &keys, 4096).telegrams, whole, "{name}: {size}");
            let rest = decode_octets(&telegram[size..], &keys, 4096).telegrams;
            assert!(size == 0 || rest.is_empty(), "{name} from {size}");
        }
    }
}

#[test]
fn every_flipped_bit_of_the_line_is_refused_with_a_reason() {
    for (name, telegram, keys) in telegrams() {
        for bit in 0..8 * telegram.len() {
            let mut flipped = telegram.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped.extend_from_slice(&telegram);
            let outcome = decode_octets(&flipped, &keys, usize::MAX);
            assert_eq!(outcome.telegrams.len(), 1, "{name}: bit {bit}");
            assert!(!outcome.refused.is_empty() || bit < 32, "{name}: bit {bit} without a word");
        }
    }
}

/// The APDU inside the frames of a telegram.
fn apdu(telegram: &[u8]) -> Vec<u8> {
    use meterpipe::link::{layer::LinkLayer, mbus::Mbus};
    let (mut rest, mut apdu) = (telegram, vec![]);
    while let Some(Ok(size)) = Mbus::frame(rest) {
        let (frame, behind) = rest.split_at(size);
        apdu.extend(Mbus::segment(frame).unwrap().into_iter().flat_map(|segment| segment.data));
        rest = behind;
    }
    apdu
}

fn decode_apdu(apdu: &[u8], keys: &str) -> Outcome {
    decode_dump(&hex::encode(apdu), keys)
}

#[test]
fn every_flipped_bit_under_a_tag_is_refused() {
    for (name, telegram, keys) in
        telegrams().into_iter().filter(|(name, ..)| name.ends_with("true"))
    {
        let apdu = apdu(&telegram);
        assert_eq!(decode_apdu(&apdu, &keys).telegrams.len(), 1, "{name}");
        for bit in 0..8 * apdu.len() {
            let mut flipped = apdu.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = decode_apdu(&flipped, &keys).telegrams;
            // The tag does not cover which general ciphering it is: both mean the same here.
            let same_meaning = flipped[0] == 0xdc;
            // Neither does it cover the bit that says that there is a tag; but then the tag itself
            // is taken for text, and the text has octets too many.
            assert!(found.is_empty() || same_meaning, "{name}: bit {bit}");
        }
    }
}

#[test]
fn a_flipped_bit_without_a_tag_gives_a_reading_or_a_reason() {
    for (name, telegram, keys) in
        telegrams().into_iter().filter(|(name, ..)| !name.ends_with("true"))
    {
        let apdu = apdu(&telegram);
        for bit in 0..8 * apdu.len() {
            let mut flipped = apdu.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let outcome = decode_apdu(&flipped, &keys);
            let answered = !outcome.telegrams.is_empty() || !outcome.refused.is_empty();
            // A flip in the octets that tell the kind of APDU makes another kind of it, or none.
            assert!(answered || bit < 13 * 8, "{name}: bit {bit}");
        }
    }
}

#[test]
fn a_hundred_thousand_wrong_keys_open_nothing() {
    use meterpipe::{
        chain::decrypt::{Decrypt, Demands},
        record::{Attributes, Place, Record, RecordKind, Time},
    };
    let apdu = apdu(&published());
    let record = Record {
        time: Time::UNKNOWN,
        kind: RecordKind::Apdu,
        octets: &apdu,
        attributes: Attributes::default(),
    };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..100_000 {
        let text = format!("{:016x}{:016x}", random(), random());
        let keys = key_file::parse(&text).unwrap();
        let mut chain = Decode::new(Decrypt::new(keys, Demands::default()));
        chain.feed(&record, Place::Live, &mut |output: DecodeEvent<'_>| match output {
            DecodeEvent::Telegram { .. } => opened += 1,
            _ => refused += 1,
        });
    }
    assert_eq!((opened, refused), (0, 100_000));
}

#[test]
fn no_octets_make_it_panic() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    // Octets that begin a frame or an APDU are as frequent as all others together.
    let special =
        [0x68, 0x16, 0x53, 0xff, 0x10, 0xdb, 0x08, 0x0f, 0x0c, 0x02, 0x09, 0x06, 0x7e, 0x13];
    for _ in 0..2_000 {
        let size = (random() % 700) as usize;
        let octets: Vec<u8> = (0..size)
            .map(|_| match random() % 2 {
                0 => special[(random() % special.len() as u64) as usize],
                _ => random() as u8,
            })
            .collect();
        let found = decode_octets(&octets, KEY, 1 + (random() % 64) as usize);
        assert!(found.telegrams.is_empty());
        decode_dump(&hex::encode(&octets), KEY);
    }
}

/// The same at the level of the binary: each damaged telegram between two good ones, in one stream.
#[test]
fn the_binary_reads_what_is_good_between_all_that_is_damaged() {
    let telegrams: Vec<_> = telegrams().into_iter().filter(|(_, _, keys)| keys == KEY).collect();
    assert!(telegrams.len() >= 6);
    for (name, telegram, keys) in telegrams {
        let flips = (0..8 * telegram.len()).map(|bit| {
            let mut flipped = telegram.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        let cuts = (1..telegram.len()).map(|size| telegram[..size].to_vec());
        let damaged: Vec<_> = flips.chain(cuts).collect();
        let mut octets = vec![];
        let mut lines = String::new();
        for damaged in &damaged {
            for part in [damaged, &telegram] {
                octets.extend_from_slice(part);
                lines.push_str(&hex::encode(part));
                lines.push('\n');
            }
        }
        for input in [octets.as_slice(), lines.as_bytes()] {
            let mut command = binary::command(&["decode"]);
            command.env("P1_GUEK", &keys);
            let ran = binary::run_command(command, input);
            assert_eq!(ran.status, 1, "{name}: {}", ran.err);
            assert_eq!(ran.out.lines().count(), damaged.len(), "{name}: {}", ran.err);
            let first = ran.out.lines().next();
            assert!(ran.out.lines().all(|line| Some(line) == first), "{name}: an invented reading");
            assert!(ran.err.lines().count() < 200, "{name}: {}", ran.err);
        }
    }
}
