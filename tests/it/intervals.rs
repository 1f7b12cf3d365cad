//! Intervals where something is wrong, or made of intervals: clocks, rows as input, rows at sinks, words.

use std::{fs, ops::Range};

use crate::{
    common::binary::{Ran, run},
    quarters::{NEW_YEAR, year_lines},
};
use jiff::{Timestamp, tz::TimeZone};
use meterpipe::cosem::clock::VIENNA;
use serde_json::Value;

fn stamp(second: i64, zone: &TimeZone) -> String {
    Timestamp::from_second(second).unwrap().to_zoned(zone.clone()).strftime("%FT%T%:z").to_string()
}

/// A telegram: its clock, its arrival if that is known, and its register.
fn line(second: i64, received: Option<i64>, import: i64) -> String {
    let received = received.map(|at| stamp(at, &TimeZone::UTC).replace("+00:00", ".000Z"));
    let received = received.map(|at| format!("\"received\":\"{at}\",")).unwrap_or_default();
    format!(
        "{{\"schema\":1,\"time\":\"{}\",{received}\"meter\":\"A\",\"energy_import_wh\":{import},\"power_import_w\":600}}\n",
        stamp(second, &VIENNA)
    )
}

/// A telegram a minute, 10 Wh each; the clock of some is ahead by so many seconds.
fn minutes(count: i64, with_arrivals: bool, wrong: &[(i64, i64)]) -> String {
    let minute = |minute: i64| {
        let second = NEW_YEAR + 60 * minute;
        let ahead = wrong.iter().find(|(at, _)| *at == minute).map_or(0, |(_, ahead)| *ahead);
        line(second + ahead, with_arrivals.then_some(second), 10 * minute)
    };
    (0..=count).map(minute).collect()
}

/// Start, end and energy of each row.
fn rows(out: &str) -> Vec<(String, String, i64)> {
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("start"), text("end"), row["energy_import_wh"].as_i64().unwrap())
    };
    out.lines().map(row).collect()
}

const MONTHS: i64 = 90 * 86_400;

#[test]
fn one_wrong_clock_costs_one_telegram() {
    let right = rows(&run(&["quarters"], minutes(60, false, &[]).as_bytes()).out);
    assert_eq!(right.len(), 4);
    for (arrivals, ahead, words) in [
        (false, MONTHS, "line 21: reading: the clock is 90 days ahead of the readings before"),
        (true, MONTHS, "line 21: reading: the clock is 90 days ahead of the readings before"),
        (true, 1800, "line 21: reading: the clock is 31 min ahead of the readings before"),
        (false, -MONTHS, "line 21: reading: 89 days older than the readings of this meter before"),
        (true, -1200, "line 21: reading: 19 min older"),
    ] {
        let input = minutes(60, arrivals, &[(20, ahead)]);
        let Ran { status, out, err } = run(&["quarters"], input.as_bytes());
        assert_eq!((status, rows(&out)), (1, right.clone()), "{ahead}: {err}");
        assert!(err.contains(words), "{ahead}: {err}");
        let plot = run(&["plot", "--format", "svg"], input.as_bytes());
        assert_eq!(plot.status, 1, "{}", plot.err);
        assert!(plot.err.contains(words), "{}", plot.err);
    }
}

#[test]
fn wrong_clocks_here_and_there_change_no_row() {
    // Each seventh telegram is wrong, in one direction or the other, by nine days to years.
    let wrong = |minute: i64| {
        let days = [9, -9, 40, -40, 200, -365, 4000, -20_000][(minute / 7 % 8) as usize];
        (minute % 7 == 3).then_some((minute, 86_400 * days))
    };
    let wrong: Vec<_> = (0..=600).filter_map(wrong).collect();
    for (arrivals, counters) in [(false, false), (true, false), (false, true)] {
        let count = |lines: String| match counters {
            true => numbered(&lines),
            false => lines,
        };
        let all = count(minutes(600, arrivals, &wrong));
        let right = count(minutes(600, arrivals, &[]));
        let is_right = |at: &usize| !wrong.iter().any(|(wrong, _)| *wrong == *at as i64);
        let right = right.lines().enumerate().filter(|(at, _)| is_right(at));
        let right = right.fold(String::new(), |lines, (_, line)| lines + line + "\n");
        let (expected, found) =
            (run(&["quarters"], right.as_bytes()), run(&["quarters"], all.as_bytes()));
        assert_eq!(found.out, expected.out, "{}", found.err);
        assert_eq!((expected.status, found.status), (0, 1));
        let rejected = format!("{} telegrams, {} rejected", 601 - wrong.len(), wrong.len());
        assert!(found.err.contains(&rejected), "{}", found.err);
    }
}

/// The lines with the invocation counters of a meter that sends each five seconds.
fn numbered(lines: &str) -> String {
    let line = |(at, line): (usize, &str)| {
        let counter = format!("\"meter\":\"A\",\"invocation_counter\":{},", 7000 + 12 * at);
        line.replace("\"meter\":\"A\",", &counter) + "\n"
    };
    lines.lines().enumerate().map(line).collect()
}

#[test]
fn the_counter_tells_a_wrong_clock_from_a_pause() {
    let input = numbered(&minutes(60, false, &[(20, 6 * 3600)]));
    let Ran { status, out, err } = run(&["quarters"], input.as_bytes());
    assert_eq!((status, rows(&out).len()), (1, 4), "{err}");
    assert!(err.contains("line 21: reading: the clock is 6 h ahead"), "{err}");
}

