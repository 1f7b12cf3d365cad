//! `meter.json` of tirolerstefan/kaifa, of Phil1pp/kaifareader, and of its newer image.

use std::path::Path;

use crate::cli::{
    import::{
        recipes,
        settings::{OldSettings, PlacedEntry},
        sink::{OldBroker, TranslatedSink, escaped},
        translation::{OldLine, Translation, is_off},
    },
    older::{
        entry::{OldEntry, OldValue},
        program::OldProgram,
    },
    run::status::Stop,
};
use meterpipe::sink::settings::uri::has_port;

/// Translates the settings.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(program: OldProgram, old: &mut OldSettings) -> Result<Translation, Stop> {
    let names = OldLine { source: "port", baud: "baudrate", key: "key_hex_string" };
    let mut new = Translation::new(program, &names, old)?;
    new.parity(["parity", "stopbits", "bytesize"], old);
    old.take("supplier");
    old.lose("loglevel", LOG);
    old.lose("logfile", LOG);
    old.lose("interval", "a telegram is read as soon as it is there");
    scale_factors(old);
    match program {
        OldProgram::Kaifa => one_export(&mut new, old)?,
        _ => {
            mqtt(&mut new, "mqtt_", old)?;
            influx(&mut new, old)?;
            solarview(&mut new, old)?;
        }
    }
    Ok(new)
}

const LOG: &str = "messages go to standard error, which systemd keeps in its journal";

/// The export that `export_format` names: one of two, or none.
fn one_export(new: &mut Translation, old: &mut OldSettings) -> Result<(), Stop> {
    let Some(format) = old.take_text("export_format") else {
        return Ok(());
    };
    match format.text() {
        "MQTT" => {
            old.take_below("export_file_");
            mqtt(new, "export_mqtt_", old)
        }
        "SOLARVIEW" => {
            old.take_below("export_mqtt_");
            let path = old.take_text("export_file_abspath");
            let path = path.ok_or_else(|| old.missing("", "export_file_abspath", "file"))?;
            match file_sink(new.program, path)? {
                Some((sink, place)) => new.push(sink, &place),
                None => Ok(()),
            }
        }
        _ => {
            old.lost(&format, "SOLARVIEW and MQTT are known");
            Ok(())
        }
    }
}

fn mqtt(new: &mut Translation, start: &str, old: &mut OldSettings) -> Result<(), Stop> {
    let mut all = OldSettings::default();
    let switch = old.take("mqtt_enabled");
    let values = old.take_below("mqtt_values.");
    for (key, entry) in old.take_below(start) {
        all.add(vec![entry.entry.called(&key)], entry.file.as_deref());
    }
    if start == "mqtt_" && is_off(switch, "MQTT sink", old) {
        return Ok(());
    }
    let (host, port) = (all.take_text("server"), all.take_text("port"));
    if host.is_none() {
        return Err(all.missing(start, "server", "server"));
    }
    let broker = OldBroker { name: "server", host, port, base: all.take_text("basetopic") };
    let sink = TranslatedSink::at((new.program, "mqtt"), &broker, None, old)?;
    let Some((mut sink, place)) = sink else {
        return Ok(());
    };
    sink.log_in(all.take_text("user"), all.take_text("password"), old);
    if new.program == OldProgram::KaifareaderSelections && !select(&mut sink, &values, "MQTT", old)
    {
        return Ok(());
    }
    new.push(sink, &place)?;
    all.lose_rest();
    old.take_notes(&mut all);
    Ok(())
}

fn influx(new: &mut Translation, old: &mut OldSettings) -> Result<(), Stop> {
    let switch = old.take("influxdb_enabled");
    let values = old.take_below("influxdb_values.");
    let mut all = OldSettings::default();
    for (key, entry) in old.take_below("influxdb_") {
        all.add(vec![entry.entry.called(&key)], entry.file.as_deref());
    }
    if is_off(switch, "InfluxDB sink", old) {
        return Ok(());
    }
    let url = all.take_text("url");
    let url = url.ok_or_else(|| all.missing("influxdb_", "url", "server"))?;
    let (to, place) = (address(&url, old)?, url.place());
    let recipe = recipes::sink(new.program, "influxdb");
    let Some(mut sink) = recipe.map(|it| TranslatedSink::new(&it, &to, &place)).transpose()? else {
        return Ok(());
    };
    for key in ["org", "bucket", "measurement"] {
        if let Some(entry) = all.take_text(key) {
            sink.set(key, entry.text());
        }
    }
    if let Some(token) = all.take_text("token") {
        sink.secret("token", &token);
    }
    if new.program == OldProgram::KaifareaderSelections
        && !select(&mut sink, &values, "InfluxDB", old)
    {
        return Ok(());
    }
    new.push(sink, &place)?;
    all.lose_rest();
    old.take_notes(&mut all);
    Ok(())
}

/// The target for the URL of a server. Without a port, `http` means that of `http`.
fn address(url: &PlacedEntry, old: &mut OldSettings) -> Result<String, Stop> {
    let wrong = || Stop::usage(format!("{}: http://HOST:PORT is expected", url.place()));
    let (scheme, rest) = url.text().trim().split_once("://").ok_or_else(wrong)?;
    let (scheme, usual) = match scheme.to_ascii_lowercase().as_str() {
        "http" => ("influxdb", 80),
        "https" => ("influxdbs", 443),
        _ => return Err(wrong()),
    };
    let rest = rest.trim_end_matches('/');
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if rest.contains(['?', '@', '#', ' ']) || authority.is_empty() {
        return Err(wrong());
    }
    let port = if has_port(authority) { String::new() } else { format!(":{usual}") };
    if !path.split('/').all(is_of_path) {
        let why =
            "it may hold a secret; if the server needs it, append it to the address of the sink";
        old.changed(url, &format!("loses its path: {why}"));
        return Ok(format!("{scheme}://{authority}{port}"));
    }
    Ok(format!("{scheme}://{authority}{port}{}", escaped(path)))
}

