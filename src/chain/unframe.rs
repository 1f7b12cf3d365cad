//! Octets of a line to APDUs.
//!
//! `raw` and `frame` records of one source are one stream, however they are cut; each source has a
//! state of its own. `apdu` records and kinds that are not known are handed on as they are.

use core::{ops::Range, time::Duration};
use std::collections::VecDeque;

use crate::{
    chain::{
        apdu_start::is_whole,
        bare_apdu::{BareApdu, BareApdus, FoundApdu},
        event::{Out, Refusal, SortedOctets, StageEvent, StreamPart, TelegramPart, TextEdge},
        sources::{MAX_SOURCES, Sources},
        stray_octets::StrayOctets,
        text_end::TextEnds,
    },
    error::{Cause, Error, Layer},
    link::{
        deframer::{LinkFrame, Skipped},
        reassembly::PAUSE,
        registry::{LinkChoice, LinkKind},
        stream::{ApduStream, LinkApdu, StreamItem},
    },
    p1,
    record::{self, Attributes, Place, Record, RecordKind, Time},
};

/// The stage.
#[derive(Clone, Debug, Default)]
pub struct Unframe {
    lines: Sources<SourceStream>,
    frames: u64,
    links: LinkChoice,
    /// The part of each octet is told.
    sorts: bool,
}

impl Unframe {
    /// For lines with the link layers of a choice.
    #[must_use]
    pub fn with(links: LinkChoice) -> Self {
        Self { links, ..Self::default() }
    }

    /// The same, with an event for the part of each octet.
    #[must_use]
    pub fn with_parts(self) -> Self {
        Self { sorts: true, ..self }
    }

    /// Takes a record.
    pub fn feed(&mut self, record: &Record<'_>, place: Place, out: &mut impl Out) {
        match record.kind {
            RecordKind::Raw | RecordKind::Frame => {
                let from = record.attributes.from;
                if !self.lines.choose(from) {
                    self.add(from, out);
                }
                if let Some(line) = self.lines.chosen() {
                    line.feed(record, place);
                    self.frames += line.drain(from, out);
                }
            }
            RecordKind::Apdu | RecordKind::Other(_) => out(StageEvent::Record(*record, place)),
        }
    }

    /// Ends all sources: a frame or a telegram that is not whole is dropped.
    pub fn end(&mut self, out: &mut impl Out) {
        for (from, line) in self.lines.iter_mut() {
            self.frames += line.end(from, out);
        }
    }

    /// Takes note of a silence on a live source. Frames have no pauses: after a long silence the
    /// octets of a frame that has begun are searched again for others.
    pub fn quiet(&mut self, silent: Duration, out: &mut impl Out) {
        if silent > PAUSE {
            for (from, line) in self.lines.iter_mut() {
                line.link.pause();
                self.frames += line.drain(from, out);
                line.end_bare(from, out);
            }
        }
    }

    /// Frames that passed their checks so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The link layers that lines may have.
    #[must_use]
    pub const fn links(&self) -> LinkChoice {
        self.links
    }

    /// The telegram that the end of the input cut off.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        self.lines.iter().find_map(|line| earlier(line.link.partial(), line.bare.partial()))
    }

    /// Adds a source. The telegram of another one that has to make room for it is cut off.
    fn add(&mut self, from: Option<&str>, out: &mut impl Out) {
        let new = SourceStream { sorts: self.sorts, ..SourceStream::with(self.links) };
        if let Some((from, mut line)) = self.lines.add(from, new, SourceStream::is_at_rest) {
            let is_cut_off = !line.is_at_rest();
            let origin = line.origins.peek(line.link.end_position());
            self.frames += line.end(from.as_deref(), out);
            if is_cut_off {
                let cause = Cause::Sources { limit: MAX_SOURCES };
                let error = Error::new(Layer::Record, 0, cause);
                out(StageEvent::Refused(origin.refusal(error, from.as_deref())));
            }
        }
    }
}

/// The state of one source.
#[derive(Clone, Debug, Default)]
struct SourceStream {
    link: ApduStream<OctetOrigin>,
    bare: BareApdus,
    texts: TextEnds,
    origins: OctetOrigins,
    stray: StrayOctets<OctetOrigin>,
    /// The stream may have APDUs outside of frames.
    has_bare: bool,
    /// A telegram without a CRC was reported.
    reported_unchecked: bool,
    sorts: bool,
}

impl SourceStream {
    fn with(links: LinkChoice) -> Self {
        let (link, has_bare) = (ApduStream::with(links), links.has_bare_apdus());
        Self { link, bare: BareApdus::with(links), has_bare, ..Self::default() }
    }

