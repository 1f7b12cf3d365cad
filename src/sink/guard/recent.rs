//! The last invocation counters of a meter, and the content that came with each.

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

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
