//! The finding about a source that is read, and about one that was read with the wrong link layer.

use crate::cli::commands::doctor::examination::Examination;
use meterpipe::{
    counted::{counted, counted_as},
    diagnosis::{
        diagnosis::{Diagnosis, Wording},
        finding::Finding,
        line_view::LineView,
        link,
    },
    link::registry::LinkChoice,
};

/// The finding about a source that is read.
pub fn sound(examination: &Examination, view: &LineView) -> Finding {
    let keys = &examination.tally.keys;
    let line = examination.line();
    let mut others: Vec<_> = examination.other_meters(&line).iter().map(hex::encode).collect();
    others.sort_unstable();
    let damaged = examination.damaged(&line);
    let mut found = match keys.ciphered {
        0 => plain(),
        _ => Finding::new(Diagnosis::Ok),
    };
    let meters = examination.tally.meters.iter().take(MOST_METERS);
    found
        .evidence
        .extend(meters.map(|(number, telegrams)| of_meter(number.as_deref(), *telegrams)));
    if let more @ 1.. = examination.tally.meters.len().saturating_sub(MOST_METERS) {
        found = found.with(
            format!("and of {}", counted(more, "more meter")),
            format!("und von {}", counted_as(more, "weiteren Zähler", "weiteren Zählern")),
        );
    }
    for title in others.iter().take(MOST_METERS) {
        found = found.with(
            format!("1 telegram of another meter, which no key opens: system title {title}"),
            format!(
                "1 Telegramm eines anderen Zählers, das kein Schlüssel öffnet: Systemtitel {title}"
            ),
        );
    }
    if examination.tally.verified {
        found = found.with("their tag is verified", "ihre Marke ist geprüft");
    }
    if damaged > 0 {
        found = found.with(
            format!("{damaged} of them or of their neighbours damaged: that is no trouble"),
            format!("{damaged} davon oder daneben beschädigt: das stört nicht"),
        );
    }
    // Of several the finding is another one.
    if keys.two_times > 0 {
        found = found.with(
            format!(
                "telegrams with two different times: {}; sinks do not get them",
                keys.two_times
            ),
            format!(
                "Telegramme mit zwei verschiedenen Zeiten: {}; Ziele erhalten sie nicht",
                keys.two_times
            ),
        );
    } else if keys.doubted > 0 {
        found = found.with(
            format!("telegrams with a doubtful time: {}; the last one is right", keys.doubted),
            format!("Telegramme mit zweifelhafter Zeit: {}; das letzte stimmt", keys.doubted),
        );
    }
    if line.harmless > 0 {
        found = found
            .with("the noise between them harms none", "das Rauschen dazwischen schadet keinem");
    }
    if keys.ciphered == 0 && keys.keys > 0 {
        found = found.with("they need no key", "sie brauchen keinen Schlüssel");
    }
    if keys.has_example && keys.ciphered > 0 {
        found = found.with(
            "the key is the published example key: no real meter has it",
            "der Schlüssel ist der veröffentlichte Beispielschlüssel: kein echter Zähler hat ihn",
        );
    }
    if !view.others.active.is_empty() {
        found.evidence.push(view.others.wording());
    }
    found
}

/// The finding about telegrams that nobody has encrypted.
fn plain() -> Finding {
    let cause = [
        "telegrams come, are whole, and are not encrypted",
        "Telegramme kommen an, sind vollständig und nicht verschlüsselt",
    ];
    Finding::new(Diagnosis::Ok).caused_by(cause)
}

/// The meters of a line that are named.
const MOST_METERS: usize = 10;

fn of_meter(number: Option<&str>, telegrams: u64) -> Wording {
    let meter = match number {
        Some(number) => Wording::new(format!("meter {number}"), format!("Zähler {number}")),
        None => Wording::new("a meter without a number", "einem Zähler ohne Nummer"),
    };
    Wording::new(
        format!("{} of {}", counted(telegrams, "telegram"), meter.english),
        format!("{} von {}", counted_as(telegrams, "Telegramm", "Telegramme"), meter.german),
    )
}

/// The finding about a line whose link layer is another one than the one that was chosen.
pub fn wrong_link(chosen: LinkChoice, other: LinkChoice) -> Finding {
    let [words, german] = [link::in_words(other), link::in_german(other)];
    let (chosen, other) = (chosen.name(), other.name());
    let cause = [
        format!(
            "--link {chosen} (in the configuration: link) is wrong: the octets are {words}, and read as {chosen} they are noise"
        ),
        format!(
            "--link {chosen} (in der Konfiguration: link) ist falsch: die Oktette sind {german}, und als {chosen} gelesen sind sie Rauschen"
        ),
    ];
    let step = [
        format!("leave --link (in the configuration: link) out, or name {other}"),
        format!("--link (in der Konfiguration: link) weglassen, oder {other} angeben"),
    ];
    Finding::new(Diagnosis::OtherProtocol)
        .advising(cause, step)
        .with(format!("the octets are {words}"), format!("die Oktette sind {german}"))
}
