//! The words of a server that has the device of a meter, and refuses a client.

use crate::diagnosis::{diagnosis::Diagnosis, finding::Finding};

/// The finding that a server brings no octets, if its words say why.
#[must_use]
pub fn refusal(words: &str) -> Option<Finding> {
    let words = words.to_ascii_lowercase();
    let has = |part: &str| words.contains(part);
    let (diagnosis, hint, cause, step) = match () {
        () if has("in use") => (
            Diagnosis::Busy,
            "it has the device for another client: end that one, or let the server take several \
             (ser2net: max-connections)",
            [
                "the server has the device for another client; only one can read it",
                "der Server hat das Gerät für einen anderen Client; nur einer kann es lesen",
            ],
            [
                "end the other client, or let the server take several (ser2net: max-connections)",
                "den anderen Client beenden, oder den Server mehrere annehmen lassen (ser2net: max-connections)",
            ],
        ),
        () if has("no such file") || has("no such device") => (
            Diagnosis::NoDevice,
            "its adapter is missing: plug the adapter in where the server runs, and give its configuration the name \
             in /dev/serial/by-id",
            [
                "the server runs, and its adapter is missing: there is no device of the name that its configuration has",
                "der Server läuft, doch sein Adapter fehlt: ein Gerät des Namens in seiner Konfiguration gibt es nicht",
            ],
            [
                "plug the adapter in where the server runs, and give its configuration the name in /dev/serial/by-id, which does not change",
                "den Adapter dort einstecken, wo der Server läuft, und in dessen Konfiguration den Namen in /dev/serial/by-id angeben, der gleich bleibt",
            ],
        ),
        () if has("permission denied") => (
            Diagnosis::Permission,
            "it may not read its adapter: add the user of the server to group dialout where it runs",
            [
                "the server runs, and its user may not read the device of the adapter",
                "der Server läuft, doch sein Benutzer darf das Gerät des Adapters nicht lesen",
            ],
            [
                "add the user of the server to group dialout where it runs, and start the server again",
                "den Benutzer des Servers dort in die Gruppe dialout aufnehmen und den Server neu starten",
            ],
        ),
        () => return None,
    };
    Some(Finding::new(diagnosis).advising(cause, step).hinting(hint))
}

/// The words of a server in a clause, with the advice if they tell the cause.
#[must_use]
pub fn said(words: &str) -> String {
    let advice = refusal(words).map(|found| format!("; {}", found.hint()));
    format!("the server says: {words}{}", advice.unwrap_or_default())
}
