//! Counters of lost telegrams and damaged frames, for sinks that publish them.
//!
//! A sink gets its choice of readings at its interval and cannot see the gaps between them. The
//! producer counts before any choice, and sinks read the counters here. Counting starts with the
//! process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    format::{
        key::{FieldKey, Meta},
        meters::Meters,
        readings::{ReadingValue, Readings},
    },
    sink::{accounts::Accounts, meter_names::MeterNames},
};

/// The counters, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct LineCounters {
    counts: Arc<Mutex<Counts>>,
    accounts: Accounts,
    meter_names: MeterNames,
}

#[derive(Debug, Default)]
struct Counts {
    meters: Meters<Option<MeterCounters>>,
    frames_damaged: Option<u64>,
}

#[derive(Debug)]
struct MeterCounters {
    title: Option<String>,
    /// The highest counter.
    last: u64,
    /// A counter below it: a late telegram, or a counter that starts over.
    lower: Option<u64>,
    lost: u64,
}

/// A larger gap is a new count, not a loss: two months of telegrams each 5 s.
const MOST_LOST: u64 = 1_000_000;

impl LineCounters {
    /// Counts a telegram. Expects all telegrams in the order of their arrival.
    pub fn note(&self, readings: &Readings) {
        let (Some(number), Some(counter)) = (readings.meta(Meta::Meter), counter(readings)) else {
            return;
        };
        let mut counts = self.lock();
        let title = readings.meta(Meta::SystemTitle);
        counts.meters.seen(Some(number), |meter| match meter {
            Some(meter) => meter.note(title, counter),
            None => {
                let title = title.map(str::to_owned);
                *meter = Some(MeterCounters { title, last: counter, lower: None, lost: 0 });
            }
        });
    }

    /// Sets the number of damaged frames so far. Without a call the number is unknown.
    pub fn frames_are_damaged(&self, total: u64) {
        self.lock().frames_damaged = Some(total);
    }

    /// The number of missing telegrams of a meter, by its invocation counter; `None` without a
    /// counter.
    pub fn telegrams_lost(&self, number: &str) -> Option<u64> {
        let counts = self.lock();
        counts.meters.get(Some(number))?.as_ref().map(|meter| meter.lost)
    }

    /// The number of damaged frames of all meters; `None` if the producer does not count them.
    pub fn frames_damaged(&self) -> Option<u64> {
        self.lock().frames_damaged
    }

    /// The accounts of the run.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The names that the user gave to meters.
    pub const fn meter_names(&self) -> &MeterNames {
        &self.meter_names
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // No change here can be half done, so the data of a failed thread is whole.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MeterCounters {
    fn note(&mut self, title: Option<&str>, counter: u64) {
        if self.title.as_deref() != title {
            // Another meter under the same number has its own count.
            self.title = title.map(str::to_owned);
            self.start(counter);
        } else if let Some(missing) =
            counter.checked_sub(self.last).and_then(|it| it.checked_sub(1))
        {
            self.lost += if missing > MOST_LOST { 0 } else { missing };
            self.start(counter);
        } else if self.lower.is_some_and(|lower| counter > lower) {
            self.start(counter);
        } else {
            self.lower = Some(counter);
        }
    }

    fn start(&mut self, counter: u64) {
        (self.last, self.lower) = (counter, None);
    }
}

fn counter(readings: &Readings) -> Option<u64> {
    match readings.get(FieldKey::Meta(Meta::InvocationCounter)) {
        Some(ReadingValue::Number(number)) => u64::try_from(number.to_integer()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(counters: &LineCounters, meter: &str, title: &str, counter: u64) {
        let line = format!(
            concat!(
                "{{\"meter\":\"{}\",\"system_title\":\"{}\",\"invocation_counter\":{},",
                "\"power_net_w\":1}}"
            ),
            meter, title, counter
        );
        counters.note(&Readings::parse(line.as_bytes()).unwrap());
    }

    fn lost(invocations: &[u64]) -> Option<u64> {
        let counters = LineCounters::default();
        invocations.iter().for_each(|counter| note(&counters, "1", "aa", *counter));
        counters.telegrams_lost("1")
    }

    #[test]
    fn gaps_of_the_counter_are_counted() {
        assert_eq!(lost(&[]), None);
        assert_eq!(lost(&[35]), Some(0));
        assert_eq!(lost(&[35, 36, 37]), Some(0));
        assert_eq!(lost(&[35, 37, 38, 42]), Some(4));
    }

    #[test]
    fn what_is_late_or_comes_twice_is_no_gap_and_a_counter_may_start_over() {
        assert_eq!(lost(&[35, 36, 36, 37, 36, 38]), Some(0));
        assert_eq!(lost(&[9_000_000, 1, 2, 3, 5]), Some(1));
        assert_eq!(lost(&[1, 4_000_000_000, 4_000_000_002]), Some(1), "no house was down so long");
    }

    #[test]
    fn meters_count_for_themselves_and_the_board_is_one() {
        let counters = LineCounters::default();
        let other = counters.clone();
        for (meter, title, counter) in
            [("1", "aa", 5), ("2", "bb", 90), ("1", "aa", 8), ("2", "bb", 91), ("1", "cc", 500)]
        {
            note(&other, meter, title, counter);
        }
        assert_eq!(counters.telegrams_lost("1"), Some(2));
        assert_eq!(counters.telegrams_lost("2"), Some(0));
        assert_eq!(counters.frames_damaged(), None);
        other.frames_are_damaged(3);
        assert_eq!(counters.frames_damaged(), Some(3));
        let counterless = Readings::parse(b"{\"meter\":\"3\",\"power_net_w\":1}").unwrap();
        counters.note(&counterless);
        assert_eq!(counters.telegrams_lost("3"), None);
    }
}
