//! A telegram, layer by layer: frames, blocks, the ciphered APDU, the plain one.
//!
//! The caller brings what the stages found: the pieces of the line, the APDU that they make, its
//! plaintext, the defects. Where a telegram breaks off, the layers above have what is there.
//!
//! ```
//! use meterpipe::cosem::clock::VIENNA;
//! use meterpipe::explain::telegram::{TelegramParts, layers};
//! use meterpipe::reading::family::MeterFamilies;
//!
//! let apdu = [0x0f, 0, 0, 0, 1, 0, 0x02, 0x01, 0x11, 0x07];
//! let nothing = TelegramParts::of(vec![], MeterFamilies::default(), &VIENNA);
//! let layers = layers(&TelegramParts { apdu: Some(&apdu), ..nothing });
//! let around: Vec<_> = layers[0].at(9).map(|span| format!("{}: {}", span.name, span.text)).collect();
//! assert_eq!(around, ["structure: 1 element", "item_1: 7", "item_1: 7"]);
//! ```

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::{
    cipher::ciphered::{self, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    cosem::{
        clock::Clock,
        notification::{self, DATA_NOTIFICATION},
    },
    counted::{Counted, counted},
    error::{Cause, Error, Layer},
    explain::{
        data, dsmr, object,
        span::{LayerListing, Span, SpanRole},
    },
    link::{block_transfer, hdlc, registry::LinkKind},
    p1,
    reading::{family::MeterFamilies, telegram::Telegram, value::Value},
    record::{Auth, Place},
};

/// A telegram as the stages left it.
#[derive(Clone, Debug)]
pub struct TelegramParts<'a> {
    /// The octets of the line, in their order; none if the APDU came alone.
    pub pieces: Vec<LinePiece<'a>>,
    /// The APDU that they bring, if it is whole.
    pub apdu: Option<&'a [u8]>,
    /// Its plaintext, if it was opened.
    pub plain: Option<&'a [u8]>,
    /// The integrity of a ciphered APDU that was opened.
    pub auth: Option<Auth>,
    /// The defect of the APDU.
    pub error: Option<Error>,
    /// Where in the input the telegram began, if the APDU is whole.
    pub place: Option<Place>,
    /// The tables of meters that send no codes.
    pub families: MeterFamilies,
    /// The zone for clocks that do not say their own.
    pub zone: &'a TimeZone,
}

impl<'a> TelegramParts<'a> {
    /// Of some octets of the line, which make no APDU.
    #[must_use]
    pub const fn of(
        pieces: Vec<LinePiece<'a>>,
        families: MeterFamilies,
        zone: &'a TimeZone,
    ) -> Self {
        let (apdu, plain, auth, error, place) = (None, None, None, None, None);
        Self { pieces, apdu, plain, auth, error, place, families, zone }
    }
}

/// Octets of the line with one part in the stream.
#[derive(Clone, Debug)]
pub struct LinePiece<'a> {
    /// The octets.
    pub octets: &'a [u8],
    /// Where in the input the first of them stands.
    pub place: Place,
    /// Their part.
    pub part: PiecePart,
    /// Defects of the telegram that showed with this piece.
    pub errors: Vec<Error>,
}

/// The part of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PiecePart {
    /// A frame that passed its checks.
    Frame(LinkKind),
    /// A frame or an APDU with that defect.
    Damaged(Error),
    /// A frame that the end of the input cuts off.
    CutOff(LinkKind),
    /// Octets that belong to nothing.
    Noise,
    /// An APDU without a frame.
    Apdu,
}

/// The octets that a damaged frame or APDU has of those up to the next piece. Behind a frame whose size
/// can be believed the rest is noise.
#[must_use]
pub fn damaged_size(error: &Error, octets: &[u8]) -> usize {
    let is_sure = matches!(
        error.cause,
        Cause::Checksum { .. }
            | Cause::CheckSequence { what: hdlc::FRAME_CHECK | p1::CRC_NAME, .. }
    );
    match LinkKind::of_error(error, octets).filter(|_| is_sure) {
        Some(link) => link.fields(octets).iter().map(|field| field.octets.len()).sum(),
        None => octets.len(),
    }
}

