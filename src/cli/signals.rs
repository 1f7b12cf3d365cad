//! Signals of a live run: the first one asks it to end, the second one ends it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// Whether the run was asked to end.
#[derive(Debug, Default)]
pub struct Signals {
    end: Arc<AtomicBool>,
}

impl Signals {
    /// Catches SIGINT and SIGTERM from now on.
    pub fn catch() -> Self {
        let signals = Self::default();
        for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] {
            // First the one that looks at the flag, then the one that sets it. A signal that cannot
            // be caught keeps its default action, which is to end the run too.
            let _ = flag::register_conditional_shutdown(signal, status, Arc::clone(&signals.end));
            let _ = flag::register(signal, Arc::clone(&signals.end));
        }
        signals
    }

    /// Whether one of them came.
    pub fn ended(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }
}
