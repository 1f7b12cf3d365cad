//! The elements of A-XDR, each with its type, its length and its value.
//!
//! The walk through the tree is that of [`Data::head`]. Names and values are those of the
//! [objects](Objects) that readings are made from, found by their place.

use std::{borrow::Cow, collections::HashMap};

use jiff::tz::TimeZone;

use crate::{
    cosem::{
        axdr::Data,
        clock,
        compact::CompactArray,
        data_type::{DataType, MAX_DEPTH, MAX_ELEMENTS},
    },
    counted::counted,
    error::Layer,
    explain::{
        object::{NamedObject, named, text},
        quantity,
        span::{Span, SpanRole},
    },
    field::WireField,
    reader::Reader,
    reading::{
        family::MeterFamily,
        objects::{self, Object, Objects},
        telegram::Telegram,
        value::Value,
    },
};

/// The name of the octet that holds a type.
pub const TYPE: &str = "type";

/// The elements from `offset` of a plain APDU on: all of them, or those in front of a defect.
#[must_use]
pub fn spans<'a>(
    apdu: &'a [u8],
    offset: usize,
    telegram: Option<&Telegram<'a>>,
    zone: &TimeZone,
) -> Vec<Span<'a>> {
    let reader = Reader::at(Layer::Axdr, apdu.get(offset..).unwrap_or_default(), offset);
    let family = telegram.and_then(Telegram::family);
    let objects = match telegram {
        Some(telegram) => named(telegram.objects(), Some(telegram)),
        None => match as_far_as_sound(reader) {
            Some(body) => named(Objects::of(body, None), None),
            None => return partial(reader, 0),
        },
    };
    let mut walk = Walk { spans: Vec::new(), named: objects, family, zone };
    walk.elements(reader);
    walk.spans
}

/// The element that begins here, with all octets that are there.
fn as_far_as_sound(mut reader: Reader<'_>) -> Option<Data<'_>> {
    let body = Data::head(&mut reader).ok()?;
    Some(if body.is_list() { Data { octets: reader.rest(), ..body } } else { body })
}

/// A list whose elements are being read.
struct OpenList<'a> {
    /// The place of its span.
    span: usize,
    list: Data<'a>,
    /// The elements to come.
    left: usize,
}

struct Walk<'a, 'z> {
    spans: Vec<Span<'a>>,
    named: HashMap<usize, NamedObject<'a>>,
    family: Option<&'static MeterFamily>,
    zone: &'z TimeZone,
}

