//! Files, replaced or appended to.
//!
//! - [`path_template`]: a file name that may depend on the readings.
//! - [`atomic`], [`snapshot`]: files replaced in one step by the latest content.
//! - [`append`], [`rotation`]: files that are appended to and rotated.
pub mod append;
pub mod atomic;
pub mod path_template;
pub mod rotation;
pub mod snapshot;
