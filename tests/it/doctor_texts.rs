//! `doctor` and `decode` about texts and files whose fault is no line's.

use std::fs;

use serde_json::Value;

use crate::{
    common::{
        binary::{command, run_command},
        published::{DUMP, KEY, octets},
    },
    doctor::{GAK, doctor, folder, sound, telegrams, verdict_of_file},
};
use meterpipe::source::simulator::meter::MeterKind;

/// The messages of `decode` about an input, under these keys.
fn told_by_decode(text: &str, keys: &str) -> String {
    let folder = folder(keys);
    let key = folder.path().join("guek");
    let arguments = ["decode", "--key-file", key.to_str().unwrap()];
    run_command(command(&arguments), text.as_bytes()).err
}

fn verdict(text: &str) -> Value {
    verdict_of_file(text.as_bytes(), KEY).1
}

/// A telegram of Kärnten Netz in its HDLC frame.
fn hdlc() -> Vec<u8> {
    // The ciphered octets of another time may look like a start.
    let mut simulated =
        command(&["simulate", "--meter=kaernten-netz", "--output=hex", "--count=1"]);
    simulated.arg("--start=2026-06-21T00:00:00Z");
    hex::decode(run_command(simulated, b"").out.trim()).unwrap()
}

#[test]
fn a_pasted_telegram_without_a_frame_blames_no_adapter() {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 3, None, None);
    for missing in [1, 2] {
        let kept = frames.iter().enumerate().filter(|(at, _)| *at != missing);
        let lines: Vec<_> = kept.map(|(_, frame)| hex::encode(frame)).collect();
        let told = told_by_decode(&lines.join("\n"), KEY);
        assert!(told.contains("copy all frames of a telegram"), "{missing}: {told}");
        assert!(!told.contains("ser2net") && !told.contains("adapter"), "{missing}: {told}");
    }
}

#[test]
fn the_first_start_of_a_telegram_that_is_cut_off_counts() {
    let mut lost = hdlc();
    lost.drain(50..53);
    let octets = lost.len();
    let mut inputs = vec![lost.clone()];
    for start in [0x68, 0x7e, 0x2f, 0x00, 0x10] {
        for at in [60, 90, 110] {
            let mut cut = hdlc()[..at].to_vec();
            cut.extend([start; 3]);
            inputs.push(cut);
        }
    }
    // A bare APDU, in which ciphered octets look like the header of a wrapper.
    let mut bare = hdlc()[12..110].to_vec();
    bare[40..48].copy_from_slice(&[0, 1, 0, 1, 0, 1, 0, 119]);
    inputs.push(bare);
    for input in &inputs {
        let (text, octets) = (hex::encode(input), input.len());
        let told = told_by_decode(&text, KEY);
        assert!(told.contains(&format!("after {octets} octets")), "{text}: {told}");
        let found = verdict(&text);
        assert_eq!(found["verdict"], "half", "{text}: {found:#}");
    }
    assert!(octets > 100);
}

#[test]
fn octets_too_many_in_a_plain_telegram_are_no_unknown_list() {
    let plain = "0f800000010c07e5091b01092f0f00ff88800203060000000106000000020600000003";
    assert_eq!(verdict(plain)["verdict"], "unknown-layout");
    for text in [format!("{plain}{}", "00".repeat(11)), plain.replace("06000000020", "46000000020")]
    {
        let found = verdict(&text);
        if found["verdict"] == "unknown-layout" {
            panic!("{text}: {found:#}");
        }
        assert!(!found["cause"].to_string().contains("OBIS"), "{found:#}");
    }
    // Codes that nobody named, in a list of their own.
    let code = "02020906000060030aff0601000000";
    let codes = format!(
        "0f800000010c07e5091b01092f0f00ff88800101{}",
        code.replace("0601000000", "0600000001")
    );
    let found = verdict(&codes);
    assert_eq!(found["verdict"], "unknown-layout", "{found:#}");
    assert!(!found["cause"].to_string().contains("has no OBIS codes"), "{found:#}");
    assert!(found["cause"].to_string().contains("none of the OBIS codes"), "{found:#}");
}

