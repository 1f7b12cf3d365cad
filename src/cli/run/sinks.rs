//! The sinks of a run: each in a thread of its own, behind a queue of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cli::run::{
    guard_memory::GuardMemory,
    guard_messages::GuardMessages,
    messages::Messages,
    signals::{self, Signals},
    status::{Status, Stop},
};
use meterpipe::{
    format::{entry::OutputTelegram, readings::Readings},
    sink::{
        event::SinkEvent,
        guard::{evidence::TelegramEvidence, guard::Guard},
        line_counters::LineCounters,
        queue::{self, QueueSender},
        registry::ConfiguredSink,
        throttle::Throttle,
        traits::Report,
    },
};

/// The capacity of a queue: an hour and a half of a meter that pushes every five seconds.
const CAPACITY: usize = 1024;

/// The guard keeps the first telegram of a meter for this time if no other comes: three times the interval
/// of all known meters.
const FIRST_KEPT_FOR: Duration = Duration::from_secs(15);

/// The time that sinks have to store the rest when the run ends.
const GRACE: Duration = Duration::from_secs(5);

/// The time that their threads have after that to end.
const EXIT_GRACE: Duration = Duration::from_secs(1);

/// The time between two looks at the threads while the run ends.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// All sinks of a run.
#[derive(Debug)]
pub struct Sinks {
    running: Vec<Running>,
    reports: Receiver<String>,
    signals: Signals,
    guard: Guard,
    counters: LineCounters,
    guard_messages: GuardMessages,
    memory: Option<GuardMemory>,
    /// True while a slow sink may delay the producer of the readings.
    waits: bool,
    wait_reported: bool,
}

