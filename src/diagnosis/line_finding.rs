//! From the counts of a line to its cause.

use crate::counted::{counted, counted_as, verb};
use crate::diagnosis::{
    conversion,
    diagnosis::{AdviceLanguage, Diagnosis, Wording},
    finding::Finding,
    foreign::{DsmrParts, ForeignProtocol},
    line::{BegunPart, LineFacts},
    misread,
    socket::CustomerSocket,
};
use crate::link::registry::LinkChoice;

/// The facts about a line beside its octets.
#[derive(Clone, Debug, Default)]
pub struct LineView {
    /// Seconds of listening; `None` for a file.
    pub seconds: Option<u64>,
    /// Whole telegrams, also those that came without frames.
    pub telegrams: usize,
    /// Other programs that have the device open.
    pub others: Vec<String>,
    /// True for a virtual meter, which has no line.
    pub is_virtual: bool,
    /// True for a device of this machine, whose parity can be searched for.
    pub is_device: bool,
    /// True while the parity is searched for already.
    pub searches: bool,
    /// True while the speed is searched for too.
    pub seeks_speed: bool,
    /// True if octets came on a live line just before the end of the listening: more may follow.
    pub is_within_push: bool,
    /// True if more telegrams are damaged than open, be they few.
    pub is_mostly_damaged: bool,
    /// The link layers that were chosen.
    pub links: LinkChoice,
    /// The interface that the line is set for.
    pub socket: CustomerSocket,
}

impl LineView {
    /// True for a server on the network: the line behind it is not set from here.
    const fn is_peer(&self) -> bool {
        self.seconds.is_some() && !self.is_device
    }

    /// The other programs, for people.
    #[must_use]
    pub fn others_wording(&self) -> Wording {
        let others = self.others.join(", ");
        let (has, hat) = if self.others.len() == 1 { ("has", "hat") } else { ("have", "haben") };
        Wording::new(
            format!("{others} {has} the device open too"),
            format!("{others} {hat} das Gerät ebenfalls offen"),
        )
    }

    /// The advice about the settings of the line, as far as they can still be changed.
    #[must_use]
    pub const fn settings_hint(&self) -> &'static str {
        match (self.is_device, self.searches) {
            (true, false) => Diagnosis::Noise.hint(),
            (true, true) if self.seeks_speed => "check adapter and cable",
            (true, true) => "check adapter and baud rate",
            (false, _) => "check adapter, baud rate and parity where the device is",
        }
    }
}

/// The cause of a line that brings no telegrams, or few whole ones; `None` for a sound line.
#[must_use]
pub fn line_finding(facts: &LineFacts, view: &LineView) -> Option<Finding> {
    let mut found = cause(facts, view)?;
    if !view.others.is_empty() && found.diagnosis != Diagnosis::Shared {
        found.evidence.push(view.others_wording());
    }
    Some(found)
}

fn cause(facts: &LineFacts, view: &LineView) -> Option<Finding> {
    if facts.octets < LEAST_OCTETS && facts.foreign.is_none() {
        return Some(silent(facts, view));
    }
    let whole = facts.apdus.max(view.telegrams);
    let has_frames = facts.unmarked_frames > 0 || facts.checksums > 0;
    let has_parity_bits = facts.parity_bits && !facts.is_smeared();
    if facts.dsmr.is_some() && whole == 0 && !has_parity_bits && facts.within_text >= DAMAGED {
        return Some(sampled(damaged_text(facts, view), facts));
    }
    if let Some(parts) = facts.dsmr.filter(|_| whole == 0 && !has_frames && !has_parity_bits) {
        return Some(sampled(dsmr(parts, view), facts));
    }
    if let Some((parity, starts)) = facts.misread.filter(|_| whole == 0) {
        return Some(sampled(misread::finding(parity, starts), facts));
    }
    let is_telnet = facts.foreign == Some(ForeignProtocol::Telnet);
    if let Some(converted) = facts.converted.filter(|_| whole == 0 && !is_telnet) {
        return Some(sampled(conversion::finding(converted), facts));
    }
    // Chance makes short frames of the seven bits of a telegram.
    let is_coded =
        facts.seven_bits || has_parity_bits && facts.foreign == Some(ForeignProtocol::Dsmr);
    if let Some(protocol) = facts.foreign.filter(|_| whole == 0 && is_foreign(facts) && !is_coded) {
        let found = foreign(protocol, facts);
        return Some(if view.is_peer() { of_peer(found) } else { found });
    }
    let damaged = facts.damaged();
    let are_few = match view.is_mostly_damaged {
        true => damaged == 0,
        false => damaged <= 1 || damaged * TOLERATED < whole + damaged,
    };
    if whole > 0 && are_few {
        return None;
    }
    if let Some(converted) = facts.converted {
        return Some(sampled(conversion::finding(converted), facts));
    }
    let found = match () {
        () if facts.frames == 0 && facts.constant.is_some() => {
            view.socket.constant(constant(facts))
        }
        () if facts.seven_bits => seven_bits(facts),
        () if whole == 0 && has_parity_bits => parity_bits(facts),
        () if facts.marked * 4 >= facts.octets || facts.marked_frames * 2 > damaged => {
            marked(facts, view)
        }
        () => damage(facts, whole, view),
    };
    let found = if view.is_peer() { of_peer(found) } else { found };
    Some(match view.others.is_empty() || found.diagnosis == Diagnosis::Constant {
        true => found,
        false => shared(found, view),
    })
}

