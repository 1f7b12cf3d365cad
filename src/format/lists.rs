//! The lists that a meter sends in turns, and their union.
//!
//! A Landis+Gyr E450 sends a list with currents and one with tariffs in turns, others add one with energies
//! each hour. The state of such a meter is the last value of each reading, whichever list brought it. Without
//! this, half of them would be absent in each state.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    format::{
        key::{FieldKey, Meta},
        readings::{Member, Readings},
    },
    reading::fields,
};

/// The last readings of each list of a meter.
#[derive(Clone, Debug, Default)]
pub struct MeterLists {
    /// The newest at the end.
    lists: Vec<MeterList>,
}

#[derive(Clone, Debug)]
struct MeterList {
    readings: Arc<Readings>,
    /// True once the list came again after another one.
    takes_turns: bool,
}

/// The means of an interval.
const MEANS: [usize; 4] = [
    fields::POWER_IMPORT_MEAN,
    fields::POWER_EXPORT_MEAN,
    fields::REACTIVE_POWER_IMPORT_MEAN,
    fields::REACTIVE_POWER_EXPORT_MEAN,
];

/// The most lists of a meter.
const MOST: usize = 4;

/// The seconds after which a value of another list is no longer part of the state: lists come each hour at
/// the latest.
const OLD: u64 = 2 * 3600;

impl MeterLists {
    /// The readings, and what the other lists of the meter brought last.
    ///
    /// An interval that has ended leaves the one that goes on: that has more to show, and its successor is near. One
    /// that has just begun leaves it too: it has no mean yet, and the next telegram brings one.
    pub fn union(&mut self, now: &Arc<Readings>) -> Arc<Readings> {
        let is_row = now.is_interval() && !now.is_running();
        let running = self.lists.iter().map(|list| &list.readings).find(|it| it.is_running());
        if let Some(running) = running
            && (is_row || lacks_means(now, running))
        {
            let running = running.clone();
            return self.union(&running);
        }
        let same = self.lists.iter().position(|list| is_of_list(&list.readings, now));
        if same.is_some_and(|at| at + 1 == self.lists.len()) && self.lists.len() == 1 {
            // Nearly all meters send one list.
            self.lists.iter_mut().for_each(|list| list.readings.clone_from(now));
            return now.clone();
        }
        let is_last = same.is_none_or(|at| at + 1 == self.lists.len());
        let before = same.map(|at| self.lists.remove(at));
        let takes_turns = !is_last || before.is_some_and(|list| list.takes_turns);
        self.lists.retain(|list| !is_old(&list.readings, now));
        let others = self.lists.iter().rev().filter(|list| takes_turns || list.takes_turns);
        let others: Vec<_> = others.map(|list| &list.readings).collect();
        let union = if others.is_empty() { now.clone() } else { Arc::new(joined(now, &others)) };
        if self.lists.len() == MOST {
            self.lists.remove(0);
        }
        self.lists.push(MeterList { readings: now.clone(), takes_turns });
        union
    }
}

/// True for an interval that begins with its telegram: there is no mean of no time, and the state has one.
fn lacks_means(now: &Readings, before: &Readings) -> bool {
    let is_missing = |member: &Member| {
        matches!(member.key, FieldKey::Field(place, 1) if MEANS.contains(&place))
            && now.member(member.key).is_none()
    };
    now.is_running()
        && now.meta(Meta::Time) == now.meta(Meta::Start)
        && !is_old(before, now)
        && before.values().any(is_missing)
}

/// Intervals that go on are one list, whatever they have: the peak of a month is none of the next one.
fn is_of_list(one: &Readings, other: &Readings) -> bool {
    if one.is_running() && other.is_running() {
        return true;
    }
    one.values().map(|member| member.key).eq(other.values().map(|member| member.key))
}

/// True if readings are too old for the state, or nobody knows how old they are.
fn is_old(readings: &Readings, now: &Readings) -> bool {
    let time = |readings: &Readings| -> Option<Timestamp> {
        let time = readings.meta(Meta::Received).or_else(|| readings.meta(Meta::Time));
        time?.parse().ok()
    };
    let seconds = time(readings).zip(time(now));
    seconds.is_none_or(|(one, other)| one.as_second().abs_diff(other.as_second()) > OLD)
}

