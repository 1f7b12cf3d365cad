//! The loop over inputs with an end: files, pipes, standard input.

use std::{
    io::IsTerminal,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::cli::{
    args::InputForm,
    context::{Context, Stage},
    keys,
    patience::{self, Patience},
    progress::Progress,
    status::{Status, Stop},
    text::Text,
};
use meterpipe::{
    hex::detect::{self, Form},
    record::{Attributes, HEADER_START, Kind, Place, Record, Time},
};

/// How much is read at once; also the longest record.
const CHUNK: usize = 256 * 1024;

/// How much of an input says what it is.
const SAMPLE: usize = 4096;

/// Reads all inputs to their ends; `-` is standard input, and so is nothing.
pub fn run(
    files: &[PathBuf],
    form: Option<InputForm>,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    if files.is_empty() && std::io::stdin().is_terminal() {
        return Err(Stop::usage(
            "nothing to read: name a FILE, pipe something in, or - to type it",
        ));
    }
    let stdin = [PathBuf::from("-")];
    let files = if files.is_empty() { &stdin } else { files };
    for path in files {
        context.voice.input((files.len() > 1).then(|| path.display().to_string()));
        let read = open(path, context)
            .and_then(|file| Input::new(file, form, context).read(stage, context));
        match read {
            // One input that cannot be read is no reason to leave out the others.
            Err(Stop::Failed(Status::Source, error)) => {
                context.tally.source_failed = true;
                context.voice.say(&format!("{}: {error}", keys::display(path)));
            }
            read => read?,
        }
        stage.end(context);
    }
    Ok(())
}

/// Opens an input.
fn open(path: &Path, context: &Context) -> Result<OwnedFd, Stop> {
    if path == Path::new("-") {
        return std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| failed(&error));
    }
    let file = patience::open(path, context).map_err(|error| failed(&error))?;
    if file.is_terminal() {
        let text = "a terminal or serial device: use watch or capture".to_owned();
        return Err(Stop::Failed(Status::Source, text));
    }
    Ok(file)
}

fn failed(error: &std::io::Error) -> Stop {
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "a folder, not a file".to_owned(),
        _ => error.to_string(),
    };
    Stop::Failed(Status::Source, text)
}

struct Input {
    file: OwnedFd,
    form: Option<InputForm>,
    buffer: Vec<u8>,
    /// `buffer[..filled]` was read and waits.
    filled: usize,
    progress: Progress,
    patience: Patience,
}

impl Input {
    fn new(file: OwnedFd, form: Option<InputForm>, context: &Context) -> Self {
        let progress = Progress::of(file.as_fd());
        let patience = Patience::new(&file, context);
        Self { file, form, buffer: vec![0; CHUNK], filled: 0, progress, patience }
    }

    fn read(mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        match self.detect(context)? {
            Some(Form::Binary) => self.binary(stage, context),
            Some(Form::Text) => self.text(stage, context),
            None => Ok(()),
        }
    }

    /// What the input is; nothing if it is not to be read.
    fn detect(&mut self, context: &mut Context) -> Result<Option<Form>, Stop> {
        match self.form {
            Some(InputForm::Binary) => return Ok(Some(Form::Binary)),
            Some(_) => return Ok(Some(Form::Text)),
            None => {}
        }
        loop {
            let complete = !self.fill(context)?;
            let sample = self.buffer.get(..self.filled.min(SAMPLE)).unwrap_or_default();
            if sample.starts_with(HEADER_START.as_bytes()) {
                // Whatever else a disk or an editor did to it.
                return Ok(Some(Form::Text));
            }
            match detect::detect(sample, complete && self.filled <= SAMPLE) {
                Some(Ok(form)) => return Ok(Some(form)),
                Some(Err(error)) => {
                    context.defect(1, &error);
                    return Ok(None);
                }
                None if complete => return Ok(Some(Form::Text)),
                None => {}
            }
        }
    }

    fn binary(&mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        let mut position = 0;
        loop {
            let octets = self.buffer.get(..self.filled).unwrap_or_default();
            let (time, attributes) = (Time::UNKNOWN, Attributes::default());
            let record = Record { time, kind: Kind::Raw, octets, attributes };
            context.tally.octets += octets.len() as u64;
            stage.feed(&record, Place::Octet(position), context);
            if context.is_full() {
                return Err(Stop::Done);
            }
            position += octets.len() as u64;
            self.filled = 0;
            context.output.settle()?;
            if !self.fill(context)? {
                return Ok(());
            }
        }
    }

    fn text(&mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        let mut text = Text::new(self.form);
        loop {
            let mut start = 0;
            let octets = self.buffer.get(..self.filled).unwrap_or_default();
            for end in memchr::memchr_iter(b'\n', octets) {
                let line = octets.get(start..end).unwrap_or_default();
                text.line(line, true, stage, context);
                if context.is_full() {
                    return Err(Stop::Done);
                }
                context.output.settle()?;
                start = end + 1;
            }
            if start == 0 && self.filled == CHUNK {
                text.line(octets, false, stage, context);
                start = self.filled;
            }
            self.buffer.copy_within(start..self.filled, 0);
            self.filled -= start;
            if !self.fill(context)? {
                let rest = self.buffer.get(..self.filled).unwrap_or_default();
                text.rest(rest, stage, context);
                text.finish(context);
                return Ok(());
            }
        }
    }

    /// Reads what there is; false at the end.
    fn fill(&mut self, context: &mut Context) -> Result<bool, Stop> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        loop {
            // What is decoded has to be out before we wait for more.
            if !context.output.text.is_empty() && would_block(&self.file) {
                context.output.flush()?;
            }
            self.patience.wait(&self.file, context)?;
            match rustix::io::read(&self.file, &mut *room) {
                Ok(0) => return Ok(false),
                Ok(size) => {
                    self.filled += size;
                    self.progress.advance(size);
                    return Ok(true);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.file, PollFlags::IN)], None);
                }
                Err(errno) => return Err(failed(&errno.into())),
            }
        }
    }
}

fn would_block(file: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())) == Ok(0)
}
