//! The page for a householder: what it quotes exists, and it promises no more than the other page.

use std::{collections::BTreeMap, fs, path::Path};

use super::{READMES, ROOT, read, text};
use crate::common::binary::run;

/// The text up to the first character that no path has.
fn path_at(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-@".contains(c);
    text.split(|c| !is_part(c)).next().unwrap().trim_end_matches(['.', '/'])
}

/// The paths in a page that begin so, without this beginning.
fn paths<'a>(page: &'a str, start: &str) -> Vec<&'a str> {
    page.split(start).skip(1).map(path_at).collect()
}

#[test]
fn recipes_that_the_readmes_name_exist() {
    for readme in READMES {
        let page = read(readme);
        let recipes = paths(&page, "contrib/");
        assert!(!recipes.is_empty());
        for recipe in recipes {
            let path = Path::new(ROOT).join("contrib").join(recipe);
            assert!(path.exists(), "{readme}: there is no contrib/{recipe}");
        }
    }
}

/// The German page speaks of the files that the service reads and that the package has.
#[test]
fn files_on_the_pi_are_those_of_the_package() {
    let (page, unit) = (read("README.de.md"), read("contrib/systemd/meterpipe.service"));
    let settings = paths(&page, "/etc/meterpipe/");
    assert!(["guek", "mqtt_password", "config.toml"].iter().all(|it| settings.contains(it)));
    for file in settings {
        assert!(unit.contains(&format!("/etc/meterpipe/{file}\n")), "the unit reads no {file}");
    }
    assert!(page.contains("/var/lib/meterpipe/") && unit.contains("StateDirectory=meterpipe\n"));
    let manifest = read("Cargo.toml");
    for document in paths(&page, "/usr/share/doc/meterpipe/") {
        let target = format!("\"usr/share/doc/meterpipe/{document}\"");
        assert!(manifest.contains(&target), "the package has no {document}");
    }
}

#[test]
fn references_to_sections_lead_somewhere() {
    let page = read("README.de.md");
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    // As public forges make an anchor of a heading.
    let anchor =
        |heading: &str| heading.to_lowercase().replace(' ', "-").replace(['.', ',', '?'], "");
    let anchors: Vec<_> = headings.map(anchor).collect();
    let references: Vec<_> = page.split("](#").skip(1).collect();
    assert!(!references.is_empty());
    for reference in references {
        let (reference, _) = reference.split_once(')').unwrap();
        assert!(anchors.iter().any(|it| it == reference), "{reference}: {anchors:?}");
    }
}

/// The operators in the table of a page, and whether all their meters are read for sure: so says the
/// column at a place.
fn operators(page: &str, title: &str, column: usize, yes: &str) -> BTreeMap<String, bool> {
    let mut operators = BTreeMap::new();
    for row in text::table(&read(page), title) {
        for operator in row[0].split(", ") {
            *operators.entry(operator.to_owned()).or_insert(true) &= row[column].starts_with(yes);
        }
    }
    operators
}

#[test]
fn both_pages_promise_the_same_operators() {
    let english = operators("README.md", "operator", 3, "yes");
    let german = operators("README.de.md", "Netzbetreiber", 4, "**ja**");
    assert_eq!(english, german);
    assert!(english.len() > 10 && english.values().any(|works| *works));
}

/// The archive of both pages has complete quarters also where single telegrams are lost.
#[test]
fn the_archive_survives_lost_telegrams() {
    let folder = tempfile::tempdir().unwrap();
    // Four hours of a telegram each five seconds; those of each third minute are lost, except on a quarter.
    let telegram = |at: i64| {
        let time = jiff::Timestamp::from_second(1_782_000_000 + 5 * at).unwrap();
        format!("{{\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{}}}\n", 1000 + at)
    };
    let is_lost = |at: &i64| at % 180 != 0 && at % 36 == 0;
    let telegrams: String = (0..=2880).filter(|at| !is_lost(at)).map(telegram).collect();
    for (readme, file) in READMES.into_iter().zip(["house.jsonl", "haus.jsonl"]) {
        let page = read(readme);
        let (_, block) = page.split_once(&format!("{file}\"\nevery = \"")).unwrap();
        let (every, _) = block.split_once('"').unwrap();
        let path = folder.path().join(file);
        let to = format!("--to=file:{}?every={every}", path.display());
        let ran = run(&["publish", &to], telegrams.as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{readme}");
        let rows = run(&["quarters"], &fs::read(path).unwrap()).out;
        assert_eq!(rows.matches("\"complete\":true").count(), 16, "{readme}: {rows}");
    }
}
