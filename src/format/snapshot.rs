//! A page that shows the last readings of each meter, written once, at the end of the input.
//!
//! The lines of [JSON](super::json) are kept, one a meter, and read at the end: so a telegram costs no
//! allocation, and the page is made from what a sink would get.

use core::fmt;
use std::sync::Arc;

use crate::format::{
    cell::Content,
    entry::{Format, OutputTelegram},
    json::Json,
    latest::LatestReadings,
    meters::Meters,
    readings::Readings,
};

/// What can be made from the last readings.
pub trait Page: fmt::Debug + Send {
    /// Appends the whole page.
    fn write(&self, latest: &LatestReadings, text: &mut Vec<u8>);
}

/// The format.
#[derive(Clone, Debug)]
pub struct SnapshotFormat<P> {
    page: P,
    json: Json,
    lines: Meters<LatestLine>,
    /// The meter's name, in room that is used again.
    name: Vec<u8>,
}

/// The last telegram of a meter.
#[derive(Clone, Debug, Default)]
struct LatestLine {
    json: Vec<u8>,
    telegrams: u64,
}

impl<P: Page> SnapshotFormat<P> {
    /// That page.
    #[must_use]
    pub fn new(page: P) -> Self {
        Self { page, json: Json::new(None, false), lines: Meters::default(), name: Vec::new() }
    }
}

impl<P: Page + Clone + 'static> Format for SnapshotFormat<P> {
    fn entry(&mut self, entry: &OutputTelegram<'_>, _text: &mut Vec<u8>) {
        self.name.clear();
        if let Some(meter) = Content::of_meter(entry) {
            meter.write(entry.zone, &mut self.name);
        }
        let name = str::from_utf8(&self.name).ok().filter(|name| !name.is_empty());
        self.lines.seen(name, |line| {
            line.json.clear();
            line.telegrams += 1;
            self.json.entry(entry, &mut line.json);
        });
    }

    fn end(&mut self, text: &mut Vec<u8>) {
        let mut latest = LatestReadings::default();
        for LatestLine { json, telegrams } in self.lines.iter() {
            // A telegram without any reading is none to show.
            if let Ok(readings) = Readings::parse(json) {
                latest.put(Arc::new(readings), *telegrams, None);
            }
        }
        self.page.write(&latest, text);
    }

    fn is_snapshot(&self) -> bool {
        true
    }

    fn fork(&self) -> Box<dyn Format> {
        Box::new(self.clone())
    }
}
