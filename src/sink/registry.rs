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
    /// The [place](SinkSettings::place) where it stores readings.
    pub place: String,
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
    let (name, place, digest) = (settings.name.clone(), settings.place(), settings.digest());
    let throttle = settings.take_throttle()?;
    let guarded = settings.take_switch("guard")?;
    let context = BuildContext { run, counters, interval: throttle.interval() };
    let sink = (kind.build)(&mut settings, &context)?;
    settings.finish()?;
    let throttle = Throttle::new(throttle);
    Ok(ConfiguredSink { name, place, throttle, guarded, digest, sink })
}

fn unknown(scheme: &str) -> SettingError {
    let mut names: Vec<_> = schemes().map(|scheme| scheme.name).collect();
    names.dedup();
    let names = names.join(", ");
    SettingError::new(format!("no sink is called {scheme}: there are {names}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        format::readings::Readings,
        sink::{
            kind::TargetForm,
            settings::{
                common_keys::COMMON,
                duration::duration,
                key::{SettingDefault, SettingType},
            },
            traits::{ReportedTexts, SinkPreview},
        },
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

    /// An address of a kind that says nothing of its form.
    fn address(scheme: &SinkScheme, folder: &str) -> String {
        let example = scheme.example.replace("PORT", "1").replace("HOST", "h");
        match scheme.form {
            TargetForm::Server if scheme.name.starts_with("influxdb") => format!("{example}?db=d&"),
            TargetForm::Server => format!("{example}?"),
            TargetForm::File => format!("{}:{folder}/f?", scheme.name),
            TargetForm::Program => format!("{}:cat?", scheme.name),
        }
    }

    /// Each sink in each of its forms either takes no intervals, or tells them from readings.
    #[test]
    fn no_sink_takes_the_energy_of_an_interval_for_a_register() {
        let folder = tempfile::tempdir().unwrap();
        let line = "{\"schema\":1,\"start\":\"2026-06-21T12:00:00+02:00\",\"end\":\"2026-06-21T12:15:00+02:00\",\
                    \"meter\":\"18\",\"energy_import_wh\":4711,\"power_import_mean_w\":18844,\"complete\":true}";
        let row = Arc::new(Readings::parse(line.as_bytes()).unwrap());
        let (mut shown, mut refused) = (0, Vec::new());
        for kind in KINDS {
            let forms = kind.keys().filter_map(|key| match key.value {
                SettingType::Choice(words) if ["format", "layout", "style"].contains(&key.name) => {
                    Some(words.iter().map(|word| format!("{}={word}", key.name)))
                }
                _ => None,
            });
            let forms: Vec<_> = forms.flatten().chain([String::new()]).collect();
            for (scheme, form) in
                kind.schemes.iter().flat_map(|it| forms.iter().map(move |form| (it, form)))
            {
                let uri =
                    format!("{}{form}", address(scheme, &folder.path().display().to_string()));
                let settings: SinkSettings = uri.parse().unwrap();
                let sink = build(settings, "test", &LineCounters::default());
                let mut sink = sink.unwrap_or_else(|error| panic!("{uri}: {error}")).sink;
                if let Some(form) = sink.form_of_registers() {
                    refused.push((scheme.name, form));
                    continue;
                }
                let previews = sink.preview(&row, &ReportedTexts::default());
                for SinkPreview { place, content } in previews {
                    let text = format!("{place} {}", String::from_utf8_lossy(&content));
                    if !text.contains("4711") && !text.contains("4.711") {
                        continue;
                    }
                    shown += 1;
                    assert!(
                        ["1.8.0", "\"ic\""].iter().all(|name| !text.contains(name)),
                        "{uri}: {text}"
                    );
                    let is_told =
                        ["start", "-interval/", "smartmeter_15m", "2026-06-21T12:15:00+02:00"];
                    assert!(is_told.iter().any(|part| text.contains(part)), "{uri}: {text}");
                }
            }
        }
        assert!(shown > 10, "{shown}");
        let mut forms: Vec<_> = refused.iter().map(|(_, form)| *form).collect();
        forms.sort_unstable();
        forms.dedup();
        assert_eq!(
            forms,
            [
                "a readout for Solarview",
                "format=csv without fields",
                "format=shrdzm",
                "layout=adapter"
            ]
        );
    }
}
