//! Protocols recognised by their octets: those that are not read here, and parts of DSMR telegrams.
//!
//! ```text
//! 1b1b1b1b 01010101 …                  SML
//! /LGZ4ZMF100AC …  1.8.0(…)            D0 (IEC 62056-21), also with the parity bit in bit 7
//! 1-0:1.8.0*255(…)                     D0 too
//! /KFM5…  1-0:1.8.1(…)  … !A1B2        DSMR; a whole telegram is read
//! 68 LL LL 68 … CI=72 …                M-Bus data records (EN 13757-3)
//! LL 44 MM MM …                        wireless M-Bus (EN 13757-4), with or without its CRC
//! 01 03 00 00 00 02 c4 0b              Modbus RTU, with its CRC
//! 10 40 f0 30 16                       a meter that waits for an answer (Siemens TD-351x)
//! 36 38 66 61 66 61 36 38 …            68fafa68: hex digits of a program in between
//! 31 30 34 20 32 35 30 …               104 250 …: another text of telegrams, decimal or base64
//! ff fb 03 ff fd 03 …                  a server that speaks telnet: it doubles each ff of a telegram
//! HTTP/1.1 400 …  SSH-2.0-…            other servers on the network
//! ```

use crate::{
    diagnosis::{diagnosis::AdviceLanguage, modbus, service::NetworkService, wireless},
    hex::{
        dump::{Dump, HexRun},
        telegram::holds_header,
        unread,
    },
    link::{deframer::Deframer, registry::LinkKind},
    p1::{self, CodeForm},
};

