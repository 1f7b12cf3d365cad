//! The loop over inputs that end: files, pipes, standard input.

use std::{
    io::IsTerminal,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Stat, fstat},
    io::Errno,
};

use crate::cli::{
    input::{
        buffer::{Buffer, Octets},
        lines::{LineReader, TextLines},
        opening,
        progress::Progress,
        timeout::{self, Timeout},
        utf16::Utf16,
    },
    run::{
        context::Context,
        stage::{Stage, Task},
        status::{Status, Stop},
    },
    setup::{destinations, keys, shared_args::InputForm},
};
use meterpipe::{
    error::{Cause, Error, Layer},
    file_error,
    hex::detect::{self, ByteOrder, Form},
    record::HEADER_START,
};

/// The number of octets at the start of an input that show its form.
const SAMPLE: usize = 4096;

/// Reads records, hex and binary from all inputs, for a stage.
pub fn run(
    files: &[PathBuf],
    form: Option<InputForm>,
    timeout: Option<Duration>,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    for path in inputs(files)? {
        let read =
            OpenInput::open(path, files.len(), timeout, stage, context).and_then(|mut input| {
                input.stream.timeout.view.links = stage.links("");
                input.read(form, stage, context)
            });
        stage.settle(context);
        go_on(read, path, context)?;
        stage.end(context);
    }
    Ok(())
}

/// Reads the lines of all inputs.
pub fn lines(
    files: &[PathBuf],
    reader: &mut dyn LineReader,
    context: &mut Context,
) -> Result<(), Stop> {
    lines_of(files, files.len(), reader, context)
}

/// The same for some inputs out of `count`.
pub fn lines_of(
    files: &[PathBuf],
    count: usize,
    reader: &mut dyn LineReader,
    context: &mut Context,
) -> Result<(), Stop> {
    for path in inputs(files)? {
        reader.begin();
        let read = OpenInput::open(path, count, None, reader, context)
            .and_then(|input| input.read_lines(reader, context));
        go_on(read, path, context)?;
    }
    Ok(())
}

/// The inputs; `-` is standard input, and so is an empty list.
fn inputs(files: &[PathBuf]) -> Result<impl Iterator<Item = &Path>, Stop> {
    if files.is_empty() && std::io::stdin().is_terminal() {
        return Err(Stop::usage(
            "nothing to read: name a FILE, pipe something in, or - to type it",
        ));
    }
    files.iter().try_for_each(|file| destinations::is_none(file, "FILE"))?;
    let stdin = files.is_empty().then_some(Path::new("-"));
    Ok(files.iter().map(PathBuf::as_path).chain(stdin))
}

/// An unreadable input is reported, and the next one is read.
fn go_on(read: Result<(), Stop>, path: &Path, context: &mut Context) -> Result<(), Stop> {
    match read {
        Err(Stop::Failed(Status::Source, error)) => {
            context.tally.source_failed = true;
            context.messages.fail(&format!("{}: {error}", keys::display(path)));
            Ok(())
        }
        read => read,
    }
}

fn failed(error: &std::io::Error) -> Stop {
    Stop::Failed(Status::Source, file_error::unreadable(error))
}

struct OpenInput {
    stream: Stream,
    buffer: Buffer,
}

impl OpenInput {
    /// Opens one of `count` inputs.
    fn open(
        path: &Path,
        count: usize,
        timeout: Option<Duration>,
        task: &dyn Task,
        context: &mut Context,
    ) -> Result<Self, Stop> {
        context.messages.input((count > 1).then(|| path.display().to_string()));
        let file = match path == Path::new("-") {
            true => std::io::stdin().as_fd().try_clone_to_owned(),
            false => timeout::open(path, timeout.is_some() || task.tick_interval() < Duration::MAX),
        };
        let file = file.map_err(|error| failed(&error))?;
        if path != Path::new("-") && file.is_terminal() {
            let text = "a terminal or serial device: use watch or capture".to_owned();
            return Err(Stop::Failed(Status::Source, text));
        }
        let is_file = |about: Stat| FileType::from_raw_mode(about.st_mode) == FileType::RegularFile;
        context.can_wait = fstat(&file).is_ok_and(is_file);
        let progress = Progress::of(file.as_fd());
        let timeout = Timeout::start(timeout, &file, context);
        Ok(Self { stream: Stream { file, progress, timeout }, buffer: Buffer::new() })
    }

