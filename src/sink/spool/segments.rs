//! A spool: lines for an unreachable server, kept on a disk across restarts and power cuts.
//!
//! A folder has segments, `00000001.spool` and so on. Their lines begin with a CRC-32:
//!
//! ```text
//! 3ef8a670 smartmeter,meter=181220000009 power_net_w=5i 1795185093
//! ```
//!
//! The CRC tells whole lines from those that a power cut or a dying card left behind; these are
//! skipped. A segment is removed when all its lines are stored; in doubt, it is sent again. While
//! the server accepts lines nothing is written, because memory cards wear out.

use std::{
    collections::VecDeque,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use flate2::Crc;
use rustix::fs::{FlockOperation, flock};

use crate::{
    file_error,
    sink::files::{atomic, path_template::printable_path},
};

/// The size at which a segment is full. While a segment is sent, all of it is in memory.
const SEGMENT_SIZE: u64 = 1024 * 1024;

/// The largest size of all segments: a week of one meter.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The extension of a segment.
const EXTENSION: &str = "spool";

/// The spool folder.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// A lock, held for the lifetime of the spool: two sinks on one spool would send everything
    /// twice.
    _lock: Option<File>,
    /// The oldest first.
    segments: VecDeque<Segment>,
    /// The number of the next segment. A file that cannot be read keeps its own.
    next: u64,
    /// True if this run created the last segment and it is not full.
    can_grow: bool,
    /// The lines in segments that this run leaves alone.
    skipped: u64,
    /// True while the lines of the oldest segment are being sent.
    is_sending: bool,
    limit: u64,
}

/// The lines that an append dropped, because there was no room for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DroppedLines {
    /// Their number.
    pub lines: u64,
    /// The octets of dropped segments that could not be read, so that their lines are not counted.
    pub unreadable: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    size: u64,
    /// Its whole lines, damaged ones too; 0 if it cannot be read.
    lines: u64,
}

/// The content of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentContent {
    /// Its lines, each with its line end.
    pub lines: Vec<Box<[u8]>>,
    /// The number of damaged lines.
    pub damaged: u64,
    /// True if the last line breaks off: a power cut or a full disk came in between. The caller of
    /// [`append`](Spool::append) was told that it is not stored.
    pub is_torn: bool,
    /// The number of zeros in their place: the disk lost what stood there.
    pub zeros: usize,
}

/// The reason why no spool can be in that folder, which [`Spool::open`] creates if needed. A folder
/// that this user may not write into may be that of a service.
#[must_use]
pub fn obstacle(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|path| path.exists())?;
    if !there.is_dir() {
        return Some(format!("{} is a file: spool takes a folder", there.display()));
    }
    let error = atomic::check(&there.join("meterpipe-check")).err()?;
    (error.kind() != ErrorKind::PermissionDenied).then(|| {
        format!("spool: {} takes no files: {}", there.display(), file_error::plain(&error))
    })
}

