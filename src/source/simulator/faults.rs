//! Faults that a push suffers on the line, by rate.
//!
//! A push has at most one fault, and names it; a test therefore knows how many telegrams a reader
//! has to deliver ([`Fault::deliveries`]). A single flipped bit always changes the 8-bit sum, and
//! noise that would pass for a frame is drawn again. The octets after a cut frame complete it to a
//! sound one once in 65 536 times, as on a real line.

use core::{fmt, ops::Range, str::FromStr};

use super::{meter::SimulatedLink, pace::Runs, random::Random};
use crate::link::{
    layer::LinkLayer,
    mbus::{self, Mbus},
};

/// The frequency of a fault, in parts per million of the pushes.
///
/// The text form is a share (`0.01`) or a percentage (`1%`), exact to the millionth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

/// The rates of all faults. Their sum is at most one million; the excess is cut from the later
/// ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Octets before the telegram that do not belong to it: random ones, the idle pattern of a line
    /// with wrong levels, starts of frames that never follow.
    pub noise: Rate,
    /// One flipped bit.
    pub flip: Rate,
    /// A frame that breaks off.
    pub cut: Rate,
    /// A frame that is missing.
    pub lose: Rate,
    /// The whole telegram twice, with the same invocation counter.
    pub duplicate: Rate,
}

/// The fault of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Noise precedes the telegram.
    Noise,
    /// One bit is flipped.
    Flip,
    /// A frame broke off.
    Cut,
    /// A frame is missing.
    Lost,
    /// The telegram came twice.
    Duplicate,
}

impl Faults {
    /// True if the rates add up to at most one: each push has one fault at most.
    pub const fn fit(self) -> bool {
        let Self { noise, flip, cut, lose, duplicate } = self;
        noise.0 + flip.0 + cut.0 + lose.0 + duplicate.0 <= MILLION
    }

    /// Draws the fault of the next push, if any.
    pub(super) fn draw(self, random: &mut Random) -> Option<Fault> {
        let Self { noise, flip, cut, lose, duplicate } = self;
        if self == Self::default() {
            return None;
        }
        let mut drawn = random.below(MILLION);
        let kinds = [
            (noise, Fault::Noise),
            (flip, Fault::Flip),
            (cut, Fault::Cut),
            (lose, Fault::Lost),
            (duplicate, Fault::Duplicate),
        ];
        for (Rate(rate), kind) in kinds {
            match drawn.checked_sub(rate) {
                None => return Some(kind),
                Some(rest) => drawn = rest,
            }
        }
        None
    }
}

impl Fault {
    /// The number of whole telegrams that a reader must deliver from the push.
    pub const fn deliveries(self) -> usize {
        match self {
            Self::Noise => 1,
            Self::Flip | Self::Cut | Self::Lost => 0,
            Self::Duplicate => 2,
        }
    }

    /// Applies the fault to the telegram that starts at `start` in `wire` and has its frames in
    /// `runs`.
    pub(super) fn apply(
        self,
        random: &mut Random,
        wire: &mut Vec<u8>,
        start: usize,
        runs: &mut Runs,
        link: SimulatedLink,
    ) {
        let telegram = wire.len() - start;
        let frames = runs.lengths().count();
        let Range { start: first, end } = runs.nth(below(random, frames));
        match self {
            Self::Noise => {
                let octets = insert_noise(random, wire, start, link);
                let frames = core::mem::replace(runs, runs.emptied());
                runs.push(octets);
                frames.lengths().for_each(|length| runs.push(length));
            }
            Self::Flip => {
                let (octet, bit) = (below(random, telegram), below(random, 8));
                if let Some(octet) = wire.get_mut(start + octet) {
                    *octet ^= 1 << bit;
                }
            }
            Self::Cut => {
                // At least one octet arrives, and as many do not as the next frame cannot make up for.
                let octets = 1 + below(random, (end - first).saturating_sub(link.vital_end()));
                remove(wire, start, first + octets..end, runs);
            }
            Self::Lost => remove(wire, start, first..end, runs),
            Self::Duplicate => {
                wire.extend_from_within(start..);
                { *runs }.lengths().for_each(|length| runs.push(length));
            }
        }
    }
}

fn below(random: &mut Random, bound: usize) -> usize {
    random.below(bound as u32) as usize
}

