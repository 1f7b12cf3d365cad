//! Rows of a hex listing: an offset, groups of digits, and beside them the octets as text.
//!
//! ```text
//! 00000000: 68fa fa68 53ff 0001 67db 084b 464d 6750  h..hS...g..KFMgP        xxd
//! 00000000  68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50  |h..hS...g..KFMgP|  hexdump -C
//! 000000 68 fa fa 68 53 ff 00 01 67 db 08 4b 46 4d 67 50      od -A x -t x1
//! 0000000 68 fa fa 68 53 ff 00 01 67 db 08 4b 46 4d 67 50  >h..hS...g..KFMgP<  od -t x1z
//! *                                                           the row before it again, and again
//! 0000432                                                     the length, in octal
//! ```
//!
//! When is the first group an offset and no hex? A listing begins at a row
//!
//! - whose offset begins with `0` (a telegram does not) and has a colon, or text beside the octets
//!   that is in bars, in `><` or agrees with them; or
//! - whose offset has an odd number of digits (od writes seven) before groups of two: as hex it
//!   would be a defect anyway; or
//! - whose offset begins with `00` and is a multiple of the number of octets, at least eight in
//!   groups of two.
//!
//! By these rules `68FAFA68 53FF0001` and `000000 68 53` are hex. From then on the running offset
//! decides: a row that does not continue it, though it looks like one, tells that rows are missing.
//!
//! Words of a logger may stand in front of the offset: `Nov 30 12:00:01 pi meter[812]: 00000010: 67 db …`.
//!
//! Words of several octets (plain `od`, plain `hexdump`, `od -x`) stand in the order of the machine
//! that wrote them, which cannot be told. They are refused, as are octal and binary digits.

use core::ops::Range;

use super::{
    prefix::{self, characters},
    row_shape::RowShape,
    separator::is_blank,
};

/// The meaning of a line for the listing that it belongs to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListingStep {
    /// Octets that a `*` before it stands for.
    pub(super) repeated: u64,
    /// The offset does not go on where the line before ended.
    pub(super) gap: bool,
    /// Why the digits are not read.
    pub(super) refused: Option<&'static str>,
    /// Where the digits are.
    pub(super) body: Range<usize>,
    /// The listing ends here.
    pub(super) last: bool,
}

/// A listing between two of its rows.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// Digits of its offsets.
    width: usize,
    /// The first of them.
    start: Option<u64>,
    /// The next offset, for each of [`RADICES`] that all offsets so far agree with.
    next: [Option<u64>; 3],
    /// The octets of the last row, as long as a `*` can repeat them.
    row: Vec<u8>,
    /// A `*` came since.
    star: bool,
    /// Why its digits are not read.
    refused: Option<&'static str>,
    /// The text of a row has shown that octets stand in their order. A later one that looks
    /// otherwise does so by chance, or is damaged.
    ordered: bool,
    /// The shape of the last row that had one.
    shape: Option<RowShape>,
    /// Room for a row that may turn out to have another.
    room: Vec<u8>,
}

