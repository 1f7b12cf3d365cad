//! The accounts of the run as metrics.
//!
//! All are gauges: a telegram that the guard holds may still become a good one.

use std::fmt::Write as _;

use crate::{
    format::prometheus::escaped,
    sink::accounts::{Accounts, InputAccount, SinkBalance},
};

/// The samples of a metric: the labels, and the value.
type AccountSamples = Vec<(String, u64)>;

/// Appends the accounts.
pub fn write(accounts: &Accounts, text: &mut Vec<u8>) {
    let InputAccount { octets, discarded, telegrams, held, rejected } = accounts.input();
    let octets = vec![
        ("result=\"framed\"".to_owned(), octets.saturating_sub(discarded)),
        ("result=\"discarded\"".to_owned(), discarded),
    ];
    metric("octets", "Octets read: in frames, and others.", &octets, text);
    let good = telegrams.saturating_sub(held.iter().map(|(_, count)| count).sum());
    let mut samples = vec![("result=\"good\"".to_owned(), good)];
    for (result, reasons) in [("held", held), ("rejected", rejected)] {
        let labels = |reason| format!("result=\"{result}\",reason=\"{}\"", escaped(reason));
        samples.extend(reasons.into_iter().map(|(reason, count)| (labels(reason), count)));
    }
    let help = "Telegrams: good ones, those that the guard keeps from sinks, and unreadable ones.";
    metric("telegrams", help, &samples, text);
    let mut samples = Vec::new();
    for (name, balance) in accounts.sinks() {
        let SinkBalance { stored, on_disk, lost, .. } = balance;
        for (state, count) in [
            ("stored", stored),
            ("in memory", balance.in_memory()),
            ("on disk", on_disk),
            ("lost", lost),
        ] {
            samples.push((format!("sink=\"{}\",state=\"{state}\"", escaped(&name)), count));
        }
    }
    metric("sink_readings", "Readings that a history sink accepted.", &samples, text);
}

fn metric(name: &str, help: &str, samples: &AccountSamples, text: &mut Vec<u8>) {
    if samples.is_empty() {
        return;
    }
    let mut lines = format!("# HELP meterpipe_{name} {help}\n# TYPE meterpipe_{name} gauge\n");
    for (labels, value) in samples {
        let _ = writeln!(lines, "meterpipe_{name}{{{labels}}} {value}");
    }
    text.extend_from_slice(lines.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_adds_up() {
        let accounts = Accounts::default();
        accounts.set_input(InputAccount {
            octets: 1000,
            discarded: 17,
            telegrams: 9,
            held: vec![("clock", 2)],
            rejected: vec![("not opened", 3)],
        });
        let sink = accounts.open("influxdb://h");
        sink.open();
        sink.find(4);
        (0..7).for_each(|_| sink.accept());
        sink.store(5);
        sink.keep(3);
        sink.lose(1);
        accounts.open("mqtt://h").accept();
        let mut text = Vec::new();
        write(&accounts, &mut text);
        let text = String::from_utf8(text).unwrap();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "meterpipe_octets{result=\"framed\"} 983",
                "meterpipe_octets{result=\"discarded\"} 17",
                "meterpipe_telegrams{result=\"good\"} 7",
                "meterpipe_telegrams{result=\"held\",reason=\"clock\"} 2",
                "meterpipe_telegrams{result=\"rejected\",reason=\"not opened\"} 3",
                "meterpipe_sink_readings{sink=\"influxdb://h\",state=\"stored\"} 5",
                "meterpipe_sink_readings{sink=\"influxdb://h\",state=\"in memory\"} 2",
                "meterpipe_sink_readings{sink=\"influxdb://h\",state=\"on disk\"} 3",
                "meterpipe_sink_readings{sink=\"influxdb://h\",state=\"lost\"} 1",
            ]
        );
    }
}
