//! The loop over what is read of an input: octets into a buffer, out of it lines or records.

use crate::cli::{
    input::lines::TextLines,
    run::{
        context::{Context, Stage},
        status::Stop,
    },
};
use meterpipe::record::{Attributes, Place, Record, RecordKind, Time};

/// How much is read at once; also the longest record.
pub const CHUNK: usize = 256 * 1024;

/// Where octets are read from.
pub trait Octets {
    /// Reads what there is into `room`, at least one octet; 0 at the end.
    fn read(&mut self, room: &mut [u8], context: &mut Context) -> Result<usize, Stop>;
}

/// The buffer.
pub struct Buffer {
    buffer: Vec<u8>,
    /// `buffer[..filled]` was read and waits.
    filled: usize,
}

impl Buffer {
    /// Empty.
    pub fn new() -> Self {
        Self { buffer: vec![0; CHUNK], filled: 0 }
    }

    /// What was read and waits.
    pub fn waiting(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Throws away what waits.
    pub const fn clear(&mut self) {
        self.filled = 0;
    }

    /// Reads more; false at the end.
    pub fn fill(&mut self, octets: &mut dyn Octets, context: &mut Context) -> Result<bool, Stop> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let size = octets.read(room, context)?;
        self.filled += size;
        Ok(size > 0)
    }

    /// Hands all octets on; the first of them stands at `position`.
    pub fn binary(
        &mut self,
        mut position: u64,
        octets: &mut dyn Octets,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        while self.filled > 0 || self.fill(octets, context)? {
            let waiting = self.waiting();
            let (time, attributes) = (Time::UNKNOWN, Attributes::default());
            let record = Record { time, kind: RecordKind::Raw, octets: waiting, attributes };
            context.tally.octets += waiting.len() as u64;
            stage.feed(&record, Place::Octet(position), context);
            if context.is_full() {
                return Err(Stop::Done);
            }
            position += self.filled as u64;
            self.filled = 0;
            context.output.settle()?;
        }
        Ok(())
    }

    /// Hands all lines on. What stands behind the last line end still [waits](Self::waiting).
    pub fn text(
        &mut self,
        text: &mut TextLines,
        octets: &mut dyn Octets,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        loop {
            let mut start = 0;
            let waiting = self.buffer.get(..self.filled).unwrap_or_default();
            for end in memchr::memchr_iter(b'\n', waiting) {
                let line = waiting.get(start..end).unwrap_or_default();
                text.line(line, true, stage, context);
                if context.is_full() {
                    return Err(Stop::Done);
                }
                context.output.settle()?;
                start = end + 1;
            }
            if start == 0 && self.filled == CHUNK {
                text.line(waiting, false, stage, context);
                start = self.filled;
            }
            self.buffer.copy_within(start..self.filled, 0);
            self.filled -= start;
            if !self.fill(octets, context)? {
                return Ok(());
            }
        }
    }
}
