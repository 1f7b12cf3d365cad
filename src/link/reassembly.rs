//! Joins the segments of an APDU (EN 13757-1, 9.3; the operators' papers give the same rules).
//!
//! The segments of a telegram come in order, from 0 to the last one, from the same sender, at most
//! [`PAUSE`] apart. A telegram that breaks one of these rules is dropped with one message.
//! Between the segments of a plain APDU stand no other octets: they may be what is left of its last
//! frame and of the first one of the next telegram, and no cipher would tell that the rest is none
//! of it.
//!
//! The length that the first octets of the APDU announce is not checked here: the ciphering header
//! belongs to a higher layer.

use core::time::Duration;

use crate::{
    error::{Cause, Error},
    link::{layer::ApduSegment, registry::LinkKind},
};

/// The longest pause between two segments of one telegram. Real meters leave 160 ms; the next
/// telegram begins after 3 s.
pub const PAUSE: Duration = Duration::from_secs(2);

/// The result of one frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FrameOutcome<'a> {
    /// The defect of a telegram that can no longer be completed, or of a segment that fits none.
    pub refused: Option<Error>,
    /// The APDU that the frame completes.
    pub apdu: Option<&'a [u8]>,
}

/// Joins the segments of one line.
#[derive(Clone, Debug, Default)]
pub struct Reassembly {
    apdu: Vec<u8>,
    state: ReassemblyState,
    /// The peer of the first segment.
    peer: u64,
    /// The time of the last segment, in milliseconds.
    last: Option<i64>,
    /// A damaged frame was reported: a segment that misses it needs no message of its own.
    excused: bool,
    /// Octets that belong to no frame came behind the last segment.
    interrupted: bool,
    /// The stream began in the middle of a telegram, with this segment.
    orphan: Option<Error>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ReassemblyState {
    /// No segment yet: the stream may begin in the middle of a telegram.
    #[default]
    Fresh,
    /// Between two telegrams.
    Idle,
    /// Within a telegram that was refused: its remaining segments need no message of their own.
    Refused,
    /// Segments 0 to `next - 1` are there.
    Collecting { link: LinkKind, next: u8 },
}

impl Reassembly {
    /// Takes the segment of the next frame, and the time of its first octet in milliseconds, if
    /// that is known.
    #[inline]
    pub fn take(
        &mut self,
        link: LinkKind,
        segment: &ApduSegment<'_>,
        millis: Option<i64>,
    ) -> FrameOutcome<'_> {
        let (mut number, mut refused) = (0, None);
        if segment.is_first() {
            refused = self.give_up();
            self.apdu.clear();
            self.peer = segment.peer;
            self.excused = false;
        } else {
            match self.follows(link, segment, millis) {
                Ok(expected) => number = expected,
                Err(error) => return self.refuse(segment.last, error),
            }
        }
        self.last = millis;
        self.interrupted = false;
        self.apdu.extend_from_slice(segment.data);
        if !segment.last {
            self.state = ReassemblyState::Collecting { link, next: number + 1 };
            return FrameOutcome { refused, apdu: None };
        }
        self.state = ReassemblyState::Idle;
        FrameOutcome { refused, apdu: Some(&self.apdu) }
    }

    /// Takes note of a damaged frame. True if one was reported since the telegram began.
    pub const fn damaged(&mut self) -> bool {
        core::mem::replace(&mut self.excused, true)
    }

    /// Takes note of octets that belong to no frame.
    pub const fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// Ends the stream: a telegram that breaks off here, or that began before the octets that come
    /// next, is no error.
    pub const fn end(&mut self) {
        match self.state {
            ReassemblyState::Collecting { .. } => self.excused = true,
            _ => self.state = ReassemblyState::Fresh,
        }
    }

    /// The telegram that an end of the stream cuts off.
    #[must_use]
    pub const fn partial(&self) -> Option<Error> {
        match self.incomplete() {
            Some(error) => Some(error),
            None => self.orphan,
        }
    }

    /// True within a telegram.
    #[must_use]
    pub const fn is_collecting(&self) -> bool {
        matches!(self.state, ReassemblyState::Collecting { .. })
    }

    /// The error for a telegram whose last segment has not come yet.
    const fn incomplete(&self) -> Option<Error> {
        let ReassemblyState::Collecting { link, next } = self.state else {
            return None;
        };
        Some(Error::new(link.layer(), 0, Cause::LastSegmentMissing { segments: next }))
    }

    /// Drops an incomplete telegram; the error to report for it.
    fn give_up(&mut self) -> Option<Error> {
        let error = self.incomplete()?;
        self.state = ReassemblyState::Idle;
        (!core::mem::take(&mut self.excused)).then_some(error)
    }

