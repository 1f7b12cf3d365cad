//! general-glo-ciphering and general-ded-ciphering: the envelope of a push telegram.
//!
//! ```text
//! DB 08 TT TT TT TT TT TT TT TT  LL…  SS IC IC IC IC  ciphertext…  [tag × 12]
//!                                     └──────────── LL octets ─────────────┘
//! ```
//!
//! DB general-glo-ciphering (the global key), DC general-ded-ciphering (a dedicated key); TT system
//! title: three letters of the manufacturer and five octets; LL a BER length in any form; SS
//! security control; IC invocation counter (operators say frame counter), most significant octet
//! first; the tag is there if bit 4 of SS is set.
//!
//! Real headers: Netz NÖ `db 08 4b464d6750000009 81f8 20 00000023`, KSM-West
//! `db 08 4b464d1020003774 820155 21 00001b66`: the low nibble of SS names security suite 1, though
//! it is plain AES-128-GCM all the same, so any suite is read alike.

use core::fmt;

use crate::{
    counted::counted,
    error::{Cause, Error, Layer, Result},
    field::{WireField, WireFields},
    reader::Reader,
};

/// The first octet of a general-glo-ciphering APDU.
pub const GENERAL_GLO_CIPHERING: u8 = 0xdb;

/// The first octet of a general-ded-ciphering APDU.
pub const GENERAL_DED_CIPHERING: u8 = 0xdc;

/// Octets of a tag.
pub const TAG_SIZE: usize = 12;

/// The sender of a telegram: three letters of the manufacturer, five octets of its own.
pub type SystemTitle = [u8; 8];

/// A ciphered APDU, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ciphered<'a> {
    /// The system title, unless the meter sends none (length 0).
    pub title: Option<SystemTitle>,
    /// How the rest is ciphered.
    pub security: SecurityControl,
    /// The invocation counter.
    pub counter: u32,
    /// The octets to decrypt.
    pub ciphertext: &'a [u8],
    /// The tag, if the security control announces one.
    pub tag: Option<&'a [u8; TAG_SIZE]>,
}

/// The security control octet (Green Book, 9.2.7.2.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityControl(pub u8);

impl SecurityControl {
    /// A tag is there.
    #[must_use]
    pub const fn authenticated(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// The text is ciphered.
    #[must_use]
    pub const fn encrypted(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// The meaning of its bits, for people.
    #[must_use]
    pub fn text(self) -> String {
        let encrypted = if self.encrypted() { "encrypted" } else { "not encrypted" };
        let tag = if self.authenticated() { "with a tag" } else { "without a tag" };
        let more = self.unsupported().map(|what| format!("; not supported: {what}"));
        let suite = self.0 & 0x0f;
        format!("{encrypted}, {tag}, security suite {suite}{}", more.unwrap_or_default())
    }

    /// The name of a feature that this reader does not support.
    const fn unsupported(self) -> Option<&'static str> {
        match self.0 & 0xf0 {
            0x20 | 0x30 => None,
            control if control & 0x80 != 0 => Some("compressed telegrams"),
            control if control & 0x40 != 0 => Some("the broadcast key (GBEK)"),
            0x10 => Some("authentication without encryption"),
            _ => Some("ciphering with neither encryption nor authentication"),
        }
    }
}

impl fmt::Display for SecurityControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl<'a> Ciphered<'a> {
    /// Takes exactly one ciphered APDU apart.
    ///
    /// # Errors
    /// Named by the place in `octets`: another tag, a title of another length, a length that is not
    /// what is there, a security control that is not supported.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(Layer::Cipher, octets);
        let (title, announced) = envelope(&mut reader)?;
        let at = reader;
        if announced != reader.rest().len() {
            let found = reader.rest().len();
            return Err(at.error(Cause::Announced { announced, found }));
        }
        let security = SecurityControl(reader.u8("security control")?);
        if let Some(what) = security.unsupported() {
            return Err(at.error(Cause::Unsupported { what }));
        }
        let counter = reader.u32("invocation counter")?;
        let (ciphertext, tag) = match security.authenticated() {
            false => (reader.rest(), None),
            true => match reader.rest().split_last_chunk::<TAG_SIZE>() {
                Some((ciphertext, tag)) => (ciphertext, Some(tag)),
                None => return reader.take(TAG_SIZE, "tag").and(Err(at.error(Cause::Tag))),
            },
        };
        Ok(Self { title, security, counter, ciphertext, tag })
    }
}

