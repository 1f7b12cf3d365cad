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

use crate::cli::live::frameless::{BETWEEN_PUSHES, FRAMELESS, Frameless};
use meterpipe::{
    diagnosis::{
        finding::Finding, foreign::ForeignProtocol, line::LineFacts, line_finding::line_finding,
        line_view::LineView, link, other_readers::OtherReaders, server_words, window::OctetWindow,
    },
    error::Lapse,
    link::registry::LinkChoice,
    record,
    source::{Burst, SourceLine, holders::DeviceReaders, tcp},
};

/// A silence that is reported: three intervals of a meter.
const SILENT: Duration = Duration::from_secs(15);

/// The longest way from the last octet of a telegram to its reading.
const SAME_MOMENT: Duration = Duration::from_secs(1);

/// A thread that reads ends a read at least once a second, unless it looks up a name or waits for room.
const HANGS: Duration = Duration::from_secs(30);

/// A telegram of 600 octets takes less at 2400 baud.
const LONGER_THAN_A_TELEGRAM: Duration = Duration::from_secs(3);

/// The time after which the cause of damage is told again.
const HOUR: Duration = Duration::from_secs(3600);

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
    line: SourceLine,
    links: LinkChoice,
    window: OctetWindow,
    /// The programs that had the device open when the first octets came.
    readers: Option<DeviceReaders>,
    /// The cause of the fault of the line, in one clause: made once, and the same in each message until frames come
    /// again.
    diagnosis: Option<LineDiagnosis>,
    /// True once frames or telegrams came.
    has_sent: bool,
    /// Frames and telegrams that were damaged, and their number at the last look for a cause.
    damaged: u64,
    damaged_before: u64,
    looked_at_damage: Option<Instant>,
    /// The last text of a server that was shown.
    shown: Option<String>,
    /// The same with its advice, if it says why there are no octets of a meter.
    refusal: Option<String>,
}

/// The cause of the fault of a line, and when it was found.
#[derive(Debug)]
struct LineDiagnosis {
    clause: String,
    made: Instant,
}

