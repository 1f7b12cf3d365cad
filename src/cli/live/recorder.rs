//! Octets of a line to `frame` and `raw` records.
//!
//! ```text
//! bursts   ff ff 68 fa  fa 68 53 …  … 16 68 14  14 68 …
//! records  raw ffff  frame 68fafa6853…16  frame 681414…
//! ```
//!
//! A frame that passes its checks is a `frame`; everything else is `raw`, in runs of at most 256
//! octets and 200 ms. The HEX columns, joined, are the octets of the line.

use std::{collections::VecDeque, time::Duration};

use meterpipe::{
    chain::{
        bare_apdu::{BareApdus, FoundApdu},
        sources::Sources,
    },
    error::Mark,
    link::{deframer::Deframer, reassembly::PAUSE, registry::LinkChoice},
    record::{self, Attributes, Record, RecordKind, Time},
};

/// The most octets of a `raw` record.
const LONGEST: usize = 256;

/// The most milliseconds between the first and the last octet of a `raw` record: a longer pause
/// ends it.
const SPAN: i64 = 200;

/// Cuts the octets of one source into records. It holds back octets that may become a frame and a
/// `raw` record that may still grow: at most the longest frame, 256 octets and one push.
#[derive(Debug)]
pub struct Recorder {
    deframer: Deframer,
    raw: Raw,
    /// Counts the APDUs of a line without frames, if the line may have some.
    bare: BareApdus,
    has_bare: bool,
}

impl Recorder {
    /// A recorder for the source that records call `from`, or for octets without a source.
    #[must_use]
    pub fn new(from: Option<&str>) -> Self {
        Self::with(from, LinkChoice::Auto)
    }

    /// The same with the link layers of a choice.
    fn with(from: Option<&str>, links: LinkChoice) -> Self {
        let from = from.map(str::to_owned);
        let raw = Raw { from, ..Raw::default() };
        let (bare, has_bare) = (BareApdus::with(links), links.has_bare_apdus());
        Self { deframer: Deframer::with(links), raw, bare, has_bare }
    }

