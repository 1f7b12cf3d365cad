//! The other processes that have a device open.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::format::printable::printable;

/// `program[PID]` of each other process that has the device open, as far as this user may see
/// that. A lock or the exclusive mode keeps later readers away, not those that were there before.
pub fn others(device: &Path) -> Vec<String> {
    let Ok(node) = fs::canonicalize(device) else {
        return Vec::new();
    };
    let this = std::process::id();
    let others = openers(&node).filter(|pid| *pid != this && !is_its_maker(*pid, &node));
    others.map(process).collect()
}

/// True for the process behind a pseudo-terminal, which may keep both ends open.
fn is_its_maker(pid: u32, node: &Path) -> bool {
    let makers = [PathBuf::from("/dev/ptmx"), PathBuf::from("/dev/pts/ptmx")];
    node.starts_with("/dev/pts")
        && opens(&PathBuf::from(format!("/proc/{pid}")), |file| makers.iter().any(|it| it == file))
}

/// `program[PID]` of the process that has locked the device, or of one that has it open, if this
/// user may see that.
pub(super) fn holder(node: &Path) -> Option<String> {
    locked_by(node).or_else(|| openers(node).next()).map(process)
}

fn process(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{}[{pid}]", printable(name.trim_end()))
}

/// The process with a lock on the device. A process with a key hides its open files, not its locks.
fn locked_by(node: &Path) -> Option<u32> {
    let about = fs::metadata(node).ok()?;
    let (major, minor) = (rustix::fs::major(about.dev()), rustix::fs::minor(about.dev()));
    lock_owner(&fs::read_to_string("/proc/locks").ok()?, major, minor, about.ino())
}

/// The process of a lock in the list of the kernel, as in
/// `1: FLOCK  ADVISORY  WRITE 25727 fe:00:10690739 0 EOF`.
fn lock_owner(locks: &str, major: u32, minor: u32, inode: u64) -> Option<u32> {
    let file = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        // A process that waits for the lock has an arrow in its line.
        let columns: Vec<_> = line.split_whitespace().collect();
        let &[_, _, _, _, pid, locked, ..] = columns.as_slice() else {
            return None;
        };
        pid.parse().ok().filter(|pid| *pid > 0 && locked == file)
    })
}

/// The processes that have a file open.
fn openers(node: &Path) -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(move |process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        opens(&process.path(), |file| file == node).then_some(pid)
    })
}

fn opens(process: &Path, is_meant: impl Fn(&Path) -> bool) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|target| is_meant(&target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_lock_is_found_by_the_file() {
        let locks = "1: FLOCK  ADVISORY  WRITE 25727 00:1a:3 0 EOF\n\
                     1: -> FLOCK  ADVISORY  WRITE 7 00:06:300 0 EOF\n\
                     2: OFDLCK ADVISORY  WRITE -1 00:06:300 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 815 00:06:300 0 EOF\n";
        assert_eq!(lock_owner(locks, 0, 6, 300), Some(815));
        assert_eq!(lock_owner(locks, 0, 0x1a, 3), Some(25727));
        assert_eq!(lock_owner(locks, 0, 6, 30), None);
    }

    #[test]
    fn a_device_that_is_open_nowhere_else_has_no_other_reader() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(others(file.path()), Vec::<String>::new());
        assert_eq!(others(Path::new("/dev/no-such-device")), Vec::<String>::new());
    }
}
