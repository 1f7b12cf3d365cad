//! Octets from the text that people have of a telegram.
//!
//! ```text
//! 68FAFA6853FF0001…                               bare hex, in any wrapping
//! 68 FA FA 68, 68:fa:fa:68, 0x68, 0xFA, \x68\xfa  with separators and prefixes
//! [12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68  in a log
//! 00000000: 68fa fa68 53ff 0001  h..hS...         in a listing of xxd, hexdump -C, od -t x1
//! # first telegram                                nothing
//! ```
//!
//! The lines are one stream of octets. Octets that are split over a line end are joined
//!
//! - if the first line ends with a hyphen, as operators' PDFs break them; or
//! - if both lines are bare digits and odd in number. Text of an even number of digits can thus be
//!   wrapped at any width: an even width splits no octet, and with an odd one every second line end
//!   does, the last line being odd exactly if one line is left over; or
//! - if a long line of groups ends with a single digit in its last column, and the next one begins
//!   with one in its first, as terminals and mail programs break them.
//!
//! A defect (a wrong character, a digit without its partner, missing rows of a listing) costs as
//! few octets as possible, and the octet behind it gets [`Mark::Unreadable`](crate::error::Mark):
//! nothing is joined in silence over a place that cannot be read.

use core::ops::Range;

use super::{
    alike::{AlikeOctets, AlikeRows},
    beside_text, between_rows,
    count::{without_counts, without_sum},
    digits::{Digits, Wrapped},
    json_log::JsonLog,
    left_out,
    listing::{self, Listing, ListingStep},
    log_lines::LogLines,
    pasted::{Pasted, PastedLine},
    prefix,
    separator::is_separator,
    stamp,
    telegram::{ends_frame, length},
    typing, unread,
};
use crate::error::{Cause, Result};

pub use super::{prefix::is_numbered, run::HexRun};

/// The state at a line end.
///
/// ```
/// use meterpipe::{error::Mark, hex::dump::{Dump, HexRun}};
///
/// let (mut dump, mut run) = (Dump::default(), HexRun::default());
/// dump.line(b"[12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68", true, &mut run).unwrap();
/// assert_eq!(run.octets, [0x68, 0xfa, 0xfa, 0x68]);
///
/// run.clear();
/// let error = dump.line(b"88DSeAB4", true, &mut run).unwrap_err();
/// assert_eq!(error.to_string(), "hex: character 4 is not a hex digit");
/// assert_eq!(run.octets, [0x88, 0xea, 0xb4]);
/// assert_eq!(run.marks, [(1, Mark::Unreadable)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Dump {
    digits: Digits,
    listing: Option<Listing>,
    pasted: Pasted,
    log: LogLines,
    json: JsonLog,
    alike: AlikeRows,
    /// The line before was digits, an odd number of them.
    was_odd: bool,
    /// The line before was nothing but hex.
    was_plain: bool,
    /// The character behind the first two digits of the last row of hex.
    separator: Option<u8>,
    /// The line began in an earlier call.
    begun: Option<Begun>,
    /// Octets of the byte order mark that were seen, or three for none.
    byte_order_mark: usize,
    /// The characters of the line in front of the text that is read.
    margin: usize,
}

#[derive(Clone, Copy, Debug)]
enum Begun {
    Hex,
    Comment,
}

impl Dump {
    /// Appends the octets of a line, given without its LF, to `run`.
    ///
    /// `end` is false for a piece of a line that is too long for the caller's buffer. Such a line
    /// is a comment or hex, without stamp and offset, wherever it is cut.
    ///
    /// The error is the first defect of the line; its offset counts characters. The octets before
    /// and behind it are in `run` all the same. A line that ended amid an octet is only found, and
    /// reported, at the next one, and then by the offset in its own line:
    /// [`defect_line`](Self::defect_line) tells which one that is.
    #[inline]
    pub fn line(&mut self, text: &[u8], end: bool, run: &mut HexRun) -> Result<()> {
        let text = self.without_byte_order_mark(text);
        if end && self.begun.is_none() && self.plain(text, run) {
            return Ok(());
        }
        self.typed_line(text, end, run)
    }

