//! The envelope of a DSMR telegram: the text that meters send over their P1 socket (DSMR 5.0.2 P1,
//! 6.2; the form of IEC 62056-21, mode D).
//!
//! ```text
//! /KFM5KAIFA-METER␍␊
//! ␍␊
//! 1-0:1.8.1(001581.123*kWh)␍␊
//! …
//! !6796␍␊
//! ```
//!
//! A slash, three letters of the manufacturer, a 5, and an identification; lines with objects; an
//! exclamation mark at the start of a line, with the CRC of everything from the slash up to it. DSMR
//! 2.2 and 3.0 have no CRC.
//!
//! The text comes alone ([`link::dsmr`](crate::link::dsmr)), and inside ciphered APDUs.

use crate::error::{Cause, Error, Layer};

/// The first octet.
pub const START: u8 = b'/';

/// The last octet.
pub const END: u8 = b'\n';

/// The longest telegram. The text message alone may have 2048 digits.
pub const MOST: usize = 4096;

/// The longest identification. DSMR has 16 characters.
const IDENTIFICATION: usize = 64;

/// Objects that name a version of DSMR or of its Belgian form, all of which have a CRC.
const VERSIONS: [&[u8]; 2] = [b"\n1-3:0.2.8(", b"\n0-0:96.1.4("];

/// A telegram whose form and CRC are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P1Envelope {
    /// The octets of the first line, with its end.
    pub head: usize,
    /// Where the exclamation mark stands.
    pub mark: usize,
    /// The octets of the whole.
    pub size: usize,
    /// True if it has a CRC.
    pub checked: bool,
}

/// The form of the code in front of a value, which tells texts of meters apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeForm {
    /// `1-0:1.8.0(`, as in DSMR.
    Full,
    /// `1-0:1.8.0*255(`, as many infrared interfaces have it.
    WithHistory,
    /// `1.8.0(` or `F.F(`, of the readouts of IEC 62056-21.
    Short,
}

impl CodeForm {
    /// The form of the code that ends some octets; `None` if none does.
    #[must_use]
    pub fn of_end(octets: &[u8]) -> Option<Self> {
        let is_code = |octet: &u8| octet.is_ascii_alphanumeric() || b".:-*".contains(octet);
        let tail = octets.get(octets.len().saturating_sub(LONGEST_CODE)..).unwrap_or_default();
        let start = tail.iter().rposition(|octet| !is_code(octet)).map_or(0, |at| at + 1);
        let code = tail.get(start..).unwrap_or_default();
        let (code, history) = match code.iter().position(|octet| *octet == b'*') {
            Some(at) => (code.get(..at).unwrap_or_default(), code.get(at + 1..)),
            None => (code, None),
        };
        let (medium, value) = match code.iter().position(|octet| *octet == b':') {
            Some(at) => (code.get(..at), code.get(at + 1..).unwrap_or_default()),
            None => (None, code),
        };
        let is_number =
            |group: &[u8]| (1..=3).contains(&group.len()) && group.iter().all(u8::is_ascii_digit);
        let is_group = |group: &[u8]| is_number(group) || matches!(group, [b'A'..=b'Z']);
        let groups: Vec<_> = value.split(|octet| *octet == b'.').collect();
        if !history.is_none_or(is_number) || !groups.iter().all(|group| is_group(group)) {
            return None;
        }
        match (medium, history, groups.len()) {
            (None, _, 3) => Some(Self::Short),
            (None, _, 2) if code.first().is_some_and(u8::is_ascii_uppercase) => Some(Self::Short),
            (Some(_), Some(_), 3) => Some(Self::WithHistory),
            (Some(_), None, 3) => Some(Self::Full),
            _ => None,
        }
    }

    /// The form of the code that begins a line with a value.
    #[must_use]
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let end = line.iter().position(|octet| *octet == b'(')?;
        let code = line.get(..end).filter(|code| code.len() < LONGEST_CODE)?;
        let is_code = |octet: &u8| octet.is_ascii_alphanumeric() || b".:-*".contains(octet);
        Self::of_end(code).filter(|_| code.iter().all(is_code))
    }
}

/// More characters than a code has: `255-255:255.255.255*255`.
const LONGEST_CODE: usize = 24;

/// Why octets are no telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEnvelope {
    /// The slash stands there by chance.
    LookAlike,
    /// A telegram begins, and is damaged; with the size that it seems to have, 0 if that is in doubt.
    Damaged(Error, usize),
}

/// True if octets begin as a telegram does: with a slash, three letters and a 5.
#[must_use]
pub fn begins(octets: &[u8]) -> bool {
    octets.len() >= 5 && !matches!(head(octets), Err(NoEnvelope::LookAlike))
}

