//! The published telegram in logs, mails, listings and lists, through the whole program.

use crate::{
    common::{
        binary::run,
        published::{DUMP, EXAMPLE_KEYS, Folder, KEY, READING, octets},
    },
    pasted::{base64, chunked, grouped, listed, wrapped},
};

/// Rows of sixteen octets, each with its number.
fn rows(row: impl Fn(usize, &[u8]) -> String) -> String {
    rows_of(16, row)
}

fn rows_of(size: usize, row: impl Fn(usize, &[u8]) -> String) -> String {
    octets(DUMP).chunks(size).enumerate().map(|(at, octets)| row(at, octets)).collect()
}

fn spaced(octets: &[u8]) -> String {
    listed(octets, " ", |octet| format!("{octet:02x}"))
}

/// As Arduino prints octets: without leading zeros.
fn short(octets: &[u8]) -> String {
    listed(octets, " ", |octet| format!("{octet:X}"))
}

/// The text that programs show beside octets.
fn shown(octets: &[u8]) -> String {
    let shown = |octet: &u8| if matches!(octet, b' '..=b'~') { char::from(*octet) } else { '.' };
    octets.iter().map(shown).collect()
}

/// The same in two halves.
fn halves(octets: &[u8]) -> String {
    octets.chunks(8).map(shown).collect::<Vec<_>>().join(" ")
}

fn numbered(between: &str, row: impl Fn(usize, &u8) -> String) -> String {
    let all = octets(DUMP);
    let rows: Vec<_> = all.iter().enumerate().map(|(at, octet)| row(at, octet)).collect();
    rows.join(between)
}

/// The log of ESPHome, so many octets a line, and other lines behind each.
fn esphome(size: usize, others: &str) -> String {
    rows_of(size, |at, row| {
        let octets = listed(row, ":", |octet| format!("{octet:02X}"));
        format!("[12:34:56.{at:03}][D][uart_debug:114]: <<< {octets}\n{others}")
    })
}

fn digits_of(octets: &[u8]) -> String {
    listed(octets, "", |octet| format!("{octet:02x}"))
}

fn quoted(text: &str, mark: &str) -> String {
    text.lines().map(|line| format!("{mark}{line}\n")).collect()
}

/// The soft line ends of mails.
fn quoted_printable(text: &str) -> String {
    wrapped(text, 75).trim_end().replace('\n', "=\n")
}

