//! A telegram with the columns of its record, and the trait of all formats.

use jiff::tz::TimeZone;

use crate::{
    cosem::clock::Stamp,
    reading::telegram::Telegram,
    record::{Attributes, Auth, Time},
};

/// One telegram for a format.
#[derive(Clone, Copy, Debug)]
pub struct OutputTelegram<'a> {
    /// The telegram.
    pub telegram: &'a Telegram<'a>,
    /// The zone for clocks that do not say their own.
    pub zone: &'a TimeZone,
    /// When it arrived.
    pub received: Time,
    /// The columns of its record: title, counter, integrity.
    pub attributes: Attributes<'a>,
}

impl OutputTelegram<'_> {
    /// The meter's time.
    #[must_use]
    pub fn time(&self) -> Option<Stamp> {
        self.telegram.time(self.zone)
    }

    /// True if its tag was verified; `None` if it was never ciphered.
    #[must_use]
    pub fn authenticated(&self) -> Option<bool> {
        let Attributes { title, ic, sc, auth, .. } = self.attributes;
        let ciphered = auth.is_some() || title.is_some() || ic.is_some() || sc.is_some();
        ciphered.then_some(auth == Some(Auth::Verified))
    }
}

/// A text form of readings.
///
/// A format appends to a buffer of the caller, which saves an allocation a telegram.
pub trait Format: Send {
    /// Appends the text before all telegrams.
    fn start(&mut self, _text: &mut Vec<u8>) {}

    /// Appends one telegram.
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>);

    /// Appends the text after all telegrams.
    fn end(&mut self, _text: &mut Vec<u8>) {}

    /// New notes for the user, a line each.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// True if the text is written at the end only, from all telegrams.
    fn is_snapshot(&self) -> bool {
        false
    }

    /// A format for a worker, which goes on from here.
    fn for_worker(&self) -> Box<dyn Format>;
}
