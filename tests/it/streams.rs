//! Synthetic streams of an independent generator: exactly its telegrams come out, none lost, none
//! invented, however the octets are cut.

use std::{fs, path::PathBuf};

use crate::common::chain::{beside, decode_octets, keys_beside};
use meterpipe::record::Auth;
use serde_json::Value;

fn streams() -> Vec<PathBuf> {
    let Some(folder) = beside("streams") else {
        return vec![];
    };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "bin")).collect();
    files.sort();
    assert_eq!(files.len(), 56);
    files
}

#[test]
fn every_stream_gives_exactly_its_telegrams() {
    for path in streams() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let octets = fs::read(&path).unwrap();
        let outcome = decode_octets(&octets, &keys_beside(&path), octets.len());
        let text = fs::read_to_string(path.with_extension("jsonl")).unwrap();
        let events: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let good = ["decodes", "duplicate"];
        let expected: Vec<&Value> =
            events.iter().filter(|e| good.contains(&e["outcome"].as_str().unwrap())).collect();
        let counters: Vec<_> = expected.iter().map(|e| e["frame_counter"].as_u64()).collect();
        let found: Vec<_> = outcome.telegrams.iter().map(|t| t.counter.map(u64::from)).collect();
        assert_eq!(found, counters, "{name}");
        for (found, expected) in outcome.telegrams.iter().zip(expected) {
            assert_eq!(found.time.as_deref(), expected["time"].as_str(), "{name}");
            let Some(values) = expected["values"].as_array() else { continue };
            assert_eq!(found.meter.as_deref(), expected["meter_id"].as_str(), "{name}");
            let tagged = name.contains("-tag");
            let auth = if tagged { Auth::Verified } else { Auth::None };
            assert_eq!(found.auth, Some(auth), "{name}");
            let values: Vec<_> = values.iter().map(|v| v["value"].as_str().unwrap()).collect();
            let found: Vec<_> = found.values.iter().map(|(_, value, _)| value).collect();
            assert_eq!(found, values, "{name}");
        }
        let bad = ["bad-checksum", "corrupt", "missing-first-segment", "missing-last-segment"];
        let bad = events.iter().filter(|e| bad.contains(&e["outcome"].as_str().unwrap())).count();
        assert!(outcome.refused.len() >= bad / 2, "{name}: {bad} faults, too few messages");
        let clean = name.contains("clean") || name.contains("dst") || name.contains("reset");
        assert!(!clean || outcome.refused.is_empty(), "{name}: {:?}", outcome.refused);
    }
}

#[test]
fn the_split_of_the_input_never_matters() {
    for path in streams().iter().filter(|path| {
        let name = path.to_str().unwrap();
        name.contains("-faults") || name.contains("-noise")
    }) {
        let octets = fs::read(path).unwrap();
        let keys = keys_beside(path);
        let whole = decode_octets(&octets, &keys, octets.len());
        for piece in [1, 2, 3, 7, 64, 255, 256, 257, 4096] {
            assert_eq!(
                decode_octets(&octets, &keys, piece),
                whole,
                "{} by {piece}",
                path.display()
            );
        }
    }
}
