//! The last words of a live run that ends without a reading: a cause and a next step, each once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    common::{
        binary::{Ran, Running, command, run_command},
        damage::RandomNumbers,
        published::KEY,
        terminal::terminal,
    },
    doctor::{FedDevice, GAK, every_other, folder, noise, sound, telegrams, wires},
};
use meterpipe::{diagnosis::diagnosis::Diagnosis, source::simulator::meter::MeterKind};

/// The messages without those about a pseudo-terminal, which has no parity.
fn told(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("ignores these settings"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_source_that_is_not_there_is_named_with_the_doctor() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("tcp://{closed}");
    let device = "/dev/serial/by-id/none";
    for (source, arguments, why) in [
        (device, &["watch", "--format", "json"][..], "is the adapter plugged in?"),
        (device, &["watch", "--once"], "is the adapter plugged in?"),
        (device, &["capture"], "is the adapter plugged in?"),
        (&closed, &["watch", "--format", "json"], "nothing listens there"),
    ] {
        let ran = run_command(command(&[arguments, &["--timeout", "2s", source]].concat()), b"");
        let err = told(&ran.err);
        assert_eq!(ran.status, 5, "{ran:?}");
        let lines: Vec<_> = err.lines().collect();
        let [waits, ends] = *lines else { panic!("{ran:?}") };
        assert!(waits.contains("; waiting for it") && waits.contains(why), "{ran:?}");
        assert!(ends.contains("no telegram for 2 s: ") && ends.contains(why), "{ran:?}");
        assert!(ends.ends_with(&format!("meterpipe doctor {source} examines it")), "{ran:?}");
        assert!(!err.contains("?;") && err.matches("meterpipe doctor").count() == 1, "{ran:?}");
    }
}

#[test]
fn a_device_that_is_pulled_out_is_named_with_the_doctor() {
    let (master, node) = terminal();
    // The number of a terminal that is closed may come back at once, as that of another test.
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("meter");
    std::os::unix::fs::symlink(node, &link).unwrap();
    let node = link.to_str().unwrap();
    let mut watch = command(&["watch", "--format", "json", "--timeout", "4s", node]);
    watch.stderr(std::process::Stdio::piped());
    let mut watch = Running(watch.spawn().unwrap());
    thread::sleep(Duration::from_millis(1500));
    std::fs::remove_file(&link).unwrap();
    drop(master);
    let mut err = String::new();
    std::io::Read::read_to_string(watch.0.stderr.as_mut().unwrap(), &mut err).unwrap();
    assert_eq!(watch.0.wait().unwrap().code(), Some(5), "{err}");
    let last = err.lines().last().unwrap_or_default();
    assert!(last.contains("no telegram for 4 s: ") && last.contains("lost: "), "{err}");
    assert!(last.ends_with(&format!("; meterpipe doctor {node} examines it")), "{err}");
}

#[test]
fn a_line_of_seven_bits_is_named_while_the_run_goes_on_and_at_its_end() {
    let even = |octet: &u8| octet & 0x7f | (((octet & 0x7f).count_ones() % 2) as u8) << 7;
    let sound = sound(1);
    let stripped: Vec<u8> = sound.iter().map(|octet| octet & 0x7f).collect();
    let coded: Vec<u8> = sound.iter().map(even).collect();
    // A frame of chance among them.
    let with_frame = [&stripped[..], &[0x10, 0x40, 0x01, 0x41, 0x16]].concat();
    let text = b"/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.8.1(000306.946*kWh)\r\n!0A1B\r\n";
    let text: Vec<u8> = text.iter().map(even).collect();
    thread::scope(|scope| {
        for (octets, why) in [
            (stripped, "set the line to 8E1 instead of 7E1"),
            (with_frame, "set the line to 8E1 instead of 7E1"),
            (coded, "set the line to 8E1 instead of 7E1"),
            (text, "7 data bits (9600e71)"),
        ] {
            scope.spawn(move || {
                let device = FedDevice::new(move |_| {
                    thread::sleep(Duration::from_millis(500));
                    octets.clone()
                });
                let arguments = ["watch", "--format", "json", "--timeout", "33s", device.node()];
                let ran = run_command(command(&arguments), b"");
                let lines: Vec<_> = ran.err.lines().filter(|line| line.contains(why)).collect();
                assert!(
                    matches!(*lines, [live, end]
                    if live.contains("meterpipe doctor")
                        && end.contains("no telegram for 33 s")),
                    "{ran:?}"
                );
            });
        }
    });
}

#[test]
fn a_key_that_opens_nothing_is_blamed_and_no_missing_key_and_no_cable() {
    let other_title = format!("4b464d0000000001 {KEY}");
    let swapped = format!("{GAK} {KEY}");
    for (keys, why) in
        [(other_title, "the key file names other meters"), (swapped, "the two keys are swapped")]
    {
        let folder = folder(&keys);
        let key = folder.path().join("guek");
        let octets = sound(1);
        let device = FedDevice::new(move |_| {
            thread::sleep(Duration::from_millis(300));
            octets.clone()
        });
        let key = key.to_str().unwrap();
        let arguments = ["watch", "--format", "json", "--timeout", "2s", "--key-file", key];
        let ran = run_command(command(&[&arguments[..], &[device.node()]].concat()), b"");
        assert_eq!(ran.status, 4, "{ran:?}");
        assert!(ran.err.lines().last().unwrap_or_default().contains(why), "{ran:?}");
        assert!(!ran.err.contains("give it with --key-file"), "{ran:?}");
    }
}

#[test]
fn a_tag_that_does_not_fit_is_no_damage_of_the_line() {
    let folder = folder(&format!("{KEY} 00{}", &GAK[2..]));
    let key = folder.path().join("guek");
    let (wire, count) = (telegrams(MeterKind::KsmWest, 1, None, Some(GAK)), AtomicUsize::new(0));
    let device = FedDevice::new(move |_| {
        thread::sleep(Duration::from_secs(1));
        // Now and then a frame is damaged as well.
        let mut frames = wire.concat();
        frames[40] ^= u8::from(count.fetch_add(1, Ordering::Relaxed) % 3 == 2);
        frames
    });
    let key = key.to_str().unwrap();
    let arguments = ["watch", "--format", "json", "--timeout", "31s", "--key-file", key];
    let ran = run_command(command(&[&arguments[..], &[device.node()]].concat()), b"");
    let stranded = ran.err.lines().find(|line| line.contains("in 30 s")).unwrap_or_default();
    assert!(stranded.contains("whose tag verifies; "), "{ran:?}");
    assert!(!stranded.contains("cable") && !stranded.contains("checksum"), "{ran:?}");
}

#[test]
fn a_meter_that_falls_silent_is_told_at_the_end() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let (octets, sent) = (sound(1), AtomicBool::new(false));
    let device = FedDevice::new(move |_| {
        thread::sleep(Duration::from_millis(700));
        match sent.swap(true, Ordering::Relaxed) {
            false => octets.clone(),
            true => vec![],
        }
    });
    let key = key.to_str().unwrap();
    let arguments = ["watch", "--format", "json", "--timeout", "3s", "--key-file", key];
    let ran = run_command(command(&[&arguments[..], &[device.node()]].concat()), b"");
    assert_eq!((ran.status, ran.out.lines().count()), (3, 1), "{ran:?}");
    let last = ran.err.lines().last().unwrap_or_default();
    let told = "no telegram for 3 s, and nothing came since the last one; the meter may pause for longer: allow";
    assert!(last.contains(told), "{ran:?}");
}

