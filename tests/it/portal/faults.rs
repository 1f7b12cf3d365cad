//! Exports that lack something: digits, values, lines, a row of names, or the table itself.

use super::*;

const FROM: i64 = SPRING + 7200;

/// Two hours of readings, and the starts of their quarters.
fn two_hours() -> (String, Vec<i64>) {
    (readings(FROM, FROM + 7200), (FROM..FROM + 7200).step_by(900).collect())
}

#[test]
fn zeros_tell_no_digits() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let head = "Messzeitpunkt;Verbrauch (kWh);Einspeisung (kWh)";
    let beside = |zero: &str, value: fn(String) -> String| {
        table(head, &starts, |start, wh| format!("{};{};{zero}", dots(start + 900), value(wh)))
    };
    let differ = starts.iter().filter(|start| 2 * energy(**start) > 5).count();
    assert!(differ > 4, "{differ}");
    let words = format!("\"compared\":8,\"different\":{differ},");
    for zero in ["0", "0,0", "0,00", "0,000"] {
        for tolerance in [&[][..], &["--tolerance", "0"]] {
            let ran = compare(&folder, beside(zero, |wh| wh).as_bytes(), &input, tolerance);
            let export = ran.out.lines().next_back().unwrap();
            assert!(
                export.contains("energy_export_wh") && export.contains(&words),
                "{zero}: {export}"
            );
        }
        // Zeros alone allow 5 Wh.
        let alone = table("Messzeitpunkt;Einspeisung (kWh)", &starts, |start, _| {
            format!("{};{zero}", dots(start + 900))
        });
        let ran = compare(&folder, alone.as_bytes(), &input, &[]);
        assert!(ran.out.contains(&words), "{zero}: {}", ran.out);
    }
    // Whole kilowatt-hours allow half of one.
    let whole =
        beside("0", |wh| if wh.as_str() >= "0,300" { "1".to_owned() } else { "0".to_owned() });
    let import = |options: &[&str]| {
        let out = compare(&folder, whole.as_bytes(), &input, options).out;
        out.lines().find(|line| line.contains("compared")).unwrap().to_owned()
    };
    let off = |least: i64| {
        let theirs = |start: &i64| if energy(*start) >= 300 { 1000 } else { 0 };
        starts.iter().filter(|start| (energy(**start) - theirs(start)).abs() > least).count()
    };
    assert!(import(&[]).contains(&format!("\"different\":{},", off(500))), "{}", import(&[]));
    let exact = import(&["--tolerance", "0"]);
    assert!(exact.contains(&format!("\"different\":{},", off(0))), "{exact}");
}

#[test]
fn a_line_has_its_number_whatever_its_end() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Kunde;1\n\nMesszeitpunkt;Verbrauch (kWh)", &starts, |start, value| {
        let value = if start == FROM + 1800 { "n/a".to_owned() } else { value };
        format!("{};{value}", dots(start + 900))
    });
    for end in ["\n", "\r\n", "\r"] {
        let ran = compare(&folder, export.replace('\n', end).as_bytes(), &input, &[]);
        assert!(
            ran.err.contains("the row in line 6 has no time or no number"),
            "{end:?}: {}",
            ran.err
        );
    }
}

#[test]
fn the_row_of_names_tells_the_sign_between_cells() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    for (comment, sign) in [
        ("# Kunde 1; Zähler 7\n", ','),
        ("# Kunde 1;;;\tZähler 7\n", ','),
        ("Kunde 1; Zähler 7\n", '\t'),
        ("Kunde 1, Zähler 7\n", ';'),
        ("Verbrauch von;29.03.2026;bis;29.03.2026\n", ';'),
        ("Verbrauch von;29.03.26;bis;29.03.26\n", '\t'),
        ("Verbrauch von,29.03.2026 00:00,bis,29.03.2026 24:00\n", ','),
        ("sep=,\n", ','),
    ] {
        let names = "Datum von;Datum bis;Verbrauch in kWh".replace(';', &sign.to_string());
        let export = table(&format!("{comment}{names}"), &starts, |start, value| {
            format!("{}{sign}{}{sign}\"{value}\"", dots(start), dots(start + 900))
        });
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{export}");
        assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{export}\n{}", ran.out);
    }
}