/// The finding about a server on the network that sends text.
fn server(found: Finding, protocol: ForeignProtocol) -> Finding {
    let cause = [
        "the server behind this name and port sends text, and nothing of a meter",
        "der Server hinter diesem Namen und Port sendet Text und nichts von einem Zähler",
    ];
    let step = match protocol.is_service() {
        true => [protocol.step(AdviceLanguage::English), protocol.step(AdviceLanguage::German)],
        false => [
            "check host and port; if the text is the greeting of a serial bridge, nothing comes from its adapter: check the wiring there",
            "Rechner und Port prüfen; ist der Text die Begrüßung einer seriellen Brücke, kommt von ihrem Adapter nichts: dort die Adern prüfen",
        ],
    };
    found.advising(cause, step).hinting(step[0])
}

/// The same finding with a step for a line that is set on another machine.
fn of_peer(found: Finding) -> Finding {
    let protocol = found.protocol.filter(|it| it.is_service() || *it == ForeignProtocol::Text);
    if let Some(protocol) = protocol.filter(|_| found.advice.is_none()) {
        return server(found, protocol);
    }
    let is_setting =
        matches!(found.diagnosis, Diagnosis::Noise | Diagnosis::Baud | Diagnosis::Parity);
    if !is_setting || found.advice.is_some() {
        return found;
    }
    let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = [english, german].map(|language| found.cause(language).to_owned());
    let step = [
        "set speed and parity where the adapter is read: M-Bus sockets have 2400 baud and 8E1 (ser2net: 2400e81), infrared often 9600, P1 115200; then check adapter and cable there",
        "Geschwindigkeit und Parität dort einstellen, wo der Adapter gelesen wird: M-Bus-Buchsen haben 2400 Baud und 8E1 (ser2net: 2400e81), Infrarot oft 9600, P1 115200; dann dort Adapter und Kabel prüfen",
    ];
    found.advising(cause, step)
}

/// Octets within a text that are no text: noise beside it has one by chance.
const DAMAGED: usize = 2;

/// Fewer octets than that come of a contact that is touched.
pub const LEAST_OCTETS: usize = 8;

/// One damaged telegram in so many is no trouble.
const TOLERATED: usize = 10;

/// True unless the line has frames of meters; the frames of other protocols count as none.
fn is_foreign(facts: &LineFacts) -> bool {
    let has_frames = facts.unmarked_frames > 0 || facts.damaged() > 0;
    match facts.foreign {
        Some(
            ForeignProtocol::MbusRecords
            | ForeignProtocol::OnRequest
            | ForeignProtocol::Telnet
            | ForeignProtocol::Dlms(_),
        ) => true,
        Some(protocol) if protocol.is_weak() => !has_frames,
        _ => facts.frames == 0,
    }
}

/// Seconds in which each meter has sent.
const ALL_PUSH: u64 = 61;

fn silent(facts: &LineFacts, view: &LineView) -> Finding {
    let found = match (view.seconds, facts.octets) {
        (None, 0) => {
            return Finding::new(Diagnosis::Silent)
                .with("the input holds no octets", "die Eingabe enthält keine Oktette");
        }
        (None, octets) => Finding::new(Diagnosis::Silent).with(
            format!("the input holds {}: no telegram is so short", counted(octets, "octet")),
            format!(
                "die Eingabe enthält {}: so kurz ist kein Telegramm",
                counted_as(octets, "Oktett", "Oktette")
            ),
        ),
        (Some(seconds @ ..ALL_PUSH), 0) => Finding::new(Diagnosis::Silent)
            .with(
                format!("nothing came in {seconds} s (some meters send once a minute: --time 90s listens longer)"),
                format!("in {seconds} s kam nichts an (manche Zähler senden einmal pro Minute: --time 90s wartet länger)"),
            ),
        (Some(seconds), 0) => Finding::new(Diagnosis::Silent)
            .with(format!("nothing came in {seconds} s"), format!("in {seconds} s kam nichts an")),
        (Some(seconds), octets) => {
            hardly_anything().hinting(view.settings_hint()).with(
                format!("only {} came in {seconds} s", counted(octets, "octet")),
                format!(
                    "in {seconds} s {} nur {} an",
                    verb(octets, "kam", "kamen"),
                    counted_as(octets, "Oktett", "Oktette")
                ),
            )
            .with(
                "a meter that waits for an answer sends five octets a minute (Netz OÖ, Siemens TD-351x): it needs another reader",
                "ein Zähler, der auf eine Antwort wartet, sendet fünf Oktette pro Minute (Netz OÖ, Siemens TD-351x): er braucht ein anderes Programm",
            )
        }
    };
    match (view.is_peer(), view.others.is_empty()) {
        _ if view.is_virtual => found.hinting(VIRTUAL),
        (false, false) => shared(found, view),
        _ if view.telegrams > 0 => found.hinting(fell_silent(view)),
        (true, _) => silent_peer(found),
        (false, true) if facts.octets == 0 => view.socket.silent(found),
        (false, true) => found,
    }
}

