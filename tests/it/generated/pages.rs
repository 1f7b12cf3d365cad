//! The man pages: one a subcommand from the command line's declaration, two formats and the sinks from templates.

use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{readme, sinks};

/// Variables that the program reads, for the pages of the subcommands that have the option beside
/// them.
pub(crate) const VARIABLES: [(&str, &str); 7] = [
    ("P1_PORT", "The source, when none is named."),
    ("P1_BAUD", "The speed, when there is neither --baud nor METERPIPE_BAUD."),
    (
        "CREDENTIALS_DIRECTORY",
        "Set by systemd: the file guek in it holds the keys, gak an authentication key.",
    ),
    (
        "P1_GUEK_FILE",
        "A file with the keys, if there is no --key-file, no credential and no METERPIPE_KEY.",
    ),
    ("P1_GUEK", "The key itself, if there is none of these either."),
    ("P1_GAK_FILE", "A file with the authentication key (GAK)."),
    ("P1_GAK", "The authentication key itself."),
];

/// The text behind them on all pages.
const OPTION: &str = "Any option that takes a value and is not typed, --key and --key-file left out: \
                      METERPIPE_FORMAT for --format. The SOURCE is METERPIPE_SOURCE, the key \
                      METERPIPE_KEY or, better, METERPIPE_KEY_FILE. An empty one says nothing.";

/// All pages: their paths and texts.
pub(crate) fn all(command: &Command) -> Vec<(String, String)> {
    let mut pages = vec![(format!("man/{}.1", name(command)), page(command, command))];
    for subcommand in command.get_subcommands() {
        pages.push((format!("man/{}.1", name(subcommand)), page(subcommand, command)));
    }
    let version = |template: &str| template.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    pages.push(("man/meterpipe-record.5".into(), version(include_str!("meterpipe-record.5"))));
    pages.push(("man/meterpipe-keys.5".into(), version(include_str!("meterpipe-keys.5"))));
    pages.push((
        "man/meterpipe-sinks.7".into(),
        version(&sinks::page(include_str!("meterpipe-sinks.7"))),
    ));
    pages
}

/// `meterpipe-decode`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, program: &Command) -> String {
    let man = Man::new(command.clone());
    let mut page = title(command);
    page += &section(|text| man.render_name_section(text));
    page += &section(|text| man.render_synopsis_section(text));
    page += &section(|text| man.render_description_section(text));
    page += &options(&section(|text| man.render_options_section(text)));
    if command.has_subcommands() {
        page += &section(|text| man.render_subcommands_section(text));
    }
    page += &exit_status();
    page += &environment(command);
    page += &files(command);
    page += &examples(command);
    page += &see_also(command, program);
    page
}

/// Without a date: a page belongs to a version.
fn title(command: &Command) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(".TH {} 1 \"\" \"meterpipe {version}\" meterpipe\n", name(command))
}

/// The output of clap_mangen in the form that mandoc expects.
fn section(render: impl Fn(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut text = vec![];
    render(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut tidy = String::new();
    for line in text.lines().map(str::trim_end).filter(|line| !is_preamble(line)) {
        // A blank line is a paragraph; so is a break, which comes only in twos.
        let space = matches!(line, "" | ".br");
        match (space, tidy.ends_with("\n.sp\n")) {
            (true, true) => continue,
            (true, false) => tidy.push_str(".sp"),
            (false, _) => tidy.push_str(&line.replace("\\*(Aq", "\\(aq")),
        }
        tidy.push('\n');
    }
    tidy
}

/// Each section of clap_mangen begins with a definition of the apostrophe that ours do not need.
fn is_preamble(line: &str) -> bool {
    line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq")
}

/// The headings of options stand under one: OPTIONS.
fn options(section: &str) -> String {
    let mut text = String::new();
    let mut started = false;
    for line in section.lines() {
        match line.strip_prefix(".SH ") {
            Some("OPTIONS") => started = true,
            Some(heading) => {
                if !std::mem::replace(&mut started, true) {
                    text += ".SH OPTIONS\n";
                }
                let heading = heading.trim_matches('"');
                let (first, rest) = heading.split_at(1);
                text += &format!(".SS \"{first}{}\"\n", rest.to_lowercase());
                continue;
            }
            None => {}
        }
        text += line;
        text.push('\n');
    }
    text
}

/// The table of the README: it stands there once.
fn exit_status() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in readme::exit_statuses() {
        term(&mut roff, &status, &meaning);
    }
    written(&roff)
}

fn environment(command: &Command) -> String {
    let mut roff = Roff::new();
    let variables = VARIABLES.iter().filter(|(variable, _)| match *variable {
        "P1_PORT" | "P1_BAUD" => has(command, "baud"),
        _ => has(command, "require_auth"),
    });
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in variables {
        term(&mut roff, variable, meaning);
    }
    match command.get_name() {
        "simulate" => String::new(),
        _ => {
            term(&mut roff, "METERPIPE_OPTION", OPTION);
            written(&roff)
        }
    }
}

fn files(command: &Command) -> String {
    let mut roff = Roff::new();
    if has(command, "source") || has(command, "sources") {
        roff.control("SH", ["FILES"]);
        let why = "Names of serial devices that stay the same when the adapter is plugged in again. \
                   The only one there is the source when none is named.";
        term(&mut roff, "/dev/serial/by-id", why);
    }
    written(&roff)
}

/// The lines of the help text's end, as they stand there.
fn examples(command: &Command) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]).control("EX", []);
    for line in example_lines(command) {
        roff.text([roman(line)]);
    }
    roff.control("EE", []);
    written(&roff)
}

/// The examples in the help text of a command, without their indentation.
pub(crate) fn example_lines(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().map(str::trim_end).skip_while(|line| *line != "Examples:").skip(1);
    lines.map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned()).collect()
}

/// The other pages, where they help.
fn see_also(command: &Command, program: &Command) -> String {
    let mut pages: Vec<String> = match command.has_subcommands() {
        true => program.get_subcommands().map(|other| format!("{}(1)", name(other))).collect(),
        false => vec!["meterpipe(1)".to_owned()],
    };
    if has(command, "key_file") || command.has_subcommands() {
        pages.push("meterpipe-keys(5)".to_owned());
    }
    pages.push("meterpipe-record(5)".to_owned());
    if has(command, "to") || command.has_subcommands() {
        pages.push("meterpipe-sinks(7)".to_owned());
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let mut line = vec![];
    for page in &pages {
        let (name, section) = page.split_at(page.len() - 3);
        let comma = if line.is_empty() { "" } else { ", " };
        line.extend([roman(comma), bold(name), roman(section)]);
    }
    roff.text(line);
    written(&roff)
}

fn has(command: &Command, argument: &str) -> bool {
    command.get_arguments().any(|a| a.get_id() == argument)
}

fn term(roff: &mut Roff, term: &str, meaning: &str) {
    roff.control("TP", []).text([bold(term)]).text([roman(meaning)]);
}

pub(crate) fn written(roff: &Roff) -> String {
    section(|text| roff.to_writer(text))
}
