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
    commands::explain::{
        page::ExplainPage,
        pieces::SourcePieces,
        place::{ListingHead, WantedPlace},
    },
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
    explain::{
        span::LayerListing,
        telegram::{self, PieceGroup, TelegramParts},
    },
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
            let result = result.and_then(|()| stage.rest.printer.has_shown_the_place(&mut context));
            link_choice::remark(args.link.choice(), &mut context);
            stage::finish(context, result, &mut stage)
        }
        Err(stop) => context.stop(stop),
    }
}

fn prepare(args: &args::ExplainArgs, context: &Context) -> Result<Explainer, Stop> {
    let at = |text: &String| Ok((text.clone(), text.parse::<WantedPlace>()?));
    let at = args.at.as_ref().map(at).transpose().map_err(|why: String| Stop::usage(why))?;
    let decrypt = keys::decrypt(&args.keys, &args.input, &context.messages)?;
    let families = families::all(&args.layouts, None)?;
    let form = match args.format {
        ExplainFormat::Text => {
            PrinterForm::Page(ExplainPage::of_stdout(std::io::stdout().is_terminal()))
        }
        ExplainFormat::Json => PrinterForm::Json,
    };
    let printer = Printer {
        form,
        missed: at.is_some(),
        at,
        telegrams: 0,
        has_listings: false,
        nearest: Vec::new(),
        cut_off: Vec::new(),
        similar: Vec::new(),
        has_told: false,
        last: Place::default(),
    };
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
    /// The place to be shown, as it was given and as it is understood.
    at: Option<(String, WantedPlace)>,
    /// No telegram has had that place so far.
    missed: bool,
    /// Telegrams, and parts of some.
    telegrams: usize,
    has_listings: bool,
    /// The last listing that begins in front of the place.
    nearest: Vec<u8>,
    /// The layers at the place that end in front of the octet.
    cut_off: Vec<u8>,
    /// The place in listings that have not the defect of the message.
    similar: Vec<u8>,
    /// A listing with that defect is printed.
    has_told: bool,
    /// The end of the input so far.
    last: Place,
}

/// The remark on a layer without the octet that a message names.
fn ends_before(octet: usize) -> String {
    format!("ends before octet {octet}")
}

/// The octets of listings that wait for one with the defect of a message.
const SIMILAR: usize = 1 << 20;

/// The form of the output.
enum PrinterForm {
    Page(ExplainPage),
    Json,
}

impl Task for Explainer {}

impl Stage for Explainer {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { unframe, rest } = self;
        rest.printer.last = match place {
            Place::Octet(octet) => Place::Octet(octet + record.octets.len() as u64),
            place => place,
        };
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
            StageEvent::Edge(edge) => context.edge(*edge),
        }
    }

    /// Keeps octets of a line. If they begin another telegram, the one before is over.
    fn sort(&mut self, sorted: &SortedOctets<'_>, context: &mut Context) {
        if !self.sources.choose(sorted.from) {
            let new = SourcePieces::default();
            if let Some((_, gone)) = self.sources.add(sorted.from, new, SourcePieces::is_empty) {
                self.print_pieces(&gone, context);
            }
        }
        let Some(pieces) = self.sources.chosen() else {
            return;
        };
        let over = pieces.ends_before(sorted).map(|position| pieces.take_before(position));
        pieces.add(sorted);
        if let Some(over) = over {
            self.print_pieces(&over, context);
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
        let list = pieces.iter().flat_map(|pieces| pieces.list()).collect();
        let mut groups = telegram::groups(list);
        let telegram = match groups.pop() {
            Some(PieceGroup::Telegram(telegram)) => telegram,
            noise => {
                groups.extend(noise);
                Vec::new()
            }
        };
        self.print_groups(groups, context);
        let first = telegram.first().map_or(place, |piece| piece.place);
        let parts = TelegramParts {
            apdu: Some(record.octets),
            plain: plain.as_deref(),
            auth,
            error,
            place: Some(place),
            ..TelegramParts::of(telegram, self.families, &self.zone)
        };
        self.printer.print(&parts, first, &mut context.output.text);
    }

    /// Explains octets that make no APDU.
    fn print_pieces(&mut self, pieces: &SourcePieces, context: &mut Context) {
        self.print_groups(telegram::groups(pieces.list()), context);
    }

    fn print_groups(&mut self, groups: Vec<PieceGroup<'_>>, context: &mut Context) {
        for group in groups {
            let text = &mut context.output.text;
            let of = |pieces| TelegramParts::of(pieces, self.families, &self.zone);
            match group {
                PieceGroup::Noise(piece) => {
                    let place = piece.place;
                    self.printer.print_noise(&of(vec![piece]), place, text);
                }
                PieceGroup::Telegram(pieces) => {
                    let first = pieces.first().map(|piece| piece.place).unwrap_or_default();
                    self.printer.print(&of(pieces), first, text);
                }
            }
        }
    }

    /// Explains what is left at the end of an input. `partial` says how it breaks off.
    fn end(&mut self, partial: Option<Error>, context: &mut Context) {
        let mut sources = std::mem::take(&mut self.sources);
        for (_, pieces) in sources.iter_mut().filter(|(_, pieces)| !pieces.is_empty()) {
            partial.into_iter().for_each(|error| pieces.breaks_off(error));
            self.print_pieces(pieces, context);
        }
    }
}

