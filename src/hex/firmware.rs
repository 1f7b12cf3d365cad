//! Octets as programmers of memories write them: Intel HEX and Motorola S-records.
//!
//! ```text
//! :1000000068FAFA6853FF000167DB084B464D6750D3     length, address, kind, octets, sum
//! S113000068FAFA6853FF000167DB084B464D6750CE      kind, length, address, octets, sum
//! :00000001FF                                     the end: no octets
//! ```
//!
//! The sum tells such a record from hex.

use super::canonical;

/// The state between two records.
#[derive(Clone, Debug, Default)]
pub(super) struct FirmwareRecords {
    /// The address of the next octets.
    next: Option<u32>,
}

impl FirmwareRecords {
    /// True between two records.
    pub(super) const fn is_within(&self) -> bool {
        self.next.is_some()
    }

    /// The octets of a line, `Err` if records are missing in front of it or it is damaged; nothing if
    /// it is no record.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Result<Vec<u8>, &'static str>> {
        let line = line.trim_ascii();
        let record = match line {
            [b':', digits @ ..] => intel(digits),
            [b'S', kind @ b'0'..=b'9', digits @ ..] => motorola(*kind, digits),
            _ => None,
        };
        let Some(record) = record else {
            let is_record = matches!(line, [b':' | b'S', b'0'..=b'9', ..]);
            return (self.next.take().is_some() && is_record).then_some(Err(DAMAGED));
        };
        let (address, octets) = match record {
            FirmwareRecord::Octets(address, octets) => (address, octets),
            FirmwareRecord::Other => return Some(Ok(Vec::new())),
            FirmwareRecord::End => {
                self.next = None;
                return Some(Ok(Vec::new()));
            }
        };
        let end = address.wrapping_add(u32::try_from(octets.len()).unwrap_or_default());
        let due = self.next.replace(end);
        // Addresses of Intel count in 16 bits.
        let follows = address == 0 || due.is_none_or(|due| [due, due & 0xffff].contains(&address));
        Some(if follows { Ok(octets) } else { Err(MISSING) })
    }
}

/// The meaning of a record.
enum FirmwareRecord {
    /// Octets from that address on.
    Octets(u32, Vec<u8>),
    /// A heading, a count, the upper half of an address.
    Other,
    /// The last one.
    End,
}

fn intel(digits: &[u8]) -> Option<FirmwareRecord> {
    let octets = summed(digits, 0)?;
    let [length, high, low, kind, data @ .., _] = octets.as_slice() else {
        return None;
    };
    (usize::from(*length) == data.len()).then_some(())?;
    Some(match kind {
        0 => FirmwareRecord::Octets(u32::from_be_bytes([0, 0, *high, *low]), data.to_vec()),
        1 => FirmwareRecord::End,
        2..=5 => FirmwareRecord::Other,
        _ => return None,
    })
}

fn motorola(kind: u8, digits: &[u8]) -> Option<FirmwareRecord> {
    let octets = summed(digits, 0xff)?;
    let [length, behind @ .., _] = octets.as_slice() else {
        return None;
    };
    (usize::from(*length) == behind.len() + 1).then_some(())?;
    let width = match kind {
        b'1'..=b'3' => usize::from(kind - b'0') + 1,
        b'7'..=b'9' => return Some(FirmwareRecord::End),
        _ => return Some(FirmwareRecord::Other),
    };
    let (address, data) = behind.split_at_checked(width)?;
    let address = address.iter().fold(0, |address, octet| address << 8 | u32::from(*octet));
    Some(FirmwareRecord::Octets(address, data.to_vec()))
}

/// The octets of digits whose sum is that.
fn summed(digits: &[u8], sum: u8) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    canonical::decode(digits, &mut octets).ok()?;
    let found = octets.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    (octets.len() > 3 && found == sum).then_some(octets)
}

const DAMAGED: &str = "a record of Intel HEX or Motorola whose sum or length is wrong";

const MISSING: &str = "records of Intel HEX or Motorola whose addresses do not follow each other";

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<Option<Result<Vec<u8>, &'static str>>> {
        let mut records = FirmwareRecords::default();
        text.lines().map(|line| records.octets(line.as_bytes())).collect()
    }

    #[test]
    fn octets_of_records_are_read() {
        for text in [
            ":0400000068FAFA6838\r\n:0400040053FF0001A5\n:00000001FF",
            "S00600004844521B\nS107000068FAFA6834\nS107000453FF0001A1\nS9030000FC",
        ] {
            let all: Vec<u8> =
                octets(text).into_iter().flat_map(|it| it.unwrap().unwrap()).collect();
            assert_eq!(all, [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1], "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_a_defect_and_hex_is_no_record() {
        let gap = ":0400000068FAFA6838\n:0400080053FF0001A1";
        assert_eq!(octets(gap).last(), Some(&Some(Err(MISSING))));
        let damaged = ":0400000068FAFA6838\n:0400040053FF0101A5";
        assert_eq!(octets(damaged).last(), Some(&Some(Err(DAMAGED))));
        for text in [":68FAFA6853FF0001", "S1", "S107", ":", ":0400040053FF0101A5"] {
            assert_eq!(octets(text), [None], "{text}");
        }
    }
}
