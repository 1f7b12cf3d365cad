//! The lines of a text: records, or hex in any usual form.

use crate::cli::{
    run::context::{Context, Stage},
    setup::args::InputForm,
};
use meterpipe::{
    error::{Cause, Error, Layer},
    hex::dump::{Dump, HexRun},
    record::{self, Attributes, Columns, HEADER, HEADER_START, Place, Record, RecordKind, Time},
};

/// The state from line to line.
#[derive(Clone, Debug, Default)]
pub struct TextLines {
    form: Option<InputForm>,
    line: u64,
    dump: Dump,
    run: HexRun,
    octets: Vec<u8>,
    /// Within a line that is too long for a buffer.
    within: Option<Within>,
    /// Records came, or their header.
    records: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Hex,
    Record,
}

impl TextLines {
    /// Of the form that the user says, if he says one.
    #[must_use]
    pub fn new(form: Option<InputForm>) -> Self {
        Self { form, ..Self::default() }
    }

    /// Takes a line without its end, or the next part of one.
    pub fn line(&mut self, line: &[u8], end: bool, stage: &mut dyn Stage, context: &mut Context) {
        let within = self.within.take();
        self.line += u64::from(within.is_none());
        let columns = match within {
            Some(_) => None,
            None => self.columns(line),
        };
        let record = columns.is_some() || within == Some(Within::Record);
        self.records |= record;
        self.within = (!end).then_some(if record { Within::Record } else { Within::Hex });
        match columns {
            Some(columns) if end => self.record(columns, stage, context),
            Some(_) => {
                let limit = Cause::Limit { what: "length of a record", limit: line.len() };
                context.defect(self.line, &Error::new(Layer::Record, 0, limit));
            }
            None if record => {}
            None if within.is_none() && self.is_comment(line, context) => {}
            None => self.hex(line, end, stage, context),
        }
    }

    /// Takes what stands behind the last line end. Among records, what cannot be read there is a
    /// record that was cut off by the end of the input, which is no error.
    pub fn rest(&mut self, line: &[u8], stage: &mut dyn Stage, context: &mut Context) {
        let record = self.within.is_none() && self.records;
        let cut = record && Record::parse(line, &mut self.octets).is_err();
        self.line(if cut { b"" } else { line }, true, stage, context);
    }

    /// Says that the text is at its end.
    pub fn finish(&mut self, context: &mut Context) {
        if let Err(error) = self.dump.finish() {
            context.defect(self.line, &error);
        }
    }

    /// The lines so far.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.line
    }

    /// Counts on from so many lines.
    pub const fn count_from(&mut self, lines: u64) {
        self.line = lines;
    }

    /// How much was learnt that bears on all lines to come, but for their number; nothing within a
    /// line or an octet. It only ever grows.
    #[must_use]
    pub fn at_rest(&self) -> Option<u64> {
        let learnt = self.dump.at_rest().filter(|_| self.within.is_none())?;
        Some(learnt + u64::from(self.records))
    }

    /// The first columns of a line that is a record. One of a kind that is not known may be a line of
    /// a log (`TIME info 68fa…`) if nothing else tells.
    fn columns<'a>(&self, line: &'a [u8]) -> Option<Columns<'a>> {
        let columns = Columns::of(line.strip_suffix(b"\r").unwrap_or(line))?;
        let is_record = match (self.form, columns.kind) {
            (Some(InputForm::Hex), _) => false,
            (None, RecordKind::Other(_)) => self.records || line.starts_with(b"-"),
            _ => true,
        };
        is_record.then_some(columns)
    }

    /// Whether a line is no data; notes the header of records.
    fn is_comment(&mut self, line: &[u8], context: &mut Context) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(HEADER_START.as_bytes()) {
            context.tally.records = true;
            self.records = true;
            if line != HEADER.trim_end().as_bytes() {
                context.messages.say("records of another version: what is not known is passed on");
            }
        }
        line.is_empty() || line.starts_with(b"#")
    }

    fn record(&mut self, columns: Columns<'_>, stage: &mut dyn Stage, context: &mut Context) {
        match columns.read(&mut self.octets) {
            Ok(record) => {
                context.tally.octets += record.octets.len() as u64;
                stage.feed(&record, Place::Record(self.line), context);
            }
            Err(error) => context.defect(self.line, &error),
        }
    }

    fn hex(&mut self, line: &[u8], end: bool, stage: &mut dyn Stage, context: &mut Context) {
        if self.form == Some(InputForm::Records) {
            let error = Error::new(Layer::Record, 0, Cause::NotARecord);
            return context.defect(self.line, &error);
        }
        self.run.clear();
        if let Err(error) = self.dump.line(line, end, &mut self.run) {
            context.defect(self.line, &error);
        }
        if self.run.octets.is_empty() {
            context.tally.prose += 1;
            return;
        }
        let marks = &self.run.marks;
        let err = (!marks.is_empty()).then(|| record::err(marks.iter().copied()));
        let attributes = Attributes { err: err.as_deref(), ..Attributes::default() };
        let octets = &self.run.octets;
        context.tally.octets += octets.len() as u64;
        let record = Record { time: Time::UNKNOWN, kind: RecordKind::Raw, octets, attributes };
        stage.feed(&record, Place::Line(self.line), context);
    }
}
