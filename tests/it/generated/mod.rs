//! The man pages and completions in the tree are those of the program.
//!
//! They are committed so that package builders can copy them, and rendered here from the command
//! line's own declaration. After a change of a help text: `BLESS=1 cargo test generated`.

// The declaration stands alone on purpose: the binary and this test both include it.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/args.rs"]
mod args;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/config_args.rs"]
mod config_args;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/doctor_args.rs"]
mod doctor_args;
mod lists;
mod pages;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/plot_args.rs"]
mod plot_args;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/quarters_args.rs"]
mod quarters_args;
mod readme;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/setup_args.rs"]
mod setup_args;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/shared_args.rs"]
mod shared_args;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../src/cli/setup/simulate_args.rs"]
mod simulate_args;
mod sinks;
pub(crate) mod verdicts;

use crate::common::tools;
use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use clap_complete::Shell;
use meterpipe::{
    chain::{event::StageEvent, unframe::Unframe},
    cipher::key_file,
    record::{Attributes, Auth, HEADER, Place, Record, RecordKind, Time},
};

/// The declaration of the command line.
fn command() -> clap::Command {
    let mut command = args::Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All generated files: their paths and texts.
fn wanted() -> Vec<(String, String)> {
    [pages::all(&command()), completions()].concat()
}

/// The text of one of them.
fn text(path: &str) -> String {
    wanted().into_iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("no {path}")).1
}

#[test]
fn man_pages_and_completions_are_those_of_the_program() {
    let wanted = wanted();
    let is = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let stale = wanted.iter().filter(|(path, text)| is(&root().join(path)) != *text);
    let mut stale: Vec<_> = stale.map(|(path, _)| root().join(path)).collect();
    stale.extend(left_over(&wanted));
    if std::env::var_os("BLESS").is_some() {
        return bless(&wanted);
    }
    assert!(
        stale.is_empty(),
        "not as the program is now: {stale:#?}\nwrite them with: BLESS=1 cargo test generated"
    );
}

fn bless(wanted: &[(String, String)]) {
    for path in left_over(wanted) {
        fs::remove_file(path).unwrap();
    }
    for (path, text) in wanted {
        fs::write(root().join(path), text).unwrap();
    }
}

/// Files beside the generated ones that nobody generates: a page of a subcommand that is gone.
fn left_over(wanted: &[(String, String)]) -> Vec<PathBuf> {
    let folders = ["man", "completions"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| !wanted.iter().any(|(name, _)| root().join(name) == *path)).collect()
}

fn completions() -> Vec<(String, String)> {
    let shells = [
        (Shell::Bash, "completions/meterpipe.bash"),
        (Shell::Zsh, "completions/_meterpipe"),
        (Shell::Fish, "completions/meterpipe.fish"),
    ];
    let render = |shell| {
        let mut text = vec![];
        let mut command = lists::without_files(args::Cli::command());
        clap_complete::generate(shell, &mut command, "meterpipe", &mut text);
        let text = String::from_utf8(text).unwrap();
        lists::completed(shell, &text)
    };
    shells.map(|(shell, path)| (path.to_owned(), render(shell))).into()
}

#[test]
fn every_subcommand_has_a_page_with_all_sections() {
    for subcommand in command().get_subcommands() {
        let name = format!("man/meterpipe-{}.1", subcommand.get_name());
        let page = text(&name);
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXAMPLES",
            "\"EXIT STATUS\"",
            "\"SEE ALSO\"",
        ] {
            let heading = format!("\n.SH {section}\n");
            assert_eq!(page.matches(&heading).count(), 1, "{name}: {section}");
        }
    }
}

