//! A room imports only from lower floors, and no file imports itself through others.
//!
//! ```text
//!     main
//!     cli/dispatch
//!     cli/commands                       one file a subcommand
//!     cli/wizard                         the questions of setup, and what becomes of the answers
//! 7   cli/input  cli/live  cli/import    inputs that end, sources that do not; older settings
//!     cli/setup                          arguments, configuration, keys
//!     cli/run  cli/older                 output, messages, status; settings of older programs
//! 6   source  sink                       where octets come from, where readings go to
//! 5   format  chain  explain             a reading as text; the stages; a telegram octet by octet
//!     intervals  portal  diagnosis       energies of quarter hours, and those of an operator; causes
//!     picture                            of faults; pictures
//! 4   reading                            named, scaled, exact
//! 3   link  cipher  cosem  record        frames, ciphering, A-XDR, the line between stages
//! 2   reader  p1  field  hex             a cursor, the envelope of DSMR telegrams, fields with their
//!     local_time                         meaning, octets from text, boundaries of the local clock
//!     backoff  wake  file_error  hosts   waits between tries, wake-ups, errors of files, names of servers
//! 1   error                              defects
//! 0   counted  noise                     numbers with their nouns, octets for tests; import nothing
//! ```
//!
//! A room is a file of `src` or a folder with all its files; below `cli`, each of them. Rooms of
//! one floor do not know each other. Up to floor 5 stands the protocol: octets in, values out, and
//! nothing of the machine that it runs on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use proc_macro2::{Delimiter, TokenTree};

use super::source::{SourceFile, WrittenPath, is_punct, room};

/// From below.
const FLOORS: [&[&str]; 14] = [
    &["counted", "noise"],
    &["error"],
    &["reader", "p1", "field", "hex", "local_time", "backoff", "wake", "file_error", "hosts"],
    &["link", "cipher", "cosem", "record"],
    &["reading"],
    &["format", "chain", "explain", "intervals", "portal", "diagnosis", "picture"],
    &["source", "sink"],
    &["cli/run", "cli/older"],
    &["cli/setup"],
    &["cli/input", "cli/live", "cli/import"],
    &["cli/wizard"],
    &["cli/commands"],
    &["cli/dispatch"],
    &["main"],
];

/// How many floors, from below, are the protocol.
const PROTOCOL: usize = 6;

/// Rooms below that belong to the binary alone (feature `cli`).
const BINARY_ONLY: [&str; 4] = ["backoff", "wake", "file_error", "hosts"];

