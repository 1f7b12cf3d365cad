//! Where the hex of a line is, between what a logger or a person wrote around it.
//!
//! ```text
//! [12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68:53:FF
//! 2023-08-21 23:23:00,123 INFO RX: 68 FA FA 68 53 FF     (263 bytes)
//! ├── stamp ──┘             └ words ┘├──── hex ────┘     └ note ┘
//! ```
//!
//! Rules, in their order:
//!
//! 1. A comment (`#`, `//`) or a note in brackets at the end is cut off.
//! 2. Date and time, seconds of the epoch, a line number of `cat -n` at the start are skipped, a
//!    stamp behind words too. A line that is nothing but `12:34:56` is hex, and so are groups of three octets.
//! 3. If the rest is digits and separators, it is the hex part.
//! 4. Else the hex part begins behind the last word that has another character, and has at least
//!    four octets; or the line is prose.
//! 5. But a word is damaged hex and no prose if it stands in a column of groups of its own width
//!    (`68 FA ?? 68`), or is a long run with hardly a wrong character (`88DSeAB4`).
//! 6. A number of telegrams (`1:`, `2)`) before the hex part is left out.
//! 7. And prose behind more than sixteen octets is the end of the hex part, and a defect.
//!
//! A word keeps digits that are glued to it (`ttyUSB0`, `[uart_debug:114]:`), unless they are whole
//! octets behind a separator (`RX:68 FA`, `"hex":"68FA"`).

use core::ops::Range;

use super::{
    separator::{is_blank, is_separator},
    stamp,
    telegram::begins_telegram,
};

/// The hex part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HexPart {
    /// Where it is.
    pub(super) range: Range<usize>,
    /// Where prose begins that stands behind it.
    pub(super) prose: Option<usize>,
    /// Nothing but blanks is around it.
    pub(super) bare: bool,
}

/// The hex part of `line`, which has neither line end nor byte order mark. Behind a word it has at
/// least so many octets. `beyond`: so many octets follow, and nothing else.
pub(super) fn part_of(line: &[u8], least: usize, beyond: usize) -> Option<HexPart> {
    let end = visible_end(line);
    let text = line.get(..end)?;
    let start = stamp::skip(text);
    let sound = sound_from(text);
    let mut begin = start;
    for word in words(text, start, sound) {
        let Some(wrong) = first_wrong(text, &word) else {
            continue;
        };
        if is_damaged_hex(text, begin, wrong) {
            continue;
        }
        if has_octets(slice(text, begin..word.start), PREFIX_OCTETS + 1) {
            let begin = behind_number(slice(text, 0..word.start), begin, 0);
            return Some(HexPart { range: begin..word.start, prose: Some(wrong), bare: false });
        }
        begin = behind_word(text, &word, least);
    }
    if begin > start {
        begin += stamp::behind_words(slice(text, begin..end));
    }
    let begin = behind_number(text, begin, beyond);
    let hex = slice(text, begin..end);
    let enough = match begin > start {
        true => has_octets(hex, least),
        false => hex.iter().any(u8::is_ascii_hexdigit) && !is_short_prose(hex),
    };
    let bare =
        slice(line, 0..begin).iter().chain(slice(line, end..line.len())).all(|&c| is_blank(c));
    enough.then_some(HexPart { range: begin..end, prose: None, bare })
}

/// A run of digits that begins a telegram, whatever stands around it: `(1,'2024-05-01',0x68fafa68…);`. Nothing if
/// the digits in front of it are whole octets: a telegram may go on there.
pub(super) fn run(line: &[u8]) -> Option<HexPart> {
    if !has_word(line, RUN) {
        return None;
    }
    let mut next = 0;
    for word in line.split(|c| !c.is_ascii_alphanumeric()) {
        let end = next + word.len();
        next = end + 1;
        let marked = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"x"));
        let digits = marked.unwrap_or(word);
        if digits.len() < RUN || !digits.len().is_multiple_of(2) {
            continue;
        }
        let first = hex::decode(slice(digits, 0..FIRST)).unwrap_or_default();
        let start = end - digits.len();
        if begins_telegram(&first)
            && digits.iter().all(u8::is_ascii_hexdigit)
            && has_foreign(slice(line, 0..start))
        {
            let behind = slice(line, end..visible_end(line));
            let prose = behind.iter().any(|&c| !is_separator(c)).then_some(end);
            return Some(HexPart { range: start..end, prose, bare: false });
        }
    }
    None
}