/// A row of DOS, hexyl or strace as other programs write it; nothing for another line.
///
/// ```text
/// 0B3F:0100  68 FA FA 68 53 FF 00 01-67 DB 08 4B 46 4D 67 50   h..hS...g..KFMgP
/// |00000000| 68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50 |h××h_×0•g×•KFMgP|
///  | 00000  68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50  h..hS...g..KFMgP |
/// ```
pub(super) fn usual(line: &[u8]) -> Option<Vec<u8>> {
    let is_hex = |at: core::ops::Range<usize>| {
        line.get(at).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let near = line.get(..LONGEST_OF_DOS).unwrap_or(line);
    let middle = memchr::memchr_iter(b'-', near).find(|&at| {
        let groups = at.checked_sub(HALF).and_then(|start| line.get(start..at)).unwrap_or_default();
        let pairs = groups.chunks(3).filter(|group| match group {
            [high, low] | [high, low, b' '] => octets_of(&[*high, *low]).all(|it| it.is_some()),
            _ => false,
        });
        pairs.count() == 8 && is_hex(at + 1..at + 3)
    });
    let is_segment = line.get(4) == Some(&b':')
        && is_hex(0..4)
        && is_hex(5..9)
        && line.get(9..11) == Some(b"  ");
    let is_barred = matches!(line, [b'|', ..]) && line.get(9) == Some(&b'|') && is_hex(1..9);
    if middle.is_none() && !is_segment && !is_barred {
        let inner = line.trim_ascii().strip_prefix(b"| ")?.strip_suffix(b" |")?;
        let is_row = inner.get(..STRACE).is_some_and(is_digits) && inner.get(STRACE) == Some(&b' ');
        // Its offsets are hex, as those with an even number of digits are.
        return is_row.then(|| [b"0", inner].concat());
    }
    let mut row = line.to_vec();
    for at in middle.into_iter().chain(is_barred.then_some(9)) {
        *row.get_mut(at)? = b' ';
    }
    row.drain(..if is_segment { 5 } else { usize::from(is_barred) });
    Some(row)
}

/// Where a row may begin behind the words of a logger, or in a cell of a table: at a word that begins with as many
/// digits as an offset has, and is not the last one.
pub(super) fn behind_words(line: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let near = prefix::slice(line, 0..line.len().min(WORDS));
    let blanks = memchr::memchr3_iter(b' ', b'\t', b':', near);
    let starts = blanks.filter(move |&at| {
        let text = prefix::slice(line, at + 1..line.len());
        let digits = text.strip_prefix(b"0x").unwrap_or(text);
        let count = digits.iter().take(*OFFSET.end() + 1).take_while(|c| c.is_ascii_hexdigit());
        let count = count.count();
        // `DEBUG:root:0010  67 db`, and no octets with colons between them
        let is_apart = || digits.get(count).is_some_and(|&c| is_blank(c));
        if !OFFSET.contains(&count) || line.get(at) == Some(&b':') && !is_apart() {
            return false;
        }
        let mut before = prefix::slice(line, 0..at).rsplit(|&c| is_blank(c));
        // `20241115 000000` is a time.
        let is_word = before.find(|word| !word.is_empty()).is_some_and(|word| !is_digits(word));
        is_word && !prefix::slice(digits, count..digits.len()).trim_ascii().is_empty()
    });
    starts.map(|at| at + 1)
}

/// Takes a line. `None`: it belongs to no listing.
pub(super) fn step(state: &mut Option<Listing>, line: &[u8]) -> Option<ListingStep> {
    let word = line.trim_ascii();
    if let Some(listing) = state {
        if word == b"*" {
            listing.star = true;
            return Some(ListingStep::default());
        }
        if let Some(step) = listing.end(word) {
            return Some(step);
        }
    }
    let row = ListingRow::parse(line, state.is_some())?;
    match state {
        Some(listing) if listing.owns(&row) => {
            listing.learn(line, &row);
            listing.go_on(row)
        }
        _ if row.begins() => {
            // A new listing within an old one begins where that did, or else rows are missing.
            let gap = state.as_ref().is_some_and(|old| old.star || !old.is_start(&row));
            *state = Some(Listing::new(&row));
            Some(row.step(gap, 0))
        }
        _ => None,
    }
}

impl Listing {
    fn new(row: &ListingRow<'_>) -> Self {
        let mut listing = Self {
            width: row.offset.len(),
            start: row.value(16),
            next: [None; 3],
            row: Vec::new(),
            star: false,
            refused: row.refused,
            ordered: row.ordered,
            shape: None,
            room: Vec::new(),
        };
        listing.restart(row);
        listing
    }

    /// The octets of the next row if it has the shape of one before it and stands in its place. All
    /// else takes the careful way through [`step`].
    pub(super) fn next_row(&mut self, line: &[u8]) -> Option<&[u8]> {
        let shape = self.shape.as_mut()?;
        let (next, radix) = match &mut self.next {
            [next @ Some(_), None, None] => (next, 8),
            [None, next @ Some(_), None] => (next, 10),
            [None, None, next @ Some(_)] => (next, 16),
            _ => return None,
        };
        if self.star || self.refused.is_some() || !self.ordered && shape.width() > 2 {
            return None;
        }
        let offset = shape.read(line, radix, self.ordered, &mut self.room)?;
        if *next != Some(offset) {
            return None;
        }
        *next = offset.checked_add(u64::try_from(self.room.len()).ok()?);
        core::mem::swap(&mut self.row, &mut self.room);
        Some(&self.row)
    }

    /// True for a line that looks like the rows before it, text and all.
    pub(super) fn has_shape(&self, line: &[u8]) -> bool {
        self.shape.as_ref().is_some_and(|shape| shape.fits(line))
    }

    /// Keeps the shape of a row.
    fn learn(&mut self, line: &[u8], row: &ListingRow<'_>) {
        if self.has_shape(line) {
            return;
        }
        let known =
            row.refused.is_none() && row.octets <= ROW_OCTETS && line.starts_with(row.offset);
        let shape = known.then(|| RowShape::of(line, row.offset.len(), &row.body)).flatten();
        self.shape = shape.or(self.shape.take());
    }

    /// True if a `*` waits for the offset that says how many octets it stands for.
    pub(super) const fn is_open(&self) -> bool {
        self.star
    }

    /// Keeps the octets that a `*` behind this row repeats; none if the row could not be read.
    pub(super) fn remember(&mut self, octets: &[u8]) {
        self.row.clear();
        if octets.len() <= ROW_OCTETS {
            self.row.extend_from_slice(octets);
        }
    }

    /// The octets of the last row, over and over.
    pub(super) fn repeated(&self, count: u64) -> impl Iterator<Item = u8> + '_ {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.row.iter().copied().cycle().take(count)
    }

    /// True if a row is meant as the next of this listing, in its place or not.
    fn owns(&self, row: &ListingRow<'_>) -> bool {
        let fits = self.gaps(row.offset).iter().any(Option::is_some);
        let alike = self.width == row.offset.len() && row.offset.starts_with(b"0");
        fits || alike && !self.is_start(row)
    }

    /// True for the first row of a listing.
    fn is_start(&self, row: &ListingRow<'_>) -> bool {
        let value = row.value(16);
        value == Some(0) || value == self.start
    }

    /// A row of this listing.
    fn go_on(&mut self, row: ListingRow<'_>) -> Option<ListingStep> {
        let row = &ListingRow { refused: row.refused.filter(|_| !self.ordered), ..row };
        self.ordered |= row.ordered;
        self.refused = self.refused.or(row.refused);
        if self.refused.is_some() {
            return Some(ListingStep { refused: self.refused, body: 0..0, ..row.step(false, 0) });
        }
        let step = match self.repeat(row.offset) {
            Some(repeated) => {
                self.advance(row);
                row.step(false, repeated)
            }
            None => {
                self.restart(row);
                row.step(true, 0)
            }
        };
        self.star = false;
        Some(step)
    }

    /// The row that is only an offset: the length of it all.
    fn end(&self, word: &[u8]) -> Option<ListingStep> {
        let alike = word.len() == self.width && word.iter().all(u8::is_ascii_hexdigit);
        if word.len() < self.width {
            return None;
        }
        let step = |repeated, gap| ListingStep { repeated, gap, last: true, ..Default::default() };
        if self.refused.is_some() {
            return alike.then(|| step(0, false));
        }
        match self.repeat(word) {
            Some(repeated) => Some(step(repeated, false)),
            None if alike && word.starts_with(b"00") => Some(step(0, true)),
            None => None,
        }
    }

    /// How many octets are due before this offset: none, or the multiple of a row that a `*` stands
    /// for. `None` if the offset does not fit, or fits in two ways.
    fn repeat(&self, offset: &[u8]) -> Option<u64> {
        let mut gaps = self.gaps(offset).into_iter().flatten();
        let gap = gaps.next()?;
        gaps.all(|other| other == gap).then_some(gap)
    }

    fn gaps(&self, offset: &[u8]) -> [Option<u64>; 3] {
        let row = u64::try_from(self.row.len()).unwrap_or(0);
        let mut gaps = self.next;
        for (gap, radix) in gaps.iter_mut().zip(RADICES) {
            *gap = gap.and_then(|next| value(offset, radix)?.checked_sub(next)).filter(|&gap| {
                match self.star {
                    true => gap > 0 && gap.checked_rem(row) == Some(0),
                    false => gap == 0,
                }
            });
        }
        gaps
    }

    /// Keeps the radices in which the row is in its place.
    fn advance(&mut self, row: &ListingRow<'_>) {
        let gaps = self.gaps(row.offset);
        for ((next, gap), radix) in self.next.iter_mut().zip(gaps).zip(RADICES) {
            *next = gap.and_then(|_| row.end(radix));
        }
    }

    fn restart(&mut self, row: &ListingRow<'_>) {
        self.next = RADICES.map(|radix| row.end(radix).filter(|_| row.may_count_in(radix)));
    }
}