    fn feed(&mut self, record: &Record<'_>, place: Place) {
        let position = self.link.end_position();
        let octets = record.octets.len();
        self.origins.push(OctetOrigin { position, octets, place, time: record.time });
        if let Place::Line(_) = place {
            self.bare.line(position);
        }
        match record.attributes.err {
            // Nearly always.
            None => self.link.push(record.octets, []),
            Some(err) => {
                self.stray.told();
                self.link.push(record.octets, record::marks(err));
            }
        }
    }

    /// Hands on everything that is complete. Returns the number of frames that passed their checks.
    #[inline]
    fn drain(&mut self, from: Option<&str>, out: &mut impl Out) -> u64 {
        let mut frames = 0;
        loop {
            let Self { link, bare, texts, origins, stray, has_bare, reported_unchecked, sorts } =
                self;
            let sorts = *sorts;
            let item = link.next(|position| {
                let origin = origins.at(position);
                (origin, origin.time.millis())
            });
            match item {
                None => return frames,
                // Five octets of ciphertext look like a frame without data now and then.
                Some(StreamItem::Frame { frame, begins: false, refused: None, apdu: None })
                    if *has_bare
                        && bare.is_within_apdu()
                        && frame.link.segment(frame.octets).is_ok_and(|data| data.is_none()) =>
                {
                    bare.push(frame.octets, frame.position);
                    drain_bare(bare, origins, stray, sorts, from, out);
                }
                Some(StreamItem::Frame { frame, begins, refused, apdu }) => {
                    frames += 1;
                    if stray.is_in_front() {
                        in_front(&frame, begins || apdu.is_some(), origins, stray);
                    }
                    // A frame without data stands between APDUs that have none around them.
                    if begins || refused.is_some() || apdu.is_some() {
                        bare.behind_frame(frame.end());
                    }
                    if bare.pending() > 0 {
                        bare.end_before_frame();
                        drain_bare(bare, origins, stray, sorts, from, out);
                    }
                    let tell = |out: &mut _| {
                        let part = StreamPart::Frame(frame.link, begins);
                        let origin = origins.peek(frame.position);
                        sort(frame.octets, frame.position, part, &origin, from, out);
                    };
                    // The defect of a frame that begins a telegram is that of the one before it.
                    if sorts && !begins {
                        tell(out);
                    }
                    if let Some((error, origin)) = refused {
                        stray.told();
                        out(StageEvent::Refused(origin.refusal(error, from)));
                    }
                    if sorts && begins {
                        tell(out);
                    }
                    if let Some(apdu) = apdu {
                        if apdu.link == LinkKind::Dsmr {
                            texts.whole();
                            if !p1::has_crc(apdu.octets)
                                && !core::mem::replace(reported_unchecked, true)
                            {
                                out(StageEvent::Unchecked);
                            }
                        }
                        hand_on(&apdu, frame.end(), origins, stray, from, out);
                    }
                }
                Some(StreamItem::Skipped(skipped)) => {
                    let Skipped { octets, position, error, segment, is_told, mark } = skipped;
                    let origin = origins.at(position);
                    if mark.is_some() {
                        bare.end();
                        drain_bare(bare, origins, stray, sorts, from, out);
                    }
                    if sorts {
                        let part = StreamPart::Skipped { error, segment, is_told };
                        sort(octets, position, part, &origin, from, out);
                    }
                    if error.is_some_and(|error| error.layer == Layer::Dsmr) {
                        texts.damaged();
                    }
                    let lost_start = texts
                        .is_untold(octets)
                        .then(|| Error::new(Layer::Dsmr, 0, Cause::FrameStart));
                    if let Some(error) = bare.defect(&skipped).or(lost_start) {
                        stray.told();
                        out(StageEvent::Refused(origin.refusal(error, from)));
                    }
                    bare.push(octets, position);
                    drain_bare(bare, origins, stray, sorts, from, out);
                }
            }
        }
    }

    /// True if no telegram has begun.
    fn is_at_rest(&self) -> bool {
        self.link.is_at_rest() && self.bare.pending() == 0
    }

    /// Hands on the rest; how many frames passed their checks.
    fn end(&mut self, from: Option<&str>, out: &mut impl Out) -> u64 {
        self.bare.cut_off_frame(self.link.position());
        self.link.pause();
        let frames = self.drain(from, out);
        self.end_bare(from, out);
        // Octets of a telegram that the end cuts off are no error.
        let stray = self.stray.end();
        match self.cut_off() {
            None => tell_stray(stray, from, out),
            Some(start) if start >= self.stray.text_at() => self.tell_cut_off(start, out),
            // Nothing came behind the last text.
            Some(_) => {}
        }
        self.link.end();
        self.stray.text_begins(self.link.end_position());
        frames
    }