impl<'a> Walk<'a, '_> {
    /// Walks through one element and all within it, up to the first defect.
    fn elements(&mut self, mut reader: Reader<'a>) {
        let mut open: Vec<OpenList<'a>> = Vec::new();
        for _ in 0..=MAX_ELEMENTS {
            let depth = open.len();
            let start = reader;
            let data = match open.last() {
                Some(OpenList { list, left, .. }) => {
                    Data::head_in(list, list.count.saturating_sub(*left), &mut reader)
                }
                None => Data::head(&mut reader),
            };
            match data {
                Ok(data) if data.is_list() && depth > MAX_DEPTH => break,
                Ok(data) if data.is_list() && self.scale(&start, &data, depth) => {
                    let _ = reader.take(SCALE, "scale");
                }
                Ok(data) if data.is_list() => {
                    open.push(OpenList { span: self.spans.len(), list: data, left: data.count });
                    self.list(&start, &reader, &data, depth);
                    if data.count > 0 {
                        continue;
                    }
                    open.pop();
                }
                Ok(data) => self.element(&start, &reader, &data, depth),
                Err(error) => {
                    self.spans.extend(
                        partial(start, depth).into_iter().filter(|span| span.end() <= error.offset),
                    );
                    break;
                }
            }
            if !close(&mut open, &mut self.spans, reader.offset()) {
                return;
            }
        }
        // A defect, or a limit: the open lists end where the sound part does.
        let end = self.spans.iter().map(|span| span.offset + span.shown).max().unwrap_or_default();
        for OpenList { span, .. } in open {
            if let Some(span) = self.spans.get_mut(span) {
                span.length = end - span.offset;
            }
        }
    }

    /// The start of a list. Its length is known at its end only.
    fn list(&mut self, start: &Reader<'a>, end: &Reader<'a>, data: &Data<'a>, depth: usize) {
        let shown = end.offset() - start.offset();
        self.spans.push(Span {
            offset: start.offset(),
            length: shown,
            depth,
            shown,
            name: data.kind.name().unwrap_or_default().into(),
            text: elements(data.count).into(),
            role: SpanRole::Field,
        });
        self.leaf(start.offset(), 1, depth + 1, TYPE, type_text(data.kind));
        self.leaf(start.offset() + 1, shown - 1, depth + 1, "length", elements(data.count).into());
    }

    /// Takes a structure of scaler and unit as one. False if it is none.
    fn scale(&mut self, start: &Reader<'a>, data: &Data<'a>, depth: usize) -> bool {
        let octets = start.rest().get(..2 + SCALE).unwrap_or_default();
        let [_, 2, inner @ ..] = octets else {
            return false;
        };
        let offset = start.offset();
        let is_value = self.named.contains_key(&(offset + 3));
        let scale = objects::scale(&Data { octets: inner, ..*data }).filter(|_| !is_value);
        let Some((scaler, unit)) = scale else {
            return false;
        };
        let (power, symbol) = (format!("10^{scaler}"), unit.to_string());
        let unit = if symbol.is_empty() { "no unit".to_owned() } else { symbol };
        self.spans.push(Span {
            offset,
            length: octets.len(),
            depth,
            shown: octets.len(),
            name: "scaler, unit".into(),
            text: format!("{power}, {unit}").into(),
            role: SpanRole::Field,
        });
        self.leaf(offset, 1, depth + 1, TYPE, type_text(DataType::STRUCTURE));
        self.leaf(offset + 1, 1, depth + 1, "length", elements(2).into());
        self.leaf(offset + 2, 1, depth + 1, TYPE, type_text(DataType::INTEGER));
        self.leaf(offset + 3, 1, depth + 1, "scaler", power.into());
        self.leaf(offset + 4, 1, depth + 1, TYPE, type_text(DataType::ENUM));
        self.leaf(offset + 5, 1, depth + 1, "unit", unit.into());
        true
    }

    /// An element that holds no others.
    fn element(&mut self, start: &Reader<'a>, end: &Reader<'a>, data: &Data<'a>, depth: usize) {
        let offset = start.offset();
        let (name, text, role) = self.meaning(data);
        let span = |offset, length, depth, name: Cow<'a, str>, text, role| Span {
            offset,
            length,
            depth,
            shown: length,
            name,
            text,
            role,
        };
        let length = end.offset() - offset;
        self.spans.push(span(offset, length, depth, name.clone(), text.clone(), role));
        let inner = depth + 1;
        if data.kind == DataType::ATTRIBUTE_DESCRIPTOR {
            let class = data.octets.iter().take(2).fold(0, |sum, it| sum << 8 | u16::from(*it));
            let attribute = data.octets.last().copied().unwrap_or_default();
            self.leaf(offset, 2, inner, "class", class.to_string().into());
            self.leaf(offset + 2, 6, inner, "OBIS code", text);
            return self.leaf(offset + 8, 1, inner, "attribute", attribute.to_string().into());
        }
        self.leaf(offset, 1, inner, TYPE, type_text(data.kind));
        // The octets end the element, and a length stands in front of them if there is one.
        let count = length.saturating_sub(1 + data.octets.len());
        self.leaf(offset + 1, count, inner, "length", length_text(data));
        if let (DataType::COMPACT_ARRAY, Some(array)) = (data.kind, CompactArray::of(data.octets)) {
            let (types, values) = (array.description.len(), array.values.len());
            let size = data.octets.len().saturating_sub(types + values);
            self.leaf(data.offset, types, inner, "description", "the type of each element".into());
            self.leaf(
                data.offset + types,
                size,
                inner,
                "length",
                counted(values, "octet").to_string().into(),
            );
            self.leaf(data.offset + types + size, values, inner, "elements", text);
        } else if role == SpanRole::Time {
            self.parts(data.offset, inner, &clock::fields(data.octets));
        } else if !data.octets.is_empty() {
            self.spans.push(span(data.offset, data.octets.len(), inner, name, text, role));
        }
    }

    fn parts(&mut self, mut offset: usize, depth: usize, fields: &[WireField<'_>]) {
        for field in fields {
            self.leaf(offset, field.octets.len(), depth, field.name, field.text.clone());
            offset += field.octets.len();
        }
    }

    /// The name, the meaning and the part of an element.
    fn meaning(&self, data: &Data<'a>) -> (Cow<'a, str>, Cow<'a, str>, SpanRole) {
        if let Some(NamedObject { object, name }) =
            self.named.get(&data.offset).filter(|named| named.object.value.kind == data.kind)
        {
            let is_time = matches!(Value::of(object), Value::Time(_));
            let role = if is_time { SpanRole::Time } else { SpanRole::Value };
            return (name.clone().into(), text(object, self.family, self.zone).into(), role);
        }
        match objects::code(data) {
            Some(obis) => {
                let words = quantity::of(obis).map(|words| format!(", {words}"));
                let text = format!("{obis}{}", words.unwrap_or_default());
                ("OBIS code".into(), text.into(), SpanRole::Code)
            }
            None => {
                let (obis, value, scale) = (None, *data, None);
                let (index, flat, assumed) = (0, true, false);
                let object = Object { index, obis, value, scale, flat, assumed };
                let name = data.kind.name().unwrap_or_default();
                (name.into(), text(&object, self.family, self.zone).into(), SpanRole::Field)
            }
        }
    }

    fn leaf(
        &mut self,
        offset: usize,
        length: usize,
        depth: usize,
        name: &'static str,
        text: Cow<'a, str>,
    ) {
        if length > 0 {
            let (shown, role) = (length, SpanRole::Field);
            let name = name.into();
            self.spans.push(Span { offset, length, depth, shown, name, text, role });
        }
    }
}