/// The system title of an APDU that begins as a ciphered one does. The rest of it is not looked at.
#[must_use]
pub fn title(apdu: &[u8]) -> Option<SystemTitle> {
    match apdu {
        [GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING, 8, rest @ ..] => {
            rest.first_chunk().copied()
        }
        _ => None,
    }
}

/// True if the header of a ciphered APDU announces a tag. The rest of it is not looked at.
#[must_use]
pub fn is_tagged(apdu: &[u8]) -> bool {
    let mut reader = Reader::new(Layer::Cipher, apdu);
    let control = envelope(&mut reader).and_then(|_| reader.u8("security control"));
    control.is_ok_and(|control| SecurityControl(control).authenticated())
}

/// The size that the first octets of a ciphered APDU announce for the whole of it; `None` if more
/// octets are needed.
///
/// # Errors
/// The octets are no ciphered APDU.
pub fn announced(octets: &[u8]) -> Result<Option<usize>> {
    let mut reader = Reader::new(Layer::Cipher, octets);
    match envelope(&mut reader) {
        Ok((_, announced)) => Ok(Some(reader.offset().saturating_add(announced))),
        Err(Error { cause: Cause::Short { .. }, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name of an APDU that is not read here, by its first octet.
#[must_use]
pub const fn unsupported_apdu(tag: u8) -> Option<&'static str> {
    Some(match tag {
        0xc2 => "event-notification",
        0xca => "glo-event-notification",
        0xc8..=0xcf => "service-specific global ciphering",
        0xd0..=0xd7 => "service-specific dedicated ciphering",
        0xdd => "general-ciphering",
        0xdf => "general-signing",
        0xe0 => "general-block-transfer",
        _ => return None,
    })
}

/// The fields of a ciphered APDU that may be damaged or cut off, for people.
#[must_use]
pub fn fields(apdu: &[u8]) -> Vec<WireField<'_>> {
    let mut fields = WireFields::of(apdu);
    list(&mut fields);
    fields.list()
}

fn list(fields: &mut WireFields<'_>) -> Option<()> {
    fields.octet("tag", |tag| match tag {
        GENERAL_GLO_CIPHERING => "general-glo-ciphering: the key is the GUEK",
        GENERAL_DED_CIPHERING => "general-ded-ciphering: the key is a dedicated one",
        other => unsupported_apdu(other).unwrap_or("not one of a ciphered APDU"),
    })?;
    let size =
        fields.octet("length", |size| format!("{} of system title", counted(size, "octet")))?;
    fields.take(size.into(), "system title", title_text)?;
    let mut reader = Reader::new(Layer::Cipher, fields.rest());
    let length = reader.length("length").ok()?;
    fields
        .take(reader.offset(), "length", |_| format!("{} to the end", counted(length, "octet")))?;
    let rest = fields.rest().get(..length).unwrap_or(fields.rest()).len();
    let security = SecurityControl(
        fields.octet("security control", |control| SecurityControl(control).text())?,
    );
    fields.take(4, "invocation counter", |counter| {
        let number = counter.iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet));
        format!("{number}")
    })?;
    let tag = if security.authenticated() { TAG_SIZE } else { 0 };
    let text = length.saturating_sub(HEADER + tag);
    // Of an APDU that is cut off, the last octets are no tag.
    let whole = rest == length;
    let name = if security.encrypted() { "ciphertext" } else { "text" };
    fields.content(if whole { text } else { length - HEADER.min(length) }, name, |octets| {
        counted(octets.len(), "octet").to_string()
    })?;
    fields.take(tag, "authentication tag", |_| "over security control, keys and text").map(drop)
}

/// The octets of security control and counter, which the length counts.
const HEADER: usize = 5;

/// The title as people know it: the letters of the manufacturer, and the rest in hex.
fn title_text(title: &[u8]) -> String {
    match title.split_at_checked(3) {
        Some((letters, number)) if letters.iter().all(u8::is_ascii_alphanumeric) => {
            let letters = String::from_utf8_lossy(letters);
            let number = hex::encode(number);
            match manufacturer(&letters) {
                Some(name) => format!("{letters} {number} ({name})"),
                None => format!("{letters} {number}"),
            }
        }
        _ => "of an unknown manufacturer".to_owned(),
    }
}

/// The makers of meters in Austria, by the letters that the FLAG association gave them.
fn manufacturer(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "ELS" => "Elster",
        "ISK" => "Iskraemeco",
        "KAM" => "Kamstrup",
        "KFM" => "Kaifa",
        "LGZ" => "Landis+Gyr",
        "SAG" => "Sagemcom",
        "SIE" => "Siemens",
        _ => return None,
    })
}

