//! The stage that decodes: records in, telegrams out to every consumer.

use std::{os::fd::BorrowedFd, time::Duration};

use jiff::tz::TimeZone;

use crate::cli::run::{
    context::Context,
    events,
    key_doubts::KeyDoubts,
    stage::{Stage, Task},
    telegram_messages::TelegramMessages,
};
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::Decrypt,
        event::Refusal,
    },
    cipher::key_file::KeyEntry,
    error::Error,
    format::entry::{Format, OutputTelegram},
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
    record::{Place, Record},
};

/// Takes decoded telegrams: standard output, the live view, the sinks.
pub trait TelegramConsumer: Task {
    /// Takes a telegram.
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, context: &mut Context);

    /// Takes note of a refusal. The decoder has counted and reported it.
    fn refused(&mut self, refusal: &Refusal<'_>) {
        let _ = refusal;
    }

    /// Tells the consumer that telegrams come from a live source.
    fn start_live(&mut self) {}

    /// Ends the run; false if not everything was stored.
    fn finish(&mut self, context: &mut Context) -> bool;
}

/// The settings of the chain beside its keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainSettings {
    /// The tables of meters that send no codes.
    pub families: MeterFamilies,
    /// The link layers that a line may have.
    pub links: LinkChoice,
}

/// Unframes, decrypts and decodes, each step idle when it has nothing to do.
pub struct Decoder {
    chain: Decode,
    families: MeterFamilies,
    zone: TimeZone,
    /// The number of telegrams after which the run ends.
    limit: Option<u64>,
    remarks: TelegramMessages,
    /// The keys that seem to be wrong; `None` on files, whose end tells.
    doubts: Option<KeyDoubts>,
    consumers: Vec<Box<dyn TelegramConsumer>>,
}

impl Decoder {
    /// A decoder with the keys of `decrypt`; `zone` is for clocks without an offset. After `limit`
    /// telegrams the run ends.
    pub fn new(
        decrypt: Decrypt,
        ChainSettings { families, links }: ChainSettings,
        zone: TimeZone,
        limit: Option<u64>,
        consumers: Vec<Box<dyn TelegramConsumer>>,
    ) -> Self {
        let remarks = TelegramMessages::default();
        let chain = Decode::new(decrypt).with_families(families).with_links(links);
        Self { chain, families, zone, limit, remarks, doubts: None, consumers }
    }

    /// The same with link layers for some sources, by their name in records.
    pub fn with_links_of(self, links: &[(String, LinkChoice)]) -> Self {
        Self { chain: self.chain.with_links_of(links), ..self }
    }

    /// From now on other keys open the telegrams.
    pub fn replace_keys(&mut self, entries: Vec<KeyEntry>) {
        self.chain.replace_keys(entries);
    }

    fn run(
        &mut self,
        context: &mut Context,
        step: impl FnOnce(&mut Decode, &mut dyn FnMut(DecodeEvent<'_>)),
    ) {
        let Self { chain, zone, limit, remarks, doubts, consumers, .. } = self;
        step(chain, &mut |event| match event {
            DecodeEvent::Telegram { .. } if context.done => {}
            DecodeEvent::Telegram { telegram, record, .. } => {
                let (received, attributes) = (record.time, record.attributes);
                let telegram = OutputTelegram { telegram, zone, received, attributes };
                context.tally.telegrams += 1;
                doubts
                    .iter_mut()
                    .for_each(|doubts| doubts.opened(attributes.title, attributes.from));
                remarks.report(&telegram, context);
                for consumer in consumers.iter_mut() {
                    consumer.telegram(&telegram, context);
                }
                context.stop_at(*limit);
            }
            event => {
                if let DecodeEvent::Refused(refusal) = &event {
                    consumers.iter_mut().for_each(|consumer| consumer.refused(refusal));
                }
                events::of_chain(&event, context);
                if let (DecodeEvent::Refused(refusal), Some(doubts)) = (&event, doubts.as_mut()) {
                    let (title, cause) = (refusal.title, refusal.error.cause);
                    if refusal.error.layer.is_link() {
                        doubts.damaged(refusal.from);
                    }
                    let find = || context.messages.closed_finding(title, cause);
                    let told = doubts.refused(title, refusal.from, cause, find);
                    context.messages.say_if(told);
                }
            }
        });
    }
}

impl Task for Decoder {
    fn tick(&mut self, context: &mut Context) {
        self.remarks.report_vain(self.families, false, context);
        self.consumers.iter_mut().for_each(|consumer| consumer.tick(context));
    }

    fn tick_interval(&self) -> Duration {
        self.consumers.iter().map(|it| it.tick_interval()).min().unwrap_or(Duration::MAX)
    }

    fn add_status(&self, text: &mut String) {
        self.doubts.iter().for_each(|doubts| doubts.add_status(text));
        self.consumers.iter().for_each(|consumer| consumer.add_status(text));
    }

    fn keyboard(&self) -> Option<BorrowedFd<'_>> {
        self.consumers.iter().find_map(|consumer| consumer.keyboard())
    }

    fn is_asked_to_end(&self) -> bool {
        self.consumers.iter().any(|consumer| consumer.is_asked_to_end())
    }
}

impl Stage for Decoder {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        self.run(context, |chain, out| chain.feed(record, place, out));
    }

    fn end(&mut self, context: &mut Context) {
        self.run(context, |chain, out| chain.end(out));
    }

    fn start_live(&mut self) {
        self.doubts = Some(KeyDoubts::default());
        self.consumers.iter_mut().for_each(|consumer| consumer.start_live());
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

    fn partial(&self) -> Option<Error> {
        self.chain.partial()
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        self.remarks.report_vain(self.families, true, context);
        let finish = |stored, it: &mut Box<dyn TelegramConsumer>| it.finish(context) && stored;
        self.consumers.iter_mut().fold(true, finish)
    }
}

/// Telegrams as text on standard output.
pub struct TextOutput {
    format: Box<dyn Format>,
}

impl TextOutput {
    /// Writes the start of the text.
    pub fn start(mut format: Box<dyn Format>, context: &mut Context) -> Self {
        format.start(&mut context.output.text);
        Self { format }
    }
}

impl Task for TextOutput {}

impl TelegramConsumer for TextOutput {
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, context: &mut Context) {
        self.format.entry(telegram, &mut context.output.text);
        // Printed at once, so that they stay in order with the other messages.
        report_notes(self.format.as_mut(), context);
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        self.format.end(&mut context.output.text);
        report_notes(self.format.as_mut(), context);
        self.format.is_complete()
    }
}

/// Prints the notes of a format.
pub fn report_notes(format: &mut dyn Format, context: &Context) {
    for note in format.notes() {
        context.messages.say(&note);
    }
}
