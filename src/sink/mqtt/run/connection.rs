//! Connecting, and the time after a lost connection.

use core::time::Duration;
use std::time::Instant;

use crate::sink::mqtt::{
    connect::Connecting,
    disconnect::{BrokerNames, Disconnect, RetryPace},
    history::History,
    packets::Reason,
    run::state::{ClientRun, Phase, RetryWait},
    transport::Transport,
};

impl ClientRun<'_> {
    /// Takes the next step: connect, finish connecting, or receive.
    pub(super) fn advance_connection(&mut self, now: Instant) {
        let advanced = match &mut self.phase {
            Phase::Waiting(wait) => {
                let due = if self.queue.is_ended() { wait.until_at_end } else { wait.until };
                if now < due { Ok(()) } else { self.connect() }
            }
            Phase::Connecting(connecting) => match connecting.outcome() {
                Some(Ok(_)) if self.reconnect.is_probe() => Err(Disconnect::ClosedRepeatedly),
                Some(Ok(stream)) => {
                    let tls = self.mqtt.broker.tls.as_ref();
                    Transport::new(stream, tls, &self.address).and_then(|transport| {
                        let begun = self.mqtt.session.begin(now);
                        begun.map_err(|_| Disconnect::Refused(Reason::CLIENT_ID))?;
                        self.phase = Phase::Connected(transport);
                        Ok(())
                    })
                }
                Some(Err(error)) => Err(Disconnect::unreachable(&error)),
                None => Ok(()),
            },
            Phase::Connected(_) => self.receive(now),
        };
        if let Err(cause) = advanced {
            self.connection_lost(&cause, now);
        }
    }

    fn connect(&mut self) -> Result<(), Disconnect> {
        let broker = &self.mqtt.broker;
        let connecting = Connecting::start(broker.host.clone(), broker.port)
            .map_err(|error| Disconnect::unreachable(&error))?;
        self.phase = Phase::Connecting(connecting);
        Ok(())
    }

    /// Arranges the next attempt after a connection was lost or did not come about.
    fn connection_lost(&mut self, cause: &Disconnect, now: Instant) {
        let uptime = self.mqtt.session.is_open().then(|| now.duration_since(self.connected_at));
        self.mqtt.history.iter_mut().for_each(History::connection_lost);
        if self.mqtt.session.connection_lost(cause) {
            // The session tries at once with MQTT 3.1.1 or a weaker will. The second failure is
            // reported.
            self.phase = Phase::Waiting(RetryWait::none(now));
            return;
        }
        let (cause, wait) = self.reconnect.classify(cause, uptime);
        self.disconnected = true;
        (self.announce_at, self.repeat_states_at) = (None, None);
        if cause == Disconnect::ClosedRepeatedly
            && let Some(name) = self.mqtt.session.other_name()
        {
            let text = cause.cause(self.names());
            self.report.say(&format!("{text}; from now on this one is {name}"));
            self.mqtt.session.rename(name);
            self.reconnect.renamed();
            self.phase = Phase::Waiting(RetryWait::none(now));
            return;
        }
        self.phase = Phase::Waiting(RetryWait {
            until: now + wait,
            until_at_end: now + wait.min(LAST_RETRY_DELAY),
            needs_action: matches!(cause.pace(), RetryPace::Staggered | RetryPace::Slow),
        });
        let (text, reason) = (cause.text(self.names()), cause.cause(self.names()));
        self.report.trouble(Some(&reason));
        if let Some(text) = self.reconnect.report(text, cause.pace()) {
            self.report.say(&text);
        }
    }

    fn names(&self) -> BrokerNames<'_> {
        BrokerNames {
            address: &self.address,
            connect_options: self.mqtt.session.connect_options(),
            tls: self.mqtt.broker.tls.is_some(),
        }
    }
}

/// The longest wait before an attempt once the queue has ended.
const LAST_RETRY_DELAY: Duration = Duration::from_secs(1);
