//! `doctor` on devices: other processes that have them open, other speeds, lines that rest.

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use crate::{
    common::{
        binary::{Running, command, run, run_command},
        published::KEY,
        terminal::terminal,
    },
    doctor::{FedDevice, doctor, flipped, noise, sound, verdict_of_file},
};

/// A process that runs a script, once the script has said that it is ready.
pub fn shell(script: &str) -> Running {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = Running(shell.spawn().unwrap());
    let mut line = [0; 5];
    std::io::Read::read_exact(shell.0.stdout.as_mut().unwrap(), &mut line).unwrap();
    shell
}

#[test]
fn a_maker_that_keeps_the_device_open_is_no_other_reader() {
    let device = FedDevice::new(|_| {
        thread::sleep(Duration::from_millis(900));
        noise(20)
    });
    let kept_open = std::fs::OpenOptions::new().read(true).open(device.node()).unwrap();
    for _ in 0..2 {
        let (_, found) = doctor(&["--time", "8s", device.node()]);
        assert_eq!(found["verdict"], "noise", "{found:#}");
        assert!(!found["evidence"].to_string().contains("open too"), "{found:#}");
    }
    drop((kept_open, device));

    let (_master, node) = terminal();
    let _kept_open = std::fs::OpenOptions::new().read(true).open(&node).unwrap();
    let (_, found) = doctor(&["--time", "1s", node.to_str().unwrap()]);
    assert_eq!(found["verdict"], "silent", "{found:#}");
}

#[test]
fn only_a_process_that_may_have_taken_octets_is_another_reader() {
    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let _writer = shell(&format!("exec 7>{node}; echo open; exec sleep 100"));
    let (_, found) = doctor(&["--time", "1s", node]);
    assert_eq!(found["verdict"], "silent", "it only writes: {found:#}");

    // A shell that waits for its own input, and a program that reads the device.
    for (program, verdict) in [("read x", "checksum"), ("exec cat <&7 >/dev/null", "shared")] {
        let device = FedDevice::new(|_| {
            thread::sleep(Duration::from_millis(100));
            flipped()
        });
        let script = format!("exec 7<{}; echo open; {program}", device.node());
        let other = shell(&script);
        let (ran, found) = doctor(&["--time", "3s", device.node()]);
        assert_eq!(found["verdict"], verdict, "{program}: {found:#}");
        let named = format!("[{}] has the device open too", other.0.id());
        assert_eq!(found["evidence"].to_string().contains(&named), verdict == "shared", "{ran:?}");
    }
}

#[test]
fn a_fast_line_is_tried_next_when_a_slow_one_hears_handfuls() {
    let telegram = sound(1);
    let device = FedDevice::after(Duration::from_millis(1800), move |speed| match speed {
        115_200 => telegram.clone(),
        _ => noise(12),
    });
    let (ran, found) = doctor(&["--time", "12s", device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"baud".into(), 3), "{found:#}");
    let tried = found["tried"].as_array().unwrap();
    assert_eq!(tried[..2], ["2400 8E1", "115200 8N1"], "{found:#}");
    assert!(found["next_step"].as_str().unwrap().ends_with("--line p1"), "{found:#}");
}

#[test]
fn a_line_that_becomes_good_while_it_is_looked_at_blames_no_settings() {
    let (telegram, is_good) = (sound(1), AtomicBool::new(false));
    let device = FedDevice::new(move |speed| {
        is_good.fetch_or(speed == 9600, Ordering::Relaxed);
        match is_good.load(Ordering::Relaxed) {
            true => telegram.clone(),
            false => noise(200),
        }
    });
    let (ran, found) = doctor(&[device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"no-key".into(), 4), "{found:#}");
    let tried = ["2400 8E1", "2400 8N1", "9600 8N1", "2400 8E1"];
    assert_eq!(found["tried"], serde_json::json!(tried));
    assert!(found["evidence"].to_string().contains("disturbed for a while"), "{found:#}");
    assert!(!found["watch"].to_string().contains("--line"), "{found:#}");
}

#[test]
fn frames_that_fail_their_checks_have_the_right_settings() {
    let device = FedDevice::after(Duration::from_millis(1600), |_| flipped());
    let (_, found) = doctor(&["--time", "9s", device.node()]);
    assert_eq!(found["verdict"], "checksum", "{found:#}");
    assert_eq!(found["tried"], serde_json::json!(["2400 8E1"]));
    assert!(found["next_step"].as_str().unwrap().contains("shorten the cable"), "{found:#}");
    assert!(!found["cause"].as_str().unwrap().contains("socket"), "{found:#}");
}

