//! The meaning of a lost connection in view of earlier ones, and the time of the next attempt.
//!
//! When a second client connects with the same name, the broker closes the connection of the first.
//! Some brokers do not give the reason: 3.1.1 has no packet for it, and mosquitto 2.0 sends none. A
//! broker that shuts down closes connections too, but then it is gone a moment later. After a
//! connection closed without a reason the sink therefore looks at once. If the broker is there,
//! accepts the client, closes again and is still there, it does so on purpose. (Two rounds, because
//! some brokers restart faster than the sink looks. One round is enough if the connection was
//! closed as soon as it was accepted: the other client came back at once.) Two clients of one name
//! thus make three connections a minute at most.
//!
//! A name that the user did not choose is changed instead: then both have their place, and a broker
//! that was only restarted twice gets its states at once.

use core::{mem, time::Duration};

use crate::{
    backoff::Backoff,
    sink::mqtt::{
        disconnect::{Disconnect, RetryPace},
        packets::Reason,
    },
};

/// The history of one sink's connections.
#[derive(Debug)]
pub struct Reconnect {
    backoff: Backoff,
    /// The waits while no broker answers.
    prompt: Backoff,
    /// The broker closed the last connection and has been reachable since.
    closed_by_broker: bool,
    /// The broker did that and accepted the client again a moment later.
    suspected: bool,
    /// No other client has this name: each loss is the broker's.
    is_only_one: bool,
    /// A second client of the same name was reported and is still there.
    duplicate_reported: bool,
    /// The last message about this outage.
    last_report: Option<String>,
}

impl Default for Reconnect {
    /// No connection was lost yet.
    fn default() -> Self {
        Self {
            backoff: Backoff::random(FIRST_WAIT, LONGEST_WAIT),
            prompt: Backoff::random(FIRST_WAIT, LONGEST_PROMPT),
            closed_by_broker: false,
            suspected: false,
            is_only_one: false,
            duplicate_reported: false,
            last_report: None,
        }
    }
}

impl Reconnect {
    /// True if the next attempt only has to find out whether the broker is reachable.
    pub const fn is_probe(&self) -> bool {
        self.closed_by_broker && self.suspected && !self.is_only_one
    }

    /// The client has a name of its own from now on.
    pub const fn renamed(&mut self) {
        self.is_only_one = true;
    }

    /// The broker accepts the client. Returns true if an outage was reported.
    pub fn connected(&mut self) -> bool {
        self.suspected |= mem::take(&mut self.closed_by_broker);
        self.last_report.take().is_some()
    }

    /// The meaning of a connection's end, and the time to wait. `uptime` is `None` if the broker
    /// never accepted the client.
    pub fn classify(
        &mut self,
        end: &Disconnect,
        uptime: Option<Duration>,
    ) -> (Disconnect, Duration) {
        let mut end = end.clone();
        match uptime {
            None => {
                self.closed_by_broker = false;
                self.suspected &= end == Disconnect::ClosedRepeatedly;
                if end == Disconnect::Closed {
                    end = Disconnect::Unanswered;
                }
            }
            Some(uptime) => {
                self.closed_by_broker = end == Disconnect::Closed;
                self.suspected &= uptime < STABLE;
                self.suspected |= self.closed_by_broker && uptime < IMMEDIATE;
                self.duplicate_reported &= uptime < STABLE;
                // A broker that shuts down may be back at once, however often it does.
                let ended = self.closed_by_broker && !self.is_only_one
                    || end == Disconnect::BrokerDisconnect(Reason::SHUTTING_DOWN);
                let worked = if ended { Duration::MAX } else { uptime };
                self.backoff.worked_for(worked);
                self.prompt.worked_for(worked);
            }
        }
        let wait = match end.pace() {
            RetryPace::Prompt if self.closed_by_broker && !self.is_only_one => Duration::ZERO,
            RetryPace::Prompt => self.prompt.delay(),
            RetryPace::Growing => self.backoff.delay(),
            RetryPace::Staggered => Backoff::random(2 * LONGEST_WAIT, 2 * LONGEST_WAIT).delay(),
            RetryPace::Slow => LONGEST_WAIT,
        };
        (end, wait)
    }

