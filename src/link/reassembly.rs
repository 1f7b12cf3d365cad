//! The segments of one APDU, joined (EN 13757-1, 9.3; the operators' papers give the same rules).
//!
//! The control information of a frame is `000F nnnn`: nnnn counts the segments from 0, F is set on
//! the last one. One frame: `10`. Two frames: `00`, `11`. At most sixteen.
//!
//! What the first octets of the APDU announce is not looked at here: that the segments add up to it
//! is for whoever knows the ciphering header.

use crate::{
    error::{Cause, Error, Layer},
    link::mbus::{Body, Frame},
};

/// The longest pause between two segments of one telegram. Real meters leave 160 ms; the next
/// telegram begins after 3 s.
pub const PAUSE_MILLIS: i64 = 2000;

/// SND_UD without and with the frame count bit: how a meter sends without being asked.
const SEND_USER_DATA: [u8; 2] = [0x53, 0x73];

/// The bits of the control information that have to be 0: others announce M-Bus data records.
const RESERVED: u8 = 0xe0;

/// The bit of the last segment.
const FINAL: u8 = 0x10;

/// What one frame led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FrameOutcome<'a> {
    /// A telegram that cannot be completed any more, or a frame that is none of a telegram.
    pub refused: Option<Error>,
    /// The APDU that the frame completed.
    pub apdu: Option<&'a [u8]>,
}

/// Joins the segments of one line.
#[derive(Clone, Debug, Default)]
pub struct Reassembly {
    apdu: Vec<u8>,
    state: ReassemblyState,
    /// Control field, address and both transport addresses of the first segment.
    peer: [u8; 4],
    /// When the last segment came, in milliseconds.
    last: Option<i64>,
    /// A damaged frame was reported: what misses it needs no message of its own.
    excused: bool,
    /// The segment with which the stream began, in the middle of a telegram.
    orphan: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ReassemblyState {
    /// Nothing seen yet: the stream may begin in the middle of a telegram.
    #[default]
    Fresh,
    /// Between two telegrams.
    Idle,
    /// Within a telegram that was refused: its remaining segments need no message of their own.
    Refused,
    /// Segments 0 to `next - 1` are there.
    Collecting { next: u8 },
}

impl Reassembly {
    /// Takes the next frame, and when its first octet came, if that is known.
    pub fn frame(&mut self, frame: &Frame<'_>, millis: Option<i64>) -> FrameOutcome<'_> {
        let Body::Segment { source, destination, data } = frame.body else {
            return FrameOutcome::default();
        };
        if let Err(error) = pushed(frame) {
            return FrameOutcome { refused: Some(error), apdu: None };
        }
        let number = frame.information & !FINAL;
        let last = frame.information & FINAL != 0;
        let peer = [frame.control, frame.address, source, destination];
        let mut refused = None;
        if number == 0 {
            refused = self.give_up();
            self.apdu.clear();
            self.peer = peer;
            self.excused = false;
        } else if let Err(error) = self.follows(number, peer, millis) {
            if self.state == ReassemblyState::Fresh {
                self.orphan = Some(number);
            }
            self.state = if last { ReassemblyState::Idle } else { ReassemblyState::Refused };
            let refused = error.filter(|_| !core::mem::take(&mut self.excused));
            return FrameOutcome { refused, apdu: None };
        }
        self.last = millis;
        self.apdu.extend_from_slice(data);
        if !last {
            self.state = ReassemblyState::Collecting { next: number + 1 };
            return FrameOutcome { refused, apdu: None };
        }
        self.state = ReassemblyState::Idle;
        FrameOutcome { refused, apdu: Some(&self.apdu) }
    }

    /// Says that a frame was damaged on the line, which has been reported.
    pub const fn damaged(&mut self) {
        self.excused = true;
    }

    /// Says that the octets do not go on: a telegram that breaks off here, or has begun before what
    /// comes next, is no error.
    pub const fn end(&mut self) {
        match self.state {
            ReassemblyState::Collecting { .. } => self.excused = true,
            _ => self.state = ReassemblyState::Fresh,
        }
    }

    /// The segments of a telegram that has not come to its end.
    #[must_use]
    pub const fn pending(&self) -> Option<u8> {
        match self.state {
            ReassemblyState::Collecting { next } => Some(next),
            _ => None,
        }
    }

    /// Whether nothing of what came bears on the next telegram, but that there was a frame.
    #[must_use]
    pub const fn is_at_rest(&self) -> bool {
        matches!(self.state, ReassemblyState::Fresh | ReassemblyState::Idle) && !self.excused
    }

    /// Whether a segment came since the stream began.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.state != ReassemblyState::Fresh
    }

    /// What the ends of the stream cut off.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        let last = self.pending().map(|segments| Cause::LastSegmentMissing { segments });
        let first = self.orphan.map(|found| Cause::FirstSegmentMissing { found });
        last.or(first).map(|cause| Error::new(Layer::Mbus, 0, cause))
    }

    /// Drops an incomplete telegram; the error to report for it.
    fn give_up(&mut self) -> Option<Error> {
        let segments = self.pending()?;
        self.state = ReassemblyState::Idle;
        let error = Error::new(Layer::Mbus, 0, Cause::LastSegmentMissing { segments });
        (!core::mem::take(&mut self.excused)).then_some(error)
    }

