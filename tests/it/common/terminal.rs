//! Pseudo-terminals.

use std::{
    ffi::OsStr,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::PathBuf,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The end that a test holds, and the device.
///
/// Closed on exec: a process that another test starts at the same time must not keep the line up.
pub fn terminal() -> (OwnedFd, PathBuf) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let node = ptsname(&master, vec![]).unwrap();
    (master, PathBuf::from(OsStr::from_bytes(node.as_bytes())))
}
