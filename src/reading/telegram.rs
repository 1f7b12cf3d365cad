//! A whole telegram: time, meter, named values, and everything else.

use jiff::tz::TimeZone;

use crate::{
    cosem::{
        axdr::{Data, MAX_ELEMENTS, Type},
        clock::{Clock, Stamp},
        notification::Notification,
        obis::Obis,
    },
    error::{Cause, Error, Layer, Result},
    reading::{
        decimal::Decimal,
        fields::{self, COUNT, POWER_EXPORT, POWER_IMPORT, POWER_NET},
        objects::{Object, Objects},
        value::Value,
    },
};

/// A plain telegram that passed all checks.
#[derive(Clone, Copy, Debug)]
pub struct Telegram<'a> {
    notification: Notification<'a>,
    named: [Option<Decimal>; COUNT],
    /// A bit for each name that is there, so that nobody has to look at all of them.
    present: u64,
    meter: Option<(Source, &'a [u8])>,
    device: Option<&'a [u8]>,
    /// The clock among the objects.
    clock: Option<Clock>,
    unnamed: Unnamed<'a>,
}

/// The objects that are not told by a name, as long as there are few: the usual lists have two or
/// three, and then nobody needs to walk through the list again.
#[derive(Clone, Copy, Debug, Default)]
struct Unnamed<'a> {
    few: [Option<Object<'a>>; 4],
    /// There are more of them, or a second object has a name that is taken.
    more: bool,
}

impl<'a> Unnamed<'a> {
    fn add(&mut self, object: &Object<'a>) {
        match self.few.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(*object),
            None => self.more = true,
        }
    }
}

/// Which object gave the meter number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Object(Obis),
    /// The closing element of the flat list, by its index.
    Closing(usize),
}

/// The codes that may hold the meter number, the best one first. The closing element of the flat
/// list ranks behind the first.
const NUMBERS: [Obis; 4] =
    [Obis::METER_NUMBER, Obis::DEVICE_NAME, Obis::METER_NUMBER_2, Obis::METER_ADDRESS];

