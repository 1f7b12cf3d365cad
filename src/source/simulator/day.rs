//! The power that a household draws and feeds in, in blocks of five minutes.
//!
//! A block knows only its mean powers, so a year is the sum of 105 120 blocks and not of six
//! million pushes. A meter that starts at any time can therefore compute its registers at once.

use super::{
    clock,
    random::{Random, Topic},
    sun::{ONE, Sun},
};

/// Blocks a day.
pub(super) const BLOCKS: i64 = 288;

/// Seconds a block.
pub(super) const SECONDS: i64 = 300;

/// Seconds a day of UTC.
const DAY: i64 = 86_400;

/// The constants of a household: people and devices.
#[derive(Clone, Debug)]
pub(super) struct Household {
    seed: u64,
    /// W of the PV plant in full sun.
    plant: i64,
    /// W that are always on, by phase.
    standby: [i32; 3],
    /// The fridge's position in its cycle at midnight.
    fridge: i64,
    /// The blocks of local time in which people usually get up, have dinner and go to bed.
    habits: [i64; 3],
}

impl Household {
    /// The household of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::at(seed, Topic::Household, 0);
        let mut about = |middle: i64, reach| middle + i64::from(random.around(reach));
        Self {
            seed,
            plant: about(5_500, 2_000),
            standby: [50, 35, 60].map(|watts| about(watts, 15) as i32),
            fridge: about(4, 4),
            habits: [about(hour(6), 8), about(hour(18), 8), about(hour(22), 10)],
        }
    }

    /// The events of a UTC day, counted in days since 1970-01-01.
    pub(super) fn day(&self, number: i64) -> Day {
        let mut random = Random::at(self.seed, Topic::Day, number);
        let mut about = |middle: i64, reach| middle + i64::from(random.around(reach));
        let noon = jiff::Timestamp::from_second(number.saturating_mul(DAY).saturating_add(DAY / 2));
        // 1970-01-01 was a Thursday.
        let weekend = (number + 3).rem_euclid(7) >= 5;
        let [up, dinner, bed] = self.habits;
        Day {
            number,
            ahead: noon.map_or(0, clock::ahead) / SECONDS,
            sun: Sun::on(number),
            cloudiness: match about(5, 5) {
                ..=3 => Cloudiness::Clear,
                4..=7 => Cloudiness::Broken,
                _ => Cloudiness::Overcast,
            },
            up: about(up + if weekend { 18 } else { 0 }, 3),
            lunch: weekend.then(|| about(hour(12), 6)),
            dinner: about(dinner, 6),
            bed: about(bed + if weekend { 8 } else { 0 }, 6),
            laundry: (about(5, 5) < 3).then(|| about(hour(10), 12)),
            boiler: about(9, 4),
        }
    }

    /// The means of one block of a day, counted from midnight UTC.
    pub(super) fn block(&self, day: &Day, block: i64) -> FiveMinutes {
        let mut random = Random::at(self.seed, Topic::Block, day.number * BLOCKS + block);
        let sun = self.sun(day, block, &mut random);
        let local = (block + day.ahead).rem_euclid(BLOCKS);
        let during = |start: i64, blocks: i64| local >= start && local < start + blocks;
        let laundry = |blocks| day.laundry.is_some_and(|start| during(start, blocks));
        // Twenty minutes in forty-five. 288 blocks are 32 such cycles.
        let fridge = (block + self.fridge).rem_euclid(9) < 4;
        let stove = during(day.dinner, 7) || day.lunch.is_some_and(|start| during(start, 9));
        let (wash, wash_heats) = (laundry(18), laundry(4));
        let evening = local >= day.dinner + 9 && local < day.bed;
        let [one, two, three] = self.standby;
        let awake = local >= day.up && local < day.bed;
        let dark = awake && sun < 400;
        let mut watts = |on: bool, mean: i32, reach: u32| {
            let noise = random.around(reach);
            if on { mean + noise } else { 0 }
        };
        let loads = [
            one + watts(true, 5, 5)
                + watts(fridge, 80, 8)
                + watts(during(day.up + 3, 2), 900, 150)
                + watts(wash_heats, 1_950, 60)
                + watts(wash, 160, 70),
            two + watts(awake, 25, 20) + watts(dark, 130, 40) + watts(stove, 1_500, 500),
            three
                + watts(true, 10, 10)
                + watts(evening, 140, 35)
                + watts(during(hour(0) + 6, day.boiler), 1_800, 15),
        ];
        let inductive = |on: bool, var: i32| if on { var } else { 0 };
        // Power supplies are capacitive, motors inductive; the inverter drifts with its power.
        let reactive =
            -2 * one / 3 - two / 2 - three - inductive(dark, 25) - inductive(evening, 45)
                + inductive(fridge, 60)
                + inductive(wash, 190)
                - sun / 40;
        FiveMinutes { loads, sun, reactive, stove }
    }

    /// W of the plant in a block.
    fn sun(&self, day: &Day, block: i64, random: &mut Random) -> i32 {
        let clearness = i64::from(random.below(1_000));
        // Minutes, at the middle of the block.
        let elevation = day.sun.elevation(5 * block + 2);
        if elevation <= 0 {
            return 0;
        }
        let permille = match day.cloudiness {
            Cloudiness::Clear => 940 + clearness / 20,
            Cloudiness::Broken => 250 + clearness * 3 / 4,
            Cloudiness::Overcast => 70 + clearness / 8,
        };
        // A low sun shines through more air: 30 % less at the horizon.
        let air = ONE * 7 / 10 + elevation * 3 / 10;
        (self.plant * permille / 1_000 * elevation / ONE * air / ONE) as i32
    }

    /// The plant's gain across a block: half the difference between the block after it and the
    /// block before it.
    pub(super) fn trend(&self, day: &Day, block: i64) -> i32 {
        let sun = |block| {
            let mut random = Random::at(self.seed, Topic::Block, day.number * BLOCKS + block);
            self.sun(day, block, &mut random)
        };
        (sun(block + 1) - sun(block - 1)) / 2
    }
}

