//! A composition of containers: the variables of the services that have a key.

use crate::cli::older::{
    entry::{OldEntry, OldValue},
    references, unit, variables,
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
    let found = match rest.split_once('.').unwrap_or((rest, "")) {
        ("env_file", _) => {
            let file = OldEntry::new(unit::ENVIRONMENT_FILE, entry.value.clone(), entry.line);
            OldEntry { written: "env_file".to_owned(), ..file }
        }
        ("environment", name) if name.chars().all(|c| c.is_ascii_digit()) => {
            variables::assignment(entry.value.as_text(), entry.line)?
        }
        ("environment", name) => OldEntry::new(name, entry.value.clone(), entry.line),
        ("devices", _) => unit::device_of(entry.value.as_text(), "devices", entry.line),
        _ => return None,
    };
    let value = OldValue::of_text(&references::marked(found.value.as_text()));
    Some((service, OldEntry { value, ..found }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::older::yaml;

    #[test]
    fn the_service_with_the_key_has_variables_to_fill_in() {
        let text = "services:\n  broker:\n    environment:\n      - A=1\n  meter:\n    devices:\n\
            \x20     - \"${DEVICE:-/dev/ttyUSB7}:/dev/ttyUSB0\"\n    environment:\n      - SERIAL_KEY=${SERIAL_KEY}\n\
            \x20     - MQTT_PORT=${MQTT_PORT}\n";
        let entries = variables(&yaml::parse(text).unwrap());
        let seen: Vec<_> = entries.iter().map(|it| (it.key.as_str(), it.value.as_text())).collect();
        let expected = [
            ("HOST_USB_DEVICE", "\u{1}{DEVICE:-/dev/ttyUSB7}"),
            ("SERIAL_KEY", "\u{1}{SERIAL_KEY}"),
            ("MQTT_PORT", "\u{1}{MQTT_PORT}"),
        ];
        assert_eq!(seen, expected);
    }
}
