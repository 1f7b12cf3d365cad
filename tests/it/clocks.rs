//! Meter clocks that are wrong: marked, told once, and left out of history.

use crate::common::{
    binary::run,
    chain::beside,
    published::{Folder, HEADER, PLAIN},
};

/// Decodes records of the published telegram that came at these times. The telegram is of
/// 2021-09-27T09:47:15+02:00, deviation and status FF88 80.
fn decoded(apdu: &str, received: &[&str], format: &str) -> (Vec<String>, String) {
    let apdu: String = apdu.split_whitespace().collect();
    let mut records = HEADER.to_owned();
    for time in received {
        records.push_str(&format!("{time} apdu {apdu}\n"));
    }
    let ran = run(&["decode", "--format", format], records.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.err);
    (ran.out.lines().map(str::to_owned).collect(), ran.err)
}

/// The last word of a line of the line protocol: nanoseconds since 1970, here in seconds.
fn timestamp(line: &str) -> &str {
    line.rsplit(' ').next().unwrap().strip_suffix("000000000").unwrap()
}

#[test]
fn a_clock_that_is_far_off_is_told_once_and_history_takes_the_arrival() {
    let received = ["2026-01-15T11:00:00.100Z", "2026-01-15T11:00:05.100Z"];
    let (lines, messages) = decoded(PLAIN, &received, "influx");
    let times: Vec<_> = lines.iter().map(|line| timestamp(line)).collect();
    assert_eq!(times, ["1768474800", "1768474805"]);
    let told = "meterpipe decode: meter 181220000009: the meter's clock is 1571 days behind the \
                time of arrival, which history uses\n";
    assert_eq!(messages, told);
    // In time, and with an hour of difference.
    let (lines, messages) = decoded(PLAIN, &["2021-09-27T07:47:17.000Z"], "influx");
    assert_eq!((timestamp(&lines[0]), messages.as_str()), ("1632728835", ""));
    let (lines, messages) = decoded(PLAIN, &["2021-09-27T08:47:12.000Z"], "influx");
    assert_eq!(timestamp(&lines[0]), "1632732432");
    assert!(messages.contains("clock is 0 h 59 min behind the time of arrival"), "{messages}");
}

#[test]
fn a_clock_that_calls_itself_invalid_is_told_once() {
    let invalid = PLAIN.replace("00ff8880", "00ff8883");
    let received = ["2021-09-27T07:47:17.000Z", "2021-09-27T07:47:22.000Z"];
    let (lines, messages) = decoded(&invalid, &received, "influx");
    let times: Vec<_> = lines.iter().map(|line| timestamp(line)).collect();
    assert_eq!(times, ["1632728837", "1632728842"]);
    assert_eq!(messages.matches("calls its clock invalid").count(), 1, "{messages}");
}

#[test]
fn a_daylight_saving_bit_against_the_offset_is_told_once() {
    for (status, told) in [("ffc480", 1), ("ffc400", 0), ("ff8880", 0), ("800080", 0)] {
        let apdu = PLAIN.replace("ff8880", status);
        let (lines, messages) = decoded(&apdu, &["-", "-"], "json");
        assert_eq!(lines.len(), 2);
        let count = messages.matches("contradicts itself").count();
        assert_eq!(count, told, "{status}: {messages}");
    }
}

#[test]
fn the_cases_of_users_are_told_once_each() {
    let Some(folder) = beside("cases/clocks") else { return };
    for (file, told, suspect) in [
        ("year-2000.rec", "9668 days behind", 10),
        ("status-invalid.hex", "calls its clock invalid", 3),
        ("dst-bit-contradicts-deviation.hex", "contradicts itself", 0),
    ] {
        let ran = Folder::new().decode(&[folder.join(file).to_str().unwrap()], b"");
        assert_eq!(ran.err.lines().filter(|line| line.contains(told)).count(), 1, "{file}");
        assert_eq!(ran.err.lines().count(), 1, "{file}: {}", ran.err);
        assert_eq!(ran.out.matches("\"time_suspect\":true").count(), suspect, "{file}");
    }
}
