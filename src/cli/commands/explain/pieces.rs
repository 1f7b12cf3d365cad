//! The octets of a source since its last telegram, and the parts that they play.

use core::ops::Range;
use std::collections::VecDeque;

use meterpipe::{
    chain::event::{SortedOctets, StreamPart},
    error::{Cause, Error},
    explain::telegram::{self, LinePiece, PiecePart},
    record::Place,
};

/// The octets of noise that are kept together. They hold every APDU that is still waited for.
const NOISE: usize = 4096;

/// The parts of one listing. No telegram has more frames; a stream of frames that make no telegram
/// does.
const PARTS: usize = 1024;

/// The frames without a segment that are listed with the telegram behind them.
const IDLE_FRAMES: usize = 16;

/// The octets of one source that were not printed yet.
#[derive(Debug, Default)]
pub(super) struct SourcePieces {
    /// The position of the first octet in the stream.
    start: u64,
    octets: Vec<u8>,
    /// Where in the input octets stand, by their position in the stream.
    places: VecDeque<(u64, Place)>,
    /// The known parts; between them stand octets that were skipped.
    parts: Vec<KnownPart>,
    /// One of the parts is a segment of a telegram, or a part of one.
    has_segment: bool,
    /// The defect of a start that is the content of a damaged frame.
    hidden: Option<Error>,
}

/// Octets with a part.
#[derive(Clone, Debug)]
struct KnownPart {
    position: u64,
    end: u64,
    place: Place,
    part: PiecePart,
    /// A segment of a telegram is there, or a part of one.
    has_segment: bool,
    errors: Vec<Error>,
}

impl SourcePieces {
    /// True if nothing is kept.
    pub(super) const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The position in front of which the octets are over: these belong to another telegram, or to
    /// none. `None` if they may go on.
    pub(super) fn ends_before(&self, sorted: &SortedOctets<'_>) -> Option<u64> {
        let position = sorted.position;
        let is_over = match sorted.part {
            _ if self.parts.len() >= PARTS => true,
            StreamPart::Frame(_, begins) => match self.has_segment {
                true => begins,
                false => self.parts.len() >= IDLE_FRAMES,
            },
            StreamPart::Skipped { error: Some(_), segment, .. } => {
                segment == 0 && self.has_segment && !self.is_within_damaged(position)
            }
            StreamPart::Skipped { error: None, .. } => {
                let known = self.parts.last().map_or(self.start, |last| last.end);
                let before = position.saturating_sub(NOISE as u64);
                return (before.saturating_sub(known) > NOISE as u64).then_some(before);
            }
            StreamPart::Apdu(_) | StreamPart::DamagedApdu(_) => self.has_segment,
        };
        is_over.then_some(position)
    }

    /// Keeps octets.
    pub(super) fn add(&mut self, sorted: &SortedOctets<'_>) {
        let SortedOctets { place, position, octets, part, .. } = *sorted;
        if self.octets.is_empty() {
            self.start = position;
        }
        let (known, has_segment) = match part {
            StreamPart::Frame(link, _) => {
                let segment = link.segment(octets);
                (Some(PiecePart::Frame(link)), !matches!(segment, Ok(None)))
            }
            StreamPart::Skipped { error: Some(error), .. } if self.is_within_damaged(position) => {
                self.hidden = Some(error);
                (None, true)
            }
            StreamPart::Skipped { error, .. } => (error.map(PiecePart::Damaged), true),
            StreamPart::Apdu(_) => (Some(PiecePart::Apdu), true),
            StreamPart::DamagedApdu(error) => (Some(PiecePart::Damaged(error)), true),
        };
        // An APDU without a frame was skipped before.
        if matches!(part, StreamPart::Frame(..) | StreamPart::Skipped { .. }) {
            self.octets.extend_from_slice(octets);
            self.places.push_back((position, place));
        }
        if let Some(part) = known {
            let end = match sorted.part {
                StreamPart::Apdu(end) => end,
                _ => position + octets.len() as u64,
            };
            // Octets of an APDU may look like the start of a frame.
            self.parts.retain(|part| !(position..end).contains(&part.position));
            let errors = Vec::new();
            self.has_segment |= has_segment;
            self.parts.push(KnownPart { position, end, place, part, has_segment, errors });
        }
    }

    /// True in front of the octet at which the defect of the damaged frame showed: what looks like the
    /// start of another frame there is its content.
    fn is_within_damaged(&self, position: u64) -> bool {
        self.parts.last().is_some_and(|last| match last.part {
            PiecePart::Damaged(error) => position < last.position + error.offset as u64,
            _ => false,
        })
    }

