//! `unframe`, `decrypt` and `decode` as a user runs them.

use crate::common::binary;
use std::{fs, process::Command};

use crate::common::binary::{METERPIPE, Ran, command, run, run_command};
use crate::common::published::{DUMP, Folder, KEY, READING, WRONG_KEY, octets};
use serde_json::Value;

fn fine(out: &str) -> Ran {
    Ran { status: 0, out: out.to_owned(), err: String::new() }
}

#[test]
fn the_published_telegram_by_four_stages_by_decode_and_by_watch() {
    let folder = Folder::new();
    let dump = folder.write("dump.txt", DUMP);
    let pipe = format!(
        "{METERPIPE} capture {dump} | {METERPIPE} unframe | {METERPIPE} decrypt --key-file {key} | {METERPIPE} decode",
        key = folder.key()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &pipe]);
    assert_eq!(run_command(shell, b""), fine(READING));
    assert_eq!(folder.decode(&[&dump], b""), fine(READING));
    assert_eq!(run(&["watch", "--key-file", &folder.key(), &dump], b""), fine(READING));
    assert_eq!(run(&["watch", "--key-file", &folder.key(), "-"], DUMP.as_bytes()), fine(READING));
}

#[test]
fn every_usual_form_of_a_dump_is_read() {
    let folder = Folder::new();
    let octets = octets(DUMP);
    let bytes: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let hyphens: Vec<String> = DUMP
        .replace('\n', "")
        .as_bytes()
        .chunks(67)
        .map(|line| format!("{}-", String::from_utf8_lossy(line)))
        .collect();
    for (name, dump) in [
        ("hyphens at line ends", hyphens.join("\r\n")),
        ("blanks", bytes.join(" ")),
        ("colons", bytes.join(":").to_uppercase()),
        ("hyphens", bytes.join("-")),
        ("0x and commas", format!("{{ 0x{} }};", bytes.join(", 0x"))),
        ("a BOM", format!("\u{feff}{DUMP}")),
        ("a log", format!("2026-08-24 21:03:17 INFO received: {}\n", DUMP.replace('\n', ""))),
    ] {
        assert_eq!(folder.decode(&[], &dump), fine(READING), "{name}");
    }
    assert_eq!(folder.decode(&[], &octets), fine(READING), "binary");
    for listing in [
        "netznoe-2021.bin | xxd",
        "netznoe-2021.bin | hexdump -C",
        "netznoe-2021.bin | od -A x -t x1",
    ] {
        let program = listing.split("| ").nth(1).unwrap();
        folder.write("netznoe-2021.bin", &octets);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("cat {listing}")]).current_dir(folder.0.path());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{program} is not installed: run tests/run");
        assert_eq!(folder.decode(&[], output.stdout), fine(READING), "{program}");
    }
}

#[test]
fn what_cannot_be_distinguished_is_refused_with_a_hint() {
    let folder = Folder::new();
    let words = "0000000 fa68 68fa ff53 0100 db67 4b08 4d46 5067\n0000010 0000 8109 20f8 0000 2300 d588 4fab 5197\n";
    let ran = folder.decode(&[], words);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.err.contains("16-bit words") && ran.err.contains("xxd"), "{}", ran.err);
    let ran = folder.decode(&[], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((ran.status, ran.err.contains("gzip")), (3, true), "{ran:?}");
}

#[test]
fn a_stage_hands_on_what_it_does_not_know() {
    let folder = Folder::new();
    let records = "# meterpipe-record 1\n\
        2026-08-24T21:03:17.482Z frame 68030368 from=a%20b later=1\n\
        2026-08-24T21:03:17.482Z dsmr 2f from=a%20b\n\
        - apdu 0f00000001000200 zone=7 link=mbus\n\
        # a note\n\n";
    let handed_on = "# meterpipe-record 1\n\
        2026-08-24T21:03:17.482Z frame 68030368 from=a%20b later=1\n\
        2026-08-24T21:03:17.482Z dsmr 2f from=a%20b\n\
        - apdu 0f00000001000200 zone=7 link=mbus\n";
    let ran = run(&["decrypt", "--key-file", &folder.key()], records.as_bytes());
    assert_eq!(ran, fine(handed_on));
    let ran = run(&["unframe"], records.as_bytes());
    assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{ran:?}");
    assert!(ran.out.ends_with("- apdu 0f00000001000200 zone=7 link=mbus\n"));
}