    /// Where the telegram begins that the end cuts off.
    fn cut_off(&self) -> Option<u64> {
        let begun = self.link.begun().map(|origin| origin.position);
        let octets = |error: Error| match error.cause {
            Cause::CutOff { octets } => Some(octets as u64),
            _ => None,
        };
        begun.or_else(|| {
            let partial = earlier(self.link.partial_frame(), self.bare.partial());
            // The text of a meter is no hex: it is as a line sends it, from anywhere on.
            let partial = partial.filter(|error| error.layer != Layer::Dsmr);
            Some(self.link.end_position().saturating_sub(partial.and_then(octets)?))
        })
    }

    fn tell_cut_off(&self, start: u64, out: &mut impl Out) {
        if let Place::Line(line) = self.origins.peek(start).place {
            let octets = usize::try_from(self.link.end_position() - start).unwrap_or(usize::MAX);
            out(StageEvent::Edge(TextEdge::Ends(TelegramPart { line, octets })));
        }
    }

    /// Ends the APDUs without frames: nothing more belongs to the octets so far.
    fn end_bare(&mut self, from: Option<&str>, out: &mut impl Out) {
        self.bare.end();
        let Self { bare, origins, stray, .. } = self;
        drain_bare(bare, origins, stray, self.sorts, from, out);
    }
}

/// Hands on an APDU that ends there, and whose segments add up to the length in its ciphering header.
fn hand_on(
    apdu: &LinkApdu<'_, OctetOrigin>,
    end: u64,
    origins: &OctetOrigins,
    stray: &mut StrayOctets<OctetOrigin>,
    from: Option<&str>,
    out: &mut impl Out,
) {
    let LinkApdu { link, octets, origin } = *apdu;
    match is_whole(octets, link.layer()) {
        Ok(()) => {
            let positions = origin.position..end;
            if stray.is_in_front() && link != LinkKind::Dsmr {
                tell_front(&positions, origins, stray, out);
            }
            tell_stray(stray.telegram(positions), from, out);
            // The lines of a text are no octets in hex.
            if link == LinkKind::Dsmr {
                stray.told();
            }
            let link = Some(link.layer().name());
            out(apdu_event(octets, origin, Attributes { from, link, ..Attributes::default() }));
        }
        Err(error) => {
            stray.told();
            out(StageEvent::Refused(origin.refusal(error, from)));
        }
    }
}

/// Takes note of a frame in front of the first telegram of a text.
#[cold]
fn in_front(
    frame: &LinkFrame<'_>,
    is_of_telegram: bool,
    origins: &OctetOrigins,
    stray: &mut StrayOctets<OctetOrigin>,
) {
    let origin = origins.peek(frame.position);
    let has_segment = || matches!(frame.link.segment(frame.octets), Ok(Some(_)));
    if is_of_telegram {
        stray.telegram_begins();
    } else if matches!(origin.place, Place::Line(_)) && has_segment() {
        stray.frame_in_front(frame.octets.len(), origin);
    }
}

/// Says what the first telegram of a text shows of the octets in front of it.
#[cold]
fn tell_front(
    telegram: &Range<u64>,
    origins: &OctetOrigins,
    stray: &mut StrayOctets<OctetOrigin>,
    out: &mut impl Out,
) {
    let is_row = |width| origins.have_row_of(width, telegram);
    let tail = origins.peek(telegram.end.saturating_sub(1)).octets;
    let rest = stray.rest_in_front((is_row, tail), |origin| origin.position);
    if telegram.start < stray.text_at() {
        out(StageEvent::Edge(TextEdge::GoesOn));
    } else if let Some((OctetOrigin { place: Place::Line(line), .. }, octets)) = rest {
        out(StageEvent::Edge(TextEdge::Begins(TelegramPart { line, octets })));
    }
}

fn tell_stray(lost: Option<(Error, OctetOrigin)>, from: Option<&str>, out: &mut impl Out) {
    if let Some((error, origin)) = lost {
        out(StageEvent::Refused(origin.refusal(error, from)));
    }
}

fn drain_bare(
    bare: &mut BareApdus,
    origins: &OctetOrigins,
    stray: &mut StrayOctets<OctetOrigin>,
    sorts: bool,
    from: Option<&str>,
    out: &mut impl Out,
) {
    loop {
        let position = bare.position();
        let Some(found) = bare.next() else {
            return;
        };
        match found {
            FoundApdu::Apdu(BareApdu { octets, begin, end, near_frame }) => {
                let origin = origins.peek(begin);
                if sorts {
                    sort(octets, begin, StreamPart::Apdu(end), &origin, from, out);
                }
                let positions = origin.position..end;
                if stray.is_in_front() {
                    tell_front(&positions, origins, stray, out);
                }
                tell_stray(stray.telegram(positions), from, out);
                let attributes = Attributes { from, near_frame, ..Attributes::default() };
                out(apdu_event(octets, &origin, attributes));
            }
            FoundApdu::Refused(error, position) => {
                let origin = origins.peek(position);
                if sorts {
                    sort(&[], position, StreamPart::DamagedApdu(error), &origin, from, out);
                }
                stray.told();
                out(StageEvent::Refused(origin.refusal(error, from)));
            }
            FoundApdu::Noise(octets) => {
                if let Place::Line(_) = origins.peek(position).place {
                    let rows = origins.among(position..position + octets as u64);
                    if stray.is_in_front() {
                        rows.for_each(|(row, octets)| {
                            stray.noise_in_front(row.octets, octets, row);
                        });
                    } else if let Some(telegram) = stray.behind() {
                        rows.filter(|(row, _)| origins.have_row_of(row.octets, &telegram))
                            .for_each(|(row, octets)| stray.noise(octets, row));
                    }
                }
                out(StageEvent::Noise(octets));
            }
        }
    }
}

