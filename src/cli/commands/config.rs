//! `config`: checks the configuration, shows it, or makes one from that of an older program.

mod import;
pub mod online;

use std::time::Duration;

use clap::ValueEnum;

use crate::cli::{
    live::sources::{self, SourcePlaces},
    run::{
        context::Context,
        status::{Status, Stop},
    },
    setup::{
        config_args::{ConfigAction, ConfigArgs},
        config_file::{self, Config},
        credentials, destinations, environment, families, keys,
        shared_args::{KeyArgs, SerialArgs},
        toml_text::table,
    },
};
use meterpipe::{
    counted::counted,
    format::printable::printable,
    sink::{
        files::path_template::PathTemplate, line_counters::LineCounters, registry,
        settings::redact, spool::segments,
    },
};

/// Runs the subcommand.
pub fn run(args: &ConfigArgs) -> Status {
    let mut context = Context::new("config", args.messages);
    let result = match (args.action, misplaced(args)) {
        (_, Some(text)) => Err(Stop::usage(text)),
        (ConfigAction::Import, None) => import::run(args, &mut context),
        (ConfigAction::Check | ConfigAction::Show, None) => with_config(args, &mut context),
    };
    match result {
        Ok(()) => context.finish_plain(),
        Err(stop) => context.stop(stop),
    }
}

/// The advice about arguments that belong to another action.
fn misplaced(args: &ConfigArgs) -> Option<&'static str> {
    let is_import = args.action == ConfigAction::Import;
    match () {
        () if args.online && args.action != ConfigAction::Check => {
            Some("--online belongs to check")
        }
        () if is_import && args.config.is_some() => {
            Some("--config belongs to check and show: import writes to --output")
        }
        () if !is_import && (!args.files.is_empty() || !args.old.is_empty()) => {
            Some("a file without an option belongs to import: name the configuration with --config")
        }
        () if !is_import && (args.output.is_some() || args.force) => {
            Some("--output and --force belong to import")
        }
        () => None,
    }
}

fn with_config(args: &ConfigArgs, context: &mut Context) -> Result<(), Stop> {
    let found = match args.action {
        ConfigAction::Check => config_file::find_with_mistakes(args.config.as_deref()),
        _ => config_file::find(args.config.as_deref()),
    };
    found.and_then(|config| {
        let config = config.ok_or_else(|| {
            let places = "~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml";
            Stop::usage(format!("there is no configuration: looked for {places}"))
        })?;
        match args.action {
            ConfigAction::Check => check(config, args, context),
            _ => show(config, context),
        }
    })
}

/// Checks the settings and reads the files that they name; no source is read, and no sink is asked, unless
/// that is wanted.
fn check(config: Config, args: &ConfigArgs, context: &mut Context) -> Result<(), Stop> {
    let secrets = credentials::use_those_of_service(&config.path);
    let mut mistakes: Vec<Stop> = config.mistakes.iter().map(Stop::usage).collect();
    let mut places = SourcePlaces::default();
    for meter in &config.meters {
        mistakes.extend(keys::of_meter(&config, meter, &context.messages).err().map(Stop::from));
        mistakes.extend(families::of_meter(&config, meter).err());
        // `find` reads nothing, and refuses a name that no source can have.
        let line = meter.line(&SerialArgs::default());
        if let Some(source) = &meter.source {
            let found = sources::find(Some(source), &line, true).and_then(|it| places.add(&it));
            let found = found.map_err(|stop| config.at(meter.lines.source, "source", stop));
            mistakes.extend(found.err());
        }
    }
    mistakes.extend(destinations::mistakes(&config));
    if let Some(last) = mistakes.pop() {
        // The last one ends the run.
        for mistake in mistakes {
            if let Stop::Failed(_, text) = mistake {
                context.messages.fail(&text);
            }
        }
        return Err(last);
    }
    let (meters, sinks) = (config.meters.len(), config.sinks.len());
    let path = config.path.display().to_string();
    // Warnings are those of a run.
    let counters = LineCounters::default();
    let mut asked = destinations::of(&[], Some(&config), "", &counters, &context.messages)?;
    for (settings, sink) in config.sinks.iter().zip(&mut asked) {
        let place = match registry::kind(&settings.scheme) {
            Some(kind) if kind.is_program(&settings.scheme) => {
                sink.sink.probe(Duration::ZERO).err()
            }
            Some(kind) if kind.is_file(&settings.scheme) => PathTemplate::obstacle(settings),
            _ => None,
        };
        let spool = destinations::spool(settings).and_then(|spool| segments::obstacle(&spool));
        for why in [place, spool].into_iter().flatten() {
            let line = format!("warning: sink {}: {why}", sink.name);
            context.output.text.extend_from_slice(printable(&line).as_bytes());
            context.output.text.push(b'\n');
        }
    }
    let remarks = remarks(&config, context)?;
    let text = &mut context.output.text;
    for remark in remarks {
        text.extend_from_slice(format!("{path}: {remark}\n").as_bytes());
    }
    text.extend_from_slice(
        format!("{path}: {}, {}, no mistake\n", counted(meters, "meter"), counted(sinks, "sink"))
            .as_bytes(),
    );
    if !secrets.is_empty() {
        let secrets: Vec<_> = secrets.iter().map(|path| path.display().to_string()).collect();
        let secrets = secrets.join(", ");
        text.extend_from_slice(
            format!("{path}: with the secrets of the service: {secrets}\n").as_bytes(),
        );
    }
    match args.online {
        true => online::run(&config, asked, args.timeout, args.messages.into(), context),
        false => Ok(()),
    }
}

