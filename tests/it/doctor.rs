//! `doctor` names the cause in prepared situations, alone and within noise, and its next step.

use std::{
    fs,
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{
            fs::{PermissionsExt, symlink},
            process::CommandExt as _,
        },
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::common::{
    binary::{METERPIPE, Ran, Running, command, run_command, wait_for},
    chain::beside,
    noise,
    published::{KEY, WRONG_KEY},
    terminal::terminal,
};
use crate::doctor_answers::english_words;
use crate::generated::verdicts::status_of;
use jiff::Timestamp;
use meterpipe::source::simulator::{
    meter::MeterKind,
    push::{PushOptions, Simulator},
};
use serde_json::Value;
use tempfile::TempDir;
use zeroize::Zeroizing;

pub const GAK: &str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";
pub const OTHER_KEY: &str = "0123456789ABCDEF0123456789ABCDEF";

/// A situation: what lies in a file, the key, the verdict and a part of the next step.
pub struct Situation {
    pub name: &'static str,
    pub octets: Vec<u8>,
    pub keys: &'static str,
    pub verdict: &'static str,
    protocol: Option<&'static str>,
    pub next_step: &'static str,
    /// True if noise around the octets changes nothing.
    within_noise: bool,
    /// True if some telegrams are opened all the same.
    is_partly_read: bool,
}

impl Situation {
    fn new(
        name: &'static str,
        octets: Vec<u8>,
        verdict: &'static str,
        next_step: &'static str,
    ) -> Self {
        let keys = KEY;
        let (protocol, within_noise, is_partly_read) = (None, true, false);
        Self { name, octets, keys, verdict, protocol, next_step, within_noise, is_partly_read }
    }

    fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }

    fn alone(self) -> Self {
        Self { within_noise: false, ..self }
    }

    fn partly_read(self) -> Self {
        Self { is_partly_read: true, ..self }
    }

    fn protocol(self, protocol: &'static str) -> Self {
        Self { protocol: Some(protocol), ..self }
    }
}

/// Octets without any order, always the same ones.
pub fn noise(size: usize) -> Vec<u8> {
    noise::noise(size, 0)
}

/// The frames of so many telegrams.
pub fn telegrams(
    kind: MeterKind,
    count: usize,
    guek: Option<&str>,
    gak: Option<&str>,
) -> Vec<Vec<u8>> {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    telegrams_from(start, kind, count, guek, gak)
}

pub fn telegrams_from(
    start: Timestamp,
    kind: MeterKind,
    count: usize,
    guek: Option<&str>,
    gak: Option<&str>,
) -> Vec<Vec<u8>> {
    let mut options = PushOptions::new(kind, start);
    let key = |text: &str| Zeroizing::new(hex::decode(text).unwrap().try_into().unwrap());
    if let Some(guek) = guek {
        options.guek = key(guek);
    }
    options.gak = gak.map(key);
    let mut simulator = Simulator::new(options);
    let mut frames = vec![];
    for _ in 0..count {
        let mut wire = vec![];
        simulator.push(&mut wire);
        while !wire.is_empty() {
            let length = match wire[1] {
                length @ 0..=2 => usize::from(length) + 256,
                length => usize::from(length),
            };
            let rest = wire.split_off(length + 6);
            frames.push(std::mem::replace(&mut wire, rest));
        }
    }
    frames
}

pub fn sound(count: usize) -> Vec<u8> {
    telegrams(MeterKind::NetzNoeKaifa, count, None, None).concat()
}

/// The frames with even numbers, or those with odd ones: the first or the second of each telegram.
pub fn every_other(first: bool) -> Vec<u8> {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 6, None, None);
    frames.chunks(2).flat_map(|pair| pair[usize::from(!first)].clone()).collect()
}

/// Frames with one wrong octet each.
pub fn flipped() -> Vec<u8> {
    let mut frames = telegrams(MeterKind::NetzNoeKaifa, 6, None, None);
    frames.iter_mut().for_each(|frame| frame[12] ^= 0x10);
    frames.concat()
}

/// Telegrams of which a buffer kept the start.
fn cut() -> Vec<u8> {
    let frames = telegrams(MeterKind::KsmWest, 8, None, None);
    let sizes = [104, 96, 132, 120, 128, 110, 99, 101];
    frames.chunks(2).zip(sizes).flat_map(|(pair, size)| pair[0][..size].to_vec()).collect()
}

/// Telegrams without frames, some of which a small buffer cuts.
fn styria(is_cut: fn(usize) -> bool) -> Vec<u8> {
    let mut wires = wires(MeterKind::Steiermark, 12);
    wires.iter_mut().enumerate().filter(|(at, _)| is_cut(*at)).for_each(|(_, it)| it.truncate(256));
    wires.concat()
}

/// The bits of octets on the line, least significant first: start, data, even parity, stop.
fn bits(octets: &[u8]) -> Vec<bool> {
    let of = |octet: &u8| {
        let octet = *octet;
        let data = (0..8).map(move |bit| octet >> bit & 1 == 1);
        [false].into_iter().chain(data).chain([octet.count_ones() % 2 == 1, true])
    };
    octets.iter().flat_map(of).collect()
}