/// True if so many letters and digits follow each other. Most of the others are not looked at.
fn has_word(line: &[u8], length: usize) -> bool {
    let mut end = length;
    while let Some(last) = line.get(..end) {
        let found = last.iter().rev().take(length).position(|c| !c.is_ascii_alphanumeric());
        let Some(behind) = found else { return true };
        end += length - behind;
    }
    false
}

/// True if the text has a group that is no whole octets.
pub(super) fn has_foreign(text: &[u8]) -> bool {
    let is_foreign = |group: &[u8]| {
        !group.len().is_multiple_of(2) || group.iter().any(|c| !c.is_ascii_hexdigit())
    };
    text.split(|&c| is_separator(c)).filter(|group| !group.is_empty()).any(is_foreign)
}

/// The digits of a run, and those by which its telegram is known.
const RUN: usize = 64;
const FIRST: usize = 8;

/// True for a few words one of which is written as a name is: `Added 2023`.
fn is_short_prose(text: &[u8]) -> bool {
    let is_name = |word: &[u8]| match word {
        [first, rest @ ..] => {
            first.is_ascii_uppercase() && rest.len() > 1 && rest.iter().all(u8::is_ascii_lowercase)
        }
        [] => false,
    };
    text.len() < SHORT && text.split(|&c| is_blank(c)).any(is_name)
}

/// The characters of a few words.
const SHORT: usize = 16;

/// True if the line is a comment from its start.
pub(super) fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"//") || line.starts_with(b"#") && !is_numbered(line)
}

/// True for octets behind the number of their row or telegram: `#1: 68 FA FA 68`.
#[must_use]
pub fn is_numbered(line: &[u8]) -> bool {
    let Some(number) = line.strip_prefix(b"#") else {
        return false;
    };
    let digits = number.iter().take_while(|c| c.is_ascii_digit()).count();
    let hex = match slice(number, digits..number.len()) {
        [b':' | b')', hex @ ..] => hex,
        // A comment may begin with a number too, and go on with words.
        [b' ', hex @ ..] if is_run_of_octets(hex) => return digits > 0,
        _ => return false,
    };
    let first = slice(hex, 0..hex.len().min(NUMBERED));
    digits > 0
        && first.iter().all(|&c| c.is_ascii_hexdigit() || is_separator(c))
        && has_octets(first, TAIL_OCTETS)
}

/// True for nothing but octets: a run of them, or pairs as in the last row of a telegram.
fn is_run_of_octets(text: &[u8]) -> bool {
    let mut groups = text.split(|&c| is_blank(c)).filter(|group| !group.is_empty());
    text.iter().all(|&c| c.is_ascii_hexdigit() || is_blank(c))
        && (has_octets(text, PREFIX_OCTETS)
            || has_octets(text, PAIRS) && groups.all(|group| group.len() == 2))
}

/// One pair alone may be the number in a title.
const PAIRS: usize = 2;

/// The characters of four octets behind a number.
const NUMBERED: usize = 12;

/// The words from `start` on that begin before `end`.
fn words(text: &[u8], start: usize, end: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = start;
    core::iter::from_fn(move || {
        let rest = slice(text, at..text.len());
        let begin = at + rest.iter().position(|&c| !is_blank(c))?;
        if begin >= end {
            return None;
        }
        let rest = slice(text, begin..text.len());
        at = begin + rest.iter().position(|&c| is_blank(c)).unwrap_or(rest.len());
        Some(begin..at)
    })
}

/// Behind the last character that may be wrong. From here on there are only digits and separators
/// whose neighbours do not matter.
fn sound_from(text: &[u8]) -> usize {
    let behind = |part: &[u8]| part.iter().rev().take_while(|&&c| is_sound(c)).count();
    let (start, chunks) = text.as_rchunks::<CHUNK>();
    let mut end = text.len();
    for chunk in chunks.iter().rev() {
        // Without a way out in between it is a few instructions for all of them.
        if !chunk.iter().fold(true, |sound, &c| sound & is_sound(c)) {
            return end - behind(chunk);
        }
        end -= CHUNK;
    }
    end - behind(start)
}

const fn is_sound(c: u8) -> bool {
    // Digits and the colon behind them, letters, blanks: few comparisons, for many characters.
    (c.wrapping_sub(b'0') <= b':' - b'0')
        | ((c | 0x20).wrapping_sub(b'a') <= b'f' - b'a')
        | (c == b' ')
}

