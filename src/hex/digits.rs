//! Hex digits with separators, prefixes and defects into octets, one character at a time.
//!
//! ```text
//! 88DSeAB4   88, then an octet that cannot be read (D and S), then EA with a mark, B4
//! 68 FA F 68 68 FA, a digit without its partner, 68 with a mark
//! 0x5, \xFA  05 FA
//! ```
//!
//! An unreadable character is taken to stand in a digit's place, so that what follows stays
//! aligned. All state is here and none in the text: where the text is cut into pieces never
//! matters.

use super::{
    canonical, groups,
    run::HexRun,
    separator::{is_blank, is_separator},
};
use crate::error::{Cause, Error, Layer, Mark, Result};

/// The state between two characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Digits {
    /// The first digit of an octet.
    half: Option<Half>,
    /// The half is the end of an earlier line that had no hyphen.
    wrapped: Option<Wrapped>,
    /// The character behind the half that may still end the line.
    behind_half: Option<BehindHalf>,
    /// The first digit of an octet was unreadable.
    half_unreadable: bool,
    /// A backslash waits for its `x`.
    escape: bool,
    /// The group began with `0x` or `\x`.
    prefixed: bool,
    /// Characters of the group so far.
    count: usize,
    /// The line is more than one group of digits.
    broken: bool,
    /// The next octet gets a mark.
    mark: bool,
    /// Characters of the line so far.
    at: usize,
    /// The number of the line.
    line: u64,
    /// The first defect of the line.
    defect: Option<Error>,
    /// The number of the line in which the last defect is.
    defect_line: u64,
    /// The defect has been reported.
    reported: bool,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    digit: u8,
    at: usize,
    line: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BehindHalf {
    Blank,
    Hyphen,
}

/// The line whose end splits an octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapped {
    /// Digits and nothing else.
    Digits,
    /// Groups of two digits up to its last column.
    Groups,
}

impl Digits {
    /// A line of bare hex and nothing else, or of groups of two with one separator; false, and
    /// nothing done, if it is anything else.
    pub(super) fn plain(&mut self, text: &[u8], run: &mut HexRun) -> bool {
        if self.half.is_some() {
            return false;
        }
        let start = run.octets.len();
        let plain = match text {
            [] => return true,
            [first, ..] if !first.is_ascii_hexdigit() => return false,
            [_, _, third, ..] if !third.is_ascii_hexdigit() => {
                is_plain_separator(text) && groups::decode(text, &mut run.octets) == text.len()
            }
            _ => canonical::decode(text, &mut run.octets).is_ok(),
        };
        match plain {
            true => self.set_mark(start, run),
            false => run.octets.truncate(start),
        }
        plain
    }

    /// Notes the number of the next line.
    pub(super) const fn number(&mut self, line: u64) {
        self.line = line;
    }

    /// The number of the line.
    pub(super) const fn line_number(&self) -> u64 {
        self.line
    }

    /// The number of the line in which the last defect is: an earlier line if that ended amid an
    /// octet.
    pub(super) const fn defect_line(&self) -> u64 {
        self.defect_line
    }

    /// The line before, if it ended amid an octet and without a hyphen.
    pub(super) const fn wrapped(&self) -> Option<Wrapped> {
        self.wrapped
    }

    /// Starts the hex part of a line at character `at`. `bare`: it is the whole line. `joins`: it
    /// may begin with the second digit of an octet.
    pub(super) fn begin(&mut self, at: usize, bare: bool, joins: bool) {
        self.defect = None;
        self.reported = false;
        self.behind_half = None;
        if self.wrapped.take().is_some() && !joins {
            self.odd();
        }
        self.at = at;
        self.count = usize::from(self.half.is_some());
        self.broken = !bare;
    }

    /// The next characters of the line.
    pub(super) fn feed(&mut self, text: &[u8], run: &mut HexRun) {
        let mut rest = text;
        if self.half.is_some()
            && let Some((&first, behind)) = rest.split_first()
        {
            self.character(first, run);
            rest = behind;
        }
        rest = self.behind_separators(rest);
        rest = self.pairs(rest, run);
        let mut sound = true;
        while let Some((&first, behind)) = rest.split_first() {
            rest = match sound && self.is_between_octets() && starts_group(rest) {
                true => match self.groups(rest, run) {
                    Some(behind) => behind,
                    // A group that is no octet is met by every search before it: one is enough.
                    None => {
                        sound = false;
                        continue;
                    }
                },
                false => {
                    self.character(first, run);
                    behind
                }
            };
        }
    }