/// Each form with its name.
fn forms() -> Vec<(&'static str, String)> {
    let all = octets(DUMP);
    let frames: Vec<String> = DUMP.lines().map(|line| grouped(line, "")).collect();
    let (line, digits) = (spaced(&all), frames.concat());
    let hex: Vec<String> = all.iter().map(|octet| format!("{octet:02X}")).collect();
    let each = |prefix: &str, between: &str| {
        let parts: Vec<String> = hex.iter().map(|octet| format!("{prefix}{octet}")).collect();
        parts.join(between)
    };
    vec![
        ("Arduino", rows(|at, row| format!("10:26:01.{at:03} -> {} \n", spaced(row)))),
        (
            "Arduino, no leading zeros",
            rows(|at, row| format!("10:26:01.{at:03} -> {} \n", short(row))),
        ),
        (
            "Arduino, one a row",
            rows_of(1, |at, row| format!("10:26:01.{at:03} -> {}\n", short(row))),
        ),
        ("Arduino, decimal", rows_of(1, |at, row| format!("10:26:01.{at:03} -> {}\n", row[0]))),
        ("a quotation", quoted(&wrapped(&line, 71), "> > ")),
        ("a quotation of digits", quoted(&wrapped(&digits, 71), ">")),
        ("quoted-printable", quoted_printable(&digits)),
        ("a mail", format!("Hallo,\n\nmein Zähler:\n\n{}\n\nLG\n-- \nMax\n", wrapped(&line, 76))),
        ("German quotes", format!("Mein Telegramm: „{line}“, danke\n")),
        ("guillemets", format!("»{digits}«")),
        ("dashes", each("", "\u{2013}")),
        ("hyphens at line ends", wrapped(&digits, 61).replace('\n', "\u{2010}\n")),
        ("colours inside", line.replace("68", "\u{1b}[1;31m68\u{1b}[0m")),
        (
            "colours without escape",
            rows(|at, row| {
                format!("[0;36m[12:00:{at:02}][D][uart_debug:114]: <<< {}[0m\n", spaced(row))
            }),
        ),
        (
            "Word",
            rows(|_, row| {
                format!(
                    "<p class=\"Mso\"><span lang=\"DE\">{}<o:p></o:p></span></p>\n",
                    spaced(row)
                )
            }),
        ),
        ("the registry of Windows", {
            let rows: Vec<String> = hex.chunks(25).map(|row| row.join(",")).collect();
            format!("[HKEY_CURRENT_USER\\Meter]\n\"frame\"=hex:{}\n", rows.join(",\\\n  "))
        }),
        ("SQL", format!("INSERT INTO t VALUES (1,'2024-05-01 12:00:00',0x{digits});\n")),
        ("PostgreSQL", format!(" id | data\n----+------\n  1 | \\x{digits}\n(1 row)\n")),
        ("pack", format!("data = [\"{digits}\"].pack(\"H*\")\n")),
        (
            "counts",
            frames
                .iter()
                .map(|frame| format!("[{}] {}\n", frame.len() / 2, grouped(frame, " ")))
                .collect(),
        ),
        (
            "Portmon",
            rows(|at, row| {
                let (count, octets) = (row.len(), spaced(row));
                format!(
                    "{at}\t0.0001\tx.exe\tIRP_MJ_READ\tSerial0\tSUCCESS\tLength {count}: {octets} \n"
                )
            }),
        ),
        (
            "ESP32",
            rows(|at, row| {
                let place = 0x3ffb_1c00 + 16 * at;
                format!("I (1234) uart: {place:#x}   {:48} |{}|\n", spaced(row), shown(row))
            }),
        ),
        ("Zephyr", rows(|_, row| format!("{:30}{:48} |{}\n", "", spaced(row), shown(row)))),
        (
            "a serial monitor",
            rows(|at, row| {
                let (octets, text) = (spaced(row), shown(row));
                format!("[01/05/2024 12:00:{at:02}] Read data (COM3)\n {octets:48}  {text}\n")
            }),
        ),
        (
            "Wireshark, a stream",
            rows(|at, row| {
                let (octets, text) = (spaced(row), halves(row));
                format!("    {:08X}  {octets:47} {text}\n", 16 * at)
            }),
        ),
        (
            "tcpdump",
            rows(|at, row| {
                let words = listed(row, "", |it| format!("{it:02x}"));
                let words =
                    chunked(&words.as_bytes().chunks(4).map(text).collect::<Vec<_>>(), 8, " ", "");
                format!("\t{:#06x}:  {words:39}  {}\n", 16 * at, shown(row))
            }),
        ),
        (
            "LLDB",
            rows(|at, row| {
                format!(
                    "{:#x}: {:47}  {}\n",
                    0x7ffe_0000_0000_u64 + 16 * at as u64,
                    spaced(row),
                    shown(row)
                )
            }),
        ),
        (
            "a boot loader",
            rows(|at, row| {
                format!("{:08x}: {:47}    {}\n", 0x4000_8000 + 16 * at, spaced(row), shown(row))
            }),
        ),
        (
            "a spreadsheet with row numbers",
            rows(|at, row| format!("{}\t{}\n", at + 1, spaced(row).replace(' ', "\t"))),
        ),
        ("an indented table", rows(|_, row| format!("\t{}\n", spaced(row).replace(' ', "\t")))),
        (
            "columns of both kinds",
            "Dec;Hex\n".to_owned() + &rows_of(1, |_, row| format!("{};{:02X}\n", row[0], row[0])),
        ),
        (
            "columns with an index",
            "Index,Hex,Dec,Char\n".to_owned()
                + &rows_of(1, |at, row| format!("{at},{:02X},{},.\n", row[0], row[0])),
        ),
        (
            "Saleae, decimal",
            "Time [s],Value,Parity Error\n".to_owned()
                + &rows_of(1, |at, row| format!("0.{:06},'{}',\n", at * 4600, row[0])),
        ),
        ("slashes", each("", "/")),
        ("plus", each("", "+")),
        ("dollars", each("$", "")),
        ("VHDL", each("x\"", "\", ") + "\""),
        ("Verilog", each("8'h", ", ")),
        ("a controller", each("BYTE#16#", ", ")),
        ("bytes of C++", format!("std::array t{{{}}}}};", each("std::byte{0x", "}, "))),
        ("C, unsigned", each("0x", "U, ") + "U"),
        // The forms of one file of the reader each.
        ("Erlang", format!("<<{}>>", each("16#", ","))),
        ("ESPHome, binary", listed(&all, ";", |it| format!("0b{it:08b} (0x{it:02X})"))),
        (
            "var_dump of texts",
            rows_of(1, |at, row| format!("[{at}]=>\n string(2) \"{:02x}\"\n", row[0])),
        ),
        ("an array of Ruby", rows_of(1, |at, row| format!("{at} => {:#04x},\n", row[0]))),
        ("numbered rows with a dot", rows(|at, row| format!("{}. {}\n", at + 1, spaced(row)))),
        ("numbered rows without a sign", rows(|at, row| format!("{} {}\n", at + 1, spaced(row)))),
        (
            "JavaScript, numbered",
            format!("{{{}}}", numbered(",", |at, it| format!("\"{at}\":{it}"))),
        ),
        (
            "JavaScript, numbered, in lines",
            format!("{{\n{}\n}}", numbered(",\n", |at, it| format!("  \"{at}\": {it}"))),
        ),
        (
            "JavaScript, numbered, in a log",
            format!(
                "2024-05-01T12:00:00Z {{\"level\":30,\"payload\":{{{}}},\"qos\":0}}\n",
                numbered(",", |at, it| format!("\"{at}\":{it}"))
            ),
        ),
        ("a browser", numbered("\n", |at, it| format!("{at}: {it}"))),
        (
            "Node-RED, in ranges",
            rows_of(10, |at, row| {
                let first = 10 * at;
                let rows: Vec<_> = row
                    .iter()
                    .enumerate()
                    .map(|(at, it)| format!("{}: {it:#x}\n", first + at))
                    .collect();
                format!("[{first} … {}]\n{}", first + 9, rows.concat())
            }),
        ),
        ("objects", numbered("\n", |at, it| format!("{{\"t\":{at},\"byte\":{it}}}"))),
        ("pandas", numbered("\n", |at, it| format!("{at:<7}{it}")) + "\ndtype: uint8\n"),
        ("a table with numbers", numbered("\n", |at, it| format!("| {at} | 0x{it:02X} |"))),
        ("YAML, decimal", "data:\n".to_owned() + &rows_of(1, |_, row| format!("  - {}\n", row[0]))),
        ("YAML, hex", rows_of(1, |_, row| format!("- 0x{:02x}\n", row[0]))),
        ("texts in decimal", format!("[\"{}\"]", listed(&all, "\",\"", u8::to_string))),
        ("decimal, colons", listed(&all, ":", u8::to_string)),
        ("decimal, backslashes", format!("\"\\{}\"", listed(&all, "\\", u8::to_string))),
        ("Pascal, decimal", format!("s := #{};", listed(&all, "#", u8::to_string))),
        ("R", rows(|at, row| format!("{:>5} {}\n", format!("[{}]", 16 * at + 1), spaced(row)))),
        (
            "R, decimal",
            rows(|at, row| {
                let row = listed(row, " ", |it| format!("{it:3}"));
                format!("{:>5} {row}\n", format!("[{}]", 16 * at + 1))
            }),
        ),
        (
            "an assembler",
            rows_of(8, |_, row| {
                format!("\t.byte {}\n", listed(row, ", ", |it| format!("{it:#04x}")))
            }),
        ),
        (
            "an assembler, decimal",
            rows_of(8, |_, row| format!("\t.byte {}\n", listed(row, ", ", u8::to_string))),
        ),
        ("a recorder", rows_of(1, |at, row| format!("0.{:06},0x{:02X}\n", at * 460, row[0]))),
        (
            "a recorder with a clock",
            rows_of(1, |at, row| format!("18:45:{:02}.{:03};{:02X}\n", at / 100, at % 100, row[0])),
        ),
        ("hexyl", {
            let rows = rows(|at, row| {
                let (left, right) = row.split_at(row.len().min(8));
                let shown = |row: &[u8]| shown(row).replace('.', "•");
                format!(
                    "│{:08x}│ {:24}┊ {:24}│{:8}┊{:8}│\n",
                    16 * at,
                    spaced(left),
                    spaced(right),
                    shown(left),
                    shown(right)
                )
            });
            format!(
                "┌────────┬─────────────────────────┐\n{rows}└────────┴─────────────────────────┘\n"
            )
        }),
        (
            "DOS",
            rows(|at, row| {
                let (left, right) = row.split_at(row.len().min(8));
                let sign = if right.is_empty() { ' ' } else { '-' };
                let octets = format!("{}{sign}{}", spaced(left), spaced(right));
                format!("0B3F:{:04X}  {octets:47}   {}\n", 0x100 + 16 * at, shown(row))
            }),
        ),
        (
            "PowerShell",
            rows(|at, row| {
                let text = listed(row, "", |it| match it {
                    0x80.. => "\u{fffd}".to_owned(),
                    it => shown(&[*it]),
                });
                format!("{:016X} {:47} {text}\n", 16 * at, spaced(row).to_uppercase())
            }),
        ),
        ("ESPHome, short at the end", esphome(40, "")),
        ("ESPHome, single octets", esphome(1, "")),
        (
            "ESPHome, with other lines",
            esphome(
                40,
                "[12:34:56][I][wifi:617]: BSSID: AA:BB:CC:DD:EE:FF\n\
                 [12:34:56][C][wifi:618]: IPv6: fe80:0000:0000:0000:01ff:fe23:4567:890a\n\
                 [12:34:56][C][ble:100]: Service 6e400001-b5a3-f393-e0a9-e50e24dcca9e\n\
                 [12:34:56][D][sntp:063]: Synchronized time: 2026-06-21 12:00:05\n\
                 [12:34:56][D][debug:001]: Heap at 3ffb1c00, version 2023.12.10\n",
            ),
        ),
        (
            "JSON lines, short at the end",
            rows_of(70, |at, row| format!("{{\"ts\":{at},\"hex\":\"{}\"}}\n", digits_of(row))),
        ),
        (
            "lists, short at the end",
            rows_of(70, |at, row| {
                format!("10:26:01 read {at}: [{}]\n", listed(row, ", ", u8::to_string))
            }),
        ),
        (
            "CSV with a time, short at the end",
            rows_of(70, |at, row| format!("2026-06-21 12:00:0{at};{}\n", digits_of(row))),
        ),
        ("blanks of a page", line.replace(' ', "\u{a0}")),
        ("numbered lines", rows(|at, row| format!("line {}: {}\n", at + 1, spaced(row)))),
        ("numbered packets", rows(|at, row| format!("pkt {} {}\n", at + 1, spaced(row)))),
        ("a count with its name", rows(|_, row| format!("n={} {}\n", row.len(), digits_of(row)))),
        ("bytes behind a bar", rows(|_, row| format!("{} | {} bytes\n", spaced(row), row.len()))),
        ("numbers of rows", rows(|at, row| format!("#{}: {}\n", at + 1, spaced(row)))),
        ("an arrow and a time", rows(|at, row| format!("<< 12:00:{at:02}: {}\n", digits_of(row)))),
        ("a note with an address", noted("wifi connected, bssid aa:bb:cc:dd:ee:ff")),
        ("a note with a place in memory", noted("Free heap: 0x3ffb1c00")),
        ("a note with a hash", noted("md5 d41d8cd98f00b204e9800998ecf8427e")),
        ("the end of a page", noted("Seite 2 von 3          15.11.2024")),
        ("the end of a long text's page", noted("Page 12 of 13")),
        ("a note with addresses", noted("Backtrace: 0x400d1234:0x3ffb1f80 0x400d5678:0x3ffb1fa0")),
        ("text behind a bar", rows(|_, row| format!("{} | {}\n", spaced(row), shown(row)))),
        ("text between bars", rows(|_, row| format!("{} | {} |\n", spaced(row), shown(row)))),
        (
            "text behind a bar and an address",
            rows(|at, row| format!("{:08x}  {} | {}\n", at * 16, spaced(row), shown(row))),
        ),
        ("text behind a blank", rows(|_, row| format!("{} {}\n", spaced(row), shown(row)))),
        ("text behind a blank, a blank at its end gone", {
            let text = rows_of(9, |at, row| {
                format!("{:016X} {} {}", at * 9, spaced(row), shown(row)) + "\n"
            });
            text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
        }),
        ("offsets behind a log", offsets(|at| format!("Nov 30 12:00:01 pi meter[812]: {at:08x}:"))),
        ("rows numbered from 0000", rows(|at, row| format!("pkt {at:04} {}\n", spaced(row)))),
        ("offsets behind a tag", offsets(|at| format!("[tag] {at:04x}:"))),
        ("offsets without a colon", offsets(|at| format!("12:00:01,123 DEBUG: {at:04X} "))),
        ("offsets of the kernel", offsets(|at| format!("[   12.345678] {at:08x}:"))),
        (
            "offsets and text behind a log",
            rows(|at, row| {
                let (octets, text) = (spaced(row), shown(row));
                format!("12:00:01 RX: {:08x}: {octets:47}  {text}\n", 16 * at)
            }),
        ),
        (
            "offsets in a table",
            "| offset | data |\n|---|---|\n".to_owned()
                + &rows(|at, row| format!("| {:04x} | {} |\n", 16 * at, spaced(row))),
        ),
        (
            "offsets and text in a table",
            rows(|at, row| format!("| {:#06x} | {} | `{}` |\n", 16 * at, spaced(row), shown(row))),
        ),
        ("OpenSSL", {
            rows(|at, row| {
                let (left, right) = row.split_at(row.len().min(8));
                let octets = format!("{}-{}", spaced(left), spaced(right));
                format!("{:04x} - {octets:48}  {}\n", 16 * at, shown(row))
            })
        }),
        (
            "UltraEdit",
            rows(|at, row| format!("{:08x}h: {:47} ; {}\n", 16 * at, spaced(row), shown(row))),
        ),
        ("strace, a dump", {
            rows(|at, row| {
                let (left, right) = row.split_at(row.len().min(8));
                let (left, right) = (spaced(left), spaced(right));
                format!(" | {:05x}  {left:23}  {right:23}  {:16} |\n", 16 * at, shown(row))
            })
        }),
        (
            "text between bars, padded",
            rows(|_, row| format!("uart: {:47}  |{:16}|\n", spaced(row), shown(row))),
        ),
        (
            "sums behind a bar",
            rows(|at, row| format!("{:04x}: {} | {:02x}\n", 16 * at, spaced(row), sum(row))),
        ),
        (
            "counts and sums behind bars",
            rows(|_, row| format!("{} | {} | {:02X}\n", spaced(row), row.len(), sum(row))),
        ),
        ("a count behind a bar", rows(|_, row| format!("{} | {}\n", spaced(row), row.len()))),
        ("a sum with its name", rows(|_, row| format!("{} CS={:02X}\n", spaced(row), sum(row)))),
        ("docker", docker(|row| spaced(row) + "\\n")),
        ("docker, CRLF", docker(|row| spaced(row) + "\\r\\n")),
        ("docker, digits", docker(|row| digits_of(row) + "\\n")),
        ("docker, words", docker(|row| format!("[INFO]\\tRX: {}\\n", spaced(row)))),
        ("docker, colours", docker(|row| format!("\\u001b[32mRX\\u001b[0m {}\\n", spaced(row)))),
        ("JSON, all rows in one text", {
            let rows = rows(|_, row| format!("{}\\n", spaced(row)));
            format!("{{\"log\":\"{rows}\",\"stream\":\"stdout\"}}\n")
        }),
        (
            "the journal",
            rows(|at, row| {
                let octets = spaced(row);
                format!(
                    "{{\"__CURSOR\":\"s=1af3;i={at:x}b\",\"_PID\":\"812\",\"MESSAGE\":\"{octets}\",\
                     \"_BOOT_ID\":\"0123456789abcdef0123456789abcdef\"}}\n"
                )
            }),
        ),
        ("hex and decimal", listed(&all, " ", |it| format!("{it:02X}({it})"))),
        (
            "decimal and hex",
            rows(|_, row| listed(row, ", ", |it| format!("{it} ({it:#x})")) + "\n"),
        ),
        ("an index", rows_of(1, |at, row| format!("{},{:#04x}\n", 1001 + at, row[0]))),
        ("an index, decimal", rows_of(1, |at, row| format!("{}\t{}\n", 512 + at, row[0]))),
        ("picocom", bracketed(&all, "[]")),
        ("picocom, wrapped", wrapped(&bracketed(&all, "[]"), 80)),
        ("Docklight", format!("15.11.2024 14:45:45.123 [RX] - {}\n", bracketed(&all, "<>"))),
        ("a container's stream", timed("2026-06-21T12:00:{}.123456789Z stdout F ")),
        ("Android", rows(|_, row| format!("D/Serial  ( 1234): {}\n", spaced(row)))),
        ("a month's name alone", timed("Nov 15 14:45:{} ")),
        ("a month's name, brackets", timed("[Fri Nov 15 14:45:{} 2024] ")),
        ("Arduino, one a row, no leading zeros", rows_of(1, |_, row| format!("{}\n", short(row)))),
        ("a time without seconds", timed("14:{} ")),
        ("a time without seconds, a colon", timed("14:{}: ")),
        ("a time without seconds, a hyphen", timed("14:{} - ")),
        ("a time without seconds, brackets", timed("[14:{}] ")),
        ("a time since the start", timed("[0 00:00:{}.123] ")),
        (
            "Wireshark, a tree",
            format!("Data ({0} bytes)\n    Data: {digits}\n    [Length: {0}]\n", all.len()),
        ),
        ("a listing in a page", {
            let shown = |row: &[u8]| {
                let text = shown(row).replace('&', "&amp;");
                text.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
            };
            let row = |at: usize, row: &[u8]| {
                format!("{:08x}  {}  |{}|\n", at * 16, spaced(row), shown(row))
            };
            format!("<html><body><pre><code>{}</code></pre></body></html>\n", rows(row))
        }),
        ("counted telegrams", {
            frames.iter().zip(1023..).map(|(frame, at)| format!("#{at} {frame}\n")).collect()
        }),
        ("a day's name", timed("Fri, 15 Nov 2024 14:45:{} +0100 ")),
        ("a month's name", timed("15. Nov. 2024 14:45:{} ")),
        ("a month's name, hyphens", timed("15-Nov-2024 14:45:{} ")),
        ("a web server's time", timed("[15/Nov/2024:14:45:{} +0100] ")),
        ("a zone's name", timed("Fr 15. Nov 14:45:{} CET 2024 ")),
        ("a date without signs", timed("20241115 1445{} ")),
        ("a short date, hyphens", timed("24-11-15 14:45:{} ")),
        ("a short date, slashes", timed("15/11/24 14:45:{} ")),
        ("a short date, brackets", timed("[15.11.24 14:45:{}] ")),
        ("a short date, comma", timed("15.11.24, 14:45:{} ")),
    ]
}

