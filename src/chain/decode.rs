//! The whole chain: octets in any form in, telegrams out.
//!
//! [`Decode::push`] takes octets of which nothing else is known. [`Decode::feed`] takes them as a
//! [`Record`], with the time, the source and the marks of the UART.

use core::time::Duration;

use crate::{
    chain::{
        decrypt::{Decrypt, Demands},
        event::{Refusal, StageEvent, TextEdge},
        reopen::Reopen,
        unframe::Unframe,
    },
    cipher::{
        ciphered::{SystemTitle, unsupported_apdu},
        key_file::KeyEntry,
    },
    error::{Cause, Error, Layer},
    link::registry::LinkChoice,
    reading::{family::MeterFamilies, telegram::Telegram, template::Templates},
    record::{Attributes, Place, Record, RecordKind, Time},
};

/// Unframe, decrypt, decode in one, each idle when it has nothing to do.
///
/// ```
/// use meterpipe::{chain::decode::{Decode, DecodeEvent}, cipher::key_file};
///
/// # let hex = include_str!("../../tests/data/netznoe-doc-2021.hex");
/// # let octets = hex::decode(hex.replace('\n', "")).unwrap(); // two M-Bus frames
/// let keys = key_file::parse("36C66639E48A8CA4D6BC8B282A793BBB").unwrap();
/// let mut decode = Decode::with_keys(keys);
/// let mut meters = vec![];
/// for piece in octets.chunks(100) {
///     decode.push(piece, &mut |event: DecodeEvent<'_>| {
///         if let DecodeEvent::Telegram { telegram, .. } = event {
///             meters.extend(telegram.meter().map(<[u8]>::to_vec));
///         }
///     });
/// }
/// assert_eq!(meters, [b"181220000009"]);
/// ```
#[derive(Clone, Default)]
pub struct Decode {
    unframe: Unframe,
    /// The sources whose link layers are chosen on their own, by their name in records.
    sources: Vec<(String, Unframe)>,
    telegrams: Telegrams,
    /// Octets that were pushed so far.
    pushed: u64,
}

/// The second half of the chain: APDUs in, telegrams out.
#[derive(Clone, Default)]
pub struct Telegrams {
    decrypt: Decrypt,
    reopen: Reopen,
    templates: Templates,
    families: MeterFamilies,
}

/// The result of some octets.
pub enum DecodeEvent<'a> {
    /// A telegram, and the record of its plain APDU.
    Telegram {
        /// Its values.
        telegram: &'a Telegram<'a>,
        /// Its envelope.
        record: &'a Record<'a>,
        /// Where in the input it began.
        place: Place,
    },
    /// Something that cannot be read.
    Refused(Refusal<'a>),
    /// Octets that belong to nothing.
    Noise(usize),
    /// A tag that nobody can verify.
    Unverified(Option<SystemTitle>),
    /// A DSMR telegram without a CRC, the first one of its source.
    Unchecked,
    /// A text begins or ends amid a telegram.
    Edge(TextEdge),
}

impl Decode {
    /// With the keys and demands of `decrypt`.
    #[must_use]
    pub fn new(decrypt: Decrypt) -> Self {
        Self { telegrams: Telegrams::new(decrypt), ..Self::default() }
    }

    /// The same with the tables of meter families that send no codes.
    #[must_use]
    pub fn with_families(self, families: MeterFamilies) -> Self {
        Self { telegrams: self.telegrams.with_families(families), ..self }
    }

    /// The same for lines with the link layers of a choice.
    #[must_use]
    pub fn with_links(self, links: LinkChoice) -> Self {
        Self { unframe: Unframe::with(links), ..self }
    }

    /// The same with link layers for some sources, by their name in records.
    #[must_use]
    pub fn with_links_of(self, links: &[(String, LinkChoice)]) -> Self {
        let sources = links.iter().map(|(from, links)| (from.clone(), Unframe::with(*links)));
        Self { sources: sources.collect(), ..self }
    }

