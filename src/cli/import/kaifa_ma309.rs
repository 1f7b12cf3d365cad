//! The options and variables of samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.

use crate::cli::{
    import::{
        recipes,
        settings::{OldSettings, PlacedEntry},
        sink::{OldBroker, TranslatedSink},
        translation::{OldLine, Translation},
    },
    older::{
        command_line::COMMAND,
        entry::{OldEntry, OldValue},
        program::OldProgram,
    },
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
    let base = base.or_else(|| Some(default_base()));
    let broker = OldBroker { host, port, base };
    let (to, place) = broker.target("mqtt", Some("127.0.0.1"))?;
    let recipe = recipes::sink(new.program, "mqtt");
    if let Some(mut sink) = recipe.map(|it| TranslatedSink::new(&it, &to, &place)).transpose()? {
        sink.log_in(user, password, old);
        new.push(sink, &place)?;
    }
    Ok(new)
}

/// The base topic of the program.
fn default_base() -> PlacedEntry {
    let entry = OldEntry::new("base topic", OldValue::of_text("smartmeter/kaifa_ma309"), 0);
    PlacedEntry { entry, file: None }
}
