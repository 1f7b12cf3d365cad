//! The simulator: one push after the other.

use core::fmt;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    faults::{Fault, Faults},
    house::{House, PERIOD, Values},
    meter::{EXAMPLE_GAK, EXAMPLE_KEY, Identity, MeterKind},
    pace::Runs,
    random::{Random, Topic},
    telegram::SimulatedTelegram,
    wire::{self, Sealer},
};

/// The kind of meter, the time and the faults.
#[derive(Clone)]
pub struct PushOptions {
    /// The kind of meter.
    pub meter: MeterKind,
    /// The seed of the house, its people, its weather and its meter's numbers.
    pub seed: u64,
    /// The meter's clock at the first push; fractions of a second are dropped.
    pub start: Timestamp,
    /// The encryption key.
    pub guek: Zeroizing<[u8; 16]>,
    /// The authentication key; if there is one, telegrams carry a tag.
    pub gak: Option<Zeroizing<[u8; 16]>>,
    /// The faults on the line.
    pub faults: Faults,
}

impl PushOptions {
    /// Seed 0, the published example keys, no faults. Telegrams carry a tag if the meter's real ones
    /// do.
    pub fn new(meter: MeterKind, start: Timestamp) -> Self {
        let guek = Zeroizing::new(EXAMPLE_KEY);
        let gak = meter.is_tagged().then(|| Zeroizing::new(EXAMPLE_GAK));
        Self { meter, seed: 0, start, guek, gak, faults: Faults::default() }
    }
}

/// The keys are left out.
impl fmt::Debug for PushOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("meter", &self.meter)
            .field("seed", &self.seed)
            .field("start", &self.start)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// A meter that pushes. It never ends, and its memory does not grow.
pub struct Simulator {
    meter: MeterKind,
    identity: Identity,
    seed: u64,
    second: i64,
    house: House,
    /// The current measurement and its time, in periods since 1970.
    measured: (i64, Values),
    sealer: Sealer,
    faults: Faults,
    /// The invoke id is this far ahead of the invocation counter.
    ahead: u32,
    plain: Vec<u8>,
    apdu: Vec<u8>,
}

/// The content of a push, for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// The meter's clock.
    pub time: Timestamp,
    /// The invocation counter of the ciphering header: it rises by one with each push.
    pub invocation_counter: u32,
    /// The fault on the line, if any.
    pub fault: Option<Fault>,
    /// The values that the meter sent, even if the line damaged them.
    pub values: Values,
    /// The runs of octets between pauses.
    pub runs: Runs,
}

impl Push {
    /// The number of whole telegrams that a reader must deliver.
    pub const fn deliveries(&self) -> usize {
        match self.fault {
            None => 1,
            Some(fault) => fault.deliveries(),
        }
    }
}

impl Simulator {
    /// A meter before its first push. Summing up the energies of up to eight years takes some
    /// milliseconds.
    pub fn new(options: PushOptions) -> Self {
        let PushOptions { meter, seed, start, guek, gak, faults } = options;
        let second = start.as_second();
        let mut house = House::new(seed, meter.phases() == 1, start);
        let measured = (second.div_euclid(PERIOD), house.measure());
        Self {
            meter,
            identity: Identity::of_seed(meter, seed),
            seed,
            second,
            house,
            measured,
            sealer: Sealer::new(meter.suite(), &guek, gak.as_deref()),
            faults,
            ahead: meter.invoke_ahead(&mut Random::at(seed, Topic::Meter, 1)),
            plain: vec![],
            apdu: vec![],
        }
    }

    /// The numbers of this meter.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Seconds between two pushes.
    pub const fn interval(&self) -> i64 {
        self.meter.interval()
    }

