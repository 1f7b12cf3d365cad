//! Which sinks a run has: those of `--to`, else those of the configuration.

use crate::cli::{
    configuration::Config,
    environment,
    sinks::{self, Ready},
    status::Stop,
    voice::Voice,
};
use meterpipe::{
    format::usage::Usage,
    sink::{health::Health, settings::Settings},
};

/// The sinks, ready to be started.
pub fn of(
    to: &[String],
    config: Option<Config>,
    health: &Health,
    voice: &Voice,
) -> Result<Vec<Ready>, Stop> {
    let settings = match to.is_empty() {
        true => config.map(|config| config.sinks).unwrap_or_default(),
        false => typed(to, voice)?,
    };
    settings.into_iter().map(|settings| ready(settings, health)).collect()
}

/// Those of `--to`. What stands on the command line others can read.
fn typed(to: &[String], voice: &Voice) -> Result<Vec<Settings>, Stop> {
    let mut all = Vec::new();
    for to in to {
        let settings: Result<Settings, Usage> = environment::expand(to).parse();
        let settings = settings.map_err(|error| Stop::usage(format!("--to: {error}")))?;
        let is_typed = || std::env::args_os().any(|it| it.to_string_lossy().contains(to.as_str()));
        if settings.has_secret() && is_typed() {
            let (name, advice) = (&settings.name, "a file or the environment does not");
            voice.say(&format!("{name}: --to shows its secret to other users here: {advice}"));
        }
        all.push(settings);
    }
    Ok(all)
}

/// A sink, with what the environment adds to it.
fn ready(mut settings: Settings, health: &Health) -> Result<Ready, Stop> {
    environment::complete(&mut settings);
    let name = settings.name.clone();
    sinks::build(settings, health).map_err(|error| Stop::usage(format!("{name}: {error}")))
}
