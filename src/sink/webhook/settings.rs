//! The sink from its settings.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ureq::http::{HeaderName, HeaderValue, header};

use crate::sink::{
    http::{PostTarget, TrustSettings},
    kind::BuildContext,
    settings::{Secret, SinkSettings, SinkTarget, error::SettingError, uri::host_port},
    template::PayloadTemplate,
    traits::Sink,
    webhook::{
        response::WebhookNames,
        sink::{WebhookSettings, WebhookSink},
    },
};

/// Headers that follow from the connection and the content.
const OWN_HEADERS: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::EXPECT,
    header::UPGRADE,
];

/// Builds the sink from its settings.
///
/// # Errors
/// Settings that are missing, invalid or contradictory.
pub(super) fn new(
    settings: &mut SinkSettings,
    _: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let trust = TrustSettings::take(settings)?;
    let (server, path) = address(settings)?;
    let (authorization, mut secrets) = authorization(settings)?;
    let headers = headers(settings, authorization.is_some())?;
    let projection = settings.take_projection()?;
    let template = settings.take("template");
    let template = template.map(|text| PayloadTemplate::parse("template", &text)).transpose()?;
    let timeout = settings.take_duration("timeout")?.unwrap_or_default();
    if timeout.is_zero() {
        return Err(SettingError::value("timeout", "0", "at least 1s expected"));
    }
    let longest = settings.take_duration("retry")?.unwrap_or_default();
    let has_login = authorization.is_some() || headers.iter().any(|(name, _)| is_login(name));
    let texts = headers.iter().filter_map(|(_, value)| value.to_str().ok());
    secrets.extend(texts.map(|text| Secret::new(text.to_owned())));
    let place = format!("{}://{server}", trust.scheme());
    let uri = Secret::new(format!("{place}/{}", path.reveal()));
    // The message of an address that is none would show its path.
    let wrong = |error: SettingError| match error.key() {
        Some(_) => error,
        None => SettingError::new(format!("{place}: this server, or its path, is no address")),
    };
    let target = PostTarget::new(uri.reveal(), trust.trust(), authorization, timeout);
    let target = target.map_err(wrong)?.for_json(headers);
    let names = WebhookNames {
        server,
        has_login,
        // A short path is in many words.
        secrets: secrets.into_iter().chain(Some(path)).filter(|it| it.reveal().len() > 3).collect(),
    };
    let insecure = trust.insecure;
    let settings =
        WebhookSettings { target, names, place, insecure, projection, template, longest };
    Ok(Box::new(WebhookSink::new(settings)))
}

/// The server, and the path with its query.
fn address(settings: &mut SinkSettings) -> Result<(String, Secret), SettingError> {
    let scheme = settings.scheme.clone();
    let SinkTarget::Server { host, port, path } = settings.target.clone() else {
        let text = format!("{scheme}: a server is expected: {scheme}://HOST/PATH");
        return Err(SettingError::new(text));
    };
    let server = match port {
        Some(port) => host_port(&host, port),
        None if host.contains(':') => format!("[{host}]"),
        None => host,
    };
    let path = match settings.take_secret("path")? {
        Some(_) if !path.is_empty() => {
            return Err(SettingError::of("path", "the address has one already"));
        }
        Some(path) => path.reveal().trim().trim_start_matches('/').to_owned(),
        None => encoded(&path),
    };
    Ok((server, Secret::new(path)))
}

/// A path as it stands in an address. A `?` begins the query.
fn encoded(path: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
        _ if b"-._~/?:@!$&'()*+,;=".contains(&octet) => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    path.bytes().map(octet).collect()
}

/// The header of a token or a user, and the secrets in it.
fn authorization(
    settings: &mut SinkSettings,
) -> Result<(Option<Secret>, Vec<Secret>), SettingError> {
    let token = settings.take_secret("token")?.filter(|token| !token.reveal().is_empty());
    let (user, password) = (settings.take("user"), settings.take_secret("password")?);
    match (token, user, password) {
        (Some(_), Some(_), _) => {
            Err(SettingError::new("token and user: one of the two").at("token"))
        }
        (_, None, Some(_)) => Err(SettingError::of("password", "whose? user is missing")),
        (Some(token), None, None) => {
            Ok((Some(Secret::new(format!("Bearer {}", token.reveal()))), vec![token]))
        }
        (None, Some(user), password) => {
            let password = password.unwrap_or_default();
            let text = zeroize::Zeroizing::new(format!("{user}:{}", password.reveal()));
            let coded = Secret::new(BASE64_STANDARD.encode(text.as_bytes()));
            let header = Secret::new(format!("Basic {}", coded.reveal()));
            Ok((Some(header), vec![coded, password]))
        }
        (None, None, None) => Ok((None, Vec::new())),
    }
}

