//! `quarters`: the readings of telegrams in, energies and mean powers of intervals on the local clock out.
//!
//! `{"time":"2026-06-21T12:00:00+02:00",…,"energy_import_wh":12937}` and its successors become
//! `{"start":"2026-06-21T12:00:00+02:00","end":"2026-06-21T12:15:00+02:00",…,"energy_import_wh":123,…}`.
//! Such rows are an input too: days come from quarters.

use std::{path::PathBuf, slice::from_ref, time::Duration};

use crate::cli::{
    commands::compare::Comparison,
    input::{
        files,
        reading_lines::{self, ReadingConsumer, ReadingLines},
    },
    run::{
        context::{Context, Ending},
        interval_readings,
        meter_messages::{MeterMessages, of_meter},
        row_output::RowOutput,
        signals::Signals,
        stage::Task,
        status::{Status, Stop},
    },
    setup::{
        output_format,
        quarters_args::{IntervalLength, QuartersArgs},
    },
};
use meterpipe::{
    counted::counted,
    error::Cause,
    format::{
        influx::timestamp::seconds,
        interval_columns::RowColumns,
        key::{FieldKey, Meta},
        latest::name,
        meters::Meters,
        printable::printable,
        readings::Readings,
    },
    intervals::{meter::IntervalClock, registers::EnergyRegisters, row::IntervalRow},
    local_time::LocalStep,
};

use rows::{RowChoice, RowTarget, RowUse};
use state::{MeterState, NumberedReadings, RowRun};

mod rows;
mod state;

/// A signal interrupts the wait for a telegram; this long it lasts if the signal came just before the wait.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the subcommand.
pub fn run(args: &QuartersArgs) -> Status {
    let mut context = Context::new("quarters", args.messages);
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    let quarters = match Quarters::new(args) {
        Ok(quarters) => quarters,
        Err(stop) => return context.stop(stop),
    };
    if let RowUse::Text(output, _) = &quarters.target.use_of_rows {
        output.start(&mut context);
    }
    let (history, quarters) = match &args.history {
        Some(history) => quarters.read(from_ref(history), 2, &mut context),
        None => (Ok(()), quarters),
    };
    let count = args.files.len() + usize::from(args.history.is_some());
    let (result, quarters) = match history {
        Ok(()) => quarters.live().read(&args.files, count, &mut context),
        Err(stop) => (Err(stop), quarters),
    };
    if matches!(result, Err(Stop::Interrupted)) {
        quarters.report_cut(&context);
    }
    let compared = quarters.finish(&mut context);
    context.finish(result.and(compared), Ending::default())
}

/// The intervals of all meters.
struct Quarters {
    clock: IntervalClock,
    target: RowTarget,
    /// The only meter that counts, if the user chose one.
    meter: Option<String>,
    meters: Meters<MeterState>,
    /// Room for the registers of a telegram.
    registers: EnergyRegisters,
    /// Telegrams that came twice.
    duplicates: u64,
    /// Messages about energies that start anew.
    messages: MeterMessages,
    /// Those that may end the run, once the input is one that can go on for ever.
    signals: Option<Signals>,
}

impl Quarters {
    fn new(args: &QuartersArgs) -> Result<Self, Stop> {
        let format = args.format.of_telegrams();
        let options = output_format::options(&format)?;
        let kind = output_format::kind(&format, &options)?;
        let rows = if args.peaks { RowChoice::Peaks } else { RowChoice::Intervals };
        let rows_of_output = match (args.peaks, args.running) {
            (true, _) => RowColumns::Peaks,
            (false, true) => RowColumns::Running,
            (false, false) => RowColumns::Intervals,
        };
        let (step, every) = length(args.every);
        if args.peaks && step == LocalStep::Month {
            return Err(Stop::usage(
                "--peaks gives the highest interval of a month: --every must be shorter",
            ));
        }
        let clock = IntervalClock { step, zone: output_format::zone(&format)? };
        let use_of_rows = match &args.compare {
            Some(path) => {
                let comparison = Comparison::open(path, args.tolerance, &clock.zone)?;
                RowUse::Comparison(Box::new(comparison))
            }
            None => {
                let output = RowOutput::new(kind, options, every, rows_of_output)?;
                RowUse::Text(Box::new(output), rows)
            }
        };
        Ok(Self {
            clock,
            target: RowTarget {
                use_of_rows,
                every,
                running: args.running,
                is_history: true,
                has_rows: false,
            },
            meter: args.meter.clone(),
            meters: Meters::default(),
            registers: EnergyRegisters::default(),
            duplicates: 0,
            messages: MeterMessages::default(),
            signals: None,
        })
    }

    /// Ends what was before the input.
    const fn live(mut self) -> Self {
        self.target.is_history = false;
        self
    }

    /// Reads files out of `count`.
    fn read(
        self,
        files: &[PathBuf],
        count: usize,
        context: &mut Context,
    ) -> (Result<(), Stop>, Self) {
        let mut lines = ReadingLines::new(self);
        let result = files::lines_of(files, count, &mut lines, context);
        (result, lines.into_inner())
    }

    /// Says which rows a signal cuts off: they end with the last telegram, as at the end of a file.
    fn report_cut(&self, context: &Context) {
        let mut messages = MeterMessages::default();
        for state in self.meters.iter().filter(|state| state.is_live) {
            if let Some((row, end)) = state.running()
                && row.start < row.end
            {
                let [last, end] =
                    [row.end, end].map(|at| interval_readings::local(at, &self.clock.zone));
                let text = format!(
                    "the interval up to {end} ends with the last telegram, at {last}, and is not complete"
                );
                messages.say("cut", &state.name, &text, &context.messages);
            }
        }
        messages.finish(&context.messages);
    }

