//! Joins the blocks of an APDU (general-block-transfer; IEC 62056-5-3, 6.26).
//!
//! ```text
//! E0 | CC | NN NN | AA AA | length | octets…
//! ```
//!
//! CC: bit 7 is set in the last block, bit 6 in blocks that stream without being confirmed, and the
//! rest is a window. NN NN counts the blocks of an APDU from 1, AA AA confirms blocks of the other
//! side. A Landis+Gyr E450 sends `e0 40 00 01 00 00 70 …`, `e0 40 00 02 00 00 6c …`,
//! `e0 c0 00 03 00 00 73 …`.
//!
//! The blocks come in order and from one link layer, at most 4.5 s apart; no other octets stand
//! between those of a plain APDU. An APDU that breaks one of these rules is dropped with one message.

use crate::{
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    link::reassembly::{is_plain, late},
    reader::Reader,
};

/// The tag of a block.
pub const GENERAL_BLOCK_TRANSFER: u8 = 0xe0;

/// The bit of the last block.
pub const LAST: u8 = 0x80;

/// The longest pause between two blocks. An E450 was seen to pause for three seconds before its last
/// one, and the next telegram begins after five.
const PAUSE_MILLIS: u64 = 4500;

/// The longest APDU that is joined.
const LONGEST: usize = 0xffff;

/// The octets in front of the part of an APDU in a block; nothing if it is no block.
#[must_use]
pub fn header(block: &[u8]) -> Option<usize> {
    Some(block.len() - Block::read(block).ok()?.octets.len())
}

/// The octets of the longest header of a block.
pub const LONGEST_HEADER: usize = 9;

/// The octets in front of the header of a block that ends some octets, and the size of the block.
#[must_use]
pub fn before_header(octets: &[u8]) -> Option<(&[u8], usize)> {
    (7..=LONGEST_HEADER).find_map(|size| {
        let (before, header) = octets.split_at_checked(octets.len().checked_sub(size)?)?;
        let mut reader = Reader::new(Layer::Apdu, header.get(6..)?);
        let length = reader.length("length of the block").ok()?;
        let is_header = header.first() == Some(&GENERAL_BLOCK_TRANSFER) && reader.is_empty();
        is_header.then_some((before, size + length))
    })
}

/// Joins the blocks of one line.
#[derive(Clone, Debug, Default)]
pub struct BlockTransfer {
    apdu: Vec<u8>,
    /// The number of the block that is due: 0 between two APDUs.
    due: u16,
    /// The time of the last block, in milliseconds.
    last: Option<i64>,
    /// The defect was reported: blocks that miss others need no message of their own.
    excused: bool,
    /// Octets that belong to no frame came behind the last block.
    interrupted: bool,
    /// A first block has come: until then the stream may begin in the middle of an APDU.
    started: bool,
    /// The stream began in the middle of an APDU, with this block.
    orphan: Option<Error>,
}

/// The result of one block.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BlockOutcome<'a> {
    /// The defect of an APDU that can no longer be completed, or of a block that fits none.
    pub refused: Option<Error>,
    /// The APDU that the block completes.
    pub apdu: Option<&'a [u8]>,
    /// True if the block begins an APDU.
    pub begins: bool,
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block<'a> {
    number: u16,
    last: bool,
    octets: &'a [u8],
}

impl<'a> Block<'a> {
    fn read(apdu: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(Layer::Apdu, apdu);
        reader.expect(GENERAL_BLOCK_TRANSFER, "tag", "e0")?;
        let control = reader.u8("block control")?;
        let number = u16::from_be_bytes(*reader.array("block number")?);
        reader.array::<2>("confirmed block number")?;
        let length = reader.length("length of the block")?;
        let octets = reader.take(length, "block")?;
        if !reader.is_empty() {
            let octets = reader.rest().len();
            return Err(reader.error(Cause::Leftover { what: "the block", octets }));
        }
        Ok(Self { number, last: control & LAST != 0, octets })
    }
}

/// True for a block of an APDU.
#[must_use]
pub fn is_block(apdu: &[u8]) -> bool {
    apdu.first() == Some(&GENERAL_BLOCK_TRANSFER)
}

/// The fields of a block that may be damaged or cut off, for people.
#[must_use]
pub fn fields(apdu: &[u8]) -> Vec<WireField<'_>> {
    let mut fields = WireFields::of(apdu);
    list(&mut fields);
    fields.list()
}

