//! APDUs without frames.

use meterpipe::chain::bare_apdu::{BareApdu, BareApdus, FoundApdu};

use crate::common::binary::run;
use crate::common::chain::{Outcome, decode_dump, decode_octets};
use crate::common::published::{DUMP, EXAMPLE_KEYS, Folder, HEADER, KEY, PLAIN, octets};
use crate::common::wire::{block, hdlc};

fn plain() -> String {
    PLAIN.replace('\n', "")
}

/// The ciphered APDU of the published telegram.
fn ciphered() -> String {
    let data = |frame: &str| frame[18..frame.len() - 4].to_lowercase();
    DUMP.lines().map(data).collect()
}

fn refused(dump: &str) -> (usize, Vec<String>) {
    let outcome = decode_dump(dump, KEY);
    (outcome.telegrams.len(), outcome.refused)
}

#[test]
fn one_or_several_on_a_line_or_over_lines() {
    let (plain, ciphered) = (plain(), ciphered());
    for (dump, telegrams) in [
        (plain.clone(), 1),
        (ciphered.clone(), 1),
        (format!("{plain}{plain}"), 2),
        (format!("{ciphered} {ciphered}\n{plain}"), 3),
        (format!("{}\n{}\n", &ciphered[..100], &ciphered[100..]), 1),
        (format!("{}\n{}\n{plain}", &plain[..64], &plain[64..]), 2),
        (format!("00112233{ciphered}ffffff{plain}"), 2),
    ] {
        assert_eq!(refused(&dump), (telegrams, vec![]), "{dump}");
    }
    let octets = hex::decode(format!("a0a0{ciphered}{ciphered}{plain}")).unwrap();
    for piece in [1, 3, 64, 4096] {
        let outcome = decode_octets(&octets, KEY, piece);
        assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (3, 0), "by {piece}");
    }
}

#[test]
fn a_broken_one_is_named_and_the_next_one_read() {
    let (plain, ciphered) = (plain(), ciphered());
    let (telegrams, messages) = refused(&format!("{}\n{ciphered}\n", &plain[..plain.len() - 20]));
    assert_eq!(telegrams, 1);
    assert_eq!(messages, ["apdu: a telegram breaks off after 233 octets"]);
    let (telegrams, messages) = refused(&format!("{plain}1122334455\n{ciphered}\n"));
    assert_eq!(telegrams, 1);
    assert_eq!(messages, ["axdr: 5 octets left at octet 243, behind the data"]);
    // A type that does not exist.
    let (telegrams, messages) = refused(&plain.replace("0600003289", "0800003289"));
    assert_eq!(telegrams, 0);
    assert_eq!(messages, ["axdr: type at octet 42: found 08, expected one of the Blue Book"]);
    // A meter number with a letter in it.
    let (telegrams, messages) = refused(&format!("{}41", &plain[..plain.len() - 2]));
    assert_eq!(telegrams, 0);
    assert_eq!(
        messages,
        ["reading: the closing element at octet 231 is not a meter number in digits"]
    );
}

#[test]
fn what_breaks_off_behind_its_date_time_borrows_nothing_from_the_next_line() {
    let head = &plain()[..2 * 18];
    // Each would be one whole value: null, a number, a string, a bit-string, a boolean.
    for next in ["00", "1105", "06000000ff", "090468003109", "04086811", "0301"] {
        for dump in [format!("{head}\n{next}\n"), format!("{head}\n{next}6812345678\n")] {
            let (telegrams, _) = refused(&format!("{dump}{}\n", ciphered()));
            assert_eq!(telegrams, 1, "{next}: only the whole one");
        }
    }
}

#[test]
fn a_frame_without_data_makes_the_others_no_less_bare() {
    let telegram = hex::decode(ciphered()).unwrap();
    let reset = [0x10, 0x40, 0x01, 0x41, 0x16];
    for stream in [
        [&reset[..], &telegram, &telegram, &telegram].concat(),
        [&telegram, &reset[..], &telegram, &reset, &telegram].concat(),
    ] {
        for piece in [1, 7, 64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (3, 0), "by {piece}");
        }
    }
}

/// The published APDU in blocks, one right behind the other.
fn blocks() -> Vec<u8> {
    let telegram = hex::decode(ciphered()).unwrap();
    let parts: Vec<_> = telegram.chunks(100).collect();
    let blocks = parts.iter().enumerate().map(|(at, part)| block(at, at + 1 == parts.len(), part));
    blocks.flatten().collect()
}

