//! The other programs that have the device of a line open.

use crate::diagnosis::{
    diagnosis::{AdviceLanguage, Diagnosis, Wording},
    finding::Finding,
};

/// Other programs that have the device of a line open for reading, each by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherReaders {
    /// Those that may take octets away.
    pub active: Vec<String>,
    /// Those that have read nothing while octets came.
    pub idle: Vec<String>,
}

impl OtherReaders {
    /// The programs that may take octets away, for people.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let others = self.active.join(", ");
        let (has, hat) = if self.active.len() == 1 { ("has", "hat") } else { ("have", "haben") };
        Wording::new(
            format!("{others} {has} the device open too"),
            format!("{others} {hat} das Gerät ebenfalls offen"),
        )
    }

    /// The finding that these programs are the cause of what was found.
    #[must_use]
    pub fn cause(&self, found: Finding) -> Finding {
        let mut shared = Finding::new(Diagnosis::Shared);
        shared.evidence.push(self.wording());
        shared.evidence.extend(found.evidence);
        shared
    }

    /// A finding about the line that has another cause, with these programs and the advice to end them first.
    #[must_use]
    pub fn beside(&self, found: Finding) -> Finding {
        if found.diagnosis == Diagnosis::Shared || found.others.is_some() {
            return found;
        }
        let (names, others) = match (self.active.as_slice(), self.idle.as_slice()) {
            ([], []) => return found,
            ([], idle) => (idle.join(", "), Self::idle(idle)),
            (active, _) => (active.join(", "), self.wording()),
        };
        let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
        let cause = [english, german].map(|language| found.cause(language).to_owned());
        let step = [
            format!("end {names} first; then {}", found.step(english)),
            format!("zuerst {names} beenden; dann {}", found.step(german)),
        ];
        let (hint, mut found) = (found.hint(), found.advising(cause, step));
        found.evidence.push(others.clone());
        Finding { others: Some(others), hint: Some(hint), ..found }
    }

    fn idle(programs: &[String]) -> Wording {
        let others = programs.join(", ");
        let (has, hat) = if programs.len() == 1 { ("has", "hat") } else { ("have", "haben") };
        Wording::new(
            format!("{others} {has} the device open, and read nothing meanwhile"),
            format!("{others} {hat} das Gerät offen und inzwischen nichts gelesen"),
        )
    }
}
