//! Answers of `doctor` that depend on more than the octets: damage inside, keys and their files, languages.

use std::{fs, thread, time::Duration};

use crate::{
    common::{
        binary::{command, run, run_command},
        published::{KEY, WRONG_KEY},
    },
    doctor::{
        BOTH, FedDevice, GAK, OTHER_KEY, doctor, every_other, folder, noise, sound, telegrams,
        telegrams_from, verdict_of_file, wires,
    },
};
use jiff::Timestamp;
use meterpipe::source::simulator::meter::MeterKind;

/// Other octets from `start` to the sum of a frame, with the sum that fits.
fn altered(frame: &mut [u8], start: usize, octets: &[u8]) {
    frame[start..start + octets.len()].copy_from_slice(octets);
    let sum = frame.len() - 2;
    frame[sum] = frame[4..sum].iter().fold(0, |sum: u8, octet| sum.wrapping_add(*octet));
}

fn tagged(count: usize) -> Vec<Vec<u8>> {
    telegrams(MeterKind::KsmWest, count, None, Some(GAK))
}

#[test]
fn damage_behind_a_right_sum_is_no_unknown_layout_and_no_wrong_key() {
    let mut frames = telegrams(MeterKind::NetzNoeKaifa, 1, None, None);
    let second = &mut frames[1];
    let content = noise(second.len() - 11);
    altered(second, 9, &content);
    let (ran, found) = verdict_of_file(&frames.concat(), KEY);
    assert_eq!((&found["verdict"], ran.status), (&"checksum".into(), 1), "{found:#}");
    assert!(found["cause"].as_str().unwrap().contains("the key fits"), "{found:#}");
    let evidence = found["evidence"].to_string();
    assert!(evidence.contains("damaged inside") && evidence.contains("octet 22"), "{evidence}");
}

#[test]
fn a_tag_that_does_not_fit_among_verified_ones_is_damage_for_every_command() {
    let file = folder(BOTH);
    let key = file.path().join("guek").display().to_string();
    let decode = |frames: &[Vec<u8>]| run(&["decode", "--key-file", &key], &frames.concat());
    let mut frames = tagged(6);
    let a_telegram = frames.len() / 6;
    // The tag stands at the end of the APDU.
    let last = &mut frames[4 * a_telegram - 1];
    let tag = last.len() - 2 - 12;
    altered(last, tag, &[0; 4]);
    let ran = decode(&frames);
    assert_eq!((ran.status, ran.out.lines().count()), (1, 5), "{}", ran.err);
    assert!(ran.err.contains("though the keys do: the telegram is damaged\n"), "{}", ran.err);
    assert!(ran.err.contains("1 rejected (1 damaged inside)"), "{}", ran.err);
    assert!(!ran.err.contains("leave it out"), "{}", ran.err);
    let (_, found) = verdict_of_file(&frames.concat(), BOTH);
    assert_ne!(found["verdict"], "tag", "{found:#}");
    // The first one stands alone: either of the two is wrong.
    let mut frames = tagged(2);
    altered(&mut frames[a_telegram - 1], tag, &[0; 4]);
    let ran = decode(&frames);
    assert!(ran.err.contains("or leave it out"), "{}", ran.err);
}

