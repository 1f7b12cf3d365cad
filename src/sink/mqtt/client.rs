//! The MQTT sink as one value: broker, session, messages, announcer.

use core::time::Duration;

use crate::{
    format::printable::shown,
    sink::{
        home_assistant::announcer::HomeAssistant,
        mqtt::{
            messages::StateMessages,
            publication::{Publication, Qos, StateFormat},
            session::Session,
            tls::Tls,
        },
        settings::{SinkSettings, SinkTarget, error::SettingError},
    },
};

/// The parts of the MQTT sink.
pub(super) struct MqttSink {
    pub(super) broker: Broker,
    pub(super) session: Session,
    pub(super) states: StateMessages,
    pub(super) announcer: Option<HomeAssistant>,
    /// The age up to which a state counts as the present.
    pub(super) fresh: Duration,
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
        if let (false, Some(key)) =
            (secure, ["ca", "cert", "key", "insecure"].into_iter().find(|key| settings.has(key)))
        {
            let message = format!("{key} is of TLS: write mqtts:// and not mqtt://");
            return Err(SettingError::new(message).at(key));
        }
        Ok(Self { host, port: port.unwrap_or(if secure { 8883 } else { 1883 }), tls })
    }

    /// `HOST:PORT` for messages.
    pub(super) fn address(&self) -> String {
        let host = shown(&self.host);
        match host.contains(':') {
            true => format!("[{host}]:{}", self.port),
            false => format!("{host}:{}", self.port),
        }
    }
}

/// The status message, if there is a status topic.
pub(super) fn status(state_format: &StateFormat, status: &str) -> Option<Publication> {
    let (topic, payload) = (state_format.topics.status()?, status.as_bytes().to_vec());
    Some(Publication { topic, payload, retain: true, qos: Qos::AtLeastOnce })
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
