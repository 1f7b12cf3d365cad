//! Files, replaced or appended to.
//!
//! - [`path_template`]: the name of one, some of which depends on the readings.
//! - [`atomic`], [`snapshot`]: replaced in one step, by what is the latest.
//! - [`append`], [`rotation`]: appended to, and moved away.
//! - [`spool`]: what waits for a server that is away.
pub mod append;
pub mod atomic;
pub mod path_template;
pub mod rotation;
pub mod snapshot;
pub mod spool;
