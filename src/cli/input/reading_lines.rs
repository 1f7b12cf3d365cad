//! The lines of an input that holds readings: the JSON Lines of `decode`, one line a telegram.

use std::time::Duration;

use crate::cli::{
    input::{buffer::CHUNK, lines::LineReader},
    run::{
        context::Context,
        other_input::{PAGE, TABLE},
        own_output,
        stage::Task,
    },
};
use meterpipe::{
    error::{Cause, Error, Layer},
    format::{key::Meta, readings::Readings},
    hex::detect,
    portal::{encoding, header},
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
    /// True once the input had readings.
    has_readings: bool,
    /// The name of something else that the input holds, once the user was told.
    other: Option<&'static str>,
}

impl<C> ReadingLines<C> {
    /// Reads for that consumer.
    pub const fn new(consumer: C) -> Self {
        Self { consumer, line: 0, is_too_long: false, has_readings: false, other: None }
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
        (self.line, self.is_too_long) = (0, false);
        (self.has_readings, self.other) = (false, None);
    }

    fn line(&mut self, line: &[u8], end: bool, context: &mut Context) {
        // The line end counts as an octet of the input.
        context.tally.octets += line.len() as u64 + u64::from(end);
        let was_too_long = std::mem::replace(&mut self.is_too_long, !end);
        if was_too_long {
            return;
        }
        self.line += 1;
        // Editors put a byte order mark in front.
        let mark = if self.line == 1 { BYTE_ORDER_MARK } else { b"" };
        let line = line.strip_prefix(mark).unwrap_or(line).trim_ascii();
        if !end && !self.is_other(line, context) {
            let limit = Cause::Limit { what: "length of a line", limit: CHUNK };
            context.defect(self.line, &Error::new(Layer::Reading, 0, limit));
        } else if end && !line.is_empty() {
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
        let parsed = Readings::parse(line);
        let has_time = parsed.as_ref().is_ok_and(|it| it.meta(Meta::Time).is_some());
        match parsed {
            // The search costs telegrams nothing: these have a time.
            _ if !has_time && is_of_comparison(line) => {
                let cause = Cause::OtherRows { fault: COMPARED };
                context.defect(self.line, &Error::new(Layer::Reading, 0, cause));
            }
            Ok(readings) if !has_time && readings.meta(Meta::Month).is_some() => {
                let cause = Cause::OtherRows { fault: PEAK };
                context.defect(self.line, &Error::new(Layer::Reading, 0, cause));
            }
            Ok(readings) => {
                context.tally.telegrams += 1;
                self.has_readings = true;
                self.consumer.readings(readings, self.line, context);
            }
            Err(_) if self.is_other(line, context) => {}
            Err(error) => context.defect(self.line, &error),
        }
    }

    /// True for a line of an input without readings so far that is no damaged line of them. The first one
    /// earns advice, and all are counted: a message a line would hide the advice.
    fn is_other(&mut self, line: &[u8], context: &mut Context) -> bool {
        let known = self.other.filter(|_| !line.starts_with(b"{"));
        let Some(found) = known.or_else(|| other(line)).filter(|_| !self.has_readings) else {
            return false;
        };
        if self.other.replace(found).is_none() {
            context.messages.other_input(found);
        }
        context.told(&Error::new(Layer::Reading, 0, Cause::NotReadings { found }));
        true
    }
}

/// Refuses readings that were counted.
pub fn refuse(line: u64, cause: Cause, context: &mut Context) {
    context.tally.telegrams -= 1;
    context.defect(line, &Error::new(Layer::Reading, 0, cause));
}

/// The fault of rows of `quarters --compare`.
const COMPARED: &str = "a row of quarters --compare, whose energies are no registers and no intervals: give the readings, or the rows of quarters without --compare";

/// The fault of a row of `quarters --peaks`.
const PEAK: &str = "the peak of a month (--peaks), and no interval of a row of them: give the readings, or the rows of quarters without --peaks";

/// True for a difference, a lack or the sums, as `quarters --compare` prints them.
fn is_of_comparison(line: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    line.starts_with(b"{") && (has(b"\"portal_wh\":") || has(b"\"missing\":\"portal\""))
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The name of a line that is no JSON, if it is one of an input that users mistake for readings.
fn other(line: &[u8]) -> Option<&'static str> {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    if Record::kind(line).is_some() || HEADER.as_bytes().starts_with(line) {
        Some("records")
    } else if has(b"\"layer\":") && has(b"\"octets\":") {
        Some("octets of telegrams, as explain shows them")
    } else if let Some(kind) = detect::kind_of_file(line).filter(|_| !line.starts_with(b"PK")) {
        Some(kind)
    } else if line.starts_with(b"{") || has(b"\":") {
        None
    } else if let Some(kind) = own_output::kind(line) {
        Some(kind)
    } else if line.starts_with(b"<") {
        Some(PAGE)
    } else if line.starts_with(b"PK\x03\x04") || is_of_table(line) {
        Some(TABLE)
    } else {
        is_of_telegrams(line).then_some("octets of telegrams")
    }
}

/// True for the names of an operator's portal, and for words between semicolons, which may stand above them.
fn is_of_table(line: &[u8]) -> bool {
    let text = encoding::text(line);
    if text.contains(|sign: char| sign.is_control() && sign != '\t' || "{}".contains(sign)) {
        return false;
    }
    let names: Vec<_> = text.split([';', ',', '\t']).map(|it| it.trim_matches('"')).collect();
    let is_word =
        |word: &str| word.len() > 2 && word.contains(|sign: char| !sign.is_ascii_hexdigit());
    let mut words = text.split(|sign: char| !sign.is_alphabetic());
    text.contains(';') && words.any(is_word) || !header::columns(&names).is_empty()
}

/// True for hex, listings of it, DSMR text and binary, by their first characters.
fn is_of_telegrams(line: &[u8]) -> bool {
    let start = line.get(..START).unwrap_or(line);
    let is_sign = |sign: &u8| sign.is_ascii_hexdigit() || b" \txX:,;-".contains(sign);
    let digits = start.iter().filter(|sign| sign.is_ascii_hexdigit()).count();
    let is_hex = start.iter().all(is_sign) && 2 * digits >= start.len() && digits >= LEAST_DIGITS;
    is_hex || line.starts_with(b"/") || str::from_utf8(line).is_err()
}

/// The characters at the start of a line that show hex, and the least digits among them.
const START: usize = 24;
const LEAST_DIGITS: usize = 6;
