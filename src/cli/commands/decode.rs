//! `decode`: anything in, readings out.
//!
//! `- apdu 0f80… link=mbus` becomes `{"schema":1,"time":"2021-09-27T09:47:15+02:00",…}`. Frames and
//! ciphered APDUs are decoded as well: the earlier stages are built in, and idle when they have
//! nothing to do.

use crate::cli::{
    input::files,
    run::{
        context::Context,
        decoder::ChainSettings,
        parallel::{Jobs, text_decoder},
        stage::{self, Stage},
        status::{Status, Stop},
    },
    setup::{args, families, keys, link_choice, output_format},
};

/// Runs the subcommand.
pub fn run(args: &args::DecodeArgs) -> Status {
    let mut context = Context::new("decode", args.messages);
    if args.format.list_fields {
        context.output.text.extend_from_slice(output_format::list().as_bytes());
        return context.finish_plain();
    }
    match prepare(args, &mut context) {
        Ok(mut stage) => {
            let (files, form) = (&args.input.files, args.input.form.form);
            let result = files::run(files, form, None, stage.as_mut(), &mut context);
            link_choice::remark(args.link.choice(), &mut context);
            stage::finish(context, result, stage.as_mut())
        }
        Err(stop) => context.stop(stop),
    }
}

fn prepare(args: &args::DecodeArgs, context: &mut Context) -> Result<Box<dyn Stage>, Stop> {
    let format = output_format::build(&args.format)?;
    let zone = output_format::zone(&args.format)?;
    let decrypt = keys::decrypt(&args.keys, &args.input, &context.messages)?;
    let families = families::all(&args.format.layouts, None)?;
    let jobs = (Jobs::new(args.jobs.jobs), args.input.files.as_slice());
    let settings = ChainSettings { families, links: args.link.choice() };
    Ok(text_decoder(decrypt, settings, format, zone, None, jobs, context))
}