    /// Writes what is left of all meters.
    fn finish(mut self, context: &mut Context) -> Result<(), Stop> {
        let Self { clock, target, meters, registers, duplicates, messages, .. } = &mut self;
        let mut run = RowRun { clock, target, registers, messages, context };
        for state in meters.iter_mut() {
            state.finish(&mut run);
            *duplicates += state.duplicates;
        }
        self.messages.finish(&context.messages);
        if self.duplicates > 0 {
            context
                .messages
                .detail(&format!("{} came twice", counted(self.duplicates, "telegram")));
        }
        let lack = self.report_lacks(context);
        match self.target.use_of_rows {
            RowUse::Text(mut output, _) => {
                output.finish(context);
                lack
            }
            RowUse::Comparison(comparison) => {
                // The portal has its rows all the same.
                let compared = comparison.finish(&self.clock.zone, context);
                lack.and(compared)
            }
        }
    }

    /// Says which meters have no row, and why. Without any row the run found nothing.
    fn report_lacks(&self, context: &mut Context) -> Result<(), Stop> {
        if context.tally.telegrams == 0 {
            return Ok(());
        }
        let is_peaks = self.target.is_peaks();
        let states = self.meters.iter();
        let mut lacks: Vec<_> =
            states.filter_map(|state| Some((&state.name, state.lack(is_peaks)?))).collect();
        if let Some(meter) = self.meter.as_ref().filter(|_| self.meters.iter().next().is_none()) {
            lacks.push((&None, format!("no readings of meter {}", printable(meter))));
        }
        let is_failure = !self.target.has_rows && context.tally.rejected == 0;
        let last = lacks.pop_if(|_| is_failure).map(|(name, lack)| of_meter(name, &lack));
        let mut messages = MeterMessages::default();
        for (name, lack) in &lacks {
            messages.say(lack, name, lack, &context.messages);
        }
        messages.finish(&context.messages);
        // All energies may have started anew.
        let telegrams = counted(context.tally.telegrams, "telegram");
        let last = last.or(is_failure.then(|| format!("no interval among {telegrams}")));
        last.map_or(Ok(()), |last| Err(Stop::Failed(Status::Nothing, last)))
    }
}

impl Task for Quarters {
    fn tick(&mut self, context: &mut Context) {
        // A run over a file just ends.
        if !context.can_wait && self.signals.is_none() {
            self.signals = Some(Signals::catch());
        }
        self.messages.tick(&context.messages);
    }

    fn tick_interval(&self) -> Duration {
        LOOK
    }

    fn is_asked_to_end(&self) -> bool {
        self.signals.as_ref().is_some_and(Signals::ended)
    }
}

impl ReadingConsumer for Quarters {
    fn readings(&mut self, readings: Readings, line: u64, context: &mut Context) {
        if self.meter.is_some() && self.meter.as_deref() != name(&readings) {
            return;
        }
        let input = match readings.is_interval() {
            true => self.interval(&readings),
            false => match seconds(&readings, TIMES) {
                Some(second) => Ok(MeterInput::Telegram(second)),
                None => Err(interval_readings::time_cause(&readings, &TIMES)),
            },
        };
        let input = match input {
            Ok(input) => input,
            Err(cause) => return reading_lines::refuse(line, cause, context),
        };
        let Self { clock, target, meters, registers, messages, .. } = self;
        let mut run = RowRun { clock, target, registers, messages, context };
        // The readings go into the state.
        let meter = name(&readings).map(str::to_owned);
        meters.seen(meter.as_deref(), |state| {
            if state.name.is_none() {
                state.name = interval_readings::meter_name(&readings);
            }
            match input {
                MeterInput::Running => {}
                MeterInput::Telegram(second) => {
                    state.telegram(NumberedReadings { readings, line, second }, &mut run);
                }
                MeterInput::Row(row) => {
                    if let Err(cause) = state.row(&row, &mut run) {
                        reading_lines::refuse(line, cause, run.context);
                    }
                }
            }
        });
        if let Some(mut state) = meters.take_pushed_out() {
            state.finish(&mut run);
            self.duplicates += state.duplicates;
        }
    }
}

/// The times of a telegram, the better one first.
const TIMES: [Meta; 2] = [Meta::Time, Meta::Received];

/// The use of a line.
enum MeterInput {
    Telegram(i64),
    Row(IntervalRow),
    /// An interval that goes on: one that has ended follows it.
    Running,
}

impl Quarters {
    /// Reads an interval.
    fn interval(&self, readings: &Readings) -> Result<MeterInput, Cause> {
        if readings.get(FieldKey::Meta(Meta::Running)).is_some() {
            return Ok(MeterInput::Running);
        }
        let row = interval_readings::row_of(readings)?;
        if self.target.running {
            return Err(Cause::OtherRows { fault: "an interval: --running takes telegrams" });
        }
        Ok(MeterInput::Row(row))
    }
}

/// The step of a length, and its name.
const fn length(length: IntervalLength) -> (LocalStep, &'static str) {
    match length {
        IntervalLength::Quarter => (LocalStep::QUARTER, "15m"),
        IntervalLength::HalfHour => (LocalStep::Seconds(1800), "30m"),
        IntervalLength::Hour => (LocalStep::Seconds(3600), "1h"),
        IntervalLength::Day => (LocalStep::Days(1), "1d"),
        IntervalLength::Month => (LocalStep::Month, "1mo"),
    }
}
