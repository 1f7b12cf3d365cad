//! A stage: records in, text and messages out.

use std::{os::fd::BorrowedFd, time::Duration};

use crate::cli::run::{
    context::{Context, Ending},
    status::{Status, Stop},
};
use meterpipe::{
    chain::event::Refusal,
    error::Error,
    link::registry::LinkChoice,
    record::{Place, Record},
};

/// Work that goes on while an input is silent.
pub trait Task {
    /// Called at every wake-up, and at least once within [`tick_interval`](Self::tick_interval).
    fn tick(&mut self, context: &mut Context) {
        let _ = context;
    }

    /// The longest time between two ticks.
    fn tick_interval(&self) -> Duration {
        Duration::MAX
    }

    /// Appends what a status line should say about the task, each part behind `; `.
    fn add_status(&self, text: &mut String) {
        let _ = text;
    }

    /// The keyboard, if the task takes keys: it is ticked when there are some.
    fn keyboard(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// True once a signal or a key has asked the task to end; a task that takes neither says false.
    fn is_asked_to_end(&self) -> bool {
        false
    }
}

/// Takes records and appends to the output of its context.
pub trait Stage: Task {
    /// Takes a record.
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context);

    /// Ends an input, or the octets of a source.
    fn end(&mut self, context: &mut Context);

    /// Takes a part of the input that holds no record.
    fn refused(&mut self, refusal: &Refusal<'_>, context: &mut Context) {
        context.refused(refusal);
    }

    /// Takes a remark about the input.
    fn remark(&mut self, text: &str, context: &mut Context) {
        context.messages.say(text);
    }

    /// Hands out everything that came of the records so far.
    fn settle(&mut self, context: &mut Context) {
        let _ = context;
    }

    /// Tells the stage that its records come from a live source.
    fn start_live(&mut self) {}

    /// Tells the stage that all live sources have been silent for so long.
    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        let _ = (silent, context);
    }

    /// Frames that passed their checks so far.
    fn frames(&self) -> u64 {
        0
    }

    /// The link layers that a source may have, by its name in records.
    fn links(&self, from: &str) -> LinkChoice {
        let _ = from;
        LinkChoice::Auto
    }

    /// The telegram that the end of the input cut off.
    fn partial(&self) -> Option<Error> {
        None
    }

    /// Ends the run; false if not everything was stored.
    fn finish(&mut self, context: &mut Context) -> bool {
        let _ = context;
        true
    }
}

/// Ends a run: the stage writes its rest, and the context prints the summary.
pub fn finish(mut context: Context, result: Result<(), Stop>, stage: &mut dyn Stage) -> Status {
    let not_stored = !stage.finish(&mut context);
    context.finish(result, Ending { partial: stage.partial(), not_stored })
}
