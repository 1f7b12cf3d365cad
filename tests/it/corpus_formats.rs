//! Every plaintext of the corpus: XML as Gurux prints it, values as they were derived elsewhere.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use influxdb_line_protocol::FieldValue;
use meterpipe::{
    cosem::clock::VIENNA,
    format::{
        entry::OutputTelegram,
        kinds::FormatKind,
        options::{CommentStyle, FormatOptions},
    },
    reading::telegram::Telegram,
    record::{Attributes, Time},
};
use serde_json::{Value, value::RawValue};

/// The only telegrams that have an expected plaintext and do not read.
///
/// `gurux22836`: octets of a damaged log stand behind the APDU.
const REFUSED: [&str; 1] = ["gurux22836-apdu-junk-tail"];

struct Item {
    name: String,
    folder: PathBuf,
    plaintext: Vec<u8>,
    expected: Value,
    /// Its number in the capture.
    index: usize,
}

/// Every telegram whose plaintext is known; nothing if the corpus is not there.
fn items() -> Option<Vec<Item>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(manifest) = fs::read_to_string(corpus.join("manifest.json")) else {
        eprintln!("the corpus is not beside this checkout: nothing was compared");
        return None;
    };
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let mut items = vec![];
    for item in manifest["items"].as_array().unwrap() {
        let name = item["name"].as_str().unwrap();
        let folder = corpus.join(item["dir"].as_str().unwrap());
        let expected = fs::read_to_string(folder.join(format!("{name}.expected.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        for (index, telegram) in expected["telegrams"].as_array().unwrap().iter().enumerate() {
            if let Some(plaintext) = telegram["plaintext"].as_str() {
                items.push(Item {
                    name: name.to_owned(),
                    folder: folder.clone(),
                    plaintext: hex::decode(plaintext).unwrap(),
                    expected: telegram.clone(),
                    index,
                });
            }
        }
    }
    assert!(items.len() > 50, "only {} plaintexts", items.len());
    Some(items)
}

fn write(kind: FormatKind, options: &FormatOptions, item: &Item) -> Option<String> {
    let telegram = match Telegram::parse(&item.plaintext) {
        Ok(telegram) => telegram,
        Err(error) => {
            assert!(REFUSED.contains(&&*item.name), "{}: {error}", item.name);
            return None;
        }
    };
    assert!(!REFUSED.contains(&&*item.name), "{} reads", item.name);
    let attributes = Attributes::default();
    let entry =
        OutputTelegram { telegram: &telegram, zone: &VIENNA, received: Time::UNKNOWN, attributes };
    let mut text = vec![];
    kind.build(options).unwrap().entry(&entry, &mut text);
    Some(String::from_utf8(text).unwrap())
}

#[test]
fn xml_is_that_of_gurux() {
    let Some(items) = items() else { return };
    let mut compared = 0;
    for item in &items {
        let Ok(gurux) = fs::read_to_string(item.folder.join(format!("{}.gurux.xml", item.name)))
        else {
            continue;
        };
        let (note, gurux) = gurux.split_once('\n').unwrap();
        if gurux.contains("<!-- ERROR") {
            continue;
        }
        assert!(note.contains(&format!("telegram {}", item.index)), "{}: {note}", item.name);
        let gurux = gurux.replace("\r\n", "\n");
        let Some(xml) = write(FormatKind::Xml, &FormatOptions::default(), item) else { continue };
        assert_eq!(xml, gurux.trim_end_matches('\n').to_owned() + "\n", "{}", item.name);
        compared += 1;
    }
    assert!(compared > 50, "only {compared} compared");
}

/// Gurux's translator for Python printed them on a machine whose time zone is UTC.
#[test]
fn comments_in_the_style_of_gurux_are_those_of_gurux() {
    let Some(items) = items() else { return };
    let options = FormatOptions { comments: Some(CommentStyle::Gurux), ..FormatOptions::default() };
    let mut compared = 0;
    for item in items.iter().filter(|item| item.folder.to_string_lossy().contains("/at-")) {
        let path = item.folder.join(format!("{}.gurux-comments.xml", item.name));
        let Ok(gurux) = fs::read_to_string(path) else { continue };
        let (note, gurux) = gurux.split_once('\n').unwrap();
        if gurux.contains("<!-- ERROR") || !note.contains(&format!("telegram {}", item.index)) {
            continue;
        }
        let Some(xml) = write(FormatKind::Xml, &options, item) else { continue };
        let lines: Vec<_> = gurux.trim_end().lines().collect();
        let next = lines.iter().skip(1).copied().chain([""]);
        let wanted: String =
            lines.iter().zip(next).map(|(line, next)| in_vienna(line, next) + "\n").collect();
        assert_eq!(xml, wanted, "{}", item.name);
        compared += 1;
    }
    assert!(compared > 10, "only {compared} compared");
}

/// A line with the time of its comment moved from UTC to Vienna. `next` is the clock, which has the
/// time of the machine if it does not say its own deviation.
fn in_vienna(line: &str, next: &str) -> String {
    const FORM: &str = "%m/%d/%y %H:%M:%S";
    let words = line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    let time = words.and_then(|words| jiff::civil::DateTime::strptime(FORM, words).ok());
    let deviation = next.split('"').nth(1).and_then(|octets| octets.get(18..22));
    let (Some(time), true) = (time, deviation != Some("8000")) else { return line.to_owned() };
    let time = time.in_tz("UTC").unwrap().with_time_zone(VIENNA.clone());
    line.replace(words.unwrap(), &time.strftime(FORM).to_string())
}

/// An object of `--objects`: member and value as it is spelt.
type Members = BTreeMap<String, Box<RawValue>>;

#[test]
fn objects_have_the_expected_values() {
    let Some(items) = items() else { return };
    let mut compared = 0;
    for item in &items {
        let options = FormatOptions { objects: true, ..FormatOptions::default() };
        let Some(line) = write(FormatKind::Json, &options, item) else { continue };
        let line: Members = serde_json::from_str(&line).unwrap();
        let time: Option<String> =
            line.get("time").and_then(|time| serde_json::from_str(time.get()).ok());
        if let Some(expected) = item.expected["time"].as_str() {
            // The expectation leaves an offset that the meter does not give open.
            let assumed = line.contains_key("time_assumed");
            let time = time.unwrap_or_else(|| panic!("{} has no time", item.name));
            let shortened = if assumed { &time[..expected.len()] } else { &*time };
            assert_eq!(shortened, expected, "{}", item.name);
            assert_eq!(assumed, expected.len() == "2021-09-27T09:47:15".len(), "{}", item.name);
        }
        let objects: Vec<Members> = serde_json::from_str(line["objects"].get()).unwrap();
        let numbers: Vec<_> = objects.iter().filter_map(number).collect();
        let list = |name: &str| item.expected[name].as_array().cloned().unwrap_or_default();
        let coded: Vec<_> = numbers.iter().filter(|row| row.0.is_some()).cloned().collect();
        let values: Vec<_> = list("values").iter().map(expected).collect();
        let (with_code, bare): (Vec<_>, Vec<_>) = values.into_iter().partition(|v| v.0.is_some());
        assert_eq!(coded, with_code, "{}", item.name);
        let numbers: Vec<_> = numbers.into_iter().filter(|row| row.0.is_none()).collect();
        if bare.is_empty() {
            // A list by position: only type and integer are there to compare.
            let found: Vec<_> = numbers.iter().map(|row| (row.5.clone(), row.3.clone())).collect();
            let positional: Vec<_> = list("positional").iter().map(positional).collect();
            assert_eq!(found, positional, "{}", item.name);
        } else {
            assert_eq!(numbers, bare, "{}", item.name);
        }
        for string in list("strings") {
            assert!(objects.iter().any(|object| is_string(object, &string)), "{}", item.name);
        }
        compared += coded.len();
    }
    assert!(compared > 500, "only {compared} values");
}

/// Code, value, unit, raw integer, scaler, type.
type Row = (Option<String>, String, Option<String>, String, Option<i64>, String);

fn text(members: &Members, name: &str) -> Option<String> {
    serde_json::from_str(members.get(name)?.get()).ok()
}

fn number(object: &Members) -> Option<Row> {
    let kind = text(object, "type")?;
    let raw = object.get("raw")?.get().to_owned();
    if raw.starts_with('"') {
        return None;
    }
    let value = object["value"].get().to_owned();
    let scaler = object.get("scaler").map(|scaler| scaler.get().parse().unwrap());
    Some((text(object, "obis"), value, text(object, "unit"), raw, scaler, kind))
}

fn positional(value: &Value) -> (String, String) {
    (value["type"].as_str().unwrap().to_owned(), value["raw"].to_string())
}

fn is_string(object: &Members, expected: &Value) -> bool {
    let words = expected["text"].as_str();
    text(object, "raw").as_deref() == expected["raw"].as_str()
        && text(object, "obis") == code(expected)
        && words.is_none_or(|words| text(object, "value").as_deref() == Some(words))
}

fn code(value: &Value) -> Option<String> {
    let groups: Vec<_> = value["obis"].as_str()?.split('.').collect();
    let [a, b, c, d, e, f] = groups[..] else { panic!("{groups:?}") };
    let history = if f == "255" { String::new() } else { format!("*{f}") };
    Some(format!("{a}-{b}:{c}.{d}.{e}{history}"))
}

fn expected(value: &Value) -> Row {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let kind = text("type").unwrap();
    let raw = value["raw"].to_string();
    (code(value), text("value").unwrap(), text("unit"), raw, value["scaler"].as_i64(), kind)
}

/// Whole numbers and fractions, of all meters and operators: a field has one type, and all digits.
#[test]
fn fields_of_line_protocol_have_one_type_whatever_the_meter() {
    let Some(items) = items() else { return };
    let mut types: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for item in &items {
        let Some(text) = write(FormatKind::Influx, &FormatOptions::default(), item) else {
            continue;
        };
        let json = write(FormatKind::Json, &FormatOptions::default(), item).unwrap();
        let json: Members = serde_json::from_str(&json).unwrap();
        for line in influxdb_line_protocol::parse_lines(&text) {
            let line = line.unwrap_or_else(|error| panic!("{}: {error}: {text}", item.name));
            for (name, value) in &line.field_set {
                let name = name.to_string();
                let digits = json[&name].get();
                let kind = match value {
                    FieldValue::I64(value) => {
                        let whole = digits.split('.').next().unwrap();
                        assert!(digits != whole || value.to_string() == whole, "{name}: {digits}");
                        "integer"
                    }
                    FieldValue::F64(_) => {
                        let written = match digits {
                            "true" => "1.0".to_owned(),
                            "false" => "0.0".to_owned(),
                            digits if digits.contains('.') => digits.to_owned(),
                            digits => format!("{digits}.0"),
                        };
                        let field = format!("{name}={written}");
                        assert!(text.contains(&field), "{}: {field}: {text}", item.name);
                        "float"
                    }
                    other => panic!("{}: {name}: {other:?}", item.name),
                };
                *types.entry(name).or_default().entry(kind).or_default() += 1;
            }
        }
    }
    assert!(types.len() > 40, "only {} fields", types.len());
    assert!(types.values().all(|kinds| kinds.len() == 1), "{types:?}");
    assert!(types["energy_import_wh"].contains_key("integer"));
    assert!(types["current_l1_a"].contains_key("float"));
}
