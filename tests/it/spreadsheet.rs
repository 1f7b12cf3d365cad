//! LibreOffice, headless, opens the CSV of `--csv-locale` and finds dates and numbers in it, not texts.

use std::{fs, path::Path, process::Command};

use crate::common::binary::run;

/// Two whole quarters.
fn input() -> String {
    let line = |minute: u32| {
        format!(
            "{{\"time\":\"2026-06-21T12:{:02}:00+02:00\",\"meter\":\"AT7\",\"energy_import_wh\":{},\"voltage_l1_v\":230.5}}\n",
            minute,
            1000 + 100 * minute
        )
    };
    (0..=30).map(line).collect()
}

/// Converts a file to the XML of a sheet, with that locale.
fn sheet(folder: &Path, name: &str, locale: &str, separator: &str) -> Option<String> {
    let profile = folder.join(format!("profile-{locale}"));
    // The locale of the office is that of the text it reads: token 5 of the filter, by its number.
    let language = match locale {
        "de-AT" => "3079",
        "de-DE" => "1031",
        "de-CH" => "2055",
        _ => "1033",
    };
    // Separator, quotes, UTF-8, first line, columns, language, texts stay texts, special numbers are found.
    let filter = format!("--infilter=CSV:{separator},34,76,1,,{language},false,true");
    let ran = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", &filter, "--convert-to", "fods", "--outdir"])
        .arg(folder)
        .arg(folder.join(name))
        .output();
    match ran {
        Err(error) => {
            eprintln!(
                "NOT TESTED: no LibreOffice (soffice: {error}); apt install libreoffice-calc"
            );
            None
        }
        Ok(ran) => {
            let sheet = folder.join(Path::new(name).with_extension("fods"));
            let text = fs::read_to_string(sheet);
            Some(text.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr))))
        }
    }
}

/// The cells of the second row: their types and values.
fn cells(sheet: &str) -> Vec<(String, String)> {
    let body = sheet.split("<table:table-row").nth(2).expect("a second row");
    let attribute = |cell: &str, name: &str| {
        let (_, behind) = cell.split_once(&format!("{name}=\""))?;
        Some(behind.split('"').next()?.to_owned())
    };
    let cell = |cell: &str| {
        let kind = attribute(cell, "office:value-type").unwrap_or_default();
        let value = match kind.as_str() {
            "date" => attribute(cell, "office:date-value"),
            "float" => attribute(cell, "office:value"),
            _ => None,
        };
        (kind, value.unwrap_or_default())
    };
    body.split("<table:table-cell").skip(1).map(cell).collect()
}

#[test]
fn a_spreadsheet_reads_dates_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for (option, locale) in [("at", "de-AT"), ("de", "de-DE"), ("ch", "de-CH"), ("us", "en-US")] {
        let args = ["quarters", "--csv-locale", option, "--unit", "energy=kWh"];
        let fields = ["--fields", "start,end,energy_import_kwh,power_import_mean_w"];
        let csv = run(&[&args[..], &fields].concat(), input().as_bytes());
        assert_eq!(csv.status, 0, "{}", csv.err);
        let name = format!("{option}.csv");
        fs::write(folder.path().join(&name), &csv.out).unwrap();
        let Some(sheet) =
            sheet(folder.path(), &name, locale, if option == "us" { "44" } else { "59" })
        else {
            return;
        };
        let expected = [
            ("date", "2026-06-21T12:00:00"),
            ("time", ""),
            ("date", "2026-06-21T12:15:00"),
            ("time", ""),
            ("float", "1.5"),
            ("float", "6000"),
        ];
        let expected = expected.map(|(kind, value)| (kind.to_owned(), value.to_owned()));
        assert_eq!(cells(&sheet).get(..6), Some(&expected[..]), "{locale}: {}", csv.out);
    }
}
