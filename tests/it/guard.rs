//! The guard behind the chain: telegrams damaged in every way, each alone in a sound stream. Every
//! line that would be stored was sent, but for values that a house may well have.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Stdio, sync::Arc};

use crate::common::{
    binary::{Ran, Running, command, run_command, wait_for},
    chain::beside,
    damage::RandomNumbers,
    published::KEY,
};
use jiff::{SignedDuration, Timestamp};
use meterpipe::{
    chain::decode::{Decode, DecodeEvent},
    cipher::key_file,
    cosem::clock::VIENNA,
    format::{
        entry::OutputTelegram,
        key::{FieldKey, Meta},
        readings::{Member, ReadingValue, Readings},
    },
    reading::fields::FIELDS,
    record::{Attributes, Place, Record, RecordKind, Time},
    sink::guard::{evidence::TelegramEvidence, guard::Guard, verdict::Fate},
    source::simulator::{
        clock::date_time,
        meter::{ListLayout, MeterKind},
        push::{PushOptions, Simulator},
    },
};
use tempfile::TempDir;

const TITLE: [u8; 8] = *b"KFM\x00\x00\x00\x00\x01";

/// The first second of the streams.
const START: i64 = 1_790_000_000;

/// The plain APDUs of a meter, each five seconds, and the counter of the first.
fn plain_stream(meter: MeterKind, count: usize) -> Vec<Vec<u8>> {
    let start = Timestamp::from_second(START).unwrap();
    let mut simulator = Simulator::new(PushOptions { seed: 7, ..PushOptions::new(meter, start) });
    let mut wire = vec![];
    (0..count).for_each(|_| {
        simulator.push(&mut wire);
    });
    let mut plain = vec![];
    let mut chain = Decode::with_keys(key_file::parse(KEY).unwrap());
    chain.push(&wire, &mut |event: DecodeEvent<'_>| {
        if let DecodeEvent::Telegram { record, .. } = event {
            plain.push(record.octets.to_vec());
        }
    });
    assert_eq!(plain.len(), count);
    plain
}

/// The stream of a chain and a guard. A telegram that was damaged keeps its place and counter.
struct Guarded {
    chain: Decode,
    guard: Guard,
    counter: u32,
    stored: Vec<Arc<Readings>>,
}

impl Guarded {
    fn new() -> Self {
        let chain = Decode::default();
        Self { chain, guard: Guard::default(), counter: 100, stored: vec![] }
    }

    fn put(&mut self, plain: &[u8]) {
        let Self { chain, guard, counter, stored } = self;
        *counter += 1;
        let attributes =
            Attributes { title: Some(TITLE), ic: Some(*counter), ..Attributes::default() };
        let record =
            Record { time: Time::UNKNOWN, kind: RecordKind::Apdu, octets: plain, attributes };
        chain.feed(&record, Place::Live, &mut |event: DecodeEvent<'_>| {
            let DecodeEvent::Telegram { telegram, record, .. } = event else {
                return;
            };
            let (received, attributes) = (record.time, record.attributes);
            let entry = OutputTelegram { telegram, zone: &VIENNA, received, attributes };
            let readings = Arc::new(Readings::of(&entry).unwrap());
            let verdict = guard.check(&readings, &TelegramEvidence::of(&entry));
            stored.extend(verdict.earlier);
            stored.extend((verdict.fate == Fate::Passes).then_some(readings));
        });
    }

    fn end(mut self) -> Vec<Arc<Readings>> {
        self.stored.extend(self.guard.end());
        self.stored
    }
}

fn stored<'a>(stream: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<Arc<Readings>> {
    let mut guarded = Guarded::new();
    stream.into_iter().for_each(|plain| guarded.put(plain));
    guarded.end()
}

/// True if the damaged telegram only has values that no guard can tell from those of a house: what it
/// measures at the moment, within the limits of a house, and registers that rise by no more than a load
/// that ran between two telegrams, or fall as little behind what was the first telegram.
fn is_plausible(damaged: &Readings, sent: &Readings) -> bool {
    let same = damaged.members().len() == sent.members().len();
    same && damaged.members().iter().zip(sent.members()).all(|(found, sent)| {
        found == sent || found.key == sent.key && is_plausible_value(found, sent)
    })
}

