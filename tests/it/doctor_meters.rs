//! Answers of `doctor` about the meters of one configuration: each has its own key file, and its own source.

use crate::{
    common::{
        binary::{command, run_command},
        published::{Folder, KEY, WRONG_KEY},
        terminal::terminal,
    },
    doctor::{FedDevice, OTHER_KEY, sound, telegrams, telegrams_from},
};
use jiff::Timestamp;
use meterpipe::source::simulator::meter::MeterKind;
use serde_json::Value;

/// The exit status, and the answers about the meters of a configuration in their order.
fn answers(folder: &Folder, config: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
    let config = folder.write("config.toml", config);
    let arguments =
        [&["doctor", "--format=json", "--lang=en", "--config", &config], arguments].concat();
    let ran = run_command(command(&arguments), b"");
    let found = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!ran.out.is_empty(), "{ran:?}");
    (ran.status, found)
}

/// The verdicts, in their order.
fn verdicts(found: &[Value]) -> Vec<&str> {
    found.iter().map(|it| it["verdict"].as_str().unwrap()).collect()
}

fn meter(source: &str, key_file: Option<&str>) -> String {
    let key_file = key_file.map(|file| format!("key_file = \"{file}\"\n")).unwrap_or_default();
    format!("[[meter]]\nsource = \"{source}\"\n{key_file}")
}

#[test]
fn the_key_file_that_opens_a_meter_stands_in_its_command() {
    let folder = Folder::new();
    let [own, other] =
        [("own", KEY), ("other", OTHER_KEY)].map(|(name, key)| folder.write(name, key));
    let house = folder.write("house", sound(4));
    let pump =
        folder.write("pump", telegrams(MeterKind::KsmWest, 4, Some(OTHER_KEY), None).concat());
    let both = folder.write("both", format!("{KEY}\n{OTHER_KEY}\n"));
    for (of_house, of_pump, opens_house, opens_pump) in [
        (Some(&own), Some(&other), &own, &other),
        // A run reads both, as it tries the keys of all meters.
        (Some(&other), Some(&own), &own, &other),
        (Some(&both), None, &both, &both),
        (None, Some(&both), &both, &both),
    ] {
        let config = meter(&house, of_house.map(String::as_str))
            + &meter(&pump, of_pump.map(String::as_str));
        let (status, found) = answers(&folder, &config, &[]);
        assert_eq!((status, verdicts(&found)), (0, vec!["ok", "ok"]), "{config}: {found:#?}");
        for (found, (named, opens)) in
            found.iter().zip([(of_house, opens_house), (of_pump, opens_pump)])
        {
            let command = found["watch"].as_str().unwrap();
            assert!(command.ends_with(&format!(" --key-file {opens}")), "{config}: {command}");
            let told = found["evidence"].to_string();
            assert_eq!(told.contains("key file of another meter"), named != Some(opens), "{told}");
        }
    }
}

#[test]
fn a_meter_without_a_key_that_fits_is_judged_by_its_own_key_file() {
    let folder = Folder::new();
    let (own, wrong) = (folder.write("own", KEY), folder.write("wrong", WRONG_KEY));
    let house = folder.write("house", sound(4));
    let pump =
        folder.write("pump", telegrams(MeterKind::KsmWest, 4, Some(OTHER_KEY), None).concat());
    let named = folder.write("named", format!("1111111111111111 {WRONG_KEY}\n"));
    for (key_file, verdict) in
        [(None, "no-key"), (Some(&wrong), "wrong-key"), (Some(&named), "other-meter")]
    {
        let config = meter(&house, Some(&own)) + &meter(&pump, key_file.map(String::as_str));
        let (status, found) = answers(&folder, &config, &[]);
        assert_eq!((status, verdicts(&found)), (4, vec!["ok", verdict]), "{found:#?}");
        let told = found[1]["evidence"].to_string();
        assert!(!told.contains("with 2 keys"), "{told}");
    }
}

