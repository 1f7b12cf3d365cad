//! The fast way to read a telegram: its key is chosen already.
//!
//! A [`Reopen`] remembers nothing that bears on later telegrams, so several threads can each have
//! one. Only sound telegrams are read here. The careful way,
//! [`Telegrams`](super::decode::Telegrams), reads the others and finds the cause.

use std::sync::Arc;

use crate::{
    chain::decrypt::{Chosen, Decrypt, Demands, Ring, attributes},
    cipher::ciphered::{Ciphered, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING},
    cosem::notification::DATA_NOTIFICATION,
    p1,
    reading::{family::MeterFamilies, telegram::Telegram, template::Templates},
    record::{Attributes, Auth, Record},
};

/// Opens and reads telegrams with chosen keys.
#[derive(Clone, Default)]
pub struct Reopen {
    ring: Arc<Ring>,
    demands: Demands,
    plain: Vec<u8>,
    templates: Templates,
}

impl Reopen {
    /// A reader with the keys and demands of `decrypt`, and the tables of meter families that send no
    /// codes.
    #[must_use]
    pub fn new(decrypt: &Decrypt, families: MeterFamilies) -> Self {
        let (ring, demands) = decrypt.share();
        Self { ring, demands, plain: Vec::new(), templates: Templates::with(families) }
    }

    /// Reads the APDU of a record, and lends the telegram to `out`, with the record of its plain
    /// APDU. False if the APDU takes the careful way.
    pub fn read(
        &mut self,
        record: &Record<'_>,
        chosen: &Chosen,
        out: impl FnOnce(&Telegram<'_>, &Record<'_>),
    ) -> bool {
        let plain = match record.octets.first() {
            Some(&(GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING)) => self.open(record, chosen),
            Some(&(DATA_NOTIFICATION | p1::START)) if !self.demands.authenticated => {
                self.plain.clear();
                self.plain.extend_from_slice(record.octets);
                Some(record.attributes)
            }
            _ => None,
        };
        let Some(attributes) = plain else {
            return false;
        };
        let telegram = self.templates.read(&self.plain);
        if let Ok(telegram) = &telegram {
            out(telegram, &Record { octets: &self.plain, attributes, ..*record });
        }
        telegram.is_ok()
    }

    /// Deciphers an APDU into `self.plain`.
    fn open<'a>(&mut self, record: &Record<'a>, chosen: &Chosen) -> Option<Attributes<'a>> {
        if record.attributes.near_frame {
            return None;
        }
        let apdu = &Ciphered::parse(record.octets).ok()?;
        let title = apdu.title.or(chosen.title)?;
        let keys = self.ring.all.get(chosen.key?)?;
        let auth = match (apdu.tag, &keys.gak) {
            (Some(_), Some(gak)) => {
                keys.cipher.open(apdu, &title, gak, &mut self.plain).then_some(Auth::Verified)?
            }
            _ if self.demands.authenticated => return None,
            (Some(_), None) if !chosen.reported_unverified => return None,
            // The careful way compares the number of the meter each time.
            (Some(_), None) if keys.number.is_some() => return None,
            (tag, _) => {
                keys.cipher.decrypt(apdu, &title, &mut self.plain);
                if tag.is_some() { Auth::Unverified } else { Auth::None }
            }
        };
        Some(attributes(apdu, title, auth, record.attributes))
    }
}
