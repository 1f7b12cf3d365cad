//! The history: every telegram on a topic, in order and at least once.
//!
//! ```text
//! house/181220000009/history {"schema":1,"time":"2026-11-20T12:00:00+01:00", …}
//! ```
//!
//! A line waits until the broker has acknowledged it: in memory, and on a disk while the broker is
//! away. The lines of a broken connection go out again in the next one. A reader recognises them by
//! the meter's time and counter.
//!
//! Only a refusal of the message itself drops a line. Any other, such as that of an access list,
//! concerns the topic; somebody has to act, and the lines wait.

use core::{mem, time::Duration};
use std::{collections::VecDeque, time::Instant};

use crate::{
    counted::{counted, verb},
    format::{
        key::{FieldKey, Meta},
        latest::name,
        printable::printable,
        readings::Readings,
    },
    sink::{
        mqtt::{
            packets::Reason,
            publication::{Publication, Qos, StateFormat},
            topics::checked,
        },
        queue::QueueReceiver,
        settings::{SinkSettings, error::SettingError},
        spool::{pending::PendingLines, spooled::SpooledLines},
        traits::Report,
    },
};

/// The file in the spool for lines that the broker refuses for good, each with its topic.
const REFUSED: &str = "refused.tsv";

/// The wait for somebody to change something at the broker.
const HOLD: Duration = Duration::from_secs(60);

/// The lines that wait for the broker.
pub struct History {
    topic: String,
    state_format: StateFormat,
    /// Each line is a topic, a tab and a JSON object.
    pending: PendingLines,
    spooled: SpooledLines,
    /// The first lines, which were handed to the connection.
    in_flight: VecDeque<LineState>,
    /// The number of the first line. The connection names lines by numbers.
    first: u64,
    /// Lines that left memory, stored or refused.
    settled: u64,
    /// No line goes out until then.
    hold_until: Option<Instant>,
    is_refused: bool,
    full_reported: bool,
    /// The lines left out since the one that was reported.
    left_out: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineState {
    Sent,
    Stored,
    /// Refused, but not for its content.
    Kept,
    LeftOut,
}

impl History {
    /// Takes `history`, `spool` and `sync`; `None` without a topic.
    ///
    /// # Errors
    /// Invalid values, or a spool without a history.
    pub fn take(
        settings: &mut SinkSettings,
        state_format: &StateFormat,
    ) -> Result<Option<Self>, SettingError> {
        let topic = settings.take("history").filter(|topic| topic != "none");
        let spool = settings.take_path("spool");
        let sync = settings.take_duration("sync")?.unwrap_or_default();
        let Some(topic) = topic else {
            return match spool {
                Some(_) => Err(SettingError::of("spool", "it is for a history: set history too")),
                None => Ok(None),
            };
        };
        let times = [Meta::Time, Meta::Received].map(FieldKey::Meta);
        let keys = state_format.projection.keys.as_ref();
        if keys.is_some_and(|keys| !times.iter().any(|time| keys.contains(time))) {
            return Err(SettingError::of("fields", "a history needs the field time"));
        }
        Ok(Some(Self {
            topic: checked("history", &topic, &["base", "meter"])?,
            state_format: state_format.clone(),
            pending: PendingLines::default(),
            spooled: SpooledLines::new(spool, REFUSED, sync),
            in_flight: VecDeque::new(),
            first: 0,
            settled: 0,
            hold_until: None,
            is_refused: false,
            full_reported: false,
            left_out: None,
        }))
    }

    /// The topic, with its placeholders.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Opens the spool, if there is to be one.
    pub fn open(&mut self, report: &dyn Report) {
        self.spooled.open(report);
    }

    /// Adds a telegram.
    pub fn add(&mut self, readings: &Readings) {
        let line = self.line(readings);
        self.pending.push(&line);
    }

    /// The message of a telegram.
    pub fn message(&self, readings: &Readings) -> Publication {
        publication(&self.line(readings))
    }

    fn line(&self, readings: &Readings) -> Vec<u8> {
        let StateFormat { topics, projection } = &self.state_format;
        let mut line = topics.fill(&self.topic, name(readings)).into_bytes();
        line.push(b'\t');
        projection.write_json(readings, &[], &mut line);
        line.push(b'\n');
        line
    }

    /// The next line to send, with its number.
    pub fn next_line(&mut self, now: Instant, report: &dyn Report) -> Option<(u64, Publication)> {
        if self.is_held(now) {
            return None;
        }
        if self.in_flight.is_empty() && self.spooled.taken() == 0 {
            self.spooled.take(&mut self.pending, report);
        }
        let at = self.in_flight.len();
        // Lines in memory are newer than those on the disk.
        if self.spooled.has_more() && at >= self.spooled.taken() {
            return None;
        }
        let line = self.pending.iter(at).next()?;
        let message = publication(line);
        self.in_flight.push_back(LineState::Sent);
        Some((self.first + u64::try_from(at).unwrap_or(u64::MAX), message))
    }

