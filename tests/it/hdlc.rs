//! Real telegrams in HDLC frames, and streams of them in every state that a line may bring.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::common::chain::{Outcome, beside, decode_dump, decode_octets, keys_beside};
use crate::common::published::{DUMP, KEY, octets};
use serde_json::Value;

/// A capture of the corpus.
struct Capture {
    path: PathBuf,
    outcome: String,
    expected: Value,
}

impl Capture {
    fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// The plaintexts of the telegrams that are whole.
    fn plaintexts(&self) -> Vec<&str> {
        let telegrams = self.expected["telegrams"].as_array().unwrap();
        telegrams.iter().filter_map(|telegram| telegram["plaintext"].as_str()).collect()
    }
}

/// The captures of HDLC lines; none if the corpus is not there.
fn captures() -> Vec<Capture> {
    let Some(corpus) = beside("corpus") else { return vec![] };
    let manifest = fs::read_to_string(corpus.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let items = manifest["items"].as_array().unwrap().iter();
    let items = items.filter(|item| item["link_layer"] == "hdlc").map(|item| {
        let text = |key: &str| item[key].as_str().unwrap();
        let path = corpus.join(text("dir")).join(format!("{}.hex", text("name")));
        let expected = fs::read_to_string(path.with_extension("expected.json")).unwrap();
        let expected = serde_json::from_str(&expected).unwrap();
        Capture { path, outcome: text("outcome").to_owned(), expected }
    });
    items.collect()
}

fn run(path: &Path) -> Outcome {
    decode_dump(&fs::read_to_string(path).unwrap(), &keys_beside(path))
}

fn apdus(outcome: &Outcome) -> Vec<&str> {
    outcome.telegrams.iter().map(|telegram| &*telegram.apdu).collect()
}

#[test]
fn captures_decode_to_the_expected_plaintexts() {
    let captures = captures();
    let mut seen = 0;
    for capture in captures.iter().filter(|it| ["decodes", "mixed"].contains(&&*it.outcome)) {
        let outcome = run(&capture.path);
        assert_eq!(apdus(&outcome), capture.plaintexts(), "{}", capture.name());
        let refused = usize::from(capture.outcome == "mixed");
        assert_eq!(outcome.refused.len(), refused, "{}: {:?}", capture.name(), outcome.refused);
        seen += 1;
    }
    assert!(seen >= 36 || captures.is_empty(), "only {seen}");
}

#[test]
fn captures_without_a_key_are_whole_and_give_no_reading() {
    for capture in captures().iter().filter(|it| it.outcome == "key-unknown") {
        let outcome = run(&capture.path);
        assert!(outcome.telegrams.is_empty(), "{}", capture.name());
        let whole = capture.expected["telegrams"].as_array().unwrap().len();
        let no_key = vec!["cipher: no key for this meter".to_owned(); whole];
        assert_eq!(outcome.refused, no_key, "{}", capture.name());
    }
}

#[cfg(feature = "cli")]
#[test]
fn damaged_and_cut_captures_give_no_reading_and_a_reason() {
    for capture in captures().iter().filter(|it| ["truncated", "corrupt"].contains(&&*it.outcome)) {
        let name = capture.path.to_str().unwrap();
        let mut decode = std::process::Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        let output = decode.args(["decode", "--format", "json", name]).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.stdout, b"", "{name}");
        assert!([Some(1), Some(3), Some(4)].contains(&output.status.code()), "{name}: {messages}");
        assert!(messages.lines().count() >= 1, "{name}");
    }
}

/// Two telegrams of a Landis+Gyr E450, each of three frames with a block: the octets, the keys and
/// the plaintext.
fn blocks() -> Option<(Vec<u8>, String, String)> {
    let path = beside("corpus")?.join("at-landisgyr-e450/graz-dlms_parser-e450.hex");
    let octets = octets(&fs::read_to_string(&path).unwrap());
    let keys = keys_beside(&path);
    let outcome = decode_octets(&octets, &keys, octets.len());
    let [telegram] = &*outcome.telegrams else { panic!("{outcome:?}") };
    Some((octets, keys, telegram.apdu.clone()))
}

