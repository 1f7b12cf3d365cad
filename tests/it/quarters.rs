//! `quarters` against an oracle that knows nothing of it: exact fractions over a year of losses, gaps, both clock
//! changes, a reset and an exchange.
//!
//! ```text
//! 1 January              29 March     1 June        1 September         25 October      31 December
//! meter A, in Wh         summer       A is reset    meter B, in 0.1 Wh  winter
//! meter C, a few telegrams an hour, all year
//! ```
//!
//! The house sends each minute or so for some hours, then at longer intervals, so that a year fits into a test;
//! `METERPIPE_YEAR=full` sends every five seconds all year round.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use rustix::process::Signal;

use crate::common::binary::{Ran, Running, command, run, signal};

/// 1 January 2026 in Vienna, in seconds since 1970.
pub const NEW_YEAR: i64 = 1_767_222_000;
const DAY: i64 = 86_400;

/// 29 March and 25 October 2026, 01:00 UTC.
const SPRING: i64 = 1_774_746_000;
const AUTUMN: i64 = 1_792_890_000;

/// Hours ahead of UTC.
fn ahead(second: i64) -> i64 {
    1 + i64::from((SPRING..AUTUMN).contains(&second))
}

/// Year, month and day of a count of days since 1970, by the months one after another.
fn calendar(mut days: i64) -> (i64, usize, i64) {
    let (mut year, mut month) = (1970, 0);
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        if days < lengths[month] {
            return (year, month + 1, days + 1);
        }
        days -= lengths[month];
        month += 1;
        (year, month) = (year + i64::from(month == 12), month % 12);
    }
}

fn stamp(second: i64) -> String {
    let local = second + 3600 * ahead(second);
    let ((year, month, day), within) = (calendar(local.div_euclid(DAY)), local.rem_euclid(DAY));
    let (hour, minute, rest) = (within / 3600, within / 60 % 60, within % 60);
    let ahead = ahead(second);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{rest:02}+{ahead:02}:00")
}

/// A length of intervals as the oracle sees it: a number that is the same for all seconds of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Every {
    Seconds(i64),
    Day,
    Month,
}

impl Every {
    fn interval(self, second: i64) -> i64 {
        let days = (second + 3600 * ahead(second)).div_euclid(DAY);
        match self {
            // The offsets are whole hours.
            Self::Seconds(step) => second.div_euclid(step),
            Self::Day => days,
            Self::Month => {
                let (year, month, _) = calendar(days);
                12 * year + month as i64
            }
        }
    }

    /// The first second of the interval behind that of `second`, found by halving.
    fn next(self, second: i64) -> i64 {
        let (mut low, mut high) = (second, second + 32 * DAY);
        let here = self.interval(second);
        while high - low > 1 {
            let middle = (low + high) / 2;
            *(if self.interval(middle) == here { &mut low } else { &mut high }) = middle;
        }
        high
    }
}

/// A telegram: its time, and its registers in units of the last digit.
#[derive(Clone, Copy, Debug)]
struct Sent {
    second: i64,
    meter: &'static str,
    registers: [i128; 2],
    decimals: u32,
}

fn number(value: i128, decimals: u32) -> String {
    match decimals {
        0 => value.to_string(),
        _ => {
            let one = 10_i128.pow(decimals);
            format!("{}.{:0width$}", value / one, value % one, width = decimals as usize)
        }
    }
}

impl Sent {
    fn line(&self) -> String {
        let Self { second, meter, registers, decimals } = self;
        let [import, export] = registers.map(|value| number(value, *decimals));
        format!(
            "{{\"schema\":1,\"time\":\"{}\",\"meter\":\"{meter}\",\"energy_import_wh\":{import},\"energy_export_wh\":{export},\"power_import_w\":400,\"voltage_l1_v\":230.1}}\n",
            stamp(*second)
        )
    }
}

/// A fraction whose denominator is above zero.
#[derive(Clone, Copy, Debug)]
struct Fraction(i128, i128);

impl Fraction {
    fn floor(self) -> i128 {
        self.0.div_euclid(self.1)
    }

    fn half_to_even(self) -> i128 {
        let (whole, rest) = (self.floor(), self.0.rem_euclid(self.1));
        whole + i128::from(2 * rest > self.1 || 2 * rest == self.1 && whole % 2 == 1)
    }
}