    /// Drops the telegram because of a segment that does not continue it.
    fn refuse(&mut self, last: bool, error: Error) -> FrameOutcome<'static> {
        let refused = match self.state {
            ReassemblyState::Fresh => {
                self.orphan = Some(error);
                None
            }
            ReassemblyState::Refused => None,
            _ if core::mem::take(&mut self.excused) => None,
            _ => Some(error),
        };
        self.state = if last { ReassemblyState::Idle } else { ReassemblyState::Refused };
        FrameOutcome { refused, apdu: None }
    }

    /// The number of a segment that continues the telegram.
    fn follows(
        &self,
        link: LinkKind,
        segment: &ApduSegment<'_>,
        millis: Option<i64>,
    ) -> Result<u8, Error> {
        let error = |offset, cause| Err(Error::new(link.layer(), offset, cause));
        let ReassemblyState::Collecting { link: first, next: expected } = self.state else {
            let found = segment.number.unwrap_or(1);
            return error(segment.number_at, Cause::FirstSegmentMissing { found });
        };
        let found = segment.number.unwrap_or(expected);
        if found != expected {
            return error(segment.number_at, Cause::Segment { found, expected });
        }
        if let Some(error) = self.incomplete().filter(|_| self.interrupted && is_plain(&self.apdu))
        {
            return Err(error);
        }
        if (first, self.peer) != (link, segment.peer) {
            return error(segment.peer_at, Cause::SegmentPeer);
        }
        if let Some(late) = late(self.last, millis, PAUSE_MILLIS) {
            return error(0, late);
        }
        if expected == u8::MAX {
            return error(segment.number_at, Cause::Limit { what: "segments", limit: 255 });
        }
        Ok(expected)
    }
}

/// True for the octets that begin an APDU without ciphering, a data notification.
pub(super) fn is_plain(apdu: &[u8]) -> bool {
    apdu.first() == Some(&0x0f)
}

/// The cause if a part comes too late behind the one before it; times and limit in milliseconds.
pub(super) fn late(last: Option<i64>, now: Option<i64>, limit: u64) -> Option<Cause> {
    // A clock that was set back says nothing about the pause.
    let milliseconds = u64::try_from(now?.saturating_sub(last?)).unwrap_or_default();
    (milliseconds > limit).then_some(Cause::SegmentLate { milliseconds, limit })
}

