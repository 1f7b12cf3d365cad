//! The cause of telegrams that are whole and stay closed, or that say little.
//!
//! An authentication key (GAK) that is given alone cannot be told from any other wrong key by the telegrams. The tag
//! is a GHASH under a hash key, masked with a block of the key stream, and both are made with the encryption key
//! (NIST SP 800-38D, 7.1): without that one, no tag can be computed. A label in the file tells it, and so does the
//! published example; else a tag in the telegrams is only a reason to ask which of two keys was copied.

use crate::{
    cipher::ciphered::SystemTitle,
    counted::{counted, counted_as, verb},
    diagnosis::{
        clock_finding::clock_finding,
        diagnosis::{AdviceLanguage, Diagnosis, Wording},
        finding::Finding,
        foreign::ForeignProtocol,
        key_facts::{KeyFacts, TOLERATED},
    },
    error::Cause,
};

/// The cause, if the telegrams are not read; `None` if they are.
#[must_use]
pub fn key_finding(facts: &KeyFacts) -> Option<Finding> {
    let KeyFacts { opened, unsound, .. } = *facts;
    let damaged = facts.damaged();
    let closed = match opened {
        0 if facts.fitted > 0 => facts.closed_of_others(),
        _ => facts.closed.saturating_sub(facts.closed_by_damage()),
    };
    let many =
        |count: usize| facts.is_mostly_damaged || count > 1 && count * TOLERATED >= opened + count;
    let lacking = facts.lacking();
    // Damage may hit a system title, too: then the key that fits all others fits this meter not.
    let fits = opened + facts.fitted > 0;
    // Where octets inside telegrams are wrong, some are those of a title.
    let tolerated = if facts.fitted > 0 { opened + facts.fitted } else { opened / (TOLERATED - 1) };
    let are_many = closed > 1 && closed > tolerated;
    if closed > 0 && (!fits || are_many || !lacking.is_empty()) {
        let found = match facts.is_exchanged() {
            _ if !fits && facts.has_damaged_headers() => return Some(closed_by_noise(closed)),
            _ if !fits && facts.has_damaged_titles() => {
                return Some(damaged_headers().with(
                    format!("telegrams that stay closed, with different system titles: {closed}"),
                    format!("Telegramme, die geschlossen bleiben, mit verschiedenen Systemtiteln: {closed}"),
                ));
            }
            true => exchanged(closed, opened),
            false if opened > 0 && !lacking.is_empty() => {
                return Some(without_key(closed, opened, &lacking));
            }
            false => closed_finding(&KeyFacts { closed, ..facts.clone() }),
        };
        let is_of_key = matches!(found.diagnosis, Diagnosis::WrongKey | Diagnosis::ExampleKey);
        let found = match () {
            () if facts.opens_with_example => with_example_key(found),
            () if facts.is_bare && closed == 1 && opened == 0 && is_of_key => found.with(
                "it is the only telegram, and no frame vouches for its octets: another one tells if they are right",
                "es ist das einzige Telegramm, und kein Rahmen steht für seine Oktette ein: ein anderes zeigt, ob sie stimmen",
            ),
            () => found,
        };
        return Some(with_title(found, facts));
    }
    if opened == 0 && unsound > damaged || opened > 0 && facts.named == 0 {
        let found = unknown_layout(facts);
        return Some(match opened {
            0 if unsound == facts.unreadable && facts.keys == 0 => found.with(
                format!("whole telegrams whose list cannot be read: {unsound}"),
                format!("vollständige Telegramme, deren Liste nicht lesbar ist: {unsound}"),
            ),
            0 => found.with(
                format!("telegrams that open and whose list cannot be read: {unsound}"),
                format!(
                    "Telegramme, die sich öffnen lassen und deren Liste nicht lesbar ist: {unsound}"
                ),
            ),
            _ => found.with(
                format!(
                    "{} {} read, and no value in {} has a name",
                    counted(opened, "telegram"),
                    verb(opened, "is", "are"),
                    verb(opened, "it", "them")
                ),
                format!(
                    "{} {} gelesen, doch kein Wert darin hat einen Namen",
                    counted_as(opened, "Telegramm", "Telegramme"),
                    verb(opened, "wird", "werden")
                ),
            ),
        });
    }
    if damaged > 0 && (opened == 0 || many(damaged)) {
        return Some(damaged_inside(damaged, facts));
    }
    clock_finding(facts)
}

