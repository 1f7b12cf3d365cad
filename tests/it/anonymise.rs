//! A capture that was made anonymous: what is left of the original, and what is not.

use std::{fs, path::Path};

use serde_json::Value;

use crate::common::{
    binary::{Ran, run},
    published::{DUMP, Folder, KEY},
};

/// The keys under which an anonymous capture is ciphered, for a key file.
const EXAMPLE: &str = "36C66639E48A8CA4D6BC8B282A793BBB D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

fn readings(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes `input` anonymous and compares both. Returns the anonymous one.
fn compare(name: &str, input: &[u8], key: &str) -> String {
    let folder = Folder::new();
    let (key, example) = (folder.write("key", key), folder.write("example", EXAMPLE));
    let before = run(&["decode", "-q", "--key-file", &key], input);
    let made = run(&["anonymise", "-q", "--key-file", &key], input);
    let after = run(&["decode", "-q", "--key-file", &example], made.out.as_bytes());
    assert!(!(before.status == 0 && after.status != 0), "{name}: {}", after.err);
    let (old, new) = (readings(&before), readings(&after));
    assert_eq!(old.len(), new.len(), "{name}: {}", made.err);
    let mut shifts = std::collections::HashMap::new();
    for (old, new) in old.iter().zip(&new) {
        let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(old), names(new), "{name}");
        for field in names(old) {
            let (old, new) = (&old[&field], &new[&field]);
            let is_register = field.contains("energy_") || field.contains(".8.");
            match (old.as_i64(), new.as_i64()) {
                (Some(0), Some(0)) => {}
                (Some(old), Some(new)) if is_register => {
                    assert!(new > old, "{name}: {field}");
                    assert_eq!(*shifts.entry(field.clone()).or_insert(new - old), new - old);
                }
                _ if is_register && old.is_number() => {}
                _ if old.is_string() && field != "time" && field != "received" => {}
                _ => assert_eq!(old, new, "{name}: {field}"),
            }
        }
    }
    no_identifier_is_left(name, &old, &made, &example);
    made.out
}

/// Looks for numbers, titles and names as text and as hex, in the frames and in what is ciphered.
fn no_identifier_is_left(name: &str, old: &[Value], made: &Ran, example: &str) {
    let unframed = run(&["unframe", "-q"], made.out.as_bytes());
    let plain = run(&["decrypt", "-q", "--key-file", example], unframed.out.as_bytes());
    let readings = run(&["decode", "-q", "--objects"], plain.out.as_bytes());
    let all = [&made.out, &unframed.out, &plain.out, &readings.out].map(|text| text.to_lowercase());
    for reading in old {
        for field in ["meter", "device", "system_title"] {
            let Some(text) = reading[field].as_str().filter(|text| text.len() > 4) else {
                continue;
            };
            let text = text.to_lowercase();
            let hex = hex::encode(reading[field].as_str().unwrap());
            for form in all.iter() {
                assert!(!form.contains(&text), "{name}: {field} as text");
                assert!(!form.contains(&hex), "{name}: {field} as hex");
            }
        }
    }
}

#[test]
fn simulated_meters_become_others() {
    for meter in ["netz-noe-kaifa", "netz-noe-sagemcom", "netz-noe-sagemcom-old", "ksm-west"] {
        for key in [KEY, "00112233445566778899AABBCCDDEEFF 0F0E0D0C0B0A09080706050403020100"] {
            let folder = Folder::new();
            let file = folder.write("key", key);
            let args = ["simulate", "--meter", meter, "--count", "20", "--key-file", &file];
            let stream = run(&args, b"").out;
            let anonymous = compare(meter, stream.as_bytes(), key);
            let frames = |text: &str| text.lines().filter(|line| line.contains(" frame ")).count();
            assert_eq!(frames(&anonymous), frames(&stream), "{meter}");
            let sizes = |text: &str| {
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                lines.map(|line| line.split(' ').nth(2).unwrap().len()).collect::<Vec<_>>()
            };
            assert_eq!(sizes(&anonymous), sizes(&stream), "{meter}");
        }
    }
}

#[test]
fn a_pasted_telegram_becomes_another_each_time() {
    let one = compare("pasted", DUMP.as_bytes(), KEY);
    let other = compare("pasted", DUMP.as_bytes(), KEY);
    assert_ne!(one, other, "the secret is forgotten");
}

#[test]
fn times_go_back_if_that_is_asked_for() {
    let folder = Folder::new();
    let key = folder.write("key", EXAMPLE);
    let args = ["anonymise", "-q", "--key-file", &key, "--shift-time", "30d"];
    let made = run(&args, DUMP.as_bytes());
    let ran = run(&["decode", "--key-file", &key], made.out.as_bytes());
    assert!(ran.out.contains("\"time\":\"2021-08-28T09:47:15+02:00\""), "{}", ran.out);
}

#[test]
fn what_no_key_opens_is_left_out() {
    let folder = Folder::new();
    let wrong = folder.write("wrong", "000102030405060708090A0B0C0D0E0F");
    for args in [&["anonymise"][..], &["anonymise", "--key-file", &wrong]] {
        let ran = run(args, DUMP.as_bytes());
        assert_eq!(ran.status, 4, "{}", ran.err);
        assert!(ran.err.contains("1 telegram left out that no key opens"), "{}", ran.err);
        assert!(!ran.out.contains("frame"), "{}", ran.out);
    }
    let noise = [b"68FAFA68 53FF0001 67DB084B 464D6750\n", DUMP.as_bytes()].concat();
    let made = compare("noise", &noise, KEY);
    assert_eq!(made.lines().count(), 4, "noise may be a part of a telegram: {made}");
}

/// These files are beside the project, not in it.
#[test]
fn telegrams_of_real_meters_become_others() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(folders) = fs::read_dir(corpus) else {
        return eprintln!("../shared/corpus is not there");
    };
    for folder in folders.flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "hex") {
                continue;
            }
            let key =
                |kind: &str| fs::read_to_string(path.with_extension(kind)).unwrap_or_default();
            let keys = format!("{} {}", key("key").trim(), key("gak").trim());
            let keys = if keys.trim().is_empty() { EXAMPLE.to_owned() } else { keys };
            let (name, octets) = (path.display().to_string(), fs::read(&path).unwrap());
            match is_text(&path) {
                true => is_left_out(&name, &octets, &keys),
                false => drop(compare(&name, &octets, &keys)),
            }
        }
    }
}

/// True for a DSMR telegram, alone or ciphered.
fn is_text(path: &Path) -> bool {
    let expected = fs::read_to_string(path.with_extension("expected.json")).unwrap_or_default();
    let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
    let of = |telegram: &Value| {
        let values = telegram["values"].as_array().into_iter().flatten();
        values.into_iter().any(|value| value["type"] == "dsmr")
    };
    expected["telegrams"].as_array().into_iter().flatten().any(of)
}

/// Texts are not made anonymous: nothing of them comes out.
fn is_left_out(name: &str, input: &[u8], keys: &str) {
    let folder = Folder::new();
    let key = folder.write("key", keys);
    let ran = run(&["anonymise", "--key-file", &key], input);
    assert!(ran.status != 0 && !ran.err.is_empty(), "{name}: {} {}", ran.status, ran.err);
    assert!(!ran.out.contains(" frame ") && !ran.out.contains(" apdu "), "{name}: {}", ran.out);
}
