//! Spans: octets of a layer, and their meaning.
//!
//! ```text
//! offset  depth 0                depth 1
//!      0  ┌ value: 12937 Wh      type: double-long-unsigned
//!      1  └                      value: 12937 Wh
//! ```
//!
//! A span holds those that follow it with a greater depth. The innermost ones, the leaves, tile the
//! octets of the layer without a gap and without overlap.

use std::borrow::Cow;

use crate::{
    counted::counted,
    error::{Cause, Error},
    field::WireField,
    record::Place,
};

/// Octets with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// The place of the first octet in the layer.
    pub offset: usize,
    /// The number of octets.
    pub length: usize,
    /// How many spans it stands in.
    pub depth: usize,
    /// The octets at its start that a page shows beside it. Spans within these are for tools alone.
    pub shown: usize,
    /// The name of the field or the element.
    pub name: Cow<'a, str>,
    /// The meaning of the value.
    pub text: Cow<'a, str>,
    /// The part that it plays.
    pub role: SpanRole,
}

/// The part that a span plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanRole {
    /// A field, a type, a length.
    Field,
    /// Octets that another layer reads.
    Content,
    /// The code of a quantity.
    Code,
    /// A value of the telegram.
    Value,
    /// A date-time.
    Time,
    /// The place of a defect.
    Damaged,
    /// Octets that nothing is said about.
    Unexplained,
}

impl Span<'_> {
    /// The place behind its last octet.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// The spans of one layer: a frame, a block, an APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerListing<'a> {
    /// The layer as messages call it.
    pub layer: &'static str,
    /// Its number among the layers of that name, from 1.
    pub number: usize,
    /// Where in the input its first octet stands.
    pub place: Place,
    /// A heading for people.
    pub title: String,
    /// All octets.
    pub octets: Cow<'a, [u8]>,
    /// The spans, each in front of those within it.
    pub spans: Vec<Span<'a>>,
    /// Remarks on the whole layer.
    pub notes: Vec<String>,
}

/// The name of octets whose meaning is not known.
const UNEXPLAINED: &str = "not explained";

impl<'a> LayerListing<'a> {
    /// A layer without spans.
    #[must_use]
    pub const fn new(layer: &'static str, title: String, octets: Cow<'a, [u8]>) -> Self {
        let (number, place) = (1, Place::Live);
        Self { layer, number, place, title, octets, spans: Vec::new(), notes: Vec::new() }
    }

    /// The layer as tools call it: the second of a name is `mbus#2`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.number {
            1 => self.layer.to_owned(),
            number => format!("{}#{number}", self.layer),
        }
    }

    /// The octets of a span.
    #[must_use]
    pub fn octets_of(&self, span: &Span<'_>) -> &[u8] {
        self.octets.get(span.offset..span.end()).unwrap_or_default()
    }

    /// The spans that hold an octet, the outermost first.
    pub fn at(&self, offset: usize) -> impl Iterator<Item = &Span<'a>> {
        self.spans.iter().filter(move |span| (span.offset..span.end()).contains(&offset))
    }

    /// The spans that hold no other.
    pub fn leaves(&self) -> impl Iterator<Item = &Span<'a>> {
        let next = self.spans.iter().skip(1).map(|span| span.depth).chain([0]);
        let pairs = self.spans.iter().zip(next);
        pairs.filter(|(span, next)| span.depth >= *next).map(|(span, _)| span)
    }

    /// Appends the fields of a protocol file, one behind the other.
    pub fn fields(&mut self, fields: &[WireField<'_>]) {
        let mut offset = self.described();
        for field in fields {
            let role = if field.is_content { SpanRole::Content } else { SpanRole::Field };
            self.spans.push(Span {
                offset,
                length: field.octets.len(),
                depth: 0,
                shown: field.octets.len(),
                name: field.name.into(),
                text: field.text.clone(),
                role,
            });
            offset += field.octets.len();
        }
    }

    /// The number of octets that have spans.
    #[must_use]
    pub fn described(&self) -> usize {
        self.spans.iter().map(Span::end).max().unwrap_or_default()
    }

    /// Marks the octet at which a defect shows. The octets behind it have no meaning any more.
    pub fn damage(&mut self, error: &Error) {
        let at = match error.cause {
            Cause::KeyFits { damaged } => damaged,
            _ => error.offset,
        };
        self.complete();
        let hit = self.leaves().find(|span| (span.offset..span.end()).contains(&at)).cloned();
        let Some(hit) = hit else {
            return self.tell(at, error);
        };
        self.spans.retain_mut(|span| {
            span.length = span.length.min(at.saturating_sub(span.offset));
            span.shown = span.shown.min(span.length);
            span.length > 0
        });
        // A short field is damaged as a whole, a long one from the octet on.
        let whole = hit.offset == at && hit.length <= SHORT && hit.role != SpanRole::Unexplained;
        let length = if whole { hit.length } else { 1 };
        let name = match hit.role {
            SpanRole::Unexplained => "damaged".into(),
            _ => hit.name,
        };
        self.spans.push(Span {
            offset: at,
            length,
            depth: 0,
            shown: length,
            name,
            text: error.to_string().into(),
            role: SpanRole::Damaged,
        });
        self.complete();
    }

    /// Adds a defect of the telegram to the octet at which it shows, or to the last one. All octets
    /// keep their meaning.
    pub fn remark(&mut self, error: &Error) {
        self.complete();
        self.tell(error.offset, error);
    }

    fn tell(&mut self, at: usize, error: &Error) {
        let at = at.min(self.octets.len().saturating_sub(1));
        let holds = |span: &&mut Span<'_>| (span.offset..span.end()).contains(&at);
        if let Some(span) = self.spans.iter_mut().rfind(holds) {
            span.role = SpanRole::Damaged;
            let before = if span.text.is_empty() { "" } else { "; " };
            span.text = format!("{}{before}{error}", span.text).into();
        }
    }

    /// Gives octets that have no meaning yet a span.
    pub fn complete(&mut self) {
        let (offset, octets) = (self.described(), self.octets.len());
        if let Some(length @ 1..) = octets.checked_sub(offset) {
            self.spans.push(Span {
                offset,
                length,
                depth: 0,
                shown: length,
                name: UNEXPLAINED.into(),
                text: counted(length, "octet").to_string().into(),
                role: SpanRole::Unexplained,
            });
        }
    }
}