/// The register at an instant, by a search through all telegrams of a run.
fn register(run: &[Sent], second: i64, of: usize) -> i128 {
    let behind = run.partition_point(|sent| sent.second < second);
    let next = run[behind];
    if next.second == second {
        return next.registers[of];
    }
    let before = run[behind - 1];
    let (rise, span) = (next.registers[of] - before.registers[of], next.second - before.second);
    let part = Fraction(rise * i128::from(second - before.second), span.into());
    Fraction(before.registers[of] * part.1 + part.0, part.1).floor()
}

/// The rows of a run.
fn rows(run: &[Sent], every: Every) -> Vec<String> {
    let (first, last) = (run[0].second, run[run.len() - 1].second);
    let mut edges = vec![first];
    while edges[edges.len() - 1] < last {
        edges.push(every.next(edges[edges.len() - 1]).min(last));
    }
    edges.windows(2).map(|edges| row(run, every, edges[0], edges[1])).collect()
}

fn row(run: &[Sent], every: Every, start: i64, end: i64) -> String {
    let is_boundary = |second: i64| every.interval(second - 1) != every.interval(second);
    // The telegrams of the interval, and one on either side.
    let behind = run.partition_point(|it| it.second <= end) + 1;
    let run = &run[..behind.min(run.len())];
    let run = &run[run.partition_point(|it| it.second < start).saturating_sub(1)..];
    let is_inside =
        |it: &&Sent| it.second >= start && every.interval(it.second) == every.interval(start);
    let telegrams = run.iter().filter(is_inside).count();
    let gaps = || run.windows(2).map(|pair| (pair[0].second, pair[1].second));
    let is_whole = is_boundary(start) && is_boundary(end);
    let touches = gaps().any(|(from, to)| to - from > 60 && from < end && to > start);
    let within = |edge: i64| gaps().any(|(from, to)| to - from > 60 && from < edge && edge < to);
    let Sent { meter, decimals, .. } = run[0];
    let energies = [0, 1].map(|of| register(run, end, of) - register(run, start, of));
    let [import, export] = energies.map(|energy| number(energy, decimals));
    let means = energies.map(|energy| Fraction(3600 * energy, (end - start).into()).half_to_even());
    let [mean_import, mean_export] = means.map(|mean| number(mean, decimals));
    let estimated = if within(start) || within(end) { ",\"estimated\":true" } else { "" };
    // Named where a shorter interval reaches as far.
    let lengths = [
        ("15m", Every::Seconds(900)),
        ("30m", Every::Seconds(1800)),
        ("1h", Every::Seconds(3600)),
        ("1d", Every::Day),
        ("1mo", Every::Month),
    ];
    let is_shorter = lengths.iter().find(|(_, it)| it.next(start) >= end);
    let is_shorter = is_shorter.is_some_and(|(_, it)| *it != every);
    let named = lengths.iter().find(|(_, it)| is_shorter && *it == every);
    let named = named.map(|(name, _)| format!("\"every\":\"{name}\",")).unwrap_or_default();
    let (start, end) = (stamp(start), stamp(end));
    let complete = is_whole && !touches;
    format!(
        "{{\"schema\":1,\"start\":\"{start}\",\"end\":\"{end}\",{named}\"meter\":\"{meter}\",\"energy_import_wh\":{import},\"energy_export_wh\":{export},\"power_import_mean_w\":{mean_import},\"power_export_mean_w\":{mean_export},\"telegrams\":{telegrams},\"complete\":{complete}{estimated}}}"
    )
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The seconds until the next telegram: a minute or less for some hours of each week and around the events, else more.
fn pause(second: i64, random: &mut Random, full: bool) -> i64 {
    let near = [SPRING, AUTUMN, NEW_YEAR + 151 * DAY, NEW_YEAR + 243 * DAY]
        .iter()
        .any(|event| (second - event).abs() < 4 * 3600);
    let dense = full || near || (second - NEW_YEAR) % (7 * DAY) < 9 * 3600;
    let lost = random.below(if full { 1_000_000 } else { 1000 });
    let outage = if full { 8 } else { 1 };
    match dense {
        // An outage of hours or days.
        _ if lost < outage && !near => 3600 + random.below(5 * DAY as u64) as i64,
        _ if full && lost < 3000 => 60 + random.below(1800) as i64,
        _ if full => 5,
        true if lost < 40 => 61 + random.below(1200) as i64,
        true => [20, 30, 60, 60, 60][random.below(5) as usize],
        false => 300 + random.below(3000) as i64,
    }
}

/// The year.
struct Year {
    sent: Vec<Sent>,
    runs: Vec<Vec<Sent>>,
}

fn year(full: bool) -> Year {
    let (mut random, mut sent) = (Random(15), Vec::new());
    let (reset, exchange) = (NEW_YEAR + 151 * DAY + 4000, NEW_YEAR + 243 * DAY + 1234);
    let (mut second, mut registers) = (NEW_YEAR + 77, [12_345_678_i128, 910]);
    let mut previous = second;
    while second < NEW_YEAR + 365 * DAY {
        for boundary in [reset, exchange] {
            if previous < boundary && second >= boundary {
                registers = [3, 0];
            }
        }
        let (meter, decimals) = if second < exchange { ("A", 0) } else { ("B", 1) };
        sent.push(Sent { second, meter, registers, decimals });
        previous = second;
        second += pause(second, &mut random, full);
        // Up to 9 kW.
        let most = (second - previous) as u64 * 9000 / 3600 * 10_u64.pow(decimals) + 2;
        registers[0] += i128::from(random.below(most));
        registers[1] += i128::from(random.below(3) / 2);
    }
    let (mut second, mut registers) = (NEW_YEAR - 500, [99_999_000_i128, 7]);
    while second < NEW_YEAR + 365 * DAY {
        sent.push(Sent { second, meter: "C", registers, decimals: 0 });
        second += [900, 900, 1800, 2700, 7][random.below(5) as usize];
        registers[0] += i128::from(random.below(2000));
    }
    // Each meter keeps its order.
    sent.sort_by_key(|sent| sent.second);
    let mut runs: Vec<Vec<Sent>> = Vec::new();
    for meter in ["A", "B", "C"] {
        let mut last: Option<Sent> = None;
        for one in sent.iter().filter(|sent| sent.meter == meter) {
            let falls =
                last.is_none_or(|last| (0..2).any(|of| one.registers[of] < last.registers[of]));
            if falls {
                runs.push(Vec::new());
            }
            runs.last_mut().unwrap().push(*one);
            last = Some(*one);
        }
    }
    Year { sent, runs }
}

fn lines(sent: &[Sent]) -> String {
    sent.iter().map(Sent::line).collect()
}

/// The readings of the year.
pub fn year_lines() -> String {
    lines(&year(false).sent)
}

/// The lines by their meters, in their order.
fn by_meter<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Vec<&'a str>> {
    let mut meters = BTreeMap::<String, Vec<&str>>::new();
    for line in lines {
        let (_, behind) = line.split_once("\"meter\":\"").expect(line);
        meters.entry(behind.split('"').next().unwrap().to_owned()).or_default().push(line);
    }
    meters
}

