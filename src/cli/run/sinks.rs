//! The sinks of a run: each in a thread of its own, behind a queue of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cli::run::{
    guard_messages::GuardMessages,
    messages::Messages,
    signals::Signals,
    status::{Status, Stop},
};
use meterpipe::{
    format::{entry::OutputTelegram, readings::Readings, usage::Usage},
    sink::{
        event::SinkEvent,
        file,
        guard::{guard::Guard, verdict::Verdict},
        home_assistant::announcer::announcer,
        influx,
        line_counters::LineCounters,
        mqtt::{self, announce::Site},
        prometheus,
        queue::{self, QueueSender},
        settings::SinkSettings,
        solarview,
        throttle::Throttle,
        traits::{Report, Sink},
    },
};

/// What may wait for a sink: an hour and a half of a meter that pushes every five seconds.
const ROOM: usize = 1024;

/// How long the first telegram of a meter is kept if no other comes: three times the interval of all
/// that are known.
const KEPT: Duration = Duration::from_secs(15);

/// How long sinks may take to store what is left when the run ends.
const GRACE: Duration = Duration::from_secs(5);

/// And how long after that they may take to be gone.
const PARTING: Duration = Duration::from_secs(1);

/// How often we look whether a sink is at its end.
const GLANCE: Duration = Duration::from_millis(20);

/// A sink and its name for people, ready to be started.
pub struct Ready {
    name: String,
    gate: Throttle,
    guarded: bool,
    sink: Box<dyn Sink>,
}

/// All sinks of a run.
#[derive(Debug)]
pub struct Sinks {
    running: Vec<Running>,
    news: Receiver<String>,
    signals: Signals,
    guard: Guard,
    health: LineCounters,
    doubts: GuardMessages,
    /// A sink that is slow may hold up who brings readings.
    patient: bool,
}

#[derive(Debug)]
struct Running {
    name: String,
    gate: Throttle,
    /// It wants only what cannot be wrong.
    guarded: bool,
    outbox: QueueSender,
    lost: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

/// Builds a sink from what was said of it. Nothing is opened yet.
pub fn build(mut settings: SinkSettings, health: &LineCounters) -> Result<Ready, Usage> {
    let name = settings.name.clone();
    let wish = settings.take_wish()?;
    let guarded = settings.take_as("guard", "true or false")?.unwrap_or(true);
    let sink = sink(&mut settings, health, wish.interval())?;
    settings.finish()?;
    Ok(Ready { name, gate: Throttle::new(wish), guarded, sink })
}

fn sink(
    settings: &mut SinkSettings,
    health: &LineCounters,
    apart: Option<Duration>,
) -> Result<Box<dyn Sink>, Usage> {
    match settings.scheme.as_str() {
        "mqtt" | "mqtts" => {
            let announcer =
                |settings: &mut SinkSettings, site: &Site| announcer(settings, site, health, apart);
            mqtt::sink::new(settings, apart, announcer)
        }
        "influxdb" | "influxdbs" => influx::new(settings),
        "prometheus" => prometheus::new(settings),
        "solarview" => solarview::new(settings),
        "file" => file::new(settings),
        other => Err(Usage(format!("no sink is called {other}: there are {}", SCHEMES.join(", ")))),
    }
}

/// What sinks are called.
const SCHEMES: [&str; 7] =
    ["mqtt", "mqtts", "influxdb", "influxdbs", "prometheus", "solarview", "file"];

impl Sinks {
    /// Starts them.
    pub fn start(sinks: Vec<Ready>, health: LineCounters) -> Result<Self, Stop> {
        let (sender, news) = mpsc::channel();
        let running = sinks.into_iter().map(|sink| Running::start(sink, sender.clone()));
        let running = running.collect::<Result<_, _>>()?;
        let signals = Signals::catch_all();
        let (guard, doubts) = (Guard::default(), GuardMessages::default());
        Ok(Self { running, news, signals, guard, health, doubts, patient: true })
    }

    /// From now on readings come as a meter sends them, and nobody can wait.
    pub const fn hurry(&mut self) {
        self.patient = false;
    }

    /// Whether the run was asked to end.
    pub fn are_to_end(&self) -> bool {
        self.signals.ended()
    }

    /// Hands a telegram to all that want it.
    pub fn telegram(&mut self, entry: &OutputTelegram<'_>) {
        if let Some(readings) = Readings::of(entry) {
            self.put(readings);
        }
    }