impl Spool {
    /// Opens the spool in a folder, which is created if needed.
    ///
    /// # Errors
    /// The folder cannot be used, or another sink uses it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = lock(&folder.join("lock"))?;
        let mut segments = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(number) = number(&entry.path()) {
                // A damaged entry must not hide the others.
                let size = entry.metadata().map_or(0, |it| it.len());
                let lines = fs::read(entry.path()).map_or(0, |text| whole_lines(&text));
                segments.push(Segment { number, size, lines });
            }
        }
        segments.sort_by_key(|segment| segment.number);
        let next = segments.last().map_or(0, |last| last.number) + 1;
        let (folder, segments) = (folder.to_owned(), segments.into());
        Ok(Self {
            folder,
            _lock: lock,
            segments,
            next,
            can_grow: false,
            skipped: 0,
            is_sending: false,
            limit: LIMIT,
        })
    }

    /// True if no lines wait.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The number of segments.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Appends lines and syncs them to the disk. Returns the oldest lines that were dropped for them.
    ///
    /// # Errors
    /// Errors of the disk. None of the lines is stored then; the caller gives all of them again.
    pub fn append<'a>(
        &mut self,
        lines: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<DroppedLines> {
        let mut text = Vec::new();
        for line in lines {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            text.extend_from_slice(format!("{:08x} ", crc(line)).as_bytes());
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(DroppedLines::default());
        }
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let last = self.segments.back().copied();
        match last.filter(|last| self.can_grow && last.size + size <= SEGMENT_SIZE) {
            Some(last) => self.write(last, &text)?,
            None => {
                let number = self.next;
                let segment = Segment { number, size: 0, lines: 0 };
                self.write(segment, &text)?;
                self.next += 1;
                self.segments.push_back(segment);
            }
        }
        self.can_grow = true;
        if let Some(last) = self.segments.back_mut() {
            last.size += size;
            last.lines += whole_lines(&text);
        }
        Ok(self.shrink())
    }

    /// Writes text behind a segment; what cannot be written whole is taken away again, so that no later
    /// line stands behind half a line, and a full disk gets no new file at each try.
    fn write(&self, Segment { number, size, .. }: Segment, text: &[u8]) -> io::Result<()> {
        let path = self.path(number);
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).mode(0o600).open(&path)?;
        let written = file.write_all(text).and_then(|()| file.sync_data());
        let written = written.and_then(|()| match size {
            0 => File::open(&self.folder)?.sync_all(),
            _ => Ok(()),
        });
        if written.is_err() {
            // The first error counts.
            let _ = if size == 0 { fs::remove_file(&path) } else { file.set_len(size) };
        }
        written
    }

    /// The lines of the oldest segment.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn oldest(&mut self) -> io::Result<Option<SegmentContent>> {
        let Some(segment) = self.segments.front() else {
            return Ok(None);
        };
        let path = self.path(segment.number);
        let text = fs::read(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", printable_path(&path)))
        })?;
        let content = parse_segment(&text);
        self.is_sent_now();
        Ok(Some(content))
    }

    /// Notes that the lines of the oldest segment are not being sent after all.
    pub const fn is_sent_later(&mut self) {
        self.is_sending = false;
    }

    /// Notes that the lines of the oldest segment are being sent: no new lines join them, and they do
    /// not make room for others.
    pub fn is_sent_now(&mut self) {
        self.can_grow &= self.segments.len() > 1;
        self.is_sending = true;
    }

    /// Removes the oldest segment.
    ///
    /// # Errors
    /// Errors of the disk. The next start sends its lines again.
    pub fn forget_oldest(&mut self) -> io::Result<()> {
        self.is_sending = false;
        match self.segments.pop_front() {
            Some(segment) => fs::remove_file(self.path(segment.number)),
            None => Ok(()),
        }
    }

    /// Leaves the oldest segment on the disk: the next start tries again.
    pub fn skip_oldest(&mut self) {
        self.skipped += self.segments.pop_front().map_or(0, |segment| segment.lines);
    }

    /// The lines in all segments.
    pub fn lines(&self) -> u64 {
        self.segments.iter().map(|segment| segment.lines).sum::<u64>() + self.skipped
    }

    /// The lines in the oldest segment.
    pub fn oldest_lines(&self) -> u64 {
        self.segments.front().map_or(0, |segment| segment.lines)
    }

    /// Removes the oldest segments until the size fits, but neither the one that is being sent nor the
    /// last.
    fn shrink(&mut self) -> DroppedLines {
        let mut dropped = DroppedLines::default();
        let size = |segments: &VecDeque<Segment>| segments.iter().map(|it| it.size).sum::<u64>();
        let oldest = usize::from(self.is_sending);
        while self.segments.len() > oldest + 1 && size(&self.segments) > self.limit {
            let Some(segment) = self.segments.remove(oldest) else {
                break;
            };
            let path = self.path(segment.number);
            match segment.lines {
                0 => dropped.unreadable += segment.size,
                lines => dropped.lines += lines,
            }
            // A file that cannot be removed stays for the next start.
            let _ = fs::remove_file(path);
        }
        dropped
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.{EXTENSION}"))
    }
}

