//! The wrapper of COSEM over TCP and UDP (IEC 62056-47, 5.3), which some adapters keep in front of
//! the APDU.
//!
//! ```text
//! 00 01 | SS SS | DD DD | LL LL | APDU…
//! ```
//!
//! 00 01 is the version; SS SS and DD DD are the ports of sender and receiver, LL LL is the length of
//! the APDU. No sum checks it: octets are believed only if an APDU that meters push begins there, and
//! has that length by its own account. If octets of it are lost, the next header of the same ports
//! stands within: the search goes on there.

use core::ops::RangeInclusive;

use crate::{
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    link::layer::{ApduSegment, LinkLayer, NoFrame, copy_before_end},
    reader::Reader,
};

/// The octets in front of the APDU.
pub const HEADER: usize = 8;

/// The longest APDU.
const MOST: usize = 4096;

/// The tag of a plain APDU.
const DATA_NOTIFICATION: u8 = 0x0f;

/// The octets of a ciphered APDU up to the end of its title.
const TITLED: usize = 10;

/// The octets of an APDU that tell its length, and that it is one.
const NEEDED: usize = 16;

/// The wrapper.
#[derive(Clone, Copy, Debug)]
pub struct Wrapper;

impl LinkLayer for Wrapper {
    const LAYER: Layer = Layer::Wrapper;
    const TITLE: &'static str = "COSEM wrapper";
    const START: u8 = 0x00;
    /// Any octet may end an APDU: the line is not known to rest behind one.
    const END: Option<u8> = None;
    /// An APDU that its own account vouches for is one, whatever stands before it.
    const HEADER: &'static [RangeInclusive<u8>] = &[];

    fn frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        let size = match announced(octets)? {
            Ok(size) if octets.len() < size => return None,
            Ok(size) => size,
            error => return Some(error),
        };
        let (frame, behind) = octets.split_at_checked(size)?;
        match next_header(frame, behind) {
            Some(NextHeader::Whole(next)) => {
                let error = Error::new(Self::LAYER, next, Cause::FrameInFrame { size, next });
                Some(Err(NoFrame::Damaged { error, size }))
            }
            Some(NextHeader::Begins) => None,
            None => Some(Ok(size)),
        }
    }

    /// Whatever the last octets look like, no header follows.
    fn last_frame(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
        announced(octets).filter(|size| size.as_ref().is_ok_and(|size| octets.len() >= *size))
    }

    fn damaged_segment(_: &[u8]) -> Option<u8> {
        Some(0)
    }

    fn segment(frame: &[u8]) -> Result<Option<ApduSegment<'_>>> {
        let mut reader = Reader::new(Layer::Wrapper, frame);
        reader.array::<2>("version")?;
        let ports = reader.u32("ports")?;
        reader.array::<2>("length")?;
        Ok(Some(ApduSegment {
            number: Some(0),
            number_at: 0,
            last: true,
            peer: ports.into(),
            peer_at: 2,
            data: reader.rest(),
        }))
    }

    fn replace(frame: &mut [u8], data: &[u8]) -> bool {
        copy_before_end(frame, data, 0)
    }

    fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
        let number = |octets: &[u8]| octets.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
        let mut fields = WireFields::of(octets);
        fields.take(2, "version", |_| "of the wrapper");
        fields.take(2, "source", |port| format!("port {}", number(port)));
        fields.take(2, "destination", |port| format!("port {}", number(port)));
        let length =
            fields.take(2, "length", |length| counted(number(length), "octet").to_string());
        let length = length.map(number).unwrap_or_default();
        fields.content(length, "APDU", |data| {
            format!("{} of the APDU", counted(data.len(), "octet"))
        });
        fields.list()
    }
}

/// True if some octets end with the header in front of so many others.
#[must_use]
pub fn announces(octets: &[u8], size: usize) -> bool {
    match octets.last_chunk::<HEADER>() {
        Some(&[0x00, 0x01, _, _, _, _, high, low]) => {
            usize::from(u16::from_be_bytes([high, low])) == size
        }
        _ => false,
    }
}

