//! The direction and the unit of an export: by the names, the rows above them, and codes.

use super::*;

/// An hour of quarters: from the grid 100, 200, 300 and 400 Wh, into it 10 Wh more than half of that.
const IMPORTED: [i64; 4] = [100, 200, 300, 400];
const FED_IN: [i64; 4] = [60, 110, 160, 210];
const FROM: i64 = SPRING + 3600;

/// The readings of that hour, at the ends of its quarters.
fn meter() -> String {
    let mut registers = [1000, 5000];
    let mut text = String::new();
    for (quarter, at) in (FROM..=FROM + 3600).step_by(900).enumerate() {
        let [import, export] = registers;
        text.push_str(&format!(
            "{{\"schema\":1,\"time\":\"{}\",\"meter\":\"7\",\"energy_import_wh\":{import},\"energy_export_wh\":{export}}}\n",
            iso(at).replacen('+', ":00+", 1)
        ));
        if let (Some(imported), Some(fed_in)) = (IMPORTED.get(quarter), FED_IN.get(quarter)) {
            registers = [import + imported, export + fed_in];
        }
    }
    text
}

fn rows(row: impl Fn(i64, usize) -> String) -> String {
    (0..4).map(|at| row(FROM + 900 * i64::try_from(at).unwrap(), at) + "\n").collect()
}

/// The sums of a comparison without differences.
fn sums(field: &str, energies: [i64; 4]) -> String {
    let sum: i64 = energies.iter().sum();
    format!(
        "{{\"schema\":1,\"compared\":4,\"different\":0,\"missing_portal\":0,\"missing_meter\":0,\
         \"{field}\":{sum},\"portal_wh\":{sum},\"difference_wh\":0}}\n"
    )
}

fn import() -> String {
    sums("energy_import_wh", IMPORTED)
}

fn export() -> String {
    sums("energy_export_wh", FED_IN)
}

fn says(export: &str, expected: &str) {
    let folder = TempDir::new().unwrap();
    let ran = compare(&folder, export.as_bytes(), &meter(), &[]);
    assert_eq!((ran.status, ran.err.as_str(), ran.out.as_str()), (0, "", expected), "{export}");
}

