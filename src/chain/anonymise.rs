//! The same capture of nobody: telegrams with other numbers, names and registers, ciphered again
//! under a published key, in frames as long as before.
//!
//! ```text
//! frame, frame ──► APDU ──► plain APDU ──► Anonymous ──► ciphered again ──► the same frames
//!                                                                          with other octets and sums
//! ```
//!
//! A telegram that no key opens is left out, and so are octets that belong to none: their content
//! would be the original's.

use std::collections::VecDeque;

use crate::{
    chain::{
        bare_apdu::{BareApdu, BareApdus, FoundApdu},
        decrypt::Decrypt,
        event::{Out, Refusal, StageEvent},
        sources::Sources,
    },
    cipher::{
        ciphered::{Ciphered, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
        gcm::Cipher,
        key::Key,
    },
    cosem::notification::DATA_NOTIFICATION,
    error::{Cause, Error, Layer},
    link::{
        block_transfer::{self, BlockTransfer, GENERAL_BLOCK_TRANSFER},
        deframer::Deframer,
        reassembly::Reassembly,
        registry::LinkKind,
    },
    p1,
    reading::anonymous::Anonymous,
    record::{self, Attributes, Place, Record, RecordKind, Time},
};

/// The published example key of Netz NÖ, under which telegrams are ciphered again.
pub const EXAMPLE_KEY: [u8; 16] = [
    0x36, 0xc6, 0x66, 0x39, 0xe4, 0x8a, 0x8c, 0xa4, 0xd6, 0xbc, 0x8b, 0x28, 0x2a, 0x79, 0x3b, 0xbb,
];

/// The authentication key of the Green Book's examples.
pub const EXAMPLE_AUTHENTICATION_KEY: [u8; 16] = [
    0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
];

/// The stage.
pub struct Anonymise {
    lines: Sources<HeldLine>,
    telegrams: AnonymousApdus,
}

/// The replacements that make an APDU one of nobody.
struct AnonymousApdus {
    decrypt: Decrypt,
    anonymous: Anonymous,
    cipher: Cipher,
    gak: Key,
    sources: Vec<String>,
    /// Telegrams that are handed on.
    count: u64,
}

impl Anonymise {
    /// With the keys that open the telegrams.
    #[must_use]
    pub fn new(decrypt: Decrypt, anonymous: Anonymous) -> Self {
        let telegrams = AnonymousApdus {
            decrypt,
            anonymous,
            cipher: Cipher::new(Key::new(EXAMPLE_KEY)),
            gak: Key::new(EXAMPLE_AUTHENTICATION_KEY),
            sources: Vec::new(),
            count: 0,
        };
        Self { lines: Sources::default(), telegrams }
    }

    /// The telegrams so far, each of one or more records.
    #[must_use]
    pub const fn telegrams(&self) -> u64 {
        self.telegrams.count
    }

    /// Takes a record.
    pub fn feed(&mut self, record: &Record<'_>, place: Place, out: &mut impl Out) {
        let Self { lines, telegrams } = self;
        match record.kind {
            RecordKind::Raw | RecordKind::Frame => {
                let from = record.attributes.from;
                if !lines.choose(from) {
                    lines.add(from, HeldLine::default(), |line| line.deframer.is_at_rest());
                }
                if let Some(line) = lines.chosen() {
                    line.feed(record, place);
                    line.drain(from, telegrams, out);
                }
            }
            RecordKind::Apdu => telegrams.hand_on(record, place, out),
            RecordKind::Other(_) => out(StageEvent::Noise(record.octets.len())),
        }
    }

    /// Ends all sources: what is not whole is left out.
    pub fn end(&mut self, out: &mut impl Out) {
        let Self { lines, telegrams } = self;
        for (from, line) in lines.iter_mut() {
            line.deframer.end();
            line.drain(from, telegrams, out);
            line.bare.end();
            drain_bare(&mut line.bare, &line.origins, from, telegrams, out);
            out(StageEvent::Noise(line.held.drain(..).map(|frame| frame.octets.len()).sum()));
            line.blocks = Vec::new();
        }
    }
}

impl AnonymousApdus {
    /// Hands on the APDU of a record.
    fn hand_on(&mut self, record: &Record<'_>, place: Place, out: &mut impl Out) {
        if let Some(octets) = self.replace(record, place, out) {
            self.count += 1;
            let attributes = Attributes {
                from: None,
                err: None,
                text: "",
                title: record.attributes.title.map(|title| self.anonymous.names().title(title)),
                ..record.attributes
            };
            self.write(record.kind, record.time, &octets, attributes, record.attributes.from, out);
        }
    }

    fn write(
        &mut self,
        kind: RecordKind<'_>,
        time: Time,
        octets: &[u8],
        attributes: Attributes<'_>,
        from: Option<&str>,
        out: &mut impl Out,
    ) {
        let from = from.map(|from| self.source(from));
        let attributes = Attributes { from: from.as_deref(), ..attributes };
        let time = self.anonymous.time(time);
        out(StageEvent::Record(Record { time, kind, octets, attributes }, Place::Live));
    }

    /// Sources by number: the name of an adapter tells its owner.
    fn source(&mut self, from: &str) -> String {
        let known = self.sources.iter().position(|source| source == from);
        let number = known.unwrap_or_else(|| {
            self.sources.push(from.to_owned());
            self.sources.len() - 1
        });
        format!("source{}", number + 1)
    }

    /// The APDU with other content, ciphered if it was; nothing, and a refusal, if it cannot be
    /// opened.
    fn replace(
        &mut self,
        record: &Record<'_>,
        place: Place,
        out: &mut impl Out,
    ) -> Option<Vec<u8>> {
        let apdu = Record { kind: RecordKind::Apdu, ..*record };
        let mut plain = None;
        self.decrypt.feed(&apdu, place, &mut |event: StageEvent<'_>| match event {
            StageEvent::Record(record, _) => {
                plain = Some((record.octets.to_vec(), record.attributes.title));
            }
            event => out(event),
        });
        let (mut plain, title) = plain?;
        let replaced = match plain.first() {
            Some(&(DATA_NOTIFICATION | p1::START)) => self.anonymous.replace(&mut plain),
            _ => Err(Error::new(Layer::Apdu, 0, Cause::Unsupported { what: FOREIGN })),
        };
        if let Err(error) = replaced {
            let from = record.attributes.from;
            out(StageEvent::Refused(Refusal {
                place,
                time: record.time,
                from,
                title,
                counter: None,
                is_tagged: false,
                error,
            }));
            return None;
        }
        let ciphered = [GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING];
        if !record.octets.first().is_some_and(|tag| ciphered.contains(tag)) {
            return Some(plain);
        }
        self.seal(record.octets, title?, &plain)
    }

    /// The same envelope around another text.
    fn seal(&self, apdu: &[u8], title: [u8; 8], plain: &[u8]) -> Option<Vec<u8>> {
        let parsed = Ciphered::parse(apdu).ok()?;
        let title = self.anonymous.names().title(title);
        let mut sealed = apdu.to_vec();
        if parsed.title.is_some() {
            sealed.get_mut(2..10)?.copy_from_slice(&title);
        }
        let tag = parsed.tag.map_or(0, |tag| tag.len());
        let end = sealed.len().checked_sub(tag)?;
        let text = sealed.get_mut(end.checked_sub(plain.len())?..end)?;
        text.copy_from_slice(plain);
        let gak = parsed.tag.map(|_| &self.gak);
        let control = parsed.security.0;
        if let Some(tag) = self.cipher.seal(control, parsed.counter, &title, gak, text) {
            sealed.get_mut(end..)?.copy_from_slice(&tag);
        }
        Some(sealed)
    }
}

