//! `explain`: anything in, every octet with its meaning out.
//!
//! The stages of `decode` judge the input, and report and count as they do there. Beside them the
//! octets of each telegram are kept, and printed layer by layer once its fate is known.

mod json;
mod page;
mod pieces;
mod place;

use std::io::IsTerminal;

use jiff::tz::TimeZone;

use crate::cli::{
    commands::explain::{page::ExplainPage, pieces::SourcePieces, place::WantedPlace},
    input::files,
    run::{
        context::Context,
        events,
        stage::{self, Stage, Task},
        status::{Status, Stop},
    },
    setup::{
        args::{self, ExplainFormat},
        families, keys, link_choice, output_format,
    },
};
use meterpipe::{
    chain::{
        decode::{DecodeEvent, Telegrams},
        event::{SortedOctets, StageEvent},
        sources::Sources,
        unframe::Unframe,
    },
    cipher::ciphered::{GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    error::Error,
    explain::telegram::{self, TelegramParts},
    format::printable::printable,
    reading::family::MeterFamilies,
    record::{Place, Record, RecordKind},
};

/// Runs the subcommand.
pub fn run(args: &args::ExplainArgs) -> Status {
    let mut context = Context::new("explain", args.messages);
    match prepare(args, &context) {
        Ok(mut stage) => {
            let (files, form) = (&args.input.files, args.input.form.form);
            let result = files::run(files, form, None, &mut stage, &mut context);
            let result = result.and_then(|()| stage.rest.printer.has_shown_the_place(&context));
            link_choice::remark(args.link.choice(), &context);
            stage::finish(context, result, &mut stage)
        }
        Err(stop) => context.stop(stop),
    }
}

fn prepare(args: &args::ExplainArgs, context: &Context) -> Result<Explainer, Stop> {
    let at = args.at.as_deref().map(str::parse::<WantedPlace>).transpose().map_err(Stop::usage)?;
    let decrypt = keys::decrypt(&args.keys, &args.input, &context.messages)?;
    let families = families::all(&args.layouts, None)?;
    let printer = match args.format {
        ExplainFormat::Text => {
            let is_terminal = std::io::stdout().is_terminal();
            PrinterForm::Page(ExplainPage::of_stdout(is_terminal, at))
        }
        ExplainFormat::Json => PrinterForm::Json(at),
    };
    let printer = Printer { form: printer, missed: args.at.clone(), telegrams: 0 };
    Ok(Explainer {
        unframe: Unframe::with(args.link.choice()).with_parts(),
        rest: Listener {
            telegrams: Telegrams::new(decrypt).with_families(families),
            families,
            zone: output_format::zone_of(args.timezone.as_deref())?,
            sources: Sources::default(),
            printer,
        },
    })
}

/// The stage.
struct Explainer {
    unframe: Unframe,
    rest: Listener,
}

/// Everything behind the unframing.
struct Listener {
    telegrams: Telegrams,
    families: MeterFamilies,
    zone: TimeZone,
    sources: Sources<SourcePieces>,
    printer: Printer,
}

/// Writes listings.
struct Printer {
    form: PrinterForm,
    /// The place of `--at`, as long as no telegram has it.
    missed: Option<String>,
    /// Telegrams, and parts of some.
    telegrams: usize,
}

/// The form of the output.
enum PrinterForm {
    Page(ExplainPage),
    Json(Option<WantedPlace>),
}

impl Task for Explainer {}

impl Stage for Explainer {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { unframe, rest } = self;
        // An APDU of a record has no octets of a line.
        let is_alone = record.kind == RecordKind::Apdu;
        let mut take = |event: StageEvent<'_>| rest.take(&event, is_alone, context);
        unframe.feed(record, place, &mut take);
    }

    fn end(&mut self, context: &mut Context) {
        let Self { unframe, rest } = self;
        unframe.end(&mut |event: StageEvent<'_>| rest.take(&event, false, context));
        rest.end(unframe.partial(), context);
    }

    fn partial(&self) -> Option<Error> {
        self.unframe.partial()
    }
}

impl Listener {
    fn take(&mut self, event: &StageEvent<'_>, is_alone: bool, context: &mut Context) {
        match event {
            StageEvent::Sorted(sorted) => self.sort(sorted, context),
            StageEvent::Record(record, place) if record.kind == RecordKind::Apdu => {
                self.apdu(record, *place, is_alone, context);
            }
            // A kind that only a later version knows is for the stages behind this one.
            StageEvent::Record(..) => {}
            StageEvent::Refused(refusal) => {
                context.refused(refusal);
                if let Some(pieces) = self.sources.find(refusal.from) {
                    pieces.refused(refusal.error);
                }
            }
            StageEvent::Noise(octets) => context.noise(*octets),
            StageEvent::Unverified(title) => events::unverified(*title, context),
            StageEvent::Unchecked => events::unchecked(context),
        }
    }

    /// Keeps octets of a line. If they begin another telegram, the one before is over.
    fn sort(&mut self, sorted: &SortedOctets<'_>, context: &mut Context) {
        if !self.sources.choose(sorted.from) {
            let new = SourcePieces::default();
            if let Some((_, mut gone)) = self.sources.add(sorted.from, new, SourcePieces::is_empty)
            {
                self.print_pieces(&mut gone, u64::MAX, context);
            }
        }
        let Some(pieces) = self.sources.chosen() else {
            return;
        };
        if pieces.ends_before(sorted) {
            let mut pieces = std::mem::take(pieces);
            self.print_pieces(&mut pieces, sorted.position, context);
            if let Some(chosen) = self.sources.chosen() {
                *chosen = pieces;
            }
        }
        if let Some(pieces) = self.sources.chosen() {
            pieces.add(sorted);
        }
    }

    /// Explains an APDU with the octets of the line that brought it.
    fn apdu(&mut self, record: &Record<'_>, place: Place, is_alone: bool, context: &mut Context) {
        let (mut plain, mut auth, mut error) = (None, None, None);
        let event = StageEvent::Record(*record, place);
        self.telegrams.feed(event, &mut |event: DecodeEvent<'_>| match event {
            DecodeEvent::Telegram { record, .. } => {
                plain = Some(record.octets.to_vec());
                auth = record.attributes.auth;
                context.tally.telegrams += 1;
            }
            event => {
                if let DecodeEvent::Refused(refusal) = &event {
                    error = Some(refusal.error);
                }
                events::of_chain(&event, context);
            }
        });
        let is_ciphered =
            matches!(record.octets.first(), Some(&(GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING)));
        if error.is_some() && is_ciphered {
            plain = self.telegrams.decrypt().plain().map(<[u8]>::to_vec);
        }
        let pieces = match self.sources.find(record.attributes.from) {
            Some(pieces) if !is_alone => Some(pieces.take()),
            _ => None,
        };
        let list = pieces.iter().flat_map(|pieces| pieces.list(u64::MAX)).collect();
        let parts = TelegramParts {
            apdu: Some(record.octets),
            plain: plain.as_deref(),
            auth,
            error,
            place: Some(place),
            ..TelegramParts::of(list, self.families, &self.zone)
        };
        let place = pieces.as_ref().map_or(place, SourcePieces::place);
        self.printer.print(&parts, place, &mut context.output.text);
    }

    /// Explains octets that make no APDU.
    fn print_pieces(&mut self, pieces: &mut SourcePieces, before: u64, context: &mut Context) {
        let parts = TelegramParts::of(pieces.list(before), self.families, &self.zone);
        self.printer.print(&parts, pieces.place(), &mut context.output.text);
        pieces.drop_before(before);
    }

    /// Explains what is left at the end of an input. `partial` says how it breaks off.
    fn end(&mut self, partial: Option<Error>, context: &mut Context) {
        let mut sources = std::mem::take(&mut self.sources);
        for (_, pieces) in sources.iter_mut().filter(|(_, pieces)| !pieces.is_empty()) {
            partial.into_iter().for_each(|error| pieces.breaks_off(error));
            self.print_pieces(pieces, u64::MAX, context);
        }
    }
}

impl Printer {
    fn print(&mut self, parts: &TelegramParts<'_>, place: Place, text: &mut Vec<u8>) {
        let layers = telegram::layers(parts);
        let has_place = match &mut self.form {
            PrinterForm::Page(page) => page.telegram(&layers, place, text),
            PrinterForm::Json(at) => json::telegram(&layers, at.as_ref(), text),
        };
        self.telegrams += 1;
        self.missed.take_if(|_| has_place);
    }

    /// Refuses a place that no telegram has.
    fn has_shown_the_place(&self, context: &Context) -> Result<(), Stop> {
        let Some(at) = self.missed.as_ref().filter(|_| self.telegrams > 0) else {
            return Ok(());
        };
        let text = format!("--at: no telegram has the place {}", printable(at));
        match context.tally.status() {
            Status::Fine => Err(Stop::usage(text)),
            // The place may be in a layer that stays closed, or behind a defect.
            _ => {
                context.messages.warn(&text);
                Ok(())
            }
        }
    }
}
