//! DSMR telegrams, alone and ciphered: those of the corpus value for value, and every damage to one.

use std::fs;

use crate::common::chain::{Outcome, beside, decode_octets};
use crate::common::published::{DUMP, KEY, octets};
use crate::common::wire::{crc, dsmr as telegram};
use meterpipe::{
    cosem::obis::Obis,
    reading::{dsmr::SentNumber, template::Templates, value::Value},
};
use serde_json::Value as Json;

fn counts(outcome: &Outcome) -> (usize, usize) {
    (outcome.telegrams.len(), outcome.refused.len())
}

/// The items of the corpus with such an outcome.
fn items(outcome: &str) -> Vec<(String, Vec<u8>, Json)> {
    let Some(corpus) = beside("corpus") else { return vec![] };
    let manifest = fs::read_to_string(corpus.join("manifest.json")).unwrap();
    let manifest: Json = serde_json::from_str(&manifest).unwrap();
    let items = manifest["items"].as_array().unwrap().iter();
    let items = items.filter(|it| it["link_layer"] == "dsmr" && it["outcome"] == outcome);
    let read = |item: &Json| {
        let text = |key: &str| item[key].as_str().unwrap();
        let name = format!("{}/{}", text("dir"), text("name"));
        let dump = fs::read_to_string(corpus.join(format!("{name}.hex"))).unwrap();
        let dump: String = dump.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = fs::read_to_string(corpus.join(format!("{name}.expected.json"))).unwrap();
        (name, octets(&dump), serde_json::from_str(&expected).unwrap())
    };
    items.map(read).collect()
}

#[test]
fn captures_decode_value_for_value() {
    let items = items("decodes");
    for (name, octets, expected) in &items {
        let outcome = decode_octets(octets, "", octets.len());
        assert_eq!(counts(&outcome), (1, 0), "{name}: {:?}", outcome.refused);
        let expected = &expected["telegrams"][0];
        let time = expected["time"].as_str();
        let reading = &outcome.telegrams[0];
        assert!(time.is_none() || reading.time.as_deref() == time, "{name}: {reading:?}");
        assert_eq!(reading.meter.as_deref(), expected["meter_id"].as_str(), "{name}");
        let mut templates = Templates::default();
        let telegram = templates.read(octets).unwrap();
        let objects: Vec<_> = telegram.objects().collect();
        let code = |row: &Json| row["obis"].as_str().unwrap().parse::<Obis>().unwrap();
        for row in expected["values"].as_array().unwrap() {
            let text = |key: &str| row[key].as_str().unwrap();
            let found = objects.iter().filter(|object| object.obis == Some(code(row)));
            let sent: Vec<_> = found.filter_map(SentNumber::of).collect();
            let same = |sent: &&SentNumber<'_>| sent.text == text("raw");
            let sent = sent.iter().find(same).unwrap_or_else(|| panic!("{name}: {row}"));
            assert_eq!(sent.number.to_string(), text("value"), "{name}: {row}");
        }
        for row in expected["strings"].as_array().unwrap() {
            let object = objects.iter().find(|object| object.obis == Some(code(row))).unwrap();
            let text = match Value::of(object) {
                Value::Text(text) => text,
                Value::Octets([]) => "",
                other => panic!("{name}: {row}: {other:?}"),
            };
            assert_eq!(row["text"], text, "{name}");
        }
    }
    assert!(items.len() >= 7 || items.is_empty(), "only {}", items.len());
}

#[test]
fn a_damaged_or_cut_capture_gives_nothing() {
    for (name, octets, _) in items("corrupt").iter().chain(&items("truncated")) {
        let outcome = decode_octets(octets, "", octets.len());
        assert!(outcome.telegrams.is_empty(), "{name}");
    }
}

#[test]
fn units_are_those_of_the_names() {
    let outcome = decode_octets(&telegram(6_545_766), "", 64);
    let value = |code: &str| {
        let mut values = outcome.telegrams[0].values.iter();
        let (_, value, unit) = values.find(|it| it.0.as_deref() == Some(code)).unwrap();
        format!("{value} {}", unit.as_deref().unwrap_or_default())
    };
    assert_eq!(value("1-0:1.8.0"), "6545766 Wh");
    assert_eq!(value("1-0:1.7.0"), "286 W");
    assert_eq!(outcome.telegrams[0].meter.as_deref(), Some("1234"));
    assert_eq!(outcome.telegrams[0].time.as_deref(), Some("2022-10-06T15:50:14+02:00"));
}

