//! The lines of a DSMR telegram, each with its values.
//!
//! ```text
//! 1-0:1.8.1(001581.123*kWh)    energy_import_t1_wh  1581123 Wh
//! ```
//!
//! Values are those of the [objects](DsmrTelegram::objects), found by their place.

use jiff::tz::TimeZone;

use crate::{
    cosem::obis::Obis,
    counted::counted,
    error::{Error, Layer},
    explain::{
        object::{self, NamedObject},
        quantity,
        span::{LayerListing, Span, SpanRole},
    },
    p1,
    reading::{
        dsmr::{DsmrTelegram, SentNumber},
        telegram::Telegram,
        value::Value,
    },
};

/// True for the text of a DSMR telegram.
#[must_use]
pub fn is_one(octets: &[u8]) -> bool {
    DsmrTelegram::is_one(octets)
}

/// The layer of a telegram, and its defect.
#[must_use]
pub fn listing<'a>(text: &'a [u8], error: Option<&Error>, zone: &TimeZone) -> LayerListing<'a> {
    let title = format!("DSMR telegram, {}", counted(text.len(), "octet"));
    let mut listing = LayerListing::new(Layer::Dsmr.name(), title, text.into());
    let mut texts = Vec::new();
    let telegram = Telegram::parse_dsmr(text, &mut texts);
    let values = match &telegram {
        Ok(telegram) => object::named(telegram.objects(), Some(telegram)).into_values().collect(),
        Err(_) => Vec::new(),
    };
    let mut values: Vec<_> = values;
    values.sort_by_key(|named| named.object.value.offset);
    let mut start = 0;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let end = start + line.len();
        let inner = values.iter().filter(|named| (start..end).contains(&named.object.value.offset));
        let inner: Vec<_> = inner.collect();
        spans(start, line, &inner, zone, &mut listing.spans);
        start = end;
    }
    match error.or(telegram.as_ref().err()) {
        Some(error) => listing.damage(error),
        None => listing.complete(),
    }
    listing
}

/// The spans of a line.
fn spans<'a>(
    start: usize,
    line: &'a [u8],
    values: &[&NamedObject<'_>],
    zone: &TimeZone,
    spans: &mut Vec<Span<'a>>,
) {
    let span = |offset, length, depth, name: String, text: String, role| Span {
        offset,
        length,
        depth,
        shown: length,
        name: name.into(),
        text: text.into(),
        role,
    };
    // The time in front of a number is an object behind it.
    let mut in_order = values.to_vec();
    in_order.sort_by_key(|named| named.object.index);
    let Some(first) = in_order.first() else {
        let (name, text) = match line {
            [b'/', ..] => ("identification", p1::HEAD_MEANING),
            [b'!', behind @ ..] => {
                let digits = behind.iter().take_while(|c| c.is_ascii_hexdigit()).count();
                let parts = [
                    (1, "end", "of the objects"),
                    (digits, p1::CRC_NAME, p1::CRC_MEANING),
                    (behind.len() - digits, "line end", ""),
                ];
                let mut at = start;
                for (length, name, text) in parts.into_iter().filter(|(length, ..)| *length > 0) {
                    spans.push(span(at, length, 0, name.into(), text.into(), SpanRole::Field));
                    at += length;
                }
                return;
            }
            [b'\r' | b'\n', ..] => ("line end", "an empty line"),
            // Of a telegram that is damaged elsewhere.
            _ if p1::CodeForm::of_line(line).is_some() => ("line", ""),
            _ => ("line", "no object"),
        };
        return spans.push(span(start, line.len(), 0, name.into(), text.into(), SpanRole::Field));
    };
    let words: Vec<_> = in_order.iter().map(|named| told(named, zone)).collect();
    let is_time = matches!(Value::of(&first.object), Value::Time(_));
    let role = if is_time { SpanRole::Time } else { SpanRole::Value };
    spans.push(span(start, line.len(), 0, first.name.clone(), words.join("; "), role));
    let mut at = start;
    for named in values {
        let object = &named.object;
        let offset = object.value.offset;
        if offset > at {
            spans.push(match object.obis.filter(|_| at == start) {
                Some(obis) => {
                    span(at, offset - at, 1, "OBIS code".into(), code(obis), SpanRole::Code)
                }
                None => span(at, offset - at, 1, "brackets".into(), String::new(), SpanRole::Field),
            });
        }
        // A text in hex digits has twice its length.
        let behind = line.get(offset - start..).unwrap_or_default();
        let plain = object.value.octets;
        let size = if behind.starts_with(plain) { plain.len() } else { 2 * plain.len() };
        let size = size.min(behind.len());
        if size > 0 {
            spans.push(span(offset, size, 1, named.name.clone(), told(named, zone), role));
        }
        at = offset + size;
    }
    let end = start + line.len();
    if end > at {
        spans.push(span(at, end - at, 1, "line end".into(), String::new(), SpanRole::Field));
    }
}

/// The value as readings have it, and as it was sent.
fn told(named: &NamedObject<'_>, zone: &TimeZone) -> String {
    let object = &named.object;
    let mut text = object::text(object, None, zone);
    if let (Some(sent), Some((_, unit))) = (SentNumber::of(object), object.scale)
        && !sent.prefix.is_empty()
    {
        text.push_str(&format!(" ({} {}{unit})", sent.number, sent.prefix));
    }
    text
}

fn code(obis: Obis) -> String {
    let words = quantity::of(obis).map(|words| format!(", {words}"));
    format!("{obis}{}", words.unwrap_or_default())
}
