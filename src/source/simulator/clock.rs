//! The meter's clock: Vienna's time in the twelve octets of COSEM.
//!
//! ```text
//! 07E5 09 1B 01 09 2F 0F 00 FF88 80
//! year │  │  │  │  │  │  │  │    └ status: 80 in summer
//!  month day │ hour min sec │  deviation: minutes from here to UTC, FFC4 or FF88
//!         weekday, 1 = Monday hundredths
//! ```

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

/// Compiled in: the virtual meter needs no tzdata.
static VIENNA: TimeZone = jiff::tz::get!("Europe/Vienna");

/// A date-time (Blue Book 4.1.6.1). `status` is the clock status without the summer time bit:
/// [`MeterKind::clock_status`](super::meter::MeterKind::clock_status).
pub fn date_time(time: Timestamp, status: u8) -> [u8; 12] {
    let (offset, summer) = local(time);
    let civil = offset.to_datetime(time);
    let [year_high, year_low] = civil.year().to_be_bytes();
    let [deviation_high, deviation_low] = deviation(offset).to_be_bytes();
    [
        year_high,
        year_low,
        civil.month().cast_unsigned(),
        civil.day().cast_unsigned(),
        civil.weekday().to_monday_one_offset().cast_unsigned(),
        civil.hour().cast_unsigned(),
        civil.minute().cast_unsigned(),
        civil.second().cast_unsigned(),
        0,
        deviation_high,
        deviation_low,
        status | if summer { 0x80 } else { 0x00 },
    ]
}

/// The same with hundredths and deviation "not specified": the summer time bit still tells the
/// doubled hour apart.
pub fn without_offset(date_time: [u8; 12]) -> [u8; 12] {
    let [year, year_low, month, day, weekday, hour, minute, second, .., status] = date_time;
    [year, year_low, month, day, weekday, hour, minute, second, 0xff, 0x80, 0x00, status]
}

/// Seconds by which local time is ahead of UTC.
pub(super) fn ahead(time: Timestamp) -> i64 {
    i64::from(local(time).0.seconds())
}

fn local(time: Timestamp) -> (Offset, bool) {
    let info = VIENNA.to_offset_info(time);
    (info.offset(), info.dst().is_dst())
}

/// Minutes from local time to UTC: the opposite sign of RFC 3339.
fn deviation(offset: Offset) -> i16 {
    i16::try_from(-offset.seconds() / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(time: &str) -> String {
        hex::encode(date_time(time.parse().unwrap(), 0))
    }

    #[test]
    fn the_clocks_of_real_telegrams() {
        // The operator's example, and the winter clock of a Kaifa MA309M in Salzburg.
        assert_eq!(octets("2021-09-27T09:47:15+02:00"), "07e5091b01092f0f00ff8880");
        assert_eq!(octets("2022-11-12T16:54:00+01:00"), "07e60b0c0610360000ffc400");
    }

    #[test]
    fn the_doubled_hour_is_known_by_deviation_and_status() {
        assert_eq!(octets("2024-10-27T00:59:55Z"), "07e80a1b07023b3700ff8880");
        assert_eq!(octets("2024-10-27T01:00:00Z"), "07e80a1b0702000000ffc400");
        // In spring 02:00 does not exist.
        assert_eq!(octets("2024-03-31T00:59:55Z"), "07e8031f07013b3700ffc400");
        assert_eq!(octets("2024-03-31T01:00:00Z"), "07e8031f0703000000ff8880");
    }
}