/// The advice about a virtual meter that has not sent yet.
const VIRTUAL: &str = "a virtual meter sends as often as its model: allow more time";

/// The advice about a line that has brought telegrams: its interface is switched on.
fn fell_silent(view: &LineView) -> &'static str {
    match view.seconds {
        Some(..LONG) => "the meter may pause for longer: allow more time",
        _ if view.is_peer() => {
            "where the adapter is, check plug, cable and power, and that the program that serves it still runs"
        }
        _ => "check plug, cable and adapter",
    }
}

/// Seconds without octets that are three intervals of most meters.
const LONG: u64 = 15;

/// The finding about a server that sends nothing, or hardly anything.
fn silent_peer(found: Finding) -> Finding {
    let cause = [
        "the server takes the connection and sends no telegram: nothing reaches the adapter there, or the port is that of something else, such as a web page or MQTT",
        "der Server nimmt die Verbindung an und sendet kein Telegramm: beim Adapter dort kommt nichts an, oder der Port gehört zu etwas anderem, etwa einer Webseite oder MQTT",
    ];
    let step = [
        "check host and port: it is the port on which the adapter's octets come out (ser2net, a serial bridge); then, where the adapter is, plug, wires and power, and that the operator has switched the customer interface on",
        "Rechner und Port prüfen: es ist der Port, an dem die Oktette des Adapters herauskommen (ser2net, eine serielle Brücke); dann dort, wo der Adapter ist, Stecker, Adern und Versorgung, und ob der Netzbetreiber die Kundenschnittstelle freigeschaltet hat",
    ];
    found.advising(cause, step).hinting(
        "check host and port; then, at the adapter, check the wiring, and that the operator has switched the interface on",
    )
}

/// The finding about a live line with a few octets, without evidence.
fn hardly_anything() -> Finding {
    let cause = [
        "hardly anything reaches the adapter: a wire or a contact is loose, or the interface is switched off",
        "beim Adapter kommt kaum etwas an: eine Ader oder ein Kontakt ist lose, oder die Schnittstelle ist abgeschaltet",
    ];
    Finding::new(Diagnosis::Silent).caused_by(cause)
}

/// Puts the other readers in front of what they cause.
fn shared(found: Finding, view: &LineView) -> Finding {
    let mut shared = Finding::new(Diagnosis::Shared);
    shared.evidence.push(view.others_wording());
    shared.evidence.extend(found.evidence);
    shared
}

fn foreign(protocol: ForeignProtocol, facts: &LineFacts) -> Finding {
    use AdviceLanguage::{English, German};
    let found = Finding::new(Diagnosis::OtherProtocol).with(
        format!("the octets are {}", protocol.title(English)),
        format!("die Oktette sind {}", protocol.title(German)),
    );
    let is_words = protocol.is_text() || protocol.is_service();
    let found = match printed(&facts.sample).filter(|_| is_words) {
        Some(text) => counted_octets(found, facts, &format!("\"{text}\"")),
        None => sampled(found, facts),
    };
    Finding { protocol: Some(protocol), ..found }
}