#[test]
fn days_without_values_are_told() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    for names in
        ["Messzeitpunkt;Verbrauch (kWh);Qualität;", "Datum;Verbrauch (kWh);Einspeisung (kWh);"]
    {
        let export = table(names, &starts, |start, _| format!("{};;;", dots(start + 900)));
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("the portal has none for these days yet"), "{}", ran.err);
    }
}

#[test]
fn a_line_that_the_end_cuts_off_is_left_out() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let four = &starts[..4];
    let wide = |value: &str| {
        let export =
            table("Messzeitpunkt;Verbrauch (kWh);Qualität;", &four[..3], |start, value| {
                format!("{};{value};G;", dots(start + 900))
            });
        format!("{export}{};{value}", dots(four[3] + 900))
    };
    let narrow = |value: &str| {
        let export = table("Messzeitpunkt;Verbrauch (kWh)", &four[..3], |start, value| {
            format!("{};{value}", dots(start + 900))
        });
        format!("{export}{};{value}", dots(four[3] + 900))
    };
    let value = comma(energy(four[3]));
    let cut = |count: usize| value[..count].to_owned();
    for export in [
        wide(&cut(3)),
        wide(&value),
        wide(&cut(2)),
        narrow(&cut(3)),
        narrow(&cut(2)),
        narrow("\"0,1"),
    ] {
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let words = "portal.csv: the last line, 5, is cut off and left out: download the export once more\n";
        assert!(ran.err.ends_with(words) && ran.err.lines().count() == 1, "{export}\n{}", ran.err);
        assert!(
            ran.out.contains("\"compared\":3,\"different\":0,\"missing_portal\":5,"),
            "{}",
            ran.out
        );
    }
    // A file need not end with a line end, nor do numbers have zeros at their ends.
    for (head, row) in [
        ("Messzeitpunkt;Verbrauch (kWh)", (|_, value| value) as fn(usize, String) -> String),
        ("Messzeitpunkt;Verbrauch (kWh)", |at, _| ["0,125", "0,25", "0,125", "0,5"][at].to_owned()),
        ("Messzeitpunkt;Verbrauch (kWh)", |at, _| ["0,125", "0", "0,125", "0"][at].to_owned()),
    ] {
        let rows = four
            .iter()
            .enumerate()
            .map(|(at, start)| format!("{};{}", dots(start + 900), row(at, comma(energy(*start)))));
        let export = format!("{head}\n{}", rows.collect::<Vec<_>>().join("\n"));
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert!(ran.err.is_empty() && ran.out.contains("\"compared\":4,"), "{export}\n{}", ran.err);
        let ran = compare(&folder, format!("{export}\n96 Werte").as_bytes(), &input, &[]);
        assert!(ran.err.is_empty() && ran.out.contains("\"compared\":4,"), "{export}\n{}", ran.err);
    }
}

