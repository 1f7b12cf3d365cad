//! What the end of a connection means after those before it, and when to try again.
//!
//! When another client comes with the same name, a broker closes the connection of the first. Some do
//! not say why: 3.1.1 has no words for it, and mosquitto 2.0 uses none. A broker that ends closes, too,
//! but it is away in the next instant. So who closes without a word is looked for at once: who is there
//! then, takes the client, closes again, and is there even then, does it on purpose. (Twice, because
//! some start faster than one can look. Once is enough where the client was closed out as soon as it was
//! in: the other one came back at once.) So two clients come to three connections a minute at most.

use core::{mem, time::Duration};

use crate::{
    backoff::Backoff,
    sink::mqtt::{
        disconnect::{Disconnect, RetryPace},
        packets::Reason,
    },
};

/// The memory of one sink.
#[derive(Debug)]
pub struct Reconnect {
    backoff: Backoff,
    /// The broker closed the last connection, and has not been found away since.
    prompt: bool,
    /// It did so, and took the client in the next instant.
    suspect: bool,
    /// That another client has the same name was said, and is still so.
    told_twin: bool,
    /// What was said last of this outage.
    said: Option<String>,
}

impl Reconnect {
    /// Nothing was lost yet.
    #[must_use]
    pub fn new() -> Self {
        let backoff = Backoff::random(Duration::from_secs(1), SLOW);
        Self { backoff, prompt: false, suspect: false, told_twin: false, said: None }
    }

    /// Whether it is enough for the next try to see if the broker is there.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.prompt && self.suspect
    }

    /// The broker took the client. Says whether anything was said of an outage.
    pub fn recover(&mut self) -> bool {
        self.suspect |= mem::take(&mut self.prompt);
        self.said.take().is_some()
    }

    /// What the end of a connection means that lived for some time, or never was, and how long to wait.
    pub fn judge(&mut self, end: &Disconnect, lived: Option<Duration>) -> (Disconnect, Duration) {
        let mut end = end.clone();
        match lived {
            None => {
                self.prompt = false;
                self.suspect &= end == Disconnect::ClosedSoon;
                if end == Disconnect::Closed {
                    end = Disconnect::Unanswered;
                }
            }
            Some(lived) => {
                self.prompt = end == Disconnect::Closed;
                self.suspect &= lived < LONG;
                self.suspect |= self.prompt && lived < INSTANT;
                self.told_twin &= lived < LONG;
                // A broker that ends may be back in the next instant, however often it does.
                let ended = self.prompt || end == Disconnect::Goodbye(Reason::SHUTTING_DOWN);
                self.backoff.worked_for(if ended { Duration::MAX } else { lived });
            }
        }
        let wait = match end.pace() {
            RetryPace::Growing if self.prompt => Duration::ZERO,
            RetryPace::Growing => self.backoff.delay(),
            RetryPace::Apart => Backoff::random(2 * SLOW, 2 * SLOW).delay(),
            RetryPace::Slow => SLOW,
        };
        (end, wait)
    }

    /// What is to be said of it, if it is new.
    pub fn complain(&mut self, text: String, pace: RetryPace) -> Option<String> {
        let twin = pace == RetryPace::Apart;
        // Two of the same name take turns from now on, which is nothing new each time.
        let known = self.told_twin && (twin || self.prompt);
        self.told_twin |= twin;
        if known || self.said.as_ref() == Some(&text) {
            return None;
        }
        self.said = Some(text.clone());
        Some(text)
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::new()
    }
}

/// How long until somebody has changed something.
const SLOW: Duration = Duration::from_secs(60);

/// A connection that lived for less was in the way of somebody.
const INSTANT: Duration = Duration::from_millis(500);

