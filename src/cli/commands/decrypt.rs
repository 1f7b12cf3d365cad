//! `decrypt`: ciphered `apdu` records in, plain ones out; everything else passes.
//!
//! `- apdu db08… link=mbus` becomes `- apdu 0f80… link=mbus title=… ic=35 sc=20 auth=none`.

use crate::cli::{
    input::files,
    run::{
        context::Context,
        events,
        stage::{self, Stage, Task},
        status::{Status, Stop},
    },
    setup::{args, keys},
};
use meterpipe::{
    chain::{decrypt::Decrypt, event::StageEvent, unframe::Unframe},
    record::{HEADER, Place, Record, RecordKind},
};

/// Runs the subcommand.
pub fn run(args: &args::DecryptArgs) -> Status {
    let mut context = Context::new("decrypt", args.messages);
    let mut stage = Decrypter::default();
    let result = decrypt(args, &mut stage, &mut context);
    stage::finish(context, result, &mut stage)
}

fn decrypt(
    args: &args::DecryptArgs,
    stage: &mut Decrypter,
    context: &mut Context,
) -> Result<(), Stop> {
    stage.decrypt = keys::decrypt(&args.keys, &args.input, &context.messages)?;
    context.output.text.extend_from_slice(HEADER.as_bytes());
    files::run(&args.input.files, args.input.form.form, None, stage, context)
}

/// The stage of `decrypt`. Hex and binary input has no records around its APDUs, so `unframe` finds
/// them first.
#[derive(Default)]
struct Decrypter {
    unframe: Unframe,
    decrypt: Decrypt,
}

impl Task for Decrypter {}

impl Stage for Decrypter {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { unframe, decrypt } = self;
        let mut open = |event: StageEvent<'_>| open(decrypt, event, context);
        match (record.kind, place) {
            // Somebody left out `unframe`. Its records pass unchanged, so that it can still follow.
            (RecordKind::Raw | RecordKind::Frame, Place::Record(_)) => {
                open(StageEvent::Record(*record, place))
            }
            _ => unframe.feed(record, place, &mut open),
        }
    }

    fn end(&mut self, context: &mut Context) {
        let Self { unframe, decrypt } = self;
        unframe.end(&mut |event: StageEvent<'_>| open(decrypt, event, context));
    }
}

fn open(decrypt: &mut Decrypt, event: StageEvent<'_>, context: &mut Context) {
    match event {
        StageEvent::Record(record, place) => {
            decrypt.feed(&record, place, &mut |event: StageEvent<'_>| {
                events::of_stage(&event, context)
            });
        }
        event => events::of_stage(&event, context),
    }
}
