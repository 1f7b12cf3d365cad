//! What is written: a telegram with what its record said about it.

use jiff::tz::TimeZone;

use crate::{
    cosem::clock::Stamp,
    reading::telegram::Telegram,
    record::{Attributes, Auth, Time},
};

/// One telegram on its way out.
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

    /// Whether its integrity is proven; nothing if it was never ciphered.
    #[must_use]
    pub fn authenticated(&self) -> Option<bool> {
        let Attributes { title, ic, sc, auth, .. } = self.attributes;
        let ciphered = auth.is_some() || title.is_some() || ic.is_some() || sc.is_some();
        ciphered.then_some(auth == Some(Auth::Verified))
    }
}

/// A text form of readings.
///
/// Text is appended to what the caller reuses, so that a telegram costs no allocation.
pub trait Format: Send {
    /// What stands before all telegrams.
    fn start(&mut self, _text: &mut Vec<u8>) {}

    /// One telegram.
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>);

    /// What stands behind all telegrams.
    fn end(&mut self, _text: &mut Vec<u8>) {}

    /// What the user should know and has not been told yet, a line each.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// True if the text is written at the end only, from all telegrams.
    fn is_snapshot(&self) -> bool {
        false
    }

    /// A format that goes on from here, for another thread.
    fn fork(&self) -> Box<dyn Format>;
}
