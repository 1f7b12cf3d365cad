//! A sink in a thread of its own, behind a queue of its own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cli::run::{
    messages::Messages,
    status::{Status, Stop},
};
use meterpipe::{
    counted::counted,
    file_error,
    format::readings::Readings,
    sink::{
        accounts::{AccountKind, Accounts, SinkAccount},
        event::SinkEvent,
        queue::{self, QueueSender},
        registry::ConfiguredSink,
        throttle::Throttle,
        traits::Report,
    },
};

/// The capacity of a queue: an hour and a half of a meter that pushes every five seconds.
const CAPACITY: usize = 1024;

/// The time between two looks at a thread that is to end.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running sink.
#[derive(Debug)]
pub struct SinkThread {
    /// The name of the sink in messages.
    pub name: String,
    /// The digest of its settings.
    pub digest: u64,
    /// The place where it stores readings.
    pub place: String,
    /// The sink gets only telegrams that the guard passes.
    pub guarded: bool,
    throttle: Throttle,
    form_of_registers: Option<&'static str>,
    queue: QueueSender,
    account: Arc<SinkAccount>,
    incomplete: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<String>>>,
    thread: JoinHandle<()>,
}

/// The sinks whose place a new one takes. They may use the same file, spool or port, so the new one
/// collects readings in its queue until they have ended, or until a time at which they should have.
#[derive(Clone, Debug)]
pub struct Predecessors {
    /// The sinks.
    pub sinks: Vec<Arc<SinkThread>>,
    /// The time.
    pub until: Instant,
}

impl Predecessors {
    fn wait(self) {
        while Instant::now() < self.until && self.sinks.iter().any(|sink| !sink.is_finished()) {
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl SinkThread {
    /// Starts a sink, which reports to `reports` and has an account among the others.
    pub fn start(
        sink: ConfiguredSink,
        predecessors: Option<Predecessors>,
        accounts: &Accounts,
        reports: Sender<String>,
    ) -> Result<Self, Stop> {
        let ConfiguredSink { name, place, throttle, guarded, digest, sink } = sink;
        let failed =
            |error| Stop::Failed(Status::Output, format!("{name}: {}", file_error::plain(&error)));
        let (queue, receiver) = queue::queue(CAPACITY).map_err(failed)?;
        let account = accounts.open(&name);
        account.watch(queue.watch());
        let incomplete = Arc::new(AtomicBool::new(false));
        let trouble = Arc::<Mutex<Option<String>>>::default();
        let report = SinkReport {
            name: name.clone(),
            reports,
            account: account.clone(),
            incomplete: incomplete.clone(),
            trouble: trouble.clone(),
        };
        let form_of_registers = sink.form_of_registers();
        let thread = thread::Builder::new().name("sink".to_owned());
        let thread = thread.spawn(move || {
            predecessors.into_iter().for_each(Predecessors::wait);
            sink.run(receiver, &report);
        });
        let thread = thread.map_err(failed)?;
        Ok(Self {
            name,
            digest,
            place,
            guarded,
            throttle,
            form_of_registers,
            queue,
            account,
            incomplete,
            trouble,
            thread,
        })
    }

    /// Hands readings to the sink if its throttle passes them. With `waits` a full queue holds up the
    /// caller as long as that is true and the sink is at work.
    pub fn put(&mut self, readings: &Arc<Readings>, waits: Option<&dyn Fn() -> bool>) {
        if self.throttle.passes(readings) {
            self.account.accept();
            let event = SinkEvent::Readings(readings.clone());
            match waits {
                Some(waits) => self.queue.put_while(event, waits),
                None => self.queue.put_now(event),
            }
        }
    }

    /// The reason why intervals have no place here, if there is one.
    pub fn refuses_intervals(&self, go_on: bool) -> Option<String> {
        let name = &self.name;
        if let Some(form) = self.form_of_registers {
            return Some(format!(
                "{name}: {form} holds registers, and the energy of an interval is none: publish readings there, \
                 and intervals to other sinks (--to)"
            ));
        }
        let option = self.throttle.thinning().filter(|_| !go_on)?;
        Some(format!(
            "{name}: {option} thins out telegrams, and an interval is none: quarters --every sets its length"
        ))
    }

    /// Keeps a file from waiting for this sink.
    pub fn run_ahead(&self) {
        self.queue.run_ahead();
    }

    /// True while the sink is blocked and its queue is full.
    pub fn holds_up(&self) -> bool {
        self.queue.holds_up()
    }

    /// The reason why the sink can store nothing at present.
    pub fn trouble(&self) -> Option<String> {
        // A text is replaced as a whole, so that of a failed thread is whole too.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the sink to open its files again.
    pub fn reopen(&self) {
        self.queue.put_now(SinkEvent::Reopen);
    }

    /// Asks the sink to store the rest by this time, and to end.
    pub fn end(&self, deadline: Instant) {
        self.queue.end(deadline);
    }

    /// Gives a sink that makes progress more time; returns the time that it has.
    pub fn extend(&self, deadline: Instant) -> Instant {
        self.queue.extend(deadline)
    }

    /// True while the sink, whose time is over, still empties its queue.
    pub fn is_emptied(&self) -> bool {
        self.queue.is_emptied()
    }

    /// True once the sink has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Leaves what is on the disk to the sink that has taken the place of this one.
    pub fn hand_over(&self) {
        self.account.hand_over();
    }

    /// Reports the readings that were not stored. Returns true if there are none.
    pub fn outcome(&self, messages: &Messages) -> bool {
        let (name, is_finished) = (&self.name, self.is_finished());
        if !is_finished {
            messages.fail(&format!("{name}: does not come to its end; perhaps more is missing"));
        }
        // A sink that has ended has counted what was left for it.
        let left = if is_finished { 0 } else { self.queue.left() };
        let lost = self.account.lost() + left;
        if lost > 0 {
            messages.fail(&format!("{name}: {}", not_stored(lost)));
        }
        if self.account.is_open() {
            messages.detail(&format!("{name}: {}", self.account.balance()));
        }
        lost == 0 && is_finished && !self.incomplete.load(Ordering::Relaxed)
    }
}

/// The loss of so many readings.
pub fn not_stored(readings: u64) -> String {
    format!("{} not stored", counted(readings, "reading"))
}

/// The way from the thread of a sink to the messages of the run.
struct SinkReport {
    name: String,
    reports: Sender<String>,
    account: Arc<SinkAccount>,
    incomplete: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Report for SinkReport {
    fn say(&self, text: &str) {
        // The send fails when the run is over and nobody listens.
        let _ = self.reports.send(format!("{}: {text}", self.name));
    }

    fn lost(&self, readings: u64) {
        self.account.lose(readings);
    }

    fn trouble(&self, cause: Option<&str>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = cause.map(str::to_owned);
    }

    fn keeps_account(&self, kind: AccountKind) {
        self.account.open(kind);
    }

    fn stored(&self, readings: u64) {
        self.account.store(readings);
    }

    fn unstored(&self, readings: u64) {
        self.account.unstore(readings);
    }

    fn found(&self, readings: u64) {
        self.account.find(readings);
    }

    fn replaced(&self, readings: u64) {
        self.account.replace(readings);
    }

    fn on_disk(&self, readings: u64) {
        self.account.keep(readings);
    }

    fn incomplete(&self) {
        self.incomplete.store(true, Ordering::Relaxed);
    }
}
