//! The last invocation counters of a meter, and the content that came with each.

use serde_json::{Value, json};

/// The last counters, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentCounters {
    known: Vec<(u64, u64)>,
    /// No known counter is higher.
    highest: u64,
}

/// The most counters. A telegram is repeated soon, if at all.
const MOST: usize = 32;

impl RecentCounters {
    /// The content that came with this counter, as a number.
    pub(super) fn content(&self, counter: u64) -> Option<u64> {
        // Counters rise, nearly always.
        if counter > self.highest {
            return None;
        }
        self.known.iter().rfind(|(known, _)| *known == counter).map(|(_, content)| *content)
    }

    /// Notes a counter that is not known.
    pub(super) fn note(&mut self, counter: u64, content: u64) {
        if self.content(counter).is_none() {
            if self.known.len() == MOST {
                self.known.remove(0);
            }
            self.known.push((counter, content));
            self.highest = self.highest.max(counter);
        }
    }

    pub(super) fn state(&self) -> Value {
        self.known.iter().map(|(counter, content)| json!([counter, content])).collect()
    }

    pub(super) fn restore(pairs: &[Value]) -> Self {
        let number = |pair: &Value, at: usize| pair.get(at)?.as_u64();
        let pairs = pairs.iter().filter_map(|it| Some((number(it, 0)?, number(it, 1)?)));
        let known: Vec<_> = pairs.take(MOST).collect();
        let highest = known.iter().map(|(counter, _)| *counter).max().unwrap_or_default();
        Self { known, highest }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
