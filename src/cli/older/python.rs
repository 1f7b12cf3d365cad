//! The constants in front of a Python script: `comport = "/dev/ttyUSB0"`. Nothing is executed.

use crate::cli::older::{
    entry::{OldEntry, OldValue},
    words,
};

/// The marks that energies are divided: two scripts have the same constants, and only one sends kWh.
pub const KILO: &str = "energies in kWh";

/// Reads the lines that give a name a literal.
pub fn parse(text: &str) -> Vec<OldEntry> {
    let lines = text.lines().enumerate();
    let mut entries: Vec<_> = lines.filter_map(|(at, line)| constant(line, at + 1)).collect();
    let divided =
        |line: &str| line.trim_start().starts_with("WirkenergieP") && line.contains("/1000");
    if let Some(at) = text.lines().position(divided) {
        entries.push(OldEntry::new(KILO, OldValue::Truth(true), at + 1));
    }
    entries
}

fn constant(line: &str, number: usize) -> Option<OldEntry> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim();
    if !is_name {
        return None;
    }
    let value = match value.split('#').next().unwrap_or_default().trim_end() {
        _ if value.starts_with(['"', '\'']) => {
            let mut words = words::split(value)?;
            OldValue::of_text(&words.drain(..).next()?)
        }
        name if name.starts_with("serial.") && !name.contains('(') => OldValue::of_text(name),
        "True" => OldValue::Truth(true),
        "False" => OldValue::Truth(false),
        digits if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) => {
            OldValue::Number(digits.to_owned())
        }
        _ => return None,
    };
    Some(OldEntry::new(name, value, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_literals_at_the_start_of_a_line() {
        let text = "import serial\nkey = \"a\" # mine\nuse = True\nport=1883\n    inner = 'x'\nx = f(1)\n\
            PARITY = serial.PARITY_NONE\nser = serial.Serial(port=x)\n";
        let entries = parse(text);
        let seen: Vec<_> =
            entries.iter().map(|it| (it.key.as_str(), it.value.as_text(), it.line)).collect();
        assert_eq!(
            seen,
            [
                ("key", "a", 2),
                ("use", "true", 3),
                ("port", "1883", 4),
                ("PARITY", "serial.PARITY_NONE", 7)
            ]
        );
        let kilo = parse("WirkenergieP = int(x,16)/1000\n");
        assert_eq!(
            kilo.iter().map(|it| (it.key.as_str(), it.line)).collect::<Vec<_>>(),
            [(KILO, 1)]
        );
    }
}
