//! The last invocation counters of a meter, and the content that came with each.

use serde_json::{Value, json};

/// The last counters, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentCounters(Vec<(u64, u64)>);

/// The most counters. A telegram is repeated soon, if at all.
const MOST: usize = 32;

impl RecentCounters {
    /// The content that came with this counter, as a number.
    pub(super) fn content(&self, counter: u64) -> Option<u64> {
        self.0.iter().rfind(|(known, _)| *known == counter).map(|(_, content)| *content)
    }

    /// Notes a counter that is not known.
    pub(super) fn note(&mut self, counter: u64, content: u64) {
        if self.content(counter).is_none() {
            if self.0.len() == MOST {
                self.0.remove(0);
            }
            self.0.push((counter, content));
        }
    }

    pub(super) fn state(&self) -> Value {
        self.0.iter().map(|(counter, content)| json!([counter, content])).collect()
    }

    pub(super) fn restore(pairs: &[Value]) -> Self {
        let number = |pair: &Value, at: usize| pair.get(at)?.as_u64();
        let pairs = pairs.iter().filter_map(|it| Some((number(it, 0)?, number(it, 1)?)));
        Self(pairs.take(MOST).collect())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
