//! Eight telegrams of each link, built by hand: every truncation, every flipped bit and every cut of the
//! stream, and streams with noise, lost, repeated and swapped frames. Nothing is invented, and nothing is
//! lost but the telegram that was damaged.

use crate::common::chain::{Outcome, decode_octets};

/// How telegrams travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// M-Bus frames, two of a telegram.
    Mbus,
    /// One HDLC frame a telegram.
    Hdlc,
    /// HDLC frames with the segmentation bit.
    HdlcSegments,
    /// Blocks, each in an HDLC frame.
    HdlcBlocks,
    /// Blocks, each in an M-Bus frame.
    MbusBlocks,
}

const LINKS: [Link; 5] =
    [Link::Mbus, Link::Hdlc, Link::HdlcSegments, Link::HdlcBlocks, Link::MbusBlocks];

/// A telegram on the line.
#[derive(Clone, Debug)]
struct Sent {
    frames: Vec<Vec<u8>>,
    /// The plain APDU in hex.
    apdu: String,
}

impl Sent {
    fn wire(&self) -> Vec<u8> {
        self.frames.concat()
    }
}

/// A plain telegram: a clock, a few registers with scaler and unit, and a text whose octets look like the
/// starts of frames.
fn apdu(number: u8) -> Vec<u8> {
    let mut apdu = vec![0x0f, 0, 0, 1, number, 0x0c];
    apdu.extend([0x07, 0xea, 11, 20, 5, 12, number, 5 * number % 60, 0, 0xff, 0xc4, 0]);
    let registers = 1 + number % 3;
    apdu.extend([2, 3 * registers + 2]);
    for quantity in 1..=registers {
        apdu.extend([9, 6, 1, 0, quantity, 8, 0, 255, 6, 0, number, 0x68, quantity]);
        apdu.extend([2, 2, 15, 0, 22, 30]);
    }
    apdu.extend([9, 6, 0, 0, 96, 13, 0, 255]);
    let text = [&[0x7e, 0xa0, 0x68, 0x68, 0x0f, 0xdb, 0xe0, b'/'][..], &[number; 4]].concat();
    apdu.extend([9, text.len() as u8]);
    apdu.extend(text);
    apdu
}

fn mbus(number: usize, last: bool, data: &[u8]) -> Vec<u8> {
    let size = data.len() as u8 + 5;
    let information = number as u8 | if last { 0x10 } else { 0 };
    let body = [&[0x53, 0xff, information, 0x01, 0x67], data].concat();
    let sum = body.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    [&[0x68, size, size, 0x68][..], &body, &[sum, 0x16]].concat()
}

/// The check sequence of HDLC, bit by bit.
fn check_sequence(octets: &[u8]) -> [u8; 2] {
    let mut register = 0xffff_u16;
    for octet in octets {
        register ^= u16::from(*octet);
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0x8408 } else { register >> 1 };
        }
    }
    (!register).to_le_bytes()
}

fn hdlc(first: bool, more: bool, data: &[u8]) -> Vec<u8> {
    let information = [if first { &[0xe6, 0xe7, 0x00][..] } else { &[] }, data].concat();
    let address = [0xce, 0xff, 0x03, 0x13];
    let length = 2 + address.len() + 2 + information.len() + 2;
    let form = if more { 0xa8 } else { 0xa0 };
    let mut frame = vec![form | (length >> 8) as u8, length as u8];
    frame.extend(address);
    frame.extend(check_sequence(&frame));
    frame.extend(information);
    frame.extend(check_sequence(&frame));
    [&[0x7e][..], &frame, &[0x7e]].concat()
}

fn block(number: usize, last: bool, data: &[u8]) -> Vec<u8> {
    let control = if last { 0xc0 } else { 0x40 };
    [&[0xe0, control, 0, number as u8 + 1, 0, 0, data.len() as u8][..], data].concat()
}

fn sent(link: Link, number: u8) -> Sent {
    let apdu = apdu(number);
    let pieces = match link {
        Link::Hdlc => 1,
        Link::Mbus => 2,
        _ => 3,
    };
    let parts: Vec<_> = apdu.chunks(apdu.len().div_ceil(pieces)).collect();
    let frames = parts.iter().enumerate().map(|(at, part)| {
        let (first, last) = (at == 0, at + 1 == parts.len());
        match link {
            Link::Mbus => mbus(at, last, part),
            Link::Hdlc => hdlc(true, false, part),
            Link::HdlcSegments => hdlc(first, !last, part),
            Link::HdlcBlocks => hdlc(first, false, &block(at, last, part)),
            Link::MbusBlocks => mbus(0, true, &block(at, last, part)),
        }
    });
    Sent { frames: frames.collect(), apdu: hex::encode(&apdu) }
}

fn telegrams(link: Link) -> Vec<Sent> {
    (0..8).map(|number| sent(link, number)).collect()
}

fn decode(octets: &[u8]) -> Outcome {
    decode_octets(octets, "", 4096)
}

fn apdus(outcome: &Outcome) -> Vec<&str> {
    outcome.telegrams.iter().map(|telegram| &*telegram.apdu).collect()
}