impl P1Envelope {
    /// The telegram at the start of `octets`; `None` if more octets are needed to tell. Octets
    /// behind it do not change the answer.
    ///
    /// # Errors
    /// No telegram begins there.
    #[must_use]
    pub fn of(octets: &[u8], layer: Layer) -> Option<Result<Self, NoEnvelope>> {
        Self::parse(octets, layer, false).transpose()
    }

    /// The same where the octets end: the line end behind the CRC may be missing.
    ///
    /// # Errors
    /// No telegram begins there.
    #[must_use]
    pub fn of_last(octets: &[u8], layer: Layer) -> Option<Result<Self, NoEnvelope>> {
        Self::parse(octets, layer, true).transpose()
    }

    fn parse(octets: &[u8], layer: Layer, ended: bool) -> Result<Option<Self>, NoEnvelope> {
        let Some(head) = head(octets)? else {
            return Ok(None);
        };
        let damaged = |offset, cause| NoEnvelope::Damaged(Error::new(layer, offset, cause), 0);
        let text = octets.get(..MOST).unwrap_or(octets);
        let (mut at, mut mark) = (head, None);
        while mark.is_none() {
            let line = text.get(at..).unwrap_or_default();
            match line.first() {
                Some(&b'!') => mark = Some(at),
                // Another telegram begins before this one is whole.
                Some(&START) => return Err(damaged(at, Cause::CutOff { octets: at })),
                _ => {}
            }
            let size = line.iter().position(|octet| !matches!(octet, b' '..=b'~' | b'\r'));
            match (size, size.and_then(|size| line.get(size).copied())) {
                _ if mark.is_some() => {}
                (Some(size), Some(END)) => at += size + 1,
                // The block of a readout.
                (Some(0), Some(STX)) if at == head => return Err(NoEnvelope::LookAlike),
                (Some(size), Some(found)) => {
                    let (what, expected) = ("character", "printable ASCII");
                    let cause = Cause::Unexpected { what, found, expected };
                    return Err(damaged(at + size, cause));
                }
                _ if octets.len() >= MOST => {
                    let what = "octets of a DSMR telegram";
                    return Err(damaged(0, Cause::Limit { what, limit: MOST }));
                }
                _ => return Ok(None),
            }
        }
        let mark = mark.unwrap_or_default();
        let behind = octets.get(mark + 1..).unwrap_or_default();
        let digits = behind.iter().take_while(|octet| octet.is_ascii_hexdigit()).count().min(CRC);
        let rest = behind.get(digits..).unwrap_or_default();
        let end = match rest {
            [b'\r', END, ..] => 2,
            [END, ..] => 1,
            [] | [b'\r'] if ended && digits == CRC => rest.len(),
            [] | [b'\r'] => return Ok(None),
            [b'\r', found, ..] | [found, ..] => {
                let expected =
                    if digits == CRC { "the end of the line" } else { "four hex digits" };
                let cause = Cause::Unexpected { what: CRC_NAME, found: *found, expected };
                return Err(damaged(mark + 1 + digits, cause));
            }
        };
        let size = mark + 1 + digits + end;
        let refused = |cause| NoEnvelope::Damaged(Error::new(layer, mark + 1, cause), size);
        let (checked, _) = octets.split_at_checked(mark + 1).unwrap_or_default();
        match digits {
            CRC => {
                let found = number(behind.get(..CRC).unwrap_or_default());
                let computed = crc(checked);
                if found != computed {
                    return Err(refused(Cause::CheckSequence { what: CRC_NAME, found, computed }));
                }
            }
            0 if is_readout(checked) => return Err(NoEnvelope::LookAlike),
            0 if !has_version(checked) => {}
            _ => {
                let found = rest.first().copied().unwrap_or_default();
                let (what, expected) = (CRC_NAME, "four hex digits");
                return Err(refused(Cause::Unexpected { what, found, expected }));
            }
        }
        Ok(Some(Self { head, mark, size, checked: digits == CRC }))
    }
}

/// The meaning of the first line, for people.
pub const HEAD_MEANING: &str = "manufacturer and type of the meter";

/// The name of the CRC in messages.
pub const CRC_NAME: &str = "CRC";

/// The meaning of the CRC, for people.
pub const CRC_MEANING: &str = "CRC-16 of everything from the slash to the exclamation mark";

/// The digits of a CRC.
const CRC: usize = 4;

