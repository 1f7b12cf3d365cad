//! A device of this machine, examined with one setting of its line after the other.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::cli::{
    commands::doctor::{
        examination::{Examination, TrialPatience},
        examiner::Examiner,
        listening::{Closing, ClosingSource, listen},
        obstacles,
        report::DoctorReport,
        trials::{TrialLine, may_be_settings},
    },
    live::sources::{self, Spec},
    run::status::Stop,
};
use meterpipe::{
    diagnosis::{
        diagnosis::Diagnosis, finding::Finding, foreign::ForeignProtocol, line_view::LineView,
        other_readers::OtherReaders,
    },
    source::{OpenError, holders::DeviceReaders},
};

/// A trial that is shorter hears no telegram.
const LEAST_TRIAL: Duration = Duration::from_millis(500);

/// Examines a device.
pub fn examine(examiner: &Examiner, device: &Path, report: &mut DoctorReport) -> Result<(), Stop> {
    let readers = DeviceReaders::now(device);
    let came = examine_lines(examiner, device, report)?;
    let found = report.finding.clone();
    if !found.diagnosis.is_about_octets() {
        return Ok(());
    }
    let others = readers.still_there(came);
    // A reader may take octets during one trial and none during another.
    let is_theirs = found.diagnosis == Diagnosis::Noise && !others.active.is_empty();
    report.finding = if is_theirs { others.cause(found) } else { others.beside(found) };
    Ok(())
}

/// Examines a device with one setting of its line after the other. Returns true if octets came.
fn examine_lines(
    examiner: &Examiner,
    device: &Path,
    report: &mut DoctorReport,
) -> Result<bool, Stop> {
    let mut came = false;
    let mut trials = TrialLine::trials(&examiner.line);
    let start = Instant::now();
    let mut closing = Closing::default();
    let mut first: Option<(Finding, TrialLine)> = None;
    let mut unheard = Vec::new();
    let (mut at, mut is_likely) = (0, false);
    let (mut text, mut better, mut damaged) = (None, None, None);
    while let Some(trial) = trials.get(at).copied() {
        // The trial before has the device until its last read ends.
        closing.wait();
        let left = examiner.time.saturating_sub(start.elapsed());
        let time = TrialLine::time((at, trials.len()), is_likely, examiner.time, left);
        at += 1;
        if left < LEAST_TRIAL && first.is_some() {
            unheard.push(trial);
            continue;
        }
        let patience = match first {
            None => TrialPatience::Usual,
            Some(_) => TrialPatience::Other,
        };
        let patience = (trials.len() > 1).then_some(patience);
        let heard = examine_line(examiner, device, trial, patience, (time, left))?;
        let (mut examination, view, end) = match heard {
            Ok(heard) => heard,
            Err(error) => {
                report.finding = obstacles::unopened(&error);
                return Ok(came);
            }
        };
        closing = end;
        came |= examination.octets() > 0;
        report.tried.push(trial);
        let finding = examiner.finding(&mut examination, &view);
        let line = examination.line();
        let is_certain = line.has_seven_data_bits();
        // Only the right settings make frames, or text of DSMR, whose sums may be wrong.
        let is_damaged = matches!(finding.diagnosis, Diagnosis::Checksum | Diagnosis::HdlcDamaged);
        // Chance makes a frame of a few octets.
        let has_frames =
            examination.telegrams() > 0 || line.frames > 0 && !is_certain || is_damaged;
        if finding.diagnosis == Diagnosis::Silent {
            unheard.push(trial);
        }
        match first.take() {
            None if is_certain || has_frames || !may_be_settings(finding.diagnosis) => {
                report.line = Some(trial);
                report.finding = finding;
                report.take(&examination);
                return Ok(came);
            }
            None => {
                let others = trials.get_mut(at..).unwrap_or_default();
                is_likely = trial.order(others, examination.longest_push());
                first = Some((finding, trial));
            }
            before @ Some(_) if has_frames => {
                first = before;
                let is_text = is_damaged && line.foreign == Some(ForeignProtocol::Dsmr);
                if examination.is_clear(&line) || is_text {
                    better = Some(trial);
                    break;
                }
                // One frame may be chance, and with the usual settings no other one came by chance.
                damaged = Some(came_with(finding, trial)).filter(|_| is_damaged).or(damaged);
            }
            Some(_)
                if is_certain || finding.protocol.is_some_and(|it| it != ForeignProtocol::Text) =>
            {
                report.finding = with_settings(finding, trial);
                return Ok(came);
            }
            before => {
                // Speeds that do not fit make no text, but a better one may follow.
                let is_text = finding.protocol == Some(ForeignProtocol::Text);
                if is_text && line.octets >= LEAST_TEXT {
                    text = Some(with_settings(finding, trial));
                }
                first = before;
            }
        }
    }
    let Some((finding, usual)) = first else {
        return Ok(came);
    };
    let left = || examiner.time.saturating_sub(start.elapsed());
    if trials.len() > 1 && left() >= LEAST_TRIAL {
        closing.wait();
        if becomes_good(examiner, device, usual, left(), report)? {
            return Ok(came);
        }
    }
    report.line = Some(better.unwrap_or(usual));
    report.finding = match (better, text.or(damaged), trials.len(), unheard.is_empty()) {
        (Some(better), ..) => better.instead_of(usual),
        (None, Some(text), ..) => text,
        (None, None, 1, _) => finding,
        // The octets prove a cause of their own.
        (None, None, _, true) if finding.advice.is_some() => finding,
        (None, None, _, true) => in_vain(finding),
        (None, None, _, false) => TrialLine::without(finding, &unheard),
    };
    Ok(came)
}

