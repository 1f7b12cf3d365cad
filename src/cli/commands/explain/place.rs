//! The place that `--at` asks for: an octet, a layer and an octet, a telegram by its number, or a message
//! with its place in the input.

use std::str::FromStr;

use meterpipe::{
    error::Layer,
    explain::span::{LayerListing, Span, SpanRole},
    record::Place,
};

/// An octet of a layer, or all layers of a place in the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WantedPlace {
    /// The number of the telegram; `None` for any.
    telegram: Option<usize>,
    /// Where in the input the layer begins; `None` for any place.
    input: Option<InputPlace>,
    /// The layer as tools call it; `None` for every layer that has the octet.
    layer: Option<String>,
    /// `None` for all octets.
    octet: Option<usize>,
    /// The octet stands behind the end of its layer, whose last part is shown.
    is_behind_end: bool,
    /// The words of a message about it, from the layer on and without advice.
    message: Option<String>,
    /// The defect with these words is shown, wherever its layer has it.
    is_defect: bool,
}

/// A place of the input as messages have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputPlace {
    Line(u64),
    Octet(u64),
}

/// The heading of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListingHead {
    /// A telegram or a part of one: its number, and where in the input it begins.
    Telegram(usize, Place),
    /// Octets of none, and where they begin.
    Noise(Place),
}

impl ListingHead {
    /// Where in the input the octets begin.
    pub(super) const fn place(self) -> Place {
        match self {
            Self::Telegram(_, place) | Self::Noise(place) => place,
        }
    }
}

/// The layers in listings that no message names.
const OTHERS: [&str; 2] = ["block", "noise"];

impl WantedPlace {
    /// True if the place may be in that listing.
    pub(super) fn may_be_in(&self, head: ListingHead) -> bool {
        let number = match head {
            ListingHead::Telegram(number, _) => Some(number),
            ListingHead::Noise(_) => None,
        };
        self.telegram.is_none() || self.telegram == number
    }

    /// True for the heading of a layer, which the first telegram answers that has such a layer.
    pub(super) const fn is_layer(&self) -> bool {
        self.layer.is_some() && self.octet.is_none()
    }

    /// The place for layers that end before the octet, with that octet; `None` unless the text names all of
    /// place, layer and octet, as messages do.
    pub(super) fn behind_end(&self) -> Option<(Self, usize)> {
        let octet = self.octet.filter(|_| self.input.is_some() && self.layer.is_some())?;
        Some((Self { is_behind_end: true, ..self.clone() }, octet))
    }

    /// True if the place is one of the input alone, without an octet of a layer.
    pub(super) const fn is_of_input(&self) -> bool {
        self.input.is_some() && self.octet.is_none()
    }

    /// True if the place of the input is not in front of another one.
    pub(super) fn is_behind(&self, place: Place) -> bool {
        match (self.input, place) {
            (Some(InputPlace::Line(wanted)), Place::Line(line) | Place::Record(line)) => {
                line <= wanted
            }
            (Some(InputPlace::Octet(wanted)), Place::Octet(octet)) => octet <= wanted,
            _ => false,
        }
    }

    /// True if the place of the input is not behind another one.
    pub(super) fn is_up_to(&self, place: Place) -> bool {
        match (self.input, place) {
            (Some(InputPlace::Line(wanted)), Place::Line(line) | Place::Record(line)) => {
                wanted <= line
            }
            (Some(InputPlace::Octet(wanted)), Place::Octet(octet)) => wanted < octet,
            _ => false,
        }
    }

    /// The spans of a layer that hold the octet, the outermost first; `None` for all of them.
    pub(super) fn spans<'l, 'a>(&self, listing: &'l LayerListing<'a>) -> Option<Vec<&'l Span<'a>>> {
        if self.is_defect {
            let defect = self.defect_in(listing);
            let at = |defect: &Span<'_>| listing.at(defect.offset).collect();
            return Some(defect.map(at).unwrap_or_default());
        }
        // A message may be about the same input in another form.
        let is_here = self.begins_at(listing.place).unwrap_or(!self.is_behind_end);
        let name = listing.name();
        let Some(octet) = self.octet else {
            let here = self.layer.as_ref().is_none_or(|layer| *layer == name);
            return (!is_here || !here).then(Vec::new);
        };
        let here = self.layer.as_ref().is_none_or(|layer| match layer.contains('#') {
            true => *layer == name,
            // The text of a DSMR telegram is an APDU where it is ciphered.
            false => layer == listing.layer || layer == "apdu" && listing.layer == "dsmr",
        });
        let octet = match (self.is_behind_end, listing.octets.len()) {
            (false, _) => octet,
            (true, length @ 1..) if octet >= length => length - 1,
            (true, _) => return Some(Vec::new()),
        };
        Some(listing.at(octet).filter(|_| is_here && here).collect())
    }

