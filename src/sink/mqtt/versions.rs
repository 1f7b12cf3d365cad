//! The choice of the MQTT version.
//!
//! ```text
//! connection   5, refused   3.1.1, taken   lost   5, refused   3.1.1, taken   lost   5, taken
//!                        at once                          at once
//! ```
//!
//! Some older brokers do not say that they are older: they close the connection or answer in their
//! own way. A proxy in front of a broker that is starting closes connections too. The version found
//! in one connection is therefore valid for that one only, and the next begins with 5 again. Only
//! one fact is remembered: a broker that has accepted 5 does not close the connection because of
//! the version.

use crate::sink::mqtt::{
    disconnect::Disconnect,
    packets::{Protocol, Reason},
};

/// The current version, and the facts known about the broker.
#[derive(Clone, Debug)]
pub struct Versions {
    /// The version that the user demands; no other is tried.
    wanted: Option<Protocol>,
    next: Protocol,
    /// The version that the broker accepted in the last successful connection.
    accepted: Option<Protocol>,
}

impl Versions {
    /// Uses the `wanted` version, or else the one that the broker speaks.
    pub const fn new(wanted: Option<Protocol>) -> Self {
        let next = match wanted {
            Some(protocol) => protocol,
            None => Protocol::Five,
        };
        Self { wanted, next, accepted: None }
    }

    /// The version that the user demands.
    pub const fn wanted(&self) -> Option<Protocol> {
        self.wanted
    }

    /// The version of this connection, or of the next attempt.
    pub const fn current(&self) -> Protocol {
        self.next
    }

    /// True if the broker accepts only the older version.
    pub fn is_fallback(&self) -> bool {
        self.wanted.is_none() && self.accepted == Some(Protocol::Three)
    }

    /// The broker accepts the client.
    pub const fn accept(&mut self) {
        self.accepted = Some(self.next);
    }

    /// Notes the end of a connection, which the broker had accepted or not. Returns true if an
    /// attempt with the older version should follow at once.
    pub fn connection_lost(&mut self, end: &Disconnect, was_open: bool) -> bool {
        let unclear = self.accepted != Some(Protocol::Five);
        let refused = match end {
            Disconnect::Refused(reason) => *reason == Reason::VERSION,
            Disconnect::Closed | Disconnect::NotMqtt => unclear && !was_open,
            _ => false,
        };
        let older = refused && self.wanted.is_none() && self.next == Protocol::Five;
        self.next = match self.wanted {
            Some(protocol) => protocol,
            None if older => Protocol::Three,
            None => Protocol::Five,
        };
        older
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Disconnect {
        Disconnect::Refused(Reason::VERSION)
    }

    fn away() -> Disconnect {
        Disconnect::Unreachable("connection refused".to_owned())
    }

    /// A client whose broker accepted the older version, after that answer to the newer one.
    fn fallen_back(end: &Disconnect) -> Versions {
        let mut versions = Versions::new(None);
        assert!(versions.connection_lost(end, false));
        versions.accept();
        assert_eq!((versions.current(), versions.is_fallback()), (Protocol::Three, true));
        versions
    }

    #[test]
    fn a_broker_for_the_older_version_is_found_out_in_each_connection() {
        for end in [refused(), Disconnect::Closed, Disconnect::NotMqtt] {
            let mut versions = fallen_back(&end);
            for lost in [Disconnect::Closed, Disconnect::Silent(core::time::Duration::ZERO), away()]
            {
                assert!(
                    !versions.connection_lost(&lost, true),
                    "nothing is tried before the other is away"
                );
                assert_eq!(versions.current(), Protocol::Five);
                assert!(versions.connection_lost(&end, false), "and it is found out at once");
                versions.accept();
                assert!(versions.is_fallback());
            }
        }
    }

    #[test]
    fn an_unlucky_first_contact_is_no_older_version() {
        // Any other answer to the older version.
        for end in
            [Disconnect::Closed, Disconnect::NotMqtt, away(), Disconnect::Refused(Reason::LOGIN)]
        {
            let mut versions = Versions::new(None);
            assert!(versions.connection_lost(&Disconnect::Closed, false));
            assert!(!versions.connection_lost(&end, false), "not again and again");
            assert_eq!(versions.current(), Protocol::Five);
        }
        // The cause was the starting broker, after all.
        let mut versions = fallen_back(&Disconnect::Closed);
        assert!(!versions.connection_lost(&away(), true));
        versions.accept();
        assert_eq!((versions.current(), versions.is_fallback()), (Protocol::Five, false));
    }

    #[test]
    fn a_broker_that_took_the_newer_version_has_to_say_that_it_does_not_any_more() {
        let mut versions = Versions::new(None);
        versions.accept();
        assert!(!versions.connection_lost(&Disconnect::Closed, true));
        assert!(
            !versions.connection_lost(&Disconnect::Closed, false)
                && !versions.connection_lost(&Disconnect::NotMqtt, false)
        );
        assert_eq!(versions.current(), Protocol::Five);
        assert!(versions.connection_lost(&refused(), false));
        assert_eq!(versions.current(), Protocol::Three);
    }

    #[test]
    fn who_named_a_version_gets_no_other() {
        for wanted in [Protocol::Five, Protocol::Three] {
            let mut versions = Versions::new(Some(wanted));
            assert!(
                !versions.connection_lost(&refused(), false)
                    && !versions.connection_lost(&Disconnect::Closed, false)
            );
            versions.accept();
            assert_eq!((versions.current(), versions.is_fallback()), (wanted, false));
        }
    }
}
