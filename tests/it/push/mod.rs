//! The sinks that push to others: datagrams, programs, webhooks. Their peers are slow, dead, or lie.

mod ahead;
mod exec;
mod recipes;
mod udp;
mod webhook;

use std::process::Command;

use crate::common::{
    binary::{Ran, command, run, run_command},
    published::{Folder, KEY},
};

/// A number of readings of a virtual meter, a line each.
fn readings(count: &str) -> String {
    let start = "2026-06-21T12:00:00+02:00";
    let wire = run(&["simulate", "--count", count, "--start", start], b"");
    let mut decode = command(&["decode"]);
    decode.env("P1_GUEK", KEY);
    let ran = run_command(decode, wire.out.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    ran.out
}

/// A command that finds no configuration and no state but ours.
fn at_home(folder: &Folder, args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("XDG_CONFIG_HOME", folder.0.path()).current_dir(folder.0.path());
    command
}

fn publish(folder: &Folder, args: &[&str], input: &str) -> Ran {
    run_command(at_home(folder, &[&["publish"], args].concat()), input.as_bytes())
}

/// The answers of `watch --dry-run` and `config check --online` about a sink.
fn asked(folder: &Folder, sink: &str, options: &str) -> (Ran, Ran) {
    let to = format!("--to={sink}{options}");
    let dry = ["watch", "sim:", "--count=1", "--dry-run", &to];
    let dry = run_command(at_home(folder, &dry), b"");
    let config = format!("[[meter]]\nsource = \"sim:\"\n[[sink]]\nto = \"{sink}{options}\"\n");
    let path = folder.write("asked.toml", config);
    let check = ["config", "check", "--online", "--config", &path];
    (dry, run_command(at_home(folder, &check), b""))
}
