//! The listing for tools: a JSON array for each telegram, in a line of its own.
//!
//! ```text
//! [{"layer":"mbus","offset":0,"length":1,"octets":"68","depth":0,"name":"start","text":"of a long frame"},…]
//! ```

use serde::Serialize;

use super::place::{ListingHead, WantedPlace};
use meterpipe::explain::span::LayerListing;

/// A span as tools see it.
#[derive(Serialize)]
struct JsonSpan<'a> {
    layer: &'a str,
    offset: usize,
    length: usize,
    octets: String,
    depth: usize,
    name: &'a str,
    text: &'a str,
}

/// Appends a telegram, or the spans of one place in it. False if it has no such place.
pub(super) fn telegram(
    layers: &[LayerListing<'_>],
    head: ListingHead,
    at: Option<&WantedPlace>,
    text: &mut Vec<u8>,
) -> bool {
    let names: Vec<_> = layers.iter().map(LayerListing::name).collect();
    let spans = layers.iter().zip(&names).flat_map(|(listing, layer)| {
        let spans = match at {
            Some(at) if at.may_be_in(head) => at.spans(listing),
            Some(_) => Some(Vec::new()),
            None => None,
        };
        let spans = spans.unwrap_or_else(|| listing.spans.iter().collect());
        spans.into_iter().map(move |span| JsonSpan {
            layer,
            offset: span.offset,
            length: span.length,
            octets: hex::encode(listing.octets_of(span)),
            depth: span.depth,
            name: &span.name,
            text: &span.text,
        })
    });
    let spans: Vec<_> = spans.collect();
    let is_noise = matches!(head, ListingHead::Noise(_));
    if spans.is_empty() && is_noise {
        return false;
    }
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(&mut *text, &spans);
    text.push(b'\n');
    !spans.is_empty()
}