/// Tries the usual settings once more: a line that was disturbed at first may be good by now. Returns true if it
/// brings frames, with the finding in the report.
fn becomes_good(
    examiner: &Examiner,
    device: &Path,
    usual: TrialLine,
    left: Duration,
    report: &mut DoctorReport,
) -> Result<bool, Stop> {
    let heard = examine_line(examiner, device, usual, Some(TrialPatience::Again), (left, left))?;
    let Ok((mut examination, view, _)) = heard else {
        return Ok(false);
    };
    report.tried.push(usual);
    if examination.telegrams() == 0 && examination.line().frames == 0 {
        return Ok(false);
    }
    let settings = usual.0;
    report.line = Some(usual);
    report.take(&examination);
    report.finding = examiner.finding(&mut examination, &view).with(
        format!("at first no frame came with {settings}, and now frames do: the line was disturbed for a while"),
        format!("mit {settings} kam zuerst kein Rahmen an, jetzt schon: die Leitung war eine Weile gestört"),
    );
    Ok(true)
}

/// Listens to the device with one setting, for the first time of the two, or for the second if no octets come.
fn examine_line(
    examiner: &Examiner,
    device: &Path,
    trial: TrialLine,
    patience: Option<TrialPatience>,
    (time, longest): (Duration, Duration),
) -> Result<Result<(Examination, LineView, Closing), OpenError>, Stop> {
    let name = device.display().to_string();
    let Spec::Live(source) = sources::find(Some(&name), &trial.args(), false)? else {
        return Ok(Err(OpenError::NotADevice { path: device.to_owned() }));
    };
    let readers = DeviceReaders::now(device);
    let start = Instant::now();
    let mut examination = examiner.examination(time);
    if let Some(patience) = patience {
        examination.has_alternatives(trial.0.baud, patience);
    }
    examination.wait_for_octets(longest);
    let (source, closing) = ClosingSource::wrap(source);
    if let Err(error) = listen(source, longest, &mut examination)? {
        return Ok(Err(error));
    }
    let others = readers.still_there(examination.octets() > 0);
    let view = LineView {
        seconds: Some(start.elapsed().as_secs().max(1)),
        telegrams: examination.telegrams(),
        // Those that read nothing are told once, of all trials.
        others: OtherReaders { idle: vec![], ..others },
        is_device: true,
        searches: patience.is_some(),
        seeks_speed: patience.is_some(),
        socket: trial.0.socket(),
        ..LineView::default()
    };
    Ok(Ok((examination, view, closing)))
}

/// Octets that are all text by chance are fewer.
const LEAST_TEXT: usize = 100;

fn with_settings(finding: Finding, trial: TrialLine) -> Finding {
    let settings = trial.0;
    finding.with(format!("the line has {settings}"), format!("die Leitung hat {settings}"))
}

/// The finding about damaged frames that came while other settings were tried: they are too few to recommend these.
fn came_with(finding: Finding, trial: TrialLine) -> Finding {
    let settings = trial.0;
    finding.with(
        format!("these frames came while {settings} was tried, too few to tell the settings"),
        format!("diese Rahmen kamen, während {settings} versucht wurde: zu wenige für einen Schluss auf die Einstellung"),
    )
}

/// The advice about a line that brings no frames with any settings.
fn in_vain(finding: Finding) -> Finding {
    let cause = [
        "octets come, and no usual speed and parity makes frames of them: the adapter does not suit the socket, or the line is disturbed",
        "es kommen Oktette an, doch mit keiner der üblichen Geschwindigkeiten und Paritäten werden Rahmen daraus: der Adapter passt nicht zur Buchse, oder die Leitung ist gestört",
    ];
    let step = [
        "check that the adapter suits the socket (M-Bus slave, infrared head, or P1 cable with inverted levels), then cable and contacts; the operator's paper names the interface",
        "prüfen, ob der Adapter zur Buchse passt (M-Bus-Slave, Infrarotkopf oder P1-Kabel mit invertierten Pegeln), dann Kabel und Kontakte; das Merkblatt des Netzbetreibers nennt die Schnittstelle",
    ];
    finding.advising(cause, step)
}