impl Printer {
    fn print(&mut self, parts: &TelegramParts<'_>, place: Place, text: &mut Vec<u8>) {
        self.telegrams += 1;
        self.listing(parts, ListingHead::Telegram(self.telegrams, place), text);
    }

    /// Prints octets between telegrams.
    fn print_noise(&mut self, parts: &TelegramParts<'_>, place: Place, text: &mut Vec<u8>) {
        self.listing(parts, ListingHead::Noise(place), text);
    }

    fn listing(&mut self, parts: &TelegramParts<'_>, head: ListingHead, text: &mut Vec<u8>) {
        self.has_listings = true;
        let layers = telegram::layers(parts);
        let Some((_, at)) = &self.at else {
            self.form.write(&layers, head, None, text);
            return;
        };
        if !self.missed && at.is_layer() {
            return;
        }
        // Several frames of a line may have the octet of a message, and one of them the defect.
        let mut told: Vec<_> =
            layers.iter().filter(|it| at.is_told_in(it, head)).cloned().collect();
        if !told.is_empty() && self.form.is_page() {
            if !core::mem::replace(&mut self.has_told, true) {
                self.similar.clear();
                self.form.restart();
            }
            for layer in &mut told {
                layer.notes.extend(at.lacking_in(layer).map(ends_before));
            }
            self.form.write(&told, head, Some(&at.of_defect()), text);
            self.missed = false;
        }
        if self.has_told {
            return;
        }
        let waits = at.is_message() && self.form.is_page() && self.similar.len() < SIMILAR;
        let out = if waits { &mut self.similar } else { text };
        if self.form.write(&layers, head, Some(at), out) {
            self.missed = false;
        } else if let (true, Some((end, octet))) = (self.missed, at.behind_end()) {
            // A message may name the octet that is missing.
            let mut layers = layers;
            layers.iter_mut().for_each(|layer| layer.notes.push(ends_before(octet)));
            let is_first = self.cut_off.is_empty();
            if is_first && self.form.write(&layers, head, Some(&end), &mut self.cut_off) {
                self.form.restart();
            }
            layers.iter_mut().for_each(|layer| drop(layer.notes.pop()));
            // A start within a damaged frame has a message, and no layer of its own.
            self.note_nearest(&layers, head);
        } else if self.missed && at.is_of_input() {
            self.note_nearest(&layers, head);
        }
    }

    /// Keeps a listing that may go on up to the place.
    fn note_nearest(&mut self, layers: &[LayerListing<'_>], head: ListingHead) {
        if self.at.as_ref().is_some_and(|(_, at)| at.is_behind(head.place())) {
            self.nearest.clear();
            self.form.write(layers, head, None, &mut self.nearest);
            self.form.restart();
        }
    }

    /// Prints the listing that the place of `--at` stands in, if none begins there; refuses a place that
    /// no telegram has.
    fn has_shown_the_place(&mut self, context: &mut Context) -> Result<(), Stop> {
        context.output.text.append(&mut self.similar);
        let Some((text, at)) = self.at.as_ref().filter(|_| self.missed && self.has_listings) else {
            return Ok(());
        };
        if !self.cut_off.is_empty() {
            context.output.text.append(&mut self.cut_off);
            return Ok(());
        }
        if !self.nearest.is_empty() && at.is_up_to(self.last) {
            context.output.text.append(&mut self.nearest);
            return Ok(());
        }
        let text = format!("--at: no telegram has the place {}", printable(text));
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

impl PrinterForm {
    /// Appends a listing, or one place in it. False if it has no such place.
    fn write(
        &mut self,
        layers: &[LayerListing<'_>],
        head: ListingHead,
        at: Option<&WantedPlace>,
        text: &mut Vec<u8>,
    ) -> bool {
        match self {
            Self::Page(page) => page.telegram(layers, head, at, text),
            Self::Json => json::telegram(layers, head, at, text),
        }
    }

    const fn is_page(&self) -> bool {
        matches!(self, Self::Page(_))
    }

    /// Begins the output anew: nothing was printed.
    const fn restart(&mut self) {
        if let Self::Page(page) = self {
            page.restart();
        }
    }
}
