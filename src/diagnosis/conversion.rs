//! Octets that something in between takes for text: a terminal driver, telnet, a program in text mode.
//!
//! Where the change can be undone, whole frames behind it prove it. Where it cannot, octets that never come do.

use crate::{
    counted::{counted, verb},
    diagnosis::{diagnosis::Diagnosis, finding::Finding, misread::KNOWN},
    link::{deframer::Deframer, layer::NoFrame, registry::LinkKind},
};

/// A change of octets on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Each LF became CR and LF.
    LineFeeds,
    /// Each CR became CR and LF.
    ReturnFeeds,
    /// Each CR became LF, or was removed.
    CarriageReturns,
    /// Each LF became CR.
    Feeds,
    /// Each CR was removed.
    Returns,
    /// Each CR became LF, and each LF became CR.
    Exchanged,
    /// Each octet of 80 and above became the two of its character in UTF-8.
    Utf8,
    /// Octets that are no UTF-8 became the three of U+FFFD.
    Replacement,
    /// Octets of 80 and above became question marks.
    QuestionMarks,
    /// Octets of 80 and above were removed, if they are no UTF-8.
    HighOctets,
    /// Each FF came twice.
    Doubled,
    /// XON and XOFF were taken for flow control.
    FlowControl,
}

/// A change of octets, with what proves it: frames that are whole without it, or octets.
pub type ProvenConversion = (Conversion, usize);

/// The change that explains most of the damage in some octets.
#[must_use]
pub fn conversion(octets: &[u8], damaged: usize) -> Option<ProvenConversion> {
    if let Some(converted) = characters(octets) {
        return Some(converted);
    }
    let frames = whole_frames(octets);
    let undone = [
        (Conversion::LineFeeds, joined(octets, *b"\r\n", b'\n')),
        (Conversion::ReturnFeeds, joined(octets, *b"\r\n", b'\r')),
        (Conversion::Doubled, joined(octets, [0xff, 0xff], 0xff)),
    ];
    let mut proven = undone.into_iter().filter_map(|(conversion, octets)| {
        let more = whole_frames(&octets).saturating_sub(frames);
        (more > 0 && more * 2 >= damaged).then_some((conversion, more))
    });
    // This keeps the size of frames, and the sums of some fit by chance.
    let exchanged = || {
        let octets = exchanged(octets);
        let more = whole_frames(&octets).saturating_sub(frames);
        let are_all = || more * 2 >= damaged && damaged_frames(&octets).is_empty();
        let is_proven = more > 1 && octets.contains(&b'\n') && are_all();
        is_proven.then_some((Conversion::Exchanged, more))
    };
    proven.next().or_else(exchanged).or_else(|| without_octets(octets, damaged))
}

/// The change that made characters of octets: nothing else is UTF-8 and no text.
fn characters(octets: &[u8]) -> Option<ProvenConversion> {
    let controls = octets.iter().filter(|octet| **octet < b'\t').count();
    if controls < SEVERAL {
        return None;
    }
    let (mut latin, mut others, mut replacements) = (0, 0, 0);
    for c in String::from_utf8_lossy(octets).chars() {
        match c {
            '\0'..='\x7f' => {}
            '\u{80}'..='\u{ff}' => latin += 1,
            char::REPLACEMENT_CHARACTER => replacements += 1,
            _ => others += 1,
        }
    }
    let written = memchr::memmem::find_iter(octets, "\u{fffd}".as_bytes()).count();
    // Noise and cuts leave some octets that are no UTF-8.
    let broken = replacements - written;
    let found = match written > latin {
        _ if broken * FEW >= written + latin => None,
        true => (written >= SEVERAL).then_some((Conversion::Replacement, written)),
        // Windows-1252 has other characters in the place of some.
        false => (latin >= SEVERAL && others < latin).then_some((Conversion::Utf8, latin)),
    };
    found.or_else(|| without_high(octets).filter(|_| broken * FEW * FEW <= octets.len()))
}

/// The change that took the octets of 80 and above from the starts of telegrams.
fn without_high(octets: &[u8]) -> Option<ProvenConversion> {
    let changed = |change: fn(&u8) -> Option<u8>| {
        let starts = KNOWN.map(|start| start.iter().filter_map(change).collect::<Vec<_>>());
        let starts = starts.iter().filter(|start| start.len() >= LEAST_OF_START);
        starts.map(|start| memchr::memmem::find_iter(octets, start).count()).sum()
    };
    let marks = changed(|octet| Some(if octet.is_ascii() { *octet } else { b'?' }));
    let removed = changed(|octet| Some(*octet).filter(u8::is_ascii));
    match (marks, removed) {
        (0, 0) => None,
        (marks, removed) if marks > removed => Some((Conversion::QuestionMarks, marks)),
        (_, removed) => Some((Conversion::HighOctets, removed)),
    }
}

