//! The published telegram in the forms that people paste it in, through the whole program.

use std::{fs, path::Path};

use crate::common::{
    binary::run,
    published::{DUMP, Folder, KEY, READING, octets},
};

/// Each form with its name.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let frames: Vec<&str> = DUMP.lines().map(str::trim).collect();
    let spaced: Vec<String> = frames.iter().map(|frame| grouped(frame, " ")).collect();
    let all = octets(DUMP);
    let count = all.len();
    let decimal: Vec<String> = all.iter().map(u8::to_string).collect();
    let signed: Vec<String> = all.iter().map(|octet| octet.cast_signed().to_string()).collect();
    let hex: Vec<String> = all.iter().map(|octet| format!("{octet:02X}")).collect();
    let escaped = python(&all);
    let line = spaced.join(" ");
    let rows = |row: &dyn Fn(usize, u8) -> String| {
        all.iter().enumerate().map(|(at, &octet)| row(at, octet)).collect::<Vec<_>>().join("\n")
    };
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(unit).collect::<Vec<u8>>()
    };
    let text = |text: String| text.into_bytes();
    vec![
        ("Python", text(format!("Received: b'{escaped}'\n"))),
        ("Python, bytearray", text(format!("bytearray(b'{escaped}')"))),
        ("Python list", text(format!("{all:?}"))),
        ("Node-RED", text(format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", decimal.join(",")))),
        ("Java", text(format!("[{}]", signed.join(", ")))),
        ("decimal, wrapped", text(format!("[{}]", decimal.join(",\n  ")))),
        ("decimal, in lines", text(chunked(&decimal, 20, ", ", ",\n"))),
        ("CSV", text(format!("id,ts,hex\n1,1678643101,\"{line}\"\n"))),
        ("CSV without quotes", text(format!("id;ts;hex\n1;1678643101;{line}\n"))),
        ("CSV without heading", text(format!("1,1678643101,\"{line}\"\n"))),
        ("CSV, tab", text(format!("Time\tData\n12:00:01.123\t{line}\n"))),
        (
            "HTerm",
            text(format!(
                "Time;Hex\r\n18:45:00.123;{}\r\n18:45:00.150;{}\r\n",
                spaced[0], spaced[1]
            )),
        ),
        (
            "an octet a row",
            text(format!("offset,byte\n{}", rows(&|at, octet| format!("{at},0x{octet:02x}")))),
        ),
        ("rows, decimal", text(rows(&|at, octet| format!("{at};{octet}")))),
        ("rows, bare", text(rows(&|_, octet| format!("{octet:02x}")))),
        ("HTML", text(format!("<p>Mein Telegramm:</p><pre><code>{line}</code></pre><br>"))),
        (
            "HTML, rows",
            text(format!(
                "<html><body>\n<div>{}<br>{}</div>\n</body></html>",
                frames[0], frames[1]
            )),
        ),
        ("HTML, entities", text(line.replace(' ', "&nbsp;"))),
        ("RTF", text(rich_text(&spaced.join("\\par\r\n")))),
        ("UTF-16 LE", utf16(&format!("\u{feff}{line}\r\n"), u16::to_le_bytes)),
        ("UTF-16 BE", utf16(&format!("\u{feff}{line}\r\n"), u16::to_be_bytes)),
        ("UTF-16 without a mark", utf16(&line, u16::to_le_bytes)),
        ("a sentence", text(format!("Frame 1: {} und Frame 2: {} (Ende)\n", spaced[0], spaced[1]))),
        ("a list", text(format!("1) {}\n2) {}\n", spaced[0], spaced[1]))),
        ("prose behind", text(format!("{line} und so weiter\n"))),
        ("annotated", text(annotated(&frames))),
        (
            "ESPHome",
            text(format!(
                "[11:40:00][V][espdm:052]: {} ({count})\n",
                grouped(&frames.concat(), ".")
            )),
        ),
        ("decimal, one a row", text(rows(&|_, octet| octet.to_string()))),
        ("decimal, one a row, aligned", text(rows(&|_, octet| format!("{octet:3}")))),
        ("CuteCom", text(timed(&all, |at, row| format!("[10:26:01:{at:03}] {row}\n")))),
        (
            "CuteCom, line ends",
            text(timed(&all, |at, row| format!("[10:26:01:{at:03}] {row} ␍␊\n"))),
        ),
        ("CuteCom, no brackets", text(timed(&all, |at, row| format!("10:26:01:{at:03}> {row}\n")))),
        ("od -t u1", text(od(&all, |octet| format!(" {octet:3}")))),
        ("od -t d1", text(od(&all, |octet| format!(" {:4}", octet.cast_signed())))),
        ("od -c", text(od(&all, od_character))),
        // The second row begins with 01.
        ("tabs", text(chunked(&hex, 7, "\t", "\n"))),
        ("semicolons", text(chunked(&hex, 7, ";", ";\n"))),
        ("commas, two a row", text(chunked(&hex, 2, ",", "\n"))),
        (
            "PHP",
            text(format!("$data = array({});\n", listed(&all, ", ", |it| format!("0x{it:02X}")))),
        ),
        (
            "PHP, wrapped",
            text(format!(
                "<?php\n$data = [\n    {},\n];\n",
                chunked(&decimal, 16, ", ", ",\n    ")
            )),
        ),
        (
            "print_r",
            text(format!("Array\n(\n{}\n)\n", rows(&|at, it| format!("    [{at}] => {it}")))),
        ),
        ("var_dump", text(rows(&|at, it| format!("  [{at}]=>\n  int({it})")))),
        (
            "PHP, escaped",
            text(format!("$s = \"{}\";\n", listed(&all, "", |it| format!("\\x{it:02x}")))),
        ),
        ("Basic", text(format!("t = {{{}}}\n", listed(&all, ", ", |it| format!("&H{it:X}"))))),
        ("Intel", text(timed(&all, |_, row| format!("  db 0{}h\n", row.replace(' ', "h, 0"))))),
        ("Pascal", text(timed(&all, |_, row| format!("  ${},\n", row.replace(' ', ", $"))))),
        ("URL", text(listed(&all, "", |it| format!("%{it:02X}")))),
        ("binary digits", text(listed(&all, " ", |it| format!("{it:08b}")))),
        ("C, octal", text(format!("\"{}\"", listed(&all, "", |it| format!("\\{it:03o}"))))),
        ("base64", text(base64(&all))),
        ("base64, wrapped", text(wrapped(&base64(&all), 76))),
        ("base64 in JSON", text(format!("{{\"payload\":\"{}\",\"qos\":0}}", base64(&all)))),
        (
            "HTML table",
            text(format!(
                "<table><tr><th>Index</th><th>Octet</th></tr>\n{}</table>\n",
                rows(&|at, it| format!("<tr><td>{at}</td><td>{it:02X}</td></tr>"))
            )),
        ),
        (
            "HTML table, decimal, in lines",
            text(rows(&|at, it| format!("<tr>\n<td>{}</td>\n<td>{it}</td>\n</tr>", at + 1))),
        ),
        ("without leading zeros", text(listed(&all, " ", |it| format!("{it:x}")))),
        ("without leading zeros, commas", text(listed(&all, ",", |it| format!("{it:X}")))),
        ("without leading zeros, one a row", text(rows(&|_, it| format!("{it:X}")))),
        ("without leading zeros, wrapped", text(in_rows(&all, |it| format!("{it:x}")))),
        ("80 columns", text(wrapped(&line, 80))),
        ("77 columns", text(wrapped(&line, 77))),
        ("a shell", text(wrapped(&line, 72).replace('\n', "\\\n"))),
        ("forum", text(format!("[code]{line}[/code]"))),
        ("forum, in lines", text(format!("[quote=\"me\"]\n[code]\n{line}\n[/code]\n[/quote]"))),
        ("XML", text(format!("<Telegram><Data>{}</Data></Telegram>", frames.concat()))),
        ("unhexlify", text(format!("binascii.unhexlify('{}')", frames.concat()))),
        ("unhexlify, line end", text(format!("binascii.unhexlify('{}')\n", frames.concat()))),
        ("fromhex", text(format!("data = bytes.fromhex('{line}')"))),
        ("hex!", text(format!("hex!(\"{}\")", frames.concat()))),
        (
            "Rust",
            text(format!(
                "let t: [u8; {count}] = [{}];\n",
                listed(&all, ", ", |it| format!("0x{it:02x}"))
            )),
        ),
        (
            "Java, cast",
            text(format!(
                "byte[] b = {{{}}};\n",
                listed(&all, ", ", |it| format!("(byte) 0x{it:02X}"))
            )),
        ),
        (
            "Kotlin",
            text(format!(
                "byteArrayOf({})\n",
                listed(&all, ", ", |it| format!("0x{it:02x}.toByte()"))
            )),
        ),
        ("row numbers", text(timed(&all, |at, row| format!("{:3}: {row}\n", at + 1)))),
        ("table of rows", text(timed(&all, |at, row| format!("| {:02} | {row} |\n", at + 1)))),
        ("rows behind #", text(timed(&all, |at, row| format!("#{at} {row}\n")))),
        ("R, raw", text(timed(&all, |at, row| format!(" [{:3}] {row}\n", 16 * at + 1)))),
        ("count behind ;", text(timed(&all, |_, row| format!("{row}  ; {}\n", octets_of(&row))))),
        ("Markdown", text(timed(&all, |at, row| format!("| 0x{:02X} | {row} |\n", 16 * at)))),
        (
            "Markdown, cells",
            text(timed(&all, |at, row| {
                format!("| {:04x} | {} |\n", 16 * at, row.replace(' ', " | "))
            })),
        ),
        (
            "offsets behind a colon",
            text(timed(&all, |at, row| format!("DEBUG:root:{:04x}  {row}\n", 16 * at))),
        ),
        (
            "gdb",
            text(timed(&all, |at, row| {
                format!(
                    "0x{:x} <buf+{}>:\t0x{}\n",
                    0x2000_0000 + 16 * at,
                    16 * at,
                    row.replace(' ', "\t0x")
                )
            })),
        ),
        ("Wireshark, C", text(wireshark(&all))),
        ("Wireshark, hex stream", text(frames.concat())),
        (
            "Wireshark, escaped",
            text(timed(&all, |_, row| format!("\"\\x{}\"\n", row.replace(' ', "\\x")))),
        ),
        ("sigrok", text(rows(&|_, it| format!("uart-1: Start bit\nuart-1: {it:02X}")))),
        ("sigrok, places", text(rows(&|at, it| format!("{at}-{at} uart-1: {it:02X}")))),
        ("PulseView", text(rows(&|at, it| format!("{at}-{at} UART: RX: {it:02X}")))),
        ("no width", text(listed(&all, "\u{200b}", |it| format!("{it:02x}")))),
        ("marks inside", text(line.replace("14 ", "14 \u{feff}").replace("16", "1\u{200b}6"))),
        ("Intel HEX", text(intel_hex(&all))),
        ("S-records", text(s_records(&all))),
        ("od -b", text(od(&all, |octet| format!(" {octet:03o}")))),
        ("octal", text(listed(&all, " ", |it| format!("{it:03o}")))),
        ("decimal, padded", text(listed(&all, " ", |it| format!("{it:03}")))),
        ("slsnif", text(format!("Device --> {}", listed(&all, " ", |it| format!("({it:03})"))))),
        ("Elixir", text(format!("<<{}>>", decimal.join(", ")))),
        ("Lua", text(format!("string.char({})", decimal.join(",")))),
        (
            "strace",
            text(
                frames
                    .iter()
                    .map(|frame| {
                        let escaped = listed(&octets(frame), "", |it| format!("\\x{it:02x}"));
                        format!("read(3, \"{escaped}\", 512) = {}\n", frame.len() / 2)
                    })
                    .collect(),
            ),
        ),
        ("strace, octal", text(format!("read(3, \"{}\", 512) = {count}\n", strace(&all)))),
        (
            "JSON, escaped",
            text(format!("{{\"t\":\"{}\"}}", listed(&all, "", |it| format!("\\u{it:04x}")))),
        ),
        ("HTML, numbers", text(listed(&all, "", |it| format!("&#x{it:02X};")))),
        ("debugger", text(rows(&|at, it| format!("buf[{at}] = 0x{it:02X}")))),
        ("enumerated", text(rows(&|at, it| format!("{at} 0x{it:x}")))),
        (
            "interceptty",
            text(rows(&|_, it| {
                let shown = if matches!(it, b' '..=b'~') { char::from(it) } else { '.' };
                format!("> 0x{it:02x} ({shown})")
            })),
        ),
        ("table", text(format!("| {} |\n", chunked(&hex, 8, " | ", " |\n| ")))),
        ("table of two octets", text(chunked(&hex, 2, " | ", "\n"))),
        ("ruler", text(format!("| 0 | 1 | 2 |\n|---|---|---|\n{}", chunked(&hex, 3, " | ", "\n")))),
        (
            "a version before",
            text(format!("v1.2.3 at 7\nuptime 12.5 s of 3\n{line}\ncpu 5 %, 3.1 GHz\n")),
        ),
    ]
}

pub fn grouped(digits: &str, separator: &str) -> String {
    let digits: String = digits.split_whitespace().collect();
    let groups: Vec<_> = (0..digits.len() / 2).map(|at| &digits[2 * at..2 * at + 2]).collect();
    groups.join(separator)
}

pub fn listed(octets: &[u8], separator: &str, write: impl Fn(&u8) -> String) -> String {
    octets.iter().map(write).collect::<Vec<_>>().join(separator)
}

/// Rows of sixteen octets, with their numbers.
fn timed(octets: &[u8], row: impl Fn(usize, String) -> String) -> String {
    let rows = octets.chunks(16).enumerate();
    rows.map(|(at, octets)| row(at, listed(octets, " ", |it| format!("{it:02x}")))).collect()
}

fn in_rows(octets: &[u8], write: impl Fn(&u8) -> String) -> String {
    octets.chunks(16).map(|row| listed(row, " ", &write) + "\n").collect()
}

/// A copy of Wireshark as an array in C.
fn wireshark(octets: &[u8]) -> String {
    let shown = |octet: &u8| if matches!(octet, b' '..=b'~') { char::from(*octet) } else { '.' };
    let row = |row: &[u8]| {
        let text: String = row.iter().map(shown).collect();
        format!("{}, /* {text} */\n", listed(row, ", ", |it| format!("0x{it:02x}")))
    };
    let rows: String = octets.chunks(8).map(row).collect();
    let count = octets.len();
    format!(
        "/* Frame ({count} bytes) */\nstatic const unsigned char pkt1[{count}] = {{\n{rows}}};\n"
    )
}

fn intel_hex(octets: &[u8]) -> String {
    let rows = octets.chunks(16).enumerate().map(|(at, row)| {
        let [high, low] = u16::try_from(at * 16).unwrap().to_be_bytes();
        let record = [&[row.len() as u8, high, low, 0], row].concat();
        let sum = record.iter().fold(0u8, |sum, it| sum.wrapping_sub(*it));
        format!(":{}{sum:02X}\n", hex::encode_upper(record))
    });
    rows.collect::<String>() + ":00000001FF\n"
}

fn s_records(octets: &[u8]) -> String {
    let rows = octets.chunks(16).enumerate().map(|(at, row)| {
        let [high, low] = u16::try_from(at * 16).unwrap().to_be_bytes();
        let record = [&[row.len() as u8 + 3, high, low], row].concat();
        let sum = record.iter().fold(0xffu8, |sum, it| sum.wrapping_sub(*it));
        format!("S1{}{sum:02X}\n", hex::encode_upper(record))
    });
    "S00600004844521B\n".to_owned() + &rows.collect::<String>() + "S9030000FC\n"
}

/// As strace prints octets: in octal, with as few digits as the next character allows.
fn strace(octets: &[u8]) -> String {
    let shown = |(at, octet): (usize, &u8)| match octet {
        b'"' | b'\\' => format!("\\{}", char::from(*octet)),
        b' '..=b'~' => char::from(*octet).to_string(),
        _ if octets.get(at + 1).is_some_and(u8::is_ascii_digit) => format!("\\{octet:03o}"),
        _ => format!("\\{octet:o}"),
    };
    octets.iter().enumerate().map(shown).collect()
}

fn od(octets: &[u8], write: impl Fn(&u8) -> String) -> String {
    let rows = octets.chunks(16).enumerate();
    let rows = rows.map(|(at, row)| format!("{:07o}{}\n", at * 16, listed(row, "", &write)));
    rows.collect::<String>() + &format!("{:07o}\n", octets.len())
}

fn od_character(octet: &u8) -> String {
    match octet {
        0 => "  \\0".to_owned(),
        8 => "  \\b".to_owned(),
        9 => "  \\t".to_owned(),
        10 => "  \\n".to_owned(),
        b' '..=b'~' => format!("   {}", char::from(*octet)),
        _ => format!(" {octet:03o}"),
    }
}

pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |octets: &[u8]| {
        let bits =
            octets.iter().chain([&0, &0]).take(3).fold(0, |bits, it| bits << 8 | u32::from(*it));
        let digit = |at: usize| match at <= octets.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

pub fn wrapped(text: &str, width: usize) -> String {
    let lines = text.as_bytes().chunks(width);
    lines.map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
}

pub fn chunked(items: &[String], size: usize, separator: &str, end: &str) -> String {
    items.chunks(size).map(|items| items.join(separator)).collect::<Vec<_>>().join(end)
}

fn python(octets: &[u8]) -> String {
    let shown = |octet: &u8| match octet {
        b'\\' => "\\\\".to_owned(),
        b'\'' => "\\'".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b' '..=b'~' => char::from(*octet).to_string(),
        _ => format!("\\x{octet:02x}"),
    };
    octets.iter().map(shown).collect()
}

fn rich_text(text: &str) -> String {
    format!(
        "{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0\\fnil\\fcharset0 Calibri;}}}}\r\n\
         {{\\*\\generator Riched20 10.0.19041}}\\viewkind4\\uc1 \r\n\
         \\pard\\f0\\fs22\\lang7 Z\\'e4hler:\\par\r\n{text}\\par\r\n}}\r\n\0"
    )
}

/// The first frame taken apart, as in forums.
fn annotated(frames: &[&str]) -> String {
    let first: String = frames[0].split_whitespace().collect();
    let (start, rest) = first.split_at(8);
    let (fields, rest) = rest.split_at(6);
    let (stations, rest) = rest.split_at(4);
    format!(
        "1) My telegram:\n{start} \t\t4 M-Bus start, FA=länge=250\n{fields}\t3 C, A, CI\n\
         {stations}\t\t2 ?\n{}\n{}\n",
        grouped(rest, " "),
        frames[1]
    )
}

#[test]
fn every_form_gives_the_telegram_and_status_0() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for (name, form) in forms() {
        let ran = run(&["decode", "--key-file", &key], &form);
        assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{name}: {}", ran.err);
        let twice = [&form[..], b"\n", &form].concat();
        if !name.starts_with("UTF-16") {
            let ran = run(&["decode", "--key-file", &key], &twice);
            assert_eq!(ran.out, READING.repeat(2), "{name}: {}", ran.err);
        }
    }
}

#[test]
fn all_telegrams_of_a_line_are_read() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let mut frames = DUMP.lines().map(octets);
    let (first, second) = (frames.next().unwrap(), frames.next().unwrap());
    let (one, two) = (hex::encode(&first), hex::encode(&second));
    let (list, next) = (format!("{first:?}"), format!("{second:?}"));
    let text = |octets: &[u8]| base64(octets).replace('\n', "");
    let (text, last) = (text(&first), text(&second));
    for line in [
        format!("{list} {next}"),
        format!("[{list}, {next}]"),
        format!(r#"{{"raw": {list}, "old": {next}, "sum": [1, 2, 200, 4]}}"#),
        format!("[1,200,3,4,5] {list} {next}"),
        format!("{one} and {two}"),
        format!("RX: {one} and 1 more: {two}"),
        format!("`{one}` und `{two}`"),
        format!("a={one}&b={two}"),
        format!("{one} / {two}"),
        format!("<t><f>{one}</f><f>{two}</f></t>"),
        format!(r#"<?xml version="1.0"?><log><entry data="{one}"/><entry data="{two}"/></log>"#),
        format!("{text} {last}"),
        format!(r#"["{text}","{last}"]"#),
    ] {
        let ran = run(&["decode", "--key-file", &key], line.as_bytes());
        assert_eq!((ran.status, ran.out), (0, READING.to_owned()), "{line}: {}", ran.err);
    }
}

#[test]
fn numbers_in_front_of_rows_are_no_octets() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    let heads: [fn(usize, usize) -> String; 9] = [
        |_, count| format!("{count} "),
        |_, count| format!("{count:02x} "),
        |_, count| format!("{count}: "),
        |_, count| format!("{count},"),
        |row, _| format!("{row:02} "),
        |row, _| format!("{row},"),
        |row, count| format!("{row} {count} "),
        |row, count| format!("{row};{count};"),
        |row, _| format!("2026-06-21 12:00:{row:02},"),
    ];
    let bodies: [fn(&u8) -> String; 4] = [
        |it| format!("{it:02x} "),
        |it| format!("{it:02X},"),
        |it| format!("{it:02X}:"),
        |it| format!("{it},"),
    ];
    for (at, head) in heads.iter().enumerate() {
        for write in bodies {
            for size in [8, 16, 20, 24, 32, 100] {
                let rows = all.chunks(size).enumerate().map(|(row, octets)| {
                    let octets: String = octets.iter().map(write).collect();
                    format!(
                        "{}{}\n",
                        head(row, octets_of(&octets)),
                        octets.trim_end_matches([',', ':'])
                    )
                });
                let text: String = rows.collect();
                let ran = run(&["decode", "--key-file", &key], text.as_bytes());
                let result = (ran.status, ran.out.as_str());
                assert_eq!(result, (0, READING), "{at}: {text}: {}", ran.err);
            }
        }
    }
}

/// The octets of a row that a body of the test above makes.
fn octets_of(row: &str) -> usize {
    row.split([' ', ',', ':']).filter(|it| !it.is_empty()).count()
}

#[test]
fn the_end_of_a_frame_in_front_of_the_next_is_no_number() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    // Rows of 17 octets, one of which begins with the last octet of a frame.
    let all = octets(DUMP).repeat(40);
    let rows: Vec<String> =
        all.chunks(17).map(|row| grouped(&hex::encode_upper(row), " ")).collect();
    assert!(rows.iter().any(|row| row.starts_with("16 68 FA FA 68 ")));
    let ran = run(&["decode", "--key-file", &key], rows.join("\n").as_bytes());
    assert_eq!((ran.status, ran.out), (0, READING.repeat(40)), "{}", ran.err);
}

#[test]
fn numbered_telegrams_of_a_sentence_are_read() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let spaced: Vec<String> = DUMP.lines().map(|frame| grouped(frame.trim(), " ")).collect();
    let plain: Vec<String> = DUMP.lines().map(|frame| frame.trim().to_owned()).collect();
    for frames in [spaced, plain] {
        let (one, two) = (&frames[0], &frames[1]);
        for line in [
            format!("1) {one} 2) {two}"),
            format!("11) {one} 12) {two}"),
            format!("1. {one} 2. {two}"),
            format!("(1) {one} (2) {two}"),
            format!("a) {one}; b) {two}"),
            format!("My frames are 1) {one} and 2) {two}, ok?"),
        ] {
            let ran = run(&["decode", "--key-file", &key], line.as_bytes());
            assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{line}: {}", ran.err);
            // A line with a damaged one is named.
            let damaged = line.replacen("FA", "FX", 1);
            for text in [format!("{line}\n{damaged}"), format!("{damaged}\n{line}")] {
                let ran = run(&["decode", "--key-file", &key], text.as_bytes());
                assert_eq!((ran.status, ran.out.as_str()), (1, READING), "{text}: {}", ran.err);
            }
        }
    }
}

