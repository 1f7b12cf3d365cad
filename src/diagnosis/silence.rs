//! The finding about a line that brings nothing, or hardly anything.

use crate::{
    counted::{counted, counted_as, verb},
    diagnosis::{diagnosis::Diagnosis, finding::Finding, line::LineFacts, line_view::LineView},
};

/// Seconds in which each meter has sent.
const ALL_PUSH: u64 = 61;

pub(super) fn silent(facts: &LineFacts, view: &LineView) -> Finding {
    let found = match (view.seconds, facts.octets) {
        (None, 0) => {
            return Finding::new(Diagnosis::Silent)
                .with("the input holds no octets", "die Eingabe enthält keine Oktette");
        }
        (None, octets) => Finding::new(Diagnosis::Silent).with(
            format!("the input holds {}: no telegram is so short", counted(octets, "octet")),
            format!(
                "die Eingabe enthält {}: so kurz ist kein Telegramm",
                counted_as(octets, "Oktett", "Oktette")
            ),
        ),
        (Some(seconds @ ..ALL_PUSH), 0) => Finding::new(Diagnosis::Silent)
            .with(
                format!("nothing came in {seconds} s (some meters send once a minute: --time 90s listens longer)"),
                format!("in {seconds} s kam nichts an (manche Zähler senden einmal pro Minute: --time 90s wartet länger)"),
            ),
        (Some(seconds), 0) => Finding::new(Diagnosis::Silent)
            .with(format!("nothing came in {seconds} s"), format!("in {seconds} s kam nichts an")),
        (Some(seconds), octets) => {
            hardly_anything(view).with(
                format!("only {} came in {seconds} s", counted(octets, "octet")),
                format!(
                    "in {seconds} s {} nur {} an",
                    verb(octets, "kam", "kamen"),
                    counted_as(octets, "Oktett", "Oktette")
                ),
            )
            .with(
                "a meter that waits for an answer sends five octets a minute (Netz OÖ, Siemens TD-351x): it needs another reader",
                "ein Zähler, der auf eine Antwort wartet, sendet fünf Oktette pro Minute (Netz OÖ, Siemens TD-351x): er braucht ein anderes Programm",
            )
        }
    };
    match (view.is_peer(), view.others.active.is_empty()) {
        _ if view.is_virtual => found.hinting(VIRTUAL),
        (false, false) => view.others.cause(found),
        _ if view.telegrams > 0 => found.hinting(fell_silent(view)),
        (true, _) => silent_peer(found),
        (false, true) if facts.octets == 0 => view.socket.silent(found),
        (false, true) => found,
    }
}

/// The advice about a virtual meter that has not sent yet.
const VIRTUAL: &str = "a virtual meter sends as often as its model: allow more time";

/// The advice about a line that has brought telegrams: its interface is switched on.
fn fell_silent(view: &LineView) -> &'static str {
    match view.seconds {
        Some(..LONG) => "the meter may pause for longer: allow more time",
        _ if view.is_peer() => {
            "where the adapter is, check plug, cable and power, and that the program that serves it still runs"
        }
        _ => "check plug, cable and adapter",
    }
}

/// Seconds without octets that are three intervals of most meters.
const LONG: u64 = 15;

/// The finding about a server that sends nothing, or hardly anything.
fn silent_peer(found: Finding) -> Finding {
    let cause = [
        "the server takes the connection and sends no telegram: nothing reaches the adapter there, or the port is that of something else, such as a web page or MQTT",
        "der Server nimmt die Verbindung an und sendet kein Telegramm: beim Adapter dort kommt nichts an, oder der Port gehört zu etwas anderem, etwa einer Webseite oder MQTT",
    ];
    let step = [
        "check host and port: it is the port on which the adapter's octets come out (ser2net, a serial bridge); then, where the adapter is, plug, wires and power, and that the operator has switched the customer interface on",
        "Rechner und Port prüfen: es ist der Port, an dem die Oktette des Adapters herauskommen (ser2net, eine serielle Brücke); dann dort, wo der Adapter ist, Stecker, Adern und Versorgung, und ob der Netzbetreiber die Kundenschnittstelle freigeschaltet hat",
    ];
    found.advising(cause, step).hinting(
        "check host and port; then, at the adapter, check the wiring, and that the operator has switched the interface on",
    )
}

/// The finding about a live line with a few octets, without evidence. No setting of the line makes so few of a telegram.
fn hardly_anything(view: &LineView) -> Finding {
    let cause = [
        "hardly anything reaches the adapter: a wire or a contact is loose, or the interface is switched off",
        "beim Adapter kommt kaum etwas an: eine Ader oder ein Kontakt ist lose, oder die Schnittstelle ist abgeschaltet",
    ];
    view.socket.silent(Finding::new(Diagnosis::Silent)).caused_by(cause)
}