    /// Octets that do not stand in the text themselves.
    pub(super) fn repeat(&mut self, octets: impl Iterator<Item = u8>, run: &mut HexRun) {
        for octet in octets {
            self.push(octet, run);
        }
    }

    /// The octets of a whole line, read in another way.
    pub(super) fn whole(&mut self, octets: &[u8], run: &mut HexRun) {
        self.set_mark(run.octets.len(), run);
        run.octets.extend_from_slice(octets);
    }

    /// The line ends; its first defect.
    pub(super) fn end(&mut self, run: &mut HexRun) -> Result<()> {
        let hyphen = self.behind_half == Some(BehindHalf::Hyphen);
        match self.half {
            Some(_) if self.prefixed => self.close(run),
            Some(_) if hyphen => self.wrapped = None,
            Some(_) if !self.broken => self.wrapped = Some(Wrapped::Digits),
            Some(_)
                if self.count == 1 && self.behind_half.is_none() && self.at >= LEAST_COLUMNS =>
            {
                self.wrapped = Some(Wrapped::Groups);
            }
            _ => self.close(run),
        }
        self.take_defect()
    }

    /// The first defect of the line, once.
    pub(super) fn take_defect(&mut self) -> Result<()> {
        match self.defect.take() {
            Some(error) if !core::mem::replace(&mut self.reported, true) => Err(error),
            _ => Ok(()),
        }
    }

    /// The input ends.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.wrapped = None;
        self.reported = false;
        self.odd();
        self.take_defect()
    }

    /// The line is over, and something of it is not read.
    pub(super) fn left_out(&mut self, what: &'static str) -> Result<()> {
        self.mark = true;
        self.defect_line = self.line;
        Err(Error::new(Layer::Hex, 0, Cause::Unsupported { what }))
    }

    /// Something is lost here.
    pub(super) fn spoil(&mut self, at: usize, cause: Cause) {
        self.spoil_line(self.line, at, cause);
    }

    fn spoil_line(&mut self, line: u64, at: usize, cause: Cause) {
        if self.defect.is_none() {
            self.defect = Some(Error::new(Layer::Hex, at, cause));
            self.defect_line = line;
        }
        self.mark = true;
    }

    /// The text behind the separators before the first group of a line.
    fn behind_separators<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let amid = self.count > 0 || self.prefixed || !self.is_between_octets();
        let count = text.iter().take_while(|&&c| !amid && is_separator(c)).count();
        self.at += count;
        text.get(count..).unwrap_or_default()
    }

    /// As many whole octets as possible without looking at single characters; what is left.
    fn pairs<'a>(&mut self, text: &'a [u8], run: &mut HexRun) -> &'a [u8] {
        let (even, odd) = text.split_at(text.len() & !1);
        let start = run.octets.len();
        if !self.is_between_octets()
            || even.is_empty()
            || even.get(2).is_some_and(|c| !c.is_ascii_hexdigit())
            || canonical::decode(even, &mut run.octets).is_err()
        {
            return text;
        }
        self.set_mark(start, run);
        self.count = self.count.saturating_add(even.len());
        self.at += even.len();
        odd
    }

    /// The octets of groups with one separator; what is behind them.
    fn groups<'a>(&mut self, text: &'a [u8], run: &mut HexRun) -> Option<&'a [u8]> {
        let start = run.octets.len();
        let length = groups::decode(text, &mut run.octets);
        let behind = text.get(length..).filter(|_| length > 0)?;
        self.set_mark(start, run);
        // As the last separator and the two digits behind it leave it.
        self.broken = true;
        self.prefixed = false;
        self.count = 2;
        self.at += length;
        Some(behind)
    }

    /// True if the next digit is the first of an octet.
    pub(super) const fn is_between_octets(&self) -> bool {
        self.half.is_none() && !self.half_unreadable && !self.escape
    }

    fn character(&mut self, character: u8, run: &mut HexRun) {
        match character {
            // The rest of a UTF-8 character.
            0x80..0xc0 => return,
            b'-' if self.is_half() => self.behind_half = Some(BehindHalf::Hyphen),
            _ if is_blank(character) && self.is_half() => {
                self.behind_half.get_or_insert(BehindHalf::Blank);
            }
            _ => self.solid(character, run),
        }
        self.at += 1;
    }

    /// A character behind which the line does not end amid an octet, or a digit.
    fn solid(&mut self, character: u8, run: &mut HexRun) {
        if self.behind_half.is_some() {
            self.close(run);
        }
        match value(character) {
            Some(digit) => self.digit(digit, run),
            None if matches!(character, b'x' | b'X') && self.is_prefix() => self.prefix(),
            None if character == b'\\' => {
                self.close(run);
                self.escape = true;
            }
            None if is_separator(character) => self.close(run),
            None => self.unreadable(),
        }
    }

    fn digit(&mut self, digit: u8, run: &mut HexRun) {
        if core::mem::take(&mut self.escape) {
            self.spoil(self.at.saturating_sub(1), Cause::NotHex);
        }
        self.count = self.count.saturating_add(1);
        if core::mem::take(&mut self.half_unreadable) {
            return;
        }
        match self.half.take() {
            Some(half) => self.push(half.digit << 4 | digit, run),
            None => self.half = Some(Half { digit, at: self.at, line: self.line }),
        }
    }

    /// True if an `x` here says that hex follows.
    fn is_prefix(&self) -> bool {
        self.escape || self.count == 1 && self.half.is_some_and(|half| half.digit == 0)
    }

    fn prefix(&mut self) {
        self.half = None;
        self.escape = false;
        self.prefixed = true;
        self.broken = true;
        self.count = 0;
    }

    fn unreadable(&mut self) {
        self.escape = false;
        self.spoil(self.at, Cause::NotHex);
        self.broken = true;
        self.count = self.count.saturating_add(1);
        if self.half.take().is_none() {
            self.half_unreadable = !self.half_unreadable;
        }
    }

    /// The group of digits ends.
    fn close(&mut self, run: &mut HexRun) {
        if core::mem::take(&mut self.escape) {
            self.spoil(self.at.saturating_sub(1), Cause::NotHex);
        }
        if self.prefixed && self.count == 1 {
            if let Some(half) = self.half.take() {
                self.push(half.digit, run);
            }
        } else {
            self.odd();
        }
        self.broken |= self.count > 0;
        self.count = 0;
        self.prefixed = false;
        self.half_unreadable = false;
        self.behind_half = None;
    }

    fn odd(&mut self) {
        if let Some(half) = self.half.take() {
            self.spoil_line(half.line, half.at, Cause::OddDigits);
        }
    }

    /// True if the line may end here amid an octet.
    const fn is_half(&self) -> bool {
        self.half.is_some() && !self.prefixed
    }

    fn push(&mut self, octet: u8, run: &mut HexRun) {
        self.set_mark(run.octets.len(), run);
        run.octets.push(octet);
    }

    fn set_mark(&mut self, at: usize, run: &mut HexRun) {
        if core::mem::take(&mut self.mark) {
            run.marks.push((at, Mark::Unreadable));
        }
    }
}

