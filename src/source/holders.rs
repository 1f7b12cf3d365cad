//! The other processes that have a device open.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{diagnosis::other_readers::OtherReaders, format::printable::printable};

/// The other processes that have a device open for reading, at one moment.
///
/// A lock or the exclusive mode keeps later readers away, not those that were there before. A descriptor does not
/// tell whether its process reads. Three rules keep those out that take no octets away:
///
/// - A process counts if it has the device open for reading at the beginning of an examination and at its end.
/// - The process behind a pseudo-terminal, which holds the other end, may keep this end open too: it sends.
/// - If octets came in between, a process that has read nothing at all since then has taken none of them: it is idle.
#[derive(Clone, Debug)]
pub struct DeviceReaders {
    node: Option<PathBuf>,
    /// By process, with the octets that it had read from anywhere, if this user may see that.
    readers: BTreeMap<u32, Option<u64>>,
}

impl DeviceReaders {
    /// The readers that there are now.
    pub fn now(device: &Path) -> Self {
        let node = fs::canonicalize(device).ok();
        let readers = node.as_deref().map(readers).unwrap_or_default();
        Self { node, readers }
    }

    /// All of them, as far as this user may see them.
    #[must_use]
    pub fn names(&self) -> OtherReaders {
        let active = self.readers.keys().copied().map(process).collect();
        OtherReaders { active, idle: vec![] }
    }

    /// Those that still have the device open. If octets `came`, those that have read nothing since then are idle.
    #[must_use]
    pub fn still_there(&self, came: bool) -> OtherReaders {
        let now = self.node.as_deref().map(readers).unwrap_or_default();
        let mut others = OtherReaders::default();
        for (pid, before) in &self.readers {
            let Some(after) = now.get(pid) else { continue };
            let reads = before.is_none() || after.is_none() || after > before;
            let list = if reads || !came { &mut others.active } else { &mut others.idle };
            list.push(process(*pid));
        }
        others
    }
}

/// The processes that have the device open for reading, without this one and the maker of a pseudo-terminal.
fn readers(node: &Path) -> BTreeMap<u32, Option<u64>> {
    let this = std::process::id();
    let others = openers(node, OpenedFor::Reading);
    let others = others.filter(|pid| *pid != this && !is_its_maker(*pid, node));
    others.map(|pid| (pid, octets_read(pid))).collect()
}

/// The octets that a process has read from any file so far.
fn octets_read(pid: u32) -> Option<u64> {
    let counts = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    row(&counts, "rchar:")?.parse().ok()
}

/// True for the process that holds the other end of a pseudo-terminal.
fn is_its_maker(pid: u32, node: &Path) -> bool {
    let Ok(number) = node.strip_prefix("/dev/pts") else {
        return false;
    };
    let makers = ["/dev/ptmx", "/dev/pts/ptmx"].map(Path::new);
    files_of(pid).any(|(file, target)| {
        let index = about(pid, &file).and_then(|it| Some(row(&it, "tty-index:")?.to_owned()));
        // An older kernel does not tell of which terminal this is the other end.
        makers.contains(&&*target) && index.is_none_or(|it| Path::new(&it) == number)
    })
}

/// `program[PID]` of the process that has locked the device, or of one that has it open, if this
/// user may see that.
pub(super) fn holder(node: &Path) -> Option<String> {
    let open = || {
        let this = std::process::id();
        let others: Vec<_> =
            openers(node, OpenedFor::Anything).filter(|pid| *pid != this).collect();
        let user = others.iter().find(|pid| !is_its_maker(**pid, node));
        user.or(others.first()).copied()
    };
    locked_by(node).or_else(open).map(process)
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

/// The way in which a process has a file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenedFor {
    Anything,
    Reading,
}

/// The processes that have a file open in that way.
fn openers(node: &Path, access: OpenedFor) -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let id = FileId::of(node);
    processes.filter(move |pid| {
        files_of(*pid).any(|(file, target)| {
            let is_meant = match id {
                // To ask about a file on a network may take long: only those in /dev are asked about.
                Some(id) if id.is_device() => {
                    target.starts_with("/dev") && FileId::of(&file).is_some_and(|it| id.is_same(it))
                }
                _ => target == node,
            };
            is_meant && (access == OpenedFor::Anything || may_read(*pid, &file))
        })
    })
}

/// The open files of a process, by their entries in `/proc` and by their names.
fn files_of(pid: u32) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| {
        let target = fs::read_link(file.path()).ok()?;
        Some((file.path(), target))
    })
}

/// The facts of the system about an open file.
fn about(pid: u32, file: &Path) -> Option<String> {
    let number = file.file_name()?.to_str()?;
    fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()
}

/// True if a process may read from one of its open files.
fn may_read(pid: u32, file: &Path) -> bool {
    about(pid, file).is_none_or(|about| is_for_reading(&about))
}

/// The flags are octal; the last two bits are 1 for writing alone. A path that is only named cannot be read either.
fn is_for_reading(about: &str) -> bool {
    const WRITING: u32 = 1;
    const NAMED: u32 = 0o10_000_000;
    let flags = row(about, "flags:").and_then(|it| u32::from_str_radix(it, 8).ok());
    flags.is_none_or(|flags| flags & 3 != WRITING && flags & NAMED == 0)
}

/// The value of a row with that name.
fn row<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
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
        let others = |path| DeviceReaders::now(path).names();
        assert_eq!(others(file.path()), OtherReaders::default());
        assert_eq!(others(Path::new("/dev/no-such-device")), OtherReaders::default());
    }

    #[test]
    fn a_file_that_is_open_for_writing_alone_has_no_reader() {
        for (flags, reads) in
            [("0100000", true), ("02100002", true), ("02100001", false), ("012000000", false)]
        {
            let about = format!("pos:\t0\nflags:\t{flags}\nmnt_id:\t29\nino:\t3\n");
            assert_eq!(is_for_reading(&about), reads, "{flags}");
        }
        assert!(is_for_reading(""), "a system that does not tell");
        assert_eq!(row("pos:\t0\ntty-index:\t7\n", "tty-index:"), Some("7"));
    }
}
