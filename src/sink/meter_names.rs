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
    /// The name of the only meter of the configuration.
    only: Option<String>,
    /// The name of each meter number.
    by_number: BTreeMap<String, String>,
}

/// Enough for any house: anybody who can send telegrams can invent meter numbers.
const MOST_METERS: usize = 4096;

impl MeterNames {
    /// From now on a source with one of these names, each of a meter that may have none, gives its name to its
    /// meters. The name of an only meter goes to the first meter of any source: files and readings do not tell
    /// their source.
    pub fn set_known(&self, names: &[Option<String>]) {
        let mut meters = self.lock();
        let known = names.iter().flatten().map(|name| (escape(name), name.clone()));
        meters.known = known.collect();
        meters.only = if let [only] = names { only.clone() } else { None };
    }

    /// Notes that a telegram of this meter came from this source, named as in a record.
    pub fn note(&self, number: Option<&str>, source: Option<&str>) {
        let Some(number) = number else {
            return;
        };
        let mut meters = self.lock();
        let known = meters.known.iter().find(|(escaped, _)| Some(escaped.as_str()) == source);
        let known = known.map(|(_, name)| name.clone());
        let only = || meters.only.clone().filter(|_| meters.by_number.is_empty());
        let Some(name) = known.or_else(only) else {
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
        names.set_known(&[Some("house".to_owned()), Some("Haus am See".to_owned())]);
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

    #[test]
    fn the_name_of_an_only_meter_needs_no_source() {
        let names = MeterNames::default();
        names.set_known(&[Some("house".to_owned())]);
        ["1", "2", "1"].into_iter().for_each(|number| names.note(Some(number), None));
        assert_eq!((names.of("1").as_deref(), names.of("2")), (Some("house"), None));
        let names = MeterNames::default();
        names.set_known(&[Some("house".to_owned()), None]);
        names.note(Some("1"), None);
        assert_eq!(names.of("1"), None, "it may be the other one");
    }
}
