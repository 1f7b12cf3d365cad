//! Counts of the octets of a line.

use crate::{
    cipher::ciphered::{Ciphered, SystemTitle},
    diagnosis::{
        conversion::{self, ProvenConversion},
        defects::is_checksum,
        foreign::{self, DsmrParts, ForeignProtocol},
        misread::{self, MisreadParity},
    },
    error::{Cause, Error, Layer, Mark},
    link::{
        deframer::Deframer,
        registry::{LinkChoice, LinkKind},
        stream::{ApduStream, StreamItem},
    },
    p1::CRC_NAME,
};

/// The facts about a run of octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// How many octets there are.
    pub octets: usize,
    /// Those that the UART marked.
    pub marked: usize,
    /// Frames that passed their checks.
    pub frames: usize,
    /// The octets of these frames.
    pub framed: usize,
    /// Frames that would pass them if no octet were marked.
    pub unmarked_frames: usize,
    /// Whole APDUs.
    pub apdus: usize,
    /// Frames that end before their announced size, because another begins.
    pub cut: usize,
    /// The announced size of the first of them, and the distance to the next frame.
    pub first_cut: Option<(usize, usize)>,
    /// Telegrams without frames that break off, because another begins. The caller counts them.
    pub broken_off: usize,
    /// M-Bus frames with a wrong sum, or another wrong octet.
    pub checksums: usize,
    /// DSMR telegrams without the CRC that their version has.
    pub without_crc: usize,
    /// M-Bus frames with a right sum that announce the content of another protocol.
    pub foreign_frames: usize,
    /// Of these, frames with a right sum and a control information that meters do not send.
    pub odd_information: usize,
    /// HDLC frames with a wrong check sequence or flag.
    pub hdlc: usize,
    /// Frames with a marked octet.
    pub marked_frames: usize,
    /// Telegrams without their last or first frames.
    pub halves: usize,
    /// Unmistakable starts of frames or telegrams behind which octets are missing, if nothing else is there.
    pub begun: Vec<BegunPart>,
    /// True if the octets end within a telegram whose first frames are there.
    pub breaks_off: bool,
    /// Look-alikes of damaged frames between telegrams whose counters follow each other: noise that harmed none.
    pub harmless: usize,
    /// Lines of other frames: starts whose two lengths differ.
    pub doubtful: usize,
    /// Another protocol.
    pub foreign: Option<ForeignProtocol>,
    /// The parts of a DSMR telegram, if the octets are of some.
    pub dsmr: Option<DsmrParts>,
    /// Octets that are no text, each in the middle of text: if that is of DSMR, it is damaged.
    pub within_text: usize,
    /// The octets that come nearly all the time, the most frequent first.
    pub constant: Option<Vec<u8>>,
    /// True if all octets have only seven bits, and are no text: the eighth is cut off.
    pub seven_bits: bool,
    /// True if the eighth bit of all octets is a parity bit.
    pub parity_bits: bool,
    /// A change of the octets on the way that explains most of the damage.
    pub converted: Option<ProvenConversion>,
    /// The parity of the meter if telegrams were read with another one, and how many of their starts there are.
    pub misread: Option<(MisreadParity, usize)>,
    /// The share of octets, in percent, whose bits change at most twice: a slower line read too
    /// fast has hardly any others.
    pub smeared: usize,
    /// The first octets.
    pub sample: Vec<u8>,
}

/// A frame or a telegram of which only the start is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunPart {
    /// The octets that it announces.
    pub announced: usize,
    /// The octets up to the next start, or to the last one that came.
    pub present: usize,
    /// True if another start follows; else more octets may be on their way.
    pub is_over: bool,
}

/// Damaged frames to a telegram that holds by chance what its sum says.
const FAR_MORE: usize = 10;

/// Of random octets 23 in a hundred are smeared, of those that are read four times too fast nearly all.
const SMEARED: usize = 70;

/// The octets of a sample.
const SAMPLE: usize = 16;

