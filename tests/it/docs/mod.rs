//! The commands of the documents do what the documents say.
//!
//! - Every `console` block of the two READMEs is typed into a terminal, one after the other in one folder
//!   for each page, and the answer compared with the lines below the command. `…` stands for anything, as
//!   a line for any lines; in a block marked `console varying` a number stands for any number. Commands for
//!   root or for another machine stand in `text` blocks, which nothing runs.
//! - The `crontab` is run twice, with no more settings than cron has.
//! - Every example of a man page (they are those of `--help`) is run beside the files that it names.
//!
//! A device is replaced by a virtual meter behind a pseudo-terminal or a TCP port, and `cargo run`
//! by the program that cargo has built for the test. `tests/run` is only read: most likely it runs
//! this. A test that needs DuckDB fails without it in CI, and prints a line elsewhere.

mod archive;
mod bench;
mod home;
mod process;
mod text;

use crate::common::tools;
use std::{fs, path::Path, process::Command, thread};

use bench::Bench;
use meterpipe::record::Record;
use text::{Block, alike};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The page for everyone, and the one for a householder.
const READMES: [&str; 2] = ["README.md", "README.de.md"];

fn read(path: &str) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_readme_answers_as_it_says() {
    answers_as_it_says("README.md", 20);
}

#[test]
fn the_german_readme_answers_as_it_says() {
    answers_as_it_says("README.de.md", 2);
}

/// Types the commands of a page, of which there are at least so many.
fn answers_as_it_says(page: &str, at_least: usize) {
    let bench = Bench::empty();
    let blocks = text::blocks(&read(page), "console");
    let typed: Vec<_> = blocks.iter().flat_map(Block::commands).collect();
    assert!(typed.len() >= at_least, "only {} commands found", typed.len());
    for (varying, command, expected) in typed {
        if command == "tests/run" {
            let script = format!("{ROOT}/tests/run");
            let read = Command::new("bash").args(["-n", &script]).status().unwrap();
            assert!(read.success(), "{script} is no script");
            continue;
        }
        let answers = || {
            let ran = bench.type_in(&command);
            ran.succeeded();
            let same = alike(&expected, &ran.text, varying);
            assert!(same, "\n$ {command}\n{}\n--- {page} has:\n{expected}\n", ran.text);
        };
        match command.starts_with("duckdb ") {
            true => tools::need("duckdb", |_| answers()),
            false => answers(),
        }
    }
}

/// The text of a file, or of all files below a folder.
fn text_below(path: &Path) -> String {
    if !path.is_dir() {
        return fs::read_to_string(path).unwrap();
    }
    fs::read_dir(path).unwrap().map(|entry| text_below(&entry.unwrap().path())).collect()
}

/// Every path of the pages for contributors is in the tree.
#[test]
fn paths_of_the_pages_for_contributors_exist() {
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(page);
        let quoted = text.split('`').skip(1).step_by(2);
        let folders = ["src/", "tests/", "benches/", "examples/", ".ci/"];
        let paths: Vec<_> =
            quoted.filter(|it| folders.iter().any(|folder| it.starts_with(folder))).collect();
        assert!(paths.len() > 5, "{page}: {paths:?}");
        for path in paths {
            assert!(Path::new(ROOT).join(path).exists(), "{page}: there is no {path}");
        }
    }
}

/// The program says the messages that the READMEs explain.
#[test]
fn messages_in_the_readme_are_those_of_the_program() {
    let [english, german] = READMES.map(read);
    let tables = [text::table(&english, "message"), text::table(&german, "Meldung")];
    let questions = text::table(&german, "Frage");
    assert!(tables.iter().chain([&questions]).all(|rows| rows.len() > 5));
    let messages = tables.iter().flatten().map(|row| row[0]);
    let messages = messages.chain(questions.iter().flat_map(|row| row[0].split(", ")));
    let messages = messages.map(|it| it.trim_matches('`'));
    let source = ["src/source", "src/cli", "src/sink", "src/diagnosis", "src/error.rs"];
    let source = source.map(|path| text_below(&Path::new(ROOT).join(path))).concat();
    for message in messages {
        let is_printed = message.split("; ").all(|part| source.contains(part));
        assert!(is_printed, "nothing says: {message}");
    }
}