#[test]
fn a_server_and_a_virtual_meter_that_fall_silent_have_words_of_their_own() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut client, &sound(1)).unwrap();
        // The connection stays open until the client ends it.
        std::io::copy(&mut client, &mut std::io::sink()).unwrap();
    });
    for (source, timeout, advice) in [
        (
            address.as_str(),
            "16s",
            "where the adapter is, check plug, cable and power, and that the",
        ),
        ("sim:", "3s", "a virtual meter sends as often as its model: allow more time"),
    ] {
        let key = key.to_str().unwrap();
        let arguments = ["watch", "--format=json", "--timeout", timeout, "--key-file", key, source];
        // A busy machine may end a run amid the next telegram of the virtual meter.
        let runs = (0..5).map(|_| run_command(command(&arguments), b""));
        let is_silent = |ran: &Ran| ran.err.contains("and nothing came since the last one; ");
        let mut runs = runs.take(if source == "sim:" { 5 } else { 1 });
        let ran = runs.find(is_silent).expect("no run falls silent");
        assert_eq!(ran.status, 3, "{ran:?}");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.contains(advice) && !ran.err.contains("switched the interface"), "{ran:?}");
        assert!(!ran.err.contains("host and port"), "{ran:?}");
    }
    server.join().unwrap();
}

#[test]
fn noise_behind_a_sound_telegram_is_named_at_the_end() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let times = AtomicUsize::new(0);
    let device = FedDevice::new(move |_| match times.fetch_add(1, Ordering::Relaxed) {
        0 => sound(1),
        _ => noise(40),
    });
    let key = key.to_str().unwrap();
    let arguments = ["watch", "--format=json", "--timeout", "6s", "--key-file", key, device.node()];
    let ran = run_command(command(&arguments), b"");
    assert_eq!((ran.status, ran.out.lines().count()), (3, 1), "{ran:?}");
    let last = ran.err.lines().last().unwrap_or_default();
    assert!(last.contains(Diagnosis::Noise.hint()) && last.contains("doctor"), "{ran:?}");
}

#[test]
fn a_web_server_that_closes_is_named_in_the_last_line_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let server = thread::spawn(move || {
        for client in listener.incoming() {
            if ends.load(Ordering::SeqCst) {
                return;
            }
            let answer = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
            std::io::Write::write_all(&mut client.unwrap(), answer).unwrap();
        }
    });
    let source = format!("tcp://{address}");
    let arguments = ["watch", "--format=json", "--timeout", "3s", "--key", KEY, &source];
    let ran = run_command(command(&arguments), b"");
    is_over.store(true, Ordering::SeqCst);
    drop(std::net::TcpStream::connect(address).unwrap());
    server.join().unwrap();
    let last = ran.err.lines().last().unwrap_or_default();
    assert!(last.contains("the octets are HTTP") && last.contains("name the port"), "{ran:?}");
    assert!(!ran.err.contains("unplugged"), "{ran:?}");
}