/// The protocol knows none of these: files, the environment, the clock, other processes, the
/// network, threads.
const MACHINE: [&str; 13] = [
    "std::fs",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::process",
    "std::net",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

#[test]
fn rooms_import_only_from_lower_floors() {
    let files = SourceFile::all();
    let count: usize = files.iter().map(|file| file.paths().len()).sum();
    assert!(count > 1000, "only {count} paths found: the test is blind");
    let wrong: Vec<_> = files.iter().flat_map(complaints).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_has_a_floor_and_every_floor_a_room() {
    let rooms: BTreeSet<_> = SourceFile::all().iter().map(SourceFile::room).collect();
    for room in rooms.iter().filter(|room| !["lib", "cli"].contains(&room.as_str())) {
        assert!(floor(room).is_some(), "{room} is on no floor");
    }
    for named in FLOORS {
        assert!(named.iter().any(|name| rooms.contains(*name)), "nothing of {named:?} is there");
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = SourceFile::all();
    let circles = circles(imports(&files));
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Each line breaks one rule, and is found.
#[test]
fn invented_defects_are_found() {
    let one = |file: &str, text: &str, part: &str| {
        let found = check(file, text);
        assert_eq!(found.len(), 1, "{file}: {text}: {found:?}");
        assert!(found[0].contains(part), "{file}: {text}: {found:?}");
    };
    one("link/mbus.rs", "use crate::reading::telegram;", "reading stands above");
    one("link/mbus.rs", "use crate::{error::Error, cosem::obis::{Obis}};", "a sibling");
    one("reader.rs", "use super::hex::canonical;", "a sibling");
    one("link/a/b.rs", "use super::super::super::record::Record;", "a sibling");
    one("error.rs", "\nfn f() { let _ = crate::reader::Reader::new(&[]); }", "error.rs:2: crate");
    one("format/csv.rs", "fn f() { g!(crate::chain::event::Event) }", "a sibling");
    one("format/csv.rs", "use crate::Event;", "Event is no room");
    one("source/tcp.rs", "mod a { mod b { use super::super::super::super::cli::run; } }", "above");
    one("record.rs", "use std::{fmt, fs::File};", "std::fs");
    one("record.rs", "use std::time::{Duration, Instant};", "std::time::Instant");
    one("record.rs", "fn f() { jiff::Timestamp::now(); }", "::now");
    one("record.rs", "use jiff::Timestamp; fn f() { Timestamp::now(); }", "::now");
    one("hex/mod.rs", "pub mod a; fn f() {}", "only declares");
    one("lib.rs", "pub mod a; use self::a::b;", "only declares");
    one("main.rs", "use meterpipe::error::Error;", "only cli");
    one("cli/run/context.rs", "use crate::cli::setup::keys;", "cli/setup stands above");
    one("cli/input/files.rs", "use crate::cli::live::pty;", "a sibling");
    one("cli/setup/keys.rs", "use super::super::commands::decode;", "cli/commands stands above");
}

#[test]
fn allowed_imports_are_not_found() {
    let fine = |file: &str, text: &str| {
        let found = check(file, text);
        assert!(found.is_empty(), "{file}: {text}: {found:?}");
    };
    fine("record.rs", "use crate::{error::{Cause, Error}, hex::canonical};");
    fine("link/mbus.rs", "use super::reassembly::Part; use crate::link::reassembly::Whole;");
    fine("record.rs", "/// [`crate::cli`]\nfn f() { g(\"crate::cli\") } // crate::cli::run");
    fine("record.rs", "#[cfg(test)] mod tests { use crate::cli::run; fn f() { g() } }");
    fine("record.rs", "#[cfg(test)] use std::{fs, env}; use std::time::Duration;");
    fine(
        "cli/commands/decode.rs",
        "use meterpipe::chain; use crate::cli::input::files; use std::fs;",
    );
    fine("cli/live/pty.rs", "use crate::cli::{run::output, setup::keys, live::queue};");
    fine("hex/mod.rs", "//! Docs.\n#[cfg(unix)] pub mod a; mod b; pub use self::b::{C, d::E};");
    fine("main.rs", "#![forbid(unsafe_code)] mod cli; fn main() { cli::dispatch::run(); }");
}

#[test]
fn a_circle_is_found_and_a_chain_is_none() {
    let files = |texts: &[(&str, &str)]| {
        texts
            .iter()
            .map(|(path, text)| SourceFile::parse(Path::new(path), text))
            .collect::<Vec<_>>()
    };
    let found = |texts: &[(&str, &str)]| circles(imports(&files(texts))).len();
    let chain = ("a/b.rs", "mod c; use self::c::f;");
    assert_eq!(found(&[chain, ("a/b/c.rs", "use crate::d;"), ("d.rs", "")]), 0);
    assert_eq!(found(&[chain, ("a/b/c.rs", "use super::X;")]), 2);
    assert_eq!(found(&[("a.rs", "fn f() { crate::b::f() }"), ("b.rs", "use crate::a;")]), 2);
    assert_eq!(found(&[("a/b.rs", "mod c; use c::f;"), ("a/b/c.rs", "use crate::a::b::X;")]), 2);
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The files by their modules.
fn modules(files: &[SourceFile]) -> BTreeMap<Vec<String>, &str> {
    let named = files.iter().filter(|file| !["lib.rs", "main.rs"].contains(&file.name()));
    named.map(|file| (file.module(), file.name())).collect()
}

/// The file in which the target of a path stands.
fn file<'a>(modules: &BTreeMap<Vec<String>, &'a str>, target: &[String]) -> Option<&'a str> {
    (1..=target.len()).rev().find_map(|depth| modules.get(&target[..depth]).copied())
}

/// The files that each file imports. Files that only declare are no part of it.
fn imports(files: &[SourceFile]) -> BTreeMap<&str, BTreeSet<&str>> {
    let modules = modules(files);
    let declares = |name: &str| name.ends_with("mod.rs");
    let of = |from: &SourceFile| {
        let all = from.paths();
        let all = all.iter().filter_map(|path| file(&modules, &path.target_below()));
        all.filter(|to| !declares(to) && *to != from.name()).collect()
    };
    files.iter().filter(|file| !file.declares()).map(|file| (file.name(), of(file))).collect()
}

/// The imports over which a file comes back to itself.
fn circles<'a>(
    mut imports: BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let all = imports.clone();
    let reached = |from: &'a str| {
        let (mut found, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(all.get(file).into_iter().flatten().filter(|to| found.insert(**to)));
        }
        found
    };
    let reached: BTreeMap<_, _> = all.keys().map(|from| (*from, reached(from))).collect();
    for (from, to) in &mut imports {
        to.retain(|to| reached.get(to).is_some_and(|reached| reached.contains(from)));
    }
    imports.retain(|_, to| !to.is_empty());
    imports
}

/// Checks an invented file.
fn check(path: &str, text: &str) -> Vec<String> {
    complaints(&SourceFile::parse(Path::new(path), text))
}

fn complaints(file: &SourceFile) -> Vec<String> {
    let mut found = vec![];
    let paths = file.paths();
    found.extend(paths.iter().filter_map(|path| {
        let wrong = wrong(file, path)?;
        Some(format!("src/{}:{}: {}: {wrong}", file.name(), path.line, path.names.join("::")))
    }));
    if file.declares() && !only_declares(&file.tokens) {
        found.push(format!("src/{}: this file only declares: `mod` and `pub use`", file.name()));
    }
    found
}

fn wrong(file: &SourceFile, path: &WrittenPath) -> Option<String> {
    let here = file.room();
    let Some(target) = path.target() else {
        return machine(&here, &path.names);
    };
    let there = room(&target);
    if here == there || file.declares() || there.is_empty() || there == "*" {
        return None;
    }
    let (Some(mine), Some(other)) = (floor(&here), floor(&there)) else {
        // `cli` itself only declares.
        return (there != "cli").then(|| format!("{there} is no room with a floor"));
    };
    match mine.cmp(&other) {
        _ if here == "main" && !there.starts_with("cli/") => Some("main knows only cli".into()),
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => Some(format!("{there} is a sibling of {here}")),
        std::cmp::Ordering::Less => Some(format!("{there} stands above {here}")),
    }
}

/// A path into another crate, from a room.
fn machine(room: &str, names: &[String]) -> Option<String> {
    let path = names.join("::");
    let machine = |known: &&&str| {
        path == **known
            || path.starts_with(&format!("{known}::"))
            // `Timestamp` may be imported by itself.
            || known.ends_with("::now") && known.ends_with(&path)
    };
    let protocol =
        floor(room).is_some_and(|floor| floor < PROTOCOL) && !BINARY_ONLY.contains(&room);
    let known = MACHINE.iter().filter(|_| protocol).find(machine)?;
    Some(format!("{known}: the protocol does not know its machine"))
}

/// True if all items are `mod name;` or `pub use`.
fn only_declares(tokens: &[TokenTree]) -> bool {
    tokens.split(|token| is_punct(Some(token), ';')).all(|item| {
        // Without attributes, and the scope of `pub(crate)`.
        let words = item.iter().filter(|token| !matches!(token, TokenTree::Group(_)));
        let words: Vec<_> = words.map(ToString::to_string).collect();
        let mut words: Vec<_> = words.iter().map(String::as_str).collect();
        words.retain(|word| !["#", "!"].contains(word));
        match words.as_slice() {
            [] | ["pub", "use", ..] => true,
            ["mod", _] | ["pub", "mod", _] => !item.iter().any(is_body),
            _ => false,
        }
    })
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}
