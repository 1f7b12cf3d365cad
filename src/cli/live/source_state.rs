//! The state of a live source, and the messages about its changes.
//!
//! "No octets" and "octets, but no frames" are two faults with two remedies. Each is reported once,
//! and so is its end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use meterpipe::{record, source::Burst};

/// A silence that is reported: three intervals of a meter.
const SILENT: Duration = Duration::from_secs(15);

/// A time without frames that is reported: six intervals, since a single telegram may be damaged.
const FRAMELESS: Duration = Duration::from_secs(30);

/// A thread that reads ends a read at least once a second, unless it looks up a name or waits for room.
const HANGS: Duration = Duration::from_secs(30);

/// The state of a source.
#[derive(Debug)]
pub struct SourceState {
    /// The name in messages.
    pub name: String,
    /// The name in records.
    pub from: String,
    /// The number of frames so far, for the thread that reads the source.
    pub frames: Arc<AtomicU64>,
    /// The number of reads that came to their end, and the last change that was seen.
    pub reads: Arc<AtomicU64>,
    reads_seen: (u64, Instant),
    /// True once the source has come to its end.
    pub ended: bool,
    /// The reason why the source is away.
    pub away: Option<String>,
    /// The time of the last octets, or of the last change of state.
    last_active: Instant,
    reported_silent: bool,
    frameless: Option<Frameless>,
    reported_frameless: bool,
}

/// Octets since the last frame.
#[derive(Clone, Copy, Debug)]
struct Frameless {
    since: Instant,
    octets: usize,
    marked: usize,
    zeros: usize,
}

impl SourceState {
    /// The state of a source that is opened at `now`.
    pub fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            from: record::escape(name),
            frames: Arc::default(),
            reads: Arc::default(),
            reads_seen: (0, now),
            ended: false,
            away: None,
            last_active: now,
            reported_silent: false,
            frameless: None,
            reported_frameless: false,
        }
    }

    /// The time since the last octets.
    pub fn silent(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_active)
    }

    /// True while the thread that reads the source goes round, with or without octets.
    pub fn is_alive(&mut self, now: Instant) -> bool {
        let reads = self.reads.load(Ordering::Relaxed);
        if reads != self.reads_seen.0 {
            self.reads_seen = (reads, now);
        }
        self.ended || now.saturating_duration_since(self.reads_seen.1) < HANGS
    }

    /// The fault that there is now, for a status line.
    pub fn trouble(&self, now: Instant) -> Option<String> {
        let silent = self.silent(now);
        let frameless =
            self.frameless.filter(|it| now.saturating_duration_since(it.since) >= FRAMELESS);
        match (&self.away, frameless) {
            (Some(why), _) => Some(why.clone()),
            (None, _) if silent >= SILENT => {
                Some(self.message(&format!("nothing for {} s", silent.as_secs())))
            }
            (None, Some(frameless)) => Some(self.message(&frameless.text(now))),
            (None, None) => None,
        }
    }

    /// Notes that the source is away.
    pub fn went(&mut self, why: String, now: Instant) {
        self.start_over(now);
        self.away = Some(why);
    }

    /// Notes that the source is back.
    pub fn came_back(&mut self, now: Instant) {
        self.start_over(now);
        self.away = None;
    }

    fn start_over(&mut self, now: Instant) {
        self.last_active = now;
        self.reported_silent = false;
        self.frameless = None;
    }

    /// Notes octets. Returns a message if they end a silence that was reported.
    pub fn note_octets(&mut self, now: Instant) -> Option<String> {
        let silent = self.silent(now).as_secs();
        self.last_active = now;
        if !core::mem::take(&mut self.reported_silent) {
            return None;
        }
        self.frameless = None;
        Some(self.message(&format!("octets again after {silent} s")))
    }

    /// Notes frames. Returns a message if their absence was reported.
    pub fn note_frames(&mut self) -> Option<String> {
        self.frameless = None;
        core::mem::take(&mut self.reported_frameless).then(|| self.message("frames again"))
    }

    /// Notes octets without a frame.
    pub fn note_frameless(&mut self, burst: &Burst, now: Instant) {
        let start = Frameless { since: now, octets: 0, marked: 0, zeros: 0 };
        let frameless = self.frameless.get_or_insert(start);
        frameless.octets += burst.octets.len();
        frameless.marked += burst.marks.len();
        frameless.zeros += burst.octets.iter().filter(|&&octet| octet == 0).count();
    }

    /// Returns a message about a fault that has lasted long enough.
    pub fn fault(&mut self, now: Instant) -> Option<String> {
        if self.away.is_some() {
            return None;
        }
        let silent = self.silent(now);
        if silent >= SILENT && !self.reported_silent {
            self.reported_silent = true;
            return Some(self.message(&format!("nothing for {} s; {WIRING}", silent.as_secs())));
        }
        let frameless =
            self.frameless.filter(|it| now.saturating_duration_since(it.since) >= FRAMELESS)?;
        // During a silence that was reported, the missing frames are no second fault.
        if self.reported_silent || core::mem::replace(&mut self.reported_frameless, true) {
            return None;
        }
        Some(self.message(&frameless.text(now)))
    }

    fn message(&self, text: &str) -> String {
        format!("{}: {text}", self.name)
    }
}

