//! The doubt about a key: damage hits single telegrams, a wrong key fails with every one.

use std::collections::HashMap;

use meterpipe::{cipher::ciphered::SystemTitle, error::Cause};

/// The telegrams of a meter in a row that show that its key is wrong.
const ENOUGH: u32 = 3;

/// The meters that are watched. A line has one; noise can invent any number of them.
const MOST: usize = 1024;

/// The telegrams of each meter in a row that were whole and could not be opened.
#[derive(Debug, Default)]
pub struct KeyDoubts(HashMap<SystemTitle, MeterDoubt>);

#[derive(Debug, Default)]
struct MeterDoubt {
    failures: u32,
    /// A telegram of the meter was opened before.
    was_opened: bool,
}

impl KeyDoubts {
    /// Notes a telegram that was opened.
    pub fn opened(&mut self, title: Option<SystemTitle>) {
        if let Some(doubt) = title.and_then(|title| self.meter(title)) {
            *doubt = MeterDoubt { failures: 0, was_opened: true };
        }
    }

    /// Notes a telegram that was refused. Returns a message if it is the third in a row.
    pub fn refused(&mut self, title: Option<SystemTitle>, cause: Cause) -> Option<String> {
        let title = title.filter(|_| matches!(cause, Cause::KeyOrDamage | Cause::Tag))?;
        let doubt = self.meter(title)?;
        doubt.failures = doubt.failures.saturating_add(1);
        let first = match doubt.was_opened {
            true => "the key fits no longer: was it exchanged?",
            false => "the key is wrong:",
        };
        (doubt.failures == ENOUGH).then(|| {
            format!(
                "{ENOUGH} whole telegrams in a row of the meter with system title {} could not be \
                 opened; {first} {COMPARE}",
                hex::encode(title)
            )
        })
    }

    fn meter(&mut self, title: SystemTitle) -> Option<&mut MeterDoubt> {
        let has_room = self.0.len() < MOST || self.0.contains_key(&title);
        has_room.then(|| self.0.entry(title).or_default())
    }
}

/// The things to compare when a key does not fit.
pub const COMPARE: &str = "compare the encryption key (GUEK) with the operator's portal, and the meter \
     number there with the one on the meter; the authentication key (GAK) in its place opens nothing";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_mean_the_key() {
        let mut doubts = KeyDoubts::default();
        let [a, b] = [Some(*b"KFM\0\0\0\0\x01"), Some(*b"KFM\0\0\0\0\x02")];
        let refused = |doubts: &mut KeyDoubts, title| doubts.refused(title, Cause::KeyOrDamage);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, b)), (None, None));
        assert_eq!(refused(&mut doubts, a), None);
        assert_eq!(doubts.refused(a, Cause::KeyFits { damaged: 40 }), None);
        let told = refused(&mut doubts, a).unwrap();
        assert!(told.contains("4b464d0000000001") && told.contains("the key is wrong"), "{told}");
        assert_eq!(refused(&mut doubts, a), None, "told once");
        doubts.opened(a);
        assert_eq!((refused(&mut doubts, a), refused(&mut doubts, a)), (None, None));
        assert!(refused(&mut doubts, a).unwrap().contains("was it exchanged?"));
        assert_eq!(refused(&mut doubts, None), None);
    }
}
