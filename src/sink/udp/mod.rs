//! `udp://HOST:PORT`: a datagram for each telegram.
//!
//! - [`kind`]: the description of the sink.
//! - `datagram`: the content; `shrdzm`: as the interface SHRDZM sends it.
//! - `address`: the address behind a name; `socket`: the socket, and what becomes of a datagram.
//! - `sink`: the sink.
mod address;
mod datagram;
pub mod kind;
mod shrdzm;
mod sink;
mod socket;
