//! `capture`: octets of a source in, records out.

use std::time::Duration;

use crate::cli::{
    input::files,
    live::{
        event_loop,
        recorder::Recorders,
        sources::{self, Spec},
    },
    run::{
        context::Context,
        stage::{self, Stage, Task},
        status::{Status, Stop},
    },
    setup::args,
};
use meterpipe::record::{HEADER, Place, Record, RecordKind};

/// Runs the subcommand.
pub fn run(args: &args::CaptureArgs) -> Status {
    let mut context = Context::new("capture", args.verbosity);
    context.limit = if args.until.once { Some(1) } else { args.until.count };
    let mut stage = Capturer { binary: args.binary, recorder: Recorders::default(), frames: 0 };
    let result = capture(args, &mut stage, &mut context);
    stage.end(&mut context);
    stage::finish(context, result, &mut stage)
}

fn capture(
    args: &args::CaptureArgs,
    stage: &mut Capturer,
    context: &mut Context,
) -> Result<(), Stop> {
    let source = sources::find(args.source.as_deref(), &args.line, !args.until.once)?;
    if !args.binary {
        context.output.text.extend_from_slice(HEADER.as_bytes());
    }
    match source {
        Spec::File(path) => files::run(&[path], args.form.form, args.until.timeout, stage, context),
        Spec::Live(source) | Spec::Simulated(source) => {
            event_loop::run(vec![source], &args.until, stage, context)
        }
    }
}

struct Capturer {
    binary: bool,
    recorder: Recorders,
    frames: u64,
}

/// Writes records, or their octets, up to the last frame that is wanted.
fn writer(binary: bool, context: &mut Context) -> impl FnMut(&Record<'_>) {
    move |record| {
        if context.is_full() {
            return;
        }
        match binary {
            true => context.output.text.extend_from_slice(record.octets),
            false => record.write(&mut context.output.text),
        }
        context.tally.telegrams +=
            u64::from(matches!(record.kind, RecordKind::Frame | RecordKind::Apdu));
        context.tally.passed += u64::from(matches!(record.kind, RecordKind::Other(_)));
    }
}

impl Task for Capturer {}

impl Stage for Capturer {
    fn feed(&mut self, record: &Record<'_>, _: Place, context: &mut Context) {
        self.frames += self.recorder.take(record, &mut writer(self.binary, context));
    }

    fn end(&mut self, context: &mut Context) {
        self.frames += self.recorder.end(&mut writer(self.binary, context));
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        self.frames += self.recorder.quiet(silent, &mut writer(self.binary, context));
    }

    fn frames(&self) -> u64 {
        self.frames
    }
}
