//! Octets that come without a frame.

use std::time::{Duration, Instant};

use meterpipe::{
    counted::counted,
    diagnosis::{
        foreign::{self, ForeignProtocol},
        link,
    },
    link::registry::LinkChoice,
    source::Burst,
};

/// A time without frames that is reported: six intervals, since a single telegram may be damaged.
pub const FRAMELESS: Duration = Duration::from_secs(30);

/// A silence that no telegram has within.
pub const BETWEEN_PUSHES: Duration = Duration::from_millis(1500);

/// The octets of the first look for another protocol. Later looks come at twice the octets each.
const FIRST_LOOK: usize = 64;

/// Octets since the last frame.
#[derive(Clone, Copy, Debug)]
pub struct Frameless {
    /// The time of the first octets, and that of the last ones.
    pub since: Instant,
    last: Instant,
    /// How many there are.
    pub octets: usize,
    marked: usize,
    /// The number of octets at which they are looked at for another protocol.
    look_at: usize,
    foreign: Option<ForeignProtocol>,
    /// Their link layer, if another one was chosen.
    pub other_link: Option<LinkChoice>,
}

impl Frameless {
    /// No octets yet.
    pub const fn since(now: Instant) -> Self {
        Self {
            since: now,
            octets: 0,
            marked: 0,
            look_at: FIRST_LOOK,
            foreign: None,
            last: now,
            other_link: None,
        }
    }

    /// Notes octets. `window` ends with them, and `links` are those of the line.
    pub fn note(&mut self, burst: &Burst, now: Instant, window: &[u8], links: LinkChoice) {
        self.last = now;
        self.octets += burst.octets.len();
        self.marked += burst.marks.len();
        if self.octets >= self.look_at {
            self.look_at = self.octets * 2;
            let last = window.get(window.len().saturating_sub(self.octets)..);
            // The text of a P1 socket is none before its end.
            let foreign = last.and_then(foreign::recognise);
            self.foreign = foreign.filter(|it| *it != ForeignProtocol::Dsmr);
            self.other_link = last.and_then(|octets| link::other_link(octets, links));
        }
    }

    /// True once the octets have lasted long enough without a frame, or show another protocol.
    pub fn is_reported(&self, now: Instant) -> bool {
        // A bridge may greet with text: the octets of the meter come later.
        let is_more = self.last.saturating_duration_since(self.since) >= BETWEEN_PUSHES;
        self.foreign.is_some_and(|it| !it.is_text() || is_more)
            || self.other_link.is_some()
            || now.saturating_duration_since(self.since) >= FRAMELESS
    }

    /// The message about them, with a clause that tells their cause.
    pub fn text(&self, now: Instant, clause: &str) -> String {
        let Self { since, octets, marked, .. } = *self;
        let seconds = now.saturating_duration_since(since).as_secs();
        let marked = match marked {
            0 => String::new(),
            marked => format!(", {marked} of them damaged on the line"),
        };
        let octets = counted(octets, "octet");
        let among = match seconds {
            0 => octets.to_string(),
            seconds => format!("the {octets} of {seconds} s"),
        };
        format!("no whole frame in {among}{marked}; {clause}")
    }
}
