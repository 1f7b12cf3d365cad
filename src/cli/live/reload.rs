//! The keys of a live run, read again on SIGHUP.

use std::path::{Path, PathBuf};

use crate::cli::{
    run::{messages::Messages, signals::Signals, status::Stop},
    setup::{
        args::KeyArgs,
        config_file::{self, Config},
        keys,
    },
};
use meterpipe::{
    cipher::{key::Key, key_file::KeyEntry},
    source::simulator::meter::EXAMPLE_KEY,
};

/// The places that keys come from.
#[derive(Clone)]
pub struct KeySources {
    /// The options.
    pub args: KeyArgs,
    /// The path of the configuration, if the run has one.
    pub config: Option<PathBuf>,
    /// True if a meter is simulated: it has the published example key.
    pub simulated: bool,
}

impl KeySources {
    /// Reads all keys.
    ///
    /// # Errors
    /// A key file or the configuration is missing or wrong.
    pub fn read(
        &self,
        config: Option<&Config>,
        messages: &Messages,
    ) -> Result<Vec<KeyEntry>, Stop> {
        let mut entries = keys::entries(&self.args, messages)?;
        if let (true, Some(config)) = (entries.is_empty(), config) {
            entries = keys::configured(config, messages)?;
        }
        let example = self.simulated.then(|| Key::new(EXAMPLE_KEY));
        entries.extend(example.map(|guek| KeyEntry { name: None, guek, gak: None }));
        Ok(entries)
    }
}

/// Waits for SIGHUP.
pub struct KeyReload {
    sources: KeySources,
    signals: Signals,
}

impl KeyReload {
    /// Catches SIGHUP from now on, except for keys from standard input, which cannot be read twice.
    pub fn start(sources: KeySources) -> Option<Self> {
        let is_stdin = sources.args.key_file.as_deref() == Some(Path::new("-"));
        (!is_stdin).then(|| Self { sources, signals: Signals::catch_reopen() })
    }

    /// The keys after a SIGHUP. Mistakes are reported: then the keys stay as they are.
    pub fn keys(&self, messages: &Messages) -> Option<Vec<KeyEntry>> {
        if !self.signals.reopen() {
            return None;
        }
        match self.read(messages) {
            Ok(entries) => Some(entries),
            Err(Stop::Failed(_, text)) => {
                messages.say(&format!("{text}; the keys stay as they were"));
                None
            }
            Err(_) => None,
        }
    }

    fn read(&self, messages: &Messages) -> Result<Vec<KeyEntry>, Stop> {
        let config = self.sources.config.as_deref();
        let config = config.map(|path| config_file::find(Some(path))).transpose()?.flatten();
        self.sources.read(config.as_ref(), messages)
    }
}