#[test]
fn a_capture_under_the_published_key_is_told_by_its_telegrams() {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 3, None, None).concat();
    let keys = folder(KEY);
    let key = keys.path().join("guek").display().to_string();
    let ran = run(&["anonymise", "--key-file", &key], &frames);
    assert!(ran.out.lines().nth(1).is_some_and(|line| line.contains("anonymise --help")));
    let file = keys.path().join("anonymous").display().to_string();
    fs::write(&file, &ran.out).unwrap();
    let decoded = run(&["decode", &file], b"");
    assert_eq!(decoded.status, 4);
    assert!(decoded.err.contains("the published example key opens them"), "{}", decoded.err);
    let found = run(&["doctor", "--format=json", &file], b"").out;
    assert!(
        found.contains("\"verdict\":\"no-key\"") && found.contains("anonymise --help"),
        "{found}"
    );
    // Who gets it has a key of his own.
    let own = folder(WRONG_KEY);
    let own = own.path().join("guek").display().to_string();
    let decoded = run(&["decode", "--key-file", &own, &file], b"");
    assert_eq!(decoded.status, 4);
    assert!(decoded.err.contains("the published example key opens them"), "{}", decoded.err);
    let (_, found) = verdict_of_file(&frames, WRONG_KEY);
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
    let step = found["next_step"].as_str().unwrap();
    assert!(step.contains("anonymise --help") && step.contains("your own meter"), "{step}");
    let others = telegrams(MeterKind::NetzNoeKaifa, 3, Some(OTHER_KEY), None).concat();
    let (_, found) = verdict_of_file(&others, WRONG_KEY);
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
    assert!(!found.to_string().contains("anonymise"), "{found:#}");
}

#[test]
fn few_damaged_telegrams_do_not_blame_a_key_that_opens_the_others() {
    // Octets of the ciphertext, in telegrams with a tag and without.
    for (mut frames, keys) in [
        (tagged(20), BOTH),
        (telegrams(MeterKind::KsmWest, 20, None, None), KEY),
        (telegrams(MeterKind::NetzNoeKaifa, 20, None, None), KEY),
    ] {
        let a_telegram = frames.len() / 20;
        for at in [4, 9, 13, 16] {
            let frame = &mut frames[at * a_telegram];
            altered(frame, 30, &[noise(3)[0], noise(3)[1]]);
            altered(frame, 200, &[noise(9)[8]]);
        }
        let (_, found) = verdict_of_file(&frames.concat(), keys);
        assert_eq!(found["verdict"], "checksum", "{found:#}");
        assert!(found["evidence"].to_string().contains("16 open"), "{found:#}");
    }
    let mut frames = tagged(20);
    altered(&mut frames[10], 30, &[1, 2]);
    assert_eq!(verdict_of_file(&frames.concat(), BOTH).1["verdict"], "ok");
}

#[test]
fn an_exchanged_key_is_told_from_damage() {
    let of = |guek| telegrams(MeterKind::NetzNoeKaifa, 5, guek, None).concat();
    for octets in [[of(None), of(Some(OTHER_KEY))], [of(Some(OTHER_KEY)), of(None)]] {
        let (_, found) = verdict_of_file(&octets.concat(), KEY);
        assert_eq!(found["verdict"], "wrong-key", "{found:#}");
        assert!(found["cause"].as_str().unwrap().contains("exchanged"), "{found:#}");
    }
}

