//! The M-Bus long frame as Austrian meters send it (EN 13757-2, 5.2; EN 13757-1, 9.3 for the
//! transport fields).
//!
//! ```text
//! 68 LL LL 68 | CC AA II SS DD data… | KK 16
//!               └─────── L ────────┘
//! ```
//!
//! L counts the octets from CC to the last data octet; CC control field (53, SND_UD), AA address
//! (ff, broadcast), II control information: bit 4 set on the final segment, bits 3 to 0 the number
//! of the segment; SS source and DD destination (01 and 67); KK sum of the L octets modulo 256.
//! The published telegram of Netz NÖ has two frames, `68 fa fa 68 53 ff 00 01 67 db 08 …` and
//! `68 14 14 68 53 ff 11 01 67 …`.
//!
//! Old firmware of the Sagemcom T210-D sends 257 octets and announces `68 01 01 68`: the length is
//! taken modulo 256. A legal frame has at least three octets, so L of 0, 1 or 2 means L + 256.
//! L = 3 is a control frame: legal, and without data.
//!
//! How segments make an APDU is told in [`reassembly`](super::reassembly).

use std::collections::VecDeque;

use crate::{
    error::{Cause, Error, Layer, Mark, Result},
    reader::Reader,
};

/// Octets around the L octets that a frame announces.
const OVERHEAD: usize = 6;

/// The first and fourth octet of a frame.
const START: u8 = 0x68;

/// The last octet of a frame.
pub const STOP: u8 = 0x16;

/// One frame that passed its checks: start, both lengths, checksum, stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    octets: &'a [u8],
    /// The control field CC.
    pub control: u8,
    /// The address AA.
    pub address: u8,
    /// The control information II.
    pub information: u8,
    /// What follows it.
    pub body: Body<'a>,
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Nothing: a control frame.
    Control,
    /// A segment of an APDU between two transport addresses.
    Segment {
        /// SS, 01 for the meter's management device.
        source: u8,
        /// DD, 67 for the consumer information push.
        destination: u8,
        /// The octets of the APDU.
        data: &'a [u8],
    },
}

impl<'a> Frame<'a> {
    /// Takes a frame apart that begins with the first octet and may be followed by others.
    ///
    /// # Errors
    /// [`Cause::Short`] if the octets end before the frame does; another cause if it is none.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let size = check(octets)?;
        let what = "user data";
        let short = Cause::Short { what, needed: 3, available: size.saturating_sub(OVERHEAD) };
        octets.get(..size).and_then(Self::split).ok_or(Error::new(Layer::Mbus, 4, short))
    }

    /// The fields of exactly one frame whose checks have passed.
    const fn split(octets: &'a [u8]) -> Option<Self> {
        let [_, _, _, _, control, address, information, user @ .., _, _] = octets else {
            return None;
        };
        let body = match user {
            [source, destination, data @ ..] => {
                Body::Segment { source: *source, destination: *destination, data }
            }
            _ => Body::Control,
        };
        Some(Self { octets, control: *control, address: *address, information: *information, body })
    }

    /// The whole frame, from start to stop.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }
}

/// The size of the frame that begins with the first octet, all its checks passed.
fn check(octets: &[u8]) -> Result<usize> {
    let mut reader = Reader::new(Layer::Mbus, octets);
    reader.expect(START, "start", "68")?;
    let first = reader.u8("length")?;
    let at = reader;
    let second = reader.u8("length")?;
    reader.expect(START, "second start", "68")?;
    if first != second {
        return Err(at.error(Cause::Lengths { first, second }));
    }
    let user = reader.take(length(first), "user data")?;
    let at = reader;
    let found = reader.u8("checksum")?;
    // The stop octet first: where it is wrong, octets are missing, and the sum is bound to be.
    reader.expect(STOP, "stop", "16")?;
    let computed = user.iter().fold(0u8, |sum, &octet| sum.wrapping_add(octet));
    if found != computed {
        return Err(at.error(Cause::Checksum { found, computed }));
    }
    Ok(reader.offset())
}

/// The octets that a length field announces, from CC to the last of the data.
const fn length(field: u8) -> usize {
    match field {
        0..=2 => field as usize + 256,
        _ => field as usize,
    }
}

/// Octets that were skipped because no frame begins with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped<'a> {
    /// The octets. Nothing is ever lost: frames and skipped octets, joined, are the input.
    pub octets: &'a [u8],
    /// What is wrong with the frame that seemed to begin here; nothing if none seemed to.
    pub error: Option<Error>,
    /// A mark on the first of the octets. The others have none.
    pub mark: Option<Mark>,
}

