//! Eight telegrams of each link, built by hand: every truncation, every flipped bit and every cut of the
//! stream, and streams with noise, lost, repeated and swapped frames. Nothing is invented, and nothing is
//! lost but the telegram that was damaged.

use crate::common::chain::{Outcome, decode_octets};
use crate::common::published::EXAMPLE_KEYS;
use crate::common::wire::{block, dsmr, hdlc, mbus, wrapped};
use meterpipe::source::simulator::{
    meter::{EXAMPLE_GAK, EXAMPLE_KEY},
    wire::Sealer,
};

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
    /// A ciphered APDU in the COSEM wrapper. Only its tag checks the octets.
    Wrapper,
    /// Its blocks, each in the wrapper.
    WrapperBlocks,
    /// DSMR telegrams with a CRC.
    Dsmr,
    /// The Styrian form: a ciphered APDU without a frame, a DSMR telegram inside.
    Styria,
    /// A ciphered APDU without a frame.
    Bare,
    /// Its blocks, one right behind the other.
    BareBlocks,
}

impl Link {
    /// The tag of the ciphered APDU is the check of the octets.
    fn is_sealed(self) -> bool {
        let wrapped = matches!(self, Self::Wrapper | Self::WrapperBlocks);
        wrapped || matches!(self, Self::Styria | Self::Bare | Self::BareBlocks)
    }

    /// No check of its own keeps an APDU without a frame from taking the first octets of the next telegram,
    /// which is then lost.
    fn may_take_from_the_next(self) -> bool {
        matches!(self, Self::Styria | Self::Bare)
    }

    /// The octets at the start of a frame that make it one: damage to them leaves noise.
    fn header(self) -> usize {
        match self {
            Self::Mbus | Self::MbusBlocks => 4,
            Self::Hdlc | Self::HdlcSegments | Self::HdlcBlocks => 9,
            // Up to the counter of the ciphered APDU.
            Self::Wrapper | Self::BareBlocks => 8 + 14,
            Self::WrapperBlocks => 8 + 8 + 14,
            Self::Styria | Self::Bare => 14,
            // The first line.
            Self::Dsmr => 19,
        }
    }
}

/// The octets in front of an APDU in the wrapper.
const WRAPPER: usize = 8;

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

/// An APDU, ciphered and with a tag.
fn sealed(number: u8, plain: &[u8]) -> Vec<u8> {
    let mut sealed = vec![];
    let sealer = Sealer::new(0, &EXAMPLE_KEY, Some(&EXAMPLE_GAK));
    sealer.seal(b"SAG51234", number.into(), plain, &mut sealed);
    sealed
}

fn sent(link: Link, number: u8) -> Sent {
    let apdu = match link {
        Link::Dsmr | Link::Styria => dsmr(number.into()),
        _ => apdu(number),
    };
    let octets = if link.is_sealed() { sealed(number, &apdu) } else { apdu.clone() };
    let pieces = match link {
        Link::Hdlc | Link::Wrapper | Link::Dsmr | Link::Styria | Link::Bare => 1,
        Link::Mbus => 2,
        _ => 3,
    };
    let parts: Vec<_> = octets.chunks(octets.len().div_ceil(pieces)).collect();
    let frames = parts.iter().enumerate().map(|(at, part)| {
        let (first, last) = (at == 0, at + 1 == parts.len());
        match link {
            Link::Mbus => mbus(at, last, part),
            Link::Hdlc => hdlc(true, false, part),
            Link::HdlcSegments => hdlc(first, !last, part),
            Link::HdlcBlocks => hdlc(first, false, &block(at, last, part)),
            Link::MbusBlocks => mbus(0, true, &block(at, last, part)),
            Link::Wrapper => wrapped(part),
            Link::WrapperBlocks => wrapped(&block(at, last, part)),
            Link::Dsmr | Link::Styria | Link::Bare => part.to_vec(),
            Link::BareBlocks => block(at, last, part),
        }
    });
    Sent { frames: frames.collect(), apdu: hex::encode(&apdu) }
}

fn telegrams(link: Link) -> Vec<Sent> {
    (0..8).map(|number| sent(link, number)).collect()
}

fn decode(link: Link, octets: &[u8], piece: usize) -> Outcome {
    decode_octets(octets, if link.is_sealed() { EXAMPLE_KEYS } else { "" }, piece)
}

fn apdus(outcome: &Outcome) -> Vec<&str> {
    outcome.telegrams.iter().map(|telegram| &*telegram.apdu).collect()
}

/// Checks a telegram that was damaged between two sound ones; true if it came out all the same.
fn damaged(link: Link, [before, it, after]: [&Sent; 3], outcome: &Outcome, what: &str) -> bool {
    let found = apdus(outcome);
    let all = [&*before.apdu, &it.apdu, &after.apdu];
    let (case, all_but) =
        (|apdu: &str| hex::decode(apdu).unwrap().to_ascii_uppercase(), [all[0], all[2]]);
    // The case of a digit of the CRC does not count.
    if found.len() == 3 && [found[0], found[2]] == all_but && case(found[1]) == case(all[1]) {
        return true;
    }
    let swallowed = link.may_take_from_the_next() && found == all[..1];
    assert!(
        swallowed || found == [all[0], all[2]],
        "{link:?} {what}: {found:?} {:?}",
        outcome.refused
    );
    false
}