impl<'a> Telegram<'a> {
    /// Reads exactly one plain APDU.
    ///
    /// # Errors
    /// As [`Notification::parse`], and [`Cause::MeterNumber`] if the flat list of Netz NÖ does not
    /// end with a number: nothing else vouches for the octets of its second frame.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        match Self::quick(octets) {
            Some(telegram) => Ok(telegram),
            None => Self::close(octets),
        }
    }

    fn close(octets: &'a [u8]) -> Result<Self> {
        let notification = Notification::parse(octets)?;
        Self::of(notification, &mut Objects::of(notification.body))
    }

    /// Reads a list and checks it in one go; nothing if anything about it is out of the ordinary, so
    /// that it wants a closer look.
    fn quick(octets: &'a [u8]) -> Option<Self> {
        // With no more octets than elements are allowed, and so few lists in each other, no limit
        // of the closer look can be exceeded.
        let notification =
            (octets.len() <= MAX_ELEMENTS).then(|| Notification::unchecked(octets))??;
        let mut objects = Objects::of(notification.body);
        let telegram = Self::of(notification, &mut objects).ok()?;
        (objects.is_whole() && objects.deepest() < 3).then_some(telegram)
    }

    fn of(notification: Notification<'a>, objects: &mut Objects<'a>) -> Result<Self> {
        let mut telegram = Self {
            notification,
            named: [None; COUNT],
            present: 0,
            meter: None,
            device: None,
            clock: None,
            unnamed: Unnamed::default(),
        };
        let mut flat = FlatList::default();
        let mut rank = NUMBERS.len();
        for object in objects {
            flat.see(&object);
            telegram.take(&object, &mut rank);
        }
        if let Some(closing) = flat.closing() {
            if !is_number(&closing.value) {
                return Err(Error::new(Layer::Reading, closing.value.offset, Cause::MeterNumber));
            }
            if rank > 0 {
                telegram.meter = Some((Source::Closing(closing.index), closing.value.octets));
            }
        }
        if let Some(net) = telegram.net() {
            telegram.name(POWER_NET, net);
        }
        Ok(telegram)
    }

    fn take(&mut self, object: &Object<'a>, rank: &mut usize) {
        if let Some(place) = self.slot(object) {
            return match Value::of(object) {
                Value::Number(_) if self.field(place).is_some() => self.unnamed.more = true,
                Value::Number(number) => self.name(place, number),
                _ => self.unnamed.add(object),
            };
        }
        self.unnamed.add(object);
        let octets = object.value.octets;
        if self.clock.is_none()
            && !self.is_header_clock(object)
            && let Value::Time(clock) = Value::of(object)
        {
            self.clock = Some(clock);
        }
        let Some(obis) = object.obis else {
            return;
        };
        if obis == Obis::DEVICE_NAME && self.device.is_none() {
            self.device = Some(octets);
        }
        if let Some(found) = NUMBERS.iter().position(|number| *number == obis)
            && found < *rank
            && is_string(&object.value)
        {
            *rank = found;
            self.meter = Some((Source::Object(obis), octets));
        }
    }

    fn name(&mut self, place: usize, number: Decimal) {
        if let Some(slot) = self.named.get_mut(place) {
            *slot = Some(number);
            self.present |= 1 << place;
        }
    }

    fn net(&self) -> Option<Decimal> {
        self.field(POWER_IMPORT)?.minus(self.field(POWER_EXPORT)?)
    }

    /// The place of the name of an object.
    fn slot(&self, object: &Object<'_>) -> Option<usize> {
        let (_, unit) = object.scale?;
        fields::of_object(object.obis?, unit)
    }

    /// The APDU.
    #[must_use]
    pub const fn notification(&self) -> &Notification<'a> {
        &self.notification
    }

    /// A named value, by its place in [`FIELDS`](fields::FIELDS).
    #[must_use]
    pub fn field(&self, place: usize) -> Option<Decimal> {
        self.named.get(place).copied().flatten()
    }

    /// The named values that are there, with their places.
    pub fn fields(&self) -> impl Iterator<Item = (usize, Decimal)> {
        let mut present = self.present;
        core::iter::from_fn(move || {
            let place = present.trailing_zeros() as usize;
            // Clears the lowest bit; at zero there is none left.
            present &= present.checked_sub(1)?;
            Some((place, self.field(place)?))
        })
    }

    /// A bit for each of them, by its place.
    #[must_use]
    pub const fn present(&self) -> u64 {
        self.present
    }

    /// The meter's clock: that of the APDU, else the one among the objects.
    #[must_use]
    pub fn time(&self, zone: &TimeZone) -> Option<Stamp> {
        let header = self.notification.clock.and_then(|clock| clock.stamp(zone));
        header.or_else(|| self.clock.and_then(|clock| clock.stamp(zone)))
    }

    /// The octets of the meter number.
    #[must_use]
    pub fn meter(&self) -> Option<&'a [u8]> {
        self.meter.map(|(_, octets)| octets)
    }

    /// The octets of the COSEM logical device name.
    #[must_use]
    pub const fn device(&self) -> Option<&'a [u8]> {
        self.device
    }

    /// Every object.
    #[must_use]
    pub fn objects(&self) -> Objects<'a> {
        Objects::of(self.notification.body)
    }

    /// The objects that neither have a name nor are the time, the meter number or the device name
    /// already told, in their order; and how often the key of each has been used, itself included.
    ///
    /// The key is the name, else the code: a second object with a name that is taken is among them.
    pub fn others(&self) -> impl Iterator<Item = (Object<'a>, usize)> {
        self.candidates().filter_map(move |object| {
            let before = match object.obis {
                None => 0,
                Some(_) => self.used_before(&object),
            };
            let told = before == 0 && (self.is_named(&object) || self.is_identity(&object));
            (!told && !self.is_told_clock(&object)).then_some((object, before + 1))
        })
    }

    /// All objects, or only those without a name if that makes no difference.
    fn candidates(&self) -> impl Iterator<Item = Object<'a>> {
        let all = self.unnamed.more.then(|| self.objects());
        let few = (!self.unnamed.more).then_some(self.unnamed.few);
        all.into_iter().flatten().chain(few.into_iter().flatten().flatten())
    }

    fn used_before(&self, object: &Object<'a>) -> usize {
        let key = |object: &Object<'_>| match self.name_of(object) {
            Some(place) => (Some(place), None),
            None => (None, object.obis),
        };
        let earlier = self.candidates().take_while(|earlier| earlier.index < object.index);
        earlier.filter(|earlier| key(earlier) == key(object)).count()
    }

    /// The place of the name of an object, if its value is told by that name.
    #[must_use]
    pub fn name_of(&self, object: &Object<'_>) -> Option<usize> {
        self.slot(object).filter(|_| matches!(Value::of(object), Value::Number(_)))
    }

    fn is_named(&self, object: &Object<'_>) -> bool {
        self.name_of(object).is_some()
    }

    fn is_identity(&self, object: &Object<'_>) -> bool {
        object.obis == Some(Obis::DEVICE_NAME)
            || match self.meter {
                Some((Source::Object(obis), _)) => object.obis == Some(obis),
                Some((Source::Closing(index), _)) => object.index == index,
                None => false,
            }
    }

    /// A clock that says the same as the time of the telegram.
    fn is_told_clock(&self, object: &Object<'_>) -> bool {
        self.is_header_clock(object)
            || self.notification.clock.is_none()
                && matches!(Value::of(object), Value::Time(clock) if self.clock == Some(clock))
    }

    /// A clock with the very octets of that of the APDU: nearly all are.
    fn is_header_clock(&self, object: &Object<'_>) -> bool {
        let header = self.notification.clock.as_ref().map(|clock| clock.0.as_slice());
        header == Some(object.value.octets) && object.obis.is_none_or(|obis| obis == Obis::CLOCK)
    }
}

