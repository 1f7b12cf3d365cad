//! Signals of a live run: the first one asks it to end, the second one ends it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

/// The signals that came.
#[derive(Debug, Default)]
pub struct Signals {
    end: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Catches SIGINT and SIGTERM from now on.
    pub fn catch() -> Self {
        let signals = Self::default();
        for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] {
            // The order matters: only the second signal finds the flag set, by the first one.
            let _ = flag::register_conditional_shutdown(signal, status, signals.end.clone());
            let _ = flag::register(signal, signals.end.clone());
        }
        signals
    }

    /// Catches only SIGHUP, which otherwise ends the process.
    pub fn catch_reopen() -> Self {
        let signals = Self::default();
        let _ = flag::register(SIGHUP, signals.reopen.clone());
        signals
    }

    /// Catches all of them.
    pub fn catch_all() -> Self {
        Self { reopen: Self::catch_reopen().reopen, ..Self::catch() }
    }

    /// True once a signal has asked the run to end.
    pub fn ended(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// True once for each SIGHUP: files are to be opened again.
    pub fn reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