#[test]
fn rows_of_another_length_are_told() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Datum von;Datum bis;Verbrauch in kWh", &starts[..4], |start, value| {
        format!("{};{};{value}", dots(start), dots(start + 900))
    });
    let hour = format!("{};{};0,840\n", dots(starts[4]), dots(starts[4] + 3600));
    let day = "29.03.2026 00:00;30.03.2026 00:00;9,999\n";
    for (rows, words) in [
        (hour.clone(), "the row in line 6 has another length than a quarter hour"),
        (
            format!("{hour}{day}"),
            "2 rows, the first in line 6, have another length than a quarter hour",
        ),
    ] {
        let ran = compare(&folder, format!("{export}{rows}").as_bytes(), &input, &[]);
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{}", ran.err);
        assert!(
            ran.out.contains("\"compared\":4,\"different\":0,\"missing_portal\":4,"),
            "{}",
            ran.out
        );
    }
    // By the name of the interval.
    let named = |length: &str| {
        let rows = table(
            "Ende Ablesezeitraum;Messintervall;Haus - Verbrauch [kWh]",
            &starts,
            |start, wh| format!("{};QH;{wh}", iso(start + 900)),
        );
        format!("{rows}{};{length};21,100\n", iso(FROM + 7200))
    };
    for length in ["D", "H", "Tag", "1 Stunde"] {
        let ran = compare(&folder, named(length).as_bytes(), &input, &[]);
        let words = "the row in line 10 has another length than a quarter hour";
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{length}: {}", ran.err);
        assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{length}: {}", ran.out);
    }
    // By the distance of rows with one time, an end or a start; a gap in quarters is none.
    for (names, ahead) in [("Messzeitpunkt;Verbrauch (kWh)", 1), ("Datum;Verbrauch (kWh)", 0)] {
        let quarters = table(names, &starts[..4], |start, value| {
            format!("{};{value}", dots(start + 900 * ahead))
        });
        let hours: String =
            (1..4).map(|hour| format!("{};1,234\n", dots(FROM + 3600 * (hour + ahead)))).collect();
        let ran = compare(&folder, format!("{quarters}{hours}").as_bytes(), &input, &[]);
        let words = "3 rows, the first in line 6, have another length than a quarter hour";
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{}", ran.err);
        let sums = "\"compared\":4,\"different\":0,\"missing_portal\":4,\"missing_meter\":0,";
        assert!(ran.out.contains(sums), "{}", ran.out);
    }
    // The readings may be the hours too; --compare takes no --every.
    let hours = run(&["quarters", "--every", "1h"], input.as_bytes());
    let ran = compare(&folder, export.as_bytes(), &hours.out, &[]);
    assert!(
        ran.err.contains("give the readings, or the rows of quarters without --every"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("choose a longer --every"), "{}", ran.err);
}

#[test]
fn a_lone_quote_costs_one_row_at_most() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let names = "Datum von;Datum bis;Energiemenge in kWh;Ersatzwert";
    let quarters = table(names, &starts, |start, value| {
        format!("{};{};{value};", dots(start), dots(start + 900))
    });
    let third = format!("{};", dots(starts[2]));
    let value = comma(energy(starts[2]));
    for (export, lost) in [
        (quarters.replace(&format!(";{value};"), &format!(";\"{value};")), 1),
        (quarters.replace(&format!(";{value};"), &format!(";{value};\"")), 0),
        (quarters.replace(&format!("\n{third}"), &format!("\n\"{third}")), 0),
        (format!("Kunde;\"Zum Adler\n{quarters}"), 0),
        (quarters.replace("Ersatzwert", "\"Ersatzwert"), 0),
    ] {
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        let sums = format!("\"compared\":{},\"different\":0,\"missing_portal\":{lost},", 8 - lost);
        assert!(ran.status == 0 && ran.out.contains(&sums), "{export}\n{}{}", ran.out, ran.err);
        let told = ran.err.matches("the row in line 4 has no time or no number").count();
        assert_eq!((told, ran.err.lines().count()), (lost, lost), "{export}\n{}", ran.err);
    }
}

