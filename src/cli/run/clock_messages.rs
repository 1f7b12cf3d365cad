//! Messages about the clocks of meters, once a meter.

use std::collections::HashSet;

use crate::cli::run::context::Context;
use meterpipe::{
    format::{
        cell::Content,
        entry::{OutputTelegram, TimeDoubt},
        printable::printable,
    },
    reading::telegram::Telegram,
};

/// The meters that are remembered. Further ones get a last message together.
const MOST: usize = 1000;

/// A fault of a clock.
#[derive(Clone, Copy, Debug)]
pub enum ClockFault {
    /// The clock does not tell the time.
    Wrong(TimeDoubt),
    /// Its daylight saving bit is set, and its offset is that of standard time.
    Season,
}

/// Looks for faults, and reports them.
#[derive(Clone, Debug, Default)]
pub struct ClockMessages {
    /// Date, deviation and status of a clock without a fault: a day of telegrams has the same ones.
    sound: Option<[u8; 7]>,
    reported: HashSet<Vec<u8>>,
}

impl ClockMessages {
    /// The fault of a telegram's clocks, if its meter has not had one before.
    pub fn new_fault(&mut self, entry: &OutputTelegram<'_>) -> Option<ClockFault> {
        let fault = match entry.time_doubt() {
            Some(doubt) => Some(ClockFault::Wrong(doubt)),
            None => self.contradicts_itself(entry).then_some(ClockFault::Season),
        };
        fault.filter(|_| self.reported.len() <= MOST && self.reported.insert(key(entry.telegram)))
    }

    fn contradicts_itself(&mut self, entry: &OutputTelegram<'_>) -> bool {
        let [Some(first), _] = entry.telegram.clocks() else {
            return entry
                .telegram
                .clock()
                .is_some_and(|clock| clock.contradicts_itself(entry.zone));
        };
        let [a, b, c, d, _, _, _, _, _, e, f, g] = first.0;
        let day = Some([a, b, c, d, e, f, g]);
        if self.sound == day {
            return false;
        }
        let Some(clock) = entry.telegram.clock() else {
            return false;
        };
        let found = clock.contradicts_itself(entry.zone);
        if !found && clock == first {
            self.sound = day;
        }
        found
    }

    /// Reports a new fault of a telegram's clocks.
    pub fn report(&mut self, entry: &OutputTelegram<'_>, context: &Context) {
        let Some(fault) = self.new_fault(entry) else {
            return;
        };
        if self.reported.len() > MOST {
            return context.messages.say("the clocks of further meters are not checked");
        }
        let text = match fault {
            ClockFault::Wrong(TimeDoubt::Invalid) => {
                "the meter calls its clock invalid; history uses the time of arrival".to_owned()
            }
            ClockFault::Wrong(TimeDoubt::Differs { ahead }) => {
                let side = if ahead < 0 { "behind" } else { "ahead of" };
                let difference = difference(ahead.unsigned_abs());
                format!(
                    "the meter's clock is {difference} {side} the time of arrival, which history uses"
                )
            }
            ClockFault::Season => {
                "the meter's clock contradicts itself: its daylight saving bit is \
                set, its offset is that of standard time; its times may be an hour late"
                    .to_owned()
            }
        };
        context.messages.say(&format!("{}{text}", meter(entry)));
    }
}

/// The meter number, else nothing: then there is hardly more than one meter.
fn key(telegram: &Telegram<'_>) -> Vec<u8> {
    telegram.meter().unwrap_or_default().to_owned()
}

/// The meter's number before a message; nothing without one.
pub fn meter(entry: &OutputTelegram<'_>) -> String {
    let Some(content) = Content::of_meter(entry) else {
        return String::new();
    };
    let mut text = Vec::new();
    content.write(entry.zone, &mut text);
    format!("meter {}: ", printable(&String::from_utf8_lossy(&text)))
}

/// A difference of so many seconds in the two units that matter.
pub fn difference(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match days {
        0 => format!("{hours} h {} min", minutes % 60),
        1..=9 => format!("{days} d {} h", hours % 24),
        _ => format!("{days} days"),
    }
}