#[test]
fn an_export_of_a_portal_and_prose_are_no_telegrams() {
    let export = "Datum;Zeit von;Zeit bis;Verbrauch (kWh)\n01.11.2025;00:00;00:15;0,034\n01.11.2025;00:15;00:30;0,051\n";
    let found = verdict(export);
    assert_eq!(found["verdict"], "other-protocol", "{found:#}");
    assert!(found["next_step"].to_string().contains("quarters --compare"), "{found:#}");
    let told = told_by_decode(export, KEY);
    assert!(told.contains("portal") && told.contains("quarters --compare"), "{told}");
    // A sentence that names them.
    let sentence =
        "The export has Datum, Zeit von, Zeit bis, Verbrauch (kWh), for each customer.\n";
    let found =
        verdict(&(sentence.to_owned() + &"It has a lamp, and 2 buttons, too.\n".repeat(30)));
    assert_eq!(found["protocol"], "text", "{found:#}");
    // The columns of nobody.
    let other = export.replace("Verbrauch (kWh)", "Temperatur").replace("Datum", "Tag");
    let found = verdict(&other);
    assert_eq!(
        (&found["verdict"], &found["protocol"]),
        (&"other-protocol".into(), &"text".into()),
        "{found:#}"
    );
    let prose = "The registers 1.8.0(import) and 2.8.0(export) are those of the meter. ";
    let prose = prose.to_owned() + &"It has a display, too, and a lamp. ".repeat(40);
    assert_ne!(verdict(&prose)["verdict"], "checksum");
    assert_ne!(verdict(&prose)["protocol"], "iec62056-21");
    for name in ["README.md", "README.de.md", "CHANGELOG.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let found = verdict(&text);
        let expected = (&"other-protocol".into(), &"text".into());
        assert_eq!((&found["verdict"], &found["protocol"]), expected, "{name}: {found:#}");
    }
}

#[test]
fn dlms_behind_another_control_information_is_no_other_protocol() {
    for information in [0xff, 0x72, 0x7a, 0x40] {
        let mut octets = sound(1);
        octets[6] = information;
        let end = usize::from(octets[1]) + 4;
        octets[end] = octets[4..end].iter().fold(0, |sum: u8, it| sum.wrapping_add(*it));
        let (_, found) = verdict_of_file(&octets, KEY);
        assert_eq!(found["verdict"], "other-protocol", "{information:02x}: {found:#}");
        assert!(found["evidence"].to_string().contains("control information"), "{found:#}");
        assert!(!found["next_step"].to_string().contains("wmbusmeters"), "{found:#}");
    }
}

#[test]
fn the_published_authentication_key_alone_is_named_by_decode_too() {
    let lines: Vec<_> = [sound(1), sound(1)].iter().map(hex::encode).collect();
    let told = told_by_decode(&lines.join("\n"), GAK);
    assert!(told.contains("the only key is the authentication key (GAK)"), "{told}");
    let (_, found) = verdict_of_file(&sound(2), GAK);
    assert_eq!(found["verdict"], "authentication-key");
    let told = told_by_decode(&lines.join("\n"), &format!("{}0", &KEY[1..]));
    assert!(told.contains("compare the encryption key") && !told.contains("only key"), "{told}");
    let (_, found) = doctor(&["--key-file", "/nonexistent", "-"]);
    assert_eq!(found["verdict"], "key-format");
}

#[test]
fn prose_with_some_hex_in_it_is_no_sick_telegram() {
    let prose = "The meter sends frames, each of which has a checksum of its own.\n".repeat(40);
    let quoted = "2026-06-21T10:00:00.073Z frame 68fafa6853ff000167db084b464d6750…\n\
                  `68 FA FA 68 53 FF 00 01 67 DB 08 …` begins it\n/KFM5KAIFA-METER and so on\n";
    for text in [[&prose[..], quoted, &prose].concat(), [quoted, &prose[..]].concat()] {
        let found = verdict(&text);
        assert_eq!(
            (&found["verdict"], &found["protocol"]),
            (&"other-protocol".into(), &"text".into())
        );
        assert!(
            found["cause"].as_str().unwrap().contains("no telegram is found in it"),
            "{found:#}"
        );
    }
    // A telegram among as many words is one.
    let mut sick = sound(1);
    sick[30] ^= 1;
    let found = verdict(&[&prose[..], &hex::encode(sick), "\n", &prose].concat());
    assert_eq!(found["verdict"], "checksum", "{found:#}");
}