#[test]
fn whole_telegrams_come_out_as_they_were_sent() {
    for link in LINKS {
        let all = telegrams(link);
        let outcome = decode(&all.iter().flat_map(Sent::wire).collect::<Vec<_>>());
        assert_eq!(outcome.refused, Vec::<String>::new(), "{link:?}");
        assert_eq!(apdus(&outcome), all.iter().map(|it| &*it.apdu).collect::<Vec<_>>(), "{link:?}");
    }
}

#[test]
fn every_truncation_loses_its_telegram_alone() {
    for link in LINKS {
        let (before, after) = (sent(link, 9), sent(link, 10));
        for telegram in telegrams(link) {
            let wire = telegram.wire();
            for size in 0..wire.len() {
                for part in [&wire[..size], &wire[size..]] {
                    let stream = [&before.wire(), part, &after.wire()].concat();
                    let outcome = decode(&stream);
                    let found = apdus(&outcome);
                    let is_whole = part.len() + 1 >= wire.len();
                    // A flag is also the end of the frame before and the start of the next one.
                    let mut expected = vec![&*before.apdu, &*telegram.apdu, &*after.apdu];
                    let with = found == expected && is_whole;
                    expected.remove(1);
                    assert!(with || found == expected, "{link:?} {size}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn every_flipped_bit_loses_its_telegram_alone() {
    for link in LINKS {
        let (before, after) = (sent(link, 9), sent(link, 10));
        let (start, end) = (before.wire(), after.wire());
        for telegram in telegrams(link) {
            let wire = telegram.wire();
            for bit in 0..8 * wire.len() {
                let mut damaged = wire.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let outcome = decode(&[&start[..], &damaged, &end].concat());
                let found = apdus(&outcome);
                let mut expected = vec![&*before.apdu, &*telegram.apdu, &*after.apdu];
                let with = found == expected;
                expected.remove(1);
                assert!(with || found == expected, "{link:?} bit {bit}: {found:?}");
                // A flag at either end may be that of its neighbour.
                let is_flag = bit < 8 || bit / 8 + 1 == wire.len();
                assert!(!with || is_flag, "{link:?} bit {bit} makes no difference");
                // A header that does not check is noise.
                let header = if matches!(link, Link::Mbus | Link::MbusBlocks) { 4 } else { 9 };
                let is_told = !outcome.refused.is_empty() || bit < 8 * header;
                assert!(with || is_told, "{link:?} bit {bit} without a word");
            }
        }
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.below(256) as u8).collect()
    }
}

#[test]
fn the_cut_of_a_noisy_stream_does_not_matter() {
    for link in LINKS {
        let mut random = Random(88_172_645_463_325_252);
        let mut stream = random.noise(40);
        for telegram in telegrams(link) {
            stream.extend(telegram.wire());
            stream.extend(random.noise(30));
        }
        let whole = decode(&stream);
        assert_eq!(whole.telegrams.len(), 8, "{link:?}: {:?}", whole.refused);
        for piece in (1..80).chain([127, 128, 255, 256, 257, 500]) {
            assert_eq!(decode_octets(&stream, "", piece), whole, "{link:?}: pieces of {piece}");
        }
    }
}

#[test]
fn streams_with_faults_lose_what_was_damaged_and_invent_nothing() {
    for link in LINKS {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..60 {
            let (mut stream, mut sound, mut all) = (vec![], vec![], vec![]);
            for number in 0..24 {
                let telegram = sent(link, number);
                let mut frames = telegram.frames.clone();
                let at = random.below(frames.len());
                let fault = random.below(6);
                // Each damaged telegram stands between two sound ones.
                let is_sound = number % 2 == 0;
                match fault {
                    _ if is_sound => {}
                    0 => drop(frames.remove(at)),
                    1 if frames.len() > 1 => frames.swap(at, (at + 1) % telegram.frames.len()),
                    2 => {
                        let bit = random.below(8 * frames[at].len());
                        frames[at][bit / 8] ^= 1 << (bit % 8);
                    }
                    3 => {
                        let size = random.below(frames[at].len());
                        frames[at].truncate(size);
                    }
                    // Noise in the middle of a frame.
                    4 => {
                        let place = random.below(frames[at].len());
                        let noise = random.noise(20);
                        frames[at].splice(place..place, noise);
                    }
                    _ => frames.insert(at, telegram.frames[at].clone()),
                }
                stream.extend(frames.concat());
                if random.below(3) == 0 {
                    stream.extend(random.noise(25));
                }
                sound.extend(is_sound.then(|| telegram.apdu.clone()));
                all.push(telegram.apdu);
            }
            let outcome = decode_octets(&stream, "", 1 + random.below(300));
            let mut places = vec![];
            for found in apdus(&outcome) {
                let place = all.iter().position(|sent| sent == found);
                places.push(place.unwrap_or_else(|| panic!("{link:?} {round}: invented {found}")));
            }
            // A repeated telegram may come twice, but none comes out of turn.
            assert!(places.is_sorted(), "{link:?} {round}: {places:?}");
            let found = apdus(&outcome);
            let lost: Vec<_> = sound.iter().filter(|it| !found.contains(&&***it)).collect();
            assert!(lost.is_empty(), "{link:?} {round}: lost {lost:?}: {:?}", outcome.refused);
        }
    }
}
