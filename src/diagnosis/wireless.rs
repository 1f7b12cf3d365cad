//! Telegrams of wireless M-Bus (EN 13757-4), as receivers hand them on.
//!
//! ```text
//! LL 44 MM MM II II II II VV TT  CC CC  …     format A: the header has a check of its own
//! LL 44 MM MM II II II II VV TT  …  CC CC     format B: one check at the end
//! a5 82 03  LL 44 MM MM …                     without checks, in the frame of a receiver (iM871A)
//! ff 03     LL 44 MM MM …                     the same of another one (AMB8465)
//! ```

use core::ops::RangeInclusive;

/// Length, control field, manufacturer, number, version, device type.
type RadioHeader = [u8; 10];

/// True for telegrams: one with its check or in the frame of a receiver, two of a meter without, or nothing but one.
#[must_use]
pub fn has_telegrams(octets: &[u8]) -> bool {
    let mut bare: Vec<(usize, &[u8])> = Vec::new();
    (0..octets.len()).any(|at| {
        let (before, rest) = octets.split_at_checked(at).unwrap_or_default();
        let Some((header, behind)) = rest.split_first_chunk().filter(|it| is_header(it.0)) else {
            return false;
        };
        let is_data = |octet: Option<&u8>| octet.is_some_and(|it| DATA.contains(it));
        if has_check(header, behind) && is_data(behind.get(2)) {
            return true;
        }
        if !is_data(behind.first()) {
            return false;
        }
        let [length, meter @ ..] = header;
        let size = usize::from(*length) + 1;
        let is_same = |(end, other): &(usize, &[u8])| at >= *end && other == meter;
        let is_known = bare.iter().any(is_same);
        bare.push((at + size, meter));
        is_known
            || at == 0 && octets.len() == size
            || RECEIVERS.iter().any(|it| before.ends_with(it))
            || rest.get(..size).is_some_and(ends_with_check)
    })
}

/// The control information of meters' data, in the block behind the header.
const DATA: RangeInclusive<u8> = 0x70..=0x90;

/// What receivers put in front of a telegram.
const RECEIVERS: [&[u8]; 2] = [&[0xa5, 0x82, 0x03], &[0xff, 0x03]];

/// The control field of a meter that sends without being asked, a manufacturer in letters of five bits, a known device
/// type.
fn is_header(header: &RadioHeader) -> bool {
    let [length, control, low, high, _, _, _, _, _, device] = *header;
    let letters = u16::from_le_bytes([low, high]);
    let is_letter = |shift: u16| (1..=26).contains(&(letters >> shift & 0x1f));
    length >= 11
        && matches!(control, 0x44 | 0x46)
        && letters & 0x8000 == 0
        && [0, 5, 10].into_iter().all(is_letter)
        && device <= 0x40
}

/// True for a header with its check behind it.
fn has_check(header: &RadioHeader, behind: &[u8]) -> bool {
    behind.first_chunk().is_some_and(|sum| crc(header) == u16::from_be_bytes(*sum))
}

/// True for a telegram with its check at the end.
fn ends_with_check(telegram: &[u8]) -> bool {
    let (content, sum) = telegram.split_last_chunk().unwrap_or((&[], &[0; 2]));
    content.len() <= LONGEST_CHECKED && crc(content) == u16::from_be_bytes(*sum)
}

/// The octets of a longer telegram have a check of their own.
const LONGEST_CHECKED: usize = 126;

/// The CRC of EN 13757-4: polynomial 3d65, inverted at the end.
fn crc(octets: &[u8]) -> u16 {
    !octets.iter().fold(0u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet) << 8, |crc, _| {
            crc << 1 ^ if crc & 0x8000 != 0 { 0x3d65 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the OMS specification, volume 2, annex N, with the checks of its blocks.
    const BLOCKS: &str = "2e44931578563412330333637a2a0020255923c95aaa26d1b2e7493b2a8b013ec4a6f6d3529b520edff0ea6defc955b29d6d69ebf3ec8a";

    /// The same without.
    const BARE: &str = "2e449315785634123303\
        7a2a0020255923c95aaa26d1b2e7493b013ec4a6f6d3529b520edff0ea6defc99d6d69ebf3";

    #[test]
    fn telegrams_are_told_alone_and_within_noise() {
        let [blocks, bare, noise] =
            [BLOCKS, BARE, "8f03e9b65d1742c09a"].map(|hex| hex::decode(hex).unwrap());
        let mut other = bare.clone();
        other[4] += 1;
        let mut long = noise.repeat(20);
        let (length, header) = (long.len(), &bare[1..11]);
        long[90..100].copy_from_slice(header);
        long[89] = u8::try_from(length - 1).unwrap();
        let mut whole = vec![0x18];
        whole.extend_from_slice(&bare[1..23]);
        whole.extend(crc(&whole).to_be_bytes());
        for (name, octets, is_told) in [
            ("with checks", blocks.clone(), true),
            ("with checks, within noise", [&noise[..], &blocks, &noise].concat(), true),
            ("alone, without checks", bare.clone(), true),
            ("one check, within noise", [&noise[..], &whole, &noise].concat(), true),
            ("iM871A", [b"\xa5\x82\x03", &bare[..]].concat(), true),
            ("AMB8465", [b"\xff\x03", &bare[..], b"\x50"].concat(), true),
            ("two within noise", [&noise[..], &bare, &noise, &bare].concat(), true),
            ("two meters within noise", [&noise[..], &bare, &noise, &other].concat(), false),
            ("one without anything, within noise", [&noise[..], &bare, &noise].concat(), false),
            ("a header in as many octets as it says", long, false),
            ("its header twice", [&bare[..11], &bare].concat(), false),
        ] {
            assert_eq!(has_telegrams(&octets), is_told, "{name}");
        }
    }

    #[test]
    fn the_crc_is_that_of_the_catalogue() {
        // The check value of CRC-16/EN-13757 in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc(b"123456789"), 0xc2b7);
    }
}