/// The lines of a container, each with a row.
fn docker(text: impl Fn(&[u8]) -> String) -> String {
    rows(|at, row| {
        let time = format!("2026-06-21T12:00:{at:02}.123456789Z");
        format!("{{\"log\":\"{}\",\"stream\":\"stdout\",\"time\":\"{time}\"}}\n", text(row))
    })
}

/// As terminal programs show octets.
fn bracketed(octets: &[u8], brackets: &str) -> String {
    let (open, close) = brackets.split_at(1);
    listed(octets, "", |octet| match octet {
        b'!'..=b'~' => char::from(*octet).to_string(),
        _ => format!("{open}{octet:02x}{close}"),
    })
}

fn sum(row: &[u8]) -> u8 {
    row.iter().fold(0, |sum, octet| sum.wrapping_add(*octet))
}

/// Rows of sixteen octets behind their offset, in front of which words stand.
fn offsets(head: impl Fn(usize) -> String) -> String {
    rows(|at, row| format!("{} {}\n", head(16 * at), spaced(row)))
}

/// Rows of sixteen octets behind a stamp whose seconds go on.
fn timed(head: &str) -> String {
    rows(|at, row| head.replace("{}", &format!("{at:02}")) + &spaced(row) + "\n")
}

/// A note of another program amid the rows.
fn noted(note: &str) -> String {
    rows(|at, row| {
        format!("{}\n{}", spaced(row), if at == 4 { format!("{note}\n") } else { String::new() })
    })
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Rows in which other things than octets look like hex.
fn alike() -> Vec<(&'static str, String)> {
    let escaped = |row: &[u8]| listed(row, "", |octet| format!("\\x{octet:02x}"));
    let decimal = |row: &[u8]| listed(row, ", ", u8::to_string);
    let traced = |head: &str, tail: &str| {
        rows_of(50, |at, row| {
            let head = head.replace("{}", &format!("{at:02}"));
            format!("{head}read(3, \"{}\", 4096) = {}{tail}\n", escaped(row), row.len())
        })
    };
    let timed = |head: &str| {
        rows_of(32, |at, row| head.replace("{}", &format!("{at:02}")) + &spaced(row) + "\n")
    };
    vec![
        ("a word and a time", timed("RX 12:00:{} ")),
        ("a level and a time", timed("INFO 2026-06-21 12:00:{},123 - ")),
        ("a time with a colon", timed("21.06.2026 12:00:{}: ")),
        ("grep -n", { rows_of(16, |at, row| format!("meter.log:{}:{}\n", at + 1, spaced(row))) }),
        ("strace -T", traced("", " <0.000123>")),
        ("strace -tt", traced("12:00:{}.123456 ", "")),
        ("strace -t", traced("12:00:{} ", "")),
        ("cells", rows_of(50, |at, row| format!("{at};{};{};OK\n", row.len(), spaced(row)))),
        ("tabs", rows_of(50, |at, row| format!("{at}\t{}\t{}\n", spaced(row), row.len()))),
        ("JavaScript", {
            rows_of(50, |_, row| format!("Uint8Array({}) [{}]\n", row.len(), decimal(row)))
        }),
        (
            "JSON with a length",
            rows_of(70, |at, row| {
                let (count, digits) = (row.len(), digits_of(row));
                format!("{{\"ts\": {at}, \"len\": {count}, \"payload\": \"{digits}\"}}\n")
            }),
        ),
        ("a time and few digits", {
            rows_of(7, |at, row| format!("2026-06-21 12:00:{:02};{}\n", at % 60, digits_of(row)))
        }),
    ]
}

/// A row that cannot be read costs its telegram, and is told.
#[test]
fn a_row_of_base64_without_one_digit_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let json =
        rows_of(48, |at, row| format!("{{\"ts\": {at}, \"payload\": \"{}\"}}\n", base64(row)));
    let ran = run(&["decode", "--key-file", &key], json.as_bytes());
    assert_eq!((ran.status, ran.out), (0, READING.to_owned()), "{}", ran.err);
    let row = json.lines().nth(2).unwrap();
    let damaged = [&row[..30], &row[31..]].concat();
    let text = format!("{json}{}{json}", json.replacen(row, &damaged, 1));
    let ran = run(&["decode", "--key-file", &key], text.as_bytes());
    assert_eq!((ran.status, ran.out), (1, READING.repeat(2)), "{}", ran.err);
    let line = format!("line {}: ", json.lines().count() + 3);
    assert!(ran.err.contains(&line), "{}", ran.err);
}

