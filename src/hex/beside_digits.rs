//! Text beside hex digits that may be read as octets, or hide some.
//!
//! ```text
//! [12:34:56][D][uart_debug:114]: <<< 68:FA:FA    a logger's words: none
//! #0 68 FA FA 68 53 FF                           `#`
//! | 0000 | 68 | FA | FA |                        `|`
//! 0010 68 FA FA 68 53 FF                         a number that counts the rows
//! ```
//!
//! The forms in which people write octets never end. A text that brings no telegram is looked at once more: its rows
//! may be more than digits. Whole frames without the marks prove that they are to blame.

use super::{
    beside_text,
    count::{without_counts, without_sum},
    listing,
    prefix::{is_wrong, octet_count, slice},
    separator::{is_blank, is_separator},
    stamp,
};

/// The first such text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideDigits {
    /// The number of its line.
    pub line: u64,
    /// A few characters of it, none of them a digit of a key.
    pub quote: String,
}

/// Looks for it in numbered lines.
pub fn beside_digits<'a>(lines: impl Iterator<Item = (u64, &'a [u8])>) -> Option<BesideDigits> {
    let mut listing = None;
    let rows = lines.filter(|(_, line)| listing::step(&mut listing, line).is_none());
    let rows = rows.map(|(number, line)| (number, row(line))).filter(|(_, row)| is_row(row));
    let rows: Vec<_> = rows.collect();
    let mut marked = rows.iter().filter_map(|(number, row)| Some((*number, row, mark(row)?)));
    let Some((line, row, at)) = marked.next() else {
        let (line, first) = *rows.first().filter(|_| are_counted(&rows))?;
        return Some(BesideDigits { line, quote: first_word(first).to_owned() });
    };
    Some(BesideDigits { line, quote: quote(row, at) })
}

/// The pairs of digits in some lines: all of them, those behind the first of each line, those in front of the last, and
/// those in front of a mark.
pub fn pairs<'a>(lines: impl Iterator<Item = &'a [u8]>) -> [Vec<u8>; 4] {
    let of = |text: &[u8]| {
        let words = text.split(|c| !c.is_ascii_hexdigit());
        let pairs = words.filter(|word| word.len() == 2 || word.len() >= LONG);
        pairs.filter_map(|word| hex::decode(word).ok()).collect::<Vec<_>>()
    };
    let mut octets = [const { vec![] }; 4];
    for line in lines {
        let row = row(line);
        let pairs = of(row);
        let behind_first = pairs.get(1..).unwrap_or_default();
        let before_last = pairs.get(..pairs.len().saturating_sub(1)).unwrap_or_default();
        let [all, behind, before, front] = &mut octets;
        front.extend(of(slice(row, 0..mark(row).unwrap_or(row.len()))).concat());
        all.extend(pairs.concat());
        behind.extend(behind_first.concat());
        before.extend(before_last.concat());
    }
    octets
}

/// A line behind the words of a logger, and in front of text and numbers that are known beside octets.
fn row(line: &[u8]) -> &[u8] {
    let line = beside_text::without_text(line).line.trim_ascii();
    let line = without_sum(without_counts(line));
    let line = slice(line, stamp::skip(line)..line.len());
    let mut rest = slice(line, behind_sentence(line)..line.len()).trim_ascii_start();
    loop {
        let end = rest.iter().position(|&c| is_blank(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or_default();
        if !is_name(word) {
            return within_quotes(rest);
        }
        let behind = behind.trim_ascii_start();
        rest = slice(behind, stamp::behind_words(behind)..behind.len()).trim_ascii_start();
    }
}

/// Where octets begin behind words with a colon at their end: `Received frame 1/2 (256 bytes): 68 FA`.
fn behind_sentence(line: &[u8]) -> usize {
    let near = slice(line, 0..line.len().min(SENTENCE));
    let end = memchr::memmem::rfind(near, b": ").map_or(0, |at| at + 1);
    let mut words = slice(line, 0..end).split(|&c| is_separator(c));
    let is_pair = |word: &&[u8]| word.len() == 2 && is_hex(word);
    let has_word = words
        .clone()
        .any(|word| word.len() > 2 && word.iter().all(u8::is_ascii_alphabetic) && !is_hex(word));
    let has_octets = words.by_ref().filter(is_pair).count() >= LEAST;
    if has_word && !has_octets { end } else { 0 }
}

fn is_hex(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_hexdigit)
}

/// The text between quotes around all of it.
fn within_quotes(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b",").unwrap_or(text);
    match text {
        [open @ (b'"' | b'\'' | b'`'), inner @ .., close] if open == close => inner,
        _ => text,
    }
}

