//! A virtual meter in real time, and the source `sim:METER`.
//!
//! ```text
//! push ▌▌▌▌▌▌▌▌▌▌▌▌▌▌▌▌  ▌▌     push ▌▌▌▌▌▌▌▌▌▌▌▌▌▌▌▌  ▌▌     push …
//!      0 s          1.2 s 1.5 s      5 s               6.5 s      10 s
//! ```
//!
//! [`RealTime`] says when each step is due and does not wait itself, so tests need no real time. A
//! reader that falls behind by more than a push gets the current push and misses the others, as on
//! a line.

use core::{ops::Range, time::Duration};
use std::{collections::VecDeque, time::Instant};

use jiff::Timestamp;

use super::{
    meter::{MeterKind, UnknownMeter},
    push::{Push, PushOptions, Simulator},
};
use crate::source::{
    Burst, OpenError, Source, SourceEvent, SourceLine,
    reconnect::{READ_TIMEOUT, now, ready},
};

/// The meter that `sim:METER` names; `sim:` alone is the [default](MeterKind::default). `None` for
/// names of other sources.
pub fn of_name(name: &str) -> Option<Result<MeterKind, UnknownMeter>> {
    match name.strip_prefix(PREFIX)? {
        "" => Some(Ok(MeterKind::default())),
        meter => Some(meter.parse()),
    }
}

/// The source's name for that meter: `sim:ksm-west`.
pub fn name(meter: MeterKind) -> String {
    format!("{PREFIX}{meter}")
}

/// A virtual meter as a source, with the right time, the
/// [example key](super::meter::EXAMPLE_KEY) and seed 0. The telegram of the last [moment](on_grid)
/// comes at once, then one at each moment at the pace of the line.
pub fn open(meter: MeterKind) -> Box<dyn Source> {
    Box::new(SimulatedSource::new(meter, Timestamp::now()))
}

/// The last moment at which that virtual meter pushes: a multiple of its interval, by the clock.
///
/// An invocation counter belongs to one such moment. Of two processes that play the same meter, both
/// therefore send the same content under a counter, and no reader finds a nonce used twice.
pub fn on_grid(meter: MeterKind, now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(meter.interval())).unwrap_or(now)
}

const PREFIX: &str = "sim:";

/// A simulator with a clock.
pub struct RealTime {
    simulator: Simulator,
    /// The octets of the current push.
    wire: Vec<u8>,
    /// The remaining bursts of the current push, each with its end.
    bursts: VecDeque<(Instant, Range<usize>)>,
    /// The time of the next push.
    due: Instant,
    /// True if the next push arrives without delay.
    at_once: bool,
}

/// The next step.
#[derive(Debug)]
pub enum SimulatorStep<'a> {
    /// Nothing before that moment.
    Wait(Instant),
    /// A push begins; its octets follow.
    Push(Push),
    /// These octets have arrived.
    Octets(&'a [u8]),
}

impl RealTime {
    /// A meter whose first push begins now.
    pub fn new(simulator: Simulator) -> Self {
        let due = Instant::now();
        Self { simulator, wire: Vec::new(), bursts: VecDeque::new(), due, at_once: false }
    }

    /// A meter whose first push was due a while ago (less than an interval) and arrives now: each of
    /// its frames is a burst without delay.
    pub fn at_once(simulator: Simulator, late: Duration) -> Self {
        let new = Self::new(simulator);
        Self { at_once: true, due: new.due.checked_sub(late).unwrap_or(new.due), ..new }
    }

