//! The lines of a text: records, or hex in any usual form.

use std::time::Duration;

use crate::cli::{
    input::opening::{NumberedLine, Opening, OpeningStep},
    run::{
        context::{Context, line_refusal},
        stage::{Stage, Task},
    },
    setup::shared_args::InputForm,
};
use meterpipe::{
    error::{Cause, Error, Layer},
    hex::{
        dump::{Dump, HexRun, is_numbered},
        telegram_row::holds_row,
    },
    p1::CodeForm,
    record::{
        self, ANONYMISED, Attributes, Columns, HEADER, HEADER_START, Place, Record, RecordKind,
        Time,
    },
};

/// Takes the lines of a text.
pub trait LineReader: Task {
    /// Begins an input.
    fn begin(&mut self) {}

    /// Takes a line without its end; or, if `end` is false, a part of a line that is too long for a
    /// buffer.
    fn line(&mut self, line: &[u8], end: bool, context: &mut Context);

    /// Takes the octets behind the last line end; the text ends with them.
    fn rest(&mut self, line: &[u8], context: &mut Context);
}

/// Reads records and hex from lines, for a stage.
pub struct TextLines<'a> {
    stage: &'a mut dyn Stage,
    form: Option<InputForm>,
    line: u64,
    dump: Dump,
    run: HexRun,
    octets: Vec<u8>,
    /// The kind of a line that is too long for the buffer, while parts of it follow.
    within: Option<Within>,
    /// True once records or their header came.
    records: bool,
    /// Within a DSMR telegram.
    dsmr: bool,
    /// The text is that of DSMR telegrams: no line of it is hex, not even a damaged one.
    dsmr_text: bool,
    /// The first line of the text while the next one has to tell if it is the rest of a line of such a
    /// telegram.
    first: Option<Vec<u8>>,
    /// The last line whose octets could all be read.
    sound: u64,
    /// The last line ended amid an octet, and may be of a telegram.
    is_open_row: bool,
    opening: Opening,
}

/// Fewer octets in a sentence are no part of a telegram.
const TELEGRAM_PART: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Hex,
    Record,
}

impl Task for TextLines<'_> {
    fn tick(&mut self, context: &mut Context) {
        self.stage.tick(context);
    }

    fn tick_interval(&self) -> Duration {
        self.stage.tick_interval()
    }

    fn is_asked_to_end(&self) -> bool {
        self.stage.is_asked_to_end()
    }
}

impl LineReader for TextLines<'_> {
    fn line(&mut self, line: &[u8], end: bool, context: &mut Context) {
        if self.line == 0 && end && self.form.is_none() && may_be_rest(line) {
            self.first = Some(line.to_vec());
            self.line = 1;
            return;
        }
        // A blank line belongs to what its CRC is of.
        if let Some(first) = self.first.as_mut().filter(|first| first.len() < SHORT)
            && line.trim_ascii().is_empty()
        {
            first.extend_from_slice(&[b"\n", line].concat());
            self.line += 1;
            return;
        }
        if let Some(first) = self.first.take() {
            let second = std::mem::replace(&mut self.line, 1);
            self.dsmr = begins_text(line) || is_object(line);
            match self.dsmr {
                true => self.text(&first, true, context),
                false => self.hex(first_line(&first), true, context),
            }
            self.line = second;
        }
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
            Some(columns) if end => self.record(columns, context),
            Some(_) => {
                let limit = Cause::Limit { what: "length of a record", limit: line.len() };
                self.refuse(&Error::new(Layer::Record, 0, limit), context);
            }
            None if record => {}
            None if self.form.is_none() && self.is_dsmr(line) => self.text(line, end, context),
            None if within.is_none() && self.is_comment(line, context) => {
                context.note_row(self.line, line);
            }
            None => self.hex(line, end, context),
        }
    }

    /// Among records, an unreadable rest is a record that the end of the input cut off, which is no
    /// error.
    fn rest(&mut self, line: &[u8], context: &mut Context) {
        let record = self.within.is_none() && self.records;
        let is_cut = || Columns::of(line).is_some() || !is_hex(line);
        let incomplete = record && Record::parse(line, &mut self.octets).is_err() && is_cut();
        self.line(if incomplete { b"" } else { line }, true, context);
        if let Some(first) = self.first.take() {
            self.line = 1;
            self.hex(first_line(&first), true, context);
        }
        if let Some(key) = self.opening.key() {
            context.tally.is_key = true;
            let what = "a key file";
            let error = Error::new(Layer::Hex, 0, Cause::Unsupported { what });
            return self.stage.refused(&line_refusal(key, &error), context);
        }
        let step = self.opening.over();
        self.open(step, context);
        if let Err(error) = self.dump.finish()
            && (self.is_open_row || !matches!(error.cause, Cause::OddDigits))
        {
            self.refuse_hex(&error, context);
        }
    }
}

