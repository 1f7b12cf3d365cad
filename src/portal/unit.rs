//! The unit of the energies: in the name of their column, or in the rows above it.

/// A unit of another thing than energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OtherUnit;

/// Units of energy, and the powers of ten that make watt-hours of them.
const UNITS: [(&str, i16); 3] = [("wh", 0), ("kwh", 3), ("mwh", 6)];

/// Those of other things, which stand in the names of columns too. The mean power of a quarter is four times its energy.
const OTHER_UNITS: [&str; 16] = [
    "w", "kw", "mw", "var", "kvar", "mvar", "varh", "kvarh", "mvarh", "va", "kva", "vah", "kvah",
    "m³", "m3", "eur",
];

/// The power of ten of a unit of energy.
pub(super) fn power_of(unit: &str) -> Result<i16, OtherUnit> {
    let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    known.map(|(_, power)| *power).ok_or(OtherUnit)
}

/// The last unit in the name of a column: `Verbrauch (kWh)`, `Verbrauch in Wh`.
pub(super) fn in_name(name: &str) -> Option<Result<i16, OtherUnit>> {
    let name = name.to_lowercase();
    let mut words = name.split(|sign: char| !sign.is_alphanumeric()).rev();
    match words.find_map(unit) {
        Some(Err(other)) => Some(Err(other)),
        _ if is_reactive(&name) => Some(Err(OtherUnit)),
        unit => unit,
    }
}

/// The unit in a cell above: alone, in brackets or behind `in` or `Einheit`, since `4 kW` may be that of a contract.
pub(super) fn in_title(cell: &str) -> Option<Result<i16, OtherUnit>> {
    let cell = cell.trim().to_lowercase();
    if is_reactive(&cell) {
        return Some(Err(OtherUnit));
    }
    let in_brackets = cell.strip_suffix([')', ']']).and_then(|cell| cell.rsplit_once(['(', '[']));
    let behind = || {
        let (before, unit) = cell.rsplit_once(' ')?;
        let word = before.rsplit(' ').next()?;
        ["in", "einheit", "einheit:"].contains(&word).then_some(unit)
    };
    let text = in_brackets.map(|(_, unit)| unit).or_else(behind).unwrap_or(&cell);
    let text = text.strip_prefix("in ").unwrap_or(text);
    unit(text.trim()).or_else(|| cell.contains("wirkleistung").then_some(Err(OtherUnit)))
}

/// True for the words of reactive energy in small letters, and not for a town such as Blindenmarkt.
pub(super) fn is_reactive(text: &str) -> bool {
    ["energie", "leistung", "arbeit", "strom", "verbrauch", "bezug", "lieferung"]
        .iter()
        .any(|thing| text.split("blind").skip(1).any(|rest| rest.starts_with(thing)))
}

fn unit(word: &str) -> Option<Result<i16, OtherUnit>> {
    let other = || OTHER_UNITS.contains(&word).then_some(Err(OtherUnit));
    power_of(word).ok().map(Ok).or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_above_stands_alone_in_brackets_or_behind_a_word() {
        for (cell, unit) in [
            ("kW", Some(Err(OtherUnit))),
            ("Strom - Wirkleistung (kW)", Some(Err(OtherUnit))),
            ("Strom - Wirkleistung", Some(Err(OtherUnit))),
            ("Blindenergie", Some(Err(OtherUnit))),
            ("Wh", Some(Ok(0))),
            ("Strom - Wirkenergie (kWh)", Some(Ok(3))),
            ("Lastprofil in MWh", Some(Ok(6))),
            ("Einheit: Wh", Some(Ok(0))),
            ("Strom (in Wh)", Some(Ok(0))),
            ("Vertrag mit 4 kW", None),
            ("Anlage (4 kW)", None),
            ("Haus W", None),
            ("Haus Berlin W", None),
            ("Ort [AT005]", None),
            ("Blindenmarkt", None),
            ("Blindarbeit", Some(Err(OtherUnit))),
            ("", None),
        ] {
            assert_eq!(in_title(cell), unit, "{cell}");
        }
    }
}
