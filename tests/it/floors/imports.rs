//! The floors of the house: a room imports only from lower floors, and siblings do not touch.
//!
//! ```text
//! 8  main
//! 7  cli                              the subcommands
//! 6  source  sink                     where octets come from, where readings go to
//! 5  format  chain                    a reading as text; the stages
//! 4  reading                          named, scaled, exact
//! 3  link  cipher  cosem  record      frames, ciphering, A-XDR, the line between stages
//! 2  reader  hex  backoff             cursor, digits, waits between tries
//! 1  error                            knows nobody
//! ```
//!
//! A room is a file of `src` or a folder with all its files, which may use each other. Up to floor 5
//! stands the protocol: octets in, values out, and nothing of the machine it runs on.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

const FLOORS: [(u8, &[&str]); 8] = [
    (1, &["error"]),
    (2, &["reader", "hex", "backoff"]),
    (3, &["link", "cipher", "cosem", "record"]),
    (4, &["reading"]),
    (5, &["format", "chain"]),
    (6, &["source", "sink"]),
    (7, &["cli"]),
    (8, &["main"]),
];

/// The highest floor of the protocol.
const CORE: u8 = 5;

/// What the protocol must not know: files, the environment, the clock, other processes, the network,
/// threads, a log.
const MACHINE: [&str; 12] = [
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
    "log",
];

/// Whose command line anybody can read: no other program is started, so no secret comes to one.
const PROGRAMS: &str = "std::process::Command";

/// Numbers are exact: only what a meter sends as a float is one, and is printed as it was sent.
const FLOATS: [&str; 1] = ["reading/value.rs"];

const MACROS_THAT_PANIC: [&str; 4] = ["panic", "todo", "unimplemented", "unreachable"];

const MACROS_THAT_SPEAK: [&str; 10] =
    ["print", "println", "eprint", "eprintln", "dbg", "trace", "debug", "info", "warn", "error"];

#[test]
fn rooms_import_only_from_lower_floors() {
    let house = House::read();
    assert!(house.imports > 100, "only {} imports found: the test is blind", house.imports);
    assert!(house.complaints.is_empty(), "\n{}\n", house);
}

#[test]
fn every_room_has_a_floor_and_every_floor_a_room() {
    let rooms: Vec<_> = sources().iter().map(|file| room(file)).collect();
    for room in &rooms {
        assert!(room == "lib" || floor(room).is_some(), "{room} is on no floor: see design");
    }
    for (floor, named) in FLOORS {
        assert!(named.iter().any(|name| rooms.iter().any(|room| room == name)), "floor {floor}");
    }
}

/// The test has to be able to fail: each line breaks one rule, and is found.
#[test]
fn invented_defects_are_found() {
    let found = |file: &str, text: &str| check(Path::new(file), text).complaints_as_text();
    let one = |file: &str, text: &str, part: &str| {
        let complaints = found(file, text);
        assert_eq!(complaints.len(), 1, "{file}: {text}: {complaints:?}");
        assert!(complaints.iter().all(|c| c.contains(part)), "{file}: {text}: {complaints:?}");
    };
    one("link/mbus.rs", "use crate::reading::telegram;", "reading (floor 4) stands above");
    one("link/mbus.rs", "use crate::{error::Error, cosem::obis::{Obis}};", "a sibling");
    one("reader.rs", "use super::hex::canonical;", "a sibling");
    one("link/a/b.rs", "use super::super::super::record::Record;", "a sibling");
    one("error.rs", "fn f() { let _ = crate::reader::Reader::new(&[]); }", "stands above");
    one("format/csv.rs", "fn f() { g!(crate::chain::event::Event) }", "a sibling");
    one("format/csv.rs", "use crate::Event;", "crate::Event is no room");
    one("source/tcp.rs", "mod a { mod b { use super::super::super::super::cli; } }", "cli");
    one("record.rs", "fn f() { Some(1).unwrap(); }", "record.rs:1: unwrap()");
    one("record.rs", "\nfn f() { Some(1).expect(\"one\"); }", "record.rs:2: expect()");
    one("cli/decode.rs", "fn f() { todo!() }", "todo!");
    one("cli/decode.rs", "fn f() { unsafe { g() } }", "unsafe");
    one("record.rs", "use std::{fmt, fs::File};", "std::fs");
    one("cli/watch.rs", "use std::process::{Command, ExitCode};", "no other program");
    one("record.rs", "use std::time::{Duration, Instant};", "std::time::Instant");
    one("record.rs", "fn f() { jiff::Timestamp::now(); }", "the clock");
    one("record.rs", "fn f() { println!(\"{}\", 1) }", "println!");
    one("record.rs", "fn f() { log::warn(1) }", "log");
    one("cli/live.rs", "fn f(a: Duration) { a.as_secs_f32(); }", "as_secs_f32: numbers are exact");
    one("cli/live.rs", "const A: [f64; 0] = [];", "f64: numbers are exact");
    one("sink/gate.rs", "fn f() { g!(Vec::<f32>::new()) }", "f32: numbers are exact");
    one("sink/gate.rs", "fn f() { g(1.5) }", "1.5: numbers are exact");
    one("sink/gate.rs", "fn f() { g(1e3) }", "1e3: numbers are exact");
    one("sink/gate.rs", "fn f() { g(2f32) }", "2f32: numbers are exact");
    one("hex/mod.rs", "pub mod a; fn f() {}", "only declares");
    one("lib.rs", "pub mod a; use self::a::b;", "only declares");
    one("main.rs", "use meterpipe::error::Error;", "only cli");
}