#[test]
fn ciphertext_that_looks_like_a_frame_without_data_is_none() {
    let mut octets = hex::decode(ciphered()).unwrap();
    for (at, look_alike) in [(60, "1010edfd16"), (100, "1040f03016"), (250, "1040f03016")] {
        let frame = hex::decode(look_alike).unwrap();
        octets[at..at + frame.len()].copy_from_slice(&frame);
        let ran = run(&["unframe", "--input", "binary"], &octets.repeat(3));
        let apdus =
            ran.out.lines().filter_map(|line| line.split(' ').nth(2)).filter(|it| it.len() > 50);
        assert!(apdus.eq(vec![hex::encode(&octets); 3]), "{look_alike}: {ran:?}");
    }
}

#[test]
fn blocks_near_frames_are_read_as_whole_apdus_are() {
    let (frame, blocks) = (octets(DUMP), blocks());
    let mut streams = vec![
        [&frame[..], &blocks, &frame].concat(),
        [&frame[..], &blocks, &blocks, &frame[..]].concat(),
        [&blocks[..], &frame, &blocks].concat(),
    ];
    streams.extend(LOOK_ALIKES.map(|damage| [damage, &blocks, &blocks].concat()));
    for stream in streams {
        let telegrams = stream.windows(4).filter(|it| *it == b"KFMg").count();
        for piece in [1, 7, 64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), telegrams, "by {piece}: {:?}", outcome.refused);
        }
    }
    // In front of the end of a frame that lost its start they are those of the frame.
    for behind in [&[0x55, 0x16][..], &[0x12, 0x34, 0x7e]] {
        let stream = [&frame[..], &blocks, behind, &frame[..]].concat();
        assert_eq!(decode_octets(&stream, KEY, 4096).telegrams.len(), 2, "{behind:02x?}");
    }
}

#[test]
fn a_cut_block_costs_no_other_telegram() {
    let blocks = blocks();
    for lost in [1, 20, 100] {
        for at in (0..blocks.len() - lost).step_by(3) {
            let cut = [&blocks[..at], &blocks[at + lost..]].concat();
            let stream = [&blocks[..], &cut, &blocks, &blocks].concat();
            for piece in [64, 4096] {
                let outcome = decode_octets(&stream, KEY, piece);
                let found = (outcome.telegrams.len(), lost, at);
                assert_eq!(found.0, 3, "{found:?} by {piece}: {:?}", outcome.refused);
            }
        }
    }
}

#[test]
fn a_cut_plain_one_costs_no_other_telegram() {
    let plain = hex::decode(plain()).unwrap();
    for size in 24..plain.len() {
        let stream = [&plain[..size], &plain, &plain].concat();
        for piece in [64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 2, "{size} by {piece}: {:?}", outcome.refused);
            let expected = format!("apdu: a telegram breaks off after {size} octets");
            assert_eq!(outcome.refused, [expected], "by {piece}");
        }
    }
}

#[test]
fn a_damaged_plain_one_is_named_wherever_it_stands() {
    let plain = hex::decode(plain()).unwrap();
    let mut damaged = plain.clone();
    damaged[42] = 0x08;
    for noise in [&[0x11][..], &[]] {
        let stream = [noise, &damaged, &plain, &plain].concat();
        for piece in [64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 2, "by {piece}");
            let expected = "axdr: type at octet 42: found 08, expected one of the Blue Book";
            assert_eq!(outcome.refused, [expected], "by {piece}");
        }
    }
}

/// The end of a cut telegram, `00 01 …`, and the start of the next one look like a frame of the wrapper.
#[test]
fn a_cut_plain_one_is_no_wrapper_of_the_next_one() {
    let plain = hex::decode(plain()).unwrap();
    for end in ["000108 00ff0600b7", "0001f502 020f0016"] {
        let end = hex::decode(end.replace(' ', "")).unwrap();
        let stream = [&plain, &plain[..40], &end, &plain, &plain].concat();
        for piece in [1, 64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 3, "{end:02x?} by {piece}: {:?}", outcome.refused);
        }
    }
}

#[test]
fn an_apdu_whose_frame_was_damaged_is_none() {
    let mut octets = octets(DUMP);
    // Not even if the start of the frame is what was damaged.
    octets[0] = 0x78;
    octets.truncate(256);
    assert!(decode_octets(&octets, KEY, 4096).telegrams.is_empty());
    // A single frame with everything but its start: the APDU would be whole.
    let apdu = format!("53ff100167{}", ciphered());
    assert!(decode_octets(&hex::decode(apdu).unwrap(), KEY, 4096).telegrams.is_empty());
}

