//! The source and the key: a telegram arrives, and the key opens it.

use std::{fs, path::Path, sync::PoisonError, time::Duration};

use zeroize::Zeroizing;

use crate::cli::{
    live::{
        first_telegram::{FirstTelegram, TelegramOpener, first_telegram, run_in_the_way},
        sources::{self, Spec},
    },
    run::{
        context::Context,
        key_doubts::COMPARE,
        status::{Status, Stop},
    },
    setup::{
        setup_args::SetupArgs,
        shared_args::{LineArg, SerialArgs, title},
    },
    wizard::{prompts::Prompts, service},
};
use clap::{ValueEnum, builder::PossibleValue};
use meterpipe::{
    cipher::{ciphered::SystemTitle, key_file},
    error::Cause,
    file_error,
    source::{line::LineSettings, ports},
};

/// The meter of the new configuration.
#[derive(Debug)]
pub struct MeterPlan {
    /// Its source.
    pub source: String,
    /// The text of the key file; none for a virtual meter.
    pub key: Option<Zeroizing<String>>,
    /// The keys about its line, where they are not the usual ones.
    pub line: Vec<(&'static str, String)>,
    /// Its system title, if its telegrams carry none.
    pub title: Option<SystemTitle>,
}

/// Finds the source and the key.
///
/// # Errors
/// No telegram comes, no key opens it, or an answer is missing.
pub fn find(args: &SetupArgs, prompts: &Prompts, context: &mut Context) -> Result<MeterPlan, Stop> {
    let mut chosen = args.source.clone();
    loop {
        let source = match chosen.take() {
            Some(source) => source,
            None => choose_source(prompts)?,
        };
        if source.is_empty() {
            continue;
        }
        match with_source(source, args, prompts, context) {
            Err(Stop::Failed(status @ (Status::Source | Status::Nothing), text))
                if prompts.can_ask() =>
            {
                context.messages.fail(&text);
                if !prompts.confirm("Try again?", true)? {
                    return Err(Stop::Failed(status, "nothing is set up".to_owned()));
                }
            }
            found => return found,
        }
    }
}

fn choose_source(prompts: &Prompts) -> Result<String, Stop> {
    let ports = ports::available().into_iter().map(|port| port.display().to_string());
    let mut items: Vec<_> = ports.collect();
    if items.is_empty() {
        items.push(AGAIN.to_owned());
    }
    items.push(OTHER.to_owned());
    items.push(VIRTUAL.to_owned());
    let question = "Where is the meter";
    let option = "name it with --source";
    let chosen = prompts.choice(question, &items, 0, option)?;
    match items.get(chosen).map(String::as_str) {
        Some(VIRTUAL) => Ok("sim:".to_owned()),
        Some(AGAIN) => Ok(String::new()),
        Some(OTHER) | None => prompts.text("Device, or tcp://HOST:PORT", None, option),
        Some(port) => Ok(port.to_owned()),
    }
}

const AGAIN: &str = "no adapter is there: plug it in, and look again";
const OTHER: &str = "another device, or a server of a serial port";
const VIRTUAL: &str = "nowhere yet: try a virtual meter";

fn with_source(
    source: String,
    args: &SetupArgs,
    prompts: &Prompts,
    context: &mut Context,
) -> Result<MeterPlan, Stop> {
    let typed_line = args.serial != SerialArgs::default();
    let line = match typed_line {
        true => args.serial.clone(),
        false => SerialArgs { line: Some(LineArg::Auto), ..SerialArgs::default() },
    };
    let find = |lasting| match sources::find(Some(&source), &line, lasting)? {
        Spec::Simulated(_) => Ok(None),
        Spec::Live(live) => Ok(Some(live)),
        Spec::File(path) => {
            let path = path.display();
            Err(Stop::usage(format!("{path}: a file; a serial device is expected")))
        }
    };
    let (Some(once), Some(live)) = (find(false)?, find(true)?) else {
        return Ok(MeterPlan { source, key: None, line: Vec::new(), title: None });
    };
    // The service runs in another folder than this command.
    let source = match source.contains("://") {
        true => source,
        false => std::path::absolute(&source).map_or(source, |path| path.display().to_string()),
    };
    let typed = args.key_file.as_deref().map(read_key).transpose()?;
    if args.offline {
        let key = typed.map_or_else(|| ask_key(prompts), Ok)?;
        let (line, title) = (typed_rows(&args.serial), args.system_title);
        return Ok(MeterPlan { source, key: Some(key), line, title });
    }
    let timeout = args.timeout.unwrap_or(TIMEOUT);
    context.print(&format!("{source}: waiting for a telegram, {} s at most", timeout.as_secs()))?;
    let (mut current, lasting) = (once.current_line(), live.current_line());
    let telegram = match first_telegram(once, TelegramOpener::default(), timeout, context) {
        // A device that is missing is waited for.
        Err(Stop::Failed(Status::Source, text)) => {
            if let Some(pid) = run_in_the_way(&text) {
                free_port(&source, pid, args, prompts, context)?;
            }
            current = lasting;
            first_telegram(live, TelegramOpener::default(), timeout, context)?
        }
        found => found?,
    };
    let current = current.map(|line| *line.lock().unwrap_or_else(PoisonError::into_inner));
    let line = current.map(found_rows).unwrap_or_default();
    let (mut typed, mut title) = (typed, args.system_title);
    loop {
        let key = typed.take().map_or_else(|| ask_key(prompts), Ok)?;
        if prompts.can_ask() && lacks_title(&telegram, &key, title) {
            title = Some(ask_title(prompts, context)?);
        }
        match opened(&telegram, &key, title) {
            Ok(text) => {
                context.print(&format!("The key fits: {text}"))?;
                let title = title.filter(|_| telegram.title.is_none());
                return Ok(MeterPlan { source, key: Some(key), line, title });
            }
            Err(text) if prompts.can_ask() => {
                context.messages.fail(&text);
                // It may be the wrong one of the two.
                title = None;
            }
            Err(text) => return Err(Stop::Failed(Status::Closed, text)),
        }
    }
}

/// The keys of the configuration for a line that was typed.
fn typed_rows(args: &SerialArgs) -> Vec<(&'static str, String)> {
    let name = |value: PossibleValue| value.get_name().to_owned();
    let line = args.line.and_then(|it| it.to_possible_value()).map(name);
    let parity = args.parity.and_then(|it| it.to_possible_value()).map(name);
    let baud = args.baud.map(|it| it.to_string());
    let rows = [("line", line), ("baud", baud), ("parity", parity)];
    rows.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The same for a line on which a telegram came, if it is not the usual one.
fn found_rows(settings: LineSettings) -> Vec<(&'static str, String)> {
    match settings.name() {
        _ if settings == LineSettings::M_BUS => Vec::new(),
        Some(name) => vec![("line", name.to_owned())],
        None => {
            vec![("baud", settings.baud.to_string()), ("parity", settings.parity.to_string())]
        }
    }
}

/// Takes the port from another run of this program, which has it.
fn free_port(
    source: &str,
    pid: u32,
    args: &SetupArgs,
    prompts: &Prompts,
    context: &mut Context,
) -> Result<(), Stop> {
    let in_use = |by: &str, advice: &str| {
        Err(Stop::Failed(Status::Source, format!("{source}: in use by {by}; {advice}")))
    };
    let Some(unit) = service::unit_of(pid) else {
        return in_use(&format!("meterpipe[{pid}]"), "end that run first");
    };
    let question =
        format!("{unit} reads this meter. Stop it for the test, and start it again at the end?");
    if !args.stop_service && !prompts.confirm(&question, true)? {
        return in_use(&unit, "--stop-service stops it for the test");
    }
    service::stop(unit.clone())?;
    context.print(&format!("{unit} is stopped until the end of the setup"))
}

/// The time to wait for a telegram: six intervals of a meter that pushes each five seconds, and some more for
/// those that push less often.
const TIMEOUT: Duration = Duration::from_secs(90);

fn ask_key(prompts: &Prompts) -> Result<Zeroizing<String>, Stop> {
    let question = "Key of the customer interface (GUEK), 32 hex digits";
    prompts.secret(question, "name a file with --key-file")
}

/// Asks for the system title of a meter that sends none.
fn ask_title(prompts: &Prompts, context: &Context) -> Result<SystemTitle, Stop> {
    let question = "The telegrams carry no system title. That of the meter, 16 hex digits";
    loop {
        let text = prompts.text(question, None, "give it with --system-title")?;
        match title(&text) {
            Ok(title) => return Ok(title),
            Err(why) => context.messages.fail(&why),
        }
    }
}

fn read_key(path: &Path) -> Result<Zeroizing<String>, Stop> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|error| {
        Stop::usage(format!("{}: {}", path.display(), file_error::unreadable(&error)))
    })
}

