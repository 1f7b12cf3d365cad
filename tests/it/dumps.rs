//! The published telegram in every form that people keep it in, read back to its octets.

use crate::common::published::{DUMP, octets};
use std::{fs, path::Path};

use crate::common::{binary::run, chain::beside, damage::RandomNumbers};

use meterpipe::{
    error::{Cause, Error, Layer, Mark},
    hex::{
        detect::{Form, detect},
        dump::{Dump, HexRun},
    },
};

fn digits() -> String {
    DUMP.split_whitespace().collect()
}

fn telegram() -> Vec<u8> {
    octets(DUMP)
}

/// The octets and the marks of a whole text, and every defect with the number of its line.
fn read(text: &[u8]) -> (HexRun, Vec<(usize, Error)>) {
    let (mut dump, mut run, mut defects) = (Dump::default(), HexRun::default(), vec![]);
    for (number, line) in text.split(|&c| c == b'\n').enumerate() {
        if let Err(error) = dump.line(line, true, &mut run) {
            defects.push((number + 1, error));
        }
    }
    if let Err(error) = dump.finish() {
        defects.push((0, error));
    }
    (run, defects)
}

fn assert_reads(text: impl AsRef<[u8]>, expected: &[u8], what: &str) {
    let (run, defects) = read(text.as_ref());
    assert_eq!(defects, [], "{what}");
    assert_eq!(run.marks, [], "{what}");
    assert_eq!(run.octets, expected, "{what}");
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dumps").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn in_groups(size: usize, separator: &str) -> String {
    let digits = digits();
    let groups: Vec<&str> =
        digits.as_bytes().chunks(size).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(separator)
}

#[test]
fn listings_that_the_usual_programs_write_are_read() {
    let files = files("");
    assert!(files.len() >= 20, "{}", files.len());
    for (name, text) in files {
        assert_eq!(detect(&text, true), Some(Ok(Form::Text)), "{name}");
        assert_reads(&text, &telegram(), &name);
        // As mail and chat programs leave them.
        let text = String::from_utf8(text).unwrap();
        let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_reads(trimmed.join("\r\n"), &telegram(), &name);
        let indented: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        assert_reads(indented.join("\n"), &telegram(), &name);
        assert_reads(trimmed.join("\r"), &telegram(), &name);
    }
}

#[test]
fn listings_survive_a_loss_of_their_double_blanks_and_of_their_text() {
    for (name, text) in files("") {
        let text = String::from_utf8(text).unwrap();
        let squeezed: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_reads(squeezed.join("\n"), &telegram(), &name);
        let left_side: Vec<&str> =
            text.lines().map(|l| l.split(['|', '>']).next().unwrap()).collect();
        assert_reads(left_side.join("\n"), &telegram(), &name);
    }
    let xxd = fs::read_to_string("tests/data/dumps/xxd.txt").unwrap();
    let left_side: Vec<&str> = xxd.lines().map(|line| line[..49].trim_end()).collect();
    assert_reads(left_side.join("\n"), &telegram(), "xxd without its right side");
}

#[test]
fn listings_of_other_programs_are_read() {
    let wireshark = "0000  68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50   h..hS...g..KFMgP\n\
                     0010  00 00 09 81 f8 20 00 00  00 23                     ..... ...#\n";
    let python = "00000000: 68 FA FA 68 53 FF 00 01  67 DB 08 4B 46 4D 67 50  h..hS...g..KFMgP\n\
                  00000010: 00 00 09 81 F8 20 00 00  00 23                    ..... ...#\n";
    let no_text = "00000000: 68 FA FA 68 53 FF 00 01  67 DB 08 4B 46 4D 67 50\n\
                   00000010: 00 00 09 81 F8 20 00 00  00 23";
    for text in [wireshark, python, no_text] {
        assert_reads(text, &telegram()[..26], text);
    }
}

