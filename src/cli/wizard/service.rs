//! The service of systemd, if it is installed and this user may start it; and a service that holds the port
//! of the meter during the test.

#![expect(clippy::disallowed_types, reason = "systemctl gets the name of a unit, and no secret")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use crate::cli::run::status::{Status, Stop};
use meterpipe::file_error;

/// The unit of the package.
const UNIT: &str = "meterpipe.service";

/// True if systemd runs, knows the unit and listens to this user.
pub fn is_there() -> bool {
    rustix::process::geteuid().is_root()
        && Path::new("/run/systemd/system").exists()
        && systemctl(&["cat", UNIT]).is_ok()
}

/// Starts the service now and at each boot; a running one starts again with the new configuration. Returns
/// its status.
///
/// # Errors
/// systemd refuses.
pub fn enable() -> Result<String, Stop> {
    systemctl(&["enable", UNIT])?;
    systemctl(&["restart", UNIT])?;
    STOPPED.lock().unwrap_or_else(PoisonError::into_inner).take_if(|unit| unit == UNIT);
    systemctl(&["show", "--property=StatusText", "--value", UNIT])
}

/// The unit that was stopped for the test.
static STOPPED: Mutex<Option<String>> = Mutex::new(None);

/// The unit of meterpipe that a process belongs to.
pub fn unit_of(pid: u32) -> Option<String> {
    unit_in(&fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?).map(str::to_owned)
}

fn unit_in(groups: &str) -> Option<&str> {
    let mut parts = groups.lines().flat_map(|line| line.split('/'));
    parts.find(|part| part.starts_with("meterpipe") && part.ends_with(".service"))
}

/// Stops a unit until [`start_again`].
///
/// # Errors
/// systemd refuses.
pub fn stop(unit: String) -> Result<(), Stop> {
    systemctl(&["stop", &unit])?;
    *STOPPED.lock().unwrap_or_else(PoisonError::into_inner) = Some(unit);
    Ok(())
}

/// Starts the unit that was stopped, if there is one, and does not wait for its first telegram. Returns its
/// name.
///
/// # Errors
/// systemd refuses.
pub fn start_again() -> Result<Option<String>, Stop> {
    let stopped = STOPPED.lock().unwrap_or_else(PoisonError::into_inner).take();
    let started =
        stopped.iter().try_for_each(|unit| systemctl(&["start", "--no-block", unit]).map(|_| ()));
    started.map(|()| stopped)
}

fn systemctl(args: &[&str]) -> Result<String, Stop> {
    let mut command = Command::new("systemctl");
    command.args(args).stdin(Stdio::null());
    let name = format!("systemctl {}", args.join(" "));
    let failed = |text: String| Stop::Failed(Status::Output, format!("{name}: {text}"));
    let output = command.output().map_err(|error| failed(file_error::plain(&error)))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_stands_in_the_groups_of_its_processes() {
        for (groups, unit) in [
            ("0::/system.slice/meterpipe.service\n", Some("meterpipe.service")),
            (
                "0::/system.slice/system-meterpipe.slice/meterpipe@house.service\n",
                Some("meterpipe@house.service"),
            ),
            ("1:name=systemd:/system.slice/meterpipe.service\n0::/\n", Some("meterpipe.service")),
            ("0::/user.slice/user-0.slice/session-1.scope\n", None),
            ("0::/system.slice/cron.service\n", None),
            ("", None),
        ] {
            assert_eq!(unit_in(groups), unit, "{groups}");
        }
    }
}