#[test]
fn every_flipped_bit_is_refused_and_the_next_telegram_read() {
    let (good, next) = (telegram(1), telegram(2));
    for bit in 0..8 * good.len() {
        let mut damaged = good.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let stream = [&next[..], &damaged, &next].concat();
        let outcome = decode_octets(&stream, "", stream.len());
        let apdus: Vec<_> = outcome.telegrams.iter().map(|it| it.apdu.clone()).collect();
        // The case of a digit of the CRC does not count.
        let same = damaged.eq_ignore_ascii_case(&good) && bit / 8 >= good.len() - 6;
        let (damaged, next) = (hex::encode(&damaged), hex::encode(&next));
        let all = if same { vec![&next, &damaged, &next] } else { vec![&next, &next] };
        assert_eq!(apdus, all.into_iter().cloned().collect::<Vec<_>>(), "bit {bit}");
        assert_eq!(outcome.refused.len(), usize::from(!same), "bit {bit}: {:?}", outcome.refused);
    }
}

#[test]
fn every_cut_telegram_is_dropped_and_the_next_one_read() {
    let (good, next) = (telegram(1), telegram(2));
    // Behind the CRC only the line end is missing, which the end of the input may cut.
    for size in 0..good.len() - 2 {
        for stream in [
            [&good[..size], &next].concat(),
            [&next[..], &good[..size]].concat(),
            [&good[good.len() - size..], &next].concat(),
            // The head of one and the tail of another.
            [&next[..], &good[..size], &next[size..], &next].concat(),
        ] {
            let outcome = decode_octets(&stream, "", 7);
            let whole = outcome.telegrams.iter().all(|it| it.apdu.starts_with(&hex::encode(&next)));
            assert!(whole && !outcome.telegrams.is_empty(), "cut to {size}: {outcome:?}");
        }
    }
}

/// Telegrams of all links in one stream, with noise between them, and their number.
fn mixed() -> (Vec<u8>, usize) {
    let noise = [0x68, 0x2f, 0x7e, 0x00, 0x01, 0x10, 0x2f, 0x41, 0xff];
    let mbus = octets(DUMP);
    let wrapped = {
        let apdu = [&mbus[9..254], &mbus[265..280]].concat();
        let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
        [&[0, 1, 0, 1, 0, 1][..], &length, &apdu].concat()
    };
    let mut stream = vec![];
    for part in [&telegram(1)[..], &mbus, &noise, &telegram(2), &wrapped, &mbus, &telegram(3)] {
        stream.extend_from_slice(part);
    }
    (stream, 6)
}