/// The finding that telegrams say nothing that has a name, with the cause that the facts show.
fn unknown_layout(facts: &KeyFacts) -> Finding {
    let found = Finding::new(Diagnosis::UnknownLayout);
    match facts {
        KeyFacts { opened: 0, .. } => found.advising(
            [
                "telegrams arrive whole, and their list has a form that meterpipe does not read",
                "Telegramme kommen vollständig an, doch ihre Liste hat eine Form, die meterpipe nicht liest",
            ],
            [
                "see where it breaks off with meterpipe explain, and report the meter's model and operator",
                "mit meterpipe explain sehen, wo sie abbricht, und Modell und Netzbetreiber melden",
            ],
        ),
        KeyFacts { coded: 1.., .. } => found.advising(
            [
                "telegrams are read; none of the OBIS codes in their list has a name here",
                "Telegramme werden gelesen; keiner der OBIS-Codes ihrer Liste hat hier einen Namen",
            ],
            [
                "take the values under their codes, as decode shows them, or name them in a table of your own (--layout FILE)",
                "die Werte unter ihren Codes nehmen, wie decode sie zeigt, oder in einer eigenen Tabelle benennen (--layout DATEI)",
            ],
        ),
        _ => found,
    }
}

/// The finding that several meters send, and keys for some of them are missing.
fn without_key(closed: usize, opened: usize, lacking: &[SystemTitle]) -> Finding {
    let cause = [
        "several meters send on this line, and no key opens the telegrams of the one below: its key is missing or wrong",
        "auf dieser Leitung senden mehrere Zähler, und die Telegramme des unten genannten öffnet kein Schlüssel: seiner fehlt oder ist falsch",
    ];
    let step = [
        "write a line for each meter into the key file: its system title, a space, its key; a meter of the neighbours needs none",
        "in die Schlüsseldatei für jeden Zähler eine Zeile schreiben: Systemtitel, Leerzeichen, Schlüssel; ein Zähler der Nachbarn braucht keine",
    ];
    let found = Finding::new(Diagnosis::OtherMeter).advising(cause, step).with(
        format!("whole telegrams that stay closed: {closed}; {opened} of other meters open"),
        format!("vollständige Telegramme, die geschlossen bleiben: {closed}; {opened} anderer Zähler lassen sich öffnen"),
    );
    lacking.iter().fold(found, |found, title| {
        let title = hex::encode(title);
        found.with(
            format!("no key opens the meter with system title {title}"),
            format!("kein Schlüssel öffnet den Zähler mit dem Systemtitel {title}"),
        )
    })
}

/// The finding that telegrams pass the checks of their frames and are damaged all the same.
fn damaged_inside(damaged: usize, facts: &KeyFacts) -> Finding {
    let opened = facts.opened;
    let cause = [
        "the key fits, and octets inside some telegrams are wrong: something between meter and meterpipe alters them",
        "der Schlüssel passt, doch im Inneren von Telegrammen sind Oktette falsch: etwas zwischen Zähler und meterpipe verändert sie",
    ];
    let step = [
        "read the adapter directly instead of through another program, shorten the cable, and check plug and contacts; the key can stay",
        "den Adapter direkt statt über ein anderes Programm lesen, das Kabel kürzen, Stecker und Kontakte prüfen; der Schlüssel kann bleiben",
    ];
    let found = match facts.is_plain {
        true => damaged_plain(),
        false => Finding::new(Diagnosis::Checksum).advising(cause, step),
    };
    let found = found.with(
        format!("telegrams that are damaged inside: {damaged}; {opened} open"),
        format!("Telegramme, die innen beschädigt sind: {damaged}; {opened} lassen sich öffnen"),
    );
    match facts.unsound_at.first() {
        None => found,
        Some(at) => found.with(
            format!("the first damage is at octet {at} of the plaintext"),
            format!("der erste Schaden ist bei Oktett {at} des Klartexts"),
        ),
    }
}

