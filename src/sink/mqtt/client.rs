//! What there is to do: a broker, and what goes there.

use core::time::Duration;

use crate::{
    format::printable::shown,
    sink::{
        mqtt::{
            announce::{Announcer, Publication, Qos, Site},
            messages::StateMessages,
            session::Session,
            tls::Tls,
        },
        settings::{SinkSettings, SinkTarget, error::SettingError},
    },
};

/// A broker, and what goes there.
pub(super) struct Mqtt {
    pub(super) broker: Broker,
    pub(super) session: Session,
    pub(super) states: StateMessages,
    pub(super) announcer: Option<Box<dyn Announcer>>,
    /// For how long a state is the present.
    pub(super) fresh: Duration,
}

/// Where the broker is.
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

    /// `HOST:PORT`, for people.
    pub(super) fn place(&self) -> String {
        let host = shown(&self.host);
        match host.contains(':') {
            true => format!("[{host}]:{}", self.port),
            false => format!("{host}:{}", self.port),
        }
    }
}

/// The message that tells whether this program is there, if that is told.
pub(super) fn status(site: &Site, status: &str) -> Option<Publication> {
    let (topic, payload) = (site.topics.status()?, status.as_bytes().to_vec());
    Some(Publication { topic, payload, retain: true, qos: Qos::AtLeastOnce })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_with_its_port() {
        let place = |uri: &str| Broker::take(&mut uri.parse().unwrap()).unwrap().place();
        assert_eq!(place("mqtt://broker.home"), "broker.home:1883");
        assert_eq!(place("mqtts://broker.home?insecure=true"), "broker.home:8883");
        assert_eq!(place("mqtt://[::1]:7"), "[::1]:7");
    }
}
