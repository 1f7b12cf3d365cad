//! The wait for one telegram of a source, to check its line and its key before a run.

use std::time::Duration;

use crate::cli::{
    live::event_loop,
    run::{
        context::Context,
        decoder::ChainSettings,
        events,
        stage::{Stage, Task},
        status::{Status, Stop, Tally},
    },
    setup::shared_args::UntilArgs,
};
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::{Decrypt, Demands},
    },
    cipher::{ciphered::SystemTitle, key_file::KeyEntry},
    diagnosis::link,
    error::Error,
    link::registry::LinkChoice,
    record::{Place, Record},
    source::Source,
};

/// Damage hits single telegrams; the key is wrong if it opens none of so many.
const ENOUGH: u32 = 3;

/// The octets that are kept: more than the longest telegram of a meter.
const MOST: usize = 64 * 1024;

/// The means to open a telegram.
#[derive(Clone, Debug, Default)]
pub struct TelegramOpener {
    /// The keys that are tried.
    pub keys: Vec<KeyEntry>,
    /// The system title of telegrams that carry none.
    pub title: Option<SystemTitle>,
    /// The link layers of the line, and the tables of meters without codes.
    pub settings: ChainSettings,
}

impl TelegramOpener {
    fn chain(&self) -> Decode {
        let Self { keys, title, settings } = self;
        let demands = Demands { title: *title, ..Demands::default() };
        let chain = Decode::new(Decrypt::new(keys.clone(), demands));
        chain.with_families(settings.families).with_links(settings.links)
    }
}

/// The first telegram of a source.
#[derive(Clone, Debug)]
pub struct FirstTelegram {
    /// The octets that were read, on which another key can be tried.
    pub octets: Vec<u8>,
    /// The system title of the meter, if the telegram has one.
    pub title: Option<SystemTitle>,
    /// The number of the meter, if the telegram was opened and has one.
    pub meter: Option<String>,
    /// The reason why no key opened it; none if it was opened, or was never ciphered.
    pub closed: Option<Error>,
}

impl FirstTelegram {
    /// True if the telegram could be read.
    #[must_use]
    pub const fn is_opened(&self) -> bool {
        self.closed.is_none()
    }

    /// Tries other keys on the octets, or another title. Returns the telegram that they open, or the same one
    /// with the reason why they do not.
    #[must_use]
    pub fn with(&self, opener: TelegramOpener) -> Self {
        let mut chain = opener.chain();
        let mut stage = FirstTelegramStage::new(opener);
        chain.push(&self.octets, &mut |event| {
            stage.take(&event);
        });
        stage.octets.clone_from(&self.octets);
        stage.found().unwrap_or_else(|| self.clone())
    }
}

/// Waits for a telegram that a key opens. Without keys, the first ciphered telegram ends the wait; with
/// keys, the third one in which none of them fits does, or the end of the time if there was one at all.
///
/// # Errors
/// The source cannot be opened, no telegram came in time, or a signal ended the run.
pub fn first_telegram(
    source: Box<dyn Source>,
    opener: TelegramOpener,
    timeout: Duration,
    context: &mut Context,
) -> Result<FirstTelegram, Stop> {
    let until = UntilArgs { timeout: Some(timeout), ..UntilArgs::default() };
    of_input(opener, context, |stage, context| {
        event_loop::run(vec![source], &until, stage, context)
    })
}

/// The same with an input that `read` hands to the stage.
///
/// # Errors
/// The input cannot be read, or has no telegram.
pub fn of_input(
    opener: TelegramOpener,
    context: &mut Context,
    read: impl FnOnce(&mut dyn Stage, &mut Context) -> Result<(), Stop>,
) -> Result<FirstTelegram, Stop> {
    let links = opener.settings.links;
    let mut stage = FirstTelegramStage::new(opener);
    let before = context.tally;
    let ended = read(&mut stage, context);
    // The counts of a run do not include the check.
    let Tally { source_failed, .. } = context.tally;
    (context.tally, context.done) = (before, false);
    match ended {
        Ok(()) | Err(Stop::Done | Stop::Failed(Status::Nothing | Status::Closed, _)) => {}
        Err(stop) => return Err(stop),
    }
    if let Some(found) = stage.found() {
        return Ok(found);
    }
    let nothing = |text| Err(Stop::Failed(Status::Nothing, text));
    match ended {
        Err(Stop::Failed(_, text)) => nothing(text),
        _ if source_failed => {
            Err(Stop::Failed(Status::Source, "the source cannot be read".to_owned()))
        }
        _ => nothing(match link::other_link(context.window.octets(), links) {
            Some(other) => format!("no telegram; the octets are {}", link::clause(other)),
            None => "no telegram".to_owned(),
        }),
    }
}

/// The process of another run of this program that holds the device, after an error of its opening.
#[must_use]
pub fn run_in_the_way(error: &str) -> Option<u32> {
    let (_, by) = error.rsplit_once(": in use by meterpipe[")?;
    by.strip_suffix(']')?.parse().ok()
}

/// Decodes until the first telegram.
struct FirstTelegramStage {
    chain: Decode,
    /// The closed telegrams that end the wait.
    most: u32,
    octets: Vec<u8>,
    found: Option<FirstTelegram>,
    /// The telegrams so far that no key opened.
    closed: u32,
}

impl FirstTelegramStage {
    fn new(opener: TelegramOpener) -> Self {
        let most = if opener.keys.is_empty() { 1 } else { ENOUGH };
        Self { chain: opener.chain(), most, octets: Vec::new(), found: None, closed: 0 }
    }

    /// The telegram, with the octets that were read.
    fn found(&mut self) -> Option<FirstTelegram> {
        let found = self.found.take()?;
        Some(FirstTelegram { octets: std::mem::take(&mut self.octets), ..found })
    }

