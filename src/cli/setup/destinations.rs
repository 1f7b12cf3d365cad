//! The sinks of a run: those of `--to`, else those of the configuration.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::cli::{
    run::{messages::Messages, status::Stop},
    setup::{config_file::Config, environment, memory},
};
use meterpipe::sink::{
    line_counters::LineCounters,
    registry::{self, ConfiguredSink},
    settings::{SinkSettings, SinkTarget},
};

/// The sinks, ready to be started. `run` tells this run from others on the same machine.
pub fn of(
    to: &[String],
    config: Option<&Config>,
    run: &str,
    counters: &LineCounters,
    messages: &Messages,
) -> Result<Vec<ConfiguredSink>, Stop> {
    let (file, (settings, exposed)) = match (to.is_empty(), config) {
        (false, _) => (None, of_arguments(to)?),
        (true, Some(config)) => (Some(config.path.as_path()), (config.sinks.clone(), Vec::new())),
        (true, None) => return Ok(Vec::new()),
    };
    // Passwords and tokens are in memory from here on.
    memory::protect();
    let shared = shared(&settings);
    let has_secret = settings.iter().any(SinkSettings::has_secret);
    let all = settings.into_iter().map(|it| configured(it, file, run, counters));
    let all = all.collect::<Result<_, _>>()?;
    // An unknown key may be a secret, misspelt: by now there is none.
    for name in exposed {
        let advice = "a file or the environment does not";
        messages.say(&format!("{name}: --to shows its secret to other users here: {advice}"));
    }
    if let Some(path) = file.filter(|_| has_secret) {
        warn_if_exposed(path, messages);
    }
    match shared {
        Some(name) => Err(shared_place(name)),
        None => Ok(all),
    }
}

/// All mistakes in the sinks of a configuration. Of a sink with several, each is found when the key of the one
/// before is left out.
pub fn mistakes(config: &Config) -> Vec<Stop> {
    memory::protect();
    let mut mistakes = Vec::new();
    for settings in &config.sinks {
        let mut settings = settings.clone();
        environment::complete(&mut settings);
        let mut key = None;
        while let Err(error) = registry::build(settings.clone(), "", &LineCounters::default()) {
            // A sink may miss the key that was left out.
            let is_new = key.is_none() || error.key().is_some_and(|key| settings.has(key));
            if is_new {
                let text = settings.origins().locate(&error);
                mistakes.push(Stop::usage(format!("{}: {text}", config.path.display())));
            }
            key = error.key().map(str::to_owned);
            if !key.as_deref().is_some_and(|key| settings.remove(key)) {
                break;
            }
        }
    }
    mistakes.extend(shared(&config.sinks).map(shared_place));
    mistakes
}

fn shared_place(name: String) -> Stop {
    Stop::usage(format!("{name}: another sink writes there too"))
}

/// Refuses a sink in the place of something else. The message does not show its text, which may have a
/// password in it.
pub fn is_none(path: &Path, expected: &str) -> Result<(), Stop> {
    match path.to_string_lossy().contains("://") && !path.exists() {
        true => Err(Stop::usage(format!(
            "a sink stands where a {expected} is expected: name it with --to"
        ))),
        false => Ok(()),
    }
}

/// Warns if other users can read a configuration with a secret in it.
fn warn_if_exposed(path: &Path, messages: &Messages) {
    if fs::metadata(path).is_ok_and(|about| about.mode() & 0o044 != 0) {
        let name = path.display();
        messages.say(&format!("{name}: others can read the secrets in it; chmod 600 {name}"));
    }
}

/// The name of a sink that writes to the file or into the spool of another one.
fn shared(all: &[SinkSettings]) -> Option<String> {
    let is_program = |sink: &SinkSettings| {
        registry::kind(&sink.scheme).is_some_and(|kind| kind.is_program(&sink.scheme))
    };
    let places = |sink: &SinkSettings| {
        let file = match &sink.target {
            SinkTarget::File(path) if !is_program(sink) => Some(path.clone()),
            SinkTarget::File(_) | SinkTarget::Server { .. } => None,
        };
        let places = file.into_iter().chain(spool(sink));
        places.map(|path| std::path::absolute(&path).unwrap_or(path)).collect::<Vec<_>>()
    };
    let mut known = Vec::new();
    all.iter().find_map(|sink| {
        let places = places(sink);
        let is_shared = places.iter().any(|place| known.contains(place));
        known.extend(places);
        is_shared.then(|| sink.name.clone())
    })
}

/// The folder in which a sink keeps what its server has not taken.
pub fn spool(sink: &SinkSettings) -> Option<PathBuf> {
    let (_, path) = sink.entries().find(|(key, _)| *key == "spool")?;
    Some(PathBuf::from(path))
}

/// The sinks of `--to`, or of the variable that replaces it, and the names of those with a secret in the command
/// line, which other users can read.
fn of_arguments(to: &[String]) -> Result<(Vec<SinkSettings>, Vec<String>), Stop> {
    let (mut all, mut exposed) = (Vec::new(), Vec::new());
    for to in to {
        let is_argument = env::args_os().any(|it| {
            let it = it.to_string_lossy();
            it.strip_prefix("--to=").unwrap_or(&it) == to
        });
        let place = if is_argument { "--to" } else { "$METERPIPE_TO" };
        let settings = environment::sink(to);
        let mut settings = settings.map_err(|error| Stop::usage(format!("{place}: {error}")))?;
        if !is_argument {
            settings.origins_mut().set_variable("METERPIPE_TO");
        } else if settings.has_secret() {
            exposed.push(settings.name.clone());
        }
        all.push(settings);
    }
    Ok((all, exposed))
}

/// Builds a sink, with the settings that the environment adds. A mistake is located by its line in the
/// configuration, or by the name of a sink of the command line.
fn configured(
    mut settings: SinkSettings,
    file: Option<&Path>,
    run: &str,
    counters: &LineCounters,
) -> Result<ConfiguredSink, Stop> {
    environment::complete(&mut settings);
    let place = file.map_or_else(|| settings.name.clone(), |file| file.display().to_string());
    let origins = settings.origins().clone();
    registry::build(settings, run, counters)
        .map_err(|error| Stop::usage(format!("{place}: {}", origins.locate(&error))))
}