/// A DSMR telegram of which something is missing.
fn dsmr(parts: DsmrParts, view: &LineView) -> Finding {
    let [english, german] = match (parts.head, parts.mark) {
        (true, false) => [
            "the end of a DSMR telegram is missing: the line that begins with !, with its CRC",
            "das Ende eines DSMR-Telegramms fehlt: die Zeile, die mit ! beginnt, mit der CRC",
        ],
        (false, true) => [
            "the start of a DSMR telegram is missing: the line that begins with /",
            "der Anfang eines DSMR-Telegramms fehlt: die Zeile, die mit / beginnt",
        ],
        (false, false) => [
            "of a DSMR telegram there is neither the start, a line with /, nor the end, a line with ! and its CRC",
            "von einem DSMR-Telegramm fehlen der Anfang, eine Zeile mit /, und das Ende, eine Zeile mit ! und der CRC",
        ],
        (true, true) => [
            "the last line of a DSMR telegram, with ! and its CRC, is not whole",
            "die letzte Zeile eines DSMR-Telegramms, mit ! und der CRC, ist unvollständig",
        ],
    };
    let (cause, step, hint) = match view.seconds {
        None => (
            [
                "the text is DSMR, and no telegram in it is whole",
                "der Text ist DSMR, aber kein Telegramm darin ist vollständig",
            ],
            [
                "give a whole telegram, from the line that begins with / to the line that begins with !, and do not change its line ends",
                "ein ganzes Telegramm angeben, von der Zeile, die mit / beginnt, bis zu der mit !, und die Zeilenenden nicht ändern",
            ],
            "give a whole telegram, from the line with / to the line with !",
        ),
        Some(_) => (
            [
                "the meter sends DSMR text, and no telegram arrives whole",
                "der Zähler sendet DSMR-Text, aber kein Telegramm kommt vollständig an",
            ],
            [
                "listen for longer than the meter takes between two telegrams (10 s), and enlarge the receive buffer of the adapter or the program in between: a telegram may have 4096 octets",
                "länger zuhören, als der Zähler zwischen zwei Telegrammen braucht (10 s), und den Empfangspuffer des Adapters oder des Programms dazwischen vergrößern: ein Telegramm hat bis zu 4096 Oktette",
            ],
            "enlarge the receive buffer of the adapter or the program in between: a telegram may have 4096 octets",
        ),
    };
    Finding::new(Diagnosis::Half).advising(cause, step).hinting(hint).with(english, german)
}

/// DSMR telegrams of which no octet need be missing: some are wrong.
fn damaged_text(facts: &LineFacts, view: &LineView) -> Finding {
    let cause = [
        "the text is DSMR, and octets in it are damaged: interference, a long cable, or a bad contact",
        "der Text ist DSMR, und Oktette darin sind beschädigt: Störungen, ein langes Kabel oder ein schlechter Kontakt",
    ];
    let found = Finding::new(Diagnosis::Checksum);
    let found = match view.seconds {
        Some(_) => found.caused_by(cause),
        None => found.advising(
            cause,
            [
                "take another capture; if it is damaged too, shorten the cable, and check plug and contacts: doctor DEVICE examines the line itself",
                "eine andere Aufzeichnung nehmen; ist auch sie beschädigt, das Kabel kürzen, Stecker und Kontakte prüfen: doctor GERÄT untersucht die Leitung selbst",
            ],
        ),
    };
    let damaged = facts.within_text;
    found.with(
        format!("octets in the text that are no text: {damaged} at least"),
        format!("Oktette im Text, die kein Text sind: mindestens {damaged}"),
    )
}

fn constant(facts: &LineFacts) -> Finding {
    let values = facts.constant.as_deref().unwrap_or_default();
    let hex: Vec<String> = values.iter().map(|octet| format!("{octet:02X}")).collect();
    let found = Finding::new(Diagnosis::Constant);
    let is_alone = facts.sample.iter().all(|octet| values.contains(octet));
    let found = match hex.as_slice() {
        [only] if is_alone => found.with(format!("all are {only}"), format!("alle sind {only}")),
        [only] => found.with(format!("nearly all are {only}"), format!("fast alle sind {only}")),
        _ => {
            let hex = hex.join(" ");
            found.with(
                format!("nearly all are one of {hex}"),
                format!("fast alle sind eines von {hex}"),
            )
        }
    };
    sampled(found, facts)
}

const SEVEN_BITS: &str = "only seven bits of each octet arrive: set the line to 8E1 instead of 7E1";

/// A line whose octets have lost their highest bit.
fn seven_bits(facts: &LineFacts) -> Finding {
    let octets = facts.octets;
    let cause = [
        "the adapter, or a program in between, takes seven bits of each octet (7E1) and leaves the eighth out; M-Bus meters send eight (8E1)",
        "der Adapter oder ein Programm dazwischen nimmt von jedem Oktett sieben Bits (7E1) und lässt das achte weg; M-Bus-Zähler senden acht (8E1)",
    ];
    let step = [
        "set 8 data bits and even parity (8E1, 2400 baud) where the adapter is read: ser2net 2400e81, stty cs8 parenb -istrip",
        "dort, wo der Adapter gelesen wird, 8 Datenbits und gerade Parität einstellen (8E1, 2400 Baud): ser2net 2400e81, stty cs8 parenb -istrip",
    ];
    let found = Finding::new(Diagnosis::Parity).advising(cause, step).hinting(SEVEN_BITS).with(
        format!("none of {octets} octets has its highest bit"),
        format!("keines von {octets} Oktetten hat sein höchstes Bit"),
    );
    sampled(found, facts)
}

