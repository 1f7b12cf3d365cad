//! Rows of the screen: text with a meaning, which becomes a colour.

/// The meaning of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenInk {
    /// No meaning.
    #[default]
    Plain,
    /// The most important text of its row.
    Strong,
    /// A label.
    Faint,
    /// All is well.
    Good,
    /// Not as it should be.
    Doubtful,
    /// Wrong.
    Bad,
    /// Energy comes from the grid.
    Import,
    /// Energy goes into the grid.
    Export,
    /// The chosen one.
    Chosen,
}

impl ScreenInk {
    /// The sequence that switches it on. Many terminals show the plain cyan, yellow and green so bright that they
    /// cannot be read on a light ground: of 256 colours, those are taken that stand out from either.
    const fn sequence(self, colours: ScreenColours) -> &'static [u8] {
        let many = matches!(colours, ScreenColours::Many);
        match self {
            _ if matches!(colours, ScreenColours::No) => b"",
            Self::Plain => b"",
            Self::Strong => b"\x1b[1m",
            Self::Faint => b"\x1b[2m",
            Self::Good | Self::Export if many => b"\x1b[38;5;28m",
            Self::Doubtful if many => b"\x1b[38;5;130m",
            Self::Bad if many => b"\x1b[1;38;5;160m",
            Self::Import if many => b"\x1b[38;5;31m",
            Self::Good | Self::Export => b"\x1b[32m",
            Self::Doubtful => b"\x1b[33m",
            Self::Bad => b"\x1b[1;31m",
            Self::Import => b"\x1b[36m",
            Self::Chosen => b"\x1b[7m",
        }
    }
}

/// The colours that a terminal has and its user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenColours {
    /// None.
    No,
    /// Those of the terminal's own palette.
    Few,
    /// The 256 that are the same everywhere.
    Many,
}

/// The signs that a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Blocks, and the ellipsis.
    Unicode,
    /// Nothing but ASCII.
    Ascii,
}

impl Glyphs {
    /// The sign for a text that was cut off.
    #[must_use]
    pub const fn cut(self) -> char {
        match self {
            Self::Unicode => '…',
            Self::Ascii => '~',
        }
    }

