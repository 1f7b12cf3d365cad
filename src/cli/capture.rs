//! `capture`: octets of a source in, records out.

use std::time::Duration;

use crate::cli::{
    args,
    context::{Context, Stage},
    filter, live,
    recorder::Recorders,
    sources::{self, Spec},
    status::{Status, Stop},
};
use meterpipe::record::{self, Attributes, HEADER, Kind, Place, Record};

/// Runs the subcommand.
pub fn run(args: &args::Capture) -> Status {
    let mut context = Context::new("capture", args.voice);
    context.limit = if args.until.once { Some(1) } else { args.until.count };
    context.timeout = args.until.timeout;
    let mut stage = Capturer { binary: args.binary, recorder: Recorders::default(), frames: 0 };
    let result = capture(args, &mut stage, &mut context);
    stage.finish(&mut context);
    context.finish(result, &stage)
}

fn capture(args: &args::Capture, stage: &mut Capturer, context: &mut Context) -> Result<(), Stop> {
    let source = sources::find(args.source.as_deref(), &args.line, !args.until.once)?;
    if !args.binary {
        context.output.text.extend_from_slice(HEADER.as_bytes());
    }
    match source {
        Spec::File(path) => filter::run(&[path], args.form.form, stage, context),
        Spec::Live(source) | Spec::Simulated(source) => {
            live::run(vec![source], &args.until, stage, context)
        }
    }
}

struct Capturer {
    binary: bool,
    recorder: Recorders,
    frames: u64,
}

impl Capturer {
    fn finish(&mut self, context: &mut Context) {
        if !self.binary {
            self.recorder.end(&mut context.output.text);
        }
    }

    fn take(&mut self, record: &Record<'_>, context: &mut Context) {
        let text = &mut context.output.text;
        let frames = match (record.kind, self.binary) {
            (Kind::Raw | Kind::Frame, false) => self.recorder.take(record, text),
            (Kind::Apdu | Kind::Other(_), false) => {
                record.write(text);
                context.tally.passed += 1;
                0
            }
            (_, true) => {
                text.extend_from_slice(record.octets);
                // The octets are written already; what they are still counts.
                self.recorder.take(record, &mut Vec::new())
            }
        };
        self.frames += frames;
        context.tally.telegrams += frames;
    }

    /// Octet by octet, up to the last one that is wanted.
    fn take_some(&mut self, record: &Record<'_>, context: &mut Context) {
        let marks: Vec<_> = record.attributes.err.into_iter().flat_map(record::marks).collect();
        for (at, octets) in record.octets.chunks(1).enumerate() {
            let here = marks.iter().filter(|(octet, _)| *octet == at).map(|(_, mark)| (0, *mark));
            let err = record::err(here);
            let err = (!err.is_empty()).then_some(err.as_str());
            let attributes = Attributes { err, ..record.attributes };
            self.take(&Record { octets, attributes, ..*record }, context);
            if context.is_full() {
                return;
            }
        }
    }
}

impl Stage for Capturer {
    fn feed(&mut self, record: &Record<'_>, _: Place, context: &mut Context) {
        match (record.kind, context.limit) {
            (Kind::Raw | Kind::Frame, Some(_)) => self.take_some(record, context),
            _ => self.take(record, context),
        }
    }

    fn end(&mut self, context: &mut Context) {
        if !self.binary {
            self.recorder.end(&mut context.output.text);
        }
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        if !self.binary {
            self.recorder.quiet(silent, &mut context.output.text);
        }
    }

    fn frames(&self) -> u64 {
        self.frames
    }
}
