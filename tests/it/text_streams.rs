//! Streams in the forms of text: each gives what its octets give.

use crate::common::{
    binary::{command, run, run_command},
    published::{EXAMPLE_KEYS, Folder},
};

/// The lines that the simulator writes in hex, as octets: a telegram each.
fn simulated(meter: &str, count: usize) -> Vec<Vec<u8>> {
    let count = count.to_string();
    let start = "2026-01-15T10:00:00+01:00";
    let args = ["--meter", meter, "--count", &count, "--seed", "3", "--start", start];
    let simulate = [&["simulate", "--output", "hex"], &args[..]].concat();
    let text = run_command(command(&simulate), b"").out;
    text.lines().map(|line| hex::decode(line).unwrap()).collect()
}

/// Reads octets in several forms of text, each with its name.
struct Reader {
    _folder: Folder,
    key: String,
}

impl Reader {
    fn new() -> Self {
        let folder = Folder::new();
        let key = folder.write("keys", EXAMPLE_KEYS);
        Self { _folder: folder, key }
    }

    fn readings(&self, input: &[u8]) -> (String, String) {
        let ran = run(&["decode", "--format", "json", "--key-file", &self.key], input);
        (ran.out, ran.err)
    }

    /// A text gives the readings of its octets, and there are so many of them at least.
    fn assert_same(&self, name: &str, octets: &[u8], text: &str, least: usize) {
        let (expected, _) = self.readings(octets);
        assert!(expected.lines().count() >= least, "{name}: {expected}");
        let (found, said) = self.readings(text.as_bytes());
        assert_eq!(found.lines().count(), expected.lines().count(), "{name}: {said}\n{text}");
        assert_eq!(found, expected, "{name}: {said}\n{text}");
    }
}

fn rows(octets: &[u8], size: usize, mut row: impl FnMut(&[u8]) -> String) -> String {
    octets.chunks(size).map(|octets| row(octets) + "\n").collect()
}

fn digits(octets: &[u8]) -> String {
    hex::encode(octets)
}

fn spaced(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}

const METERS: [&str; 6] =
    ["netz-noe-kaifa", "ksm-west-1phase", "wiener-netze", "kaernten-netz", "graz", "steiermark"];

#[test]
fn a_dump_that_begins_anywhere_keeps_all_its_rows() {
    let reader = Reader::new();
    for meter in METERS {
        let all = simulated(meter, 2).concat();
        for start in [0, 1, 3, 4, 9, 14, 17] {
            // The rest of an earlier telegram, or noise.
            let noise = &[0x16, 0xe5, 0x00, 0x3b][..start % 4];
            for octets in [all[start..].to_vec(), [noise, all.as_slice()].concat()] {
                let (expected, _) = reader.readings(&octets);
                assert!(!expected.is_empty(), "{meter} from {start}");
                for (size, row) in [(16, digits as fn(&[u8]) -> String), (24, digits), (32, spaced)]
                {
                    let text = rows(&octets, size, row);
                    let (found, said) = reader.readings(text.as_bytes());
                    assert_eq!(
                        found, expected,
                        "{meter}, rows of {size} from {start}: {said}\n{text}"
                    );
                }
            }
        }
    }
}

/// As Python prints octets.
fn python(octets: &[u8]) -> String {
    let shown: String = octets
        .iter()
        .map(|octet| match octet {
            b'\\' => r"\\".to_owned(),
            b'\t' => r"\t".to_owned(),
            b'\n' => r"\n".to_owned(),
            b'\r' => r"\r".to_owned(),
            b' '..=b'~' => char::from(*octet).to_string(),
            _ => format!("\\x{octet:02x}"),
        })
        .collect();
    let quote = if octets.contains(&b'\'') && !octets.contains(&b'"') { "\"" } else { "'" };
    let shown = if quote == "'" { shown.replace('\'', r"\'") } else { shown };
    format!("b{quote}{shown}{quote}")
}

#[test]
fn what_python_reads_in_pieces_is_read() {
    let reader = Reader::new();
    for meter in METERS {
        let telegrams = simulated(meter, 4);
        let all = telegrams.concat();
        for size in [1, 2, 3, 4, 7, 16, 40] {
            let text = rows(&all, size, python);
            reader.assert_same(&format!("{meter}, pieces of {size}"), &all, &text, 4);
            let text = rows(&all, size, |octets| format!("12:34:56 RX: {}", python(octets)));
            reader.assert_same(&format!("{meter}, a log, {size}"), &all, &text, 4);
        }
        // `read(in_waiting or 1)`: the first octet, then all others.
        let pieces = telegrams
            .iter()
            .filter_map(|telegram| telegram.split_at_checked(1))
            .map(|(first, rest)| format!("{}\n{}\nb''\n", python(first), python(rest)));
        reader.assert_same(meter, &all, &pieces.collect::<String>(), 4);
    }
}

