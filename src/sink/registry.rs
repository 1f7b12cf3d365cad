//! All kinds of sink.
//!
//! A new sink needs a room with a [`SinkKind`], and one line in [`KINDS`]. Parsing, suggestions,
//! `config`, the environment, the completions of `--to` and meterpipe-sinks(7) follow from its
//! description.

use core::str::FromStr;

use crate::sink::{
    kind::{BuildContext, Lookup, SinkKind, SinkScheme},
    line_counters::LineCounters,
    settings::{
        SinkSettings,
        error::SettingError,
        key::SettingKey,
        origin::{SettingOrigin, TARGET_PATH},
        uri,
    },
    throttle::Throttle,
    traits::Sink,
};

/// All kinds of sink, in the order of the manual.
pub static KINDS: &[SinkKind] = &[
    crate::sink::mqtt::kind::MQTT,
    crate::sink::influx::kind::INFLUX,
    crate::sink::prometheus::kind::PROMETHEUS,
    crate::sink::site::kind::HTTP,
    crate::sink::solarview::SOLARVIEW,
    crate::sink::file::FILE,
    crate::sink::udp::kind::UDP,
    crate::sink::exec::kind::EXEC,
    crate::sink::webhook::kind::WEBHOOK,
];

/// All schemes.
pub fn schemes() -> impl Iterator<Item = &'static SinkScheme> {
    KINDS.iter().flat_map(|kind| kind.schemes)
}

/// The kind that a scheme belongs to.
pub fn kind(scheme: &str) -> Option<&'static SinkKind> {
    KINDS.iter().find(|kind| kind.has_scheme(scheme))
}

impl FromStr for SinkSettings {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        uri::parse(text, KINDS)
    }
}

/// The settings of `--to`. A scheme alone stands for the address that the environment has for it; options
/// may follow, as in `mqtt?layout=flat`.
///
/// # Errors
/// The text, or the address from the environment, is not that of a sink.
pub fn parse(text: &str, lookup: Lookup<'_>) -> Result<SinkSettings, SettingError> {
    let (scheme, query) = text.split_once('?').unwrap_or((text, ""));
    let address = kind(scheme).map(|kind| (kind.environment.read_address)(scheme, lookup));
    let Some(address) = address.transpose()?.flatten() else {
        return text.parse();
    };
    let variable = address.variable;
    let wrong = |error| SettingError::new(format!("${variable}: {error}"));
    let mut settings: SinkSettings = address.text.parse().map_err(wrong)?;
    if let Some(variable) = address.path {
        let origin = SettingOrigin::Variable(variable.to_owned());
        settings.origins_mut().note(TARGET_PATH, origin);
    }
    uri::set_options(&mut settings, query)?;
    Ok(settings)
}

/// The keys that the environment may set in these settings.
pub fn variable_keys(settings: &SinkSettings, lookup: Lookup<'_>) -> Vec<&'static SettingKey> {
    let Some(kind) = kind(&settings.scheme) else {
        return Vec::new();
    };
    kind.keys().filter(|key| (kind.environment.applies)(settings, key, lookup)).collect()
}

/// A sink that is ready to be started.
pub struct ConfiguredSink {
    /// The name of the sink in messages.
    pub name: String,
    /// Decides which telegrams the sink gets.
    pub throttle: Throttle,
    /// True if the sink gets only telegrams that the guard passes.
    pub guarded: bool,
    /// The [digest](SinkSettings::digest) of its settings.
    pub digest: u64,
    /// The sink itself.
    pub sink: Box<dyn Sink>,
}

/// Builds a sink for a run. It opens nothing yet.
///
/// # Errors
/// An invalid setting.
pub fn build(
    mut settings: SinkSettings,
    run: &str,
    counters: &LineCounters,
) -> Result<ConfiguredSink, SettingError> {
    let kind = kind(&settings.scheme).ok_or_else(|| unknown(&settings.scheme))?;
    settings.refuse_unknown()?;
    let (name, digest) = (settings.name.clone(), settings.digest());
    let throttle = settings.take_throttle()?;
    let guarded = settings.take_switch("guard")?;
    let context = BuildContext { run, counters, interval: throttle.interval() };
    let sink = (kind.build)(&mut settings, &context)?;
    settings.finish()?;
    Ok(ConfiguredSink { name, throttle: Throttle::new(throttle), guarded, digest, sink })
}

fn unknown(scheme: &str) -> SettingError {
    let mut names: Vec<_> = schemes().map(|scheme| scheme.name).collect();
    names.dedup();
    let names = names.join(", ");
    SettingError::new(format!("no sink is called {scheme}: there are {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::{
        common_keys::COMMON,
        duration::duration,
        key::{SettingDefault, SettingType},
    };

    #[test]
    fn schemes_and_keys_have_names_of_their_own() {
        for kind in KINDS {
            for scheme in kind.schemes {
                let kinds = KINDS.iter().filter(|kind| kind.has_scheme(scheme.name));
                assert_eq!(kinds.count(), 1, "{}", scheme.name);
                assert!(scheme.example.starts_with(&format!("{}:", scheme.name)));
            }
            let keys: Vec<_> = kind.keys().chain(COMMON).collect();
            for text in keys.iter().flat_map(|key| key.spellings()) {
                let keys = keys.iter().filter(|key| key.name == text || key.matches(&text));
                assert_eq!(keys.count(), 1, "{}: {text}", kind.title);
            }
        }
    }

    #[test]
    fn defaults_are_values_of_their_keys() {
        for key in KINDS.iter().flat_map(SinkKind::keys).chain(COMMON) {
            let SettingDefault::Value(default) = key.default else {
                continue;
            };
            let reads = match key.value {
                SettingType::Choice(words) => words.contains(&default),
                SettingType::Switch => default.parse::<bool>().is_ok(),
                SettingType::Number(_) => default.parse::<u32>().is_ok(),
                SettingType::Duration => duration(default).is_ok(),
                SettingType::Text(_) => !default.is_empty(),
                SettingType::List(_) | SettingType::Words(_) => false,
                SettingType::Table(..) | SettingType::SecretTable(..) => false,
                SettingType::Secret | SettingType::File | SettingType::Folder => false,
            };
            assert!(reads, "{} = {default}", key.name);
        }
    }

    #[test]
    fn only_the_variables_of_a_kind_set_its_keys() {
        let lookup = |name: &str| (name == "MQTT_USER").then(|| "anna".to_owned());
        let names = |uri: &str| {
            let keys = variable_keys(&uri.parse().unwrap(), &lookup).into_iter();
            keys.filter(|key| !key.variables.is_empty()).map(|key| key.name).collect::<Vec<_>>()
        };
        assert_eq!(names("mqtt://h"), ["user", "password"]);
        assert_eq!(names("influxdb://h?db=d"), ["user", "password", "db"]);
        assert!(names("file:x").is_empty() && names("carrier:pigeon").is_empty());
    }
}
