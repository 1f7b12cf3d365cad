//! The accounts of a run: what became of its octets, its telegrams, and the readings of each sink.
//!
//! Each account adds up. Octets read are octets in frames and discarded ones. Telegrams are good, held by
//! the guard or rejected, each for a reason. The readings that a sink accepted, and those that waited on
//! its disk before, are stored, wait in memory, wait on the disk, or are lost. A sink of states sends them
//! instead, or newer ones replace them; pages and the like, which always show the latest, have no account.

use core::fmt;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::counted::counted;
use crate::sink::queue::QueueWatch;

/// All accounts of a run, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Accounts(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    input: InputAccount,
    sinks: Vec<(String, Arc<SinkAccount>)>,
}

/// The fate of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputAccount {
    /// The octets that came in.
    pub octets: u64,
    /// Of these, octets that belong to no frame.
    pub discarded: u64,
    /// The telegrams that were read.
    pub telegrams: u64,
    /// Of these, telegrams that the guard holds or left out, by reason.
    pub held: Vec<(&'static str, u64)>,
    /// The telegrams that could not be read, by reason.
    pub rejected: Vec<(&'static str, u64)>,
}

/// The fate of the readings of a sink, written by its thread.
#[derive(Debug, Default)]
pub struct SinkAccount {
    accepted: AtomicU64,
    found: AtomicU64,
    stored: AtomicU64,
    on_disk: AtomicU64,
    replaced: AtomicU64,
    lost: AtomicU64,
    kind: OnceLock<AccountKind>,
    queue: OnceLock<QueueWatch>,
}

/// The class of a sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountKind {
    /// The sink has to store every reading.
    #[default]
    History,
    /// The last value counts.
    State,
}

/// Readings that a sink has not stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkBacklog {
    /// Those that it may still store.
    pub waiting: u64,
    /// Those that it never will.
    pub lost: u64,
}

/// The state of a sink's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkBalance {
    /// The readings that the sink was given, or found on its disk.
    pub accepted: u64,
    /// Readings that are where they belong.
    pub stored: u64,
    /// Readings that wait on the disk.
    pub on_disk: u64,
    /// States that newer ones replaced before they were sent.
    pub replaced: u64,
    /// Readings that will never be stored.
    pub lost: u64,
    /// The class of the sink.
    pub kind: AccountKind,
}

impl Accounts {
    /// Opens an account for a sink.
    pub fn open(&self, name: &str) -> Arc<SinkAccount> {
        let account = Arc::<SinkAccount>::default();
        self.lock().sinks.push((name.to_owned(), account.clone()));
        account
    }

    /// Writes the account of the input.
    pub fn set_input(&self, input: InputAccount) {
        self.lock().input = input;
    }

    /// The account of the input.
    pub fn input(&self) -> InputAccount {
        self.lock().input.clone()
    }

    /// The sinks that have a balance, those of one name in one.
    pub fn sinks(&self) -> Vec<(String, SinkBalance)> {
        let mut balances: Vec<(String, SinkBalance)> = Vec::new();
        for (name, account) in self.lock().sinks.iter().filter(|(_, it)| it.is_open()) {
            let more = account.balance();
            match balances.iter_mut().find(|(known, _)| known == name) {
                Some((_, balance)) => balance.add(more),
                None => balances.push((name.clone(), more)),
            }
        }
        balances
    }

    /// All sinks and their backlogs, those of one name in one.
    pub fn backlogs(&self) -> Vec<(String, SinkBacklog)> {
        let mut backlogs: Vec<(String, SinkBacklog)> = Vec::new();
        for (name, account) in &self.lock().sinks {
            let more = account.backlog();
            match backlogs.iter_mut().find(|(known, _)| known == name) {
                Some((_, backlog)) => {
                    backlog.waiting += more.waiting;
                    backlog.lost += more.lost;
                }
                None => backlogs.push((name.clone(), more)),
            }
        }
        backlogs
    }

