//! The events of a stage.

use crate::{
    cipher::ciphered::SystemTitle,
    error::Error,
    link::registry::LinkKind,
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
    /// A text begins or ends amid a telegram.
    Edge(TextEdge),
    /// Octets of a source, and their part in it: on request, beside the other events.
    Sorted(SortedOctets<'a>),
}

/// A telegram of which a text has a part alone, at its start or at its end. A log may be cut anywhere, and so this
/// is no error; but a row of a pasted telegram may be missing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEdge {
    /// The rest of a telegram is at the start.
    Begins(TelegramPart),
    /// The first octets of a telegram are at the end. The next text may go on with it.
    Ends(TelegramPart),
    /// The text goes on with the telegram amid which the last one ended.
    GoesOn,
}

/// Octets of a text that are a part of a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelegramPart {
    /// The number of the line in which they begin.
    pub line: u64,
    /// Their number.
    pub octets: usize,
}

/// Octets of a source, and the part that they play. Frames and skipped octets, joined, are all
/// octets of the source.
#[derive(Clone, Copy, Debug)]
pub struct SortedOctets<'a> {
    /// The source, as in the record.
    pub from: Option<&'a str>,
    /// Where in the input.
    pub place: Place,
    /// The position of the first of them among the octets of the source.
    pub position: u64,
    /// The octets.
    pub octets: &'a [u8],
    /// Their part.
    pub part: StreamPart,
}

/// The part that octets play in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamPart {
    /// A frame that passed its checks, and whether it begins a telegram.
    Frame(LinkKind, bool),
    /// Octets that no frame begins with.
    Skipped {
        /// The defect of the frame that seems to begin here.
        error: Option<Error>,
        /// The number of the segment that it seems to carry.
        segment: u8,
        /// The defect needs no message: an earlier one of its telegram had one.
        is_told: bool,
    },
    /// Skipped octets that are an APDU of their own, or the blocks of one, up to that position.
    Apdu(u64),
    /// Skipped octets that begin as an APDU does, and have that defect.
    DamagedApdu(Error),
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
    /// The invocation counter of a ciphered telegram.
    pub counter: Option<u32>,
    /// True for a ciphered telegram with a tag.
    pub is_tagged: bool,
    /// Why.
    pub error: Error,
}

/// A receiver of events.
pub trait Out: FnMut(StageEvent<'_>) {}

impl<F: FnMut(StageEvent<'_>)> Out for F {}
