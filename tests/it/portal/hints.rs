//! Hints where nearly all rows fit something else: the other register, or times with an offset that stays all year.

use super::*;

#[test]
fn rows_that_fit_the_other_register_are_told() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING + 7200, SPRING + 14_400);
    let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
    let said = |name: &str, factor: i64| {
        let export = table(&format!("Messzeitpunkt;{name}"), &starts, |start, _| {
            format!("{};{}", dots(start + 900), comma(factor * energy(start)))
        });
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.err
    };
    let words = "portal.csv: 8 of 8 rows with energy fit the other register, energy_export_wh: the export may be of that \
                 direction; if so, name the column of its energies 'Einspeisung (kWh)'\n";
    assert!(said("kWh", 2).ends_with(words), "{}", said("kWh", 2));
    let words = "8 of 8 rows with energy fit the other register, energy_import_wh: the export may be of that direction; \
                 if so, name the column of its energies 'Verbrauch (kWh)'\n";
    assert!(said("Einspeisung (kWh)", 1).ends_with(words), "{}", said("Einspeisung (kWh)", 1));
    for (name, factor) in [("kWh", 1), ("Einspeisung (kWh)", 2), ("kWh", 3)] {
        assert_eq!(said(name, factor), "", "{name}");
    }
    // Also where the operator has other values for some rows.
    let export = table("Messzeitpunkt;kWh", &starts, |start, _| {
        let factor = if start < from + 2700 { 5 } else { 2 };
        format!("{};{}", dots(start + 900), comma(factor * energy(start)))
    });
    let ran = compare(&folder, export.as_bytes(), &input, &[]);
    assert!(ran.err.contains("5 of 8 rows with energy fit the other register"), "{}", ran.err);
}

/// A house without feed-in has zeros in the other register, as a pump has in most quarters.
#[test]
fn zeros_do_not_fit_the_other_register() {
    let folder = TempDir::new().unwrap();
    let starts: Vec<_> = (SPRING + 7200..SPRING + 93_600).step_by(900).collect();
    let pumped = |start: i64| if start / 900 % 40 == 0 { 500 } else { 0 };
    let mut register = 0;
    let mut input = String::new();
    for start in starts.iter().copied().chain(starts.last().map(|last| last + 900)) {
        input.push_str(&format!(
            "{{\"schema\":1,\"time\":\"{}\",\"meter\":\"7\",\"energy_import_wh\":{register},\"energy_export_wh\":0}}\n",
            iso(start).replacen('+', ":00+", 1)
        ));
        register += pumped(start);
    }
    let said = |value: &dyn Fn(i64) -> i64| {
        let export = table("Messzeitpunkt;Verbrauch (kWh)", &starts, |start, _| {
            format!("{};{}", dots(start + 900), comma(value(start)))
        });
        compare(&folder, export.as_bytes(), &input, &[]).err
    };
    let moved = said(&|start| pumped(start - 900));
    assert!(moved.contains("if their times are 15 minutes earlier"), "{moved}");
    assert_eq!(said(&|_| 0), "");
    // Nor does the standby of a house.
    let standby = said(&|start| if pumped(start) > 0 { 1 } else { 0 });
    assert!(!standby.contains("other register"), "{standby}");
}

#[test]
fn values_of_another_unit_are_told() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (SPRING + 7200, SPRING + 14_400);
    let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
    for (factor, words) in [
        (
            1000,
            "8 of 8 rows fit the meter if their values are divided by 1000: they may be of a unit",
        ),
        (
            4,
            "8 of 8 rows fit the meter if their values are divided by 4: they may be the mean power",
        ),
    ] {
        let export = table("Messzeitpunkt;Verbrauch", &starts, |start, _| {
            format!("{};{}", dots(start + 900), comma(factor * energy(start)))
        });
        let ran = compare(&folder, export.as_bytes(), &input, &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{}", ran.err);
    }
}

/// Winter time in summer, and UTC, in a month with a change of the clock and in one without.
#[test]
fn times_with_one_offset_all_year_are_told() {
    let folder = TempDir::new().unwrap();
    let names = "Datum;Verbrauch (kWh)";
    // The wall clock with an offset that stays: that of winter shows two hours before the change in autumn.
    let fixed = |start: i64, ahead: i64| {
        let (day, month, ..) = local(AUTUMN);
        let of_day = start + ahead - 1_792_886_400;
        // 25 October 2026, 00:00 UTC.
        let (days, within) = (of_day.div_euclid(86_400), of_day.rem_euclid(86_400));
        format!("{:02}.{month:02}.2026 {:02}:{:02}", day + days, within / 3600, within / 60 % 60)
    };
    for (from, to) in
        [(AUTUMN - 40 * 3600, AUTUMN + 20 * 3600), (AUTUMN - 60 * 3600, AUTUMN - 30 * 3600)]
    {
        let (input, starts) = (readings(from, to), (from..to).step_by(900).collect::<Vec<_>>());
        let has_change = to > AUTUMN;
        for (ahead, all, summer) in [
            (3600, "60 minutes later in summer:", "60 minutes later:"),
            (0, "120 minutes later in summer and 60 in winter:", "120 minutes later:"),
        ] {
            let export =
                table(names, &starts, |start, value| format!("{};{value}", fixed(start, ahead)));
            let ran = compare(&folder, export.as_bytes(), &input, &[]);
            assert_eq!(ran.status, 0, "{}", ran.err);
            let words = if has_change { all } else { summer };
            let words = format!("rows fit the meter if their times are {words}");
            assert!(
                ran.err.contains(&words) && ran.err.lines().count() == 1,
                "{ahead}: {}",
                ran.err
            );
        }
    }
}
