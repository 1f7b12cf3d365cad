//! In which version of MQTT a broker is spoken to.
//!
//! ```text
//! connection   5, refused   3.1.1, taken   lost   5, refused   3.1.1, taken   lost   5, taken
//!                        at once                          at once
//! ```
//!
//! Not every older broker says that it is one: some only close, or answer in their own way. What stands
//! before a broker that is just starting closes, too, so what is found in one connection holds for that
//! one, and the next begins in 5 again. Only that a broker has taken 5 is remembered: if it closes
//! without a word, that is not the reason.

use crate::sink::mqtt::{
    disconnect::Disconnect,
    packets::{Protocol, Reason},
};

/// The version that is spoken, and what is known of the others.
#[derive(Clone, Debug)]
pub struct Versions {
    /// By the user, who gets no other.
    wanted: Option<Protocol>,
    next: Protocol,
    /// By the broker, in the last connection that came about.
    accepted: Option<Protocol>,
}

impl Versions {
    /// The one that is wanted, or what the broker speaks.
    #[must_use]
    pub const fn new(wanted: Option<Protocol>) -> Self {
        let next = match wanted {
            Some(protocol) => protocol,
            None => Protocol::Five,
        };
        Self { wanted, next, accepted: None }
    }

    /// The one that is spoken, or tried next.
    #[must_use]
    pub const fn current(&self) -> Protocol {
        self.next
    }

    /// Whether the broker took the older one only.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.wanted.is_none() && self.accepted == Some(Protocol::Three)
    }

    /// The broker takes the client.
    pub const fn accept(&mut self) {
        self.accepted = Some(self.next);
    }

    /// A connection is at its end, in which the broker had taken the client or not. Says whether to try
    /// at once in the older version.
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

    /// A client that the broker has taken in the older version, after that answer to the newer one.
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
        // Whatever comes instead of an answer in the older version.
        for end in
            [Disconnect::Closed, Disconnect::NotMqtt, away(), Disconnect::Refused(Reason::LOGIN)]
        {
            let mut versions = Versions::new(None);
            assert!(versions.connection_lost(&Disconnect::Closed, false));
            assert!(!versions.connection_lost(&end, false), "not again and again");
            assert_eq!(versions.current(), Protocol::Five);
        }
        // It was the broker all the same, which had just started.
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
