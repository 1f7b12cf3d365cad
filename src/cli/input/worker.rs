//! A block of a file, read by a fork of the decoder in a thread of its own.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
    mpsc::{Receiver, Sender},
};

use crate::cli::{
    commands::decode::Decoder,
    input::{
        blocks::{Block, Whole},
        buffer::{Buffer, CHUNK, Octets},
        files::failed,
        lines::TextLines,
        progress::Progress,
    },
    run::{
        context::Context,
        messages::{Gathered, Messages},
        output::Output,
        status::{Stop, Tally},
    },
};
use meterpipe::hex::detect::Form;
use rustix::io::Errno;

/// Everything that one part of a file leaves for the next.
#[derive(Clone)]
pub struct DecodeState {
    /// The lines.
    pub text: TextLines,
    /// The telegrams.
    pub stage: Decoder,
}

impl DecodeState {
    /// How much was learnt; nothing if something is pending.
    pub fn at_rest(&self) -> Option<u64> {
        Some(self.text.at_rest()? + self.stage.at_rest()?)
    }

    /// Reads a block; where it ended.
    pub fn read(
        &mut self,
        whole: &Whole<'_>,
        block: Block,
        pump: &mut Buffer,
        progress: Option<&Progress>,
        context: &mut Context,
    ) -> Result<BlockEnd, Stop> {
        let mut range = Range { whole, at: block.from, to: block.to, ended: false, progress };
        let Self { text, stage } = self;
        pump.clear();
        match whole.form {
            Form::Binary => {
                pump.binary(block.from - whole.start, &mut range, stage, context)?;
            }
            Form::Text => {
                pump.text(text, &mut range, stage, context)?;
                if range.ended {
                    text.rest(pump.waiting(), stage, context);
                    text.finish(context);
                } else if !pump.waiting().is_empty() {
                    // A cut is behind a line end, unless somebody writes to the file.
                    text.line(pump.waiting(), true, stage, context);
                }
            }
        }
        Ok(BlockEnd { at: range.at, last: range.ended })
    }
}

/// Where a block ended.
#[derive(Clone, Copy)]
pub struct BlockEnd {
    /// In the file.
    pub at: u64,
    /// There the file ended too.
    pub last: bool,
}

/// The octets of a block.
struct Range<'a> {
    whole: &'a Whole<'a>,
    at: u64,
    to: Option<u64>,
    /// The file was at its end, whatever was said of it.
    ended: bool,
    progress: Option<&'a Progress>,
}

impl Octets for Range<'_> {
    fn read(&mut self, room: &mut [u8], _: &mut Context) -> Result<usize, Stop> {
        // As if the file were read from its start to its end: there, too, a read ends here.
        let chunk = CHUNK as u64 - (self.at - self.whole.start) % CHUNK as u64;
        let left = self.to.map_or(chunk, |to| to.saturating_sub(self.at).min(chunk));
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
        let room = room.get_mut(..most).unwrap_or_default();
        if room.is_empty() {
            return Ok(0);
        }
        loop {
            match rustix::io::pread(self.whole.file, &mut *room, self.at) {
                Ok(size) => {
                    self.ended = size == 0;
                    self.at += size as u64;
                    if let Some(progress) = self.progress {
                        progress.reach(self.at - self.whole.start);
                    }
                    return Ok(size);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(&errno.into())),
            }
        }
    }
}

/// A block for a fork, and where to bring what comes of it.
pub struct Task {
    /// The block.
    pub block: Block,
    /// What it begins with.
    pub state: DecodeState,
    /// Which of the states that is a fork of.
    pub base: u64,
    /// Room for text.
    pub room: Vec<u8>,
    /// Where to.
    pub done: Sender<Done>,
}

/// What came of a block.
pub struct Done {
    /// What it ended with.
    pub state: DecodeState,
    /// The readings.
    pub text: Vec<u8>,
    /// The messages.
    pub said: Gathered,
    /// What was counted.
    pub tally: Tally,
    /// Where it ended.
    pub end: BlockEnd,
}

/// Does what is in the queue until that is closed. What cannot be done to its end is not brought:
/// then it is done again by who can say why. Nor is anything done for a base that is not any more.
pub fn work(whole: &Whole<'_>, tasks: &Mutex<Receiver<Task>>, base: &AtomicU64) {
    let mut pump = None;
    while let Some(task) = take(tasks) {
        if task.base != base.load(Ordering::Relaxed) {
            continue;
        }
        let Task { block, mut state, room, done, .. } = task;
        let mut context = Context::with(Output::room(room, ROOM), Messages::held());
        let pump = pump.get_or_insert_with(Buffer::new);
        state.text.count_from(0);
        if let Ok(end) = state.read(whole, block, pump, None, &mut context) {
            let (text, said) = (context.output.text, context.messages.gathered());
            let _ = done.send(Done { state, text, said, tally: context.tally, end });
        }
    }
}

fn take(tasks: &Mutex<Receiver<Task>>) -> Option<Task> {
    tasks.lock().ok()?.recv().ok()
}

/// Text of one block: that of a telegram as XML is five times as long as in hex. What is longer is
/// written as it comes.
const ROOM: usize = 4 * 1024 * 1024;
