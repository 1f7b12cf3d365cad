//! Messages about meters: the first ten of a cause, and the number of the others, at the end of a run or once a minute.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::cli::run::{
    interval_readings::MeterLabel, messages::Messages, refusal_causes::MOST_PRINTED,
};
use meterpipe::format::printable::printable;

/// The time between two summaries in a run without an end.
const MINUTE: Duration = Duration::from_secs(60);

/// The messages by their causes.
#[derive(Debug, Default)]
pub struct MeterMessages {
    causes: BTreeMap<String, CauseMessages>,
}

/// The messages of a cause.
#[derive(Debug)]
struct CauseMessages {
    times: u64,
    /// Those that were neither printed nor counted.
    untold: u64,
    told: Instant,
    last: String,
}

impl MeterMessages {
    /// Prints a message about a meter, unless its cause has had ten.
    pub fn say(&mut self, cause: &str, meter: &MeterLabel, text: &str, to: &Messages) {
        let text = of_meter(meter, text);
        let first =
            || CauseMessages { times: 0, untold: 0, told: Instant::now(), last: String::new() };
        let of_cause = self.causes.entry(cause.to_owned()).or_insert_with(first);
        of_cause.times += 1;
        match of_cause.times <= MOST_PRINTED {
            true => to.say(&text),
            false => of_cause.untold += 1,
        }
        of_cause.last = text;
    }

    /// Prints the numbers of those that were not printed, at most once a minute.
    pub fn tick(&mut self, to: &Messages) {
        let due = self.causes.values_mut().filter(|it| it.told.elapsed() >= MINUTE);
        due.for_each(|of_cause| of_cause.tell(to));
    }

    /// Prints the numbers of those that were not printed.
    pub fn finish(&mut self, to: &Messages) {
        std::mem::take(&mut self.causes).values_mut().for_each(|of_cause| of_cause.tell(to));
    }
}

impl CauseMessages {
    fn tell(&mut self, to: &Messages) {
        if self.untold > 0 {
            to.say(&format!("{} more like: {}", self.untold, self.last));
        }
        (self.untold, self.told) = (0, Instant::now());
    }
}

/// A text about a meter.
pub fn of_meter(meter: &MeterLabel, text: &str) -> String {
    match meter {
        Some((_, name)) => format!("meter {}: {text}", printable(name)),
        None => text.to_owned(),
    }
}