    /// A line that needs a careful look.
    #[inline(never)]
    fn typed_line(&mut self, text: &[u8], end: bool, run: &mut HexRun) -> Result<()> {
        let text = &*typing::typed(text, end);
        if memchr::memchr(b'\r', text).is_none() {
            return self.piece(text, end, run);
        }
        // A CR ends a line too: before LF the line that follows is empty.
        let mut first = Ok(());
        let mut pieces = text.split(|&c| c == b'\r').peekable();
        while let Some(piece) = pieces.next() {
            let ends = end || pieces.peek().is_some();
            first = first.and(self.piece(piece, ends, run));
        }
        first
    }

    /// Notes the number of the line that the next call of [`line`](Self::line) begins.
    pub const fn number(&mut self, line: u64) {
        self.digits.number(line);
    }

    /// The number of the line in which the last defect is.
    #[must_use]
    pub const fn defect_line(&self) -> u64 {
        self.digits.defect_line()
    }

    /// True for a line of a log with the words of a telegram of several lines.
    #[must_use]
    pub fn owns(&self, line: &[u8]) -> bool {
        self.log.owns(line)
    }

    /// True if the first digit of an octet waits for the next line.
    #[must_use]
    pub const fn is_amid_octet(&self) -> bool {
        !self.digits.is_between_octets()
    }

    /// The input ends: an error if amid an octet, or behind a `*` that nothing followed.
    pub fn finish(&mut self) -> Result<()> {
        self.begun = None;
        self.byte_order_mark = 0;
        self.was_odd = false;
        self.was_plain = false;
        self.separator = None;
        self.pasted = Pasted::default();
        self.log = LogLines::default();
        self.json = JsonLog::default();
        self.alike = AlikeRows::default();
        let open = self.listing.take().is_some_and(|listing| listing.is_open());
        if open {
            self.digits.spoil(0, OFFSET);
        }
        self.digits.finish()
    }

    /// A line that needs no careful look, as nearly all do; false, and nothing done, for another
    /// one.
    fn plain(&mut self, text: &[u8], run: &mut HexRun) -> bool {
        let Some(listing) = &mut self.listing else {
            if self.pasted.is_within() || self.alike.is_waiting() {
                return false;
            }
            let is_other = text.len() < SHORT
                && text.get(PAIR).copied() != self.separator
                && between_rows::is_other(text, self.separator);
            let has_time = || stamp::minutes(text).is_some();
            if text.len() <= ROW
                || is_other
                || begins_behind_pair(text)
                || text.get(PAIR) == Some(&b':') && has_time()
            {
                return false;
            }
            let bare = text.last().is_some_and(u8::is_ascii_hexdigit);
            let is_plain = self.digits.plain(if bare { text } else { text.trim_ascii_end() }, run);
            if is_plain {
                self.note_row(text);
            }
            return is_plain;
        };
        let row = if self.digits.is_between_octets() { listing.next_row(text) } else { None };
        row.map(|octets| self.digits.whole(octets, run)).is_some()
    }

    /// Notes how a row of nothing but hex is written.
    fn note_row(&mut self, row: &[u8]) {
        self.was_plain = true;
        self.separator = row.get(PAIR).copied();
    }

    fn piece(&mut self, text: &[u8], end: bool, run: &mut HexRun) -> Result<()> {
        match self.begun {
            None if end => self.whole(text, run),
            None if text.is_empty() => Ok(()),
            None => {
                self.begin(text);
                self.go_on(text, false, run)
            }
            Some(_) => self.go_on(text, end, run),
        }
    }

    /// A line that is all here.
    fn whole(&mut self, mut text: &[u8], run: &mut HexRun) -> Result<()> {
        let mut first = Ok(());
        while let Some((line, behind)) = glued(text).and_then(|at| text.split_at_checked(at)) {
            first = first.and(self.one(line, run));
            text = behind;
        }
        let last = self.one(text, run);
        first.and(last)
    }