/// Looks for the list that Netz NÖ sends: a clock without code, registers with code, scaler and unit,
/// all in one structure, and one last element without code.
#[derive(Debug, Default)]
struct FlatList<'a> {
    clock: bool,
    registers: usize,
    other: bool,
    last: Option<Object<'a>>,
}

impl<'a> FlatList<'a> {
    fn see(&mut self, object: &Object<'a>) {
        // Whatever stood behind the registers was not the last element.
        self.other |= self.last.is_some();
        let bare = object.flat && object.obis.is_none();
        match object.index {
            1 => self.clock = bare && object.value.octets.len() == 12,
            _ if object.flat && object.obis.is_some() && object.scale.is_some() => {
                self.registers += 1;
            }
            _ if bare => self.last = Some(*object),
            _ => self.other = true,
        }
    }

    fn closing(&self) -> Option<Object<'a>> {
        self.last.filter(|_| self.clock && self.registers > 0 && !self.other)
    }
}

fn is_string(data: &Data<'_>) -> bool {
    matches!(data.kind, Type::OCTET_STRING | Type::VISIBLE_STRING | Type::UTF8_STRING)
        && !data.octets.is_empty()
}

fn is_number(data: &Data<'_>) -> bool {
    is_string(data) && data.octets.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published telegram of Netz NÖ, and the list that KSM-West nests, cut down to two objects.
    fn telegrams() -> [Vec<u8>; 2] {
        let flat = include_str!("../../tests/data/netznoe-doc-2021.plain.hex");
        let nested = concat!(
            "0f00001c4e0c07e708150117170000ff88800204",
            "09060000010000ff090c07e708150117170000ff8880",
            "020209060000600100ff090e314b464d30323030303134313936",
            "020309060100200700ff12091902020fff1623",
        );
        [flat, nested].map(|digits| hex::decode(digits.replace('\n', "")).unwrap())
    }

    /// The quick look and the close one, for octets whatever they are.
    fn both(octets: &[u8]) -> (Option<String>, Option<String>) {
        let show = |telegram: &Telegram<'_>| format!("{telegram:?}");
        let quick = Telegram::quick(octets);
        let close = Telegram::close(octets).ok();
        (quick.as_ref().map(show), close.as_ref().map(show))
    }

    #[test]
    fn the_quick_look_sees_what_the_close_one_sees() {
        for telegram in telegrams() {
            let (quick, close) = both(&telegram);
            assert!(quick.is_some());
            assert_eq!(quick, close);
            for bit in 0..8 * telegram.len() {
                let mut flipped = telegram.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let (quick, close) = both(&flipped);
                assert!(quick.is_none() || quick == close, "bit {bit}");
            }
            for size in 0..telegram.len() {
                assert_eq!(both(&telegram[..size]), (None, None), "cut to {size}");
            }
            let longer = [&telegram[..], &[0]].concat();
            assert_eq!(both(&longer), (None, None));
        }
    }
}
