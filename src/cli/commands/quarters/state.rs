//! A meter: its telegrams, or its shorter intervals, on the way to rows.

use crate::cli::{
    commands::quarters::rows::{RowTarget, RowUse},
    input::reading_lines::refuse,
    run::{
        context::Context,
        interval_readings::{self, IntervalReadings, MeterLabel},
        meter_messages::MeterMessages,
        new_run_messages,
    },
};
use meterpipe::{
    error::Cause,
    format::{
        key::Meta,
        readings::{ReadingValue, Readings},
    },
    intervals::{
        clock_doubt::{BelievedStep, ClockDoubt, ClockVerdict, TelegramClocks},
        joined_rows::{JoinedRows, RowRefusal},
        meter::{Fed, IntervalClock, MeterIntervals, NewRun},
        peaks::MonthPeak,
        registers::EnergyRegisters,
        row::{IntervalRow, forecast},
    },
    local_time::LocalStep,
    reading::fields,
};

/// The state of a meter.
#[derive(Debug, Default)]
pub(super) struct MeterState {
    pub(super) name: MeterLabel,
    intervals: MeterIntervals,
    doubt: ClockDoubt<NumberedReadings>,
    /// Those that came as rows.
    joined: JoinedRows,
    peak: MonthPeak,
    /// The same registers since midnight, for the rows of intervals that go on.
    day: MeterIntervals,
    /// True once the input had a telegram that the readings before it have not.
    pub(super) is_live: bool,
    /// Telegrams without a register of energy.
    bare: u64,
    /// Telegrams with registers.
    counted: u64,
    /// Telegrams that came twice.
    pub(super) duplicates: u64,
}

/// Readings, and the number of their line.
#[derive(Debug)]
pub(super) struct NumberedReadings {
    pub(super) readings: Readings,
    pub(super) line: u64,
    pub(super) second: i64,
}

/// The surroundings of a meter.
pub(super) struct RowRun<'a> {
    pub(super) clock: &'a IntervalClock,
    pub(super) target: &'a mut RowTarget,
    pub(super) registers: &'a mut EnergyRegisters,
    pub(super) messages: &'a mut MeterMessages,
    pub(super) context: &'a mut Context,
}

impl MeterState {
    /// Takes a telegram.
    pub(super) fn telegram(&mut self, telegram: NumberedReadings, run: &mut RowRun<'_>) {
        interval_readings::registers(&telegram.readings, run.registers);
        if run.registers.all().is_empty() {
            self.bare += 1;
            return;
        }
        let NumberedReadings { readings, line, second } = telegram;
        let (received, begin) = (readings.meta(Meta::Received), self.intervals.begin());
        let counter = interval_readings::counter(&readings);
        let clocks = TelegramClocks { second, received, counter };
        if !self.is_live && !run.target.is_history && self.is_known(clocks, run.registers) {
            self.duplicates += 1;
            return;
        }
        self.is_live = !run.target.is_history;
        let verdict = self.doubt.judge(clocks, begin);
        self.dismiss(run);
        match verdict {
            ClockVerdict::Sound => {}
            ClockVerdict::Late(seconds) => {
                self.intervals.refused();
                return run.late(line, seconds);
            }
            ClockVerdict::Twice => {
                self.duplicates += 1;
                return;
            }
            ClockVerdict::Doubtful => {
                let received = received.map(str::to_owned);
                let clocks = TelegramClocks { second, received: received.as_deref(), counter };
                return self.doubt.hold(clocks, NumberedReadings { readings, line, second });
            }
            ClockVerdict::Believed(step) => {
                self.believe(step, run);
                interval_readings::registers(&readings, run.registers);
            }
        }
        self.take(&NumberedReadings { readings, line, second }, run);
    }

    /// True for a telegram that came before. While the registers stand still, it may be a later one of a clock that
    /// was set back.
    fn is_known(&self, clocks: TelegramClocks<'_>, registers: &EnergyRegisters) -> bool {
        let is_later = self.intervals.stands_at(registers) && self.doubt.is_behind(clocks);
        self.intervals.knows(clocks.second, registers) && !is_later
    }

    /// Says which telegrams had a wrong clock.
    fn dismiss(&mut self, run: &mut RowRun<'_>) {
        for held in self.doubt.take_dismissed() {
            self.intervals.refused();
            match held.ahead {
                ..0 => run.late(held.telegram.line, -held.ahead),
                ahead => {
                    let seconds = ahead.unsigned_abs();
                    refuse(held.telegram.line, Cause::ClockAhead { seconds }, run.context);
                }
            }
        }
    }

    /// Takes the telegrams that waited.
    fn believe(&mut self, step: BelievedStep, run: &mut RowRun<'_>) {
        let held = self.doubt.take_held();
        if let Some(first) = held.first() {
            self.set_clock(step, first.second(), run);
        }
        for held in held {
            interval_readings::registers(&held.telegram.readings, run.registers);
            self.take(&held.telegram, run);
        }
    }