/// The size of the frame that the octets begin, by the length in its header; `None` if more octets are needed
/// to tell.
fn announced(octets: &[u8]) -> Option<core::result::Result<usize, NoFrame>> {
    let is_version = |(octet, version)| octet == version;
    if !octets.iter().zip(&[0x00, 0x01]).all(is_version) {
        return Some(Err(NoFrame::LookAlike));
    }
    let &[_, _, _, _, receiver, _, high, low, ref apdu @ ..] = octets else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // The ports of clients end at 00FF. A plain APDU has no other account of itself than its header.
    let is_chance = receiver != 0 && apdu.first() == Some(&DATA_NOTIFICATION);
    if !(NEEDED..=MOST).contains(&length) || is_chance {
        return Some(Err(NoFrame::LookAlike));
    }
    let needed = match apdu.first_chunk::<NEEDED>() {
        _ if !begins(apdu) && !begins_damaged(apdu) => return Some(Err(NoFrame::LookAlike)),
        None => return None,
        Some(needed) => needed,
    };
    Some(match titled(needed, length).or_else(|| own_length(needed).map(Ok)) {
        Some(Ok(found)) if found == 0 || found == length => Ok(HEADER + length),
        // Without the title of a meter it may be chance.
        Some(Ok(found)) if matches!(apdu, [0xdb | 0xdc, 0x08, ..]) => {
            let cause = Cause::Announced { announced: length, found };
            Err(Error::new(Layer::Wrapper, HEADER - 2, cause).into())
        }
        Some(Err(error)) => Err(Error { offset: HEADER + error.offset, ..error }.into()),
        Some(Ok(_)) | None => Err(NoFrame::LookAlike),
    })
}

/// The length of a ciphered APDU with the title of a meter, by its own account, or the octet of its
/// tag, its title or this length that is damaged; `None` if more than one is.
fn titled(apdu: &[u8; NEEDED], length: usize) -> Option<Result<usize>> {
    let mut reader = Reader::new(Layer::Wrapper, apdu);
    let title = reader.take(TITLED, "title").ok()?;
    let own = reader.length("length").map(|size| reader.offset() + size);
    let damaged = |at: usize, what, expected| {
        let found = title.get(at).copied().unwrap_or_default();
        Some(Err(Error::new(Layer::Wrapper, at, Cause::Unexpected { what, found, expected })))
    };
    let fits = own.as_ref().is_ok_and(|own| *own == length);
    match (is_tag(title), maker_signs(title)) {
        (true, SIGNS) => Some(own),
        (false, SIGNS) if fits => damaged(0, "tag", "db or dc"),
        (true, signs) if fits && signs + 1 == SIGNS => match title.get(1) {
            Some(8) => Some(own),
            _ => damaged(1, "length of the system title", "08"),
        },
        _ => None,
    }
}

/// A further header within a frame.
enum NextHeader {
    /// At that octet.
    Whole(usize),
    /// The last octets of the frame may begin one: more octets are needed to tell.
    Begins,
}

/// Looks for the next header of the same ports, with an APDU behind it, in a frame and the octets
/// behind it. If the APDU of the frame has a title, that one has the same.
fn next_header(frame: &[u8], behind: &[u8]) -> Option<NextHeader> {
    let (header, rest) = frame.split_first_chunk::<HEADER>()?;
    let ports = header.get(..HEADER - 2)?;
    let title = rest.get(..TITLED).filter(|it| matches!(it, [0xdb | 0xdc, 0x08, ..]));
    let starts = memchr::memmem::find_iter(frame, header.get(..2)?).filter(|at| *at > 0);
    // The last octet, too, if it may be the first one of a header.
    let last = (frame.last() == header.first()).then(|| frame.len() - 1);
    for at in starts.chain(last) {
        let octets: Vec<_> =
            frame.iter().skip(at).chain(behind).take(HEADER + NEEDED).copied().collect();
        let apdu = octets.get(HEADER..).unwrap_or_default();
        let has_ports = octets.iter().zip(ports).all(|(octet, port)| octet == port);
        let has_title =
            title.is_none_or(|title| apdu.iter().zip(title).all(|(octet, wanted)| octet == wanted));
        let is_whole = match announced(&octets) {
            _ if !has_ports || !has_title => continue,
            Some(Err(NoFrame::LookAlike)) => continue,
            announced => announced.is_some() || octets.len() == HEADER + NEEDED,
        };
        return Some(if is_whole { NextHeader::Whole(at) } else { NextHeader::Begins });
    }
    match next_title(rest, title?, behind) {
        Some(at) => Some(NextHeader::Whole(HEADER + at)),
        None => other_title(rest, behind),
    }
}

/// Looks for an APDU of any meter within an APDU behind which nothing begins that a meter pushes.
fn other_title(apdu: &[u8], behind: &[u8]) -> Option<NextHeader> {
    let is_titled = |octets: &[u8]| is_tag(octets) && has_maker(octets);
    let at = (TITLED..apdu.len()).find(|at| apdu.get(*at..).is_some_and(is_titled))?;
    match (announced(behind), behind) {
        (Some(Ok(_)), _) | (_, [0x0f | 0x2f | 0x68 | 0x7e | 0xe0, ..]) => None,
        _ if is_titled(behind) => None,
        (None, _) => Some(NextHeader::Begins),
        _ if behind.len() < TITLED => Some(NextHeader::Begins),
        _ => Some(NextHeader::Whole(HEADER + at)),
    }
}

