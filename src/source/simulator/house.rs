//! The measurements of a house's meter, every five seconds.
//!
//! Within a block of five minutes the power wanders around the block's mean. Its deviations add up
//! to zero and never change its sign. The energy of a block is therefore exactly its mean times
//! 300 s, in import and in export, and a register is the exact sum of the powers sent × 5 s since
//! the meter was installed.

use jiff::Timestamp;

use super::{
    day::{BLOCKS, Day, FiveMinutes, Household, SECONDS},
    random::{Random, Topic},
};

/// Seconds between two measurements.
pub const PERIOD: i64 = 5;

/// Measurements a block.
const STEPS: i64 = SECONDS / PERIOD;

/// The values of a telegram, as the integers on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Wh, 1.8.0.
    pub energy_import: u32,
    /// Wh, 2.8.0.
    pub energy_export: u32,
    /// varh, 3.8.0.
    pub reactive_energy_import: u32,
    /// varh, 4.8.0.
    pub reactive_energy_export: u32,
    /// W, 1.7.0.
    pub power_import: u32,
    /// W, 2.7.0.
    pub power_export: u32,
    /// var, 3.7.0.
    pub reactive_power_import: u32,
    /// var, 4.7.0.
    pub reactive_power_export: u32,
    /// 0.1 V, by phase.
    pub voltage: [u16; 3],
    /// 0.01 A, by phase, without direction.
    pub current: [u16; 3],
    /// 0.001, 13.7.0.
    pub power_factor: u16,
}

/// A house and its meter at some moment.
#[derive(Clone, Debug)]
pub struct House {
    seed: u64,
    single: bool,
    household: Household,
    /// Periods since 1970.
    step: i64,
    first: i64,
    day: Day,
    block: FiveMinutes,
    trend: i32,
    energies: Energies,
}

impl House {
    /// The house of a seed at a moment. Its meter was installed at the start of 2024, or a multiple
    /// of eight years before or after, and has counted since.
    pub fn new(seed: u64, single: bool, time: Timestamp) -> Self {
        let household = Household::new(seed);
        let step = time.as_second().div_euclid(PERIOD);
        let today = step.div_euclid(BLOCKS * STEPS);
        let installed = INSTALLED + (today - INSTALLED).div_euclid(SERVICE_LIFE) * SERVICE_LIFE;
        let mut energies = Energies::default();
        for number in installed..today {
            let day = household.day(number);
            (0..BLOCKS).for_each(|block| energies.add(&household.block(&day, block), SECONDS));
        }
        let day = household.day(today);
        let block = household.block(&day, 0);
        let midnight = today * BLOCKS * STEPS;
        let first = installed * BLOCKS * STEPS;
        let mut house =
            Self { seed, single, household, step: midnight, first, day, block, trend: 0, energies };
        house.skip_to(step);
        house
    }

    /// The second since 1970 in which the meter was installed.
    pub const fn installed(&self) -> i64 {
        self.first * PERIOD
    }

    /// Returns the values of this moment; then five seconds pass.
    pub fn measure(&mut self) -> Values {
        if self.step.rem_euclid(STEPS) == 0 {
            self.enter_block();
        }
        let values = self.values();
        self.step += 1;
        values
    }

    /// Moves forward within the current day.
    fn skip_to(&mut self, step: i64) {
        while self.step + STEPS <= step {
            self.enter_block();
            self.energies.add(&self.block, SECONDS);
            self.step += STEPS;
        }
        self.enter_block();
        while self.step < step {
            self.values();
            self.step += 1;
        }
    }

    fn enter_block(&mut self) {
        let number = self.step.div_euclid(BLOCKS * STEPS);
        if number != self.day.number {
            self.day = self.household.day(number);
        }
        let block = self.step.div_euclid(STEPS).rem_euclid(BLOCKS);
        self.block = self.household.block(&self.day, block);
        self.trend = self.household.trend(&self.day, block);
    }

    fn values(&mut self) -> Values {
        let phases = self.phases();
        let net: i32 = phases.iter().sum();
        let moment = FiveMinutes { loads: [net, 0, 0], sun: 0, ..self.block };
        self.energies.add(&moment, PERIOD);
        let [one, two, three] = if self.single { [net, 0, 0] } else { phases };
        // The reactive power of a house with three phases is spread evenly enough.
        let reactive = self.block.reactive / if self.single { 1 } else { 3 };
        let voltage = self.voltages([one, two, three]);
        let mut current = [0; 3];
        for ((current, power), voltage) in current.iter_mut().zip([one, two, three]).zip(voltage) {
            *current = amperes(apparent(power, reactive), voltage);
        }
        let [volts, amps] =
            if self.single { [voltage, current].map(first) } else { [voltage, current] };
        Values {
            energy_import: Energies::hours(self.energies.drawn),
            energy_export: Energies::hours(self.energies.fed),
            reactive_energy_import: Energies::hours(self.energies.inductive),
            reactive_energy_export: Energies::hours(self.energies.capacitive),
            power_import: u32::try_from(net).unwrap_or(0),
            power_export: u32::try_from(-net).unwrap_or(0),
            reactive_power_import: u32::try_from(self.block.reactive).unwrap_or(0),
            reactive_power_export: u32::try_from(-self.block.reactive).unwrap_or(0),
            voltage: volts,
            current: amps,
            power_factor: power_factor(net, self.block.reactive),
        }
    }

