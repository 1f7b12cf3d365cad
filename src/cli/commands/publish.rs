//! `publish`: readings in, to sinks.
//!
//! The input is the JSON Lines of `decode`, one line a telegram.

use std::time::Duration;

use crate::cli::{
    input::{
        files,
        reading_lines::{ReadingConsumer, ReadingLines, refuse},
    },
    live::reload::{Reload, SinkSources},
    run::{
        context::{Context, Ending},
        interval_readings,
        list_messages::ListMessages,
        sink_output::{self, TICK},
        sinks::Sinks,
        stage::Task,
        status::{Status, Stop},
    },
    setup::{args, config_file},
};
use meterpipe::{error::Cause, format::readings::Readings, sink::line_counters::LineCounters};

/// Runs the subcommand.
pub fn run(args: &args::PublishArgs) -> Status {
    let mut context = Context::new("publish", args.messages);
    let (sinks, reload) = match start(args, &context) {
        Ok(started) => started,
        Err(stop) => return context.stop(stop),
    };
    let lists = ListMessages::default();
    let mut lines =
        ReadingLines::new(Publisher { sinks, reload, lists, first: None, refusal: None });
    let result = files::lines(&args.files, &mut lines, &mut context);
    let Publisher { sinks, refusal, .. } = lines.into_inner();
    let not_stored = !sink_output::finish(Some(sinks), &mut context);
    let result = refusal.map_or(result, Err);
    context.finish(result, Ending { not_stored, ..Ending::default() })
}

fn start(args: &args::PublishArgs, context: &Context) -> Result<(Sinks, Reload), Stop> {
    let config = match args.to.to.is_empty() {
        true => config_file::find(args.to.config.as_deref())?,
        false => None,
    };
    let (to, counters) = (args.to.to.clone(), LineCounters::default());
    let meters = config.iter().flat_map(|config| &config.meters);
    let names: Vec<_> = meters.map(|meter| meter.name.clone()).collect();
    counters.meter_names().set_known(&names);
    let sources = SinkSources { to, run: "publish".to_owned(), counters: counters.clone() };
    let sinks = sources.read(config.as_ref(), &context.messages)?;
    if sinks.is_empty() {
        return Err(Stop::usage(
            "nowhere to publish to: name a sink with --to, or a configuration",
        ));
    }
    let sinks = Sinks::start(sinks, counters, &context.messages)?;
    let reload = Reload::start(config).with_sinks(sources, &sinks);
    Ok((sinks, reload))
}

/// Hands readings to the sinks.
struct Publisher {
    sinks: Sinks,
    reload: Reload,
    lists: ListMessages,
    first: Option<FirstReadings>,
    refusal: Option<Stop>,
}

/// The first readings of a run. Those behind them are of the same kind: the columns of a file are those of the first,
/// and names that telegrams and intervals have in common are registers there and energies here.
#[derive(Clone, Copy)]
struct FirstReadings {
    is_interval: bool,
    /// True for an interval that goes on: a sink may thin out those.
    is_running: bool,
}

const OTHER_KIND: &str = "telegrams and intervals in one run: publish them one after the other";

impl Task for Publisher {
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

impl ReadingConsumer for Publisher {
    fn readings(&mut self, readings: Readings, line: u64, context: &mut Context) {
        let is_interval = readings.is_interval();
        if is_interval && let Err(cause) = interval_readings::row_of(&readings) {
            return refuse(line, cause, context);
        }
        let kind = FirstReadings { is_interval, is_running: readings.is_running() };
        let first = *self.first.get_or_insert(kind);
        if first.is_interval != is_interval {
            return refuse(line, Cause::OtherRows { fault: OTHER_KIND }, context);
        }
        if is_interval && let Some(refusal) = self.sinks.refuses_intervals(first.is_running) {
            self.refusal = Some(Stop::usage(refusal));
            context.done = true;
            return;
        }
        self.lists.report_readings(&readings, context);
        if context.can_wait {
            self.sinks.wait_for_room(&context.messages);
        }
        self.sinks.put(readings);
    }
}
