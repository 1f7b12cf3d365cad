//! The page of metrics, for who asks for it.
//!
//! One thread waits for readings and for clients alike, and none of them can hold it up.

use std::{
    iter,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    backoff::Backoff,
    sink::{
        event::SinkEvent,
        prometheus::{metrics::Metrics, web::MetricsServer},
        queue::QueueReceiver,
        traits::{Report, Sink},
    },
};

/// How often clients that are too slow are looked for, and the address if it is taken.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait if nothing is to be done.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The longest wait until the address may be free.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// The sink.
#[derive(Debug)]
pub struct Exporter {
    host: String,
    port: u16,
    metrics: Metrics,
    server: Option<MetricsServer>,
    backoff: Backoff,
    /// When to try to listen again, if that failed.
    retry_at: Option<Instant>,
    /// Readings that nobody could have seen.
    unseen: u64,
}

impl Exporter {
    /// On that address, and no other.
    #[must_use]
    pub fn new(host: String, port: u16, metrics: Metrics) -> Self {
        let backoff = Backoff::random(Duration::from_secs(1), LONGEST_RETRY);
        Self { host, port, metrics, server: None, backoff, retry_at: None, unseen: 0 }
    }

    fn listen(&mut self, report: &dyn Report) {
        let due = self.retry_at.is_none_or(|retry_at| retry_at <= Instant::now());
        if self.server.is_some() || !due {
            return;
        }
        match MetricsServer::bind(&self.host, self.port) {
            Ok(server) => {
                let address = server.address();
                report.say(&format!("listening on http://{address}/metrics"));
                self.server = Some(server);
            }
            Err(error) => {
                let Self { host, port, .. } = self;
                if self.retry_at.is_none() {
                    let text = format!("cannot listen on {host}:{port}: {error}; trying again");
                    report.say(&format!("{text}, every {} s at most", LONGEST_RETRY.as_secs()));
                }
                self.retry_at = Some(Instant::now() + self.backoff.delay());
            }
        }
    }

    fn take(&mut self, queue: &QueueReceiver) {
        for event in iter::from_fn(|| queue.take()) {
            if let SinkEvent::Readings(readings) = event {
                self.metrics.take(readings);
                self.unseen += u64::from(self.server.is_none());
            }
        }
    }

    fn wait(&self, queue: &QueueReceiver) {
        let mut waited_for = vec![PollFd::new(queue, PollFlags::IN)];
        waited_for.extend(self.server.iter().flat_map(MetricsServer::waits_for));
        let quiet = self.server.as_ref().is_some_and(|server| !server.has_clients());
        let timeout = if quiet { IDLE_WAIT } else { CHECK_INTERVAL };
        let _ = poll(&mut waited_for, Timespec::try_from(timeout).ok().as_ref());
        queue.hush();
    }
}

impl Sink for Exporter {
    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        loop {
            self.listen(report);
            let ended = queue.is_ended();
            self.take(&queue);
            if ended {
                break;
            }
            self.wait(&queue);
            // What has come is on the page before who asks for it gets an answer.
            self.take(&queue);
            let Self { server, metrics, .. } = &mut *self;
            server.iter_mut().for_each(|server| server.serve(&|| metrics.page()));
        }
        if self.server.is_none() {
            report.lost(self.unseen);
        }
    }
}
