//! The wait before the next attempt.
//!
//! The wait doubles from `first` to `longest`, and each is shortened at random by up to a half: a
//! dozen readers of one ser2net that restarts do not come back at the same instant. No wait exceeds
//! `longest`, which messages promise to the user.

use core::{hash::BuildHasher, time::Duration};
use std::hash::RandomState;

/// The waits between attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    state: u64,
}

impl Backoff {
    /// Waits from `first` to `longest`; the same `seed` gives the same waits.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, next: first, state: seed }
    }

    /// The same with a random seed.
    #[must_use]
    pub fn random(first: Duration, longest: Duration) -> Self {
        // The standard library's hash keys are its only source of randomness, and good enough here.
        Self::new(first, longest, RandomState::new().hash_one(0))
    }

    /// The next wait.
    pub fn delay(&mut self) -> Duration {
        let whole = self.next.min(self.longest);
        self.next = whole.saturating_mul(2);
        let half = whole / 2;
        half + part(half, self.draw())
    }

    /// Starts over if the source worked for `uptime` and that was long enough.
    pub fn worked_for(&mut self, uptime: Duration) {
        if uptime >= STABLE {
            self.next = self.first;
        }
    }

    /// A xorshift step: jitter needs to differ, not to be unpredictable.
    const fn draw(&mut self) -> u32 {
        let mut x = self.state | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.state = x;
        (x >> 32) as u32
    }
}

/// `whole * numerator / 2^32`, without floats.
fn part(whole: Duration, numerator: u32) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(numerator)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// After this time without a failure, the waits start over.
const STABLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn waits_double_up_to_the_longest_and_keep_at_least_half() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(FIRST, LONGEST, seed);
            for whole in [500, 1000, 2000, 4000, 5000, 5000, 5000].map(Duration::from_millis) {
                let delay = backoff.delay();
                assert!(delay >= whole / 2 && delay <= whole, "{delay:?} of {whole:?}");
            }
        }
    }

    #[test]
    fn a_seed_fixes_the_waits_and_another_changes_them() {
        let waits = |seed| {
            let mut backoff = Backoff::new(FIRST, LONGEST, seed);
            core::array::from_fn::<_, 8, _>(|_| backoff.delay())
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(1_234_567_890_123));
    }

    #[test]
    fn only_a_minute_without_failure_starts_over() {
        let mut backoff = Backoff::new(FIRST, LONGEST, 1);
        for _ in 0..5 {
            backoff.delay();
        }
        backoff.worked_for(Duration::from_secs(59));
        assert!(backoff.delay() >= LONGEST / 2);
        backoff.worked_for(Duration::from_secs(60));
        assert!(backoff.delay() <= FIRST);
    }
}
