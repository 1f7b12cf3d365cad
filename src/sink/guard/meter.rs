//! One meter under guard.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    format::{key::FieldKey, readings::Readings},
    sink::{
        guard::{
            doubt::Doubt,
            evidence::TelegramEvidence,
            fingerprint::{ConstantPart, LooseParts, TelegramFingerprint},
            held::HeldTelegrams,
            memory,
            pace::{ClockPace, ClockStep},
            recent::RecentCounters,
            snapshot::MeterSnapshot,
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
    held: Vec<HeldTelegrams>,
    recent: RecentCounters,
    /// The counter of this meter stands still.
    counter_stands: bool,
    /// How far the clock is ahead of the time of arrival.
    offset: Option<SignedDuration>,
    /// The power of the connection, in watts.
    most_power: u64,
    /// Fields with values that no house has, confirmed for this meter.
    used_to: Vec<FieldKey>,
    loose: LooseParts,
    /// The number of telegrams that were believed.
    believed: u32,
    /// The number of telegrams so far.
    count: u64,
    /// The number of the last one that passed.
    last_passed: u64,
}

/// One kind of telegrams of a meter: a list that it sends again and again.
#[derive(Debug)]
struct KnownKind {
    fingerprint: TelegramFingerprint,
    /// The clocks of the last one that passed.
    clocks: Timestamps,
    /// Clocks and counter of the last one whose clock was beyond doubt, passed or not.
    seen: (Timestamps, Option<u64>),
    pace: ClockPace,
    /// The number of its last telegram.
    last: u64,
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

/// 100 kW, in watts: more than 3 × 125 A.
const HOUSE: u64 = 100_000;

/// 1 MW, in watts. No connection with such a meter carries more.
const MOST_POWER: u64 = 1_000_000;

/// The number of telegrams that have to confirm a doubtful one.
const NEEDED: u32 = 2;

/// Programs that rewrite JSON drop zeros at the end, so the number of decimals counts only if it was the same
/// in so many telegrams from the first on.
const SETTLED: u32 = 8;

/// The most kinds of telegrams, meter numbers and rows of held telegrams of one meter.
const MOST_KINDS: usize = 16;
const MOST_NUMBERS: usize = 8;
const MOST_HELD: usize = 4;

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
            held: Vec::new(),
            recent: RecentCounters::default(),
            counter_stands: false,
            offset: None,
            most_power: HOUSE,
            used_to: Vec::new(),
            loose: LooseParts::default(),
            believed: 0,
            count: 0,
            last_passed: 0,
        }
    }
}

impl GuardedMeter {
    /// All that outlives a run; nothing before a telegram was believed.
    pub(super) fn state(&self) -> Option<Value> {
        let kinds = self.kinds.iter().map(KnownKind::state).collect::<Vec<_>>();
        let registers = self.registers.iter().map(|known| known.last.state());
        let (counter, clocks) = self.latest?;
        Some(json!({
            "believed": self.believed,
            "kinds": kinds,
            "registers": registers.collect::<Vec<_>>(),
            "counter": counter,
            "clocks": memory::clocks(&clocks),
            "recent": self.recent.state(),
            "counter_stands": self.counter_stands,
            "offset": self.offset.map(|offset| offset.as_secs()),
            "most_power": self.most_power,
            "used_to": self.used_to.iter().map(|key| memory::key(*key)).collect::<Vec<_>>(),
            "loose": [self.loose.texts, self.loose.digits],
        }))
    }

    /// A meter that is known from an earlier run. If it was seen once, the next telegram has to agree.
    pub(super) fn restore(state: &Value) -> Option<Self> {
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
            latest: Some((
                memory::number(state, "counter"),
                memory::read_clocks(state.get("clocks")),
            )),
            recent: RecentCounters::restore(memory::list(state, "recent")),
            counter_stands: memory::is_true(state, "counter_stands"),
            offset: state.get("offset").and_then(Value::as_i64).map(SignedDuration::from_secs),
            most_power: memory::number(state, "most_power")?.clamp(HOUSE, MOST_POWER),
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
        (!meter.kinds.is_empty() && !meter.registers.is_empty()).then_some(meter)
    }

