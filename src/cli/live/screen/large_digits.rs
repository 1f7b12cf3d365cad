//! Numbers that can be read across a room.

use crate::cli::live::screen::ink::Glyphs;

/// The size of large digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitSize {
    /// Two points in a cell, one above the other: three rows.
    Medium,
    /// Two cells a point: five rows.
    Large,
}

/// Five rows of points, three columns each; the highest bit is on the left.
const DIGITS: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b001, 0b001, 0b001],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];

/// The rows of a number; `None` if a character of it has no large form, or the terminal has no half
/// blocks.
#[must_use]
pub fn rows(number: &str, size: DigitSize, glyphs: Glyphs) -> Option<Vec<String>> {
    if size == DigitSize::Medium && glyphs == Glyphs::Ascii {
        return None;
    }
    let mut points = [const { Vec::<bool>::new() }; 6];
    for character in number.chars() {
        let (bits, columns) = match character {
            '.' => ([0, 0, 0, 0, 1], 1),
            digit => (*DIGITS.get(usize::try_from(digit.to_digit(10)?).ok()?)?, 3),
        };
        for (row, bits) in points.iter_mut().zip(bits) {
            row.extend((0..columns).rev().map(|column| bits >> column & 1 == 1));
            row.push(false);
        }
    }
    let block = glyphs.column(8);
    let large = |row: &Vec<bool>| {
        row.iter().flat_map(|on| [if *on { block } else { ' ' }; 2]).collect::<String>()
    };
    let [first, second, third, fourth, fifth, _] = &points;
    Some(match size {
        DigitSize::Large => [first, second, third, fourth, fifth].map(large).into(),
        DigitSize::Medium => {
            let none = vec![false; first.len()];
            let pairs = [(first, second), (third, fourth), (fifth, &none)];
            pairs.map(|(upper, lower)| halves(upper, lower)).into()
        }
    })
}

fn halves(upper: &[bool], lower: &[bool]) -> String {
    let cell = |(upper, lower): (&bool, &bool)| match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    upper.iter().zip(lower).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_three_or_five_rows() {
        let medium = rows("17.0", DigitSize::Medium, Glyphs::Unicode).unwrap();
        assert_eq!(medium, ["▄█  ▀▀█   █▀█ ", " █    █   █ █ ", "▀▀▀   ▀ ▀ ▀▀▀ "]);
        let large = rows("4", DigitSize::Large, Glyphs::Ascii).unwrap();
        assert_eq!(large, ["##  ##  ", "##  ##  ", "######  ", "    ##  ", "    ##  "]);
        assert_eq!(rows("1e3", DigitSize::Large, Glyphs::Unicode), None);
        assert_eq!(rows("1", DigitSize::Medium, Glyphs::Ascii), None);
    }
}