#[test]
fn what_is_allowed_is_not_found() {
    let fine = |file: &str, text: &str| {
        let complaints = check(Path::new(file), text).complaints_as_text();
        assert!(complaints.is_empty(), "{file}: {text}: {complaints:?}");
    };
    fine("record.rs", "use crate::{error::{Cause, Error}, hex::canonical};");
    fine("link/mbus.rs", "use super::reassembly::Part; use crate::link::reassembly::Whole;");
    fine(
        "record.rs",
        "/// [`crate::cli`] unsafe\nfn f() { g(\"crate::cli .unwrap()\") } // panic!()",
    );
    fine("record.rs", "#[cfg(test)] mod tests { use super::*; fn f() { g().unwrap(); panic!() } }");
    fine(
        "record.rs",
        "fn f() { g().unwrap_or_default(); hex::encode(x); r.expect(1, 2, 3); std::time::Duration::ZERO; }",
    );
    fine(
        "cli/decode.rs",
        "use meterpipe::{chain::decode, record}; use crate::cli::input::files; use std::fs;",
    );
    fine("reading/value.rs", "fn f() { f32::from_be_bytes(g) }");
    fine("sink/gate.rs", "fn f(a: A) { g(a.0.1, 0x1f32, 1_000_u64, \"1.5 f64\", u32::MAX) }");
    fine("sink/gate.rs", "#[cfg(test)] mod tests { const A: f64 = 1.5; }");
    fine("hex/mod.rs", "//! Docs.\n#[cfg(unix)] pub mod a; mod b; pub use self::b::{C, d::E};");
    fine("main.rs", "#![forbid(unsafe_code)] mod cli; fn main() { cli::run(); }");
}

/// What was found in some files.
#[derive(Default)]
struct House {
    complaints: Vec<Complaint>,
    imports: usize,
}

struct Complaint {
    file: PathBuf,
    line: usize,
    text: String,
}

impl House {
    /// All files of `src`.
    fn read() -> Self {
        let mut house = Self::default();
        for file in sources() {
            let text = fs::read_to_string(source_folder().join(&file)).unwrap();
            let found = check(&file, &text);
            house.complaints.extend(found.complaints);
            house.imports += found.imports;
        }
        house
    }

    fn complaints_as_text(&self) -> Vec<String> {
        self.complaints.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.complaints.iter().try_for_each(|complaint| writeln!(f, "{complaint}"))
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file.display(), self.line, self.text)
    }
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files of `src`, by their path in it.
fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(source_folder()).unwrap().to_owned());
            }
        }
    }
    let mut found = vec![];
    walk(&source_folder(), &mut found);
    found.sort();
    found
}

/// The module that a file is: `link/mbus.rs` is `link::mbus`, and `hex/mod.rs` is `hex`.
fn module(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let mut names: Vec<_> = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

fn room(file: &Path) -> String {
    module(file).swap_remove(0)
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, rooms)| rooms.contains(&room)).map(|(floor, _)| *floor)
}

/// Reads one file against all rules.
fn check(file: &Path, text: &str) -> House {
    let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let tokens = without_tests(tokens);
    let room = room(file);
    let mut checker = Checker {
        file,
        core: floor(&room).is_some_and(|f| f <= CORE),
        room,
        house: House::default(),
    };
    // cli/mod.rs holds the dispatcher: which subcommand runs is the one thing that all of them share
    // and none of them owns.
    let declares = file.ends_with("mod.rs") && file != Path::new("cli/mod.rs");
    if declares || file == Path::new("lib.rs") {
        checker.declarations(&tokens);
    }
    let module = match checker.room.as_str() {
        // The roots of the library and of the binary.
        "lib" | "main" => vec![],
        _ => module(file),
    };
    checker.walk(&tokens, &module);
    checker.house
}

