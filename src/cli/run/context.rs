//! What every run has: a way out, a voice, and a tally.

use std::time::Duration;

use crate::cli::{
    commands::decode::Decoder,
    input::parallel::Jobs,
    run::{
        messages::Messages,
        output::Output,
        sinks::Sinks,
        status::{Status, Stop, Tally},
    },
    setup::args,
};
use meterpipe::{
    chain::{
        decode,
        event::{Refusal, StageEvent},
    },
    cipher::ciphered::SystemTitle,
    error::{Cause, Error, Layer},
    format::entry::OutputTelegram,
    record::{Place, Record, RecordKind, Time},
};

/// Nothing to do.
impl Stage for () {
    fn feed(&mut self, _: &Record<'_>, _: Place, _: &mut Context) {}

    fn end(&mut self, _: &mut Context) {}
}

/// The surroundings of a stage.
#[derive(Debug)]
pub struct Context {
    /// Standard output.
    pub output: Output,
    /// Standard error.
    pub messages: Messages,
    /// What came of it so far.
    pub tally: Tally,
    /// Where readings go to besides standard output.
    pub sinks: Option<Sinks>,
    /// How many frames failed a check.
    pub frames_damaged: u64,
    /// How many telegrams are wanted.
    pub limit: Option<u64>,
    /// How long to wait for one, from an input that can be silent.
    pub timeout: Option<Duration>,
    /// How many may work on a file at once.
    pub jobs: Jobs,
}

/// A stage: takes records, appends to the output of its context.
pub trait Stage {
    /// Takes a record.
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context);

    /// Says that an input, or the octets of a source, came to an end.
    fn end(&mut self, context: &mut Context);

    /// Says that nothing has come for so long, live.
    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        let _ = (silent, context);
    }

    /// Says that some time has passed, live: at every wake-up, and about every second.
    fn tick(&mut self, context: &mut Context) {
        let _ = context;
    }

    /// How long it can do without a tick.
    fn patience(&self) -> Duration {
        Duration::MAX
    }

    /// Frames that passed their checks so far.
    fn frames(&self) -> u64 {
        0
    }

    /// Whether something besides standard output was not stored.
    fn failed(&self) -> bool {
        false
    }

    /// The decoder, if the stage is but that: then others like it can do a part of the work.
    fn decoder(&mut self) -> Option<&mut Decoder> {
        None
    }

    /// What the end of the input cut off.
    fn partial(&self) -> Option<Error> {
        None
    }
}

impl Context {
    /// Of the subcommand `stage`.
    #[must_use]
    pub fn new(stage: &'static str, messages: args::Verbosity) -> Self {
        Self::with(Output::stdout(), Messages::new(stage, messages))
    }

    /// With a way out and a voice.
    #[must_use]
    pub fn with(output: Output, messages: Messages) -> Self {
        let (tally, jobs) = (Tally::default(), Jobs::default());
        Self {
            output,
            messages,
            tally,
            sinks: None,
            frames_damaged: 0,
            limit: None,
            timeout: None,
            jobs,
        }
    }