#[test]
fn a_header_without_data_is_fine_and_no_data_is_not() {
    for stage in ["unframe", "decrypt", "decode"] {
        let header = if stage == "decode" { "" } else { "# meterpipe-record 1\n" };
        assert_eq!(run(&[stage], b"# meterpipe-record 1\n"), fine(header), "{stage}");
        let ran = run(&[stage], b"");
        assert_eq!((ran.status, ran.out.as_str()), (3, header), "{stage}");
        assert!(ran.err.contains("no telegram found in 0 octets"), "{}", ran.err);
        let ran = run(&[stage], b"nothing but prose\n");
        assert_eq!(ran.status, 3, "{stage}: {ran:?}");
        assert!(ran.err.contains("no telegram found in 1 line of text without hex"), "{}", ran.err);
    }
}

#[test]
fn keys_and_their_absence_make_the_status() {
    let folder = Folder::new();
    let dump = folder.write("dump.txt", DUMP);
    let ran = run(&["decode", &dump], b"");
    assert_eq!((ran.status, ran.out.as_str()), (4, ""));
    assert!(ran.err.contains(
        "no key for this meter (system title 4b464d6750000009); give it with --key-file"
    ));
    let wrong = folder.write("wrong", WRONG_KEY);
    let ran = run(&["decode", "--key-file", &wrong, &dump], b"");
    assert_eq!((ran.status, ran.out.as_str()), (4, ""));
    assert!(ran.err.contains("the key does not fit"), "{}", ran.err);
    let ran = folder.decode(&["--require-auth", &dump], b"");
    assert_eq!((ran.status, ran.out.as_str()), (4, ""));
    assert!(ran.err.contains("not authenticated"), "{}", ran.err);
}

#[test]
fn keys_come_from_files_credentials_and_the_environment_in_this_order() {
    let folder = Folder::new();
    let wrong = folder.write("wrong", WRONG_KEY);
    let credentials = folder.0.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("guek"), KEY).unwrap();
    let status = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(&[&["decode", "-q"], arguments].concat());
        command.envs(variables.iter().copied());
        run_command(command, DUMP.as_bytes()).status
    };
    let credentials = ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    assert_eq!(status(&[], &[("P1_GUEK", KEY)]), 0);
    assert_eq!(status(&[], &[("P1_GUEK", "")]), 4);
    assert_eq!(status(&[], &[("P1_GUEK_FILE", &folder.key()), ("P1_GUEK", WRONG_KEY)]), 0);
    assert_eq!(status(&[], &[credentials, ("P1_GUEK_FILE", &wrong)]), 0);
    assert_eq!(status(&["--key-file", &wrong], &[credentials, ("P1_GUEK", KEY)]), 4);
    assert_eq!(status(&["--key", KEY], &[]), 0);
    assert_eq!(status(&["--key-file", "-"], &[]), 2);
    let dump = folder.write("dump.txt", DUMP);
    assert_eq!(run(&["decode", "--key-file", "-", &dump], KEY.as_bytes()), fine(READING));
}