/// The first character of a word that is neither digit nor separator nor part of `0x` or `\x`.
fn first_wrong(text: &[u8], word: &Range<usize>) -> Option<usize> {
    word.clone().find(|&at| is_wrong(text, at))
}

pub(super) fn is_wrong(text: &[u8], at: usize) -> bool {
    let near = |at: Option<usize>| at.and_then(|at| text.get(at).copied()).unwrap_or(b' ');
    match near(Some(at)) {
        b'x' | b'X' => match near(at.checked_sub(1)) {
            b'\\' => false,
            b'0' => near(at.checked_sub(2)).is_ascii_alphanumeric(),
            _ => true,
        },
        // How Python prints octets: b'68fa…'.
        b'b' if matches!(near(at.checked_add(1)), b'\'' | b'"') => {
            matches!(near(at.checked_sub(1)), b' ' | b'=' | b'(' | b'[')
        }
        b'\\' => !matches!(near(at.checked_add(1)), b'x' | b'X'),
        character => !is_separator(character) && !character.is_ascii_hexdigit(),
    }
}

/// Where hex may begin at the end of a word of prose.
fn behind_word(text: &[u8], word: &Range<usize>, least: usize) -> usize {
    let Some(last) = word.clone().rev().find(|&at| is_wrong(text, at)) else {
        return word.start;
    };
    let tail = slice(text, last + 1..word.end);
    let letter = text.get(last).is_some_and(u8::is_ascii_alphanumeric);
    let own = tail.iter().take_while(|c| letter && c.is_ascii_hexdigit()).count();
    let glued = slice(tail, own..tail.len());
    let is_more = text.get(word.end..).is_some_and(|behind| !behind.trim_ascii().is_empty());
    if let Some(number) = number_of_grep(glued, is_more) {
        return last + 1 + own + number;
    }
    // `len=4 68 FA FA 68`
    let behind = slice(text, word.end..text.len());
    if glued.strip_prefix(b"=").is_some_and(|number| counts(number, behind, 0)) {
        return word.end;
    }
    // `15-Nov-2024 14:45:45`
    let date = slice(text, last + 2..text.len());
    if matches!(glued, [b'-' | b'/', ..]) && stamp::year_before_time(date).is_some() {
        return last + 2;
    }
    // `14:45:45 +0100`, `#1023`
    let is_number = glued.iter().all(u8::is_ascii_digit);
    let sign = text.get(last);
    if sign == Some(&b'+') && glued.len() == 4 || sign == Some(&b'#') && is_number {
        return word.end;
    }
    let even = glued.split(|&c| is_separator(c)).all(|group| group.len().is_multiple_of(2));
    let needed = match glued.last() {
        Some(b':') => return word.end,
        Some(b')' | b']' | b'}') => least,
        _ => 1,
    };
    match even && has_octets(glued, needed) {
        true => last + 1 + own,
        false => word.end,
    }
}

/// The end of a line number between colons, as `grep -n` writes it behind the name of a file: `meter.log:1:68 FA FA`.
/// Octets with colons between them go on with one.
fn number_of_grep(behind_name: &[u8], is_more: bool) -> Option<usize> {
    let number = behind_name.strip_prefix(b":")?;
    let digits = number.iter().take_while(|c| c.is_ascii_digit()).count();
    let group = slice(number, digits..number.len()).strip_prefix(b":").filter(|_| digits > 0)?;
    let is_octets = group.len().is_multiple_of(2) && group.iter().all(u8::is_ascii_hexdigit);
    (is_octets && (group.len() > 2 || group.len() == 2 && is_more)).then_some(digits + 2)
}

