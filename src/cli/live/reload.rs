//! The configuration and the keys of a run, read again on SIGHUP.

use std::{path::Path, sync::mpsc::Sender};

use crate::cli::{
    run::{messages::Messages, service, signals::Signals, sinks::Sinks, status::Stop},
    setup::{
        config_file::{self, Config},
        destinations,
        key_problem::KeyProblem,
        keys,
        shared_args::KeyArgs,
    },
};
use meterpipe::{
    cipher::key_file::KeyEntry,
    counted::counted,
    sink::{line_counters::LineCounters, registry::ConfiguredSink},
    source::simulator::meter::example_key,
};

/// The places that keys come from.
#[derive(Clone)]
pub struct KeySources {
    /// The options.
    pub args: KeyArgs,
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
    ) -> Result<Vec<KeyEntry>, KeyProblem> {
        let mut entries = keys::entries(&self.args, messages)?;
        if let (true, Some(config)) = (entries.is_empty(), config) {
            entries = keys::configured(config, messages)?;
        }
        if self.simulated {
            entries.push(example_key());
            messages.note_all_keys(&entries);
        }
        Ok(entries)
    }

    /// Keys from standard input cannot be read twice.
    fn can_be_read_again(&self) -> bool {
        self.args.key_file.as_deref() != Some(Path::new("-"))
    }
}

/// The places that sinks come from.
#[derive(Clone)]
pub struct SinkSources {
    /// The sinks of the command line.
    pub to: Vec<String>,
    /// Tells this run from others on the same machine.
    pub run: String,
    /// The counters that sinks publish.
    pub counters: LineCounters,
}

impl SinkSources {
    /// Builds the sinks.
    ///
    /// # Errors
    /// A mistake in the settings of one.
    pub fn read(
        &self,
        config: Option<&Config>,
        messages: &Messages,
    ) -> Result<Vec<ConfiguredSink>, Stop> {
        destinations::of(&self.to, config, &self.run, &self.counters, messages)
    }
}

/// Waits for SIGHUP.
pub struct Reload {
    config: Option<Config>,
    keys: Option<KeySources>,
    sinks: Option<(SinkSources, Sender<Vec<ConfiguredSink>>)>,
    signals: Signals,
}

impl Reload {
    /// Catches SIGHUP from now on.
    pub fn start(config: Option<Config>) -> Self {
        Self { config, keys: None, sinks: None, signals: Signals::catch_reopen() }
    }

    /// The same with keys, if they can be read again.
    pub fn with_keys(self, keys: KeySources) -> Self {
        Self { keys: Some(keys).filter(KeySources::can_be_read_again), ..self }
    }

    /// The same with the sinks of a run.
    pub fn with_sinks(self, sources: SinkSources, sinks: &Sinks) -> Self {
        Self { sinks: Some((sources, sinks.replacements())), ..self }
    }

    /// After a SIGHUP, hands the new sinks to the run, and returns the new keys if there are any. A
    /// mistake is reported, and nothing changes.
    pub fn read_again(&mut self, messages: &Messages) -> Option<Vec<KeyEntry>> {
        if !self.signals.reopen() {
            return None;
        }
        service::reloading();
        let keys = self.read(messages).unwrap_or_else(|stop| {
            if let Stop::Failed(_, text) = stop {
                messages.fail(&format!("{text}; nothing changes"));
            }
            None
        });
        service::reloaded();
        keys
    }

    fn read(&mut self, messages: &Messages) -> Result<Option<Vec<KeyEntry>>, Stop> {
        let path = self.config.as_ref().map(|config| config.path.clone());
        let config = path.as_deref().map(|path| config_file::find(Some(path)));
        let config = config.transpose()?.flatten();
        let keys = self.keys.as_ref().map(|keys| keys.read(config.as_ref(), messages));
        let keys = keys.transpose()?;
        let mut read =
            Vec::from_iter(keys.as_ref().map(|keys| counted(keys.len(), "key").to_string()));
        if let Some((sources, replacements)) = &self.sinks {
            let sinks = sources.read(config.as_ref(), messages)?;
            if sinks.is_empty() {
                let path = path.as_deref().unwrap_or(Path::new("")).display();
                return Err(Stop::usage(format!("{path}: no sink is left")));
            }
            read.push(counted(sinks.len(), "sink").to_string());
            // The send fails when the run is over.
            let _ = replacements.send(sinks);
        }
        if !read.is_empty() {
            messages.say(&format!("read again: {}", read.join(", ")));
        }
        if let (Some(before), Some(now)) = (&self.config, &config) {
            if !before.has_same_sources(now) {
                messages.say(&restart(path.as_deref(), "the sources"));
            }
            if !before.has_same_layouts(now) {
                messages.say(&restart(path.as_deref(), "a layout"));
            }
            if self.sinks.is_none() && before.sinks.is_empty() && !now.sinks.is_empty() {
                messages.say(&restart(path.as_deref(), "the first sink"));
            }
        }
        self.config = config;
        Ok(keys)
    }
}

fn restart(path: Option<&Path>, what: &str) -> String {
    let path = path.unwrap_or(Path::new("")).display();
    format!("{path}: {what} changed: this needs a restart")
}