/// Where the frame begins that the end of some octets cuts off, and its link layer.
#[must_use]
pub fn cut_off_frame(octets: &[u8]) -> Option<(usize, LinkKind)> {
    (0..octets.len()).find_map(|at| Some((at, LinkKind::cut_off(octets.get(at..)?)?)))
}

/// Pieces that are listed together.
#[derive(Clone, Debug)]
pub enum PieceGroup<'a> {
    /// A telegram, or a part of one.
    Telegram(Vec<LinePiece<'a>>),
    /// Octets between telegrams.
    Noise(LinePiece<'a>),
}

/// Parts pieces into telegrams, and the noise in front of them and behind them. Noise between the frames
/// of a telegram stays where it is.
#[must_use]
pub fn groups(pieces: Vec<LinePiece<'_>>) -> Vec<PieceGroup<'_>> {
    let mut groups = Vec::new();
    let (mut telegram, mut noise) = (Vec::new(), Vec::new());
    for piece in pieces {
        if piece.part == PiecePart::Noise {
            noise.push(piece);
            continue;
        }
        let begins = match piece.part {
            PiecePart::CutOff(link) => link.damaged_segment(piece.octets) == Some(0),
            _ => false,
        };
        if begins && !telegram.is_empty() {
            groups.push(PieceGroup::Telegram(core::mem::take(&mut telegram)));
        }
        match telegram.is_empty() {
            true => groups.extend(noise.drain(..).map(PieceGroup::Noise)),
            false => telegram.append(&mut noise),
        }
        telegram.push(piece);
    }
    groups.extend((!telegram.is_empty()).then_some(PieceGroup::Telegram(telegram)));
    groups.extend(noise.into_iter().map(PieceGroup::Noise));
    groups
}

/// The layers of a telegram, from the line to the data.
#[must_use]
pub fn layers<'a>(parts: &TelegramParts<'a>) -> Vec<LayerListing<'a>> {
    let mut layers = Vec::new();
    let mut joined = Joined::default();
    for piece in &parts.pieces {
        let before = layers.len();
        layers.extend(line(piece, parts.zone));
        let mut blocks = joined.take(piece);
        if let Some(block) = blocks.last_mut() {
            let errors = piece.errors.iter().filter(|error| error.layer == Layer::Apdu);
            errors.for_each(|error| block.damage(error));
        }
        layers.extend(blocks);
        layers.iter_mut().skip(before).for_each(|listing| listing.place = piece.place);
    }
    let apdu = match parts.apdu {
        Some(apdu) => Some(Cow::Borrowed(apdu)),
        None => joined.incomplete().map(Cow::Owned),
    };
    if let Some(apdu) = apdu {
        let frame = parts.pieces.iter().find(|piece| matches!(piece.part, PiecePart::Frame(_)));
        let place = parts.place.or(frame.map(|piece| piece.place)).unwrap_or_default();
        let above = apdu_layers(apdu, parts).into_iter();
        layers.extend(above.map(|listing| LayerListing { place, ..listing }));
    }
    number(&mut layers);
    layers
}

/// Counts the layers of each name.
fn number(layers: &mut [LayerListing<'_>]) {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for listing in layers {
        let known = counts.iter_mut().find(|(name, _)| *name == listing.layer);
        listing.number = match known {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((listing.layer, 1));
                1
            }
        };
    }
}

