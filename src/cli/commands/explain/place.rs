//! The place that `--at` asks for: an octet, a layer and an octet, or a message with both.

use std::str::FromStr;

use meterpipe::{
    error::Layer,
    explain::span::{LayerListing, Span},
};

/// An octet of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedPlace {
    /// The layer as tools call it; `None` for every layer that has the octet.
    layer: Option<String>,
    octet: usize,
}

/// The layers in listings that no message names.
const OTHERS: [&str; 2] = ["block", "noise"];

impl WantedPlace {
    /// The spans of a layer that hold the octet, the outermost first.
    pub(super) fn spans<'l, 'a>(&self, listing: &'l LayerListing<'a>) -> Vec<&'l Span<'a>> {
        let name = listing.name();
        let here = self.layer.as_ref().is_none_or(|layer| match layer.contains('#') {
            true => *layer == name,
            false => layer == listing.layer,
        });
        listing.at(self.octet).filter(|_| here).collect()
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
            return Ok(Self { layer: None, octet });
        }
        let found = layer(text);
        let behind = found.as_ref().map_or(text, |(_, behind)| behind);
        let octet =
            behind.split_once("octet ").map_or_else(|| number(behind), |(_, it)| number(it));
        let octet =
            octet.ok_or("--at: no octet in it: 57, apdu:57, or a message that names one")?;
        let layer = match text.contains("of the plaintext") {
            true => Some("apdu".to_owned()),
            false => found.map(|(layer, _)| layer),
        };
        Ok(Self { layer, octet })
    }
}

/// The last word in front of a colon that names a layer, and the text behind it.
fn layer(text: &str) -> Option<(String, &str)> {
    let colons = text.match_indices(':').rev();
    let mut layers = colons.filter_map(|(at, _)| {
        let (before, behind) = (text.get(..at)?, text.get(at + 1..)?);
        let word = before.rsplit([' ', '\t']).next()?;
        let (name, number) = word.split_once('#').unwrap_or((word, ""));
        Some((listed(name)?.to_owned() + if number.is_empty() { "" } else { "#" } + number, behind))
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
        for (text, layer, octet) in [
            ("254", None, 254),
            ("axdr:57", Some("apdu"), 57),
            ("apdu: 57", Some("apdu"), 57),
            ("mbus#2:18", Some("mbus#2"), 18),
            ("mbus: checksum at octet 254", Some("mbus"), 254),
            ("octet 512: mbus: checksum at octet 254: found 17, computed 18", Some("mbus"), 254),
            (
                "meterpipe decode: line 17 (2026-08-24T21:03:17.482Z): hdlc: closing flag at octet 9: found 0a",
                Some("hdlc"),
                9,
            ),
            ("cipher: the key fits; damaged from octet 31 of the plaintext", Some("apdu"), 31),
        ] {
            let layer = layer.map(str::to_owned);
            assert_eq!(text.parse(), Ok(WantedPlace { layer, octet }), "{text}");
        }
        for text in ["", "mbus", "apdu:x", "the key does not fit"] {
            assert!(text.parse::<WantedPlace>().is_err(), "{text}");
        }
    }
}