    /// Appends the octets of the next push to `wire`. Each push is an interval later than the last.
    pub fn push(&mut self, wire: &mut Vec<u8>) -> Push {
        let time = Timestamp::from_second(self.second).unwrap_or(Timestamp::MAX);
        let invocation_counter =
            ((self.second - self.house.installed()) / self.meter.interval()) as u32;
        let values = self.measure();
        self.seal(time, invocation_counter, &values);
        let start = wire.len();
        let mut runs = wire::send(self.meter, &self.apdu, wire);
        let mut random = Random::at(self.seed, Topic::Fault, self.second);
        let fault = self.faults.draw(&mut random);
        if let Some(fault) = fault {
            fault.apply(&mut random, wire, start, &mut runs, self.meter.link());
        }
        self.second = self.second.saturating_add(self.meter.interval());
        Push { time, invocation_counter, fault, values, runs }
    }

    /// The last measurement at this moment: a meter that pushes every second repeats it.
    fn measure(&mut self) -> Values {
        let now = self.second.div_euclid(PERIOD);
        while self.measured.0 < now {
            self.measured = (self.measured.0 + 1, self.house.measure());
        }
        self.measured.1
    }

    /// Puts the ciphered APDU into `self.apdu`.
    fn seal(&mut self, time: Timestamp, counter: u32, values: &Values) {
        self.plain.clear();
        let telegram = SimulatedTelegram {
            meter: self.meter,
            identity: &self.identity,
            invoke_id: self.meter.invoke_id(counter.wrapping_add(self.ahead)),
            clock: self.meter.clock(time),
            values,
        };
        telegram.emit(&mut self.plain);
        self.apdu.clear();
        self.sealer.seal(&self.identity.title, counter, &self.plain, &mut self.apdu);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::simulator::faults::Rate;

    fn options(meter: MeterKind) -> PushOptions {
        PushOptions::new(meter, "2024-05-01T12:00:00Z".parse().unwrap())
    }

    fn run(options: PushOptions, pushes: usize) -> (Vec<u8>, Vec<Push>) {
        let mut simulator = Simulator::new(options);
        let mut wire = vec![];
        let pushes = (0..pushes).map(|_| simulator.push(&mut wire)).collect();
        (wire, pushes)
    }

    #[test]
    fn telegrams_have_the_size_of_the_real_ones() {
        for (meter, octets, start) in [
            (MeterKind::NetzNoeKaifa, 282, "68fafa6853ff000167db084b464d67"),
            (MeterKind::NetzNoeSagemcom, 282, "68fafa6853ff000167db0853414759"),
            (MeterKind::NetzNoeSagemcomOld, 282, "6801016853ff000167db0853414759"),
            (MeterKind::KsmWest, 376, "68fafa6853ff000167db084b464d10"),
            (MeterKind::KsmWest1Phase, 300, "68fafa6853ff000167db084b464d10"),
            (MeterKind::WienerNetze, 105, "7ea067ceff031338bde6e700db084c"),
            (MeterKind::KaerntenNetz, 121, "7ea077cf022313bb45e6e700db0849"),
            (MeterKind::NetzBurgenland, 120, "7ea076ceff0313"),
            (MeterKind::Graz, 332, "7ea08bceff0313eee1e6e700e04000"),
            (MeterKind::Steiermark, 511, "db0853414735"),
        ] {
            let (wire, pushes) = run(options(meter), 3);
            assert_eq!(wire.len(), 3 * octets, "{meter}");
            assert!(hex::encode(&wire[..15]).starts_with(start), "{meter}");
            assert!(pushes.iter().all(|push| push.runs.octets() == octets));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_octets_and_another_seed_others() {
        let seeded = |seed| run(PushOptions { seed, ..options(MeterKind::KsmWest) }, 100);
        assert_eq!(seeded(7), seeded(7));
        assert_ne!(seeded(7).0, seeded(8).0);
    }

    /// Recordings of a seed by users and tests must match every later version.
    #[test]
    fn a_seed_gives_the_same_octets_for_ever() {
        let rate = Rate::per_million(100_000);
        let faults = Faults { noise: rate, flip: rate, cut: rate, lose: rate, duplicate: rate };
        let sums = MeterKind::ALL.map(|meter| {
            let (wire, _) = run(PushOptions { seed: 42, faults, ..options(meter) }, 1_000);
            // FNV-1a.
            wire.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, &octet| {
                (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
            })
        });
        let recorded = [
            14_462_191_724_377_460_019,
            11_053_678_180_302_843_040,
            11_892_046_453_701_708_624,
            17_078_738_662_396_556_135,
            13_453_345_453_601_322_794,
            8_464_787_853_172_044_490,
            8_759_804_115_932_297_445,
            13_185_396_315_053_066_892,
            8_436_658_129_980_813_581,
            8_571_966_637_431_234_941,
        ];
        assert_eq!(sums, recorded);
    }

    #[test]
    fn pushes_come_every_five_seconds_and_are_counted() {
        let (_, pushes) = run(options(MeterKind::NetzNoeKaifa), 50);
        for pair in pushes.windows(2) {
            assert_eq!(pair[1].time.as_second() - pair[0].time.as_second(), 5);
            assert_eq!(pair[1].invocation_counter, pair[0].invocation_counter + 1);
        }
        // A restart continues as an uninterrupted run would.
        let later = PushOptions { start: pushes[20].time, ..options(MeterKind::NetzNoeKaifa) };
        assert_eq!(run(later, 1).1[0], pushes[20]);
    }

    #[test]
    fn a_meter_of_another_interval_counts_its_own_pushes() {
        for (meter, interval) in [(MeterKind::WienerNetze, 1), (MeterKind::KaerntenNetz, 10)] {
            let (_, pushes) = run(options(meter), 50);
            let by_second = |push: &Push| (push.time.as_second(), push.values);
            for pair in pushes.windows(2) {
                assert_eq!(pair[1].time.as_second() - pair[0].time.as_second(), interval);
                assert_eq!(pair[1].invocation_counter, pair[0].invocation_counter + 1);
            }
            // The house is that of all meters of the seed.
            let (_, others) = run(options(MeterKind::NetzNoeKaifa), 500);
            for push in &pushes {
                let (second, values) = by_second(push);
                let other = others.iter().map(by_second).find(|it| it.0 == second / 5 * 5);
                assert_eq!(other.map(|it| it.1), Some(values));
            }
            let later = PushOptions { start: pushes[23].time, ..options(meter) };
            assert_eq!(run(later, 1).1[0], pushes[23]);
        }
    }

    #[test]
    fn without_rates_there_are_no_faults_and_with_all_every_push_has_one() {
        let (clean, pushes) = run(options(MeterKind::NetzNoeKaifa), 1_000);
        assert!(pushes.iter().all(|push| push.fault.is_none() && push.deliveries() == 1));
        let fifth = Rate::per_million(200_000);
        let faults =
            Faults { noise: fifth, flip: fifth, cut: fifth, lose: fifth, duplicate: fifth };
        let (damaged, hit) = run(PushOptions { faults, ..options(MeterKind::NetzNoeKaifa) }, 1_000);
        assert!(hit.iter().all(|push| push.fault.is_some()));
        assert_ne!(clean, damaged);
        for (push, hit) in pushes.iter().zip(&hit) {
            assert_eq!(push.values, hit.values, "the house does not know of the line");
            // A push with its faults ends before the next one begins.
            let (end, _) = hit.runs.bursts().last().unwrap_or_default();
            assert!(end < core::time::Duration::from_secs(5));
        }
        assert_eq!(damaged.len(), hit.iter().map(|push| push.runs.octets()).sum::<usize>());
    }

    #[test]
    fn keys_are_not_shown() {
        let debug = format!("{:?}", options(MeterKind::KsmWest));
        assert!(debug.contains("KsmWest") && !debug.contains("54, 198") && !debug.contains("36"));
    }
}