/// A line as a reader without parity takes it at four times the speed.
fn read_too_fast(octets: &[u8]) -> Vec<u8> {
    let line: Vec<bool> = bits(octets).into_iter().flat_map(|bit| [bit; 4]).collect();
    read_without_parity(&line, 10)
}

/// A line as a 16550 takes it without parity: a missing stop bit is the next start bit. The line rests behind each
/// telegram.
fn read_as_8n1(telegrams: &[Vec<u8>]) -> Vec<u8> {
    let of = |octets: &Vec<u8>| [bits(octets), vec![true; 50]].concat();
    read_without_parity(&telegrams.iter().flat_map(of).collect::<Vec<_>>(), 9)
}

/// The octets of a line, the next of which is looked for so many bits behind a start bit.
fn read_without_parity(line: &[bool], size: usize) -> Vec<u8> {
    let (mut at, mut read) = (0, vec![]);
    while at + 10 < line.len() {
        if line[at] {
            at += 1;
            continue;
        }
        read.push((0..8).fold(0, |octet, bit| octet | u8::from(line[at + 1 + bit]) << bit));
        at += size;
    }
    read
}

/// Sound telegrams with each octet changed.
fn changed(change: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    sound(8).into_iter().flat_map(change).collect()
}

/// Records with a mark on each octet for which `is_marked` holds.
fn marked(octets: &[u8], is_marked: impl Fn(usize, u8) -> bool) -> Vec<u8> {
    let mut text = "# meterpipe-record 1\n".to_owned();
    for chunk in octets.chunks(64) {
        let marks = chunk.iter().enumerate().filter(|(at, octet)| is_marked(*at, **octet));
        let marks: Vec<_> = marks.map(|(at, _)| format!("parity@{at}")).collect();
        text += &format!("- raw {} from=a err={}\n", hex::encode(chunk), marks.join(","));
    }
    text.into_bytes()
}

/// The check sequence of HDLC.
fn check_sequence(octets: &[u8]) -> [u8; 2] {
    let step = |crc: u16, octet: &u8| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x8408 } else { 0 }
        })
    };
    (!octets.iter().fold(0xffff, step)).to_le_bytes()
}

/// The telegrams of an M-Bus meter in HDLC frames, with `damage` done to each.
fn hdlc(count: usize, damage: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let frames = telegrams(MeterKind::NetzNoeKaifa, count, None, None);
    let apdu = |pair: &[Vec<u8>]| -> Vec<u8> {
        pair.iter().flat_map(|frame| frame[9..frame.len() - 2].to_vec()).collect()
    };
    let mut stream = vec![];
    for pair in frames.chunks(2) {
        let information = [&[0xe6, 0xe7, 0x00][..], &apdu(pair)].concat();
        let length = 2 + 3 + 2 + information.len() + 2;
        let mut content = vec![0xa0 | (length >> 8) as u8, length as u8, 0xcf, 0x03, 0x13];
        content.extend(check_sequence(&content));
        content.extend(information);
        content.extend(check_sequence(&content));
        let mut frame = [&[0x7e][..], &content, &[0x7e]].concat();
        damage(&mut frame);
        stream.extend(frame);
    }
    stream
}

const D0: &[u8] = b"/LGZ4ZMF100AC.M26\r\n\x02F.F(00)\r\n0.0.0(12345678)\r\n1.8.0(001234.5*kWh)\r\n2.8.0(0*kWh)\r\n!\r\n\x03";
const DSMR: &[u8] = b"/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n0-0:1.0.0(170124213128W)\r\n1-0:1.8.1(000306.946*kWh)\r\n!0A1B\r\n";

/// A DSMR telegram with its CRC.
pub fn dsmr() -> Vec<u8> {
    let text = &DSMR[..DSMR.len() - 6];
    let step = |crc: u16, octet: &u8| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xa001 } else { 0 }
        })
    };
    [text, format!("{:04X}\r\n", text.iter().fold(0, step)).as_bytes()].concat()
}

fn even_parity(octets: &[u8]) -> Vec<u8> {
    octets.iter().map(|octet| octet | ((octet.count_ones() % 2) as u8) << 7).collect()
}

/// An M-Bus frame with data records.
fn records_frame() -> Vec<u8> {
    let mut frame =
        vec![0x68, 15, 15, 0x68, 0x08, 0x05, 0x72, 1, 2, 3, 4, 0x2d, 0x2c, 1, 2, 0, 0, 0, 0];
    let sum = frame[4..].iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    frame.extend([sum, 0x16]);
    frame
}

/// A list of numbers that no table knows, not ciphered, as a line of hex.
fn unknown_list() -> Vec<u8> {
    let list = "0203 0600000001 0600000002 0600000003";
    format!("0f800000010c07e5091b01092f0f00ff8880{list}\n").replace(' ', "").into_bytes()
}

/// A telegram that arrives years after its own time.
fn late_records() -> Vec<u8> {
    format!("# meterpipe-record 1\n2030-01-01T00:00:00.000Z raw {} from=a\n", hex::encode(sound(3)))
        .into_bytes()
}