#[test]
fn a_line_that_is_read_too_fast_has_no_parity_bits() {
    let telegram = sound(1);
    // Runs of even length have even parity, whatever the meter sends.
    let smeared: Vec<u8> = [0x00, 0xf0, 0xff, 0x00, 0xc0, 0x00, 0xfc, 0x0f].repeat(20);
    let device = FedDevice::after(Duration::from_millis(1600), move |speed| match speed {
        9600 => telegram.clone(),
        115_200 => smeared.clone(),
        _ => noise(12),
    });
    let (ran, found) = doctor(&["--time", "18s", device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"baud".into(), 3), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().ends_with("--line ir"), "{found:#}");
}

#[test]
fn a_text_of_a_fast_line_is_told_as_text() {
    let text = b"rst:0x1 (POWERON_RESET),boot:0x13\r\nload:0x3fff0030,len:1184\r\n".repeat(3);
    let device = FedDevice::after(Duration::from_millis(1700), move |speed| match speed {
        115_200 => text.clone(),
        _ => noise(12),
    });
    let (ran, found) = doctor(&["--time", "12s", device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"other-protocol".into(), 3), "{found:#}");
    assert_eq!(found["protocol"], "text", "{found:#}");
    assert!(found["evidence"].to_string().contains("115200 8N1"), "{found:#}");
}

#[test]
fn a_device_with_few_octets_may_wait_for_an_answer() {
    let device = FedDevice::new(|_| {
        thread::sleep(Duration::from_millis(1500));
        vec![0x16]
    });
    let (_, found) = doctor(&["--time", "3s", device.node()]);
    assert_eq!(found["verdict"], "silent", "{found:#}");
    assert!(found["evidence"].to_string().contains("Siemens TD-351x"), "{found:#}");
    assert!(found["cause"].as_str().unwrap().starts_with("hardly anything"), "{found:#}");

    // The whole request of such a meter leaves no doubt.
    let device = FedDevice::after(Duration::from_millis(900), |speed| match speed {
        2400 => {
            thread::sleep(Duration::from_secs(1));
            vec![0x10, 0x40, 0xf0, 0x30, 0x16]
        }
        _ => vec![],
    });
    let (_, found) = doctor(&["--time", "2s", device.node()]);
    assert_eq!(found["protocol"], "on-request", "{found:#}");
}

#[test]
fn a_line_that_rests_brings_an_octet_now_and_then() {
    let device = FedDevice::new(|_| {
        thread::sleep(Duration::from_millis(380));
        vec![0]
    });
    let (ran, found) = doctor(&["--time", "10s", device.node()]);
    assert_eq!((&found["verdict"], ran.status), (&"constant".into(), 3), "{found:#}");
}

#[test]
fn seven_data_bits_are_told_at_once_and_no_other_setting_is_tried() {
    let stripped: Vec<u8> = sound(1).iter().map(|octet| octet & 0x7f).collect();
    let even = |octet: &u8| octet & 0x7f | (((octet & 0x7f).count_ones() % 2) as u8) << 7;
    let coded: Vec<u8> = stripped.iter().map(even).collect();
    let text = b"/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.8.1(000306.946*kWh)\r\n!0A1B\r\n";
    let text: Vec<u8> = text.iter().map(even).collect();
    // A frame of chance among them.
    let with_frame = [&stripped[..], &[0x10, 0x40, 0x01, 0x41, 0x16]].concat();
    for (octets, step, speed) in [
        (stripped, "8 data bits", 2400),
        (with_frame, "8 data bits", 2400),
        (coded, "8 data bits", 2400),
        (text.clone(), "9600e71", 2400),
        (text, "9600e71", 9600),
    ] {
        let device = FedDevice::new(move |line| match line == speed {
            true => octets.clone(),
            false => noise(100),
        });
        let (ran, found) = doctor(&["--time", "8s", device.node()]);
        assert_eq!((&found["verdict"], ran.status), (&"parity".into(), 3), "{found:#}");
        assert!(found["next_step"].as_str().unwrap().contains(step), "{found:#}");
        let tried = found["tried"].as_array().unwrap().len();
        assert_eq!(tried, if speed == 2400 { 1 } else { 3 }, "{found:#}");
    }
}

