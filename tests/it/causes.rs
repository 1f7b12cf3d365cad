//! One table of causes: `doctor`, `watch` and `capture` name the same one about the same line.

use std::{
    io::Write as _,
    net::TcpListener,
    os::unix::fs::symlink,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use crate::{
    common::{
        binary::{command, run, run_command},
        published::{Folder, KEY},
        terminal::terminal,
    },
    doctor::{
        BOTH, FedDevice, Situation, doctor, flipped, noise, situations, sound, telegrams,
        verdict_of_file,
    },
    doctor_devices::shell,
};
use meterpipe::{diagnosis::diagnosis::Diagnosis, source::simulator::meter::MeterKind};

/// A device that brings some octets once, and then nothing.
fn brings_once(octets: &'static [u8]) -> FedDevice {
    let count = AtomicUsize::new(0);
    FedDevice::after(Duration::from_millis(300), move |_| {
        // The octets that come before the device is set are dropped: one of them comes a while.
        match count.fetch_add(1, Ordering::Relaxed) {
            0..3 => octets.to_vec(),
            _ => vec![],
        }
    })
}

#[test]
fn a_few_octets_and_then_silence_are_no_matter_of_the_settings() {
    for octets in [b"\0", b"\xf0"] {
        let device = brings_once(octets);
        let (_, found) = doctor(&["--time", "3s", device.node()]);
        assert_eq!(found["verdict"], "silent", "{found:#}");
        drop(device);
        for subcommand in ["watch", "capture"] {
            let device = brings_once(octets);
            let ran = run(&[subcommand, "--timeout", "2s", device.node()], b"");
            assert_eq!(ran.status, 3, "{ran:?}");
            assert!(ran.err.contains("; check the wiring, and that the operator"), "{ran:?}");
            assert!(!ran.err.contains("baud") && !ran.err.contains("--line auto"), "{ran:?}");
        }
    }
}

#[test]
fn a_program_that_has_the_device_open_is_named_with_every_cause() {
    // A shell that waits for its own input, and a program that reads the device.
    for (program, is_reader) in [("read x", false), ("exec cat <&7 >/dev/null", true)] {
        for (fed, own_verdict) in [(noise(100), "noise"), (flipped(), "checksum")] {
            let device = FedDevice::after(Duration::from_millis(100), move |_| fed.clone());
            let other = shell(&format!("exec 7<{}; echo open; {program}", device.node()));
            let name = format!("[{}] has the device open", other.0.id());
            let (_, found) = doctor(&["--time", "4s", device.node()]);
            let verdict = if is_reader { "shared" } else { own_verdict };
            assert_eq!(found["verdict"], verdict, "{program}: {found:#}");
            assert!(found["evidence"].to_string().contains(&name), "{program}: {found:#}");
            let step = found["next_step"].as_str().unwrap();
            assert!(step.starts_with("end "), "{program}: {step}");
            let told = run(&["watch", "--format=json", "--timeout=2s", device.node()], b"").err;
            let last = told.lines().last().unwrap_or_default();
            assert!(last.contains(&name) && last.contains("end th"), "{program}: {told}");
            let is_own = last.contains("--line auto") || last.contains("check cable and contacts");
            assert_eq!(is_own, !is_reader, "{program}: {told}");
        }
    }
}

/// The address of a server that sends octets to each client, over and over.
fn server(octets: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let octets = octets.clone();
            thread::spawn(move || {
                while client.write_all(&octets).is_ok() {
                    thread::sleep(Duration::from_millis(300));
                }
            });
        }
    });
    format!("tcp://{address}")
}

/// The address of a server that says these words to each client, and ends the connection.
fn refusing(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.write_all(words);
        }
    });
    format!("tcp://{address}")
}

