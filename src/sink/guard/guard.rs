//! The guard of all meters.

use core::time::Duration;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    format::{key::Meta, latest::name, meters::Meters, printable::printable, readings::Readings},
    sink::guard::{
        evidence::TelegramEvidence,
        line::LineMeter,
        memory,
        meter::GuardedMeter,
        verdict::{RefusalCounts, Verdict},
    },
};

/// The last telegrams of all meters.
#[derive(Debug, Default)]
pub struct Guard {
    /// By system title. Two meters have two of them, whatever else is damaged.
    titled: Meters<GuardedMeter>,
    /// The others, by meter number.
    untitled: Meters<GuardedMeter>,
    /// By source.
    lines: Meters<LineMeter>,
    counts: RefusalCounts,
    /// True once the user was told that there are too many meters.
    is_full: bool,
}

pub(super) const TOO_MANY: &str = "too many meters: the guard forgets those unseen for longest, whose next telegram \
                        waits again for one that agrees";

/// How a meter is named in the guard's memory.
const TITLE: &str = "title";
const NUMBER: &str = "number";

/// The most meters that are remembered from run to run.
const MOST_REMEMBERED: usize = 64;

impl Guard {
    /// Decides on the next telegram.
    pub fn check(&mut self, readings: &Arc<Readings>, evidence: &TelegramEvidence<'_>) -> Verdict {
        let Self { titled, untitled, lines, counts, is_full } = self;
        let title = readings.meta(Meta::SystemTitle);
        let meters = if title.is_some() { titled } else { untitled };
        let number = || readings.meta(Meta::Meter).or_else(|| readings.meta(Meta::Device));
        let key = title.or_else(number);
        let mut verdict = meters.seen(key, |meter| meter.check(readings, evidence, counts));
        let meter = name(readings);
        if let Some(text) = &mut verdict.text {
            let meter = meter.map_or_else(
                || "a meter without a number".to_owned(),
                |meter| format!("meter {}", printable(meter)),
            );
            *text = format!("{meter}: {text}");
        }
        if verdict.passes()
            && let Some(meter) = meter
        {
            let before = lines.seen(evidence.source, |line| line.passed(meter, readings));
            verdict.remark = before.map(|before| exchanged(&before, meter));
        }
        if let Some(mut forgotten) = meters.take_pushed_out() {
            verdict.other = forgotten.kept(Duration::ZERO);
            forgotten.count_opposed(counts);
            if verdict.remark.is_none() && !core::mem::replace(is_full, true) {
                verdict.remark = Some(TOO_MANY.to_owned());
            }
        }
        verdict
    }

    /// First telegrams that were kept for this time without another that agrees: they pass now.
    pub fn kept(&mut self, timeout: Duration) -> Vec<Arc<Readings>> {
        self.meters().flat_map(|meter| meter.kept(timeout)).collect()
    }

    /// The first telegrams that still wait, at the end of all. One that another telegram spoke
    /// against does not pass: nobody knows which of them is right.
    pub fn end(&mut self) -> Vec<Arc<Readings>> {
        let mut kept = self.kept(Duration::ZERO);
        let Self { titled, untitled, counts, .. } = self;
        for meter in titled.iter_mut().chain(untitled.iter_mut()) {
            kept.extend(meter.end_of_gap(counts));
            meter.count_opposed(counts);
        }
        kept
    }

    /// The knowledge of all meters, as JSON for the next run; `sinks` are those of this run, and
    /// `others` is the knowledge of the last one, of which meters stay that this run has not seen.
    #[must_use]
    pub fn state(&self, sinks: &[String], others: Option<&Value>) -> Value {
        let known = |kind: &'static str, meters: &Meters<GuardedMeter>| {
            let named = meters.named().rev().filter_map(move |(name, meter)| {
                let state = meter.state(sinks)?;
                Some(json!({ "by": kind, "name": name, "state": state }))
            });
            named.collect::<Vec<_>>()
        };
        let mut all = [known(TITLE, &self.titled), known(NUMBER, &self.untitled)].concat();
        let is_same = |one: &Value, other: &Value| {
            one.get("by") == other.get("by") && one.get("name") == other.get("name")
        };
        let others = others.map_or(&[][..], |it| memory::list(it, "meters"));
        let others = others.iter().filter(|it| !all.iter().any(|ours| is_same(ours, it)));
        let others: Vec<_> = others.cloned().collect();
        all.extend(others);
        // The meters that were seen last stand first, and those of earlier runs at the end.
        all.truncate(MOST_REMEMBERED);
        json!({ "version": memory::VERSION, "meters": all })
    }

    /// Takes over the knowledge of an earlier run, in one with these sinks. False if it has another
    /// form; then nothing is known.
    pub fn restore(&mut self, state: &Value, sinks: &[String]) -> bool {
        if memory::number(state, "version") != Some(memory::VERSION) {
            return false;
        }
        for known in memory::list(state, "meters").iter().rev() {
            let name = memory::text(known, "name");
            let meters = match memory::text(known, "by") {
                Some(TITLE) => &mut self.titled,
                _ => &mut self.untitled,
            };
            let state = known.get("state");
            if let Some(meter) = state.and_then(|it| GuardedMeter::restore(it, sinks))
                && meters.get(name).is_none()
            {
                meters.seen(name, |place| *place = meter);
            }
        }
        true
    }

    fn meters(&mut self) -> impl Iterator<Item = &mut GuardedMeter> {
        self.titled.iter_mut().chain(self.untitled.iter_mut())
    }

    /// How many telegrams did not pass, by reason.
    #[must_use]
    pub const fn counts(&self) -> &RefusalCounts {
        &self.counts
    }

    /// The number of telegrams that never pass, unless those that are held now are confirmed.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.counts.refused()
    }
}

fn exchanged(before: &str, now: &str) -> String {
    format!(
        "meter {} now sends in the place of meter {}, which has been silent for an hour",
        printable(now),
        printable(before)
    )
}
