//! `quarters --compare` with exports in the form of each operator, over both clock changes. The samples are made here.

use std::{fs, path::PathBuf};

use crate::common::binary::{Ran, run};
use meterpipe::{cosem::clock::VIENNA, portal::export::PortalExport};
use tempfile::TempDir;

mod directions;
mod faults;
mod hints;

/// 01:00 UTC on 29 March and 25 October 2026.
const SPRING: i64 = 1_774_746_000;
const AUTUMN: i64 = 1_792_890_000;

/// Day, month, hour, minute and second in Vienna; all times are in these two months.
fn local(second: i64) -> (i64, i64, i64, i64, i64) {
    let is_summer = (SPRING..AUTUMN).contains(&second);
    let local = second + if is_summer { 7200 } else { 3600 };
    // 1 March and 1 October 2026, 00:00 UTC.
    let (first, month) =
        if second < 1_785_000_000 { (1_772_323_200, 3) } else { (1_790_812_800, 10) };
    let (days, within) = ((local - first).div_euclid(86_400), local.rem_euclid(86_400));
    (days + 1, month, within / 3600, within / 60 % 60, within % 60)
}

fn dots(second: i64) -> String {
    let (day, month, hour, minute, _) = local(second);
    format!("{day:02}.{month:02}.2026 {hour:02}:{minute:02}")
}

fn dots_with_seconds(second: i64) -> String {
    format!("{}:{:02}", dots(second), local(second).4)
}

fn iso(second: i64) -> String {
    let (day, month, hour, minute, _) = local(second);
    let ahead = if (SPRING..AUTUMN).contains(&second) { 2 } else { 1 };
    format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}+{ahead:02}:00")
}

/// The energy of a quarter in watt-hours.
fn energy(start: i64) -> i64 {
    start / 900 * 37 % 400
}

fn comma(wh: i64) -> String {
    format!("{},{:03}", wh / 1000, wh % 1000)
}

