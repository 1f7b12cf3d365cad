//! The announcements of two older programs go on: Home Assistant knows their entities again.
//!
//! The expectations were recorded from mosquitto, before Home Assistant 2026.11 took both: those of
//! samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant (2ab5f3d) from its own functions, which got the
//! values of a simulated meter because today's Gurux library no longer takes single frames; those of
//! lgraho/smartmeterreader (b251676) from the whole program, which read a simulated meter.

use std::{collections::BTreeMap, io::Write, process::Stdio};

use serde_json::{Value, json};

use crate::{
    common::{
        binary::{Running, command},
        published::{Folder, READING},
    },
    mqtt::mosquitto::{Listener, Mosquitto, with_mosquitto},
};

/// `publish` with a recipe, which has got one telegram and waits for more.
struct Publishing {
    broker: Mosquitto,
    process: Running,
    _folder: Folder,
}

impl Publishing {
    fn start(recipe: &str) -> Self {
        let path = format!("{}/contrib/older/{recipe}", env!("CARGO_MANIFEST_DIR"));
        let recipe = std::fs::read_to_string(path).unwrap();
        let broker = Mosquitto::open();
        let (_, sink) = recipe.split_once("[[sink]]").unwrap();
        let address = format!("mqtt://127.0.0.1:{}", broker.port);
        let sink = sink.replacen("mqtt://localhost", &address, 1);
        let folder = Folder::new();
        // The guard would wait for a second telegram.
        let config = folder.write("config.toml", format!("[[sink]]\nguard = false{sink}"));
        let mut publish = command(&["publish", "--config", &config]);
        publish.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Running(publish.spawn().unwrap());
        process.0.stdin.as_mut().unwrap().write_all(READING.as_bytes()).unwrap();
        Self { broker, process, _folder: folder }
    }

    fn end(mut self) {
        drop(self.process.0.stdin.take());
        let ran = self.process.ended();
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    }
}

