//! `decrypt`: ciphered `apdu` records in, plain ones out; everything else passes.
//!
//! `- apdu db08… link=mbus` becomes `- apdu 0f80… link=mbus title=… ic=35 sc=20 auth=none`.

use crate::cli::{
    input::files,
    run::{
        context::{Context, Stage},
        status::{Status, Stop},
    },
    setup::{args, keys},
};
use meterpipe::{
    chain::{decrypt::Decrypt, event::Event, unframe::Unframe},
    record::{HEADER, Kind, Place, Record},
};

/// Runs the subcommand.
pub fn run(args: &args::Decrypt) -> Status {
    let mut context = Context::new("decrypt", args.voice);
    let mut stage = Decrypter::default();
    let result = decrypt(args, &mut stage, &mut context);
    context.finish(result, &stage)
}

fn decrypt(args: &args::Decrypt, stage: &mut Decrypter, context: &mut Context) -> Result<(), Stop> {
    stage.decrypt = keys::decrypt(&args.keys, &args.input, context)?;
    context.output.text.extend_from_slice(HEADER.as_bytes());
    files::run(&args.input.files, args.input.form.form, stage, context)
}

/// Hex and binary hold APDUs without records around them, so those are looked for first.
#[derive(Default)]
struct Decrypter {
    unframe: Unframe,
    decrypt: Decrypt,
}

impl Stage for Decrypter {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { unframe, decrypt } = self;
        let mut open = |event: Event<'_>| open(decrypt, event, context);
        match (record.kind, place) {
            // A forgotten `unframe` is for `unframe`: what is in records passes as it is.
            (Kind::Raw | Kind::Frame, Place::Record(_)) => open(Event::Record(*record, place)),
            _ => unframe.feed(record, place, &mut open),
        }
    }

    fn end(&mut self, context: &mut Context) {
        let Self { unframe, decrypt } = self;
        unframe.end(&mut |event: Event<'_>| open(decrypt, event, context));
    }
}

fn open(decrypt: &mut Decrypt, event: Event<'_>, context: &mut Context) {
    match event {
        Event::Record(record, place) => {
            decrypt.feed(&record, place, &mut |event: Event<'_>| context.event(&event));
        }
        event => context.event(&event),
    }
}
