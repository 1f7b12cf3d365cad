//! Variables of the environment: `.env` of a composition, `EnvironmentFile` of a unit, exports of a shell.

use crate::cli::older::{
    defect::OldDefect,
    entry::{OldEntry, OldValue},
    references, words,
};

/// The variables that the programs with a command line read.
pub const KNOWN: [&str; 14] = [
    "P1_PORT",
    "P1_BAUD",
    "P1_GUEK",
    "MQTT_HOST",
    "MQTT_PORT",
    "MQTT_USER",
    "MQTT_PASS",
    "MQTT_BASE_TOPIC",
    "SERIAL_KEY",
    "MQTT_SERVER",
    "MQTT_PASSWD",
    "P1_TIMEOUT",
    "P1_CHUNK",
    "KAIFA_GUEK",
];

/// Reads all lines.
///
/// # Errors
/// A line that sets no variable.
pub fn parse(text: &str) -> Result<Vec<OldEntry>, OldDefect> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let entries: Result<Vec<_>, _> = lines
        .map(|(number, line)| {
            let wrong = || OldDefect::new(number, "NAME=VALUE is expected");
            let entry = match line.starts_with("export ") {
                true => exports(line, number).into_iter().next(),
                false => assignment(line, number),
            };
            entry.ok_or_else(wrong)
        })
        .collect();
    Ok(references::in_order(entries?).0)
}

/// The variables of a line of a shell, in which others may be filled in.
pub fn exports(line: &str, number: usize) -> Vec<OldEntry> {
    let words = words::split_marked(line).unwrap_or_default();
    let words = words.iter().filter(|word| *word != "export");
    words.map_while(|word| of_word(word.strip_suffix(';').unwrap_or(word), number)).collect()
}

/// A word of a command line that sets a variable.
pub fn of_word(word: &str, number: usize) -> Option<OldEntry> {
    let (name, value) = word.split_once('=')?;
    is_name(name).then(|| OldEntry::new(name, OldValue::of_text(value), number))
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The variable that a line sets: `NAME=VALUE`, also behind `export`.
pub fn assignment(line: &str, number: usize) -> Option<OldEntry> {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let value = value.trim();
    let text = match value.starts_with(['"', '\'']) {
        true => words::split(value)?.into_iter().next()?,
        false => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
    };
    Some(OldEntry::new(name, OldValue::of_text(&text), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_with_and_without_quotes() {
        let text = "\u{feff}# keys\r\nexport P1_GUEK=\"ab c\" # mine\r\nMQTT_HOST=192.168.1.10 # here\n\
            A='#1'\nB=x#y\nC=\n";
        let entries = parse(text).unwrap();
        let seen: Vec<_> =
            entries.iter().map(|it| (it.key.as_str(), it.value.as_text(), it.line)).collect();
        assert_eq!(
            seen,
            [
                ("P1_GUEK", "ab c", 2),
                ("MQTT_HOST", "192.168.1.10", 3),
                ("A", "#1", 4),
                ("B", "x#y", 5),
                ("C", "", 6)
            ]
        );
        for text in ["A=1\nc4nary\n", "A=1\n1c4nary=2", "A=1\nB=\"c4nary"] {
            assert_eq!(parse(text).unwrap_err(), OldDefect::new(2, "NAME=VALUE is expected"));
        }
    }
}