    /// A line without another one behind it.
    fn one(&mut self, text: &[u8], run: &mut HexRun) -> Result<()> {
        match self.json.reduced(text) {
            Some((member, left_out)) => self.read(&typing::typed(&member, true), left_out, run),
            None => self.read(text, 0, run),
        }
    }

    /// Reads such a line, in front of which so many characters are left out.
    fn read(&mut self, text: &[u8], left_out: usize, run: &mut HexRun) -> Result<()> {
        // The text beside the octets of a listing may end as anything.
        let text = if self.listing.is_some() { text } else { without_counts(text) };
        let text = without_sum(text);
        let (text, margin) = typing::unquoted(text);
        self.margin = left_out + margin;
        let is_pairs =
            !self.pasted.is_within() && ends_with_pairs(text) && !begins_with_number(text);
        // A damaged row is known by those in front of it.
        let is_usual = is_pairs && self.alike.has_row() && !self.alike.is_waiting();
        if is_usual && self.logged(text, run) {
            return Ok(());
        }
        let (before, is_alone) = (run.octets.len(), self.digits.is_between_octets());
        let digits = self.digits.clone();
        let read = match is_pairs {
            true => self.clean(text, false, run),
            false => self.careful(text, run),
        };
        if read.is_err()
            && is_alone
            && let Some(octets) = left_out::whole_telegrams(text)
        {
            return self.instead(digits, before, &octets, run);
        }
        // Digits behind the first one of an octet are those of no telegram.
        if !is_alone {
            return read;
        }
        let is_open = !self.digits.is_between_octets();
        let is_comment = prefix::is_comment(text.trim_ascii_start());
        let read = read.and_then(|()| match is_comment || is_open {
            true => Ok(()),
            false => self.all_telegrams(text, before, run),
        });
        let taken = run.octets.get(before..).unwrap_or_default();
        // A listing has rows of its own.
        let alike = match self.listing {
            Some(_) => None,
            None => self.alike.octets(text, taken, read.is_ok() && !is_open),
        };
        if self.alike.has_earlier() {
            run.earlier.extend(self.alike.earlier());
        }
        match alike {
            None => {
                let is_unread = self.listing.is_none() && self.alike.is_to_note(taken);
                if is_unread && read.is_ok() && !is_open && !is_comment {
                    self.alike.note(text, self.digits.line_number(), taken);
                }
                read
            }
            Some(AlikeOctets::Damaged) => self.digits.left_out(unread::ROW),
            Some(AlikeOctets::Octets(octets)) => self.instead(digits, before, &octets, run),
            Some(AlikeOctets::Begun(octets)) => {
                self.log.begin(text, &octets);
                self.instead(digits, before, &octets, run)
            }
        }
    }

    /// Takes these octets of a line instead of those behind `before`, in front of which its digits were these.
    fn instead(
        &mut self,
        digits: Digits,
        before: usize,
        octets: &[u8],
        run: &mut HexRun,
    ) -> Result<()> {
        self.digits = digits;
        run.octets.truncate(before);
        run.marks.retain(|(at, _)| *at < before);
        self.digits.whole(octets, run);
        Ok(())
    }

    /// Reads all telegrams of a line whose form left one out.
    fn all_telegrams(&mut self, text: &[u8], before: usize, run: &mut HexRun) -> Result<()> {
        let taken = run.octets.get(before..).unwrap_or_default();
        let Some(telegrams) = left_out::telegrams(text, taken) else {
            return Ok(());
        };
        if !telegrams.are_all {
            return self.digits.left_out(unread::BESIDE);
        }
        run.octets.truncate(before);
        self.digits.whole(&telegrams.octets, run);
        Ok(())
    }

    /// A line that may be of a document, a listing or a pasted form.
    fn careful(&mut self, text: &[u8], run: &mut HexRun) -> Result<()> {
        if let Some(row) = listing::usual(text) {
            return self.clean(&row, true, run);
        }
        let Some(lines) = self.pasted.strip(text) else {
            return self.clean(text, true, run);
        };
        let mut lines = lines.split(|&c| c == b'\n');
        lines.try_for_each(|line| self.clean(line, true, run))
    }

