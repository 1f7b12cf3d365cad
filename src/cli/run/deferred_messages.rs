//! What a voice has to say and somebody else says later, in the same order.
//!
//! However much is wrong, this stays small: of each sort of refusal there are but those that would
//! be shown, and between them only so many lines differ.

use meterpipe::chain::event::Refusal;

/// Messages in order.
#[derive(Debug, Default)]
pub struct DeferredMessages(Vec<DeferredMessage>);

/// One of them.
#[derive(Debug)]
pub enum DeferredMessage {
    /// A line, and how often in a row.
    Line(String, u64),
    /// Something that was refused.
    Refused(Refusal<'static>),
}

impl DeferredMessages {
    /// Keeps a line.
    pub fn line(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(DeferredMessage::Line(last, times)) if last == text => *times += 1,
            _ => self.0.push(DeferredMessage::Line(text.to_owned(), 1)),
        }
    }

    /// Keeps something that was refused. Where it came from is only said of live sources.
    pub fn refused(&mut self, refusal: &Refusal<'_>) {
        let Refusal { place, time, title, error, .. } = *refusal;
        self.0.push(DeferredMessage::Refused(Refusal { place, time, from: None, title, error }));
    }

    /// All of it; its lines are counted on from that number.
    pub fn behind(self, lines: u64) -> impl Iterator<Item = DeferredMessage> {
        self.0.into_iter().map(move |message| match message {
            DeferredMessage::Refused(refusal) => {
                DeferredMessage::Refused(Refusal { place: refusal.place.behind(lines), ..refusal })
            }
            message => message,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_over_and_over_is_kept_once() {
        let mut held = DeferredMessages::default();
        for text in ["a", "a", "b", "a"].into_iter().chain(["c"; 1000]) {
            held.line(text);
        }
        let lines: Vec<_> = held
            .behind(7)
            .map(|message| match message {
                DeferredMessage::Line(text, times) => (text, times),
                DeferredMessage::Refused(refusal) => panic!("{refusal:?}"),
            })
            .collect();
        let expected = [("a", 2), ("b", 1), ("a", 1), ("c", 1000)];
        assert_eq!(lines, expected.map(|(text, times)| (text.to_owned(), times)));
    }
}
