//! Stamps of loggers without a letter in them: date, time, seconds, a line number.
//!
//! ```text
//! 2023-08-21 23:23:00,123    2023-08-21T23:23:00.482Z    21.08.2023 23:23:00
//! 12:34:56.789               [12:34:56][D]               [   12.345678]
//! 12:34 in front of a row without colons                [0 00:12:34.567]
//! [12:34:56:789]             CuteCom
//! 1692660180.123456          a number and a tab behind blanks
//! 21.08.23 23:23:00          21.08. 23:23              Mon Aug 21 23:23:00 2023:
//! 23-08-21 23:23:00          21/08/23 23:23:00         20230821 232300
//! 2023 23:23:00 +0200        2023:23:23:00             behind the name of a month
//! [D] …, D: …, D (123) …     the level of a message, where its letter is a hex digit
//! ```
//!
//! All of them but the level are digits and separators, and would read as hex.

use super::separator::is_blank;

/// Where the line begins behind its stamps.
pub(super) fn skip(text: &[u8]) -> usize {
    let mut rest = text.trim_ascii_start();
    if text.starts_with(b" ") {
        rest = line_number(text).unwrap_or(rest);
    }
    rest = behind_arrow(rest);
    rest = behind_level(rest);
    let first = rest;
    while let Some(behind) = stamp(rest) {
        rest = behind_level(levels(behind).trim_ascii_start());
        // One digit alone is no octet.
        if let [level, b' ', text @ ..] = rest
            && level.is_ascii_alphabetic()
        {
            rest = text.trim_ascii_start();
        }
    }
    if rest.is_empty() && time(first).is_some_and(<[u8]>::is_empty) && first.len() == TIME.len() {
        rest = first;
    }
    text.len() - rest.len()
}

const fn is_arrow(c: &u8) -> bool {
    matches!(c, b'<' | b'>' | b'-')
}

/// The text behind an arrow in front of a stamp: `<< 12:34:56: 68 FA`.
fn behind_arrow(text: &[u8]) -> &[u8] {
    // Nearly all lines.
    if !text.first().is_some_and(is_arrow) {
        return text;
    }
    let length = text.iter().take_while(|c| is_arrow(c)).count();
    let behind = text.get(length..).unwrap_or_default();
    let is_apart = (1..=3).contains(&length) && behind.first().is_some_and(|&c| is_blank(c));
    let behind = behind.trim_ascii_start();
    if is_apart && stamp(behind).is_some() { behind } else { text }
}

/// The text behind the level of a message: `[D] 68 FA`, `(D) `, `D: `, and `D ` in front of a stamp.
fn behind_level(text: &[u8]) -> &[u8] {
    let behind = match text {
        [b'[', level, b']', rest @ ..] | [b'(', level, b')', rest @ ..] => Some((level, rest)),
        [level, b':' | b'>' | b'|' | b')', rest @ ..] => Some((level, rest)),
        [level, b' ', rest @ ..] if level.is_ascii_alphabetic() && stamp(rest).is_some() => {
            return rest;
        }
        _ => None,
    };
    match behind {
        Some((level, [b' ', ..])) if level.is_ascii_alphabetic() => {
            behind.map_or(text, |(_, rest)| rest.trim_ascii_start())
        }
        _ => text,
    }
}

/// The characters of stamps between words and octets, and of what stands beside them.
///
/// ```text
/// Nov 5 23:23:00 68 fa     the day of a month
/// CET 2024: 68 fa          a year behind the name of a zone
/// stdout F 68 fa           a letter that is alone
/// ```
#[inline(always)] // every line of a log
pub(super) fn behind_words(text: &[u8]) -> usize {
    let mut rest = behind_day(text.trim_ascii_start());
    rest = rest.get(skip(rest)..).unwrap_or_default().trim_ascii_start();
    rest = behind_letter(behind_year(rest));
    text.len() - rest.len()
}

/// The text behind a day, if a time follows.
fn behind_day(text: &[u8]) -> &[u8] {
    let ([b'0'..=b'9', b' ', time_of_day @ ..]
    | [b'0'..=b'3', b'0'..=b'9', b' ', time_of_day @ ..]) = text
    else {
        return text;
    };
    if time(time_of_day).is_some() { time_of_day } else { text }
}

