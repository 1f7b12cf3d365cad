//! JSON Lines: one flat object a telegram.
//!
//! ```text
//! {"schema":1,"time":"2021-09-27T09:47:15+02:00","meter":"181220000009","energy_import_wh":12937,…}
//! ```
//!
//! The metadata comes first, then the published names, then all other objects in the order of the
//! telegram; absent members are left out. Numbers have the digits that their scaler gives them. No
//! float could keep those, so numbers are written by hand; `serde_json` escapes the strings.

use crate::{
    cosem::data_type::DataType,
    format::{
        cell::{Cell, Content},
        entry::{Format, OutputTelegram},
        json_string,
        key::{FieldKey, Meta},
        names::{FieldNames, MemberNames},
        options::{FormatEntry, OwnOption},
        selection::Selection,
        units::{Units, symbol},
    },
    hex::canonical,
    reading::{decimal::Decimal, dsmr::SentNumber, fields::FIELDS, objects::Object},
};

/// The digit of the schema.
const SCHEMA: u8 = b'1';

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "json",
    help: "JSON Lines, one object a telegram",
    own: &[OwnOption { flag: "--objects", is_chosen: |options| options.objects, optional: false }],
    build: |options| {
        Ok(Box::new(Json::new(options.selection, options.objects).named(options.names)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Json {
    selection: Option<Selection>,
    objects: bool,
    names: FieldNames,
}

impl Json {
    /// With all readings or a selection, and on request with every element of the telegram.
    #[must_use]
    pub fn new(selection: Option<Selection>, objects: bool) -> Self {
        Self { selection, objects, names: FieldNames::default() }
    }

    /// The same with other names.
    #[must_use]
    pub fn named(self, names: FieldNames) -> Self {
        Self { names, ..self }
    }

    fn member_names(&self) -> MemberNames<'_> {
        MemberNames::new(self.names.pairs(), &Units::PUBLISHED)
    }

    fn everything(&self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let names = self.member_names();
        for meta in Meta::OF_TELEGRAM {
            // The same in each telegram.
            if meta == Meta::Schema {
                names.write(FieldKey::Meta(meta), text);
                text.push(SCHEMA);
            } else if let Some(content) = Content::of_meta(entry, meta) {
                names.write(FieldKey::Meta(meta), text);
                content.write_json(entry.zone, text);
            }
        }
        for (place, number) in entry.telegram.fields() {
            names.write(FieldKey::Field(place, 1), text);
            number.write(text);
        }
        Cell::others(entry).for_each(|cell| self.pair(entry, &cell, text));
    }

    /// Appends a member, and its unit if its name does not tell it.
    fn pair(&self, entry: &OutputTelegram<'_>, cell: &Cell<'_>, text: &mut Vec<u8>) {
        let names = self.member_names();
        names.write(cell.key, text);
        cell.content.write_json(entry.zone, text);
        let unit = symbol(cell.unit);
        if matches!(cell.key, FieldKey::Object(..) | FieldKey::Item(_)) && !unit.is_empty() {
            names.write_with(cell.key, "_unit", text);
            json_string::write(&unit, text);
        }
    }
}

impl Format for Json {
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let start = text.len();
        match &self.selection {
            None => self.everything(entry, text),
            Some(_) => {
                let cells = Cell::all(entry, self.selection.as_ref());
                cells.for_each(|cell| self.pair(entry, &cell, text));
            }
        }
        if self.objects {
            objects(entry, text);
        }
        // Every member begins with a comma; the first comma becomes the brace.
        match text.get_mut(start) {
            Some(first) => *first = b'{',
            None => text.push(b'{'),
        }
        text.extend_from_slice(b"}\n");
    }
}

fn objects(entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
    text.extend_from_slice(b",\"objects\":[");
    for object in entry.telegram.objects() {
        if object.index > 1 {
            text.push(b',');
        }
        element(entry, &object, text);
    }
    text.push(b']');
}

fn element(entry: &OutputTelegram<'_>, object: &Object<'_>, text: &mut Vec<u8>) {
    let count = |count: i128, text: &mut Vec<u8>| {
        Decimal::of(count, 0).into_iter().for_each(|count| count.write(text));
    };
    text.extend_from_slice(b"{\"index\":");
    count(i128::try_from(object.index).unwrap_or_default(), text);
    if let Some(obis) = object.obis {
        text.extend_from_slice(b",\"obis\":\"");
        obis.write(text);
        text.push(b'"');
    }
    if let Some(field) = entry.telegram.name_of(object).and_then(|place| FIELDS.get(place)) {
        text.extend_from_slice(b",\"name\":");
        json_string::write(field.name, text);
    }
    let sent = SentNumber::of(object);
    if let Some(content) = Content::of(object) {
        text.extend_from_slice(b",\"value\":");
        match &sent {
            Some(sent) => sent.number.write(text),
            None => content.write_json(entry.zone, text),
        }
    }
    if let Some(unit) = object.scale.map(|(_, unit)| symbol(unit)).filter(|unit| !unit.is_empty()) {
        text.extend_from_slice(b",\"unit\":");
        let prefix = sent.map_or("", |sent| sent.prefix);
        json_string::write(&format!("{prefix}{unit}"), text);
    }
    if Content::of(object).is_some() {
        text.extend_from_slice(b",\"raw\":");
        match object.value.integer() {
            _ if object.value.kind == DataType::DSMR => {
                let as_text = || core::str::from_utf8(object.value.octets).unwrap_or_default();
                json_string::write(sent.map_or_else(as_text, |sent| sent.text), text);
            }
            Some(integer) => count(integer, text),
            None => {
                text.push(b'"');
                canonical::encode(object.value.octets, text);
                text.push(b'"');
            }
        }
    }
    if let Some((scaler, _)) = object.scale.filter(|_| sent.is_none()) {
        text.extend_from_slice(b",\"scaler\":");
        count(scaler.into(), text);
    }
    if object.assumed {
        text.extend_from_slice(b",\"assumed\":true");
    }
    if let Some(kind) = object.value.kind.name() {
        text.extend_from_slice(b",\"type\":");
        json_string::write(kind, text);
    }
    text.push(b'}');
}
