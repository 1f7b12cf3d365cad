//! One connection to the broker that says nothing, to see if the broker accepts the client.
//!
//! The client has a name of its own: with the name of the sink it would throw a running service out. It has no
//! will, so its end leaves nothing behind.

use core::{hash::BuildHasher, time::Duration};
use std::{
    hash::RandomState,
    os::fd::{AsFd, BorrowedFd},
    time::Instant,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sink::mqtt::{
    client::{Broker, MqttSink},
    connect::Connecting,
    disconnect::{BrokerNames, Disconnect},
    packets::{Protocol, Reason},
    session::{Session, SessionEvent},
    transport::Transport,
};

impl MqttSink {
    /// Connects and disconnects. Returns the version of MQTT, or the obstacle.
    pub(super) fn ask(&self, timeout: Duration) -> Result<String, String> {
        let mut session = self.session.without_will(&suffix());
        let attempt = ProbeAttempt { broker: &self.broker, timeout, start: Instant::now() };
        let cause = loop {
            match attempt.connect(&mut session) {
                Ok(()) => {
                    return Ok(match session.protocol() {
                        Protocol::Five => "connected, MQTT 5".to_owned(),
                        Protocol::Three => "connected, MQTT 3.1.1".to_owned(),
                    });
                }
                Err(cause) if session.connection_lost(&cause) => {}
                Err(Disconnect::Closed) => break Disconnect::Unanswered,
                Err(cause) => break cause,
            }
        };
        Err(cause.cause(BrokerNames {
            address: &self.broker.address(),
            connect_options: self.session.connect_options(),
            tls: self.broker.tls.is_some(),
        }))
    }
}

/// Four digits at random: a broker of MQTT 3.1.1 need not take a longer name.
fn suffix() -> String {
    format!("-{:04x}", RandomState::new().hash_one(0) & 0xffff)
}

/// The attempts to connect, which share their time.
struct ProbeAttempt<'a> {
    broker: &'a Broker,
    timeout: Duration,
    start: Instant,
}

impl ProbeAttempt<'_> {
    fn connect(&self, session: &mut Session) -> Result<(), Disconnect> {
        let Broker { host, port, tls } = self.broker;
        let connecting = Connecting::start(host.clone(), *port);
        let connecting = connecting.map_err(|error| Disconnect::unreachable(&error))?;
        let stream = loop {
            match connecting.outcome() {
                Some(stream) => break stream.map_err(|error| Disconnect::unreachable(&error))?,
                None if self.left().is_zero() => {
                    let why = format!("no answer within {} s", self.timeout.as_secs());
                    return Err(Disconnect::Unreachable(why));
                }
                None => self.wait(connecting.as_fd(), PollFlags::IN),
            }
        };
        let mut transport = Transport::new(stream, tls.as_ref(), &self.broker.address())?;
        let begun = session.begin(Instant::now());
        begun.map_err(|_| Disconnect::Refused(Reason::CLIENT_ID))?;
        while !self.is_accepted(session, &mut transport)? {
            if self.left().is_zero() {
                return Err(Disconnect::NoAnswer(self.timeout));
            }
            let is_pending = transport.pending() > 0;
            let write = if is_pending { PollFlags::OUT } else { PollFlags::empty() };
            self.wait(transport.as_fd(), PollFlags::IN | write);
        }
        session.disconnect();
        transport.send(&session.take(Instant::now()).0);
        transport.finish();
        transport.flush()?;
        transport.shutdown_write();
        Ok(())
    }

    /// Sends what is due and reads what has come. True once the broker accepts the client.
    fn is_accepted(
        &self,
        session: &mut Session,
        transport: &mut Transport,
    ) -> Result<bool, Disconnect> {
        session.check_keepalive(Instant::now())?;
        transport.send(&session.take(Instant::now()).0);
        let octets = transport.receive();
        transport.flush()?;
        Ok(session.feed(&octets?)?.contains(&SessionEvent::Open))
    }

    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    fn wait(&self, file: BorrowedFd<'_>, flags: PollFlags) {
        let timeout = self.left().min(LONGEST_WAIT);
        let timeout = Timespec::try_from(timeout).ok();
        let _ = poll(&mut [PollFd::from_borrowed_fd(file, flags)], timeout.as_ref());
    }
}

/// The longest time between two looks at the clock.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