#[test]
fn text_beside_the_octets_is_no_hex_though_it_may_look_like_it() {
    let octets = octets("30303131203233332034203544454144");
    for row in [
        "00000000: 3030 3131 2032 3333 2034 2035 4445 4144  0011 233 4 5DEAD",
        "00000000: 30 30 31 31 20 32 33 33 20 34 20 35 44 45 41 44  0011 233 4 5DEAD",
        "00000000  30 30 31 31 20 32 33 33  20 34 20 35 44 45 41 44  |0011 233 4 5DEAD|",
        "0000000 30 30 31 31 20 32 33 33 20 34 20 35 44 45 41 44  >0011 233 4 5DEAD<",
        " 30 30 31 31 20 32 33 33 20 34 20 35 44 45 41 44  >0011 233 4 5DEAD<",
    ] {
        assert_reads(row, &octets, row);
    }
}

#[test]
fn a_star_stands_for_the_rows_that_were_left_out() {
    let expected = [
        "30303131323233333434353536363737".repeat(6),
        "00".repeat(320),
        digits()[512..].to_string(),
        "20".repeat(6),
    ];
    let expected = octets(&expected.concat());
    for (name, text) in files("repeated") {
        assert_reads(&text, &expected, &name);
    }
}

#[test]
fn a_star_makes_no_more_than_64_kib() {
    let row = "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|";
    let (run, defects) = read(format!("{row}\n*\n00010010\n68").as_bytes());
    assert_eq!((run.octets.len(), defects), (16 + 65536 + 1, vec![]));
    let (run, defects) = read(format!("{row}\n*\n00010020\n68").as_bytes());
    let limit = Cause::Limit { what: "octets that * stands for", limit: 65536 };
    assert_eq!(defects, [(3, Error::new(Layer::Hex, 0, limit))]);
    assert_eq!((run.octets.len(), run.marks), (17, vec![(16, Mark::Unreadable)]));
    let (run, defects) = read(format!("{row}\n*\nffffffffffffffff\n68").as_bytes());
    assert_eq!(defects.len(), 1);
    assert!(run.octets.len() < 32);
    let (_, defects) = read(format!("{row}\n*\n").as_bytes());
    assert_eq!(defects.len(), 1, "nothing says how much the star stands for");
}

#[test]
fn words_in_the_order_of_a_machine_are_refused_and_give_nothing() {
    let files = files("refused");
    assert!(files.len() >= 10);
    for (name, text) in files {
        let (run, defects) = read(&text);
        assert_eq!(run, HexRun::default(), "{name}");
        for (line, error) in &defects {
            assert!(matches!(error.cause, Cause::Unsupported { .. }), "{name}:{line}: {error}");
        }
        let rows = text.split(|&c| c == b'\n').filter(|line| line.len() > 8).count();
        assert_eq!(defects.len(), rows, "{name}");
        let (run, _) = read(&[&text, DUMP.as_bytes()].concat());
        assert_eq!((run.octets, run.marks), (telegram(), vec![(0, Mark::Unreadable)]), "{name}");
    }
}

/// Rows begin with a blank that looks like more space before the text, and in a long listing some
/// text agrees with swapped octets by chance.
#[test]
fn a_row_whose_text_could_be_that_of_swapped_words_costs_nothing() {
    let rows = "\
        000110a0: 201f ac63 11a6 8c4e 1d15 183d e22b 7b38   ..c...N...=.+{8\n\
        000110b0: 68fa fa68 53ff 0001 67db 084b 464d 6750  h..hS...g..KFMgP\n";
    let expected = "201fac6311a68c4e1d15183de22b7b3868fafa6853ff000167db084b464d6750";
    let (run, defects) = read(rows.as_bytes());
    assert_eq!((defects, hex::encode(run.octets).as_str()), (vec![], expected));
    // Every row of random octets, as xxd prints it.
    let (mut octets, mut listing, mut random) = (Vec::new(), String::new(), RandomNumbers::of(1));
    for row in 0..50_000 {
        let mut part = [0; 16];
        for octet in &mut part {
            *octet = random.octet();
        }
        let digits = hex::encode(part);
        let groups: Vec<_> = (0..8).map(|at| &digits[4 * at..4 * at + 4]).collect();
        let shown = |octet: &u8| if matches!(octet, b' '..=b'~') { *octet as char } else { '.' };
        let text: String = part.iter().map(shown).collect();
        listing += &format!("{:08x}: {}  {text}\n", 16 * row, groups.join(" "));
        octets.extend(part);
    }
    assert_reads(listing, &octets, "xxd of random octets");
}

