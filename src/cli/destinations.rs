//! Which sinks a run has: those of `--to`, else those of the configuration.

use crate::cli::{
    config::{self, Config},
    context::Context,
    environment,
    sinks::{self, Ready},
    status::Stop,
};
use meterpipe::{format::usage::Usage, sink::settings::Settings};

/// The sinks, ready to be started.
pub fn of(to: &[String], config: &config::Args, context: &Context) -> Result<Vec<Ready>, Stop> {
    let settings = match to.is_empty() {
        true => Config::find(config, context)?.map(|config| config.sinks).unwrap_or_default(),
        false => to.iter().map(|to| to.parse()).collect::<Result<Vec<Settings>, Usage>>()
            .map_err(|error| Stop::usage(format!("--to: {error}")))?,
    };
    let build = |mut settings: Settings| {
        environment::complete(&mut settings);
        let name = settings.name.clone();
        sinks::build(settings).map_err(|error| Stop::usage(format!("{name}: {error}")))
    };
    settings.into_iter().map(build).collect()
}
