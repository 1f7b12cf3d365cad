//! Signals of a live run: the first one asks it to end, a later one ends it at once.
//!
//! A second signal within a second is the same one: GNU `timeout` sends one to the process and one
//! to its group. At once means that sinks store nothing more, write their spools and say what they
//! did not store; a run that does not come to this in time is ended where it is, with the last words that it
//! has prepared.

use std::{
    os::fd::BorrowedFd,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use signal_hook::{
    consts::{
        SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH,
    },
    flag,
    iterator::SignalsInfo,
    low_level,
};

/// The signals that end a run. The usual effect of those behind the first two would leave a terminal as the live
/// view has set it, and lose what a run has not stored.
const ENDING: [i32; 6] = [SIGINT, SIGTERM, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2];

/// The time in which a second signal is the same as the first one.
const SAME: Duration = Duration::from_secs(1);

/// The time that a run has to end after a later signal.
const GRACE: Duration = Duration::from_secs(2);

/// The time between two looks at the signals while an output has no room.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The exit status that a later signal demands; 0 as long as none came.
static FORCED: AtomicU8 = AtomicU8::new(0);

/// The thread that waits for a later signal.
static WATCH: Once = Once::new();

/// Makes the last words, each line with its end.
type LastWords = Box<dyn Fn() -> String + Send>;

/// The last words of a run that does not come to its end.
static LAST_WORDS: Mutex<Option<LastWords>> = Mutex::new(None);

/// Gives the terminal back.
type Restore = Box<dyn Fn() + Send>;

/// The way back for the terminal of a run that does not come to its end.
static RESTORE: Mutex<Option<Restore>> = Mutex::new(None);

/// The signals that came.
#[derive(Debug, Default)]
pub struct Signals {
    end: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Catches the signals that end a run from now on.
    pub fn catch() -> Self {
        let signals = Self::default();
        for signal in ENDING {
            let _ = flag::register(signal, signals.end.clone());
        }
        WATCH.call_once(|| {
            let _ = thread::Builder::new().name("signals".to_owned()).spawn(watch);
        });
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

/// Signals for a view that has taken the terminal over.
#[derive(Debug, Default)]
pub struct ViewSignals {
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
    resize: Arc<AtomicBool>,
    hang_up: Arc<AtomicBool>,
    /// True once the signals have their usual effect again.
    released: Arc<AtomicBool>,
}

impl ViewSignals {
    /// Catches SIGTSTP, SIGCONT and SIGWINCH from now on, and SIGHUP too, if it has no other use.
    pub fn catch(with_hang_up: bool) -> Self {
        let signals = Self::default();
        let Self { stop, go_on, resize, hang_up, released } = &signals;
        for (signal, came) in [(SIGTSTP, stop), (SIGHUP, hang_up)] {
            if signal == SIGTSTP || with_hang_up {
                let _ = flag::register_conditional_default(signal, released.clone());
                let _ = flag::register(signal, came.clone());
            }
        }
        for (signal, came) in [(SIGCONT, go_on), (SIGWINCH, resize)] {
            let _ = flag::register(signal, came.clone());
        }
        signals
    }

    /// Gives the signals their usual effect again.
    pub fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    /// True once for each time that the user stops the process.
    pub fn is_stopped(&self) -> bool {
        self.stop.swap(false, Ordering::Relaxed)
    }

    /// Stops the process, as the signal would have done. Returns when it goes on.
    pub fn stop() {
        let _ = low_level::emulate_default_handler(SIGTSTP);
    }

    /// True once for each time that the process goes on after a stop.
    pub fn goes_on(&self) -> bool {
        self.go_on.swap(false, Ordering::Relaxed)
    }

    /// True once for each change of the size of the terminal.
    pub fn is_resized(&self) -> bool {
        self.resize.swap(false, Ordering::Relaxed)
    }

    /// True once the terminal has gone.
    pub fn has_hung_up(&self) -> bool {
        self.hang_up.load(Ordering::Relaxed)
    }
}

/// True if the process catches signals: it may then wait for nothing without a look at
/// [`forced`].
pub fn are_caught() -> bool {
    WATCH.is_completed()
}

/// Prepares the last words of a run that does not come to its end, or takes them back.
pub fn prepare_last_words(words: Option<LastWords>) {
    if let Ok(mut prepared) = LAST_WORDS.lock() {
        *prepared = words;
    }
}

/// Prepares the way back for the terminal of a run that does not come to its end, or takes it back.
pub fn prepare_restore(restore: Option<Restore>) {
    if let Ok(mut prepared) = RESTORE.lock() {
        *prepared = restore;
    }
}

/// Says the last words, if standard error takes them now.
fn say_last_words() {
    let words = LAST_WORDS.try_lock().ok().and_then(|words| words.as_ref().map(|words| words()));
    let stderr = rustix::stdio::stderr();
    let has_room = poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&GLANCE));
    if let Some(words) = words
        && has_room == Ok(1)
    {
        let _ = rustix::io::write(stderr, words.as_bytes());
    }
}

/// Waits until `output` has room; false if the run has to end before that.
pub fn wait_for_room(output: BorrowedFd<'_>) -> bool {
    loop {
        let found = poll(&mut [PollFd::new(&output, PollFlags::OUT)], Some(&GLANCE));
        match found {
            Ok(0) | Err(Errno::INTR) if forced().is_none() => {}
            Ok(0) | Err(Errno::INTR) => return false,
            _ => return true,
        }
    }
}

/// The exit status that a later signal demands: the run has to end now.
pub fn forced() -> Option<u8> {
    Some(FORCED.load(Ordering::Relaxed)).filter(|status| *status > 0)
}

fn watch() {
    let Ok(mut signals) =
        SignalsInfo::<signal_hook::iterator::exfiltrator::SignalOnly>::new(ENDING)
    else {
        return;
    };
    let mut first = None;
    for signal in signals.forever() {
        if first.get_or_insert_with(Instant::now).elapsed() >= SAME {
            let status = u8::try_from(128 + signal).unwrap_or(u8::MAX);
            FORCED.store(status, Ordering::Relaxed);
            thread::sleep(GRACE);
            if let Some(restore) = RESTORE.try_lock().ok().and_then(|mut it| it.take()) {
                restore();
            }
            say_last_words();
            low_level::exit(status.into());
        }
    }
}