/// A row of zeros reads the same either way, and says nothing of the rows behind it.
#[test]
fn swapped_words_are_found_behind_a_row_that_does_not_tell() {
    let rows = "\
        00000000: 00000000 00000000 00000000 00000000  ................\n\
        00000010: 68fafa68 0100ff53 4b08db67 50674d46  h..hS...g..KFMgP\n";
    let (run, defects) = read(rows.as_bytes());
    assert_eq!(run.octets, [0; 16]);
    assert_eq!(defects.len(), 1);
    assert!(defects[0].1.to_string().contains("xxd -e"), "{}", defects[0].1);
}

#[test]
fn rows_that_are_missing_leave_a_mark() {
    for name in ["xxd", "hexdump-C", "od-Ax-tx1", "od-tx1", "od-Ad-tx1", "od-tx1z"] {
        let text = fs::read_to_string(format!("tests/data/dumps/{name}.txt")).unwrap();
        let mut rows: Vec<&str> = text.lines().collect();
        rows.remove(5);
        let (run, defects) = read(rows.join("\n").as_bytes());
        let expected = [&telegram()[..80], &telegram()[96..]].concat();
        assert_eq!((run.octets, run.marks), (expected, vec![(80, Mark::Unreadable)]), "{name}");
        let offset = Cause::Column { what: "offset" };
        assert_eq!(defects, [(6, Error::new(Layer::Hex, 0, offset))], "{name}");
    }
}

#[test]
fn listings_one_behind_the_other_are_one_stream() {
    let all: Vec<u8> = files("").into_iter().flat_map(|(_, text)| text).collect();
    assert_reads(&all, &telegram().repeat(files("").len()), "all listings");
}

#[test]
fn a_wrong_digit_in_a_listing_costs_its_octet() {
    for name in ["xxd", "xxd-g1", "hexdump-C", "od-tx1", "od-Ax-tx1z", "od-An-tx1z", "xxd-i"] {
        let text = fs::read_to_string(format!("tests/data/dumps/{name}.txt")).unwrap();
        let damaged = text.replacen("53", "5G", 1);
        let (run, defects) = read(damaged.as_bytes());
        let expected = [&telegram()[..4], &telegram()[5..]].concat();
        assert_eq!((run.octets, run.marks), (expected, vec![(4, Mark::Unreadable)]), "{name}");
        let at = damaged.find('G').unwrap();
        assert_eq!(defects, [(1, Error::new(Layer::Hex, at, Cause::NotHex))], "{name}");
    }
}

#[test]
fn digits_are_read_with_any_separators_and_prefixes() {
    let telegram = telegram();
    for separator in [" ", "  ", "\t", ",", ", ", ";", ":", "-", ".", "_", "|", " | ", "][", "', '"]
    {
        for size in [2, 4, 6, 8, 12, 32] {
            let text = in_groups(size, separator);
            assert_reads(&text, &telegram, separator);
            assert_reads(text.to_lowercase(), &telegram, separator);
            assert_reads(format!("[{text}]\r\n"), &telegram, separator);
        }
    }
    for prefix in [" 0x", ", 0x", ";0X", "\\x", ", \\x"] {
        assert_reads(
            in_groups(2, prefix).replacen("68", &format!("{prefix}68"), 1),
            &telegram,
            prefix,
        );
    }
    assert_reads(format!("0x{}", digits()), &telegram, "one prefix");
    assert_reads(format!("char t[] = {{ 0x{} }};", in_groups(2, ", 0x")), &telegram, "C");
    assert_reads(format!("{{\"hex\": \"{}\"}}", digits()), &telegram, "JSON");
    assert_reads("0x5 0x0,0xA;\\xB", &[5, 0, 10, 11], "one digit");
}

