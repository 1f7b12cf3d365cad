//! What an answer means for what was sent.

use core::time::Duration;

use serde_json::Value;

use crate::{
    format::printable::shown,
    sink::{http::Answer, settings::Secret},
};

/// What to do with what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ResponseVerdict {
    /// Forget it.
    Stored,
    /// Keep it and try again.
    Kept(Trouble),
    /// Send less at once.
    TooLarge(String),
    /// Some of it is wrong and will always be.
    Refused(String),
}

/// Why nothing can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What it is about: what is of the same kind is told once.
    pub(super) kind: TroubleKind,
    /// What to tell.
    pub(super) text: String,
    /// When to try again.
    pub(super) pause: Pause,
}

/// What trouble is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TroubleKind {
    Unreachable,
    Untrusted,
    Silent,
    HungUp,
    Garbage,
    Status(u16),
    /// Whichever of the statuses that say so: proxies alternate.
    Busy,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// Longer each time.
    Growing,
    /// The same, and not less than the server asks for.
    AtLeast(Duration),
    /// As long as people need to mend what only they can.
    Long,
}

/// The server as the user wrote it down.
#[derive(Clone, Debug)]
pub(super) struct ServerNames {
    /// `influx.home:8086`
    pub(super) server: String,
    /// `the bucket house`
    pub(super) store: String,
    /// `the token`, `user and password`; nothing if none is given.
    pub(super) login: Option<&'static str>,
    /// What must never be told.
    pub(super) secrets: Vec<Secret>,
}

impl ResponseVerdict {
    /// Of an answer, in these words.
    pub(super) fn of(answer: &Answer, names: &ServerNames, timeout: Duration) -> Self {
        let server = &names.server;
        let trouble = |kind, text, pause| Self::Kept(Trouble { kind, text, pause });
        let growing = |kind, text| trouble(kind, text, Pause::Growing);
        let (code, retry_after, body) = match answer {
            Answer::Status { code, retry_after, body } => (*code, *retry_after, body),
            Answer::Unreachable(why) => {
                return growing(
                    TroubleKind::Unreachable,
                    format!("cannot connect to {server}: {why}"),
                );
            }
            Answer::Untrusted(why) => {
                return growing(TroubleKind::Untrusted, format!("cannot trust {server}: {why}"));
            }
            Answer::HungUp(why) => {
                let hint = "does something else listen there, or TLS?";
                let text =
                    format!("{server} ends the connection without an answer ({why}): {hint}");
                return growing(TroubleKind::HungUp, text);
            }
            Answer::Silent => {
                let text = format!("no answer from {server} for {} s", timeout.as_secs());
                return growing(TroubleKind::Silent, text);
            }
            Answer::Garbage(why) => {
                return growing(
                    TroubleKind::Garbage,
                    format!("{server} does not speak HTTP: {why}"),
                );
            }
        };
        let said = names.said(code, body);
        let status = TroubleKind::Status(code);
        let long = |text| trouble(status, text, Pause::Long);
        match code {
            200..=299 if body.is_empty() || code == 204 => Self::Stored,
            200..=399 => {
                long(format!("{server} answers {said}, as no InfluxDB does: is the address right?"))
            }
            401 | 403 => long(match (names.login, code) {
                (Some(login), 401) => format!("{server} does not accept {login}: {said}"),
                (Some(login), _) => format!("{server} does not let {login} write: {said}"),
                (None, _) => format!("{server} wants to know who writes: {said}"),
            }),
            404 => long(format!("{server} does not know {}: {said}", names.store)),
            408 | 429 | 500.. => {
                let pause = retry_after.map_or(Pause::Growing, Pause::AtLeast);
                let kind = if code == 429 { status } else { TroubleKind::Busy };
                trouble(kind, format!("{server} answers {said}"), pause)
            }
            413 => Self::TooLarge(said),
            // Anything else is about what was sent.
            _ => Self::Refused(said),
        }
    }
}

impl ServerNames {
    /// The status and what the server says about it, in a line that is safe to look at.
    fn said(&self, code: u16, body: &[u8]) -> String {
        let mut text = message(body);
        for secret in &self.secrets {
            if !secret.reveal().is_empty() {
                text = text.replace(secret.reveal(), "…");
            }
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(LONGEST).collect();
        let cut = if short.len() < text.len() { " …" } else { "" };
        match short.is_empty() {
            true => code.to_string(),
            false => format!("{code} ({}{cut})", shown(&short)),
        }
    }
}

/// The sentence in the answer of a server: in JSON, or as it is.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_str::<Value>(&text).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    member("message").or_else(|| member("error")).unwrap_or_else(|| text.into_owned())
}

/// How many characters of a server's sentence are told.
const LONGEST: usize = 200;

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

    fn verdict(code: u16, body: &str) -> ResponseVerdict {
        let answer = Answer::Status { code, retry_after: None, body: body.into() };
        ResponseVerdict::of(&answer, &names(), Duration::from_secs(10))
    }

    fn kept(code: u16, body: &str) -> (String, Pause) {
        match verdict(code, body) {
            ResponseVerdict::Kept(Trouble { text, pause, kind: TroubleKind::Busy })
                if code != 429 =>
            {
                (text, pause)
            }
            ResponseVerdict::Kept(Trouble { text, pause, kind: TroubleKind::Status(of) })
                if of == code =>
            {
                (text, pause)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_status_has_its_consequence() {
        assert_eq!(verdict(204, ""), ResponseVerdict::Stored);
        assert_eq!(verdict(200, ""), ResponseVerdict::Stored);
        for code in [400, 405, 406, 410, 415, 422] {
            assert_eq!(verdict(code, "no"), ResponseVerdict::Refused(format!("{code} (no)")));
        }
        assert_eq!(verdict(413, ""), ResponseVerdict::TooLarge("413".to_owned()));
        for code in [408, 429, 500, 502, 503, 504, 599] {
            assert_eq!(kept(code, "x"), (format!("h:8086 answers {code} (x)"), Pause::Growing));
        }
        for code in [200, 301, 307, 308, 401, 403, 404] {
            assert_eq!(kept(code, "x").1, Pause::Long, "{code}");
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
        let answer = Answer::Status { code: 401, retry_after: None, body: vec![] };
        let ResponseVerdict::Kept(trouble) = ResponseVerdict::of(&answer, &nobody, Duration::ZERO)
        else {
            panic!();
        };
        assert_eq!(trouble.text, "h:8086 wants to know who writes: 401");
    }

    #[test]
    fn what_a_server_says_is_told_short_safe_and_without_secrets() {
        let said = |body: &str| match verdict(400, body) {
            ResponseVerdict::Refused(said) => said,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(r#"{"error":"partial\n write"}"#), "400 (partial write)");
        assert_eq!(said("Token canary is\x1b[2J wrong"), "400 (Token … is\\x1b[2J wrong)");
        assert_eq!(said(r#"{"message":7}"#), "400 ({\"message\":7})");
        assert_eq!(said(&"ä".repeat(10_000)), format!("400 ({} …)", "ä".repeat(200)));
        assert_eq!(said("  \n"), "400");
    }

    #[test]
    fn a_server_is_asked_when_it_likes() {
        let after = Some(Duration::from_secs(7));
        let answer = Answer::Status { code: 429, retry_after: after, body: vec![] };
        let ResponseVerdict::Kept(trouble) = ResponseVerdict::of(&answer, &names(), Duration::ZERO)
        else {
            panic!();
        };
        assert_eq!(trouble.pause, Pause::AtLeast(Duration::from_secs(7)));
    }
}