fn list(fields: &mut WireFields<'_>) -> Option<()> {
    fields.octet("tag", |_| "general-block-transfer")?;
    fields.octet("block control", |control| match control & LAST {
        0 => "more blocks follow",
        _ => "the last block",
    })?;
    let number = |octets: &[u8]| octets.iter().fold(0, |sum, octet| sum << 8 | u16::from(*octet));
    fields.take(2, "block number", |octets| format!("block {}", number(octets)))?;
    fields.take(2, "confirmed block", |octets| match number(octets) {
        0 => "none of the other side".to_owned(),
        number => format!("block {number} of the other side"),
    })?;
    let mut reader = Reader::new(Layer::Apdu, fields.rest());
    let length = reader.length("length").ok()?;
    fields.take(reader.offset(), "length", |_| counted(length, "octet").to_string())?;
    fields
        .content(length, "block", |data| format!("{} of the APDU", counted(data.len(), "octet")))
        .map(drop)
}

impl BlockTransfer {
    /// Takes the next block, and the time of its first octet in milliseconds, if that is known.
    pub fn take(&mut self, apdu: &[u8], millis: Option<i64>) -> BlockOutcome<'_> {
        let (block, mut refused) = match Block::read(apdu) {
            Ok(block) => (block, None),
            Err(error) => {
                // A block that is wrong by itself tells more than that others are missing.
                (self.started, self.excused) = (true, false);
                return self.refuse(true, error);
            }
        };
        let begins = block.number == 1;
        if begins {
            refused = self.incomplete().filter(|_| !self.excused);
            self.apdu.clear();
            (self.excused, self.started) = (false, true);
        } else if let Err(error) = self.follows(&block, millis) {
            return self.refuse(!block.last, error);
        }
        self.last = millis;
        self.interrupted = false;
        self.apdu.extend_from_slice(block.octets);
        self.due = if block.last { 0 } else { block.number.saturating_add(1) };
        let apdu = block.last.then_some(self.apdu.as_slice());
        BlockOutcome { refused, apdu, begins }
    }

    /// Takes note of a damaged frame, which was reported.
    pub const fn damaged(&mut self) {
        self.excused = true;
    }

    /// Takes note of octets that belong to no frame.
    pub const fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// Ends the stream: an APDU that breaks off here, or that began before the octets that come
    /// next, is no error.
    pub const fn end(&mut self) {
        match self.is_collecting() {
            true => self.excused = true,
            false => (self.started, self.excused) = (false, false),
        }
    }

    /// The APDU that an end of the stream cuts off.
    #[must_use]
    pub const fn partial(&self) -> Option<Error> {
        match self.incomplete() {
            Some(error) => Some(error),
            None => self.orphan,
        }
    }

    /// The APDU that the last block completed.
    #[must_use]
    pub fn joined(&self) -> &[u8] {
        &self.apdu
    }

    /// True within an APDU.
    #[must_use]
    pub const fn is_collecting(&self) -> bool {
        self.due > 0
    }

    /// The error for an APDU whose last block has not come yet.
    const fn incomplete(&self) -> Option<Error> {
        match self.due {
            0 => None,
            due => Some(Error::new(Layer::Apdu, 0, Cause::LastBlockMissing { blocks: due - 1 })),
        }
    }

    /// Drops the APDU. `goes_on`: more blocks of it will come, and need no message of their own.
    fn refuse(&mut self, goes_on: bool, error: Error) -> BlockOutcome<'static> {
        self.due = 0;
        self.apdu.clear();
        let known = std::mem::replace(&mut self.excused, goes_on);
        if !self.started {
            self.orphan = Some(error);
        }
        let refused = Some(error).filter(|_| self.started && !known);
        BlockOutcome { refused, ..BlockOutcome::default() }
    }

    fn follows(&self, block: &Block<'_>, millis: Option<i64>) -> Result<()> {
        let error = |offset, cause| Err(Error::new(Layer::Apdu, offset, cause));
        let (found, expected) = (block.number, self.due.max(1));
        if found != expected {
            return error(2, Cause::Block { found, expected });
        }
        if let Some(broke_off) =
            self.incomplete().filter(|_| self.interrupted && is_plain(&self.apdu))
        {
            return Err(broke_off);
        }
        if let Some(late) = late(self.last, millis, PAUSE_MILLIS) {
            return error(0, late);
        }
        if self.apdu.len() + block.octets.len() > LONGEST {
            return error(0, Cause::Limit { what: "octets in blocks", limit: LONGEST });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(control: u8, number: u16, octets: &[u8]) -> Vec<u8> {
        let [high, low] = number.to_be_bytes();
        let header = [0xe0, control, high, low, 0, 0, octets.len() as u8];
        [&header[..], octets].concat()
    }

    #[test]
    fn a_first_block_of_the_wrong_length_is_told_once() {
        let mut transfer = BlockTransfer::default();
        let mut wrong = block(0x40, 1, &[7]);
        wrong[6] += 1;
        // The second telegram has a message of its own, and so has one behind the end of an input.
        for _ in 0..3 {
            assert!(transfer.take(&wrong, None).refused.is_some());
            transfer.end();
        }
        assert!(transfer.take(&wrong, None).refused.is_some());
        assert_eq!(transfer.take(&block(0xc0, 2, &[8]), None), BlockOutcome::default());
        assert!(transfer.take(&block(0xc0, 1, &[9]), None).apdu.is_some());
    }

    /// The APDUs and causes of blocks given as (control, number, octet, milliseconds).
    fn run(blocks: &[(u8, u16, u8, Option<i64>)]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let (mut apdus, mut causes) = (vec![], vec![]);
        let mut transfer = BlockTransfer::default();
        for &(control, number, octet, millis) in blocks {
            let apdu = block(control, number, &[octet]);
            let outcome = transfer.take(&apdu, millis);
            causes.extend(outcome.refused.map(|error| error.cause));
            apdus.extend(outcome.apdu.map(<[u8]>::to_vec));
        }
        (apdus, causes)
    }

    #[test]
    fn blocks_are_joined_in_order() {
        let joined = run(&[(0x40, 1, 7, None), (0x40, 2, 8, None), (0xc0, 3, 9, None)]);
        assert_eq!(joined, (vec![vec![7, 8, 9]], vec![]));
        assert_eq!(run(&[(0x80, 1, 7, None)]), (vec![vec![7]], vec![]));
    }

    #[test]
    fn an_apdu_with_a_missing_or_repeated_block_is_dropped_once() {
        let missing = [(0x40, 1, 1, None), (0x40, 3, 3, None), (0xc0, 4, 4, None)];
        assert_eq!(run(&missing), (vec![], vec![Cause::Block { found: 3, expected: 2 }]));
        let repeated = [(0x40, 1, 1, None), (0x40, 2, 2, None), (0x40, 2, 2, None)];
        assert_eq!(run(&repeated), (vec![], vec![Cause::Block { found: 2, expected: 3 }]));
        let early = [(0xc0, 2, 2, None), (0x80, 1, 1, None), (0xc0, 2, 2, None)];
        assert_eq!(run(&early), (vec![vec![1]], vec![Cause::Block { found: 2, expected: 1 }]));
        let cut = [(0x40, 1, 1, None), (0x40, 2, 2, None), (0x80, 1, 9, None)];
        assert_eq!(run(&cut), (vec![vec![9]], vec![Cause::LastBlockMissing { blocks: 2 }]));
    }

    #[test]
    fn a_pause_of_three_seconds_is_within_an_apdu_and_one_of_five_is_not() {
        let three = [(0x40, 1, 1, Some(0)), (0xc0, 2, 2, Some(3000))];
        assert_eq!(run(&three).0, [[1, 2]]);
        let five = [(0x40, 1, 1, Some(0)), (0xc0, 2, 2, Some(5000))];
        let cause = Cause::SegmentLate { milliseconds: 5000, limit: 4500 };
        assert_eq!(run(&five), (vec![], vec![cause]));
    }

    #[test]
    fn a_block_has_exactly_the_length_that_it_announces() {
        let started = || BlockTransfer { started: true, ..BlockTransfer::default() };
        let whole = block(0x80, 1, &[1, 2, 3]);
        for size in 0..whole.len() {
            let mut transfer = started();
            assert!(transfer.take(&whole[..size], None).refused.is_some(), "cut to {size}");
        }
        let longer = [&whole[..], &[0]].concat();
        let error = started().take(&longer, None).refused.unwrap();
        assert_eq!(error.to_string(), "apdu: 1 octet left at octet 10, behind the block");
    }

    #[test]
    fn an_endless_apdu_is_given_up() {
        let mut transfer = BlockTransfer::default();
        let mut octets = vec![0xe0, 0x40, 0, 0, 0, 0, 0x81, 0xff];
        octets.resize(8 + 255, 0);
        for number in 1..=300u16 {
            octets[2..4].copy_from_slice(&number.to_be_bytes());
            if let Some(error) = transfer.take(&octets, None).refused {
                assert_eq!((number, error.to_string().contains("more than 65535")), (258, true));
                return;
            }
        }
        panic!("no limit");
    }
}