impl<'a> TextLines<'a> {
    /// A reader of `form`, or of the form that the text shows.
    pub fn new(form: Option<InputForm>, stage: &'a mut dyn Stage) -> Self {
        let (dump, run, octets) = (Dump::default(), HexRun::default(), Vec::new());
        Self {
            stage,
            form,
            line: 0,
            dump,
            run,
            octets,
            within: None,
            records: false,
            dsmr: false,
            dsmr_text: false,
            first: None,
            sound: 0,
            is_open_row: false,
            opening: Opening::default(),
        }
    }

    fn refuse(&mut self, error: &Error, context: &mut Context) {
        self.stage.refused(&line_refusal(self.line, error), context);
    }

    /// An octet that a line end cuts is found with the next line only.
    fn refuse_hex(&mut self, error: &Error, context: &mut Context) {
        self.stage.refused(&line_refusal(self.dump.defect_line(), error), context);
    }

    /// The first columns of a record. A line with an unknown kind is a record only among records:
    /// it may be a line of a log (`TIME info 68fa…`).
    fn columns<'l>(&self, line: &'l [u8]) -> Option<Columns<'l>> {
        let columns = Columns::of(line.strip_suffix(b"\r").unwrap_or(line))?;
        let is_record = match (self.form, columns.kind) {
            (Some(InputForm::Hex), _) => false,
            // An item of a list begins so too: `- is almost done`.
            (None, RecordKind::Other(_)) => {
                self.records || line.starts_with(b"-") && columns.has_hex()
            }
            _ => true,
        };
        is_record.then_some(columns)
    }

    /// True for a line without data. The header of records is noted.
    fn is_comment(&mut self, line: &[u8], context: &mut Context) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first().is_some_and(|first| *first != b'#') || is_numbered(line) {
            return false;
        }
        if line.starts_with(HEADER_START.as_bytes()) {
            context.tally.records = true;
            self.records = true;
            if line != HEADER.trim_end().as_bytes() {
                let text = "records of another version: what is not known is passed on";
                self.stage.remark(text, context);
            }
        } else if line.starts_with(ANONYMISED.as_bytes()) {
            context.tally.is_anonymised = true;
            let text =
                "the capture is anonymised: its numbers and registers are not those of the meter";
            self.stage.remark(text, context);
        }
        true
    }

    /// True for a line of a DSMR telegram, also of one whose beginning is not there. The readouts of
    /// infrared interfaces are such texts too: the stages behind tell them apart.
    fn is_dsmr(&mut self, line: &[u8]) -> bool {
        let is_start = |first: &u8| matches!(first, b'/' | b'!');
        let is_no_end = |last: &u8| last.is_ascii_graphic() && *last != b')';
        if !self.dsmr_text
            && !line.first().is_some_and(is_start)
            && line.last().is_some_and(is_no_end)
        {
            // Nearly all lines.
            return false;
        }
        let line = line.trim_ascii_end();
        let begins = begins_text(line);
        self.dsmr = match line {
            _ if begins => line.starts_with(b"/"),
            _ if is_object(line) => true,
            [] => self.dsmr,
            [b'#', ..] if !self.dsmr => false,
            // A cut telegram takes the next one's first line into its own last.
            _ => self.dsmr_text && !is_hex(line),
        };
        self.dsmr_text = self.dsmr || begins || self.dsmr_text && matches!(line, [] | [b'#', ..]);
        self.dsmr || begins
    }

    /// Hands on a line of a DSMR telegram as its octets.
    fn text(&mut self, line: &[u8], end: bool, context: &mut Context) {
        context.text_facts.note_prose();
        self.octets.clear();
        self.octets.extend_from_slice(line);
        if end {
            self.octets.push(b'\n');
        }
        let octets = self.octets.as_slice();
        let attributes = Attributes::default();
        let record = Record { time: Time::UNKNOWN, kind: RecordKind::Raw, octets, attributes };
        context.note_input(&record);
        self.stage.feed(&record, Place::Line(self.line), context);
    }

    fn record(&mut self, columns: Columns<'_>, context: &mut Context) {
        match columns.read(&mut self.octets) {
            Ok(record) => {
                context.note_input(&record);
                self.stage.feed(&record, Place::Record(self.line), context);
            }
            Err(error) => self.refuse(&error, context),
        }
    }

    /// True if a line whose hex has a defect is a sentence with a few digits in it: a version, a
    /// time. Beside octets it is more.
    fn is_prose(&self, line: &[u8]) -> bool {
        let word = |c: &u8| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit() && *c != b'x';
        let words = line.split(|c| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 2);
        // A long run of digits with hardly a wrong one is a telegram.
        let is_damaged = |run: &[u8]| {
            let wrong = run.iter().filter(|c| !c.is_ascii_hexdigit()).count();
            run.len() >= DAMAGED_RUN && (1..=run.len() / 8).contains(&wrong)
        };
        if words.clone().any(is_damaged) {
            return false;
        }
        let words = words.filter(|letters| letters.iter().any(word));
        let is_alone = self.sound + 1 != self.line && self.dump.defect_line() == self.line;
        is_alone && self.run.octets.len() < TELEGRAM_PART && words.count() > 0
    }

    /// True if a line may be of a telegram: one was open in front of it, or begins in it, or it is written as one.
    fn is_of_telegram(&self, line: &[u8]) -> bool {
        let has_telegram = self.opening.has_telegram();
        self.opening.is_amid(&self.run.octets)
            || has_telegram && self.dump.owns(line)
            || holds_row(line, has_telegram)
    }

    fn hex(&mut self, line: &[u8], end: bool, context: &mut Context) {
        if self.form == Some(InputForm::Records) {
            let error = Error::new(Layer::Record, 0, Cause::NotARecord);
            return self.refuse(&error, context);
        }
        if !self.opening.is_known(line) && !self.read_opening(line, end, context) {
            return;
        }
        self.octets_of(line, end, context);
    }

    /// Takes a line while it is open what the text is; false if the line is kept.
    #[cold]
    fn read_opening(&mut self, line: &[u8], end: bool, context: &mut Context) -> bool {
        let step = self.opening.line(self.line, line, end, &self.dump);
        self.open(step, context)
    }

    /// Reads the first lines that were kept, or drops them; false if the present line is kept too.
    fn open(&mut self, step: OpeningStep, context: &mut Context) -> bool {
        match step {
            OpeningStep::Read => {}
            OpeningStep::Kept => return false,
            OpeningStep::Release(lines) => self.read_kept(lines, context),
            OpeningStep::Drop { key, dropped, others } => {
                context.tally.prose += dropped;
                self.read_kept(others, context);
                if let Some(line) = key {
                    let text = format!("line {line}: a key, not read: give it with --key-file");
                    self.stage.remark(&text, context);
                }
            }
        }
        true
    }

    fn read_kept(&mut self, lines: Vec<NumberedLine>, context: &mut Context) {
        let present = self.line;
        for (number, line) in lines {
            self.line = number;
            self.octets_of(&line, true, context);
        }
        self.line = present;
    }

    fn octets_of(&mut self, line: &[u8], end: bool, context: &mut Context) {
        context.note_text(self.line, line);
        self.run.clear();
        self.dump.number(self.line);
        let result = self.dump.line(line, end, &mut self.run);
        let is_sound = result.is_ok();
        // The dots beside a row of a listing are signs of it.
        if !is_sound || line.len() <= 4 * self.run.octets.len() + 2 {
            context.text_facts.note_dots(self.line, line, is_sound);
        }
        let is_own = self.dump.defect_line() == self.line;
        match result {
            Err(Error { cause: Cause::NotHex | Cause::OddDigits, .. })
                if is_own && !self.is_of_telegram(line) =>
            {
                // Hex of another program: beside a telegram its octets would be noise of that.
                self.run.clear();
            }
            Err(error)
                if self.is_prose(line) && !matches!(error.cause, Cause::Unsupported { .. }) => {}
            // The line before ended amid an octet.
            Err(Error { cause: Cause::OddDigits, .. }) if !is_own && !self.is_open_row => {}
            Err(error) => self.refuse_hex(&error, context),
            Ok(()) if self.run.octets.is_empty() => {}
            Ok(()) => self.sound = self.line,
        }
        self.is_open_row = self.dump.is_amid_octet()
            && (self.is_open_row && self.run.octets.is_empty() || self.is_of_telegram(line));
        if !self.run.earlier.is_empty() {
            self.earlier(context);
        }
        self.opening.passed(&self.run.octets);
        if self.run.octets.is_empty() {
            context.note_prose();
            return;
        }
        context.text_facts.note_hex(self.run.octets.len(), is_sound);
        let marks = &self.run.marks;
        let err = (!marks.is_empty()).then(|| record::err(marks.iter().copied()));
        let attributes = Attributes { err: err.as_deref(), ..Attributes::default() };
        let octets = &self.run.octets;
        let record = Record { time: Time::UNKNOWN, kind: RecordKind::Raw, octets, attributes };
        context.note_input(&record);
        self.stage.feed(&record, Place::Line(self.line), context);
    }

    /// Hands on the octets of earlier lines.
    #[cold]
    fn earlier(&mut self, context: &mut Context) {
        for (line, octets) in self.run.earlier.drain(..) {
            let (time, attributes) = (Time::UNKNOWN, Attributes::default());
            let record = Record { time, kind: RecordKind::Raw, octets: &octets, attributes };
            context.note_input(&record);
            self.stage.feed(&record, Place::Line(line), context);
        }
    }
}

