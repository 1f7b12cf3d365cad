//! `explain`: every octet has a place, the values are those of `decode`, and damage is named.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::common::{
    binary::{METERPIPE, run, run_command},
    chain::{beside, decode_octets, keys_beside},
    damage::{self, Damage, DamageCounts},
    meters,
    published::{DUMP, Folder, KEY, PLAIN, octets},
};
use jiff::Timestamp;
use meterpipe::{
    cosem::clock::VIENNA,
    explain::{
        span::LayerListing,
        telegram::{self, TelegramParts},
    },
    reading::{family::MeterFamilies, telegram::Telegram as ReadTelegram},
    source::simulator::{
        meter::MeterKind,
        push::{PushOptions, Simulator},
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A span of `--format json`.
#[derive(Debug, Deserialize)]
pub struct Span {
    pub layer: String,
    pub offset: usize,
    pub length: usize,
    octets: String,
    depth: usize,
    pub name: String,
    pub text: String,
}

impl Span {
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// The spans of each telegram.
fn telegrams(json: &str) -> Vec<Vec<Span>> {
    json.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The spans of each layer of a telegram, in their order.
pub fn layers(spans: &[Span]) -> Vec<&[Span]> {
    spans.chunk_by(|a, b| a.layer == b.layer).collect()
}

/// The octets of a layer, joined from its leaves, which tile it.
fn tiled(layer: &[Span], what: &str) -> Vec<u8> {
    let mut joined = vec![];
    let mut open: Vec<&Span> = vec![];
    for (at, span) in layer.iter().enumerate() {
        open.retain(|outer| outer.depth < span.depth);
        assert_eq!(span.octets.len(), 2 * span.length, "{what}: {span:?}");
        assert!(span.length > 0 && !span.name.is_empty(), "{what}: {span:?}");
        for outer in &open {
            let within = outer.offset <= span.offset && span.end() <= outer.end();
            assert!(within, "{what}: {span:?} in {outer:?}");
        }
        if layer.get(at + 1).is_none_or(|next| next.depth <= span.depth) {
            assert_eq!(span.offset, joined.len(), "{what}: {span:?}");
            joined.extend(hex::decode(&span.octets).unwrap());
        }
        open.push(span);
    }
    for span in layer {
        let octets = hex::encode(&joined[span.offset..span.end()]);
        assert_eq!(octets, span.octets, "{what}");
    }
    joined
}

/// The names of the layers and their octets.
pub fn tiles(spans: &[Span], what: &str) -> Vec<(String, Vec<u8>)> {
    let layers: Vec<_> = layers(spans)
        .into_iter()
        .map(|layer| (layer[0].layer.clone(), tiled(layer, what)))
        .collect();
    let mut names: Vec<_> = layers.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), layers.len(), "{what}: a layer stands in one piece");
    layers
}

/// The object of a telegram in `decode --objects`.
#[derive(Deserialize)]
struct Object<'a> {
    name: Option<String>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    unit: Option<String>,
}

#[derive(Deserialize)]
struct Telegram<'a> {
    #[serde(borrow)]
    objects: Vec<Object<'a>>,
}

/// Checks that a telegram of `explain` has each value of a line of `decode`.
fn has_all_values(spans: &[Span], line: &str) -> Result<(), String> {
    let telegram: Telegram<'_> = serde_json::from_str(line).unwrap();
    for Object { name, value, unit } in telegram.objects {
        let Some(value) = value else { continue };
        let value: String = match serde_json::from_str(value.get()) {
            Ok(text) => text,
            Err(_) => value.get().trim_matches(['[', ']']).replace('"', ""),
        };
        let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        let wanted = format!("{value}{unit}");
        let fits = |span: &&Span| {
            let named = name.as_ref().is_none_or(|name| span.name.split('#').next() == Some(name));
            let behind = span.text.strip_prefix(&wanted);
            let ends = behind.is_some_and(|it| it.is_empty() || it.starts_with([',', ' ', ';']));
            // A DSMR telegram has its own unit: 34 Wh (0.034 kWh).
            let sent = span.text.contains(&format!("({wanted})"));
            named && (ends || sent)
        };
        if !spans.iter().any(|span| fits(&span)) {
            return Err(format!("{name:?} {wanted}"));
        }
    }
    Ok(())
}