/// [`PAUSE`] in the unit of records.
const PAUSE_MILLIS: u64 = PAUSE.as_secs() * 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::mbus;

    /// Feeds segments given as (control information, data octet, milliseconds).
    fn run(segments: &[(u8, u8, Option<i64>)]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let mut reassembly = Reassembly::default();
        let (mut apdus, mut causes) = (vec![], vec![]);
        for &(information, octet, millis) in segments {
            let frame = segment(information, octet);
            let outcome = take(&mut reassembly, &frame, millis);
            causes.extend(outcome.refused.map(|error| error.cause));
            apdus.extend(outcome.apdu.map(<[u8]>::to_vec));
        }
        (apdus, causes)
    }

    fn segment(information: u8, octet: u8) -> Vec<u8> {
        let mut frame = vec![];
        mbus::emit(information & 0x0f, information & 0x10 != 0, &[octet], &mut frame);
        frame
    }

    fn take<'a>(
        reassembly: &'a mut Reassembly,
        frame: &[u8],
        millis: Option<i64>,
    ) -> FrameOutcome<'a> {
        let segment = LinkKind::Mbus.segment(frame).unwrap().unwrap();
        reassembly.take(LinkKind::Mbus, &segment, millis)
    }

    fn untimed(segments: &[(u8, u8)]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        run(&segments.iter().map(|&(ci, octet)| (ci, octet, None)).collect::<Vec<_>>())
    }

    #[test]
    fn one_two_and_sixteen_segments_are_joined() {
        assert_eq!(untimed(&[(0x10, 1)]), (vec![vec![1]], vec![]));
        assert_eq!(untimed(&[(0x00, 1), (0x11, 2)]), (vec![vec![1, 2]], vec![]));
        let sixteen: Vec<_> = (0..16).map(|n| (if n == 15 { 0x1f } else { n }, n)).collect();
        assert_eq!(untimed(&sixteen), (vec![(0..16).collect()], vec![]));
    }

    #[test]
    fn a_seventeenth_segment_is_refused() {
        let many: Vec<_> = (0..16).chain([0x10]).map(|n| (n, n)).collect();
        // Number 0 follows number 15, so it begins a new telegram, which is whole.
        let (apdus, causes) = untimed(&many);
        assert_eq!(apdus, [vec![0x10]]);
        assert_eq!(causes, [Cause::LastSegmentMissing { segments: 16 }]);
    }

    #[test]
    fn lost_repeated_and_swapped_segments_lose_one_telegram_and_no_more() {
        let good = [(0x00, 7), (0x01, 8), (0x12, 9)];
        let lost_first =
            (vec![(0x01, 2), (0x12, 3)], vec![Cause::FirstSegmentMissing { found: 1 }]);
        let lost_middle =
            (vec![(0x00, 1), (0x12, 3)], vec![Cause::Segment { found: 2, expected: 1 }]);
        let lost_last =
            (vec![(0x00, 1), (0x01, 2)], vec![Cause::LastSegmentMissing { segments: 2 }]);
        let repeated = (
            vec![(0x00, 1), (0x01, 2), (0x01, 2), (0x12, 3)],
            vec![Cause::Segment { found: 1, expected: 2 }],
        );
        let swapped = (
            vec![(0x00, 1), (0x12, 3), (0x01, 2)],
            vec![Cause::Segment { found: 2, expected: 1 }, Cause::FirstSegmentMissing { found: 1 }],
        );
        for (bad, expected) in [lost_first, lost_middle, lost_last, repeated, swapped] {
            let stream = [&good[..], &bad, &good].concat();
            let (apdus, causes) = untimed(&stream);
            assert_eq!(apdus, [[7, 8, 9], [7, 8, 9]], "{bad:02x?}");
            assert_eq!(causes, expected, "{bad:02x?}");
        }
    }

    #[test]
    fn a_stream_may_begin_in_the_middle_of_a_telegram() {
        assert_eq!(untimed(&[(0x01, 2), (0x12, 3), (0x10, 9)]), (vec![vec![9]], vec![]));
    }

    #[test]
    fn segments_far_apart_are_not_joined() {
        let late = [(0x00, 1, Some(0)), (0x11, 2, Some(2001)), (0x10, 9, Some(5000))];
        let cause = Cause::SegmentLate { milliseconds: 2001, limit: 2000 };
        assert_eq!(run(&late), (vec![vec![9]], vec![cause]));
        let in_time = [(0x00, 1, Some(0)), (0x11, 2, Some(2000))];
        assert_eq!(run(&in_time), (vec![vec![1, 2]], vec![]));
        let clock_set_back = [(0x00, 1, Some(9000)), (0x11, 2, Some(100))];
        assert_eq!(run(&clock_set_back), (vec![vec![1, 2]], vec![]));
    }

    #[test]
    fn nothing_stands_between_the_segments_of_a_plain_apdu() {
        let (second, next) = (segment(0x11, 2), segment(0x10, 0x0f));
        for (tag, joined) in [(0xdb, true), (0x0f, false)] {
            let mut reassembly = Reassembly::default();
            take(&mut reassembly, &segment(0x00, tag), None);
            reassembly.interrupted();
            let outcome = take(&mut reassembly, &second, None);
            assert_eq!(outcome.apdu.is_some(), joined, "{tag:02x}");
            let refused = outcome.refused.map(|error| error.cause);
            let broke_off = Cause::LastSegmentMissing { segments: 1 };
            assert_eq!(refused, Some(broke_off).filter(|_| !joined), "{tag:02x}");
            assert!(take(&mut reassembly, &next, None).apdu.is_some());
        }
    }

    #[test]
    fn what_misses_a_damaged_frame_needs_no_second_message() {
        let mut reassembly = Reassembly::default();
        let first = segment(0x00, 1);
        let second = segment(0x11, 2);
        take(&mut reassembly, &first, None);
        reassembly.damaged();
        assert_eq!(take(&mut reassembly, &first, None), FrameOutcome::default());
        assert!(take(&mut reassembly, &second, None).apdu.is_some());
        reassembly.damaged();
        assert_eq!(take(&mut reassembly, &second, None), FrameOutcome::default());
        assert_eq!(
            take(&mut reassembly, &second, None).refused.map(|error| error.cause),
            Some(Cause::FirstSegmentMissing { found: 1 })
        );
    }

    #[test]
    fn where_the_octets_end_a_telegram_may_break_off() {
        let (first, second) = (segment(0x00, 1), segment(0x11, 2));
        let mut reassembly = Reassembly::default();
        take(&mut reassembly, &first, None);
        reassembly.end();
        assert_eq!(take(&mut reassembly, &first, None), FrameOutcome::default());
        assert!(take(&mut reassembly, &second, None).apdu.is_some());
        reassembly.end();
        assert_eq!(take(&mut reassembly, &second, None), FrameOutcome::default());
        // A telegram that was cut in two is whole all the same.
        take(&mut reassembly, &first, None);
        reassembly.end();
        assert!(take(&mut reassembly, &second, None).apdu.is_some());
    }
}