/// The layers of a piece; none for an APDU, which has its layers anyway.
fn line<'a>(piece: &LinePiece<'a>, zone: &TimeZone) -> Vec<LayerListing<'a>> {
    let octets = piece.octets;
    let mut listing = match piece.part {
        // The text of a DSMR telegram is its own frame.
        PiecePart::Apdu | PiecePart::Frame(LinkKind::Dsmr) => return Vec::new(),
        PiecePart::Frame(link) => frame(link, octets, ""),
        PiecePart::Damaged(error) => match LinkKind::of_error(&error, octets) {
            Some(link) => frame(link, octets, ", damaged"),
            None => return vec![damaged_apdu(octets, &error, zone)],
        },
        PiecePart::CutOff(link) => frame(link, octets, ", cut off"),
        PiecePart::Noise => noise(octets),
    };
    match piece.part {
        // The octets may be right, and nothing says that they are too many.
        PiecePart::Damaged(error @ Error { cause: Cause::Limit { .. }, .. }) => {
            listing.remark(&error);
        }
        PiecePart::Damaged(error) => listing.damage(&error),
        _ => listing.complete(),
    }
    let is_block = matches!(piece.part, PiecePart::Frame(link) if holds_block(link, octets));
    // Those of the APDU in a frame stand in its own layer.
    let is_frame = matches!(piece.part, PiecePart::Frame(_));
    let own = |error: &&Error| match error.layer {
        Layer::Apdu => !is_block,
        Layer::Cipher => !is_frame,
        _ => true,
    };
    piece.errors.iter().filter(own).for_each(|error| tell(&mut listing, error));
    vec![listing]
}

/// True for a frame with a block of an APDU, which has a layer of its own.
fn holds_block(link: LinkKind, frame: &[u8]) -> bool {
    let segment = link.segment(frame).ok().flatten();
    segment.is_some_and(|segment| segment.last && block_transfer::is_block(segment.data))
}

/// Adds a defect that showed with a piece.
fn tell(listing: &mut LayerListing<'_>, error: &Error) {
    match error.cause {
        Cause::Unexpected { .. } => listing.damage(error),
        _ => listing.remark(error),
    }
}

fn frame<'a>(link: LinkKind, octets: &'a [u8], state: &str) -> LayerListing<'a> {
    let title = format!("{}{state}, {}", link.title(), count(octets));
    let mut listing = LayerListing::new(link.layer().name(), title, octets.into());
    listing.fields(&link.fields(octets));
    listing
}

fn noise(octets: &[u8]) -> LayerListing<'_> {
    let title = format!("Noise, {}", count(octets));
    let mut listing = LayerListing::new("noise", title, octets.into());
    listing.spans.push(Span {
        offset: 0,
        length: octets.len(),
        depth: 0,
        shown: octets.len(),
        name: "noise".into(),
        text: "no frame begins here".into(),
        role: SpanRole::Unexplained,
    });
    listing
}

fn count(octets: &[u8]) -> Counted {
    counted(octets.len(), "octet")
}

/// The APDU inside some frames, as far as it is there.
#[derive(Default)]
struct Joined {
    /// The octets in frames since an APDU of the link layer began.
    link: Vec<u8>,
    /// The octets in blocks.
    blocks: Vec<u8>,
    /// A defect came: what follows does not continue the octets.
    broken: bool,
}

impl Joined {
    /// Takes a piece; the listings of the blocks that it completes.
    fn take(&mut self, piece: &LinePiece<'_>) -> Vec<LayerListing<'static>> {
        let segment = match piece.part {
            PiecePart::Frame(link) => link.segment(piece.octets).ok().flatten(),
            PiecePart::Damaged(_) => {
                self.broken = true;
                None
            }
            // Blocks without frames stand one right behind the other.
            PiecePart::Apdu => return self.blocks_in(piece.octets),
            PiecePart::CutOff(_) | PiecePart::Noise => None,
        };
        let Some(segment) = segment.filter(|_| !self.broken) else {
            return Vec::new();
        };
        self.link.extend_from_slice(segment.data);
        if !segment.last || !block_transfer::is_block(&self.link) {
            return Vec::new();
        }
        let block = core::mem::take(&mut self.link);
        vec![self.block(block)]
    }

    fn blocks_in(&mut self, mut octets: &[u8]) -> Vec<LayerListing<'static>> {
        let mut listings = Vec::new();
        while block_transfer::is_block(octets) {
            let size = block_transfer::fields(octets).iter().map(|field| field.octets.len()).sum();
            let Some((block, rest)) = octets.split_at_checked(size) else {
                break;
            };
            listings.push(self.block(block.to_vec()));
            octets = rest;
        }
        listings
    }

