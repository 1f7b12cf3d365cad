//! The cause of an input that ends and brings no telegram: a text with a slip, a file of another kind, a telegram that
//! is cut off. No cable, adapter or program in between is to blame for a text.

use std::borrow::Cow;

use crate::{
    counted::{counted, counted_as},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis, Wording},
        finding::Finding,
        foreign::ForeignProtocol,
        line::LineFacts,
    },
    error::{Cause, Error},
    hex::{beside_digits::BesideDigits, unread},
    link::registry::LinkKind,
};

/// The facts about the text of an input.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextFacts {
    /// True if there are lines of hex, or of other text.
    pub is_text: bool,
    /// The first place that cannot be read: its line, and the defect.
    pub first: Option<(u64, Error)>,
    /// How many such places there are.
    pub defects: u64,
    /// Lines without hex.
    pub prose: u64,
    /// The most octets between two of them, or between lines that cannot be read.
    pub longest: u64,
    /// Lines of hex in which dots stand for the rest of the octets, and the first of them.
    pub shortened: u64,
    first_shortened: Option<u64>,
    /// The octets in hex, and those up to the last such line.
    pub hex: u64,
    passed: u64,
}

impl TextFacts {
    /// Takes note of a place that cannot be read.
    pub fn note(&mut self, line: u64, error: &Error) {
        self.first.get_or_insert((line, *error));
        self.defects += 1;
    }

    /// Takes note of the octets of a line of hex. In a table of numbers or a text with examples hardly a line can
    /// be read as a whole.
    pub fn note_hex(&mut self, octets: usize, is_sound: bool) {
        let octets = octets as u64;
        self.hex += octets;
        let joined = if is_sound { self.hex - self.passed } else { octets };
        self.longest = self.longest.max(joined);
        if !is_sound {
            self.passed = self.hex;
        }
    }

    /// Takes note of dots that stand for digits: in a line that cannot be read, or at the end of any.
    pub fn note_dots(&mut self, number: u64, line: &[u8], is_sound: bool) {
        let is_shortened = match line {
            _ if !is_sound => has_dots(line),
            [.., b'.', b'.', b'.'] | [.., 0xe2, 0x80, 0xa6] | [.., b']' | b' ' | b'\t' | b'\r'] => {
                ends_with_dots(line)
            }
            // Nearly all lines.
            _ => false,
        };
        if is_shortened {
            self.shortened += 1;
            self.first_shortened.get_or_insert(number);
        }
    }

    /// Takes note of a line without hex.
    pub const fn note_prose(&mut self) {
        self.prose += 1;
        self.passed = self.hex;
    }

    /// True for a text in which some hex is quoted, and nowhere enough for a telegram.
    const fn is_mostly_words(&self) -> bool {
        self.longest < LEAST_TELEGRAM && self.hex < self.prose * FEW_OCTETS
    }
}

/// An input that was read to its end.
#[derive(Clone, Debug)]
pub struct EndedInput<'a> {
    /// The facts about its text.
    pub text: TextFacts,
    /// The protocol that the text itself is.
    pub protocol: Option<ForeignProtocol>,
    /// The text beside its hex digits that explains why they make no telegram.
    pub beside: Option<BesideDigits>,
    /// The facts about its octets.
    pub line: &'a LineFacts,
    /// All its octets.
    pub octets: u64,
    /// Whole telegrams.
    pub telegrams: usize,
    /// The telegram that the end cuts off.
    pub partial: Option<Error>,
}

