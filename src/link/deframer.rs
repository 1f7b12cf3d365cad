//! Finds the frames of all link layers in a stream of octets.

use std::collections::VecDeque;

use crate::{
    error::{Cause, Error, Mark},
    link::{
        layer::NoFrame,
        registry::{LinkChoice, LinkKind},
    },
};

/// One frame that passed its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFrame<'a> {
    /// Its layer.
    pub link: LinkKind,
    /// The position of its first octet in the stream.
    pub position: u64,
    /// The whole frame, from start to stop.
    pub octets: &'a [u8],
}

impl LinkFrame<'_> {
    /// The position behind its last octet.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.position + self.octets.len() as u64
    }

    /// False for a frame that carries nothing: it may stand between APDUs without frames.
    #[must_use]
    pub fn has_data(&self) -> bool {
        !matches!(self.link.segment(self.octets), Ok(None))
    }
}

/// Octets that were skipped because no frame begins with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped<'a> {
    /// The octets. Frames and skipped octets, joined, are the input.
    pub octets: &'a [u8],
    /// The position of the first of them in the stream.
    pub position: u64,
    /// The defect of the frame that seems to begin here; `None` if none does.
    pub error: Option<Error>,
    /// The number of the segment that the damaged frame seems to carry; 0 if none does,
    /// [`FURTHER`](crate::link::layer::FURTHER) if its layer has no numbers.
    pub segment: u8,
    /// The defect needs no message: an earlier one of its telegram had one.
    pub is_told: bool,
    /// A mark on the first of the octets. The others have none.
    pub mark: Option<Mark>,
}

/// Finds frames in a stream of octets that may be cut anywhere and hold anything.
///
/// ```
/// use meterpipe::link::deframer::Deframer;
///
/// let mut deframer = Deframer::default();
/// deframer.push(&[0xff, 0x68, 0x03, 0x03, 0x68, 0x53], []);
/// assert_eq!(deframer.next().unwrap().unwrap_err().octets, [0xff]);
/// assert!(deframer.next().is_none()); // more is needed
/// deframer.push(&[0xff, 0x00, 0x52, 0x16], []);
/// assert_eq!(deframer.next().unwrap().unwrap().octets.len(), 9);
/// ```
///
/// Behind a start octet that begins no frame the search goes on with the next octet. Octets that
/// look like a start, in front of a frame or across its start, therefore do not hide it.
///
/// Memory: the octets of one `push`, and one frame (263 octets of M-Bus, 2049 of HDLC, 4096 of text).
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    /// `buffer[..done]` was handed out, `buffer[done..]` comes next.
    buffer: Vec<u8>,
    done: usize,
    /// Octets of the stream in front of `buffer`.
    before: u64,
    /// Marks by position in the stream, none in front of `done`.
    marks: VecDeque<(u64, Mark)>,
    ended: bool,
    /// The last octet that was handed out ended a frame of that layer, and may begin the next one.
    behind: Option<LinkKind>,
    /// The layers that the stream may have.
    links: LinkChoice,
    /// The frame that the end of the stream cut off.
    cut_off: Option<Error>,
}

impl Deframer {
    /// For streams with the layers of a choice.
    #[must_use]
    pub fn with(links: LinkChoice) -> Self {
        Self { links, ..Self::default() }
    }

    /// Takes the next octets of the stream, and the marks on them by index.
    pub fn push(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        match self.done == self.buffer.len() {
            true => self.buffer.clear(),
            false => drop(self.buffer.drain(..self.done)),
        }
        self.before += self.done as u64;
        self.done = 0;
        self.cut_off = None;
        let start = self.before + self.buffer.len() as u64;
        self.marks.extend(marks.into_iter().map(|(index, mark)| (start + index as u64, mark)));
        self.buffer.extend_from_slice(octets);
        self.ended = false;
    }