/// A line whose seven data bits and parity are read as eight data bits.
fn parity_bits(facts: &LineFacts) -> Finding {
    let octets = facts.octets;
    let is_text = facts.foreign == Some(ForeignProtocol::Dsmr);
    let cause = match is_text {
        true => [
            "the meter sends DSMR text with seven data bits and a parity bit (7E1), and all eight are read as data",
            "der Zähler sendet DSMR-Text mit sieben Datenbits und einem Paritätsbit (7E1), und alle acht werden als Daten gelesen",
        ],
        false => [
            "each octet has seven data bits and a parity bit (7E1); M-Bus meters send eight data bits (8E1): a program or an adapter in between has other settings",
            "jedes Oktett hat sieben Datenbits und ein Paritätsbit (7E1); M-Bus-Zähler senden acht Datenbits (8E1): ein Programm oder ein Adapter dazwischen ist anders eingestellt",
        ],
    };
    let step = match is_text {
        true => [
            "let ser2net read the adapter with 7 data bits and even parity (9600e71), and give meterpipe its address: tcp://HOST:PORT",
            "ser2net den Adapter mit 7 Datenbits und gerader Parität lesen lassen (9600e71) und meterpipe seine Adresse angeben: tcp://RECHNER:PORT",
        ],
        false => [
            "set 8 data bits and even parity (8E1, 2400 baud) where the adapter is read: ser2net 2400e81, stty cs8 parenb",
            "dort, wo der Adapter gelesen wird, 8 Datenbits und gerade Parität einstellen (8E1, 2400 Baud): ser2net 2400e81, stty cs8 parenb",
        ],
    };
    let hint = match is_text {
        true => "let ser2net read the adapter with 7 data bits (9600e71), and read tcp://HOST:PORT",
        false => "set the line to 8E1 instead of 7E1",
    };
    let found = Finding::new(Diagnosis::Parity).advising(cause, step).hinting(hint).with(
        format!("the highest bit of {octets} octets is a parity bit: 7E1"),
        format!("das höchste Bit von {octets} Oktetten ist ein Paritätsbit: 7E1"),
    );
    sampled(found, facts)
}

/// A line with many marks: the frames are right without them, or they are not.
fn marked(facts: &LineFacts, view: &LineView) -> Finding {
    let (octets, marked) = (facts.octets, facts.marked);
    let is_right = facts.unmarked_frames > facts.frames;
    let diagnosis = match () {
        () if is_right => Diagnosis::Parity,
        () if facts.is_smeared() => Diagnosis::Baud,
        () if octets >= MANY => Diagnosis::Baud,
        () => Diagnosis::Parity,
    };
    let found = Finding::new(diagnosis).hinting(view.settings_hint()).with(
        format!("the adapter marks {marked} of {octets} octets as damaged (parity or stop bit)"),
        format!("der Adapter meldet {marked} von {octets} Oktetten als beschädigt (Parität oder Stoppbit)"),
    );
    let found = match is_right {
        true => {
            let frames = facts.unmarked_frames;
            found.with(
                format!(
                    "without these marks {} {} right",
                    counted(frames, "frame"),
                    verb(frames, "is", "are")
                ),
                format!(
                    "ohne diese Meldungen {} {frames} Rahmen richtig",
                    verb(frames, "ist", "sind")
                ),
            )
        }
        false => found,
    };
    sampled(found, facts)
}

/// Octets after which a wrong parity bit would have let a frame through.
const MANY: usize = 1000;

