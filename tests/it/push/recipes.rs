//! The recipes in contrib for the sinks that push.

use std::process::Command;

use crate::common::{binary::ran as ran_as, published::Folder, tools::need};

use super::{publish, readings};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn sqlite_has_every_reading_once() {
    need("sqlite3", |_| {
        let (folder, input) = (Folder::new(), readings("300"));
        let program = format!("{ROOT}/contrib/sqlite/meterpipe-sqlite");
        let to = format!("--to=exec:{program}?guard=false&args=it's.db");
        for _ in 0..2 {
            let ran = publish(&folder, &[&to], &input);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        }
        let odd = concat!(
            "{\"time\":\"2026-06-22T00:00:00+02:00\",\"meter\":\"a'b|&\\\\n\",",
            "\"voltage_l1_v\":233.70}\n"
        );
        let ran = publish(&folder, &[&to], odd);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        let query = |sql: &str| {
            let mut sqlite = Command::new("sqlite3");
            let output = sqlite.args([&folder.path("it's.db"), sql]).output().unwrap();
            ran_as(output).out
        };
        assert_eq!(query("SELECT json FROM readings ORDER BY time"), input.clone() + odd);
        let last: serde_json::Value = serde_json::from_str(input.lines().last().unwrap()).unwrap();
        let newest = "FROM readings ORDER BY time DESC LIMIT 1";
        assert_eq!(
            query(&format!("SELECT energy_import_wh, power_net_w {newest} OFFSET 1")),
            format!("{}|{}\n", last["energy_import_wh"], last["power_net_w"])
        );
        let meter = query(&format!("SELECT meter, time {newest}"));
        assert_eq!(meter, "a'b|&\\n|2026-06-21T22:00:00Z\n");
    });
}

/// A database that cannot be opened ends the script: nothing is said to be stored.
#[test]
fn a_database_that_fails_is_reported() {
    need("sqlite3", |_| {
        let folder = Folder::new();
        let program = format!("{ROOT}/contrib/sqlite/meterpipe-sqlite");
        let to = format!("--to=exec:{program}?args=no/such/folder.db");
        let ran = publish(&folder, &[&to], &readings("5"));
        assert_eq!(ran.status, 6, "{}", ran.err);
        assert!(ran.err.contains("the program says: Error: "), "{}", ran.err);
        assert!(ran.err.contains("5 readings not stored"), "{}", ran.err);
    });
}