/// The digits of a run that is no word.
const DAMAGED_RUN: usize = 64;

/// A text up to its first line end.
fn first_line(text: &[u8]) -> &[u8] {
    text.split(|c| *c == b'\n').next().unwrap_or_default()
}

/// True for the first line of a DSMR telegram, and for its last one.
fn begins_text(line: &[u8]) -> bool {
    match line.trim_ascii_end() {
        [b'/', a, b, c, b'5', rest @ ..] => {
            // A row of base64 may begin so: `/gBq5…`.
            let is_word =
                rest.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'));
            let is_row = is_word && rest.len() > IDENTIFICATION;
            !is_row && [a, b, c].iter().all(|it| it.is_ascii_alphabetic())
        }
        [b'!', crc @ ..] => crc.len() <= 4 && crc.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// True for a line that holds a part of a telegram in hex, and no damage: the telegrams of another meter,
/// behind those of DSMR.
fn is_hex(line: &[u8]) -> bool {
    let mut run = HexRun::default();
    Dump::default().line(line, true, &mut run).is_ok() && run.octets.len() >= TELEGRAM_PART
}

/// True for a line like `1-0:1.8.0(001581.123*kWh)`.
fn is_object(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.ends_with(b")") && CodeForm::of_line(line).is_some()
}

/// True for a line that may be the rest of one in a DSMR telegram: of an object, of the identification, of
/// the CRC. Octets in hex are none.
fn may_be_rest(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let is_name =
        |octet: &u8| matches!(octet, b'g'..=b'w' | b'y' | b'z' | b'G'..=b'W' | b'Y' | b'Z' | b'_');
    match line {
        [] | [b'/' | b'#', ..] | [.., b']' | b'}' | b',' | b';'] => false,
        [.., b')'] => !is_object(line) && line.iter().all(u8::is_ascii_graphic),
        _ if line.len() <= 4 && line.iter().all(u8::is_ascii_hexdigit) => true,
        _ => line.len() <= IDENTIFICATION && line.iter().any(is_name) && !line.contains(&b' '),
    }
}

/// The longest identification of a meter that is looked for in a line.
const IDENTIFICATION: usize = 32;

/// The characters of the first line and the blank ones behind it.
const SHORT: usize = 128;
