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
        let mut lists = MeterLists::default();
        if let Some(before) = before.and_then(|place| self.remove(place)) {
            self.skipped += u64::from(before.due == StateDue::First);
            if name(&before.readings).unwrap_or_default() == meter {
                lists = before.lists;
            }
        }
        self.due.insert(place);
        let readings = lists.union(&readings);
        let (union, received) = (readings.clone(), Instant::now());
        let state = LatestState { readings, lists, received, due: StateDue::First };
        self.meters.insert(place, state);
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
