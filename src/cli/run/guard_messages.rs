//! The messages of the guard in front of the sinks.

use std::time::{Duration, Instant};

use crate::cli::run::messages::Messages;
use meterpipe::sink::guard::verdict::Verdict;

/// At most ten messages a minute, and the number of the others.
#[derive(Debug, Default)]
pub struct GuardMessages {
    texts: Vec<String>,
    since: Option<Instant>,
    printed: u64,
    others: u64,
}

const MINUTE: Duration = Duration::from_secs(60);
const MOST: u64 = 10;

impl GuardMessages {
    /// Takes the verdict on a telegram.
    pub fn take(&mut self, verdict: &Verdict) {
        let Some(text) = verdict.message() else {
            return;
        };
        if self.printed < MOST || verdict.passes() {
            self.printed += 1;
            self.since.get_or_insert_with(Instant::now);
            self.texts.push(text.to_owned());
        } else {
            self.others += 1;
        }
    }

    /// Prints new messages, and each minute the number of the others.
    pub fn print(&mut self, messages: &Messages) {
        for text in self.texts.drain(..) {
            messages.say(&text);
        }
        if self.since.is_some_and(|since| since.elapsed() >= MINUTE) {
            self.sum_up(messages);
        }
    }

    /// Prints the number of the others, and starts over.
    pub fn sum_up(&mut self, messages: &Messages) {
        if self.others > 0 {
            messages.say(&format!("{} more readings were doubted like these", self.others));
        }
        *self = Self::default();
    }
}
