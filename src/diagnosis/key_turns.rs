//! Opened and closed telegrams of one meter, in the order in which they came.
//!
//! ```text
//! oooooooxoooxooo    damage: the key fits before and after
//! ooooooooxxxxxxx    the key was exchanged
//! xxxxxxxoooooooo    the same, and the file has the new one
//! ```

/// The telegrams of a meter.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyTurns {
    /// Telegrams that a key opens.
    pub opened: usize,
    /// Telegrams that no key opens.
    pub closed: usize,
    /// True if the last telegram opened.
    opens: bool,
    /// Changes from open to closed, and from closed to open.
    turns: usize,
    /// The counter of the last telegram.
    last: Option<u32>,
    /// Closed telegrams whose counter follows that of the one before: no octet of either header is wrong.
    pub follow: usize,
}

impl KeyTurns {
    /// Takes the next telegram, and its counter.
    pub fn push(&mut self, opens: bool, counter: Option<u32>) {
        let before = core::mem::replace(&mut self.last, counter);
        let step = before.zip(counter).map(|(before, counter)| counter.wrapping_sub(before));
        self.follow += usize::from(!opens && step.is_some_and(|step| step <= MOST_MISSED));
        if self.opened + self.closed > 0 && opens != self.opens {
            self.turns += 1;
        }
        self.opens = opens;
        match opens {
            true => self.opened += 1,
            false => self.closed += 1,
        }
    }

    /// True if the key fits to some moment and never again, or from some moment on.
    #[must_use]
    pub const fn is_exchange(&self) -> bool {
        self.turns == 1 && self.closed >= EXCHANGED
    }

    /// True if the closed telegrams are damaged: the key opens others between them.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        self.opened > 0 && self.closed > 0 && !self.is_exchange()
    }
}

/// Telegrams between two that follow each other: an hour of them, and few for the damage of a counter.
const MOST_MISSED: u32 = 1000;

/// Closed telegrams in a row that are no chance.
const EXCHANGED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_comes_and_goes_and_an_exchanged_key_stays() {
        for (telegrams, is_damage, is_exchange) in [
            ("ooooo", false, false),
            ("xxxxx", false, false),
            ("ooxoo", true, false),
            ("oxxxxo", true, false),
            ("oooxx", true, false),
            ("oooxxx", false, true),
            ("xxxooo", false, true),
        ] {
            let mut turns = KeyTurns::default();
            telegrams.chars().for_each(|telegram| turns.push(telegram == 'o', None));
            assert_eq!(
                (turns.is_damage(), turns.is_exchange()),
                (is_damage, is_exchange),
                "{telegrams}"
            );
        }
    }
}