/// The same of telegrams that are not encrypted.
fn damaged_plain() -> Finding {
    let cause = [
        "octets inside some telegrams are wrong, missing or too many; these are not encrypted, and no checksum vouches for them",
        "im Inneren von Telegrammen sind Oktette falsch, fehlen oder sind zu viel; sie sind nicht verschlüsselt, und keine Prüfsumme steht für sie ein",
    ];
    let step = [
        "take another telegram, or compare this one with the original; meterpipe explain shows where it breaks off",
        "ein anderes Telegramm nehmen oder dieses mit dem Original vergleichen; meterpipe explain zeigt, wo es abbricht",
    ];
    Finding::new(Diagnosis::Checksum).advising(cause, step)
}

/// The finding that the key of a meter changed.
fn exchanged(closed: usize, opened: usize) -> Finding {
    let cause = [
        "the key opens only a part of this meter's telegrams, before or after one moment: the operator exchanged the key",
        "der Schlüssel öffnet nur einen Teil der Telegramme dieses Zählers, vor oder nach einem Zeitpunkt: der Netzbetreiber hat den Schlüssel getauscht",
    ];
    let step = [
        "copy the present key (GUEK) from the operator's portal into a further line of the key file, and keep the old one for old captures",
        "den jetzigen Schlüssel (GUEK) aus dem Portal des Netzbetreibers in eine weitere Zeile der Schlüsseldatei schreiben und den alten für alte Mitschnitte behalten",
    ];
    Finding::new(Diagnosis::WrongKey).advising(cause, step).with(
        format!("telegrams that stay closed: {closed}, all before or all after {opened} that open"),
        format!("Telegramme, die geschlossen bleiben: {closed}, alle vor oder alle nach {opened} anderen, die sich öffnen lassen"),
    )
}

