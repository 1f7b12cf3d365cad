//! The listing as a page: offset, octets, name and meaning in columns.
//!
//! ```text
//! Telegram 1, line 1
//!
//!   Plain APDU, 243 octets (apdu)
//!     36  09 06 01 00 01 08 00 ff    OBIS code         1-0:1.8.0
//!     44  06 00 00 32 89             energy_import_wh  12937 Wh, double-long-unsigned
//! ```

use std::env;

use super::place::{ListingHead, WantedPlace};
use meterpipe::{
    error::Layer,
    explain::{
        data::TYPE,
        span::{LayerListing, Span, SpanRole},
    },
    format::printable::printable,
    record::Place,
};

/// The octets in a row.
const ROW: usize = 8;

/// The rows of octets without a meaning of their own; the rest is counted only.
const ROWS: usize = 4;

/// The columns of a page that goes to no terminal.
const COLUMNS: usize = 100;

/// The least width of the text, however narrow the terminal is.
const NARROW: usize = 16;

/// The widest column of names; a longer name pushes its text away.
const NAME: usize = 30;

/// Writes pages.
pub(super) struct ExplainPage {
    columns: usize,
    colours: bool,
    /// One of them was written.
    has_begun: bool,
}

/// A line of a table before it is wrapped.
struct PageRow<'a> {
    offset: usize,
    octets: &'a [u8],
    /// The octets may be cut short.
    is_bulk: bool,
    /// The octets are characters of a text.
    is_text: bool,
    name: String,
    text: String,
    /// The A-XDR type of a value, where no other row tells it.
    kind: Option<&'a str>,
    role: SpanRole,
}

impl ExplainPage {
    /// Pages for standard output, with colours if it is a terminal that has them.
    pub(super) fn of_stdout(is_terminal: bool) -> Self {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        let colours = is_terminal && !is_set("NO_COLOR") && !is_dumb;
        Self { columns: columns(is_terminal), colours, has_begun: false }
    }

    /// Takes note that the listings so far are not printed.
    pub(super) const fn restart(&mut self) {
        self.has_begun = false;
    }

