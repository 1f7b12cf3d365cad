//! The findings about a file, which no cable and no speed can mend.

use std::{io::Read as _, path::Path};

use crate::cli::{
    commands::doctor::{
        examiner::Examiner,
        listening::{go_on, quiet},
        obstacles,
        report::DoctorReport,
    },
    input::files,
    run::status::Stop,
    setup::shared_args::InputForm,
};
use meterpipe::{
    counted::{counted, counted_as},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
        foreign::{self, ForeignProtocol},
        line_finding::LineView,
    },
    error::{Cause, Error},
};

/// Examines a file.
pub fn examine(
    examiner: &Examiner,
    path: &Path,
    form: Option<InputForm>,
    report: &mut DoctorReport,
) -> Result<(), Stop> {
    report.is_live = false;
    let mut examination = examiner.examination(examiner.time);
    let mut context = quiet();
    let ended =
        files::run(&[path.to_owned()], form, Some(examiner.time), &mut examination, &mut context);
    if context.tally.source_failed {
        report.finding = obstacles::unreadable(path);
        return Ok(());
    }
    go_on(ended)?;
    if context.tally.is_key {
        report.finding = obstacles::key_instead();
        return Ok(());
    }
    let view = LineView { telegrams: examination.telegrams(), ..LineView::default() };
    let found = examiner.finding(&mut examination, &view);
    report.is_read = examination.is_read();
    report.finding = of_file(match examination.cut_off {
        _ if found.diagnosis == Diagnosis::Silent && examination.unread.is_none() => {
            too_short(found, examination.is_text)
        }
        Some(error) if examination.telegrams() == 0 => cut_off(found, &error, examination.octets()),
        _ if examination.telegrams() == 0 && examination.is_text => {
            of_text(found, examination.unread)
        }
        _ => found,
    });
    // A text may be another protocol itself, with octets or without.
    let is_text = |protocol: &ForeignProtocol| match protocol {
        ForeignProtocol::Text => examination.octets() == 0 && examination.unread.is_none(),
        protocol => !protocol.is_weak(),
    };
    if let (0, Some(protocol)) =
        (examination.telegrams(), foreign::recognise(&start_of(path)).filter(is_text))
    {
        report.finding = Finding {
            protocol: Some(protocol),
            ..Finding::new(Diagnosis::OtherProtocol).with(
                format!("they are {}", protocol.title(AdviceLanguage::English)),
                format!("es ist {}", protocol.title(AdviceLanguage::German)),
            )
        };
    }
    Ok(())
}

/// The finding about a file that ends within its first telegram: the octets before say nothing about a line.
fn cut_off(found: Finding, error: &Error, all: u64) -> Finding {
    let (Diagnosis::Noise | Diagnosis::Baud, Cause::CutOff { octets }) =
        (found.diagnosis, error.cause)
    else {
        return found;
    };
    // Noise may end with the first octet of a telegram.
    if octets < LEAST_PART || (octets as u64) * 2 < all {
        return found;
    }
    let cause =
        ["the input ends before its telegram does", "die Eingabe endet vor ihrem Telegramm"];
    let step = [
        "take all frames of the telegram to the last octet, or a longer capture",
        "alle Rahmen des Telegramms bis zum letzten Oktett nehmen, oder eine längere Aufzeichnung",
    ];
    Finding::new(Diagnosis::Half).advising(cause, step).with(
        format!("a telegram breaks off after {}", counted(octets, "octet")),
        format!("ein Telegramm bricht nach {} ab", counted_as(octets, "Oktett", "Oktetten")),
    )
}

/// Fewer octets may be a telegram's start by chance.
const LEAST_PART: usize = 32;

/// The finding about a file with hardly any octets: no cable is to blame.
fn too_short(found: Finding, is_text: bool) -> Finding {
    if is_text {
        return of_text(found, None);
    }
    let cause = [
        "there is nothing in the file, or too little for a telegram",
        "in der Datei steht nichts, oder zu wenig für ein Telegramm",
    ];
    let step = [
        "see that the capture ran while the meter sent, or ended without an error; doctor DEVICE examines the line itself",
        "prüfen, ob die Aufzeichnung lief, während der Zähler sendete, und ohne Fehler endete; doctor GERÄT untersucht die Leitung selbst",
    ];
    found.advising(cause, step)
}

/// The finding about a text without telegrams: its form comes before cable and adapter.
fn of_text(found: Finding, unread: Option<&'static str>) -> Finding {
    let is_of_octets = matches!(
        found.diagnosis,
        Diagnosis::Noise | Diagnosis::Baud | Diagnosis::Parity | Diagnosis::Silent
    );
    if !is_of_octets {
        return found;
    }
    let cause = [
        "the text holds no telegram as hex, or in a form that is not read",
        "der Text enthält kein Telegramm in Hex, oder eines in einer Form, die nicht gelesen wird",
    ];
    let step = [
        "write the octets of the telegram as hex digits, two each, or give the binary capture itself",
        "die Oktette des Telegramms als je zwei Hexziffern schreiben, oder die binäre Aufzeichnung selbst angeben",
    ];
    let found = found.advising(cause, step);
    match unread {
        Some(what) => found.with(format!("not supported: {what}"), format!("nicht lesbar: {what}")),
        None => found,
    }
}

/// The finding about a file: no command goes on reading it.
fn of_file(finding: Finding) -> Finding {
    if finding.diagnosis != Diagnosis::Ok {
        return finding;
    }
    let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = [english, german].map(|language| finding.cause(language).to_owned());
    let step = ["run the decode command below", "den decode-Befehl unten ausführen"];
    finding.advising(cause, step)
}

/// The first octets of a regular file.
fn start_of(path: &Path) -> Vec<u8> {
    let mut start = Vec::new();
    if path.is_file()
        && let Ok(file) = std::fs::File::open(path)
    {
        let _ = file.take(64 * 1024).read_to_end(&mut start);
    }
    start
}
