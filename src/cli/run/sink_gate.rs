//! The guard in front of sinks, with its memory and its messages.

use std::{sync::Arc, time::Duration};

use crate::cli::run::{
    context::Context, guard_memory::GuardMemory, guard_messages::GuardMessages, messages::Messages,
};
use meterpipe::{
    format::readings::Readings,
    sink::{
        accounts::InputAccount,
        guard::{evidence::TelegramEvidence, guard::Guard},
    },
};

/// The guard keeps the first telegram of a meter for this time if no other comes: three times the interval
/// of all known meters.
const FIRST_KEPT_FOR: Duration = Duration::from_secs(15);

/// The guard. Each step hands on the readings that pass with it, in their order.
#[derive(Debug, Default)]
pub struct SinkGate {
    guard: Guard,
    messages: GuardMessages,
    memory: Option<GuardMemory>,
}

impl SinkGate {
    /// Uses the memory of the guard from now on, which this machine keeps from one run to the next;
    /// `sinks` are the places of the sinks of this run.
    pub fn remember(&mut self, sinks: Vec<String>) {
        self.memory = self.memory.take().or_else(GuardMemory::find);
        if let Some(memory) = &mut self.memory {
            memory.sinks = sinks;
        }
    }

    /// Checks the readings of a telegram. The sinks that have it from an earlier run are named beside it.
    pub fn judge(
        &mut self,
        readings: &Arc<Readings>,
        evidence: &TelegramEvidence<'_>,
        mut pass_on: impl FnMut(&Arc<Readings>, &[String]),
    ) {
        let memory = self.memory.as_mut();
        let message = memory.and_then(|memory| memory.recall(readings, &mut self.guard));
        message.into_iter().for_each(|text| self.messages.say(text));
        let verdict = self.guard.check(readings, evidence);
        self.messages.take(&verdict);
        for other in &verdict.other {
            pass_on(&Arc::new(other.unconfirmed()), &verdict.stored_in);
        }
        verdict.earlier.iter().for_each(|earlier| pass_on(earlier, &[]));
        if verdict.passes() {
            pass_on(readings, &verdict.stored_in);
        }
    }

    /// The work of every second or so: hands on the first telegrams that were kept long enough, writes the
    /// memory, prints messages.
    pub fn tick(&mut self, messages: &Messages, mut pass_on: impl FnMut(&Arc<Readings>)) {
        for first in self.guard.kept(FIRST_KEPT_FOR) {
            pass_on(&Arc::new(first.unconfirmed()));
        }
        let message = self.memory.as_mut().and_then(|memory| memory.keep(&self.guard));
        message.into_iter().for_each(|text| self.messages.say(text));
        self.messages.print(messages);
    }

    /// Hands on what is kept at the end, writes the memory, and prints the last messages.
    pub fn end(&mut self, messages: &Messages, mut pass_on: impl FnMut(&Arc<Readings>)) {
        // The next run confirms it, if this one is remembered.
        let is_remembered = self.memory.as_ref().is_some_and(GuardMemory::is_in_use);
        for first in self.guard.end() {
            let first = if is_remembered { Arc::new(first.unconfirmed()) } else { first };
            pass_on(&first);
        }
        let message = self.memory.as_mut().and_then(|memory| memory.write(&self.guard));
        message.into_iter().for_each(|text| self.messages.say(text));
        self.messages.print(messages);
        self.messages.finish(self.guard.counts(), messages);
    }

    /// The account of the input.
    pub fn account(&self, context: &Context) -> InputAccount {
        let tally = &context.tally;
        let held = self.guard.counts().iter().map(|(reason, count)| (reason.name(), count));
        InputAccount {
            octets: tally.octets,
            discarded: tally.noise,
            telegrams: tally.telegrams,
            held: held.collect(),
            rejected: context.messages.rejected().collect(),
        }
    }

    /// The guard itself.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }
}