/// A row of a listing may begin with the APDU of a frame.
#[test]
fn the_start_of_a_line_makes_no_apdu_of_a_damaged_frame() {
    for apdu in [octets(&plain()), octets(&ciphered())] {
        let frame = hdlc(true, false, &apdu);
        let header = frame.windows(3).position(|it| it == apdu[..3].as_ref()).unwrap();
        for damaged in (0..frame.len()).filter(|at| !(1..3).contains(at)) {
            let mut frame = frame.clone();
            frame[damaged] ^= 0x04;
            let (first, rest) = frame.split_at(header);
            let dump = format!("{}\n{}\n", hex::encode(first), hex::encode(rest));
            let outcome = decode_dump(&dump, KEY);
            let is_sound = damaged < header || damaged >= header + apdu.len();
            assert!(is_sound || outcome.telegrams.is_empty(), "octet {damaged}");
        }
    }
}

#[test]
fn a_frame_whose_start_is_damaged_is_told() {
    let lost_start = "apdu: a telegram in a frame whose first octets are damaged or lost";
    let without_time = format!("{}00{}", &plain()[..10], &plain()[36..]);
    for apdu in [ciphered(), plain(), without_time] {
        let frame = hdlc(true, false, &octets(&apdu));
        let header = frame.len() - octets(&apdu).len() - 3;
        for bit in 0..8 * header {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let stream = [&frame[..], &damaged, &frame].concat();
            for piece in [1, 2, 8, 64] {
                let outcome = decode_octets(&stream, KEY, piece);
                let Outcome { telegrams, refused, .. } = &outcome;
                assert_eq!(telegrams.len(), 2, "bit {bit} by {piece}");
                assert_eq!(refused.len(), 1, "bit {bit} by {piece}: {refused:?}");
                assert!(bit >= 8 || *refused == [lost_start], "bit {bit}: {refused:?}");
            }
        }
    }
    let frame = hdlc(true, false, &octets(&ciphered()));
    // A stream may begin within a frame, a text is rather one whose first row was not read.
    let octets = [&frame[3..], &frame].concat();
    let outcome = decode_octets(&octets, KEY, 64);
    assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (1, 0));
    let outcome = decode_dump(&hex::encode(octets), KEY);
    assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (1, 1));
}

/// The check of the frame is there, and is not read.
#[test]
fn a_stream_that_begins_within_the_header_of_a_frame_begins_with_no_apdu() {
    let apdu = octets(&plain());
    let frame = hdlc(true, false, &apdu);
    let header = frame.len() - apdu.len() - 3;
    for begin in 1..=header {
        for piece in if begin < header { &[7, 64, 4096][..] } else { &[4096] } {
            let stream = [&frame[begin..], &frame].concat();
            let outcome = decode_octets(&stream, "", *piece);
            let counts = (outcome.telegrams.len(), outcome.refused.len());
            assert_eq!(counts, (1, 0), "{begin} by {piece}");
        }
    }
    // Where a raw APDU begins a stream, another one follows, or its end.
    for stream in [&apdu[..], &apdu.repeat(2)] {
        let expected = stream.len() / apdu.len();
        assert_eq!(decode_octets(stream, "", 7).telegrams.len(), expected);
    }
}

#[test]
fn a_frame_that_the_end_of_the_input_cuts_off_has_not_lost_its_start() {
    let frame = hdlc(true, false, &octets(&ciphered()));
    for cut in 1..frame.len() {
        let octets = [&frame[..], &frame[..frame.len() - cut]].concat();
        let outcome = decode_octets(&octets, KEY, 64);
        assert_eq!((outcome.telegrams.len(), outcome.refused), (1, vec![]), "{cut}");
    }
}

/// Octets that look like the start of a frame of each layer, and are none.
const LOOK_ALIKES: [&[u8]; 3] = [
    &[0x68, 0xd8, 0x91, 0x68],
    &[0x68, 0x20, 0x20, 0x68, 0x53, 0xff, 0x00, 0x01],
    &[0x7e, 0xa0, 0x20, 0xce, 0xff, 0x03, 0x13],
];

#[test]
fn a_look_alike_of_a_frame_costs_no_telegram_behind_it() {
    let telegram = hex::decode(ciphered()).unwrap();
    let noise = [0x55; 64];
    for damage in LOOK_ALIKES {
        let stream = [&telegram, damage, &noise, &telegram, &telegram, &telegram].concat();
        for piece in [1, 7, 64, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 4, "{damage:02x?} by {piece}");
        }
    }
}

