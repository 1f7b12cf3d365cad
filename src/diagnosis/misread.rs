//! The starts of telegrams as a UART reads them that is set to another parity than the meter.
//!
//! ```text
//! meter, 8E1:   0 dddddddd p 1   0 dddddddd p 1        eleven bits a character
//! reader, 8N1:  0 dddddddd 1   0 dddddddd 1            ten
//! ```
//!
//! A parity bit of 0 stands where the reader expects the stop bit. Some UARTs (the 16550 and its kind) take it for the
//! start bit of the next character and read other octets from there on; others wait for the next falling edge, which
//! is that of the right one. With 8N1 at the meter and 8E1 at the reader it is the other way round. The octets have no
//! order then, and yet the constant ones of each telegram become one of a few others.

use crate::{
    counted::verb,
    diagnosis::{diagnosis::Diagnosis, finding::Finding},
};

/// The parity of the meter, where the reader is set to the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MisreadParity {
    /// The meter sends 8E1, and the reader takes it for 8N1.
    Even,
    /// The meter sends 8N1, and the reader takes it for 8E1.
    None,
}

impl MisreadParity {
    /// The settings of the meter and those of the reader.
    #[must_use]
    pub const fn settings(self) -> [&'static str; 2] {
        match self {
            Self::Even => ["8E1", "8N1"],
            Self::None => ["8N1", "8E1"],
        }
    }
}

/// Octets in each telegram: those of an M-Bus frame behind its length, with the start of an APDU in a first frame, and
/// those in front of an APDU or a block in HDLC.
pub(super) const KNOWN: [&[u8]; 10] = [
    &[0x68, 0x53, 0xff, 0x00, 0x01, 0x67, 0xdb, 0x08],
    &[0x68, 0x53, 0xff, 0x10, 0x01, 0x67, 0xdb, 0x08],
    &[0x68, 0x53, 0xff, 0x01, 0x01, 0x67],
    &[0x68, 0x53, 0xff, 0x11, 0x01, 0x67],
    &[0x68, 0x73, 0xff, 0x00, 0x01, 0x67, 0xdb, 0x08],
    &[0x68, 0x73, 0xff, 0x10, 0x01, 0x67, 0xdb, 0x08],
    &[0x68, 0x73, 0xff, 0x01, 0x01, 0x67],
    &[0x68, 0x73, 0xff, 0x11, 0x01, 0x67],
    &[0xe6, 0xe7, 0x00, 0xdb, 0x08],
    &[0xe6, 0xe7, 0x00, 0xe0, 0x40, 0x00, 0x01, 0x00, 0x00],
];

/// The octets of a start that chance rarely makes, and those of all starts together, which it never makes.
const LEAST_OF_START: usize = 4;
const LEAST: usize = 5;

/// The parity of the meter, if some octets have starts of telegrams that were misread, and how many.
#[must_use]
pub fn misread_parity(octets: &[u8]) -> Option<(MisreadParity, usize)> {
    [MisreadParity::Even, MisreadParity::None].into_iter().find_map(|parity| {
        let patterns = patterns(parity);
        let is_first = |octet: u8| patterns.iter().any(|it| it.first() == Some(&octet));
        let first: Vec<bool> = (0..=255).map(is_first).collect();
        let (mut starts, mut length, mut rest) = (0, 0, octets);
        while let Some(at) =
            rest.iter().position(|octet| first.get(usize::from(*octet)) == Some(&true))
        {
            rest = rest.get(at..).unwrap_or_default();
            let found = patterns.iter().find(|it| rest.starts_with(it)).map(Vec::len);
            starts += usize::from(found.is_some());
            length += found.unwrap_or_default();
            rest = rest.get(found.unwrap_or(1)..).unwrap_or_default();
        }
        (length >= LEAST).then_some((parity, starts))
    })
}

/// All that a UART may make of the known octets, but what is right.
fn patterns(parity: MisreadParity) -> Vec<Vec<u8>> {
    let mut patterns = Vec::new();
    for known in KNOWN {
        let line = bits(known, parity);
        // The reader has begun a character before, and takes the next one at the start of the second octet at the latest.
        let zeros = line.iter().take(CHARACTER + 1).enumerate().filter(|(_, bit)| !**bit);
        for (start, _) in zeros {
            for awaits_edge in [false, true] {
                let read = read(&line, start, parity, awaits_edge);
                let is_right = known.windows(read.len()).any(|right| right == read);
                if read.len() >= LEAST_OF_START && !is_right {
                    patterns.push(read);
                }
            }
        }
    }
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}

/// The bits of a character with parity.
const CHARACTER: usize = 11;

/// The bits of octets on the line of a meter.
fn bits(octets: &[u8], parity: MisreadParity) -> Vec<bool> {
    let mut bits = Vec::with_capacity(octets.len() * CHARACTER);
    for octet in octets {
        bits.push(false);
        bits.extend((0..8).map(|bit| octet >> bit & 1 == 1));
        if parity == MisreadParity::Even {
            bits.push(octet.count_ones() % 2 == 1);
        }
        bits.push(true);
    }
    bits
}

/// The octets that the UART of the reader makes of these bits, from a start bit on.
fn read(line: &[bool], start: usize, parity: MisreadParity, awaits_edge: bool) -> Vec<u8> {
    let stop = match parity {
        MisreadParity::Even => CHARACTER - 2,
        MisreadParity::None => CHARACTER - 1,
    };
    let mut octets = Vec::new();
    let mut rest = line.get(start..).unwrap_or_default();
    while let Some(character) = rest.get(..=stop) {
        let data = character.iter().skip(1).take(8).enumerate();
        octets.push(data.fold(0, |octet, (bit, set)| octet | u8::from(*set) << bit));
        rest = rest.get(stop..).unwrap_or_default();
        if awaits_edge {
            rest = from(rest, true);
        }
        rest = from(rest, false);
    }
    octets
}