    /// W by phase. Their sum is the mean of the block plus the deviation of the moment.
    fn phases(&self) -> [i32; 3] {
        let FiveMinutes { loads: [one, two, three], sun, .. } = self.block;
        let third = sun / 3;
        let deviation = self.deviation();
        let drift = deviation.trend / 3;
        [
            one - third + drift + deviation.noise,
            two - third + drift + deviation.thermostat,
            three - (sun - 2 * third) + (deviation.trend - 2 * drift),
        ]
    }

    /// The distance of the moment from the mean. Each part adds up to zero over the sixty steps of
    /// a block, and together they never exceed the mean.
    fn deviation(&self) -> Deviation {
        let step = self.step.rem_euclid(STEPS);
        let room = self.block.net().unsigned_abs();
        // The second half of a block mirrors the first with the opposite sign.
        let (mirrored, sign) = if step < STEPS / 2 { (step, 1) } else { (STEPS - 1 - step, -1) };
        let place = self.step.div_euclid(STEPS) * STEPS + mirrored;
        let noise = Random::at(self.seed, Topic::Noise, place).around(9.min(room / 4));
        // Thirty seconds on, thirty seconds off.
        let swing = if self.block.stove { 700.min(room / 2).cast_signed() } else { 0 };
        let reach = (room / 4).cast_signed();
        // Division rounds towards zero, so the two halves are opposite to the watt.
        let trend = self.trend.clamp(-2 * reach, 2 * reach) * (2 * step as i32 - 59) / 120;
        Deviation {
            noise: sign * noise,
            thermostat: if step / 6 % 2 == 0 { swing } else { -swing },
            // More sun is less drawn.
            trend: -trend,
        }
    }

    /// 0.1 V: 232.5 V, less the voltage drop on the line to the house, plus neighbours and noise.
    fn voltages(&self, powers: [i32; 3]) -> [u16; 3] {
        let mut slow = Random::at(self.seed, Topic::Step, self.step.div_euclid(STEPS * 3));
        let mut fast = Random::at(self.seed, Topic::Step, self.step);
        // 0.3 ohm: 1 kW is 4.3 A and costs 1.3 V.
        powers.map(|power| {
            let tenths = 2_325 - power / 77 + slow.around(12) + fast.around(2);
            tenths.clamp(2_250, 2_400) as u16
        })
    }
}

struct Deviation {
    noise: i32,
    thermostat: i32,
    trend: i32,
}

/// Energies in Ws and vars.
#[derive(Clone, Copy, Debug, Default)]
struct Energies {
    drawn: u64,
    fed: u64,
    inductive: u64,
    capacitive: u64,
}

impl Energies {
    fn add(&mut self, block: &FiveMinutes, seconds: i64) {
        let energy = |power: i32| u64::try_from(i64::from(power) * seconds).unwrap_or(0);
        let net = block.net();
        self.drawn += energy(net);
        self.fed += energy(-net);
        self.inductive += energy(block.reactive);
        self.capacitive += energy(-block.reactive);
    }

    /// Whole Wh or varh, as the register shows them.
    const fn hours(seconds: u64) -> u32 {
        (seconds / 3_600) as u32
    }
}

/// VA.
fn apparent(power: i32, reactive: i32) -> u64 {
    let square = |value: i32| u64::from(value.unsigned_abs()).pow(2);
    (square(power) + square(reactive)).isqrt()
}

/// 0.01 A from VA and 0.1 V.
fn amperes(apparent: u64, voltage: u16) -> u16 {
    let voltage = u64::from(voltage).max(1);
    u16::try_from((apparent * 1_000 + voltage / 2) / voltage).unwrap_or(u16::MAX)
}

/// Thousandths; 1 when nothing flows.
fn power_factor(power: i32, reactive: i32) -> u16 {
    match apparent(power, reactive) {
        0 => 1_000,
        apparent => {
            let factor = u64::from(power.unsigned_abs()) * 1_000 / apparent;
            u16::try_from(factor).unwrap_or(1_000).min(1_000)
        }
    }
}

