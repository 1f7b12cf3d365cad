//! How a kind of sink describes itself.
//!
//! Each room of a sink has one [`SinkKind`]; the [registry](super::registry) lists them. The parser
//! of settings, `config`, the environment, the completions of `--to` and the manual read these
//! descriptions, so nothing outside the room names a scheme or a key.

use core::time::Duration;

use crate::sink::{
    line_counters::LineCounters,
    settings::{SinkSettings, error::SettingError, key::SettingKey},
    traits::Sink,
};

/// A kind of sink.
#[derive(Debug)]
pub struct SinkKind {
    /// The heading of its section in the manual.
    pub title: &'static str,
    /// The ways to write its target.
    pub schemes: &'static [SinkScheme],
    /// For the manual, in front of the keys; `words in backticks` become bold.
    pub about: &'static str,
    /// Its keys, in the order of the manual, besides those of every sink.
    pub keys: &'static [&'static [SettingKey]],
    /// For the manual, behind the keys.
    pub notes: &'static str,
    /// Environment variables besides those of the keys.
    pub environment: SinkEnvironment,
    /// Builds the sink.
    pub build: BuildSink,
}

#[cfg(test)]
impl SinkKind {
    /// The message about the settings in an address; empty if they have no mistake.
    pub fn mistake(&self, uri: &str) -> String {
        let mut settings: SinkSettings = uri.parse().unwrap();
        let counters = LineCounters::default();
        let context = BuildContext { run: "", counters: &counters, interval: None };
        match (self.build)(&mut settings, &context).map(|_| settings.finish()) {
            Ok(Ok(())) => String::new(),
            Ok(Err(error)) | Err(error) => error.to_string(),
        }
    }
}

/// Takes the keys of a sink and builds it. It opens nothing yet.
pub type BuildSink =
    fn(&mut SinkSettings, &BuildContext<'_>) -> Result<Box<dyn Sink>, SettingError>;

/// A way to write the target of a sink.
#[derive(Debug)]
pub struct SinkScheme {
    /// `mqtts`.
    pub name: &'static str,
    /// The part behind the scheme.
    pub form: TargetForm,
    /// As the manual writes it: `mqtts://HOST`.
    pub example: &'static str,
    /// A few words for the manual and the completions.
    pub help: &'static str,
    /// True if the path of an address may be a secret, which is then never shown.
    pub hides_path: bool,
}

/// The form of the part behind a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// `scheme://HOST:PORT/PATH`.
    Server,
    /// `scheme:PATH`, in which an `@` is an `@`.
    File,
    /// `scheme:PROGRAM`, likewise. Several sinks may use the same program.
    Program,
}

/// Everything that a sink needs to know besides its settings.
#[derive(Clone, Copy, Debug)]
pub struct BuildContext<'a> {
    /// Tells this run from others on the same machine.
    pub run: &'a str,
    /// The counts of lost telegrams and damaged frames.
    pub counters: &'a LineCounters,
    /// The time between two telegrams, as far as the settings fix it.
    pub interval: Option<Duration>,
}

/// The environment of a kind of sink, besides the variables of its keys.
#[derive(Debug)]
pub struct SinkEnvironment {
    /// The parts of the address, and the variables of each, the strongest one first.
    pub address: &'static [(&'static str, &'static [&'static str])],
    /// The address of a sink that is named by its scheme alone; none if no variable has one.
    pub read_address: fn(&str, Lookup<'_>) -> Result<Option<VariableAddress>, SettingError>,
    /// True if the variables of a key are meant for a sink with these settings.
    pub applies: fn(&SinkSettings, &SettingKey, Lookup<'_>) -> bool,
}

/// Reads an environment variable; an empty one counts as unset.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An address that environment variables give.
#[derive(Debug)]
pub struct VariableAddress {
    /// The text of a sink.
    pub text: String,
    /// The variable that has the host.
    pub variable: &'static str,
    /// The variable that has the path.
    pub path: Option<&'static str>,
}

impl SinkEnvironment {
    /// The variables of the keys alone.
    pub const KEYS_ONLY: Self =
        Self { address: &[], read_address: |_, _| Ok(None), applies: |_, _, _| true };
}

impl SinkKind {
    /// All keys of the kind, without those of every sink.
    pub fn keys(&self) -> impl Iterator<Item = &'static SettingKey> {
        self.keys.iter().copied().flatten()
    }

    /// True if one of its schemes has this name.
    pub fn has_scheme(&self, name: &str) -> bool {
        self.schemes.iter().any(|scheme| scheme.name == name)
    }

    /// True if a scheme may name a file, or a program.
    pub fn is_file(&self, name: &str) -> bool {
        self.scheme(name, |scheme| scheme.form != TargetForm::Server)
    }

    /// True if a scheme names a program.
    pub fn is_program(&self, name: &str) -> bool {
        self.scheme(name, |scheme| scheme.form == TargetForm::Program)
    }

    /// True if the path in the address of a scheme may be a secret.
    pub fn hides_path(&self, name: &str) -> bool {
        self.scheme(name, |scheme| scheme.hides_path)
    }

    fn scheme(&self, name: &str, is: impl Fn(&SinkScheme) -> bool) -> bool {
        self.schemes.iter().any(|scheme| scheme.name == name && is(scheme))
    }
}

impl SinkScheme {
    /// The scheme of a server.
    pub const fn server(name: &'static str, example: &'static str, help: &'static str) -> Self {
        Self { name, form: TargetForm::Server, example, help, hides_path: false }
    }

    /// The same, with a path that is never shown.
    pub const fn hiding_path(self) -> Self {
        Self { hides_path: true, ..self }
    }

    /// The scheme of a file.
    pub const fn file(name: &'static str, example: &'static str, help: &'static str) -> Self {
        Self { name, form: TargetForm::File, example, help, hides_path: false }
    }

    /// The scheme of a program.
    pub const fn program(name: &'static str, example: &'static str, help: &'static str) -> Self {
        Self { name, form: TargetForm::Program, example, help, hides_path: false }
    }

    /// The beginning of every target of the scheme: `mqtts://`, `file:`.
    pub fn prefix(&self) -> &'static str {
        let end = match self.form {
            TargetForm::Server => "//",
            TargetForm::File | TargetForm::Program => ":",
        };
        self.example.split_inclusive(end).next().unwrap_or(self.example)
    }
}

/// The first of some variables that is set, and its value.
pub fn first(variables: &[&'static str], lookup: Lookup<'_>) -> Option<(&'static str, String)> {
    variables.iter().find_map(|variable| Some((*variable, lookup(variable)?)))
}
