//! A state for each source of a stream of records.

use std::collections::HashMap;

/// The most sources that are kept apart. A source within a telegram takes some 10 KiB.
pub const MAX_SOURCES: usize = 4096;

/// The states by the names of the sources.
#[derive(Clone, Debug)]
pub struct Sources<T> {
    kept: Vec<(Option<String>, T)>,
    places: HashMap<Option<String>, usize>,
    /// The source of the last record: most streams have one.
    last: usize,
    /// The source that is the next to make room.
    hand: usize,
}

impl<T> Sources<T> {
    /// The state of a source; `None` for a new one.
    pub fn find(&mut self, from: Option<&str>) -> Option<&mut T> {
        if self.choose(from) { self.chosen() } else { None }
    }

    /// Makes a source the [chosen](Self::chosen) one; false for a new one.
    #[inline]
    pub fn choose(&mut self, from: Option<&str>) -> bool {
        let is_last = self.kept.get(self.last).is_some_and(|(name, _)| name.as_deref() == from);
        is_last || self.choose_other(from)
    }

    fn choose_other(&mut self, from: Option<&str>) -> bool {
        let found = self.places.get(&from.map(str::to_owned));
        found.map(|place| self.last = *place).is_some()
    }

    /// The state of the source that was chosen or added last.
    #[inline]
    pub fn chosen(&mut self) -> Option<&mut T> {
        self.kept.get_mut(self.last).map(|(_, state)| state)
    }

    /// Adds a new source. If there are too many, returns one that made room: one at rest, as long
    /// as there is one.
    pub fn add(
        &mut self,
        from: Option<&str>,
        state: T,
        is_at_rest: impl Fn(&T) -> bool,
    ) -> Option<(Option<String>, T)> {
        let entry = (from.map(str::to_owned), state);
        self.last = self.kept.len();
        if self.kept.len() < MAX_SOURCES {
            self.places.insert(entry.0.clone(), self.last);
            self.kept.push(entry);
            return None;
        }
        let mut turns = (self.hand..self.kept.len()).chain(0..self.hand);
        let rests = |at: &usize| self.kept.get(*at).is_some_and(|(_, state)| is_at_rest(state));
        self.last = turns.find(rests).unwrap_or(self.hand);
        self.hand = (self.last + 1) % MAX_SOURCES;
        self.places.insert(entry.0.clone(), self.last);
        let gone = self.kept.get_mut(self.last).map(|kept| std::mem::replace(kept, entry))?;
        self.places.remove(&gone.0);
        Some(gone)
    }

    /// All sources.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Option<&str>, &mut T)> {
        self.kept.iter_mut().map(|(name, state)| (name.as_deref(), state))
    }

    /// All states.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().map(|(_, state)| state)
    }
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), places: HashMap::new(), last: 0, hand: 0 }
    }
}
