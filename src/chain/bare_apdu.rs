//! APDUs that stand in a stream without frames: raw dumps, and what some P1 sockets send.
//!
//! An APDU tells its own length. At the start of a line of text its first octets are enough to
//! believe in it; elsewhere they have to be as good as unmistakable. Near a frame, octets outside
//! of it are an APDU only if the stream ends right behind them or another one begins there: the end
//! of a frame would say that its start was damaged, and then nothing vouches for them.
//!
//! Blocks of an APDU ([`block_transfer`](crate::link::block_transfer)) stand there one right behind
//! the other.

use std::collections::VecDeque;

use crate::{
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
    reader::Reader,
};

/// The longest APDU that is waited for. Sixteen M-Bus segments hold as much.
pub const MAX_APDU: usize = 4096;

/// The octets behind a frame in which another one may have lost its start and its header: a frame
/// of the M-Bus.
const BEHIND_FRAME: u64 = 256;

/// The octets from the start of a frame in which its APDU begins, with the header of a block.
const FRAME_HEAD: u64 = 64;

/// The next find.
#[derive(Debug, PartialEq, Eq)]
pub enum FoundApdu<'a> {
    /// A whole APDU, and the positions in the stream at which it begins and behind it.
    Apdu(&'a [u8], u64, u64),
    /// Octets that begin like a telegram and are none, and their position.
    Refused(Error, u64),
    /// A number of octets that belong to nothing.
    Noise(usize),
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
    ended: bool,
    /// Nothing but APDUs: one stands right behind the other.
    alone: bool,
    /// Where the next APDU has to stand then.
    next_at: u64,
    /// In front of this position an APDU belongs to a frame.
    framed_to: u64,
    /// Octets of a telegram that the end of the stream cut off.
    cut_off: Option<usize>,
    blocks: BlockTransfer,
    /// Where the blocks of this APDU began, and where the next one has to stand.
    blocks_at: (u64, u64),
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

/// Another telegram within the octets of one.
enum Another {
    Nowhere,
    /// Behind as many octets.
    Behind(usize),
    /// Not enough octets to say.
    Wait,
}

/// The block that begins at some place.
enum BlockStart {
    Nothing,
    /// A whole one, and its size.
    Block(usize),
    /// One with octets lost: behind as many, the first block of another APDU begins.
    Cut(usize),
    /// Not enough octets to say.
    Wait,
}

impl BareApdus {
    /// For streams with the link layers of a choice.
    #[must_use]
    pub fn with(links: LinkChoice) -> Self {
        Self { alone: links == LinkChoice::Raw, ..Self::default() }
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
        if core::mem::take(&mut self.ended) {
            self.next_at = position;
        }
    }

    /// Marks `position` as the start of a line of text.
    pub fn line(&mut self, position: u64) {
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
        self.framed_to = self.framed_to.max(skipped.position + FRAME_HEAD);
        (!skipped.is_told).then_some(error)
    }

    /// Ends the stream: nothing more belongs to the octets so far.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The telegram that the end of the stream cut off.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        let error = |octets| Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
        self.cut_off.map(error).or_else(|| self.blocks.partial())
    }

    /// True while an APDU waits for its rest.
    fn is_within_apdu(&self) -> bool {
        !self.is_framed() && is_unmistakable(self.buffer.get(self.done..).unwrap_or_default())
    }

    /// The octets that wait for more.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.buffer.len() - self.done
    }

    /// The next find; `None` if more octets are needed.
    #[allow(clippy::should_implement_trait)] // it lends from the buffer
    pub fn next(&mut self) -> Option<FoundApdu<'_>> {
        loop {
            match self.block() {
                BlockStart::Block(size) => match self.take_block(size) {
                    Some((None, began)) => {
                        let end = self.before + self.done as u64;
                        self.next_at = end;
                        return Some(FoundApdu::Apdu(self.blocks.joined(), began, end));
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
                    self.cut_off = Some(self.pending());
                    self.blocks = BlockTransfer::default();
                    return Some(self.noise(1));
                }
                BlockStart::Nothing => break,
            }
        }
        let position = self.before + self.done as u64;
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
        if !trusted && self.is_in_frame() {
            return Some(self.noise(1));
        }
        let is_framed = !trusted && self.is_framed();
        match start(first, rest, trusted, position) {
            Start::Wait if !self.ended => None,
            Start::Apdu(Some(size)) if is_framed => match self.is_alone(rest, size) {
                None => None,
                Some(true) => Some(self.apdu(size, first, position)),
                Some(false) => Some(self.noise(1)),
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
                // At the very end it may be the input that cut it off: that is no error.
                (_, None) => {
                    self.cut_off = Some(rest.len());
                    Some(self.noise(1))
                }
            },
            Start::Damaged(error) if trusted && error.offset >= HEADER => {
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
        self.alone && position == self.next_at || self.lines.binary_search(&position).is_ok()
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
            behind if behind.len() >= UNMISTAKABLE || self.ended => Some(is_unmistakable(behind)),
            [first, ..] if begins_something(*first) => None,
            _ => Some(false),
        }
    }

    /// True behind the header that precedes an APDU inside a frame.
    fn is_in_frame(&self) -> bool {
        self.buffer.get(..self.done).is_some_and(framed::holds_apdu)
    }

    /// The same for a block of so many octets.
    fn is_block_in_frame(&self, size: usize) -> bool {
        self.buffer.get(..self.done).is_some_and(|before| framed::holds_block(before, size))
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
        if first == DATA_NOTIFICATION && on_line > 0 && !begins {
            let next = (1..on_line).find(|at| behind.get(*at..).is_some_and(is_unmistakable));
            let on_line = next.unwrap_or(on_line);
            let cause = Cause::Leftover { what: "the data", octets: on_line };
            return self.refuse(Error::new(Layer::Axdr, size, cause), size + on_line);
        }
        let start = self.done;
        self.done += size;
        let end = self.before + self.done as u64;
        self.next_at = end;
        FoundApdu::Apdu(self.buffer.get(start..self.done).unwrap_or_default(), position, end)
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
        within(rest, size.unwrap_or(rest.len()))
    }

    /// The block of an APDU that comes next.
    fn block(&self) -> BlockStart {
        let position = self.before + self.done as u64;
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let is_next = self.blocks.is_collecting() && position == self.blocks_at.1;
        if rest.first() != Some(&GENERAL_BLOCK_TRANSFER) {
            return BlockStart::Nothing;
        }
        let trusted = self.is_trusted(position);
        let mut reader = Reader::new(Layer::Apdu, rest);
        let header = reader.array::<6>("header").map(|header| (header, reader));
        let length = header.and_then(|(header, mut reader)| {
            let length = reader.length("length")?;
            Ok((header, reader, length))
        });
        let (header, reader, length) = match length {
            Ok(found) => found,
            Err(Error { cause: Cause::Short { .. }, .. }) => return BlockStart::Wait,
            Err(_) => return BlockStart::Nothing,
        };
        let size = reader.offset() + length;
        let content = reader.rest();
        let may_be_first = trusted || !self.is_framed() && !self.is_block_in_frame(size);
        let whole = || match another_block(rest, size) {
            Another::Behind(octets) => BlockStart::Cut(octets),
            Another::Wait if !self.ended => BlockStart::Wait,
            _ if rest.len() < size => BlockStart::Wait,
            Another::Wait | Another::Nowhere => BlockStart::Block(size),
        };
        match (is_next, header) {
            _ if size > MAX_APDU => BlockStart::Nothing,
            (false, [_, _, 0, 1, 0, 0]) if may_be_first && length >= UNMISTAKABLE => {
                match content.first_chunk::<UNMISTAKABLE>() {
                    None => BlockStart::Wait,
                    Some(head) if !trusted && !is_unmistakable(head) => BlockStart::Nothing,
                    Some(_) => whole(),
                }
            }
            (false, _) => BlockStart::Nothing,
            (true, _) => whole(),
        }
    }

    /// Takes the block that comes next: a defect and its place, or the place of an APDU that is whole.
    fn take_block(&mut self, size: usize) -> Option<(Option<Error>, u64)> {
        let position = self.before + self.done as u64;
        let octets = self.buffer.get(self.done..self.done + size).unwrap_or_default();
        let outcome = self.blocks.take(octets, None);
        if outcome.begins {
            self.blocks_at.0 = position;
        }
        self.done += size;
        self.blocks_at.1 = position + size as u64;
        match (outcome.refused, outcome.apdu) {
            (Some(error), _) => Some((Some(error), position)),
            (None, Some(_)) => Some((None, self.blocks_at.0)),
            (None, None) => None,
        }
    }

    /// Gives up the APDU of a block that ends behind so many octets.
    fn cut_block(&mut self, octets: usize) -> FoundApdu<'_> {
        let cut = Error::new(Layer::Apdu, octets, Cause::CutOff { octets });
        let blocks = core::mem::take(&mut self.blocks);
        let began = self.before + self.done as u64;
        let (error, position) = match blocks.partial() {
            Some(error) => (error, self.blocks_at.0),
            None => (cut, began),
        };
        self.done += octets;
        FoundApdu::Refused(error, position)
    }

    fn refuse(&mut self, error: Error, size: usize) -> FoundApdu<'_> {
        let position = self.before + self.done as u64;
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