#[test]
fn lines_may_end_in_any_way_and_have_a_byte_order_mark() {
    for end in
        ["\n", "\r\n", "\r", "\n\n", "\r\r\n", "\x0c\n", " \n", "\n# comment\n", "\n// 68 FA\n"]
    {
        let text = in_groups(64, end);
        assert_reads(&text, &telegram(), end);
        assert_reads(format!("\u{feff}{text}{end}"), &telegram(), end);
        assert_reads(format!("\u{feff}{}", in_groups(8, end)), &telegram(), end);
    }
}

#[test]
fn text_is_read_from_every_wrapping() {
    for width in 1..=200 {
        for end in ["\n", "\r\n", "\r", "-\n", "-\r\n", "\n\n", " \n", "\n-- page 2 of 3 --\n"] {
            assert_reads(in_groups(width, end), &telegram(), &format!("{width} {end:?}"));
        }
    }
    // Each frame wrapped for itself: an odd line is joined before the frame ends.
    for width in 1..=200 {
        let frames = DUMP.lines().map(|frame| {
            let lines: Vec<_> = frame.as_bytes().chunks(width).collect();
            lines.join(&b"\n"[..])
        });
        assert_reads(frames.collect::<Vec<_>>().join(&b"\n"[..]), &telegram(), "frames");
    }
}

#[test]
fn what_python_prints_and_what_web_pages_and_pdf_documents_write_is_read() {
    let digits = digits();
    assert_reads(format!("b'{digits}'"), &telegram(), "b''");
    assert_reads(format!("RX b\"{digits}\""), &telegram(), "b\"\" behind a word");
    for blank in ["\u{a0}", "\u{202f}", "\u{2009}"] {
        assert_reads(in_groups(2, blank), &telegram(), "a blank that is not typed");
    }
    for hyphen in ["\u{ad}\r\n", "\u{2010}\r\n", "\u{2011}\r\n"] {
        assert_reads(in_groups(67, hyphen), &telegram(), "such a hyphen");
    }
}

#[test]
fn an_octet_in_groups_is_joined_only_over_a_hyphen() {
    assert_reads("68 FA FA 6-\n8 53 FF", &octets("68FAFA6853FF"), "hyphen");
    assert_reads("68 FA FA 6-  \n\nprose\n8 53 FF", &octets("68FAFA6853FF"), "hyphen, prose");
    let (run, defects) = read(b"68 FA FA 6\n8 53 FF");
    assert_eq!((run.octets, run.marks), (octets("68FAFA53FF"), vec![(3, Mark::Unreadable)]));
    assert_eq!(defects.len(), 2, "6, and then 8");
}

#[test]
fn an_odd_line_before_an_even_one_is_a_defect_and_the_even_one_is_read() {
    let (run, defects) = read(b"68FAF\n6853FF00\n0167");
    assert_eq!(run.octets, octets("68FA6853FF000167"));
    assert_eq!(run.marks, [(2, Mark::Unreadable)]);
    assert_eq!(defects, [(2, Error::new(Layer::Hex, 4, Cause::OddDigits))]);
    let (run, defects) = read(b"68FAF");
    assert_eq!((run.octets, run.marks), (octets("68FA"), vec![]));
    assert_eq!(defects, [(0, Error::new(Layer::Hex, 4, Cause::OddDigits))]);
}

