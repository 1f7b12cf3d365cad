//! A year in short, with every fault that a line and a meter have: the energy that Home Assistant books from
//! what a sink has stored is the energy that the meters have counted, to the watt-hour.
//!
//! ```text
//! 1 January        20 April              1 June           1 September       31 December
//! meter A, 12 MWh  A is reset, from 0    counter from 1   meter B, from 0
//! ```
//!
//! The house sends a few telegrams each five seconds, then nothing for an hour or two, so that a year fits
//! into a test; around each event it sends for twenty minutes. `METERPIPE_YEAR=full` sends twenty times as
//! many.

use std::{collections::BTreeMap, fs};

use crate::common::{
    binary::{Ran, run},
    published::{Folder, HEADER},
};
use jiff::Timestamp;
use meterpipe::source::simulator::{
    clock::date_time,
    house::Values,
    meter::{EXAMPLE_KEY, Identity, MeterKind},
    telegram::SimulatedTelegram,
    wire::{Sealer, send},
};
use serde_json::Value;

/// Seconds from one telegram to the next.
const PACE: i64 = 5;

const DAY: i64 = 86_400;

fn second(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
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

    fn permille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }
}

/// The moments of the telegrams.
struct Schedule {
    /// The events, around which the house sends for twenty minutes.
    events: Vec<i64>,
    /// From second to second nothing arrives.
    outages: Vec<(i64, i64)>,
    /// The seconds from one row of telegrams to the next.
    every: i64,
    /// The telegrams in a row.
    row: i64,
}