/// Looks for the next APDU of the same meter, ciphered with any key, within an APDU and the octets behind it.
fn next_title(apdu: &[u8], title: &[u8], behind: &[u8]) -> Option<usize> {
    let behind = behind.get(..TITLED).unwrap_or(behind);
    let octets = [apdu.get(TITLED..)?, behind].concat();
    let title = title.get(1..)?;
    let mut found = memchr::memmem::find_iter(&octets, title).filter_map(|at| at.checked_sub(1));
    let is_tag = |at: &usize| matches!(octets.get(*at), Some(0xdb | 0xdc));
    found.find(|at| is_tag(at) && TITLED + at < apdu.len()).map(|at| TITLED + at)
}

/// True for the tag of a ciphered APDU.
fn is_tag(apdu: &[u8]) -> bool {
    matches!(apdu, [0xdb | 0xdc, ..])
}

/// True for an APDU with the title of a meter: eight octets that begin with the letters of its
/// manufacturer.
fn has_maker(apdu: &[u8]) -> bool {
    maker_signs(apdu) == SIGNS
}

/// The number of octets that are as in such an APDU.
fn maker_signs(apdu: &[u8]) -> usize {
    let is_size = apdu.get(1) == Some(&0x08);
    let letters = apdu.get(2..MAKER).unwrap_or_default();
    usize::from(is_size) + letters.iter().filter(|it| it.is_ascii_uppercase()).count()
}

/// The size of the title, and three letters.
const SIGNS: usize = 4;

/// True if the octets that are there may begin a ciphered APDU with the title of a meter, of which
/// the tag or the title is damaged.
fn begins_damaged(apdu: &[u8]) -> bool {
    is_tag(apdu) || has_maker(apdu) || apdu.len() < MAKER && apdu.get(1).is_none_or(|it| *it == 8)
}

/// The octets of an APDU up to the letters of the manufacturer.
const MAKER: usize = 5;

/// True if the octets that are there may begin an APDU.
fn begins(apdu: &[u8]) -> bool {
    match *apdu {
        [0xdb | 0xdc, 0x00 | 0x08, ..] | [0x0f | 0xe0, _, ..] => true,
        [only] => matches!(only, 0xdb | 0xdc | 0x0f | 0xe0),
        [] => true,
        _ => false,
    }
}

