//! The MQTT sink as one value: broker, session, messages, announcer.

use core::time::Duration;

use crate::{
    format::{lists::MeterLists, meters::Meters, printable::printable, readings::Readings},
    sink::{
        home_assistant::announcer::HomeAssistant,
        mqtt::{
            history::History, messages::StateMessages, meter_status::MeterStatuses,
            publication::Publication, session::Session, tls::Tls,
        },
        settings::{SinkSettings, SinkTarget, error::SettingError, uri::host_port},
        traits::Report,
    },
};

/// The parts of the MQTT sink.
pub(super) struct MqttSink {
    pub(super) broker: Broker,
    pub(super) session: Session,
    pub(super) states: StateMessages,
    pub(super) announcer: Option<HomeAssistant>,
    pub(super) meter_statuses: MeterStatuses,
    pub(super) history: Option<History>,
    /// The age up to which a state counts as the present.
    pub(super) fresh: Duration,
    /// Readings were shown instead of sent.
    pub(super) is_previewed: bool,
    /// The lists of each meter in a preview.
    pub(super) previewed_lists: Meters<MeterLists>,
}

impl MqttSink {
    /// The messages of the state of some readings.
    pub(super) fn state_messages(
        &mut self,
        readings: &Readings,
        report: &dyn Report,
    ) -> Vec<Publication> {
        let announcer = self.announcer.as_ref();
        let required = announcer.map_or(&[][..], |it| it.required_fields(readings));
        let extra = announcer.map(|it| it.extra_values(readings)).unwrap_or_default();
        self.states.messages(readings, required, &extra, report)
    }
}

/// The address of the broker.
#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Tls>,
}

impl Broker {
    pub(super) fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        let SinkTarget::Server { host, port, .. } = &settings.target else {
            let scheme = &settings.scheme;
            let message = format!("{scheme}: a broker is written as {scheme}://HOST");
            return Err(SettingError::new(message));
        };
        let (host, port) = (host.clone(), *port);
        let secure = settings.scheme == "mqtts";
        let tls = secure.then(|| Tls::take(settings, &host)).transpose()?;
        settings.refuse_without_tls(&["ca", "cert", "key", "insecure"])?;
        Ok(Self { host, port: port.unwrap_or(if secure { 8883 } else { 1883 }), tls })
    }

    /// `HOST:PORT` for messages.
    pub(super) fn address(&self) -> String {
        printable(&host_port(&self.host, self.port)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_with_its_port() {
        let address = |uri: &str| Broker::take(&mut uri.parse().unwrap()).unwrap().address();
        assert_eq!(address("mqtt://broker.home"), "broker.home:1883");
        assert_eq!(address("mqtts://broker.home?insecure=true"), "broker.home:8883");
        assert_eq!(address("mqtt://[::1]:7"), "[::1]:7");
    }
}
