//! The link layer of a line, where another one was chosen.

use crate::link::{
    deframer::Deframer,
    registry::{LinkChoice, LinkKind},
};

/// The link layer that octets clearly have, if it is another one than the choice allows: they have frames of
/// it, and none of the chosen one.
#[must_use]
pub fn other_link(octets: &[u8], choice: LinkChoice) -> Option<LinkChoice> {
    if choice == LinkChoice::Auto {
        return None;
    }
    let links = links_of(octets);
    match links.first() {
        _ if links.iter().any(|link| choice.has(*link)) => None,
        Some(link) => Some(LinkChoice::Only(link.layer())),
        None => (choice != LinkChoice::Raw && has_apdu(octets)).then_some(LinkChoice::Raw),
    }
}

/// The link layers of whole frames with data, each once. Short frames have next to no check.
#[must_use]
pub fn links_of(octets: &[u8]) -> Vec<LinkKind> {
    let mut deframer = Deframer::default();
    deframer.push(octets, []);
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

/// True if a ciphered APDU of a manufacturer begins in some octets. Behind a frame's header it would not
/// stand alone.
fn has_apdu(octets: &[u8]) -> bool {
    let mut starts = octets.windows(5).enumerate().filter(|(_, start)| match start {
        [0xdb | 0xdc, 8, letters @ ..] => letters.iter().all(u8::is_ascii_uppercase),
        _ => false,
    });
    starts.any(|(at, _)| !octets.get(..at).is_some_and(LinkKind::ends_with_header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Layer, link::mbus};

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