    /// Appends a listing, or one place in it. False if it has no such place.
    pub(super) fn telegram(
        &mut self,
        layers: &[LayerListing<'_>],
        head: ListingHead,
        at: Option<&WantedPlace>,
        text: &mut Vec<u8>,
    ) -> bool {
        let spans = |listing| match at {
            Some(at) if at.may_be_in(head) => {
                let spans = |spans: Vec<_>| spans.into_iter().map(|span| row(listing, span));
                at.spans(listing).map_or_else(|| on_page(listing), |it| spans(it).collect())
            }
            Some(_) => Vec::new(),
            None => on_page(listing),
        };
        let layers: Vec<_> = layers.iter().map(|listing| (listing, spans(listing))).collect();
        if layers.iter().all(|(_, rows)| rows.is_empty()) {
            return false;
        }
        if core::mem::replace(&mut self.has_begun, true) {
            text.push(b'\n');
        }
        let title = match head {
            ListingHead::Telegram(number, place) => format!("Telegram {number}{}", at_place(place)),
            ListingHead::Noise(place) => format!("No telegram{}", at_place(place)),
        };
        self.line(Some(BOLD), &title, text);
        for (listing, rows) in layers.iter().filter(|(_, rows)| !rows.is_empty()) {
            self.layer(listing, head.place(), rows, text);
        }
        true
    }

    fn layer(
        &self,
        listing: &LayerListing<'_>,
        start: Place,
        rows: &[PageRow<'_>],
        text: &mut Vec<u8>,
    ) {
        text.push(b'\n');
        // Messages name the place of a frame.
        let place = if listing.place == start { String::new() } else { at_place(listing.place) };
        let title = format!("{} ({}){place}", listing.title, listing.name());
        self.line(Some(BOLD), &title, text);
        for note in &listing.notes {
            self.line(None, &printable(note), text);
        }
        let digits = rows.iter().map(|row| row.offset.to_string().len()).max().unwrap_or(1);
        let wide = |row: &PageRow<'_>| row.name.chars().count();
        let name = rows.iter().map(wide).filter(|wide| *wide <= NAME).max().unwrap_or_default();
        for row in rows {
            self.row(row, digits, name, text);
        }
    }

    fn row(&self, row: &PageRow<'_>, digits: usize, name: usize, text: &mut Vec<u8>) {
        let octets = octet_rows(row);
        let before = 1 + digits + 2 + 3 * ROW - 1 + 2;
        let width = name.max(row.name.chars().count()) + 2;
        let room = self.columns.saturating_sub(before + width).max(NARROW);
        let meaning = wrapped(&row.meaning(), room);
        let colour = colour(row.role);
        for at in 0..octets.len().max(meaning.len()) {
            let (offset, label) = match at {
                0 => (row.offset.to_string(), row.name.as_str()),
                _ => (String::new(), ""),
            };
            let octets = octets.get(at).map_or("", String::as_str);
            let mut line = format!(" {}  ", self.painted(DIM, &format!("{offset:>digits$}")));
            let padding = (3 * ROW - 1).saturating_sub(octets.chars().count());
            line += &self.painted(colour.unwrap_or_default(), octets);
            line += &" ".repeat(padding + 2);
            line += label;
            line += &" ".repeat(width.saturating_sub(label.chars().count()));
            let words = meaning.get(at).map_or("", String::as_str);
            // Only the last line ends with the type, which is a single word.
            let kind = row.kind.filter(|_| at + 1 == meaning.len()).unwrap_or_default();
            let (words, kind) = words.strip_suffix(kind).map_or((words, ""), |it| (it, kind));
            line += &self.painted(colour.unwrap_or_default(), words);
            line += &self.painted(DIM, kind);
            text.extend_from_slice(line.trim_end().as_bytes());
            text.push(b'\n');
        }
    }

    fn line(&self, colour: Option<&str>, line: &str, text: &mut Vec<u8>) {
        text.extend_from_slice(self.painted(colour.unwrap_or_default(), line).as_bytes());
        text.push(b'\n');
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        match self.colours && !colour.is_empty() && !text.trim().is_empty() {
            true => format!("\x1b[{colour}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// A place behind a title.
fn at_place(place: Place) -> String {
    match place {
        Place::Line(line) | Place::Record(line) => format!(", line {line}"),
        Place::Octet(octet) => format!(", octet {octet}"),
        Place::Live => String::new(),
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";

/// The colour of a part: values stand out, defects most.
const fn colour(role: SpanRole) -> Option<&'static str> {
    match role {
        SpanRole::Field => None,
        SpanRole::Content | SpanRole::Unexplained => Some(DIM),
        SpanRole::Code => Some("34"),
        SpanRole::Value => Some("32"),
        SpanRole::Time => Some("36"),
        SpanRole::Damaged => Some("1;31"),
    }
}

/// The columns of standard output.
fn columns(is_terminal: bool) -> usize {
    if !is_terminal {
        return COLUMNS;
    }
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 1 => size.ws_col.into(),
        _ => 80,
    }
}

impl PageRow<'_> {
    /// The text, and behind it the type.
    fn meaning(&self) -> String {
        match (self.kind, &*self.text) {
            (None, text) => text.to_owned(),
            (Some(kind), "") => kind.to_owned(),
            (Some(kind), text) => format!("{text}, {kind}"),
        }
    }
}

/// The rows of a whole layer: a span has none that the row of another one shows already.
fn on_page<'l>(listing: &'l LayerListing<'_>) -> Vec<PageRow<'l>> {
    let mut behind = 0;
    let mut rows = Vec::new();
    for (at, span) in listing.spans.iter().enumerate() {
        if span.offset >= behind {
            behind = span.offset + span.shown;
            let within = listing.spans.get(at + 1).filter(|it| it.depth > span.depth);
            rows.push(PageRow { kind: within.and_then(|it| kind(span, it)), ..row(listing, span) });
        }
    }
    rows
}

/// The type of a value, which is the first span within it.
fn kind<'l>(value: &Span<'_>, first: &'l Span<'_>) -> Option<&'l str> {
    let is_value = matches!(value.role, SpanRole::Value | SpanRole::Time);
    (is_value && first.name == TYPE).then_some(&*first.text)
}

fn row<'l>(listing: &'l LayerListing<'_>, span: &Span<'_>) -> PageRow<'l> {
    let octets = listing.octets_of(span);
    PageRow {
        offset: span.offset,
        octets: octets.get(..span.shown).unwrap_or(octets),
        is_bulk: matches!(span.role, SpanRole::Content | SpanRole::Unexplained),
        is_text: listing.layer == Layer::Dsmr.name() && octets.is_ascii(),
        name: format!("{}{}", "  ".repeat(span.depth), printable(&span.name)),
        text: printable(&span.text).into_owned(),
        kind: None,
        role: span.role,
    }
}

/// The octets in rows. Octets that another layer reads, or that nobody does, are cut short.
fn octet_rows(row: &PageRow<'_>) -> Vec<String> {
    if row.is_text {
        let most = if row.is_bulk { ROWS * 3 * ROW } else { row.octets.len() };
        let text = String::from_utf8_lossy(row.octets.get(..most).unwrap_or(row.octets));
        let mut rows = wrapped(&printable(text.trim_end()), 3 * ROW - 1);
        if row.is_bulk && (rows.len() > ROWS || row.octets.len() > most) {
            rows.truncate(ROWS);
            rows.push("…".to_owned());
        }
        return rows;
    }
    let digits = |octets: &[u8]| {
        octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
    };
    let most = match row.role {
        SpanRole::Content => 1,
        _ => ROWS,
    };
    let rows = row.octets.chunks(ROW);
    if !row.is_bulk || rows.len() <= most {
        return rows.map(digits).collect();
    }
    let mut rows: Vec<_> = rows.take(most).map(digits).collect();
    if let Some(last) = rows.last_mut() {
        last.truncate(3 * ROW - 4);
        last.push_str(" …");
    }
    rows
}

/// A text in lines of at most so many characters, broken between words where that can be.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let size = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + size <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => {
                let characters: Vec<char> = word.chars().collect();
                let mut rest = characters.as_slice();
                while !rest.is_empty() {
                    let (part, behind) = rest.split_at(part_of(rest, room));
                    lines.push(part.iter().collect());
                    rest = behind;
                }
            }
        }
    }
    lines
}

