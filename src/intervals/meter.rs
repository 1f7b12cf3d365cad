//! The intervals of one meter, as its telegrams come.
//!
//! ```text
//! telegrams          x    x   x    x             x         x
//! boundaries           │              │      │        │
//!                      └ a straight line between the neighbours, rounded down to the register's digit
//! ```
//!
//! The register at a boundary is that of the telegram at this second, or else lies on the straight line between the
//! last telegram before and the first one after it. Each boundary has one value, which ends a row and begins the
//! next, and therefore the rows of a run without interruption add up to the difference of the registers.
//!
//! A register that falls, or rises faster than any connection carries, ends the run: the row so far ends with the
//! last telegram, and the next one begins with this telegram. No energy crosses.
//!
//! A telegram without the leading register, which is the first one of the list, is no point of the line: some meters
//! send several lists.

use jiff::tz::TimeZone;

use crate::{
    intervals::{
        covered::CoveredTimes,
        registers::{EnergyRegister, EnergyRegisters},
        row::IntervalRow,
    },
    local_time::LocalStep,
    reading::decimal::Decimal,
};

/// Telegrams further apart than this leave a gap, in seconds.
const GAP: i64 = 60;

/// Telegrams that are so far apart, in seconds, belong to no common run: after a leap year without any, a wrong clock is
/// more likely.
const LONGER_GAP: i64 = 366 * 86_400;

/// No connection behind such a meter carries more, in watts.
const MOST_POWER: u128 = 1_000_000;

/// A register that counts whole kilowatt-hours steps by them, at any power; in watt-hours.
const COARSEST: u128 = 1000;

/// The number of telegrams, refused one after another, that leave a gap too.
const REFUSED: u64 = 3;

/// The boundaries of intervals.
#[derive(Clone, Debug)]
pub struct IntervalClock {
    /// The length of an interval.
    pub step: LocalStep,
    /// The zone whose clock counts.
    pub zone: TimeZone,
}

/// The intervals of one meter.
#[derive(Clone, Debug, Default)]
pub struct MeterIntervals {
    run: Option<IntervalRun>,
    /// The first second of all runs since the clock was set.
    begin: Option<i64>,
    /// The last second of them.
    end: i64,
    /// The seconds that have rows from before the clock was set.
    covered: CoveredTimes,
    /// Registers rose within a second that is in no row.
    lost_rise: bool,
}

/// Telegrams without an interruption, and the interval of the last one.
#[derive(Clone, Debug)]
struct IntervalRun {
    start: i64,
    end: i64,
    /// The time of the last telegram.
    last: i64,
    /// The telegrams since then that were refused.
    refused: u64,
    telegrams: u64,
    complete: bool,
    estimated: bool,
    /// True if the interval begins at a boundary.
    is_whole: bool,
    tracks: Vec<RegisterTrack>,
}

/// A register along the run.
#[derive(Clone, Copy, Debug)]
struct RegisterTrack {
    place: usize,
    decimals: u16,
    /// The value at the start of the interval; `None` if the register joined later.
    start: Option<u64>,
    /// The value in the last telegram; `None` if that had no such register.
    last: Option<u64>,
}

/// The use of a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fed {
    /// The telegram continues the run, or begins the first one.
    Taken,
    /// The leading register is missing.
    Other,
    /// The one before said the same.
    Duplicate,
    /// The last one is newer, by so many seconds, and this one was left out.
    Late(i64),
    /// The time up to so many seconds later has rows from before the clock was set back.
    Covered(i64),
    /// A new run begins with it.
    Anew(NewRun),
}

/// The reason for a new run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewRun {
    /// A register fell.
    Fall(RegisterChange),
    /// A register rose faster than any connection carries.
    Leap(RegisterChange),
    /// Too much time passed.
    Pause,
    /// The telegram has a register that leads the earlier ones.
    List,
    /// The clock was behind by so many seconds.
    ClockAhead(i64),
    /// The clock was ahead by so many seconds.
    ClockBack(i64),
    /// Rows of a clock that was set back go back by so many seconds.
    RowsBack(i64),
}

/// A step of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterChange {
    /// The place of the register.
    pub place: usize,
    /// Its value before.
    pub from: Decimal,
    /// Its value now.
    pub to: Decimal,
}

