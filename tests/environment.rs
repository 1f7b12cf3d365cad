//! What the environment says, and what goes before it.
#![cfg(feature = "cli")]

#[path = "common/binary.rs"]
mod binary;
#[path = "common/secrets.rs"]
mod secrets;

use std::fs;

use binary::{Ran, command, run_command};

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/netznoe-doc-2021.hex");
const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
const WRONG: &str = "00112233445566778899AABBCCDDEEFF";

fn run(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    run_command(command, b"")
}

#[test]
fn an_option_that_is_not_typed_comes_from_the_environment() {
    let key = ("METERPIPE_KEY", KEY);
    let fields = ("METERPIPE_FIELDS", "meter,energy_import_wh");
    let ran = run(&["decode", DUMP], &[key, fields, ("METERPIPE_FORMAT", "csv")]);
    assert_eq!((ran.status, &*ran.out), (0, "meter,energy_import_wh\n181220000009,12937\n"));
    // What is typed goes before it, and an empty one says nothing.
    let variables = [key, fields, ("METERPIPE_FORMAT", "xml")];
    let ran = run(&["decode", DUMP, "--format=json", "--fields=meter"], &variables);
    assert_eq!((ran.status, &*ran.out), (0, "{\"meter\":\"181220000009\"}\n"));
    let ran = run(&["decode", DUMP], &[key, fields, ("METERPIPE_FORMAT", "")]);
    assert_eq!(ran.out, "{\"meter\":\"181220000009\",\"energy_import_wh\":12937}\n");
    let ran = run(&["decode", DUMP], &[key, ("METERPIPE_FORMAT", "jsn")]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("invalid value 'jsn' for '--format"), "{}", ran.err);
}

#[test]
fn a_time_that_no_clock_can_count_is_refused_wherever_it_stands() {
    let long = "999999999999999999d";
    let typed = run(&["watch", "--timeout", long, "sim:"], &[]);
    let variable = run(&["watch", "sim:"], &[("METERPIPE_TIMEOUT", long)]);
    for ran in [typed, variable] {
        assert_eq!(ran.status, 2);
        assert!(ran.err.contains("'--timeout <DUR>': at most ten years expected"), "{}", ran.err);
    }
}

#[test]
fn the_key_has_names_of_which_the_first_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guek");
    fs::write(&file, KEY).unwrap();
    let file = file.to_str().unwrap();
    for variables in [
        &[("METERPIPE_KEY_FILE", file), ("METERPIPE_KEY", WRONG)][..],
        &[("METERPIPE_KEY", KEY), ("P1_GUEK_FILE", "/nowhere"), ("P1_GUEK", WRONG)],
        &[("P1_GUEK_FILE", file), ("P1_GUEK", WRONG), ("SERIAL_KEY", WRONG)],
        &[("P1_GUEK", KEY), ("SERIAL_KEY", WRONG)],
        &[("SERIAL_KEY_FILE", file), ("SERIAL_KEY", WRONG)],
        &[("SERIAL_KEY", KEY)],
    ] {
        let ran = run(&["decode", DUMP, "--fields=meter"], variables);
        assert_eq!((ran.status, ran.out.lines().count()), (0, 1), "{variables:?}: {}", ran.err);
    }
    let typed = run(&["decode", DUMP, "--key-file", file], &[("METERPIPE_KEY", WRONG)]);
    assert_eq!(typed.status, 0, "{}", typed.err);
    let defect = run(&["decode", DUMP], &[("METERPIPE_KEY", "0011c4nary")]);
    assert!(defect.status == 2 && defect.err.contains("$METERPIPE_KEY: "), "{}", defect.err);
}

#[test]
fn the_source_and_the_sink_may_stand_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl");
    let sink = format!("file:{}", file.display());
    let once = ["watch", "--once"];
    for variables in [
        &[("METERPIPE_SOURCE", "sim:"), ("P1_PORT", "/nowhere"), ("METERPIPE_TO", &*sink)][..],
        &[("P1_PORT", "sim:"), ("METERPIPE_TO", &sink)],
    ] {
        let ran = run(&once, variables);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "", ""), "{variables:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);
    // Nobody else sees what stands there.
    let sink = "influxdb://u:c4nary@127.0.0.1:1?db=x&timeout=1s";
    let ran = run(&once, &[("P1_PORT", "sim:"), ("METERPIPE_TO", sink)]);
    assert_eq!(ran.status, 6);
    assert!(!ran.err.contains("other users"), "{}", ran.err);
}

#[test]
fn one_variable_is_not_meant_for_several_meters() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let watched = |meters: &str| {
        fs::write(&config, meters).unwrap();
        let args = ["watch", "--count=2", "--format=json", "--fields=meter", "--config"];
        let ran = run(&[&args[..], &[config.to_str().unwrap()]].concat(), &[("P1_PORT", "sim:")]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let mut meters: Vec<_> = ran.out.lines().map(str::to_owned).collect();
        meters.sort();
        meters.dedup();
        meters.iter().map(|meter| meter.contains("1KFM")).collect::<Vec<_>>()
    };
    let house = "[[meter]]\nsource = \"sim:ksm-west\"\n";
    assert_eq!(watched(house), [false], "the one of the variable");
    assert_eq!(watched(&format!("{house}[[meter]]\nsource = \"sim:\"\n")), [false, true]);
}
