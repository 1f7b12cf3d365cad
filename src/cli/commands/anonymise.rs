//! `anonymise`: records or octets in any form in; the same records of nobody out.

use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::cli::{
    input::files,
    run::{
        context::Context,
        events,
        stage::{self, Stage, Task},
        status::{Status, Stop},
    },
    setup::{args, families, keys},
};
use meterpipe::{
    chain::{
        anonymise::Anonymise,
        event::{Refusal, StageEvent},
    },
    counted::counted,
    error::Cause,
    reading::{anonymous::Anonymous, pseudonym::Pseudonyms},
    record::{ANONYMISED, HEADER, Place, Record},
};

/// Runs the subcommand.
pub fn run(args: &args::AnonymiseArgs) -> Status {
    let mut context = Context::new("anonymise", args.messages);
    context.messages.hide_titles();
    let mut stage = match stage_of(args, &context) {
        Ok(stage) => stage,
        Err(stop) => return context.stop(stop),
    };
    context.output.text.extend_from_slice(HEADER.as_bytes());
    context.output.text.extend_from_slice(format!("{ANONYMISED}{REMARK}").as_bytes());
    let (files, form) = (&args.input.files, args.input.form.form);
    let result = files::run(files, form, None, &mut stage, &mut context);
    stage::finish(context, result, &mut stage)
}

fn stage_of(args: &args::AnonymiseArgs, context: &Context) -> Result<Anonymiser, Stop> {
    let decrypt = keys::decrypt(&args.keys, &args.input, &context.messages)?;
    let names = Pseudonyms::new(secret()?);
    let families = families::all(&args.layouts, None)?;
    let anonymous = Anonymous::new(names, args.shift_time, families);
    Ok(Anonymiser { anonymise: Anonymise::new(decrypt, anonymous), closed: 0 })
}

/// The rest of the second line.
const REMARK: &str = "other numbers and registers; what is encrypted is so under the published \
    example key that meterpipe anonymise --help shows\n";

/// A secret of this run.
fn secret() -> Result<Zeroizing<[u8; 16]>, Stop> {
    let mut secret = Zeroizing::new([0; 16]);
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut *secret));
    read.map_err(|error| Stop::Failed(Status::Source, format!("/dev/urandom: {error}")))?;
    Ok(secret)
}

struct Anonymiser {
    anonymise: Anonymise,
    /// Telegrams that no key opened.
    closed: u64,
}

impl Task for Anonymiser {}

impl Stage for Anonymiser {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { anonymise, closed } = self;
        anonymise.feed(record, place, &mut |event: StageEvent<'_>| take(&event, closed, context));
        context.tally.telegrams = anonymise.telegrams();
    }

    fn end(&mut self, context: &mut Context) {
        let Self { anonymise, closed } = self;
        anonymise.end(&mut |event: StageEvent<'_>| take(&event, closed, context));
        context.tally.telegrams = anonymise.telegrams();
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        if self.closed > 0 {
            let left_out = counted(self.closed, "telegram");
            context.messages.say(&format!(
                "{left_out} left out that no key opens: the ciphertext would be the original's"
            ));
        }
        if context.tally.noise > 0 {
            let left_out = counted(context.tally.noise, "octet");
            context.messages.say(&format!("{left_out} left out that belong to no whole telegram"));
        }
        true
    }
}

fn take(event: &StageEvent<'_>, closed: &mut u64, context: &mut Context) {
    if let StageEvent::Refused(refusal) = event {
        *closed +=
            u64::from(refusal.error.cause.leaves_closed() && refusal.error.cause != Cause::NoTitle);
    }
    match event {
        // A frame is a part of a telegram.
        StageEvent::Record(record, _) => record.write(&mut context.output.text),
        // Messages may be shown to others too.
        StageEvent::Refused(refusal) => context.refused(&Refusal { from: None, ..*refusal }),
        StageEvent::Unverified(_) => events::unverified(None, context),
        event => events::of_stage(event, context),
    }
}
