//! Octets of a text that belong to no telegram.
//!
//! ```text
//! 68fafa6853ff0001…  a telegram
//! 88?2a4…            its first row could not be read, or is missing
//! d2ccf8fe41dc70cd…  octets of no telegram, behind one: a telegram is lost
//! 68fafa6853ff0001…  a telegram
//! ```
//!
//! A serial line has noise, and may be read from the middle of a telegram on. A text between two telegrams was one,
//! whatever its rows look like.

use crate::error::{Cause, Error, Layer};

/// The octets behind the last telegram, and where they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct StrayOctets<O> {
    /// Where the last telegram begins, if it was whole, and no defect was told since.
    telegram: Option<O>,
    run: Option<(O, usize)>,
}

impl<O: PartialEq> StrayOctets<O> {
    /// Takes octets that belong to no telegram, of a row with so many.
    pub(super) fn noise(&mut self, octets: usize, row: usize, origin: O) {
        // A line with a telegram may have others beside it, as its plaintext.
        if row >= ROW && self.telegram.as_ref().is_some_and(|telegram| *telegram != origin) {
            let (_, count) = self.run.get_or_insert((origin, 0));
            *count += octets;
        }
    }

    /// Takes note of a defect that is told: the octets beside it belong to it.
    pub(super) fn told(&mut self) {
        (self.telegram, self.run) = (None, None);
    }

    /// Takes note of a telegram: a defect if one is lost in front of it.
    pub(super) fn telegram(&mut self, origin: O) -> Option<(Error, O)> {
        self.telegram = Some(origin);
        self.end()
    }

    /// Takes note of the end of the text.
    pub(super) fn end(&mut self) -> Option<(Error, O)> {
        let (origin, octets) = self.run.take().filter(|(_, octets)| *octets >= LEAST)?;
        Some((Error::new(Layer::Hex, 0, Cause::Stray { octets }), origin))
    }
}

/// A row with fewer octets may be a date or an address.
const ROW: usize = 12;

/// Fewer octets may be a checksum.
const LEAST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_is_lost_where_octets_stand_between_two() {
        let mut stray = StrayOctets::default();
        stray.noise(100, 32, 1);
        assert_eq!(stray.telegram(11), None, "a text may begin amid a telegram");
        stray.noise(60, 32, 2);
        stray.noise(43, 25, 3);
        let error = Error::new(Layer::Hex, 0, Cause::Stray { octets: 103 });
        assert_eq!(stray.telegram(12), Some((error, 2)));
        for _ in 0..9 {
            stray.noise(6, 6, 4);
        }
        assert_eq!(stray.telegram(13), None, "addresses");
        stray.noise(100, 300, 13);
        assert_eq!(stray.telegram(20), None, "a plaintext beside the telegram");
        stray.noise(32, 32, 5);
        assert_eq!(stray.telegram(14), None, "a checksum");
        stray.noise(100, 32, 6);
        stray.told();
        stray.noise(100, 32, 7);
        assert_eq!(stray.telegram(15), None, "a damaged telegram was told");
        assert_eq!(stray.end(), None);
    }
}