fn fails(export: &str, message: &str) {
    let folder = TempDir::new().unwrap();
    let ran = compare(&folder, export.as_bytes(), &meter(), &[]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{export}\n{}", ran.err);
    assert!(ran.err.contains(message) && ran.err.lines().count() == 1, "{export}\n{}", ran.err);
}

#[test]
fn words_and_codes_in_the_name_of_the_column_tell_the_direction() {
    let of_name = |name: &str, energies: [i64; 4]| {
        let rows = rows(|start, at| format!("{};{}", dots(start + 900), comma(energies[at])));
        format!("Messzeitpunkt;{name}\n{rows}")
    };
    for name in [
        "Erzeugung (kWh)",
        "Erzeugung",
        "Lieferung",
        "Rücklieferung (kWh)",
        "Netz-Lieferung",
        "A-",
        "A- (kWh)",
        "2.8.0 (kWh)",
        "1-1:2.9.0",
        "Gesamt - 2.8.0",
        "PV-Überschuss",
        "Einspeisung",
        "AT0010000000000000001000030333 (Haus) - Einspeiser [kWh]",
    ] {
        says(&of_name(name, FED_IN), &export());
    }
    for name in [
        "Bezug",
        "Netzbezug (kWh)",
        "A+",
        "1.8.0 (kWh)",
        "1-1:1.9.0",
        "Verbrauch Gesamt - 1.8.0",
        "Gesamtverbrauch lt. Messung (bei Teilnahme gem. Erzeugung) [KWH]",
        "PV Erzeugung - AT00 - Verbrauch [kWh]",
        "Haus Blindenmarkt - Verbrauch [kWh]",
    ] {
        says(&of_name(name, IMPORTED), &import());
    }
    let both = rows(|start, at| {
        format!("{};{};{}", dots(start + 900), comma(IMPORTED[at]), comma(FED_IN[at]))
    });
    let both_sums = format!("{}{}", import(), export());
    for names in [
        "Verbrauch (kWh);Erzeugung (kWh)",
        "Bezug;Lieferung",
        "A+ [kWh];A- [kWh]",
        "1.8.0;2.8.0",
        "Gesamtverbrauch (kWh);Netzlieferung (kWh)",
        "AT001 (Haus) - Verbrauch [kWh];AT002 (Haus) - Einspeiser [kWh]",
    ] {
        says(&format!("Messzeitpunkt;{names}\n{both}"), &both_sums);
    }
    // What a community takes of the whole.
    let parts = both.replace('\n', ";0,001\n");
    let names = "Verbrauch (kWh);Einspeisung (kWh);Gemeinschaftsüberschuss (kWh)";
    says(&format!("Messzeitpunkt;{names}\n{parts}"), &both_sums);
    // The share in a community is no energy of the meter.
    says(
        &format!(
            "Messzeitpunkt;Verbrauch (kWh);Eigendeckung gemeinschaftliche Erzeugung [kWh]\n{both}"
        ),
        &import(),
    );
    for names in
        ["AT001 - 1-1:1.9.0 G.01 [kWh];AT001 - 1-1:2.9.0 G.02 [kWh]", "kWh;1-1:2.9.0 g.03 (kWh)"]
    {
        says(&format!("Messzeitpunkt;{names}\n{both}"), &import());
    }
}

#[test]
fn the_word_that_alone_turns_the_direction_is_told() {
    let folder = TempDir::new().unwrap();
    let below =
        rows(|start, at| format!("{};{};{}", dots(start), dots(start + 900), comma(IMPORTED[at])));
    let export = format!("\nAnlage;Einspeisung\nDatum von;Datum bis;Energiemenge in kWh\n{below}");
    let reason = "taken for energy into the grid, by 'Einspeisung' in line 2\n";
    let ran = compare(&folder, export.as_bytes(), &meter(), &[]);
    assert!(ran.err.contains(reason), "{}", ran.err);
    assert!(
        ran.err.contains("4 of 4 rows with energy fit the other register, energy_import_wh"),
        "{}",
        ran.err
    );
    // A meter without feed-in has nothing to compare.
    let alone: String = meter()
        .lines()
        .map(|line| format!("{}}}\n", line.split(",\"energy_export_wh\"").next().unwrap()))
        .collect();
    let ran = compare(&folder, export.as_bytes(), &alone, &[]);
    assert!(ran.status == 3 && ran.err.contains(reason), "{} {}", ran.status, ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    // Nor has an export of both directions, of other days.
    let both = "Messzeitpunkt;Verbrauch (kWh);Einspeisung (kWh)\n01.04.2026 00:15;0,1;0,2\n01.04.2026 00:30;0,1;0,2\n";
    for input in [&alone, &meter()] {
        let ran = compare(&folder, both.as_bytes(), input, &[]);
        assert_eq!((ran.status, ran.err.lines().count()), (3, 1), "{}", ran.err);
    }
}

#[test]
fn words_above_tell_a_direction_if_all_tell_the_same() {
    let below = |energies: [i64; 4]| {
        let rows = rows(|start, at| {
            format!("{};{}", dots_with_seconds(start).replace(' ', ";"), comma(energies[at]))
        });
        format!("Datum;Zeit;kWh\n{rows}")
    };
    for head in [
        "Anlagenart;Überschusseinspeiser\nEnergierichtung;Netzbezug\n\n",
        "Energierichtung;Netzbezug\nAnlagenart;Einspeisung\n\n",
        "Anlagenart;Volleinspeiser\n",
        "Lastprofil Bezug und Einspeisung\n",
        "Lastprofil Einspeisung und Bezug\n",
        "Lieferant;Strom AG\nLieferadresse;Wien\n",
        "Einspeisung und Bezug\nLastprofil Bezug\n",
        "Verbrauch\nEinspeisung\n",
        "Tarif;Einspeisetarif Sonne\n",
        "Tarif;Einspeisung\n",
        "Tarif: Einspeisetarif Sonne\n",
        "Einspeisetarif Sonne\n",
        "Produkt;Überschuss Plus\n",
        "Adresse;Einspeisegasse 3\n",
        "Kunde;1;Name;Huber Einspeisung\n",
        "Anlage;PV mit Einspeisung\n",
        "Summe Bezug;5,296 kWh\nSumme Einspeisung;3,417 kWh\n",
    ] {
        says(&format!("{head}{}", below(IMPORTED)), &import());
    }
    for head in [
        "Energierichtung;Netzlieferung\n\n",
        "Anlagenart;Verbrauch und Erzeugung\nEnergierichtung;Einspeisung\n",
        "Zählpunkt;AT00;Einspeisung\n",
        "Lastprofil 1-1:2.9.0\n",
        "Messgröße;Wirkenergie A-\n",
        "Summe Einspeisung;0,540 kWh\n",
        "Energierichtung: Einspeisung\n",
    ] {
        says(&format!("{head}{}", below(FED_IN)), &export());
    }
    // `Messeinrichtung` names no direction; a word beside it may, and is told where it does not fit.
    let folder = TempDir::new().unwrap();
    let export = format!("Messeinrichtung;Einspeisezähler\n{}", below(IMPORTED));
    let ran = compare(&folder, export.as_bytes(), &meter(), &[]);
    assert!(ran.err.contains("by 'Einspeisezähler' in line 1\n"), "{}", ran.err);
    // Above a column of its own.
    let both = rows(|start, at| {
        format!("{};{};{}", dots(start + 900), comma(IMPORTED[at]), comma(FED_IN[at]))
    });
    let export = format!(";Bezug;Lieferung\nMesszeitpunkt;kWh;kWh\n{both}");
    says(&export, &format!("{}{}", import(), self::export()));
}

#[test]
fn rows_of_both_directions_are_compared_each_with_its_register() {
    let head = "Startdatum;Enddatum;Zählpunktbezeichnung;OBIS;OBIS Kurzbeschreibung;Wert;Einheit\n";
    let row = |code: &'static str, energies: [i64; 4]| {
        move |start, at: usize| {
            let (from, to) = (dots(start), dots(start + 900));
            format!("{from};{to};AT7;{code};;{};kWh", comma(energies[at]))
        }
    };
    let (consumed, fed_in) = (row("1-1:1.9.0 G.01", IMPORTED), row("1-1:2.9.0", FED_IN));
    let (imported, exported) = (rows(consumed), rows(fed_in));
    let shared = rows(row("1-1:2.9.0 G.02", [1; 4]));
    let reactive = rows(row("1-1:3.9.0", [7; 4]));
    let each: String = imported
        .lines()
        .zip(exported.lines())
        .map(|(one, two)| format!("{one}\n{two}\n"))
        .collect();
    let (import, export) = (import(), export());
    says(&format!("{head}{imported}{exported}"), &format!("{import}{export}"));
    says(&format!("{head}{exported}{imported}{reactive}"), &format!("{export}{import}"));
    says(&format!("{head}{each}"), &format!("{import}{export}"));
    says(&format!("{head}{imported}{shared}"), &import);
    // Stadtwerke Klagenfurt have words in the column of codes.
    let worded = |text: &str| {
        text.replace("1-1:1.9.0 G.01", "Lastprofil Wirk Bezug")
            .replace("1-1:2.9.0", "Lastprofil Wirk Lieferung")
            .replace(";Wert;", ";Verbrauch;")
    };
    says(&worded(&format!("{head}{exported}")), &export);
    says(&worded(&format!("{head}{imported}")), &import);
    says(&worded(&format!("{head}{imported}{exported}")), &format!("{import}{export}"));
    // Rows without a code have the direction of all others.
    let without = |rows: &str, code: &str, count: usize| {
        let lines = rows.lines().enumerate();
        let row = |(at, line): (usize, &str)| match at < count {
            true => line.replace(code, "") + "\n",
            false => line.to_owned() + "\n",
        };
        lines.map(row).collect::<String>()
    };
    let some = without(&imported, "1-1:1.9.0 G.01", 2);
    says(&format!("{head}{some}"), &import);
    says(&format!("{head}{some}{shared}"), &import);
    says(&format!("{head}{}", without(&exported, "1-1:2.9.0", 3)), &export);
    // Beside both directions they have none.
    let folder = TempDir::new().unwrap();
    let ran = compare(&folder, format!("{head}{exported}{some}").as_bytes(), &meter(), &[]);
    assert_eq!(
        ran.err.lines().filter(|line| line.contains("have no code")).count(),
        1,
        "{}",
        ran.err
    );
    assert!(ran.err.contains("2 rows, the first in line 6, have no code"), "{}", ran.err);
    let sums = "\"compared\":2,\"different\":0,\"missing_portal\":2,\"missing_meter\":0,\"energy_import_wh\":700,";
    assert!(ran.out.contains(sums), "{}", ran.out);
}

#[test]
fn the_unit_may_stand_in_any_row_above() {
    let below = |energy: fn(i64) -> String| {
        let rows = rows(|start, at| {
            format!(
                "{};{};{}",
                dots_with_seconds(start),
                dots_with_seconds(start + 900),
                energy(IMPORTED[at])
            )
        });
        format!("DATE_FROM;DATE_TO;VALUE\n{rows}")
    };
    let in_kwh = below(comma);
    let power = below(|wh| comma(4 * wh));
    for head in [
        "Ort;;\nStrom - Wirkleistung (kW);;\nkW;;\n",
        "Strom - Wirkleistung (kW);;\n",
        "Strom - Wirkleistung;;\n",
        "Einheit;kW\n",
        ";;kW\n",
        "Lastprofil in kW\n",
        "Einheit: kvarh\n",
        "Blindenergie;;\n",
    ] {
        fails(&format!("{head}{power}"), "values in another unit than kWh");
    }
    for head in ["Wh;;\n", "Strom - Wirkenergie (Wh);;\n", "Energie in Wh\n", "Einheit;Wh\n\n"] {
        says(&format!("{head}{}", below(|wh| wh.to_string())), &import());
    }
    for head in [
        "Ort;;\nStrom - Wirkenergie (kWh);;\nkWh;;\n",
        "Anschlussleistung;4;kW\n",
        "Anschlussleistung (kW);9,8\n",
        "Vertrag mit 4 kW\n",
        "Haus W\n",
        "Wirkleistung\nkWh\n",
    ] {
        says(&format!("{head}{in_kwh}"), &import());
    }
    // Below the names too.
    let rows = |energy: fn(i64) -> String| {
        rows(|start, at| format!("{};{}", dots(start + 900), energy(IMPORTED[at])))
    };
    for units in [";Wh", ";[Wh]", "Zeit;(in Wh)"] {
        let export = format!("Messzeitpunkt;Verbrauch\n{units}\n{}", rows(|wh| wh.to_string()));
        says(&export, &import());
    }
    fails(&format!("Messzeitpunkt;Verbrauch\n;kW\n{}", rows(comma)), "in another unit than kWh");
    let rows = self::rows;
    // Of two tables beside each other the one of energies counts.
    let two = rows(|start, at| {
        let times = format!("{};{}", dots_with_seconds(start), dots_with_seconds(start + 900));
        format!("{times};{};{times};{}", comma(4 * IMPORTED[at]), comma(IMPORTED[at]))
    });
    let names = "DATE_FROM;DATE_TO;VALUE;DATE_FROM;DATE_TO;VALUE";
    says(&format!("kW;;;kWh;;\n{names}\n{two}"), &import());
}

/// The names that a user gave to the columns of `quarters` tell neither units nor directions.
#[test]
fn a_csv_of_quarters_with_other_names_is_refused() {
    let input = meter();
    for options in [
        &["--names", "energy_import_wh=Bezug"][..],
        &["--names", "energy_import_wh=haus"],
        &["--names", "energy_import_wh=Bezug", "--fields", "start,energy_import_wh"],
        &["--names", "energy_import_wh=Bezug", "--csv-locale", "at"],
    ] {
        let own = run(&[&["quarters", "--format", "csv"], options].concat(), input.as_bytes());
        assert_eq!(own.status, 0, "{}", own.err);
        let name = if own.out.contains("haus") { "haus" } else { "Bezug" };
        fails(&own.out, &format!("the column '{name}' has a name of --names"));
    }
}

#[test]
fn blanks_without_a_break_are_blanks() {
    let rows = rows(|start, at| {
        let energy = comma(IMPORTED[at] + 1_000_000).replacen('1', "1\u{a0}", 1);
        format!("{};{energy}", dots(start + 900).replace(' ', "\u{202f}"))
    });
    let export = format!("Messzeitpunkt;Verbrauch\u{a0}(kWh)\n{rows}");
    let folder = TempDir::new().unwrap();
    for export in [export.replace('\u{202f}', "\u{a0}").into_bytes(), export.clone().into_bytes()] {
        let ran = compare(&folder, &export, &meter(), &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(
            ran.out.contains("\"energy_import_wh\":1000,\"portal_wh\":4001000,"),
            "{}",
            ran.out
        );
    }
    let latin = latin_1(&format!(
        "Datum\u{a0}von;Datum\u{a0}bis;Verbrauch\u{a0}in\u{a0}kWh\n{}",
        self::rows(|start, at| format!(
            "{};{};{}",
            dots(start),
            dots(start + 900),
            comma(IMPORTED[at])
        ))
    ));
    let ran = compare(&folder, &latin, &meter(), &[]);
    assert_eq!((ran.status, ran.err.as_str(), ran.out), (0, "", import()));
}