impl MeterIntervals {
    /// Takes a telegram, and hands out the rows that it ends.
    pub fn feed(
        &mut self,
        second: i64,
        registers: &EnergyRegisters,
        clock: &IntervalClock,
        out: &mut dyn FnMut(&IntervalRow),
    ) -> Fed {
        let Some(lead) = registers.all().first() else {
            return Fed::Other;
        };
        if let Some(end) = self.covered.end_within(second, second.saturating_add(1)) {
            return Fed::Covered(end - second);
        }
        if self.last().is_some_and(|last| self.covered.begins_between(last, second)) {
            self.finish(out);
        }
        let Some(run) = &mut self.run else {
            self.begin.get_or_insert(second);
            self.end = second;
            // Joined rows would not show that another clock counted before.
            let touches = self.covered.ends_at(second);
            let run = IntervalRun::start(second, registers, clock);
            self.run = Some(IntervalRun { complete: run.complete && !touches, ..run });
            return Fed::Taken;
        };
        let leading = run.tracks.first().map_or(usize::MAX, |track| track.place);
        let seconds = second - run.last;
        if seconds < 0 {
            return Fed::Late(-seconds);
        }
        if lead.place > leading {
            return Fed::Other;
        }
        let joined = run.joined(registers);
        let tracks = joined.as_ref().unwrap_or(&run.tracks);
        let pairs = || tracks.iter().zip(registers.all());
        if seconds == 0 && pairs().all(|(track, register)| track.repeats(register)) {
            return Fed::Duplicate;
        }
        let reason = match seconds {
            _ if lead.place < leading => Some(NewRun::List),
            LONGER_GAP.. => Some(NewRun::Pause),
            _ => pairs().find_map(|(track, register)| track.interruption(seconds, register)),
        };
        self.end = second;
        if let Some(reason) = reason {
            self.finish(out);
            self.run = Some(IntervalRun::start(second, registers, clock));
            return Fed::Anew(reason);
        }
        if let Some(joined) = joined {
            run.tracks = joined;
        }
        run.go_on(seconds, registers, clock, out);
        Fed::Taken
    }

    /// Hands out the row of the last interval, which ends with the last telegram.
    pub fn finish(&mut self, out: &mut dyn FnMut(&IntervalRow)) {
        let Some(run) = self.run.take() else {
            return;
        };
        match run.start < run.last {
            true => out(&run.so_far()),
            false => self.lost_rise |= run.tracks.iter().any(|track| track.start < track.last),
        }
    }

    /// Ends the run, because the clock was set. What follows has no rows in the seconds that have some.
    pub fn set_clock(&mut self, out: &mut dyn FnMut(&IntervalRow)) {
        self.finish(out);
        if let Some(begin) = self.begin.take().filter(|begin| *begin < self.end) {
            self.covered.add(begin, self.end);
        }
    }

    /// Counts a telegram that was refused. After some of them the next one has the energy of an unknown time.
    pub const fn refused(&mut self) {
        if let Some(run) = &mut self.run {
            run.refused += 1;
        }
    }

    /// True, once, if a run ended within the second in which an interval began, and registers had risen in it: the rise
    /// is in no row.
    pub const fn take_lost_rise(&mut self) -> bool {
        std::mem::replace(&mut self.lost_rise, false)
    }

    /// The first second of the meter, since its clock was set.
    #[must_use]
    pub const fn begin(&self) -> Option<i64> {
        self.begin
    }

    /// The time of the last telegram of the run.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.run.as_ref().map(|run| run.last)
    }

    /// True for a telegram that is not later than the last one, and whose registers are not above those of it.
    #[must_use]
    pub fn knows(&self, second: i64, registers: &EnergyRegisters) -> bool {
        let is_above = |run: &IntervalRun, register: &EnergyRegister| {
            let track = run.tracks.iter().find(|track| track.place == register.place);
            track.is_none_or(|it| register.with_decimals(it.decimals) > it.last)
        };
        self.run.as_ref().is_some_and(|run| {
            second <= run.last && !registers.all().iter().any(|register| is_above(run, register))
        })
    }

    /// True for the registers of the last telegram.
    #[must_use]
    pub fn stands_at(&self, registers: &EnergyRegisters) -> bool {
        self.run.as_ref().is_some_and(|run| {
            run.tracks.iter().zip(registers.all()).all(|(track, register)| track.repeats(register))
        })
    }

    /// The row of the interval that is not yet at its end, up to the last telegram, and that end.
    #[must_use]
    pub fn running(&self) -> Option<(IntervalRow, i64)> {
        self.run.as_ref().map(|run| (run.so_far(), run.end))
    }
}

impl IntervalRun {
    fn start(second: i64, registers: &EnergyRegisters, clock: &IntervalClock) -> Self {
        let track = |register: &EnergyRegister| {
            let EnergyRegister { place, value, decimals } = *register;
            RegisterTrack { place, decimals, start: Some(value), last: Some(value) }
        };
        let is_whole = clock.step.floor(second, &clock.zone) == second;
        Self {
            start: second,
            end: clock.step.next(second, &clock.zone),
            last: second,
            refused: 0,
            telegrams: 1,
            complete: is_whole,
            estimated: false,
            is_whole,
            tracks: registers.all().iter().map(track).collect(),
        }
    }

    /// The tracks of a telegram's registers; `None` if they are those that there are, as nearly always.
    fn joined(&self, registers: &EnergyRegisters) -> Option<Vec<RegisterTrack>> {
        let registers = registers.all();
        let fits = |(track, register): (&RegisterTrack, &EnergyRegister)| {
            track.place == register.place && track.decimals >= register.decimals
        };
        if registers.len() == self.tracks.len() && self.tracks.iter().zip(registers).all(fits) {
            return None;
        }
        let track = |register: &EnergyRegister| {
            let known = self.tracks.iter().find(|track| track.place == register.place);
            known.and_then(|track| track.with_decimals(register.decimals)).unwrap_or(
                RegisterTrack {
                    place: register.place,
                    decimals: register.decimals,
                    start: None,
                    last: None,
                },
            )
        };
        Some(registers.iter().map(track).collect())
    }

