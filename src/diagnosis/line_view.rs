//! The facts about a line beside its octets.

use crate::{
    diagnosis::{diagnosis::Diagnosis, other_readers::OtherReaders, socket::CustomerSocket},
    link::registry::LinkChoice,
};

/// The facts about a line beside its octets.
#[derive(Clone, Debug, Default)]
pub struct LineView {
    /// Seconds of listening; `None` for a file.
    pub seconds: Option<u64>,
    /// Whole telegrams, also those that came without frames.
    pub telegrams: usize,
    /// Other programs that have the device open.
    pub others: OtherReaders,
    /// True for a virtual meter, which has no line.
    pub is_virtual: bool,
    /// True for a device of this machine, whose parity can be searched for.
    pub is_device: bool,
    /// True while the parity is searched for already.
    pub searches: bool,
    /// True while the speed is searched for too.
    pub seeks_speed: bool,
    /// True if octets came on a live line just before the end of the listening: more may follow.
    pub is_within_push: bool,
    /// True if more telegrams are damaged than open, be they few.
    pub is_mostly_damaged: bool,
    /// The link layers that were chosen.
    pub links: LinkChoice,
    /// The interface that the line is set for.
    pub socket: CustomerSocket,
}

impl LineView {
    /// True for a server on the network: the line behind it is not set from here.
    pub(super) const fn is_peer(&self) -> bool {
        self.seconds.is_some() && !self.is_device
    }

    /// The advice about the settings of the line, as far as they can still be changed.
    #[must_use]
    pub const fn settings_hint(&self) -> &'static str {
        match (self.is_device, self.searches) {
            (true, false) => Diagnosis::Noise.hint(),
            (true, true) if self.seeks_speed => "check adapter and cable",
            (true, true) => "check adapter and baud rate",
            (false, _) => "check adapter, baud rate and parity where the device is",
        }
    }
}
