//! One reading in a telegram, borrowed from it, and its text.

use jiff::tz::TimeZone;

use crate::{
    cosem::{
        axdr::Data, clock::Stamp, compact::CompactArray, data_type::DataType, obis::Obis,
        unit::Unit,
    },
    format::{
        entry::OutputTelegram,
        json_string,
        key::{FieldKey, Meta},
        selection::Selection,
    },
    hex::canonical,
    reading::{
        decimal::Decimal, fields::FIELDS, objects::Object, telegram::Telegram, value::Value,
    },
};

/// One reading in a telegram.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Its name.
    pub key: FieldKey,
    /// The code of its object.
    pub code: Option<Obis>,
    /// Its value.
    pub content: Content<'a>,
    /// The unit in which the meter sends it.
    pub unit: Unit,
}

/// A value before it is text.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// One value.
    Value(Value<'a>),
    /// A time with its offset.
    Stamp(Stamp),
    /// A time in its characters, which need no quotes.
    Signs(&'a [u8; 24]),
    /// The octets of a compact array.
    Array(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// All readings, or the selected ones in their order. Absent readings are left out.
    pub fn all(
        entry: &'a OutputTelegram<'_>,
        selection: Option<&Selection>,
    ) -> impl Iterator<Item = Self> {
        let all = selection.is_none().then(|| {
            let telegram = entry.telegram;
            let named =
                telegram.fields().map(|(place, number)| Self::named(telegram, place, number));
            named.chain(Self::others(entry))
        });
        let keys = selection.map_or(&[][..], Selection::keys);
        all.into_iter().flatten().chain(keys.iter().filter_map(|key| Self::find(entry, *key)))
    }

    /// The readings without a published name, and those whose name is taken.
    pub fn others(entry: &'a OutputTelegram<'_>) -> impl Iterator<Item = Self> {
        let telegram = entry.telegram;
        telegram.others().filter_map(|(object, occurrence)| {
            Self::of(FieldKey::of(telegram, &object, occurrence), &object)
        })
    }

    /// The reading with this name, if the telegram has it.
    #[must_use]
    pub fn find(entry: &'a OutputTelegram<'_>, key: FieldKey) -> Option<Self> {
        let telegram = entry.telegram;
        match key {
            FieldKey::Meta(meta) => Some(Self {
                key,
                code: None,
                content: Content::of_meta(entry, meta)?,
                unit: Unit::COUNT,
            }),
            FieldKey::Field(place, 1) => Some(Self::named(telegram, place, telegram.field(place)?)),
            FieldKey::Field(..) => Self::others(entry).find(|cell| cell.key == key),
            FieldKey::Object(obis, occurrence) => {
                let mut same = telegram.objects().filter(|object| object.obis == Some(obis));
                Self::of(key, &same.nth(occurrence.checked_sub(1)?)?)
            }
            FieldKey::Item(index) => {
                let object = telegram.objects().nth(index.checked_sub(1)?)?;
                object.obis.is_none().then(|| Self::of(key, &object))?
            }
        }
    }

    /// The name of the meter: its number, else its system title.
    #[must_use]
    pub fn of_meter(entry: &'a OutputTelegram<'_>) -> Option<Self> {
        let (key, content) = (FieldKey::Meta(Meta::Meter), Content::of_meter(entry)?);
        Some(Self { key, code: None, content, unit: Unit::COUNT })
    }

    fn named(telegram: &Telegram<'_>, place: usize, number: Decimal) -> Self {
        let unit = FIELDS.get(place).map_or(Unit::COUNT, |field| field.unit);
        let content = Content::Value(Value::Number(number));
        Self { key: FieldKey::Field(place, 1), code: telegram.code(place), content, unit }
    }

    fn of(key: FieldKey, object: &Object<'a>) -> Option<Self> {
        let unit = object.scale.map_or(Unit::COUNT, |(_, unit)| unit);
        Some(Self { key, code: object.obis, content: Content::of(object)?, unit })
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<Decimal> {
        match self.content {
            Content::Value(Value::Number(number)) => Some(number),
            _ => None,
        }
    }
}

impl<'a> Content<'a> {
    /// Of an object; `None` for null-data.
    #[must_use]
    pub fn of(object: &Object<'a>) -> Option<Self> {
        match (object.value.kind, Value::of(object)) {
            (DataType::COMPACT_ARRAY, _) => Some(Self::Array(object.value.octets)),
            (_, Value::Absent) => None,
            (_, value) => Some(Self::Value(value)),
        }
    }

    /// The name of the meter: its number, else its system title.
    #[must_use]
    pub fn of_meter(entry: &'a OutputTelegram<'_>) -> Option<Self> {
        let number = entry.telegram.meter().filter(|number| !number.is_empty());
        let meta = number.map_or(Meta::SystemTitle, |_| Meta::Meter);
        Self::of_meta(entry, meta)
    }

    /// Of the metadata of a telegram.
    #[must_use]
    pub fn of_meta(entry: &'a OutputTelegram<'_>, meta: Meta) -> Option<Self> {
        let octets =
            |octets: &'a [u8]| printable(octets).map_or(Value::Octets(octets), Value::Text);
        let number = |number: u32| Value::Number(Decimal::new(number.into(), 0));
        Some(Self::Value(match meta {
            Meta::Schema => number(1),
            Meta::Time => return entry.time().map(Self::Stamp),
            Meta::TimeAssumed => entry.time_is_assumed().then_some(Value::Truth(true))?,
            Meta::TimeSuspect => entry.time_doubt().map(|_| Value::Truth(true))?,
            Meta::Received => return entry.received.signs().map(Self::Signs),
            Meta::Meter => octets(entry.telegram.meter()?),
            Meta::Device => octets(entry.telegram.device().filter(|name| !name.is_empty())?),
            Meta::SystemTitle => Value::Octets(entry.attributes.title.as_ref()?),
            Meta::InvocationCounter => number(entry.attributes.ic?),
            Meta::Authenticated => Value::Truth(entry.authenticated()?),
            Meta::Month
            | Meta::Start
            | Meta::End
            | Meta::Every
            | Meta::Telegrams
            | Meta::Complete
            | Meta::Estimated
            | Meta::TodaySince
            | Meta::MonthSince
            | Meta::MonthComplete
            | Meta::Running => return None,
        }))
    }

    /// True if its text is a list of JSON.
    #[must_use]
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Array(octets) if elements(octets).is_some())
    }

    /// Appends the value as text, without quotes.
    pub fn write(&self, zone: &TimeZone, text: &mut Vec<u8>) {
        match *self {
            Self::Value(value) => value.write(zone, text),
            Self::Stamp(stamp) => stamp.write(text),
            Self::Signs(signs) => text.extend_from_slice(signs),
            Self::Array(octets) => match elements(octets) {
                Some(elements) => array(&elements, zone, text),
                None => canonical::encode(octets, text),
            },
        }
    }

    /// Appends the value as JSON.
    pub fn write_json(&self, zone: &TimeZone, text: &mut Vec<u8>) {
        match *self {
            // Each is written without a further choice: they are many.
            Self::Value(Value::Number(number)) => number.write(text),
            Self::Value(value @ Value::Truth(_)) => value.write(zone, text),
            Self::Value(Value::Text(value)) => json_string::write(value, text),
            Self::Value(Value::Octets(octets)) => {
                text.push(b'"');
                canonical::encode(octets, text);
                text.push(b'"');
            }
            Self::Stamp(stamp) => {
                text.push(b'"');
                stamp.write(text);
                text.push(b'"');
            }
            _ if self.is_list() => self.write(zone, text),
            _ => {
                // Digits and the characters of a time need no escapes.
                text.push(b'"');
                self.write(zone, text);
                text.push(b'"');
            }
        }
    }
}

/// The values of a compact array, if each has a JSON form other than `null`.
fn elements(octets: &[u8]) -> Option<Vec<Content<'_>>> {
    let scalars = CompactArray::of(octets)?.scalars()?;
    let element = |(kind, octets): (DataType, _)| {
        // The number of bits in a bit-string is not known here.
        if kind == DataType::BIT_STRING {
            return None;
        }
        let value = Data { kind, count: 0, octets, offset: 0 };
        Content::of(&Object {
            index: 0,
            obis: None,
            value,
            scale: None,
            flat: true,
            assumed: false,
        })
    };
    scalars.into_iter().map(element).collect()
}

fn array(elements: &[Content<'_>], zone: &TimeZone, text: &mut Vec<u8>) {
    text.push(b'[');
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        element.write_json(zone, text);
    }
    text.push(b']');
}

/// The octets as text if they are printable ASCII. Zeros at the end are padding.
fn printable(octets: &[u8]) -> Option<&str> {
    let padding = octets.iter().rev().take_while(|octet| **octet == 0).count();
    let text = octets.get(..octets.len() - padding)?;
    let printable = !text.is_empty() && text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    printable.then(|| core::str::from_utf8(text).ok())?
}