    /// A line of a log whose last word is nothing but octets: only its start needs a careful look.
    /// False, and nothing done, for another one.
    fn logged(&mut self, text: &[u8], run: &mut HexRun) -> bool {
        let start = memchr::memrchr(b' ', text).map_or(0, |at| at + 1);
        let (head, octets) = text.split_at_checked(start).unwrap_or_default();
        let near = octets.len().min(NEAR);
        let beyond = (octets.len() - near) / 3;
        let is_plain = self.listing.is_none()
            && head.first() == Some(&b'[')
            && self.digits.wrapped().is_none()
            && octets.len() % 3 == 2;
        let text = prefix::slice(text, 0..start + near);
        let part = if is_plain { self.log.part(text, beyond) } else { None };
        let Some(part) = part.filter(|part| {
            let is_hex =
                prefix::slice(text, part.range.start..start).iter().any(u8::is_ascii_hexdigit);
            part.prose.is_none()
                && part.range.end == text.len()
                && part.range.start <= start
                && !is_hex
        }) else {
            return false;
        };
        let before = run.octets.len();
        let is_read = self.digits.plain(octets, run);
        if is_read {
            self.log.take(text, &part, run.octets.get(before..).unwrap_or_default());
        }
        is_read
    }

    /// A line without the marks of a page or a document; `pasted` if it may be of a pasted form.
    fn clean(&mut self, mut text: &[u8], pasted: bool, run: &mut HexRun) -> Result<()> {
        let trimmed = text.trim_ascii_start();
        let is_comment = || !(pasted && self.pasted.is_no_comment(trimmed.trim_ascii_end()));
        if trimmed.is_empty() || prefix::is_comment(trimmed) && is_comment() {
            return Ok(());
        }
        let is_note = || self.was_plain && between_rows::is_note(trimmed, self.separator);
        if self.listing.is_none() && (between_rows::is_other(trimmed, self.separator) || is_note())
        {
            return Ok(());
        }
        let whole = text;
        let mut found = if pasted && self.listing.is_none() { self.pasted.row(text) } else { None };
        if found.is_none() {
            let (step, line) = self.listed(text);
            if let Some(step) = step {
                return self.step(&step, line, run);
            }
            // Numbers of rows may look like the first offset.
            if self.listing.is_some()
                && let Some(result) = self.listed_behind_words(text, run)
            {
                return result;
            }
            text = line;
        }
        if found.is_none() && pasted && !self.log.owns(text) {
            let is_odd = is_odd_run(text);
            let was_odd = core::mem::replace(&mut self.was_odd, is_odd);
            let stamp = stamp::before_text(text);
            let behind = prefix::slice(text, stamp..text.len());
            let behind_hex = core::mem::take(&mut self.was_plain);
            found = self.pasted.line(behind, was_odd, behind_hex);
            if found.is_some() {
                self.margin += stamp;
                text = behind;
            }
        }
        match found {
            Some(PastedLine::Nothing) => Ok(()),
            Some(PastedLine::Hex(range)) => self.hex(text, range, run),
            Some(PastedLine::From(start)) => {
                self.margin += start;
                self.sentence(prefix::slice(text, start..text.len()), run)
            }
            Some(PastedLine::Octets(octets)) => {
                self.digits.begin(0, false, false);
                self.leave_listing();
                self.digits.whole(&octets, run);
                self.digits.end(run)
            }
            Some(PastedLine::Refused(what)) => {
                self.digits.begin(0, false, false);
                self.digits.spoil(0, Cause::Unsupported { what });
                self.digits.end(run)
            }
            None => match self.listed_behind_words(whole, run) {
                Some(result) => result,
                None => self.sentence(text, run),
            },
        }
    }

    /// Reads a row of a listing behind the words of a logger; nothing for another line.
    fn listed_behind_words(&mut self, text: &[u8], run: &mut HexRun) -> Option<Result<()>> {
        listing::behind_words(text).find_map(|at| {
            let (step, line) = self.listed(prefix::slice(text, at..text.len()));
            let step = step?;
            self.margin += at;
            Some(self.step(&step, line, run))
        })
    }