/// Removes `range` (counted from the start of the push) from the wire and from its run.
fn remove(wire: &mut Vec<u8>, start: usize, range: Range<usize>, runs: &mut Runs) {
    let mut left = runs.emptied();
    for run in runs.ranges() {
        let gone = run.end.min(range.end).saturating_sub(run.start.max(range.start));
        if run.len() > gone {
            left.push(run.len() - gone);
        }
    }
    *runs = left;
    wire.drain(start + range.start..start + range.end);
}

/// Inserts 1 to 60 octets of noise before the telegram at `start`; none of it passes for a frame.
fn insert_noise(
    random: &mut Random,
    wire: &mut Vec<u8>,
    start: usize,
    link: SimulatedLink,
) -> usize {
    let count = 1 + below(random, MOST_NOISE);
    let mut noise = [0; MOST_NOISE];
    let own = wire.get(start..).and_then(|telegram| telegram.first_chunk()).copied();
    loop {
        fill(random, &mut noise, link, own.unwrap_or_default());
        let noise = noise.get(..count).unwrap_or_default();
        wire.splice(start..start, noise.iter().copied());
        let pushed = wire.get(start..).unwrap_or_default();
        if (0..count).all(|at| !begins_frame(pushed.get(at..).unwrap_or_default())) {
            return count;
        }
        wire.drain(start..start + count);
    }
}

fn begins_frame(octets: &[u8]) -> bool {
    matches!(Mbus::frame(octets), Some(Ok(_)))
}

/// `own` is the start of the telegram behind the noise.
fn fill(random: &mut Random, noise: &mut [u8; MOST_NOISE], link: SimulatedLink, own: [u8; 9]) {
    let idle = [0xf8, 0x78, 0x80, 0x00];
    match random.below(4) {
        // The output of a level converter with the wrong threshold.
        0 => noise.iter_mut().zip(idle.iter().cycle()).for_each(|(octet, idle)| *octet = *idle),
        kind => {
            noise.iter_mut().for_each(|octet| *octet = random.next() as u8);
            let start = match link {
                _ if kind == 1 => return,
                SimulatedLink::MBus { .. } => mbus_start(random),
                SimulatedLink::Hdlc { .. } | SimulatedLink::Blocks { .. } => own,
                // Without any check its start would be as good as a whole one.
                SimulatedLink::Bare => return,
            };
            // A start that looks like a meter's own, wherever there is room for it.
            let at = below(random, 24);
            noise.iter_mut().skip(at).zip(start).for_each(|(octet, start)| *octet = start);
        }
    }
}

fn mbus_start(random: &mut Random) -> [u8; 9] {
    // Any length, drawn as L: a seed gives the same octets for ever.
    let any = (random.next() as u8).wrapping_sub(Mbus::HEADER.len() as u8);
    let data = [245, 15, 109, 252, 8, any].get(below(random, 6)).copied().unwrap_or_default();
    mbus::start(0, false, data.into())
}

const MOST_NOISE: usize = 60;

const MILLION: u32 = 1_000_000;

impl Rate {
    /// This many pushes in a million, at most all of them.
    pub const fn per_million(pushes: u32) -> Self {
        Self(if pushes < MILLION { pushes } else { MILLION })
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (number, places) = match text.strip_suffix('%') {
            Some(percent) => (percent, 4),
            None => (text, 6),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > places {
            return Err(ParseRateError);
        }
        let millionths: u32 =
            format!("{whole}{fraction:0<places$}").parse().map_err(|_| ParseRateError)?;
        if millionths > MILLION { Err(ParseRateError) } else { Ok(Self(millionths)) }
    }
}

/// The error of a text that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseRateError;

impl fmt::Display for ParseRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a rate from 0 to 1 or from 0% to 100%, such as 0.01 or 1%")
    }
}