type Form = (&'static str, fn(&[i64]) -> Vec<u8>);

fn table(head: &str, starts: &[i64], row: impl Fn(i64, String) -> String) -> String {
    let rows = starts.iter().map(|start| row(*start, comma(energy(*start))) + "\n");
    format!("{head}\n{}", rows.collect::<String>())
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect()
}

fn utf_8_with_mark(text: &str) -> Vec<u8> {
    [b"\xef\xbb\xbf", text.as_bytes()].concat()
}

const FORMS: [Form; 13] = [
    ("Netz NÖ", |starts| {
        utf_8_with_mark(&table(
            "Messzeitpunkt;Verbrauch (kWh);Qualität;",
            starts,
            |start, value| format!("{};{value}000;G;", dots(start + 900)),
        ))
    }),
    ("Wiener Netze", |starts| {
        let head =
            "Datum;Zeit von;Zeit bis;AT0010000000000000000000000000001 (1) - Verbrauch [kWh]";
        utf_8_with_mark(&table(head, starts, |start, value| {
            let (from, to) = (dots_with_seconds(start), dots_with_seconds(start + 900));
            format!("{};{};{value}", from.replace(' ', ";"), &to[11..])
        }))
    }),
    ("TINETZ", |starts| {
        let head = "Ort [AT005];;;Ort [AT005];;\nAT005;;;AT005;;\nStrom - Wirkenergie (kWh);;;Strom - Wirkenergie (kWh);;\nkWh;;;kWh;;\nDATE_FROM;DATE_TO;VALUE;DATE_FROM;DATE_TO;VALUE";
        let day = "24.10.2026 00:00:00;24.10.2026 23:59:59;18,211;";
        table(head, starts, |start, value| {
            format!("{day}{};{};{value}", dots_with_seconds(start), dots_with_seconds(start + 899))
        })
        .into_bytes()
    }),
    ("Salzburg Netz", |starts| {
        let head = "\"Datum und Uhrzeit\";\"Lastgänge (306,499 kWh)\";\"Status\"";
        utf_8_with_mark(&table(head, starts, |start, value| {
            let (day, month, hour, minute, _) = local(start);
            format!(
                "\"2026-{month:02}-{day:02} {hour:02}:{minute:02}:00\";{};\"Wert ist gültig\"",
                value.replace(',', ".")
            )
        }))
    }),
    ("Salzburg Netz 2026", |starts| {
        let head = "\"Datum\";\"Verbrauch (kWh)\";\"Status\";\"Zeitumstellung\"";
        table(head, starts, |start, value| {
            format!("\"{}\";{value};\"Wert ist gültig(L1)\";\"\"", dots_with_seconds(start))
        })
        .into_bytes()
    }),
    ("Vorarlberg Netz", |starts| {
        let head = "Vertragskonto;1\nZählpunkt;AT00\n\nBeginn der Messreihe;Ende der Messreihe;Messwert in kWh";
        let text = table(head, starts, |start, value| {
            format!("{};{};{value}", dots(start), dots(start + 900))
        });
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    ("Linz Netz", |starts| {
        table("Datum von;Datum bis;Energiemenge in kWh;Ersatzwert", starts, |start, value| {
            format!("{};{};{value}; ", dots(start), dots(start + 900))
        })
        .into_bytes()
    }),
    ("Kärnten Netz", |starts| {
        let head = "Kundennummer;1\nKundenname;Müller\nZP-Nummer;AT007\nBeginn;01.01.2020\nEnde;29.03.2026\nEnergierichtung;Netzbezug\n\n\nDatum;Zeit;kWh;Status";
        latin_1(&table(head, starts, |start, value| {
            format!("{};{value};Der Wert ist gültig", dots_with_seconds(start).replace(' ', ";"))
        }))
    }),
    ("Energienetze Steiermark", |starts| {
        let head = "sep=;\nAnlagennummer;Zaehlpunkt;Tarif;Verbrauchszeitraum Beginn;Verbrauchszeitraum Ende;Verbrauch;Einheit;Messwert: VAL...gemessen, EST...rechnerisch ermittelt";
        utf_8_with_mark(&table(head, starts, |start, value| {
            format!("1;AT008;;{};{};{value};KWH;VAL", dots(start), dots(start + 900))
        }))
    }),
    ("common form", |starts| {
        let head = "Startdatum;Enddatum;Zählpunktbezeichnung;Name der Energiegemeinschaft;ID der Energiegemeinschaft;OBIS;OBIS Kurzbeschreibung;Wert;Einheit;Qualität;Qualität Beschreibung";
        latin_1(&table(head, starts, |start, value| {
            format!(
                "{};{};AT007;;;;;{value};kWh;L1;Echtwert gemessen\r",
                dots(start),
                dots(start + 900)
            )
        }))
    }),
    ("common form with offsets", |starts| {
        let head = "Ende Ablesezeitraum;Messintervall;Abrechnungsmaßeinheit;Haus - AT001 - Verbrauch [kWh]";
        utf_8_with_mark(&table(head, starts, |start, value| {
            format!("{};QH;KWH;{value}", iso(start + 900))
        }))
    }),
    ("IKB", |starts| {
        let head = "\"Datum\",\"AT0051000602000000000000000000000 ab 21.02.2024 00:30\"";
        // Sorted as text. A month ends at 00:00 of the next one, which then is its first row.
        let mut starts = starts.to_vec();
        let last = starts.pop();
        let starts: Vec<_> = last.into_iter().chain(starts).collect();
        utf_8_with_mark(&table(head, &starts, |start, value| {
            format!("\"{}\",\"{}\"", dots(start + 900), value.replace(',', "."))
        }))
    }),
    ("newest first", |starts| {
        let starts: Vec<_> = starts.iter().rev().copied().collect();
        table("Datum von;Datum bis;Verbrauch in kWh;Ersatzwert", &starts, |start, value| {
            format!("{};{};{value};", dots(start), dots(start + 900))
        })
        .into_bytes()
    }),
];

/// The readings of a meter, each five minutes.
fn readings(from: i64, to: i64) -> String {
    let mut text = String::new();
    let mut register = 5_000_000;
    for second in (from..=to).step_by(300) {
        let time = iso(second).replacen('+', ":00+", 1);
        let line = format!(
            "{{\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{register},\"energy_export_wh\":{}}}\n",
            2 * register
        );
        text.push_str(&line);
        let start = second - second.rem_euclid(900);
        // The whole energy of the quarter in its first third.
        register += if second == start { energy(start) } else { 0 };
    }
    text
}

fn compare(folder: &TempDir, export: &[u8], input: &str, options: &[&str]) -> Ran {
    let path: PathBuf = folder.path().join("portal.csv");
    fs::write(&path, export).unwrap();
    let path = path.to_str().unwrap();
    run(&[&["quarters", "--compare", path], options].concat(), input.as_bytes())
}

#[test]
fn the_export_of_each_operator_is_that_of_the_meter_over_both_clock_changes() {
    let folder = TempDir::new().unwrap();
    for (from, to) in
        [(SPRING - 25 * 3600, SPRING + 20 * 3600), (AUTUMN - 26 * 3600, AUTUMN + 22 * 3600)]
    {
        let input = readings(from, to);
        let starts: Vec<i64> = (from..to).step_by(900).collect();
        let sum: i64 = starts.iter().map(|start| energy(*start)).sum();
        for (name, form) in FORMS {
            let ran = compare(&folder, &form(&starts), &input, &[]);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{name}");
            let expected = format!(
                "{{\"schema\":1,\"compared\":{},\"different\":0,\"missing_portal\":0,\"missing_meter\":0,\"energy_import_wh\":{sum},\"portal_wh\":{sum},\"difference_wh\":0}}\n",
                starts.len()
            );
            assert_eq!(ran.out, expected, "{name}");
        }
    }
}

#[test]
fn what_differs_and_what_is_missing_is_printed() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (AUTUMN - 2 * 3600, AUTUMN + 2 * 3600);
    let input = readings(from, to);
    let export = table(
        "Messzeitpunkt;Verbrauch (kWh);",
        &(from - 1800..to).step_by(900).collect::<Vec<_>>(),
        |start, value| {
            let value = match (start - from) / 900 {
                // A tenth, three watt-hours, and two.
                4 => comma(energy(start) / 10),
                5 => comma(energy(start) + 3),
                6 => comma(energy(start) - 2),
                7 | 8 => String::new(),
                _ => value,
            };
            format!("{};{value};", dots(start + 900))
        },
    );
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", ran.out);
    assert!(
        lines[0].contains("\"quarters\":2,\"missing\":\"meter\",\"portal_wh\":"),
        "{}",
        ran.out
    );
    let start = from + 4 * 900;
    let (ours, theirs) = (energy(start), energy(start) / 10);
    let tenth = format!(
        "\"energy_import_wh\":{ours},\"portal_wh\":{theirs},\"difference_wh\":{},\"complete\":false}}",
        ours - theirs
    );
    assert!(lines[1].contains(&tenth), "{}", ran.out);
    assert!(lines[2].contains("\"difference_wh\":-3,"), "{}", ran.out);
    assert!(
        lines[3].contains("\"quarters\":2,\"missing\":\"portal\",\"energy_import_wh\":"),
        "{}",
        ran.out
    );
    assert!(
        lines[4]
            .contains("\"compared\":14,\"different\":2,\"missing_portal\":2,\"missing_meter\":2,"),
        "{}",
        ran.out
    );
    let loose = compare(&folder, export.as_bytes(), &input, &["--tolerance", "3"]);
    assert!(loose.out.contains("\"different\":1,"), "{}", loose.out);
}

/// IKB sorts its export as text: the quarters of a time that the clock shows twice stand together, in either order.
#[test]
fn an_export_that_is_sorted_as_text_has_both_quarters_of_a_time() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (AUTUMN - 5 * 3600, AUTUMN + 4 * 3600);
    let input = readings(from, to);
    let starts: Vec<i64> = (from..to).step_by(900).collect();
    let sum: i64 = starts.iter().map(|start| energy(*start)).sum();
    let expected = format!(
        "{{\"schema\":1,\"compared\":{},\"different\":0,\"missing_portal\":0,\"missing_meter\":0,\"energy_import_wh\":{sum},\"portal_wh\":{sum},\"difference_wh\":0}}\n",
        starts.len()
    );
    let ends =
        ["Datum;AT0051000602000000000000000000000 ab 21.02.2024 00:30", "Datum;Verbrauch (kWh)"];
    for (head, length) in ends.into_iter().zip([900, 0]) {
        let mut rows: Vec<_> =
            starts.iter().map(|start| (dots(start + length), comma(energy(*start)))).collect();
        // By time, with the quarters of summer first.
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let text = |rows: &[(String, String)]| {
            let rows = rows.iter().map(|(time, value)| format!("{time};{value}\n"));
            format!("{head}\n{}", rows.collect::<String>())
        };
        let by_time = text(&rows);
        // By the whole line: the smaller value first, and then last.
        rows.sort();
        let by_line = text(&rows);
        rows.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
        let turned = text(&rows);
        rows.reverse();
        for export in [by_time, by_line, turned, text(&rows)] {
            let ran = compare(&folder, export.as_bytes(), &input, &[]);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{export}");
            assert_eq!(ran.out, expected, "{export}");
        }
    }
}

#[test]
fn a_value_that_replaces_another_is_said() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (AUTUMN - 26 * 3600, AUTUMN - 24 * 3600);
    let mut starts: Vec<i64> = (from..to).step_by(900).collect();
    let head = "Messzeitpunkt;Verbrauch (kWh);";
    starts.push(to - 900);
    let row = |start: i64, value: String| format!("{};{value};", dots(start + 900));
    let same = table(head, &starts, row);
    let ran = compare(&folder, same.as_bytes(), &readings(from, to), &[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let other = format!("{same}{};9,999;\n", dots(to));
    let ran = compare(&folder, other.as_bytes(), &readings(from, to), &[]);
    assert!(ran.err.contains("the row in line 11 has another value for a quarter"), "{}", ran.err);
    assert!(ran.out.contains("\"portal_wh\":9999,"), "{}", ran.out);
}

/// Salzburg Netz wrote an export in 2023 that has the hour from two to three once in autumn, with twice the energy.
#[test]
fn a_doubled_hour_that_an_export_has_once_is_the_sum_of_both() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (AUTUMN - 5 * 3600, AUTUMN + 4 * 3600);
    let input = readings(from, to);
    // From 02:00 to 03:00 summer time, and then from 03:00 on.
    let doubled = AUTUMN - 3600..AUTUMN;
    let starts: Vec<i64> =
        (from..to).step_by(900).filter(|at| !(AUTUMN..AUTUMN + 3600).contains(at)).collect();
    let both = |start: i64| match doubled.contains(&start) {
        true => energy(start) + energy(start + 3600),
        false => energy(start),
    };
    let sum: i64 = starts.iter().map(|start| both(*start)).sum();
    let head = "\"Datum und Uhrzeit\";\"Restverbrauch (594,373 kWh)\";\"Status\"";
    let of_start =
        table(head, &starts, |start, _| format!("\"{}\";{};\"\"", dots(start), comma(both(start))));
    let of_end = table("Messzeitpunkt;Verbrauch (kWh);", &starts, |start, _| {
        // 03:00 ends the last quarter of both hours.
        let end = if start == AUTUMN - 900 { AUTUMN + 3600 } else { start + 900 };
        format!("{};{};", dots(end), comma(both(start)))
    });
    for export in [&of_start, &of_end] {
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        let expected = format!(
            "{{\"schema\":1,\"compared\":{},\"different\":0,\"missing_portal\":0,\"missing_meter\":0,\"energy_import_wh\":{sum},\"portal_wh\":{sum},\"difference_wh\":0}}\n",
            starts.len()
        );
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert_eq!(ran.out, expected, "{export}");
    }
    // A portal that leaves one of both hours out has less than the meter.
    let half = table(head, &starts, |start, value| format!("\"{}\";{value};\"\"", dots(start)));
    let ran = compare(&folder, half.as_bytes(), &input, &[]);
    let line = format!(
        "{{\"schema\":1,\"start\":\"2026-10-25T02:00:00+02:00\",\"end\":\"2026-10-25T02:15:00+01:00\",\"quarters\":2,\"energy_import_wh\":{},\"portal_wh\":{},\"difference_wh\":{},\"complete\":false}}",
        both(AUTUMN - 3600),
        energy(AUTUMN - 3600),
        energy(AUTUMN),
    );
    assert_eq!(ran.out.lines().next(), Some(line.as_str()), "{}", ran.out);
    assert!(ran.out.contains("\"different\":4,\"missing_portal\":0,"), "{}", ran.out);
}

/// A row of a day with one time, as that of 00:00, is no quarter hour that ends there.
#[test]
fn one_row_is_a_quarter_hour_only_where_the_export_says_so() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING + 3600, SPRING + 7200);
    let (input, start) = (readings(from, to), [from]);
    let lone = |head: &str, row: &str| format!("{head}\n{row}\n");
    for export in [
        lone("Messzeitpunkt;Verbrauch (kWh);", "29.03.2026 04:15;1,200;"),
        lone("Messzeitpunkt;Verbrauch (kWh);", "30.03.2026 00:00;1,200;"),
        lone("Datum;Verbrauch (kWh)", "29.03.2026;1,200"),
    ] {
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{export}");
        assert!(ran.err.contains("nothing tells if it is a quarter hour or a day"), "{}", ran.err);
    }
    let day = lone("Datum;Zeit von;Zeit bis;Verbrauch [kWh]", "29.03.2026;00:00:00;00:00:00;1,200");
    let named = lone(
        "Ende Ablesezeitraum;Messintervall;Haus - AT001 - Verbrauch [kWh]",
        "2026-03-29T04:15+02:00;D;1,200",
    );
    for export in [day, named] {
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert!(ran.err.contains("no quarter hours: export these"), "{}", ran.err);
    }
    // These have an end, or name the length.
    for (name, form) in FORMS {
        let ran = compare(&folder, &form(&start), &input, &[]);
        match name {
            "Netz NÖ" | "Salzburg Netz" | "Salzburg Netz 2026" | "Kärnten Netz" | "IKB" => {
                assert_eq!(ran.status, 2, "{name}");
            }
            _ => {
                assert!(ran.out.contains("\"compared\":1,\"different\":0,"), "{name}: {}", ran.err)
            }
        }
    }
}

