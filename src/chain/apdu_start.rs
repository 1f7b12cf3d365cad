//! The octets that begin an APDU, and those that begin another one within it.

use crate::{
    cipher::ciphered::{self, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    cosem::notification::DATA_NOTIFICATION,
    error::{Cause, Error, Layer},
    link::block_transfer::GENERAL_BLOCK_TRANSFER,
};

/// The longest APDU that is waited for. Sixteen M-Bus segments hold as much.
pub const MAX_APDU: usize = 4096;

/// Another telegram within the octets of one.
pub(super) enum Another {
    Nowhere,
    /// Behind as many octets.
    Behind(usize),
    /// Not enough octets to say.
    Wait,
}

/// True if something that is known here begins with that octet.
pub(super) const fn begins_something(octet: u8) -> bool {
    matches!(
        octet,
        GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING | DATA_NOTIFICATION | GENERAL_BLOCK_TRANSFER
    )
}

/// Octets that [`is_unmistakable`] looks at.
pub(super) const UNMISTAKABLE: usize = 10;

/// Octets that [`begins_without_title`] looks at.
const WITHOUT_TITLE: usize = 5;

/// True if octets may begin a ciphered APDU without a title: in a stream of nothing else.
pub(super) fn begins_without_title(octets: &[u8]) -> bool {
    let (length, security) = match octets {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, 0x81, length, security, ..] => {
            (usize::from(*length), *security)
        }
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, 0x82, high, low, security, ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), *security)
        }
        _ => return false,
    };
    (128..MAX_APDU).contains(&length) && matches!(security, 0x20 | 0x21 | 0x30 | 0x31)
}

/// True if octets begin a ciphered APDU of a manufacturer, or a notification of this century.
/// Chance makes one of them once in some hundred million octets.
pub(super) fn is_unmistakable(octets: &[u8]) -> bool {
    match octets {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, a, b, c, _, _, _, _, _, ..] => {
            [a, b, c].iter().all(|letter| letter.is_ascii_uppercase())
        }
        [DATA_NOTIFICATION, _, _, _, _, 12, 0x07, 0xd0..=0xff, month, day, ..] => {
            (1..=12).contains(month) && (1..=31).contains(day)
        }
        _ => false,
    }
}

/// Checks the length that the ciphering header announces, if there is one.
pub(super) fn is_whole(apdu: &[u8], layer: Layer) -> Result<(), Error> {
    if !matches!(apdu.first(), Some(&(GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING))) {
        return Ok(());
    }
    match ciphered::announced(apdu)? {
        Some(announced) if announced == apdu.len() => Ok(()),
        announced => {
            let (announced, found) = (announced.unwrap_or(apdu.len() + 1), apdu.len());
            Err(Error::new(layer, 0, Cause::Announced { announced, found }))
        }
    }
}

/// The next telegram of the same meter within the octets of one, of which some are lost then.
pub(super) fn within(rest: &[u8], size: usize) -> Another {
    let in_title = (1..UNMISTAKABLE).find(|at| rest.get(*at..).is_some_and(is_unmistakable));
    let header = match rest {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, ..] => rest.get(..UNMISTAKABLE),
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, ..] => rest.get(..WITHOUT_TITLE),
        _ => None,
    };
    let Some(header) = header else {
        return in_title.map_or_else(|| within_plain(rest, size), Another::Behind);
    };
    // The header begins in front of the end of this one, and may go on behind it.
    let (end, least) = (size + header.len() - 1, header.len());
    let octets = rest.get(least..end.min(rest.len())).unwrap_or_default();
    let found = memchr::memmem::find(octets, header).map(|at| least + at);
    let begins = |at: usize| rest.get(at..).is_some_and(|head| header.starts_with(head));
    match in_title.or(found) {
        Some(at) => Another::Behind(at),
        None if (rest.len().saturating_sub(least - 1)..size).any(begins) => Another::Wait,
        None => Another::Nowhere,
    }
}

/// The same for a plain APDU, whose header changes. A scaler and a unit in front of a date-time, too, look like
/// the start of one: `0f fe 16 1e 09 0c 07 …`. That is too often to wait for more octets.
fn within_plain(rest: &[u8], size: usize) -> Another {
    let is_unit_and_clock = |octets: &[u8]| octets.get(4..6) == Some(&[0x09, 0x0c]);
    let next = unmistakable_starts(rest, size)
        .find(|at| *at > 0 && !rest.get(*at..).is_some_and(is_unit_and_clock));
    next.map_or(Another::Nowhere, Another::Behind)
}

/// The places in front of `size` at which a whole APDU unmistakably begins.
pub(super) fn unmistakable_starts(rest: &[u8], size: usize) -> impl Iterator<Item = usize> {
    let [glo, ded, plain] = [GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, DATA_NOTIFICATION];
    memchr::memchr3_iter(glo, ded, plain, rest.get(..size).unwrap_or(rest))
        .filter(|at| rest.get(*at..).is_some_and(is_unmistakable))
}
