//! A file or topic with room for one meter.
//!
//! If several meters wrote to one file or topic, its register would jump between them, and sums over it
//! would be wrong. The first meter therefore keeps the place as long as it sends telegrams. An hour after the
//! last one, by this machine's clock or by the times of the telegrams, the next meter has it: meters are
//! exchanged, and files hold old telegrams.

use core::time::Duration;
use std::time::Instant;

use crate::{
    format::{latest::name, printable::printable, readings::Readings},
    sink::{timestamps::Timestamps, traits::Report},
};

/// The meter that has the place.
#[derive(Clone, Debug, Default)]
pub struct SingleMeter {
    /// The meter, and the time of its last telegram.
    taken: Option<TakenPlace>,
    reported: bool,
}

/// The meter that has a place, and its last telegram.
#[derive(Clone, Debug)]
struct TakenPlace {
    meter: Option<String>,
    last_seen: Instant,
    clocks: Timestamps,
}

/// A meter without telegrams for this time loses the place.
const GONE: Duration = Duration::from_secs(3600);

impl SingleMeter {
    /// True if these readings belong to the meter that has the place.
    pub fn takes(&mut self, readings: &Readings) -> bool {
        self.takes_at(readings, Instant::now())
    }

    fn takes_at(&mut self, readings: &Readings, now: Instant) -> bool {
        let (meter, clocks) = (name(readings), Timestamps::of(readings));
        match &mut self.taken {
            Some(taken) if !taken.is_gone(now, &clocks) => {
                if taken.meter.as_deref() != meter {
                    return false;
                }
                (taken.last_seen, taken.clocks) = (now, clocks);
            }
            taken => {
                let meter = meter.map(str::to_owned);
                *taken = Some(TakenPlace { meter, last_seen: now, clocks });
            }
        }
        true
    }

    /// Counts the readings of another meter, and reports the first.
    pub fn leave_out(&mut self, place: &str, readings: &Readings, report: &dyn Report) {
        report.lost(1);
        self.note(place, readings, report);
    }

    /// Reports the readings of another meter, once.
    pub fn note(&mut self, place: &str, readings: &Readings, report: &dyn Report) {
        if core::mem::replace(&mut self.reported, true) {
            return;
        }
        let text =
            |name: Option<&str>| printable(name.unwrap_or("one without a number")).into_owned();
        let taken = self.taken.as_ref().and_then(|taken| taken.meter.as_deref());
        report.say(&format!(
            "{place} has room for one meter, {}: {} is left out; write {{meter}} into it, or choose \
             with meter=NUMBER",
            text(taken),
            text(name(readings))
        ));
    }
}

impl TakenPlace {
    /// True if its meter had sent nothing for long when a telegram with these clocks came.
    fn is_gone(&self, now: Instant, clocks: &Timestamps) -> bool {
        // The clocks of two meters may differ, but both arrive at the same machine.
        let received = clocks.received.zip(self.clocks.received);
        let times = received.or_else(|| clocks.time.zip(self.clocks.time));
        let since = times.map(|(now, before)| now.duration_since(before));
        now.duration_since(self.last_seen) >= GONE
            || since.is_some_and(|it| Duration::try_from(it).is_ok_and(|since| since >= GONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::traits::ReportedTexts;

    #[test]
    fn the_first_has_it_until_it_has_gone() {
        let of = |meter: &str| {
            let line = format!("{{\"meter\":\"{meter}\",\"power_net_w\":1}}");
            Readings::parse(line.as_bytes()).unwrap()
        };
        let (mut single_meter, now) = (SingleMeter::default(), Instant::now());
        let mut takes =
            |meter, after: u64| single_meter.takes_at(&of(meter), now + Duration::from_secs(after));
        assert!(takes("1", 0) && !takes("2", 5) && takes("1", 10));
        assert!(!takes("2", 3609) && takes("2", 3610) && !takes("1", 3615));
        let reported = ReportedTexts::default();
        single_meter.note("a.txt", &of("1"), &reported);
        single_meter.note("a.txt", &of("3"), &reported);
        let [text] = <[_; 1]>::try_from(reported.0.into_inner()).unwrap();
        assert!(text.starts_with("a.txt has room for one meter, 2: 1 is left out; "), "{text}");
    }

    #[test]
    fn the_times_of_a_file_tell_that_it_has_gone() {
        let at = |meter: u32, time: &str| {
            let line = format!("{{\"time\":\"{time}\",\"meter\":\"{meter}\",\"power_net_w\":1}}");
            Readings::parse(line.as_bytes()).unwrap()
        };
        let mut place = SingleMeter::default();
        let mut takes = |meter, time| place.takes(&at(meter, time));
        assert!(takes(1, "2026-06-21T12:00:00+02:00") && takes(1, "2026-06-21T12:00:20+02:00"));
        assert!(!takes(2, "2026-06-21T13:00:19+02:00") && takes(2, "2026-06-21T13:00:20+02:00"));
        assert!(!takes(1, "2026-06-21T12:00:25+02:00") && takes(2, "2026-06-21T13:00:25+02:00"));
    }
}