/// The tokens without the items under `#[cfg(test)]`, at any depth.
fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept = vec![];
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute =
            tokens.peek().is_some_and(|next| next.to_string().replace(' ', "") == "[cfg(test)]");
        if is_punct(Some(&token), '#') && attribute {
            // The item ends with its braces, or with a semicolon behind those of a `use`.
            let is_use = |t: &TokenTree| t.to_string() == "use";
            let mut braces_end = true;
            for token in tokens.by_ref() {
                braces_end &= !is_use(&token);
                match &token {
                    TokenTree::Group(g) if g.delimiter() == Delimiter::Brace && braces_end => break,
                    TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                    _ => {}
                }
            }
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream()).into_iter().collect();
                let mut pruned = Group::new(group.delimiter(), inner);
                pruned.set_span(group.span());
                pruned.into()
            }
            token => token,
        });
    }
    kept
}

struct Checker<'a> {
    file: &'a Path,
    room: String,
    core: bool,
    house: House,
}

impl Checker<'_> {
    fn complain(&mut self, at: &TokenTree, text: String) {
        let line = at.span().start().line;
        let known = |c: &Complaint| c.line == line && c.text == text;
        if !self.house.complaints.iter().any(known) {
            self.house.complaints.push(Complaint { file: self.file.to_owned(), line, text });
        }
    }

    /// A file that gathers modules has nothing else in it.
    fn declarations(&mut self, tokens: &[TokenTree]) {
        let outside: Vec<_> = tokens.iter().collect();
        for item in outside.split(|token| is_punct(Some(token), ';')) {
            let mut rest = item;
            let mut public = false;
            while let Some(token) = rest.first() {
                let skip = match token.to_string().as_str() {
                    "#" if is_punct(rest.get(1).copied(), '!') => 3,
                    "#" => 2,
                    "pub" => {
                        public = true;
                        let scope =
                            |t: &&TokenTree| group(Some(t), Delimiter::Parenthesis).is_some();
                        1 + usize::from(rest.get(1).is_some_and(scope))
                    }
                    _ => break,
                };
                rest = rest.get(skip..).unwrap_or_default();
            }
            match rest.first() {
                None => {}
                Some(token) if token.to_string() == "mod" && rest.len() == 2 => {}
                Some(token) if token.to_string() == "use" && public => {}
                Some(token) => {
                    self.complain(token, "this file only declares: `mod` and `pub use`".into())
                }
            }
        }
    }

    fn walk(&mut self, tokens: &[TokenTree], module: &[String]) {
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let after = tokens.get(at + 1);
            match token {
                TokenTree::Group(inner) => {
                    let name = inline_module(tokens, at);
                    let module: Vec<_> = module.iter().cloned().chain(name).collect();
                    let inner: Vec<_> = inner.stream().into_iter().collect();
                    self.walk(&inner, &module);
                }
                TokenTree::Ident(ident) => {
                    let ident = ident.to_string();
                    self.word(token, &ident, before, after);
                    let starts = !is_punct(before, ':') && is_path(tokens, at + 1);
                    if starts {
                        let mut paths = vec![];
                        collect(tokens, at, &mut vec![], &mut paths);
                        paths.iter().for_each(|path| self.path(token, path, module));
                    }
                }
                // Behind a point stand the places of a tuple in a tuple.
                TokenTree::Literal(number)
                    if is_float(&number.to_string()) && !is_punct(before, '.') =>
                {
                    self.float(token, &number.to_string());
                }
                _ => {}
            }
        }
    }

    /// Words that are wrong wherever they lead.
    fn word(
        &mut self,
        at: &TokenTree,
        word: &str,
        before: Option<&TokenTree>,
        after: Option<&TokenTree>,
    ) {
        let called = is_punct(before, '.') || is_punct(before, ':');
        let bang = is_punct(after, '!');
        if word == "unsafe" {
            self.complain(at, "unsafe code".into());
        } else if called && panics(word, after) {
            self.complain(at, format!("{word}() outside a test: hand the error on"));
        } else if MACROS_THAT_PANIC.contains(&word) && bang {
            self.complain(at, format!("{word}! outside a test: hand the error on"));
        } else if self.core && MACROS_THAT_SPEAK.contains(&word) && bang {
            self.complain(at, format!("{word}! in the protocol: give it back as a value"));
        } else if ["f32", "f64"].iter().any(|float| word.split('_').next_back() == Some(float)) {
            self.float(at, word);
        }
    }

    /// A type, a number, or a method that makes one of it.
    fn float(&mut self, at: &TokenTree, text: &str) {
        if !FLOATS.iter().any(|file| self.file == Path::new(file)) {
            self.complain(at, format!("{text}: numbers are exact here, no floats"));
        }
    }

    fn path(&mut self, at: &TokenTree, path: &[String], module: &[String]) {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let target: Vec<&str> = match names.as_slice() {
            ["crate", rest @ ..] => rest.to_vec(),
            ["meterpipe", rest @ ..] if self.in_binary() => rest.to_vec(),
            ["super", ..] => {
                let up = names.iter().take_while(|name| **name == "super").count();
                let stay = module.iter().take(module.len().saturating_sub(up));
                stay.map(String::as_str).chain(names.iter().skip(up).copied()).collect()
            }
            _ => return self.foreign(at, &names),
        };
        let Some(room) = target.first().copied().filter(|room| *room != "*") else {
            return;
        };
        self.house.imports += 1;
        let text = names.join("::");
        if let Some(wrong) = wrong(&self.room, room, &text) {
            self.complain(at, wrong);
        }
    }

    fn in_binary(&self) -> bool {
        matches!(self.room.as_str(), "cli" | "main")
    }

    /// A path into another crate.
    fn foreign(&mut self, at: &TokenTree, names: &[&str]) {
        let path = names.join("::");
        if path == PROGRAMS || path.starts_with(&format!("{PROGRAMS}::")) {
            return self.complain(at, format!("{path}: no other program is started"));
        }
        if !self.core {
            return;
        }
        let machine = MACHINE.iter().find(|m| path == **m || path.starts_with(&format!("{m}::")));
        if let Some(machine) = machine {
            self.complain(
                at,
                format!("{machine} in the protocol, which does not know its machine"),
            );
        } else if matches!(names, [.., "Timestamp" | "Zoned" | "SystemTime" | "Instant", "now"]) {
            self.complain(at, format!("{path} in the protocol, which does not know the clock"));
        }
    }
}

