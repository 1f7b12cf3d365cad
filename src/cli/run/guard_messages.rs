//! What the guard before the sinks has to say.

use std::time::{Duration, Instant};

use crate::cli::run::messages::Messages;
use meterpipe::sink::guard::verdict::Verdict;

/// What the guard has to say: ten a minute, and how many more there were.
#[derive(Debug, Default)]
pub struct GuardMessages {
    texts: Vec<String>,
    since: Option<Instant>,
    told: u64,
    untold: u64,
}

const MINUTE: Duration = Duration::from_secs(60);
const MOST: u64 = 10;

impl GuardMessages {
    /// Takes what it says of a telegram.
    pub fn take(&mut self, verdict: &Verdict) {
        let Some(text) = verdict.message() else {
            return;
        };
        if self.told < MOST || verdict.passes() {
            self.told += 1;
            self.since.get_or_insert_with(Instant::now);
            self.texts.push(text.to_owned());
        } else {
            self.untold += 1;
        }
    }

    /// Tells what is new, and each minute how many more there were.
    pub fn tell(&mut self, messages: &Messages) {
        for text in self.texts.drain(..) {
            messages.say(&text);
        }
        if self.since.is_some_and(|since| since.elapsed() >= MINUTE) {
            self.sum_up(messages);
        }
    }

    /// Tells how many more there were, and starts over.
    pub fn sum_up(&mut self, messages: &Messages) {
        if self.untold > 0 {
            messages.say(&format!("{} more readings were doubted like these", self.untold));
        }
        *self = Self::default();
    }
}
