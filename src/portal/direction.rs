//! The direction of energy, by the codes and the words in a name.
//!
//! | into the grid | from the grid |
//! |---|---|
//! | `2.8.0`, `1-1:2.9.0`, `2.29.0` | `1.8.0`, `1-1:1.9.0`, `1.29.0` |
//! | `A-` | `A+` |
//! | `Einspeisung`, `Erzeugung`, `Lieferung`, `Rücklieferung`, `Überschuss` | `Verbrauch`, `Bezug`, `Netzbezug` |
//!
//! `Überschusseinspeiser` is a customer, whose consumption is counted too. Behind a metering point `Einspeiser` is the
//! register: `AT00… - Einspeiser [kWh]` (Wiener Netze).

use crate::portal::unit;

/// True for energy into the grid, false for energy from it: by a code, else by the first word that tells. The customer's
/// own name stands in front of that of the operator: `PV Erzeugung - Verbrauch [kWh]`.
pub(super) fn feeds_in(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    let is_register =
        |part: &str| text.contains(" - ") && tokens(part).any(|it| it == "einspeiser");
    let of_part = |part| is_register(part).then_some(true).or_else(|| words(part).next());
    of_code(&text).or_else(|| text.rsplit(" - ").find_map(of_part))
}

/// The same for a row, by the code in its column of codes, or by words if there is none: `Lastprofil Wirk Lieferung`.
/// `1-1:3.9.0 Blind Bezug` is of another quantity.
pub(super) fn of_row(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    // A date has a year behind the second point, and `1.0.0` is none of a quantity.
    let is_code = |token: &str| {
        let is_number = |part: &str| part.parse::<u8>().is_ok();
        code(token).is_some_and(|code| {
            code.into_iter().all(is_number) && code.into_iter().take(2).all(|part| part != "0")
        })
    };
    let is_reactive = unit::is_reactive(&text) || text.split_whitespace().any(|it| it == "blind");
    let has_words = !tokens(&text).any(is_code) && !is_share(&text) && !is_reactive;
    if has_words { feeds_in(&text) } else { of_code(&text) }
}

/// The same for a text that stands above all columns: one that names both directions tells none.
pub(super) fn feeds_in_alone<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<bool> {
    let texts = texts.into_iter().map(str::to_lowercase);
    let found: Vec<_> = texts
        .flat_map(|text| of_code(&text).map_or_else(|| words(&text).collect(), |code| vec![code]))
        .collect();
    let first = found.first().copied()?;
    found.iter().all(|direction| *direction == first).then_some(first)
}

/// That of a code, in small letters.
fn of_code(text: &str) -> Option<bool> {
    if is_share(text) {
        return None;
    }
    tokens(text).find_map(|token| {
        let [direction, kind, rate] = code(token)?;
        let direction = match direction {
            "1" => false,
            "2" => true,
            _ => return None,
        };
        let is_energy = matches!(kind, "8" | "9" | "29");
        let is_rate = rate.len() == 1 && rate.bytes().all(|sign| sign.is_ascii_digit());
        (is_energy && is_rate).then_some(direction)
    })
}

/// The three parts between points, without a medium in front and a storage number behind: `1-1:2.29.0*255`.
fn code(token: &str) -> Option<[&str; 3]> {
    let (_, code) = token.rsplit_once(':').unwrap_or(("", token));
    let mut parts = code.split('*').next()?.split('.');
    let all = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(all)
}

/// True for a share that an energy community allots, which is no energy of the meter, in small letters:
/// `1-1:2.9.0 g.02`, `eigendeckung (kwh)`.
pub(super) fn is_share(text: &str) -> bool {
    let is_code = |token: &str| token.starts_with("g.02") || token.starts_with("g.03");
    let words = ["eigendeckung", "gemeinschaftliche", "anteil"];
    tokens(text).any(is_code) || words.iter().any(|word| text.contains(word))
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| sign.is_whitespace() || "()[],;/".contains(sign))
}

/// True for a value of a fact above that is no name: one word, or some with a code.
pub(super) fn is_no_name(value: &str) -> bool {
    let value = value.to_lowercase();
    of_code(&value).is_some()
        || tokens(&value).any(|token| of_sign(token).is_some())
        || value.split_whitespace().count() == 1
}

/// The directions that the words of a text in small letters tell.
fn words(text: &str) -> impl Iterator<Item = bool> {
    tokens(text).flat_map(|token| {
        let words = token.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
        of_sign(token).into_iter().chain(words.filter_map(of_word))
    })
}