#[test]
fn a_page_lists_the_statuses_that_its_subcommand_can_end_with() {
    let statuses = |name: &str| {
        let page = text(&format!("man/meterpipe-{name}.1"));
        let section = page.split("\n.SH \"EXIT STATUS\"\n").nth(1).unwrap().to_owned();
        let terms = section.split("\n.SH").next().unwrap().split("\\fB").skip(1);
        terms.map(|term| term.split("\\fR").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses("config"), ["0", "2", "3", "4", "5", "6", "130, 143"]);
    assert_eq!(statuses("publish"), ["0", "1", "2", "3", "5", "6", "130, 143"]);
    assert_eq!(statuses("decode"), ["0", "1", "2", "3", "4", "5", "6", "130, 143"]);
}

#[test]
fn an_argument_that_may_be_repeated_has_dots_behind_it() {
    for (name, argument) in [("decode", "[\\fIFILE\\fR]..."), ("capture", "[\\fISOURCE\\fR]")] {
        let page = text(&format!("man/meterpipe-{name}.1"));
        let end = format!(" {argument}\n.SH DESCRIPTION\n");
        assert!(page.contains(&end) && page.contains(&format!("\n{argument}\n")), "{name}");
    }
}

/// clap breaks longer lines, and what is broken cannot be copied.
#[test]
fn examples_fit_into_a_terminal_of_80_columns() {
    let command = command();
    for command in command.get_subcommands().chain([&command]) {
        let lines = pages::example_lines(command);
        assert!(!lines.is_empty(), "{} has no examples", command.get_name());
        let long: Vec<_> = lines.iter().filter(|line| line.chars().count() > 78).collect();
        assert!(long.is_empty(), "{long:?}");
    }
}

/// No page tells of a variable that the program does not know.
#[test]
fn variables_on_the_pages_are_read_by_the_program() {
    fn read(folder: &Path) -> String {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let text = |path: PathBuf| match path.is_dir() {
            true => read(&path),
            false => fs::read_to_string(path).unwrap(),
        };
        files.map(text).collect()
    }
    let source = ["src/cli", "src/source"].map(|folder| read(&root().join(folder))).concat();
    for (variable, _) in pages::VARIABLES {
        // A file with a secret is looked for beside each variable that may hold it.
        let name = variable.strip_suffix("_FILE").unwrap_or(variable);
        assert!(source.contains(&format!("\"{name}\"")), "{variable} is read nowhere");
    }
}

/// The lines between `.EX` and `.EE`, as a reader of the page sees them.
fn examples(page: &str) -> Vec<Vec<String>> {
    let page = text(page);
    let blocks = page.split("\n.EX\n").skip(1).map(|block| block.split("\n.EE").next().unwrap());
    let plain = |line: &str| line.replace("\\-", "-").replace("\\(aq", "'").replace("\\&", "");
    blocks.map(|block| block.lines().map(plain).collect()).collect()
}

/// The records on the page of records; its other examples are commands, which the tests of the
/// documents run.
fn records() -> Vec<String> {
    let lines = examples("man/meterpipe-record.5").concat();
    assert_eq!(lines.iter().filter(|line| **line == HEADER.trim_end()).count(), 1);
    lines.into_iter().filter(|line| Record::kind(line.as_bytes()).is_some()).collect()
}

#[test]
fn the_records_on_their_page_are_records() {
    for line in records() {
        let (mut room, mut text) = (vec![], vec![]);
        let record = Record::parse(line.as_bytes(), &mut room);
        let record = record.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(!matches!(record.kind, RecordKind::Other(_)), "{line}: {:?}", record.kind);
        record.write(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), format!("{line}\n"));
    }
}

#[test]
fn the_frame_on_the_page_of_records_holds_the_apdu_below_it() {
    let (mut unframe, mut text) = (Unframe::default(), vec![]);
    let mut out = |event: StageEvent<'_>| match event {
        StageEvent::Record(record, _) => record.write(&mut text),
        StageEvent::Refused(refusal) => panic!("{}", refusal.error),
        StageEvent::Noise(_)
        | StageEvent::Unverified(_)
        | StageEvent::Sorted(_)
        | StageEvent::Edge(_)
        | StageEvent::Unchecked => {}
    };
    let records = records();
    for line in &records[..2] {
        let mut room = vec![];
        let record = Record::parse(line.as_bytes(), &mut room).unwrap();
        unframe.feed(&record, Place::default(), &mut out);
    }
    unframe.end(&mut out);
    assert_eq!(String::from_utf8(text).unwrap(), format!("{}\n", records[2]));
}

/// Every column and every kind that the program writes is described, and no other.
#[test]
fn the_page_of_records_names_all_kinds_and_columns() {
    let attributes = Attributes {
        from: Some("ttyUSB0"),
        link: Some("mbus"),
        title: Some([0; 8]),
        ic: Some(1),
        sc: Some(0x20),
        auth: Some(Auth::None),
        near_frame: true,
        err: Some("parity@1"),
        text: "",
    };
    let (time, octets, mut line) = (Time::UNKNOWN, [0].as_slice(), vec![]);
    Record { time, kind: RecordKind::Raw, octets, attributes }.write(&mut line);
    let line = String::from_utf8(line).unwrap();
    let keys = line.split(' ').filter_map(|column| Some(format!("{}=", column.split_once('=')?.0)));
    let kinds =
        [RecordKind::Raw, RecordKind::Frame, RecordKind::Apdu].map(|kind| kind.as_str().to_owned());

    let page = text("man/meterpipe-record.5");
    let terms = page.split("\n.TP\n").skip(1).filter_map(|term| term.lines().next());
    let named: Vec<_> = terms.filter_map(|term| term.strip_prefix(".B ")).collect();
    let known: Vec<_> = kinds.into_iter().chain(keys).collect();
    assert_eq!(named, known, "the terms on meterpipe-record(5)");
}

