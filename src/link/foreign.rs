//! Link layers that are recognised and not read: a user who listens to another meter is told so.
//!
//! ```text
//! 7E | AL LL … | 7E        HDLC, frame type 3 (IEC 62056-46): A is 1010, the next bit is set in
//!    └─ length ┘           segments, and the low eleven bits are the length between the flags
//! ```

use crate::{error::Layer, link::layer::NoFrame};

/// The octet around HDLC frames.
const HDLC_FLAG: u8 = 0x7e;

/// The least octets between the flags: two of format, two of addresses, one of control, two of FCS.
const HDLC_LEAST: usize = 7;

/// A frame of a layer that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignFrame {
    /// The layer in errors.
    pub layer: Layer,
    /// The name of its frames, for a person.
    pub what: &'static str,
    /// The octets of the frame. The flag that ends an HDLC frame may begin the next, and is not
    /// counted.
    pub size: usize,
}

/// True if a frame of a foreign layer may begin with that octet.
#[must_use]
pub const fn begins_with(octet: u8) -> bool {
    octet == HDLC_FLAG
}

/// The foreign frame at the start of `octets`; `None` if more octets are needed to tell.
///
/// # Errors
/// No such frame begins here.
pub fn frame(octets: &[u8]) -> Option<Result<ForeignFrame, NoFrame>> {
    let [HDLC_FLAG, high @ 0xa0..=0xa7, low, ..] = *octets else {
        let open = octets.len() < 3 && octets.first().is_none_or(|octet| begins_with(*octet));
        return if open { None } else { Some(Err(NoFrame::LookAlike)) };
    };
    let length = usize::from(high & 0x07) << 8 | usize::from(low);
    let end = octets.get(length + 1)?;
    if *end != HDLC_FLAG || length < HDLC_LEAST {
        return Some(Err(NoFrame::LookAlike));
    }
    let what = "HDLC frames (this is no M-Bus meter)";
    Some(Ok(ForeignFrame { layer: Layer::Hdlc, what, size: length + 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hdlc_frame_is_recognised_between_its_flags() {
        let mut octets = [&[0x7e, 0xa0, 0x08, 0xce, 0xff, 0x03, 0x13][..], &[1, 2, 0x7e]].concat();
        octets.push(0x68);
        let found = frame(&octets).and_then(Result::ok).unwrap();
        assert_eq!((found.layer, found.size), (Layer::Hdlc, 9));
        for size in 0..10 {
            assert_eq!(frame(&octets[..size]), None, "cut to {size}");
        }
        octets[9] = 0;
        assert_eq!(frame(&octets), Some(Err(NoFrame::LookAlike)));
        assert_eq!(frame(&[0x7e, 0x90, 0]), Some(Err(NoFrame::LookAlike)));
        assert_eq!(frame(&[0x68, 0xa0]), Some(Err(NoFrame::LookAlike)));
        // Too short for its own fields.
        assert_eq!(frame(&[0x7e, 0xa0, 2, 1, 0x7e, 1]), Some(Err(NoFrame::LookAlike)));
    }
}
