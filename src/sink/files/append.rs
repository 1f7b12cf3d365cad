//! Files that lines are appended to: each batch of lines is written whole or not at all.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use rustix::{fs::OFlags, io::Errno};

use crate::file_error;
use crate::sink::{
    files::{atomic, path_template::printable_path, rotation::Rotation},
    traits::Report,
};

/// The most files open at a time: one for each meter, and no home has more.
const MOST_OPEN: usize = 16;

/// The error of a name that leads elsewhere.
const LINK: &str = "a symbolic link: name the file that it leads to, or set follow=true";

/// How far back to search for the start of the last line.
const TAIL_SEARCH: u64 = 64 * 1024;

/// The files of one sink.
#[derive(Debug)]
pub struct AppendFiles {
    rotation: Rotation,
    /// The first line of each file; empty for JSON Lines.
    header: Vec<u8>,
    access: FileAccess,
    /// The file written last is at the end.
    open: Vec<OpenFile>,
    /// True if a failed rotation was reported.
    rotation_failure_reported: bool,
}

/// The ways to open a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileAccess {
    /// The mode of a new file; without it only its owner can read it, or fewer if the umask says
    /// so.
    pub mode: Option<u32>,
    /// The name may be that of a symbolic link. Else others who may write into the folder could
    /// have the lines put where they want.
    pub follow: bool,
}

#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    /// The lines that may not be on the disk yet.
    unsynced: u64,
    /// The text to write before the first line.
    prefix: Vec<u8>,
    /// The date of its last line, if the file is moved away by it.
    written: Option<Date>,
}

impl AppendFiles {
    /// No file is open yet.
    pub const fn new(rotation: Rotation, header: Vec<u8>, access: FileAccess) -> Self {
        Self { rotation, header, access, open: Vec::new(), rotation_failure_reported: false }
    }

    /// The number of octets to append at once, if `wanted` are available.
    pub fn batch(&self, wanted: usize) -> usize {
        // Rotated files come out close to the limit.
        let limit = self.rotation.limit().and_then(|limit| usize::try_from(limit / 16).ok());
        limit.map_or(wanted, |limit| limit.min(wanted))
    }

    /// Appends the lines of some readings to a file.
    ///
    /// # Errors
    /// Errors of the disk. Nothing was appended then, and the next call opens the file again.
    pub fn append(
        &mut self,
        path: &Path,
        lines: &[u8],
        readings: u64,
        report: &dyn Report,
    ) -> io::Result<()> {
        let (mut open, mut metadata) = self.take(path, report)?;
        let today = self.rotation.day(Zoned::now);
        if metadata.is_file() && self.is_due(&open, &metadata, lines, today) {
            open = self.rotate(open, report)?;
            metadata = open.file.metadata()?;
        }
        if let Err(error) = open.append(lines, metadata.len()) {
            open.close(report);
            return Err(error);
        }
        open.written = today;
        open.unsynced += readings;
        self.open.push(open);
        Ok(())
    }

    /// The same files with another header.
    pub fn set_header(&mut self, header: Vec<u8>) {
        self.header = header;
    }