    /// Hands readings to all that want them.
    pub fn put(&mut self, readings: Readings) {
        self.health.note(&readings);
        let readings = Arc::new(readings);
        self.hand(&readings, false);
        if self.running.iter().any(|sink| sink.guarded) {
            let verdict = self.guard.judge(&readings);
            self.doubts.take(&verdict);
            if let Verdict::Agrees(first) = &verdict {
                self.hand(first, true);
            }
            if verdict.passes() {
                self.hand(&readings, true);
            }
        }
    }

    /// Hands readings to those that are guarded, or to those that are not.
    fn hand(&mut self, readings: &Arc<Readings>, guarded: bool) {
        for sink in self.running.iter_mut().filter(|sink| sink.guarded == guarded) {
            if sink.gate.passes(readings) {
                let event = SinkEvent::Readings(readings.clone());
                if self.patient { sink.outbox.put(event) } else { sink.outbox.put_now(event) }
            }
        }
    }

    /// Hands on first telegrams with which no other agreed for so long.
    fn release(&mut self, patience: Duration) {
        for first in self.guard.kept(patience) {
            self.hand(&first, true);
        }
    }

    /// Sees to what else there is to do, now and then: files that were moved away, and what sinks had
    /// to say.
    pub fn tick(&mut self, messages: &Messages) {
        if self.signals.reopen() {
            for sink in &self.running {
                sink.outbox.put_now(SinkEvent::Reopen);
            }
        }
        self.release(KEPT);
        self.doubts.print(messages);
        self.tell_news(messages);
    }

    /// How many damaged frames there were.
    pub fn frames_are_damaged(&self, total: u64) {
        self.health.frames_are_damaged(total);
    }

    fn tell_news(&self, messages: &Messages) {
        for text in self.news.try_iter() {
            messages.say(&text);
        }
    }

    /// Lets them store what is left, and says what was not stored. When the input has come to its end
    /// they may take as long as they are at work; who was asked to end, or is in trouble, has no time.
    pub fn finish(mut self, messages: &Messages) -> SinkOutcome {
        self.release(Duration::ZERO);
        self.doubts.print(messages);
        self.doubts.sum_up(messages);
        let mut deadline = Instant::now() + GRACE;
        for sink in &self.running {
            sink.outbox.end(deadline);
        }
        let mut in_time = !self.are_to_end();
        while Instant::now() < deadline + PARTING {
            let at_work = self.running.iter().filter(|sink| !sink.thread.is_finished());
            let mut at_work = at_work.map(|sink| &sink.outbox).peekable();
            if at_work.peek().is_none() {
                break;
            }
            in_time &= !self.are_to_end();
            if in_time {
                let later = Instant::now() + GRACE;
                for outbox in at_work {
                    deadline = deadline.max(outbox.extend(later));
                }
            }
            self.tell_news(messages);
            thread::sleep(GLANCE);
        }
        self.tell_news(messages);
        let mut stored = true;
        for sink in &self.running {
            let lost = sink.lost.load(Ordering::Relaxed);
            if lost > 0 {
                let plural = if lost == 1 { "" } else { "s" };
                messages.say(&format!("{}: {lost} reading{plural} not stored", sink.name));
            } else if !sink.thread.is_finished() {
                messages.say(&format!("{}: does not come to its end", sink.name));
            }
            stored &= lost == 0 && sink.thread.is_finished();
        }
        SinkOutcome { stored, refused: self.guard.refused() }
    }
}

/// What became of all readings.
#[derive(Clone, Copy, Debug)]
pub struct SinkOutcome {
    /// All sinks stored all that they were handed.
    pub stored: bool,
    /// So many telegrams were handed to none that is guarded.
    pub refused: u64,
}

impl Running {
    fn start(
        Ready { name, gate, guarded, sink }: Ready,
        news: Sender<String>,
    ) -> Result<Self, Stop> {
        let failed = |error| Stop::Failed(Status::Output, format!("{name}: {error}"));
        let (outbox, inbox) = queue::queue(ROOM).map_err(failed)?;
        let lost = Arc::new(AtomicU64::new(0));
        let line = SinkReport { name: name.clone(), news, lost: lost.clone() };
        let thread = thread::Builder::new().name("sink".to_owned());
        let thread = thread.spawn(move || sink.run(inbox, &line)).map_err(failed)?;
        Ok(Self { name, gate, guarded, outbox, lost, thread })
    }
}

/// The way from a sink's thread to the voice.
struct SinkReport {
    name: String,
    news: Sender<String>,
    lost: Arc<AtomicU64>,
}

impl Report for SinkReport {
    fn say(&self, text: &str) {
        // Nobody listens any more: the run is over.
        let _ = self.news.send(format!("{}: {text}", self.name));
    }

    fn lost(&self, readings: u64) {
        self.lost.fetch_add(readings, Ordering::Relaxed);
    }
}
