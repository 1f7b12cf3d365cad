//! A secret from any source reaches its server and nobody else: no message shows it, nor
//! does the list of processes. (clippy.toml forbids starting other programs.)

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use crate::common::binary::{Ran, Running, command, ran, run_command, signal, wait_for};
use crate::common::published::KEY;
use crate::common::secrets::{CANARY, open};
use crate::common::terminal::terminal;
use rustix::process::Signal;
use tempfile::TempDir;

/// A broker that refuses every client, and hands on the octets that it received.
fn broker() -> (u16, Receiver<String>) {
    serve(&[0x20, 3, 0, 0x86, 0])
}

/// A database that refuses every client and repeats the token in its answer.
fn database() -> (u16, Receiver<String>) {
    let body = format!("{{\"message\":\"no such token: {CANARY}-token\"}}");
    let head = format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\n\r\n", body.len());
    serve(format!("{head}{body}").as_bytes())
}

fn serve(answer: &[u8]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((sender, receiver), answer) = (channel(), answer.to_vec());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut octets) = (stream.unwrap(), [0; 4096]);
            let size = stream.read(&mut octets).unwrap_or_default();
            let _ = stream.write_all(&answer);
            if sender.send(String::from_utf8_lossy(&octets[..size]).into_owned()).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

/// A home with the secrets in files, and a configuration.
fn home(config: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in [("mqtt_password", "password"), ("influx_token", "token")] {
        fs::write(home.path().join(name), format!("{CANARY}-{text}\n")).unwrap();
    }
    fs::create_dir(home.path().join("meterpipe")).unwrap();
    fs::write(home.path().join("meterpipe/config.toml"), config).unwrap();
    home
}

fn at(home: &TempDir, args: &[&str], variables: &[(&str, String)]) -> Command {
    let mut command = command(args);
    command.current_dir(home).env("XDG_CONFIG_HOME", home.path());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// A run that is ended once both servers have refused it.
fn refused(mut watch: Command) -> Ran {
    watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(watch.spawn().unwrap());
    let (out, mut err) = (running.0.stdout.take(), running.0.stderr.take().unwrap());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut octets = [0; 4096];
        while let Ok(size @ 1..) = err.read(&mut octets) {
            let _ = sender.send(octets[..size].to_vec());
        }
    });
    let mut text = Vec::new();
    wait_for("two refusals", || {
        text.extend(receiver.try_iter().flatten());
        let text = String::from_utf8_lossy(&text);
        text.contains("refuses user meter") && text.contains("does not accept the token: 401")
    });
    let mine = fs::read(format!("/proc/{}/cmdline", running.0.id())).unwrap();
    open(String::from_utf8_lossy(&mine).into_owned());
    assert!(!mine.is_empty());
    signal(&running.0, Signal::TERM);
    let status = running.0.wait().unwrap();
    text.extend(receiver.iter().flatten());
    let mut stdout = Vec::new();
    out.unwrap().read_to_end(&mut stdout).unwrap();
    ran(std::process::Output { status, stdout, stderr: text })
}

#[test]
fn a_secret_reaches_its_server_from_wherever_it_comes_and_nobody_else() {
    let (inline, files) = (
        format!("password = \"{CANARY}-password\"\n"),
        "password_file = \"mqtt_password\"\n".to_owned(),
    );
    let (token, token_file) =
        (format!("token = \"{CANARY}-token\"\n"), "token_file = \"influx_token\"\n".to_owned());
    let word = |text: &str| format!("{CANARY}-{text}");
    let none: &[(&str, String)] = &[];
    let plain: &[_] = &[("MQTT_PASS", word("password")), ("INFLUX_TOKEN", word("token"))];
    let named: &[_] = &[
        ("METERPIPE_MQTT_PASSWORD_FILE", "mqtt_password".to_owned()),
        ("INFLUX_TOKEN_FILE", "influx_token".to_owned()),
    ];
    let systemd: &[_] = &[("CREDENTIALS_DIRECTORY", ".".to_owned())];
    // A unit gives blank credentials where there are none.
    let blank: &[_] = &[&[("CREDENTIALS_DIRECTORY", "blank".to_owned())], plain].concat();
    let hand = |mqtt: &str, influx: &str, variables: &[(&str, String)]| {
        let ((mqtt_port, connect), (influx_port, request)) = (broker(), database());
        let home = home(&format!(
            "[[meter]]\nsource = \"sim:\"\n\n\
             [[sink]]\nto = \"mqtt://127.0.0.1:{mqtt_port}\"\nuser = \"meter\"\n{mqtt}\n\
             [[sink]]\nto = \"influxdb://127.0.0.1:{influx_port}\"\nbucket = \"b\"\norg = \"o\"\n\
             flush = \"0\"\n{influx}"
        ));
        fs::create_dir(home.path().join("blank")).unwrap();
        for name in ["mqtt_password", "influx_token"] {
            fs::write(home.path().join("blank").join(name), "\n").unwrap();
        }
        let ran = refused(at(&home, &["watch", "-v"], variables));
        assert_eq!(ran.status, 6, "{}", ran.err);
        assert!(connect.recv().unwrap().contains(&word("password")), "{variables:?}");
        assert!(request.recv().unwrap().contains(&format!("Token {CANARY}-token")));
        for action in ["show", "check"] {
            let ran = run_command(at(&home, &["config", action], variables), b"");
            assert_eq!(ran.status, 0, "{}", ran.err);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| hand(&inline, &token, none));
        scope.spawn(|| hand(&files, &token_file, none));
        // A unit may pass files as credentials that it cannot read itself.
        scope.spawn(|| {
            let unreadable = |file: &str| file.replace("= \"", "= \"/etc/meterpipe/none/");
            hand(&unreadable(&files), &unreadable(&token_file), systemd);
        });
        for variables in [plain, named, systemd, blank] {
            scope.spawn(|| hand("", "", variables));
        }
    });
}