#[test]
fn every_meter_of_a_line_is_named_with_its_telegrams() {
    let kinds = [(MeterKind::NetzNoeKaifa, 3), (MeterKind::KsmWest, 2)];
    let wires = kinds.map(|(kind, count)| telegrams(kind, count, None, None).concat());
    let (_, found) = verdict_of_file(&wires.concat(), KEY);
    assert_eq!(found["verdict"], "ok", "{found:#}");
    let evidence: Vec<_> =
        found["evidence"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert!(evidence[0].starts_with("3 telegrams of meter "), "{found:#}");
    assert!(evidence[1].starts_with("2 telegrams of meter "), "{found:#}");
}

#[test]
fn a_right_sum_is_no_damage_and_an_input_that_ends_early_no_wrong_speed() {
    let mut frames = telegrams(MeterKind::NetzNoeKaifa, 1, None, None);
    altered(&mut frames[0], 6, &[0xff]);
    let (_, found) = verdict_of_file(&frames.concat(), KEY);
    assert_eq!(found["verdict"], "other-protocol", "{found:#}");

    let frames = telegrams(MeterKind::NetzNoeKaifa, 1, None, None);
    let (_, found) = verdict_of_file(&frames[0][..200], KEY);
    assert_eq!(found["verdict"], "half", "{found:#}");
    assert!(found["evidence"].to_string().contains("breaks off after 200 octets"), "{found:#}");
}

#[test]
fn a_text_without_a_telegram_is_no_matter_of_the_cable() {
    let hex = hex::encode(noise(120));
    let octal = noise(48).iter().map(|it| format!("{it:03o} ")).collect::<String>();
    for text in [hex, format!("0000000 {octal}\n0000060\n")] {
        let (_, found) = verdict_of_file(text.as_bytes(), KEY);
        let step = found["next_step"].as_str().unwrap();
        assert!(!["cable", "adapter", "parity"].iter().any(|it| step.contains(it)), "{found:#}");
        assert!(step.contains("hex digits") || step.contains("xxd"), "{found:#}");
    }
}

#[test]
fn a_clock_that_was_wrong_for_a_while_is_told() {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let long_ago = Timestamp::from_second(946_684_800).unwrap();
    let wires = [now, long_ago, now]
        .map(|start| telegrams_from(start, MeterKind::NetzNoeKaifa, 4, None, None).concat());
    let mut records = "# meterpipe-record 1\n".to_owned();
    for wire in wires {
        let (time, hex) = (now.strftime("%Y-%m-%dT%H:%M:%S.000Z"), hex::encode(wire));
        records += &format!("{time} raw {hex} from=a\n");
    }
    let (ran, found) = verdict_of_file(records.as_bytes(), KEY);
    assert_eq!((&found["verdict"], ran.status), (&"clock".into(), 1), "{found:#}");
    let evidence = found["evidence"].to_string();
    assert!(evidence.contains("behind the time of arrival"), "{evidence}");
    assert!(evidence.contains("4 of 12 telegrams; the last one is right"), "{evidence}");
    let cause = found["cause"].as_str().unwrap();
    assert!(cause.contains("for a while"), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("time of arrival"), "{found:#}");
}

#[test]
fn a_clock_that_began_anew_and_was_set_again_is_not_said_to_be_wrong_still() {
    let mut records = "# meterpipe-record 1\n".to_owned();
    let arrival = Timestamp::from_second(1_790_000_000).unwrap();
    for meter_time in [946_684_800, 946_684_805, 1_790_000_000] {
        let start = Timestamp::from_second(meter_time).unwrap();
        let wire = telegrams_from(start, MeterKind::NetzNoeKaifa, 1, None, None).concat();
        let time = arrival.strftime("%Y-%m-%dT%H:%M:%S.000Z");
        records += &format!("{time} raw {} from=a\n", hex::encode(wire));
    }
    let (_, found) = verdict_of_file(records.as_bytes(), KEY);
    assert_eq!(found["verdict"], "clock", "{found:#}");
    let cause = found["cause"].as_str().unwrap();
    assert!(cause.contains("began anew in 2000") && cause.contains("was set since"), "{cause}");
    assert!(found["evidence"].to_string().contains("the last one is right"), "{found:#}");
}

/// A telegram whose plaintext has another octet: the key stream lies over both.
fn with_other_month(frame: &mut [u8]) {
    // The month of the clock in the header, which the one in the list contradicts.
    let at = 26 + 8;
    let other = frame[at] ^ 0x01;
    altered(frame, at, &[other]);
}

#[test]
fn two_clocks_that_contradict_each_other_are_told() {
    let frames = |damaged: usize| {
        let mut frames = telegrams(MeterKind::NetzNoeKaifa, 6, None, None);
        frames.iter_mut().step_by(2).take(damaged).for_each(|frame| with_other_month(frame));
        frames.concat()
    };
    let (ran, found) = verdict_of_file(&frames(1), KEY);
    assert_eq!((&found["verdict"], ran.status), (&"ok".into(), 0), "{found:#}");
    let evidence = found["evidence"].to_string();
    assert!(evidence.contains("with two different times: 1; sinks do not"), "{found:#}");
    let (_, found) = verdict_of_file(&frames(3), KEY);
    assert_eq!(found["verdict"], "clock", "{found:#}");
    assert!(found["evidence"].to_string().contains("two different times: 3 of 6"), "{found:#}");
    let (_, found) = verdict_of_file(&frames(0), KEY);
    assert!(!found["evidence"].to_string().contains("times"), "{found:#}");
}

#[test]
fn a_key_that_fits_damaged_telegrams_is_no_example_and_not_wrong() {
    for seed in ["1", "2", "3", "4", "5", "6"] {
        let start = "--start=2026-11-29T18:00:00Z";
        let arguments =
            ["simulate", "--meter=steiermark", "--flip=100%", "--count=20", start, "--seed", seed];
        let records = run_command(command(&arguments), b"").out;
        let (_, found) = verdict_of_file(records.as_bytes(), KEY);
        assert_eq!(found["verdict"], "checksum", "{seed}: {found:#}");
        let (_, found) = verdict_of_file(records.as_bytes(), WRONG_KEY);
        assert_eq!(found["verdict"], "wrong-key", "{seed}: {found:#}");
    }
}

#[test]
fn telegrams_without_frames_whose_titles_differ_blame_no_key() {
    let wires = wires(MeterKind::Steiermark, 3);
    let damaged = |count: usize, key: &str| {
        let flipped = wires.iter().take(count).enumerate().map(|(at, wire)| {
            let mut wire = wire.clone();
            wire[6 + at] ^= 0x04;
            wire
        });
        verdict_of_file(&flipped.collect::<Vec<_>>().concat(), key).1
    };
    for count in [2, 3] {
        let found = damaged(count, KEY);
        assert_eq!(found["verdict"], "checksum", "{found:#}");
        assert!(found["cause"].as_str().unwrap().contains("never changes"), "{found:#}");
    }
    // One alone may be damaged, too.
    let found = damaged(1, WRONG_KEY);
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
    assert!(found["evidence"].to_string().contains("no frame vouches"), "{found:#}");
    let (_, found) = verdict_of_file(&wires.concat(), WRONG_KEY);
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
    assert!(!found["evidence"].to_string().contains("no frame vouches"), "{found:#}");
}

#[test]
fn a_tag_asks_first_which_of_two_keys_was_copied() {
    let (_, found) = verdict_of_file(&tagged(4).concat(), WRONG_KEY);
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
    for text in [&found["cause"], &found["evidence"][0]] {
        assert!(text.as_str().unwrap().contains("authentication key (GAK)"), "{found:#}");
    }
    let (_, found) = verdict_of_file(&sound(3), WRONG_KEY);
    assert!(!found["cause"].as_str().unwrap().contains("GAK"), "{found:#}");
}

#[test]
fn watch_has_the_verdict_of_doctor_about_a_key() {
    let wrong = WRONG_KEY;
    for (keys, octets, verdict, part) in [
        (format!("181220999999 {wrong}\n"), sound(4), "other-meter", "names other meters"),
        (format!("4b464d6750000007 {wrong}\n"), sound(4), "other-meter", "names other meters"),
        (wrong.to_owned(), sound(4), "wrong-key", "the key is wrong: compare"),
        (wrong.to_owned(), tagged(4).concat(), "wrong-key", "may be the authentication key"),
        (GAK.to_owned(), tagged(4).concat(), "authentication-key", "the only key is the auth"),
        (
            KEY.to_owned(),
            telegrams(MeterKind::NetzNoeKaifa, 4, Some(OTHER_KEY), None).concat(),
            "example-key",
            "published example key",
        ),
    ] {
        let (_, found) = verdict_of_file(&octets, &keys);
        assert_eq!(found["verdict"], verdict, "{found:#}");
        let folder = folder(&keys);
        let key = folder.path().join("guek");
        let device = FedDevice::new(move |_| octets.clone());
        let arguments = [
            "watch",
            "--format=json",
            "--timeout=3s",
            "--key-file",
            key.to_str().unwrap(),
            device.node(),
        ];
        let told = run_command(command(&arguments), b"").err;
        let last = told.lines().rfind(|line| line.contains("no telegram for 3 s")).unwrap();
        assert!(
            told.contains(part) && last.contains(part.trim_start_matches("the key is wrong: ")),
            "{told}"
        );
        assert_eq!(told.contains("the key is wrong"), verdict == "wrong-key", "{told}");
    }
}

#[test]
fn a_clock_that_began_anew_is_no_fault_of_this_machine() {
    let long_ago = Timestamp::from_second(946_684_800).unwrap();
    let wire = telegrams_from(long_ago, MeterKind::NetzNoeKaifa, 3, None, None).concat();
    let records = format!(
        "# meterpipe-record 1\n2026-09-21T12:00:00.000Z raw {} from=a\n",
        hex::encode(wire)
    );
    let (ran, found) = verdict_of_file(records.as_bytes(), KEY);
    assert_eq!((&found["verdict"], ran.status), (&"clock".into(), 1), "{found:#}");
    assert!(found["cause"].as_str().unwrap().contains("began anew in 2000"), "{found:#}");
    let shown = found["evidence"][0].as_str().unwrap();
    assert!(shown.starts_with("the meter's clock shows 2000-01-01 0"), "{found:#}");
    let step = found["next_step"].as_str().unwrap();
    assert!(step.contains("operator") && !step.contains("timedatectl"), "{step}");
}

#[test]
fn telegrams_that_nobody_has_encrypted_are_not_opened_and_need_no_key() {
    let d0 = b"/LGZ5E450\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n1-0:2.8.0(000000.000*kWh)\r\n!\r\n";
    for keys in [KEY, ""] {
        let (ran, found) = verdict_of_file(&d0.repeat(3), keys);
        assert_eq!((&found["verdict"], ran.status), (&"ok".into(), 0), "{found:#}");
        let cause = found["cause"].as_str().unwrap();
        assert!(cause.contains("not encrypted") && !cause.contains("open"), "{cause}");
        let evidence = found["evidence"].to_string();
        assert!(!evidence.contains("example"), "{evidence}");
        assert_eq!(evidence.contains("they need no key"), !keys.is_empty(), "{evidence}");
    }
}

#[test]
fn an_answer_about_no_source_says_so() {
    let answer = |arguments: &[&str]| {
        let mut doctor = command(&[&["doctor", "--lang", "en"], arguments].concat());
        doctor.env_remove("P1_PORT");
        run_command(doctor, b"").out
    };
    let empty = answer(&[""]);
    assert!(empty.starts_with("no source: no-device\n") && empty.contains("'': "), "{empty}");
    if !std::path::Path::new("/dev/serial/by-id").exists() {
        let none = answer(&[]);
        assert!(none.starts_with("no source: no-device\n"), "{none}");
        assert!(none.contains("No source is named"), "{none}");
    }
}

#[test]
fn a_key_under_the_name_of_another_meter_is_found() {
    let named = |name: &str, key: &str| format!("{name} {key}\n");
    let octets = sound(3);
    for name in ["4b464d0000000001", "999999999999"] {
        for rest in ["", &named("4b464d0000000002", OTHER_KEY)] {
            let (_, found) = verdict_of_file(&octets, &(named(name, KEY) + rest));
            assert_eq!(found["verdict"], "other-meter", "{found:#}");
            let evidence = found["evidence"].to_string();
            assert!(evidence.contains(&format!("the key of {name} opens them")), "{evidence}");
            let step = found["next_step"].as_str().unwrap();
            assert!(step.contains("in front of"), "{step}");
        }
        // A key without a name is tried as it is: it opens nothing, and neither does another name.
        let (_, found) =
            verdict_of_file(&octets, &(named(name, WRONG_KEY) + &format!("{OTHER_KEY}\n")));
        assert_eq!(found["verdict"], "wrong-key", "{found:#}");
        let evidence = found["evidence"].to_string();
        assert!(evidence.contains("2 keys") && evidence.contains(name), "{evidence}");
        let (_, found) = verdict_of_file(&octets, &named(name, WRONG_KEY));
        let evidence = found["evidence"].to_string();
        let tried = evidence.contains("without its name");
        assert!(found["verdict"] == "wrong-key" || tried, "{found:#}");
    }
}

#[test]
fn octets_of_seven_bits_are_told_with_the_setting() {
    let octets: Vec<u8> = sound(4).iter().map(|octet| octet & 0x7f).collect();
    let records = |octets: &[u8]| {
        let of = |chunk| format!("- raw {} from=a\n", hex::encode(chunk));
        octets.chunks(64).map(of).collect::<String>().into_bytes()
    };
    for input in [octets.clone(), records(&octets), octets[..282].to_vec()] {
        let (_, found) = verdict_of_file(&input, KEY);
        assert_eq!(found["verdict"], "parity", "{found:#}");
        let step = found["next_step"].as_str().unwrap();
        assert!(step.contains("8 data bits") && step.contains("8E1"), "{step}");
    }
    let text: Vec<u8> = b"1-0:1.8.0(000123*kWh)\r\n".repeat(20);
    assert_ne!(verdict_of_file(&text, KEY).1["verdict"], "parity");
}

#[test]
fn a_key_file_that_is_missing_is_told_as_that() {
    let folder = folder(KEY);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = path("input");
    fs::write(&input, sound(3)).unwrap();
    fs::write(path("empty"), "\n").unwrap();
    fs::write(path("letter"), "Dear customer,\nyour key comes by post.\n").unwrap();
    for (name, cause, step) in [
        ("missing", "there is no such key file", "path"),
        ("", "folder", "the file"),
        ("empty", "the key file is empty", "32 hex digits"),
        ("letter", "no key", "32 hex digits"),
    ] {
        let (ran, found) = doctor(&["--key-file", &path(name), &input]);
        assert_eq!((&found["verdict"], ran.status), (&"key-format".into(), 2), "{found:#}");
        assert!(found["cause"].as_str().unwrap().contains(cause), "{name}: {found:#}");
        assert!(found["next_step"].as_str().unwrap().contains(step), "{name}: {found:#}");
    }
}

/// The English words of a German answer.
pub fn english_words(answer: &str) -> Vec<&str> {
    // The verdict has the name that JSON has, and samples are what the source sends.
    let text = answer.split_once("\n  Befehl").map_or(answer, |(text, _)| text);
    let rows = text.lines().filter(|row| row.starts_with(' ') && !row.contains('…'));
    // Names of options and links are those that are typed.
    let words = rows.flat_map(str::split_whitespace).filter(|word| !word.starts_with("--"));
    let words = words.flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| ENGLISH.contains(word)).collect()
}

