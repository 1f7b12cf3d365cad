//! `doctor`: why no readings come.

mod examination;
mod examiner;
mod listening;
mod obstacles;
mod of_device;
mod of_file;
mod patient_keys;
mod report;
mod sound;
mod telegram_tally;
mod trials;

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use crate::cli::{
    commands::{
        config::online::GRACE,
        doctor::{
            examination::LONGEST_PUSH, examiner::Examiner, listening::listen,
            patient_keys::ReadKeys, report::DoctorReport,
        },
    },
    live::sources::{self, Spec},
    run::{
        context::Context,
        messages::Messages,
        status::{Status, Stop},
    },
    setup::{
        config_file::{self, MeterConfig},
        credentials,
        doctor_args::{DoctorArgs, DoctorFormat, LanguageArg},
        environment, families, keys,
        shared_args::{InputForm, KeyArgs},
    },
};
use meterpipe::{
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
        foreign::ForeignProtocol,
        line_view::LineView,
    },
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
    source::Source,
};

/// Runs the subcommand.
pub fn run(args: &DoctorArgs) -> Status {
    let mut context = Context::new("doctor", args.messages);
    let reports = match examine_all(args, &context.messages) {
        Ok(reports) => reports,
        Err(stop) => return context.stop(stop),
    };
    let language = language(args.lang);
    let mut worst = Status::Fine;
    for report in reports {
        let text = match args.format {
            DoctorFormat::Text => report.text(language),
            DoctorFormat::Json => report.json(language),
        };
        context.output.text.extend_from_slice(text.as_bytes());
        if worst == Status::Fine {
            worst = report.status();
        }
    }
    match context.finish_plain() {
        Status::Fine => worst,
        failed => failed,
    }
}

fn language(chosen: Option<LanguageArg>) -> AdviceLanguage {
    let is_german = || environment::language().is_some_and(|(_, language)| language == "de");
    match chosen {
        Some(LanguageArg::De) => AdviceLanguage::German,
        None if is_german() => AdviceLanguage::German,
        Some(LanguageArg::En) | None => AdviceLanguage::English,
    }
}

/// A source to be examined.
struct Patient<'a> {
    /// Its name, if the user gives one.
    source: Option<String>,
    /// Its meter in the configuration.
    meter: Option<&'a MeterConfig>,
}

fn examine_all(args: &DoctorArgs, messages: &Messages) -> Result<Vec<DoctorReport>, Stop> {
    keys::guard_stdin(&args.keys, args.source.as_deref() == Some("-"))?;
    let config = match args.source {
        Some(_) => None,
        None => config_file::find(args.config.as_deref())?,
    };
    if let Some(config) = &config {
        credentials::use_those_of_service(&config.path);
    }
    let meters = config.as_ref().map_or(&[][..], |config| &config.meters);
    // One variable cannot name the sources of several meters.
    let source = environment::source().filter(|_| meters.len() <= 1);
    let of_meters = meters.iter().map(|meter| Patient {
        source: source.clone().or(meter.source.clone()),
        meter: Some(meter),
    });
    let mut patients: Vec<_> = of_meters.collect();
    if patients.is_empty() {
        patients.push(Patient { source: args.source.clone().or(source), meter: None });
    }
    let settings = VisitSettings {
        args,
        keys: ReadKeys::read(&args.keys, config.as_ref(), messages),
        families: families::all(&args.layouts, config.as_ref())?,
        has_several: patients.len() > 1,
    };
    let visits = patients.iter().enumerate().map(|(index, patient)| settings.visit(index, patient));
    let mut visits = visits.collect::<Result<Vec<_>, _>>()?;
    examine_once(&mut visits, meters);
    // At the same time: together they must not take longer than the user gives them.
    let time = args.time.saturating_sub(GRACE).max(LEAST_FOR_SINKS).min(args.time);
    let (reports, refused) = thread::scope(|scope| {
        let config = config.as_ref();
        let asked =
            config.map(|config| scope.spawn(move || obstacles::refused_by_sinks(config, time)));
        let reports = examine(visits);
        (reports, asked.map_or(Ok(None), joined))
    });
    let mut reports = reports?;
    let fails = |report: &DoctorReport| report.finding.diagnosis != Diagnosis::Ok;
    let refused = match refused {
        Err(Stop::Failed(_, why)) if reports.iter().any(fails) => {
            Some(Finding::new(Diagnosis::Sink).with(why.clone(), why))
        }
        refused => refused?,
    };
    // The sinks take the readings of all meters. A meter that fails comes first, and they stand beside it.
    for (report, finding) in reports.iter_mut().filter_map(|it| Some((it, refused.clone()?))) {
        match fails(report) {
            true => report.finding.evidence.extend(finding.evidence),
            false => report.finding = finding,
        }
    }
    Ok(reports)
}

/// Leaves out sources that are examined already.
fn examine_once(visits: &mut [Visit], meters: &[MeterConfig]) {
    let line = |index: usize| meters.get(index).map_or(0, |meter| meter.lines.source);
    let mut known: Vec<(String, usize)> = vec![];
    for (index, visit) in visits.iter_mut().enumerate() {
        let Some(place) = visit.examiner.as_ref().and_then(|(_, spec)| sources::place(spec)) else {
            continue;
        };
        match known.iter().find(|(name, _)| *name == place) {
            None => known.push((place, index)),
            Some((name, first)) => {
                let finding = obstacles::configured_twice(name, [line(*first), line(index)]);
                (visit.report.finding, visit.report.is_repeated) = (finding, true);
                visit.examiner = None;
            }
        }
    }
}

/// The part of the time that is left for opening, closing and the answer.
const ANSWER: u32 = 30;

