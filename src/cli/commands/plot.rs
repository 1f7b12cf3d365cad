//! `plot`: readings or quarter hours in, a picture out.

use std::{collections::BTreeMap, io::IsTerminal};

use jiff::tz::TimeZone;

use crate::cli::{
    input::{
        files,
        reading_lines::{ReadingConsumer, ReadingLines, refuse},
    },
    run::{
        context::{Context, Ending},
        interval_readings::{self, MeterLabel},
        meter_messages::MeterMessages,
        new_run_messages,
        stage::Task,
        status::{Status, Stop},
    },
    setup::{
        environment, output_format,
        plot_args::{PlotArgs, PlotFormat, PlotKind, PlotLanguage},
    },
};
use meterpipe::{
    error::Cause,
    format::{
        influx::timestamp::seconds,
        key::{FieldKey, Meta},
        latest::name,
        printable::printable,
        readings::{ReadingValue, Readings},
    },
    intervals::{
        clock_doubt::{BelievedStep, ClockDoubt, ClockVerdict, TelegramClocks},
        meter::{Fed, IntervalClock, MeterIntervals, NewRun},
        registers::EnergyRegisters,
        row::{IntervalRow, mean_power},
    },
    local_time::{LocalStep, date},
    picture::{
        energy, heat_map, html,
        language::PictureLanguage,
        load, peaks, png,
        scene::{PictureSize, Scene},
        series::{PlotRow, PlotSeries},
        svg,
        terminal::{self, LetterPlot},
    },
    reading::fields::{ENERGY_EXPORT, ENERGY_IMPORT},
};

use range::PlotRange;

mod range;

/// The most quarters of a picture: those of ten years.
const MOST: usize = 366 * 96 * 10;

/// A quarter of an hour, in seconds.
const QUARTER: i64 = 900;

/// The fault of rows of `quarters --every` and more.
const TOO_LONG: &str = "an interval longer than a quarter of an hour: give the readings, or the rows of quarters without --every";

/// Runs the subcommand.
pub fn run(args: &PlotArgs) -> Status {
    let mut context = Context::new("plot", args.messages);
    let plot = match PlotInput::new(args) {
        Ok(plot) => plot,
        Err(stop) => return context.stop(stop),
    };
    let mut lines = ReadingLines::new(plot);
    let result = files::lines(&args.files, &mut lines, &mut context);
    let plot = lines.into_inner();
    let drawn = match result {
        Ok(()) if context.tally.telegrams > 0 => plot.finish(args, &mut context),
        result => result,
    };
    context.finish(drawn, Ending::default())
}

/// The quarter hours of the input.
struct PlotInput {
    clock: IntervalClock,
    range: PlotRange,
    /// The only meter that counts, if the user chose one.
    chosen: Option<String>,
    /// The meter of the first line.
    meter: MeterLabel,
    /// Another one.
    other: Option<String>,
    intervals: MeterIntervals,
    /// Room for the registers of a telegram.
    registers: EnergyRegisters,
    /// Registers and lines of telegrams whose clock is in doubt.
    doubt: ClockDoubt<(EnergyRegisters, u64)>,
    /// The quarters by their starts.
    rows: BTreeMap<i64, PlotRow>,
    /// Messages about energies that start anew.
    messages: MeterMessages,
    /// The first and the last second of all quarters, also of those outside the range.
    seen: Option<(i64, i64)>,
    /// The end of the last quarter that was read as one.
    read_to: i64,
    /// There were more quarters than fit.
    is_too_long: bool,
    /// Some telegrams have no register of energy.
    has_bare: bool,
}

impl PlotInput {
    fn new(args: &PlotArgs) -> Result<Self, Stop> {
        let zone = output_format::zone_of(args.timezone.as_deref())?;
        if args.format == Some(PlotFormat::Png) && std::io::stdout().is_terminal() {
            return Err(Stop::usage("no PNG goes to a terminal: write > picture.png behind it"));
        }
        Ok(Self {
            range: PlotRange::new(args, &zone)?,
            clock: IntervalClock { step: LocalStep::QUARTER, zone },
            chosen: args.meter.clone(),
            meter: None,
            other: None,
            intervals: MeterIntervals::default(),
            registers: EnergyRegisters::default(),
            doubt: ClockDoubt::default(),
            rows: BTreeMap::new(),
            messages: MeterMessages::default(),
            seen: None,
            read_to: i64::MIN,
            is_too_long: false,
            has_bare: false,
        })
    }