impl LineFacts {
    /// The facts about octets with these marks, by index.
    #[must_use]
    pub fn of(octets: &[u8], marks: &[(usize, Mark)]) -> Self {
        Self::of_links(octets, marks, LinkChoice::default())
    }

    /// The same for a line with the link layers of a choice.
    #[must_use]
    pub fn of_links(octets: &[u8], marks: &[(usize, Mark)], links: LinkChoice) -> Self {
        let sample = octets.get(..SAMPLE).unwrap_or(octets).to_vec();
        let smeared = octets.iter().filter(|octet| is_smeared(**octet)).count();
        let foreign = foreign::recognise(octets);
        let is_dsmr = foreign == Some(ForeignProtocol::Dsmr);
        let mut facts = Self {
            octets: octets.len(),
            marked: marks.len(),
            foreign,
            dsmr: is_dsmr.then(|| DsmrParts::of(octets)),
            within_text: if is_dsmr { foreign::within_text(octets) } else { 0 },
            constant: constant(octets),
            seven_bits: has_seven_bits(octets),
            parity_bits: octets.len() >= LEAST_SEVEN_BITS && foreign::has_parity_bits(octets),
            smeared: (smeared * 100).checked_div(octets.len()).unwrap_or_default(),
            sample,
            unmarked_frames: count_frames(octets, links),
            ..Self::default()
        };
        facts.read_frames(octets, marks, links);
        if facts.frames + facts.damaged() == 0 {
            facts.begun = begun(octets);
        }
        if facts.marked == 0 && (facts.frames == 0 || facts.damaged() > 0) {
            facts.converted = conversion::conversion(octets, facts.damaged());
        }
        // Among much noise some is a frame by chance.
        if facts.apdus == 0 && facts.marked == 0 {
            facts.misread = misread::misread_parity(octets);
        }
        facts
    }

    /// Frames and telegrams that are damaged or incomplete.
    #[must_use]
    pub const fn damaged(&self) -> usize {
        self.cut + self.broken_off + self.checksums + self.hdlc + self.marked_frames + self.halves
    }

    /// True if no whole frame holds one of so many telegrams, and there are as many damaged ones: the telegrams are
    /// parts of these, and nothing vouches for their octets. Among far more damaged frames the sum of one fits by
    /// chance.
    #[must_use]
    pub const fn outnumbers(&self, telegrams: usize) -> bool {
        let damaged = self.damaged() - self.broken_off;
        let least = match (self.apdus, self.frames) {
            // Where no frame passes its check, one may hold two telegrams.
            (0, 0) => telegrams.div_ceil(2),
            (0, _) => telegrams,
            _ => telegrams * FAR_MORE,
        };
        telegrams > 0 && damaged >= least
    }

    /// The same on a line that brought no telegram: octets do not tell how much time lies between two frames, and the
    /// stages, which know, joined none.
    #[must_use]
    pub fn without_telegrams(self) -> Self {
        Self { apdus: 0, halves: self.halves + self.apdus, ..self }
    }

    /// True for octets of seven data bits, which no other speed mends.
    #[must_use]
    pub const fn has_seven_data_bits(&self) -> bool {
        self.seven_bits || self.parity_bits && self.constant.is_none() && !self.is_smeared()
    }

    /// True for the octets of a line that is read too fast.
    #[must_use]
    pub const fn is_smeared(&self) -> bool {
        self.smeared >= SMEARED
    }