/// A line that looks like a row of a listing.
struct ListingRow<'a> {
    offset: &'a [u8],
    colon: bool,
    /// Digits of the first group.
    width: usize,
    groups: usize,
    octets: usize,
    /// There is text in bars or in `><`, or text that agrees with the octets.
    sure: bool,
    /// The text agrees with the octets, and would not if they were swapped.
    ordered: bool,
    body: Range<usize>,
    refused: Option<&'static str>,
}

impl<'a> ListingRow<'a> {
    /// `within` a listing offsets may begin with any digit.
    fn parse(line: &'a [u8], within: bool) -> Option<Self> {
        if line.len() > LINE_OCTETS {
            return None;
        }
        let text = line.trim_ascii_start();
        let text = text.strip_prefix(b"0x").unwrap_or(text);
        if !text.starts_with(b"0") && !within {
            return None;
        }
        let digits = text.iter().take_while(|c| c.is_ascii_hexdigit()).count();
        let (offset, rest) = text.split_at_checked(digits).filter(|_| OFFSET.contains(&digits))?;
        let mut signs = [&b":"[..], b"h:", b" -"].into_iter();
        let behind = signs.find_map(|sign| rest.strip_prefix(sign));
        let colon = behind.is_some();
        let behind = behind.unwrap_or(rest);
        if !behind.first().is_some_and(|&c| is_blank(c)) {
            return None;
        }
        let groups = behind.trim_ascii_start();
        let start = line.len() - groups.len();
        Self::groups(groups.trim_ascii_end(), start, offset, colon)
    }

