//! Tells the binary which commit it is built from, and for which target: `meterpipe --version`, and
//! the metrics.
//!
//! The commit and its date come from the variable `METERPIPE_COMMIT` (`1a2b3c4d5 2026-11-28`), else from
//! git, else from nowhere: a crate and a tar ball are built without both. A debug build does not ask git,
//! because its answer would compile the package again after every commit.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=METERPIPE_COMMIT");
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    let given = env::var("METERPIPE_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(commit).unwrap_or_default();
    let build = match commit.as_str() {
        "" => target.clone(),
        commit => format!("{commit}, {target}"),
    };
    println!("cargo:rustc-env=METERPIPE_BUILD={build}");
    let hash = commit.split(' ').next().unwrap_or_default();
    println!("cargo:rustc-env=METERPIPE_BUILD_COMMIT={hash}");
    println!("cargo:rustc-env=METERPIPE_BUILD_TARGET={target}");
}

/// The commit of a release build, with a `+` if the sources differ from it.
fn commit() -> Option<String> {
    // An unpacked crate may lie in a repository that is not its own.
    let own = Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).join(".git").exists();
    if !own || env::var("PROFILE").ok()? != "release" {
        return None;
    }
    let sources = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];
    let commit = git(&["log", "-1", "--abbrev=9", "--format=%h %cs"])?;
    let changed = git(&[&["status", "--porcelain", "--"], &sources[..]].concat())?;
    // Every commit and checkout adds a line to this log.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    for path in [&sources[..], &[&log]].concat().iter().filter(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={path}");
    }
    let (hash, date) = commit.split_once(' ')?;
    Some(format!("{hash}{} {date}", if changed.is_empty() { "" } else { "+" }))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("--no-optional-locks").args(arguments).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    Some(String::from_utf8(text).ok()?.trim().to_owned())
}
