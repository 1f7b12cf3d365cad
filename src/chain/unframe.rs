//! Octets of a line to APDUs.
//!
//! `raw` and `frame` records of one source are one stream, however they are cut; each source has a
//! state of its own. `apdu` records and kinds that are not known are handed on as they are.

use core::time::Duration;
use std::collections::VecDeque;

use crate::{
    chain::{
        bare_apdu::{BareApdus, FoundApdu},
        event::{Out, Refusal, StageEvent},
    },
    cipher::ciphered,
    error::{Cause, Error, Layer},
    link::{
        mbus::{Deframer, Frame, Skipped},
        reassembly::{PAUSE_MILLIS, Reassembly, is_first},
    },
    record::{self, Attributes, Place, Record, RecordKind, Time},
};

/// The most sources that are kept apart. A stream with more is none that `capture` wrote.
const MAX_SOURCES: usize = 64;

/// The stage.
#[derive(Clone, Debug, Default)]
pub struct Unframe {
    /// The sources by name. Nearly always there is one, so a list is the fastest map.
    lines: Vec<(Option<String>, SourceStream)>,
    frames: u64,
}

impl Unframe {
    /// Takes a record.
    pub fn feed(&mut self, record: &Record<'_>, place: Place, out: &mut impl Out) {
        match record.kind {
            RecordKind::Raw | RecordKind::Frame => {
                let from = record.attributes.from;
                if let Some(line) = self.line(from) {
                    line.feed(record, place);
                    self.frames += line.drain(from, out);
                }
            }
            RecordKind::Apdu | RecordKind::Other(_) => out(StageEvent::Record(*record, place)),
        }
    }

    /// Says that a source was closed or that its octets do not go on: what is not whole is dropped.
    pub fn end(&mut self, out: &mut impl Out) {
        for (from, line) in &mut self.lines {
            line.deframer.end();
            self.frames += line.drain(from.as_deref(), out);
            line.loose.end();
            line.drain_loose(from.as_deref(), out);
            line.reassembly.end();
        }
    }

    /// Says that nothing has come for so long, live: a frame that has begun by then was none, since
    /// frames have no pauses, and what it seemed to hold is looked at again.
    pub fn quiet(&mut self, silent: Duration, out: &mut impl Out) {
        if silent.as_millis() > u128::from(PAUSE_MILLIS.unsigned_abs()) {
            for (from, line) in &mut self.lines {
                line.deframer.end();
                self.frames += line.drain(from.as_deref(), out);
            }
        }
    }

    /// Frames that passed their checks so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// What the end of the input cut off, if it did.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        self.lines.iter().find_map(|(_, line)| line.reassembly.partial().or(line.loose.partial()))
    }

    fn line(&mut self, from: Option<&str>) -> Option<&mut SourceStream> {
        let found = self.lines.iter().position(|(name, _)| name.as_deref() == from);
        let index = match found {
            Some(index) => index,
            None => {
                if self.lines.len() == MAX_SOURCES {
                    self.lines.remove(0);
                }
                self.lines.push((from.map(str::to_owned), SourceStream::default()));
                self.lines.len() - 1
            }
        };
        self.lines.get_mut(index).map(|(_, line)| line)
    }
}

/// The state of one source.
#[derive(Clone, Debug, Default)]
struct SourceStream {
    deframer: Deframer,
    reassembly: Reassembly,
    loose: BareApdus,
    origins: OctetOrigins,
    /// Where the telegram that is being joined began.
    first: OctetOrigin,
}

impl SourceStream {
    fn feed(&mut self, record: &Record<'_>, place: Place) {
        let pending = self.deframer.pending().len() as u64;
        let position = self.deframer.position() + pending;
        self.origins.push(OctetOrigin { position, place, time: record.time });
        if let Place::Line(_) = place {
            self.loose.line(position);
        }
        let marks = record.attributes.err.into_iter().flat_map(record::marks);
        self.deframer.push(record.octets, marks);
    }

    /// Hands on what is complete; how many frames passed.
    fn drain(&mut self, from: Option<&str>, out: &mut impl Out) -> u64 {
        let mut frames = 0;
        loop {
            let position = self.deframer.position();
            let Some(result) = self.deframer.next() else {
                return frames;
            };
            let origin = self.origins.at(position);
            match result {
                Ok(frame) => {
                    frames += 1;
                    self.loose.framed();
                    if self.loose.pending() > 0 {
                        self.loose.end();
                        drain_loose(&mut self.loose, &mut self.origins, from, out);
                    }
                    join(&mut self.reassembly, &frame, origin, &mut self.first, from, out);
                }
                Err(Skipped { octets, error, mark }) => {
                    if mark.is_some() {
                        self.loose.end();
                        drain_loose(&mut self.loose, &mut self.origins, from, out);
                    }
                    if let Some(error) = error {
                        self.reassembly.damaged();
                        self.loose.framed();
                        out(StageEvent::Refused(origin.refusal(error, from)));
                    }
                    self.loose.push(octets, position);
                    drain_loose(&mut self.loose, &mut self.origins, from, out);
                }
            }
        }
    }