    fn groups(text: &[u8], start: usize, offset: &'a [u8], colon: bool) -> Option<Self> {
        let gutter = Gutter::find(text);
        let body = gutter.as_ref().map_or(text, |gutter| gutter.body);
        let width = groups(body).next()?.len();
        let count = groups(body).count();
        let wrong = groups(body).filter(|g| !g.iter().all(u8::is_ascii_hexdigit)).count();
        let last = groups(body).next_back()?.len();
        let even = groups(body).take(count - 1).all(|group| characters(group) == width);
        let decimal = !colon && is_decimal(body);
        if !even && !decimal || last > width && wrong == 0 && !decimal || wrong * 4 > count {
            return None;
        }
        let refused = match colon {
            false if decimal => word_name(5),
            false => word_name(width),
            true => gutter.as_ref().and_then(|gutter| gutter.refusal(width, count)),
        };
        Some(Self {
            offset,
            colon,
            width,
            groups: count,
            octets: groups(body).map(|group| characters(group).div_ceil(2)).sum(),
            sure: gutter.as_ref().is_some_and(|gutter| gutter.sure),
            ordered: gutter.is_some_and(|gutter| gutter.sure && !gutter.agrees_swapped()),
            body: start..start + body.len(),
            refused,
        })
    }

    /// True if a listing may begin here: see the top of this file.
    fn begins(&self) -> bool {
        if !self.offset.starts_with(b"0") {
            return false;
        }
        let odd = !self.offset.len().is_multiple_of(2) && self.offset.len() > 4;
        let octets = u64::try_from(self.octets).unwrap_or(0);
        let multiple = self.value(16).and_then(|value| value.checked_rem(octets)) == Some(0);
        match self.width {
            _ if self.colon => self.width.is_multiple_of(2),
            2 => self.sure || odd || self.offset.starts_with(b"00") && multiple && self.octets >= 8,
            _ => self.refused.is_some() && (odd || self.is_row_of_words()),
        }
    }

