//! HTTP POST to a server.
//!
//! Proxies of the environment are ignored, since the servers are those of the home. Redirects are
//! not followed, so the token reaches no other server. The size of a response and the time for it
//! are limited.

use core::time::Duration;
use std::{
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Instant,
};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use ureq::{
    Agent, Body, Error,
    http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header},
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use crate::{
    file_error,
    format::printable::printable,
    hosts::lookup,
    sink::{
        settings::{Secret, SinkSettings, error::SettingError},
        tls,
    },
};

/// A server and path to post to.
#[derive(Debug)]
pub struct PostTarget {
    agent: Agent,
    uri: Uri,
    authorization: Option<Secret>,
    timeout: Duration,
    /// True if the authorities come from a file of the user's.
    own_ca: bool,
    /// More headers, which the user chose.
    headers: Vec<(HeaderName, HeaderValue)>,
    content: PostContent,
}

/// The form of what is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PostContent {
    /// Text, compressed.
    CompressedText,
    Json,
}

/// How to verify a server.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Not at all: the connection is not encrypted.
    Plain,
    /// By the authorities in a file, or by those of this machine.
    Authorities(Option<&'a Path>),
    /// Any certificate is accepted; the connection is encrypted nevertheless.
    AnyCertificate,
}

/// The settings of a connection with or without TLS: the keys `ca` and `insecure`.
#[derive(Debug)]
pub struct TrustSettings {
    /// True for a connection with TLS.
    pub secure: bool,
    /// True if any certificate is accepted.
    pub insecure: bool,
    ca: Option<PathBuf>,
}

impl TrustSettings {
    /// Takes the keys. A scheme with TLS has an `s` at its end.
    ///
    /// # Errors
    /// A key that is invalid, or belongs to the other scheme.
    pub fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        settings.refuse_without_tls(&["ca", "insecure"])?;
        let secure = settings.scheme.ends_with('s');
        let ca = if secure { settings.take_path("ca") } else { None };
        let insecure = secure && settings.take_switch("insecure")?;
        if insecure && ca.is_some() {
            return Err(SettingError::new("ca and insecure: one of the two").at("ca"));
        }
        Ok(Self { secure, insecure, ca })
    }

    /// The way to verify the server.
    #[must_use]
    pub fn trust(&self) -> Trust<'_> {
        match (self.secure, self.insecure) {
            (false, _) => Trust::Plain,
            (true, false) => Trust::Authorities(self.ca.as_deref()),
            (true, true) => Trust::AnyCertificate,
        }
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// The kind of an outage: outages of the same kind are reported once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageKind {
    /// No connection.
    Unreachable,
    /// No safe connection.
    Untrusted,
    /// No response in time.
    TimedOut,
    /// The connection was closed without a response.
    ConnectionClosed,
    /// Not HTTP.
    InvalidResponse,
    /// A status.
    Status(u16),
    /// Any status that means overload: proxies alternate between them.
    Busy,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// The server responded.
    Status {
        /// The status code.
        code: u16,
        /// The wait that the server asks for.
        retry_after: Option<Duration>,
        /// The beginning of the body.
        body: Vec<u8>,
    },
    /// The server cannot be reached.
    Unreachable(String),
    /// The server's certificate is not valid, or no safe connection is possible.
    Untrusted(String),
    /// The server accepted the connection and closed it, as a server of another protocol does.
    ConnectionClosed(String),
    /// The server took too long.
    TimedOut,
    /// The response is not HTTP.
    InvalidResponse(String),
}

/// The most octets read of a body: error messages are short.
const MOST_BODY: u64 = 16 * 1024;
const MOST_HEADERS: usize = 16 * 1024;

/// The errors seen when a server closes a connection that it does not understand.
const CLOSED_KINDS: [io::ErrorKind; 3] =
    [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];

/// The longest idle time of a connection that is used again: after it the server may have closed
/// the connection.
const IDLE: Duration = Duration::from_secs(5);

