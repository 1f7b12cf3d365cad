//! The link layer: frames out of a stream of octets, APDUs out of frames.
//!
//! - [`mbus`]: the wired M-Bus frame and the machine that finds it in a noisy stream.
//! - [`reassembly`]: the segments of one APDU, joined.
pub mod mbus;
pub mod reassembly;
