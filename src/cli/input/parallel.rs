//! A file that several read at once.
//!
//! ```text
//! the file     |  block  |  block  |  block  |  block  |
//! the decoder  |=========o                                by itself, until it rests
//! its forks              |=======o |=======o |====->      each a block, from the rest on
//! the outcome  |=========o=======o ...                    put together in order
//! ```
//!
//! A decoder rests where nothing of what it has read is waiting for the rest of a telegram, a line, an
//! octet. What it has learnt by then (that there are frames; which key opens a meter; that somebody was
//! told of something) only ever grows and is counted. A fork reads its block as if the file up to
//! there had left the decoder in the state that it was forked from. Whether it did is seen when the
//! block before is done: that one has to rest at its end and to have learnt nothing since the fork. If
//! so, what the fork brought is what the decoder would have brought. If not, it is thrown away, and
//! the decoder reads that block itself, from the state that is true.
//!
//! So a cut in a wrong place costs time and changes nothing; and where cuts fail one after the other
//! (the rows of a listing never rest), the decoder reads the rest of the file alone.

use std::{
    collections::VecDeque,
    num::NonZero,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use crate::cli::{
    commands::decode::Decoder,
    input::{
        blocks::{Block, Cuts, Whole},
        buffer::Buffer,
        lines::TextLines,
        progress::Progress,
        worker::{self, DecodeState, Done, Task},
    },
    run::{context::Context, status::Stop},
};

/// How many work, and on how much.
#[derive(Clone, Copy, Debug)]
pub struct Jobs {
    /// How many at once.
    pub count: usize,
    /// How much each takes at a time, in octets of the file.
    pub block: u64,
}

impl Jobs {
    /// As many as the user says, else as there are cores.
    pub fn of(count: Option<NonZero<usize>>) -> Self {
        let count = count.or_else(|| thread::available_parallelism().ok());
        Self { count: count.map_or(1, NonZero::get), block: BLOCK }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self { count: 1, block: BLOCK }
    }
}

/// Reads a file from its start to its end, and says where that was.
pub fn run(
    whole: Whole<'_>,
    stage: &mut Decoder,
    mut pump: Buffer,
    progress: &Progress,
    context: &mut Context,
) -> Result<u64, Stop> {
    pump.clear();
    let jobs = context.jobs;
    let (queue, tasks) = mpsc::channel();
    let (tasks, base) = (Arc::new(Mutex::new(tasks)), AtomicU64::new(0));
    thread::scope(|scope| {
        let blocks = (whole.end - whole.start).div_ceil(jobs.block.max(1));
        let most = usize::try_from(blocks).unwrap_or(usize::MAX).min(jobs.count);
        let started = (0..most).take_while(|_| {
            let (whole, tasks, base) = (&whole, tasks.clone(), &base);
            let thread = thread::Builder::new().name("job".to_owned());
            thread.spawn_scoped(scope, move || worker::work(whole, &tasks, base)).is_ok()
        });
        let ahead = started.count() + AHEAD;
        // The queue is the threads'. If there are none (any more), what is in it is given up.
        drop(tasks);
        let mut run = ParallelRun {
            whole,
            state: DecodeState { text: TextLines::new(whole.said), stage: stage.clone() },
            lines: 0,
            at: whole.start,
            learnt: None,
            failures: 0,
            cuts: Cuts::new(whole, jobs.block),
            again: VecDeque::new(),
            given: VecDeque::new(),
            ahead,
            queue,
            base: &base,
            spare: Vec::new(),
            rooms: Vec::new(),
            pump,
            progress,
            context,
        };
        let result = run.all();
        // Whoever still works does so in vain.
        base.store(u64::MAX, Ordering::Relaxed);
        *stage = run.state.stage;
        result
    })
}

/// The one that gives out the blocks and puts together what comes of them.
struct ParallelRun<'a> {
    whole: Whole<'a>,
    /// That at the end of all that is done.
    state: DecodeState,
    /// Lines and octets that are done.
    lines: u64,
    at: u64,
    /// What was learnt by the time that forks begin with.
    learnt: Option<u64>,
    /// How often in a row a fork began with the wrong state.
    failures: u32,
    cuts: Cuts<'a>,
    /// Blocks that were given out in vain.
    again: VecDeque<Block>,
    /// Blocks that were given out and are not put together yet.
    given: VecDeque<(Block, Receiver<Done>)>,
    /// How many of those there may be.
    ahead: usize,
    queue: Sender<Task>,
    base: &'a AtomicU64,
    /// Forks that are as they were at their beginning.
    spare: Vec<DecodeState>,
    /// Empty text with room.
    rooms: Vec<Vec<u8>>,
    pump: Buffer,
    progress: &'a Progress,
    context: &'a mut Context,
}