    fn is_done(&self) -> bool {
        self.closed >= self.most || self.found.as_ref().is_some_and(FirstTelegram::is_opened)
    }

    /// Takes note of a telegram. Returns false for other events.
    fn take(&mut self, event: &DecodeEvent<'_>) -> bool {
        let (title, meter, closed) = match event {
            DecodeEvent::Telegram { telegram, record, .. } => {
                let meter = telegram.meter().map(|it| String::from_utf8_lossy(it).into_owned());
                (record.attributes.title, meter, None)
            }
            DecodeEvent::Refused(refusal) if refusal.error.cause.leaves_closed() => {
                self.closed += 1;
                (refusal.title, None, Some(refusal.error))
            }
            _ => return false,
        };
        if !self.found.as_ref().is_some_and(FirstTelegram::is_opened) {
            self.found = Some(FirstTelegram { octets: Vec::new(), title, meter, closed });
        }
        true
    }

    fn run(
        &mut self,
        context: &mut Context,
        step: impl FnOnce(&mut Decode, &mut dyn FnMut(DecodeEvent<'_>)),
    ) {
        let mut chain = std::mem::take(&mut self.chain);
        step(&mut chain, &mut |event| {
            if !self.take(&event) {
                events::of_chain(&event, context);
            }
        });
        self.chain = chain;
        context.done = self.is_done();
    }
}

impl Task for FirstTelegramStage {}

impl Stage for FirstTelegramStage {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        self.octets.extend_from_slice(record.octets);
        let oldest = self.octets.len().saturating_sub(MOST);
        self.octets.drain(..oldest);
        self.run(context, |chain, out| chain.feed(record, place, out));
    }

    fn end(&mut self, context: &mut Context) {
        self.run(context, |chain, out| chain.end(out));
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        self.run(context, |chain, out| chain.quiet(silent, out));
    }

    fn frames(&self) -> u64 {
        self.chain.frames()
    }

    fn links(&self, from: &str) -> LinkChoice {
        self.chain.links(Some(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::messages::Verbosity;
    use meterpipe::{
        cipher::key_file,
        diagnosis::{line_view::LineView, window::OctetWindow},
        error::Cause,
        source::simulator::{meter::EXAMPLE_KEY, real_time},
    };

    fn virtual_meter(keys: &[KeyEntry], timeout: u64) -> Result<FirstTelegram, Stop> {
        let meter = real_time::of_name("sim:").unwrap().unwrap();
        let mut context = Context::new("test", Verbosity::Quiet);
        let timeout = Duration::from_secs(timeout);
        let found =
            first_telegram(real_time::open(meter), opener(keys.to_vec()), timeout, &mut context);
        assert!(!context.done);
        found
    }

    fn opener(keys: Vec<KeyEntry>) -> TelegramOpener {
        TelegramOpener { keys, ..TelegramOpener::default() }
    }

    fn key(text: &str) -> Vec<KeyEntry> {
        key_file::parse(text).unwrap()
    }

    #[test]
    fn a_telegram_is_opened_or_can_be_opened_later() {
        let right = key(&hex::encode(EXAMPLE_KEY));
        let wrong = key(&"11".repeat(16));
        let opened = virtual_meter(&right, 60).unwrap();
        let meter = opened.meter.clone().unwrap();
        assert!(opened.is_opened() && opened.title.is_some() && !meter.is_empty());

        let closed = virtual_meter(&[], 60).unwrap();
        assert_eq!(closed.closed.map(|error| error.cause), Some(Cause::NoKey));
        assert_eq!((closed.title, &closed.meter), (opened.title, &None));
        let still_closed = closed.with(opener(wrong.clone()));
        assert_eq!(still_closed.closed.map(|error| error.cause), Some(Cause::KeyOrDamage));
        let later = still_closed.with(opener(right));
        assert_eq!((later.is_opened(), later.meter), (true, Some(meter)));

        let never = virtual_meter(&wrong, 7).unwrap();
        assert_eq!(never.closed.map(|error| error.cause), Some(Cause::KeyOrDamage));
    }

    #[test]
    fn only_another_run_of_this_program_is_in_the_way() {
        assert_eq!(run_in_the_way("/dev/ttyUSB0: in use by meterpipe[7]"), Some(7));
        assert_eq!(run_in_the_way("/dev/ttyUSB0: in use by minicom[7]"), None);
        assert_eq!(run_in_the_way("/dev/ttyUSB0: no such device"), None);
    }

    #[test]
    fn no_telegram_is_an_error_that_says_what_came_instead() {
        let mut context = Context::new("test", Verbosity::Quiet);
        let mut found = |octets: usize| {
            let timeout = Duration::from_secs(9);
            let found = of_input(opener(vec![]), &mut context, |_, context| {
                let mut window = OctetWindow::default();
                window.push(&vec![0x55; octets], []);
                let view = LineView { seconds: Some(9), is_device: true, ..LineView::default() };
                Err(context.late(timeout, &window, &view, None))
            });
            match found {
                Err(Stop::Failed(Status::Nothing, text)) => text,
                other => format!("{other:?}"),
            }
        };
        assert!(found(0).starts_with("no telegram for 9 s; check the wiring"));
        let few = found(7);
        assert!(
            few.starts_with(
                "no telegram for 9 s, and no whole frame in 7 octets; check the wiring"
            ),
            "{few}"
        );
        let many = found(70);
        assert!(
            many.starts_with("no telegram for 9 s, and no whole frame in 70 octets; "),
            "{many}"
        );
        assert!(many.contains("all are 55"), "{many}");
    }
}
