//! A file or topic with room for one meter: what it shows does not tell meters apart.
//!
//! If several meters wrote to one file or topic, its register would jump between them, and sums
//! over it would be wrong. The first meter therefore keeps the place as long as it sends telegrams.
//! An hour after the last one, by this machine's clock or by the times of the telegrams, the next
//! meter has it: meters are exchanged, and files hold old telegrams.

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
    taken: Option<(Option<String>, LastHeard)>,
    reported: bool,
    /// The way out, if it is not the usual one.
    advice: Option<&'static str>,
}

/// The time at which a meter was heard last.
#[derive(Clone, Debug)]
pub struct LastHeard {
    seen: Instant,
    clocks: Timestamps,
}

/// A meter without telegrams for this time is gone, and loses the place.
const GONE: Duration = Duration::from_secs(3600);

impl SingleMeter {
    /// A place with its own advice for somebody who has several meters.
    pub fn with_advice(advice: &'static str) -> Self {
        Self { advice: Some(advice), ..Self::default() }
    }

    /// True if these readings belong to the meter that has the place. Reports that the place goes
    /// to another meter.
    pub fn takes(
        &mut self,
        place: impl FnOnce() -> String,
        readings: &Readings,
        report: &dyn Report,
    ) -> bool {
        self.takes_at(LastHeard::at(Instant::now(), readings), place, readings, report)
    }

    fn takes_at(
        &mut self,
        now: LastHeard,
        place: impl FnOnce() -> String,
        readings: &Readings,
        report: &dyn Report,
    ) -> bool {
        let meter = name(readings);
        if let Some((before, last)) = &mut self.taken {
            if before.as_deref() == meter {
                *last = now;
                return true;
            }
            if !last.is_gone(&now) {
                return false;
            }
            let (before, meter) = (text(before.as_deref()), text(meter));
            report.say(&format!(
                "{} now belongs to meter {meter}: meter {before} has been silent for an hour",
                place()
            ));
        }
        self.taken = Some((meter.map(str::to_owned), now));
        true
    }

    /// The meter that has the place; its name is `None` if its telegrams have none.
    pub fn meter(&self) -> Option<Option<&str>> {
        self.taken.as_ref().map(|(meter, _)| meter.as_deref())
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
        let taken = self.meter().flatten();
        report.say(&format!(
            "{place} has room for one meter, {}: {} is left out; {}",
            text(taken),
            text(name(readings)),
            self.advice.unwrap_or("write {meter} into it, or choose with meter=NUMBER")
        ));
    }
}

fn text(name: Option<&str>) -> String {
    printable(name.unwrap_or("one without a number")).into_owned()
}

impl LastHeard {
    /// A telegram with these readings came then.
    pub fn at(seen: Instant, readings: &Readings) -> Self {
        Self { seen, clocks: Timestamps::of(readings) }
    }

    /// True if the meter had sent nothing for long when another one was heard.
    pub fn is_gone(&self, now: &Self) -> bool {
        // The clocks of two meters may differ, but both arrive at the same machine.
        let received = now.clocks.received.zip(self.clocks.received);
        let times = received.or_else(|| now.clocks.time.zip(self.clocks.time));
        let since = times.map(|(now, before)| now.duration_since(before));
        now.seen.duration_since(self.seen) >= GONE
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
        let reported = ReportedTexts::default();
        let mut takes = |meter, after: u64| {
            let now = LastHeard::at(now + Duration::from_secs(after), &of(meter));
            single_meter.takes_at(now, || "a.txt".to_owned(), &of(meter), &reported)
        };
        assert!(takes("1", 0) && !takes("2", 5) && takes("1", 10));
        assert!(!takes("2", 3609) && takes("2", 3610) && !takes("1", 3615));
        single_meter.note("a.txt", &of("1"), &reported);
        single_meter.note("a.txt", &of("3"), &reported);
        let [handed_over, text] = <[_; 2]>::try_from(reported.0.into_inner()).unwrap();
        let told = "a.txt now belongs to meter 2: meter 1 has been silent for an hour";
        assert_eq!(handed_over, told);
        assert!(text.starts_with("a.txt has room for one meter, 2: 1 is left out; "), "{text}");
    }

    #[test]
    fn the_times_of_a_file_tell_that_it_has_gone() {
        let at = |meter: u32, time: &str| {
            let line = format!("{{\"time\":\"{time}\",\"meter\":\"{meter}\",\"power_net_w\":1}}");
            Readings::parse(line.as_bytes()).unwrap()
        };
        let mut place = SingleMeter::default();
        let mut takes =
            |meter, time| place.takes(String::new, &at(meter, time), &ReportedTexts::default());
        assert!(takes(1, "2026-06-21T12:00:00+02:00") && takes(1, "2026-06-21T12:00:20+02:00"));
        assert!(!takes(2, "2026-06-21T13:00:19+02:00") && takes(2, "2026-06-21T13:00:20+02:00"));
        assert!(!takes(1, "2026-06-21T12:00:25+02:00") && takes(2, "2026-06-21T13:00:25+02:00"));
    }
}
