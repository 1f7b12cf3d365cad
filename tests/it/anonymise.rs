//! A capture that was made anonymous: what is left of the original, and what is not.

use std::{fs, path::Path};

use meterpipe::source::simulator::meter::MeterKind;
use serde_json::Value;

use crate::common::{
    binary::{Ran, run},
    published::{DUMP, Folder, KEY, WRONG_KEY},
};

/// The keys under which an anonymous capture is ciphered, for a key file.
const EXAMPLE: &str = "36C66639E48A8CA4D6BC8B282A793BBB D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

fn readings(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_reader_is_told_that_a_capture_is_anonymised() {
    let folder = Folder::new();
    let example = folder.write("example", EXAMPLE);
    let plain = include_bytes!("../data/netznoe-doc-2021.plain.hex");
    for (input, keys) in [(&plain[..], &[][..]), (DUMP.as_bytes(), &["--key-file", &example])] {
        let made = run(&[&["anonymise", "-q"], keys].concat(), input);
        let file = folder.write("shown", &made.out);
        let told =
            "the capture is anonymised: its numbers and registers are not those of the meter";
        for jobs in ["1", "2"] {
            let ran = run(&[&["decode", "--jobs", jobs, &*file], keys].concat(), b"");
            assert_eq!((ran.status, ran.out.lines().count()), (0, 1), "{}", ran.err);
            assert_eq!(ran.err, format!("meterpipe decode: {told}\n"));
        }
        let ran = run(&[&["doctor", "--format", "json", &*file], keys].concat(), b"");
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        let evidence = answer["evidence"].as_array().unwrap();
        assert!(evidence.iter().any(|it| *it == told), "{answer}");
        let original = run(&[&["decode"], keys].concat(), input);
        assert_eq!(original.err, "");
    }
}

/// Makes `input` anonymous and compares both. Returns the anonymous one.
fn compare(name: &str, input: &[u8], key: &str) -> String {
    let folder = Folder::new();
    let (key, example) = (folder.write("key", key), folder.write("example", EXAMPLE));
    let made = run(&["anonymise", "-q", "--key-file", &key], input);
    let decode = |options: &[&str], key: &str, input: &[u8]| {
        let common = ["decode", "-q", "--objects", "--key-file", key];
        run(&[&common[..], options].concat(), input)
    };
    let before = decode(&[], &key, input);
    let after = decode(&[], &example, made.out.as_bytes());
    assert!(!(before.status == 0 && after.status != 0), "{name}: {}", after.err);
    let verified = |key, input| readings(&decode(&["--require-auth"], key, input)).len();
    assert!(verified(&key, input) <= verified(&example, made.out.as_bytes()), "{name}: tags");
    let (old, new) = (readings(&before), readings(&after));
    assert_eq!(old.len(), new.len(), "{name}: {}", made.err);
    let mut shifts = std::collections::HashMap::new();
    for (old, new) in old.iter().zip(&new) {
        let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(old), names(new), "{name}");
        let meter = old["meter"].to_string();
        for field in names(old).into_iter().filter(|field| field != "objects") {
            let (old, new) = (&old[&field], &new[&field]);
            let is_register = field.contains("energy_") || field.contains(".8.");
            match (old.as_i64(), new.as_i64()) {
                // A register that has not begun to count tells nothing.
                (Some(0), Some(0)) => {
                    shifts.entry((meter.clone(), field)).or_insert(0);
                }
                (Some(old), Some(new)) if is_register => {
                    let known = shifts.insert((meter.clone(), field.clone()), new - old);
                    assert!(new > old || known == Some(0), "{name}: {field}");
                    let shift = known.unwrap_or(new - old);
                    assert_eq!(shift, new - old, "{name}: {field}");
                }
                _ if is_register && old.is_number() => {}
                // The original may have come without the key of its tags.
                _ if field == "authenticated" => assert!(*old != true || *new == true, "{name}"),
                _ if is_counter_of_gas(&field) => assert_ne!(old, new, "{name}: {field}"),
                _ if old.is_string() && field != "time" && field != "received" => {}
                _ => assert_eq!(old, new, "{name}: {field}"),
            }
        }
    }
    no_identifier_is_left(name, &old, &made, &example);
    made.out
}

/// 0-1:24.2.1 and its like, whose value is a number of cubic metres.
fn is_counter_of_gas(field: &str) -> bool {
    field.contains(":24.2.") && !field.ends_with("_unit") && !field.contains('#')
}