/// The bits from the first of that level on.
fn from(bits: &[bool], level: bool) -> &[bool] {
    let at = bits.iter().position(|bit| *bit == level);
    at.and_then(|at| bits.get(at..)).unwrap_or_default()
}

/// The finding that the parity bits of a line are read as stop bits, or the other way round.
#[must_use]
pub fn finding(parity: MisreadParity, starts: usize) -> Finding {
    let [meter, reader] = parity.settings();
    let cause = [
        format!("the meter sends with {meter}, and the octets were read with {reader}"),
        format!("der Zähler sendet mit {meter}, und die Oktette wurden mit {reader} gelesen"),
    ];
    let [ser2net, stty] = match parity {
        MisreadParity::Even => ["2400e81", "stty cs8 parenb -parodd"],
        MisreadParity::None => ["2400n81", "stty cs8 -parenb"],
    };
    let step = [
        format!(
            "set {meter} where the adapter is read (ser2net {ser2net}, {stty}), and take a new capture; meterpipe capture sets it itself"
        ),
        format!(
            "dort, wo der Adapter gelesen wird, {meter} einstellen (ser2net {ser2net}, {stty}) und neu aufzeichnen; meterpipe capture stellt es selbst ein"
        ),
    ];
    let hint = match parity {
        MisreadParity::Even => {
            "the line has 8E1 and is read with 8N1: set 8E1 where the adapter is read"
        }
        MisreadParity::None => {
            "the line has 8N1 and is read with 8E1: set 8N1 where the adapter is read"
        }
    };
    Finding::new(Diagnosis::Parity).advising(cause, step).hinting(hint).with(
        format!(
            "{} of {meter} as a reader with {reader} sees {}: {starts}",
            verb(starts, "start of a telegram", "starts of telegrams"),
            verb(starts, "it", "them")
        ),
        format!(
            "{} mit {meter}, gelesen mit {reader}: {starts}",
            verb(starts, "Anfang eines Telegramms", "Anfänge von Telegrammen")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{link::mbus, noise::noise};

    /// The octets of a UART that tells each level from the time that has passed, at three samples a bit.
    fn sampled(octets: &[u8], has_parity: bool, takes_parity: bool, awaits_edge: bool) -> Vec<u8> {
        let mut line = vec![1u8; 60];
        for octet in octets {
            let mut character = vec![0];
            character.extend((0..8).map(|bit| octet >> bit & 1));
            character.extend(has_parity.then_some(octet.count_ones() as u8 & 1));
            character.push(1);
            line.extend(character.iter().flat_map(|level| [*level; 3]));
        }
        line.extend([1; 60]);
        let (mut at, mut read) = (1, vec![]);
        let bits = if takes_parity { 10 } else { 9 };
        while at + 3 * bits + 3 < line.len() {
            if line[at] == 1 || awaits_edge && line[at - 1] == 0 && line[at - 2] == 0 {
                at += 1;
                continue;
            }
            read.push((0..8).map(|bit| line[at + 3 * (bit + 1) + 1] << bit).sum());
            at += 3 * bits;
            if awaits_edge && line[at + 1] == 0 {
                at += 2;
            }
        }
        read
    }

    #[test]
    fn telegrams_of_the_other_parity_are_told_and_right_ones_are_not() {
        let apdu = [&b"\xdb\x08KFMg\x50\0\x09"[..], &noise(220, 1)].concat();
        let (mut mbus, mut hdlc) = (vec![], vec![]);
        mbus::emit(0, false, &apdu, &mut mbus);
        mbus::emit(1, true, &noise(20, 2), &mut mbus);
        hdlc.extend_from_slice(b"\x7e\xa0\x8b\xce\xff\x03\x13\xee\xe1\xe6\xe7\0");
        hdlc.extend_from_slice(&apdu);
        // Without parity too few of the known octets are left in HDLC.
        for (name, telegram, both) in [("M-Bus", &mbus, true), ("HDLC", &hdlc, false)] {
            let sent = telegram.repeat(2);
            let even = sampled(&sent, true, false, false);
            let found = misread_parity(&even).map(|it| it.0);
            assert_eq!(found, Some(MisreadParity::Even), "{name}");
            let within = [&noise(500, 3), &even[..], &noise(500, 4)].concat();
            assert_eq!(misread_parity(&within).map(|it| it.0), found, "{name} within noise");
            if both {
                let none = sampled(&sent, false, true, true);
                let found = misread_parity(&none).map(|it| it.0);
                assert_eq!(found, Some(MisreadParity::None), "{name}");
            }
            // These UARTs read the octets as they are.
            for (octets, name) in [
                (sent.clone(), "the same"),
                (sampled(&sent, true, false, true), "8E1 as 8N1"),
                (sampled(&sent, false, true, false), "8N1 as 8E1"),
            ] {
                assert_eq!((octets == sent, misread_parity(&octets)), (true, None), "{name}");
            }
        }
    }

    #[test]
    fn noise_has_no_starts_of_telegrams() {
        for seed in 0..100 {
            assert_eq!(misread_parity(&noise(4000, seed)), None, "{seed}");
        }
    }
}