#[test]
fn every_form_gives_the_telegram_and_status_0() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for (name, form) in forms().into_iter().chain(alike()) {
        let crlf = form.replace('\n', "\r\n");
        for (form, times) in [(form.clone(), 1), (crlf, 1), (format!("{form}\n{form}"), 2)] {
            let ran = run(&["decode", "--format", "json", "--key-file", &key], form.as_bytes());
            assert_eq!((ran.status, ran.out), (0, READING.repeat(times)), "{name}: {}", ran.err);
            assert!(!ran.err.contains("amid a telegram"), "{name}: {}", ran.err);
        }
    }
}

/// The first octets in rows of their own, as a serial line is often read.
#[test]
fn the_first_octets_of_a_log_may_be_in_rows_of_their_own() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    let colons = |row: &[u8]| listed(row, ":", |octet| format!("{octet:02X}"));
    type Row<'a> = &'a dyn Fn(usize, &[u8]) -> String;
    let forms: [Row<'_>; 27] = [
        &|at, row| format!("[12:00:{at:02}][D][uart_debug:114]: <<< {}", colons(row)),
        &|at, row| {
            let numbers = listed(row, ",", u8::to_string);
            format!("[12:00:{at:02}][D][uart_debug:158]: <<< {numbers}")
        },
        &|at, row| format!("12:00:{at:02}.123 RX {}", spaced(row)),
        &|at, row| format!("I ({}) uart: {}", at * 10 + 123, spaced(row)),
        &|at, row| format!("{{\"t\": {at}, \"data\": \"{}\"}}", digits_of(row)),
        &|at, row| format!("{{\"t\": {at}, \"data\": {row:?}}}"),
        &|_, row| format!("{} bytes: {}", row.len(), spaced(row)),
        &|_, row| format!("read {}: {}", row.len(), digits_of(row)),
        &|_, row| format!("[{}] {}", row.len(), spaced(row)),
        &|_, row| format!("{}: {}", row.len(), spaced(row)),
        &|_, row| format!("len={} data={}", row.len(), digits_of(row)),
        &|_, row| format!("<Buffer {}>", spaced(row)),
        &|at, row| format!("2026-06-21 12:00:{at:02},{}", digits_of(row)),
        &|at, row| format!("12:00:{at:02};{};{}", row.len(), spaced(row)),
        &|at, row| format!("12:00:{at:02},{}", listed(row, ",", |octet| format!("{octet:02X}"))),
        &|_, row| {
            let escapes = listed(row, "", |octet| format!("\\x{octet:02x}"));
            format!("read(3, \"{escapes}\", 4096) = {}", row.len())
        },
        &|_, row| format!("[{}]", listed(row, ", ", u8::to_string)),
        &|_, row| format!("[{}]", listed(row, ", ", |octet| format!("0x{octet:x}"))),
        &|at, row| format!("RX;{};true;{at}", digits_of(row)),
        &|_, row| format!("{},RX", digits_of(row)),
        &|_, row| format!("{{\"payload\": \"{}\", \"ok\": true}}", base64(row)),
        &|_, row| format!("DEBUG:meter.reader:read {} bytes: {}", row.len(), base64(row)),
        // Other octets stand beside them.
        &|_, row| format!("{{\"data\":\"{}\",\"mac\":\"a4:cf:12:01:02:03\"}}", digits_of(row)),
        &|at, row| format!("RX;{};true;2026-06-21 12:00:{at:02}", digits_of(row)),
        &|_, row| listed(row, " ", |octet| format!("{octet:02X}h")),
        &|_, row| listed(row, "", |octet| format!("%{octet:02X}")),
        &|_, row| {
            format!(
                "DEBUG uart #2 {}",
                grouped(&digits_of(row), "")
                    .as_bytes()
                    .chunks(8)
                    .map(text)
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        },
    ];
    for (number, form) in forms.iter().enumerate() {
        for sizes in [&[1][..], &[2], &[3], &[1, 1, 1], &[1, 8]] {
            let (mut rest, mut rows) = (&all[..], Vec::new());
            for size in sizes {
                let (row, behind) = rest.split_at(*size);
                rows.push(row);
                rest = behind;
            }
            rows.extend(rest.chunks(32));
            let rows = rows.iter().enumerate().map(|(at, row)| form(at, row) + "\n");
            let text = rows.collect::<String>();
            let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
            let seen = (ran.status, ran.out.as_str());
            assert_eq!(seen, (0, READING), "form {number}, {sizes:?}: {text}{}", ran.err);
        }
    }
}

