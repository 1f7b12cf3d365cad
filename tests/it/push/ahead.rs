//! A file that runs ahead of sinks that are slow or dead.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::common::{
    binary::{Running, signal},
    published::Folder,
};

use super::at_home;

const COUNT: u32 = 20_000;

fn input() -> String {
    (0..COUNT).map(|number| format!("{{\"meter\":\"1\",\"power_net_w\":{number}}}\n")).collect()
}

#[test]
fn a_file_does_not_wait_for_a_sink_that_is_stuck() {
    let folder = Folder::new();
    folder.write("stuck", "trap '' TERM; while :; do sleep 1; done\n");
    folder.write("slow", "while read -r line; do echo \"$line\" >> slow.out; sleep 1; done\n");
    // The system accepts connections for a listener, and no program answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (all, input) = (folder.path("all"), input());
    let path = folder.write("in.jsonl", &input);
    let to = [
        "exec:sh?args=stuck&guard=false".to_owned(),
        "exec:bash?args=slow&guard=false".to_owned(),
        format!("webhook+http://{silent}?guard=false"),
        format!("mqtt://{silent}?guard=false"),
        format!("udp://{closed}?guard=false"),
        "file:all?guard=false".to_owned(),
    ];
    for from in ["file", "pipe"] {
        let _ = fs::remove_file(&all);
        let mut args: Vec<_> = to.iter().flat_map(|to| ["--to", to]).collect();
        args.splice(0..0, ["publish", "-v"]);
        let mut command = at_home(&folder, &args);
        match from {
            "file" => command.arg(&path),
            _ => command.stdin(Stdio::piped()),
        };
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let since = Instant::now();
        let mut running = Running(command.spawn().unwrap());
        if let Some(mut stdin) = running.0.stdin.take() {
            std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
        }
        while fs::read_to_string(&all).unwrap_or_default() != input {
            assert!(since.elapsed() < Duration::from_secs(9), "{from}: the file is late");
            std::thread::sleep(Duration::from_millis(20));
        }
        // The slow program works, so it would get all the time that it needs.
        signal(&running.0, Signal::TERM);
        let ran = running.ended();
        assert!(since.elapsed() < Duration::from_secs(25), "{from}: {:?}", since.elapsed());
        assert_eq!(ran.status, 6, "{from}: {}", ran.err);
        for said in [
            format!("exec:sh: {COUNT} readings not stored"),
            format!("exec:sh: {COUNT} readings: 0 stored, 0 on the disk, {COUNT} lost"),
            format!("webhook+http://{silent}: {COUNT} readings not stored"),
            format!("mqtt://{silent}: {COUNT} readings not stored"),
            format!("udp://{closed}: no program receives datagrams"),
            format!("file:all: {COUNT} readings: {COUNT} stored, 0 on the disk, 0 lost"),
        ] {
            assert!(ran.err.contains(&said), "{from}: {said} is not in {}", ran.err);
        }
        let slow = fs::read_to_string(folder.path("slow.out")).unwrap();
        assert!(input.starts_with(slow.trim_end()), "in order: {slow}");
        fs::remove_file(folder.path("slow.out")).unwrap();
    }
    drop(listener);
}

#[test]
fn a_run_that_does_not_come_to_its_end_says_what_is_not_stored() {
    let folder = Folder::new();
    folder.write("stuck", "while :; do sleep 1; done\n");
    let (key, to) = (folder.key(), "--to=exec:sh?args=stuck&guard=false");
    let mut command = at_home(&folder, &["watch", "sim:", "--key-file", &key, to]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    std::thread::sleep(Duration::from_secs(2));
    // The key is read again, from a pipe that nobody writes.
    fs::remove_file(&key).unwrap();
    assert!(Command::new("mkfifo").arg(&key).status().unwrap().success());
    signal(&running.0, Signal::HUP);
    std::thread::sleep(Duration::from_millis(500));
    signal(&running.0, Signal::TERM);
    std::thread::sleep(Duration::from_millis(1500));
    signal(&running.0, Signal::TERM);
    // The program holds standard error, too.
    let mut err = String::new();
    let mut stderr = running.0.stderr.take().unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(143));
    std::io::Read::read_to_string(&mut stderr, &mut err).unwrap();
    let name = "meterpipe watch: ";
    let first = format!("{name}the run does not come to its end, and is ended\n{name}exec:sh: ");
    assert!(err.contains(&first) && err.ends_with(" not stored\n"), "{err}");
}