impl EndedInput<'_> {
    /// The finding about the octets, as far as the input itself does not explain it.
    #[must_use]
    pub fn finding(&self, found: Finding) -> Finding {
        let nothing = self.telegrams == 0;
        // Octets, or the text of a meter, decide before the words around them.
        let protocol = self.protocol.filter(|it| nothing && !it.is_weak());
        if let Some(protocol) = protocol {
            let found = match protocol {
                ForeignProtocol::Form(what) if unread::is_output(what) => readings(what),
                ForeignProtocol::Form(unread::PORTAL_EXPORT) => portal_export(protocol),
                _ => other_protocol(protocol.titles()),
            };
            return Finding { protocol: Some(protocol), ..found };
        }
        if !is_of_line(&found) {
            return self.with_place(found);
        }
        match self.text.first {
            Some((_, Error { cause: Cause::Unsupported { what }, .. })) if nothing => form(what),
            // Whole frames prove it.
            _ if nothing && self.beside.is_some() => self.beside_digits(),
            None if self.octets < LEAST_HEX && self.is_all_hex() => too_short(found),
            Some(_) | None if self.octets < LEAST_HEX && self.text.is_text => words(),
            Some(_) if nothing && !self.shows_telegram() => words(),
            Some(_) | None if nothing && self.is_prose(&found) => words(),
            Some(_) | None if nothing && self.is_shortened() => self.shortened(),
            Some((line, error)) if self.line.damaged() as u64 <= self.text.defects * 2 => {
                slip(line, &error, self.text.defects)
            }
            Some(_) => self.with_place(of_text(found)),
            None if found.diagnosis == Diagnosis::Silent && !self.text.is_text => too_short(found),
            None => match self.cut_off(&found) {
                Some(cut_off) => cut_off,
                None if self.text.is_text => of_text(found),
                None if nothing => of_other_file(found),
                None => found,
            },
        }
    }

    /// The finding about a text whose rows are more than hex digits.
    fn beside_digits(&self) -> Finding {
        let cause = [
            "the text holds whole frames, but other text beside their hex digits is read as octets, or hides some",
            "der Text enthält ganze Rahmen, doch anderer Text neben ihren Hexziffern wird als Oktette gelesen oder verdeckt welche",
        ];
        let evidence = self.beside.as_ref().map(place_beside);
        let found = form(unread::BESIDE_DIGITS).caused_by(cause);
        Finding { evidence: evidence.into_iter().collect(), ..found }
    }

    /// True for a text of hex digits and nothing else.
    const fn is_all_hex(&self) -> bool {
        self.text.hex > 0 && self.text.prose == 0
    }

    /// True if anything among the octets looks like a telegram, be it damaged.
    fn shows_telegram(&self) -> bool {
        let LineFacts { frames, doubtful, ref sample, .. } = *self.line;
        let begins = |at| sample.get(at..).is_some_and(|rest| LinkKind::cut_off(rest).is_some());
        self.partial.is_some()
            || frames + doubtful + self.line.damaged() > 0
            || (0..sample.len()).any(begins)
            || memchr::memmem::find(sample, &TITLED).is_some()
    }

    /// True for words, be they taken for the text of a P1 socket, or some hex among them.
    fn is_prose(&self, found: &Finding) -> bool {
        let is_of_words = found.protocol.is_some_and(ForeignProtocol::is_text)
            || self.line.dsmr.is_none() && self.line.without_crc == 0;
        is_of_words && self.text.prose > 0 && self.text.is_mostly_words()
    }

    /// True if dots are the fault of most places that cannot be read.
    const fn is_shortened(&self) -> bool {
        let TextFacts { shortened, defects, .. } = self.text;
        shortened > 0 && shortened * 2 >= defects
    }

    /// The finding about a text in which dots stand for octets.
    fn shortened(&self) -> Finding {
        let cause = [
            "the telegrams in the text are shortened: dots stand for the rest of their octets",
            "die Telegramme im Text sind gekürzt: Punkte stehen für ihre übrigen Oktette",
        ];
        let step = [
            "give the whole telegram: all digits of all its frames",
            "das ganze Telegramm angeben: alle Ziffern aller seiner Rahmen",
        ];
        let line = self.text.first_shortened.unwrap_or_default();
        Finding::new(Diagnosis::Half).advising(cause, step).hinting(step[0]).with(
            format!("line {line}: dots stand for digits"),
            format!("Zeile {line}: Punkte stehen für Ziffern"),
        )
    }

    /// A finding with the first place of the text that cannot be read: few of them are no trouble.
    fn with_place(&self, mut found: Finding) -> Finding {
        if let Some((line, error)) = self.text.first {
            found.evidence.push(place(line, &error).0);
        }
        found
    }

    /// The finding about an input that ends within its first telegram: the octets before say nothing about a line.
    fn cut_off(&self, found: &Finding) -> Option<Finding> {
        let error = self.partial.filter(|_| self.telegrams == 0)?;
        let evidence = match error.cause {
            Cause::CutOff { octets } => {
                let is_noise = matches!(found.diagnosis, Diagnosis::Noise | Diagnosis::Baud);
                // Noise may end with the first octet of a telegram.
                let is_most = octets >= LEAST_PART && octets as u64 * 2 >= self.octets;
                (is_noise && is_most).then(|| {
                    Wording::new(
                        format!("a telegram breaks off after {}", counted(octets, "octet")),
                        format!(
                            "ein Telegramm bricht nach {} ab",
                            counted_as(octets, "Oktett", "Oktetten")
                        ),
                    )
                })
            }
            Cause::LastSegmentMissing { .. } | Cause::LastBlockMissing { .. } => {
                let frames = self.line.frames;
                (self.line.damaged() == 0).then(|| {
                    Wording::new(
                        format!("a telegram breaks off after {}", counted(frames, "whole frame")),
                        format!(
                            "ein Telegramm bricht nach {} ab",
                            counted_as(frames, "vollständigen Rahmen", "vollständigen Rahmen")
                        ),
                    )
                })
            }
            _ => None,
        };
        let cause =
            ["the input ends before its telegram does", "die Eingabe endet vor ihrem Telegramm"];
        let step = [
            "take all frames of a telegram to the last octet, or a longer capture",
            "alle Rahmen des Telegramms bis zum letzten Oktett nehmen, oder eine längere Aufzeichnung",
        ];
        let found = Finding::new(Diagnosis::Half)
            .advising(cause, step)
            .hinting("take all frames of a telegram to the last octet, or a longer capture");
        evidence.map(|evidence| Finding { evidence: vec![evidence], ..found })
    }
}

