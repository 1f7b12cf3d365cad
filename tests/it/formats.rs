//! Every format, word by word on the published telegram, and unharmed by hostile ones.

use std::{collections::BTreeMap, fs};

use crate::common::{
    binary::run,
    published::{PLAIN, READING, octets},
};

use meterpipe::{
    cosem::clock::VIENNA,
    format::{
        entry::OutputTelegram,
        influx,
        key::Meta,
        kinds::FormatKind,
        locale::Locale,
        options::{CommentStyle, FormatOptions},
        readings::Readings,
        selection::Selection,
        table::Table,
        units::Units,
    },
    reading::telegram::Telegram,
    record::{Attributes, Auth, Time},
};
use serde_json::value::RawValue;
use tempfile::TempDir;

/// A push without a date-time, with this body.
fn push(body: &str) -> Vec<u8> {
    octets(&format!("0f00000001 00 {body}"))
}

/// The record of the published telegram.
fn ciphered() -> Attributes<'static> {
    let title = Some(*b"KFMgP\0\0\x09");
    Attributes {
        title,
        ic: Some(35),
        sc: Some(0x20),
        auth: Some(Auth::None),
        ..Attributes::default()
    }
}

/// The text of telegrams, and the notes on them.
fn write_all(
    kind: FormatKind,
    options: &FormatOptions,
    apdus: &[Vec<u8>],
    plain: bool,
) -> (String, Vec<String>) {
    let mut format = kind.build(options).unwrap();
    let (mut text, mut notes) = (vec![], vec![]);
    format.start(&mut text);
    for apdu in apdus {
        let telegram = Telegram::parse(apdu).unwrap();
        let attributes = if plain { Attributes::default() } else { ciphered() };
        let (zone, received) = (&VIENNA, Time::UNKNOWN);
        format
            .entry(&OutputTelegram { telegram: &telegram, zone, received, attributes }, &mut text);
        notes.extend(format.notes());
    }
    format.end(&mut text);
    (String::from_utf8(text).unwrap(), notes)
}

/// A line of JSON about a ciphered telegram that came at that time.
fn json_line(apdu: &str, received: &str, auth: Option<Auth>) -> String {
    let apdu = octets(apdu);
    let entry = OutputTelegram {
        telegram: &Telegram::parse(&apdu).unwrap(),
        zone: &VIENNA,
        received: Time::parse(received.as_bytes()).unwrap(),
        attributes: Attributes { auth, ..ciphered() },
    };
    let mut text = vec![];
    FormatKind::Json.build(&usual()).unwrap().entry(&entry, &mut text);
    String::from_utf8(text).unwrap()
}

fn write(kind: FormatKind, options: &FormatOptions, apdu: &[u8]) -> String {
    write_all(kind, options, &[apdu.to_vec()], true).0
}

fn published(kind: FormatKind, options: &FormatOptions) -> String {
    write_all(kind, options, &[octets(PLAIN)], false).0
}

fn usual() -> FormatOptions {
    FormatOptions::default()
}

fn fields(names: &str) -> FormatOptions {
    FormatOptions {
        selection: Some(Selection::parse(names, &Units::default()).unwrap()),
        ..usual()
    }
}

fn units(choices: &[&str]) -> Units {
    let mut units = Units::default();
    choices.iter().for_each(|choice| units.choose(choice).unwrap());
    units
}

/// The members of a line of JSON, each name once, each value as it is spelt.
fn members(line: &str) -> BTreeMap<String, Box<RawValue>> {
    let members = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let again = serde_json::to_string(&members).unwrap();
    assert_eq!(again.len(), line.trim_end().len(), "a name stands twice: {line}");
    members
}

fn member(line: &str, name: &str) -> Option<String> {
    members(line).get(name).map(|value| value.get().to_owned())
}

#[test]
fn json_of_the_published_telegram() {
    assert_eq!(published(FormatKind::Json, &usual()), READING);
}

#[test]
fn json_says_when_a_telegram_came_and_whether_it_is_proven() {
    for (auth, proven) in [
        (Some(Auth::Verified), "true"),
        (Some(Auth::Unverified), "false"),
        (Some(Auth::None), "false"),
        (None, "false"),
    ] {
        let line = json_line(PLAIN, "2021-09-27T07:47:17.482Z", auth);
        assert!(line.starts_with(concat!(
            r#"{"schema":1,"time":"2021-09-27T09:47:15+02:00","#,
            r#""received":"2021-09-27T07:47:17.482Z","meter":"181220000009","system_title":"#
        )));
        assert_eq!(member(&line, "authenticated").as_deref(), Some(proven));
    }
    let line = write(FormatKind::Json, &usual(), &octets(PLAIN));
    for name in ["received", "system_title", "invocation_counter", "authenticated"] {
        assert_eq!(member(&line, name), None, "{name} of a plain telegram");
    }
}