/// Finds frames in a stream of octets that may be cut anywhere and hold anything.
///
/// ```
/// use meterpipe::link::mbus::Deframer;
///
/// let mut deframer = Deframer::default();
/// deframer.push(&[0xff, 0x68, 0x03, 0x03, 0x68, 0x53], []);
/// assert_eq!(deframer.next().unwrap().unwrap_err().octets, [0xff]);
/// assert!(deframer.next().is_none()); // more is needed
/// deframer.push(&[0xff, 0x00, 0x52, 0x16], []);
/// assert_eq!(deframer.next().unwrap().unwrap().octets().len(), 9);
/// ```
///
/// After a start that turns out to be none, the search goes on one octet behind it, so a frame is
/// found also when look-alikes of a start stand in front of it or lie across it.
///
/// Memory: what one `push` brings, and one frame (263 octets).
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    /// `buffer[..done]` was handed out, `buffer[done..]` is to be looked at.
    buffer: Vec<u8>,
    done: usize,
    /// Octets of the stream in front of `buffer`.
    before: u64,
    /// Marks by position in the stream, none in front of `done`.
    marks: VecDeque<(u64, Mark)>,
    ended: bool,
}

impl Deframer {
    /// Takes the next octets of the stream, and the marks on them by index.
    pub fn push(&mut self, octets: &[u8], marks: impl IntoIterator<Item = (usize, Mark)>) {
        self.buffer.drain(..self.done);
        self.before += self.done as u64;
        self.done = 0;
        let start = self.before + self.buffer.len() as u64;
        self.marks.extend(marks.into_iter().map(|(index, mark)| (start + index as u64, mark)));
        self.buffer.extend_from_slice(octets);
        self.ended = false;
    }

    /// Says that no more octets will come: a frame that is not whole by now is none.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The position in the stream of what [`next`](Self::next) will hand out.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.before + self.done as u64
    }

    /// The octets that wait for more.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// Whether all octets were handed out, and no mark waits for one.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.pending().is_empty() && self.marks.is_empty()
    }

    /// The next frame, or the next octets that are none; nothing if more octets are needed.
    #[allow(clippy::should_implement_trait)] // it lends from the buffer
    pub fn next(&mut self) -> Option<core::result::Result<Frame<'_>, Skipped<'_>>> {
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let (size, error) = match rest.first() {
            None => return None,
            Some(&START) => match self.judge(rest) {
                Judgement::Frame(size) => {
                    let octets = self.hand_out(size);
                    return Frame::split(octets).map(Ok);
                }
                Judgement::Wait if !self.ended => return None,
                Judgement::Wait | Judgement::Noise => (to_next_start(rest), None),
                Judgement::Damaged(error) => (to_next_start(rest), Some(error)),
            },
            Some(_) => (to_next_start(rest), None),
        };
        let position = self.position();
        let mut marks = self.marks.iter().skip_while(|(at, _)| *at < position);
        let first = marks.next();
        let mark = first.filter(|(at, _)| *at == position).map(|(_, mark)| *mark);
        // A run ends where a mark stands.
        let next = first.into_iter().chain(marks).map(|(at, _)| *at).find(|at| *at > position);
        let most = next.and_then(|at| usize::try_from(at - position).ok()).unwrap_or(size);
        Some(Err(Skipped { octets: self.hand_out(size.min(most)), error, mark }))
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

    /// What the octets are that begin with 68.
    fn judge(&self, rest: &[u8]) -> Judgement {
        let length_field = match *rest {
            [_, length, _, START, ..] => length,
            [_, _, _, _, ..] => return Judgement::Noise,
            _ => return Judgement::Wait,
        };
        let damaged = match check(rest) {
            Err(Error { cause: Cause::Short { .. }, .. }) => return Judgement::Wait,
            Err(error @ Error { cause: Cause::Lengths { .. }, .. }) => {
                return Judgement::Damaged(error);
            }
            Err(error) => Some(error),
            Ok(_) => None,
        };
        // A mark says more than the checksum, which it may even have left intact.
        let size = length(length_field) + OVERHEAD;
        let position = self.position();
        // Where octets are missing before one, a frame may well begin with it.
        let hits = |at: u64, mark: Mark| at > position || !mark.is_gap();
        let within = self.marks.iter().take_while(|(at, _)| *at < position + size as u64);
        let mark = within.into_iter().find(|(at, mark)| hits(*at, *mark));
        match (mark, damaged) {
            (Some(&(at, mark)), _) => {
                let offset = usize::try_from(at.saturating_sub(position)).unwrap_or_default();
                Judgement::Damaged(Error::new(Layer::Mbus, offset, Cause::Marked(mark)))
            }
            (None, Some(error)) => Judgement::Damaged(error),
            (None, None) => Judgement::Frame(size),
        }
    }
}

