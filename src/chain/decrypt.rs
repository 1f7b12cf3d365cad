//! Ciphered APDUs to plain ones.
//!
//! Most Austrian telegrams carry no tag, so nothing in the ciphering says whether a key is the
//! right one. A plaintext is accepted only if it is a whole telegram, to the last octet; noise
//! looks like one about once in 2^40.

use std::{collections::HashMap, sync::Arc};

use crate::{
    chain::event::{Out, Refusal, StageEvent},
    cipher::{
        ciphered::{
            self, Ciphered, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING, SystemTitle,
            unsupported_apdu,
        },
        gcm::Cipher,
        key::Key,
        key_file::{KeyEntry, MeterName},
    },
    cosem::notification::{DATA_NOTIFICATION, Notification},
    error::{Cause, Error, Layer},
    p1,
    reading::template::Templates,
    record::{Attributes, Auth, Place, Record, RecordKind},
};

/// The demands on telegrams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands {
    /// Accept only what has a tag that was verified.
    pub authenticated: bool,
    /// The system title of meters that send none.
    pub title: Option<SystemTitle>,
}

/// The stage.
#[derive(Clone, Default)]
pub struct Decrypt {
    keys: KeyRing,
    demands: Demands,
    /// The system titles of meters that send none, by their source in records.
    titles: Vec<(String, SystemTitle)>,
    plain: Vec<u8>,
    /// `plain` belongs to the last ciphered APDU.
    is_plain: bool,
    reported_unverified: bool,
    templates: Templates,
}

/// The choice of a key for one telegram.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chosen {
    /// The number of the key; nothing if no key has opened a telegram of this meter.
    pub(super) key: Option<usize>,
    /// The system title of the meter, unless the telegram carries it.
    pub(super) title: Option<SystemTitle>,
    changes: u64,
    /// The user knows that tags are not verified.
    pub(super) reported_unverified: bool,
}

/// The keys of all meters, and what they opened.
#[derive(Clone, Default)]
struct KeyRing {
    ring: Arc<Ring>,
    /// The key that opened the last telegram of a meter.
    known: HashMap<SystemTitle, KnownKey>,
    /// The key that opened the last telegram at all: most lines have one meter.
    last: Option<(SystemTitle, KnownKey)>,
    /// How often a meter's telegram was opened by another key than the one before.
    changes: u64,
}

/// A key that opened a telegram of a meter.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KnownKey {
    index: usize,
    /// True if its authentication key verified a tag of the meter.
    has_verified: bool,
}

/// The keys, ready for use. They are there once, however many work with them.
#[derive(Default)]
pub(super) struct Ring {
    pub(super) all: Vec<MeterKeys>,
    /// Those of one meter, by its system title.
    by_title: HashMap<SystemTitle, Vec<usize>>,
    /// Those of any meter, and of meters named by a number that only the plain telegram shows.
    to_try: Vec<usize>,
}

/// The keys of a meter.
pub(super) struct MeterKeys {
    pub(super) number: Option<String>,
    pub(super) cipher: Cipher,
    pub(super) gak: Option<Key>,
}

impl Decrypt {
    /// With keys in the order in which they are to be tried.
    #[must_use]
    pub fn new(entries: Vec<KeyEntry>, demands: Demands) -> Self {
        let mut ring = Ring::default();
        for (index, KeyEntry { name, guek, gak }) in entries.into_iter().enumerate() {
            let number = match name {
                Some(MeterName::Title(title)) => {
                    ring.by_title.entry(title).or_default().push(index);
                    None
                }
                Some(MeterName::Meter(number)) => {
                    ring.to_try.push(index);
                    Some(number)
                }
                None => {
                    ring.to_try.push(index);
                    None
                }
            };
            ring.all.push(MeterKeys { number, cipher: Cipher::new(guek), gak });
        }
        let keys = KeyRing { ring: Arc::new(ring), ..KeyRing::default() };
        Self { keys, demands, ..Self::default() }
    }

    /// The same with system titles for some sources, by their name in records.
    #[must_use]
    pub fn with_titles(self, titles: Vec<(String, SystemTitle)>) -> Self {
        Self { titles, ..self }
    }

    /// The same with other keys, and nothing known of the meters.
    pub(super) fn with_keys(&self, entries: Vec<KeyEntry>) -> Self {
        Self::new(entries, self.demands).with_titles(self.titles.clone())
    }

    /// The system title that a source without titles has.
    fn title_of(&self, from: Option<&str>) -> Option<SystemTitle> {
        let own = self.titles.iter().find(|(name, _)| Some(name.as_str()) == from);
        own.map(|(_, title)| *title).or(self.demands.title)
    }

    /// The keys and demands, for another thread.
    pub(super) fn share(&self) -> (Arc<Ring>, Demands) {
        (self.keys.ring.clone(), self.demands)
    }

