//! `publish`: readings in, to sinks.
//!
//! What comes is the JSON Lines of `decode`, a line a telegram.

use std::{
    io::IsTerminal,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::io::Errno;

use crate::cli::{
    input::timeout::{self, Timeout},
    run::{
        context::Context,
        sinks::Sinks,
        status::{Status, Stop},
    },
    setup::{args, config_file, destinations},
};
use meterpipe::{
    error::{Cause, Error, Layer},
    format::readings::Readings,
    record::{HEADER, Record},
    sink::line_counters::LineCounters,
};

/// The longest line: more than any telegram has to say.
const LONGEST: usize = 1 << 20;

/// Runs the subcommand.
pub fn run(args: &args::PublishArgs) -> Status {
    let mut context = Context::new("publish", args.verbosity);
    let result = start(args, &mut context).and_then(|()| read(&args.files, &mut context));
    context.finish(result, &())
}

fn start(args: &args::PublishArgs, context: &mut Context) -> Result<(), Stop> {
    let config = match args.to.to.is_empty() {
        true => config_file::find(args.to.config.as_deref())?,
        false => None,
    };
    let health = LineCounters::default();
    let sinks = destinations::of(&args.to.to, config, "publish", &health, &context.messages)?;
    if sinks.is_empty() {
        return Err(Stop::usage(
            "nowhere to publish to: name a sink with --to, or a configuration",
        ));
    }
    context.sinks = Some(Sinks::start(sinks, health)?);
    Ok(())
}

fn read(files: &[PathBuf], context: &mut Context) -> Result<(), Stop> {
    if files.is_empty() && std::io::stdin().is_terminal() {
        return Err(Stop::usage("nothing to read: pipe the output of decode in, or name a FILE"));
    }
    files.iter().try_for_each(|file| destinations::is_none(file, "FILE"))?;
    let stdin = [PathBuf::from("-")];
    for path in if files.is_empty() { &stdin } else { files } {
        context.messages.input((files.len() > 1).then(|| path.display().to_string()));
        let file = match path.as_path() == Path::new("-") {
            true => std::io::stdin().as_fd().try_clone_to_owned(),
            false => timeout::open(path, context),
        };
        match file {
            Ok(file) => {
                let patience = Timeout::new(&file, context);
                ReadingLines { file, patience, room: Vec::new(), line: 0, told: false }
                    .read(context)?;
            }
            Err(error) => {
                context.tally.source_failed = true;
                context.messages.say(&format!("{}: {error}", path.display()));
            }
        }
    }
    Ok(())
}

/// The lines of an input.
struct ReadingLines {
    file: OwnedFd,
    patience: Timeout,
    /// What was read and has no line end yet.
    room: Vec<u8>,
    line: u64,
    /// It was told that this is something else.
    told: bool,
}

impl ReadingLines {
    fn read(mut self, context: &mut Context) -> Result<(), Stop> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            self.patience.wait(&self.file, context)?;
            let octets = match rustix::io::read(&self.file, &mut *chunk) {
                Ok(0) => break,
                Ok(size) => chunk.get(..size).unwrap_or_default(),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(errno) => {
                    let text = std::io::Error::from(errno).to_string();
                    return Err(Stop::Failed(Status::Source, text));
                }
            };
            context.tally.octets += octets.len() as u64;
            for piece in octets.split_inclusive(|octet| *octet == b'\n') {
                self.room.extend_from_slice(piece.strip_suffix(b"\n").unwrap_or(piece));
                if piece.ends_with(b"\n") {
                    self.take(context);
                } else if self.room.len() > LONGEST {
                    // What is kept is too long to be taken for a line, and the rest is passed over.
                    self.room.truncate(LONGEST + 1);
                }
            }
        }
        if !self.room.is_empty() {
            self.take(context);
        }
        Ok(())
    }

    fn take(&mut self, context: &mut Context) {
        self.line += 1;
        let room = std::mem::take(&mut self.room);
        let line = room.trim_ascii();
        if line.is_empty() {
        } else if line.len() > LONGEST {
            let limit = Cause::Limit { what: "length of a line", limit: LONGEST };
            context.defect(self.line, &Error::new(Layer::Reading, 0, limit));
        } else {
            match Readings::parse(line) {
                Ok(readings) => {
                    context.tally.telegrams += 1;
                    if let Some(sinks) = &mut context.sinks {
                        sinks.put(readings);
                    }
                }
                Err(error) => {
                    let is_other =
                        Record::kind(line).is_some() || HEADER.as_bytes().starts_with(line);
                    if is_other && !std::mem::replace(&mut self.told, true) {
                        context.messages.say("these are records, not readings: decode makes them");
                    }
                    context.defect(self.line, &error);
                }
            }
        }
        self.room = room;
        self.room.clear();
    }
}