fn is_full() -> bool {
    std::env::var("METERPIPE_YEAR").is_ok_and(|how| how == "full")
}

#[test]
fn every_row_of_a_year_is_that_of_the_oracle() {
    let year = year(is_full());
    let input = lines(&year.sent);
    assert_eq!(year.runs.len(), 4, "A, A after its reset, B, C");
    for (name, every) in [
        ("15m", Every::Seconds(900)),
        ("30m", Every::Seconds(1800)),
        ("1h", Every::Seconds(3600)),
        ("1d", Every::Day),
        ("1mo", Every::Month),
    ] {
        let ran = run(&["quarters", "--every", name], input.as_bytes());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.err.contains("meter A: energy_import_wh falls from"), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        let expected: Vec<String> = year.runs.iter().flat_map(|run| rows(run, every)).collect();
        let (found, expected) =
            (by_meter(ran.out.lines()), by_meter(expected.iter().map(String::as_str)));
        for (meter, expected) in expected {
            let found = &found[&meter];
            let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
            if let Some(at) = wrong {
                panic!("{name}, meter {meter}, row {at}:\n{}\n{}", found[at], expected[at]);
            }
            assert_eq!(found.len(), expected.len(), "{name}, meter {meter}");
        }
        sums_are_the_differences_of_the_registers(&year, &ran.out, name);
    }
}

