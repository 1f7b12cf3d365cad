//! The usual step of a meter's clock from one telegram to the next.

/// The last steps of one list of a meter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockPace {
    steps: [ClockStep; MOST],
    /// The number of steps so far, at most as many as there is room for.
    count: usize,
    next: usize,
}

/// One step: the time, and the telegrams by the invocation counter; 0 if it is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockStep {
    pub milliseconds: i64,
    pub telegrams: u64,
}

/// The number of steps that are remembered.
const MOST: usize = 5;

/// A step up to this is no leap where the counter does not help, in milliseconds.
const MINUTE: i64 = 60_000;

/// Clocks have whole seconds, and a meter is late at times.
const TOLERANCE: i64 = 2_000;

/// A pace is known from so many steps on.
const KNOWN: usize = 3;

impl ClockPace {
    pub(super) fn add(&mut self, step: ClockStep) {
        if let Some(place) = self.steps.get_mut(self.next) {
            *place = step;
        }
        self.next = (self.next + 1) % self.steps.len();
        self.count = (self.count + 1).min(self.steps.len());
    }

    /// The median of the times and that of the telegrams.
    fn usual(&self) -> Option<ClockStep> {
        let steps = self.steps.get(..self.count)?;
        let (mut times, mut telegrams) = ([0; MOST], [0; MOST]);
        for (step, (time, count)) in steps.iter().zip(times.iter_mut().zip(&mut telegrams)) {
            (*time, *count) = (step.milliseconds, step.telegrams);
        }
        Some(ClockStep {
            milliseconds: median(times.get_mut(..self.count)?)?,
            telegrams: median(telegrams.get_mut(..self.count)?)?,
        })
    }

    /// True if a step is longer than the counter, or the usual step, explains.
    pub(super) fn leaps(&self, step: ClockStep) -> bool {
        let Some(usual) = self.usual() else {
            return false;
        };
        // Nearly always.
        if step.milliseconds <= usual.milliseconds.max(TOLERANCE) {
            return false;
        }
        if self.is_known() && usual.telegrams > 0 && step.telegrams > 0 {
            let each = i128::from(usual.milliseconds);
            let expected = each * i128::from(step.telegrams) / i128::from(usual.telegrams);
            let most = expected + expected / 5 + each.max(TOLERANCE.into());
            return i128::from(step.milliseconds) > most;
        }
        let longest = self.steps.iter().map(|step| step.milliseconds).max().unwrap_or_default();
        let usual = if self.is_known() { usual.milliseconds } else { longest };
        step.milliseconds > usual.saturating_mul(3).max(MINUTE)
    }

    /// True once there were enough steps to tell a gap from the pace.
    pub(super) const fn is_known(&self) -> bool {
        self.count >= KNOWN
    }

    /// The usual time from one telegram to the next, as far as it is known.
    pub(super) fn usual_time(&self) -> Option<i64> {
        self.usual().map(|usual| usual.milliseconds)
    }

    /// True if a telegram is missing in a step: the one that came instead had its turn.
    pub(super) fn misses_a_turn(&self, step: ClockStep) -> bool {
        let usual = self.usual().filter(|usual| self.is_known() && usual.milliseconds > 0);
        usual.is_some_and(|usual| step.milliseconds > usual.milliseconds / 2 * 3)
    }
}

fn median<T: Copy + Ord>(values: &mut [T]) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(seconds: i64, telegrams: u64) -> ClockStep {
        ClockStep { milliseconds: 1000 * seconds, telegrams }
    }

    fn pace(seconds: &[i64], telegrams: u64) -> ClockPace {
        let mut pace = ClockPace::default();
        seconds.iter().for_each(|it| pace.add(step(*it, telegrams)));
        pace
    }

    #[test]
    fn a_leap_is_what_the_counter_does_not_explain() {
        let known = pace(&[5, 5, 6, 4, 5], 1);
        for (seconds, telegrams, leaps) in
            [(5, 1, false), (11, 1, false), (12, 1, true), (3600, 720, false), (7200, 720, true)]
        {
            assert_eq!(known.leaps(step(seconds, telegrams)), leaps, "{seconds} {telegrams}");
        }
        assert!(!known.leaps(step(60, 0)) && known.leaps(step(61, 0)), "no counter");
        let mut uneven = pace(&[5; 4], 1);
        uneven.add(step(5, 3));
        assert!(!uneven.leaps(step(15, 3)));
        let hourly = pace(&[3600; 5], 0);
        assert!(!hourly.leaps(step(3 * 3600, 0)) && hourly.leaps(step(4 * 3600, 0)));
    }

    #[test]
    fn a_young_pace_is_judged_by_its_longest_step() {
        assert!(!ClockPace::default().leaps(step(1_000_000, 1)));
        assert!(!pace(&[0], 1).leaps(step(5, 1)));
        assert!(!pace(&[0, 900], 1).leaps(step(900, 1)));
        assert!(pace(&[5], 1).leaps(step(3600, 1)));
    }

    #[test]
    fn a_turn_is_missed_after_half_a_step_more() {
        let known = pace(&[5, 5, 5], 1);
        assert!(!known.misses_a_turn(step(7, 1)) && known.misses_a_turn(step(10, 2)));
        assert!(!pace(&[5], 1).misses_a_turn(step(10, 2)));
    }
}
