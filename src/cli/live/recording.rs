//! The recording of `watch --record`: the records that `capture` would write.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{Read, Seek, SeekFrom, stdin},
    os::{
        fd::AsFd,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use crate::cli::{
    live::recorder::Recorders,
    run::{
        context::Context,
        output::Output,
        signals::Signals,
        status::{Status, Stop},
    },
    setup::keys,
};
use meterpipe::{
    file_error,
    record::{HEADER, Record},
};

/// A file of records, which SIGHUP opens again.
pub struct Recording {
    path: PathBuf,
    output: Output,
    recorder: Recorders,
    signals: Signals,
    failed: bool,
}

impl Recording {
    /// Opens the file for appending, unless it is one of the `files` that the run reads: the run
    /// would read its own recording, for ever.
    pub fn open(path: &Path, files: &[PathBuf]) -> Result<Self, Stop> {
        if identity(path).is_some_and(|it| files.iter().any(|file| identity(file) == Some(it))) {
            let text = "it is read already: record to another file";
            return Err(Stop::usage(format!("{}: {text}", keys::display(path))));
        }
        // Whoever sees the file may move it away and say so at once.
        let signals = Signals::catch_reopen();
        let (path, output) = (path.to_owned(), append(path)?);
        Ok(Self { path, output, recorder: Recorders::default(), signals, failed: false })
    }

    /// Keeps a record of a source.
    pub fn take(&mut self, record: &Record<'_>, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.take(record, &mut |record| record.write(text));
        self.store(context);
    }

    /// Keeps octets that were held back, after a silence.
    pub fn quiet(&mut self, silent: Duration, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.quiet(silent, &mut |record| record.write(text));
        self.store(context);
    }

    /// Keeps the octets that were still held back, at the end of the run.
    pub fn end(&mut self, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.end(&mut |record| record.write(text));
        self.store(context);
    }

    /// True once a record could not be kept.
    pub const fn failed(&self) -> bool {
        self.failed
    }

    fn store(&mut self, context: &Context) {
        let mut stored = self.output.flush();
        if stored.is_err() {
            // The line may be torn. The next one must not be read as its rest.
            self.output.text.push(b'\n');
        }
        if self.signals.reopen() {
            let opened = append(&self.path).map(|output| self.output = output);
            stored = stored.and(opened);
        }
        if let Err(stop) = stored {
            self.report(stop, context);
        }
    }

    /// Reports the first failure. Readings go on without the recording.
    fn report(&mut self, stop: Stop, context: &Context) {
        if let Stop::Failed(_, text) = stop
            && !self.failed
        {
            context.messages.say(&format!("recording: {text}"));
        }
        self.failed = true;
    }
}

/// The mode of a new recording: who reads it knows when people are at home, even without a key.
const MODE: u32 = 0o600;

/// Opens the file and writes the header, without which the records would not be known as such.
fn append(path: &Path) -> Result<Output, Stop> {
    let name = keys::display(path);
    let failed =
        |error| Stop::Failed(Status::Output, format!("{name}: {}", file_error::unwritable(&error)));
    let torn = ends_within_a_line(path);
    let file =
        OpenOptions::new().create(true).append(true).mode(MODE).open(path).map_err(failed)?;
    let mut output = Output::file(file, name);
    if torn {
        output.text.push(b'\n');
    }
    output.text.extend_from_slice(HEADER.as_bytes());
    output.flush()?;
    Ok(output)
}

/// True if a file breaks off within a line, as it does after a power cut.
fn ends_within_a_line(path: &Path) -> bool {
    let last = || {
        let mut file = File::open(path).ok()?;
        file.seek(SeekFrom::End(-1)).ok()?;
        let mut octet = [0];
        file.read_exact(&mut octet).ok()?;
        Some(octet)
    };
    // Only a file has an end; to open a FIFO can block for ever.
    path.is_file() && last().is_some_and(|octet| octet != *b"\n")
}

/// The identity of a file, whatever its name; `-` is standard input.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let about = if path == Path::new("-") {
        File::from(stdin().as_fd().try_clone_to_owned().ok()?).metadata()
    } else {
        path.metadata()
    };
    about.ok().filter(Metadata::is_file).map(|about| (about.dev(), about.ino()))
}
