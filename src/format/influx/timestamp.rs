//! The time of a point.

use crate::format::{key::Meta, readings::Readings};

/// The time of readings in seconds since 1970, by the first of these timestamps that has one: the
/// meter's ([`Meta::Time`]) or the machine's ([`Meta::Received`]); the machine's if the meter's is
/// suspect. `None` for a time that no point can have: before 1678 or after 2261.
#[must_use]
pub fn seconds(readings: &Readings, timestamps: [Meta; 2]) -> Option<i64> {
    let timestamps = match readings.time_is_suspect() {
        true => [Meta::Received, Meta::Time],
        false => timestamps,
    };
    let of = |meta| readings.meta(meta)?.parse().ok().map(jiff::Timestamp::as_second);
    // An interval has the time of its start.
    let start = of(Meta::Start).filter(|seconds| is_storable(*seconds));
    start.or_else(|| timestamps.into_iter().filter_map(of).find(|seconds| is_storable(*seconds)))
}

/// True if a database can store this time: nanoseconds in 64 bits, less a few reserved values.
pub(super) fn is_storable(seconds: i64) -> bool {
    seconds.checked_mul(1_000_000_000).is_some_and(|nanos| nanos.unsigned_abs() < u64::MAX / 2 - 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_meters_or_else_that_of_the_arrival() {
        let seconds = |members: &str| {
            let line = format!("{{{members}\"power_net_w\":1}}");
            seconds(&Readings::parse(line.as_bytes()).unwrap(), [Meta::Time, Meta::Received])
        };
        let time = "\"time\":\"2021-09-27T09:47:15+02:00\",";
        let received = "\"received\":\"2026-08-24T21:03:17.482Z\",";
        assert_eq!(seconds(&format!("{time}{received}")), Some(1_632_728_835));
        assert_eq!(seconds(&format!("{time}\"time_assumed\":true,")), Some(1_632_728_835));
        assert_eq!(seconds(received), Some(1_787_605_397));
        assert_eq!(
            seconds(&format!("\"time\":\"9999-01-01T00:00:00Z\",{received}")),
            Some(1_787_605_397)
        );
        assert_eq!(seconds(""), None);
    }
}
