//! The cause of times that are not believed.

use crate::diagnosis::{
    diagnosis::Diagnosis,
    finding::Finding,
    key_facts::{KeyFacts, TOLERATED},
};

/// The cause, if the clock of a meter is or was wrong.
pub(super) fn clock_finding(facts: &KeyFacts) -> Option<Finding> {
    if facts.two_times > 1 && facts.two_times * TOLERATED >= facts.opened + facts.two_times {
        return Some(two_times(facts.two_times, facts.opened));
    }
    // A telegram alone may be damaged in its time.
    let clock = facts.clock.clone().filter(|_| !facts.clock_is_right || facts.doubted > 1)?;
    let KeyFacts { opened, doubted, .. } = *facts;
    let [is_right, stimmt] = match facts.clock_is_right {
        true => ["; the last one is right", "; das letzte stimmt"],
        false => ["", ""],
    };
    let found = match (facts.clock_year, facts.clock_is_right) {
        (year, true) => clock_of_once(year),
        (Some(year), false) => reset_clock(year),
        (None, false) => Finding::new(Diagnosis::Clock),
    };
    let found = Finding { evidence: vec![clock], ..found };
    Some(found.with(
        format!("{doubted} of {opened} telegrams{is_right}"),
        format!("{doubted} von {opened} Telegrammen{stimmt}"),
    ))
}

/// The finding that a clock lost the time and began anew.
fn reset_clock(year: i16) -> Finding {
    let cause = [
        format!(
            "the meter's clock began anew in {year}, as after a power failure, and was not set since"
        ),
        format!(
            "die Uhr des Zählers hat im Jahr {year} neu begonnen, wie nach einem Stromausfall, und wurde seither nicht gestellt"
        ),
    ];
    let step = [
        "ask the operator to set the meter's clock; until then history sinks use the time of arrival, and all readings are right",
        "den Netzbetreiber die Uhr des Zählers stellen lassen; bis dahin verwenden Verlaufsdaten die Ankunftszeit, und alle Werte stimmen",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step)
}

/// The finding that a clock was wrong, and is right again.
fn clock_of_once(year: Option<i16>) -> Finding {
    let cause = match year {
        Some(year) => [
            format!(
                "the meter's clock began anew in {year} for a while, as after a power failure, and was set since"
            ),
            format!(
                "die Uhr des Zählers hat zeitweise im Jahr {year} neu begonnen, wie nach einem Stromausfall, und wurde seither gestellt"
            ),
        ],
        None => [
            "some telegrams have a wrong time; the meter's clock, or this machine's, was wrong for a while".to_owned(),
            "manche Telegramme haben eine falsche Zeit; die Uhr des Zählers oder die dieses Rechners ging zeitweise falsch".to_owned(),
        ],
    };
    let step = [
        "nothing has to be done now: history sinks use the time of arrival for these telegrams, and all readings are right; if it happens again, report it to the operator",
        "jetzt ist nichts zu tun: Verlaufsdaten verwenden für diese Telegramme die Ankunftszeit, und alle Werte stimmen; kommt es wieder vor, dem Netzbetreiber melden",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step)
}

/// The finding that telegrams have two times.
fn two_times(telegrams: usize, opened: usize) -> Finding {
    let cause = [
        "telegrams have two times that contradict each other: octets of one are damaged, or the meter's clock is wrong",
        "Telegramme haben zwei Zeiten, die einander widersprechen: Oktette der einen sind beschädigt, oder die Uhr des Zählers geht falsch",
    ];
    let step = [
        "check cable and contacts; sinks do not get these telegrams; if all have it, report the meter's model to the operator",
        "Kabel und Kontakte prüfen; Ziele erhalten diese Telegramme nicht; haben es alle, das Modell des Zählers dem Netzbetreiber melden",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step).with(
        format!("telegrams with two different times: {telegrams} of {opened}"),
        format!("Telegramme mit zwei verschiedenen Zeiten: {telegrams} von {opened}"),
    )
}
