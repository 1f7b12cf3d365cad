//! The environment: our own variables, and those that older programs read.

use std::{env, fs, io, path::Path};

use clap::{Arg, Command};
use meterpipe::sink::{
    kind::first,
    registry,
    settings::{
        SinkSettings,
        error::SettingError,
        key::{SettingKey, SettingType},
        origin::SettingOrigin,
    },
};
use zeroize::Zeroizing;

use crate::cli::setup::{credentials, suggestion};

/// Lets each option that is not typed take its value from the environment: `--format` from
/// `METERPIPE_FORMAT`. Keys have variables of their own, and `simulate` takes nothing but its
/// arguments.
pub fn options(command: Command) -> Command {
    match command.get_name() {
        "simulate" => command,
        // METERPIPE_FORMAT is the format of readings.
        "doctor" => command.mut_args(|arg| match arg.get_long() {
            Some("format") => arg,
            _ => option(arg),
        }),
        _ => command.mut_args(option).mut_subcommands(options),
    }
}

fn option(arg: Arg) -> Arg {
    match arg.get_long() {
        None | Some("key" | "key-file") => arg,
        Some(_) if !arg.get_action().takes_values() => arg,
        Some(long) => {
            let own = variable(long);
            let name = match long {
                "baud" if set(&own).is_none() => "P1_BAUD".to_owned(),
                _ => own,
            };
            // An empty variable counts as unset. clap keeps the name of a variable for the whole
            // run, so the name is leaked.
            match set(&name) {
                Some(_) => arg.env(&*name.leak()).hide_env(true),
                None => arg,
            }
        }
    }
}

/// The variable that an option has its value from, if nobody typed the option.
pub fn variable_of(long: &str) -> Option<String> {
    let option = format!("--{long}");
    let is_typed = env::args_os().any(|it| {
        it.to_string_lossy()
            .strip_prefix(&option)
            .is_some_and(|it| matches!(it.get(..1), None | Some("=")))
    });
    Some(variable(long)).filter(|name| !is_typed && set(name).is_some())
}

/// The option as its user wrote it: `--format`, or `$METERPIPE_FORMAT`.
pub fn spelling(long: &str) -> String {
    variable_of(long).map_or_else(|| format!("--{long}"), |variable| format!("${variable}"))
}

/// The variables with our prefix that nothing reads, each with a hint at the one that it means, or that has
/// nearly its letters.
pub fn unknown(command: &Command) -> Vec<(String, String)> {
    let known = known(command);
    let unknown = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let is_ours = |name: &String| FOR_BUILDS.iter().any(|part| name.starts_with(part));
    let unknown = unknown.filter(|name| name.starts_with(PREFIX) && !is_ours(name));
    let unknown = unknown.filter(|name| !known.contains(name));
    let mut pairs: Vec<_> = unknown.map(|name| (name.clone(), hint(&name, &known))).collect();
    pairs.sort();
    pairs
}

/// The variable that an unknown one stands for, behind a colon.
fn hint(name: &str, known: &[String]) -> String {
    let word = name.strip_prefix(PREFIX).unwrap_or_default();
    let known = |is: &dyn Fn(&String) -> bool| known.iter().find(|name| is(name));
    let option = suggestion::option_of(word).map_or_else(|| word.to_lowercase(), str::to_owned);
    let meant = known(&|it| *it == variable(&option));
    let ending = format!("_{word}");
    // Each setting of a sink has its own variable.
    let of_sink = || known(&|it| option != "source" && it.ends_with(&ending));
    let least = word.len() / 4;
    let near = || known(&|it| strsim::damerau_levenshtein(it, name) <= least);
    match meant.filter(|_| option != "to").or_else(of_sink).or(meant).or_else(near) {
        Some(meant) => format!(": did you mean ${meant}?"),
        None if option == "verbose" => ": --verbose has no variable".to_owned(),
        None => String::new(),
    }
}

/// All variables with our prefix.
fn known(command: &Command) -> Vec<String> {
    let commands = command.get_subcommands().chain([command]);
    let arguments = commands.flat_map(Command::get_arguments);
    // Those without a value are read from no variable.
    let longs = arguments.filter(|it| it.get_action().takes_values()).filter_map(Arg::get_long);
    let options = longs.map(variable);
    let settings = registry::KINDS.iter().flat_map(|kind| {
        let keys = kind.keys().flat_map(|key| key.variables);
        keys.chain(kind.environment.address.iter().flat_map(|(_, names)| *names))
    });
    let own = ["METERPIPE_SOURCE", "METERPIPE_KEY", "METERPIPE_GAK"].iter();
    let secrets = settings.chain(own).filter(|name| name.starts_with(PREFIX));
    let secrets = secrets.flat_map(|name| [(*name).to_owned(), format!("{name}_FILE")]);
    options.chain(secrets).collect()
}

