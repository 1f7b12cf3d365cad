//! The names that the user gave to meters: `name` of `[[meter]]`.
//!
//! The name belongs to a source, and only a telegram tells which meter the source has. The producer
//! notes it with each telegram; sinks ask with the number of a meter.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::record::escape;

/// The names of meters, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct MeterNames(Arc<Mutex<NamedMeters>>);

#[derive(Debug, Default)]
struct NamedMeters {
    /// The names of the configuration, and before each of them its form in a record.
    known: Vec<(String, String)>,
    /// The name of each meter number.
    by_number: BTreeMap<String, String>,
}

/// Enough for any house: anybody who can send telegrams can invent meter numbers.
const MOST_METERS: usize = 4096;

impl MeterNames {
    /// From now on a source with one of these names gives its name to its meters.
    pub fn set_known(&self, names: Vec<String>) {
        let names = names.into_iter().map(|name| (escape(&name), name));
        self.lock().known = names.collect();
    }

    /// Notes that a telegram of this meter came from this source, named as in a record.
    pub fn note(&self, number: Option<&str>, source: Option<&str>) {
        let (Some(number), Some(source)) = (number, source) else {
            return;
        };
        let mut meters = self.lock();
        let known = meters.known.iter().find(|(escaped, _)| escaped == source);
        let Some((_, name)) = known.cloned() else {
            return;
        };
        if meters.by_number.len() < MOST_METERS || meters.by_number.contains_key(number) {
            meters.by_number.insert(number.to_owned(), name);
        }
    }

    /// The name of a meter.
    pub fn of(&self, number: &str) -> Option<String> {
        self.lock().by_number.get(number).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, NamedMeters> {
        // No change here can be half done, so the data of a failed thread is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_the_configuration_names_a_meter() {
        let names = MeterNames::default();
        names.note(Some("1"), Some("house"));
        assert_eq!(names.of("1"), None);
        names.set_known(vec!["house".to_owned(), "Haus am See".to_owned()]);
        names.note(Some("1"), Some("ttyUSB0"));
        names.note(None, Some("house"));
        assert_eq!(names.of("1"), None);
        let producer = names.clone();
        producer.note(Some("1"), Some("house"));
        assert_eq!(names.of("1").as_deref(), Some("house"));
        names.note(Some("2"), Some("Haus%20am%20See"));
        assert_eq!(names.of("2").as_deref(), Some("Haus am See"));
        for number in 0..2 * MOST_METERS {
            names.note(Some(&number.to_string()), Some("house"));
        }
        assert_eq!(names.lock().by_number.len(), MOST_METERS);
    }
}