    /// With keys in the order in which they are tried.
    #[must_use]
    pub fn with_keys(keys: Vec<KeyEntry>) -> Self {
        Self::new(Decrypt::new(keys, Demands::default()))
    }

    /// From now on other keys open the telegrams.
    pub fn replace_keys(&mut self, keys: Vec<KeyEntry>) {
        let decrypt = self.telegrams.decrypt.with_keys(keys);
        let families = self.telegrams.families;
        self.telegrams = Telegrams::new(decrypt).with_families(families);
    }

    /// Takes the next octets of a line, cut anywhere. `out` gets everything that is complete with
    /// them; the place of a [`Refusal`] counts the octets that were pushed.
    pub fn push(&mut self, octets: &[u8], out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized)) {
        let (time, attributes) = (Time::UNKNOWN, Attributes::default());
        let record = Record { time, kind: RecordKind::Raw, octets, attributes };
        let place = Place::Octet(self.pushed);
        self.pushed += octets.len() as u64;
        self.feed(&record, place, out);
    }

    /// Takes a record.
    pub fn feed(
        &mut self,
        record: &Record<'_>,
        place: Place,
        out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized),
    ) {
        let Self { unframe, sources, telegrams, .. } = self;
        let own = match record.attributes.from {
            Some(from) => sources.iter_mut().find(|(name, _)| name == from),
            None => None,
        };
        let unframe = own.map_or(unframe, |(_, unframe)| unframe);
        unframe.feed(record, place, &mut |event: StageEvent<'_>| telegrams.feed(event, out));
    }

    /// Ends all sources: telegrams that break off here are dropped.
    pub fn end(&mut self, out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized)) {
        let Self { unframe, sources, telegrams, .. } = self;
        for unframe in all(unframe, sources) {
            unframe.end(&mut |event: StageEvent<'_>| telegrams.feed(event, out));
        }
    }

    /// Takes note of a silence on a live source. A long one ends a frame that has begun.
    pub fn quiet(&mut self, silent: Duration, out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized)) {
        let Self { unframe, sources, telegrams, .. } = self;
        for unframe in all(unframe, sources) {
            unframe.quiet(silent, &mut |event: StageEvent<'_>| telegrams.feed(event, out));
        }
    }

    /// Frames that passed their checks so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        let own = self.sources.iter().map(|(_, unframe)| unframe.frames());
        self.unframe.frames() + own.sum::<u64>()
    }

    /// The link layers that a source may have, by its name in records.
    #[must_use]
    pub fn links(&self, from: Option<&str>) -> LinkChoice {
        let own = self.sources.iter().find(|(name, _)| Some(&**name) == from);
        own.map_or(&self.unframe, |(_, unframe)| unframe).links()
    }

    /// The telegram that the end of the input cut off.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        let mut own = self.sources.iter().filter_map(|(_, unframe)| unframe.partial());
        self.unframe.partial().or_else(|| own.next())
    }

    /// The stage that holds the keys.
    #[must_use]
    pub const fn decrypt(&self) -> &Decrypt {
        &self.telegrams.decrypt
    }
}

/// The streams of all sources.
fn all<'a>(
    unframe: &'a mut Unframe,
    sources: &'a mut [(String, Unframe)],
) -> impl Iterator<Item = &'a mut Unframe> {
    [unframe].into_iter().chain(sources.iter_mut().map(|(_, unframe)| unframe))
}

impl Telegrams {
    /// With the keys and demands of `decrypt`.
    #[must_use]
    pub fn new(decrypt: Decrypt) -> Self {
        let (reopen, templates) =
            (Reopen::new(&decrypt, MeterFamilies::default()), Templates::default());
        Self { decrypt, reopen, templates, families: MeterFamilies::default() }
    }

