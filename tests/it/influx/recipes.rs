//! The queries of contrib/influxdb, over the end of summer time.

use std::{collections::BTreeMap, fs, process::Command};

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::real::Program;
use crate::common::{
    sinks::{LIMIT, start},
    tools::need,
};

/// The energy that the house draws in a quarter of an hour.
const QUARTER: i64 = 137;

/// Midnight in Vienna, before the day of 25 hours: 2026-10-24, 25, 26, 27.
const MIDNIGHTS: [&str; 4] = [
    "2026-10-23T22:00:00Z",
    "2026-10-24T22:00:00Z",
    "2026-10-25T23:00:00Z",
    "2026-10-26T23:00:00Z",
];

fn recipe(name: &str) -> String {
    let path = format!("{}/contrib/influxdb/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

/// A reading a quarter of an hour, from the first midnight to the last; none stands on a midnight.
fn publish(uri: &str) {
    let [first, .., last] = MIDNIGHTS.map(|time| time.parse::<Timestamp>().unwrap());
    let sink = start(uri, 1000);
    let mut time = first + 1.minute();
    for count in 0.. {
        if time > last {
            break;
        }
        sink.put(&format!(
            "{{\"time\":\"{time}\",\"meter\":\"1\",\"energy_import_wh\":{},\"energy_export_wh\":{},\
             \"power_net_w\":{},\"voltage_l1_v\":230.1,\"voltage_l2_v\":231.2,\"voltage_l3_v\":229.9}}",
            QUARTER * count,
            2 * QUARTER * count,
            -4 * QUARTER
        ));
        time += 15.minutes();
    }
    assert_eq!(sink.end(LIMIT), (vec![], 0));
}

#[test]
fn the_dashboard_and_the_page_ask_influxdb_for_the_days_of_vienna() {
    need("influxd", |command| {
        let server = Program::influx(command);
        let port = server.port;
        publish(&format!("influxdb://anna:c4nary%3A7@127.0.0.1:{port}/?db=house"));
        let days = |rows: &Value| -> BTreeMap<String, i64> {
            let rows = rows["values"].as_array().unwrap().iter();
            let rows = rows.map(|row| (row[0].as_i64().unwrap(), row[1].as_i64().unwrap()));
            rows.map(|(time, energy)| (Timestamp::from_second(time).unwrap().to_string(), energy))
                .collect()
        };
        let expected = |factor: i64| -> BTreeMap<String, i64> {
            let days = [(MIDNIGHTS[1], 100), (MIDNIGHTS[2], 96)];
            days.map(|(day, quarters)| (day.to_owned(), factor * QUARTER * quarters)).into()
        };

        let dashboard: Value = serde_json::from_str(&recipe("dashboard.json")).unwrap();
        let filter = format!("time >= '{}' AND time < '{}'", MIDNIGHTS[0], MIDNIGHTS[3]);
        let mut asked = 0;
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let query = target["query"].as_str().unwrap();
                let query = query.replace("$timeFilter", &filter).replace("$__interval", "1h");
                let rows = server.query("anna", &query.replace("$meter", "(1|2)"));
                assert_eq!(rows["tags"]["meter"], "1", "{query}: {rows}");
                match panel["title"].as_str().unwrap() {
                    "Energy per day" if query.contains("import") => {
                        assert_eq!(days(&rows), expected(1));
                    }
                    "Energy per day" => assert_eq!(days(&rows), expected(-2)),
                    _ => assert_eq!(rows["values"].as_array().unwrap().len(), 73, "{query}"),
                }
                asked += 1;
            }
        }
        assert_eq!(asked, 9);
        let meters = dashboard["templating"]["list"][1]["query"].as_str().unwrap();
        assert_eq!(server.query("anna", meters)["values"][0][1], "1");

        let page = recipe("README.md");
        let query = page.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(days(&server.query("anna", query)), expected(1));
    });
}

#[test]
fn the_page_asks_victoria_metrics_for_the_register_at_two_midnights() {
    need("curl", |_| {
        need("victoria-metrics", |command| {
            let server = Program::victoria(command, &[]);
            publish(&format!("influxdb://127.0.0.1:{}/?bucket=house", server.port));
            server.ask("GET", "/internal/force_flush", "");
            let page = recipe("README.md");
            let script = page.split("```sh\nregister").nth(1).unwrap().split("```").next().unwrap();
            let script = format!("register{script}").replace("8428", &server.port.to_string());
            let shell = Command::new("sh").args(["-c", &script]).output().unwrap();
            let energy = String::from_utf8(shell.stdout).unwrap();
            let error = String::from_utf8(shell.stderr).unwrap();
            assert_eq!(energy, format!("{} Wh\n", 100 * QUARTER), "{error}");
        })
    });
}
