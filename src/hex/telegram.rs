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

/// True for octets that end as a frame of M-Bus or HDLC does.
#[must_use]
pub fn ends_frame(octets: &[u8]) -> bool {
    matches!(octets.last(), Some(0x16 | 0x7e))
}
