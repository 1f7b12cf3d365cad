//! Lines in front of telegrams, behind and between them, while it is open what they are: a key, a number or a date
//! looks like hex.
//!
//! ```text
//! 36c66639e48a8ca4d6bc8b282a793bbb   a key: it must not be shown as octets that belong to nothing
//! 282                                a count, a page, a heading
//! 68fafa6853ff0001…                  the telegram
//! ```

use meterpipe::{
    cipher::key_file,
    error::Cause,
    hex::{
        dump::{Dump, HexRun},
        telegram::{TelegramEnd, begins_telegram, holds_header},
        unread,
    },
};
use zeroize::Zeroizing;

/// A line with its number.
pub type NumberedLine = (u64, Zeroizing<Vec<u8>>);

/// Lines that are kept until the next one tells their meaning.
#[derive(Debug, Default)]
pub struct Opening {
    lines: Vec<NumberedLine>,
    /// The numbers of those that are a key, or hex of no octets.
    hex: Vec<u64>,
    /// The number of the first one that is a key.
    key: Option<u64>,
    is_over: bool,
    /// The end of the last telegram that was read.
    end: TelegramEnd,
    /// The octets of the last line that was read.
    width: usize,
    /// The octets of the line in which a telegram began, and the most of one behind it.
    widths: [usize; 2],
    /// The header of a telegram was in a line.
    has_telegram: bool,
    /// The octets of the lines that are kept.
    octets: Zeroizing<Vec<u8>>,
    /// Those of the last one of them, if it is no key.
    tail: usize,
}

/// The meaning of a line, and of those that were kept.
#[derive(Debug, PartialEq, Eq)]
pub enum OpeningStep {
    /// The line is read, and nothing was kept.
    Read,
    /// The line is kept.
    Kept,
    /// The lines that were kept are read first.
    Release(Vec<NumberedLine>),
    /// A telegram begins: the hex that was kept is no part of it.
    Drop {
        /// The line of a key, if one was there.
        key: Option<u64>,
        /// The number of lines with such hex.
        dropped: u64,
        /// The other lines.
        others: Vec<NumberedLine>,
    },
}

impl Opening {
    /// Looks at a line before `dump` reads it.
    pub fn line(&mut self, number: u64, line: &[u8], is_whole: bool, dump: &Dump) -> OpeningStep {
        if line.trim_ascii().is_empty() {
            return OpeningStep::Read;
        }
        let (mut run, before) = (HexRun::default(), dump);
        let mut dump = dump.clone();
        let result = dump.line(line, is_whole, &mut run);
        let is_hex = result.is_ok();
        // A telegram that is not read must not be dropped in silence.
        let is_beside =
            result.is_err_and(|it| it.cause == Cause::Unsupported { what: unread::BESIDE });
        let octets = Zeroizing::new(core::mem::take(&mut run.octets));
        let is_between = self.end.is_between();
        let is_whole_octets = is_hex && dump.finish().is_ok();
        let is_nothing =
            octets.is_empty() && !(is_number(line) && !(is_between && is_whole_octets));
        let shares_flag = self.end.is_flag() && matches!(**octets, [0xa0..=0xaf, ..]);
        let begins = begins_frame(&octets) || shares_flag;
        // The columns of a listing, in hex or in decimal.
        let is_next =
            |a: u8, b: u8| b == a.wrapping_add(1) || a & 0xf == 9 && b == a.wrapping_add(7);
        let is_heading = octets.len() > 1
            && octets.windows(2).all(|pair| matches!(pair, [a, b] if is_next(*a, *b)));
        let is_key = is_whole
            && !begins
            && !is_heading
            && may_be_keys(&octets, line)
            && !self.is_row(&octets, line);
        let digits = line.iter().filter(|c| c.is_ascii_hexdigit()).count();
        // Octets of a literal are shown as themselves, most of them.
        let is_literal = memchr::memchr2(b'\'', b'"', line).is_some();
        let is_clean = is_hex && (digits == 2 * octets.len() || is_literal);
        // A telegram behind a damaged one is no stray hex.
        let is_few =
            octets.len() < STRAY || octets.len() <= HASH && !is_hex && !holds_header(&octets);
        let is_stray = !is_beside && (is_few || is_heading);
        // Behind a telegram a few octets may be the first ones of the next, and a defect may be in them.
        let starts = matches!(**octets, [0x68 | 0x7e | 0xdb | 0xdc, ..]);
        let is_part = is_between
            && (is_whole_octets && (starts || !is_number(line))
                || starts && octets.len() > 1
                || is_damaged(line));
        let is_other = is_key || is_heading || !is_nothing && !is_clean && !is_part;
        // Nobody has three keys one below the other.
        let width = octets.len();
        let are_rows = is_key
            && self.widths.contains(&width)
            && self.lines.len() >= MOST_KEYS
            && self.octets.len() == self.lines.len() * width;
        match () {
            () if are_rows => self.release(),
            () if !begins && is_whole && self.begins_in_kept(line, before) => self.release(),
            () if begins && (self.lines.is_empty() || self.are_of_telegram()) => self.over(),
            () if begins => self.drop_hex(),
            () if is_nothing && self.lines.is_empty() => OpeningStep::Read,
            () if is_between && !is_other => self.over(),
            () if is_whole && (is_key || is_stray) && self.lines.len() < LINES => {
                if is_key && !is_hash(line) {
                    self.key.get_or_insert(number);
                }
                // Whole octets in front of a telegram may have been on the line.
                if is_other {
                    self.hex.push(number);
                }
                self.lines.push((number, Zeroizing::new(line.to_vec())));
                self.octets.extend_from_slice(&octets);
                self.tail = if is_key { 0 } else { octets.len() };
                OpeningStep::Kept
            }
            () => self.over(),
        }
    }