    /// `od -A x`: an even number of digits before eight words of two octets.
    fn is_row_of_words(&self) -> bool {
        self.offset.starts_with(b"00")
            && self.groups == 8
            && self.offset.len() == 6
            && matches!(self.width, 4 | 6)
    }

    /// True if this form writes its offsets so: od with seven digits in octal (or decimal), xxd in
    /// hex (or decimal), all others in hex.
    const fn may_count_in(&self, radix: u32) -> bool {
        match radix {
            8 => !self.colon && !self.offset.len().is_multiple_of(2),
            10 => self.colon || !self.offset.len().is_multiple_of(2),
            _ => self.colon || self.offset.len().is_multiple_of(2),
        }
    }

    fn value(&self, radix: u32) -> Option<u64> {
        value(self.offset, radix)
    }

    /// The offset behind the row.
    fn end(&self, radix: u32) -> Option<u64> {
        self.value(radix)?.checked_add(u64::try_from(self.octets).ok()?)
    }

    fn step(&self, gap: bool, repeated: u64) -> ListingStep {
        let body = if self.refused.is_some() { 0..0 } else { self.body.clone() };
        ListingStep { repeated, gap, refused: self.refused, body, last: false }
    }
}

/// The text beside the octets, one character each.
struct Gutter<'a> {
    /// The groups before it.
    body: &'a [u8],
    text: &'a [u8],
    sure: bool,
}

impl<'a> Gutter<'a> {
    /// The first place where a text of the right length may begin.
    fn find(text: &'a [u8]) -> Option<Self> {
        let mut digits = 0;
        text.iter().enumerate().find_map(|(at, &c)| {
            digits += usize::from(!is_blank(c));
            let (body, rest) = text.split_at_checked(at)?;
            match is_blank(c) && body.last().is_some_and(|&c| !is_blank(c)) {
                true => Self::at(body, rest, digits.div_ceil(2)),
                false => None,
            }
        })
    }

    /// The text may be `rest`, behind so many octets.
    fn at(body: &'a [u8], rest: &'a [u8], octets: usize) -> Option<Self> {
        let text = rest.trim_ascii_start();
        let text = text.strip_prefix(b"; ").unwrap_or(text);
        if let Some(text) = framed(text).filter(|text| characters(text.trim_ascii_end()) <= octets)
        {
            return Some(Self { body, text, sure: true });
        }
        if text.len() > 4 * octets {
            return None;
        }
        let length = characters(text);
        let wide = rest.len() - text.len() >= 2;
        if length > octets {
            return None;
        }
        let agrees_as_it_is = agrees(octets_of(body), text, length == octets);
        let hex = text.split(|&c| is_blank(c)).all(|g| g.iter().all(u8::is_ascii_hexdigit));
        // Blanks at its end may be gone.
        let are_gone = || octets_of(body).skip(length).all(|octet| octet == Some(b' '));
        let is_cut =
            || (1..octets).contains(&length) && are_gone() && agrees(octets_of(body), text, true);
        let text_like = wide && !hex
            || agrees_as_it_is && (wide || !hex || length == octets)
            || !hex && is_cut();
        text_like.then_some(Self { body, text, sure: agrees_as_it_is })
    }

