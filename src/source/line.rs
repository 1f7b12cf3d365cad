//! The settings of a serial line, and the search for them.
//!
//! Meters on the M-Bus send 2400 8E1; some adapters and converters on the way are built for 8N1. Over
//! infrared meters send 9600 8N1, at the P1 socket 115200 8N1.
//!
//! A reader with the wrong parity marks at least every second octet, because the bit that it takes
//! for parity (or for the stop bit) is wrong that often. Noise on a line that still carries frames
//! stays far below that. An adapter that reports no errors at all gives itself away by the missing
//! frames. At the wrong speed hardly any octet comes, or nothing but damaged ones: there the search
//! goes on after the longest interval of a meter.

use core::{fmt, time::Duration};
use std::time::Instant;

use super::parity::Parity;
use crate::diagnosis::socket::CustomerSocket;

/// Speed and parity; eight data bits and one stop bit are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// Bits a second.
    pub baud: u32,
    /// The parity bit.
    pub parity: Parity,
}

impl LineSettings {
    /// The wired M-Bus.
    pub const M_BUS: Self = Self { baud: 2400, parity: Parity::Even };
    /// The wired M-Bus, behind an adapter or at a meter without parity.
    pub const M_BUS_8N1: Self = Self { baud: 2400, parity: Parity::None };
    /// The infrared interface on the face of a meter.
    pub const INFRARED: Self = Self { baud: 9600, parity: Parity::None };
    /// The P1 socket.
    pub const P1: Self = Self { baud: 115_200, parity: Parity::None };

    /// The settings of customer interfaces, in the order in which a search tries them.
    pub const ALL: [Self; 4] = [Self::M_BUS, Self::M_BUS_8N1, Self::INFRARED, Self::P1];

    /// The customer interface that has these settings.
    #[must_use]
    pub fn socket(self) -> CustomerSocket {
        match self {
            Self::INFRARED => CustomerSocket::Infrared,
            Self::P1 => CustomerSocket::P1,
            _ => CustomerSocket::MBus,
        }
    }

    /// The name of the settings on the command line.
    pub fn name(self) -> Option<&'static str> {
        let names = ["m-bus", "m-bus-8n1", "ir", "p1"];
        Self::ALL.into_iter().zip(names).find(|(it, _)| *it == self).map(|(_, name)| name)
    }
}

/// As in `2400 8E1`.
impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::Even => "8E1",
            Parity::None => "8N1",
            Parity::Odd => "8O1",
        };
        write!(f, "{} {parity}", self.baud)
    }
}

/// Tries one setting after the other until frames come, and keeps that one.
#[derive(Clone, Debug)]
pub struct LineSearch {
    /// The settings to try, in this order and then all again; at least one.
    candidates: Vec<LineSettings>,
    current: usize,
    octets: usize,
    marked: usize,
    /// Starts of telegrams, which come before any frame passes, and instead of one where none is.
    starts: usize,
    /// The last octets, in which a start may have begun.
    tail: Vec<u8>,
    /// The time of the last change.
    since: Option<Instant>,
    found: bool,
    changes: usize,
}

/// The result of some octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStep {
    /// Go on as before.
    Stay,
    /// Change to the next settings.
    Change,
    /// The search is over: starts of telegrams come with these settings, and hardly any mark.
    Found,
}

impl LineSearch {
    /// No search: these settings, always.
    pub fn fixed(settings: LineSettings) -> Self {
        Self { found: true, ..Self::among(vec![settings]) }
    }

    /// A search among the three parities.
    pub fn of_parity(baud: u32) -> Self {
        let parities = [Parity::Even, Parity::None, Parity::Odd];
        Self::among(parities.map(|parity| LineSettings { baud, parity }).to_vec())
    }

    /// A search among these settings; none of them means the [M-Bus](LineSettings::M_BUS).
    pub fn among(mut candidates: Vec<LineSettings>) -> Self {
        if candidates.is_empty() {
            candidates.push(LineSettings::M_BUS);
        }
        Self {
            candidates,
            current: 0,
            octets: 0,
            marked: 0,
            starts: 0,
            tail: Vec::new(),
            since: None,
            found: false,
            changes: 0,
        }
    }

    /// True if no other settings will be tried.
    pub const fn is_fixed(&self) -> bool {
        self.found
    }

    /// The settings to use now.
    pub fn settings(&self) -> LineSettings {
        self.candidates.get(self.current).copied().unwrap_or(LineSettings::M_BUS)
    }

