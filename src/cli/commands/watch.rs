//! `watch`: the whole chain in one process, from any source.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use crate::cli::{
    commands::decode::Decoder,
    input::{files, parallel::Jobs},
    live::{
        event_loop,
        recording::Recording,
        screen::Screen,
        sources::{self, Spec},
    },
    run::{
        context::{Context, Stage},
        sinks::Sinks,
        status::{Status, Stop},
    },
    setup::{
        args,
        config_file::{self, Config, MeterConfig},
        destinations, environment, keys, output_format,
    },
};
use meterpipe::{
    chain::decrypt::Decrypt,
    cipher::{key::Key, key_file::KeyEntry},
    error::Error,
    format::{entry as format, entry::Format},
    record::{Place, Record},
    sink::line_counters::LineCounters,
    source::{Source, named::named, simulator},
};

/// Runs the subcommand.
pub fn run(args: &args::WatchArgs) -> Status {
    let mut context = Context::new("watch", args.verbosity);
    context.limit = if args.until.once { Some(1) } else { args.until.count };
    context.timeout = args.until.timeout;
    context.jobs = Jobs::of(args.jobs.jobs);
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    let (found, mut stage) = match prepare(args, &mut context) {
        Ok(prepared) => prepared,
        Err(stop) => return context.finish(Err(stop), &()),
    };
    stage.start(&mut context);
    let result = read(found, args, &mut stage, &mut context);
    stage.finish(&mut context);
    context.finish(result, &stage)
}

/// The sources by how they are read.
#[derive(Default)]
struct FoundSources {
    files: Vec<PathBuf>,
    live: Vec<Box<dyn Source>>,
    simulated: bool,
}

fn read(
    found: FoundSources,
    args: &args::WatchArgs,
    stage: &mut Watcher,
    context: &mut Context,
) -> Result<(), Stop> {
    if !found.files.is_empty() {
        files::run(&found.files, args.form.form, stage, context)?;
    }
    match found.live.is_empty() {
        true => Ok(()),
        false => event_loop::run(found.live, &args.until, stage, context),
    }
}

fn prepare(args: &args::WatchArgs, context: &mut Context) -> Result<(FoundSources, Watcher), Stop> {
    // What is wrong with options and keys is said before anything is opened.
    let format = output_format::build(&args.format)?;
    let zone = output_format::zone(&args.format)?;
    keys::guard_stdin(&args.keys, args.sources.iter().any(|source| source == "-"))?;
    let config = config(args)?;
    let meters = config.as_ref().map_or(&[][..], |config| &config.meters);
    let mut entries = keys::entries(&args.keys, context)?;
    if entries.is_empty() {
        entries = keys::configured(meters, context)?;
    }
    let found = find(args, meters)?;
    let example = found.simulated.then(|| Key::new(simulator::meter::EXAMPLE_KEY));
    let example = example.map(|guek| KeyEntry { name: None, guek, gak: None });
    let entries = entries.into_iter().chain(example).collect();
    let decrypt = Decrypt::new(entries, keys::demands(&args.keys));
    let on_screen = args.format.format.is_none() && !args.until.once && !found.live.is_empty();
    let terminal = std::io::stdout().is_terminal();
    let health = LineCounters::default();
    let configured = meters.iter().filter_map(|meter| meter.source.clone());
    let sources = args.sources.iter().cloned().chain(environment::source()).chain(configured);
    let run = ["watch".to_owned()].into_iter().chain(sources).collect::<Vec<_>>().join(" ");
    let sinks = destinations::of(&args.to.to, config, &run, &health, &context.messages)?;
    let view = match on_screen && terminal {
        true => WatchOutput::Screen(Screen::new(
            decrypt,
            zone,
            output_format::options(&args.format)?,
            context,
        )),
        // What goes to sinks is not asked for on standard output too.
        false if !sinks.is_empty() && args.format.format.is_none() && !terminal => {
            WatchOutput::Text(Decoder::new(decrypt, Box::new(Nothing), zone))
        }
        false => WatchOutput::Text(Decoder::new(decrypt, format, zone)),
    };
    if !sinks.is_empty() {
        health.frames_are_damaged(0);
        context.sinks = Some(Sinks::start(sinks, health)?);
    }
    let record = args.record.as_deref();
    let recording = record.map(|path| Recording::open(path, &found.files)).transpose()?;
    Ok((found, Watcher { view, recording }))
}