    /// The same with the tables of meter families that send no codes.
    #[must_use]
    pub fn with_families(self, families: MeterFamilies) -> Self {
        let reopen = Reopen::new(&self.decrypt, families);
        Self { reopen, templates: Templates::with(families), families, ..self }
    }

    /// Takes what [`Unframe`] hands on.
    pub fn feed(
        &mut self,
        event: StageEvent<'_>,
        out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized),
    ) {
        let Self { decrypt, reopen, templates, .. } = self;
        match event {
            StageEvent::Record(record, place) if record.kind == RecordKind::Apdu => {
                let chosen = decrypt.chosen(&record);
                let is_read = reopen.read(&record, &chosen, |telegram, record| {
                    out(DecodeEvent::Telegram { telegram, record, place });
                });
                if is_read {
                    return;
                }
                decrypt.feed(&record, place, &mut |event: StageEvent<'_>| {
                    read(templates, event, out);
                });
            }
            event => read(templates, event, out),
        }
    }

    /// A reader with the same keys, for another thread.
    #[must_use]
    pub fn reopen(&self) -> Reopen {
        Reopen::new(&self.decrypt, self.families)
    }

    /// The stage that holds the keys.
    #[must_use]
    pub const fn decrypt(&self) -> &Decrypt {
        &self.decrypt
    }
}

fn read(
    templates: &mut Templates,
    event: StageEvent<'_>,
    out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized),
) {
    match event {
        StageEvent::Record(record, place) if record.kind == RecordKind::Apdu => {
            match telegram(templates, record.octets) {
                Ok(telegram) => {
                    out(DecodeEvent::Telegram { telegram: &telegram, record: &record, place })
                }
                Err(error) => out(DecodeEvent::Refused(Refusal {
                    place,
                    time: record.time,
                    from: record.attributes.from,
                    title: record.attributes.title,
                    counter: record.attributes.ic,
                    is_tagged: false,
                    error,
                })),
            }
        }
        // A kind of a later version is for later stages.
        StageEvent::Record(..) => {}
        StageEvent::Refused(refusal) => out(DecodeEvent::Refused(refusal)),
        StageEvent::Noise(octets) => out(DecodeEvent::Noise(octets)),
        StageEvent::Unverified(title) => out(DecodeEvent::Unverified(title)),
        StageEvent::Sorted(_) => {}
        StageEvent::Unchecked => out(DecodeEvent::Unchecked),
        StageEvent::Edge(edge) => out(DecodeEvent::Edge(edge)),
    }
}

fn telegram<'a>(templates: &'a mut Templates, octets: &'a [u8]) -> Result<Telegram<'a>, Error> {
    match octets.first().and_then(|tag| unsupported_apdu(*tag)) {
        Some(what) => Err(Error::new(Layer::Apdu, 0, Cause::Unsupported { what })),
        None => templates.read(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::key_file;

    #[test]
    fn pushed_octets_give_values_by_name_and_places_by_octet() {
        let frames = include_str!("../../tests/data/netznoe-doc-2021.hex").replace('\n', "");
        let good = hex::decode(frames).unwrap();
        let mut damaged = good.clone();
        damaged[20] ^= 1;
        let keys = key_file::parse("36C66639E48A8CA4D6BC8B282A793BBB").unwrap();
        let mut decode = Decode::with_keys(keys);
        let (mut values, mut places) = (vec![], vec![]);
        for piece in [good.clone(), damaged, good.clone()].concat().chunks(50) {
            decode.push(piece, &mut |event: DecodeEvent<'_>| match event {
                DecodeEvent::Telegram { telegram, .. } => {
                    values.extend(telegram.get("voltage_l1_v").map(|number| number.to_string()));
                    assert!(telegram.get("voltage").is_none());
                }
                DecodeEvent::Refused(refusal) => places.push(refusal.place),
                _ => {}
            });
        }
        assert_eq!(values, ["233.7", "233.7"]);
        assert_eq!(places, [Place::Octet(good.len() as u64)]);
    }
}
