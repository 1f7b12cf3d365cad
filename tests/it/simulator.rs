//! The virtual meter against real telegrams: given the values, it has to send the same octets.

use std::{fs, path::Path};

use crate::common::chain::beside;
use meterpipe::source::simulator::{
    clock::date_time,
    faults::{Faults, Rate},
    house::Values,
    meter::{EXAMPLE_KEY, Identity, MeterKind, SimulatedLink},
    push::{PushOptions, Simulator},
    telegram::SimulatedTelegram,
    wire::{self, Sealer},
};
use serde_json::Value;

/// The plaintext of a telegram, and its octets on the wire.
struct Sent {
    plain: Vec<u8>,
    wire: Vec<u8>,
}

fn send(
    telegram: &SimulatedTelegram<'_>,
    counter: u32,
    guek: &[u8; 16],
    gak: Option<&[u8; 16]>,
) -> Sent {
    let (mut plain, mut apdu, mut wire) = (vec![], vec![], vec![]);
    telegram.emit(&mut plain);
    let sealer = Sealer::new(telegram.meter.suite(), guek, gak);
    sealer.seal(&telegram.identity.title, counter, &plain, &mut apdu);
    let runs = wire::send(telegram.meter, &apdu, &mut wire);
    assert_eq!(runs.octets(), wire.len());
    Sent { plain, wire }
}

#[test]
fn the_operator_s_example_comes_out_octet_for_octet() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    assert_eq!(key(&data.join("netznoe-doc-2021.key")), EXAMPLE_KEY);
    let telegram = SimulatedTelegram {
        meter: MeterKind::NetzNoeKaifa,
        identity: &Identity::new(MeterKind::NetzNoeKaifa, 9),
        invoke_id: 0x8006_870e,
        clock: date_time("2021-09-27T09:47:15+02:00".parse().unwrap(), 0),
        values: &Values {
            energy_import: 12_937,
            voltage: [2_337, 0, 0],
            power_factor: 1_000,
            ..Values::default()
        },
    };
    let sent = send(&telegram, 35, &EXAMPLE_KEY, None);
    assert_eq!(hex::encode(&sent.wire), hex::encode(octets(&data.join("netznoe-doc-2021.hex"))));
}

#[test]
fn real_telegrams_come_out_octet_for_octet() {
    let Some(corpus) = beside("corpus") else { return };
    for (name, meter, serial) in [
        ("at-kaifa-flat-netznoe/netznoe-doc-2021", MeterKind::NetzNoeKaifa, 9),
        ("at-kaifa-nested-ksmwest/seed003-rekeyed", MeterKind::KsmWest, 14_196),
        ("at-kaifa-nested-ksmwest/salzburg-234804-rekeyed", MeterKind::KsmWest, 234_804),
        ("at-kaifa-nested-ksmwest/gh539-rekeyed", MeterKind::KsmWest, 182_517),
        ("at-kaifa-nested-ksmwest/tirol-ma110-20210719", MeterKind::KsmWest1Phase, 35),
        ("at-sagemcom-t210d-netznoe/gh248-1-rekeyed", MeterKind::NetzNoeSagemcomOld, 252_878),
        ("at-sagemcom-t210d-netznoe/gh248-2-rekeyed", MeterKind::NetzNoeSagemcomOld, 252_878),
        ("at-sagemcom-t210d-netznoe/gh867-rekeyed", MeterKind::NetzNoeSagemcom, 128_502),
    ] {
        let file = |extension: &str| corpus.join(format!("{name}.{extension}"));
        let expected: Value =
            serde_json::from_slice(&fs::read(file("expected.json")).unwrap()).unwrap();
        let real = &expected["telegrams"][0];
        let telegram = SimulatedTelegram {
            meter,
            identity: &Identity::new(meter, serial),
            invoke_id: number(&real["long_invoke_id"]),
            clock: date_time(text(&real["time"]).parse().unwrap(), meter.clock_status()),
            values: &values(real),
        };
        let counter = number(&real["cipher"]["frame_counter"]);
        let sent = send(&telegram, counter, &key(&file("key")), None);
        assert_eq!(hex::encode(&sent.plain), text(&real["plaintext"]), "{name}");
        assert_eq!(hex::encode(&sent.wire), hex::encode(octets(&file("hex"))), "{name}");
    }
}