fn of_sign(token: &str) -> Option<bool> {
    match token {
        "a+" | "+a" => Some(false),
        "a-" | "-a" | "a–" | "a−" => Some(true),
        _ => None,
    }
}

/// The ends of words of tariffs, contracts, payments and streets.
const NAMES: [&str; 10] = [
    "tarif",
    "tarife",
    "vertrag",
    "vergütung",
    "verguetung",
    "gasse",
    "straße",
    "strasse",
    "weg",
    "platz",
];

fn of_word(word: &str) -> Option<bool> {
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    let is_feed_in = word.contains("einspeis") && !word.contains("einspeiser") && !ends(&NAMES);
    if is_feed_in
        || ends(&["erzeugung", "lieferung", "überschuss", "ueberschuss"])
        || word.starts_with("energy_export")
    {
        Some(true)
    } else if word.contains("verbrauch") || ends(&["bezug"]) || word.starts_with("energy_import") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_tell_the_direction() {
        for text in [
            "2.8.0 (kWh)",
            "1-1:2.9.0",
            "1-1:2.29.0*255",
            "Verbrauch 2.8.0",
            "A- [kWh]",
            "Wirkenergie A-",
            "Erzeugung (kWh)",
            "Netz-Lieferung",
            "Rücklieferung",
            "PV-Überschuss",
            "Einspeisung/Bezug",
            "energy_export_kwh",
            "AT0010000 (Haus) - Einspeiser [kWh]",
            "Lastprofil Wirk Lieferung",
        ] {
            assert_eq!(feeds_in(text), Some(true), "{text}");
        }
        for text in [
            "1.8.0",
            "Verbrauch Gesamt - 1.8.0",
            "1-1:1.9.0 G.01",
            "+A",
            "Netzbezug",
            "Gesamtverbrauch lt. Messung (bei Teilnahme gem. Erzeugung) [KWH]",
            "Verbrauchszeitraum Beginn",
            "PV Erzeugung - AT00 - Verbrauch [kWh]",
        ] {
            assert_eq!(feeds_in(text), Some(false), "{text}");
        }
        for text in [
            "Überschusseinspeiser",
            "Volleinspeiser",
            "Haus - Überschusseinspeiser",
            "Einspeiser",
            "Lieferant",
            "Lieferadresse",
            "Erzeugungsanlage",
            "Bezugszeitraum",
            "Einspeisetarif Sonne",
            "Einspeisevergütung",
            "Einspeisegasse 3",
            "01.08.2026",
            "2.8.26",
            "1.9.20 12:00",
            "3.8.0",
            "Wert",
            "reactive_energy_export_varh",
            "",
        ] {
            assert_eq!(feeds_in(text), None, "{text}");
        }
        for share in ["1-1:2.9.0 G.02", "1-1:2.9.0 g.03 [kwh]", "Anteil Erzeugung"] {
            assert_eq!(of_row(share), None, "{share}");
        }
        for other in
            ["1-1:3.9.0 Blind Bezug", "1-1:1.6.0*255 Leistung Bezug", "Lastprofil Blind Bezug"]
        {
            assert_eq!(of_row(other), None, "{other}");
        }
        for import in [
            "Lastprofil Wirk Bezug",
            "Bezug ab 01.06.2026",
            "1-1:0.0.0 Bezug",
            "Blindenmarkt Bezug",
        ] {
            assert_eq!(of_row(import), Some(false), "{import}");
        }
        assert_eq!(of_row("1-1:2.9.0 Wirk Lieferung"), Some(true));
    }

    #[test]
    fn a_name_has_words_without_a_code() {
        for value in ["Einspeisung", "Netz-Lieferung", "Wirkenergie A-", "Zähler 2.8.0"] {
            assert!(is_no_name(value), "{value}");
        }
        for value in ["Sonne Einspeisung", "Am Bezug 3", "PV mit Einspeisung", ""] {
            assert!(!is_no_name(value), "{value}");
        }
    }

    #[test]
    fn a_title_with_both_directions_tells_none() {
        assert_eq!(feeds_in_alone(["Lastprofil Einspeisung und Bezug"]), None);
        assert_eq!(feeds_in_alone(["Bezug", "Einspeisung"]), None);
        assert_eq!(feeds_in_alone(["Energierichtung", "Netzlieferung"]), Some(true));
        assert_eq!(feeds_in_alone(["Lastprofil", "Verbrauch und Bezug"]), Some(false));
    }
}