/// Two digits, a separator, and one more digit.
const fn starts_group(text: &[u8]) -> bool {
    let [high, low, separator, next, ..] = text else {
        return false;
    };
    let digits = high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && next.is_ascii_hexdigit();
    digits && is_separator(*separator)
}

/// Groups with this separator are no date and no time, if there are more than three of them, nor
/// anything else that a careful look would leave out.
const fn is_plain_separator(text: &[u8]) -> bool {
    matches!(text, [_, _, b' ' | b':' | b'-' | b',', _, _, _, _, _, _, ..])
}

/// Shorter lines of groups are not broken amid an octet.
const LEAST_COLUMNS: usize = 40;

fn value(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The octet of two digits.
pub(super) fn octet(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_characters_at_once_leave_the_state_of_one_after_the_other() {
        let mut random = 1u32;
        let mut below = |bound: usize| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) as usize % bound
        };
        for _ in 0..5_000 {
            let separator = b" :-,.;|'"[below(8)];
            let mut text = vec![];
            for _ in 0..[1, 3, 5, 40, 600][below(5)] {
                text.extend([b"0123abefAF"[below(10)], b"0123abefAF"[below(10)], separator]);
            }
            for _ in 0..below(3) {
                let at = below(text.len());
                text[at] = b"0x\\S -6\xc3\xa4"[below(9)];
            }
            let (mut fast, mut slow) = (Digits::default(), Digits::default());
            let (mut found, mut expected) = (HexRun::default(), HexRun::default());
            let (one, other) = text.split_at(below(text.len()));
            for part in [one, other, b""] {
                fast.feed(part, &mut found);
                part.iter().for_each(|&character| slow.character(character, &mut expected));
                let text = String::from_utf8_lossy(&text);
                assert_eq!(format!("{fast:?}"), format!("{slow:?}"), "{text}");
                assert_eq!(found, expected, "{text}");
            }
        }
    }
}