#[test]
fn a_wrong_clock_is_marked() {
    let line = |apdu: &str, received: &str| json_line(apdu, received, Some(Auth::None));
    // The published telegram is of 09:47:15+02:00.
    for (received, suspect) in [
        ("-", None),
        ("2021-09-27T07:47:17.482Z", None),
        ("2021-09-27T08:37:14.999Z", None),
        ("2021-09-27T08:37:15.000Z", Some("true")),
        ("2021-09-27T06:57:15.000Z", Some("true")),
        ("2026-08-24T21:03:17.482Z", Some("true")),
    ] {
        let found = member(&line(PLAIN, received), "time_suspect");
        assert_eq!(found.as_deref(), suspect, "{received}");
    }
    // Status 81: invalid; 82: doubtful, as the T210-D says all winter.
    for (status, suspect) in [("81", Some("true")), ("82", None), ("ff", None)] {
        let apdu = PLAIN.replace("00ff8880", &format!("00ff88{status}"));
        assert_ne!((apdu.as_str(), status), (PLAIN, "80"));
        let found = member(&line(&apdu, "-"), "time_suspect");
        assert_eq!(found.as_deref(), suspect, "{status}");
    }
}

#[test]
fn json_passes_on_what_has_no_name() {
    let body = concat!(
        "0210",
        "0203 0906 0100630100ff 120c00 0202 0f00 161e", // unknown code, unit known
        "0203 0906 0100630100ff 110d 0202 0f01 1663",   // once more, unit unknown
        "0203 0906 0100010800ff 0600000005 0202 0f03 161e", // 5 × 10³
        "0203 0906 0101010800ff 0600000007 0202 0f00 161e", // on another channel
        "0202 0906 0000600100ff 090431323334",          // the meter number
        "0202 0906 00002a0000ff 0902ff00",              // a device name in octets
        "0202 0906 0000600a01ff 040aaa80",              // bits
        "0202 0906 0000600a02ff 0301",                  // a boolean
        "0202 0906 0000600a03ff 0a03414222",            // text
        "0202 0906 0000600a04ff 00",                    // nothing
        "0202 0906 0000010000ff 090c07e5091b01092f0f00800080", // a clock without deviation
        "0202 0906 0000600a05ff 130202121106000102000405", // a compact array
        "0202 0906 0000600a06ff 1312030001ff",          // one that does not come out even
        "090c07e5091bff09ffff00800000",                 // not definite
        "1107",
        "0202 0906 0000600a07ff 173dcccccd",
    );
    assert_eq!(
        write(FormatKind::Json, &usual(), &push(body)),
        concat!(
            r#"{"schema":1,"time":"2021-09-27T09:47:15+02:00","time_assumed":true,"#,
            r#""meter":"1234","device":"ff00","energy_import_wh":5000,"#,
            r#""1-0:99.1.0":3072,"1-0:99.1.0_unit":"Wh","#,
            r#""1-0:99.1.0#2":130,"1-0:99.1.0#2_unit":"unit 99","energy_import_wh#2":7,"#,
            r#""0-0:96.10.1":"1010101010","0-0:96.10.2":true,"0-0:96.10.3":"AB\"","#,
            r#""0-0:96.10.5":[1,2,4,5],"0-0:96.10.6":"12030001ff","#,
            r#""item_14":"07e5091bff09ffff00800000","item_15":7,"0-0:96.10.7":0.1}"#,
            "\n"
        )
    );
}

#[test]
fn a_second_occurrence_can_be_selected() {
    let energy = |channel: u8, value: u8| {
        format!("0203 0906 01{channel:02x}010800ff 11{value:02x} 0202 0f00 161e")
    };
    let other = |value: u8| format!("0202 0906 0100630100ff 11{value:02x}");
    let body = ["0204".into(), energy(0, 1), energy(1, 2), other(3), other(4)].concat();
    let options = fields("energy_import_wh#2,1-0:99.1.0#2,1-1:1.8.0,1-0:99.1.0#3");
    assert_eq!(
        write(FormatKind::Json, &options, &push(&body)),
        concat!(
            r#"{"energy_import_wh#2":2,"1-0:99.1.0#2":4,"#,
            r#""1-1:1.8.0":2,"1-1:1.8.0_unit":"Wh"}"#,
            "\n"
        )
    );
    assert_eq!(
        write(FormatKind::Lines, &usual(), &push(&body)),
        concat!(
            "-\t-\t1-0:1.8.0\tenergy_import_wh\t1\tWh\n",
            "-\t-\t1-1:1.8.0\tenergy_import_wh#2\t2\tWh\n",
            "-\t-\t1-0:99.1.0\t-\t3\t-\n",
            "-\t-\t1-0:99.1.0\t-\t4\t-\n",
        )
    );
}