/// The octets in a structure of scaler and unit.
const SCALE: usize = 4;

/// Closes the lists that have all their elements. False if that was the last of all.
fn close(open: &mut Vec<OpenList<'_>>, spans: &mut [Span<'_>], end: usize) -> bool {
    while let Some(OpenList { span, left, .. }) = open.last_mut() {
        *left = left.saturating_sub(1);
        if *left > 0 {
            return true;
        }
        if let Some(span) = spans.get_mut(*span) {
            span.length = end - span.offset;
        }
        open.pop();
    }
    false
}

/// The type and the length of an element whose value is not there.
fn partial(mut reader: Reader<'_>, depth: usize) -> Vec<Span<'static>> {
    let offset = reader.offset();
    let leaf = |offset, length, name: &'static str, text| Span {
        offset,
        length,
        depth,
        shown: length,
        name: name.into(),
        text,
        role: SpanRole::Field,
    };
    let Ok(kind) = reader.u8("type") else {
        return Vec::new();
    };
    let mut spans = vec![leaf(offset, 1, TYPE, type_text(DataType(kind)))];
    if let Ok(length) = reader.length("length") {
        let text = format!("{length}").into();
        spans.push(leaf(offset + 1, reader.offset() - offset - 1, "length", text));
    }
    spans
}

fn type_text(kind: DataType) -> Cow<'static, str> {
    kind.name().unwrap_or("not known").into()
}

fn elements(count: usize) -> String {
    counted(count, "element").to_string()
}

fn length_text(data: &Data<'_>) -> Cow<'static, str> {
    let unit = if data.kind == DataType::BIT_STRING { "bit" } else { "octet" };
    counted(data.count, unit).to_string().into()
}
