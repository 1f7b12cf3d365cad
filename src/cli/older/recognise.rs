//! The program whose configuration a text is, by the names of its settings.

use crate::cli::older::{
    command_line::COMMAND,
    entry::OldEntry,
    form::{self, OldForm},
    program::OldProgram,
    python,
};

/// The program that has such settings.
pub fn program(form: OldForm, entries: &[OldEntry]) -> Option<OldProgram> {
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let below = |start: &str| entries.iter().any(|entry| entry.key.starts_with(start));
    let any = |keys: &[&str]| keys.iter().any(|key| has(key));
    let starts = |program: OldProgram| {
        let mut commands = entries.iter().filter(|entry| entry.key == COMMAND);
        commands.any(|entry| entry.value.as_text() == program.name())
    };
    match form {
        OldForm::Json if has("key_hex_string") => Some(match () {
            () if below("export_") || any(&["logfile", "interval"]) => OldProgram::Kaifa,
            () if SELECTIONS.iter().any(|start| below(start)) => OldProgram::KaifareaderSelections,
            () => OldProgram::Kaifareader,
        }),
        OldForm::Json if has("evn_schluessel") => Some(OldProgram::GreenMikeScript),
        OldForm::Json if has("mqttbrokerip") || has("key") && has("printValue") => {
            Some(OldProgram::GreenMikeSagemcom)
        }
        OldForm::Yaml if below("apdu_format.") || has("encryption_key") => {
            Some(OldProgram::Smartmeterreader)
        }
        OldForm::Python if has("VNB_KEY") => Some(OldProgram::SmartMeterReadout),
        OldForm::Python => {
            any(&["evn_schluessel", python::KILO]).then_some(OldProgram::GreenMikeScript)
        }
        OldForm::Variables | OldForm::Unit | OldForm::Compose => match () {
            () if has(COMMAND) => OldProgram::ALL.into_iter().find(|it| starts(*it)),
            () if any(&KAIFA_MA309) => Some(OldProgram::KaifaMa309),
            () if any(&["SERIAL_KEY", "MQTT_SERVER", "MQTT_PASSWD", "HOST_USB_DEVICE"]) => {
                Some(OldProgram::SmartmeterHa)
            }
            () => None,
        },
        _ => None,
    }
}

/// The program whose configuration a text is, also a damaged one.
pub fn program_of_text(text: &str) -> Option<OldProgram> {
    if let Ok((form, entries)) = form::read(text) {
        return program(form, &entries);
    }
    let marks = [
        ("\"key_hex_string\"", OldProgram::Kaifareader),
        ("\"evn_schluessel\"", OldProgram::GreenMikeScript),
        ("\"mqttbrokerip\"", OldProgram::GreenMikeSagemcom),
        ("apdu_format:", OldProgram::Smartmeterreader),
        ("encryption_key:", OldProgram::Smartmeterreader),
    ];
    marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, program)| *program)
}

/// The names of the selections of values in the newer `meter.json`.
const SELECTIONS: [&str; 4] =
    ["mqtt_values.", "influxdb_values.", "file_export_values.", "scale_factors."];

/// Variables of one program only.
const KAIFA_MA309: [&str; 6] =
    ["P1_GUEK", "P1_PORT", "P1_BAUD", "MQTT_BASE_TOPIC", "MQTT_PASS", "KAIFA_GUEK"];
