//! The fast way to read a telegram: its key is chosen already.
//!
//! A [`Reopen`] remembers nothing that bears on later telegrams, so several threads can each have one.
//! It reads sound telegrams only. The careful way, [`Telegrams`](super::decode::Telegrams), reads the
//! others and finds the cause.

use std::sync::Arc;

use crate::{
    chain::decrypt::{Chosen, Decrypt, Demands, Ring, attributes},
    cipher::ciphered::{Ciphered, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING, SystemTitle},
    cosem::notification::DATA_NOTIFICATION,
    reading::{telegram::Telegram, template::Templates},
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
    /// A reader with the keys and demands of `decrypt`.
    #[must_use]
    pub fn new(decrypt: &Decrypt) -> Self {
        let (ring, demands) = decrypt.share();
        Self { ring, demands, ..Self::default() }
    }

    /// Reads the APDU of a record; nothing if that takes the careful way.
    pub fn read<'s>(
        &'s mut self,
        record: &Record<'s>,
        chosen: &Chosen,
    ) -> Option<(Telegram<'s>, Record<'s>)> {
        match *record.octets.first()? {
            GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING => {
                let apdu = Ciphered::parse(record.octets).ok()?;
                let title = apdu.title.or(self.demands.title)?;
                let attributes = self.open(&apdu, title, chosen, record.attributes)?;
                let telegram = self.templates.read(&self.plain).ok()?;
                Some((telegram, Record { octets: &self.plain, attributes, ..*record }))
            }
            DATA_NOTIFICATION if !self.demands.authenticated => {
                Some((self.templates.read(record.octets).ok()?, *record))
            }
            _ => None,
        }
    }

    /// Deciphers an APDU into `self.plain`.
    fn open<'a>(
        &mut self,
        apdu: &Ciphered<'_>,
        title: SystemTitle,
        chosen: &Chosen,
        of_record: Attributes<'a>,
    ) -> Option<Attributes<'a>> {
        let keys = self.ring.all.get(chosen.key?)?;
        let auth = match (apdu.tag, &keys.gak) {
            (Some(_), Some(gak)) => {
                keys.cipher.open(apdu, &title, gak, &mut self.plain).then_some(Auth::Verified)?
            }
            _ if self.demands.authenticated => return None,
            (Some(_), None) if !chosen.told_unverified => return None,
            (tag, _) => {
                keys.cipher.decrypt(apdu, &title, &mut self.plain);
                if tag.is_some() { Auth::Unverified } else { Auth::None }
            }
        };
        Some(attributes(apdu, title, auth, of_record))
    }
}
