//! The first octets of a telegram, too few to be told from other numbers.
//!
//! ```text
//! [12:00:00][D][uart_debug:114]: <<< 68             waits
//! [12:00:00][D][sensor:094]: Sending state 21       has other words
//! [12:00:00][D][uart_debug:114]: <<< FA:FA:68:53    begins a telegram with those that wait
//! ```
//!
//! A serial line is read in pieces, and the first one is often one octet. It is read only if a telegram begins
//! with it and the octets behind the same words.

use super::{
    alike_row::AlikeRow,
    octet_cells::{OctetCells, OctetPlace, places},
    prefix::slice,
    telegram::{FEW_OCTETS, begins_frame, begins_telegram, may_begin},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstOctets {
    /// Several things in a row may be the first octets.
    waiting: Vec<WaitingOctets>,
}

#[derive(Clone, Debug)]
struct WaitingOctets {
    octets: Vec<u8>,
    /// The number of the line of the first of them.
    line: u64,
    /// The row of the last of them. How its octets are parted is not known yet.
    row: AlikeRow,
}

/// A telegram that begins with octets that waited.
pub(super) struct BegunTelegram {
    /// All octets so far.
    pub(super) octets: Vec<u8>,
    /// The row of the last ones, if these are all that may be octets in it.
    pub(super) row: Option<AlikeRow>,
    /// The number of the line of the first one.
    pub(super) line: u64,
}

impl FirstOctets {
    /// True if octets wait.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The telegram that begins with octets that wait and those of the next line, of which its form has `taken`.
    pub(super) fn next(&mut self, line: &[u8], taken: &[u8]) -> Option<BegunTelegram> {
        let begun = self.waiting.iter().find_map(|waiting| waiting.begun(line, taken));
        if begun.is_some() || taken.len() >= BESIDE || begins_telegram(taken) {
            self.waiting = Vec::new();
        } else if !taken.is_empty() {
            // Octets of a line with other words are those of another row.
            self.waiting.retain(|waiting| waiting.row.is_head_of(line));
        }
        begun
    }

    /// Notes a line of which its form has `taken` a few octets or none. Octets without text around them are a row of hex.
    pub(super) fn note(&mut self, line: &[u8], number: u64, taken: &[u8]) {
        let is_taken = |octets: &[u8]| memchr::memmem::find(taken, octets).is_some();
        let more = self.waiting.iter().filter_map(|waiting| waiting.with_more(line, is_taken));
        let more: Vec<_> = more.collect();
        if !more.is_empty() {
            self.waiting = more;
            return;
        }
        let mut found: Vec<(usize, WaitingOctets)> = Vec::new();
        for place in places(line, 1, may_be_first).filter(is_short) {
            let (start, row) = (place.start, AlikeRow::at(&place, line));
            let is_known = found.iter().any(|(at, it)| (*at, &it.octets) == (start, &place.octets));
            let is_new = !is_known && !is_taken(&place.octets);
            if is_new && row.has_words() && found.len() < MOST {
                found.push((start, WaitingOctets { octets: place.octets, line: number, row }));
            }
        }
        if !found.is_empty() {
            self.waiting = found.into_iter().map(|(_, waiting)| waiting).collect();
        }
    }
}

impl WaitingOctets {
    fn begun(&self, line: &[u8], taken: &[u8]) -> Option<BegunTelegram> {
        let is_start = |octets: &[u8]| {
            let is_enough = self.octets.len() + octets.len() > LEAST;
            // The APDU of a frame begins in a row of its own.
            let is_other = match begins_frame(&self.octets) {
                true => begins_frame(octets),
                false => begins_telegram(octets),
            };
            is_enough && !is_other && begins(&self.all(octets))
        };
        // Something beside them has a few octets: an address, a date.
        let is_beside = |octets: &[u8]| taken.len() < BESIDE && octets.len() >= FEW_OCTETS;
        let is_own = |octets: &[u8]| taken.is_empty() || taken == octets || is_beside(octets);
        let places = self.places(line).map(|place| (place.octets.len(), place));
        let places = places.filter(|(_, place)| is_own(&place.octets) && is_start(&place.octets));
        match places.max_by_key(|(octets, _)| *octets).map(|(_, place)| place) {
            Some(place) => {
                let row = Some(AlikeRow::at(&place, line));
                Some(BegunTelegram { octets: self.all(&place.octets), row, line: self.line })
            }
            None => {
                let is_next = self.row.is_head_of(line) && is_start(taken);
                is_next.then(|| BegunTelegram {
                    octets: self.all(taken),
                    row: None,
                    line: self.line,
                })
            }
        }
    }

    /// The same with the octets of a line, as long as all are too few.
    fn with_more(&self, line: &[u8], is_taken: impl Fn(&[u8]) -> bool) -> Option<Self> {
        let places = self.places(line).filter(|place| !is_taken(&place.octets));
        let all = places.map(|place| self.all(&place.octets));
        let few = all.filter(|all| all.len() < FEW_OCTETS && may_be_first(all));
        few.max_by_key(Vec::len).map(|octets| Self {
            octets,
            line: self.line,
            row: self.row.clone(),
        })
    }

    fn all(&self, octets: &[u8]) -> Vec<u8> {
        [&self.octets, octets].concat()
    }

    /// The octets behind the same text, as each way to write them has them.
    fn places<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = OctetPlace> + 'a {
        self.row.start_in(line).into_iter().flat_map(move |start| {
            let text = slice(line, start..line.len());
            OctetCells::of(text, 1).filter_map(move |cells| {
                let (octets, length) = cells.octets(text)?;
                let place = OctetPlace { cells, octets, start, end: start + length };
                let is_row = self.row.is_of_kind(&AlikeRow::at(&place, line));
                // Lines of the same number and words.
                let is_same = place.octets == self.octets;
                (is_row && !is_same).then_some(place)
            })
        })
    }
}

