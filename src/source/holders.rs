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
    let id = FileId::of(node);
    processes.filter_map(move |process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let path = process.path();
        let is_open = match id {
            Some(id) if id.is_device() => has_device(&path, id),
            _ => opens(&path, |file| file == node),
        };
        is_open.then_some(pid)
    })
}

/// The file system of a file, and the number of a device.
///
/// A container has its device under another name, and its pseudo-terminals have the names of those outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    file_system: u64,
    device: u64,
}

impl FileId {
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self { file_system: about.dev(), device: about.rdev() })
    }

    const fn is_device(self) -> bool {
        self.device != 0
    }

    /// True for the same device. Each file system of pseudo-terminals counts its own from 0.
    fn is_same(self, other: Self) -> bool {
        let is_pseudo = PSEUDO_TERMINALS.contains(&rustix::fs::major(self.device));
        self.device == other.device && (!is_pseudo || self.file_system == other.file_system)
    }
}

/// The major numbers of pseudo-terminals in the list of Linux.
const PSEUDO_TERMINALS: core::ops::RangeInclusive<u32> = 136..=143;

/// True if a process has the device open.
fn has_device(process: &Path, id: FileId) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files.into_iter().map(|file| file.path()).any(|file| {
        // To ask about a file on a network may take long: only those in /dev are asked about.
        fs::read_link(&file).is_ok_and(|target| target.starts_with("/dev"))
            && FileId::of(&file).is_some_and(|it| id.is_same(it))
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
    fn terminals_of_another_container_are_others_and_adapters_are_not() {
        let id = |file_system, major, minor| FileId {
            file_system,
            device: rustix::fs::makedev(major, minor),
        };
        assert!(id(23, 136, 1).is_same(id(23, 136, 1)));
        assert!(!id(23, 136, 1).is_same(id(99, 136, 1)), "both are /dev/pts/1");
        assert!(!id(23, 136, 1).is_same(id(23, 136, 2)));
        // /dev/ttyUSB0 outside, and under another name inside.
        assert!(id(5, 188, 0).is_same(id(77, 188, 0)));
        let null = FileId::of(Path::new("/dev/null")).unwrap();
        assert!(null.is_device() && !null.is_same(FileId::of(Path::new("/dev/zero")).unwrap()));
    }

    #[test]
    fn a_device_that_is_open_nowhere_else_has_no_other_reader() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(others(file.path()), Vec::<String>::new());
        assert_eq!(others(Path::new("/dev/no-such-device")), Vec::<String>::new());
    }
}
