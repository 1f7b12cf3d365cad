//! The lines that wait for the server, the oldest first.

use std::{collections::VecDeque, time::Instant};

/// Lines and when they came.
#[derive(Debug, Default)]
pub(super) struct Pending {
    lines: VecDeque<(Instant, Box<[u8]>)>,
    octets: usize,
}

/// What a line takes beside its text: its place in the queue, and in the heap.
const OVERHEAD: usize = 48;

/// How much memory all of them may take.
const MOST_OCTETS: usize = 8 * 1024 * 1024;

impl Pending {
    pub(super) fn push(&mut self, line: &[u8]) {
        self.octets += line.len() + OVERHEAD;
        self.lines.push_back((Instant::now(), line.into()));
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there is no room for more.
    pub(super) const fn is_full(&self) -> bool {
        self.octets >= MOST_OCTETS
    }

    /// When the oldest line came.
    pub(super) fn since(&self) -> Option<Instant> {
        self.lines.front().map(|(since, _)| *since)
    }

    /// The first lines in one piece.
    pub(super) fn text(&self, count: usize) -> Vec<u8> {
        let mut text = Vec::new();
        self.lines.iter().take(count).for_each(|(_, line)| text.extend_from_slice(line));
        text
    }

    /// Forgets the first lines.
    pub(super) fn remove(&mut self, count: usize) {
        for (_, line) in self.lines.drain(..count.min(self.lines.len())) {
            self.octets = self.octets.saturating_sub(line.len() + OVERHEAD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_in_the_order_in_which_they_came_and_memory_has_an_end() {
        let mut pending = Pending::default();
        let mut count = 0;
        while !pending.is_full() {
            pending.push(format!("{count:0300}\n").as_bytes());
            count += 1;
        }
        assert_eq!((pending.len(), count), (24_037, 24_037), "8 MiB of 349 octets");
        assert!(pending.text(2).starts_with(format!("{:0300}\n{:0300}", 0, 1).as_bytes()));
        pending.remove(2);
        assert!(!pending.is_full() && pending.text(1).ends_with(b"02\n"));
        pending.remove(usize::MAX);
        assert!(pending.is_empty() && pending.octets == 0 && pending.since().is_none());
    }
}
