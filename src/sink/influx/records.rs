//! The points of a telegram as one record, which is sent, kept and refused as a whole.
//!
//! Most records are one line. With `measurements` a record is a line for each measurement, with tabs
//! between them while they wait:
//!
//! ```text
//! Wirkenergie Bezug=12.937,Lieferung=0.000 1632728835⇥Spannung L1=233.7 1632728835
//! ```
//!
//! A tab is a control character, of which [lines](crate::format::influx) have none. So a record is one
//! line for a [spool](crate::sink::spool), and one reading for the accounts.
//!
//! With the time of the server, a record waits with the time of its arrival. It goes out without that
//! time, and alone, as long as it is [fresh](is_fresh): points without a time in one request would all
//! get the same time, and only the last of them would be kept. An older record keeps its time,
//! because that of the server would be wrong.

use jiff::Timestamp;

use crate::{
    format::{
        influx::{
            points::{Points, is_field},
            timestamp::seconds,
        },
        key::{FieldKey, Meta},
        latest::name,
        readings::Readings,
    },
    sink::{
        projection::Projection, row_length::RowLength, single_meter::SingleMeter, traits::Report,
    },
};

/// Stands between the lines of a record.
const SEPARATOR: u8 = b'\t';

/// The longest time from the arrival of a record at which the time of the server is still its time.
const FRESH_SECONDS: u64 = 5;

/// The time of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointTime {
    /// The first of these that there is.
    Readings([Meta; 2]),
    /// That of the server.
    Server,
}

/// A measurement besides the main one, and the fields that it gets.
#[derive(Debug)]
pub(super) struct MeasurementPoints {
    pub(super) measurement: String,
    pub(super) points: Points,
    pub(super) fields: Vec<(FieldKey, String)>,
}

/// Makes the records.
#[derive(Debug)]
pub(super) struct Records {
    /// The points with all fields that no other measurement gets.
    pub(super) points: Points,
    pub(super) others: Vec<MeasurementPoints>,
    /// Those of intervals, by the names of their lengths: `smartmeter_15m`.
    pub(super) intervals: Vec<(&'static str, Points)>,
    pub(super) projection: Projection,
    pub(super) time: PointTime,
    /// Without a tag the points of two meters would be one series: only one meter is stored then.
    pub(super) untagged: Option<SingleMeter>,
    pub(super) missing_time_reported: bool,
}

impl Records {
    /// The most lines of a record.
    pub(super) fn lines(&self) -> usize {
        1 + self.others.len()
    }

    /// The record of some readings; none if they have no field.
    pub(super) fn of(&mut self, readings: &Readings, report: &dyn Report) -> Option<Vec<u8>> {
        let Some(seconds) = self.seconds(readings) else {
            report.lost(1);
            if !core::mem::replace(&mut self.missing_time_reported, true) {
                report.say("readings without a time cannot be stored");
            }
            return None;
        };
        let meter = match &mut self.untagged {
            None => name(readings),
            Some(single_meter) => {
                let place = || "a series without a meter's tag".to_owned();
                if !single_meter.takes(place, readings, report) {
                    single_meter.leave_out(&place(), readings, report);
                    return None;
                }
                None
            }
        };
        let record = self.write(meter, readings, seconds);
        if record.is_none() {
            // Nothing in it is a field of a point.
            report.stored(1);
        }
        self.points.notes().iter().for_each(|note| report.say(note));
        for other in &mut self.others {
            other.points.notes().iter().for_each(|note| report.say(note));
        }
        record
    }

    /// The time of a record, in seconds since 1970.
    fn seconds(&self, readings: &Readings) -> Option<i64> {
        match self.time {
            PointTime::Readings(timestamps) => seconds(readings, timestamps),
            PointTime::Server => seconds(readings, [Meta::Received, Meta::Time])
                .or_else(|| Some(Timestamp::now().as_second())),
        }
    }