/// True if something that is known here begins with that octet.
const fn begins_something(octet: u8) -> bool {
    matches!(
        octet,
        GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING | DATA_NOTIFICATION | GENERAL_BLOCK_TRANSFER
    )
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
            Ok(Some((notification, size))) => match notification.body.kind {
                DataType::STRUCTURE | DataType::ARRAY => Start::Apdu(Some(size)),
                _ => Start::Nothing,
            },
            Err(error) => Start::Damaged(error),
        },
        0xdd | 0xdf if trusted && position == 0 => match ciphered::unsupported_apdu(first) {
            Some(what) => Start::Foreign(Layer::Apdu, rest.len(), what),
            None => Start::Nothing,
        },
        _ => Start::Nothing,
    }
}

/// Octets of a header that have to be right before a defect behind them is worth a word.
const HEADER: usize = 6;

/// Octets that [`is_unmistakable`] looks at.
const UNMISTAKABLE: usize = 10;

/// The next telegram of the same meter within the octets of one, of which some are lost then.
fn within(rest: &[u8], size: usize) -> Another {
    let in_title = (1..UNMISTAKABLE).find(|at| rest.get(*at..).is_some_and(is_unmistakable));
    let header = match rest {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, ..] => rest.get(..UNMISTAKABLE),
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, ..] => rest.get(..WITHOUT_TITLE),
        _ => None,
    };
    let Some(header) = header else {
        return in_title.map_or_else(|| within_plain(rest, size), Another::Behind);
    };
    // The header begins in front of the end of this one, and may go on behind it.
    let (end, least) = (size + header.len() - 1, header.len());
    let octets = rest.get(least..end.min(rest.len())).unwrap_or_default();
    let found = memchr::memmem::find(octets, header).map(|at| least + at);
    let begins = |at: usize| rest.get(at..).is_some_and(|head| header.starts_with(head));
    match in_title.or(found) {
        Some(at) => Another::Behind(at),
        None if (rest.len().saturating_sub(least - 1)..size).any(begins) => Another::Wait,
        None => Another::Nowhere,
    }
}

