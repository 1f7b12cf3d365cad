//! A place that has room for one meter.
//!
//! Where several meters write to one file or one topic, its register goes up and down between them, and
//! whoever sums it up has a wrong history. So the first one has the place, as long as it is heard of.

use core::time::Duration;
use std::time::Instant;

use crate::format::{latest::name, printable::shown, readings::Readings};

/// Who has the place.
#[derive(Clone, Debug, Default)]
pub struct SingleMeter {
    /// The meter, and when it was heard of.
    taken: Option<(Option<String>, Instant)>,
    told: bool,
}

/// A meter that is not heard of for so long has gone.
const GONE: Duration = Duration::from_secs(3600);

impl SingleMeter {
    /// Whether the place is for these readings.
    pub fn takes(&mut self, readings: &Readings) -> bool {
        self.takes_at(readings, Instant::now())
    }

    fn takes_at(&mut self, readings: &Readings, now: Instant) -> bool {
        let meter = name(readings);
        match &mut self.taken {
            Some((taken, heard)) if now.duration_since(*heard) < GONE => {
                if taken.as_deref() != meter {
                    return false;
                }
                *heard = now;
            }
            taken => *taken = Some((meter.map(str::to_owned), now)),
        }
        true
    }

    /// What there is to say of readings that the place is not for, once.
    pub fn note(&mut self, place: &str, readings: &Readings) -> Option<String> {
        if core::mem::replace(&mut self.told, true) {
            return None;
        }
        let text = |name: Option<&str>| shown(name.unwrap_or("one without a number")).into_owned();
        let taken = self.taken.as_ref().and_then(|(taken, _)| taken.as_deref());
        Some(format!(
            "{place} has room for one meter, {}: {} is left out; write {{meter}} into it, or choose \
             with meter=NUMBER",
            text(taken),
            text(name(readings))
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_it_until_it_has_gone() {
        let of = |meter: &str| {
            let line = format!("{{\"meter\":\"{meter}\",\"power_net_w\":1}}");
            Readings::parse(line.as_bytes()).unwrap()
        };
        let (mut seat, now) = (SingleMeter::default(), Instant::now());
        let mut takes =
            |meter, after: u64| seat.takes_at(&of(meter), now + Duration::from_secs(after));
        assert!(takes("1", 0) && !takes("2", 5) && takes("1", 10));
        assert!(!takes("2", 3609) && takes("2", 3610) && !takes("1", 3615));
        let text = seat.note("a.txt", &of("1")).unwrap();
        assert!(text.starts_with("a.txt has room for one meter, 2: 1 is left out; "), "{text}");
        assert_eq!(seat.note("a.txt", &of("3")), None);
    }
}
