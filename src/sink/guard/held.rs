//! Telegrams that are held until others confirm them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    format::readings::Readings,
    sink::{
        guard::{
            fingerprint::{ConstantPart, LooseParts, TelegramFingerprint},
            memory,
            snapshot::{MeterSnapshot, TELLING},
            subject::DoubtSubject,
        },
        timestamps::Timestamps,
    },
};

/// A row of held telegrams of one kind: each goes on from the one before, and all are in doubt for
/// the same reason.
#[derive(Debug)]
pub(super) struct HeldTelegrams {
    /// The last one.
    pub snapshot: MeterSnapshot,
    /// The subjects of the doubts about the first.
    pub subjects: Vec<DoubtSubject>,
    /// The number of telegrams that confirmed the first.
    more: u32,
    /// Counter and times of the first.
    first: (Option<u64>, Timestamps),
    /// The last ones, which pass if the row is confirmed, each with its number among all telegrams. Those of
    /// earlier runs are not among them.
    pub telegrams: Vec<(u64, Arc<Readings>)>,
    /// The telegrams before, one after the other, of which each rose by more than its power explains.
    unexplained: u32,
    /// Another row of its kind was dropped for it.
    is_opposed: bool,
    /// A text or the number of decimals was another one each time.
    pub varies: bool,
}

/// The number of telegrams that have to confirm a doubtful one.
const NEEDED: u32 = 2;

/// 100 kW, in watts: more than 3 × 125 A.
pub(super) const HOUSE: u64 = 100_000;

/// 1 MW, in watts. No connection with such a meter carries more.
pub(super) const MOST_POWER: u64 = 1_000_000;

/// The number of unexplained rises, one after the other, after which the powers of a meter are no longer
/// compared with its registers.
const DISPROOF: u32 = 3;

/// The most telegrams of a row that may pass later.
const MOST: usize = 3;

/// The seconds of telegrams that go on, after which a register that fell, or stays at zero, is believed.
const TEN_MINUTES: u64 = 600;

/// The number of telegrams that stands for this time where no clock tells it: one each five seconds.
const TEN_MINUTES_OF_TELEGRAMS: u32 = 120;

impl HeldTelegrams {
    pub(super) const fn new(snapshot: MeterSnapshot, subjects: Vec<DoubtSubject>) -> Self {
        let first = (snapshot.counter, snapshot.clocks);
        Self {
            snapshot,
            subjects,
            more: 0,
            first,
            telegrams: Vec::new(),
            unexplained: 0,
            is_opposed: false,
            varies: false,
        }
    }

    /// All that outlives a run.
    pub(super) fn state(&self) -> Value {
        let (counter, clocks) = self.first;
        json!({
            "last": self.snapshot.state(),
            "subjects": self.subjects.iter().map(|it| it.state()).collect::<Vec<_>>(),
            "more": self.more,
            "counter": counter,
            "clocks": memory::clocks(&clocks),
            "unexplained": self.unexplained,
            "opposed": self.is_opposed,
            "varies": self.varies,
        })
    }

    pub(super) fn restore(state: &Value) -> Option<Self> {
        let count = |member| memory::number(state, member).and_then(|it| it.try_into().ok());
        let subjects = memory::list(state, "subjects").iter().map(DoubtSubject::restore);
        let subjects: Vec<_> = subjects.collect::<Option<_>>()?;
        Some(Self {
            more: count("more")?,
            first: (memory::number(state, "counter"), memory::read_clocks(state.get("clocks"))),
            unexplained: count("unexplained")?,
            is_opposed: memory::is_true(state, "opposed"),
            varies: memory::is_true(state, "varies"),
            ..Self::new(MeterSnapshot::restore(state.get("last")?)?, subjects)
        })
    }

    /// True if that telegram goes on from this row, and is in doubt for the same reasons and for no other: the
    /// step from here is one that the connection of `most_power` watts can carry, and, if `powers_tell`, one
    /// that they explain.
    pub(super) fn goes_on(
        &self,
        now: &MeterSnapshot,
        subjects: &[DoubtSubject],
        most_power: u64,
        powers_tell: bool,
    ) -> bool {
        let is_unexplained = |is_fast| now.unexplained(&self.snapshot, is_fast).is_some();
        let has_step = match *self.subjects {
            [DoubtSubject::Step] => is_unexplained(true),
            _ if self.has(|it| matches!(it, DoubtSubject::Rose(_))) => false,
            // A load without a shown power must not begin the ten minutes anew.
            _ if self.has(|it| matches!(it, DoubtSubject::Fell(_) | DoubtSubject::Zero(_))) => {
                now.rise(&self.snapshot, most_power).is_some()
            }
            _ => {
                now.rise(&self.snapshot, most_power).is_some()
                    || powers_tell && is_unexplained(false)
            }
        };
        self.may_go_on(now, subjects) && !has_step
    }