#[test]
fn a_german_answer_has_german_evidence() {
    let folder = folder(KEY);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (input, key) = (path("input"), path("guek"));
    let write = |name: &str, text: &[u8]| {
        fs::write(path(name), text).unwrap();
        path(name)
    };
    fs::write(&input, sound(3)).unwrap();
    let short = write("short", b"36C66639E48A8CA4D6BC8B282A793B");
    let marks = write("marks", b"36C66639E48A8CA4D6BC8B282A793B?B");
    let empty = write("empty", b"");
    let gak = write("gak", format!("GAK: {GAK}").as_bytes());
    let binary = write("binary", &[0x1f, 0x8b, 8, 0, 0]);
    let (missing, here) = (path("missing"), folder.path().to_str().unwrap().to_owned());
    let mut compressed = telegrams(MeterKind::KsmWest, 3, None, None);
    for frame in compressed.iter_mut().filter(|frame| frame[6] == 0) {
        let security = frame[22] | 0x80;
        altered(frame, 22, &[security]);
    }
    let compressed = write("compressed", &compressed.concat());
    let mut other_securities = vec![];
    for security in [0x60, 0x10, 0x00] {
        let mut frames = telegrams(MeterKind::KsmWest, 3, None, None);
        for frame in frames.iter_mut().filter(|frame| frame[6] == 0) {
            altered(frame, 22, &[security]);
        }
        other_securities.push(write(&format!("security-{security}"), &frames.concat()));
    }
    let [broadcast, tags, neither] = other_securities.try_into().unwrap();
    let bare = write("bare", &hex::decode("db084b464d1020000001").unwrap().repeat(3));
    let config = "[[meter]]\nsource = \"sim:none\"\n[[meter]]\nsource = \"tcp://\"\n";
    let config = write("config.toml", config.as_bytes());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("tcp://{closed}");
    for arguments in [
        &["--key-file", &short, &input][..],
        &["--key-file", &marks, &input],
        &["--key-file", &empty, &input],
        &["--key-file", &gak, &input],
        &["--key-file", &binary, &input],
        &["--key-file", &missing, &input],
        &["--key-file", &here, &input],
        &["--key-file", &key, &compressed],
        &["--key-file", &key, &broadcast],
        &["--key-file", &key, &tags],
        &["--key-file", &key, &neither],
        &["--key-file", &key, "--link", "hdlc", &bare],
        &["--key-file", &key, "--config", &config],
        &["--key-file", &key, &missing],
        &["--key-file", &key, &closed],
        &["--key-file", &key, "tcp://kein-rechner.invalid:1"],
        &["--key-file", &key, "/dev/serial/by-id/none"],
        &["--key-file", &key, &here],
        &["--key-file", &key],
    ] {
        let all = [&["doctor", "--lang", "de", "--time", "2s"], arguments].concat();
        let ran = run_command(command(&all), b"");
        let words = english_words(&ran.out);
        assert!(words.is_empty() && ran.out.contains("Ursache"), "{words:?}: {ran:?}");
    }
}