/// The headers of the user's. No message shows a value.
fn headers(
    settings: &mut SinkSettings,
    has_login: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>, SettingError> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (name, value) in settings.take_table("headers") {
        let key = format!("headers.{name}");
        let wrong = |why: &str| SettingError::of(&key, why);
        let name: HeaderName = name.parse().map_err(|_| wrong("not the name of a header"))?;
        let value = HeaderValue::from_str(&value);
        let mut value = value.map_err(|_| wrong("the value has characters that no header has"))?;
        value.set_sensitive(true);
        if OWN_HEADERS.contains(&name) {
            return Err(wrong("the sink sets it"));
        }
        if has_login && name == header::AUTHORIZATION {
            return Err(wrong("token or user sets it"));
        }
        if headers.iter().any(|(known, _)| *known == name) {
            return Err(wrong("it stands twice"));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

/// True for a header that is likely a login.
fn is_login(name: &HeaderName) -> bool {
    let name = name.as_str();
    ["authorization", "key", "token", "auth"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::webhook::kind::WEBHOOK;

    #[test]
    fn what_is_complete_is_taken_whole() {
        for uri in [
            "webhook+http://h",
            "webhook+http://h:8123/api/webhook/x?timeout=1s&retry=5s&fields=power_net_w",
            "webhook+https://u:p@[::1]:1/a?insecure=true",
            "webhook+http://h/a%3fkey=b%26c=d?headers.X-Key=a&headers.content-type=text/plain",
            "webhook+http://h?token=t&path=/api/x%3fa=b",
        ] {
            assert_eq!(WEBHOOK.mistake(uri), "", "{uri}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_secrets() {
        for (uri, part) in [
            ("webhook+http:CANARY", "webhook+http: a server is expected: webhook+http://HOST/PATH"),
            ("webhook+http://h?ca=x", "write webhook+https:// and not webhook+http://"),
            ("webhook+http://h?token=CANARY&user=u", "token and user: one of the two"),
            ("webhook+http://h?password=CANARY", "password: whose? user is missing"),
            ("webhook+http://h/CANARY?path=CANARY", "path: the address has one already"),
            ("webhook+http://h?timeout=0", "at least 1s"),
            ("webhook+http://h?headers.a%20b=CANARY", "headers.a b: not the name of a header"),
            ("webhook+http://h?headers.a=CANARY%0a", "headers.a: the value has characters"),
            ("webhook+http://h?headers.Content-Length=1", "the sink sets it"),
            ("webhook+http://h?token=t&headers.Authorization=CANARY", "token or user sets it"),
            ("webhook+http://h?headers.a=CANARY&headers.A=CANARY", "headers.A: it stands twice"),
            ("webhook+http://h?token=CANARY%0a", "characters that no token has"),
            (
                "webhook+http://h?path=CAN%20ARY",
                "http://h: this server, or its path, is no address",
            ),
            ("webhook+http://h%20h/CANARY", "is no address"),
        ] {
            let message = WEBHOOK.mistake(uri);
            assert!(message.contains(part) && !message.contains("CAN"), "{uri}: {message}");
        }
    }

    #[test]
    fn a_path_may_hold_a_query_and_any_text() {
        let mut settings: SinkSettings =
            "webhook+http://h:1/a%20%c3%a4/b%3fc=%25&d".parse().unwrap();
        let (server, path) = address(&mut settings).unwrap();
        assert_eq!((server.as_str(), path.reveal()), ("h:1", "a%20%C3%A4/b?c=%25&d"));
        assert_eq!(settings.name, "webhook+http://h:1/…");
        assert!(!format!("{settings:?}").contains("%25"));
    }
}