impl PostTarget {
    /// A target at an address.
    ///
    /// # Errors
    /// An invalid address, a token that no header can hold, no authorities.
    pub fn new(
        uri: &str,
        trust: Trust<'_>,
        authorization: Option<Secret>,
        timeout: Duration,
    ) -> Result<Self, SettingError> {
        let wrong = |_| SettingError::new(format!("{} is no address", printable(uri)));
        let uri: Uri = uri.parse().map_err(wrong)?;
        if let Some(secret) = &authorization
            && HeaderValue::from_str(secret.reveal()).is_err()
        {
            return Err(SettingError::new("the token has characters that no token has").at("token"));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("meterpipe/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(MOST_HEADERS)
            .max_idle_age(IDLE)
            .timeout_global(Some(timeout))
            .tls_config(tls_config(trust)?)
            .build();
        let own_ca = matches!(trust, Trust::Authorities(Some(_)));
        let agent = Agent::with_parts(config, DefaultConnector::default(), HomeResolver::default());
        let (headers, content) = (Vec::new(), PostContent::CompressedText);
        Ok(Self { agent, uri, authorization, timeout, own_ca, headers, content })
    }

    /// The same for JSON, which is posted as it is, and with more headers.
    #[must_use]
    pub fn for_json(self, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { headers, content: PostContent::Json, ..self }
    }

    /// The address.
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The time-out of a request.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Posts text, compressed. It takes no longer than the [time-out](Self::timeout).
    pub fn post(&self, text: &[u8]) -> PostOutcome {
        self.post_within(text, self.timeout)
    }

    /// Posts text in the same way, and takes no longer than `timeout`.
    pub fn post_within(&self, text: &[u8], timeout: Duration) -> PostOutcome {
        let body = match self.content {
            PostContent::Json => Ok(text.to_vec()),
            PostContent::CompressedText => gzip(text),
        };
        let body = match body {
            Ok(body) => body,
            Err(error) => return PostOutcome::Unreachable(error.to_string()),
        };
        let request = self.agent.post(&self.uri).config().timeout_global(Some(timeout)).build();
        let mut request = match self.content {
            PostContent::CompressedText => request
                .content_type("text/plain; charset=utf-8")
                .header(header::CONTENT_ENCODING, "gzip"),
            // The user may choose another type.
            PostContent::Json if self.has_header(&header::CONTENT_TYPE) => request,
            PostContent::Json => request.content_type("application/json"),
        };
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(secret) = &self.authorization
            && let Ok(mut value) = HeaderValue::from_str(secret.reveal())
        {
            value.set_sensitive(true);
            request = request.header("Authorization", value);
        }
        self.outcome(request.send(&body))
    }

    /// Asks with `OPTIONS` whether a server is there. It gets no login, and nothing to store.
    pub fn ask_within(&self, timeout: Duration) -> PostOutcome {
        let request = Request::builder().method(Method::OPTIONS).uri(&self.uri).body(());
        let request = match request {
            Ok(request) => request,
            Err(error) => return PostOutcome::Unreachable(error.to_string()),
        };
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.outcome(self.agent.run(request))
    }

    fn outcome(&self, answer: Result<Response<Body>, Error>) -> PostOutcome {
        match answer {
            Ok(mut response) => {
                let mut body = Vec::new();
                // The status decides; the message in the body may be cut.
                let _ = response.body_mut().as_reader().take(MOST_BODY).read_to_end(&mut body);
                let retry_after = retry_after(&response);
                PostOutcome::Status { code: response.status().as_u16(), retry_after, body }
            }
            Err(error) => outcome_of(&error, self.own_ca),
        }
    }

    fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }
}

impl PostOutcome {
    /// The reason why there was no response, for the user; none if there was one.
    #[must_use]
    pub fn outage(&self, server: &str, timeout: Duration) -> Option<(OutageKind, String)> {
        Some(match self {
            Self::Status { .. } => return None,
            Self::Unreachable(why) => {
                (OutageKind::Unreachable, format!("cannot connect to {server}: {why}"))
            }
            Self::Untrusted(why) => {
                (OutageKind::Untrusted, format!("cannot trust {server}: {why}"))
            }
            Self::ConnectionClosed(why) => {
                let hint = "is it another service, or a TLS port?";
                let text =
                    format!("{server} ends the connection without an answer ({why}): {hint}");
                (OutageKind::ConnectionClosed, text)
            }
            Self::TimedOut => {
                let text = format!("no answer from {server} for {} s", timeout.as_secs());
                (OutageKind::TimedOut, text)
            }
            Self::InvalidResponse(why) => {
                (OutageKind::InvalidResponse, format!("{server} does not speak HTTP: {why}"))
            }
        })
    }
}

/// A status and the message of a server, in a printable line without secrets.
#[must_use]
pub fn describe(code: u16, message: &str, secrets: &[Secret]) -> String {
    let mut text = message.to_owned();
    for secret in secrets {
        if !secret.reveal().is_empty() {
            text = text.replace(secret.reveal(), "…");
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().take(LONGEST_TEXT).collect();
    let ellipsis = if short.len() < text.len() { " …" } else { "" };
    match short.is_empty() {
        true => code.to_string(),
        false => format!("{code} ({}{ellipsis})", printable(&short)),
    }
}

/// The most characters of a server's message.
const LONGEST_TEXT: usize = 200;

/// ureq's own resolver, and beyond it the names of the home.
#[derive(Debug, Default)]
struct HomeResolver(DefaultResolver);

impl Resolver for HomeResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let end = Instant::now().checked_add(*timeout.after);
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16());
        match self.0.resolve(uri, config, timeout) {
            Err(Error::HostNotFound | Error::Io(_)) if lookup::is_local(host) => {
                let port = port.unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
                let left = |end: Instant| end.saturating_duration_since(Instant::now());
                let left = end.map_or(lookup::LONGEST_WAIT, left);
                let mut addresses = self.empty();
                lookup::local_addresses(host, port, left)?
                    .into_iter()
                    .take(MOST_ADDRESSES)
                    .for_each(|address| addresses.push(address));
                Ok(addresses)
            }
            // The system's text has no kind that a message could name.
            Err(Error::Io(_)) => Err(Error::HostNotFound),
            resolved => resolved,
        }
    }
}

