//! Octets of a text that belong to no telegram.
//!
//! ```text
//! 68fafa6853ff0001…  a telegram
//! 88?2a4…            its first row could not be read, or is missing
//! d2ccf8fe41dc70cd…  octets of no telegram, behind one: a telegram is lost
//! 68fafa6853ff0001…  a telegram
//! ```
//!
//! A serial line has noise, and may be read from the middle of a telegram on. In a text that has telegrams in rows,
//! more rows of that width between two of them were one. Other hex has other rows.

use core::ops::Range;

use crate::error::{Cause, Error, Layer};

/// The octets behind the last telegram, and where they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct StrayOctets<O> {
    /// The positions of the last telegram, if it was whole, and no defect was told since.
    telegram: Option<Range<u64>>,
    run: Option<(O, usize)>,
}

impl<O> StrayOctets<O> {
    /// The positions of the last telegram, if octets behind it would be those of a lost one.
    pub(super) fn behind(&self) -> Option<Range<u64>> {
        self.telegram.clone()
    }

    /// Takes octets that belong to no telegram, of a row as wide as one of the last telegram.
    pub(super) fn noise(&mut self, octets: usize, origin: O) {
        if self.telegram.is_some() {
            let (_, count) = self.run.get_or_insert((origin, 0));
            *count += octets;
        }
    }

    /// Takes note of a defect that is told: the octets beside it belong to it.
    pub(super) fn told(&mut self) {
        (self.telegram, self.run) = (None, None);
    }

    /// Takes note of a telegram: a defect if one is lost in front of it.
    pub(super) fn telegram(&mut self, positions: Range<u64>) -> Option<(Error, O)> {
        self.telegram = Some(positions);
        self.end()
    }

    /// Takes note of the end of the text.
    pub(super) fn end(&mut self) -> Option<(Error, O)> {
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
}
