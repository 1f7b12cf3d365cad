//! The row of names in an export, and the columns that matter.
//!
//! | operator | columns | time |
//! |---|---|---|
//! | Netz NÖ | `Messzeitpunkt`, `Verbrauch (kWh)` or `Einspeisung (kWh)` | end |
//! | Wiener Netze | `Datum`, `Zeit von`, `Zeit bis`, `… Verbrauch [kWh]` | start |
//! | TINETZ, TIWAG | `DATE_FROM`, `DATE_TO`, `VALUE`, once for days and once for quarters | start |
//! | Salzburg Netz | `Datum und Uhrzeit` or `Datum`, `Restverbrauch (kWh)`; 2026 also `Zeitumstellung` | start |
//! | Vorarlberg Netz | `Beginn der Messreihe`, `Ende der Messreihe`, `Messwert in kWh`; UTF-16 | start |
//! | Linz Netz | `Datum von`, `Datum bis`, `Verbrauch in kWh` | start |
//! | Kärnten Netz | `Datum`, `Zeit`, `kWh` below some lines about the customer; from 2025 the common form | start |
//! | Energienetze Steiermark | `… Beginn`, `… Ende`, `Verbrauch` or `Wert`, `Einheit` | start |
//! | common form (EDA) | `Startdatum`, `Enddatum`, `Wert`, `Einheit` | start |
//! | common form (E-Control) | `Ende Ablesezeitraum`, `… Verbrauch [kWh]` | end, with its offset |
//! | Stromnetz Graz | `Ablesezeitpunkt`, `Verbrauch Gesamt - 1.8.0` | end, with its offset |
//! | IKB | `Datum`, `AT005… ab 21.02.2024 00:30`; sorted as text | end |
//! | meterpipe's own CSV | `start`, `start_offset`, `end`, `end_offset`, `energy_import_wh`, `energy_export_wh` | start |
//! | Netz Burgenland | `Startdatum`, `Startuhrzeit`, `Enddatum`, `Enduhrzeit`, `Verbrauch (in kWh)` | start |
//!
//! Any name with a direction, such as `Netzbezug`, `Rücklieferung` or `2.8.0`, is that of an energy too.

use core::ops::Range;

use crate::portal::{direction, number::number, stamp::WrittenTime, unit};

/// The columns of one series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortalColumns {
    /// Those of the start: a date and a time, or both in one.
    pub start: Vec<usize>,
    /// Those of the end.
    pub end: Vec<usize>,
    /// That of the energy.
    pub value: usize,
    /// That of its unit; kWh without it.
    pub unit: Option<usize>,
    /// That of its OBIS code.
    pub code: Option<usize>,
    /// That of the length of the intervals.
    pub length: Option<usize>,
    /// All from its first one to the next series with other times.
    pub group: Range<usize>,
}

/// The task of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnTask {
    Start,
    End,
    /// The date of the start, or date and time if there is no column of times.
    Date,
    /// The time of the start, to a date.
    Clock,
    /// The time of the end, to the date of the start.
    ClockOfEnd,
    Value,
    /// The value, to the end that stands before it.
    ValueOfEnd,
    Unit,
    Code,
    Length,
}

/// The columns of a row of names: those of each series in it; empty for any other row. Columns of energy beside each
/// other are series with the same times.
#[must_use]
pub fn columns(names: &[&str]) -> Vec<PortalColumns> {
    // `Verbrauch von;20.06.2026;bis;21.06.2026` stands above the names.
    if names.iter().any(|name| is_value(name)) {
        return Vec::new();
    }
    let mut tasks: Vec<_> = names.iter().map(|name| task(name)).collect();
    drop_rests(names, &mut tasks);
    let mut all = Vec::new();
    let mut series = PortalColumns::default();
    let mut values = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        match task {
            // A second start begins another series, if the first one has all that it needs.
            Some(ColumnTask::Start) if !values.is_empty() && is_whole(&series) => {
                series.group.end = at;
                all.extend(of_values(&core::mem::take(&mut series), &mut values));
                series.group.start = at;
                series.start.push(at);
            }
            Some(ColumnTask::Start | ColumnTask::Date | ColumnTask::Clock) => series.start.push(at),
            Some(ColumnTask::End) => series.end.push(at),
            Some(ColumnTask::ClockOfEnd) => {
                series.end = series.start.first().copied().into_iter().chain([at]).collect();
            }
            Some(ColumnTask::Value) => values.push(at),
            Some(ColumnTask::ValueOfEnd) => {
                values.push(at);
                series.end.append(&mut series.start);
            }
            Some(ColumnTask::Code) if series.code.is_none() => series.code = Some(at),
            Some(ColumnTask::Length) if series.length.is_none() => series.length = Some(at),
            Some(ColumnTask::Unit) if series.unit.is_none() => series.unit = Some(at),
            _ => {}
        }
    }
    if is_whole(&series) {
        series.group.end = usize::MAX;
        all.extend(of_values(&series, &mut values));
    }
    all
}