impl core::error::Error for ParseRateError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::simulator::{random::Topic, wire};

    /// Two frames; only their header and checksum are real.
    fn telegram() -> (Vec<u8>, Runs) {
        let mut wire = vec![0xaa; 3];
        let runs = wire::frames(&[0x68; 260], 245, &mut wire);
        (wire, runs)
    }

    fn damaged_telegram(fault: Fault, index: i64) -> (Vec<u8>, Runs) {
        let (mut wire, mut runs) = telegram();
        let mut random = Random::at(0, Topic::Fault, index);
        fault.apply(&mut random, &mut wire, 3, &mut runs, SimulatedLink::MBus { segment: 245 });
        assert_eq!(wire[..3], [0xaa; 3], "what stood before is not touched");
        assert_eq!(runs.octets(), wire.len() - 3);
        (wire.split_off(3), runs)
    }

    #[test]
    fn each_fault_does_what_it_says() {
        let whole = telegram().0.split_off(3);
        let frames = [&whole[..256], &whole[256..]];
        for index in 0..2_000 {
            let (wire, runs) = damaged_telegram(Fault::Noise, index);
            let octets = runs.lengths().next().unwrap();
            assert_eq!(wire[octets..], whole);
            assert!((0..octets).all(|at| !begins_frame(&wire[at..])));

            let (wire, _) = damaged_telegram(Fault::Flip, index);
            let flipped = wire.iter().zip(&whole).map(|(one, other)| (one ^ other).count_ones());
            assert_eq!((wire.len(), flipped.sum()), (whole.len(), 1));

            let (wire, runs) = damaged_telegram(Fault::Cut, index);
            let [first, last] = runs.lengths().collect::<Vec<_>>()[..] else { panic!("{runs:?}") };
            assert_eq!(wire, [&frames[0][..first], &frames[1][..last]].concat());
            assert!((first == 256) != (last == 26), "{first} and {last}");

            let (wire, _) = damaged_telegram(Fault::Lost, index);
            assert!(frames.contains(&wire.as_slice()));
        }
        let (wire, runs) = damaged_telegram(Fault::Duplicate, 0);
        assert_eq!(wire, [&whole[..], &whole].concat());
        assert_eq!(runs.lengths().collect::<Vec<_>>(), [256, 26, 256, 26]);
    }

    #[test]
    fn a_third_of_the_noise_or_more_looks_like_a_frame() {
        let alike = |octets: &[u8]| matches!(octets, [Mbus::START, a, b, Mbus::START] if a == b);
        let is_alike = |index: &i64| {
            let (wire, runs) = damaged_telegram(Fault::Noise, *index);
            wire[..runs.lengths().next().unwrap()].windows(4).any(alike)
        };
        let count = (0..1_000).filter(is_alike).count();
        assert!(count > 300, "{count}");
    }

    #[test]
    fn rates_come_out_as_asked() {
        let faults = Faults {
            noise: Rate::per_million(100_000),
            flip: "5%".parse().unwrap(),
            cut: Rate::default(),
            lose: "0.02".parse().unwrap(),
            duplicate: Rate::per_million(1_000),
        };
        let drawn: Vec<_> = (0..100_000)
            .filter_map(|index| faults.draw(&mut Random::at(0, Topic::Fault, index)))
            .collect();
        for (kind, expected) in [
            (Fault::Noise, 10_000),
            (Fault::Flip, 5_000),
            (Fault::Cut, 0),
            (Fault::Lost, 2_000),
            (Fault::Duplicate, 100usize),
        ] {
            let found = drawn.iter().filter(|&&drawn| drawn == kind).count();
            // Five standard deviations.
            assert!(found.abs_diff(expected) <= 5 * expected.isqrt(), "{kind:?}: {found}");
        }
        let none = Faults::default();
        assert!((0..1_000).all(|i| none.draw(&mut Random::at(0, Topic::Fault, i)).is_none()));
        let all = Faults { noise: "1".parse().unwrap(), ..none };
        assert!(none.fit() && all.fit());
        assert!(!Faults { lose: Rate::per_million(1), ..all }.fit());
        assert!((0..1_000).all(|i| all.draw(&mut Random::at(0, Topic::Fault, i)).is_some()));
    }

    #[test]
    fn rates_are_read_exactly() {
        for (text, millionths) in [
            ("0", 0),
            ("1", MILLION),
            ("0.01", 10_000),
            ("1%", 10_000),
            ("0.0001%", 1),
            ("100%", MILLION),
        ] {
            assert_eq!(text.parse(), Ok(Rate(millionths)), "{text}");
        }
        for text in
            ["", "%", ".5", "-1", "+1", "1.1", "101%", "1e-3", "0.0000001", "0,5", "99999999999"]
        {
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text}");
        }
    }
}
