//! `config.yaml` and `data_format.yaml` of lgraho/smartmeterreader.

use std::collections::BTreeMap;

use crate::cli::{
    import::{
        settings::{OldSettings, PlacedEntry},
        sink::{OldBroker, TranslatedSink},
        translation::{OldLine, Translation},
    },
    older::program::OldProgram,
    run::status::Stop,
};
use meterpipe::{
    cosem::{obis::Obis, unit::Unit},
    format::{key::FieldKey, units::Units},
    reading::fields::FIELDS,
};

/// Translates the settings.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(old: &mut OldSettings) -> Result<Translation, Stop> {
    let names = OldLine { source: "mbus.port", baud: "mbus.baudrate", key: "encryption_key" };
    let mut new = Translation::new(OldProgram::Smartmeterreader, &names, old)?;
    new.fixed_parity(old);
    old.lose("mqtt.client_id", "the program does not use it either");
    // Where a frame has its parts follows from the frame.
    old.take_below("frame_format.");
    let (host, port) = (old.take_text("mqtt.broker"), old.take_text("mqtt.port"));
    let broker = OldBroker { name: "mqtt.broker", host, port, base: None };
    let sink = TranslatedSink::at((new.program, "mqtt"), &broker, None, old)?;
    let Some((mut sink, place)) = sink else {
        return Ok(new);
    };
    sink.log_in(old.take_text("mqtt.user"), old.take_text("mqtt.password"), old);
    if let Some(topic) = old.take_text("mqtt.data_topic") {
        sink.set("topic", topic.text());
    }
    data_format(&mut sink, old)?;
    discovery(&mut sink, old)?;
    new.push(sink, &place)?;
    Ok(new)
}

/// Carries the announcements over. Each has its topic and its name, and says by a template which value it
/// shows.
///
/// # Errors
/// An energy is announced in another unit than its value would have.
fn discovery(sink: &mut TranslatedSink, old: &mut OldSettings) -> Result<(), Stop> {
    let entries = old.take_below("homeassistant.");
    if sink.entry("ha").as_deref() == Some("off") {
        return Ok(());
    }
    let keys = sink.settings.entries().map(|(key, _)| key.to_owned());
    let announced = |key: &String| key.starts_with("ha_topics.") || key.starts_with("ha_names.");
    for key in keys.filter(announced).collect::<Vec<_>>() {
        sink.settings.remove(&key);
    }
    let mut count = 0;
    for row in rows("config_topics.", entries) {
        let find = |wanted: &[&str]| {
            row.iter().find(|(key, _)| wanted.contains(&key.as_str())).map(|(_, entry)| entry)
        };
        let Some(topic) = find(&["config_topic"]) else {
            continue;
        };
        let template = find(&["config.val_tpl", "config.value_template"]).map(PlacedEntry::text);
        match template.and_then(|template| field_of(sink, template)) {
            Some(field) => {
                if let Some(unit) = find(&["config.unit_of_meas", "config.unit_of_measurement"]) {
                    check_unit(&field, unit)?;
                }
                sink.set(&format!("ha_topics.{field}"), topic.text());
                if let Some(name) = find(&["config.name"]) {
                    sink.set(&format!("ha_names.{field}"), name.text());
                }
                count += 1;
            }
            None => old.lost(topic, "its template names no value of the telegram"),
        }
    }
    if count == 0 {
        sink.set("ha", "off");
    }
    Ok(())
}

/// Refuses an energy whose announcement has another unit than the field: its history would go on with
/// values that are a thousand times smaller or larger.
fn check_unit(field: &str, unit: &PlacedEntry) -> Result<(), Stop> {
    let (said, text) = (unit.text().trim(), unit.place());
    let is_energy = ["wh", "kwh", "mwh"].contains(&said.to_ascii_lowercase().as_str());
    match field.rsplit_once('_') {
        Some((_, written)) if is_energy && !written.eq_ignore_ascii_case(said) => {
            Err(Stop::usage(format!(
                "{text}: it says {said}, and {field} would be written: give data_format.yaml too, \
                 which says how the old program calculates"
            )))
        }
        _ => Ok(()),
    }
}

/// The elements of a list below a name, in their order.
fn rows(start: &str, entries: Vec<(String, PlacedEntry)>) -> Vec<Vec<(String, PlacedEntry)>> {
    let mut rows = BTreeMap::<usize, Vec<(String, PlacedEntry)>>::new();
    for (key, entry) in entries {
        if let Some((number, key)) = key.strip_prefix(start).and_then(|it| it.split_once('.'))
            && let Ok(number) = number.parse()
        {
            rows.entry(number).or_default().push((key.to_owned(), entry));
        }
    }
    rows.into_values().collect()
}

/// The field whose name a template takes out of the JSON: `{{value_json.power}}`.
fn field_of(sink: &TranslatedSink, template: &str) -> Option<String> {
    let wanted = template.split_once("value_json.")?.1;
    let wanted = wanted.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    let entries = sink.settings.entries();
    let mut names = entries.filter_map(|(key, value)| Some((key.strip_prefix("names.")?, value)));
    names.find(|(_, name)| *name == wanted).map(|(field, _)| field.to_owned())
}

