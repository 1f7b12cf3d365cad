//! The last readings of each meter, which a snapshot shows.

use std::sync::Arc;

use jiff::Timestamp;

use crate::format::{
    key::{FieldKey, Meta},
    lists::MeterLists,
    meters::Meters,
    readings::Readings,
};

/// The meters that were seen.
#[derive(Clone, Debug, Default)]
pub struct LatestReadings {
    meters: Meters<Option<Seen>>,
}

/// One meter.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its last readings; of a meter with several lists, the last ones of each.
    pub readings: Arc<Readings>,
    /// How many of its telegrams there were.
    pub telegrams: u64,
    /// When the last one arrived, if the caller has a clock.
    pub arrived: Option<Timestamp>,
    lists: MeterLists,
}

impl LatestReadings {
    /// Adds readings, the last of a number of telegrams. Returns false if there are more meters
    /// than are kept, so that the one unseen for longest is gone.
    pub fn put(
        &mut self,
        readings: Arc<Readings>,
        telegrams: u64,
        arrived: Option<Timestamp>,
    ) -> bool {
        let name = name(&readings);
        let before = self.meters.pushed_out();
        self.meters.seen(name, |seen| {
            let before = seen.as_ref().map_or(0, |seen| seen.telegrams);
            let telegrams = before.saturating_add(telegrams);
            let mut lists = seen.take().map(|seen| seen.lists).unwrap_or_default();
            let readings = lists.union(&readings);
            *seen = Some(Seen { readings, telegrams, arrived, lists });
        });
        self.meters.pushed_out() == before
    }

    /// All meters; the one that was seen last is the last.
    pub fn meters(&self) -> impl DoubleEndedIterator<Item = &Seen> {
        self.meters.iter().flatten()
    }

    /// The meter that was seen last, or last under that name.
    #[must_use]
    pub fn pick(&self, meter: Option<&str>) -> Option<&Seen> {
        match meter {
            None => self.meters().next_back(),
            meter => self.meters.get(meter)?.as_ref(),
        }
    }
}

impl Seen {
    /// The name of the meter: its number, else its system title.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        name(&self.readings)
    }

    /// When its last telegram arrived; without a time of arrival, the time of the meter's clock.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.clock(Meta::Received).or_else(|| self.clock(Meta::Time)).or(self.arrived)
    }

    /// A time in its last telegram.
    #[must_use]
    pub fn clock(&self, meta: Meta) -> Option<Timestamp> {
        self.readings.meta(meta)?.parse().ok()
    }
}

/// The name of the meter of some readings: its number, else its system title.
#[must_use]
pub fn name(readings: &Readings) -> Option<&str> {
    NAMES.iter().find_map(|meta| readings.meta(*meta).filter(|name| !name.is_empty()))
}

/// The key of that [name].
#[must_use]
pub fn name_key(readings: &Readings) -> Option<FieldKey> {
    let is_name = |meta: &&Meta| readings.meta(**meta).is_some_and(|name| !name.is_empty());
    NAMES.iter().find(is_name).map(|meta| FieldKey::Meta(*meta))
}

const NAMES: [Meta; 2] = [Meta::Meter, Meta::SystemTitle];

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(line: &str) -> Arc<Readings> {
        Arc::new(Readings::parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn each_meter_keeps_its_last_readings_and_counts_its_telegrams() {
        let mut latest = LatestReadings::default();
        for line in [
            r#"{"meter":"1","power_net_w":1}"#,
            r#"{"system_title":"4b","power_net_w":2}"#,
            r#"{"power_net_w":3}"#,
            r#"{"meter":"1","system_title":"4b","power_net_w":4}"#,
        ] {
            latest.put(readings(line), 1, None);
        }
        let seen: Vec<_> = latest.meters().map(|m| (m.name(), m.telegrams)).collect();
        assert_eq!(seen, [(Some("4b"), 1), (None, 1), (Some("1"), 2)]);
        assert_eq!(latest.pick(None).unwrap().name(), Some("1"));
        assert_eq!(latest.pick(Some("4b")).unwrap().telegrams, 1);
        assert!(latest.pick(Some("2")).is_none());
    }

    #[test]
    fn the_time_of_arrival_is_the_one_that_was_stamped() {
        let time = |line| {
            let arrived = Timestamp::from_second(5).ok();
            let (readings, lists) = (readings(line), MeterLists::default());
            let seen = Seen { readings, telegrams: 1, arrived, lists };
            seen.time().map(Timestamp::as_second)
        };
        let line = r#"{"time":"1970-01-01T01:00:09+01:00","received":"1970-01-01T00:00:07.000Z","power_net_w":1}"#;
        assert_eq!(time(line), Some(7));
        assert_eq!(time(r#"{"time":"1970-01-01T01:00:09+01:00","power_net_w":1}"#), Some(9));
        assert_eq!(time(r#"{"time":"yesterday","power_net_w":1}"#), Some(5));
    }
}
