//! The places of `explain`: absolute octets and lines of the input, those that messages name; noise is no
//! telegram; and `--at` takes each place that is printed.

use std::process::Command;

use crate::common::{
    binary::{METERPIPE, run, run_command},
    published::{DUMP, Folder, PLAIN, octets},
    wire::{dsmr, hdlc, mbus},
};

/// Octets that begin nothing.
const NOISE: [u8; 21] = [0xaa; 21];

/// The headings of a page: telegrams, noise and layers.
fn headings(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase())).collect()
}

/// The published telegram, its first frame damaged at the checksum.
fn damaged() -> Vec<u8> {
    let mut damaged = octets(DUMP);
    damaged[254] ^= 1;
    damaged
}

/// The ciphered APDU of the published telegram.
fn apdu() -> Vec<u8> {
    let octets = octets(DUMP);
    [&octets[9..254], &octets[265..280]].concat()
}

#[test]
fn noise_is_no_telegram_and_each_place_is_an_octet_of_the_input() {
    let folder = Folder::new();
    let good = octets(DUMP);
    let input = [&NOISE[..], &good, &NOISE, &damaged(), &NOISE, &good[..100]].concat();
    let binary = folder.write("dump.bin", input);
    let ran = run(&["explain", "--key-file", &folder.key(), &binary], b"");
    assert_eq!(
        headings(&ran.out),
        [
            "No telegram, octet 0",
            "Noise, 21 octets (noise)",
            "Telegram 1, octet 21",
            "M-Bus frame, 256 octets (mbus)",
            "M-Bus frame, 26 octets (mbus#2), octet 277",
            "Ciphered APDU, 260 octets (cipher)",
            "Plain APDU, 243 octets (apdu)",
            "No telegram, octet 303",
            "Noise, 21 octets (noise)",
            "Telegram 2, octet 324",
            "M-Bus frame, damaged, 256 octets (mbus)",
            "M-Bus frame, 26 octets (mbus#2), octet 580",
            "No telegram, octet 606",
            "Noise, 21 octets (noise)",
            "Telegram 3, octet 627",
            "M-Bus frame, cut off, 100 octets (mbus)",
        ]
    );
    assert!(ran.err.contains("octet 324: mbus: checksum at octet 254"), "{}", ran.err);
}

#[test]
fn apdus_and_texts_between_noise_have_their_places() {
    let folder = Folder::new();
    let (apdu, text) = (apdu(), dsmr(1));
    let pieces = [&NOISE[..], &apdu, &NOISE, &apdu[..100], &apdu, &NOISE];
    let binary = folder.write("dump.bin", pieces.concat());
    let ran = run(&["explain", "--key-file", &folder.key(), &binary], b"");
    let telegrams: Vec<_> =
        headings(&ran.out).into_iter().filter(|it| it.contains("elegram")).collect();
    let expected = [
        "No telegram, octet 0",
        "Telegram 1, octet 21",
        "No telegram, octet 281",
        "Telegram 2, octet 302",
        "Telegram 3, octet 402",
        "No telegram, octet 662",
    ];
    assert_eq!(telegrams, expected);
    let message = ran.err.lines().find(|line| line.contains("breaks off after 100")).unwrap();
    assert!(message.contains("octet 302: apdu: "), "{message}");
    let at = ["explain", "-q", "--key-file", &folder.key(), "--at", message, &binary];
    assert!(run(&at, b"").out.starts_with("Telegram 2, octet 302\n"));

    let mut bad = text.clone();
    let digit = bad.iter().position(|octet| *octet == b'(').unwrap() + 1;
    bad[digit] ^= 1;
    let pieces = [&[0xff, 0][..], &text, &[0x80], &bad, &[0xff]];
    let binary = folder.write("dump.bin", pieces.concat());
    let ran = run(&["explain", &binary], b"");
    let (second, end) = (3 + text.len(), 3 + 2 * text.len());
    let size = text.len();
    let expected = [
        "No telegram, octet 0".to_owned(),
        "Noise, 2 octets (noise)".to_owned(),
        "Telegram 1, octet 2".to_owned(),
        format!("DSMR telegram, {size} octets (dsmr)"),
        format!("No telegram, octet {}", second - 1),
        "Noise, 1 octet (noise)".to_owned(),
        format!("Telegram 2, octet {second}"),
        format!("DSMR telegram, damaged, {size} octets (dsmr)"),
        format!("No telegram, octet {end}"),
        "Noise, 1 octet (noise)".to_owned(),
    ];
    assert_eq!(headings(&ran.out), expected, "{}", ran.err);
    assert!(ran.err.contains(&format!("octet {second}: dsmr: CRC at octet")), "{}", ran.err);
}