    fn has(&self, is_such: impl Fn(&DoubtSubject) -> bool) -> bool {
        self.subjects.iter().any(is_such)
    }

    /// Notes that it comes soon after another row, from whose last telegram its registers rise by more than
    /// the powers explain, and by no more than a house can draw.
    pub(super) fn comes_after(&mut self, before: &Self) {
        self.is_opposed = true;
        let goes_on = before.may_go_on(&self.snapshot, &self.subjects)
            && self.snapshot.rise(&before.snapshot, HOUSE).is_none()
            && self.snapshot.unexplained(&before.snapshot, false).is_some();
        self.unexplained = if goes_on { before.unexplained + 1 } else { 0 };
    }

    /// True if the counter stands still in this row.
    pub(super) fn counter_stands(&self) -> bool {
        self.snapshot.counter == self.first.0
    }

    /// True if the powers of this meter say nothing about its registers.
    pub(super) const fn disproves_powers(&self) -> bool {
        self.unexplained >= DISPROOF
    }

    fn may_go_on(&self, now: &MeterSnapshot, subjects: &[DoubtSubject]) -> bool {
        let loose = LooseParts {
            texts: self.differs_in(ConstantPart::Texts),
            digits: self.differs_in(ConstantPart::Digits),
        };
        self.subjects == subjects
            && now.fingerprint.difference(&self.snapshot.fingerprint, loose).is_none()
            && now.goes_on_from(&self.snapshot, MOST_POWER)
    }

    /// Adds the next telegram. Returns the one before it.
    pub(super) fn add(&mut self, now: MeterSnapshot) -> MeterSnapshot {
        self.varies |= now.fingerprint != self.snapshot.fingerprint;
        self.more += 1;
        core::mem::replace(&mut self.snapshot, now)
    }

    /// The condition that is missing until the row is confirmed; `None` if it is.
    pub(super) fn waits_until(&self, is_after_first: bool) -> Option<&'static str> {
        // Of a first telegram and another one, a third tells which is right. One more telegram that goes on
        // from a step, as its power says, explains the step.
        let is_step = self.subjects == [DoubtSubject::Step];
        let needed = if is_after_first || is_step { NEEDED - 1 } else { NEEDED };
        let is_slow = self.has(|subject| match subject {
            DoubtSubject::Fell(_) => !is_after_first,
            subject => matches!(subject, DoubtSubject::Zero(_)),
        });
        let is_confirmed = self.more >= needed && (!is_slow || self.takes_ten_minutes())
            || is_step && self.disproves_powers();
        (!is_confirmed).then(|| match needed.saturating_sub(self.more) {
            _ if matches!(*self.subjects, [DoubtSubject::Zero(_)]) => {
                "it counts up, or telegrams agree for ten minutes"
            }
            _ if is_slow => "telegrams agree for ten minutes",
            1 => "one more telegram says so",
            _ => "two more telegrams say so",
        })
    }

    /// True for a telegram after a gap since that time, if nothing but the step of a register is against it,
    /// and it did not come in the place of another one that was in doubt.
    pub(super) fn ends_gap(&self, since: &Timestamps) -> bool {
        self.subjects == [DoubtSubject::Step]
            && self.more == 0
            && !self.is_opposed
            && self.snapshot.clocks.since(since).is_some_and(|gap| gap > TELLING)
    }

    /// True if that telegram may be the next good one after this row.
    pub(super) fn is_before(
        &self,
        now: &MeterSnapshot,
        loose: LooseParts,
        most_power: u64,
    ) -> bool {
        self.is_of(&now.fingerprint, loose) && now.goes_on_from(&self.snapshot, most_power)
    }

    /// Keeps a telegram, in case it passes later. The meter may be held for minutes, so few are
    /// kept.
    pub(super) fn keep(&mut self, number: u64, readings: Arc<Readings>) {
        if self.telegrams.len() == MOST {
            self.telegrams.remove(0);
        }
        self.telegrams.push((number, readings));
    }

    /// True if the telegrams so far take ten minutes.
    fn takes_ten_minutes(&self) -> bool {
        match self.snapshot.clocks.since(&self.first.1) {
            Some(since) => since.as_secs() >= TEN_MINUTES,
            None => self.more >= TEN_MINUTES_OF_TELEGRAMS,
        }
    }

    /// The number of its last telegram among all.
    pub(super) fn last(&self) -> u64 {
        self.telegrams.last().map_or(0, |(number, _)| *number)
    }

    pub(super) fn is_of(&self, fingerprint: &TelegramFingerprint, loose: LooseParts) -> bool {
        self.snapshot.fingerprint.difference(fingerprint, loose).is_none()
    }

    fn differs_in(&self, part: ConstantPart) -> bool {
        self.subjects.first() == Some(&DoubtSubject::Differs(part))
    }
}