/// The least time that sinks have for their answer.
const LEAST_FOR_SINKS: Duration = Duration::from_secs(3);

/// The longest examination unless the user wants a longer one.
const LONGEST: Duration = Duration::from_secs(29);

/// An examination that can begin.
struct Visit {
    report: DoctorReport,
    /// `None` if the report is complete: there is no source, or no key.
    examiner: Option<(Examiner, Spec)>,
    form: Option<InputForm>,
}

impl Visit {
    fn examine(self) -> Result<DoctorReport, Stop> {
        let Self { mut report, examiner, form } = self;
        let Some((examiner, spec)) = examiner else {
            return Ok(report);
        };
        match spec {
            Spec::File(path) => of_file::examine(&examiner, &path, form, &mut report)?,
            Spec::Simulated(source) => examine_source(&examiner, source, &mut report)?,
            Spec::Live(source) => match source.line().device {
                Some(device) => of_device::examine(&examiner, &device, &mut report)?,
                None => examine_source(&examiner, source, &mut report)?,
            },
        }
        report.conclude();
        Ok(report)
    }
}

/// Examines all sources at the same time: silent ones take it all.
fn examine(visits: Vec<Visit>) -> Result<Vec<DoctorReport>, Stop> {
    thread::scope(|scope| {
        let threads: Vec<_> =
            visits.into_iter().map(|visit| scope.spawn(move || visit.examine())).collect();
        threads.into_iter().map(joined).collect()
    })
}

/// The result of a thread; its panic is that of the run.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The things that all sources have in common.
struct VisitSettings<'a> {
    args: &'a DoctorArgs,
    keys: ReadKeys,
    families: MeterFamilies,
    has_several: bool,
}

impl VisitSettings<'_> {
    /// Finds the source and the keys of a patient.
    fn visit(&self, index: usize, patient: &Patient<'_>) -> Result<Visit, Stop> {
        let Self { args, .. } = self;
        let Patient { source, meter } = patient;
        let done = |report| Ok(Visit { report, examiner: None, form: None });
        let of_meter = |path: fn(&MeterConfig) -> Option<&PathBuf>| meter.and_then(path);
        let key_file = args.keys.key_file.as_ref().or(of_meter(|meter| meter.key_file.as_ref()));
        let layouts = args.layouts.iter().chain(of_meter(|meter| meter.layout.as_ref()));
        let link = args.link.link.or(meter.and_then(|meter| meter.link));
        let system_title = args.keys.system_title.or(meter.and_then(|meter| meter.system_title));
        let line = meter.map_or(args.line.clone(), |meter| meter.line(&args.line));
        let mut report = DoctorReport {
            name: meter.and_then(|meter| meter.name.clone()),
            source: source.clone().unwrap_or_default(),
            finding: Finding::new(Diagnosis::Ok),
            tried: Vec::new(),
            line: None,
            key_file: key_file.map(|path| keys::display(path)),
            has_key_argument: args.keys.key.is_some(),
            is_anonymous: false,
            link: link.map(LinkChoice::name),
            title: system_title.map(hex::encode),
            is_read: false,
            layouts: layouts.map(|path| path.display().to_string()).collect(),
            is_live: true,
            is_repeated: false,
        };
        let spec = match sources::find(source.as_deref(), &line, false) {
            Err(Stop::Failed(Status::Source, why)) => {
                report.finding = obstacles::no_source(source.is_some(), &why);
                return done(report);
            }
            // The others are examined all the same.
            Err(Stop::Failed(_, why)) if self.has_several => {
                report.finding = obstacles::misnamed(&report.source, &why);
                return done(report);
            }
            spec => spec?,
        };
        if let (None, Spec::Live(source) | Spec::Simulated(source)) = (source, &spec) {
            let device = source.line().device;
            report.source =
                device.map_or_else(|| source.name().to_owned(), |it| it.display().to_string());
        }
        report.is_live = !matches!(spec, Spec::File(_));
        let keys = match self.keys.of(index) {
            Err(problem) => {
                report.finding = obstacles::keyless(problem);
                return done(report);
            }
            Ok(keys) if matches!(spec, Spec::Simulated(_)) => keys.with_example(),
            Ok(keys) => keys,
        };
        let key_args = KeyArgs { system_title, ..args.keys.clone() };
        let time = args.time.saturating_sub(args.time / ANSWER);
        let deadline = Instant::now() + time.max(LONGEST.min(time + LONGEST_PUSH));
        let (families, links) = (self.families, link.unwrap_or_default());
        let examiner = Examiner { keys, key_args, line, families, links, time, deadline };
        Ok(Visit { report, examiner: Some((examiner, spec)), form: args.form.form })
    }
}

/// A source whose line cannot be set from here.
fn examine_source(
    examiner: &Examiner,
    source: Box<dyn Source>,
    report: &mut DoctorReport,
) -> Result<(), Stop> {
    let mut examination = examiner.examination(examiner.time);
    let start = Instant::now();
    let ended = listen(source, examiner.time, &mut examination)?.err();
    let line = examination.line();
    let has_frames = examination.telegrams() > 0 || line.frames > 0 || line.damaged() > 0;
    let is_service = line.foreign.is_some_and(ForeignProtocol::is_service);
    if let Some(error) = ended.as_ref().filter(|_| !has_frames && !is_service) {
        report.finding = obstacles::ended(error, examination.words());
        return Ok(());
    }
    let view = LineView {
        seconds: Some(start.elapsed().as_secs().max(1)),
        telegrams: examination.telegrams(),
        ..LineView::default()
    };
    report.finding = examiner.finding(&mut examination, &view);
    // The octets before the end are the better evidence.
    report.finding.evidence.extend(ended.map(|error| error.wording()));
    report.take(&examination);
    Ok(())
}
