//! The lines of an input that holds readings: the JSON Lines of `decode`, one line a telegram.

use std::time::Duration;

use crate::cli::{
    input::{buffer::CHUNK, lines::LineReader},
    run::{context::Context, stage::Task},
};
use meterpipe::{
    error::{Cause, Error, Layer},
    format::readings::Readings,
    record::{HEADER, Record},
};

/// Takes readings.
pub trait ReadingConsumer: Task {
    /// Takes the readings of a line, with its number.
    fn readings(&mut self, readings: Readings, line: u64, context: &mut Context);
}

/// Reads the lines of an input and hands them to a consumer.
pub struct ReadingLines<C> {
    consumer: C,
    line: u64,
    /// True within a line that is longer than any telegram needs.
    is_too_long: bool,
    /// True once the user was told that the input holds records, not readings.
    wrong_input_reported: bool,
}

impl<C> ReadingLines<C> {
    /// Reads for that consumer.
    pub const fn new(consumer: C) -> Self {
        Self { consumer, line: 0, is_too_long: false, wrong_input_reported: false }
    }

    /// The consumer, at the end.
    pub fn into_inner(self) -> C {
        self.consumer
    }
}

impl<C: Task> Task for ReadingLines<C> {
    fn tick(&mut self, context: &mut Context) {
        self.consumer.tick(context);
    }

    fn tick_interval(&self) -> Duration {
        self.consumer.tick_interval()
    }

    fn is_asked_to_end(&self) -> bool {
        self.consumer.is_asked_to_end()
    }
}

impl<C: ReadingConsumer> LineReader for ReadingLines<C> {
    fn begin(&mut self) {
        (self.line, self.is_too_long, self.wrong_input_reported) = (0, false, false);
    }

    fn line(&mut self, line: &[u8], end: bool, context: &mut Context) {
        // The line end counts as an octet of the input.
        context.tally.octets += line.len() as u64 + u64::from(end);
        let was_too_long = std::mem::replace(&mut self.is_too_long, !end);
        if was_too_long {
            return;
        }
        self.line += 1;
        let line = line.trim_ascii();
        if !end {
            let limit = Cause::Limit { what: "length of a line", limit: CHUNK };
            context.defect(self.line, &Error::new(Layer::Reading, 0, limit));
        } else if !line.is_empty() {
            self.readings(line, context);
        }
    }

    fn rest(&mut self, line: &[u8], context: &mut Context) {
        if !line.is_empty() || self.is_too_long {
            self.line(line, true, context);
            context.tally.octets -= 1;
        }
    }
}

impl<C: ReadingConsumer> ReadingLines<C> {
    fn readings(&mut self, line: &[u8], context: &mut Context) {
        match Readings::parse(line) {
            Ok(readings) => {
                context.tally.telegrams += 1;
                self.consumer.readings(readings, self.line, context);
            }
            Err(error) => {
                let is_other = Record::kind(line).is_some() || HEADER.as_bytes().starts_with(line);
                if is_other && !std::mem::replace(&mut self.wrong_input_reported, true) {
                    context.messages.say("these are records, not readings: decode makes them");
                }
                context.defect(self.line, &error);
            }
        }
    }
}
