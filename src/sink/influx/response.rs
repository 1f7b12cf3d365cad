//! The meaning of a response for the lines that were sent.

use core::time::Duration;

use serde_json::Value;

use crate::{
    format::printable::shown,
    sink::{http::PostOutcome, settings::Secret},
};

/// The reaction to a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The lines are stored.
    Stored,
    /// The lines stay and are sent again.
    Retry(Outage),
    /// The request has to be smaller.
    TooLarge(String),
    /// At least one line is wrong and always will be.
    Refused(String),
}

/// The reason why nothing can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The kind: outages of the same kind are reported once.
    pub kind: OutageKind,
    /// The message.
    pub text: String,
    /// The time of the next attempt.
    pub pause: RetryDelay,
}

/// The kind of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageKind {
    Unreachable,
    Untrusted,
    TimedOut,
    ConnectionClosed,
    InvalidResponse,
    Status(u16),
    /// Any status that means overload: proxies alternate between them.
    Busy,
}

/// The wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDelay {
    /// Longer each time.
    Growing,
    /// The same, and no shorter than the server asks for.
    AtLeast(Duration),
    /// The longest wait: somebody has to act first.
    Long,
}

/// The server in the user's words.
#[derive(Clone, Debug)]
pub struct ServerNames {
    /// `influx.home:8086`
    pub server: String,
    /// `the bucket house`
    pub store: String,
    /// `the token`, `user and password`; `None` without a login.
    pub login: Option<&'static str>,
    /// Secrets that no message may contain.
    pub secrets: Vec<Secret>,
}

impl WriteOutcome {
    /// The reaction to a response, with its message.
    pub fn of(answer: &PostOutcome, names: &ServerNames, timeout: Duration) -> Self {
        let server = &names.server;
        let outage = |kind, text, pause| Self::Retry(Outage { kind, text, pause });
        let growing = |kind, text| outage(kind, text, RetryDelay::Growing);
        let (code, retry_after, body) = match answer {
            PostOutcome::Status { code, retry_after, body } => (*code, *retry_after, body),
            PostOutcome::Unreachable(why) => {
                return growing(
                    OutageKind::Unreachable,
                    format!("cannot connect to {server}: {why}"),
                );
            }
            PostOutcome::Untrusted(why) => {
                return growing(OutageKind::Untrusted, format!("cannot trust {server}: {why}"));
            }
            PostOutcome::ConnectionClosed(why) => {
                let hint = "is it another service, or a TLS port?";
                let text =
                    format!("{server} ends the connection without an answer ({why}): {hint}");
                return growing(OutageKind::ConnectionClosed, text);
            }
            PostOutcome::TimedOut => {
                let text = format!("no answer from {server} for {} s", timeout.as_secs());
                return growing(OutageKind::TimedOut, text);
            }
            PostOutcome::InvalidResponse(why) => {
                return growing(
                    OutageKind::InvalidResponse,
                    format!("{server} does not speak HTTP: {why}"),
                );
            }
        };
        let description = names.description(code, body);
        let status = OutageKind::Status(code);
        let long = |text| outage(status, text, RetryDelay::Long);
        match code {
            200..=299 if body.is_empty() || code == 204 => Self::Stored,
            200..=399 => long(format!(
                "{server} answers {description}, unlike InfluxDB: is the address right?"
            )),
            401 | 403 => long(match (names.login, code) {
                (Some(login), 401) => format!("{server} does not accept {login}: {description}"),
                (Some(login), _) => format!("{server} does not let {login} write: {description}"),
                (None, _) => format!("{server} requires a login: {description}"),
            }),
            404 => long(format!("{server} does not know {}: {description}", names.store)),
            408 | 429 | 500.. => {
                let pause = retry_after.map_or(RetryDelay::Growing, RetryDelay::AtLeast);
                let kind = if code == 429 { status } else { OutageKind::Busy };
                outage(kind, format!("{server} answers {description}"), pause)
            }
            413 => Self::TooLarge(description),
            // Any other status concerns the content.
            _ => Self::Refused(description),
        }
    }
}

