//! The archive of the README, counted by DuckDB.

use crate::common::tools;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{bench::Bench, read, text};

/// Adds a record that breaks off to the first day, so that one telegram of many is rejected.
const TEAR: &str = "cd archive && gunzip 2026-06-20.rec.gz && \
    tail -n 1 2026-06-20.rec | cut -c 1-200 >> 2026-06-20.rec && gzip 2026-06-20.rec";

/// The commands of the section, in their order.
fn commands() -> Vec<String> {
    let commands = text::blocks(text::section(&read("README.md"), "Archives"), "console");
    commands.iter().flat_map(text::Block::commands).map(|(_, command, _)| command).collect()
}

/// The answers of a bench to all commands that `choose` likes.
fn typed(bench: &Bench, choose: impl Fn(&str) -> bool) -> Vec<String> {
    let chosen = commands().into_iter().filter(|command| choose(command));
    let answers = chosen.map(|command| {
        let ran = bench.run(&command);
        ran.succeeded();
        ran.text
    });
    answers.collect()
}

/// Up to the decoding on all cores, and that command.
fn archived() -> (Bench, String) {
    let bench = Bench::empty();
    let commands = commands();
    let decoding = commands.iter().position(|command| command.contains("xargs")).unwrap();
    commands[..decoding].iter().for_each(|command| bench.run(command).succeeded());
    (bench, commands[decoding].clone())
}

/// Thousandths, as exact as the text.
fn thousandths(number: &str) -> i64 {
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    assert!(fraction.len() <= 3, "{number}");
    format!("{whole}{fraction:0<3}").parse().unwrap()
}

/// The values of a field of all readings, by meter.
fn values(bench: &Bench, field: &str) -> BTreeMap<String, Vec<i64>> {
    let mut values = BTreeMap::<_, Vec<_>>::new();
    for line in bench.file("readings.jsonl").lines() {
        let reading: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
        let meter = reading["meter"].get().trim_matches('"').to_owned();
        values.entry(meter).or_default().push(thousandths(reading[field].get()));
    }
    values
}

#[test]
fn duckdb_counts_what_the_registers_have_grown_by() {
    tools::need("duckdb", |_| {
        let bench = Bench::empty();
        let answers = typed(&bench, |_| true);
        let days = answers.iter().find_map(|text| text.strip_prefix("meter,day,wh\n")).unwrap();
        let mut grown = BTreeMap::new();
        for row in days.lines() {
            let columns: Vec<_> = row.split(',').collect();
            *grown.entry(columns[0].to_owned()).or_default() += thousandths(columns[2]);
        }
        let registers = values(&bench, "energy_import_wh");
        let between = |of: &Vec<i64>| of.iter().max().unwrap() - of.iter().min().unwrap();
        let expected: BTreeMap<_, i64> =
            registers.iter().map(|(meter, values)| (meter.clone(), between(values))).collect();
        assert_eq!(grown, expected);
        assert!(grown.len() == 2 && grown.values().all(|wh| *wh > 0), "{grown:?}");
    });
}

#[test]
fn duckdb_has_every_voltage_exactly() {
    tools::need("duckdb", |_| {
        let bench = Bench::empty();
        typed(&bench, |_| true);
        let query = "SELECT meter, count(*), sum(voltage_l1_v) FROM readings GROUP BY 1 ORDER BY 1";
        let ran = bench.run(&format!("duckdb -csv -noheader readings.db '{query}'"));
        ran.succeeded();
        let expected: Vec<_> = values(&bench, "voltage_l1_v").into_iter().collect();
        let mut found = 0;
        for (row, (meter, voltages)) in ran.text.lines().zip(&expected) {
            let columns: Vec<_> = row.split(',').collect();
            assert_eq!(columns[..2], [meter.clone(), voltages.len().to_string()]);
            assert_eq!(thousandths(columns[2]), voltages.iter().sum::<i64>());
            found += voltages.len();
        }
        assert_eq!(found, 2 * 2880);
    });
}

#[test]
fn a_damaged_day_stays_apart_and_xargs_says_so() {
    let (bench, decode) = archived();
    bench.run(TEAR).succeeded();
    let ran = bench.run(&decode);
    assert_eq!(ran.status.code(), Some(123), "{}", ran.text);
    assert!(ran.text.contains("1 rejected"), "{}", ran.text);
    assert_eq!(bench.file("archive/2026-06-20.csv"), "");
    assert_eq!(bench.file("archive/2026-06-20.rec.gz.part").lines().count(), 1 + 2 * 2160);
    assert_eq!(bench.file("archive/2026-06-21.csv").lines().count(), 1 + 2 * 720);
}

#[test]
fn a_compressed_file_that_breaks_off_stays_apart() {
    let (bench, decode) = archived();
    let cut = "cd archive && head -c 100000 2026-06-20.rec.gz > cut && mv cut 2026-06-20.rec.gz";
    bench.run(cut).succeeded();
    assert_eq!(bench.run(&decode).status.code(), Some(123));
    assert_eq!(bench.file("archive/2026-06-20.csv"), "");
    assert_eq!(bench.file("archive/2026-06-21.csv").lines().count(), 1 + 2 * 720);
}

#[test]
fn the_loop_of_the_readme_keeps_whole_telegrams_of_a_live_meter() {
    let bench = Bench::empty();
    bench.run("mkdir archive").succeeded();
    let sorting = commands().into_iter().find(|command| command.contains("while read")).unwrap();
    // Two telegrams of two frames.
    let live = sorting.replace("capture both.records", "capture sim: --count 4");
    assert_ne!(live, sorting);
    bench.run(&live).succeeded();
    let kept = bench.run("cat archive/????-??-??.rec").text;
    let kinds: Vec<_> = kept.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(kinds, ["apdu", "apdu"]);
}