/// True for a word that a logger writes in front of octets, and for an arrow. A number in it may be one of a row.
fn is_name(word: &[u8]) -> bool {
    let is_arrow = !word.is_empty() && word.iter().all(|c| b"<>-=".contains(c));
    let has_letter = word.iter().any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
    let is_closed = matches!(word, [b'[', .., b']' | b':'] | [b'(', .., b')' | b':'] | [.., b':']);
    let has_digit = word.iter().any(u8::is_ascii_digit);
    let is_word = word.first().is_some_and(u8::is_ascii_alphabetic) && !has_digit;
    is_arrow || has_letter && (is_closed || is_word)
}

/// True for octets, and little else.
fn is_row(row: &[u8]) -> bool {
    let octets = octet_count(row);
    octets >= LEAST && octets * 2 * 3 >= row.iter().filter(|&&c| !is_blank(c)).count()
}

/// The first character of a row that is neither digit nor separator of octets, nor in place of a digit; or the first
/// digit of a longer number beside pairs.
fn mark(row: &[u8]) -> Option<usize> {
    marks(row).next().or_else(|| number_beside_pairs(row))
}

/// Where a number of more than two digits begins in front of pairs, or behind them.
fn number_beside_pairs(row: &[u8]) -> Option<usize> {
    let groups = row.split(|&c| is_separator(c)).filter(|group| !group.is_empty());
    let groups: Vec<_> = groups.collect();
    let is_number = |group: &&[u8]| group.len() > 2 && is_hex(group);
    let are_pairs =
        |groups: &[&[u8]]| groups.len() >= LEAST && groups.iter().all(|group| group.len() == 2);
    let start = row.iter().position(|&c| !is_separator(c)).unwrap_or_default();
    let end = row.iter().rposition(|&c| !is_separator(c)).map_or(0, |last| last + 1);
    match groups.as_slice() {
        [first, pairs @ ..] if is_number(first) && are_pairs(pairs) => Some(start),
        [pairs @ .., last] if is_number(last) && are_pairs(pairs) => Some(end - last.len()),
        _ => None,
    }
}

fn marks(row: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let is_other = |at: &usize| is_sign(row, *at) || is_wrong(row, *at) && !is_slip(row, *at);
    (0..row.len()).filter(is_other)
}

/// True for a sign that separates octets in few forms, and is not right between two of them.
fn is_sign(row: &[u8], at: usize) -> bool {
    let is_digit =
        |at: Option<usize>| at.and_then(|at| row.get(at)).is_some_and(u8::is_ascii_hexdigit);
    row.get(at).is_some_and(|&c| is_separator(c) && !is_blank(c) && !b",:-._".contains(&c))
        && (row.get(at) == Some(&b'=')
            || !(is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1))))
}

/// True for a character in place of a digit: in a pair, or in a long run of digits.
fn is_slip(row: &[u8], at: usize) -> bool {
    let (before, behind) = row.split_at_checked(at).unwrap_or_default();
    let is_inner = |c: &&u8| !is_separator(**c);
    let before = before.iter().rev().take_while(is_inner);
    let group = before.chain(behind.iter().take_while(is_inner));
    let (length, digits) = group.fold((0, 0), |(length, digits), c| {
        (length + 1, digits + usize::from(c.is_ascii_hexdigit()))
    });
    let wrong = row.get(at).copied().unwrap_or_default();
    // A scanner does not read it, or a person masks it.
    let is_gap = matches!(wrong, b'?' | b'*');
    match length {
        _ if !is_gap && !wrong.is_ascii_alphanumeric() => false,
        2 => digits == 1 || is_gap,
        RUN.. => (length - digits) * RUN <= length,
        _ => false,
    }
}

/// True for rows whose first words are numbers that rise by the same step.
fn are_counted(rows: &[(u64, &[u8])]) -> bool {
    [10, 16].into_iter().any(|radix| {
        let numbers: Option<Vec<_>> = rows
            .iter()
            .take(COUNTED)
            .map(|(_, row)| i64::from_str_radix(first_word(row), radix).ok())
            .collect();
        let numbers = numbers.unwrap_or_default();
        let mut steps = numbers.windows(2).map(|pair| match pair {
            [first, second] => second - first,
            _ => 0,
        });
        let first = steps.next().filter(|step| *step > 0);
        numbers.len() == COUNTED && first.is_some_and(|first| steps.all(|step| step == first))
    })
}

fn first_word(row: &[u8]) -> &str {
    let word = row.split(|&c| is_separator(c)).next().unwrap_or_default();
    core::str::from_utf8(word).unwrap_or_default()
}