/// Behind a number in front of octets: `1:` or `2)`, which count telegrams, a digit without its partner; `[16]` or
/// `Length 16:`, which count the octets behind them; the address of a place in memory.
fn behind_number(text: &[u8], begin: usize, beyond: usize) -> usize {
    let rest = slice(text, begin..text.len());
    let head = slice(rest, 0..rest.len().min(NUMBERS));
    let first = head.iter().position(u8::is_ascii_alphanumeric).unwrap_or(head.len());
    let first = slice(head, first..head.len());
    if memchr::memchr2(b' ', b'\t', first).is_none() && !first.starts_with(b"0x") {
        return begin;
    }
    let starts = (0..head.len()).filter(|&at| {
        let is_start =
            at.checked_sub(1).and_then(|at| head.get(at)).is_none_or(|&c| is_separator(c));
        is_start && head.get(at).is_some_and(u8::is_ascii_digit)
    });
    for at in starts {
        let text = slice(rest, at..rest.len());
        let length = text.iter().take_while(|c| c.is_ascii_digit()).count();
        let (digits, behind) = text.split_at_checked(length).unwrap_or_default();
        let is_first = slice(rest, 0..at).iter().all(|&c| is_blank(c));
        match behind.trim_ascii_start() {
            [b':' | b')' | b'.', c, hex @ ..]
                if is_first && length == 1 && is_blank(*c) && has_octets(hex, TAIL_OCTETS) =>
            {
                return begin + at + text.len() - hex.len() - 1;
            }
            [b')' | b']', b':', c, hex @ ..]
                if is_blank(*c) && opens(slice(rest, 0..at)) && has_octets(hex, TAIL_OCTETS) =>
            {
                return begin + at + text.len() - hex.len() - 1;
            }
            [b':' | b']' | b')' | b'=', c, hex @ ..]
                if is_blank(*c) && counts(digits, hex, beyond) =>
            {
                return begin + at + text.len() - hex.len() - 1;
            }
            [b'x', address @ ..] if is_first && digits == b"0" => {
                let length = address.iter().take_while(|c| c.is_ascii_hexdigit()).count();
                let hex = slice(address, length..address.len());
                let hex = hex.strip_prefix(b":").unwrap_or(hex);
                let is_pair =
                    |group: &[u8]| group.len() == 2 && group.iter().all(u8::is_ascii_hexdigit);
                let mut pairs =
                    hex.split(|&c| is_blank(c)).filter(|group| !group.is_empty()).take(2);
                let is_row = hex.first().is_some_and(|&c| is_blank(c)) && pairs.all(is_pair);
                if ADDRESS.contains(&length) && is_row {
                    return begin + at + text.len() - hex.len();
                }
            }
            _ => {}
        }
    }
    begin
}

/// True for a bracket at the end of a text without octets.
fn opens(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let before = text.strip_suffix(b"(").or_else(|| text.strip_suffix(b"["));
    before.is_some_and(|before| !has_octets(before, 1))
}

/// True if the number is that of the octets.
fn counts(digits: &[u8], text: &[u8], beyond: usize) -> bool {
    decimal(digits) == Some(octet_count(text) + beyond)
}