    /// Notes the answer to a line: none if it is stored, else the reason of a refusal.
    pub fn answered(
        &mut self,
        number: u64,
        refusal: Option<Reason>,
        broker: &str,
        now: Instant,
        report: &dyn Report,
    ) {
        let at = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let Some(state) = at.and_then(|at| self.in_flight.get_mut(at)) else {
            return;
        };
        *state = match refusal {
            None => LineState::Stored,
            Some(reason) if reason.is_about_message() => LineState::LeftOut,
            Some(_) => LineState::Kept,
        };
        let line = at.and_then(|at| self.pending.iter(at).next()).unwrap_or_default();
        let topic = printable(&parse_line(line).0).into_owned();
        match (*state, refusal) {
            (LineState::Kept, Some(reason)) => {
                self.hold_until = Some(now + HOLD);
                if !mem::replace(&mut self.is_refused, true) {
                    let every = HOLD.as_secs();
                    report.say(&format!(
                        "{broker} refuses {topic} ({}): may this user write there? The history waits, \
                         trying again every {every} s",
                        reason.text()
                    ));
                }
            }
            (LineState::LeftOut, Some(reason)) => {
                let parked = self.spooled.park(line);
                report.lost(1);
                match &mut self.left_out {
                    Some(count) => *count += 1,
                    None => {
                        self.left_out = Some(0);
                        let parked = parked.map(|path| format!("; see {path}")).unwrap_or_default();
                        report.say(&format!(
                            "{broker} refuses a reading for {topic}, left out: {}{parked}",
                            reason.text()
                        ));
                    }
                }
            }
            _ => {
                if mem::take(&mut self.is_refused) {
                    report.say(&format!("{broker} accepts {topic} now"));
                }
            }
        }
        self.settle(report);
    }

    /// Removes the first lines that are stored or left out.
    fn settle(&mut self, report: &dyn Report) {
        let done = |state: &&LineState| matches!(state, LineState::Stored | LineState::LeftOut);
        let count = self.in_flight.iter().take_while(done).count();
        let settled = self.in_flight.drain(..count);
        let stored = settled.filter(|state| *state == LineState::Stored).count();
        report.stored(u64::try_from(stored).unwrap_or(u64::MAX));
        self.pending.remove(count);
        self.spooled.settled(count, report);
        self.first += u64::try_from(count).unwrap_or(u64::MAX);
        self.settled += u64::try_from(count).unwrap_or(u64::MAX);
        // Once all answers are there, the lines from the first refused one on go out again.
        if !self.in_flight.contains(&LineState::Sent) {
            self.in_flight.clear();
        }
        self.full_reported &= count == 0;
    }

    /// Nothing is under way any more.
    pub fn connection_lost(&mut self) {
        self.in_flight.clear();
    }

    /// Writes lines to the disk when it is time, while the broker is away.
    pub fn keep_old_lines(&mut self, report: &dyn Report) {
        self.spooled.keep_old_lines(&mut self.pending, self.in_flight.len(), report);
    }

    /// When lines have to go to the disk if the broker is away.
    pub fn keep_at(&self) -> Option<Instant> {
        self.spooled.keep_at(&self.pending)
    }

    /// True if lines wait because the broker refuses their topic.
    pub fn is_held(&self, now: Instant) -> bool {
        self.hold_until.is_some_and(|until| now < until)
    }

    /// When lines go out again after a refusal.
    pub const fn hold_until(&self) -> Option<Instant> {
        self.hold_until
    }

    /// True if there is no room for more.
    pub const fn is_full(&self) -> bool {
        self.pending.is_full()
    }

    /// Takes readings from the queue while there is room, in memory or on the disk.
    pub fn take_rest(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        loop {
            if self.is_full() {
                self.keep_old_lines(report);
            }
            if self.is_full() {
                return;
            }
            let Some(readings) = queue.readings().next() else {
                return;
            };
            self.add(&readings);
        }
    }

    /// Says once that there is no room.
    pub fn report_full(&mut self, report: &dyn Report) {
        if !mem::replace(&mut self.full_reported, true) {
            let count = self.pending.len();
            report.say(&format!(
                "{} {} and no room is left: others are lost",
                counted(count, "reading"),
                verb(count, "waits", "wait")
            ));
        }
    }

    /// True if no line waits, in memory or on the disk.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && !self.spooled.has_more()
    }

    /// The lines so far that were stored or left out.
    pub const fn settled(&self) -> u64 {
        self.settled
    }

    /// Keeps the remaining lines on the disk, or counts them as lost. Returns their number.
    pub fn give_up(&mut self, report: &dyn Report) -> u64 {
        let waiting = self.pending.len();
        self.spooled.give_up(&mut self.pending, report);
        if let Some(count @ 1..) = self.left_out {
            report.say(&format!(
                "{} {} refused",
                counted(count, "more reading"),
                verb(count, "was", "were")
            ));
        }
        u64::try_from(waiting).unwrap_or(u64::MAX)
    }
}

/// The topic and the payload of a line.
/// The message of a line.
fn publication(line: &[u8]) -> Publication {
    let (topic, payload) = parse_line(line);
    Publication { topic, payload, retain: false, qos: Qos::AtLeastOnce }
}

fn parse_line(line: &[u8]) -> (String, Vec<u8>) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut parts = line.splitn(2, |octet| *octet == b'\t');
    let mut part = || parts.next().unwrap_or_default();
    let topic = String::from_utf8_lossy(part()).into_owned();
    (topic, part().to_vec())
}

impl Reason {
    /// True if a broker that gives this reason will never take the same message.
    const fn is_about_message(self) -> bool {
        // Topic name invalid, packet too large, payload format invalid.
        matches!(self.0, 0x90 | 0x95 | 0x99)
    }
}
