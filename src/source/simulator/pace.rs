//! When the octets of a push arrive.
//!
//! At 2400 baud with eight data bits, even parity and one stop bit an octet takes eleven bits,
//! 4.58 ms; between the frames of a telegram a Kaifa MA309 pauses for 160 ms. Who plays a push in
//! real time sleeps until a burst is through and then hands it on: nothing here sleeps.

use core::{ops::Range, time::Duration};

/// The bursts of a push: when each is through, counted from the start of the push, and which octets
/// of the push it brings.
#[derive(Clone, Debug)]
pub struct Pace {
    runs: Runs,
    /// Octets before the next burst.
    sent: usize,
    /// Pauses before it.
    pauses: u32,
}

impl Pace {
    /// The bursts of a push with those runs.
    #[must_use]
    pub const fn new(runs: Runs) -> Self {
        Self { runs, sent: 0, pauses: 0 }
    }
}

impl Iterator for Pace {
    type Item = (Duration, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.sent;
        let mut end_of_run = 0;
        let (pauses, end_of_run) = self.runs.lengths().zip(0..).find_map(|(length, before)| {
            end_of_run += length;
            (end_of_run > start).then_some((before, end_of_run))
        })?;
        self.pauses = pauses;
        self.sent = end_of_run.min(start + BURST);
        let through = on_the_line(self.sent) + PAUSE * self.pauses;
        Some((through, start..self.sent))
    }
}

/// The runs of octets of a push that stand on the wire without a pause.
///
/// Five are enough: noise and a telegram, or a telegram twice, at two frames each. What would be a
/// sixth counts as part of the fifth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs([usize; 5]);

impl Runs {
    /// Octets of each run, in their order.
    pub fn lengths(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().filter(|&length| length > 0)
    }

    /// Octets of all of them.
    #[must_use]
    pub fn octets(self) -> usize {
        self.0.iter().sum()
    }

    /// Adds a run behind the others.
    pub(super) fn push(&mut self, length: usize) {
        let [.., last] = &self.0;
        let free = if *last > 0 { 4 } else { self.lengths().count() };
        if let Some(free) = self.0.get_mut(free) {
            *free += length;
        }
    }

    /// Where each run lies in the push.
    pub(super) fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        self.lengths().scan(0, |end, length| {
            let start = *end;
            *end += length;
            Some(start..*end)
        })
    }

    /// Where the run with that number lies.
    pub(super) fn nth(self, segment: usize) -> Range<usize> {
        self.ranges().nth(segment).unwrap_or_default()
    }
}

/// How long octets take.
#[must_use]
pub const fn on_the_line(octets: usize) -> Duration {
    Duration::from_nanos(octets as u64 * BITS * 1_000_000_000 / BAUD)
}

/// A start bit, eight data bits, parity, a stop bit.
const BITS: u64 = 11;
const BAUD: u64 = 2_400;

/// Between two frames.
const PAUSE: Duration = Duration::from_millis(160);

/// Octets in one burst: what the FIFO of a common UART collects before it speaks.
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
        let bursts: Vec<_> = Pace::new(runs(&[256, 26])).collect();
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
            for (time, range) in Pace::new(runs(lengths)) {
                assert_eq!(range.start, at);
                assert!(!range.is_empty() && range.len() <= BURST && time > before);
                (at, before) = (range.end, time);
            }
            assert_eq!(at, lengths.iter().sum::<usize>());
        }
    }
}