#[test]
fn commas_between_cells_and_in_numbers_are_told() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    for (names, end) in [
        ("Datum von,Datum bis,Verbrauch in kWh", ""),
        ("Datum von,Datum bis,Verbrauch in kWh,Ersatzwert", ","),
        ("Datum von,Datum bis,Verbrauch in kWh,Status", ",gemessen"),
    ] {
        let of = |value: fn(i64) -> String| {
            table(names, &starts, |start, _| {
                format!("{},{},{}{end}", dots(start), dots(start + 900), value(energy(start)))
            })
        };
        let ran = compare(&folder, of(comma).as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("commas between the cells and within the numbers"), "{}", ran.err);
        let point = of(|wh| comma(wh).replace(',', "."));
        let ran = compare(&folder, point.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{point}");
        // In quotes they are no others, also in front of a number and a comma at the end.
        let quoted = of(|wh| format!("\"{}\"", comma(wh))).replace(",gemessen\n", ",7,\n");
        let ran = compare(&folder, quoted.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{quoted}");
        // Thousands with a comma, behind which a point stands.
        let thousands = point.replacen(&comma(energy(starts[2])).replace(',', "."), "1,125.0", 1);
        let ran = compare(&folder, thousands.as_bytes(), &input, &[]);
        assert!(ran.err.contains("the row in line 4 has no time or no number"), "{}", ran.err);
        // With a sign, with a point of thousands, with a unit.
        for number in ["-0,613", "1.234,5", "0,380 kWh"] {
            let one = point.replacen(&comma(energy(starts[2])).replace(',', "."), number, 1);
            let ran = compare(&folder, one.as_bytes(), &input, &[]);
            assert!(ran.err.contains("the row in line 4 has no time or no number"), "{}", ran.err);
        }
        // One of eight.
        let one = comma(energy(starts[2]));
        let ran =
            compare(&folder, point.replace(&one.replace(',', "."), &one).as_bytes(), &input, &[]);
        assert!(ran.err.contains("the row in line 4 has no time or no number"), "{}", ran.err);
        assert!(ran.out.contains("\"compared\":7,\"different\":0,"), "{}", ran.out);
    }
}

#[test]
fn an_empty_cell_and_a_remark_behind_the_names_cost_no_row() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    for end in [",", ",Ersatzwert"] {
        let export = table("Beginn,Ende,Verbrauch (kWh)", &starts, |start, value| {
            let end = if start == starts[3] { end } else { "" };
            format!("{},{},{}{end}", dots(start), dots(start + 900), value.replace(',', "."))
        });
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{export}");
        assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{}", ran.out);
    }
}

/// 12 digits behind the point of a watt-hour: eight such energies do not fit.
#[test]
fn energies_that_a_portal_has_computed_add_up() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Messzeitpunkt;Verbrauch (kWh)", &starts, |start, _| {
        format!("{};5000,123456789012345", dots(start + 900))
    });
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert!(ran.out.contains("\"different\":8,"), "{}", ran.out);
    assert!(ran.out.contains("\"portal_wh\":40000987.654312,"), "{}", ran.out);
}

#[test]
fn rows_below_other_names_are_told() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let of = |name: &str, starts: &[i64]| {
        table(&format!("Datum von;Datum bis;{name}"), starts, |start, value| {
            format!("{};{};{value}", dots(start), dots(start + 900))
        })
    };
    for (first, second) in [(&starts[..], &starts[..]), (&starts[..5], &starts[5..])] {
        let export = of("Verbrauch (kWh)", first) + "\n" + &of("Einspeisung (kWh)", second);
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        let words = format!(
            "{} rows, the first in line {}, have other names of columns above",
            second.len(),
            first.len() + 4
        );
        assert!(ran.err.contains(&words) && ran.err.lines().count() == 1, "{}", ran.err);
        let sums = format!("\"compared\":{},\"different\":0,", first.len());
        assert!(ran.out.contains(&sums), "{}", ran.out);
    }
    // The same names once more.
    let export = of("Verbrauch (kWh)", &starts[..5]) + &of("Verbrauch (kWh)", &starts[5..]);
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{}", ran.out);
}

