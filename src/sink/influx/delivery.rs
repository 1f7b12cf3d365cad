//! Delivery to a database: readings are collected, sent and kept until they are stored.
//!
//! A request runs in a thread of its own, because nothing can interrupt it. Meanwhile the sink
//! empties its queue, and meets its deadline.

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
    counted::{counted, verb},
    file_error,
    format::readings::Readings,
    sink::{
        accounts::AccountKind,
        http::{OutageKind, PostOutcome, PostTarget},
        influx::{
            batch::WriteBatch,
            records::{PointTime, Records, is_fresh, lines, without_time},
            response::{Outage, RetryDelay, ServerNames, WriteOutcome},
        },
        queue::QueueReceiver,
        spool::{pending::PendingLines, spooled::SpooledLines},
        traits::{Report, Sink, SinkPreview},
    },
};

/// The file in the spool for lines that the server refuses for good.
const REFUSED: &str = "refused.lp";

/// The first wait between attempts.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait that a server may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// The interval at which queue and deadline are checked during a request.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The wait for an event if nothing else is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The interval between reports of refused lines.
const REPORT_INTERVAL: Duration = Duration::from_secs(3600);

/// The size and the time of requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeliveryPace {
    /// The lines of a request.
    pub(super) batch: usize,
    /// A request has fewer lines if the first has waited for this long.
    pub(super) flush: Duration,
    /// The longest wait between attempts.
    pub(super) longest: Duration,
    /// While the server is away, lines that are this old go to the disk.
    pub(super) sync: Duration,
}

/// The user's settings.
pub(super) struct DeliverySettings {
    pub(super) server: Arc<PostTarget>,
    pub(super) names: ServerNames,
    pub(super) insecure: bool,
    pub(super) records: Records,
    pub(super) pace: DeliveryPace,
    pub(super) spool: Option<PathBuf>,
}

/// The sink.
pub(super) struct Delivery {
    settings: DeliverySettings,
    pending: PendingLines,
    spooled: SpooledLines,
    batch: WriteBatch,
    backoff: Backoff,
    /// The outage that was reported.
    outage: Option<OutageKind>,
    /// The time since which requests succeed.
    working_since: Instant,
    /// The earliest time of the next attempt.
    retry_at: Option<Instant>,
    /// The queue has ended, and the last attempt was made.
    final_attempt: bool,
    full_reported: bool,
    refused: RefusedLines,
}

/// The lines that were refused.
#[derive(Debug, Default)]
struct RefusedLines {
    /// The time of the last report.
    reported: Option<Instant>,
    /// The number since then.
    count: u64,
}

impl Sink for Delivery {
    fn form_of_registers(&self) -> Option<&'static str> {
        None
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        report.keeps_account(AccountKind::History);
        if self.settings.insecure {
            report.say("insecure: the certificate of the server is not checked");
        }
        loop {
            self.spooled.open(report);
            self.keep_old_lines(0, report);
            let ended = queue.is_ended();
            self.fill(0, &queue, report);
            let now = Instant::now();
            if queue.deadline().is_some_and(|deadline| now >= deadline)
                || ended && self.pending.is_empty() && !self.spooled.has_more()
            {
                break;
            }
            if ended && !core::mem::replace(&mut self.final_attempt, true) {
                self.retry_at = None;
            }
            let due = self.due(now, ended);
            if due <= now {
                self.send(&queue, report);
            } else {
                let left = queue.deadline().map_or(IDLE_WAIT, |end| end - now);
                let keep_at = self.spooled.keep_at(&self.pending).filter(|_| self.outage.is_some());
                let until = keep_at.map_or(due, |keep_at| keep_at.min(due));
                queue.wait(until.saturating_duration_since(now).min(left));
            }
        }
        self.give_up(&queue, report);
    }

    /// Writes no line, for which the server still checks the login and the name of the store.
    fn probe(&mut self, timeout: Duration) -> Result<String, String> {
        let DeliverySettings { server, names, .. } = &self.settings;
        let timeout = timeout.min(server.timeout());
        match WriteOutcome::of(&server.post_within(&[], timeout), names, timeout) {
            // Version 2 of InfluxDB misses the lines, once it has found the store.
            WriteOutcome::Stored | WriteOutcome::Refused(_) => {
                Ok(format!("connected, takes lines for {}", names.store))
            }
            WriteOutcome::Retry(Outage { text, .. }) => Err(text),
            WriteOutcome::TooLarge(reason) => Err(names.is_it_right(&reason)),
        }
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        let place = self.settings.server.uri().to_string();
        let Some(record) = self.settings.records.of(readings, report) else {
            return Vec::new();
        };
        let record = if self.has_server_time() { without_time(&record) } else { record };
        let text = lines(record);
        let lines = text.split_inclusive(|octet| *octet == b'\n');
        lines.map(|line| SinkPreview { place: place.clone(), content: line.to_vec() }).collect()
    }
}