#[test]
fn defects_are_named_and_leave_a_mark() {
    let table: [(&str, &str, &[usize], usize, Cause); 13] = [
        ("88DSeAB4", "88EAB4", &[1], 3, Cause::NotHex),
        ("68FAFA6853SF0001", "68FAFA68530001", &[5], 10, Cause::NotHex),
        ("68FAFA6853FS0001", "68FAFA68530001", &[5], 11, Cause::NotHex),
        ("68FAS\u{e4}6853FF0001", "68FA6853FF0001", &[2], 4, Cause::NotHex),
        ("RX: 68FAFA6853SF0001", "68FAFA68530001", &[5], 14, Cause::NotHex),
        ("Z\u{e4}hler: 68FAFA6853SF0001", "68FAFA68530001", &[5], 18, Cause::NotHex),
        ("68 FA F 68 53", "68FA6853", &[2], 6, Cause::OddDigits),
        ("68 FA FA6 68 53", "68FAFA6853", &[3], 8, Cause::OddDigits),
        ("68 FA FA 68 ?? 53 FF", "68FAFA6853FF", &[4], 12, Cause::NotHex),
        ("68:FA:FA:68:5G:FF:GG:01", "68FAFA68FF01", &[4, 5], 13, Cause::NotHex),
        ("[12:34:56] 68 FA FA 68 5G FF", "68FAFA68FF", &[4], 24, Cause::NotHex),
        ("0x68, 0xFA, 0xFA, 0x123, 0x68", "68FAFA1268", &[4], 22, Cause::OddDigits),
        (
            "68FAFA6853FF000167DB084B464D675000000981F8 and so on",
            "68FAFA6853FF000167DB084B464D675000000981F8",
            &[],
            44,
            Cause::NotHex,
        ),
    ];
    for (line, expected, marks, at, cause) in table {
        let (run, defects) = read(line.as_bytes());
        let found: Vec<usize> = run.marks.iter().map(|&(at, _)| at).collect();
        assert_eq!((run.octets, &found[..]), (octets(expected), marks), "{line}");
        assert!(run.marks.iter().all(|&(_, mark)| mark == Mark::Unreadable));
        assert_eq!(defects, [(1, Error::new(Layer::Hex, at, cause))], "{line}");
    }
}

#[test]
fn the_mark_of_a_defect_at_the_line_end_falls_on_the_next_octet() {
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    assert!(dump.line(b"68FAFA6853FF00SS", true, &mut run).is_err());
    assert_eq!((run.octets.len(), &run.marks[..]), (7, &[][..]));
    run.clear();
    dump.line(b"no octets here", true, &mut run).unwrap();
    dump.line(b"68FAFA68", true, &mut run).unwrap();
    assert_eq!(run.marks, [(0, Mark::Unreadable)]);
    dump.line(b"68FAFA68", true, &mut run).unwrap();
    assert_eq!(run.marks, [(0, Mark::Unreadable)]);
}

#[test]
fn an_odd_number_of_digits_is_reported_with_the_number_of_its_own_line() {
    for (text, line) in [
        ("68FA\n68F\n68 FA\n", 2),
        ("68FA\n68F", 2),
        ("68FA\n68F\n\n# a comment\nprose\n", 2),
        ("68F\n6\n68FAF\n   \n68 FA\n", 3),
        ("68FA\n68F-\n\n.\n", 2),
        ("00000000: 68fa fa6\n00000010: 68fa\n", 1),
        ("68F\rFA 68\n68 F\n", 1),
        ("68FA\n68 F \n", 2),
    ] {
        let ran = run(&["unframe"], text.as_bytes());
        let expected = format!("meterpipe unframe: line {line}: hex: odd number of hex digits");
        assert!(ran.err.contains(&expected), "{text}: {}", ran.err);
    }
}