/// A protocol that is not read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForeignProtocol {
    /// The text of P1 sockets, of which no whole telegram is there.
    Dsmr,
    /// The text of infrared interfaces, IEC 62056-21.
    D0,
    /// The Smart Message Language of German meters.
    Sml,
    /// Wireless M-Bus, as receivers hand it on.
    WirelessMbus,
    /// The bus of inverters and energy meters, in its binary form.
    Modbus,
    /// M-Bus frames with data records, also encrypted ones (OMS).
    MbusRecords,
    /// A meter that sends only after an answer.
    OnRequest,
    /// A server on the network that speaks telnet in front of the meter.
    Telnet,
    /// A server on the network that is not one of meters.
    Service(&'static NetworkService),
    /// Telegrams as hex digits, from a live source.
    HexText,
    /// Telegrams in another form of text that `decode` reads, from a live source.
    TelegramText,
    /// Text that is none of these.
    Text,
    /// A file or a text in a form that is not read.
    Form(&'static str),
    /// Something of DLMS that exists and is not read.
    Dlms(&'static str),
}

impl ForeignProtocol {
    /// True if damaged frames of a meter can look like it.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Dsmr | Self::WirelessMbus) || self.is_text() || self.is_service()
    }

    /// True for text that no protocol of a meter is.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::HexText | Self::TelegramText | Self::Text)
    }

    /// True for a server on the network that has nothing to do with a meter.
    #[must_use]
    pub const fn is_service(self) -> bool {
        matches!(self, Self::Service(_))
    }

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dsmr => "dsmr",
            Self::D0 => "iec62056-21",
            Self::Sml => "sml",
            Self::WirelessMbus => "wmbus",
            Self::Modbus => "modbus",
            Self::MbusRecords => "mbus-records",
            Self::OnRequest => "on-request",
            Self::Telnet => "telnet",
            Self::Service(service) => service.name,
            Self::HexText => "hex",
            Self::TelegramText => "telegram-text",
            Self::Text => "text",
            Self::Form(name) | Self::Dlms(name) => name,
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self, language: AdviceLanguage) -> &'static str {
        language.pick(self.titles())
    }

    /// The names for people, in English and German.
    #[must_use]
    pub fn titles(self) -> [&'static str; 2] {
        match self {
            Self::Dsmr => ["DSMR, the text of a P1 socket", "DSMR, der Text einer P1-Buchse"],
            Self::D0 => [
                "D0 (IEC 62056-21), the text of an infrared interface",
                "D0 (IEC 62056-21), der Text einer Infrarotschnittstelle",
            ],
            Self::Sml => {
                ["SML, the language of German meters", "SML, die Sprache deutscher Zähler"]
            }
            Self::WirelessMbus => ["wireless M-Bus (OMS)", "Wireless M-Bus (OMS)"],
            Self::Modbus => [
                "Modbus RTU, the bus of inverters and energy meters",
                "Modbus RTU, der Bus von Wechselrichtern und Energiezählern",
            ],
            Self::MbusRecords => [
                "M-Bus data records (EN 13757-3, OMS), not DLMS/COSEM",
                "M-Bus-Datensätze (EN 13757-3, OMS), nicht DLMS/COSEM",
            ],
            Self::OnRequest => [
                "M-Bus requests of a meter that waits for an answer (Siemens TD-351x)",
                "M-Bus-Anfragen eines Zählers, der auf Antwort wartet (Siemens TD-351x)",
            ],
            Self::Telnet => [
                "telnet, with which a server on the way changes the octets of the meter",
                "Telnet, womit ein Server auf dem Weg die Oktette des Zählers verändert",
            ],
            Self::Service(service) => service.titles,
            Self::HexText => [
                "a telegram written as hex digits, by a program between it and the meter",
                "ein Telegramm in Hexziffern, geschrieben von einem Programm zwischen ihm und dem Zähler",
            ],
            Self::TelegramText => [
                "telegrams written as text, by a program between them and the meter",
                "Telegramme als Text, geschrieben von einem Programm zwischen ihnen und dem Zähler",
            ],
            Self::Text => ["plain text, not a meter", "gewöhnlicher Text, kein Zähler"],
            Self::Form(name) => unread::titles(name),
            Self::Dlms(name) => [name, german(name)],
        }
    }

    /// The next step.
    #[must_use]
    pub fn step(self, language: AdviceLanguage) -> &'static str {
        let texts = match self {
            Self::Dsmr => [
                "a telegram runs from the line that begins with / to the one that begins with !, with its CRC: give a whole one",
                "ein Telegramm reicht von der Zeile, die mit / beginnt, bis zu der mit ! und der CRC: ein ganzes angeben",
            ],
            Self::D0 => [
                "connect the adapter to the customer interface instead of this infrared interface, or use a reader for D0",
                "den Adapter an die Kundenschnittstelle statt an diese Infrarotschnittstelle anschließen, oder ein Programm für D0 verwenden",
            ],
            Self::Sml => [
                "connect the adapter to the customer interface, or use a reader for SML such as vzlogger",
                "den Adapter an die Kundenschnittstelle anschließen, oder ein Programm für SML verwenden, etwa vzlogger",
            ],
            Self::WirelessMbus | Self::MbusRecords => [
                "connect the adapter to the customer interface of the electricity meter, or use a reader for M-Bus such as wmbusmeters",
                "den Adapter an die Kundenschnittstelle des Stromzählers anschließen, oder ein Programm für M-Bus verwenden, etwa wmbusmeters",
            ],
            Self::Modbus => [
                "connect the adapter to the customer interface of the operator's meter, or use a reader for Modbus such as mbmd",
                "den Adapter an die Kundenschnittstelle des Zählers vom Netzbetreiber anschließen, oder ein Programm für Modbus verwenden, etwa mbmd",
            ],
            Self::OnRequest => [
                "use a reader that answers, such as amis_smartmeter_reader; meterpipe only listens",
                "ein Programm verwenden, das antwortet, etwa amis_smartmeter_reader; meterpipe hört nur zu",
            ],
            Self::Telnet => [
                "set the port of the server to raw TCP: in ser2net raw, or tcp without telnet(rfc2217)",
                "den Port des Servers auf rohes TCP stellen: in ser2net raw, oder tcp ohne telnet(rfc2217)",
            ],
            Self::Service(_) => [
                "name the port on which the octets of the adapter come out: that of ser2net, or of the serial bridge in the adapter's settings",
                "den Port angeben, an dem die Oktette des Adapters herauskommen: den von ser2net oder den der seriellen Brücke in den Einstellungen des Adapters",
            ],
            Self::HexText | Self::TelegramText => [
                "let that program send the octets themselves, or read its text through a pipe: nc HOST PORT | meterpipe decode, or cat DEVICE | meterpipe decode",
                "dieses Programm die Oktette selbst senden lassen, oder seinen Text durch eine Pipe lesen: nc RECHNER PORT | meterpipe decode, oder cat GERÄT | meterpipe decode",
            ],
            Self::Text => [
                "check which device is behind this name: meters send no plain text",
                "prüfen, welches Gerät hinter diesem Namen steckt: Zähler senden keinen gewöhnlichen Text",
            ],
            Self::Form(name) => unread::step(name).unwrap_or(unread::GENERAL),
            Self::Dlms(_) => [
                "report the meter's model and operator with the output of meterpipe capture",
                "Modell und Netzbetreiber mit der Ausgabe von meterpipe capture melden",
            ],
        };
        language.pick(texts)
    }
}

