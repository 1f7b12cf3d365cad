//! Virtual meters by their link layer.

use meterpipe::source::simulator::meter::{MeterKind, SimulatedLink};

/// The virtual meters on the M-Bus.
pub fn wired() -> impl Iterator<Item = MeterKind> {
    MeterKind::ALL.into_iter().filter(|it| matches!(it.link(), SimulatedLink::MBus { .. }))
}