#[test]
fn readings_are_named_with_the_subcommands_that_take_them() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let read = |format: &str| {
        let arguments = ["decode", "--key-file", key.to_str().unwrap(), "--format", format];
        run_command(command(&arguments), hex::encode(sound(2)).as_bytes()).out
    };
    for (format, step) in [
        ("json", "meterpipe quarters, plot or publish"),
        ("csv", "--format json"),
        ("table", "--format json"),
        ("lines", "--format json"),
        ("influx", "--format json"),
        ("prometheus", "--format json"),
        ("solarview", "--format json"),
    ] {
        let text = read(format);
        let found = verdict(&text);
        assert_eq!(found["verdict"], "other-protocol", "{found:#}");
        assert!(found["cause"].as_str().unwrap().contains("readings already"), "{found:#}");
        assert!(found["next_step"].as_str().unwrap().contains(step), "{found:#}");
        let told = told_by_decode(&text, KEY);
        assert!(told.contains(step), "{format}: {told}");
    }
    // The request and the answer of a meter with an infrared interface are no readings of ours.
    let readout =
        "/?!\r\n/LGZ4ZMF100AC.M23\r\n1.8.0(012345.678*kWh)\r\n2.8.0(000000.123*kWh)\r\n!\r\n";
    assert_eq!(verdict(readout)["protocol"], "iec62056-21");
    // A time stands in front of the hex of a log, too.
    let mut sick = sound(1);
    sick[30] ^= 1;
    let found = verdict(&format!("2026-06-21T10:00:00.073Z {}\n", hex::encode(sick)));
    assert_eq!(found["verdict"], "checksum", "{found:#}");
}

#[test]
fn a_telegram_that_dots_shorten_is_called_that() {
    let [one, two] = [hex::encode(&sound(1)[..24]), hex::encode(&sound(1)[256..276])];
    for dots in ["…", "...", " …", " [...]"] {
        let found = verdict(&format!("{one}{dots}\n{two}{dots}\n"));
        assert_eq!(found["verdict"], "half", "{dots}: {found:#}");
        assert!(found["cause"].as_str().unwrap().contains("are shortened"), "{dots}: {found:#}");
        assert!(found["evidence"][0].as_str().unwrap().starts_with("line 1: "), "{found:#}");
    }
}

#[test]
fn a_block_of_d0_without_a_crc_is_no_dsmr() {
    for object in ["1-0:1.8.0*255(012345.6789*kWh)", "1.8.0(012345.6789*kWh)"] {
        let power = object.replace("1.8.0", "16.7.0");
        for end in ["\n", "\r\n"] {
            let text = ["/EMH5\\@01LZQJL0014F", "", object, &power, "!", ""].join(end);
            let found = verdict(&text);
            assert_eq!(found["protocol"], "iec62056-21", "{text}: {found:#}");
            let told = told_by_decode(&text, KEY);
            assert!(told.contains("D0 (IEC 62056-21)") && !told.contains("DSMR"), "{told}");
        }
    }
}

#[test]
fn a_lone_authentication_key_is_named_before_the_telegrams() {
    let told = told_by_decode(&hex::encode(sound(3)), GAK);
    let first = told.lines().find(|line| !line.contains("chmod")).unwrap();
    assert!(first.contains("the only key is the authentication key (GAK)"), "{told}");
}

