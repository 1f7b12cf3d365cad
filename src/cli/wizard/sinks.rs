//! The sinks: asked for, tried, kept.

use std::{path::Path, time::Duration};

use crate::cli::{
    run::{
        context::Context,
        status::{Status, Stop},
    },
    setup::{environment, setup_args::SetupArgs},
    wizard::{files::Folders, prompts::Prompts},
};
use meterpipe::{
    format::printable::printable,
    sink::{
        line_counters::LineCounters,
        registry,
        settings::{SinkSettings, SinkTarget, origin::SettingOrigin},
    },
};

/// The time for the answer of a server.
const TIMEOUT: Duration = Duration::from_secs(10);

const WHOLE_PATH: &str = "the whole path is needed, from / on, without hidden characters";

const OPTION: &str = "name it with --to";

/// Finds the sinks of the new configuration.
///
/// # Errors
/// A sink of the options is wrong or refuses, or the user interrupts.
pub fn find(
    args: &SetupArgs,
    folders: &Folders,
    prompts: &Prompts,
    context: &mut Context,
) -> Result<Vec<SinkSettings>, Stop> {
    let mut sinks = Vec::new();
    for to in &args.to {
        let mut settings = environment::sink(to).map_err(|error| Stop::usage(error.to_string()))?;
        environment::complete(&mut settings);
        match try_out(&settings, folders, args.offline, context) {
            Ok(()) => sinks.push(settings),
            Err(text) => return Err(Stop::Failed(Status::Output, text)),
        }
    }
    while args.to.is_empty() && prompts.can_ask() {
        let (question, usual) = match sinks.is_empty() {
            true => ("Where shall the readings go", 0),
            false => ("And where else", MENU.len() - 1),
        };
        let items = MENU.map(|(text, _)| text.to_owned());
        let chosen = prompts.choice(question, &items, usual, OPTION)?;
        let Some((_, Some(ask))) = MENU.get(chosen) else {
            break;
        };
        let settings = match ask(prompts, folders)? {
            Ok(settings) => settings,
            Err(mistake) => {
                context.messages.fail(&mistake);
                continue;
            }
        };
        match try_out(&settings, folders, args.offline, context) {
            Ok(()) => sinks.push(settings),
            Err(text) => {
                context.messages.fail(&text);
                if prompts.confirm("Keep this sink all the same?", false)? {
                    sinks.push(settings);
                }
            }
        }
    }
    Ok(sinks)
}

/// Asks for the settings of a sink. The inner error is a mistake in the answers.
type AskSink = fn(&Prompts, &Folders) -> Result<Result<SinkSettings, String>, Stop>;

const MENU: [(&str, Option<AskSink>); 5] = [
    ("Home Assistant, or another MQTT broker", Some(mqtt)),
    ("InfluxDB 2", Some(influx_2)),
    ("InfluxDB 1, or VictoriaMetrics", Some(influx_1)),
    ("a CSV file", Some(file)),
    ("that is all", None),
];

fn mqtt(prompts: &Prompts, _: &Folders) -> Result<Result<SinkSettings, String>, Stop> {
    let host = prompts.text("Broker, as ADDRESS or ADDRESS:PORT", Some("localhost"), OPTION)?;
    let user = prompts.text("User (empty for none)", None, OPTION)?;
    let password = match user.is_empty() {
        true => String::new(),
        false => prompts.secret("Password", OPTION)?.to_string(),
    };
    Ok(settings(&format!("mqtt://{host}"), &[("user", user), ("password", password)]))
}

fn influx_2(prompts: &Prompts, folders: &Folders) -> Result<Result<SinkSettings, String>, Stop> {
    let host = prompts.text("Server, as ADDRESS or ADDRESS:PORT", Some("localhost"), OPTION)?;
    let org = prompts.text("Organization", Some("home"), OPTION)?;
    let bucket = prompts.text("Bucket", Some("home"), OPTION)?;
    let token = prompts.secret("Token", OPTION)?.to_string();
    let spool = folders.state.join("influx").display().to_string();
    let keys = [("org", org), ("bucket", bucket), ("token", token), ("spool", spool)];
    Ok(settings(&format!("influxdb://{host}"), &keys))
}

fn influx_1(prompts: &Prompts, folders: &Folders) -> Result<Result<SinkSettings, String>, Stop> {
    let host = prompts.text("Server, as ADDRESS or ADDRESS:PORT", Some("localhost"), OPTION)?;
    let database = prompts.text("Database", Some("home"), OPTION)?;
    let user = prompts.text("User (empty for none)", None, OPTION)?;
    let password = match user.is_empty() {
        true => String::new(),
        false => prompts.secret("Password", OPTION)?.to_string(),
    };
    let spool = folders.state.join("influx").display().to_string();
    let keys = [("db", database), ("user", user), ("password", password), ("spool", spool)];
    Ok(settings(&format!("influxdb://{host}"), &keys))
}

fn file(prompts: &Prompts, folders: &Folders) -> Result<Result<SinkSettings, String>, Stop> {
    let path = folders.state.join("readings.csv").display().to_string();
    let path = prompts.text("File", Some(&path), OPTION)?;
    if path.contains(['?', '%', '{']) {
        return Ok(Err(format!("{path}: a name without ?, % and {{ is needed")));
    }
    Ok(settings(&format!("file:{path}"), &[]))
}

/// The settings of a sink with these keys; empty values are left out.
fn settings(to: &str, keys: &[(&str, String)]) -> Result<SinkSettings, String> {
    let mut settings = environment::sink(to).map_err(|error| error.to_string())?;
    for (key, value) in keys.iter().filter(|(_, value)| !value.is_empty()) {
        let set = settings.set(key, value.clone(), SettingOrigin::Text);
        set.map_err(|error| error.to_string())?;
    }
    Ok(settings)
}

fn try_out(
    settings: &SinkSettings,
    folders: &Folders,
    offline: bool,
    context: &mut Context,
) -> Result<(), String> {
    let name = settings.name.clone();
    // The service runs in another folder than this command.
    let file = match &settings.target {
        SinkTarget::File(path) => Some(path.display().to_string()),
        SinkTarget::Server { .. } => None,
    };
    let spool =
        settings.entries().find(|(key, _)| *key == "spool").map(|(_, path)| path.to_owned());
    for path in file.into_iter().chain(spool) {
        if !Path::new(&path).is_absolute() || printable(&path) != path {
            return Err(format!("{name}: {}: {WHOLE_PATH}", printable(&path)));
        }
        let is_inside = Path::new(&path).starts_with(&folders.state);
        if folders.are_of_service && !is_inside {
            let state = folders.state.display();
            return Err(format!("{name}: {path}: the service writes only below {state}"));
        }
        if is_inside && !folders.state.exists() {
            // The folder comes with the first start of the service.
            return Ok(());
        }
    }
    let built = registry::build(settings.clone(), "setup", &LineCounters::default());
    let mut built = built.map_err(|error| format!("{name}: {error}"))?;
    if !offline {
        let answer = built.sink.probe(TIMEOUT).map_err(|error| format!("{name}: {error}"))?;
        let _ = context.print(&format!("{name}: {answer}"));
    }
    Ok(())
}
