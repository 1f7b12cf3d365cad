//! A composition of containers: the variables of the services that have a key.

use crate::cli::older::{
    entry::{OldEntry, OldValue},
    unit, variables,
};

/// The variables and the device of the services that read a meter.
pub fn variables(entries: &[OldEntry]) -> Vec<OldEntry> {
    let services: Vec<_> = entries.iter().filter_map(setting).collect();
    let reads = |service: &str| {
        let mut own = services.iter().filter(|(of, ..)| *of == service);
        own.any(|(.., entry)| ["SERIAL_KEY", "P1_GUEK"].contains(&entry.key.as_str()))
    };
    let own = services.iter().filter(|(service, _)| reads(service));
    own.map(|(_, entry)| entry.clone()).collect()
}

/// The service of an entry, and the variable or device that it sets.
fn setting(entry: &OldEntry) -> Option<(&str, OldEntry)> {
    let (service, rest) = entry.key.strip_prefix("services.")?.split_once('.')?;
    let found = match rest.split_once('.')? {
        ("environment", name) if name.chars().all(|c| c.is_ascii_digit()) => {
            variables::assignment(entry.value.as_text(), entry.line)?
        }
        ("environment", name) => OldEntry::new(name, entry.value.clone(), entry.line),
        ("devices", _) => unit::device_of(entry.value.as_text(), "devices", entry.line),
        _ => return None,
    };
    Some((service, found))
}

/// Fills in `${NAME}` and `${NAME:-DEFAULT}` from the variables of other files; a variable that is nowhere
/// set leaves nothing.
pub fn fill(entries: Vec<OldEntry>, others: &[OldEntry]) -> Vec<OldEntry> {
    let fill = |entry: OldEntry| match filled(entry.value.as_text(), others) {
        Some(text) => OldEntry { value: OldValue::of_text(&text), ..entry },
        None => entry,
    };
    entries.into_iter().map(fill).filter(|entry| !entry.value.as_text().is_empty()).collect()
}

/// The text with its variables filled in; none if it has none.
fn filled(text: &str, others: &[OldEntry]) -> Option<String> {
    let (before, rest) = text.split_once("${")?;
    let (name, behind) = rest.split_once('}')?;
    let (name, default) = name.split_once(":-").or(name.split_once('-')).unwrap_or((name, ""));
    let other = others.iter().rev().find(|other| other.key == name);
    let value = other.map_or(default, |other| other.value.as_text());
    let behind = filled(behind, others).unwrap_or_else(|| behind.to_owned());
    Some(format!("{before}{value}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::older::yaml;

    #[test]
    fn the_service_with_the_key_has_its_variables_from_another_file() {
        let text = "services:\n  broker:\n    environment:\n      - A=1\n  meter:\n    devices:\n\
            \x20     - \"${DEVICE:-/dev/ttyUSB7}:/dev/ttyUSB0\"\n    environment:\n      - SERIAL_KEY=${SERIAL_KEY}\n\
            \x20     - MQTT_PORT=${MQTT_PORT}\n";
        let entries = variables(&yaml::parse(text).unwrap());
        let others = variables::parse("SERIAL_KEY=ab\n").unwrap();
        let entries = fill(entries, &others);
        let seen: Vec<_> = entries.iter().map(|it| (it.key.as_str(), it.value.as_text())).collect();
        assert_eq!(seen, [("HOST_USB_DEVICE", "/dev/ttyUSB7"), ("SERIAL_KEY", "ab")]);
    }
}
