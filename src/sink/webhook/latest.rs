//! The readings that wait: the latest of each meter.

use std::{collections::VecDeque, sync::Arc};

use crate::format::{latest::name, readings::Readings};

/// The most meters that wait: anybody who can send telegrams can invent meters.
const MOST_METERS: usize = 256;

/// The latest readings of each meter, in the order in which the meters came.
#[derive(Debug, Default)]
pub(super) struct WaitingReadings(VecDeque<Arc<Readings>>);

impl WaitingReadings {
    /// Takes readings; true if they replace others.
    pub(super) fn put(&mut self, readings: Arc<Readings>) -> bool {
        if let Some(known) = self.0.iter_mut().find(|known| name(known) == name(&readings)) {
            *known = readings;
            return true;
        }
        let is_full = self.0.len() == MOST_METERS;
        if is_full {
            self.0.pop_front();
        }
        self.0.push_back(readings);
        is_full
    }

    /// The next readings to send.
    pub(super) fn take(&mut self) -> Option<Arc<Readings>> {
        self.0.pop_front()
    }

    /// Puts readings back that were not sent; false if there are newer ones.
    pub(super) fn put_back(&mut self, readings: Arc<Readings>) -> bool {
        let is_latest = !self.0.iter().any(|known| name(known) == name(&readings));
        if is_latest {
            self.0.push_front(readings);
        }
        is_latest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(meter: usize, power: usize) -> Arc<Readings> {
        let line = format!("{{\"meter\":\"{meter}\",\"power_net_w\":{power}}}");
        Arc::new(Readings::parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn of_each_meter_the_latest_readings_wait() {
        let mut waiting = WaitingReadings::default();
        let replaced =
            [(1, 1), (2, 2), (1, 3)].map(|(meter, power)| waiting.put(readings(meter, power)));
        assert_eq!(replaced, [false, false, true]);
        assert_eq!(waiting.take(), Some(readings(1, 3)));
        assert!(waiting.put_back(readings(1, 3)));
        assert_eq!(waiting.take(), Some(readings(1, 3)));
        waiting.put(readings(1, 4));
        assert!(!waiting.put_back(readings(1, 3)), "there are newer ones");
        assert_eq!((waiting.take(), waiting.len()), (Some(readings(2, 2)), 1));
    }

    #[test]
    fn invented_meters_do_not_fill_the_memory() {
        let mut waiting = WaitingReadings::default();
        let replaced = (0..1000).filter(|meter| waiting.put(readings(*meter, 1))).count();
        assert_eq!((replaced, waiting.len()), (1000 - MOST_METERS, MOST_METERS as u64));
    }
}
