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
    each_seed("config", "config.toml", &["config", "show", "--config"], [0, 2]);
}

/// The translation of older configurations belongs to the binary too.
#[test]
fn every_older_configuration_is_translated_or_refused() {
    each_seed("older", "meter.json", &["config", "import"], [0, 2]);
}

/// Tables of meters without codes are read or refused likewise. One that is read finds no telegram here.
#[test]
fn every_layout_is_read_or_refused() {
    each_seed("layout", "layout.toml", &["explain", "--layout"], [2, 3]);
}

/// Runs the binary with each seed of a reader, in a file of that name.
fn each_seed(reader: &str, file: &str, arguments: &[&str], statuses: [i32; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    let seeds = seeds::all();
    let own: Vec<_> = seeds.iter().filter(|seed| seed.reader == reader).collect();
    assert!(!own.is_empty());
    for seed in own {
        fs::write(&path, &seed.octets).unwrap();
        let mut command = binary::command(&[arguments, &[path.to_str().unwrap()]].concat());
        command.env("HOME", folder.path());
        let ran = binary::run_command(command, b"");
        assert!(statuses.contains(&ran.status), "{}: {}", seed.name, ran.err);
    }
}
