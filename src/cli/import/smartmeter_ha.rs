//! The options and variables of peerdavid/smartmeter-ha.

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
    // Inside of a container the device has another name.
    if old.has("HOST_USB_DEVICE") {
        old.take("serial_port");
    }
    let source = if old.has("serial_port") { "serial_port" } else { "HOST_USB_DEVICE" };
    let names = OldLine { source, baud: "", key: "SERIAL_KEY" };
    let mut new = Translation::new(OldProgram::SmartmeterHa, &names, old)?;
    new.fixed_parity(old);
    old.take(COMMAND);
    old.lose(
        "log_console",
        "watch prints readings without any sink; --format lines has a line a value",
    );
    old.lose("SENTRY_URL", "messages go to standard error only");
    old.take("COMPOSE_PROJECT_NAME");
    for key in ["INFLUX_URL", "INFLUX_TOKEN", "INFLUX_ORGANIZATION", "INFLUX_BUCKET"] {
        old.lose(key, "it belongs to Telegraf, which goes on with the same topics");
    }
    let (host, port) = (old.take_text("MQTT_SERVER"), old.take_text("MQTT_PORT"));
    let broker = OldBroker { name: "MQTT_SERVER", host, port, base: None };
    let sink = TranslatedSink::at((new.program, "mqtt"), &broker, None, old)?;
    if let Some((mut sink, place)) = sink {
        sink.log_in(old.take_text("MQTT_USER"), old.take_text("MQTT_PASSWD"), old);
        new.push(sink, &place)?;
    }
    Ok(new)
}
