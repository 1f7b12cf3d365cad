//! peerdavid/smartmeter-ha, commit f07bfc0: run as it is, with paho-mqtt 2.2.0, mosquitto 2.0.11 and a
//! pseudo-terminal. Its timestamp is the time of the machine; here the telegram arrived at that time.
//!
//! The program rounds floats: 2386.985 becomes 2386.99 there, and 2386.98 here (half to even).

use super::{KSM_WEST, check_values, recipe, with_messages};
use crate::common::{
    binary::{command, run_command},
    published::KEY,
    secrets::CANARY,
};

const RECIPE: &str = "smartmeter-ha.toml";

#[test]
fn topics_texts_and_the_json_are_the_same() {
    let theirs = [
        "timestamp 2026-11-28T12:22:44Z",
        "energy_in 5693.12",
        "energy_out 14388.34",
        "power_in 0",
        "power_out 3104",
        "reactive_energy_in 19.94",
        "reactive_energy_out 2386.84",
        "voltage_l1 234.3",
        "voltage_l2 233.1",
        "voltage_l3 234.9",
        "current_l1 4.11",
        "current_l2 4.65",
        "current_l3 4.49",
        concat!(
            r#"json {"timestamp": "2026-11-28T12:22:44Z", "energy_in": 5693.12, "#,
            r#""energy_out": 14388.34, "power_in": 0, "power_out": 3104, "#,
            r#""reactive_energy_in": 19.94, "reactive_energy_out": 2386.84, "#,
            r#""voltage_l1": 234.3, "voltage_l2": 233.1, "voltage_l3": 234.9, "#,
            r#""current_l1": 4.11, "current_l2": 4.65, "current_l3": 4.49}"#,
        ),
    ];
    check_values(RECIPE, KSM_WEST, "home/smart_meter", &theirs);
}

/// The second file is for its .env, which needs neither key_file nor an address.
#[test]
fn the_recipe_for_its_variables_is_the_same() {
    let lines = |name| {
        let without_comments = |line: &&str| !line.starts_with('#') && !line.is_empty();
        let recipe = recipe(name);
        recipe.lines().filter(without_comments).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut expected = lines(RECIPE);
    expected.retain(|line| !line.starts_with("key_file"));
    for line in &mut expected {
        *line = line.replace("mqtt://localhost", "mqtt");
    }
    assert_eq!(lines("smartmeter-ha/config.toml"), expected);
    let path = format!("{}/contrib/older/smartmeter-ha/config.toml", env!("CARGO_MANIFEST_DIR"));
    let mut check = command(&["config", "check", "--config", &path]);
    check.envs([("SERIAL_KEY", KEY), ("MQTT_SERVER", "h"), ("MQTT_PORT", "1884")]);
    check.envs([("MQTT_USER", "u"), ("MQTT_PASSWD", CANARY)]);
    let ran = run_command(check, b"");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:?}");
}

#[test]
fn its_telegraf_reads_all_paths_and_the_time_in_utc() {
    with_messages(RECIPE, KSM_WEST, |all| {
        let json = all.iter().find_map(|it| it.strip_prefix("0 0 home/smart_meter/json "));
        let json: serde_json::Value = serde_json::from_str(json.unwrap()).unwrap();
        // The paths of containers/telegraf/telegraf.conf, with `timestamp_format = "rfc3339"`.
        let time: jiff::Timestamp = json["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(time.to_string(), json["timestamp"]);
        for path in [
            "energy_in",
            "energy_out",
            "power_in",
            "power_out",
            "reactive_energy_in",
            "reactive_energy_out",
            "voltage_l1",
            "voltage_l2",
            "voltage_l3",
            "current_l1",
            "current_l2",
            "current_l3",
        ] {
            assert!(json[path].is_number(), "{path}");
        }
    });
}