enum Judgement {
    /// A frame of that size, all checks passed.
    Frame(usize),
    /// It may become a frame.
    Wait,
    /// Just an octet with the value of a start.
    Noise,
    /// It looks like a frame, and is wrong.
    Damaged(Error),
}

/// The octets up to the next one that may be a start.
fn to_next_start(rest: &[u8]) -> usize {
    let behind = rest.get(1..).unwrap_or_default();
    1 + memchr::memchr(START, behind).unwrap_or(behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(information: u8, data: &[u8]) -> Vec<u8> {
        let mut user = vec![0x53, 0xff, information, 0x01, 0x67];
        user.extend_from_slice(data);
        let length = user.len() as u8;
        let sum = user.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
        let mut frame = vec![0x68, length, length, 0x68];
        frame.extend(user);
        frame.extend([sum, 0x16]);
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
                        all.extend_from_slice(frame.octets());
                        frames.push(frame.octets().to_vec());
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

    fn every_cut(stream: &[u8]) -> (Vec<Vec<u8>>, Vec<Cause>) {
        let whole = run(stream, stream.len().max(1));
        for size in 1..=stream.len() {
            assert_eq!(run(stream, size), whole, "pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_frame_is_taken_apart() {
        let octets = frame(0x11, &[0xaa, 0xbb]);
        let frame = Frame::parse(&octets).unwrap();
        assert_eq!((frame.control, frame.address, frame.information), (0x53, 0xff, 0x11));
        let Body::Segment { source: 1, destination: 0x67, data } = frame.body else { panic!() };
        assert_eq!(data, [0xaa, 0xbb]);
    }

    #[test]
    fn a_length_of_0_1_or_2_means_256_more() {
        for excess in 0..3 {
            let octets = frame(0x00, &vec![0x5a; 251 + excess]);
            assert_eq!(usize::from(octets[1]), excess);
            let (frames, causes) = every_cut(&octets);
            assert_eq!((frames.len(), causes.len()), (1, 0), "excess {excess}");
        }
    }

    #[test]
    fn a_control_frame_is_a_frame_without_data() {
        let octets = [0x68, 0x03, 0x03, 0x68, 0x53, 0xff, 0x00, 0x52, 0x16];
        assert_eq!(Frame::parse(&octets).unwrap().body, Body::Control);
    }

    #[test]
    fn frames_are_found_in_noise_and_behind_look_alikes() {
        let mut stream = vec![0x16, 0x68, 0x68, 0x00];
        stream.extend(frame(0x00, &[0x68, 0x09, 0x09, 0x68, 0x16]));
        // A start that announces more than there is, right in front of a frame.
        stream.extend([0x68, 0xfa, 0xfa, 0x68]);
        stream.extend(frame(0x11, &[1, 2, 3]));
        let (frames, causes) = every_cut(&stream);
        assert_eq!(frames.len(), 2);
        // `68 68 00 68` does look like a start with a damaged length.
        assert_eq!(causes, [Cause::Lengths { first: 0x68, second: 0x00 }]);
    }

    #[test]
    fn damage_is_named_and_the_next_frame_found() {
        let good = frame(0x10, &[1, 2, 3]);
        let at = |index: usize, value: u8| {
            let mut stream = good.clone();
            stream[index] = value;
            stream.extend_from_slice(&good);
            let (frames, causes) = every_cut(&stream);
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
        let good = frame(0x10, &[0x68, 0x68, 3, 0x16]);
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
            assert_eq!(every_cut(&stream).0, std::slice::from_ref(&good), "cut to {size}");
        }
    }

    #[test]
    fn octets_missing_in_front_of_a_frame_do_it_no_harm() {
        let good = frame(0x10, &[1, 2, 3]);
        for at in 0..good.len() {
            let mut deframer = Deframer::default();
            deframer.push(&good, [(at, Mark::Unreadable)]);
            deframer.end();
            assert_eq!(deframer.next().unwrap().is_ok(), at == 0, "mark at {at}");
        }
    }

    #[test]
    fn skipped_octets_are_cut_at_marks() {
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
        let good = frame(0x10, &[1, 2, 3]);
        let mut stream = good.clone();
        stream.extend_from_slice(&good);
        stream.extend_from_slice(&good);
        for at in 0..stream.len() {
            let mut deframer = Deframer::default();
            deframer.push(&stream, [(at, Mark::Parity)]);
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