impl Delivery {
    pub(super) fn new(settings: DeliverySettings) -> Self {
        let DeliveryPace { batch, longest, sync, .. } = settings.pace;
        let batch = (batch / settings.records.lines()).max(1);
        let spool = settings.spool.clone();
        Self {
            settings,
            pending: PendingLines::default(),
            spooled: SpooledLines::new(spool, REFUSED, sync),
            batch: WriteBatch::new(batch),
            backoff: Backoff::random(FIRST_RETRY, longest),
            outage: None,
            working_since: Instant::now(),
            retry_at: None,
            final_attempt: false,
            full_reported: false,
            refused: RefusedLines::default(),
        }
    }

    /// Takes readings from the queue while there is room, in memory or on the disk. The first lines may
    /// be in flight.
    fn fill(&mut self, in_flight: usize, queue: &QueueReceiver, report: &dyn Report) {
        loop {
            if self.pending.is_full() {
                self.keep_old_lines(in_flight, report);
            }
            if self.pending.is_full() {
                break;
            }
            let Some(readings) = queue.readings().next() else {
                break;
            };
            self.add(&readings, report);
        }
        // Producers wait for a slow server, but not for an unreachable one. A request under way holds up
        // the way to the disk for its time-out at most.
        let is_held_up = in_flight > 0 && self.settings.spool.is_some();
        let full = self.outage.is_some() && self.pending.is_full() && !is_held_up;
        queue.blocked(full);
        queue.waits(self.outage.is_some());
        if full && !core::mem::replace(&mut self.full_reported, true) {
            let count = self.pending.len();
            report.say(&format!(
                "{} {} and no room is left: the oldest of the others \
                are lost",
                counted(count, "reading"),
                verb(count, "waits", "wait")
            ));
        }
        report.lost(queue.dropped());
    }

    /// Turns readings into a line that waits.
    fn add(&mut self, readings: &Readings, report: &dyn Report) {
        if let Some(record) = self.settings.records.of(readings, report) {
            self.pending.push(&record);
        }
    }

    fn has_server_time(&self) -> bool {
        self.settings.records.time == PointTime::Server
    }

    /// The number of lines in front of the first one that goes out alone and without a time, which
    /// the server sets.
    fn before_live(&self, count: usize) -> usize {
        if !self.has_server_time() {
            return count;
        }
        let now = jiff::Timestamp::now();
        self.pending.iter(0).take(count).take_while(|record| !is_fresh(record, now)).count()
    }

    /// The time of the next request.
    fn due(&self, now: Instant, ended: bool) -> Instant {
        let whole = self.batch.is_whole(self.pending.len());
        let collected = match self.pending.since(0) {
            _ if self.spooled.taken() > 0 || self.spooled.has_more() => now,
            None => now + IDLE_WAIT,
            Some(_) if ended || whole || self.pending.is_full() || self.outage.is_some() => now,
            Some(since) => since + self.settings.pace.flush,
        };
        self.retry_at.map_or(collected, |retry_at| retry_at.max(collected))
    }

    /// Writes lines to the disk when it is time. The first lines may be in flight. While the server
    /// answers, none of them gets so old.
    fn keep_old_lines(&mut self, in_flight: usize, report: &dyn Report) {
        if self.outage.is_some() || in_flight > 0 {
            self.spooled.keep_old_lines(&mut self.pending, in_flight, report);
        }
    }