fn damage(facts: &LineFacts, whole: usize, view: &LineView) -> Finding {
    let LineFacts { cut, checksums, hdlc, halves, octets, frames, .. } = *facts;
    // A look-alike of a frame among random octets is none.
    let is_random =
        facts.apdus == 0 && (frames + cut + checksums + hdlc + halves) * RANDOM < octets;
    let most = [cut, hdlc, checksums, halves].into_iter().max().unwrap_or_default();
    let is_foreign = facts.foreign_frames > 0 && facts.foreign_frames >= halves;
    let found = match () {
        () if most == 0 && facts.broken_off == 0 && has_begun(facts, view) => begun(facts),
        () if facts.broken_off > most => broken_off(facts.broken_off, whole),
        () if is_random => return order_less(facts, view),
        () if is_foreign && most == halves => return foreign(ForeignProtocol::MbusRecords, facts),
        () if most == 0 && frames > 0 && is_too_little(facts, view) => too_little(frames),
        () if most == 0 && frames > 0 => Finding::new(Diagnosis::Half).with(
            format!(
                "{} {} whole, and no telegram is",
                counted(frames, "frame"),
                verb(frames, "is", "are")
            ),
            format!(
                "{frames} Rahmen {} vollständig, aber kein Telegramm",
                verb(frames, "ist", "sind")
            ),
        ),
        () if most == 0 => return order_less(facts, view),
        () if most == cut => lost(facts),
        () if most == hdlc => Finding::new(Diagnosis::HdlcDamaged).with(
            format!(
                "{} {} check, {frames} {}",
                counted(hdlc, "HDLC frame"),
                verb(hdlc, "fails its", "fail their"),
                verb(frames, "passes", "pass")
            ),
            format!(
                "{hdlc} HDLC-Rahmen {} beschädigt, {frames} in Ordnung",
                verb(hdlc, "ist", "sind")
            ),
        ),
        () if most == checksums && most == facts.without_crc => without_crc(checksums),
        () if most == checksums && most == facts.odd_information => odd_information(checksums),
        () if most == checksums => Finding::new(Diagnosis::Checksum).with(
            format!(
                "{} {} checksum, {frames} {}",
                counted(checksums, "frame"),
                verb(checksums, "fails its", "fail their"),
                verb(frames, "passes", "pass")
            ),
            format!(
                "{checksums} Rahmen {} eine falsche Prüfsumme, {frames} eine richtige",
                verb(checksums, "hat", "haben")
            ),
        ),
        // Lost octets leave halves too; lost frames leave no frame that is cut short.
        () if cut * CUT_SHARE >= halves => lost(facts),
        () => Finding::new(Diagnosis::Half).with(
            format!(
                "{} {} a frame, {whole} {} whole",
                counted(halves, "telegram"),
                verb(halves, "lacks", "lack"),
                verb(whole, "is", "are")
            ),
            format!(
                "{} fehlt ein Rahmen, {whole} {} vollständig",
                counted_as(halves, "Telegramm", "Telegrammen"),
                verb(whole, "ist", "sind")
            ),
        ),
    };
    sampled(found, facts)
}

/// The finding that frames are lost, and what looks whole is made of two telegrams.
#[must_use]
pub fn joined(halves: usize, closed: usize) -> Finding {
    with_halves(Finding::new(Diagnosis::Half), halves).with(
        format!("none opens of {closed} that look whole: their frames may be of two telegrams"),
        format!("von {closed}, die vollständig aussehen, öffnet sich keines: ihre Rahmen können von zwei Telegrammen sein"),
    )
}

/// A finding about keys with the remark that not all telegrams are whole.
#[must_use]
pub fn with_halves(found: Finding, halves: usize) -> Finding {
    let cause = |language, all: &str, some: &str| found.cause(language).replacen(all, some, 1);
    let cause = [
        cause(AdviceLanguage::English, "telegrams arrive whole", "some telegrams seem whole"),
        cause(
            AdviceLanguage::German,
            "Telegramme kommen vollständig an",
            "manche Telegramme scheinen vollständig",
        ),
    ];
    let found = match found.advice {
        None if found.diagnosis != Diagnosis::Half => found.caused_by(cause),
        _ => found,
    };
    found.with(
        format!("{} {} a frame", counted(halves, "telegram"), verb(halves, "lacks", "lack")),
        format!("{} fehlt ein Rahmen", counted_as(halves, "Telegramm", "Telegrammen")),
    )
}

/// True if nothing came whole on a live line but parts of telegrams that its beginning or its end cuts.
const fn is_too_little(facts: &LineFacts, view: &LineView) -> bool {
    view.seconds.is_some() && (view.is_within_push || !facts.breaks_off)
}

/// The finding that the time was too short for a telegram.
fn too_little(frames: usize) -> Finding {
    let cause = [
        "too little came for an answer: parts of telegrams whose beginning or end lies outside of the time",
        "für eine Antwort kam zu wenig: Teile von Telegrammen, deren Anfang oder Ende außerhalb der Zeit liegt",
    ];
    let step = [
        "listen longer, for a whole telegram at least: --time 90s",
        "länger zuhören, mindestens ein ganzes Telegramm lang: --time 90s",
    ];
    Finding::new(Diagnosis::Silent).advising(cause, step).hinting("listen longer").with(
        format!(
            "{} {} whole, and no telegram is",
            counted(frames, "frame"),
            verb(frames, "is", "are")
        ),
        format!("{frames} Rahmen {} vollständig, aber kein Telegramm", verb(frames, "ist", "sind")),
    )
}

/// The finding that frames with right sums announce something else than they hold.
fn odd_information(frames: usize) -> Finding {
    let cause = [
        "frames have a right sum and seem to carry DLMS, but a control information that meterpipe does not read",
        "Rahmen haben eine richtige Summe und enthalten wohl DLMS, aber eine Steuerinformation, die meterpipe nicht liest",
    ];
    let step = [
        "compare the frame with the original, or read the adapter directly; if the meter does send it so, report its model and operator",
        "den Rahmen mit dem Original vergleichen oder den Adapter direkt lesen; sendet der Zähler ihn so, Modell und Netzbetreiber melden",
    ];
    Finding::new(Diagnosis::OtherProtocol).advising(cause, step).hinting(step[0]).with(
        format!(
            "{} {} a right sum and another control information than that of DLMS (octet 6)",
            counted(frames, "frame"),
            verb(frames, "has", "have")
        ),
        format!(
            "{frames} Rahmen {} eine richtige Summe und eine andere Steuerinformation als die von DLMS (Oktett 6)",
            verb(frames, "hat", "haben")
        ),
    )
}