    /// Decides on a telegram, and counts what does not pass.
    pub(super) fn check(
        &mut self,
        readings: &Arc<Readings>,
        evidence: &TelegramEvidence<'_>,
        counts: &mut RefusalCounts,
    ) -> Verdict {
        self.count += 1;
        let now = MeterSnapshot::of(readings, evidence);
        if self.is_repeated(&now) {
            counts.add(RefusalReason::Duplicate, 1);
            let text = "a telegram came before; left out".to_owned();
            return Verdict::doubtful(Fate::Repeated, RefusalReason::Duplicate, text);
        }
        if self.believed < SETTLED && self.difference(&now) == Some(ConstantPart::Digits) {
            self.loose.digits = true;
        }
        let doubts = self.doubts(&now);
        // A long replay must not push out the telegrams that passed.
        if let Some(counter) = now.counter
            && doubts.iter().all(Doubt::can_be_confirmed)
        {
            self.recent.note(counter, now.content);
        }
        if doubts.is_empty() {
            return self.pass(now, readings, counts);
        }
        let reason = doubts.first().map_or(RefusalReason::Order, Doubt::reason);
        if doubts.iter().any(|doubt| !doubt.can_be_confirmed()) {
            counts.add(reason, 1);
            let text = doubts.first().map_or_else(String::new, ToString::to_string);
            return Verdict::doubtful(Fate::LeftOut, reason, format!("{text}; left out"));
        }
        self.hold(now, doubts, readings, counts)
    }

    /// The first telegrams, if they were kept for this time, and none spoke against them.
    pub(super) fn kept(&mut self, timeout: Duration) -> Vec<Arc<Readings>> {
        let unopposed = self.held.is_empty();
        let first = self.first.take_if(|first| unopposed && first.since.elapsed() >= timeout);
        first.map(|first| first.telegrams).unwrap_or_default()
    }

    /// The reason against first telegrams that another one spoke against, at the end of all.
    pub(super) fn opposed(&mut self) -> Option<RefusalReason> {
        self.first.take()?;
        self.held.first().and_then(|held| held.doubts.first()).map(Doubt::reason)
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
        self.register_doubts(now, known, &mut doubts);
        doubts.extend(
            now.wild().filter(|wild| !wild.key().is_some_and(|it| self.used_to.contains(&it))),
        );
        doubts
    }

    fn reuses(&self, counter: u64, content: u64) -> bool {
        !self.counter_stands && self.recent.content(counter).is_some_and(|known| known != content)
    }

    fn register_doubts(
        &self,
        now: &MeterSnapshot,
        known: Option<&KnownRegisters>,
        doubts: &mut Vec<Doubt>,
    ) {
        let Some(known) = known else {
            // At the start of a run, zeros may be a meter that has just booted and not yet read its
            // registers. Only a register that counts on from there, or ten minutes, show a new meter.
            return doubts.extend(now.uncounted());
        };
        let Some(fall) = now.fall(&known.last) else {
            return doubts.extend(now.rise(&known.last, self.most_power));
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
            self.accept(now);
            return Verdict::of(Fate::Kept);
        }
        let opposed = self.replace_first(&now, counts);
        self.forget_held(&now);
        self.accept(now);
        self.last_passed = self.count;
        let first = self.first.take().map(|first| first.telegrams);
        let earlier = opposed.or(first).unwrap_or_default();
        Verdict { earlier, clock_error: self.clock_error(), ..Verdict::of(Fate::Passes) }
    }

