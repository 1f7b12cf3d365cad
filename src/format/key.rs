//! The names of readings and metadata.
//!
//! | key | meaning |
//! |---|---|
//! | `meter` | metadata of the telegram |
//! | `energy_import_wh` | a value with a published name |
//! | `1-0:99.1.0` | any other object |
//! | `item_7` | the seventh object, which has no code |
//!
//! `#2` behind a name or a code means its second occurrence.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use crate::{
    cosem::obis::Obis,
    format::units::Units,
    reading::{
        fields::{self, FIELDS},
        objects::Object,
        telegram::Telegram,
    },
};

/// Declares the metadata: the variant, its name, and its description for people.
macro_rules! metadata {
    ($($meta:ident $name:literal $about:literal,)*) => {
        /// Metadata: facts about a telegram as a whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Meta {
            $(
                #[doc = $about]
                $meta,
            )*
        }

        impl Meta {
            /// All of them, in the order in which they are printed.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$meta),*];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$meta => $name,)* }
            }

            /// Its description for people.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$meta => $about,)* }
            }
        }
    };
}

metadata! {
    Schema "schema" "version of this form of output",
    Time "time" "the meter's clock",
    TimeAssumed "time_assumed" "there, and true, if the offset of the time is assumed",
    TimeSuspect "time_suspect"
        "there, and true, if the meter's clock is invalid, or wrong by about an hour or more",
    Received "received" "when the telegram arrived",
    Month "month" "quarters --peaks: the month",
    Start "start" "quarters: the start of the interval",
    End "end" "quarters: its end",
    Every "every"
        "quarters: there, the length of the intervals, if the times of a part of one do not tell it",
    Meter "meter" "meter number",
    Device "device" "logical device name, 0-0:42.0.0",
    SystemTitle "system_title" "system title of the ciphered telegram",
    InvocationCounter "invocation_counter" "its invocation counter (frame counter)",
    Authenticated "authenticated" "whether its authentication tag was verified",
    Telegrams "telegrams" "quarters: the number of telegrams in the interval",
    Complete "complete" "quarters: whether no telegrams were missing for more than a minute",
    Estimated "estimated" "quarters: there, and true, if an end of the interval fell into a gap; made of rows, which do not tell the end, also where that may be",
    TodaySince "today_since"
        "quarters --running: there if the energies of today begin later than midnight",
    MonthSince "month_since"
        "quarters --running: there if the peak of the month is that of a part of it",
    MonthComplete "month_complete"
        "quarters --peaks: whether the month has all its intervals, and none with an end in a gap",
    Running "running" "quarters: there, and true, if the interval goes on",
}

impl Meta {
    /// Those of a telegram; the others are those of intervals.
    pub(super) const OF_TELEGRAM: [Self; 10] = [
        Self::Schema,
        Self::Time,
        Self::TimeAssumed,
        Self::TimeSuspect,
        Self::Received,
        Self::Meter,
        Self::Device,
        Self::SystemTitle,
        Self::InvocationCounter,
        Self::Authenticated,
    ];
}

/// The name of a reading or of an item of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKey {
    /// Metadata.
    Meta(Meta),
    /// A published name, by its place, and which occurrence of it, from 1.
    Field(usize, usize),
    /// A code, and which occurrence of it, from 1.
    Object(Obis, usize),
    /// The place of an object without a code, from 1.
    Item(usize),
}

impl FieldKey {
    /// Of one of the [others](Telegram::others).
    #[must_use]
    pub fn of(telegram: &Telegram<'_>, object: &Object<'_>, occurrence: usize) -> Self {
        match (telegram.name_of(object), object.obis) {
            (Some(place), _) => Self::Field(place, occurrence),
            (None, Some(obis)) => Self::Object(obis, occurrence),
            (None, None) => Self::Item(object.index),
        }
    }