/// Drops the columns of what a community takes or leaves of an energy that another column has whole: `Verbrauch (kWh)`
/// and `Restnetzbezug (kWh)`, `Einspeisung (kWh)` and `Gemeinschaftsüberschuss (kWh)`. Alone it is the energy: Salzburg
/// Netz has nothing but a `Restverbrauch`.
fn drop_rests(names: &[&str], tasks: &mut [Option<ColumnTask>]) {
    let values: Vec<_> = names
        .iter()
        .zip(tasks.iter())
        .map(|(name, task)| (*task == Some(ColumnTask::Value)).then(|| direction::feeds_in(name)))
        .collect();
    let is_rest = |name: &&str| {
        let name = name.to_lowercase();
        let words = name.split(|sign: char| !sign.is_alphabetic());
        // A `Restaurant` is the customer's own name.
        let mut wholes = words.filter_map(|word| {
            word.strip_prefix("rest").or_else(|| word.strip_prefix("gemeinschafts"))
        });
        wholes.any(|whole| direction::feeds_in(whole).is_some())
    };
    for ((name, task), value) in names.iter().zip(tasks).zip(&values) {
        let is_whole = |(other, its): (&&str, &Option<_>)| its == value && !is_rest(other);
        if value.is_some() && is_rest(name) && names.iter().zip(&values).any(is_whole) {
            *task = None;
        }
    }
}

/// The series of each value.
fn of_values(series: &PortalColumns, values: &mut Vec<usize>) -> Vec<PortalColumns> {
    values.drain(..).map(|value| PortalColumns { value, ..series.clone() }).collect()
}

/// True for a number, and for a date of six digits or more: `1.8.0` is a code.
fn is_value(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let is_first = cell.trim_start().starts_with(|sign: char| sign.is_ascii_digit());
    number(cell).is_some() || is_first && digits >= 6 && WrittenTime::parse(cell).is_some()
}

/// The name of a column in the CSV of `quarters` that `--names` has given: nothing tells its unit.
#[must_use]
pub fn renamed<'a>(names: &[&'a str]) -> Option<&'a str> {
    const OTHERS: [&str; 14] = [
        "schema",
        "time",
        "month",
        "start",
        "end",
        "meter",
        "system_title",
        "telegrams",
        "complete",
        "estimated",
        "month_complete",
        "today_since",
        "month_since",
        "running",
    ];
    let is_quantity =
        |name: &str| ["energy_", "power_", "reactive_"].iter().any(|start| name.starts_with(start));
    let is_known = |name: &str| {
        is_quantity(name) || OTHERS.contains(&name.strip_suffix("_offset").unwrap_or(name))
    };
    let mut names = names.iter().map(|name| name.trim().trim_matches('"'));
    let is_ours = |name: &str| is_quantity(name) || ["telegrams", "complete"].contains(&name);
    if names.clone().any(is_ours) {
        return names.find(|name| !is_known(name));
    }
    // `--fields start,energy_import_wh --names energy_import_wh=Bezug`
    let has_time = names.clone().any(|name| ["start", "end"].contains(&name));
    names.find(|name| {
        has_time && direction::feeds_in(name).is_some() && unit::in_name(name).is_none()
    })
}