    /// The key that opened the last telegram of a meter.
    #[must_use]
    pub fn chosen(&self, record: &Record<'_>) -> Chosen {
        let given = self.title_of(record.attributes.from);
        let title = ciphered::title(record.octets).or(given);
        Chosen {
            title: given,
            key: title.and_then(|title| self.keys.known(&title)).map(|known| known.index),
            changes: self.keys.changes,
            reported_unverified: self.reported_unverified,
        }
    }

    /// True while a choice is still the one that [`chosen`](Self::chosen) would make.
    #[must_use]
    pub const fn is_current(&self, chosen: &Chosen) -> bool {
        self.keys.changes == chosen.changes
    }

    /// Takes a record: opens a ciphered APDU, hands on everything else.
    pub fn feed(&mut self, record: &Record<'_>, place: Place, out: &mut impl Out) {
        let tag = match (record.kind, record.octets.first()) {
            (RecordKind::Apdu, Some(tag)) => *tag,
            _ => return out(StageEvent::Record(*record, place)),
        };
        let result = match tag {
            GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING => self.open(record),
            tag => match unsupported_apdu(tag) {
                Some(what) => Err(refusal(Cause::Unsupported { what })),
                None if self.refuses(record) => Err(refusal(Cause::NotAuthenticated)),
                None => return out(StageEvent::Record(*record, place)),
            },
        };
        match result {
            Ok(attributes) => {
                if attributes.auth == Some(Auth::Unverified) && !self.reported_unverified {
                    self.reported_unverified = true;
                    out(StageEvent::Unverified(attributes.title));
                }
                out(StageEvent::Record(
                    Record { octets: &self.plain, attributes, ..*record },
                    place,
                ));
            }
            Err(error) => {
                let apdu = Ciphered::parse(record.octets).ok();
                let title = apdu.as_ref().and_then(|apdu| apdu.title);
                let counter = apdu.as_ref().map(|apdu| apdu.counter);
                let is_tagged = apdu.is_some_and(|apdu| apdu.tag.is_some());
                let (time, from) = (record.time, record.attributes.from);
                let refusal = Refusal { place, time, from, title, counter, is_tagged, error };
                out(StageEvent::Refused(refusal));
            }
        }
    }

    /// True if a plain APDU does not meet the demands: nothing vouches for it, unless an earlier
    /// stage verified its tag.
    fn refuses(&self, record: &Record<'_>) -> bool {
        self.demands.authenticated && record.attributes.auth != Some(Auth::Verified)
    }

    /// The plaintext of the last ciphered APDU that was fed, if a key fits it; what follows its
    /// damaged octet is as good as any.
    #[must_use]
    pub fn plain(&self) -> Option<&[u8]> {
        self.is_plain.then_some(&self.plain)
    }

    /// Leaves the plain APDU in its room.
    fn open<'a>(&mut self, record: &Record<'a>) -> Result<Attributes<'a>, Error> {
        self.is_plain = false;
        let apdu = Ciphered::parse(record.octets)?;
        let given = self.title_of(record.attributes.from);
        let title = apdu.title.or(given).ok_or(refusal(Cause::NoTitle))?;
        if self.demands.authenticated && apdu.tag.is_none() {
            return Err(refusal(Cause::NotAuthenticated));
        }
        let Self { keys, demands, plain, is_plain, templates, .. } = self;
        let (mut reason, mut closest) = (refusal(Cause::NoKey), None);
        let mut opened = None;
        for index in keys.candidates(&title) {
            let Some(meter) = keys.ring.all.get(index) else {
                continue;
            };
            match meter.open(&apdu, &title, *demands, plain, templates) {
                Ok(auth) => {
                    opened = Some((index, auth));
                    break;
                }
                // Of several failures, the one that came closest is told.
                Err(error) if rank(error.cause) > rank(reason.cause) => {
                    reason = error;
                    closest = Some(meter);
                }
                Err(_) => {}
            }
        }
        *is_plain = opened.is_some();
        let has_verified = || keys.known(&title).is_some_and(|known| known.has_verified);
        if reason.cause == Cause::TagOrAuthenticationKey && has_verified() {
            reason = refusal(Cause::Altered);
        }
        let fits = [FITS, rank(Cause::TagOrAuthenticationKey)].contains(&rank(reason.cause));
        if let (true, Some(meter), None) = (fits, closest, opened) {
            meter.cipher.decrypt(&apdu, &title, plain);
            *is_plain = true;
        } else if opened.is_none() && rank(reason.cause) < FITS {
            let damaged = keys.damaged(&apdu, &title, plain, templates);
            *is_plain = damaged.is_some();
            reason = damaged.unwrap_or(reason);
        }
        let Some((index, auth)) = opened else {
            let swapped = !*is_plain
                && keys.candidates(&title).any(|index| {
                    let meter = keys.ring.all.get(index);
                    meter.is_some_and(|meter| meter.is_swapped(&apdu, &title, plain, templates))
                });
            return Err(if swapped { refusal(Cause::KeysSwapped) } else { reason });
        };
        keys.opened(title, index, auth == Auth::Verified);
        if record.attributes.near_frame && auth != Auth::Verified && !p1::has_crc(plain) {
            return Err(refusal(Cause::NearFrame));
        }
        Ok(attributes(&apdu, title, auth, record.attributes))
    }
}