    /// The step that is due at `now`. Call it until it returns [`SimulatorStep::Wait`].
    pub fn step(&mut self, now: Instant) -> SimulatorStep<'_> {
        match self.bursts.front() {
            Some(&(through, _)) if through > now => return SimulatorStep::Wait(through),
            Some(_) => {}
            None if self.due > now => return SimulatorStep::Wait(self.due),
            None => return SimulatorStep::Push(self.push(now)),
        }
        let range = self.bursts.pop_front().map(|(_, range)| range).unwrap_or_default();
        SimulatorStep::Octets(self.wire.get(range).unwrap_or_default())
    }

    fn push(&mut self, now: Instant) -> Push {
        let interval = Duration::from_secs(self.simulator.interval().cast_unsigned());
        let push = loop {
            self.wire.clear();
            let push = self.simulator.push(&mut self.wire);
            let began = self.due;
            self.due += interval;
            if self.due > now {
                self.schedule(&push, began);
                break push;
            }
        };
        self.at_once = false;
        push
    }

    fn schedule(&mut self, push: &Push, began: Instant) {
        if self.at_once {
            self.bursts.extend(push.runs.ranges().map(|run| (began, run)));
        } else {
            let bursts = push.runs.bursts();
            self.bursts.extend(bursts.map(|(through, range)| (began + through, range)));
        }
    }
}

struct SimulatedSource {
    name: String,
    real_time: RealTime,
}

impl SimulatedSource {
    fn new(meter: MeterKind, now: Timestamp) -> Self {
        let start = on_grid(meter, now);
        let simulator = Simulator::new(PushOptions::new(meter, start));
        let late = now.duration_since(start).unsigned_abs();
        Self { name: name(meter), real_time: RealTime::at_once(simulator, late) }
    }
}