/// The parts that a configuration lacks and most users want.
fn remarks(config: &Config, context: &Context) -> Result<Vec<String>, Stop> {
    let mut remarks = Vec::new();
    let has_common_key = !keys::entries(&KeyArgs::default(), &context.messages)?.is_empty();
    for (number, meter) in (1..).zip(&config.meters) {
        let source = meter.source.as_deref().unwrap_or_default();
        if meter.key_file.is_none() && !has_common_key && !source.starts_with("sim:") {
            let name = meter.name.clone().unwrap_or_else(|| format!("number {number}"));
            let name = printable(&name).into_owned();
            remarks
                .push(format!("meter {name} has no key_file: its encrypted telegrams stay closed"));
        }
    }
    if config.sinks.is_empty() {
        remarks.push("there is no [[sink]]: watch prints the readings, and stores none".to_owned());
    }
    Ok(remarks)
}

/// Prints the settings in force in the form of the configuration, without secrets.
fn show(config: Config, context: &mut Context) -> Result<(), Stop> {
    // A line end in the name of a file must not end the comment.
    let mut text = format!("# {}\n", printable(&config.path.display().to_string()));
    for meter in &config.meters {
        let mut rows = Vec::new();
        rows.extend(meter.name.as_ref().map(|name| ("name", name.clone())));
        rows.extend(meter.source.as_ref().map(|source| ("source", source.clone())));
        let key_file = meter.key_file.as_ref().map(|path| match keys::is_key(path) {
            true => redact::HIDDEN.to_owned(),
            false => path.display().to_string(),
        });
        rows.extend(key_file.map(|path| ("key_file", path)));
        let layout = meter.layout.as_ref().map(|path| path.display().to_string());
        rows.extend(layout.map(|path| ("layout", path)));
        let line = meter.serial.line.and_then(|line| line.to_possible_value());
        rows.extend(line.map(|line| ("line", line.get_name().to_owned())));
        rows.extend(meter.serial.baud.map(|baud| ("baud", baud.to_string())));
        let parity = meter.serial.parity.and_then(|parity| parity.to_possible_value());
        rows.extend(parity.map(|parity| ("parity", parity.get_name().to_owned())));
        rows.extend(meter.link.map(|link| ("link", link.name().to_owned())));
        rows.extend(meter.system_title.map(|title| ("system_title", hex::encode(title))));
        table("meter", rows.iter().map(|(key, value)| (*key, value.as_str())), &mut text);
    }
    for mut settings in config.sinks {
        environment::complete(&mut settings);
        let redacted = settings.redacted();
        let rows = redacted.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        table("sink", [("to", settings.name.as_str())].into_iter().chain(rows), &mut text);
    }
    context.output.text.extend_from_slice(text.as_bytes());
    Ok(())
}