/// The longest field that a defect at its first octet spoils as a whole.
const SHORT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Layer, field::WireFields};

    fn listing(octets: &[u8]) -> LayerListing<'_> {
        let mut fields = WireFields::of(octets);
        fields.take(2, "length", |_| "2 octets");
        fields.content(10, "segment", |_| "10 octets");
        let mut listing = LayerListing::new("mbus", String::new(), octets.into());
        listing.fields(&fields.list());
        listing
    }

    fn leaves(listing: &LayerListing<'_>) -> Vec<(usize, usize, SpanRole)> {
        listing.leaves().map(|span| (span.offset, span.length, span.role)).collect()
    }

    #[test]
    fn a_defect_splits_the_field_that_it_hits() {
        use SpanRole::{Content, Damaged, Field, Unexplained};
        let octets = [7; 14];
        let damaged = |offset| {
            let mut listing = listing(&octets);
            listing.damage(&Error::new(Layer::Mbus, offset, Cause::Tag));
            leaves(&listing)
        };
        assert_eq!(damaged(0), [(0, 2, Damaged), (2, 12, Unexplained)]);
        assert_eq!(
            damaged(5),
            [(0, 2, Field), (2, 3, Content), (5, 1, Damaged), (6, 8, Unexplained)]
        );
        assert_eq!(
            damaged(13),
            [(0, 2, Field), (2, 10, Content), (12, 1, Unexplained), (13, 1, Damaged)]
        );
    }

    #[test]
    fn a_defect_behind_the_last_octet_is_said_of_it() {
        let octets = [7; 12];
        let mut listing = listing(&octets);
        listing.damage(&Error::new(Layer::Mbus, 12, Cause::Tag));
        let last = listing.leaves().last().unwrap();
        assert_eq!((last.offset, last.length, last.role), (2, 10, SpanRole::Damaged));
        assert_eq!(last.text, "10 octets; mbus: the authentication tag does not fit");
        if let Some(last) = listing.spans.last_mut() {
            last.text = "".into();
        }
        listing.remark(&Error::new(Layer::Mbus, 12, Cause::Tag));
        let last = listing.leaves().last().unwrap();
        assert_eq!(last.text, "mbus: the authentication tag does not fit", "nothing stands before");
    }

    #[test]
    fn the_second_layer_of_a_name_has_a_number() {
        let second = LayerListing { number: 2, ..listing(&[]) };
        assert_eq!(second.name(), "mbus#2");
    }
}