fn closed_finding(facts: &KeyFacts) -> Finding {
    let KeyFacts { closed, keys, opened, .. } = *facts;
    let whole = |diagnosis| {
        let keys = match keys {
            0 => Wording::new("", ""),
            1 => Wording::new(" with the key", " mit dem Schlüssel"),
            keys => Wording::new(format!(" with {keys} keys"), format!(" mit {keys} Schlüsseln")),
        };
        let (english, german) = match opened {
            0 => ("none opens", "keines lässt sich öffnen"),
            _ => ("others open", "andere lassen sich öffnen"),
        };
        Finding::new(diagnosis).with(
            format!("whole telegrams that stay closed{}: {closed}; {english}", keys.english),
            format!(
                "vollständige Telegramme, die{} geschlossen bleiben: {closed}; {german}",
                keys.german
            ),
        )
    };
    let names = || with_names(whole(Diagnosis::OtherMeter), facts);
    match facts.cause {
        // Of one meter all telegrams are ciphered alike.
        Some(Cause::Unsupported { .. }) if facts.causes > 1 => damaged_headers().with(
            format!("telegrams that stay closed for different reasons: {closed}"),
            format!("Telegramme, die aus verschiedenen Gründen geschlossen bleiben: {closed}"),
        ),
        Some(Cause::Unsupported { what }) => Finding {
            protocol: Some(ForeignProtocol::Dlms(what)),
            ..Finding::new(Diagnosis::OtherProtocol)
        }
        .with(
            format!("they are {what}, which is not read"),
            format!(
                "es ist {}, was nicht gelesen wird",
                ForeignProtocol::Dlms(what).title(AdviceLanguage::German)
            ),
        ),
        Some(Cause::NoTitle) if keys == 0 => Finding::new(Diagnosis::NoKey).with(
            "the telegrams carry no system title either: give that of the meter with --system-title",
            "die Telegramme tragen auch keinen Systemtitel: den des Zählers mit --system-title angeben",
        ),
        Some(Cause::NoTitle) => Finding::new(Diagnosis::NoTitle).with(
            format!("whole, encrypted telegrams without a system title: {closed}"),
            format!("vollständige, verschlüsselte Telegramme ohne Systemtitel: {closed}"),
        ),
        Some(Cause::KeysSwapped) => whole(Diagnosis::AuthenticationKey),
        Some(Cause::TagOrAuthenticationKey) => Finding::new(Diagnosis::Tag).with(
            format!("telegrams that open and whose tag does not fit: {closed}"),
            format!("Telegramme, die sich öffnen lassen und deren Marke nicht passt: {closed}"),
        ),
        Some(Cause::NotAuthenticated) => not_authenticated(closed),
        _ if facts.other_name.is_some() => under_other_name(facts, whole(Diagnosis::OtherMeter)),
        Some(Cause::OtherMeter) => names(),
        Some(Cause::NoKey) if keys == 0 && facts.opens_with_example => published_example(),
        Some(Cause::NoKey) if keys == 0 => Finding::new(Diagnosis::NoKey).with(
            format!("whole, encrypted telegrams: {closed}"),
            format!("vollständige, verschlüsselte Telegramme: {closed}"),
        ),
        Some(Cause::NoKey) => names(),
        Some(Cause::KeyOrDamage) if facts.title_was_given => whole(Diagnosis::WrongKey).with(
            "the telegrams carry no system title; the one that was given may be that of another meter",
            "die Telegramme tragen keinen Systemtitel; der angegebene kann der eines anderen Zählers sein",
        ),
        _ if facts.is_example_gak => lone_authentication_key().with(
            "the key is the authentication key of the published examples",
            "der Schlüssel ist der Authentifizierungsschlüssel der veröffentlichten Beispiele",
        ),
        _ if facts.has_example && opened == 0 => whole(Diagnosis::ExampleKey),
        _ if facts.has_only_others() => of_others(facts, whole(Diagnosis::OtherMeter)),
        _ if facts.tagged && !facts.has_gak => {
            let mut found = one_of_two_keys();
            found.evidence.extend(whole(Diagnosis::WrongKey).evidence);
            found
        }
        _ if facts.names.is_empty() => whole(Diagnosis::WrongKey),
        _ => with_names(whole(Diagnosis::WrongKey), facts),
    }
}

/// The finding that damage made telegrams of one meter differ.
fn damaged_headers() -> Finding {
    let cause = [
        "octets of the telegrams are wrong or missing: their headers differ in what a meter never changes",
        "Oktette der Telegramme sind falsch oder fehlen: ihre Köpfe unterscheiden sich in dem, was ein Zähler nie ändert",
    ];
    Finding::new(Diagnosis::Checksum).caused_by(cause)
}

/// The same finding about telegrams of nobody: anonymised or simulated ones.
fn with_example_key(found: Finding) -> Finding {
    let found = found.with(
        "the published example key opens them: they are anonymised or simulated",
        "der veröffentlichte Beispielschlüssel öffnet sie: sie sind anonymisiert oder simuliert",
    );
    if !matches!(found.diagnosis, Diagnosis::WrongKey | Diagnosis::OtherMeter) {
        return found;
    }
    let languages = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = languages.map(|language| found.cause(language).to_owned());
    let [step, schritt] = languages.map(|language| found.step(language).to_owned());
    let steps = [
        format!(
            "for such a capture, save the published example key in a file such as example, and name the file with --key-file: meterpipe anonymise --help has its digits; for your own meter, {step}"
        ),
        format!(
            "für eine solche Aufzeichnung den veröffentlichten Beispielschlüssel in einer Datei speichern, etwa example, und diese mit --key-file angeben: meterpipe anonymise --help zeigt seine Ziffern; für den eigenen Zähler: {schritt}"
        ),
    ];
    found.advising(cause, steps)
}