/// The events of one day. Times are blocks of local time.
#[derive(Clone, Debug)]
pub(super) struct Day {
    /// Days since 1970-01-01.
    pub(super) number: i64,
    /// Blocks by which local time is ahead of UTC.
    ahead: i64,
    sun: Sun,
    cloudiness: Cloudiness,
    up: i64,
    lunch: Option<i64>,
    dinner: i64,
    bed: i64,
    laundry: Option<i64>,
    /// Blocks for which the hot water boiler heats at night.
    boiler: i64,
}

#[derive(Clone, Copy, Debug)]
enum Cloudiness {
    Clear,
    Broken,
    Overcast,
}

/// The means of five minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FiveMinutes {
    /// W drawn, by phase.
    pub(super) loads: [i32; 3],
    /// W of the PV plant.
    pub(super) sun: i32,
    /// var: positive is drawn (inductive).
    pub(super) reactive: i32,
    /// True while the stove's thermostat switches on the second phase.
    pub(super) stove: bool,
}

impl FiveMinutes {
    /// W: positive is drawn from the grid.
    pub(super) fn net(&self) -> i32 {
        self.loads.iter().sum::<i32>() - self.sun
    }
}

const fn hour(hour: i64) -> i64 {
    12 * hour
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The day of 2024-01-01.
    const NEW_YEAR: i64 = 19_723;

    fn watt_hours(household: &Household, day: i64, of: impl Fn(&FiveMinutes) -> i32) -> i64 {
        let day = household.day(day);
        (0..BLOCKS).map(|block| i64::from(of(&household.block(&day, block)))).sum::<i64>() / 12
    }

    #[test]
    fn households_draw_what_households_draw() {
        for seed in 0..20 {
            let household = Household::new(seed);
            let drawn = |day| watt_hours(&household, day, |block| block.loads.iter().sum());
            let year: i64 = (0..366).map(|day| drawn(NEW_YEAR + day)).sum();
            assert!((2_500_000..5_000_000).contains(&year), "{seed}: {year} Wh a year");
            for day in 0..366 {
                let day = drawn(NEW_YEAR + day);
                assert!((5_000..18_000).contains(&day), "{seed}: {day} Wh a day");
            }
        }
    }

    #[test]
    fn plants_yield_what_plants_yield_around_vienna() {
        for seed in 0..20 {
            let household = Household::new(seed);
            let yielded = |days: core::ops::Range<i64>| -> i64 {
                days.map(|day| watt_hours(&household, NEW_YEAR + day, |block| block.sun)).sum()
            };
            let full_hours = yielded(0..366) / household.plant;
            assert!((800..1_400).contains(&full_hours), "{seed}: {full_hours} h a year");
            assert!(yielded(152..182) > 2 * yielded(335..365), "June and December");
        }
    }

    #[test]
    fn evenings_cost_more_than_nights_in_local_time() {
        let household = Household::new(0);
        // Three weeks of winter and of summer; hours of local time, an hour or two ahead of UTC.
        for (first, ahead) in [(NEW_YEAR, 1), (NEW_YEAR + 180, 2)] {
            let mean = |hour: i64| -> i64 {
                let blocks = 12 * (hour - ahead)..12 * (hour - ahead + 1);
                (first..first + 21)
                    .map(|day| household.day(day))
                    .flat_map(|day| blocks.clone().map(move |block| (day.clone(), block)))
                    .map(|(day, block)| {
                        i64::from(household.block(&day, block).loads.iter().sum::<i32>())
                    })
                    .sum::<i64>()
                    / (21 * 12)
            };
            assert!(mean(18) > 3 * mean(3), "{} {}", mean(18), mean(3));
        }
    }
}
