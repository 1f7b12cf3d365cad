//! Times that have rows from before a clock was set back: no second gets a second row.

/// The most times that are remembered.
const MOST: usize = 16;

/// Times from one second up to another one.
#[derive(Clone, Debug, Default)]
pub struct CoveredTimes {
    times: Vec<(i64, i64)>,
}

impl CoveredTimes {
    /// Adds a time. The oldest one is forgotten if there are too many.
    pub fn add(&mut self, from: i64, to: i64) {
        if self.is_full() {
            self.times.remove(0);
        }
        self.times.push((from, to));
    }

    /// True if no further time is remembered without another one that is forgotten.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.times.len() >= MOST
    }

    /// The end of a time that has one of these seconds.
    #[must_use]
    pub fn end_within(&self, start: i64, end: i64) -> Option<i64> {
        let mut found = self.times.iter().filter(|(from, to)| start < *to && *from < end);
        found.next().map(|(_, to)| *to)
    }

    /// True if a time begins behind one second, and not behind another one.
    #[must_use]
    pub fn begins_between(&self, last: i64, second: i64) -> bool {
        self.times.iter().any(|(from, _)| last < *from && *from <= second)
    }

    /// True if a time ends at that second.
    #[must_use]
    pub fn ends_at(&self, second: i64) -> bool {
        self.times.iter().any(|(_, to)| *to == second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_start_and_not_its_end() {
        let mut covered = CoveredTimes::default();
        covered.add(100, 200);
        let found = [99, 100, 199, 200].map(|second| covered.end_within(second, second + 1));
        assert_eq!(found, [None, Some(200), Some(200), None]);
        assert_eq!([covered.end_within(50, 100), covered.end_within(50, 300)], [None, Some(200)]);
        assert!(covered.begins_between(99, 100) && !covered.begins_between(100, 150));
        assert!(covered.ends_at(200) && !covered.ends_at(100));
    }

    #[test]
    fn the_oldest_time_is_forgotten() {
        let mut covered = CoveredTimes::default();
        (0..20).for_each(|at| covered.add(10 * at, 10 * at + 5));
        assert!(covered.is_full());
        assert_eq!((covered.end_within(30, 31), covered.end_within(40, 41)), (None, Some(45)));
    }
}