#[test]
fn each_place_that_is_printed_can_be_asked_for() {
    let folder = Folder::new();
    let good = octets(DUMP);
    let input = [&NOISE[..], &good, &NOISE, &damaged(), &NOISE, &good[..256]].concat();
    let binary = folder.write("dump.bin", input);
    let at = |place: &str| run(&["explain", "-q", "--at", place, &binary], b"").out;
    let telegrams = |page: &str| -> Vec<String> {
        let headings = headings(page).into_iter().filter(|it| it.contains("elegram"));
        headings.map(str::to_owned).collect()
    };
    for place in ["telegram 2", "Telegram 2, octet 324"] {
        assert_eq!(telegrams(&at(place)), ["Telegram 2, octet 324"], "{place}");
        assert!(at(place).contains("checksum at octet 254"));
    }
    assert_eq!(telegrams(&at("No telegram, octet 303")), ["No telegram, octet 303"]);
    let broken = "meterpipe decode: octet 627: mbus: a telegram broke off after its first segment";
    assert_eq!(telegrams(&at(broken)), ["Telegram 3, octet 627"]);

    // A message about a line within a telegram.
    let digits = hex::encode(&good);
    let (first, second) = digits.split_at(100);
    let file = folder.write("dump.txt", format!("{digits}\n{first}\n{second}\n{digits}\n"));
    for (place, telegram) in [
        ("line 1", "Telegram 1, line 1"),
        ("line 3: hex: character 5 is not a hex digit", "Telegram 2, line 2"),
        ("line 4", "Telegram 3, line 4"),
    ] {
        let ran = run(&["explain", "-q", "--at", place, &file], b"");
        assert_eq!(telegrams(&ran.out), [telegram], "{place}");
        assert!(ran.out.starts_with(telegram), "{place}: {}", ran.out);
    }
    let ran = run(&["explain", "--key-file", &folder.key(), "--at", "line 5", &file], b"");
    assert_eq!((ran.status, &*ran.out), (2, ""));
    let ran = run(&["explain", "--at", "cipher: no key for this meter", &file], b"");
    assert_eq!(ran.status, 2);
    for form in ["57", "apdu:57", "line 4", "telegram 2"] {
        assert!(ran.err.contains(&format!("({form})")), "{}", ran.err);
    }
}

/// Some octets, and others over and over.
fn large(size: usize, start: &[u8], rest: &[u8]) -> Vec<u8> {
    start.iter().chain(rest.iter().cycle().take(size / rest.len() * rest.len())).copied().collect()
}

