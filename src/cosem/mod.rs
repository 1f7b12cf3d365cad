//! What is inside a plain APDU (IEC 62056-5-3, 62056-6-1 and 62056-6-2; DLMS UA Blue Book).
//!
//! - [`axdr`]: data of any type, read lazily from borrowed octets.
//! - [`compact`]: compact arrays, whose types stand apart from their values.
//! - [`notification`]: the APDU that a meter pushes.
//! - [`clock`]: the twelve octets of a date-time.
//! - [`obis`]: the code that says what a value is.
//! - [`mod@unit`]: the table of physical units.
pub mod axdr;
pub mod clock;
pub mod compact;
pub mod notification;
pub mod obis;
pub mod unit;
