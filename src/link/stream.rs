//! From the octets of one source to APDUs.

use crate::{
    error::{Cause, Error, Mark},
    link::{
        block_transfer::{BlockTransfer, is_block},
        deframer::{Deframer, LinkFrame, Skipped},
        layer::FURTHER,
        reassembly::{FrameOutcome, Reassembly},
        registry::{LinkChoice, LinkKind},
    },
};

/// Octets of a source in; APDUs, errors and skipped octets out.
///
/// `O` is the origin of a frame, in any form that the caller likes: it comes back with the APDU or
/// the error.
#[derive(Clone, Debug, Default)]
pub struct ApduStream<O> {
    deframer: Deframer,
    reassembly: Reassembly,
    blocks: BlockTransfer,
    /// The origin of the telegram that is being joined.
    began: O,
    /// The position of the last damaged frame, and the segment that it seemed to carry.
    damaged: (u64, u8),
}

/// The next piece of a stream.
#[derive(Debug)]
pub enum StreamItem<'a, O> {
    /// A frame that passed its checks.
    Frame {
        /// The frame.
        frame: LinkFrame<'a>,
        /// True if it begins a telegram.
        begins: bool,
        /// A telegram that can no longer be completed, or a frame that fits none; and its origin.
        refused: Option<(Error, O)>,
        /// The APDU that the frame completes.
        apdu: Option<LinkApdu<'a, O>>,
    },
    /// Octets that belong to no frame.
    Skipped(Skipped<'a>),
}

/// An APDU whose segments are all there.
#[derive(Clone, Copy, Debug)]
pub struct LinkApdu<'a, O> {
    /// Its link layer.
    pub link: LinkKind,
    /// Its octets.
    pub octets: &'a [u8],
    /// The origin of its first segment.
    pub origin: &'a O,
}

impl<O: Copy + Default> ApduStream<O> {
    /// For streams with the layers of a choice.
    #[must_use]
    pub fn with(links: LinkChoice) -> Self {
        Self { deframer: Deframer::with(links), ..Self::default() }
    }
}

impl<O: Copy> ApduStream<O> {
    /// Takes the next octets, and the marks on them by index.
    pub fn push(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        self.deframer.push(octets, marks);
    }

    /// Takes note of a pause that no frame has: a frame that is not whole by now is none.
    pub const fn pause(&mut self) {
        self.deframer.end();
    }

    /// Ends the stream, once [`next`](Self::next) has handed out everything after a
    /// [`pause`](Self::pause): a telegram that breaks off here is no error.
    pub const fn end(&mut self) {
        self.reassembly.end();
        self.blocks.end();
    }

    /// True if neither a frame nor a telegram has begun.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let Self { deframer, reassembly, blocks, .. } = self;
        deframer.is_at_rest() && !reassembly.is_collecting() && !blocks.is_collecting()
    }

    /// The position of the octets that [`next`](Self::next) will hand out.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.deframer.position()
    }

    /// The position of the octets that the next [`push`](Self::push) will bring.
    #[must_use]
    pub const fn end_position(&self) -> u64 {
        self.deframer.end_position()
    }

    /// The origin of the telegram that is being joined.
    #[must_use]
    pub fn begun(&self) -> Option<O> {
        let is_collecting = self.reassembly.is_collecting() || self.blocks.is_collecting();
        is_collecting.then_some(self.began)
    }

    /// The frame that an end of the stream cuts off.
    #[must_use]
    pub const fn partial_frame(&self) -> Option<Error> {
        self.deframer.partial()
    }

    /// The telegram that an end of the stream cuts off.
    #[must_use]
    pub const fn partial(&self) -> Option<Error> {
        match self.reassembly.partial() {
            Some(error) => Some(error),
            None => match self.blocks.partial() {
                Some(error) => Some(error),
                None => self.deframer.partial(),
            },
        }
    }

    /// The next frame, or the next octets that belong to none; `None` if more octets are needed.
    /// `origin` tells where and when, in milliseconds, the octet at a position came.
    #[inline]
    pub fn next(
        &mut self,
        origin: impl FnOnce(u64) -> (O, Option<i64>),
    ) -> Option<StreamItem<'_, O>> {
        let Self { deframer, reassembly, blocks, began, damaged } = self;
        Some(match deframer.next()? {
            Ok(frame) => {
                let (origin, millis) = origin(frame.position);
                join(reassembly, blocks, began, frame, origin, millis)
            }
            Err(mut skipped) => {
                reassembly.interrupted();
                blocks.interrupted();
                if skipped.error.is_some() {
                    // A telegram has one defect: a further frame of it needs no message of its own,
                    // nor does a look-alike of a start within the start of a frame.
                    let (position, segment) = *damaged;
                    let within = skipped.position - position < START;
                    let reported = reassembly.damaged();
                    blocks.damaged();
                    skipped.error.take_if(|_| reported && within);
                    let goes_on = skipped.segment > segment || skipped.segment == FURTHER;
                    skipped.is_told = reported && goes_on;
                    *damaged = (skipped.position, skipped.segment);
                }
                StreamItem::Skipped(skipped)
            }
        })
    }
}

/// The octets in front of an APDU in a frame, in which another frame does not begin.
const START: u64 = 8;

/// Takes a frame to the others of its telegram.
#[inline]
fn join<'a, O: Copy>(
    reassembly: &'a mut Reassembly,
    blocks: &'a mut BlockTransfer,
    began: &'a mut O,
    frame: LinkFrame<'a>,
    origin: O,
    millis: Option<i64>,
) -> StreamItem<'a, O> {
    let link = frame.link;
    let mut segment = match link.segment(frame.octets) {
        Ok(Some(segment)) => segment,
        Ok(None) => return StreamItem::Frame { frame, begins: false, refused: None, apdu: None },
        Err(error) => {
            let refused = Some((error, origin));
            return StreamItem::Frame { frame, begins: false, refused, apdu: None };
        }
    };
    if segment.number.is_none() && !reassembly.is_collecting() && is_block(segment.data) {
        // HDLC marks the first frame of a telegram, and each frame brings a whole block.
        segment.number = Some(0);
    }
    let FrameOutcome { mut refused, apdu } = reassembly.take(link, &segment, millis);
    let mut begins = segment.is_first();
    let apdu = match apdu {
        Some(apdu) if is_block(apdu) => {
            let block = blocks.take(apdu, millis);
            refused = refused.or(block.refused);
            begins &= block.begins;
            block.apdu
        }
        apdu => apdu,
    };
    let refused = refused.map(|error| match error.cause {
        // A telegram that broke off is told where it began, a lonely segment where it stands.
        Cause::LastSegmentMissing { .. } | Cause::LastBlockMissing { .. } => (error, *began),
        _ => (error, origin),
    });
    if begins {
        *began = origin;
    }
    let apdu = apdu.map(|octets| LinkApdu { link, octets, origin: began });
    StreamItem::Frame { frame, begins, refused, apdu }
}