/// Runs a subcommand on a file with the keys beside it.
fn on_item(command: &str, args: &[&str], path: &Path, keys: &Path) -> (i32, String, String) {
    let path = path.to_str().unwrap();
    let mut meterpipe = Command::new(METERPIPE);
    meterpipe.args([command, "-q"]).args(args).arg(path);
    if fs::metadata(keys).is_ok_and(|about| about.len() > 0) {
        meterpipe.args(["--key-file", keys.to_str().unwrap()]);
    }
    let ran = run_command(meterpipe, b"");
    (ran.status, ran.out, ran.err)
}

/// The captures of the corpus; none if it is not there.
fn corpus() -> Vec<PathBuf> {
    let Some(corpus) = beside("corpus") else { return vec![] };
    let folders = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == "hex")).collect();
    files.sort();
    assert!(files.len() > 100, "only {}", files.len());
    files
}

#[test]
fn every_layer_of_every_capture_is_tiled_and_its_values_are_those_of_decode() {
    let folder = Folder::new();
    let (mut seen, mut values) = (0, 0);
    for path in corpus() {
        let what = path.display().to_string();
        let keys = PathBuf::from(folder.write("keys", keys_beside(&path)));
        let (status, json, _) = on_item("explain", &["--format", "json"], &path, &keys);
        let decoded = on_item("decode", &["--format", "json", "--objects"], &path, &keys);
        assert_eq!(status, decoded.0, "{what}");
        let telegrams = telegrams(&json);
        let mut line = vec![];
        for spans in &telegrams {
            let tiles = tiles(spans, &what);
            let frames = ["mbus", "hdlc", "wrapper"];
            let name = |layer: &str| layer.split('#').next().unwrap().to_owned();
            let is_framed = tiles.iter().any(|(layer, _)| frames.contains(&&*name(layer)));
            let is_ciphered = tiles.iter().any(|(layer, _)| layer == "cipher");
            for (layer, octets) in tiles {
                let of_line = match &*name(&layer) {
                    "noise" | "mbus" | "hdlc" | "wrapper" => true,
                    "cipher" => !is_framed,
                    "apdu" | "dsmr" => !is_framed && !is_ciphered,
                    _ => false,
                };
                line.extend(octets.into_iter().filter(|_| of_line));
            }
        }
        let dump = fs::read_to_string(&path).unwrap();
        let dump: String = dump.lines().filter(|line| !line.starts_with('#')).collect();
        let all = octets(&dump);
        assert!(hex::encode(&line) == hex::encode(&all), "{what}: not all octets of the line");
        seen += 1;
        let mut explained = telegrams.iter();
        for decoded in decoded.1.lines() {
            let mut why = String::new();
            let found = explained.any(|spans| {
                let result = has_all_values(spans, decoded);
                why = result.as_ref().err().cloned().unwrap_or_default();
                result.is_ok() && spans.iter().any(|span| ["apdu", "dsmr"].contains(&&*span.layer))
            });
            assert!(found, "{what}: {why}");
            values += 1;
        }
    }
    assert!(seen == 0 || (seen > 120 && values > 60), "{seen} captures, {values} telegrams");
}

/// A plain APDU that stands between two telegrams of a test.
const MARK: &str = "- apdu 0f004d524b000201117b\n";

/// Explains damaged telegrams, each in a file of its own, in one run.
pub fn explain_each(damaged: &[Vec<u8>], keys: &str) -> Vec<Vec<Vec<Span>>> {
    let folder = Folder::new();
    let keys = folder.write("keys", keys);
    let mark = folder.write("mark", MARK);
    let mut explain = Command::new(METERPIPE);
    explain.args(["explain", "-q", "--format", "json", "--key-file", &keys]);
    for (at, octets) in damaged.iter().enumerate() {
        let record = format!("- raw {}\n", hex::encode(octets));
        explain.arg(folder.write(&at.to_string(), record)).arg(&mark);
    }
    let ran = run_command(explain, b"");
    let mut all = vec![vec![]];
    for spans in telegrams(&ran.out) {
        match spans.iter().all(|span| span.layer == "apdu") && spans[0].octets == "0f" {
            true => all.push(vec![]),
            false => all.last_mut().unwrap().push(spans),
        }
    }
    assert_eq!(all.pop().map(|rest| rest.len()), Some(0));
    assert_eq!(all.len(), damaged.len());
    all
}

