//! The sinks of a run.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::cli::run::{
    context::Context,
    messages::Messages,
    signals::{self, Signals},
    sink_gate::SinkGate,
    sink_thread::{POLL_INTERVAL, Predecessors, SinkThread, not_stored},
    status::Stop,
};
use meterpipe::{
    format::{entry::OutputTelegram, key::Meta, readings::Readings},
    sink::{
        accounts::Accounts, guard::evidence::TelegramEvidence, line_counters::LineCounters,
        registry::ConfiguredSink,
    },
};

/// The time that sinks have to store the rest when they end.
const GRACE: Duration = Duration::from_secs(5);

/// The time that their threads have after that to end.
const EXIT_GRACE: Duration = Duration::from_secs(1);

/// The same for a thread that empties its queue into a spool.
const EMPTY_GRACE: Duration = Duration::from_secs(60);

/// All sinks of a run.
#[derive(Debug)]
pub struct Sinks {
    running: Vec<SinkThread>,
    /// The sinks that a new configuration has no more, until they have ended.
    ended: Vec<Arc<SinkThread>>,
    /// True if those stored everything.
    ended_well: bool,
    replacements: (Sender<Vec<ConfiguredSink>>, Receiver<Vec<ConfiguredSink>>),
    reports: (Sender<String>, Receiver<String>),
    signals: Signals,
    gate: SinkGate,
    counters: LineCounters,
    /// True while a slow sink may delay the producer of the readings.
    waits: bool,
    wait_reported: bool,
}

impl Sinks {
    /// Starts the sinks.
    pub fn start(
        sinks: Vec<ConfiguredSink>,
        counters: LineCounters,
        messages: &Messages,
    ) -> Result<Self, Stop> {
        let accounts = counters.accounts().clone();
        messages.prepare_last_words(move || last_words(&accounts));
        let reports = mpsc::channel();
        let running = sinks
            .into_iter()
            .map(|sink| SinkThread::start(sink, None, counters.accounts(), reports.0.clone()));
        let running = running.collect::<Result<Vec<_>, _>>()?;
        let mut sinks = Self {
            running,
            ended: Vec::new(),
            ended_well: true,
            replacements: mpsc::channel(),
            reports,
            signals: Signals::catch_all(),
            gate: SinkGate::default(),
            counters,
            waits: true,
            wait_reported: false,
        };
        sinks.run_ahead();
        sinks.remember();
        Ok(sinks)
    }

    /// Lets a file run ahead of each of several sinks, so that none holds up another.
    fn run_ahead(&self) {
        if self.running.len() > 1 {
            self.running.iter().for_each(SinkThread::run_ahead);
        }
    }

    /// Uses the memory of the guard if a sink is guarded.
    fn remember(&mut self) {
        let guarded = self.running.iter().filter(|sink| sink.guarded);
        let places: Vec<_> = guarded.map(|sink| sink.place.clone()).collect();
        if !places.is_empty() {
            self.gate.remember(places);
        }
    }

    /// The way in for the sinks of a configuration that was read again.
    pub fn replacements(&self) -> Sender<Vec<ConfiguredSink>> {
        self.replacements.0.clone()
    }

    /// Continues with other sinks. Those with the same settings stay; the rest ends, and new ones start.
    fn replace(&mut self, sinks: Vec<ConfiguredSink>, messages: &Messages) {
        let mut old = std::mem::take(&mut self.running);
        let mut new = Vec::new();
        for sink in sinks {
            match old.iter().position(|it| it.digest == sink.digest) {
                Some(at) => self.running.push(old.swap_remove(at)),
                None => new.push(sink),
            }
        }
        let old: Vec<_> = old.into_iter().map(Arc::new).collect();
        let deadline = Instant::now() + GRACE;
        for sink in &old {
            sink.end(deadline);
            if !new.iter().any(|it| it.name == sink.name) {
                messages.say(&format!("{}: ends", sink.name));
            }
        }
        for sink in new {
            let is_known = old.iter().any(|it| it.name == sink.name);
            let verb = if is_known { "starts again with new settings" } else { "starts" };
            messages.say(&format!("{}: {verb}", sink.name));
            let predecessors = Predecessors { sinks: old.clone(), until: deadline + EXIT_GRACE };
            let (accounts, reports) = (self.counters.accounts(), self.reports.0.clone());
            match SinkThread::start(sink, Some(predecessors), accounts, reports) {
                Ok(sink) => self.running.push(sink),
                Err(stop) => {
                    self.ended_well = false;
                    if let Stop::Failed(_, text) = stop {
                        messages.say(&text);
                    }
                }
            }
        }
        self.ended.extend(old);
        self.run_ahead();
        self.remember();
    }