    /// The row of a listing, if the line is one, and the line without the text beside its octets.
    fn listed<'a>(&mut self, text: &'a [u8]) -> (Option<ListingStep>, &'a [u8]) {
        let is_known = self.listing.as_ref().is_some_and(|listing| listing.has_shape(text));
        if is_known && let Some(step) = listing::step(&mut self.listing, text) {
            return (Some(step), text);
        }
        let octets = beside_text::without_text(text);
        // A listing knows its own text, unless a blank is in the middle of it.
        if !octets.is_halved
            && let Some(step) = listing::step(&mut self.listing, text)
        {
            return (Some(step), text);
        }
        match octets.line.len() < text.len() {
            true => (listing::step(&mut self.listing, octets.line), octets.line),
            false => (None, text),
        }
    }

    /// Hex that is alone in a part of the line.
    fn hex(&mut self, text: &[u8], range: Range<usize>, run: &mut HexRun) -> Result<()> {
        let at = prefix::characters(prefix::slice(text, 0..range.start));
        self.digits.begin(self.margin + at, false, false);
        self.leave_listing();
        self.digits.feed(prefix::slice(text, range), run);
        self.digits.end(run)
    }

    /// Hex and the words around it; also hex, words, and hex again.
    fn sentence(&mut self, text: &[u8], run: &mut HexRun) -> Result<()> {
        let is_wrapped = self.digits.wrapped().is_some();
        let apart = if is_wrapped { None } else { prefix::run(text) };
        let Some(part) = apart.or_else(|| self.log.part(text, 0)) else {
            return Ok(());
        };
        let at = prefix::characters(prefix::slice(text, 0..part.range.start));
        let hex = prefix::slice(text, part.range.clone());
        let joins = match self.digits.wrapped() {
            None => true,
            Some(Wrapped::Digits) => part.bare && is_odd_run(hex),
            Some(Wrapped::Groups) => part.bare && begins_with_digit(text),
        };
        self.digits.begin(self.margin + at, part.bare, joins);
        self.leave_listing();
        let before = run.octets.len();
        self.digits.feed(hex, run);
        self.log.take(text, &part, run.octets.get(before..).unwrap_or_default());
        let Some(prose) = part.prose else {
            if part.bare {
                self.note_row(hex.trim_ascii_start());
            }
            return self.digits.end(run);
        };
        let behind = prefix::slice(text, prose..text.len());
        let more = prefix::part_of(behind, prefix::TAIL_OCTETS, 0).filter(|more| {
            prefix::has_octets(prefix::slice(behind, more.range.clone()), LEAST_MORE)
        });
        let own = run.octets.get(before..).unwrap_or_default();
        let is_whole = ends_frame(own) || length(own) == Some(own.len());
        let first = if more.is_some() || is_whole {
            self.digits.end(run)
        } else {
            let at = prefix::characters(prefix::slice(text, 0..prose));
            self.digits.spoil(at, Cause::NotHex);
            self.digits.end(run)
        };
        match more {
            Some(_) => first.and(self.sentence(behind, run)),
            None => first,
        }
    }

    /// A line that belongs to a listing.
    fn step(&mut self, step: &ListingStep, text: &[u8], run: &mut HexRun) -> Result<()> {
        self.digits.begin(self.margin + step.body.start, false, false);
        if step.gap {
            self.digits.spoil(0, OFFSET);
        }
        if let Some(what) = step.refused {
            self.digits.spoil(0, Cause::Unsupported { what });
        }
        self.repeat(step.repeated, run);
        let start = run.octets.len();
        self.digits.feed(prefix::slice(text, step.body.clone()), run);
        let result = self.digits.end(run);
        if step.last {
            self.listing = None;
        } else if let Some(listing) = &mut self.listing
            && !step.body.is_empty()
        {
            let row = run.octets.get(start..).filter(|_| result.is_ok());
            listing.remember(row.unwrap_or_default());
        }
        result
    }

    /// The octets that a `*` stands for.
    fn repeat(&mut self, count: u64, run: &mut HexRun) {
        if count > STAR_OCTETS {
            let limit = usize::try_from(STAR_OCTETS).unwrap_or(usize::MAX);
            self.digits.spoil(0, Cause::Limit { what: "octets that * stands for", limit });
        } else if let Some(listing) = &self.listing {
            self.digits.repeat(listing.repeated(count), run);
        }
    }

    /// A line begins that goes on in the next call.
    fn begin(&mut self, text: &[u8]) {
        if prefix::is_comment(text.trim_ascii_start()) {
            self.begun = Some(Begun::Comment);
            return;
        }
        self.begun = Some(Begun::Hex);
        // Its number of digits is not known, so it cannot join what was wrapped without a hyphen.
        let joins = self.digits.wrapped().is_none();
        self.digits.begin(0, true, joins);
        self.leave_listing();
    }

    fn go_on(&mut self, text: &[u8], end: bool, run: &mut HexRun) -> Result<()> {
        let begun = self.begun;
        if end {
            self.begun = None;
        }
        match begun {
            Some(Begun::Hex) => {
                self.digits.feed(text, run);
                if end { self.digits.end(run) } else { self.digits.take_defect() }
            }
            _ => Ok(()),
        }
    }

    /// Hex that is no row of the listing came.
    fn leave_listing(&mut self) {
        if self.listing.take().is_some_and(|listing| listing.is_open()) {
            self.digits.spoil(0, OFFSET);
        }
    }

    fn without_byte_order_mark<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let mut rest = text;
        while let Some(due) = BYTE_ORDER_MARK.get(self.byte_order_mark) {
            match rest.split_first() {
                Some((octet, behind)) if octet == due => rest = behind,
                Some(_) => {
                    self.byte_order_mark = BYTE_ORDER_MARK.len();
                    break;
                }
                None => break,
            }
            self.byte_order_mark += 1;
        }
        rest
    }
}