impl ServerNames {
    /// The status and the server's message, in a printable line.
    fn description(&self, code: u16, body: &[u8]) -> String {
        let mut text = message(body);
        for secret in &self.secrets {
            if !secret.reveal().is_empty() {
                text = text.replace(secret.reveal(), "…");
            }
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(LONGEST_TEXT).collect();
        let cut = if short.len() < text.len() { " …" } else { "" };
        match short.is_empty() {
            true => code.to_string(),
            false => format!("{code} ({}{cut})", shown(&short)),
        }
    }
}

/// The message in the body: a member of JSON, or the whole text.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_str::<Value>(&text).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    member("message").or_else(|| member("error")).unwrap_or_else(|| text.into_owned())
}

/// The most characters of a server's message.
const LONGEST_TEXT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ServerNames {
        ServerNames {
            server: "h:8086".to_owned(),
            store: "the bucket b".to_owned(),
            login: Some("the token"),
            secrets: vec![Secret::new("canary".to_owned()), Secret::default()],
        }
    }

    fn outcome(code: u16, body: &str) -> WriteOutcome {
        let answer = PostOutcome::Status { code, retry_after: None, body: body.into() };
        WriteOutcome::of(&answer, &names(), Duration::from_secs(10))
    }

    fn kept(code: u16, body: &str) -> (String, RetryDelay) {
        match outcome(code, body) {
            WriteOutcome::Retry(Outage { text, pause, kind: OutageKind::Busy }) if code != 429 => {
                (text, pause)
            }
            WriteOutcome::Retry(Outage { text, pause, kind: OutageKind::Status(of) })
                if of == code =>
            {
                (text, pause)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_status_has_its_consequence() {
        assert_eq!(outcome(204, ""), WriteOutcome::Stored);
        assert_eq!(outcome(200, ""), WriteOutcome::Stored);
        for code in [400, 405, 406, 410, 415, 422] {
            assert_eq!(outcome(code, "no"), WriteOutcome::Refused(format!("{code} (no)")));
        }
        assert_eq!(outcome(413, ""), WriteOutcome::TooLarge("413".to_owned()));
        for code in [408, 429, 500, 502, 503, 504, 599] {
            assert_eq!(
                kept(code, "x"),
                (format!("h:8086 answers {code} (x)"), RetryDelay::Growing)
            );
        }
        for code in [200, 301, 307, 308, 401, 403, 404] {
            assert_eq!(kept(code, "x").1, RetryDelay::Long, "{code}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        assert_eq!(kept(401, "").0, "h:8086 does not accept the token: 401");
        assert_eq!(kept(403, "").0, "h:8086 does not let the token write: 403");
        assert_eq!(
            kept(404, r#"{"code":"not found","message":"bucket \"b\" not found"}"#).0,
            "h:8086 does not know the bucket b: 404 (bucket \"b\" not found)"
        );
        assert!(kept(200, "<html>").0.ends_with("is the address right?"));
        let nobody = ServerNames { login: None, ..names() };
        let answer = PostOutcome::Status { code: 401, retry_after: None, body: vec![] };
        let WriteOutcome::Retry(outage) = WriteOutcome::of(&answer, &nobody, Duration::ZERO) else {
            panic!();
        };
        assert_eq!(outage.text, "h:8086 requires a login: 401");
    }

    #[test]
    fn what_a_server_says_is_told_short_safe_and_without_secrets() {
        let description = |body: &str| match outcome(400, body) {
            WriteOutcome::Refused(description) => description,
            other => panic!("{other:?}"),
        };
        assert_eq!(description(r#"{"error":"partial\n write"}"#), "400 (partial write)");
        assert_eq!(description("Token canary is\x1b[2J wrong"), "400 (Token … is\\x1b[2J wrong)");
        assert_eq!(description(r#"{"message":7}"#), "400 ({\"message\":7})");
        assert_eq!(description(&"ä".repeat(10_000)), format!("400 ({} …)", "ä".repeat(200)));
        assert_eq!(description("  \n"), "400");
    }

    #[test]
    fn a_server_is_asked_when_it_likes() {
        let after = Some(Duration::from_secs(7));
        let answer = PostOutcome::Status { code: 429, retry_after: after, body: vec![] };
        let WriteOutcome::Retry(outage) = WriteOutcome::of(&answer, &names(), Duration::ZERO)
        else {
            panic!();
        };
        assert_eq!(outage.pause, RetryDelay::AtLeast(Duration::from_secs(7)));
    }
}
