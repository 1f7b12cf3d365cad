//! The options and variables of samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.

use crate::cli::{
    import::{
        settings::OldSettings,
        sink::{OldBroker, TranslatedSink},
        translation::{OldLine, Translation},
    },
    older::{command_line::COMMAND, program::OldProgram},
    run::status::Stop,
};

/// Translates the settings.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(old: &mut OldSettings) -> Result<Translation, Stop> {
    let names = OldLine { source: "P1_PORT", baud: "P1_BAUD", key: "P1_GUEK" };
    let mut new = Translation::new(OldProgram::KaifaMa309, &names, old)?;
    new.fixed_parity(old);
    let read = "a telegram is read as soon as it is there";
    old.lose("P1_TIMEOUT", read);
    old.lose("P1_CHUNK", read);
    old.lose("verbose", "-v is there for watch; messages go to standard error");
    let why = "watch prints readings without any sink; --format lines has a line a value";
    old.lose("print", why);
    old.take("no-print");
    let (host, port) = (old.take_text("MQTT_HOST"), old.take_text("MQTT_PORT"));
    let base = old.take_text("MQTT_BASE_TOPIC");
    let (user, password) = (old.take_text("MQTT_USER"), old.take_text("MQTT_PASS"));
    let has_command = old.take(COMMAND).is_some();
    let is_on = old.take("mqtt").is_some();
    let is_off = old.take("no-mqtt").is_some();
    if is_off && is_on {
        old.note("--mqtt and --no-mqtt: the readings go to the broker");
    }
    if has_command && !is_on {
        for entry in [host, port, base, user, password].into_iter().flatten() {
            old.lost(&entry, "without --mqtt the program sends nothing");
        }
        return Ok(new);
    }
    if !has_command && host.is_none() {
        old.note("no variable names a broker: no sink");
        return Ok(new);
    }
    let broker = OldBroker { name: "MQTT_HOST", host, port, base };
    let sink = TranslatedSink::at((new.program, "mqtt"), &broker, Some("127.0.0.1"), old)?;
    if let Some((mut sink, place)) = sink {
        if sink.entry("ha_node").is_some_and(|node| node.contains("{host}")) {
            old.note(HOST);
        }
        sink.log_in(user, password, old);
        new.push(sink, &place)?;
    }
    Ok(new)
}

/// The unique identifiers of that program have the name of its machine in them.
const HOST: &str = "ha_node has the name of this machine in it, as the entities of that program have; if that \
                    program ran on another machine, write its name in the place of {host}";
