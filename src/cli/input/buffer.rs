//! The read loop: it reads octets into a buffer and hands out lines or records.

use crate::cli::{
    input::lines::LineReader,
    run::{
        context::Context,
        stage::{Stage, Task},
        status::Stop,
    },
};
use meterpipe::record::{Attributes, Place, Record, RecordKind, Time};

/// The most octets of one read; also the longest line that is read whole.
pub const CHUNK: usize = 256 * 1024;

/// An open input.
pub trait Octets {
    /// Reads at least one octet into `room`; returns 0 at the end. `task` is kept going during the
    /// wait.
    fn read(
        &mut self,
        room: &mut [u8],
        task: &mut dyn Task,
        context: &mut Context,
    ) -> Result<usize, Stop>;
}

/// The buffer.
pub struct Buffer {
    buffer: Vec<u8>,
    /// `buffer[..filled]` was read and not yet handed out.
    filled: usize,
}

impl Buffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self { buffer: vec![0; CHUNK], filled: 0 }
    }

    /// The octets that were read and not yet handed out.
    pub fn waiting(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Reads more; false at the end.
    pub fn fill(
        &mut self,
        octets: &mut dyn Octets,
        task: &mut dyn Task,
        context: &mut Context,
    ) -> Result<bool, Stop> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let size = octets.read(room, task, context)?;
        self.filled += size;
        Ok(size > 0)
    }

    /// Hands all octets to the stage.
    pub fn binary(
        &mut self,
        octets: &mut dyn Octets,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        let mut position = 0;
        while self.filled > 0 || self.fill(octets, stage, context)? {
            let waiting = self.waiting();
            let (time, attributes) = (Time::UNKNOWN, Attributes::default());
            let record = Record { time, kind: RecordKind::Raw, octets: waiting, attributes };
            context.note_input(&record);
            stage.feed(&record, Place::Octet(position), context);
            if context.done {
                return Err(Stop::Done);
            }
            position += self.filled as u64;
            self.filled = 0;
            context.output.settle()?;
        }
        Ok(())
    }

    /// Hands all lines to the reader, and at the end the octets behind the last line end.
    pub fn text(
        &mut self,
        octets: &mut dyn Octets,
        reader: &mut dyn LineReader,
        context: &mut Context,
    ) -> Result<(), Stop> {
        loop {
            let mut start = 0;
            let waiting = self.buffer.get(..self.filled).unwrap_or_default();
            for end in memchr::memchr_iter(b'\n', waiting) {
                reader.line(waiting.get(start..end).unwrap_or_default(), true, context);
                if context.done {
                    return Err(Stop::Done);
                }
                context.output.settle()?;
                start = end + 1;
            }
            if start == 0 && self.filled == CHUNK {
                reader.line(waiting, false, context);
                start = self.filled;
            }
            self.buffer.copy_within(start..self.filled, 0);
            self.filled -= start;
            if !self.fill(octets, reader, context)? {
                reader.rest(self.waiting(), context);
                return Ok(());
            }
        }
    }
}
