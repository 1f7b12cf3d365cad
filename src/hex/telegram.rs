//! The octets by which a text is known as that of a telegram.
//!
//! Digits, numbers and words of a text may be anything. These few octets decide whether the text is
//! believed; whether they are a telegram is for the link layers to say.

/// True for the first octets of a frame of M-Bus or HDLC, or of a ciphered APDU.
#[must_use]
pub fn begins_telegram(octets: &[u8]) -> bool {
    match octets {
        [0x68, first, second, 0x68, ..] => first == second,
        [0x7e, 0xa0..=0xaf, ..] | [0xdb | 0xdc, 0x08, ..] => true,
        _ => false,
    }
}

/// True for the first octets of a telegram, too few to tell.
pub(super) const fn may_begin(octets: &[u8]) -> bool {
    match octets {
        [0x7e | 0xdb | 0xdc | 0x68] | [0x68, _] => true,
        [0x68, first, second] => *first == *second,
        _ => false,
    }
}

/// Where a telegram begins behind other octets.
pub(super) fn first_telegram(octets: &[u8]) -> Option<usize> {
    memchr::memchr3_iter(0x68, 0x7e, 0xdb, octets)
        .find(|&at| octets.get(at..).is_some_and(begins_telegram))
}

/// True for the first octets of a frame of M-Bus or HDLC.
pub(super) fn begins_frame(octets: &[u8]) -> bool {
    begins_telegram(octets) && matches!(octets, [0x68 | 0x7e, ..])
}

/// True if the header of a frame or of a ciphered APDU is within the octets. Other octets, as of a key, hardly have
/// one.
#[must_use]
pub fn holds_header(octets: &[u8]) -> bool {
    (0..octets.len()).any(|at| match octets.get(at..) {
        Some([0x7e, 0xa0..=0xaf, _, rest @ ..]) => {
            behind_address(rest).and_then(behind_address).is_some_and(|rest| {
                // UI, as meters send unasked.
                matches!(rest, [0x03 | 0x13, ..])
            })
        }
        // The letters of a manufacturer.
        Some([0xdb | 0xdc, 8, rest @ ..]) => {
            rest.first_chunk::<3>().is_some_and(|name| name.iter().all(u8::is_ascii_uppercase))
        }
        Some(octets) => matches!(octets, [0x68, ..]) && begins_telegram(octets),
        None => false,
    })
}

/// The octets behind an address of HDLC, whose last octet is odd.
fn behind_address(octets: &[u8]) -> Option<&[u8]> {
    let end = octets.iter().take(ADDRESS).position(|octet| octet % 2 == 1)?;
    octets.get(end + 1..)
}

/// The octets of the longest address of HDLC.
const ADDRESS: usize = 4;

/// The octets of the frame or the ciphered APDU that begins here; nothing if too few of them tell.
pub(super) fn length(octets: &[u8]) -> Option<usize> {
    Some(match *octets {
        [0x68, length, same, 0x68, ..] if length == same => {
            usize::from(length) + if length < 3 { 256 } else { 0 } + 6
        }
        [0x7e, high @ 0xa0..=0xaf, low, ..] => usize::from(u16::from_be_bytes([high & 7, low])) + 2,
        [0xdb | 0xdc, 8, _, _, _, _, _, _, _, _, 0x82, high, low, ..] => {
            usize::from(u16::from_be_bytes([high, low])) + 13
        }
        [0xdb | 0xdc, 8, _, _, _, _, _, _, _, _, 0x81, length, ..] => usize::from(length) + 12,
        [0xdb | 0xdc, 8, _, _, _, _, _, _, _, _, length @ 0..=0x7f, ..] => usize::from(length) + 11,
        _ => return None,
    })
}

/// True for a frame of M-Bus or HDLC with nothing in front of it or behind it.
pub(super) fn is_whole_frame(octets: &[u8]) -> bool {
    begins_frame(octets) && length(octets) == Some(octets.len()) && ends_frame(octets)
}

/// Fewer octets are told to be those of a telegram by what stands around them.
pub(super) const FEW_OCTETS: usize = 8;

/// The octets of an APDU that tell its length.
const LONGEST_HEADER: usize = 13;

/// The place of a text among its telegrams.
#[derive(Clone, Debug, Default)]
pub struct TelegramEnd {
    /// The octets that are left of a telegram.
    left: usize,
    /// The last telegram is over with the last octet.
    is_over: bool,
    /// The octets by which a frame ends, if it is one.
    end: Option<u8>,
    /// Octets of no telegram were among the others.
    is_mixed: bool,
    /// The first octets of a telegram at the end of the last line, too few to tell how many follow.
    head: Vec<u8>,
}

impl TelegramEnd {
    /// Takes the octets of a line.
    #[inline]
    pub fn line(&mut self, octets: &[u8]) {
        match octets {
            [] => {}
            _ if !self.head.is_empty() => {
                let joined = [&core::mem::take(&mut self.head), octets].concat();
                self.part(&joined);
            }
            // Most lines are a frame of M-Bus.
            [0x68, length @ 3..=255, same, 0x68, .., 0x16]
                if length == same && octets.len() == usize::from(*length) + 6 =>
            {
                (self.left, self.is_over, self.is_mixed) = (0, true, false);
                self.end = Some(0x16);
            }
            // Most rows lie amid a telegram.
            _ if octets.len() < self.left && !self.is_start(octets) => {
                self.left -= octets.len();
                self.is_over = false;
            }
            _ => self.part(octets),
        }
    }