/// A telegram of a virtual meter.
pub fn simulated(meter: MeterKind) -> Vec<u8> {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let mut wire = vec![];
    Simulator::new(PushOptions { seed: 7, ..PushOptions::new(meter, start) }).push(&mut wire);
    wire
}

/// Makes the checksum of each M-Bus frame right again.
fn repair(octets: &mut [u8], sizes: &[usize]) {
    let mut rest = octets;
    for size in sizes {
        let (frame, behind) = rest.split_at_mut(*size);
        frame[size - 2] = frame[4..size - 2].iter().fold(0, |sum, it| sum.wrapping_add(*it));
        rest = behind;
    }
}

/// The sizes of the M-Bus frames of a telegram.
fn sizes(octets: &[u8]) -> Vec<usize> {
    let mut sizes = vec![];
    let mut at = 0;
    while at + 1 < octets.len() {
        let length = usize::from(octets[at + 1]);
        sizes.push(if length < 3 { length + 262 } else { length + 6 });
        at += sizes.last().unwrap();
    }
    sizes
}

/// The octet of the line at which a span stands, if its layer is one of the line.
fn position(telegrams: &[Vec<Span>], wanted: &Span) -> Option<usize> {
    let mut before = 0;
    for layer in telegrams.iter().flat_map(|spans| layers(spans)) {
        if ["cipher", "apdu", "block"].iter().any(|name| layer[0].layer.starts_with(name)) {
            continue;
        }
        if layer.iter().any(|span| std::ptr::eq(span, wanted)) {
            return Some(before + wanted.offset);
        }
        before += layer.iter().map(Span::end).max().unwrap();
    }
    None
}

/// Fields that check others.
pub const CHECKS: [&str; 8] = [
    "checksum",
    "stop",
    "start",
    "length",
    "header check sequence",
    "frame check sequence",
    "flag",
    "not explained",
];

#[test]
fn a_thousand_damaged_telegrams_name_the_octet_or_the_check_that_noticed() {
    let mut published = vec![octets(DUMP)];
    published.extend(meters::wired().map(simulated));
    let all_sizes: Vec<_> = published.iter().map(|good| sizes(good)).collect();
    let victims: Vec<_> = published.iter().map(Vec::as_slice).collect();
    let damaged = damage::thousand(7, &victims, |round, victim, octets| {
        if round % 2 == 1 {
            repair(octets, &all_sizes[victim]);
        }
        round % 2 == 1
    });
    let octets: Vec<_> = damaged.iter().map(|damage| damage.octets.clone()).collect();
    let explained = explain_each(&octets, KEY);
    let mut counts = DamageCounts::default();
    for (damage, telegrams) in damaged.iter().zip(&explained) {
        let Damage { octets, at, victim, repaired } = damage;
        let (at, repaired, sizes) = (*at, *repaired, &*all_sizes[*victim]);
        let what = format!("octet {at}, repaired {repaired}: {}", hex::encode(octets));
        let line: Vec<u8> = telegrams
            .iter()
            .flat_map(|spans| tiles(spans, &what))
            .filter(|(layer, _)| layer.starts_with("mbus") || layer.starts_with("noise"))
            .flat_map(|(_, octets)| octets)
            .collect();
        assert_eq!(hex::encode(line), hex::encode(octets), "{what}");
        let decoded = decode_octets(octets, KEY, usize::MAX);
        let all: Vec<_> = telegrams.iter().flatten().collect();
        let Some(error) = decoded.refused.first() else {
            // Another value; or no start of a frame, or another segment, as in the middle of a stream.
            let start = in_frame(sizes, at) < 7;
            assert!(decoded.telegrams.len() == 1 || !repaired || start, "{what}");
            counts.silent += 1;
            continue;
        };
        let told = all.iter().find(|span| span.text.contains(error));
        let told = told.unwrap_or_else(|| panic!("nothing says {error}: {what}"));
        match position(telegrams, told) {
            Some(place) if place <= at && at < place + told.length => counts.named += 1,
            Some(place) => {
                let checks = CHECKS.contains(&&*told.name) || repaired;
                assert!(checks && (place > at || repaired), "{told:?} {what}");
                counts.noticed += 1;
            }
            // The layers above the line. An octet of the ciphertext is that of the plaintext.
            None => {
                assert!(repaired, "{told:?} {what}");
                let hit = plain_octet(sizes, at, &all).filter(|_| told.layer == "apdu");
                match hit {
                    Some(hit) if hit == told.offset => counts.named += 1,
                    // The octets of a date-time are judged together.
                    Some(hit)
                        if told.name == "date-time" && (0..12).contains(&(hit - told.offset)) =>
                    {
                        counts.named += 1;
                    }
                    Some(hit) => {
                        assert!(hit < told.offset, "{told:?} {hit} {what}");
                        counts.noticed += 1;
                    }
                    None => counts.noticed += 1,
                }
            }
        }
    }
    counts.assert_more_than(50, 600);
}