/// Nobody knows the key of most of these meters: their frames are put together again around the
/// ciphered APDU, and compared with those of the virtual meter.
#[test]
fn frames_and_headers_of_other_links_are_the_real_ones() {
    let Some(corpus) = beside("corpus") else { return };
    for (name, meter, apdu_size) in [
        ("at-landisgyr-e450/wien-4381ad-noisy-capture", MeterKind::WienerNetze, 90),
        ("at-iskra-am550/kaernten-gh787-1", MeterKind::KaerntenNetz, 106),
        ("at-landisgyr-e450/graz-dlms_parser-e450", MeterKind::Graz, 272),
        ("at-sagemcom-t210dr-styria/gh264-2", MeterKind::Steiermark, 511),
    ] {
        let line = octets(&corpus.join(format!("{name}.hex")));
        let real = apdus(meter, &line).into_iter().next().unwrap();
        let mut again = vec![];
        wire::send(meter, &real, &mut again);
        let at = line.windows(again.len()).position(|octets| octets == again);
        assert!(at.is_some(), "{name}: {}", hex::encode(&again));

        let start = "2026-02-21T17:37:30Z".parse().unwrap();
        let mut simulated = vec![];
        Simulator::new(PushOptions::new(meter, start)).push(&mut simulated);
        assert_eq!(simulated.len(), again.len(), "{name}");
        let ours = &apdus(meter, &simulated)[0];
        assert_eq!((ours.len(), real.len()), (apdu_size, apdu_size), "{name}");
        // Tag, length and maker of the title; the length; the security control.
        assert_eq!(ours[..5], real[..5], "{name}");
        let counter = if apdu_size > 255 { 14 } else { 12 };
        assert_eq!(ours[10..counter], real[10..counter], "{name}");
    }
}

#[test]
fn the_telegram_of_graz_comes_out_but_for_its_tariffs() {
    let Some(corpus) = beside("corpus") else { return };
    let file = |extension: &str| {
        corpus.join(format!("at-landisgyr-e450/graz-dlms_parser-e450.{extension}"))
    };
    let expected: Value =
        serde_json::from_slice(&fs::read(file("expected.json")).unwrap()).unwrap();
    let real = &expected["telegrams"][0];
    let plain = hex::decode(text(&real["plaintext"])).unwrap();
    let (mut apdu, mut line) = (vec![], vec![]);
    let title = hex::decode(text(&real["cipher"]["system_title"])).unwrap();
    let counter = number(&real["cipher"]["frame_counter"]);
    Sealer::new(0, &key(&file("key")), Some(&key(&file("gak")))).seal(
        title.as_slice().try_into().unwrap(),
        counter,
        &plain,
        &mut apdu,
    );
    wire::send(MeterKind::Graz, &apdu, &mut line);
    assert_eq!(hex::encode(line), hex::encode(octets(&file("hex"))));

    let time = "2022-02-21T17:37:30+01:00".parse().unwrap();
    let telegram = SimulatedTelegram {
        meter: MeterKind::Graz,
        identity: &Identity::new(MeterKind::Graz, 0),
        invoke_id: counter,
        clock: MeterKind::Graz.clock(time),
        values: &values(real),
    };
    let mut ours = vec![];
    telegram.emit(&mut ours);
    let tariff = |at: usize| at >= 34 && matches!((at - 34) / 13 % 4, 1 | 2) && (at - 34) % 13 > 8;
    let sums = |plain: &[u8]| {
        let octets = plain.iter().enumerate().filter(|(at, _)| !tariff(*at));
        hex::encode(octets.map(|(_, octet)| *octet).collect::<Vec<_>>())
    };
    assert_eq!(sums(&ours), sums(&plain));
}

