//! Times that have rows from before a clock was set back: no second gets a second row.

/// The most times that are told apart.
const MOST: usize = 32;

/// Times from one second up to another one, in order.
#[derive(Clone, Debug, Default)]
pub struct CoveredTimes {
    times: Vec<(i64, i64)>,
}

impl CoveredTimes {
    /// Adds a time. If there are too many, the two next to each other become one, with what is between them.
    pub fn add(&mut self, from: i64, to: i64) {
        let at = self.times.partition_point(|(start, _)| *start < from);
        self.times.insert(at, (from, to));
        let gap = |pair: &[(i64, i64)]| match *pair {
            [(_, end), (start, _)] => start - end,
            _ => i64::MAX,
        };
        loop {
            let gaps = self.times.windows(2).map(gap).enumerate();
            let Some((at, least)) = gaps.min_by_key(|(_, gap)| *gap) else {
                return;
            };
            if least > 0 && self.times.len() <= MOST {
                return;
            }
            let (_, end) = self.times.remove(at + 1);
            if let Some(time) = self.times.get_mut(at) {
                time.1 = time.1.max(end);
            }
        }
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
    fn times_that_touch_or_are_too_many_become_one() {
        let mut covered = CoveredTimes::default();
        for (from, to) in [(100, 200), (300, 400), (200, 300), (50, 60)] {
            covered.add(from, to);
        }
        assert_eq!(covered.times, [(50, 60), (100, 400)]);
        let mut covered = CoveredTimes::default();
        (0..40).for_each(|at| covered.add(100 * at, 100 * at + if at == 20 { 99 } else { 5 }));
        assert_eq!(covered.times.len(), MOST);
        assert_eq!(covered.end_within(2099, 2100), Some(2105));
        assert!((0..40).all(|at| covered.end_within(100 * at, 100 * at + 1).is_some()));
    }
}