    /// Takes the next octets, their marks in the order of the index, and the time at which they
    /// arrived. Returns the number of frames written, and of APDUs without frames.
    pub fn push(
        &mut self,
        octets: &[u8],
        marks: impl IntoIterator<Item = (usize, Mark)>,
        time: Time,
        out: &mut impl FnMut(&Record<'_>),
    ) -> usize {
        let Self { deframer, raw, .. } = self;
        let position = deframer.end_position();
        raw.burst(position, time);
        let marks = marks.into_iter().inspect(|&(at, mark)| {
            raw.marks.push_back((position + at as u64, mark));
        });
        deframer.push(octets, marks);
        self.drain(out)
    }

    /// Notes a pause that is short enough to stand within a frame: writes the octets that belong to
    /// no frame, and goes on waiting for the rest of a frame that has begun.
    pub fn pause(&mut self, out: &mut impl FnMut(&Record<'_>)) {
        self.raw.write(out);
    }

    /// Notes the end, or a pause longer than any within a frame: writes everything. If octets only
    /// looked like the start of a frame, real frames may be found behind them. Returns the number
    /// of frames written, and of APDUs without frames.
    pub fn flush(&mut self, out: &mut impl FnMut(&Record<'_>)) -> usize {
        self.deframer.end();
        let frames = self.drain(out);
        self.raw.write(out);
        self.bare.end();
        frames + apdus(&mut self.bare)
    }

    /// True if nothing is held back.
    fn is_at_rest(&self) -> bool {
        self.deframer.is_at_rest() && self.raw.octets.is_empty()
    }

    fn drain(&mut self, out: &mut impl FnMut(&Record<'_>)) -> usize {
        let Self { deframer, raw, bare, has_bare } = self;
        let mut frames = 0;
        loop {
            match deframer.next() {
                None => return frames,
                Some(Err(skipped)) => {
                    if *has_bare {
                        bare.defect(&skipped);
                        bare.push(skipped.octets, skipped.position);
                        frames += apdus(bare);
                    }
                    raw.take(skipped.octets, skipped.position, out);
                }
                Some(Ok(frame)) => {
                    bare.end();
                    if frame.has_data() {
                        bare.behind_frame(frame.end());
                    }
                    frames += apdus(bare);
                    raw.write(out);
                    let (time, _) = raw.arrival(frame.position);
                    let attributes = Attributes { from: raw.from.as_deref(), ..Default::default() };
                    let (kind, octets) = (RecordKind::Frame, frame.octets);
                    out(&Record { time, kind, octets, attributes });
                    frames += 1;
                }
            }
        }
    }
}

/// The number of APDUs that are whole by now.
fn apdus(bare: &mut BareApdus) -> usize {
    let mut count = 0;
    while let Some(found) = bare.next() {
        count += usize::from(matches!(found, FoundApdu::Apdu(..)));
    }
    count
}

/// Octets that belong to no frame, with their times and marks.
#[derive(Debug, Default)]
struct Raw {
    from: Option<String>,
    /// The `raw` record that may still grow.
    octets: Vec<u8>,
    /// The place in the stream at which that record begins, and its time.
    position: u64,
    time: Time,
    /// The places at which bursts begin, and the times of their arrival. Earlier bursts are
    /// removed.
    bursts: VecDeque<(u64, Time)>,
    /// The marks, each with its place in the stream. Marks of written records are removed.
    marks: VecDeque<(u64, Mark)>,
}

impl Raw {
    fn burst(&mut self, position: u64, time: Time) {
        if self.bursts.back().is_none_or(|(_, last)| *last != time) {
            self.bursts.push_back((position, time));
        }
    }

    /// The arrival time of the octet at `position`, and the place at which the next burst begins.
    fn arrival(&mut self, position: u64) -> (Time, u64) {
        while self.bursts.get(1).is_some_and(|&(start, _)| start <= position) {
            self.bursts.pop_front();
        }
        let time = self.bursts.front().map_or(Time::UNKNOWN, |(_, time)| *time);
        (time, self.bursts.get(1).map_or(u64::MAX, |(start, _)| *start))
    }

    fn take(&mut self, mut octets: &[u8], mut position: u64, out: &mut impl FnMut(&Record<'_>)) {
        while !octets.is_empty() {
            let (time, next) = self.arrival(position);
            if self.octets.len() == LONGEST || self.is_before_a_pause(time) {
                self.write(out);
            }
            if self.octets.is_empty() {
                (self.position, self.time) = (position, time);
            }
            let room = LONGEST - self.octets.len();
            let burst = usize::try_from(next - position).unwrap_or(usize::MAX);
            let (taken, rest) = octets.split_at(octets.len().min(room).min(burst));
            self.octets.extend_from_slice(taken);
            position += taken.len() as u64;
            octets = rest;
        }
    }

    fn is_before_a_pause(&self, time: Time) -> bool {
        let both = || Some((self.time.millis()?, time.millis()?));
        self.time != time && both().is_some_and(|(first, now)| now - first > SPAN)
    }

    fn write(&mut self, out: &mut impl FnMut(&Record<'_>)) {
        if self.octets.is_empty() {
            return;
        }
        let err = self.err();
        let err = (!err.is_empty()).then_some(err.as_str());
        let attributes = Attributes { from: self.from.as_deref(), err, ..Attributes::default() };
        let (time, kind, octets) = (self.time, RecordKind::Raw, self.octets.as_slice());
        out(&Record { time, kind, octets, attributes });
        self.octets.clear();
    }

    /// The marks of the record, counted from its start.
    fn err(&mut self) -> String {
        let end = self.position + self.octets.len() as u64;
        let passed = self.marks.partition_point(|(at, _)| *at < end);
        // A mark before the start of this record lay in a frame that passed its checks
        // nevertheless. No record shows such a mark.
        let marks = self.marks.drain(..passed).filter_map(|(at, mark)| {
            Some((usize::try_from(at.checked_sub(self.position)?).ok()?, mark))
        });
        record::err(marks)
    }
}

/// The recorders of all sources. Each method returns the number of frames written.
#[derive(Debug, Default)]
pub struct Recorders {
    kept: Sources<Recorder>,
    links: LinkChoice,
}

impl Recorders {
    /// For lines with the link layers of a choice.
    pub fn with(links: LinkChoice) -> Self {
        Self { links, ..Self::default() }
    }

    /// The link layers that lines may have.
    pub const fn links(&self) -> LinkChoice {
        self.links
    }

    /// Takes a record of a source. Records that hold no octets of a line are handed on unchanged.
    pub fn take(&mut self, record: &Record<'_>, out: &mut impl FnMut(&Record<'_>)) -> u64 {
        if !matches!(record.kind, RecordKind::Raw | RecordKind::Frame) {
            out(record);
            return 0;
        }
        let Attributes { from, err, .. } = record.attributes;
        let marks = err.into_iter().flat_map(record::marks);
        let gone = match self.kept.find(from) {
            Some(_) => None,
            None => self.kept.add(from, Recorder::with(from, self.links), Recorder::is_at_rest),
        };
        let frames = gone.map_or(0, |(_, mut gone)| gone.flush(out));
        let pushed = self.kept.find(from).map(|it| it.push(record.octets, marks, record.time, out));
        (frames + pushed.unwrap_or_default()) as u64
    }

    /// Hands on the octets that were held back, after all sources have been silent for this long.
    pub fn quiet(&mut self, silent: Duration, out: &mut impl FnMut(&Record<'_>)) -> u64 {
        if silent > PAUSE {
            return self.end(out);
        }
        self.kept.iter_mut().for_each(|(_, recorder)| recorder.pause(out));
        0
    }

    /// Hands on everything.
    pub fn end(&mut self, out: &mut impl FnMut(&Record<'_>)) -> u64 {
        self.kept.iter_mut().map(|(_, recorder)| recorder.flush(out) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(data: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x68, data.len() as u8, data.len() as u8, 0x68];
        frame.extend_from_slice(data);
        frame.push(data.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet)));
        frame.push(0x16);
        frame
    }

    fn at(millis: i64) -> Time {
        Time::from_millis(1_787_605_397_000 + millis)
    }

    /// The parts of a record that the tests compare: time, kind, octets, marks.
    type Written = (Time, String, Vec<u8>, Option<String>);

    fn written(into: &mut Vec<Written>) -> impl FnMut(&Record<'_>) {
        |record| {
            let err = record.attributes.err.map(str::to_owned);
            into.push((record.time, record.kind.as_str().into(), record.octets.to_vec(), err));
        }
    }

    #[test]
    fn frames_and_the_rest_come_out_with_the_time_of_their_first_octet() {
        let good = frame(&[0x53, 0xff, 0x00, 0x01, 0x67, 0xdb]);
        let mut records = vec![];
        let mut recorder = Recorder::new(Some("a%20b"));
        let mut out = written(&mut records);
        assert_eq!(recorder.push(&[0xff, 0xff, 0x68], [], at(0), &mut out), 0);
        assert_eq!(recorder.push(&good[1..5], [], at(70), &mut out), 0);
        let rest = [&good[5..], &good].concat();
        assert_eq!(recorder.push(&rest, [], at(140), &mut out), 2);
        assert_eq!(recorder.push(&[0x00], [], at(150), &mut out), 0);
        assert_eq!(recorder.flush(&mut out), 0);
        drop(out);
        assert_eq!(
            records,
            [
                (at(0), "raw".into(), vec![0xff, 0xff], None),
                (at(0), "frame".into(), good.clone(), None),
                (at(140), "frame".into(), good, None),
                (at(150), "raw".into(), vec![0x00], None),
            ]
        );
        let mut text = vec![];
        let mut recorder = Recorder::new(Some("a%20b"));
        recorder.push(&[0x00], [(0, Mark::Break)], Time::UNKNOWN, &mut |record| {
            record.write(&mut text);
        });
        recorder.flush(&mut |record| record.write(&mut text));
        assert_eq!(text, b"- raw 00 from=a%20b err=break@0\n");
    }

    #[test]
    fn a_pause_writes_noise_and_keeps_the_beginning_of_a_frame() {
        let good = frame(&[1, 2, 3, 4]);
        let mut records = vec![];
        let mut recorder = Recorder::new(None);
        recorder.push(&[0x00, 0x68, 0x04], [], at(0), &mut written(&mut records));
        recorder.pause(&mut written(&mut records));
        recorder.push(&good[2..], [], at(900), &mut written(&mut records));
        let raw = (at(0), "raw".into(), vec![0x00], None);
        assert_eq!(records, [raw, (at(0), "frame".into(), good, None)]);
    }

    #[test]
    fn raw_records_are_split_at_256_octets_and_at_200_ms() {
        let mut records = vec![];
        let mut recorder = Recorder::new(None);
        let mut out = written(&mut records);
        recorder.push(&[1; 600], [], at(0), &mut out);
        recorder.push(&[2; 10], [], at(200), &mut out);
        recorder.push(&[3; 10], [], at(201), &mut out);
        recorder.push(&[4; 10], [], at(401), &mut out);
        recorder.flush(&mut out);
        drop(out);
        let shape: Vec<_> =
            records.iter().map(|(time, _, octets, _)| (*time, octets.len())).collect();
        assert_eq!(shape, [(at(0), 256), (at(0), 256), (at(0), 98), (at(201), 20)]);
    }

    #[test]
    fn every_octet_and_every_mark_is_written_once_however_they_are_split() {
        // Noise, a frame, one that breaks off, one with a mark, and at the end octets that look
        // like the start of a frame.
        let mut stream = vec![0x16; 300];
        stream.extend(frame(&[0x68; 40]));
        stream.extend(&frame(&[1, 2, 3, 4, 5, 6, 7])[..9]);
        let hit = stream.len() + 6;
        stream.extend(frame(&[8, 9, 10, 11]));
        stream.extend(frame(&[12, 13, 14, 15]));
        stream.extend([0x68, 0xfa, 0xfa, 0x68, 0x53]);
        let marks = [
            (0, Mark::Break),
            (255, Mark::Parity),
            (256, Mark::Overrun),
            (256, Mark::Parity),
            (hit, Mark::Parity),
            (stream.len() - 1, Mark::Unreadable),
        ];
        for size in 1..=stream.len() {
            let mut records = vec![];
            let mut recorder = Recorder::new(None);
            let mut frames = 0;
            for (index, piece) in stream.chunks(size).enumerate() {
                let start = index * size;
                let marks = marks
                    .into_iter()
                    .filter(|(at, _)| (start..start + piece.len()).contains(at))
                    .map(|(at, mark)| (at - start, mark));
                let time = at(index as i64 * 10);
                frames += recorder.push(piece, marks, time, &mut written(&mut records));
            }
            frames += recorder.flush(&mut written(&mut records));

            let (mut joined, mut found, mut whole) = (vec![], vec![], 0);
            for (time, kind, octets, err) in &records {
                assert_eq!(*time, at((joined.len() / size) as i64 * 10), "pieces of {size}");
                let err = err.as_deref().unwrap_or_default();
                found.extend(record::marks(err).map(|(at, mark)| (joined.len() + at, mark)));
                joined.extend_from_slice(octets);
                whole += usize::from(kind == "frame");
                assert!(!octets.is_empty() && (kind == "frame" || octets.len() <= LONGEST));
            }
            assert_eq!(joined, stream, "pieces of {size}");
            assert_eq!(found, marks, "pieces of {size}");
            assert_eq!((frames, whole), (2, 2), "pieces of {size}");
        }
    }
}
