//! Octets from text.
//!
//! - [`canonical`]: the form that records carry, lower case without separators.
//! - [`detect`]: whether an input is text at all.
//! - [`dump`]: every other form that people keep telegrams in.
pub mod canonical;
pub mod detect;
mod digits;
pub mod dump;
mod groups;
mod listing;
mod prefix;
mod row_shape;
mod run;
mod separator;
mod stamp;
