//! The names that people see, and what stays when these change.

use serde_json::{Value, json};

use crate::{
    format::readings::Readings,
    sink::{
        home_assistant::announcer::HomeAssistant,
        line_counters::LineCounters,
        mqtt::publication::{Publication, StateFormat},
        settings::SinkSettings,
    },
};

const LINE: &str = concat!(
    "{\"schema\":1,\"time\":\"2026-11-20T12:00:00+01:00\",\"meter\":\"181220000009\",",
    "\"system_title\":\"4b464d6750000009\",\"energy_import_wh\":12937,",
    "\"reactive_energy_import_varh\":5,\"power_net_w\":-5}"
);

fn announced(uri: &str, name: Option<&str>) -> Vec<Publication> {
    let mut settings: SinkSettings = uri.parse().unwrap();
    let state_format = StateFormat::take(&mut settings).unwrap();
    let counters = LineCounters::default();
    let names = counters.meter_names();
    // The name of one of two meters needs its source.
    names.set_known(&[Some("Haus".to_owned()), None]);
    names.note(Some("181220000009"), name);
    let announcer = HomeAssistant::take(&mut settings, &state_format, &counters, None);
    settings.finish().unwrap();
    announcer.unwrap().unwrap().on_readings(&Readings::parse(LINE.as_bytes()).unwrap())
}

fn payload(message: &Publication) -> Value {
    serde_json::from_slice(&message.payload).unwrap()
}

fn device(query: &str, name: Option<&str>) -> Value {
    let all = announced(&format!("mqtt://broker?{query}"), name);
    assert_eq!(all.len(), 1);
    payload(&all[0])
}

#[test]
fn language_and_names_change_no_identifier() {
    let ids = |payload: &Value| {
        let all = payload["cmps"].as_object().unwrap().iter();
        let ids = all.map(|(id, it)| {
            (id.clone(), it["uniq_id"].clone(), it["def_ent_id"].clone(), it["val_tpl"].clone())
        });
        (ids.collect::<Vec<_>>(), payload["dev"]["ids"].clone(), payload["stat_t"].clone())
    };
    let name = |payload: &Value, id: &str| payload["cmps"][id]["name"].as_str().map(str::to_owned);
    let usual = device("ha=device", None);
    assert_eq!(name(&usual, "power_net").as_deref(), Some("Power"));
    let other =
        device("ha_language=de&ha_names.power_net_w=Jetzt&ha_device=Z%C3%A4hler", Some("Haus"));
    assert_eq!(ids(&other), ids(&usual));
    assert_eq!(name(&other, "power_net").as_deref(), Some("Jetzt"));
    assert_eq!(name(&other, "energy_import").as_deref(), Some("Bezug"));
    assert_eq!(usual["cmps"]["power_net"]["uniq_id"], "meterpipe_181220000009_power_net");
    assert_eq!(
        usual["cmps"]["power_net"]["def_ent_id"],
        "sensor.smart_meter_181220000009_power_net"
    );
}

#[test]
fn a_device_has_the_name_of_its_meter_and_its_maker() {
    for (query, name, expected) in [
        ("ha_language=en", None, "Smart meter 181220000009"),
        ("ha_language=de", None, "Stromzähler 181220000009"),
        ("ha_language=de", Some("ttyUSB0"), "Stromzähler 181220000009"),
        ("ha_language=de", Some("Haus"), "Haus"),
        ("ha_device={name} {meter}", Some("Haus"), "Haus 181220000009"),
        ("ha_device={name}", None, "181220000009"),
        ("ha_entity_ids=name", None, "Smart meter"),
        ("ha_entity_ids=name", Some("Haus"), "Haus"),
    ] {
        let dev = json!({
            "ids": ["meterpipe_181220000009"],
            "name": expected,
            "mf": "Kaifa",
            "mdl": "MA309",
            "sn": "181220000009",
        });
        assert_eq!(device(query, name)["dev"], dev, "{query}");
    }
    let device = device("ha_identifiers=a,b_{meter}&ha_manufacturer=M&ha_model=X%201", None);
    assert_eq!(device["dev"]["ids"], json!(["a", "b_181220000009"]));
    assert_eq!((&device["dev"]["mf"], &device["dev"]["mdl"]), (&json!("M"), &json!("X 1")));
}

