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
pub struct KeyDoubts {
    meters: HashMap<SystemTitle, MeterDoubt>,
    /// The sources, with their damaged frames. Among many, what stays closed is damaged too.
    sources: Vec<(Option<String>, u32)>,
}

#[derive(Debug, Default)]
struct MeterDoubt {
    /// The index of its source.
    source: usize,
    failures: u32,
    /// The damaged frames before them.
    damaged_before: u32,
    /// The key was called wrong.
    is_told: bool,
    /// There is no key for the meter.
    has_no_key: bool,
    /// All keys are for other meters, as their names tell.
    is_for_others: bool,
    /// A telegram of the meter was opened before.
    was_opened: bool,
}

impl KeyDoubts {
    /// Notes a telegram that was opened.
    pub fn opened(&mut self, title: Option<SystemTitle>, from: Option<&str>) {
        let source = self.source(from);
        if let Some(doubt) = title.and_then(|title| self.meter(title)) {
            *doubt = MeterDoubt { source, was_opened: true, ..MeterDoubt::default() };
        }
    }

    /// Notes a damaged frame.
    pub fn damaged(&mut self, from: Option<&str>) {
        let source = self.source(from);
        if let Some((_, damaged)) = self.sources.get_mut(source) {
            *damaged = damaged.saturating_add(1);
        }
    }

    /// Notes a telegram that was refused. Returns a message if it is the third in a row, with the cause that `find`
    /// has for them.
    pub fn refused(
        &mut self,
        title: Option<SystemTitle>,
        from: Option<&str>,
        cause: Cause,
        find: impl FnOnce() -> Option<Finding>,
    ) -> Option<String> {
        if matches!(cause, Cause::KeyFits { .. } | Cause::Altered) {
            self.opened(title, from);
            return None;
        }
        let title = title.filter(|_| {
            matches!(cause, Cause::KeyOrDamage | Cause::Tag | Cause::NoKey | Cause::OtherMeter)
        })?;
        let source = self.source(from);
        let damaged = self.sources.get(source).map_or(0, |(_, damaged)| *damaged);
        let mut others =
            self.meters.iter().filter(|(it, doubt)| **it != title && doubt.source == source);
        let opens_others = others.any(|(_, doubt)| doubt.was_opened);
        let doubt = self.meter(title)?;
        doubt.source = source;
        doubt.has_no_key = matches!(cause, Cause::NoKey | Cause::OtherMeter);
        if doubt.has_no_key {
            return None;
        }
        if doubt.failures == 0 {
            doubt.damaged_before = damaged;
        }
        doubt.failures = doubt.failures.saturating_add(1);
        let is_damage = (damaged - doubt.damaged_before) / FRAMES > doubt.failures;
        if doubt.failures < ENOUGH || is_damage || doubt.is_told {
            return None;
        }
        doubt.is_told = true;
        let found = find().unwrap_or(Finding::new(Diagnosis::WrongKey));
        let hint = found.hint();
        let advice = match (doubt.was_opened, found.diagnosis) {
            (false, _) if opens_others => ANOTHER.to_owned(),
            (true, _) => format!("the key fits no longer: was it exchanged? {COMPARE}"),
            (false, Diagnosis::WrongKey) => format!("the key is wrong: {hint}"),
            (false, _) => hint.to_owned(),
        };
        doubt.is_for_others = found.diagnosis == Diagnosis::OtherMeter || opens_others;
        Some(format!(
            "{ENOUGH} whole telegrams in a row of the meter with system title {} could not be opened; {advice}",
            hex::encode(title)
        ))
    }