    fn read(
        mut self,
        form: Option<InputForm>,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        let detected = self.detect(form, stage, context)?;
        let Self { mut stream, mut buffer } = self;
        match detected {
            None => Ok(()),
            Some(Form::Binary) => buffer.binary(&mut stream, stage, context),
            Some(Form::Text) => buffer.text(&mut stream, &mut TextLines::new(form, stage), context),
            Some(Form::Utf16(order)) => {
                let mut utf8 = Utf16::new(&mut stream, order, buffer.waiting());
                Buffer::new().text(&mut utf8, &mut TextLines::new(form, stage), context)
            }
        }
    }

    /// Reads lines of UTF-8, or of UTF-16 behind a byte order mark: Windows PowerShell writes that.
    fn read_lines(self, reader: &mut dyn LineReader, context: &mut Context) -> Result<(), Stop> {
        let Self { mut stream, mut buffer } = self;
        while buffer.waiting().len() < 2 && buffer.fill(&mut stream, reader, context)? {}
        match ByteOrder::of_mark(buffer.waiting()) {
            None => buffer.text(&mut stream, reader, context),
            Some(order) => {
                let mut utf8 = Utf16::new(&mut stream, order, buffer.waiting());
                Buffer::new().text(&mut utf8, reader, context)
            }
        }
    }

    /// The form of the input; nothing if the input cannot be read.
    fn detect(
        &mut self,
        form: Option<InputForm>,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<Option<Form>, Stop> {
        match form {
            Some(InputForm::Binary) => return Ok(Some(Form::Binary)),
            Some(_) => return Ok(Some(Form::Text)),
            None => {}
        }
        loop {
            let complete = !self.buffer.fill(&mut self.stream, stage, context)?;
            let waiting = self.buffer.waiting();
            let sample = waiting.get(..SAMPLE).unwrap_or(waiting);
            if complete && is_key_file(waiting) {
                let what = "a key file";
                context.tally.is_key = true;
                context.defect(1, &Error::new(Layer::Hex, 0, Cause::Unsupported { what }));
                return Ok(None);
            }
            if sample.starts_with(HEADER_START.as_bytes()) {
                // The header decides: later octets may be damaged by a disk or an editor.
                return Ok(Some(Form::Text));
            }
            match detect::detect(sample, complete && waiting.len() <= SAMPLE) {
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
}

/// True for a short input that a key file may be, and whose lines say that they are keys. Lines of digits alone may be
/// octets: their telegram tells.
fn is_key_file(text: &[u8]) -> bool {
    let has_letters =
        |line: &[u8]| line.iter().any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
    text.len() <= SAMPLE && has_letters(text) && opening::reads_as_key(text)
}

/// An input that is read from its beginning to its end.
struct Stream {
    file: OwnedFd,
    progress: Progress,
    timeout: Timeout,
}

impl Octets for Stream {
    fn read(
        &mut self,
        room: &mut [u8],
        task: &mut dyn Task,
        context: &mut Context,
    ) -> Result<usize, Stop> {
        loop {
            // Decoded text must not wait for the next octets.
            if !context.output.text.is_empty() && would_block(&self.file) {
                context.output.flush()?;
            }
            self.timeout.wait(&self.file, task, context)?;
            match rustix::io::read(&self.file, &mut *room) {
                Ok(size) => {
                    self.progress.advance(size);
                    return Ok(size);
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