    /// Whether as many telegrams came as are wanted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.tally.telegrams >= limit)
    }

    /// A telegram on its way out.
    pub fn telegram(&mut self, entry: &OutputTelegram<'_>) {
        self.tally.telegrams += 1;
        if let Some(sinks) = &mut self.sinks {
            sinks.telegram(entry);
        }
    }

    /// Sees to what else there is to do, now and then.
    pub fn tick(&mut self) {
        if let Some(sinks) = &mut self.sinks {
            sinks.tick(&self.messages);
        }
    }

    /// The same, where nothing else hears that a run with sinks is to end.
    pub fn look_after_sinks(&mut self) -> Result<(), Stop> {
        self.tick();
        match &self.sinks {
            Some(sinks) if sinks.are_to_end() => Err(Stop::Interrupted),
            _ => Ok(()),
        }
    }

    /// What a stage of the library hands on or has to say.
    pub fn event(&mut self, event: &StageEvent<'_>) {
        match event {
            StageEvent::Record(record, _) => {
                match record.kind {
                    RecordKind::Apdu => self.tally.telegrams += 1,
                    _ => self.tally.passed += 1,
                }
                record.write(&mut self.output.text);
            }
            StageEvent::Refused(refusal) => self.refused(refusal),
            StageEvent::Noise(octets) => self.noise(*octets),
            StageEvent::Unverified(title) => self.unverified(*title),
        }
    }

    /// What the whole chain has to say besides telegrams.
    pub fn other(&mut self, output: &decode::DecodeEvent<'_>) {
        match output {
            decode::DecodeEvent::Telegram { .. } => {}
            decode::DecodeEvent::Refused(refusal) => self.refused(refusal),
            decode::DecodeEvent::Noise(octets) => self.noise(*octets),
            decode::DecodeEvent::Unverified(title) => self.unverified(*title),
        }
    }

    /// Something that was refused.
    pub fn refused(&mut self, refusal: &Refusal<'_>) {
        self.count(&refusal.error);
        self.frames_damaged += u64::from(refusal.error.layer == Layer::Mbus);
        if let Some(sinks) = &self.sinks {
            sinks.frames_are_damaged(self.frames_damaged);
        }
        self.messages.refused(refusal);
    }

    /// A line of text that is wrong.
    pub fn defect(&mut self, line: u64, error: &Error) {
        self.count(error);
        let (place, time) = (Place::Line(line), Time::UNKNOWN);
        self.messages.refused(&Refusal { place, time, from: None, title: None, error: *error });
    }

    /// Octets that belong to nothing.
    pub const fn noise(&mut self, octets: usize) {
        self.tally.noise += octets as u64;
    }

    /// A tag that nobody can verify.
    pub fn unverified(&mut self, title: Option<SystemTitle>) {
        let title = title.map(|title| format!(" of {}", hex::encode(title))).unwrap_or_default();
        self.messages.say(&format!(
            "the telegrams{title} carry a tag that is not verified: no authentication key (GAK) is known"
        ));
    }

    fn count(&mut self, error: &Error) {
        self.tally.rejected += 1;
        self.tally.misfits += u64::from(error.cause == Cause::KeyOrDamage);
        match (error.layer, error.cause) {
            (
                _,
                Cause::KeyOrDamage
                | Cause::Tag
                | Cause::TagOrAuthenticationKey
                | Cause::NotAuthenticated
                | Cause::OtherMeter
                | Cause::NoKey
                | Cause::NoTitle,
            ) => self.tally.closed += 1,
            // A line that is none of ours has nothing in it.
            (_, Cause::NotReadings { .. }) => {}
            (Layer::Apdu | Layer::Axdr | Layer::Reading | Layer::Cipher, _) => {
                self.tally.unsound += 1;
            }
            _ => {}
        }
    }

    /// Ends a run that only printed something.
    pub fn finish_plain(mut self) -> Status {
        match self.output.flush() {
            Err(Stop::Failed(status, text)) => {
                self.messages.say(&text);
                status
            }
            _ => Status::Fine,
        }
    }

    /// Ends a run: writes the rest, sums up, and gives the status.
    pub fn finish(mut self, result: Result<(), Stop>, stage: &dyn Stage) -> Status {
        let outcome = self.sinks.take().map(|sinks| sinks.finish(&self.messages));
        let stored = outcome.is_none_or(|outcome| outcome.stored);
        self.tally.rejected += outcome.map_or(0, |outcome| outcome.refused);
        let interrupted = matches!(result, Err(Stop::Interrupted));
        let result = match result {
            Err(stop @ (Stop::ReaderGone | Stop::Failed(Status::Usage | Status::Output, _))) => {
                Err(stop)
            }
            // Whatever ended the run, what was decoded gets out.
            result => self.output.flush().and(result),
        };
        match result {
            Ok(()) | Err(Stop::Done | Stop::Interrupted) => {}
            Err(Stop::ReaderGone) => return Status::Fine,
            Err(Stop::Failed(status, text)) => {
                self.messages.say(&text);
                return status;
            }
        }
        let status = match self.tally.status() {
            _ if stage.failed() || !stored => Status::Output,
            _ if interrupted => Status::Fine,
            status => status,
        };
        let reason = match status {
            Status::Nothing => Some(nothing(&self.tally, stage.partial())),
            Status::Closed => Some(closed(&self.tally).to_owned()),
            _ => None,
        };
        self.messages.finish(&self.tally, status, reason.as_deref());
        status
    }
}

/// One alone is damage, only failures mean the key.
const fn closed(tally: &Tally) -> &'static str {
    match tally.misfits {
        2.. if tally.misfits == tally.closed => "no telegram could be opened: the key does not fit",
        _ => "no telegram could be opened",
    }
}

fn nothing(tally: &Tally, partial: Option<Error>) -> String {
    let mut text = match (tally.octets, tally.prose) {
        (0, 1..) => format!("no telegram found in {} lines of text without hex", tally.prose),
        (octets, _) => format!("no telegram found in {octets} octets"),
    };
    if let Some(error) = partial {
        text.push_str(&format!("; at the end, {error}"));
    }
    text
}
