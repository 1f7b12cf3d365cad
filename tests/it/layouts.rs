//! Tables of layouts: a meter of the user's own, lists that no table knows, and several lists of a meter.

use std::fs;

use crate::common::{
    binary::{Ran, command, run_command},
    chain::beside,
};
use serde_json::Value;
use tempfile::TempDir;

/// A folder for the files of a run.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.path().join(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, args: &[&str], input: &str) -> Ran {
        let mut command = command(args);
        command.env("XDG_STATE_HOME", self.0.path());
        run_command(command, input.as_bytes())
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The meter of the README: a number, an energy in tens of watt-hours, a voltage in tenths of volts.
const TABLE: &str = r#"source = "the manual of the meter, page 12"

[[list]]
name = "heat pump"
elements = [
    { type = "octet-string", length = 4, obis = "0-0:96.1.0" },
    { type = "double-long-unsigned", name = "energy_import_wh", scaler = 1 },
    { type = "long-unsigned", obis = "1-0:32.7.0", unit = "V", scaler = -1 },
]
"#;

const TELEGRAM: &str = "0f00000001 00 0203 0904 30303037 0600000539 120921\n";

/// A list with codes alone, of a meter that its name betrays.
const CODED_TABLE: &str = r#"source = "the label"

[[list]]
name = "meter of the workshop"
marks = [{ obis = "0-0:42.0.0", begins = "XYZ" }]
values = [
    { name = "energy_import_wh", scaler = 2 },
    { obis = "1-0:31.7.0", unit = "A", scaler = -3 },
]
"#;

const CODED: &str = "0f00000001 00 0206 0906 00002a0000ff 0904 58595a37 \
                     0906 0100010800ff 0600000539 0906 01001f0700ff 1205dc\n";

#[test]
fn a_table_in_toml_names_the_values_of_a_meter() {
    let folder = Folder::new();
    let table = folder.write("mine.toml", TABLE);
    let ran = folder.run(&["decode", "--format", "json", "--layout", &table], TELEGRAM);
    assert_eq!((ran.status, &*ran.err), (0, ""));
    let line = &lines(&ran)[0];
    assert_eq!((&line["meter"], &line["energy_import_wh"]), (&"0007".into(), &13370.into()));
    assert_eq!(line["voltage_l1_v"].to_string(), "233.7");
    let table = folder.write("coded.toml", CODED_TABLE);
    let ran = folder.run(&["decode", "--format", "json", "--objects", "--layout", &table], CODED);
    assert_eq!((ran.status, &*ran.err), (0, ""));
    let line = &lines(&ran)[0];
    assert_eq!(line["energy_import_wh"], 133_700);
    assert_eq!(line["objects"][2]["assumed"], true);
    assert!(ran.out.contains("\"current_l1_a\":1.500,"), "{}", ran.out);
}

#[test]
fn a_table_that_fits_no_list_is_said_once() {
    let folder = Folder::new();
    let (table, coded) =
        (folder.write("mine.toml", TABLE), folder.write("coded.toml", CODED_TABLE));
    let words = "no table of --layout, or of layout in the configuration, fits a list that came: meterpipe explain \
                 --layout TABLE FILE shows the list";
    let many = TELEGRAM.repeat(1 + 600 * 1024 / TELEGRAM.len());
    for (input, tables, times) in [
        (TELEGRAM, &[&coded][..], 1),
        (CODED, &[&table], 1),
        (TELEGRAM, &[&coded, &table], 0),
        (&format!("{CODED}{TELEGRAM}"), &[&table], 0),
        (&many, &[&coded], 1),
        (&many, &[&table], 0),
        ("", &[&coded], 0),
    ] {
        let dump = folder.write("dump.hex", input);
        for stage in [&["decode", "--jobs=2"][..], &["watch", "--format=json"]] {
            let layouts = tables.iter().flat_map(|table| ["--layout", table]).collect::<Vec<_>>();
            let ran = folder.run(&[stage, &layouts, &[&dump]].concat(), "");
            assert_eq!(ran.err.matches(words).count(), times, "{stage:?}: {}", ran.err);
        }
    }
    // A live run says so while it goes on.
    let config = format!("[[meter]]\nsource = \"sim:\"\nlayout = \"{table}\"\n");
    let config = folder.write("config.toml", &config);
    let ran = folder.run(&["watch", "--format=json", "--config", &config, "--count=1"], "");
    assert_eq!((ran.status, ran.err.matches(words).count()), (0, 1), "{}", ran.err);
}