    /// Reads its text; names with or without the unit that the user chose.
    #[must_use]
    pub fn parse(text: &str, units: &Units) -> Option<Self> {
        if let Some(key) = NAMES.get(text) {
            return Some(*key);
        }
        if let Some(index) = text.strip_prefix("item_") {
            return Some(Self::Item(count(index)?));
        }
        let (name, occurrence) = match text.split_once('#') {
            Some((name, occurrence)) => (name, count(occurrence)?),
            None => (text, 1),
        };
        match fields::of_name(name).or_else(|| units.place(name)) {
            Some(place) => Some(Self::Field(place, occurrence)),
            None => Some(Self::Object(name.parse().ok()?, occurrence)),
        }
    }

    /// Appends its text, names with the unit that the user chose.
    pub fn write(self, units: &Units, text: &mut Vec<u8>) {
        match self {
            Self::Meta(meta) => text.extend_from_slice(meta.name().as_bytes()),
            Self::Field(place, _) => text.extend_from_slice(units.name(place).as_bytes()),
            Self::Object(obis, _) => obis.write(text),
            Self::Item(index) => {
                text.extend_from_slice(b"item_");
                write_count(index, text);
            }
        }
        if let Self::Field(_, occurrence @ 2..) | Self::Object(_, occurrence @ 2..) = self {
            text.push(b'#');
            write_count(occurrence, text);
        }
    }

    /// The place of its published name in [`KNOWN`].
    #[inline]
    pub(super) const fn known(self) -> Option<usize> {
        match self {
            Self::Meta(meta) => Some(meta as usize),
            Self::Field(place, 1) => Some(Meta::ALL.len() + place),
            _ => None,
        }
    }

    /// Its text; most texts are known names, which take no allocation.
    #[must_use]
    pub fn name(self, units: &Units) -> Cow<'static, str> {
        match self {
            Self::Meta(meta) => meta.name().into(),
            Self::Field(place, 1) => units.name(place),
            _ => {
                let mut text = Vec::new();
                self.write(units, &mut text);
                String::from_utf8_lossy(&text).into_owned().into()
            }
        }
    }

    /// Its text as a string of its own.
    #[must_use]
    pub fn text(self, units: &Units) -> String {
        self.name(units).into_owned()
    }
}

/// A published name.
#[derive(Debug)]
pub(super) struct KnownName {
    pub(super) key: FieldKey,
    pub(super) name: &'static str,
    /// The start of a member of JSON with it, `,"time":`, and its size.
    member: [u8; LONGEST_MEMBER],
    size: usize,
}

/// Octets that have room for the start of each member.
const LONGEST_MEMBER: usize = 40;

impl KnownName {
    fn new(key: FieldKey, name: &'static str) -> Self {
        let (mut member, mut size) = ([0; LONGEST_MEMBER], 0);
        for (room, octet) in
            member.iter_mut().zip([",\"", name, "\":"].iter().flat_map(|it| it.bytes()))
        {
            *room = octet;
            size += 1;
        }
        Self { key, name, member, size }
    }

    /// The start of a member of JSON.
    pub(super) fn member(&self) -> &[u8] {
        self.member.get(..self.size).unwrap_or_default()
    }

    /// Appends the start of a member of JSON. Copying all its room takes a few instructions.
    #[inline]
    pub(super) fn write_member(&self, text: &mut Vec<u8>) {
        let end = text.len() + self.size;
        text.extend_from_slice(&self.member);
        text.truncate(end);
    }
}

/// All names in the order in which they are printed.
pub(super) static KNOWN: LazyLock<Vec<KnownName>> = LazyLock::new(|| {
    let metas = Meta::ALL.into_iter().map(|meta| (FieldKey::Meta(meta), meta.name()));
    let fields = FIELDS.iter().enumerate();
    let fields = fields.map(|(place, field)| (FieldKey::Field(place, 1), field.name));
    metas.chain(fields).map(|(key, name)| KnownName::new(key, name)).collect()
});

/// The same by name.
static NAMES: LazyLock<HashMap<&str, FieldKey>> =
    LazyLock::new(|| KNOWN.iter().map(|known| (known.name, known.key)).collect());

fn write_count(count: usize, text: &mut Vec<u8>) {
    text.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
}

/// A number from 1, in digits only.
fn count(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|character| character.is_ascii_digit());
    text.parse().ok().filter(|count| digits && *count > 0)
}