impl ParallelRun<'_> {
    fn all(&mut self) -> Result<u64, Stop> {
        let mut ended = false;
        while !ended {
            let learnt = self.state.at_rest();
            ended = match learnt {
                _ if self.at == self.whole.start => self.alone()?,
                _ if self.failures >= FAILURES => self.read_on()?,
                None => {
                    self.failures += 1;
                    self.alone()?
                }
                Some(_) if learnt == self.learnt => self.together()?,
                Some(_) => {
                    self.failures += 1;
                    self.begin_anew(learnt);
                    false
                }
            };
        }
        Ok(self.at)
    }

    /// The next block to be given out.
    fn next(&mut self) -> Option<Block> {
        self.again.pop_front().or_else(|| self.cuts.next())
    }

    /// Reads the next block here.
    fn alone(&mut self) -> Result<bool, Stop> {
        let given = self.given.pop_front().map(|(block, _)| block);
        let Some(block) = given.or_else(|| self.next()) else {
            return Ok(true);
        };
        self.read(block)
    }

    /// Reads all that is left here.
    fn read_on(&mut self) -> Result<bool, Stop> {
        self.give_up();
        self.read(Block { from: self.at, to: None })
    }

    fn read(&mut self, block: Block) -> Result<bool, Stop> {
        let Self { whole, state, pump, progress, context, .. } = self;
        state.text.count_from(self.lines);
        let end = state.read(whole, block, pump, Some(progress), context)?;
        self.lines = state.text.lines();
        self.at = end.at;
        Ok(end.last)
    }

    /// Takes what a fork made of the next block, which began as the one before has ended.
    fn together(&mut self) -> Result<bool, Stop> {
        self.give_out();
        let Some((block, done)) = self.given.pop_front() else {
            return Ok(true);
        };
        // Too much for the room of a fork, perhaps, or not to be read.
        let Ok(done) = done.recv() else {
            self.failures += 1;
            return self.read(block);
        };
        self.put(done)
    }

    fn put(&mut self, done: Done) -> Result<bool, Stop> {
        #[cfg(test)]
        TAKEN.set(TAKEN.get() + 1);
        let Done { mut state, mut text, said, tally, end } = done;
        self.context.tally += tally;
        self.context.messages.repeat(said, self.lines);
        self.context.output.append(&text)?;
        text.clear();
        self.rooms.push(text);
        let lines = state.text.lines();
        if state.at_rest() == self.learnt {
            self.failures = 0;
            self.spare.push(state);
        } else {
            // What is pending began in a line that only now has its number.
            state.stage.count_behind(self.lines);
            self.state = state;
        }
        self.lines += lines;
        self.at = end.at;
        self.progress.reach(self.at - self.whole.start);
        Ok(end.last)
    }

    /// Gives out blocks as far ahead as may be.
    fn give_out(&mut self) {
        while self.given.len() < self.ahead
            && let Some(block) = self.next()
        {
            let (done, receiver) = mpsc::channel();
            let state = self.spare.pop().unwrap_or_else(|| self.state.clone());
            let base = self.base.load(Ordering::Relaxed);
            let room = self.rooms.pop().unwrap_or_default();
            let _ = self.queue.send(Task { block, state, base, room, done });
            self.given.push_back((block, receiver));
        }
    }

    /// From here on forks are of the state that is.
    fn begin_anew(&mut self, learnt: Option<u64>) {
        self.give_up();
        self.learnt = learnt;
    }

    /// Takes back what was given out.
    fn give_up(&mut self) {
        self.base.fetch_add(1, Ordering::Relaxed);
        self.spare.clear();
        for (block, _) in self.given.drain(..).rev() {
            self.again.push_front(block);
        }
    }
}

/// What a fork takes at a time: half a millisecond's work.
pub const BLOCK: u64 = 256 * 1024;

/// Blocks that are given out beyond those that are being worked on.
const AHEAD: usize = 2;

/// After so many wrong beginnings in a row it is not worth it.
const FAILURES: u32 = 8;

#[cfg(test)]
thread_local! {
    /// Blocks of forks that were taken.
    pub static TAKEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}
