//! The options of the two programs that have a command line, as the variables that they replace.

use crate::cli::older::{
    entry::{OldEntry, OldValue},
    program::OldProgram,
};

/// An option: its name, the variable or the setting that it stands for, and whether a value follows.
type OldOption = (&'static str, &'static str, bool);

/// The options of [`OldProgram::KaifaMa309`]. It has no `--no-mqtt`, which its README names.
#[rustfmt::skip]
const KAIFA_MA309: &[OldOption] = &[
    ("--port",            "P1_PORT",         true),
    ("--baud",            "P1_BAUD",         true),
    ("--timeout",         "P1_TIMEOUT",      true),
    ("--chunk",           "P1_CHUNK",        true),
    ("--guek",            "P1_GUEK",         true),
    ("--print",           "print",           false),
    ("--no-print",        "no-print",        false),
    ("--mqtt",            "mqtt",            false),
    ("--no-mqtt",         "no-mqtt",         false),
    ("--mqtt-host",       "MQTT_HOST",       true),
    ("--mqtt-port",       "MQTT_PORT",       true),
    ("--mqtt-user",       "MQTT_USER",       true),
    ("--mqtt-pass",       "MQTT_PASS",       true),
    ("--mqtt-base-topic", "MQTT_BASE_TOPIC", true),
    ("--verbose",         "verbose",         false),
    // The version of 2026.
    ("--key",             "KAIFA_GUEK",      true),
    ("--debug",           "verbose",         false),
];

/// The options of [`OldProgram::SmartmeterHa`].
#[rustfmt::skip]
const SMARTMETER_HA: &[OldOption] = &[
    ("--log_console", "log_console", true),
    ("--serial_port", "serial_port", true),
    ("--serial_key",  "SERIAL_KEY",  true),
    ("--mqtt_server", "MQTT_SERVER", true),
    ("--mqtt_port",   "MQTT_PORT",   true),
    ("--mqtt_user",   "MQTT_USER",   true),
    ("--mqtt_passwd", "MQTT_PASSWD", true),
    ("--sentry_url",  "SENTRY_URL",  true),
];

/// The setting that names the program of a command line, also of one without options.
pub const COMMAND: &str = "command line";

/// The setting under which stands what the program does not know.
pub const UNKNOWN: &str = "unknown";

/// In the place of a name that no option has.
pub const NO_OPTION: &str = "an option that is none";

/// In the place of a word that may be a secret.
pub const NO_WORD: &str = "a word without an option";

/// The scripts by their names.
const SCRIPTS: [(&str, OldProgram); 3] = [
    ("smartmeter_kaifa_ma309_ha_mqtt.py", OldProgram::KaifaMa309),
    // The name in its own README.
    ("kaifa_ma309_mbus_to_mqtt.py", OldProgram::KaifaMa309),
    ("ha_bridge.py", OldProgram::SmartmeterHa),
];

/// The program that a word starts.
pub fn script(word: &str) -> Option<OldProgram> {
    let name = word.rsplit('/').next().unwrap_or_default();
    SCRIPTS.iter().find(|(script, _)| *script == name).map(|(_, program)| *program)
}

/// The program whose options these words are.
pub fn program(words: &[String]) -> Option<OldProgram> {
    let named = words.iter().find_map(|word| script(word));
    let count =
        |options: &[OldOption]| words.iter().filter(|word| find(options, word).is_some()).count();
    let (ma309, ha) = (count(KAIFA_MA309), count(SMARTMETER_HA));
    named.or(match (ma309, ha) {
        (0, 0) => None,
        _ if ma309 >= ha => Some(OldProgram::KaifaMa309),
        _ => Some(OldProgram::SmartmeterHa),
    })
}

/// The settings of a command line, behind the name of the script if it is there.
pub fn parse(words: &[String], program: OldProgram, line: usize) -> Vec<OldEntry> {
    let options = match program {
        OldProgram::SmartmeterHa => SMARTMETER_HA,
        _ => KAIFA_MA309,
    };
    let start = words.iter().position(|word| script(word).is_some()).map_or(0, |at| at + 1);
    let mut rest = words.iter().skip(start).take_while(|word| !is_end(word));
    let mut entries = vec![OldEntry::new(COMMAND, OldValue::of_text(program.name()), line)];
    while let Some(word) = rest.next() {
        let (name, typed) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word.as_str(), None),
        };
        // A word that belongs to no option may be a secret whose option, or a blank, is missing.
        let is_plain = |c: char| c.is_ascii_lowercase() || "-_".contains(c);
        let written = match name.starts_with("--") {
            true if name.chars().all(is_plain) => name,
            true => NO_OPTION,
            false => NO_WORD,
        };
        let mut push = |key: &str, value: OldValue| {
            let entry = OldEntry::new(written, value, line).called(key);
            entries.push(entry);
        };
        match find(options, name) {
            Some((_, key, true)) => match typed.or_else(|| rest.next().map(String::as_str)) {
                Some(value) => push(key, OldValue::of_text(value)),
                None => push(UNKNOWN, OldValue::Nothing),
            },
            Some((_, key, false)) => push(key, OldValue::Truth(true)),
            None => push(UNKNOWN, OldValue::Nothing),
        }
    }
    entries
}

/// True for a word with which a shell ends a command.
fn is_end(word: &str) -> bool {
    word.starts_with(['&', '|', ';', '>', '<']) || word.starts_with("1>") || word.starts_with("2>")
}

/// The option of a name, or of the beginning of one name only.
fn find(options: &[OldOption], word: &str) -> Option<OldOption> {
    let word = word.split('=').next().unwrap_or_default();
    if let Some(option) = options.iter().find(|(name, ..)| *name == word) {
        return Some(*option);
    }
    let mut found = options.iter().filter(|(name, ..)| name.starts_with(word) && word.len() > 2);
    match (found.next(), found.next()) {
        (Some(option), None) => Some(*option),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &str) -> (OldProgram, Vec<(String, String, String)>) {
        let words = crate::cli::older::words::split(line).unwrap();
        let program = program(&words).unwrap();
        let entries = parse(&words, program, 0).into_iter().skip(1);
        let of = |it: OldEntry| (it.key, it.written, it.value.as_text().to_owned());
        (program, entries.map(of).collect())
    }

    #[test]
    fn options_are_the_variables_that_they_replace() {
        let (program, entries) = seen(
            "python3 -u /x/smartmeter_kaifa_ma309_ha_mqtt.py --guek=36 --mqtt --mqtt-h 1.2.3.4 \
             --colour red --guek36C6 --no-print --chunk >>/x/log 2>&1",
        );
        assert_eq!(program, OldProgram::KaifaMa309);
        let entries: Vec<_> =
            entries.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        assert_eq!(
            entries,
            [
                ("P1_GUEK", "--guek", "36"),
                ("mqtt", "--mqtt", "true"),
                ("MQTT_HOST", "--mqtt-h", "1.2.3.4"),
                ("unknown", "--colour", ""),
                ("unknown", "a word without an option", ""),
                ("unknown", "an option that is none", ""),
                ("no-print", "--no-print", "true"),
                ("unknown", "--chunk", ""),
            ]
        );
        let (program, entries) = seen("--serial_key 36 --mqtt_passwd 'a b'");
        assert_eq!((program, entries.len()), (OldProgram::SmartmeterHa, 2));
        assert_eq!(seen("--port /dev/x").0, OldProgram::KaifaMa309);
        assert!(super::program(&["--help".to_owned()]).is_none());
    }
}