pub fn situations() -> Vec<Situation> {
    let sml = [
        &[0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1, 0x76, 5, 0, 1, 2, 3, 0x62, 0, 0x72][..],
        &[0x1b, 0x1b, 0x1b, 0x1b, 0x1a, 0, 1, 2],
    ]
    .concat();
    let radio_octets = [&[0x1e, 0x44, 0x2d, 0x2c, 1, 0, 0, 0, 1, 2, 0x7a][..], &[9; 20]].concat();
    let radio = radio_octets.repeat(2);
    let modbus = [&[1, 3, 0, 0, 0, 2, 0xc4, 0x0b][..], &[1, 3, 4, 0, 0, 0, 0, 0xfa, 0x33]];
    let of = |kind: MeterKind| telegrams(kind, 3, None, None).concat();
    let named_title = concat!("4b464d0000000001 ", "36C66639E48A8CA4D6BC8B282A793BBB");
    let named_number = concat!("999999999999 ", "36C66639E48A8CA4D6BC8B282A793BBB");
    let both: &'static str = "36C66639E48A8CA4D6BC8B282A793BBB D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";
    let swapped: &'static str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF 36C66639E48A8CA4D6BC8B282A793BBB";
    let tagged = || telegrams(MeterKind::KsmWest, 3, None, Some(GAK)).concat();
    let mut compressed = telegrams(MeterKind::KsmWest, 3, None, None);
    for frame in compressed.iter_mut().filter(|frame| frame[6] == 0) {
        // The bit of compression, and the sum.
        frame[22] |= 0x80;
        let sum = frame.len() - 2;
        frame[sum] = frame[sum].wrapping_add(0x80);
    }
    let row = Situation::new;
    vec![
        row("netz-noe-kaifa", of(MeterKind::NetzNoeKaifa), "ok", "decode command"),
        row("netz-noe-sagemcom", of(MeterKind::NetzNoeSagemcom), "ok", "decode command"),
        row("netz-noe-sagemcom-old", of(MeterKind::NetzNoeSagemcomOld), "ok", "decode command"),
        row("ksm-west", of(MeterKind::KsmWest), "ok", "decode command"),
        row("ksm-west-1phase", of(MeterKind::KsmWest1Phase), "ok", "decode command"),
        row("hdlc", hdlc(3, |_| {}), "ok", "decode command"),
        row("tagged", tagged(), "ok", "decode command").keys(both),
        row("one in twelve damaged", mostly_sound(), "ok", "decode command"),
        row("empty", vec![], "silent", "see that the capture ran").alone(),
        row("three octets", vec![0xff, 0, 0xff], "silent", "see that the capture ran").alone(),
        row("zeros", vec![0; 400], "constant", "M-Bus slave"),
        row("ones", vec![0xff; 400], "constant", "M-Bus slave"),
        row("levels", [0xf8, 0x78, 0x80, 0x00].repeat(100), "constant", "M-Bus slave"),
        row(
            "wrong parity",
            marked(&sound(3), |_, it| it.count_ones() % 2 == 0),
            "parity",
            "--line m-bus-8n1",
        )
        .alone(),
        row(
            "wrong parity within noise",
            marked(&[noise(80), sound(3), noise(90)].concat(), |_, it| it.count_ones() % 2 == 0),
            "parity",
            "--line m-bus-8n1",
        )
        .alone(),
        row("few marks", marked(&sound(12), |at, _| at == 3), "parity", "--line m-bus-8n1").alone(),
        row("8E1 as 8N1", read_as_8n1(&wires(MeterKind::NetzNoeKaifa, 3)), "parity", "parenb"),
        row("8E1 as 8N1, HDLC", read_as_8n1(&[hdlc(2, |_| ())]), "parity", "parenb"),
        row(
            "line feeds",
            changed(|it| if it == 10 { vec![13, 10] } else { vec![it] }),
            "checksum",
            "raw",
        )
        .partly_read(),
        row(
            "carriage returns",
            changed(|it| vec![if it == 13 { 10 } else { it }]),
            "checksum",
            "raw",
        )
        .partly_read()
        .alone(),
        // The noise would be converted too.
        row("utf-8", changed(|it| char::from(it).to_string().into_bytes()), "checksum", "binary")
            .alone(),
        row(
            "no utf-8",
            String::from_utf8_lossy(&sound(8)).into_owned().into_bytes(),
            "checksum",
            "binary",
        )
        .alone(),
        row("telnet", changed(|it| vec![it; 1 + usize::from(it == 255)]), "checksum", "raw TCP"),
        row(
            "flow control",
            changed(|it| vec![it; usize::from(it != 17 && it != 19)]),
            "octets-lost",
            "-ixon",
        )
        .alone(),
        row("too fast", read_too_fast(&sound(3)), "baud", "--line ir"),
        row("too slow", marked(&noise(3000), |at, _| at % 2 == 0), "baud", "--line ir").alone(),
        row("noise", noise(3000), "noise", "--line auto"),
        row("a little noise", noise(60), "noise", "--line auto"),
        row("small buffer", cut(), "octets-lost", "rx_buffer_size"),
        row("checksums", flipped(), "checksum", "shorten the cable"),
        row("no second frames", every_other(true), "half", "1 s or more"),
        row("no first frames", every_other(false), "half", "1 s or more"),
        row(
            "one first frame",
            every_other(true)[..256].to_vec(),
            "half",
            "all frames of a telegram",
        )
        .alone(),
        row("hdlc flipped", hdlc(4, |frame| frame[40] ^= 1), "hdlc-damaged", "infrared head"),
        // Noise behind the last one would fill it up.
        row("styria cut", styria(|_| true), "octets-lost", "rx_buffer_size").keys(BOTH).alone(),
        row("styria cut in part", styria(|at| at % 4 == 1), "octets-lost", "rx_buffer_size")
            .keys(BOTH)
            .partly_read(),
        row("hdlc cut", hdlc(6, |frame| frame.truncate(150)), "octets-lost", "rx_buffer_size"),
        row("dsmr", dsmr().repeat(2), "ok", "decode command"),
        row("dsmr with a wrong CRC", DSMR.repeat(3), "checksum", "shorten the cable"),
        row("d0", D0.to_vec(), "other-protocol", "D0").protocol("iec62056-21"),
        row("d0 with parity", even_parity(&D0.repeat(2)), "other-protocol", "D0")
            .protocol("iec62056-21")
            .alone(),
        row("sml", sml, "other-protocol", "SML").protocol("sml"),
        row("radio", radio, "other-protocol", "wmbusmeters").protocol("wmbus"),
        row(
            "im871a",
            [&[0xa5, 0x82, 3], &radio_octets[..]].concat(),
            "other-protocol",
            "wmbusmeters",
        )
        .protocol("wmbus"),
        row("modbus", modbus.concat().repeat(4), "other-protocol", "Modbus").protocol("modbus"),
        row("heat meter", records_frame().repeat(3), "other-protocol", "wmbusmeters")
            .protocol("mbus-records"),
        row("requests", [0x10, 0x40, 0xf0, 0x30, 0x16].repeat(5), "other-protocol", "amis")
            .protocol("on-request"),
        row(
            "log",
            b"[12:00:01][D][api:102]: Accepted connection\n".repeat(3),
            "other-protocol",
            "hex digits",
        )
        .protocol("text")
        .alone(),
        row("compressed", compressed.concat(), "other-protocol", "report")
            .protocol("compressed telegrams"),
        row(
            "no key",
            telegrams(MeterKind::KsmWest, 3, Some(OTHER_KEY), None).concat(),
            "no-key",
            "GUEK",
        )
        .keys(""),
        row("no key, and that of the examples fits", sound(3), "no-key", "anonymise --help")
            .keys(""),
        row("wrong key", sound(3), "wrong-key", "operator's portal").keys(WRONG_KEY),
        row("wrong key, with tag", tagged(), "wrong-key", "operator's portal").keys(WRONG_KEY),
        row("swapped keys", tagged(), "authentication-key", "first").keys(swapped),
        row("swapped keys, no tag", sound(3), "authentication-key", "first").keys(swapped),
        row(
            "example key",
            telegrams(MeterKind::KsmWest, 3, Some(OTHER_KEY), None).concat(),
            "example-key",
            "your own meter",
        ),
        row("key of another title", sound(3), "other-meter", "system title").keys(named_title),
        row("key of another number", sound(3), "other-meter", "system title").keys(named_number),
        row("wrong authentication key", tagged(), "tag", "leave it out")
            .keys("36C66639E48A8CA4D6BC8B282A793BBB 00D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
        row("short key", sound(3), "key-format", "32 hex digits")
            .keys("36C66639E48A8CA4D6BC8B282A793B"),
        row("unknown list", unknown_list(), "unknown-layout", "--layout").alone(),
        row("clock", late_records(), "clock", "timedatectl").alone(),
        row("half of the telegrams", half_of_some(), "half", "1 s or more").partly_read(),
        row("checksums of some", flipped_some(), "checksum", "shorten the cable").partly_read(),
        row("an exchanged key", exchanged(), "wrong-key", "further line").partly_read(),
    ]
}

/// Telegrams, every other one of which lacks its second frame.
fn half_of_some() -> Vec<u8> {
    let frames = telegrams(MeterKind::NetzNoeKaifa, 8, None, None);
    let kept = frames.into_iter().enumerate().filter(|(at, _)| at % 4 != 3);
    kept.flat_map(|(_, frame)| frame).collect()
}

/// Telegrams, every other one of which has a wrong octet.
fn flipped_some() -> Vec<u8> {
    let mut frames = telegrams(MeterKind::NetzNoeKaifa, 8, None, None);
    frames.iter_mut().step_by(4).for_each(|frame| frame[12] ^= 0x10);
    frames.concat()
}

/// Telegrams under two keys, one after the other.
fn exchanged() -> Vec<u8> {
    let of = |guek| telegrams(MeterKind::NetzNoeKaifa, 5, guek, None).concat();
    [of(None), of(Some(OTHER_KEY))].concat()
}

/// Twelve telegrams, one of which has a wrong octet.
fn mostly_sound() -> Vec<u8> {
    let mut frames = telegrams(MeterKind::NetzNoeKaifa, 12, None, None);
    frames[4][30] ^= 0x40;
    frames.concat()
}

/// A folder with a key file.
pub fn folder(keys: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guek");
    fs::write(&path, keys).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

pub fn doctor(arguments: &[&str]) -> (Ran, Value) {
    let arguments = [&["doctor", "--format", "json", "--lang", "en"], arguments].concat();
    let ran = run_command(command(&arguments), b"");
    let verdict =
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{arguments:?}: {ran:?}"));
    (ran, verdict)
}

pub fn verdict_of_file(octets: &[u8], keys: &str) -> (Ran, Value) {
    let folder = folder(keys);
    let input = folder.path().join("input");
    fs::write(&input, octets).unwrap();
    let (input, key) = (input.to_str().unwrap().to_owned(), folder.path().join("guek"));
    match keys {
        "" => doctor(&[&input]),
        _ => doctor(&["--key-file", key.to_str().unwrap(), &input]),
    }
}

#[test]
fn each_prepared_situation_gets_its_verdict_and_next_step() {
    let situations = situations();
    assert!(situations.len() >= 35, "{}", situations.len());
    let mut wrong = vec![];
    for situation in &situations {
        let Situation { name, octets, keys, verdict, protocol, next_step, .. } = situation;
        let status = status_of(verdict, situation.is_partly_read);
        let mut inputs = vec![octets.clone()];
        if situation.within_noise {
            let share = octets.len() / 12;
            inputs.push([noise(30 + share), octets.clone(), noise(40 + share)].concat());
        }
        for (at, input) in inputs.iter().enumerate() {
            let (ran, found) = verdict_of_file(input, keys);
            let step = found["next_step"].as_str().unwrap();
            let fits = found["verdict"] == *verdict
                && found["protocol"].as_str() == *protocol
                && step.contains(next_step)
                && !found["evidence"].as_array().unwrap().is_empty()
                && ran.status == status;
            if !fits {
                wrong.push(format!("{name} ({at}): {found:#}, status {}", ran.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_prepared_situation_is_told_in_german_alone() {
    for Situation { name, octets, keys, .. } in situations() {
        let folder = folder(keys);
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (input, key) = (path("input"), path("guek"));
        fs::write(&input, octets).unwrap();
        let with_key: &[&str] = if keys.is_empty() { &[] } else { &["--key-file", &key] };
        let ran = run_command(command(&[&["doctor", "--lang=de", &input], with_key].concat()), b"");
        let words = english_words(&ran.out);
        assert!(words.is_empty() && ran.out.contains("Ursache"), "{name}: {words:?}: {ran:?}");
    }
}

#[test]
fn a_small_buffer_is_told_with_the_sizes() {
    let (ran, found) = verdict_of_file(&cut(), KEY);
    let evidence = &found["evidence"][0];
    assert_eq!(
        evidence, "octets are lost: a frame of 256 began, the next one after 104",
        "{ran:?}"
    );
}

#[test]
fn sound_streams_are_never_called_sick() {
    let Some(streams) = beside("streams") else { return };
    let mut seen = 0;
    for entry in fs::read_dir(streams).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_sound = [
            "-clean.bin",
            "-dst-autumn.bin",
            "-dst-spring.bin",
            "-reset.bin",
            "-noise.bin",
            "-tag.bin",
        ];
        if !is_sound.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let text =
            |extension| fs::read_to_string(path.with_extension(extension)).unwrap_or_default();
        let keys = format!("{} {}", text("key").trim(), text("gak").trim());
        let (_, found) = verdict_of_file(&fs::read(&path).unwrap(), &keys);
        assert_eq!(found["verdict"], "ok", "{name}: {found:#}");
        seen += 1;
    }
    assert!(seen >= 24, "only {seen} streams");
}

/// The octets of so many telegrams of any meter.
pub fn wires(kind: MeterKind, count: usize) -> Vec<Vec<u8>> {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let options = PushOptions::new(kind, start);
    let mut simulator = Simulator::new(options);
    let wire = |_| {
        let mut wire = vec![];
        simulator.push(&mut wire);
        wire
    };
    (0..count).map(wire).collect()
}

pub const BOTH: &str = "36C66639E48A8CA4D6BC8B282A793BBB D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

#[test]
fn no_simulated_meter_is_ever_called_sick() {
    let check = |kind: MeterKind| {
        let wires = wires(kind, 8);
        let gap = |at: usize| noise(20 + at);
        let noisy = wires.iter().enumerate().flat_map(|(at, wire)| [gap(at), wire.clone()]);
        let hex: Vec<_> = wires.iter().map(hex::encode).collect();
        // A run that begins within a telegram.
        let begun = wires.concat().split_off(100);
        for (form, octets) in [
            ("octets", wires.concat()),
            ("noise between them", noisy.flatten().collect()),
            ("begun late", begun),
            ("hex", hex.join("\n").into_bytes()),
        ] {
            let (_, found) = verdict_of_file(&octets, BOTH);
            assert_eq!(found["verdict"], "ok", "{} as {form}: {found:#}", kind.name());
        }
        let (ran, found) = doctor(&["--time", "20s", &format!("sim:{}", kind.name())]);
        assert_eq!(
            (&found["verdict"], ran.status),
            (&"ok".into(), 0),
            "{}: {found:#}",
            kind.name()
        );
        assert!(found["next_step"].as_str().unwrap().contains("watch command"), "{found:#}");
    };
    thread::scope(|scope| {
        for kind in MeterKind::ALL {
            scope.spawn(move || check(kind));
        }
    });
}

#[test]
fn the_link_and_a_table_of_the_user_count() {
    let folder = folder(BOTH);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, input, table) = (path("guek"), path("input"), path("table.toml"));
    fs::write(&input, wires(MeterKind::KaerntenNetz, 3).concat()).unwrap();
    let with =
        |arguments: &[&str]| doctor(&[&["--key-file", &key], arguments, &[&input]].concat()).1;
    assert_eq!(with(&["--link", "hdlc"])["verdict"], "ok");
    let other = with(&["--link", "mbus"]);
    assert_ne!(other["verdict"], "ok", "{other:#}");
    // The link layer is the fault: the command leaves it out.
    let watch = other["watch"].as_str().unwrap();
    assert!(watch.ends_with(&format!("{input} --key-file {key}")), "{watch}");

    fs::write(&input, unknown_list()).unwrap();
    assert_eq!(with(&[])["verdict"], "unknown-layout");
    let element = |obis: &str, unit: &str| {
        format!("{{ type = \"double-long-unsigned\", obis = \"1-0:{obis}\", unit = \"{unit}\" }},")
    };
    let elements = [("1.8.0", "Wh"), ("2.8.0", "Wh"), ("1.7.0", "W")].map(|(o, u)| element(o, u));
    let list = format!("[[list]]\nname = \"mine\"\nelements = [{}]\n", elements.concat());
    fs::write(&table, format!("source = \"a test\"\n{list}")).unwrap();
    let found = with(&["--layout", &table]);
    assert_eq!(found["verdict"], "ok", "{found:#}");
    assert!(found["watch"].as_str().unwrap().contains(&format!("--layout {table}")), "{found:#}");
    let missing = path("missing.toml");
    let ran = run_command(command(&["doctor", "--layout", &missing, &input]), b"");
    assert_eq!(ran.status, 2, "{ran:?}");
}

#[test]
fn an_authentication_key_alone_is_recognised_where_something_tells_it() {
    let tagged = telegrams(MeterKind::KsmWest, 3, None, Some(GAK)).concat();
    let plain = sound(3);
    let labelled = format!("GAK: {OTHER_KEY}");
    for octets in [&tagged, &plain] {
        for keys in [&labelled, GAK] {
            let (_, found) = verdict_of_file(octets, keys);
            assert_eq!(found["verdict"], "authentication-key", "{keys}: {found:#}");
            let step = found["next_step"].as_str().unwrap();
            assert!(step.starts_with("write the encryption key (GUEK)"), "{step}");
        }
    }
    let told = |octets: &[u8], keys: &str| {
        let (_, found) = verdict_of_file(octets, keys);
        assert_eq!(found["verdict"], "wrong-key", "{found:#}");
        found["evidence"].to_string().contains("may be its authentication key (GAK)")
    };
    assert!(told(&tagged, OTHER_KEY), "a tag: the operator has two keys");
    assert!(!told(&plain, OTHER_KEY), "no tag, no second key");
    assert!(!told(&tagged, &format!("{OTHER_KEY} {GAK}")), "both are given");
}

#[test]
fn the_answer_is_german_by_option_and_by_locale() {
    let folder = folder(KEY);
    let input = folder.path().join("input");
    fs::write(&input, [0; 100]).unwrap();
    let input = input.to_str().unwrap();
    let by_option = run_command(command(&["doctor", "--lang", "de", input]), b"");
    assert!(by_option.out.contains(": constant\n  Ursache"), "{by_option:?}");
    assert!(by_option.out.contains("nächster Schritt"), "{by_option:?}");
    let mut localised = command(&["doctor", input]);
    localised.env("LC_ALL", "de_AT.UTF-8");
    assert_eq!(run_command(localised, b"").out, by_option.out);
    let mut english = command(&["doctor", input]);
    english.env("LC_ALL", "C.UTF-8");
    assert!(run_command(english, b"").out.contains("next step"));
}

/// A device that is fed for as long as it lives.
pub struct FedDevice {
    node: PathBuf,
    master: Arc<OwnedFd>,
    ends: Arc<AtomicBool>,
    feeder: Option<thread::JoinHandle<()>>,
}

impl FedDevice {
    /// Sends the octets of `next` over and over, for a line of that speed.
    pub fn new(next: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Self {
        Self::after(Duration::ZERO, next)
    }

    /// The same with a pause in front, behind which the speed is looked at.
    pub fn after(pause: Duration, next: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Self {
        let (master, node) = terminal();
        let (master, ends) = (Arc::new(master), Arc::new(AtomicBool::new(false)));
        let (line, ended) = (master.clone(), ends.clone());
        let feeder = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                thread::sleep(pause);
                let speed = rustix::termios::tcgetattr(&*line).map_or(0, |it| it.input_speed());
                // A terminal whose queue is full takes no octets for now.
                for piece in next(speed).chunks(64) {
                    let _ = rustix::io::write(&*line, piece);
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::RDWR;
        rustix::fs::fcntl_setfl(&*master, flags).unwrap();
        Self { node, master, ends, feeder: Some(feeder) }
    }

    pub fn node(&self) -> &str {
        self.node.to_str().unwrap()
    }
}

impl Drop for FedDevice {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.feeder.take().map(thread::JoinHandle::join);
        let _ = &self.master;
    }
}

#[test]
fn devices_that_cannot_be_opened_are_told_apart() {
    let (_, found) = doctor(&["/dev/serial/by-id/none"]);
    assert_eq!(found["verdict"], "no-device", "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("by-id"), "{found:#}");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (ran, found) = doctor(&["--time", "3s", &format!("tcp://{closed}")]);
    assert_eq!((&found["verdict"], ran.status), (&"no-device".into(), 5), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("ser2net"), "{found:#}");

    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let mut holder = command(&["capture", node]);
    holder.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let holder = Running(holder.spawn().unwrap());
    let id = holder.0.id();
    // A doctor that came first would take the port from it.
    wait_for("the port is open", || {
        let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        open.filter_map(|it| fs::read_link(it.path()).ok()).any(|it| it == Path::new(node))
    });
    wait_for("the port is locked", || doctor(&["--time", "1s", node]).1["verdict"] == "busy");
    let (ran, found) = doctor(&["--time", "1s", node]);
    assert_eq!(ran.status, 5);
    assert!(
        found["evidence"][0].as_str().unwrap().contains(&format!("meterpipe[{id}]")),
        "{found:#}"
    );
    assert!(found["next_step"].as_str().unwrap().starts_with("end that program"), "{found:#}");
}

#[test]
fn a_reader_without_a_lock_is_named() {
    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let script = format!("exec 7<{node}; echo open; exec cat");
    let mut other = Command::new("sh");
    other.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut other = Running(other.spawn().unwrap());
    let mut line = [0; 5];
    std::io::Read::read_exact(other.0.stdout.as_mut().unwrap(), &mut line).unwrap();
    let (_, found) = doctor(&["--time", "1s", node]);
    assert_eq!(found["verdict"], "shared", "{found:#}");
    let evidence = found["evidence"][0].as_str().unwrap();
    assert_eq!(evidence, format!("cat[{}] has the device open too", other.0.id()));
    assert!(found["next_step"].as_str().unwrap().starts_with("end the other program"), "{found:#}");

    let ran = run_command(command(&["watch", "--timeout", "1s", node]), b"");
    assert!(ran.err.contains(&evidence.to_owned()), "{ran:?}");
    assert!(!ran.err.contains("check the wiring"), "{ran:?}");
}

#[test]
fn a_silent_device_and_one_that_is_fed_get_their_verdicts() {
    let (_master, node) = terminal();
    let (ran, found) = doctor(&["--time", "1s", node.to_str().unwrap()]);
    assert_eq!((&found["verdict"], ran.status), (&"silent".into(), 3), "{found:#}");

    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let key = key.to_str().unwrap();
    let device = FedDevice::new(|_| {
        telegrams_from(Timestamp::now(), MeterKind::KsmWest, 1, None, None).concat()
    });
    let (ran, found) = doctor(&["--key-file", key, device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"ok".into(), 0), "{found:#}");
    assert_eq!(found["watch"], format!("meterpipe watch {} --key-file {key}", device.node()));
    let configuration = found["configuration"].as_str().unwrap();
    assert!(configuration.contains(&format!("source = \"{}\"", device.node())), "{configuration}");

    let device = FedDevice::new(|_| vec![0; 200]);
    let (_, found) = doctor(&[device.node()]);
    assert_eq!(found["verdict"], "constant", "{found:#}");

    let device = FedDevice::new(|_| D0.to_vec());
    let (_, found) = doctor(&[device.node()]);
    assert_eq!(
        (&found["verdict"], &found["protocol"]),
        (&"other-protocol".into(), &"iec62056-21".into())
    );
}

#[test]
fn other_speeds_are_tried_and_the_one_that_fits_is_told() {
    let telegrams = sound(1);
    let device = FedDevice::new(move |speed| match speed {
        9600 => telegrams.clone(),
        _ => noise(200),
    });
    let (_, found) = doctor(&[device.node()]);
    assert_eq!(found["verdict"], "baud", "{found:#}");
    let tried = ["2400 8E1", "2400 8N1", "9600 8N1", "2400 8E1"];
    assert_eq!(found["tried"], serde_json::json!(tried));
    assert!(found["next_step"].as_str().unwrap().ends_with("--line ir"), "{found:#}");
    assert!(found["watch"].as_str().unwrap().ends_with("--line ir"), "{found:#}");
    let (_, found) = doctor(&["--baud", "9600", device.node()]);
    assert_eq!(found["verdict"], "no-key", "{found:#}");

    let device = FedDevice::new(|_| noise(200));
    let (_, found) = doctor(&["--time", "10s", device.node()]);
    assert_eq!((&found["verdict"], found["tried"].as_array().unwrap().len()), (&"noise".into(), 5));
    assert!(found["next_step"].as_str().unwrap().contains("suits the socket"), "{found:#}");
}

#[test]
fn a_sink_that_refuses_is_the_verdict_of_a_meter_that_is_read() {
    let folder = folder(KEY);
    let (capture, config) = (folder.path().join("capture"), folder.path().join("config.toml"));
    fs::write(&capture, sound(3)).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = |sinks: &[&str]| {
        let (capture, key) = (capture.display(), folder.path().join("guek"));
        let meter = format!("[[meter]]\nsource = '{capture}'\nkey_file = '{}'\n", key.display());
        let sinks = sinks.iter().map(|sink| format!("\n[[sink]]\nto = '{sink}'\n"));
        meter + &sinks.collect::<String>()
    };
    let check = |sinks: &[&str]| {
        fs::write(&config, text(sinks)).unwrap();
        doctor(&["--time", "5s", "--config", config.to_str().unwrap()])
    };
    let (refused, missing) = (format!("mqtt://{closed}"), "file:/no/folder/x.csv".to_owned());
    let readings = format!("file:{}", folder.path().join("readings.csv").display());
    let (ran, found) = check(&[&refused, &readings, &missing]);
    assert_eq!((&found["verdict"], ran.status), (&"sink".into(), 6), "{found:#}");
    let evidence = found["evidence"].as_array().unwrap();
    assert!(evidence[0].as_str().unwrap().contains(&closed.to_string()), "{found:#}");
    assert!(evidence[1].as_str().unwrap().contains("/no/folder"), "{found:#}");
    assert_eq!(evidence.len(), 2, "{found:#}");
    let (ran, found) = check(&[&readings]);
    assert_eq!((&found["verdict"], ran.status), (&"ok".into(), 0), "{found:#}");
    fs::write(folder.path().join("guek"), WRONG_KEY).unwrap();
    let (ran, found) = check(&[&readings, &missing]);
    assert_eq!((&found["verdict"], ran.status), (&"wrong-key".into(), 4), "{found:#}");
    let evidence = found["evidence"].as_array().unwrap();
    let told = evidence.iter().filter(|it| it.as_str().unwrap().contains("/no/folder")).count();
    assert_eq!(told, 1, "{found:#}");
}

/// A user without rights: `nobody`.
const NOBODY: u32 = 65534;

#[test]
fn permission_is_told_to_users_who_lack_it() {
    let (_master, node) = terminal();
    let folder = folder(KEY);
    let file = folder.path().join("guek");
    for (source, step) in [(&node, "dialout"), (&file, "chmod")] {
        fs::set_permissions(source, fs::Permissions::from_mode(0o000)).unwrap();
        let source_name = source.to_str().unwrap();
        let mut command = command(&["doctor", "--format=json", "--lang=en", source_name]);
        // The superuser may open everything.
        if fs::File::open(source).is_ok() {
            command.uid(NOBODY);
            if Command::new(METERPIPE).uid(NOBODY).arg("--version").output().is_err() {
                println!("skipped: only this user may run the program");
                return;
            }
        }
        let ran = run_command(command, b"");
        let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
        assert_eq!((&found["verdict"], ran.status), (&"permission".into(), 5), "{found:#}");
        assert!(found["next_step"].as_str().unwrap().contains(step), "{found:#}");
    }
}

/// The last message of a run of `watch` that gives up on a device.
fn given_up(device: &FedDevice, arguments: &[&str]) -> String {
    let arguments =
        [&["watch", "--format", "json", "--timeout", "2s"], arguments, &[device.node()]].concat();
    let ran = run_command(command(&arguments), b"");
    assert!(matches!(ran.status, 3 | 4), "{ran:?}");
    let lines = ran.err.lines().filter(|line| !line.contains("ignores these settings"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_watch_that_gives_up_says_the_cause_and_no_other() {
    for (octets, is_told, is_not) in [
        (D0.to_vec(), "D0 (IEC 62056-21)", ["parity", "adapter, baud"]),
        (DSMR.to_vec(), "frames fail their checksum", ["parity", "adapter, baud"]),
        (records_frame(), "M-Bus data records", ["parity", "adapter, baud"]),
        (
            vec![0; 100],
            "all are 00: check that the adapter is made for the M-Bus",
            ["auto finds", "wiring"],
        ),
        (cut(), "octets are lost: a frame of 256 began", ["auto finds", "wiring"]),
        (every_other(true), "ESPHome) to 1 s or more", ["auto finds", "wiring"]),
    ] {
        let device = FedDevice::new(move |_| octets.clone());
        let told = given_up(&device, &[]);
        assert!(told.contains("no telegram for 2 s") && told.contains(is_told), "{told}");
        for other in is_not {
            assert!(!told.contains(other), "{other}: {told}");
        }
    }
    let device = FedDevice::new(|_| noise(100));
    let told = given_up(&device, &[]);
    assert!(told.contains("--line auto finds"), "{told}");
    let told = given_up(&device, &["--parity", "auto"]);
    assert!(told.contains("check adapter and baud rate") && !told.contains("auto finds"), "{told}");
    let telegrams = sound(1);
    let device = FedDevice::new(move |_| telegrams.clone());
    let told = given_up(&device, &[]);
    assert!(
        told.contains("that any key opens; no key was given: give it with --key-file"),
        "{told}"
    );
}

#[test]
fn a_link_and_a_file_that_is_missing_are_told() {
    let folder = folder(KEY);
    let link = folder.path().join("meter");
    symlink(Path::new("/dev/pts/none"), &link).unwrap();
    let (_, found) = doctor(&[link.to_str().unwrap()]);
    assert_eq!(found["verdict"], "no-device", "{found:#}");
    let (ran, found) = doctor(&[folder.path().join("missing").to_str().unwrap()]);
    assert_eq!((&found["verdict"], ran.status), (&"no-device".into(), 5), "{found:#}");
    for path in [folder.path().join("missing"), folder.path().to_owned()] {
        let (_, found) = doctor(&[path.to_str().unwrap()]);
        let step = found["next_step"].as_str().unwrap();
        assert!(step.contains("name a file") && !step.contains("ser2net"), "{found:#}");
    }
}
