//! The readings of an interval, and the registers of a telegram for it.

use jiff::{Timestamp, tz::TimeZone};

use meterpipe::{
    cosem::clock::{Stamp, VIENNA},
    error::Cause,
    format::{
        key::{FieldKey, Meta},
        readings::{Member, ReadingValue, Readings, unit},
    },
    intervals::{
        registers::{EnergyRegisters, is_energy},
        row::{IntervalRow, length},
    },
    reading::decimal::Decimal,
};

/// The name of a meter, and the member that holds it.
pub type MeterLabel = Option<(Meta, Box<str>)>;

/// The name of the meter of some readings: its number, else its system title.
pub fn meter_name(readings: &Readings) -> MeterLabel {
    let name = |meta| readings.meta(meta).filter(|name| !name.is_empty());
    [Meta::Meter, Meta::SystemTitle].into_iter().find_map(|meta| Some((meta, name(meta)?.into())))
}

/// The registers of energy among some readings.
pub fn registers(readings: &Readings, registers: &mut EnergyRegisters) {
    registers.clear();
    for Member { key, value, .. } in readings.members() {
        if let (FieldKey::Field(place, 1), ReadingValue::Number(number)) = (key, value) {
            registers.add(*place, *number);
        }
    }
}

/// The invocation counter of a telegram.
pub fn counter(readings: &Readings) -> Option<u64> {
    match readings.get(FieldKey::Meta(Meta::InvocationCounter)) {
        Some(ReadingValue::Number(number)) => u64::try_from(number.to_integer()?).ok(),
        _ => None,
    }
}

/// The interval of a row; the caller knows the boundaries, and therefore whether it is whole.
pub fn row_of(readings: &Readings) -> Result<IntervalRow, Cause> {
    let truth = |meta| match readings.get(FieldKey::Meta(meta)) {
        Some(ReadingValue::Truth(truth)) => Some(*truth),
        _ => None,
    };
    let time = |meta| {
        let second = readings.meta(meta).and_then(|time| time.parse().ok());
        second.map(Timestamp::as_second).ok_or_else(|| time_cause(readings, &[meta]))
    };
    let (start, end) = (time(Meta::Start)?, time(Meta::End)?);
    if end <= start {
        return Err(Cause::Interval { fault: "an interval that ends before it begins" });
    }
    let energy = |member: &Member| match (member.key, &member.value) {
        (FieldKey::Field(place, 1), ReadingValue::Number(number)) if is_energy(place) => {
            Some((place, *number))
        }
        _ => None,
    };
    let energies: Vec<_> = readings.members().iter().filter_map(energy).collect();
    if energies.iter().any(|(_, energy)| energy.is_negative()) {
        return Err(Cause::Interval { fault: "an interval with a negative energy" });
    }
    let telegrams = match readings.get(FieldKey::Meta(Meta::Telegrams)) {
        Some(ReadingValue::Number(number)) => number.to_integer(),
        _ => None,
    };
    Ok(IntervalRow {
        start,
        end,
        energies,
        telegrams: telegrams.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
        complete: truth(Meta::Complete) == Some(true),
        estimated: truth(Meta::Estimated) == Some(true),
        whole: false,
    })
}

/// The cause of readings without any of these times.
pub fn time_cause(readings: &Readings, times: &[Meta]) -> Cause {
    match times.iter().any(|meta| readings.meta(*meta).is_some()) {
        true => Cause::TimeForm,
        false => Cause::NoTime,
    }
}

/// An instant as text, with the offset of the zone.
pub fn local(second: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_second(second) else {
        return String::new();
    };
    let offset = zone.to_offset(at);
    Stamp { local: offset.to_datetime(at), offset, assumed: false }.to_string()
}

/// Readings of intervals, member by member in the order in which they are printed.
pub struct IntervalReadings<'a> {
    members: Vec<Member>,
    zone: &'a TimeZone,
}

impl<'a> IntervalReadings<'a> {
    /// Begins with the version.
    pub fn new(zone: &'a TimeZone) -> Self {
        let mut readings = Self { members: Vec::with_capacity(16), zone };
        readings.meta(Meta::Schema, ReadingValue::Number(Decimal::new(1, 0)));
        readings
    }

    /// Adds an item of metadata.
    pub fn meta(&mut self, meta: Meta, value: ReadingValue) {
        self.members.push(Member { key: FieldKey::Meta(meta), value, unit: "".into() });
    }

    /// Adds a time.
    pub fn time(&mut self, meta: Meta, second: i64) {
        self.meta(meta, ReadingValue::Text(local(second, self.zone)));
    }

    /// Adds a value with a published name.
    pub fn field(&mut self, (place, number): (usize, Decimal)) {
        let key = FieldKey::Field(place, 1);
        self.members.push(Member { key, value: ReadingValue::Number(number), unit: unit(key) });
    }

    /// Adds the name of the meter.
    pub fn meter(&mut self, name: &MeterLabel) {
        if let Some((meta, name)) = name {
            self.meta(*meta, ReadingValue::Text(name.to_string()));
        }
    }

    /// Adds energies and means of an interval.
    pub fn values(&mut self, row: &IntervalRow) {
        row.energies.iter().for_each(|energy| self.field(*energy));
        row.means().for_each(|mean| self.field(mean));
    }

    /// Adds what is known of the telegrams of an interval, and ends.
    pub fn finish(mut self, row: &IntervalRow) -> Readings {
        let telegrams = Decimal::of(row.telegrams.into(), 0).unwrap_or(Decimal::new(0, 0));
        self.meta(Meta::Telegrams, ReadingValue::Number(telegrams));
        self.meta(Meta::Complete, ReadingValue::Truth(row.complete));
        if row.estimated {
            self.meta(Meta::Estimated, ReadingValue::Truth(true));
        }
        Readings::new(self.members)
    }
}

/// The readings of an interval that has ended, or of a part of one; `every` is the length of the intervals.
pub fn of_row(row: &IntervalRow, meter: &MeterLabel, every: &str, zone: &TimeZone) -> Readings {
    let mut readings = IntervalReadings::new(zone);
    readings.time(Meta::Start, row.start);
    readings.time(Meta::End, row.end);
    // Sinks know the clock of Vienna alone.
    if length(row.start, row.end, &VIENNA).0 != every {
        readings.meta(Meta::Every, ReadingValue::Text(every.to_owned()));
    }
    readings.meter(meter);
    readings.values(row);
    readings.finish(row)
}
