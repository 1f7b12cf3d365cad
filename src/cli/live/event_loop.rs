//! The loop over live sources: a thread reads each, this one does everything else.

use std::{
    fmt::Write as _,
    sync::{atomic::Ordering, mpsc::TryRecvError},
    thread,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};

use crate::cli::{
    live::{
        queue::{self, LOOK, Receiver, Sender, SourceMessage},
        source_state::SourceState,
    },
    run::{
        context::Context,
        service::{self, ServiceState},
        signals::{self, Signals},
        stage::Stage,
        status::{Status, Stop, Tally},
    },
    setup::shared_args::UntilArgs,
};
use meterpipe::{
    counted::counted,
    diagnosis::line_finding::line_finding,
    error::Lapse,
    file_error,
    link::reassembly::PAUSE,
    record::{self, Attributes, Place, Record, RecordKind},
    source::{Burst, OpenError, Source, SourceEvent, event::UNPLUGGED},
};

/// The longest wait: times and the reader of standard output are checked after it. A signal ends
/// the wait, unless it comes just before.
const TICK: Duration = Duration::from_secs(1);

/// A silence that ends a telegram: just longer than the longest pause between its segments.
const SILENCE: Duration = PAUSE.saturating_add(Duration::from_millis(1));

/// How long a run that was asked to end decodes octets that were read before. A peer on the network
/// can send faster than this process decodes.
const REST: Duration = Duration::from_secs(5);

/// The timeout of `--once` if the user sets none.
const ONCE: Duration = Duration::from_secs(60);

/// A run whose frames make no telegram for so long is stranded: six intervals of a meter.
const STRANDED: Duration = Duration::from_secs(30);

/// Reads all sources until the run ends.
pub fn run(
    sources: Vec<Box<dyn Source>>,
    until: &UntilArgs,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    let ended = read(sources, until, stage, context);
    service::stopping();
    ended
}

fn read(
    sources: Vec<Box<dyn Source>>,
    until: &UntilArgs,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    context.messages.live();
    context.can_wait = false;
    stage.start_live();
    let signals = Signals::catch();
    let failed = |error| {
        Stop::Failed(Status::Source, format!("queue of the sources: {}", file_error::plain(&error)))
    };
    let (sender, receiver) = queue::queue().map_err(failed)?;
    let mut lines = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        let line = SourceState::new(source.name(), Instant::now()).with(source.line());
        let links = stage.links(&line.from);
        let line = line.with_links(links);
        read_in_thread(source, index, sender.clone(), &line)?;
        lines.push(line);
    }
    drop(sender);
    let timeout = until.timeout.or(until.once.then_some(ONCE));
    let mut run = EventLoop {
        lines,
        receiver,
        timeout,
        last_telegram: Instant::now(),
        telegrams: 0,
        service: ServiceState::start(),
    };
    loop {
        run.wait(stage, context)?;
        if signals.ended() || stage.is_asked_to_end() {
            run.take_rest(stage, context)?;
            stage.end(context);
            context.output.flush()?;
            return Err(Stop::Interrupted);
        }
        run.check_times(context)?;
        context.messages.tick();
        stage.tick(context);
        run.tell_service(stage, context);
        if context.done {
            return Err(Stop::Done);
        }
    }
}

struct EventLoop {
    lines: Vec<SourceState>,
    receiver: Receiver,
    timeout: Option<Duration>,
    /// The time of the last telegram.
    last_telegram: Instant,
    telegrams: u64,
    service: ServiceState,
}

fn read_in_thread(
    mut source: Box<dyn Source>,
    index: usize,
    mut sender: Sender,
    line: &SourceState,
) -> Result<(), Stop> {
    let name = source.name().to_owned();
    let (frames, reads) = (line.frames.clone(), line.reads.clone());
    let thread = thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut seen = 0;
        loop {
            let now = frames.load(Ordering::Relaxed);
            source.frames_seen(usize::try_from(now - seen).unwrap_or(usize::MAX));
            seen = now;
            let mut burst = Burst::default();
            let event = source.read(&mut burst);
            reads.fetch_add(1, Ordering::Relaxed);
            let last = matches!(event, Err(_) | Ok(SourceEvent::End));
            let accepted = match event {
                Ok(SourceEvent::Quiet) => !sender.is_over(),
                event => sender.send((index, event, burst)),
            };
            if last || !accepted {
                return;
            }
        }
    });
    let failed =
        |error| Stop::Failed(Status::Source, format!("{name}: {}", file_error::plain(&error)));
    thread.map(drop).map_err(failed)
}