/// Readings with those of others that they lack, in the usual order.
fn joined(now: &Readings, others: &[&Arc<Readings>]) -> Readings {
    let mut members = now.members().to_vec();
    for other in others {
        for member in other.values() {
            if !members.iter().any(|known| known.key == member.key) {
                members.push(member.clone());
            }
        }
    }
    // Metadata, then names by their place, then everything else as it came.
    members.sort_by_key(|Member { key, .. }| match key {
        FieldKey::Meta(_) => 0,
        FieldKey::Field(place, 1) => 1 + *place,
        _ => usize::MAX,
    });
    Readings { members, unconfirmed: now.unconfirmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The states after these lines.
    fn states(lines: &[&str]) -> Vec<String> {
        let mut lists = MeterLists::default();
        let readings = |line: &str| {
            let line = line.replacen("{", "{\"time\":\"2026-11-20T1", 1);
            Arc::new(Readings::parse(line.as_bytes()).unwrap())
        };
        let union = |line: &&str| {
            let union = lists.union(&readings(line));
            let member = |it: &Member| format!("{}={}", it.key.text(&Default::default()), it.value);
            union.values().map(member).collect::<Vec<_>>().join(" ")
        };
        lines.iter().map(union).collect()
    }

    const FAST: &str = r#"{2:00:00+01:00","power_import_w":5,"current_l1_a":1.11}"#;
    const SLOW: &str = r#"{2:00:05+01:00","energy_import_wh":7,"power_import_w":6,"item_9":3}"#;

    #[test]
    fn lists_that_take_turns_make_one_state() {
        let found = states(&[FAST, FAST, SLOW, FAST, SLOW]);
        let fast = "power_import_w=5 current_l1_a=1.11";
        assert_eq!(found[..2], [fast, fast]);
        assert_eq!(found[2], "energy_import_wh=7 power_import_w=6 item_9=3");
        let both = |power: u8| {
            format!("energy_import_wh=7 power_import_w={power} current_l1_a=1.11 item_9=3")
        };
        assert_eq!(found[3..], [both(5), both(6)]);
    }

    #[test]
    fn an_interval_that_has_ended_does_not_hide_the_one_that_goes_on() {
        let start = r#"{2:05:00+01:00","start":"2026-11-20T12:00:00+01:00""#;
        let going = format!(
            r#"{start},"power_import_mean_w":5,"energy_import_today_wh":9,"running":true}}"#
        );
        let ended = format!(r#"{start},"power_import_mean_w":6}}"#);
        let found = states(&[&ended, &going, &ended, &going, &ended]);
        let running = "power_import_mean_w=5 energy_import_today_wh=9";
        assert_eq!(found, ["power_import_mean_w=6", running, running, running, running]);
    }

    #[test]
    fn an_interval_that_has_just_begun_waits_for_its_mean() {
        let row = |at: &str, start: &str, fields: &str| {
            format!(
                r#"{{2:{at}+01:00","start":"2026-11-20T12:{start}+01:00",{fields},"running":true}}"#
            )
        };
        let first = row("14:55", "00:00", "\"power_import_mean_w\":5,\"power_import_peak_w\":8");
        let begun = row("15:00", "15:00", "\"energy_import_today_wh\":9");
        let next = "\"power_import_mean_w\":6,\"energy_import_today_wh\":9";
        let next = row("15:05", "15:00", next);
        let again = row("30:00", "30:00", "\"energy_import_today_wh\":10");
        let late = begun.replace("{2:15:00", "{5:15:00").replace("T12:15:00", "T15:15:00");
        // No state mixes two intervals, and none is without a mean after one with it.
        let found = states(&[&begun, &first, &begun, &next, &again, &late]);
        let (first, next) = (
            "power_import_mean_w=5 power_import_peak_w=8",
            "power_import_mean_w=6 energy_import_today_wh=9",
        );
        let begun = "energy_import_today_wh=9";
        assert_eq!(found, [begun, first, first, next, next, begun]);
    }

    #[test]
    fn a_list_that_no_longer_comes_leaves_the_state() {
        // The meter was configured anew.
        let found = states(&[FAST, FAST, SLOW, SLOW, SLOW]);
        assert!(found[2..].iter().all(|state| !state.contains("current")), "{found:?}");
        let late = SLOW.replace("2:00:05", "4:00:06");
        let found = states(&[FAST, SLOW, FAST, SLOW, &late]);
        assert!(found[3].contains("current") && !found[4].contains("current"), "{found:?}");
    }
}
