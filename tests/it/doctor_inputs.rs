//! Answers of `doctor` about files, pipes and pasted texts, where the fault is in the input and not on a line; and about
//! what lies at the beginning and the end of the time.

use std::{io::Write as _, process::Stdio, thread, time::Duration};

use crate::{
    common::{
        binary::{command, run_command},
        published::{DUMP, KEY, WRONG_KEY},
    },
    doctor::{BOTH, doctor, folder, noise, telegrams, verdict_of_file, wires},
};
use meterpipe::{link::mbus, source::simulator::meter::MeterKind};
use serde_json::Value;

/// Words that no answer about a text or a file has.
const OF_LINES: [&str; 8] =
    ["cable", "pin ", "pins", "adapter", "hub", "ser2net", "contact", "device is behind"];

/// The verdict about an input as a file, which the same input in a pipe gets too.
fn verdict(octets: &[u8]) -> Value {
    let (ran, file) = verdict_of_file(octets, KEY);
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let arguments =
        ["doctor", "--format", "json", "--lang", "en", "--key-file", key.to_str().unwrap(), "-"];
    let piped = run_command(command(&arguments), octets);
    let pipe: Value = serde_json::from_str(&piped.out).unwrap_or_else(|_| panic!("{piped:?}"));
    for key in ["verdict", "protocol", "cause", "evidence", "next_step"] {
        assert_eq!(file[key], pipe[key], "{key}: {file:#} {pipe:#}");
    }
    assert_eq!(ran.status, piped.status);
    let said = format!("{} {}", file["cause"], file["next_step"]);
    for word in OF_LINES {
        assert!(!said.contains(word), "{word}: {file:#}");
    }
    file
}

fn has(found: &Value, verdict: &str, parts: &[&str]) {
    assert_eq!(found["verdict"], verdict, "{found:#}");
    let text = found.to_string();
    for part in parts {
        assert!(text.contains(part), "{part}: {found:#}");
    }
}

/// The example of Netz NÖ in one line.
fn pasted() -> String {
    DUMP.split_whitespace().collect()
}

#[test]
fn the_sum_of_a_frame_vouches_for_a_plain_list_that_cannot_be_read() {
    // A structure of three elements, the second one of an unknown type.
    let list = [0x0f, 0, 0, 0, 1, 0, 2, 3, 6, 0, 0, 0, 1, 0x55, 1, 2, 3, 4, 0x12, 0, 5];
    let apdu = [&list[..], &[7; 40]].concat();
    let mut frames = vec![];
    for _ in 0..2 {
        mbus::emit(0, true, &apdu, &mut frames);
    }
    let (_, found) = verdict_of_file(&frames, "");
    has(&found, "unknown-layout", &["whole telegrams whose list cannot be read: 2"]);
    let (_, found) = verdict_of_file(hex::encode(&apdu).as_bytes(), "");
    has(&found, "checksum", &["no checksum vouches for them"]);
}

#[test]
fn a_slip_in_a_pasted_telegram_is_named_with_its_place() {
    let mut text = pasted();
    text.replace_range(90..91, "O");
    let found = verdict(text.as_bytes());
    has(&found, "checksum", &["line 1: character 91 is not a hex digit", "letter O"]);
    let mut text = pasted();
    text.pop();
    has(&verdict(text.as_bytes()), "checksum", &["odd number of hex digits", "two digits"]);
    let mut text = pasted();
    text.replace_range(90..91, "");
    has(&verdict(text.as_bytes()), "checksum", &["odd number of hex digits"]);
    // All characters are digits, and one is another digit.
    let mut text = pasted();
    let other = if &text[90..91] == "1" { "2" } else { "1" };
    text.replace_range(90..91, other);
    has(&verdict(text.as_bytes()), "checksum", &["compare the digits with the original"]);
}

#[test]
fn a_pasted_telegram_without_its_end_is_no_lost_frame() {
    let text = pasted();
    for missing in [2, 6, 20, 50, 52, 200] {
        let found = verdict(&text.as_bytes()[..text.len() - missing]);
        has(&found, "half", &["the input ends before its telegram does", "to the last octet"]);
    }
}

