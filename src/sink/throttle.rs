//! The throttle of a sink: it passes readings at intervals, or only when a value changed.
//!
//! The throttle uses the time of the readings, so that a file is thinned out as a live meter is. Intervals begin on the
//! local clock: `every=15m` passes the first readings at or after a quarter hour.

use core::time::Duration;

use crate::{
    cosem::clock::VIENNA,
    format::{
        key::FieldKey,
        latest::name,
        meters::Meters,
        readings::{ReadingValue, Readings},
    },
    local_time::LocalStep,
    reading::decimal::Decimal,
    sink::timestamps::Timestamps,
};

/// The options of a throttle.
#[derive(Clone, Debug, Default)]
pub struct ThrottleOptions {
    /// Only the readings of this meter.
    pub meter: Option<String>,
    /// The shortest interval between two readings.
    pub every: Option<Duration>,
    /// Only when a value differs from the last one that passed.
    pub on_change: Option<OnChange>,
}

const A_DAY: Duration = Duration::from_secs(86400);

/// The definition of a change.
#[derive(Clone, Debug, Default)]
pub struct OnChange {
    /// The values that count; all without a choice.
    pub keys: Option<Vec<FieldKey>>,
    /// How far a value may move without counting as changed.
    pub bands: Vec<(FieldKey, Decimal)>,
    /// After this time unchanged readings pass too.
    pub at_least_every: Option<Duration>,
}

/// The throttle, with the last readings of each meter that passed.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    throttle_options: ThrottleOptions,
    last: Meters<Option<Readings>>,
}

impl Throttle {
    /// With these options.
    pub fn new(throttle_options: ThrottleOptions) -> Self {
        Self { throttle_options, last: Meters::default() }
    }

    /// True if readings pass.
    pub fn passes(&mut self, readings: &Readings) -> bool {
        let ThrottleOptions { meter, every, on_change } = &self.throttle_options;
        if meter.is_some() && meter.as_deref() != name(readings) {
            return false;
        }
        // Each interval counts: without one of them the energies are less.
        let is_row = readings.is_interval() && !readings.is_running();
        every.is_none() && on_change.is_none() || is_row || self.looks(readings)
    }

    /// The option that thins out readings, if there is one.
    pub fn thinning(&self) -> Option<&'static str> {
        match &self.throttle_options {
            ThrottleOptions { every: Some(_), .. } => Some("every"),
            ThrottleOptions { on_change: Some(_), .. } => Some("on_change"),
            _ => None,
        }
    }

    fn looks(&mut self, readings: &Readings) -> bool {
        self.last.seen(name(readings), |last| {
            let passes =
                last.as_ref().is_none_or(|last| self.throttle_options.wants(last, readings));
            if passes {
                *last = Some(readings.clone());
            }
            passes
        })
    }
}

impl ThrottleOptions {
    /// The longest regular interval between two readings of a meter that pass, if the options set
    /// one.
    pub fn interval(&self) -> Option<Duration> {
        // Without a change no readings pass, possibly for a whole day.
        let at_least_every = |it: &OnChange| it.at_least_every.unwrap_or(A_DAY);
        self.every.max(self.on_change.as_ref().map(at_least_every))
    }

    fn wants(&self, last: &Readings, now: &Readings) -> bool {
        // If the clock was set back or is missing, the interval is unknown, and the readings pass.
        let (now_at, last_at) = (Timestamps::of(now), Timestamps::of(last));
        let since = now_at.since(&last_at);
        let within = |limit: Duration| since.is_some_and(|since| since < limit);
        if let Some(every) = self.every {
            let is_same = match LocalStep::of_seconds(every.as_secs()) {
                Some(step) => is_in_same_interval(&now_at, &last_at, step),
                // No whole number of such intervals makes a day.
                None => within(every),
            };
            if is_same {
                return false;
            }
        }
        match &self.on_change {
            None => true,
            Some(change) => {
                change.at_least_every.is_some_and(|limit| !within(limit)) || change.is(last, now)
            }
        }
    }
}

/// True if two telegrams are in one interval of the local clock, by the clock of the meter unless that stands still.
fn is_in_same_interval(now: &Timestamps, last: &Timestamps, step: LocalStep) -> bool {
    let stands_still = now.time == last.time && now.received.is_some();
    let times = now.time.zip(last.time).filter(|_| !stands_still);
    let times = times.or_else(|| now.received.zip(last.received));
    times.is_some_and(|(now, last)| {
        let (now, last) = (now.as_second(), last.as_second());
        step.floor(now, &VIENNA) == step.floor(last, &VIENNA)
    })
}

impl OnChange {
    fn is(&self, last: &Readings, now: &Readings) -> bool {
        let counts = |key: &FieldKey| match &self.keys {
            Some(keys) => keys.contains(key),
            None => !matches!(key, FieldKey::Meta(_)),
        };
        let count = |readings: &Readings| readings.values().filter(|it| counts(&it.key)).count();
        count(last) != count(now)
            || now
                .members()
                .iter()
                .filter(|member| counts(&member.key))
                .any(|member| self.differs(member.key, last.get(member.key), &member.value))
    }

