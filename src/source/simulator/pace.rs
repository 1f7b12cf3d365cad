//! The arrival times of the octets of a push.
//!
//! On the M-Bus, at 2400 baud with eight data bits, even parity and one stop bit, an octet takes
//! eleven bits, 4.58 ms. A Kaifa MA309 pauses for 160 ms between the frames of a telegram. Nothing
//! here sleeps: a caller that plays a push in real time waits for the end of a burst and then hands
//! it on.

use core::{ops::Range, time::Duration};

/// The speed of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePace {
    /// Bits a second.
    pub baud: u64,
    /// The bits of an octet: a start bit, eight data bits, perhaps parity, a stop bit.
    pub bits: u64,
}

impl LinePace {
    /// The wired M-Bus: 2400 8E1.
    pub const M_BUS: Self = Self { baud: 2_400, bits: 11 };
    /// The infrared interface: 9600 8N1.
    pub const INFRARED: Self = Self { baud: 9_600, bits: 10 };
    /// The P1 socket: 115200 8N1.
    pub const P1: Self = Self { baud: 115_200, bits: 10 };

    /// The transmission time of this many octets.
    pub const fn time(self, octets: usize) -> Duration {
        Duration::from_nanos(octets as u64 * self.bits * 1_000_000_000 / self.baud)
    }
}

/// The runs of octets of a push that follow each other without a pause.
///
/// Six are enough: a telegram twice, with three frames each. A seventh run would count as part of
/// the sixth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    lengths: [usize; 6],
    pace: LinePace,
}

impl Runs {
    /// No runs yet.
    pub const fn new(pace: LinePace) -> Self {
        Self { lengths: [0; 6], pace }
    }

    /// No runs, on the same line.
    pub(super) const fn emptied(self) -> Self {
        Self::new(self.pace)
    }

    /// The octets of each run, in order.
    pub fn lengths(self) -> impl Iterator<Item = usize> {
        self.lengths.into_iter().filter(|&length| length > 0)
    }

    /// The octets of all runs.
    pub fn octets(self) -> usize {
        self.lengths.iter().sum()
    }

    /// Adds a run at the end.
    pub(super) fn push(&mut self, length: usize) {
        let free = self.lengths().count().min(self.lengths.len() - 1);
        if let Some(free) = self.lengths.get_mut(free) {
            *free += length;
        }
    }

    /// The range of each run within the push.
    pub(super) fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        self.lengths().scan(0, |end, length| {
            let start = *end;
            *end += length;
            Some(start..*end)
        })
    }

    /// The bursts of a push with these runs: the end of each, counted from the start of the push,
    /// and its octets.
    pub fn bursts(self) -> impl Iterator<Item = (Duration, Range<usize>)> {
        let pace = self.pace;
        self.ranges().zip(0..).flat_map(move |(Range { start, end }, pauses)| {
            (start..end).step_by(BURST).map(move |start| {
                let end = end.min(start + BURST);
                (pace.time(end) + PAUSE * pauses, start..end)
            })
        })
    }

    /// The range of the run with this number.
    pub(super) fn nth(self, segment: usize) -> Range<usize> {
        self.ranges().nth(segment).unwrap_or_default()
    }
}

/// The pause between two frames.
const PAUSE: Duration = Duration::from_millis(160);

/// The octets of one burst: the amount at which a common UART's FIFO raises an interrupt.
const BURST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(lengths: &[usize]) -> Runs {
        let mut runs = Runs::new(LinePace::M_BUS);
        lengths.iter().for_each(|&length| runs.push(length));
        runs
    }

    #[test]
    fn a_telegram_of_282_octets_takes_1_29_s_and_its_pause() {
        let bursts: Vec<_> = runs(&[256, 26]).bursts().collect();
        let (end, _) = bursts.last().unwrap();
        assert_eq!(*end, Duration::from_micros(1_292_500 + 160_000));
        assert_eq!(bursts[0], (Duration::from_nanos(73_333_333), 0..16));
        assert_eq!(bursts[16].1, 256..272);
        assert_eq!(bursts[16].0, LinePace::M_BUS.time(272) + PAUSE);
    }

    #[test]
    fn bursts_bring_every_octet_once_in_order_and_in_rising_time() {
        for lengths in [&[60, 256, 26][..], &[1], &[], &[255], &[256, 120, 256, 120], &[16, 16]] {
            let mut at = 0;
            let mut before = Duration::ZERO;
            for (time, range) in runs(lengths).bursts() {
                assert_eq!(range.start, at);
                assert!(!range.is_empty() && range.len() <= BURST && time > before);
                (at, before) = (range.end, time);
            }
            assert_eq!(at, lengths.iter().sum::<usize>());
        }
    }
}
