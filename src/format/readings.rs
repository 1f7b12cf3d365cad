//! The readings of a telegram, independent of the telegram.
//!
//! A sink gets readings, whatever their source: [`Readings::of`] makes them from a telegram in the
//! same process, [`Readings::parse`] from a line of [JSON](super::json). Both give the same
//! readings, digit for digit.

use core::fmt;
use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::{
    format::{
        cell::{Cell, Content},
        entry::OutputTelegram,
        json_string,
        key::{FieldKey, Meta},
        units,
    },
    reading::{decimal::Decimal, fields::FIELDS, value::Value},
};

/// All readings of a telegram, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    pub(super) members: Vec<Member>,
    /// No other telegram has confirmed that the meter sends such objects.
    pub(super) unconfirmed: bool,
}

/// One reading, or one item of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub key: FieldKey,
    /// Its value.
    pub value: ReadingValue,
    /// Its unit, empty for a value without one.
    pub unit: Cow<'static, str>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadingValue {
    /// A number, exact.
    Number(Decimal),
    /// True or false.
    Truth(bool),
    /// Text; also times.
    Text(String),
    /// A list, as JSON.
    List(String),
}

/// Room for the members of the usual telegrams.
pub(super) const USUAL: usize = 32;

impl Readings {
    /// The readings of a telegram, its metadata first; `None` for a telegram without readings.
    #[must_use]
    pub fn of(entry: &OutputTelegram<'_>) -> Option<Self> {
        let mut members = Vec::with_capacity(USUAL);
        for meta in Meta::OF_TELEGRAM {
            if let Some(content) = Content::of_meta(entry, meta) {
                let value = ReadingValue::of(&content, entry.zone);
                members.push(Member { key: FieldKey::Meta(meta), value, unit: "".into() });
            }
        }
        let metas = members.len();
        Cell::all(entry, None).for_each(|cell| members.push(Member::of(&cell, entry.zone)));
        (members.len() > metas).then_some(Self { members, unconfirmed: false })
    }

    /// Readings that come from no single telegram.
    #[must_use]
    pub const fn new(members: Vec<Member>) -> Self {
        Self { members, unconfirmed: false }
    }

    /// True for those of an interval, whose energies are no registers.
    #[must_use]
    pub fn is_interval(&self) -> bool {
        self.meta(Meta::Start).is_some()
    }

    /// True for those of an interval that goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_interval() && self.get(FieldKey::Meta(Meta::Running)).is_some()
    }

    /// The same readings, of a telegram that stands alone so far.
    #[must_use]
    pub fn unconfirmed(&self) -> Self {
        Self { unconfirmed: true, ..self.clone() }
    }

    /// True for a telegram that stands alone: nothing that lasts follows from its objects.
    #[must_use]
    pub const fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    /// All members, in their order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The readings without the metadata.
    pub fn values(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !matches!(member.key, FieldKey::Meta(_)))
    }

    /// The member of that name, if there is one.
    #[must_use]
    pub fn member(&self, key: FieldKey) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    /// The value of that name, if there is one.
    #[must_use]
    pub fn get(&self, key: FieldKey) -> Option<&ReadingValue> {
        self.member(key).map(|member| &member.value)
    }

    /// The number with a published name.
    #[must_use]
    pub fn number(&self, place: usize) -> Option<Decimal> {
        match self.get(FieldKey::Field(place, 1)) {
            Some(ReadingValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A text of the metadata.
    #[must_use]
    pub fn meta(&self, meta: Meta) -> Option<&str> {
        match self.get(FieldKey::Meta(meta)) {
            Some(ReadingValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// True if the meter's clock is wrong.
    #[must_use]
    pub fn time_is_suspect(&self) -> bool {
        self.get(FieldKey::Meta(Meta::TimeSuspect)) == Some(&ReadingValue::Truth(true))
    }
}

impl Member {
    /// A reading of a telegram. A published name implies its unit; metadata have none.
    #[must_use]
    pub fn of(cell: &Cell<'_>, zone: &TimeZone) -> Self {
        let value = ReadingValue::of(&cell.content, zone);
        let unit = match cell.key {
            FieldKey::Object(..) | FieldKey::Item(_) => units::symbol(cell.unit),
            key => unit(key),
        };
        Self { key: cell.key, value, unit }
    }
}

impl ReadingValue {
    fn of(content: &Content<'_>, zone: &TimeZone) -> Self {
        match *content {
            Content::Value(Value::Number(number)) => Self::Number(number),
            Content::Value(Value::Truth(truth)) => Self::Truth(truth),
            Content::Value(Value::Text(text)) => Self::Text(text.to_owned()),
            content => {
                let mut text = Vec::with_capacity(USUAL);
                content.write(zone, &mut text);
                let text = String::from_utf8(text).unwrap_or_default();
                if content.is_list() { Self::List(text) } else { Self::Text(text) }
            }
        }
    }

    /// Appends the value as JSON.
    pub fn write_json(&self, text: &mut Vec<u8>) {
        match self {
            Self::Text(value) => json_string::write(value, text),
            _ => self.write(text),
        }
    }

    /// Appends the value as text, without quotes.
    pub fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Number(number) => number.write(text),
            Self::Truth(truth) => text.extend_from_slice(if *truth { b"true" } else { b"false" }),
            Self::Text(value) | Self::List(value) => text.extend_from_slice(value.as_bytes()),
        }
    }
}

impl fmt::Display for ReadingValue {
    /// As text, without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.pad(str::from_utf8(&text).unwrap_or_default())
    }
}

/// The unit that a name implies.
#[must_use]
pub fn unit(key: FieldKey) -> Cow<'static, str> {
    match key {
        FieldKey::Field(place, _) => {
            FIELDS.get(place).map_or(Cow::Borrowed(""), |field| units::symbol(field.unit))
        }
        _ => "".into(),
    }
}