/// The octets of the identification and its line end; `None` if more are needed.
fn head(octets: &[u8]) -> Result<Option<usize>, NoEnvelope> {
    let fits = |(at, octet): (usize, &u8)| match at {
        0 => *octet == START,
        1..=3 => octet.is_ascii_alphabetic(),
        _ => *octet == b'5',
    };
    if !octets.iter().take(5).enumerate().all(fits) {
        return Err(NoEnvelope::LookAlike);
    }
    let line = octets.get(..IDENTIFICATION).unwrap_or(octets);
    // Iskra has a control character in it.
    match line.iter().position(|octet| *octet == END || !octet.is_ascii()) {
        Some(end) if line.get(end) == Some(&END) => Ok(Some(end + 1)),
        None if line.len() < IDENTIFICATION => Ok(None),
        _ => Err(NoEnvelope::LookAlike),
    }
}

/// The octet in front of the block of a readout.
const STX: u8 = 2;

/// True for a readout of an infrared interface (IEC 62056-21): it begins and ends as a telegram does, and
/// most of its codes are short.
fn is_readout(text: &[u8]) -> bool {
    let forms = text.split(|octet| *octet == END).filter_map(CodeForm::of_line);
    let (full, others): (Vec<_>, Vec<_>) = forms.partition(|form| *form == CodeForm::Full);
    others.len() > full.len()
}

fn has_version(text: &[u8]) -> bool {
    VERSIONS.iter().any(|version| memchr::memmem::find(text, version).is_some())
}

/// The number in some hex digits.
fn number(digits: &[u8]) -> u16 {
    let digits = digits.iter().filter_map(|digit| char::from(*digit).to_digit(16));
    digits.fold(0, |number, digit| number << 4 | u16::try_from(digit).unwrap_or_default())
}

/// The CRC of a telegram up to its exclamation mark: CRC-16 with the reflected polynomial A001, which
/// begins with zero (CRC-16/ARC).
///
/// Texts that were saved with line ends of Linux have the CRC of the original.
#[must_use]
pub fn crc(text: &[u8]) -> u16 {
    let mut before = 0;
    text.iter().fold(0, |sum, &octet| {
        let lost = octet == END && before != b'\r';
        before = octet;
        crc_step(if lost { crc_step(sum, b'\r') } else { sum }, octet)
    })
}

/// True for a telegram that ends with a CRC, not with its exclamation mark. The CRC is not looked at.
#[must_use]
pub fn has_crc(telegram: &[u8]) -> bool {
    telegram.first() == Some(&START) && telegram.trim_ascii_end().last() != Some(&b'!')
}

/// Puts the right CRC into a telegram that had one.
pub fn renew_crc(telegram: &mut [u8]) {
    let mark = memchr::memmem::rfind(telegram, b"\n!").map(|at| at + 1);
    let Some((text, behind)) = mark.and_then(|mark| telegram.split_at_mut_checked(mark + 1)) else {
        return;
    };
    let Some(digits) = behind.get_mut(..CRC).filter(|it| it.iter().all(u8::is_ascii_hexdigit))
    else {
        return;
    };
    let lower = digits.iter().any(u8::is_ascii_lowercase);
    let crc = crc(text);
    let renewed = if lower { format!("{crc:04x}") } else { format!("{crc:04X}") };
    digits.copy_from_slice(renewed.as_bytes());
}