/// The same for a plain APDU, whose header changes. A scaler and a unit in front of a date-time, too, look like
/// the start of one: `0f fe 16 1e 09 0c 07 …`. That is too often to wait for more octets.
fn within_plain(rest: &[u8], size: usize) -> Another {
    let is_unit_and_clock = |octets: &[u8]| octets.get(4..6) == Some(&[0x09, 0x0c]);
    let [glo, ded, plain] = [GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, DATA_NOTIFICATION];
    let mut starts = memchr::memchr3_iter(glo, ded, plain, rest).take_while(|at| *at < size);
    let next = starts.find(|at| {
        let octets = rest.get(*at..).unwrap_or_default();
        *at > 0 && is_unmistakable(octets) && !is_unit_and_clock(octets)
    });
    next.map_or(Another::Nowhere, Another::Behind)
}

/// The first block of another APDU within a block of `size` octets, of which some are lost then.
fn another_block(rest: &[u8], size: usize) -> Another {
    let mut starts = memchr::memchr_iter(GENERAL_BLOCK_TRANSFER, rest).filter(|at| *at > 0);
    let found = starts.find_map(|at| match is_first_block(rest.get(at..)?) {
        _ if at >= size => None,
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
fn is_first_block(octets: &[u8]) -> Option<bool> {
    let fixed = [(0, GENERAL_BLOCK_TRANSFER), (2, 0), (3, 1), (4, 0), (5, 0)];
    if fixed.iter().any(|(at, wanted)| octets.get(*at).is_some_and(|octet| octet != wanted)) {
        return Some(false);
    }
    let mut reader = Reader::new(Layer::Apdu, octets.get(6..)?);
    match reader.length("length") {
        Ok(_) => {}
        Err(Error { cause: Cause::Short { .. }, .. }) => return None,
        Err(_) => return Some(false),
    }
    let content = reader.rest();
    if content.first().is_some_and(|first| !begins_something(*first)) {
        return Some(false);
    }
    content.first_chunk::<UNMISTAKABLE>().map(|head| is_unmistakable(head))
}

/// Octets that [`begins_without_title`] looks at.
const WITHOUT_TITLE: usize = 5;

/// True if octets may begin a ciphered APDU without a title: in a stream of nothing else.
fn begins_without_title(octets: &[u8]) -> bool {
    let (length, security) = match octets {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, 0x81, length, security, ..] => {
            (usize::from(*length), *security)
        }
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, 0x82, high, low, security, ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), *security)
        }
        _ => return false,
    };
    (128..MAX_APDU).contains(&length) && matches!(security, 0x20 | 0x21 | 0x30 | 0x31)
}

/// True if octets begin a ciphered APDU of a manufacturer, or a notification of this century.
/// Chance makes one of them once in some hundred million octets.
fn is_unmistakable(octets: &[u8]) -> bool {
    match octets {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, a, b, c, _, _, _, _, _, ..] => {
            [a, b, c].iter().all(|letter| letter.is_ascii_uppercase())
        }
        [DATA_NOTIFICATION, _, _, _, _, 12, 0x07, 0xd0..=0xff, month, day, ..] => {
            (1..=12).contains(month) && (1..=31).contains(day)
        }
        _ => false,
    }
}
