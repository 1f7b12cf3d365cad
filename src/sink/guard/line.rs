//! The meter on a line: when another one takes its place, the user is told.

/// The meter of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct LineMeter {
    current: Option<String>,
    /// Another meter, and the number of its telegrams since the last one of the current meter.
    rival: Option<(String, u32)>,
    /// Meters that were the current one before.
    earlier: Vec<String>,
}

/// Another meter is a new one after so many telegrams in a row. Meters that share a line take turns.
const IN_A_ROW: u32 = 3;

/// The most meters that one source remembers.
const MOST: usize = 64;

impl LineMeter {
    /// Notes a telegram that passed. Returns the meter before if this one has now taken its place, for
    /// the first time.
    pub(super) fn passed(&mut self, meter: &str) -> Option<String> {
        let Some(current) = &mut self.current else {
            self.current = Some(meter.to_owned());
            return None;
        };
        if current == meter {
            self.rival = None;
            return None;
        }
        let count = match &mut self.rival {
            Some((rival, count)) if rival == meter => {
                *count += 1;
                *count
            }
            rival => {
                *rival = Some((meter.to_owned(), 1));
                1
            }
        };
        if count < IN_A_ROW {
            return None;
        }
        self.rival = None;
        let before = core::mem::replace(current, meter.to_owned());
        let is_new = !self.earlier.iter().any(|earlier| earlier == meter);
        if !self.earlier.contains(&before) && self.earlier.len() < MOST {
            self.earlier.push(before.clone());
        }
        is_new.then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_that_stays_has_taken_the_place_and_one_that_takes_turns_has_not() {
        let told = |meters: &str| {
            let mut line = LineMeter::default();
            let all = meters.chars().map(|meter| line.passed(&meter.to_string()));
            all.flatten().collect::<String>()
        };
        assert_eq!(told("aaabbaabb"), "");
        assert_eq!(told("aaabbbb"), "a");
        assert_eq!(told("aaabbbbaaaabbbb"), "a", "once");
        assert_eq!(told("aaabbbccc"), "ab");
    }
}