/// The place of an octet of the line in its frame.
fn in_frame(sizes: &[usize], at: usize) -> usize {
    let mut at = at;
    for size in sizes {
        if at < *size {
            return at;
        }
        at -= size;
    }
    at
}

/// The octet of the plaintext that stands at an octet of the line.
fn plain_octet(sizes: &[usize], at: usize, spans: &[&Span]) -> Option<usize> {
    let ciphertext = spans.iter().find(|span| span.name == "ciphertext")?;
    let (mut before, mut start) = (0, 0);
    for size in sizes {
        if (start + 9..start + size - 2).contains(&at) {
            return (before + at - start - 9).checked_sub(ciphertext.offset);
        }
        before += size - 11;
        start += size;
    }
    None
}

#[test]
fn the_plaintext_of_a_damaged_telegram_is_sound_up_to_the_octet_that_breaks_it() {
    let mut octets = octets(DUMP);
    let sizes = sizes(&octets);
    // The tag of the first OBIS code: octet 34 of the plaintext.
    octets[9 + 17 + 34] ^= 0x40;
    repair(&mut octets, &sizes);
    let explained = explain_each(&[octets], KEY);
    let [spans] = &*explained[0] else { panic!("{explained:?}") };
    let damaged = spans.iter().find(|span| span.text.contains("damaged from octet")).unwrap();
    assert_eq!((&*damaged.layer, damaged.offset, damaged.length), ("apdu", 34, 1));
    assert_eq!(damaged.text, "cipher: the key fits; damaged from octet 34 of the plaintext");
    let sound = spans.iter().filter(|span| span.layer == "apdu" && span.end() <= 34);
    assert!(sound.clone().any(|span| span.text.starts_with("2021-09-27T09:47:15+02:00")));
    let last = spans.last().unwrap();
    assert_eq!((&*last.name, last.offset, last.end()), ("not explained", 35, 243));
}

