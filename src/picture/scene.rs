//! A picture as marks on a plane, before it becomes SVG or pixels.
//!
//! Coordinates are tenths of a pixel, x to the right and y down. Each mark is a rectangle, a step line or a text: the mean
//! of a quarter of an hour is a step, and a slanted or curved line between two means would show powers that nobody
//! measured.

use crate::picture::palette::Ink;

/// A picture.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Width and height.
    pub size: (i64, i64),
    /// The heading.
    pub title: String,
    /// The period, and the meter.
    pub subtitle: String,
    /// The content in words, for people who do not see it.
    pub description: String,
    /// The marks, from the lowest one.
    pub marks: Vec<SceneMark>,
}

/// A part of a picture.
#[derive(Clone, Debug)]
pub enum SceneMark {
    /// Rectangles that belong together.
    Cells {
        /// The colour.
        ink: Ink,
        /// The rectangles.
        cells: Vec<Cuboid>,
    },
    /// A rectangle that a reader may point at.
    Bar {
        /// The colour.
        ink: Ink,
        /// The place.
        cell: Cuboid,
        /// Its exact value in words.
        title: String,
    },
    /// Steps above a base line, or below it.
    Steps {
        /// The colour.
        ink: Ink,
        /// The base line.
        base: i64,
        /// The left end and the height of each step.
        steps: Vec<(i64, i64)>,
        /// The right end of the last step.
        end: i64,
    },
    /// A horizontal or vertical line.
    Rule {
        /// The colour.
        ink: Ink,
        /// One end.
        from: (i64, i64),
        /// The other one.
        to: (i64, i64),
    },
    /// A text.
    Label {
        /// The colour.
        ink: Ink,
        /// The point on its base line that `anchor` names.
        at: (i64, i64),
        /// The end of the text that is at the point.
        anchor: Anchor,
        /// The text.
        text: String,
    },
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuboid {
    /// The left edge.
    pub x: i64,
    /// The upper edge.
    pub y: i64,
    /// The width.
    pub width: i64,
    /// The height.
    pub height: i64,
}

/// The end of a text that is at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The first letter.
    Start,
    /// The middle.
    Middle,
    /// The last letter.
    End,
}

/// The height of letters.
pub const LETTERS: i64 = 120;

/// About the width of a text; fonts differ.
#[must_use]
pub fn text_width(text: &str) -> i64 {
    i64::try_from(text.chars().count()).map_or(0, |count| count * 70)
}

/// True if a number has room beside others: digits are wider than most letters, and a gap keeps two numbers apart.
#[must_use]
pub fn number_fits(text: &str, room: i64) -> bool {
    let width = |sign: char| if sign.is_ascii_digit() { 76 } else { 38 };
    text.chars().map(width).sum::<i64>() + 15 <= room
}

/// The room of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize {
    /// The width of the picture.
    pub width: i64,
}

impl PictureSize {
    /// For a desk, a page of paper, or a file of its own.
    pub const WIDE: Self = Self { width: 8400 };
    /// For a phone, on which a wide picture would have unreadable letters.
    pub const NARROW: Self = Self { width: 3580 };

    /// The left edge of the plot; labels stand left of it.
    pub const LEFT: i64 = 460;
    /// The room right of the plot.
    pub const RIGHT: i64 = 150;

    /// The width of the plot.
    #[must_use]
    pub const fn plot(self) -> i64 {
        self.width - Self::LEFT - Self::RIGHT
    }
}

impl Scene {
    /// Adds a text.
    pub fn label(&mut self, ink: Ink, at: (i64, i64), anchor: Anchor, text: impl Into<String>) {
        self.marks.push(SceneMark::Label { ink, at, anchor, text: text.into() });
    }

    /// Adds a line.
    pub fn rule(&mut self, ink: Ink, from: (i64, i64), to: (i64, i64)) {
        self.marks.push(SceneMark::Rule { ink, from, to });
    }

    /// Adds a legend at the top, line by line, each entry with one colour or two; returns the height that it takes.
    pub fn legend(&mut self, entries: &[(&[Ink], &str)]) -> i64 {
        let (mut x, mut y) = (PictureSize::LEFT, 140);
        for (inks, text) in entries {
            let width = 160 + text_width(text) + 160;
            if x > PictureSize::LEFT && x + width - 160 > self.size.0 {
                (x, y) = (PictureSize::LEFT, y + 190);
            }
            let cell = Cuboid { x, y: y - 95, width: 110, height: 110 };
            let stripe = |part: i64| Cuboid { y: cell.y + part * 45, height: 20, ..cell };
            let parts = i64::try_from(inks.len()).unwrap_or(1).max(1);
            for (part, ink) in (0..).zip(*inks) {
                let cells = match ink {
                    Ink::Gap => (0..3).map(stripe).collect(),
                    _ => vec![Cuboid { x: x + 110 / parts * part, width: 110 / parts, ..cell }],
                };
                self.marks.push(SceneMark::Cells { ink: *ink, cells });
            }
            self.label(Ink::Text, (x + 160, y), Anchor::Start, *text);
            x += width;
        }
        y + 130
    }
}
