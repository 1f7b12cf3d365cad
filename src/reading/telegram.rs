//! A whole telegram: time, meter, named values, and everything else.

use jiff::tz::TimeZone;

use crate::{
    cosem::{
        axdr::Data,
        clock::{Clock, Stamp},
        data_type::DataType,
        notification::Notification,
        obis::Obis,
    },
    error::{Cause, Error, Layer, Result},
    reading::{
        decimal::Decimal,
        dsmr::{DsmrObjects, DsmrTelegram},
        family::{MeterFamilies, MeterFamily},
        fields::{self, COUNT, POWER_EXPORT, POWER_IMPORT, POWER_NET},
        layout::LayoutCollector,
        objects::{Object, Objects},
        recognition::family_of,
        steps::{ObjectStep, Steps},
        value::Value,
    },
};

/// A plain telegram that passed all checks.
#[derive(Clone, Copy, Debug)]
pub struct Telegram<'a> {
    form: TelegramForm<'a>,
    named: [Option<Decimal>; COUNT],
    /// The channel (group B) of the code of each named value.
    channels: [u8; COUNT],
    /// A bit for each name that has a value, which saves a look at all of them.
    present: u64,
    meter: Option<(NumberSource, &'a [u8])>,
    device: Option<&'a [u8]>,
    /// The clock among the objects.
    clock: Option<Clock>,
    /// That clock has its code, and a definite time.
    has_clock_object: bool,
    list: KnownList,
    unnamed: Unnamed<'a>,
}

/// The form in which a telegram was sent.
#[derive(Clone, Copy, Debug)]
enum TelegramForm<'a> {
    Cosem(Notification<'a>),
    Dsmr(DsmrTelegram<'a>),
}

/// The objects of a telegram, in their order.
#[derive(Clone, Debug)]
pub enum TelegramObjects<'a> {
    /// Of a push list.
    Cosem(Objects<'a>),
    /// Of a DSMR telegram.
    Dsmr(DsmrObjects<'a>),
}

impl<'a> Iterator for TelegramObjects<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        match self {
            Self::Cosem(objects) => objects.next(),
            Self::Dsmr(objects) => objects.next(),
        }
    }
}

/// Facts that are the same for all telegrams of one layout.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KnownList {
    /// Its number.
    layout: u64,
    /// The family whose table names or scales the values.
    family: Option<&'static MeterFamily>,
    /// The number of values that mean nothing without scaler and unit, and have none.
    unscaled: usize,
    /// No two objects have the same key.
    is_distinct: bool,
}

impl KnownList {
    pub(super) const fn is_distinct(&self) -> bool {
        self.is_distinct
    }
}

/// The objects without a name, as long as there are few: the usual lists have two or three, and
/// then no second walk through the list is necessary. Objects without a code that gave the time or
/// the meter number are left out.
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

    fn remove_last(&mut self, index: usize) {
        let last = self.few.iter_mut().rfind(|place| place.is_some());
        if let Some(place) = last {
            place.take_if(|object| object.index == index);
        }
    }
}

/// Which object gave the meter number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberSource {
    Object(Obis),
    /// The closing element of the flat list, by its index.
    Closing(usize),
}

/// The codes that may hold the meter number, the best one first. The closing element of the flat
/// list ranks behind the first.
const NUMBERS: [Obis; 5] = [
    Obis::METER_NUMBER,
    Obis::DEVICE_NAME,
    Obis::METER_NUMBER_2,
    Obis::METER_ADDRESS,
    Obis::METER_ADDRESS_1,
];