/// A few characters from there on. Digits are left out, and letters that may be some: they may be those of a key.
fn quote(row: &[u8], at: usize) -> String {
    let digits = slice(row, at..row.len()).iter().take_while(|c| c.is_ascii_hexdigit());
    let digits: Vec<u8> = digits.copied().take(DIGITS).collect();
    // Marks are no digits.
    if !digits.is_empty() {
        return String::from_utf8_lossy(&digits).into_owned();
    }
    let is_letter = |c: &&u8| c.is_ascii_alphabetic();
    let word = |at: usize| {
        let before = slice(row, 0..at).iter().rev().take_while(is_letter).count();
        let behind = slice(row, at..row.len()).iter().take_while(is_letter).count();
        slice(row, at - before..at + behind)
    };
    let is_quoted = |at: usize, c: u8| match c {
        _ if c.is_ascii_alphabetic() => word(at).iter().any(|c| !c.is_ascii_hexdigit()),
        _ => !c.is_ascii_digit() && !is_blank(c),
    };
    let start = at - slice(row, 0..at).iter().rev().take_while(is_letter).count();
    let start = if row.get(at).is_some_and(u8::is_ascii_alphabetic) { start } else { at };
    let text = row.iter().enumerate().skip(start).take(QUOTED);
    let text: Vec<u8> = text.take_while(|(at, c)| is_quoted(*at, **c)).map(|it| *it.1).collect();
    String::from_utf8_lossy(&text).replace(char::REPLACEMENT_CHARACTER, "")
}

/// Fewer octets are numbers in a sentence.
const LEAST: usize = 4;

/// The fewest digits that are octets without signs between them, and no number.
const LONG: usize = 16;

/// The characters of a sentence in front of octets.
const SENTENCE: usize = 120;

/// A run of digits with no more than one wrong character in so many.
const RUN: usize = 8;

/// The fewest rows whose first words count by no chance.
const COUNTED: usize = 4;

/// The digits of a number in a quotation.
const DIGITS: usize = 4;

/// The characters of a quotation.
const QUOTED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(u64, String)> {
        let lines = (1..).zip(text.lines().map(str::as_bytes));
        beside_digits(lines).map(|it| (it.line, it.quote))
    }

    #[test]
    fn marks_beside_octets_are_found() {
        for (text, quote) in [
            ("#0 68 FA FA 68 53\n#1 FF 00 01 67", "#"),
            (" [ 1] 68 FA FA 68 53\n [ 6] FF 00 01 67", "["),
            ("| 0000 | 68 | FA | FA |\n| 0003 | 68 | 53 |", "|"),
            ("68 FA FA 68 ; 4x\n53 FF 00 01 ; 4x", ";"),
            ("DEBUG:root:0000 68 FA FA\nDEBUG:root:0003 68 53", "DEBUG:ro"),
            ("16#68# 16#FA# 16#FA# 16#68#", "#"),
            ("68'h' FA'.' FA'.' 68'h' 53'S'", "'h'"),
            ("68 FA FA 68 @1700000000\n53 FF 00 01 @1700000001", "@"),
            ("68;FA;FA;68;714\n53;FF;00;01;339", "714"),
            ("00 68 FA FA\n03 68 53 FF\n06 00 01 67\n09 DB 08 4B", "00"),
            ("68 FA FA 68 \u{b1}53\n53 FF 00 01 \u{b1}DB", "\u{b1}"),
            ("68 FA FA 68=20\n53 FF 00 01=20", "="),
            ("K=36C66639E48A 68\nK=36C66639E48A 68", "K="),
        ] {
            assert_eq!(found(text), Some((1, quote.to_owned())), "{text}");
        }
        let one = "68 FA FA 68\n53 FF 00 01\n67 DB 08 4B (end)";
        assert_eq!(found(one), Some((3, "(end)".to_owned())));
    }

    #[test]
    fn pairs_are_told_from_numbers() {
        let text = "| 0000 | 68 | FA 0x53 | 16\n| 0003 | 0102030405060708 | 255 |";
        let [all, behind, before, _] = pairs(text.lines().map(str::as_bytes)).map(hex::encode);
        assert_eq!(all, "68fa53160102030405060708");
        assert_eq!((&*behind, &*before), ("fa5316", "68fa53"));
    }

    #[test]
    fn octets_alone_and_words_of_loggers_have_none() {
        for text in [
            "68 FA FA 68\n53:FF:00:01\n0x67,0xDB,0x08,0x4B\n68;FA;FA;68",
            "68fafa6853ff0001\n\\x68\\xfa\\xfa\\x68",
            "[12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68\n[12:34:57][D][uart_debug:114]: <<< 53:FF:00:01",
            "2024-11-15 14:45:45.123 [DEBUG] [g.smartmeter.internal.MeterDevice] - Received: 68 FA FA 68",
            "Nov 15 14:45:45 pi meter[812]: RX 68 FA FA 68 (4)",
            "[14:45:45][V][dlms_meter:01]: Received frame 1/2 (256 bytes): 68.FA.FA.68",
            "00000000: 68fa fa68 53ff 0001  h..hS...\n00000008: 67db 084b 464d 6750  g..KFMgP",
            "68 FA 6O 68 53\nFF a? 01 67 DB ??\n68fafa6?53ff000167db",
            "\"68 FA FA 68\",",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