    fn send(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        // Lines on the disk are older than those in memory.
        if self.spooled.taken() == 0 {
            self.spooled.take(&mut self.pending, report);
        }
        let waiting = match self.spooled.taken() {
            0 => self.pending.len(),
            taken => taken,
        };
        if waiting == 0 {
            return;
        }
        let count = self.before_live(self.batch.of(waiting));
        let (is_live, count) = (count == 0, count.max(1));
        let text = self.pending.text(count);
        let text = lines(if is_live { without_time(&text) } else { text });
        let Some(answer) = self.post(count, text, queue, report) else {
            return;
        };
        match WriteOutcome::of(&answer, &self.settings.names, self.settings.server.timeout()) {
            WriteOutcome::Stored => {
                self.connected(report);
                self.remove(count, report);
                report.stored(u64::try_from(count).unwrap_or(u64::MAX));
                self.batch.stored(count);
            }
            WriteOutcome::Refused(reason) => {
                self.connected(report);
                if self.batch.refused(count) {
                    self.leave_out(&reason, report);
                }
            }
            WriteOutcome::TooLarge(reason) => {
                if self.batch.too_large(count) {
                    // No server of this kind refuses so few octets.
                    let text = self.settings.names.is_it_right(&reason);
                    let kind = OutageKind::Status(413);
                    return self.failed(Outage { kind, text, pause: RetryDelay::Long }, report);
                }
                self.connected(report);
            }
            WriteOutcome::Retry(outage) => self.failed(outage, report),
        }
    }

    /// Removes the first lines, which are stored or refused.
    fn remove(&mut self, count: usize, report: &dyn Report) {
        self.pending.remove(count);
        self.spooled.settled(count, report);
    }

    /// Sends the text of the first lines; `None` if the deadline passes before the response.
    fn post(
        &mut self,
        count: usize,
        text: Vec<u8>,
        queue: &QueueReceiver,
        report: &dyn Report,
    ) -> Option<PostOutcome> {
        let server = self.settings.server.clone();
        let (answer, answered) = mpsc::channel();
        let request = move || drop(answer.send(server.post(&text)));
        if let Err(error) = thread::Builder::new().name("influxdb".to_owned()).spawn(request) {
            return Some(PostOutcome::Unreachable(file_error::plain(&error)));
        }
        loop {
            match answered.recv_timeout(CHECK_INTERVAL) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(PostOutcome::InvalidResponse(
                        "the request was interrupted".to_owned(),
                    ));
                }
                Err(RecvTimeoutError::Timeout) => self.fill(count, queue, report),
            }
            self.keep_old_lines(count, report);
            if queue.deadline().is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
        }
    }

    /// The server responds and reads its input.
    fn connected(&mut self, report: &dyn Report) {
        self.retry_at = None;
        self.full_reported = false;
        if self.outage.take().is_some() {
            self.working_since = Instant::now();
            report.trouble(None);
            report.say("connected again");
        }
    }

    fn failed(&mut self, outage: Outage, report: &dyn Report) {
        let Outage { kind, text, pause } = outage;
        if self.outage.is_none() {
            self.backoff.worked_for(self.working_since.elapsed());
        }
        let longest = self.settings.pace.longest;
        let wait = match pause {
            RetryDelay::Growing => self.backoff.delay(),
            RetryDelay::AtLeast(requested) => {
                self.backoff.delay().max(requested.min(LONGEST_RETRY_AFTER))
            }
            RetryDelay::Long => longest,
        };
        self.retry_at = Some(Instant::now() + wait);
        report.trouble(Some(&text));
        if self.outage.replace(kind) != Some(kind) {
            let most = if wait > longest { wait } else { longest }.as_secs();
            report.say(&format!("{text}; trying again, every {most} s at most"));
        }
    }

    /// Leaves out the first line, which will never be stored.
    fn leave_out(&mut self, reason: &str, report: &dyn Report) {
        let parked = self.spooled.park(&lines(self.pending.text(1)));
        self.remove(1, report);
        report.lost(1);
        self.refused.count += 1;
        if self.refused.reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL) {
            let RefusedLines { count, .. } = core::mem::take(&mut self.refused);
            self.refused.reported = Some(Instant::now());
            let server = &self.settings.names.server;
            let many =
                if count == 1 { "a reading".to_owned() } else { format!("{count} readings") };
            let parked = parked.map(|path| format!("; see {path}")).unwrap_or_default();
            report.say(&format!("{server} refuses {many}, left out: {reason}{parked}"));
        }
    }

    /// Keeps the remaining lines on the disk, or counts them as lost.
    fn give_up(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        // Before the end nothing is in flight any more.
        self.fill(0, queue, report);
        self.spooled.give_up(&mut self.pending, report);
        report.lost(queue.abandon());
        if self.refused.count > 0 {
            report.say(&format!(
                "{} {} refused",
                counted(self.refused.count, "more reading"),
                verb(self.refused.count, "was", "were")
            ));
        }
    }
}
