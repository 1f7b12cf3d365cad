//! The trait of link layers.
//!
//! A link layer is a table of facts and two functions over octets. It keeps no state: the
//! [`Deframer`](super::deframer::Deframer) holds the octets of a stream, finds the frames of all
//! layers in it and goes on behind damage; [`Reassembly`](super::reassembly::Reassembly) joins
//! their segments.
//!
//! A new layer is a file with this trait and a line in the [`registry`](super::registry).

use core::ops::RangeInclusive;

use crate::{
    error::{Error, Layer},
    field::{WireField, WireFields},
};

/// The number of a segment that is not the first one, in a layer that does not count them.
pub const FURTHER: u8 = u8::MAX;

/// One link layer: how its frames look, and the part of an APDU that each brings.
pub trait LinkLayer {
    /// The layer in errors. Its name also stands in the `link=` column of records.
    const LAYER: Layer;

    /// The name of a frame, for people.
    const TITLE: &'static str = "Frame";

    /// The first octet of every frame. No other layer may begin with it.
    const START: u8;

    /// The last octet of every frame, if they all have the same: behind it the line may be at rest.
    /// If it is the octet that starts a frame, the next frame may do without a start of its own;
    /// [`frame`](Self::frame) and [`segment`](Self::segment) then take octets without it, too.
    const END: Option<u8>;

    /// The octets in front of an APDU inside a frame, each by its least and its greatest value. An
    /// APDU behind them belongs to a frame that failed its checks.
    const HEADER: &'static [RangeInclusive<u8>];

    /// The size of the frame at the start of `octets`, whose first octet is [`START`](Self::START);
    /// `None` if more octets are needed to tell. Octets behind the frame do not change the answer.
    ///
    /// # Errors
    /// No frame begins here.
    fn frame(octets: &[u8]) -> Option<Result<usize, NoFrame>>;

    /// The same where nothing more comes: the end of the stream may cut off octets that say nothing.
    ///
    /// # Errors
    /// No frame begins here.
    #[must_use]
    fn last_frame(_: &[u8]) -> Option<Result<usize, NoFrame>> {
        None
    }

    /// The number of the segment that a damaged frame seems to carry, 0 for none, [`FURTHER`] for one
    /// behind the first without a number; `None` if more octets are needed to tell.
    fn damaged_segment(octets: &[u8]) -> Option<u8>;

    /// The segment in a frame that passed its checks; `None` if it carries nothing.
    ///
    /// # Errors
    /// The frame belongs to no telegram that a meter pushes.
    fn segment(frame: &[u8]) -> Result<Option<ApduSegment<'_>>, Error>;

    /// The fields of the frame at the start of `octets`, which may be damaged or cut off, for
    /// people. Octets behind the frame have none.
    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let mut fields = WireFields::of(octets);
        fields.content(octets.len(), "frame", |_| "");
        fields.list()
    }

    /// Puts as many other octets in the place of the segment in a frame, and makes its checks right.
    /// False if this layer cannot: a frame of it is left out where a capture is made anonymous.
    fn replace(frame: &mut [u8], data: &[u8]) -> bool {
        let _ = (frame, data);
        false
    }
}

/// Copies `data` to where it ends `behind` octets in front of the end of a frame.
pub(super) fn copy_before_end(frame: &mut [u8], data: &[u8], behind: usize) -> bool {
    let end = frame.len().checked_sub(behind);
    let place = end.and_then(|end| frame.get_mut(end.checked_sub(data.len())?..end));
    place.is_some_and(|place| {
        place.copy_from_slice(data);
        true
    })
}

/// Why no frame begins with a start octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFrame {
    /// The octet has the value of a start by chance.
    LookAlike,
    /// A frame begins, and is damaged.
    Damaged {
        /// The defect, by its octet in the frame.
        error: Error,
        /// The size that the frame announces: a mark on one of these octets explains the defect
        /// better. 0 if the announced size is itself in doubt.
        size: usize,
    },
}

impl From<Error> for NoFrame {
    /// A defect that leaves the size of the frame in doubt.
    fn from(error: Error) -> Self {
        Self::Damaged { error, size: 0 }
    }
}

/// The part of an APDU that one frame brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApduSegment<'a> {
    /// Counts the segments of an APDU from 0; `None` for a further segment of a layer that does not
    /// count.
    pub number: Option<u8>,
    /// The octet of the frame that holds the number.
    pub number_at: usize,
    /// True for the last segment.
    pub last: bool,
    /// The sender and the receiver, in any form that tells them from others.
    pub peer: u64,
    /// The octet of the frame at which they begin.
    pub peer_at: usize,
    /// The octets of the APDU.
    pub data: &'a [u8],
}

impl ApduSegment<'_> {
    /// True for the segment that begins an APDU.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        matches!(self.number, Some(0))
    }
}
