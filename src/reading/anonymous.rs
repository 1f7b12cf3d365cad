//! A telegram of nobody: the plain APDU with other numbers, names and registers, octet for octet as
//! long.
//!
//! | what | becomes |
//! |---|---|
//! | meter number, device name, any text with five digits | [another](Pseudonyms::text), with the same manufacturer and model |
//! | a system title, a longer octet-string that is neither text, code nor time | another |
//! | a register (D = 8 or 9) | so much more, the same in all telegrams of the meter |
//! | voltages, currents, powers, units, codes, names of lists | stay |
//! | clocks | stay, or go back by a given time |

use core::{ops::Range, time::Duration};
use std::collections::HashMap;

use crate::{
    cosem::{
        axdr::Data, clock::Clock, data_type::DataType, notification::Notification, obis::Obis,
    },
    error::{Cause, Layer, Result},
    reader::Reader,
    reading::{
        family::{MeterFamilies, MeterFamily},
        objects::Object,
        pseudonym::Pseudonyms,
        telegram::Telegram,
    },
    record::Time,
};

/// The replacements of a run.
#[derive(Debug)]
pub struct Anonymous {
    names: Pseudonyms,
    families: MeterFamilies,
    /// How far times go back.
    shift: Option<Duration>,
    /// The shift of each register of a meter.
    shifts: HashMap<(Vec<u8>, RegisterKey), i128>,
}

/// A register by its code, or by its place.
type RegisterKey = (Option<Obis>, usize);

/// A part of an APDU, and what stands there afterwards.
type Change = (Range<usize>, Vec<u8>);

impl Anonymous {
    /// With the names of this run.
    #[must_use]
    pub fn new(names: Pseudonyms, shift: Option<Duration>, families: MeterFamilies) -> Self {
        Self { names, families, shift, shifts: HashMap::new() }
    }

    /// The names.
    #[must_use]
    pub const fn names(&self) -> &Pseudonyms {
        &self.names
    }

    /// A time of a record, as far back as all others.
    #[must_use]
    pub fn time(&self, time: Time) -> Time {
        let shift = self.shift.and_then(|shift| i64::try_from(shift.as_millis()).ok());
        match (time.millis(), shift) {
            (Some(millis), Some(shift)) => Time::from_millis(millis.saturating_sub(shift)),
            _ => time,
        }
    }

    /// Replaces what is personal in a plain APDU.
    ///
    /// # Errors
    /// The APDU is no telegram, or has parts that are not understood.
    pub fn replace(&mut self, apdu: &mut [u8]) -> Result<()> {
        let mut changes = Vec::new();
        let telegram = Telegram::parse_with(apdu, self.families)?;
        if let Some(notification) = telegram.notification() {
            self.strings(&notification.body, &mut changes)?;
        }
        let [_, clock] = Notification::free_octets(apdu);
        self.clock(apdu, clock, &mut changes);
        let meter = telegram.meter().unwrap_or_default().to_vec();
        let registers: Vec<_> = telegram.objects().filter(is_register).collect();
        for object in &registers {
            let shift = self.shift_of(&meter, object, &registers);
            let value = object.value.integer().filter(|value| *value != 0);
            if let Some(octets) = value.and_then(|value| octets(&object.value, value + shift)) {
                changes.push((place(&object.value), octets));
            }
        }
        for object in telegram.objects().filter(is_name) {
            let mut octets = object.value.octets.to_vec();
            self.names.binary(&mut octets);
            changes.push((place(&object.value), octets));
        }
        for (place, octets) in changes {
            if let Some(part) = apdu.get_mut(place).filter(|part| part.len() == octets.len()) {
                part.copy_from_slice(&octets);
            }
        }
        Ok(())
    }

    /// The strings at any depth.
    fn strings(&self, body: &Data<'_>, changes: &mut Vec<Change>) -> Result<()> {
        if !body.is_list() {
            self.string(body, changes);
            return Ok(());
        }
        let mut reader = Reader::at(Layer::Axdr, body.octets, body.offset);
        let mut before = *body;
        while !reader.is_empty() {
            // The first element of a list stands right behind its head.
            let place = usize::from(!before.is_list());
            let data = Data::head_in(&before, place, &mut reader)?;
            before = data;
            if data.kind == DataType::COMPACT_ARRAY {
                let what = "compact arrays, whose names cannot be replaced";
                return Err(reader.error(Cause::Unsupported { what }));
            }
            self.string(&data, changes);
        }
        Ok(())
    }

    fn string(&self, data: &Data<'_>, changes: &mut Vec<Change>) {
        if data.kind == DataType::DATE_TIME || Clock::of(data.octets).is_some() {
            if let Some(clock) = self.earlier(data.octets) {
                changes.push((place(data), clock.0.to_vec()));
            }
            return;
        }
        let strings = [DataType::OCTET_STRING, DataType::VISIBLE_STRING, DataType::UTF8_STRING];
        if !strings.contains(&data.kind) {
            return;
        }
        let mut octets = data.octets.to_vec();
        let digits = octets.iter().filter(|c| c.is_ascii_digit()).count();
        match data.text() {
            Some(_) if digits < DIGITS => return,
            Some(_) => {
                self.names.text(&mut octets);
                self.keep_mark(data.octets, &mut octets);
            }
            None if octets.iter().all(|octet| *octet == 0) => return,
            None if is_date(&octets) && self.shift.is_none() => return,
            None => match (<[u8; 8]>::try_from(&octets[..]), Obis::of(&octets)) {
                (Ok(title), _) => octets = self.names.title(title).to_vec(),
                (Err(_), None) if octets.len() > SHORT => self.names.binary(&mut octets),
                _ => return,
            },
        }
        changes.push((place(data), octets));
    }

