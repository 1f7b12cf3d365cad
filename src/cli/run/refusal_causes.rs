//! The refusals of a run by their cause: which are printed one by one, and which are counted.
//!
//! A run over files prints the first ten of a cause and counts the rest. A live run prints the
//! first one at once and sums up repeats once a minute.

use std::{
    cmp::Reverse,
    collections::HashMap,
    mem::{self, Discriminant, discriminant},
    time::{Duration, Instant},
};

use meterpipe::error::{Cause, Error, Layer};

/// The messages of one cause that a run over files prints.
pub const MOST_PRINTED: u64 = 10;

/// The time between two summaries of repeats in a live run.
const MINUTE: Duration = Duration::from_secs(60);

/// The refusals of a run.
#[derive(Debug, Default)]
pub struct RefusalCauses {
    /// True for a live run, which has no end at which to count.
    pub live: bool,
    counts: HashMap<CauseKind, CauseCount>,
}

/// The key of a cause: causes that differ only in their numbers are one.
type CauseKind = (Layer, Discriminant<Cause>, Option<&'static str>);

/// The refusals of one cause.
#[derive(Debug)]
struct CauseCount {
    times: u64,
    /// Refusals since the last message about them.
    unreported: u64,
    reported: Instant,
    example: Error,
}

impl RefusalCauses {
    /// Counts an error. If it is to be reported, returns the number of earlier ones that were not.
    pub fn count(&mut self, error: &Error) -> Option<u64> {
        let now = Instant::now();
        let live = self.live;
        let count = self.counts.entry(cause_kind(error)).or_insert(CauseCount {
            times: 0,
            unreported: 0,
            reported: now.checked_sub(MINUTE).unwrap_or(now),
            example: *error,
        });
        count.times += 1;
        let tell = match live {
            true => count.times == 1 || now.duration_since(count.reported) >= MINUTE,
            false => count.times <= MOST_PRINTED,
        };
        if !tell {
            count.unreported += 1;
            return None;
        }
        count.reported = now;
        Some(mem::take(&mut count.unreported))
    }

    /// Those of a live run that were not reported for a minute, each cause with an example.
    pub fn take_due(&mut self) -> Vec<(u64, Error)> {
        let (now, live) = (Instant::now(), self.live);
        let due = self.counts.values_mut().filter(|count| {
            live && count.unreported > 0 && now.duration_since(count.reported) >= MINUTE
        });
        due.map(|count| {
            count.reported = now;
            (mem::take(&mut count.unreported), count.example)
        })
        .collect()
    }

    /// Those that a run over files did not print, each cause with an example, the most first.
    pub fn unprinted(&self) -> Vec<(u64, Error)> {
        let many = self.counts.values().filter(|count| !self.live && count.times > MOST_PRINTED);
        let mut all: Vec<_> =
            many.map(|count| (count.times - MOST_PRINTED, count.example)).collect();
        all.sort_by_key(|(times, example)| (Reverse(*times), example.to_string()));
        all
    }

    /// The cause for which most telegrams stayed closed.
    pub fn most_closed(&self) -> Option<Cause> {
        let closed = self.counts.values().filter(|it| it.example.cause.leaves_closed());
        closed.max_by_key(|count| count.times).map(|count| count.example.cause)
    }

    /// The kind of ciphering that is not read, if most of what was refused has one.
    pub fn unsupported(&self) -> Option<&'static str> {
        let most = self.counts.values().max_by_key(|count| count.times)?;
        match most.example {
            Error { layer: Layer::Cipher, cause: Cause::Unsupported { what }, .. } => Some(what),
            _ => None,
        }
    }

    /// The telegrams that could not be read, by reason.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let count = |of: &str| {
            self.counts.values().filter(|it| reason(&it.example) == of).map(|it| it.times).sum()
        };
        REASONS.into_iter().map(move |of| (of, count(of))).filter(|(_, times)| *times > 0)
    }
}

/// Why telegrams are rejected, in the order of the summary.
const REASONS: [&str; 8] = [
    "damaged on the line",
    "not opened",
    "damaged inside",
    "unreadable",
    "cut off by a limit",
    "out of order",
    "wrong clock",
    "of a time that has rows",
];

/// The reason of a refusal, for the summary.
fn reason(error: &Error) -> &'static str {
    let [line, closed, inside, unreadable, limit, order, clock, taken] = REASONS;
    match (error.layer, error.cause) {
        (_, Cause::Sources { .. }) => limit,
        (_, Cause::FrameStart) => line,
        (_, Cause::KeyFits { .. } | Cause::Altered) => inside,
        (_, Cause::OutOfOrder { .. }) => order,
        (_, Cause::ClockAhead { .. }) => clock,
        (_, Cause::TimeTaken { .. }) => taken,
        (Layer::Cipher | Layer::Key, _) => closed,
        (
            Layer::Apdu | Layer::Axdr | Layer::Reading,
            Cause::NotReadings { .. }
            | Cause::TimeForm
            | Cause::Interval { .. }
            | Cause::OtherRows { .. },
        ) => unreadable,
        (Layer::Apdu | Layer::Axdr | Layer::Reading, _) => inside,
        (Layer::Hex | Layer::Record, _) => unreadable,
        _ => line,
    }
}

fn cause_kind(error: &Error) -> CauseKind {
    let what = match error.cause {
        Cause::Unsupported { what } | Cause::Unexpected { what, .. } => Some(what),
        _ => None,
    };
    (error.layer, discriminant(&error.cause), what)
}