    fn differs(&self, key: FieldKey, last: Option<&ReadingValue>, now: &ReadingValue) -> bool {
        match (last, now) {
            (Some(ReadingValue::Number(last)), ReadingValue::Number(now)) => {
                let band = self.bands.iter().find(|(banded, _)| *banded == key);
                match (band, now.minus(*last)) {
                    (Some((_, band)), Some(way)) => way.exceeds(*band),
                    _ => last != now,
                }
            }
            (last, now) => last != Some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::SinkSettings;

    fn readings(second: u32, power: i32, voltage: &str) -> Readings {
        let line = format!(
            concat!(
                "{{\"time\":\"2026-11-20T12:{:02}:{:02}+01:00\",\"meter\":\"1\",",
                "\"power_net_w\":{},\"voltage_l1_v\":{}}}"
            ),
            second / 60,
            second % 60,
            power,
            voltage
        );
        Readings::parse(line.as_bytes()).unwrap()
    }

    fn options(query: &str) -> ThrottleOptions {
        let mut settings: SinkSettings = format!("file:x?{query}").parse().unwrap();
        settings.take_throttle().unwrap()
    }

    fn passing(query: &str, all: &[(u32, i32, &str)]) -> Vec<u32> {
        let mut throttle = Throttle::new(options(query));
        let passes = all.iter().filter(|(second, power, voltage)| {
            throttle.passes(&readings(*second, *power, voltage))
        });
        passes.map(|(second, ..)| *second).collect()
    }

    fn passes(throttle: &mut Throttle, line: &str) -> bool {
        throttle.passes(&Readings::parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn an_interval_lets_one_pass_and_then_the_first_after_it() {
        let all: Vec<_> = (0..20).map(|at| (5 * at, 7, "230.0")).collect();
        assert_eq!(passing("", &all).len(), 20);
        assert_eq!(passing("every=30s", &all), [0, 30, 60, 90]);
        // The clock is set back: one reading too many is better than none for an hour.
        let back = [(600, 1, "1"), (5, 1, "1"), (10, 1, "1")];
        assert_eq!(passing("every=30s", &back), [600, 5]);
    }

    #[test]
    fn an_interval_begins_on_the_local_clock() {
        let mut throttle = Throttle::new(options("every=15m"));
        let passed = [
            "2026-11-20T12:03:10+01:00",
            "2026-11-20T12:14:55+01:00",
            "2026-11-20T12:15:00+01:00",
            "2026-11-20T12:18:10+01:00",
            "2026-11-20T12:31:02+01:00",
            "2026-11-20T12:44:59+01:00",
        ]
        .map(|time| passes(&mut throttle, &format!("{{\"time\":\"{time}\",\"power_net_w\":1}}")));
        assert_eq!(passed, [true, false, true, false, true, false]);
        let mut throttle = Throttle::new(options("every=1d"));
        let passed =
            ["2026-10-25T00:00:00+02:00", "2026-10-25T23:59:55+01:00", "2026-10-26T00:00:00+01:00"]
                .map(|time| {
                    passes(&mut throttle, &format!("{{\"time\":\"{time}\",\"power_net_w\":1}}"))
                });
        assert_eq!(passed, [true, false, true], "a day of 25 hours");
    }

    #[test]
    fn a_clock_that_stands_still_stops_nobody() {
        let mut throttle = Throttle::new(options("every=30s"));
        let passed = [0, 10, 20, 30, 40, 50].map(|second| {
            let line = format!(
                "{{\"time\":\"2026-11-20T12:00:00Z\",\"received\":\"2026-11-20T12:01:{second:02}Z\",\
                 \"power_net_w\":1}}"
            );
            passes(&mut throttle, &line)
        });
        assert_eq!(passed, [true, false, false, true, false, false]);
    }

    #[test]
    fn a_change_is_what_leaves_its_band() {
        let all = [
            (0, 100, "230.0"),
            (5, 100, "230.0"),
            (10, 110, "230.0"),
            (15, 121, "230.0"),
            (20, 121, "230.1"),
            (25, 100, "230.1"),
        ];
        for (query, seconds) in [
            ("on_change", &[0, 10, 15, 20, 25][..]),
            ("bands.power_net_w=20", &[0, 15, 20, 25]),
            ("on_change=voltage_l1_v", &[0, 20]),
            ("bands.power_net_w=20&at_least_every=10s", &[0, 10, 20, 25]),
        ] {
            assert_eq!(passing(query, &all), seconds, "{query}");
        }
        // Another spelling of the same number is no change.
        let all = [(0, 5, "230.0"), (5, 5, "230"), (10, 5, "230.00"), (15, 5, "230.01")];
        assert_eq!(passing("on_change", &all), [0, 15]);
    }

    #[test]
    fn one_meter_may_be_chosen() {
        let mut throttle = Throttle::new(options("meter=2"));
        for (line, passed) in [
            (r#"{"meter":"1","power_net_w":1}"#, false),
            (r#"{"meter":"2","power_net_w":1}"#, true),
            (r#"{"system_title":"2","power_net_w":1}"#, true),
            (r#"{"power_net_w":1}"#, false),
        ] {
            assert_eq!(passes(&mut throttle, line), passed, "{line}");
        }
    }

    #[test]
    fn what_a_sink_says_of_its_interval_is_the_longer_time() {
        for (query, seconds) in [
            ("", None),
            ("every=5m", Some(300)),
            ("on_change", Some(86400)),
            ("on_change&at_least_every=15m", Some(900)),
            ("every=30s&at_least_every=10m", Some(600)),
        ] {
            let interval = options(query).interval().map(|interval| interval.as_secs());
            assert_eq!(interval, seconds, "{query}");
        }
    }

    #[test]
    fn meters_do_not_stand_in_for_each_other() {
        let mut throttle = Throttle::new(options("every=30s"));
        for meter in ["1", "2", "3"] {
            let line = format!(
                "{{\"time\":\"2026-11-20T12:00:00Z\",\"meter\":\"{meter}\",\"power_net_w\":1}}"
            );
            assert!(passes(&mut throttle, &line) && !passes(&mut throttle, &line), "{meter}");
        }
    }
}
