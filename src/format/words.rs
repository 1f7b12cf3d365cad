//! Words of people and of other programs for what meterpipe calls otherwise, to suggest its own.

use std::collections::BTreeSet;

/// The part of names that a word means, itself one or nearly one.
pub(super) fn meant(word: &str, parts: &BTreeSet<&'static str>) -> &'static str {
    let words = WORDS.iter().flat_map(|(words, part)| words.iter().map(move |word| (*word, *part)));
    let known = || words.clone().chain(parts.iter().map(|part| (*part, *part)));
    let distance = |(it, _): &(&str, &str)| strsim::damerau_levenshtein(it, word);
    let most = if word.len() > 4 { 1 } else { 0 };
    let nearest = known().min_by_key(distance).filter(|it| distance(it) <= most);
    nearest.map_or("", |(_, part)| part)
}

/// Words of people and of other programs, in English and German, and the parts of names that they mean.
pub(super) const WORDS: [(&[&str], &str); 28] = [
    (&["in", "bezug", "verbrauch", "consumption", "consumed", "received"], "import"),
    (
        &["out", "einspeisung", "lieferung", "feedin", "production", "delivered", "solar", "pv"],
        "export",
    ),
    (&["energie", "wirkenergie", "arbeit", "zaehlerstand", "stand", "register"], "energy"),
    (&["total", "gesamt", "summe"], "energy"),
    (&["heute", "today"], "energy_import_today"),
    (&["kwh"], "wh"),
    (&["kw"], "w"),
    (&["p", "leistung", "wirkleistung", "watt"], "power"),
    (&["u", "spannung", "volt"], "voltage"),
    (&["i", "strom", "stromstaerke", "ampere", "amps"], "current"),
    (&["u1"], "voltage_l1"),
    (&["u2"], "voltage_l2"),
    (&["u3"], "voltage_l3"),
    (&["i1"], "current_l1"),
    (&["i2"], "current_l2"),
    (&["i3"], "current_l3"),
    (&["phase", "phasen", "phases"], "voltage_l1"),
    (&["netz", "netto", "saldo"], "net"),
    (&["blind", "blindleistung"], "reactive_power"),
    (&["blindenergie", "blindarbeit"], "reactive_energy"),
    (&["cos", "cosphi", "pf", "leistungsfaktor"], "power_factor"),
    (&["frequenz", "freq"], "frequency"),
    (&["tarif", "tariff", "ht", "hochtarif"], "t1"),
    (&["nt", "niedertarif"], "t2"),
    (&["timestamp", "date", "datum", "datetime", "uhrzeit", "zeit", "ts"], "time"),
    (&["zaehler", "zaehlernummer", "serial", "seriennummer", "number", "nummer", "id"], "meter"),
    (&["name", "geraet"], "device"),
    (&["frame", "framecounter", "fc", "ic"], "invocation_counter"),
];
