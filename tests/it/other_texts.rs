//! Texts of other programs that look like hex, and numbers beside the octets of a telegram.

use crate::{
    common::{
        binary::run,
        published::{DUMP, Folder, KEY, READING, octets},
    },
    pasted::listed,
};

/// As programs write them.
const TEXTS: [&str; 23] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a b.bin\n\
     2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  src/main.rs\n",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f\
     63b931bd47417a81a538327af927da3e  empty\n",
    "d41d8cd98f00b204e9800998ecf8427e\n900150983cd24fb0d6963f7d28e17f72\n",
    "commit 6de7346fe6a1b7bd81571cf8f1a5f8c680f207c0\nMerge: fd42885 29d03d6\nDate:   Mon Nov 30 00:12:01 2026\n\n    Read it\n",
    "6de7346fe6a1b7bd81571cf8f1a5f8c680f207c0 Portal: the parts of a code\n\
     a7db86a003548a793ad5543fa3d83f4b988f3847 A capture to show to others\n",
    "100644 blob 64b07375c4caec329a7deae19bd8afb48d4ac546\tCHANGELOG.md\n",
    "index b547be2..1620d8a 100644\nindex 36a4977..f783901 100644\nindex 9f90a14..bd72d86 100644\n",
    "2025-06-24 14:36:36 install libedit2:amd64 <none> 3.1-20221030-2\n\
     2025-06-24 14:36:36 status half-installed libedit2:amd64 3.1-20221030-2\n\
     2025-06-24 14:36:36 status unpacked libedit2:amd64 3.1-20221030-2\n",
    "pkg==1.0 \\\n    --hash=sha256:5e96785dc9fa0cb41b0a22c6175b7a1ff70e7b00fd48b30935358443c68bdaba \\\n",
    "\tSupported rates: 1.0* 2.0* 5.5* 11.0* 18.0 24.0 36.0 54.0\n\tTSF: 68812345678 usec\n",
    "[    0.301545] sched_clock: Marking stable (300004366, 780534)->(339732073, -38947173)\n\
     [    0.323711]     0.0.0.0:2024\n",
    "7f86f43db000-7f86f43de000 rw-p 00000000 00:00 0 \n7f86f45b3000-7f86f45c0000 rw-p 00000000 00:00 0 \n",
    "01.11.2026,00:00,0.560\n01.11.2026,00:15,0.694\n01.11.2026,00:30,0.724\n",
    "18817\n0\t34037679\t3540\n1\t86184571\t8179\n90956\n",
    "                Exponent: 65537 (0x10001)\n                    00:b5:2c:9a:11:0d:ee:41:7f:5d:8e:a0:33:19:c2:\n",
    "68 0% done, 7E left, DB 08 E0\n68 1% done, 7E left, DB 08 E0\n68 2% done, 7E left, DB 08 E0\n\
     68 3% done, 7E left, DB 08 E0\n68 4% done, 7E left, DB 08 E0\n",
    "- is almost done\n- some clippy lints are enabled\n- implement `AsRef` for arrays\n",
    "            f,\n            c => {\nadded.\n.B #\n  Add,\n",
    "    \"A | D\",\n    ('a', 'b') | ('b', 'a') => {\n    assert_eq!(b(\"a,bc\"));\n",
    "<path d=\"m 8 0 c -4.40625 0 -8 3.59375 -8 8 s 3.59375 8 8 8 s 8 -3.59375 8 -8 s -3.59375 -8 -8 -8 z m 3.398438 4\"/>\n",
    "const double quarter = 0.7853981633974483096156608458198757L;\nconst big = 14695981039346656037u;\n",
    "  1, 0xffffffff, 0xffffffff, 0, 1, 0, 0, 0, 0, 0\n    1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,\n",
    "6F0\t6F9\t0\n003F 0 1\n<dd>\n            6.02e23\n",
];

#[test]
fn other_texts_are_no_rejected_telegrams() {
    for text in TEXTS {
        // A few hashes may be keys.
        let text = text.repeat(7);
        for command in ["decode", "unframe"] {
            let ran = run(&[command], text.as_bytes());
            assert_eq!(ran.status, 3, "{command}: {text}: {}", ran.err);
            assert!(ran.err.contains("no telegram found"), "{command}: {text}: {}", ran.err);
            assert!(!ran.err.contains("line "), "{command}: {text}: {}", ran.err);
        }
    }
}

#[test]
fn a_telegram_beside_other_texts_is_read() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for text in TEXTS {
        for text in [
            format!("{DUMP}\n{text}"),
            format!("{text}{DUMP}\n"),
            format!("{text}{DUMP}\n{text}{DUMP}"),
        ] {
            let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
            let count = text.matches(DUMP).count();
            assert_eq!((ran.status, ran.out), (0, READING.repeat(count)), "{text}: {}", ran.err);
        }
    }
}

