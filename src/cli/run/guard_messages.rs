//! The messages of the guard in front of the sinks.

use std::time::{Duration, Instant};

use crate::cli::run::messages::Messages;
use meterpipe::counted::{counted, verb};
use meterpipe::sink::guard::verdict::{RefusalCounts, RefusalReason, Verdict};

/// Each reason once a minute, and a summary of the others.
#[derive(Debug, Default)]
pub struct GuardMessages {
    texts: Vec<String>,
    since: Option<Instant>,
    /// The reasons that were explained in this minute.
    explained: Vec<RefusalReason>,
    /// Telegrams since, whose reason was explained.
    others: u64,
    /// Telegrams in doubt that were explained one by one, in the whole run.
    told: u64,
}

const MINUTE: Duration = Duration::from_secs(60);

impl GuardMessages {
    /// Takes a message for people.
    pub fn say(&mut self, text: String) {
        self.texts.push(text);
    }

    /// Takes the verdict on a telegram.
    pub fn take(&mut self, verdict: &Verdict) {
        self.texts.extend(verdict.remark.clone());
        let (Some(text), Some(reason)) = (&verdict.text, verdict.reason) else {
            return;
        };
        self.since.get_or_insert_with(Instant::now);
        let is_known = self.explained.contains(&reason);
        if verdict.passes() || !is_known {
            self.texts.push(text.clone());
            self.told += u64::from(!verdict.passes());
            self.explained.extend((!is_known).then_some(reason));
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
            if self.others > 0 {
                messages.say(&format!(
                    "{} {} doubted like these",
                    counted(self.others, "more reading"),
                    verb(self.others, "was", "were")
                ));
            }
            (self.others, self.since) = (0, None);
            self.explained.clear();
        }
    }

    /// Prints the number of telegrams that did not pass, by reason, unless each of them was
    /// explained.
    pub fn finish(&mut self, counts: &RefusalCounts, messages: &Messages) {
        let total: u64 = counts.iter().map(|(_, count)| count).sum();
        if total > 0 && total != self.told {
            let reasons = counts.iter().map(|(reason, count)| format!("{} {count}", reason.name()));
            let reasons = reasons.collect::<Vec<_>>().join(", ");
            let total = counted(total, "telegram");
            messages.say(&format!("the guard left out {total}: {reasons}"));
        }
    }
}
