//! `watch`: the whole chain in one process, from any source.

use std::{
    io::{IsTerminal, stderr},
    os::fd::BorrowedFd,
    path::PathBuf,
    time::Duration,
};

use crate::cli::{
    input::files,
    live::{
        event_loop,
        recording::Recording,
        reload::{KeySources, Reload, SinkSources},
        screen::{Screen, terminal},
        sources::{self, SourcePlaces, Spec},
    },
    run::{
        context::Context,
        decoder::{ChainSettings, Decoder, TelegramConsumer, TextOutput},
        dry_run::DryRun,
        parallel::{Jobs, text_decoder},
        sink_output::SinkOutput,
        sinks::Sinks,
        stage::{self, Stage, Task},
        status::{Status, Stop},
    },
    setup::{
        args,
        config_file::{self, Config, MeterConfig},
        environment, families, keys, link_choice, output_format,
        shared_args::SerialArgs,
        sink_options,
    },
};
use meterpipe::{
    chain::decrypt::{Decrypt, Demands},
    cipher::ciphered::SystemTitle,
    error::Error,
    format::entry::Format,
    link::registry::LinkChoice,
    record::{self, Place, Record},
    sink::{line_counters::LineCounters, settings::SinkSettings},
    source::{Source, named::named},
};

/// Runs the subcommand.
pub fn run(args: &args::WatchArgs) -> Status {
    let mut context = Context::new("watch", args.messages);
    context.may_name_doctor = true;
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    match prepare(args, &mut context) {
        Ok((found, mut stage)) => {
            let (has_live, link) = (!found.live.is_empty(), args.link.link.or(found.file_link));
            let result = read(found, args, stage.as_mut(), &mut context);
            // A live source was reported while it was read.
            if let Some(link) = link.filter(|_| !has_live) {
                link_choice::remark(link, &mut context);
            }
            stage::finish(context, result, stage.as_mut())
        }
        Err(stop) => context.stop(stop),
    }
}

/// The sources by how they are read.
#[derive(Default)]
struct FoundSources {
    files: Vec<PathBuf>,
    live: Vec<Box<dyn Source>>,
    simulated: bool,
    /// The link layers that the configuration has for live sources, by their name in records.
    links: Vec<(String, LinkChoice)>,
    /// The link layer that it has for files.
    file_link: Option<LinkChoice>,
    /// The system titles that it has for live sources, by their name in records.
    titles: Vec<(String, SystemTitle)>,
    /// The system title that it has for files.
    file_title: Option<SystemTitle>,
}

fn read(
    found: FoundSources,
    args: &args::WatchArgs,
    stage: &mut dyn Stage,
    context: &mut Context,
) -> Result<(), Stop> {
    if !found.files.is_empty() {
        files::run(&found.files, args.form.form, args.until.timeout, stage, context)?;
    }
    match found.live.is_empty() {
        true => Ok(()),
        false => event_loop::run(found.live, &args.until, stage, context),
    }
}