/// The crontab of the README, with the key where its section puts it: a header, and a row a run, all of
/// one's own meter. cron knows a home and a path, has no other setting, and its shell is `sh`.
#[test]
fn the_crontab_of_the_readme_appends_rows() {
    let bench = Bench::furnished();
    let readme = read("README.md");
    let section = text::section(&readme, "CSV from cron");
    let (_, key, _) = text::blocks(section, "console").remove(0).commands().remove(0);
    bench.run(&key).succeeded();
    bench.run("rm guek").succeeded();
    let jobs = text::cron_jobs(&text::blocks(section, "crontab").remove(0).text);
    assert!(!jobs.is_empty() && jobs.iter().all(|job| !job.contains('\'')));
    for job in jobs.iter().chain(&jobs) {
        let cron = format!("cd / && env -i HOME=\"$HOME\" PATH=\"$PATH\" sh -c '{job} '");
        bench.run(&cron).succeeded();
    }
    let table = bench.file("meter.csv");
    let rows: Vec<Vec<_>> = table.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 3, "a header, and one row a run: {table}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len() && row.len() > 10), "{table}");
    assert!(rows[0][..2] == ["time", "meter"] && rows[1][1] == rows[2][1], "{table}");
    assert!(!table.contains("181220000009"), "the meter of the published telegram: {table}");
}

/// The configurations in the documents are valid.
#[test]
fn the_configurations_of_the_documents_have_no_mistake() {
    let page = read("man/meterpipe-sinks.7").replace("\\-", "-").replace("\\(aq", "'");
    let page = page.split(".EX\n").skip(1).map(|block| block.split("\n.EE").next().unwrap());
    let readme: Vec<_> = READMES.iter().flat_map(|it| text::blocks(&read(it), "toml")).collect();
    assert!(readme.len() >= READMES.len());
    let contrib =
        ["older", "go-e", "openwb", "victron"].map(|folder| format!("{ROOT}/contrib/{folder}"));
    let contrib = contrib.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let contrib = contrib.map(|file| file.unwrap().path());
    let contrib: Vec<_> =
        contrib.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    let contrib: Vec<_> = contrib.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let all = readme.iter().map(|block| block.text.as_str()).chain(page);
    let all: Vec<_> = all.chain(contrib.iter().map(String::as_str)).collect();
    assert!(all.len() > 8);
    // The table of a meter is a file of its own.
    let (tables, all): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|text| text.contains("[[list]]"));
    assert_eq!(tables.len(), 1);
    for text in all {
        let bench = Bench::furnished();
        bench.write("mine.toml", tables[0]);
        bench.run("for name in mqtt_password influx_token; do cp guek $name; done").succeeded();
        bench.write("config.toml", &text.replace("/etc/meterpipe/", ""));
        let ran = bench.run("meterpipe config check --config config.toml");
        assert!(ran.status.success() && ran.text.ends_with("no mistake\n"), "{text}: {ran:?}");
    }
}

/// The pages and their commands: those that are given names below.
#[test]
fn no_page_with_examples_is_forgotten() {
    let files = fs::read_dir(Path::new(ROOT).join("man")).unwrap();
    let mut pages: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    pages.retain(|page| read(&format!("man/{}", page.display())).contains(".SH EXAMPLES\n"));
    pages.sort();
    assert_eq!(pages, PAGES);
}

const PAGES: [&str; 16] = [
    "meterpipe-anonymise.1",
    "meterpipe-capture.1",
    "meterpipe-config.1",
    "meterpipe-decode.1",
    "meterpipe-decrypt.1",
    "meterpipe-doctor.1",
    "meterpipe-explain.1",
    "meterpipe-plot.1",
    "meterpipe-publish.1",
    "meterpipe-quarters.1",
    "meterpipe-record.5",
    "meterpipe-setup.1",
    "meterpipe-simulate.1",
    "meterpipe-unframe.1",
    "meterpipe-watch.1",
    "meterpipe.1",
];

#[test]
fn the_examples_of_anonymise_run() {
    run_examples("meterpipe-anonymise.1");
}

