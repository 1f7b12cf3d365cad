//! The keys of each source that is examined: its own, and those of the other meters of the configuration.

use crate::cli::{
    run::messages::Messages,
    setup::{config_file::Config, key_problem::KeyProblem, keys, shared_args::KeyArgs},
};
use meterpipe::{cipher::key_file::KeyEntry, source::simulator::meter::example_key};

/// The keys of a source.
#[derive(Clone, Default)]
pub struct PatientKeys {
    /// Those of its own meter, by which its telegrams are judged.
    pub own: Vec<KeyEntry>,
    /// Those of other meters, each file with its name: a run tries them too.
    pub others: Vec<(String, Vec<KeyEntry>)>,
}

impl PatientKeys {
    /// All keys in the order in which they are tried.
    pub fn all(&self) -> Vec<KeyEntry> {
        let others = self.others.iter().flat_map(|(_, entries)| entries);
        self.own.iter().chain(others).cloned().collect()
    }

    /// The same with the key of virtual meters.
    pub fn with_example(mut self) -> Self {
        self.own.push(example_key());
        self
    }
}

/// The keys of all sources, read once.
pub struct ReadKeys {
    /// Those that are given for all.
    given: FileKeys,
    /// Those of each meter of the configuration, and the name of their file.
    meters: Vec<(Option<String>, FileKeys)>,
}

/// The keys of a file, or the reason why there are none.
type FileKeys = Result<Vec<KeyEntry>, KeyProblem>;

impl ReadKeys {
    /// Reads the keys that are given, or else those of the configuration.
    pub fn read(args: &KeyArgs, config: Option<&Config>, messages: &Messages) -> Self {
        let given = keys::entries(args, messages);
        let is_none_given = given.as_ref().is_ok_and(Vec::is_empty);
        let meters = config.filter(|_| is_none_given).map_or_else(Vec::new, |config| {
            let read = config.meters.iter().map(|meter| {
                let name = meter.key_file.as_deref().map(keys::display);
                (name, keys::of_meter(config, meter, messages))
            });
            read.collect()
        });
        let known = meters.iter().flat_map(|(_, entries)| entries).flatten().cloned();
        let known: Vec<_> = known.collect();
        if !known.is_empty() {
            messages.note_all_keys(&known);
        }
        Self { given, meters }
    }

    /// The keys of the source with that number.
    pub fn of(&self, index: usize) -> Result<PatientKeys, KeyProblem> {
        let given = self.given.clone()?;
        let Some((own_file, own)) = self.meters.get(index) else {
            return Ok(PatientKeys { own: given, others: vec![] });
        };
        let mut others: Vec<(String, Vec<KeyEntry>)> = vec![];
        for (file, entries) in &self.meters {
            if let (Some(file), Ok(entries)) = (file, entries)
                && own_file.as_ref() != Some(file)
                && !others.iter().any(|(known, _)| known == file)
            {
                others.push((file.clone(), entries.clone()));
            }
        }
        Ok(PatientKeys { own: own.clone()?, others })
    }
}