#[test]
fn a_sink_that_refuses_is_told_in_german() {
    let folder = folder(KEY);
    let (capture, config) = (folder.path().join("capture"), folder.path().join("config.toml"));
    fs::write(&capture, sound(3)).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (capture, key) = (capture.display(), folder.path().join("guek"));
    let key = key.display();
    for (sink, told) in [
        (format!("mqtt://{closed}"), "dort nimmt kein Programm Verbindungen an"),
        ("file:/kein/ordner/x.csv".to_owned(), "kein solcher Ordner"),
    ] {
        let text = format!(
            "[[meter]]\nsource = '{capture}'\nkey_file = '{key}'\n\n[[sink]]\nto = '{sink}'\n"
        );
        fs::write(&config, text).unwrap();
        let config = config.to_str().unwrap();
        let all =
            ["doctor", "--lang", "de", "--format", "json", "--time", "5s", "--config", config];
        let ran = run_command(command(&all), b"");
        assert!(ran.out.contains("\"verdict\":\"sink\"") && ran.out.contains(told), "{ran:?}");
    }
}

/// Words that no German sentence has.
const ENGLISH: [&str; 41] = [
    "with",
    "without",
    "neither",
    "encryption",
    "were",
    "the",
    "is",
    "are",
    "no",
    "not",
    "file",
    "such",
    "key",
    "found",
    "expected",
    "digit",
    "digits",
    "character",
    "line",
    "text",
    "folder",
    "device",
    "given",
    "source",
    "one",
    "of",
    "and",
    "listens",
    "there",
    "nothing",
    "host",
    "unknown",
    "refused",
    "compressed",
    "telegrams",
    "cannot",
    "be",
    "read",
    "only",
    "name",
    "plugged",
];