/// The number that decimal digits make.
pub(super) fn decimal(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// The octets that all groups of digits make.
pub(super) fn octet_count(text: &[u8]) -> usize {
    text.split(|c| !c.is_ascii_hexdigit()).map(|group| group.len() / 2).sum()
}

/// The characters among which a number, and the mark behind it, are looked for in front of octets.
const NUMBERS: usize = 32;

/// The digits of an address.
const ADDRESS: core::ops::RangeInclusive<usize> = 6..=16;

/// True if the wrong character belongs to hex that was damaged. The hex before it is `begin..`.
fn is_damaged_hex(text: &[u8], begin: usize, wrong: usize) -> bool {
    let before = slice(text, begin..wrong);
    let after = slice(text, wrong..text.len());
    let start = before.iter().rposition(|&c| is_separator(c)).map_or(begin, |at| begin + at + 1);
    let end = wrong + after.iter().position(|&c| is_separator(c)).unwrap_or(after.len());
    let group = slice(text, start..end);
    let before = slice(text, begin..start);
    let after = slice(text, end..text.len());
    ends_column(before, group)
        || heads_column(before, group, after)
        || heads_telegram(before, group, after)
        || is_long(before, group, after)
}

/// The group is as wide as the one before it, and behind the same separator.
fn ends_column(before: &[u8], group: &[u8]) -> bool {
    let Some((neighbour, separator)) = last_group(before) else {
        return false;
    };
    let width = before.len() - neighbour - separator.len();
    has_octets(before, TAIL_OCTETS)
        && width == characters(group)
        && last_group(slice(before, 0..neighbour))
            .is_some_and(|(_, other)| other.first() == separator.first())
}

/// Where the last group begins, and the separators behind it.
fn last_group(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = text.iter().rposition(|&c| !is_separator(c))? + 1;
    let start = slice(text, 0..end).iter().rposition(|&c| is_separator(c)).map_or(0, |at| at + 1);
    Some((start, slice(text, end..text.len())))
}

/// The group is the first of the line, and as wide as the three behind it.
fn heads_column(before: &[u8], group: &[u8], after: &[u8]) -> bool {
    let digits = |group: &&[u8]| group.len() == 2 && group.iter().all(u8::is_ascii_hexdigit);
    group.len() == 2
        && group.first().is_some_and(u8::is_ascii_hexdigit)
        && !has_octets(before, 1)
        && after.split(|&c| is_separator(c)).skip(1).take(3).filter(digits).count() == 3
}

/// The group is among the first octets of a telegram: `7e aO 77`, `0x7E0xA0,0x77`. Octets stand behind it.
fn heads_telegram(before: &[u8], group: &[u8], after: &[u8]) -> bool {
    let is_octet = |group: &[u8]| {
        let digits = group.strip_prefix(b"0x").unwrap_or(group);
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    };
    let groups =
        |text| <[u8]>::split(text, |&c| is_separator(c)).filter(|group: &&[u8]| !group.is_empty());
    let is_start = |group: &&[u8]| {
        let digits = group.strip_prefix(b"0x").unwrap_or(group);
        matches!(digits, [b'6', b'8', ..] | [b'7', b'e' | b'E', ..])
            || matches!(digits, [b'd' | b'D', b'b' | b'B', ..])
    };
    // A number may stand in front of them.
    let mut first = groups(before).skip_while(|group| !is_start(group));
    let is_started = first.clone().next().is_some() || is_start(&group);
    // Two octets without the comma between them, or one with a wrong digit.
    let is_damaged = match group.strip_prefix(b"0x") {
        Some([_, _, rest @ ..]) => rest.is_empty() || is_octet(rest),
        Some(_) => false,
        None => group.len() == 2,
    };
    is_started
        && is_damaged
        && !has_octets(before, TAIL_OCTETS)
        && first.all(is_octet)
        && groups(after).take(OCTETS_BEHIND).filter(|group| is_octet(group)).count()
            == OCTETS_BEHIND
}

/// The octets behind a damaged one by which a telegram is told from prose.
const OCTETS_BEHIND: usize = 8;

/// The group is long, has decimal digits and few wrong characters. Between two parts of a line that
/// could be a name, it has to be longer.
fn is_long(before: &[u8], group: &[u8], after: &[u8]) -> bool {
    let length = characters(group);
    let wrong = length.saturating_sub(group.iter().filter(|c| c.is_ascii_hexdigit()).count());
    let long = length >= 16 && wrong * 8 <= length;
    let short = length >= 8 && wrong * 4 <= length;
    let alone = || has_octets(before, TAIL_OCTETS) || !has_octets(after, TAIL_OCTETS);
    group.iter().any(u8::is_ascii_digit) && (long || short && alone())
}

/// Where the text ends that is no comment and no note in brackets.
fn visible_end(line: &[u8]) -> usize {
    let comment = memchr::memchr2_iter(b'#', b'/', line).find(|&at| {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        let text = slice(line, at..line.len());
        before.is_some_and(|&c| is_blank(c))
            && is_comment(text)
            && (!is_before_octets(text) || has_group(slice(line, 0..at)))
    });
    let text = slice(line, 0..comment.unwrap_or(line.len()));
    let text = text.trim_ascii_end();
    let end = note_start(text).unwrap_or(text.len());
    end - stamp_behind(slice(text, 0..end))
}

/// True for a number and octets behind it: `#2 68fafa68`.
fn is_before_octets(text: &[u8]) -> bool {
    let mut words = text.split(|&c| is_blank(c)).filter(|word| !word.is_empty());
    let is_number = words.next().and_then(|word| word.strip_prefix(b"#")).and_then(decimal);
    is_number.is_some() && words.next().is_some_and(|word| !has_foreign(word))
}

/// True if one of the words is octets.
fn has_group(text: &[u8]) -> bool {
    text.split(|&c| is_blank(c)).any(|word| word.len() > 1 && !has_foreign(word))
}

/// The characters of a number behind hex that is none itself, as the line protocol of InfluxDB has it: an odd
/// number of decimal digits, `"68fafa…" 1718964000000000000`.
fn stamp_behind(text: &[u8]) -> usize {
    let digits = text.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let is_stamp = STAMPS.contains(&digits)
        && digits % 2 == 1
        && text.iter().rev().nth(digits).is_some_and(|&c| is_blank(c))
        && has_octets(slice(text, 0..text.len() - digits), TAIL_OCTETS);
    if is_stamp { digits } else { 0 }
}

/// The digits of a time in milliseconds up to one in nanoseconds.
const STAMPS: core::ops::RangeInclusive<usize> = 13..=19;

/// Where a note in brackets begins that stands behind hex.
fn note_start(text: &[u8]) -> Option<usize> {
    let open = match text.last()? {
        b'<' => return octets_start(text),
        b')' => b'(',
        b']' => b'[',
        _ => return None,
    };
    let at = text.iter().rposition(|&c| c == open)?;
    let blank = at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&c| is_blank(c));
    let prose = first_wrong(text, &(at..text.len())).is_some();
    let is_character = text.len() - at == 3;
    let is_note = prose || is_character;
    (blank && has_octets(slice(text, 0..at), 1) && is_note).then_some(at)
}