    /// The telegrams at zero from which this one counts on: the meter is really new.
    fn take_zeros(&self, now: &MeterSnapshot, counts: &mut RefusalCounts) -> Vec<Arc<Readings>> {
        let is_zero = |doubts: &[Doubt]| matches!(doubts, [Doubt::Zero(_)]);
        let mut rows = self.held.iter().filter(|held| is_zero(&held.doubts));
        let row = rows.find(|held| {
            held.is_of(&now.fingerprint, self.loose)
                && now.goes_on_from(&held.snapshot, self.most_power)
        });
        let Some(row) = row else {
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
        let (loose, most_power) = (self.loose, self.most_power);
        let row = self.held.iter().position(|row| {
            matches!(*row.doubts, [Doubt::Rose(..)])
                && row.is_of(&now.fingerprint, loose)
                && now.goes_on_from(&row.snapshot, most_power)
        });
        let row = self.held.remove(row?);
        let reason = row.doubts.first().map(Doubt::reason)?;
        counts.add(reason, 1);
        counts.remove(reason, row.telegrams.len() as u64);
        (self.first, self.kinds, self.registers) = (None, Vec::new(), Vec::new());
        Some(row.telegrams.into_iter().map(|(_, readings)| readings).collect())
    }

    /// Drops the held telegrams that a good one speaks against: those of its own kind, and those that
    /// came in the place of one of its kind.
    fn forget_held(&mut self, now: &MeterSnapshot) {
        let kind = self.kinds.iter().find(|kind| self.is_of(now, kind));
        let replaced =
            kind.filter(|kind| kind.step(now).is_some_and(|it| kind.pace.misses_a_turn(it)));
        let since = replaced.map_or(u64::MAX, |kind| kind.last);
        let loose = self.loose;
        self.held.retain(|held| !held.is_of(&now.fingerprint, loose) && held.last() < since);
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
            let loose = self.loose;
            let mut kinds = self.kinds.iter_mut();
            let is_of = |kind: &&mut KnownKind| {
                now.fingerprint.difference(&kind.fingerprint, loose).is_none()
            };
            if let Some(kind) = kinds.find(is_of) {
                kind.seen = (now.clocks, now.counter);
            }
        }
        let row = self.held.iter().position(|held| held.goes_on(&now, &doubts, MOST_POWER));
        let before = row.map(|at| self.held.remove(at));
        let loose = self.loose;
        self.held.retain(|held| !held.is_of(&now.fingerprint, loose));
        let last = before.as_ref().map(|row| row.snapshot.clone());
        let mut row = match before {
            Some(mut row) => {
                row.add(now.clone());
                row
            }
            None => HeldTelegrams::new(now.clone(), doubts.clone()),
        };
        // Of a first telegram and another one, a third tells which is right.
        let needed = if self.first.is_some() { NEEDED - 1 } else { NEEDED };
        let is_slow = doubts.iter().any(|doubt| match doubt {
            Doubt::Fell(..) => self.first.is_none(),
            doubt => matches!(doubt, Doubt::Zero(_)),
        });
        let doubt = doubts.first().map_or_else(String::new, ToString::to_string);
        let reason = doubts.first().map_or(RefusalReason::Order, Doubt::reason);
        if row.more < needed || is_slow && !row.takes_ten_minutes() {
            let until = match needed.saturating_sub(row.more) {
                _ if matches!(*doubts, [Doubt::Zero(_)]) => {
                    "it counts up, or stays so for ten minutes"
                }
                _ if is_slow => "it stays so for ten minutes",
                1 => "one more telegram says so",
                _ => "two more telegrams say so",
            };
            counts.add(reason, 1);
            row.keep(self.count, readings.clone());
            if self.held.len() == MOST_HELD {
                self.held.remove(0);
            }
            self.held.push(row);
            return Verdict::doubtful(
                Fate::Held,
                reason,
                format!("{doubt}; left out until {until}"),
            );
        }
        let why = doubts.first().map_or("", Doubt::explanation);
        let text = format!("{doubt}, and stays so: {why}");
        let earlier = self.believe(row, last.as_ref(), reason, counts);
        let clock_error = self.clock_error();
        Verdict { earlier, clock_error, ..Verdict::doubtful(Fate::Passes, reason, text) }
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
        let HeldTelegrams { snapshot: now, doubts, telegrams, varies, .. } = row;
        let mut earlier = Vec::new();
        if let Some(first) = self.first.take() {
            // A counter in doubt says nothing against the first.
            let is_order =
                doubts.iter().all(|it| matches!(it, Doubt::Reused(_) | Doubt::Counter(..)));
            let agrees = is_order
                && now.fingerprint == first.snapshot.fingerprint
                && now.goes_on_from(&first.snapshot, self.most_power);
            if agrees {
                earlier = first.telegrams;
            } else {
                counts.add(reason, 1);
                (self.kinds, self.registers, self.latest) = (Vec::new(), Vec::new(), None);
            }
        }
        let last_passed = self.last_passed;
        let held = telegrams.into_iter().filter(|(number, _)| *number > last_passed);
        let held: Vec<_> = held.map(|(_, readings)| readings).collect();
        counts.remove(reason, held.len() as u64);
        earlier.extend(held);
        let wild: Vec<_> = now.wild().filter_map(|it| it.key()).collect();
        self.used_to.extend(wild);
        for doubt in &doubts {
            match doubt {
                Doubt::Rose(..) => {
                    // The rise continues, so this meter serves more than a house.
                    let rises = |most| last.is_some_and(|last| now.rise(last, most).is_some());
                    while self.most_power < MOST_POWER && rises(self.most_power) {
                        self.most_power = MOST_POWER.min(self.most_power * 2);
                    }
                }
                Doubt::Reused(counter) if now.counter == Some(*counter) => {
                    self.counter_stands = true
                }
                Doubt::Reused(_) | Doubt::Counter(..) => self.recent.clear(),
                Doubt::Differs(ConstantPart::Texts) => self.loose.texts |= varies,
                Doubt::Differs(ConstantPart::Digits) => self.loose.digits |= varies,
                _ => {}
            }
        }
        self.accept(now);
        self.last_passed = self.count;
        earlier
    }

