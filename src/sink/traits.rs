//! The interfaces of a sink: its work, and its reports.

use core::time::Duration;

use std::sync::Arc;

use crate::{
    format::readings::Readings,
    sink::{accounts::AccountKind, queue::QueueReceiver},
};

/// A destination of readings.
pub trait Sink: Send {
    /// The form of this sink in which every energy is the register of a meter, if it writes such a form. The energy of
    /// an interval is none, so the sink gets no intervals.
    fn form_of_registers(&self) -> Option<&'static str>;

    /// Takes events until the queue ends.
    ///
    /// The sink runs in a thread of its own and may wait for its server, but not for ever: once the
    /// queue has ended, the sink has to return by the queue's deadline.
    fn run(self: Box<Self>, queue: QueueReceiver, report: &dyn Report);

    /// Asks the destination whether it would take readings, and sends none. Returns its answer in a few words:
    /// `connected, MQTT 5`.
    ///
    /// # Errors
    /// The obstacle, as a run would report it.
    fn probe(&mut self, timeout: Duration) -> Result<String, String>;

    /// Everything that the sink would send or write for these readings, after earlier ones. The sink is
    /// not [run](Self::run), and stores nothing.
    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview>;
}

/// A message, line or page that a sink would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkPreview {
    /// The topic, address or path.
    pub place: String,
    /// The content.
    pub content: Vec<u8>,
}

/// The receiver of a sink's reports.
pub trait Report {
    /// Reports a change of state to the user: `connected`, `no answer for 10 s; trying again`. The
    /// receiver adds the name of the sink.
    fn say(&self, text: &str);

    /// Counts readings, possibly none, that were not stored and never will be.
    fn lost(&self, readings: u64);

    /// Notes why nothing can be stored at present, in words for the user; `None` once it can be again. The
    /// status of a service has it as long as it lasts.
    fn trouble(&self, cause: Option<&str>) {
        let _ = cause;
    }

    /// Opens the [account](crate::sink::accounts) of a sink.
    fn keeps_account(&self, kind: AccountKind) {
        let _ = kind;
    }

    /// Counts readings that are stored, or that hold nothing to store.
    fn stored(&self, readings: u64) {
        let _ = readings;
    }

    /// Takes back readings that turn out not to be stored.
    fn unstored(&self, readings: u64) {
        let _ = readings;
    }

    /// Counts readings that an earlier run left on the disk.
    fn found(&self, readings: u64) {
        let _ = readings;
    }

    /// Counts states that newer ones replaced before they were sent.
    fn replaced(&self, readings: u64) {
        let _ = readings;
    }

    /// Sets the number of readings that wait on the disk.
    fn on_disk(&self, readings: u64) {
        let _ = readings;
    }

    /// Notes that something else is missing, which was reported to the user.
    fn incomplete(&self) {}
}

/// The messages of a test.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct ReportedTexts(pub(crate) std::cell::RefCell<Vec<String>>);

#[cfg(test)]
impl Report for ReportedTexts {
    fn say(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }

    fn lost(&self, _: u64) {}
}
