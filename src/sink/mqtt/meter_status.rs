//! The status of each meter: `online` while it sends telegrams, `offline` when they stay away.
//!
//! `online` follows the first state of a meter, and the first one after a pause: a subscriber would
//! take an old value for a new one otherwise.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    format::readings::Readings,
    sink::{
        freshness::Freshness,
        mqtt::publication::{Publication, StateFormat},
    },
};

/// The meters whose status was published.
#[derive(Debug)]
pub struct MeterStatuses {
    freshness: Freshness,
    /// None if nothing is to be published.
    state_format: Option<StateFormat>,
    /// By the name of the meter: true if it was called online.
    published: BTreeMap<String, bool>,
}

impl MeterStatuses {
    /// Nothing is published yet.
    pub const fn new(freshness: Freshness, state_format: Option<StateFormat>) -> Self {
        Self { freshness, state_format, published: BTreeMap::new() }
    }

    /// Notes a telegram that arrives now.
    pub fn observe(&mut self, readings: &Readings, now: Instant) {
        self.freshness.observe(readings, now);
    }

    /// The message to follow a state of that meter, if it is news.
    pub fn on_state(&mut self, meter: Option<&str>, now: Instant) -> Option<Publication> {
        let meter = meter?;
        if self.published.get(meter) == Some(&true) || !self.freshness.is_fresh(Some(meter), now) {
            return None;
        }
        let message = self.message(meter, true)?;
        self.published.insert(meter.to_owned(), true);
        Some(message)
    }

    /// The messages about meters that have become stale.
    pub fn on_time(&mut self, now: Instant) -> Vec<Publication> {
        let is_stale = |(meter, online): (&String, &bool)| {
            (*online && !self.freshness.is_fresh(Some(meter), now)).then(|| meter.clone())
        };
        let stale: Vec<_> = self.published.iter().filter_map(is_stale).collect();
        for meter in &stale {
            self.published.insert(meter.clone(), false);
        }
        let messages = stale.iter().filter_map(|meter| self.message(meter, false)).collect();
        if self.published.len() > MOST_METERS {
            self.published.retain(|_, online| *online);
        }
        messages
    }

    /// When the next meter becomes stale.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        self.freshness.next_change(now)
    }

    /// All statuses once more: the broker may have forgotten them.
    pub fn on_connect(&mut self, now: Instant) -> Vec<Publication> {
        for (meter, online) in &mut self.published {
            *online &= self.freshness.is_fresh(Some(meter), now);
        }
        let all = self.published.iter();
        all.filter_map(|(meter, online)| self.message(meter, *online)).collect()
    }

    /// The messages at the end of the run.
    pub fn on_end(&mut self) -> Vec<Publication> {
        let online: Vec<_> = self.published.iter().filter(|(_, online)| **online).collect();
        let messages = online.into_iter().filter_map(|(meter, _)| self.message(meter, false));
        let messages = messages.collect();
        self.published.values_mut().for_each(|online| *online = false);
        messages
    }

    fn message(&self, meter: &str, online: bool) -> Option<Publication> {
        let text = if online { "online" } else { "offline" };
        self.state_format.as_ref()?.meter_status(meter, text)
    }
}

/// The most meters whose `offline` is remembered for the next connection: anybody who can send
/// telegrams can invent meter numbers.
const MOST_METERS: usize = 1024;
