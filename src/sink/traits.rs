//! What a sink does, and what it says.

use crate::sink::queue::QueueReceiver;

/// A place where readings go to.
pub trait Sink: Send {
    /// Takes what comes, until the inbox is at its end.
    ///
    /// It runs in a thread of its own and may wait for its server, but not for ever: an end of the
    /// inbox has a date by which the sink has to be at its end too.
    fn run(self: Box<Self>, queue: QueueReceiver, report: &dyn Report);
}

/// What a sink has to say.
pub trait Report {
    /// A change of its state, for people: `connected`, `no answer for 10 s; trying again`. Whoever
    /// listens knows which sink it is.
    fn say(&self, text: &str);

    /// Readings that were not stored, and never will be.
    fn lost(&self, readings: u64);
}
