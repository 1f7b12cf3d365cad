//! What the environment says: our own variables, and those that older programs read.

mod address;

use std::{env, path::Path};

use clap::{Arg, Command};
use meterpipe::{
    format::usage::Usage,
    sink::settings::{SinkSettings, origin::SettingOrigin},
};

/// Lets each option that takes a value take it from the environment where it is not typed: `--format`
/// from `METERPIPE_FORMAT`. Keys have ways of their own, and a virtual meter is what is typed.
pub fn options(command: Command) -> Command {
    match command.get_name() {
        "simulate" => command,
        _ => command.mut_args(option).mut_subcommands(options),
    }
}

fn option(arg: Arg) -> Arg {
    match arg.get_long() {
        None | Some("key" | "key-file") => arg,
        Some(_) if !arg.get_action().takes_values() => arg,
        Some(long) => {
            let own = format!("METERPIPE_{}", long.to_uppercase().replace('-', "_"));
            let name = match long {
                "baud" if set(&own).is_none() => "P1_BAUD".to_owned(),
                _ => own,
            };
            // An empty variable says nothing. The name of one that says something stays for the run,
            // as those that are written here do.
            match set(&name) {
                Some(_) => arg.env(&*name.leak()).hide_env(true),
                None => arg,
            }
        }
    }
}

/// The source, where none is named.
pub fn source() -> Option<String> {
    first(&["METERPIPE_SOURCE", "P1_PORT"]).map(|(_, source)| source)
}

/// What a variable is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VariableKind {
    Mqtt,
    /// Version 1 of InfluxDB.
    Influx1,
    /// Version 2.
    Influx2,
}

/// What it is for, the key, the variables, the best one first.
type Variable = (VariableKind, &'static str, &'static [&'static str]);

const VARIABLES: [Variable; 8] = [
    (VariableKind::Mqtt, "user", &["METERPIPE_MQTT_USER", "MQTT_USER", "MQTT_USERNAME"]),
    (
        VariableKind::Mqtt,
        "password",
        &["METERPIPE_MQTT_PASSWORD", "MQTT_PASSWORD", "MQTT_PASS", "MQTT_PASSWD"],
    ),
    (VariableKind::Influx1, "user", &["METERPIPE_INFLUX_USER"]),
    (VariableKind::Influx1, "password", &["METERPIPE_INFLUX_PASSWORD"]),
    (VariableKind::Influx1, "db", &[INFLUX_DB]),
    (VariableKind::Influx2, "token", &["METERPIPE_INFLUX_TOKEN", "INFLUX_TOKEN"]),
    (VariableKind::Influx2, "org", &["METERPIPE_INFLUX_ORG", "INFLUX_ORG", "INFLUX_ORGANIZATION"]),
    (VariableKind::Influx2, "bucket", &[INFLUX_BUCKET, "INFLUX_BUCKET"]),
];

const INFLUX_DB: &str = "METERPIPE_INFLUX_DB";
const INFLUX_BUCKET: &str = "METERPIPE_INFLUX_BUCKET";

/// What is secret, and so may stand in a file that is named instead, and the systemd credential that is
/// one.
const SECRETS: [(VariableKind, &str, &str); 3] = [
    (VariableKind::Mqtt, "password", "mqtt_password"),
    (VariableKind::Influx1, "password", "influx_password"),
    (VariableKind::Influx2, "token", "influx_token"),
];

/// A sink of that text. One that is named by its scheme alone has the address that the environment has
/// for it: `mqtt` is `mqtt://$MQTT_HOST:$MQTT_PORT/$MQTT_BASE_TOPIC`.
pub fn sink(to: &str) -> Result<SinkSettings, Usage> {
    let address = match to {
        "mqtt" | "mqtts" => address::broker(to)?,
        "influxdb" => address::database()?,
        _ => None,
    };
    let Some((variable, address)) = address else {
        return to.parse();
    };
    let mut settings: SinkSettings =
        address.parse().map_err(|why| Usage(format!("${variable}: {why}")))?;
    if let Some((variable, _)) = first(address::BASE_TOPIC) {
        settings.origins_mut().note("the base topic", SettingOrigin::Variable(variable.to_owned()));
    }
    Ok(settings)
}

/// Adds what is not said yet.
pub fn complete(settings: &mut SinkSettings) {
    let kinds = kinds(settings);
    let credentials = env::var_os(CREDENTIALS).filter(|folder| !folder.is_empty());
    for (_, key, name) in SECRETS.iter().filter(|(kind, ..)| kinds.contains(kind)) {
        let path = credentials.as_ref().map(|folder| Path::new(folder).join(name));
        if let Some(path) = path.filter(|path| path.exists()) {
            let file = path.display().to_string();
            offer(settings, key, &format!("{key}_file"), file, CREDENTIALS);
        }
    }
    for (kind, key, variables) in VARIABLES.iter().filter(|(kind, ..)| kinds.contains(kind)) {
        let is_secret = SECRETS.iter().any(|(of, secret, _)| of == kind && secret == key);
        for variable in *variables {
            let file = format!("{variable}_FILE");
            if let Some(path) = set(&file).filter(|_| is_secret) {
                offer(settings, key, &format!("{key}_file"), path, &file);
            }
            if let Some(value) = set(variable) {
                offer(settings, key, key, value, variable);
            }
        }
    }
}

const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Says something under a name of a key if it is said under none: a secret and its file are one thing
/// said in two ways.
fn offer(settings: &mut SinkSettings, key: &str, name: &str, value: String, variable: &str) {
    if !settings.has(key) && !settings.has(&format!("{key}_file")) {
        // It cannot stand twice.
        let _ = settings.set(name, value, SettingOrigin::Variable(variable.to_owned()));
    }
}

/// Which variables are for a sink. Those of one version of InfluxDB mean nothing to the other.
fn kinds(settings: &SinkSettings) -> &'static [VariableKind] {
    let said = |keys: &[&str]| keys.iter().any(|key| settings.has(key));
    match settings.scheme.as_str() {
        "mqtt" | "mqtts" => &[VariableKind::Mqtt],
        "influxdb" | "influxdbs" => match (said(&["bucket"]), said(&["db"])) {
            (true, _) => &[VariableKind::Influx2],
            (false, true) => &[VariableKind::Influx1],
            (false, false) if said(&["org", "token", "token_file"]) => &[VariableKind::Influx2],
            (false, false) if said(&["rp", "user", "password", "password_file"]) => {
                &[VariableKind::Influx1]
            }
            (false, false) => match (set(INFLUX_BUCKET), set(INFLUX_DB)) {
                (Some(_), Some(_)) => &[VariableKind::Influx1, VariableKind::Influx2],
                (None, Some(_)) => &[VariableKind::Influx1],
                _ => &[VariableKind::Influx2],
            },
        },
        _ => &[],
    }
}

/// The first one that says something, and what.
fn first(variables: &[&'static str]) -> Option<(&'static str, String)> {
    variables.iter().find_map(|variable| Some((*variable, set(variable)?)))
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}