    /// The header that a file without lines gets before its first one.
    pub fn header_of(&self, path: &Path) -> &[u8] {
        let is_new = fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) || !path.exists();
        if is_new { &self.header } else { &[] }
    }

    /// Checks that lines can be appended to a file, without creating it.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    pub fn check(&self, path: &Path) -> io::Result<()> {
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => atomic::check(path),
            Ok(metadata) if metadata.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(metadata) => {
                refuse_others(&metadata)?;
                let mut options = OpenOptions::new();
                let opened = options.append(true).custom_flags(self.flags()).open(path);
                opened.map(drop).map_err(|error| self.explain(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Closes all files, because they were moved away or at the end.
    pub fn close(&mut self, report: &dyn Report) {
        self.open.drain(..).for_each(|open| open.close(report));
    }

    fn take(&mut self, path: &Path, report: &dyn Report) -> io::Result<(OpenFile, Metadata)> {
        if let Some(at) = self.open.iter().position(|open| open.path == path) {
            let open = self.open.remove(at);
            // The file may have been moved away without a signal.
            if let Ok(metadata) = fs::metadata(path)
                && identity(&metadata) == open.identity
            {
                return Ok((open, metadata));
            }
            open.close(report);
        }
        if self.open.len() >= MOST_OPEN {
            self.open.remove(0).close(report);
        }
        let open = self.open(path, report)?;
        let metadata = open.file.metadata()?;
        Ok((open, metadata))
    }

    fn is_due(
        &self,
        open: &OpenFile,
        metadata: &Metadata,
        lines: &[u8],
        today: Option<Date>,
    ) -> bool {
        let more = lines.len().saturating_add(open.prefix.len());
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.rotation.is_due(metadata.len(), open.written, more, today)
    }

    /// Moves a file away and opens the next one. If that fails, the file stays in use: better one
    /// that is too large than none.
    fn rotate(&mut self, open: OpenFile, report: &dyn Report) -> io::Result<OpenFile> {
        open.sync()?;
        let mode = open.file.metadata()?.permissions();
        match self.rotation.rotate(&open.path) {
            Ok(()) => {
                self.rotation_failure_reported = false;
                let next = self.open(&open.path, report)?;
                // Whoever reads the file can read the next one.
                next.file.set_permissions(mode)?;
                Ok(next)
            }
            Err(error) => {
                let text = format!(
                    "{} cannot be moved away: {}",
                    printable_path(&open.path),
                    file_error::plain(&error)
                );
                if !self.rotation_failure_reported {
                    report.say(&format!("{text}; it keeps growing"));
                }
                self.rotation_failure_reported = true;
                Ok(open)
            }
        }
    }

    fn open(&self, path: &Path, report: &dyn Report) -> io::Result<OpenFile> {
        if let Ok(metadata) = fs::metadata(path) {
            refuse_others(&metadata)?;
        }
        let (file, is_new) = self.create(path)?;
        if let Some(mode) = self.access.mode.filter(|_| is_new) {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        let written = self
            .rotation
            .day(|| modified.map_or_else(Zoned::now, |at| at.to_zoned(TimeZone::system())));
        let prefix = match metadata.is_file() {
            true => self.prefix(path, metadata.len(), report)?,
            false => Vec::new(),
        };
        let path = path.to_owned();
        let identity = identity(&metadata);
        Ok(OpenFile { path, file, identity, unsynced: 0, prefix, written })
    }

    /// Opens a file for appending, and tells if it is a new one.
    fn create(&self, path: &Path) -> io::Result<(File, bool)> {
        let mut options = OpenOptions::new();
        options.append(true).mode(0o600);
        match options.clone().create_new(true).open(path) {
            Ok(file) => return Ok((file, true)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let opened = options.create(self.access.follow).custom_flags(self.flags()).open(path);
        opened.map(|file| (file, false)).map_err(|error| self.explain(error))
    }

    /// The error of an existing file, in words if it is a link.
    fn explain(&self, error: io::Error) -> io::Error {
        let is_link = Errno::from_io_error(&error) == Some(Errno::LOOP);
        if is_link && !self.access.follow { io::Error::other(LINK) } else { error }
    }

    /// The flags to open a file that is there.
    const fn flags(&self) -> i32 {
        let flags = if self.access.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        flags.bits().cast_signed()
    }

    /// The text that completes a broken last line, and the header if the file has another one.
    fn prefix(&self, path: &Path, size: u64, report: &dyn Report) -> io::Result<Vec<u8>> {
        if size == 0 {
            return Ok(self.header.clone());
        }
        // Without permission to read, the content is trusted.
        let mut options = OpenOptions::new();
        let Ok(mut file) = options.read(true).custom_flags(self.flags()).open(path) else {
            return Ok(Vec::new());
        };
        let mut first = Vec::new();
        let limit = u64::try_from(self.header.len()).unwrap_or(u64::MAX);
        BufReader::new(&file).take(limit).read_until(b'\n', &mut first)?;
        let mut prefix = terminator(&tail(&mut file, size)?, !self.header.is_empty());
        if first != self.header {
            prefix.extend_from_slice(&self.header);
            let text = "has other columns: a new header precedes the new rows";
            report.say(&format!("{} {text}", printable_path(path)));
        }
        Ok(prefix)
    }
}

/// Refuses what is neither a file nor a device. Opening a FIFO without a reader would block for ever.
fn refuse_others(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() || metadata.file_type().is_char_device() {
        true => Ok(()),
        false => Err(io::Error::other("not a file")),
    }
}

/// Device and inode: no other file has them as long as this one is open.
fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl OpenFile {
    /// Closes it, with its lines on the disk.
    fn close(self, report: &dyn Report) {
        // A disk may take lines and find out only now that it has no room for them.
        if let Err(error) = self.sync()
            && self.unsynced > 0
        {
            let (path, count) = (printable_path(&self.path), self.unsynced);
            report.say(&format!(
                "{path}: {}; its last lines may be missing",
                file_error::plain(&error)
            ));
            report.unstored(count);
            report.lost(count);
        }
    }

    /// Waits until the lines are on the disk. Devices have none.
    fn sync(&self) -> io::Result<()> {
        if self.file.metadata()?.is_file() { self.file.sync_all() } else { Ok(()) }
    }

    /// Appends lines to its `size` octets.
    fn append(&mut self, lines: &[u8], size: u64) -> io::Result<()> {
        let text = [self.prefix.as_slice(), lines].concat();
        let written = self.file.write_all(&text);
        match written {
            Ok(()) => self.prefix.clear(),
            // Part of a line may have been written, and would be taken for a whole one.
            Err(_) => drop(self.file.set_len(size)),
        }
        written
    }
}

/// The last line, or as much of it as is searched.
fn tail(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let start = file.seek(SeekFrom::Start(size.saturating_sub(TAIL_SEARCH)))?;
    let mut tail = Vec::new();
    file.take(size - start).read_to_end(&mut tail)?;
    let line = tail.iter().rposition(|sign| *sign == b'\n').map_or(0, |end| end + 1);
    Ok(tail.split_off(line.min(tail.len())))
}

/// The text that ends a broken line, as a power failure leaves it.
fn terminator(line: &[u8], csv: bool) -> Vec<u8> {
    let quotes = line.iter().filter(|sign| **sign == b'"').count();
    match (line.is_empty(), csv && quotes % 2 == 1) {
        (true, _) => Vec::new(),
        (false, true) => b"\"\n".to_vec(),
        (false, false) => b"\n".to_vec(),
    }
}
