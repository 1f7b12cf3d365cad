//! The sinks of a run as a consumer of telegrams.

use std::time::Duration;

use crate::cli::run::{context::Context, decoder::TelegramConsumer, sinks::Sinks, stage::Task};
use meterpipe::{chain::event::Refusal, format::entry::OutputTelegram, link::registry::LinkKind};

/// The longest time between two looks at the sinks.
pub const TICK: Duration = Duration::from_secs(1);

/// The sinks, until the run ends.
pub struct SinkOutput {
    sinks: Option<Sinks>,
    frames_damaged: u64,
}

impl SinkOutput {
    /// Counts damaged frames from now on.
    pub fn start(sinks: Sinks) -> Self {
        sinks.frames_are_damaged(0);
        Self { sinks: Some(sinks), frames_damaged: 0 }
    }
}

impl Task for SinkOutput {
    fn tick(&mut self, context: &mut Context) {
        self.sinks.iter_mut().for_each(|sinks| sinks.tick(context));
    }

    fn tick_interval(&self) -> Duration {
        TICK
    }

    fn add_status(&self, text: &mut String) {
        self.sinks.iter().for_each(|sinks| sinks.add_status(text));
    }

    fn is_asked_to_end(&self) -> bool {
        self.sinks.as_ref().is_some_and(Sinks::is_asked_to_end)
    }
}

impl TelegramConsumer for SinkOutput {
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, context: &mut Context) {
        if let Some(sinks) = &mut self.sinks {
            if context.can_wait {
                sinks.wait_for_room(&context.messages);
            }
            sinks.telegram(telegram);
        }
    }

    fn refused(&mut self, refusal: &Refusal<'_>) {
        self.frames_damaged += u64::from(LinkKind::has(refusal.error.layer));
        self.sinks.iter().for_each(|sinks| sinks.frames_are_damaged(self.frames_damaged));
    }

    fn start_live(&mut self) {
        self.sinks.iter_mut().for_each(Sinks::start_live);
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        finish(self.sinks.take(), context)
    }
}

/// Lets the sinks store their rest, and counts what the guard refused; false if something was not
/// stored.
pub fn finish(sinks: Option<Sinks>, context: &mut Context) -> bool {
    let outcome = sinks.map(|sinks| sinks.finish(context));
    note_held(outcome.map_or(0, |outcome| outcome.refused), context);
    outcome.is_none_or(|outcome| outcome.stored)
}

/// Counts telegrams that the guard refused.
pub const fn note_held(held: u64, context: &mut Context) {
    context.tally.held += held;
    context.tally.rejected += held;
}