/// Base64 has as many digits as other words have, if its rows are short.
#[test]
fn rows_of_base64_may_be_of_any_length() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    type Row<'a> = &'a dyn Fn(usize, &[u8]) -> String;
    let forms: [Row<'_>; 3] = [
        &|_, row| format!("{{\"payload\":\"{}\",\"qos\":0}}\n", base64(row)),
        &|at, row| format!("{at};RX;{};OK\n", base64(row)),
        &|at, row| format!("2026-06-21 12:00:{:02} rx {}\n", at % 60, base64(row)),
    ];
    for (number, form) in forms.iter().enumerate() {
        for size in [4, 8, 9, 16, 24, 30, 48] {
            let rows = all.chunks(size).enumerate().map(|(at, row)| form(at, row));
            let text = rows.collect::<String>().repeat(2);
            let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
            let seen = (ran.status, ran.out);
            assert_eq!(seen, (0, READING.repeat(2)), "form {number}, {size}: {}", ran.err);
        }
    }
}

/// Rows whose form is known by those of the next telegram.
#[test]
fn a_first_row_that_cannot_be_read_leaves_the_others() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    let rows: Vec<_> = all
        .chunks(24)
        .enumerate()
        .map(|(at, row)| format!("{{\"ts\": {at}, \"payload\": \"{}\"}}\n", base64(row)))
        .collect();
    let damaged = rows[0].replacen('P', "?", 1);
    let text = [&[damaged][..], &rows[1..], &rows].concat().concat();
    let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{}", ran.err);
    let told = format!("line 2: the text begins amid a telegram, {} octets", all.len() - 24);
    assert!(ran.err.contains(&told), "{}", ran.err);
}