#[test]
fn objects_are_every_element_as_it_was_sent() {
    let body = concat!(
        "0206",
        "0203 0906 0100200700ff 120921 0202 0fff 1623",
        "0203 0906 01000d0700ff 1203e8 0202 0ffd 16ff",
        "0202 0906 0000600100ff 090431323334",
        "0202 0906 0000600a04ff 00",
        "10fffe",
        "0203 0906 0100020800ff 15ffffffffffffffff 0202 0ffd 161e",
    );
    let line = write(FormatKind::Json, &FormatOptions { objects: true, ..usual() }, &push(body));
    let objects = member(&line, "objects").unwrap();
    assert_eq!(
        objects,
        concat!(
            r#"[{"index":1,"obis":"1-0:32.7.0","name":"voltage_l1_v","value":233.7,"unit":"V","#,
            r#""raw":2337,"scaler":-1,"type":"long-unsigned"},"#,
            r#"{"index":2,"obis":"1-0:13.7.0","name":"power_factor","value":1.000,"#,
            r#""raw":1000,"scaler":-3,"type":"long-unsigned"},"#,
            r#"{"index":3,"obis":"0-0:96.1.0","value":"1234","raw":"31323334","#,
            r#""type":"octet-string"},"#,
            r#"{"index":4,"obis":"0-0:96.10.4","type":"null-data"},"#,
            r#"{"index":5,"value":-2,"raw":-2,"type":"long"},"#,
            r#"{"index":6,"obis":"1-0:2.8.0","name":"energy_export_wh","#,
            r#""value":18446744073709551.615,"unit":"Wh","raw":18446744073709551615,"scaler":-3,"#,
            r#""type":"long64-unsigned"}]"#
        )
    );
}

#[test]
fn fields_select_and_order_in_json_csv_table_and_lines() {
    let options = fields("voltage_l1_v,meter,1-0:1.8.0,frequency_hz,item_1,1-0:99.9.9");
    assert_eq!(
        published(FormatKind::Json, &options),
        concat!(
            r#"{"voltage_l1_v":233.7,"meter":"181220000009","1-0:1.8.0":12937,"#,
            r#""1-0:1.8.0_unit":"Wh","item_1":"2021-09-27T09:47:15+02:00"}"#,
            "\n"
        )
    );
    assert_eq!(
        published(FormatKind::Csv, &options),
        concat!(
            "voltage_l1_v,meter,1-0:1.8.0,frequency_hz,item_1,1-0:99.9.9\n",
            "233.7,181220000009,12937,,2021-09-27T09:47:15+02:00,\n"
        )
    );
    assert_eq!(
        published(FormatKind::Lines, &options),
        concat!(
            "2021-09-27T09:47:15+02:00\t181220000009\t1-0:32.7.0\tvoltage_l1_v\t233.7\tV\n",
            "2021-09-27T09:47:15+02:00\t181220000009\t-\tmeter\t181220000009\t-\n",
            "2021-09-27T09:47:15+02:00\t181220000009\t1-0:1.8.0\t-\t12937\tWh\n",
            "2021-09-27T09:47:15+02:00\t181220000009\t-\titem_1\t2021-09-27T09:47:15+02:00\t-\n"
        )
    );
    assert_eq!(
        published(FormatKind::Table, &options),
        concat!(
            "2021-09-27T09:47:15+02:00  meter 181220000009\n",
            "  voltage_l1_v    233.7  V\n",
            "  meter         181220000009\n",
            "  1-0:1.8.0     12937    Wh\n",
            "  item_1        2021-09-27T09:47:15+02:00\n"
        )
    );
    assert_eq!(published(FormatKind::Json, &fields("frequency_hz")), "{}\n");
    assert_eq!(published(FormatKind::Csv, &fields("frequency_hz")), "frequency_hz\n\"\"\n");
}