const fn is_whole(series: &PortalColumns) -> bool {
    !series.start.is_empty() || !series.end.is_empty()
}

fn task(name: &str) -> Option<ColumnTask> {
    let name = name.trim().trim_matches('"').to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    Some(match name.as_str() {
        "messzeitpunkt" | "ablesezeitpunkt" | "date_to" | "datum bis" | "bis" => ColumnTask::End,
        "date_from" | "datum von" | "von" => ColumnTask::Start,
        "datum" | "datum und uhrzeit" | "datumuhrzeit" => ColumnTask::Date,
        "zeit" | "uhrzeit" | "zeit von" | "startuhrzeit" => ColumnTask::Clock,
        "value" | "wert" | "kwh" => ColumnTask::Value,
        "einheit" => ColumnTask::Unit,
        "obis" | "obis-code" | "obis code" => ColumnTask::Code,
        "messintervall" => ColumnTask::Length,
        // At midnight it is a day too early, which no step within the hour shows.
        "zeit bis" => ColumnTask::ClockOfEnd,
        "enduhrzeit" | "end" | "end_offset" => ColumnTask::End,
        _ if has(&["zählerstand", "zaehlerstand", "ersatzwert", "qualit", "status"]) => {
            return None;
        }
        // Money is no energy.
        _ if has(&["kosten", "preis", "vergütung", "€", "(eur", "[eur", "ct/"]) => return None,
        // The share of a customer in the energy of a community is none that the meter counts.
        _ if direction::is_share(&name) => return None,
        _ if has(&["beginn"]) || name.starts_with("start") => ColumnTask::Start,
        _ if has(&["ende"]) || name.starts_with("enddatum") => ColumnTask::End,
        // A metering point alone, and the start of its contract.
        _ if name.starts_with("at") && name.find(" ab ") == Some(33) => ColumnTask::ValueOfEnd,
        _ if has(&["kwh", "verbrauch", "messwert", "einspeis", "energiemenge"]) => {
            ColumnTask::Value
        }
        _ if direction::feeds_in(&name).is_some() => ColumnTask::Value,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(names: &str) -> (Vec<usize>, Vec<usize>, usize) {
        let names: Vec<_> = names.split(';').collect();
        let all = columns(&names);
        assert!(!all.is_empty(), "{names:?}");
        (all[0].start.clone(), all[0].end.clone(), all[0].value)
    }

    #[test]
    fn the_columns_of_each_operator_are_found() {
        assert_eq!(one("Messzeitpunkt;Verbrauch (kWh);Qualität;"), (vec![], vec![0], 1));
        assert_eq!(
            one("Datum;Zeit von;Zeit bis;Haus - AT00 - Verbrauch [kWh]"),
            (vec![0, 1], vec![0, 2], 3)
        );
        assert_eq!(
            one("\"Datum\";\"Restverbrauch (kWh)\";\"Status\";\"Zeitumstellung\""),
            (vec![0], vec![], 1)
        );
        assert_eq!(
            one("\"Datum und Uhrzeit\";\"Lastgänge (306,499 kWh)\";\"Status\""),
            (vec![0], vec![], 1)
        );
        assert_eq!(
            one("Beginn der Messreihe;Ende der Messreihe;Messwert in kWh"),
            (vec![0], vec![1], 2)
        );
        assert_eq!(
            one("Datum von;Datum bis;Energiemenge in kWh;Ersatzwert"),
            (vec![0], vec![1], 2)
        );
        assert_eq!(one("Datum;Zeit;kWh;Status"), (vec![0, 1], vec![], 2));
        assert_eq!(
            one(
                "Anlagennummer;Zaehlpunkt;Tarif;Verbrauchszeitraum Beginn;Verbrauchszeitraum Ende;Verbrauch;Einheit;Messwert: VAL...gemessen"
            ),
            (vec![3], vec![4], 5)
        );
        assert_eq!(
            one(
                "Startdatum;Enddatum;Zählpunktbezeichnung;OBIS;OBIS Kurzbeschreibung;Wert;Einheit;Qualität"
            ),
            (vec![0], vec![1], 5)
        );
        assert_eq!(
            one(
                "Ende Ablesezeitraum;Messintervall;Abrechnungsmaßeinheit;Wohnung - Verbrauch [kWh]"
            ),
            (vec![], vec![0], 3)
        );
        assert_eq!(
            one("Startdatum;Startuhrzeit;Enddatum;Enduhrzeit;Verbrauch (in kWh)"),
            (vec![0, 1], vec![2, 3], 4)
        );
        assert_eq!(
            one("Datum;AT0051000602000000000000000000000 ab 21.02.2024 00:30"),
            (vec![], vec![0], 1)
        );
        let names = ["DATE_FROM", "DATE_TO", "VALUE", "DATE_FROM", "DATE_TO", "VALUE"];
        let all = columns(&names);
        assert_eq!(all.iter().map(|it| it.value).collect::<Vec<_>>(), [2, 5]);
        let names = ["Messzeitpunkt", "Verbrauch (kWh)", "Qualität", "Einspeisung (kWh)"];
        let all = columns(&names);
        let ends = all.iter().map(|it| (&it.end[..], it.value));
        assert_eq!(ends.collect::<Vec<_>>(), [(&[0][..], 1), (&[0], 3)]);
        let names = "Messzeitpunkt;Verbrauch (kWh);Restnetzbezug (kWh);Eigendeckung (kWh);Ideeller Anteil (kWh);Einspeisung (kWh);Restüberschuss (kWh)";
        let all = columns(&names.split(';').collect::<Vec<_>>());
        assert_eq!(all.iter().map(|it| it.value).collect::<Vec<_>>(), [1, 5]);
        let names = "Messzeitpunkt;Einspeisung (kWh);Qualität;Gemeinschaftsüberschuss (kWh);Eigendeckung Teilnehmer (kWh)";
        let all = columns(&names.split(';').collect::<Vec<_>>());
        assert_eq!(all.iter().map(|it| it.value).collect::<Vec<_>>(), [1]);
        let names =
            "Datum;Zeit von;Restaurant - AT00 - Verbrauch [kWh];Haus - AT00 - Verbrauch [kWh]";
        assert_eq!(columns(&names.split(';').collect::<Vec<_>>()).len(), 2);
        assert_eq!(one("Datum;Verbrauch (kWh) seit 01.06.2026"), (vec![0], vec![], 1));
        assert_eq!(one("Datum;Zeit;Netzbezug"), (vec![0, 1], vec![], 2));
        assert_eq!(
            one(
                "Tarif (ct/kWh);Datum von;Datum bis;Verbrauchskosten (EUR);Verbrauch Hochtarif (kWh)"
            ),
            (vec![1], vec![2], 4)
        );
        assert_eq!(one("Ablesezeitpunkt;Gesamt - 2.8.0"), (vec![], vec![0], 1));
        for names in [
            &["Kundennummer", "1"][..],
            &["Beginn", "01.01.2020"],
            &["kWh", "", ""],
            &["Verbrauch von", "20.06.2026", "bis", "21.06.2026"],
            &["Verbrauch von", "01.06.26 00:00", "bis", "Summe"],
            &["Datum von", "Datum bis", "Eigendeckung gemeinschaftliche Erzeugung [kWh]"],
            &[],
        ] {
            assert!(columns(names).is_empty(), "{names:?}");
        }
    }
    #[test]
    fn a_name_of_the_users_own_is_found_among_those_of_quarters() {
        for (names, expected) in [
            ("start,end,meter,Bezug,energy_export_wh,telegrams,complete", Some("Bezug")),
            ("start,start_offset,end,meter,energy_import_wh,haus", Some("haus")),
            ("start,Bezug", Some("Bezug")),
            (
                "start,start_offset,end,end_offset,energy_import_kwh,power_import_mean_w,complete",
                None,
            ),
            ("end,energy_export_wh", None),
            ("Start;End;Consumption (kWh)", None),
            ("start,end,value", None),
            ("start,end,Verbrauch (kWh)", None),
        ] {
            let names: Vec<_> = names.split([',', ';']).collect();
            assert_eq!(renamed(&names), expected, "{names:?}");
        }
    }
}