/// The characters of a line that may be an octet in a row of its own: two digits, and CR.
const ROW: usize = 3;

/// A line with fewer characters may be an address or a time between rows.
const SHORT: usize = 24;

/// The digits of an octet.
const PAIR: usize = 2;

/// True for a line of pairs in which a telegram begins behind the first one, which may be a number: `16 68 FA FA 68`.
fn begins_behind_pair(text: &[u8]) -> bool {
    match text.get(3..5) {
        Some(b"68") => text.get(12..14) == Some(b"68"),
        Some(b"7e" | b"7E") => matches!(text.get(6), Some(b'a' | b'A')),
        _ => false,
    }
}

/// Where a line of a log begins behind octets, without a line end between: `…16[12:34:56][D]`. Both
/// have words with blanks in front of their octets.
fn glued(text: &[u8]) -> Option<usize> {
    let start = memchr::memchr(b' ', text).filter(|_| text.first() == Some(&b'['))?;
    let words = text.get(start..memchr::memrchr(b' ', text)?)?;
    memchr::memchr_iter(b'[', words).map(|at| start + at).find(|&at| {
        let before = at.checked_sub(2).and_then(|before| text.get(before..at));
        let is_octet = before.is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
        let stamp = text.get(at + 1..at + 4).unwrap_or_default();
        is_octet && matches!(stamp, [b'0'..=b'2', b'0'..=b'9', b':'])
    })
}

/// True for a line that ends as logs of ESPHome do, which is no pasted form: `…68:FA:FA:68:53:FF`.
fn ends_with_pairs(text: &[u8]) -> bool {
    let pair = |pair: &[u8; 3]| {
        pair[0] == b':' && pair[1].is_ascii_hexdigit() && pair[2].is_ascii_hexdigit()
    };
    let end = text.last_chunk::<PAIRS>().map(|end| end.as_chunks::<3>().0);
    end.is_some_and(|pairs| pairs.iter().all(pair))
}

