//! The latest readings of each meter, sent at the start of a connection.

use core::time::Duration;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use crate::format::{latest::name, lists::MeterLists, readings::Readings};

/// The latest readings of each meter, the newest at the end.
#[derive(Debug, Default)]
pub struct LatestStates {
    meters: BTreeMap<u64, LatestState>,
    /// The place of each meter.
    places: HashMap<String, u64>,
    /// The next place.
    next: u64,
    /// The places of all readings that are due.
    due: BTreeSet<u64>,
    skipped: u64,
}

#[derive(Debug)]
struct LatestState {
    /// Of a meter with several lists, the last ones of each.
    readings: Arc<Readings>,
    lists: MeterLists,
    received: Instant,
    due: StateDue,
}

/// The publication that readings are due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateDue {
    Not,
    /// A repetition: nothing is lost without it.
    Repeat,
    First,
}

impl LatestStates {
    /// Takes readings and drops older ones of the same meter. Returns the state that is due.
    pub fn put(&mut self, readings: Arc<Readings>) -> Arc<Readings> {
        let (meter, place) = (name(&readings).unwrap_or_default(), self.next);
        self.next += 1;
        let before = match self.places.get_mut(meter) {
            Some(known) => Some(std::mem::replace(known, place)),
            None => {
                self.places.insert(meter.to_owned(), place);
                (self.meters.len() == MOST_METERS).then(|| self.forget_oldest()).flatten()
            }
        };
        let before = before.and_then(|place| self.remove(place));
        let due_before = before.as_ref().map(|before| before.due);
        let same = before.filter(|it| name(&it.readings).unwrap_or_default() == meter);
        let (mut lists, shown) = same.map(|it| (it.lists, it.readings)).unzip();
        let is_interval = readings.is_interval();
        let readings = lists.get_or_insert_default().union(&readings);
        let due = match due_before {
            // An interval that ends or begins leaves the state as it is.
            Some(due) if is_interval && shown.as_ref() == Some(&readings) => due,
            before => {
                self.skipped += u64::from(before == Some(StateDue::First));
                StateDue::First
            }
        };
        if due != StateDue::Not {
            self.due.insert(place);
        }
        let lists = lists.unwrap_or_default();
        let (union, received) = (readings.clone(), Instant::now());
        self.meters.insert(place, LatestState { readings, lists, received, due });
        union
    }

    /// Forgets the name of the oldest meter; returns its place.
    fn forget_oldest(&mut self) -> Option<u64> {
        let (place, oldest) = self.meters.first_key_value()?;
        self.places.remove(name(&oldest.readings).unwrap_or_default());
        Some(*place)
    }

    fn remove(&mut self, place: u64) -> Option<LatestState> {
        self.due.remove(&place);
        self.meters.remove(&place)
    }

    /// Counts readings that were dropped before they came here.
    pub const fn skip(&mut self, readings: u64) {
        self.skipped += readings;
    }

    /// True if no readings came yet.
    pub fn is_empty(&self) -> bool {
        self.meters.is_empty()
    }

    /// Marks all readings as due again, except those older than `fresh`: a subscriber takes a state
    /// for the present.
    pub fn repeat_all(&mut self, fresh: Duration) {
        for (place, entry) in &mut self.meters {
            match entry.due {
                StateDue::Not if entry.received.elapsed() < fresh => {
                    entry.due = StateDue::Repeat;
                    self.due.insert(*place);
                }
                StateDue::First | StateDue::Repeat if entry.received.elapsed() >= fresh => {
                    self.skipped += u64::from(entry.due == StateDue::First);
                    entry.due = StateDue::Not;
                    self.due.remove(place);
                }
                _ => (),
            }
        }
    }

    /// The next readings that are due, and true for a repetition. The first publication needs room.
    pub fn take(&mut self, room: bool) -> Option<(Arc<Readings>, bool)> {
        let place = *self.due.first()?;
        let entry = self.meters.get_mut(&place)?;
        let repeat = entry.due == StateDue::Repeat;
        if !repeat && !room {
            return None;
        }
        entry.due = StateDue::Not;
        self.due.remove(&place);
        Some((entry.readings.clone(), repeat))
    }

    /// True if some readings are due.
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// The number of readings that were never published and still can be.
    pub fn unpublished(&self) -> u64 {
        let due = self.due.iter().filter_map(|place| self.meters.get(place));
        due.map(|entry| u64::from(entry.due == StateDue::First)).sum()
    }