#[test]
fn sides_without_a_quarter_in_common_are_told() {
    let folder = TempDir::new().unwrap();
    let export = |from: i64| {
        let starts: Vec<i64> = (from..from + 7200).step_by(900).collect();
        table("Messzeitpunkt;Verbrauch (kWh);", &starts, |start, value| {
            format!("{};{value};", dots(start + 900))
        })
    };
    let input = readings(SPRING + 7200, SPRING + 14_400);
    let ran = compare(&folder, export(AUTUMN + 7200).as_bytes(), &input, &[]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    let words = "portal.csv has 2026-10-25T04:00:00+01:00 to 2026-10-25T06:00:00+01:00, and the readings \
                 have 2026-03-29T05:00:00+02:00 to 2026-03-29T07:00:00+02:00\n";
    assert!(ran.err.contains("no quarter in common: ") && ran.err.ends_with(words), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.out.contains("\"compared\":0,"), "{}", ran.out);
    // Energy into the grid, and a meter that has none.
    let fed_in = export(SPRING + 7200).replace("Verbrauch", "Einspeisung");
    let bare: String = input
        .lines()
        .map(|line| format!("{}}}\n", line.split(",\"energy_export_wh").next().unwrap()))
        .collect();
    let ran = compare(&folder, fed_in.as_bytes(), &bare, &[]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    assert!(
        ran.err.ends_with("the readings have no whole quarter with energy_export_wh\n"),
        "{}",
        ran.err
    );
}

/// An export whose times are the other ends of quarters, or winter time in summer.
#[test]
fn times_that_are_moved_are_told() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (AUTUMN - 7200, AUTUMN + 7200);
    let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
    let said = |head: &str, shift: i64| {
        let export =
            table(head, &starts, |start, value| format!("{};{value};", dots(start + shift)));
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.err
    };
    let (ends, begins) = ("Messzeitpunkt;Verbrauch (kWh);", "Datum;Verbrauch (kWh);");
    assert_eq!((said(ends, 900), said(begins, 0)), (String::new(), String::new()));
    let words = "portal.csv: 16 of 16 rows fit the meter if their times are 15 minutes later: they may be the \
                 starts of quarters; if so, name the column 'von' instead of 'Messzeitpunkt'\n";
    assert!(said(ends, 0).ends_with(words), "{}", said(ends, 0));
    assert_eq!(said("Von;Verbrauch (kWh);", 0), "");
    let words = "15 minutes earlier: they may be the ends of quarters; if so, name the column 'bis' instead of 'Datum'\n";
    assert!(said(begins, 900).ends_with(words), "{}", said(begins, 900));
    // No other name of its column makes IKB's times starts.
    let words = "15 minutes later: the clock of the portal or of the meter may be wrong\n";
    let ikb = said("Datum;AT0051000602000000000000000000000 ab 21.02.2024 00:30;", 0);
    assert!(ikb.ends_with(words), "{ikb}");
    // A difference of its own does not hide the others.
    let export = table(ends, &starts, |start, value| {
        let value = if start == from { "9,999".to_owned() } else { value };
        format!("{};{value};", dots(start))
    });
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert!(ran.err.contains(": 15 of 16 rows fit"), "{}", ran.err);
    let (from, to) = (SPRING + 7200, SPRING + 14_400);
    let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
    let winter = table(ends, &starts, |start, value| format!("{};{value};", dots(start - 2700)));
    let ran = compare(&folder, winter.as_bytes(), &input, &[]);
    assert!(
        ran.err.contains("8 of 8 rows fit the meter if their times are 60 minutes later"),
        "{}",
        ran.err
    );
}

#[test]
fn energy_into_the_grid_is_compared_with_the_other_register() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING, SPRING + 3600);
    let starts: Vec<i64> = (from..to).step_by(900).collect();
    let export = table("Messzeitpunkt;Einspeisung (kWh);", &starts, |start, _| {
        format!("{};{};", dots(start + 900), comma(2 * energy(start)))
    });
    let ran = compare(&folder, export.as_bytes(), &readings(from, to), &[]);
    assert!(ran.out.contains("\"compared\":4,\"different\":0,"), "{}", ran.out);
    assert!(ran.out.contains("\"energy_export_wh\":"), "{}", ran.out);
}

