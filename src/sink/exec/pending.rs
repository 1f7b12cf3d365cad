//! The lines that the program has not read yet.
//!
//! A pipe takes many lines before the program reads them. If the program ends, those go to the next one.
//! The system tells how many octets in the pipe are unread.

use std::collections::VecDeque;

/// The most octets that wait here beside those in the pipe.
const MOST_UNWRITTEN: usize = 16 * 1024;

/// Lines in their order: those in the pipe, then those that wait for room in it.
#[derive(Debug, Default)]
pub(super) struct UnreadLines {
    lines: VecDeque<PendingLine>,
    /// The octets of all lines, one after the other.
    text: VecDeque<u8>,
    /// The octets of them that were written to the program.
    written: usize,
}

#[derive(Debug)]
struct PendingLine {
    octets: usize,
    /// False for a header and for each line but the last one of a telegram.
    ends_telegram: bool,
}

impl UnreadLines {
    /// True if there is room for more lines.
    pub(super) fn has_room(&self) -> bool {
        self.text.len() - self.written < MOST_UNWRITTEN
    }

    /// Appends the text of a telegram.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.lines.push_back(PendingLine { octets: text.len(), ends_telegram: true });
        self.text.extend(text);
    }

    /// Puts text that is no telegram in front of all, for a program that has got nothing yet.
    pub(super) fn put_header(&mut self, header: &[u8]) {
        if !header.is_empty() {
            self.lines.push_front(PendingLine { octets: header.len(), ends_telegram: false });
            header.iter().rev().for_each(|octet| self.text.push_front(*octet));
        }
    }

    /// The next octets to write.
    pub(super) fn unwritten(&self) -> &[u8] {
        let (first, second) = self.text.as_slices();
        match self.written.checked_sub(first.len()) {
            None => first.get(self.written..).unwrap_or_default(),
            Some(written) => second.get(written..).unwrap_or_default(),
        }
    }

    /// Notes that octets were written.
    pub(super) fn write(&mut self, octets: usize) {
        self.written = (self.written + octets).min(self.text.len());
    }

    /// Removes what the program has read: everything that was written except so many octets. Returns the
    /// number of telegrams that it has read whole.
    pub(super) fn settle(&mut self, unread: usize) -> u64 {
        let mut read = self.written.saturating_sub(unread);
        let mut telegrams = 0;
        while let Some(line) = self.lines.front()
            && line.octets <= read
        {
            read -= line.octets;
            self.written -= line.octets;
            self.text.drain(..line.octets);
            telegrams += u64::from(line.ends_telegram);
            self.lines.pop_front();
        }
        telegrams
    }

    /// The octets of the first line that the program has read, once the rest is settled.
    pub(super) fn read_of_first(&self, unread: usize) -> usize {
        self.written.saturating_sub(unread)
    }

    /// Notes that the program has ended, and settles what it had not read: the next one gets it.
    pub(super) fn restart(&mut self, unread: usize) -> u64 {
        let telegrams = self.settle(unread);
        self.written = 0;
        if self.lines.front().is_some_and(|line| !line.ends_telegram)
            && let Some(header) = self.lines.pop_front()
        {
            self.text.drain(..header.octets);
        }
        telegrams
    }

    /// True if everything was written.
    pub(super) fn is_written(&self) -> bool {
        self.written == self.text.len()
    }

    /// The number of telegrams that wait.
    pub(super) fn telegrams(&self) -> u64 {
        self.lines.iter().filter(|line| line.ends_telegram).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(lines: &UnreadLines) -> String {
        let mut text: Vec<_> = lines.text.iter().copied().collect();
        String::from_utf8(text.split_off(lines.written)).unwrap()
    }

    #[test]
    fn a_line_leaves_when_it_is_read_whole_and_others_go_to_the_next_program() {
        let mut lines = UnreadLines::default();
        lines.put_header(b"name\n");
        lines.push(b"1\n");
        lines.push(b"22\n");
        lines.push(b"333\n");
        assert_eq!((lines.telegrams(), rest(&lines).as_str()), (3, "name\n1\n22\n333\n"));
        lines.write(11);
        assert_eq!(lines.settle(5), 0, "the header alone was read");
        assert_eq!(lines.settle(3), 1);
        assert_eq!((lines.telegrams(), rest(&lines).as_str()), (2, "33\n"));
        assert_eq!(lines.restart(2), 0, "a part of a line was read");
        lines.put_header(b"name\n");
        assert_eq!(rest(&lines), "name\n22\n333\n");
        lines.write(2);
        assert_eq!((lines.restart(2), rest(&lines).as_str()), (0, "22\n333\n"));
        lines.write(7);
        assert!(lines.is_written());
        assert_eq!((lines.settle(0), lines.telegrams()), (2, 0));
    }

    #[test]
    fn room_is_what_is_not_written() {
        let mut lines = UnreadLines::default();
        lines.push(&[b'x'; MOST_UNWRITTEN]);
        assert!(!lines.has_room());
        let mut written = 0;
        while !lines.unwritten().is_empty() {
            let octets = lines.unwritten().len().min(1000);
            lines.write(octets);
            written += octets;
        }
        assert_eq!((written, lines.has_room(), lines.is_written()), (MOST_UNWRITTEN, true, true));
    }
}