#[test]
fn the_cut_of_the_stream_does_not_matter() {
    let Some((octets, keys, _)) = blocks() else { return };
    let noisy = [&[0xa0, 0x7e, 0xa0][..], &octets, &[0x7e, 0x7e, 0xff], &octets].concat();
    let whole = decode_octets(&noisy, &keys, noisy.len());
    assert_eq!((whole.telegrams.len(), whole.refused.len()), (2, 0), "{:?}", whole.refused);
    for piece in (1..64).chain([100, 255, 256]) {
        assert_eq!(decode_octets(&noisy, &keys, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn one_flag_between_two_frames_is_enough() {
    let Some((octets, keys, _)) = blocks() else { return };
    let dump = hex::encode(&octets).replace("7e7e", "7e");
    let shared = hex::decode(dump.repeat(3).replace("7e7e", "7e")).unwrap();
    assert!(shared.len() < 3 * octets.len() - 6);
    for piece in [1, 2, 5, 4096] {
        let outcome = decode_octets(&shared, &keys, piece);
        assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (3, 0), "by {piece}");
    }
}

#[test]
fn a_flipped_bit_and_a_cut_lose_one_telegram_and_invent_none() {
    let Some((octets, keys, plaintext)) = blocks() else { return };
    let check = |damaged: &[u8], what: &str| {
        let stream = [&octets, damaged, &octets[..]].concat();
        let outcome = decode_octets(&stream, &keys, 4096);
        let found = apdus(&outcome);
        assert!(found.iter().all(|apdu| *apdu == plaintext), "{what}");
        // A cut frame may take the first octets of the next one with it, but no more.
        assert!((2..=3).contains(&found.len()), "{what}: {} {:?}", found.len(), outcome.refused);
        assert!(outcome.refused.len() <= 1, "{what}: {:?}", outcome.refused);
    };
    for bit in 0..octets.len() * 8 {
        let mut damaged = octets.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check(&damaged, &format!("bit {bit}"));
    }
    for size in 0..octets.len() {
        check(&octets[..size], &format!("cut to {size}"));
        check(&octets[size..], &format!("from {size}"));
    }
}

#[test]
fn lost_repeated_and_swapped_frames_lose_one_telegram_with_one_message() {
    let Some((octets, keys, plaintext)) = blocks() else { return };
    let dump = hex::encode(&octets).replace("7e7e", "7e 7e");
    let frames: Vec<_> = dump.split(' ').collect();
    let [first, second, third] = *frames else { panic!("{} frames", frames.len()) };
    for damaged in [
        vec![second, third],
        vec![first, third],
        vec![first, second],
        vec![first, second, second, third],
        vec![first, third, second],
        vec![second, first, third],
    ] {
        let stream = [&frames, &damaged, &frames].map(|frames| frames.concat()).concat();
        let outcome = decode_octets(&hex::decode(stream).unwrap(), &keys, 4096);
        assert_eq!(apdus(&outcome), [&*plaintext; 2]);
        assert!((1..=2).contains(&outcome.refused.len()), "{:?}", outcome.refused);
    }
}

#[test]
fn damage_to_several_frames_of_a_telegram_has_one_message() {
    let Some((octets, keys, plaintext)) = blocks() else { return };
    let dump = hex::encode(&octets);
    let starts: Vec<_> = dump.match_indices("7e7e").map(|(at, _)| at / 2 + 1).collect();
    let [second, third] = *starts else { panic!("{starts:?}") };
    for hit in [vec![second, third], vec![0, second], vec![0, second, third]] {
        let mut damaged = octets.clone();
        hit.iter().for_each(|start| damaged[start + 30] ^= 1);
        let stream = [&octets[..], &damaged, &damaged, &octets].concat();
        let outcome = decode_octets(&stream, &keys, 4096);
        assert_eq!(apdus(&outcome), [&*plaintext; 2]);
        assert_eq!(outcome.refused.len(), 2, "{hit:?}: {:?}", outcome.refused);
    }
}

#[test]
fn two_links_share_a_line() {
    let Some((hdlc, keys, plaintext)) = blocks() else { return };
    let mbus = octets(DUMP);
    let keys = format!("{}\n{KEY}", keys.split(' ').next().unwrap());
    let stream = [&mbus[..], &hdlc, &mbus, &hdlc].concat();
    let outcome = decode_octets(&stream, &keys, 100);
    assert_eq!(outcome.refused, Vec::<String>::new());
    let found = apdus(&outcome);
    assert_eq!(found.len(), 4);
    assert_eq!((found[1], found[3]), (&*plaintext, &*plaintext));
    assert_ne!(found[0], found[1]);
}

#[test]
fn a_reset_of_the_link_between_frames_costs_nothing() {
    let Some((hdlc, keys, plaintext)) = blocks() else { return };
    let reset = [0x10, 0x40, 0x01, 0x41, 0x16];
    let stream = [&reset[..], &hdlc, &reset, &reset, &hdlc].concat();
    for piece in [1, 4, 4096] {
        let outcome = decode_octets(&stream, &keys, piece);
        assert_eq!(apdus(&outcome), [&*plaintext; 2], "by {piece}");
        assert_eq!(outcome.refused, Vec::<String>::new());
    }
}

#[test]
fn segmented_frames_are_joined() {
    let Some(cases) = beside("cases") else { return };
    let outcome =
        decode_dump(&fs::read_to_string(cases.join("links/hdlc-segmented.hex")).unwrap(), KEY);
    assert_eq!((outcome.telegrams.len(), outcome.refused), (1, vec![]));
}

#[cfg(feature = "cli")]
mod tables {
    use std::process::Command;

    use super::*;

    /// The output of `decode` for a file, with more arguments.
    fn decode(path: &Path, arguments: &[&str]) -> Vec<Value> {
        let mut decode = Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        let output = decode.args(["decode", "--format", "json"]).args(arguments).arg(path);
        let text = String::from_utf8(output.output().unwrap().stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn bare_values_have_the_names_of_their_family() {
        if let Some(cases) = beside("cases") {
            let line = &decode(&cases.join("links/burgenland-11.apdu.hex"), &["--objects"])[0];
            assert_eq!(line["meter"], "30052002");
            assert_eq!(line["energy_import_wh"], 40_091_000);
            assert_eq!(line["current_l2_a"].to_string(), "14.82");
            let objects = line["objects"].as_array().unwrap();
            assert!(objects[..10].iter().all(|object| object["assumed"] == true));
            assert_eq!(objects[10]["assumed"], Value::Null);
        }
        if let Some(corpus) = beside("corpus") {
            let line = &decode(&corpus.join("no-kaifa/gh493-1.hex"), &[])[0];
            assert_eq!(line["meter"], "6970631409168767");
            assert_eq!(line["power_import_w"], 2269);
            assert_eq!(line["voltage_l1_v"].to_string(), "236.7");
            assert_eq!(line["current_l1_a"].to_string(), "7.087");
        }
    }

    #[test]
    fn a_table_of_the_user_names_the_values_of_an_unknown_meter() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("mine.toml");
        let text = concat!(
            "source = \"the label of the meter\"\n\n",
            "[[list]]\nname = \"mine\"\nelements = [\n",
            "    { type = \"octet-string\", length = 4, obis = \"0-0:96.1.0\" },\n",
            "    { type = \"double-long-unsigned\", name = \"energy_import_wh\", scaler = 1 },\n]\n"
        );
        fs::write(&table, text).unwrap();
        let telegram = folder.path().join("telegram.hex");
        fs::write(&telegram, "0f00000001 00 0202 0904 30303037 0600000539\n").unwrap();
        let bare = &decode(&telegram, &[])[0];
        assert_eq!(bare["item_2"], 1337);
        let line = &decode(&telegram, &["--layout", table.to_str().unwrap()])[0];
        assert_eq!((&line["meter"], &line["energy_import_wh"]), (&"0007".into(), &13370.into()));
        fs::write(&table, text.replace("scaler", "scaller")).unwrap();
        let mut wrong = Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        let output =
            wrong.arg("decode").arg("--layout").args([&table, &telegram]).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            message.contains("mine.toml: line 7: nothing is called scaller: did you mean scaler?"),
            "{message}"
        );
        // A key file in the place of a table.
        fs::write(&table, format!("{KEY}\n")).unwrap();
        let mut secret = Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        let output =
            secret.arg("decode").arg("--layout").args([&table, &telegram]).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && message.contains("line 1"), "{message}");
        assert!(!message.to_uppercase().contains(&KEY[8..]), "{message}");
    }
}
