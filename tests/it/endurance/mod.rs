//! Long trials of the whole program, each short unless an environment variable asks for more.
//!
//! - `chaos`: servers that fail in every way, one after another. `METERPIPE_CHAOS=100` is the number
//!   of faults.
//! - `kills`: `kill -9` at any moment. `METERPIPE_KILLS=200` is the number of kills.
//! - `damage`: a spool that is cut, flipped, zeroed, unreadable, full or read-only.

mod chaos;
mod damage;
mod kills;
mod proxy;

use std::{env, ops::Range};

/// The number that an environment variable asks for.
fn wanted(variable: &str) -> Option<usize> {
    Some(env::var(variable).ok()?.parse().expect("a number"))
}

/// Random numbers, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // The multiplier of Knuth's MMIX.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn within(&mut self, range: Range<usize>) -> usize {
        range.start + self.below(range.end - range.start)
    }
}
