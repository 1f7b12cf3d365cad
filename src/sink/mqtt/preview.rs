//! The messages that a broker would get for some readings, in the order of a run.

use std::{sync::Arc, time::Instant};

use crate::{
    format::{latest::name, readings::Readings},
    sink::{
        mqtt::{client::MqttSink, history::History, interval_names, publication::Publication},
        traits::Report,
    },
};

impl MqttSink {
    /// The messages to follow those of earlier readings. Repeated states are left out.
    pub(super) fn next_messages(
        &mut self,
        readings: &Readings,
        report: &dyn Report,
    ) -> Vec<Publication> {
        let now = Instant::now();
        let original = readings;
        let named = interval_names::named(Arc::new(readings.clone()));
        let readings = &*named;
        self.meter_statuses.observe(readings, now);
        let union = self.previewed_lists.seen(name(readings), |lists| lists.union(&named));
        let announcer = self.announcer.as_mut();
        let announced = interval_names::announced(named.clone(), union.clone());
        let mut messages = announcer.map(|it| it.on_readings(&announced)).unwrap_or_default();
        let is_first = !core::mem::replace(&mut self.is_previewed, true);
        let online = is_first.then(|| self.states.state_format().status("online")).flatten();
        // An announced meter is online after its first state.
        let (before, after) =
            if self.announcer.is_some() { (None, online) } else { (online, None) };
        messages.extend(before);
        messages.extend(self.state_messages(&union, report));
        messages.extend(self.meter_statuses.on_state(name(readings), now));
        messages.extend(after);
        messages.extend(self.history.as_ref().map(|history: &History| history.message(original)));
        messages
    }
}