fn whole_telegrams_come_out_as_they_were_sent(link: Link) {
    let all = telegrams(link);
    let outcome = decode(link, &all.iter().flat_map(Sent::wire).collect::<Vec<_>>(), 4096);
    assert_eq!(outcome.refused, Vec::<String>::new(), "{link:?}");
    assert_eq!(apdus(&outcome), all.iter().map(|it| &*it.apdu).collect::<Vec<_>>(), "{link:?}");
}

fn every_truncation_loses_its_telegram_alone(link: Link) {
    let (before, after) = (sent(link, 9), sent(link, 10));
    for telegram in telegrams(link) {
        let wire = telegram.wire();
        for size in 0..wire.len() {
            for part in [&wire[..size], &wire[size..]] {
                let stream = [&before.wire(), part, &after.wire()].concat();
                let outcome = decode(link, &stream, 4096);
                let three = [&before, &telegram, &after];
                let with = damaged(link, three, &outcome, &format!("cut at {size}"));
                // A flag is also the end of the frame before and the start of the next one, and an APDU
                // needs no wrapper.
                let spare = if matches!(link, Link::Wrapper) { WRAPPER } else { 1 };
                assert!(!with || part.len() + spare >= wire.len(), "{link:?} {size}");
            }
        }
    }
}

fn every_flipped_bit_loses_its_telegram_alone(link: Link) {
    let (before, after) = (sent(link, 9), sent(link, 10));
    let (start, end) = (before.wire(), after.wire());
    for telegram in telegrams(link) {
        let wire = telegram.wire();
        for bit in 0..8 * wire.len() {
            let mut octets = wire.clone();
            octets[bit / 8] ^= 1 << (bit % 8);
            let outcome = decode(link, &[&start[..], &octets, &end].concat(), 4096);
            let three = [&before, &telegram, &after];
            if damaged(link, three, &outcome, &format!("bit {bit}")) {
                let no_difference = match link {
                    // An APDU needs no wrapper.
                    Link::Wrapper => bit / 8 < WRAPPER,
                    // The case of a digit of the CRC.
                    Link::Dsmr => octets.eq_ignore_ascii_case(&wire),
                    // The bits of the window, and the confirmed block; the ports of the wrapper.
                    Link::BareBlocks | Link::WrapperBlocks => true,
                    // A flag at either end may be that of its neighbour.
                    _ => bit < 8 || bit / 8 + 1 == wire.len(),
                };
                assert!(no_difference, "{link:?} bit {bit} makes no difference");
            } else {
                let is_told = !outcome.refused.is_empty() || bit < 8 * link.header();
                assert!(is_told, "{link:?} bit {bit} without a word");
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

fn the_cut_of_a_noisy_stream_does_not_matter(link: Link) {
    let mut random = Random(88_172_645_463_325_252);
    let mut stream = random.noise(40);
    for telegram in telegrams(link) {
        stream.extend(telegram.wire());
        stream.extend(random.noise(30));
    }
    let whole = decode(link, &stream, stream.len());
    assert_eq!(whole.telegrams.len(), 8, "{link:?}: {:?}", whole.refused);
    for piece in (1..80).chain([127, 128, 255, 256, 257, 500]) {
        assert_eq!(decode(link, &stream, piece), whole, "{link:?}: pieces of {piece}");
    }
}

fn streams_with_faults_lose_what_was_damaged_and_invent_nothing(link: Link) {
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
        let outcome = decode(link, &stream, 1 + random.below(300));
        let mut places = vec![];
        for found in apdus(&outcome) {
            let place = all.iter().position(|sent| sent == found);
            places.push(place.unwrap_or_else(|| panic!("{link:?} {round}: invented {found}")));
        }
        // A repeated telegram may come twice, but none comes out of turn.
        assert!(places.is_sorted(), "{link:?} {round}: {places:?}");
        let found = apdus(&outcome);
        let lost: Vec<_> = sound.iter().filter(|it| !found.contains(&&***it)).collect();
        let most = if link.may_take_from_the_next() { sound.len() / 3 } else { 0 };
        assert!(lost.len() <= most, "{link:?} {round}: lost {lost:?}: {:?}", outcome.refused);
    }
}

/// The five tests of each link.
macro_rules! links {
    ($($module:ident: $link:ident,)*) => {
        $(mod $module {
            use super::Link;

            #[test]
            fn whole_telegrams_come_out_as_they_were_sent() {
                super::whole_telegrams_come_out_as_they_were_sent(Link::$link);
            }

            #[test]
            fn every_truncation_loses_its_telegram_alone() {
                super::every_truncation_loses_its_telegram_alone(Link::$link);
            }

            #[test]
            fn every_flipped_bit_loses_its_telegram_alone() {
                super::every_flipped_bit_loses_its_telegram_alone(Link::$link);
            }

            #[test]
            fn the_cut_of_a_noisy_stream_does_not_matter() {
                super::the_cut_of_a_noisy_stream_does_not_matter(Link::$link);
            }

            #[test]
            fn streams_with_faults_lose_what_was_damaged_and_invent_nothing() {
                super::streams_with_faults_lose_what_was_damaged_and_invent_nothing(Link::$link);
            }
        })*
    };
}

links! {
    m_bus: Mbus,
    hdlc_frames: Hdlc,
    hdlc_segments: HdlcSegments,
    hdlc_blocks: HdlcBlocks,
    m_bus_blocks: MbusBlocks,
    cosem_wrapper: Wrapper,
    wrapper_blocks: WrapperBlocks,
    dsmr_text: Dsmr,
    styria: Styria,
    bare_apdus: Bare,
    bare_blocks: BareBlocks,
}
