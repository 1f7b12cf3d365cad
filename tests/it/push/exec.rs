//! `exec:PROGRAM` with real programs.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::common::{
    binary::{Running, run_command, signal, wait_for},
    published::{Folder, READING},
    secrets::CANARY,
    sinks::refused,
};

use super::{asked, at_home, publish, readings};

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path(name)).unwrap_or_default()
}

/// True while a process runs.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_program_gets_the_lines_of_each_format() {
    let (folder, input) = (Folder::new(), readings("40"));
    let to = |options: &str| format!("--to=exec:sh?args=-c,cat >> out&{options}");
    for (options, expected) in
        [("", input.clone()), ("every=1h", input.lines().next().unwrap().to_owned() + "\n")]
    {
        let ran = publish(&folder, &[&to(options)], &input);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert_eq!(read(&folder, "out"), expected);
        fs::remove_file(folder.path("out")).unwrap();
    }
    let ran = publish(&folder, &["-v", &to("")], &input);
    let account = "exec:sh: 40 readings: 40 stored, 0 on the disk, 0 lost\n";
    assert!(ran.err.contains(account), "{}", ran.err);
    fs::remove_file(folder.path("out")).unwrap();
    let ran = publish(&folder, &[&to("format=csv&fields=meter,power_net_w&guard=false")], READING);
    assert_eq!(
        (ran.status, read(&folder, "out").as_str()),
        (0, "meter,power_net_w\n181220000009,0\n")
    );
    fs::remove_file(folder.path("out")).unwrap();
    publish(&folder, &[&to("format=lines&fields=energy_import_wh&guard=false")], READING);
    let line = "2021-09-27T09:47:15+02:00\t181220000009\t1-0:1.8.0\tenergy_import_wh\t12937\tWh\n";
    assert_eq!(read(&folder, "out"), line);
}

#[test]
fn a_configuration_lists_arguments_with_any_character() {
    let folder = Folder::new();
    let config = concat!(
        "[[sink]]\nto = \"exec:sh\"\nguard = false\n",
        "args = ['-c', 'printf \"%s|\" \"$@\" > args; cat > out', 'sh', 'a,b', 'c\\', '', 'd e']\n",
        "[sink.env]\nMORE = \"yes\"\n"
    );
    let path = folder.write("config.toml", config);
    let ran = publish(&folder, &["--config", &path], READING);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(
        (read(&folder, "args").as_str(), read(&folder, "out").as_str()),
        ("a,b|c\\||d e|", READING)
    );
    let shown = run_command(at_home(&folder, &["config", "show", "--config", &path]), b"").out;
    assert!(
        shown.contains("env.MORE = \"…\"") || shown.contains("\"env.MORE\" = \"…\""),
        "{shown}"
    );
    let again = folder.write("again.toml", shown.replace("\"…\"", "\"yes\""));
    fs::remove_file(folder.path("args")).unwrap();
    publish(&folder, &["--config", &again], READING);
    assert_eq!(read(&folder, "args"), "a,b|c\\||d e|");
}

#[test]
fn the_program_gets_no_secret_and_no_open_file() {
    let folder = Folder::new();
    folder.write("script", "env > env; ls /proc/$$/fd > fds; cat > out\n");
    let args =
        ["publish", "--to=exec:sh?args=script&guard=false&env.TOKEN_FILE=/x", "--to=file:all"];
    let mut command = at_home(&folder, &args);
    for name in ["P1_GUEK", "P1_GAK", "METERPIPE_KEY", "MQTT_PASS", "INFLUX_TOKEN", "WHATEVER"] {
        command.env(name, CANARY);
    }
    command.env("CREDENTIALS_DIRECTORY", folder.0.path()).env("NOTIFY_SOCKET", "@canary");
    command.env("STATE_DIRECTORY", folder.0.path()).env("LC_ALL", "C");
    let ran = run_command(command, READING.as_bytes());
    assert_eq!((ran.status, read(&folder, "out").as_str()), (0, READING), "{}", ran.err);
    let env = read(&folder, "env");
    let mut names: Vec<_> = env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell adds these.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["LC_ALL", "PATH", "STATE_DIRECTORY", "TOKEN_FILE"], "{env}");
    let fds = || read(&folder, "fds").lines().count();
    let passed = fds();
    // This process may have open files that it passes on to all its children.
    let mut shell = Command::new("sh");
    shell.arg("script").current_dir(folder.0.path()).stdin(Stdio::null());
    assert!(shell.status().unwrap().success());
    assert_eq!(passed, fds());
}

