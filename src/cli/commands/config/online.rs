//! The check of a configuration against what it names: sources are read, and sinks are asked.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use crate::cli::{
    input::files,
    live::{
        first_telegram::{self, FirstTelegram, TelegramOpener, first_telegram, run_in_the_way},
        reload::KeySources,
        sources::{self, Spec},
    },
    run::{
        context::Context,
        decoder::ChainSettings,
        key_doubts::COMPARE,
        messages::{MessageSettings, Messages, Verbosity},
        status::{Status, Stop},
    },
    setup::{
        config_file::Config,
        credentials, environment, families,
        shared_args::{KeyArgs, SerialArgs},
    },
};
use meterpipe::{diagnosis::diagnosis::Diagnosis, error::Cause, sink::registry::ConfiguredSink};

/// The time that an answer may take beyond the user's: nothing interrupts the look-up of a name.
pub const GRACE: Duration = Duration::from_secs(2);

/// The statuses of failures, the worst one first.
const WORST: [Status; 5] =
    [Status::Usage, Status::Source, Status::Output, Status::Closed, Status::Nothing];

/// A source or sink that was asked, in a thread of its own.
pub struct Question {
    /// Its name.
    pub name: String,
    /// Brings the answer.
    pub answer: Receiver<Result<String, Stop>>,
}

/// Asks all sources and sinks at the same time, and prints an answer for each.
///
/// # Errors
/// Some failed, with the status of the worst failure.
pub fn run(
    config: &Config,
    sinks: Vec<ConfiguredSink>,
    timeout: Duration,
    settings: MessageSettings,
    context: &mut Context,
) -> Result<(), Stop> {
    let mut questions = ask_sources(config, timeout, settings)?;
    for ConfiguredSink { name, mut sink, .. } in sinks {
        questions.push(ask(name, move || {
            sink.probe(timeout).map_err(|why| Stop::Failed(Status::Output, why))
        }));
    }
    // Mistakes were reported before; the answers come as they are known.
    let (all, mut failures) = (questions.len(), Vec::new());
    for Question { name, answer } in questions {
        context.output.flush()?;
        let late =
            || Stop::Failed(Status::Output, format!("no answer for {} s", timeout.as_secs()));
        match answer.recv_timeout(timeout + GRACE).unwrap_or_else(|_| Err(late())) {
            Ok(text) => {
                context.output.text.extend_from_slice(format!("{name}: {text}\n").as_bytes());
            }
            Err(Stop::Failed(status, text)) => {
                let is_named = text.starts_with(&name);
                let text = if is_named { text } else { format!("{name}: {text}") };
                context.messages.fail(&text);
                failures.push(status);
            }
            Err(Stop::Interrupted) => {
                return Err(Stop::Failed(Status::Nothing, "interrupted".to_owned()));
            }
            Err(stop) => return Err(stop),
        }
    }
    match WORST.into_iter().find(|status| failures.contains(status)) {
        None => Ok(()),
        Some(worst) => Err(Stop::Failed(worst, format!("{} of {all} failed", failures.len()))),
    }
}

/// Asks in a thread of its own.
pub fn ask(
    name: String,
    question: impl FnOnce() -> Result<String, Stop> + Send + 'static,
) -> Question {
    let (sender, answer) = channel();
    // Without a thread there is no answer, which is reported.
    let _ = thread::Builder::new().name("check".to_owned()).spawn(move || {
        let _ = sender.send(question());
    });
    Question { name, answer }
}

fn ask_sources(
    config: &Config,
    timeout: Duration,
    settings: MessageSettings,
) -> Result<Vec<Question>, Stop> {
    let mut found = Vec::new();
    let families = families::all(&[], Some(config))?;
    // One variable cannot name the sources of several meters.
    let source = environment::source().filter(|_| config.meters.len() <= 1);
    for meter in &config.meters {
        let name = source.as_ref().or(meter.source.as_ref());
        let line = meter.line(&SerialArgs::default());
        // A run waits for a source that is away; a check reports it.
        let spec = sources::find(name.map(String::as_str), &line, false);
        let settings = ChainSettings { families, links: meter.link.unwrap_or_default() };
        let (title, keys) = (meter.system_title, Vec::new());
        found.push((name.cloned(), spec, TelegramOpener { keys, title, settings }));
    }
    // The configuration of `publish` has no meter. A run of `watch` uses the default source.
    if config.meters.is_empty()
        && let Ok(spec) = sources::find(None, &SerialArgs::default(), false)
    {
        found.push((source, Ok(spec), TelegramOpener::default()));
    }
    let simulated = found.iter().any(|(_, spec, _)| matches!(spec, Ok(Spec::Simulated(_))));
    let sources = KeySources { args: KeyArgs::default(), simulated };
    // The check of the files has reported who else can read them.
    let keys = sources.read(Some(config), &Messages::new("config", Verbosity::Quiet))?;
    Ok(found
        .into_iter()
        .map(|(name, spec, opener)| {
            let name = name.unwrap_or_else(|| match &spec {
                Ok(Spec::Live(source) | Spec::Simulated(source)) => source.name().to_owned(),
                Ok(Spec::File(path)) => path.display().to_string(),
                Err(_) => "the default source".to_owned(),
            });
            let opener = TelegramOpener { keys: keys.clone(), ..opener };
            let advice = credentials::advice(&config.path);
            ask(name, move || read(spec?, opener, timeout, settings, advice))
        })
        .collect())
}

/// Waits for a telegram of a source. Its other messages are those of a run.
fn read(
    spec: Spec,
    opener: TelegramOpener,
    timeout: Duration,
    settings: MessageSettings,
    no_key_advice: &str,
) -> Result<String, Stop> {
    let mut context = Context::new("config", settings);
    let found = match spec {
        Spec::Live(source) | Spec::Simulated(source) => {
            first_telegram(source, opener, timeout, &mut context)
        }
        Spec::File(path) => first_telegram::of_input(opener, &mut context, |stage, context| {
            files::run(&[path], None, Some(timeout), stage, context)
        }),
    };
    match found {
        Ok(found) => report(&found, no_key_advice),
        Err(Stop::Failed(Status::Source, text)) => match run_in_the_way(&text) {
            Some(pid) => {
                Ok(format!("in use by meterpipe[{pid}], which is right if that is the service"))
            }
            None => Err(Stop::Failed(Status::Source, text)),
        },
        Err(stop) => Err(stop),
    }
}

/// The answer of a source with a telegram.
fn report(found: &FirstTelegram, no_key_advice: &str) -> Result<String, Stop> {
    let title = || match found.title {
        Some(title) => format!("the meter with system title {}", hex::encode(title)),
        None => "a meter without a number".to_owned(),
    };
    let meter = found.meter.as_ref().map_or_else(title, |number| format!("meter {number}"));
    let Some(error) = found.closed else {
        let how = if found.title.is_some() { "opened" } else { "not encrypted" };
        return Ok(format!("telegram of {meter}, {how}"));
    };
    let why = match error.cause {
        Cause::NoKey => format!("no key for it; {no_key_advice}"),
        Cause::NoTitle => format!("{error}; give it with system_title"),
        Cause::KeysSwapped => Diagnosis::AuthenticationKey.hint().to_owned(),
        Cause::KeyOrDamage => format!("the key does not fit; {COMPARE}"),
        _ => error.to_string(),
    };
    Err(Stop::Failed(Status::Closed, format!("telegram of {meter}: {why}")))
}