fn prepare(
    args: &args::WatchArgs,
    context: &mut Context,
) -> Result<(FoundSources, Box<dyn Stage>), Stop> {
    // Mistakes in options and keys are reported before anything is opened.
    keys::guard_stdin(&args.keys, args.sources.iter().any(|source| source == "-"))?;
    let config = config(args)?;
    let is_printed = !args.dry_run && std::io::stdout().is_terminal();
    let sinks = sink_settings(args, config.as_ref());
    output_format::options(&args.format)?;
    sink_options::check(&args.format, &sinks, is_printed, &context.messages)?;
    let format = output_format::build(&args.format)?;
    let zone = output_format::zone(&args.format)?;
    let families = families::all(&args.format.layouts, config.as_ref())?;
    let found = find(args, config.as_ref())?;
    let links = args.link.link.or(found.file_link).unwrap_or_default();
    let settings = ChainSettings { families, links };
    let key_sources = KeySources { args: args.keys.clone(), simulated: found.simulated };
    let entries = key_sources.read(config.as_ref(), &context.messages)?;
    let demands = keys::demands(&args.keys);
    let decrypt = match demands.title {
        Some(_) => Decrypt::new(entries, demands),
        None => Decrypt::new(entries, Demands { title: found.file_title, ..demands })
            .with_titles(found.titles.clone()),
    };
    let sink_sources = sink_sources(args, config.as_ref());
    let sinks = sink_sources.read(config.as_ref(), &context.messages)?;
    let counters = sink_sources.counters.clone();
    let (sinks, dry_run) = match (args.dry_run, sinks.is_empty()) {
        (true, true) => return Err(Stop::usage("--dry-run: there is no sink: name one with --to")),
        (true, false) => (None, Some(DryRun::start(sinks, counters))),
        (false, true) => (None, None),
        (false, false) => (Some(Sinks::start(sinks, counters, &context.messages)?), None),
    };
    let recording = args.record.as_deref();
    let recording = recording.map(|path| Recording::open(path, &found.files)).transpose()?;
    let limit = if args.until.once { Some(1) } else { args.until.count };
    context.stop_at(limit);
    let stage = match (sinks, recording) {
        (None, None) if dry_run.is_none() && found.live.is_empty() => {
            let jobs = (Jobs::new(args.jobs.jobs), found.files.as_slice());
            text_decoder(decrypt, settings, format, zone, limit, jobs, context)
        }
        (sinks, recording) => {
            let live = !found.live.is_empty();
            // Without sinks or a recording, SIGHUP comes from a terminal that was closed.
            let is_service = sinks.is_some() || recording.is_some() || !stderr().is_terminal();
            let reload = (live && is_service).then(|| {
                let reload = Reload::start(config).with_keys(key_sources);
                match &sinks {
                    Some(sinks) => reload.with_sinks(sink_sources, sinks),
                    None => reload,
                }
            });
            let text_output = match dry_run {
                Some(dry_run) => Some(Box::new(dry_run) as Box<dyn TelegramConsumer>),
                None => {
                    standard_output(args, format, &found, (sinks.is_some(), is_service), context)?
                }
            };
            let sinks =
                sinks.map(|it| Box::new(SinkOutput::start(it)) as Box<dyn TelegramConsumer>);
            // Sinks end last: the table is at its end when they say what they did not store.
            let consumers = text_output.into_iter().chain(sinks).collect();
            let decoder = Decoder::new(decrypt, settings, zone, limit, consumers)
                .with_links_of(if args.link.link.is_none() { &found.links } else { &[] });
            Box::new(Watcher { decoder, recording, reload })
        }
    };
    Ok((found, stage))
}

/// The sinks of the run, without those that have a mistake: it is told when they are built.
fn sink_settings(args: &args::WatchArgs, config: Option<&Config>) -> Vec<SinkSettings> {
    match (args.to.to.as_slice(), config) {
        ([], config) => config.map(|config| config.sinks.clone()).unwrap_or_default(),
        (sinks, _) => sinks.iter().filter_map(|to| environment::sink(to).ok()).collect(),
    }
}

/// The places that the sinks of the run come from.
fn sink_sources(args: &args::WatchArgs, config: Option<&Config>) -> SinkSources {
    let meters = config.map_or(&[][..], |config| &config.meters);
    let configured = meters.iter().filter_map(|meter| meter.source.clone());
    let sources = args.sources.iter().cloned().chain(environment::source()).chain(configured);
    let run = ["watch".to_owned()].into_iter().chain(sources).collect::<Vec<_>>().join(" ");
    let counters = LineCounters::default();
    let names: Vec<_> = meters.iter().map(|it| it.name.clone()).collect();
    counters.meter_names().set_known(&names);
    SinkSources { to: args.to.to.clone(), run, counters }
}

/// The consumer that writes telegrams to standard output, if the user wants to see them there.
fn standard_output(
    args: &args::WatchArgs,
    format: Box<dyn Format>,
    found: &FoundSources,
    (has_sinks, is_service): (bool, bool),
    context: &mut Context,
) -> Result<Option<Box<dyn TelegramConsumer>>, Stop> {
    let chosen = args.format.format.is_some();
    let live = !found.live.is_empty() && !chosen && !args.until.once;
    Ok(match (live && terminal::can_be_drawn_on(), std::io::stdout().is_terminal()) {
        (true, _) => {
            let options = output_format::options(&args.format)?;
            let names = found.live.iter().map(|it| it.name().to_owned()).collect();
            // Where SIGHUP has no other use, the view ends with its terminal.
            let zone = output_format::zone(&args.format)?;
            Some(Box::new(Screen::new(options, zone, names, !is_service, context)))
        }
        (_, false) if has_sinks && !chosen => None,
        _ => Some(Box::new(TextOutput::start(format, context))),
    })
}