/// The address of a server that sends octets to the first client, over and over, or ends the connection after them.
fn server(octets: Vec<u8>, ends: bool) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let Ok((mut client, _)) = listener.accept() else { return };
        while std::io::Write::write_all(&mut client, &octets).is_ok() && !ends {
            thread::sleep(Duration::from_millis(300));
        }
    });
    format!("tcp://{address}")
}

/// The address of a server that has another client, and says these words to each one that comes.
fn refusing_server(words: &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut client, words);
        }
    });
    format!("tcp://{address}")
}

#[test]
fn a_server_that_has_another_client_or_speaks_telnet_is_told() {
    let address = server(b"Port already in use\r\n".to_vec(), true);
    let (ran, found) = doctor(&["--time", "3s", &address]);
    assert_eq!((&found["verdict"], ran.status), (&"busy".into(), 5), "{found:#}");
    assert!(found["evidence"].to_string().contains("says: Port already in use"), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("max-connections"), "{found:#}");

    for wanted in ["--timeout=2s", "--once"] {
        let ran = run(&["watch", &refusing_server(b"Port already\r\nin use\r\n"), wanted], b"");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(
            last.contains("the server says: Port already in use; it has the device for"),
            "{last}"
        );
        assert!(
            !ran.err.contains("unplugged") && !ran.err.contains("host and port"),
            "{}",
            ran.err
        );
    }

    let (ran, found) = doctor(&["--time", "3s", &server(vec![], true)]);
    assert_eq!((&found["verdict"], ran.status), (&"no-device".into(), 5), "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("max-connections"), "{found:#}");
    let ran = run(&["watch", &refusing_server(b""), "--timeout=2s"], b"");
    let is_told = ran.err.contains("it may serve one client and have another, or lack");
    assert!(is_told && !ran.err.contains("unplugged"), "{}", ran.err);

    let commands = [0xff, 0xfb, 3, 0xff, 0xfd, 3, 0xff, 0xfb, 44];
    let doubled = sound(1).into_iter().flat_map(|it| vec![it; 1 + usize::from(it == 0xff)]);
    let address = server([&commands[..], &doubled.collect::<Vec<_>>()].concat(), false);
    let (ran, found) = doctor(&["--time", "3s", &address]);
    assert_eq!((&found["verdict"], ran.status), (&"other-protocol".into(), 3), "{found:#}");
    assert_eq!(found["protocol"], "telnet", "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("raw"), "{found:#}");
}

#[test]
fn a_bridge_that_writes_hex_digits_is_told_with_the_way_to_read_them() {
    let line = format!("{}\r\n", hex::encode(sound(1)));
    let (ran, found) = doctor(&["--time", "3s", &server(line.into_bytes(), false)]);
    assert_eq!((&found["verdict"], ran.status), (&"other-protocol".into(), 3), "{found:#}");
    assert_eq!(found["protocol"], "hex", "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("| meterpipe decode"), "{found:#}");
}

#[test]
fn much_noise_is_noise_whatever_chance_makes_of_it() {
    let mut octets = noise(400_000);
    // The header of an APDU that is not read, as chance makes one in so many octets.
    octets[200_000..200_010].copy_from_slice(b"\xdb\x08KFM\x10\x00\x00\x00\x01");
    octets[200_010..200_013].copy_from_slice(&[0x50, 0x60, 0]);
    for change in [0, 1, 0x55, 0x80, 0xa7] {
        let octets: Vec<u8> = octets.iter().map(|octet| octet ^ change).collect();
        let (ran, found) = verdict_of_file(&octets, KEY);
        assert_eq!((&found["verdict"], ran.status), (&"noise".into(), 3), "{change}: {found:#}");
    }
}

#[test]
fn bursts_of_noise_between_the_telegrams_are_no_reason_for_other_settings() {
    let (telegram, count) = (sound(1), AtomicUsize::new(0));
    let device = FedDevice::new(move |_| {
        thread::sleep(Duration::from_millis(1900));
        match count.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => noise(150),
            _ => telegram.clone(),
        }
    });
    let (_, found) = doctor(&["--time", "30s", device.node()]);
    assert_eq!(found["verdict"], "no-key", "{found:#}");
    assert_eq!(found["tried"], serde_json::json!(["2400 8E1"]));
}

#[test]
fn the_text_of_a_bridge_that_starts_is_no_other_protocol() {
    let boot = b"ESP-ROM:esp32s3-20210327\r\nrst:0x15 (USB_UART_CHIP_RESET),boot:0x8\r\nentry 0x403c98d8\r\n";
    let (telegram, count) = (sound(1), AtomicUsize::new(0));
    let device = FedDevice::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => boot.to_vec(),
        _ => {
            thread::sleep(Duration::from_millis(1900));
            telegram.clone()
        }
    });
    let (_, found) = doctor(&["--time", "30s", device.node()]);
    assert_eq!(found["verdict"], "no-key", "{found:#}");
    assert_eq!(found["tried"], serde_json::json!(["2400 8E1"]));
}

#[test]
fn a_long_text_of_a_p1_socket_is_heard_to_its_end() {
    let row = |at: usize| format!("1-0:{}.8.0(000306.946*kWh)\r\n", at % 90 + 1);
    let text = format!("/KFM5KAIFA-METER\r\n\r\n{}!", (0..60).map(row).collect::<String>());
    let crc = text.bytes().fold(0u16, |crc, octet| {
        (0..8)
            .fold(crc ^ u16::from(octet), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xa001 } else { 0 })
    });
    let text = format!("{text}{crc:04X}\r\n").into_bytes();
    assert!(text.len() > 1500);
    let count = AtomicUsize::new(0);
    // As a line of this speed brings it: a piece at a time, and then nothing for 2 s.
    let device = FedDevice::new(move |speed| {
        let pieces = text.len().div_ceil(64);
        let at = count.fetch_add(1, Ordering::Relaxed) % (pieces + 1);
        match (text.chunks(64).nth(at), speed) {
            (Some(piece), 115_200) => piece.to_vec(),
            (Some(_), _) if at.is_multiple_of(2) => noise(100)[at..at + 1].to_vec(),
            (Some(_), _) => vec![],
            (None, _) => {
                thread::sleep(Duration::from_secs(2));
                vec![]
            }
        }
    });
    let (_, found) = doctor(&["--time", "20s", device.node()]);
    assert_eq!(found["verdict"], "baud", "{found:#}");
    assert!(found["watch"].as_str().unwrap().ends_with("--line p1"), "{found:#}");
}

#[test]
fn a_wrong_crc_of_dsmr_blames_no_settings() {
    let text = b"/KFM5KAIFA-METER\r\n\r\n1-0:1.8.0(000306.946*kWh)\r\n1-0:2.8.0(000001.000*kWh)\r\n!0000\r\n";
    let device = FedDevice::after(Duration::from_millis(900), move |_| text.to_vec());
    let (_, found) = doctor(&["--time", "8s", device.node()]);
    assert_eq!(found["verdict"], "checksum", "{found:#}");
    assert_eq!(found["tried"].as_array().unwrap().len(), 1, "{found:#}");
    assert!(!found["cause"].to_string().contains("speed"), "{found:#}");
}

/// So many telegrams of Styria, which have no frames.
fn styria(count: usize) -> Vec<u8> {
    let count = count.to_string();
    let arguments = ["simulate", "--meter=steiermark", "--output=binary", "--count", &count];
    let output = command(&arguments).output().unwrap();
    output.stdout
}

#[test]
fn telegrams_that_break_off_on_a_live_line_are_lost_octets() {
    let hdlc = hex::decode("7ea077cf022313bb45e6e700db0849534b6974bf0a2c").unwrap();
    for octets in [styria(1)[..300].to_vec(), hdlc] {
        let part = octets.clone();
        let device = FedDevice::after(Duration::from_millis(1800), move |_| part.clone());
        let (_, found) = doctor(&[device.node(), "--time", "9s"]);
        assert_eq!(found["verdict"], "octets-lost", "{found:#}");
        let arguments = ["watch", "--format=json", "--timeout=6s", device.node()];
        let told = run_command(command(&arguments), b"").err;
        assert!(told.contains("octets are lost: ") && !told.contains("baud"), "{told}");
    }
}

#[test]
fn a_telegram_without_a_frame_behind_noise_blames_no_settings() {
    let telegram = styria(1);
    let octets = [&noise(120)[..], &telegram].concat();
    let late = [&telegram[400..], &octets].concat();
    let device = FedDevice::after(Duration::from_millis(1800), move |_| late.clone());
    let (_, found) = doctor(&[device.node(), "--time", "12s"]);
    assert_eq!(found["verdict"], "no-key", "{found:#}");
}
