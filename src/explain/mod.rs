//! A telegram octet by octet: where each stands, and its meaning.
//!
//! - [`span`]: some octets with a meaning, and the spans of one layer.
//! - [`data`]: the elements of A-XDR, with the names and values that they have in readings.
//! - [`dsmr`]: the lines of a DSMR telegram.
//! - [`quantity`]: OBIS codes in words.
//! - [`telegram`]: all layers of a telegram, from the frames of the line to the plain APDU.
//!
//! Nothing is read here a second time: frames, blocks, headers and elements come from the readers of
//! [`link`](crate::link), [`cipher`](crate::cipher) and [`cosem`](crate::cosem), names and values
//! from [`reading`](crate::reading).
pub mod data;
pub mod dsmr;
mod object;
pub mod quantity;
pub mod span;
pub mod telegram;