/// A telegram each five seconds at 720 W, with its arrival (`r`) and its counter (`c`) if the mode has them; the clocks
/// of some are wrong.
fn steady(mode: &str, count: i64, ahead: i64, wrong: Range<i64>) -> String {
    let telegram = |at: i64| {
        let second = NEW_YEAR + 12 * 3600 + 5 * at;
        let clock = second + if wrong.contains(&at) { ahead } else { 0 };
        let line = line(clock, mode.contains('r').then_some(second), 1000 + at);
        let counter = format!("\"meter\":\"A\",\"invocation_counter\":{},", 100 + at);
        match mode.contains('c') {
            true => line.replace("\"meter\":\"A\",", &counter),
            false => line,
        }
    };
    (0..count).map(telegram).collect()
}

#[test]
fn what_contradicts_a_clock_keeps_energies_apart() {
    const DAY: i64 = 86_400;
    let ahead = ["the clock is set ahead by", "the clock is set back by"];
    let (back, forth) = (["the clock is set back by"; 2], ["the clock is set ahead by"; 2]);
    let dismissed = ["behind do not follow", "2 rejected"];
    // Mode, telegrams, seconds, the wrong ones, status, rows, complete rows, energy and words.
    for (mode, count, seconds, wrong, status, rows, complete, energy, words) in [
        // An hour for 33 minutes: those that have a row already are refused. The clocks meet at a quarter.
        ("rc", 4000, 3600, 500..901, 1, 22, 16, 3596, ahead),
        ("c", 4000, 3600, 500..901, 1, 22, 16, 3596, ahead),
        ("rc", 4000, -3600, 500..901, 1, 23, 18, 3816, [ahead[1], ahead[0]]),
        ("rc", 4000, 3600, 500..4000, 0, 24, 21, 3998, forth),
        // Three telegrams.
        ("rc", 2000, DAY, 500..503, 0, 14, 10, 1997, ahead),
        ("rc", 2000, 10 * DAY, 500..503, 0, 14, 10, 1997, ahead),
        ("c", 2000, DAY, 500..503, 0, 14, 10, 1997, ahead),
        ("r", 2000, 10 * DAY, 500..503, 0, 14, 10, 1997, ahead),
        // The first one.
        ("c", 400, -365 * DAY, 0..1, 0, 3, 1, 398, forth),
        ("c", 400, -DAY, 0..1, 0, 3, 1, 398, forth),
        ("r", 400, -1800, 0..1, 0, 3, 1, 398, forth),
        ("rc", 400, -1800, 0..1, 0, 3, 1, 398, forth),
        ("rc", 400, 1800, 0..1, 0, 3, 1, 398, back),
        // The second one.
        ("c", 400, DAY, 1..2, 1, 3, 2, 399, ["line 2: reading: the clock is 24 h ahead", "1 rej"]),
        ("c", 400, 3600, 1..2, 1, 3, 2, 399, ["line 2: reading: the clock is 60 min", "1 rej"]),
        // The last two.
        ("rc", 400, DAY, 398..400, 1, 3, 2, 397, dismissed),
        ("r", 400, 10 * DAY, 398..400, 1, 3, 2, 397, dismissed),
        ("c", 400, DAY, 398..400, 1, 3, 2, 397, dismissed),
        ("rc", 400, -30 * DAY, 398..400, 1, 3, 2, 397, ["29 days older", "2 rejected"]),
        ("rc", 400, -600, 398..400, 1, 3, 2, 397, ["9 min older", "2 rejected"]),
        // A leap that only the arrivals contradict may be one of the computer's clock.
        ("r", 4000, 3600, 500..901, 1, 23, 16, 3279, back),
    ] {
        let input = steady(mode, count, seconds, wrong.clone());
        let case = format!("{mode} {count} {seconds} {wrong:?}");
        let ran = run(&["quarters"], input.as_bytes());
        let found: Vec<Value> =
            ran.out.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let whole: Vec<_> = found.iter().filter(|row| row["complete"] == true).collect();
        let sum: i64 = found.iter().filter_map(|row| row["energy_import_wh"].as_i64()).sum();
        assert_eq!(
            (ran.status, found.len(), whole.len(), sum),
            (status, rows, complete, energy),
            "{case}: {}",
            ran.err
        );
        assert!(whole.iter().all(|row| row["power_import_mean_w"] == 720), "{case}: {}", ran.out);
        assert!(words.iter().all(|words| ran.err.contains(words)), "{case}: {}", ran.err);
        let mut starts: Vec<_> = found.iter().map(|row| row["start"].as_str().unwrap()).collect();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), rows, "{case}");
        let plot = run(&["plot", "--format", "svg"], input.as_bytes());
        assert_eq!(plot.status, status, "{case}: {}", plot.err);
    }
}

#[test]
fn a_row_behind_refused_telegrams_is_not_complete() {
    // Nothing tells that the three are wrong: the others count once they are newer.
    let ran = run(&["quarters", "--peaks"], steady("", 3000, 3600, 500..503).as_bytes());
    let peak: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(peak["power_import_mean_w"].as_i64() > Some(720), "{peak}");
    assert_eq!((ran.status, &peak["complete"]), (1, &false.into()), "{peak}");
}

#[test]
fn a_rise_in_the_last_second_is_told_if_no_row_has_it() {
    let words = "meter A: the registers rose within the last second";
    for (rise, last, is_told) in [(1, 180, true), (0, 180, false), (1, 181, false)] {
        let again = line(NEW_YEAR + 12 * 3600 + 5 * last, None, 1000 + last + rise);
        let input = steady("", last + 1, 0, 0..0) + &again;
        let ran = run(&["quarters"], input.as_bytes());
        assert_eq!((ran.status, ran.err.contains(words)), (0, is_told), "{last}: {}", ran.err);
    }
}

