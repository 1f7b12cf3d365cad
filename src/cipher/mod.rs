//! Ciphered APDUs, and the keys that open them (IEC 62056-5-3; DLMS UA Green Book, 9.2).
//!
//! - [`ciphered`]: the header and what it announces.
//! - [`gcm`]: AES-128-GCM, with a tag and without.
//! - [`key`]: one key, and how people write it.
//! - [`key_file`]: the keys of many meters.
pub mod ciphered;
pub mod gcm;
pub mod key;
mod key_columns;
mod key_entry;
pub mod key_file;
mod key_groups;
mod key_label;
mod key_line;
mod key_name;
mod key_notation;
mod key_pieces;
mod key_wraps;
mod quoted_printable;
