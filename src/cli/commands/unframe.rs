//! `unframe`: `raw` and `frame` records, or octets in any form, in; `apdu` records out.
//!
//! `- frame 68fafa68…16` and `- frame 68141468…16` become `- apdu db08… link=mbus`.

use crate::cli::{
    input::files,
    run::{
        context::Context,
        events,
        stage::{self, Stage, Task},
        status::Status,
    },
    setup::{args, link_choice},
};
use meterpipe::{
    chain::{event::StageEvent, unframe::Unframe},
    error::Error,
    record::{HEADER, Place, Record},
};

/// Runs the subcommand.
pub fn run(args: &args::UnframeArgs) -> Status {
    let mut context = Context::new("unframe", args.messages);
    context.output.text.extend_from_slice(HEADER.as_bytes());
    let mut stage = Unframer(Unframe::with(args.link.choice()));
    let (files, form) = (&args.input.files, args.input.form.form);
    let result = files::run(files, form, None, &mut stage, &mut context);
    link_choice::remark(args.link.choice(), &mut context);
    stage::finish(context, result, &mut stage)
}

struct Unframer(Unframe);

impl Task for Unframer {}

impl Stage for Unframer {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        self.0.feed(record, place, &mut |event: StageEvent<'_>| events::of_stage(&event, context));
    }

    fn end(&mut self, context: &mut Context) {
        self.0.end(&mut |event: StageEvent<'_>| events::of_stage(&event, context));
    }

    fn partial(&self) -> Option<Error> {
        self.0.partial()
    }
}
