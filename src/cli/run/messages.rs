//! What is said on standard error: one line a thing, with the place and the next step.
//!
//! `meterpipe unframe: line 17 (2026-08-24T21:03:17.482Z): mbus: checksum at octet 254: found 17,
//! computed 18`
//!
//! On files the first ten of a cause are shown and the rest counted; live, the first is shown at
//! once and repeats are summed up once a minute.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    fmt::Write as _,
    mem::{Discriminant, discriminant},
    rc::Rc,
    time::{Duration, Instant},
};

use crate::cli::run::status::{Status, Tally};
use meterpipe::{
    chain::event::Refusal,
    error::{Cause, Error, Layer, Mark},
    record::Place,
};

/// How many of a cause are shown of a file.
const SHOWN: u64 = 10;

/// How often repeats are summed up, live.
const MINUTE: Duration = Duration::from_secs(60);

/// Messages for a screen.
pub type Collected = Rc<RefCell<VecDeque<String>>>;

/// The voice of a subcommand.
#[derive(Debug)]
pub struct Messages {
    stage: &'static str,
    verbosity: Verbosity,
    /// A live run: there is no end at which to count.
    live: bool,
    /// The file that is being read, where there are several.
    input: Option<String>,
    causes: HashMap<Sort, Heard>,
    way: RefCell<MessageTarget>,
}

/// Where messages go.
#[derive(Debug, Default)]
enum MessageTarget {
    #[default]
    Stderr,
    /// To a screen, the last so many.
    Collected(Collected, usize),
}

/// How much a run prints on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing.
    Quiet,
    /// Refusals and changes of state.
    #[default]
    Normal,
    /// The summary of every run as well.
    Verbose,
}

