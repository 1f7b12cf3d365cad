//! The keys of one meter.

use crate::cipher::{ciphered::SystemTitle, key::Key};

/// The keys of one meter, or of any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The meter; `None` means any.
    pub name: Option<MeterName>,
    /// The encryption key.
    pub guek: Key,
    /// The authentication key.
    pub gak: Option<Key>,
}

/// How a key file names a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeterName {
    /// By its system title, which every ciphered telegram shows.
    Title(SystemTitle),
    /// By its number, which only the decrypted telegram shows.
    Meter(String),
}