#[test]
fn the_sum_of_a_day_is_no_quarter_at_midnight() {
    let folder = TempDir::new().unwrap();
    let from = SPRING - 7200;
    assert_eq!(dots(from), "29.03.2026 00:00");
    let (input, starts) =
        (readings(from, from + 3600), (from..from + 3600).step_by(900).collect::<Vec<_>>());
    for (names, day) in [("Datum;Zeit;kWh", "29.03.2026;;4,073"), ("Datum;kWh", "29.03.2026;4,073")]
    {
        let has_clock = names.contains("Zeit");
        let rows = table(names, &starts, |start, value| {
            let time = dots(start);
            format!("{};{value}", if has_clock { time.replace(' ', ";") } else { time })
        });
        let (head, below) = rows.split_once('\n').unwrap();
        for (export, line) in
            [(format!("{rows}{day}\n"), 6), (format!("{head}\n{day}\n{below}"), 2)]
        {
            let ran = compare(&folder, export.as_bytes(), &input, &[]);
            let words = format!("the row in line {line} has another length than a quarter hour");
            assert!(ran.err.contains(&words) && ran.err.lines().count() == 1, "{}", ran.err);
            assert!(
                ran.out.contains(
                    "\"compared\":4,\"different\":0,\"missing_portal\":0,\"missing_meter\":0,"
                ),
                "{}",
                ran.out
            );
        }
    }
    // Midnight may be the date alone, where no row has it with its time.
    let rows = table("Datum;kWh", &starts, |start, value| {
        format!("{};{value}", dots(start).replace(" 00:00", ""))
    });
    let ran = compare(&folder, rows.as_bytes(), &input, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("\"compared\":4,\"different\":0,"), "{}", ran.out);
}

#[test]
fn rows_of_sums_and_maxima_are_no_quarters() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Messzeitpunkt;Verbrauch (kWh)", &starts, |start, value| {
        format!("{};{value}", dots(start + 900))
    });
    let time = dots(starts[3] + 900);
    for row in [
        format!("Maximum {time};0,399"),
        format!("Summe {};4,073", &time[..10]),
        format!("Stand {time};4,073"),
    ] {
        let ran = compare(&folder, format!("{export}{row}\n").as_bytes(), &input, &[]);
        assert!(ran.err.contains("the row in line 10 has no time or no number"), "{}", ran.err);
        let sums = "\"compared\":8,\"different\":0,\"missing_portal\":0,\"missing_meter\":0,";
        assert!(ran.out.contains(sums), "{row}\n{}", ran.out);
    }
}

#[test]
fn a_row_without_its_start_is_no_row_at_its_end() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Datum von;Datum bis;Verbrauch (kWh)", &starts[..4], |start, value| {
        let from = if start == starts[3] { String::new() } else { dots(start) };
        format!("{from};{};{value}", dots(start + 900))
    });
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert!(ran.err.contains("the row in line 5 has no time or no number"), "{}", ran.err);
    assert!(ran.out.contains("\"compared\":3,\"different\":0,"), "{}", ran.out);
}

#[test]
fn a_cell_without_a_unit_has_that_of_the_others() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let export = table("Datum von;Datum bis;Wert;Einheit", &starts, |start, _| {
        let unit = if start == starts[0] { "" } else { "Wh" };
        format!("{};{};{};{unit}", dots(start), dots(start + 900), energy(start))
    });
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{}", ran.out);
}

#[test]
fn a_table_of_days_may_stand_above_that_of_quarters() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let names = "Datum von;Datum bis;Energiemenge in kWh;Ersatzwert";
    let quarters = table(names, &starts, |start, value| {
        format!("{};{};{value};", dots(start), dots(start + 900))
    });
    for days in ["29.03.2026;5,296\n", "29.03.2026;5,296\n28.03.2026;20,1\n\n"] {
        let export = format!("Datum;Verbrauch (kWh)\n{days}{quarters}");
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{days}");
        assert!(ran.out.contains("\"compared\":8,\"different\":0,"), "{}", ran.out);
    }
}

