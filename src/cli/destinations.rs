//! Which sinks a run has: those of `--to`, else those of the configuration.

use crate::cli::{
    configuration::Config,
    environment,
    sinks::{self, Ready},
    status::Stop,
};
use meterpipe::{
    format::usage::Usage,
    sink::{health::Health, settings::Settings},
};

/// The sinks, ready to be started.
pub fn of(to: &[String], config: Option<Config>, health: &Health) -> Result<Vec<Ready>, Stop> {
    let settings = match to.is_empty() {
        true => config.map(|config| config.sinks).unwrap_or_default(),
        false => {
            let all = to.iter().map(|to| environment::expand(to).parse());
            all.collect::<Result<Vec<Settings>, Usage>>()
                .map_err(|error| Stop::usage(format!("--to: {error}")))?
        }
    };
    settings.into_iter().map(|settings| ready(settings, health)).collect()
}

/// A sink, with what the environment adds to it.
pub fn ready(mut settings: Settings, health: &Health) -> Result<Ready, Stop> {
    environment::complete(&mut settings);
    let name = settings.name.clone();
    sinks::build(settings, health).map_err(|error| Stop::usage(format!("{name}: {error}")))
}