/// The finding that telegrams stay closed on a line that brings octets of none, and that nothing vouches for them.
fn closed_by_noise(closed: usize) -> Finding {
    let cause = [
        "many octets belong to no telegram, and those that stay closed may be damaged too: nothing shows that the key is wrong",
        "viele Oktette gehören zu keinem Telegramm, und auch die geschlossenen können beschädigt sein: nichts zeigt, dass der Schlüssel falsch ist",
    ];
    Finding::new(Diagnosis::Checksum).caused_by(cause).with(
        format!("telegrams that stay closed, and whose headers do not follow each other: {closed}"),
        format!(
            "Telegramme, die geschlossen bleiben und deren Köpfe nicht aufeinander folgen: {closed}"
        ),
    )
}

/// The finding that telegrams are refused because nobody verifies their tag.
fn not_authenticated(closed: usize) -> Finding {
    let cause = [
        "--require-auth refuses telegrams whose tag is not verified: they carry none, or the authentication key (GAK) is missing",
        "--require-auth weist Telegramme ab, deren Marke nicht geprüft ist: sie tragen keine, oder der Authentifizierungsschlüssel (GAK) fehlt",
    ];
    let step = [
        "leave --require-auth out, or write the authentication key (GAK) of the meter behind its key (GUEK) in the file",
        "--require-auth weglassen oder den Authentifizierungsschlüssel (GAK) des Zählers in der Datei hinter seinen Schlüssel (GUEK) schreiben",
    ];
    Finding::new(Diagnosis::Tag).advising(cause, step).hinting(step[0]).with(
        format!("telegrams that are not authenticated: {closed}"),
        format!("Telegramme, die nicht authentifiziert sind: {closed}"),
    )
}

/// Adds the meters that the file names.
fn with_names(found: Finding, facts: &KeyFacts) -> Finding {
    let names = facts.names.join(", ");
    let found = found.with(format!("the file names {names}"), format!("die Datei nennt {names}"));
    match (facts.tried_nameless, facts.names.len()) {
        (false, _) => found,
        (true, 1) => found.with(
            "its key was tried without its name too, and opens nothing",
            "sein Schlüssel wurde auch ohne den Namen versucht und öffnet nichts",
        ),
        (true, _) => found.with(
            "their keys were tried without their names too, and open nothing",
            "ihre Schlüssel wurden auch ohne die Namen versucht und öffnen nichts",
        ),
    }
}

/// The finding that no key of the file is for this meter, as far as their numbers tell.
fn of_others(facts: &KeyFacts, found: Finding) -> Finding {
    let names = facts.names.join(", ");
    let cause = [
        "no key of the file opens the telegrams of this meter: each one stands behind a number or a title, which is that of another meter as it seems",
        "kein Schlüssel der Datei öffnet die Telegramme dieses Zählers: jeder steht hinter einer Nummer oder einem Systemtitel, wohl eines anderen Zählers",
    ];
    let step = [
        format!(
            "compare {names} with the number on this meter: if it is another one, write the key of this meter into a \
             line of its own; if it is the same, copy its key (GUEK) from the operator's portal again"
        ),
        format!(
            "{names} mit der Nummer an diesem Zähler vergleichen: ist sie eine andere, den Schlüssel dieses Zählers in \
             eine eigene Zeile schreiben; ist sie dieselbe, ihren Schlüssel (GUEK) noch einmal aus dem Portal des \
             Netzbetreibers kopieren"
        ),
    ];
    with_names(found, facts).advising(cause, step)
}

