//! The meaning of a response.

use core::time::Duration;

use serde_json::Value;

use crate::sink::{
    http::{OutageKind, PostOutcome, describe},
    settings::Secret,
};

/// The meaning of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WebhookOutcome {
    Delivered,
    /// The server did not take the readings.
    Failed {
        kind: OutageKind,
        text: String,
        /// The wait that the server asks for.
        retry_after: Option<Duration>,
    },
}

/// The server in the user's words, and what no message may contain.
#[derive(Clone, Debug)]
pub(super) struct WebhookNames {
    /// `home.local:8123`
    pub(super) server: String,
    pub(super) has_login: bool,
    pub(super) secrets: Vec<Secret>,
}

impl WebhookOutcome {
    pub(super) fn of(answer: &PostOutcome, names: &WebhookNames, timeout: Duration) -> Self {
        let server = &names.server;
        let (code, retry_after, body) = match answer {
            PostOutcome::Status { code, retry_after, body } => (*code, *retry_after, body),
            _ => {
                let outage = answer.outage(server, timeout);
                let (kind, text) = outage.unwrap_or((OutageKind::Unreachable, String::new()));
                return Self::Failed { kind, text, retry_after: None };
            }
        };
        let description = describe(code, &message(body), &names.secrets);
        let (kind, text) = match (code, names.has_login) {
            (200..=299, _) => return Self::Delivered,
            (300..=399, _) => {
                let text = "is the address right? The sink follows no redirect";
                (OutageKind::Status(code), format!("{server} answers {description}: {text}"))
            }
            (401 | 403, true) => {
                let text = format!("{server} does not accept the login: {description}");
                (OutageKind::Status(code), text)
            }
            (401 | 403, false) => {
                (OutageKind::Status(code), format!("{server} requires a login: {description}"))
            }
            (404 | 405 | 410, _) => {
                let text = format!("{server} answers {description}: is the path right?");
                (OutageKind::Status(code), text)
            }
            (408 | 425 | 500.., _) => (OutageKind::Busy, format!("{server} answers {description}")),
            _ => (OutageKind::Status(code), format!("{server} answers {description}")),
        };
        Self::Failed { kind, text, retry_after }
    }
}

/// The message in the body: a member of JSON, or a text. A page for a browser says nothing here.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_str::<Value>(&text).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let is_page = text.trim_start().starts_with('<');
    let found = ["message", "error", "detail"].into_iter().find_map(member);
    found.unwrap_or_else(|| if is_page { String::new() } else { text.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(code: u16, body: &str, has_login: bool) -> WebhookOutcome {
        let names = WebhookNames {
            server: "h".to_owned(),
            has_login,
            secrets: vec![Secret::new("canary".to_owned()), Secret::default()],
        };
        let answer = PostOutcome::Status { code, retry_after: None, body: body.into() };
        WebhookOutcome::of(&answer, &names, Duration::from_secs(10))
    }

    fn text(code: u16, body: &str, has_login: bool) -> String {
        match delivery(code, body, has_login) {
            WebhookOutcome::Delivered => String::new(),
            WebhookOutcome::Failed { text, .. } => text,
        }
    }

    #[test]
    fn a_response_is_success_or_says_what_to_look_at() {
        for code in [200, 201, 202, 204, 299] {
            assert_eq!(delivery(code, "<html>", false), WebhookOutcome::Delivered);
        }
        for (code, body, login, said) in [
            (302, "", false, "h answers 302: is the address right? The sink follows no redirect"),
            (401, "", false, "h requires a login: 401"),
            (
                403,
                r#"{"message":"bad token"}"#,
                true,
                "h does not accept the login: 403 (bad token)",
            ),
            (404, "<html>404</html>", false, "h answers 404: is the path right?"),
            (
                400,
                r#"{"error":"bad\n \u001b[2J json"}"#,
                false,
                "h answers 400 (bad \\u{1b}[2J json)",
            ),
            (500, "x canary", false, "h answers 500 (x …)"),
            (101, "", false, "h answers 101"),
            (999, "", false, "h answers 999"),
        ] {
            assert_eq!(text(code, body, login), said);
        }
        assert!(text(500, &"ä".repeat(10_000), false).len() < 500);
    }
}