impl Schedule {
    fn moments(&self, start: i64, end: i64) -> Vec<i64> {
        let rows = (start..end).step_by(usize::try_from(self.every).unwrap());
        // A row begins a little later each time, so that it meets all minutes of an hour.
        let rows = rows.enumerate().map(|(at, row)| (row + PACE * (at as i64 % 97), self.row));
        let dense = self.events.iter().map(|event| (event - 600, 240));
        let all = rows.chain(dense);
        let all = all.flat_map(|(from, count)| (0..count).map(move |at| from + PACE * at));
        let is_out = |at: &i64| self.outages.iter().any(|(from, to)| (*from..*to).contains(at));
        let mut all: Vec<_> = all.filter(|at| (start..end).contains(at) && !is_out(at)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A meter from its start, or from the moment at which its registers started over.
struct Life {
    kind: MeterKind,
    identity: Identity,
    start: i64,
    /// The registers at the start, in watt-seconds: import and export.
    registers: [u64; 2],
    /// The counter of the telegram at the start, and the moment from which it counts.
    counter: u32,
}

/// One telegram as it was sent.
struct Sent {
    time: i64,
    wire: Vec<u8>,
    /// Import and export in watt-hours.
    registers: [i64; 2],
}

/// The power of the house between two telegrams in watts, negative if it feeds in.
fn power(time: i64, random: &mut Random) -> i64 {
    let hour = time / 3600 % 24;
    let sun = if (8..16).contains(&hour) { 900 * (4 - (hour - 12).abs()) } else { 0 };
    let load = 180 + random.below(900) as i64;
    let stove = if random.permille(30) { 6_000 } else { 0 };
    load + stove - sun
}

impl Life {
    /// The telegrams of these moments, and what the registers counted meanwhile, in watt-hours.
    fn send(&self, moments: &[i64], random: &mut Random) -> (Vec<Sent>, [u64; 2]) {
        let mut sealer = Sealer::new(self.kind.suite(), &EXAMPLE_KEY, None);
        let mut joules = self.registers;
        let (mut before, mut net) = (self.start, power(self.start, random));
        let mut all = vec![];
        let first = joules.map(|it| it / 3600);
        for &time in moments {
            let counted = net.unsigned_abs() * (time - before).unsigned_abs();
            joules[usize::from(net < 0)] += counted;
            (before, net) = (time, power(time, random));
            let counter = self.counter + u32::try_from((time - self.start) / PACE).unwrap();
            let registers = joules.map(|it| i64::try_from(it / 3600).unwrap());
            all.push(Sent {
                time,
                wire: self.telegram(&mut sealer, time, counter, joules, net),
                registers,
            });
        }
        let counted = [0, 1].map(|at| joules[at] / 3600 - first[at]);
        (all, counted)
    }

    fn telegram(
        &self,
        sealer: &mut Sealer,
        time: i64,
        counter: u32,
        joules: [u64; 2],
        net: i64,
    ) -> Vec<u8> {
        let hours = |joules: u64| u32::try_from(joules / 3600).unwrap();
        let watts = u32::try_from(net.abs()).unwrap();
        // The house draws evenly from three phases at 230 V.
        let current = u16::try_from(watts * 100 / 690 + 1).unwrap();
        let values = Values {
            energy_import: hours(joules[0]),
            energy_export: hours(joules[1]),
            reactive_energy_import: hours(joules[0] / 8),
            reactive_energy_export: hours(joules[1] / 8),
            power_import: if net > 0 { watts } else { 0 },
            power_export: if net < 0 { watts } else { 0 },
            voltage: [2300, 2312, 2296],
            current: [current; 3],
            power_factor: 990,
            ..Values::default()
        };
        let clock = Timestamp::from_second(time).unwrap();
        let telegram = SimulatedTelegram {
            meter: self.kind,
            identity: &self.identity,
            invoke_id: self.kind.invoke_id(counter),
            clock: date_time(clock, self.kind.clock_status()),
            values: &values,
        };
        let (mut plain, mut apdu, mut wire) = (vec![], vec![], vec![]);
        telegram.emit(&mut plain);
        sealer.seal(&self.identity.title, counter, &plain, &mut apdu);
        send(self.kind, &apdu, &mut wire);
        wire
    }
}

/// Octets from 68 to 16 of each frame, by the length that it announces.
fn frame_starts(wire: &[u8]) -> Vec<usize> {
    let mut starts = vec![];
    let mut at = 0;
    while at < wire.len() {
        starts.push(at);
        at += usize::from(wire[at + 1]) + 6;
    }
    starts
}

/// Flips a bit, and repairs the sum of its frame: no layer of the link sees it.
fn flip_unseen(wire: &mut [u8], octet: usize, bit: u64) {
    let start = frame_starts(wire).into_iter().rfind(|start| *start <= octet).unwrap();
    let size = usize::from(wire[start + 1]) + 6;
    wire[octet] ^= 1 << bit;
    let sum = wire[start + 4..start + size - 2].iter().fold(0u8, |sum, it| sum.wrapping_add(*it));
    wire[start + size - 2] = sum;
}

/// Octets of the first frame before the plain APDU: frame header, title, length, control, counter.
const BEFORE_PLAIN: usize = 9 + 10 + 2 + 5;

/// The octets of the APDU in a full frame of the meters that are played.
const SEGMENT: usize = 245;

/// The octets of the registers in a telegram; all stand in its first frame, or all are alike.
fn register_octets(kind: MeterKind) -> Vec<usize> {
    let identity = Identity::new(kind, 0);
    let values =
        Values { energy_import: 0xa5a5_a5a5, energy_export: 0xa5a5_a5a5, ..Values::default() };
    let telegram = SimulatedTelegram {
        meter: kind,
        identity: &identity,
        invoke_id: 0,
        clock: date_time(Timestamp::UNIX_EPOCH, 0),
        values: &values,
    };
    let mut plain = vec![];
    telegram.emit(&mut plain);
    let places = (0..plain.len()).filter(|at| plain[*at] == 0xa5);
    // Frame headers and ends stand between.
    let on_wire = |at: usize| match BEFORE_PLAIN + at {
        first if first < 9 + SEGMENT => first,
        second => second + 11,
    };
    places.map(on_wire).collect()
}

/// The line: it damages, repeats, delays and loses.
struct FaultyLine {
    random: Random,
    /// Telegrams that may come again.
    earlier: Vec<Vec<u8>>,
    damaged: usize,
}

impl FaultyLine {
    /// All that arrives in place of a telegram. A spared one may be repeated, and is not damaged.
    fn carry(&mut self, sent: &Sent, registers: &[usize], spared: bool) -> Vec<u8> {
        let random = &mut self.random;
        let mut wire = sent.wire.clone();
        if !spared {
            self.damaged += 1;
            match random.below(100) {
                // A bit of a register that no sum betrays: most of them are those that count.
                0..=2 => {
                    let octet = registers[random.below(registers.len() as u64) as usize];
                    flip_unseen(&mut wire, octet, random.below(8));
                }
                // One to four bits close together, anywhere in a frame.
                3..=5 => {
                    let starts = frame_starts(&wire);
                    let start = starts[random.below(starts.len() as u64) as usize];
                    let size = usize::from(wire[start + 1]) + 6;
                    let octet = 9 + random.below(size as u64 - 11) as usize;
                    for _ in 0..=random.below(4) {
                        let near = (octet + random.below(4) as usize).min(size - 3);
                        flip_unseen(&mut wire, start + near, random.below(8));
                    }
                }
                // A bit that the sum betrays.
                6 => {
                    let octet = random.below(wire.len() as u64) as usize;
                    wire[octet] ^= 1 << random.below(8);
                }
                7 => wire.truncate(1 + random.below(wire.len() as u64 - 1) as usize),
                8 => wire.drain(..).for_each(drop),
                _ => self.damaged -= 1,
            }
        }
        if random.permille(20) {
            let noise: Vec<_> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
            // A look-alike of a start would swallow the telegram.
            let noise = noise.into_iter().filter(|octet| *octet != 0x68);
            wire.splice(0..0, noise);
        }
        if random.permille(10) {
            wire.extend_from_slice(&sent.wire);
        }
        if random.permille(5) && !self.earlier.is_empty() {
            let at = random.below(self.earlier.len() as u64) as usize;
            wire.extend_from_slice(&self.earlier[at]);
        }
        if self.earlier.len() == 50 {
            self.earlier.remove(0);
        }
        self.earlier.push(sent.wire.clone());
        wire
    }
}

/// All that arrives in a year: second and octets. Beside it, the energy of each meter number in watt-hours,
/// import and export.
struct Year {
    arrivals: Vec<(i64, Vec<u8>)>,
    counted: Vec<(String, [u64; 2])>,
    sent: usize,
    damaged: usize,
    /// The registers by meter number and second.
    registers: BTreeMap<(String, i64), [i64; 2]>,
}

impl Year {
    fn new(full: bool, seed: u64) -> Self {
        let start = second("2025-01-01T00:00:00Z");
        let end = second("2026-01-01T00:00:00Z");
        let reset = second("2025-04-20T09:15:00Z");
        let counts_anew = second("2025-06-01T00:00:00Z");
        let exchange = second("2025-09-01T08:00:00Z");
        let switches = ["2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"].map(second);
        let hour = |day: i64, hours: i64| {
            let from = start + day * DAY + 3600;
            (from, from + 3600 * hours)
        };
        let schedule = Schedule {
            events: [&[start + 600, end - 600, reset, counts_anew, exchange][..], &switches]
                .concat(),
            outages: vec![hour(20, 3), hour(75, 60), hour(111, 2), hour(170, 1), hour(246, 30)],
            every: if full { 480 } else { 14_400 },
            row: if full { 8 } else { 6 },
        };
        let (a, b) = (MeterKind::NetzNoeKaifa, MeterKind::KsmWest);
        let old = || Identity::new(a, 9);
        let wh = |hours: u64| 3600 * hours;
        let first = [wh(12_345_678), wh(4_321_000)];
        let mut random = Random(seed);
        let mut line = FaultyLine { random: Random(seed ^ 0x5555), earlier: vec![], damaged: 0 };
        let mut year = Self {
            arrivals: vec![],
            counted: vec![],
            sent: 0,
            damaged: 0,
            registers: BTreeMap::new(),
        };
        let mut registers = first;
        for (from, to, kind, identity, anew, counter) in [
            (start, reset, a, old(), false, 5_000_000),
            (reset, counts_anew, a, old(), true, 8_000_000),
            (counts_anew, exchange, a, old(), false, 1),
            (exchange, end, b, Identity::new(b, 777), true, 1),
        ] {
            if anew {
                registers = [0, 0];
            }
            let life = Life { kind, identity, start: from, registers, counter };
            let moments = schedule.moments(from, to);
            let (sent, counted) = life.send(&moments, &mut random);
            let number = life.identity.number.clone();
            let shown = sent.iter().map(|it| ((number.clone(), it.time), it.registers));
            year.registers.extend(shown);
            for (counted, register) in counted.iter().zip(&mut registers) {
                *register += 3600 * counted;
            }
            let known = year.counted.iter_mut().find(|(known, _)| *known == number);
            match known {
                Some((_, sum)) => *sum = [0, 1].map(|at| sum[at] + counted[at]),
                None => year.counted.push((number, counted)),
            }
            let places = register_octets(kind);
            let last = sent.len() - 3;
            for (at, sent) in sent.iter().enumerate() {
                // Nobody can tell a small step of the first or last telegram from a genuine one.
                let spared = at < 3 && from == start || at >= last;
                let octets = line.carry(sent, &places, spared);
                year.arrivals.push((sent.time, octets));
            }
            year.sent += sent.len();
        }
        year.damaged = line.damaged;
        year
    }
}

/// The energy that Home Assistant books from these values of a `total_increasing` sensor: a value below 90 %
/// of the one before is a new start from 0, and any other dip is subtracted.
fn booked(values: &[i64]) -> i64 {
    let Some((first, rest)) = values.split_first() else {
        return 0;
    };
    let (mut sum, mut start, mut last) = (0, *first, *first);
    for &value in rest {
        if value * 10 < last * 9 {
            sum += last - start;
            start = 0;
        }
        last = value;
    }
    sum + last - start
}

#[test]
fn home_assistant_books_a_new_start_and_no_dip() {
    assert_eq!(booked(&[100, 105, 104, 106]), 6);
    assert_eq!(booked(&[100, 110, 3, 5]), 15);
    assert_eq!(booked(&[100, 90, 100]), 0, "a dip of a tenth");
    assert_eq!(booked(&[100, 89, 100]), 100, "a new start");
}

/// A stored line.
struct Stored {
    meter: String,
    time: i64,
    /// Import and export in watt-hours.
    registers: [i64; 2],
}

fn stored(text: &str) -> Vec<Stored> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.map(|line| Stored {
        meter: line["meter"].as_str().unwrap().to_owned(),
        time: second(line["time"].as_str().unwrap()),
        registers: ["energy_import_wh", "energy_export_wh"].map(|it| line[it].as_i64().unwrap()),
    });
    lines.collect()
}

/// A wrong register that is stored is wrong by no more than a large load brings until the next telegram, unless
/// the one stored next to it agrees: the same bit was flipped in both. So many faults bring a pair or two.
const MOST_WRONG: i64 = 64;

/// Compares what was stored with what was counted.
fn settle(name: &str, year: &Year, text: &str) {
    let stored = stored(text);
    let errors = stored.iter().map(|it| {
        let sent = year.registers.get(&(it.meter.clone(), it.time));
        let sent = sent.unwrap_or_else(|| panic!("{name}: never sent: {} {}", it.meter, it.time));
        [0, 1].map(|side| it.registers[side] - sent[side])
    });
    let errors: Vec<_> = errors.collect();
    let wrong = errors.iter().filter(|it| **it != [0, 0]).count();
    let mut at = 0;
    let mut pairs = 0;
    for alike in errors.chunk_by(|one, next| one == next) {
        let is_large = alike[0].iter().any(|it| it.abs() > MOST_WRONG);
        let what = format!("{name}: {:?} are off by {:?}", stored[at].registers, alike[0]);
        assert!(!is_large || alike.len() == 2, "{what}");
        at += alike.len();
        pairs += usize::from(is_large);
    }
    assert!(pairs <= 2, "{name}: {pairs} pairs");
    let (sent, damaged, count) = (year.sent, year.damaged, stored.len());
    println!(
        "{name}: {sent} sent, {damaged} damaged, {count} stored, {wrong} with a wrong register"
    );
    let mut all = [0, 0];
    for (at, (number, counted)) in year.counted.iter().enumerate() {
        for side in [0, 1] {
            let of_meter = stored.iter().filter(|it| it.meter == *number);
            let values: Vec<_> = of_meter.map(|it| it.registers[side]).collect();
            let counted = i64::try_from(counted[side]).unwrap();
            // The sum of a sensor begins at its first value: the second meter has counted to there from 0.
            let before = if at == 0 { 0 } else { values[0] };
            let starts = values.windows(2).filter(|pair| 10 * pair[1] < 9 * pair[0]);
            let what = format!("{name}: {number}, new starts {:?}", starts.collect::<Vec<_>>());
            assert_eq!(booked(&values) + before, counted, "{what}");
            all[side] += counted;
        }
    }
    for side in [0, 1] {
        // One sensor for the place, whatever meter is there.
        let values: Vec<_> = stored.iter().map(|it| it.registers[side]).collect();
        assert_eq!(booked(&values), all[side], "{name}");
    }
    assert!(count > (sent - damaged) * 98 / 100 && wrong < damaged / 20, "{name}");
}

fn ended(ran: &Ran) {
    assert!([0, 1].contains(&ran.status), "{}", ran.err);
}

#[test]
fn a_year_of_faults_books_the_energy_that_the_meters_counted() {
    let full = std::env::var_os("METERPIPE_YEAR").is_some_and(|it| it == "full");
    let year = Year::new(full, 88_172_645_463_325_252);
    let folder = Folder::new();
    let key = folder.key();
    // Octets from a file, without a time of arrival, in one run.
    let octets: Vec<_> = year.arrivals.iter().flat_map(|(_, octets)| octets.clone()).collect();
    let (input, output) = (folder.write("year.bin", octets), folder.path("octets.jsonl"));
    let to = format!("--to=file:{output}");
    ended(&run(&["watch", "--input=binary", &input, "--key-file", &key, &to], b""));
    settle("octets", &year, &fs::read_to_string(&output).unwrap());
    // Records with the time of arrival, through a pipe that starts anew each quarter of the year.
    let lines: Vec<_> = year.arrivals.iter().filter(|(_, octets)| !octets.is_empty()).collect();
    let record = |(time, octets): &&(i64, Vec<u8>)| {
        let time = Timestamp::from_second(*time).unwrap().to_string().replace('Z', ".250Z");
        format!("{time} raw {}\n", hex::encode(octets))
    };
    let output = folder.path("records.jsonl");
    let to = format!("--to=file:{output}");
    for quarter in lines.chunks(lines.len() / 4 + 1) {
        let records: String = quarter.iter().map(record).collect();
        let decoded = folder.decode(&[], HEADER.to_owned() + &records);
        ended(&decoded);
        ended(&run(&["publish", &to], decoded.out.as_bytes()));
    }
    settle("records", &year, &fs::read_to_string(&output).unwrap());
}
