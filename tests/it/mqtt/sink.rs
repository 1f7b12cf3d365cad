//! A sink that runs in a thread of the test, and its messages.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use meterpipe::{
    format::readings::Readings,
    sink::{
        event::SinkEvent,
        kind::BuildContext,
        line_counters::LineCounters,
        mqtt::{announce::Announcer, sink::new},
        queue::{QueueSender, queue},
        settings::{SinkSettings, error::SettingError},
        traits::Sink,
    },
};

use crate::common::sinks::SinkMessages;

/// The longest wait of a test.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The sink of that URI, with an announcer or none.
pub(crate) fn build(
    uri: &str,
    announcer: Option<Box<dyn Announcer>>,
) -> Result<Box<dyn Sink>, SettingError> {
    let (mut settings, counters): (SinkSettings, _) = (uri.parse()?, LineCounters::default());
    let context = BuildContext { run: "", counters: &counters, interval: None };
    let sink = new(&mut settings, &context, |_, _| Ok(announcer))?;
    settings.finish()?;
    Ok(sink)
}

/// A sink at work.
pub(crate) struct Running {
    outbox: Option<QueueSender>,
    thread: Option<JoinHandle<()>>,
    messages: Arc<SinkMessages>,
}

impl Running {
    /// From a URI as a user writes it.
    pub(crate) fn start(uri: &str) -> Self {
        Self::announcing(uri, None)
    }

    /// With an announcer.
    pub(crate) fn announcing(uri: &str, announcer: Option<Box<dyn Announcer>>) -> Self {
        let sink = build(uri, announcer).unwrap();
        let (outbox, inbox) = queue(100).unwrap();
        let messages = Arc::new(SinkMessages::default());
        let report = messages.clone();
        let thread = thread::spawn(move || sink.run(inbox, &*report));
        Self { outbox: Some(outbox), thread: Some(thread), messages }
    }

    /// Hands it a reading of the meter 181220000009.
    pub(crate) fn put(&self, power: usize) {
        self.put_line(&format!("{{\"meter\":\"181220000009\",\"power_net_w\":{power}}}"));
    }

    pub(crate) fn put_line(&self, line: &str) {
        let readings = Readings::parse(line.as_bytes()).unwrap();
        self.outbox.as_ref().unwrap().put(SinkEvent::Readings(Arc::new(readings)));
    }

    /// The messages so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.messages.texts()
    }

    /// The number of lost readings.
    pub(crate) fn lost(&self) -> u64 {
        self.messages.lost()
    }

    /// Waits for a message that contains `part`.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let find = || self.messages().into_iter().find(|text| text.contains(part));
        until(find).unwrap_or_else(|| panic!("{part:?} is not in {:#?}", self.messages()))
    }

    /// Ends the sink within that time; returns its messages and the number of lost readings.
    pub(crate) fn end(mut self, within: Duration) -> (Vec<String>, u64) {
        let start = Instant::now();
        self.outbox.as_ref().unwrap().end(start + within);
        self.thread.take().unwrap().join().unwrap();
        assert!(start.elapsed() < within + Duration::from_secs(5), "{:?}", start.elapsed());
        (self.messages(), self.lost())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take() {
            outbox.end(Instant::now());
        }
    }
}

/// Waits for a value, up to the limit.
pub(crate) fn until<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(found) = find() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}
