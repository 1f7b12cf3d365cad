//! Texts of meters: DSMR, also without its start or its end, readouts of infrared interfaces, and hex.

use crate::common::{
    binary::run,
    published::{DUMP, Folder, READING},
    wire::dsmr,
};

/// A readout with short codes, whose head looks like that of DSMR.
const READOUT: &str = "/LGZ5ZMF100AC.M26\r\n\r\nF.F(00)\r\n0.0.0(12345678)\r\n1.8.0(001234.5*kWh)\r\n2.8.0(0*kWh)\r\n!\r\n";

#[test]
fn a_text_that_begins_anywhere_in_a_telegram_is_no_hex() {
    let folder = Folder::new();
    let telegram = dsmr(6_545_766);
    // One octet in three, and all around the line ends.
    let starts = (0..telegram.len())
        .filter(|at| at % 3 == 0 || telegram[at.saturating_sub(3)..*at].contains(&b'\n'));
    for start in starts {
        let file = folder.write("dump.txt", [&telegram[start..], &telegram].concat());
        let ran = run(&["decode", "--format", "json", &file], b"");
        let expected = if start == 0 { 2 } else { 1 };
        assert_eq!(ran.out.lines().count(), expected, "from octet {start}: {}", ran.err);
        assert_eq!(ran.err, "", "from octet {start}");
    }
}

#[test]
fn a_text_with_a_hole_is_read_as_its_octets_are() {
    let folder = Folder::new();
    let [first, hit, next, last] = [1, 2, 3, 4].map(dsmr);
    let mark = hit.len() - 7;
    let near = |cut: &usize| {
        let line = &hit[cut.saturating_sub(3)..*cut];
        cut.is_multiple_of(4) || *cut > mark || line.contains(&b'\n')
    };
    for cut in (1..hit.len()).filter(near) {
        let octets = cut.to_string();
        for part in [&hit[..cut], &hit[cut..], &[&hit[..20], &hit[cut.max(20)..]].concat()] {
            let stream = [&first[..], part, &next, &last].concat();
            let file = folder.write("dump.txt", &stream);
            let [text, binary] = [&["decode", &file][..], &["decode", "--input", "binary", &file]]
                .map(|arguments| run(arguments, b""));
            assert_eq!(text.out, binary.out, "cut at {octets}: {}", text.err);
            assert_eq!(text.status, binary.status, "cut at {octets}: {}", text.err);
            assert!(!text.err.contains("hex:"), "cut at {octets}: {}", text.err);
            // A text may leave out an empty line in front of the first object.
            let telegrams = |err: &str| {
                let account = err.lines().last().unwrap_or_default();
                account.split(" damaged on the line").next().unwrap_or_default().to_owned()
            };
            assert_eq!(telegrams(&text.err), telegrams(&binary.err), "cut at {octets}");
        }
    }
}

#[test]
fn a_crc_that_is_missing_is_no_interference() {
    let folder = Folder::new();
    let telegram = dsmr(6_545_766);
    let mark = telegram.len() - 6;
    let file = folder.write("dump.txt", [&telegram[..mark], b"\r\n"].concat());
    let ran = run(&["doctor", "--lang", "en", &file], b"");
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 telegram has no CRC behind the exclamation mark"), "{words}");
    assert!(!words.contains("interference"), "{words}");
}

#[test]
fn hex_behind_a_first_line_of_any_kind_is_hex() {
    let folder = Folder::new();
    for first in ["dump(1)", "Netz-NOE", "68", "(68 fa fa 68)", "", "F.F(00)"] {
        let dump = if first == "68" { DUMP.split_at(2).1 } else { DUMP };
        let ran = folder.decode(&["--format", "json"], format!("{first}\n{dump}"));
        assert_eq!(ran.out, READING, "{first}: {}", ran.err);
    }
    let ran = folder.decode(&["--format", "json"], DUMP.trim());
    assert_eq!(ran.out, READING);
}

#[test]
fn the_missing_part_of_a_telegram_is_named_with_the_next_step() {
    let folder = Folder::new();
    let telegram = dsmr(6_545_766);
    let mark = telegram.iter().rposition(|octet| *octet == b'!').unwrap();
    for (octets, missing) in [
        (&telegram[..mark], "the end of a DSMR telegram is missing: the line that begins with !"),
        (&telegram[40..], "the start of a DSMR telegram is missing: the line that begins with /"),
        (&telegram[40..mark], "there is neither the start, a line with /, nor the end"),
    ] {
        let file = folder.write("dump.txt", octets);
        let ran = run(&["decode", &file], b"");
        assert_eq!((ran.status, &*ran.out), (3, ""));
        assert!(ran.err.contains(missing), "{}", ran.err);
        assert!(ran.err.contains("give a whole telegram"), "{}", ran.err);
        let ran = run(&["doctor", "--format", "json", &file], b"");
        assert!(ran.out.contains("\"verdict\":\"half\""), "{}", ran.out);
        for text in [&ran.out, &ran.err] {
            assert!(!text.contains("use a reader for DSMR"), "{text}");
        }
    }
}

#[test]
fn every_command_names_a_readout_of_an_infrared_interface() {
    let folder = Folder::new();
    let whole = READOUT.repeat(2);
    let block = READOUT.replace("\r\n\r\nF.F", "\r\n\x02F.F");
    for text in [READOUT, &whole, &block, &READOUT[30..]] {
        let file = folder.write("dump.txt", text);
        for command in ["decode", "unframe", "explain", "watch", "capture", "doctor"] {
            let ran = run(&[command, &file], b"");
            let words = (ran.out + &ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("D0 (IEC 62056-21)"), "{command}: {words}");
            assert!(!words.contains("DSMR") && !words.contains("hex:"), "{command}: {words}");
        }
    }
}
