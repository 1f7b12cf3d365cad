//! `publish`: readings in, to sinks.
//!
//! The input is the JSON Lines of `decode`, one line a telegram.

use std::time::Duration;

use crate::cli::{
    input::{buffer::CHUNK, files, lines::LineReader},
    live::reload::{Reload, SinkSources},
    run::{
        context::{Context, Ending},
        list_messages::ListMessages,
        sink_output::{self, TICK},
        sinks::Sinks,
        stage::Task,
        status::{Status, Stop},
    },
    setup::{args, config_file},
};
use meterpipe::{
    error::{Cause, Error, Layer},
    format::readings::Readings,
    record::{HEADER, Record},
    sink::line_counters::LineCounters,
};

/// Runs the subcommand.
pub fn run(args: &args::PublishArgs) -> Status {
    let mut context = Context::new("publish", args.messages);
    let (sinks, reload) = match start(args, &context) {
        Ok(started) => started,
        Err(stop) => return context.stop(stop),
    };
    let lists = ListMessages::default();
    let (line, is_too_long, wrong_input_reported) = (0, false, false);
    let mut lines = ReadingLines { sinks, reload, lists, line, is_too_long, wrong_input_reported };
    let result = files::lines(&args.files, &mut lines, &mut context);
    let not_stored = !sink_output::finish(Some(lines.sinks), &mut context);
    context.finish(result, Ending { not_stored, ..Ending::default() })
}

fn start(args: &args::PublishArgs, context: &Context) -> Result<(Sinks, Reload), Stop> {
    let config = match args.to.to.is_empty() {
        true => config_file::find(args.to.config.as_deref())?,
        false => None,
    };
    let (to, counters) = (args.to.to.clone(), LineCounters::default());
    let sources = SinkSources { to, run: "publish".to_owned(), counters: counters.clone() };
    let sinks = sources.read(config.as_ref(), &context.messages)?;
    if sinks.is_empty() {
        return Err(Stop::usage(
            "nowhere to publish to: name a sink with --to, or a configuration",
        ));
    }
    let sinks = Sinks::start(sinks, counters)?;
    let reload = Reload::start(config).with_sinks(sources, &sinks);
    Ok((sinks, reload))
}

/// Reads the lines of an input and hands them to the sinks.
struct ReadingLines {
    sinks: Sinks,
    reload: Reload,
    lists: ListMessages,
    line: u64,
    /// True within a line that is longer than any telegram needs.
    is_too_long: bool,
    /// True once the user was told that the input holds records, not readings.
    wrong_input_reported: bool,
}

impl Task for ReadingLines {
    fn tick(&mut self, context: &mut Context) {
        // There are no keys here.
        let _ = self.reload.read_again(&context.messages);
        self.sinks.tick(context);
    }

    fn tick_interval(&self) -> Duration {
        TICK
    }

    fn is_asked_to_end(&self) -> bool {
        self.sinks.is_asked_to_end()
    }
}

impl LineReader for ReadingLines {
    fn begin(&mut self) {
        (self.line, self.is_too_long, self.wrong_input_reported) = (0, false, false);
    }

    fn line(&mut self, line: &[u8], end: bool, context: &mut Context) {
        // The line end counts as an octet of the input.
        context.tally.octets += line.len() as u64 + u64::from(end);
        let was_too_long = std::mem::replace(&mut self.is_too_long, !end);
        if was_too_long {
            return;
        }
        self.line += 1;
        let line = line.trim_ascii();
        if !end {
            let limit = Cause::Limit { what: "length of a line", limit: CHUNK };
            context.defect(self.line, &Error::new(Layer::Reading, 0, limit));
        } else if !line.is_empty() {
            self.readings(line, context);
        }
    }

    fn rest(&mut self, line: &[u8], context: &mut Context) {
        if !line.is_empty() || self.is_too_long {
            self.line(line, true, context);
            context.tally.octets -= 1;
        }
    }
}

impl ReadingLines {
    fn readings(&mut self, line: &[u8], context: &mut Context) {
        match Readings::parse(line) {
            Ok(readings) => {
                context.tally.telegrams += 1;
                self.lists.report_readings(&readings, context);
                if context.can_wait {
                    self.sinks.wait_for_room(&context.messages);
                }
                self.sinks.put(readings);
            }
            Err(error) => {
                let is_other = Record::kind(line).is_some() || HEADER.as_bytes().starts_with(line);
                if is_other && !std::mem::replace(&mut self.wrong_input_reported, true) {
                    context.messages.say("these are records, not readings: decode makes them");
                }
                context.defect(self.line, &error);
            }
        }
    }
}