#[test]
fn a_fault_of_one_meter_stops_no_other_examination() {
    let folder = Folder::new();
    let own = folder.write("own", KEY);
    let (house, missing) = (folder.write("house", sound(4)), folder.path("missing"));
    let config = meter(&house, Some(&missing))
        + &meter("sim:nowhere", Some(&own))
        + &meter("tcp://", Some(&own))
        + &meter(&house, Some(&own));
    let (status, found) = answers(&folder, &config, &[]);
    let expected = ["key-format", "no-device", "no-device", "ok"];
    assert_eq!((status, verdicts(&found)), (2, expected.to_vec()), "{found:#?}");
    assert!(found[0]["evidence"][0].as_str().unwrap().contains(&missing), "{found:#?}");
    assert!(found[1]["evidence"][0].as_str().unwrap().contains("sim:nowhere"), "{found:#?}");
}

#[test]
fn a_sink_that_takes_no_readings_is_told_with_each_meter() {
    let folder = Folder::new();
    let [own, wrong] =
        [("own", KEY), ("wrong", WRONG_KEY)].map(|(name, key)| folder.write(name, key));
    let [house, pump] = ["house", "pump"].map(|name| folder.write(name, sound(4)));
    let config = format!(
        "{}name = \"one\"\n{}name = \"two\"\n[[sink]]\nto = \"file:/no/folder/x.csv\"\n",
        meter(&house, Some(&own)),
        meter(&pump, Some(&own))
    );
    let (status, found) = answers(&folder, &config, &[]);
    assert_eq!((status, verdicts(&found)), (6, vec!["sink", "sink"]), "{found:#?}");
    assert_eq!((&found[0]["name"], &found[1]["name"]), (&"one".into(), &"two".into()));
    let (status, found) = answers(&folder, &config.replace(&own, &wrong), &[]);
    assert_eq!((status, verdicts(&found)), (4, vec!["wrong-key", "wrong-key"]), "{found:#?}");
    for found in found {
        assert!(found["evidence"].to_string().contains("/no/folder"), "{found:#}");
    }
}

#[test]
fn a_device_that_is_configured_twice_is_named_and_examined_once() {
    let folder = Folder::new();
    let [own, other] =
        [("own", KEY), ("other", OTHER_KEY)].map(|(name, key)| folder.write(name, key));
    let now = |kind, key| telegrams_from(Timestamp::now(), kind, 4, Some(key), None).concat();
    let wires = [now(MeterKind::NetzNoeKaifa, KEY), now(MeterKind::KsmWest, OTHER_KEY)].concat();
    let device = FedDevice::new(move |_| wires.clone());
    let link = folder.path("by-id");
    std::os::unix::fs::symlink(device.node(), &link).unwrap();
    let (_master, silent) = terminal();
    let silent = silent.to_str().unwrap();
    let config =
        meter(device.node(), Some(&own)) + &meter(silent, Some(&own)) + &meter(&link, Some(&other));
    let (status, found) = answers(&folder, &config, &["--time=3s"]);
    assert_eq!(verdicts(&found), ["ok", "silent", "busy"], "{found:#?}");
    assert_eq!(status, 3, "{found:#?}");
    let twice = &found[2];
    assert_eq!(twice["source"], link.as_str());
    assert_eq!(
        twice["evidence"][0],
        format!("the configuration has this source in lines 2 and 8: {}", device.node())
    );
    assert!(twice["next_step"].as_str().unwrap().contains("one [[meter]]"), "{twice:#}");
    assert!(twice.get("watch").is_none(), "{twice:#}");
}

#[test]
fn the_configuration_keeps_the_link_and_the_layout_of_a_meter() {
    let folder = Folder::new();
    let own = folder.write("own", KEY);
    let config = meter("sim:", Some(&own)) + "link = \"mbus\"\nname = \"house\"\n";
    let (status, found) = answers(&folder, &config, &[]);
    assert_eq!((status, verdicts(&found)), (0, vec!["ok"]), "{found:#?}");
    let written = found[0]["configuration"].as_str().unwrap();
    assert!(written.contains("link = \"mbus\""), "{written}");
    assert!(found[0]["watch"].as_str().unwrap().contains(" --link mbus"), "{found:#?}");
}
