//! What a live source gives: bursts of octets, and changes of its state.

use core::time::Duration;

use super::OpenError;
use crate::{error::Mark, record::Time};

/// What one read brought. Reuse it: each read empties it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// The clock of this machine when the first of the octets arrived.
    pub time: Time,
    /// The octets as the sender meant them, escapes of the kernel undone.
    pub octets: Vec<u8>,
    /// The marks of the UART, each with the position of its octet in `octets`.
    pub marks: Vec<(usize, Mark)>,
}

impl Burst {
    /// Forgets the octets and keeps the room.
    pub fn clear(&mut self) {
        self.time = Time::UNKNOWN;
        self.octets.clear();
        self.marks.clear();
    }
}

/// Why a read returned.
///
/// `Lost`, `Waiting` and `Back` tell changes of state, once each however long the state lasts. A
/// one-shot run sees none of the three: what they would tell is an [`OpenError`] there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// Octets are in the burst.
    Octets,
    /// Nothing came for a moment, or a signal did: the time to look at flags and time-outs.
    Quiet,
    /// The source went away, and why. It is closed, and is tried again from now on. The octets before
    /// and those to come do not belong together.
    Lost(String),
    /// The source cannot be opened, and why. It is tried again; another `Waiting` follows only if the
    /// reason changes for good.
    Waiting(String),
    /// The source works again, or for the first time after a `Waiting`; it was away for so long.
    Back(Duration),
    /// Something worth a line to the user, with no change of state.
    Note(String),
    /// A source with an end has come to it. The sources of this floor that reconnect never say so.
    End,
}

/// Where octets come from, live.
pub trait Source: Send {
    /// The value of the `from` attribute, not yet escaped: `ttyUSB0`, `HOST:PORT`.
    fn name(&self) -> &str;

    /// The next burst or change, after about a second at most.
    ///
    /// The first read opens the source.
    ///
    /// # Errors
    /// In a one-shot run, that the source cannot be opened or was lost. A lasting run has no errors.
    fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError>;

    /// Tells the source that frames which pass their checks came out of its octets: its settings are
    /// right then.
    fn frames_seen(&mut self, frames: usize) {
        let _ = frames;
    }
}