/// True for a part of a path that is a plain word: others may be secrets.
fn is_of_path(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    part.len() <= 20
        && digits <= 2
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// The only folder in which the service of contrib/systemd writes.
const STATE: &str = "/var/lib/meterpipe";

fn solarview(new: &mut Translation, old: &mut OldSettings) -> Result<(), Stop> {
    let switch = old.take("file_export_enabled");
    let values = old.take_below("file_export_values.");
    let path = old.take_text("file_export_abspath");
    if is_off(switch, "file for Solarview", old) {
        return Ok(());
    }
    let path = path.ok_or_else(|| old.missing("", "file_export_abspath", "file"))?;
    if !Path::new(path.text()).starts_with(STATE) {
        old.changed(
            &path,
            &format!("is outside {STATE}, where meterpipe.service writes: see contrib/older"),
        );
    }
    let Some((mut sink, place)) = file_sink(new.program, path)? else {
        return Ok(());
    };
    if new.program == OldProgram::KaifareaderSelections {
        let Some(fields) = registers(&values, old) else {
            return Ok(());
        };
        // In this style all registers are the usual ones.
        let usual = sink.entry("style").is_some() && fields == usual_registers();
        if !usual {
            sink.set("fields", &fields.join(","));
        }
    }
    new.push(sink, &place)
}

/// The registers that are chosen, in their order; none without any.
fn registers(values: &[(String, PlacedEntry)], old: &mut OldSettings) -> Option<Vec<&'static str>> {
    let mut fields = Vec::new();
    for (name, entry) in values.iter().filter(|(_, entry)| entry.entry.value.is_true()) {
        let found = VALUES.iter().find(|(known, _)| known == name).map(|(_, field)| *field);
        match found.filter(|field| !TEXTS.contains(field)) {
            Some(field) => fields.push(field),
            None => old.lost(entry, "it is no number, which a register has to be"),
        }
    }
    if fields.is_empty() {
        old.note("no value is chosen for Solarview: no such file");
        return None;
    }
    Some(fields)
}

/// Fields that are no numbers.
const TEXTS: [&str; 3] = ["time", "meter", "device"];

fn usual_registers() -> Vec<&'static str> {
    VALUES.iter().map(|(_, field)| *field).filter(|field| !TEXTS.contains(field)).collect()
}

/// The file of Solarview, and its place.
fn file_sink(
    program: OldProgram,
    path: PlacedEntry,
) -> Result<Option<(TranslatedSink, String)>, Stop> {
    let place = path.place();
    if !Path::new(path.text()).is_absolute() {
        return Err(Stop::usage(format!("{place}: the whole path is expected")));
    }
    let to = format!("solarview:{}", path.text().replace('%', "%25").replace('?', "%3f"));
    let recipe = recipes::sink(program, "solarview");
    let sink = recipe.map(|it| TranslatedSink::new(&it, &to, &place)).transpose()?;
    Ok(sink.map(|sink| (sink, place)))
}

/// The names of values in the newer `meter.json`, and the fields that they are.
pub const VALUES: [(&str, &str); 16] = [
    ("VoltageL1", "voltage_l1_v"),
    ("VoltageL2", "voltage_l2_v"),
    ("VoltageL3", "voltage_l3_v"),
    ("CurrentL1", "current_l1_a"),
    ("CurrentL2", "current_l2_a"),
    ("CurrentL3", "current_l3_a"),
    ("RealPowerIn", "power_import_w"),
    ("RealPowerOut", "power_export_w"),
    ("RealEnergyIn", "energy_import_wh"),
    ("RealEnergyOut", "energy_export_wh"),
    ("ReactiveEnergyInductive", "reactive_energy_import_varh"),
    ("ReactiveEnergyCapacitive", "reactive_energy_export_varh"),
    ("PowerFactor", "power_factor"),
    ("DateAndTime", "time"),
    ("DeviceNumber", "meter"),
    ("DeviceName", "device"),
];

/// Keeps the values that are chosen; false if none is.
fn select(
    sink: &mut TranslatedSink,
    values: &[(String, PlacedEntry)],
    what: &str,
    old: &mut OldSettings,
) -> bool {
    let is_known = sink.entry("fields").unwrap_or_default();
    let mut chosen = Vec::new();
    for (name, entry) in values.iter().filter(|(_, entry)| entry.entry.value.is_true()) {
        let field = VALUES.iter().find(|(known, _)| known == name).map(|(_, field)| *field);
        match field.filter(|field| is_known.split(',').any(|known| known == *field)) {
            Some(field) => chosen.push(field),
            None if name == "DateAndTime" => old.lost(entry, OCTETS),
            None => old.lost(entry, "this sink has no such value"),
        }
    }
    if chosen.is_empty() {
        old.note(format!("no value is chosen for {what}: no such sink"));
        return false;
    }
    sink.keep_fields(&|field| chosen.contains(&field));
    true
}

const OCTETS: &str = "the program sends the octets of the clock, which no reader understands; \
                      time among the fields sends it as text";

/// Notes the factors that change a value: numbers here are those of the meter.
fn scale_factors(old: &mut OldSettings) {
    for (_, entry) in old.take_below("scale_factors.") {
        let is_one = matches!(&entry.entry, OldEntry { value: OldValue::Number(digits), .. }
            if ["0", "1", "1.0"].contains(&digits.as_str()));
        if !is_one {
            let why = "values are those of the meter; the reader has to multiply";
            old.lost(&entry, why);
        }
    }
}
