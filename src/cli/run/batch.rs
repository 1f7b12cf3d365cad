//! A batch of APDUs. Any thread can read it, because it holds everything that the text of its
//! telegrams depends on.

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::cli::run::telegram_messages::TelegramMessages;
use meterpipe::{
    chain::{decrypt::Chosen, event::Refusal, reopen::Reopen},
    format::entry::{Format, OutputTelegram},
    record::{Attributes, Place, Record, RecordKind, Time},
};

/// APDUs, and messages between them, in the order of the input.
#[derive(Default)]
pub struct Batch {
    items: Vec<BatchItem>,
    /// The octets of the APDUs, joined.
    octets: Vec<u8>,
    /// The text of the telegrams that were read, joined.
    text: Vec<u8>,
}

enum BatchItem {
    Apdu(BatchApdu),
    Refused(Refusal<'static>),
    Remark(String),
}

struct BatchApdu {
    place: Place,
    time: Time,
    attributes: Attributes<'static>,
    chosen: Chosen,
    /// The end of its octets in the batch; they begin where those of the previous APDU end.
    end: usize,
    /// The end of its text in the text of the batch; `None` if the main thread has to read the
    /// APDU.
    text_end: Option<usize>,
}

/// An item after the batch was read.
pub enum BatchResult<'a> {
    /// An APDU, and where the text of its telegram ends; `None` if the main thread has to read it.
    Apdu(Record<'a>, Place, &'a Chosen, Option<usize>),
    /// A refusal by an earlier stage.
    Refused(&'a Refusal<'static>),
    /// A remark about the input.
    Remark(&'a str),
}

impl Batch {
    /// The number of items.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds the APDU of a record. Its textual attributes are left out: no format prints them.
    pub fn push_apdu(&mut self, record: &Record<'_>, place: Place, chosen: Chosen) {
        self.octets.extend_from_slice(record.octets);
        let attributes =
            Attributes { from: None, link: None, err: None, text: "", ..record.attributes };
        let (time, end) = (record.time, self.octets.len());
        let apdu = BatchApdu { place, time, attributes, chosen, end, text_end: None };
        self.items.push(BatchItem::Apdu(apdu));
    }

    /// Adds a refusal. Its source is left out: messages name only live sources.
    pub fn push_refused(&mut self, refusal: &Refusal<'_>) {
        self.items.push(BatchItem::Refused(Refusal { from: None, ..*refusal }));
    }

    /// Adds a remark about the input.
    pub fn push_remark(&mut self, text: &str) {
        self.items.push(BatchItem::Remark(text.to_owned()));
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.octets.clear();
        self.text.clear();
    }

    /// A part of the text. Telegrams that follow each other have theirs in one piece.
    pub fn text(&self, range: Range<usize>) -> &[u8] {
        self.text.get(range).unwrap_or_default()
    }

    /// Hands out all items in their order.
    pub fn results(&self, mut take: impl FnMut(BatchResult<'_>)) {
        let mut start = 0;
        for item in &self.items {
            take(match item {
                BatchItem::Refused(refusal) => BatchResult::Refused(refusal),
                BatchItem::Remark(text) => BatchResult::Remark(text),
                BatchItem::Apdu(apdu) => {
                    let record = apdu.record(&self.octets, start);
                    start = apdu.end;
                    BatchResult::Apdu(record, apdu.place, &apdu.chosen, apdu.text_end)
                }
            });
        }
    }
}

impl BatchApdu {
    fn record<'a>(&self, octets: &'a [u8], start: usize) -> Record<'a> {
        let octets = octets.get(start..self.end).unwrap_or_default();
        Record { time: self.time, kind: RecordKind::Apdu, octets, attributes: self.attributes }
    }
}

/// Reads batches in a thread of its own.
pub struct BatchReader {
    reopen: Reopen,
    remarks: TelegramMessages,
    format: Box<dyn Format>,
    zone: TimeZone,
}

impl BatchReader {
    /// A reader that writes as `format` does.
    pub fn new(reopen: Reopen, format: Box<dyn Format>, zone: TimeZone) -> Self {
        Self { reopen, remarks: TelegramMessages::default(), format, zone }
    }

    /// Reads each APDU whose text depends on nothing but the APDU. The main thread reads the
    /// others: those that this reader cannot read, and those with something to report.
    pub fn read(&mut self, batch: &mut Batch) {
        let Self { reopen, remarks, format, zone } = self;
        let Batch { items, octets, text } = batch;
        let mut start = 0;
        for item in items {
            let BatchItem::Apdu(apdu) = item else {
                continue;
            };
            let record = apdu.record(octets, start);
            start = apdu.end;
            let text_start = text.len();
            let mut is_reported = false;
            let is_read = reopen.read(&record, &apdu.chosen, |telegram, record| {
                let (received, attributes) = (record.time, record.attributes);
                let telegram = OutputTelegram { telegram, zone, received, attributes };
                is_reported = remarks.is_news(&telegram);
                format.entry(&telegram, text);
            });
            is_reported |= !format.notes().is_empty();
            match is_read && !is_reported {
                true => apdu.text_end = Some(text.len()),
                false => text.truncate(text_start),
            }
        }
    }
}
