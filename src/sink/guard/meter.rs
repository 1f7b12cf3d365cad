//! One meter under guard.

use core::time::Duration;
use std::{collections::BTreeSet, sync::Arc, time::Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    format::{key::FieldKey, readings::Readings},
    sink::{
        guard::{
            doubt::Doubt,
            evidence::TelegramEvidence,
            fingerprint::{ConstantPart, LooseParts},
            held::{HOUSE, HeldTelegrams, MOST_POWER},
            kind::KnownKind,
            memory,
            recent::RecentCounters,
            rows::HeldRows,
            snapshot::MeterSnapshot,
            subject::DoubtSubject,
            verdict::{Fate, RefusalCounts, RefusalReason, Verdict},
        },
        timestamps::Timestamps,
    },
};

/// The state of one meter: all that has its system title.
#[derive(Debug)]
pub(super) struct GuardedMeter {
    /// The kinds of telegrams that are believed. Meters send several lists in turns.
    kinds: Vec<KnownKind>,
    /// The registers, by meter number.
    registers: Vec<KnownRegisters>,
    /// Counter and clocks of the last telegram that passed.
    latest: Option<(Option<u64>, Timestamps)>,
    /// The first telegrams, which have not passed yet.
    first: Option<FirstTelegrams>,
    held: HeldRows,
    recent: RecentCounters,
    /// The sinks of earlier runs that have the last telegram that passed.
    elsewhere: Vec<String>,
    /// A sink of this run lacks it.
    is_lacked: bool,
    /// This run handed it on.
    is_passed_here: bool,
    /// The counter of this meter stands still.
    counter_stands: bool,
    /// How far the clock is ahead of the time of arrival.
    offset: Option<SignedDuration>,
    /// The power of the connection, in watts.
    most_power: u64,
    /// The powers of this meter say nothing about its registers.
    powers_mislead: bool,
    /// Fields with values that no house has, confirmed for this meter.
    used_to: Vec<FieldKey>,
    loose: LooseParts,
    /// The number of telegrams that were believed.
    believed: u32,
    /// The number of telegrams so far, without repeated ones.
    count: u64,
    /// The number of the last one that passed.
    last_passed: u64,
}

/// The registers under one meter number.
#[derive(Debug)]
struct KnownRegisters {
    last: MeterSnapshot,
    /// Those of the telegram before, by which a single wrong one is found out.
    before: Option<MeterSnapshot>,
}

/// The first telegrams of a meter, which wait for one that agrees.
#[derive(Debug)]
struct FirstTelegrams {
    telegrams: Vec<Arc<Readings>>,
    since: Instant,
    snapshot: MeterSnapshot,
}

/// Programs that rewrite JSON drop zeros at the end, so the number of decimals counts only if it was the same
/// in so many telegrams from the first on.
const SETTLED: u32 = 8;

/// The most kinds of telegrams and meter numbers of one meter.
const MOST_KINDS: usize = 16;
const MOST_NUMBERS: usize = 8;

/// The most that a clock may be off the time of arrival, or off where it was before.
const CLOSE: SignedDuration = SignedDuration::from_secs(60);

/// A clock that is off by more is wrong, not late.
const WRONG: SignedDuration = SignedDuration::from_hours(1);

impl Default for GuardedMeter {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            registers: Vec::new(),
            latest: None,
            first: None,
            held: HeldRows::default(),
            recent: RecentCounters::default(),
            elsewhere: Vec::new(),
            is_lacked: false,
            is_passed_here: false,
            counter_stands: false,
            offset: None,
            most_power: HOUSE,
            powers_mislead: false,
            used_to: Vec::new(),
            loose: LooseParts::default(),
            believed: 0,
            count: 0,
            last_passed: 0,
        }
    }
}