#[test]
fn addresses_names_and_times_between_rows_are_no_octets() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    for (line, separators) in [
        ("550e8400-e29b-41d4-a716-446655440000", &[" ", "", ":", "-"][..]),
        ("fe80::1ff:fe23:4567:890a", &[" ", "", ":", "-"]),
        ("AA:BB:CC:DD:EE:FF", &[" ", "", "-"]),
        ("aa-bb-cc-dd-ee-ff", &[" ", "", ":"]),
        ("12:00:05", &[" ", "", "-"]),
        ("192.168.1.23", &[" ", "", ":", "-"]),
        ("1718964000", &[" ", ":", "-"]),
    ] {
        for separator in separators {
            for size in [8, 16, 32] {
                let rows = all.chunks(size).map(|row| grouped(&hex::encode(row), separator));
                let text: String = rows.map(|row| format!("{row}\n{line}\n")).collect();
                let ran = run(&["decode", "--key-file", &key], text.as_bytes());
                let result = (ran.status, ran.out.as_str());
                assert_eq!(result, (0, READING), "{line} {separator:?} {size}: {}", ran.err);
            }
        }
    }
}

#[test]
fn short_rows_that_a_form_leaves_out_are_no_silent_loss() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let (all, digits) = (octets(DUMP), hex::encode(octets(DUMP)));
    let rows: Vec<String> = all.chunks(8).map(|row| format!("{row:?}")).collect();
    let pairs: String = rows.chunks(2).map(|pair| pair.join(" ") + "\n").collect();
    let ran = run(&["decode", "--key-file", &key], format!("{digits}\n{pairs}").as_bytes());
    assert!(ran.out.starts_with(READING), "{}", ran.err);
    assert!(ran.status == 1 || ran.out == READING.repeat(2), "{}: {}", ran.out, ran.err);
}