/// The telegram, tried with the key of a text and a title.
fn tried(
    telegram: &FirstTelegram,
    key: &str,
    title: Option<SystemTitle>,
) -> Result<FirstTelegram, String> {
    let keys = key_file::parse(key).map_err(|defect| defect.error.to_string())?;
    Ok(telegram.with(TelegramOpener { keys, title, ..TelegramOpener::default() }))
}

/// True if no key opens the telegram without the system title of its meter.
fn lacks_title(telegram: &FirstTelegram, key: &str, title: Option<SystemTitle>) -> bool {
    let tried = tried(telegram, key, title).ok().and_then(|it| it.closed);
    tried.is_some_and(|error| error.cause == Cause::NoTitle)
}

/// Opens a telegram with the key of a text, and says what is in it.
fn opened(
    telegram: &FirstTelegram,
    key: &str,
    title: Option<SystemTitle>,
) -> Result<String, String> {
    let opened = tried(telegram, key, title)?;
    match (opened.closed, opened.meter) {
        (None, Some(number)) => Ok(format!("meter {number}")),
        (None, None) => Ok("a meter without a number".to_owned()),
        (Some(error), _) => {
            let of_meter = telegram
                .title
                .map(|title| format!(" of the meter with system title {}", hex::encode(title)));
            let why = match error.cause {
                Cause::KeyOrDamage if title.is_some() && telegram.title.is_none() => {
                    format!("the key or the system title does not fit; {COMPARE}")
                }
                Cause::KeyOrDamage => COMPARE.to_owned(),
                Cause::NoTitle => format!("{error}; give it with --system-title"),
                _ => error.to_string(),
            };
            Err(format!(
                "this key does not open the telegram{}: {why}",
                of_meter.unwrap_or_default()
            ))
        }
    }
}
