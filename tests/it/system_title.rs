//! Telegrams without a system title: the option, the key of the configuration, and the words about what is
//! missing.

use crate::common::{
    binary::run,
    published::{Folder, PLAIN, octets},
    wire::wrapped,
};
use meterpipe::source::simulator::wire::Sealer;

const TITLE: &str = "4b464d3132333435";
const OTHER: &str = "4b464d3132333436";

/// Telegrams without the title that they were sealed with, and a file with their key.
fn untitled(folder: &Folder) -> (String, String) {
    let mut stream = vec![];
    for counter in 1..=3 {
        let mut sealed = vec![];
        Sealer::new(0, &[0x11; 16], None).seal(b"KFM12345", counter, &octets(PLAIN), &mut sealed);
        sealed.drain(2..10);
        sealed[1] = 0;
        stream.extend(wrapped(&sealed));
    }
    (folder.write("dump.bin", stream), folder.write("key", hex::encode([0x11; 16])))
}

#[test]
fn doctor_names_the_missing_title_and_not_the_key() {
    let folder = Folder::new();
    let (dump, key) = untitled(&folder);
    let doctor = |more: &[&str]| run(&[&["doctor", &dump], more].concat(), b"");
    let ran = doctor(&["--key-file", &key]);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(ran.status, 4, "{words}");
    assert!(words.contains(": no-title cause") && words.contains("--system-title"), "{words}");
    assert!(!words.contains("no key was given"), "{words}");
    let ran = doctor(&[]);
    assert!(ran.out.contains(": no-key\n"), "{}", ran.out);
    let ran = doctor(&["--key-file", &key, "--system-title", TITLE]);
    let command = format!("meterpipe decode {dump} --system-title {TITLE} --key-file {key}\n");
    assert!(ran.status == 0 && ran.out.contains(&command), "{}", ran.out);
    let ran = doctor(&["--key-file", &key, "--system-title", OTHER]);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("may be that of another meter"), "{words}");
}

#[test]
fn a_wrong_title_is_named_beside_the_key() {
    let folder = Folder::new();
    let (dump, key) = untitled(&folder);
    let ran = run(&["decode", "--key-file", &key, "--system-title", OTHER, &dump], b"");
    assert_eq!(ran.status, 4);
    assert!(ran.err.contains("the key or the system title that was given"), "{}", ran.err);
    let ran = run(&["decode", "--key-file", &key, &dump], b"");
    assert!(ran.err.contains("give it with --system-title"), "{}", ran.err);
}

#[test]
fn a_meter_of_the_configuration_has_its_title() {
    let folder = Folder::new();
    let (dump, key) = untitled(&folder);
    let meter = |title: &str| {
        let text = format!("[[meter]]\nsource = \"{dump}\"\nkey_file = \"{key}\"\n");
        folder.write("config.toml", format!("{text}system_title = \"{title}\"\n"))
    };
    let with =
        |command: &[&str], config: &str| run(&[command, &["--config", config]].concat(), b"");
    let watch = ["watch", "--format", "json"];
    let config = meter(TITLE);
    let ran = with(&watch, &config);
    assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{}", ran.err);
    for command in [&["config", "check", "--online"][..], &["config", "show"], &["doctor"]] {
        let ran = with(command, &config);
        assert_eq!(ran.status, 0, "{command:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.out.contains(TITLE), command[1..] != ["check", "--online"], "{}", ran.out);
    }
    let ran = with(&watch, &meter(OTHER));
    assert_eq!(ran.status, 4, "{}", ran.err);
    let ran = run(&[&watch[..], &["--config", &config, "--system-title", OTHER]].concat(), b"");
    assert_eq!(ran.status, 4, "the option is stronger: {}", ran.err);
    let ran = with(&["config", "check"], &meter("4b46"));
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("line 4: a text of 16 hex digits is expected here"), "{}", ran.err);
}