/// After a connection that lived for so long nobody is suspected of anything: two of the same name have
/// met before.
const LONG: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refused() -> Disconnect {
        Disconnect::Unreachable("connection refused".to_owned())
    }

    #[test]
    fn a_broker_that_ends_and_comes_back_is_found_at_once_each_time() {
        let mut losses = Reconnect::new();
        for _ in 0..10 {
            losses.recover();
            assert_eq!(
                losses.judge(&Disconnect::Closed, Some(SECOND)),
                (Disconnect::Closed, Duration::ZERO)
            );
            assert!(!losses.is_probe());
            let (end, wait) = losses.judge(&refused(), None);
            assert_eq!(end, refused());
            assert!(wait <= SECOND, "{wait:?}");
        }
        // Nor is one waited for that says that it ends.
        for _ in 0..10 {
            losses.recover();
            let end = Disconnect::Goodbye(Reason::SHUTTING_DOWN);
            assert!(losses.judge(&end, Some(SECOND)).1 <= SECOND);
            assert!(losses.judge(&refused(), None).1 <= 2 * SECOND);
        }
    }

    #[test]
    fn who_closes_and_takes_and_closes_again_does_it_on_purpose() {
        let mut losses = Reconnect::new();
        losses.recover();
        losses.judge(&Disconnect::Closed, Some(1000 * SECOND));
        losses.recover();
        for turn in 0..3 {
            let (end, wait) = losses.judge(&Disconnect::Closed, Some(40 * SECOND));
            let said = losses.complain("closed".to_owned(), end.pace());
            assert_eq!(said.is_some(), turn == 0);
            assert_eq!((wait, losses.is_probe()), (Duration::ZERO, true));
            let (end, wait) = losses.judge(&Disconnect::ClosedSoon, None);
            assert!(wait >= 60 * SECOND && wait <= 120 * SECOND, "{wait:?}");
            let said = losses.complain("twin".to_owned(), end.pace());
            assert_eq!(said.is_some(), turn == 0, "it is said once");
            assert_eq!(losses.recover(), turn == 0);
        }
        // The other one is gone for good.
        losses.judge(&Disconnect::Closed, Some(LONG));
        assert!(!losses.is_probe());
    }

    /// A client as a broker sees it.
    struct Client {
        losses: Reconnect,
        /// When it connected, if it is connected.
        since: Option<Duration>,
        /// When it tries again otherwise.
        next: Duration,
    }

    impl Client {
        fn starting(next: Duration) -> Self {
            Self { losses: Reconnect::new(), since: None, next }
        }

        /// The broker closes it out, without a word or with one.
        fn close(&mut self, now: Duration, end: &Disconnect) {
            let lived = self.since.take().map(|since| now - since);
            self.next = now + self.losses.judge(end, lived).1 + Duration::from_millis(5);
        }
    }

    /// When clients of one name connect in an hour, one of which starts later.
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
            if clients[at].losses.is_probe() {
                clients[at].close(now, &Disconnect::ClosedSoon);
                continue;
            }
            clients[at].losses.recover();
            clients[at].since = Some(now);
            all.push(now);
            if clients[1 - at].since.is_some() {
                clients[1 - at].close(now, end);
            }
        }
    }

    #[test]
    fn two_of_the_same_name_come_three_times_a_minute_at_most() {
        for end in [Disconnect::Closed, Disconnect::Goodbye(Reason::TAKEN_OVER)] {
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
    fn waits_grow_until_a_connection_has_lived_for_a_while() {
        let mut losses = Reconnect::new();
        for _ in 0..10 {
            losses.judge(&refused(), None);
        }
        assert!(losses.judge(&refused(), None).1 >= 30 * SECOND);
        losses.recover();
        let quota = Disconnect::Goodbye(Reason(0x97));
        assert!(losses.judge(&quota, Some(SECOND)).1 >= 30 * SECOND, "no storm of it");
        losses.recover();
        assert!(losses.judge(&quota, Some(59 * SECOND)).1 >= 30 * SECOND, "not long enough");
        losses.recover();
        assert!(losses.judge(&quota, Some(60 * SECOND)).1 <= SECOND);
        losses.recover();
        let (end, wait) = losses.judge(&Disconnect::Refused(Reason::LOGIN), None);
        assert_eq!((end.pace(), wait), (RetryPace::Slow, 60 * SECOND));
    }

    #[test]
    fn a_change_is_said_and_the_same_is_not() {
        let mut losses = Reconnect::new();
        let mut say = |text: &str| losses.complain(text.to_owned(), RetryPace::Growing).is_some();
        assert_eq!([say("a"), say("a"), say("b"), say("b")], [true, false, true, false]);
        assert!(losses.recover() && !losses.recover());
        assert!(losses.complain("b".to_owned(), RetryPace::Growing).is_some());
    }
}