    /// Appends the meters without a key that fits, for a status line.
    pub fn add_status(&self, text: &mut String) {
        let is_closed = |doubt: &MeterDoubt| doubt.has_no_key || doubt.is_told;
        let mut closed: Vec<_> = self.meters.iter().filter(|(_, doubt)| is_closed(doubt)).collect();
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

    /// The index of a source.
    fn source(&mut self, from: Option<&str>) -> usize {
        let known = self.sources.iter().position(|(known, _)| known.as_deref() == from);
        known.unwrap_or_else(|| {
            if self.sources.len() < MOST {
                self.sources.push((from.map(str::to_owned), 0));
            }
            self.sources.len() - 1
        })
    }

    fn meter(&mut self, title: SystemTitle) -> Option<&mut MeterDoubt> {
        let has_room = self.meters.len() < MOST || self.meters.contains_key(&title);
        has_room.then(|| self.meters.entry(title).or_default())
    }
}

/// The advice about a meter that no key opens while others open.
const ANOTHER: &str = "the keys open other meters: write a line for this one into the key file, its system title, a \
    space and its key; a meter of the neighbours needs none";

/// The frames of most telegrams.
const FRAMES: u32 = 2;

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
            doubts.refused(title, None, Cause::KeyOrDamage, find)
        };
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, b)), (None, None));
        assert_eq!(refused(&mut doubts, a), None);
        let told = refused(&mut doubts, a).unwrap();
        assert!(told.contains("4b464d0000000001") && told.contains("the key is wrong"), "{told}");
        assert_eq!(refused(&mut doubts, a), None, "told once");
        doubts.opened(a, None);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, a)), (None, None));
        assert!(refused(&mut doubts, a).unwrap().contains("was it exchanged?"));
        assert_eq!(refused(&mut doubts, None), None);
        doubts.opened(a, None);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, a)), (None, None));
        assert_eq!(doubts.refused(a, None, Cause::KeyFits { damaged: 40 }, || None), None);
        assert_eq!(refused(&mut doubts, a), None, "the key fits the one before");
    }

    #[test]
    fn a_meter_beside_others_that_open_lacks_its_key() {
        for (from, is_beside) in [("a", true), ("b", false)] {
            let mut doubts = KeyDoubts::default();
            doubts.opened(Some([1; 8]), Some("a"));
            (0..99).for_each(|_| doubts.damaged(Some(if is_beside { "b" } else { "a" })));
            let find = || Some(Finding::new(Diagnosis::WrongKey));
            let refused = |_| doubts.refused(Some([2; 8]), Some(from), Cause::KeyOrDamage, find);
            let told = (0..3).filter_map(refused).collect::<Vec<_>>().join("");
            assert_eq!(told.contains("the keys open other meters"), is_beside, "{told}");
            assert_eq!(told.contains("the key is wrong"), !is_beside, "{told}");
            let mut text = String::new();
            doubts.add_status(&mut text);
            assert_eq!(text.contains("there is no key for the meter"), is_beside, "{text}");
        }
    }

    #[test]
    fn telegrams_among_many_damaged_frames_say_nothing_about_a_key() {
        let mut doubts = KeyDoubts::default();
        let find = || Some(Finding::new(Diagnosis::WrongKey));
        for _ in 0..20 {
            assert_eq!(doubts.refused(Some([7; 8]), None, Cause::KeyOrDamage, find), None);
            (0..9).for_each(|_| doubts.damaged(None));
        }
        let mut text = String::new();
        doubts.add_status(&mut text);
        assert_eq!(text, "");
    }

    #[test]
    fn a_key_that_is_not_mistyped_is_not_called_wrong() {
        for diagnosis in [Diagnosis::OtherMeter, Diagnosis::ExampleKey] {
            let mut doubts = KeyDoubts::default();
            let find = || Some(Finding::new(diagnosis));
            let refused = |_| doubts.refused(Some([7; 8]), None, Cause::KeyOrDamage, find);
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
            assert_eq!(doubts.refused(Some(title), None, Cause::NoKey, || None), None);
        }
        let text = status(&doubts);
        assert_eq!(
            text,
            "; there is no key for the meter with system title 0000000000000001, and 2 meters like it"
        );
        (1..=3).for_each(|number| doubts.opened(Some([0, 0, 0, 0, 0, 0, 0, number]), None));
        assert_eq!(status(&doubts), "");
    }
}