/// The German of a name of the standard; services keep theirs.
const fn german(name: &str) -> &str {
    match name.as_bytes() {
        b"compressed telegrams" => "komprimierte Telegramme",
        b"service-specific global ciphering" => "dienstbezogene Verschlüsselung (global)",
        b"the broadcast key (GBEK)" => "der gemeinsame Schlüssel aller Zähler (GBEK)",
        b"authentication without encryption" => "Authentifizierung ohne Verschlüsselung",
        b"ciphering with neither encryption nor authentication" => {
            "Chiffrierung ohne Verschlüsselung und ohne Authentifizierung"
        }
        b"service-specific dedicated ciphering" => "dienstbezogene Verschlüsselung (dediziert)",
        _ => name,
    }
}

/// The protocol of some octets, if it is one of those. Noise around them does no harm.
#[must_use]
pub fn recognise(octets: &[u8]) -> Option<ForeignProtocol> {
    if is_telnet(octets) {
        return Some(ForeignProtocol::Telnet);
    }
    if let Some(service) = NetworkService::of(octets) {
        return Some(ForeignProtocol::Service(service));
    }
    if memchr::memmem::find(octets, &SML).is_some() || has_sml_entries(octets) {
        return Some(ForeignProtocol::Sml);
    }
    text(octets)
        .or_else(|| mbus(octets))
        .or_else(|| wireless::has_telegrams(octets).then_some(ForeignProtocol::WirelessMbus))
        .or_else(|| modbus::has_frames(octets).then_some(ForeignProtocol::Modbus))
}

/// True for the commands with which a telnet server opens a connection: two at least, each WILL, WON'T, DO or DON'T
/// with an option.
fn is_telnet(octets: &[u8]) -> bool {
    let is_command = |three: &[u8]| matches!(three, [0xff, 0xfb..=0xfe, 0..=TELNET_OPTIONS]);
    octets.get(..6).is_some_and(|start| start.chunks(3).all(is_command))
}

/// The highest option that servers of serial lines offer: RFC 2217.
const TELNET_OPTIONS: u8 = 44;

/// The start of an SML file, in version 1.
const SML: [u8; 8] = [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1];

/// True for two entries of an SML list, each with its OBIS code: the start may be damaged, or before the first octet.
fn has_sml_entries(octets: &[u8]) -> bool {
    let starts = memchr::memmem::find_iter(octets, &SML_ENTRY);
    starts.filter(|at| octets.get(at + 7) == Some(&0xff)).nth(1).is_some()
}

/// A list of seven, and an octet string of six with the code of an electricity meter.
const SML_ENTRY: [u8; 4] = [0x77, 7, 1, 0];

