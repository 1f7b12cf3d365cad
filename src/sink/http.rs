//! HTTP POST to a server.
//!
//! Proxies of the environment are ignored, since the servers are those of the home. Redirects are
//! not followed, so the token reaches no other server. The size of a response and the time for it
//! are limited.

use core::time::Duration;
use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    time::Instant,
};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use ureq::{
    Agent, Error,
    http::{HeaderValue, Response, Uri},
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use crate::{
    format::printable::printable,
    hosts::lookup,
    sink::{
        settings::{Secret, error::SettingError},
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
        Ok(Self { agent, uri, authorization, timeout, own_ca })
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
        let body = match gzip(text) {
            Ok(body) => body,
            Err(error) => return PostOutcome::Unreachable(error.to_string()),
        };
        let mut request = self
            .agent
            .post(&self.uri)
            .config()
            .timeout_global(Some(timeout))
            .build()
            .content_type("text/plain; charset=utf-8")
            .header("Content-Encoding", "gzip");
        if let Some(secret) = &self.authorization
            && let Ok(mut value) = HeaderValue::from_str(secret.reveal())
        {
            value.set_sensitive(true);
            request = request.header("Authorization", value);
        }
        match request.send(&body) {
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
}

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
                PostOutcome::Unreachable(printable(&error.to_string()).into_owned())
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