/// Damaged frames that are enough for a look for their cause.
const ENOUGH_DAMAGE: u64 = 4;

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
            line: SourceLine::default(),
            links: LinkChoice::Auto,
            window: OctetWindow::default(),
            readers: None,
            diagnosis: None,
            has_sent: false,
            damaged: 0,
            damaged_before: 0,
            looked_at_damage: None,
            shown: None,
            refusal: None,
        }
    }

    /// The same with the line behind the source.
    pub fn with(self, line: SourceLine) -> Self {
        Self { line, ..self }
    }

    /// The same for a line that may have the link layers of a choice.
    pub fn with_links(self, links: LinkChoice) -> Self {
        Self { links, ..self }
    }

    /// The last octets.
    pub const fn window(&self) -> &OctetWindow {
        &self.window
    }

    /// The command that examines this source.
    pub fn doctor(&self) -> String {
        let peer = format!("tcp://{}", self.name);
        match &self.line.device {
            Some(device) => format!("meterpipe doctor {}", device.display()),
            None if tcp::address(&peer).is_some() => format!("meterpipe doctor {peer}"),
            // A name of the configuration: all its meters are examined.
            None => "meterpipe doctor".to_owned(),
        }
    }

    /// The facts beside the octets, after so many seconds.
    pub fn view(&self, seconds: u64) -> LineView {
        let SourceLine { device, searches, seeks_speed, is_virtual, socket } = &self.line;
        LineView {
            is_virtual: *is_virtual,
            socket: *socket,
            seconds: Some(seconds),
            telegrams: 0,
            others: self.others(),
            is_device: device.is_some(),
            searches: *searches,
            seeks_speed: *seeks_speed,
            is_within_push: self.silent(Instant::now()) < BETWEEN_PUSHES,
            is_mostly_damaged: false,
            links: self.links,
        }
    }

    /// The other programs that have the device open.
    fn others(&self) -> OtherReaders {
        match (&self.readers, &self.line.device) {
            (Some(readers), _) => readers.still_there(true),
            (None, Some(device)) => DeviceReaders::now(device).names(),
            (None, None) => OtherReaders::default(),
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
        let frameless = self.frameless.filter(|it| it.is_reported(now));
        match (&self.away, frameless) {
            (Some(why), _) => Some(why.clone()),
            (None, _) if silent >= SILENT => {
                Some(self.message(&format!("nothing for {}", Lapse(silent.as_secs()))))
            }
            (None, Some(frameless)) => {
                let clause = self.diagnosis().unwrap_or_default();
                Some(self.message(&frameless.text(now, clause)))
            }
            (None, None) => None,
        }
    }

    /// The clause with the text that a server sent in the place of octets of a meter, and true unless it was shown.
    pub fn words(&mut self) -> Option<(String, bool)> {
        let Frameless { octets, .. } = self.frameless.filter(|_| self.line.device.is_none())?;
        let facts = self.window.facts_of_last(octets);
        if facts.foreign.is_some_and(ForeignProtocol::is_service) {
            let clause = line_finding(&facts, &self.view(0))?.clause();
            let is_told = self.reported_frameless || self.refusal.as_ref() == Some(&clause);
            self.refusal = Some(clause.clone());
            return Some((format!("; {clause}"), !is_told));
        }
        let words = self.window.words(octets)?;
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = server_words::said(&words);
        let text = format!("; {said}");
        self.refusal = server_words::refusal(&words).map(|_| said);
        let is_new = self.shown.as_ref() != Some(&words);
        self.shown = Some(words);
        Some((text, is_new))
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
        self.readers = None;
        self.diagnosis = None;
    }

    /// Keeps the octets of a burst for an examination. Later programs cannot open the device: it is locked.
    pub fn keep(&mut self, burst: &Burst) {
        self.window.push(&burst.octets, burst.marks.iter().copied());
        if let (None, Some(device)) = (&self.readers, &self.line.device) {
            self.readers = Some(DeviceReaders::now(device));
        }
    }

    /// Notes octets. Returns a message if they end a silence that was reported.
    pub fn note_octets(&mut self, now: Instant) -> Option<String> {
        let silent = self.silent(now).as_secs();
        self.last_active = now;
        if !core::mem::take(&mut self.reported_silent) {
            return None;
        }
        self.frameless = None;
        Some(self.message(&format!("octets again after {}", Lapse(silent))))
    }

    /// Notes frames. Returns a message if their absence was reported.
    pub fn note_frames(&mut self) -> Option<String> {
        self.frameless = None;
        self.has_sent = true;
        self.refusal = None;
        let was_reported = core::mem::take(&mut self.reported_frameless);
        if was_reported {
            self.diagnosis = None;
        }
        was_reported.then(|| self.message("frames again"))
    }

    /// Notes octets without a frame.
    pub fn note_frameless(&mut self, burst: &Burst, now: Instant) {
        let frameless = self.frameless.get_or_insert_with(|| Frameless::since(now));
        frameless.note(burst, now, self.window.octets(), self.links);
    }

    /// Notes frames or telegrams that are damaged.
    pub const fn note_damaged(&mut self, damaged: u64) {
        self.damaged += damaged;
    }

    /// Returns a message about damage that speaks for one cause, once an hour at most. Before frames come, the
    /// settings of the line are in doubt, and no frame tells why.
    pub fn damage(&mut self, now: Instant) -> Option<String> {
        let is_more = self.damaged >= ENOUGH_DAMAGE && self.damaged > self.damaged_before;
        let lately = |at: Instant, span| now.saturating_duration_since(at) < span;
        if !(self.has_sent && is_more)
            || self.looked_at_damage.is_some_and(|at| lately(at, FRAMELESS))
            || self.diagnosis.as_ref().is_some_and(|it| lately(it.made, HOUR))
        {
            return None;
        }
        (self.looked_at_damage, self.damaged_before) = (Some(now), self.damaged);
        let facts = self.window.facts();
        let is_damaged = facts.damaged() > 0 || !facts.begun.is_empty();
        let found = line_finding(&facts, &self.view(0)).filter(|_| is_damaged)?;
        let clause = found.clause();
        let text = self.message(&clause);
        self.diagnosis = Some(LineDiagnosis { clause, made: now });
        Some(text)
    }

    /// The cause of octets that came without a frame since the last one, for longer than a telegram takes.
    pub fn frameless_clause(&self, now: Instant) -> Option<String> {
        let frameless = self.frameless?;
        let lasting = now.saturating_duration_since(frameless.since);
        if lasting < LONGER_THAN_A_TELEGRAM {
            return None;
        }
        let facts = self.window.facts_of_last(frameless.octets);
        Some(line_finding(&facts, &self.view(lasting.as_secs()))?.clause())
    }

    /// The cause that the user was told of, in one clause.
    pub fn diagnosis(&self) -> Option<&str> {
        let of_line = self.diagnosis.as_ref().map(|it| it.clause.as_str());
        self.refusal.as_deref().or(of_line)
    }

    /// Returns a message about a fault that has lasted long enough.
    pub fn fault(&mut self, now: Instant) -> Option<String> {
        if self.away.is_some() {
            return None;
        }
        let silent = self.silent(now);
        if silent >= SILENT && !self.reported_silent {
            self.reported_silent = true;
            let (clause, silent) = (self.silence(silent), Lapse(silent.as_secs()));
            return Some(self.message(&format!("nothing for {silent}; {clause}")));
        }
        let frameless = self.frameless.filter(|it| it.is_reported(now))?;
        // During a silence that was reported, the missing frames are no second fault.
        if self.reported_silent || core::mem::replace(&mut self.reported_frameless, true) {
            return None;
        }
        let clause = match (self.diagnosis(), frameless.other_link) {
            (Some(told), _) => told.to_owned(),
            (None, Some(link)) => format!("the octets are {}", link::clause(link)),
            (None, None) => {
                let view = self.view(now.saturating_duration_since(frameless.since).as_secs());
                let found = line_finding(&self.window.facts_of_last(frameless.octets), &view);
                let clause = found.as_ref().map(Finding::clause);
                clause.unwrap_or_else(|| view.settings_hint().to_owned())
            }
        };
        let text = self.message(&frameless.text(now, &clause));
        self.diagnosis = Some(LineDiagnosis { clause, made: now });
        Some(text)
    }

    /// The advice about a line from which nothing came for so long.
    fn silence(&self, silent: Duration) -> String {
        let telegrams = usize::from(self.has_sent);
        let view = LineView { telegrams, ..self.view(silent.as_secs()) };
        let found = line_finding(&LineFacts::default(), &view);
        found.map(|found| found.clause()).unwrap_or_default()
    }

    /// The same, if nothing has come since that time.
    pub fn silence_since(&self, then: Instant, now: Instant) -> Option<String> {
        let silent = self.silent(now);
        // The last octets of a telegram are decoded a moment after they came.
        let is_since = silent + SAME_MOMENT >= now.saturating_duration_since(then);
        is_since.then(|| self.silence(silent))
    }

    fn message(&self, text: &str) -> String {
        format!("{}: {text}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meterpipe::{diagnosis::foreign, error::Layer};

    fn burst(octets: &[u8]) -> Burst {
        Burst { octets: octets.to_vec(), ..Burst::default() }
    }

    fn device() -> SourceLine {
        SourceLine {
            device: Some("/dev/no-such-device".into()),
            searches: false,
            ..SourceLine::default()
        }
    }

    /// Hands octets without a frame to a line.
    fn frameless(line: &mut SourceState, burst: Burst, now: Instant) {
        line.keep(&burst);
        line.note_frameless(&burst, now);
    }

    /// A line and the time after so many seconds.
    fn line() -> (SourceState, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        (SourceState::new("tty", start).with(device()), move |seconds| {
            start + Duration::from_secs(seconds)
        })
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
            frameless(&mut line, Burst { marks, ..burst(&[0, 0x68]) }, at(second));
        }
        let message = line.fault(at(31)).unwrap();
        let start = "tty: no whole frame in the 60 octets of 30 s, 30 of them damaged on the line; check adapter";
        assert!(message.starts_with(start), "{message}");
        line.note_octets(at(40));
        assert_eq!(line.fault(at(40)), None);
        assert_eq!(line.note_frames().as_deref(), Some("tty: frames again"));
        assert_eq!(line.note_frames(), None);
    }

    #[test]
    fn whole_frames_of_another_link_layer_blame_the_choice_at_once() {
        let (line, at) = line();
        let mut line = line.with_links(LinkChoice::Only(Layer::Hdlc));
        let frame = [&[0x68, 23, 23, 0x68, 0x53, 0xff, 0x10, 0x01, 0x67][..], &[7; 18]].concat();
        let sum = frame[4..].iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
        let frame = [&frame[..], &[sum, 0x16]].concat();
        for second in 1..=5 {
            line.note_octets(at(second));
            frameless(&mut line, burst(&frame), at(second));
        }
        let message = line.fault(at(5)).unwrap();
        assert!(
            message.contains("the octets are mbus, and another link layer was chosen"),
            "{message}"
        );
        assert!(!message.contains("parity") && !message.contains("baud"), "{message}");
    }

    #[test]
    fn a_text_that_is_joined_in_its_middle_is_waited_for_too() {
        let (mut line, at) = line();
        let text = b"306.946*kWh)\r\n1-0:1.8.2(000210.088*kWh)\r\n1-0:1.7.0(00.34*kW)\r\n";
        for part in text.repeat(3).chunks(16) {
            line.note_octets(at(1));
            frameless(&mut line, burst(part), at(1));
            assert_eq!(line.fault(at(1)), None);
        }
        line.note_octets(at(32));
        let message = line.fault(at(32)).unwrap();
        assert!(message.contains("DSMR telegram") && !message.contains("D0"), "{message}");
    }

    #[test]
    fn the_text_of_a_p1_socket_is_waited_for() {
        let (mut line, at) = line();
        let text =
            b"/KFM5\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260621120000S)\r\n1-0:1.8.0(001.5*kWh)\r\n";
        assert_eq!(foreign::recognise(text), Some(ForeignProtocol::Dsmr));
        for part in text.chunks(16) {
            frameless(&mut line, burst(part), at(1));
            assert_eq!(line.fault(at(1)), None);
        }
        assert!(line.fault(at(32)).is_some(), "its end does not come");
    }

    #[test]
    fn the_doctor_is_called_with_what_a_user_can_type() {
        let start = Instant::now();
        let called = |name| SourceState::new(name, start).doctor();
        assert_eq!(line().0.doctor(), "meterpipe doctor /dev/no-such-device");
        assert_eq!(called("pi.local:7000"), "meterpipe doctor tcp://pi.local:7000");
        assert_eq!(called("house"), "meterpipe doctor");
    }

    #[test]
    fn zeros_alone_are_the_wrong_adapter() {
        let (mut line, at) = line();
        for second in [1, 11, 21, 31] {
            line.note_octets(at(second));
            frameless(&mut line, burst(&[0; 5]), at(second));
        }
        let message = line.fault(at(31)).unwrap();
        assert!(
            message.starts_with("tty: no whole frame in the 20 octets of 30 s; all are 00"),
            "{message}"
        );
    }

    #[test]
    fn one_silence_is_one_message() {
        let (mut line, at) = line();
        line.note_octets(at(1));
        frameless(&mut line, burst(&[0xff]), at(1));
        assert!(line.fault(at(16)).unwrap().starts_with("tty: nothing"));
        assert_eq!(line.fault(at(40)), None, "a few octets, then silence");
        line.note_octets(at(41));
        frameless(&mut line, burst(&[0x68]), at(41));
        assert_eq!(line.fault(at(41)), None, "the first octets of a telegram");
    }

    #[test]
    fn another_protocol_is_named_at_once_and_nothing_else_is_blamed() {
        let (mut line, at) = line();
        line.note_octets(at(1));
        frameless(&mut line, burst(b"/LGZ5\r\n1-0:1.8.0*255(1234*kWh)\r\n"), at(1));
        assert_eq!(line.fault(at(1)), None, "too early to tell");
        line.note_octets(at(2));
        frameless(&mut line, burst(b"1-0:2.8.0*255(0000*kWh)\r\n1-0:1.7.0*255(0.1*kW)\r\n"), at(2));
        let message = line.fault(at(2)).unwrap();
        assert!(message.contains("the octets are D0 (IEC 62056-21)"), "{message}");
        assert!(!message.contains("parity") && !message.contains("adapter, baud"), "{message}");
        line.note_octets(at(40));
        assert_eq!(line.fault(at(40)), None, "told once");
        assert!(line.trouble(at(40)).unwrap().contains("D0"));
    }

    #[test]
    fn the_greeting_of_a_bridge_is_waited_for_and_text_that_goes_on_is_named() {
        let greeting =
            b"ser2net port device /dev/ttyUSB0 [2400 E81] (Debian GNU/Linux)\r\nWelcome!\r\n";
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let greeted = || {
            let mut line = SourceState::new("pi:3001", start);
            for part in greeting.chunks(70) {
                line.note_octets(at(1));
                frameless(&mut line, burst(part), at(1));
                assert_eq!(line.fault(at(1)), None);
            }
            assert_eq!(line.fault(at(6)), None);
            assert_eq!(line.trouble(at(6)), None);
            line
        };
        let mut meter = greeted();
        meter.note_octets(at(6));
        assert_eq!(meter.note_frames(), None, "nothing was reported");
        let mut text = greeted();
        text.note_octets(at(6));
        frameless(&mut text, burst(&greeting.repeat(2)), at(6));
        let message = text.fault(at(6)).unwrap();
        assert!(message.contains("the octets are plain text"), "{message}");
        let mut silent = greeted();
        assert!(silent.fault(at(17)).unwrap().starts_with("pi:3001: nothing for 16 s"));
    }

    #[test]
    fn a_server_that_was_named_is_not_quoted_and_another_one_once() {
        let refusal =
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request\r\n\r\n";
        let (start, mut line) = (Instant::now(), SourceState::new("pi:80", Instant::now()));
        frameless(&mut line, burst(refusal), start);
        assert!(line.fault(start).unwrap().contains("HTTP"));
        let (text, is_new) = line.words().unwrap();
        assert!(text.starts_with("; the octets are HTTP") && !is_new, "{text}");
        let mut line = SourceState::new("pi:23", start);
        let said = "; the server says: Port in use; it has the device for another client";
        for is_shown in [true, false] {
            frameless(&mut line, burst(b"Port in use\r\n"), start);
            let (text, is_new) = line.words().unwrap();
            assert!(text.starts_with(said) && is_new == is_shown, "{text}");
            line.went("closed".to_owned(), start);
            line.came_back(start);
        }
    }

    #[test]
    fn a_search_for_the_parity_is_not_advised_to_who_uses_it() {
        let advice = |line: SourceLine| {
            let start = Instant::now();
            let mut state = SourceState::new("tty", start).with(line);
            let at = |seconds| start + Duration::from_secs(seconds);
            for second in 1..=31 {
                state.note_octets(at(second));
                frameless(&mut state, burst(&[0x55, 0xaa, 0x13, 0x37, second as u8]), at(second));
            }
            state.fault(at(31)).unwrap()
        };
        let device = Some("/dev/no-such-device".into());
        let plain = advice(SourceLine { device: device.clone(), ..SourceLine::default() });
        assert!(plain.ends_with("--line auto finds those of a device"), "{plain}");
        let searching =
            advice(SourceLine { device: device.clone(), searches: true, ..SourceLine::default() });
        assert!(searching.ends_with("check adapter and baud rate"), "{searching}");
        let all = SourceLine { device, searches: true, seeks_speed: true, ..SourceLine::default() };
        let all = advice(all);
        assert!(all.ends_with("check adapter and cable"), "{all}");
        let remote = advice(SourceLine::default());
        assert!(remote.ends_with("where the device is"), "{remote}");
    }
}