/// True for a number, or a date, and no time: `16 68:FA:FA:68`.
fn begins_with_number(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let behind = prefix::slice(text, digits..text.len());
    digits > 0 && !matches!(behind, [b':', c, ..] | [c, ..] if c.is_ascii_hexdigit())
}

/// The characters of so many octets that all which may come later does not matter.
const NEAR: usize = 24 * 3 - 1;

/// The octets of eight pairs, each with its colon.
const PAIRS: usize = 24;

/// Digits and nothing else, an odd number of them.
fn is_odd_run(text: &[u8]) -> bool {
    let digits = text.trim_ascii();
    !digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
}

/// True for a digit that is alone in front of groups of two.
const fn begins_with_digit(text: &[u8]) -> bool {
    match text {
        [first, separator, second, third, ..] => {
            let digits = second.is_ascii_hexdigit() && third.is_ascii_hexdigit();
            first.is_ascii_hexdigit() && is_separator(*separator) && digits
        }
        _ => false,
    }
}

/// Octets behind prose that are hex again.
const LEAST_MORE: usize = 5;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// More is no telegram, and a `*` must not fill the memory.
const STAR_OCTETS: u64 = 1 << 16;

const OFFSET: Cause = Cause::Column { what: "offset" };

#[cfg(test)]
mod tests {
    use super::*;

