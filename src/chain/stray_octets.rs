//! Octets of a text that belong to no telegram.
//!
//! ```text
//! d2ccf8fe41dc70cd…  the text begins amid a telegram
//! 68fafa6853ff0001…  a telegram
//! 88?2a4…            its first row could not be read, or is missing
//! d2ccf8fe41dc70cd…  octets of no telegram, behind one: a telegram is lost
//! 68fafa6853ff0001…  a telegram
//! ```
//!
//! A serial line has noise, and may be read from the middle of a telegram on. In a text that has telegrams in rows,
//! more rows of that width between two of them were one, and those in front of the first one are the rest of one. Other
//! hex has other rows.

use core::ops::Range;
use std::collections::BTreeMap;

use crate::error::{Cause, Error, Layer};

/// The octets behind the last telegram, and where they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct StrayOctets<O> {
    /// The positions of the last telegram, if it was whole, and no defect was told since.
    telegram: Option<Range<u64>>,
    run: Option<(O, usize)>,
    front: TextFront<O>,
    /// The position at which the text begins.
    text_at: u64,
}

/// The octets in front of the first telegram of a text.
#[derive(Clone, Debug, Default)]
struct TextFront<O> {
    /// A telegram or a defect came.
    is_over: bool,
    /// The first row of each width, and the octets of all.
    rows: BTreeMap<usize, (O, usize)>,
    /// The width of the last one.
    last: usize,
    /// The first frame that is a later part of a telegram, and the octets of all.
    frames: Option<(O, usize)>,
    /// The telegram began to which later frames belong.
    has_begun: bool,
}

impl<O: Copy + Default> StrayOctets<O> {
    /// The positions of the last telegram, if octets behind it would be those of a lost one.
    pub(super) fn behind(&self) -> Option<Range<u64>> {
        self.telegram.clone()
    }

    /// The position at which the text begins.
    pub(super) const fn text_at(&self) -> u64 {
        self.text_at
    }

    /// Takes note of the next text of the source.
    pub(super) const fn text_begins(&mut self, position: u64) {
        self.text_at = position;
    }

    /// True if neither a telegram nor a defect came in the text.
    pub(super) const fn is_in_front(&self) -> bool {
        !self.front.is_over
    }

    /// Takes octets that belong to no telegram, of a row as wide as one of the last telegram.
    pub(super) fn noise(&mut self, octets: usize, origin: O) {
        if self.telegram.is_some() {
            let (_, count) = self.run.get_or_insert((origin, 0));
            *count += octets;
        }
    }

    /// Takes octets of a row of that width in front of the first telegram.
    #[cold]
    pub(super) fn noise_in_front(&mut self, width: usize, octets: usize, origin: O) {
        let (_, count) = self.front.rows.entry(width).or_insert((origin, 0));
        *count += octets;
        self.front.last = width;
    }

    /// Takes note of the first frame of the first telegram.
    pub(super) const fn telegram_begins(&mut self) {
        self.front.has_begun = true;
    }

    /// Takes a frame that does not begin a telegram: in front of the first one it is a part of another one.
    #[cold]
    pub(super) fn frame_in_front(&mut self, octets: usize, origin: O) {
        if self.front.has_begun {
            return;
        }
        let (_, count) = self.front.frames.get_or_insert((origin, 0));
        *count += octets;
    }

    /// Takes note of a defect that is told: the octets beside it belong to it.
    #[cold]
    pub(super) fn told(&mut self) {
        (self.telegram, self.run) = (None, None);
        self.leave_front();
    }

    /// Takes note of a telegram: a defect if one is lost in front of it.
    pub(super) fn telegram(&mut self, positions: Range<u64>) -> Option<(Error, O)> {
        self.telegram = Some(positions);
        self.lost()
    }

    /// The octets in front of the first telegram of the text that are the rest of another one, and where they begin.
    /// `is_row`: a row of that width is one as the telegram has them, the last of which has `tail` octets. `position`:
    /// of an origin.
    pub(super) fn rest_in_front(
        &mut self,
        (is_row, tail): (impl Fn(usize) -> bool, usize),
        position: impl Fn(&O) -> u64,
    ) -> Option<(O, usize)> {
        let TextFront { rows, frames, last, .. } = self.leave_front();
        let rows = rows.into_iter().filter(|(width, _)| is_row(*width)).map(|(_, rows)| rows);
        let parts: Vec<_> = rows.chain(frames).collect();
        let octets = parts.iter().map(|(_, octets)| octets).sum();
        let first = parts.iter().map(|(origin, _)| *origin).min_by_key(position)?;
        (frames.is_some() || octets >= LEAST || last == tail).then_some((first, octets))
    }

    #[cold]
    fn leave_front(&mut self) -> TextFront<O> {
        core::mem::replace(&mut self.front, TextFront { is_over: true, ..TextFront::default() })
    }

    /// Takes note of the end of the text: a defect if a telegram is lost in front of it.
    #[cold]
    pub(super) fn end(&mut self) -> Option<(Error, O)> {
        let lost = self.lost();
        (self.telegram, self.run, self.front) = (None, None, TextFront::default());
        lost
    }

    fn lost(&mut self) -> Option<(Error, O)> {
        let (origin, octets) = self.run.take().filter(|(_, octets)| *octets >= LEAST)?;
        Some((Error::new(Layer::Hex, 0, Cause::Stray { octets }), origin))
    }
}

/// Fewer octets may be a checksum.
const LEAST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_is_lost_where_octets_stand_between_two() {
        let mut stray = StrayOctets::default();
        stray.noise(100, 1);
        assert_eq!(stray.telegram(0..9), None, "a text may begin amid a telegram");
        stray.noise(60, 2);
        stray.noise(43, 3);
        let error = Error::new(Layer::Hex, 0, Cause::Stray { octets: 103 });
        assert_eq!(stray.telegram(0..9), Some((error, 2)));
        stray.noise(32, 4);
        assert_eq!(stray.telegram(0..9), None, "a checksum");
        stray.noise(100, 5);
        stray.told();
        stray.noise(100, 6);
        assert_eq!(stray.telegram(0..9), None, "a damaged telegram was told");
        assert_eq!(stray.end(), None);
    }

    #[test]
    fn rows_in_front_of_the_first_telegram_are_the_rest_of_one() {
        let rest = |stray: &mut StrayOctets<u64>| {
            stray.rest_in_front((|width| [32, 20].contains(&width), 20), |origin| *origin)
        };
        let mut stray = StrayOctets::default();
        stray.noise_in_front(64, 64, 1);
        stray.noise_in_front(32, 30, 2);
        stray.noise_in_front(32, 2, 2);
        stray.noise_in_front(20, 20, 3);
        assert_eq!(rest(&mut stray.clone()), Some((2, 52)));
        stray.frame_in_front(26, 4);
        stray.telegram_begins();
        stray.frame_in_front(26, 5);
        assert_eq!(rest(&mut stray), Some((2, 78)));
        assert_eq!(rest(&mut stray), None, "the telegram is no longer the first one");
        let mut stray = StrayOctets::default();
        stray.noise_in_front(32, 32, 1);
        assert_eq!(rest(&mut stray.clone()), None, "a checksum");
        stray.noise_in_front(20, 20, 2);
        assert_eq!(rest(&mut stray.clone()), Some((1, 52)), "the end of a telegram");
        stray.told();
        assert_eq!(rest(&mut stray), None, "a damaged telegram was told");
    }
}