#[test]
fn what_looks_like_markup_in_octets_is_theirs() {
    let reader = Reader::new();
    let all = simulated("netz-noe-kaifa", 40).concat();
    let tags = [&b"<b>"[..], b"</i>", b"<p/>", b"[0m", b"[0;1m", b"[code]"];
    // A damaged frame brings no reading, and all others are there.
    let pieces: Vec<_> = all
        .chunks(282)
        .zip(tags.iter().cycle())
        .enumerate()
        .map(|(at, (chunk, tag))| {
            let mut octets = chunk.to_vec();
            if at % 4 == 1 {
                octets.splice(100..100 + tag.len(), tag.iter().copied());
            }
            octets
        })
        .collect();
    let text: String = pieces.iter().map(|piece| python(piece) + "\n").collect();
    let (_, said) = reader.readings(&pieces.concat());
    let (_, found) = reader.readings(text.as_bytes());
    let octets = |said: &str| said.rsplit(", ").next().map(str::to_owned);
    assert_eq!(octets(&found), octets(&said), "{found}");
    reader.assert_same("markup", &pieces.concat(), &text, 20);
}

/// As `socat -x -v` writes: sixteen octets and their text, a row ends behind each line end.
fn socat(octets: &[u8]) -> String {
    let mut text = format!("> 2026/01/15 10:00:00.000000000  length={}\n", octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        for row in line.chunks(16) {
            let shown = row.iter().map(|octet| match octet {
                b' '..=b'~' => char::from(*octet),
                _ => '.',
            });
            let shown: String = shown.collect();
            text += &format!(" {:47}  {shown}\n", spaced(row));
        }
    }
    text + "--\n"
}

#[test]
fn the_text_beside_octets_may_end_with_blanks_and_begin_with_a_bar() {
    let reader = Reader::new();
    for meter in METERS {
        let telegrams = simulated(meter, 40);
        let text: String = telegrams.iter().map(|telegram| socat(telegram)).collect();
        reader.assert_same(meter, &telegrams.concat(), &text, 40);
        let without: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        reader.assert_same(meter, &telegrams.concat(), &without, 40);
    }
}

#[test]
fn the_last_octets_of_a_log_are_read_wherever_it_begins() {
    let reader = Reader::new();
    for meter in METERS {
        let all = simulated(meter, 3).concat();
        for noise in [&[0x00][..], &[0x16, 0xe5]] {
            for size in [17, 40, 80, 90] {
                let octets = [noise, all.as_slice()].concat();
                let mut at = 0;
                let log = rows(&octets, size, |row| {
                    at += 1;
                    let row = spaced(row).replace(' ', ":").to_uppercase();
                    format!("[12:34:{:02}][D][uart_debug:114]: <<< {row}", at % 60)
                });
                reader.assert_same(&format!("{meter}, {size}, ESPHome"), &octets, &log, 2);
                let log = rows(&octets, size, |row| format!("RX: {}", spaced(row)));
                reader.assert_same(&format!("{meter}, {size}"), &octets, &log, 2);
            }
        }
    }
}

fn base64(octets: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = octets.chunks(3).map(|group| {
        let bits = group.iter().fold(0, |bits, octet| bits << 8 | usize::from(*octet));
        let bits = bits << (8 * (3 - group.len()));
        let digit = |at: usize| char::from(digits[bits >> (18 - 6 * at) & 63]);
        let text: String = (0..=group.len()).map(digit).collect();
        format!("{text:=<4}")
    });
    groups.collect()
}

#[test]
fn base64_is_read_wherever_it_begins() {
    let reader = Reader::new();
    for meter in METERS {
        let all = simulated(meter, 20).concat();
        for (start, width) in [(0, 76), (1, 76), (30, 76), (57, 76), (100, 64), (60, 64)] {
            let (octets, text) = (&all[start..], base64(&all[start..]));
            let lines = crate::pasted::wrapped(&text, width);
            reader.assert_same(&format!("{meter}, {width} from {start}"), octets, &lines, 18);
            reader.assert_same(&format!("{meter}, a line from {start}"), octets, &text, 18);
        }
    }
}

#[test]
fn a_row_of_base64_is_neither_a_comment_nor_the_text_of_a_meter() {
    let reader = Reader::new();
    // The second row of the text begins with each of these.
    for start in ["//8A", "/gBq5aaa", "/abc5AAA"] {
        let all = simulated("wiener-netze", 30).concat();
        let mut text = base64(&all);
        text.replace_range(76..76 + start.len(), start);
        let rows = crate::pasted::wrapped(&text, 76);
        assert!(rows.contains(&format!("\n{start}")), "{rows}");
        let (found, said) = reader.readings(rows.as_bytes());
        assert!(found.lines().count() >= 29, "{start}: {said}");
    }
}