    /// Returns the message if it is news.
    pub fn report(&mut self, text: String, pace: RetryPace) -> Option<String> {
        let duplicate = pace == RetryPace::Staggered;
        // Two clients of one name take turns from now on, which is not news each time.
        let known = self.duplicate_reported && (duplicate || self.closed_by_broker);
        self.duplicate_reported |= duplicate;
        if known || self.last_report.as_ref() == Some(&text) {
            return None;
        }
        self.last_report = Some(text.clone());
        Some(text)
    }
}

/// The first wait between attempts.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait while no broker answers: the state is right within five seconds after it is back.
const LONGEST_PROMPT: Duration = Duration::from_secs(4);

/// The wait for somebody to change something.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A connection shorter than this was closed in favour of another client.
const IMMEDIATE: Duration = Duration::from_millis(500);

/// After a connection of this length the suspicion ends: two clients of one name meet sooner.
const STABLE: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refused() -> Disconnect {
        Disconnect::Unreachable("connection refused".to_owned())
    }

    #[test]
    fn a_broker_that_ends_and_comes_back_is_found_at_once_each_time() {
        let mut reconnect = Reconnect::default();
        for _ in 0..10 {
            reconnect.connected();
            assert_eq!(
                reconnect.classify(&Disconnect::Closed, Some(SECOND)),
                (Disconnect::Closed, Duration::ZERO)
            );
            assert!(!reconnect.is_probe());
            let (end, wait) = reconnect.classify(&refused(), None);
            assert_eq!(end, refused());
            assert!(wait <= SECOND, "{wait:?}");
        }
        // A broker that announces its shutdown is tried again without delay.
        for _ in 0..10 {
            reconnect.connected();
            let end = Disconnect::BrokerDisconnect(Reason::SHUTTING_DOWN);
            assert!(reconnect.classify(&end, Some(SECOND)).1 <= SECOND);
            assert!(reconnect.classify(&refused(), None).1 <= 2 * SECOND);
        }
    }

    #[test]
    fn who_closes_and_takes_and_closes_again_does_it_on_purpose() {
        let mut reconnect = Reconnect::default();
        reconnect.connected();
        reconnect.classify(&Disconnect::Closed, Some(1000 * SECOND));
        reconnect.connected();
        for turn in 0..3 {
            let (end, wait) = reconnect.classify(&Disconnect::Closed, Some(40 * SECOND));
            let last_report = reconnect.report("closed".to_owned(), end.pace());
            assert_eq!(last_report.is_some(), turn == 0);
            assert_eq!((wait, reconnect.is_probe()), (Duration::ZERO, true));
            let (end, wait) = reconnect.classify(&Disconnect::ClosedRepeatedly, None);
            assert!(wait >= 60 * SECOND && wait <= 120 * SECOND, "{wait:?}");
            let last_report = reconnect.report("twin".to_owned(), end.pace());
            assert_eq!(last_report.is_some(), turn == 0, "it is reported once");
            assert_eq!(reconnect.connected(), turn == 0);
        }
        // The other client is gone for good.
        reconnect.classify(&Disconnect::Closed, Some(STABLE));
        assert!(!reconnect.is_probe());
    }

    /// A client as a broker sees it.
    struct Client {
        reconnect: Reconnect,
        /// The start of the connection, if there is one.
        since: Option<Duration>,
        /// The next attempt otherwise.
        next: Duration,
    }

    impl Client {
        fn starting(next: Duration) -> Self {
            Self { reconnect: Reconnect::default(), since: None, next }
        }

        /// The broker closes the connection, with or without a reason.
        fn close(&mut self, now: Duration, end: &Disconnect) {
            let uptime = self.since.take().map(|since| now - since);
            self.next = now + self.reconnect.classify(end, uptime).1 + Duration::from_millis(5);
        }
    }

    /// The connection times of two clients of one name within an hour; the second starts later.
    fn connections(later: Duration, end: &Disconnect) -> Vec<Duration> {
        let mut clients = [SECOND, SECOND + later].map(Client::starting);
        let mut all = Vec::new();
        loop {
            let waiting = (0..2).filter(|at| clients[*at].since.is_none());
            let at = waiting.min_by_key(|at| clients[*at].next).unwrap();
            let now = clients[at].next;
            if now > 3600 * SECOND {
                return all;
            }
            if clients[at].reconnect.is_probe() {
                clients[at].close(now, &Disconnect::ClosedRepeatedly);
                continue;
            }
            clients[at].reconnect.connected();
            clients[at].since = Some(now);
            all.push(now);
            if clients[1 - at].since.is_some() {
                clients[1 - at].close(now, end);
            }
        }
    }

    #[test]
    fn two_of_the_same_name_come_three_times_a_minute_at_most() {
        for end in [Disconnect::Closed, Disconnect::BrokerDisconnect(Reason::TAKEN_OVER)] {
            for later in [0, 20, 300, 700, 3000, 45_000, 100_000, 900_000] {
                let all = connections(Duration::from_millis(later), &end);
                assert!(all.len() >= 20, "both have their turns");
                for minute in &all {
                    let within = |at: &&Duration| **at >= *minute && **at < *minute + 60 * SECOND;
                    let count = all.iter().filter(within).count();
                    assert!(count < 4, "{end:?}, {later} ms later: {all:?}");
                }
            }
        }
    }

    #[test]
    fn the_only_one_of_its_name_is_back_within_seconds_and_does_not_hurry() {
        let mut reconnect = Reconnect::default();
        reconnect.renamed();
        let mut waits = vec![];
        for _ in 0..10 {
            reconnect.connected();
            let (end, wait) = reconnect.classify(&Disconnect::Closed, Some(SECOND));
            assert_eq!((end, reconnect.is_probe()), (Disconnect::Closed, false));
            waits.push(wait);
        }
        assert!(waits[0] >= SECOND / 2, "{waits:?}");
        assert!(waits[9] >= 2 * SECOND && waits[9] <= 4 * SECOND, "{waits:?}");
    }

    #[test]
    fn waits_grow_until_a_connection_has_lived_for_a_while() {
        let mut reconnect = Reconnect::default();
        let quota = Disconnect::BrokerDisconnect(Reason(0x97));
        let busy = Disconnect::Refused(Reason(0x89));
        for _ in 0..10 {
            reconnect.classify(&refused(), None);
            reconnect.classify(&busy, None);
        }
        assert!(reconnect.classify(&busy, None).1 >= 30 * SECOND);
        // A broker that is away may be back at any moment.
        let wait = reconnect.classify(&refused(), None).1;
        assert!(wait >= 2 * SECOND && wait <= 4 * SECOND, "{wait:?}");
        reconnect.connected();
        assert!(reconnect.classify(&quota, Some(SECOND)).1 >= 30 * SECOND, "no storm of it");
        reconnect.connected();
        assert!(reconnect.classify(&quota, Some(59 * SECOND)).1 >= 30 * SECOND, "not long enough");
        reconnect.connected();
        assert!(reconnect.classify(&quota, Some(60 * SECOND)).1 <= SECOND);
        reconnect.connected();
        let (end, wait) = reconnect.classify(&Disconnect::Refused(Reason::LOGIN), None);
        assert_eq!((end.pace(), wait), (RetryPace::Slow, 60 * SECOND));
    }

    #[test]
    fn a_change_is_reported_and_the_same_is_not() {
        let mut reconnect = Reconnect::default();
        let mut say = |text: &str| reconnect.report(text.to_owned(), RetryPace::Growing).is_some();
        assert_eq!([say("a"), say("a"), say("b"), say("b")], [true, false, true, false]);
        assert!(reconnect.connected() && !reconnect.connected());
        assert!(reconnect.report("b".to_owned(), RetryPace::Growing).is_some());
    }
}
