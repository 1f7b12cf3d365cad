//! What `watch --record` keeps: the same records that `capture` writes.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::cli::{
    context::Context,
    output::Output,
    recorder::Recorders,
    signals::Signals,
    status::{Status, Stop},
};
use meterpipe::record::{HEADER, Record};

/// A file of records, opened again when it was moved away.
pub struct Recording {
    path: PathBuf,
    output: Output,
    recorder: Recorders,
    signals: Signals,
    failed: bool,
}

impl Recording {
    /// Opens the file for appending.
    pub fn open(path: &Path) -> Result<Self, Stop> {
        Ok(Self {
            path: path.to_owned(),
            output: append(path)?,
            recorder: Recorders::default(),
            signals: Signals::catch_reopen(),
            failed: false,
        })
    }

    /// Keeps what a source gave.
    pub fn take(&mut self, record: &Record<'_>, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.take(record, &mut |record| record.write(text));
        self.store(context);
    }

    /// Keeps what was held back, if nothing has come for so long.
    pub fn quiet(&mut self, silent: Duration, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.quiet(silent, &mut |record| record.write(text));
        self.store(context);
    }

    /// Keeps the rest.
    pub fn end(&mut self, context: &Context) {
        let text = &mut self.output.text;
        self.recorder.end(&mut |record| record.write(text));
        self.store(context);
    }

    /// Whether something could not be kept.
    pub const fn failed(&self) -> bool {
        self.failed
    }

    fn store(&mut self, context: &Context) {
        if self.signals.reopen() {
            let rest = std::mem::take(&mut self.output.text);
            match append(&self.path) {
                Ok(mut output) => {
                    output.text.extend_from_slice(&rest);
                    self.output = output;
                }
                Err(stop) => {
                    self.output.text = rest;
                    self.tell(stop, context);
                }
            }
        }
        if let Err(stop) = self.output.flush() {
            self.tell(stop, context);
        }
    }

    /// The readings go on without the recording.
    fn tell(&mut self, stop: Stop, context: &Context) {
        if let Stop::Failed(_, text) = stop
            && !self.failed
        {
            context.voice.say(&format!("recording: {text}"));
        }
        self.failed = true;
    }
}

fn append(path: &Path) -> Result<Output, Stop> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let name = path.display().to_string();
    let file = file.map_err(|error| Stop::Failed(Status::Output, format!("{name}: {error}")))?;
    let mut output = Output::file(file, name);
    output.text.extend_from_slice(HEADER.as_bytes());
    Ok(output)
}
