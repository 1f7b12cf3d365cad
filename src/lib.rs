//! Readings from Austrian smart meters.
//!
//! # The floors
//!
//! A module imports only from the floors below it, and modules of one floor do not know each other.
//!
//! | floor | modules | idea |
//! |---|---|---|
//! | 6 | `source`, `sink` (feature `cli`) | where octets come from, where readings go to |
//! | 5 | [`mod@format`], [`chain`] | a reading as text; the stages, from octets to telegrams |
//! | 4 | [`reading`] | a COSEM tree as named, scaled, exact values |
//! | 3 | [`link`], [`cipher`], [`cosem`], [`record`] | frames, ciphering, A-XDR, and the line between the stages |
//! | 2 | [`reader`], [`hex`], `backoff` (feature `cli`) | a cursor that cannot run past its end, octets from text, waits between tries |
//! | 1 | [`error`] | what can be wrong, and where |
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable,
        clippy::todo
    )
)]

#[cfg(feature = "cli")]
pub mod backoff;
pub mod chain;
pub mod cipher;
pub mod cosem;
pub mod error;
pub mod format;
pub mod hex;
pub mod link;
pub mod reader;
pub mod reading;
pub mod record;
#[cfg(feature = "cli")]
pub mod sink;
#[cfg(feature = "cli")]
pub mod source;
#[cfg(feature = "cli")]
pub mod wake;
