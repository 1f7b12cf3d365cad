//! Real telegrams: every wired M-Bus item and every plain Austrian APDU matches its expectation,
//! which other decoders derived. Those in HDLC frames are in `hdlc.rs`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::common::chain::{Outcome, beside, decode_dump, keys_beside};
use crate::common::published::KEY;
use serde_json::Value;

/// The items of the corpus that are this program's main job.
fn items() -> Vec<(PathBuf, Value)> {
    let Some(corpus) = beside("corpus") else {
        return vec![];
    };
    let mut items = vec![];
    for folder in fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(files) = fs::read_dir(&folder) else { continue };
        let austrian = folder.file_name().unwrap().to_str().unwrap().starts_with("at-");
        for path in files.map(|entry| entry.unwrap().path()) {
            if path.extension().is_none_or(|extension| extension != "hex") {
                continue;
            }
            let text = fs::read_to_string(path.with_extension("expected.json")).unwrap();
            let expected: Value = serde_json::from_str(&text).unwrap();
            let layer = expected["layer"].as_str().unwrap_or_default();
            if layer == "mbus" || (layer == "raw" && austrian) {
                items.push((path, expected));
            }
        }
    }
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    items
}

fn run(path: &Path) -> Outcome {
    decode_dump(&fs::read_to_string(path).unwrap(), &keys_beside(path))
}

#[test]
fn what_decodes_gives_every_value_of_its_expectation() {
    let mut seen = 0;
    for (path, expected) in items().iter().filter(|(_, e)| e["outcome"] == "decodes") {
        let name = path.display();
        let outcome = run(path);
        assert_eq!(outcome.refused, Vec::<String>::new(), "{name}");
        let telegrams = expected["telegrams"].as_array().unwrap();
        assert_eq!(outcome.telegrams.len(), telegrams.len(), "{name}");
        for (found, expected) in outcome.telegrams.iter().zip(telegrams) {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            assert_eq!(found.time, text(&expected["time"]), "{name}");
            assert_eq!(found.meter, text(&expected["meter_id"]), "{name}");
            assert_eq!(found.title, text(&expected["cipher"]["system_title"]), "{name}");
            let counter = expected["cipher"]["frame_counter"].as_u64();
            assert_eq!(found.counter.map(u64::from), counter, "{name}");
            let values: Vec<_> = expected["values"].as_array().unwrap().iter().collect();
            assert_eq!(found.values.len(), values.len(), "{name}");
            for ((obis, value, unit), expected) in found.values.iter().zip(values) {
                assert_eq!(obis.as_deref().map(six_groups), text(&expected["obis"]), "{name}");
                assert_eq!(value, expected["value"].as_str().unwrap(), "{name} {obis:?}");
                assert_eq!(*unit, text(&expected["unit"]), "{name} {obis:?}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 12 || items().is_empty(), "only {seen} telegrams");
}

/// `1-0:1.8.0` as the expectations spell it.
fn six_groups(obis: &str) -> String {
    let text = obis.replace(['-', ':', '*'], ".");
    if obis.contains('*') { text } else { format!("{text}.255") }
}

#[test]
fn what_has_no_key_is_whole_and_gives_no_reading() {
    for (path, expected) in items().iter().filter(|(_, e)| e["outcome"] == "key-unknown") {
        let outcome = run(path);
        assert!(outcome.telegrams.is_empty(), "{}", path.display());
        let whole = expected["telegrams"].as_array().unwrap().len();
        let no_key = vec!["cipher: no key for this meter".to_owned(); whole];
        assert_eq!(outcome.refused, no_key, "{}", path.display());
        // Any key will do to see that it does not fit.
        let text = fs::read_to_string(path).unwrap();
        let outcome = decode_dump(&text, KEY);
        assert!(outcome.telegrams.is_empty(), "{}", path.display());
        let wrong = "cipher: the key does not fit, or the telegram is damaged";
        assert!(outcome.refused.iter().all(|text| text == wrong), "{}", path.display());
    }
}

#[cfg(feature = "cli")]
#[test]
fn what_the_ends_of_the_input_cut_off_is_reported_when_nothing_else_is_there() {
    for (path, expected) in items().iter().filter(|(_, e)| e["outcome"] == "truncated") {
        let name = path.to_str().unwrap();
        let reason = match expected["layer"].as_str().unwrap() {
            _ if name.contains("second") => "; at the end, mbus: segment 1 without the segments",
            "mbus" => "; at the end, mbus: a telegram broke off after its first segment",
            _ => "; at the end, apdu: a telegram breaks off after 228 octets",
        };
        let mut decode = std::process::Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        let output = decode.args(["decode", name]).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {messages}");
        assert!(
            messages.contains("no telegram found in ") && messages.contains(reason),
            "{name}: {messages}"
        );
    }
}

#[test]
fn what_is_truncated_or_corrupt_gives_no_reading() {
    let outcomes = ["truncated", "corrupt"];
    let bad = |e: &Value| outcomes.contains(&e["outcome"].as_str().unwrap());
    for (path, _) in items().iter().filter(|(_, expected)| bad(expected)) {
        let text = fs::read_to_string(path).unwrap();
        for keys in [keys_beside(path), KEY.to_owned()] {
            assert!(decode_dump(&text, &keys).telegrams.is_empty(), "{}", path.display());
        }
    }
}
