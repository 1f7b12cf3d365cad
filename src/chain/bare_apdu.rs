//! APDUs that stand in a stream without frames: raw dumps, and what some P1 sockets send.
//!
//! An APDU tells its own length. At the start of a line of text its first octets are enough to
//! believe in it; elsewhere they have to be as good as unmistakable. Near a frame, octets outside
//! of it are an APDU only if the stream ends right behind them or another one begins there: the end
//! of a frame would say that its start was damaged, and then nothing vouches for them but a tag.
//!
//! Blocks of an APDU ([`block_transfer`](crate::link::block_transfer)) stand there one right behind
//! the other: `blocks.rs`.

mod blocks;

use std::collections::VecDeque;

use crate::{
    chain::{
        apdu_start::{
            Another, MAX_APDU, UNMISTAKABLE, begins_something, begins_without_title,
            is_unmistakable, unmistakable_starts, within,
        },
        block_start::{BlockStart, is_first_block},
    },
    cipher::ciphered::{self, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    cosem::{
        data_type::DataType,
        notification::{DATA_NOTIFICATION, Notification},
    },
    error::{Cause, Error, Layer},
    link::{
        block_transfer::{BlockTransfer, GENERAL_BLOCK_TRANSFER},
        deframer::Skipped,
        framed::{self, BEFORE},
        registry::LinkChoice,
    },
};

/// The octets behind a frame in which another one may have lost its start and its header: a frame
/// of the M-Bus.
const BEHIND_FRAME: u64 = 256;

/// The octets from the start of a frame in which its APDU begins, with the header of a block.
const FRAME_HEAD: u64 = 64;

/// The next find.
#[derive(Debug, PartialEq, Eq)]
pub enum FoundApdu<'a> {
    /// A whole APDU.
    Apdu(BareApdu<'a>),
    /// Octets that begin like a telegram and are none, and their position.
    Refused(Error, u64),
    /// A number of octets that belong to nothing.
    Noise(usize),
}

/// An APDU without a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BareApdu<'a> {
    /// The octets.
    pub octets: &'a [u8],
    /// The position in the stream at which it begins.
    pub begin: u64,
    /// The position behind it.
    pub end: u64,
    /// A frame that lost its start may hold it: only its tag or its CRC vouches for it.
    pub near_frame: bool,
}

/// Finds APDUs among the octets that belong to no frame.
#[derive(Clone, Debug, Default)]
pub struct BareApdus {
    buffer: Vec<u8>,
    /// `buffer[..done]` was handed out.
    done: usize,
    /// Position of `buffer[0]` in the stream.
    before: u64,
    /// Positions at which a line of a text begins.
    lines: VecDeque<u64>,
    is_text: bool,
    ended: bool,
    /// Nothing but APDUs: one stands right behind the other.
    alone: bool,
    /// Frames of one layer alone: an APDU outside of them is that of a frame which lost its start.
    framed_by: Option<LinkChoice>,
    /// Where the next APDU has to stand then.
    next_at: u64,
    /// In front of this position an APDU belongs to a frame.
    framed_to: u64,
    /// In front of this position it belongs to a damaged one, also at the start of a line.
    damaged_to: u64,
    /// Where a frame begins that the end of the stream cuts off.
    cut_frame: Option<u64>,
    /// A frame stands behind the octets.
    is_before_frame: bool,
    /// Octets of a telegram that the end of the stream cut off.
    cut_off: Option<usize>,
    blocks: BlockTransfer,
    /// Where the blocks of this APDU began, and where the next one has to stand.
    blocks_at: (u64, u64),
    /// The blocks of this APDU may belong to frames that lost their starts.
    blocks_near_frame: bool,
}

/// The thing that begins at some place.
enum Start {
    Nothing,
    /// An APDU, and its size if that is known yet.
    Apdu(Option<usize>),
    /// A telegram with that defect.
    Damaged(Error),
    /// Octets of something that is not read here: its layer, their number, its name.
    Foreign(Layer, usize, &'static str),
    /// Not enough octets to say.
    Wait,
}

impl BareApdus {
    /// For streams with the link layers of a choice.
    #[must_use]
    pub fn with(links: LinkChoice) -> Self {
        let framed_by = Some(links).filter(|links| !links.has_bare_apdus());
        Self { alone: links == LinkChoice::Raw, framed_by, ..Self::default() }
    }

