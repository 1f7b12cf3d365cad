//! Programs that a test needs and a machine may not have.

use std::process::{Command, Stdio};

/// Runs `test` with a program. If the program is missing, the test fails in CI (`CI=true`, which
/// `tests/run` sets) and prints a line elsewhere.
pub(crate) fn need(program: &str, mut test: impl FnMut(Command)) {
    let there = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if there.is_ok() {
        return test(Command::new(program));
    }
    let all = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!all, "{program} is missing: tests/run installs it");
    println!("not run: {program} is missing; tests/run installs it");
}
