//! The lines that wait for the server, the oldest first.

use std::{collections::VecDeque, time::Instant};

/// Lines with the time of their arrival.
#[derive(Debug, Default)]
pub struct PendingLines {
    lines: VecDeque<(Instant, Box<[u8]>)>,
    octets: usize,
}

/// The memory for a line besides its text: its place in the queue and in the heap.
const OVERHEAD: usize = 48;

/// The most memory for all of them.
const MOST_OCTETS: usize = 8 * 1024 * 1024;

impl PendingLines {
    pub fn push(&mut self, line: &[u8]) {
        self.octets += line.len() + OVERHEAD;
        self.lines.push_back((Instant::now(), line.into()));
    }

    /// Puts lines in front of the others, in order.
    pub fn push_front(&mut self, lines: Vec<Box<[u8]>>) {
        for line in lines.into_iter().rev() {
            self.octets += line.len() + OVERHEAD;
            self.lines.push_front((Instant::now(), line));
        }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// True if there is no room for more.
    pub const fn is_full(&self) -> bool {
        self.octets >= MOST_OCTETS
    }

    /// True if half the room is taken.
    pub const fn is_crowded(&self) -> bool {
        self.octets >= MOST_OCTETS / 2
    }

    /// The arrival of the oldest line after the first `skipped` ones.
    pub fn since(&self, skipped: usize) -> Option<Instant> {
        self.lines.get(skipped).map(|(since, _)| *since)
    }

    /// The lines after the first `skipped` ones.
    pub fn iter(&self, skipped: usize) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().skip(skipped).map(|(_, line)| line.as_ref())
    }

    /// Drops all lines but the first `kept` ones.
    pub fn truncate(&mut self, kept: usize) {
        for (_, line) in self.lines.drain(kept.min(self.lines.len())..) {
            self.octets = self.octets.saturating_sub(line.len() + OVERHEAD);
        }
    }

    /// The first lines as one text.
    pub fn text(&self, count: usize) -> Vec<u8> {
        let mut text = Vec::new();
        self.lines.iter().take(count).for_each(|(_, line)| text.extend_from_slice(line));
        text
    }

    /// Drops the first lines.
    pub fn remove(&mut self, count: usize) {
        for (_, line) in self.lines.drain(..count.min(self.lines.len())) {
            self.octets = self.octets.saturating_sub(line.len() + OVERHEAD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_may_come_before_and_go_from_behind() {
        let mut pending = PendingLines::default();
        pending.push(b"3\n");
        pending.push_front([&b"1\n"[..], b"2\n"].map(Box::from).to_vec());
        assert_eq!((pending.text(9), pending.iter(1).count()), (b"1\n2\n3\n".to_vec(), 2));
        assert!(pending.since(2).is_some() && pending.since(3).is_none());
        pending.truncate(2);
        assert_eq!((pending.text(9), pending.octets), (b"1\n2\n".to_vec(), 2 * (2 + OVERHEAD)));
    }

    #[test]
    fn lines_leave_in_the_order_in_which_they_came_and_memory_has_an_end() {
        let mut pending = PendingLines::default();
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
        assert!(pending.is_empty() && pending.octets == 0 && pending.since(0).is_none());
    }
}
