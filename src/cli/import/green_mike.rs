//! The scripts of greenMikeEU: `config.json`, or constants in the script.

use crate::cli::{
    import::{
        settings::OldSettings,
        sink::{OldBroker, TranslatedSink},
        translation::{OldLine, Translation, is_off},
    },
    older::{program::OldProgram, python},
    run::status::Stop,
};

/// Translates `config.json`.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate_json(old: &mut OldSettings) -> Result<Translation, Stop> {
    let names = OldLine { source: "port", baud: "baudrate", key: "key" };
    let mut new = Translation::new(OldProgram::GreenMikeSagemcom, &names, old)?;
    new.fixed_parity(old);
    let printed = print_value(old);
    let (host, port) = (old.take_text("mqttbrokerip"), old.take_text("mqttbrokerport"));
    let (user, password) = (old.take_text("mqttbrokeruser"), old.take_text("mqttbrokerpasswort"));
    let switch = old.take("useMQTT");
    if let Some(switch) = switch.as_ref().filter(|it| it.entry.value.is_true() && !printed) {
        let how = "counts now: the program sends nothing as long as printValue is off";
        old.changed(switch, how);
    }
    if !is_off(switch, "MQTT sink", old) {
        let broker = OldBroker { name: "mqttbrokerip", host, port, base: None };
        let sink = TranslatedSink::at((new.program, "mqtt"), &broker, None, old)?;
        if let Some((mut sink, place)) = sink {
            sink.log_in(user, password, old);
            new.push(sink, &place)?;
        }
    }
    let (host, port) = (old.take_text("influxdbip"), old.take_text("influxdbport"));
    if !is_off(old.take("useInfluxdb"), "InfluxDB sink", old) {
        let server = OldBroker { name: "influxdbip", host, port, base: None };
        let sink = TranslatedSink::at((new.program, "influxdb"), &server, None, old)?;
        if let Some((sink, place)) = sink {
            new.push(sink, &place)?;
        }
    }
    Ok(new)
}

/// Translates the constants of a script, or the `config.json` of an earlier one.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate_script(old: &mut OldSettings) -> Result<Translation, Stop> {
    if !old.has("evn_schluessel") {
        let file = "this script has its settings in config.json: name that file";
        return Err(Stop::usage(file));
    }
    let source = if old.has("comport") { "comport" } else { "port" };
    let names = OldLine { source, baud: "baudrate", key: "evn_schluessel" };
    let mut new = Translation::new(OldProgram::GreenMikeScript, &names, old)?;
    new.fixed_parity(old);
    print_value(old);
    // The scripts for the other meter, and those with a file, send kWh.
    let is_kilo = old.take(python::KILO).is_some() || old.has("MQTTBroker");
    let mut take = |names: [&str; 2]| {
        let found = names.map(|name| old.take_text(name));
        found.into_iter().flatten().next()
    };
    let (host, port) = (take(["mqttBroker", "MQTTBroker"]), take(["mqttport", "MQTTport"]));
    let user = take(["mqttuser", "MQTTuser"]);
    let password = take(["mqttpasswort", "MQTTpasswort"]);
    let switch = old.take("useMQTT");
    if source == "comport" {
        // The other constants are the script's own.
        old.drop_rest();
    }
    if is_off(switch, "MQTT sink", old) {
        return Ok(new);
    }
    let broker = OldBroker { name: "mqttBroker", host, port, base: None };
    let sink = TranslatedSink::at((new.program, "mqtt"), &broker, None, old)?;
    if let Some((mut sink, place)) = sink {
        sink.log_in(user, password, old);
        if is_kilo {
            sink.in_kilowatt_hours();
        }
        new.push(sink, &place)?;
    }
    Ok(new)
}

/// Takes `printValue`, and tells its value.
fn print_value(old: &mut OldSettings) -> bool {
    let Some(print) = old.take("printValue") else {
        return false;
    };
    let is_on = print.entry.value.is_true();
    if is_on {
        let why = "watch prints readings without any sink; --format lines has a line a value";
        old.lost(&print, why);
    }
    is_on
}