/// Tells the part of some octets.
fn sort(
    octets: &[u8],
    position: u64,
    part: StreamPart,
    origin: &OctetOrigin,
    from: Option<&str>,
    out: &mut impl Out,
) {
    out(StageEvent::Sorted(SortedOctets { from, place: origin.place, position, octets, part }));
}

fn apdu_event<'a>(
    octets: &'a [u8],
    origin: &OctetOrigin,
    attributes: Attributes<'a>,
) -> StageEvent<'a> {
    let record = Record { time: origin.time, kind: RecordKind::Apdu, octets, attributes };
    StageEvent::Record(record, origin.place)
}

/// The origin of some octets of a stream.
#[derive(Clone, Copy, Debug, Default)]
struct OctetOrigin {
    /// The position in the stream of the first of them.
    position: u64,
    /// Their number.
    octets: usize,
    place: Place,
    time: Time,
}

impl OctetOrigin {
    const fn refusal<'a>(&self, error: Error, from: Option<&'a str>) -> Refusal<'a> {
        Refusal {
            place: self.place,
            time: self.time,
            from,
            title: None,
            counter: None,
            is_tagged: false,
            error,
        }
    }

    /// The origin of an octet further on.
    fn onward(self, position: u64) -> Self {
        let place = match self.place {
            Place::Octet(octet) => Place::Octet(octet + position.saturating_sub(self.position)),
            place => place,
        };
        Self { place, ..self }
    }
}

/// The origins of the octets that may still be asked for.
#[derive(Clone, Debug, Default)]
struct OctetOrigins(VecDeque<OctetOrigin>);

impl OctetOrigins {
    /// The distance behind the deframer at which an APDU without frames may have begun, in records
    /// of one octet.
    const MOST: usize = 2 * crate::chain::apdu_start::MAX_APDU;

    fn push(&mut self, origin: OctetOrigin) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(origin);
    }

    /// The origin of the octet at `position`; those before it are kept for APDUs without
    /// frames only as long as there are few.
    fn at(&mut self, position: u64) -> OctetOrigin {
        while self.0.len() > 64
            && self.0.get(1).is_some_and(|next| next.position + 8192 <= position)
        {
            self.0.pop_front();
        }
        self.peek(position)
    }

    fn peek(&self, position: u64) -> OctetOrigin {
        // Nearly always the last origin is asked for.
        if let Some(last) = self.0.back().filter(|last| last.position <= position) {
            return last.onward(position);
        }
        let behind = self.0.partition_point(|origin| origin.position <= position);
        let origin = self.0.get(behind.saturating_sub(1)).copied().unwrap_or_default();
        origin.onward(position)
    }

    /// True for the width of one of several rows of a text that a telegram has.
    fn have_row_of(&self, width: usize, telegram: &Range<u64>) -> bool {
        let at = |position| self.0.partition_point(|origin| origin.position < position);
        let rows = self.0.range(at(telegram.start)..at(telegram.end));
        let is_alike = |origin: &OctetOrigin| origin.octets == width;
        width >= ROW && rows.len() > 1 && rows.clone().any(is_alike)
    }

    /// The origins of some octets, with the number of octets of each.
    fn among(&self, octets: Range<u64>) -> impl Iterator<Item = (OctetOrigin, usize)> {
        let mut at = octets.start;
        core::iter::from_fn(move || {
            let start = Some(at).filter(|at| *at < octets.end)?;
            let origin = self.peek(start);
            at = (origin.position + origin.octets as u64).clamp(start + 1, octets.end);
            Some((origin, (at - start) as usize))
        })
    }
}

/// A row of a text with fewer octets may be an address.
const ROW: usize = 7;

/// Of two telegrams that the end cuts off the one that begins first; that of a frame in doubt.
fn earlier(framed: Option<Error>, bare: Option<Error>) -> Option<Error> {
    match (framed.map(|it| it.cause), bare.map(|it| it.cause)) {
        (Some(Cause::CutOff { octets }), Some(Cause::CutOff { octets: more })) if more > octets => {
            bare
        }
        _ => framed.or(bare),
    }
}