#[test]
fn the_streams_of_another_generator_come_out_octet_for_octet() {
    let Some(streams) = beside("streams") else { return };
    let mut compared = 0;
    for (variant, meter) in [
        ("netznoe-kaifa", MeterKind::NetzNoeKaifa),
        ("sagemcom-lfa", MeterKind::NetzNoeSagemcom),
        ("sagemcom-l01", MeterKind::NetzNoeSagemcomOld),
        ("ksmwest-kaifa", MeterKind::KsmWest),
        ("ksmwest-ma110", MeterKind::KsmWest1Phase),
    ] {
        for kind in ["clean", "dst-spring", "dst-autumn", "tag"] {
            let file = |extension: &str| streams.join(format!("{variant}-{kind}.{extension}"));
            let stream = fs::read(file("bin")).unwrap();
            let (guek, gak) = (key(&file("key")), file("gak"));
            let gak = gak.exists().then(|| key(&gak));
            for event in fs::read_to_string(file("jsonl")).unwrap().lines() {
                let event: Value = serde_json::from_str(event).unwrap();
                if event["outcome"] != "decodes" {
                    continue;
                }
                let telegram = SimulatedTelegram {
                    meter,
                    identity: &identity(&event),
                    invoke_id: number(&event["long_invoke_id"]),
                    clock: date_time(text(&event["utc"]).parse().unwrap(), meter.clock_status()),
                    values: &values(&event),
                };
                let counter = number(&event["frame_counter"]);
                let sent = send(&telegram, counter, &guek, gak.as_ref());
                let at = event["offset"].as_u64().unwrap() as usize;
                let on_the_wire = &stream[at..at + sent.wire.len()];
                assert_eq!(
                    hex::encode(&sent.wire),
                    hex::encode(on_the_wire),
                    "{variant}-{kind} at {at}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared} telegrams compared");
}

#[test]
fn an_autumn_day_has_25_hours_and_says_which_of_the_doubled_ones_it_is() {
    let start = "2024-10-26T22:00:00Z".parse().unwrap();
    let mut simulator = Simulator::new(PushOptions::new(MeterKind::NetzNoeKaifa, start));
    let mut wire = vec![];
    let mut clocks = vec![];
    loop {
        wire.clear();
        let push = simulator.push(&mut wire);
        let clock = date_time(push.time, 0);
        if clock[3] != 27 {
            break;
        }
        clocks.push((push.time, clock));
    }
    assert_eq!(clocks.len(), 25 * 720);
    assert!(clocks.windows(2).all(|pair| pair[1].0 > pair[0].0), "UTC rises");
    let statuses: Vec<_> = clocks.iter().map(|(_, clock)| clock[11]).collect();
    assert_eq!(statuses[..3 * 720], [0x80; 3 * 720], "summer time until 03:00");
    assert_eq!(statuses[3 * 720..], [0x00; 22 * 720], "then winter time from 02:00");
    let two_o_clock: Vec<_> = clocks.iter().filter(|(_, clock)| clock[5..8] == [2, 0, 0]).collect();
    assert_eq!(two_o_clock.len(), 2);
}

#[test]
fn what_a_push_says_of_its_fault_is_what_a_reader_can_bring_out() {
    let rate = Rate::per_million(60_000);
    let faults = Faults { noise: rate, flip: rate, cut: rate, lose: rate, duplicate: rate };
    for meter in MeterKind::ALL {
        let clean = PushOptions::new(meter, "2026-10-24T20:00:00Z".parse().unwrap());
        let mut damaged = Simulator::new(PushOptions { faults, ..clean.clone() });
        let mut clean = Simulator::new(clean);
        let (mut line, mut expected) = (vec![], vec![]);
        for _ in 0..3_000 {
            let mut telegram = vec![];
            clean.push(&mut telegram);
            let push = damaged.push(&mut line);
            expected.extend(vec![apdus(meter, &telegram).remove(0); push.deliveries()]);
        }
        assert!(expected.len() < 3_000);
        // Halves of two telegrams that fit are refused later, for they do not decipher to anything.
        let mut found = apdus(meter, &line);
        found.retain(|apdu| expected.contains(apdu));
        assert!(found == expected, "{meter}: {} of {}", found.len(), expected.len());
    }
}

/// The APDUs on a line: the plainest readers that try every octet.
fn apdus(meter: MeterKind, line: &[u8]) -> Vec<Vec<u8>> {
    match meter.link() {
        SimulatedLink::MBus { .. } => mbus_apdus(line),
        SimulatedLink::Hdlc { .. } => {
            let frames = hdlc_frames(line).into_iter();
            frames.filter_map(|it| it.strip_prefix(&LLC).map(<[u8]>::to_vec)).collect()
        }
        SimulatedLink::Blocks { .. } => joined_blocks(&hdlc_frames(line)),
        // Without any check, all that may be an APDU is one.
        SimulatedLink::Bare => (0..line.len()).filter_map(|at| bare(&line[at..])).collect(),
    }
}

const LLC: [u8; 3] = [0xe6, 0xe7, 0x00];

/// The information of the frames.
fn hdlc_frames(line: &[u8]) -> Vec<&[u8]> {
    let sound = |octets: &[u8]| crc16(octets) == 0x0f47;
    let (mut frames, mut at) = (vec![], 0);
    while at + 3 < line.len() {
        let length = usize::from(line[at + 1] & 0x07) << 8 | usize::from(line[at + 2]);
        let content = line.get(at + 1..at + 1 + length);
        let closed = line.get(at + 1 + length) == Some(&0x7e) && line[at] == 0x7e;
        match content.filter(|content| closed && length > 10 && sound(content)) {
            // Format, three octets of addresses, control and a check sequence.
            Some(content) => {
                frames.push(&content[8..length - 2]);
                at += length + 2;
            }
            None => at += 1,
        }
    }
    frames
}

/// The remainder that is the same for all frames that pass, inverted.
fn crc16(octets: &[u8]) -> u16 {
    !octets.iter().fold(u16::MAX, |sum, octet| {
        (0..8).fold(sum ^ u16::from(*octet), |sum, _| (sum >> 1) ^ ((sum & 1) * 0x8408))
    })
}

fn joined_blocks(frames: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut apdus, mut pending, mut next) = (vec![], vec![], 1);
    for frame in frames {
        let block = frame.strip_prefix(&LLC).unwrap_or(frame);
        let number = u16::from_be_bytes([block[2], block[3]]);
        if number == 1 {
            (pending, next) = (vec![], 1);
        }
        if number != next {
            next = 0;
            continue;
        }
        next += 1;
        pending.extend_from_slice(&block[7..]);
        if block[1] & 0x80 != 0 {
            apdus.push(std::mem::take(&mut pending));
        }
    }
    apdus
}

fn bare(octets: &[u8]) -> Option<Vec<u8>> {
    let size = match octets.get(..13)? {
        [0xdb, 0x08, .., 0x82, high, low] => 13 + usize::from(*high) * 256 + usize::from(*low),
        _ => return None,
    };
    octets.get(..size).map(<[u8]>::to_vec)
}

fn mbus_apdus(line: &[u8]) -> Vec<Vec<u8>> {
    let (mut apdus, mut pending, mut at) = (vec![], vec![], 0);
    while at < line.len() {
        let Some((control, data)) = frame(&line[at..]) else {
            at += 1;
            continue;
        };
        if control & 0x0f == 0 {
            pending.clear();
        }
        pending.extend_from_slice(data);
        if control & 0x10 != 0 {
            apdus.push(std::mem::take(&mut pending));
        }
        at += 11 + data.len();
    }
    apdus
}

fn frame(octets: &[u8]) -> Option<(u8, &[u8])> {
    let length = usize::from(*octets.get(1)?);
    let length = if length < 3 { length + 256 } else { length };
    let body = octets.get(4..4 + length)?;
    let sum = body.iter().fold(0u8, |sum, &octet| sum.wrapping_add(octet));
    let sound = octets[0] == 0x68 && octets[1] == octets[2] && octets[3] == 0x68;
    let ends = octets.get(4 + length..6 + length)? == [sum, 0x16];
    (sound && ends).then_some((*body.get(2)?, body.get(5..)?))
}

fn values(telegram: &Value) -> Values {
    let raw = |obis: &str| {
        let values = telegram["values"].as_array().unwrap();
        values
            .iter()
            .find(|value| value["obis"] == format!("1.0.{obis}.255"))
            .map_or(0, |value| number(&value["raw"]))
    };
    let short = |obis: &str| u16::try_from(raw(obis)).unwrap();
    Values {
        energy_import: raw("1.8.0"),
        energy_export: raw("2.8.0"),
        reactive_energy_import: raw("3.8.0"),
        reactive_energy_export: raw("4.8.0"),
        power_import: raw("1.7.0"),
        power_export: raw("2.7.0"),
        reactive_power_import: raw("3.7.0"),
        reactive_power_export: raw("4.7.0"),
        voltage: ["32.7.0", "52.7.0", "72.7.0"].map(short),
        current: ["31.7.0", "51.7.0", "71.7.0"].map(short),
        power_factor: short("13.7.0"),
    }
}

fn identity(event: &Value) -> Identity {
    Identity {
        title: hex::decode(text(&event["system_title"])).unwrap().try_into().unwrap(),
        number: text(&event["meter_id"]).to_owned(),
        device: event["logical_device_name"].as_str().map(str::to_owned),
    }
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn octets(file: &Path) -> Vec<u8> {
    let digits: String = fs::read_to_string(file).unwrap().split_whitespace().collect();
    hex::decode(digits).unwrap()
}

fn key(file: &Path) -> [u8; 16] {
    octets(file).try_into().unwrap()
}