    fn read_frames(&mut self, octets: &[u8], marks: &[(usize, Mark)], links: LinkChoice) {
        let mut stream = ApduStream::<u64>::with(links);
        stream.push(octets, marks.iter().copied());
        stream.pause();
        // The meter and the counter of the last APDU, and the facts up to it.
        let mut last: Option<(SystemTitle, u32, Self)> = None;
        while let Some(item) = stream.next(|position| (position, None)) {
            match item {
                StreamItem::Frame { frame, refused, apdu, .. } => {
                    self.frames += 1;
                    self.framed += frame.octets.len();
                    self.apdus += usize::from(apdu.is_some());
                    if let Some((error, _)) = refused {
                        let is_dlms = !foreign::has_records(frame.octets);
                        self.note(&error, is_dlms);
                    }
                    let Some(apdu) = apdu else { continue };
                    let next = Ciphered::parse(apdu.octets).ok();
                    let next = next.and_then(|it| Some((it.title?, it.counter)));
                    if let (Some((title, counter, before)), Some((same, next))) = (&last, next)
                        && *title == same
                        && next.wrapping_sub(*counter) <= 1
                    {
                        self.forgive(before);
                    }
                    last = next.map(|(title, counter)| (title, counter, self.counts()));
                }
                StreamItem::Skipped(skipped) => {
                    let at = usize::try_from(skipped.position).unwrap_or(usize::MAX);
                    let error = skipped.error.filter(|_| !skipped.is_told);
                    let rest = octets.get(at..).unwrap_or_default();
                    match (cut_short(rest), error) {
                        (Some(found), _) => {
                            self.cut += 1;
                            self.first_cut.get_or_insert(found);
                        }
                        (None, Some(error)) if lacks_stop(&error) && may_lack_octets(rest) => {
                            self.cut += 1;
                        }
                        (None, Some(error)) => self.note(&error, false),
                        (None, None) => {}
                    }
                }
            }
        }
        let is_broken_off = |it: Error| {
            matches!(it.cause, Cause::LastSegmentMissing { .. } | Cause::LastBlockMissing { .. })
        };
        self.breaks_off = stream.partial().is_some_and(is_broken_off);
    }

    /// The counts alone.
    fn counts(&self) -> Self {
        Self { constant: None, sample: Vec::new(), ..self.clone() }
    }

    /// Takes back the damage since other counts: no telegram was lost, and noise may look like anything.
    const fn forgive(&mut self, before: &Self) {
        self.harmless += self.damaged() - before.damaged();
        (self.cut, self.first_cut) = (before.cut, before.first_cut);
        (self.checksums, self.without_crc) = (before.checksums, before.without_crc);
        self.odd_information = before.odd_information;
        (self.hdlc, self.marked_frames) = (before.hdlc, before.marked_frames);
        (self.halves, self.foreign_frames) = (before.halves, before.foreign_frames);
    }

    fn note(&mut self, error: &Error, is_dlms: bool) {
        match (error.layer, error.cause) {
            (_, Cause::Marked(_)) => self.marked_frames += 1,
            (
                _,
                Cause::LastSegmentMissing { .. }
                | Cause::FirstSegmentMissing { .. }
                | Cause::LastBlockMissing { .. }
                | Cause::Segment { .. }
                | Cause::Block { .. }
                | Cause::Announced { .. },
            ) => self.halves += 1,
            (Layer::Hdlc, _) => self.hdlc += 1,
            (Layer::Dsmr, Cause::CutOff { .. }) => self.cut += 1,
            (Layer::Dsmr, cause) => {
                let is_missing =
                    matches!(cause, Cause::Unexpected { what: CRC_NAME, found: b'\r' | b'\n', .. });
                self.checksums += 1;
                self.without_crc += usize::from(is_missing);
            }
            (_, Cause::Lengths { .. }) => self.doubtful += 1,
            (Layer::Mbus, Cause::Unexpected { what: "control information", .. }) => match is_dlms {
                true => {
                    self.checksums += 1;
                    self.odd_information += 1;
                }
                false => self.foreign_frames += 1,
            },
            _ if is_checksum(error) => self.checksums += 1,
            _ => {}
        }
    }
}

/// The frames of octets whose marks are left aside.
fn count_frames(octets: &[u8], links: LinkChoice) -> usize {
    let mut deframer = Deframer::with(links);
    deframer.push(octets, []);
    deframer.end();
    let mut frames = 0;
    while let Some(item) = deframer.next() {
        frames += usize::from(item.is_ok());
    }
    frames
}