#[test]
fn what_is_not_read_of_a_telegram_is_named_with_its_line() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    let marked = |separator: &str| {
        let octets: Vec<String> = all.iter().map(|it| format!("0x{it:02X}")).collect();
        octets.join(separator)
    };
    let spaced = grouped(&hex::encode(&all), " ");
    for line in [
        marked(",").replacen("0x68,", "0x68", 1),
        marked(",").replacen(",0x68,", "0x68,", 1),
        marked(", ").replacen("0xFA", "0xFO", 1),
        spaced.to_lowercase().replacen("fa", "fO", 1),
        spaced.to_lowercase().replacen("fa", "f?", 1),
    ] {
        let (first, last) = (hex::encode(&all), hex::encode(&all));
        let text = format!("{first}\n{line}\n{last}\n");
        let ran = run(&["decode", "--key-file", &key], text.as_bytes());
        assert_eq!(ran.status, 1, "{line}: {}", ran.err);
        assert!(ran.out.matches('\n').count() >= 2, "{line}: {}", ran.out);
        assert!(ran.err.contains("line 2: "), "{line}: {}", ran.err);
    }
}

#[test]
fn a_comma_behind_hex_and_a_time_behind_it_cost_no_telegram() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let frames: Vec<&str> = DUMP.lines().map(str::trim).collect();
    let digits = hex::encode(octets(DUMP));
    for text in [
        format!("[\n  \"{}\",\n  \"{}\"\n]\n", frames[0], frames[1]),
        format!("raw,meter=a data=\"{digits}\" 1718964000000000000\n"),
    ] {
        let ran = run(&["decode", "--key-file", &key], text.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{text}: {}", ran.err);
    }
}

