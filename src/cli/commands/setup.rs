//! `setup`: from an adapter and a key to a configuration, and a service that runs.

use crate::cli::{
    run::{
        context::Context,
        status::{Status, Stop},
    },
    setup::setup_args::SetupArgs,
    wizard::{
        files::{self, Folders},
        meter,
        prompts::Prompts,
        service, sinks,
    },
};

/// Runs the subcommand.
pub fn run(args: &SetupArgs) -> Status {
    let mut context = Context::new("setup", args.messages);
    let result = set_up(args, &mut context);
    let started = service::start_again();
    if let Ok(Some(unit)) = &started {
        let _ = context.print(&format!("{unit} runs again"));
    }
    match result.and(started.map(drop)) {
        Ok(()) => context.finish_plain(),
        Err(Stop::Interrupted) => {
            context.stop(Stop::Failed(Status::Nothing, "interrupted, nothing is set up".to_owned()))
        }
        Err(stop) => context.stop(stop),
    }
}

fn set_up(args: &SetupArgs, context: &mut Context) -> Result<(), Stop> {
    let prompts = Prompts::find();
    let folders = Folders::find(args.config.as_deref())?;
    let config = folders.config.display().to_string();
    if folders.config.exists()
        && !args.force
        && !prompts.confirm(&format!("Replace {config}?"), false)?
    {
        return Err(Stop::usage(format!(
            "{config}: there is a configuration; --force replaces it"
        )));
    }
    let meter = meter::find(args, &prompts, context)?;
    let sinks = sinks::find(args, &folders, &prompts, context)?;
    let comment = "Written by meterpipe setup: meterpipe-watch(1), meterpipe-sinks(7).";
    for path in files::plan(comment, &meter, &sinks, &folders)?.write()? {
        context.print(&format!("written: {}", path.display()))?;
    }
    // A virtual meter is no service: somebody would take its readings for real ones.
    let offered = !args.enable && folders.are_of_service && meter.key.is_some();
    let offered = offered && service::is_there();
    if args.enable || offered && prompts.confirm("Start the service now and at each boot?", true)? {
        context.print("Starting the service; this takes up to 30 s until a telegram has come")?;
        let status = service::enable()?;
        context.print(&format!("The service has started: {status}"))?;
        context.print("Later: systemctl status meterpipe; sudo journalctl -u meterpipe")?;
    } else if folders.are_of_service && meter.key.is_some() {
        context.print("Next: systemctl enable --now meterpipe")?;
    } else {
        context.print(&format!("Next: meterpipe watch --config {config}"))?;
    }
    Ok(())
}
