//! Messages on standard error: one line each, with the place, the layer and the next step.
//!
//! `meterpipe unframe: line 17 (2026-08-24T21:03:17.482Z): mbus: checksum at octet 254: found 17,
//! computed 18`
//!
//! A run over files prints the first ten messages of a cause and counts the rest. A live run prints
//! the first one at once and sums up repeats once a minute.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt::Write as _,
    io::{IsTerminal, stderr},
    rc::Rc,
};

use jiff::Timestamp;
use rustix::termios::tcgetwinsize;

use crate::cli::run::{
    key_facts,
    message_format::{MessageFormat, MessageWriter, Severity},
    other_input,
    refusal_causes::RefusalCauses,
    signals,
    status::{Status, Tally},
    word_wrap,
};
use meterpipe::{
    chain::event::Refusal,
    cipher::{ciphered::SystemTitle, key_file::KeyEntry},
    counted::counted,
    diagnosis::{
        defects,
        diagnosis::{AdviceLanguage, Diagnosis},
        ended_input,
        finding::Finding,
        foreign::ForeignProtocol,
        key_facts::KeyFacts,
        key_finding::{key_finding, lone_authentication_key},
    },
    error::{Cause, Error, Layer},
    format::printable::printable,
    hex::{beside_digits::BesideDigits, unread},
    record::Place,
    sink::settings::redact,
    source::simulator::meter::is_example_gak,
};

/// The advice about a key that fits and stands behind the number of another meter.
const NUMBER_IN_FRONT: &str = "write the right number in front of the key, or nothing";

/// Messages for the live view, the oldest first.
pub type Collected = Rc<RefCell<VecDeque<CollectedMessage>>>;

/// A message for the live view.
#[derive(Clone, Debug)]
pub struct CollectedMessage {
    /// How bad it is.
    pub severity: Severity,
    /// The time at which it came.
    pub time: Timestamp,
    /// The text, safe to print.
    pub text: String,
    /// True if it is on standard error already.
    printed: bool,
}

/// The messages of a subcommand.
#[derive(Debug)]
pub struct Messages {
    writer: MessageWriter,
    verbosity: Verbosity,
    /// The name of the input, if there are several.
    input: Option<String>,
    causes: RefusalCauses,
    target: RefCell<MessageTarget>,
    /// The facts about the keys of the run, and true for the tags of telegrams that they do not open.
    keys: RefCell<KeyFacts>,
    /// True if the only keys are authentication keys of the published examples.
    has_lone_gak: Cell<bool>,
    /// The title of the last telegram that stayed closed.
    closed_title: Option<SystemTitle>,
    /// True if messages name no meter.
    hides_titles: bool,
    /// True if a message on a terminal is broken between words: the live view had it so before.
    wraps: Cell<bool>,
}

/// The place where messages go.
#[derive(Debug, Default)]
enum MessageTarget {
    #[default]
    Stderr,
    /// The last messages, at most so many, for the live view, which keeps the terminal to itself.
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

/// The user's choices about messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageSettings {
    /// How much is printed.
    pub verbosity: Verbosity,
    /// The form of a message; `None` for the one that fits standard error.
    pub format: Option<MessageFormat>,
}

impl From<Verbosity> for MessageSettings {
    fn from(verbosity: Verbosity) -> Self {
        Self { verbosity, format: None }
    }
}

impl Messages {
    /// The messages of the subcommand `stage`.
    #[must_use]
    pub fn new(stage: &'static str, settings: impl Into<MessageSettings>) -> Self {
        let MessageSettings { verbosity, format } = settings.into();
        let (causes, target) = (RefusalCauses::default(), RefCell::default());
        let writer = MessageWriter::new(stage, format);
        let (keys, has_lone_gak) = (RefCell::default(), Cell::new(false));
        Self {
            writer,
            verbosity,
            input: None,
            causes,
            target,
            keys,
            has_lone_gak,
            closed_title: None,
            hides_titles: false,
            wraps: Cell::new(false),
        }
    }