/// The blocks of TOML in the README's section about it.
fn readme() -> Vec<String> {
    let text = include_str!("../../README.md").split("## A meter of your own").nth(1).unwrap();
    let text = text.split("\n## ").next().unwrap();
    let blocks = text.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_table_of_the_readme_works_for_both_of_its_meters() {
    let folder = Folder::new();
    let [table, config] = &readme()[..] else { panic!() };
    let table = folder.write("mine.toml", table);
    let dump = folder.write("dump.hex", &format!("{TELEGRAM}{CODED}"));
    let config = config.replace("/dev/ttyUSB0", &dump).replace("/etc/meterpipe/mine.toml", &table);
    let config = folder.write("config.toml", &config);
    let decode = ["decode", "--format", "json", "--layout", &table, &dump];
    let watch = ["watch", "--format", "json", "--config", &config];
    for ran in [folder.run(&decode, ""), folder.run(&watch, "")] {
        assert_eq!((ran.status, &*ran.err), (0, ""));
        let energies =
            lines(&ran).iter().map(|line| line["energy_import_wh"].clone()).collect::<Vec<_>>();
        assert_eq!(energies, [13_370, 133_700]);
    }
}

#[test]
fn the_configuration_names_the_table_of_a_meter() {
    let folder = Folder::new();
    let (table, dump) = (folder.write("mine.toml", TABLE), folder.write("dump.hex", TELEGRAM));
    let text = format!("[[meter]]\nsource = \"{dump}\"\nlayout = \"{table}\"\n");
    let config = folder.write("config.toml", &text);
    let ran = folder.run(&["watch", "--format", "json", "--config", &config], "");
    assert_eq!((ran.status, lines(&ran).len()), (0, 1), "{}", ran.err);
    assert_eq!(lines(&ran)[0]["energy_import_wh"], 13370);
    let shown = folder.run(&["config", "show", "--config", &config], "");
    assert!(shown.out.contains(&format!("layout = \"{table}\"")), "{}", shown.out);
    // A mistake stands at its line of the table, and at the line that names the table.
    fs::write(&table, TABLE.replace("scaler = 1", "scalar = 1")).unwrap();
    for args in
        [["watch", "--config", &*config].as_slice(), &["config", "check", "--config", &config]]
    {
        let ran = folder.run(args, "");
        let wanted = format!(
            "{config}: line 3: layout: {table}: line 7: nothing is called scalar: did you mean scaler?"
        );
        assert!(ran.status == 2 && ran.err.contains(&wanted), "{}", ran.err);
    }
    fs::remove_file(&table).unwrap();
    let ran = folder.run(&["config", "check", "--config", &config], "");
    assert!(ran.status == 2 && ran.err.contains("line 3: layout: "), "{}", ran.err);
}

#[test]
fn a_list_that_no_table_knows_is_said_once_and_passed_on() {
    let folder = Folder::new();
    let other = TELEGRAM.replace("0600000539", "060000053a");
    let dump = folder.write("dump.hex", &format!("{TELEGRAM}{other}{TELEGRAM}"));
    let text = "2 values have neither scaler nor unit, and no table gives them: they are passed on as \
                sent; meterpipe explain FILE shows them, and a table for ";
    let decoded = folder.run(&["decode", "--format", "json", &dump], "");
    assert_eq!((decoded.status, lines(&decoded).len()), (0, 3));
    assert_eq!(lines(&decoded)[0]["item_2"], 1337);
    let watched = folder.run(&["watch", "--format", "json", &dump], "");
    let json = folder.path("out.json");
    let to = format!("file:{json}");
    let published = folder.run(&["publish", "--to", &to], &decoded.out);
    for (ran, option) in
        [(&decoded, "--layout"), (&watched, "--layout"), (&published, "decode --layout")]
    {
        let wanted = format!("{text}{option} names them");
        assert_eq!(ran.err.matches(&wanted).count(), 1, "{}", ran.err);
    }
    // Codes are no help without scalers and units.
    let coded = folder.run(&["decode", "--format", "json"], &CODED.repeat(3));
    assert_eq!(coded.err.matches(text).count(), 1, "{}", coded.err);
    let published = folder.run(&["publish", "--to", &to], &coded.out);
    assert_eq!(published.err.matches("one value has neither").count(), 1, "{}", published.err);
}

/// An E450 that sends two lists in turns, each ten seconds: plain APDUs in hex, as a reader prints them.
mod lists {
    pub const METER: &str = "LGZ1030655000001";

    fn clock(second: u32) -> Vec<u8> {
        let (hour, minute) = (12 + second / 3600, second / 60 % 60);
        let time = [hour as u8, minute as u8, (second % 60) as u8];
        [&[0x07, 0xea, 11, 20, 5], &time[..], &[0xff, 0xff, 0xc4, 0]].concat()
    }

    /// A list of registers: C, D and the value, with definitions in front.
    fn list(second: u32, registers: &[(u8, u8, u32)]) -> String {
        let mut codes = vec![(40, [0, 8, 25, 9, 0, 255]), (1, [0, 0, 42, 0, 0, 255])];
        codes.push((1, [0, 0, 96, 1, 1, 255]));
        codes.extend(registers.iter().map(|(c, d, _)| (3, [1, 0, *c, *d, 0, 255])));
        let count = codes.len() as u8;
        let mut apdu = vec![0x0f, 0, 0, 0, 1, 0x0c];
        apdu.extend(clock(second));
        apdu.extend([2, count, 1, count]);
        for (class, code) in codes {
            apdu.extend([2, 4, 0x12, 0, class, 9, 6]);
            apdu.extend(code);
            apdu.extend([0x0f, 2, 0x12, 0, 0]);
        }
        apdu.extend([9, METER.len() as u8]);
        apdu.extend(METER.bytes());
        apdu.extend([9, 7]);
        apdu.extend(b"1935912");
        for (_, _, value) in registers {
            apdu.push(6);
            apdu.extend(value.to_be_bytes());
        }
        format!("{}\n", hex::encode(apdu))
    }

    pub fn fast(second: u32) -> String {
        let energy = 100_000 + second / 7;
        let registers = [(1, 7, 500), (2, 7, 0), (1, 8, energy), (2, 8, 7), (31, 7, 111)];
        list(second, &registers)
    }

    pub fn slow(second: u32) -> String {
        let energy = 100_000 + second / 7;
        let registers = [(1, 8, energy), (2, 8, 7), (3, 8, 30), (4, 8, 40)];
        list(second, &registers)
    }
}

/// Both lists in turns.
fn alternating(telegrams: u32) -> String {
    let telegram = |at: u32| {
        if at.is_multiple_of(2) { lists::fast(5 * at) } else { lists::slow(5 * at) }
    };
    (0..telegrams).map(telegram).collect()
}

#[test]
fn the_columns_of_a_table_are_the_union_of_all_lists() {
    let folder = Folder::new();
    let dump = folder.write("dump.hex", &alternating(20));
    let ran = folder.run(&["decode", "--format", "csv", &dump], "");
    let rows: Vec<Vec<_>> = ran.out.lines().map(|row| row.split(',').collect()).collect();
    assert!(ran.status == 0 && rows.len() == 21, "{}", ran.err);
    let column = |name: &str| rows[0].iter().position(|it| *it == name).unwrap();
    for (at, row) in rows[1..].iter().enumerate() {
        assert_eq!(row.len(), rows[0].len());
        assert_eq!(row[column("energy_import_wh")], (100_000 + 5 * at / 7).to_string());
        let (current, reactive) =
            (row[column("current_l1_a")], row[column("reactive_energy_import_varh")]);
        assert_eq!((current, reactive), if at % 2 == 0 { ("1.11", "") } else { ("", "30") });
    }
}

#[test]
fn the_state_of_a_meter_is_the_union_of_its_lists() {
    let folder = Folder::new();
    let dump = folder.write("dump.hex", &alternating(40));
    let to = ["--to", "mqtt://h", "--to", "influxdb://h?bucket=b"];
    let ran = folder.run(&[&["watch", &dump, "--dry-run"][..], &to].concat(), "");
    let lines = |part: &str| ran.out.lines().filter(|line| line.contains(part)).collect::<Vec<_>>();
    let states = lines("/state\t");
    assert_eq!(states.len(), 38, "{}", ran.err);
    for state in &states[6..] {
        assert!(state.contains("\"current_l1_a\":1.11,"), "{state}");
        assert!(state.contains("\"reactive_energy_import_varh\":30,"), "{state}");
        assert!(!state.contains("null"), "{state}");
    }
    // Home Assistant hears of the second list once, and has the entities of both.
    let configs = lines("/config\t");
    assert_eq!(configs.len(), 2, "{configs:#?}");
    assert!(configs[1].contains("current_l1") && configs[1].contains("reactive_energy_import"));
    // A history has what came, no more.
    let points = lines("influxdb://h\t");
    assert!(
        points.len() == 38
            && !points.iter().any(|it| {
                it.contains("current_l1_a=") && it.contains("reactive_energy_import_varh=")
            })
    );
    let page = folder.run(&["decode", "--format", "prometheus", &dump], "");
    assert!(page.out.contains("current") && page.out.contains("reactive_energy"), "{}", page.out);
}

#[test]
fn the_guard_knows_each_list_of_a_meter() {
    let folder = Folder::new();
    let csv = folder.path("out.csv");
    let to = format!("file:{csv}");
    // A damaged code in one telegram late in the stream.
    let mut telegrams: Vec<_> = alternating(60).lines().map(str::to_owned).collect();
    telegrams[41] = telegrams[41].replacen("0100030800ff", "0100030900ff", 1);
    let dump = folder.write("dump.hex", &telegrams.join("\n"));
    let ran = folder.run(&["watch", &dump, "--to", &to], "");
    let text = fs::read_to_string(&csv).unwrap();
    // The first two of the second list wait for a third, which other telegrams have overtaken.
    assert_eq!(text.lines().count(), 1 + 60 - 2 - 1, "{}", ran.err);
    assert!(ran.err.contains("the guard left out 3 telegrams: layout 3"), "{}", ran.err);
}

#[test]
fn an_hourly_list_in_the_place_of_a_fast_one_passes_too() {
    let folder = Folder::new();
    let csv = folder.path("out.csv");
    let to = format!("file:{csv}");
    let hours = 7;
    let telegrams = (0..360 * hours).map(|at| match at % 360 {
        348 => lists::slow(10 * at),
        _ => lists::fast(10 * at),
    });
    let dump = folder.write("dump.hex", &telegrams.collect::<String>());
    let ran = folder.run(&["watch", &dump, "--to", &to], "");
    let text = fs::read_to_string(&csv).unwrap();
    let slow = text.lines().filter(|row| row.contains(",30,40,")).count();
    assert_eq!(slow, hours as usize - 2, "{}", ran.err);
    assert_eq!(text.lines().count(), 1 + 360 * hours as usize - 2, "{}", ran.err);
}

#[test]
fn the_corpus_has_a_meter_whose_values_no_table_knows() {
    let Some(corpus) = beside("corpus") else { return };
    let folder = Folder::new();
    let path = corpus.join("si-iskra/gh869-6.hex");
    let ran = folder.run(&["decode", "--format", "json", path.to_str().unwrap()], "");
    assert_eq!((ran.status, lines(&ran)[0]["item_4"].clone()), (0, 12_789_950.into()));
    assert!(ran.err.contains("8 values have neither scaler nor unit"), "{}", ran.err);
}

#[test]
fn a_plain_list_that_a_table_knows_is_not_called_unknown() {
    use crate::common::{binary::run, published::Folder};

    let folder = Folder::new();
    let hex = "0f000000010c07ea0615070c000500ff888002030904414231320600003039120901";
    let elements = "{ type = \"octet-string\" }, { type = \"double-long-unsigned\", obis = \"1-0:1.8.0\" }, \
                    { type = \"long-unsigned\" }";
    let table = format!("source = \"me\"\n[[list]]\nname = \"x\"\nelements = [ {elements} ]\n");
    let (dump, table) = (folder.write("dump.txt", hex), folder.write("mine.toml", table));
    let ran = run(&["decode", "--layout", &table, &dump], b"");
    assert!(ran.err.contains("neither scaler nor unit, and no table gives them"), "{}", ran.err);
    assert!(!ran.err.contains("knows"), "{}", ran.err);
    let ran = run(&["doctor", "--lang", "en", &dump], b"");
    assert!(ran.out.contains(": unknown-layout") && !ran.out.contains("key"), "{}", ran.out);
}