#[test]
fn a_readout_of_one_line_is_that_of_an_infrared_interface() {
    let readout = "/ESY5Q3DA1004 V3.03\r\n\r\n1-0:1.8.0*255(00026107.7034231*kWh)\r\n!\r\n";
    let hex = hex::encode(readout);
    for text in [readout, &hex, &readout.replace("\r\n", "\n")] {
        let (_, found) = verdict_of_file(text.as_bytes(), KEY);
        assert_eq!(found["protocol"], "iec62056-21", "{text}: {found:#}");
    }
    let address = server(readout.as_bytes().to_vec());
    let (_, found) = doctor(&["--time", "2s", &address]);
    assert_eq!(found["protocol"], "iec62056-21", "{found:#}");
    let told = run(&["watch", "--timeout", "2s", &address], b"").err;
    assert!(told.contains("D0 (IEC 62056-21)") && !told.contains("plain text"), "{told}");
}

/// Octets as a program writes them to a connection.
fn written(octets: &[u8], form: &str) -> String {
    let of = |it: &u8| match form {
        "decimal" => format!("{it} "),
        "list" => format!("{it}, "),
        _ => format!("{it:02x}"),
    };
    let text: String = octets.iter().map(of).collect();
    match form {
        "list" => format!("{{\"type\":\"Buffer\",\"data\":[{}]}}\n", text.trim_end_matches(", ")),
        "log" => format!("[12:00:01][D][uart_debug:114]: <<< {text}\r\n"),
        "base64" => format!("{}\n", base64(octets)),
        "json" => format!("{{\"payload\":\"{}\",\"qos\":0}}\n", base64(octets)),
        _ => format!("{}\n", text.trim_end()),
    }
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0u32, |bits, it| bits << 8 | u32::from(*it));
        let bits = bits << (8 * (3 - three.len()));
        let digit = |at: usize| char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]);
        let sign = |at| if at <= three.len() { digit(at) } else { '=' };
        (0..4).map(sign).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

#[test]
fn telegrams_in_any_form_of_text_are_named_as_those() {
    let telegram = sound(1);
    for form in ["hex", "decimal", "list", "log", "base64", "json"] {
        let text = written(&telegram, form);
        let decoded = run(&["decode"], text.as_bytes());
        assert_eq!(decoded.status, 4, "{form}: a telegram is in it: {decoded:?}");
        let address = server(text.into_bytes());
        let (_, found) = doctor(&["--time", "2s", &address]);
        let protocol = if matches!(form, "hex" | "log") { "hex" } else { "telegram-text" };
        assert_eq!(found["protocol"], protocol, "{form}: {found:#}");
        let step = found["next_step"].as_str().unwrap();
        assert!(step.contains("| meterpipe decode"), "{form}: {step}");
        let told = run(&["watch", "--timeout", "2s", &address], b"").err;
        assert!(told.contains("| meterpipe decode"), "{form}: {told}");
        assert!(!told.contains("plain text"), "{form}: {told}");
    }
}

#[test]
fn a_server_that_says_why_it_has_no_octets_is_understood() {
    for (words, verdict, step) in [
        (
            &b"Device open failure: No such file or directory\r\n"[..],
            "no-device",
            "plug the adapter in",
        ),
        (b"Device open failure: Permission denied\r\n", "permission", "dialout"),
        (b"Device open failure: Object was already in use\r\n", "busy", "max-connections"),
    ] {
        let address = refusing(words);
        let (ran, found) = doctor(&["--time", "2s", &address]);
        assert_eq!((&found["verdict"], ran.status), (&verdict.into(), 5), "{found:#}");
        let next = found["next_step"].as_str().unwrap();
        assert!(next.contains(step) && !next.contains("web page"), "{next}");
        let told = run(&["watch", "--timeout", "2s", &address], b"").err;
        let last = told.lines().last().unwrap_or_default();
        assert!(last.contains("the server says: Device open failure"), "{told}");
        assert!(last.contains(step) && !last.contains("host and port"), "{told}");
    }
}

