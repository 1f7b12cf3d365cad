//! A telegram with the columns of its record, and the trait of all formats.

use jiff::tz::TimeZone;

use crate::{
    cosem::clock::{Clock, Stamp},
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

    /// True if the offset of the time comes from the zone.
    #[must_use]
    pub fn time_is_assumed(&self) -> bool {
        // Nearly all clocks have an offset, and need no closer look.
        self.telegram.clocks().iter().flatten().any(|clock| !clock.has_offset())
            && self.time().is_some_and(|time| time.assumed)
    }

    /// The reason to mistrust the meter's clock, if there is one.
    #[must_use]
    pub fn time_doubt(&self) -> Option<TimeDoubt> {
        let is_invalid = |clock: &Clock| clock.is_invalid();
        // Hardly any clock is invalid; only then it matters which one gives the time.
        if self.telegram.clocks().into_iter().flatten().any(is_invalid)
            && self.telegram.clock().is_some_and(is_invalid)
        {
            return Some(TimeDoubt::Invalid);
        }
        let received = self.received.millis()?.div_euclid(1000);
        let ahead = self.time()?.timestamp()?.as_second() - received;
        (ahead.abs() >= TimeDoubt::LEAST_SECONDS).then_some(TimeDoubt::Differs { ahead })
    }

    /// True if its tag was verified; `None` if it was never ciphered.
    #[must_use]
    pub fn authenticated(&self) -> Option<bool> {
        let Attributes { title, ic, sc, auth, .. } = self.attributes;
        let ciphered = auth.is_some() || title.is_some() || ic.is_some() || sc.is_some();
        ciphered.then_some(auth == Some(Auth::Verified))
    }
}

/// A reason to mistrust a meter's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeDoubt {
    /// The meter itself calls it invalid.
    Invalid,
    /// The clock is so many seconds ahead of the time of arrival, or behind if negative.
    Differs {
        /// The difference in seconds.
        ahead: i64,
    },
}

impl TimeDoubt {
    /// The least difference that raises a doubt. A wrong time zone and a missed change to summer
    /// time make a full hour, less the time on the way and what the clock drifts.
    const LEAST_SECONDS: i64 = 50 * 60;
}

/// A text form of readings.
///
/// A format appends to a buffer of the caller, which saves an allocation a telegram.
pub trait Format: ForWorker + Send {
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

    /// False if a limit left readings out, once the text is written to its end.
    fn is_complete(&self) -> bool {
        true
    }

    /// True if the text is written at the end only, from all telegrams.
    fn is_snapshot(&self) -> bool {
        false
    }
}

/// A format that several workers write.
pub trait ForWorker {
    /// The format for a worker, which goes on from here.
    fn for_worker(&self) -> Box<dyn Format>;
}

impl<F: Format + Clone + 'static> ForWorker for F {
    fn for_worker(&self) -> Box<dyn Format> {
        Box::new(self.clone())
    }
}
