//! A unit of systemd or podman, or a script of a shell: the variables that it sets, and the command line
//! that it starts. All other lines mean nothing here.

use crate::cli::older::{
    command_line,
    entry::{OldEntry, OldValue},
    variables, words,
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
                entries.extend(line_entries(whole.trim(), first));
                whole.clear();
            }
        }
    }
    entries.extend(line_entries(whole.trim(), first));
    entries
}

fn line_entries(line: &str, number: usize) -> Vec<OldEntry> {
    if line.starts_with(['#', ';']) {
        return Vec::new();
    }
    if has_command(line) {
        let words = words::split(line).unwrap_or_default();
        let program = command_line::program(&words);
        return program.map_or_else(Vec::new, |it| command_line::parse(&words, it, number));
    }
    match line.split_once('=') {
        Some(("Environment", value)) => {
            let words = words::split(value).unwrap_or_default();
            words.iter().filter_map(|word| variables::assignment(word, number)).collect()
        }
        Some((ENVIRONMENT_FILE, path)) => {
            vec![OldEntry::new(ENVIRONMENT_FILE, OldValue::of_text(path.trim()), number)]
        }
        Some(("AddDevice", device)) => vec![device_of(device, "AddDevice", number)],
        Some((name, _)) if name.chars().any(|c| c.is_ascii_lowercase()) && !name.contains(' ') => {
            Vec::new()
        }
        _ => variables::assignment(line, number).into_iter().collect(),
    }
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
