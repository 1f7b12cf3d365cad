//! The parity bit of the line, and the search for it.
//!
//! Meters on the M-Bus send 8E1. Some adapters and converters on the way are built for 8N1. A
//! reader with the wrong setting marks at least every second octet, because the bit that it takes
//! for parity (or for the stop bit) is wrong that often. Noise on a line that still carries frames
//! stays far below that. An adapter that reports no errors at all gives itself away by the missing
//! frames.

use core::fmt;

/// The parity bit behind the eight data bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Parity {
    /// 8E1, as meters send.
    #[default]
    Even,
    /// 8N1.
    None,
    /// 8O1.
    Odd,
}

impl Parity {
    /// The setting to try next: the likelier first, then all again.
    pub const fn next(self) -> Self {
        match self {
            Self::Even => Self::None,
            Self::None => Self::Odd,
            Self::Odd => Self::Even,
        }
    }
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "even",
            Self::None => "none",
            Self::Odd => "odd",
        })
    }
}

/// Tries one setting after the other until frames come, and keeps that one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParitySearch {
    parity: Parity,
    octets: usize,
    marked: usize,
    found: bool,
    changes: usize,
}

impl ParitySearch {
    /// No search: this setting, always.
    pub fn fixed(parity: Parity) -> Self {
        Self { parity, found: true, ..Self::default() }
    }

    /// True if no other setting will be tried.
    pub const fn is_fixed(&self) -> bool {
        self.found
    }

    /// The setting to use now.
    pub const fn parity(&self) -> Parity {
        self.parity
    }

    /// Counts the octets and marks of one read. Returns a setting to change to.
    pub fn record(&mut self, octets: usize, marked: usize) -> Option<Parity> {
        self.octets = self.octets.saturating_add(octets);
        self.marked = self.marked.saturating_add(marked);
        let bad = self.octets >= MARK_SAMPLE && self.marked >= self.octets / MARK_SHARE;
        if self.found || !(bad || self.octets >= FRAME_SAMPLE) {
            return None;
        }
        let (parity, changes) = (self.parity.next(), self.changes.saturating_add(1));
        *self = Self { parity, changes, ..Self::default() };
        Some(parity)
    }

    /// True during the first round. While nothing but noise comes, the search goes on silently.
    pub const fn is_first_round(&self) -> bool {
        self.changes <= SETTINGS
    }

    /// Frames passed their checks: the search is over. Returns true the first time.
    pub fn frames_seen(&mut self) -> bool {
        !core::mem::replace(&mut self.found, true)
    }
}

/// Settings that a round tries.
const SETTINGS: usize = 3;

/// Octets to see before the share of marks counts: half a telegram.
const MARK_SAMPLE: usize = 128;

/// One marked octet in four is too many. The wrong setting marks one in two or more.
const MARK_SHARE: usize = 4;

/// Octets that must contain a sound frame: four of the longest (258 of data and 6 around them). The
/// first is usually cut, and noise may spoil another.
const FRAME_SAMPLE: usize = 4 * 264;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_marks_change_the_setting_within_half_a_telegram() {
        let mut search = ParitySearch::default();
        assert_eq!(search.record(127, 127), None, "too few octets to tell");
        assert_eq!(search.record(1, 0), Some(Parity::None));
        assert_eq!(search.record(128, 64), Some(Parity::Odd));
        assert_eq!(search.record(128, 64), Some(Parity::Even));
    }

    #[test]
    fn noise_on_a_good_line_does_not_change_the_setting() {
        let mut search = ParitySearch::default();
        for _ in 0..6 {
            assert_eq!(search.record(150, 30), None);
        }
        assert!(search.frames_seen());
    }

    #[test]
    fn octets_without_frames_change_the_setting_though_nothing_is_marked() {
        let mut search = ParitySearch::default();
        assert_eq!(search.record(FRAME_SAMPLE - 1, 0), None);
        assert_eq!(search.record(1, 0), Some(Parity::None));
        assert_eq!(search.record(FRAME_SAMPLE - 1, 0), None, "the count starts over");
    }

    #[test]
    fn noise_goes_on_to_change_the_setting_but_only_one_round_is_news() {
        let mut search = ParitySearch::default();
        let news = (0..30).filter(|_| {
            assert!(search.record(FRAME_SAMPLE, 0).is_some());
            search.is_first_round()
        });
        assert_eq!(news.count(), 3);
    }

    #[test]
    fn a_setting_that_gave_frames_stays() {
        let mut search = ParitySearch::default();
        search.record(128, 128);
        assert!(search.frames_seen());
        assert!(!search.frames_seen(), "reported once");
        assert_eq!(search.record(100_000, 100_000), None);
        assert_eq!(search.parity(), Parity::None);
    }
}