/// Recognises readouts and other texts.
fn text(octets: &[u8]) -> Option<ForeignProtocol> {
    let seven: Vec<u8> = octets.iter().map(|octet| octet & 0x7f).collect();
    let all_codes = |octets| codes(octets).iter().sum::<usize>();
    // Some codes have no odd sign.
    let has_parity =
        has_parity_bits(octets) || all_codes(&seven) >= 2.max(all_codes(octets) * 2 + 1);
    let octets = if has_parity { &seven } else { octets };
    let [full, others] = codes(octets);
    let has = |needle: &[u8]| memchr::memmem::find(octets, needle).is_some();
    let has_marks = has(b"1-3:0.2.8(") || has(b"0-0:1.0.0(") || octets.windows(7).any(is_dsmr_end);
    let count = |is: fn(u8) -> bool| octets.iter().filter(|octet| is(**octet)).count();
    let texts = count(is_text);
    let is_prose = count(|octet| octet.is_ascii_lowercase()) * 3 >= texts;
    // A readout of one value has its head.
    match full + others + usize::from(full + others == 1 && has_head(octets)) {
        // Prose that names a code is no readout.
        codes if codes * LONGEST_LINE < texts && is_prose => {}
        // A stream may be joined in the middle of a telegram: the codes tell.
        2.. if has_marks || full > others => return Some(ForeignProtocol::Dsmr),
        2.. => return Some(ForeignProtocol::D0),
        _ => {}
    }
    let is_clean = octets.len() >= LEAST_TEXT && texts * 100 >= octets.len() * TEXT_PERCENT
        || octets.len() >= LEAST_BANNER && texts == octets.len();
    let is_noisy = || octets.len() >= LEAST_NOISY && count(is_usual) * 2 >= octets.len();
    let parts = |of: &[u8]| memchr::memmem::find_iter(octets, of).count();
    // One octet, over and over, is no text.
    let differ = octets.iter().collect::<std::collections::BTreeSet<_>>().len();
    match (is_clean || is_noisy()) && differ > 4 {
        true if is_hex_text(octets) => Some(ForeignProtocol::HexText),
        true if holds_telegram(octets) => Some(ForeignProtocol::TelegramText),
        // Noise leaves few codes whole, and more of their parts.
        true if !is_clean && parts(b"*kW") + parts(b"*255") >= 2 => {
            let is_dsmr = parts(b"-0:") >= 2 && parts(b"*255") == 0;
            Some(if is_dsmr { ForeignProtocol::Dsmr } else { ForeignProtocol::D0 })
        }
        true => Some(ForeignProtocol::Text),
        false => None,
    }
}

/// True if a line begins with a slash, the letters of a manufacturer, and a speed.
fn has_head(octets: &[u8]) -> bool {
    octets.split(|octet| *octet == b'\n').any(|line| {
        matches!(line, [b'/', a, b, c, b'0'..=b'9', ..] if [a, b, c].iter().all(|it| it.is_ascii_alphabetic()))
    })
}

/// True for text in which a telegram begins, in whatever form.
fn holds_telegram(octets: &[u8]) -> bool {
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    octets.split(|octet| *octet == b'\n').any(|line| {
        run.clear();
        // Of a line that cannot be read, a part may be read all the same.
        let _ = dump.line(line, true, &mut run);
        holds_header(&run.octets)
    })
}

/// True for hex digits, with or without signs between them, in which a frame or an APDU of a meter begins.
fn is_hex_text(octets: &[u8]) -> bool {
    let digits: Vec<u8> = octets.iter().filter(|it| it.is_ascii_hexdigit()).copied().collect();
    let others =
        octets.iter().filter(|it| !it.is_ascii_hexdigit() && !b" \r\n\t,:-xX".contains(it));
    let text = digits.to_ascii_lowercase();
    others.count() * 5 < digits.len()
        && HEX_STARTS.iter().any(|start| memchr::memmem::find(&text, start).is_some())
}

/// The last octets of the header of an M-Bus frame, those in front of an APDU in HDLC, and the start of an APDU.
const HEX_STARTS: [&[u8]; 4] = [b"6853ff", b"6873ff", b"e6e700", b"db08"];

/// True for the seven data bits of a line with even parity, read as eight. Of random octets every other one is
/// even.
#[must_use]
pub fn has_parity_bits(octets: &[u8]) -> bool {
    let even = octets.iter().filter(|octet| octet.count_ones() % 2 == 0).count();
    even * 20 >= octets.len() * 19 && octets.iter().any(|octet| *octet >= 0x80)
}