#[derive(Debug)]
struct Running {
    name: String,
    throttle: Throttle,
    /// The sink gets only telegrams that the guard passes.
    guarded: bool,
    queue: QueueSender,
    lost: Arc<AtomicU64>,
    incomplete: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Sinks {
    /// Starts the sinks.
    pub fn start(sinks: Vec<ConfiguredSink>, counters: LineCounters) -> Result<Self, Stop> {
        let (sender, reports) = mpsc::channel();
        let running = sinks.into_iter().map(|sink| Running::start(sink, sender.clone()));
        let running = running.collect::<Result<Vec<_>, _>>()?;
        let signals = Signals::catch_all();
        let (guard, guard_messages) = (Guard::default(), GuardMessages::default());
        let is_guarded = running.iter().any(|sink| sink.guarded);
        let memory = if is_guarded { GuardMemory::find() } else { None };
        let (waits, wait_reported) = (true, false);
        Ok(Self {
            running,
            reports,
            signals,
            guard,
            counters,
            guard_messages,
            memory,
            waits,
            wait_reported,
        })
    }

    /// From now on readings come live, so a full queue drops its oldest one instead of waiting.
    pub const fn start_live(&mut self) {
        self.waits = false;
    }

    /// True if a signal asked the run to end.
    pub fn is_asked_to_end(&self) -> bool {
        self.signals.ended()
    }

    /// Waits for sinks that are blocked, until a signal asks the run to end.
    pub fn wait_for_room(&mut self, messages: &Messages) {
        while !self.is_asked_to_end()
            && let Some(sink) = self.running.iter().find(|sink| sink.queue.holds_up())
        {
            self.print_reports(messages);
            if !std::mem::replace(&mut self.wait_reported, true) {
                messages.say(&format!("{}: the rest of the file waits for it", sink.name));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Hands a telegram to all sinks whose throttle passes it.
    pub fn telegram(&mut self, entry: &OutputTelegram<'_>) {
        // A telegram without any value is no reading.
        if let Some(readings) = Readings::of(entry) {
            self.judge(readings, &TelegramEvidence::of(entry));
        }
    }

    /// Hands readings to all sinks whose throttle passes them.
    pub fn put(&mut self, readings: Readings) {
        self.judge(readings, &TelegramEvidence::default());
    }

    fn judge(&mut self, readings: Readings, evidence: &TelegramEvidence<'_>) {
        self.counters.note(&readings);
        let readings = Arc::new(readings);
        self.pass_on(&readings, false);
        if self.running.iter().any(|sink| sink.guarded) {
            let memory = self.memory.as_mut();
            let message = memory.and_then(|memory| memory.recall(&readings, &mut self.guard));
            message.into_iter().for_each(|text| self.guard_messages.say(text));
            let verdict = self.guard.check(&readings, evidence);
            self.guard_messages.take(&verdict);
            for other in &verdict.other {
                self.pass_on(&Arc::new(other.unconfirmed()), true);
            }
            for earlier in &verdict.earlier {
                self.pass_on(earlier, true);
            }
            if verdict.passes() {
                self.pass_on(&readings, true);
            }
        }
    }

    /// Hands readings to the guarded sinks, or to the others.
    fn pass_on(&mut self, readings: &Arc<Readings>, guarded: bool) {
        for sink in self.running.iter_mut().filter(|sink| sink.guarded == guarded) {
            if sink.throttle.passes(readings) {
                let event = SinkEvent::Readings(readings.clone());
                if self.waits { sink.queue.put(event) } else { sink.queue.put_now(event) }
            }
        }
    }

    /// Hands on the first telegrams that the guard has kept long enough.
    fn release(&mut self) {
        for first in self.guard.kept(FIRST_KEPT_FOR) {
            self.pass_on(&Arc::new(first.unconfirmed()), true);
        }
    }

    /// The work of every second or so: reopen files after SIGHUP, release first telegrams, print messages.
    pub fn tick(&mut self, messages: &Messages) {
        if self.signals.reopen() {
            for sink in &self.running {
                sink.queue.put_now(SinkEvent::Reopen);
            }
        }
        self.release();
        let message = self.memory.as_mut().and_then(|memory| memory.keep(&self.guard));
        message.into_iter().for_each(|text| self.guard_messages.say(text));
        self.guard_messages.print(messages);
        self.print_reports(messages);
    }

    /// Notes the number of damaged frames so far.
    pub fn frames_are_damaged(&self, total: u64) {
        self.counters.frames_are_damaged(total);
    }

    fn print_reports(&self, messages: &Messages) {
        for text in self.reports.try_iter() {
            messages.say(&text);
        }
    }

    /// Lets the sinks store the rest, and reports the readings that were not stored. At the end of the
    /// input a sink may take as long as it makes progress; after a signal, or in trouble, it has no more
    /// than the grace period.
    pub fn finish(mut self, messages: &Messages) -> SinkOutcome {
        // The next run confirms it, if this one is remembered.
        let is_remembered = self.memory.as_ref().is_some_and(GuardMemory::is_in_use);
        for first in self.guard.end() {
            let first = if is_remembered { Arc::new(first.unconfirmed()) } else { first };
            self.pass_on(&first, true);
        }
        let message = self.memory.as_mut().and_then(|memory| memory.write(&self.guard));
        message.into_iter().for_each(|text| self.guard_messages.say(text));
        self.guard_messages.print(messages);
        self.guard_messages.finish(self.guard.counts(), messages);
        let mut deadline = Instant::now() + GRACE;
        for sink in &self.running {
            sink.queue.end(deadline);
        }
        let mut in_time = !self.is_asked_to_end();
        let mut is_forced = false;
        while Instant::now() < deadline + EXIT_GRACE {
            if signals::forced().is_some() && !is_forced {
                is_forced = true;
                deadline = Instant::now();
                self.running.iter().for_each(|sink| sink.queue.end(deadline));
            }
            let busy = self.running.iter().filter(|sink| !sink.thread.is_finished());
            let mut busy = busy.map(|sink| &sink.queue).peekable();
            if busy.peek().is_none() {
                break;
            }
            in_time &= !self.is_asked_to_end();
            if in_time {
                let later = Instant::now() + GRACE;
                for queue in busy {
                    deadline = deadline.max(queue.extend(later));
                }
            }
            self.print_reports(messages);
            thread::sleep(POLL_INTERVAL);
        }
        self.print_reports(messages);
        let mut stored = true;
        for sink in &self.running {
            let (name, is_finished) = (&sink.name, sink.thread.is_finished());
            if !is_finished {
                messages.say(&format!("{name}: does not come to its end; perhaps more is missing"));
            }
            // A sink that has ended has counted what was left for it.
            let left = if is_finished { 0 } else { sink.queue.left() };
            let lost = sink.lost.load(Ordering::Relaxed) + left;
            if lost > 0 {
                let plural = if lost == 1 { "" } else { "s" };
                messages.say(&format!("{name}: {lost} reading{plural} not stored"));
            }
            stored &= lost == 0 && is_finished;
            stored &= !sink.incomplete.load(Ordering::Relaxed);
        }
        SinkOutcome { stored, refused: self.guard.refused() }
    }
}

/// The outcome of the sinks of a run.
#[derive(Clone, Copy, Debug)]
pub struct SinkOutcome {
    /// True if every sink stored all its readings.
    pub stored: bool,
    /// The number of telegrams that the guard refused.
    pub refused: u64,
}

impl Running {
    fn start(
        ConfiguredSink { name, throttle, guarded, sink }: ConfiguredSink,
        reports: Sender<String>,
    ) -> Result<Self, Stop> {
        let failed = |error| Stop::Failed(Status::Output, format!("{name}: {error}"));
        let (queue, receiver) = queue::queue(CAPACITY).map_err(failed)?;
        let lost = Arc::new(AtomicU64::new(0));
        let incomplete = Arc::new(AtomicBool::new(false));
        let (about, missing) = (name.clone(), incomplete.clone());
        let report = SinkReport { name: about, reports, lost: lost.clone(), incomplete: missing };
        let thread = thread::Builder::new().name("sink".to_owned());
        let thread = thread.spawn(move || sink.run(receiver, &report)).map_err(failed)?;
        Ok(Self { name, throttle, guarded, queue, lost, incomplete, thread })
    }
}

/// The way from the thread of a sink to the messages of the run.
struct SinkReport {
    name: String,
    reports: Sender<String>,
    lost: Arc<AtomicU64>,
    incomplete: Arc<AtomicBool>,
}

impl Report for SinkReport {
    fn say(&self, text: &str) {
        // The send fails when the run is over and nobody listens.
        let _ = self.reports.send(format!("{}: {text}", self.name));
    }

    fn lost(&self, readings: u64) {
        self.lost.fetch_add(readings, Ordering::Relaxed);
    }

    fn incomplete(&self) {
        self.incomplete.store(true, Ordering::Relaxed);
    }
}