#[test]
fn a_first_clock_that_is_wrong_costs_one_telegram_too() {
    for ahead in [MONTHS, 1800] {
        let Ran { status, out, err } =
            run(&["quarters"], minutes(60, false, &[(0, ahead)]).as_bytes());
        assert_eq!(status, 0, "{err}");
        let rows = rows(&out);
        assert_eq!(rows.iter().map(|row| row.2).collect::<Vec<_>>(), [140, 150, 150, 150], "{out}");
        assert!(err.contains("meter A: the clock is set back by"), "{err}");
    }
}

#[test]
fn no_time_has_two_rows_after_a_clock_was_set_back() {
    // Ten minutes at the end of January come first, then January from its start, and on to February.
    let first = (0..=60).map(|minute| line(NEW_YEAR + 30 * 86_400 + 60 * minute, None, minute));
    let rest = (0..=40 * 24).map(|hour| line(NEW_YEAR + 3600 * hour, None, 1000 + 10 * hour));
    let input: String = first.chain(rest).collect();
    let Ran { out, err, .. } = run(&["quarters", "--every", "1h"], input.as_bytes());
    assert!(err.contains("the clock is set back by 30 days"), "{err}");
    let rows = rows(&out);
    let mut starts: Vec<_> = rows.iter().map(|row| &row.0).collect();
    let count = starts.len();
    starts.sort();
    starts.dedup();
    assert_eq!(starts.len(), count);
    assert!(rows.last().unwrap().1 > stamp(NEW_YEAR + 39 * 86_400, &VIENNA), "{out}");
}

#[test]
fn a_clock_that_was_set_is_believed_once_others_agree() {
    // From the twentieth minute on everything is 90 days later: a pause, as nothing else is known.
    let set: Vec<_> = (20..=60).map(|minute| (minute, MONTHS)).collect();
    let Ran { status, out, err } = run(&["quarters"], minutes(60, false, &set).as_bytes());
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(rows(&out).iter().map(|row| row.2).sum::<i64>(), 600, "{out}");
    // The arrivals know better.
    let Ran { status, out, err } = run(&["quarters"], minutes(60, true, &set).as_bytes());
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("meter A: the clock is set ahead by 90 days at"), "{err}");
    assert!(rows(&out).len() < 6, "{out}");
    // A computer that was without power for three hours goes on where it stopped: no energy is lost.
    let outage = |minute: i64| {
        let second = NEW_YEAR + 60 * minute;
        let pause = if minute < 20 { 0 } else { 3 * 3600 };
        line(second + pause, Some(second), 10 * minute)
    };
    let input: String = (0..=60).map(outage).collect();
    let Ran { status, out, err } = run(&["quarters"], input.as_bytes());
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(rows(&out).iter().map(|row| row.2).sum::<i64>(), 600, "{out}");
    // A first telegram alone is no part of a run.
    let ahead = minutes(60, true, &[(0, -MONTHS)]);
    let Ran { out, err, .. } = run(&["quarters"], ahead.as_bytes());
    assert!(err.contains("the clock is set ahead by 90 days"), "{err}");
    assert_eq!(rows(&out).len(), 4, "{out}");
    // Two telegrams are all there is.
    let two = line(NEW_YEAR, None, 0) + &line(NEW_YEAR + MONTHS, None, 900);
    let Ran { status, out, .. } = run(&["quarters", "--every", "1mo"], two.as_bytes());
    assert_eq!((status, rows(&out).iter().map(|row| row.2).sum::<i64>()), (0, 900), "{out}");
}

#[test]
fn rows_of_rows_are_those_of_the_telegrams() {
    let year = year_lines();
    // Around the changes of the clock, the reset and the exchange.
    for days in [["03-2", "03-3"], ["05-3", "06-0"], ["08-3", "09-0"], ["10-2", "10-3"]] {
        let is_of = |line: &&str| days.iter().any(|it| line.contains(&format!("\"2026-{it}")));
        let lines: Vec<_> = year.lines().filter(is_of).collect();
        assert!(lines.len() > 1000, "{days:?}: {}", lines.len());
        rows_of_rows(&(lines.join("\n") + "\n"));
    }
}

fn rows_of_rows(input: &str) {
    let quarters = run(&["quarters"], input.as_bytes()).out;
    let hours = run(&["quarters", "--every", "1h"], quarters.as_bytes());
    assert_eq!((hours.status, hours.err.as_str()), (0, ""));
    for (every, rows) in
        [("15m", &quarters), ("1h", &quarters), ("1d", &quarters), ("1mo", &hours.out)]
    {
        let args = ["quarters", "--every", every];
        let (expected, found) = (run(&args, input.as_bytes()), run(&args, rows.as_bytes()));
        assert_eq!((found.status, found.err.as_str()), (0, ""), "{every}");
        let by_meter = |out: &str| {
            let mut lines: Vec<_> = out.lines().map(str::to_owned).collect();
            lines.sort_by_key(|line| line.split("\"meter\":\"").nth(1).map(|it| it.chars().next()));
            lines
        };
        let (expected, found) = (by_meter(&expected.out), by_meter(&found.out));
        // A row does not say which of its ends fell into a gap, and the doubt goes on.
        let is_same = |expected: &str, found: &str| {
            let is_estimated = found.ends_with(",\"estimated\":true}");
            expected == found
                || every != "15m"
                    && is_estimated
                    && found.replace(",\"estimated\":true", "") == expected
        };
        let pairs = || expected.iter().zip(&found);
        let wrong = pairs().find(|(expected, found)| !is_same(expected, found));
        let doubts = pairs().filter(|(expected, found)| expected != found).count();
        assert!(doubts < 10 + expected.len() / 100, "{every}: {doubts}");
        assert_eq!(wrong, None, "{every}");
        assert_eq!(expected.len(), found.len(), "{every}");
    }
    let peaks = run(&["quarters", "--peaks"], quarters.as_bytes()).out;
    assert_eq!(peaks, run(&["quarters", "--peaks"], input.as_bytes()).out);
}