#[test]
fn the_line_of_another_meter_costs_no_telegram() {
    let telegram = hex::decode(ciphered()).unwrap();
    let framed = octets(DUMP);
    let stream = [&framed[..], &telegram.repeat(20), &framed, &telegram.repeat(20)].concat();
    for piece in [1, 64, 4096] {
        let outcome = decode_octets(&stream, KEY, piece);
        assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (42, 0), "by {piece}");
    }
}

#[test]
fn one_in_a_frame_without_its_start_and_header_is_none() {
    let (telegram, framed) = (hex::decode(ciphered()).unwrap(), octets(DUMP));
    // Behind it stands the end of its frame.
    for end in [&[0x17, 0x16][..], &[0xfd, 0xe1, 0x7e]] {
        let stream = [&framed, &telegram, end, &framed].concat();
        for piece in [1, 64, 4096] {
            assert_eq!(decode_octets(&stream, KEY, piece).telegrams.len(), 2, "by {piece}");
        }
    }
}

#[test]
fn what_stands_between_plain_ones_costs_no_other_one() {
    let plain = hex::decode(plain()).unwrap();
    let stream = [&plain, &[0x11, 0x22][..], &plain, &plain].concat();
    for piece in [1, 7, plain.len(), 4096] {
        let outcome = decode_octets(&stream, KEY, piece);
        assert_eq!((outcome.telegrams.len(), outcome.refused.len()), (3, 0), "by {piece}");
    }
    // A line is there as a whole.
    let line = hex::encode(&stream);
    let outcome = decode_dump(&format!("{line}\n"), KEY);
    assert_eq!(outcome.telegrams.len(), 2);
    assert_eq!(outcome.refused, ["axdr: 2 octets left at octet 243, behind the data"]);
}

#[test]
fn one_that_is_cut_in_its_title_takes_nothing_of_the_next_one() {
    let telegram = hex::decode(ciphered()).unwrap();
    for left in 5..10 {
        let stream = [&telegram, &telegram[..left], &telegram, &telegram].concat();
        for piece in [1, 7, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 3, "{left} by {piece}: {:?}", outcome.refused);
        }
    }
}

#[test]
fn one_that_lacks_its_end_takes_nothing_of_the_next_one() {
    let telegram = hex::decode(ciphered()).unwrap();
    for lost in 1..=24 {
        let cut = &telegram[..telegram.len() - lost];
        let stream = [&telegram[..], cut, &telegram, &telegram].concat();
        for piece in [1, 7, 4096] {
            let outcome = decode_octets(&stream, KEY, piece);
            assert_eq!(outcome.telegrams.len(), 3, "without {lost} octets, by {piece}");
            let [refused] = &outcome.refused[..] else { panic!("{:?}", outcome.refused) };
            let expected = format!("apdu: a telegram breaks off after {} octets", cut.len());
            assert_eq!(*refused, expected, "by {piece}");
        }
    }
}

#[test]
fn a_plain_one_does_not_wait_for_the_next() {
    // A list that ends with a scaler and a unit: 0f is the type of the scaler.
    let list =
        "0f000000050c07ea0615070c000000ff888002010203090601000108 00ff06000003e902020f00161e";
    let list = hex::decode(list.replace(' ', "")).unwrap();
    let mut bare = BareApdus::default();
    bare.push(&list, 0);
    let found = bare.next();
    let whole = BareApdu { octets: &list, begin: 0, end: list.len() as u64, near_frame: false };
    assert_eq!(found, Some(FoundApdu::Apdu(whole)));
}

/// A short list with a tag, ciphered by the Python library `cryptography` with the example keys.
const TAGGED: &str = concat!(
    "db084b464d6750000009323000000005ecd67f29cc4ba6a2ae60736343b262bc9a5da6d60cb59f2b",
    "7c40ec8c82e878d3a930dbcc4e9e66439a9abd3fc0",
);

/// A short DSMR text with a CRC, ciphered in the same way.
const TAGGED_TEXT: &str = concat!(
    "db084b464d6750000009393000000006ca45baf5ac14ba553ecfbd3c4f44a8bd1adbaaa87e74c843",
    "ecb35585634a10e476510bbe88e4e0371c8efb2ee6960cd55adffd29",
);

/// Telegrams beside `apdu` and what is not a frame, with their errors.
fn near_frames(apdu: &[u8], keys: &str) -> Vec<(usize, Vec<String>)> {
    let mut outcomes = Vec::new();
    let noise = [0x55, 0x16];
    for before in LOOK_ALIKES.into_iter().chain([&octets(DUMP)[..]]) {
        for behind in LOOK_ALIKES.into_iter().chain([&noise[..]]) {
            for piece in [1, 4096] {
                let stream = [before, &noise, apdu, behind].concat();
                let outcome = decode_octets(&stream, keys, piece);
                let has_dump = usize::from(before.len() > 200);
                outcomes.push((outcome.telegrams.len() - has_dump, outcome.refused));
            }
        }
    }
    outcomes
}