    /// True for a layer that begins at that place; `None` for a place of another form.
    fn begins_at(&self, place: Place) -> Option<bool> {
        match (self.input, place) {
            (Some(InputPlace::Line(wanted)), Place::Line(line) | Place::Record(line)) => {
                Some(wanted == line)
            }
            (Some(InputPlace::Octet(wanted)), Place::Octet(octet)) => Some(wanted == octet),
            _ => None,
        }
    }

    /// True for a layer that has the very defect of the message.
    pub(super) fn is_told_in(&self, listing: &LayerListing<'_>, head: ListingHead) -> bool {
        let mut places = [listing.place, head.place()].into_iter();
        places.any(|place| self.begins_at(place).unwrap_or(true))
            && self.defect_in(listing).is_some()
    }

    fn defect_in<'l, 'a>(&self, listing: &'l LayerListing<'a>) -> Option<&'l Span<'a>> {
        let words = self.message.as_ref()?;
        let mut damaged = listing.spans.iter().filter(|span| span.role == SpanRole::Damaged);
        damaged.find(|span| span.text.contains(words))
    }

    /// The defect of the message in layers that have it.
    pub(super) fn of_defect(&self) -> Self {
        Self { is_defect: true, ..self.clone() }
    }

    /// The octet of the message, if that layer ends before it.
    pub(super) fn lacking_in(&self, listing: &LayerListing<'_>) -> Option<usize> {
        self.octet.filter(|octet| *octet >= listing.octets.len())
    }

    /// True for a message with more words than its place.
    pub(super) const fn is_message(&self) -> bool {
        self.message.is_some()
    }
}

impl FromStr for WantedPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(octet) = text.parse() {
            return Ok(Self { octet: Some(octet), ..Self::default() });
        }
        if let Some(found) = heading(text) {
            return Ok(found);
        }
        let found = layer(text);
        let (before, behind) = found.as_ref().map_or(("", text), |found| (found.1, found.2));
        let octet = behind.trim().parse().ok().or_else(|| first_number(behind, "octet "));
        let input = input_place(if found.is_some() { before } else { text });
        let input = input.filter(|place| found.is_some() || matches!(place, InputPlace::Line(_)));
        let (layer, octet) = match (octet, input) {
            (Some(octet), _) if text.contains("of the plaintext") => {
                (Some("apdu".to_owned()), Some(octet))
            }
            (Some(octet), _) => (found.map(|(layer, ..)| layer), Some(octet)),
            (None, Some(_)) => (None, None),
            (None, None) => return Err(NO_PLACE.into()),
        };
        let message = message(before, behind).filter(|_| octet.is_some());
        Ok(Self { input, layer, octet, message, ..Self::default() })
    }
}

/// The words of a message, from its layer on, which is the last word `before` them; `None` for an octet alone.
fn message(before: &str, behind: &str) -> Option<String> {
    let (layer, words) = (before.rsplit([' ', '\t']).next()?, behind.split(';').next()?.trim());
    words.contains(' ').then(|| format!("{layer}: {words}"))
}

/// The answer to a message without a place.
const NO_PLACE: &str = "--at: the text names no place: give an octet (57), a layer and an octet (apdu:57), a \
                        line (line 4), a telegram (telegram 2), or a message with such a place";

/// The place in the heading of a listing: `Telegram 2, octet 303`.
fn heading(text: &str) -> Option<WantedPlace> {
    let lower = text.to_ascii_lowercase();
    let nothing = WantedPlace::default();
    if let Some((layer, place)) = layer_heading(text) {
        return Some(WantedPlace { layer: Some(layer), input: input_place(place), ..nothing });
    }
    if let Some(place) = lower.strip_prefix("no telegram, ") {
        let input = Some(input_place(place)?);
        return Some(WantedPlace { input, ..nothing });
    }
    let number = lower.strip_prefix("telegram ")?.split(',').next()?.trim().parse().ok()?;
    Some(WantedPlace { telegram: Some(number), ..nothing })
}

/// The layer in the heading of one, and the text behind it: `Plain APDU, 242 octets (apdu)`.
fn layer_heading(text: &str) -> Option<(String, &str)> {
    let (before, behind) = text.rsplit_once(" (")?;
    let (name, place) = behind.split_once(')')?;
    let (layer, _) = name.split_once('#').unwrap_or((name, ""));
    let is_heading = before.starts_with(|c: char| c.is_ascii_uppercase()) && !before.contains(':');
    let is_heading = is_heading && (place.is_empty() || place.starts_with(", "));
    listed(layer).filter(|listed| is_heading && *listed == layer)?;
    Some((name.to_owned(), place))
}

