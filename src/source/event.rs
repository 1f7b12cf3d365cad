//! The interface of a live source: bursts of octets, and changes of its state.

use core::time::Duration;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{OpenError, line::LineSettings};
use crate::{diagnosis::socket::CustomerSocket, error::Mark, record::Time};

/// The result of one read. Reuse it: each read empties it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// This machine's clock when the first octet arrived.
    pub time: Time,
    /// The octets as sent: the kernel's escapes are undone.
    pub octets: Vec<u8>,
    /// The UART marks, each with the position of its octet in `octets`.
    pub marks: Vec<(usize, Mark)>,
}

impl Burst {
    /// Empties the burst and keeps its capacity.
    pub fn clear(&mut self) {
        self.time = Time::UNKNOWN;
        self.octets.clear();
        self.marks.clear();
    }
}

/// The reason why a read returned.
///
/// `Lost`, `Waiting` and `Back` report changes of state, each once however long the state lasts. A
/// one-shot run sees none of them: it gets an [`OpenError`] instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// Octets are in the burst.
    Octets,
    /// Nothing came for a moment, or a signal arrived: the caller checks its flags and time-outs.
    Quiet,
    /// The source was lost, with the reason. It is closed and will be opened again. Octets before
    /// and after the loss do not belong together.
    Lost(String),
    /// The source cannot be opened, with the reason. It will be tried again; another `Waiting`
    /// follows only if the reason changes and the new one lasts.
    Waiting(String),
    /// The source works again, or for the first time after a `Waiting`; it was away for this long.
    Back(Duration),
    /// A remark for the user, without a change of state.
    Note(String),
    /// The end of a source that has one. Sources that reconnect never return it.
    End,
}

/// The end of the reason of a loss that may be that of a device: not where a server has spoken.
pub const UNPLUGGED: &str = ", or unplugged";

/// The end of the reason of a loss whose server has sent nothing.
pub const MUTE: &str =
    " before it sent an octet; it may serve one client and have another, or lack its adapter";

/// The line behind a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// The device, if it is one of this machine.
    pub device: Option<PathBuf>,
    /// True if the source searches for the settings of the line itself.
    pub searches: bool,
    /// True if the speed is among these.
    pub seeks_speed: bool,
    /// True for a virtual meter, which has no line.
    pub is_virtual: bool,
    /// The interface that the line is set for.
    pub socket: CustomerSocket,
}

/// The settings of a line, which a search changes until telegrams come.
pub type CurrentLine = Arc<Mutex<LineSettings>>;

/// A live source of octets.
pub trait Source: Send {
    /// The value of the `from` attribute, not yet escaped: `ttyUSB0`, `HOST:PORT`.
    fn name(&self) -> &str;

    /// Waits for the next burst or change, about a second at most.
    ///
    /// The first read opens the source.
    ///
    /// # Errors
    /// In a one-shot run: the source cannot be opened, or was lost. A lasting run has no errors.
    fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError>;

    /// The line behind the source, for advice.
    fn line(&self) -> SourceLine {
        SourceLine::default()
    }

    /// Tells the source that its octets held frames that passed their checks, which proves its
    /// settings.
    fn frames_seen(&mut self, frames: usize) {
        let _ = frames;
    }

    /// The settings of its line; none if it has no line.
    fn current_line(&self) -> Option<CurrentLine> {
        None
    }
}
