//! A value for each meter.
//!
//! An attacker who can write telegrams can invent meters, so their number is limited: the meter
//! that was unseen for longest makes room for a new one, and is counted.

use std::collections::{BTreeMap, HashMap};

/// One value a meter, by its name. All telegrams without a name are one meter.
#[derive(Clone, Debug)]
pub struct Meters<T> {
    /// In the order in which they were last seen.
    kept: BTreeMap<u64, (Box<str>, T)>,
    /// The place of each meter in this order.
    places: HashMap<Box<str>, u64>,
    /// The place of the next meter.
    next: u64,
    pushed_out: u64,
    /// The value of the meter that made room last, until somebody takes it.
    last_pushed_out: Option<T>,
}

/// The most meters that are told apart. A meter with its last readings takes about 2 KiB.
pub const MOST: usize = 65_536;

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
        let found = self.places.get_mut(name).and_then(|place| {
            let before = std::mem::replace(place, self.next);
            self.kept.remove(&before)
        });
        let (name, mut value) = found.unwrap_or_else(|| {
            self.make_room();
            self.places.insert(name.into(), self.next);
            (name.into(), T::default())
        });
        let result = change(&mut value);
        self.kept.insert(self.next, (name, value));
        self.next += 1;
        result
    }

    fn make_room(&mut self) {
        if self.kept.len() == MOST
            && let Some((_, (name, value))) = self.kept.pop_first()
        {
            self.places.remove(&name);
            self.pushed_out += 1;
            self.last_pushed_out = Some(value);
        }
    }
}

impl<T> Meters<T> {
    /// The value of a meter that was seen before.
    #[must_use]
    pub fn get(&self, name: Option<&str>) -> Option<&T> {
        let place = self.places.get(name.unwrap_or_default())?;
        self.kept.get(place).map(|(_, value)| value)
    }

    /// All values with their names, that of the last seen meter last.
    pub fn named(&self) -> impl DoubleEndedIterator<Item = (Option<&str>, &T)> {
        let name = |name| Some(name).filter(|name: &&str| !name.is_empty());
        self.kept.values().map(move |(known, value)| (name(&**known), value))
    }

    /// All values, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.kept.values_mut().map(|(_, value)| value)
    }

    /// All values, that of the last seen meter last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.values().map(|(_, value)| value)
    }

    /// The value of the meter that made room since the last call.
    pub fn take_pushed_out(&mut self) -> Option<T> {
        self.last_pushed_out.take()
    }

    /// How often a meter made room for another one.
    #[must_use]
    pub const fn pushed_out(&self) -> u64 {
        self.pushed_out
    }
}

impl<T> Default for Meters<T> {
    fn default() -> Self {
        let (kept, places) = (BTreeMap::new(), HashMap::new());
        Self { kept, places, next: 0, pushed_out: 0, last_pushed_out: None }
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
        assert_eq!(meters.pushed_out(), 2 * MOST as u64 + 1);
        assert_eq!(meters.get(Some("real")), Some(&(3 * MOST)));
        assert_eq!(meters.get(Some("0")), None);
    }
}