#[test]
fn the_unit_stands_anywhere_in_the_name_of_the_column() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING, SPRING + 3600);
    let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
    let export = |name: &str, decimals: usize| {
        table(&format!("Messzeitpunkt;{name}"), &starts, |start, _| {
            let (unit, wh) = (10_i64.pow(decimals as u32), energy(start));
            let fraction = format!(",{:0decimals$}", wh % unit);
            let fraction = if decimals > 0 { &fraction } else { "" };
            format!("{};{}{fraction}", dots(start + 900), wh / unit)
        })
    };
    for (name, decimals) in [
        ("Verbrauch in Wh", 0),
        ("Verbrauch Wh", 0),
        ("Energiemenge in Wh", 0),
        ("Haus W - AT001 - Verbrauch [Wh]", 0),
        ("Verbrauch (in kWh)", 3),
        ("Verbrauch kWh", 3),
        ("Restverbrauch (306,499 kWh)", 3),
        ("Verbrauch", 3),
        ("Verbrauch (MWh)", 6),
        ("Energiemenge in MWh", 6),
    ] {
        let ran = compare(&folder, export(name, decimals).as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{name}");
        assert!(
            ran.out.starts_with("{\"schema\":1,\"compared\":4,\"different\":0,"),
            "{}",
            ran.out
        );
    }
    for name in [
        "Verbrauch in kW",
        "Verbrauch [kW]",
        "Verbrauch (W)",
        "Verbrauch (kvarh)",
        "Blindverbrauch [kvarh]",
        "Blindverbrauch",
    ] {
        let ran = compare(&folder, export(name, 3).as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}");
        assert!(ran.err.contains("values in another unit than kWh"), "{name}: {}", ran.err);
    }
    // Reactive energy beside the energy is not compared.
    let beside =
        table("Messzeitpunkt;Verbrauch [kWh];Blindverbrauch [kvarh]", &starts, |start, wh| {
            format!("{};{wh};0,5", dots(start + 900))
        });
    let ran = compare(&folder, beside.as_bytes(), &input, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("\"compared\":4,\"different\":0,"), "{}", ran.out);
}

