//! Sinks that show on standard output what they would get.
//!
//! ```text
//! mqtt://broker.home⇥meterpipe/181220000009/state⇥{"schema":1,…}
//! ```

use std::{sync::Arc, time::Duration};

use crate::cli::run::{
    context::Context,
    decoder::TelegramConsumer,
    messages::Messages,
    sink_gate::SinkGate,
    sink_output::{TICK, note_held},
    stage::Task,
};
use meterpipe::{
    chain::event::Refusal,
    format::{entry::OutputTelegram, key::Meta, printable::printable, readings::Readings},
    link::registry::LinkKind,
    sink::{
        guard::evidence::TelegramEvidence,
        line_counters::LineCounters,
        registry::ConfiguredSink,
        traits::{Report, SinkPreview},
    },
};

/// The sinks of a run that sends and writes nothing.
pub struct DryRun {
    sinks: Vec<ConfiguredSink>,
    /// The guard, without a memory: nothing is kept for the next run.
    gate: SinkGate,
    counters: LineCounters,
    frames_damaged: u64,
}

impl DryRun {
    /// With these sinks, none of which is started.
    pub fn start(sinks: Vec<ConfiguredSink>, counters: LineCounters) -> Self {
        counters.frames_are_damaged(0);
        Self { sinks, gate: SinkGate::default(), counters, frames_damaged: 0 }
    }
}

impl Task for DryRun {
    fn tick(&mut self, context: &mut Context) {
        let Self { sinks, gate, .. } = self;
        let Context { output, messages, .. } = context;
        gate.tick(messages, |passed| show(sinks, passed, true, messages, &mut output.text));
    }

    fn tick_interval(&self) -> Duration {
        TICK
    }
}

impl TelegramConsumer for DryRun {
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, context: &mut Context) {
        let Some(readings) = Readings::of(telegram) else {
            return;
        };
        self.counters.note(&readings);
        let number = readings.meta(Meta::Meter);
        self.counters.meter_names().note(number, telegram.attributes.from);
        self.counters.accounts().set_input(self.gate.account(context));
        let readings = Arc::new(readings);
        let Self { sinks, gate, .. } = self;
        let Context { output, messages, .. } = context;
        show(sinks, &readings, false, messages, &mut output.text);
        if sinks.iter().any(|sink| sink.guarded) {
            gate.judge(&readings, &TelegramEvidence::of(telegram), |passed, _| {
                show(sinks, passed, true, messages, &mut output.text);
            });
        }
    }

    fn refused(&mut self, refusal: &Refusal<'_>) {
        self.frames_damaged += u64::from(LinkKind::has(refusal.error.layer));
        self.counters.frames_are_damaged(self.frames_damaged);
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        let Self { sinks, gate, .. } = self;
        let Context { output, messages, .. } = &mut *context;
        gate.end(messages, |passed| show(sinks, passed, true, messages, &mut output.text));
        note_held(gate.guard().refused(), context);
        true
    }
}

/// Appends what the guarded sinks, or the others, would get of these readings.
fn show(
    sinks: &mut [ConfiguredSink],
    readings: &Arc<Readings>,
    guarded: bool,
    messages: &Messages,
    text: &mut Vec<u8>,
) {
    for sink in sinks.iter_mut().filter(|sink| sink.guarded == guarded) {
        if sink.throttle.passes(readings) {
            let report = DryRunReport { name: &sink.name, messages };
            for preview in sink.sink.preview(readings, &report) {
                write(&sink.name, &preview, text);
            }
        }
    }
}

/// Appends a line for each line of the content.
fn write(name: &str, SinkPreview { place, content }: &SinkPreview, text: &mut Vec<u8>) {
    let content = String::from_utf8_lossy(content);
    for line in content.strip_suffix('\n').unwrap_or(&content).split('\n') {
        let line = format!("{name}\t{}\t{}\n", printable(place), printable(line));
        text.extend_from_slice(line.as_bytes());
    }
}

/// The reports of a sink that stores nothing.
struct DryRunReport<'a> {
    name: &'a str,
    messages: &'a Messages,
}

impl Report for DryRunReport<'_> {
    fn say(&self, text: &str) {
        self.messages.say(&format!("{}: {text}", self.name));
    }

    fn lost(&self, _: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_sink_and_its_place_in_front() {
        let shown = |place: &str, content: &str| {
            let (place, content) = (place.to_owned(), content.as_bytes().to_vec());
            let mut text = Vec::new();
            write("file:a", &SinkPreview { place, content }, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(shown("a", "1\n"), "file:a\ta\t1\n");
        assert_eq!(shown("a", "1\n\n2"), "file:a\ta\t1\nfile:a\ta\t\nfile:a\ta\t2\n");
        assert_eq!(shown("a\nb", ""), "file:a\ta\\u{a}b\t\n");
    }
}