const fn first([one, ..]: [u16; 3]) -> [u16; 3] {
    [one, 0, 0]
}

/// 2024-01-01 in days since 1970.
const INSTALLED: i64 = 19_723;

/// Eight years, after which a meter is replaced; this also bounds the sum at the start.
const SERVICE_LIFE: i64 = 2_922;

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-06-17T00:00:00Z, a Monday.
    const SUMMER: i64 = 1_718_582_400;
    /// 2024-01-15T00:00:00Z.
    const WINTER: i64 = 1_705_276_800;
    const WEEK: i64 = 7 * 86_400 / PERIOD;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn measured(seed: u64, start: i64, steps: i64) -> impl Iterator<Item = Values> {
        let mut house = House::new(seed, false, at(start));
        (0..steps).map(move |_| house.measure())
    }

    #[test]
    fn registers_never_fall_and_are_the_sum_of_the_powers() {
        for (seed, start) in [(0, SUMMER), (1, WINTER)] {
            let mut week = measured(seed, start, WEEK);
            let origin = week.next().unwrap();
            let mut last = origin;
            let (mut drawn, mut fed) = (0, 0);
            for values in week {
                assert!(values.energy_import >= last.energy_import);
                assert!(values.energy_export >= last.energy_export);
                assert!(values.reactive_energy_import >= last.reactive_energy_import);
                assert!(values.reactive_energy_export >= last.reactive_energy_export);
                assert!(values.power_import == 0 || values.power_export == 0);
                drawn += u64::from(values.power_import) * 5;
                fed += u64::from(values.power_export) * 5;
                // Both ends are rounded down to a Wh: the difference is off by less than one.
                let off =
                    |now: u32, then: u32, sum: u64| (u64::from(now - then) * 3_600).abs_diff(sum);
                assert!(off(values.energy_import, origin.energy_import, drawn) < 3_600);
                assert!(off(values.energy_export, origin.energy_export, fed) < 3_600);
                last = values;
            }
            assert!(drawn > 0 && fed > 0);
            assert!(last.reactive_energy_export > origin.reactive_energy_export);
        }
    }

    #[test]
    fn a_meter_that_starts_later_shows_what_one_that_ran_shows() {
        // Within a block, after a block, within a day, after one day and after some days.
        for steps in [1, 59, 60, 61, 1_234, 17_280, 3 * 17_280 + 7_777] {
            let ran = measured(3, SUMMER + 1_005, steps + 1).last().unwrap();
            let mut started = House::new(3, false, at(SUMMER + 1_005 + PERIOD * steps));
            assert_eq!(started.measure(), ran, "{steps}");
        }
    }

    #[test]
    fn currents_and_power_factor_agree_with_the_powers() {
        for values in measured(5, SUMMER, 17_280) {
            let active = i64::from(values.power_import + values.power_export);
            let phases = values.voltage.iter().zip(values.current);
            let apparent: i64 =
                phases.map(|(volt, amp)| i64::from(*volt) * i64::from(amp) / 1_000).sum();
            // |Σ p| ≤ Σ |p| ≤ Σ s, but for the rounding of three currents to 0.01 A.
            assert!(active <= apparent + 6, "{values:?}");
            assert!(values.power_factor <= 1_000);
            assert!(values.voltage.iter().all(|volt| (2_250..=2_400).contains(volt)));
            assert!(values.current.iter().all(|amp| *amp < 4_000), "{values:?}");
        }
    }

    #[test]
    fn a_meter_of_one_phase_carries_the_whole_house() {
        let mut single = House::new(5, true, at(SUMMER));
        for three in measured(5, SUMMER, 17_280) {
            let one = single.measure();
            assert_eq!(
                (one.power_import, one.power_export),
                (three.power_import, three.power_export)
            );
            assert_eq!((one.voltage[1], one.current[1]), (0, 0));
            let apparent = i64::from(one.voltage[0]) * i64::from(one.current[0]) / 1_000;
            let active = i64::from(one.power_import + one.power_export);
            assert!(apparent + 2 >= active, "{one:?}");
        }
    }

    #[test]
    fn summer_noons_feed_in_and_nights_draw() {
        let mut feeding = 0;
        for day in 0..7 {
            let at =
                |hour: i64| measured(0, SUMMER + day * 86_400 + hour * 3_600, 1).last().unwrap();
            assert!(at(0).power_import > 0, "night {day}");
            feeding += usize::from(at(11).power_export > 500);
        }
        assert!(feeding >= 4, "{feeding} of 7 noons feed in");
    }

    #[test]
    fn any_moment_has_a_meter() {
        for time in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let mut house = House::new(0, false, time);
            let values = house.measure();
            assert!(values.energy_import < 40_000_000, "eight years at most: {values:?}");
        }
    }
}
