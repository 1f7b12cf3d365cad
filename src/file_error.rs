//! The errors of the system, in the same words wherever a message names them.

use std::io::{Error, ErrorKind};

/// The reason in words, without the number that the system gives it.
#[must_use]
pub fn plain(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // A word in capitals stays.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The reason why a file cannot be read.
#[must_use]
pub fn unreadable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => plain(error),
    }
}

/// The reason why a file cannot be read, in German.
#[must_use]
pub fn german(error: &Error) -> String {
    in_german(&unreadable(error))
}

/// A reason in German, if it is a usual one. Any other is quoted.
#[must_use]
pub fn in_german(reason: &str) -> String {
    let german = GERMAN.iter().find(|(english, _)| reason.contains(english));
    german.map_or_else(|| format!("Meldung des Systems: „{reason}“"), |it| it.1.to_owned())
}

/// Reasons of the system and of this program, and their German.
const GERMAN: [(&str, &str); 32] = [
    ("no such file or directory", "gibt es nicht"),
    ("no such file", "keine solche Datei"),
    ("no such device", "kein solches Gerät"),
    (FOLDER, "ein Ordner, keine Datei"),
    ("permission denied", "keine Berechtigung"),
    ("not a directory", "ein Teil des Pfades ist kein Ordner"),
    ("nothing listens there", "dort nimmt kein Programm Verbindungen an"),
    ("connection refused", "dort nimmt kein Programm Verbindungen an"),
    ("connection reset", "die Gegenstelle hat die Verbindung getrennt"),
    ("broken pipe", "die Gegenstelle hat die Verbindung getrennt"),
    ("closed at the other end", "die Gegenstelle hat die Verbindung getrennt"),
    ("closed the connection", "die Gegenstelle hat die Verbindung getrennt"),
    ("no route to host", "der Rechner ist nicht erreichbar"),
    ("network is unreachable", "das Netz ist nicht erreichbar"),
    ("lookup address", "den Namen kennt kein Namensdienst"),
    ("no server has that name", "den Namen kennt kein Namensdienst"),
    ("has no address", "den Namen kennt kein Namensdienst"),
    ("not known", "den Namen kennt kein Namensdienst"),
    ("no answer", "keine Antwort"),
    ("no octet for", "es kam nichts mehr an"),
    ("timed out", "keine Antwort"),
    ("end of file", "das Ende kam zu früh"),
    ("input/output error", "Fehler beim Lesen: ist der Adapter noch eingesteckt?"),
    ("refuses user", "der Server lehnt Benutzer oder Passwort ab"),
    ("refuses a client", "der Server verlangt Benutzer und Passwort"),
    ("not accept", "der Server lehnt die Anmeldung ab"),
    ("requires a login", "der Server verlangt eine Anmeldung"),
    ("does not know", "der Server kennt die Datenbank oder den Speicherort nicht"),
    ("certificate", "dem Zertifikat des Servers wird nicht vertraut"),
    ("no such folder", "kein solcher Ordner"),
    ("busy", "schon in Gebrauch"),
    ("in use", "schon in Gebrauch"),
];

/// The reason why a file cannot be created or written. Then no file is missing, but its folder may
/// be.
#[must_use]
pub fn unwritable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such folder".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => plain(error),
    }
}

const FOLDER: &str = "a folder, not a file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_reasons_have_a_german_text_and_others_are_quoted() {
        let german = |number| german(&Error::from_raw_os_error(number));
        assert_eq!(german(2), "keine solche Datei");
        assert_eq!(german(13), "keine Berechtigung");
        assert_eq!(german(21), "ein Ordner, keine Datei");
        assert_eq!(german(5), "Fehler beim Lesen: ist der Adapter noch eingesteckt?");
        assert_eq!(german(40), "Meldung des Systems: „too many levels of symbolic links“");
    }

    #[test]
    fn a_reason_has_no_number() {
        for (number, text) in [(28, "no space left on device"), (98, "address already in use")] {
            assert_eq!(plain(&Error::from_raw_os_error(number)), text);
        }
        assert_eq!(plain(&Error::other("TLS ends")), "TLS ends");
    }
}
