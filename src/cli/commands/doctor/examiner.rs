//! The keys, tables and settings of an examination, and the finding that it ends with.

use std::time::Duration;

use crate::cli::{
    commands::doctor::{examination::Examination, sound},
    setup::{
        keys,
        shared_args::{KeyArgs, SerialArgs},
    },
};
use meterpipe::{
    cipher::key_file::KeyEntry,
    diagnosis::{
        finding::Finding,
        key_finding::key_finding,
        line_finding::{LineView, line_finding},
    },
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
};

/// The examiner of one source.
pub struct Examiner {
    /// The keys.
    pub entries: Vec<KeyEntry>,
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
}

impl Examiner {
    /// A new examination that takes this long at most.
    pub fn examination(&self, time: Duration) -> Examination {
        let demands = keys::demands(&self.key_args);
        Examination::new(self.entries.clone(), demands, self.families, self.links, time)
    }

    /// The one cause behind all that was seen.
    pub fn finding(&self, examination: &mut Examination, view: &LineView) -> Finding {
        let view = &LineView { links: self.links, ..view.clone() };
        examination.look_at_closed();
        if let (0, Some(other)) = (examination.telegrams(), examination.other_link()) {
            return sound::wrong_link(self.links, other);
        }
        let line = examination.line();
        if examination.is_chance(&line) {
            let view = LineView { telegrams: 0, ..view.clone() };
            return line_finding(&line, &view).unwrap_or_else(|| sound::sound(examination, &view));
        }
        let keys = key_finding(&examination.keys);
        let stays_closed = examination.keys.opened == 0 && examination.keys.closed > 0;
        match keys {
            Some(found) if stays_closed => found,
            keys => line_finding(&line, view)
                .or(keys)
                .unwrap_or_else(|| sound::sound(examination, view)),
        }
    }
}