    /// True if the lines that are kept have the header of a telegram, or end with the last row of one, which is short.
    fn are_of_telegram(&self) -> bool {
        let is_row = self.tail > 1 && self.tail < self.octets.len();
        is_row && matches!(self.octets.as_slice(), [.., 0x16 | 0x7e]) || holds_header(&self.octets)
    }

    /// True if a telegram begins with octets of lines that are kept, and those of this one.
    fn begins_in_kept(&self, line: &[u8], dump: &Dump) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let (mut dump, mut run) = (dump.clone(), HexRun::default());
        for line in self.lines.iter().map(|(_, kept)| kept.as_slice()).chain([line]) {
            run.clear();
            let _ = dump.line(line, true, &mut run);
        }
        begins_frame(&run.octets)
    }

    /// True if a line needs no look: it is known what the text is.
    pub fn is_known(&self, line: &[u8]) -> bool {
        self.is_over && !self.may_be_between(line)
    }

    /// Takes the octets that were read from a line.
    pub fn passed(&mut self, octets: &[u8]) {
        let begins = self.end.is_between() || self.widths == [0, 0];
        self.end.line(octets);
        self.has_telegram = self.has_telegram || begins_frame(octets) || holds_header(octets);
        self.width = octets.len();
        let [_, behind] = self.widths;
        match self.width {
            0 => {}
            first if begins => self.widths = [first, 0],
            width => self.widths[1] = behind.max(width),
        }
    }

    /// True behind the header of a telegram.
    pub const fn has_telegram(&self) -> bool {
        self.has_telegram
    }

    /// True if octets of a telegram are due in front of those of a line or behind them, or one begins in them.
    pub fn is_amid(&self, octets: &[u8]) -> bool {
        let is_behind = || {
            let mut end = self.end.clone();
            end.line(octets);
            end.is_amid()
        };
        self.end.is_amid() || holds_header(octets) || is_behind()
    }

    /// True for octets that are a row of a dump, though they may look like a key: it goes on as it was, or a
    /// frame begins in it.
    fn is_row(&self, octets: &[u8], line: &[u8]) -> bool {
        if !self.end.is_between() {
            return holds_header(&Zeroizing::new([&self.octets, octets].concat()));
        }
        let goes_on = octets.len() == self.width && !self.end.is_sure();
        // Two keys are hardly written as one word, and just as wide as the rows.
        let is_wide = self.widths.contains(&octets.len()) && octets.len() >= 2 * KEY;
        goes_on || is_wide || has_start(octets) || !reads_as_key(line)
    }

    /// True for a line that may be no telegram, behind one. Keys and numbers are short.
    fn may_be_between(&self, line: &[u8]) -> bool {
        let is_short = line.len() <= SHORT && self.end.is_between();
        is_short && (!self.lines.is_empty() || !has_frame(line))
    }

    /// Drops the hex that is no part of a telegram.
    fn drop_hex(&mut self) -> OpeningStep {
        self.is_over = true;
        let hex = core::mem::take(&mut self.hex);
        let key = self.key.take();
        self.octets = Zeroizing::default();
        let mut others = core::mem::take(&mut self.lines);
        others.retain(|(number, _)| !hex.contains(number));
        OpeningStep::Drop { key, dropped: hex.len() as u64, others }
    }

    /// The end of the text: the line of a key, if nothing else was in it.
    pub const fn key(&self) -> Option<u64> {
        if self.is_over { None } else { self.key }
    }

    /// The lines that are still kept.
    pub fn over(&mut self) -> OpeningStep {
        if self.end.is_between() && !self.lines.is_empty() {
            return self.drop_hex();
        }
        self.release()
    }

    /// Reads the lines that were kept.
    fn release(&mut self) -> OpeningStep {
        (self.is_over, self.key) = (true, None);
        self.hex = Vec::new();
        self.octets = Zeroizing::default();
        match core::mem::take(&mut self.lines) {
            lines if lines.is_empty() => OpeningStep::Read,
            lines => OpeningStep::Release(lines),
        }
    }
}