    /// Begins anew where the clock was set.
    fn set_clock(&mut self, step: BelievedStep, second: i64, run: &mut RowRun<'_>) {
        let Some(reason) = new_run_messages::of_step(step) else {
            return;
        };
        let Self { name, intervals, peak, day, .. } = self;
        let RowRun { clock, target, context, .. } = run;
        let text = &mut context.output.text;
        intervals.set_clock(&mut |row| target.write(row, name, peak, clock, text));
        *day = MeterIntervals::default();
        self.report(second, &reason, run);
    }

    /// Says that the energies start anew, and which rise is lost.
    fn report(&mut self, second: i64, reason: &NewRun, run: &mut RowRun<'_>) {
        self.report_lost_rise(run);
        let RowRun { clock, messages, context, .. } = run;
        new_run_messages::say(messages, &self.name, reason, second, &clock.zone, &context.messages);
    }

    fn report_lost_rise(&mut self, run: &mut RowRun<'_>) {
        if self.intervals.take_lost_rise() {
            new_run_messages::say_lost_rise(run.messages, &self.name, &run.context.messages);
        }
    }

    /// Takes a telegram whose clock is believed; its registers are those of the run.
    fn take(&mut self, telegram: &NumberedReadings, run: &mut RowRun<'_>) {
        let NumberedReadings { readings, line, second } = telegram;
        if let Some(end) = self.joined.last() {
            if *second < end {
                return run.late(*line, end - second);
            }
            self.end_joined(run);
        }
        let Self { name, intervals, peak, day, .. } = self;
        let RowRun { clock, target, registers, context, .. } = run;
        let text = &mut context.output.text;
        let fed = intervals
            .feed(*second, registers, clock, &mut |row| target.write(row, name, peak, clock, text));
        let is_refused = matches!(fed, Fed::Late(_) | Fed::Covered(_));
        self.counted += u64::from(!is_refused && fed != Fed::Other);
        if target.running && !is_refused && !matches!(fed, Fed::Duplicate | Fed::Other) {
            let clock = IntervalClock { step: LocalStep::Days(1), zone: clock.zone.clone() };
            day.feed(*second, registers, &clock, &mut |_| {});
            self.write_running(*second, readings, run);
        }
        match fed {
            Fed::Taken | Fed::Other => {}
            Fed::Duplicate => self.duplicates += 1,
            Fed::Late(seconds) => run.late(*line, seconds),
            Fed::Covered(seconds) => {
                let seconds = seconds.unsigned_abs();
                refuse(*line, Cause::TimeTaken { seconds }, run.context);
            }
            Fed::Anew(reason) => self.report(*second, &reason, run),
        }
        self.report_lost_rise(run);
    }

    /// Takes a shorter interval.
    pub(super) fn row(&mut self, row: &IntervalRow, run: &mut RowRun<'_>) -> Result<(), Cause> {
        self.is_live = !run.target.is_history;
        let late = self.intervals.last().map_or(0, |last| last - row.start);
        if late > 0 {
            return Err(Cause::OutOfOrder { seconds: late.unsigned_abs() });
        }
        if let Some(seconds) = self.joined.goes_back(row) {
            self.set_clock_of_rows(row.start, seconds, run);
        }
        let Self { name, intervals, peak, joined, .. } = self;
        let RowRun { clock, target, context, .. } = run;
        let is_compared = target.is_comparison();
        let text = &mut context.output.text;
        let mut out = |row: &IntervalRow| target.write(row, name, peak, clock, text);
        intervals.finish(&mut out);
        joined.feed(row, clock, &mut out).map_err(|refusal| match refusal {
            RowRefusal::Late(seconds) => Cause::OutOfOrder { seconds: seconds.unsigned_abs() },
            RowRefusal::Covered(seconds) => Cause::TimeTaken { seconds: seconds.unsigned_abs() },
            RowRefusal::TooLong => {
                Cause::OtherRows { fault: if is_compared { TOO_LONG_TO_COMPARE } else { TOO_LONG } }
            }
        })
    }

    /// Begins anew where rows go back.
    fn set_clock_of_rows(&mut self, second: i64, seconds: i64, run: &mut RowRun<'_>) {
        let Self { name, peak, joined, .. } = self;
        let RowRun { clock, target, context, .. } = run;
        let text = &mut context.output.text;
        joined.set_clock(clock, &mut |row| target.write(row, name, peak, clock, text));
        self.report(second, &NewRun::RowsBack(seconds), run);
    }

    fn end_joined(&mut self, run: &mut RowRun<'_>) {
        let Self { name, peak, joined, .. } = self;
        let RowRun { clock, target, context, .. } = run;
        let text = &mut context.output.text;
        joined.finish(clock, &mut |row| target.write(row, name, peak, clock, text));
    }