    /// The number of readings that were never published, because newer ones of the same meter came.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Resets that number.
    pub fn forget_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }
}

/// The most meters to tell apart: anybody who can send telegrams can invent meter numbers.
const MOST_METERS: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn readings(meter: usize, power: usize) -> Arc<Readings> {
        let line = format!("{{\"meter\":\"{meter}\",\"power_net_w\":{power}}}");
        Arc::new(Readings::parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn of_each_meter_the_last_readings_are_published_once() {
        let mut latest = LatestStates::default();
        for (meter, power) in [(1, 1), (2, 2), (1, 3), (1, 4)] {
            latest.put(readings(meter, power));
        }
        assert_eq!((latest.unpublished(), latest.skipped()), (2, 2));
        assert_eq!(latest.take(false), None);
        assert_eq!(latest.take(true), Some((readings(2, 2), false)));
        assert_eq!(latest.take(true), Some((readings(1, 4), false)));
        assert_eq!((latest.take(true), latest.is_due()), (None, false));
        latest.put(readings(2, 5));
        assert_eq!((latest.forget_skipped(), latest.skipped()), (2, 0), "2 was published");
    }

    #[test]
    fn an_interval_that_ends_or_begins_leaves_the_state_as_it_is() {
        let mut latest = LatestStates::default();
        let interval = |text: &str| {
            let text = format!("{{{text},\"meter\":\"1\",\"energy_import_wh\":4}}");
            Arc::new(Readings::parse(text.as_bytes()).unwrap())
        };
        let running = |start: u8, time: u8, mean: &str| {
            interval(&format!(
                "\"time\":\"2026-06-21T12:{time}:00+02:00\",\
                 \"start\":\"2026-06-21T12:{start}:00+02:00\",\"running\":true{mean}"
            ))
        };
        let [last, first, second] = [
            (10, 14, ",\"power_import_mean_w\":7"),
            (15, 15, ""),
            (15, 16, ",\"power_import_mean_w\":8"),
        ]
        .map(|(start, time, mean)| running(start, time, mean));
        let ended = interval(
            "\"start\":\"2026-06-21T12:00:00+02:00\",\"end\":\"2026-06-21T12:15:00+02:00\"",
        );
        latest.put(last.clone());
        // A state that is due stays due, and stands for all three.
        latest.put(ended.clone());
        assert_eq!((latest.unpublished(), latest.skipped()), (1, 0));
        assert_eq!(latest.take(true), Some((last.clone(), false)));
        for unchanged in [ended, first] {
            assert_eq!(latest.put(unchanged), last);
            assert_eq!(latest.take(true), None);
        }
        latest.put(second.clone());
        assert_eq!(latest.take(true), Some((second, false)));
    }

    #[test]
    fn what_is_published_again_counts_no_more_and_waits_for_no_room() {
        let mut latest = LatestStates::default();
        latest.put(readings(1, 1));
        latest.take(true);
        latest.put(readings(2, 2));
        latest.repeat_all(LONG);
        assert_eq!((latest.is_due(), latest.unpublished()), (true, 1));
        assert_eq!(latest.take(false), Some((readings(1, 1), true)));
        assert_eq!(latest.take(false), None);
        assert_eq!(latest.take(true), Some((readings(2, 2), false)));
        latest.repeat_all(LONG);
        latest.put(readings(1, 3));
        assert_eq!(latest.skipped(), 0, "1 was published");
    }

    #[test]
    fn what_is_old_is_not_published_again() {
        let mut latest = LatestStates::default();
        latest.put(readings(1, 1));
        latest.put(readings(2, 1));
        assert!(latest.take(true).is_some());
        latest.repeat_all(Duration::ZERO);
        assert!(!latest.is_due() && !latest.is_empty());
        assert_eq!(latest.skipped(), 1, "one was published, the other never was");
        latest.put(readings(1, 2));
        assert_eq!(latest.take(true), Some((readings(1, 2), false)));
    }

    #[test]
    fn invented_meters_do_not_fill_the_memory() {
        let mut latest = LatestStates::default();
        (0..MOST_METERS + 936).for_each(|meter| drop(latest.put(readings(meter, 1))));
        assert_eq!((latest.unpublished(), latest.skipped()), (MOST_METERS as u64, 936));
        assert_eq!((latest.meters.len(), latest.places.len()), (MOST_METERS, MOST_METERS));
        assert_eq!(latest.take(true), Some((readings(936, 1), false)), "the newest stay");
    }
}