const LEAST_TEXT: usize = 24;

/// The least octets of a text without any other.
const LEAST_BANNER: usize = 16;

/// The octets of text to a code, in readouts that come among noise.
const LONGEST_LINE: usize = 400;

/// Of random octets 39 in a hundred are text.
const TEXT_PERCENT: usize = 90;

/// The least octets of a text that is told from the noise within it.
const LEAST_NOISY: usize = 200;

/// True for the usual signs of a text: four fifths of one, a sixth of random octets, and two fifths at most of a text
/// that is read with other settings.
const fn is_usual(octet: u8) -> bool {
    matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b' ' | b'\r' | b'\n' | b',' | b'-' | b'.' | b':')
}

const fn is_text(octet: u8) -> bool {
    matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}

/// The octets that are no text, each with four of text on both sides: noise has hardly any such, and a text that ends
/// or begins within it has none.
#[must_use]
pub fn within_text(octets: &[u8]) -> usize {
    const BESIDE: usize = 4;
    let is_within = |around: &&[u8]| {
        let mut others = around.iter().enumerate().filter(|(_, octet)| !is_text(**octet));
        others.next().is_some_and(|(at, _)| at == BESIDE) && others.next().is_none()
    };
    octets.windows(2 * BESIDE + 1).filter(is_within).count()
}

/// `\n!A1B2\r`.
fn is_dsmr_end(seven: &[u8]) -> bool {
    matches!(seven, [b'\n', b'!', crc @ .., b'\r'] if crc.iter().all(u8::is_ascii_hexdigit))
}

/// The number of codes with a value behind them: full ones, such as `1-0:1.8.0(`, and others, such as
/// `1.8.0(` and `1-0:1.8.0*255(`.
fn codes(octets: &[u8]) -> [usize; 2] {
    let ends = memchr::memchr_iter(b'(', octets).filter_map(|end| octets.get(..end));
    ends.filter_map(CodeForm::of_end).fold([0, 0], |[full, others], form| match form {
        CodeForm::Full => [full + 1, others],
        CodeForm::WithHistory | CodeForm::Short => [full, others + 1],
    })
}

/// The parts of a DSMR telegram that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DsmrParts {
    /// The line that begins with a slash.
    pub head: bool,
    /// The line that begins with an exclamation mark, behind the head if there is one.
    pub mark: bool,
}

impl DsmrParts {
    /// The parts in some octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        let mut starts = memchr::memchr_iter(p1::START, octets);
        let head = starts.find(|at| octets.get(*at..).is_some_and(p1::begins));
        let behind = octets.get(head.unwrap_or_default()..).unwrap_or_default();
        let mark = behind.starts_with(b"!") || memchr::memmem::find(behind, b"\n!").is_some();
        Self { head: head.is_some(), mark }
    }
}

/// Recognises M-Bus frames that pass their checks and carry no DLMS.
fn mbus(octets: &[u8]) -> Option<ForeignProtocol> {
    let mut deframer = Deframer::default();
    deframer.push(octets, []);
    deframer.end();
    let (mut records, mut requests, mut others) = (0, 0, 0);
    while let Some(item) = deframer.next() {
        let Ok(frame) = item else {
            continue;
        };
        match (frame.link, frame.octets) {
            (LinkKind::MbusShort, _) => requests += 1,
            (LinkKind::Mbus, octets) if has_records(octets) => records += 1,
            _ => others += 1,
        }
    }
    match (records, requests, others) {
        (1.., _, 0) => Some(ForeignProtocol::MbusRecords),
        (0, 2.., 0) => Some(ForeignProtocol::OnRequest),
        // In the first minute of a line that brings nothing else.
        (0, 1, 0) if octets.len() == REQUEST => Some(ForeignProtocol::OnRequest),
        _ => None,
    }
}

/// The octets of a request.
const REQUEST: usize = 5;