/// Tag, title and length.
fn envelope(reader: &mut Reader<'_>) -> Result<(Option<SystemTitle>, usize)> {
    let at = *reader;
    match reader.u8("tag")? {
        GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING => {}
        found => {
            let (what, expected) = ("tag", "db or dc");
            let unexpected = Cause::Unexpected { what, found, expected };
            let unsupported = unsupported_apdu(found).map(|what| Cause::Unsupported { what });
            return Err(at.error(unsupported.unwrap_or(unexpected)));
        }
    }
    let at = *reader;
    let title = match reader.u8("length of the system title")? {
        0 => None,
        8 => Some(*reader.array("system title")?),
        found => {
            let (what, expected) = ("length of the system title", "08");
            return Err(at.error(Cause::Unexpected { what, found, expected }));
        }
    };
    Ok((title, reader.length("length")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: [u8; 10] = [0xdb, 0x08, 0x4b, 0x46, 0x4d, 0x67, 0x50, 0x00, 0x00, 0x09];

    fn apdu(length: &[u8], rest: &[u8]) -> Vec<u8> {
        [&TITLE[..], length, rest].concat()
    }

    #[test]
    fn every_form_of_the_length_and_every_suite_reads_alike() {
        let rest = [0x21, 0, 0, 0x1b, 0x66, 0xaa, 0xbb];
        for length in [&[0x07][..], &[0x81, 0x07], &[0x82, 0x00, 0x07], &[0x84, 0, 0, 0, 7]] {
            let octets = apdu(length, &rest);
            let ciphered = Ciphered::parse(&octets).unwrap();
            assert_eq!(ciphered.title.unwrap(), TITLE[2..]);
            assert_eq!((ciphered.counter, ciphered.ciphertext), (0x1b66, &[0xaa, 0xbb][..]));
            assert_eq!(announced(&octets), Ok(Some(octets.len())));
            assert_eq!(announced(&octets[..9]), Ok(None));
        }
        for suite in 0..16 {
            let octets = apdu(&[0x05], &[0x20 | suite, 0, 0, 0, 1]);
            assert!(Ciphered::parse(&octets).is_ok());
        }
    }

    #[test]
    fn a_tag_is_the_last_twelve_octets() {
        let octets = apdu(&[19], &[&[0x30, 0, 0, 0, 1, 0xaa, 0xbb][..], &[7; 12]].concat());
        let ciphered = Ciphered::parse(&octets).unwrap();
        assert_eq!((ciphered.ciphertext, ciphered.tag), (&[0xaa, 0xbb][..], Some(&[7; 12])));
        let error = Ciphered::parse(&apdu(&[6], &[0x30, 0, 0, 0, 1, 2])).unwrap_err();
        let cause = Cause::Short { what: "tag", needed: 12, available: 1 };
        assert_eq!((error.offset, error.cause), (16, cause));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let name = |octets: &[u8]| Ciphered::parse(octets).unwrap_err().to_string();
        let control = |control| name(&apdu(&[5], &[control, 0, 0, 0, 1]));
        assert_eq!(control(0x60), "cipher: not supported: the broadcast key (GBEK)");
        assert_eq!(control(0xa0), "cipher: not supported: compressed telegrams");
        assert_eq!(control(0x10), "cipher: not supported: authentication without encryption");
        assert!(control(0x00).contains("neither encryption nor"));
        assert_eq!(name(&[0xdd, 0]), "cipher: not supported: general-ciphering");
        assert_eq!(name(&[0xdf, 0]), "cipher: not supported: general-signing");
        assert_eq!(name(&[0xca, 0]), "cipher: not supported: glo-event-notification");
        assert_eq!(name(&[0x42]), "cipher: tag at octet 0: found 42, expected db or dc");
    }

    #[test]
    fn a_title_of_length_0_is_absent_and_other_lengths_are_refused() {
        let ciphered = Ciphered::parse(&[0xdb, 0, 5, 0x20, 0, 0, 0, 1]).map(|apdu| apdu.title);
        assert_eq!(ciphered, Ok(None));
        for length in [1, 7, 9, 255] {
            let error = Ciphered::parse(&[&[0xdb, length][..], &[5; 300]].concat()).unwrap_err();
            assert!(error.to_string().contains("length of the system title at octet 1"));
        }
    }

    #[test]
    fn a_length_that_is_not_what_is_there_is_refused() {
        for announced in [4, 6, 0x7f] {
            let error = Ciphered::parse(&apdu(&[announced], &[0x20, 0, 0, 0, 1])).unwrap_err();
            let announced = usize::from(announced);
            assert_eq!((error.offset, error.cause), (11, Cause::Announced { announced, found: 5 }));
        }
    }
}
