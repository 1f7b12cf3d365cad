//! Answers of `doctor` about telegrams with something beside them: noise within, other meters on the line, other
//! servers in the place of a bridge, other sources in the configuration.

use std::{io::Write as _, net::TcpListener, thread, time::Duration};

use crate::{
    common::{
        binary::{command, run, run_command},
        published::{DUMP, Folder, KEY, WRONG_KEY},
        terminal::terminal,
    },
    doctor::{BOTH, FedDevice, OTHER_KEY, doctor, noise, telegrams, verdict_of_file, wires},
};
use meterpipe::source::simulator::meter::MeterKind;
use serde_json::Value;

/// The octets with others in the place of so many of a hundred.
pub fn strewn(octets: &[u8], percent: usize) -> Vec<u8> {
    let noise = noise(octets.len() * 2);
    let (others, chances) = noise.split_at(octets.len());
    let both = octets.iter().zip(others).zip(chances);
    both.map(
        |((octet, other), chance)| {
            if usize::from(*chance) * 100 < percent * 256 { *other } else { *octet }
        },
    )
    .collect()
}

#[test]
fn text_within_noise_is_text_and_no_noise() {
    let log = b"[12:00:01][D][sensor:094]: 'Voltage': Sending state 230.1 V\r\n".repeat(40);
    for percent in [10, 20, 30, 40] {
        let (_, found) = verdict_of_file(&strewn(&log, percent), KEY);
        assert_eq!(found["verdict"], "other-protocol", "{percent}: {found:#}");
        assert_eq!(found["protocol"], "text", "{percent}: {found:#}");
    }
}

#[test]
fn noise_within_the_frames_is_never_a_matter_of_the_key() {
    for kind in MeterKind::ALL {
        let octets = wires(kind, 40).concat();
        // Among many wrong octets few telegrams without frames are found.
        let most = if kind == MeterKind::Steiermark { 20 } else { 30 };
        for percent in [2, 5, 8, 10, 20, 30].into_iter().filter(|percent| *percent <= most) {
            let damaged = strewn(&octets, percent);
            let (ran, found) = verdict_of_file(&damaged, KEY);
            let verdict = found["verdict"].as_str().unwrap();
            let are_damages = ["checksum", "hdlc-damaged", "octets-lost", "half"];
            assert!(are_damages.contains(&verdict), "{kind:?} {percent} %: {found:#}");
            assert!(ran.status == 3 || ran.status == 1, "{kind:?} {percent} %: {found:#}");
            let folder = Folder::new();
            let told = run(&["decode", "--key-file", &folder.write("key", KEY)], &damaged).err;
            assert!(!told.contains("the key does not fit;"), "{kind:?} {percent} %: {told}");
        }
    }
}

#[test]
fn few_damaged_telegrams_without_frames_are_no_matter_of_the_key() {
    let wires = wires(MeterKind::Steiermark, 60);
    for (count, percent) in [(4, 2), (4, 5), (6, 8), (8, 12)] {
        for wires in wires.chunks(count).take(6) {
            for key in [KEY, BOTH] {
                let (_, found) = verdict_of_file(&strewn(&wires.concat(), percent), key);
                assert_eq!(found["verdict"], "checksum", "{count} {percent}: {found:#}");
            }
            let (_, found) = verdict_of_file(&strewn(&wires.concat(), percent / 4), WRONG_KEY);
            assert_eq!(found["verdict"], "wrong-key", "{count} {percent}: {found:#}");
        }
    }
}

#[test]
fn a_wrong_key_is_still_told_on_a_line_with_some_damage() {
    for kind in [MeterKind::NetzNoeKaifa, MeterKind::WienerNetze, MeterKind::Steiermark] {
        let mut wires = wires(kind, 20);
        for wire in wires.iter_mut().step_by(3) {
            wire[60] ^= 1;
        }
        let (_, found) = verdict_of_file(&wires.concat(), WRONG_KEY);
        assert_eq!(found["verdict"], "wrong-key", "{kind:?}: {found:#}");
    }
}

#[test]
fn a_single_telegram_of_another_meter_is_not_called_damaged() {
    let own = wires(MeterKind::NetzNoeKaifa, 6).concat();
    let other = telegrams(MeterKind::KsmWest, 1, Some(OTHER_KEY), None).concat();
    let title = hex::encode(&other[11..19]);
    let (ran, found) = verdict_of_file(&[&own[..], &other, &own].concat(), KEY);
    assert_eq!((&found["verdict"], ran.status), (&"ok".into(), 0), "{found:#}");
    let evidence = found["evidence"].to_string();
    assert!(evidence.contains(&format!("no key opens: system title {title}")), "{evidence}");
    assert!(!evidence.contains("damaged"), "{evidence}");
}

#[test]
fn a_live_line_of_two_meters_lacks_the_key_of_one() {
    let own = wires(MeterKind::NetzNoeKaifa, 3);
    let other = telegrams(MeterKind::KsmWest, 3, Some(OTHER_KEY), None);
    let other: Vec<_> = other.chunks(2).map(|frames| frames.concat()).collect();
    // The key opens two telegrams before the other meter has sent its second one.
    let order = [&own[0], &other[0], &own[1], &own[2], &other[1], &other[2]];
    let all: Vec<u8> = order.into_iter().flatten().copied().collect();
    let folder = Folder::new();
    let key = folder.write("key", KEY);
    let device = FedDevice::after(Duration::from_millis(400), move |_| all.clone());
    let (_, found) = doctor(&[device.node(), "--key-file", &key]);
    assert_eq!(found["verdict"], "other-meter", "{found:#}");
    let told =
        run(&["watch", "--format=json", "--count=7", "--key-file", &key, device.node()], b"").err;
    assert!(told.contains("the keys open other meters"), "{told}");
    assert!(!told.contains("the key is wrong"), "{told}");
}