    /// Whether a segment goes on with the telegram. `Err(None)`: no, and that is no news.
    fn follows(&self, found: u8, peer: [u8; 4], millis: Option<i64>) -> Result<(), Option<Error>> {
        let error = |offset, cause| Err(Some(Error::new(Layer::Mbus, offset, cause)));
        let expected = match self.state {
            ReassemblyState::Fresh | ReassemblyState::Refused => return Err(None),
            ReassemblyState::Idle => return error(6, Cause::FirstSegmentMissing { found }),
            ReassemblyState::Collecting { next } => next,
        };
        if found != expected {
            return error(6, Cause::Segment { found, expected });
        }
        if peer != self.peer {
            return error(4, Cause::SegmentPeer);
        }
        // A clock that was set back says nothing about the pause.
        let pause = millis.zip(self.last).map_or(0, |(now, last)| now.saturating_sub(last));
        if pause > PAUSE_MILLIS {
            let milliseconds = pause.unsigned_abs();
            let limit = PAUSE_MILLIS.unsigned_abs();
            return error(0, Cause::SegmentLate { milliseconds, limit });
        }
        Ok(())
    }
}

/// Whether a frame brings the first segment of a telegram.
#[must_use]
pub const fn is_first(frame: &Frame<'_>) -> bool {
    matches!(frame.body, Body::Segment { .. }) && frame.information & !FINAL == 0
}

/// Whether a frame is one that a meter pushes.
fn pushed(frame: &Frame<'_>) -> Result<(), Error> {
    let error = |offset, cause| Err(Error::new(Layer::Mbus, offset, cause));
    if !SEND_USER_DATA.contains(&frame.control) {
        let (what, expected) = ("control field", "53 or 73");
        return error(4, Cause::Unexpected { what, found: frame.control, expected });
    }
    if frame.information & RESERVED != 0 {
        let (what, expected) =
            ("control information", "00 to 1f (M-Bus data records are not read)");
        return error(6, Cause::Unexpected { what, found: frame.information, expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds segments given as (control information, data octet, milliseconds).
    fn run(segments: &[(u8, u8, Option<i64>)]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let mut reassembly = Reassembly::default();
        let (mut apdus, mut causes) = (vec![], vec![]);
        for &(information, octet, millis) in segments {
            let frame = segment(information, octet);
            let outcome = reassembly.frame(&Frame::parse(&frame).unwrap(), millis);
            causes.extend(outcome.refused.map(|error| error.cause));
            apdus.extend(outcome.apdu.map(<[u8]>::to_vec));
        }
        (apdus, causes)
    }

    fn segment(information: u8, octet: u8) -> Vec<u8> {
        let user = [0x53, 0xff, information, 0x01, 0x67, octet];
        let sum = user.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
        [&[0x68, 6, 6, 0x68], &user[..], &[sum, 0x16]].concat()
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
    fn what_misses_a_damaged_frame_needs_no_second_message() {
        let mut reassembly = Reassembly::default();
        let first = segment(0x00, 1);
        let second = segment(0x11, 2);
        let (first, second) = (Frame::parse(&first).unwrap(), Frame::parse(&second).unwrap());
        reassembly.frame(&first, None);
        reassembly.damaged();
        assert_eq!(reassembly.frame(&first, None), FrameOutcome::default());
        assert!(reassembly.frame(&second, None).apdu.is_some());
        reassembly.damaged();
        assert_eq!(reassembly.frame(&second, None), FrameOutcome::default());
        assert_eq!(
            reassembly.frame(&second, None).refused.map(|error| error.cause),
            Some(Cause::FirstSegmentMissing { found: 1 })
        );
    }

    #[test]
    fn where_the_octets_end_a_telegram_may_break_off() {
        let (first, second) = (segment(0x00, 1), segment(0x11, 2));
        let (first, second) = (Frame::parse(&first).unwrap(), Frame::parse(&second).unwrap());
        let mut reassembly = Reassembly::default();
        reassembly.frame(&first, None);
        reassembly.end();
        assert_eq!(reassembly.frame(&first, None), FrameOutcome::default());
        assert!(reassembly.frame(&second, None).apdu.is_some());
        reassembly.end();
        assert_eq!(reassembly.frame(&second, None), FrameOutcome::default());
        // What was cut in two is one telegram all the same.
        reassembly.frame(&first, None);
        reassembly.end();
        assert!(reassembly.frame(&second, None).apdu.is_some());
    }

    #[test]
    fn frames_that_no_meter_pushes_are_named() {
        let mut frame = segment(0x72, 0);
        let outcome = |frame: &[u8]| {
            let mut reassembly = Reassembly::default();
            reassembly.frame(&Frame::parse(frame).unwrap(), None).refused.unwrap().to_string()
        };
        assert!(outcome(&frame).starts_with("mbus: control information at octet 6: found 72"));
        frame = segment(0x10, 0);
        frame[4] = 0x08;
        frame[10] = frame[10].wrapping_sub(0x53 - 0x08);
        assert!(outcome(&frame).starts_with("mbus: control field at octet 4: found 08"));
    }
}
