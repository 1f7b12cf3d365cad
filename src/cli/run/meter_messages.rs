//! Messages about meters, at the end of a run: the first ten of a cause, and the number of the others.

use std::collections::BTreeMap;

use crate::cli::run::{
    interval_readings::MeterLabel,
    messages::{MOST_PRINTED, Messages},
};
use meterpipe::format::printable::printable;

/// The messages by their causes: how many there were, and the last one.
#[derive(Debug, Default)]
pub struct MeterMessages {
    causes: BTreeMap<String, (u64, String)>,
}

impl MeterMessages {
    /// Prints a message about a meter, unless its cause has had ten.
    pub fn say(&mut self, cause: &str, meter: &MeterLabel, text: &str, to: &Messages) {
        let text = of_meter(meter, text);
        let (times, last) = self.causes.entry(cause.to_owned()).or_default();
        *times += 1;
        if *times <= MOST_PRINTED {
            to.say(&text);
        }
        *last = text;
    }

    /// Prints the numbers of those that were not printed.
    pub fn finish(self, to: &Messages) {
        for (times, last) in self.causes.into_values() {
            if times > MOST_PRINTED {
                to.say(&format!("{} more like: {last}", times - MOST_PRINTED));
            }
        }
    }
}

/// A text about a meter.
pub fn of_meter(meter: &MeterLabel, text: &str) -> String {
    match meter {
        Some((_, name)) => format!("meter {}: {text}", printable(name)),
        None => text.to_owned(),
    }
}