/// The number behind the first such word that has one.
fn first_number(text: &str, word: &str) -> Option<usize> {
    let mut behind = text.match_indices(word).filter_map(|(at, word)| text.get(at + word.len()..));
    behind.find_map(|behind| behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

/// The place of the input that a text names last.
fn input_place(text: &str) -> Option<InputPlace> {
    let number = |word: &str| {
        let (_, behind) = text.rsplit_once(word)?;
        behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    number("line ").map(InputPlace::Line).or_else(|| number("octet ").map(InputPlace::Octet))
}

/// The last word in front of a colon that names a layer, and the texts around it.
fn layer(text: &str) -> Option<(String, &str, &str)> {
    let colons = text.match_indices(':').rev();
    let mut layers = colons.filter_map(|(at, _)| {
        let (before, behind) = (text.get(..at)?, text.get(at + 1..)?);
        let word = before.rsplit([' ', '\t']).next()?;
        let (name, number) = word.split_once('#').unwrap_or((word, ""));
        let name = listed(name)?.to_owned() + if number.is_empty() { "" } else { "#" } + number;
        Some((name, before, behind))
    });
    layers.next()
}

/// The layer of a listing that a name of a message stands for.
fn listed(name: &str) -> Option<&'static str> {
    let plain = [Layer::Apdu, Layer::Axdr, Layer::Reading];
    let links = [Layer::Mbus, Layer::Hdlc, Layer::Wrapper, Layer::Dsmr, Layer::Cipher];
    let links = links.map(Layer::name);
    match plain.iter().any(|layer| layer.name() == name) {
        true => Some(Layer::Apdu.name()),
        false => links.into_iter().chain(OTHERS).find(|layer| *layer == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_words_without_the_advice() {
        let words = "axdr: 1 octet left at octet 9, behind the data";
        for (text, message) in [
            (format!("meterpipe decode: line 7: {words}; try another key"), Some(words)),
            (words.to_owned(), Some(words)),
            ("axdr:9".to_owned(), None),
            ("9".to_owned(), None),
            ("line 7: hex: odd number of hex digits at character 9".to_owned(), None),
        ] {
            let place: WantedPlace = text.parse().unwrap();
            assert_eq!(place.message.as_deref(), message, "{text}");
        }
    }

    #[test]
    fn an_octet_a_layer_and_whole_messages_are_read() {
        let line = |line| Some(InputPlace::Line(line));
        for (text, input, layer, octet) in [
            ("254", None, None, Some(254)),
            ("axdr:57", None, Some("apdu"), Some(57)),
            ("apdu: 57", None, Some("apdu"), Some(57)),
            ("mbus#2:18", None, Some("mbus#2"), Some(18)),
            ("mbus: checksum at octet 254", None, Some("mbus"), Some(254)),
            (
                "octet 512: mbus: checksum at octet 254: found 17, computed 18",
                Some(InputPlace::Octet(512)),
                Some("mbus"),
                Some(254),
            ),
            (
                "meterpipe decode: line 17 (2026-08-24T21:03:17.482Z): hdlc: closing flag at octet 9: found 0a",
                line(17),
                Some("hdlc"),
                Some(9),
            ),
            (
                "cipher: the key fits; damaged from octet 31 of the plaintext",
                None,
                Some("apdu"),
                Some(31),
            ),
            ("line 3 of.hex: line 4: cipher: no key for this meter", line(4), None, None),
            ("line 7", line(7), None, None),
            ("line 7: mbus: 2500 ms between two segments, at most 2000", line(7), None, None),
            ("line 7: hex: odd number of hex digits at character 9", line(7), None, None),
            (
                "line 7: axdr: 1 octet left at octet 9, behind the data",
                line(7),
                Some("apdu"),
                Some(9),
            ),
            ("No telegram, octet 21", Some(InputPlace::Octet(21)), None, None),
            ("octet 7", None, None, Some(7)),
        ] {
            let layer = layer.map(str::to_owned);
            let found = text.parse().map(|it: WantedPlace| WantedPlace { message: None, ..it });
            let wanted = WantedPlace { input, layer, octet, ..WantedPlace::default() };
            assert_eq!(found, Ok(wanted), "{text}");
        }
        for (text, layer, input) in [
            ("Plain APDU, 242 octets (apdu)", "apdu", None),
            ("M-Bus frame, 26 octets (mbus#2), octet 256", "mbus#2", Some(InputPlace::Octet(256))),
        ] {
            let layer = Some(layer.to_owned());
            assert_eq!(text.parse(), Ok(WantedPlace { layer, input, ..WantedPlace::default() }));
        }
        for text in ["telegram 2", "Telegram 2, octet 303", "Telegram 2, line 4"] {
            let wanted = WantedPlace { telegram: Some(2), ..WantedPlace::default() };
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "mbus",
            "apdu:x",
            "the key does not fit",
            "line",
            "octet x",
            "telegram",
            "1 telegram, 2 rejected",
        ] {
            assert!(text.parse::<WantedPlace>().is_err(), "{text}");
        }
    }
}
