//! The shape that the rows of a listing have in common.
//!
//! ```text
//! 00000010: 0000 0981 f820 0000 0023 … 16e1 c2a5  ..... ...#......
//! ........: .... .... .... .... .... … .... ....  ................   the same in each row
//! ```
//!
//! A row that differs from an earlier one only in its offset, its digits and the text beside them
//! is read without a search for any of these. Such a row has to be exactly as a program writes it:
//! a row that is incomplete, damaged or ambiguous is left to the careful look.

use core::ops::Range;

use super::{canonical, separator::is_blank};

/// How the rows are laid out.
#[derive(Clone, Debug)]
pub(super) struct RowShape {
    /// A row.
    sample: Vec<u8>,
    /// ff for each of its characters that is the same in all rows.
    fixed: Vec<u8>,
    /// Digits of the offset, with which a row begins.
    offset: usize,
    /// Where the digits of its octets are: two in one place each, or four if all groups can be cut so.
    places: Vec<usize>,
    /// Digits of a group.
    width: usize,
    /// Where the text begins, and whether there are bars around it.
    text: Option<(usize, bool)>,
    /// The digits of a row, moved together.
    digits: Vec<u8>,
}

impl RowShape {
    /// Of a row with so many digits of an offset, and groups of digits at `body`; nothing if a row
    /// of this kind could also be meant in another way.
    pub(super) fn of(line: &[u8], offset: usize, body: &Range<usize>) -> Option<Self> {
        let groups = line.get(body.clone())?;
        let width = groups.iter().position(|&c| is_blank(c))?;
        let even = |group: &[u8]| group.is_empty() || group.len() == width;
        let is_digit = |at: &usize| line.get(*at).is_some_and(|&c| !is_blank(c));
        let digits: Vec<usize> = body.clone().filter(is_digit).collect();
        let octets = digits.len() / 2;
        let behind = line.get(body.end..)?;
        let text = match behind.trim_ascii_start() {
            [] if is_without_doubt(groups, octets) && width == 2 => None,
            [b'|', inner @ .., b'|'] | [b'>', inner @ .., b'<'] if inner.len() == octets => {
                Some((line.len() - octets - 1, true))
            }
            text if text.len() == octets => Some((line.len() - octets, false)),
            _ => return None,
        };
        if !groups.split(|&c| is_blank(c)).all(even) || !width.is_multiple_of(2) {
            return None;
        }
        let mut fixed = vec![0xff; line.len()];
        let free = (0..offset).chain(digits.iter().copied());
        for at in free.chain(text.into_iter().flat_map(|(start, _)| start..start + octets)) {
            *fixed.get_mut(at)? = 0;
        }
        let places = digits.iter().copied().step_by(in_one_place(width)).collect();
        let (sample, digits) = (line.to_vec(), vec![0; 2 * octets]);
        let mut shape = Self { sample, fixed, offset, places, width, text, digits };
        shape.read(line, 16, true, &mut Vec::new()).is_some().then_some(shape)
    }

    /// Digits of a group.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// True for a row that differs only in its offset, its digits and its text.
    pub(super) fn fits(&self, line: &[u8]) -> bool {
        let pairs = line.iter().zip(&self.sample).zip(&self.fixed);
        let differs = || pairs.fold(0, |sum, ((a, b), fixed)| sum | (a ^ b) & fixed) != 0;
        line.len() == self.sample.len() && !differs()
    }

    /// The offset of a row that has this shape. Its octets are put into `octets`, which is emptied
    /// first.
    ///
    /// `ordered`: the octets are known to stand in their order, whatever the text looks like.
    pub(super) fn read(
        &mut self,
        line: &[u8],
        radix: u8,
        ordered: bool,
        octets: &mut Vec<u8>,
    ) -> Option<u64> {
        if !self.fits(line) {
            return None;
        }
        match in_one_place(self.width) {
            4 => gather::<4>(line, &self.places, &mut self.digits)?,
            _ => gather::<2>(line, &self.places, &mut self.digits)?,
        }
        octets.clear();
        canonical::decode(&self.digits, octets).ok()?;
        if let Some((start, framed)) = self.text
            && !shows(line.get(start..start + octets.len())?, octets, framed, ordered)
        {
            return None;
        }
        number(line.get(..self.offset)?, radix)
    }
}

/// The digits that are moved in one go.
const fn in_one_place(width: usize) -> usize {
    if width.is_multiple_of(4) { 4 } else { 2 }
}

/// Moves the digits at these places together.
fn gather<const SIZE: usize>(line: &[u8], places: &[usize], digits: &mut [u8]) -> Option<()> {
    for (digits, &at) in digits.as_chunks_mut::<SIZE>().0.iter_mut().zip(places) {
        *digits = *line.get(at..)?.first_chunk()?;
    }
    Some(())
}

/// The number that up to 16 digits make, in lower case as programs write them.
fn number(digits: &[u8], radix: u8) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, &c| {
        let digit = match c {
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            _ => return None,
        };
        let next = number.wrapping_mul(radix.into()).wrapping_add(digit.into());
        (digit < radix).then_some(next)
    })
}

/// True if no end of these groups of two digits can be taken for the text beside the groups before
/// it: the text has one character for each octet.
const fn is_without_doubt(groups: &[u8], octets: usize) -> bool {
    groups.len() + 1 == 3 * octets && octets % 4 != 3
}

/// True if the text is exactly what a program shows for the octets, and all of it is seen to be: a
/// blank at the end is lost, and at the start, or behind a bar, text looks as if it were shifted.
fn shows(text: &[u8], octets: &[u8], framed: bool, ordered: bool) -> bool {
    let printed = |octet: u8| if matches!(octet, b' '..=b'~') { octet } else { b'.' };
    let differs = text.iter().zip(octets).fold(0, |sum, (&c, &octet)| sum | (c ^ printed(octet)));
    let whole = match text {
        [.., b' '] => false,
        [b' ' | b'|' | b'>', ..] => ordered,
        _ => true,
    };
    differs == 0 && (framed || whole)
}