#[test]
fn a_defect_of_a_key_is_named_by_place_and_never_shown() {
    let folder = Folder::new();
    let cases = [
        (&KEY[..31], "31 hex digits"),
        (
            "36C66639E48A8CA4D6BC8B282A793BBO",
            "character 32 is not a hex digit; is a letter O meant",
        ),
        ("SIXTEENLETTERSAB", "16 characters are a key only when"),
        (&format!("{KEY}{KEY}"), "64 digits may be both keys"),
        (&hex::encode(KEY), "64 digits look like the character codes"),
        ("", "the key file is empty"),
        (
            &format!("{WRONG_KEY}\nGUEK: (siehe Brief)\n"),
            "line 2: key: the key is missing at character 5; other digits are not taken for it",
        ),
        (
            &format!("Id {WRONG_KEY}\nGUEK folgt\n"),
            "line 1: key: these digits have the name of something else than a key at character 4",
        ),
        (
            &format!("{}\0{}\n", &KEY[..15], &KEY[16..]),
            "line 1: key: character 16 is not a hex digit: U+0000",
        ),
        (&KEY.replace("BBB", "B**"), "line 1: key: character 31 is not a hex digit: *"),
    ];
    for (text, expected) in cases {
        let path = folder.write("defect", text);
        let ran = run(&["decode", "--key-file", &path], DUMP.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{expected}");
        assert!(ran.err.contains(expected), "{}", ran.err);
        let shown = ran.err.to_uppercase();
        assert!(text.len() < 8 || !shown.contains(&text[..8]), "{}", ran.err);
    }
    let mut with_key = command(&["decode", "--key", &KEY[..31]]);
    with_key.env("P1_GAK", &KEY[..30]);
    let ran = run_command(with_key, DUMP.as_bytes());
    assert_eq!(ran.status, 2);
    assert!(!ran.err.contains(&KEY[..8]), "{}", ran.err);
    let ran = run(&["decode", KEY], b"");
    assert_eq!((ran.status, ran.err.contains(&KEY[..8])), (5, false), "{}", ran.err);
}

#[test]
fn a_key_file_may_be_as_a_mail_or_an_editor_leaves_it() {
    let folder = Folder::new();
    let utf16: Vec<u8> =
        format!("\u{feff}{KEY}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let octets: Vec<_> = (0..16).map(|at| format!("0x{}", &KEY[2 * at..2 * at + 2])).collect();
    for text in [
        utf16,
        format!("\"{KEY}\"").into_bytes(),
        format!("„{KEY}“").into_bytes(),
        format!("GUEK: {KEY}").into_bytes(),
        format!("Schl\u{fc}ssel = {KEY}").chars().map(|c| c as u8).collect(),
        format!("181220000009: {KEY}").into_bytes(),
        format!("{{\"key\":\"{KEY}\"}}").into_bytes(),
        format!("{{ {} }}", octets.join(", ")).into_bytes(),
        format!("<p>Ihr Schlüssel: <b>{KEY}</b></p>").into_bytes(),
    ] {
        let path = folder.write("key", &text);
        let ran = run(&["decode", "--key-file", &path], DUMP.as_bytes());
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{text}: {}", ran.err);
    }
    let empty = folder.write("empty", "");
    let ran = run(&["decode", "--key-file", &empty], DUMP.as_bytes());
    assert!(ran.status == 2 && ran.err.contains("the key file is empty"), "{}", ran.err);
    let ran = run(&["decode", "--key-file", "/nowhere/key"], DUMP.as_bytes());
    assert!(
        ran.status == 2 && ran.err.contains("the key file: /nowhere/key: no such file"),
        "{}",
        ran.err
    );
    let swapped = folder.write("swapped", format!("{WRONG_KEY} {KEY}"));
    let ran = run(&["decode", "--key-file", &swapped], DUMP.as_bytes());
    assert!(
        ran.status == 4 && ran.err.contains("exchange it with the encryption key"),
        "{}",
        ran.err
    );
}

#[test]
fn several_meters_in_one_key_file() {
    let folder = Folder::new();
    for text in [
        format!("{WRONG_KEY}\n{KEY}\n"),
        format!("4b464d6750000009 {KEY}\n"),
        format!("181220000009 {KEY}\n"),
        format!("# two meters\n111111111111 {WRONG_KEY}\n181220000009 {KEY} {WRONG_KEY}\n"),
    ] {
        let keys = folder.write("keys", &text);
        assert_eq!(
            run(&["decode", "-q", "--key-file", &keys], DUMP.as_bytes()).out,
            READING,
            "{text}"
        );
    }
    // A number that the decrypted telegram does not confirm.
    let keys = folder.write("keys", format!("999999999999 {KEY}\n"));
    assert_eq!(run(&["decode", "-q", "--key-file", &keys], DUMP.as_bytes()).status, 4);
}

#[test]
fn bad_lines_are_named_and_the_good_ones_beside_them_decoded() {
    let folder = Folder::new();
    let one_line = DUMP.replace('\n', "");
    let damaged = format!("{}{}", &one_line[..100], one_line[100..].replacen('A', "B", 1));
    let input = format!("{one_line}\n{damaged}\n00112233445566778899Z8\n{one_line}\n");
    let ran = folder.decode(&[], &input);
    assert_eq!((ran.status, ran.out), (1, READING.repeat(2)));
    assert!(
        ran.err.contains("line 2: mbus: checksum at octet 254: found 17, computed"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("line 3: hex: character 21 is not a hex digit"), "{}", ran.err);
    assert!(ran.err.ends_with("octets read\n") && ran.err.contains("2 telegrams, 2 rejected"));
    let ran = folder.decode(&["-q"], &input);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
}

#[test]
fn after_ten_of_a_cause_the_rest_is_counted() {
    let folder = Folder::new();
    let octets = octets(DUMP);
    let mut stream = octets.clone();
    for _ in 0..25 {
        let mut damaged = octets.clone();
        damaged[254] ^= 1;
        stream.extend(damaged);
    }
    let ran = folder.decode(&[], &stream);
    assert_eq!((ran.status, ran.out.as_str()), (1, READING));
    assert_eq!(ran.err.matches("computed").count(), 11, "{}", ran.err);
    assert!(ran.err.contains("15 more like: mbus: checksum"), "{}", ran.err);
}

#[test]
fn a_closed_pipe_is_success_and_a_full_disk_is_not() {
    let folder = Folder::new();
    let many = folder.write("many", DUMP.repeat(2000));
    let shell = |script: String| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]);
        run_command(shell, b"")
    };
    let decode = format!("{METERPIPE} decode --key-file {} {many}", folder.key());
    let ran = shell(format!("({decode}; echo status $? >&2) | head -n 1"));
    assert_eq!((ran.out.as_str(), ran.err.as_str()), (READING, "status 0\n"));
    let one = folder.write("one", DUMP);
    for file in [&many, &one] {
        let ran =
            shell(format!("{METERPIPE} decode --key-file {} {file} > /dev/full", folder.key()));
        assert_eq!(ran.status, 6, "{ran:?}");
        assert!(ran.err.contains("standard output: No space left on device"), "{}", ran.err);
    }
    assert_eq!(shell(format!("{METERPIPE} --help > /dev/full")).status, 6);
    let ran = shell(format!("ulimit -f 1; {decode} > {}/limited", folder.0.path().display()));
    assert_eq!((ran.status, ran.err.contains("File too large")), (6, true), "{ran:?}");
}