/// The announcements with this many topics, by topic, and the beginning of their lines.
fn announcements(listener: &Listener, count: usize) -> BTreeMap<String, (String, Value)> {
    let mut all = BTreeMap::new();
    for _ in 0..300 {
        for line in listener.received() {
            let [retained, _, topic, payload] =
                <[&str; 4]>::try_from(line.splitn(4, ' ').collect::<Vec<_>>()).unwrap();
            if topic.ends_with("/config") {
                let payload = serde_json::from_str(payload).unwrap();
                all.insert(topic.to_owned(), (retained.to_owned(), payload));
            }
        }
        if all.len() >= count {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    all
}

/// The members that Home Assistant reads in an announcement, under the names without abbreviation.
fn spelt(payload: &Value) -> BTreeMap<&str, Value> {
    let long = |key| match key {
        "uniq_id" => "unique_id",
        "stat_t" => "state_topic",
        "unit_of_meas" => "unit_of_measurement",
        "dev_cla" => "device_class",
        "stat_cla" => "state_class",
        "val_tpl" => "value_template",
        "dev" => "device",
        "ids" => "identifiers",
        "mf" => "manufacturer",
        "mdl" => "model",
        other => other,
    };
    let all = payload.as_object().unwrap().iter();
    all.map(|(key, value)| (long(key.as_str()), value.clone())).collect()
}

#[test]
fn the_entities_of_kaifa_ma309_p1_reader_keep_their_identifiers() {
    with_mosquitto(|| {
        let publishing = Publishing::start("EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.toml");
        publishing.broker.listen(&[]).wait_for("smartmeter/kaifa_ma309/status online");
        // A later subscriber gets what the broker keeps.
        let late = publishing.broker.listen(&[]);
        let all = announcements(&late, 12);
        let host = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
        let node = format!("kaifa_ma309_181220000009_{host}");
        let mut expected = Vec::new();
        for (key, name, unit, class, state_class) in [
            ("energy_import_wh", "Wirkenergie Import", "Wh", "energy", "total_increasing"),
            ("energy_export_wh", "Wirkenergie Export", "Wh", "energy", "total_increasing"),
            ("power_import_w", "Leistung Import", "W", "power", "measurement"),
            ("power_export_w", "Leistung Export", "W", "power", "measurement"),
            ("power_net_w", "Leistung Netto", "W", "power", "measurement"),
            ("voltage_l1_v", "Spannung L1", "V", "voltage", "measurement"),
            ("voltage_l2_v", "Spannung L2", "V", "voltage", "measurement"),
            ("voltage_l3_v", "Spannung L3", "V", "voltage", "measurement"),
            ("current_l1_a", "Strom L1", "A", "current", "measurement"),
            ("current_l2_a", "Strom L2", "A", "current", "measurement"),
            ("current_l3_a", "Strom L3", "A", "current", "measurement"),
            ("power_factor", "Leistungsfaktor", "", "", "measurement"),
        ] {
            let topic = format!("homeassistant/sensor/{node}/{key}/config");
            let (retained, payload) =
                all.get(&topic).unwrap_or_else(|| panic!("{topic}: {all:#?}"));
            assert_eq!(retained, "1");
            let payload = spelt(payload);
            let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(text("name"), name);
            assert_eq!(text("unique_id"), format!("{node}_{key}"));
            assert_eq!(text("state_topic"), format!("smartmeter/kaifa_ma309/state/{key}"));
            assert_eq!(text("unit_of_measurement"), unit);
            // The old program announced the power factor without a class.
            assert!(text("device_class") == class || class.is_empty(), "{payload:?}");
            assert_eq!(text("state_class"), state_class);
            assert_eq!(payload["avty"], json!([{ "t": "smartmeter/kaifa_ma309/status" }]));
            let device = spelt(&payload["device"]);
            assert_eq!(device["identifiers"], json!(["kaifa_ma309_p1", "181220000009"]));
            assert_eq!(device["name"], "Smartmeter Kaifa MA309 (181220000009)");
            assert_eq!(device["manufacturer"], "Kaifa");
            assert_eq!(device["model"], "MA309");
            assert_eq!(payload.get("def_ent_id"), None, "the id is made of the names, as before");
            expected.push(topic);
        }
        expected.sort();
        assert_eq!(all.into_keys().collect::<Vec<_>>(), expected, "no entity that it had not");
        publishing.end();
    });
}

#[test]
fn the_entities_of_smartmeterreader_keep_their_names_and_outlast_restarts() {
    with_mosquitto(|| {
        let publishing = Publishing::start("smartmeterreader.toml");
        let state = publishing.broker.listen(&[]);
        state.wait_for("homeassistant/sensor/smartmeter/state ");
        let late = publishing.broker.listen(&[]);
        let all = announcements(&late, 11);
        let mut expected = Vec::new();
        for (object, name, class, unit, member) in [
            ("smartmeterP", "SmartMeter Power", "power", "W", "power"),
            ("smartmeterPR", "SmartMeter Power Return", "power", "W", "powerR"),
            ("smartmeterE", "SmartMeter Energy", "energy", "kWh", "energy"),
            ("smartmeterER", "SmartMeter Energy Return", "energy", "kWh", "energyR"),
            ("smartmeterV1", "SmartMeter Voltage L1", "voltage", "V", "voltageL1"),
            ("smartmeterV2", "SmartMeter Voltage L2", "voltage", "V", "voltageL2"),
            ("smartmeterV3", "SmartMeter Voltage L3", "voltage", "V", "voltageL3"),
            ("smartmeterI1", "SmartMeter Current L1", "current", "A", "currentL1"),
            ("smartmeterI2", "SmartMeter Current L2", "current", "A", "currentL2"),
            ("smartmeterI3", "SmartMeter Current L3", "current", "A", "currentL3"),
            ("smartmeterPF", "SmartMeter Power Factor", "power_factor", "", "powerfactor"),
        ] {
            let topic = format!("homeassistant/sensor/{object}/config");
            let (retained, payload) =
                all.get(&topic).unwrap_or_else(|| panic!("{topic}: {all:#?}"));
            // The old program sent them once, for nobody who came later.
            assert_eq!(retained, "1");
            let payload = spelt(payload);
            let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(text("name"), name);
            assert_eq!(text("device_class"), class);
            assert_eq!(text("unit_of_measurement"), unit);
            assert_eq!(text("state_topic"), "homeassistant/sensor/smartmeter/state");
            assert_eq!(text("value_template"), format!("{{{{ value_json['{member}'] }}}}"));
            // The entity id of an entity without a device is its name.
            assert_eq!((payload.get("device"), payload.get("def_ent_id")), (None, None));
            assert_eq!(text("unique_id"), object, "with it, people may rename the entity");
            expected.push(topic);
        }
        expected.sort();
        assert_eq!(all.into_keys().collect::<Vec<_>>(), expected, "no entity that it had not");

        late.take();
        publishing.broker.publish_text("homeassistant/status", "online");
        assert_eq!(announcements(&late, 11).len(), 11, "again when Home Assistant starts");
        publishing.end();
    });
}