#[test]
fn csv_of_the_published_telegram() {
    const HEADER: &str = concat!(
        "time,meter,energy_import_wh,energy_export_wh,reactive_energy_import_varh,",
        "reactive_energy_export_varh,power_import_w,power_export_w,power_net_w,voltage_l1_v,",
        "voltage_l2_v,voltage_l3_v,current_l1_a,current_l2_a,current_l3_a,power_factor\n"
    );
    const ROW: &str = concat!(
        "2021-09-27T09:47:15+02:00,181220000009,12937,0,,,0,0,0,233.7,0.0,0.0,0.00,0.00,0.00,",
        "1.000\n"
    );
    assert_eq!(published(FormatKind::Csv, &usual()), format!("{HEADER}{ROW}"));
    let bare = FormatOptions { no_header: true, ..usual() };
    assert_eq!(published(FormatKind::Csv, &bare), ROW);
    let austria = FormatOptions { locale: Locale::Austria, ..usual() };
    let local = |text: String| {
        let text = text.replace("time,", "time,time_offset,").replace(',', ";");
        text.replace("2021-09-27T09:47:15+02:00", "27.09.2021 09:47:15;+02:00")
    };
    let expected = local(format!("{HEADER}{ROW}").replace('.', "!")).replace('!', ",");
    assert_eq!(published(FormatKind::Csv, &austria), expected);
    let switzerland = FormatOptions { locale: Locale::Switzerland, ..usual() };
    assert_eq!(published(FormatKind::Csv, &switzerland), local(format!("{HEADER}{ROW}")));
    let (text, notes) =
        write_all(FormatKind::Csv, &usual(), &[octets(PLAIN), octets(PLAIN)], false);
    assert_eq!(text, format!("{HEADER}{ROW}{ROW}"));
    assert_eq!(notes, [""; 0]);
}

#[test]
fn csv_names_what_has_no_column_once() {
    let body = "0202 0203 0906 0100630100ff 1105 0202 0f00 161e 0203 0906 01000e0700ff 121388 0202 0ffe 162c";
    let apdus = [push(body), push(body)];
    let (_, notes) = write_all(FormatKind::Csv, &usual(), &apdus, true);
    assert_eq!(
        notes,
        [
            "no column for frequency_hz, 1-0:99.1.0: --fields chooses columns, and fields= those of a sink"
        ]
    );
    assert_eq!(write_all(FormatKind::Csv, &fields("time"), &apdus, true).1, [""; 0]);
    // No telegram can fill the memory with notes.
    let crafted = |b: u8| {
        let object = |e: u8| format!("0202 0906 01 {b:02x} 63 01 {e:02x} ff 1101");
        push(&format!("01 32 {}", (0..50).map(object).collect::<String>()))
    };
    let apdus: Vec<_> = (0..10).map(crafted).collect();
    let (_, notes) = write_all(FormatKind::Csv, &usual(), &apdus, true);
    let [.., last] = &notes[..] else { panic!("{notes:?}") };
    assert!(last.contains(" and others: "), "{last}");
    let names: usize = notes.iter().map(|note| note.matches(":99.1.").count()).sum();
    assert_eq!(names, 100);
}

#[test]
fn units_change_names_and_values_where_people_read_them() {
    let units = units(&["energy=kWh", "power=kW"]);
    let options = FormatOptions { units, ..usual() };
    let csv = published(FormatKind::Csv, &options);
    let (header, row) = csv.split_once('\n').unwrap();
    assert!(
        header.starts_with("time,meter,energy_import_kwh,energy_export_kwh,reactive_"),
        "{header}"
    );
    assert!(
        row.starts_with("2021-09-27T09:47:15+02:00,181220000009,12.937,0.000,,,0.000,"),
        "{row}"
    );
    let lines = published(FormatKind::Lines, &options);
    assert!(lines.contains("\t1-0:1.8.0\tenergy_import_kwh\t12.937\tkWh\n"), "{lines}");
    assert!(lines.contains("\t-\tpower_net_kw\t0.000\tkW\n"), "{lines}");
    assert!(published(FormatKind::Table, &options).contains("  energy_import_kwh   12.937  kWh\n"));
    assert_eq!(published(FormatKind::Json, &options), published(FormatKind::Json, &usual()));
    assert_eq!(published(FormatKind::Xml, &options), published(FormatKind::Xml, &usual()));
}

#[test]
fn table_of_two_telegrams() {
    let apdus = [octets(PLAIN), push("0202 0906 0000600a03ff 0a024142")];
    assert_eq!(
        write_all(FormatKind::Table, &usual(), &apdus, false).0,
        concat!(
            "2021-09-27T09:47:15+02:00  meter 181220000009\n",
            "  energy_import_wh  12937      Wh\n",
            "  energy_export_wh      0      Wh\n",
            "  power_import_w        0      W\n",
            "  power_export_w        0      W\n",
            "  power_net_w           0      W\n",
            "  voltage_l1_v        233.7    V\n",
            "  voltage_l2_v          0.0    V\n",
            "  voltage_l3_v          0.0    V\n",
            "  current_l1_a          0.00   A\n",
            "  current_l2_a          0.00   A\n",
            "  current_l3_a          0.00   A\n",
            "  power_factor          1.000\n",
            "\n",
            "no time  system title 4b464d6750000009\n",
            "  0-0:96.10.3  AB\n",
        )
    );
}