    /// Takes the octets at `position`. If others stand between them and the ones before, the caller
    /// [ends](Self::end) the stream first.
    pub fn push(&mut self, octets: &[u8], position: u64) {
        // The last octets that were handed out stay: they may be the header of a frame, and an APDU
        // behind one is not bare.
        self.buffer.drain(..self.done.saturating_sub(BEFORE));
        self.done = self.done.min(BEFORE);
        self.before = position.saturating_sub(self.buffer.len() as u64);
        self.buffer.extend_from_slice(octets);
        self.is_before_frame = false;
        if core::mem::take(&mut self.ended) {
            self.cut_off = None;
            self.next_at = position;
        }
    }

    /// Marks `position` as the start of a line of text.
    pub fn line(&mut self, position: u64) {
        self.is_text = true;
        let oldest = position.saturating_sub(2 * MAX_APDU as u64);
        while self.lines.front().is_some_and(|line| *line < oldest) {
            self.lines.pop_front();
        }
        if self.lines.back() != Some(&position) {
            self.lines.push_back(position);
        }
    }

    /// Takes note of a frame with data that ends at that position.
    pub fn behind_frame(&mut self, end: u64) {
        self.framed_to = self.framed_to.max(end + BEHIND_FRAME);
    }

    /// Takes note of a damaged frame that seems to begin with skipped octets, and hands out its
    /// defect if it was not told. There is none within an APDU: octets of its ciphertext may look
    /// like a frame.
    pub fn defect(&mut self, skipped: &Skipped<'_>) -> Option<Error> {
        let error = skipped.error.filter(|_| !self.is_within_apdu())?;
        self.damaged_to = self.damaged_to.max(skipped.position + FRAME_HEAD);
        self.framed_to = self.framed_to.max(self.damaged_to);
        (!skipped.is_told).then_some(error)
    }

    /// Takes note of a frame that begins at that position, and that the end of the stream cuts off.
    pub const fn cut_off_frame(&mut self, position: u64) {
        self.cut_frame = Some(position);
    }

    /// Ends the stream: nothing more belongs to the octets so far.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The same in front of a frame.
    pub const fn end_before_frame(&mut self) {
        (self.ended, self.is_before_frame) = (true, true);
    }

    /// The telegram that the end of the stream cut off.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        let error = |octets| Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
        self.cut_off.map(error).or_else(|| self.blocks.partial())
    }

    /// True while an APDU waits for its rest.
    #[must_use]
    pub fn is_within_apdu(&self) -> bool {
        !self.is_framed() && is_unmistakable(self.buffer.get(self.done..).unwrap_or_default())
    }