#[test]
fn octets_without_a_telegram_take_linear_time() {
    let segment = mbus(1, true, &[1, 2, 3]);
    let damaged = [&segment[..segment.len() - 1], &[0x17]].concat();
    let inputs: [(&str, usize, &[u8], &[u8]); 8] = [
        ("text without an end", 900_000, b"/KFM5X\r\n\r\n", b"1-0:1.8.1(000306.946*kWh)\r\n"),
        ("the same in binary", 900_000, b"\0/KFM5X\r\n\r\n", b"1-0:1.8.1(000306.946*kWh)\r\n"),
        ("starts of texts", 300_000, b"", b"/KFM5X\r\n"),
        ("requests", 180_000, b"", &[0x10, 0x40, 0xf0, 0x30, 0x16]),
        ("segments without a first", 180_000, b"", &segment),
        ("damaged segments", 180_000, b"", &damaged),
        ("a list of numbers in one line", 240_000, b"", b"104, "),
        ("noise", 900_000, b"", &[0xaa]),
    ];
    let folder = Folder::new();
    // Processor time, which no other load of the machine makes longer by much.
    let seconds = |command: &str, octets: Vec<u8>| -> f64 {
        let file = folder.write("large", octets);
        let mut time = Command::new("bash");
        time.args(["-c", r#"TIMEFORMAT=%U; time "$@" >/dev/null 2>&1"#, "time", METERPIPE]);
        time.args([command, "-q", "--format", "json", &file]).env("LC_ALL", "C");
        run_command(time, b"").err.trim().parse().unwrap()
    };
    for command in ["explain", "decode"] {
        for (what, size, start, rest) in inputs {
            let small = seconds(command, large(size / 6, start, rest));
            let whole = seconds(command, large(size, start, rest));
            // Six times the octets, in quadratic time, take 36 times as long.
            assert!(whole < 20.0 * small + 1.0, "{command}: {what}: {small} s, {whole} s");
        }
    }
}

#[test]
fn a_place_behind_a_layer_shows_its_end_and_a_heading_its_layer() {
    let folder = Folder::new();
    let good = octets(DUMP);
    let cut = [&good[..], &good[..200], &good].concat();
    let binary = folder.write("dump.bin", &cut);
    let key = folder.key();
    let at = |place: &str| run(&["explain", "-q", "--key-file", &key, "--at", place, &binary], b"");
    for (place, end) in [
        ("octet 282: mbus: stop at octet 255: found 68, expected 16", "ends before octet 255\n"),
        ("octet 0: axdr: type at octet 999: found 00", "ends before octet 999\n"),
        ("octet 0: cipher: the key fits; damaged from octet 243 of the plaintext", "octet 243\n"),
    ] {
        let ran = at(place);
        assert_eq!(ran.out.matches("Telegram ").count(), 1, "{place}: {}", ran.out);
        assert!(ran.out.contains(end), "{place}: {}", ran.out);
    }
    assert_eq!(at("apdu:999").out, "", "no message has it");
    let text = folder.write("text.txt", dsmr(1));
    let ran = run(&["explain", "--at", "line 1: apdu: CRC at octet 20", &text], b"");
    assert!(ran.out.contains("(dsmr)"), "{}{}", ran.out, ran.err);

    let ran = at("Plain APDU, 243 octets (apdu)");
    let expected = ["Telegram 1, octet 0", "Plain APDU, 243 octets (apdu)"];
    assert_eq!(headings(&ran.out), expected, "{}", ran.err);
    let ran = at("M-Bus frame, 26 octets (mbus#2), octet 256");
    assert!(ran.out.contains("(mbus#2)") && !ran.out.contains("(mbus)"), "{}", ran.out);
}

#[test]
fn a_message_shows_the_defect_and_not_the_same_octet_of_other_frames() {
    let folder = Folder::new();
    let key = folder.key();
    let good = octets(DUMP);
    let mut damaged = good.clone();
    damaged[100] ^= 1;
    // All telegrams stand in one line.
    let dump = folder.write("dump.hex", hex::encode([&good[..], &damaged, &good].concat()));
    let ran = run(&["decode", "--key-file", &key, &dump], b"");
    let message = ran.err.lines().next().unwrap();
    assert!(message.contains("mbus: checksum at octet 254"), "{message}");
    let ran = run(&["explain", "-q", "--key-file", &key, "--at", message, &dump], b"");
    assert_eq!(
        headings(&ran.out),
        ["Telegram 2, line 1", "M-Bus frame, damaged, 256 octets (mbus)"]
    );
    assert!(ran.out.contains("mbus: checksum at octet 254"), "{}", ran.out);
    // Nothing has this defect: the octet is shown wherever there is one.
    let other = "line 1: mbus: checksum at octet 254: found 00, computed 01";
    let ran = run(&["explain", "-q", "--key-file", &key, "--at", other, &dump], b"");
    assert_eq!(headings(&ran.out).len(), 6, "{}", ran.out);
}

#[test]
fn a_message_about_a_start_within_a_damaged_frame_shows_that_frame() {
    let folder = Folder::new();
    let frame = hdlc(true, false, &octets(PLAIN));
    let mut second = frame.clone();
    second[150] ^= 1;
    // The first frame lacks octets, so its announced end stands in the second one.
    let stream = [&frame[..100], &frame[160..], &second, &frame].concat();
    let dump = folder.write("dump.bin", stream);
    let ran = run(&["decode", &dump], b"");
    let messages: Vec<_> = ran.err.lines().filter(|line| line.contains("hdlc:")).collect();
    assert_eq!(messages.len(), 2, "{}", ran.err);
    for message in messages {
        let ran = run(&["explain", "-q", "--at", message, &dump], b"");
        assert!(ran.out.contains("HDLC frame, damaged"), "{message}: {}{}", ran.out, ran.err);
    }
}