/// The attributes that the ciphering header adds to a record.
pub(super) const fn attributes<'a>(
    apdu: &Ciphered<'_>,
    title: SystemTitle,
    auth: Auth,
    attributes: Attributes<'a>,
) -> Attributes<'a> {
    Attributes {
        title: Some(title),
        ic: Some(apdu.counter),
        sc: Some(apdu.security.0),
        auth: Some(auth),
        near_frame: false,
        ..attributes
    }
}

impl KeyRing {
    fn known(&self, title: &SystemTitle) -> Option<KnownKey> {
        match self.last {
            Some((last, known)) if last == *title => Some(known),
            _ => self.known.get(title).copied(),
        }
    }

    /// Remembers the key that opened a telegram.
    fn opened(&mut self, title: SystemTitle, index: usize, is_verified: bool) {
        let before = self.known(&title);
        let is_same = before.is_some_and(|before| before.index == index);
        let had_verified = is_same && before.is_some_and(|before| before.has_verified);
        let now = KnownKey { index, has_verified: is_verified || had_verified };
        if before != Some(now) {
            self.known.insert(title, now);
            self.changes += u64::from(before.is_some() && !is_same);
        }
        self.last = Some((title, now));
    }

    /// The keys to try for a meter: the last that fitted, its own, then those that may be
    /// anybody's.
    fn candidates(&self, title: &SystemTitle) -> impl Iterator<Item = usize> {
        let known = self.known(title).map(|known| known.index);
        let others = self.ring.candidates(title).filter(move |i| Some(*i) != known);
        known.into_iter().chain(others)
    }

    /// The defect of a telegram that no key opens, if one leaves a damaged plaintext of it in `plain`.
    #[cold]
    #[inline(never)]
    fn damaged(
        &self,
        apdu: &Ciphered<'_>,
        title: &SystemTitle,
        plain: &mut Vec<u8>,
        templates: &mut Templates,
    ) -> Option<Error> {
        let tried = self.candidates(title).take(MOST_DAMAGED);
        let mut meters = tried.filter_map(|index| self.ring.all.get(index));
        meters.find(|meter| {
            meter.cipher.decrypt(apdu, title, plain);
            is_uneven(plain)
        })?;
        Some(refusal(Cause::KeyFits { damaged: damaged_at(plain, templates) }))
    }
}

impl Ring {
    /// The keys to try for a meter: its own, then those that may be anybody's.
    fn candidates(&self, title: &SystemTitle) -> impl Iterator<Item = usize> {
        let own = self.by_title.get(title).map_or(&[][..], Vec::as_slice);
        own.iter().chain(&self.to_try).copied()
    }
}

impl MeterKeys {
    fn open(
        &self,
        apdu: &Ciphered<'_>,
        title: &SystemTitle,
        demands: Demands,
        plain: &mut Vec<u8>,
        templates: &mut Templates,
    ) -> Result<Auth, Error> {
        let auth = match (apdu.tag, &self.gak) {
            (Some(_), Some(gak)) if self.cipher.open(apdu, title, gak, plain) => Auth::Verified,
            (Some(_), Some(_)) => {
                self.cipher.decrypt(apdu, title, plain);
                return Err(match self.check(plain, templates) {
                    Ok(()) => refusal(Cause::TagOrAuthenticationKey),
                    Err(error) if rank(error.cause) == FITS => error,
                    Err(_) => refusal(Cause::Tag),
                });
            }
            (tag, _) => {
                // Nearly all wrong keys show in the first octet, and there may be thousands.
                let first = self.cipher.first_octet(apdu, title);
                if !matches!(first, Some(DATA_NOTIFICATION | p1::START)) {
                    return Err(refusal(Cause::KeyOrDamage));
                }
                self.cipher.decrypt(apdu, title, plain);
                if tag.is_some() { Auth::Unverified } else { Auth::None }
            }
        };
        // A tag vouches for a plaintext of any content.
        match auth {
            Auth::Verified => Ok(auth),
            _ => self.check(plain, templates).and(match demands.authenticated {
                // A demand does not hide that the key is wrong.
                true => Err(refusal(Cause::NotAuthenticated)),
                false => Ok(auth),
            }),
        }
    }

