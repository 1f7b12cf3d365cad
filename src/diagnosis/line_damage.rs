//! The finding about a line whose frames or telegrams are damaged, or lack something.

use crate::{
    counted::{counted, counted_as, verb},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
        foreign::ForeignProtocol,
        line::{BegunPart, LineFacts},
        line_view::LineView,
        octet_sample::{foreign, sampled},
    },
};

pub(super) fn damage(facts: &LineFacts, whole: usize, view: &LineView) -> Finding {
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
        () if most == 0 && frames > 0 => without_telegram(Finding::new(Diagnosis::Half), frames),
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
    let found = Finding::new(Diagnosis::Silent).advising(cause, step).hinting("listen longer");
    without_telegram(found, frames)
}

fn without_telegram(found: Finding, frames: usize) -> Finding {
    found.with(
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
