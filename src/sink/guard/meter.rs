//! One meter under guard.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use crate::{
    format::{key::FieldKey, readings::Readings},
    sink::guard::{doubt::Doubt, snapshot::MeterSnapshot, verdict::Verdict},
};

/// The state of one meter.
#[derive(Debug)]
pub(super) struct GuardedMeter {
    /// The last telegram that passed, with the last value of each register.
    last: Option<MeterSnapshot>,
    /// The first telegram, which has not passed yet, and when it came. It also serves as the last one.
    first: Option<(Arc<Readings>, Instant)>,
    /// The held telegram.
    held: Option<HeldTelegram>,
    /// The power of the connection, in watts.
    most_power: u64,
    /// Fields with values that no house has, confirmed for this meter.
    used_to: Vec<FieldKey>,
}

/// The last telegram that is held.
#[derive(Debug)]
struct HeldTelegram {
    snapshot: MeterSnapshot,
    doubt: Doubt,
    /// The number of telegrams that have confirmed it.
    more: u32,
}

/// 100 kW, in watts: more than 3 × 125 A.
const HOUSE: u64 = 100_000;

/// 1 MW, in watts. No connection with such a meter carries more.
const MOST_POWER: u64 = 1_000_000;

/// The number of telegrams that have to confirm a doubtful one.
const NEEDED: u32 = 2;

impl Default for GuardedMeter {
    fn default() -> Self {
        Self { last: None, first: None, held: None, most_power: HOUSE, used_to: Vec::new() }
    }
}

impl GuardedMeter {
    /// Decides on a telegram; also returns the number of telegrams that now never pass.
    pub(super) fn check(&mut self, readings: &Arc<Readings>) -> (Verdict, u64) {
        let now = MeterSnapshot::of(readings);
        if let Some(doubt) = now.below_zero() {
            return (Verdict::LeftOut(format!("{doubt}; left out")), 1);
        }
        let is_first = self.last.as_ref().is_none_or(MeterSnapshot::has_no_registers);
        let doubt = match &self.last {
            Some(last) if now.repeats(last) => return (Verdict::Repeated, 0),
            Some(last) => now.doubt(last, self.most_power),
            None => None,
        };
        let used_to = |wild: &Doubt| wild.key().is_some_and(|key| self.used_to.contains(&key));
        let doubt = doubt.or_else(|| now.wild().find(|wild| !used_to(wild)));
        if let Some(doubt) = doubt {
            return self.doubt(now, doubt);
        }
        if self.held.as_ref().is_some_and(|held| held.doubt.key().is_none_or(|key| now.has(key))) {
            self.held = None;
        }
        let is_kept = is_first && !now.has_no_registers();
        match &mut self.last {
            Some(last) => last.update(now),
            None => self.last = Some(now),
        }
        if is_kept {
            self.first = Some((readings.clone(), Instant::now()));
            return (Verdict::Kept, 0);
        }
        let agreed = self.first.take().map(|(first, _)| Verdict::Agrees(first));
        (agreed.unwrap_or(Verdict::Passes), 0)
    }

    /// The first telegram, if it was kept for this time.
    pub(super) fn kept(&mut self, timeout: Duration) -> Option<Arc<Readings>> {
        let (first, _) = self.first.take_if(|(_, since)| since.elapsed() >= timeout)?;
        Some(first)
    }

    fn doubt(&mut self, now: MeterSnapshot, doubt: Doubt) -> (Verdict, u64) {
        if !doubt.can_be_confirmed() {
            return (Verdict::LeftOut(format!("{doubt}; left out")), 1);
        }
        let more = match &self.held {
            Some(held) if doubt.is_like(&held.doubt) => {
                // A register that rises without end confirms nothing.
                now.doubt(&held.snapshot, MOST_POWER).map_or(held.more + 1, |_| 0)
            }
            _ => 0,
        };
        // A third telegram decides between the first and another one.
        let needed = if self.first.is_some() { 1 } else { NEEDED };
        if more < needed {
            self.held = Some(HeldTelegram { snapshot: now, doubt, more });
            let missing = if needed - more == 1 {
                "one more telegram says"
            } else {
                "two more telegrams say"
            };
            return (Verdict::Held(format!("{doubt}; left out until {missing} so")), 1);
        }
        self.accept(now);
        let text = format!("{doubt}, and stays there: {}", doubt.explanation());
        (Verdict::Confirmed(text), self.first.take().map_or(0, |_| 1))
    }

    /// Continues from a telegram that others confirmed.
    fn accept(&mut self, now: MeterSnapshot) {
        let known = |key: &FieldKey| self.used_to.contains(key);
        let wild: Vec<_> = now.wild().filter_map(|it| it.key()).filter(|key| !known(key)).collect();
        self.used_to.extend(wild);
        if let Some(HeldTelegram { snapshot, .. }) = self.held.take() {
            // The rise continues, so this meter serves more than a house.
            while self.most_power < MOST_POWER && now.rise(&snapshot, self.most_power).is_some() {
                self.most_power = MOST_POWER.min(self.most_power * 2);
            }
        }
        match &mut self.last {
            // A new meter keeps no register of the one before.
            Some(last) if now.fall(last).is_none() => last.update(now),
            last => *last = Some(now),
        }
    }
}