impl GuardedMeter {
    /// All that outlives a run with these sinks; nothing before a telegram was believed or held.
    pub(super) fn state(&self, sinks: &[String]) -> Option<Value> {
        let sinks = if self.is_passed_here { sinks } else { &[] };
        let kinds = self.kinds.iter().map(KnownKind::state).collect::<Vec<_>>();
        let registers = self.registers.iter().map(|known| known.last.state());
        if self.latest.is_none() && self.held.is_empty() {
            return None;
        }
        let (counter, clocks) = self.latest.unzip();
        Some(json!({
            "believed": self.believed,
            "kinds": kinds,
            "registers": registers.collect::<Vec<_>>(),
            "counter": counter.flatten(),
            "clocks": clocks.map(|clocks| memory::clocks(&clocks)),
            "held": self.held.state(),
            "recent": self.recent.state(),
            "sinks": self.elsewhere.iter().chain(sinks).collect::<BTreeSet<_>>(),
            "counter_stands": self.counter_stands,
            "offset": self.offset.map(|offset| offset.as_secs()),
            "most_power": self.most_power,
            "powers_mislead": self.powers_mislead,
            "used_to": self.used_to.iter().map(|key| memory::key(*key)).collect::<Vec<_>>(),
            "loose": [self.loose.texts, self.loose.digits],
        }))
    }

    /// A meter that is known from an earlier run, in one with these sinks. If it was seen once, the
    /// next telegram has to agree.
    pub(super) fn restore(state: &Value, sinks: &[String]) -> Option<Self> {
        let elsewhere = memory::list(state, "sinks").iter().filter_map(Value::as_str);
        let elsewhere: Vec<_> = elsewhere.map(str::to_owned).collect();
        let kinds = memory::list(state, "kinds").iter().filter_map(KnownKind::restore);
        let snapshots = memory::list(state, "registers").iter().filter_map(MeterSnapshot::restore);
        let snapshots: Vec<_> = snapshots.take(MOST_NUMBERS).collect();
        let loose = |at: usize| state.get("loose")?.get(at)?.as_bool();
        let believed = memory::number(state, "believed").and_then(|it| it.try_into().ok())?;
        let keys = memory::list(state, "used_to").iter().filter_map(Value::as_str);
        let first = snapshots.first().filter(|_| believed < 2).map(|snapshot| FirstTelegrams {
            telegrams: Vec::new(),
            since: Instant::now(),
            snapshot: snapshot.clone(),
        });
        let meter = Self {
            kinds: kinds.take(MOST_KINDS).collect(),
            first,
            latest: (believed > 0).then(|| {
                (memory::number(state, "counter"), memory::read_clocks(state.get("clocks")))
            }),
            held: HeldRows::restore(memory::list(state, "held")),
            recent: RecentCounters::restore(memory::list(state, "recent")),
            is_lacked: !elsewhere.is_empty() && !sinks.iter().all(|it| elsewhere.contains(it)),
            elsewhere,
            counter_stands: memory::is_true(state, "counter_stands"),
            offset: state.get("offset").and_then(Value::as_i64).map(SignedDuration::from_secs),
            most_power: memory::number(state, "most_power")?.clamp(HOUSE, MOST_POWER),
            powers_mislead: memory::is_true(state, "powers_mislead"),
            used_to: keys.filter_map(memory::read_key).collect(),
            loose: LooseParts {
                texts: loose(0).unwrap_or_default(),
                digits: loose(1).unwrap_or_default(),
            },
            believed,
            registers: snapshots
                .into_iter()
                .map(|last| KnownRegisters { last, before: None })
                .collect(),
            ..Self::default()
        };
        let is_believed = !meter.kinds.is_empty() && !meter.registers.is_empty();
        (is_believed || meter.latest.is_none() && !meter.held.is_empty()).then_some(meter)
    }

