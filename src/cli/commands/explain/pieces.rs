//! The octets of a source since its last telegram, and the parts that they play.

use core::ops::Range;

use meterpipe::{
    chain::event::{SortedOctets, StreamPart},
    error::{Cause, Error},
    explain::telegram::{LinePiece, PiecePart},
    record::Place,
};

/// The place of an octet further on. A line may end in between: then it is the last one known.
const fn onward(place: Place, octets: u64) -> Place {
    match place {
        Place::Octet(octet) => Place::Octet(octet + octets),
        place => place,
    }
}

/// The octets of noise that are kept together.
const NOISE: usize = 4096;

/// The octets of one source that were not printed yet.
#[derive(Debug, Default)]
pub(super) struct SourcePieces {
    /// The position of the first octet in the stream.
    start: u64,
    octets: Vec<u8>,
    place: Place,
    /// The known parts; between them stand octets that were skipped.
    parts: Vec<KnownPart>,
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

    /// The place of the first octet in the input.
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// True if the octets begin a telegram behind another one.
    pub(super) fn ends_before(&self, sorted: &SortedOctets<'_>) -> bool {
        let has_segment = self.parts.iter().any(|part| part.has_segment);
        match sorted.part {
            StreamPart::Frame(_, begins) => begins && has_segment,
            StreamPart::Skipped { error: Some(_), segment, .. } => {
                segment == 0 && has_segment && !self.is_within_damaged(sorted.position)
            }
            StreamPart::Skipped { error: None, .. } => {
                self.parts.is_empty() && self.octets.len() > NOISE
            }
            StreamPart::Apdu(_) | StreamPart::DamagedApdu(_) => has_segment,
        }
    }

    /// Keeps octets.
    pub(super) fn add(&mut self, sorted: &SortedOctets<'_>) {
        let SortedOctets { place, position, octets, part, .. } = *sorted;
        if self.octets.is_empty() {
            (self.start, self.place) = (position, place);
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
        }
        if let Some(part) = known {
            let end = match sorted.part {
                StreamPart::Apdu(end) => end,
                _ => position + octets.len() as u64,
            };
            let errors = Vec::new();
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

    /// The pieces of the octets in front of a position.
    pub(super) fn list(&self, before: u64) -> Vec<LinePiece<'_>> {
        let mut pieces = Vec::new();
        let end = before.min(self.start + self.octets.len() as u64);
        let (mut next, mut place) = (self.start, self.place);
        let known: Vec<_> = self.parts.iter().filter(|part| part.position < end).collect();
        for (at, part) in known.iter().enumerate() {
            self.push(next..part.position, place, PiecePart::Skipped, &[], &mut pieces);
            let following = known.get(at + 1).map_or(end, |part| part.position);
            next = match part.part {
                // The search went on behind the start of a damaged frame.
                PiecePart::Damaged(_) => following,
                _ => part.end,
            };
            self.push(part.position..next, part.place, part.part, &part.errors, &mut pieces);
            place = onward(part.place, next.saturating_sub(part.position));
        }
        self.push(next..end, place, PiecePart::Skipped, &[], &mut pieces);
        pieces
    }

    fn push<'a>(
        &'a self,
        positions: Range<u64>,
        place: Place,
        part: PiecePart,
        errors: &[Error],
        pieces: &mut Vec<LinePiece<'a>>,
    ) {
        let index = |position: u64| usize::try_from(position.saturating_sub(self.start)).ok();
        let (from, to) = (index(positions.start), index(positions.end));
        let octets = from.zip(to).and_then(|(from, to)| self.octets.get(from..to));
        if let Some(octets) = octets.filter(|octets| !octets.is_empty()) {
            pieces.push(LinePiece { octets, place, part, errors: errors.to_vec() });
        }
    }

    /// Takes everything up to the end of the last known part.
    pub(super) fn take(&mut self) -> Self {
        let ends = self.parts.iter().map(|part| part.end);
        let end = ends.max().unwrap_or(self.start);
        let size = usize::try_from(end.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let octets = self.octets.drain(..size.min(self.octets.len())).collect();
        let parts = std::mem::take(&mut self.parts);
        let taken = Self { octets, parts, ..*self };
        self.start = end;
        taken
    }

    /// Drops the octets in front of a position.
    pub(super) fn drop_before(&mut self, position: u64) {
        let size = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.octets.drain(..size.min(self.octets.len()));
        self.parts.retain(|part| part.position >= position);
        self.start = position;
    }
}