impl EventLoop {
    /// Takes the next message, or waits for one.
    fn wait(&mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        let mut message = self.receiver.try_next();
        if message == Err(TryRecvError::Empty) {
            // Decoded text must not wait for the next octets.
            context.output.flush()?;
            context.output.check_reader()?;
            let most = stage.tick_interval().min(self.service.tick_interval());
            self.receiver.wait(stage.keyboard(), self.next_look().min(most));
            message = self.receiver.try_next();
        }
        match message {
            Ok(message) => self.take(message, stage, context)?,
            Err(TryRecvError::Empty) => self.note_silence(stage, context),
            Err(TryRecvError::Disconnected) => return Err(Stop::Done),
        }
        if context.tally.telegrams > self.telegrams {
            self.telegrams = context.tally.telegrams;
            self.last_telegram = Instant::now();
        }
        context.output.settle()
    }

    /// The time until the next check, if no octets come.
    fn next_look(&self) -> Duration {
        let silent = self.silent();
        let next = [LOOK, SILENCE].into_iter().find_map(|at| at.checked_sub(silent));
        let timeout =
            self.timeout.map(|timeout| timeout.saturating_sub(self.last_telegram.elapsed()));
        [next, timeout].into_iter().flatten().fold(TICK, Duration::min)
    }

    fn note_silence(&self, stage: &mut dyn Stage, context: &mut Context) {
        let silent = self.silent();
        if silent >= LOOK {
            stage.quiet(silent, context);
        }
    }