#[test]
fn a_mixed_line_is_read_however_it_is_cut() {
    let (stream, telegrams) = mixed();
    let whole = decode_octets(&stream, KEY, stream.len());
    assert_eq!(counts(&whole), (telegrams, 0), "{:?}", whole.refused);
    for piece in (1..48).chain([100, 255, 256]) {
        assert_eq!(decode_octets(&stream, KEY, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn a_hole_in_a_mixed_line_costs_what_it_hits() {
    let (stream, telegrams) = mixed();
    let whole = decode_octets(&stream, KEY, stream.len());
    // At the very end only the line end behind a CRC is missing.
    for at in 0..stream.len() - 2 {
        let damaged = [&stream[..at], &stream[(at + 5).min(stream.len())..]].concat();
        let outcome = decode_octets(&damaged, KEY, damaged.len());
        // A hole across the border between two telegrams hits both.
        assert!(outcome.telegrams.len() + 2 >= telegrams, "hole at {at}: {:?}", outcome.refused);
        let known = outcome.telegrams.iter().all(|it| whole.telegrams.contains(it));
        assert!(known, "hole at {at}: nothing is invented");
    }
}

/// The published ciphered telegram, and its keys.
fn ciphered() -> Option<(Vec<u8>, String)> {
    let folder = beside("cases")?.join("links");
    let dump = fs::read_to_string(folder.join("dsmr-ciphered.hex")).unwrap();
    Some((octets(&dump), fs::read_to_string(folder.join("dsmr-ciphered.key")).unwrap()))
}

#[test]
fn the_ciphered_form_decodes_and_its_tag_is_verified() {
    let Some((apdu, keys)) = ciphered() else { return };
    let stream = [&[0xff, 0xdb][..], &apdu, &apdu, &apdu[..100], &apdu].concat();
    let whole = decode_octets(&stream, &keys, stream.len());
    let cut = vec!["apdu: a telegram breaks off after 100 octets".to_owned()];
    assert_eq!((whole.telegrams.len(), &whole.refused), (3, &cut));
    let reading = &whole.telegrams[0];
    assert_eq!(reading.auth, Some(meterpipe::record::Auth::Verified));
    assert_eq!(reading.time.as_deref(), Some("2022-10-06T15:50:14+02:00"));
    let energy = reading.values.iter().find(|it| it.0.as_deref() == Some("1-0:1.8.0")).unwrap();
    assert_eq!((&*energy.1, energy.2.as_deref()), ("6545766", Some("Wh")));
    for piece in (1..40).chain([511, 512]) {
        assert_eq!(decode_octets(&stream, &keys, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_the_ciphered_form_is_refused() {
    let Some((apdu, keys)) = ciphered() else { return };
    // Without the authentication key the CRC inside is the check.
    let guek = keys.split_whitespace().next().unwrap();
    for keys in [&*keys, guek] {
        let good = decode_octets(&apdu, keys, apdu.len());
        assert_eq!(counts(&good), (1, 0), "{:?}", good.refused);
        for bit in 0..8 * apdu.len() {
            let mut damaged = apdu.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let outcome = decode_octets(&damaged, keys, 4096);
            // The tag is no part of the text.
            let is_tag = bit / 8 >= apdu.len() - 12 && keys == guek;
            let same = damaged[0] == 0xdc || is_tag || outcome.telegrams.is_empty();
            let values = |outcome: &Outcome| outcome.telegrams.first().map(|it| it.values.clone());
            assert!(same || values(&outcome) == values(&good), "bit {bit}: {outcome:?}");
            assert!(same || keys == guek, "bit {bit}");
        }
        for size in 0..apdu.len() {
            assert!(decode_octets(&apdu[..size], keys, 4096).telegrams.is_empty(), "{size}");
        }
    }
}

#[test]
fn a_damaged_ciphered_telegram_names_its_crc_and_not_the_key() {
    let Some((mut apdu, keys)) = ciphered() else { return };
    apdu[200] ^= 1;
    let outcome = decode_octets(&apdu, keys.split_whitespace().next().unwrap(), 4096);
    assert!(outcome.refused[0].starts_with("apdu: CRC at octet "), "{:?}", outcome.refused);
}

#[test]
fn without_a_crc_a_line_that_is_no_object_refuses_the_telegram() {
    let text = "/ISk5MT382\r\n\r\n1-0:1.8.1(00001.001*kWh)\r\n1-0:1.7.0(0000.01*kW)\r\n!\r\n";
    let outcome = decode_octets(text.as_bytes(), "", 5);
    assert_eq!(counts(&outcome), (1, 0));
    let damaged = text.replace("1-0:1.7.0(", "1-0x1.7.0(");
    let outcome = decode_octets(damaged.as_bytes(), "", 5);
    assert_eq!(outcome.refused.len(), 1, "{outcome:?}");
    assert!(outcome.refused[0].starts_with("apdu: line at octet "), "{:?}", outcome.refused);
}

#[cfg(feature = "cli")]
mod command {
    use super::*;
    use crate::common::binary::run;
    use crate::common::published::{Folder, HEADER};

    #[test]
    fn a_telegram_that_the_end_cuts_off_is_named() {
        let stream = &telegram(1)[..100];
        let ran = run(&["decode", "--input", "binary"], stream);
        assert_eq!(ran.status, 3);
        let end = "at the end, dsmr: a telegram breaks off after 100 octets";
        assert!(ran.err.contains(end), "{}", ran.err);
    }

    #[test]
    fn a_text_that_begins_amid_a_telegram_is_read() {
        let stream = [&telegram(1)[60..], &telegram(2), &telegram(3)[..50]].concat();
        let text = String::from_utf8(stream.clone()).unwrap();
        for input in [stream, text.replace('\r', "").into_bytes(), hex::encode(&text).into_bytes()]
        {
            let ran = run(&["decode"], &input);
            assert_eq!((ran.status, &*ran.err), (0, ""));
            let line: Json = serde_json::from_str(&ran.out).unwrap();
            assert_eq!((&line["energy_import_wh"], &line["meter"]), (&2.into(), &"1234".into()));
            assert_eq!(line["device"], "EST5\\253710000_A");
        }
    }

    #[test]
    fn octets_in_front_of_the_first_telegram_cost_nothing() {
        for noise in ["U", "xyz", "12", "\r\n", "U\r\n"] {
            let stream = [noise.as_bytes(), &telegram(1), &telegram(2)].concat();
            let ran = run(&["decode"], &stream);
            assert_eq!((ran.status, ran.out.lines().count()), (0, 2), "{noise:?}: {}", ran.err);
        }
    }

    #[test]
    fn hex_behind_a_text_that_breaks_off_is_hex() {
        let folder = Folder::new();
        let text = String::from_utf8(telegram(1)).unwrap();
        let ran = folder.decode(&[], format!("{}\n{DUMP}{text}{DUMP}", &text[..120]));
        assert_eq!(ran.out.lines().count(), 3, "{}", ran.err);
        assert_eq!(ran.err.matches(": dsmr: ").count(), 1, "{}", ran.err);
    }

    #[test]
    fn readings_pass_through_publish() {
        let folder = Folder::new();
        let gas = "0-1:24.2.1(200512134558S)(00872.234*m3)\r\n1-0:1.7.0(0.1*kW)";
        let text = format!("/FLU5\\2_A\r\n\r\n0-0:1.0.0(200512135409S)\r\n{gas}\r\n!");
        let text = format!("{text}{:04X}\r\n", crc(text.as_bytes()));
        let readings = run(&["decode"], text.as_bytes()).out;
        let file = folder.path("out.jsonl");
        let ran = run(&["publish", "--to", &format!("file:{file}")], readings.as_bytes());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), readings);
    }

    #[test]
    fn captured_telegrams_are_frames_and_their_records_decode() {
        let stream = [&b"\x00\xff"[..], &telegram(7)].concat();
        let folder = Folder::new();
        let file = folder.write("line", &stream);
        let captured = run(&["capture", "--input", "binary", &file], b"");
        let lines: Vec<_> = captured.out.lines().collect();
        assert_eq!(lines[1..], ["- raw 00ff", &format!("- frame {}", hex::encode(telegram(7)))]);
        let unframed = run(&["unframe"], captured.out.as_bytes());
        let record = format!("{HEADER}- apdu {} link=dsmr\n", hex::encode(telegram(7)));
        assert_eq!(unframed.out, record);
        let decoded = run(&["decode"], unframed.out.as_bytes());
        assert!(decoded.out.contains("\"energy_import_wh\":7,"), "{}", decoded.out);
    }

    #[test]
    fn a_value_of_another_meter_keeps_its_own_time() {
        let text = "/FLU5\\253769484_A\r\n\r\n0-0:1.0.0(200512135409S)\r\n\
                    0-1:24.2.1(200512134558S)(00872.234*m3)\r\n!";
        let text = format!("{text}{:04X}\r\n", crc(text.as_bytes()));
        let ran = run(&["decode"], text.as_bytes());
        let gas = r#""0-1:24.2.1":872.234,"0-1:24.2.1_unit":"m³","0-1:24.2.1#2":"2020-05-12T13:45:58+02:00""#;
        assert!(ran.out.contains(gas), "{}", ran.out);
    }

    #[test]
    fn a_telegram_without_a_crc_is_told_once() {
        let text = "/ISk5MT382\r\n\r\n1-0:1.8.1(00001.001*kWh)\r\n!\r\n".repeat(3);
        let ran = run(&["decode"], text.as_bytes());
        assert_eq!((ran.status, ran.out.lines().count()), (0, 3));
        assert_eq!(ran.err.matches("carry no CRC").count(), 1, "{}", ran.err);
    }

    #[test]
    fn every_format_takes_it_or_says_that_it_does_not() {
        let stream = [telegram(5), telegram(6)].concat();
        for format in ["json", "csv", "table", "lines", "influx", "prometheus", "solarview"] {
            let ran = run(&["decode", "--format", format], &stream);
            assert_eq!((ran.status, ran.out.is_empty()), (0, false), "{format}: {}", ran.err);
        }
        let ran = run(&["decode", "--format", "xml"], &stream);
        assert_eq!((ran.status, &*ran.out), (6, ""));
        assert_eq!(ran.err.matches("DSMR telegrams are no trees").count(), 1, "{}", ran.err);
    }

    #[test]
    fn the_guard_lets_telegrams_pass_and_holds_one_that_falls() {
        let folder = Folder::new();
        let stream: Vec<u8> = [100, 100, 101, 3, 101, 102].into_iter().flat_map(telegram).collect();
        let file = folder.path("readings.csv");
        let fields = format!("file:{file}?fields=energy_import_wh");
        let line = folder.write("line", &stream);
        let ran = run(&["watch", "--to", &fields, &line], b"");
        let stored = fs::read_to_string(&file).unwrap_or_default();
        assert!(!stored.contains("\n3\n") && stored.contains("100"), "{stored} {}", ran.err);
    }
}