    /// The name of a row that xxd wrote and that has no octets in their order.
    fn refusal(&self, width: usize, groups: usize) -> Option<&'static str> {
        let binary = self.body.iter().all(|&c| matches!(c, b'0' | b'1') || is_blank(c));
        if width == 8 && binary && characters(self.text) == groups {
            return Some("binary digits (xxd -b)");
        }
        let agrees_as_it_is = |whole| agrees(octets_of(self.body), self.text, whole);
        let wrong = !agrees_as_it_is(true) && !agrees_as_it_is(false);
        (width > 2 && wrong && self.agrees_swapped()).then_some("swapped words (xxd -e)")
    }

    fn agrees_swapped(&self) -> bool {
        let swapped = groups(self.body).flat_map(|group| octets_of(group).rev());
        agrees(swapped, self.text, true)
    }
}

/// Text in bars, or as `od -t x1z` writes it.
fn framed(text: &[u8]) -> Option<&[u8]> {
    let (open, rest) = text.split_first()?;
    let (close, inner) = rest.split_last()?;
    matches!((open, close), (b'|', b'|') | (b'>', b'<')).then_some(inner)
}

/// True if each character is the one that a listing shows beside that octet. `whole`: the text is
/// complete; else blanks at its start or its end are missing.
pub(super) fn agrees<I>(octets: I, text: &[u8], whole: bool) -> bool
where
    I: DoubleEndedIterator<Item = Option<u8>>,
{
    let fits = |(octet, &c): (Option<u8>, &u8)| match octet {
        Some(octet @ 0x20..=0x7e) => c == octet || c == b'.',
        _ => !c.is_ascii_alphanumeric(),
    };
    // A character of several octets is no text of one.
    let text = text.iter().filter(|&&c| c & 0xc0 != 0x80);
    match whole {
        true => octets.zip(text).all(fits),
        false => octets.rev().zip(text.rev()).all(fits),
    }
}

/// The octets that the digits of some groups make; `None` where one cannot be read.
fn octets_of(text: &[u8]) -> impl DoubleEndedIterator<Item = Option<u8>> + '_ {
    text.split(|&c| is_blank(c)).flat_map(|group| {
        group.chunks(2).map(|pair| {
            core::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
    })
}

fn groups(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|&c| is_blank(c)).filter(|group| !group.is_empty())
}

/// Numbers of up to five digits without leading zeros, one of them that long.
fn is_decimal(body: &[u8]) -> bool {
    let number = |group: &[u8]| {
        group.iter().all(u8::is_ascii_digit) && (group.len() == 1 || !group.starts_with(b"0"))
    };
    groups(body).all(number) && groups(body).map(<[u8]>::len).max() == Some(5)
}

fn is_digits(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_hexdigit)
}

fn value(digits: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
}

/// Groups of that many digits behind an offset without colon.
const fn word_name(width: usize) -> Option<&'static str> {
    match width {
        3 => Some("octets in octal (od -b)"),
        4 => Some("16-bit words (hexdump without -C, od -x)"),
        5 => Some("16-bit words in decimal (od -d)"),
        6 => Some("16-bit words in octal (od without -t x1)"),
        8 | 16 => Some("words of several octets (od -t x4)"),
        _ => None,
    }
}

/// The characters of eight octets, and those in front of the others.
const HALF: usize = 23;
const LONGEST_OF_DOS: usize = 48;

/// The digits of an offset of strace.
const STRACE: usize = 5;

/// The radices of offsets.
const RADICES: [u32; 3] = [8, 10, 16];

/// Digits of an offset.
const OFFSET: core::ops::RangeInclusive<usize> = 4..=16;

/// The longest row that a `*` repeats: `xxd -c 256`, the widest it has.
const ROW_OCTETS: usize = 256;

/// The characters of the words in front of a row.
const WORDS: usize = 96;

/// No row is longer: `xxd -g 1 -c 256` has 8 + 2 + 256 * 3 + 1 + 256 characters, 256 of which may
/// be two octets of UTF-8.
const LINE_OCTETS: usize = 2048;
