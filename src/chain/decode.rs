//! The whole chain: whatever comes in, telegrams come out.
//!
//! ```
//! use meterpipe::{
//!     chain::{decode::{Decode, DecodeEvent}, decrypt::{Decrypt, Demands}},
//!     cipher::key_file,
//!     record::{Attributes, RecordKind, Place, Record, Time},
//! };
//!
//! # fn octets() -> Vec<u8> {
//! #     let hex = include_str!("../../tests/data/netznoe-doc-2021.hex");
//! #     hex::decode(hex.replace('\n', "")).unwrap()
//! # }
//! let keys = key_file::parse("36C66639E48A8CA4D6BC8B282A793BBB").unwrap();
//! let mut chain = Decode::new(Decrypt::new(keys, Demands::default()));
//! let octets = octets(); // two M-Bus frames
//! let record = Record {
//!     time: Time::UNKNOWN,
//!     kind: RecordKind::Raw,
//!     octets: &octets,
//!     attributes: Attributes::default(),
//! };
//! let mut meters = vec![];
//! chain.feed(&record, Place::Live, &mut |output: DecodeEvent<'_>| {
//!     if let DecodeEvent::Telegram { telegram, .. } = output {
//!         meters.extend(telegram.meter().map(<[u8]>::to_vec));
//!     }
//! });
//! assert_eq!(meters, [b"181220000009"]);
//! ```

use core::time::Duration;

use crate::{
    chain::{
        decrypt::Decrypt,
        event::{Refusal, StageEvent},
        reopen::Reopen,
        unframe::Unframe,
    },
    cipher::ciphered::{SystemTitle, unsupported_apdu},
    error::{Cause, Error, Layer},
    reading::{telegram::Telegram, template::Templates},
    record::{Place, Record, RecordKind},
};

/// Unframe, decrypt, decode in one, each idle when it has nothing to do.
#[derive(Clone, Default)]
pub struct Decode {
    unframe: Unframe,
    telegrams: Telegrams,
}

/// The second half of the chain: APDUs in, telegrams out.
#[derive(Clone, Default)]
pub struct Telegrams {
    decrypt: Decrypt,
    reopen: Reopen,
    templates: Templates,
}

/// What comes out.
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
}

impl Decode {
    /// With the keys and demands of `decrypt`.
    #[must_use]
    pub fn new(decrypt: Decrypt) -> Self {
        Self { telegrams: Telegrams::new(decrypt), ..Self::default() }
    }

    /// Takes a record.
    pub fn feed(
        &mut self,
        record: &Record<'_>,
        place: Place,
        out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized),
    ) {
        let Self { unframe, telegrams } = self;
        unframe.feed(record, place, &mut |event: StageEvent<'_>| telegrams.feed(event, out));
    }

    /// Says that a source was closed or that its octets do not go on.
    pub fn end(&mut self, out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized)) {
        let Self { unframe, telegrams } = self;
        unframe.end(&mut |event: StageEvent<'_>| telegrams.feed(event, out));
    }

    /// Says that nothing has come for so long, live.
    pub fn quiet(&mut self, silent: Duration, out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized)) {
        let Self { unframe, telegrams } = self;
        unframe.quiet(silent, &mut |event: StageEvent<'_>| telegrams.feed(event, out));
    }

    /// Frames that passed their checks so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.unframe.frames()
    }

    /// What the end of the input cut off, if it did.
    #[must_use]
    pub fn partial(&self) -> Option<Error> {
        self.unframe.partial()
    }

    /// The stage that holds the keys.
    #[must_use]
    pub const fn decrypt(&self) -> &Decrypt {
        &self.telegrams.decrypt
    }
}

impl Telegrams {
    /// With the keys and demands of `decrypt`.
    #[must_use]
    pub fn new(decrypt: Decrypt) -> Self {
        Self { reopen: Reopen::new(&decrypt), decrypt, templates: Templates::default() }
    }

    /// Takes what [`Unframe`] hands on.
    pub fn feed(
        &mut self,
        event: StageEvent<'_>,
        out: &mut (impl FnMut(DecodeEvent<'_>) + ?Sized),
    ) {
        let Self { decrypt, reopen, templates } = self;
        match event {
            StageEvent::Record(record, place) if record.kind == RecordKind::Apdu => {
                let chosen = decrypt.chosen(record.octets);
                if let Some((telegram, record)) = reopen.read(&record, &chosen) {
                    let (telegram, record) = (&telegram, &record);
                    return out(DecodeEvent::Telegram { telegram, record, place });
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
        Reopen::new(&self.decrypt)
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
                    error,
                })),
            }
        }
        // A kind of a later version is for later stages.
        StageEvent::Record(..) => {}
        StageEvent::Refused(refusal) => out(DecodeEvent::Refused(refusal)),
        StageEvent::Noise(octets) => out(DecodeEvent::Noise(octets)),
        StageEvent::Unverified(title) => out(DecodeEvent::Unverified(title)),
    }
}

fn telegram<'a>(templates: &mut Templates, octets: &'a [u8]) -> Result<Telegram<'a>, Error> {
    let unsupported = match octets.first() {
        Some(b'/') => Some("DSMR telegrams (P1 text)"),
        Some(tag) => unsupported_apdu(*tag),
        None => None,
    };
    match unsupported {
        Some(what) => Err(Error::new(Layer::Apdu, 0, Cause::Unsupported { what })),
        None => templates.read(octets),
    }
}