    /// A cell that is filled to so many eighths from below.
    #[must_use]
    pub fn column(self, eighths: u64) -> char {
        let cells = match self {
            Self::Unicode => [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => [' ', '.', '.', ':', '-', '=', '+', '*', '#'],
        };
        usize::try_from(eighths).ok().and_then(|at| cells.get(at)).copied().unwrap_or(cells[8])
    }

    /// A cell of another kind of column, which stands beside those of [`column`](Self::column) and is told from them
    /// without a colour: the more, the denser.
    #[must_use]
    pub const fn shade(self, eighths: u64) -> char {
        match (self, eighths) {
            (_, 0) => ' ',
            (Self::Unicode, 1..=3) => '░',
            (Self::Unicode, 4..=6) => '▒',
            (Self::Unicode, _) => '▓',
            (Self::Ascii, 1..=3) => 'o',
            (Self::Ascii, 4..=6) => 'O',
            (Self::Ascii, _) => '@',
        }
    }

    /// A bar of so many eighths of a cell, from the left.
    #[must_use]
    pub fn bar(self, eighths: u64) -> String {
        let cells = match self {
            Self::Unicode => [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'],
            Self::Ascii => [' ', ' ', ' ', ' ', '=', '=', '=', '='],
        };
        let full = usize::try_from(eighths / 8).unwrap_or_default();
        let rest = usize::try_from(eighths % 8).ok().and_then(|at| cells.get(at));
        let mut bar = self.column(8).to_string().repeat(full);
        bar.extend(rest.filter(|cell| **cell != ' '));
        bar
    }
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenRow {
    spans: Vec<(ScreenInk, String)>,
}

impl ScreenRow {
    /// A row with one text.
    #[must_use]
    pub fn of(ink: ScreenInk, text: impl Into<String>) -> Self {
        Self::default().with(ink, text)
    }

    /// The same with another text behind.
    #[must_use]
    pub fn with(mut self, ink: ScreenInk, text: impl Into<String>) -> Self {
        self.spans.push((ink, text.into()));
        self
    }

    /// The same with the texts of another row behind.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// The number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// The same, filled up with blanks.
    #[must_use]
    pub fn filled(self, columns: usize) -> Self {
        let blanks = columns.saturating_sub(self.width());
        self.with(ScreenInk::Plain, " ".repeat(blanks))
    }

    /// As much of the row as fits, with a sign at the end if there was more.
    #[must_use]
    pub fn cut(self, columns: usize, glyphs: Glyphs) -> Self {
        if self.width() <= columns {
            return self;
        }
        let (mut row, mut room) = (Self::default(), columns.saturating_sub(1));
        let mut ink = ScreenInk::Plain;
        for (next, text) in self.spans {
            let part: String = text.chars().take(room).collect();
            room -= part.chars().count();
            ink = next;
            row.spans.push((ink, part));
            if room == 0 {
                break;
            }
        }
        row.with(ink, if columns > 0 { glyphs.cut().to_string() } else { String::new() })
    }

    /// The text alone.
    pub fn text(&self) -> String {
        let text: String = self.spans.iter().map(|(_, text)| text.as_str()).collect();
        text.trim_end().to_owned()
    }

    /// Appends the row with its colours, or without.
    pub fn write(&self, colours: ScreenColours, out: &mut Vec<u8>) {
        for (ink, text) in &self.spans {
            let sequence = ink.sequence(colours);
            out.extend_from_slice(sequence);
            out.extend_from_slice(text.as_bytes());
            if !sequence.is_empty() {
                out.extend_from_slice(b"\x1b[0m");
            }
        }
    }
}

/// A text over as many rows as it needs, broken between words. A word that is longer than a row is broken with
/// a sign.
#[must_use]
pub fn wrapped(text: &str, columns: usize, glyphs: Glyphs) -> Vec<String> {
    let columns = columns.max(2);
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let blank = usize::from(used > 0);
        if used + blank + word.len() > columns && used > 0 {
            rows.push(String::new());
            used = 0;
        }
        while word.len() > columns {
            let rest = word.split_off(columns - 1);
            if let Some(row) = rows.last_mut() {
                row.extend(word.iter().chain([&glyphs.cut()]));
            }
            rows.push(String::new());
            word = rest;
        }
        if let Some(row) = rows.last_mut() {
            if used > 0 {
                row.push(' ');
                used += 1;
            }
            used += word.len();
            row.extend(word);
        }
    }
    rows
}

/// The text with a placeholder for each character that may take no column, or two.
#[must_use]
pub fn narrow(text: &str) -> String {
    let is_narrow = |c: char| matches!(c, ' '..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{2010}'..='\u{2027}' | '€' | '→');
    text.chars().map(|c| if is_narrow(c) { c } else { '?' }).collect()
}

/// The first of these rows that fits, else the last one.
#[must_use]
pub fn fitting(rows: impl IntoIterator<Item = ScreenRow>, columns: usize) -> ScreenRow {
    let mut last = ScreenRow::default();
    for row in rows {
        if row.width() <= columns {
            return row;
        }
        last = row;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The luminance of a colour by WCAG 2; its channels are those of the cube of 256 colours.
    fn luminance(colour: u32) -> f64 {
        let steps = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0];
        let cube = colour - 16;
        let channels = [cube / 36, cube / 6 % 6, cube % 6];
        let linear = channels.map(|step| {
            let part: f64 = steps[usize::try_from(step).unwrap()] / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn colours_can_be_read_on_dark_and_on_light_ground() {
        use ScreenInk::{Bad, Doubtful, Export, Good, Import};
        for ink in [Good, Doubtful, Bad, Import, Export] {
            let sequence = std::str::from_utf8(ink.sequence(ScreenColours::Many)).unwrap();
            let (_, colour) = sequence.trim_end_matches('m').rsplit_once(';').unwrap();
            let luminance = luminance(colour.parse().unwrap());
            let (on_dark, on_light) = ((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05));
            assert!(on_dark >= 3.0 && on_light >= 3.0, "{ink:?}: {on_dark} {on_light}");
        }
    }

    #[test]
    fn a_row_that_is_too_long_ends_with_a_sign() {
        let row = || ScreenRow::of(ScreenInk::Faint, "power ").with(ScreenInk::Strong, "1234 W");
        assert_eq!(row().cut(12, Glyphs::Unicode).text(), "power 1234 W");
        assert_eq!(row().cut(9, Glyphs::Unicode).text(), "power 12…");
        assert_eq!(row().cut(4, Glyphs::Ascii).text(), "pow~");
        assert_eq!(row().cut(0, Glyphs::Ascii).text(), "");
        let mut out = vec![];
        row().cut(9, Glyphs::Ascii).write(ScreenColours::Few, &mut out);
        assert_eq!(out, b"\x1b[2mpower \x1b[0m\x1b[1m12\x1b[0m\x1b[1m~\x1b[0m");
    }

    #[test]
    fn messages_are_broken_between_words() {
        let wrapped = |text: &str, columns| wrapped(text, columns, Glyphs::Unicode);
        assert_eq!(wrapped("check the wiring, größer", 9), ["check the", "wiring,", "größer"]);
        assert_eq!(wrapped("at /dev/serial/by-id", 8), ["at", "/dev/se…", "rial/by…", "-id"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn bars_and_columns_have_eighths() {
        assert_eq!(Glyphs::Unicode.bar(20), "██▌");
        assert_eq!(Glyphs::Unicode.bar(0), "");
        assert_eq!(Glyphs::Ascii.bar(20), "##=");
        assert_eq!([0, 1, 8, 9].map(|it| Glyphs::Unicode.column(it)), [' ', '▁', '█', '█']);
    }

    #[test]
    fn characters_of_other_widths_are_replaced() {
        assert_eq!(narrow("Zähler e\u{301} 電 €"), "Zähler e? ? €");
    }
}