#[test]
fn a_server_that_resets_the_connection_may_have_another_client() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Closed with this, a connection is reset.
            let _ = rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO));
        }
    });
    let (_, found) = doctor(&["--time", "2s", &address]);
    assert_eq!(found["verdict"], "no-device", "{found:#}");
    assert!(found["next_step"].as_str().unwrap().contains("max-connections"), "{found:#}");
    assert!(!found.to_string().contains("os error"), "{found:#}");
    let told = run(&["watch", "--timeout", "2s", &address], b"").err;
    let last = told.lines().last().unwrap_or_default();
    assert!(last.contains("it may serve one client and have another"), "{told}");
}

#[test]
fn the_commands_of_doctor_work_as_they_are_printed() {
    const OWN: &str = "0123456789ABCDEF0123456789ABCDEF";
    let folder = Folder::new();
    let own = folder.write("own", OWN);
    let capture =
        folder.write("capture", telegrams(MeterKind::KsmWest, 3, Some(OWN), None).concat());
    let anonymised = run(&["anonymise", "--key-file", &own, &capture], b"").out;
    let anonymised = folder.write("anonymised", anonymised);
    let asked = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let all = [&["doctor", "--format=json", "--lang=en"], arguments].concat();
        let mut command = command(&all);
        command.envs(variable);
        let ran = run_command(command, b"");
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
    };
    // The key is in the variable, or in the file that it names.
    for variable in [("P1_GUEK_FILE", own.as_str()), ("P1_GUEK", OWN)] {
        let found = asked(&[&capture], Some(variable));
        assert_eq!(found["verdict"], "ok", "{found:#}");
        let printed = found["watch"].as_str().unwrap();
        let words: Vec<_> = printed.split(' ').skip(1).collect();
        let mut decode = command(&words);
        decode.envs([variable]);
        let ran = run_command(decode, b"");
        assert_eq!(ran.status, 0, "{printed}: {ran:?}");

        // No key of the user opens a capture of nobody.
        let found = asked(&[&anonymised], Some(variable));
        assert_eq!(found["verdict"], "wrong-key", "{found:#}");
        let (printed, step) =
            (found["watch"].as_str().unwrap(), found["next_step"].as_str().unwrap());
        assert!(printed.ends_with(" --key-file example"), "{printed}");
        assert!(step.contains("in a file such as example"), "{step}");
    }
    let found = asked(&["--key-file", &own, &anonymised], None);
    assert!(found["watch"].as_str().unwrap().ends_with(" --key-file example"), "{found:#}");

    // Others can read the arguments of a command: the key goes into a file.
    let found = asked(&["--key", OWN, &capture], None);
    let (printed, step) = (found["watch"].as_str().unwrap(), found["next_step"].as_str().unwrap());
    assert!(printed.ends_with(" --key-file guek"), "{printed}");
    assert!(step.contains("save the key in a file such as guek"), "{step}");
    assert!(!found.to_string().contains(OWN), "{found:#}");
}

