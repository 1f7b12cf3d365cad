//! The link layer: frames out of a stream of octets, APDUs out of frames.
//!
//! - [`layer`]: the trait of link layers.
//! - [`mbus`]: the wired M-Bus.
//! - [`mbus_short`]: its frame without data.
//! - [`hdlc`]: the frames of infrared and P1 interfaces.
//! - [`wrapper`]: the wrapper of TCP and UDP.
//! - [`dsmr`]: the text of P1 interfaces.
//! - [`registry`]: the list of all link layers.
//! - [`deframer`]: finds their frames in a noisy stream.
//! - [`reassembly`]: joins the segments of an APDU.
//! - [`block_transfer`]: joins the blocks of an APDU.
//! - [`framed`]: tells an APDU in a frame from one that stands alone.
//! - [`stream`]: both together, from octets to APDUs.
pub mod block_transfer;
pub mod deframer;
pub mod dsmr;
pub mod framed;
pub mod hdlc;
pub mod layer;
pub mod mbus;
pub mod mbus_short;
pub mod reassembly;
pub mod registry;
pub mod stream;
pub mod wrapper;
