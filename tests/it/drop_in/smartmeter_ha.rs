//! peerdavid/smartmeter-ha, commit f07bfc0: run as it is, with paho-mqtt 2.2.0, mosquitto 2.0.11 and a
//! pseudo-terminal. Its timestamp is the time of the machine; here the telegram arrived at that time.
//!
//! It rounds floats: 2386.985 becomes 2386.99 there, and 2386.98 here (half to even).

use super::{KSM_WEST, check_values, with_messages};

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