/// Texts that no two meters share: names of the header, and numbers of five and more digits in
/// objects that are neither registers nor clocks.
fn identifiers(reading: &Value) -> Vec<String> {
    let names = ["meter", "device", "system_title"].map(|field| reading[field].as_str());
    let is_name = |obis: &str| {
        let of = |begins: &str| obis.contains(begins);
        of(":96.1.") && !of(":96.1.4") || of(":42.0.") || of(":0.0.") || of(":96.13.")
    };
    let objects = reading["objects"].as_array().into_iter().flatten();
    let named = objects.filter(|object| object["obis"].as_str().is_none_or(is_name));
    // Octets that are no text are times and dates, if they are few.
    let is_short = |object: &Value| {
        let digits = object["value"].as_str().unwrap_or_default();
        object["value"] == object["raw"]
            && (digits.len() <= 8 || digits.len() == 10 && digits.starts_with("07"))
    };
    let named = named.filter(|object| !is_short(object));
    let texts = named.filter_map(|object| object["value"].as_str());
    let long = |text: &&str| text.bytes().filter(u8::is_ascii_digit).count() > 4;
    // The identification of a DSMR meter is its model, unless a longer number stands in it.
    let names = names.map(|name| name.filter(|text| longest_number(text) > 4));
    let is_clock = |text: &&str| text.contains('T') && text.contains('-');
    let texts = texts.filter(long).filter(|text| !is_clock(text));
    // Zeros stand in the place of a number that was taken out before publication.
    let is_number = |text: &&str| text.bytes().any(|octet| octet != b'0');
    let all = names.into_iter().flatten().filter(long).chain(texts).filter(is_number);
    all.map(str::to_lowercase).collect()
}

/// The digits of the longest number in a text, or in the octets that it stands for in hex.
fn longest_number(text: &str) -> usize {
    let decoded = hex::decode(text).unwrap_or_default();
    if decoded.len() == 8 {
        return text.len();
    }
    let octets = match decoded.iter().any(u8::is_ascii_uppercase) {
        true => &decoded,
        false => text.as_bytes(),
    };
    let parts = octets.split(|octet| !octet.is_ascii_digit());
    parts.map(<[u8]>::len).max().unwrap_or_default()
}

/// Looks for numbers, titles and names as text, as hex and as octets, in the frames, in what is
/// ciphered and in what is read.
fn no_identifier_is_left(name: &str, old: &[Value], made: &Ran, example: &str) {
    let unframed = run(&["unframe", "-q"], made.out.as_bytes());
    let plain = run(&["decrypt", "-q", "--key-file", example], unframed.out.as_bytes());
    let readings = run(&["decode", "-q", "--objects"], plain.out.as_bytes());
    let records = [&made.out, &unframed.out, &plain.out].map(|text| text.to_lowercase());
    let octets = records.iter().flat_map(|text| {
        let columns = text.lines().filter_map(|line| line.split(' ').nth(2));
        columns.filter_map(|column| hex::decode(column).ok()).collect::<Vec<_>>()
    });
    let octets: Vec<_> = octets.map(|octets| octets.to_ascii_lowercase()).collect();
    let texts = records.iter().chain([&readings.out]).map(|text| text.to_lowercase());
    let texts: Vec<_> = texts.collect();
    for identifier in old.iter().flat_map(identifiers) {
        let hex = hex::encode(&identifier);
        for text in &texts {
            assert!(!text.contains(&identifier), "{name}: {identifier} as text");
            assert!(!text.contains(&hex), "{name}: {identifier} as hex");
        }
        for octets in &octets {
            let is_there = memchr::memmem::find(octets, identifier.as_bytes()).is_some();
            assert!(!is_there, "{name}: {identifier} in the octets");
            let is_there = memchr::memmem::find(octets, hex.as_bytes()).is_some();
            assert!(!is_there, "{name}: {identifier} in hex digits in the octets");
        }
    }
}

