//! Programs beside Home Assistant that read a payload of their own form.

use serde_json::{Value, json};

use super::{NETZ_NOE, messages_of, with_messages};

/// mr-manuel/venus-os_dbus-mqtt-grid, commit 3a968cb: the fields of its README and of `on_message`. The driver took
/// these messages, with stand-ins for the D-Bus of a GX device.
#[test]
fn the_grid_meter_of_victron_gets_its_nested_object() {
    with_messages("../victron/config.toml", NETZ_NOE, |all| {
        let grid = concat!(
            r#"{"grid":{"power":-3104,"voltage":234.3,"#,
            r#""energy_forward":5693.123,"energy_reverse":14388.343}}"#,
        );
        assert_eq!(all, [format!("0 0 victron/grid {grid}")]);
    });
}

/// AIIDA of eddie-energy/eddie, commit 18da035: `OesterreichsEnergieAdapterJson` and its deserializer. Every member but three is
/// an object whose value is an integer or becomes a text, beside the seconds since 1970; name is a text, and
/// `sma_time` a number. These classes read what is expected here, with Jackson 2.14.
#[test]
fn aiida_gets_the_object_of_the_adapter() {
    let sink = "[[sink]]\nto = \"mqtt://localhost\"\nlayout = \"adapter\"\ntopic = \"aiida/x\"\nstatus = \"none\"\n";
    messages_of(sink, NETZ_NOE, |all| {
        let [line] = <[_; 1]>::try_from(all).unwrap();
        let text = line.strip_prefix("0 0 aiida/x ").unwrap();
        let mut object: Value = serde_json::from_str(text).unwrap();
        let members = object.as_object_mut().unwrap();
        assert_eq!(members.remove("api_version"), Some(json!("v1")));
        assert_eq!(members.remove("name"), Some(json!("181220752619")));
        assert!(members.remove("sma_time").unwrap().is_f64());
        assert_eq!(members.remove("0-0:96.1.0"), Some(json!({ "value": "181220752619" })));
        let expected = json!({
            "1-0:1.8.0": 5_693_123, "1-0:2.8.0": 14_388_343, "1-0:1.7.0": 0, "1-0:2.7.0": 3104,
            "1-0:16.7.0": -3104, "1-0:32.7.0": 234.3, "1-0:52.7.0": 233.1, "1-0:72.7.0": 234.9,
            "1-0:31.7.0": 4.11, "1-0:51.7.0": 4.65, "1-0:71.7.0": 4.49, "1-0:13.7.0": 0.999,
        });
        // 2026-06-21T17:00:00+02:00
        let expected =
            expected.as_object().unwrap().iter().map(|(code, value)| {
                (code.clone(), json!({ "value": value, "time": 1_782_054_000 }))
            });
        assert_eq!(object, Value::Object(expected.collect()));
    });
}