    /// Adds a defect to the part that showed it.
    pub(super) fn refused(&mut self, error: Error) {
        let is_hidden = self.hidden.take() == Some(error);
        if let Some(last) = self.parts.last_mut().filter(|_| !is_hidden)
            && last.part != PiecePart::Damaged(error)
        {
            last.errors.push(error);
        }
    }

    /// Adds the word that the end of the input cuts a telegram off.
    pub(super) fn breaks_off(&mut self, error: Error) {
        let is_sound = |part: &KnownPart| {
            matches!(part.part, PiecePart::Frame(_)) && part.has_segment && part.errors.is_empty()
        };
        let cut_off = matches!(
            error.cause,
            Cause::LastSegmentMissing { .. } | Cause::LastBlockMissing { .. }
        );
        if cut_off || self.parts.iter().all(is_sound) {
            self.refused(error);
        }
    }

    /// Where in the input an octet stands. Octets that came in one piece may stand in several lines:
    /// then it is the first of these.
    fn place_of(&self, position: u64) -> Place {
        let behind = self.places.partition_point(|(at, _)| *at <= position);
        match self.places.get(behind.saturating_sub(1)) {
            Some(&(at, Place::Octet(octet))) => Place::Octet(octet + position.saturating_sub(at)),
            Some((_, place)) => *place,
            None => Place::default(),
        }
    }

    /// The pieces of all octets.
    pub(super) fn list(&self) -> Vec<LinePiece<'_>> {
        let mut pieces = Vec::new();
        let end = self.start + self.octets.len() as u64;
        let mut next = self.start;
        let known: Vec<_> = self.parts.iter().filter(|part| part.position < end).collect();
        for (at, part) in known.iter().enumerate() {
            self.skipped(next..part.position, &mut pieces);
            next = match part.part {
                // The search went on behind the start of a damaged frame.
                PiecePart::Damaged(error) => {
                    let following = known.get(at + 1).map_or(end, |part| part.position);
                    let octets = self.octets_at(part.position..following);
                    part.position + telegram::damaged_size(&error, octets) as u64
                }
                _ => part.end,
            };
            let octets = self.octets_at(part.position..next);
            let KnownPart { place, part, errors, .. } = *part;
            if !octets.is_empty() {
                let errors = errors.clone();
                pieces.push(LinePiece { octets, place: *place, part: *part, errors });
            }
        }
        self.skipped(next..end, &mut pieces);
        pieces
    }

    /// Adds octets that are no part of a telegram, up to the start of a frame that is cut off.
    fn skipped<'a>(&'a self, positions: Range<u64>, pieces: &mut Vec<LinePiece<'a>>) {
        let octets = self.octets_at(positions.clone());
        let is_last = positions.end == self.start + self.octets.len() as u64;
        let cut_off = if is_last { telegram::cut_off_frame(octets) } else { None };
        let (noise, rest) =
            octets.split_at_checked(cut_off.map_or(octets.len(), |(at, _)| at)).unwrap_or_default();
        let mut position = positions.start;
        let parts =
            [Some((noise, PiecePart::Noise)), cut_off.map(|it| (rest, PiecePart::CutOff(it.1)))];
        for (octets, part) in parts.into_iter().flatten().filter(|(octets, _)| !octets.is_empty()) {
            let place = self.place_of(position);
            pieces.push(LinePiece { octets, place, part, errors: Vec::new() });
            position += octets.len() as u64;
        }
    }

    fn octets_at(&self, positions: Range<u64>) -> &[u8] {
        let index = |position: u64| usize::try_from(position.saturating_sub(self.start)).ok();
        let range = index(positions.start).zip(index(positions.end));
        range.and_then(|(from, to)| self.octets.get(from..to)).unwrap_or_default()
    }

    /// Takes everything up to the end of the last known part.
    pub(super) fn take(&mut self) -> Self {
        let ends = self.parts.iter().map(|part| part.end);
        self.take_before(ends.max().unwrap_or(self.start))
    }

    /// Takes the octets in front of a position.
    pub(super) fn take_before(&mut self, position: u64) -> Self {
        let size = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let size = size.min(self.octets.len());
        let is_before = |part: &KnownPart| part.position < position;
        let count = self.parts.iter().take_while(|part| is_before(part)).count();
        let taken = Self {
            start: self.start,
            octets: self.octets.drain(..size).collect(),
            places: self.places.clone(),
            parts: self.parts.drain(..count).collect(),
            has_segment: self.has_segment,
            hidden: self.hidden.take(),
        };
        self.start += size as u64;
        self.has_segment = self.parts.iter().any(|part| part.has_segment);
        // The octets that stay may have come in one piece with others.
        let behind = self.places.partition_point(|(at, _)| *at <= self.start);
        self.places.drain(..behind.saturating_sub(1));
        taken
    }
}
