//! The place that `--at` asks for: an octet, a layer and an octet, or a message with both and its place in
//! the input.

use std::str::FromStr;

use meterpipe::{
    error::Layer,
    explain::span::{LayerListing, Span},
    record::Place,
};

/// An octet of a layer, or all layers of a place in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedPlace {
    /// Where in the input the layer begins; `None` for any place.
    input: Option<InputPlace>,
    /// The layer as tools call it; `None` for every layer that has the octet.
    layer: Option<String>,
    /// `None` for all octets.
    octet: Option<usize>,
}

/// A place of the input as messages have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputPlace {
    Line(u64),
    Octet(u64),
}

/// The layers in listings that no message names.
const OTHERS: [&str; 2] = ["block", "noise"];

impl WantedPlace {
    /// The spans of a layer that hold the octet, the outermost first; `None` for all of them.
    pub(super) fn spans<'l, 'a>(&self, listing: &'l LayerListing<'a>) -> Option<Vec<&'l Span<'a>>> {
        let is_here = match (self.input, listing.place) {
            (Some(InputPlace::Line(wanted)), Place::Line(line) | Place::Record(line)) => {
                wanted == line
            }
            (Some(InputPlace::Octet(wanted)), Place::Octet(octet)) => wanted == octet,
            // The message is about the same input in another form.
            _ => true,
        };
        let Some(octet) = self.octet else {
            return (!is_here).then(Vec::new);
        };
        let name = listing.name();
        let here = self.layer.as_ref().is_none_or(|layer| match layer.contains('#') {
            true => *layer == name,
            false => layer == listing.layer,
        });
        Some(listing.at(octet).filter(|_| is_here && here).collect())
    }
}

impl FromStr for WantedPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| -> Option<usize> {
            let digits = text.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        };
        if let Ok(octet) = text.trim().parse() {
            return Ok(Self { input: None, layer: None, octet: Some(octet) });
        }
        let found = layer(text);
        let (before, behind) = found.as_ref().map_or(("", text), |found| (found.1, found.2));
        let octet =
            behind.split_once("octet ").map_or_else(|| number(behind), |(_, it)| number(it));
        let input = input_place(if found.is_some() { before } else { text });
        let line = input.filter(|place| found.is_some() || matches!(place, InputPlace::Line(_)));
        let (layer, octet) = match (octet, line) {
            (Some(octet), _) if text.contains("of the plaintext") => {
                (Some("apdu".to_owned()), Some(octet))
            }
            (Some(octet), _) => (found.map(|(layer, ..)| layer), Some(octet)),
            (None, Some(_)) => (None, None),
            (None, None) => {
                return Err("--at: no octet in it: 57, apdu:57, or a message that names one".into());
            }
        };
        Ok(Self { input: line, layer, octet })
    }
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
            ("octet 7", None, None, Some(7)),
        ] {
            let layer = layer.map(str::to_owned);
            assert_eq!(text.parse(), Ok(WantedPlace { input, layer, octet }), "{text}");
        }
        for text in ["", "mbus", "apdu:x", "the key does not fit", "line", "octet x"] {
            assert!(text.parse::<WantedPlace>().is_err(), "{text}");
        }
    }
}
