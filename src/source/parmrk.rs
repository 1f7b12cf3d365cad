//! The escapes of a tty that marks its errors (`PARMRK` with `INPCK`).
//!
//! ```text
//! FF FF      the octet FF, sound
//! FF 00 x    the octet x with a wrong parity bit or stop bit
//! FF 00 00   a break; or the octet 00 with a wrong parity bit, which looks the same
//! x          any other octet, sound
//! ```
//!
//! The third line is taken for a break: a frame is refused for either. A read may end inside an
//! escape; the next one brings the rest.
//!
//! Octets lost between UART and reader do not show here. The line discipline only writes them to
//! the kernel's log, and the counters of `TIOCGICOUNT` are out of reach without unsafe code. The
//! checksum and the lengths of a frame have to find those.

use super::Burst;
use crate::error::Mark;

/// Undoes the escapes, across any number of reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unescaper {
    state: EscapeState,
}

#[derive(Clone, Copy, Debug, Default)]
enum EscapeState {
    #[default]
    Plain,
    /// After `FF`.
    Escape,
    /// After `FF 00`.
    Marked,
}

impl Unescaper {
    /// Appends the octets and marks of `raw` to `burst`.
    pub fn push(&mut self, mut raw: &[u8], burst: &mut Burst) {
        while let Some((&octet, rest)) = raw.split_first() {
            raw = match self.state {
                EscapeState::Plain => self.run(raw, burst),
                EscapeState::Escape => {
                    self.escaped(octet, burst);
                    rest
                }
                EscapeState::Marked => {
                    self.state = EscapeState::Plain;
                    let mark = if octet == 0 { Mark::Break } else { Mark::Parity };
                    burst.marks.push((burst.octets.len(), mark));
                    burst.octets.push(octet);
                    rest
                }
            };
        }
    }

    /// Copies everything up to the next escape, and returns the octets after its `FF`.
    fn run<'a>(&mut self, raw: &'a [u8], burst: &mut Burst) -> &'a [u8] {
        let length = memchr::memchr(ESCAPE, raw).unwrap_or(raw.len());
        let (plain, rest) = raw.split_at_checked(length).unwrap_or((raw, &[]));
        burst.octets.extend_from_slice(plain);
        match rest.split_first() {
            Some((_, rest)) => {
                self.state = EscapeState::Escape;
                rest
            }
            None => rest,
        }
    }

    fn escaped(&mut self, octet: u8, burst: &mut Burst) {
        self.state = EscapeState::Plain;
        match octet {
            ESCAPE => burst.octets.push(ESCAPE),
            0 => self.state = EscapeState::Marked,
            // The kernel never writes this. If it does, nothing is lost.
            _ => burst.octets.extend_from_slice(&[ESCAPE, octet]),
        }
    }
}

const ESCAPE: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    fn unescape<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Burst {
        let mut burst = Burst::default();
        let mut unescaper = Unescaper::default();
        for piece in pieces {
            unescaper.push(piece, &mut burst);
        }
        burst
    }

    /// Sound octets, a doubled FF beside each kind of escape, both kinds of mark, a marked FF.
    const RAW: &[u8] = &[
        0x68, 0x00, 0xff, 0xff, // 68 00 FF
        0xff, 0x00, 0x41, // 41, parity
        0xff, 0xff, 0xff, 0x00, 0x00, // FF, break
        0xff, 0x00, 0xff, // FF, parity
        0xff, 0xff, 0x00, 0x16, // FF 00 16: a sound FF before a sound 00
    ];
    const OCTETS: &[u8] = &[0x68, 0x00, 0xff, 0x41, 0xff, 0x00, 0xff, 0xff, 0x00, 0x16];
    const MARKS: &[(usize, Mark)] = &[(3, Mark::Parity), (5, Mark::Break), (6, Mark::Parity)];

    #[test]
    fn escapes_become_octets_and_marks() {
        let burst = unescape([RAW]);
        assert_eq!((burst.octets.as_slice(), burst.marks.as_slice()), (OCTETS, MARKS));
    }

    #[test]
    fn no_two_cuts_of_the_input_matter() {
        for first in 0..=RAW.len() {
            for second in first..=RAW.len() {
                let burst = unescape([&RAW[..first], &RAW[first..second], &RAW[second..]]);
                assert_eq!((burst.octets.as_slice(), burst.marks.as_slice()), (OCTETS, MARKS));
            }
        }
        let burst = unescape(RAW.chunks(1));
        assert_eq!((burst.octets.as_slice(), burst.marks.as_slice()), (OCTETS, MARKS));
    }

    #[test]
    fn positions_of_marks_count_from_the_start_of_each_burst() {
        let mut unescaper = Unescaper::default();
        let mut burst = Burst::default();
        unescaper.push(&[0x01, 0x02, 0xff], &mut burst);
        assert_eq!(burst.octets, [1, 2]);
        burst.clear();
        unescaper.push(&[0x00], &mut burst);
        assert_eq!(burst, Burst::default());
        unescaper.push(&[0x03, 0x04], &mut burst);
        assert_eq!((burst.octets, burst.marks), (vec![3, 4], vec![(0, Mark::Parity)]));
    }

    #[test]
    fn an_unknown_escape_loses_nothing() {
        assert_eq!(unescape([&[0xff, 0x41, 0x42][..]]).octets, [0xff, 0x41, 0x42]);
    }

    #[test]
    fn every_octet_passes_in_each_of_its_two_forms() {
        for octet in 0..=255_u8 {
            let sound = if octet == 0xff { vec![octet, octet] } else { vec![octet] };
            let burst = unescape([sound.as_slice()]);
            assert_eq!((burst.octets.as_slice(), burst.marks.len()), (&[octet][..], 0));
            let burst = unescape([&[0xff, 0x00, octet][..]]);
            assert_eq!((burst.octets.as_slice(), burst.marks.len()), (&[octet][..], 1));
        }
    }
}