    /// All settings that it tries.
    pub fn candidates(&self) -> impl Iterator<Item = LineSettings> + '_ {
        self.candidates.iter().copied()
    }

    /// True if the candidates differ in their speed.
    pub fn seeks_speed(&self) -> bool {
        self.candidates.windows(2).any(|pair| matches!(pair, [a, b] if a.baud != b.baud))
    }

    /// Counts the octets and marks of one read, perhaps an empty one, at that moment.
    pub fn record(&mut self, octets: &[u8], marked: usize, now: Instant) -> LineStep {
        if self.found {
            return LineStep::Stay;
        }
        self.octets = self.octets.saturating_add(octets.len());
        self.marked = self.marked.saturating_add(marked);
        self.count_starts(octets);
        let since = *self.since.get_or_insert(now);
        if self.starts >= ENOUGH_STARTS && self.marked <= self.octets / FEW_MARKS {
            self.found = true;
            return LineStep::Found;
        }
        let bad = self.octets >= MARK_SAMPLE && self.marked >= self.octets / MARK_SHARE;
        let in_vain = self.octets >= FRAME_SAMPLE * (1 + self.starts);
        let overdue = self.seeks_speed() && now.saturating_duration_since(since) >= INTERVAL;
        if !(bad || in_vain || overdue) {
            return LineStep::Stay;
        }
        let candidates = std::mem::take(&mut self.candidates);
        let current = (self.current + 1) % candidates.len().max(1);
        let changes = self.changes.saturating_add(1);
        *self = Self { current, changes, ..Self::among(candidates) };
        LineStep::Change
    }

    /// True during the first round. While nothing but noise comes, the search goes on silently.
    pub fn is_first_round(&self) -> bool {
        self.changes <= self.candidates.len()
    }

    /// Frames passed their checks: the search is over. Returns true the first time.
    pub fn frames_seen(&mut self) -> bool {
        !core::mem::replace(&mut self.found, true)
    }

    fn count_starts(&mut self, octets: &[u8]) {
        let old = self.tail.len();
        self.tail.extend_from_slice(octets);
        // A start that was whole before was counted before.
        let starts = (0..self.tail.len()).filter_map(|at| {
            let rest = self.tail.get(at..)?;
            start_of_telegram(rest).filter(|size| at + size > old)
        });
        self.starts += starts.count();
        self.tail.drain(..self.tail.len().saturating_sub(LONGEST_START - 1));
    }
}

/// The octets of a known start of a telegram, if the octets begin with one.
fn start_of_telegram(octets: &[u8]) -> Option<usize> {
    match octets {
        // M-Bus: user data.
        [0x68, a, b, 0x68, 0x53 | 0x73, ..] if a == b => Some(5),
        // HDLC: type 3, addresses, control, check sequence, LLC header.
        [0x7e, 0xa0..=0xaf, rest @ ..] => {
            let header = rest.get(..LONGEST_START - 2).unwrap_or(rest);
            let at = header.windows(3).position(|three| three == [0xe6, 0xe7, 0x00])?;
            Some(2 + at + 3)
        }
        // A ciphered APDU: the system title begins with the maker's three letters.
        [0xdb, 0x08, a, b, c, ..] if [a, b, c].iter().all(|it| it.is_ascii_uppercase()) => Some(5),
        // The identification of a telegram in text.
        [b'/', a, b, c, digit, ..]
            if [a, b, c].iter().all(|it| it.is_ascii_alphabetic()) && digit.is_ascii_digit() =>
        {
            Some(5)
        }
        _ => None,
    }
}

/// Flag, format, two addresses of four octets, control, check sequence and LLC header.
const LONGEST_START: usize = 17;

/// Two starts: one could be chance.
const ENOUGH_STARTS: usize = 2;

/// For a start to count, at most one octet in so many may be marked.
const FEW_MARKS: usize = 16;

/// Octets to see before the share of marks counts: half a telegram.
const MARK_SAMPLE: usize = 128;

/// One marked octet in four is too many. The wrong setting marks one in two or more.
const MARK_SHARE: usize = 4;

/// Octets that must contain a sound frame: four of the longest on the M-Bus (258 of data and 6 around
/// them). The first is usually cut, and noise may spoil another.
const FRAME_SAMPLE: usize = 4 * 264;

/// The time in which a telegram must come: the longest interval that is known, 15 seconds, and some more.
const INTERVAL: Duration = Duration::from_secs(17);

#[cfg(test)]
mod tests {
    use super::*;

    fn of_parity() -> LineSearch {
        LineSearch::of_parity(2400)
    }

    /// Octets that look like nothing, some of them marked, at the same moment always.
    fn record(search: &mut LineSearch, octets: usize, marked: usize) -> Option<Parity> {
        let now = Instant::now();
        match search.record(&vec![0x55; octets], marked, now) {
            LineStep::Change => Some(search.settings().parity),
            LineStep::Stay => None,
            LineStep::Found => panic!("found"),
        }
    }

