//! Which sinks a run has: those of `--to`, else those of the configuration.

use std::{env, path::Path};

use crate::cli::{
    run::{
        messages::Messages,
        sinks::{self, Ready},
        status::Stop,
    },
    setup::{config_file::Config, environment},
};
use meterpipe::sink::{
    line_counters::LineCounters,
    settings::{SinkSettings, SinkTarget},
};

/// The sinks, ready to be started, for a run that is told from others by that text.
pub fn of(
    to: &[String],
    config: Option<Config>,
    run: &str,
    health: &LineCounters,
    messages: &Messages,
) -> Result<Vec<Ready>, Stop> {
    let (file, settings) = match (to.is_empty(), config) {
        (false, _) => (None, typed(to, messages)?),
        (true, Some(config)) => (Some(config.path), config.sinks),
        (true, None) => return Ok(Vec::new()),
    };
    let shared = shared(&settings);
    let all = settings.into_iter().map(|mut settings| {
        run.clone_into(&mut settings.run);
        ready(settings, file.as_deref(), health)
    });
    let all = all.collect::<Result<_, _>>()?;
    match shared {
        Some(name) => Err(Stop::usage(format!("{name}: another sink writes there too"))),
        None => Ok(all),
    }
}

/// Refuses a sink that stands where something else is expected, without its text: it may have a
/// password in it.
pub fn is_none(path: &Path, expected: &str) -> Result<(), Stop> {
    match path.to_string_lossy().contains("://") && !path.exists() {
        true => Err(Stop::usage(format!(
            "a sink stands where a {expected} is expected: name it with --to"
        ))),
        false => Ok(()),
    }
}

/// A file that several of them write to.
fn shared(all: &[SinkSettings]) -> Option<String> {
    let mut files =
        all.iter().enumerate().filter(|(_, it)| matches!(it.target, SinkTarget::File(_)));
    let is_shared = |at: usize, file: &SinkSettings| {
        all.iter().take(at).any(|other| other.target == file.target)
    };
    files.find(|(at, file)| is_shared(*at, file)).map(|(_, file)| file.name.clone())
}

/// Those of `--to`, or of the variable that stands for it. What stands on the command line others can
/// read.
fn typed(to: &[String], messages: &Messages) -> Result<Vec<SinkSettings>, Stop> {
    let mut all = Vec::new();
    for to in to {
        let is_typed = env::args_os().any(|it| {
            let it = it.to_string_lossy();
            it.strip_prefix("--to=").unwrap_or(&it) == to
        });
        let place = if is_typed { "--to" } else { "$METERPIPE_TO" };
        let settings = environment::sink(to);
        let mut settings = settings.map_err(|error| Stop::usage(format!("{place}: {error}")))?;
        if !is_typed {
            settings.origins_mut().stand_in_variable("METERPIPE_TO");
        } else if settings.has_secret() {
            let (name, advice) = (&settings.name, "a file or the environment does not");
            messages.say(&format!("{name}: --to shows its secret to other users here: {advice}"));
        }
        all.push(settings);
    }
    Ok(all)
}

/// A sink, with what the environment adds to it. What is wrong with one of the configuration is found
/// again by its line, with one that is typed by its name.
fn ready(
    mut settings: SinkSettings,
    file: Option<&Path>,
    health: &LineCounters,
) -> Result<Ready, Stop> {
    environment::complete(&mut settings);
    let place = file.map_or_else(|| settings.name.clone(), |file| file.display().to_string());
    let origins = settings.origins().clone();
    sinks::build(settings, health)
        .map_err(|mistake| Stop::usage(format!("{place}: {}", origins.locate(&mistake))))
}