#[test]
fn simulated_meters_become_others() {
    for meter in MeterKind::ALL.map(MeterKind::name) {
        for key in [KEY, "00112233445566778899AABBCCDDEEFF 0F0E0D0C0B0A09080706050403020100"] {
            let folder = Folder::new();
            let file = folder.write("key", key);
            // Without frames, ciphertext soon has something that looks like one.
            let count = if meter == "steiermark" { "150" } else { "20" };
            let start = ["simulate", "--start", "2026-06-21T00:00+02", "--meter", meter];
            let stream =
                run(&[&start[..], &["--count", count, "--key-file", &file]].concat(), b"").out;
            let anonymous = compare(meter, stream.as_bytes(), key);
            let sizes = |text: &str| {
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                lines.map(|line| line.split(' ').nth(2).unwrap().len()).collect::<Vec<_>>()
            };
            let (new, old) = (sizes(&anonymous), sizes(&stream));
            // An APDU without frames is one record, however it came.
            assert_eq!(new.iter().sum::<usize>(), old.iter().sum::<usize>(), "{meter}");
            assert!(stream.contains(" raw ") || new == old, "{meter}");
        }
    }
}

#[test]
fn what_comes_in_a_cosem_wrapper_stays_in_one() {
    for meter in ["ksm-west", "netz-burgenland", "steiermark"] {
        let stream = run(&["simulate", "--meter", meter, "--count", "5"], b"").out;
        let apdus = run(&["unframe", "-q"], stream.as_bytes()).out;
        let columns = apdus.lines().filter(|line| line.contains(" apdu "));
        let wrapped = columns.map(|line| {
            let apdu = hex::decode(line.split(' ').nth(2).unwrap()).unwrap();
            let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
            [&[0, 1, 0, 1, 0, 0x67][..], &length, &apdu].concat()
        });
        let wrapped: Vec<_> = wrapped.collect();
        let made = compare(meter, &wrapped.concat(), EXAMPLE);
        let frames: Vec<_> = made.lines().filter(|line| line.contains(" frame ")).collect();
        let head = |frame: &str| frame.split(' ').nth(2).unwrap()[..16].to_owned();
        let heads: Vec<_> = wrapped.iter().map(|octets| hex::encode(&octets[..8])).collect();
        assert_eq!(frames.iter().map(|it| head(it)).collect::<Vec<_>>(), heads, "{meter}");
    }
}

/// A DSMR telegram of these lines, with its CRC.
fn dsmr(lines: &str) -> Vec<u8> {
    let text = format!("{lines}!").replace('\n', "\r\n");
    let crc = meterpipe::p1::crc(text.as_bytes());
    format!("{text}{crc:04X}\r\n").into_bytes()
}

const TEXT: &str = "/EST5\\253740976_A

1-3:0.2.8(50)
0-0:96.1.4(50217)
0-0:1.0.0(220329215855S)
0-0:42.0.0(31534147353337343039373630)
0-0:96.1.0(53740976)
0-0:96.1.1(3960221976967177082151037881335713)
1-0:0.0.0(53740976)
0-2:96.1.0(53445566)
1-0:1.8.0(009699.947*kWh)
1-0:1.8.1(006702.031*kWh)
1-0:1.8.2(002997.916*kWh)
1-0:2.8.0(000000.000*kWh)
1-0:1.7.0(00.274*kW)
0-0:96.7.21(00015)
0-0:96.13.0(4b756e646520353337343039373631)
1-0:99.97.0(1)(0-0:96.7.19)(000104180320W)(0000237126*s)
0-1:96.1.0(4819243993373755377509728609491464)
0-1:24.2.1(161129200000W)(00981.443*m3)
1-0:4:24.7.0(53740976)
0-0:96.50.1(87654321)
0-0:96.51.1(Familie Huber)
0-0:96.52.1(Maier)
1-0:96.99.1(AB7654321C)
0-0:96.5.0(123456789012)
0-0:96.3.10(ENABLED)
";

