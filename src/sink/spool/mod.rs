//! Lines that wait for a server which is away, for the sinks that keep a history.
//!
//! - [`pending`]: those in memory.
//! - [`segments`]: the files on a disk.
//! - [`spooled`]: those on the disk, and the part of them that is being sent.
pub mod pending;
pub mod segments;
pub mod spooled;