/// The octets of a start that no text has.
const LEAST_OF_START: usize = 5;

/// Octets that are no chance.
const SEVERAL: usize = 8;

/// One in so many is one of a few.
const FEW: usize = 10;

/// The octets with one instead of each such pair.
fn joined(octets: &[u8], pair: [u8; 2], one: u8) -> Vec<u8> {
    let mut joined = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, behind)) = rest.split_first() {
        let is_pair = rest.starts_with(&pair);
        joined.push(if is_pair { one } else { *first });
        rest = behind.get(usize::from(is_pair)..).unwrap_or_default();
    }
    joined
}

/// The octets with CR in the place of LF, and LF in that of CR.
fn exchanged(octets: &[u8]) -> Vec<u8> {
    let exchange = |octet: &u8| match octet {
        b'\r' => b'\n',
        b'\n' => b'\r',
        octet => *octet,
    };
    octets.iter().map(exchange).collect()
}

/// The change that shows in octets which never come.
fn without_octets(octets: &[u8], damaged: usize) -> Option<ProvenConversion> {
    let lacks = |octet: u8| memchr::memchr(octet, octets).is_none();
    for (conversion, [one, other]) in
        [(Conversion::Returns, [b'\r'; 2]), (Conversion::FlowControl, [XON, XOFF])]
    {
        if lacks(one) && lacks(other) {
            let short = short_frames(octets);
            let are_changed = short.iter().filter(|it| lacks_only(it, [one, other])).count();
            if are_changed > 1 && are_changed * FEW > short.len() * (FEW - 2) {
                return Some((conversion, octets.len()));
            }
        }
    }
    let is_random = || (0..=u8::MAX).filter(|octet| !lacks(*octet)).count() >= NEARLY_ALL;
    for (conversion, lost, instead) in
        [(Conversion::CarriageReturns, b'\r', b'\n'), (Conversion::Feeds, b'\n', b'\r')]
    {
        if !lacks(lost) {
            continue;
        }
        let frames = damaged_frames(octets);
        let is_changed = |frame: &&&[u8]| has_instead(frame, lost, instead);
        let are_changed = frames.iter().filter(is_changed).count();
        let are_proven =
            are_changed > 1 && are_changed == frames.len() && are_changed * 2 >= damaged;
        // Where no sum tells, random octets do. Few programs make a CR of each LF.
        let is_shown =
            lost == b'\r' && damaged > 0 && octets.len() >= 2 * LEAST_WITHOUT && is_random();
        if are_proven || is_shown {
            return Some((conversion, octets.len()));
        }
    }
    (octets.len() >= LEAST_WITHOUT && lacks(XON) && lacks(XOFF) && is_random())
        .then_some((Conversion::FlowControl, octets.len()))
}

const XON: u8 = 0x11;
const XOFF: u8 = 0x13;

/// Random octets of that number have XON or XOFF.
const LEAST_WITHOUT: usize = 1500;

/// Ciphered octets have nearly all values.
const NEARLY_ALL: usize = 200;

/// True for an M-Bus frame whose sum is that of a lost octet in the place of one or more of those that came instead.
fn has_instead(frame: &[u8], lost: u8, instead: u8) -> bool {
    let [_, _, _, _, content @ .., sum, _] = frame else { return false };
    let computed = content.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    let missing = sum.wrapping_sub(computed);
    let change = lost.wrapping_sub(instead);
    let candidates = memchr::memchr_iter(instead, content).count().min(usize::from(u8::MAX));
    (1..=candidates).any(|count| change.wrapping_mul(count as u8) == missing)
}

/// An M-Bus frame that ends before its announced size: what is left between its head and its sum, the sum, and how
/// many octets are missing.
struct ShortFrame<'a> {
    content: &'a [u8],
    sum: u8,
    missing: u8,
}

/// True if the sum is that of the frame with only these octets in the place of the missing ones.
fn lacks_only(frame: &ShortFrame<'_>, [one, other]: [u8; 2]) -> bool {
    let ShortFrame { content, sum, missing } = *frame;
    let computed = content.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    (0..=missing).any(|ones| {
        let others = other.wrapping_mul(missing - ones);
        computed.wrapping_add(one.wrapping_mul(ones)).wrapping_add(others) == sum
    })
}