    /// Notes that the run has keys: no advice to give one helps then.
    pub fn note_keys(&self, entries: &[KeyEntry]) {
        if entries.is_empty() {
            return;
        }
        let are_lone = self.keys.borrow().keys == 0 || self.has_lone_gak.get();
        self.has_lone_gak.set(are_lone && is_example_gak(entries));
        self.note_all_keys(entries);
        if self.has_lone_gak.get() {
            self.warn(lone_authentication_key().hint());
        }
    }

    /// True if the run has no key at all.
    pub fn has_no_keys(&self) -> bool {
        self.keys.borrow().keys == 0
    }

    /// Notes all keys of a run whose meters have theirs in several files.
    pub fn note_all_keys(&self, entries: &[KeyEntry]) {
        self.keys.replace(key_facts::of_keys(entries));
    }

    /// The finding about telegrams of a meter that stay closed for that reason: the same that `doctor` has.
    pub fn closed_finding(&self, title: Option<SystemTitle>, cause: Cause) -> Option<Finding> {
        let keys = self.keys.borrow().clone();
        key_finding(&KeyFacts { closed: 1, title, cause: Some(cause), ..keys })
    }

    /// Sums up repeats by time from now on.
    pub const fn live(&mut self) {
        self.causes.live = true;
    }

    /// Names no meter from now on: messages stand beside what is shown to others.
    pub const fn hide_titles(&mut self) {
        self.hides_titles = true;
    }

    /// Names the input that the next messages are about, if there are several.
    pub fn input(&mut self, name: Option<String>) {
        self.input = name;
    }

    /// Collects the last messages from now on, for the live view that shows them itself. Standard error gets them
    /// too if it is no terminal.
    pub fn collect(&self, most: usize) -> Collected {
        let collected = Collected::default();
        self.wraps.set(true);
        self.target.replace(MessageTarget::Collected(collected.clone(), most));
        collected
    }

    /// Prints messages on standard error again, at first those that were collected.
    pub fn release(&self) {
        if let MessageTarget::Collected(collected, _) = self.target.replace(MessageTarget::Stderr) {
            let collected = std::mem::take(&mut *collected.borrow_mut());
            for message in collected.iter().filter(|message| !message.printed) {
                self.write(message.severity, &message.text);
            }
        }
    }

    /// Prints a line about a change of state.
    pub fn say(&self, text: &str) {
        self.print(Severity::Notice, text);
    }

    /// Prints a line about something that is missing or wrong, and that the run goes on with.
    pub fn warn(&self, text: &str) {
        self.print(Severity::Warning, text);
    }

    /// Prints a line about a failure.
    pub fn fail(&self, text: &str) {
        self.print(Severity::Error, text);
    }

    fn print(&self, severity: Severity, text: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let text = &*redact::message(text);
        match &mut *self.target.borrow_mut() {
            MessageTarget::Stderr => {}
            MessageTarget::Collected(collected, most) => {
                let mut collected = collected.borrow_mut();
                if collected.len() == *most {
                    collected.pop_front();
                }
                let printed = !stderr().is_terminal();
                let (time, text) = (Timestamp::now(), printable(text).into_owned());
                collected.push_back(CollectedMessage { severity, time, text, printed });
                if !printed {
                    return;
                }
            }
        }
        self.write(severity, text);
    }

    fn write(&self, severity: Severity, text: &str) {
        // One write a line keeps the lines of a pipe's stages apart. The run goes on if standard error
        // is closed or full.
        let line = self.writer.line(severity, text);
        let columns =
            self.wraps.get().then(|| tcgetwinsize(rustix::stdio::stderr()).ok()).flatten();
        let columns = columns.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        let line = match columns {
            Some(columns) => format!("{}\n", word_wrap::message(line.trim_end(), columns)),
            None => line,
        };
        if signals::are_caught() && !signals::wait_for_room(rustix::stdio::stderr()) {
            return;
        }
        let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
    }

