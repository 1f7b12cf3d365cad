//! The InfluxDB sink against scripted servers and against real ones.
//!
//! `scripted` has a server with given answers, `spool` one that is away. `real` starts
//! VictoriaMetrics and InfluxDB on the loopback interface, which `tests/run` installs, and reads
//! the stored points back.

pub(crate) mod real;
mod recipes;
mod scripted;
pub(crate) mod server;
mod spool;

/// The first moment of the readings, 2026-11-20T12:00:00+01:00.
pub(crate) const START: i64 = 1_795_172_400;

/// The line of a reading, five seconds after the one before.
pub(crate) fn reading(number: usize) -> String {
    let time = START + 5 * i64::try_from(number).unwrap();
    let time = jiff::Timestamp::from_second(time).unwrap();
    format!(
        concat!(
            "{{\"schema\":1,\"time\":\"{}\",\"meter\":\"181220000009\",\"energy_import_wh\":{},",
            "\"power_net_w\":{},\"voltage_l1_v\":{}.{},\"current_l1_a\":{},\"1-0:99.1.0\":{}}}"
        ),
        time,
        12_937 + number,
        -8615 + i64::try_from(number).unwrap(),
        230 + number % 7,
        number % 10,
        // Whole numbers and others, in one field.
        ["0", "0.05", "1", "12.30"][number % 4],
        ["7", "7.25"][number % 2],
    )
}

/// The line that the server gets.
pub(crate) fn line(number: usize) -> String {
    format!(
        concat!(
            "smartmeter,meter=181220000009 energy_import_wh={}i,power_net_w={}i,",
            "voltage_l1_v={}.{},current_l1_a={},1-0:99.1.0={} {}"
        ),
        12_937 + number,
        -8615 + i64::try_from(number).unwrap(),
        230 + number % 7,
        number % 10,
        ["0.0", "0.05", "1.0", "12.30"][number % 4],
        ["7.0", "7.25"][number % 2],
        START + 5 * i64::try_from(number).unwrap(),
    )
}

/// Fails unless a server stored exactly these lines, in this order.
pub(crate) fn assert_stored(stored: &[String], numbers: impl IntoIterator<Item = usize>) {
    let wanted: Vec<_> = numbers.into_iter().map(line).collect();
    let differs = stored.iter().zip(&wanted).position(|(stored, wanted)| stored != wanted);
    if let Some(at) = differs {
        panic!("line {at}: {}\n      not: {}", stored[at], wanted[at]);
    }
    assert_eq!(stored.len(), wanted.len(), "so many lines");
}

pub(crate) fn lines(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(line).collect()
}