/// A text is read from its start: a row that its form leaves out is a telegram lost.
#[test]
fn a_first_telegram_without_its_first_octets_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    for lost in [1, 2, 4, 9] {
        let text = format!("{}\n{DUMP}", wrapped(&digits_of(&all[lost..]), 64));
        let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (1, READING), "{lost}: {}", ran.err);
        assert!(ran.err.contains("line 1: apdu: a telegram "), "{lost}: {}", ran.err);
        // A capture may begin anywhere.
        let binary = [&all[lost..], &all].concat();
        let ran = run(&["decode", "--format", "json", "--key-file", &key], &binary);
        assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{lost}: {}", ran.err);
    }
}

/// Octets between two telegrams of a text are those of one whose first row was lost.
#[test]
fn a_later_telegram_without_its_first_row_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let start = "2026-06-21T12:00:00+02:00";
    let simulate = ["simulate", "--meter", "wiener-netze", "--count", "3", "--start", start];
    let frames = run(&[&simulate[..], &["--output", "hex"]].concat(), b"").out;
    let frames: Vec<_> = frames.lines().map(octets).collect();
    type Row<'a> = &'a dyn Fn(&[u8]) -> String;
    let forms: [Row<'_>; 5] = [
        &|row| digits_of(row),
        &|row| format!("2026-06-21 12:00:04;RX;{}", digits_of(row)),
        &|row| format!("12:00:04 RX: {}", spaced(row)),
        &|row| format!("{{\"type\": \"Buffer\", \"data\": {row:?}}}"),
        &|row| format!("{{\"payload\": \"{}\"}}", base64(row)),
    ];
    for (number, form) in forms.iter().enumerate() {
        let mut rows: Vec<Vec<_>> =
            frames.iter().map(|frame| frame.chunks(32).map(form).collect()).collect();
        let decoded = |rows: &[Vec<String>]| {
            let text = rows.concat().join("\n");
            run(&["decode", "--key-file", &key], text.as_bytes())
        };
        let ran = decoded(&rows);
        assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{number}: {}", ran.err);
        let first = &mut rows[1][0];
        let half = first.len() * 2 / 3;
        first.replace_range(half..half + 1, "?");
        let ran = decoded(&rows);
        assert_eq!((ran.status, ran.out.lines().count()), (1, 2), "{number}: {}", ran.err);
        rows[1].remove(0);
        let ran = decoded(&rows);
        assert_eq!((ran.status, ran.out.lines().count()), (1, 2), "{number}: {}", ran.err);
        let line = format!("line {}: hex: ", rows[0].len() + 1);
        assert!(ran.err.contains(&line), "{number}: {}", ran.err);
    }
}

