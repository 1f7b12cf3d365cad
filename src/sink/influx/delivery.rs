//! The way of readings to a database: collected, sent, kept until they are stored.
//!
//! A request runs in a thread of its own, since nothing ends one before its time: so the inbox is
//! emptied meanwhile, and the end comes when it has to.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    format::{
        influx::{Points, is_told, seconds},
        key::{FieldKey, Meta},
        latest::name,
        readings::Readings,
    },
    sink::{
        event::SinkEvent,
        http::{Answer, PostTarget},
        influx::{
            batch::WriteBatch,
            on_disk::OnDisk,
            pending::Pending,
            response::{Pause, ResponseVerdict, ServerNames, Trouble, TroubleKind},
        },
        projection::Projection,
        queue::QueueReceiver,
        traits::{Report, Sink},
    },
};

/// The first wait between tries.
const FIRST: Duration = Duration::from_secs(1);

/// How long a server may ask for patience.
const MOST_PATIENCE: Duration = Duration::from_secs(600);

/// How often the inbox and the date of the end are looked at while a request runs.
const GLANCE: Duration = Duration::from_millis(50);

/// How long to wait for an event if nothing else is to be done.
const LONG: Duration = Duration::from_secs(3600);

/// How often refused lines are told.
const REPEAT: Duration = Duration::from_secs(3600);

/// How much is sent, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeliveryPace {
    /// So many lines at once.
    pub(super) batch: usize,
    /// Fewer, if the first has waited for so long.
    pub(super) flush: Duration,
    /// The longest time between two tries.
    pub(super) longest: Duration,
}

/// What the user wants.
pub(super) struct Order {
    pub(super) server: Arc<PostTarget>,
    pub(super) names: ServerNames,
    pub(super) insecure: bool,
    pub(super) points: Points,
    pub(super) view: Projection,
    pub(super) clocks: [Meta; 2],
    pub(super) pace: DeliveryPace,
    pub(super) spool: Option<PathBuf>,
}

/// The sink.
pub(super) struct Delivery {
    order: Order,
    pending: Pending,
    backlog: OnDisk,
    portion: WriteBatch,
    backoff: Backoff,
    /// What was told of the trouble there is.
    trouble: Option<TroubleKind>,
    /// Since when nothing went wrong.
    healthy: Instant,
    /// No try before that.
    rest: Option<Instant>,
    /// The end is near, and a last try was granted.
    last_try: bool,
    full: bool,
    timeless: bool,
    refused: Refused,
}

/// The lines that were refused.
#[derive(Debug, Default)]
struct Refused {
    /// When it was told last.
    told: Option<Instant>,
    /// How many since.
    since: u64,
}

impl Sink for Delivery {
    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        if self.order.insecure {
            report.say("insecure: whoever answers is believed to be the server");
        }
        if let Some(folder) = &self.order.spool {
            self.backlog = OnDisk::open(folder, report);
        }
        loop {
            let ended = queue.is_ended();
            self.fill(&queue, report);
            if self.pending.is_empty() && self.trouble.is_none() {
                self.backlog.take(&mut self.pending, report);
            }
            let now = Instant::now();
            if queue.deadline().is_some_and(|deadline| now >= deadline)
                || ended && self.pending.is_empty()
            {
                break;
            }
            if ended && !core::mem::replace(&mut self.last_try, true) {
                self.rest = None;
            }
            match self.due(now, ended).saturating_duration_since(now) {
                Duration::ZERO => self.send(&queue, report),
                wait => {
                    let left = queue.deadline().map_or(LONG, |end| end - now);
                    queue.wait(wait.min(left));
                }
            }
        }
        self.give_up(&queue, report);
    }
}

impl Delivery {
    pub(super) fn new(order: Order) -> Self {
        let DeliveryPace { batch, longest, .. } = order.pace;
        Self {
            order,
            pending: Pending::default(),
            backlog: OnDisk::default(),
            portion: WriteBatch::new(batch),
            backoff: Backoff::random(FIRST, longest),
            trouble: None,
            healthy: Instant::now(),
            rest: None,
            last_try: false,
            full: false,
            timeless: false,
            refused: Refused::default(),
        }
    }

    /// Takes what came, as long as there is room.
    fn fill(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        while !self.pending.is_full() {
            match queue.take() {
                Some(SinkEvent::Readings(readings)) => self.add(&readings, report),
                Some(SinkEvent::Reopen) => {}
                None => break,
            }
        }
        // Who brings readings waits for a server that is slow, but not for one that is not there.
        let full = self.trouble.is_some() && self.pending.is_full();
        queue.trouble(full);
        queue.waits(self.trouble.is_some());
        if full && !core::mem::replace(&mut self.full, true) {
            let count = self.pending.len();
            report.say(&format!(
                "{count} readings wait, and no more find room: the oldest of the \
                others are lost"
            ));
        }
        match queue.dropped() {
            0 => {}
            dropped => report.lost(dropped),
        }
    }