    /// Decides on a telegram, and counts what does not pass.
    pub(super) fn check(
        &mut self,
        readings: &Arc<Readings>,
        evidence: &TelegramEvidence<'_>,
        counts: &mut RefusalCounts,
    ) -> Verdict {
        let now = MeterSnapshot::of(readings, evidence);
        if self.is_repeated(&now) {
            let is_latest = self.latest.is_some_and(|(counter, _)| counter == now.counter);
            if is_latest && core::mem::take(&mut self.is_lacked) {
                return self.repeat(readings);
            }
            counts.add(RefusalReason::Duplicate, 1);
            let text = "a telegram came before; left out".to_owned();
            return Verdict::doubtful(Fate::Repeated, RefusalReason::Duplicate, text);
        }
        if self.believed < SETTLED && self.difference(&now) == Some(ConstantPart::Digits) {
            self.loose.digits = true;
        }
        let mut doubts = self.doubts(&now);
        let lone = self.take_lone(&now, &doubts, counts);
        if !lone.is_empty() {
            doubts = self.doubts(&now);
        }
        self.count += 1;
        let verdict = self.judge(now, doubts, readings, counts);
        let earlier = [lone, verdict.earlier].concat();
        Verdict { earlier, ..verdict }
    }

    /// Passes the last telegram of an earlier run on to the sinks that lack it. The guard learns
    /// nothing from it, so it confirms no first one.
    fn repeat(&mut self, readings: &Arc<Readings>) -> Verdict {
        self.is_passed_here = true;
        let clock_error = self.clock_error();
        let stored_in = self.elsewhere.clone();
        match self.first {
            Some(_) => {
                let other = vec![readings.clone()];
                Verdict { other, stored_in, ..Verdict::of(Fate::Kept) }
            }
            None => Verdict { clock_error, stored_in, ..Verdict::of(Fate::Passes) },
        }
    }

    /// Decides on a telegram with these doubts.
    fn judge(
        &mut self,
        now: MeterSnapshot,
        doubts: Vec<Doubt>,
        readings: &Arc<Readings>,
        counts: &mut RefusalCounts,
    ) -> Verdict {
        // A long replay must not push out the telegrams that passed.
        if let Some(counter) = now.counter
            && doubts.iter().all(|doubt| doubt.subject().is_some())
        {
            self.recent.note(counter, now.content);
        }
        if doubts.is_empty() {
            return self.pass(now, readings, counts);
        }
        if doubts.iter().any(|doubt| doubt.subject().is_none()) {
            let reason = doubts.first().map_or(RefusalReason::Order, Doubt::reason);
            counts.add(reason, 1);
            let text = doubts.first().map_or_else(String::new, ToString::to_string);
            return Verdict::doubtful(Fate::LeftOut, reason, format!("{text}; left out"));
        }
        self.hold(now, doubts, readings, counts)
    }

    /// The telegram that came between two gaps, once the second has ended too. Nobody can tell more of it than
    /// of one from a slow meter.
    fn take_lone(
        &mut self,
        now: &MeterSnapshot,
        doubts: &[Doubt],
        counts: &mut RefusalCounts,
    ) -> Vec<Arc<Readings>> {
        let is_sound = doubts.is_empty();
        let may_settle = is_sound || is_step(doubts);
        let (true, None, Some((_, since))) = (may_settle, &self.first, self.latest) else {
            return Vec::new();
        };
        let row = self.held.take_lone(now, is_sound, &since, self.loose, self.most_power);
        let believed = row.map(|row| self.believe(row, None, RefusalReason::Rise, counts));
        believed.unwrap_or_default()
    }

    /// The first telegrams, if they were kept for this time, and none spoke against them.
    pub(super) fn kept(&mut self, timeout: Duration) -> Vec<Arc<Readings>> {
        let unopposed = self.held.is_empty();
        let first = self.first.take_if(|first| unopposed && first.since.elapsed() >= timeout);
        first.map(|first| first.telegrams).unwrap_or_default()
    }