    /// The record of an interval; none of one that goes on, because its fields would remain beside those of its end.
    fn interval(
        &mut self,
        meter: Option<&str>,
        readings: &Readings,
        start: i64,
    ) -> Option<Vec<u8>> {
        if readings.get(FieldKey::Meta(Meta::Running)).is_some() {
            return None;
        }
        let length = RowLength::of(readings)?.name;
        let (_, points) = self.intervals.iter_mut().find(|(name, _)| *name == length)?;
        let everything = self.projection.keys.is_none();
        let is_value = |key: FieldKey| {
            let metas = [Meta::Telegrams, Meta::Complete, Meta::Estimated, Meta::MonthComplete]
                .map(FieldKey::Meta);
            !everything || !matches!(key, FieldKey::Meta(_)) || metas.contains(&key)
        };
        let fields = self.projection.of(readings).filter(|it| is_field(it.key) && is_value(it.key));
        let fields: Vec<_> = fields.collect();
        let fields = fields.iter().map(|it| (it.key, it.name.as_ref(), it.value.as_ref()));
        let mut text = Vec::new();
        points.write(meter, fields, Some(start), &mut text).then_some(text)
    }

    fn write(&mut self, meter: Option<&str>, readings: &Readings, seconds: i64) -> Option<Vec<u8>> {
        if readings.is_interval() {
            return self.interval(meter, readings, seconds);
        }
        let Self { points, others, projection, .. } = self;
        let mut text = Vec::new();
        let everything = projection.keys.is_none();
        let projected: Vec<_> = projection
            .of(readings)
            .filter(|reading| is_field(reading.key))
            .filter(|reading| !(everything && matches!(reading.key, FieldKey::Meta(_))))
            .collect();
        let is_main = |key: FieldKey| !others.iter().any(|other| other.name(key).is_some());
        let fields = projected.iter().filter(|it| is_main(it.key));
        let fields = fields.map(|it| (it.key, it.name.as_ref(), it.value.as_ref()));
        points.write(meter, fields, Some(seconds), &mut text);
        for other in others {
            let MeasurementPoints { points, fields, .. } = other;
            let fields = projected
                .iter()
                .filter_map(|it| Some((it.key, find(fields, it.key)?, it.value.as_ref())));
            let end = text.len();
            if points.write(meter, fields, Some(seconds), &mut text)
                && let Some(end) = end.checked_sub(1).and_then(|end| text.get_mut(end))
            {
                *end = SEPARATOR;
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

impl MeasurementPoints {
    fn name(&self, key: FieldKey) -> Option<&str> {
        find(&self.fields, key)
    }
}

fn find(fields: &[(FieldKey, String)], key: FieldKey) -> Option<&str> {
    fields.iter().find(|(field, _)| *field == key).map(|(_, name)| name.as_str())
}

/// Records as the server reads them, a line each point.
pub(super) fn lines(mut records: Vec<u8>) -> Vec<u8> {
    records.iter_mut().filter(|octet| **octet == SEPARATOR).for_each(|octet| *octet = b'\n');
    records
}

/// True if the time of the server is still the time of this record.
pub(super) fn is_fresh(record: &[u8], now: Timestamp) -> bool {
    let time = record.trim_ascii_end().rsplit(|octet| *octet == b' ').next();
    let time = time.and_then(|time| str::from_utf8(time).ok()?.parse::<i64>().ok());
    time.is_some_and(|seconds| now.as_second().abs_diff(seconds) <= FRESH_SECONDS)
}

/// A record without its time.
pub(super) fn without_time(record: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(record.len());
    for line in record.split_inclusive(|octet| matches!(*octet, b'\n' | SEPARATOR)) {
        // The time is the last word of a line.
        let end = line.iter().rposition(|octet| *octet == b' ').unwrap_or(line.len());
        text.extend_from_slice(line.get(..end).unwrap_or_default());
        text.extend_from_slice(line.get(line.len().saturating_sub(1)..).unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_loses_its_time_in_every_line() {
        let record = b"a b=\"x y\",c=1i 17\td,t=1 e=2.0 17\n";
        assert_eq!(without_time(record), b"a b=\"x y\",c=1i\td,t=1 e=2.0\n");
        assert_eq!(lines(record.to_vec()), b"a b=\"x y\",c=1i 17\nd,t=1 e=2.0 17\n");
    }

    #[test]
    fn a_record_is_fresh_for_five_seconds_by_either_clock() {
        let at =
            |second| is_fresh(b"a b=1 100\tc d=2 100\n", Timestamp::from_second(second).unwrap());
        assert_eq!([94, 95, 100, 105, 106].map(at), [false, true, true, true, false]);
    }
}