    /// Puts readings among the lines that wait.
    fn add(&mut self, readings: &Readings, report: &dyn Report) {
        let Some(seconds) = seconds(readings, self.order.clocks) else {
            report.lost(1);
            if !core::mem::replace(&mut self.timeless, true) {
                report.say("readings without a time: no point can be made of them");
            }
            return;
        };
        let mut line = Vec::new();
        let everything = self.order.view.keys.is_none();
        let shown: Vec<_> = self
            .order
            .view
            .of(readings)
            .filter(|shown| !is_told(shown.key))
            .filter(|shown| !(everything && matches!(shown.key, FieldKey::Meta(_))))
            .collect();
        let fields =
            shown.iter().map(|shown| (shown.key, shown.name.as_ref(), shown.value.as_ref().into()));
        if self.order.points.write(name(readings), fields, Some(seconds), &mut line) {
            self.pending.push(&line);
        }
        self.order.points.notes().iter().for_each(|note| report.say(note));
    }

    /// When the next request is to be sent.
    fn due(&self, now: Instant, ended: bool) -> Instant {
        let whole = self.portion.is_whole(self.pending.len());
        let collected = match self.pending.since(0) {
            None => now + LONG,
            Some(_) if self.backlog.taken() > 0 => now,
            Some(_) if ended || whole || self.pending.is_full() || self.trouble.is_some() => now,
            Some(since) => since + self.order.pace.flush,
        };
        self.rest.map_or(collected, |rest| rest.max(collected))
    }

    fn send(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let count = self.portion.of(self.pending.len());
        let Some(answer) = self.post(count, queue, report) else {
            return;
        };
        match ResponseVerdict::of(&answer, &self.order.names, self.order.server.timeout()) {
            ResponseVerdict::Stored => {
                self.works(report);
                self.remove(count, report);
                self.portion.stored(count);
            }
            ResponseVerdict::Refused(said) => {
                self.works(report);
                if self.portion.refused(count) {
                    self.leave_out(&said, report);
                }
            }
            ResponseVerdict::TooLarge(said) => {
                self.works(report);
                if self.portion.too_large(count) {
                    self.leave_out(&said, report);
                }
            }
            ResponseVerdict::Kept(trouble) => self.fails(trouble, report),
        }
    }

    /// The first lines have come to their end.
    fn remove(&mut self, count: usize, report: &dyn Report) {
        self.pending.remove(count);
        self.backlog.done(count, report);
    }

    /// Sends the first lines; nothing if the end comes before the answer.
    fn post(&mut self, count: usize, queue: &QueueReceiver, report: &dyn Report) -> Option<Answer> {
        let (server, text) = (self.order.server.clone(), self.pending.text(count));
        let (answer, answered) = mpsc::channel();
        let request = move || drop(answer.send(server.post(&text)));
        if let Err(error) = thread::Builder::new().name("influxdb".to_owned()).spawn(request) {
            return Some(Answer::Unreachable(error.to_string()));
        }
        loop {
            match answered.recv_timeout(GLANCE) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Answer::Garbage("the request broke off".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => self.fill(queue, report),
            }
            if queue.deadline().is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
        }
    }

    /// The server is there and reads what it gets.
    fn works(&mut self, report: &dyn Report) {
        self.rest = None;
        self.full = false;
        if self.trouble.take().is_some() {
            self.healthy = Instant::now();
            report.say("connected again");
        }
    }

    fn fails(&mut self, trouble: Trouble, report: &dyn Report) {
        let Trouble { kind, text, pause } = trouble;
        if self.trouble.is_none() {
            self.backoff.worked_for(self.healthy.elapsed());
        }
        let longest = self.order.pace.longest;
        let wait = match pause {
            Pause::Growing => self.backoff.delay(),
            Pause::AtLeast(patience) => self.backoff.delay().max(patience.min(MOST_PATIENCE)),
            Pause::Long => longest,
        };
        self.rest = Some(Instant::now() + wait);
        let since = self.pending.since(self.backlog.taken());
        if since.is_some_and(|since| since.elapsed() >= longest) {
            self.backlog.put(&mut self.pending, report);
        }
        if self.trouble.replace(kind) != Some(kind) {
            let most = if wait > longest { wait } else { longest }.as_secs();
            report.say(&format!("{text}; trying again, every {most} s at most"));
        }
    }

    /// The first line will never be stored.
    fn leave_out(&mut self, said: &str, report: &dyn Report) {
        self.remove(1, report);
        report.lost(1);
        self.refused.since += 1;
        if self.refused.told.is_none_or(|told| told.elapsed() >= REPEAT) {
            let Refused { since, .. } = core::mem::take(&mut self.refused);
            self.refused.told = Some(Instant::now());
            let server = &self.order.names.server;
            let many =
                if since == 1 { "a reading".to_owned() } else { format!("{since} readings") };
            report.say(&format!("{server} refuses {many}, left out: {said}"));
        }
    }

    /// Keeps what was not stored, or counts it.
    fn give_up(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        while let Some(event) = queue.take() {
            if let SinkEvent::Readings(readings) = event {
                self.add(&readings, report);
            }
        }
        let waiting = self.pending.len();
        if waiting > 0 && self.backlog.put(&mut self.pending, report) {
            self.pending.truncate(0);
            report.say(&format!("{waiting} readings wait on the disk for the next start"));
        }
        let lost = self.pending.len().saturating_sub(self.backlog.taken());
        let lost = u64::try_from(lost).unwrap_or(u64::MAX);
        match lost.saturating_add(queue.dropped()) {
            0 => {}
            lost => report.lost(lost),
        }
        if self.refused.since > 0 {
            report.say(&format!("{} more readings were refused", self.refused.since));
        }
    }
}
