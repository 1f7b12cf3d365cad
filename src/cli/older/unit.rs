//! A unit of systemd or podman, or a script of a shell: the variables that it sets, and the command line
//! that it starts. All other lines mean nothing here.

use crate::cli::older::{
    command_line,
    entry::{OldEntry, OldValue},
    references, variables, words,
};

/// The name under which a unit refers to a file with variables.
pub const ENVIRONMENT_FILE: &str = "EnvironmentFile";

/// True for a line that starts one of the programs.
pub fn has_command(line: &str) -> bool {
    !line.trim_start().starts_with('#')
        && line
            .split_whitespace()
            .any(|word| command_line::script(word.trim_matches('"')).is_some())
}

/// Reads all lines.
pub fn parse(text: &str) -> Vec<OldEntry> {
    let is_section =
        |line: &str| line.starts_with('[') && line.ends_with(']') && !line.contains(' ');
    if text.lines().any(|line| is_section(line.trim())) {
        return lines(text, &of_unit);
    }
    let (entries, used) = references::in_order(lines(text, &of_shell));
    // A variable of the script's own, which has done its work.
    let is_own = |it: &OldEntry| {
        it.is_variable()
            && it.key != command_line::COMMAND
            && (used.contains(&it.key) || it.key.contains(|c: char| c.is_ascii_lowercase()))
            && !variables::KNOWN.contains(&it.key.as_str())
    };
    entries.into_iter().filter(|it| !is_own(it)).collect()
}

fn lines(text: &str, of_line: &dyn Fn(&str, usize) -> Vec<OldEntry>) -> Vec<OldEntry> {
    let (mut entries, mut whole, mut first) = (Vec::new(), String::new(), 1);
    for (at, line) in text.lines().enumerate() {
        if whole.is_empty() {
            first = at + 1;
        }
        match line.trim_end().strip_suffix('\\') {
            Some(part) => {
                whole.push_str(part);
                whole.push(' ');
            }
            None => {
                whole.push_str(line);
                entries.extend(of_line(whole.trim(), first));
                whole.clear();
            }
        }
    }
    entries.extend(of_line(whole.trim(), first));
    entries
}

fn of_unit(line: &str, number: usize) -> Vec<OldEntry> {
    if has_command(line) {
        let words = words::split(line).unwrap_or_default();
        let words: Vec<_> = words.iter().map(|word| references::marked(word)).collect();
        // The first one begins with the name of the setting.
        return of_command(words.get(1..).unwrap_or_default(), number);
    }
    match line.split_once('=') {
        Some(("Environment", value)) => {
            let words = words::split(value).unwrap_or_default();
            words.iter().filter_map(|word| variables::of_word(word, number)).collect()
        }
        Some((ENVIRONMENT_FILE, path)) => {
            vec![OldEntry::new(ENVIRONMENT_FILE, OldValue::of_text(path.trim()), number)]
        }
        Some(("AddDevice", device)) => vec![device_of(device, "AddDevice", number)],
        _ => Vec::new(),
    }
}

/// The variables or the command of a line of a shell.
fn of_shell(line: &str, number: usize) -> Vec<OldEntry> {
    if has_command(line) {
        return of_command(&words::split_marked(line).unwrap_or_default(), number);
    }
    variables::exports(line, number)
}

/// A command, and the variables in front of it, as `env` takes them too.
fn of_command(words: &[String], number: usize) -> Vec<OldEntry> {
    let script = words.iter().position(|word| command_line::script(word).is_some());
    let before = words.get(..script.unwrap_or_default()).unwrap_or_default();
    let before = before.iter().map(|word| word.strip_suffix(';').unwrap_or(word));
    let mut entries: Vec<_> = before.filter_map(|word| variables::of_word(word, number)).collect();
    let program = command_line::program(words);
    entries.extend(program.map_or_else(Vec::new, |it| command_line::parse(words, it, number)));
    entries
}

/// The device of this machine in a pair such as `/dev/ttyUSB1:/dev/ttyUSB0`.
pub fn device_of(pair: &str, written: &str, line: usize) -> OldEntry {
    let pair = pair.trim();
    // A colon may stand in the name of a device, but the name in the container begins with a slash.
    let device = pair.split_once(":/").map_or(pair, |(device, _)| device);
    OldEntry::new(written, OldValue::of_text(device), line).called("HOST_USB_DEVICE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_variables_and_a_command_line() {
        let text = "[Unit]\nDescription=Meter\n[Service]\nEnvironment=P1_GUEK=ab \"MQTT_PASS=x y\"\n\
            EnvironmentFile=-/etc/x\nExecStart=/usr/bin/python3 /x/ha_bridge.py \\\n  --mqtt_port 1884\n\
            AddDevice=/dev/serial/by-id/a:0-port0:/dev/ttyUSB0\nRestart=always\n";
        let entries = parse(text);
        let seen: Vec<_> =
            entries.iter().map(|it| (it.key.as_str(), it.value.as_text(), it.line)).collect();
        assert_eq!(
            seen,
            [
                ("P1_GUEK", "ab", 4),
                ("MQTT_PASS", "x y", 4),
                ("EnvironmentFile", "-/etc/x", 5),
                ("command line", "peerdavid/smartmeter-ha", 6),
                ("MQTT_PORT", "1884", 6),
                ("HOST_USB_DEVICE", "/dev/serial/by-id/a:0-port0", 8),
            ]
        );
        let script = parse("#!/bin/sh\nexport P1_GUEK=ab\ncd /x\n");
        assert_eq!(script.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["P1_GUEK"]);
    }
}
