//! `doctor`: why no readings come.

mod examination;
mod obstacles;
mod report;
mod trials;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::cli::{
    commands::doctor::{
        examination::Examination,
        report::DoctorReport,
        trials::{TrialLine, may_be_settings},
    },
    input::files,
    live::{
        event_loop,
        reload::KeySources,
        sources::{self, Spec},
    },
    run::{
        context::Context,
        messages::{Messages, Verbosity},
        stage::Stage,
        status::{Status, Stop},
    },
    setup::{
        args::{self, DoctorFormat, LanguageArg},
        config_file::{self, Config},
        credentials, environment, families, keys,
        shared_args::{InputForm, KeyArgs, SerialArgs, UntilArgs},
    },
};
use meterpipe::{
    cipher::key_file::KeyEntry,
    counted::{counted, counted_as},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis, Wording},
        finding::{CustomAdvice, Finding},
        foreign::{self, ForeignProtocol},
        key_finding::key_finding,
        line_finding::{LineView, line_finding},
        link,
    },
    error::{Cause, Error},
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
    record::{self, Attributes, Place, Record, RecordKind},
    source::{Burst, OpenError, Source, SourceEvent, holders},
};

/// Runs the subcommand.
pub fn run(args: &args::DoctorArgs) -> Status {
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
    line: SerialArgs,
    key_args: KeyArgs,
    config: Option<&'a Config>,
    key_file: Option<PathBuf>,
    /// The link layer of the configuration.
    link: Option<LinkChoice>,
}

fn examine_all(args: &args::DoctorArgs, messages: &Messages) -> Result<Vec<DoctorReport>, Stop> {
    keys::guard_stdin(&args.keys, args.source.as_deref() == Some("-"))?;
    let config = match args.source {
        Some(_) => None,
        None => config_file::find(args.config.as_deref())?,
    };
    if let Some(config) = &config {
        credentials::use_those_of_service(&config.path);
    }
    let patient = |source, line, key_file: Option<&PathBuf>| Patient {
        source,
        line,
        key_args: args.keys.clone(),
        config: config.as_ref(),
        key_file: args.keys.key_file.as_ref().or(key_file).cloned(),
        link: None,
    };
    let meters = config.as_ref().map_or(&[][..], |config| &config.meters);
    // One variable cannot name the sources of several meters.
    let source = environment::source().filter(|_| meters.len() <= 1);
    let of_meter = |meter: &config_file::MeterConfig| {
        let name = source.clone().or_else(|| meter.source.clone());
        let of_line = patient(name, meter.line(&args.line), meter.key_file.as_ref());
        let system_title = args.keys.system_title.or(meter.system_title);
        let key_args = KeyArgs { system_title, ..of_line.key_args };
        Patient { link: meter.link, key_args, ..of_line }
    };
    let mut patients: Vec<_> = meters.iter().map(of_meter).collect();
    if patients.is_empty() {
        patients.push(patient(args.source.clone().or(source), args.line.clone(), None));
    }
    let all = patients.iter().map(|patient| examine(patient, args, messages));
    let mut reports = all.collect::<Result<Vec<_>, _>>()?;
    if let (Some(config), true) =
        (&config, reports.iter().all(|it| it.finding.diagnosis == Diagnosis::Ok))
    {
        let refused = obstacles::refused_by_sinks(config, args.time)?;
        if let (Some(finding), Some(report)) = (refused, reports.last_mut()) {
            report.finding = finding;
        }
    }
    Ok(reports)
}

