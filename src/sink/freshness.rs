//! The meters that still send telegrams, for sinks that tell.
//!
//! Without a setting a meter may miss six telegrams, as [`interval`](super::interval) measures
//! them, and a minute is always allowed: a shorter time would call a meter offline when its adapter
//! is plugged in anew, and Home Assistant would drop values that are still valid there.

use core::time::Duration;
use std::time::Instant;

use crate::{
    format::{latest::name, meters::Meters, readings::Readings},
    sink::{
        interval::TelegramInterval,
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
        },
    },
};

/// The key of the time.
pub const STALE: SettingKey = SettingKey::new(
    "stale",
    SettingType::Duration,
    "After this time without a telegram a meter counts as offline; `0` means never.",
)
.or_depending("six times the interval of the telegrams or of every, at least 60s");

/// The meters, and when each sent its last telegram.
#[derive(Debug)]
pub struct Freshness {
    /// The user's choice; zero for never.
    stale: Option<Duration>,
    /// The interval at which the sink takes telegrams, if the settings name one.
    sink_interval: Option<Duration>,
    meters: Meters<Option<SendingMeter>>,
}

#[derive(Debug)]
struct SendingMeter {
    interval: TelegramInterval,
    last: Instant,
}

impl Freshness {
    /// Takes [`STALE`].
    ///
    /// # Errors
    /// An invalid value.
    pub fn take(
        settings: &mut SinkSettings,
        sink_interval: Option<Duration>,
    ) -> Result<Self, SettingError> {
        let stale = settings.take_duration(STALE.name)?;
        Ok(Self { stale, sink_interval, meters: Meters::default() })
    }

    /// Notes a telegram that arrives now.
    pub fn observe(&mut self, readings: &Readings, now: Instant) {
        let sink_interval = self.sink_interval;
        self.meters.seen(name(readings), |meter| {
            let interval = || TelegramInterval::new(sink_interval);
            let meter =
                meter.get_or_insert_with(|| SendingMeter { interval: interval(), last: now });
            meter.interval.observe(readings);
            meter.last = now;
        });
    }

    /// True if the meter still sends. A meter that is not known does not.
    pub fn is_fresh(&self, meter: Option<&str>, now: Instant) -> bool {
        let meter = self.meters.get(meter).and_then(Option::as_ref);
        meter.is_some_and(|meter| self.until(meter).is_none_or(|until| now < until))
    }

    /// When the next meter becomes stale, unless a telegram comes.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let untils = self.meters.iter().flatten().filter_map(|meter| self.until(meter));
        untils.filter(|until| *until > now).min()
    }

    fn until(&self, meter: &SendingMeter) -> Option<Instant> {
        match self.stale {
            Some(Duration::ZERO) => None,
            Some(stale) => Some(meter.last + stale),
            None => Some(meter.last + meter.interval.expire_after()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freshness(query: &str) -> Freshness {
        let mut settings: SinkSettings = format!("mqtt://broker?{query}").parse().unwrap();
        let interval = settings.take_throttle().unwrap().interval();
        Freshness::take(&mut settings, interval).unwrap()
    }

    fn readings(meter: &str, minute: u64) -> Readings {
        let line = format!(
            "{{\"time\":\"2026-11-20T12:{minute:02}:00Z\",\"meter\":\"{meter}\",\"power_net_w\":1}}"
        );
        Readings::parse(line.as_bytes()).unwrap()
    }

    /// The number of meters that still send.
    fn count(freshness: &Freshness, now: Instant) -> usize {
        let fresh = |meter: &&SendingMeter| freshness.until(meter).is_none_or(|until| now < until);
        freshness.meters.iter().flatten().filter(fresh).count()
    }

    #[test]
    fn a_meter_is_fresh_until_it_has_missed_its_telegrams() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        for (query, seconds) in
            [("", 60), ("every=1m", 360), ("stale=90", 90), ("stale=5&every=1h", 5)]
        {
            let mut freshness = freshness(query);
            assert!(!freshness.is_fresh(Some("1"), start));
            freshness.observe(&readings("1", 0), start);
            assert_eq!(freshness.next_change(start), Some(at(seconds)));
            assert!(freshness.is_fresh(Some("1"), at(seconds - 1)));
            assert!(!freshness.is_fresh(Some("1"), at(seconds)));
            assert_eq!(
                (freshness.next_change(at(seconds)), count(&freshness, at(seconds))),
                (None, 0)
            );
            freshness.observe(&readings("1", 0), at(seconds));
            freshness.observe(&readings("2", 0), at(seconds + 1));
            assert!(
                freshness.is_fresh(Some("1"), at(seconds)) && count(&freshness, at(seconds)) == 2
            );
            assert_eq!(freshness.next_change(at(seconds + 1)), Some(at(2 * seconds)));
        }
    }

    #[test]
    fn a_slow_meter_has_more_time_and_whoever_wants_no_end_has_none() {
        let start = Instant::now();
        let at = |minute| start + Duration::from_secs(60 * minute);
        let mut slow = freshness("");
        (0..3).for_each(|minute| slow.observe(&readings("1", minute), at(minute)));
        assert!(slow.is_fresh(Some("1"), at(7)) && !slow.is_fresh(Some("1"), at(8)));
        let mut endless = freshness("stale=0");
        endless.observe(&readings("1", 0), start);
        assert!(endless.is_fresh(Some("1"), at(9999)) && endless.next_change(start).is_none());
    }
}
