//! `decode`: anything in, readings out.
//!
//! `- apdu 0f80… link=mbus` becomes `{"schema":1,"time":"2021-09-27T09:47:15+02:00",…}`; frames and
//! ciphered APDUs do so as well, since the stages before are built in and idle when they have nothing
//! to do.

use std::time::Duration;

use crate::cli::{
    input::{files, parallel::Jobs},
    run::{
        context::{Context, Stage},
        status::{Status, Stop},
    },
    setup::{args, keys, output_format},
};
use jiff::tz::TimeZone;
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::Decrypt,
    },
    error::Error,
    format::entry::{Format, OutputTelegram},
    record::{Place, Record},
};

/// Runs the subcommand.
pub fn run(args: &args::DecodeArgs) -> Status {
    let mut context = Context::new("decode", args.verbosity);
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    context.jobs = Jobs::of(args.jobs.jobs);
    match prepare(args, &context) {
        Ok(mut stage) => {
            stage.start(&mut context);
            let (files, form) = (&args.input.files, args.input.form.form);
            let result = files::run(files, form, &mut stage, &mut context);
            stage.finish(&mut context);
            context.finish(result, &stage)
        }
        Err(stop) => context.finish(Err(stop), &()),
    }
}

fn prepare(args: &args::DecodeArgs, context: &Context) -> Result<Decoder, Stop> {
    let format = output_format::build(&args.format)?;
    let zone = output_format::zone(&args.format)?;
    Ok(Decoder::new(keys::decrypt(&args.keys, &args.input, context)?, format, zone))
}

/// The whole chain, to text.
pub struct Decoder {
    chain: Decode,
    format: Box<dyn Format>,
    zone: TimeZone,
}

impl Decoder {
    /// With the keys of `decrypt`, to `format`.
    pub fn new(decrypt: Decrypt, format: Box<dyn Format>, zone: TimeZone) -> Self {
        Self { chain: Decode::new(decrypt), format, zone }
    }

    /// Writes what stands before all readings.
    pub fn start(&mut self, context: &mut Context) {
        self.format.start(&mut context.output.text);
    }

    /// Writes what stands behind all readings.
    pub fn finish(&mut self, context: &mut Context) {
        self.format.end(&mut context.output.text);
        tell_notes(self.format.as_mut(), context);
    }

    /// How much was learnt that bears on all records to come; nothing amid a telegram. It only ever
    /// grows until the [`end`](Stage::end) of an input: two forks of one decoder that rest and have
    /// learnt equally much since they began alike are still alike.
    #[must_use]
    pub fn at_rest(&self) -> Option<u64> {
        self.chain.at_rest().map(|learnt| learnt + self.format.learnt())
    }

    /// Says that so many lines stand before those that were counted so far: what is pending is told
    /// with its place.
    pub fn count_behind(&mut self, lines: u64) {
        self.chain.count_behind(lines);
    }
}

impl Clone for Decoder {
    fn clone(&self) -> Self {
        let Self { chain, format, zone } = self;
        Self { chain: chain.clone(), format: format.fork(), zone: zone.clone() }
    }
}

impl Stage for Decoder {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { chain, format, zone } = self;
        chain.feed(record, place, &mut |output: DecodeEvent<'_>| {
            take(output, format.as_mut(), zone, context);
        });
    }

    fn end(&mut self, context: &mut Context) {
        let Self { chain, format, zone } = self;
        chain.end(&mut |output: DecodeEvent<'_>| take(output, format.as_mut(), zone, context));
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        let Self { chain, format, zone } = self;
        chain.quiet(silent, &mut |output: DecodeEvent<'_>| {
            take(output, format.as_mut(), zone, context)
        });
    }

    fn frames(&self) -> u64 {
        self.chain.frames()
    }

    fn partial(&self) -> Option<Error> {
        self.chain.partial()
    }

    fn decoder(&mut self) -> Option<&mut Decoder> {
        Some(self)
    }
}

fn take(output: DecodeEvent<'_>, format: &mut dyn Format, zone: &TimeZone, context: &mut Context) {
    match output {
        DecodeEvent::Telegram { .. } if context.is_full() => {}
        DecodeEvent::Telegram { telegram, record, .. } => {
            let (received, attributes) = (record.time, record.attributes);
            let entry = OutputTelegram { telegram, zone, received, attributes };
            context.telegram(&entry);
            format.entry(&entry, &mut context.output.text);
            // At once, so that it stands among the other messages where it belongs.
            tell_notes(format, context);
        }
        other => context.other(&other),
    }
}

fn tell_notes(format: &mut dyn Format, context: &Context) {
    for note in format.notes() {
        context.messages.say(&note);
    }
}
