//! The choice of a link layer, the COSEM wrapper, blocks without frames, and every ciphering.

use crate::common::binary::run;
use crate::common::chain::{beside, decode_octets, keys_beside};
use crate::common::published::{DUMP, Folder, KEY, PLAIN, octets};
use crate::common::wire::{dsmr, hdlc, wrapped};
use meterpipe::source::simulator::wire::Sealer;

/// The ciphered APDU of the published telegram.
fn apdu() -> Vec<u8> {
    let data = |frame: &str| frame[18..frame.len() - 4].to_owned();
    octets(&DUMP.lines().map(data).collect::<String>())
}

/// An APDU in blocks of `size` octets.
fn blocks(apdu: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = apdu.len().div_ceil(size);
    let block = |(at, data): (usize, &[u8])| {
        let control = if at + 1 == count { 0xc0 } else { 0x40 };
        let number = u16::try_from(at + 1).unwrap().to_be_bytes();
        [&[0xe0, control][..], &number, &[0, 0, data.len() as u8], data].concat()
    };
    apdu.chunks(size).enumerate().map(block).collect()
}

#[test]
fn a_wrapped_apdu_is_read_however_it_is_cut() {
    let stream = [&[0, 0, 1, 0][..], &wrapped(&apdu()), &wrapped(&octets(PLAIN)), &[0; 9]].concat();
    let whole = decode_octets(&stream, KEY, stream.len());
    assert_eq!((whole.telegrams.len(), whole.refused.len()), (2, 0), "{:?}", whole.refused);
    for piece in 1..48 {
        assert_eq!(decode_octets(&stream, KEY, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_wrapped_telegram_is_refused() {
    let (guek, gak) = ([7; 16], [9; 16]);
    let mut sealed = vec![];
    let plain = octets(PLAIN);
    Sealer::new(0, &guek, Some(&gak)).seal(b"KFM12345", 9, &plain, &mut sealed);
    let keys = format!("{} {}", hex::encode(guek), hex::encode(gak));
    let (good, next) = (wrapped(&sealed), wrapped(&plain));
    for bit in 0..8 * good.len() {
        let mut damaged = good.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let stream = [&damaged[..], &next].concat();
        let outcome = decode_octets(&stream, &keys, stream.len());
        // Ports, and the kind of the key: they bear on no value. A damaged version or length leaves
        // an APDU that its own tag vouches for.
        let harmless = bit / 8 < 8 || damaged[8] == 0xdc;
        let found: Vec<_> = outcome.telegrams.iter().map(|it| &it.apdu).collect();
        assert!(found.iter().all(|it| **it == hex::encode(&plain)), "bit {bit}");
        assert!(harmless || found.len() <= 1, "bit {bit}: {:?}", outcome.refused);
    }
    for size in 0..good.len() {
        let stream = [&good[..size], &good].concat();
        let outcome = decode_octets(&stream, &keys, stream.len());
        let found: Vec<_> = outcome.telegrams.iter().map(|it| &it.apdu).collect();
        assert!(found.iter().all(|it| **it == hex::encode(&plain)), "cut to {size}");
    }
}

#[test]
fn a_wrapped_telegram_without_some_octets_costs_no_other() {
    let whole = wrapped(&apdu());
    for lost in 1..12 {
        for at in (8..whole.len() - lost).step_by(9) {
            let cut = [&whole[..at], &whole[at + lost..]].concat();
            let outcome = decode_octets(&[&whole[..], &cut, &whole, &whole].concat(), KEY, 4096);
            assert_eq!(outcome.telegrams.len(), 3, "{lost} at {at}: {:?}", outcome.refused);
            // Without its title or its length it is nothing that begins like a telegram.
            assert!(outcome.refused.len() == 1 || at < 26, "{lost} at {at}");
        }
    }
}

#[test]
fn a_cut_wrapped_telegram_costs_none_in_another_link() {
    let (whole, framed) = (wrapped(&apdu()), octets(DUMP));
    for others in [framed, hdlc(true, false, &apdu()), dsmr(5)] {
        for size in (26..whole.len() - 4).step_by(7) {
            let stream = [&whole, &whole[..size], &others, &whole].concat();
            for piece in [1, 30, 4096] {
                let outcome = decode_octets(&stream, KEY, piece);
                assert_eq!(outcome.telegrams.len(), 3, "{size} by {piece}: {:?}", outcome.refused);
                let lost = "wrapper: octets are lost: a frame of 268 began";
                assert!(outcome.refused[0].starts_with(lost), "{:?}", outcome.refused);
            }
        }
    }
}

#[test]
fn blocks_without_frames_are_joined() {
    let one: Vec<u8> = blocks(&apdu(), 100).concat();
    let stream = [&[0xe0, 0x40, 0, 1][..], &one, &one, &[0xff], &one].concat();
    let whole = decode_octets(&stream, KEY, stream.len());
    assert_eq!((whole.telegrams.len(), whole.refused.len()), (3, 0), "{:?}", whole.refused);
    for piece in (1..48).chain([107, 108]) {
        assert_eq!(decode_octets(&stream, KEY, piece), whole, "pieces of {piece}");
    }
    let Some(corpus) = beside("corpus") else { return };
    let path = corpus.join("at-landisgyr-e450/graz-dlms_parser-e450.hex");
    let frames = octets(&std::fs::read_to_string(&path).unwrap());
    let keys = keys_beside(&path);
    let reading = decode_octets(&frames, &keys, frames.len()).telegrams.remove(0);
    let hdlc = hex::encode(&frames);
    // The blocks of its frames, cut out by their header and length.
    let starts = hdlc.match_indices("e0400001").chain(hdlc.match_indices("e0400002"));
    let starts = starts.chain(hdlc.match_indices("e0c00003")).map(|(at, _)| at / 2);
    let bare: Vec<u8> =
        starts.flat_map(|at| frames[at..at + 7 + usize::from(frames[at + 6])].to_vec()).collect();
    let outcome = decode_octets(&bare, &keys, bare.len());
    assert_eq!(outcome.telegrams, [reading], "{:?}", outcome.refused);
}

#[test]
fn a_lost_or_repeated_block_costs_one_telegram_and_joins_no_others() {
    let parts = blocks(&apdu(), 60);
    let one = parts.concat();
    for lost in 0..parts.len() {
        let mut less = parts.clone();
        less.remove(lost);
        let mut more = parts.clone();
        more.insert(lost, parts[lost].clone());
        for damaged in [less.concat(), more.concat()] {
            let stream = [&one[..], &damaged, &one].concat();
            let outcome = decode_octets(&stream, KEY, 64);
            let same = outcome.telegrams.iter().all(|it| it.apdu == hex::encode(octets(PLAIN)));
            // A first block that comes twice begins anew.
            assert!(same && [2, 3].contains(&outcome.telegrams.len()), "block {lost}: {outcome:?}");
        }
    }
}

#[test]
fn every_ciphering_is_read_in_every_link() {
    let (guek, gak) = ([0x11; 16], [0x22; 16]);
    let folder = Folder::new();
    let keys = format!("{} {}", hex::encode(guek), hex::encode(gak));
    let keys = folder.write("keys", keys);
    let plain = octets(PLAIN);
    for suite in [0, 1] {
        for tag in [None, Some(&gak)] {
            for kind in [0xdb, 0xdc] {
                for title in [true, false] {
                    let mut sealed = vec![];
                    Sealer::new(suite, &guek, tag).seal(b"KFM12345", 5, &plain, &mut sealed);
                    sealed[0] = kind;
                    if !title {
                        sealed.drain(2..10);
                        sealed[1] = 0;
                    }
                    let mut mbus = vec![];
                    meterpipe::source::simulator::wire::frames(&sealed, 245, &mut mbus);
                    let lines = [sealed.clone(), wrapped(&sealed), mbus].map(hex::encode);
                    for line in lines {
                        let options = ["decode", "--key-file", &keys, "--system-title"];
                        let options = [&options[..], &["4b464d3132333435"]].concat();
                        let ran = run(&options, line.as_bytes());
                        let case = format!("{suite} {tag:?} {kind:x} {title} {line}");
                        assert_eq!((ran.status, &*ran.err), (0, ""), "{case}");
                        let verified = format!("\"authenticated\":{}", tag.is_some());
                        assert!(ran.out.contains(&verified), "{case}: {}", ran.out);
                        assert!(ran.out.contains("\"energy_import_wh\":12937"), "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_stream_of_nothing_but_apdus_needs_no_titles() {
    let (folder, guek) = (Folder::new(), [0x11; 16]);
    let keys = folder.write("keys", hex::encode(guek));
    let mut telegrams = vec![];
    for counter in 1..=3 {
        let mut sealed = vec![];
        let plain = octets(PLAIN);
        Sealer::new(0, &guek, None).seal(b"KFM12345", counter, &plain, &mut sealed);
        sealed.drain(2..10);
        sealed[1] = 0;
        telegrams.push(sealed);
    }
    let [first, second, third] = &telegrams[..] else { panic!() };
    for (stream, readings, is_quiet) in [
        (telegrams.concat(), 3, true),
        ([first, &[0x11][..], second, third].concat(), 3, true),
        ([&[0x11][..], first].concat(), 1, true),
        ([&first[..100], second, third].concat(), 2, false),
        ([&first[..first.len() - 3], second, third].concat(), 2, false),
        (first[..99].to_vec(), 0, false),
    ] {
        let stream = folder.write("stream", stream);
        let title = ["--system-title", "4b464d3132333435"];
        let options =
            ["decode", "--input", "binary", "--link", "raw", "--key-file", &keys, &stream];
        let ran = run(&[&options[..], &title].concat(), b"");
        assert_eq!(ran.out.lines().count(), readings, "{}", ran.err);
        assert_eq!(ran.err.is_empty(), is_quiet, "{}", ran.err);
    }
}

#[test]
fn a_link_that_is_named_makes_all_others_noise() {
    let folder = Folder::new();
    let text = "/ISk5MT382\r\n\r\n1-0:1.8.1(00001.001*kWh)\r\n!\r\n";
    let parts = [
        ("mbus", octets(DUMP)),
        ("wrapper", wrapped(&apdu())),
        ("dsmr", text.as_bytes().to_vec()),
        ("raw", apdu()),
    ];
    for (own, part) in &parts {
        let line = folder.write("line", part);
        for link in ["auto", "mbus", "hdlc", "wrapper", "dsmr", "raw"] {
            let ran = folder.decode(&["--input", "binary", "--link", link, &line], "");
            // In a stream without frames the APDU inside the wrapper is one like any other.
            let reads = [own, "auto"].contains(&link) || (*own, link) == ("wrapper", "raw");
            let telegrams = usize::from(reads);
            assert_eq!(ran.out.lines().count(), telegrams, "{own} as {link}: {}", ran.err);
            assert_eq!(
                ran.err.contains("without it the content tells the link"),
                !reads,
                "{}",
                ran.err
            );
            let unframed = run(&["unframe", "--input", "binary", "--link", link, &line], b"");
            let apdus = unframed.out.matches(" apdu ").count();
            assert_eq!(apdus, telegrams, "{own} as {link}: {}", unframed.out);
            let watched = run(
                &[
                    "watch", "--link", link, "--input", "binary", "--format", "json", "--key", KEY,
                    &line,
                ],
                b"",
            );
            assert_eq!(watched.out.lines().count(), telegrams, "{own} as {link}: {}", watched.err);
            let captured = run(&["capture", "--input", "binary", "--link", link, &line], b"");
            let frames = captured.out.contains(" frame ");
            assert_eq!(frames, *own != "raw" && [own, "auto"].contains(&link), "{own} as {link}");
        }
    }
    let ran = run(&["decode", "--link", "m-bus"], b"");
    assert!(ran.status == 2 && ran.err.contains("mbus"), "{}", ran.err);
}