    /// Takes a quarter.
    fn row(&mut self, row: PlotRow) {
        let Self { range, clock, rows, seen, is_too_long, .. } = self;
        let (start, end) = seen.unwrap_or((row.start, row.end));
        *seen = Some((start.min(row.start), end.max(row.end)));
        if range.from.is_some_and(|from| row.end <= from)
            || range.to.is_some_and(|to| row.start >= to)
        {
            return;
        }
        // A clock that was set back has quarters before those so far.
        rows.insert(row.start, row);
        if let Some(last) = range.last {
            let from = last.start(end.max(row.end), &clock.zone);
            while rows.first_key_value().is_some_and(|(start, _)| *start < from) {
                rows.pop_first();
            }
        }
        if rows.len() > MOST {
            rows.pop_first();
            *is_too_long = true;
        }
    }

    /// Takes what the last telegrams began.
    fn end_telegrams(&mut self, context: &mut Context) {
        if let Some(step) = self.doubt.finish() {
            self.believe(step, context);
        }
        self.dismiss(context);
        self.doubt = ClockDoubt::default();
        self.end_run();
        self.report_lost_rise(context);
    }

    /// Takes the quarter that the run has begun.
    fn end_run(&mut self) {
        let mut intervals = std::mem::take(&mut self.intervals);
        intervals.set_clock(&mut |row| self.row(of_interval(row)));
        self.intervals = intervals;
    }

    /// Draws the picture.
    fn finish(mut self, args: &PlotArgs, context: &mut Context) -> Result<(), Stop> {
        self.end_telegrams(context);
        self.messages.finish(&context.messages);
        if let (Some((_, meter)), Some(other)) = (&self.meter, &self.other) {
            let (meter, other) = (printable(meter), printable(other));
            return Err(Stop::usage(format!(
                "the input has several meters, {meter} and {other}: choose one with --meter"
            )));
        }
        if self.is_too_long {
            return Err(Stop::usage(
                "more than ten years of quarter hours: choose a part with --last or --from",
            ));
        }
        let series = self.series()?;
        let language = language(args);
        let is_terminal = std::io::stdout().is_terminal();
        let usual = if is_terminal { PlotFormat::Terminal } else { PlotFormat::Svg };
        let kind = args.kind.unwrap_or_default();
        let wide = || draw(&series, kind, PictureSize::WIDE, language);
        let file = match args.format.unwrap_or(usual) {
            PlotFormat::Svg => svg::file(&wide()).into(),
            PlotFormat::Png => png::file(&wide())
                .ok_or_else(|| Stop::Failed(Status::Output, "the picture is too large".into()))?,
            PlotFormat::Html => html::page(&series, language).into(),
            PlotFormat::Terminal => letters(&series, kind, columns(is_terminal), language).into(),
        };
        context.output.text.extend_from_slice(&file);
        Ok(())
    }

    /// The quarters with their period: whole days.
    fn series(self) -> Result<PlotSeries, Stop> {
        let is_begun = self.intervals.begin().is_some();
        let Self { clock, range, rows, seen, meter, chosen, has_bare, .. } = self;
        let day = LocalStep::Days(1);
        let rows: Vec<_> = rows.into_values().collect();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            let chosen = chosen.filter(|_| meter.is_none());
            return Err(nothing(seen, chosen, has_bare && !is_begun, &clock.zone));
        };
        let first = range.last.map_or(first.start, |part| part.start(last.end, &clock.zone));
        let from = range.from.unwrap_or_else(|| day.floor(first, &clock.zone));
        let to = range.to.unwrap_or_else(|| day.next(last.end - 1, &clock.zone));
        // Anybody may have written it, and it goes to terminals and pages.
        let meter = meter.map(|(_, meter)| printable(&meter).into_owned());
        Ok(PlotSeries { meter, zone: clock.zone, from, to, rows })
    }
}

/// The reason for an empty picture.
fn nothing(
    seen: Option<(i64, i64)>,
    chosen: Option<String>,
    is_bare: bool,
    zone: &TimeZone,
) -> Stop {
    let text = match (seen, chosen) {
        (_, Some(meter)) => format!("no readings of meter {}", printable(&meter)),
        (Some((start, end)), None) => {
            let days = [start, end - 1]
                .map(|at| date(at, zone).map_or(String::new(), |it| it.to_string()));
            let [first, last] = days;
            format!("no readings in these days: the input has {first} to {last}")
        }
        (None, None) if is_bare => {
            "no quarter hours: the readings have no register of energy (energy_import_wh …)"
                .to_owned()
        }
        (None, None) => {
            "no quarter hours: one telegram alone has no energy, so read for a while".to_owned()
        }
    };
    Stop::Failed(Status::Nothing, text)
}

