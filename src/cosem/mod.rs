//! The content of a plain APDU (IEC 62056-5-3, 62056-6-1 and 62056-6-2; DLMS UA Blue Book).
//!
//! - [`data_type`]: the tags of data types, and the layout behind each.
//! - [`axdr`]: data of any type, read lazily from borrowed octets.
//! - [`compact`]: compact arrays, whose types stand apart from their values.
//! - [`dsmr_value`]: one value of a DSMR telegram.
//! - [`notification`]: the APDU that a meter pushes.
//! - [`clock`]: the twelve octets of a date-time.
//! - [`obis`]: the code that names a quantity.
//! - [`mod@unit`]: the table of physical units.
pub mod axdr;
pub mod clock;
pub mod compact;
pub mod data_type;
pub mod dsmr_value;
pub mod notification;
pub mod obis;
pub mod unit;