/// The state of one source.
#[derive(Default)]
struct HeldLine {
    deframer: Deframer,
    reassembly: Reassembly,
    transfer: BlockTransfer,
    bare: BareApdus,
    origins: VecDeque<(u64, Time, Place)>,
    /// The frames of the APDU that is being joined.
    held: Vec<HeldFrame>,
    /// The blocks before it that belong to the same telegram.
    blocks: Vec<HeldBlock>,
}

/// A frame whose telegram is not whole yet.
struct HeldFrame {
    time: Time,
    place: Place,
    link: LinkKind,
    octets: Vec<u8>,
    /// Octets of the APDU in it.
    data: usize,
}

/// The frames of a block of an APDU, or of a whole one.
struct HeldBlock {
    frames: Vec<HeldFrame>,
    /// The octets of the block in front of those of the APDU.
    header: Vec<u8>,
    size: usize,
}

impl HeldLine {
    fn feed(&mut self, record: &Record<'_>, place: Place) {
        let position = self.deframer.end_position();
        self.origins.push_back((position, record.time, place));
        if let Place::Line(_) = place {
            self.bare.line(position);
        }
        let marks = record.attributes.err.into_iter().flat_map(record::marks);
        self.deframer.push(record.octets, marks);
    }

    fn origin(&mut self, position: u64) -> (Time, Place) {
        while self.origins.get(1).is_some_and(|(next, ..)| *next <= position) {
            self.origins.pop_front();
        }
        self.origins
            .front()
            .map_or((Time::UNKNOWN, Place::Live), |(_, time, place)| (*time, *place))
    }

    fn drain(&mut self, from: Option<&str>, telegrams: &mut AnonymousApdus, out: &mut impl Out) {
        loop {
            let Self { deframer, bare, origins, .. } = self;
            let frame = match deframer.next() {
                None => return,
                Some(Err(skipped)) => {
                    if skipped.mark.is_some() {
                        bare.end();
                        drain_bare(bare, origins, from, telegrams, out);
                    }
                    bare.defect(&skipped);
                    bare.push(skipped.octets, skipped.position);
                    drain_bare(bare, origins, from, telegrams, out);
                    continue;
                }
                Some(Ok(frame)) => {
                    if frame.has_data() {
                        bare.behind_frame(frame.end());
                    }
                    (frame.link, frame.position, frame.octets.to_vec())
                }
            };
            if bare.pending() > 0 {
                bare.end();
                drain_bare(bare, origins, from, telegrams, out);
            }
            self.frame(frame, from, telegrams, out);
        }
    }