#[test]
fn decode_gives_the_advice_of_doctor_about_a_text() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let decode = |text: &str| {
        let arguments = ["decode", "--key-file", key.to_str().unwrap()];
        run_command(command(&arguments), text.as_bytes()).err
    };
    let text = pasted();
    let mut typo = text.clone();
    typo.replace_range(90..91, "O");
    for (text, told) in [
        (&typo[..], "character 91 is not a hex digit; compare this place"),
        (&text[..text.len() - 1], "compare this place with the original"),
        (&text[..text.len() - 6], "take all frames of a telegram to the last octet"),
    ] {
        let said = decode(text);
        assert!(said.contains(told), "{told}: {said}");
        for word in OF_LINES {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn files_of_another_kind_are_named_with_the_way_to_read_them() {
    let of = |start: &[u8]| [start, &noise(300)].concat();
    for (octets, protocol, step) in [
        (of(b"\x1f\x8b\x08\0"), "gzip data", "unpack it first"),
        (of(b"PK\x03\x04"), "a zip archive", "unpack it first"),
        (
            of(&[&b"PK\x03\x04"[..], &[0; 26], b"xl/workbook.xml"].concat()),
            "an office document (Word, Excel)",
            "open it and copy the hex digits",
        ),
        (
            of(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a"),
            "a pcapng capture of Wireshark",
            "editcap -F pcap",
        ),
        (of(b"\xfd7zXZ\0"), "xz data", "unpack it first"),
        (of(b"\x28\xb5\x2f\xfd"), "zstd data", "unpack it first"),
        (of(b"BZh91AY"), "bzip2 data", "unpack it first"),
        (of(b"%PDF-1.4\n"), "a PDF document", "copy the hex digits"),
        (of(b"\x89PNG\r\n\x1a\n"), "a PNG picture", "no picture is read"),
        (of(b"\xff\xd8\xff\xe0\x00\x10JFIF\0"), "a JPEG picture", "no picture is read"),
        (of(b"SQLite format 3\0"), "an SQLite database", "hex digits"),
        (of(b"\x7fELF\x02\x01\x01"), "a program", "hex digits"),
    ] {
        let found = verdict(&octets);
        has(&found, "other-protocol", &[protocol, step]);
        assert_eq!(found["protocol"], protocol, "{found:#}");
    }
    let octal = noise(48).iter().map(|it| format!("{it:03o} ")).collect::<String>();
    let found = verdict(format!("0000000 {octal}\n0000060\n").as_bytes());
    has(&found, "other-protocol", &["octets in octal", "xxd"]);
}

#[test]
fn octets_without_order_may_be_another_kind_of_file() {
    // As of a program: mostly zeros and small numbers, which look like a line that is read too fast.
    let program: Vec<u8> =
        noise(3000).iter().flat_map(|octet| [0, 0, octet & 0x0f, 1, 0, *octet]).collect();
    for octets in [noise(3000), program] {
        let found = verdict_of_file(&octets, KEY).1;
        let text = found.to_string();
        assert!(text.contains("the file is no capture of a meter"), "{found:#}");
        assert!(text.contains("check that the file is a capture"), "{found:#}");
    }
}

#[test]
fn a_few_octets_are_too_short_and_a_word_is_text() {
    for octets in [&b"\x68\x10"[..], b"6810", b"68 10\n", b"0x68"] {
        has(&verdict(octets), "silent", &["so short", "too little"]);
    }
    has(&verdict(b"hi"), "other-protocol", &["text"]);
}

#[test]
fn the_command_without_a_key_has_the_place_of_one() {
    let folder = folder("");
    let path = folder.path().join("capture");
    let frames = telegrams(MeterKind::NetzNoeKaifa, 3, None, None);
    std::fs::write(&path, frames.concat()).unwrap();
    let (_, found) = doctor(&[path.to_str().unwrap()]);
    assert_eq!(found["verdict"], "no-key", "{found:#}");
    assert!(found["watch"].as_str().unwrap().ends_with(" --key-file guek"), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("such as guek"), "{found:#}");
}

#[test]
fn a_letter_is_text_and_no_device_is_behind_it() {
    for text in [
        "Dear customer,\nyour key comes by post, within 14 days.\nYours, the operator\n",
        "Sehr geehrte Damen und Herren,\nanbei 2 Seiten.\n",
        "{\"time\":\"2026-06-21\",\"energy_import_wh\":12}\n",
    ] {
        let found = verdict(text.as_bytes());
        has(&found, "other-protocol", &["the input is text", "hex digits"]);
        assert_eq!(found["protocol"], "text", "{found:#}");
    }
}

#[test]
fn a_slip_beside_sound_telegrams_is_told_and_hides_no_fault_of_the_line() {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 6, None, None);
    let lines =
        |frames: &[Vec<u8>]| frames.iter().map(|it| hex::encode(it) + "\n").collect::<String>();
    let mut text = lines(&frames);
    text.replace_range(100..101, "o");
    has(
        &verdict(text.as_bytes()),
        "ok",
        &["5 telegrams", "line 1: character 101 is not a hex digit"],
    );
    let records = text.lines().map(|line| format!("- frame {line} from=a\n")).collect::<String>();
    let records = format!("# meterpipe-record 1\n{records}");
    has(&verdict(records.as_bytes()), "ok", &["5 telegrams", "line 2"]);
    // Each telegram lacks octets, and one line has a slip too.
    let cut: Vec<_> = frames.chunks(2).map(|pair| pair[0][..150].to_vec()).collect();
    let mut text = lines(&cut);
    text.replace_range(100..101, "o");
    has(&verdict(text.as_bytes()), "octets-lost", &["line 1: character 101"]);
}

#[test]
fn a_form_that_was_chosen_wrongly_is_named() {
    let folder = folder(KEY);
    let input = folder.path().join("input");
    let octets = telegrams(MeterKind::NetzNoeKaifa, 3, None, None).concat();
    let text = hex::encode(&octets).into_bytes();
    for (form, content) in
        [("hex", &octets), ("records", &octets), ("binary", &text), ("records", &text)]
    {
        std::fs::write(&input, content).unwrap();
        let (_, found) = doctor(&["--input", form, input.to_str().unwrap()]);
        let given = format!("--input {form} is given");
        assert!(found["cause"].as_str().unwrap().starts_with(&given), "{found:#}");
        assert!(found["next_step"].as_str().unwrap().contains("leave --input out"), "{found:#}");
    }
}

#[test]
fn frames_that_a_text_lacks_are_a_matter_of_the_text() {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 6, None, None);
    let text = |keep: fn(usize) -> bool| {
        let frames = frames.iter().enumerate().filter(|(at, _)| keep(*at));
        frames.map(|(_, frame)| hex::encode(frame) + "\n").collect::<String>()
    };
    has(&verdict(text(|at| at % 2 == 0).as_bytes()), "half", &["copy all frames"]);
    has(&verdict(text(|at| at % 2 == 1).as_bytes()), "half", &["copy all frames"]);
    let cut = frames.chunks(2).map(|pair| hex::encode(&pair[0][..120]) + "\n").collect::<String>();
    has(&verdict(cut.as_bytes()), "octets-lost", &["copy the whole telegram", "rx_buffer_size"]);
}

/// The output of `simulate` with these options.
fn simulated(arguments: &[&str]) -> String {
    let common = ["simulate", "--start", "2026-06-21T12:00+02"];
    run_command(command(&[&common, arguments].concat()), b"").out
}

#[test]
fn noise_that_costs_no_telegram_makes_no_line_sick() {
    for meter in ["netz-noe-kaifa", "ksm-west", "wiener-netze", "graz", "steiermark"] {
        for (seed, rate) in [("1", "20%"), ("4", "20%"), ("6", "60%"), ("7", "100%")] {
            let records =
                simulated(&["--meter", meter, "--seed", seed, "--count", "50", "--noise", rate]);
            let (_, found) = verdict_of_file(records.as_bytes(), BOTH);
            has(&found, "ok", &["50 telegrams"]);
        }
    }
    // Frames that are lost indeed: the counters tell.
    for (fault, verdict) in [("--cut", "octets-lost"), ("--flip", "checksum"), ("--lose", "half")] {
        let records = simulated(&["--seed", "1", "--count", "50", fault, "40%"]);
        let (ran, found) = verdict_of_file(records.as_bytes(), KEY);
        assert_eq!((&found["verdict"], ran.status), (&verdict.into(), 1), "{found:#}");
    }
}

#[test]
fn the_meter_without_a_key_is_named_on_a_line_of_two() {
    let of = |kind, guek| telegrams(kind, 6, guek, None);
    let first = of(MeterKind::NetzNoeKaifa, None);
    let second = of(MeterKind::KsmWest, Some(WRONG_KEY));
    let title = |frames: &[Vec<u8>]| hex::encode(&frames[0][11..19]);
    let octets: Vec<u8> = first
        .chunks(2)
        .zip(second.chunks(2))
        .flat_map(|(a, b)| [a.concat(), b.concat()])
        .flatten()
        .collect();
    for (keys, closed, open) in [(KEY, &second, &first), (WRONG_KEY, &first, &second)] {
        let named = format!("{} {keys}\n", title(open));
        for keys in [keys, &named] {
            let (ran, found) = verdict_of_file(&octets, keys);
            has(
                &found,
                "other-meter",
                &["several meters", &title(closed), "a line for each meter"],
            );
            assert!(!found.to_string().contains(&title(open)), "{found:#}");
            assert!(!found.to_string().contains("opens no real meter"), "{found:#}");
            assert_eq!(ran.status, 1);
        }
    }
    let (_, found) = verdict_of_file(&octets, "");
    has(&found, "no-key", &[&title(&first), &title(&second)]);
}

#[test]
fn telegrams_made_of_two_are_not_whole() {
    // Second frames and first ones in turn, seconds apart: a dump does not tell.
    let frames = telegrams(MeterKind::NetzNoeKaifa, 8, None, None);
    let kept = [1, 2, 5, 6, 9, 10, 12, 15];
    let octets: Vec<u8> = kept.iter().flat_map(|at| frames[*at].clone()).collect();
    has(&verdict_of_file(&octets, KEY).1, "half", &["may be of two telegrams"]);
    for keys in [WRONG_KEY, ""] {
        let (_, found) = verdict_of_file(&octets, keys);
        has(
            &found,
            if keys.is_empty() { "no-key" } else { "wrong-key" },
            &["1 telegram lacks a frame"],
        );
        assert!(!found.to_string().contains("telegrams arrive whole"), "{found:#}");
    }
}

#[test]
fn one_odd_telegram_among_sound_ones_is_damage() {
    let wires = wires(MeterKind::Steiermark, 10);
    for at in [0, 4, 9] {
        for bit in [0x80, 0x40, 0x20, 0x10] {
            let mut wires = wires.clone();
            wires[at][13] ^= bit;
            let octets = wires.concat();
            let (_, found) = verdict_of_file(&octets, BOTH);
            has(&found, "ok", &["9 telegrams", "1 of them or of their neighbours damaged"]);
            let (_, found) = verdict_of_file(&octets, "");
            has(&found, "no-key", &[]);
            let (_, found) = verdict_of_file(&octets, WRONG_KEY);
            has(&found, "wrong-key", &[]);
        }
    }
    // All of them: it is the meter.
    let mut all = wires;
    all.iter_mut().for_each(|wire| wire[13] |= 0x80);
    has(&verdict_of_file(&all.concat(), BOTH).1, "other-protocol", &["compressed telegrams"]);
}

#[test]
fn a_wrong_link_is_named_as_that() {
    let folder = folder(KEY);
    let input = folder.path().join("input");
    std::fs::write(&input, telegrams(MeterKind::NetzNoeKaifa, 3, None, None).concat()).unwrap();
    for link in ["hdlc", "wrapper", "raw", "dsmr"] {
        let (_, found) = doctor(&["--link", link, input.to_str().unwrap()]);
        has(&found, "other-protocol", &["is wrong", "the octets are mbus"]);
        let cause = found["cause"].as_str().unwrap();
        assert!(cause.starts_with(&format!("--link {link}")), "{cause}");
    }
}

#[test]
fn no_answer_about_keys_says_a_thing_twice() {
    let folder = folder("\n");
    let (key, input) = (folder.path().join("guek"), folder.path().join("input"));
    std::fs::write(&input, telegrams(MeterKind::NetzNoeKaifa, 3, None, None).concat()).unwrap();
    let [key, input] = [&key, &input].map(|path| path.to_str().unwrap());
    let (_, found) = doctor(&["--key-file", key, input]);
    assert_eq!(found["evidence"], serde_json::json!([format!("{key}: the key file is empty")]));
    std::fs::write(key, format!("181220000008 {KEY}\n")).unwrap();
    let ran = run_command(command(&["decode", "--key-file", key, input]), b"");
    for line in ran.err.lines() {
        assert!(line.matches("key file names").count() < 2, "{line}");
        assert!(!line.contains("key: key"), "{line}");
    }
}

#[test]
fn parts_of_telegrams_at_both_ends_of_the_time_are_no_evidence() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let wires = wires(MeterKind::NetzNoeKaifa, 1);
    let served = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        // The second frame of a telegram, and no other one in the time.
        let _ = peer.write_all(&wires[0][256..]);
        thread::sleep(Duration::from_secs(9));
    });
    let arguments = ["doctor", "--format", "json", "--lang", "en", "--time", "4s", &address];
    let mut asked = command(&arguments);
    asked.stdin(Stdio::null());
    let ran = run_command(asked, b"");
    let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    has(&found, "silent", &["too little", "listen longer"]);
    served.join().unwrap();
}

#[test]
fn a_server_that_ends_spares_the_evidence_of_what_it_sent() {
    let wires = wires(MeterKind::NetzNoeKaifa, 6);
    let cut: Vec<_> = wires.iter().flat_map(|wire| wire[..200].to_vec()).collect();
    // The simulated meter has the time of another day.
    for (sent, verdict) in
        [(wires[0].clone(), "clock"), (cut, "octets-lost"), (vec![], "no-device")]
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(&sent).unwrap();
        });
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key").display().to_string();
        std::fs::write(&key, KEY).unwrap();
        let arguments = [
            "doctor",
            "--format",
            "json",
            "--lang",
            "en",
            "--time",
            "4s",
            "--key-file",
            &key,
            &address,
        ];
        let mut asked = command(&arguments);
        asked.stdin(Stdio::null());
        let ran = run_command(asked, b"");
        let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
        has(&found, verdict, &["closed at the other end"]);
        served.join().unwrap();
    }
}