    /// The octets that wait for more.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.buffer.len() - self.done
    }

    /// The position of the next octet that is looked at.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.before + self.done as u64
    }

    /// The next find; `None` if more octets are needed.
    #[allow(clippy::should_implement_trait)] // it lends from the buffer
    pub fn next(&mut self) -> Option<FoundApdu<'_>> {
        if let Some(links) = self.framed_by
            && self.pending() > 0
            && !links.ends_with_header(self.buffer.get(..self.done).unwrap_or_default())
        {
            return Some(self.noise(1));
        }
        loop {
            match self.block() {
                BlockStart::Block(size) => match self.take_block(size) {
                    Some((None, begin)) => {
                        let end = self.position();
                        self.next_at = end;
                        let (octets, near_frame) = (self.blocks.joined(), self.blocks_near_frame);
                        return Some(FoundApdu::Apdu(BareApdu { octets, begin, end, near_frame }));
                    }
                    Some((Some(error), position)) => {
                        return Some(FoundApdu::Refused(error, position));
                    }
                    None => {}
                },
                BlockStart::Cut(octets) => return Some(self.cut_block(octets)),
                BlockStart::Wait if !self.ended => return None,
                BlockStart::Wait => {
                    // The end of the input may have cut it off: that is no error.
                    self.cut_off = self.cut_off.or(Some(self.pending()));
                    self.blocks = BlockTransfer::default();
                    return Some(self.noise(1));
                }
                BlockStart::Nothing => break,
            }
        }
        let position = self.position();
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let first = *rest.first()?;
        while self.lines.front().is_some_and(|line| *line < position) {
            self.lines.pop_front();
        }
        let trusted = self.is_trusted(position);
        if self.blocks.is_collecting() {
            // Something else stands between the blocks.
            let error = self.blocks.partial();
            self.blocks = BlockTransfer::default();
            return error.map(|error| FoundApdu::Refused(error, self.blocks_at.0));
        }
        let trusted = trusted || self.alone && begins_without_title(rest);
        if self.is_in_frame() {
            return match self.has_lost_start(rest, position) {
                None if !self.ended => None,
                None if self.begins_text(position) && self.is_before_frame => {
                    Some(self.refuse_lost_start())
                }
                Some(true) => Some(self.refuse_lost_start()),
                _ => Some(self.noise(1)),
            };
        }
        let start = start(first, rest, trusted, position);
        let is_framed = match start {
            _ if trusted => false,
            Start::Apdu(Some(size)) if !self.is_framed() => {
                self.begins_in_frame(rest, size, position)?
            }
            _ => self.is_framed(),
        };
        match start {
            Start::Wait if !self.ended => None,
            Start::Apdu(Some(size)) if is_framed => match self.is_alone(rest, size) {
                None => None,
                Some(true) => Some(self.apdu(size, first, position)),
                Some(false) if !ciphered::is_tagged(rest) => {
                    Some(match self.begins_text(position) {
                        true => self.refuse_lost_start(),
                        false => self.noise(1),
                    })
                }
                Some(false) => match self.before_another(rest, position, Some(size)) {
                    Another::Wait if !self.ended => None,
                    Another::Behind(_) => Some(self.noise(1)),
                    _ => Some(self.apdu_near_frame(size, position)),
                },
            },
            Start::Apdu(None) if is_framed && self.ended => Some(self.noise(1)),
            Start::Apdu(size) => match (self.before_another(rest, position, size), size) {
                (Another::Wait, _) if !self.ended => None,
                (Another::Behind(octets), _) => {
                    let error = Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
                    Some(self.refuse(error, 1))
                }
                (_, Some(size)) => Some(self.apdu(size, first, position)),
                (_, None) if !self.ended => None,
                (_, None) if self.begins_text(position) && self.is_before_frame => {
                    let octets = rest.len();
                    let error = Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
                    Some(self.refuse(error, 1))
                }
                // At the very end it may be the input that cut it off: that is no error.
                (_, None) => {
                    // The first one: others are octets of that telegram.
                    self.cut_off = self.cut_off.or(Some(rest.len()));
                    Some(self.noise(1))
                }
            },
            // The octets that are not understood may be the start of another one.
            Start::Damaged(Error { offset, .. })
                if !self.ended && rest.len() < offset + UNMISTAKABLE =>
            {
                None
            }
            Start::Damaged(error) if !is_framed && error.offset >= HEADER => {
                let another = self.before_another(rest, position, Some(error.offset + 1));
                let cut = |octets| Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
                let error = if let Another::Behind(octets) = another { cut(octets) } else { error };
                Some(self.refuse(error, 1))
            }
            Start::Foreign(layer, size, what) => {
                Some(self.refuse(Error::new(layer, 0, Cause::Unsupported { what }), size))
            }
            Start::Nothing | Start::Wait | Start::Damaged(_) => Some(self.noise(1)),
        }
    }

    /// True where the first octets of an APDU are enough to believe in it.
    fn is_trusted(&self, position: u64) -> bool {
        self.alone && position == self.next_at
            || position >= self.damaged_to && self.lines.binary_search(&position).is_ok()
    }

    /// True near a frame.
    const fn is_framed(&self) -> bool {
        self.before + (self.done as u64) < self.framed_to
    }

    /// True if an APDU ends where the stream ends or another one begins; `None` if more octets are
    /// needed to tell. Behind the one in a frame stands the end of the frame.
    fn is_alone(&self, rest: &[u8], size: usize) -> Option<bool> {
        match rest.get(size..).unwrap_or_default() {
            [] if !self.ended => None,
            [] => Some(true),
            behind if is_unmistakable(behind) => Some(true),
            behind if self.ended => Some(is_first_block(behind) == Some(true)),
            behind if behind.first() == Some(&GENERAL_BLOCK_TRANSFER) => is_first_block(behind),
            [first, ..] if begins_something(*first) => {
                (rest.len() >= size + UNMISTAKABLE).then_some(false)
            }
            _ => Some(false),
        }
    }

    /// True behind the header that precedes an APDU inside a frame.
    fn is_in_frame(&self) -> bool {
        self.buffer.get(..self.done).is_some_and(framed::holds_apdu)
    }

    /// True for a whole APDU in a frame of which nothing was told; `None` if more octets are needed to tell.
    /// A stream may begin within a frame, a text is rather one whose first row was not read. With raw APDUs alone
    /// no frames are looked for.
    fn has_lost_start(&self, rest: &[u8], position: u64) -> Option<bool> {
        let is_cut = self.cut_frame.is_some_and(|at| (at..at + FRAME_HEAD).contains(&position));
        let may_begin_amid = position < FRAME_HEAD && !self.begins_text(position);
        let may_be_lost = !self.alone && !is_cut && !may_begin_amid && position >= self.damaged_to;
        let first = rest.first().filter(|_| may_be_lost);
        let size = match first {
            // Not all have a date-time in front. The list in it is proof enough.
            Some(&DATA_NOTIFICATION) => match Notification::first(rest) {
                Ok(None) if rest.len() <= MAX_APDU => None,
                Ok(Some((notification, size))) if is_list(&notification) => Some(size),
                _ => return Some(false),
            },
            Some(_) if is_unmistakable(rest) => ciphered::announced(rest).ok()?,
            Some(first) if begins_something(*first) && rest.len() < UNMISTAKABLE => None,
            _ => return Some(false),
        };
        size.filter(|size| *size <= rest.len()).map(|_| true)
    }

    /// True for an APDU near the start of a stream that ends as one in a frame does: the stream begins within the
    /// header of that frame. `None` if more octets are needed to tell.
    fn begins_in_frame(&self, rest: &[u8], size: usize, position: u64) -> Option<bool> {
        if self.alone || position >= FRAME_HEAD {
            return Some(false);
        }
        match rest.get(size..).unwrap_or_default() {
            [_, _, 0x7e, ..] | [_, 0x16, ..] => Some(true),
            // At the very start it may as well be a raw one, which does not wait for the next.
            behind if behind.len() < 3 && position > 0 && !self.ended => None,
            _ => Some(false),
        }
    }

    /// True near the start of a text.
    const fn begins_text(&self, position: u64) -> bool {
        self.is_text && position < FRAME_HEAD
    }

    /// Hands out an APDU, or refuses it if the octets behind it begin nothing.
    fn apdu(&mut self, size: usize, first: u8, position: u64) -> FoundApdu<'_> {
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let behind = rest.get(size..).unwrap_or_default();
        let end = position + size as u64;
        let at_line = self.lines.iter().find(|line| **line >= end);
        let on_line = at_line.map_or(behind.len(), |line| {
            usize::try_from(line - end).unwrap_or(behind.len()).min(behind.len())
        });
        let begins = behind.first().is_none_or(|octet| begins_something(*octet));
        // A line is there as a whole. Elsewhere the octets behind may come later.
        let on_line = if self.lines.binary_search(&position).is_ok() { on_line } else { 0 };
        if first == DATA_NOTIFICATION && on_line > 0 && !begins {
            let next = (1..on_line).find(|at| behind.get(*at..).is_some_and(is_unmistakable));
            let on_line = next.unwrap_or(on_line);
            let cause = Cause::Leftover { what: "the data", octets: on_line };
            return self.refuse(Error::new(Layer::Axdr, size, cause), size + on_line);
        }
        FoundApdu::Apdu(self.take_apdu(size, position))
    }

    /// Hands out an APDU that may belong to a frame.
    fn apdu_near_frame(&mut self, size: usize, position: u64) -> FoundApdu<'_> {
        FoundApdu::Apdu(BareApdu { near_frame: true, ..self.take_apdu(size, position) })
    }

    fn take_apdu(&mut self, size: usize, begin: u64) -> BareApdu<'_> {
        let start = self.done;
        self.done += size;
        let end = self.position();
        self.next_at = end;
        let octets = self.buffer.get(start..self.done).unwrap_or_default();
        BareApdu { octets, begin, end, near_frame: false }
    }

    /// Another telegram that unmistakably begins within an APDU. `size` is `None` while the size of
    /// the APDU is unknown.
    fn before_another(&self, rest: &[u8], position: u64, size: Option<usize>) -> Another {
        let end = size.map_or(u64::MAX, |size| position + size as u64);
        let inside = self.lines.iter().filter(|line| (position + 1..end).contains(line));
        let mut places = inside.filter_map(|line| usize::try_from(line - position).ok());
        if let Some(line) = places.find(|at| rest.get(*at..).is_some_and(is_unmistakable)) {
            return Another::Behind(line);
        }
        match (within(rest, size.unwrap_or(rest.len())), size) {
            // A plain one was searched for all starts.
            (Another::Nowhere, Some(size)) if rest.first() != Some(&DATA_NOTIFICATION) => {
                within_damaged(rest, size, 1)
            }
            (another, _) => another,
        }
    }

    fn refuse_lost_start(&mut self) -> FoundApdu<'_> {
        self.refuse(Error::new(Layer::Apdu, 0, Cause::FrameStart), 1)
    }

    fn refuse(&mut self, error: Error, size: usize) -> FoundApdu<'_> {
        let position = self.position();
        self.done = (self.done + size).min(self.buffer.len());
        FoundApdu::Refused(error, position)
    }

    /// Skips `least` octets and all that follow and cannot begin anything.
    fn noise(&mut self, least: usize) -> FoundApdu<'_> {
        let rest = self.buffer.get(self.done + least..).unwrap_or_default();
        let more = rest.iter().position(|octet| begins_something(*octet)).unwrap_or(rest.len());
        self.done += least + more;
        FoundApdu::Noise(least + more)
    }
}