#[test]
fn a_source_that_is_named_twice_is_a_mistake() {
    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let folder = Folder::new();
    let link = folder.path("by-id");
    symlink(node, &link).unwrap();
    let key = folder.write("key", KEY);
    let told = |ran: &crate::common::binary::Ran| {
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.err.contains("only one of them can read it"), "{ran:?}");
        assert!(ran.err.contains("a line for each"), "{ran:?}");
    };
    for (first, second) in
        [(node, node), (node, &*link), ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9")]
    {
        told(&run(&["watch", first, second], b""));
        let meter = |source: &str| format!("[[meter]]\nsource = '{source}'\nkey_file = '{key}'\n");
        let config = folder.write("config.toml", meter(first) + &meter(second));
        for arguments in
            [&["watch", "--config", &config][..], &["config", "check", "--config", &config]]
        {
            let ran = run(arguments, b"");
            told(&ran);
            assert!(ran.err.contains("line 5: source: "), "{ran:?}");
        }
    }
    let (_master, other) = terminal();
    let ran = run(&["watch", "--timeout", "1s", node, other.to_str().unwrap()], b"");
    assert_eq!(ran.status, 3, "{ran:?}");
    let ran = run(&["watch", "--once", "sim:", "sim:"], b"");
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn every_change_of_line_ends_is_named() {
    let of = |it: u8, change: &str| match (it, change) {
        (b'\r', "CR to CRLF") | (b'\n', "LF to CRLF") => vec![b'\r', b'\n'],
        (b'\r', "CR to LF") => vec![b'\n'],
        (b'\n', "LF to CR") => vec![b'\r'],
        _ => vec![it],
    };
    for (change, told) in [
        ("CR to CRLF", "0D comes as 0D 0A"),
        ("LF to CRLF", "0A comes as 0D 0A"),
        ("CR to LF", "0D never comes"),
        ("LF to CR", "0A never comes"),
    ] {
        for kind in [MeterKind::NetzNoeKaifa, MeterKind::KsmWest, MeterKind::NetzNoeSagemcom] {
            let octets = telegrams(kind, 12, None, None).concat();
            let changed: Vec<u8> = octets.iter().flat_map(|it| of(*it, change)).collect();
            let (_, found) = verdict_of_file(&changed, BOTH);
            assert_eq!(found["verdict"], "checksum", "{change} {}: {found:#}", kind.name());
            let evidence = found["evidence"].to_string();
            assert!(evidence.contains(told), "{change} {}: {evidence}", kind.name());
        }
    }
}

/// The situations that are played to a device, each with a part of what a run says about it.
const TOLD: [(&str, &str); 31] = [
    ("zeros", "all are 00: check that the adapter is made for the M-Bus"),
    ("levels", "nearly all are one of 00 78 80 F8"),
    ("8E1 as 8N1", "the line has 8E1 and is read with 8N1"),
    ("8E1 as 8N1, HDLC", "the line has 8E1 and is read with 8N1"),
    ("too fast", "check the baud rate"),
    ("noise", "check adapter, baud rate and parity"),
    ("small buffer", "octets are lost: a frame of 256 began, the next one after 104"),
    ("hdlc cut", "octets are lost: a frame of 274 began, the next one after 150"),
    ("styria cut", "octets are lost: of the 511 that were announced 256 came"),
    ("checksums", "single octets are damaged: check cable and contacts"),
    ("utf-8", "characters of UTF-8 in the place of octets"),
    ("telnet", "FF comes twice"),
    ("flow control", "11 and 13 never come"),
    ("no second frames", "ESPHome) to 1 s or more"),
    ("no first frames", "ESPHome) to 1 s or more"),
    ("hdlc flipped", "the HDLC frames are damaged"),
    ("d0", "D0 (IEC 62056-21)"),
    ("sml", "SML, the language of German meters"),
    ("radio", "wireless M-Bus (OMS)"),
    ("modbus", "Modbus RTU"),
    ("heat meter", "M-Bus data records"),
    ("requests", "a meter that waits for an answer"),
    ("log", "the octets are plain text"),
    ("compressed", "compressed telegrams, which is not read; report the meter's model"),
    ("no key", "no key was given: give it with --key-file"),
    ("no key, and that of the examples fits", "the published example key opens them"),
    ("wrong key", "compare the encryption key (GUEK) with the operator's portal"),
    ("swapped keys", "the two keys are swapped"),
    ("example key", "this is the published example key"),
    ("key of another title", "the key file names other meters"),
    ("wrong authentication key", "compare the authentication key (GAK)"),
];

/// The verdicts that have no octets of a device, or a test of their own.
const ELSEWHERE: [&str; 11] = [
    "ok",
    "no-device",
    "permission",
    "busy",
    "shared",
    "silent",
    "key-format",
    "no-title",
    "unknown-layout",
    "clock",
    "sink",
];

/// Plays a situation to each command. Returns what does not fit.
fn contradictions(situation: &Situation, told: &str) -> Vec<String> {
    let Situation { name, octets, keys, verdict, .. } = situation;
    let folder = Folder::new();
    let key = folder.write("key", keys);
    let with_key: &[&str] = if keys.is_empty() { &[] } else { &["--key-file", &key] };
    let feed = || {
        let octets = octets.clone();
        FedDevice::after(Duration::from_millis(300), move |_| octets.clone())
    };
    let mut wrong = vec![];
    let device = feed();
    let (_, found) = doctor(&[&["--time", "5s", device.node()], with_key].concat());
    drop(device);
    let is_of_line = Diagnosis::ALL.iter().any(|it| it.name() == *verdict && it.is_about_octets());
    // Where all settings are tried in vain, none is advised; and a text may be that of a device.
    let has_other_step = !is_of_line || ["noise", "too fast", "log"].contains(name);
    let step = found["next_step"].as_str().unwrap();
    if found["verdict"] != *verdict || !has_other_step && !step.contains(situation.next_step) {
        wrong.push(format!("{name}: {found:#}"));
    }
    let once = ["watch", "--format=json", "--once", "--timeout=3s"];
    let capture = ["capture", "--timeout=3s"];
    let mut runs = vec![[&["watch", "--format=json", "--timeout=3s"], with_key].concat()];
    runs.push([&once, with_key].concat());
    // Frames that are whole are all that a capture wants.
    if is_of_line && !["half", "other-protocol"].contains(verdict) && *name != "flow control" {
        runs.push(capture.to_vec());
    }
    for run in runs {
        let device = feed();
        let ran = run_command(command(&[&run[..], &[device.node()]].concat()), b"");
        let last = ran.err.lines().last().unwrap_or_default();
        let others = Diagnosis::ALL.iter().filter(|it| it.name() != *verdict);
        let other = others.map(|it| it.hint()).find(|it| !it.is_empty() && last.contains(it));
        if !last.contains(told) || other.is_some() || ![3, 4].contains(&ran.status) {
            wrong.push(format!("{name}: {run:?}: {other:?}: {ran:?}"));
        }
    }
    wrong
}

#[test]
fn every_command_names_the_same_cause() {
    let situations = situations();
    let played: Vec<_> = TOLD
        .iter()
        .map(|(name, told)| (situations.iter().find(|it| it.name == *name).unwrap(), *told))
        .collect();
    for diagnosis in Diagnosis::ALL {
        let is_played = played.iter().any(|(it, _)| it.verdict == diagnosis.name());
        assert_ne!(is_played, ELSEWHERE.contains(&diagnosis.name()), "{}", diagnosis.name());
    }
    let parts = played.chunks(played.len().div_ceil(8));
    let wrong: Vec<_> = thread::scope(|scope| {
        let play = |part: &[(&Situation, &str)]| {
            part.iter().flat_map(|(it, told)| contradictions(it, told)).collect::<Vec<_>>()
        };
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || play(part))).collect();
        threads.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_watch_that_goes_on_names_the_cause_of_damage() {
    for (name, told) in [
        ("styria cut in part", "octets are lost: of the 511 that were announced 256 came"),
        ("half of the telegrams", "ESPHome) to 1 s or more"),
        ("checksums of some", "single octets are damaged: check cable and contacts"),
        ("line feeds", "0A comes as 0D 0A"),
        ("carriage returns", "0D never comes"),
    ] {
        let situations = situations();
        let situation = situations.iter().find(|it| it.name == name).unwrap();
        let folder = Folder::new();
        let key = folder.write("key", situation.keys);
        let octets = situation.octets.clone();
        let device = FedDevice::after(Duration::from_millis(100), move |_| octets.clone());
        let arguments = ["watch", "--format=json", "--count=30", "--key-file", &key, device.node()];
        let ran = run_command(command(&arguments), b"");
        let named = ran.err.lines().filter(|line| line.contains(told)).count();
        assert_eq!((ran.status, named), (1, 1), "{name}: {ran:?}");
    }
}