    /// Takes a frame to the others of its telegram.
    fn frame(
        &mut self,
        (link, position, octets): (LinkKind, u64, Vec<u8>),
        from: Option<&str>,
        telegrams: &mut AnonymousApdus,
        out: &mut impl Out,
    ) {
        let (time, place) = self.origin(position);
        let mut segment = match link.segment(&octets) {
            Ok(Some(segment)) => segment,
            Ok(None) => {
                let (kind, attributes) = (RecordKind::Frame, Attributes::default());
                return telegrams.write(kind, time, &octets, attributes, from, out);
            }
            Err(_) => return out(StageEvent::Noise(octets.len())),
        };
        let is_block = |apdu: &[u8]| apdu.first() == Some(&GENERAL_BLOCK_TRANSFER);
        if segment.number.is_none() && !self.reassembly.is_collecting() && is_block(segment.data) {
            segment.number = Some(0);
        }
        if segment.is_first() {
            drop_frames(&mut self.held, out);
        }
        let data = segment.data.len();
        let outcome = self.reassembly.take(link, &segment, time.millis());
        let refused = outcome.refused.is_some();
        let apdu = outcome.apdu.map(<[u8]>::to_vec);
        if refused && apdu.is_none() && !segment.is_first() {
            drop_frames(&mut self.held, out);
            return out(StageEvent::Noise(octets.len()));
        }
        self.held.push(HeldFrame { time, place, link, octets, data });
        let Some(apdu) = apdu else {
            return;
        };
        let frames = std::mem::take(&mut self.held);
        let header = block_transfer::header(&apdu).filter(|_| is_block(&apdu));
        let Some(header) = header else {
            let block = HeldBlock { frames, header: Vec::new(), size: apdu.len() };
            return telegrams.frames(vec![block], &apdu, from, out);
        };
        let block = self.transfer.take(&apdu, time.millis());
        if block.begins {
            self.blocks.clear();
        }
        let whole = block.apdu.map(<[u8]>::to_vec);
        let size = apdu.len() - header;
        self.blocks.push(HeldBlock {
            frames,
            header: apdu.get(..header).unwrap_or_default().to_vec(),
            size,
        });
        if let Some(whole) = whole {
            telegrams.frames(std::mem::take(&mut self.blocks), &whole, from, out);
        }
    }
}

/// Hands on the APDUs that came without frames.
fn drain_bare(
    bare: &mut BareApdus,
    origins: &VecDeque<(u64, Time, Place)>,
    from: Option<&str>,
    telegrams: &mut AnonymousApdus,
    out: &mut impl Out,
) {
    while let Some(found) = bare.next() {
        match found {
            FoundApdu::Apdu(BareApdu { octets, begin, near_frame, .. }) => {
                let origin = origins.iter().rev().find(|(at, ..)| *at <= begin);
                let (time, place) =
                    origin.map_or((Time::UNKNOWN, Place::Live), |(_, time, place)| (*time, *place));
                let attributes = Attributes { from, near_frame, ..Attributes::default() };
                let record = Record { time, kind: RecordKind::Apdu, octets, attributes };
                telegrams.hand_on(&record, place, out);
            }
            FoundApdu::Refused(..) => {}
            FoundApdu::Noise(octets) => out(StageEvent::Noise(octets)),
        }
    }
}

impl AnonymousApdus {
    /// Hands on the frames of an APDU with other octets in them.
    fn frames(
        &mut self,
        blocks: Vec<HeldBlock>,
        apdu: &[u8],
        from: Option<&str>,
        out: &mut impl Out,
    ) {
        // A telegram is where its first frame is.
        let first = blocks.iter().flat_map(|block| &block.frames).next();
        let (time, place) =
            first.map_or((Time::UNKNOWN, Place::Live), |frame| (frame.time, frame.place));
        let attributes = Attributes { from, ..Attributes::default() };
        let record = Record { time, kind: RecordKind::Apdu, octets: apdu, attributes };
        let Some(octets) = self.replace(&record, place, out) else {
            return;
        };
        self.count += 1;
        let mut rest = &octets[..];
        for block in blocks {
            let (part, behind) = rest.split_at_checked(block.size).unwrap_or((rest, &[]));
            rest = behind;
            let whole = [&block.header[..], part].concat();
            let mut data = &whole[..];
            for mut frame in block.frames {
                let (part, behind) = data.split_at_checked(frame.data).unwrap_or((data, &[]));
                data = behind;
                if part.len() == frame.data && frame.link.replace(&mut frame.octets, part) {
                    let (kind, attributes) = (RecordKind::Frame, Attributes::default());
                    self.write(kind, frame.time, &frame.octets, attributes, from, out);
                } else {
                    out(StageEvent::Noise(frame.octets.len()));
                }
            }
        }
    }
}

/// Leaves out frames whose telegram is not whole.
fn drop_frames(held: &mut Vec<HeldFrame>, out: &mut impl Out) {
    for frame in held.drain(..) {
        out(StageEvent::Noise(frame.octets.len()));
    }
}

const FOREIGN: &str =
    "an APDU that is neither a data-notification nor a text is not made anonymous";