fn sums_are_the_differences_of_the_registers(year: &Year, out: &str, name: &str) {
    for (meter, rows) in by_meter(out.lines()) {
        for (of, key) in ["energy_import_wh", "energy_export_wh"].into_iter().enumerate() {
            let energy = |row: &&str| {
                let (_, behind) = row.split_once(&format!("\"{key}\":")).unwrap();
                let text = behind.split(',').next().unwrap();
                text.replace('.', "").parse::<i128>().unwrap()
            };
            let runs = year.runs.iter().filter(|run| run[0].meter == meter);
            let counted = runs.map(|run| run[run.len() - 1].registers[of] - run[0].registers[of]);
            let sum: i128 = rows.iter().map(energy).sum();
            assert_eq!(sum, counted.sum::<i128>(), "{name}, meter {meter}, {key}");
        }
    }
}

#[test]
fn the_days_of_the_clock_changes_have_92_and_100_quarters() {
    for (day, quarters) in [(87, 92), (88, 96), (297, 100)] {
        let start = NEW_YEAR + day * DAY - if day > 87 { 3600 } else { 0 };
        let end = start + quarters * 900;
        let sent = (start..=end).step_by(60).map(|second| Sent {
            second,
            meter: "A",
            registers: [i128::from(second - start) / 60, 0],
            decimals: 0,
        });
        let sent: Vec<_> = sent.collect();
        let ran = run(&["quarters"], lines(&sent).as_bytes());
        assert_eq!(ran.out.lines().count() as i64, quarters);
        assert!(ran.out.lines().all(|row| row.contains("\"energy_import_wh\":15,")), "{}", ran.out);
        assert!(
            ran.out.lines().all(|row| row.contains("\"telegrams\":15,\"complete\":true}")),
            "{}",
            ran.out
        );
        assert!(ran.out.contains("T00:00:00+"), "{}", ran.out);
        let day = run(&["quarters", "--every", "1d"], lines(&sent).as_bytes());
        assert_eq!(day.out.lines().count(), 1, "{}", day.out);
        assert!(
            day.out.contains(&format!("\"energy_import_wh\":{},", 15 * quarters)),
            "{}",
            day.out
        );
    }
}

