//! The MQTT sink: its settings, and how it starts.
//!
//! ```text
//! mqtt://anna@broker.home/house/meter?password_file=/etc/meterpipe/mqtt&retain=true
//! mqtts://broker.home:8883?ca=/etc/meterpipe/ca.pem&qos=1
//! ```
//!
//! The keys are in [`kind`](super::kind).
//!
//! `fields`, `units` and `names` apply too. Each connection sends, in this order: `online` on the
//! status topic, the unacknowledged states, the latest state of each meter. If meters are
//! [announced](crate::sink::home_assistant), the announcements come first and `online` last, a
//! second after the first state, with that state once more: some subscribers need a moment to
//! subscribe after an announcement. A new announcement may change a unit, and a subscriber must not
//! show its old value in the new unit; so `offline` goes before it and `online` behind the second
//! state. The status becomes `offline` before the sink disconnects; after a lost connection the
//! broker publishes it. The status of a meter becomes `offline` when its telegrams stay away, and
//! before the sink disconnects. A short run, such as a cron job, sets `status=none`: its values
//! stay valid after it has ended.
//!
//! A state topic shows the present and has no history. After an outage the sink sends the latest
//! state of each meter if it is not older than 30 s or three times the interval of the sink, and
//! with QoS 1 the messages that were under way when the connection ended. A
//! [history](super::history) has its own topic.

use core::time::Duration;
use std::sync::Arc;

use crate::format::{meters::Meters, readings::Readings};
use crate::sink::{
    freshness::Freshness,
    home_assistant::announcer::HomeAssistant,
    kind::BuildContext,
    mqtt::{
        client::{Broker, MqttSink},
        history::History,
        messages::StateMessages,
        meter_status::MeterStatuses,
        packets::{ConnectOptions, Protocol},
        publication::StateFormat,
        run::state::ClientRun,
        session::Session,
    },
    queue::QueueReceiver,
    settings::{SinkSettings, error::SettingError},
    slug,
    traits::{Report, Sink, SinkPreview},
};

/// Builds the sink from its settings.
///
/// # Errors
/// An invalid value, or a file that cannot be read.
pub fn new(
    settings: &mut SinkSettings,
    context: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let broker = Broker::take(settings)?;
    let state_format = StateFormat::take(settings)?;
    let states = StateMessages::take(settings, state_format)?;
    let BuildContext { run, counters, interval } = *context;
    let announcer = HomeAssistant::take(settings, states.state_format(), counters, interval)?;
    let freshness = Freshness::take(settings, interval)?;
    // A meter that is taken back has no status.
    let has_status = !announcer.as_ref().is_some_and(HomeAssistant::is_removal);
    let state_format = has_status.then(|| states.state_format().clone());
    let meter_statuses = MeterStatuses::new(freshness, state_format);
    let history = History::take(settings, states.state_format())?;
    let history_topic = history.as_ref().map(History::topic);
    let usual = client_id(states.state_format(), history_topic, run);
    let connect_options = connect_options(settings, states.state_format(), &usual)?;
    let has_usual_name = connect_options.client_id == usual;
    let protocol = settings.take_choice("protocol")?.map(|version| match version {
        "5" => Protocol::Five,
        _ => Protocol::Three,
    });
    let mut session = Session::new(connect_options, protocol);
    if has_usual_name {
        session = session.with_usual_name();
    }
    let fresh = FRESH.max(interval.unwrap_or_default().saturating_mul(3));
    let is_previewed = false;
    Ok(Box::new(MqttSink {
        broker,
        session,
        states,
        announcer,
        meter_statuses,
        history,
        fresh,
        is_previewed,
        previewed_lists: Meters::default(),
    }))
}

impl Sink for MqttSink {
    fn form_of_registers(&self) -> Option<&'static str> {
        self.states.form_of_registers()
    }

    fn run(self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        ClientRun::new(*self, &queue, report).run();
    }

    fn probe(&mut self, timeout: Duration) -> Result<String, String> {
        self.ask(timeout)
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        let messages = self.next_messages(readings, report).into_iter();
        messages.map(|it| SinkPreview { place: it.topic, content: it.payload }).collect()
    }
}

fn connect_options(
    settings: &mut SinkSettings,
    state_format: &StateFormat,
    usual_name: &str,
) -> Result<ConnectOptions, SettingError> {
    let user = settings.take("user").filter(|user| !user.is_empty());
    let password = settings.take_secret("password")?;
    if user.is_none() && password.is_some() {
        return Err(SettingError::of("password", "of which user? say user"));
    }
    let keepalive = settings.take_duration("keepalive")?.unwrap_or_default().as_secs();
    let keepalive = u16::try_from(keepalive).ok().filter(|seconds| *seconds > 0);
    let keepalive =
        keepalive.ok_or_else(|| SettingError::of("keepalive", "1s to 65535s expected"))?;
    let client_id = settings.take("client_id").unwrap_or_else(|| usual_name.to_owned());
    if client_id.is_empty() || client_id.contains(char::is_control) {
        return Err(SettingError::of("client_id", "it is empty or has control characters"));
    }
    Ok(ConnectOptions {
        client_id,
        user,
        password,
        keepalive,
        will: state_format.status("offline"),
    })
}

/// The same at every start: a broker that has not noticed the end of the last run drops the old
/// client and publishes its will before this run says anything. The name differs by machine, topic
/// and run. MQTT 3.1.1 brokers need not accept more than 23 characters.
fn client_id(state_format: &StateFormat, history_topic: Option<&str>, run: &str) -> String {
    let system = rustix::system::uname();
    let mut octets = system.nodename().to_bytes().to_vec();
    let state = state_format.topics.state(None);
    for part in [state.as_str(), run].into_iter().chain(history_topic) {
        octets.push(0);
        octets.extend_from_slice(part.as_bytes());
    }
    format!("meterpipe-{:08x}", slug::hash(&octets))
}

/// Six telegrams of a meter that sends every five seconds.
const FRESH: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::line_counters::LineCounters;

    fn made(uri: &str) -> Result<Box<dyn Sink>, SettingError> {
        let mut settings: SinkSettings = uri.parse().unwrap();
        let counters = LineCounters::default();
        let context = BuildContext { run: "", counters: &counters, interval: None };
        let sink = new(&mut settings, &context)?;
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
            ("mqtt://b?ca=x", "ca is of TLS: write mqtts:// and not mqtt://"),
            ("mqtt://b?insecure=true", "insecure is of TLS: write mqtts:// and not mqtt://"),
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
        let id_of = |uri: &str, run| {
            let mut settings: SinkSettings = uri.parse().unwrap();
            let state_format = StateFormat::take(&mut settings).unwrap();
            let usual = client_id(&state_format, None, run);
            connect_options(&mut settings, &state_format, &usual).unwrap().client_id
        };
        let id = |uri| id_of(uri, "");
        let usual = id("mqtt://b");
        assert_eq!(usual, id("mqtt://b"));
        assert_ne!(usual, id("mqtt://b/other"));
        assert_ne!(usual, id_of("mqtt://b", "watch sim:"), "of another meter");
        assert!(usual.len() == 18 && usual.starts_with("meterpipe-"), "{usual}");
        assert_eq!(id("mqtt://b?client_id=mine"), "mine");
    }
}