/// The variable of an option.
fn variable(long: &str) -> String {
    format!("{PREFIX}{}", long.to_uppercase().replace('-', "_"))
}

/// The variables of builds and tests, which a run may inherit.
const FOR_BUILDS: [&str; 6] = [
    "METERPIPE_BUILD",
    "METERPIPE_COMMIT",
    "METERPIPE_TEST",
    "METERPIPE_CHAOS",
    "METERPIPE_KILLS",
    "METERPIPE_YEAR",
];

/// The prefix of our variables.
const PREFIX: &str = "METERPIPE_";

/// The source of a run that names none.
pub fn source() -> Option<String> {
    first(&["METERPIPE_SOURCE", "P1_PORT"], &set).map(|(_, source)| source)
}

/// The sink with this text. A scheme alone stands for the address that the environment has for it:
/// `mqtt` is `mqtt://$MQTT_HOST:$MQTT_PORT/$MQTT_BASE_TOPIC`.
pub fn sink(to: &str) -> Result<SinkSettings, SettingError> {
    registry::parse(to, &set)
}

/// Adds the settings of the environment to those of the user. A file that systemd passes as a credential of
/// the same name is read there: a unit may not be allowed to read the file itself.
pub fn complete(settings: &mut SinkSettings) {
    let keys = registry::variable_keys(settings, &set);
    for key in &keys {
        let path = key.credential.and_then(credentials::path);
        if let Some(path) = path.filter(|path| has_content(path)) {
            offer_file(settings, key.name, path.display().to_string(), credentials::VARIABLE);
        }
    }
    if let Some(folder) = credentials::folder() {
        settings.replace_files(|path| {
            let copy = folder.join(Path::new(path).file_name()?);
            has_content(&copy).then(|| copy.display().to_string())
        });
    }
    for key in keys {
        for variable in key.variables {
            let file = format!("{variable}_FILE");
            if let Some(path) = set(&file).filter(|_| key.is_secret()) {
                offer_file(settings, key.name, path, &file);
            }
            if let Some(value) = set(variable) {
                offer(settings, key.name, key.name, value, variable);
            }
        }
    }
    complete_language(settings);
}

/// Sets the language of names by the locale.
pub fn complete_language(settings: &mut SinkSettings) {
    for key in registry::variable_keys(settings, &set).iter().filter(|key| key.is_language) {
        offer_language(settings, key);
    }
}

/// The columns of the output, as shells and cron jobs say.
pub fn columns() -> Option<usize> {
    set("COLUMNS")?.parse().ok()
}

/// The language of the locale, such as `de`, and the variable that says so.
pub fn language() -> Option<(&'static str, String)> {
    let (variable, locale) = first(&["LC_ALL", "LC_MESSAGES", "LANG"], &set)?;
    Some((variable, locale.split(['_', '.', '@']).next().unwrap_or_default().to_owned()))
}

/// Sets a choice of languages by the locale, as POSIX says: the first variable that is set counts. A language
/// that is no choice sets nothing.
fn offer_language(settings: &mut SinkSettings, key: &SettingKey) {
    let Some((variable, language)) = language() else {
        return;
    };
    if matches!(key.value, SettingType::Choice(words) if words.contains(&&*language)) {
        offer(settings, key.name, key.name, language, variable);
    }
}

/// False for a file that is missing or blank: a unit of systemd may give a blank credential where there is
/// none.
fn has_content(path: &Path) -> bool {
    match fs::read(path).map(Zeroizing::new) {
        Ok(content) => !content.trim_ascii().is_empty(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn offer_file(settings: &mut SinkSettings, key: &str, path: String, variable: &str) {
    offer(settings, key, &format!("{key}_file"), path, variable);
}

/// Sets one spelling of a key if no spelling is set: a secret and its file are two spellings.
fn offer(settings: &mut SinkSettings, key: &str, spelling: &str, value: String, variable: &str) {
    if !settings.has(key) && !settings.has(&format!("{key}_file")) {
        // The check above leaves no key that is set already, so this cannot fail.
        let _ = settings.set(spelling, value, SettingOrigin::Variable(variable.to_owned()));
    }
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}