/// The finding that a key stands under the name of another meter.
fn under_other_name(facts: &KeyFacts, found: Finding) -> Finding {
    let name = facts.other_name.as_deref().unwrap_or_default();
    let cause = [
        "the key fits this meter; the number or title in front of it in the file is that of another one",
        "der Schlüssel passt zu diesem Zähler; die Nummer oder der Systemtitel davor in der Datei gehört zu einem anderen",
    ];
    let step = [
        format!("write the system title above in front of the key instead of {name}, or nothing"),
        format!("statt {name} den Systemtitel oben vor den Schlüssel schreiben, oder nichts"),
    ];
    found.advising(cause, step).with(
        format!("the key of {name} opens them"),
        format!("der Schlüssel von {name} öffnet sie"),
    )
}

/// The finding that the key of the published examples opens the telegrams.
#[must_use]
pub fn published_example() -> Finding {
    let cause = [
        "the telegrams are those of nobody: an anonymised capture, a virtual meter, or an operator's example",
        "die Telegramme gehören niemandem: eine anonymisierte Aufzeichnung, ein virtueller Zähler oder das Beispiel eines Netzbetreibers",
    ];
    let step = [
        "save the published example key in a file such as guek, and name the file with --key-file: meterpipe anonymise --help has its digits",
        "den veröffentlichten Beispielschlüssel in einer Datei speichern, etwa guek, und diese mit --key-file angeben: meterpipe anonymise --help zeigt seine Ziffern",
    ];
    Finding::new(Diagnosis::NoKey).advising(cause, step).hinting(
        "the published example key opens them, as it does anonymised captures: meterpipe anonymise --help has its digits",
    )
}

/// The finding that the only key is an authentication key.
#[must_use]
pub fn lone_authentication_key() -> Finding {
    let cause = [
        "the only key is an authentication key (GAK); it checks tags, and opens nothing",
        "der einzige Schlüssel ist ein Authentifizierungsschlüssel (GAK); er prüft Marken und öffnet nichts",
    ];
    let step = [
        "write the encryption key (GUEK) of the meter into the file, in front of the authentication key (GAK)",
        "den Schlüssel (GUEK) des Zählers in die Datei schreiben, vor den Authentifizierungsschlüssel (GAK)",
    ];
    Finding::new(Diagnosis::AuthenticationKey).advising(cause, step).hinting(
        "the only key is the authentication key (GAK), which opens nothing: give the encryption key (GUEK)",
    )
}

/// The finding that a meter with two keys is not opened by the one that is given.
fn one_of_two_keys() -> Finding {
    let cause = [
        "telegrams arrive whole, and the key does not open them: it may be the authentication key (GAK) in the place of the encryption key (GUEK), or it is mistyped, outdated, or of another meter",
        "Telegramme kommen vollständig an, doch der Schlüssel öffnet sie nicht: er kann der Authentifizierungsschlüssel (GAK) anstelle des Schlüssels (GUEK) sein, oder er ist vertippt, veraltet oder gehört zu einem anderen Zähler",
    ];
    Finding::new(Diagnosis::WrongKey)
        .caused_by(cause)
        .hinting(
            "it may be the authentication key (GAK), as the telegrams carry a tag; compare the encryption key (GUEK) with the operator's portal, and the meter number there with the one on the meter",
        )
        .with(
            "the telegrams carry a tag: this meter has two keys, and the one given may be its authentication key (GAK)",
            "die Telegramme tragen eine Marke: dieser Zähler hat zwei Schlüssel, und der angegebene kann sein Authentifizierungsschlüssel (GAK) sein",
        )
}

