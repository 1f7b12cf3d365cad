//! From the counts of a line to its cause.

use crate::{
    counted::{counted, verb},
    diagnosis::{
        conversion,
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
        foreign::{DsmrParts, ForeignProtocol},
        line::LineFacts,
        line_damage::damage,
        line_view::LineView,
        misread,
        octet_sample::{foreign, sampled},
        silence::silent,
    },
};

/// The cause of a line that brings no telegrams, or few whole ones; `None` for a sound line.
#[must_use]
pub fn line_finding(facts: &LineFacts, view: &LineView) -> Option<Finding> {
    Some(view.others.beside(cause(facts, view)?))
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
    Some(match view.others.active.is_empty() || found.diagnosis == Diagnosis::Constant {
        true => found,
        false => view.others.cause(found),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnosis::{other_readers::OtherReaders, socket::CustomerSocket},
        link::mbus,
        noise::noise,
    };

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
        let others = OtherReaders { active: vec!["cat[1]".to_owned()], ..OtherReaders::default() };
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