    /// Notes a telegram that is believed.
    fn accept(&mut self, now: MeterSnapshot) {
        self.believed = self.believed.saturating_add(1);
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
                KnownRegisters { last: now, before: None }
            }
            Some(mut known) => {
                known.before = Some(known.last.clone());
                known.last.update(now);
                known
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

impl KnownKind {
    fn state(&self) -> Value {
        json!({
            "constant": self.fingerprint.state(),
            "clocks": memory::clocks(&self.clocks),
            "counter": self.seen.1,
        })
    }

    /// Its pace is learnt anew: the run ended at some moment.
    fn restore(state: &Value) -> Option<Self> {
        let fingerprint = TelegramFingerprint::restore(state.get("constant")?)?;
        let clocks = memory::read_clocks(state.get("clocks"));
        let seen = (clocks, memory::number(state, "counter"));
        Some(Self { fingerprint, clocks, seen, pace: ClockPace::default(), last: 0 })
    }

    fn new(now: &MeterSnapshot, number: u64) -> Self {
        let MeterSnapshot { fingerprint, clocks, counter, .. } = *now;
        let pace = ClockPace::default();
        Self { fingerprint, clocks, seen: (clocks, counter), pace, last: number }
    }

    fn update(&mut self, now: &MeterSnapshot, number: u64) {
        if let Some(step) = self.step(now) {
            if self.pace.leaps(step) {
                // The first step after a gap tells nothing of the pace.
                self.pace = ClockPace::default();
            } else {
                self.pace.add(step);
            }
        }
        let MeterSnapshot { fingerprint, clocks, counter, .. } = *now;
        (self.fingerprint, self.clocks, self.seen) = (fingerprint, clocks, (clocks, counter));
        self.last = number;
    }

    /// The step of the clock since the last telegram of this kind with a good clock, if it goes on.
    fn step(&self, now: &MeterSnapshot) -> Option<ClockStep> {
        let (clocks, counter) = self.seen;
        let since = now.clocks.time?.duration_since(clocks.time?);
        let milliseconds = i64::try_from(since.as_millis()).ok().filter(|it| *it >= 0)?;
        let telegrams = counter.zip(now.counter).and_then(|(before, now)| now.checked_sub(before));
        Some(ClockStep { milliseconds, telegrams: telegrams.unwrap_or_default() })
    }
}