/// Adds the system title, which names the meter.
fn with_title(found: Finding, facts: &KeyFacts) -> Finding {
    let Some(title) = facts.title else {
        return found;
    };
    let lacking = facts.lacking();
    if lacking.len() > 1 {
        let titles: Vec<_> = lacking.iter().map(hex::encode).collect();
        let titles = titles.join(", ");
        return found.with(
            format!("the meters have the system titles {titles}"),
            format!("die Zähler haben die Systemtitel {titles}"),
        );
    }
    let title = hex::encode(title);
    found.with(
        format!("the meter has the system title {title}"),
        format!("der Zähler hat den Systemtitel {title}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_closed_telegrams_depends_on_the_keys() {
        let closed =
            KeyFacts { closed: 3, keys: 1, cause: Some(Cause::KeyOrDamage), ..KeyFacts::default() };
        let diagnosis = |facts: KeyFacts| key_finding(&facts).map(|found| found.diagnosis);
        assert_eq!(diagnosis(KeyFacts { opened: 1, named: 1, ..KeyFacts::default() }), None);
        assert_eq!(diagnosis(closed.clone()), Some(Diagnosis::WrongKey));
        let none = KeyFacts { keys: 0, cause: Some(Cause::NoKey), ..closed.clone() };
        assert_eq!(diagnosis(none), Some(Diagnosis::NoKey));
        let named = KeyFacts { cause: Some(Cause::NoKey), ..closed.clone() };
        assert_eq!(diagnosis(named), Some(Diagnosis::OtherMeter));
        let names = vec!["181220000008".to_owned()];
        let numbered = KeyFacts { names, title: Some([1; 8]), ..closed.clone() };
        assert_eq!(diagnosis(numbered.clone()), Some(Diagnosis::OtherMeter));
        let found = key_finding(&numbered).unwrap();
        assert!(found.evidence.iter().any(|it| it.english.contains("0101010101010101")));
        let own = KeyFacts { names: vec!["01".repeat(8)], ..numbered.clone() };
        assert_eq!(diagnosis(own), Some(Diagnosis::WrongKey));
        assert_eq!(diagnosis(KeyFacts { keys: 2, ..numbered }), Some(Diagnosis::WrongKey));
        let example = KeyFacts { has_example: true, ..closed.clone() };
        assert_eq!(diagnosis(example), Some(Diagnosis::ExampleKey));
        let gak = KeyFacts { is_example_gak: true, ..closed.clone() };
        assert_eq!(diagnosis(gak), Some(Diagnosis::AuthenticationKey));
        let evidence = |has_gak| {
            let facts = KeyFacts { tagged: true, has_gak, ..closed.clone() };
            key_finding(&facts).unwrap().evidence
        };
        assert!(evidence(false).iter().any(|it| it.english.contains("may be its authentication")));
        assert!(!evidence(true).iter().any(|it| it.english.contains("may be its authentication")));
        let swapped = KeyFacts { cause: Some(Cause::KeysSwapped), ..closed.clone() };
        assert_eq!(diagnosis(swapped), Some(Diagnosis::AuthenticationKey));
        let titled = KeyFacts { title_was_given: true, has_example: true, ..closed.clone() };
        let found = key_finding(&titled).unwrap();
        assert_eq!(found.diagnosis, Diagnosis::WrongKey);
        assert!(found.evidence.iter().any(|it| it.english.contains("may be that of another")));
        let untitled = KeyFacts { cause: Some(Cause::NoTitle), ..closed.clone() };
        assert_eq!(diagnosis(untitled), Some(Diagnosis::NoTitle));
        let tag = KeyFacts { cause: Some(Cause::TagOrAuthenticationKey), ..closed.clone() };
        assert_eq!(diagnosis(tag), Some(Diagnosis::Tag));
        let foreign = Cause::Unsupported { what: "general-ciphering" };
        let found = key_finding(&KeyFacts { cause: Some(foreign), ..closed }).unwrap();
        assert_eq!(found.protocol.map(|it| it.name()), Some("general-ciphering"));
        let nameless = KeyFacts { opened: 2, ..KeyFacts::default() };
        assert_eq!(diagnosis(nameless), Some(Diagnosis::UnknownLayout));
    }
}
