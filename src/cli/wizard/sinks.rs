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
        let mut questions = Questions { prompts, answers: Vec::new() };
        sinks.extend(ask_until_it_works(*ask, &mut questions, args.offline, folders, context)?);
    }
    Ok(sinks)
}

/// Asks for a sink until it takes readings, or the user keeps it as it is or leaves it out.
fn ask_until_it_works(
    ask: AskSink,
    questions: &mut Questions<'_>,
    offline: bool,
    folders: &Folders,
    context: &mut Context,
) -> Result<Option<SinkSettings>, Stop> {
    loop {
        let (mistake, settings) = match ask(questions, folders)? {
            Err(mistake) => (mistake, None),
            Ok(settings) => match try_out(&settings, folders, offline, context) {
                Ok(()) => return Ok(Some(settings)),
                Err(mistake) => (mistake, Some(settings)),
            },
        };
        context.messages.fail(&mistake);
        let mut items = vec![AGAIN.to_owned(), LEAVE_OUT.to_owned()];
        items.extend(settings.iter().map(|_| KEEP.to_owned()));
        match questions.prompts.choice("And now", &items, 0, OPTION)? {
            0 => {}
            1 => return Ok(None),
            _ => return Ok(settings),
        }
    }
}

const AGAIN: &str = "correct the answers";
const LEAVE_OUT: &str = "leave this sink out";
const KEEP: &str = "keep this sink all the same";

/// The questions about a sink. The last answers, except for secrets, come up again when they are repeated.
struct Questions<'a> {
    prompts: &'a Prompts,
    answers: Vec<(String, String)>,
}

impl Questions<'_> {
    fn text(&mut self, question: &str, default: Option<&str>) -> Result<String, Stop> {
        match self.answers.iter_mut().find(|(asked, _)| asked == question) {
            Some((_, answer)) => {
                *answer = self.prompts.text_again(question, answer, OPTION)?;
                Ok(answer.clone())
            }
            None => {
                let answer = self.prompts.text(question, default, OPTION)?;
                self.answers.push((question.to_owned(), answer.clone()));
                Ok(answer)
            }
        }
    }

    fn secret(&self, question: &str) -> Result<String, Stop> {
        self.prompts.secret(question, OPTION).map(|secret| secret.to_string())
    }
}

/// Asks for the settings of a sink. The inner error is a mistake in the answers.
type AskSink = fn(&mut Questions<'_>, &Folders) -> Result<Result<SinkSettings, String>, Stop>;

const MENU: [(&str, Option<AskSink>); 5] = [
    ("Home Assistant, or another MQTT broker", Some(mqtt)),
    ("InfluxDB 2", Some(influx_2)),
    ("InfluxDB 1, or VictoriaMetrics", Some(influx_1)),
    ("a CSV file", Some(file)),
    ("that is all", None),
];

fn mqtt(questions: &mut Questions<'_>, _: &Folders) -> Result<Result<SinkSettings, String>, Stop> {
    let host = questions.text("Broker, as ADDRESS or ADDRESS:PORT", Some("homeassistant.local"))?;
    let user = questions.text("User (empty for none)", None)?;
    let password = match user.is_empty() {
        true => String::new(),
        false => questions.secret("Password")?,
    };
    let mut settings =
        settings(&format!("mqtt://{host}"), &[("user", user), ("password", password)]);
    // The service runs without the locale of the person who sets it up.
    settings.iter_mut().for_each(environment::complete_language);
    Ok(settings)
}

fn influx_2(
    questions: &mut Questions<'_>,
    folders: &Folders,
) -> Result<Result<SinkSettings, String>, Stop> {
    let host = questions.text("Server, as ADDRESS or ADDRESS:PORT", Some("localhost"))?;
    let org = questions.text("Organization", Some("home"))?;
    let bucket = questions.text("Bucket", Some("home"))?;
    let token = questions.secret("Token")?;
    let spool = folders.state.join("influx").display().to_string();
    let keys = [("org", org), ("bucket", bucket), ("token", token), ("spool", spool)];
    Ok(settings(&format!("influxdb://{host}"), &keys))
}

fn influx_1(
    questions: &mut Questions<'_>,
    folders: &Folders,
) -> Result<Result<SinkSettings, String>, Stop> {
    let host = questions.text("Server, as ADDRESS or ADDRESS:PORT", Some("localhost"))?;
    let database = questions.text("Database", Some("home"))?;
    let user = questions.text("User (empty for none)", None)?;
    let password = match user.is_empty() {
        true => String::new(),
        false => questions.secret("Password")?,
    };
    let spool = folders.state.join("influx").display().to_string();
    let keys = [("db", database), ("user", user), ("password", password), ("spool", spool)];
    Ok(settings(&format!("influxdb://{host}"), &keys))
}

fn file(
    questions: &mut Questions<'_>,
    folders: &Folders,
) -> Result<Result<SinkSettings, String>, Stop> {
    let path = folders.state.join("readings.csv").display().to_string();
    let path = questions.text("File", Some(&path))?;
    if path.contains(['?', '%', '{']) {
        return Ok(Err(format!("{path}: a name without ?, % and {{ is needed")));
    }
    let every =
        questions.text("A row every (such as 15m or 1h; all for each telegram)", Some("15m"))?;
    let every = if every == "all" { String::new() } else { every };
    let is_german = environment::language().is_some_and(|(_, language)| language == "de");
    let is_csv = Path::new(&path).extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
    let locale = if is_german && is_csv { "at".to_owned() } else { String::new() };
    Ok(settings(&format!("file:{path}"), &[("every", every), ("csv_locale", locale)]))
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
    let mut settings = settings.clone();
    // The service runs in another folder than this command.
    let file = match &settings.target {
        SinkTarget::File(path) => Some(path.display().to_string()),
        SinkTarget::Server { .. } => None,
    };
    let spool =
        settings.entries().find(|(key, _)| *key == "spool").map(|(_, path)| path.to_owned());
    let is_file = file.is_some();
    let paths: Vec<_> = file.into_iter().chain(spool).collect();
    let is_inside = |path: &String| Path::new(path).starts_with(&folders.state);
    for path in &paths {
        if !Path::new(path).is_absolute() || printable(path) != *path {
            return Err(format!("{name}: {}: {WHOLE_PATH}", printable(path)));
        }
        if folders.are_of_service && !is_inside(path) {
            let state = folders.state.display();
            return Err(format!("{name}: {path}: the service writes only below {state}"));
        }
    }
    // The folder comes with the first start of the service. A server can be tried before, without its spool.
    let is_early = !folders.state.exists() && paths.iter().any(is_inside);
    if is_early {
        settings.remove("spool");
        settings.remove("sync");
    }
    let built = registry::build(settings, "setup", &LineCounters::default());
    let mut built = built.map_err(|error| format!("{name}: {error}"))?;
    if is_early && is_file {
        return Ok(());
    }
    if !offline {
        let answer = built.sink.probe(TIMEOUT).map_err(|error| format!("{name}: {error}"))?;
        let _ = context.print(&format!("{name}: {answer}"));
    }
    Ok(())
}