/// The first packet of MariaDB 10.11.
const MARIADB: &[u8] = b"\x5d\0\0\0\x0a5.5.5-10.11.6-MariaDB\0\x1f\0\0\0vI*^2Rh~\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0mysql_native_password\0";

/// The address of a server that greets each client, and then says nothing or ends.
fn greeting(text: &'static [u8], ends: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut clients = vec![];
        while let Ok((mut client, _)) = listener.accept() {
            let _ = client.write_all(text);
            if !ends {
                clients.push(client);
            }
        }
    });
    format!("tcp://{address}")
}

#[test]
fn a_server_of_another_kind_is_named_and_no_pin_is_blamed() {
    let refused = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request";
    for (text, ends, verdict, protocol) in [
        (&refused[..], true, "other-protocol", Some("http")),
        (b"SSH-2.0-OpenSSH_9.2\r\n", false, "other-protocol", Some("ssh")),
        (b"RFB 003.008\n", false, "other-protocol", Some("vnc")),
        (b"220 mail.example.org ESMTP\r\n", false, "other-protocol", Some("mail-or-ftp")),
        (MARIADB, false, "other-protocol", Some("mysql")),
        (b"-DENIED Redis is running in protected mode\r\n", true, "other-protocol", Some("redis")),
        (b"\r\nraspberrypi login: ", false, "other-protocol", Some("text")),
        (b"Welcome to ESP-LINK\r\n", false, "other-protocol", Some("text")),
        (b"", false, "silent", None),
        (b"\x01\0\x01\0", false, "silent", None),
        (b"", true, "no-device", None),
    ] {
        let address = greeting(text, ends);
        let (_, found) = doctor(&["--time", "3s", &address]);
        let name = String::from_utf8_lossy(text);
        assert_eq!(found["verdict"], verdict, "{name}: {found:#}");
        assert_eq!(found["protocol"].as_str(), protocol, "{name}: {found:#}");
        let said = format!("{} {}", found["cause"], found["next_step"]);
        assert!(said.contains("port") || said.contains("name"), "{name}: {found:#}");
        assert!(!said.contains("pins") && !said.contains("--line"), "{name}: {found:#}");
        assert!(!found["evidence"].to_string().contains("u{d}"), "{name}: {found:#}");
        let told = run(&["watch", "--timeout=1s", &address], b"").err;
        assert!(!told.contains("; check the wiring,"), "{name}: {told}");
    }
}

#[test]
fn several_silent_meters_are_examined_at_the_same_time() {
    let terminals: Vec<_> = (0..3).map(|_| terminal()).collect();
    let folder = Folder::new();
    let (key, mut config) = (folder.write("key", KEY), String::new());
    for (_, node) in &terminals {
        let node = node.display();
        config.push_str(&format!("[[meter]]\nsource = \"{node}\"\nkey_file = \"{key}\"\n"));
    }
    let config = folder.write("config.toml", &config);
    let start = std::time::Instant::now();
    let arguments = ["doctor", "--format=json", "--time=5s", "--config", &config];
    let ran = run_command(command(&arguments), b"");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let found: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 3, "{ran:?}");
    for ((_, node), found) in terminals.iter().zip(&found) {
        let node = node.to_str().unwrap();
        assert_eq!((&found["verdict"], &found["source"]), (&"silent".into(), &node.into()));
    }
}

#[test]
fn a_file_whose_frames_all_fail_has_its_cause_in_the_last_lines() {
    let octets = wires(MeterKind::NetzNoeKaifa, 5).concat();
    let parity = |it: &u8| (it & 0x7f) | ((it & 0x7f).count_ones() as u8 & 1) << 7;
    let mut flipped = octets.clone();
    flipped.iter_mut().skip(40).step_by(282).for_each(|octet| *octet ^= 0x10);
    for (octets, part) in [
        (octets.iter().map(|it| it & 0x7f).collect(), "set the line to 8E1 instead of 7E1"),
        (octets.iter().map(parity).collect(), "set the line to 8E1 instead of 7E1"),
        (flipped, "single octets are damaged: check cable and contacts"),
    ] {
        let folder = Folder::new();
        let key = folder.write("key", KEY);
        let capture = folder.write("capture", &octets);
        for command in ["decode", "watch"] {
            let arguments = [command, "--format=csv", "--key-file", &key, &capture];
            let ran = run(&arguments, b"");
            assert_eq!(ran.status, 3, "{ran:?}");
            assert!(ran.err.contains(part), "{command}: {}", ran.err);
        }
    }
}

#[test]
fn messages_beside_an_anonymous_capture_name_no_meter() {
    let title = "4b464d6750000009";
    assert!(DUMP.to_ascii_lowercase().replace([' ', '\n'], "").contains(title));
    let folder = Folder::new();
    for keys in [None, Some(WRONG_KEY.to_owned()), Some(format!("1111111111111111 {KEY}"))] {
        let key = keys.map(|keys| folder.write("key", &keys));
        let mut arguments = vec!["anonymise"];
        arguments.extend(key.iter().flat_map(|key| ["--key-file", key]));
        let ran = run(&arguments, DUMP.as_bytes());
        assert!(!ran.err.is_empty() && !ran.err.contains(title), "{}", ran.err);
    }
}
