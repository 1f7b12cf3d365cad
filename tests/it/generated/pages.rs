//! The man pages: one a subcommand from the command line's declaration, two formats and the sinks
//! from templates.

use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{readme, sinks, verdicts};

/// Variables that the program reads, for the pages of the subcommands that have the option beside
/// them.
pub(crate) const VARIABLES: [(&str, &str); 10] = [
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
    (
        "SERIAL_KEY_FILE",
        "The same as P1_GUEK_FILE under the name of smartmeter-ha, in the last place.",
    ),
    ("SERIAL_KEY", "The same as P1_GUEK, likewise."),
    ("P1_GAK_FILE", "A file with the authentication key (GAK)."),
    ("P1_GAK", "The authentication key itself."),
    ("XDG_CONFIG_HOME", "The folder with meterpipe/config.toml, instead of ~/.config."),
];

/// The statuses that a subcommand cannot end with.
fn impossible_statuses(command: &Command) -> &'static [&'static str] {
    match command.get_name() {
        "config" => &["1"],
        "simulate" => &["1", "3", "4", "5"],
        "capture" | "unframe" | "publish" | "quarters" | "plot" => &["4"],
        _ => &[],
    }
}

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
    page += &repeated(command, &section(|text| man.render_synopsis_section(text)));
    page += &section(|text| man.render_description_section(text));
    page += &repeated(command, &options(&section(|text| man.render_options_section(text))));
    if command.has_subcommands() {
        page += &section(|text| man.render_subcommands_section(text));
    }
    page += &exit_status(command);
    if command.get_name() == "doctor" {
        page += &verdicts::section();
    }
    page += &environment(command);
    page += &files(command);
    page += &signals(command);
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

/// Dots behind the arguments that may be repeated, which clap_mangen leaves out.
fn repeated(command: &Command, section: &str) -> String {
    let mut text = section.to_owned();
    for argument in command.get_positionals() {
        let most = argument.get_num_args().map_or(1, |range| range.max_values());
        for name in argument.get_value_names().unwrap_or_default().iter().filter(|_| most > 1) {
            let once = format!("[\\fI{name}\\fR]");
            text = text.replace(&once, &format!("{once}..."));
        }
    }
    text
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

/// The rows of the table in the README that apply to the command.
fn exit_status(command: &Command) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    let impossible = impossible_statuses(command);
    let all = readme::exit_statuses().into_iter();
    for (status, meaning) in all.filter(|(status, _)| !impossible.contains(&status.as_str())) {
        term(&mut roff, &status, &meaning);
    }
    written(&roff)
}

fn environment(command: &Command) -> String {
    let mut roff = Roff::new();
    let variables = VARIABLES.iter().filter(|(variable, _)| match *variable {
        "P1_BAUD" => has(command, "baud"),
        "P1_PORT" => has(command, "count") || has(command, "online"),
        "XDG_CONFIG_HOME" => has(command, "config"),
        _ => has(command, "require_auth") || has(command, "online"),
    });
    if command.get_name() == "simulate" {
        return String::new();
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in variables {
        term(&mut roff, variable, meaning);
    }
    if has(command, "config") {
        sinks::places(&mut roff);
        sinks::secrets(&mut roff);
    }
    term(&mut roff, "METERPIPE_OPTION", &option(command));
    written(&roff)
}

/// The text about the variables that stand for options.
fn option(command: &Command) -> String {
    let takes = |long: &&str| command.get_arguments().any(|a| a.get_long() == Some(*long));
    let option = ["format", "to", "input", "config"].into_iter().find(takes).unwrap_or("format");
    let mut text = format!(
        "The value of an option that is not typed: METERPIPE_{} for --{option}.",
        option.to_uppercase()
    );
    let program = command.has_subcommands();
    if program || has(command, "source") || has(command, "sources") {
        text += " METERPIPE_SOURCE is the SOURCE.";
    }
    if program || has(command, "require_auth") {
        text += " A file with the key is METERPIPE_KEY_FILE, and the key itself METERPIPE_KEY: \
                 meterpipe-keys(5).";
    }
    if has(command, "config") {
        text += " Further settings of sinks have variables too: meterpipe-sinks(7).";
    }
    text + " An empty variable counts as unset."
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

fn signals(command: &Command) -> String {
    let mut roff = Roff::new();
    let name = command.get_name();
    if !matches!(name, "capture" | "watch" | "publish") {
        return String::new();
    }
    roff.control("SH", ["SIGNALS"]);
    let end = "The run stores what it has read, and ends. After a second one, more than a second later, \
               it no longer waits for anybody, and says what it did not store.";
    term(&mut roff, "SIGINT, SIGTERM, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2", end);
    let keys = if name == "watch" { "the keys, " } else { "" };
    let files = if name == "watch" { "the recording and " } else { "" };
    if has(command, "config") {
        let text = format!(
            "A live run opens {files}the files of sinks again, and reads {keys}the configuration and the \
             files with secrets again. Sinks with the same settings go on; others end or start. After a \
             mistake, which is reported, nothing changes. Other sources need a restart."
        );
        let ends = " A run without sinks and a recording whose messages go to a terminal ends instead: the \
                    signal says that the terminal was closed.";
        let text = if name == "watch" { text + ends } else { text };
        term(&mut roff, "SIGHUP", &text);
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

pub(super) fn term(roff: &mut Roff, term: &str, meaning: &str) {
    roff.control("TP", []).text([bold(term)]).text([roman(meaning)]);
}

pub(crate) fn written(roff: &Roff) -> String {
    section(|text| roff.to_writer(text))
}