/// True for a frame without a stop octet at its end. A wrong octet is seldom that one; behind missing octets, it
/// always is.
fn lacks_stop(error: &Error) -> bool {
    matches!((error.layer, error.cause), (Layer::Mbus, Cause::Unexpected { what: "stop", .. }))
}

/// True for an unmistakable start of a frame, unless that ends behind its announced end: octets were added then.
fn may_lack_octets(octets: &[u8]) -> bool {
    let Some((_, size)) = announced(octets) else {
        return false;
    };
    let ends_at = |at: usize| {
        let rest = octets.get(at..).unwrap_or_default();
        octets.get(at - 1) == Some(&0x16) && announced(rest).is_some()
    };
    !(size + 1..=size + MOST_ADDED).any(ends_at)
}

/// Octets that a conversion of line ends adds to a frame, and more. A whole frame is longer: one may follow whose start
/// is lost.
const MOST_ADDED: usize = 8;

/// The announced size of the frame at the start of the octets, and the distance at which another one
/// begins within it.
fn cut_short(octets: &[u8]) -> Option<(usize, usize)> {
    let (link, size) = announced(octets)?;
    let within = octets.get(..size).unwrap_or(octets);
    let next = (LEAST_FRAME..within.len()).find(|at| {
        let rest = octets.get(*at..).unwrap_or_default();
        announced(rest).is_some_and(|(other, _)| other == link)
    })?;
    Some((size, next))
}

/// The octets of a frame's start, in which no other frame begins.
const LEAST_FRAME: usize = 8;

/// The layer and the size of a frame that unmistakably begins with these octets.
fn announced(octets: &[u8]) -> Option<(LinkKind, usize)> {
    match *octets {
        [0x68, first, second, 0x68, 0x53 | 0x73, 0xff, 0..=0x1f, 1, 0x67, ..]
            if first == second =>
        {
            let most = if first < 3 { 256 } else { 0 };
            Some((LinkKind::Mbus, usize::from(first) + most + 6))
        }
        [0x7e, high @ 0xa0..=0xaf, low, _, _, _, ..] => {
            let begins = LinkKind::Hdlc.frame(octets).is_none_or(|result| match result {
                Ok(_) => true,
                Err(crate::link::layer::NoFrame::LookAlike) => false,
                Err(crate::link::layer::NoFrame::Damaged { error, .. }) => {
                    !matches!(error.cause, Cause::CheckSequence { what, .. } if what.starts_with("header"))
                }
            });
            begins.then(|| (LinkKind::Hdlc, (usize::from(high & 7) << 8 | usize::from(low)) + 2))
        }
        _ => None,
    }
}

/// The starts of frames and telegrams behind which octets are missing.
fn begun(octets: &[u8]) -> Vec<BegunPart> {
    let starts = (0..octets.len()).filter_map(|at| {
        let rest = octets.get(at..)?;
        // Of random octets some look like the first ones of an HDLC frame.
        let is_telegram = |(link, _): &(LinkKind, usize)| {
            *link != LinkKind::Hdlc
                || rest.get(..HDLC_HEAD).is_some_and(|head| head.windows(3).any(|it| it == LLC))
        };
        let size = announced(rest).filter(is_telegram).map(|(_, size)| size);
        Some((at, size.or_else(|| announced_apdu(rest))?))
    });
    let starts: Vec<_> = starts.collect();
    let parts = starts.iter().enumerate().map(|(index, (at, size))| {
        let next = starts.get(index + 1).map(|(next, _)| *next);
        let present = next.unwrap_or(octets.len()) - at;
        BegunPart { announced: *size, present, is_over: next.is_some() }
    });
    parts.filter(|part| part.present < part.announced).collect()
}

/// The octets in front of the content of an HDLC frame that meters send, and the last of them.
const HDLC_HEAD: usize = 14;
const LLC: [u8; 3] = [0xe6, 0xe7, 0];