/// The language of the user.
fn language(args: &PlotArgs) -> PictureLanguage {
    match args.lang {
        Some(PlotLanguage::De) => PictureLanguage::German,
        Some(PlotLanguage::En) => PictureLanguage::English,
        None if environment::language().is_some_and(|(_, it)| it == "de") => {
            PictureLanguage::German
        }
        None => PictureLanguage::English,
    }
}

fn draw(
    series: &PlotSeries,
    kind: PlotKind,
    size: PictureSize,
    language: PictureLanguage,
) -> Scene {
    let scene = match kind {
        PlotKind::Load => load::draw(series, size, language),
        PlotKind::Energy => energy::draw(series, energy::step(series, size), size, language),
        PlotKind::Heatmap => heat_map::draw(series, size, language),
        PlotKind::Peaks => peaks::draw(series, size, language),
    };
    Scene { subtitle: series.subtitle(language), ..scene }
}

/// The picture in letters.
fn letters(
    series: &PlotSeries,
    kind: PlotKind,
    columns: usize,
    language: PictureLanguage,
) -> String {
    let scene = draw(series, kind, PictureSize::WIDE, language);
    let mut plot = LetterPlot::new(&scene.title, columns);
    plot.words(&scene.subtitle);
    match kind {
        PlotKind::Load => terminal::load(&mut plot, series, language),
        PlotKind::Energy => {
            let step = energy::step(series, PictureSize::WIDE);
            terminal::energy(&mut plot, series, step, language);
        }
        PlotKind::Heatmap => terminal::heat_map(&mut plot, series, language),
        PlotKind::Peaks => terminal::peaks(&mut plot, series, language),
    }
    plot.text()
}

/// The columns of the terminal, or of what the output goes to.
fn columns(is_terminal: bool) -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok().filter(|_| is_terminal);
    let columns = size.map(|size| size.ws_col.into()).filter(|columns| *columns > 1);
    columns.or_else(environment::columns).unwrap_or(80)
}

impl Task for PlotInput {}

impl ReadingConsumer for PlotInput {
    fn readings(&mut self, readings: Readings, line: u64, context: &mut Context) {
        let name = name(&readings);
        if self.chosen.is_some() && self.chosen.as_deref() != name {
            return;
        }
        match (&self.meter, name) {
            (None, Some(name)) => self.meter = Some((Meta::Meter, name.into())),
            (Some((_, meter)), Some(name)) if **meter != *name => {
                self.other.get_or_insert_with(|| name.to_owned());
                return;
            }
            _ => {}
        }
        let taken = match readings.is_interval() {
            true => self.interval(&readings, context),
            false => self.telegram(&readings, line, context),
        };
        if let Err(cause) = taken {
            refuse(line, cause, context);
        }
    }
}

impl PlotInput {
    fn telegram(
        &mut self,
        readings: &Readings,
        line: u64,
        context: &mut Context,
    ) -> Result<(), Cause> {
        const TIMES: [Meta; 2] = [Meta::Time, Meta::Received];
        let second = seconds(readings, TIMES)
            .ok_or_else(|| interval_readings::time_cause(readings, &TIMES))?;
        // A quarter that was read already has this telegram in it.
        if let Some(late) = self.read_to.checked_sub(second).filter(|late| *late > 0) {
            let seconds = late.unsigned_abs();
            return Err(match self.has_row(second, second.saturating_add(1)) {
                true => Cause::TimeTaken { seconds },
                false => Cause::OutOfOrder { seconds },
            });
        }
        interval_readings::registers(readings, &mut self.registers);
        if self.registers.all().is_empty() {
            self.has_bare = true;
            return Ok(());
        }
        let counter = interval_readings::counter(readings);
        let clocks = TelegramClocks { second, received: readings.meta(Meta::Received), counter };
        let begin = self.intervals.begin();
        let verdict = self.doubt.judge(clocks, begin);
        self.dismiss(context);
        match verdict {
            ClockVerdict::Sound => {}
            ClockVerdict::Twice => return Ok(()),
            ClockVerdict::Late(seconds) => {
                self.intervals.refused();
                return Err(Cause::OutOfOrder { seconds: seconds.unsigned_abs() });
            }
            ClockVerdict::Doubtful => {
                self.doubt.hold(clocks, (self.registers.clone(), line));
                return Ok(());
            }
            ClockVerdict::Believed(step) => self.believe(step, context),
        }
        let registers = std::mem::take(&mut self.registers);
        let taken = self.feed(second, &registers, context);
        self.registers = registers;
        taken
    }