/// Checks that the leaves of a layer tile its octets.
fn assert_tiled(listing: &LayerListing<'_>, what: &str) {
    let mut end = 0;
    for span in listing.leaves() {
        assert_eq!(span.offset, end, "{what}: {span:?}");
        assert!(span.length > 0, "{what}: {span:?}");
        end = span.end();
    }
    assert_eq!(end, listing.octets.len(), "{what}");
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_plaintext_has_a_listing_without_gaps() {
    let plain = octets(PLAIN);
    let nested = octets(
        "0f00001c4e0c07e708150117170000ff8880 0204
         0203 0906 0100200700ff 120919 0202 0fff 1623
         0102 0202 1101 1307 12 04 0001 0002 0202 0302 040aaa80
         0c03 c3a42d 090c07e708150117170000ff8880",
    );
    for good in [plain, nested] {
        let check = |octets: &[u8], what: String| {
            let nothing = TelegramParts::of(vec![], MeterFamilies::default(), &VIENNA);
            let layers = telegram::layers(&TelegramParts { apdu: Some(octets), ..nothing });
            let [listing] = &*layers else { panic!("{what}: {layers:?}") };
            assert_tiled(listing, &what);
            let error = ReadTelegram::parse(octets).err().map(|error| error.to_string());
            let told = |error: &String| listing.leaves().any(|span| span.text.contains(error));
            assert!(error.is_none_or(|error| told(&error)), "{what}");
        };
        for size in 1..=good.len() {
            check(&good[..size], format!("cut to {size}"));
        }
        for bit in 0..8 * good.len() {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped, format!("bit {bit}"));
        }
    }
}

#[test]
fn one_place_is_shown_with_the_spans_around_it() {
    let folder = Folder::new();
    let (dump, key) = (folder.write("dump.txt", DUMP), folder.key());
    let at = |place: &str| run(&["explain", "--key-file", &key, "--at", place, &dump], b"");
    let ran = at("axdr:118");
    assert_eq!(
        ran.out,
        "Telegram 1, line 1\n\
         \n\
         Plain APDU, 243 octets (apdu)\n  \
         18  02 23                    structure       35 elements\n \
         118  12 09 21                   voltage_l1_v  233.7 V\n \
         118  12                           type        long-unsigned\n"
    );
    let message = "meterpipe decode: line 1: mbus: checksum at octet 254: found 17, computed 18";
    let ran = at(message);
    assert_eq!(ran.status, 0);
    assert!(ran.out.contains("254  17 ") && ran.out.lines().count() == 4, "{}", ran.out);
    assert_eq!(at("voltage").status, 2);
    let ran = at("9999");
    assert_eq!((ran.status, &*ran.out), (2, ""));
    assert!(ran.err.contains("--at: no telegram has the place 9999"), "{}", ran.err);
    let ran = run(&["explain", "--at", "apdu:9", &dump], b"");
    assert_eq!((ran.status, &*ran.out), (4, ""), "the key is missing, and not the octet");
    assert!(ran.err.contains("--at: no telegram has the place apdu:9"), "{}", ran.err);
}