#[test]
fn a_tag_vouches_for_one_near_a_frame() {
    let (list, text) = (octets(TAGGED), octets(TAGGED_TEXT));
    let blocks = [block(0, false, &list[..40]), block(1, true, &list[40..])].concat();
    for apdu in [&list, &text, &blocks] {
        for (telegrams, refused) in near_frames(apdu, EXAMPLE_KEYS) {
            assert_eq!(telegrams, 1, "{apdu:02x?}: {refused:?}");
        }
    }
    // Without the authentication key the CRC of the text does.
    for (telegrams, refused) in near_frames(&text, KEY) {
        assert_eq!(telegrams, 1, "{refused:?}");
    }
    for (telegrams, refused) in near_frames(&list, KEY) {
        let expected = "cipher: the key fits, but beside a frame nothing but a verified tag shows \
                        that the telegram is whole";
        assert_eq!(telegrams, 0);
        assert!(refused.iter().any(|error| error == expected), "{refused:?}");
    }
    let mut damaged = list;
    damaged[50] ^= 1;
    assert!(near_frames(&damaged, EXAMPLE_KEYS).iter().all(|(telegrams, _)| *telegrams == 0));
}

#[test]
fn the_record_tells_that_one_stands_near_a_frame() {
    let stream = [LOOK_ALIKES[0], &octets(TAGGED), &[0x55]].concat();
    let folder = Folder::new();
    let keys = folder.write("both", EXAMPLE_KEYS);
    let unframed = run(&["unframe", "--input", "binary"], &stream).out;
    let record = format!(
        "{HEADER}- apdu {TAGGED} near=frame
"
    );
    assert_eq!(unframed, record);
    let plain = "0f000000050c07ea0615010c000000ff8880020209060100010800ff06000003e9";
    for (keys, out) in [
        (
            keys,
            format!(
                "- apdu {plain} title=4b464d6750000009 ic=5 sc=30 auth=verified
"
            ),
        ),
        (folder.key(), String::new()),
    ] {
        let decrypted = run(&["decrypt", "--key-file", &keys], record.as_bytes());
        assert_eq!(decrypted.out, format!("{HEADER}{out}"), "{}", decrypted.err);
        assert_eq!(decrypted.err.contains("add the authentication key"), out.is_empty());
    }
}

#[test]
fn a_cut_one_costs_no_telegram_of_another_meter() {
    let list = octets(TAGGED);
    let mut other = list.clone();
    other[2..5].copy_from_slice(b"SAG");
    let blocks = |apdu: &[u8]| [block(0, false, &apdu[..40]), block(1, true, &apdu[40..])].concat();
    for (cut, next) in [
        (other.clone(), list.clone()),
        (other.clone(), blocks(&list)),
        (blocks(&other), list.clone()),
        (blocks(&list), list.clone()),
    ] {
        // Octet by octet the start of the next one has to be there before the end of the cut one.
        for (size, piece) in (24..cut.len() - 10).map(|size| (size, 4096)).chain([(30, 1)]) {
            let stream = [&cut[..size], &next, &[0x55]].concat();
            let outcome = decode_octets(&stream, EXAMPLE_KEYS, piece);
            let found = outcome.telegrams.len();
            assert_eq!(found, 1, "{size} of {cut:02x?} by {piece}: {:?}", outcome.refused);
        }
    }
}

/// The last row may be as long as a key.
#[test]
fn a_key_behind_one_in_rows_of_sixteen_octets_is_not_shown() {
    let folder = Folder::new();
    let file = folder.write("key", KEY);
    let header = "db084b464d675000000982010320000000a1";
    let apdu = format!("{header}{}", "c7".repeat(272 - header.len() / 2));
    for count in 1..3 {
        let rows = apdu.repeat(count).into_bytes();
        let rows = rows.chunks(32).map(|row| format!("{}\n", str::from_utf8(row).unwrap()));
        let text = rows.collect::<String>() + &KEY.to_lowercase();
        let ran = run(&["explain", "--key-file", &file], text.as_bytes());
        let told = format!("line {}: a key, not read", 17 * count + 1);
        assert!(ran.err.contains(&told), "{}", ran.err);
        let shown = format!("{}{}", ran.out, ran.err).to_lowercase().replace(' ', "");
        assert!(!shown.contains(&KEY.trim().to_lowercase()[..16]), "{shown}");
    }
}