    fn feed(
        &mut self,
        second: i64,
        registers: &EnergyRegisters,
        context: &mut Context,
    ) -> Result<(), Cause> {
        let clock = self.clock.clone();
        let mut intervals = std::mem::take(&mut self.intervals);
        let fed = intervals.feed(second, registers, &clock, &mut |row| self.row(of_interval(row)));
        self.intervals = intervals;
        self.report_lost_rise(context);
        match fed {
            Fed::Late(seconds) => Err(Cause::OutOfOrder { seconds: seconds.unsigned_abs() }),
            Fed::Covered(seconds) => Err(Cause::TimeTaken { seconds: seconds.unsigned_abs() }),
            Fed::Anew(reason) => {
                self.report(second, &reason, context);
                Ok(())
            }
            Fed::Taken | Fed::Other | Fed::Duplicate => Ok(()),
        }
    }

    /// True if a quarter has one of these seconds.
    fn has_row(&self, start: i64, end: i64) -> bool {
        let before = self.rows.range(..end).next_back();
        before.is_some_and(|(_, row)| row.end > start)
    }

    /// Says that the energies start anew.
    fn report(&mut self, second: i64, reason: &NewRun, context: &mut Context) {
        let Self { messages, meter, clock, .. } = self;
        new_run_messages::say(messages, meter, reason, second, &clock.zone, &context.messages);
    }

    fn report_lost_rise(&mut self, context: &mut Context) {
        if self.intervals.take_lost_rise() {
            new_run_messages::say_lost_rise(&mut self.messages, &self.meter, &context.messages);
        }
    }

    /// Takes the telegrams that waited for others to agree.
    fn believe(&mut self, step: BelievedStep, context: &mut Context) {
        let held = self.doubt.take_held();
        if let (Some(reason), Some(first)) = (new_run_messages::of_step(step), held.first()) {
            self.end_run();
            self.report_lost_rise(context);
            self.report(first.second(), &reason, context);
        }
        for held in held {
            let second = held.second();
            if let Err(cause) = self.feed(second, &held.telegram.0, context) {
                refuse(held.telegram.1, cause, context);
            }
        }
    }

    /// Says which telegrams had a wrong clock.
    fn dismiss(&mut self, context: &mut Context) {
        for held in self.doubt.take_dismissed() {
            self.intervals.refused();
            let seconds = held.ahead.unsigned_abs();
            let cause = match held.ahead {
                ..0 => Cause::OutOfOrder { seconds },
                _ => Cause::ClockAhead { seconds },
            };
            refuse(held.telegram.1, cause, context);
        }
    }

    fn interval(&mut self, readings: &Readings, context: &mut Context) -> Result<(), Cause> {
        let truth = |meta| match readings.get(FieldKey::Meta(meta)) {
            Some(ReadingValue::Truth(truth)) => Some(*truth),
            _ => None,
        };
        if truth(Meta::Running) == Some(true) {
            return Ok(());
        }
        let IntervalRow { start, end, .. } = interval_readings::row_of(readings)?;
        if end - start > QUARTER {
            return Err(Cause::OtherRows { fault: TOO_LONG });
        }
        // The telegrams so far end before it.
        self.end_telegrams(context);
        if self.has_row(start, end) {
            let last = self.seen.map_or(end, |(_, last)| last);
            return Err(Cause::TimeTaken { seconds: last.abs_diff(start) });
        }
        self.read_to = self.read_to.max(end);
        let energies = [ENERGY_IMPORT, ENERGY_EXPORT].map(|place| readings.number(place));
        let telegrams = match readings.get(FieldKey::Meta(Meta::Telegrams)) {
            Some(ReadingValue::Number(number)) => number.to_integer(),
            _ => None,
        };
        self.row(PlotRow {
            start,
            end,
            energies,
            means: energies.map(|energy| mean_power(energy?, end - start)),
            gap: telegrams == Some(0) && truth(Meta::Estimated) == Some(true),
            complete: truth(Meta::Complete) != Some(false),
            estimated: truth(Meta::Estimated) == Some(true),
            whole: {
                let IntervalClock { step, zone } = &self.clock;
                step.floor(start, zone) == start && step.next(start, zone) == end
            },
        });
        Ok(())
    }
}

/// A quarter that was made of telegrams.
fn of_interval(row: &IntervalRow) -> PlotRow {
    let energies = [ENERGY_IMPORT, ENERGY_EXPORT].map(|place| row.energy(place));
    PlotRow {
        start: row.start,
        end: row.end,
        energies,
        means: energies.map(|energy| mean_power(energy?, row.end - row.start)),
        gap: row.telegrams == 0 && row.estimated,
        complete: row.complete,
        estimated: row.estimated,
        whole: row.whole,
    }
}