/// A text may begin and end amid a telegram. Who pasted a whole one is told that a row is not there.
#[test]
fn a_first_or_last_telegram_without_all_its_rows_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    type Row<'a> = &'a dyn Fn(usize, &[u8]) -> String;
    let forms: [Row<'_>; 8] = [
        &|_, row| digits_of(row),
        &|_, row| spaced(row),
        &|at, row| {
            format!(
                "[12:00:{at:02}][D][uart_debug:114]: <<< {}",
                listed(row, ":", |it| format!("{it:02X}"))
            )
        },
        &|at, row| format!("2026-06-21 12:00:{at:02};RX;{}", digits_of(row)),
        &|at, row| format!("12:00:{at:02} RX: {}", spaced(row)),
        &|_, row| format!("{{\"type\": \"Buffer\", \"data\": {row:?}}}"),
        &|at, row| format!("{{\"t\": {at}, \"data\": \"{}\"}}", digits_of(row)),
        &|at, row| format!("I ({}) uart: {}", at * 10 + 123, spaced(row)),
    ];
    for (number, form) in forms.iter().enumerate() {
        let rows: Vec<_> = all.chunks(40).enumerate().map(|(at, row)| form(at, row)).collect();
        let decoded = |rows: &[&[String]]| {
            let text = rows.concat().join("\n");
            run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes())
        };
        let ran = decoded(&[&rows, &rows]);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, &*READING.repeat(2), ""), "{number}");
        let ran = decoded(&[&rows[1..], &rows]);
        let told = format!("line 1: the text begins amid a telegram, {} octets", all.len() - 40);
        assert_eq!((ran.status, &*ran.out), (0, READING), "{number}: {}", ran.err);
        assert!(ran.err.contains(&told) && ran.err.lines().count() == 1, "{number}: {}", ran.err);
        let ran = decoded(&[&rows, &rows[..rows.len() - 1]]);
        let [line, octets] = [rows.len() + 1, all.len() / 40 * 40];
        let told = format!(
            "line {line}: the text ends amid the telegram that begins here, {octets} octets"
        );
        assert_eq!((ran.status, &*ran.out), (0, READING), "{number}: {}", ran.err);
        assert!(ran.err.contains(&told) && ran.err.lines().count() == 1, "{number}: {}", ran.err);
    }
}

/// The same of every kind of telegram: nothing is said of whole ones, and something if a row is not there.
#[test]
fn a_missing_row_of_any_meter_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", EXAMPLE_KEYS);
    let start = "2026-06-21T12:00:00+02:00";
    for meter in ["netz-noe-kaifa", "ksm-west-1phase", "wiener-netze", "kaernten-netz", "graz"] {
        let simulate = ["simulate", "--meter", meter, "--count", "2", "--start", start];
        let frames = run(&[&simulate[..], &["--output", "hex"]].concat(), b"").out;
        let all = frames.lines().flat_map(octets).collect::<Vec<_>>();
        let rows: Vec<_> = all
            .chunks(all.len() / 2)
            .flat_map(|telegram| telegram.chunks(40).map(digits_of))
            .collect();
        let decoded = |rows: &[String]| {
            let ran = run(&["decode", "--key-file", &key], rows.join("\n").as_bytes());
            (ran.status, ran.out.lines().count(), ran.err)
        };
        assert_eq!(decoded(&rows), (0, 2, String::new()), "{meter}");
        for lost in 0..rows.len() {
            let (_, telegrams, said) = decoded(&[&rows[..lost], &rows[lost + 1..]].concat());
            // Two frames may have the flag between them in common.
            let is_lost = rows[lost] != "7e" || lost + 1 == rows.len();
            let seen = (2 - telegrams, !said.is_empty());
            assert_eq!(seen, (usize::from(is_lost), is_lost), "{meter}: row {lost}: {said}");
        }
    }
}

