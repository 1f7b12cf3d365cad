//! Random numbers that never change.
//!
//! No crate generates these numbers, for two reasons. They must not change with an update of a
//! dependency: fastrand, the smallest candidate, does not promise that. And the house needs random
//! *access* (the clouds of one minute, without all minutes before it): a function of a counter
//! gives that, a stateful generator does not.

/// SplitMix64 (Steele, Lea, Flood 2014): a counter with a good mixer behind it.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers of a seed, a topic and an index within the topic (a day, a block, a push).
    pub(super) const fn at(seed: u64, topic: Topic, index: i64) -> Self {
        let topic = mix(seed.wrapping_add(GAMMA.wrapping_mul(topic as u64)));
        Self(mix(topic ^ index.cast_unsigned()))
    }

    /// The next 64 bits.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 if the range is empty.
    ///
    /// The high half of the product avoids a division. Its bias is below 2⁻³² here.
    pub(super) const fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * bound as u64) >> 32) as u32
    }

    /// A number from `-reach` to `reach`.
    pub(super) const fn around(&mut self, reach: u32) -> i32 {
        self.below(2 * reach + 1).cast_signed() - reach.cast_signed()
    }
}

/// The purpose of a number. Each topic keeps its value, so that a new topic does not change the
/// others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Topic {
    Meter = 1,
    Household = 2,
    Day = 3,
    Block = 4,
    Step = 5,
    Noise = 6,
    Fault = 7,
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_reference() {
        // Seed 1234567, as the public domain reference implementation in C prints them.
        let mut random = Random(1_234_567);
        for expected in [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
        ] {
            assert_eq!(random.next(), expected);
        }
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let mut random = Random::at(7, Topic::Day, -3);
        let numbers: Vec<_> = (0..1000).map(|_| random.around(3)).collect();
        assert_eq!(numbers.iter().min(), Some(&-3));
        assert_eq!(numbers.iter().max(), Some(&3));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn every_place_has_its_own_numbers() {
        let first = |seed, topic, index| Random::at(seed, topic, index).next();
        let all = [
            first(0, Topic::Day, 0),
            first(0, Topic::Day, 1),
            first(0, Topic::Block, 0),
            first(1, Topic::Day, 0),
        ];
        let different: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
