//! What the environment says: our own variables, and those that older programs read.

use std::{env, path::Path};

use clap::{Arg, Command};
use meterpipe::sink::settings::Settings;

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
            // An empty variable says nothing.
            if set(&name).is_some() { arg.env(name).hide_env(true) } else { arg }
        }
    }
}

/// The source, where none is named.
pub fn source() -> Option<String> {
    first(&["METERPIPE_SOURCE", "P1_PORT"])
}

/// The schemes, the key, the variables, the best one first.
type Variable = (&'static [&'static str], &'static str, &'static [&'static str]);

const MQTT: &[&str] = &["mqtt", "mqtts"];
const INFLUX: &[&str] = &["influxdb", "influxdbs"];

const VARIABLES: [Variable; 8] = [
    (MQTT, "user", &["METERPIPE_MQTT_USER", "MQTT_USER", "MQTT_USERNAME"]),
    (MQTT, "password", &["METERPIPE_MQTT_PASSWORD", "MQTT_PASSWORD", "MQTT_PASS", "MQTT_PASSWD"]),
    (INFLUX, "user", &["METERPIPE_INFLUX_USER"]),
    (INFLUX, "password", &["METERPIPE_INFLUX_PASSWORD"]),
    (INFLUX, "token", &["METERPIPE_INFLUX_TOKEN", "INFLUX_TOKEN"]),
    (INFLUX, "org", &["METERPIPE_INFLUX_ORG", "INFLUX_ORG", "INFLUX_ORGANIZATION"]),
    (INFLUX, "bucket", &["METERPIPE_INFLUX_BUCKET", "INFLUX_BUCKET"]),
    (INFLUX, "db", &["METERPIPE_INFLUX_DB"]),
];

/// What is secret, and the systemd credential that holds it.
const CREDENTIALS: [(&[&str], &str, &str); 3] = [
    (MQTT, "password", "mqtt_password"),
    (INFLUX, "token", "influx_token"),
    (INFLUX, "password", "influx_password"),
];

/// A sink that is named by its scheme alone, with the address that the environment has for it:
/// `mqtt` is `mqtt://$MQTT_HOST:$MQTT_PORT/$MQTT_BASE_TOPIC`.
pub fn expand(to: &str) -> String {
    match to {
        "mqtt" | "mqtts" => {
            let Some(host) = first(&["METERPIPE_MQTT_HOST", "MQTT_HOST", "MQTT_SERVER"]) else {
                return to.to_owned();
            };
            let port = first(&["METERPIPE_MQTT_PORT", "MQTT_PORT"]);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let base = first(&["METERPIPE_MQTT_BASE_TOPIC", "MQTT_BASE_TOPIC"]);
            let base = base.map(|base| format!("/{}", escaped(&base))).unwrap_or_default();
            format!("{to}://{host}{port}{base}")
        }
        "influxdb" => match first(&["METERPIPE_INFLUX_URL", "INFLUX_URL"]) {
            Some(url) => match url.split_once("://") {
                Some(("https", rest)) => format!("influxdbs://{rest}"),
                Some((_, rest)) => format!("influxdb://{rest}"),
                None => format!("influxdb://{url}"),
            },
            None => to.to_owned(),
        },
        _ => to.to_owned(),
    }
}

/// Adds what is not said yet.
pub fn complete(settings: &mut Settings) {
    let own = |schemes: &[&str]| schemes.contains(&settings.scheme.as_str());
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    let mut found = Vec::new();
    for (schemes, key, name) in CREDENTIALS {
        let path = credentials.as_ref().map(|folder| Path::new(folder).join(name));
        if let Some(path) = path.filter(|path| own(schemes) && path.exists()) {
            found.push((format!("{key}_file"), path.display().to_string()));
        }
    }
    for (schemes, key, variables) in VARIABLES {
        if own(schemes) {
            let files = variables.iter().map(|variable| format!("{variable}_FILE"));
            let file = files.into_iter().find_map(|variable| set(&variable));
            found.extend(file.map(|file| (format!("{key}_file"), file)));
            found.extend(first(variables).map(|value| (key.to_owned(), value)));
        }
    }
    for (key, value) in found {
        let other = match key.strip_suffix("_file") {
            Some(key) => key.to_owned(),
            None => format!("{key}_file"),
        };
        // A secret and its file are one thing said in two ways.
        if !settings.has(&other) && !settings.has(&key) {
            let _ = settings.set(&key, value, meterpipe::sink::origin::Origin::Text);
        }
    }
}

fn first(variables: &[&str]) -> Option<String> {
    variables.iter().find_map(|variable| set(variable))
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// What would mean something else in a URI.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('?', "%3f")
}
