//! Letters as shades of grey: sheets that `contrib/pictures/letters` has drawn from DejaVu Sans.
//!
//! ```text
//! ▀     ▀    ▀       a mark in the first line of pixels where a letter begins
//!  ▄▀▄  █▄▄  ▄▀▀
//!  █▀█  █▄█  ▀▄▄
//! ```

use std::io::Read;

use flate2::read::GzDecoder;

/// The letters of one size.
#[derive(Debug)]
pub struct LetterSheet {
    grey: Vec<u8>,
    width: usize,
    /// The left edge of each letter, and the right edge of the last one.
    edges: Vec<usize>,
    /// The line that letters stand on.
    base: usize,
}

/// The columns left and right of each letter, into which its neighbours may reach.
const SIDE: usize = 2;

impl LetterSheet {
    /// Letters of 24 pixels.
    #[must_use]
    pub fn small() -> Option<Self> {
        Self::read(include_bytes!("letters.pgm.gz"), 24)
    }

    /// Bold letters of 32 pixels.
    #[must_use]
    pub fn heading() -> Option<Self> {
        Self::read(include_bytes!("headings.pgm.gz"), 32)
    }

    fn read(file: &[u8], base: usize) -> Option<Self> {
        let mut grey = Vec::new();
        GzDecoder::new(file).read_to_end(&mut grey).ok()?;
        let header: Vec<_> = grey.drain(..=memchr::memchr(b'\n', &grey)?).collect();
        let width = std::str::from_utf8(&header).ok()?.split(' ').nth(1)?.parse().ok()?;
        let marks = grey.iter().take(width).enumerate().filter(|(_, mark)| **mark > 0);
        let edges = marks.map(|(x, _)| x).chain([width]).collect();
        let grey = grey.get(width..)?.to_vec();
        Some(Self { grey, width, edges, base })
    }

    /// The width of a text.
    #[must_use]
    pub fn text_width(&self, text: &str) -> usize {
        text.chars().map(|letter| self.advance(letter)).sum()
    }

    /// Calls `dot` with the place and the shade of each pixel of a text: its x from the left end, its y from the top.
    pub fn draw(&self, text: &str, dot: &mut impl FnMut(usize, usize, u8)) {
        let mut left = 0;
        for letter in text.chars() {
            let (from, to) = self.edges_of(letter);
            for (y, line) in self.grey.chunks(self.width.max(1)).enumerate() {
                for (x, shade) in line.get(from..to).unwrap_or_default().iter().enumerate() {
                    if *shade > 0 {
                        dot(left + x, y, *shade);
                    }
                }
            }
            left += self.advance(letter);
        }
    }

    /// The place of the first pixel of a text that stands on a point.
    #[must_use]
    pub fn corner(&self, x: i64, y: i64) -> (i64, i64) {
        let part = |number: usize| i64::try_from(number).unwrap_or(0);
        (x - part(SIDE), y - part(self.base))
    }

    fn advance(&self, letter: char) -> usize {
        let (from, to) = self.edges_of(letter);
        (to - from).saturating_sub(2 * SIDE)
    }

    fn edges_of(&self, letter: char) -> (usize, usize) {
        let edge = |place: usize| self.edges.get(place).copied().unwrap_or(0);
        let place = place(letter);
        (edge(place), edge(place + 1))
    }
}

/// The number of letters from `first` to `letter`.
const fn from(first: char, letter: char) -> usize {
    (letter as u32).abs_diff(first as u32) as usize
}

/// The place of a letter in a sheet; a box is the last one.
const fn place(letter: char) -> usize {
    const LATIN: usize = from(' ', '~') + 1;
    const SIGNS: usize = LATIN + from('¡', 'ÿ') + 1;
    match letter {
        ' '..='~' => from(' ', letter),
        '¡'..='ÿ' => LATIN + from('¡', letter),
        '–' => SIGNS,
        '−' => SIGNS + 1,
        '…' => SIGNS + 2,
        _ => SIGNS + 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sheet: &LetterSheet, text: &str) -> Vec<(usize, usize, u8)> {
        let mut dots = Vec::new();
        sheet.draw(text, &mut |x, y, shade| dots.push((x, y, shade)));
        dots
    }

    #[test]
    fn a_sheet_has_all_letters() {
        for sheet in [LetterSheet::small().unwrap(), LetterSheet::heading().unwrap()] {
            assert_eq!(sheet.edges.len(), place('漢') + 2);
            for letter in "AZaz09äöüßÄÖÜé–−·…()".chars() {
                let dots = drawn(&sheet, &letter.to_string());
                assert!(!dots.is_empty() && dots != drawn(&sheet, "漢"), "{letter}");
            }
            assert_eq!(drawn(&sheet, " "), []);
        }
    }

    #[test]
    fn letters_stand_on_their_line() {
        let sheet = LetterSheet::small().unwrap();
        let lowest = |text| drawn(&sheet, text).into_iter().map(|(_, y, _)| y).max().unwrap();
        assert_eq!((lowest("H"), lowest("1")), (sheet.base - 1, sheet.base - 1));
        assert!(lowest("g") > sheet.base);
    }

    #[test]
    fn texts_are_as_wide_as_the_scene_expects() {
        let sheet = LetterSheet::small().unwrap();
        for text in ["22.10.", "Mon 22 Jun", "1267.7", "keine Werte", "Höchste Viertelstunde"] {
            let width = i64::try_from(sheet.text_width(text)).unwrap() * 5;
            let expected = crate::picture::scene::text_width(text);
            assert!(width <= expected + 20, "{text}: {width} {expected}");
        }
    }
}