/// The text behind a year, if pairs of digits follow.
fn behind_year(text: &[u8]) -> &[u8] {
    let is_pair = |group: &[u8]| group.len() == 2 && group.iter().all(u8::is_ascii_hexdigit);
    let is_year = text.starts_with(b"20") && (shaped(text, b"0000 ") || shaped(text, b"0000: "));
    let behind = if is_year { text.get(4..).unwrap_or_default() } else { return text };
    let behind = behind.strip_prefix(b":").unwrap_or(behind);
    let mut words = behind.trim_ascii_start().split(|&c| is_blank(c));
    if words.by_ref().take(2).all(is_pair) { behind.trim_ascii_start() } else { text }
}

/// The text behind a letter, if an octet follows.
fn behind_letter(text: &[u8]) -> &[u8] {
    match text {
        [letter, b' ', octet @ ..] if letter.is_ascii_alphabetic() => {
            let is_octet =
                matches!(octet, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
            if is_octet { octet } else { text }
        }
        _ => text,
    }
}

/// Where the text begins behind its stamps and an arrow. A tab may stand between the cells of a table.
pub(super) fn before_text(line: &[u8]) -> usize {
    let start = skip(line);
    let is_before = start.checked_sub(1).and_then(|last| line.get(last)) == Some(&b' ');
    let text = line.get(start..).unwrap_or_default();
    let arrow = text.strip_prefix(b"->").map_or(text, <[u8]>::trim_ascii_start);
    if is_before { line.len() - arrow.len() } else { 0 }
}

/// True for a date, a time or both, and nothing else.
pub(super) fn is_stamp(text: &[u8]) -> bool {
    date_and_time(text).is_some_and(<[u8]>::is_empty)
}

/// `     7⇥`, as `cat -n` writes: six characters or more.
fn line_number(text: &[u8]) -> Option<&[u8]> {
    let blanks = text.iter().take_while(|&&c| c == b' ').count();
    let number = text.get(blanks..)?;
    let digits = number.iter().take_while(|c| c.is_ascii_digit()).count();
    number.get(digits..)?.strip_prefix(b"\t").filter(|_| digits > 0 && blanks + digits >= 6)
}

/// A date, a time, both, or seconds, in brackets or before a blank.
fn stamp(text: &[u8]) -> Option<&[u8]> {
    let close = match text.first()? {
        b'[' => b']',
        b'(' => b')',
        _ => {
            if let Some(behind) = minutes(text) {
                return Some(behind);
            }
            let whole = || date_and_time(text).or_else(|| epoch(text));
            let other = || short_date(text).or_else(|| calendar(text)).or_else(|| compact(text));
            let behind = whole().or_else(other)?;
            let behind = match behind {
                [b':', rest @ ..] if rest.first().is_some_and(|c| is_blank(*c)) => rest,
                _ => behind,
            };
            let ends = behind.first().is_none_or(|&c| is_blank(c) || c == b'>');
            return behind_if(ends && !is_triples(text), behind);
        }
    };
    let inner = text.get(1..)?.trim_ascii_start();
    let behind = date_and_time(inner).or_else(|| seconds(inner)).or_else(|| short_date(inner));
    let other = || match inner {
        [b'0'..=b'9', ..] => clock(inner).or_else(|| since_start(inner)),
        [_, _, _, b' ', ..] => calendar(inner),
        _ => None,
    };
    let behind = behind.or_else(other)?;
    behind.strip_prefix(&[close])
}

/// `14:45 68 fa`, `14:45: 68 fa`, `14:45 - 68fa`: the row behind it is written in another way.
pub(super) fn minutes(text: &[u8]) -> Option<&[u8]> {
    let ([_, _, b':', _, _, b':', b' ' | b'\t', row @ ..]
    | [_, _, b':', _, _, b' ' | b'\t', row @ ..]) = text
    else {
        return None;
    };
    clock(text)?;
    let row = row.trim_ascii_start();
    let row = row.strip_prefix(b"- ").unwrap_or(row);
    let is_row = matches!(row, [a, b, rest @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()
        && rest.first().is_none_or(|c| is_blank(*c) || c.is_ascii_hexdigit()));
    is_row.then_some(row)
}

/// `14:45`
fn clock(text: &[u8]) -> Option<&[u8]> {
    let [hour, minute, _] = numbers(text, b"00:00")?;
    behind_if(hour < 24 && minute < 60, text.get(5..)?)
}

/// `0 00:12:34.567`: the days since the start of a recording, and the time.
fn since_start(text: &[u8]) -> Option<&[u8]> {
    decimals(text, 1).and_then(|behind| time(behind.strip_prefix(b" ")?))
}

fn date_and_time(text: &[u8]) -> Option<&[u8]> {
    if let Some(behind) = time(text) {
        return Some(behind);
    }
    if let Some(behind) = year_before_time(text) {
        return Some(behind);
    }
    let behind = date(text)?;
    let clock = behind.strip_prefix(b",").unwrap_or(behind);
    match clock.split_first() {
        Some((b' ' | b'T' | b'_', clock)) => time(clock).or(Some(behind)),
        _ => Some(behind),
    }
}

fn date(text: &[u8]) -> Option<&[u8]> {
    // Nearly all lines have none of the signs.
    let [year, month, day] = match text {
        [_, _, _, _, b'-', ..] => numbers(text, b"0000-00-00")?,
        [_, _, _, _, b'/', ..] => numbers(text, b"0000/00/00")?,
        [_, _, b'.', ..] => {
            let [day, month, year] = numbers(text, b"00.00.0000")?;
            [year, month, day]
        }
        _ => return None,
    };
    let sound =
        (1970..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    behind_if(sound, text.get(10..)?)
}

/// The year in front of a time, behind the name of a month: `2023 23:23:00`, `2023:23:23:00`.
pub(super) fn year_before_time(text: &[u8]) -> Option<&[u8]> {
    // Nearly all lines.
    let [_, _, _, _, b' ' | b':', clock @ ..] = text else {
        return None;
    };
    let is_year = shaped(text, b"0000") && (text.starts_with(b"19") || text.starts_with(b"20"));
    is_year.then(|| time(clock)).flatten()
}

/// `21.08.23 23:23:00`, also in other orders, and `21.08. 23:23`: without a time they may be octets.
fn short_date(text: &[u8]) -> Option<&[u8]> {
    // Nearly all lines.
    if !matches!(text.get(2), Some(b'.' | b'-' | b'/')) {
        return None;
    }
    let whole = [b"00.00.00", b"00-00-00", b"00/00/00"];
    let (date, length) = match whole.iter().find_map(|shape| numbers(text, shape)) {
        Some(date) => (date, 8),
        None => (numbers(text, b"00.00.").map(|[day, month, _]| [day, month, day])?, 6),
    };
    let is_day = |day: u16| (1..=31).contains(&day);
    let are_both = |month: u16, day: u16| (1..=12).contains(&month) && is_day(day);
    let [first, second, third] = date;
    let sound = are_both(second, first) || are_both(second, third) || are_both(first, second);
    let behind =
        text.get(length..)?.strip_prefix(b",").or(text.get(length..))?.strip_prefix(b" ")?;
    behind_if(sound, time(behind).or_else(|| clock(behind))?)
}

/// `20230821 232300`
fn compact(text: &[u8]) -> Option<&[u8]> {
    // Nearly all lines.
    if text.get(8) != Some(&b' ') || !shaped(text, b"00000000 000000") {
        return None;
    }
    let bounds: [(usize, &[u8], &[u8]); 6] = [
        (0, b"1970", b"2099"),
        (4, b"01", b"12"),
        (6, b"01", b"31"),
        (9, b"00", b"23"),
        (11, b"00", b"59"),
        (13, b"00", b"60"),
    ];
    let sound = bounds.iter().all(|(at, least, most)| {
        text.get(*at..at + least.len()).is_some_and(|it| (*least..=*most).contains(&it))
    });
    behind_if(sound, text.get(15..)?)
}

/// `Mon Aug 21 23:23:00 2023`, as `ctime` of C writes it.
fn calendar(text: &[u8]) -> Option<&[u8]> {
    // Nearly all lines.
    if text.get(3) != Some(&b' ') {
        return None;
    }
    let is_name = |text: &[u8]| text.len() == 4 && text.iter().take(3).all(u8::is_ascii_alphabetic);
    let (weekday, rest) = text.split_at_checked(4)?;
    let (month, rest) = rest.split_at_checked(4)?;
    let [b' ' | b'0'..=b'3', b'0'..=b'9', b' ', rest @ ..] = rest else {
        return None;
    };
    let year = time(rest)?.strip_prefix(b" ")?;
    let are_names = [weekday, month].iter().all(|it| is_name(it) && it.ends_with(b" "));
    behind_if(are_names && shaped(year, b"0000"), year.get(4..)?)
}

fn time(text: &[u8]) -> Option<&[u8]> {
    // Many lines begin with one.
    let [h, hour, b':', m, minute, b':', s, second, behind @ ..] = text else {
        return None;
    };
    let digits = [h, hour, m, minute, s, second];
    let sound = digits.iter().all(|digit| digit.is_ascii_digit())
        && [*h, *hour] < *b"24"
        && [*m, *minute] < *b"60"
        && [*s, *second] <= *b"60";
    if !sound {
        return None;
    }
    let behind = match behind.split_first() {
        Some((b',', [c, ..])) if is_blank(*c) => behind.get(1..)?,
        // The comma may end the cell of a table, behind which an octet stands.
        Some((b',', fraction)) => decimals(fraction, 3).unwrap_or(behind),
        Some((b'.', fraction)) => decimals(fraction, 1)?,
        // CuteCom: octets have two digits, and another octet would follow.
        Some((b':', fraction)) if shaped(fraction, b"000") => match fraction.get(3..)? {
            [c, ..] if c.is_ascii_hexdigit() || *c == b':' => behind,
            fraction => fraction,
        },
        _ => behind,
    };
    Some(zone(behind))
}

/// `Z`, `+02:00`, `+0200`, ` +0200` or nothing.
fn zone(text: &[u8]) -> &[u8] {
    let offset = match text {
        [b'Z', behind @ ..] => return behind,
        [b'+' | b'-', offset @ ..] | [b' ', b'+' | b'-', offset @ ..] => offset,
        _ => return text,
    };
    [(&b"00:00"[..]), b"0000"]
        .into_iter()
        .find(|shape| shaped(offset, shape))
        .and_then(|shape| offset.get(shape.len()..))
        .unwrap_or(text)
}

/// Seconds since 1970 with a fraction.
fn epoch(text: &[u8]) -> Option<&[u8]> {
    let whole = text.iter().take_while(|c| c.is_ascii_digit()).count();
    seconds(text).filter(|_| whole == 10)
}

/// Seconds with a fraction: the kernel writes `[   12.345678]`.
fn seconds(text: &[u8]) -> Option<&[u8]> {
    decimals(decimals(text, 1)?.strip_prefix(b".")?, 3)
}

/// `[D]`: the level of a message in ESPHome's logs.
fn levels(text: &[u8]) -> &[u8] {
    match text {
        [b'[', level, b']', rest @ ..] if level.is_ascii_alphabetic() => rest,
        _ => text,
    }
}

/// True if the line begins with two groups of exactly three octets: `00:01:67 0B:08:4B`.
fn is_triples(text: &[u8]) -> bool {
    let mut words = text.split(|&c| is_blank(c)).take(2);
    let triple = |word: &[u8]| {
        word.len() == TIME.len()
            && word.iter().zip(TIME).all(|(c, shape)| match shape {
                b'0' => c.is_ascii_hexdigit(),
                _ => c == shape,
            })
    };
    words.next().is_some_and(triple) && words.next().is_some_and(triple)
}

fn decimals(text: &[u8], least: usize) -> Option<&[u8]> {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    behind_if(digits >= least, text.get(digits..)?)
}

/// The numbers of a text that begins in `shape`.
fn numbers<const N: usize>(text: &[u8], shape: &[u8; N]) -> Option<[u16; 3]> {
    if !shaped(text, shape) {
        return None;
    }
    let mut numbers = [0; 3];
    let mut rest = numbers.iter_mut();
    let mut number = rest.next()?;
    for c in text.get(..N)? {
        match c.is_ascii_digit() {
            true => *number = 10 * *number + u16::from(c & 0x0f),
            false => number = rest.next()?,
        }
    }
    Some(numbers)
}

/// True if the text begins in `shape`: `0` stands for a decimal digit.
fn shaped(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(c, shape): (&u8, &u8)| match shape {
        b'0' => c.is_ascii_digit(),
        _ => c == shape,
    };
    text.len() >= shape.len() && text.iter().zip(shape).all(fits)
}

fn behind_if(condition: bool, behind: &[u8]) -> Option<&[u8]> {
    condition.then_some(behind)
}

const TIME: &[u8; 8] = b"00:00:00";
