//! Frames of Modbus RTU (Modbus over serial line, 2.5.1): address, function, data, CRC.

use core::ops::RangeInclusive;

use crate::p1::crc_step;

/// True for frames with their CRC: two in a row, such as a request and its answer, or three of one device that answers
/// requests which nobody hears.
#[must_use]
pub fn has_frames(octets: &[u8]) -> bool {
    let (mut at, mut last_end) = (0, None);
    let mut heads: Vec<(&[u8], usize)> = Vec::new();
    while let Some(rest) = octets.get(at..).filter(|rest| rest.len() >= SHORTEST) {
        let Some(size) = size_of_frame(rest) else {
            at += 1;
            continue;
        };
        if last_end == Some(at) {
            return true;
        }
        let head = rest.get(..2).unwrap_or_default();
        match heads.iter_mut().find(|(known, _)| *known == head) {
            Some((_, 2)) => return true,
            Some((_, times)) => *times += 1,
            None => heads.push((head, 1)),
        }
        at += size;
        last_end = Some(at);
    }
    false
}

/// The octets of the shortest frame that is looked for: an answer with one octet of data.
const SHORTEST: usize = 6;

/// The addresses of devices.
const ADDRESSES: RangeInclusive<u8> = 1..=247;

/// The size of the frame that begins with these octets, if its CRC is right.
fn size_of_frame(octets: &[u8]) -> Option<usize> {
    let &[address, function, count, ..] = octets else {
        return None;
    };
    // A request to read, or an answer with so many octets; writing is answered with the start of the request.
    let sizes = match function {
        1..=4 => [8, usize::from(count) + 5],
        5 | 6 | 15 | 16 => [8, 8],
        _ => return None,
    };
    let is_frame = |size: &usize| octets.get(..*size).is_some_and(has_crc);
    sizes.into_iter().filter(|_| ADDRESSES.contains(&address)).find(is_frame)
}

/// True for octets that end with their CRC: the polynomial is that of DSMR, and begins with ffff.
fn has_crc(frame: &[u8]) -> bool {
    let sum = frame.iter().fold(0xffff, |sum, octet| crc_step(sum, *octet));
    sum == 0 && frame.len() >= SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_by_their_crc_and_their_order() {
        // The request is that of countless manuals; two registers of zero answer it.
        let request = [1, 3, 0, 0, 0, 2, 0xc4, 0x0b];
        let answer = [1, 3, 4, 0, 0, 0, 0, 0xfa, 0x33];
        let noise = [0x8f, 0x03, 0xe9, 0xb6, 0x5d, 0x17, 0x42];
        let wrong = [1, 3, 4, 0, 0, 0, 1, 0xfa, 0x33];
        for (name, octets, is_told) in [
            ("both", [&request[..], &answer].concat(), true),
            ("both within noise", [&noise[..], &request, &answer, &noise].concat(), true),
            ("answers alone", [&noise[..], &answer].concat().repeat(3), true),
            ("two answers", [&noise[..], &answer].concat().repeat(2), false),
            ("one frame", request.to_vec(), false),
            ("wrong CRCs", wrong.repeat(10), false),
            ("zeros", vec![0; 100], false),
        ] {
            assert_eq!(has_frames(&octets), is_told, "{name}");
        }
    }
}