/// True for a text that is a key file, or a line of one.
pub fn reads_as_key(text: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(text) else {
        return false;
    };
    key_file::parse(text).is_ok()
}

/// True for one or two keys, with the number or the title of a meter or without.
fn may_be_keys(octets: &[u8], line: &[u8]) -> bool {
    match octets.len() {
        22 | 24 | 38 | 40 => true,
        KEY..40 => reads_as_key(line),
        _ => false,
    }
}

/// True for a line with the word of a hash or an identifier: nobody writes two keys as one word.
fn is_hash(line: &[u8]) -> bool {
    let is_digits = |word: &[u8]| word.iter().all(u8::is_ascii_hexdigit);
    let mut words = line.split(|c| !c.is_ascii_alphanumeric());
    let is_identifier = || {
        let groups: Vec<_> = line.split(|c| *c == b'-').collect();
        groups.windows(5).any(|it| {
            let [first, a, b, c, last] = it else {
                return false;
            };
            let first = first.last_chunk::<8>().is_some_and(|it| is_digits(it));
            let last = last.first_chunk::<12>().is_some_and(|it| is_digits(it));
            first && last && [a, b, c].iter().all(|it| it.len() == 4 && is_digits(it))
        })
    };
    words.any(|word| word.len() == 2 * HASH_OF_KEYS && is_digits(word)) || is_identifier()
}

/// True if a frame begins within the octets: they are a row of a dump in which one before it is missing.
fn has_start(octets: &[u8]) -> bool {
    let is_start = |octets: &[u8]| begins_telegram(octets) && !matches!(octets, [0xdb | 0xdc, ..]);
    (0..octets.len()).any(|at| octets.get(at..).is_some_and(is_start))
}

/// True for a line of a few digits.
fn is_number(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() <= STRAY
        && line.iter().all(|c| c.is_ascii_hexdigit() || c.is_ascii_punctuation())
        && line.iter().any(u8::is_ascii_hexdigit)
}

/// True for a line in which a frame of M-Bus begins, whatever stands in front: `68FAFA68`, `68:FA:FA:68`; and
/// for one that begins with a frame of HDLC, and is longer than keys are: `7EA0…`.
fn has_frame(line: &[u8]) -> bool {
    if let [b'7', b'e' | b'E', b'a' | b'A', b'0'..=b'9', ..] = line
        && line.len() > KEYS
    {
        return true;
    }
    let begins = |text: &[u8]| match text {
        [b'6', b'8', a, b, c, d, b'6', b'8', ..] => [a, b] == [c, d],
        [b'6', b'8', s, a, b, t, c, d, u, b'6', b'8', ..] => [a, b, s, t] == [c, d, t, u],
        _ => false,
    };
    let mut places = memchr::memchr_iter(b'6', line);
    begins(line) || places.any(|at| begins(line.get(at..).unwrap_or_default()))
}

/// True for a long word of digits in which some are wrong.
fn is_damaged(line: &[u8]) -> bool {
    let word = line.trim_ascii();
    let wrong = word.iter().filter(|c| !c.is_ascii_hexdigit()).count();
    word.len() > STRAY && wrong > 0 && word.iter().all(u8::is_ascii_alphanumeric)
}

/// True for the first octets of a telegram, as every link layer has them.
fn begins_frame(octets: &[u8]) -> bool {
    match octets {
        // The COSEM wrapper, and a plain APDU.
        [0x00, 0x01, 0x00, ..] => true,
        [0x0f, ..] => octets.len() >= KEY,
        _ => begins_telegram(octets),
    }
}

/// The most keys of a meter: the GUEK and the GAK.
const MOST_KEYS: usize = 2;

/// The octets of a key.
const KEY: usize = 16;

/// The longest line of two keys and a title, with separators.
const KEYS: usize = 160;

/// Fewer octets are no telegram.
const STRAY: usize = 12;

/// The octets of a hash that two keys have too.
const HASH_OF_KEYS: usize = 32;

/// The octets of the longest hash.
const HASH: usize = 64;

/// The characters of a line with a key, a hash or a number.
const SHORT: usize = 256;

/// The most lines that are kept.
const LINES: usize = 6;
