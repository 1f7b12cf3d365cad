//! The time after which a value is out of date.
//!
//! Six telegrams may be missing, and a minute is always allowed. The time rises in a few wide steps
//! and never falls, because each change of an announcement makes the entities unavailable for a
//! moment: every run with the same meter should announce the same. A single pause therefore does
//! not count; of two intervals in a row the shorter does. The first telegram of a meter is
//! announced as if the usual 5 s were known, or with the interval of the sink if that is longer.

use core::time::Duration;

use jiff::Timestamp;

use crate::format::{key::Meta, readings::Readings};

/// The known interval between the telegrams of one meter.
#[derive(Clone, Debug, Default)]
pub struct TelegramInterval {
    last: Option<Timestamp>,
    /// The time between the last two, in milliseconds.
    interval: Option<u64>,
    /// The index into [`STEPS`].
    step: usize,
}

/// The steps, in seconds. Six pushes fit into a step, be it a push a minute or every quarter of an
/// hour.
const STEPS: [u32; 9] = [60, 120, 360, 720, 1800, 3600, 7200, 21600, 86400];

/// The number of telegrams that may be missing.
const MISSING: u64 = 6;

impl TelegramInterval {
    /// For a sink that takes telegrams at this interval, if the settings name one.
    pub fn new(sink_interval: Option<Duration>) -> Self {
        let sink_interval = sink_interval.unwrap_or_default().as_millis();
        let step = step_of(u64::try_from(sink_interval).unwrap_or(u64::MAX));
        Self { step, ..Self::default() }
    }

    /// Notes a telegram. Returns true if the time has risen.
    pub fn observe(&mut self, readings: &Readings) -> bool {
        let Some(now) = time(readings) else {
            return false;
        };
        let interval =
            self.last.and_then(|last| u64::try_from(now.duration_since(last).as_millis()).ok());
        self.last = Some(now);
        let Some(interval) = interval.filter(|interval| *interval > 0) else {
            return false;
        };
        let shorter = self.interval.replace(interval).map_or(0, |before| before.min(interval));
        let step = step_of(shorter);
        let longer = step > self.step;
        self.step = self.step.max(step);
        longer
    }

    /// The time after which a value is out of date.
    pub fn expire_after(&self) -> Duration {
        let step = STEPS.get(self.step).copied().unwrap_or_default();
        Duration::from_secs(step.into())
    }
}

/// The index of the first step for telegrams at this interval, in milliseconds.
fn step_of(interval: u64) -> usize {
    STEPS.iter().position(|step| tolerates(interval, *step)).unwrap_or(STEPS.len() - 1)
}

/// True if telegrams at this interval, in milliseconds, are frequent enough for that step, in
/// seconds. One tenth is allowed for a clock that is read a little late.
fn tolerates(interval: u64, step: u32) -> bool {
    interval.saturating_mul(10 * MISSING) <= u64::from(step) * 11_000
}

/// The time of a telegram: by the meter's clock if possible, because it varies less than the time
/// of arrival.
fn time(readings: &Readings) -> Option<Timestamp> {
    readings.meta(Meta::Time).or_else(|| readings.meta(Meta::Received))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(second: u64, millisecond: u64) -> Readings {
        let time = Timestamp::new(1_795_185_093 + second as i64, millisecond as i32 * 1_000_000);
        let line = format!("{{\"received\":\"{}\",\"power_net_w\":1}}", time.unwrap());
        Readings::parse(line.as_bytes()).unwrap()
    }

    /// The announced time after each telegram.
    fn after(seconds: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut interval = TelegramInterval::default();
        let mut observe = |second| {
            let before = interval.expire_after();
            let changed = interval.observe(&readings(second, 0));
            assert_eq!(changed, interval.expire_after() != before);
            interval.expire_after().as_secs()
        };
        seconds.into_iter().map(&mut observe).collect()
    }

    #[test]
    fn six_telegrams_may_be_missing_and_a_minute_is_nothing() {
        let settled = |interval: u64| *after((0..4).map(|at| at * interval)).last().unwrap();
        let expected = [(1, 60), (5, 60), (10, 60), (15, 120), (60, 360), (900, 7200)];
        for (interval, seconds) in expected {
            assert_eq!(settled(interval), seconds, "{interval}");
            assert!(settled(interval) >= 6 * interval);
        }
        assert_eq!(settled(1_000_000), 86400, "there is an end to it");
    }

    #[test]
    fn what_a_sink_says_of_its_interval_holds_from_the_first_telegram_on() {
        for (sink_interval, seconds) in
            [(1, 60), (30, 360), (300, 1800), (900, 7200), (1_000_000, 86400)]
        {
            let mut interval = TelegramInterval::new(Some(Duration::from_secs(sink_interval)));
            for at in 0..4 {
                assert_eq!(interval.expire_after().as_secs(), seconds);
                assert!(!interval.observe(&readings(at * sink_interval, 0)), "{sink_interval}");
            }
        }
        let mut interval = TelegramInterval::new(Some(Duration::from_secs(60)));
        let changes = [0, 600, 1200].map(|second| interval.observe(&readings(second, 0)));
        assert_eq!(changes, [false, false, true], "the meter is slower still");
        assert_eq!(interval.expire_after().as_secs(), 3600);
    }

    #[test]
    fn it_does_not_flap() {
        assert_eq!(after([0, 5, 10, 3600, 3605, 3610, 9000]), [60; 7], "pauses");
        assert_eq!(after([0, 5, 15, 20, 30, 35, 5, 10]), [60; 8], "a clock that goes back");
        assert_eq!(after([0, 60, 120, 180, 185, 190]), [60, 60, 360, 360, 360, 360], "never down");
    }

    #[test]
    fn telegrams_that_are_read_a_little_late_are_no_slower_meter() {
        let mut interval = TelegramInterval::default();
        for (at, late) in [3, 40, 350, 990, 10, 500].into_iter().enumerate() {
            assert!(!interval.observe(&readings(10 * at as u64, late)));
        }
        let timeless = Readings::parse(b"{\"power_net_w\":1}").unwrap();
        assert!(!interval.observe(&timeless));
    }
}