#[test]
fn lines_of_the_published_telegram_have_six_columns() {
    let text = published(FormatKind::Lines, &usual());
    let rows: Vec<Vec<_>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 12);
    for row in &rows {
        assert_eq!(row[..2], ["2021-09-27T09:47:15+02:00", "181220000009"]);
    }
    assert_eq!(rows[0][2..], ["1-0:1.8.0", "energy_import_wh", "12937", "Wh"]);
    assert_eq!(rows[4][2..], ["-", "power_net_w", "0", "W"]);
    assert_eq!(rows[11][2..], ["1-0:13.7.0", "power_factor", "1.000", "-"]);
    assert_eq!(
        write(FormatKind::Lines, &usual(), &push("0202 0906 0000600a03ff 0900")),
        "-\t-\t0-0:96.10.3\t-\t-\t-\n"
    );
}

/// The expectations are what Gurux's translator (1.0.203) prints.
#[test]
fn influx_of_the_published_telegram() {
    let head = "smartmeter,meter=181220000009 ";
    assert_eq!(
        published(FormatKind::Influx, &usual()),
        format!(
            "{head}{}",
            concat!(
                "energy_import_wh=12937i,energy_export_wh=0i,power_import_w=0i,power_export_w=0i,",
                "power_net_w=0i,voltage_l1_v=233.7,voltage_l2_v=0.0,voltage_l3_v=0.0,",
                "current_l1_a=0.00,current_l2_a=0.00,current_l3_a=0.00,power_factor=1.000 ",
                "1632728835000000000\n"
            )
        )
    );
    let options = FormatOptions {
        units: units(&["energy=kWh"]),
        ..fields("time,meter,invocation_counter,authenticated,system_title,energy_import_wh")
    };
    assert_eq!(
        published(FormatKind::Influx, &options),
        format!(
            "{head}{}",
            concat!(
                "invocation_counter=35i,authenticated=false,system_title=\"4b464d6750000009\",",
                "energy_import_kwh=12.937 1632728835000000000\n"
            )
        )
    );
    // An object without a name and one that is a text; no time, no meter, so neither is made up.
    let body = "0202 0203 0906 0100630100ff 12000c 02020f00161e 0202 0906 0000600a03ff 0a0161";
    let (text, notes) = write_all(FormatKind::Influx, &usual(), &[push(body)], true);
    assert_eq!(text, "smartmeter 1-0:99.1.0=12.0\n");
    assert_eq!(
        notes,
        [
            "0-0:96.10.3: is a text, and left out: select it to have it",
            "a telegram without a time: its line has no timestamp, so the clock of the database \
             counts"
        ]
    );
    assert_eq!(
        write(FormatKind::Influx, &fields("0-0:96.10.3"), &push(body)),
        "smartmeter 0-0:96.10.3_text=\"a\"\n"
    );
}

/// Readings parsed from JSON print as those of the telegram itself.
#[test]
fn influx_of_a_telegram_and_of_its_json_are_one() {
    for (apdu, plain) in [(octets(PLAIN), false), (octets(PLAIN), true)] {
        let of = |kind| write_all(kind, &usual(), core::slice::from_ref(&apdu), plain).0;
        let readings = Readings::parse(of(FormatKind::Json).as_bytes()).unwrap();
        let precision = influx::points::Precision::Nanoseconds;
        let mut points =
            influx::points::Points::new("smartmeter", &[], "meter", Units::default(), precision);
        let names: Vec<_> = readings.values().map(|it| it.key.text(&Units::default())).collect();
        let fields = readings.values().zip(&names);
        let fields = fields.map(|(it, name)| (it.key, name.as_str(), &it.value));
        let seconds = influx::timestamp::seconds(&readings, [Meta::Time, Meta::Received]);
        let mut text = vec![];
        assert!(points.write(readings.meta(Meta::Meter), fields, seconds, &mut text));
        assert_eq!(String::from_utf8(text).unwrap(), of(FormatKind::Influx));
    }
}