/// Where `>h..hS...<` begins, which `od -An -t x1z` writes: one character for each group.
fn octets_start(text: &[u8]) -> Option<usize> {
    let at = text.windows(2).position(|two| two == b" >")?;
    let groups = slice(text, 0..at).split(|&c| is_blank(c)).filter(|g| !g.is_empty()).count();
    (characters(slice(text, at + 2..text.len())) == groups + 1).then_some(at)
}

/// True if the groups of digits make `count` octets. Stops there: lines may be long.
pub(super) fn has_octets(text: &[u8], count: usize) -> bool {
    let mut left = count;
    text.split(|c| !c.is_ascii_hexdigit()).any(|group| {
        left = left.saturating_sub(group.len() / 2);
        left == 0
    })
}

/// Octets that begin a UTF-8 character.
pub(super) fn characters(text: &[u8]) -> usize {
    match is_ascii(text) {
        true => text.len(),
        false => text.iter().filter(|&&octet| octet & 0xc0 != 0x80).count(),
    }
}

/// True for a text without longer characters, as nearly all are. All octets are looked at, without a branch
/// each.
pub(super) fn is_ascii(text: &[u8]) -> bool {
    text.iter().fold(0, |all, octet| all | octet) < 0x80
}

/// A part of a text; nothing if it is no such part.
pub(super) fn slice(text: &[u8], range: Range<usize>) -> &[u8] {
    text.get(range).unwrap_or_default()
}

/// How much is looked at in one go.
const CHUNK: usize = 64;

/// Fewer octets behind prose may be words: `deed`, `2023`.
pub(super) const TAIL_OCTETS: usize = 4;