#[test]
fn a_text_keeps_its_form_and_loses_its_names() {
    let text = dsmr(TEXT);
    let made = compare("text", &text, EXAMPLE);
    let line = made.lines().find(|line| line.contains(" frame ")).unwrap();
    let octets = hex::decode(line.split(' ').nth(2).unwrap()).unwrap();
    let new = String::from_utf8(octets).unwrap();
    for gone in [
        "53740976",
        "53445566",
        "3334303937363",
        "3960221976",
        "4819243993",
        "0353337",
        "981.443",
        "87654321",
        "Huber",
        "7654321",
        "123456789012",
    ] {
        assert!(!new.contains(gone), "{gone}: {new}");
    }
    let rows = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
    assert_eq!(rows(&new), rows(&String::from_utf8(text.clone()).unwrap()), "{new}");
    for kept in [
        "/EST5\\2",
        "(50217)",
        "(220329215855S)",
        "(000000.000*kWh)",
        "(00.274*kW)",
        "(00015)",
        "(ENABLED)",
        "(0000237126*s)",
        "1-0:4:24.7.0(",
        "(161129200000W)",
    ] {
        assert!(new.contains(kept), "{kept}: {new}");
    }
    // One number is replaced by one other, wherever it stands.
    let inside = |from: &str, to: char| {
        let rest = &new[new.find(from).unwrap() + from.len()..];
        rest[..rest.find(to).unwrap()].to_owned()
    };
    let number = inside("/EST5\\2", '_');
    for (from, to) in [("0-0:96.1.0(", ')'), ("1-0:0.0.0(", ')'), ("1-0:4:24.7.0(", ')')] {
        assert_eq!(inside(from, to), number, "{new}");
    }
    // Without a CRC there is none afterwards.
    let old = String::from_utf8(text).unwrap();
    let old = old.replace("1-3:0.2.8(50)\r\n", "").replace("0-0:96.1.4(50217)\r\n", "");
    let (old, _) = old.split_once("1-0:4:24").unwrap();
    let made = compare("DSMR 3", format!("{old}!\r\n").as_bytes(), EXAMPLE);
    assert!(made.contains("0d0a210d0a"), "{made}");

    let folder = Folder::new();
    let key = folder.write("key", EXAMPLE);
    let args = ["anonymise", "-q", "--key-file", &key, "--shift-time", "1d"];
    let made = run(&args, &dsmr(TEXT));
    let ran = run(&["decode"], made.out.as_bytes());
    assert!(ran.out.contains("\"time\":\"2022-03-28T21:58:55+02:00\""), "{}", ran.out);
    assert!(ran.out.contains("2016-11-28T20:00:00+01:00"), "{}", ran.out);
}

#[test]
fn a_pasted_telegram_becomes_another_each_time() {
    let one = compare("pasted", DUMP.as_bytes(), KEY);
    let other = compare("pasted", DUMP.as_bytes(), KEY);
    assert_ne!(one, other, "the secret is forgotten");
}

#[test]
fn telegrams_of_two_frames_count_once_and_are_where_they_begin() {
    let folder = Folder::new();
    let (right, wrong) = (folder.write("key", KEY), folder.write("wrong", WRONG_KEY));
    let three = DUMP.repeat(3);
    let ran = run(&["anonymise", "-v", "--key-file", &right], three.as_bytes());
    assert!(ran.err.contains("3 telegrams, 0 rejected, 846 octets read"), "{}", ran.err);
    let places = ["anonymise", "decode"].map(|command| {
        let ran = run(&[command, "--key-file", &wrong], three.as_bytes());
        let lines =
            ran.err.lines().filter_map(|line| line.split_once(": line ")?.1.split_once(':'));
        lines.map(|(line, _)| line.to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(places[0], places[1]);
    assert_eq!(places[0].first().map(String::as_str), Some("1"));
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
    let cut = [DUMP, DUMP.lines().next().unwrap()].concat();
    let ran = run(&["anonymise", "--key-file", &folder.write("key", KEY)], cut.as_bytes());
    let left_out = "256 octets left out that belong to no whole telegram";
    assert!(ran.status == 0 && ran.err.contains(left_out), "{} {}", ran.status, ran.err);
    let noise = [b"68FAFA68 53FF0001 67DB084B 464D6750\n", DUMP.as_bytes()].concat();
    let made = compare("noise", &noise, KEY);
    assert_eq!(made.lines().count(), 4, "noise may be a part of a telegram: {made}");
}

/// These files are beside the project, not in it.
#[test]
fn cases_of_public_reports_become_others() {
    for folder in ["links", "values", "clocks", "paste"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases").join(folder);
        let Ok(files) = fs::read_dir(folder) else {
            return eprintln!("../shared/cases is not there");
        };
        for path in files.map(|file| file.unwrap().path()) {
            let is_key = path.extension().is_some_and(|it| it == "key" || it == "keys");
            // The second octets of a telegram without its end are nobody's.
            if is_key || path.ends_with("octets-lost.bin") {
                continue;
            }
            let keys = ["key", "keys"].map(|kind| fs::read_to_string(path.with_extension(kind)));
            let keys = keys.into_iter().find_map(Result::ok);
            let keys = keys.unwrap_or_else(|| EXAMPLE.to_owned());
            compare(&path.display().to_string(), &fs::read(&path).unwrap(), &keys);
        }
    }
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
            compare(&path.display().to_string(), &fs::read(&path).unwrap(), &keys);
        }
    }
}
