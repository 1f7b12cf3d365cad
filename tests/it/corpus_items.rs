//! Every item of the corpus behaves as its expectation says: the outcome, the telegrams, and of each one
//! its time, meter number and values, digit for digit. So do the links among the cases.

use std::{collections::BTreeMap, fs, path::Path, thread};

use crate::common::{
    binary::{Ran, command, run_command},
    chain::{beside, keys_beside},
    published::KEY,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// The items that differ from their expectation, each with the reason.
const DIFFERENT: [(&str, &str); 2] =
    [("cz-egd/egd-example", NUMBER_FIRST), ("ru-energomera/energomera", NUMBER_FIRST)];

/// The expectation takes 0-0:42.0.0, which is `device` here.
const NUMBER_FIRST: &str = "0-0:96.1.0 is the meter number here, before the device name";

/// A line of `decode --objects`.
#[derive(Deserialize)]
struct Line {
    time: Option<String>,
    meter: Option<String>,
    objects: Vec<Object>,
}

/// An element of the telegram. Numbers keep their digits.
#[derive(Deserialize)]
struct Object {
    obis: Option<String>,
    value: Option<Box<RawValue>>,
    unit: Option<String>,
    raw: Option<Box<RawValue>>,
    scaler: Option<i64>,
    assumed: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Object {
    fn is_number(&self) -> bool {
        let is_text = |kind: &str| kind.contains("string") || kind.starts_with("date");
        let raw = self.raw.as_ref().is_some_and(|raw| raw.get().parse::<i128>().is_ok());
        let kind = self.kind.as_deref().unwrap_or_default();
        raw && !is_text(kind) && kind != "enum" && kind != "boolean"
    }

    /// `1-0:1.8.0` as the expectations spell it.
    fn six_groups(&self) -> Option<String> {
        let obis = self.obis.as_ref()?;
        let text = obis.replace(['-', ':', '*'], ".");
        Some(if obis.contains('*') { text } else { format!("{text}.255") })
    }

    /// The difference from an expected value.
    fn difference(&self, expected: &Value) -> Option<String> {
        let text = |raw: &Option<Box<RawValue>>| raw.as_ref().map(|it| it.get().replace('"', ""));
        let number = |key: &str| match &expected[key] {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        let mut pairs = vec![("value", text(&self.value), number("value"))];
        if expected["type"] != "dsmr" {
            let scaler = self.scaler.map(|scaler| scaler.to_string());
            pairs.push(("raw", text(&self.raw), number("raw")));
            pairs.push(("scaler", scaler, number("scaler")));
        }
        // DSMR telegrams spell kvarh as kVArh, and m³ as m3.
        let unit = |unit: Option<String>| unit.map(|it| it.to_lowercase().replace("m3", "m³"));
        pairs.push(("unit", unit(self.unit.clone()), unit(number("unit"))));
        if self.assumed == Some(true) {
            // The expectations know no tables, so they have neither scaler nor unit.
            pairs.retain(|(key, ..)| *key == "raw");
            assert!(expected["scaler"].is_null() && expected["unit"].is_null());
        }
        let differs = pairs.into_iter().find(|(_, found, expected)| found != expected);
        differs.map(|(key, found, expected)| format!("{key}: {found:?} for {expected:?}"))
    }
}

/// Runs `decode --objects` over a file.
fn decode(path: &Path) -> Ran {
    let mut decode = command(&["decode", "--format", "json", "--objects", path.to_str().unwrap()]);
    let keys = keys_beside(path);
    for (name, key) in ["P1_GUEK", "P1_GAK"].into_iter().zip(keys.split_whitespace()) {
        decode.env(name, key);
    }
    run_command(decode, b"")
}

/// The first difference of an item from its expectation.
fn difference(path: &Path, item: &Value) -> Result<(), String> {
    let expected = fs::read_to_string(path.with_extension("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let ran = decode(path);
    let (lines, outcome) = (ran.out.lines().count(), item["outcome"].as_str().unwrap());
    let statuses: &[i32] = match outcome {
        "decodes" => &[0],
        "mixed" if lines == 0 => &[4],
        "mixed" => &[1],
        "key-unknown" => &[4],
        "truncated" => &[3, 1],
        "corrupt" => &[1, 3, 4],
        other => panic!("outcome {other}"),
    };
    if !statuses.contains(&ran.status) {
        return Err(format!("{outcome} with status {}: {}", ran.status, ran.err));
    }
    let is_read = |telegram: &&Value| telegram["values"].is_array();
    let telegrams: Vec<_> = match outcome {
        "decodes" | "mixed" => {
            expected["telegrams"].as_array().unwrap().iter().filter(is_read).collect()
        }
        _ => vec![],
    };
    if lines != telegrams.len() {
        return Err(format!("{lines} telegrams for {}: {}", telegrams.len(), ran.err));
    }
    if lines == 0 && ran.err.is_empty() {
        return Err("refused without a word".to_owned());
    }
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines.zip(telegrams).try_for_each(|(line, expected)| telegram(&line, expected))
}

fn telegram(line: &Line, expected: &Value) -> Result<(), String> {
    let equal = |what: &str, found: Option<&str>, expected: Option<&str>| match found == expected {
        true => Ok(()),
        false => Err(format!("{what} {found:?} for {expected:?}")),
    };
    equal("meter", line.meter.as_deref(), expected["meter_id"].as_str())?;
    let time = expected["time"].as_str();
    // Some clocks have no offset.
    let has_offset = time.is_some_and(|time| time.len() > 19 && time.contains('+'));
    let found = line.time.as_deref().map(|found| {
        let size = time.map_or(found.len(), |time| time.len().min(found.len()));
        if has_offset { found } else { &found[..size] }
    });
    equal("time", found, time)?;
    let values = expected["values"].as_array().unwrap();
    let mut objects = line.objects.iter();
    for value in values {
        let obis = value["obis"].as_str().unwrap();
        // An object of DSMR may hold a list, of which the expectation has the last value.
        let object = objects.find(|object| {
            let is_list = || value["type"] == "dsmr" && object.difference(value).is_some();
            object.six_groups().as_deref() == Some(obis) && !is_list()
        });
        let object = object.ok_or_else(|| format!("no {obis} as expected"))?;
        object.difference(value).map_or(Ok(()), |text| Err(format!("{obis}: {text}")))?;
    }
    let bare = expected["positional"].as_array().map_or(&[][..], Vec::as_slice);
    let mut objects = line.objects.iter();
    for value in bare.iter().filter(|value| value["raw"].is_i64()) {
        let raw = value["raw"].to_string();
        let fits = |object: &Object| object.raw.as_ref().is_some_and(|it| it.get() == raw);
        objects.find(|object| fits(object)).ok_or_else(|| format!("no bare {raw}"))?;
    }
    // Nothing else may be there.
    let is_number =
        |it: &&Value| !["enum", "boolean", "dsmr"].contains(&it["type"].as_str().unwrap());
    let expected = values.iter().chain(bare).filter(is_number).count();
    let found = line.objects.iter().filter(|object| object.is_number()).count();
    if found == expected { Ok(()) } else { Err(format!("{found} numbers for {expected}")) }
}

#[test]
fn every_item_behaves_as_its_expectation_says() {
    let Some(corpus) = beside("corpus") else { return };
    let manifest = fs::read_to_string(corpus.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let items = manifest["items"].as_array().unwrap();
    assert!(items.len() >= 122);
    let check = |item: &Value| {
        let text = |key: &str| item[key].as_str().unwrap();
        let name = format!("{}/{}", text("dir"), text("name"));
        let path = corpus.join(format!("{name}.hex"));
        difference(&path, item).err().map(|text| (name, text))
    };
    let differences: BTreeMap<String, String> = thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(4));
        let parts: Vec<_> = parts
            .map(|items| scope.spawn(|| items.iter().filter_map(check).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    let is_new = |name: &&String| !DIFFERENT.iter().any(|(known, _)| known == name);
    let new: Vec<_> = differences.iter().filter(|(name, _)| is_new(name)).collect();
    assert!(new.is_empty(), "{new:#?}");
    let mended: Vec<_> =
        DIFFERENT.iter().filter(|(name, _)| !differences.contains_key(*name)).collect();
    assert!(mended.is_empty(), "as expected after all, and leave the list: {mended:#?}");
}

/// The lines of a case, which is deciphered with the published key.
fn case(name: &str) -> Option<(Ran, Vec<Value>)> {
    let path = beside("cases")?.join("links").join(name);
    let mut decode = command(&["decode", "--format", "json", path.to_str().unwrap()]);
    decode.env("P1_GUEK", KEY);
    let ran = run_command(decode, b"");
    let lines = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Some((ran, lines))
}

#[test]
fn the_links_of_the_cases_behave_as_their_page_says() {
    let Some((ran, lines)) = case("hdlc-segmented.hex") else { return };
    assert_eq!((ran.status, lines.len()), (0, 1), "{}", ran.err);
    let (ran, lines) = case("e450-list.apdu.hex").unwrap();
    assert_eq!((ran.status, &lines[0]["energy_import_wh"]), (0, &132_573.into()), "{}", ran.err);
    let (ran, lines) = case("burgenland-11.apdu.hex").unwrap();
    assert_eq!(ran.status, 0, "{}", ran.err);
    let names = [
        "voltage_l1_v",
        "voltage_l2_v",
        "voltage_l3_v",
        "current_l1_a",
        "current_l2_a",
        "current_l3_a",
        "power_import_w",
        "power_export_w",
        "energy_import_wh",
        "energy_export_wh",
        "meter",
    ];
    assert!(names.iter().all(|name| !lines[0][name].is_null()), "{}", lines[0]);
    let (ran, lines) = case("octets-lost.bin").unwrap();
    assert!(ran.status != 0 && lines.is_empty(), "{}", ran.err);
    assert!(
        ran.err.contains("octets are lost: a frame of 256 began, the next one after 104"),
        "{}",
        ran.err
    );
    let (ran, lines) = case("ci-ff.hex").unwrap();
    assert_eq!(lines.len(), 0);
    assert!(ran.status != 0 && ran.err.contains("found ff"), "{}", ran.err);
}