/// The finding that no octet need be wrong: DSMR telegrams lack their CRC.
fn without_crc(telegrams: usize) -> Finding {
    let cause = [
        "DSMR telegrams come without the CRC that their version has: the four hex digits behind ! are missing, and nothing shows if an octet is wrong",
        "DSMR-Telegramme kommen ohne die Prüfsumme (CRC) ihrer Version an: die vier Hexziffern hinter ! fehlen, und nichts zeigt, ob ein Oktett falsch ist",
    ];
    let step = [
        "read the adapter directly, or make the program in between or the copy keep the line with ! whole",
        "den Adapter direkt lesen, oder die Zeile mit ! vom Programm dazwischen oder beim Kopieren ganz lassen",
    ];
    Finding::new(Diagnosis::Checksum).advising(cause, step).with(
        format!(
            "{} {} no CRC behind the exclamation mark",
            counted(telegrams, "telegram"),
            verb(telegrams, "has", "have")
        ),
        format!(
            "{} {} keine Prüfsumme hinter dem Rufzeichen",
            counted_as(telegrams, "Telegramm", "Telegramme"),
            verb(telegrams, "hat", "haben")
        ),
    )
}

/// One frame that is cut short to so many halves is no chance.
const CUT_SHARE: usize = 4;

/// Octets among which chance makes a start of a frame.
const RANDOM: usize = 4000;

fn lost(facts: &LineFacts) -> Finding {
    let found = Finding::new(Diagnosis::OctetsLost);
    let cut = facts.cut;
    match facts.first_cut {
        None => found,
        Some((size, next)) => found.with(
            format!("octets are lost: a frame of {size} began, the next one after {next}"),
            format!(
                "Oktette gehen verloren: ein Rahmen von {size} begann, der nächste nach {next}"
            ),
        ),
    }
    .with(
        format!(
            "{} {} cut short, {} {} whole",
            counted(cut, "frame"),
            verb(cut, "is", "are"),
            facts.frames,
            verb(facts.frames, "is", "are")
        ),
        format!("{cut} Rahmen {} zu kurz, {} vollständig", verb(cut, "ist", "sind"), facts.frames),
    )
}

/// True if a live line brings nothing but starts of frames or telegrams.
fn has_begun(facts: &LineFacts, view: &LineView) -> bool {
    let is_over = |part: &BegunPart| part.is_over || !view.is_within_push;
    view.seconds.is_some() && facts.begun.iter().any(is_over)
}

/// The finding about starts of frames or telegrams behind which octets are missing.
fn begun(facts: &LineFacts) -> Finding {
    let found = Finding::new(Diagnosis::OctetsLost);
    let Some(BegunPart { announced, present, .. }) = facts.begun.first() else {
        return found;
    };
    let starts = facts.begun.len();
    found
        .with(
            format!("octets are lost: of the {announced} that were announced {present} came"),
            format!("Oktette gehen verloren: von {announced} angekündigten kamen {present} an"),
        )
        .with(
            format!(
                "{} {} cut short, 0 are whole",
                counted(starts, "telegram"),
                verb(starts, "is", "are")
            ),
            format!(
                "{} {} ab, 0 sind vollständig",
                counted_as(starts, "Telegramm", "Telegramme"),
                verb(starts, "bricht", "brechen")
            ),
        )
}

/// The finding about telegrams that have no frames.
fn broken_off(telegrams: usize, whole: usize) -> Finding {
    Finding::new(Diagnosis::OctetsLost).with(
        format!(
            "{} {} off before {} announced end, {whole} {} whole",
            counted(telegrams, "telegram"),
            verb(telegrams, "breaks", "break"),
            verb(telegrams, "its", "their"),
            verb(whole, "is", "are")
        ),
        format!(
            "{} {} ab, bevor das angekündigte Ende da ist, {whole} {} vollständig",
            counted_as(telegrams, "Telegramm", "Telegramme"),
            verb(telegrams, "bricht", "brechen"),
            verb(whole, "ist", "sind")
        ),
    )
}

/// Octets in which no frame begins.
fn order_less(facts: &LineFacts, view: &LineView) -> Finding {
    let (octets, smeared) = (facts.octets, facts.smeared);
    let found = match facts.is_smeared() {
        true => Finding::new(Diagnosis::Baud).with(
            format!("the bits of {smeared} % of the octets change at most twice, as on a line read too fast"),
            format!("die Bits von {smeared} % der Oktette wechseln höchstens zweimal, wie bei zu schnellem Lesen"),
        ),
        false => Finding::new(Diagnosis::Noise).hinting(view.settings_hint())
            .with(format!("no frame begins in {octets} octets"), format!("in {octets} Oktetten beginnt kein Rahmen")),
    };
    sampled(found, facts)
}

