//! The arrival times of the octets of a push.
//!
//! At 2400 baud with eight data bits, even parity and one stop bit an octet takes eleven bits,
//! 4.58 ms. A Kaifa MA309 pauses for 160 ms between the frames of a telegram. Nothing here sleeps:
//! a caller that plays a push in real time waits for the end of a burst and then hands it on.

use core::{ops::Range, time::Duration};

/// The runs of octets of a push that follow each other without a pause.
///
/// Five are enough: noise and a telegram, or a telegram twice, with two frames each. A sixth run
/// would count as part of the fifth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs([usize; 5]);

impl Runs {
    /// The octets of each run, in order.
    pub fn lengths(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().filter(|&length| length > 0)
    }

    /// The octets of all runs.
    pub fn octets(self) -> usize {
        self.0.iter().sum()
    }

    /// Adds a run at the end.
    pub(super) fn push(&mut self, length: usize) {
        let [.., last] = &self.0;
        let free = if *last > 0 { 4 } else { self.lengths().count() };
        if let Some(free) = self.0.get_mut(free) {
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
        self.ranges().zip(0..).flat_map(|(Range { start, end }, pauses)| {
            (start..end).step_by(BURST).map(move |start| {
                let end = end.min(start + BURST);
                (on_the_line(end) + PAUSE * pauses, start..end)
            })
        })
    }

    /// The range of the run with this number.
    pub(super) fn nth(self, segment: usize) -> Range<usize> {
        self.ranges().nth(segment).unwrap_or_default()
    }
}

/// The transmission time of this many octets.
pub const fn on_the_line(octets: usize) -> Duration {
    Duration::from_nanos(octets as u64 * BITS * 1_000_000_000 / BAUD)
}

/// A start bit, eight data bits, parity, a stop bit.
const BITS: u64 = 11;
const BAUD: u64 = 2_400;

/// The pause between two frames.
const PAUSE: Duration = Duration::from_millis(160);

/// The octets of one burst: the amount at which a common UART's FIFO raises an interrupt.
const BURST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(lengths: &[usize]) -> Runs {
        let mut runs = Runs::default();
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
        assert_eq!(bursts[16].0, on_the_line(272) + PAUSE);
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