/// Causes that differ only in their numbers are one sort.
type Sort = (Layer, Discriminant<Cause>, Option<&'static str>);

#[derive(Debug)]
struct Heard {
    /// How often.
    times: u64,
    /// How often since it was last told, live.
    untold: u64,
    told: Instant,
    example: Error,
}

impl Messages {
    /// The voice of `stage`.
    #[must_use]
    pub fn new(stage: &'static str, verbosity: Verbosity) -> Self {
        let (causes, way) = (HashMap::new(), RefCell::default());
        Self { stage, verbosity, live: false, input: None, causes, way }
    }

    /// Says that the run is live.
    pub const fn live(&mut self) {
        self.live = true;
    }

    /// Names the input of what follows; nothing if there is but one.
    pub fn input(&mut self, name: Option<String>) {
        self.input = name;
    }

    /// From now on the last messages are collected, for a screen that shows them itself.
    pub fn collect(&self, most: usize) -> Collected {
        let collected = Collected::default();
        self.way.replace(MessageTarget::Collected(collected.clone(), most));
        collected
    }

    /// From now on messages go to standard error again.
    pub fn release(&self) {
        self.way.replace(MessageTarget::Stderr);
    }

    /// A line.
    pub fn say(&self, text: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match &mut *self.way.borrow_mut() {
            MessageTarget::Stderr => {}
            MessageTarget::Collected(collected, most) => {
                let mut collected = collected.borrow_mut();
                if collected.len() == *most {
                    collected.pop_front();
                }
                return collected.push_back(printable(text));
            }
        }
        // One write a line, so that lines of a pipe's stages do not mix; a closed or full standard
        // error is no reason to stop.
        let line = format!("meterpipe {}: {}\n", self.stage, printable(text));
        let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
    }

    /// A line, if there is something to say.
    pub fn say_if(&self, text: Option<String>) {
        if let Some(text) = text {
            self.say(&text);
        }
    }

    /// Something that was refused.
    pub fn refused(&mut self, refusal: &Refusal<'_>) {
        let Some(untold) = self.hear(&refusal.error) else {
            return;
        };
        let text = self.text(refusal, untold);
        self.say(&text);
    }

    /// Counts an error; how many of its sort were not told before it, if it is to be told.
    fn hear(&mut self, error: &Error) -> Option<u64> {
        let now = Instant::now();
        let live = self.live;
        let heard = self.causes.entry(sort(error)).or_insert(Heard {
            times: 0,
            untold: 0,
            told: now.checked_sub(MINUTE).unwrap_or(now),
            example: *error,
        });
        heard.times += 1;
        let tell = match live {
            true => heard.times == 1 || now.duration_since(heard.told) >= MINUTE,
            false => heard.times <= SHOWN,
        };
        if !tell {
            heard.untold += 1;
            return None;
        }
        heard.told = now;
        Some(std::mem::take(&mut heard.untold))
    }

    fn text(&self, refusal: &Refusal<'_>, untold: u64) -> String {
        let place = place(refusal);
        let error = &refusal.error;
        let mut text = String::new();
        for part in [self.input.as_deref(), Some(&place)].into_iter().flatten() {
            if !part.is_empty() {
                let _ = write!(text, "{part}: ");
            }
        }
        let _ = write!(text, "{error}");
        if let (Some(title), Cause::NoKey) = (refusal.title, error.cause) {
            let _ = write!(text, " (system title {})", hex::encode(title));
        }
        if let Some(advice) = advice(error) {
            let _ = write!(text, "; {advice}");
        }
        if self.live && untold > 0 {
            let _ = write!(text, " ({untold} more since it was last told)");
        }
        text
    }

    /// Sums up what was not told.
    pub fn tick(&mut self) {
        if !self.live {
            return;
        }
        let now = Instant::now();
        let due: Vec<_> = self
            .causes
            .values_mut()
            .filter(|heard| heard.untold > 0 && now.duration_since(heard.told) >= MINUTE)
            .map(|heard| {
                heard.told = now;
                (heard.example, std::mem::take(&mut heard.untold))
            })
            .collect();
        for (example, untold) in due {
            self.say(&format!("{untold} more of: {example}"));
        }
    }

    /// The end of a run: what was counted, and why nothing came if nothing did.
    pub fn finish(&mut self, tally: &Tally, status: Status, reason: Option<&str>) {
        let mut counted: Vec<_> = self
            .causes
            .values()
            .filter(|heard| !self.live && heard.times > SHOWN)
            .map(|heard| (heard.times - SHOWN, heard.example))
            .collect();
        counted.sort_by_key(|(times, example)| (std::cmp::Reverse(*times), example.to_string()));
        for (times, example) in counted {
            self.say(&format!("{times} more like: {example}"));
        }
        if let Some(reason) = reason {
            self.say(reason);
        }
        if tally.rejected > 0 || self.verbosity == Verbosity::Verbose || status != Status::Fine {
            self.say(&summary(tally));
        }
    }
}

fn place(refusal: &Refusal<'_>) -> String {
    match (refusal.place, refusal.time.known()) {
        (Place::Line(line) | Place::Record(line), None) => format!("line {line}"),
        (Place::Line(line) | Place::Record(line), Some(time)) => format!("line {line} ({time})"),
        (Place::Octet(octet), _) => format!("octet {octet}"),
        (Place::Live, Some(time)) => match refusal.from {
            Some(from) => format!("{from} ({time})"),
            None => time.to_owned(),
        },
        (Place::Live, None) => refusal.from.unwrap_or_default().to_owned(),
    }
}

fn summary(tally: &Tally) -> String {
    let plural = |count: u64, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let mut text = format!("{}, {} rejected", plural(tally.telegrams, "telegram"), tally.rejected);
    if tally.noise > 0 {
        let _ = write!(text, ", {} of noise", plural(tally.noise, "octet"));
    }
    let _ = write!(text, ", {} read", plural(tally.octets, "octet"));
    text
}

fn sort(error: &Error) -> Sort {
    let what = match error.cause {
        Cause::Unsupported { what } | Cause::Unexpected { what, .. } => Some(what),
        _ => None,
    };
    (error.layer, discriminant(&error.cause), what)
}

/// The next step, where there is one that helps.
fn advice(error: &Error) -> Option<&'static str> {
    Some(match error.cause {
        Cause::NoKey => "give it with --key-file",
        Cause::NoTitle => "give it with --system-title",
        Cause::NotAuthenticated => "--require-auth refuses it",
        Cause::Marked(Mark::Parity | Mark::Overrun | Mark::Break) => {
            "check cable, adapter and parity (8E1)"
        }
        Cause::Unsupported { what } if what.starts_with("UTF-16") => "save it as UTF-8",
        Cause::Unsupported { what } if what.ends_with("data") || what.ends_with("archive") => {
            "unpack it first"
        }
        Cause::Unsupported { what } if what.starts_with("16-bit words") => {
            "dump it again with xxd or hexdump -C"
        }
        _ => return None,
    })
}

/// A text that cannot play tricks on a terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match hidden(character) {
            true => shown.extend(character.escape_unicode()),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        assert_eq!(printable("a\x1b[2Jü\u{202e}\n"), "a\\u{1b}[2Jü\\u{202e}\\u{a}");
    }
}