/// The configuration, unless a SOURCE is named: a run with a virtual meter must not write into the
/// configured history of the house.
fn config(args: &args::WatchArgs) -> Result<Option<Config>, Stop> {
    match args.to.config.is_some() || args.sources.is_empty() {
        true => config_file::find(args.to.config.as_deref()),
        false => Ok(None),
    }
}

fn find(args: &args::WatchArgs, config: Option<&Config>) -> Result<FoundSources, Stop> {
    let meters = config.map_or(&[][..], |config| &config.meters);
    let (mut found, mut places) = (FoundSources::default(), SourcePlaces::default());
    let mut take = |name: Option<&str>, line: &SerialArgs, meter: Option<&MeterConfig>| {
        let called = meter.and_then(|meter| meter.name.as_ref());
        let link = meter.and_then(|meter| meter.link);
        let title = meter.and_then(|meter| meter.system_title);
        let chosen =
            |source: &dyn Source| (record::escape(source.name()), link.unwrap_or_default());
        let called = |source| match called {
            Some(called) => named(called.clone(), source),
            None => source,
        };
        let spec = sources::find(name, line, args.until.waits_for_source())?;
        places.add(&spec)?;
        match spec {
            Spec::File(path) => {
                let one = match found.files.is_empty() {
                    false if found.file_link != link => Some("link"),
                    false if found.file_title != title => Some("system_title"),
                    _ => None,
                };
                if let Some(one) = one {
                    let text = format!("the files of one run have one {one}: read them one by one");
                    return Err(Stop::usage(text));
                }
                found.files.push(path);
                (found.file_link, found.file_title) = (link, title);
            }
            spec @ (Spec::Live(_) | Spec::Simulated(_)) => {
                found.simulated |= matches!(spec, Spec::Simulated(_));
                if let Spec::Live(source) | Spec::Simulated(source) = spec {
                    let source = called(source);
                    found.links.push(chosen(source.as_ref()));
                    let from = record::escape(source.name());
                    found.titles.extend(title.map(|title| (from, title)));
                    found.live.push(source);
                }
            }
        }
        Ok::<(), Stop>(())
    };
    for name in &args.sources {
        take(Some(name), &args.line, None)?;
    }
    if args.sources.is_empty() {
        // One variable cannot name the sources of several meters.
        let source = environment::source().filter(|_| meters.len() <= 1);
        for meter in meters {
            let name = source.as_deref().or(meter.source.as_deref());
            let taken = take(name, &meter.line(&args.line), Some(meter));
            taken.map_err(|stop| match (&source, config, &meter.source) {
                (None, Some(config), Some(_)) => config.at(meter.lines.source, "source", stop),
                _ => stop,
            })?;
        }
        if meters.is_empty() {
            take(None, &args.line, None)?;
        }
    }
    Ok(found)
}

/// The decoder, and the recording beside it.
struct Watcher {
    decoder: Decoder,
    recording: Option<Recording>,
    reload: Option<Reload>,
}

impl Task for Watcher {
    fn tick(&mut self, context: &mut Context) {
        if let Some(entries) = self.reload.as_mut().and_then(|it| it.read_again(&context.messages))
        {
            self.decoder.replace_keys(entries);
        }
        self.decoder.tick(context);
    }

    fn tick_interval(&self) -> Duration {
        self.decoder.tick_interval()
    }

    fn add_status(&self, text: &mut String) {
        self.decoder.add_status(text);
    }

    fn keyboard(&self) -> Option<BorrowedFd<'_>> {
        self.decoder.keyboard()
    }

    fn is_asked_to_end(&self) -> bool {
        self.decoder.is_asked_to_end()
    }
}

impl Stage for Watcher {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.take(record, context);
        }
        self.decoder.feed(record, place, context);
    }

    fn end(&mut self, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.end(context);
        }
        self.decoder.end(context);
    }

    fn start_live(&mut self) {
        self.decoder.start_live();
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        if let Some(recording) = &mut self.recording {
            recording.quiet(silent, context);
        }
        self.decoder.quiet(silent, context);
    }

    fn frames(&self) -> u64 {
        self.decoder.frames()
    }

    fn links(&self, from: &str) -> LinkChoice {
        self.decoder.links(from)
    }

    fn partial(&self) -> Option<Error> {
        self.decoder.partial()
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        let stored = self.decoder.finish(context);
        let Some(recording) = &mut self.recording else {
            return stored;
        };
        recording.end(context);
        stored && !recording.failed()
    }
}