/// The start of a ciphered APDU with a system title.
const TITLED: [u8; 2] = [0xdb, 0x08];

/// Fewer octets are the dates and numbers of a letter.
const LEAST_HEX: u64 = 8;

/// The least octets of all frames of a telegram.
const LEAST_TELEGRAM: u64 = 90;

/// Octets to a line of words, in a text that quotes some.
const FEW_OCTETS: u64 = 8;

/// Fewer octets may be a telegram's start by chance.
const LEAST_PART: usize = 32;

/// True for a cause that is looked for on a line, and may as well be one of the input.
fn is_of_line(found: &Finding) -> bool {
    match found.diagnosis {
        Diagnosis::Silent
        | Diagnosis::Baud
        | Diagnosis::Noise
        | Diagnosis::OctetsLost
        | Diagnosis::Checksum
        | Diagnosis::Half
        | Diagnosis::HdlcDamaged => true,
        // Lost octets leave their mark on a text, and a setting of seven bits leaves none.
        Diagnosis::Parity => found.advice.is_none(),
        Diagnosis::OtherProtocol => {
            found.protocol.is_some_and(|it| it.is_text() || it == ForeignProtocol::WirelessMbus)
        }
        _ => false,
    }
}

/// The place of text beside hex digits.
fn place_beside(beside: &BesideDigits) -> Wording {
    let BesideDigits { line, quote } = beside;
    Wording::new(
        format!("line {line}: \"{quote}\" stands beside the hex digits"),
        format!("Zeile {line}: neben den Hexziffern steht „{quote}“"),
    )
}

/// The end of a message about a damaged telegram in a text, for `cause` or the text beside its hex digits.
#[must_use]
pub fn clause_of_text(cause: Diagnosis, beside: Option<&BesideDigits>) -> Cow<'static, str> {
    let Some(beside) = beside.filter(|_| is_of_line(&Finding::new(cause))) else {
        return of_text(Finding::new(cause)).hint().into();
    };
    let [step, _] = unread::step(unread::BESIDE_DIGITS).unwrap_or(unread::GENERAL);
    format!("{}; {step}", place_beside(beside).english).into()
}

fn other_protocol([english, german]: [&str; 2]) -> Finding {
    Finding::new(Diagnosis::OtherProtocol)
        .with(format!("the input is {english}"), format!("die Eingabe ist {german}"))
}

/// The finding about readings, which are no telegrams any more.
fn readings(what: &'static str) -> Finding {
    let cause = [
        "the input holds readings already, and no telegrams",
        "die Eingabe enthält schon Werte und keine Telegramme",
    ];
    let step = unread::step(what).unwrap_or(unread::GENERAL);
    other_protocol(unread::titles(what)).advising(cause, step)
}

/// The finding about the export of an operator's portal.
fn portal_export(protocol: ForeignProtocol) -> Finding {
    let cause = [
        "the input holds the values of an operator's portal, and no telegrams",
        "die Eingabe enthält Werte aus dem Portal eines Netzbetreibers und keine Telegramme",
    ];
    Finding { protocol: Some(protocol), ..other_protocol(protocol.titles()) }.caused_by(cause)
}