    /// For each sink the readings that a process that ends now leaves nowhere; none for a sink without.
    pub fn unstored(&self) -> Vec<(String, u64)> {
        let books = self.lock();
        let counts = books.sinks.iter().map(|(name, it)| (name.clone(), it.unstored()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        // No change here can be half done, so the data of a failed thread is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SinkAccount {
    /// Names the queue in front of the sink. The first one counts.
    pub fn watch(&self, queue: QueueWatch) {
        let _ = self.queue.set(queue);
    }

    /// Counts a reading that the sink is given.
    pub fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts readings of an earlier run on the disk.
    pub fn find(&self, readings: u64) {
        self.found.fetch_add(readings, Ordering::Relaxed);
    }

    /// Opens a balance. The first class counts.
    pub fn open(&self, kind: AccountKind) {
        let _ = self.kind.set(kind);
    }

    /// Counts readings that are where they belong.
    pub fn store(&self, readings: u64) {
        self.stored.fetch_add(readings, Ordering::Relaxed);
    }

    /// Takes back readings that turn out not to be stored.
    pub fn unstore(&self, readings: u64) {
        self.stored.fetch_sub(readings, Ordering::Relaxed);
    }

    /// Sets the number of readings that wait on the disk.
    pub fn keep(&self, readings: u64) {
        self.on_disk.store(readings, Ordering::Relaxed);
    }

    /// Leaves the readings on the disk to the account of the sink that has taken the place of this one.
    pub fn hand_over(&self) {
        let left = self.on_disk.swap(0, Ordering::Relaxed);
        let accepted = self.accepted.load(Ordering::Relaxed);
        self.accepted.store(accepted.saturating_sub(left), Ordering::Relaxed);
        self.found.fetch_sub(left.saturating_sub(accepted), Ordering::Relaxed);
    }

    /// Counts states that newer ones replaced.
    pub fn replace(&self, readings: u64) {
        self.replaced.fetch_add(readings, Ordering::Relaxed);
    }

    /// Counts readings that will never be stored.
    pub fn lose(&self, readings: u64) {
        self.lost.fetch_add(readings, Ordering::Relaxed);
    }

    /// The number of readings that will never be stored.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// True for a sink that has a balance.
    pub fn is_open(&self) -> bool {
        self.kind.get().is_some()
    }

    fn unstored(&self) -> u64 {
        let SinkBacklog { waiting, lost } = self.backlog();
        waiting.saturating_sub(self.balance().on_disk) + lost
    }

    /// The readings that are not stored. A sink without a balance has those in its queue.
    pub fn backlog(&self) -> SinkBacklog {
        let waiting = match self.is_open() {
            true => {
                let balance = self.balance();
                balance.in_memory() + balance.on_disk
            }
            false => self.queue.get().map_or(0, QueueWatch::waiting),
        };
        SinkBacklog { waiting, lost: self.lost() }
    }

    /// The state of the account.
    pub fn balance(&self) -> SinkBalance {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        SinkBalance {
            accepted: count(&self.accepted) + count(&self.found),
            stored: count(&self.stored),
            on_disk: count(&self.on_disk),
            replaced: count(&self.replaced),
            lost: count(&self.lost),
            kind: self.kind.get().copied().unwrap_or_default(),
        }
    }
}

impl SinkBalance {
    /// The readings that wait in memory: those that are nowhere else. At the end of a run there are none.
    #[must_use]
    pub const fn in_memory(&self) -> u64 {
        self.accepted.saturating_sub(self.stored + self.on_disk + self.replaced + self.lost)
    }

    /// True if no reading waits and none is lost.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.stored + self.replaced >= self.accepted
    }

    const fn add(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.stored += more.stored;
        self.on_disk += more.on_disk;
        self.replaced += more.replaced;
        self.lost += more.lost;
    }
}

impl fmt::Display for SinkBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, stored, on_disk, replaced, lost, kind } = self;
        write!(f, "{}: ", counted(*accepted, "reading"))?;
        match kind {
            AccountKind::History => write!(f, "{stored} stored, {on_disk} on the disk, ")?,
            AccountKind::State => write!(f, "{stored} sent, {replaced} replaced by newer ones, ")?,
        }
        write!(f, "{lost} lost")?;
        match self.in_memory() {
            0 => Ok(()),
            waiting => write!(f, ", {waiting} in memory"),
        }
    }
}