    /// Ends the stream: a frame that is not whole by now is none.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The position in the stream of the octets that [`next`](Self::next) will hand out.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.before + self.done as u64
    }

    /// The position in the stream of the octets that the next [`push`](Self::push) will bring.
    #[must_use]
    pub const fn end_position(&self) -> u64 {
        self.before + self.buffer.len() as u64
    }

    /// The frame that the end of the stream cut off.
    #[must_use]
    pub const fn partial(&self) -> Option<Error> {
        self.cut_off
    }

    /// The octets that wait for more.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// True if all octets were handed out, and no mark waits for one.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.pending().is_empty() && self.marks.is_empty()
    }

    /// The next frame, or the next octets that belong to none; `None` if more octets are needed.
    #[allow(clippy::should_implement_trait)] // it lends from the buffer
    #[inline]
    pub fn next(&mut self) -> Option<Result<LinkFrame<'_>, Skipped<'_>>> {
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let position = self.position();
        let start = LinkKind::of_start(*rest.first()?).filter(|link| self.links.has(*link));
        let link = start.or(self.behind);
        let error = match link {
            None => None,
            Some(link) => match self.check_frame(link, rest) {
                Some(Ok(size)) => {
                    self.cut_off = None;
                    self.behind = Some(link).filter(|link| link.shares_its_end());
                    return Some(Ok(LinkFrame { link, position, octets: self.hand_out(size) }));
                }
                Some(Err(error)) => error,
                None if !self.ended => return None,
                None => {
                    let octets = rest.len();
                    let error = Error::new(link.layer(), octets, Cause::CutOff { octets });
                    // The first one: what looks like a start behind it is part of that frame.
                    self.cut_off = self.cut_off.or(Some(error).filter(|_| octets >= BELIEVED));
                    None
                }
            },
        };
        let segment = match link.filter(|_| error.is_some()).map(|link| link.damaged_segment(rest))
        {
            Some(None) if !self.ended => return None,
            segment => segment.flatten().unwrap_or_default(),
        };
        self.behind = None;
        let mut marks = self.marks.iter().skip_while(|(at, _)| *at < position);
        let first = marks.next();
        let mark = first.filter(|(at, _)| *at == position).map(|(_, mark)| *mark);
        // A run ends where a mark stands: nothing behind it is looked at, however many marks follow.
        let next = first.into_iter().chain(marks).map(|(at, _)| *at).find(|at| *at > position);
        let most = next.and_then(|at| usize::try_from(at - position).ok()).unwrap_or(usize::MAX);
        let size = self.to_next_start(rest, most);
        let octets = self.hand_out(size);
        Some(Err(Skipped { octets, position, error, segment, is_told: false, mark }))
    }

    fn hand_out(&mut self, size: usize) -> &[u8] {
        let start = self.done;
        self.done += size;
        let position = self.position();
        while self.marks.front().is_some_and(|&(at, _)| at < position) {
            self.marks.pop_front();
        }
        self.buffer.get(start..self.done).unwrap_or_default()
    }

    /// The size of the frame that begins with a start octet of `link`, all checks and marks passed,
    /// or its defect, if it looks like a frame at all; `None` if more octets are needed to tell.
    fn check_frame(&self, link: LinkKind, rest: &[u8]) -> Option<Result<usize, Option<Error>>> {
        let last = || link.last_frame(rest).filter(|_| self.ended);
        let (size, result) = match link.frame(rest).or_else(last)? {
            Ok(size) if link.has_no_check() => match self.other_within(link, rest, size)? {
                None => (size, Ok(size)),
                Some(next) => {
                    let cause = Cause::FrameInFrame { size, next };
                    (size, Err(Some(Error::new(link.layer(), next, cause))))
                }
            },
            Ok(size) => (size, Ok(size)),
            Err(NoFrame::LookAlike) => return Some(Err(None)),
            Err(NoFrame::Damaged { error, size }) => (size, Err(Some(error))),
        };
        // A mark says more than the checksum, which it may even have left intact.
        let marked = self
            .mark_within(size)
            .map(|(offset, mark)| Err(Some(Error::new(link.layer(), offset, Cause::Marked(mark)))));
        Some(marked.unwrap_or(result))
    }

    /// A frame of another layer that begins within one without a check, of which octets are lost then;
    /// `None` if more octets are needed to tell.
    fn other_within(&self, link: LinkKind, rest: &[u8], size: usize) -> Option<Option<usize>> {
        for (at, octet) in rest.iter().enumerate().take(size).skip(1) {
            let other = LinkKind::of_start(*octet).filter(|other| *other != link);
            let Some(other) = other.filter(|other| self.links.has(*other)) else {
                continue;
            };
            let octets = rest.get(at..).unwrap_or_default();
            match other.frame(octets) {
                Some(Ok(whole)) => {
                    let frame = octets.get(..whole).unwrap_or_default();
                    if let Ok(Some(_)) = other.segment(frame) {
                        return Some(Some(at));
                    }
                }
                None if !self.ended && octets.len() >= LIKELY => return None,
                _ => {}
            }
        }
        Some(None)
    }

    /// The first mark that damages a frame of `size` octets at the current position, and its octet.
    #[inline]
    fn mark_within(&self, size: usize) -> Option<(usize, Mark)> {
        if self.marks.is_empty() {
            return None;
        }
        let position = self.position();
        // Octets lost in front of the first one do not damage a frame that begins with it.
        let hits = |at: u64, mark: Mark| at > position || !mark.is_gap();
        let within = self.marks.iter().take_while(|(at, _)| *at < position + size as u64);
        let &(at, mark) = within.into_iter().find(|(at, mark)| hits(*at, *mark))?;
        Some((usize::try_from(at.saturating_sub(position)).unwrap_or_default(), mark))
    }

    /// The octets up to the next one that may be the start of a frame, and is not seen to be none;
    /// at most so many.
    fn to_next_start(&self, rest: &[u8], most: usize) -> usize {
        let most = most.min(rest.len());
        let mut at = 1;
        loop {
            let behind = rest.get(at..most).unwrap_or_default();
            let Some(start) = behind.iter().position(|octet| LinkKind::of_start(*octet).is_some())
            else {
                return most;
            };
            at += start;
            let octets = rest.get(at..).unwrap_or_default();
            let link = octets.first().and_then(|octet| LinkKind::of_start(*octet));
            let link = link.filter(|link| self.links.has(*link));
            match link.map(|link| link.frame(octets)) {
                None | Some(Some(Err(NoFrame::LookAlike))) => at += 1,
                Some(_) => return at,
            }
        }
    }
}

