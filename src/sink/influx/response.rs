//! The meaning of a response for the lines that were sent.

use core::time::Duration;

use serde_json::Value;

use crate::sink::{
    http::{OutageKind, PostOutcome, describe},
    settings::Secret,
};

/// The reaction to a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The lines are stored.
    Stored,
    /// The lines stay and are sent again.
    Retry(Outage),
    /// The request has to be smaller. A proxy says so too.
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
        if let PostOutcome::Status { code, retry_after, body } = answer {
            return Self::of_status(*code, *retry_after, body, names);
        }
        let outage = answer.outage(&names.server, timeout);
        let (kind, text) = outage.unwrap_or((OutageKind::InvalidResponse, String::new()));
        Self::Retry(Outage { kind, text, pause: RetryDelay::Growing })
    }

    fn of_status(
        code: u16,
        retry_after: Option<Duration>,
        body: &[u8],
        names: &ServerNames,
    ) -> Self {
        let server = &names.server;
        let outage = |kind, text, pause| Self::Retry(Outage { kind, text, pause });
        let description = names.description(code, body);
        let status = OutageKind::Status(code);
        let long = |text| outage(status, text, RetryDelay::Long);
        match code {
            204 => Self::Stored,
            200..=399 => long(names.is_it_right(&description)),
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
            400 | 422 if is_about_the_lines(body) => Self::Refused(description),
            // A proxy, another service, a TLS port: nothing about the lines.
            _ => long(names.is_it_right(&description)),
        }
    }
}

/// True if InfluxDB says that it cannot store these lines: `{"code":"invalid","message":…}` of
/// version 2, `{"error":"partial write: …"}` or `{"error":"unable to parse …"}` of versions 1 and
/// 3, and what VictoriaMetrics writes as text. All other answers may come from somewhere between.
fn is_about_the_lines(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_str::<Value>(&text).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str();
    match (member("code"), member("message"), member("error")) {
        (Some("invalid" | "unprocessable entity"), Some(_), _) => true,
        (_, _, Some(error)) => {
            ["partial write", "pars", "field type conflict"].iter().any(|it| error.contains(it))
        }
        _ => json.is_none() && text.contains("cannot parse") && !text.contains('<'),
    }
}

impl ServerNames {
    /// A question about an answer that InfluxDB would not give.
    pub(super) fn is_it_right(&self, description: &str) -> String {
        let server = &self.server;
        format!("{server} answers {description}, unlike InfluxDB: is the address right?")
    }

    /// The status and the server's message, in a printable line.
    fn description(&self, code: u16, body: &[u8]) -> String {
        describe(code, &message(body), &self.secrets)
    }
}

/// The message in the body: a member of JSON, or the whole text.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_str::<Value>(&text).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    member("message").or_else(|| member("error")).unwrap_or_else(|| text.into_owned())
}

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

    fn kept(code: u16) -> (String, RetryDelay) {
        match outcome(code, "x") {
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
        // Version 2, version 1, version 3, VictoriaMetrics.
        for (code, body, message) in [
            (400, r#"{"code":"invalid","message":"unable to parse 'x'"}"#, "unable to parse 'x'"),
            (422, r#"{"code":"unprocessable entity","message":"m"}"#, "m"),
            (400, r#"{"error":"partial write: m dropped=1"}"#, "partial write: m dropped=1"),
            (400, r#"{"error":"unable to parse 'x'"}"#, "unable to parse 'x'"),
            (400, r#"{"error":"parsing failed","data":[]}"#, "parsing failed"),
            (400, "cannot parse influx line", "cannot parse influx line"),
        ] {
            let expected = WriteOutcome::Refused(format!("{code} ({message})"));
            assert_eq!(outcome(code, body), expected);
        }
        // A proxy, another service, a TLS port.
        for (code, body) in [
            (400, "<html>Bad Request: cannot parse</html>"),
            (400, "Client sent an HTTP request to an HTTPS server.\n"),
            (400, r#"{"message":"no Route matched"}"#),
            (400, r#"{"error":"http: request body too large"}"#),
            (422, ""),
            (405, "x"),
            (406, "x"),
            (410, "x"),
            (415, "x"),
            (421, "x"),
            (431, "x"),
            (200, ""),
        ] {
            match outcome(code, body) {
                WriteOutcome::Retry(Outage { kind, text, pause: RetryDelay::Long }) => {
                    assert_eq!(kind, OutageKind::Status(code));
                    assert!(text.ends_with("unlike InfluxDB: is the address right?"), "{text}");
                }
                other => panic!("{code} {body}: {other:?}"),
            }
        }
        assert_eq!(outcome(413, ""), WriteOutcome::TooLarge("413".to_owned()));
        for code in [408, 429, 500, 502, 503, 504, 599] {
            let text = format!("h:8086 answers {code} (x)");
            assert_eq!(kept(code), (text, RetryDelay::Growing));
        }
        for code in [200, 301, 307, 308, 401, 403, 404] {
            assert_eq!(kept(code).1, RetryDelay::Long, "{code}");
        }
    }

    #[test]
    fn an_answer_of_a_server_is_reported_short_safe_and_without_secrets() {
        let description = |body: &str| names().description(400, body.as_bytes());
        assert_eq!(description(r#"{"error":"partial\n write"}"#), "400 (partial write)");
        assert_eq!(description("Token canary is\x1b[2J wrong"), "400 (Token … is\\u{1b}[2J wrong)");
        assert_eq!(description(r#"{"message":7}"#), "400 ({\"message\":7})");
        assert_eq!(description(&"ä".repeat(10_000)), format!("400 ({} …)", "ä".repeat(200)));
        assert_eq!(description("  \n"), "400");
    }
}