    /// The telegram that ended a gap, at the end of all. No other one comes that could explain its step, and
    /// after a gap such a step is the rule.
    pub(super) fn end_of_gap(&mut self, counts: &mut RefusalCounts) -> Vec<Arc<Readings>> {
        let row = self.latest.and_then(|(_, clocks)| self.held.take_end_of_gap(&clocks));
        let believed = row.map(|row| self.believe(row, None, RefusalReason::Rise, counts));
        believed.unwrap_or_default()
    }

    /// Counts the first telegrams that another one spoke against, at the end of all.
    pub(super) fn count_opposed(&mut self, counts: &mut RefusalCounts) {
        if let Some((first, reason)) = self.first.take().zip(self.held.reason()) {
            counts.add(reason, first.telegrams.len() as u64);
        }
    }

    /// True if it came before. Without a clock in it, one with the same counter may just be the next one.
    fn is_repeated(&self, now: &MeterSnapshot) -> bool {
        now.clocks.time.is_some()
            && now.counter.and_then(|it| self.recent.content(it)) == Some(now.content)
    }

    fn doubts(&self, now: &MeterSnapshot) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        doubts.extend(now.below_zero());
        doubts.extend(now.counter.filter(|it| self.reuses(*it, now.content)).map(Doubt::Reused));
        let known = self.registers_of(now);
        doubts.extend(self.order(now, known));
        let kind = self.kinds.iter().find(|kind| self.is_of(now, kind));
        doubts.extend(match kind {
            Some(kind) => self.clock(now, kind),
            None => self.difference(now).map(Doubt::Differs),
        });
        let is_fast = kind.is_some_and(|kind| kind.is_fast);
        self.register_doubts(now, known, is_fast, &mut doubts);
        doubts.extend(
            now.wild().filter(|wild| !wild.wild_key().is_some_and(|it| self.used_to.contains(&it))),
        );
        // Whatever else is in doubt waits for more telegrams than a step.
        if doubts.len() > 1 {
            doubts.retain(|doubt| !matches!(doubt, Doubt::Unexplained(..)));
        }
        doubts
    }

    fn reuses(&self, counter: u64, content: u64) -> bool {
        !self.counter_stands && self.recent.content(counter).is_some_and(|known| known != content)
    }

    fn register_doubts(
        &self,
        now: &MeterSnapshot,
        known: Option<&KnownRegisters>,
        is_fast: bool,
        doubts: &mut Vec<Doubt>,
    ) {
        let Some(known) = known else {
            // At the start of a run, zeros may be a meter that has just booted and not yet read its
            // registers. Only a register that counts on from there, or ten minutes, show a new meter.
            return doubts.extend(now.uncounted());
        };
        let Some(fall) = now.fall(&known.last) else {
            let unexplained = || {
                let powers_tell = !self.powers_mislead;
                powers_tell.then(|| now.unexplained(&known.last, is_fast)).flatten()
            };
            return doubts.extend(now.rise(&known.last, self.most_power).or_else(unexplained));
        };
        let before = known.before.as_ref();
        let returns = before.is_some_and(|before| now.goes_on_from(before, self.most_power));
        doubts.push(match fall {
            Doubt::Fell(key, last, now) if returns => Doubt::Returned(key, last, now),
            fall => fall,
        });
        if self.first.is_some() {
            doubts.extend(now.uncounted());
        }
    }

    /// The doubt about counter and clock against the last telegram that passed.
    fn order(&self, now: &MeterSnapshot, known: Option<&KnownRegisters>) -> Option<Doubt> {
        let (counter, clocks) = self.latest?;
        let order = now.clocks.compared(&clocks);
        let falls = || known.is_some_and(|known| now.fall(&known.last).is_some());
        let counters = counter.zip(now.counter).filter(|(before, now)| before != now);
        match counters {
            Some((before, counter)) if counter < before => {
                // A later arrival with registers that go on means that the meter was reset.
                let goes_on = order.is_some_and(|it| it.is_gt())
                    || now.clocks.arrived_after(&clocks) && !falls();
                Some(match goes_on {
                    true => Doubt::Counter(before, counter),
                    false => Doubt::Older(Some((before, counter))),
                })
            }
            None if order.is_some_and(|it| it.is_lt()) && falls() => {
                // Only the last one may be wrong, and ahead of its time.
                let before = known.and_then(|known| known.before.as_ref());
                let returns = before.is_some_and(|it| now.goes_on_from(it, self.most_power));
                (!returns).then_some(Doubt::Older(None))
            }
            _ => None,
        }
    }

    /// The doubt about the clock against the last telegram of the same kind.
    fn clock(&self, now: &MeterSnapshot, kind: &KnownKind) -> Option<Doubt> {
        if let Some(offset) = now.clocks.offset() {
            let is_close = |it: SignedDuration| it.abs() <= CLOSE;
            let is_as_before = self.offset.is_some_and(|before| is_close(offset - before));
            // A clock that is wrong for good hurts nobody who knows it. The first telegram has nobody
            // else to vouch for its clock.
            let is_right = is_as_before || is_close(offset) && self.first.is_none();
            return (!is_right).then_some(Doubt::ClockOff(offset));
        }
        let (time, before) = (now.clocks.time?, kind.clocks.time?);
        if time < before {
            return Some(Doubt::ClockBack(before, time));
        }
        let leaps = kind.pace.leaps(kind.step(now)?);
        leaps.then_some(Doubt::ClockLeap(before, time))
    }

    /// The part in which it differs from the known kind that is most like it.
    fn difference(&self, now: &MeterSnapshot) -> Option<ConstantPart> {
        let difference = |it: &KnownKind| now.fingerprint.difference(&it.fingerprint, self.loose);
        let parts: Option<Vec<_>> = self.kinds.iter().map(difference).collect();
        // The parts stand in the order in which they are compared.
        parts?.into_iter().max_by_key(|part| *part as u8)
    }

    fn is_of(&self, now: &MeterSnapshot, kind: &KnownKind) -> bool {
        now.fingerprint.difference(&kind.fingerprint, self.loose).is_none()
    }

    fn registers_of(&self, now: &MeterSnapshot) -> Option<&KnownRegisters> {
        let number = now.fingerprint.meter;
        self.registers.iter().find(|known| known.last.fingerprint.meter == number)
    }

    /// Passes a telegram beyond doubt.
    fn pass(
        &mut self,
        now: MeterSnapshot,
        readings: &Arc<Readings>,
        counts: &mut RefusalCounts,
    ) -> Verdict {
        if self.kinds.is_empty() {
            let zeros = self.take_zeros(&now, counts);
            let telegrams = zeros.into_iter().chain([readings.clone()]).collect();
            self.first =
                Some(FirstTelegrams { telegrams, since: Instant::now(), snapshot: now.clone() });
            self.held.clear();
            self.accept(now, None);
            return Verdict::of(Fate::Kept);
        }
        let opposed = self.replace_first(&now, counts);
        self.drop_replaced(&now);
        self.held.drop_kind(&now.fingerprint, self.loose);
        self.accept(now, None);
        self.last_passed = self.count;
        let first = self.first.take().map(|first| first.telegrams);
        let earlier = opposed.or(first).unwrap_or_default();
        Verdict { earlier, clock_error: self.clock_error(), ..Verdict::of(Fate::Passes) }
    }

    /// The telegrams at zero from which this one counts on: the meter is really new.
    fn take_zeros(&self, now: &MeterSnapshot, counts: &mut RefusalCounts) -> Vec<Arc<Readings>> {
        let Some(row) = self.held.zeros_before(now, self.loose, self.most_power) else {
            return Vec::new();
        };
        counts.remove(RefusalReason::Fall, row.telegrams.len() as u64);
        row.telegrams.iter().map(|(_, readings)| readings.clone()).collect()
    }

    /// The telegrams that spoke against the first one, if this one goes on from them: with time a register may
    /// have risen so far, but not in the time between those two.
    fn replace_first(
        &mut self,
        now: &MeterSnapshot,
        counts: &mut RefusalCounts,
    ) -> Option<Vec<Arc<Readings>>> {
        self.first.as_ref()?;
        let row = self.held.take_risen(now, self.loose, self.most_power)?;
        let first = self.first.take()?;
        counts.add(RefusalReason::Rise, first.telegrams.len() as u64);
        counts.remove(RefusalReason::Rise, row.telegrams.len() as u64);
        (self.kinds, self.registers) = (Vec::new(), Vec::new());
        Some(row.telegrams.into_iter().map(|(_, readings)| readings).collect())
    }

    /// Drops the held telegrams that came in the place of one of its kind.
    fn drop_replaced(&mut self, now: &MeterSnapshot) {
        let kind = self.kinds.iter().find(|kind| self.is_of(now, kind));
        let replaced =
            kind.filter(|kind| kind.step(now).is_some_and(|it| kind.pace.misses_a_turn(it)));
        if let Some(kind) = replaced {
            self.held.drop_since(kind.last, now, self.loose);
        }
    }

    /// Holds a doubtful telegram, or believes it if it is confirmed.
    fn hold(
        &mut self,
        now: MeterSnapshot,
        doubts: Vec<Doubt>,
        readings: &Arc<Readings>,
        counts: &mut RefusalCounts,
    ) -> Verdict {
        if !doubts.iter().any(|doubt| doubt.reason() == RefusalReason::Clock) {
            self.drop_replaced(&now);
            let loose = self.loose;
            let mut kinds = self.kinds.iter_mut();
            let is_of = |kind: &&mut KnownKind| {
                now.fingerprint.difference(&kind.fingerprint, loose).is_none()
            };
            if let Some(kind) = kinds.find(is_of) {
                // A first telegram that is doubted says nothing of the pace.
                match self.first {
                    Some(_) => kind.seen = (now.clocks, now.counter),
                    None => kind.learn(&now),
                }
            }
        }
        // Each gap in the telegrams ends with one, and the next telegram settles it.
        let is_step = is_step(&doubts);
        let subjects: Vec<_> = doubts.iter().filter_map(Doubt::subject).collect();
        let (mut row, last) =
            self.held.take(&now, &subjects, self.loose, self.most_power, !self.powers_mislead);
        let doubt = doubts.first().map_or_else(String::new, ToString::to_string);
        let reason = doubts.first().map_or(RefusalReason::Order, Doubt::reason);
        if let Some(until) = row.waits_until(self.first.is_some()) {
            counts.add(reason, 1);
            row.keep(self.count, readings.clone());
            self.held.put(row);
            let text = format!("{doubt}; left out until {until}");
            let verdict = Verdict::doubtful(Fate::Held, reason, text);
            return if is_step { verdict.unsaid() } else { verdict };
        }
        let why = subjects.first().map_or("", |subject| subject.explanation());
        let text = format!("{doubt}, and more telegrams agree: {why}");
        let earlier = self.believe(row, last.as_ref(), reason, counts);
        let clock_error = self.clock_error();
        let verdict =
            Verdict { earlier, clock_error, ..Verdict::doubtful(Fate::Passes, reason, text) };
        if is_step { verdict.unsaid() } else { verdict }
    }

    /// Continues from a row that is confirmed; `last` is the telegram before its last one. Returns the earlier ones that pass with it: none
    /// if another telegram passed in between, since a sink takes them in their order.
    fn believe(
        &mut self,
        row: HeldTelegrams,
        last: Option<&MeterSnapshot>,
        reason: RefusalReason,
        counts: &mut RefusalCounts,
    ) -> Vec<Arc<Readings>> {
        self.powers_mislead |= row.disproves_powers();
        let counter_stands = row.counter_stands();
        let HeldTelegrams { snapshot: now, subjects, telegrams, varies, .. } = row;
        let mut earlier = Vec::new();
        if let Some(first) = self.first.take() {
            // A counter in doubt says nothing against the first.
            let is_order = subjects
                .iter()
                .all(|it| matches!(it, DoubtSubject::Reused | DoubtSubject::Counter));
            let agrees = is_order
                && now.fingerprint == first.snapshot.fingerprint
                && now.goes_on_from(&first.snapshot, self.most_power);
            if agrees {
                earlier = first.telegrams;
            } else {
                counts.add(reason, first.telegrams.len() as u64);
                (self.kinds, self.registers, self.latest) = (Vec::new(), Vec::new(), None);
            }
        }
        let last_passed = self.last_passed;
        let held = telegrams.into_iter().filter(|(number, _)| *number > last_passed);
        let held: Vec<_> = held.map(|(_, readings)| readings).collect();
        counts.remove(reason, held.len() as u64);
        earlier.extend(held);
        let wild: Vec<_> = now.wild().filter_map(|it| it.wild_key()).collect();
        self.used_to.extend(wild);
        for subject in subjects {
            match subject {
                DoubtSubject::Rose(_) => {
                    // The rise continues, so this meter serves more than a house.
                    let rises = |most| last.is_some_and(|last| now.rise(last, most).is_some());
                    while self.most_power < MOST_POWER && rises(self.most_power) {
                        self.most_power = MOST_POWER.min(self.most_power * 2);
                    }
                }
                DoubtSubject::Reused if counter_stands => self.counter_stands = true,
                DoubtSubject::Reused | DoubtSubject::Counter => self.recent.clear(),
                DoubtSubject::Differs(ConstantPart::Texts) => self.loose.texts |= varies,
                DoubtSubject::Differs(ConstantPart::Digits) => self.loose.digits |= varies,
                _ => {}
            }
        }
        self.accept(now, last);
        self.last_passed = self.count;
        earlier
    }

    /// Notes a telegram that is believed; `confirmed` is the one of its row before it.
    fn accept(&mut self, mut now: MeterSnapshot, confirmed: Option<&MeterSnapshot>) {
        self.believed = self.believed.saturating_add(1);
        (self.elsewhere, self.is_lacked, self.is_passed_here) = (Vec::new(), false, true);
        self.latest = Some((now.counter, now.clocks));
        self.offset = now.clocks.offset().or(self.offset);
        let kind = self.kinds.iter().position(|kind| self.is_of(&now, kind));
        if let Some(kind) = kind.and_then(|at| self.kinds.get_mut(at)) {
            kind.update(&now, self.count);
        } else {
            let oldest = self.kinds.iter().enumerate().min_by_key(|(_, kind)| kind.last);
            if let Some((oldest, _)) = oldest
                && self.kinds.len() == MOST_KINDS
            {
                self.kinds.swap_remove(oldest);
            }
            self.kinds.push(KnownKind::new(&now, self.count));
        }
        let number = now.fingerprint.meter;
        let known = self.registers.iter().position(|it| it.last.fingerprint.meter == number);
        let known = match known.map(|at| self.registers.remove(at)) {
            // A meter that was reset keeps no register of the time before.
            Some(known) if now.fall(&known.last).is_some() => {
                KnownRegisters { last: now, before: confirmed.cloned() }
            }
            Some(known) => {
                now.complete(&known.last);
                KnownRegisters { last: now, before: Some(known.last) }
            }
            None => KnownRegisters { last: now, before: None },
        };
        if self.registers.len() == MOST_NUMBERS {
            self.registers.remove(0);
        }
        self.registers.push(known);
    }

    fn clock_error(&self) -> Option<SignedDuration> {
        self.offset.filter(|offset| offset.abs() > WRONG)
    }
}

/// True if nothing but the step of a register is in doubt.
const fn is_step(doubts: &[Doubt]) -> bool {
    matches!(doubts, [Doubt::Unexplained(..)])
}