    /// Prepares failures that are printed if the run does not come to its end.
    pub fn prepare_last_words(&self, failures: impl Fn() -> Vec<String> + Send + 'static) {
        let writer = self.writer;
        let words = move || {
            let line = |text: String| writer.line(Severity::Error, &redact::message(&text));
            failures().into_iter().map(line).collect()
        };
        if self.verbosity != Verbosity::Quiet {
            signals::prepare_last_words(Some(Box::new(words)));
        }
    }

    /// Prints a line for users who want to know more.
    pub fn detail(&self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.print(Severity::Info, text);
        }
    }

    /// Prints a line, if there is one.
    pub fn say_if(&self, text: Option<String>) {
        if let Some(text) = text {
            self.say(&text);
        }
    }

    /// Reports a refusal, or counts it if enough of its cause were reported.
    ///
    /// `beside`: text beside the hex digits of the input that explains why they make no telegram.
    pub fn refused(
        &mut self,
        refusal: &Refusal<'_>,
        beside: impl FnOnce() -> Option<BesideDigits>,
    ) {
        if refusal.error.cause.leaves_closed() {
            self.keys.get_mut().tagged |= refusal.is_tagged;
            self.closed_title = refusal.title.or(self.closed_title);
        }
        let Some(unreported) = self.causes.count(&refusal.error) else {
            return;
        };
        let text = self.text(refusal, unreported, beside);
        self.print(Severity::Warning, &text);
    }

    fn text(
        &self,
        refusal: &Refusal<'_>,
        unreported: u64,
        beside: impl FnOnce() -> Option<BesideDigits>,
    ) -> String {
        let place = place(refusal);
        let error = &refusal.error;
        let mut text = String::new();
        for part in [self.input.as_deref(), Some(&place)].into_iter().flatten() {
            if !part.is_empty() {
                let _ = write!(text, "{part}: ");
            }
        }
        let _ = write!(text, "{error}");
        let title = refusal.title.filter(|_| !self.hides_titles);
        if let (Some(title), Cause::NoKey) = (title, error.cause) {
            let _ = write!(text, " (system title {})", hex::encode(title));
        }
        // No adapter is to blame for a text.
        let is_text = matches!(refusal.place, Place::Line(_));
        if let Some(advice) = self.advice(error, is_text, beside) {
            let _ = write!(text, "; {advice}");
        }
        if self.causes.live && unreported > 0 {
            let _ = write!(text, " ({unreported} more since it was last told)");
        }
        text
    }

    /// The next step for the user, where one helps.
    fn advice(
        &self,
        error: &Error,
        is_text: bool,
        beside: impl FnOnce() -> Option<BesideDigits>,
    ) -> Option<Cow<'static, str>> {
        let advice = match error.cause {
            Cause::NotAuthenticated => "--require-auth refuses it",
            Cause::NearFrame => "add the authentication key (GAK) behind the GUEK",
            Cause::OtherMeter => NUMBER_IN_FRONT,
            Cause::Unsupported { what } if error.layer == Layer::Hex => {
                let [english, _] = unread::step(what)?;
                english
            }
            _ => {
                let cause = self.with_keys(defects::cause_of(error)?);
                // A live line has one cause: the message with its diagnosis gives the advice.
                if self.causes.live && cause.is_of_line() {
                    return None;
                }
                match is_text {
                    true => return Some(ended_input::clause_of_text(cause, beside().as_ref())),
                    false => cause.hint(),
                }
            }
        };
        Some(advice.into())
    }

    /// Says that the input holds something else than readings, and which pipeline fits.
    pub fn other_input(&self, found: &str) {
        let place = self.input.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        self.fail(&format!("{place}{}", other_input::text(found, self.writer.stage())));
    }

    /// A text about a line of the input.
    pub fn about_line(&self, line: u64, text: &str) -> String {
        let input = self.input.iter().map(|name| format!("{name}: ")).collect::<String>();
        format!("{input}line {line}: {text}")
    }

    /// Counts a refusal that the user was told of.
    pub fn told(&mut self, error: &Error) {
        self.causes.count(error);
    }

    /// Sums up refusals that were not reported.
    pub fn tick(&mut self) {
        for (unreported, example) in self.causes.take_due() {
            self.print(Severity::Warning, &format!("{unreported} more of: {example}"));
        }
    }

    /// The property that the telegrams that stay closed lack, and the advice: both of the cause that most of them
    /// have in common.
    #[must_use]
    pub fn closed_clause(&self) -> String {
        let cause = self.causes.most_closed().unwrap_or(Cause::KeyOrDamage);
        let lacking = match cause {
            Cause::OtherMeter => "of a meter that the key file names",
            Cause::TagOrAuthenticationKey => "whose tag verifies",
            Cause::KeysSwapped => "that the encryption key opens",
            Cause::NotAuthenticated => "that is authenticated",
            _ => "that any key opens",
        };
        let found = self.closed_finding(self.closed_title, cause);
        let found = found.unwrap_or(Finding::new(Diagnosis::WrongKey));
        match (cause, found.diagnosis) {
            // The advice of the refusal itself.
            (Cause::OtherMeter, _) => format!("{lacking}; {NUMBER_IN_FRONT}"),
            (_, Diagnosis::NoKey) => format!("{lacking}; no key was given: {}", found.hint()),
            _ => format!("{lacking}; {}", found.hint()),
        }
    }

    /// The cause of telegrams that are ciphered in a way that is not read, and the advice.
    #[must_use]
    pub fn unsupported_clause(&self) -> Option<String> {
        let what = self.causes.unsupported()?;
        let step = ForeignProtocol::Dlms(what).step(AdviceLanguage::English);
        Some(format!("the telegrams are {what}, which is not read; {step}"))
    }

    /// True if most telegrams that stay closed lack the right key.
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        matches!(self.causes.most_closed(), Some(Cause::NoKey | Cause::KeyOrDamage))
    }

    /// The advice about a key that does not fit.
    #[must_use]
    pub fn wrong_key_hint(&self) -> &'static str {
        let found = self.closed_finding(None, Cause::KeyOrDamage);
        found.map_or(Diagnosis::WrongKey.hint(), |found| found.hint())
    }

    /// The cause of a run that has keys: if none of them is for a meter, they are for others.
    fn with_keys(&self, cause: Diagnosis) -> Diagnosis {
        match cause {
            Diagnosis::NoKey if self.keys.borrow().keys > 0 => Diagnosis::OtherMeter,
            cause => cause,
        }
    }

    /// The telegrams that could not be read, by reason.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.causes.rejected()
    }

    /// All rejected telegrams by reason; their sum is the number of all.
    fn reasons(&self, tally: &Tally) -> String {
        let held = Some(("held back from sinks", tally.held)).filter(|(_, times)| *times > 0);
        let texts = self.rejected().chain(held).map(|(of, times)| format!("{times} {of}"));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Ends a run: prints the counts, and the reason if there was no telegram.
    pub fn finish(&mut self, tally: &Tally, status: Status, reason: Option<&str>) {
        for (times, example) in self.causes.unprinted() {
            self.say(&format!("{times} more like: {example}"));
        }
        if let Some(reason) = reason {
            self.fail(reason);
        }
        if tally.rejected > 0 || self.verbosity == Verbosity::Verbose || status != Status::Fine {
            self.say(&summary(tally, &self.reasons(tally)));
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

fn summary(tally: &Tally, reasons: &str) -> String {
    let mut text = format!("{}, {} rejected", counted(tally.telegrams, "telegram"), tally.rejected);
    if !reasons.is_empty() {
        let _ = write!(text, " ({reasons})");
    }
    if tally.noise > 0 {
        let _ = write!(text, ", {} of noise", counted(tally.noise, "octet"));
    }
    let _ = write!(text, ", {} read", counted(tally.octets, "octet"));
    text
}