#[test]
fn rows_that_have_no_place_are_refused_with_the_way_out() {
    let input = minutes(180, false, &[]);
    let out = |args: &[&str]| run(&[&["quarters"], args].concat(), input.as_bytes()).out;
    let (quarters, hours) = (out(&[]), out(&["--every", "1h"]));
    let negative = quarters.replacen("\"energy_import_wh\":", "\"energy_import_wh\":-", 1);
    let ran = run(&["plot"], negative.as_bytes());
    assert!(ran.status == 1 && ran.err.contains("a negative energy"), "{}", ran.err);
    for (args, input, words) in [
        (&[][..], hours, "choose a longer --every, or read the telegrams"),
        (&["--running"], quarters.clone(), "--running takes telegrams"),
        (&[], out(&["--peaks"]), "quarters without --peaks"),
        (&[], negative, "an interval with a negative energy"),
        (&[], format!("{quarters}{quarters}"), "3 h older"),
        (&[], format!("{quarters}{input}"), "older"),
    ] {
        let ran = run(&[&["quarters"], args].concat(), input.as_bytes());
        assert!([1, 3].contains(&ran.status), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    // Each taker of rows refuses those that can be none, and keeps the others.
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("rows.csv");
    let to = format!("file:{}?format=csv", file.display());
    let (second, others) = (quarters.lines().nth(1).unwrap(), quarters.lines().count() - 1);
    let row: Value = serde_json::from_str(second).unwrap();
    let with = |members: [(&str, Value); 2]| {
        let mut row = row.clone();
        members.into_iter().for_each(|(name, value)| row[name] = value);
        row.to_string()
    };
    let (start, end) = (row["start"].clone(), row["end"].clone());
    let times = |start: &Value, end: Value| with([("start", start.clone()), ("end", end)]);
    for (bad, words) in [
        (times(&end, start.clone()), "an interval that ends before it begins"),
        (times(&start, start.clone()), "an interval that ends before it begins"),
        (times(&start, "later".into()), "the time has another form than"),
        (times(&start, Value::Null), "readings without a time"),
        (
            with([("energy_import_wh", (-5).into()), ("schema", 1.into())]),
            "an interval with a negative energy",
        ),
    ] {
        let rows = quarters.replace(second, &bad);
        for args in [&["publish", "--to", &to][..], &["quarters"], &["plot"]] {
            let _ = fs::remove_file(&file);
            let ran = run(args, rows.as_bytes());
            let line = format!("line 2: reading: {words}");
            assert!(ran.status == 1 && ran.err.contains(&line), "{args:?}: {bad}\n{}", ran.err);
            assert!(ran.err.contains(&format!("{others} telegrams, 1 rejected")), "{}", ran.err);
        }
        let _ = fs::remove_file(&file);
        run(&["publish", "--to", &to], rows.as_bytes());
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1 + others, "{bad}");
    }
    // An input of another kind earns one line, however long it is.
    for (stage, rows, words) in [
        (&["quarters"][..], &["--every", "1h"][..], "longer than those of --every"),
        (&["quarters", "--running"], &[], "--running takes telegrams"),
        (&["quarters"], &["--peaks"], "the peak of a month"),
        (&["plot"], &["--peaks"], "the peak of a month"),
        (&["plot", "--kind", "energy"], &["--every", "30m"], "quarters without --every"),
    ] {
        let rows = out(rows);
        let ran = run(stage, rows.repeat(20).as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{stage:?}: {}", ran.err);
        assert!(ran.err.lines().count() == 1 && ran.err.contains(words), "{stage:?}: {}", ran.err);
    }
    let mixed = format!("{quarters}{}", out(&["--peaks"]));
    let ran = run(&["quarters"], mixed.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (1, quarters.as_str()), "{}", ran.err);
    // An interval that goes on is none of them, and telegrams may come first.
    let running = run(&["quarters"], out(&["--running"]).as_bytes());
    assert_eq!((running.status, running.out.as_str()), (0, quarters.as_str()), "{}", running.err);
    let later = quarters.replace("2026-01-01", "2026-01-02");
    let ran = run(&["quarters"], format!("{input}{later}").as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (0, format!("{quarters}{later}").as_str()));
}

#[test]
fn a_running_row_says_from_when_on_it_counts() {
    let rows = |from: i64| {
        let input: String = (from..from + 40)
            .map(|minute| line(NEW_YEAR + 60 * minute, None, 10 * minute))
            .collect();
        let out = run(&["quarters", "--running"], input.as_bytes()).out;
        let rows = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["running"] == true).collect::<Vec<_>>()
    };
    let whole = rows(0).pop().unwrap();
    assert!(whole["power_import_peak_w"].is_number(), "{whole}");
    assert!(whole["today_since"].is_null() && whole["month_since"].is_null(), "{whole}");
    let part = rows(605).pop().unwrap();
    let since = "2026-01-01T10:05:00+01:00";
    assert_eq!((&part["today_since"], &part["month_since"]), (&since.into(), &since.into()));
}

/// The expectation is the end of what the same telegrams give without a history.
#[test]
fn a_history_counts_and_gives_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("house.jsonl");
    let telegrams = |minutes: core::ops::Range<i64>| -> String {
        minutes.map(|minute| line(NEW_YEAR + 60 * minute, None, 3 * minute * minute)).collect()
    };
    let gone = telegrams(0..40).replace("\"A\"", "\"gone\"");
    for options in [&["--running"][..], &[], &["--every=1h"], &["--peaks"]] {
        for cut in [1, 14, 15, 16, 30, 59, 70] {
            fs::write(&history, format!("{gone}{}", telegrams(0..cut))).unwrap();
            let path = format!("--history={}", history.display());
            let ran =
                |input: &str| run(&[&["quarters", &path], options].concat(), input.as_bytes());
            let live = ran(&telegrams(cut..100));
            let all = run(&[&["quarters"], options].concat(), telegrams(0..100).as_bytes()).out;
            let last = stamp(NEW_YEAR + 60 * (cut - 1), &VIENNA);
            let is_later = |text: &&str| {
                let row: Value = serde_json::from_str(text).unwrap();
                let time = row.get("time").or_else(|| row.get("end")).unwrap();
                time.as_str().unwrap() > last.as_str()
            };
            let expected: Vec<_> = all.lines().filter(is_later).collect();
            let rows: Vec<_> = live.out.lines().collect();
            assert_eq!((live.status, live.err.as_str()), (0, ""));
            assert_eq!(rows, expected, "{options:?} {cut}");
            // Telegrams that the history has are no others.
            let again = ran(&telegrams((cut - 5).max(0)..100));
            assert_eq!((again.status, again.err.as_str(), again.out), (0, "", live.out));
        }
    }
    // A clock that is set back just then is no repetition: arrivals tell.
    let flat = |minutes: core::ops::Range<i64>, ahead: i64| -> String {
        let second = |minute: i64| NEW_YEAR + 60 * minute;
        minutes.map(|minute| line(second(minute) + ahead, Some(second(minute)), 7)).collect()
    };
    fs::write(&history, flat(0..40, 1800)).unwrap();
    let path = format!("--history={}", history.display());
    let ran = run(&["quarters", &path], flat(40..60, 0).as_bytes());
    assert!(ran.err.contains("the clock is set back by 30 min"), "{}", ran.err);
    // Nor is a repetition one of a clock that was set back, where arrivals are others.
    let again = |minutes: core::ops::Range<i64>, later: i64| -> String {
        let second = |minute: i64| NEW_YEAR + 60 * minute;
        minutes.map(|minute| line(second(minute), Some(second(minute) + later), minute)).collect()
    };
    fs::write(&history, again(0..40, 0)).unwrap();
    let ran = run(&["quarters", &path], again(30..50, 86_400).as_bytes());
    assert_eq!((ran.status, ran.err.as_str(), ran.out.lines().count()), (0, "", 2), "{}", ran.out);
    let ran = run(&["quarters", "--history", "/nowhere/house.jsonl"], telegrams(0..40).as_bytes());
    assert_eq!((ran.status, ran.out.lines().count()), (5, 3), "{}", ran.err);
    assert!(ran.err.contains("/nowhere/house.jsonl"), "{}", ran.err);
}

