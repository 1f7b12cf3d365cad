//! A file or topic with room for one meter.
//!
//! If several meters wrote to one file or topic, its register would jump between them, and sums over it
//! would be wrong. The first meter therefore keeps the place as long as it sends telegrams.

use core::time::Duration;
use std::time::Instant;

use crate::{
    format::{latest::name, printable::printable, readings::Readings},
    sink::traits::Report,
};

/// The meter that has the place.
#[derive(Clone, Debug, Default)]
pub struct SingleMeter {
    /// The meter, and the time of its last telegram.
    taken: Option<(Option<String>, Instant)>,
    reported: bool,
}

/// A meter without telegrams for this time loses the place.
const GONE: Duration = Duration::from_secs(3600);

impl SingleMeter {
    /// True if these readings belong to the meter that has the place.
    pub fn takes(&mut self, readings: &Readings) -> bool {
        self.takes_at(readings, Instant::now())
    }

    fn takes_at(&mut self, readings: &Readings, now: Instant) -> bool {
        let meter = name(readings);
        match &mut self.taken {
            Some((taken, last_seen)) if now.duration_since(*last_seen) < GONE => {
                if taken.as_deref() != meter {
                    return false;
                }
                *last_seen = now;
            }
            taken => *taken = Some((meter.map(str::to_owned), now)),
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
        let taken = self.taken.as_ref().and_then(|(taken, _)| taken.as_deref());
        report.say(&format!(
            "{place} has room for one meter, {}: {} is left out; write {{meter}} into it, or choose \
             with meter=NUMBER",
            text(taken),
            text(name(readings))
        ));
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
}
