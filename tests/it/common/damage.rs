//! Telegrams damaged at random, always in the same way.

/// Numbers without any order, the same in each run.
pub struct RandomNumbers(u32);

impl RandomNumbers {
    /// The sequence of a seed.
    pub fn of(seed: u32) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }

    /// The next octet: the high bits have the longest period.
    pub fn octet(&mut self) -> u8 {
        (self.next() >> 24) as u8
    }

    /// The next number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 8) as usize % limit
    }
}

/// A telegram with one bit flipped.
pub struct Damage {
    pub octets: Vec<u8>,
    /// The octet of that bit.
    pub at: usize,
    /// The number of its telegram.
    pub victim: usize,
    /// The checks of its frames were made right again.
    pub repaired: bool,
}

/// A thousand times damage to each telegram in turn. `repair` makes the checks right, if it is asked to and
/// can; it tells if it did.
pub fn thousand(
    seed: u32,
    victims: &[&[u8]],
    mut repair: impl FnMut(usize, usize, &mut [u8]) -> bool,
) -> Vec<Damage> {
    let mut random = RandomNumbers::of(seed);
    let damage = |round: usize| {
        let victim = round % victims.len();
        let mut octets = victims[victim].to_vec();
        let at = random.below(octets.len());
        octets[at] ^= 1 << random.below(8);
        let repaired = repair(round, victim, &mut octets);
        Damage { octets, at, victim, repaired }
    };
    (0..1000).map(damage).collect()
}

/// The outcomes of damage.
#[derive(Debug, Default)]
pub struct DamageCounts {
    /// The octet was named.
    pub named: usize,
    /// A check behind it noticed.
    pub noticed: usize,
    /// No check can notice.
    pub silent: usize,
}

impl DamageCounts {
    /// Asserts that so many were named, and so many were named or noticed.
    pub fn assert_more_than(&self, named: usize, told: usize) {
        println!("{self:?}");
        assert!(self.named > named && self.named + self.noticed > told, "{self:?}");
    }
}
