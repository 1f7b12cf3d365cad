//! A bounded run of the octets of a line, with their marks.

use crate::{diagnosis::line::LineFacts, error::Mark, link::registry::LinkChoice};

/// The octets of a line that are kept for an examination.
#[derive(Clone, Debug, Default)]
pub struct OctetWindow {
    octets: Vec<u8>,
    marks: Vec<(usize, Mark)>,
    /// Octets that came, also those that are not kept.
    total: u64,
}

/// The octets that are kept: forty telegrams at least.
const KEPT: usize = 16 * 1024;

/// The most octets that are kept of an input that ends.
const KEPT_OF_FILE: usize = 1024 * 1024;

/// The longest message of a server that ends a connection.
const LONGEST_WORDS: usize = 300;

impl OctetWindow {
    /// Takes octets with marks by index, and forgets the oldest ones.
    pub fn push(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        let excess = (self.octets.len() + octets.len()).saturating_sub(2 * KEPT);
        if excess > 0 {
            let gone =
                (self.octets.len() + octets.len()).saturating_sub(KEPT).min(self.octets.len());
            self.octets.drain(..gone);
            self.marks.retain_mut(|(at, _)| match at.checked_sub(gone) {
                Some(left) => {
                    *at = left;
                    true
                }
                None => false,
            });
        }
        let start = self.octets.len();
        self.marks.extend(marks.into_iter().map(|(at, mark)| (start + at, mark)));
        self.octets.extend_from_slice(octets);
        self.total += octets.len() as u64;
    }

    /// Takes octets as long as there is room: the first ones of an input are kept.
    #[inline]
    pub fn push_first(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        match self.has_room() {
            true => self.push_up_to(KEPT, octets, marks),
            false => self.total += octets.len() as u64,
        }
    }

    /// The last octets, so many of them, if they are a line or two of text.
    #[must_use]
    pub fn words(&self, last: usize) -> Option<&str> {
        let octets = self.octets.get(self.octets.len().saturating_sub(last)..)?;
        let text = core::str::from_utf8(octets).ok()?.trim();
        let is_text = text.len() <= LONGEST_WORDS && text.contains(char::is_alphabetic);
        let is_printable = |c: char| !c.is_control() || c.is_ascii_whitespace();
        (is_text && text.chars().all(is_printable)).then_some(text)
    }

    /// True if [`push_first`](Self::push_first) keeps more.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        self.octets.len() < KEPT
    }

    /// The same with room for a long file.
    pub fn push_file(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        self.push_up_to(KEPT_OF_FILE, octets, marks);
    }

    fn push_up_to(
        &mut self,
        most: usize,
        octets: &[u8],
        marks: impl IntoIterator<Item = (usize, Mark)>,
    ) {
        let room = most.saturating_sub(self.octets.len());
        if room == 0 {
            self.total += octets.len() as u64;
            return;
        }
        let octets = octets.get(..room).unwrap_or(octets);
        let start = self.octets.len();
        let marks = marks.into_iter().filter(|(at, _)| *at < octets.len());
        self.marks.extend(marks.map(|(at, mark)| (start + at, mark)));
        self.octets.extend_from_slice(octets);
        self.total += octets.len() as u64;
    }

    /// The octets that came, also those that are not kept.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The octets that are kept.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Their marks, by index.
    #[must_use]
    pub fn marks(&self) -> &[(usize, Mark)] {
        &self.marks
    }

    /// The facts about all octets that are kept.
    #[must_use]
    pub fn facts(&self) -> LineFacts {
        LineFacts::of(&self.octets, &self.marks)
    }

    /// The same for a line with the link layers of a choice.
    #[must_use]
    pub fn facts_of_links(&self, links: LinkChoice) -> LineFacts {
        LineFacts::of_links(&self.octets, &self.marks, links)
    }

    /// The facts about the last octets.
    #[must_use]
    pub fn facts_of_last(&self, octets: usize) -> LineFacts {
        let start = self.octets.len().saturating_sub(octets);
        let marks =
            self.marks.iter().filter_map(|(at, mark)| Some((at.checked_sub(start)?, *mark)));
        LineFacts::of(self.octets.get(start..).unwrap_or_default(), &marks.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_octets_are_kept_with_their_marks() {
        let mut window = OctetWindow::default();
        for _ in 0..100 {
            window.push(&[7; 1000], [(999, Mark::Parity)]);
        }
        assert!((KEPT..=2 * KEPT).contains(&window.octets().len()));
        assert_eq!(window.total(), 100_000);
        let facts = window.facts_of_last(2000);
        assert_eq!((facts.octets, facts.marked), (2000, 2));
    }

    #[test]
    fn the_first_octets_are_kept_of_a_file() {
        let mut window = OctetWindow::default();
        for octet in 0..100 {
            window.push_first(&[octet; 1000], []);
        }
        assert_eq!((window.octets().len(), window.octets().first()), (KEPT, Some(&0)));
    }
}
