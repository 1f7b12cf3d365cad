//! A value for each meter.
//!
//! An attacker who can write telegrams can invent meters, so their number is limited: the meter that was
//! unseen for longest makes room for a new one.

/// One value a meter, by its name. All telegrams without a name are one meter.
#[derive(Clone, Debug)]
pub struct Meters<T> {
    /// In the order in which they were last seen.
    kept: Vec<(Option<Box<str>>, T)>,
}

/// The most meters that are told apart: more than any home has.
const MOST: usize = 1024;

impl<T: Default> Meters<T> {
    /// Notes that a meter is seen now, and changes its value, which is new for a new meter.
    pub fn seen<R>(&mut self, name: Option<&str>, change: impl FnOnce(&mut T) -> R) -> R {
        // Nearly always it is the meter that was seen last.
        if let Some((known, value)) = self.kept.last_mut()
            && known.as_deref() == name
        {
            return change(value);
        }
        let found = self.kept.iter().rposition(|(known, _)| known.as_deref() == name);
        let (name, mut value) = match found {
            Some(at) => self.kept.remove(at),
            None => {
                if self.kept.len() == MOST {
                    self.kept.remove(0);
                }
                (name.map(Box::from), T::default())
            }
        };
        let result = change(&mut value);
        self.kept.push((name, value));
        result
    }
}

impl<T> Meters<T> {
    /// The value of a meter that was seen before.
    #[must_use]
    pub fn get(&self, name: Option<&str>) -> Option<&T> {
        self.kept.iter().find(|(known, _)| known.as_deref() == name).map(|(_, value)| value)
    }

    /// All values with their names, that of the last seen meter last.
    pub fn named(&self) -> impl DoubleEndedIterator<Item = (Option<&str>, &T)> {
        self.kept.iter().map(|(name, value)| (name.as_deref(), value))
    }

    /// All values, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.kept.iter_mut().map(|(_, value)| value)
    }

    /// All values, that of the last seen meter last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.iter().map(|(_, value)| value)
    }
}

impl<T> Default for Meters<T> {
    fn default() -> Self {
        Self { kept: Vec::new() }
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
    }
}
