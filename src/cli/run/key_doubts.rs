//! The doubt about a key: damage hits single telegrams, a wrong key fails with every one.

use std::collections::HashMap;

use meterpipe::{
    cipher::ciphered::SystemTitle,
    counted::counted,
    diagnosis::{diagnosis::Diagnosis, finding::Finding},
    error::Cause,
};

/// The telegrams of a meter in a row that show that its key is wrong.
const ENOUGH: u32 = 3;

/// The meters that are watched. A line has one; noise can invent any number of them.
const MOST: usize = 1024;

/// The telegrams of each meter in a row that were whole and could not be opened.
#[derive(Debug, Default)]
pub struct KeyDoubts(HashMap<SystemTitle, MeterDoubt>);

#[derive(Debug, Default)]
struct MeterDoubt {
    failures: u32,
    /// There is no key for the meter.
    has_no_key: bool,
    /// All keys are for other meters, as their names tell.
    is_for_others: bool,
    /// A telegram of the meter was opened before.
    was_opened: bool,
}

impl KeyDoubts {
    /// Notes a telegram that was opened.
    pub fn opened(&mut self, title: Option<SystemTitle>) {
        if let Some(doubt) = title.and_then(|title| self.meter(title)) {
            *doubt = MeterDoubt { was_opened: true, ..MeterDoubt::default() };
        }
    }

    /// Notes a telegram that was refused. Returns a message if it is the third in a row, with the cause that `find`
    /// has for them.
    pub fn refused(
        &mut self,
        title: Option<SystemTitle>,
        cause: Cause,
        find: impl FnOnce() -> Option<Finding>,
    ) -> Option<String> {
        if matches!(cause, Cause::KeyFits { .. }) {
            self.opened(title);
            return None;
        }
        let title = title.filter(|_| {
            matches!(cause, Cause::KeyOrDamage | Cause::Tag | Cause::NoKey | Cause::OtherMeter)
        })?;
        let doubt = self.meter(title)?;
        doubt.has_no_key = matches!(cause, Cause::NoKey | Cause::OtherMeter);
        if doubt.has_no_key {
            return None;
        }
        doubt.failures = doubt.failures.saturating_add(1);
        if doubt.failures != ENOUGH {
            return None;
        }
        let found = find().unwrap_or(Finding::new(Diagnosis::WrongKey));
        let hint = found.hint();
        let advice = match (doubt.was_opened, found.diagnosis) {
            (true, _) => format!("the key fits no longer: was it exchanged? {COMPARE}"),
            (false, Diagnosis::WrongKey) => format!("the key is wrong: {hint}"),
            (false, _) => hint.to_owned(),
        };
        doubt.is_for_others = found.diagnosis == Diagnosis::OtherMeter;
        Some(format!(
            "{ENOUGH} whole telegrams in a row of the meter with system title {} could not be opened; {advice}",
            hex::encode(title)
        ))
    }

    /// Appends the meters without a key that fits, for a status line.
    pub fn add_status(&self, text: &mut String) {
        let is_closed = |doubt: &MeterDoubt| doubt.has_no_key || doubt.failures >= ENOUGH;
        let mut closed: Vec<_> = self.0.iter().filter(|(_, doubt)| is_closed(doubt)).collect();
        closed.sort_by_key(|(title, _)| **title);
        let Some((title, doubt)) = closed.first() else {
            return;
        };
        let title = hex::encode(title);
        text.push_str(&match (doubt.has_no_key || doubt.is_for_others, doubt.was_opened) {
            (true, _) => format!("; there is no key for the meter with system title {title}"),
            (false, true) => {
                format!("; the key of the meter with system title {title} fits no longer: was it exchanged?")
            }
            (false, false) => format!(
                "; the key does not fit the meter with system title {title}: compare it with the \
                 operator's portal"
            ),
        });
        if let more @ 1.. = closed.len() - 1 {
            text.push_str(&format!(", and {} like it", counted(more as u64, "meter")));
        }
    }

    fn meter(&mut self, title: SystemTitle) -> Option<&mut MeterDoubt> {
        let has_room = self.0.len() < MOST || self.0.contains_key(&title);
        has_room.then(|| self.0.entry(title).or_default())
    }
}

/// The things to compare when a key does not fit.
pub const COMPARE: &str = Diagnosis::WrongKey.hint();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_mean_the_key() {
        let mut doubts = KeyDoubts::default();
        let [a, b] = [Some(*b"KFM\0\0\0\0\x01"), Some(*b"KFM\0\0\0\0\x02")];
        let refused = |doubts: &mut KeyDoubts, title| {
            let find = || Some(Finding::new(Diagnosis::WrongKey));
            doubts.refused(title, Cause::KeyOrDamage, find)
        };
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, b)), (None, None));
        assert_eq!(refused(&mut doubts, a), None);
        let told = refused(&mut doubts, a).unwrap();
        assert!(told.contains("4b464d0000000001") && told.contains("the key is wrong"), "{told}");
        assert_eq!(refused(&mut doubts, a), None, "told once");
        doubts.opened(a);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, a)), (None, None));
        assert!(refused(&mut doubts, a).unwrap().contains("was it exchanged?"));
        assert_eq!(refused(&mut doubts, None), None);
        doubts.opened(a);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, a)), (None, None));
        assert_eq!(doubts.refused(a, Cause::KeyFits { damaged: 40 }, || None), None);
        assert_eq!(refused(&mut doubts, a), None, "the key fits the one before");
    }

    #[test]
    fn a_key_that_is_not_mistyped_is_not_called_wrong() {
        for diagnosis in [Diagnosis::OtherMeter, Diagnosis::ExampleKey] {
            let mut doubts = KeyDoubts::default();
            let find = || Some(Finding::new(diagnosis));
            let refused = |_| doubts.refused(Some([7; 8]), Cause::KeyOrDamage, find);
            let told = (0..3).filter_map(refused).collect::<Vec<_>>().join("");
            assert!(
                told.contains("could not be opened; ") && told.ends_with(diagnosis.hint()),
                "{told}"
            );
            assert!(!told.contains("is wrong"), "{told}");
        }
    }

    #[test]
    fn a_status_has_the_first_meter_and_the_number_of_others() {
        let mut doubts = KeyDoubts::default();
        let status = |doubts: &KeyDoubts| {
            let mut text = String::new();
            doubts.add_status(&mut text);
            text
        };
        for number in 1..=3 {
            let title = [0, 0, 0, 0, 0, 0, 0, number];
            assert_eq!(doubts.refused(Some(title), Cause::NoKey, || None), None);
        }
        let text = status(&doubts);
        assert_eq!(
            text,
            "; there is no key for the meter with system title 0000000000000001, and 2 meters like it"
        );
        (1..=3).for_each(|number| doubts.opened(Some([0, 0, 0, 0, 0, 0, 0, number])));
        assert_eq!(status(&doubts), "");
    }
}