/// What is wrong with a path from one room to another, if anything is.
fn wrong(from: &str, to: &str, path: &str) -> Option<String> {
    if from == to || from == "lib" {
        return None;
    }
    let (Some(here), Some(there)) = (floor(from), floor(to)) else {
        return Some(format!("{path}: crate::{to} is no room with a floor"));
    };
    match here.cmp(&there) {
        _ if from == "main" && to != "cli" => Some(format!("{path}: main knows only cli")),
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => {
            Some(format!("{path}: {to} is a sibling of {from} (floor {here})"))
        }
        std::cmp::Ordering::Less => {
            Some(format!("{path}: {to} (floor {there}) stands above {from} (floor {here})"))
        }
    }
}

/// The paths that begin at a word, with the trees of a `use` unfolded:
/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn collect(
    tokens: &[TokenTree],
    at: usize,
    prefix: &mut Vec<String>,
    paths: &mut Vec<Vec<String>>,
) {
    let depth = prefix.len();
    let mut at = at;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => prefix.push(ident.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => prefix.push("*".into()),
            Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                let tree: Vec<_> = tree.stream().into_iter().collect();
                for branch in tree.split(|token| is_punct(Some(token), ',')) {
                    if !branch.is_empty() {
                        collect(branch, 0, prefix, paths);
                    }
                }
                break;
            }
            _ => {
                paths.push(prefix.clone());
                break;
            }
        }
        if !is_path(tokens, at + 1) {
            paths.push(prefix.clone());
            break;
        }
        at += 3;
    }
    prefix.truncate(depth);
}

/// Whether a method of that name panics: `unwrap()`, and `expect("why")`, which is not the `expect`
/// of the cursor with its three arguments.
fn panics(word: &str, after: Option<&TokenTree>) -> bool {
    let Some(arguments) = group(after, Delimiter::Parenthesis) else {
        return false;
    };
    let several = arguments.stream().into_iter().any(|token| is_punct(Some(&token), ','));
    word == "unwrap" || word == "expect" && !several
}

/// Whether a literal is a float: `1.5`, `1e3`, `2f32`, and not `0x1f32` or a text.
fn is_float(literal: &str) -> bool {
    let decimal = literal.starts_with(|c: char| c.is_ascii_digit())
        && !["0x", "0o", "0b"].iter().any(|radix| literal.starts_with(radix));
    let whole = ["i", "u"].iter().any(|sign| literal.contains(sign));
    decimal && !whole && literal.contains(['.', 'e', 'E', 'f'])
}

/// Whether `::` stands at a place.
fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The name of the module whose braces stand at a place.
fn inline_module(tokens: &[TokenTree], at: usize) -> Option<String> {
    let name = tokens.get(at.checked_sub(1)?)?;
    let word = tokens.get(at.checked_sub(2)?)?;
    (word.to_string() == "mod").then(|| name.to_string())
}