#[test]
fn a_csv_of_quarters_is_compared_like_an_export() {
    let folder = TempDir::new().unwrap();
    for (from, to) in [(SPRING - 7200, SPRING + 7200), (AUTUMN - 7200, AUTUMN + 7200)] {
        let input = readings(from, to);
        for options in [
            &["--csv-locale", "at"][..],
            &["--csv-locale", "at", "--unit", "energy=kWh"],
            &["--csv-locale", "at", "--unit", "energy=kWh", "--fields", "start,energy_import_kwh"],
            &["--fields", "end,energy_export_wh"],
            &[],
        ] {
            let command = [&["quarters", "--format", "csv"], options].concat();
            let export = run(&command, input.as_bytes());
            let ran = compare(&folder, export.out.as_bytes(), &input, &[]);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{options:?}: {}", export.out);
            let sums =
                ran.out.matches("\"compared\":16,\"different\":0,\"missing_portal\":0,").count();
            let both = options.iter().all(|it| !it.contains(','));
            assert_eq!(sums, if both { 2 } else { 1 }, "{options:?}: {}", ran.out);
        }
    }
}

/// The common form of E-Control and that of Wiener Netze have a column for each metering point.
#[test]
fn both_directions_beside_each_other_are_compared_each_with_its_register() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING, SPRING + 3600);
    let starts: Vec<i64> = (from..to).step_by(900).collect();
    let sum: i64 = starts.iter().map(|start| energy(*start)).sum();
    let sums = |field: &str, sum: i64| {
        format!(
            "{{\"schema\":1,\"compared\":4,\"different\":0,\"missing_portal\":0,\"missing_meter\":0,\
             \"{field}\":{sum},\"portal_wh\":{sum},\"difference_wh\":0}}\n"
        )
    };
    let common = "Ende Ablesezeitraum;Messintervall;Abrechnungsmaßeinheit;";
    let point = |at: u8, kind: &str| format!("Haus - AT00{at} - {kind} [kWh]");
    let (consumed, fed_in) = (point(1, "Verbrauch"), point(2, "Einspeisung"));
    let pair = |head: &str, values: fn(i64) -> [String; 2]| {
        table(head, &starts, |start, _| {
            format!("{};QH;KWH;{}", iso(start + 900), values(energy(start)).join(";"))
        })
    };
    let (import, export) = (sums("energy_import_wh", sum), sums("energy_export_wh", 2 * sum));
    for (head, values, expected) in [
        (
            format!("{common}{consumed};{fed_in}"),
            (|wh| [comma(wh), comma(2 * wh)]) as fn(i64) -> [String; 2],
            format!("{import}{export}"),
        ),
        (
            format!("{common}{fed_in};{consumed}"),
            |wh| [comma(2 * wh), comma(wh)],
            format!("{export}{import}"),
        ),
        // A point that does not feed in has no values.
        (format!("{common}{fed_in};{consumed}"), |wh| [String::new(), comma(wh)], import.clone()),
    ] {
        let ran = compare(&folder, pair(&head, values).as_bytes(), &readings(from, to), &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{head}");
        assert_eq!(ran.out, expected, "{head}");
    }
    // A meter without the register of one of them.
    let bare = readings(from, to).replace("energy_export_wh", "other");
    let both = pair(&format!("{common}{consumed};{fed_in}"), |wh| [comma(wh), comma(2 * wh)]);
    let ran = compare(&folder, both.as_bytes(), &bare, &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.starts_with(&import), "{}", ran.out);
    assert!(ran.err.contains("have no whole quarter with energy_export_wh\n"), "{}", ran.err);
    let two = format!("{common}{consumed};{}", point(2, "Verbrauch"));
    let ran = compare(&folder, pair(&two, |wh| [comma(wh), comma(wh)]).as_bytes(), &bare, &[]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
    let names = "several columns of energy in the same direction, 'Haus - AT001 - Verbrauch [kWh]' and \
                 'Haus - AT002 - Verbrauch [kWh]': keep the one of this meter\n";
    assert!(ran.err.ends_with(names), "{}", ran.err);
}

#[test]
fn a_wrong_file_and_two_meters_say_what_to_do() {
    let folder = TempDir::new().unwrap();
    let input = readings(SPRING, SPRING + 3600);
    let say = |export: &str, input: &str, options: &[&str], message: &str| {
        let ran = compare(&folder, export.as_bytes(), input, options);
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains(message), "{}", ran.err);
    };
    say("a;b\n1;2\n", &input, &[], "no row of names that an operator's portal is known to write");
    for below in ["", "\n\n", ";;\n"] {
        let head = format!("Datum von;Datum bis;Verbrauch in kWh\n{below}");
        say(&head, &input, &[], "portal.csv: a row of names, and nothing below it");
    }
    let days = "Datum von;Datum bis;Verbrauch in kWh\n01.03.2026 00:00;02.03.2026 00:00;4,5\n";
    let days = format!("{days}02.03.2026 00:00;03.03.2026 00:00;5,5\nSumme;;10\n");
    say(&days, &input, &[], "no quarter hours: export these, not hours or days");
    let american = "Datum von;Datum bis;Verbrauch in kWh\n1/2/2026 0:00;1/2/2026 0:15;0.5\n";
    say(american, &input, &[], "the rows have no time or no number that can be read");
    say(american, &input, &[], "the first one is in line 2");
    let unit = "Startdatum;Enddatum;Wert;Einheit\n01.03.2026 00:00;01.03.2026 00:15;4,5;MW\n";
    say(unit, &input, &[], "values in another unit than kWh: export the energies");
    let power = "Messzeitpunkt;Verbrauch (kW)\n";
    let power = format!("{power}29.03.2026 03:15;0,1\n29.03.2026 03:30;0,1\n");
    say(&power, &input, &[], "values in another unit than kWh: export the energies");
    let several = "quarters have several values";
    let coded = |code: &str| {
        let time = |minute| format!("29.03.2026 03:{minute:02}");
        let row = |at| format!("{};{};AT7;{code};0,{at};kWh\n", time(at), time(at + 15));
        [0, 15, 30].map(row).concat()
    };
    let head = "Startdatum;Enddatum;Zählpunktbezeichnung;OBIS;Wert;Einheit\n";
    let (consumed, fed_in) = (coded("1-1:1.9.0"), coded("1-1:2.9.0"));
    for (rows, field) in [(&consumed, "energy_import_wh"), (&fed_in, "energy_export_wh")] {
        let ran = compare(&folder, format!("{head}{rows}").as_bytes(), &input, &[]);
        assert!(ran.out.contains(&format!("\"{field}\"")), "{}{}", ran.out, ran.err);
    }
    let points = (0..6).map(|at| format!("29.03.2026 0{}:00;29.03.2026 0{}:15", 3 + at, 3 + at));
    let points: String = points.flat_map(|it| [format!("{it};1\n"), format!("{it};2\n")]).collect();
    say(&format!("Datum von;Datum bis;Verbrauch in kWh\n{points}"), &input, &[], several);
    let columns = "Messzeitpunkt;Verbrauch (kWh);Einspeisung (kWh)\n29.03.2026 03:15;0,1;9\n";
    let columns = format!("{columns}29.03.2026 03:30;0,1;9\n");
    let ran = compare(&folder, columns.as_bytes(), &input, &[]);
    assert!(ran.out.contains("energy_import_wh"), "{}{}", ran.out, ran.err);
    let in_wh = columns.replace("Verbrauch (kWh)", "Verbrauch (Wh)").replace(";0,1;", ";100;");
    assert_eq!(compare(&folder, in_wh.as_bytes(), &input, &[]).out, ran.out);
    let export = "Messzeitpunkt;Verbrauch (kWh)\n29.03.2026 03:15;0,1\n29.03.2026 03:30;0,1\n";
    let both = format!("{input}{}", input.replace("\"7\"", "\"8\""));
    say(
        export,
        &both,
        &[],
        "7 and 8 have the quarter of 2026-03-29T03:00:00+02:00: choose one with --meter",
    );
    let ran = compare(&folder, export.as_bytes(), &both, &["--meter", "8"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn a_workbook_is_named_with_the_way_out() {
    let folder = TempDir::new().unwrap();
    for first in
        [&b"PK\x03\x04\x14\0\x06\0\0\0[Content_Types].xml"[..], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
    {
        let export = [first, &[0; 600]].concat();
        let ran = compare(&folder, &export, &readings(SPRING, SPRING + 3600), &[]);
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains("a workbook of Excel: save its sheet as CSV"), "{}", ran.err);
    }
}

#[test]
fn rows_that_nobody_can_read_are_counted() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING, SPRING + 7200);
    let starts: Vec<i64> = (from..to).step_by(900).collect();
    let head = "Messzeitpunkt;Verbrauch (kWh);";
    let export = |wrong: usize| {
        table(head, &starts, |start, value| match (start - from) / 900 {
            3 if wrong > 0 => format!("{};n/a;", dots(start + 900)),
            5 if wrong > 1 => format!("yesterday;{value};"),
            _ => format!("{};{value};", dots(start + 900)),
        })
    };
    for (wrong, words) in [
        (0, ""),
        (1, "portal.csv: the row in line 5 has no time or no number that can be read"),
        (2, "portal.csv: 2 rows, the first in line 5, have no time or no number that can be read"),
    ] {
        let ran = compare(&folder, export(wrong).as_bytes(), &readings(from, to), &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), wrong.min(1), "{}", ran.err);
        assert!(ran.out.contains(&format!("\"missing_portal\":{wrong},")), "{}", ran.out);
    }
}

#[test]
fn no_export_that_is_cut_or_damaged_ends_the_program() {
    let starts: Vec<i64> = (AUTUMN - 1800..AUTUMN + 1800).step_by(900).collect();
    for (_, form) in FORMS {
        let export = form(&starts);
        for at in 0..export.len() {
            let cut = &export[..at];
            let mut damaged = export.clone();
            damaged[at] ^= 1 << (at % 8);
            for octets in [cut, &damaged] {
                let _ = PortalExport::parse(octets, &VIENNA);
            }
        }
    }
}