#[test]
fn xml_of_every_type() {
    for (body, lines) in [
        ("00", "<None />"),
        ("0300", "<Boolean Value=\"False\" />"),
        ("0301", "<Boolean Value=\"True\" />"),
        ("040aaa80", "<BitString Value=\"1010101010\" />"),
        ("0400", "<BitString Value=\"\" />"),
        ("0502030405", "<Int32 Value=\"02030405\" />"),
        ("0d42", "<BCD Value=\"42\" />"),
        ("0f80", "<Int8 Value=\"80\" />"),
        ("10fc18", "<Int16 Value=\"FC18\" />"),
        ("1101", "<UInt8 Value=\"01\" />"),
        ("1400000000000000ff", "<Int64 Value=\"00000000000000FF\" />"),
        ("15ffffffffffffffff", "<UInt64 Value=\"FFFFFFFFFFFFFFFF\" />"),
        ("1601", "<Enum Value=\"01\" />"),
        ("173dcccccd", "<Float32 Value=\"3DCCCCCD\" />"),
        ("18406d366666666666", "<Float64 Value=\"406D366666666666\" />"),
        ("1907e5091b01092f0f00ff8880", "<DateTime Value=\"07E5091B01092F0F00FF8880\" />"),
        ("1b092f0f00", "<Time Value=\"092F0F00\" />"),
        ("0a03414243", "<String Value=\"ABC\" />"),
        ("0a03414200", "<String Value=\"AB\" />"),
        ("0a02271b", "<String Value=\"27 1B\" />"),
        ("0c024142", "<StringUTF8 Value=\"AB\" />"),
        ("0c02c3a4", "<StringUTF8 Value=\"C3 A4\" />"),
        ("0c00", "<StringUTF8 Value=\"\" />"),
        ("0900", "<OctetString Value=\"\" />"),
        ("0200", "<Structure Qty=\"00\" >\n      </Structure>"),
        (
            "01021101ff",
            "<Array Qty=\"02\" >\n        <UInt8 Value=\"01\" />\n        <DontCare />\n      </Array>",
        ),
        // From here on Gurux stops, or prints what no XML reader takes.
        ("1a07e5091b01", "<Date Value=\"07E5091B01\" />"),
        ("1d0102", "<DeltaInt16 Value=\"0102\" />"),
        ("0a043c263e22", "<String Value=\"&lt;&amp;&gt;&quot;\" />"),
        ("0a027f41", "<String Value=\"7F 41\" />"),
        (
            "130202 12 010002 04 0100",
            concat!(
                "<CompactArray>\n",
                "        <ContentsDescription>\n",
                "          <Structure Qty=\"02\" >\n",
                "            <UInt16/>\n",
                "            <Array Qty=\"02\" >\n",
                "              <BitString/>\n",
                "            </Array>\n",
                "          </Structure>\n",
                "        </ContentsDescription>\n",
                "        <ArrayContents>00</ArrayContents>\n",
                "      </CompactArray>"
            ),
        ),
    ] {
        let expected = format!(
            concat!(
                "<DataNotification>\n",
                "  <LongInvokeIdAndPriority Value=\"00000001\" />\n",
                "  <DateTime Value=\"\" />\n",
                "  <NotificationBody>\n",
                "    <DataValue>\n",
                "      {}\n",
                "    </DataValue>\n",
                "  </NotificationBody>\n",
                "</DataNotification>\n",
            ),
            lines
        );
        assert_eq!(write(FormatKind::Xml, &usual(), &push(body)), expected);
        assert_well_formed(&expected);
    }
}

#[test]
fn comments_tell_codes_times_and_texts() {
    let options = FormatOptions { comments: Some(CommentStyle::Plain), ..usual() };
    let text = published(FormatKind::Xml, &options);
    let start = concat!(
        "<DataNotification>\n",
        "  <LongInvokeIdAndPriority Value=\"8006870E\" />\n",
        "  <!--2021-09-27T09:47:15+02:00-->\n",
        "  <DateTime Value=\"07E5091B01092F0F00FF8880\" />\n",
        "  <NotificationBody>\n",
        "    <DataValue>\n",
        "      <Structure Qty=\"23\" >\n",
        "        <!--2021-09-27T09:47:15+02:00-->\n",
        "        <OctetString Value=\"07E5091B01092F0F00FF8880\" />\n",
        "        <!--1.0.1.8.0.255-->\n",
        "        <OctetString Value=\"0100010800FF\" />\n",
        "        <UInt32 Value=\"00003289\" />\n",
    );
    assert!(text.starts_with(start), "{text}");
    let end = concat!(
        "        <!--181220000009-->\n",
        "        <OctetString Value=\"313831323230303030303039\" />\n",
        "      </Structure>\n",
        "    </DataValue>\n",
        "  </NotificationBody>\n",
        "</DataNotification>\n",
    );
    assert!(text.ends_with(end), "{text}");
    let uncommented: String =
        text.split_inclusive('\n').filter(|line| !line.contains("<!--")).collect();
    assert_eq!(uncommented, published(FormatKind::Xml, &usual()));
    for hyphens in ["-", "--", "---->", "a--b-", "-->"] {
        let body = format!("09{:02x}{}", hyphens.len(), hex::encode(hyphens));
        assert_well_formed(&write(FormatKind::Xml, &options, &push(&body)));
    }
}