    fn block(&mut self, block: Vec<u8>) -> LayerListing<'static> {
        let fields = block_transfer::fields(&block);
        let data = fields.iter().find(|field| field.is_content);
        self.blocks.extend(data.into_iter().flat_map(|field| field.octets));
        let title = format!("Block of an APDU, {}", count(&block));
        let mut listing = LayerListing::new("block", title, Cow::Owned(Vec::new()));
        listing.fields(&fields);
        listing.octets = Cow::Owned(block);
        listing.complete();
        listing
    }

    /// The octets of an APDU that is not whole.
    fn incomplete(self) -> Option<Vec<u8>> {
        let apdu = if self.blocks.is_empty() { self.link } else { self.blocks };
        (!apdu.is_empty()).then_some(apdu)
    }
}

/// The layers of an APDU.
fn apdu_layers<'a>(apdu: Cow<'a, [u8]>, parts: &TelegramParts<'a>) -> Vec<LayerListing<'a>> {
    let is_whole = parts.apdu.is_some();
    let tag = apdu.first().copied();
    if !matches!(tag, Some(GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING)) {
        return match parts.apdu {
            Some(apdu) => vec![plain(apdu, parts)],
            None => cut_off(apdu),
        };
    }
    let refused = parts.pieces.iter().flat_map(|piece| &piece.errors);
    let refused = refused.copied().find(|error| error.layer == Layer::Cipher);
    let state = match refused {
        _ if is_whole => "",
        Some(_) => ", damaged",
        None => ", cut off",
    };
    let title = format!("Ciphered APDU{state}, {}", count(&apdu));
    let mut listing = LayerListing::new(Layer::Cipher.name(), title, Cow::Owned(Vec::new()));
    listing.fields(&ciphered::fields(&apdu));
    listing.octets = apdu;
    let error = parts.error.filter(|error| error.layer == Layer::Cipher);
    match (error.or(refused), parts.plain) {
        // The plaintext shows the damage.
        (Some(Error { cause: Cause::KeyFits { .. }, .. }), Some(_)) => sealed(&mut listing, parts),
        (Some(error), _) if error.cause.leaves_closed() || error.cause == Cause::Altered => {
            closed(&mut listing, &error);
        }
        (Some(error), _) => listing.damage(&error),
        _ => sealed(&mut listing, parts),
    }
    listing.complete();
    let plain = parts.plain.map(|octets| plain(octets, parts));
    [listing].into_iter().chain(plain).collect()
}

/// Says of an opened APDU how it was opened.
fn sealed(listing: &mut LayerListing<'_>, parts: &TelegramParts<'_>) {
    let tag = match parts.auth {
        Some(Auth::Verified) => "verified",
        Some(Auth::Unverified) => "not verified: no authentication key (GAK) is known",
        _ => return,
    };
    for span in listing.spans.iter_mut().filter(|span| span.name == TAG) {
        span.text = format!("{}; {tag}", span.text).into();
    }
}

/// The field that checks a ciphered APDU.
const TAG: &str = "authentication tag";

