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
    /// The last telegram was whole, and no defect was told since.
    is_behind_telegram: bool,
    run: Option<(O, usize)>,
}

impl<O> StrayOctets<O> {
    /// Takes octets that belong to no telegram, of a row with so many.
    pub(super) fn noise(&mut self, octets: usize, row: usize, origin: O) {
        if self.is_behind_telegram && row >= ROW {
            let (_, count) = self.run.get_or_insert((origin, 0));
            *count += octets;
        }
    }

    /// Takes note of a defect that is told: the octets beside it belong to it.
    pub(super) fn told(&mut self) {
        (self.is_behind_telegram, self.run) = (false, None);
    }

    /// Takes note of a telegram: a defect if one is lost in front of it.
    pub(super) fn telegram(&mut self) -> Option<(Error, O)> {
        self.is_behind_telegram = true;
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
        assert_eq!(stray.telegram(), None, "a text may begin amid a telegram");
        stray.noise(60, 32, 2);
        stray.noise(43, 25, 3);
        let error = Error::new(Layer::Hex, 0, Cause::Stray { octets: 103 });
        assert_eq!(stray.telegram(), Some((error, 2)));
        for _ in 0..9 {
            stray.noise(6, 6, 4);
        }
        assert_eq!(stray.telegram(), None, "addresses");
        stray.noise(32, 32, 5);
        assert_eq!(stray.telegram(), None, "a checksum");
        stray.noise(100, 32, 6);
        stray.told();
        stray.noise(100, 32, 7);
        assert_eq!(stray.telegram(), None, "a damaged telegram was told");
        assert_eq!(stray.end(), None);
    }
}