/// The room that ureq has for addresses.
const MOST_ADDRESSES: usize = 16;

fn tls_config(trust: Trust<'_>) -> Result<TlsConfig, SettingError> {
    let roots = match trust {
        Trust::Authorities(ca) => tls::roots(ca)?,
        Trust::Plain | Trust::AnyCertificate => Vec::new(),
    };
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .disable_verification(matches!(trust, Trust::AnyCertificate))
        .unversioned_rustls_crypto_provider(tls::provider())
        .build())
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// Seconds or a date.
fn retry_after<T>(response: &Response<T>) -> Option<Duration> {
    let text = response.headers().get("Retry-After")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(date.duration_since(Timestamp::now())).ok()
}

fn outcome_of(error: &Error, own_ca: bool) -> PostOutcome {
    match error {
        Error::Timeout(_) => PostOutcome::TimedOut,
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => PostOutcome::TimedOut,
        Error::Io(error) => match tls::cause(error) {
            Some(cause) => PostOutcome::Untrusted(tls::explain(cause, own_ca)),
            None if error.kind() == io::ErrorKind::Other => {
                PostOutcome::Unreachable(printable(&file_error::plain(error)).into_owned())
            }
            None if CLOSED_KINDS.contains(&error.kind()) => {
                PostOutcome::ConnectionClosed(error.kind().to_string())
            }
            None => PostOutcome::Unreachable(error.kind().to_string()),
        },
        Error::Rustls(error) => PostOutcome::Untrusted(tls::explain(error, own_ca)),
        Error::HostNotFound => PostOutcome::Unreachable("no server has that name".to_owned()),
        Error::Protocol(_) | Error::Http(_) | Error::LargeResponseHeader(..) => {
            PostOutcome::InvalidResponse(printable(&error.to_string()).into_owned())
        }
        _ => PostOutcome::Unreachable(printable(&error.to_string()).into_owned()),
    }
}

/// The query string of an address.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(octet).to_string()
        }
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_text() {
        assert_eq!(
            query(&[("org", "my home"), ("b", "a&b=ä%")]),
            "org=my%20home&b=a%26b%3D%C3%A4%25"
        );
    }

    #[test]
    fn a_server_may_say_when_in_seconds_or_by_date() {
        let after = |text: &str| {
            retry_after(&Response::builder().header("Retry-After", text).body(()).unwrap())
        };
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), None, "that is over");
        let date = Timestamp::now() + Duration::from_secs(100);
        let date = date.to_zoned(jiff::tz::TimeZone::UTC);
        let text = jiff::fmt::rfc2822::to_string(&date).unwrap();
        let wait = after(&text.replace("+0000", "GMT")).unwrap();
        assert!((80..=100).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn a_token_that_no_header_holds_is_refused_without_showing_it() {
        let secret = Secret::new("canary\nx".to_owned());
        let server = PostTarget::new("http://h/", Trust::Plain, Some(secret), IDLE);
        assert!(!server.unwrap_err().to_string().contains("canary"));
        assert!(PostTarget::new("http://a b/", Trust::Plain, None, IDLE).is_err());
    }
}
