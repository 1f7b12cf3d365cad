//! The link layer of a line, where another one was chosen.

use crate::{
    cipher::ciphered::{self, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    cosem::{
        data_type::DataType,
        notification::{DATA_NOTIFICATION, Notification},
    },
    diagnosis::foreign::{self, ForeignProtocol},
    error::Layer,
    link::{
        deframer::Deframer,
        framed,
        registry::{LinkChoice, LinkKind},
        wrapper,
    },
};

/// The link layer that octets clearly have, if it is another one than the choice allows: they have frames of
/// it, and none of the chosen one; or no frames, and APDUs or the lines of a DSMR telegram.
#[must_use]
pub fn other_link(octets: &[u8], choice: LinkChoice) -> Option<LinkChoice> {
    if choice == LinkChoice::Auto {
        return None;
    }
    let links = links_of(octets);
    match links.first() {
        _ if links.iter().any(|link| choice.has(*link)) => return None,
        Some(link) => return Some(LinkChoice::Only(link.layer())),
        None => {}
    }
    let dsmr = LinkChoice::Only(Layer::Dsmr);
    let raw = has_apdu(octets).then_some(LinkChoice::Raw);
    let is_text = || foreign::recognise(octets) == Some(ForeignProtocol::Dsmr);
    raw.or_else(|| is_text().then_some(dsmr)).filter(|found| *found != choice)
}

/// A link layer in words, for a sentence about octets.
#[must_use]
pub const fn in_words(link: LinkChoice) -> &'static str {
    match link {
        LinkChoice::Raw => "raw APDUs",
        link => link.name(),
    }
}

/// The same in German.
#[must_use]
pub const fn in_german(link: LinkChoice) -> &'static str {
    match link {
        LinkChoice::Raw => "APDUs ohne Rahmen",
        link => link.name(),
    }
}

/// The end of a sentence about octets that have another link layer than the chosen one: its name, and the advice.
#[must_use]
pub fn clause(other: LinkChoice) -> String {
    let (words, name) = (in_words(other), other.name());
    format!(
        "{words}, and another link layer was chosen: leave --link (in the configuration: link) out, or name {name}"
    )
}

/// The link layers of whole frames with data, each once. Short frames have next to no check.
fn links_of(octets: &[u8]) -> Vec<LinkKind> {
    let mut deframer = Deframer::default();
    deframer.push(octets, []);
    deframer.end();
    let mut links = Vec::new();
    while let Some(item) = deframer.next() {
        if let Ok(frame) = item
            && matches!(frame.link.segment(frame.octets), Ok(Some(_)))
            && !links.contains(&frame.link)
        {
            links.push(frame.link);
        }
    }
    links
}

/// True if an APDU begins in some octets that no frame holds.
fn has_apdu(octets: &[u8]) -> bool {
    let [glo, ded, plain] = [GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, DATA_NOTIFICATION];
    memchr::memchr3_iter(glo, ded, plain, octets).any(|at| {
        let (before, rest) = octets.split_at_checked(at).unwrap_or_default();
        begins_apdu(rest)
            && !framed::holds_apdu(before)
            && !matches!(ciphered::announced(rest), Ok(Some(size)) if wrapper::announces(before, size))
    })
}

/// True if octets begin an APDU beyond doubt: a ciphered one of a manufacturer; one without a title, with
/// another one or nothing right behind it; or a whole list with a date-time.
fn begins_apdu(octets: &[u8]) -> bool {
    match octets {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, a, b, c, ..] => {
            [a, b, c].iter().all(|letter| letter.is_ascii_uppercase())
        }
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 0, 0x81 | 0x82, ..] => {
            let size = ciphered::announced(octets).ok().flatten();
            let behind = size.and_then(|size| octets.get(size..));
            behind.is_some_and(|behind| octets.starts_with(behind.get(..2).unwrap_or(behind)))
        }
        [DATA_NOTIFICATION, ..] => {
            let octets = octets.get(..LONGEST).unwrap_or(octets);
            let Ok(Some((list, _))) = Notification::first(octets) else { return false };
            list.clock.is_some() && matches!(list.body.kind, DataType::STRUCTURE | DataType::ARRAY)
        }
        _ => false,
    }
}

/// The most octets of a plain APDU that are looked at.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::mbus;

    #[test]
    fn another_link_is_told_by_its_frames() {
        let only = LinkChoice::Only;
        let apdu = [&b"\xdb\x08KFM"[..], &[0x67; 20]].concat();
        let mut frame = vec![];
        mbus::emit(0, true, &apdu, &mut frame);
        for (octets, choice, expected) in [
            (&frame, only(Layer::Hdlc), Some(only(Layer::Mbus))),
            (&frame, LinkChoice::Raw, Some(only(Layer::Mbus))),
            (&frame, only(Layer::Mbus), None),
            (&frame, LinkChoice::Auto, None),
            (&apdu, only(Layer::Mbus), Some(LinkChoice::Raw)),
            (&apdu, LinkChoice::Raw, None),
            (&vec![0x55; 100], only(Layer::Mbus), None),
            (&vec![0x10, 0x40, 0xf0, 0x30, 0x16], only(Layer::Hdlc), None),
        ] {
            assert_eq!(other_link(octets, choice), expected, "{octets:02x?} {choice:?}");
        }
    }
}
