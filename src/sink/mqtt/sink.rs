//! The sink: what a user says of it, and how it begins.
//!
//! ```text
//! mqtt://anna@broker.home/house/meter?password_file=/etc/meterpipe/mqtt&retain=true
//! mqtts://broker.home:8883?ca=/etc/meterpipe/ca.pem&qos=1
//! ```
//!
//! The keys are in [`kind`](super::kind).
//!
//! Beside them `fields`, `units` and `names`. In each connection go out, in this order: `online` on
//! the status topic, the states that were not acknowledged, the last state of each meter. Where meters
//! are [announced](super::announce), that comes first and `online` last. The status becomes `offline`
//! before the connection is ended, or by the broker when it finds it ended. A run that is over soon, as
//! one of cron, says `status=none`: what it told stays true.
//!
//! A state topic tells how things are, so there is no history in it: of the time without a connection
//! the last state of each meter goes out, if it is not older than half a minute or three times the
//! interval of the sink, and with QoS 1 what was on its way when the connection ended.

use core::time::Duration;

use crate::sink::{
    kind::BuildContext,
    mqtt::{
        announce::{Announcer, Site},
        client::{Broker, Mqtt, status},
        messages::StateMessages,
        packets::{Hello, Protocol},
        run::ClientRun,
        session::Session,
        topics::Topics,
    },
    queue::QueueReceiver,
    settings::{SinkSettings, error::SettingError},
    slug,
    traits::{Report, Sink},
};

/// Reads the settings. `announcer` takes keys of its own and learns the topics; it gives the announcer of
/// the meters, if there is one.
///
/// # Errors
/// A value that cannot be meant, or a file that cannot be read.
pub fn new(
    settings: &mut SinkSettings,
    context: &BuildContext<'_>,
    announcer: impl FnOnce(&mut SinkSettings, &Site) -> Result<Option<Box<dyn Announcer>>, SettingError>,
) -> Result<Box<dyn Sink>, SettingError> {
    let broker = Broker::take(settings)?;
    let site = Site { topics: Topics::take(settings)?, view: settings.take_projection()? };
    let states = StateMessages::take(settings, site)?;
    let announcer = announcer(settings, states.site())?;
    let hello = hello(settings, states.site(), context.run)?;
    let protocol = settings.take_choice("protocol")?.map(|version| match version {
        "5" => Protocol::Five,
        _ => Protocol::Three,
    });
    let session = Session::new(hello, protocol);
    let fresh = FRESH.max(context.interval.unwrap_or_default().saturating_mul(3));
    Ok(Box::new(Mqtt { broker, session, states, announcer, fresh }))
}

impl Sink for Mqtt {
    fn run(self: Box<Self>, inbox: QueueReceiver, report: &dyn Report) {
        ClientRun::new(*self, &inbox, report).run();
    }
}

fn hello(settings: &mut SinkSettings, site: &Site, run: &str) -> Result<Hello, SettingError> {
    let user = settings.take("user").filter(|user| !user.is_empty());
    let password = settings.take_secret("password")?;
    if user.is_none() && password.is_some() {
        return Err(SettingError::of("password", "of which user? say user"));
    }
    let keepalive = settings.take_duration("keepalive")?.unwrap_or_default().as_secs();
    let keepalive = u16::try_from(keepalive).ok().filter(|seconds| *seconds > 0);
    let keepalive =
        keepalive.ok_or_else(|| SettingError::of("keepalive", "1s to 65535s expected"))?;
    let client_id = settings.take("client_id").unwrap_or_else(|| client_id(site, run));
    if client_id.is_empty() || client_id.contains(char::is_control) {
        return Err(SettingError::of("client_id", "it is empty or has control characters"));
    }
    Ok(Hello { client_id, user, password, keepalive, will: status(site, "offline") })
}

/// The same at every start: a broker that has not noticed that the last one is gone throws it out, and
/// tells its will before this one says anything. Another on another machine, for another place, or for
/// another meter. A broker for 3.1.1 need not take more than 23 characters.
fn client_id(site: &Site, run: &str) -> String {
    let system = rustix::system::uname();
    let mut octets = system.nodename().to_bytes().to_vec();
    for part in [&site.topics.state(None), run] {
        octets.push(0);
        octets.extend_from_slice(part.as_bytes());
    }
    format!("meterpipe-{:08x}", slug::hash(&octets))
}

/// Six telegrams of a meter that sends each five seconds.
const FRESH: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::line_counters::LineCounters;

    fn made(uri: &str) -> Result<Box<dyn Sink>, SettingError> {
        let mut settings: SinkSettings = uri.parse().unwrap();
        let counters = LineCounters::default();
        let context = BuildContext { run: "", counters: &counters, interval: None };
        let sink = new(&mut settings, &context, |_, _| Ok(None))?;
        settings.finish()?;
        Ok(sink)
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (uri, text) in [
            ("mqtt:broker", "mqtt: a broker is written as mqtt://HOST"),
            ("mqtt://b?qos=2", "qos: 0 or 1 expected"),
            ("mqtt://b?protocol=4", "protocol: 5 or 3.1.1 expected"),
            ("mqtt://b?password=CANARY", "password: of which user? say user"),
            ("mqtt://b?keepalive=0s", "keepalive: 1s to 65535s expected"),
            ("mqtt://b?keepalive=1d", "keepalive: 1s to 65535s expected"),
            ("mqtt://b?client_id=", "client_id: it is empty or has control characters"),
            ("mqtt://b?retain=yes", "retain = yes: true or false expected"),
            ("mqtt://b?ca=x", "ca is of TLS: write mqtts:// and not mqtt://"),
            ("mqtt://b?insecure=true", "insecure is of TLS: write mqtts:// and not mqtt://"),
            ("mqtt://b?qoss=1", "mqtt: nothing is called qoss: did you mean qos?"),
            ("mqtts://b%20b?insecure=true", "b b is no name of a server"),
        ] {
            assert_eq!(made(uri).err().map(|error| error.to_string()).as_deref(), Some(text));
        }
        for uri in ["mqtt://b", "mqtt://a:p@[::1]:1/x/y?qos=1&retain=true&layout=flat"] {
            assert!(made(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn a_client_has_a_name_of_its_own_that_stays() {
        let id = |uri: &str| {
            let mut settings: SinkSettings = uri.parse().unwrap();
            let site =
                Site { topics: Topics::take(&mut settings).unwrap(), view: Default::default() };
            hello(&mut settings, &site, "").unwrap().client_id
        };
        let usual = id("mqtt://b");
        assert_eq!(usual, id("mqtt://b"));
        assert_ne!(usual, id("mqtt://b/other"));
        let mut other: SinkSettings = "mqtt://b".parse().unwrap();
        let site = Site { topics: Topics::take(&mut other).unwrap(), view: Default::default() };
        assert_ne!(
            usual,
            hello(&mut other, &site, "watch sim:").unwrap().client_id,
            "of another meter"
        );
        assert!(usual.len() == 18 && usual.starts_with("meterpipe-"), "{usual}");
        assert_eq!(id("mqtt://b?client_id=mine"), "mine");
    }
}