/// The M-Bus frames that end before their announced size.
fn short_frames(octets: &[u8]) -> Vec<ShortFrame<'_>> {
    let starts = memchr::memchr_iter(0x68, octets).filter(|at| {
        let head = octets.get(*at..).unwrap_or_default();
        matches!(head, [0x68, first, second, 0x68, 0x53 | 0x73, 0xff, ..] if first == second)
    });
    let starts: Vec<_> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([octets.len()]);
    let frames = starts.iter().zip(ends).filter_map(|(start, end)| {
        let [_, length, _, _, content @ .., sum, 0x16] = octets.get(*start..end)? else {
            return None;
        };
        let size = usize::from(*length) + if *length < 3 { 256 } else { 0 };
        let missing = u8::try_from(size.checked_sub(content.len())?).ok()?;
        (1..=MOST_MISSING).contains(&missing).then_some(ShortFrame { content, sum: *sum, missing })
    });
    frames.collect()
}

/// With more octets missing, a sum fits by chance too often.
const MOST_MISSING: u8 = 12;

/// The whole frames with the content of a meter. Short ones have next to no check.
pub(super) fn whole_frames(octets: &[u8]) -> usize {
    let mut deframer = Deframer::default();
    deframer.push(octets, []);
    deframer.end();
    let mut frames = 0;
    while let Some(item) = deframer.next() {
        let is_whole = item.is_ok_and(|it| matches!(it.link.segment(it.octets), Ok(Some(_))));
        frames += usize::from(is_whole);
    }
    frames
}

/// The M-Bus frames whose sum is wrong, and nothing else.
fn damaged_frames(octets: &[u8]) -> Vec<&[u8]> {
    let starts = memchr::memchr_iter(0x68, octets).filter_map(|at| octets.get(at..));
    let damaged = starts.filter_map(|rest| {
        let [_, length, ..] = *rest else { return None };
        let size = usize::from(length) + if length < 3 { 256 } else { 0 } + 6;
        let frame = rest.get(..size)?;
        let is_frame = matches!(frame, [0x68, first, second, 0x68, 0x53 | 0x73, 0xff, .., 0x16] if first == second);
        let is_damaged = matches!(LinkKind::Mbus.frame(frame), Some(Err(NoFrame::Damaged { .. })));
        (is_frame && is_damaged).then_some(frame)
    });
    damaged.collect()
}

