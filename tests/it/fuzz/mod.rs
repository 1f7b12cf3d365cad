//! Fuzzing: the readers of foreign octets, and a replay of all seeds and findings.
//!
//! `fuzz/run` lets libFuzzer look for octets that break a reader. Its findings go to
//! `tests/data/fuzz/READER`, and every run of the tests replays them.

mod readers;
mod seeds;

use std::fs;

use crate::common::binary;
use readers::READERS;

#[test]
fn every_seed_and_every_finding_is_read_without_a_panic() {
    let seeds = seeds::all();
    for reader in READERS {
        let own: Vec<_> = seeds.iter().filter(|seed| seed.reader == reader.name).collect();
        assert!(!own.is_empty(), "{} has no seed", reader.name);
        for seed in own {
            // The name is shown when the reader panics.
            println!("{} {}", reader.name, seed.name);
            (reader.read)(&seed.octets);
        }
    }
    let known = |name: &str| {
        ["config", "older", "layout"].contains(&name) || READERS.iter().any(|it| it.name == name)
    };
    assert!(seeds.iter().all(|seed| known(seed.reader)));
}

/// The configuration belongs to the binary, so the replay runs the binary.
#[test]
fn every_configuration_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let seeds = seeds::all();
    let own: Vec<_> = seeds.iter().filter(|seed| seed.reader == "config").collect();
    assert!(!own.is_empty());
    for seed in own {
        fs::write(&path, &seed.octets).unwrap();
        let ran = binary::run(&["config", "show", "--config", path.to_str().unwrap()], b"");
        assert!([0, 2].contains(&ran.status), "{}: {}", seed.name, ran.err);
    }
}

/// The translation of older configurations belongs to the binary too.
#[test]
fn every_older_configuration_is_translated_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meter.json");
    let seeds = seeds::all();
    let own: Vec<_> = seeds.iter().filter(|seed| seed.reader == "older").collect();
    assert!(!own.is_empty());
    for seed in own {
        fs::write(&path, &seed.octets).unwrap();
        let mut command = binary::command(&["config", "import", path.to_str().unwrap()]);
        command.env("HOME", folder.path());
        let ran = binary::run_command(command, b"");
        assert!([0, 2].contains(&ran.status), "{}: {}", seed.name, ran.err);
    }
}

/// So do the tables of meters without codes.
#[test]
fn every_layout_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.toml");
    let seeds = seeds::all();
    let own: Vec<_> = seeds.iter().filter(|seed| seed.reader == "layout").collect();
    assert!(!own.is_empty());
    for seed in own {
        fs::write(&path, &seed.octets).unwrap();
        let ran = binary::run(&["explain", "--layout", path.to_str().unwrap()], b"");
        // A table that is read finds no telegram here.
        assert!([2, 3].contains(&ran.status), "{}: {}", seed.name, ran.err);
    }
}