    /// Takes the messages that are already in the queue, before a run ends that was asked to.
    fn take_rest(&mut self, stage: &mut dyn Stage, context: &mut Context) -> Result<(), Stop> {
        let start = Instant::now();
        while let Ok(message) = self.receiver.try_next()
            && start.elapsed() < REST
            && signals::forced().is_none()
        {
            self.take(message, stage, context)?;
            context.output.settle()?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        (index, event, burst): SourceMessage,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        let alone = self.lines.len() == 1;
        let Some(line) = self.lines.get_mut(index) else {
            return Ok(());
        };
        let failed = |error: OpenError| {
            let text = match line.words() {
                Some((said, _)) => format!("{}{said}", of_server(&error.to_string())),
                None => error.to_string(),
            };
            Stop::Failed(Status::Source, text)
        };
        let event = event.map_err(failed)?;
        let now = Instant::now();
        match event {
            SourceEvent::Octets => {
                context.messages.say_if(line.note_octets(now));
                line.keep(&burst);
                // One that is damaged inside, or stays closed, shows that the line is read as it should be.
                let unsound = |tally: &Tally| tally.unsound - tally.broken_off;
                let whole = |tally: &Tally| tally.telegrams + tally.closed + unsound(tally);
                let damaged = |tally: &Tally| tally.rejected - tally.closed - unsound(tally);
                let before = (stage.frames(), whole(&context.tally));
                let damaged_before = damaged(&context.tally);
                feed(&burst, &line.from, stage, context);
                line.note_damaged(damaged(&context.tally) - damaged_before);
                let frames = stage.frames() - before.0;
                line.frames.fetch_add(frames, Ordering::Relaxed);
                if frames > 0 || whole(&context.tally) > before.1 {
                    context.messages.say_if(line.note_frames());
                } else {
                    line.note_frameless(&burst, now);
                }
            }
            SourceEvent::Quiet => {}
            SourceEvent::Lost(why) => {
                // A stage can end only the octets of all sources at once. With several sources, the
                // checksums and the longest pause between segments keep the octets before and after
                // the loss apart.
                if alone {
                    stage.end(context);
                }
                let (said, is_new) = line.words().unwrap_or_default();
                let why = if said.is_empty() { &why } else { of_server(&why) };
                let why = format!("{}: lost: {why}", line.name);
                let shown = if is_new { &said } else { "" };
                context.messages.warn(&format!("{why}{shown}; waiting for it to come back"));
                line.went(why + &said, now);
            }
            SourceEvent::Waiting(why) => {
                context.messages.warn(&waiting(&why));
                line.went(why, now);
            }
            SourceEvent::Back(away) => {
                let (name, away) = (&line.name, lapse(away));
                context.messages.say(&format!("{name}: back after {away}"));
                line.came_back(now);
            }
            SourceEvent::Note(note) => context.messages.say(&format!("{}: {note}", line.name)),
            SourceEvent::End => {
                line.ended = true;
                stage.end(context);
            }
        }
        Ok(())
    }

    fn tell_service(&mut self, stage: &dyn Stage, context: &Context) {
        let now = Instant::now();
        let Self { lines, service, last_telegram, .. } = self;
        let mut is_alive = true;
        for line in lines.iter_mut() {
            is_alive &= line.is_alive(now);
        }
        let tally = &context.tally;
        service.tick(tally.telegrams > 0, is_alive, || {
            let mut text = match tally.telegrams {
                0 => "no telegram yet".to_owned(),
                telegrams => {
                    let last = Timestamp::now() - last_telegram.elapsed();
                    let last = last.to_zoned(TimeZone::system()).strftime("%T").to_string();
                    format!("{}, the last one at {last}", counted(telegrams, "telegram"))
                }
            };
            if tally.rejected > 0 {
                let _ = write!(text, ", {} rejected", tally.rejected);
            }
            for trouble in lines.iter().filter_map(|line| line.trouble(now)) {
                let _ = write!(text, "; {trouble}");
            }
            stage.add_status(&mut text);
            text
        });
    }

    /// The time since the last message of any source.
    fn silent(&self) -> Duration {
        let now = Instant::now();
        self.lines.iter().map(|line| line.silent(now)).min().unwrap_or_default()
    }

    fn check_times(&mut self, context: &mut Context) -> Result<(), Stop> {
        let now = Instant::now();
        for line in &mut self.lines {
            if let Some(mut fault) = line.fault(now).or_else(|| line.damage(now)) {
                if context.tally.telegrams == 0 && context.names_doctor() {
                    fault.push_str(&format!(
                        "; if it lasts, end this run and start {}",
                        line.doctor()
                    ));
                }
                context.messages.warn(&fault);
            }
        }
        self.note_stranded(context);
        let Some(timeout) = self.timeout.filter(|timeout| now - self.last_telegram >= *timeout)
        else {
            return Ok(());
        };
        let away = self.lines.iter().find(|line| line.away.is_some());
        Err(match (away, context.tally.late(timeout)) {
            (Some(line), Stop::Failed(_, text)) => {
                let why = line.away.as_deref().unwrap_or_default();
                // A question needs no semicolon behind it.
                let join = if why.ends_with('?') { " " } else { "; " };
                let doctor = match context.tally.telegrams == 0 && context.names_doctor() {
                    true => format!("{join}{} examines it", line.doctor()),
                    false => String::new(),
                };
                Stop::Failed(Status::Source, format!("{text}: {why}{doctor}"))
            }
            (Some(_), late) => late,
            (None, _) => self.late(timeout, context),
        })
    }

    /// Names the doctor once to a user whose frames make no telegrams.
    fn note_stranded(&self, context: &mut Context) {
        let is_stranded = context.tally.telegrams == 0
            && self.last_telegram.elapsed() >= STRANDED
            && self.lines.iter().any(|line| line.frames.load(Ordering::Relaxed) > 0);
        let Some(line) = self.lines.iter().max_by_key(|line| line.window().total()) else {
            return;
        };
        if is_stranded && context.names_doctor() {
            let (name, seconds, doctor) = (&line.name, STRANDED.as_secs(), line.doctor());
            let facts = line.window().facts();
            let state = match context.blames_key(&facts) {
                false => {
                    let facts =
                        if context.tally.unsound == 0 { facts.without_telegrams() } else { facts };
                    let found = || line_finding(&facts, &line.view(seconds));
                    let told = line.diagnosis().map(str::to_owned);
                    let clause = told.or_else(|| found().map(|found| found.clause()));
                    let clause = clause.map(|clause| format!("; {clause}")).unwrap_or_default();
                    format!("frames, and no telegram in {seconds} s{clause}")
                }
                true => {
                    let clause = context.closed_clause(line.window());
                    format!("no telegram in {seconds} s {clause}")
                }
            };
            context
                .messages
                .warn(&format!("{name}: {state}; if it lasts, end this run and start {doctor}"));
        }
    }

    /// The reason to stop, with the cause of the line that brought the most octets.
    fn late(&self, timeout: Duration, context: &mut Context) -> Stop {
        let Some(line) = self.lines.iter().max_by_key(|line| line.window().total()) else {
            return context.tally.late(timeout);
        };
        let view = line.view(timeout.as_secs());
        let has_telegrams = context.tally.telegrams > 0;
        let now = Instant::now();
        let silence = line.silence_since(self.last_telegram, now).filter(|_| has_telegrams);
        let frameless = line.frameless_clause(now).filter(|_| has_telegrams);
        let told = line.diagnosis().or(frameless.as_deref());
        // Damage that came before tells nothing about a silence.
        let stop = match &silence {
            Some(_) => context.tally.late(timeout),
            None => context.late(timeout, line.window(), &view, told),
        };
        let Stop::Failed(status, text) = stop else {
            return Stop::Done;
        };
        let clause = match silence {
            Some(clause) => format!(", and nothing came since the last one; {clause}"),
            None if context.names_doctor()
                && (!has_telegrams
                    || frameless.is_some()
                    || line.window().facts().damaged() > 0) =>
            {
                format!("; {} examines it", line.doctor())
            }
            None => String::new(),
        };
        Stop::Failed(status, text + &clause)
    }
}

/// The reason of a loss, of a server that speaks: that was not unplugged.
fn of_server(why: &str) -> &str {
    why.strip_suffix(UNPLUGGED).unwrap_or(why)
}

/// The message that a source is waited for. A question stands at its end.
fn waiting(why: &str) -> String {
    match why.rsplit_once("; ") {
        Some((why, question)) if question.ends_with('?') => {
            format!("{why}; waiting for it; {question}")
        }
        _ => format!("{why}; waiting for it"),
    }
}

/// A time in seconds, to the nearest tenth, or in a larger unit.
fn lapse(time: Duration) -> String {
    match time.as_secs() {
        0..120 => format!("{} s", seconds(time)),
        whole => Lapse(whole).to_string(),
    }
}

/// A time in seconds, to the nearest tenth.
fn seconds(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn feed(burst: &Burst, from: &str, stage: &mut dyn Stage, context: &mut Context) {
    let err = record::err(burst.marks.iter().copied());
    let err = (!err.is_empty()).then_some(err.as_str());
    let attributes = Attributes { from: Some(from), err, ..Attributes::default() };
    let record =
        Record { time: burst.time, kind: RecordKind::Raw, octets: &burst.octets, attributes };
    context.tally.octets += burst.octets.len() as u64;
    stage.feed(&record, Place::Live, context);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicBool};

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;
    use crate::cli::run::{messages::Verbosity, stage::Task};
    use meterpipe::source::OpenError;

    const BURSTS: u8 = 200;

    /// A source that gives its octets without a pause, and notes when all of them were taken.
    struct TestSource(u8, Arc<AtomicBool>);

    impl super::Source for TestSource {
        fn name(&self) -> &str {
            "test"
        }

        fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError> {
            if self.0 == BURSTS {
                self.1.store(true, Ordering::Relaxed);
                thread::yield_now();
                return Ok(SourceEvent::Quiet);
            }
            burst.octets.push(self.0);
            self.0 += 1;
            Ok(SourceEvent::Octets)
        }
    }

    /// A stage that is slow at first; meanwhile the run is asked to end.
    struct Slow(Vec<u8>, Arc<AtomicBool>);

    impl Task for Slow {}

    impl Stage for Slow {
        fn feed(&mut self, record: &Record<'_>, _: Place, _: &mut Context) {
            if self.0.is_empty() {
                while !self.1.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                kill_process(getpid(), Signal::TERM).unwrap();
            }
            self.0.extend_from_slice(record.octets);
        }

        fn end(&mut self, _: &mut Context) {}
    }

    #[test]
    fn what_was_read_before_a_signal_is_not_lost() {
        let taken = Arc::new(AtomicBool::new(false));
        let source: Box<dyn super::Source> = Box::new(TestSource(0, taken.clone()));
        let mut stage = Slow(vec![], taken);
        let mut context = Context::new("test", Verbosity::Quiet);
        let until = UntilArgs { count: None, timeout: None, once: false };
        let ended = run(vec![source], &until, &mut stage, &mut context);
        assert!(matches!(ended, Err(Stop::Interrupted)), "{ended:?}");
        assert_eq!(stage.0, (0..BURSTS).collect::<Vec<_>>());
    }

    #[test]
    fn a_question_about_a_missing_source_comes_last() {
        let why = "/dev/ttyUSB0: no such device; is the adapter plugged in?";
        assert_eq!(
            waiting(why),
            "/dev/ttyUSB0: no such device; waiting for it; is the adapter plugged in?"
        );
        assert_eq!(waiting("pi:7000: refused"), "pi:7000: refused; waiting for it");
    }

    #[test]
    fn a_time_is_printed_to_the_nearest_tenth_of_a_second() {
        for (millis, text) in [(0, "0.0"), (49, "0.0"), (50, "0.1"), (999, "1.0"), (61_249, "61.2")]
        {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
    }
}
