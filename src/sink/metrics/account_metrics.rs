//! The accounts of the run as metrics.
//!
//! Octets and telegrams are gauges: a telegram that the guard holds may still become a good one.

use crate::{
    format::exposition::{Exposition, MetricType, Samples},
    sink::accounts::{AccountKind, Accounts, InputAccount, SinkBacklog, SinkBalance},
};

/// Appends the accounts.
pub fn write(accounts: &Accounts, exposition: Exposition, text: &mut Vec<u8>) {
    input(&accounts.input(), exposition, text);
    let mut readings = gauge("sink_readings", "Readings that a sink accepted.");
    for (sink, balance) in accounts.sinks() {
        let SinkBalance { stored, on_disk, replaced, lost, kind, .. } = balance;
        let (done, other) = match kind {
            AccountKind::History => (("stored", stored), ("on disk", on_disk)),
            AccountKind::State => (("sent", stored), ("replaced", replaced)),
        };
        for (state, count) in [done, ("in memory", balance.in_memory()), other, ("lost", lost)] {
            readings.count([("sink", sink.as_str()), ("state", state)], count);
        }
    }
    let help = "Readings that a sink has yet to store, in memory or on the disk.";
    let mut waiting = gauge("sink_waiting_readings", help);
    let (name, help) = ("sink_lost_readings_total", "Readings that a sink will never store.");
    let mut lost = Samples::new("meterpipe", name, MetricType::Counter, help);
    for (sink, backlog) in accounts.backlogs() {
        let SinkBacklog { waiting: more, lost: gone } = backlog;
        waiting.count([("sink", sink.as_str())], more);
        lost.count([("sink", sink.as_str())], gone);
    }
    [readings, waiting, lost].iter().for_each(|samples| samples.write(exposition, text));
}

fn input(account: &InputAccount, exposition: Exposition, text: &mut Vec<u8>) {
    let InputAccount { octets: total, discarded, telegrams: read, held, rejected } = account;
    let mut octets = gauge("octets", "Octets read: in frames, and others.");
    octets.count([("result", "framed")], total.saturating_sub(*discarded));
    octets.count([("result", "discarded")], *discarded);
    let help = "Telegrams: good ones, those that the guard keeps from sinks, and unreadable ones.";
    let mut telegrams = gauge("telegrams", help);
    let good = read.saturating_sub(held.iter().map(|(_, count)| count).sum());
    telegrams.count([("result", "good")], good);
    for (result, reasons) in [("held", held), ("rejected", rejected)] {
        for (reason, count) in reasons {
            telegrams.count([("result", result), ("reason", *reason)], *count);
        }
    }
    [octets, telegrams].iter().for_each(|samples| samples.write(exposition, text));
}

const fn gauge(name: &'static str, help: &'static str) -> Samples {
    Samples::new("meterpipe", name, MetricType::Gauge, help)
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
        sink.open(AccountKind::History);
        sink.find(4);
        (0..7).for_each(|_| sink.accept());
        sink.store(5);
        sink.keep(3);
        sink.lose(1);
        accounts.open("http://h").accept();
        accounts.open("http://h").lose(2);
        let sink = accounts.open("mqtt://h");
        sink.open(AccountKind::State);
        (0..9).for_each(|_| sink.accept());
        sink.store(4);
        sink.replace(3);
        sink.lose(1);
        let mut text = Vec::new();
        write(&accounts, Exposition::Plain, &mut text);
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
                "meterpipe_sink_readings{sink=\"mqtt://h\",state=\"sent\"} 4",
                "meterpipe_sink_readings{sink=\"mqtt://h\",state=\"in memory\"} 1",
                "meterpipe_sink_readings{sink=\"mqtt://h\",state=\"replaced\"} 3",
                "meterpipe_sink_readings{sink=\"mqtt://h\",state=\"lost\"} 1",
                "meterpipe_sink_waiting_readings{sink=\"influxdb://h\"} 5",
                "meterpipe_sink_waiting_readings{sink=\"http://h\"} 0",
                "meterpipe_sink_waiting_readings{sink=\"mqtt://h\"} 1",
                "meterpipe_sink_lost_readings_total{sink=\"influxdb://h\"} 1",
                "meterpipe_sink_lost_readings_total{sink=\"http://h\"} 2",
                "meterpipe_sink_lost_readings_total{sink=\"mqtt://h\"} 1",
            ]
        );
    }

    #[test]
    fn a_sink_without_a_balance_waits_in_its_queue() {
        let accounts = Accounts::default();
        let (sender, _receiver) = crate::sink::queue::queue(4).unwrap();
        accounts.open("http://h").watch(sender.watch());
        let readings = crate::format::readings::Readings::default();
        sender.put(crate::sink::event::SinkEvent::Readings(readings.into()));
        let backlog = SinkBacklog { waiting: 1, lost: 0 };
        assert_eq!(accounts.backlogs(), [("http://h".to_owned(), backlog)]);
    }
}