impl Source for SimulatedSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn line(&self) -> SourceLine {
        SourceLine { is_virtual: true, ..SourceLine::default() }
    }

    fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError> {
        burst.clear();
        let enough = Instant::now() + READ_TIMEOUT;
        loop {
            let moment = Instant::now();
            match self.real_time.step(moment) {
                SimulatorStep::Push(_) => {}
                SimulatorStep::Octets(octets) => {
                    burst.time = now();
                    burst.octets.extend_from_slice(octets);
                    return Ok(SourceEvent::Octets);
                }
                SimulatorStep::Wait(until) => {
                    let rest = until.min(enough).saturating_duration_since(moment);
                    // A signal that ends the wait counts as quiet: the caller checks its flags.
                    if rest.is_zero() || ready(None, rest).is_err() {
                        return Ok(SourceEvent::Quiet);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    fn simulator() -> Simulator {
        Simulator::new(PushOptions::new(
            MeterKind::KsmWest,
            "2026-06-21T10:00:00Z".parse().unwrap(),
        ))
    }

    /// Everything due at that moment: the times of the pushes, the octets and the next due time.
    fn due(real_time: &mut RealTime, moment: Instant) -> (Vec<Timestamp>, Vec<u8>, Instant) {
        let (mut pushes, mut octets) = (vec![], vec![]);
        loop {
            match real_time.step(moment) {
                SimulatorStep::Push(push) => pushes.push(push.time),
                SimulatorStep::Octets(more) => octets.extend_from_slice(more),
                SimulatorStep::Wait(until) => return (pushes, octets, until),
            }
        }
    }

    #[test]
    fn names_are_those_of_the_meters() {
        assert_eq!(of_name("sim:"), Some(Ok(MeterKind::NetzNoeKaifa)));
        for meter in MeterKind::ALL {
            assert_eq!(of_name(&name(meter)), Some(Ok(meter)));
        }
        assert_eq!(of_name("sim:kaifa"), Some(Err(UnknownMeter)));
        assert_eq!(of_name("/dev/ttyUSB0"), None);
        assert_eq!(of_name("sim"), None);
    }

    #[test]
    fn octets_arrive_in_their_order_and_in_their_time() {
        let mut wire = vec![];
        let mut reference = simulator();
        let pushes: Vec<_> = (0..3).map(|_| reference.push(&mut wire)).collect();

        let mut real_time = RealTime::new(simulator());
        let start = real_time.due;
        let (mut octets, mut times, mut moment) = (vec![], vec![], start);
        while octets.len() < wire.len() {
            let (pushes, more, until) = due(&mut real_time, moment);
            let early = due(&mut real_time, until - Duration::from_nanos(1));
            assert_eq!(early, (vec![], vec![], until));
            times.extend(pushes.into_iter().map(|clock| (clock, moment - start)));
            octets.extend(more);
            moment = until;
        }
        assert_eq!(octets, wire);
        let seconds = |n: u64| Duration::from_secs(5 * n);
        let expected: Vec<_> =
            pushes.iter().map(|push| push.time).zip((0..).map(seconds)).collect();
        assert_eq!(times, expected);
    }

    #[test]
    fn the_first_push_is_there_at_once_and_the_second_is_not() {
        let mut wire = vec![];
        let runs = simulator().push(&mut wire).runs;
        let mut real_time = RealTime::at_once(simulator(), Duration::ZERO);
        let start = real_time.due;
        assert!(matches!(real_time.step(start), SimulatorStep::Push(_)));
        for run in runs.ranges() {
            let SimulatorStep::Octets(octets) = real_time.step(start) else { panic!("no octets") };
            assert_eq!(octets, &wire[run], "a frame is a burst");
        }
        let (pushes, octets, until) = due(&mut real_time, start);
        assert_eq!((pushes.len(), octets.len(), until - start), (0, 0, INTERVAL));
        let (pushes, octets, until) = due(&mut real_time, start + INTERVAL);
        assert_eq!((pushes.len(), octets.len()), (1, 0));
        assert!(until - start < INTERVAL + Duration::from_millis(100));
    }

    #[test]
    fn two_processes_send_the_same_telegram_under_a_counter() {
        let began = |milliseconds: i64| {
            let now = Timestamp::from_millisecond(1_782_036_000_000 + milliseconds).unwrap();
            let mut real_time = SimulatedSource::new(MeterKind::NetzNoeKaifa, now).real_time;
            let due_at = real_time.due;
            let late = Duration::from_millis(milliseconds.cast_unsigned() % 5_000);
            let (pushes, first, _) = due(&mut real_time, due_at + late);
            assert_eq!(
                pushes[0].as_millisecond(),
                1_782_036_000_000 + milliseconds / 5_000 * 5_000
            );
            assert_eq!(first.len(), 282, "it comes at once");
            let (pushes, second, _) = due(&mut real_time, due_at + INTERVAL);
            assert_eq!((pushes.len(), second.len()), (1, 0), "the next one keeps to the grid");
            let (_, second, _) = due(&mut real_time, due_at + 2 * INTERVAL - READ_TIMEOUT);
            (first, second)
        };
        let (first, second) = began(0);
        for milliseconds in [1, 700, 3_000, 4_999] {
            assert_eq!(began(milliseconds), (first.clone(), second.clone()));
        }
        assert_eq!(began(5_000).0, second);
        assert_eq!(began(9_999).0, second);
    }

    #[test]
    fn who_was_away_gets_what_is_due_now() {
        let mut real_time = RealTime::new(simulator());
        let start = real_time.due;
        let (first, ..) = due(&mut real_time, start);
        let (second, octets, until) = due(&mut real_time, start + Duration::from_secs(3_603));
        let all = simulator().push(&mut vec![]).runs.octets();
        assert_eq!(second[0].as_second() - first[0].as_second(), 3_600);
        assert_eq!(second.len(), 1);
        assert_eq!(octets.len(), 2 * all, "the push that was under way, and the present one");
        assert_eq!(until - start, Duration::from_secs(3_605));
    }

    #[test]
    fn the_source_gives_a_whole_telegram_without_a_wait() {
        let now = "2026-06-21T10:00:00Z".parse().unwrap();
        let mut source = SimulatedSource::new(MeterKind::NetzNoeSagemcomOld, now);
        assert_eq!(source.name(), "sim:netz-noe-sagemcom-old");
        let mut burst = Burst::default();
        let mut sizes = vec![];
        for _ in 0..2 {
            assert_eq!(source.read(&mut burst), Ok(SourceEvent::Octets));
            assert!(burst.time.millis().is_some());
            sizes.push(burst.octets.len());
        }
        assert_eq!(sizes, [263, 19]);
        assert_eq!(source.read(&mut burst), Ok(SourceEvent::Quiet));
        assert_eq!(burst, Burst::default());
    }
}