/// The configuration. Who names a source means that source, and not all that is configured: nobody
/// wants to see a virtual meter in the history of the house.
fn config(args: &args::WatchArgs) -> Result<Option<Config>, Stop> {
    match args.to.config.is_some() || args.sources.is_empty() {
        true => config_file::find(args.to.config.as_deref()),
        false => Ok(None),
    }
}

fn find(args: &args::WatchArgs, meters: &[MeterConfig]) -> Result<FoundSources, Stop> {
    let mut found = FoundSources::default();
    let mut take = |name: Option<&str>, line: &args::SerialArgs, called: Option<&String>| {
        let called = |source| match called {
            Some(called) => named(called.clone(), source),
            None => source,
        };
        match sources::find(name, line, !args.until.once)? {
            Spec::File(path) => found.files.push(path),
            Spec::Live(source) => found.live.push(called(source)),
            Spec::Simulated(source) => {
                found.simulated = true;
                found.live.push(called(source));
            }
        }
        Ok::<(), Stop>(())
    };
    for name in &args.sources {
        take(Some(name), &args.line, None)?;
    }
    if args.sources.is_empty() {
        // One variable cannot be meant for several meters.
        let source = environment::source().filter(|_| meters.len() <= 1);
        for meter in meters {
            let name = source.as_deref().or(meter.source.as_deref());
            take(name, &meter.line(&args.line), meter.name.as_ref())?;
        }
        if meters.is_empty() {
            take(None, &args.line, None)?;
        }
    }
    Ok(found)
}

/// No output at all.
struct Nothing;

impl Format for Nothing {
    fn entry(&mut self, _: &format::OutputTelegram<'_>, _: &mut Vec<u8>) {}

    fn fork(&self) -> Box<dyn Format> {
        Box::new(Self)
    }
}

/// The chain, and the recording beside it.
struct Watcher {
    view: WatchOutput,
    recording: Option<Recording>,
}

enum WatchOutput {
    Text(Decoder),
    Screen(Screen),
}

impl Watcher {
    fn start(&mut self, context: &mut Context) {
        if let WatchOutput::Text(decoder) = &mut self.view {
            decoder.start(context);
        }
    }

    fn finish(&mut self, context: &mut Context) {
        match &mut self.view {
            WatchOutput::Text(decoder) => decoder.finish(context),
            WatchOutput::Screen(screen) => screen.finish(context),
        }
        if let Some(recording) = &mut self.recording {
            recording.end(context);
        }
    }

    fn stage(&mut self) -> &mut dyn Stage {
        match &mut self.view {
            WatchOutput::Text(decoder) => decoder,
            WatchOutput::Screen(screen) => screen,
        }
    }
}

impl Stage for Watcher {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.take(record, context);
        }
        self.stage().feed(record, place, context);
    }

    fn end(&mut self, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.end(context);
        }
        self.stage().end(context);
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.quiet(silent, context);
        }
        self.stage().quiet(silent, context);
    }

    fn tick(&mut self, context: &mut Context) {
        context.tick();
        self.stage().tick(context);
    }

    fn patience(&self) -> Duration {
        match &self.view {
            WatchOutput::Text(decoder) => decoder.patience(),
            WatchOutput::Screen(screen) => screen.patience(),
        }
    }

    fn frames(&self) -> u64 {
        match &self.view {
            WatchOutput::Text(decoder) => decoder.frames(),
            WatchOutput::Screen(screen) => screen.frames(),
        }
    }

    fn partial(&self) -> Option<Error> {
        match &self.view {
            WatchOutput::Text(decoder) => decoder.partial(),
            WatchOutput::Screen(_) => None,
        }
    }

    fn decoder(&mut self) -> Option<&mut Decoder> {
        match (&mut self.view, &self.recording) {
            (WatchOutput::Text(decoder), None) => Some(decoder),
            _ => None,
        }
    }

    fn failed(&self) -> bool {
        self.recording.as_ref().is_some_and(Recording::failed)
    }
}
