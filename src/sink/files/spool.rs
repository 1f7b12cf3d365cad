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
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use flate2::Crc;
use rustix::fs::{FlockOperation, flock};

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
    _lock: File,
    /// The oldest first.
    segments: VecDeque<Segment>,
    /// True if this run created the last segment and it is not full.
    can_grow: bool,
    limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    size: u64,
}

/// The content of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentContent {
    /// Its lines, each with its line end.
    pub lines: Vec<Box<[u8]>>,
    /// The number of damaged lines.
    pub damaged: u64,
}

impl Spool {
    /// Opens the spool in a folder, which is created if needed.
    ///
    /// # Errors
    /// The folder cannot be used, or another sink uses it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).append(true).mode(0o600).open(folder.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another sink uses it"))?;
        let mut segments = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(number) = number(&entry.path()) {
                segments.push(Segment { number, size: entry.metadata()?.len() });
            }
        }
        segments.sort_by_key(|segment| segment.number);
        let (folder, segments) = (folder.to_owned(), segments.into());
        Ok(Self { folder, _lock: lock, segments, can_grow: false, limit: LIMIT })
    }

    /// True if no lines wait.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Appends lines and syncs them to the disk. Returns the number of oldest lines that were
    /// dropped for them.
    ///
    /// # Errors
    /// Errors of the disk. Some of the lines may have been written; the caller gives all of them
    /// again.
    pub fn append<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) -> io::Result<u64> {
        let mut text = Vec::new();
        for line in lines {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            text.extend_from_slice(format!("{:08x} ", crc(line)).as_bytes());
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(0);
        }
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let (number, is_new) = match self.segments.back() {
            Some(last) if self.can_grow && last.size + size <= SEGMENT_SIZE => (last.number, false),
            Some(last) => (last.number.saturating_add(1), true),
            None => (1, true),
        };
        if is_new {
            self.segments.push_back(Segment { number, size: 0 });
        }
        // The next append must not continue a failed write.
        self.can_grow = false;
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).mode(0o600).open(self.path(number))?;
        file.write_all(&text)?;
        file.sync_data()?;
        if is_new {
            File::open(&self.folder)?.sync_all()?;
        }
        self.can_grow = true;
        if let Some(last) = self.segments.back_mut() {
            last.size += size;
        }
        self.shrink()
    }

    /// The lines of the oldest segment.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn oldest(&mut self) -> io::Result<Option<SegmentContent>> {
        let Some(segment) = self.segments.front() else {
            return Ok(None);
        };
        // New lines do not join a segment that is being sent.
        self.can_grow &= self.segments.len() > 1;
        Ok(Some(parse_segment(&fs::read(self.path(segment.number))?)))
    }

    /// Removes the oldest segment.
    ///
    /// # Errors
    /// Errors of the disk. The next start sends its lines again.
    pub fn forget_oldest(&mut self) -> io::Result<()> {
        match self.segments.pop_front() {
            Some(segment) => fs::remove_file(self.path(segment.number)),
            None => Ok(()),
        }
    }

    /// Leaves the oldest segment on the disk: the next start tries again.
    pub fn skip_oldest(&mut self) {
        self.segments.pop_front();
    }

    /// Removes the oldest segments until the size fits, but never the last. Returns the number of
    /// lines lost.
    fn shrink(&mut self) -> io::Result<u64> {
        let mut lost = 0;
        let size = |segments: &VecDeque<Segment>| segments.iter().map(|it| it.size).sum::<u64>();
        while self.segments.len() > 1 && size(&self.segments) > self.limit {
            let lines = self.oldest()?.map_or(0, |found| found.lines.len());
            lost += u64::try_from(lines).unwrap_or(u64::MAX);
            self.forget_oldest()?;
        }
        Ok(lost)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.{EXTENSION}"))
    }
}

fn number(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|ending| ending == EXTENSION);
    path.file_stem().filter(|_| is_segment)?.to_str()?.parse().ok()
}

fn parse_segment(text: &[u8]) -> SegmentContent {
    let mut found = SegmentContent::default();
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        match verified(line) {
            Some(line) => found.lines.push(line.into()),
            None => found.damaged += 1,
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
        spool.append(lines.iter().map(Vec::as_slice)).unwrap()
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