/// The causes whose advice a run gives.
fn causes(err: &str) -> Vec<Diagnosis> {
    let hints = Diagnosis::ALL.iter().filter(|it| !it.hint().is_empty());
    hints.filter(|it| err.contains(it.hint())).copied().collect()
}

#[test]
fn a_line_that_loses_octets_has_one_cause_in_all_messages() {
    let folder = folder(KEY);
    let key = folder.path().join("guek");
    let key = key.to_str().unwrap();
    // One octet of so many is lost: among few losses some telegrams are whole. Those of the Steiermark have no frames.
    for (kind, of, ends) in [
        (MeterKind::NetzNoeKaifa, 50, ["--timeout", "4s"]),
        (MeterKind::NetzNoeKaifa, 400, ["--count", "6"]),
        (MeterKind::Steiermark, 50, ["--timeout", "4s"]),
    ] {
        let random = Mutex::new(RandomNumbers::of(of));
        let (octets, sent) = (wires(kind, 40), AtomicUsize::new(0));
        let device = FedDevice::new(move |_| {
            thread::sleep(Duration::from_millis(150));
            let at = sent.fetch_add(1, Ordering::Relaxed) % 40;
            let mut random = random.lock().unwrap();
            octets[at].iter().copied().filter(|_| random.below(of as usize) > 0).collect()
        });
        let arguments = ["watch", "--format=json", "--key-file", key, ends[0], ends[1]];
        let ran = run_command(command(&[&arguments[..], &[device.node()]].concat()), b"");
        assert_eq!(causes(&ran.err), [Diagnosis::OctetsLost], "{ran:?}");
        assert!(!ran.err.contains("any key"), "{ran:?}");
    }
}

#[test]
fn a_line_that_brings_half_of_each_telegram_has_one_cause_too() {
    let octets = every_other(true);
    let device = FedDevice::new(move |_| {
        thread::sleep(Duration::from_millis(300));
        octets.clone()
    });
    let arguments = ["watch", "--format=json", "--timeout", "4s", device.node()];
    let ran = run_command(command(&arguments), b"");
    assert_eq!(causes(&ran.err), [Diagnosis::Half], "{ran:?}");
    let advised = ran.err.lines().filter(|line| line.contains(Diagnosis::Half.hint()));
    // The diagnosis, and the last line.
    assert_eq!(advised.count(), 2, "{ran:?}");
    assert!(ran.err.lines().any(|line| line.ends_with("broke off after its first segment")));
}

#[test]
fn the_last_line_about_a_key_says_what_the_telegrams_lack() {
    let other_number = format!("181220000000 {KEY}");
    let other_gak = format!("{KEY} 00{}", &GAK[2..]);
    let swapped = format!("{GAK} {KEY}");
    for (keys, option, gak, lacking, advice) in [
        (
            other_number.as_str(),
            None,
            None,
            "of a meter that the key file names",
            "write the right number",
        ),
        (&other_gak, None, Some(GAK), "whose tag verifies", Diagnosis::Tag.hint()),
        (&swapped, None, Some(GAK), "that the encryption key opens", "the two keys are swapped"),
        (
            KEY,
            Some("--require-auth"),
            None,
            "that is authenticated",
            "leave --require-auth out, or",
        ),
    ] {
        let folder = folder(keys);
        let key = folder.path().join("guek");
        let octets = telegrams(MeterKind::KsmWest, 1, None, gak).concat();
        let device = FedDevice::new(move |_| {
            thread::sleep(Duration::from_millis(300));
            octets.clone()
        });
        let key = key.to_str().unwrap();
        let arguments = ["watch", "--format=json", "--timeout", "2s", "--key-file", key];
        let option = option.as_slice();
        let ran = run_command(command(&[&arguments, option, &[device.node()]].concat()), b"");
        assert_eq!(ran.status, 4, "{ran:?}");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.contains(&format!("no telegram for 2 s {lacking}; ")), "{ran:?}");
        assert!(last.contains(advice) && !last.contains("any key"), "{ran:?}");
    }
}

#[test]
fn a_search_for_the_parity_claims_no_telegrams() {
    let text = b"/LGZ5\r\n1-0:1.8.0*255(1234*kWh)\r\n1-0:2.8.0*255(0000*kWh)\r\n1-0:1.7.0*255(0.1*kW)\r\n!\r\n";
    let device = FedDevice::new(|_| {
        thread::sleep(Duration::from_millis(300));
        text.to_vec()
    });
    let arguments = ["watch", "--parity=auto", "--format=json", "--timeout=4s", device.node()];
    let ran = run_command(command(&arguments), b"");
    assert!(ran.err.contains("the octets agree with parity even"), "{ran:?}");
    assert!(
        ran.err.contains("the octets are D0") && !ran.err.contains("telegrams begin"),
        "{ran:?}"
    );
}