/// True for an M-Bus frame with data records. Behind a wrong control information may be DLMS all the same, with the
/// addresses of a meter and of its customer.
#[must_use]
pub const fn has_records(frame: &[u8]) -> bool {
    match *frame {
        [_, _, _, _, _, _, _, 0x01, 0x67, ..] => false,
        [_, _, _, _, _, _, information, ..] => information >= RECORDS_FROM,
        _ => false,
    }
}

/// Control information of data records and of encrypted telegrams; that of DLMS is below.
const RECORDS_FROM: u8 = 0x50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;

    const D0: &[u8] = b"/LGZ4ZMF100AC.M26\r\n\x02F.F(00)\r\n0.0.0(12345678)\r\n1.8.0(001234.5*kWh)\r\n2.8.0(0*kWh)\r\n!\r\n\x03";
    const DSMR: &[u8] = b"/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n0-0:1.0.0(170124213128W)\r\n1-0:1.8.1(000306.946*kWh)\r\n!0A1B\r\n";

    /// Octets without any order, always the same.
    fn even_parity(octets: &[u8]) -> Vec<u8> {
        let bit = |octet: &u8| ((octet.count_ones() % 2) as u8) << 7;
        octets.iter().map(|octet| octet | bit(octet)).collect()
    }

    #[test]
    fn each_protocol_is_recognised_alone_and_within_noise() {
        let sml =
            [&SML[..], &[0x76, 5, 0, 1, 2, 3, 0x62, 0, 0x1b, 0x1b, 0x1b, 0x1b, 0x1a]].concat();
        let mut frame = vec![0x68, 8, 8, 0x68, 0x08, 0x05, 0x72, 1, 2, 3, 4, 5];
        let sum = frame[4..].iter().fold(0u8, |sum, it| sum.wrapping_add(*it));
        frame.extend([sum, 0x16]);
        let radio = hex::decode("2e44931578563412330333637a2a").unwrap();
        let bus = hex::decode("010300000002c40b01030400000000fa33").unwrap();
        let request = [0x10, 0x40, 0xf0, 0x30, 0x16];
        for (octets, expected) in [
            (sml, ForeignProtocol::Sml),
            (D0.to_vec(), ForeignProtocol::D0),
            (even_parity(D0), ForeignProtocol::D0),
            (DSMR.to_vec(), ForeignProtocol::Dsmr),
            (frame, ForeignProtocol::MbusRecords),
            (radio, ForeignProtocol::WirelessMbus),
            (bus, ForeignProtocol::Modbus),
            (request.repeat(3), ForeignProtocol::OnRequest),
            (vec![0xff, 0xfb, 3, 0xff, 0xfd, 44, 0x68, 5, 5, 0x68], ForeignProtocol::Telnet),
        ] {
            assert_eq!(recognise(&octets), Some(expected));
            // A telnet server begins with its commands.
            if octets != even_parity(D0) && expected != ForeignProtocol::Telnet {
                let within = [&noise(64, 0)[..], &octets, &noise(48, 0)].concat();
                assert_eq!(recognise(&within), Some(expected), "within noise");
            }
        }
        let log = b"[12:00:01][D][sensor:094]: 'Voltage': Sending state 230.1 V\n";
        assert_eq!(recognise(log), Some(ForeignProtocol::Text));
        assert_eq!(recognise(b"\r\nraspberrypi login: "), Some(ForeignProtocol::Text));
        for (octets, name) in [
            (&b"SSH-2.0-dropbear\r\n\0\0\x01D\x05"[..], "ssh"),
            (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "http"),
            (b"RFB 003.008\n", "vnc"),
            (b"220 mail.example.org ESMTP Postfix\r\n", "mail-or-ftp"),
            (b"220 (vsFTPd 3.0.3)\r\n", "mail-or-ftp"),
            (b"+OK Dovecot ready.\r\n", "mail-or-ftp"),
            (b"-DENIED Redis is running in protected mode because\r\n", "redis"),
            (b"\x6c\0\0\0\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1f\0\0\0", "mysql"),
            (b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0", "mysql"),
            (b"\x45\0\0\0\xff\x6a\x04Host '192.168.1.5' is not allowed to connect", "mysql"),
        ] {
            let found = recognise(octets).unwrap();
            assert!(found.is_service() && found.name() == name, "{found:?}");
        }
        for hex in
            [&b"68FAFA6853FF000167DB084B464D67500000\r\n"[..], b"68 fa fa 68 53 ff 00 01 67 db"]
        {
            assert_eq!(recognise(hex), Some(ForeignProtocol::HexText));
        }
    }

    /// The octets with others in the place of so many of a hundred.
    fn strewn(octets: &[u8], percent: usize) -> Vec<u8> {
        let noise = noise(octets.len() * 2, 0);
        let (others, chances) = noise.split_at(octets.len());
        let both = octets.iter().zip(others).zip(chances);
        both.map(
            |((octet, other), chance)| {
                if usize::from(*chance) * 100 < percent * 256 { *other } else { *octet }
            },
        )
        .collect()
    }

    #[test]
    fn noise_within_a_text_or_a_readout_hides_neither() {
        let log = b"[12:00:01][D][sensor:094]: 'Voltage': Sending state 230.1 V\r\n".repeat(30);
        let long = b"/ESY5Q3DA1004\r\n\r\n1-0:0.0.0*255(0273011003684)\r\n1-0:1.8.0*255(00026107.7034231*kWh)\r\n1-0:21.7.255*255(000200.13*W)\r\n!\r\n";
        let entry =
            hex::decode("77070100010800ff65001c8104726201621e52ff5900000000001234").unwrap();
        let all = [0, 10, 20, 30, 40];
        for (octets, percents, expected) in [
            (log, &all[..], ForeignProtocol::Text),
            (D0.repeat(20), &all, ForeignProtocol::D0),
            (long.repeat(20), &all[..4], ForeignProtocol::D0),
            (even_parity(D0).repeat(20), &all, ForeignProtocol::D0),
            (DSMR.repeat(20), &all[..4], ForeignProtocol::Dsmr),
            (entry.repeat(40), &all, ForeignProtocol::Sml),
        ] {
            for percent in percents {
                assert_eq!(recognise(&strewn(&octets, *percent)), Some(expected), "{percent} %");
            }
        }
    }

    #[test]
    fn a_text_that_is_joined_in_its_middle_is_the_same_protocol() {
        let d0 = b"/ESY5Q3DA1004\r\n\r\n1-0:0.0.0*255(0273011003684)\r\n1-0:1.8.0*255(1*kWh)\r\n1-0:2.8.0*255(1*kWh)\r\n!\r\n";
        let dsmr = b"1-0:1.8.1(000306.946*kWh)\r\n1-0:1.8.2(000210.088*kWh)\r\n0-0:96.14.0(0002)\r\n1-0:1.7.0(00.34*kW)\r\n1-0:2.7.0(00.00*kW)\r\n";
        for (text, least, expected) in [
            (D0, 44, ForeignProtocol::D0),
            (&d0[..], 60, ForeignProtocol::D0),
            (&dsmr[..], 45, ForeignProtocol::Dsmr),
        ] {
            for start in 0..text.len() - least {
                assert_eq!(recognise(&text[start..]), Some(expected), "from octet {start}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_telegram_are_told() {
        let parts = |octets: &[u8]| {
            let DsmrParts { head, mark } = DsmrParts::of(octets);
            (head, mark)
        };
        assert_eq!(parts(DSMR), (true, true));
        assert_eq!(parts(&DSMR[..60]), (true, false));
        assert_eq!(parts(&DSMR[30..]), (false, true));
        assert_eq!(parts(&DSMR[30..60]), (false, false));
        assert_eq!(parts(&[&DSMR[30..], &DSMR[..60]].concat()), (true, false));
    }

    #[test]
    fn noise_and_constant_octets_are_no_protocol() {
        assert_eq!(recognise(&noise(64 * 1024, 0)), None);
        for octet in [0x00, 0xff, 0x55, b'x'] {
            assert_eq!(recognise(&[octet; 500]), None);
        }
        assert_eq!(recognise(&[]), None);
    }
}