/// Locks the spool. Nobody else writes to a disk that is read-only, so its lines are sent without a lock
/// if there is none.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let lock = match options.create(true).append(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(path).ok(),
        lock => Some(lock?),
    };
    if let Some(lock) = &lock {
        flock(lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another sink uses it"))?;
    }
    Ok(lock)
}

fn number(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|ending| ending == EXTENSION);
    let number = path.file_stem().filter(|_| is_segment)?.to_str()?;
    let is_number = number.len() < 16 && number.bytes().all(|digit| digit.is_ascii_digit());
    number.parse().ok().filter(|_| is_number)
}

/// The number of whole lines.
fn whole_lines(text: &[u8]) -> u64 {
    u64::try_from(text.iter().filter(|octet| **octet == b'\n').count()).unwrap_or(u64::MAX)
}

fn parse_segment(text: &[u8]) -> SegmentContent {
    let mut found = SegmentContent::default();
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        match verified(line) {
            Some(line) => found.lines.push(line.into()),
            None => {
                // A torn line has no end. Some file systems leave zeros in its place.
                match line.ends_with(b"\n") {
                    true => found.damaged += 1,
                    false => found.is_torn = true,
                }
                found.zeros += line.iter().filter(|octet| **octet == 0).count();
            }
        }
    }
    found
}

/// The line after its CRC, with its line end, if the CRC is right.
fn verified(line: &[u8]) -> Option<&[u8]> {
    let (head, line) = line.split_at_checked(9)?;
    let expected = str::from_utf8(head).ok()?.strip_suffix(' ')?;
    let expected = u32::from_str_radix(expected, 16).ok()?;
    (crc(line.strip_suffix(b"\n")?) == expected).then_some(line)
}

