//! The sink.
//!
//! A request runs in a thread of its own, because nothing can interrupt it. Meanwhile the sink empties
//! its queue, and meets its deadline.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    file_error,
    format::readings::Readings,
    sink::{
        accounts::AccountKind,
        http::{OutageKind, PostOutcome, PostTarget},
        projection::Projection,
        queue::QueueReceiver,
        template::PayloadTemplate,
        traits::{Report, Sink, SinkPreview},
        webhook::{
            latest::WaitingReadings,
            response::{WebhookNames, WebhookOutcome},
        },
    },
};

/// The first wait between attempts.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait that a server may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// The interval at which queue and deadline are checked during a request.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The wait for readings if nothing else is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The user's settings.
pub(super) struct WebhookSettings {
    pub(super) target: PostTarget,
    pub(super) names: WebhookNames,
    /// Scheme and server.
    pub(super) place: String,
    pub(super) insecure: bool,
    pub(super) projection: Projection,
    /// The text to post in the place of the line.
    pub(super) template: Option<PayloadTemplate>,
    /// The longest wait between attempts.
    pub(super) longest: Duration,
}

/// The sink.
pub(super) struct WebhookSink {
    target: Arc<PostTarget>,
    names: WebhookNames,
    place: String,
    insecure: bool,
    projection: Projection,
    template: Option<PayloadTemplate>,
    longest: Duration,
    waiting: WaitingReadings,
    backoff: Backoff,
    /// The outage that was reported.
    outage: Option<OutageKind>,
    working_since: Instant,
    /// The earliest time of the next attempt.
    retry_at: Option<Instant>,
    /// The queue has ended, and the last attempt was made.
    final_attempt: bool,
}

impl Sink for WebhookSink {
    fn form_of_registers(&self) -> Option<&'static str> {
        None
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        if self.insecure {
            report.say("insecure: the certificate of the server is not checked");
        }
        report.keeps_account(AccountKind::State);
        queue.replaces();
        loop {
            let ended = queue.is_ended();
            self.fill(&queue, report);
            let now = Instant::now();
            if queue.deadline().is_some_and(|deadline| now >= deadline)
                || ended && self.waiting.is_empty()
            {
                break;
            }
            if ended && !core::mem::replace(&mut self.final_attempt, true) {
                self.retry_at = None;
            }
            if !self.waiting.is_empty() && self.retry_at.is_none_or(|at| at <= now) {
                self.send(&queue, report);
                continue;
            }
            let until = self.retry_at.filter(|_| !self.waiting.is_empty());
            let until = until.into_iter().chain(queue.deadline()).min();
            queue.wait(until.map_or(IDLE_WAIT, |until| until.saturating_duration_since(now)));
        }
        report.lost(self.waiting.len() + queue.abandon());
    }

    fn probe(&mut self, timeout: Duration) -> Result<String, String> {
        let timeout = timeout.min(self.target.timeout());
        let answer = self.target.ask_within(timeout);
        match (answer.outage(&self.names.server, timeout), answer) {
            (Some((_, text)), _) => Err(text),
            (None, PostOutcome::Status { code, .. }) => {
                Ok(format!("connected; it answers OPTIONS with {code}, nothing was posted"))
            }
            (None, _) => Ok("connected".to_owned()),
        }
    }

    fn preview(&mut self, readings: &Arc<Readings>, _: &dyn Report) -> Vec<SinkPreview> {
        let content = self.body(readings).into_iter();
        content.map(|content| SinkPreview { place: self.place.clone(), content }).collect()
    }
}

impl WebhookSink {
    pub(super) fn new(settings: WebhookSettings) -> Self {
        let WebhookSettings { target, names, place, insecure, projection, template, longest } =
            settings;
        Self {
            target: Arc::new(target),
            names,
            place,
            insecure,
            projection,
            template,
            longest,
            waiting: WaitingReadings::default(),
            backoff: Backoff::random(FIRST_RETRY, longest),
            outage: None,
            working_since: Instant::now(),
            retry_at: None,
            final_attempt: false,
        }
    }

    /// The text to post; nothing for a telegram that has no field of the template.
    fn body(&self, readings: &Readings) -> Option<Vec<u8>> {
        if let Some(template) = &self.template {
            return template.fill(readings, self.projection.numbers);
        }
        let mut text = Vec::new();
        self.projection.write_json(readings, &[], &mut text);
        Some(text)
    }

    /// Takes readings from the queue. Live ones, and those that come while the server is away, replace
    /// others; a file waits for each of its readings.
    fn fill(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let is_live = queue.is_live();
        let replaces = is_live || self.outage.is_some();
        while replaces || self.waiting.is_empty() {
            let Some(readings) = queue.readings().next() else {
                break;
            };
            leave_out(u64::from(self.waiting.put(readings)), is_live, report);
        }
        queue.blocked(self.outage.is_some());
        queue.waits(self.outage.is_some());
        leave_out(queue.dropped(), is_live, report);
    }

    fn send(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let Some(readings) = self.waiting.take() else {
            return;
        };
        let is_live = queue.is_live();
        let Some(body) = self.body(&readings) else {
            return report.stored(1);
        };
        let Some(answer) = self.post(body, queue, report) else {
            // The deadline has passed.
            return report.lost(1);
        };
        match WebhookOutcome::of(&answer, &self.names, self.target.timeout()) {
            WebhookOutcome::Delivered => {
                report.stored(1);
                self.retry_at = None;
                if self.outage.take().is_some() {
                    self.working_since = Instant::now();
                    report.trouble(None);
                    report.say(&format!("{} takes readings again", self.names.server));
                }
            }
            WebhookOutcome::Failed { kind, text, retry_after } => {
                leave_out(u64::from(!self.waiting.put_back(readings)), is_live, report);
                self.failed(kind, &text, retry_after, report);
            }
        }
    }

    /// Posts a text; `None` if the deadline passes before the response.
    fn post(
        &mut self,
        body: Vec<u8>,
        queue: &QueueReceiver,
        report: &dyn Report,
    ) -> Option<PostOutcome> {
        let (target, (answer, answered)) = (self.target.clone(), mpsc::channel());
        let request = move || drop(answer.send(target.post(&body)));
        if let Err(error) = thread::Builder::new().name("webhook".to_owned()).spawn(request) {
            return Some(PostOutcome::Unreachable(file_error::plain(&error)));
        }
        loop {
            match answered.recv_timeout(CHECK_INTERVAL) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    let text = "the request was interrupted".to_owned();
                    return Some(PostOutcome::InvalidResponse(text));
                }
                // A file waits for the request, and live readings do not.
                Err(RecvTimeoutError::Timeout) if queue.is_live() => self.fill(queue, report),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if queue.deadline().is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
        }
    }

    fn failed(
        &mut self,
        kind: OutageKind,
        text: &str,
        retry_after: Option<Duration>,
        report: &dyn Report,
    ) {
        if self.outage.is_none() {
            self.backoff.worked_for(self.working_since.elapsed());
        }
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let wait = self.backoff.delay().max(asked);
        self.retry_at = Some(Instant::now() + wait);
        if self.outage.replace(kind) != Some(kind) {
            let most = self.longest.max(wait).as_secs();
            report.trouble(Some(text));
            report.say(&format!("{text}; trying again, every {most} s at most"));
        }
    }
}

/// Counts readings for which there are newer ones: of a file, each is wanted.
fn leave_out(readings: u64, is_live: bool, report: &dyn Report) {
    match is_live {
        true => report.replaced(readings),
        false => report.lost(readings),
    }
}
