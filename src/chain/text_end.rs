//! The ends of DSMR telegrams whose starts are damaged.
//!
//! A telegram of which the slash or the identification is damaged begins nothing. Its last line,
//! `!8398`, stands there all the same.

use crate::p1;

/// The octets of the longest end: a line end, an exclamation mark, a CRC, and a line end.
const LONGEST: usize = 8;

/// Looks for ends among the octets that belong to no frame.
#[derive(Clone, Debug, Default)]
pub(super) struct TextEnds {
    /// The last octets.
    last: [u8; LONGEST],
    /// A telegram has come: before it the stream may begin in the middle of one.
    started: bool,
    /// The next end is that of a telegram whose defect was told.
    told: bool,
}

impl TextEnds {
    /// Takes note of a whole telegram.
    pub(super) const fn whole(&mut self) {
        (self.started, self.told) = (true, false);
        // It ended a line.
        self.last = [p1::END; LONGEST];
    }

    /// Takes note of a damaged one, which was reported.
    pub(super) const fn damaged(&mut self) {
        self.told = true;
    }

    /// Takes the next octets. True if a telegram ends there of which nothing was told.
    pub(super) fn is_untold(&mut self, octets: &[u8]) -> bool {
        if !self.started {
            return false;
        }
        let mut untold = false;
        for octet in octets {
            self.last.rotate_left(1);
            if let Some(last) = self.last.last_mut() {
                *last = *octet;
            }
            if *octet == p1::END && ends_telegram(&self.last) {
                untold |= !core::mem::replace(&mut self.told, false);
            }
        }
        untold
    }
}

/// True for octets that end as a telegram does.
fn ends_telegram(octets: &[u8]) -> bool {
    let line = octets.trim_ascii_end();
    let digits = line.iter().rev().take_while(|octet| octet.is_ascii_hexdigit()).count();
    let line = line.get(..line.len() - digits).unwrap_or_default();
    matches!(digits, 0 | 4) && line.ends_with(b"\n!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_found_however_the_octets_are_cut() {
        let octets = b"1-0:1.7.0(00.123*kW)\r\n!8398\r\n";
        for size in 1..=octets.len() {
            let mut ends = TextEnds::default();
            let mut found = || octets.chunks(size).filter(|piece| ends.is_untold(piece)).count();
            assert_eq!(found(), 0, "the stream may begin amid a telegram");
            ends.whole();
            let mut found = || octets.chunks(size).filter(|piece| ends.is_untold(piece)).count();
            assert_eq!((found(), found()), (1, 1), "pieces of {size}");
            ends.damaged();
            let mut found = || octets.chunks(size).filter(|piece| ends.is_untold(piece)).count();
            assert_eq!((found(), found()), (0, 1), "pieces of {size}");
        }
    }

    #[test]
    fn an_end_stands_at_the_start_of_a_line() {
        for (octets, ends) in
            [("\n!\r\n", true), ("\n!\n", true), ("a!8398\n", false), ("\n!83\n", false)]
        {
            assert_eq!(ends_telegram(octets.as_bytes()), ends, "{octets:?}");
        }
    }
}
