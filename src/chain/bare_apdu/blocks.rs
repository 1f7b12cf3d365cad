//! Blocks of an APDU that stand in a stream without frames.

use super::{BareApdus, FoundApdu, within_damaged};
use crate::{
    chain::{
        apdu_start::{Another, is_unmistakable, is_whole},
        block_start::{BlockHead, BlockStart, all_blocks, another_block},
    },
    cipher::ciphered,
    error::{Cause, Error, Layer},
    link::framed,
};

impl BareApdus {
    /// The block of an APDU that comes next.
    pub(super) fn block(&self) -> BlockStart {
        let position = self.position();
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let head = match BlockHead::read(rest) {
            Ok(head) => head,
            Err(start) => return start,
        };
        let is_next = self.blocks.is_collecting() && position == self.blocks_at.1;
        if !is_next {
            let trusted = self.is_trusted(position);
            match head.first_octets(rest) {
                _ if !head.is_first() => return BlockStart::Nothing,
                None => return BlockStart::Wait,
                Some(first) if !trusted && !is_unmistakable(first) => return BlockStart::Nothing,
                _ if self.is_block_in_frame(head.size) => return BlockStart::Nothing,
                _ if trusted => {}
                _ if self.is_framed() => match self.are_blocks_alone(rest) {
                    Some(false) if !are_tagged(&head, rest) => return BlockStart::Nothing,
                    Some(_) => {}
                    None => return BlockStart::Wait,
                },
                _ => {}
            }
        }
        let another = match another_block(rest, head.size) {
            // The first one holds the start of its own APDU.
            Another::Nowhere => {
                within_damaged(rest, head.size, head.content + usize::from(head.is_first()))
            }
            another => another,
        };
        match another {
            Another::Behind(octets) => BlockStart::Cut(octets),
            Another::Wait if !self.ended => BlockStart::Wait,
            _ if rest.len() < head.size => BlockStart::Wait,
            Another::Wait | Another::Nowhere => BlockStart::Block(head.size),
        }
    }

    /// As [`is_alone`](Self::is_alone), for all blocks of an APDU.
    fn are_blocks_alone(&self, rest: &[u8]) -> Option<bool> {
        match all_blocks(rest) {
            BlockStart::Block(size) => self.is_alone(rest, size),
            BlockStart::Wait if !self.ended => None,
            _ => Some(false),
        }
    }

    /// Takes the block that comes next: a defect and its place, or the place of an APDU that is whole.
    pub(super) fn take_block(&mut self, size: usize) -> Option<(Option<Error>, u64)> {
        let position = self.position();
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let near_frame = !self.is_trusted(position)
            && self.is_framed()
            && self.are_blocks_alone(rest) == Some(false);
        let outcome = self.blocks.take(rest.get(..size).unwrap_or_default(), None);
        if outcome.begins {
            self.blocks_at.0 = position;
            self.blocks_near_frame = near_frame;
        }
        self.blocks_at.1 = position + size as u64;
        let is_whole = outcome.apdu.map(|apdu| is_whole(apdu, Layer::Apdu));
        // A header that lacks octets takes others for its own.
        self.done += if let Some(Err(_)) = is_whole { 1 } else { size };
        match (outcome.refused, is_whole) {
            (Some(error), _) => Some((Some(error), position)),
            (None, Some(whole)) => Some((whole.err(), self.blocks_at.0)),
            (None, None) => None,
        }
    }

    /// Gives up the APDU of a block that ends behind so many octets.
    pub(super) fn cut_block(&mut self, octets: usize) -> FoundApdu<'_> {
        let cut = Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
        let blocks = core::mem::take(&mut self.blocks);
        let began = self.position();
        let (error, position) = match blocks.partial() {
            Some(error) => (error, self.blocks_at.0),
            None => (cut, began),
        };
        self.done += octets;
        FoundApdu::Refused(error, position)
    }

    /// True behind the header that precedes a block of so many octets inside a frame.
    fn is_block_in_frame(&self, size: usize) -> bool {
        self.buffer.get(..self.done).is_some_and(|before| framed::holds_block(before, size))
    }
}

/// True for the blocks of an APDU with a tag that are all there.
fn are_tagged(head: &BlockHead, octets: &[u8]) -> bool {
    ciphered::is_tagged(head.content(octets)) && matches!(all_blocks(octets), BlockStart::Block(_))
}
