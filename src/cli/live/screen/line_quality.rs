//! The quality of a line: of the telegrams of the last minutes, how many were damaged or missing.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::cli::live::screen::ink::ScreenInk;

/// The time that is judged.
const SPAN: Duration = Duration::from_secs(600);

/// The most telegrams that are judged.
const MOST: usize = 1000;

/// The words for a line that brings nothing, or octets that are no telegrams.
pub const NO_TELEGRAMS: &str = "no telegrams";

/// The telegrams of a source.
#[derive(Clone, Debug, Default)]
pub struct LineQuality {
    /// When each came, and true if it was good.
    telegrams: VecDeque<(Instant, bool)>,
    /// Damaged parts since the last good telegram.
    damaged: u64,
}

/// Telegrams below which the share of damaged ones is no quality: a minute of most meters.
const ENOUGH: usize = 12;

impl LineQuality {
    /// Notes a good telegram, and that so many are missing in front of it, if their number is known. Of one damaged
    /// telegram several parts may be refused: the counter tells how many there were.
    pub fn note_good(&mut self, missing: Option<u64>, now: Instant) {
        let damaged = std::mem::take(&mut self.damaged);
        let missing = missing.unwrap_or(damaged);
        for _ in missing..damaged {
            self.telegrams.pop_back();
        }
        self.note(false, missing.saturating_sub(damaged), now);
        self.note(true, 1, now);
    }

    /// Notes a damaged telegram.
    pub fn note_damaged(&mut self, now: Instant) {
        self.damaged += 1;
        self.note(false, 1, now);
    }

    /// Notes telegrams.
    fn note(&mut self, is_good: bool, times: u64, now: Instant) {
        let times = usize::try_from(times).unwrap_or(MOST).min(MOST);
        self.telegrams.extend(std::iter::repeat_n((now, is_good), times));
        let surplus = self.telegrams.len().saturating_sub(MOST);
        self.telegrams.drain(..surplus);
    }

    /// The quality in words beside a reading that is stale.
    #[must_use]
    pub fn words_since(&self, reading: Instant, now: Instant) -> (ScreenInk, String) {
        match self.telegrams.back() {
            Some((last, _)) if *last > reading => self.words(now),
            _ => Self::default().words(now),
        }
    }

    /// The quality in words.
    #[must_use]
    pub fn words(&self, now: Instant) -> (ScreenInk, String) {
        let recent =
            self.telegrams.iter().filter(|(at, _)| now.saturating_duration_since(*at) <= SPAN);
        let (mut all, mut bad) = (0, 0);
        for (_, is_good) in recent {
            all += 1;
            bad += usize::from(!is_good);
        }
        if all == 0 {
            return (ScreenInk::Bad, NO_TELEGRAMS.to_owned());
        }
        let of = all.max(ENOUGH);
        let (ink, word) = match bad * 100 {
            0 => (ScreenInk::Good, "clean"),
            part if part <= of => (ScreenInk::Good, "good"),
            part if part <= of * 5 => (ScreenInk::Doubtful, "fair"),
            part if part <= of * 25 => (ScreenInk::Doubtful, "poor"),
            _ => (ScreenInk::Bad, "bad"),
        };
        match bad {
            0 => (ink, format!("line {word}")),
            _ => (ink, format!("line {word}, {bad} of the last {all} damaged or missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_minutes_are_judged_in_words() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut line = LineQuality::default();
        assert_eq!(line.words(at(0)).1, "no telegrams");
        line.note(true, 99, at(0));
        assert_eq!(line.words(at(1)), (ScreenInk::Good, "line clean".to_owned()));
        line.note(false, 1, at(0));
        assert_eq!(line.words(at(1)).1, "line good, 1 of the last 100 damaged or missing");
        line.note(false, 4, at(300));
        assert_eq!(line.words(at(301)).1, "line fair, 5 of the last 104 damaged or missing");
        assert_eq!(line.words(at(700)).1, "line bad, 4 of the last 4 damaged or missing");
        assert_eq!(line.words(at(1000)).1, "no telegrams");
        line.note(false, u64::MAX, at(1000));
        assert_eq!(line.telegrams.len(), MOST);
    }

    #[test]
    fn a_line_without_telegrams_is_told_from_one_with_damage() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut line = LineQuality::default();
        (0..9).for_each(|_| line.note_good(None, start));
        assert_eq!(line.words_since(start, at(40)), (ScreenInk::Bad, "no telegrams".to_owned()));
        line.note_damaged(at(41));
        let words = line.words_since(start, at(42)).1;
        assert_eq!(words, "line poor, 1 of the last 10 damaged or missing");
    }

    #[test]
    fn a_telegram_that_is_damaged_is_not_missing_as_well() {
        let (mut line, now) = (LineQuality::default(), Instant::now());
        line.note_good(None, now);
        line.note_damaged(now);
        assert_eq!(line.words(now).1, "line poor, 1 of the last 2 damaged or missing");
        // Three parts of two telegrams were refused.
        line.note_damaged(now);
        line.note_damaged(now);
        line.note_good(Some(2), now);
        assert_eq!(line.words(now).1, "line poor, 2 of the last 4 damaged or missing");
        line.note_good(Some(3), now);
        assert_eq!(line.words(now).1, "line bad, 5 of the last 8 damaged or missing");
        // Without a counter each part counts.
        line.note_damaged(now);
        line.note_good(None, now);
        assert_eq!(line.words(now).1, "line bad, 6 of the last 10 damaged or missing");
        // No telegram was in what was refused.
        line.note_damaged(now);
        line.note_good(Some(0), now);
        assert_eq!(line.words(now).1, "line bad, 6 of the last 11 damaged or missing");
    }
}
