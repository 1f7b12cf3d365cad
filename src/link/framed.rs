//! The octets in front of an APDU: they tell if a frame holds it.
//!
//! Where the frames of a link layer are not looked for, or are damaged, an APDU in one of them seems to stand
//! alone. It may be the first part of a longer one, and then octets of the next frame follow.

use crate::link::{
    block_transfer::{self, LONGEST_HEADER},
    registry::{LinkChoice, LinkKind},
    wrapper,
};

/// The most octets in front of an APDU that are looked at.
pub const BEFORE: usize = {
    let header =
        if LinkKind::HEADER > wrapper::HEADER { LinkKind::HEADER } else { wrapper::HEADER };
    header + LONGEST_HEADER
};

/// True if some octets end with the header of a frame, or with that of a block in one.
#[must_use]
pub fn holds_apdu(before: &[u8]) -> bool {
    LinkChoice::Auto.ends_with_header(before)
        || block_transfer::before_header(before)
            .is_some_and(|(before, size)| holds_block(before, size))
}

/// True if some octets end with the header of a frame that holds a block of `size` octets.
#[must_use]
pub fn holds_block(before: &[u8], size: usize) -> bool {
    LinkChoice::Auto.ends_with_header(before) || wrapper::announces(before, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apdu_in_a_block_in_a_frame_is_held() {
        let mbus = [0x53, 0xff, 0x10, 0x01, 0x67];
        let wrapper = [0, 1, 0, 1, 0, 0x67, 0, 119];
        let block = [0xe0, 0x40, 0, 1, 0, 0, 112];
        assert!(holds_apdu(&mbus));
        assert!(holds_apdu(&[&mbus[..], &block].concat()));
        assert!(holds_apdu(&[&wrapper[..], &block].concat()));
        assert!(!holds_apdu(&[&wrapper[..7], &[118][..], &block].concat()));
        assert!(!holds_apdu(&block) && !holds_apdu(&wrapper) && !holds_apdu(&[]));
        let long = [&[0, 1, 0, 1, 0, 0x67, 0, 208][..], &[0xe0, 0x40, 0, 1, 0, 0, 0x81, 200]];
        assert!(holds_apdu(&long.concat()));
        assert!(holds_block(long[0], 208) && !holds_block(long[0], 207));
    }
}