    /// Takes octets in which a telegram begins or ends.
    fn part(&mut self, octets: &[u8]) {
        self.is_mixed |= self.is_start(octets) == (self.left > 0);
        let mut rest = if self.is_start(octets) { self.begin(octets) } else { octets };
        self.is_over = false;
        while let Some((passed, behind)) = rest.split_at_checked(self.left) {
            let is_end = passed.last().is_some_and(|last| self.end.is_none_or(|end| end == *last));
            if behind.is_empty() {
                self.left = 0;
                self.is_over = is_end;
                return;
            }
            rest = self.begin(behind);
            if self.left == 0 {
                self.is_mixed |= self.head.is_empty();
                return;
            }
        }
        self.left = self.left.saturating_sub(rest.len());
    }

    /// True if a telegram begins here. An APDU in a frame is a part of that.
    fn is_start(&self, octets: &[u8]) -> bool {
        let is_in_frame = || self.left > 0 && self.end.is_some();
        begins_telegram(octets) && !(matches!(octets, [0xdb | 0xdc, ..]) && is_in_frame())
    }

    fn begin<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        self.left = length(octets).unwrap_or_default();
        // The header may go on in the next line.
        let is_header = may_begin(octets) || begins_telegram(octets);
        if self.left == 0 && is_header && octets.len() < LONGEST_HEADER {
            self.head = octets.to_vec();
        }
        self.end = match octets {
            [0x68, ..] => Some(0x16),
            [0x7e, ..] => Some(0x7e),
            _ => None,
        };
        octets
    }

    /// True if octets of a telegram are due.
    #[must_use]
    pub const fn is_amid(&self) -> bool {
        self.left > 0 || !self.head.is_empty()
    }

    /// True if a telegram is over, and the next one may begin.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.is_over
    }

    /// True if a frame is over, by the octet at its end, or an APDU among nothing else. Behind other octets the
    /// count of an APDU is less sure: a frame that nobody saw may hold it, and go on behind a part of it.
    #[must_use]
    pub const fn is_sure(&self) -> bool {
        self.is_over && (self.end.is_some() || !self.is_mixed)
    }

    /// True if a frame of HDLC ended: the next one may have its flag in common with it.
    #[must_use]
    pub fn is_flag(&self) -> bool {
        self.is_over && self.end == Some(0x7e)
    }
}

/// True for octets that end as a frame of M-Bus or HDLC does.
#[must_use]
pub fn ends_frame(octets: &[u8]) -> bool {
    matches!(octets.last(), Some(0x16 | 0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_telegram_is_known() {
        let ends = |lines: &[&str]| {
            let mut end = TelegramEnd::default();
            lines.iter().for_each(|line| end.line(&hex::decode(line).unwrap()));
            end.is_between()
        };
        let frame = "680303685300015416";
        let hdlc = "7ea004a1a27e";
        let apdu = "db084b464d675000000902aabb";
        let long_hdlc = format!("7ea12c{}7e", "7e".repeat(0x12c - 2));
        for lines in [
            &[frame][..],
            &[frame, frame],
            &["68030368", "53000154", "16"],
            &["680303685300015416680303685300", "015416"],
            &[hdlc, hdlc],
            &[apdu, ""],
            &["6803036853", frame],
            // More than 255 octets: the upper bits of the size stand beside the type of the frame.
            &[&long_hdlc],
            &[&long_hdlc[..100], &long_hdlc[100..], hdlc],
            // A row that begins with the APDU in a frame.
            &["68131368530001", apdu, "0102030416"],
            // The header of the next one may go on behind any of its octets.
            &[&format!("{frame}68"), &frame[2..]],
            &[&format!("{hdlc}7ea0"), &hdlc[4..]],
            &[&format!("{apdu}db"), &apdu[2..]],
            &[&format!("{apdu}{}", &apdu[..20]), &apdu[20..]],
        ] {
            assert!(ends(lines), "{lines:?}");
        }
        for lines in [
            &[""][..],
            &["53ff"],
            &["68030368530001"],
            &["680303685300015417"],
            &[frame, "01"],
            &["68030368530001541601"],
            &["6803036853", "ff", "000154"],
            &[&long_hdlc[..2 * 0x2e]],
            &["68131368530001", apdu],
        ] {
            assert!(!ends(lines), "{lines:?}");
        }
    }

    #[test]
    fn a_header_is_found_among_other_octets() {
        for octets in [
            "0068fafa6853",
            "7e7ea067ceff031338bd",
            "ff7ea08b0002000323134c6d",
            "0fdb084b464d6750",
            "00dc084c475a67",
        ] {
            assert!(holds_header(&hex::decode(octets).unwrap()), "{octets}");
        }
        for octets in [
            "36c66639e48a8ca4d6bc8b282a793bbb",
            "007ea0112233445566778899",
            "db08112233445566",
            "68fafb68",
            "7ea067",
            "",
        ] {
            assert!(!holds_header(&hex::decode(octets).unwrap()), "{octets}");
        }
    }
}