fn is_plausible_value(found: &Member, sent: &Member) -> bool {
    let (FieldKey::Field(place, 1), ReadingValue::Number(found), ReadingValue::Number(sent)) =
        (found.key, &found.value, &sent.value)
    else {
        return false;
    };
    let value: f64 = found.to_string().parse().unwrap();
    let most = match FIELDS[place].name {
        name if name.contains("energy") => {
            let sent: f64 = sent.to_string().parse().unwrap();
            return (value - sent).abs() <= 8.0;
        }
        name if name.starts_with("voltage") => 300.0,
        name if name.starts_with("current") => 250.0,
        name if name.starts_with("power_factor") => 1.0,
        // More would contradict the currents, or the power in the other direction.
        _ => 2_000.0,
    };
    value.abs() <= most && found.decimals() == sent.decimals()
}

/// The outcome of one damage.
#[derive(Debug, Default)]
struct Outcome {
    /// Streams in which a damaged telegram was stored that nobody can tell from a sound one.
    plausible: usize,
    /// Telegrams that were sent and not stored, besides the damaged one.
    most_lost: usize,
    lost: usize,
}

/// Puts one damaged telegram at that place of the stream.
fn damage(
    stream: &[Vec<u8>],
    genuine: &[Arc<Readings>],
    at: usize,
    damaged: &[u8],
    sum: &mut Outcome,
) {
    let mut guarded = Guarded::new();
    for (index, plain) in stream.iter().enumerate() {
        guarded.put(if index == at { damaged } else { plain });
    }
    let stored = guarded.end();
    let mut found = BTreeSet::new();
    for readings in &stored {
        match genuine.iter().position(|sent| sent == readings) {
            Some(index) => assert!(found.insert(index), "stored twice at {at}"),
            None => {
                let values = readings.members().iter().zip(genuine[at].members());
                let differ = values.filter(|(found, sent)| found != sent);
                let differ: Vec<_> =
                    differ.map(|(it, sent)| format!("{} for {}", it.value, sent.value)).collect();
                let what = format!("at {at}: {}: {differ:?}", hex::encode(damaged));
                assert!(is_plausible(readings, &genuine[at]), "{what}");
                sum.plausible += 1;
            }
        }
    }
    let lost = (0..stream.len()).filter(|it| *it != at && !found.contains(it)).count();
    assert!(lost <= 2, "{lost} lost at {at}: {}", hex::encode(damaged));
    sum.lost += lost;
    sum.most_lost = sum.most_lost.max(lost);
}

const METERS: [MeterKind; 2] = [MeterKind::NetzNoeKaifa, MeterKind::KsmWest];