    /// True if the authentication key is the one that decrypts.
    fn is_swapped(
        &self,
        apdu: &Ciphered<'_>,
        title: &SystemTitle,
        plain: &mut Vec<u8>,
        templates: &mut Templates,
    ) -> bool {
        let Some(gak) = &self.gak else {
            return false;
        };
        let cipher = Cipher::new(gak.clone());
        let first = cipher.first_octet(apdu, title);
        if !matches!(first, Some(DATA_NOTIFICATION | p1::START)) {
            return false;
        }
        cipher.decrypt(apdu, title, plain);
        self.check(plain, templates).is_ok()
    }

    /// Checks that a plaintext is a telegram, and of this meter if the key is for one.
    fn check(&self, plain: &[u8], templates: &mut Templates) -> Result<(), Error> {
        let telegram = templates.read(plain).map_err(|error| match plain.first() {
            Some(&p1::START) => dsmr_verdict(plain, error),
            _ => refusal(verdict(plain, &error)),
        })?;
        match &self.number {
            Some(number) if telegram.meter() != Some(number.as_bytes()) => {
                Err(refusal(Cause::OtherMeter))
            }
            _ => Ok(()),
        }
    }
}

/// The keys that are looked at for one that fits a damaged telegram: there may be thousands.
const MOST_DAMAGED: usize = 100;

/// True if some octet comes far more often than chance has it: a wrong key makes each octet as often as any other,
/// and a plaintext has zeros or digits everywhere, however much of it is damaged.
fn is_uneven(plain: &[u8]) -> bool {
    let mut counts = [0usize; 256];
    for octet in plain {
        if let Some(count) = counts.get_mut(usize::from(*octet)) {
            *count += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or_default();
    plain.len() >= LEAST_UNEVEN && most >= LEAST_UNEVEN / 8 + plain.len() / 20
}

/// Octets by which a plaintext is told from noise: one run in a million million of that size is as uneven.
const LEAST_UNEVEN: usize = 64;

/// The first octet where a damaged plaintext is no telegram.
fn damaged_at(plain: &[u8], templates: &mut Templates) -> usize {
    match templates.read(plain) {
        Err(error) if error.layer != Layer::Cipher => error.offset,
        _ => 0,
    }
}

/// The error of a plaintext that is no DSMR telegram. Text throughout shows that the key is right, and
/// then the defect itself is told.
fn dsmr_verdict(plain: &[u8], error: Error) -> Error {
    let text = |octet: &u8| matches!(octet, b' '..=b'~' | b'\r' | b'\n');
    match plain.iter().position(|octet| !text(octet)) {
        None if plain.len() > BELIEVED => error,
        Some(damaged) if damaged > BELIEVED => refusal(Cause::KeyFits { damaged }),
        _ => refusal(Cause::KeyOrDamage),
    }
}

/// The octets without a defect that noise does not have.
const BELIEVED: usize = 16;

/// The cause of a plaintext that is no telegram. A damaged octet of the ciphertext damages one
/// octet of the plaintext, so a header without a defect shows that the key is right.
fn verdict(plain: &[u8], error: &Error) -> Cause {
    let is_number = error.cause == Cause::MeterNumber;
    let digits = plain.iter().skip(error.offset).take_while(|c| is_number && c.is_ascii_digit());
    let damaged = error.offset + digits.count();
    match error.layer {
        Layer::Axdr | Layer::Reading if error.offset > BELIEVED => Cause::KeyFits { damaged },
        _ if Notification::has_clock(plain) => Cause::KeyFits { damaged },
        _ => Cause::KeyOrDamage,
    }
}

const fn refusal(cause: Cause) -> Error {
    Error::new(Layer::Cipher, 0, cause)
}

/// The rank of a key that fits a damaged telegram.
const FITS: u8 = 3;

/// How close to opening a failure was.
const fn rank(cause: Cause) -> u8 {
    match cause {
        Cause::TagOrAuthenticationKey | Cause::Altered => 5,
        Cause::NotAuthenticated | Cause::OtherMeter => 4,
        Cause::Tag => 2,
        Cause::KeyOrDamage => 1,
        Cause::NoKey => 0,
        // The key fits, and the telegram is damaged.
        _ => FITS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;

    #[test]
    fn a_plaintext_is_uneven_however_much_of_it_is_damaged_and_noise_is_not() {
        for size in [0, 64, 90, 245, 500, 4000] {
            (0..1000).for_each(|seed| assert!(!is_uneven(&noise(size, seed)), "{size}"));
        }
        let list = include_str!("../../tests/data/netznoe-doc-2021.plain.hex").replace('\n', "");
        let mut list = hex::decode(list).unwrap();
        assert!(is_uneven(&list));
        list.iter_mut().step_by(3).zip(noise(200, 0)).for_each(|(octet, other)| *octet = other);
        assert!(is_uneven(&list));
    }
}