/// The longest thing in hex that stands before prose: a UUID.
const PREFIX_OCTETS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: &str) -> Option<HexPart> {
        part_of(line.as_bytes(), TAIL_OCTETS, 0)
    }

    fn hex(line: &str) -> &str {
        part(line).map_or("", |part| line[part.range].trim())
    }

    #[test]
    fn a_run_of_digits_is_found_behind_anything_but_octets() {
        let digits = format!("68fafa68{}", "53ff".repeat(20));
        let run = |line: &str| run(line.as_bytes()).map(|part| line[part.range].to_owned());
        for line in [
            "(1,'2024-05-01 12:00:00',0x$);",
            "  1 | \\x$",
            "t = [\"$\"].pack(\"H*\")",
            "see $ there",
        ] {
            assert_eq!(run(&line.replace('$', &digits)).as_ref(), Some(&digits), "{line}");
        }
        for line in ["$", "16 $", "see $S11", "see $1", "see 16$", "see 68fafa68"] {
            assert_eq!(run(&line.replace('$', &digits)), None, "{line}");
        }
    }

    #[test]
    fn numbers_in_front_of_octets_are_left_out() {
        for (line, expected) in [
            ("[4] 68 FA FA 68", "68 FA FA 68"),
            ("Length 8: 68 FA FA 68 53 FF 00 01", "68 FA FA 68 53 FF 00 01"),
            ("123 [4] 68 FA FA 68", "68 FA FA 68"),
            ("0 4 = 68fafa68", "68fafa68"),
            ("rx len=04 68:FA:FA:68", "68:FA:FA:68"),
            ("Received (04): 68 FA FA 68", "68 FA FA 68"),
            ("RX (282): 68 FA FA 68", "68 FA FA 68"),
            ("uart: 0x3ffb1c00   68 fa fa 68", "68 fa fa 68"),
            ("DEBUG uart #2 68fafa68 53ff0001", "68fafa68 53ff0001"),
            ("RX: 68 FA FA 68 #2 4B464D67", "68 FA FA 68"),
            ("08: 4B 46 4D 67", "08: 4B 46 4D 67"),
            ("08:4B:46:4D:67:50:00:00:09", "08:4B:46:4D:67:50:00:00:09"),
            ("0x68fafa68 0x53ff0001", "0x68fafa68 0x53ff0001"),
        ] {
            assert_eq!(hex(line), expected, "{line}");
        }
    }

    #[test]
    fn stamps_and_words_are_left_out() {
        let table = [
            ("2023-08-21 23:23:00,123 68 FA FA 68", "68 FA FA 68"),
            ("2023-08-21T23:23:00.482Z 68FAFA68", "68FAFA68"),
            ("2023-08-21T23:23:00+02:00 68FAFA68", "68FAFA68"),
            ("21.08.2023 23:23:00 68FAFA68", "68FAFA68"),
            ("2023/08/21 23:23:00 68FAFA68", "68FAFA68"),
            ("[12:34:56] 68:FA:FA:68", "68:FA:FA:68"),
            ("[12:34:56][D] 68:FA:FA:68", "68:FA:FA:68"),
            ("12:34:56.789 -> 68 FA", "-> 68 FA"),
            ("12:34:56.789 68", "68"),
            ("<< 12:34:56: 68 FA FA 68", "68 FA FA 68"),
            ("[D] 68 FA FA 68", "68 FA FA 68"),
            ("(D) 68 FA FA 68", "68 FA FA 68"),
            ("D: 68 FA FA 68", "68 FA FA 68"),
            ("a) 68 FA FA 68", "68 FA FA 68"),
            ("D 12:34:56 68 FA FA 68", "68 FA FA 68"),
            ("E (12345.678) dlms: 68 FA FA 68", "68 FA FA 68"),
            ("2023-08-21 23:23:00 [D] 68 FA FA 68", "68 FA FA 68"),
            ("2023-08-21 23:23:00 D 68 FA FA 68", "68 FA FA 68"),
            ("21.08.23 23:23:00 68 FA FA 68", "68 FA FA 68"),
            ("21.08. 23:23 68 FA FA 68", "68 FA FA 68"),
            ("Mon Aug 21 23:23:00 2023: 68 FA FA 68", "68 FA FA 68"),
            ("A 68 FA FA 68", "A 68 FA FA 68"),
            ("21.08.23 68 FA", "21.08.23 68 FA"),
            ("-> 12:34:56.789 68FAFA68", "68FAFA68"),
            ("12:34:56 68:FA:FA:68", "68:FA:FA:68"),
            ("1692660180.123456 68 fa fa 68", "68 fa fa 68"),
            ("[   12.345678] 68 fa fa 68", "68 fa fa 68"),
            ("     7\t68FAFA68", "68FAFA68"),
            ("[12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68:53:FF", "<<< 68:FA:FA:68:53:FF"),
            ("[12:34:56][D][uart_debug:114]: 68:FA:FA:68:53:FF", "68:FA:FA:68:53:FF"),
            ("Aug 21 23:23:00 pi esphome[1234]: 68 fa fa 68", "68 fa fa 68"),
            ("INFO RX: 68 FA FA 68", "68 FA FA 68"),
            ("RX:68 FA FA 68", ":68 FA FA 68"),
            ("RX[68 FA FA 68]", "[68 FA FA 68]"),
            ("Telegram = 68FAFA68", "68FAFA68"),
            ("Telegram=68FAFA68", "=68FAFA68"),
            (r#"{"hex":"68FAFA68"}"#, r#"":"68FAFA68"}"#),
            ("ttyUSB0 68 FA FA 68", "68 FA FA 68"),
            ("kaifa_ma309_181220000009: 68FAFA68", "68FAFA68"),
            ("00:01:02:03:04:05 RX: 68 FA FA 68", "68 FA FA 68"),
            ("Received 282 bytes: 0x68, 0xFA, 0xFA, 0x68", "0x68, 0xFA, 0xFA, 0x68"),
            ("Decoded: 68 FA FA 68", "68 FA FA 68"),
            ("b'68FAFA68'", "'68FAFA68'"),
            ("data=b\"68FAFA68\"", "68FAFA68\""),
        ];
        for (line, expected) in table {
            let found = hex(line);
            let found = found.trim_start_matches([' ', '=', '"', ':', '<']);
            let expected = expected.trim_start_matches([' ', '=', '"', ':', '<']);
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn octets_behind_their_number_are_no_comment() {
        for line in ["#1: 68 FA FA 68 53", "#12) 68fafa6853ff", "#12 68 FA FA 68 53"] {
            assert!(!is_comment(line.as_bytes()), "{line}");
            let digits = hex(line).replace([' ', ':'], "").to_lowercase();
            assert!(digits.starts_with("68fafa6853"), "{line}: {digits}");
        }
        for line in [
            "# 68 FA FA 68",
            "#68FAFA68",
            "#1: first",
            "#1: 68 FA",
            "#12 68 FA FA 68 53 of 2024",
            "#12 68FAFA68",
            "#12 68",
            "#",
            "// 1",
        ] {
            assert!(is_comment(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn prose_has_no_hex() {
        for line in [
            "",
            "   ",
            "-----",
            "The meter was added in 2023",
            "Added 2023",
            "Bad",
            "ABCDEFGHIJKLMNOP",
            "2023-08-21 23:23:00",
            "2023-08-21 23:23:00,123 INFO started",
            "[12:34:56][I][app:102]: ESPHome version 2023.8.1 compiled on Aug 21 2023",
            "６８ＦＡ",
        ] {
            assert_eq!(part(line), None, "{line}");
        }
    }

    #[test]
    fn damaged_hex_is_no_prose_and_what_only_looks_like_a_stamp_is_hex() {
        for line in [
            "12:34:56",
            "12:34:56:68:FA",
            "00:01:02 03:04:05 06:07:08",
            "68:53:00 FA",
            "20:23:08-21",
            "68-53-FF",
            "'68', '0b', 'b', \"b\"",
            "68FAFA6853FF000188DSeAB4",
            "88DSeAB4",
            "68 FA FA 68 5G FF 00 01",
            "68:FA:FA:68:??:FF:00:01",
            "68fa fa68 53fO 0001",
            "6S FA FA 68 53 FF",
            "0x68,0xFA,0xFA,0x68,0xG3,0xFF",
            "7e aO 77 cf 02 23 13 bb 45 e6 e7",
            "68 fa fO 68 53 ff 00 01 67 db 08",
            "11) 68 fX fa 68 53 ff 00 01 67 db 08",
            "0x7E0xA0,0x77,0xCF,0x02,0x23,0x13,0xBB,0x45,0xE6",
            "0x7E, 0xAO, 0x77, 0xCF, 0x02, 0x23, 0x13, 0xBB, 0x45, 0xE6",
            "0x68,0xFA,0xFA,0x680x53,0xFF,0x00,0x01,0x67,0xDB,0x08,0x4B,0x46",
        ] {
            assert_eq!(hex(line), line);
        }
        assert_eq!(hex("RX: 68FAFA6853FF0001S7DB084B"), "68FAFA6853FF0001S7DB084B");
    }

    #[test]
    fn what_stands_behind_hex_is_cut_off() {
        let long = "68FAFA6853FF000167DB084B464D675000000981F8";
        for note in [
            "1718964000000000000",
            "1718964000000",
            "(263 bytes)",
            "[checksum ok]",
            "# the first",
            "// the first",
            "#x",
        ] {
            let line = format!("{long} {note}");
            let part = part(&line).unwrap();
            assert_eq!((line[part.range].trim(), part.prose), (long, None), "{note}");
        }
        let line = format!("{long} and so on");
        let part = part(&line).unwrap();
        assert_eq!((line[part.range].trim(), part.prose), (long, Some(44)), "a defect");
    }

    #[test]
    fn no_word_behind_the_last_wrong_character_has_one() {
        let alphabet = b"0189abfFAF: -,.x\\'\"bSg/#|\t\xc3\xa4";
        let mut random = 1u32;
        let mut below = |bound: usize| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) as usize % bound
        };
        for _ in 0..5_000 {
            let few = [16, alphabet.len()][below(2)];
            let text: Vec<u8> = (0..below(200)).map(|_| alphabet[below(few)]).collect();
            let sound = sound_from(&text);
            for word in words(&text, 0, text.len()).filter(|word| word.start >= sound) {
                assert_eq!(first_wrong(&text, &word), None, "{}", text.escape_ascii());
            }
            assert!(sound == 0 || !is_sound(text[sound - 1]));
        }
    }
}