#[test]
fn mistakes_are_reported_without_the_secret_that_stands_beside_them() {
    let secret = format!("password = \"{CANARY}\"");
    for (text, message) in [
        (format!("to = \"mqtt://u:{CANARY}@h:x\""), "x is no port"),
        (format!("to = \"mqtt://u:{CANARY}%@h\""), "a % that is no escape"),
        (format!("to = \"mqtt://u:{CANARY}\""), "not followed by a port"),
        (format!("to = \"mqtt://u:{CANARY}/x@h\""), "write %2f for /"),
        (format!("to = \"mqtt://u:x?{CANARY}@h\""), "%3f for ?"),
        (format!("to = \"mqtt:u:{CANARY}@h\""), "a broker is written as mqtt://HOST"),
        (format!("to = \"mqtt:/u:{CANARY}@h\""), "a broker is written as mqtt://HOST"),
        (format!("to = \"u:{CANARY}@h\""), "no sink is called u"),
        (format!("to = \"u-{CANARY}@h\""), "h: a sink is written as"),
        (format!("to = \"mqtt://h\"\n{secret}"), "of which user? say user"),
        (format!("to = \"mqtt://h\"\nuser = \"u\"\n{secret}\nqos = 7"), "qos: 0 or 1 expected"),
        (format!("to = \"mqtt://h\"\n{secret}\npassword_file = \"a\""), "one of the two"),
        (
            format!("to = \"mqtt://h\"\nuser = \"u\"\npassword_file = \"{CANARY}\""),
            "not the secret",
        ),
        (format!("to = \"influxdb://h\"\nbucket = \"b\"\ntoken_file = \"{CANARY}/x\""), "no such"),
        (format!("to = \"mqtt://h\"\npasword = \"{CANARY}\""), "did you mean password?"),
        (format!("to = \"influxdb://h\"\nbucket = \"b\"\ntoken = \"{CANARY}\\n\""), "the token"),
        (format!("to = \"mqtt://h\"\npassword = [\"{CANARY}\"]\n{secret}"), ""),
        (format!("to = \"mqtt://h\"\npassword = \"{CANARY}\nqos = 1"), "line "),
        (format!("to = \"mqtt://h\"\n\"password: a {CANARY}\" = 1"), "nothing is called"),
        (format!("to = \"file:x\"\nformat = \"token: a {CANARY}\""), "format: json or csv"),
        (format!("to = \"file:x\"\nkeep = \"token = a {CANARY}\""), "keep"),
        (format!("to = \"file:x\"\n[\"token: a {CANARY}\"]"), "nothing is called"),
    ] {
        let home = home(&format!("[[sink]]\n{text}\n"));
        let ran = run_command(at(&home, &["config", "check"], &[]), b"");
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains(message), "{message}: {}", ran.err);
    }
}

#[test]
fn what_is_shown_of_a_configuration_is_known_not_to_be_a_secret() {
    let shown = |text: &str| {
        let home = home(&format!("[[sink]]\nto = \"mqtt://h\"\n{text}\n"));
        let ran = run_command(at(&home, &["config", "show"], &[]), b"");
        assert_eq!((ran.status, &*ran.err), (0, ""));
        ran.out.lines().last().unwrap().to_owned()
    };
    for key in ["passwort", "pass", "Token", "password", "password_file", "secret.a", "key"] {
        assert_eq!(shown(&format!("{key} = \"{CANARY}\"")), format!("{key} = \"…\""));
    }
    assert_eq!(shown("password_file = \"/etc/no\""), "password_file = \"/etc/no\"");
    // A key in the place of its file: the output is searched for it, as always.
    assert_eq!(shown(&format!("[[meter]]\nkey_file = \"{KEY}\"")), "to = \"mqtt://h\"");
}