/// The finding about an input in a form that is not read.
fn form(what: &'static str) -> Finding {
    let protocol = ForeignProtocol::Form(what);
    let cause = [
        "the input has a form that is not read: a telegram in it, if there is one, stays hidden",
        "die Eingabe hat eine Form, die nicht gelesen wird: ein Telegramm darin bliebe verborgen",
    ];
    let found = Finding { protocol: Some(protocol), ..other_protocol(protocol.titles()) };
    found.caused_by(cause).hinting(protocol.step(AdviceLanguage::English))
}

/// The finding about a text without a telegram.
fn words() -> Finding {
    let cause = [
        "the input is text, and no telegram is found in it",
        "die Eingabe ist Text, und es ist kein Telegramm darin zu finden",
    ];
    let protocol = ForeignProtocol::Text;
    let found = other_protocol(protocol.titles()).advising(cause, unread::GENERAL);
    let found = found.hinting(unread::GENERAL[0]);
    Finding { protocol: Some(protocol), ..found }
}

/// True for hex behind which dots stand for further digits: `68 FA FA 68 …`, `68fafa68...`.
fn ends_with_dots(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let line = line.strip_suffix(b"]").unwrap_or(line);
    let before = DOTS.iter().find_map(|dots| line.strip_suffix(*dots));
    before.is_some_and(|before| last_sign(before).is_some_and(u8::is_ascii_hexdigit))
}

/// The same for dots anywhere.
fn has_dots(line: &[u8]) -> bool {
    DOTS.iter().any(|dots| {
        let Some(at) = memchr::memmem::find(line, dots) else {
            return false;
        };
        let (before, behind) = line.split_at_checked(at).unwrap_or_default();
        let mut behind = behind.iter().skip(dots.len());
        let next = behind.find(|sign| !b" ]).".contains(sign));
        [last_sign(before), next].into_iter().flatten().any(u8::is_ascii_hexdigit)
    })
}

/// The last sign in front of dots.
fn last_sign(before: &[u8]) -> Option<&u8> {
    before.iter().rfind(|sign| !b" [(.".contains(sign))
}

const DOTS: [&[u8]; 2] = ["…".as_bytes(), b"..."];

/// The finding about a text in which a character is wrong, or missing.
fn slip(line: u64, error: &Error, defects: u64) -> Finding {
    let (place, advice) = place(line, error);
    let cause = [
        "the text of the telegrams has a slip: a character is wrong, missing or too many",
        "der Text der Telegramme hat einen Fehler: ein Zeichen ist falsch, fehlt oder ist zu viel",
    ];
    let found = Finding::new(Diagnosis::Checksum)
        .advising(cause, advice)
        .hinting("compare this place with the original");
    let found = Finding { evidence: vec![place], ..found };
    match defects {
        0 | 1 => found,
        more => found.with(
            format!("places that cannot be read: {more}"),
            format!("Stellen, die nicht lesbar sind: {more}"),
        ),
    }
}