#[test]
fn rows_that_go_on_and_rows_that_ended_are_told_apart_in_each_format() {
    let input = minutes(20, false, &[]);
    let out = |format: &str| run(&["quarters", "--running", "--format", format], input.as_bytes());
    let csv = out("csv").out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|it| it == name).expect(name);
    let (running, time, peak) = (at("running"), at("time"), at("power_import_peak_w"));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().filter(|row| row[running].is_empty()).count(), 2, "{csv}");
    assert!(rows.iter().any(|row| &row[running] == "true" && !row[peak].is_empty()), "{csv}");
    assert_eq!(&rows[3][time], "2026-01-01T00:03:00+01:00");
    let lines = out("lines").out;
    assert_eq!(lines.matches("\trunning\ttrue\t-\n").count(), 21, "{lines}");
    let ended: Vec<_> = lines.lines().filter(|line| line.contains("\tend\t")).collect();
    assert_eq!(ended.len(), 23);
    assert!(lines.contains("2026-01-01T00:00:00+01:00\tA\t-\tcomplete\ttrue\t-\n"), "{lines}");
    assert_eq!(out("influx").status, 2);
}

#[test]
fn a_file_of_rows_has_their_columns_and_is_not_thinned_out() {
    let folder = tempfile::tempdir().unwrap();
    let telegrams = minutes(60, false, &[]);
    let rows = run(&["quarters"], telegrams.as_bytes()).out;
    let running = run(&["quarters", "--running"], telegrams.as_bytes()).out;
    let publish = |name: &str, query: &str, input: &str| {
        let path = folder.path().join(name);
        let to = format!("--to=file:{}{query}", path.display());
        let ran = run(&["publish", &to], input.as_bytes());
        (ran, fs::read_to_string(path).unwrap_or_default())
    };
    let (ran, text) = publish("rows.csv", "", &rows);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(text, run(&["quarters", "--format", "csv"], telegrams.as_bytes()).out);
    let (_, text) = publish("running.csv", "", &running);
    let args = ["quarters", "--running", "--format", "csv"];
    assert_eq!(text, run(&args, telegrams.as_bytes()).out);
    let (_, text) = publish("telegrams.csv", "", &telegrams);
    assert!(text.starts_with("time,meter,energy_import_wh,"), "{text}");
    for query in ["?every=1h", "?on_change"] {
        let (ran, text) = publish("thin.csv", query, &rows);
        assert_eq!((ran.status, text.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("quarters --every sets its length"), "{}", ran.err);
    }
    // Registers and the energies of intervals have the same names.
    let (ran, text) = publish("mixed.csv", "", &format!("{rows}{telegrams}"));
    assert_eq!(
        (ran.status, text),
        (1, run(&["quarters", "--format", "csv"], telegrams.as_bytes()).out)
    );
    assert!(ran.err.contains("telegrams and intervals in one run"), "{}", ran.err);
    let (ran, text) = publish("mixed2.csv", "", &format!("{telegrams}{rows}"));
    assert_eq!(
        (ran.status, text.lines().count()),
        (1, 1 + telegrams.lines().count()),
        "{}",
        ran.err
    );
    // Those that go on are thinned out, those that ended are all there.
    let (ran, text) = publish("thin.jsonl", "?every=10m", &running);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(text.matches("\"running\":true").count(), 7, "{text}");
    assert_eq!(text.lines().count(), 7 + 4, "{text}");
}

#[test]
fn nothing_is_said_to_be_missing_where_rows_are() {
    let bare: String = (0..5)
        .map(|at| format!("{{\"time\":\"2026-01-01T00:00:0{at}+01:00\",\"meter\":\"B\",\"power_import_w\":1}}\n"))
        .collect();
    let one = line(NEW_YEAR, None, 5);
    let good = minutes(20, false, &[]);
    for (args, input, status, words) in [
        (&[][..], bare.clone(), 3, "meter B: the readings have no register of energy"),
        (&[], one.clone(), 3, "meter A: one telegram alone has no energy, so read for a while"),
        (&["--peaks"], one.clone(), 3, "one telegram alone"),
        (&["--peaks"], minutes(9, false, &[]), 0, "meter A: no interval is whole yet"),
        (&["--meter", "C"], good.clone(), 3, "no readings of meter C"),
        (&[], good.clone() + &bare, 0, "meter B: the readings have no register of energy"),
        (
            &[],
            good.clone() + "{\"time\":\"1.1.2026\",\"meter\":\"A\",\"energy_import_wh\":1}\n",
            1,
            "line 22: reading: the time has another form than 2026-06-21T12:00:00+02:00",
        ),
        (
            &[],
            good.clone() + "{\"meter\":\"A\",\"energy_import_wh\":1}\n",
            1,
            "readings without a time",
        ),
    ] {
        let ran = run(&[&["quarters"], args].concat(), input.as_bytes());
        assert_eq!(ran.status, status, "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    let ran = run(&["quarters"], good.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for (input, words) in
        [(bare.as_str(), "no register of energy"), (one.as_str(), "one telegram alone")]
    {
        let ran = run(&["plot"], input.as_bytes());
        assert_eq!(ran.status, 3, "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}

#[test]
fn messages_about_many_meters_are_summed_up() {
    let one = |meter: u32| {
        line(NEW_YEAR, None, 5).replace("\"meter\":\"A\"", &format!("\"meter\":\"{meter}\""))
    };
    let many: String = (0..300).map(one).collect();
    let ran = run(&["quarters"], (minutes(20, false, &[]) + &many).as_bytes());
    assert_eq!((ran.status, ran.err.lines().count()), (0, 11), "{}", ran.err);
    assert!(ran.err.contains("290 more like: meter 299: one telegram alone"), "{}", ran.err);
    let ran = run(&["quarters"], many.as_bytes());
    assert_eq!((ran.status, ran.err.matches("one telegram alone").count()), (3, 12), "{}", ran.err);
}

/// A telegram each five seconds, 1 Wh each, with its arrival and its counter; the clock is set by `steps`: from a
/// telegram on it is ahead by so many seconds.
fn clock_steps(count: i64, steps: &[(i64, i64)]) -> String {
    let telegram = |at: i64| {
        let ahead = steps.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, ahead)| *ahead);
        let second = NEW_YEAR + 12 * 3600 + 5 * at;
        let text = line(second + ahead, Some(second), 1000 + at);
        text.replace("\"meter\"", &format!("\"invocation_counter\":{},\"meter\"", 100 + at))
    };
    (0..count).map(telegram).collect()
}

fn energy(out: &str) -> i64 {
    rows(out).iter().map(|row| row.2).sum()
}

#[test]
fn rows_of_a_clock_that_was_set_back_have_their_place() {
    // The first hour has the clock of the next day.
    let input = clock_steps(4000, &[(0, 86_400), (720, 0)]);
    let quarters = run(&["quarters"], input.as_bytes());
    assert!(quarters.err.contains("the clock is set back by 24 h"), "{}", quarters.err);
    for every in ["15m", "1h", "1d"] {
        let args = ["quarters", "--every", every];
        let expected = run(&args, input.as_bytes()).out;
        let found = run(&args, quarters.out.as_bytes());
        assert_eq!((found.status, &found.out), (0, &expected), "{every}: {}", found.err);
        let words = "meter A: the intervals go back by 23 h, as after a clock that was set, at";
        assert!(found.err.contains(words), "{}", found.err);
    }
    let plot = run(&["plot", "--format", "svg"], input.as_bytes());
    let of_rows = run(&["plot", "--format", "svg"], quarters.out.as_bytes());
    assert_eq!((of_rows.status, of_rows.err.as_str()), (0, ""));
    assert_eq!(plot.out, of_rows.out);
    assert!(plot.err.contains("meter A: the clock is set back by 24 h at"), "{}", plot.err);
    assert_eq!(plot.err.lines().count(), 1, "{}", plot.err);
    // Those that have a row stay out, and another order does not help.
    let twice = format!("{0}{0}", quarters.out);
    let ran = run(&["quarters", "--every", "1d"], twice.as_bytes());
    assert_eq!((ran.status, energy(&ran.out)), (1, energy(&quarters.out)), "{}", ran.err);
    let ran = run(&["plot", "--format", "svg"], twice.as_bytes());
    assert_eq!((ran.status, ran.out), (1, plot.out), "{}", ran.err);
    assert!(ran.err.contains("which have this time already"), "{}", ran.err);
}

#[test]
fn a_time_with_rows_is_no_matter_of_order() {
    let input = clock_steps(2880, &[(1500, -3600)]);
    for command in ["quarters", "plot"] {
        let ran = run(&[command], input.as_bytes());
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains("which have this time already"), "{}", ran.err);
        assert!(ran.err.contains("of a time that has rows)"), "{}", ran.err);
        assert!(!ran.err.contains("sort the input"), "{}", ran.err);
    }
}

#[test]
fn no_row_is_complete_across_two_clocks() {
    // At a quarter past one the clock is set back by an hour, and the rows touch there.
    let input = clock_steps(3600, &[(901, -3600)]);
    let quarters = run(&["quarters"], input.as_bytes()).out;
    let complete = |out: &str, start: &str| {
        let row = out.lines().find(|row| row.contains(start)).unwrap_or_default();
        row.contains("\"complete\":true")
    };
    let start = |time: &str| format!("\"start\":\"2026-01-01T{time}");
    assert!(complete(&quarters, &start("13:00")) && !complete(&quarters, &start("13:15")));
    assert!(complete(&quarters, &start("13:30")), "{quarters}");
    for input in [&input, &quarters] {
        let hours = run(&["quarters", "--every", "1h"], input.as_bytes()).out;
        assert!(!complete(&hours, &start("13:")), "{hours}");
        assert!(complete(&hours, &start("14:")), "{hours}");
    }
}

#[test]
fn two_telegrams_at_the_end_need_more_than_each_other() {
    let months: Vec<_> = (59..=60).map(|minute| (minute, MONTHS)).collect();
    let back: Vec<_> = (59..=60).map(|minute| (minute, -MONTHS)).collect();
    for wrong in [months, back] {
        let Ran { status, out, err } = run(&["quarters"], minutes(60, false, &wrong).as_bytes());
        assert_eq!((status, energy(&out)), (1, 580), "{err}");
        assert!(err.contains("2 rejected"), "{err}");
    }
}

#[test]
fn a_rise_before_a_reset_is_told_too() {
    let at = |second: i64, import: i64| line(NEW_YEAR + second, None, import);
    let input = at(0, 100) + &at(900, 200) + &at(900, 205) + &at(960, 0) + &at(1800, 5);
    for command in ["quarters", "plot"] {
        let Ran { err, .. } = run(&[command], input.as_bytes());
        for told in ["_wh falls from 205 to 0 at", "the registers rose within the last second"] {
            assert!(err.contains(told), "{err}");
        }
    }
}

#[test]
fn messages_about_new_runs_are_summed_up() {
    let telegram = |at: i64| line(NEW_YEAR + 60 * at, None, 100 * (at % 2));
    let falls: String = (0..100).map(telegram).collect();
    let steps: Vec<_> =
        (1..30).map(|at| (100 * at, if at % 2 == 0 { 0 } else { 86_400 * at })).collect();
    for (input, words) in [
        (falls, "more like: meter A: energy_import_wh falls"),
        (clock_steps(3000, &steps), "more like: meter A: the clock is set"),
    ] {
        for command in ["quarters", "plot"] {
            let Ran { err, .. } = run(&[command], input.as_bytes());
            assert!(err.contains(words), "{err}");
            assert!(err.lines().count() < 40, "{err}");
        }
    }
}

#[test]
fn a_peak_says_if_its_month_is_complete() {
    let peaks = |days: Range<i64>, without: Range<i64>| {
        let hours = (24 * days.start..=24 * days.end).filter(|hour| !without.contains(hour));
        let quarters = hours.flat_map(|hour| [0, 900, 1800, 2700].map(|it| 3600 * hour + it));
        let input: String = quarters.map(|at| line(NEW_YEAR + at, None, at / 100)).collect();
        let args = ["quarters", "--peaks"];
        let of = |input: &str| {
            let out = run(&args, input.as_bytes()).out;
            let row = |row: &str| -> Value { serde_json::from_str(row).unwrap() };
            out.lines().map(|it| row(it)["month_complete"].clone()).collect::<Vec<_>>()
        };
        let found = of(&input);
        assert_eq!(of(&run(&["quarters"], input.as_bytes()).out), found);
        found
    };
    // Telegrams a quarter of an hour apart, each at its start.
    assert_eq!(peaks(0..62, 0..0), [true, true, false]);
    assert_eq!(peaks(0..31, 0..0), [true, false]);
    assert_eq!(peaks(0..30, 0..0), [false]);
    assert_eq!(peaks(28..61, 0..0), [false, true, false]);
    assert_eq!(peaks(0..61, 100..102), [false, true, false]);
    let csv = run(&["quarters", "--peaks", "--format", "csv"], minutes(60, false, &[]).as_bytes());
    assert!(csv.out.lines().next().unwrap().ends_with(",estimated,month_complete"), "{}", csv.out);
    assert!(csv.out.lines().nth(1).unwrap().ends_with(",false"), "{}", csv.out);
}

#[test]
fn the_most_of_a_quarter_is_in_a_heat_map() {
    // Each five seconds from noon on.
    let telegram = |at: i64| line(NEW_YEAR + 12 * 3600 + 5 * at, None, 1000 + at);
    let drawn = |from: i64, to: i64| {
        let input: String = (from..=to).map(telegram).collect();
        let args = ["plot", "--kind", "heatmap", "--format", "terminal"];
        run(&args, input.as_bytes()).out.lines().nth(5).unwrap().to_owned()
    };
    for (from, to, letter) in [(0, 180, '█'), (1, 179, '█'), (100, 140, '*')] {
        let day = drawn(from, to);
        let hour: String = day.chars().filter(|it| "░▒▓█*".contains(*it)).collect();
        assert_eq!(hour, letter.to_string(), "{from} {to}: {day}");
    }
}

#[test]
fn a_month_has_one_peak_if_the_clock_goes_back_to_rows_before_it() {
    // From a quarter past midnight of February to a quarter to it, and on.
    let telegram = |at: i64| {
        let second = NEW_YEAR + 31 * 86_400 - 900 + 5 * at;
        let ahead = if at > 360 { -1800 } else { 0 };
        let text = line(second + ahead, Some(second), 1000 + at);
        text.replace("\"meter\"", &format!("\"invocation_counter\":{},\"meter\"", 100 + at))
    };
    let input: String = (0..2000).map(telegram).collect();
    let ran = run(&["quarters", "--peaks"], input.as_bytes());
    assert!(ran.err.contains("the clock is set back by 30 min"), "{}", ran.err);
    let months: Vec<_> = ran.out.lines().filter_map(|row| row.split('"').nth(5)).collect();
    assert_eq!(months, ["2026-01", "2026-02"], "{}", ran.out);
}

#[test]
fn rows_in_no_order_are_refused_with_the_way_out() {
    let input = minutes(24 * 60, false, &[]);
    let quarters = run(&["quarters"], input.as_bytes()).out;
    let reversed: String = quarters.lines().rev().map(|row| format!("{row}\n")).collect();
    let ran = run(&["quarters", "--every", "1d"], reversed.as_bytes());
    assert_eq!((ran.status, ran.out.lines().count()), (1, 1), "{}", ran.err);
    assert!(ran.err.contains("sort the input by time"), "{}", ran.err);
    // Each seventh one, then those behind them: more often back than any clock is set.
    let lines: Vec<_> = quarters.lines().collect();
    let places = (0..7).flat_map(|first| (first..lines.len()).step_by(7)).rev();
    let mixed: String = places.map(|place| format!("{}\n", lines[place])).collect();
    let ran = run(&["quarters", "--every", "1d"], mixed.as_bytes());
    assert!(ran.status == 1 && ran.err.contains("sort the input by time"), "{}", ran.err);
    let told = ran.err.lines().filter(|line| line.contains("the intervals go back by")).count();
    assert!(told <= 11, "{}", ran.err);
}

#[test]
fn a_sink_of_registers_is_told_before_it_loses_any() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sv.txt");
    let telegrams = minutes(40, false, &[]);
    let solarview = format!("--to=solarview:{}", path.display());
    let ran = run(&["publish", "--quiet", &solarview], telegrams.as_bytes());
    let good = fs::read(&path).unwrap();
    assert_eq!(ran.status, 0);
    let jsonl = folder.path().join("rows.jsonl");
    let beside = format!("--to=file:{}", jsonl.display());
    let csv = "--to=exec:cat?format=csv";
    for options in [&["quarters"][..], &["quarters", "--running"], &["quarters", "--every=1h"]] {
        let rows = run(options, telegrams.as_bytes()).out;
        for to in [&solarview, "--to=udp://127.0.0.1:9?format=shrdzm", csv] {
            let ran = run(&["publish", &beside, to], rows.as_bytes());
            assert_eq!(ran.status, 2, "{to}: {}", ran.err);
            assert!(ran.err.contains("the energy of an interval is none"), "{to}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{to}: {}", ran.err);
        }
    }
    assert_eq!(fs::read(&path).unwrap(), good);
    let rows = run(&["quarters", "--format", "lines"], telegrams.as_bytes()).out;
    assert!(rows.contains("\t-\tenergy_import_wh\t150\tWh\n"), "{rows}");
}

/// The first minutes of a day are no quarter of an hour.
#[test]
fn a_part_of_a_longer_interval_names_its_length() {
    let telegrams = minutes(5, false, &[]);
    let row = |args: &[&str]| run(&[&["quarters"], args].concat(), telegrams.as_bytes()).out;
    let energies = "\"meter\":\"A\",\"energy_import_wh\":50,\"power_import_mean_w\":600,";
    let times = "\"start\":\"2026-01-01T00:00:00+01:00\",\"end\":\"2026-01-01T00:05:00+01:00\",";
    for (every, named) in [
        ("15m", String::new()),
        ("30m", "\"every\":\"30m\",".to_owned()),
        ("1d", "\"every\":\"1d\",".to_owned()),
        ("1mo", "\"every\":\"1mo\",".to_owned()),
    ] {
        let out = row(&["--every", every]);
        let expected = format!("{{\"schema\":1,{times}{named}{energies}");
        assert!(out.starts_with(&expected), "{every}: {out}");
        assert!(
            row(&["--every", every, "--format", "influx"])
                .starts_with(&format!("smartmeter_{every},"))
        );
    }
    for format in ["csv", "table"] {
        let columns = row(&["--every=1d", "--format", format]);
        assert!(!columns.contains("every") && !columns.contains("1d"), "{columns}");
    }
    // A whole day, and three hours of one, tell it themselves.
    let day = minutes(1440 + 180, false, &[]);
    let out = run(&["quarters", "--every=1d"], day.as_bytes()).out;
    assert!(out.lines().count() == 2 && !out.contains("every"), "{out}");
    // Rows of rows have their own length.
    let out = run(&["quarters", "--every=1d"], row(&["--every=1h"]).as_bytes()).out;
    assert!(out.contains("\"every\":\"1d\""), "{out}");
}

#[test]
fn meters_without_a_number_have_one_column() {
    let title = minutes(20, false, &[]).replace("\"meter\":\"A\"", "\"system_title\":\"4b46\"");
    let out = run(&["quarters", "--format", "table"], title.as_bytes()).out;
    assert!(out.lines().next().unwrap().contains("  meter  ") && out.contains("  4b46 "), "{out}");
    assert!(!out.contains("system_title"), "{out}");
}