    /// Ends the input of the meter.
    pub(super) fn finish(&mut self, run: &mut RowRun<'_>) {
        // Without a telegram in the input, its last row ended before.
        let was_history = core::mem::replace(&mut run.target.is_history, !self.is_live);
        if let Some(step) = self.doubt.finish() {
            self.believe(step, run);
        }
        self.dismiss(run);
        self.end_joined(run);
        let Self { name, intervals, peak, .. } = self;
        let RowRun { clock, target, context, .. } = run;
        let text = &mut context.output.text;
        intervals.finish(&mut |row| target.write(row, name, peak, clock, text));
        target.end_month(peak, name, clock, text);
        self.report_lost_rise(run);
        run.target.is_history = was_history;
    }

    /// The row of the interval that goes on, and its end.
    pub(super) fn running(&self) -> Option<(IntervalRow, i64)> {
        self.intervals.running()
    }

    /// The reason why the meter has no row; `of_peaks` if those of the months are wanted.
    pub(super) fn lack(&self, of_peaks: bool) -> Option<String> {
        match (self.counted, self.bare) {
            (0, 1..) => Some("the readings have no register of energy (energy_import_wh …)".into()),
            (1, _) => Some("one telegram alone has no energy, so read for a while".into()),
            _ if of_peaks && !self.peak.is_found() => {
                Some("no interval is whole yet, from one boundary of the clock to the next".into())
            }
            _ => None,
        }
    }

    /// Writes the interval that goes on.
    fn write_running(&self, second: i64, telegram: &Readings, run: &mut RowRun<'_>) {
        if run.target.is_history {
            return;
        }
        let RowUse::Text(output, _) = &mut run.target.use_of_rows else {
            return;
        };
        let Some((row, end)) = self.intervals.running() else {
            return;
        };
        let clock = run.clock;
        let mut readings = IntervalReadings::new(&clock.zone);
        readings.time(Meta::Time, second);
        readings.time(Meta::Start, row.start);
        readings.time(Meta::End, end);
        readings.meter(&self.name);
        readings.values(&row);
        for (power, energy, forecast_place) in FORECASTS {
            let (now, so_far) = (telegram.number(power), row.energy(energy));
            let forecast = so_far.and_then(|so_far| forecast(so_far, now?, row.start, second, end));
            forecast.into_iter().for_each(|number| readings.field((forecast_place, number)));
        }
        let peak = self.peak.mean_at(second);
        peak.into_iter().for_each(|peak| readings.field((fields::POWER_IMPORT_PEAK, peak)));
        let today = self.day.running().map(|(day, _)| day);
        for (energy, place) in TODAY {
            let energy = today.as_ref().and_then(|day| day.energy(energy));
            energy.into_iter().for_each(|energy| readings.field((place, energy)));
        }
        // A day, or a month, of which the input has a part alone.
        let is_part = |step: LocalStep, start: &i64| step.floor(*start, &clock.zone) != *start;
        let day = today.map(|day| day.start).filter(|start| is_part(LocalStep::Days(1), start));
        day.into_iter().for_each(|start| readings.time(Meta::TodaySince, start));
        let month = self.peak.since().filter(|_| peak.is_some());
        let month = month.filter(|start| is_part(LocalStep::Month, start));
        month.into_iter().for_each(|start| readings.time(Meta::MonthSince, start));
        readings.meta(Meta::Running, ReadingValue::Truth(true));
        output.row(readings.finish(&row), &mut run.context.output.text);
        run.target.has_rows = true;
    }
}

impl RowRun<'_> {
    fn late(&mut self, line: u64, seconds: i64) {
        refuse(line, Cause::OutOfOrder { seconds: seconds.unsigned_abs() }, self.context);
    }
}

const TOO_LONG: &str = "an interval that is longer than those of --every, or lies in two of them: choose a longer --every, or read the telegrams";

const TOO_LONG_TO_COMPARE: &str = "an interval that is longer than the quarter hours of a portal: give the readings, or the rows of quarters without --every";

/// The places of an energy, and of that of a day.
const TODAY: [(usize, usize); 2] = [
    (fields::ENERGY_IMPORT, fields::ENERGY_IMPORT_TODAY),
    (fields::ENERGY_EXPORT, fields::ENERGY_EXPORT_TODAY),
];

/// The places of a power, of its energy, and of its forecast.
const FORECASTS: [(usize, usize, usize); 2] = [
    (fields::POWER_IMPORT, fields::ENERGY_IMPORT, fields::POWER_IMPORT_FORECAST),
    (fields::POWER_EXPORT, fields::ENERGY_EXPORT, fields::POWER_EXPORT_FORECAST),
];