#[test]
fn lines_of_a_log_without_a_line_end_between_are_all_read() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let glued = esphome(32, "").replace('\n', "");
    let ran = run(&["decode", "--format", "json", "--key-file", &key], glued.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{}", ran.err);
    let frames = DUMP.lines().map(|line| format!("[12:00:00][D]: <<< {}", grouped(line, ":")));
    let glued = frames.collect::<String>();
    let ran = run(&["decode", "--format", "json", "--key-file", &key], glued.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{}", ran.err);
}

#[test]
fn a_mail_in_base64_is_named() {
    let mail =
        "Subject: x\nContent-Transfer-Encoding: base64\n\nNjggRkEgRkEgNjggNTMgRkYgMDAgMDE=\n";
    let ran = run(&["decode"], mail.as_bytes());
    assert_eq!(ran.status, 3, "{}", ran.err);
    let named = "a mail in base64; copy the text from the mail program instead";
    assert!(ran.err.contains(named), "{}", ran.err);
}

#[test]
fn a_capture_in_a_mail_is_read() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let lines = base64(&octets(DUMP)).as_bytes().chunks(76).map(text).collect::<Vec<_>>();
    let mail = format!(
        "Subject: x\nContent-Type: text/plain\n\nHallo, anbei.\n\n--part\n\
         Content-Type: application/octet-stream; name=\"dump.bin\"\n\
         Content-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=\"dump.bin\"\n\n{}\n\n--part--\n",
        lines.join("\n")
    );
    for times in [1, 2] {
        let mails = mail.repeat(times);
        let ran = run(&["decode", "--format", "json", "--key-file", &key], mails.as_bytes());
        assert_eq!((ran.status, ran.out, ran.err), (0, READING.repeat(times), String::new()));
    }
}

#[test]
fn octets_that_are_not_read_are_named() {
    let literal = r"12:00 b'h\xfa\xfahS\xff\x00\x01g\xdb\x08KFMgP\x00\x00\t\x81\xf8";
    let link = "https://example.org/CyberChef/#recipe=From_Hex('Auto')&input=NjggRkEgRkEgNjg=";
    let uuencode = "begin 644 capture.bin\n-:/KZ:%/_``%GVPA+1DUG\n`\nend";
    let list = "[ 104, 250, 250, 104,\n  83, 255, 0, 1,\n  ... 182 more items\n]";
    let buffer = "<Buffer 68 fa fa 68 53 ff 00 01 ... 232 more bytes>";
    let cut = "octets that a program has cut off; print and copy them whole";
    for (form, named) in [
        (literal, cut),
        (literal.strip_suffix("8").unwrap(), cut),
        (list, cut),
        (buffer, cut),
        (r#"read(3, "h\372\372h"..., 512) = 282"#, cut),
        (link, "a link to CyberChef; copy the octets out of its input field"),
        (uuencode, "uuencode data; unpack it first"),
    ] {
        let ran = run(&["decode"], form.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{form}: {}", ran.err);
        assert!(ran.err.contains(named), "{form}: {}", ran.err);
        // They cost no telegram.
        let folder = Folder::new();
        let key = folder.write("key", KEY);
        let text = format!("{form}\n\n{DUMP}");
        let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (1, READING), "{form}: {}", ran.err);
    }
}

/// Rows of sixteen octets in front of the short last one of a telegram are no keys, and neither is the heading of a
/// listing in decimal.
#[test]
fn rows_of_a_telegram_are_no_keys() {
    let folder = Folder::new();
    let key = folder.write("key", EXAMPLE_KEYS);
    let start = "2026-06-21T12:00:00+02:00";
    let simulate = ["simulate", "--meter", "wiener-netze", "--count", "2", "--start", start];
    let frames = run(&[&simulate[..], &["--output", "hex"]].concat(), b"").out;
    let rows: Vec<Vec<_>> =
        frames.lines().map(|frame| octets(frame).chunks(16).map(spaced).collect()).collect();
    let heading = "Offset(d) 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15";
    let amid = (1..rows[0].len() - 1).map(|lost| rows.concat()[lost..].join("\n"));
    for text in amid.chain([format!("{heading}\n{}", rows.concat().join("\n"))]) {
        let ran = run(&["decode", "--key-file", &key], text.as_bytes());
        assert!(ran.status == 0 && !ran.err.contains("a key"), "{text}: {}", ran.err);
    }
    let text = format!("{KEY}\n12\n{}", rows.concat().join("\n"));
    let ran = run(&["decode", "--key-file", &key], text.as_bytes());
    assert!(ran.status == 0 && ran.err.contains("line 1: a key"), "{}", ran.err);
}

#[test]
fn text_in_utf_16_may_begin_with_an_umlaut() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = format!("Z\u{e4}hler:\n{DUMP}");
        let text: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        let ran = run(&["decode", "--format", "json", "--key-file", &key], &text);
        assert_eq!((ran.status, ran.out.as_str()), (0, READING), "{}", ran.err);
    }
}

#[test]
fn what_is_like_these_forms_holds_no_telegram() {
    for text in [
        "10:26:01.123 -> 5\n10:26:02.123 -> 12\n10:26:03.123 -> 100\n",
        "> On 1 May 2024 at 12:00 Max wrote:\n> > add 5 to 7\n",
        "a/b/c 01/02/03 and 04/05/06/07/08/09/10/11/12/13\n",
        "0,21.5\n1,22.0\n2,21.0\n3,20.5\n4,20.0\n",
        "- 104 kWh\n- 250\n- 12\n",
        "{\"0\":1,\"1\":2,\"2\":3,\"3\":4,\"4\":5}\n",
        "[12:34:56][D][sensor:094]: 'Power': Sending state 68\n[12:34:57][D][sensor:094]: 'Power': Sending state 14\n",
        "[16] 1 2 3 4\nLength 2: ab\n",
        "VALUES (1,'2024-05-01 12:00:00',0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855);\n",
    ] {
        let ran = run(&["decode"], text.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{text}: {}", ran.err);
    }
}