/// A telegram of any meter within the octets of one, or of a block, behind which nothing begins.
fn within_damaged(rest: &[u8], size: usize, from: usize) -> Another {
    let begins = |octets: &[u8]| is_unmistakable(octets) || is_first_block(octets) == Some(true);
    let behind = rest.get(size..).unwrap_or_default();
    let may_begin = behind.first().is_none_or(|first| begins_something(*first));
    let octets = rest.get(..size).unwrap_or(rest);
    let titled = unmistakable_starts(rest, size).find(|at| *at >= from);
    let is_block = |at: &usize| rest.get(*at..).and_then(is_first_block) == Some(true);
    let block =
        memchr::memchr_iter(GENERAL_BLOCK_TRANSFER, octets).find(|at| *at >= from && is_block(at));
    match titled.into_iter().chain(block).min() {
        None => Another::Nowhere,
        Some(_) if begins(behind) || begins_without_title(behind) => Another::Nowhere,
        Some(_) if may_begin && behind.len() < UNMISTAKABLE => Another::Wait,
        Some(at) => Another::Behind(at),
    }
}

fn is_list(notification: &Notification<'_>) -> bool {
    matches!(notification.body.kind, DataType::STRUCTURE | DataType::ARRAY)
}

fn start(first: u8, rest: &[u8], trusted: bool, position: u64) -> Start {
    if !trusted && !is_unmistakable(rest) {
        let waits = rest.len() < UNMISTAKABLE && begins_something(first);
        return if waits { Start::Wait } else { Start::Nothing };
    }
    match first {
        GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING => match ciphered::announced(rest) {
            Ok(Some(size)) if size > MAX_APDU => Start::Nothing,
            Ok(size) => Start::Apdu(size.filter(|size| *size <= rest.len())),
            Err(error) => Start::Damaged(error),
        },
        DATA_NOTIFICATION => match Notification::first(rest) {
            Ok(None) if rest.len() > MAX_APDU => Start::Nothing,
            Ok(None) => Start::Apdu(None),
            // Meters push lists only. A telegram that breaks off behind its date-time would
            // otherwise take the next octets of the line for a single value.
            Ok(Some((notification, size))) if is_list(&notification) => Start::Apdu(Some(size)),
            Ok(Some(_)) => Start::Nothing,
            Err(error) => Start::Damaged(error),
        },
        0xdd | 0xdf if trusted && position == 0 => {
            match (begins_general(rest), ciphered::unsupported_apdu(first)) {
                (None, _) => Start::Wait,
                (Some(true), Some(what)) => Start::Foreign(Layer::Apdu, rest.len(), what),
                _ => Start::Nothing,
            }
        }
        _ => Start::Nothing,
    }
}

/// True for octets whose header is that of general-ciphering or general-signing: a number of the transaction, and the
/// titles of both sides (IEC 62056-5-3, 9.3). Words of a text begin with `DD` too. `None`: more are needed.
fn begins_general(octets: &[u8]) -> Option<bool> {
    let mut at = 1;
    for _ in 0..3 {
        let length = usize::from(*octets.get(at)?);
        if length > TITLE {
            return Some(false);
        }
        at += 1 + length;
    }
    Some(true)
}

/// The octets of a title. The number of a transaction has no more.
const TITLE: usize = 8;

/// Octets of a header that have to be right before a defect behind them is worth a word.
const HEADER: usize = 6;
