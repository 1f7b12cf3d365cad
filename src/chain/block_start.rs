//! The octets that begin a block of an APDU, and those that begin another one within it.

use crate::{
    chain::apdu_start::{Another, MAX_APDU, UNMISTAKABLE, begins_something, is_unmistakable},
    error::{Cause, Error, Layer},
    link::block_transfer::{self, GENERAL_BLOCK_TRANSFER},
    reader::Reader,
};

/// The block that begins at some place.
pub(super) enum BlockStart {
    Nothing,
    /// A whole one, and its size.
    Block(usize),
    /// One with octets lost: behind as many, the first block of another APDU begins.
    Cut(usize),
    /// Not enough octets to say.
    Wait,
}

/// The header of a block.
pub(super) struct BlockHead {
    /// The octets of header and content.
    pub(super) size: usize,
    /// The octets of the header.
    pub(super) content: usize,
    number: u16,
    last: bool,
    confirms: bool,
}

impl BlockHead {
    /// The header that octets begin with.
    ///
    /// # Errors
    /// [`BlockStart::Nothing`], or [`BlockStart::Wait`].
    pub(super) fn read(octets: &[u8]) -> Result<Self, BlockStart> {
        if octets.first() != Some(&GENERAL_BLOCK_TRANSFER) {
            return Err(BlockStart::Nothing);
        }
        let mut reader = Reader::new(Layer::Apdu, octets);
        let mut read = || {
            let &[_, control, a, b, c, d] = reader.array::<6>("header")?;
            let length = reader.length("length")?;
            let content = reader.offset();
            let number = u16::from_be_bytes([a, b]);
            let last = control & block_transfer::LAST != 0;
            Ok(Self { size: content + length, content, number, last, confirms: [c, d] != [0, 0] })
        };
        match read() {
            Ok(head) if head.size > MAX_APDU => Err(BlockStart::Nothing),
            Ok(head) => Ok(head),
            Err(Error { cause: Cause::Short { .. }, .. }) => Err(BlockStart::Wait),
            Err(_) => Err(BlockStart::Nothing),
        }
    }

    /// True if it may be the first block of an APDU.
    pub(super) const fn is_first(&self) -> bool {
        self.number == 1 && !self.confirms && self.size >= self.content + UNMISTAKABLE
    }

    /// The octets of the content that are there.
    pub(super) fn content<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        octets.get(self.content..self.size.min(octets.len())).unwrap_or_default()
    }

    /// The first octets of the content; `None` if more octets are needed.
    pub(super) fn first_octets<'a>(&self, octets: &'a [u8]) -> Option<&'a [u8; UNMISTAKABLE]> {
        octets.get(self.content..)?.first_chunk()
    }
}

/// The octets of all blocks of an APDU, which stand one right behind the other.
pub(super) fn all_blocks(octets: &[u8]) -> BlockStart {
    let mut size = 0;
    for number in 1..=u16::MAX {
        let rest = octets.get(size..).unwrap_or_default();
        let head = match BlockHead::read(rest) {
            Err(BlockStart::Nothing) if rest.is_empty() => return BlockStart::Wait,
            Err(start) => return start,
            Ok(head) => head,
        };
        size += head.size;
        match head.last {
            _ if head.number != number || size > MAX_APDU => return BlockStart::Nothing,
            _ if size > octets.len() => return BlockStart::Wait,
            true => return BlockStart::Block(size),
            false => {}
        }
    }
    BlockStart::Nothing
}

/// The first block of another APDU within a block of `size` octets, of which some are lost then.
pub(super) fn another_block(rest: &[u8], size: usize) -> Another {
    let starts = memchr::memchr_iter(GENERAL_BLOCK_TRANSFER, rest);
    let mut starts = starts.filter(|at| *at > 0).take_while(|at| *at < size);
    let found = starts.find_map(|at| match is_first_block(rest.get(at..).unwrap_or_default()) {
        Some(false) => None,
        Some(true) => Some(Another::Behind(at)),
        None => Some(Another::Wait),
    });
    match found {
        Some(found) => found,
        None if rest.len() < size => Another::Wait,
        None => Another::Nowhere,
    }
}

/// True if octets are unmistakably the first block of an APDU; `None` if more octets are needed to tell.
pub(super) fn is_first_block(octets: &[u8]) -> Option<bool> {
    let fixed = [(0, GENERAL_BLOCK_TRANSFER), (2, 0), (3, 1), (4, 0), (5, 0)];
    if fixed.iter().any(|(at, wanted)| octets.get(*at).is_some_and(|octet| octet != wanted)) {
        return Some(false);
    }
    match BlockHead::read(octets) {
        Ok(head) => {
            let may_begin =
                head.content(octets).first().is_none_or(|first| begins_something(*first));
            match head.first_octets(octets) {
                _ if !may_begin || !head.is_first() => Some(false),
                first => first.map(|first| is_unmistakable(first)),
            }
        }
        Err(BlockStart::Wait) => None,
        Err(_) => Some(false),
    }
}