#[test]
fn every_flipped_bit_of_a_plain_telegram_stores_no_line_that_was_not_sent() {
    for meter in METERS {
        let stream = plain_stream(meter, 20);
        let genuine = stored(&stream);
        assert_eq!(genuine.len(), 20);
        let mut sum = Outcome::default();
        for at in [0, 1, 10, 19] {
            for bit in 0..8 * stream[at].len() {
                let mut damaged = stream[at].clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                damage(&stream, &genuine, at, &damaged, &mut sum);
            }
        }
        println!("{meter}: {} flips each at 4 places: {sum:?}", 8 * stream[0].len());
        // Voltages, currents and the power factor within a house's limits, small steps of the others.
        assert!(sum.plausible <= 403, "{sum:?}");
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn ten_thousand_random_damages_store_no_line_that_was_not_sent() {
    let mut random = Random(88_172_645_463_325_252);
    for meter in METERS {
        let stream = plain_stream(meter, 12);
        let genuine = stored(&stream);
        let mut sum = Outcome::default();
        for _ in 0..5000 {
            let at = random.below(stream.len());
            let mut damaged = stream[at].clone();
            // Values alone are damaged most: everything else is refused before the guard.
            let near = random.below(damaged.len());
            for _ in 0..=1 + random.below(6) {
                let octet = match random.below(3) {
                    0 => random.below(damaged.len()),
                    _ => (near + random.below(8)) % damaged.len(),
                };
                damaged[octet] ^= 1 << random.below(8);
            }
            damage(&stream, &genuine, at, &damaged, &mut sum);
        }
        println!("{meter}: 5000 damages: {sum:?}");
    }
}

/// A telegram with its clock in both places moved by so many seconds.
fn with_clock(plain: &[u8], sent: i64, now: i64) -> Vec<u8> {
    let octets = |second: i64| date_time(Timestamp::from_second(second).unwrap(), 0);
    // All but deviation and status, which the meter and the season give.
    let (old, new) = (octets(sent), octets(now));
    let mut plain = plain.to_vec();
    let places: Vec<_> =
        (0..plain.len() - 12).filter(|at| plain[*at..].starts_with(&old[..8])).collect();
    assert!(!places.is_empty(), "{}", hex::encode(&plain));
    for at in places {
        plain[at..at + 11].copy_from_slice(&new[..11]);
    }
    plain
}

#[test]
fn a_clock_that_is_damaged_in_both_places_is_held() {
    for meter in METERS {
        let stream = plain_stream(meter, 20);
        let genuine = stored(&stream);
        for seconds in [8, 16, 60, 3600, 86_400, 2_592_000, 31_536_000, 800_000_000] {
            for seconds in [seconds, -seconds] {
                let sent = START + 5 * 10;
                let damaged = with_clock(&stream[10], sent, sent + seconds);
                let mut sum = Outcome::default();
                damage(&stream, &genuine, 10, &damaged, &mut sum);
                assert_eq!((sum.plausible, sum.lost), (0, 0), "{seconds}");
            }
        }
    }
}

#[test]
fn zeros_in_any_number_are_never_stored_and_cost_no_other_telegram() {
    let meter = MeterKind::NetzNoeKaifa;
    let stream = plain_stream(meter, 130);
    let genuine = stored(&stream);
    let zero = |plain: &Vec<u8>| {
        let mut plain = plain.clone();
        for code in ["0100010800ff06", "0100020800ff06"] {
            let code = hex::decode(code).unwrap();
            let at = plain.windows(code.len()).position(|it| it == code).unwrap() + code.len();
            plain[at..at + 4].fill(0);
        }
        plain
    };
    for start in [0, 1, 2, 10] {
        for count in 1..=100 {
            let zeros = start..start + count;
            let damaged = stream.iter().enumerate();
            let damaged =
                damaged.map(|(at, it)| if zeros.contains(&at) { zero(it) } else { it.clone() });
            let found = stored(&damaged.collect::<Vec<_>>());
            let sent = genuine.iter().enumerate().filter(|(at, _)| !zeros.contains(at));
            let sent: Vec<_> = sent.map(|(_, readings)| readings.clone()).collect();
            assert!(found == sent, "{count} zeros from {start}: {} stored", found.len());
        }
    }
}

/// The virtual meters whose clock has one form. Kärnten Netz also sends time and date as octets that differ in
/// each telegram, and mean nothing without the table of the family; Styria sends text.
fn meters_with_one_clock() -> impl Iterator<Item = MeterKind> {
    let others = [ListLayout::Carinthia, ListLayout::Text];
    MeterKind::ALL.into_iter().filter(move |it| !others.contains(&it.layout()))
}

#[test]
fn clean_streams_of_all_meters_at_every_pace_pass_whole() {
    for meter in meters_with_one_clock() {
        for pace in [1, 5, 60, 900, 3600] {
            // Both switches of the clock: 29 March and 25 October 2026, at 01:00 UTC.
            for switch in [1_774_746_000, 1_792_890_000] {
                let stream = plain_stream(meter, 40);
                let moved = stream.iter().enumerate().map(|(at, plain)| {
                    let at = i64::try_from(at).unwrap();
                    // A gap, in which telegrams were lost.
                    let gap = if at < 30 { 0 } else { 7200 };
                    with_clock(
                        plain,
                        START + meter.interval() * at,
                        switch + pace * (at - 20) + gap,
                    )
                });
                let moved: Vec<_> = moved.collect();
                let found = stored(&moved);
                assert_eq!(found.len(), 40, "{meter} each {pace} s around {switch}");
                let times = found.iter().map(|it| it.meta(Meta::Time).unwrap().parse().unwrap());
                let times: Vec<Timestamp> = times.collect();
                assert!(times.is_sorted(), "{meter} each {pace} s around {switch}");
                let whole = SignedDuration::from_secs(pace * 39 + 7200);
                assert_eq!(times[39].duration_since(times[0]), whole);
            }
        }
    }
}

#[test]
fn what_four_fifths_of_loss_leave_of_a_clean_stream_is_stored() {
    for meter in meters_with_one_clock() {
        let (mut guarded, mut left, mut random) = (Guarded::new(), 0, RandomNumbers::of(12_345));
        for (counter, plain) in (0..).zip(plain_stream(meter, 3000)) {
            // Gaps of every length up to some minutes, as a bad line has them.
            if random.octet() < 51 {
                guarded.counter = counter;
                guarded.put(&plain);
                left += 1;
            }
        }
        assert!((500..700).contains(&left));
        assert_eq!(guarded.end().len(), left, "{meter}");
    }
}

/// The cases after public reports.
fn case(name: &str) -> Option<PathBuf> {
    beside("cases").map(|folder| folder.join(name))
}

/// Runs `watch` on a file. Returns the end of the run, and the folder with the stored lines.
fn watch(name: &str, sinks: &[&str]) -> Option<(Ran, TempDir)> {
    let path = case(name)?;
    let folder = TempDir::new().unwrap();
    let keys = path.with_extension("keys");
    let keys = fs::read_to_string(keys).unwrap_or_else(|_| KEY.to_owned());
    let key_file = folder.path().join("guek");
    fs::write(&key_file, keys).unwrap();
    let args = [&["watch", path.to_str().unwrap()], sinks].concat();
    let mut watch = command(&args);
    watch.arg("--key-file").arg(&key_file).stdin(Stdio::null()).current_dir(folder.path());
    Some((run_command(watch, b""), folder))
}

#[test]
fn the_cases_of_public_reports_store_what_was_sent() {
    for (name, status, stored, told) in [
        ("values/damaged-obis.hex", 1, 9, "the guard left out 3 telegrams: layout 3"),
        ("values/zero-registers-15s.hex", 1, 9, "falls from 12345682 to 0; left out until"),
        ("values/scaler-64.hex", 1, 2, "codes, scalers or units, differ; left out"),
        ("clocks/apdu-clock-damaged.hex", 1, 11, "the clocks of the APDU and of the list disagree"),
        ("clocks/dst-bit-contradicts-deviation.hex", 0, 10, "the clock goes back from "),
        ("clocks/year-2000.rec", 0, 30, "the clock is 9668 days behind the time of arrival"),
        ("clocks/status-invalid.hex", 0, 3, ""),
    ] {
        let Some((ran, folder)) = watch(name, &["--to=file:a.jsonl"]) else {
            return;
        };
        assert_eq!(ran.status, status, "{name}: {}", ran.err);
        assert!(ran.err.contains(told), "{name}: {}", ran.err);
        let text = fs::read_to_string(folder.path().join("a.jsonl")).unwrap();
        assert_eq!(text.lines().count(), stored, "{name}: {}", ran.err);
        let wrong = ["1-0:3.8.0", "1-0:65.7.0", "#2", "_wh\":0,", "0000000000,", "2026-05-"];
        let has_export = !text.contains("energy_export_wh\":0,");
        assert!(!has_export || !wrong.iter().any(|wrong| text.contains(wrong)), "{name}: {text}");
    }
}

#[test]
fn a_place_for_one_meter_goes_to_the_next_one() {
    let sinks = ["--to=file:a.jsonl", "--to=solarview:s.txt"];
    let Some((ran, folder)) = watch("values/meter-exchanged.hex", &sinks) else {
        return;
    };
    let told = "meter 181220000777 now sends in the place of meter 181220000009";
    assert_eq!(ran.err.matches(told).count(), 1, "{}", ran.err);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.jsonl").lines().count(), 10);
    assert!(read("s.txt").contains("1.8.0(000000.004*kWh)"), "{}", read("s.txt"));
}

/// A telegram that arrives now, so many seconds after the others.
fn live(second: i64, counter: u32, energy: &str) -> String {
    let received = Timestamp::now() + SignedDuration::from_secs(second - 50);
    format!(
        "{{\"schema\":1,\"time\":\"{received}\",\"received\":\"{received}\",\"meter\":\"7\",\
         \"system_title\":\"4b464d6750000009\",\"invocation_counter\":{counter},\
         \"energy_import_wh\":{energy},\"power_net_w\":5}}\n"
    )
}

/// Publishes lines into a file, with a folder for the guard's memory.
fn publish(folder: &TempDir, input: &str) -> (Ran, usize) {
    let (ran, [count]) = publish_to(folder, ["a.jsonl"], input);
    (ran, count)
}

/// The same into several files.
fn publish_to<const N: usize>(
    folder: &TempDir,
    files: [&str; N],
    input: &str,
) -> (Ran, [usize; N]) {
    let mut publish = command(&["publish"]);
    publish.args(files.map(|file| format!("--to=file:{file}")));
    publish.env("XDG_STATE_HOME", folder.path().join("state")).current_dir(folder.path());
    let ran = run_command(publish, input.as_bytes());
    let count =
        |file| fs::read_to_string(folder.path().join(file)).unwrap_or_default().lines().count();
    (ran, files.map(count))
}

#[test]
fn a_telegram_that_one_sink_has_is_new_to_another_one() {
    for known in [0, 3] {
        let folder = TempDir::new().unwrap();
        let before: String = (0..known).map(|at| live(at.into(), at, "12930")).collect();
        if known > 0 {
            publish_to(&folder, ["before.jsonl"], &before);
        }
        let telegram = live(20, 20, "12930");
        for (files, counts) in [
            (["a.jsonl", "a2.jsonl"], [1, 1]),
            (["b.jsonl", "b2.jsonl"], [1, 1]),
            (["b.jsonl", "b2.jsonl"], [1, 1]),
            (["a.jsonl", "c.jsonl"], [1, 1]),
            (["c.jsonl", "d.jsonl"], [1, 1]),
            (["./c.jsonl", "a.jsonl"], [1, 1]),
        ] {
            let (ran, stored) = publish_to(&folder, files, &telegram);
            assert_eq!((ran.status, stored), (0, counts), "{known} {files:?}: {}", ran.err);
        }
        // A telegram that is repeated confirms none.
        let (ran, stored) = publish_to(&folder, ["e.jsonl"], &live(25, 21, "90000000"));
        assert_eq!((ran.status, stored), (1, [0]), "{}", ran.err);
        // A held telegram is held for every sink.
        let (ran, stored) = publish_to(&folder, ["f.jsonl"], &live(25, 21, "90000000"));
        assert_eq!((ran.status, stored), (1, [0]), "{}", ran.err);
        let (ran, stored) = publish_to(&folder, ["a.jsonl"], &live(30, 22, "12930"));
        assert_eq!((ran.status, stored), (0, [2]), "{}", ran.err);
    }
}

#[test]
fn the_guard_remembers_a_meter_from_run_to_run() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state/meterpipe/guard.json");
    let (ran, stored) = publish(&folder, &(live(0, 1, "12937") + &live(5, 2, "12937")));
    assert_eq!((ran.status, ran.err.as_str(), stored), (0, "", 2));
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    // The first telegram of the next run is judged by those of the last one.
    for (line, count, told) in [
        (live(10, 3, "0"), 2, "falls from 12937 to 0; left out"),
        (
            live(10, 4, "12938").replace("power_net_w", "power_import_w"),
            2,
            "codes, scalers or units",
        ),
        (live(10, 5, "12938").replace("\"7\"", "\"8\""), 2, "the meter number differs"),
        (live(10, 1, "12937"), 2, "invocation counter"),
        (live(10, 6, "90000000"), 2, "rises from 12937"),
        (live(10, 7, "12938"), 3, ""),
    ] {
        let (ran, stored) = publish(&folder, &line);
        assert_eq!((ran.status, stored), (i32::from(!told.is_empty()), count), "{}", ran.err);
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // The next runs confirm what a run holds.
    for (counter, told, count) in [
        (8, "left out until two more telegrams say so", 3),
        (9, "left out until one more telegram says so", 3),
        (10, "and more telegrams agree: the meter was configured anew, or sends several lists", 4),
        (11, "", 5),
    ] {
        let line = live(10, counter, "12938").replace("power_net_w", "power_export_w");
        let (ran, stored) = publish(&folder, &line);
        assert_eq!((ran.status, stored), (i32::from(count == 3), count), "{}", ran.err);
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // Another meter leaves the first one known.
    publish(&folder, &live(15, 1, "5").replace("0009", "0008"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("4b464d6750000008") && text.contains("4b464d6750000009"), "{text}");
    let damaged = ["", "{", "[]", "{\"version\":2}", &text[..text.len() / 2], "\u{0}\u{1}"];
    for damaged in damaged {
        fs::write(&path, damaged).unwrap();
        let (ran, _) = publish(&folder, &(live(20, 14, "12938") + &live(25, 15, "12938")));
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(ran.err.matches("the guard starts without it").count(), 1, "{}", ran.err);
    }
    // Damage that keeps the form is unknown.
    fs::write(&path, text.replace("\"believed\":", "\"believed\":\"x\",\"y\":")).unwrap();
    let (ran, _) = publish(&folder, &(live(20, 14, "12938") + &live(25, 15, "12938")));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn a_live_run_stores_nothing_again_that_an_earlier_one_stored_and_a_backfill_does() {
    let folder = TempDir::new().unwrap();
    let all: String = (1..=10).map(|at| live(at.into(), at, &format!("{}", 12937 + at))).collect();
    for _ in 0..2 {
        let (ran, stored) = publish(&folder, &all);
        assert_eq!((ran.status, stored), (0, 10), "{}", ran.err);
    }
    let old = all.replace("\"received\":\"2", "\"received\":\"1");
    for count in [20, 30] {
        let (ran, stored) = publish(&folder, &old);
        assert_eq!(stored, count, "{}", ran.err);
    }
}

#[test]
fn a_power_cut_in_the_first_hour_leaves_the_guard_its_knowledge() {
    let folder = TempDir::new().unwrap();
    let mut watch = command(&["watch", "sim:", "--to=file:a.jsonl"]);
    watch.env("XDG_STATE_HOME", folder.path().join("state")).current_dir(folder.path());
    let mut watch = Running(watch.stdin(Stdio::null()).spawn().unwrap());
    let path = folder.path().join("state/meterpipe/guard.json");
    let known = || fs::read_to_string(&path).unwrap_or_default();
    wait_for("the knowledge", || known().contains("\"name\":\"4b464d"));
    watch.0.kill().unwrap();
}

#[test]
fn old_telegrams_are_neither_remembered_nor_judged_by_memory() {
    let folder = TempDir::new().unwrap();
    let input = "{\"time\":\"2026-01-01T00:00:00Z\",\"received\":\"2026-01-01T00:00:00Z\",\
                 \"meter\":\"7\",\"energy_import_wh\":5}\n";
    for runs in 1..3 {
        let (ran, stored) = publish(&folder, input);
        assert_eq!((ran.status, stored), (0, runs));
    }
    assert!(!folder.path().join("state").exists());
}