#[test]
fn a_message_shows_the_telegram_of_its_line() {
    let folder = Folder::new();
    let key = folder.key();
    let good = DUMP.replace('\n', "");
    let mut damaged = octets(DUMP);
    damaged[254] ^= 1;
    let second = format!("{good}\n# a remark\n{}\n{good}\n", hex::encode(&damaged));
    // The second frame of the second telegram, in a line of its own.
    damaged[254] ^= 1;
    damaged[280] ^= 1;
    let frames = [&damaged[..256], &damaged[256..]].map(hex::encode).join("\n");
    let third = format!("{good}\n{frames}\n{good}\n");
    for (text, telegram, line) in
        [(second, "Telegram 2, line 3", 3), (third, "Telegram 2, line 2", 3)]
    {
        let file = folder.write("dump.txt", text);
        let ran = run(&["decode", "-q", "--format", "json", "--key-file", &key, &file], b"");
        assert_eq!(ran.out.lines().count(), 2);
        let ran = run(&["decode", "--key-file", &key, &file], b"");
        let message = ran.err.lines().find(|line| line.contains("checksum")).unwrap();
        assert!(message.contains(&format!("line {line}: mbus: ")), "{message}");
        let ran = run(&["explain", "-q", "--key-file", &key, "--at", message, &file], b"");
        assert!(ran.out.starts_with(telegram), "{message}: {}", ran.out);
        assert_eq!(ran.out.matches("Telegram ").count(), 1, "{}", ran.out);
        assert_eq!(ran.out.matches("checksum at octet").count(), 1, "{}", ran.out);
        assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    }
    // Octets of a binary input, and a whole telegram.
    let binary = folder.write("dump.bin", [octets(DUMP), damaged].concat());
    let ran = run(&["decode", "--key-file", &key, &binary], b"");
    let message = ran.err.lines().find(|line| line.contains("checksum")).unwrap();
    assert!(message.contains("octet 538: mbus: "), "{message}");
    let ran = run(&["explain", "-q", "--key-file", &key, "--at", message, &binary], b"");
    assert!(ran.out.starts_with("Telegram 2, octet 282\n"), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    let file = folder.write("dump.txt", format!("{good}\n{good}\n"));
    let message = "meterpipe decode: line 2: cipher: no key for this meter";
    let ran = run(&["explain", "-q", "--key-file", &key, "--at", message, &file], b"");
    assert!(ran.out.starts_with("Telegram 2, line 2\n"), "{}", ran.out);
    assert!(ran.out.contains("voltage_l1_v") && ran.out.matches("Telegram ").count() == 1);
}

#[test]
fn every_damaged_frame_of_a_refused_telegram_is_explained() {
    let mut damaged = octets(DUMP);
    damaged[50] ^= 1;
    damaged[270] ^= 1;
    let explained = explain_each(&[damaged], KEY);
    let [spans] = &*explained[0] else { panic!("{explained:?}") };
    let layers: Vec<_> = layers(spans).iter().map(|layer| layer[0].layer.clone()).collect();
    assert_eq!(layers, ["mbus", "mbus#2"]);
    let told = |layer: &str| {
        let mut told = spans.iter().filter(|span| span.layer == layer);
        told.find(|span| span.text.contains("checksum at octet")).map(|span| span.offset)
    };
    assert_eq!((told("mbus"), told("mbus#2")), (Some(254), Some(24)));
}

#[test]
fn without_a_key_the_ciphertext_is_named_and_the_way_to_open_it() {
    let folder = Folder::new();
    let ran = run(&["explain", &folder.write("dump.txt", DUMP)], b"");
    assert_eq!(ran.status, 4);
    assert!(ran.out.contains("invocation counter  35\n"), "{}", ran.out);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("cipher: no key for this meter; give"), "{words}");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100));
    assert!(!ran.out.contains('\x1b') && !ran.out.contains("Plain APDU"));
}

#[test]
fn a_telegram_that_breaks_off_is_explained_as_far_as_it_goes() {
    let octets = octets(DUMP);
    let explained = explain_each(&[octets[..100].to_vec(), octets[..256].to_vec()], KEY);
    let [cut] = &*explained[0] else { panic!("{explained:?}") };
    let last = cut.last().unwrap();
    assert_eq!((&*last.layer, &*last.name, last.end()), ("mbus", "segment", 100));
    assert_eq!(last.text, "breaks off: 91 of 245 octets are there");
    let [first] = &*explained[1] else { panic!("{explained:?}") };
    let said = "mbus: a telegram broke off after its first segment";
    assert!(first.iter().any(|span| span.layer == "mbus" && span.text.contains(said)));
    let cipher: Vec<_> = first.iter().filter(|span| span.layer == "cipher").collect();
    assert_eq!(cipher.last().unwrap().text, "breaks off: 228 of 243 octets are there");
}

#[test]
fn the_crc_of_a_damaged_text_is_shown_whole() {
    let text = crate::common::wire::dsmr(7);
    let damaged = String::from_utf8(text).unwrap().replace("1-0:1.7.0(", "1-0:1.7.0[");
    let record = format!("{}- apdu {}\n", crate::common::published::HEADER, hex::encode(&damaged));
    let ran = run(&["explain"], record.as_bytes());
    let rows: Vec<&str> = ran.out.lines().map(str::trim).collect();
    let crc = rows.iter().find(|row| row.contains("CRC at octet")).unwrap();
    let digits = damaged.trim_end().rsplit('!').next().unwrap();
    assert!(crc.contains(&format!(" {digits}  ")) && crc.contains(" CRC "), "{}", ran.out);
    // The damaged line is the only one that is no object.
    let others: Vec<_> = rows.iter().filter(|row| row.contains("no object")).collect();
    assert!(others.len() == 1 && others[0].contains("1.7.0["), "{}", ran.out);
}