/// Each format stays well-formed for any content of a telegram.
#[test]
fn hostile_strings_harm_no_format() {
    let hostile: &[&[u8]] = &[
        b"a/+/#{{x}}\x1b[2J",
        b"=cmd()",
        b"+1",
        b"-1+1",
        b"@SUM(A1)",
        b" =1",
        b"\t=1",
        b"\r=1",
        b"x y,z=1\nfoo",
        b"x y,z=1;v",
        b"\"quoted\", 'so'",
        b"\\u0000\\",
        b"<a href=\"x\">&amp;--></a>]]>",
        b"\xff\xfe\x00",
        b"\xc2\x9b2J\x7f",
        "\u{202e}gnp\u{2066}\u{feff}ä".as_bytes(),
        "\u{ff1d}1".as_bytes(),
        b"\0",
        b"",
        b"--",
    ];
    for text in hostile {
        for kind in ["09", "0a", "0c"] {
            let string = format!("{kind}{:02x}{}", text.len(), hex::encode(text));
            let body = format!(
                "0205 0202 0906 0000600100ff {string} 0202 0906 00002a0000ff {string}
                 0202 0906 0000600a03ff {string} {string}
                 0202 0906 0000600a05ff 13 {kind} {:02x} {:02x} {}",
                text.len() + 1,
                text.len(),
                hex::encode(text)
            );
            check_all(&push(&body));
        }
    }
}

fn check_all(apdu: &[u8]) {
    let json = write(FormatKind::Json, &FormatOptions { objects: true, ..usual() }, apdu);
    assert_eq!(json.lines().count(), 1);
    assert!(!json.contains("null,") && !json.contains(":null}"), "{json}");
    assert!(member(&json, "0-0:96.10.3").is_some(), "{json}");

    let selection = "meter,0-0:96.10.3,item_4,0-0:96.10.5,device";
    for locale in [Locale::Standard, Locale::Austria] {
        let csv = write(FormatKind::Csv, &FormatOptions { locale, ..fields(selection) }, apdu);
        let delimiter = if locale == Locale::Standard { b',' } else { b';' };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(csv.as_bytes());
        let rows: Vec<_> =
            reader.records().map(|row| row.unwrap_or_else(|e| panic!("{e}: {csv:?}"))).collect();
        assert_eq!(rows.len(), 1, "{csv}");
        for cell in &rows[0] {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}']), "{csv}");
            assert!(!cell.contains(char::is_control), "{csv}");
        }
        let value = member(&json, "0-0:96.10.3").unwrap();
        let value: String = serde_json::from_str(&value).unwrap();
        assert_eq!(
            rows[0][1].strip_prefix('\'').unwrap_or(&rows[0][1]),
            value.strip_prefix('\'').unwrap_or(&value)
        );
    }

    for comments in [None, Some(CommentStyle::Plain), Some(CommentStyle::Gurux)] {
        let xml = write(FormatKind::Xml, &FormatOptions { comments, ..usual() }, apdu);
        assert!(xml.bytes().all(|octet| octet == b'\n' || octet >= b' '), "{xml}");
        assert_well_formed(&xml);
    }

    let influx = write(FormatKind::Influx, &fields(selection), apdu);
    assert!(influx.lines().count() <= 1, "{influx}");
    for line in influxdb_line_protocol::parse_lines(&influx) {
        let line = line.unwrap_or_else(|error| panic!("{error}: {influx}"));
        assert_eq!(line.series.measurement, "smartmeter");
    }

    let lines = write(FormatKind::Lines, &usual(), apdu);
    let table = write(FormatKind::Table, &usual(), apdu);
    for line in lines.lines() {
        assert_eq!(line.split('\t').count(), 6, "{line}");
        assert!(line.split('\t').all(|column| !column.is_empty()), "{line}");
    }
    for text in [lines.replace('\t', ""), table] {
        let hidden = |sign: char| {
            sign != '\n' && (sign.is_control() || "\u{202e}\u{2066}\u{feff}".contains(sign))
        };
        assert!(!text.contains(hidden), "{text:?}");
    }
}

fn assert_well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_comments = true;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(quick_xml::events::Event::Empty(element)) => {
                for attribute in element.attributes() {
                    attribute.unwrap();
                }
            }
            Ok(_) => {}
            Err(error) => panic!("{error}: {xml}"),
        }
    }
}

#[test]
fn the_live_view_gets_its_rows() {
    let apdu = octets(PLAIN);
    let telegram = Telegram::parse(&apdu).unwrap();
    let attributes = Attributes::default();
    let entry =
        OutputTelegram { telegram: &telegram, zone: &VIENNA, received: Time::UNKNOWN, attributes };
    assert_eq!(Table::title(&entry), "2021-09-27T09:47:15+02:00  meter 181220000009");
    let rows = Table::new(None, Units::default()).rows(&entry);
    let row = &rows[5];
    assert_eq!(
        (&*row.label, &*row.value, row.number, &*row.unit),
        ("voltage_l1_v", "233.7", true, "V")
    );
}