#[test]
fn a_meter_that_sends_seldom_is_waited_for() {
    let begun = std::time::Instant::now();
    let device = FedDevice::new(move |_| {
        // Longer than the share of the first settings in 10 s.
        thread::sleep(Duration::from_millis(if begun.elapsed() < Duration::from_secs(5) {
            5_500
        } else {
            300
        }));
        telegrams_from(Timestamp::now(), MeterKind::KsmWest, 1, None, None).concat()
    });
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let (_, found) = doctor(&["--time", "10s", "--key-file", key.to_str().unwrap(), device.node()]);
    assert_eq!(found["verdict"], "ok", "{found:#}");
}

#[test]
fn a_watch_that_ends_without_a_reading_names_the_doctor_once() {
    for (octets, arguments) in [
        (every_other(true), &["--timeout", "2s"][..]),
        (noise(200), &["--once", "--timeout", "2s"]),
    ] {
        let device = FedDevice::new(move |_| octets.clone());
        let all = [&["watch", "--format", "json"], arguments, &[device.node()]].concat();
        let ran = run_command(command(&all), b"");
        let named = ran.err.matches("meterpipe doctor").count();
        assert_eq!(named, 1, "{ran:?}");
    }
    let device = FedDevice::new(move |_| every_other(true));
    let arguments = ["watch", "--format", "json", "--timeout", "32s", device.node()];
    let ran = run_command(command(&arguments), b"");
    let named: Vec<_> = ran.err.lines().filter(|it| it.contains("meterpipe doctor")).collect();
    assert!(matches!(*named, [live] if live.contains("telegrams lack a frame")), "{ran:?}");
    let folder = folder(KEY);
    let (input, key) = (folder.path().join("input"), folder.path().join("guek"));
    fs::write(&input, every_other(true)).unwrap();
    let ran = run_command(
        command(&["decode", "--key-file", key.to_str().unwrap(), input.to_str().unwrap()]),
        b"",
    );
    assert!(ran.err.contains("ESPHome) to 1 s or more"), "{ran:?}");
}