impl<'a> Telegram<'a> {
    /// Reads exactly one plain APDU.
    ///
    /// # Errors
    /// As [`Notification::parse`], and [`Cause::MeterNumber`] if the flat list of Netz NÖ does not
    /// end with a number: no other check covers the octets of its second frame.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        Self::parse_with(octets, MeterFamilies::default())
    }

    /// The same, with the tables of meter families that send no codes.
    ///
    /// # Errors
    /// The same.
    pub fn parse_with(octets: &'a [u8], families: MeterFamilies) -> Result<Self> {
        let notification = Notification::parse(octets)?;
        let family = family_of(&notification.body, families);
        let mut layout = LayoutCollector::new(&notification);
        let (mut unscaled, is_known) = (0, family.is_some_and(|it| it.elements().is_some()));
        let steps = Steps::of(notification.body, family).inspect(|step| {
            layout.see(step);
            if let ObjectStep::Any(object) = step {
                unscaled +=
                    usize::from(object.lacks_scale() && !(is_known && object.obis.is_some()));
            }
        });
        let list = KnownList { family, ..KnownList::default() };
        let mut telegram = Self::of(notification, list, [], steps)?;
        let is_distinct = layout.is_distinct();
        telegram.list = KnownList { layout: layout.layout(), family, unscaled, is_distinct };
        Ok(telegram)
    }

    /// Reads exactly one DSMR telegram; `texts` is room for its texts.
    ///
    /// # Errors
    /// As [`DsmrTelegram::parse`].
    pub fn parse_dsmr(octets: &'a [u8], texts: &'a mut Vec<u8>) -> Result<Self> {
        let dsmr = DsmrTelegram::parse(octets, texts)?;
        let mut layout = LayoutCollector::of_dsmr();
        let steps = dsmr.objects().map(ObjectStep::Any).inspect(|step| layout.see(step));
        let mut telegram = Self::build(TelegramForm::Dsmr(dsmr), KnownList::default(), [], steps)?;
        telegram.list.layout = layout.layout();
        telegram.list.is_distinct = layout.is_distinct();
        telegram.device = telegram.device.or(Some(dsmr.identification()));
        Ok(telegram)
    }

    /// Puts a telegram together, from numbers with the places of their names, each another one, and
    /// the channels (group B) of their codes, and from other steps.
    ///
    /// # Errors
    /// The closing element of the flat list is no number.
    pub(super) fn of(
        notification: Notification<'a>,
        list: KnownList,
        named: impl IntoIterator<Item = (usize, u8, Decimal)>,
        steps: impl Iterator<Item = ObjectStep<'a>>,
    ) -> Result<Self> {
        Self::build(TelegramForm::Cosem(notification), list, named, steps)
    }

    fn build(
        form: TelegramForm<'a>,
        list: KnownList,
        named: impl IntoIterator<Item = (usize, u8, Decimal)>,
        steps: impl Iterator<Item = ObjectStep<'a>>,
    ) -> Result<Self> {
        let mut telegram = Self {
            form,
            named: [None; COUNT],
            channels: [0; COUNT],
            present: 0,
            meter: None,
            device: None,
            clock: None,
            has_clock_object: false,
            list,
            unnamed: Unnamed::default(),
        };
        for (place, channel, number) in named {
            telegram.set(place, channel, number);
        }
        let mut rank = NUMBERS.len();
        for step in steps {
            match step {
                ObjectStep::Any(object) => telegram.take(&object, &mut rank),
                ObjectStep::Closing(Object { value, .. }) if !is_number(&value) => {
                    return Err(Error::new(Layer::Reading, value.offset, Cause::MeterNumber));
                }
                ObjectStep::Closing(Object { index, value, .. }) if rank > 0 => {
                    telegram.meter = Some((NumberSource::Closing(index), value.octets));
                    telegram.unnamed.remove_last(index);
                }
                ObjectStep::Closing(_) => {}
            }
        }
        if let Some(net) = telegram.net() {
            telegram.name(POWER_NET, 0, net);
        }
        Ok(telegram)
    }

    fn take(&mut self, object: &Object<'a>, rank: &mut usize) {
        if let Some(place) = self.slot(object) {
            return match Value::of(object) {
                Value::Number(number) => {
                    self.name(place, object.obis.map_or(0, Obis::channel), number);
                }
                _ => self.unnamed.add(object),
            };
        }
        let is_header = self.is_header_clock(object);
        if !is_header || object.obis.is_some() {
            self.unnamed.add(object);
        }
        if !is_header && self.clock.is_none() {
            self.clock = Value::time(object);
            let is_coded = object.obis.is_some_and(Obis::is_clock);
            self.has_clock_object = is_coded && self.clock.is_some_and(|it| it.is_definite());
        }
        let octets = object.value.octets;
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
            self.meter = Some((NumberSource::Object(obis), octets));
        }
    }

    /// Takes a value with a name. The name belongs to its first value.
    fn name(&mut self, place: usize, channel: u8, number: Decimal) {
        match self.field(place) {
            None => self.set(place, channel, number),
            Some(_) => self.unnamed.more = true,
        }
    }

    fn set(&mut self, place: usize, channel: u8, number: Decimal) {
        if let (Some(slot), Some(slot_channel)) =
            (self.named.get_mut(place), self.channels.get_mut(place))
        {
            *slot = Some(number);
            *slot_channel = channel;
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

    /// The APDU; `None` for a DSMR telegram.
    #[must_use]
    pub const fn notification(&self) -> Option<&Notification<'a>> {
        match &self.form {
            TelegramForm::Cosem(notification) => Some(notification),
            TelegramForm::Dsmr(_) => None,
        }
    }

    /// The clock of the APDU.
    const fn header_clock(&self) -> Option<&Clock> {
        match self.notification() {
            Some(notification) => notification.clock.as_ref(),
            None => None,
        }
    }

    /// A value by its published name: `telegram.get("energy_import_wh")`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Decimal> {
        self.field(fields::of_name(name)?)
    }

    /// A named value, by its place in [`FIELDS`](fields::FIELDS).
    #[must_use]
    pub fn field(&self, place: usize) -> Option<Decimal> {
        self.named.get(place).copied().flatten()
    }

    /// The named values of the telegram, with their places.
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

    /// The meter's clock.
    #[must_use]
    pub fn time(&self, zone: &TimeZone) -> Option<Stamp> {
        self.best_clock(|clock| clock.stamp(zone))
    }

    /// The clock that gives the time: the object 0-0:1.0.0, else that of the APDU, else one among the
    /// objects that has no code. The header of a Landis+Gyr E450 is some seconds older than its list.
    #[must_use]
    pub fn clock(&self) -> Option<&Clock> {
        self.best_clock(|clock| clock.is_definite().then_some(clock))
    }

    /// The first of its clocks that gives something.
    fn best_clock<'c, T>(&'c self, given: impl Fn(&'c Clock) -> Option<T>) -> Option<T> {
        let [header, object] = self.clocks();
        let named = object.filter(|_| self.has_clock_object);
        let named = named.and_then(&given);
        named.or_else(|| header.and_then(&given)).or_else(|| object.and_then(&given))
    }

    /// Its clocks: that of the APDU's header, and the first one among the objects.
    #[must_use]
    pub const fn clocks(&self) -> [Option<&Clock>; 2] {
        [self.header_clock(), self.clock.as_ref()]
    }

    /// The first clock among the objects that differs from that of the APDU; any, if the APDU has
    /// none.
    #[must_use]
    pub const fn object_clock(&self) -> Option<Clock> {
        self.clock
    }

    /// The layout as a number: telegrams of one layout have the same. See
    /// [`layout`](super::layout).
    #[must_use]
    pub const fn layout(&self) -> u64 {
        self.list.layout
    }

    /// The number of values that mean nothing without scaler and unit, and have none.
    #[must_use]
    pub const fn unscaled(&self) -> usize {
        self.list.unscaled
    }

    pub(super) const fn list(&self) -> KnownList {
        self.list
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
    pub fn objects(&self) -> TelegramObjects<'a> {
        match &self.form {
            TelegramForm::Cosem(notification) => {
                TelegramObjects::Cosem(Objects::of(notification.body, self.list.family))
            }
            TelegramForm::Dsmr(dsmr) => TelegramObjects::Dsmr(dsmr.objects()),
        }
    }

    /// The family whose table names the values, or gives their scalers and units.
    #[must_use]
    pub const fn family(&self) -> Option<&'static MeterFamily> {
        self.list.family
    }

    /// The code of a named value; `None` for a computed one.
    #[must_use]
    pub fn code(&self, place: usize) -> Option<Obis> {
        let [c, d, e] = fields::FIELDS.get(place)?.code?;
        Some(Obis([1, *self.channels.get(place)?, c, d, e, 255]))
    }

    /// The objects without a name, in their order, except those that gave the time, the meter
    /// number or the device name; with the number of uses of the key of each so far, itself
    /// included.
    ///
    /// The key is the name, else the code: a second object with a taken name is among them.
    pub fn others(&self) -> impl Iterator<Item = (Object<'a>, usize)> {
        self.candidates().filter_map(move |object| {
            let before = match object.obis {
                Some(_) if !self.list.is_distinct => self.used_before(&object),
                _ => 0,
            };
            let is_header = before == 0 && (self.is_named(&object) || self.is_identity(&object));
            (!is_header && !self.is_header_or_object_clock(&object)).then_some((object, before + 1))
        })
    }

    /// All objects, or only those without a name if that makes no difference.
    fn candidates(&self) -> impl Iterator<Item = Object<'a>> {
        let all = self.unnamed.more.then(|| self.objects());
        let few = (!self.unnamed.more).then_some(&self.unnamed.few);
        all.into_iter().flatten().chain(few.into_iter().flatten().flatten().copied())
    }

    fn used_before(&self, object: &Object<'a>) -> usize {
        let key = |object: &Object<'_>| match self.name_of(object) {
            Some(place) => (Some(place), None),
            None => (None, object.obis),
        };
        let earlier = self.candidates().take_while(|earlier| earlier.index < object.index);
        earlier.filter(|earlier| key(earlier) == key(object)).count()
    }

    /// The place of the name of an object, if its value is a number.
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
                Some((NumberSource::Object(obis), _)) => object.obis == Some(obis),
                Some((NumberSource::Closing(index), _)) => object.index == index,
                None => false,
            }
    }

    /// True if an object is a clock equal to the time of the telegram.
    fn is_header_or_object_clock(&self, object: &Object<'_>) -> bool {
        self.is_header_clock(object)
            || (self.header_clock().is_none() || self.has_clock_object)
                && Value::time(object).is_some_and(|clock| self.clock == Some(clock))
    }

    /// True if an object is a clock with the octets of that of the APDU, as nearly all are.
    fn is_header_clock(&self, object: &Object<'_>) -> bool {
        let header = self.header_clock().map(|clock| clock.0.as_slice());
        header == Some(object.value.octets) && object.obis.is_none_or(Obis::is_clock)
    }
}

fn is_string(data: &Data<'_>) -> bool {
    match data.kind {
        DataType::OCTET_STRING | DataType::VISIBLE_STRING | DataType::UTF8_STRING => {
            !data.octets.is_empty()
        }
        DataType::DSMR => data.text().is_some(),
        _ => false,
    }
}

fn is_number(data: &Data<'_>) -> bool {
    // Without a branch an octet.
    is_string(data) && data.octets.iter().fold(true, |all, octet| all & octet.is_ascii_digit())
}
