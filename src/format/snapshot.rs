//! A page with the last readings of each meter, written once, at the end of the input.

use core::{fmt, mem};
use std::sync::Arc;

use crate::format::{
    entry::{Format, OutputTelegram},
    latest::LatestReadings,
    readings::Readings,
};

/// A page made from the last readings.
pub trait Page: fmt::Debug + Send {
    /// Appends the whole page.
    fn write(&self, latest: &LatestReadings, text: &mut Vec<u8>);

    /// True if the page has room for one meter only.
    fn is_for_one_meter(&self) -> bool {
        false
    }
}

/// The format.
#[derive(Clone, Debug)]
pub struct SnapshotFormat<P> {
    page: P,
    latest: LatestReadings,
    /// Meters had to make room for others.
    is_full: bool,
    noted: bool,
}

impl<P: Page> SnapshotFormat<P> {
    /// That page.
    #[must_use]
    pub fn new(page: P) -> Self {
        Self { page, latest: LatestReadings::default(), is_full: false, noted: false }
    }
}

impl<P: Page + Clone + 'static> Format for SnapshotFormat<P> {
    fn entry(&mut self, entry: &OutputTelegram<'_>, _text: &mut Vec<u8>) {
        // A telegram without readings has nothing to show.
        if let Some(readings) = Readings::of(entry) {
            self.is_full |= !self.latest.put(Arc::new(readings), 1, None);
            self.is_full |= self.page.is_for_one_meter() && self.latest.meters().nth(1).is_some();
        }
    }

    fn end(&mut self, text: &mut Vec<u8>) {
        self.page.write(&self.latest, text);
    }

    fn notes(&mut self) -> Vec<String> {
        if !self.is_full || mem::replace(&mut self.noted, true) {
            return Vec::new();
        }
        let text = match self.page.is_for_one_meter() {
            true => "a page has room for one meter: all but the one seen last are left out",
            false => "too many meters for one page: those unseen for longest are left out",
        };
        vec![text.to_owned()]
    }

    fn is_complete(&self) -> bool {
        !self.is_full
    }

    fn is_snapshot(&self) -> bool {
        true
    }
}
