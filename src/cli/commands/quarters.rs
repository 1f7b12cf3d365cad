//! `quarters`: the readings of telegrams in, energies and mean powers of intervals on the local clock out.
//!
//! `{"time":"2026-06-21T12:00:00+02:00",…,"energy_import_wh":12937}` and its successors become
//! `{"start":"2026-06-21T12:00:00+02:00","end":"2026-06-21T12:15:00+02:00",…,"energy_import_wh":123,…}`.

use std::time::Duration;

use jiff::civil::Date;

use crate::cli::{
    commands::compare::Comparison,
    input::{
        files,
        reading_lines::{ReadingConsumer, ReadingLines},
    },
    run::{
        context::{Context, Ending},
        interval_readings::{self, IntervalReadings, MeterLabel},
        row_output::RowOutput,
        signals::Signals,
        stage::Task,
        status::{Status, Stop},
    },
    setup::{
        args::{self, IntervalLength},
        output_format,
    },
};
use meterpipe::{
    counted::counted,
    error::{Cause, Error, Layer},
    format::{
        influx::seconds,
        key::Meta,
        latest::name,
        meters::Meters,
        printable::printable,
        readings::{ReadingValue, Readings},
    },
    intervals::{
        meter::{Fed, IntervalClock, MeterIntervals, NewRun},
        peaks::MonthPeak,
        registers::EnergyRegisters,
        row::{IntervalRow, forecast},
    },
    local_time::{LocalStep, date},
    reading::fields::{self, FIELDS},
};

/// A signal interrupts the wait for a telegram; this long it lasts if the signal came just before the wait.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the subcommand.
pub fn run(args: &args::QuartersArgs) -> Status {
    let mut context = Context::new("quarters", args.messages);
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    let quarters = match Quarters::new(args) {
        Ok(quarters) => quarters,
        Err(stop) => return context.stop(stop),
    };
    if let Target::Text(output, _) = &quarters.target {
        output.start(&mut context);
    }
    let mut lines = ReadingLines::new(quarters);
    let result = files::lines(&args.files, &mut lines, &mut context);
    let quarters = lines.into_inner();
    if matches!(result, Err(Stop::Interrupted)) {
        quarters.report_cut(&context);
    }
    let compared = quarters.finish(&mut context);
    context.finish(result.and(compared), Ending::default())
}

/// The intervals of all meters.
struct Quarters {
    clock: IntervalClock,
    target: Target,
    running: bool,
    /// The only meter that counts, if the user chose one.
    meter: Option<String>,
    meters: Meters<MeterState>,
    /// Room for the registers of a telegram.
    registers: EnergyRegisters,
    /// Telegrams that came twice.
    duplicates: u64,
    /// Those that may end the run, once the input is one that can go on for ever.
    signals: Option<Signals>,
}

/// The use of the intervals.
enum Target {
    Text(Box<RowOutput>, Rows),
    Comparison(Comparison),
}

/// The rows that the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Intervals,
    Peaks,
}

#[derive(Debug, Default)]
struct MeterState {
    name: MeterLabel,
    intervals: MeterIntervals,
    peak: MonthPeak,
    /// The same registers since midnight, for the rows of intervals that go on.
    day: MeterIntervals,
}

impl Quarters {
    fn new(args: &args::QuartersArgs) -> Result<Self, Stop> {
        let format = args.format.of_telegrams();
        let options = output_format::options(&format)?;
        let kind = output_format::kind(&format, &options);
        let rows = if args.peaks { Rows::Peaks } else { Rows::Intervals };
        let (step, every) = length(args.every);
        if args.peaks && step == LocalStep::Month {
            return Err(Stop::usage(
                "--peaks gives the highest interval of a month: --every must be shorter",
            ));
        }
        let clock = IntervalClock { step, zone: output_format::zone(&format)? };
        let target = match &args.compare {
            Some(path) => {
                let comparison = Comparison::open(path, args.tolerance, &clock.zone)?;
                Target::Comparison(comparison)
            }
            None => {
                let output = RowOutput::new(kind, options, every, args.peaks)?;
                Target::Text(Box::new(output), rows)
            }
        };
        Ok(Self {
            clock,
            target,
            running: args.running,
            meter: args.meter.clone(),
            meters: Meters::default(),
            registers: EnergyRegisters::default(),
            duplicates: 0,
            signals: None,
        })
    }

    /// Says which rows a signal cuts off: they end with the last telegram, as at the end of a file.
    fn report_cut(&self, context: &Context) {
        for state in self.meters.iter() {
            if let Some((row, end)) = state.intervals.running()
                && row.start < row.end
            {
                let meter =
                    state.name.as_ref().map(|(_, name)| format!("meter {}: ", printable(name)));
                let [last, end] =
                    [row.end, end].map(|at| interval_readings::local(at, &self.clock.zone));
                context.messages.say(&format!(
                    "{}the interval up to {end} ends with the last telegram, at {last}, and is not complete",
                    meter.unwrap_or_default(),
                ));
            }
        }
    }

    /// Writes what is left of all meters.
    fn finish(mut self, context: &mut Context) -> Result<(), Stop> {
        let Self { clock, target, meters, .. } = &mut self;
        for state in meters.iter_mut() {
            state.finish(clock, target, &mut context.output.text);
        }
        if self.duplicates > 0 {
            context
                .messages
                .detail(&format!("{} came twice", counted(self.duplicates, "telegram")));
        }
        match self.target {
            Target::Text(mut output, _) => {
                output.finish(context);
                Ok(())
            }
            Target::Comparison(comparison) => comparison.finish(&self.clock.zone, context),
        }
    }
}