#[test]
fn a_log_may_hold_the_controls_of_a_terminal_and_a_block_of_zeros() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let zeros = "\0".repeat(300);
    for controls in ["\x07", "\x1b[2J\x1b[H", "\x1b]0;meter\x07", &zeros] {
        let text = format!("{controls}{DUMP}\n{controls}{DUMP}\n{controls}\n{DUMP}\n");
        let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
        assert_eq!((ran.status, ran.out), (0, READING.repeat(3)), "{controls:?}: {}", ran.err);
    }
}

#[test]
fn a_key_beside_a_telegram_is_named_by_its_line_and_a_hash_is_none() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    for (text, line) in [
        (TEXTS[0].to_owned(), None),
        ("8c8bd21c-5f41-40dd-ad6c-e8b26b68c2fa\n".to_owned(), None),
        (KEY.to_owned(), Some(1)),
        (format!("282\n\n{KEY}"), Some(3)),
    ] {
        let text = format!("{text}\n{DUMP}\n");
        let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
        assert_eq!((ran.status, &*ran.out), (0, READING), "{text}: {}", ran.err);
        let told = line.map(|line| format!("line {line}: a key, not read"));
        assert_eq!(ran.err.contains("a key, not read"), told.is_some(), "{text}: {}", ran.err);
        assert!(ran.err.contains(&told.unwrap_or_default()), "{text}: {}", ran.err);
    }
}

/// A digit of a telegram that cannot be read is told, wherever it stands in its row.
#[test]
fn a_damaged_telegram_among_other_texts_is_told() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    let rows = |head: &str, between: &str, size: usize| {
        let row =
            |row: &[u8]| format!("{head}{}\n", listed(row, between, |it| format!("{it:02x}")));
        all.chunks(size).map(row).collect::<String>()
    };
    for (head, between) in
        [("", ""), ("", " "), ("RX: ", " "), ("[12:00:00][D][uart:114]: <<< ", ":")]
    {
        for size in [10, 16, all.len()] {
            let sound = rows(head, between, size);
            for at in (0..6).chain([20, 21]) {
                let place = head.len() + at;
                let damaged = [&sound[..place], "G", &sound[place + 1..]].concat();
                // The text between two octets may be lost in silence.
                if !between.is_empty() && at % 3 == 2 {
                    continue;
                }
                for text in ["", TEXTS[0], TEXTS[7]] {
                    let text = format!("{text}{damaged}{text}{sound}");
                    let ran = run(&["decode", "--key-file", &key], text.as_bytes());
                    let found = (ran.status, &*ran.out);
                    assert_eq!(found, (1, READING), "{head} {size} {at} {text}: {}", ran.err);
                }
            }
        }
    }
}

#[test]
fn numbers_of_octets_beside_a_telegram_are_none_of_it() {
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let all = octets(DUMP);
    type Count<'a> = &'a dyn Fn(usize, usize) -> String;
    let behind: [Count<'_>; 9] = [
        &|row, _| format!(" ({row})"),
        &|row, _| format!(" [{row}]"),
        &|row, _| format!(" {row} bytes"),
        &|row, _| format!(" | {row} bytes"),
        &|row, _| format!(" len={row}"),
        &|row, _| format!(", length: {row}"),
        &|_, all| format!(" ({all})"),
        &|_, all| format!(" {all} bytes"),
        &|_, _| " OK".to_owned(),
    ];
    let before: [Count<'_>; 5] = [
        &|row, _| format!("Received ({row}): "),
        &|row, _| format!("Read {row} bytes: "),
        &|row, _| format!("({row}): "),
        &|row, _| format!("rx len={row} "),
        &|_, all| format!("RX ({all}): "),
    ];
    let heads =
        ["", "RX: ", "12:00:00.123 meter data: ", "[12:00:01.001][V][dlms_meter:081]: data: "];
    let nothing: Count<'_> = &|_, _| String::new();
    let behind =
        heads.iter().flat_map(|head| behind.iter().map(move |tail| (*head, nothing, *tail)));
    let forms: Vec<_> = behind.chain(before.iter().map(|head| ("", *head, nothing))).collect();
    for (words, head, tail) in forms {
        for between in [" ", ":", ".", ""] {
            for size in [32, all.len()] {
                let row = |row: &[u8]| {
                    let octets = listed(row, between, |octet| format!("{octet:02X}"));
                    let (head, tail) = (head(row.len(), all.len()), tail(row.len(), all.len()));
                    format!("{words}{head}{octets}{tail}\n")
                };
                let text = all.chunks(size).map(row).collect::<String>();
                let ran = run(&["decode", "--format", "json", "--key-file", &key], text.as_bytes());
                assert_eq!((ran.status, &*ran.out), (0, READING), "{text}: {}", ran.err);
            }
        }
    }
}