/// True if a ciphered APDU with the title of a meter begins among some octets.
#[must_use]
pub fn begins_apdu(octets: &[u8]) -> bool {
    let mut starts = memchr::memmem::find_iter(octets, &[0xdb, 8]);
    starts.any(|at| octets.get(at..).and_then(announced_apdu).is_some())
}

/// The size of a ciphered APDU with the title of a meter that begins with these octets.
fn announced_apdu(octets: &[u8]) -> Option<usize> {
    let [0xdb, 8, rest @ ..] = octets else {
        return None;
    };
    let (title, rest) = rest.split_first_chunk::<8>()?;
    let is_maker = title.iter().take(3).all(u8::is_ascii_uppercase);
    let (content, head) = match *rest {
        [0x82, high, low, ..] => (usize::from(high) << 8 | usize::from(low), 13),
        [0x81, size, ..] => (usize::from(size), 12),
        [size @ ..=0x7f, ..] => (usize::from(size), 11),
        _ => return None,
    };
    is_maker.then_some(head + content)
}

/// True for an octet whose bits change at most twice.
const fn is_smeared(octet: u8) -> bool {
    (octet ^ octet >> 1).count_ones() - (octet >> 7) as u32 <= 2
}

/// True if no octet of a start of a telegram has its highest bit. Half of all ciphered octets do.
fn has_seven_bits(octets: &[u8]) -> bool {
    const START: [&[u8]; 3] = [&[0x53, 0x7f, 0, 1, 0x67], &[0x5b, 8], &[0x73, 0x7f, 0, 1, 0x67]];
    let has_start = || START.iter().any(|start| memchr::memmem::find(octets, start).is_some());
    octets.len() >= LEAST_SEVEN_BITS && octets.is_ascii() && has_start()
}

/// Random octets of that number have the highest bit somewhere.
const LEAST_SEVEN_BITS: usize = 64;

/// The octets that come nearly all the time, if they are few: a line that rests on a level.
fn constant(octets: &[u8]) -> Option<Vec<u8>> {
    let mut counts = [0usize; 256];
    for octet in octets {
        if let Some(count) = counts.get_mut(usize::from(*octet)) {
            *count += 1;
        }
    }
    let mut values: Vec<(usize, u8)> = counts.iter().copied().zip(0..=255).collect();
    values.sort_unstable_by_key(|(count, octet)| (core::cmp::Reverse(*count), *octet));
    // A line that rests on a level brings few octets, and now and then another one.
    if let [(count, octet), ..] = *values
        && count >= LEAST_RESTING
        && (count == octets.len() || LEVELS.contains(&octet) && count * 10 >= octets.len() * 9)
    {
        return Some(vec![octet]);
    }
    values.truncate(FEW);
    values.retain(|(count, _)| count * 50 >= octets.len().max(1));
    let covered: usize = values.iter().map(|(count, _)| count).sum();
    let are_levels = values.len() == 1 || values.iter().all(|(_, octet)| LEVELS.contains(octet));
    let nearly_all = are_levels
        && octets.len() >= LEAST_CONSTANT
        && covered * 100 >= octets.len() * CONSTANT_PERCENT;
    nearly_all.then(|| values.into_iter().map(|(_, octet)| octet).collect())
}

/// Octets that are seen on a line of another level, or on one that rests.
const LEVELS: [u8; 5] = [0x00, 0x78, 0x80, 0xf8, 0xff];

const FEW: usize = LEVELS.len();

/// Octets that are all the same, or nearly all of one level, and no chance.
const LEAST_RESTING: usize = 8;

/// Octets below which nothing else is called constant.
const LEAST_CONSTANT: usize = 16;