#[test]
fn no_message_repeats_a_secret_however_it_was_typed() {
    for text in [
        "mqtt://h&password=TYPED",
        "mqtt//h?password=TYPED",
        "mqtt//h&password=TYPED",
        "mqtt://h/x&token:TYPED",
        "influx:h?token:TYPED",
        "mqtt://h:password=TYPED",
        "mqtt://u@h:password=TYPED",
        "nonesuch://h?api_key=TYPED&qos=7",
        "file:/nonexistent/x&token=TYPED",
        "prometheus://h?password=TYPED",
        "--password=TYPED",
        "password=TYPED",
        "password: TYPED",
        "mqtt://h password: TYPED",
        "file:/nonexistent/x&token: TYPED",
        "password: two words, TYPED",
    ] {
        for args in [
            &["watch", "--count", "1", "sim:", "--to", text][..],
            &["publish", "--to", text],
            &["watch", "--once", text],
            &["capture", text],
            &["decode", text],
            &["watch", "--config", text],
            &["decode", "--key-file", text],
            &["decode", "--format", text],
            &[text],
        ] {
            let mut command = command(args);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let ran = ran(command.output().unwrap());
            assert!(!ran.err.contains("TYPED"), "{args:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_process_with_a_key_leaves_no_memory_behind() {
    let mut watch = command(&["watch", "--format", "json", "sim:"]);
    watch.env("P1_GUEK", "00".repeat(16)).stdout(Stdio::piped()).stderr(Stdio::null());
    // The files of a process of root belong to root, whatever it holds.
    if rustix::process::getuid().is_root() {
        watch.uid(65534).gid(65534);
    }
    let mut watch = Running(watch.spawn().unwrap());
    let mut first = [0];
    watch.0.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let folder = format!("/proc/{}", watch.0.id());
    let limits = fs::read_to_string(format!("{folder}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    assert_eq!(fs::metadata(format!("{folder}/mem")).unwrap().uid(), 0, "not dumpable");
}

#[test]
fn a_process_with_a_key_is_named_as_the_holder_of_a_device() {
    let (_master, node) = terminal();
    fs::set_permissions(&node, fs::Permissions::from_mode(0o666)).unwrap();
    let on_device = |args: &[&str]| {
        let mut command = command(args);
        command.arg(&node).stdin(Stdio::null()).stderr(Stdio::piped());
        // Root may look into every process.
        if rustix::process::getuid().is_root() {
            command.uid(65534).gid(65534);
        }
        command
    };
    let mut watch = on_device(&["watch", "--format", "json"]);
    let mut watch = Running(watch.env("P1_GUEK", "00".repeat(16)).spawn().unwrap());
    // Its first message comes once the device is open.
    watch.0.stderr.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let ran = ran(on_device(&["capture", "--once"]).output().unwrap());
    let message = format!("in use by meterpipe[{}]", watch.0.id());
    assert_eq!((ran.status, ran.err.contains(&message)), (5, true), "{}", ran.err);
}

#[test]
fn a_recording_is_private_and_an_open_configuration_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let record = folder.path().join("records");
    let ran = run_command(
        command(&["watch", "--count", "1", "--record", record.to_str().unwrap(), "sim:"]),
        b"",
    );
    assert_eq!((ran.status, mode(&record)), (0, 0o600), "{}", ran.err);
    let home = home("[[sink]]\nto = 'mqtt://h'\nuser = 'a'\npassword = 'b'\n");
    let config = home.path().join("meterpipe/config.toml");
    for (rights, warns) in [(0o644, true), (0o640, true), (0o600, false)] {
        fs::set_permissions(&config, fs::Permissions::from_mode(rights)).unwrap();
        let ran = run_command(at(&home, &["config", "check"], &[]), b"");
        let said = ran.err.contains("others can read the secrets in it; chmod 600");
        assert_eq!((ran.status, said), (0, warns), "{}", ran.err);
    }
}

#[test]
fn a_key_given_as_the_input_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    let spaced: Vec<String> =
        KEY.as_bytes().chunks(2).map(|it| it.escape_ascii().to_string()).collect();
    let spaced = spaced.join(" ");
    let telegram = crate::common::published::DUMP;
    for (text, is_key_file) in [
        (format!("{KEY}\n"), true),
        (KEY.to_owned(), true),
        (format!("{spaced}\n"), true),
        (format!("GUEK: {KEY}\n"), true),
        (format!("Zähler: 181220000009\nSchlüssel: {KEY}\n"), true),
        (format!("181220000009 {spaced}\n"), true),
        (format!("{KEY}\n{KEY}\n"), true),
        (format!("{KEY}\n{telegram}\n"), false),
        (format!("Mein Key:\n\n{spaced}\n\nund das Telegramm:\n{telegram}\n"), false),
    ] {
        fs::write(&path, &text).unwrap();
        for command in [
            &["doctor"][..],
            &["doctor", "--format", "json"],
            &["explain"],
            &["explain", "--format", "json"],
            &["decode"],
            &["decrypt"],
            &["unframe"],
        ] {
            let ran =
                crate::common::binary::run(&[command, &[path.to_str().unwrap()]].concat(), b"");
            let shown = format!("{}{}", ran.out, ran.err).to_lowercase();
            let digits: String = shown.chars().filter(char::is_ascii_hexdigit).collect();
            let key = KEY.to_lowercase();
            assert!(
                !digits.contains(&key[..16]) && !digits.contains(&key[16..]),
                "{command:?} {text}: {shown}"
            );
            let named = shown.contains("key file") && shown.contains("--key-file");
            assert!(named || !is_key_file, "{command:?} {text}: {shown}");
        }
    }
}