#[test]
fn a_program_that_is_killed_comes_back_and_ends_with_the_run() {
    let folder = Folder::new();
    folder.write("script", "echo $$ >> pids; echo hello >&2; exec cat >> out\n");
    let args = ["watch", "sim:", "--to=exec:sh?args=script&guard=false", "--count=5"];
    let mut command = at_home(&folder, &args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let running = Running(command.spawn().unwrap());
    let pids = || read(&folder, "pids").lines().map(str::to_owned).collect::<Vec<_>>();
    wait_for("a line", || read(&folder, "out").lines().count() == 1);
    let first = pids().remove(0);
    let pid = rustix::process::Pid::from_raw(first.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    wait_for("another program", || pids().len() == 2);
    wait_for("another line", || read(&folder, "out").lines().count() == 2);
    signal(&running.0, Signal::TERM);
    let ran = running.ended();
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(pids().iter().all(|pid| !runs(pid)));
    let said: Vec<_> = ran.err.lines().collect();
    let name = "meterpipe watch: exec:sh: ";
    assert_eq!(
        said,
        [
            format!("{name}the program says: hello"),
            format!("{name}sh was ended by signal 9; starting it again, every 60 s at most"),
            format!("{name}the program says: hello"),
        ]
    );
}

#[test]
fn a_program_that_ends_well_has_got_what_it_has_read() {
    let folder = Folder::new();
    let account = |to: &str, count: &str| {
        let to = format!("--to={to}&guard=false&retry=1h");
        let ran = publish(&folder, &["-v", &to], &readings(count));
        let account = ran.err.lines().find(|line| line.contains(" on the disk, ")).unwrap();
        (ran.status, account.rsplit_once("readings: ").unwrap().1.to_owned())
    };
    let nothing = account("exec:true?args=", "3");
    assert_eq!(nothing, (6, "0 stored, 0 on the disk, 3 lost".to_owned()));
    // Each start takes one line; a shell reads its input octet by octet.
    let (status, found) = account("exec:sh?args=-c,read a; echo >> got", "10");
    let got = read(&folder, "got").lines().count();
    assert_eq!((status, found), (6, format!("{got} stored, 0 on the disk, {} lost", 10 - got)));
}

#[test]
fn a_signal_ends_a_file_that_waits_for_a_slow_program() {
    let folder = Folder::new();
    folder.write("slow", "while read -r -n 1 a || :; do echo >> read; sleep 0.2; done\n");
    let input = readings("3000");
    let path = folder.write("all.jsonl", &input);
    let args = ["publish", "--to=exec:bash?args=slow&guard=false", "-v", &path];
    let mut command = at_home(&folder, &args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let running = Running(command.spawn().unwrap());
    wait_for("an octet is read", || !read(&folder, "read").is_empty());
    signal(&running.0, Signal::TERM);
    let ran = running.ended();
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.contains(" readings not stored"), "{}", ran.err);
}

#[test]
fn a_program_that_reads_nothing_holds_up_no_other_sink() {
    let folder = Folder::new();
    folder.write("stuck", "trap '' TERM; echo $$ > pid; while :; do sleep 1; done\n");
    let args =
        ["watch", "sim:", "--to=exec:sh?args=stuck&guard=false", "--to=file:all?guard=false"];
    let mut command = at_home(&folder, &args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let running = Running(command.spawn().unwrap());
    wait_for("two lines", || read(&folder, "all").lines().count() >= 2);
    let pid = read(&folder, "pid");
    assert!(runs(&pid));
    signal(&running.0, Signal::TERM);
    let since = Instant::now();
    let ran = running.ended();
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.contains("exec:sh: sh does not end: it gets SIGTERM"), "{}", ran.err);
    let count = read(&folder, "all").lines().count();
    assert!(ran.err.contains(&format!("exec:sh: {count} readings not stored")), "{}", ran.err);
    assert!(!runs(&pid), "it was killed");
}

#[test]
fn the_words_of_a_program_are_few_and_take_no_memory() {
    let folder = Folder::new();
    // Endless lines, then a line without end, then the readings.
    folder.write(
        "script",
        "yes | head -c 100000000 >&2; head -c 100000000 /dev/zero >&2; echo >&2; exec cat > out\n",
    );
    let args = ["publish", "--to=exec:sh?args=script&guard=false"];
    let mut command = at_home(&folder, &args);
    command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    let mut stdin = running.0.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, READING.as_bytes()).unwrap();
    wait_for("the line", || read(&folder, "out") == READING);
    let status = fs::read_to_string(format!("/proc/{}/status", running.0.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 100_000, "{peak} kB");
    drop(stdin);
    let ran = running.ended();
    assert_eq!(ran.status, 0);
    // Ten at a time, and how many more there were: a slow machine needs longer, and says ten again.
    assert!((11..100).contains(&ran.err.lines().count()), "{}", ran.err);
    assert!(ran.err.contains(" more lines\n"), "{}", ran.err);
}

#[test]
fn asking_and_showing_start_nothing() {
    let folder = Folder::new();
    let script = folder.write("program", "#!/bin/sh\ntouch started\n");
    let (dry, check) = asked(&folder, "exec:program", "?guard=false");
    assert!(dry.out.contains("exec:program\texec:program\t{\"schema\":1,"), "{}", dry.out);
    assert!(
        check.out.contains("exec:program: program: no folder of PATH has such a program")
            || check.err.contains("no folder of PATH"),
        "{check:?}"
    );
    let (_, check) = asked(&folder, &format!("exec:{script}"), "");
    assert!(format!("{check:?}").contains("not executable: chmod +x"), "{check:?}");
    let (_, check) = asked(&folder, "exec:sh", "");
    assert!(check.out.contains("/sh, not started\n") && check.status == 0, "{check:?}");
    assert!(!Path::new(&folder.path("started")).exists());
}

#[test]
fn two_sinks_may_use_one_program() {
    let folder = Folder::new();
    let to = |name: &str| format!("--to=exec:sh?guard=false&args=-c,cat > {name}");
    let ran = publish(&folder, &[&to("a"), &to("b")], READING);
    assert_eq!(
        (ran.status, read(&folder, "a").as_str(), read(&folder, "b").as_str()),
        (0, READING, READING)
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (uri, part) in [
        ("exec:", "a program expected, as in exec:/usr/bin/sqlite3"),
        ("exec://h/x", "a program expected"),
        ("exec:x?format=xml", "format: json, csv or lines expected"),
        ("exec:x?args=a%00b", "an argument has no NUL"),
        ("exec:x?env.a%3db=c", "env.a=b: not a variable"),
        ("exec:x?env=c", "env: a table is expected, as in env.NAME=VALUE"),
    ] {
        assert!(refused(uri).contains(part), "{uri}: {}", refused(uri));
    }
}