/// Adds the count of the octets and the first of them.
fn sampled(found: Finding, facts: &LineFacts) -> Finding {
    let sample: Vec<String> = facts.sample.iter().map(|octet| format!("{octet:02x}")).collect();
    counted_octets(found, facts, &sample.join(" "))
}

/// The octets as text, if they are nothing else.
fn printed(octets: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(octets).ok()?.trim();
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

/// Adds the count of the octets and what they begin with.
fn counted_octets(found: Finding, facts: &LineFacts, sample: &str) -> Finding {
    let octets = facts.octets;
    found.with(
        format!("{}: {sample} …", counted(octets, "octet")),
        format!("{}: {sample} …", counted_as(octets, "Oktett", "Oktette")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{link::mbus, noise::noise};

    #[test]
    fn frames_of_which_no_telegram_was_made_are_none_of_whole_ones() {
        let facts = LineFacts { octets: 600, frames: 4, apdus: 2, ..LineFacts::default() };
        let view = LineView { seconds: Some(30), ..LineView::default() };
        assert_eq!(line_finding(&facts, &view), None);
        let found = line_finding(&facts.without_telegrams(), &view).unwrap();
        assert_eq!(found.diagnosis, Diagnosis::Half);
        assert_eq!(found.evidence[0].english, "2 telegrams lack a frame, 0 are whole");
    }

    #[test]
    fn another_reader_is_named_whatever_the_cause_is() {
        let others = vec!["cat[1]".to_owned()];
        let view = LineView { seconds: Some(30), is_device: true, others, ..LineView::default() };
        for (octets, diagnosis, at) in [
            (noise(600, 1), Diagnosis::Shared, 0),
            (vec![], Diagnosis::Shared, 0),
            (vec![0; 600], Diagnosis::Constant, 2),
            (b"/LGZ5\r\n1-0:1.8.0*255(1234*kWh)\r\n".repeat(9), Diagnosis::OtherProtocol, 2),
        ] {
            let found = line_finding(&LineFacts::of(&octets, &[]), &view).unwrap();
            assert_eq!(found.diagnosis, diagnosis);
            let named = found.evidence.iter().position(|it| it.english.contains("cat[1] has"));
            assert_eq!(named, Some(at), "{found:?}");
        }
    }

    #[test]
    fn each_interface_has_advice_of_its_own() {
        let step = |octets: &[u8], socket| {
            let view =
                LineView { seconds: Some(30), is_device: true, socket, ..LineView::default() };
            let found = line_finding(&LineFacts::of(octets, &[]), &view).unwrap();
            (found.diagnosis, found.step(AdviceLanguage::English).to_owned())
        };
        for (socket, silent, constant) in [
            (CustomerSocket::MBus, "pins 3 and 4", "M-Bus slave"),
            (CustomerSocket::Infrared, "over the infrared diode", "shade the head"),
            (CustomerSocket::P1, "pin 2 of the socket", "made for P1"),
        ] {
            for (octets, expected, part) in
                [(vec![], Diagnosis::Silent, silent), (vec![0; 600], Diagnosis::Constant, constant)]
            {
                let (diagnosis, step) = step(&octets, socket);
                assert_eq!(diagnosis, expected, "{socket:?}");
                assert!(step.contains(part), "{socket:?}: {step}");
            }
        }
    }

    #[test]
    fn parts_that_the_time_cuts_are_no_evidence() {
        let (mut first, mut second) = (vec![], vec![]);
        let content: Vec<u8> = (0..245).collect();
        mbus::emit(0, false, &content, &mut first);
        mbus::emit(1, true, &[7; 15], &mut second);
        let diagnosis = |octets: &[u8], is_within_push| {
            let view = LineView { seconds: Some(12), is_within_push, ..LineView::default() };
            line_finding(&LineFacts::of(octets, &[]), &view).map(|found| found.diagnosis)
        };
        let begun_late = [&second[10..], &second, &first].concat();
        for (octets, is_within_push, expected) in [
            (&second, false, Diagnosis::Silent),
            (&second, true, Diagnosis::Silent),
            (&first, true, Diagnosis::Silent),
            (&begun_late, true, Diagnosis::Silent),
            // Silence came behind the first frame, and no second one.
            (&first, false, Diagnosis::Half),
            (&begun_late, false, Diagnosis::Half),
            (&first.repeat(3), true, Diagnosis::Half),
        ] {
            assert_eq!(
                diagnosis(octets, is_within_push),
                Some(expected),
                "{} {is_within_push}",
                octets.len()
            );
        }
    }
}