#[test]
fn the_xml_of_gurux_is_read_back() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let xml = run(&["decode", "--key-file", &key, "--format", "xml"], DUMP.as_bytes()).out;
    assert!(xml.contains("<DataNotification>"), "{xml}");
    let plain = run(&["decode"], xml.as_bytes());
    assert_eq!(plain.status, 0, "{}", plain.err);
    assert!(plain.out.contains("\"energy_import_wh\":12937"), "{}", plain.out);
}

#[test]
fn prose_and_other_logs_hold_no_telegram() {
    for text in [
        "2026-09-01 10:00:00 status installed libc6:amd64 2.36-9\n2026-09-01 10:00:01 upgrade a 12.3\n",
        "The meter was added in 2023, and Dec. 24 was a bad day.\nAdd 5 to face 3.\n",
        "[12:34:56][I][app:102]: ESPHome version 2023.8.1 compiled on Aug 21 2023, 12:00:05\n",
        "<html><head><title>Meter</title></head><body><p>No data, 3.5 kWh</p></body></html>\n",
        "The price is $12, $13, $14, $15, $16, $17 for 8h, 10h and 12h & more: 5%, 10%, 20%.\n",
        "<table><tr><td>Power</td><td>12 kW</td></tr><tr><td>Added</td><td>2023</td></tr></table>\n",
        "c29tZSB0ZXh0IHRoYXQgaXMgbG9uZyBlbm91Z2ggdG8gYmUgcmVhZCBhcyBiYXNlNjQu\n",
        "{\"state\": 12.5, \"time\": \"2026-01-01T00:00:00Z\", \"list\": [1, 2, 3]}\n",
    ] {
        let ran = run(&["decode"], text.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{text}: {}", ran.err);
        assert!(ran.err.contains("no telegram found"), "{text}: {}", ran.err);
        assert!(!ran.err.contains("line 1:"), "{text}: {}", ran.err);
    }
}

/// These files are beside the project, not in it.
#[test]
fn the_cases_of_public_reports_are_read() {
    let Ok(files) =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/paste"))
    else {
        return eprintln!("../shared/cases is not there");
    };
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for file in files {
        let path = file.unwrap().path();
        let ran = run(&["decode", "--key-file", &key], &fs::read(&path).unwrap());
        assert_eq!(ran.status, 0, "{}: {}", path.display(), ran.err);
        assert!(ran.out.contains("\"energy_import_wh\":"), "{}", path.display());
    }
}

#[test]
fn a_line_that_looks_like_hex_in_front_of_a_telegram_is_no_rejection() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for stray in [
        "282",
        "123",
        "1.",
        "ade",
        "0x100",
        "192.168.1.20",
        "1678643101123",
        "+43 664 1234567",
        "0664 1234567",
        "fe80::1ff:fe23:4567:890a",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  telegram.bin",
        "2024-05-01",
    ] {
        for blank in ["", "\n"] {
            let text = format!("{stray}\n{blank}{DUMP}\n");
            let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
            assert_eq!((ran.status, &*ran.out), (0, READING), "{stray}: {}", ran.err);
            let text = format!("{DUMP}\n{blank}{stray}\n{DUMP}\n{stray}\n");
            let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
            assert_eq!((ran.status, ran.out), (0, READING.repeat(2)), "{stray}: {}", ran.err);
        }
    }
}