/// The first octets of a frame that chance seldom brings.
const LIKELY: usize = 4;

/// The octets of a cut frame that chance does not bring.
const BELIEVED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::mbus;

    fn frame(number: u8, last: bool, data: &[u8]) -> Vec<u8> {
        let mut frame = vec![];
        mbus::emit(number, last, data, &mut frame);
        frame
    }

    /// Frames and causes, with the input cut into pieces of `size`.
    fn run(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let (mut frames, mut causes, mut all) = (vec![], vec![], vec![]);
        let mut deframer = Deframer::default();
        for piece in stream.chunks(size).map(Some).chain([None]) {
            match piece {
                Some(piece) => deframer.push(piece, []),
                None => deframer.end(),
            }
            while let Some(result) = deframer.next() {
                match result {
                    Ok(frame) => {
                        all.extend_from_slice(frame.octets);
                        frames.push(frame.octets.to_vec());
                    }
                    Err(skipped) => {
                        all.extend_from_slice(skipped.octets);
                        causes.extend(skipped.error.map(|error| error.cause));
                    }
                }
            }
        }
        assert_eq!(all, stream, "what comes out, joined, is what went in");
        (frames, causes)
    }

    fn every_split(stream: &[u8]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let whole = run(stream, stream.len().max(1));
        for size in 1..=stream.len() {
            assert_eq!(run(stream, size), whole, "pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_length_of_0_1_or_2_means_256_more() {
        for excess in 0..3 {
            let octets = frame(0, false, &vec![0x5a; 251 + excess]);
            assert_eq!(usize::from(octets[1]), excess);
            let (frames, causes) = every_split(&octets);
            assert_eq!((frames.len(), causes.len()), (1, 0), "excess {excess}");
        }
    }

    #[test]
    fn frames_are_found_in_noise_and_behind_look_alikes() {
        let mut stream = vec![0x16, 0x68, 0x68, 0x00];
        stream.extend(frame(0, false, &[0x68, 0x09, 0x09, 0x68, 0x16]));
        // A start that announces more than there is, right in front of a frame.
        stream.extend([0x68, 0xfa, 0xfa, 0x68]);
        stream.extend(frame(1, true, &[1, 2, 3]));
        let (frames, causes) = every_split(&stream);
        assert_eq!(frames.len(), 2);
        // `68 68 00 68` does look like a start with a damaged length.
        assert_eq!(causes, [Cause::Lengths { first: 0x68, second: 0x00 }]);
    }

    #[test]
    fn damage_is_named_and_the_next_frame_found() {
        let good = frame(0, true, &[1, 2, 3]);
        let at = |index: usize, value: u8| {
            let mut stream = good.clone();
            stream[index] = value;
            stream.extend_from_slice(&good);
            let (frames, causes) = every_split(&stream);
            assert_eq!(frames, std::slice::from_ref(&good), "octet {index}");
            causes
        };
        assert_eq!(at(1, 9), [Cause::Lengths { first: 9, second: 8 }]);
        assert_eq!(at(9, 2), [Cause::Checksum { found: good[12], computed: good[12] + 1 }]);
        let stop = Cause::Unexpected { what: "stop", found: 0x17, expected: "16" };
        assert_eq!(at(13, 0x17), [stop]);
    }

    #[test]
    fn every_bit_flip_and_every_truncation_of_a_frame_is_refused() {
        let good = frame(0, true, &[0x68, 0x68, 3, 0x16]);
        for bit in 0..good.len() * 8 {
            let mut stream = good.clone();
            stream[bit / 8] ^= 1 << (bit % 8);
            let (frames, _) = run(&stream, 5);
            assert_eq!(frames.len(), 0, "bit {bit}");
        }
        for size in 0..good.len() {
            let mut stream = good[..size].to_vec();
            assert_eq!(run(&stream, 1).0.len(), 0);
            stream.extend_from_slice(&good);
            assert_eq!(every_split(&stream).0, std::slice::from_ref(&good), "cut to {size}");
        }
    }

    #[test]
    fn octets_missing_in_front_of_a_frame_do_it_no_harm() {
        let good = frame(0, true, &[1, 2, 3]);
        for at in 0..good.len() {
            let mut deframer = Deframer::default();
            deframer.push(&good, [(at, Mark::Unreadable)]);
            deframer.end();
            assert_eq!(deframer.next().unwrap().is_ok(), at == 0, "mark at {at}");
        }
    }

    #[test]
    fn the_line_is_at_rest_behind_a_frame_and_not_within_one() {
        let good = frame(0, true, &[1, 2, 3]);
        let mut deframer = Deframer::default();
        for octet in &good {
            deframer.push(&[*octet], []);
            let found = deframer.next().is_some();
            assert_eq!(found, deframer.is_at_rest());
            assert!(!found || LinkKind::may_end(*octet));
        }
        assert_eq!(deframer.end_position(), good.len() as u64);
    }

    #[test]
    fn skipped_octets_are_split_at_marks() {
        let mut deframer = Deframer::default();
        deframer.push(&[1, 2, 3, 4, 5], [(1, Mark::Parity), (3, Mark::Unreadable)]);
        let mut runs = vec![];
        while let Some(Err(skipped)) = deframer.next() {
            runs.push((skipped.octets.to_vec(), skipped.mark));
        }
        let expected = [
            (vec![1], None),
            (vec![2, 3], Some(Mark::Parity)),
            (vec![4, 5], Some(Mark::Unreadable)),
        ];
        assert_eq!(runs, expected);
    }

    #[test]
    fn a_mark_refuses_the_frame_that_it_hits_and_no_other() {
        let good = frame(0, true, &[1, 2, 3]);
        let mut stream = good.clone();
        stream.extend_from_slice(&good);
        stream.extend_from_slice(&good);
        for at in 0..stream.len() {
            let mut deframer = Deframer::default();
            deframer.push(&stream, [(at, Mark::Parity)]);
            assert_eq!(deframer.end_position(), stream.len() as u64);
            deframer.end();
            let (mut frames, mut marks) = (vec![], vec![]);
            loop {
                let position = deframer.position() as usize;
                match deframer.next() {
                    None => break,
                    Some(Ok(_)) => frames.push(position / good.len()),
                    Some(Err(skipped)) => marks.extend(skipped.error.map(|e| (e.offset, e.cause))),
                }
            }
            let hit = at / good.len();
            assert_eq!(marks, [(at % good.len(), Cause::Marked(Mark::Parity))]);
            assert_eq!(frames, (0..3).filter(|index| *index != hit).collect::<Vec<_>>());
        }
    }
}