/// A value of `data_format.yaml`.
struct OldDatum {
    name: PlacedEntry,
    code: Obis,
    /// The place among the named fields; none for another object.
    field: Option<usize>,
    /// How many times a thousand the unit is larger than the meter's; none for another multiplier.
    power: Option<usize>,
}

/// Replaces the values of the recipe by those of `data_format.yaml`, if it is there.
fn data_format(sink: &mut TranslatedSink, old: &mut OldSettings) -> Result<(), Stop> {
    let data = data(old)?;
    if data.is_empty() {
        let note = "without data_format.yaml the values are those of the program's own one";
        old.note(note);
        return Ok(());
    }
    let keys = sink.settings.entries().map(|(key, _)| key.to_owned());
    let replaced = |key: &String| key.starts_with("units.") || key.starts_with("names.");
    for key in keys.filter(replaced).collect::<Vec<_>>() {
        sink.settings.remove(&key);
    }
    let units = units(sink, &data, old);
    let mut fields = Vec::new();
    for datum in &data {
        let key = match datum.field {
            Some(place) => FieldKey::Field(place, 1),
            None => FieldKey::Object(datum.code, 1),
        };
        let field = key.text(&units);
        if fields.contains(&field) {
            old.lost(&datum.name, "a value has one name");
            continue;
        }
        sink.set(&format!("names.{field}"), datum.name.text());
        fields.push(field);
    }
    sink.set("fields", &fields.join(","));
    Ok(())
}

fn data(old: &mut OldSettings) -> Result<Vec<OldDatum>, Stop> {
    let mut data = Vec::new();
    for row in rows("", old.take_below("apdu_format.")) {
        let find = |wanted: &str| row.iter().find(|(key, _)| key == wanted).map(|(_, entry)| entry);
        let (Some(name), Some(code)) = (find("name"), find("obis")) else {
            let place = row.first().map(|(_, entry)| entry.place()).unwrap_or_default();
            return Err(Stop::usage(format!("{place}: a value has a name and an obis")));
        };
        let mut octets = [0; 6];
        let place = code.place();
        hex::decode_to_slice(code.text().trim(), &mut octets)
            .map_err(|_| Stop::usage(format!("{place}: 12 hex digits are expected")))?;
        let [medium, channel, c, d, e, history] = octets;
        let is_named = (medium, channel, history) == (1, 0, 255);
        let field = FIELDS.iter().position(|field| is_named && field.code == Some([c, d, e]));
        let multiplier = find("val_multiplier");
        let power = multiplier.map_or(Some(0), |entry| power(entry.text()));
        if let Some(multiplier) =
            multiplier.filter(|_| power.is_none() || field.is_none() && power != Some(0))
        {
            let why = "the value stays in the unit of the meter; 0.001 and 0.000001 have units";
            old.lost(multiplier, why);
        }
        data.push(OldDatum { name: name.clone(), code: Obis(octets), field, power });
    }
    Ok(data)
}

/// The power of 1000 that a multiplier divides by.
fn power(text: &str) -> Option<usize> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "1.0" => Some(0),
        "0.001" | ".001" | "1e-3" | "1e-03" => Some(1),
        "0.000001" | ".000001" | "1e-6" | "1e-06" => Some(2),
        _ => None,
    }
}

/// The quantities whose unit can be chosen.
const QUANTITIES: [(&str, Unit, [&str; 3]); 4] = [
    ("energy", Unit::WATT_HOUR, ["Wh", "kWh", "MWh"]),
    ("reactive-energy", Unit::VAR_HOUR, ["varh", "kvarh", "Mvarh"]),
    ("power", Unit::WATT, ["W", "kW", "MW"]),
    ("reactive-power", Unit::VAR, ["var", "kvar", "Mvar"]),
];

/// Sets the units that the multipliers make; a quantity has one unit.
fn units(sink: &mut TranslatedSink, data: &[OldDatum], old: &mut OldSettings) -> Units {
    let mut units = Units::default();
    for (quantity, unit, symbols) in QUANTITIES {
        let is_one = |datum: &&OldDatum| {
            let field = datum.field.and_then(|place| FIELDS.get(place));
            field.is_some_and(|field| field.unit == unit)
        };
        let mut own = data.iter().filter(is_one);
        let Some(first) = own.next().and_then(|datum| datum.power) else {
            continue;
        };
        for other in own.filter(|other| other.power != Some(first)) {
            let why = format!("all of {quantity} have one unit");
            old.changed(&other.name, &format!("keeps the unit of the others: {why}"));
        }
        if let Some(symbol) = symbols.get(first).filter(|_| first > 0)
            && units.choose(&format!("{quantity}={symbol}")).is_ok()
        {
            sink.set(&format!("units.{quantity}"), symbol);
        }
    }
    for datum in data.iter().filter(|datum| datum.power.is_some_and(|power| power > 0)) {
        let field = datum.field.and_then(|place| FIELDS.get(place));
        if let Some(field) =
            field.filter(|it| !QUANTITIES.iter().any(|(_, unit, _)| *unit == it.unit))
        {
            let name = field.name;
            let why = format!("{name} stays in the unit of the meter");
            old.changed(&datum.name, &format!("loses its multiplier: {why}"));
        }
    }
    units
}