    /// Leaves the first octets of a name by which its family is known: manufacturer and model.
    fn keep_mark(&self, name: &[u8], other: &mut [u8]) {
        let marks = self.families.all().flat_map(MeterFamily::marks).map(|mark| &mark.begins);
        let longest = marks.filter(|mark| name.starts_with(mark)).map(Vec::len).max();
        let size = longest.unwrap_or_default();
        if let (Some(kept), Some(model)) = (other.get_mut(..size), name.get(..size)) {
            kept.copy_from_slice(model);
        }
    }

    fn clock(&self, apdu: &[u8], place: Range<usize>, changes: &mut Vec<Change>) {
        if let Some(clock) = apdu.get(place.clone()).and_then(|octets| self.earlier(octets)) {
            changes.push((place, clock.0.to_vec()));
        }
    }

    fn earlier(&self, octets: &[u8]) -> Option<Clock> {
        Clock::of(octets)?.earlier(self.shift?)
    }

    /// The shift of a register. The sum of tariffs stays one.
    fn shift_of(&mut self, meter: &[u8], object: &Object<'_>, all: &[Object<'_>]) -> i128 {
        let key = (meter.to_vec(), key(object));
        if let Some(shift) = self.shifts.get(&key) {
            return *shift;
        }
        let tariffs: Vec<_> = all.iter().filter(|other| is_tariff_of(other, object)).collect();
        let sum: i128 = tariffs.iter().filter_map(|tariff| tariff.value.integer()).sum();
        let value = object.value.integer().unwrap_or_default();
        let shift = match !tariffs.is_empty() && sum == value {
            true => tariffs.iter().map(|tariff| self.shift_of(meter, tariff, &[])).sum(),
            false => self.new_shift(&key.0, object, value),
        };
        self.shifts.insert(key, shift);
        shift
    }

    /// A register that has not counted yet stays at 0.
    fn new_shift(&self, meter: &[u8], object: &Object<'_>, value: i128) -> i128 {
        let room = greatest(&object.value).saturating_sub(value) / 8;
        let bound = u64::try_from(value.saturating_add(1000).min(room)).unwrap_or_default();
        let Object { obis, index, .. } = object;
        let place = obis.map_or_else(|| index.to_be_bytes().to_vec(), |obis| obis.0.to_vec());
        match value > 0 && bound > 0 {
            true => 1 + i128::from(self.names.below("register", &[meter, &place].concat(), bound)),
            false => 0,
        }
    }
}

fn key(object: &Object<'_>) -> RegisterKey {
    (object.obis, if object.obis.is_some() { 0 } else { object.index })
}

fn place(data: &Data<'_>) -> Range<usize> {
    data.offset..data.offset + data.octets.len()
}

/// A counter: D = 8 counts since the beginning, D = 9 since some time.
fn is_register(object: &Object<'_>) -> bool {
    let counts =
        object.obis.is_some_and(|Obis([medium, _, _, d, _, _])| medium > 0 && matches!(d, 8 | 9));
    counts && greatest(&object.value) > 0
}

/// A date alone: year, month, day, weekday.
fn is_date(octets: &[u8]) -> bool {
    let &[high, low, month, day, weekday] = octets else {
        return false;
    };
    let clock = [high, low, month, day, weekday, 0, 0, 0, 0, 0x80, 0, 0];
    Clock::of(&clock).is_some_and(|clock| clock.is_definite())
}

/// A number of the meter that is no text.
fn is_name(object: &Object<'_>) -> bool {
    let named = object.obis.is_some_and(|Obis([a, _, c, d, _, _])| {
        a == 0 && (matches!((c, d), (96, 1) | (42, _)) || c == 0 && d == 0)
    });
    named && greatest(&object.value) > 0
}

/// True if `tariff` is a part of `object`.
fn is_tariff_of(tariff: &Object<'_>, object: &Object<'_>) -> bool {
    match (tariff.obis, object.obis) {
        (Some(Obis([a, b, c, d, e, f])), Some(Obis(total))) => {
            total == [a, b, c, d, 0, f] && (1..64).contains(&e)
        }
        _ => false,
    }
}

/// The greatest value of an integer type; 0 for another type.
fn greatest(data: &Data<'_>) -> i128 {
    match data.kind {
        DataType::DOUBLE_LONG => i32::MAX.into(),
        DataType::DOUBLE_LONG_UNSIGNED => u32::MAX.into(),
        DataType::LONG_UNSIGNED => u16::MAX.into(),
        DataType::LONG64 => i64::MAX.into(),
        DataType::LONG64_UNSIGNED => u64::MAX.into(),
        _ => 0,
    }
}

/// A value in as many octets as its type has.
fn octets(data: &Data<'_>, value: i128) -> Option<Vec<u8>> {
    let fits = (0..=greatest(data)).contains(&value);
    let octets = value.to_be_bytes();
    let start = octets.len().checked_sub(data.octets.len())?;
    octets.get(start..).filter(|_| fits).map(<[u8]>::to_vec)
}

/// Fewer digits in a text are a type or a version, no number.
const DIGITS: usize = 5;

/// Octet-strings up to this length are states.
const SHORT: usize = 4;
