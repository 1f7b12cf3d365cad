//! The findings about a file, which no cable and no speed can mend.

use std::path::Path;

use clap::ValueEnum as _;

use crate::cli::{
    commands::doctor::{
        examiner::Examiner,
        listening::{go_on, quiet},
        obstacles,
        report::DoctorReport,
    },
    input::files,
    run::status::Stop,
    setup::shared_args::InputForm,
};
use meterpipe::diagnosis::{
    diagnosis::{AdviceLanguage, Diagnosis},
    finding::Finding,
    line_view::LineView,
};

/// Examines a file.
pub fn examine(
    examiner: &Examiner,
    path: &Path,
    form: Option<InputForm>,
    report: &mut DoctorReport,
) -> Result<(), Stop> {
    let mut examination = examiner.examination(examiner.time);
    let mut context = quiet();
    let ended =
        files::run(&[path.to_owned()], form, Some(examiner.time), &mut examination, &mut context);
    if context.tally.source_failed {
        report.finding = obstacles::unreadable(path);
        return Ok(());
    }
    go_on(ended)?;
    if context.tally.is_key {
        report.finding = obstacles::key_instead();
        return Ok(());
    }
    let telegrams = examination.telegrams();
    let view = LineView { telegrams, ..LineView::default() };
    let found = examiner.finding(&mut examination, &view);
    report.take(&examination);
    let line = examination.line();
    let input = context.ended(&line, telegrams, examination.cut_off);
    let found = input.finding(found);
    report.finding = match form.filter(|_| telegrams == 0) {
        Some(form) => of_form(found, form),
        None => of_file(found),
    };
    if context.tally.is_anonymised {
        report.finding = report.finding.clone().with(
            "the capture is anonymised: its numbers and registers are not those of the meter",
            "die Aufzeichnung ist anonymisiert: ihre Nummern und Zählerstände sind nicht die des Zählers",
        );
    }
    Ok(())
}

/// The finding about an input without telegrams whose form the user chose.
fn of_form(found: Finding, form: InputForm) -> Finding {
    let form = form.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned());
    let cause = [
        format!("--input {form} is given, and read as that the input holds no telegram"),
        format!("--input {form} ist angegeben, und so gelesen enthält die Eingabe kein Telegramm"),
    ];
    let step = [
        "leave --input out: the content tells the form",
        "--input weglassen: der Inhalt zeigt die Form",
    ];
    found.advising(cause, step)
}

/// The finding about a file: no command goes on reading it.
fn of_file(finding: Finding) -> Finding {
    if finding.diagnosis != Diagnosis::Ok {
        return finding;
    }
    let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = [english, german].map(|language| finding.cause(language).to_owned());
    let step = ["run the decode command below", "den decode-Befehl unten ausführen"];
    finding.advising(cause, step)
}