/// The characters of a word that go on a line: all of them, or those up to a hyphen, or as many as there is room.
fn part_of(word: &[char], room: usize) -> usize {
    if word.len() <= room {
        return word.len();
    }
    let is_hyphen = |pair: &[char]| matches!(pair, [before, '-'] if before.is_alphabetic());
    let mut ends = (2..=room).rev();
    let hyphen = ends.find(|end| word.get(end - 2..*end).is_some_and(is_hyphen));
    hyphen.unwrap_or(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdef gh", 4), ["abcd", "ef", "gh"]);
        assert_eq!(
            wrapped("7 Wh, double-long-unsigned", 16),
            ["7 Wh,", "double-long-", "unsigned"]
        );
        assert_eq!(wrapped("2026-06-21T00:00", 12), ["2026-06-21T0", "0:00"]);
        assert_eq!(wrapped("", 4), [""; 0]);
    }

    #[test]
    fn colours_stand_around_words_and_only_on_request() {
        let page = |colours| ExplainPage { columns: 80, colours, has_begun: false };
        assert_eq!(page(true).painted("32", "12937 Wh"), "\x1b[32m12937 Wh\x1b[0m");
        assert_eq!(page(true).painted("32", "  "), "  ");
        assert_eq!(page(false).painted("32", "12937 Wh"), "12937 Wh");
    }

    #[test]
    fn octets_of_other_layers_are_cut_short() {
        let octets = [7; 40];
        let row = |role, is_bulk| {
            let (name, text) = (String::new(), String::new());
            let (offset, octets, is_text) = (0, &octets, false);
            octet_rows(&PageRow { offset, octets, is_bulk, is_text, name, text, kind: None, role })
        };
        assert_eq!(row(SpanRole::Content, true), ["07 07 07 07 07 07 07 …"]);
        assert_eq!(row(SpanRole::Unexplained, true).len(), 4);
        assert_eq!(row(SpanRole::Value, false).len(), 5);
    }
}
