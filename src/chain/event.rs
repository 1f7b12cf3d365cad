//! The events of a stage.

use crate::{
    cipher::ciphered::SystemTitle,
    error::Error,
    record::{Place, Record, Time},
};

/// A record that a stage hands on, or a message beside it.
#[derive(Clone, Copy, Debug)]
pub enum StageEvent<'a> {
    /// A record for the next stage, and where in the input it began.
    Record(Record<'a>, Place),
    /// A telegram, or a part of one, that cannot be read.
    Refused(Refusal<'a>),
    /// Octets that belong to nothing.
    Noise(usize),
    /// A tag that nobody can verify, because no authentication key is known for this meter.
    Unverified(Option<SystemTitle>),
    /// A DSMR telegram without a CRC, the first one of its source.
    Unchecked,
}

/// Something that cannot be read, where it stood and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// Where in the input.
    pub place: Place,
    /// When its first octet arrived.
    pub time: Time,
    /// The source, as in the record.
    pub from: Option<&'a str>,
    /// The meter, where that is known.
    pub title: Option<SystemTitle>,
    /// Why.
    pub error: Error,
}

/// A receiver of events.
pub trait Out: FnMut(StageEvent<'_>) {}

impl<F: FnMut(StageEvent<'_>)> Out for F {}
