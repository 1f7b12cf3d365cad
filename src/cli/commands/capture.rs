//! `capture`: octets of a source in, records out.

use std::{io::IsTerminal, time::Duration};

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
    setup::{args, link_choice},
};
use meterpipe::{
    link::registry::LinkChoice,
    record::{HEADER, Place, Record, RecordKind},
};

/// Runs the subcommand.
pub fn run(args: &args::CaptureArgs) -> Status {
    let mut context = Context::new("capture", args.messages);
    context.may_name_doctor = true;
    let writer = RecordWriter {
        binary: args.binary,
        limit: if args.until.once { Some(1) } else { args.until.count },
    };
    context.stop_at(writer.limit);
    let recorder = Recorders::with(args.link.choice());
    let mut stage = Capturer { writer, recorder, frames: 0 };
    let result = capture(args, &mut stage, &mut context);
    stage.end(&mut context);
    stage::finish(context, result, &mut stage)
}

fn capture(
    args: &args::CaptureArgs,
    stage: &mut Capturer,
    context: &mut Context,
) -> Result<(), Stop> {
    if args.binary && std::io::stdout().is_terminal() {
        return Err(Stop::usage(
            "--binary: octets are nothing for a terminal: capture --binary > FILE",
        ));
    }
    let source = sources::find(args.source.as_deref(), &args.line, args.until.waits_for_source())?;
    if !args.binary {
        context.output.text.extend_from_slice(HEADER.as_bytes());
    }
    match source {
        Spec::File(path) => {
            let ended = files::run(&[path], args.form.form, args.until.timeout, stage, context);
            // A live source is reported while it is read.
            link_choice::remark(args.link.choice(), context);
            ended
        }
        Spec::Live(source) | Spec::Simulated(source) => {
            event_loop::run(vec![source], &args.until, stage, context)
        }
    }
}

struct Capturer {
    writer: RecordWriter,
    recorder: Recorders,
    frames: u64,
}

/// Writes records, or their octets.
#[derive(Clone, Copy)]
struct RecordWriter {
    binary: bool,
    /// The number of frames after which the run ends.
    limit: Option<u64>,
}

impl RecordWriter {
    fn to(self, context: &mut Context) -> impl FnMut(&Record<'_>) {
        move |record| {
            if context.done {
                return;
            }
            match self.binary {
                true => context.output.text.extend_from_slice(record.octets),
                false => record.write(&mut context.output.text),
            }
            context.tally.telegrams +=
                u64::from(matches!(record.kind, RecordKind::Frame | RecordKind::Apdu));
            context.tally.passed += u64::from(matches!(record.kind, RecordKind::Other(_)));
            context.stop_at(self.limit);
        }
    }
}

impl Capturer {
    /// Counts what was found. The writer has counted the frames among it; APDUs without frames are written
    /// before they may end the run.
    fn count(&mut self, found: u64, before: u64, context: &mut Context) {
        self.frames += found;
        let bare = found.saturating_sub(context.tally.telegrams - before);
        if bare > 0 {
            self.recorder.quiet(Duration::ZERO, &mut self.writer.to(context));
            context.tally.telegrams += bare;
            context.stop_at(self.writer.limit);
        }
    }
}

impl Task for Capturer {}

impl Stage for Capturer {
    fn feed(&mut self, record: &Record<'_>, _: Place, context: &mut Context) {
        let before = context.tally.telegrams;
        let found = self.recorder.take(record, &mut self.writer.to(context));
        self.count(found, before, context);
    }

    fn end(&mut self, context: &mut Context) {
        let before = context.tally.telegrams;
        let found = self.recorder.end(&mut self.writer.to(context));
        self.count(found, before, context);
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        let before = context.tally.telegrams;
        let found = self.recorder.quiet(silent, &mut self.writer.to(context));
        self.count(found, before, context);
    }

    fn frames(&self) -> u64 {
        self.frames
    }

    fn links(&self, _: &str) -> LinkChoice {
        self.recorder.links()
    }
}
