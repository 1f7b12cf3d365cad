//! HDLC frames as meters push them, and the blocks of general block transfer inside them.
//!
//! ```text
//! 7E A067 CEFF 03 13 38BD E6E700 DB08… FCS 7E      a whole APDU behind the LLC header
//!    │    address   │  HCS
//!    type 3, length control
//!
//! 7E A08B CEFF 03 13 EEE1 E6E700 E0 40 0001 0000 77 DB08… FCS 7E     the first block
//! 7E A08B CEFF 03 13 EEE1        E0 40 0002 0000 7A …     FCS 7E     the second, without LLC header
//! 7E A030 CEFF 03 13 86F8        E0 C0 0003 0000 1F …     FCS 7E     the last
//! ```

use super::pace::Runs;

/// The header of the logical link control, in front of an APDU.
pub const LLC: [u8; 3] = [0xe6, 0xe7, 0x00];

/// Appends the frame that carries `information`; how many octets it has.
pub fn emit(addresses: &[u8], information: &[u8], wire: &mut Vec<u8>) -> usize {
    let before = wire.len();
    let length = 2 + addresses.len() + 1 + CHECK + information.len() + CHECK;
    let [.., high, low] = length.to_be_bytes();
    wire.extend_from_slice(&[FLAG, TYPE_3 | high, low]);
    wire.extend_from_slice(addresses);
    wire.push(PUSHED);
    for part in [information, &[]] {
        let sum = check_sequence(wire.get(before + 1..).unwrap_or_default());
        wire.extend_from_slice(&sum.to_le_bytes());
        wire.extend_from_slice(part);
    }
    wire.push(FLAG);
    wire.len() - before
}

/// Appends an APDU as blocks, each in a frame with at most so many octets of information.
pub(super) fn emit_blocks(
    addresses: &[u8],
    most: usize,
    apdu: &[u8],
    wire: &mut Vec<u8>,
    runs: &mut Runs,
) {
    let (mut rest, mut number) = (apdu, 0u16);
    while !rest.is_empty() {
        let mut information = vec![];
        if number == 0 {
            information.extend_from_slice(&LLC);
        }
        let room = most.saturating_sub(information.len() + BLOCK_HEADER).max(1);
        let (block, behind) = rest.split_at(room.min(rest.len()));
        rest = behind;
        number = number.wrapping_add(1);
        let last = if rest.is_empty() { LAST_BLOCK } else { 0 };
        information.extend_from_slice(&[BLOCK, STREAMED | last]);
        information.extend_from_slice(&number.to_be_bytes());
        // No block of the other side is confirmed.
        information.extend_from_slice(&[0, 0, block.len() as u8]);
        information.extend_from_slice(block);
        runs.push(emit(addresses, &information, wire));
    }
}

const FLAG: u8 = 0x7e;
const TYPE_3: u8 = 0xa0;
/// Unnumbered information, final.
const PUSHED: u8 = 0x13;
const CHECK: usize = 2;

const BLOCK: u8 = 0xe0;
const STREAMED: u8 = 0x40;
const LAST_BLOCK: u8 = 0x80;
/// Tag, control, both numbers and a length of one octet.
const BLOCK_HEADER: usize = 7;

/// CRC-16 of X.25, bit by bit as the standard describes it.
fn check_sequence(octets: &[u8]) -> u16 {
    let mut sum = u16::MAX;
    for octet in octets {
        sum ^= u16::from(*octet);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0x8408 } else { sum >> 1 };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::simulator::pace::LinePace;

    #[test]
    fn the_check_sequence_is_that_of_x25() {
        assert_eq!(check_sequence(b"123456789"), 0x906e);
    }

    #[test]
    fn headers_are_those_of_real_frames() {
        // Netz Burgenland, Kärnten Netz and Wiener Netze, with their header check sequences.
        for (addresses, octets, header) in [
            (&[0xcf, 0x02, 0x23][..], 0x77, "7ea077cf022313bb45e6e700"),
            (&[0xce, 0xff, 0x03], 0x67, "7ea067ceff031338bde6e700"),
        ] {
            let mut wire = vec![];
            let data = vec![0; octets - 10 - LLC.len()];
            assert_eq!(emit(addresses, &[&LLC, &data[..]].concat(), &mut wire), octets + 2);
            assert_eq!(hex::encode(&wire[..12]), header);
        }
    }

    #[test]
    fn blocks_are_numbered_and_the_last_one_says_so() {
        let (mut wire, mut runs) = (vec![], Runs::new(LinePace::P1));
        emit_blocks(&[0xce, 0xff, 0x03], 129, &[0xdb; 272], &mut wire, &mut runs);
        let frames: Vec<_> = runs.ranges().map(|range| hex::encode(&wire[range])).collect();
        // The frames of a Landis+Gyr E450 in Graz.
        for (frame, start) in frames.iter().zip([
            "7ea08bceff0313eee1e6e700e0400001000077db",
            "7ea08bceff0313eee1e040000200007adb",
            "7ea030ceff031386f8e0c0000300001fdb",
        ]) {
            assert!(frame.starts_with(start), "{frame}");
        }
        assert_eq!(runs.lengths().collect::<Vec<_>>(), [141, 141, 50]);
    }
}
