//! Messages about energies of a meter that start anew.

use jiff::tz::TimeZone;

use crate::cli::run::{
    interval_readings::{self, MeterLabel},
    messages::Messages,
    meter_messages::MeterMessages,
};
use meterpipe::{
    error::Lapse,
    intervals::{clock_doubt::BelievedStep, meter::NewRun},
    reading::fields::FIELDS,
};

/// A step of a clock that begins a new run.
pub const fn of_step(step: BelievedStep) -> Option<NewRun> {
    match step {
        BelievedStep::Pause => None,
        BelievedStep::SetAhead(seconds) => Some(NewRun::ClockAhead(seconds)),
        BelievedStep::SetBack(seconds) => Some(NewRun::ClockBack(seconds)),
    }
}

/// Says that the energies of a meter start anew.
pub fn say(
    messages: &mut MeterMessages,
    meter: &MeterLabel,
    reason: &NewRun,
    second: i64,
    zone: &TimeZone,
    to: &Messages,
) {
    let field = |place: usize| FIELDS.get(place).map_or("", |field| field.name);
    let lapse = |seconds: i64| Lapse(seconds.unsigned_abs());
    let (cause, reason) = match *reason {
        NewRun::Fall(step) => {
            ("falls", format!("{} falls from {} to {}", field(step.place), step.from, step.to))
        }
        NewRun::Leap(step) => {
            ("leaps", format!("{} leaps from {} to {}", field(step.place), step.from, step.to))
        }
        NewRun::Pause => ("pause", "no telegram for more than a year".to_owned()),
        NewRun::List => ("list", "other registers".to_owned()),
        NewRun::ClockAhead(seconds) => {
            ("ahead", format!("the clock is set ahead by {}", lapse(seconds)))
        }
        NewRun::ClockBack(seconds) => {
            ("back", format!("the clock is set back by {}", lapse(seconds)))
        }
        NewRun::RowsBack(seconds) => (
            "rows",
            format!("the intervals go back by {}, as after a clock that was set,", lapse(seconds)),
        ),
    };
    let at = interval_readings::local(second, zone);
    let text = format!("{reason} at {at}: the energies start anew");
    messages.say(cause, meter, &text, to);
}

/// Says that a rise of a meter's registers is in no row.
pub fn say_lost_rise(messages: &mut MeterMessages, meter: &MeterLabel, to: &Messages) {
    messages.say("rise", meter, REST, to);
}

const REST: &str =
    "the registers rose within the last second, in which an interval begins: the rise is in no row";