fn examine(
    patient: &Patient<'_>,
    args: &args::DoctorArgs,
    messages: &Messages,
) -> Result<DoctorReport, Stop> {
    let mut report = DoctorReport {
        source: patient.source.clone().unwrap_or_default(),
        finding: Finding::new(Diagnosis::Ok),
        tried: Vec::new(),
        line: None,
        key_file: patient.key_file.as_ref().map(|path| keys::display(path)),
        link: args.link.link.map(LinkChoice::name),
        title: patient.key_args.system_title.map(hex::encode),
        layouts: args.layouts.iter().map(|path| path.display().to_string()).collect(),
        is_live: true,
    };
    let spec = match sources::find(patient.source.as_deref(), &patient.line, false) {
        Err(Stop::Failed(Status::Source, why)) => {
            report.finding = obstacles::no_source(patient.source.is_some(), &why);
            return Ok(report);
        }
        spec => spec?,
    };
    if let (None, Spec::Live(source) | Spec::Simulated(source)) = (&patient.source, &spec) {
        let device = source.line().device;
        report.source =
            device.map_or_else(|| source.name().to_owned(), |it| it.display().to_string());
    }
    let simulated = matches!(spec, Spec::Simulated(_));
    let sources = KeySources { args: patient.key_args.clone(), simulated };
    let entries = match sources.read(patient.config, messages) {
        Err(problem) => {
            report.finding = obstacles::keyless(problem);
            return Ok(report);
        }
        Ok(entries) => entries,
    };
    let families = families::all(&args.layouts, patient.config)?;
    let links = args.link.link.or(patient.link).unwrap_or_default();
    let doctor = Doctor { entries, patient, families, links, time: args.time };
    match spec {
        Spec::File(path) => doctor.file(&path, args.form.form, &mut report)?,
        Spec::Simulated(source) => doctor.source(source, &mut report)?,
        Spec::Live(source) => match source.line().device {
            Some(device) => doctor.device(&device, &mut report)?,
            None => doctor.source(source, &mut report)?,
        },
    }
    Ok(report)
}

struct Doctor<'a> {
    entries: Vec<KeyEntry>,
    patient: &'a Patient<'a>,
    families: MeterFamilies,
    links: LinkChoice,
    time: Duration,
}