/// The finding that something in between changes the octets.
#[must_use]
pub fn finding((conversion, proof): ProvenConversion) -> Finding {
    const BINARY: [&str; 2] = [
        "let the program in between pass the octets on unchanged: a binary buffer instead of a string in Node-RED, files and sockets opened as binary in Python; or read the adapter directly",
        "das Programm dazwischen die Oktette unverändert weitergeben lassen: in Node-RED ein Binärpuffer statt einer Zeichenkette, in Python Dateien und Sockets binär geöffnet; oder den Adapter direkt lesen",
    ];
    const RAW: [&str; 2] = [
        "read the adapter directly with meterpipe, or put its line into raw mode in front of the other program (stty raw), and set its server to raw TCP",
        "den Adapter direkt mit meterpipe lesen, oder vor dem anderen Programm seine Leitung in den Rohmodus setzen (stty raw) und seinen Server auf rohes TCP stellen",
    ];
    let (diagnosis, [what, was], step) = match conversion {
        Conversion::LineFeeds => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and writes each line feed (0A) as 0D 0A",
                "hält die Oktette für Text und schreibt jeden Zeilenvorschub (0A) als 0D 0A",
            ],
            RAW,
        ),
        Conversion::ReturnFeeds => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and writes each carriage return (0D) as 0D 0A",
                "hält die Oktette für Text und schreibt jeden Wagenrücklauf (0D) als 0D 0A",
            ],
            RAW,
        ),
        Conversion::Feeds => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and makes each line feed (0A) a carriage return (0D), as a terminal driver does (inlcr)",
                "hält die Oktette für Text und macht aus jedem Zeilenvorschub (0A) einen Wagenrücklauf (0D), wie ein Terminaltreiber (inlcr)",
            ],
            RAW,
        ),
        Conversion::CarriageReturns => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and makes each carriage return (0D) a line feed (0A) or removes it, as a terminal driver does (icrnl, igncr)",
                "hält die Oktette für Text und macht aus jedem Wagenrücklauf (0D) einen Zeilenvorschub (0A) oder entfernt ihn, wie ein Terminaltreiber (icrnl, igncr)",
            ],
            RAW,
        ),
        Conversion::Returns => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and removes each carriage return (0D), as a terminal driver does (igncr)",
                "hält die Oktette für Text und entfernt jeden Wagenrücklauf (0D), wie ein Terminaltreiber (igncr)",
            ],
            RAW,
        ),
        Conversion::Exchanged => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and exchanges carriage returns (0D) and line feeds (0A), as a terminal driver does (icrnl with inlcr)",
                "hält die Oktette für Text und vertauscht Wagenrückläufe (0D) und Zeilenvorschübe (0A), wie ein Terminaltreiber (icrnl mit inlcr)",
            ],
            RAW,
        ),
        Conversion::Utf8 => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and writes those from 80 on as two octets each (UTF-8)",
                "hält die Oktette für Text und schreibt die ab 80 als je zwei Oktette (UTF-8)",
            ],
            BINARY,
        ),
        Conversion::Replacement => (
            Diagnosis::Checksum,
            [
                "takes the octets for text in UTF-8 and replaces all that is none by EF BF BD (U+FFFD); these octets are lost",
                "hält die Oktette für Text in UTF-8 und ersetzt alles, was keiner ist, durch EF BF BD (U+FFFD); diese Oktette sind verloren",
            ],
            BINARY,
        ),
        Conversion::QuestionMarks => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and writes a question mark (3F) for each from 80 on; these octets are lost",
                "hält die Oktette für Text und schreibt für jedes ab 80 ein Fragezeichen (3F); diese Oktette sind verloren",
            ],
            BINARY,
        ),
        Conversion::HighOctets => (
            Diagnosis::Checksum,
            [
                "takes the octets for text and removes those from 80 on; these octets are lost",
                "hält die Oktette für Text und entfernt die ab 80; diese Oktette sind verloren",
            ],
            BINARY,
        ),
        Conversion::Doubled => (
            Diagnosis::Checksum,
            [
                "sends each FF twice, as telnet and the marks of a terminal driver (parmrk) do",
                "sendet jedes FF doppelt, wie Telnet und die Marken eines Terminaltreibers (parmrk)",
            ],
            RAW,
        ),
        Conversion::FlowControl => (
            Diagnosis::OctetsLost,
            [
                "takes the octets 11 and 13 for XON and XOFF and removes them",
                "hält die Oktette 11 und 13 für XON und XOFF und entfernt sie",
            ],
            [
                "turn software flow control off where the adapter is read: stty -ixon -ixoff, ser2net without XONXOFF; or read the adapter directly",
                "dort, wo der Adapter gelesen wird, die Software-Flusssteuerung abschalten: stty -ixon -ixoff, ser2net ohne XONXOFF; oder den Adapter direkt lesen",
            ],
        ),
    };
    let undone = |[change, tausch]: [&str; 2]| {
        let (frames, are) = (counted(proof, "frame"), verb(proof, "is", "are"));
        let sind = verb(proof, "ist", "sind");
        [
            format!("{change}; with this undone {frames} more {are} whole"),
            format!("{tausch}; ohne diese Änderung {sind} {proof} Rahmen mehr vollständig"),
        ]
    };
    let [english, german] = match conversion {
        Conversion::LineFeeds => undone(["0A comes as 0D 0A", "0A kommt als 0D 0A"]),
        Conversion::ReturnFeeds => undone(["0D comes as 0D 0A", "0D kommt als 0D 0A"]),
        Conversion::Doubled => undone(["FF comes twice", "FF kommt doppelt"]),
        Conversion::Exchanged => {
            undone(["0A comes as 0D, and 0D as 0A", "0A kommt als 0D, und 0D als 0A"])
        }
        Conversion::CarriageReturns | Conversion::Returns => [
            format!("0D never comes in {proof} octets"),
            format!("0D kommt in {proof} Oktetten nie vor"),
        ],
        Conversion::Feeds => [
            format!("0A never comes in {proof} octets"),
            format!("0A kommt in {proof} Oktetten nie vor"),
        ],
        Conversion::Utf8 => [
            format!("characters of UTF-8 in the place of octets: {proof}"),
            format!("Zeichen in UTF-8 anstelle von Oktetten: {proof}"),
        ],
        Conversion::Replacement => [
            format!("octets in the place of which EF BF BD stands: {proof}"),
            format!("Oktette, an deren Stelle EF BF BD steht: {proof}"),
        ],
        Conversion::QuestionMarks => [
            format!("starts of telegrams with 3F for each octet from 80 on: {proof}"),
            format!("Anfänge von Telegrammen mit 3F für jedes Oktett ab 80: {proof}"),
        ],
        Conversion::HighOctets => [
            format!("starts of telegrams without the octets from 80 on: {proof}"),
            format!("Anfänge von Telegrammen ohne die Oktette ab 80: {proof}"),
        ],
        Conversion::FlowControl => [
            format!("11 and 13 never come in {proof} octets"),
            format!("11 und 13 kommen in {proof} Oktetten nie vor"),
        ],
    };
    let cause = [
        format!("something between meter and meterpipe {what}"),
        format!("etwas zwischen Zähler und meterpipe {was}"),
    ];
    Finding::new(diagnosis).advising(cause, step).hinting(step[0]).with(english, german)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{link::mbus, noise::noise};

    fn telegrams(count: u32) -> Vec<u8> {
        let mut octets = vec![];
        for seed in 0..count {
            let apdu = [&b"\xdb\x08KFMg\x50\0\x09"[..], &noise(230, 2 * seed + 1)].concat();
            mbus::emit(0, false, &apdu, &mut octets);
            mbus::emit(1, true, &noise(120, 2 * seed + 2), &mut octets);
        }
        octets
    }

    fn each(octets: &[u8], change: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
        octets.iter().flat_map(|octet| change(*octet)).collect()
    }

    #[test]
    fn each_change_is_told_and_a_sound_line_has_none() {
        type Change = fn(u8) -> Vec<u8>;
        let of_each: [(Conversion, Change); 10] = [
            (Conversion::LineFeeds, |it| if it == 10 { vec![13, 10] } else { vec![it] }),
            (Conversion::ReturnFeeds, |it| if it == 13 { vec![13, 10] } else { vec![it] }),
            (Conversion::Feeds, |it| vec![if it == 10 { 13 } else { it }]),
            (Conversion::CarriageReturns, |it| vec![if it == 13 { 10 } else { it }]),
            (Conversion::Returns, |it| vec![it; usize::from(it != 13)]),
            (Conversion::Exchanged, |it| exchanged(&[it])),
            (Conversion::QuestionMarks, |it| vec![if it < 128 { it } else { b'?' }]),
            (Conversion::HighOctets, |it| vec![it; usize::from(it < 128)]),
            (Conversion::Doubled, |it| vec![it; 1 + usize::from(it == 255)]),
            (Conversion::FlowControl, |it| vec![it; usize::from(it != 17 && it != 19)]),
        ];
        let found = |octets: &[u8], damaged| conversion(octets, damaged).map(|it| it.0);
        // A short capture, and a longer one.
        for count in [3, 8] {
            let sent = telegrams(count);
            let within = [&noise(60, 99), &sent[..], &noise(50, 98)].concat();
            for octets in [&sent, &within] {
                for (expected, change) in of_each {
                    assert_eq!(found(&each(octets, change), 3), Some(expected), "{count}");
                }
                let text = String::from_utf8_lossy(octets);
                let without = text.replace(char::REPLACEMENT_CHARACTER, "");
                let latin: String = octets.iter().copied().map(char::from).collect();
                for (expected, text) in [
                    (Conversion::Utf8, &*latin),
                    (Conversion::Replacement, &text),
                    (Conversion::HighOctets, &without),
                ] {
                    assert_eq!(found(text.as_bytes(), 3), Some(expected), "{count}");
                }
            }
        }
        let sent = telegrams(8);
        // No frame proves what becomes of a telegram without one.
        let bare = each(&noise(300, 97), |it| char::from(it).to_string().into_bytes());
        assert_eq!(conversion(&bare, 0), Some((Conversion::Utf8, bare.len() - 300)));
        assert_eq!(conversion("Zähler\tÄÖÜ äöü €\n".repeat(20).as_bytes(), 0), None);
        assert_eq!(conversion(&sent, 0), None);
        let flipped = sent.iter().enumerate().map(|(at, it)| it ^ u8::from(at % 100 == 50));
        assert_eq!(conversion(&flipped.collect::<Vec<_>>(), 16), None);
        for seed in 0..20 {
            assert_eq!(conversion(&noise(4000, seed), 1), None, "{seed}");
        }
    }
}