/// The five most frequent octets of a telegram make up less than a third of it.
const CONSTANT_PERCENT: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::mbus;

    #[test]
    fn frames_that_others_cut_short_are_counted_and_the_first_is_kept() {
        let mut frame = vec![];
        mbus::emit(0, false, &[0xdb; 245], &mut frame);
        let stream: Vec<u8> =
            [104, 96, 132].into_iter().flat_map(|size| frame[..size].to_vec()).collect();
        let facts = LineFacts::of(&stream, &[]);
        assert_eq!((facts.cut, facts.first_cut), (2, Some((256, 104))));
        assert_eq!((facts.frames, facts.checksums, facts.octets), (0, 0, 332));
    }

    #[test]
    fn a_frame_without_its_stop_has_lost_octets_and_one_with_it_has_wrong_ones() {
        let mut frame = vec![];
        mbus::emit(0, false, &[0xdb; 245], &mut frame);
        let facts = |octets: &[u8]| {
            let facts = LineFacts::of(octets, &[]);
            (facts.cut, facts.checksums)
        };
        let (mut lost, mut wrong, mut longer) = (frame.clone(), frame.clone(), frame.clone());
        lost.remove(100);
        wrong[100] ^= 8;
        longer.insert(100, 13);
        assert_eq!(facts(&[longer, frame].concat()), (0, 1));
        assert_eq!(facts(&[&lost[..], &[7; 20]].concat()), (1, 0));
        assert_eq!(facts(&[&wrong[..], &[7; 20]].concat()), (0, 1));
    }

    #[test]
    fn starts_of_frames_and_telegrams_without_their_rest_are_found() {
        let apdu =
            [&[0xdb, 8][..], b"SAG5\0\x06\x2b\x17", &[0x82, 1, 0xf2, 0x30], &[7; 90]].concat();
        let hdlc = hex::decode("7ea077cf022313bb45e6e700db0849534b6974bf").unwrap();
        let parts = |octets: &[u8]| {
            let begun = LineFacts::of(octets, &[]).begun;
            begun.iter().map(|it| (it.announced, it.present, it.is_over)).collect::<Vec<_>>()
        };
        assert_eq!(parts(&apdu), [(511, 104, false)]);
        assert_eq!(parts(&apdu.repeat(2)), [(511, 104, true), (511, 104, false)]);
        assert_eq!(parts(&hdlc), [(121, 20, false)]);
        assert!(begins_apdu(&apdu[..30]) && !begins_apdu(&hdlc));
        let whole = [&apdu[..], &[7; 511 - 104]].concat();
        assert_eq!(parts(&whole), []);
        assert_eq!(parts(&[0x7e, 0xa0, 0x77, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]), []);
    }

    #[test]
    fn bits_that_change_twice_at_most_are_smeared() {
        for octet in [0x00, 0xff, 0xf8, 0x78, 0x80, 0x01, 0x3c] {
            assert!(is_smeared(octet), "{octet:02x}");
        }
        for octet in [0x55, 0x68, 0x53, 0xdb] {
            assert!(!is_smeared(octet), "{octet:02x}");
        }
    }

    #[test]
    fn few_octets_that_come_all_the_time_are_constant() {
        assert_eq!(constant(&[0; 20]), Some(vec![0]));
        assert_eq!(constant(&[0xf8, 0x78, 0x80, 0x00].repeat(10)).map(|it| it.len()), Some(4));
        assert_eq!(constant(&[0; 10]), Some(vec![0]), "a line that rests");
        assert_eq!(constant(&[0; 7]), None);
        assert_eq!(constant(&[0xe5; 10]), Some(vec![0xe5]));
        assert_eq!(constant(&[&[0xff; 9][..], &[3]].concat()), Some(vec![0xff]));
        assert_eq!(constant(&[&[0xe5; 9][..], &[3]].concat()), None);
        assert_eq!(constant(&(0..=255).collect::<Vec<u8>>()), None);
    }

    #[test]
    fn marks_do_not_hide_that_the_frames_are_right() {
        let mut frame = vec![];
        mbus::emit(0, true, &[1, 2, 3], &mut frame);
        let marks: Vec<_> = (0..frame.len()).step_by(2).map(|at| (at, Mark::Parity)).collect();
        let facts = LineFacts::of(&frame, &marks);
        assert_eq!((facts.frames, facts.unmarked_frames, facts.marked_frames), (0, 1, 1));
    }
}
