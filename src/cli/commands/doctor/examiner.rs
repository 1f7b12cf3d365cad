//! The keys, tables and settings of an examination, and the finding that it ends with.

use std::time::{Duration, Instant};

use crate::cli::{
    commands::doctor::{examination::Examination, patient_keys::PatientKeys, sound},
    setup::{
        keys,
        shared_args::{KeyArgs, SerialArgs},
    },
};
use meterpipe::{
    diagnosis::{
        finding::Finding,
        key_facts::KeyFacts,
        key_finding::key_finding,
        line_damage::{joined, with_halves},
        line_finding::line_finding,
        line_view::LineView,
    },
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
};

/// The examiner of one source.
pub struct Examiner {
    /// The keys.
    pub keys: PatientKeys,
    /// The arguments about keys.
    pub key_args: KeyArgs,
    /// The settings of the line that the user gives.
    pub line: SerialArgs,
    /// The tables of meters.
    pub families: MeterFamilies,
    /// The link layers.
    pub links: LinkChoice,
    /// The longest examination.
    pub time: Duration,
    /// The end of an examination that is within a first telegram then.
    pub deadline: Instant,
}

impl Examiner {
    /// A new examination that takes this long at most.
    pub fn examination(&self, time: Duration) -> Examination {
        let demands = keys::demands(&self.key_args);
        let time = (time, self.deadline);
        Examination::new(self.keys.clone(), demands, self.families, self.links, time)
    }

    /// The one cause behind all that was seen, and the key file of another meter that opens it.
    pub fn finding(&self, examination: &mut Examination, view: &LineView) -> Finding {
        let found = self.cause(examination, view);
        match examination.other_key_file() {
            None => found,
            Some(file) => found.with(
                format!("the key file of another meter in the configuration opens them: {file}"),
                format!(
                    "die Schlüsseldatei eines anderen Zählers der Konfiguration öffnet sie: {file}"
                ),
            ),
        }
    }

    fn cause(&self, examination: &mut Examination, view: &LineView) -> Finding {
        let is_within_push = examination.is_within_push();
        let view = &LineView { links: self.links, is_within_push, ..view.clone() };
        examination.look_at_unread();
        if let (0, Some(other)) = (examination.telegrams(), examination.other_link()) {
            return sound::wrong_link(self.links, other);
        }
        let line = examination.line();
        if examination.is_chance(&line) {
            let view = LineView { telegrams: 0, ..view.clone() };
            return line_finding(&line, &view).unwrap_or_else(|| sound::sound(examination, &view));
        }
        let is_mostly_damaged = examination.is_mostly_damaged(&line);
        examination.tally.keys.is_mostly_damaged = is_mostly_damaged;
        let view = &LineView { is_mostly_damaged, ..view.clone() };
        let keys = key_finding(&examination.tally.keys);
        let KeyFacts { opened, closed, unsound, .. } = examination.tally.keys;
        // Frames whose times nobody knows may be those of two telegrams, which no key opens.
        if opened == 0 && line.halves > 0 && closed + unsound > 0 {
            if closed == 0 || line.halves * 2 >= closed + unsound {
                // Frames that lack octets leave the others of their telegrams behind.
                let is_half = line.halves > line.damaged() - line.halves;
                let found = line_finding(&line, view).filter(|_| !is_half);
                return found.unwrap_or_else(|| joined(line.halves, closed + unsound));
            }
            return keys.map_or_else(
                || joined(line.halves, closed + unsound),
                |found| with_halves(found, line.halves),
            );
        }
        let stays_closed = examination.tally.keys.opened == 0 && examination.tally.keys.closed > 0;
        match keys {
            Some(found) if stays_closed => found,
            keys => line_finding(&line, view)
                .or(keys)
                .unwrap_or_else(|| sound::sound(examination, view)),
        }
    }
}
