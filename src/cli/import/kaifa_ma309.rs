//! The options and variables of samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.

use std::str::FromStr;

use crate::cli::{
    import::{
        settings::{OldSettings, PlacedEntry},
        sink::{OldBroker, TranslatedSink},
        translation::{OldLine, Translation},
    },
    older::{command_line::COMMAND, program::OldProgram},
    run::status::Stop,
};
use meterpipe::sink::settings::SinkSettings;

/// Translates the settings.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(old: &mut OldSettings) -> Result<Translation, Stop> {
    let is_newer = old.has(NEWER);
    let key = if is_newer { NEWER } else { "P1_GUEK" };
    let names = OldLine { source: "P1_PORT", baud: "P1_BAUD", key };
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
    if is_newer {
        return newer(
            new,
            OldBroker { name: "MQTT_HOST", host, port, base },
            (user, password),
            old,
        );
    }
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

/// The variable of the key since 2026, when topics and entities changed.
const NEWER: &str = "KAIFA_GUEK";

/// The version of 2026 always sends, and names its topics by a digest of the system title.
fn newer(
    mut new: Translation,
    mut broker: OldBroker,
    (user, password): (Option<PlacedEntry>, Option<PlacedEntry>),
    old: &mut OldSettings,
) -> Result<Translation, Stop> {
    old.take(COMMAND);
    if let Some(base) = broker.base.take() {
        old.lost(&base, "the topics are those of meterpipe");
    }
    old.note(
        "the topics and entities of that program's version of 2026 do not go on: the meter appears in Home \
         Assistant as a new device",
    );
    let plain = SinkSettings::from_str("mqtt://localhost");
    let plain = plain.map_err(|error| Stop::usage(error.to_string()))?;
    if broker.host.is_none() {
        return Err(old.missing("", broker.name, "server"));
    }
    let (to, place) = broker.target(&plain, None)?;
    let mut sink = TranslatedSink::new(&plain, &to, &place)?;
    sink.log_in(user, password, old);
    new.push(sink, &place)?;
    Ok(new)
}

/// The unique identifiers of that program have the name of its machine in them.
const HOST: &str = "ha_node has the name of this machine in it, as the entities of that program have; if that \
                    program ran on another machine, write its name in the place of {host}";