/// The length of an APDU by its own account, 0 if it gives none; `None` if it is no APDU.
fn own_length(apdu: &[u8; NEEDED]) -> Option<usize> {
    let mut reader = Reader::new(Layer::Wrapper, apdu);
    match reader.u8("tag").ok()? {
        // A date-time, then a list.
        DATA_NOTIFICATION => {
            reader.u32("number").ok()?;
            let kinds = match reader.rest() {
                [0x00, list, ..] | [0x09, 0x00, list, ..] => Some(*list),
                [0x0c, 0x07, ..] | [0x09, 0x0c, 0x07, ..] => None,
                _ => return None,
            };
            kinds.is_none_or(|list| matches!(list, 0x01 | 0x02)).then_some(0)
        }
        0xe0 => {
            reader.array::<5>("header of a block").ok()?;
            let length = reader.length("length").ok()?;
            Some(reader.offset() + length)
        }
        _ => {
            let title = usize::from(reader.u8("length of the title").ok()?);
            let title = reader.take(title, "title").ok()?;
            let length = reader.length("length").ok()?;
            let is_maker = title.iter().take(3).all(u8::is_ascii_alphabetic);
            is_maker.then_some(reader.offset() + length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(apdu: &[u8]) -> Vec<u8> {
        let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
        [&[0, 1, 0, 1, 0, 0x67][..], &length, apdu].concat()
    }

    fn ciphered(title: &[u8]) -> Vec<u8> {
        let head = [&[0xdb, title.len() as u8][..], title, &[20]].concat();
        [&head[..], &[0x20, 0, 0, 0, 1], &[7; 15]].concat()
    }

    #[test]
    fn an_apdu_is_taken_out() {
        let block = [&[0xe0, 0x40, 0, 1, 0, 0, 20][..], &[7; 20]].concat();
        let plain = [&[0x0f, 0, 0, 0, 1, 0, 2, 9][..], &[0x11; 18]].concat();
        for apdu in [ciphered(b"KFM12345"), ciphered(b""), block, plain] {
            let octets = wrapped(&apdu);
            assert_eq!(Wrapper::frame(&octets), Some(Ok(octets.len())));
            let segment = Wrapper::segment(&octets).unwrap().unwrap();
            assert_eq!((segment.data, segment.peer), (&apdu[..], 0x0001_0067));
            for size in 1..octets.len() {
                assert_eq!(Wrapper::frame(&octets[..size]), None, "cut to {size}");
            }
        }
    }

    #[test]
    fn a_length_that_the_apdu_does_not_have_is_named() {
        let mut octets = wrapped(&ciphered(b"KFM12345"));
        octets[7] += 1;
        let Some(Err(NoFrame::Damaged { error, .. })) = Wrapper::frame(&octets) else {
            panic!("{octets:02x?}");
        };
        let text = error.to_string();
        assert_eq!(text, "wrapper: length at octet 6: 32 octets announced, 31 there");
    }

    #[test]
    fn one_damaged_octet_in_front_of_the_ciphertext_is_no_silence() {
        let sound = wrapped(&ciphered(b"KFM12345"));
        for (at, bit) in
            (HEADER..HEADER + TITLED + 1).flat_map(|at| (0..8).map(move |bit| (at, bit)))
        {
            let mut octets = sound.clone();
            octets[at] ^= 1 << bit;
            let found = Wrapper::frame(&octets);
            let is_told = matches!(found, Some(Ok(_) | Err(NoFrame::Damaged { .. })));
            assert!(is_told, "octet {at}, bit {bit}: {found:?}");
        }
        let mut octets = sound;
        octets[HEADER + TITLED] = 0x80;
        let Some(Err(NoFrame::Damaged { error, .. })) = Wrapper::frame(&octets) else {
            panic!("{octets:02x?}");
        };
        assert_eq!((error.offset, error.layer), (HEADER + TITLED, Layer::Wrapper));
        octets[HEADER + 2] = b'k';
        assert_eq!(Wrapper::frame(&octets), Some(Err(NoFrame::LookAlike)), "two are damaged");
    }

    #[test]
    fn a_frame_that_the_next_one_cuts_off_ends_there() {
        let block = |number: u8, octets: &[u8]| {
            let header = [0xe0, 0x40, 0, number, 0, 0, octets.len() as u8];
            [&header[..], octets].concat()
        };
        let plain = [&[0x0f, 0, 0, 0, 1, 0, 2, 9][..], &[0x11; 18]].concat();
        let (first, second) = (block(1, &ciphered(b"KFM12345")), block(2, &[7; 31]));
        let short = [&[0x0f, 0, 0, 0, 1, 0x0c, 7, 0xea][..], &[0x11; 18]].concat();
        for cut in [ciphered(b"KFM12345"), ciphered(b""), first.clone(), second, plain.clone()] {
            for next in
                [ciphered(b"KFM12345"), ciphered(b""), first.clone(), plain.clone(), short.clone()]
            {
                let titled = |apdu: &[u8]| apdu.starts_with(&[0xdb, 8]);
                if titled(&cut) && !titled(&next) {
                    continue;
                }
                let (whole, next) = (wrapped(&cut), wrapped(&next));
                for size in HEADER + NEEDED..whole.len() {
                    let octets = [&whole[..size], &next].concat();
                    let found = Wrapper::frame(&octets);
                    assert!(
                        matches!(found, Some(Err(NoFrame::Damaged { error, .. }))
                            if matches!(error.cause, Cause::FrameInFrame { next, .. } if next == size)),
                        "{size}: {found:?} {octets:02x?}"
                    );
                }
                let octets = [&whole[..], &next].concat();
                assert_eq!(Wrapper::frame(&octets), Some(Ok(whole.len())));
            }
        }
    }

    #[test]
    fn a_cut_frame_takes_nothing_of_another_meter() {
        let (whole, next) = (wrapped(&ciphered(b"KFM12345")), ciphered(b"SAG12345"));
        for size in HEADER + NEEDED..whole.len() - 5 {
            let octets = [&whole[..size], &next, &[0x55; TITLED]].concat();
            let found = Wrapper::frame(&octets);
            assert!(
                matches!(found, Some(Err(NoFrame::Damaged { error, .. }))
                    if matches!(error.cause, Cause::FrameInFrame { next, .. } if next == size)),
                "{size}: {found:?}"
            );
            // Whatever it was, the next telegram behind it stands where it ends.
            assert_eq!(Wrapper::frame(&octets[..whole.len()]), None);
            assert_eq!(Wrapper::last_frame(&octets[..whole.len()]), Some(Ok(whole.len())));
            let octets = [&octets[..whole.len()], &next].concat();
            assert_eq!(Wrapper::frame(&octets), Some(Ok(whole.len())));
        }
    }

    #[test]
    fn zeros_are_no_wrapper() {
        let look_alike = Some(Err(NoFrame::LookAlike));
        assert_eq!(Wrapper::frame(&[0; 64]), look_alike);
        assert_eq!(Wrapper::frame(&[0, 0]), look_alike);
        for apdu in [&[0x42; 32][..], &[0xdb; 32], &ciphered(b"\0\0\0\0\0\0\0\0")] {
            assert_eq!(Wrapper::frame(&wrapped(apdu)), look_alike);
        }
        assert_eq!(Wrapper::frame(&wrapped(&[0xdb, 8])), look_alike, "too short");
    }
}