/// True for octets that their form may not read: a few, and base64 in which other words have as many digits.
fn is_short(place: &OctetPlace) -> bool {
    let octets = place.octets.len();
    octets < FEW_OCTETS
        || place.cells == OctetCells::Base64 && octets < FEW_OF_BASE64 && begins(&place.octets)
}

fn may_be_first(octets: &[u8]) -> bool {
    may_begin(octets) || begins(octets)
}

/// True for the first octets of a telegram; those of an APDU with the letters of a manufacturer behind them.
fn begins(octets: &[u8]) -> bool {
    let is_title = match octets {
        [0xdb | 0xdc, _, title @ ..] => title.iter().take(LETTERS).all(u8::is_ascii_uppercase),
        _ => true,
    };
    is_title && begins_telegram(octets)
}

/// Fewer octets of a line may be an address or a date beside those of a telegram.
pub(super) const BESIDE: usize = 12;

/// Fewer octets in base64 may be a word.
const FEW_OF_BASE64: usize = 30;

/// Fewer octets in pieces may be anything.
const LEAST: usize = 3;

/// The letters of a manufacturer.
const LETTERS: usize = 3;

/// The most things in a row that may be the first octets.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// The octets of the telegram that begins with the next line.
    fn begun(lines: &[&str], next: &str, taken: &[u8]) -> Option<Vec<u8>> {
        let mut first = FirstOctets::default();
        for line in lines {
            assert!(first.next(line.as_bytes(), &[]).is_none(), "{line}");
            first.note(line.as_bytes(), 1, &[]);
        }
        first.next(next.as_bytes(), taken).map(|begun| begun.octets)
    }

    #[test]
    fn first_octets_wait_for_those_behind_the_same_words() {
        let all = Some(vec![0x68, 0xfa, 0xfa, 0x68, 0x53]);
        let taken = [0xfa, 0xfa, 0x68, 0x53];
        for (lines, next) in [
            (&["[12:00:00][D]: <<< 68"][..], "[12:00:01][D]: <<< FA:FA:68:53"),
            (&["[12:00:00][D]: <<< 104"], "[12:00:01][D]: <<< 250,250,104,83"),
            (
                &["[12:00:00][D]: <<< 68", "[12:00:00][I]: state 21"],
                "[12:00:01][D]: <<< FA:FA:68:53",
            ),
            (&["I (123) uart: 68"], "I (1123) uart: fa fa 68 53"),
            (&["{\"t\": 9, \"data\": \"68\"}"], "{\"t\": 10, \"data\": \"fafa6853\"}"),
            (&["{\"t\": 9, \"data\": \"aA==\"}"], "{\"t\": 10, \"data\": \"+vpoUw==\"}"),
            (&["{\"data\": [104]}"], "{\"data\": [250, 250, 104, 83]}"),
            (&["1: 68"], "31: fa fa 68 53"),
            (&["<Buffer 68>"], "<Buffer fa fa 68 53>"),
            (&["68,RX"], "fafa6853,RX"),
            (&["104: 68;12:00:00.104"], "31: fafa6853;12:00:00.204"),
            (&["rx: 68", "rx: fa"], "rx: fa 68 53"),
        ] {
            assert_eq!(begun(lines, next, &[]), all, "{next}");
        }
        assert_eq!(begun(&["rx: 68"], "rx: FA-FA68 53", &taken), all, "as its form reads it");
        let hdlc = vec![0x7e, 0xa0, 0x77, 0xcf, 2];
        assert_eq!(begun(&["RX;7ea077;OK"], "RX;cf02;OK", &[]).unwrap(), hdlc);
        for (first, next) in [
            ("state 68", "rx: fafa6853"),
            ("rx: 68", "rx: 68 14 14 68"),
            ("rx: 68", "rx: 01 02 03 04"),
            ("68,RX", "fafa6853,TX"),
            ("68", "fafa6853"),
        ] {
            assert_eq!(begun(&[first], next, &[]), None, "{next}");
        }
    }
}
