//! A meter that was announced: its device, and what it has sent so far.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{
    format::{key::FieldKey, readings::Readings},
    intervals::registers::is_energy,
    sink::{
        home_assistant::{
            device::MeterDevice, diagnostics::Diagnostic, entity::Entity, options::DiscoveryOptions,
        },
        interval::TelegramInterval,
        line_counters::LineCounters,
        mqtt::publication::StateFormat,
    },
};

/// The meter.
#[derive(Debug, Default)]
pub(super) struct AnnouncedMeter {
    /// Its device.
    pub device: MeterDevice,
    /// By identifier.
    pub entities: BTreeMap<String, Entity>,
    /// The readings that are entities.
    pub keys: Vec<FieldKey>,
    /// The other entities.
    pub diagnostics: Vec<Diagnostic>,
    /// The time between its telegrams.
    pub interval: TelegramInterval,
    /// Its removal was reported.
    pub removal_reported: bool,
}

/// The most entities of a meter: the longest known list has 60 objects.
pub(super) const MOST_ENTITIES: usize = 256;

impl AnnouncedMeter {
    /// A meter before its first telegram.
    pub(super) fn new(sink_interval: Option<Duration>) -> Self {
        Self { interval: TelegramInterval::new(sink_interval), ..Self::default() }
    }

    /// Notes the content of a telegram. Returns true if there is something new to announce.
    pub(super) fn observe(
        &mut self,
        readings: &Readings,
        state_format: &StateFormat,
        line_counters: &LineCounters,
        options: &DiscoveryOptions,
    ) -> bool {
        let expires_later = self.interval.observe(readings) && options.expire_after.is_none();
        let name = line_counters.meter_names().of(&self.device.number);
        let is_other = self.device.observe(readings, name);
        let known = self.entities.len();
        // The energy of an interval is neither a register nor a value of the moment.
        let is_energy =
            |key: FieldKey| matches!(key, FieldKey::Field(place, _) if is_energy(place));
        let is_left_out = |key: FieldKey| readings.is_interval() && is_energy(key);
        for reading in state_format.projection.of(readings) {
            if !is_left_out(reading.key)
                && !self.keys.contains(&reading.key)
                && self.keys.len() < MOST_ENTITIES
                && let Some(entity) = Entity::of(&reading, &state_format.projection.units, options)
            {
                self.keys.push(reading.key);
                self.entities.insert(entity.id.clone(), entity);
            }
        }
        // Diagnostics justify a device only beside readings. Older programs had none.
        let has_diagnostics = !self.keys.is_empty() && !options.is_older();
        for diagnostic in Diagnostic::ALL.into_iter().filter(|_| has_diagnostics) {
            if !self.diagnostics.contains(&diagnostic)
                && diagnostic.value(readings, line_counters).is_some()
            {
                self.diagnostics.push(diagnostic);
                let entity = diagnostic.entity(options.language);
                self.entities.insert(entity.id.clone(), entity);
            }
        }
        expires_later || is_other || self.entities.len() > known
    }
}