impl Task for Quarters {
    fn tick(&mut self, context: &mut Context) {
        // A run over a file just ends.
        if !context.can_wait && self.signals.is_none() {
            self.signals = Some(Signals::catch());
        }
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
        let refuse = |cause, context: &mut Context| {
            context.tally.telegrams -= 1;
            context.defect(line, &Error::new(Layer::Reading, 0, cause));
        };
        if readings.is_interval() {
            return refuse(Cause::NotReadings { found: "an interval" }, context);
        }
        if self.meter.is_some() && self.meter.as_deref() != name(&readings) {
            return;
        }
        let Some(second) = seconds(&readings, [Meta::Time, Meta::Received]) else {
            return refuse(Cause::NoTime, context);
        };
        interval_readings::registers(&readings, &mut self.registers);
        let Self { clock, target, running, meters, registers, .. } = self;
        let fed = meters.seen(name(&readings), |state| {
            if state.name.is_none() {
                state.name = interval_readings::meter_name(&readings);
            }
            let text = &mut context.output.text;
            let fed = state.feed(second, registers, clock, target, text);
            if let Target::Text(output, _) = target
                && *running
                && !matches!(fed, Fed::Late(_) | Fed::Duplicate | Fed::Other)
            {
                let day = IntervalClock { step: LocalStep::Days(1), zone: clock.zone.clone() };
                state.day.feed(second, registers, &day, &mut |_| {});
                state.running(second, &readings, clock, output, text);
            }
            fed
        });
        if let Some(mut state) = self.meters.take_pushed_out() {
            state.finish(&self.clock, &mut self.target, &mut context.output.text);
        }
        match fed {
            Fed::Taken | Fed::Other => {}
            Fed::Duplicate => self.duplicates += 1,
            Fed::Late(seconds) => {
                refuse(Cause::OutOfOrder { seconds: seconds.unsigned_abs() }, context);
            }
            Fed::Anew(reason) => {
                let at = interval_readings::local(second, &self.clock.zone);
                context.messages.say(&anew(name(&readings), &at, &reason));
            }
        }
    }
}

impl MeterState {
    fn feed(
        &mut self,
        second: i64,
        registers: &EnergyRegisters,
        clock: &IntervalClock,
        target: &mut Target,
        text: &mut Vec<u8>,
    ) -> Fed {
        let Self { name, intervals, peak, .. } = self;
        let mut out = |row: &IntervalRow| write(row, name, peak, clock, target, text);
        intervals.feed(second, registers, clock, &mut out)
    }

    fn finish(&mut self, clock: &IntervalClock, target: &mut Target, text: &mut Vec<u8>) {
        let Self { name, intervals, peak, .. } = self;
        intervals.finish(&mut |row| write(row, name, peak, clock, target, text));
        if let (Some(peak), Target::Text(output, Rows::Peaks)) = (peak.finish(), target) {
            output.row(of_peak(&peak, name, clock), text);
        }
    }

    /// Writes the interval that goes on.
    fn running(
        &self,
        second: i64,
        telegram: &Readings,
        clock: &IntervalClock,
        output: &mut RowOutput,
        text: &mut Vec<u8>,
    ) {
        let Some((row, end)) = self.intervals.running() else {
            return;
        };
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
        if let Some(peak) = self.peak.mean_at(second) {
            readings.field((fields::POWER_IMPORT_PEAK, peak));
        }
        let today = self.day.running().map(|(day, _)| day);
        for (energy, place) in TODAY {
            let energy = today.as_ref().and_then(|day| day.energy(energy));
            energy.into_iter().for_each(|energy| readings.field((place, energy)));
        }
        readings.meta(Meta::Running, ReadingValue::Truth(true));
        output.row(readings.finish(&row), text);
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

fn write(
    row: &IntervalRow,
    meter: &MeterLabel,
    peak: &mut MonthPeak,
    clock: &IntervalClock,
    target: &mut Target,
    text: &mut Vec<u8>,
) {
    match target {
        Target::Comparison(comparison) => {
            comparison.row(row, meter.as_ref().map(|(_, name)| &**name));
        }
        Target::Text(output, Rows::Intervals) => {
            peak.feed(row, clock);
            output.row(interval_readings::of_row(row, meter, &clock.zone), text)
        }
        Target::Text(output, Rows::Peaks) => {
            if let Some(peak) = peak.feed(row, clock) {
                output.row(of_peak(&peak, meter, clock), text);
            }
        }
    }
}

/// The readings of the highest interval of a month.
fn of_peak(row: &IntervalRow, meter: &MeterLabel, clock: &IntervalClock) -> Readings {
    let mut readings = IntervalReadings::new(&clock.zone);
    let month = |date: Date| format!("{:04}-{:02}", date.year(), date.month());
    let month = date(row.start, &clock.zone).map(month).unwrap_or_default();
    readings.meta(Meta::Month, ReadingValue::Text(month));
    readings.time(Meta::Start, row.start);
    readings.time(Meta::End, row.end);
    readings.meter(meter);
    readings.values(row);
    readings.finish(row)
}

/// The message of a meter whose energies start anew.
fn anew(meter: Option<&str>, at: &str, reason: &NewRun) -> String {
    let meter = meter.map_or_else(String::new, |meter| format!("meter {}: ", printable(meter)));
    let field = |place: usize| FIELDS.get(place).map_or("", |field| field.name);
    let reason = match reason {
        NewRun::Fall(step) => {
            format!("{} falls from {} to {}", field(step.place), step.from, step.to)
        }
        NewRun::Leap(step) => {
            format!("{} leaps from {} to {}", field(step.place), step.from, step.to)
        }
        NewRun::Pause => "no telegram for more than a year".to_owned(),
        NewRun::List => "other registers".to_owned(),
    };
    format!("{meter}{reason} at {at}: the energies start anew")
}
