//! The keys of one meter, and the defect of a line that has none.

use crate::{
    cipher::{ciphered::SystemTitle, key::Key},
    error::Error,
};

/// A line that cannot be read: the place, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line, from 1.
    pub line: usize,
    /// The cause; its offset counts characters of the line.
    pub error: Error,
}

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