    /// Reports what ended sinks did not store.
    fn settle_ended(&mut self, messages: &Messages) {
        for sink in self.ended.extract_if(.., |sink| sink.is_finished()) {
            self.ended_well &= sink.outcome(messages);
            sink.hand_over();
        }
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
            && let Some(sink) = self.running.iter().find(|sink| sink.holds_up())
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
            let number = readings.meta(Meta::Meter);
            self.counters.meter_names().note(number, entry.attributes.from);
            self.judge(readings, &TelegramEvidence::of(entry));
        }
    }

    /// Hands readings to all sinks whose throttle passes them.
    pub fn put(&mut self, readings: Readings) {
        if readings.is_interval() {
            return self.interval(Arc::new(readings));
        }
        self.counters.meter_names().note(readings.meta(Meta::Meter), None);
        self.judge(readings, &TelegramEvidence::default());
    }

    /// The reason why a sink has no place for intervals, if there is one; `go_on` for those that go on.
    pub fn refuses_intervals(&self, go_on: bool) -> Option<String> {
        self.running.iter().find_map(|sink| sink.refuses_intervals(go_on))
    }

    /// Hands an interval to all sinks. The guard compares telegrams, and knows nothing of intervals.
    fn interval(&mut self, readings: Arc<Readings>) {
        let Self { running, waits, signals, .. } = self;
        let is_awaited = || !signals.ended();
        let waits = waits.then_some(&is_awaited as &dyn Fn() -> bool);
        for guarded in [false, true] {
            pass_on(running.iter_mut(), &readings, guarded, waits);
        }
    }

    fn judge(&mut self, readings: Readings, evidence: &TelegramEvidence<'_>) {
        self.counters.note(&readings);
        let readings = Arc::new(readings);
        let Self { running, gate, waits, signals, .. } = self;
        let is_awaited = || !signals.ended();
        let waits = waits.then_some(&is_awaited as &dyn Fn() -> bool);
        pass_on(running.iter_mut(), &readings, false, waits);
        if running.iter().any(|sink| sink.guarded) {
            gate.judge(&readings, evidence, |passed, stored_in| {
                let lacking = running.iter_mut().filter(|sink| !stored_in.contains(&sink.place));
                pass_on(lacking, passed, true, waits);
            });
        }
    }

    /// The work of every second or so: reopen files after SIGHUP, release first telegrams, print messages.
    pub fn tick(&mut self, context: &Context) {
        let messages = &context.messages;
        if self.signals.reopen() {
            self.running.iter().for_each(SinkThread::reopen);
        }
        let replacement = self.replacements.1.try_iter().last();
        replacement.into_iter().for_each(|sinks| self.replace(sinks, messages));
        let Self { running, gate, waits, signals, .. } = self;
        let is_awaited = || !signals.ended();
        let waits = waits.then_some(&is_awaited as &dyn Fn() -> bool);
        gate.tick(messages, |passed| pass_on(running.iter_mut(), passed, true, waits));
        self.print_reports(messages);
        self.settle_ended(messages);
        self.counters.accounts().set_input(self.gate.account(context));
    }

    /// Appends the telegrams that the guard holds, and for each sink its trouble and what is not stored yet.
    pub fn add_status(&self, text: &mut String) {
        let held: u64 = self.gate.guard().counts().iter().map(|(_, count)| count).sum();
        if held > 0 {
            text.push_str(&format!("; {held} kept from sinks"));
        }
        for sink in &self.running {
            if let Some(trouble) = sink.trouble() {
                text.push_str(&format!("; {}: {trouble}", sink.name));
            }
        }
        for (name, balance) in self.counters.accounts().sinks() {
            if !balance.is_settled() {
                text.push_str(&format!("; {name}: {balance}"));
            }
        }
    }

    /// Notes the number of damaged frames so far.
    pub fn frames_are_damaged(&self, total: u64) {
        self.counters.frames_are_damaged(total);
    }

    fn print_reports(&self, messages: &Messages) {
        for text in self.reports.1.try_iter() {
            messages.say(&text);
        }
    }

    /// Lets the sinks store the rest, and reports the readings that were not stored. At the end of the
    /// input a sink may take as long as it makes progress; after a signal, or in trouble, it has no more
    /// than the grace period.
    pub fn finish(mut self, context: &Context) -> SinkOutcome {
        let messages = &context.messages;
        let Self { running, gate, waits, signals, .. } = &mut self;
        let is_awaited = || !signals.ended();
        let waits = waits.then_some(&is_awaited as &dyn Fn() -> bool);
        gate.end(messages, |passed| pass_on(running.iter_mut(), passed, true, waits));
        self.counters.accounts().set_input(self.gate.account(context));
        let mut deadline = Instant::now() + GRACE;
        for sink in &self.running {
            sink.end(deadline);
        }
        let mut in_time = !self.is_asked_to_end();
        let mut is_forced = false;
        while Instant::now() < deadline + EXIT_GRACE
            || self.running.iter().any(SinkThread::is_emptied)
                && Instant::now() < deadline + EMPTY_GRACE
        {
            if signals::forced().is_some() && !is_forced {
                is_forced = true;
                deadline = Instant::now();
                self.running.iter().for_each(|sink| sink.end(deadline));
            }
            let all = self.running.iter().chain(self.ended.iter().map(Arc::as_ref));
            let mut busy = all.filter(|sink| !sink.is_finished()).peekable();
            if busy.peek().is_none() {
                break;
            }
            in_time &= !self.is_asked_to_end();
            if in_time {
                let later = Instant::now() + GRACE;
                for sink in busy {
                    deadline = deadline.max(sink.extend(later));
                }
            }
            self.print_reports(messages);
            thread::sleep(POLL_INTERVAL);
        }
        self.print_reports(messages);
        let mut stored = self.ended_well;
        for sink in self.ended.iter().map(Arc::as_ref).chain(&self.running) {
            stored &= sink.outcome(messages);
        }
        signals::prepare_last_words(None);
        SinkOutcome { stored, refused: self.gate.guard().refused() }
    }
}

/// The failures of a run that is ended where it is.
fn last_words(accounts: &Accounts) -> Vec<String> {
    let first = "the run does not come to its end, and is ended".to_owned();
    let unstored = accounts.unstored().into_iter();
    let sinks = unstored.map(|(name, count)| format!("{name}: {}", not_stored(count)));
    std::iter::once(first).chain(sinks).collect()
}

/// Hands readings to the guarded sinks, or to the others.
fn pass_on<'a>(
    running: impl Iterator<Item = &'a mut SinkThread>,
    readings: &Arc<Readings>,
    guarded: bool,
    waits: Option<&dyn Fn() -> bool>,
) {
    for sink in running.filter(|sink| sink.guarded == guarded) {
        sink.put(readings, waits);
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
