//! The outcome of the telegrams of an examination.

use crate::cli::run::clock_messages::difference;
use meterpipe::{
    chain::{decode::DecodeEvent, event::Refusal},
    cosem::clock::VIENNA,
    diagnosis::{diagnosis::Wording, key_facts::KeyFacts},
    error::{Cause, Error, Layer},
    format::entry::{OutputTelegram, TimeDoubt},
    sink::guard::evidence::{ClockAgreement, TelegramEvidence},
};

/// Places of damage that are kept.
const SEVERAL: usize = 8;

/// The fates of the telegrams so far.
#[derive(Debug, Default)]
pub struct TelegramTally {
    /// The outcome of the keys.
    pub keys: KeyFacts,
    /// The meters by their numbers, with their telegrams, in the order in which they came.
    pub meters: Vec<(Option<String>, u64)>,
    /// True if the tag of a telegram was verified.
    pub verified: bool,
    /// Telegrams that are rejected for another reason.
    pub rejected: usize,
    /// Octets that belong to nothing.
    pub strays: u64,
    /// Telegrams without frames that break off, and those whose CRC is wrong.
    pub broken_off: usize,
    pub wrong_crcs: usize,
    /// The octets at which plain telegrams break whose content cannot be read.
    plain_at: Vec<usize>,
    /// The causes of telegrams that stay closed, and how often each came.
    causes: Vec<(Cause, usize)>,
    /// True if the user gives a system title.
    has_title: bool,
}

impl TelegramTally {
    /// No telegrams, with the facts about the keys.
    pub fn new(keys: KeyFacts, has_title: bool) -> Self {
        Self { keys, has_title, ..Self::default() }
    }

    /// Whole telegrams, opened or not.
    pub const fn telegrams(&self) -> usize {
        self.keys.opened + self.keys.closed + self.keys.unsound
    }

    /// Judges plain telegrams that cannot be read: a frame vouches for the octets of one, and nothing else does.
    pub fn judge_plain(&mut self, has_frames: bool) {
        let plain = core::mem::take(&mut self.plain_at);
        match has_frames {
            true => self.keys.unreadable += plain.len(),
            false => {
                self.keys.is_plain |= !plain.is_empty();
                self.keys.unsound_at.extend(plain);
            }
        }
    }

    /// Takes what becomes of a telegram, or of octets of none.
    pub fn take(&mut self, event: &DecodeEvent<'_>) {
        match event {
            DecodeEvent::Telegram { telegram, record, .. } => {
                let entry = OutputTelegram {
                    telegram,
                    zone: &VIENNA,
                    received: record.time,
                    attributes: record.attributes,
                };
                self.keys.opened += 1;
                self.keys.named += usize::from(telegram.fields().next().is_some());
                // A telegram with names needs no look at its codes.
                let is_coded =
                    self.keys.named == 0 && telegram.objects().any(|object| object.obis.is_some());
                self.keys.coded += usize::from(is_coded);
                self.count_meter(telegram.meter());
                self.keys.ciphered += usize::from(entry.authenticated().is_some());
                self.verified |= entry.authenticated() == Some(true);
                self.keys.count(record.attributes.title, record.attributes.ic, true);
                let doubt = entry.time_doubt();
                if doubt.is_some() {
                    self.keys.clock_year = first_year(&entry);
                }
                let doubt = doubt.map(|doubt| clock(doubt, &entry));
                self.keys.doubted += usize::from(doubt.is_some());
                let clocks = TelegramEvidence::of(&entry).clocks;
                self.keys.two_times += usize::from(clocks == ClockAgreement::Apart);
                self.keys.clock_is_right = doubt.is_none();
                self.keys.clock = doubt.or_else(|| self.keys.clock.take());
            }
            DecodeEvent::Refused(refusal) => {
                let Error { layer, cause, .. } = refusal.error;
                let is_other = matches!(cause, Cause::Unsupported { .. });
                match (layer, cause) {
                    (_, cause) if cause.leaves_closed() => {
                        self.keys.tagged |= refusal.is_tagged;
                        self.closed(refusal, cause);
                    }
                    (Layer::Cipher | Layer::Apdu, cause) if is_other => self.closed(refusal, cause),
                    (_, Cause::KeyFits { damaged }) => {
                        self.keys.unsound += 1;
                        self.note_fitted(refusal);
                        if self.keys.unsound_at.len() < SEVERAL {
                            self.keys.unsound_at.insert(damaged);
                        }
                    }
                    (Layer::Axdr | Layer::Reading, _) => {
                        self.keys.unsound += 1;
                        match refusal.title {
                            Some(_) => self.keys.unreadable += 1,
                            None => self.plain_at.push(refusal.error.offset),
                        }
                    }
                    (_, Cause::Altered) => {
                        self.keys.unsound += 1;
                        self.note_fitted(refusal);
                    }
                    // The text of a telegram that was encrypted.
                    (Layer::Apdu, Cause::CheckSequence { .. }) if refusal.title.is_some() => {
                        self.keys.unsound += 1;
                        self.keys.wrong_sums += 1;
                        self.note_fitted(refusal);
                    }
                    (layer, cause) => {
                        let breaks_off = matches!(cause, Cause::CutOff { .. });
                        let is_sum = matches!(cause, Cause::CheckSequence { .. });
                        self.broken_off += usize::from(layer == Layer::Apdu && breaks_off);
                        self.wrong_crcs += usize::from(layer == Layer::Apdu && is_sum);
                        self.rejected += 1;
                    }
                }
            }
            DecodeEvent::Noise(octets) => self.strays += *octets as u64,
            DecodeEvent::Unverified(_) | DecodeEvent::Unchecked | DecodeEvent::Edge(_) => {}
        }
    }

