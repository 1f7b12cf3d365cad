//! The meter on a line: when another one takes its place, the user is told.
//!
//! Meters that share a line take turns, perhaps in blocks. Only one that has fallen silent for an
//! hour was exchanged.

use std::{sync::Arc, time::Instant};

use crate::{format::readings::Readings, sink::single_meter::LastHeard};

/// The meter of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct LineMeter {
    current: Option<CurrentMeter>,
    /// Another meter, and the number of its telegrams since the last one of the current meter.
    rival: Option<(String, u32)>,
    /// Meters that were the current one before.
    earlier: Vec<String>,
}

/// The meter that sends now, with its last telegram and its time.
#[derive(Clone, Debug)]
struct CurrentMeter {
    name: String,
    last: Arc<Readings>,
    seen: Instant,
}

/// Another meter is a new one after so many telegrams in a row: after an outage of the line, any
/// meter on it may be the first to be heard again.
const IN_A_ROW: u32 = 3;

/// The most meters that one source remembers.
const MOST: usize = 64;

impl LineMeter {
    /// Notes a telegram that passed. Returns the meter before if this one has now taken its place,
    /// for the first time.
    pub(super) fn passed(&mut self, meter: &str, readings: &Arc<Readings>) -> Option<String> {
        let (last, seen) = (readings.clone(), Instant::now());
        let Some(current) = &mut self.current else {
            self.current = Some(CurrentMeter { name: meter.to_owned(), last, seen });
            return None;
        };
        if current.name == meter {
            (current.last, current.seen, self.rival) = (last, seen, None);
            return None;
        }
        let count = match &mut self.rival {
            Some((rival, count)) if rival == meter => {
                *count = count.saturating_add(1);
                *count
            }
            rival => {
                *rival = Some((meter.to_owned(), 1));
                1
            }
        };
        if count < IN_A_ROW || !current.is_gone(seen, readings) {
            return None;
        }
        self.rival = None;
        let now = CurrentMeter { name: meter.to_owned(), last, seen };
        let before = core::mem::replace(current, now).name;
        let is_new = !self.earlier.iter().any(|earlier| earlier == meter);
        if !self.earlier.contains(&before) && self.earlier.len() < MOST {
            self.earlier.push(before.clone());
        }
        is_new.then_some(before)
    }
}

impl CurrentMeter {
    /// True if it had sent nothing for long when these readings came.
    fn is_gone(&self, now: Instant, readings: &Readings) -> bool {
        LastHeard::at(self.seen, &self.last).is_gone(&LastHeard::at(now, readings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_that_stays_has_taken_the_place_and_one_that_takes_turns_has_not() {
        // A telegram each 5 s; at a bar, nothing for an hour.
        let told = |meters: &str| {
            let (mut line, mut second) = (LineMeter::default(), 0);
            let all = meters.chars().map(|meter| {
                second += if meter == '|' { 3600 } else { 5 };
                let time = jiff::Timestamp::from_second(second).unwrap();
                let text = format!("{{\"time\":\"{time}\",\"power_net_w\":1}}");
                let readings = Arc::new(Readings::parse(text.as_bytes()).unwrap());
                if meter == '|' { None } else { line.passed(&meter.to_string(), &readings) }
            });
            all.flatten().collect::<String>()
        };
        assert_eq!(told("aaabbaabb"), "");
        assert_eq!(told("aaabbbbbbaaaaaabbbbbb"), "", "blocks");
        assert_eq!(told("aaa|bbbb"), "a");
        assert_eq!(told("aaa|bbaabb"), "", "an outage");
        assert_eq!(told("aaa|bbbb|aaaa|bbbb"), "a", "once");
        assert_eq!(told("aaa|bbb|ccc"), "ab");
    }
}