#[test]
fn a_row_leaves_with_the_first_telegram_after_its_end_and_pieces_change_nothing() {
    let year = year(false);
    let sent: Vec<_> =
        year.sent.iter().filter(|sent| sent.meter != "C").take(1500).copied().collect();
    let input = lines(&sent);
    let expected = run(&["quarters"], input.as_bytes());
    let mut command = command(&["quarters"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Running(command.spawn().unwrap());
    let mut stdin = child.0.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    let (mut random, mut out) = (Random(3), String::new());
    let mut end = None;
    for one in &sent {
        // The line goes out in pieces, its end last.
        let line = one.line();
        let cut = random.below(line.len() as u64) as usize;
        stdin.write_all(&line.as_bytes()[..cut]).unwrap();
        stdin.write_all(&line.as_bytes()[cut..]).unwrap();
        // The rows that this telegram ends are there before the next one is sent.
        let mut due = end.get_or_insert(Every::Seconds(900).next(one.second)).to_owned();
        while due <= one.second {
            assert!(stdout.read_line(&mut out).unwrap() > 0);
            due = Every::Seconds(900).next(due);
        }
        end = Some(due);
    }
    drop(stdin);
    while stdout.read_line(&mut out).unwrap() > 0 {}
    assert_eq!(out, expected.out);
}

#[test]
fn a_signal_ends_the_last_row_with_the_last_telegram_and_a_word() {
    let line = |minute: i64, meter: &str| {
        let time = stamp(1_782_036_000 + minute * 60);
        format!(
            "{{\"time\":\"{time}\",\"meter\":\"{meter}\",\"energy_import_wh\":{}}}\n",
            7 * minute
        )
    };
    for interrupt in [Signal::INT, Signal::TERM] {
        let mut command = command(&["quarters"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let mut stdin = child.0.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let input: String = (0..=22).map(|minute| line(minute, "7")).collect();
        stdin.write_all(input.as_bytes()).unwrap();
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        assert!(first.contains("\"energy_import_wh\":105,"), "{first}");
        signal(&child.0, interrupt);
        let mut rest = String::new();
        while stdout.read_line(&mut rest).unwrap() > 0 {}
        let Ran { status, err, .. } = child.ended();
        assert_eq!(status, 0, "{err}");
        let row: serde_json::Value = serde_json::from_str(&rest).unwrap();
        let expected = (stamp(1_782_036_900), stamp(1_782_037_320), 49, false);
        let found = ["start", "end"].map(|name| row[name].as_str().unwrap().to_owned());
        let [start, end] = found;
        let energy = row["energy_import_wh"].as_i64().unwrap();
        assert_eq!((start, end, energy, row["complete"].as_bool().unwrap()), expected);
        let word = "meter 7: the interval up to 2026-06-21T12:30:00+02:00 ends with the last telegram, at \
            2026-06-21T12:22:00+02:00, and is not complete";
        assert!(err.contains(word), "{err}");
        // The peak of a month is a whole quarter.
        let peaks = run(&["quarters", "--peaks"], input.as_bytes()).out;
        assert!(peaks.contains("\"energy_import_wh\":105,"), "{peaks}");
    }
}

#[test]
fn what_is_out_of_order_comes_twice_or_leaps_is_not_counted() {
    let at = |minute: i64, import: i128| Sent {
        second: NEW_YEAR + 60 * minute,
        meter: "A",
        registers: [import, 0],
        decimals: 0,
    };
    // In order, a duplicate, one too old, a leap to and from a wild value.
    let sent = [
        at(0, 10),
        at(10, 20),
        at(10, 20),
        at(9, 19),
        at(15, 30),
        at(20, 900_000_000),
        at(25, 40),
        at(30, 50),
    ];
    let ran = run(&["quarters", "-v"], lines(&sent).as_bytes());
    let short: Vec<_> =
        ran.out.lines().map(|row| row.replace(",\"energy_export_wh\":0", "")).collect();
    assert_eq!(short.len(), 2, "{}", ran.out);
    assert!(short[0].contains("T00:00:00+01:00\",\"end\":\"2026-01-01T00:15:00"), "{}", ran.out);
    assert!(short[0].contains("\"energy_import_wh\":20,"), "{}", ran.out);
    assert!(short[0].contains("\"telegrams\":2,\"complete\":false}"), "{}", ran.out);
    assert!(short[1].contains("T00:25:00+01:00\",\"end\":\"2026-01-01T00:30:00"), "{}", ran.out);
    assert_eq!(ran.status, 1);
    for part in [
        "line 4: reading: 60 s older than the readings of this meter before",
        "energy_import_wh leaps from 30 to 900000000 at 2026-01-01T00:20:00+01:00: the energies start anew",
        "energy_import_wh falls from 900000000 to 40",
        "1 telegram came twice",
        "7 telegrams, 1 rejected (1 out of order)",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn each_format_has_its_place_for_intervals() {
    let at = |minute: i64, import: i128| Sent {
        second: NEW_YEAR + 60 * minute,
        meter: "A",
        registers: [import, 0],
        decimals: 0,
    };
    let sent: Vec<_> = (0..=30).map(|minute| at(minute, 1000 + 20 * i128::from(minute))).collect();
    let input = lines(&sent);
    let out = |args: &[&str]| {
        let Ran { status, out, err } = run(&[&["quarters"], args].concat(), input.as_bytes());
        assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
        out
    };
    assert_eq!(
        out(&["--format", "csv", "--unit", "energy=kWh"]),
        "start,end,meter,energy_import_kwh,energy_export_kwh,reactive_energy_import_varh,reactive_energy_export_varh,power_import_mean_w,power_export_mean_w,reactive_power_import_mean_var,reactive_power_export_mean_var,telegrams,complete,estimated\n\
         2026-01-01T00:00:00+01:00,2026-01-01T00:15:00+01:00,A,0.300,0.000,,,1200,0,,,15,true,\n\
         2026-01-01T00:15:00+01:00,2026-01-01T00:30:00+01:00,A,0.300,0.000,,,1200,0,,,15,true,\n"
    );
    let influx = out(&["--format", "influx"]);
    assert_eq!(
        influx.lines().next().unwrap(),
        "smartmeter_15m,meter=A energy_import_wh=300i,energy_export_wh=0i,power_import_mean_w=1200i,power_export_mean_w=0i,telegrams=15i,complete=true 1767222000000000000"
    );
    assert_eq!(
        out(&["--fields", "start,power_import_mean_w"]).lines().next().unwrap(),
        "{\"start\":\"2026-01-01T00:00:00+01:00\",\"power_import_mean_w\":1200}"
    );
    let table = out(&["--format", "table"]);
    assert!(table.starts_with("start "));
    let bare = out(&["--format", "table", "--no-header"]);
    assert_eq!(bare, table.split_once('\n').unwrap().1, "the same rows");
    assert!(out(&["--format", "lines"]).contains("\tpower_import_mean_w\t1200\tW\n"));
    let page = out(&["--format", "prometheus"]);
    assert!(
        page.contains("smartmeter_interval_active_energy_import_watthours{meter=\"A\"} 300\n"),
        "{page}"
    );
    assert!(!page.contains("_total"), "an interval is no counter: {page}");
    for refused in [
        &["--format", "xml"][..],
        &["--format", "solarview"],
        &["--format", "json", "--unit", "energy=kWh"],
    ] {
        let ran = run(&[&["quarters"], refused].concat(), input.as_bytes());
        assert_eq!(ran.status, 2, "{}", ran.err);
    }
}

#[test]
fn the_peak_of_a_month_is_its_highest_whole_quarter() {
    let mut sent = Vec::new();
    let mut import = 0;
    for minute in 0..=3 * 31 * 24 * 4 {
        // Three telegrams an hour in half a quarter; one interval stands out in each month.
        let second = NEW_YEAR + 900 * minute;
        sent.push(Sent { second, meter: "A", registers: [import, 0], decimals: 0 });
        import += if minute % 2000 == 1000 { 900 } else { 100 };
    }
    let ran = run(&["quarters", "--peaks"], lines(&sent).as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let rows: Vec<_> = ran.out.lines().collect();
    assert_eq!(rows.len(), 4, "{}", ran.out);
    for (row, month) in rows.iter().zip(["2026-01", "2026-02", "2026-03", "2026-04"]) {
        assert!(
            row.starts_with(&format!("{{\"schema\":1,\"month\":\"{month}\",\"start\":\"{month}-")),
            "{row}"
        );
    }
    assert!(rows[0].contains("\"power_import_mean_w\":3600"), "{}", rows[0]);
}

#[test]
fn a_running_quarter_has_its_mean_so_far_and_a_forecast() {
    let at = |minute: i64, import: i128| Sent {
        second: NEW_YEAR + 60 * minute,
        meter: "A",
        registers: [import, 0],
        decimals: 0,
    };
    let sent: Vec<_> = (0..=15).map(|minute| at(minute, 10 * i128::from(minute))).collect();
    let ran = run(&["quarters", "--running"], lines(&sent).as_bytes());
    let rows: Vec<_> = ran.out.lines().collect();
    assert_eq!(rows.len(), 16 + 1, "{}", ran.out);
    assert_eq!(
        rows[5],
        "{\"schema\":1,\"time\":\"2026-01-01T00:05:00+01:00\",\"start\":\"2026-01-01T00:00:00+01:00\",\"end\":\"2026-01-01T00:15:00+01:00\",\"meter\":\"A\",\"energy_import_wh\":50,\"energy_export_wh\":0,\"power_import_mean_w\":600,\"power_export_mean_w\":0,\"power_import_forecast_w\":466,\"energy_import_today_wh\":50,\"energy_export_today_wh\":0,\"running\":true,\"telegrams\":6,\"complete\":false}"
    );
    assert!(rows[15].ends_with("\"telegrams\":15,\"complete\":true}"), "{}", rows[15]);
}

/// The rows as `publish` hands them on: files, InfluxDB and Prometheus with names and types that stay.
#[test]
fn rows_are_published_under_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = |minute: i64| Sent {
        second: NEW_YEAR + 60 * minute,
        meter: "A",
        registers: [1000 + 20 * i128::from(minute), 0],
        decimals: 0,
    };
    let sent: Vec<_> = (0..=31).map(at).collect();
    let rows = run(&["quarters"], lines(&sent).as_bytes()).out;
    let path = |name: &str| folder.path().join(name);
    let to = |scheme: &str, name: &str| format!("--to={scheme}:{}", path(name).display());
    let (all, csv, page) = (
        to("file", "all.jsonl"),
        to("file", "all.csv?fields=start,meter,power_import_mean_w"),
        to("prometheus", "page.prom"),
    );
    let ran = run(&["publish", &all, &csv, &page], rows.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("all.jsonl"), rows, "the guard holds no row");
    assert_eq!(rows.lines().count(), 3);
    assert_eq!(
        read("all.csv"),
        "start,meter,power_import_mean_w\n2026-01-01T00:00:00+01:00,A,1200\n2026-01-01T00:15:00+01:00,A,1200\n2026-01-01T00:30:00+01:00,A,1200\n"
    );
    let page = read("page.prom");
    assert!(
        page.contains("smartmeter_active_power_import_mean_watts{meter=\"A\"} 1200\n"),
        "{page}"
    );
    assert!(
        page.contains("smartmeter_interval_start_timestamp_seconds{meter=\"A\"} 1767223800\n"),
        "{page}"
    );
    assert!(!page.contains("active_energy_import_watthours_total{"), "{page}");
}

/// An input that holds no readings earns one message, with the pipeline that fits.
#[test]
fn another_input_earns_one_message() {
    let records = run(&["simulate", "--count", "4"], b"").out;
    let hex = frame_in_hex();
    let spaced: String =
        hex.as_bytes().chunks(2).map(|it| format!("{} ", str::from_utf8(it).unwrap())).collect();
    let octets: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let key = &format!("--key={}", crate::common::published::KEY);
    let as_csv = |format: &str| {
        let format = format!("--format={format}");
        run(&["decode", key, "--quiet", &format], records.as_bytes()).out
    };
    for stage in ["quarters", "plot"] {
        let pipeline = format!(
            ", not readings: decode makes them, as in meterpipe decode --key-file KEYFILE FILE | meterpipe {stage}\n"
        );
        for (input, name) in [
            (records.as_bytes(), "records"),
            (hex.as_bytes(), "octets of telegrams"),
            (spaced.to_uppercase().as_bytes(), "octets of telegrams"),
            (
                format!("00000000: {spaced} h..h\n00000010: {spaced}\n").as_bytes(),
                "octets of telegrams",
            ),
            (b"/KFM5KAIFA-METER\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!\r\n", "octets of telegrams"),
            (&octets, "octets of telegrams"),
        ] {
            let ran = run(&[stage], input);
            let expected = format!("meterpipe {stage}: these are {name}{pipeline}");
            assert_eq!((ran.status, ran.err), (3, expected), "{name}");
        }
        for format in ["csv", "lines", "table", "prometheus", "influx", "solarview", "xml"] {
            let ran = run(&[stage], as_csv(format).as_bytes());
            let expected = format!(
                "meterpipe {stage}: readings in another format, and {stage} takes JSON Lines: meterpipe decode \
                 --format json makes them\n"
            );
            assert_eq!((ran.status, ran.err), (3, expected), "{format}");
        }
        let line = |minute: u32| {
            format!(
                "{{\"time\":\"2026-06-21T12:{minute:02}:00+02:00\",\"energy_import_wh\":{minute}}}\n"
            )
        };
        let readings: String = (0..40).map(line).collect();
        for options in [
            &["--format=csv"][..],
            &["--csv-locale=at", "--unit=energy=kWh"],
            &["--format=csv", "--fields=start,power_import_mean_w"],
            &["--format=csv", "--peaks"],
            &["--format=csv", "--running"],
            &["--format=table"],
            &["--format=lines"],
            &["--format=influx"],
            &["--format=influx", "--every=1d"],
        ] {
            let rows = run(&[&["quarters"], options].concat(), readings.as_bytes());
            let ran = run(&[stage], rows.out.as_bytes());
            let expected = format!(
                "meterpipe {stage}: rows of quarters in another format, and {stage} takes JSON Lines: meterpipe \
                 quarters --format json makes them\n"
            );
            assert_eq!((ran.status, ran.err), (3, expected), "{options:?}: {}", rows.out);
        }
        let row = "21.06.2026 12:00;21.06.2026 12:15;0,123\n".repeat(20);
        for (input, name) in [
            (format!("Datum von;Datum bis;Verbrauch in kWh\n{row}"), "a table"),
            (format!("Zählpunkt;1\n\nDatum;Zeit;kWh;Status\n{row}"), "a table"),
            ("DATE_FROM\tDATE_TO\tVALUE\n21.06.2026\t22.06.2026\t1\n".to_owned(), "a table"),
            ("\"Datum\",\"Verbrauch (kWh)\"\n\"21.06.2026 00:15\",\"1\"\n".to_owned(), "a table"),
            ("PK\u{3}\u{4}\u{14}\0\n".to_owned(), "a table"),
            ("<!DOCTYPE html>\n<html>\n<body>\n</html>\n".to_owned(), "HTML or XML"),
        ] {
            let latin: Vec<u8> = input.chars().map(|it| it as u8).collect();
            let ran = run(&[stage], &latin);
            let expected = format!(
                "meterpipe {stage}: {name}, not readings: {stage} takes JSON Lines of decode or watch, and meterpipe \
                 quarters --compare FILE the CSV of an operator's portal beside them\n"
            );
            assert_eq!((ran.status, ran.err), (3, expected), "{input}");
        }
        let explained =
            run(&["explain", "--format=json", key], &records.as_bytes()[..records.len() / 2]).out;
        let ran = run(&[stage], explained.as_bytes());
        let expected = format!(
            "meterpipe {stage}: these are octets of telegrams, as explain shows them{pipeline}"
        );
        assert_eq!((ran.status, ran.err), (3, expected));
        for (magic, what) in
            [(&b"\x1f\x8b\x08\0\0{\n"[..], "gzip data"), (b"BZh91AY\n", "bzip2 data")]
        {
            let ran = run(&[stage], magic);
            let expected = format!(
                "meterpipe {stage}: {what}, and {stage} takes JSON Lines: unpack it first, as in zcat FILE | \
                 meterpipe {stage}\n"
            );
            assert_eq!((ran.status, ran.err), (3, expected), "{what}");
        }
        // Windows PowerShell writes UTF-16.
        let wide = |order: fn(u16) -> [u8; 2]| {
            format!("\u{feff}{readings}").encode_utf16().flat_map(order).collect::<Vec<_>>()
        };
        let expected = run(&[stage], readings.as_bytes()).out;
        for input in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            let ran = run(&[stage], &input);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""));
            assert_eq!(ran.out, expected);
        }
        // Text of another kind is named line by line, and so is a line that was cut.
        let ran = run(&[stage], b"hello\n6,\"meter\":\"7\"}\n");
        assert!(ran.err.contains("line 1: ") && ran.err.contains("line 2: "), "{}", ran.err);
    }
    // Files of others are read all the same.
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("hex"), &hex).unwrap();
    let line = |minute: u32, wh: u32| {
        format!("{{\"time\":\"2026-06-21T12:{minute:02}:00+02:00\",\"energy_import_wh\":{wh}}}\n")
    };
    fs::write(path("readings"), format!("\u{feff}{}{}", line(0, 1000), line(15, 1250))).unwrap();
    let ran = run(&["quarters", &path("hex"), &path("readings")], b"");
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.out.contains("\"energy_import_wh\":250,"), "{}", ran.out);
    assert!(ran.err.contains("hex: these are octets of telegrams"), "{}", ran.err);
    assert!(ran.err.contains("2 telegrams, 1 rejected (1 unreadable)"), "{}", ran.err);
}

/// Telegrams between which all energies start anew have no row, as one telegram alone has none.
#[test]
fn a_run_without_a_row_has_found_nothing() {
    let line = |year: u32| {
        format!("{{\"time\":\"{year}-01-01T00:00:00+01:00\",\"energy_import_wh\":{year}}}\n")
    };
    let ran = run(&["quarters"], format!("{}{}", line(2020), line(2026)).as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.contains("for more than a year"), "{}", ran.err);
    assert!(ran.err.ends_with("quarters: no interval among 2 telegrams\n"), "{}", ran.err);
}

/// The first frame of a telegram.
fn frame_in_hex() -> String {
    let records = run(&["simulate", "--count", "1"], b"").out;
    let frame = records.lines().find(|line| !line.starts_with('#')).unwrap();
    frame.split(' ').nth(2).unwrap().to_owned()
}