#[test]
fn logs_are_read_and_prose_gives_nothing() {
    let log = [
        "INFO ESPHome 2023.8.1",
        "[12:34:55][C][logger:301]: Logger:",
        "[12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68:53:FF",
        "\u{1b}[0;36m[12:34:56][D][uart_debug:114]: <<< 00:01:67:DB:08:4B\u{1b}[0m",
        "2023-08-21 23:23:00,123 68 FA FA 68",
        "2023-08-21T23:23:00.482Z 68FA",
        "[12:34:56] 68",
        "12:34:56.789 -> 68 FA",
        "Telegram = FA 68 53 FF",
        "2023-08-21 23:23:00,123 INFO RX: 0x00 0x01 0x67 0xDB (4 bytes)",
        "ABCDEFGHIJKLMNOP",
        "2023-08-21 23:23:00",
        "６８ＦＡ",
        "12:34:56",
    ];
    let expected = "68FAFA6853FF000167DB084B68FAFA6868FA6868FAFA6853FF000167DB123456";
    assert_reads(log.join("\n"), &octets(expected), "log");
}

#[test]
fn hex_that_looks_like_an_offset_is_hex() {
    for line in [
        "68FAFA68 53FF0001 67DB084B",
        "000000 68 53",
        "00000000 68FAFA68 53FF0001",
        "0000 68FA FA68",
        "00 01 67 DB 08 4B 46 4D 67 50",
        "0001 67DB 084B 464D 6750 0000 0981 F820",
        "68FAFA6853FF 00 01 67 DB 08 4B 46 4D 67 50",
    ] {
        assert_reads(line, &octets(&line.replace(' ', "")), line);
    }
    // Behind a listing, too.
    let listing = fs::read_to_string("tests/data/dumps/hexdump-C.txt").unwrap();
    let text = format!("{listing}0000011a\n68FAFA68\n");
    assert_reads(text, &[telegram(), octets("0000011a68FAFA68")].concat(), "behind a listing");
}

#[test]
fn where_a_long_line_is_split_never_matters() {
    let lines = [
        digits(),
        format!("\u{feff}{}", in_groups(2, " ")),
        format!("0x{}", in_groups(2, ", 0x")),
        format!("\\x{}\r", in_groups(2, "\\x")),
        in_groups(2, ":").replace("67", "6\u{e4}"),
        digits().replace("67", "S7"),
        format!("# {}", digits()),
        format!("{}-", &digits()[..99]),
    ];
    for line in lines {
        let line = line.as_bytes();
        let whole = pieces(&[&line[..1], &line[1..]]);
        for at in 0..line.len() {
            assert_eq!(pieces(&[&line[..at], &line[at..]]), whole, "split at {at}");
        }
        for size in 1..70 {
            assert_eq!(pieces(&line.chunks(size).collect::<Vec<_>>()), whole, "pieces of {size}");
        }
    }
    let (run, _) = pieces(&digits().as_bytes().chunks(7).collect::<Vec<_>>());
    assert_eq!(run.octets, [telegram(), octets("68FA")].concat());
}

/// The runs of a line in pieces, the last of them empty, and of the line behind it.
fn pieces(pieces: &[&[u8]]) -> (HexRun, Vec<Error>) {
    let (mut dump, mut run, mut defects) = (Dump::default(), HexRun::default(), vec![]);
    for piece in pieces {
        defects.extend(dump.line(piece, false, &mut run).err());
    }
    defects.extend(dump.line(b"", true, &mut run).err());
    defects.extend(dump.line(b"68FAF", true, &mut run).err());
    defects.extend(dump.finish().err());
    (run, defects)
}

