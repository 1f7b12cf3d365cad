//! Octets from text.
//!
//! - [`canonical`]: the form that records carry, lower case without separators.
pub mod canonical;