#[test]
fn a_file_of_another_kind_is_named_with_the_way_out() {
    let folder = TempDir::new().unwrap();
    let (input, _) = two_hours();
    for (octets, words) in [
        (&b""[..], "an empty file: export the quarter hours once more"),
        (b"\xef\xbb\xbf\r\n", "an empty file"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF: export the quarter hours as CSV"),
        (b"PK\x03\x04\x14\0\0\0\0\0portal.csv", "a ZIP archive: unpack it"),
        (
            b"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "save its sheet as CSV",
        ),
        (b"\x1f\x8b\x08\0", "a compressed file: unpack it"),
        (b"<!DOCTYPE html>\n<html>", "log in to the portal"),
        (b"a;b\n1;2\n", "name the columns 'Datum von', 'Datum bis' and 'Verbrauch (kWh)'"),
        (b"\x89PNG\r\n\x1a\n", "a picture: export the quarter hours as CSV"),
        (b"[\n {\"start\":1}]", "after --compare comes the portal's CSV"),
        (input.as_bytes(), "after --compare comes the portal's CSV"),
    ] {
        let ran = compare(&folder, octets, &input, &[]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{words}: {}", ran.err);
    }
}

#[test]
fn the_peaks_of_months_are_not_published_as_quarters() {
    let folder = TempDir::new().unwrap();
    let (input, _) = two_hours();
    let peaks = run(&["quarters", "--peaks"], input.as_bytes());
    assert!(peaks.out.contains("\"month\":\"2026-03\""), "{}", peaks.out);
    let file = folder.path().join("readings.csv");
    let to = format!("file:{}?format=csv", file.display());
    for args in [&["quarters"][..], &["plot"], &["publish", "--to", &to]] {
        let ran = run(args, peaks.out.as_bytes());
        assert!([1, 3].contains(&ran.status) && ran.out.is_empty(), "{args:?}: {}", ran.err);
        assert!(ran.err.contains("the peak of a month (--peaks)"), "{args:?}: {}", ran.err);
    }
    assert!(!fs::read_to_string(&file).is_ok_and(|text| text.contains("energy")));
}

/// Differences, lacks and sums are no readings, though their names are those of registers.
#[test]
fn the_rows_of_a_comparison_are_no_readings() {
    let folder = TempDir::new().unwrap();
    let (input, starts) = two_hours();
    let other = [&starts[..3], &[FROM + 7200]].concat();
    let head = "Messzeitpunkt;Verbrauch (kWh)";
    let one = |starts: &[i64], value: fn(String) -> String| {
        let row = |start: i64, wh| format!("{};{}", dots(start + 900), value(wh));
        compare(&folder, table(head, starts, row).as_bytes(), &input, &[]).out
    };
    let different = one(&other, |_| "9,999".to_owned());
    for words in
        ["\"missing\":\"portal\"", "\"missing\":\"meter\"", "\"difference_wh\":", "\"compared\":"]
    {
        assert!(different.contains(words), "{different}");
    }
    let file = folder.path().join("readings.csv");
    let to = format!("file:{}?format=csv", file.display());
    // A sum alone, and rows one by one.
    let same = one(&starts, |wh| wh);
    assert_eq!(same.lines().count(), 1, "{same}");
    for rows in different.lines().chain([same.trim_end(), different.trim_end()]) {
        for args in [
            &["quarters"][..],
            &["quarters", "--peaks"],
            &["plot"],
            &["plot", "--kind", "energy"],
            &["publish", "--to", &to],
        ] {
            let ran = run(args, rows.as_bytes());
            assert!(
                [1, 3].contains(&ran.status) && ran.out.is_empty(),
                "{args:?}: {rows}\n{}",
                ran.err
            );
            let told = ran.err.matches("a row of quarters --compare").count();
            assert_eq!(told, 1, "{args:?}: {rows}\n{}", ran.err);
        }
    }
    assert!(
        !fs::read_to_string(&file).is_ok_and(|text| text.contains("energy")),
        "nothing is published"
    );
    // Good readings beside them count.
    let ran = run(&["quarters"], format!("{input}{same}").as_bytes());
    assert_eq!(ran.out, run(&["quarters"], input.as_bytes()).out);
    assert_eq!(ran.status, 1, "{}", ran.err);
}
