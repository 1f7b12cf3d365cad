//! The messages of the program: the lines of its standard error.
//!
//! A program may write without end, so the number of lines and their length are limited.

use std::time::{Duration, Instant};

use crate::{format::printable::printable, sink::traits::Report};

/// The most lines in a minute that become messages.
const MOST_LINES: u64 = 10;

const MINUTE: Duration = Duration::from_secs(60);

/// The most octets of a line that are shown.
const LONGEST_LINE: usize = 300;

/// The text that the program writes.
#[derive(Debug)]
pub(super) struct ProgramRemarks {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The minute that counts, and its lines.
    minute: Instant,
    lines: u64,
}

impl Default for ProgramRemarks {
    fn default() -> Self {
        Self { line: Vec::new(), minute: Instant::now(), lines: 0 }
    }
}

impl ProgramRemarks {
    /// Takes what the program has written.
    pub(super) fn take(&mut self, octets: &[u8], report: &dyn Report) {
        for octet in octets {
            match octet {
                b'\n' => self.end_line(report),
                // One octet more tells that the line is longer.
                _ if self.line.len() <= LONGEST_LINE => self.line.push(*octet),
                _ => {}
            }
        }
    }

    /// Ends the line that was begun.
    pub(super) fn end_line(&mut self, report: &dyn Report) {
        let line = core::mem::take(&mut self.line);
        let is_longer = line.len() > LONGEST_LINE;
        let line = line.get(..LONGEST_LINE).unwrap_or(&line);
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.tick(report);
        self.lines += 1;
        if self.lines <= MOST_LINES {
            let ellipsis = if is_longer { " …" } else { "" };
            report.say(&format!("the program says: {}{ellipsis}", printable(text)));
        }
    }

    /// Begins a new minute when it is time.
    pub(super) fn tick(&mut self, report: &dyn Report) {
        if self.minute.elapsed() >= MINUTE {
            self.sum_up(report);
            self.minute = Instant::now();
        }
    }

    /// Tells how many lines were left out.
    pub(super) fn sum_up(&mut self, report: &dyn Report) {
        match core::mem::take(&mut self.lines).saturating_sub(MOST_LINES) {
            0 => {}
            1 => report.say("the program says one more line"),
            more => report.say(&format!("the program says {more} more lines")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::traits::ReportedTexts;

    #[test]
    fn lines_are_passed_on_whole_short_and_few() {
        let report = ReportedTexts::default();
        let mut remarks = ProgramRemarks::default();
        remarks.take(b"no such ta", &report);
        remarks.take(b"ble\n\n  \nesc \x1b[2J\xff\r\n", &report);
        remarks.take(&[b'x'; 100_000], &report);
        assert!(remarks.line.len() <= LONGEST_LINE + 1);
        remarks.end_line(&report);
        (0..100).for_each(|_| remarks.take(b"again\n", &report));
        remarks.sum_up(&report);
        let texts = report.0.into_inner();
        assert_eq!(texts.len(), 11, "{texts:#?}");
        assert_eq!(texts[0], "the program says: no such table");
        assert_eq!(texts[1], "the program says: esc \\u{1b}[2J\u{fffd}");
        assert!(texts[2].ends_with("xx …") && texts[2].len() < 330);
        assert_eq!(texts[10], "the program says 93 more lines");
    }
}