#[test]
fn energies_are_shown_in_kwh_unless_somebody_says_otherwise() {
    let one = |query: &str, id: &str| {
        let it = device(query, None)["cmps"][id].clone();
        ["unit_of_meas", "val_tpl", "sug_dsp_prc"].map(|key| it[key].to_string())
    };
    let template = |name: &str| {
        format!(
            "\"{{{{ (value_json['{name}'] / 1000) | round(3) if value_json['{name}'] is number else value_json['{name}'] }}}}\""
        )
    };
    let kwh = ["\"kWh\"".to_owned(), template("energy_import_wh"), "3".to_owned()];
    assert_eq!(one("ha=device", "energy_import"), kwh);
    assert_eq!(one("ha_compat=true", "energy_import"), kwh);
    let plain = |name: &str, unit: &str, decimals: &str| {
        let template = format!("\"{{{{ value_json['{name}'] }}}}\"");
        [format!("\"{unit}\""), template, decimals.to_owned()]
    };
    assert_eq!(one("units.energy=Wh", "energy_import"), plain("energy_import_wh", "Wh", "0"));
    assert_eq!(one("status=none", "energy_import"), plain("energy_import_wh", "Wh", "0"));
    assert_eq!(one("units.energy=MWh", "energy_import"), plain("energy_import_mwh", "MWh", "3"));
    let reactive = "reactive_energy_import";
    assert_eq!(one("ha=device", reactive)[0], "\"kvarh\"");
    let old = plain("reactive_energy_import_varh", "varh", "0");
    assert_eq!(one("ha_compat=true", reactive), old, "no class, so no conversion of its history");
}

#[test]
fn entity_ids_without_the_number_are_left_to_home_assistant() {
    let entity = &device("ha_entity_ids=name", Some("Haus"))["cmps"]["power_net"];
    assert_eq!(entity.get("def_ent_id"), None);
    assert_eq!(entity["uniq_id"], "meterpipe_181220000009_power_net");
}

#[test]
fn an_older_programs_announcements_can_be_taken_back() {
    let older = concat!(
        "ha_node=old_{meter}&ha_topics.power_net_w=homeassistant/sensor/meterP/config",
        "&fields=power_net_w,energy_import_wh"
    );
    let all = announced(&format!("mqtt://broker?ha=component&{older}"), None);
    let topics: Vec<_> = all.iter().map(|it| it.topic.as_str()).collect();
    let energy = "homeassistant/sensor/old_181220000009/energy_import_wh/config";
    let power = "homeassistant/sensor/meterP/config";
    assert_eq!(topics, [energy, power]);
    assert_eq!(payload(&all[0])["uniq_id"], "old_181220000009_energy_import_wh");
    assert_eq!(payload(&all[0])["unit_of_meas"], "Wh", "as the older program said");
    assert_eq!(payload(&all[1])["uniq_id"], "meterP");
    assert_eq!(payload(&all[1]).get("dev"), None);
    let removed = announced(&format!("mqtt://broker?ha=remove&layout=none&{older}"), None);
    for topic in topics {
        let it = removed.iter().find(|it| it.topic == topic).unwrap();
        assert!(it.retain && it.payload.is_empty());
    }
}

#[test]
fn what_cannot_be_meant_is_named() {
    let why = |query: &str| {
        let mut settings: SinkSettings = format!("mqtt://broker?{query}").parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let counters = LineCounters::default();
        let error = HomeAssistant::take(&mut settings, &state_format, &counters, None);
        error.unwrap_err().to_string()
    };
    for (query, text) in [
        ("ha_language=fr", "ha_language: de or en expected"),
        ("ha_names.what=x", "ha_names.what: no field is called what"),
        (
            "ha_names.power_net_w=",
            "ha_names.power_net_w: a text expected, without control characters",
        ),
        ("ha_device={number}", "ha_device: a placeholder must be one of {name}, {meter}"),
        ("ha_names.power_net_w={meter}", "ha_names.power_net_w: it has no placeholders"),
        ("ha_model={meter}", "ha_model: it has no placeholders"),
        ("ha_node=x", "ha_node: it is of the older form: add ha=component"),
        ("ha=component&ha_node=a/b", "ha_node: only letters, digits, _ and - expected in a name"),
        (
            "ha=component&ha_topics.power_net_w=x/config",
            "ha_topics.power_net_w: a topic such as homeassistant/sensor/smartmeterP/config expected",
        ),
        (
            "ha=component&ha_topics.power_net_w=h/sensor/a/b/c/config",
            "ha_topics.power_net_w: only letters, digits, _ and - expected in a name",
        ),
    ] {
        assert_eq!(why(query), text);
    }
}