#[test]
fn the_key_files_on_their_page_are_key_files() {
    let files = examples("man/meterpipe-keys.5");
    let found: Vec<_> = files.iter().map(|lines| key_file::parse(&lines.join("\n"))).collect();
    let entries: Vec<_> = found.into_iter().map(|entries| entries.unwrap()).collect();
    let shape = |entry: &key_file::KeyEntry| (entry.name.is_some(), entry.gak.is_some());
    let shapes: Vec<Vec<_>> = entries.iter().map(|e| e.iter().map(shape).collect()).collect();
    let several = vec![(true, false), (true, false), (true, true)];
    assert_eq!(shapes, [vec![(false, false)], vec![(false, true)], several]);
}

#[test]
fn pages_have_no_lint() {
    let folder = tempfile::tempdir().unwrap();
    tools::need("mandoc", |mut mandoc| {
        mandoc.args(["-T", "lint", "-W", "warning"]).current_dir(&folder);
        for (path, text) in wanted().iter().filter(|(path, _)| path.starts_with("man/")) {
            let page = path.trim_start_matches("man/");
            fs::write(folder.path().join(page), text).unwrap();
            mandoc.arg(page);
        }
        let output = String::from_utf8(mandoc.output().unwrap().stdout).unwrap();
        // A page has no date: it belongs to a version.
        let lint: Vec<_> = output.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(lint.is_empty(), "{}", lint.join("\n"));
    });
}