#[test]
fn the_examples_of_capture_run() {
    run_examples("meterpipe-capture.1");
}

#[test]
fn the_examples_of_config_run() {
    run_examples("meterpipe-config.1");
}

#[test]
fn the_examples_of_decode_run() {
    run_examples("meterpipe-decode.1");
}

#[test]
fn the_examples_of_decrypt_run() {
    run_examples("meterpipe-decrypt.1");
}

/// The example of a virtual meter; the others need a device, a configuration or a time.
#[test]
fn the_examples_of_doctor_run() {
    let examples = text::examples(&read("man/meterpipe-doctor.1"));
    let mut examples = examples.iter().filter(|example| example.contains("sim:"));
    let ran = Bench::furnished().run(examples.next().unwrap());
    assert!(ran.status.success() && ran.text.contains("\"verdict\":\"ok\""), "{ran:?}");
}

#[test]
fn the_examples_of_explain_run() {
    run_examples("meterpipe-explain.1");
}

#[test]
fn the_examples_of_plot_run() {
    run_examples("meterpipe-plot.1");
}

#[test]
fn the_examples_of_publish_run() {
    run_examples("meterpipe-publish.1");
}

#[test]
fn the_examples_of_quarters_run() {
    run_examples("meterpipe-quarters.1");
}

#[test]
fn the_examples_of_the_record_page_run() {
    run_examples("meterpipe-record.5");
}

#[test]
fn the_example_of_setup_without_a_person_runs() {
    let examples = text::examples(&read("man/meterpipe-setup.1"));
    let mut examples = examples.iter().filter(|example| example.contains("sim:"));
    let ran = Bench::furnished().run(examples.next().unwrap());
    assert!(ran.status.success() && ran.text.contains("Next: "), "{ran:?}");
}

#[test]
fn the_examples_of_simulate_run() {
    run_examples("meterpipe-simulate.1");
}

#[test]
fn the_examples_of_unframe_run() {
    run_examples("meterpipe-unframe.1");
}

#[test]
fn the_examples_of_watch_run() {
    run_examples("meterpipe-watch.1");
}

#[test]
fn the_examples_of_the_program_run() {
    run_examples("meterpipe.1");
}

fn run_examples(page: &str) {
    let examples = text::examples(&read(&format!("man/{page}")));
    let is_record = |line: &String| Record::kind(line.as_bytes()).is_some();
    let examples: Vec<_> = examples.into_iter().filter(|line| !is_record(line)).collect();
    assert!(!examples.is_empty());
    // Each waits for the next telegram of its meter: together they wait once.
    thread::scope(|scope| {
        for example in &examples {
            scope.spawn(|| run_example(example));
        }
    });
}

fn run_example(example: &str) {
    let bench = Bench::furnished();
    if is_live(example) {
        return bench.run_until_it_writes(example);
    }
    let ran = bench.run(example);
    // Some telegrams of a simulation with faults are rejected.
    let faulty = example.contains("--flip") && ran.status.code() == Some(1);
    assert!(faulty || ran.status.success(), "{example}: {ran:?}");
}

/// True for a command that runs until it is ended.
fn is_live(example: &str) -> bool {
    let source = ["sim:", "/dev/", "tcp://", "--pty"].iter().any(|source| example.contains(source));
    let ends = ["--once", "--count"].iter().any(|end| example.contains(end));
    source && !ends
}

#[test]
fn what_differs_is_seen() {
    assert!(alike("a\n…\nd", "a\nb\nc\nd", false) && alike("a\n…\nd", "a\nd", false));
    assert!(alike("a … c", "a b c", false) && alike("a…", "abc", false));
    assert!(!alike("a\nb", "a\nc", false) && !alike("a", "a\nb", false));
    assert!(!alike("a\n…\nd", "a\nb", false) && !alike("a … c", "a b d", false));
    assert!(alike("power   12 W", "power  -3 W", true) && !alike("power 12 W", "power 3 W", false));
    assert!(alike("1,5;12", "1,5;-3", true) && !alike("1,5;12", "1.5;12", true));
    assert!(!alike("power 12 W", "power 12 kW", true) && !alike("1.0", "1", true));
}