#[test]
fn a_defect_of_a_line_in_pieces_is_reported_once_and_by_its_place_in_the_line() {
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    dump.line(b"68FAFA68", false, &mut run).unwrap();
    let error = dump.line(b"53S", false, &mut run).unwrap_err();
    assert_eq!(error, Error::new(Layer::Hex, 10, Cause::NotHex));
    dump.line(b"S00S", false, &mut run).unwrap();
    dump.line(b"167", true, &mut run).unwrap();
    assert_eq!(run.octets, octets("68FAFA68530067"));
    assert_eq!(run.marks, [(5, Mark::Unreadable), (6, Mark::Unreadable)]);
    assert!(dump.line(b"68FAFA68SS", true, &mut run).is_err(), "a new line tells anew");
}

#[test]
fn a_line_without_end_needs_no_memory() {
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    let piece = digits().repeat(16);
    let mut octets = 0;
    for _ in 0..256 {
        run.clear();
        dump.line(&piece.as_bytes()[1..], false, &mut run).unwrap();
        dump.line(&piece.as_bytes()[..1], false, &mut run).unwrap();
        octets += run.octets.len();
        assert!(run.octets.capacity() < 1 << 14);
    }
    assert_eq!(octets, 256 * 16 * telegram().len());
}

/// The telegrams of the corpus are not part of this project; the test says when they are not there.
#[test]
fn captures_of_real_meters_read_as_their_digits() {
    let Some(corpus) = beside("corpus") else { return };
    for folder in
        fs::read_dir(corpus).unwrap().filter_map(|folder| fs::read_dir(folder.unwrap().path()).ok())
    {
        for path in folder.map(|file| file.unwrap().path()) {
            let Some("hex") = path.extension().and_then(|extension| extension.to_str()) else {
                continue;
            };
            let text = fs::read_to_string(&path).unwrap();
            let expected = octets(&text.split_whitespace().collect::<String>());
            assert_reads(&text, &expected, &path.display().to_string());
            if let Ok(log) = fs::read(path.with_extension("log")) {
                assert_reads(log, &expected, &path.display().to_string());
            }
        }
    }
}

/// A generator of noise that is the same on every machine.
struct Noise(u64);

impl Noise {
    fn octet(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }

    fn text(&mut self, alphabet: &[u8]) -> Vec<u8> {
        let length = usize::from(self.octet());
        (0..length).map(|_| alphabet[usize::from(self.octet()) % alphabet.len()]).collect()
    }
}

#[test]
fn no_text_and_no_noise_makes_it_panic() {
    let all: Vec<u8> = (0..=255).collect();
    let alphabets: [&[u8]; 6] = [
        &all,
        b"0123456789abcdefABCDEF",
        b"0018afx\\ :-\t",
        b"0 1 * \r|<>.:68fa",
        b"[]():,. -0123456789TZDx\x1b;mS#/\xc3\xa4",
        b"00000000: 68 |*\r\n\xef\xbb\xbf",
    ];
    let mut noise = Noise(1);
    for alphabet in alphabets {
        let (mut dump, mut run) = (Dump::default(), HexRun::default());
        for _ in 0..4000 {
            let text = noise.text(alphabet);
            let kind = noise.octet();
            let _ = dump.line(&text, !kind.is_multiple_of(8), &mut run);
            assert!(run.octets.len() <= text.len() + 65536 + 1, "{text:02x?}");
            assert!(run.marks.iter().all(|&(at, _)| at < run.octets.len()));
            assert!(run.marks.is_sorted_by(|one, other| one.0 < other.0));
            run.clear();
            let _ = detect(&text, kind.is_multiple_of(2));
        }
        let _ = dump.finish();
    }
}

#[test]
fn a_damaged_listing_neither_panics_nor_grows() {
    let mut noise = Noise(2);
    for (name, text) in files("").into_iter().chain(files("repeated")).chain(files("refused")) {
        for _ in 0..50 {
            let mut text = text.clone();
            let at = usize::from(noise.octet()) * usize::from(noise.octet()) % text.len();
            text[at] = noise.octet();
            let (run, defects) = read(&text);
            assert!(run.octets.len() <= 2 * 448, "{name} at {at}: {defects:?}");
        }
    }
}