    /// Notes a telegram that is damaged, and whose key fits: another one that it does not open is damaged too.
    fn note_fitted(&mut self, refusal: &Refusal<'_>) {
        self.keys.fitted += 1;
        self.keys.count(refusal.title, refusal.counter, true);
    }

    fn count_meter(&mut self, meter: Option<&[u8]>) {
        let number = meter.map(|it| String::from_utf8_lossy(it).into_owned());
        match self.meters.iter_mut().find(|(known, _)| *known == number) {
            Some((_, telegrams)) => *telegrams += 1,
            None => self.meters.push((number, 1)),
        }
    }

    fn closed(&mut self, refusal: &Refusal<'_>, cause: Cause) {
        let title = refusal.title;
        self.keys.closed += 1;
        self.keys.count(title, refusal.counter, false);
        match self.causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, times)) => *times += 1,
            None => self.causes.push((cause, 1)),
        }
        self.keys.causes = self.causes.len();
        let most = self.causes.iter().rev().max_by_key(|(_, times)| *times);
        self.keys.cause = most.map(|(cause, _)| *cause);
        self.keys.title = title.or(self.keys.title);
        self.keys.title_was_given = title.is_none() && self.has_title;
    }
}

fn clock(doubt: TimeDoubt, entry: &OutputTelegram<'_>) -> Wording {
    let TimeDoubt::Differs { ahead } = doubt else {
        return Wording::new(
            "the meter calls its clock invalid",
            "der Zähler nennt seine Uhr ungültig",
        );
    };
    let time = own_time(entry).unwrap_or_default().replace('T', " ");
    let english = difference(ahead.unsigned_abs());
    let german = english.replace(" days", " Tage").replace(" d ", " T ");
    let (side, seite) = if ahead < 0 { ("behind", "nach") } else { ("ahead of", "vor") };
    Wording::new(
        format!("the meter's clock shows {time}, {english} {side} the time of arrival"),
        format!(
            "die Uhr des Zählers zeigt {time} und geht gegenüber der Ankunftszeit {german} {seite}"
        ),
    )
}

/// The time that the meter itself shows, to the minute: `2000-01-01T00:00`.
fn own_time(entry: &OutputTelegram<'_>) -> Option<String> {
    let mut text = Vec::new();
    entry.time()?.write(&mut text);
    let minutes = text.get(.."2000-01-01T00:00".len())?;
    Some(String::from_utf8_lossy(minutes).into_owned())
}

/// The year of a clock that counts from its first day on: no meter with a customer interface is so old.
fn first_year(entry: &OutputTelegram<'_>) -> Option<i16> {
    let time = entry.time()?.timestamp()?;
    let year = own_time(entry)?.get(..4)?.parse().ok()?;
    let received = entry.received.millis()? / 1000;
    (year < FIRST_METERS && time.as_second() < received).then_some(year)
}

/// The year in which meters with a customer interface came.
const FIRST_METERS: i16 = 2010;