/// A place that cannot be read, and the advice about it.
fn place(line: u64, error: &Error) -> (Wording, [&'static str; 2]) {
    let at = error.offset + 1;
    let ([english, german], advice) = match error.cause {
        Cause::OddDigits => (
            [
                format!("odd number of hex digits at character {at}"),
                format!("ungerade Zahl von Hexziffern bei Zeichen {at}"),
            ],
            [
                "compare this place with the original: each octet has two digits, and one is missing or too many",
                "diese Stelle mit dem Original vergleichen: jedes Oktett hat zwei Ziffern, und eine fehlt oder ist zu viel",
            ],
        ),
        Cause::NotHex => (
            [
                format!("character {at} is not a hex digit"),
                format!("Zeichen {at} ist keine Hexziffer"),
            ],
            [
                "compare this place with the original: hex digits are 0 to 9 and A to F, and a letter O or l is none",
                "diese Stelle mit dem Original vergleichen: Hexziffern sind 0 bis 9 und A bis F, ein Buchstabe O oder l ist keine",
            ],
        ),
        Cause::Unsupported { what } => {
            let [english, german] = unread::titles(what);
            (
                [format!("not supported: {english}"), format!("nicht lesbar: {german}")],
                unread::step(what).unwrap_or(unread::GENERAL),
            )
        }
        _ => (
            [error.to_string(), "nicht lesbar".to_owned()],
            ["compare this place with the original", "diese Stelle mit dem Original vergleichen"],
        ),
    };
    let place = Wording::new(format!("line {line}: {english}"), format!("Zeile {line}: {german}"));
    (place, advice)
}

/// The finding about a file with hardly any octets.
fn too_short(found: Finding) -> Finding {
    let cause = [
        "there is nothing in the input, or too little for a telegram",
        "in der Eingabe steht nichts, oder zu wenig für ein Telegramm",
    ];
    let step = [
        "see that the capture ran while the meter sent, or ended without an error; doctor DEVICE examines the line itself",
        "prüfen, ob die Aufzeichnung lief, während der Zähler sendete, und ohne Fehler endete; doctor GERÄT untersucht die Leitung selbst",
    ];
    found.advising(cause, step)
}

/// The finding about octets without order that nothing but their file tells to be those of a line.
fn of_other_file(found: Finding) -> Finding {
    if !matches!(found.diagnosis, Diagnosis::Noise | Diagnosis::Baud) || found.advice.is_some() {
        return found;
    }
    let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = [
        format!("the file is no capture of a meter; or {}", found.cause(english)),
        format!("die Datei ist keine Aufzeichnung eines Zählers; oder {}", found.cause(german)),
    ];
    let step = [
        format!("check that the file is a capture; if it is, {}", found.step(english)),
        format!("prüfen, ob die Datei eine Aufzeichnung ist; wenn ja, {}", found.step(german)),
    ];
    found.advising(cause, step).hinting(
        "check that the file is a capture of a meter, and the baud rate and adapter that it was made with",
    )
}

/// The same cause in the octets of a text: the copy comes before the line.
fn of_text(found: Finding) -> Finding {
    const COMPARE: [&str; 2] = [
        "compare the digits with the original; if they are right, take another telegram: doctor DEVICE examines the line itself",
        "die Ziffern mit dem Original vergleichen; stimmen sie, ein anderes Telegramm nehmen: doctor GERÄT untersucht die Leitung selbst",
    ];
    let (cause, step, hint) = match found.diagnosis {
        Diagnosis::Checksum | Diagnosis::HdlcDamaged if found.advice.is_none() => (
            [
                "the frames in the text have their length, and single octets in them are wrong: mistyped, or damaged before they were written down",
                "die Rahmen im Text haben ihre Länge, aber einzelne Oktette darin sind falsch: vertippt, oder schon vor der Niederschrift beschädigt",
            ],
            COMPARE,
            "single octets are wrong: compare the digits with the original",
        ),
        Diagnosis::OctetsLost => (
            [
                "parts of the frames are missing in the text: it was not copied as a whole, or they were lost before it was written",
                "im Text fehlen Teile der Rahmen: er wurde nicht ganz kopiert, oder sie gingen vor der Niederschrift verloren",
            ],
            [
                "copy the whole telegram again; in a log of ESPHome, enlarge the receive buffer (rx_buffer_size: 512)",
                "das ganze Telegramm noch einmal kopieren; in einem Protokoll von ESPHome den Empfangspuffer vergrößern (rx_buffer_size: 512)",
            ],
            "copy the whole telegram again; in a log of ESPHome, enlarge rx_buffer_size",
        ),
        Diagnosis::Half if found.advice.is_none() => (
            [
                "of each telegram only a part of its frames is in the text",
                "von jedem Telegramm ist nur ein Teil seiner Rahmen im Text",
            ],
            [
                "copy all frames of a telegram, one behind the other; the second one is often short and in a line of its own",
                "alle Rahmen eines Telegramms hintereinander kopieren; der zweite ist oft kurz und in einer eigenen Zeile",
            ],
            "copy all frames of a telegram: the second one is often short, in a line of its own",
        ),
        Diagnosis::Noise | Diagnosis::Baud | Diagnosis::Parity | Diagnosis::Silent
            if found.advice.is_none() =>
        {
            (
                [
                    "the text holds no telegram as hex, or in a form that is not read",
                    "der Text enthält kein Telegramm in Hex, oder eines in einer Form, die nicht gelesen wird",
                ],
                unread::GENERAL,
                unread::GENERAL[0],
            )
        }
        _ => return found,
    };
    found.advising(cause, step).hinting(hint)
}