    fn drain_loose(&mut self, from: Option<&str>, out: &mut impl Out) {
        drain_loose(&mut self.loose, &mut self.origins, from, out);
    }
}

/// Takes a frame to the others of its telegram.
fn join(
    reassembly: &mut Reassembly,
    frame: &Frame<'_>,
    origin: OctetOrigin,
    first: &mut OctetOrigin,
    from: Option<&str>,
    out: &mut impl Out,
) {
    let began = *first;
    if is_first(frame) {
        *first = origin;
    }
    let outcome = reassembly.frame(frame, origin.time.millis());
    if let Some(error) = outcome.refused {
        // A telegram that broke off is told where it began, a lonely segment where it stands.
        let lost = matches!(error.cause, Cause::LastSegmentMissing { .. });
        let origin = if lost { began } else { origin };
        out(StageEvent::Refused(origin.refusal(error, from)));
    }
    let Some(apdu) = outcome.apdu else {
        return;
    };
    match is_whole(apdu) {
        Ok(()) => out(apdu_event(apdu, *first, from, Some("mbus"))),
        Err(error) => out(StageEvent::Refused(first.refusal(error, from))),
    }
}

fn drain_loose(
    loose: &mut BareApdus,
    origins: &mut OctetOrigins,
    from: Option<&str>,
    out: &mut impl Out,
) {
    while let Some(found) = loose.next() {
        match found {
            FoundApdu::Apdu(apdu, position) => {
                out(apdu_event(apdu, origins.peek(position), from, None));
            }
            FoundApdu::Refused(error, position) => {
                out(StageEvent::Refused(origins.peek(position).refusal(error, from)));
            }
            FoundApdu::Noise(octets) => out(StageEvent::Noise(octets)),
        }
    }
}

fn apdu_event<'a>(
    octets: &'a [u8],
    origin: OctetOrigin,
    from: Option<&'a str>,
    link: Option<&'static str>,
) -> StageEvent<'a> {
    let attributes = Attributes { from, link, ..Attributes::default() };
    let record = Record { time: origin.time, kind: RecordKind::Apdu, octets, attributes };
    StageEvent::Record(record, origin.place)
}

/// Whether the segments add up to what the ciphering header announces, if there is one.
fn is_whole(apdu: &[u8]) -> Result<(), Error> {
    let ciphered = [ciphered::GENERAL_GLO_CIPHERING, ciphered::GENERAL_DED_CIPHERING];
    if !apdu.first().is_some_and(|tag| ciphered.contains(tag)) {
        return Ok(());
    }
    match ciphered::announced(apdu)? {
        Some(announced) if announced == apdu.len() => Ok(()),
        announced => {
            let (announced, found) = (announced.unwrap_or(apdu.len() + 1), apdu.len());
            Err(Error::new(Layer::Mbus, 0, Cause::Announced { announced, found }))
        }
    }
}

/// Where some octets of a stream came from.
#[derive(Clone, Copy, Debug, Default)]
struct OctetOrigin {
    /// The position in the stream of the first of them.
    position: u64,
    place: Place,
    time: Time,
}

impl OctetOrigin {
    const fn refusal<'a>(&self, error: Error, from: Option<&'a str>) -> Refusal<'a> {
        Refusal { place: self.place, time: self.time, from, title: None, error }
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

/// The origins of the octets that are still being looked at.
#[derive(Clone, Debug, Default)]
struct OctetOrigins(VecDeque<OctetOrigin>);

impl OctetOrigins {
    /// How far behind the deframer a loose APDU may have begun, in records of one octet.
    const MOST: usize = 2 * crate::chain::bare_apdu::MAX_APDU;

    fn push(&mut self, origin: OctetOrigin) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(origin);
    }

    /// The origin of the octet at `position`; those before it are kept for loose APDUs only as long
    /// as there are few.
    fn at(&mut self, position: u64) -> OctetOrigin {
        while self.0.len() > 64
            && self.0.get(1).is_some_and(|next| next.position + 8192 <= position)
        {
            self.0.pop_front();
        }
        self.peek(position)
    }

    fn peek(&self, position: u64) -> OctetOrigin {
        // Nearly always what is asked for came last.
        if let Some(last) = self.0.back().filter(|last| last.position <= position) {
            return last.onward(position);
        }
        let behind = self.0.partition_point(|origin| origin.position <= position);
        let origin = self.0.get(behind.saturating_sub(1)).copied().unwrap_or_default();
        origin.onward(position)
    }
}
