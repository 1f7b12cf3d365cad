//! A sink as `publish` runs it: in a thread, behind its queue.

use super::secrets;
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use meterpipe::{
    format::readings::Readings,
    sink::{
        accounts::{AccountKind, SinkAccount, SinkBalance},
        event::SinkEvent,
        line_counters::LineCounters,
        queue::{QueueSender, queue},
        registry,
        settings::error::SettingError,
        traits::{Report, Sink},
    },
};

/// The messages of a sink.
#[derive(Debug, Default)]
pub struct SinkMessages {
    texts: Mutex<Vec<String>>,
    lost: AtomicU64,
    account: SinkAccount,
}

impl Report for SinkMessages {
    fn say(&self, text: &str) {
        self.texts.lock().unwrap().push(text.to_owned());
    }

    fn lost(&self, readings: u64) {
        self.lost.fetch_add(readings, Ordering::SeqCst);
        self.account.lose(readings);
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

    fn replaced(&self, readings: u64) {
        self.account.replace(readings);
    }

    fn found(&self, readings: u64) {
        self.account.find(readings);
    }

    fn on_disk(&self, readings: u64) {
        self.account.keep(readings);
    }
}

impl SinkMessages {
    /// All of it, without any secret.
    pub fn texts(&self) -> Vec<String> {
        self.texts.lock().unwrap().iter().cloned().map(secrets::open).collect()
    }

    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }
}

/// The longest wait of a test.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A sink at work.
pub struct Running {
    pub messages: Arc<SinkMessages>,
    outbox: QueueSender,
    thread: Option<JoinHandle<()>>,
}

/// Starts the sink of that URI behind a queue of that capacity.
pub fn start(uri: &str, capacity: usize) -> Running {
    let sink = build(uri).unwrap();
    let (outbox, inbox) = queue(capacity).unwrap();
    let messages = Arc::new(SinkMessages::default());
    let report = messages.clone();
    let thread = Some(thread::spawn(move || sink.run(inbox, &*report)));
    Running { messages, outbox, thread }
}

/// The mistake for which a sink is refused.
pub fn refused(uri: &str) -> String {
    build(uri).err().map(|error| error.to_string()).unwrap_or_default()
}

/// The sink of that URI.
pub fn build(uri: &str) -> Result<Box<dyn Sink>, SettingError> {
    registry::build(uri.parse()?, "", &LineCounters::default()).map(|built| built.sink)
}

impl Running {
    /// Readings, as a line of JSON.
    pub fn put(&self, line: &str) {
        self.messages.account.accept();
        self.outbox.put(SinkEvent::Readings(Arc::new(Readings::parse(line.as_bytes()).unwrap())));
    }

    /// The same as a live producer, which does not wait.
    pub fn put_live(&self, line: &str) {
        let readings = Readings::parse(line.as_bytes()).unwrap();
        self.messages.account.accept();
        self.outbox.put_now(SinkEvent::Readings(Arc::new(readings)));
    }

    /// Readings of the meter 181220000009.
    pub fn put_power(&self, power: usize) {
        self.put(&format!("{{\"meter\":\"181220000009\",\"power_net_w\":{power}}}"));
    }

    /// The messages so far.
    pub fn messages(&self) -> Vec<String> {
        self.messages.texts()
    }

    /// Waits for a message that contains `part`.
    pub fn wait_for_message(&self, part: &str) -> String {
        let find = || self.messages().into_iter().find(|text| text.contains(part));
        until(find).unwrap_or_else(|| panic!("{part:?} is not in {:#?}", self.messages()))
    }

    pub fn reopen(&self) {
        self.outbox.put(SinkEvent::Reopen);
    }

    /// Ends the sink and waits for it; returns its messages and the number of lost readings.
    pub fn end(mut self, patience: Duration) -> (Vec<String>, u64) {
        let start = Instant::now();
        self.outbox.end(start + patience);
        self.thread.take().unwrap().join().unwrap();
        assert!(start.elapsed() < patience + Duration::from_secs(5), "{:?}", start.elapsed());
        let account = self.messages.account.balance();
        let SinkBalance { accepted, stored, on_disk, replaced, lost, .. } = account;
        if self.messages.account.is_open() {
            assert_eq!(accepted, stored + on_disk + replaced + lost, "{account}");
        }
        (self.messages.texts(), self.messages.lost())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.outbox.end(Instant::now());
    }
}

/// Waits for a value, up to the limit.
pub fn until<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(found) = find() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Two telegrams of each of so many meters, as lines of JSON: all meters, and all again.
pub fn village(meters: usize) -> String {
    let line = |number: usize| {
        let (second, meter) = (5 * (number / meters), number % meters);
        format!(
            concat!(
                "{{\"schema\":1,\"time\":\"2026-11-20T12:00:{:02}+01:00\",\"meter\":\"1812{:08}\",",
                "\"energy_import_wh\":{},\"power_net_w\":{}}}\n"
            ),
            second,
            20_000_000 + meter,
            1000 + meter,
            number
        )
    };
    (0..2 * meters).map(line).collect()
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A meter's name that harms where it can, as JSON has it: `a/../+#{{x}}"`, a line feed, and what
/// clears a screen.
pub const HOSTILE: &str = r#"a/../+#{{x}}\"\n\u001b[2J"#;