/// Each shell loads its file, the first argument, and completes `meterpipe deco` and `meterpipe
/// publish --to mq`. zsh completes only at a prompt: the test types into a terminal of zsh, and asks
/// for the line.
const BASH: &str = r#"
    . "$1"
    compopt() { :; }
    COMP_WORDS=(meterpipe deco) COMP_CWORD=1
    _meterpipe meterpipe deco meterpipe
    printf '%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe publish --to mq) COMP_CWORD=3
    _meterpipe meterpipe mq --to
    printf '%s\n' "${COMPREPLY[@]}"
    # As bash splits: time,met; sim:ka; energy=k; energy=kWh,po.
    COMP_WORDS=(meterpipe decode --fields time,met) COMP_CWORD=3
    _meterpipe meterpipe time,met --fields
    printf '%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe watch sim : ka) COMP_CWORD=4
    _meterpipe meterpipe ka :
    printf 'sim:%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe decode --unit energy = k) COMP_CWORD=5
    _meterpipe meterpipe k =
    printf 'energy=%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe decode --unit energy = kWh,po) COMP_CWORD=5
    _meterpipe meterpipe kWh,po =
    printf 'energy=%s\n' "${COMPREPLY[@]}"
    # Behind a sign bash hands over no word.
    COMP_WORDS=(meterpipe watch sim :) COMP_CWORD=3
    _meterpipe meterpipe "" sim
    printf 'all sim:%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe decode --unit energy =) COMP_CWORD=4
    _meterpipe meterpipe "" energy
    printf 'all energy=%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe decode --format = c) COMP_CWORD=4
    _meterpipe meterpipe c =
    printf 'format=%s\n' "${COMPREPLY[@]}"
    # Files are known to bash, and names are of the user's own.
    COMP_WORDS=(meterpipe publish --to file :) COMP_CWORD=4
    _meterpipe meterpipe "" file
    printf 'behind file: %s\n' "${#COMPREPLY[@]}"
    COMP_WORDS=(meterpipe decode --names voltage_l1_v =) COMP_CWORD=4
    _meterpipe meterpipe "" voltage_l1_v
    printf 'behind a name: %s\n' "${#COMPREPLY[@]}"
    compopt() { printf '%s%s\n' "${COMPREPLY[0]}" "$2"; }
    COMP_WORDS=(meterpipe publish --to fi) COMP_CWORD=3
    _meterpipe_word meterpipe fi --to
    COMP_WORDS=(meterpipe quarters --fields time,ene) COMP_CWORD=3
    _meterpipe meterpipe time,ene --fields
    printf '%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe quarters --unit pow) COMP_CWORD=3
    _meterpipe meterpipe pow --unit
    printf '%s\n' "${COMPREPLY[@]}"
    compopt() { :; }
    COMP_WORDS=(meterpipe watch --names volt) COMP_CWORD=3
    _meterpipe meterpipe volt --names
    printf '%s\n' "${COMPREPLY[@]}"
    COMP_WORDS=(meterpipe setup --source sim) COMP_CWORD=3
    # No file is called so, which is no failure.
    _meterpipe meterpipe sim --source || true
    printf 'setup %s\n' "${COMPREPLY[@]}"
    compopt() { printf 'no files: %s %s of %s\n' "$*" "${COMPREPLY[*]:0:1}" "${COMP_WORDS[*]}"; }
    COMP_WORDS=(meterpipe decode --names a = b,volt) COMP_CWORD=5
    _meterpipe_word meterpipe b,volt =
    COMP_WORDS=(meterpipe publish --to mqtt : //) COMP_CWORD=5
    _meterpipe_word meterpipe // :
    COMP_WORDS=(meterpipe help config "") COMP_CWORD=3
    _meterpipe_word meterpipe "" config || true
    COMP_WORDS=(meterpipe plot --last "") COMP_CWORD=3
    _meterpipe_word meterpipe "" --last
    COMP_WORDS=(meterpipe config check ch) COMP_CWORD=3
    _meterpipe_word meterpipe ch check || true
    printf 'behind check: %s\n' "${#COMPREPLY[@]}"
"#;
const ZSH: &str = r#"
    zmodload zsh/zpty
    zpty shell "TERM=dumb PS1= zsh -f -i"
    ask() { zpty -w shell "$1"; zpty -r shell answer "*$2*" }
    ask "file=${(q)1}; autoload -Uz compinit; compinit -D -u; . \$file; print LOA''DED" LOADED
    ask "show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle -I }; zle -N show; print SHO''WN" SHOWN
    ask "bindkey '^X' show; bindkey '^I' complete-word; unsetopt auto_list auto_menu; print BOU''ND" BOUND
    for line in 'deco' 'help deco' 'publish --to fi' 'watch --to=ud' 'setup --to exe' 'publish --to mqtts' \
        "publish --to file:${1:h}/mete" 'watch --to sola' 'publish --to prom' 'simulate --meter=k' \
        'simulate --meter=kae' 'simulate --meter st' 'config ch' 'config check --on' 'config import --forc' \
        'decode x --comm' 'watch sim:ka' 'decode --fields time,met' 'quarters --unit pow' \
        'decode --names a=b,frequ' 'plot --last me'
    do
        zpty -w -n shell "meterpipe $line"$'\t\x18'
        zpty -r shell answer '*<*>*'
        print -r -- "<${${answer##*\<meterpipe }%%\>*}>"
    done
    zpty -d shell
"#;
const FISH: &str = r#"
    source $argv[1]; complete -C 'meterpipe deco'; complete -C 'meterpipe publish --to mq'
    complete -C 'meterpipe decode --fields time,met'; complete -C 'meterpipe watch sim:ka'
    complete -C 'meterpipe decode --unit energy='; complete -C 'meterpipe decode --unit energy=kWh,po'
    complete -C 'meterpipe quarters --fields time,ene'; complete -C 'meterpipe quarters --unit pow'
    complete -C 'meterpipe watch --names volt'
    complete -C 'meterpipe setup --source sim:ka' | string replace -r '^' 'setup '
    cd (dirname $argv[1]); touch sim:file
    complete -C 'meterpipe config ' | string replace -r '^' 'config '
    complete -C 'meterpipe config check --on' | string replace -r '^' 'config check '
    complete -C 'meterpipe help deco' | string replace -r '^' 'help '
    complete -C 'meterpipe watch sim:' | string replace -r '^' 'source '
    complete -C "meterpipe plot --last mete" | string replace -r '^' 'no value: '
    complete -C "meterpipe help config mete" | string replace -r '^' 'no value: '
    complete -C "meterpipe publish --to file:mete"
    complete -C "meterpipe publish --to=file:mete"
    complete -C "meterpipe publish --to prometheus:" | string replace -r '^' 'sink '
"#;
/// The completions that bash and fish offer.
const OFFERED: [&str; 9] = [
    "mqtts://",
    "time,meter",
    "sim:kaernten-netz",
    "energy=kWh",
    "energy=kWh,power=kW",
    "time,energy_import_wh",
    "\npower=kW",
    "\nvoltage_l1_v=",
    "setup sim:kaernten-netz",
];

/// What bash alone has to be told.
const OFFERED_BY_BASH: [&str; 11] = [
    "no files: +o default +o bashdefault b,voltage_l1_v= of meterpipe decode --names a = b,volt",
    "no files: +o default +o bashdefault  of meterpipe publish --to mqtt : //",
    "no files: +o default +o bashdefault  of meterpipe help config",
    "no files: -o nospace  of meterpipe plot --last",
    "behind check: 0",
    "all sim:kaernten-netz",
    "all energy=kWh",
    "format=csv",
    "behind file: 0",
    "behind a name: 0",
    "file:nospace",
];

/// What fish alone has to be told.
const OFFERED_BY_FISH: [&str; 9] = [
    "config check\t",
    "config import\t",
    "config check --online\t",
    "help decode\t",
    "source sim:graz\t",
    "\nfile:meterpipe",
    "\n--to=file:meterpipe",
    "sink prometheus://\t",
    "sink prometheus:meterpipe",
];

/// The lines of zsh after a tabulator: no blank behind a sign, and no guess between two meters.
const LINES_OF_ZSH: [&str; 21] = [
    "<decode --names a=b,frequency_hz=>",
    "<plot --last me>",
    "<decode >",
    "<help decode >",
    "<publish --to file:>",
    "<watch --to=udp://>",
    "<setup --to exec:>",
    "<publish --to mqtts://>",
    "/meterpipe >",
    "<watch --to solarview:>",
    "<publish --to prometheus:>",
    "<simulate --meter=k>",
    "<simulate --meter=kaernten-netz >",
    "<simulate --meter steiermark >",
    "<config check >",
    "<config check --online >",
    "<config import --force >",
    "<decode x --comments=>",
    "<watch sim:kaernten-netz >",
    "<decode --fields time,meter,>",
    "<quarters --unit power=kW,>",
];

/// The values that nobody can list beforehand.
const OPEN: [&str; 21] = [
    "count",
    "timeout",
    "jobs",
    "key",
    "system-title",
    "timezone",
    "tolerance",
    "last",
    "from",
    "at",
    "shift-time",
    "time",
    "seed",
    "start",
    "noise",
    "flip",
    "cut",
    "lose",
    "duplicate",
    "meter",
    // Offered in lists.rs, with the sign behind each.
    "names",
];

#[test]
fn every_option_with_a_known_set_of_values_offers_it() {
    let command = command();
    for command in command.get_subcommands() {
        let options = command.get_arguments().filter(|arg| arg.get_long().is_some());
        for option in options.filter(|arg| arg.get_action().takes_values()) {
            let (name, long) = (command.get_name(), option.get_long().unwrap());
            let offers = !option.get_possible_values().is_empty();
            let is_file = option.get_value_hint() == clap::ValueHint::FilePath;
            let is_open = OPEN.contains(&long) || (name, long) == ("plot", "to");
            let is_simulated = (name, long) == ("simulate", "meter");
            assert_eq!(offers || is_file, !is_open || is_simulated, "{name} --{long}");
        }
    }
}

#[test]
fn completions_load_in_their_shells() {
    let folder = tempfile::tempdir().unwrap();
    let complete = |shell: &str, options: &[&str], script: &str, name: &str| {
        let file = folder.path().join("meterpipe");
        fs::write(&file, text(name)).unwrap();
        tools::need(shell, |mut command| {
            // The file is $0 and $1.
            let output = command.args(options).arg(script).args([&file, &file]).output().unwrap();
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(stdout.contains("decode"), "{shell}: {stdout}{stderr}");
            let (usual, own) = match shell {
                "bash" => (&OFFERED[..], &OFFERED_BY_BASH[..]),
                "fish" => (&OFFERED[..], &OFFERED_BY_FISH[..]),
                _ => (&[][..], &LINES_OF_ZSH[..]),
            };
            for wrong in ["source sim:file", "no value: "] {
                assert!(!stdout.contains(wrong), "{shell}: {stdout}");
            }
            for offered in usual.iter().chain(own) {
                assert!(stdout.contains(offered), "{shell}: {offered}: {stdout}{stderr}");
            }
            assert!(output.status.success() && stderr.is_empty(), "{shell}: {stderr}");
        });
    };
    complete("bash", &["--norc", "-ec"], BASH, "completions/meterpipe.bash");
    complete("zsh", &["-fc"], ZSH, "completions/_meterpipe");
    complete("fish", &["--no-config", "-c"], FISH, "completions/meterpipe.fish");
}
