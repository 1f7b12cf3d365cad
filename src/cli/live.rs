//! The loop over live sources: a thread reads each, this one does everything else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::cli::{
    args::Until,
    context::{Context, Stage},
    signals::Signals,
    status::{Status, Stop},
};
use meterpipe::{
    record::{self, Attributes, Kind, Place, Record},
    source::{Burst, Event, OpenError, Source},
};

/// Bursts that may wait for us: minutes of a line, so that a reader never has to.
const WAITING: usize = 4096;

/// How often we look at signals and times.
const TICK: Duration = Duration::from_millis(250);

/// A meter that has not been heard for three of its intervals is worth a line.
const SILENT: Duration = Duration::from_secs(15);

/// How long `--once` waits if nothing else is said.
const ONCE: Duration = Duration::from_secs(60);

/// Reads all sources until something ends the run.
pub fn run(
    sources: Vec<Box<dyn Source>>,
    until: &Until,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    context.voice.live();
    let signals = Signals::catch();
    let frames = Arc::new(AtomicU64::new(0));
    let (sender, bursts) = sync_channel(WAITING);
    let mut lines = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        lines.push(Line::new(source.name()));
        read_in_thread(source, index, sender.clone(), frames.clone());
    }
    drop(sender);
    let timeout = until.timeout.or(until.once.then_some(ONCE));
    let mut run = Run { lines, timeout, heard: Instant::now(), telegrams: 0 };
    loop {
        run.wait(&bursts, &signals, stage, context)?;
        frames.store(stage.frames(), Ordering::Relaxed);
        if signals.ended() {
            stage.end(context);
            context.output.flush()?;
            return Err(Stop::Interrupted);
        }
        run.check_times(context)?;
        context.voice.tick();
        stage.tick(context);
        if context.is_full() {
            return Err(Stop::Done);
        }
    }
}

struct Run {
    lines: Vec<Line>,
    timeout: Option<Duration>,
    /// When the last telegram came.
    heard: Instant,
    telegrams: u64,
}

/// What is known of a source.
struct Line {
    name: String,
    escaped: String,
    /// When octets came last, or it came back.
    heard: Instant,
    /// Why it is away.
    away: Option<String>,
    told_silent: Option<Instant>,
}

/// What a reading thread sends.
type Message = (usize, Result<Event, OpenError>, Burst);

fn read_in_thread(
    mut source: Box<dyn Source>,
    index: usize,
    sender: SyncSender<Message>,
    frames: Arc<AtomicU64>,
) {
    thread::spawn(move || {
        let mut seen = 0;
        loop {
            let now = frames.load(Ordering::Relaxed);
            if now > seen {
                source.frames_seen(usize::try_from(now - seen).unwrap_or(usize::MAX));
                seen = now;
            }
            let mut burst = Burst::default();
            let event = source.read(&mut burst);
            let last = matches!(event, Err(_) | Ok(Event::End));
            if !matches!(event, Ok(Event::Quiet)) && sender.send((index, event, burst)).is_err() {
                return;
            }
            if last {
                return;
            }
        }
    });
}

impl Run {
    /// Takes what has come, and waits for more.
    fn wait(
        &mut self,
        bursts: &Receiver<Message>,
        signals: &Signals,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        let mut message = bursts.try_recv().ok();
        if message.is_none() {
            // What is decoded has to be out before we wait for more.
            context.output.flush()?;
            message = match bursts.recv_timeout(TICK) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Err(Stop::Done),
            };
        }
        if signals.ended() {
            return Ok(());
        }
        match message {
            Some((index, event, burst)) => self.take(index, event, &burst, stage, context)?,
            None => stage.quiet(self.silent(), context),
        }
        if context.tally.telegrams > self.telegrams {
            self.telegrams = context.tally.telegrams;
            self.heard = Instant::now();
        }
        context.output.settle()
    }

    fn take(
        &mut self,
        index: usize,
        event: Result<Event, OpenError>,
        burst: &Burst,
        stage: &mut dyn Stage,
        context: &mut Context,
    ) -> Result<(), Stop> {
        let Some(line) = self.lines.get_mut(index) else {
            return Ok(());
        };
        let event = event.map_err(|error| Stop::Failed(Status::Source, error.to_string()))?;
        let name = &line.name;
        match event {
            Event::Octets => {
                line.heard(context);
                feed(burst, &line.escaped, stage, context);
            }
            Event::Quiet => {}
            Event::Lost(why) => {
                stage.end(context);
                context.voice.say(&format!("{name}: lost: {why}; waiting for it to come back"));
                line.away = Some(why);
            }
            Event::Waiting(why) => {
                context.voice.say(&format!("{why}; waiting for it"));
                line.away = Some(why);
            }
            Event::Back(away) => {
                context.voice.say(&format!("{name}: back after {:.1} s", away.as_secs_f32()));
                line.away = None;
                line.heard = Instant::now();
            }
            Event::Note(note) => context.voice.say(&format!("{name}: {note}")),
            Event::End => stage.end(context),
        }
        Ok(())
    }

    /// How long no source has said anything.
    fn silent(&self) -> Duration {
        self.lines.iter().map(|line| line.heard.elapsed()).min().unwrap_or_default()
    }

    fn check_times(&mut self, context: &mut Context) -> Result<(), Stop> {
        let now = Instant::now();
        for line in &mut self.lines {
            line.check_silence(now, context);
        }
        let Some(timeout) = self.timeout.filter(|timeout| now - self.heard >= *timeout) else {
            return Ok(());
        };
        let text = format!("no telegram for {} s", timeout.as_secs());
        let away = self.lines.iter().find_map(|line| line.away.as_ref());
        Err(match (away, self.telegrams, context.tally.closed) {
            (Some(why), ..) => Stop::Failed(Status::Source, format!("{text}: {why}")),
            (None, 0, 1..) => Stop::Failed(Status::Closed, format!("{text} that any key opens")),
            _ => Stop::Failed(Status::Nothing, text),
        })
    }
}

impl Line {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            escaped: record::escape(name),
            heard: Instant::now(),
            away: None,
            told_silent: None,
        }
    }

    fn heard(&mut self, context: &Context) {
        if self.told_silent.take().is_some() {
            let silent = self.heard.elapsed().as_secs();
            context.voice.say(&format!("{}: octets again after {silent} s", self.name));
        }
        self.heard = Instant::now();
    }

    fn check_silence(&mut self, now: Instant, context: &Context) {
        let silent = now.duration_since(self.heard);
        if self.away.is_none() && self.told_silent.is_none() && silent >= SILENT {
            self.told_silent = Some(now);
            context.voice.say(&format!(
                "{}: nothing for {} s; check the wiring, and that the operator has switched the interface on",
                self.name,
                silent.as_secs()
            ));
        }
    }
}

fn feed(burst: &Burst, from: &str, stage: &mut dyn Stage, context: &mut Context) {
    let err = record::err(burst.marks.iter().copied());
    let err = (!err.is_empty()).then_some(err.as_str());
    let attributes = Attributes { from: Some(from), err, ..Attributes::default() };
    let record = Record { time: burst.time, kind: Kind::Raw, octets: &burst.octets, attributes };
    context.tally.octets += burst.octets.len() as u64;
    stage.feed(&record, Place::Live, context);
}