#[test]
fn frames_of_two_telegrams_make_no_whole_one() {
    let simulated = |arguments: &[&str]| {
        let common = ["simulate", "--start", "2026-06-21T12:00+02", "--seed", "1"];
        run_command(command(&[&common, arguments].concat()), b"").out
    };
    // A first frame and, seconds later, the second one of another telegram.
    let halves = simulated(&["--lose", "100%", "--count", "6"]);
    // The CRC of a telegram without frames tells damage of the line as a checksum does.
    let damaged = simulated(&["--meter", "steiermark", "--flip", "40%", "--count", "40"]);
    for (input, verdict) in [(halves, "half"), (damaged, "checksum")] {
        let (_, found) = verdict_of_file(input.as_bytes(), KEY);
        assert_eq!(found["verdict"], verdict, "{found:#}");
    }
}

#[test]
fn a_demand_for_tags_is_told_from_a_wrong_key() {
    for gak in [None, Some(GAK)] {
        let folder = folder(KEY);
        let (input, key) = (folder.path().join("input"), folder.path().join("guek"));
        fs::write(&input, telegrams(MeterKind::KsmWest, 3, None, gak).concat()).unwrap();
        let [input, key] = [&input, &key].map(|path| path.to_str().unwrap());
        let (_, found) = doctor(&["--require-auth", "--key-file", key, input]);
        assert_eq!(found["verdict"], "tag", "{found:#}");
        assert!(found["next_step"].to_string().contains("leave --require-auth out"), "{found:#}");
        if gak.is_some() {
            fs::write(key, WRONG_KEY).unwrap();
            let (_, found) = doctor(&["--require-auth", "--key-file", key, input]);
            assert_eq!(found["verdict"], "wrong-key", "{found:#}");
            assert!(found["cause"].to_string().contains("does not open them"), "{found:#}");
        }
    }
}