/// The CRC behind one more octet, whatever it began with. The eight steps of the polynomial are few enough terms to be written out: the parity of
/// the octet, and the octet at three places.
pub(crate) const fn crc_step(sum: u16, octet: u8) -> u16 {
    let [low, high] = sum.to_le_bytes();
    let mixed = (low ^ octet) as u16;
    let parity = (mixed.count_ones() & 1) as u16;
    high as u16 ^ mixed << 6 ^ mixed << 7 ^ (parity * 0xc001)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The polynomial bit by bit, as the standard's figure has it.
    fn by_hand(text: &[u8]) -> u16 {
        text.iter().fold(0, |sum, octet| {
            (0..8).fold(sum ^ u16::from(*octet), |sum, _| {
                if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 }
            })
        })
    }

    fn telegram(lines: &str) -> Vec<u8> {
        let text = format!("/KFM5KAIFA\r\n\r\n{lines}\r\n!");
        format!("{text}{:04X}\r\n", by_hand(text.as_bytes())).into_bytes()
    }

    fn error(octets: &[u8]) -> String {
        match P1Envelope::of(octets, Layer::Dsmr) {
            Some(Err(NoEnvelope::Damaged(error, _))) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_crc_is_that_of_the_catalogue_and_of_the_polynomial() {
        // The check value of CRC-16/ARC in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc(b"123456789"), 0xbb3d);
        for octet in 0..=u8::MAX {
            for sum in [0, 1, 0x8000, 0xffff, 0x1234] {
                let bits = (0..8).fold(sum ^ u16::from(octet), |sum: u16, _| {
                    if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 }
                });
                assert_eq!(crc_step(sum, octet), bits, "{octet}");
            }
        }
    }

    #[test]
    fn a_telegram_has_its_parts() {
        let octets = telegram("1-0:1.8.0(1*kWh)");
        let size = octets.len();
        let envelope = P1Envelope { head: 12, mark: size - 7, size, checked: true };
        assert_eq!(P1Envelope::of(&octets, Layer::Dsmr), Some(Ok(envelope)));
        let more = [&octets[..], &octets].concat();
        assert_eq!(P1Envelope::of(&more, Layer::Dsmr), Some(Ok(envelope)));
        for cut in 0..size {
            assert_eq!(P1Envelope::of(&octets[..cut], Layer::Dsmr), None, "cut to {cut}");
        }
        for cut in [1, 2] {
            let last = P1Envelope::of_last(&octets[..size - cut], Layer::Dsmr);
            assert_eq!(last, Some(Ok(P1Envelope { size: size - cut, ..envelope })));
        }
        assert_eq!(P1Envelope::of_last(&octets[..size - 3], Layer::Dsmr), None);
    }

    #[test]
    fn line_ends_of_linux_are_read() {
        let text = String::from_utf8(telegram("1-0:1.8.0(1*kWh)")).unwrap().replace('\r', "");
        let envelope = P1Envelope::of(text.as_bytes(), Layer::Dsmr).unwrap().unwrap();
        assert!(envelope.checked);
    }

    #[test]
    fn a_version_without_a_crc_has_none() {
        let text = |lines: &str| format!("/ISk5MT382\r\n\r\n{lines}\r\n!\r\n").into_bytes();
        let old = text("1-0:1.8.1(00001.001*kWh)");
        assert!(!P1Envelope::of(&old, Layer::Dsmr).unwrap().unwrap().checked);
        assert_eq!(
            error(&text("1-3:0.2.8(42)")),
            "dsmr: CRC at octet 30: found 0d, expected four hex digits"
        );
    }

    #[test]
    fn a_readout_of_an_infrared_interface_is_no_telegram() {
        for text in [
            "/LGZ5ZMF100AC.M26\r\n\r\nF.F(00)\r\n1.8.0(001234.5*kWh)\r\n!\r\n",
            "/LGZ5ZMF100AC.M26\r\n\x02F.F(00)\r\n1.8.0(001234.5*kWh)\r\n!\r\n\x03",
        ] {
            let envelope = P1Envelope::of(text.as_bytes(), Layer::Dsmr);
            assert_eq!(envelope, Some(Err(NoEnvelope::LookAlike)), "{text}");
        }
    }

    #[test]
    fn the_code_of_a_line_has_a_form() {
        for (line, form) in [
            ("1-0:1.8.1(000306.946*kWh)", Some(CodeForm::Full)),
            ("0-1:24.2.1(101209112500W)(12785.123*m3)", Some(CodeForm::Full)),
            ("1-0:1.8.0*255(1*kWh)", Some(CodeForm::WithHistory)),
            ("1.8.0(001234.5*kWh)", Some(CodeForm::Short)),
            ("1.8.0*01(001234.5*kWh)", Some(CodeForm::Short)),
            ("F.F(00)", Some(CodeForm::Short)),
            ("C.1.0(12345678)", Some(CodeForm::Short)),
            ("(00001.234)", None),
            ("read(1)", None),
            ("bytes([104])", None),
            ("12:00:01.123 rx(3)", None),
            ("68 fa fa 68", None),
        ] {
            assert_eq!(CodeForm::of_line(line.as_bytes()), form, "{line}");
        }
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let good = telegram("1-0:1.8.0(1*kWh)");
        let mut damaged = good.clone();
        damaged[25] ^= 1;
        let text = error(&damaged);
        assert!(text.starts_with("dsmr: CRC at octet 33: found "), "{text}");
        damaged[25] = 0x80;
        let text = error(&damaged);
        assert_eq!(text, "dsmr: character at octet 25: found 80, expected printable ASCII");
        let two = [&good[..20], b"\n", &good].concat();
        assert_eq!(error(&two), "dsmr: a telegram breaks off after 21 octets");
        let endless = [&b"/KFM5\r\n"[..], &[b'0'; MOST]].concat();
        assert_eq!(error(&endless), "dsmr: octets of a DSMR telegram at octet 0: more than 4096");
        for octets in [&b"/KF"[..], b"/", b"/KFM5 a"] {
            assert_eq!(P1Envelope::of(octets, Layer::Dsmr), None);
        }
        for octets in [&b"/1"[..], b"/KFM4", b"/KFM5\xff", &[b'/'; 5]] {
            let look_alike = Some(Err(NoEnvelope::LookAlike));
            assert_eq!(P1Envelope::of(octets, Layer::Dsmr), look_alike);
        }
    }
}
