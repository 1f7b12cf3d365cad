//! The service manager that started this process, if one did: systemd's `sd_notify` protocol.
//!
//! The service is ready with its first good telegram, or after a while, so that a meter that is silent
//! does not keep the units waiting that come after this one. The status says which it is. The watchdog is
//! fed only while all loops of the run go round; a silent meter is no reason to restart anything.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sd_notify::{NotifyState, notify, watchdog_enabled};

/// The longest time until the service is ready. systemd waits for 90 seconds.
const READY_AFTER: Duration = Duration::from_secs(30);

/// The shortest time between two status texts.
const STATUS_INTERVAL: Duration = Duration::from_secs(2);

/// True once the service manager knows that the service is ready.
static READY: AtomicBool = AtomicBool::new(false);

/// The state that the service manager knows.
#[derive(Debug)]
pub struct ServiceState {
    started: Instant,
    /// The time between two signs of life, if a watchdog waits for them.
    watchdog: Option<Duration>,
    fed: Option<Instant>,
    status: String,
    status_sent: Option<Instant>,
}

impl ServiceState {
    /// The state of a service that starts now.
    pub fn start() -> Self {
        // Twice as often as needed, as the manual of sd_notify advises.
        let watchdog = watchdog_enabled().map(|timeout| timeout / 2);
        let (started, status) = (Instant::now(), String::new());
        Self { started, watchdog, fed: None, status, status_sent: None }
    }

    /// The longest time between two calls of [`tick`](Self::tick).
    pub fn tick_interval(&self) -> Duration {
        self.watchdog.unwrap_or(Duration::MAX)
    }

    /// Tells the service manager what is new.
    pub fn tick(&mut self, has_telegrams: bool, is_alive: bool, status: impl FnOnce() -> String) {
        let is_due =
            |last: Option<Instant>, interval| last.is_none_or(|last| last.elapsed() >= interval);
        let is_ready = has_telegrams || self.started.elapsed() >= READY_AFTER;
        let becomes_ready = is_ready && !READY.swap(is_ready, Ordering::Relaxed);
        // A caller that waits until the service is ready may look at its status next.
        if becomes_ready || is_due(self.status_sent, STATUS_INTERVAL) {
            self.status_sent = Some(Instant::now());
            let status = status();
            if status != self.status {
                send(&[NotifyState::Status(&status)]);
                self.status = status;
            }
        }
        if becomes_ready {
            send(&[NotifyState::Ready]);
        }
        if let Some(interval) = self.watchdog
            && is_alive
            && is_due(self.fed, interval)
        {
            self.fed = Some(Instant::now());
            send(&[NotifyState::Watchdog]);
        }
    }
}

/// Tells the service manager that the configuration is being read again.
pub fn reloading() {
    if READY.load(Ordering::Relaxed)
        && let Ok(now) = NotifyState::monotonic_usec_now()
    {
        send(&[NotifyState::Reloading, now]);
    }
}

/// Tells the service manager that the configuration has been read.
pub fn reloaded() {
    if READY.load(Ordering::Relaxed) {
        send(&[NotifyState::Ready]);
    }
}

/// Tells the service manager that the run comes to its end.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

fn send(state: &[NotifyState<'_>]) {
    // Without a service manager this does nothing. A run goes on if the manager does not listen.
    let _ = notify(state);
}