/// A plain telegram of that meter, in hex.
fn of_meter(number: usize) -> String {
    let digits = hex::encode(format!("{number:08}"));
    format!("0f8000000100 0204 09060000600100ff 0908{digits} 09060100010800ff 0600000007\n")
}

#[test]
fn a_page_without_room_for_all_meters_is_not_complete() {
    for (format, meters, told) in [
        ("prometheus", 3, None),
        ("prometheus", 65_537, Some("too many meters for one page")),
        ("solarview", 1, None),
        ("solarview", 2, Some("a page has room for one meter")),
    ] {
        let input: String = (0..meters).map(of_meter).collect();
        let ran = run(&["decode", "--format", format], input.as_bytes());
        let expected = if told.is_some() { 6 } else { 0 };
        assert_eq!(ran.status, expected, "{format}: {}", ran.err);
        assert!(ran.err.contains(told.unwrap_or_default()), "{format}: {}", ran.err);
    }
}

/// A meter without a number has its system title in the column of the meter, through all stages: two on one line stay
/// apart.
#[test]
fn meters_without_a_number_stay_apart() {
    let titles = ["4c475a6773062b17", "4c475a67730777fe"];
    let records = |seed: &str| {
        let time = "--start=2026-06-21T11:59:00+02:00";
        let args = ["simulate", "--meter=wiener-netze", seed, time, "--count=2000"];
        run(&args, b"").out
    };
    let both = format!("{}{}", records("--seed=0"), records("--seed=1"));
    let key = format!("--key={}", crate::common::published::KEY);
    let decoded = |format: &str| {
        let ran = run(&["decode", &key, "--quiet", &format!("--format={format}")], both.as_bytes());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out
    };
    // Each column has as many rows of one as of the other, and no others.
    let count = |text: &str, sign: char, place: usize, rows: usize| {
        let cells = text.lines().map(|line| line.split(sign).nth(place).unwrap());
        for title in titles {
            assert_eq!(cells.clone().filter(|cell| *cell == title).count(), rows, "{text:.300}");
        }
    };
    count(&decoded("csv"), ',', 1, 2000);
    let lines = decoded("lines");
    count(&lines, '\t', 1, lines.lines().count() / 2);
    let json = decoded("json");
    let quarters = |options: &[&str]| {
        let ran = run(&[&["quarters"], options].concat(), json.as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{options:?}");
        ran.out
    };
    // 11:59 to 12:32:19 are four intervals.
    count(&quarters(&["--format=csv"]), ',', 2, 4);
    let rows = quarters(&["--format=lines"]);
    count(&rows, '\t', 1, rows.lines().count() / 2);
    assert!(!rows.contains("\tsystem_title\t"), "{rows}");
    for format in ["json", "table", "influx", "prometheus"] {
        let rows = quarters(&[&format!("--format={format}")]);
        assert!(titles.iter().all(|title| rows.contains(title)), "{rows}");
    }
    // A number in the first row leaves the name of the others.
    let mixed = format!(
        "{}{json}",
        "{\"time\":\"2026-06-21T11:59:00+02:00\",\"meter\":\"7\",\"energy_import_wh\":1}\n\
         {\"time\":\"2026-06-21T12:01:00+02:00\",\"meter\":\"7\",\"energy_import_wh\":2}\n"
    );
    let table = run(&["quarters", "--format=table"], mixed.as_bytes()).out;
    assert!(titles.iter().all(|title| table.matches(title).count() == 4), "{table}");
    // Neither a picture nor a comparison adds them up.
    let ran = run(&["plot"], json.as_bytes());
    assert!(ran.status == 2 && titles.iter().all(|title| ran.err.contains(title)), "{}", ran.err);
    let folder = TempDir::new().unwrap();
    let portal = folder.path().join("portal.csv");
    fs::write(&portal, "Von;Bis;Verbrauch (kWh)\n21.06.2026 12:00;21.06.2026 12:15;0,1\n").unwrap();
    let ran = run(&["quarters", "--compare", portal.to_str().unwrap()], json.as_bytes());
    assert!(ran.status == 2 && titles.iter().all(|title| ran.err.contains(title)), "{}", ran.err);
    // Sinks for files have the column too.
    let file = format!("--to=file:{}?format=csv", folder.path().join("all.csv").display());
    let ran = run(&["publish", &file], json.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let csv = fs::read_to_string(folder.path().join("all.csv")).unwrap();
    count(&csv, ',', 1, 2000);
}