#[test]
fn a_key_beside_telegrams_is_named_and_never_shown() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let other = grouped("00112233445566778899AABBCCDDEEFF", " ");
    for line in [KEY, &format!("Key: {KEY}"), &other, &format!("{KEY} {other}")] {
        for text in [
            format!("{line}\n{DUMP}"),
            format!("{DUMP}\n{line}\n{DUMP}"),
            format!("{DUMP}\n{line}"),
            format!("{DUMP}\nMy key:\n{line}\n\n{DUMP}"),
        ] {
            for command in ["explain", "decode"] {
                let ran = run(&[command, "--key-file", &key], text.as_bytes());
                assert_eq!(ran.status, 0, "{command}: {text}: {}", ran.err);
                assert!(ran.err.contains("a key, not read"), "{command}: {text}: {}", ran.err);
                let shown = (ran.out + &ran.err).to_uppercase().replace(' ', "");
                assert!(!shown.contains("NOISE"), "{text}: {shown}");
                for part in ["36C66639", "3BBB", "AABBCCDD"] {
                    assert!(!shown.contains(part), "{command}: {text}: {shown}");
                }
            }
        }
    }
}

#[test]
fn no_octet_between_telegrams_is_lost() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP).repeat(3);
    for size in 1..40 {
        let octets: Vec<String> = all.iter().map(|octet| format!("{octet:02x}")).collect();
        for (name, text) in [
            ("rows", chunked(&octets, size, "", "\n")),
            ("groups", chunked(&octets, size, " ", "\n")),
            ("log", format!("RX: {}", chunked(&octets, size, " ", "\nRX: "))),
        ] {
            // The octets of a sentence are too few to be told from words.
            if name == "log" && (size < 4 || all.len() % size < 4) {
                continue;
            }
            let ran = run(&["decode", "--key-file", &key], text.as_bytes());
            assert_eq!((ran.status, ran.out), (0, READING.repeat(3)), "{name} {size}: {}", ran.err);
        }
    }
}