impl Doctor<'_> {
    fn examination(&self, time: Duration) -> Examination {
        let demands = keys::demands(&self.patient.key_args);
        Examination::new(self.entries.clone(), demands, self.families, self.links, time)
    }

    fn file(
        &self,
        path: &Path,
        form: Option<InputForm>,
        report: &mut DoctorReport,
    ) -> Result<(), Stop> {
        report.is_live = false;
        let mut examination = self.examination(self.time);
        let mut context = quiet();
        let ended =
            files::run(&[path.to_owned()], form, Some(self.time), &mut examination, &mut context);
        if context.tally.source_failed {
            report.finding = obstacles::unreadable(path);
            return Ok(());
        }
        go_on(ended)?;
        if context.tally.is_key {
            report.finding = obstacles::key_instead();
            return Ok(());
        }
        let view = LineView {
            telegrams: examination.telegrams(),
            links: self.links,
            ..LineView::default()
        };
        let found = self.finding(&mut examination, &view);
        report.finding = of_file(match examination.cut_off {
            Some(error) if examination.telegrams() == 0 => {
                cut_off(found, &error, examination.octets())
            }
            _ if examination.telegrams() == 0 && examination.is_text => {
                of_text(found, examination.unread)
            }
            _ => found,
        });
        // A text may be another protocol itself, with octets or without.
        let is_text = |protocol: &ForeignProtocol| match protocol {
            ForeignProtocol::Text => examination.octets() == 0 && examination.unread.is_none(),
            protocol => !protocol.is_weak(),
        };
        if let (0, Some(protocol)) =
            (examination.telegrams(), foreign::recognise(&start_of(path)).filter(is_text))
        {
            report.finding = Finding {
                protocol: Some(protocol),
                ..Finding::new(Diagnosis::OtherProtocol).with(
                    format!("they are {}", protocol.title(AdviceLanguage::English)),
                    format!("es ist {}", protocol.title(AdviceLanguage::German)),
                )
            };
        }
        Ok(())
    }

    /// A source whose line cannot be set from here.
    fn source(&self, source: Box<dyn Source>, report: &mut DoctorReport) -> Result<(), Stop> {
        let mut examination = self.examination(self.time);
        let start = Instant::now();
        if let Err(error) = listen(source, self.time, &mut examination)? {
            report.finding = obstacles::unreached(&error);
            return Ok(());
        }
        let view = LineView {
            seconds: Some(start.elapsed().as_secs().max(1)),
            telegrams: examination.telegrams(),
            links: self.links,
            ..LineView::default()
        };
        report.finding = self.finding(&mut examination, &view);
        Ok(())
    }

    /// A device of this machine, with one setting of its line after the other.
    fn device(&self, device: &Path, report: &mut DoctorReport) -> Result<(), Stop> {
        let trials = TrialLine::trials(&self.patient.line);
        let start = Instant::now();
        let mut first: Option<(Finding, TrialLine)> = None;
        let mut unheard = Vec::new();
        for (at, trial) in trials.iter().enumerate() {
            let left = self.time.saturating_sub(start.elapsed());
            let time = TrialLine::time(at, trials.len(), self.time, left);
            if left < LEAST_TRIAL && first.is_some() {
                unheard.push(*trial);
                continue;
            }
            let (mut examination, view) =
                match self.trial(device, *trial, (at, trials.len()), (time, left))? {
                    Ok(examined) => examined,
                    Err(error) => {
                        report.finding = obstacles::unopened(&error);
                        return Ok(());
                    }
                };
            report.tried.push(*trial);
            let finding = self.finding(&mut examination, &view);
            let has_frames = examination.telegrams() > 0 || examination.line().frames > 0;
            if finding.diagnosis == Diagnosis::Silent {
                unheard.push(*trial);
            }
            match first.take() {
                None if !may_be_settings(finding.diagnosis) || has_frames => {
                    report.line = Some(*trial);
                    report.finding = finding;
                    return Ok(());
                }
                None => first = Some((finding, *trial)),
                Some((_, usual)) if has_frames => {
                    report.line = Some(*trial);
                    report.finding = trial.instead_of(usual);
                    return Ok(());
                }
                Some(_) if finding.protocol.is_some_and(|it| it != ForeignProtocol::Text) => {
                    let settings = trial.0;
                    report.finding = finding.with(
                        format!("the line has {settings}"),
                        format!("die Leitung hat {settings}"),
                    );
                    return Ok(());
                }
                before => first = before,
            }
        }
        if let Some((finding, usual)) = first {
            report.line = Some(usual);
            report.finding = match (trials.len(), unheard.is_empty()) {
                (1, _) => finding,
                (_, true) => in_vain(finding),
                (_, false) => TrialLine::without(finding, &unheard),
            };
        }
        Ok(())
    }

    fn trial(
        &self,
        device: &Path,
        trial: TrialLine,
        (index, all): (usize, usize),
        (time, longest): (Duration, Duration),
    ) -> Result<Result<(Examination, LineView), OpenError>, Stop> {
        let name = device.display().to_string();
        let (start, has_alternatives) = (Instant::now(), all > 1);
        // Looked up before, and once more at the end.
        let mut others = holders::others(device);
        let mut examination = self.examination(time);
        examination.has_alternatives = has_alternatives;
        examination.wait_for_octets(longest);
        loop {
            let Spec::Live(source) = sources::find(Some(&name), &trial.args(), false)? else {
                return Ok(Err(OpenError::NotADevice { path: device.to_owned() }));
            };
            match listen(source, longest, &mut examination)? {
                Ok(()) => break,
                // The thread of the trial before ends with its last read.
                Err(error) if index > 0 && is_held_here(&error) && start.elapsed() < CLOSING => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        others.extend(holders::others(device));
        others.sort();
        others.dedup();
        let view = LineView {
            seconds: Some(start.elapsed().as_secs().max(1)),
            telegrams: examination.telegrams(),
            others,
            is_device: true,
            searches: has_alternatives,
            seeks_speed: has_alternatives,
            links: self.links,
        };
        Ok(Ok((examination, view)))
    }

    fn finding(&self, examination: &mut Examination, view: &LineView) -> Finding {
        examination.look_at_closed();
        let keys = key_finding(&examination.keys);
        let stays_closed = examination.keys.opened == 0 && examination.keys.closed > 0;
        if let (0, Some(other)) = (examination.telegrams(), examination.other_link()) {
            return wrong_link(self.links, other);
        }
        let line = examination.line();
        match keys {
            Some(found) if stays_closed => found,
            keys => line_finding(&line, view).or(keys).unwrap_or_else(|| sound(examination, view)),
        }
    }
}

/// A trial that is shorter hears no telegram.
const LEAST_TRIAL: Duration = Duration::from_millis(500);

/// The longest time in which this process closes a device.
const CLOSING: Duration = Duration::from_secs(3);

/// True if this process may hold the device still: by the time that the holder is looked up, it may be gone.
fn is_held_here(error: &OpenError) -> bool {
    let this = format!("[{}]", std::process::id());
    match error {
        OpenError::Busy { by, .. } => by.as_ref().is_none_or(|by| by.ends_with(&this)),
        _ => false,
    }
}

/// The finding about a file that ends within its first telegram: the octets before say nothing about a line.
fn cut_off(found: Finding, error: &Error, all: u64) -> Finding {
    let (Diagnosis::Noise | Diagnosis::Baud, Cause::CutOff { octets }) =
        (found.diagnosis, error.cause)
    else {
        return found;
    };
    // Noise may end with the first octet of a telegram.
    if octets < LEAST_PART || (octets as u64) * 2 < all {
        return found;
    }
    let advice = CustomAdvice {
        cause: Wording::new(
            "the input ends before its telegram does",
            "die Eingabe endet vor ihrem Telegramm",
        ),
        step: Wording::new(
            "take all frames of the telegram to the last octet, or a longer capture",
            "alle Rahmen des Telegramms bis zum letzten Oktett nehmen, oder eine längere Aufzeichnung",
        ),
    };
    Finding { advice: Some(advice), ..Finding::new(Diagnosis::Half) }.with(
        format!("a telegram breaks off after {}", counted(octets, "octet")),
        format!("ein Telegramm bricht nach {} ab", counted_as(octets, "Oktett", "Oktetten")),
    )
}

/// Fewer octets may be a telegram's start by chance.
const LEAST_PART: usize = 32;

/// The finding about a text without telegrams: its form comes before cable and adapter.
fn of_text(found: Finding, unread: Option<&'static str>) -> Finding {
    let is_of_octets = matches!(
        found.diagnosis,
        Diagnosis::Noise | Diagnosis::Baud | Diagnosis::Parity | Diagnosis::Silent
    );
    if !is_of_octets {
        return found;
    }
    let advice = CustomAdvice {
        cause: Wording::new(
            "the text holds no telegram as hex, or in a form that is not read",
            "der Text enthält kein Telegramm in Hex, oder eines in einer Form, die nicht gelesen wird",
        ),
        step: Wording::new(
            "write the octets of the telegram as hex digits, two each, or give the binary capture itself",
            "die Oktette des Telegramms als je zwei Hexziffern schreiben, oder die binäre Aufzeichnung selbst angeben",
        ),
    };
    let found = Finding { advice: Some(advice), ..found };
    match unread {
        Some(what) => found.with(format!("not supported: {what}"), format!("nicht lesbar: {what}")),
        None => found,
    }
}

/// The finding about a file: no command goes on reading it.
fn of_file(finding: Finding) -> Finding {
    if finding.diagnosis != Diagnosis::Ok {
        return finding;
    }
    let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
    let advice = CustomAdvice {
        cause: Wording::new(Diagnosis::Ok.cause(english), Diagnosis::Ok.cause(german)),
        step: Wording::new("run the decode command below", "den decode-Befehl unten ausführen"),
    };
    Finding { advice: Some(advice), ..finding }
}

/// The finding about a line whose link layer is another one than the one that was chosen.
fn wrong_link(chosen: LinkChoice, other: LinkChoice) -> Finding {
    let (chosen, words, other) = (chosen.name(), link::in_words(other), other.name());
    let advice = CustomAdvice {
        cause: Wording::new(
            format!(
                "the link layer is chosen as {chosen}, and the line has another one: all its octets are noise"
            ),
            format!(
                "als Link-Schicht ist {chosen} gewählt, und die Leitung hat eine andere: alle ihre Oktette sind Rauschen"
            ),
        ),
        step: Wording::new(
            format!("leave --link (in the configuration: link) out, or name {other}"),
            format!("--link (in der Konfiguration: link) weglassen, oder {other} angeben"),
        ),
    };
    Finding { advice: Some(advice), ..Finding::new(Diagnosis::OtherProtocol) }
        .with(format!("the octets are {words}"), format!("die Oktette sind {words}"))
}

/// The advice about a line that brings no frames with any settings.
fn in_vain(finding: Finding) -> Finding {
    let advice = CustomAdvice {
        cause: Wording::new(
            "octets come, and no usual speed and parity makes frames of them: the adapter does not suit the socket, or the line is disturbed",
            "es kommen Oktette an, doch mit keiner der üblichen Geschwindigkeiten und Paritäten werden Rahmen daraus: der Adapter passt nicht zur Buchse, oder die Leitung ist gestört",
        ),
        step: Wording::new(
            "check that the adapter suits the socket (M-Bus slave, infrared head, or P1 cable with inverted levels), then cable and contacts; the operator's paper names the interface",
            "prüfen, ob der Adapter zur Buchse passt (M-Bus-Slave, Infrarotkopf oder P1-Kabel mit invertierten Pegeln), dann Kabel und Kontakte; das Merkblatt des Netzbetreibers nennt die Schnittstelle",
        ),
    };
    Finding { advice: Some(advice), ..finding }
}

/// The first octets of a regular file.
fn start_of(path: &Path) -> Vec<u8> {
    let mut start = Vec::new();
    if path.is_file()
        && let Ok(file) = std::fs::File::open(path)
    {
        let _ = file.take(64 * 1024).read_to_end(&mut start);
    }
    start
}

/// The finding about a source that is read.
fn sound(examination: &Examination, view: &LineView) -> Finding {
    let keys = &examination.keys;
    let damaged = examination.line().damaged();
    let mut found = Finding::new(Diagnosis::Ok);
    let meters = examination.meters.iter().take(MOST_METERS);
    found
        .evidence
        .extend(meters.map(|(number, telegrams)| of_meter(number.as_deref(), *telegrams)));
    if let more @ 1.. = examination.meters.len().saturating_sub(MOST_METERS) {
        found = found.with(
            format!("and of {}", counted(more, "more meter")),
            format!("und von {}", counted_as(more, "weiteren Zähler", "weiteren Zählern")),
        );
    }
    if examination.verified {
        found = found.with("their tag is verified", "ihre Marke ist geprüft");
    }
    if damaged > 0 {
        found = found.with(
            format!("{damaged} of them or of their neighbours damaged: that is no trouble"),
            format!("{damaged} davon oder daneben beschädigt: das stört nicht"),
        );
    }
    if keys.has_example {
        found = found.with(
            "the key is the published example key: no real meter has it",
            "der Schlüssel ist der veröffentlichte Beispielschlüssel: kein echter Zähler hat ihn",
        );
    }
    if !view.others.is_empty() {
        found.evidence.push(view.others_wording());
    }
    found
}

/// The meters of a line that are named.
const MOST_METERS: usize = 10;

fn of_meter(number: Option<&str>, telegrams: u64) -> Wording {
    let meter = match number {
        Some(number) => Wording::new(format!("meter {number}"), format!("Zähler {number}")),
        None => Wording::new("a meter without a number", "einem Zähler ohne Nummer"),
    };
    Wording::new(
        format!("{} of {}", counted(telegrams, "telegram"), meter.english),
        format!("{} von {}", counted_as(telegrams, "Telegramm", "Telegramme"), meter.german),
    )
}

/// Listens to a source until its examination is over.
fn listen(
    mut source: Box<dyn Source>,
    time: Duration,
    examination: &mut Examination,
) -> Result<Result<(), OpenError>, Stop> {
    let until = UntilArgs { timeout: Some(time), ..UntilArgs::default() };
    let mut context = quiet();
    // The first read opens the source, and tells why that fails.
    let from = record::escape(source.name());
    let mut burst = Burst::default();
    match source.read(&mut burst) {
        Err(error) => return Ok(Err(error)),
        Ok(SourceEvent::Octets) => {
            examination.start_live();
            let err = record::err(burst.marks.iter().copied());
            let err = (!err.is_empty()).then_some(err.as_str());
            let attributes = Attributes { from: Some(&from), err, ..Attributes::default() };
            let (time, kind, octets) = (burst.time, RecordKind::Raw, &*burst.octets);
            let record = Record { time, kind, octets, attributes };
            examination.feed(&record, Place::Live, &mut context);
        }
        Ok(_) => {}
    }
    match event_loop::run(vec![source], &until, examination, &mut context) {
        Err(Stop::Failed(Status::Source, why)) => {
            Ok(Err(OpenError::Lost { name: String::new(), reason: why }))
        }
        ended => go_on(ended).map(Ok),
    }
}

/// The end of an examination is none of the command.
fn go_on(ended: Result<(), Stop>) -> Result<(), Stop> {
    match ended {
        Ok(()) | Err(Stop::Done | Stop::Failed(Status::Nothing | Status::Closed, _)) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// A context whose messages nobody needs: the report says it all.
fn quiet() -> Context {
    Context::new("doctor", Verbosity::Quiet)
}
