//! Findings before a single octet: the source cannot be read, the key cannot be had, a sink refuses.

use std::{
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use crate::cli::{
    commands::config::online::{GRACE, ask},
    run::{
        messages::{Messages, Verbosity},
        status::{Status, Stop},
    },
    setup::{
        config_file::Config,
        destinations,
        key_problem::{KeyFault, KeyProblem},
    },
};
use meterpipe::{
    diagnosis::{
        diagnosis::{Diagnosis, Wording},
        finding::Finding,
        key_finding::lone_authentication_key,
        server_words,
    },
    file_error,
    sink::{line_counters::LineCounters, registry::ConfiguredSink},
    source::{OpenError, event::MUTE, ports},
};

/// The finding that there is no source. `why` is the message of a run.
pub fn no_source(is_named: bool, why: &str) -> Finding {
    let default = if is_named { None } else { ports::default_port().err() };
    let found = Finding::new(Diagnosis::NoDevice);
    let Some(error) = default else {
        return found.with(why, file_error::in_german(why));
    };
    let cause = [
        "no source is named, and there is not exactly one adapter to choose",
        "keine Quelle ist angegeben, und es gibt nicht genau einen Adapter zur Auswahl",
    ];
    let step = [
        "plug the adapter in, or name its device: meterpipe doctor /dev/serial/by-id/...",
        "den Adapter einstecken oder sein Gerät angeben: meterpipe doctor /dev/serial/by-id/...",
    ];
    Finding { evidence: vec![error.wording()], ..found.advising(cause, step) }
}

/// The finding about a source whose name is none.
pub fn misnamed(name: &str, why: &str) -> Finding {
    let german = format!(
        "{name}: so heißt kein Gerät, kein Server (tcp://RECHNER:PORT) und kein virtueller Zähler (sim:NAME)"
    );
    unreachable_source(Wording::new(why, german))
}

/// The finding about a source that stands in two lines of the configuration.
pub fn configured_twice(name: &str, [first, second]: [usize; 2]) -> Finding {
    let cause = [
        "two meters of the configuration have this source, and only one of them can read it",
        "zwei Zähler der Konfiguration haben diese Quelle, und nur einer davon kann sie lesen",
    ];
    let step = [
        "keep one [[meter]] for the source, and write the keys of all its meters into one key file, a line for each",
        "für die Quelle nur ein [[meter]] behalten und die Schlüssel aller ihrer Zähler in eine Schlüsseldatei schreiben, je eine Zeile",
    ];
    let [english, german] = match first.min(second) {
        0 => ["twice".to_owned(), "zweimal".to_owned()],
        _ => [
            format!("in lines {first} and {second}"),
            format!("in den Zeilen {first} und {second}"),
        ],
    };
    Finding::new(Diagnosis::Busy).advising(cause, step).with(
        format!("the configuration has this source {english}: {name}"),
        format!("die Konfiguration hat diese Quelle {german}: {name}"),
    )
}

/// The finding about a device that cannot be opened, or was lost.
pub fn unopened(error: &OpenError) -> Finding {
    Finding { evidence: vec![error.wording()], ..Finding::new(error.diagnosis()) }
}

/// The same about a source that may be a peer of the network.
pub fn unreached(error: &OpenError) -> Finding {
    match error {
        OpenError::Lost { .. } | OpenError::Other { .. } => unreachable_source(error.wording()),
        error => unopened(error),
    }
}

/// The same about a server that ended the connection, perhaps with some words.
pub fn ended(error: &OpenError, words: Option<&str>) -> Finding {
    let mut found = unreached(error);
    let Some(words) = words else {
        let mut is_mute = false;
        // The cause says the rest.
        for Wording { english, .. } in &mut found.evidence {
            if let Some(at) = english.find(MUTE) {
                english.truncate(at);
                is_mute = true;
            }
        }
        return match is_mute {
            true => Finding { evidence: found.evidence, ..closed_at_once() },
            false => found,
        };
    };
    // The message of a run ends with the words, in English alone.
    for Wording { english, .. } in &mut found.evidence {
        english.truncate(english.find("; the server says: ").unwrap_or(english.len()));
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = [format!("the server says: {words}"), format!("der Server sagt: {words}")];
    let found = match server_words::refusal(&words) {
        Some(refusal) => Finding { evidence: found.evidence, ..refusal },
        None => found,
    };
    let [english, german] = said;
    found.with(english, german)
}

/// The finding about a server that takes a connection and ends it without a word.
fn closed_at_once() -> Finding {
    let cause = [
        "the server takes the connection and closes it: it may serve one client and have another, or lack its adapter",
        "der Server nimmt die Verbindung an und schließt sie: vielleicht bedient er nur einen Client und hat schon einen anderen, oder sein Adapter fehlt",
    ];
    let step = [
        "end the other client, or let the server take several (ser2net: max-connections); check that it has its adapter, and that the port is the one on which the adapter's octets come out",
        "den anderen Client beenden oder den Server mehrere annehmen lassen (ser2net: max-connections); prüfen, ob er seinen Adapter hat und der Port der ist, an dem die Oktette des Adapters herauskommen",
    ];
    Finding::new(Diagnosis::NoDevice).advising(cause, step)
}

/// The finding about a file that cannot be read.
pub fn unreadable(path: &Path) -> Finding {
    let error = std::fs::File::open(path).err();
    let [english, german] = match &error {
        Some(error) => [file_error::unreadable(error), file_error::german(error)],
        None if path.is_dir() => {
            ["a folder, not a file", "ein Ordner, keine Datei"].map(str::to_owned)
        }
        None => ["cannot be read", "nicht lesbar"].map(str::to_owned),
    };
    let path = match path.display().to_string() {
        path if path.is_empty() => "''".to_owned(),
        path => path,
    };
    let is_denied = error.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let found = match is_denied {
        true => Finding::new(Diagnosis::Permission).advising(
            ["this user may not read the file", "dieser Benutzer darf die Datei nicht lesen"],
            [
                "let this user read it (chmod, chown) and enter its folder, or run the command as a user who may",
                "diesem Benutzer das Lesen der Datei und den Zugang zu ihrem Ordner erlauben (chmod, chown), oder den Befehl als ein Benutzer ausführen, der sie lesen darf",
            ],
        ),
        false => Finding::new(Diagnosis::NoDevice).advising(
            ["the file cannot be read", "die Datei lässt sich nicht lesen"],
            [
                "check its name and its folder, which is taken from the present one on; name a file, not a folder",
                "Namen und Ordner prüfen (er gilt ab dem jetzigen); eine Datei angeben, keinen Ordner",
            ],
        ),
    };
    let why = Wording::new(format!("{path}: {english}"), format!("{path}: {german}"));
    Finding { evidence: vec![why], ..found }
}

fn unreachable_source(why: Wording) -> Finding {
    let cause = [
        "the source cannot be read, or was lost",
        "die Quelle lässt sich nicht lesen oder ging verloren",
    ];
    let step = [
        "check its name, and for tcp://HOST:PORT that the server (ser2net) runs and has its adapter, and that the port is not that of a web page or of MQTT",
        "ihren Namen prüfen, und bei tcp://RECHNER:PORT, ob der Server (ser2net) läuft und seinen Adapter hat und der Port nicht zu einer Webseite oder zu MQTT gehört",
    ];
    Finding { evidence: vec![why], ..Finding::new(Diagnosis::NoDevice).advising(cause, step) }
}

/// The finding that the source is a key file.
pub fn key_instead() -> Finding {
    let cause = [
        "this is a key file, not what a meter sent: nothing of it is shown",
        "das ist eine Schlüsseldatei, nichts von einem Zähler: sie wird nicht gezeigt",
    ];
    let step = [
        "give it with --key-file, and name the device or the capture as the source",
        "sie mit --key-file angeben, und als Quelle das Gerät oder die Aufzeichnung",
    ];
    Finding::new(Diagnosis::KeyFormat).advising(cause, step)
}

/// The finding that there is no key.
pub fn keyless(problem: KeyProblem) -> Finding {
    let custom = |cause: [&str; 2], step: [&str; 2]| {
        Finding::new(Diagnosis::KeyFormat).advising(cause, step)
    };
    const WRITE: [&str; 2] = [
        "write the key into the file: 32 hex digits (GUEK) from the operator's portal",
        "den Schlüssel in die Datei schreiben: 32 Hexziffern (GUEK) aus dem Portal des Netzbetreibers",
    ];
    let found = match problem.fault {
        KeyFault::OnlyAuthentication => lone_authentication_key(),
        KeyFault::Format => Finding::new(Diagnosis::KeyFormat),
        KeyFault::Missing => custom(
            ["there is no such key file", "diese Schlüsseldatei gibt es nicht"],
            [
                "check the path of the key file (it is taken from the present folder on), or write the key (32 hex digits) into a file of that name",
                "den Pfad der Schlüsseldatei prüfen (er gilt ab dem jetzigen Ordner), oder den Schlüssel (32 Hexziffern) in eine Datei dieses Namens schreiben",
            ],
        ),
        KeyFault::Unreadable => custom(
            [
                "the key file cannot be read: it is a folder, or this user may not read it",
                "die Schlüsseldatei lässt sich nicht lesen: sie ist ein Ordner, oder dieser Benutzer darf sie nicht lesen",
            ],
            [
                "name the file itself, and let this user read it (chmod 600, chown); the program of a service runs as its own user",
                "die Datei selbst angeben und diesem Benutzer das Lesen erlauben (chmod 600, chown); ein Dienst läuft unter seinem eigenen Benutzer",
            ],
        ),
        KeyFault::Empty => custom(["the key file is empty", "die Schlüsseldatei ist leer"], WRITE),
        KeyFault::NoKey => custom(
            [
                "the key file has text, and no key in it",
                "die Schlüsseldatei enthält Text, aber keinen Schlüssel",
            ],
            WRITE,
        ),
    };
    Finding { evidence: vec![problem.text], ..found }
}

/// The sinks of the configuration that do not take readings.
pub fn refused_by_sinks(config: &Config, time: Duration) -> Result<Option<Finding>, Stop> {
    let quiet = Messages::new("doctor", Verbosity::Quiet);
    let sinks = destinations::of(&[], Some(config), "", &LineCounters::default(), &quiet)?;
    let ask_one = |ConfiguredSink { name, mut sink, .. }: ConfiguredSink| {
        ask(name, move || sink.probe(time).map_err(|why| Stop::Failed(Status::Output, why)))
    };
    let questions: Vec<_> = sinks.into_iter().map(ask_one).collect();
    let mut refused = None;
    let deadline = Instant::now() + time + GRACE;
    for question in questions {
        let late = || Stop::Failed(Status::Output, format!("no answer for {} s", time.as_secs()));
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = question.answer.recv_timeout(left).unwrap_or_else(|_| Err(late()));
        if let Err(Stop::Failed(_, why)) = answer {
            let (name, german) = (&question.name, file_error::in_german(&why));
            let found = refused.unwrap_or_else(|| Finding::new(Diagnosis::Sink));
            refused = Some(found.with(format!("{name}: {why}"), format!("{name}: {german}")));
        }
    }
    Ok(refused)
}
