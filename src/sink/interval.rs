//! The time after which a value is out of date.
//!
//! Six telegrams may be missing, and a minute is always allowed. The time rises in a few wide steps
//! and never falls, because each change of an announcement makes the entities unavailable for a
//! moment: every run with the same meter should announce the same. A single pause therefore does
//! not count; of two intervals in a row the shorter does. The first telegram of a meter is
//! announced as if the usual 5 s were known, or with the interval of the sink if that is longer.
//!
//! The rows of `quarters` come at the length of their intervals, unless rows between them show the interval that goes on.

use core::time::Duration;

use jiff::Timestamp;

use crate::{
    format::{key::Meta, readings::Readings},
    sink::row_length::RowLength,
};

/// The known interval between the telegrams of one meter.
#[derive(Clone, Debug, Default)]
pub struct TelegramInterval {
    last: Option<Timestamp>,
    /// The time between the last two, in milliseconds.
    interval: Option<u64>,
    /// The index into [`STEPS`].
    step: usize,
    /// Rows of intervals that go on come too.
    has_running: bool,
}

/// The steps, in seconds. Six pushes fit into a step, be it a push a minute or every quarter of an
/// hour. Those behind a day are for rows of days and months.
const STEPS: [u32; 11] =
    [60, 120, 360, 720, 1800, 3600, 7200, 21600, 86400, 7 * 86400, 217 * 86400];

/// The longest step for telegrams.
const A_DAY: usize = 8;

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
        self.has_running |= readings.is_running();
        if let Some(length) = RowLength::of(readings).filter(|_| !readings.is_running()) {
            let seconds =
                if readings.meta(Meta::Month).is_some() { A_MONTH } else { length.seconds };
            return !self.has_running && self.raise(row_step(seconds));
        }
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
        self.raise(step_of(shorter))
    }

    /// True if the step is a longer one.
    fn raise(&mut self, step: usize) -> bool {
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
    let step = STEPS.iter().position(|step| tolerates(interval, *step));
    step.unwrap_or(A_DAY).min(A_DAY)
}

/// The seconds of the longest month.
const A_MONTH: u64 = 31 * 86400;

/// The same for rows, in seconds.
fn row_step(seconds: u64) -> usize {
    let step = STEPS.iter().position(|step| tolerates(seconds.saturating_mul(1000), *step));
    step.unwrap_or(STEPS.len() - 1)
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
    fn rows_are_as_frequent_as_their_intervals() {
        let row = |start: &str, end: &str, more: &str| {
            let line =
                format!("{{\"start\":\"{start}\",\"end\":\"{end}\"{more},\"energy_import_wh\":1}}");
            Readings::parse(line.as_bytes()).unwrap()
        };
        let noon = "2026-06-21T12:00:00Z";
        for (start, end, more, seconds) in [
            (noon, "2026-06-21T12:15:00Z", "", 7200),
            (noon, "2026-06-21T12:03:10Z", "", 7200),
            (noon, "2026-06-21T13:00:00Z", "", 21_600),
            ("2026-06-20T22:00:00Z", "2026-06-21T22:00:00Z", "", 7 * 86_400),
            (noon, "2026-06-21T12:03:10Z", ",\"every\":\"1d\"", 7 * 86_400),
            ("2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z", "", 217 * 86_400),
            (noon, "2026-06-21T12:15:00Z", ",\"month\":\"2026-06\"", 217 * 86_400),
        ] {
            let mut interval = TelegramInterval::default();
            assert!(interval.observe(&row(start, end, more)), "{end} {more}");
            assert_eq!(interval.expire_after().as_secs(), seconds, "{end} {more}");
            assert!(!interval.observe(&row(start, end, more)));
        }
        let mut interval = TelegramInterval::default();
        for second in 0..4 {
            let more = format!(",\"time\":\"2026-06-21T12:00:0{second}Z\",\"running\":true");
            assert!(!interval.observe(&row(noon, "2026-06-21T12:15:00Z", &more)));
        }
        assert!(!interval.observe(&row(noon, "2026-06-21T12:15:00Z", "")));
        assert_eq!(interval.expire_after().as_secs(), 60, "rows that go on come every second");
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