fn crc(line: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(line);
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: core::ops::Range<u32>) -> Vec<Vec<u8>> {
        numbers.map(|number| format!("m,meter=7 power_net_w={number}i {number}\n").into()).collect()
    }

    fn append(spool: &mut Spool, lines: &[Vec<u8>]) -> u64 {
        spool.append(lines.iter().map(Vec::as_slice)).unwrap().lines
    }

    fn drain(spool: &mut Spool) -> (Vec<Vec<u8>>, u64) {
        let (mut all, mut damaged) = (Vec::new(), 0);
        while let Some(found) = spool.oldest().unwrap() {
            all.extend(found.lines.iter().map(|line| line.to_vec()));
            damaged += found.damaged;
            spool.forget_oldest().unwrap();
        }
        (all, damaged)
    }

    #[test]
    fn what_was_put_in_comes_out_in_its_order_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a/b");
        let mut spool = Spool::open(&place).unwrap();
        assert!(spool.is_empty() && spool.oldest().unwrap().is_none());
        append(&mut spool, &lines(0..3));
        append(&mut spool, &lines(3..5));
        assert_eq!(spool.segments.len(), 1);
        let first = String::from_utf8(fs::read(spool.path(1)).unwrap()).unwrap();
        // The sum comes from zlib, so the test does not rest on this file alone.
        assert!(first.starts_with("9ed90d3d m,meter=7 power_net_w=0i 0\n"), "{first}");
        drop(spool);
        let mut spool = Spool::open(&place).unwrap();
        append(&mut spool, &lines(5..7));
        assert_eq!(spool.segments.len(), 2, "what was there is left alone");
        assert_eq!(drain(&mut spool), (lines(0..7), 0));
        drop(spool);
        assert!(Spool::open(&place).unwrap().is_empty(), "and stays stored");
    }

    #[test]
    fn what_is_being_sent_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        append(&mut spool, &lines(0..3));
        assert_eq!(spool.oldest().unwrap().unwrap().lines.len(), 3);
        append(&mut spool, &lines(3..4));
        spool.forget_oldest().unwrap();
        assert_eq!(drain(&mut spool), (lines(3..4), 0));
    }

    #[test]
    fn the_oldest_go_when_there_is_no_more_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        spool.limit = 3 * SEGMENT_SIZE;
        let long = vec![[vec![b'x'; 99_999], vec![b'\n']].concat(); 10];
        let lost: Vec<_> = (0..6).map(|_| append(&mut spool, &long)).collect();
        assert_eq!(lost, [0, 0, 0, 10, 10, 10]);
        assert_eq!(drain(&mut spool).0.len(), 30);
    }

    #[test]
    fn an_oldest_segment_that_cannot_be_read_makes_room_too() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("00000003.spool")).unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        spool.segments[0].size = 100;
        spool.limit = 100;
        let written = lines(0..1);
        let dropped = spool.append(written.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(dropped, DroppedLines { lines: 0, unreadable: 100 });
        assert_eq!(drain(&mut spool), (written, 0));
    }

    #[test]
    fn a_segment_that_cannot_be_read_keeps_its_number() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("00000001.spool")).unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        let error = spool.oldest().unwrap_err().to_string();
        assert!(error.contains("00000001.spool: "), "{error}");
        spool.skip_oldest();
        append(&mut spool, &lines(0..2));
        assert!(spool.path(2).exists(), "and the other one stays");
        assert_eq!(drain(&mut spool), (lines(0..2), 0));
        append(&mut spool, &lines(2..3));
        assert_eq!(drain(&mut spool), (lines(2..3), 0));
    }

    #[test]
    fn what_is_being_sent_does_not_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        spool.limit = 1;
        let mut dropped = vec![];
        for number in 0..4 {
            dropped.push(append(&mut spool, &lines(number..number + 1)));
            if number == 0 {
                assert_eq!(
                    spool.oldest().unwrap().unwrap().lines,
                    [lines(0..1)[0].as_slice().into()]
                );
            }
            spool.can_grow = false;
        }
        assert_eq!(dropped, [0, 0, 1, 1]);
        let left = [lines(0..1), lines(3..4)].concat();
        assert_eq!(drain(&mut spool), (left, 0));
    }

    #[test]
    fn a_line_that_breaks_off_is_no_damage_and_foreign_files_are_no_segments() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        append(&mut spool, &lines(0..2));
        let whole = fs::read(spool.path(1)).unwrap();
        for tail in [&b"9ed90d3d m,meter=7 pow"[..], &[0; 700]] {
            let found = parse_segment(&[&whole, tail].concat());
            assert_eq!((found.lines.len(), found.damaged, found.is_torn), (2, 0, true));
        }
        assert!(!parse_segment(&whole).is_torn);
        for name in ["+1.spool", "99999999999999999999.spool", "1.spool.bak", ".spool"] {
            assert_eq!(number(Path::new(name)), None, "{name}");
        }
    }

    /// Every cut and every flipped bit: a line comes back as it was written, or not at all.
    #[test]
    fn a_damaged_segment_costs_no_line_but_those_that_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        let written = lines(0..5);
        append(&mut spool, &written);
        let path = spool.path(1);
        let content = fs::read(&path).unwrap();
        let mut check = |text: &[u8], least: usize| {
            fs::write(&path, text).unwrap();
            let found = spool.oldest().unwrap().unwrap();
            assert!(found.lines.iter().all(|line| written.contains(&line.to_vec())));
            assert!(found.lines.len() >= least, "{text:?}");
        };
        for end in 0..content.len() {
            let before = content[..end].iter().filter(|octet| **octet == b'\n').count();
            check(&content[..end], before);
        }
        for bit in 0..8 * content.len() {
            let mut text = content.clone();
            text[bit / 8] ^= 1 << (bit % 8);
            // A lost line end costs two lines.
            check(&text, 3);
        }
        for text in [&b""[..], b"\n", b"\0\0\0\0\0\0\0\0\0\0\0", &[0xff; 5000]] {
            check(text, 0);
        }
    }
}