    /// Goes on to a telegram that is so many seconds later, and hands out the intervals that end up to it.
    fn go_on(
        &mut self,
        seconds: i64,
        registers: &EnergyRegisters,
        clock: &IntervalClock,
        out: &mut dyn FnMut(&IntervalRow),
    ) {
        let is_gap = seconds > GAP || self.refused >= REFUSED;
        self.refused = 0;
        let second = self.last + seconds;
        self.complete &= !is_gap;
        while self.end <= second {
            let is_estimated = is_gap && self.end < second;
            self.estimated |= is_estimated;
            out(&self.row_to(self.end, seconds, registers));
            self.start = self.end;
            self.end = clock.step.next(self.end, &clock.zone);
            self.telegrams = 0;
            (self.complete, self.estimated, self.is_whole) = (!is_estimated, is_estimated, true);
        }
        for (track, register) in self.tracks.iter_mut().zip(registers.all()) {
            track.last = register.with_decimals(track.decimals);
        }
        self.last = second;
        self.telegrams += 1;
    }

    /// The row up to a boundary, from which on the registers count anew.
    fn row_to(&mut self, end: i64, seconds: i64, registers: &EnergyRegisters) -> IntervalRow {
        let mut energies = Vec::with_capacity(self.tracks.len());
        for (track, register) in self.tracks.iter_mut().zip(registers.all()) {
            let value = track.at(end - self.last, seconds, register);
            energies.extend(track.energy(value));
            track.start = value;
        }
        self.row(end, energies, self.is_whole)
    }

    /// The row up to the last telegram.
    fn so_far(&self) -> IntervalRow {
        let energies = self.tracks.iter().filter_map(|track| track.energy(track.last)).collect();
        IntervalRow { complete: false, ..self.row(self.last, energies, false) }
    }

    const fn row(&self, end: i64, energies: Vec<(usize, Decimal)>, whole: bool) -> IntervalRow {
        let Self { start, telegrams, complete, estimated, .. } = *self;
        IntervalRow { start, end, energies, telegrams, complete, estimated, whole }
    }
}

impl RegisterTrack {
    /// True for a register that has not moved since the last telegram.
    fn repeats(&self, register: &EnergyRegister) -> bool {
        self.last.is_some() && self.last == register.with_decimals(self.decimals)
    }

    /// The same with more digits behind the point; `None` if they do not fit.
    fn with_decimals(self, decimals: u16) -> Option<Self> {
        let decimals = decimals.max(self.decimals);
        let scaled = |value: Option<u64>| match value {
            None => Some(None),
            Some(value) => {
                let register = EnergyRegister { value, decimals: self.decimals, place: self.place };
                register.with_decimals(decimals).map(Some)
            }
        };
        let (start, last) = (scaled(self.start)?, scaled(self.last)?);
        Some(Self { decimals, start, last, ..self })
    }

    /// The reason why the next value does not belong to the run, if there is one.
    fn interruption(&self, seconds: i64, register: &EnergyRegister) -> Option<NewRun> {
        let (last, now) = (self.last?, register.with_decimals(self.decimals));
        let step = |now: u64| RegisterChange {
            place: self.place,
            from: self.number(last.into()),
            to: self.number(now.into()),
        };
        let Some(now) = now else {
            return Some(NewRun::List);
        };
        let Some(rise) = now.checked_sub(last) else {
            return Some(NewRun::Fall(step(now)));
        };
        let most = MOST_POWER * u128::from(seconds.unsigned_abs()) / 3600 + COARSEST;
        let most = 10_u128
            .checked_pow(self.decimals.into())
            .map_or(u128::MAX, |it| it.saturating_mul(most));
        (u128::from(rise) > most).then(|| NewRun::Leap(step(now)))
    }

    /// The value `ahead` seconds behind the last telegram; the next one is `seconds` behind it.
    fn at(&self, ahead: i64, seconds: i64, next: &EnergyRegister) -> Option<u64> {
        let next = next.with_decimals(self.decimals)?;
        if ahead >= seconds {
            return Some(next);
        }
        let last = self.last?;
        let (rise, ahead) = (next.checked_sub(last)?, ahead.unsigned_abs());
        let part = u128::from(rise) * u128::from(ahead) / u128::from(seconds.unsigned_abs());
        last.checked_add(u64::try_from(part).ok()?)
    }

    /// The energy since the start of the interval.
    fn energy(&self, end: Option<u64>) -> Option<(usize, Decimal)> {
        let energy = end?.checked_sub(self.start?)?;
        Some((self.place, self.number(energy.into())))
    }

    fn number(&self, value: i128) -> Decimal {
        let exponent = i16::try_from(self.decimals).map_or(0, |decimals| -decimals);
        Decimal::of(value, exponent).unwrap_or(Decimal::new(0, 0))
    }
}
