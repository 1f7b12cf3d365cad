//! The loop over inputs with an end: files, pipes, standard input.

use std::{
    io::IsTerminal,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, SeekFrom},
    io::Errno,
};

use crate::cli::{
    input::{
        blocks::Whole,
        buffer::{Buffer, Octets},
        lines::TextLines,
        parallel,
        progress::Progress,
        timeout::{self, Timeout},
    },
    run::{
        context::{Context, Stage},
        status::{Status, Stop},
    },
    setup::{args::InputForm, keys},
};
use meterpipe::{
    hex::detect::{self, Form},
    record::HEADER_START,
};

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
        context.messages.input((files.len() > 1).then(|| path.display().to_string()));
        let read = open(path, context)
            .and_then(|file| OpenInput::new(file, form, context).read(stage, context));
        match read {
            // One input that cannot be read is no reason to leave out the others.
            Err(Stop::Failed(Status::Source, error)) => {
                context.tally.source_failed = true;
                context.messages.say(&format!("{}: {error}", keys::display(path)));
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
    let file = timeout::open(path, context).map_err(|error| failed(&error))?;
    if file.is_terminal() {
        let text = "a terminal or serial device: use watch or capture".to_owned();
        return Err(Stop::Failed(Status::Source, text));
    }
    Ok(file)
}

/// What is said of an input that cannot be read.
pub fn failed(error: &std::io::Error) -> Stop {
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "a folder, not a file".to_owned(),
        _ => error.to_string(),
    };
    Stop::Failed(Status::Source, text)
}

struct OpenInput {
    stream: Stream,
    form: Option<InputForm>,
    pump: Buffer,
}

impl OpenInput {
    fn new(file: OwnedFd, form: Option<InputForm>, context: &Context) -> Self {
        let progress = Progress::of(file.as_fd());
        let patience = Timeout::new(&file, context);
        Self { stream: Stream { file, progress, patience }, form, pump: Buffer::new() }
    }

    fn read(mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        let Some(form) = self.detect(context)? else {
            return Ok(());
        };
        let Self { mut stream, form: said, mut pump } = self;
        let ahead = pump.waiting().len() as u64;
        if let Some(whole) = whole(&stream.file, form, said, ahead, context)
            && let Some(decoder) = stage.decoder()
        {
            let end = parallel::run(whole, decoder, pump, &stream.progress, context)?;
            // Whoever reads on from the same open file finds it read.
            let _ = rustix::fs::seek(&stream.file, SeekFrom::Start(end));
            return Ok(());
        }
        match form {
            Form::Binary => pump.binary(0, &mut stream, stage, context),
            Form::Text => {
                let mut text = TextLines::new(said);
                pump.text(&mut text, &mut stream, stage, context)?;
                text.rest(pump.waiting(), stage, context);
                text.finish(context);
                Ok(())
            }
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
            let complete = !self.pump.fill(&mut self.stream, context)?;
            let waiting = self.pump.waiting();
            let sample = waiting.get(..SAMPLE).unwrap_or(waiting);
            if sample.starts_with(HEADER_START.as_bytes()) {
                // Whatever else a disk or an editor did to it.
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

/// What several may read at once: a regular file that is worth it. So many octets of it were read to
/// see what it is.
fn whole<'a>(
    file: &'a OwnedFd,
    form: Form,
    said: Option<InputForm>,
    ahead: u64,
    context: &Context,
) -> Option<Whole<'a>> {
    let (file, jobs) = (file.as_fd(), context.jobs);
    let about = rustix::fs::fstat(file).ok()?;
    let regular = FileType::from_raw_mode(about.st_mode) == FileType::RegularFile;
    let alone = jobs.count < 2 || context.limit.is_some() || context.sinks.is_some();
    if alone || !regular {
        return None;
    }
    let start = rustix::fs::tell(file).ok()?.checked_sub(ahead)?;
    let end = u64::try_from(about.st_size).ok()?;
    let size = end.checked_sub(start)?;
    (size >= 2 * jobs.block).then_some(Whole { file, form, said, start, end })
}

/// An input that is read from its beginning to its end.
struct Stream {
    file: OwnedFd,
    progress: Progress,
    patience: Timeout,
}

impl Octets for Stream {
    fn read(&mut self, room: &mut [u8], context: &mut Context) -> Result<usize, Stop> {
        loop {
            // What is decoded has to be out before we wait for more.
            if !context.output.text.is_empty() && would_block(&self.file) {
                context.output.flush()?;
            }
            self.patience.wait(&self.file, context)?;
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