#[test]
fn a_file_with_keys_of_other_numbers_has_none_for_this_meter() {
    let other = "00112233445566778899aabbccddeeff";
    for keys in [
        format!("181220999999 {other}\n"),
        format!("181220999999 {other}\n4b464d6750000007 {}\n", other.replace("ff", "00")),
    ] {
        let (_, found) = verdict_of_file(&sound(2), &keys);
        assert_eq!(found["verdict"], "other-meter", "{found:#}");
        let text = found.to_string();
        for part in ["no key of the file opens", "181220999999", "the meter has the system title"] {
            assert!(text.contains(part), "{part}: {found:#}");
        }
        assert!(!text.contains(&other[..8]), "{found:#}");
    }
    // Behind the title of this meter it is its key, and wrong.
    let title = hex::encode(&sound(1)[11..19]);
    let (_, found) = verdict_of_file(&sound(2), &format!("{title} {other}\n"));
    assert_eq!(found["verdict"], "wrong-key", "{found:#}");
}

/// The published telegram in rows of sixteen octets, each written so, but for the octets `without`.
fn rows_of(without: std::ops::Range<usize>, write: impl Fn(usize, &[String]) -> String) -> String {
    let mut octets = octets(DUMP);
    octets.drain(without);
    let octets: Vec<_> = octets.iter().map(|it| format!("{it:02x}")).collect();
    octets.chunks(16).enumerate().map(|(at, row)| write(at, row) + "\n").collect()
}

#[test]
fn text_beside_the_digits_of_a_telegram_is_named_with_its_line() {
    let whole = |write: &dyn Fn(usize, &[String]) -> String| rows_of(0..0, write);
    let forms = [
        // Numbers that follow no rule of rows.
        (whole(&|at, row| format!("{} {{{:02}}}", row.join(" "), 3 * at % 40)), 1, "{"),
        (whole(&|at, row| format!("{};{}", row.join(";"), 1000 + at * at)), 1, "1000"),
        (whole(&|at, row| format!("{:04x} {}", 0x2010 + 24 * at, row.join(" "))), 1, "2010"),
        (
            whole(&|at, row| match at {
                4 => format!("{} Seite 12 34\n", row.join(" ")),
                _ => row.join(" "),
            }),
            5,
            "Seite",
        ),
    ];
    for (text, line, quote) in forms {
        let place = format!("line {line}: \"{quote}\" stands beside the hex digits");
        let verdict = verdict(&text);
        assert_eq!(verdict["verdict"], "other-protocol", "{text}{verdict}");
        assert_eq!(verdict["protocol"], "hex digits with other text beside them", "{text}");
        assert!(verdict.to_string().contains(&place.replace('"', "\\\"")), "{text}{verdict}");
        assert!(!verdict.to_string().contains("rx_buffer_size"), "{text}{verdict}");
        for command in ["decode", "unframe", "explain"] {
            let told = run_command(self::command(&[command]), text.as_bytes()).err;
            let last = told.lines().find(|it| it.contains("no telegram found")).unwrap();
            assert!(last.contains(&place), "{command}: {text}{told}");
            assert!(
                last.ends_with(
                    "copy the hex digits of the whole telegram, and nothing beside them"
                )
            );
            for advice in ["rx_buffer_size", "take all frames", "copy all frames"] {
                assert!(!told.contains(advice), "{command}: {text}{told}");
            }
        }
    }
}

#[test]
fn octets_that_are_lost_from_digits_alone_keep_their_advice() {
    for write in [
        (|_, row: &[String]| row.join(" ")) as fn(usize, &[String]) -> String,
        |_, row| row.concat(),
        |_, row| format!("[12:34:56][D][uart_debug:114]: <<< {}", row.join(":")),
        |at, row| format!("{:08x}: {}", 16 * at, row.join(" ")),
        |_, row| format!("2026-06-21 12:00:05,123 DEBUG RX: {}", row.join(" ")),
    ] {
        let text = rows_of(40..72, write);
        let verdict = verdict(&text);
        assert_eq!(verdict["verdict"], "octets-lost", "{text}{verdict}");
        assert!(verdict.to_string().contains("rx_buffer_size"), "{text}{verdict}");
        let told = told_by_decode(&text, KEY);
        assert!(!told.contains("beside"), "{text}{told}");
    }
}