    #[test]
    fn many_marks_change_the_setting_within_half_a_telegram() {
        let mut search = of_parity();
        assert_eq!(record(&mut search, 127, 127), None, "too few octets to tell");
        assert_eq!(record(&mut search, 1, 0), Some(Parity::None));
        assert_eq!(record(&mut search, 128, 64), Some(Parity::Odd));
        assert_eq!(record(&mut search, 128, 64), Some(Parity::Even));
    }

    #[test]
    fn noise_on_a_good_line_does_not_change_the_setting() {
        let mut search = of_parity();
        for _ in 0..6 {
            assert_eq!(record(&mut search, 150, 30), None);
        }
        assert!(search.frames_seen());
    }

    #[test]
    fn octets_without_frames_change_the_setting_though_nothing_is_marked() {
        let mut search = of_parity();
        assert_eq!(record(&mut search, FRAME_SAMPLE - 1, 0), None);
        assert_eq!(record(&mut search, 1, 0), Some(Parity::None));
        assert_eq!(record(&mut search, FRAME_SAMPLE - 1, 0), None, "the count starts over");
    }

    #[test]
    fn noise_goes_on_to_change_the_setting_but_only_one_round_is_news() {
        let mut search = of_parity();
        let news = (0..30).filter(|_| {
            assert!(record(&mut search, FRAME_SAMPLE, 0).is_some());
            search.is_first_round()
        });
        assert_eq!(news.count(), 3);
    }

    #[test]
    fn a_setting_that_gave_frames_stays() {
        let mut search = of_parity();
        record(&mut search, 128, 128);
        assert!(search.frames_seen());
        assert!(!search.frames_seen(), "reported once");
        assert_eq!(record(&mut search, 100_000, 100_000), None);
        assert_eq!(search.settings().parity, Parity::None);
    }

    #[test]
    fn a_dead_line_is_tried_with_every_speed_again_and_again() {
        let mut search = LineSearch::among(LineSettings::ALL.to_vec());
        let start = Instant::now();
        let mut tried = vec![search.settings()];
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            if search.record(&[], 0, now) == LineStep::Change {
                tried.push(search.settings());
            }
        }
        assert_eq!(tried[..4], LineSettings::ALL);
        assert_eq!(tried[4..], LineSettings::ALL[..3]);

        // The search for the parity needs octets.
        let mut search = of_parity();
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            assert_eq!(search.record(&[], 0, now), LineStep::Stay);
        }
    }

    #[test]
    fn two_starts_of_telegrams_end_the_search_wherever_they_are_cut() {
        let starts: [&[u8]; 5] = [
            &[0x68, 0xfa, 0xfa, 0x68, 0x53],
            &[0x7e, 0xa0, 0x67, 0xce, 0xff, 0x03, 0x13, 0x38, 0xbd, 0xe6, 0xe7, 0x00],
            &[0x7e, 0xa0, 0x7b, 0xcf, 0, 2, 0, 0x23, 0x13, 0x38, 0xbd, 0xe6, 0xe7, 0x00],
            &[0xdb, 0x08, b'S', b'A', b'G'],
            b"/EST5",
        ];
        for start in starts {
            let line = [start, &[0x55; 400], start].concat();
            for size in [1, 3, 16, 500] {
                let mut search = LineSearch::among(LineSettings::ALL.to_vec());
                let now = Instant::now();
                let steps: Vec<_> =
                    line.chunks(size).map(|octets| search.record(octets, 0, now)).collect();
                let found = steps.iter().position(|step| *step == LineStep::Found);
                assert_eq!(found, Some(steps.len() - 1), "{start:x?} in pieces of {size}");
                assert!(!search.frames_seen(), "it is over");
            }
            let mut search = LineSearch::among(LineSettings::ALL.to_vec());
            let step = search.record(&[start, start].concat(), 2, Instant::now());
            assert_eq!(step, LineStep::Stay, "on a damaged line they prove nothing");
        }
    }

    #[test]
    fn settings_are_named_and_written() {
        let names = LineSettings::ALL.map(|it| it.name().unwrap());
        assert_eq!(names, ["m-bus", "m-bus-8n1", "ir", "p1"]);
        assert_eq!(
            LineSettings::ALL.map(|it| it.to_string()),
            ["2400 8E1", "2400 8N1", "9600 8N1", "115200 8N1"]
        );
        assert_eq!(LineSettings { baud: 300, parity: Parity::Odd }.name(), None);
    }
}