/// Says of an APDU that stays closed why, and what helps.
fn closed(listing: &mut LayerListing<'_>, error: &Error) {
    let advice = match error.cause {
        Cause::NoKey => "give the key of the meter with --key-file",
        Cause::NoTitle => "give the system title with --system-title",
        Cause::KeyOrDamage => "compare the key with that of the operator",
        _ => "nothing in it can be explained",
    };
    let is_tag = matches!(error.cause, Cause::Tag | Cause::TagOrAuthenticationKey | Cause::Altered);
    let tag = listing.spans.iter_mut().find(|span| span.name == TAG).filter(|_| is_tag);
    let is_told = tag.is_some();
    if let Some(span) = tag {
        span.role = SpanRole::Damaged;
        span.text = format!("{}; {error}", span.text).into();
    }
    for span in listing.spans.iter_mut().filter(|span| span.role == SpanRole::Content) {
        span.role = SpanRole::Unexplained;
        span.text = match is_told {
            true => format!("{}; {advice}", span.text).into(),
            false => format!("{}; {error}; {advice}", span.text).into(),
        };
    }
}

/// A plain APDU that breaks off, or octets that are none.
fn cut_off(apdu: Cow<'_, [u8]>) -> Vec<LayerListing<'_>> {
    let title = format!("APDU, cut off, {}", count(&apdu));
    let mut listing = LayerListing::new(Layer::Apdu.name(), title, apdu);
    listing.complete();
    vec![listing]
}

/// The layer of a plain APDU.
fn plain<'a>(apdu: &'a [u8], parts: &TelegramParts<'a>) -> LayerListing<'a> {
    if dsmr::is_one(apdu) {
        return dsmr::listing(apdu, parts.error.as_ref(), parts.zone);
    }
    let telegram = Telegram::parse_with(apdu, parts.families);
    let title = format!("Plain APDU, {}", count(apdu));
    let mut listing = LayerListing::new(Layer::Apdu.name(), title, apdu.into());
    if apdu.first() == Some(&DATA_NOTIFICATION) {
        notification(&mut listing, apdu, telegram.as_ref().ok(), parts.zone);
    }
    let defect = match (&telegram, parts.error) {
        // Nothing was opened: the APDU is of a kind that is not read.
        (_, Some(error)) if error.layer != Layer::Cipher || parts.plain.is_none() => Some(error),
        (_, Some(error @ Error { cause: Cause::KeyFits { .. }, .. })) => Some(error),
        (Err(error), _) => Some(*error),
        (Ok(_), _) => None,
    };
    if let Some(family) = telegram.as_ref().ok().and_then(Telegram::family) {
        listing.notes.push(format!("codes, scalers and units from the table {}", family.name));
    }
    match defect {
        Some(error) => listing.damage(&error),
        None => listing.complete(),
    }
    listing
}

/// The header and the elements of a notification.
fn notification<'a>(
    listing: &mut LayerListing<'a>,
    apdu: &'a [u8],
    telegram: Option<&Telegram<'a>>,
    zone: &TimeZone,
) {
    let time = |octets: &[u8]| match Clock::of(octets) {
        Some(clock) => {
            let mut text = Vec::new();
            Value::Time(clock).write(zone, &mut text);
            String::from_utf8_lossy(&text).into_owned() + &object::remarks(clock, zone)
        }
        None => "on no calendar".to_owned(),
    };
    listing.fields(&notification::fields(apdu, time));
    for span in listing.spans.iter_mut().filter(|span| span.name == "date-time") {
        span.role = SpanRole::Time;
    }
    let offset = listing.described();
    listing.spans.extend(data::spans(apdu, offset, telegram, zone));
}

/// An APDU without a frame that has a defect.
fn damaged_apdu<'a>(octets: &'a [u8], error: &Error, zone: &TimeZone) -> LayerListing<'a> {
    let is_ciphered = error.layer == Layer::Cipher;
    let title = format!("APDU, damaged, {}", count(octets));
    let layer = if is_ciphered { Layer::Cipher } else { Layer::Apdu };
    let mut listing = LayerListing::new(layer.name(), title, octets.into());
    match octets.first() {
        Some(&(GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING)) => {
            listing.fields(&ciphered::fields(octets));
        }
        Some(&DATA_NOTIFICATION) => {
            notification(&mut listing, octets, None, zone);
        }
        _ => {}
    }
    listing.damage(error);
    listing
}