/// True if a silence of this length is reported.
pub fn is_reported(silent: Duration) -> bool {
    silent >= SILENT
}

impl Frameless {
    fn text(&self, now: Instant) -> String {
        let Self { since, octets, marked, zeros } = *self;
        let seconds = now.saturating_duration_since(since).as_secs();
        let advice = if zeros == octets { ADAPTER } else { SETTINGS };
        let marked = match marked {
            0 => String::new(),
            marked => format!(", {marked} of them damaged on the line"),
        };
        format!("no frame in the {octets} octets of {seconds} s{marked}; {advice}")
    }
}

/// The advice for a source without octets.
pub const WIRING: &str = "check the wiring, and that the operator has switched the interface on";

/// The advice for octets without frames.
pub const SETTINGS: &str =
    "check adapter, baud rate and parity; --line auto finds those of a device";
const ADAPTER: &str =
    "all are 00: check that the adapter is made for the M-Bus, and the polarity of its wires";

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(octets: &[u8]) -> Burst {
        Burst { octets: octets.to_vec(), ..Burst::default() }
    }

    /// A line and the time after so many seconds.
    fn line() -> (SourceState, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        (SourceState::new("tty", start), move |seconds| start + Duration::from_secs(seconds))
    }

    #[test]
    fn silence_is_reported_once_and_so_is_its_end() {
        let (mut line, at) = line();
        assert_eq!(line.fault(at(14)), None);
        let message = line.fault(at(15)).unwrap();
        assert!(message.starts_with("tty: nothing for 15 s; check the wiring"), "{message}");
        assert_eq!(line.fault(at(100)), None);
        assert_eq!(line.note_octets(at(100)).as_deref(), Some("tty: octets again after 100 s"));
        assert_eq!(line.note_octets(at(101)), None);
        assert_eq!(line.fault(at(115)), None);
        assert!(line.fault(at(116)).is_some());
    }

    #[test]
    fn a_source_that_is_away_is_not_silent_and_starts_over_when_it_is_back() {
        let (mut line, at) = line();
        assert!(line.fault(at(20)).is_some());
        line.went("unplugged".to_owned(), at(21));
        assert_eq!(line.fault(at(90)), None);
        line.came_back(at(100));
        assert_eq!(line.note_octets(at(101)), None, "it was not silent, it was away");
        line.came_back(at(102));
        assert_eq!(line.fault(at(116)), None);
        assert!(line.fault(at(117)).is_some());
    }

    #[test]
    fn octets_without_frames_are_reported_once_with_what_is_known_of_them() {
        let (mut line, at) = line();
        for second in 1..=30 {
            line.note_octets(at(second));
            assert_eq!(line.fault(at(second)), None);
            let marks = vec![(0, meterpipe::error::Mark::Parity)];
            line.note_frameless(&Burst { marks, ..burst(&[0, 0x68]) }, at(second));
        }
        let message = line.fault(at(31)).unwrap();
        let start =
            "tty: no frame in the 60 octets of 30 s, 30 of them damaged on the line; check adapter";
        assert!(message.starts_with(start), "{message}");
        line.note_octets(at(40));
        assert_eq!(line.fault(at(40)), None);
        assert_eq!(line.note_frames().as_deref(), Some("tty: frames again"));
        assert_eq!(line.note_frames(), None);
    }

    #[test]
    fn zeros_alone_are_the_wrong_adapter() {
        let (mut line, at) = line();
        for second in [1, 11, 21, 31] {
            line.note_octets(at(second));
            line.note_frameless(&burst(&[0; 5]), at(second));
        }
        let message = line.fault(at(31)).unwrap();
        assert!(
            message.starts_with("tty: no frame in the 20 octets of 30 s; all are 00"),
            "{message}"
        );
    }

    #[test]
    fn one_silence_is_one_message() {
        let (mut line, at) = line();
        line.note_octets(at(1));
        line.note_frameless(&burst(&[0xff]), at(1));
        assert!(line.fault(at(16)).unwrap().starts_with("tty: nothing"));
        assert_eq!(line.fault(at(40)), None, "a few octets, then silence");
        line.note_octets(at(41));
        line.note_frameless(&burst(&[0x68]), at(41));
        assert_eq!(line.fault(at(41)), None, "the first octets of a telegram");
    }
}
