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
        diagnosis::{Diagnosis, Wording},
        finding::{CustomAdvice, Finding},
        foreign::ForeignProtocol,
    },
    error::Cause,
};

/// The counts of whole telegrams, and the facts about the keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFacts {
    /// Telegrams that were read.
    pub opened: usize,
    /// Of these, telegrams with at least one value that has a name.
    pub named: usize,
    /// Telegrams that no key opened.
    pub closed: usize,
    /// The reason of the last of them.
    pub cause: Option<Cause>,
    /// Telegrams that a key opens and whose content cannot be read.
    pub unsound: usize,
    /// The system title of the last closed telegram.
    pub title: Option<SystemTitle>,
    /// The meters that the keys are named for.
    pub names: Vec<String>,
    /// How many keys there are.
    pub keys: usize,
    /// True if a key that is published as an example is among them.
    pub has_example: bool,
    /// True if the only key is the authentication key of the published examples.
    pub is_example_gak: bool,
    /// True if an authentication key is given beside the encryption key.
    pub has_gak: bool,
    /// True if the telegrams that stay closed carry a tag.
    pub tagged: bool,
    /// True if the number or title in the file is wrong, and one of its keys opens telegrams all the same.
    pub other_name_opens: bool,
    /// The doubt about the meter's clock, in both languages.
    pub clock: Option<Wording>,
}

/// The cause, if the telegrams are not read; `None` if they are.
#[must_use]
pub fn key_finding(facts: &KeyFacts) -> Option<Finding> {
    let KeyFacts { opened, closed, unsound, .. } = *facts;
    let many = closed > 1 && closed * TOLERATED >= opened + closed;
    if closed > 0 && (opened == 0 || many) {
        return Some(with_title(closed_finding(facts), facts));
    }
    if opened == 0 && unsound > 0 || opened > 0 && facts.named == 0 {
        let found = Finding::new(Diagnosis::UnknownLayout);
        return Some(match opened {
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
    let clock = facts.clock.clone()?;
    Some(Finding { evidence: vec![clock], ..Finding::new(Diagnosis::Clock) })
}

/// One closed telegram in so many is no trouble.
const TOLERATED: usize = 10;

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
            format!("vollständige Telegramme, die{} zu bleiben: {closed}; {german}", keys.german),
        )
    };
    let names = || {
        let names = facts.names.join(", ");
        let found = whole(Diagnosis::OtherMeter);
        found.with(format!("the file names {names}"), format!("die Datei nennt {names}"))
    };
    match facts.cause {
        Some(Cause::Unsupported { what }) => Finding {
            protocol: Some(ForeignProtocol::Dlms(what)),
            ..Finding::new(Diagnosis::OtherProtocol)
        }
        .with(
            format!("they are {what}, which is not read"),
            format!("es ist {what}, was nicht gelesen wird"),
        ),
        Some(Cause::NoTitle) => Finding {
            hint: Some("give it with --system-title"),
            ..Finding::new(Diagnosis::NoKey)
        }
        .with(
            "the telegrams carry no system title: give that of the meter with --system-title",
            "die Telegramme tragen keinen Systemtitel: den des Zählers mit --system-title angeben",
        ),
        Some(Cause::KeysSwapped) => whole(Diagnosis::AuthenticationKey),
        Some(Cause::TagOrAuthenticationKey) => Finding::new(Diagnosis::Tag).with(
            format!("telegrams that open and whose tag does not fit: {closed}"),
            format!("Telegramme, die sich öffnen lassen und deren Marke nicht passt: {closed}"),
        ),
        Some(Cause::OtherMeter) => names(),
        _ if facts.other_name_opens => names(),
        Some(Cause::NoKey) if keys == 0 => Finding::new(Diagnosis::NoKey).with(
            format!("whole, encrypted telegrams: {closed}"),
            format!("vollständige, verschlüsselte Telegramme: {closed}"),
        ),
        Some(Cause::NoKey) => names(),
        _ if facts.is_example_gak => lone_authentication_key().with(
            "the key is the authentication key of the published examples",
            "der Schlüssel ist der Authentifizierungsschlüssel der veröffentlichten Beispiele",
        ),
        _ if facts.has_example => whole(Diagnosis::ExampleKey),
        _ if facts.tagged && !facts.has_gak => whole(Diagnosis::WrongKey).with(
            "they carry a tag: this meter has two keys, and the one given may be its authentication key (GAK)",
            "sie tragen eine Marke: dieser Zähler hat zwei Schlüssel, und der angegebene kann sein Authentifizierungsschlüssel (GAK) sein",
        ),
        _ => whole(Diagnosis::WrongKey),
    }
}

/// The finding that the only key is an authentication key.
#[must_use]
pub fn lone_authentication_key() -> Finding {
    let advice = CustomAdvice {
        cause: Wording::new(
            "the only key is an authentication key (GAK); it checks tags, and opens nothing",
            "der einzige Schlüssel ist ein Authentifizierungsschlüssel (GAK); er prüft Marken und öffnet nichts",
        ),
        step: Wording::new(
            "write the encryption key (GUEK) of the meter into the file, in front of the authentication key (GAK)",
            "den Schlüssel (GUEK) des Zählers in die Datei schreiben, vor den Authentifizierungsschlüssel (GAK)",
        ),
    };
    Finding { advice: Some(advice), ..Finding::new(Diagnosis::AuthenticationKey) }
}

/// Adds the system title, which names the meter.
fn with_title(found: Finding, facts: &KeyFacts) -> Finding {
    let Some(title) = facts.title else {
        return found;
    };
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
        let tag = KeyFacts { cause: Some(Cause::TagOrAuthenticationKey), ..closed.clone() };
        assert_eq!(diagnosis(tag), Some(Diagnosis::Tag));
        let foreign = Cause::Unsupported { what: "general-ciphering" };
        let found = key_finding(&KeyFacts { cause: Some(foreign), ..closed }).unwrap();
        assert_eq!(found.protocol.map(|it| it.name()), Some("general-ciphering"));
        let nameless = KeyFacts { opened: 2, ..KeyFacts::default() };
        assert_eq!(diagnosis(nameless), Some(Diagnosis::UnknownLayout));
    }
}
