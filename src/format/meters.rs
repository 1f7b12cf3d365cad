//! A value for each meter.
//!
//! An attacker who can write telegrams can invent meters, so their number is limited: the meter that was
//! unseen for longest makes room for a new one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// One value a meter, by its name. All telegrams without a name are one meter.
#[derive(Clone, Debug)]
pub struct Meters<T> {
    /// In the order in which they were last seen.
    kept: BTreeMap<u64, (Arc<str>, T)>,
    /// The place of each name in that order.
    places: HashMap<Arc<str>, u64>,
    /// The next place.
    next: u64,
}

/// The most meters that are told apart: more than any house has, and a few dozen megaoctets of readings.
const MOST: usize = 32 * 1024;

impl<T: Default> Meters<T> {
    /// Notes that a meter is seen now, and changes its value, which is new for a new meter.
    pub fn seen<R>(&mut self, name: Option<&str>, change: impl FnOnce(&mut T) -> R) -> R {
        let name = name.unwrap_or_default();
        // Nearly always it is the meter that was seen last.
        if let Some(mut last) = self.kept.last_entry()
            && *last.get().0 == *name
        {
            return change(&mut last.get_mut().1);
        }
        let found = self.places.get(name).and_then(|place| self.kept.remove(place));
        let (name, mut value) = found.unwrap_or_else(|| {
            self.make_room();
            (Arc::from(name), T::default())
        });
        let result = change(&mut value);
        self.places.insert(name.clone(), self.next);
        self.kept.insert(self.next, (name, value));
        self.next += 1;
        result
    }
}

impl<T> Meters<T> {
    /// The value of a meter that was seen before.
    #[must_use]
    pub fn get(&self, name: Option<&str>) -> Option<&T> {
        let place = self.places.get(name.unwrap_or_default())?;
        self.kept.get(place).map(|(_, value)| value)
    }

    /// True if this meter is new and another one has to make room for it.
    #[must_use]
    pub fn is_full_for(&self, name: Option<&str>) -> bool {
        self.kept.len() >= MOST && !self.places.contains_key(name.unwrap_or_default())
    }

    /// Removes the meter that was unseen for longest, if there is no room for a new one.
    pub fn make_room(&mut self) -> Option<T> {
        if self.kept.len() < MOST {
            return None;
        }
        let (_, (name, value)) = self.kept.pop_first()?;
        self.places.remove(&name);
        Some(value)
    }

    /// All values, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.kept.values_mut().map(|(_, value)| value)
    }

    /// All values, that of the last seen meter last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.values().map(|(_, value)| value)
    }
}

impl<T> Default for Meters<T> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_meter_has_its_value_and_the_last_one_stands_last() {
        let mut meters = Meters::default();
        let add = |(name, value)| {
            meters.seen(name, |sum| {
                *sum += value;
                *sum
            })
        };
        let all = [(Some("1"), 1), (None, 2), (Some("2"), 3), (Some("1"), 9)];
        assert_eq!(all.map(add), [1, 2, 3, 10]);
        assert_eq!(meters.iter().copied().collect::<Vec<_>>(), [2, 3, 10]);
        assert_eq!((meters.get(None), meters.get(Some("3"))), (Some(&2), None));
    }

    #[test]
    fn invented_meters_take_no_room_without_end_and_push_out_nobody_who_is_there() {
        let mut meters = Meters::default();
        for number in 0..3 * MOST {
            meters.seen(Some("real"), |times| *times += 1);
            meters.seen(Some(&number.to_string()), |_| ());
        }
        assert_eq!(meters.iter().count(), MOST);
        assert_eq!(meters.get(Some("real")), Some(&(3 * MOST)));
        assert_eq!(meters.get(Some("0")), None);
        assert!(meters.is_full_for(Some("0")) && !meters.is_full_for(Some("real")));
        assert_eq!(meters.make_room(), Some(0));
        assert!(!meters.is_full_for(Some("0")) && meters.make_room().is_none());
    }
}