    /// The same numbers on every machine.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % bound
        }

        fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
            &items[self.below(items.len())]
        }

        /// Octets, many of which look like something else beside a listing.
        fn octets(&mut self, count: usize) -> Vec<u8> {
            let odd = b"  ..||>><<00aafF*#/:\x00\x01\x80\xff";
            let any = self.below(3) == 0;
            let mut octet = || if any { self.below(256) as u8 } else { *self.one_of(odd) };
            (0..count).map(|_| octet()).collect()
        }

        /// One character more, less, other, or twice.
        fn damage(&mut self, line: &mut Vec<u8>) {
            let alphabet =
                b"0123456789abcdefABCDEFgxXsS :-,.;_|<>()[]{}'\"`\\*#/\t\r\x0b\x0c\x1b\xc3\xa4\xa0";
            let at = self.below(line.len() + 1);
            let character = *self.one_of(alphabet);
            match self.below(5) {
                0 => line.insert(at, character),
                1 => line.truncate(at),
                2 if at < line.len() => drop(line.remove(at)),
                3 if at < line.len() => line.insert(at, line[at]),
                _ if at < line.len() => line[at] = character,
                _ => line.push(character),
            }
        }
    }

    /// Each line without a shortcut.
    fn careful(dump: &mut Dump, text: &[u8], run: &mut HexRun) -> Result<()> {
        let text = dump.without_byte_order_mark(text);
        let mut first = Ok(());
        for piece in typing::typed(text, true).split(|&c| c == b'\r') {
            // Behind a blank the end of a line is no shortcut.
            let piece = [piece, if ends_with_pairs(piece) { b" " } else { b"" }].concat();
            first = first.and(dump.piece(&piece, true, run));
        }
        first
    }

    /// Octets, marks, defects and the state behind each line.
    fn assert_same(lines: &[Vec<u8>]) {
        let (mut fast, mut slow) = (Dump::default(), Dump::default());
        let (mut found, mut expected) = (HexRun::default(), HexRun::default());
        for line in lines {
            let text = || String::from_utf8_lossy(&lines.join(&b'\n')).into_owned();
            let result = fast.line(line, true, &mut found);
            assert_eq!(result, careful(&mut slow, line, &mut expected), "{}", text());
            assert_eq!(found, expected, "{}", text());
        }
        assert_eq!(fast.finish(), slow.finish());
    }

    fn grouped(octets: &[u8], size: usize, separator: &str) -> String {
        let groups: Vec<_> = octets.chunks(size).map(hex::encode).collect();
        groups.join(separator)
    }

    #[test]
    fn a_line_of_groups_is_read_as_the_careful_look_reads_it() {
        let mut random = Random(1);
        let heads = [
            "",
            "",
            "",
            " ",
            "[12:34:56] ",
            "[12:34:56][D][uart_debug:114]: <<< ",
            "[12:34:56][D][uart_debug:114]: <<< ",
            "[12:34:56] [16] ",
            "[D] Length 40: ",
            "[D] 68:FA:FA:68 53 ",
            "[D] RX68 ",
            "[D] BSSID: ",
            "12:34:56 ",
            "2023-08-21 23:23:00,123 RX: ",
            "\u{1b}[0;36m[12:34:56][D] ",
            "0x",
            "# ",
            "RX:",
            "7\t",
            "00000000: ",
            "0000 ",
            "b'",
            "Z\u{e4}hler ",
            "68FAF",
            "\u{feff}",
            "2023-08-21 ",
        ];
        let tails =
            ["", "", "", " ", "\r", " \r", "\t", "\u{1b}[0m", " (6 bytes)", " 5G", "-", "6"];
        let separators = [" ", " ", ":", ":", "-", ",", ", ", "", ".", ";", "_", "\t", "'", "  "];
        for _ in 0..4_000 {
            let line = |random: &mut Random| {
                let count = *random.one_of(&[1, 2, 3, 4, 5, 8, 16, 17, 40, 270, 600]);
                let (octets, size) = (random.octets(count), *random.one_of(&[1, 1, 1, 2, 4]));
                let groups = grouped(&octets, size, random.one_of::<&str>(&separators));
                let line = format!("{}{groups}{}", random.one_of(&heads), random.one_of(&tails));
                let mut line =
                    if random.below(4) == 0 { line.to_uppercase() } else { line }.into_bytes();
                (0..random.below(3)).for_each(|_| random.damage(&mut line));
                line
            };
            let lines: Vec<_> = (0..3).map(|_| line(&mut random)).collect();
            assert_same(&lines);
        }
    }

    /// As the programs write it: xxd, hexdump, od and Python.
    fn listing(octets: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
        let columns = *random.one_of(&[1, 2, 3, 4, 7, 8, 11, 15, 16, 16, 16, 32]);
        let size = *random.one_of(&[1, 1, 2, 2, 4, 8]);
        let form = random.below(7);
        let row = |(number, row): (usize, &[u8])| {
            let printed =
                |&octet: &u8| if matches!(octet, b' '..=b'~') { octet as char } else { '.' };
            let text: String = row.iter().map(printed).collect();
            let offset = number * columns;
            match form {
                0 | 1 => {
                    let width = 2 * columns + columns.div_ceil(size) - 1;
                    format!("{offset:08x}: {:width$}  {text}", grouped(row, size, " "))
                }
                2 => {
                    let (head, tail) = row.split_at(row.len().min(8));
                    let groups = format!("{}  {}", grouped(head, 1, " "), grouped(tail, 1, " "));
                    format!("{offset:08x}  {groups:48}  |{text}|")
                }
                3 => format!("{offset:06x} {}", grouped(row, 1, " ")),
                4 => format!("{offset:07o} {}", grouped(row, 1, " ")),
                5 => format!("{offset:07o} {}  >{text}<", grouped(row, 1, " ")),
                _ => format!("{offset:08x}: {}", grouped(row, size, " ")),
            }
            .into_bytes()
        };
        octets.chunks(columns).enumerate().map(row).collect()
    }

    #[test]
    fn a_row_of_a_listing_is_read_as_the_careful_look_reads_it() {
        let mut random = Random(2);
        for _ in 0..1_000 {
            let count = random.below(300);
            let mut lines = listing(&random.octets(count), &mut random);
            for _ in 0..random.below(4) {
                let at = random.below(lines.len() + 1);
                match (random.below(6), lines.get_mut(at)) {
                    (0, Some(_)) => drop(lines.remove(at)),
                    (1, _) => lines.insert(at, b"*".to_vec()),
                    (2, _) => lines.insert(at, b"68fafa".to_vec()),
                    (_, Some(line)) => random.damage(line),
                    (_, None) => lines.push(b"68 fa fa 68 53 ff".to_vec()),
                }
            }
            assert_same(&lines);
        }
    }
}
