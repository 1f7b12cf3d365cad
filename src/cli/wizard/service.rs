//! The service of systemd, if it is installed and this user may start it.

#![expect(clippy::disallowed_types, reason = "systemctl gets the name of a unit, and no secret")]

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::cli::run::status::{Status, Stop};

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
    systemctl(&["show", "--property=StatusText", "--value", UNIT])
}

fn systemctl(args: &[&str]) -> Result<String, Stop> {
    let mut command = Command::new("systemctl");
    command.args(args).stdin(Stdio::null());
    let name = format!("systemctl {}", args.join(" "));
    let failed = |text: String| Stop::Failed(Status::Output, format!("{name}: {text}"));
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