#[test]
fn a_telegram_is_out_before_the_next_one_is_waited_for() {
    use std::io::{BufRead, BufReader, Write};
    let folder = Folder::new();
    let mut command = command(&["decode", "--key-file", &folder.key()]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = binary::Running(command.spawn().unwrap());
    let mut stdin = child.0.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    for form in [DUMP.as_bytes(), DUMP.as_bytes()] {
        stdin.write_all(form).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, READING);
    }
}

#[test]
fn one_endless_line_needs_no_more_memory_than_a_short_one() {
    let folder = Folder::new();
    let script = format!(
        "ulimit -v 200000; yes {} | head -n 60000 | tr -d '\\n' | {METERPIPE} decode --key-file {} | wc -l",
        DUMP.replace('\n', ""),
        folder.key()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    let ran = run_command(shell, b"");
    assert_eq!((ran.out.trim(), ran.err.as_str()), ("60000", ""));
}

#[test]
fn usage_errors_come_before_anything_is_read() {
    let folder = Folder::new();
    for arguments in [
        &["--fields", "energy_imports_wh"][..],
        &["--unit", "energy=PS"],
        &["--timezone", "Mars/Olympus"],
        &["--format", "yaml"],
        &["--format", "xml", "--fields", "time"],
        &["--key-file", "/nonexistent/guek"],
        &["--system-title", "4b46"],
    ] {
        let ran = run(&[&["decode"], arguments].concat(), DUMP.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    let ran = folder.decode(&["/nonexistent/dump"], b"");
    assert_eq!((ran.status, ran.err.contains("/nonexistent/dump: no such file")), (5, true));
    let dump = folder.write("dump.txt", DUMP);
    let ran = folder.decode(&["/", &dump], b"");
    assert_eq!((ran.status, ran.out.as_str()), (5, READING));
    assert!(ran.err.contains("/: a folder, not a file"), "{}", ran.err);
}

#[test]
fn fields_units_and_formats_as_asked() {
    let folder = Folder::new();
    let decode = |arguments: &[&str]| folder.decode(arguments, DUMP);
    let fields = "meter,energy_import_wh,1-0:32.7.0,time";
    let ran = decode(&["--fields", fields]);
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(object["energy_import_wh"].to_string(), "12937");
    let csv =
        decode(&["--format", "csv", "--fields", "time,energy_import_kwh", "--unit", "energy=kWh"]);
    assert_eq!(csv, fine("time,energy_import_kwh\n2021-09-27T09:47:15+02:00,12.937\n"));
    let csv = decode(&["--fields", "voltage_l1_v,time", "--csv-locale", "at", "--no-header"]);
    assert_eq!(csv, fine("233,7;27.09.2021 09:47:15;+02:00\n"));
    let names = ["--names", "energy_import_wh=E,meter=M", "--fields", "time,M"];
    let renamed = decode(&names);
    assert_eq!((renamed.status, &*renamed.out), (2, ""));
    let message = "M is a name of --names: --fields takes the field itself, meter\n";
    assert!(renamed.err.contains(message), "{}", renamed.err);
    let list = run(&["decode", "--list-fields"], b"");
    assert_eq!(list.status, 0);
    assert!(list.out.contains("energy_import_wh") && list.out.contains("1-0:1.8.0"));
}
