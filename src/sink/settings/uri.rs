//! A sink as one text.
//!
//! ```text
//! mqtt://USER:PASSWORD@HOST:PORT/PATH?KEY=VALUE&KEY=VALUE
//! file:PATH?KEY=VALUE
//! ```
//!
//! Options follow a question mark. No message repeats the text in front of an `@`, whatever else is
//! wrong. Where a `/` or a `?` may belong to a password, the parser refuses the text and says how
//! to write it.

use crate::sink::{
    kind::SinkKind,
    settings::{
        SinkSettings, SinkTarget, error::SettingError, home, origin::SettingOrigin, redact,
    },
};

/// Reads the text of a sink of one of these kinds. A scheme that none of them has is no mistake
/// yet.
///
/// # Errors
/// The text is not that of a sink.
pub fn parse(text: &str, kinds: &'static [SinkKind]) -> Result<SinkSettings, SettingError> {
    let (scheme, rest) = split_scheme(text)?;
    let lower = scheme.to_ascii_lowercase();
    let kind = kinds.iter().find(|kind| kind.has_scheme(&lower));
    let is_file = kind.is_some_and(|kind| kind.is_file(&lower));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let file = |name: String, path: &str| -> Result<SinkSettings, SettingError> {
        Ok(SinkSettings::new(name, lower.clone(), SinkTarget::File(decoded(path)?.into())))
    };
    let named = |place: &str| shown(&format!("{scheme}:{place}"));
    let settings = match place.strip_prefix("//") {
        // A file URI has two slashes in front of the path.
        Some(path) if path.starts_with('/') && is_file => file(named(path), path)?,
        Some(place) => {
            let hides_path = kind.is_some_and(|kind| kind.hides_path(&lower));
            parse_server(scheme, place, query, hides_path)?
        }
        None if is_file => {
            let place = home::expanded_in_uri(place);
            file(named(&place), &place)?
        }
        None => file(masked(text), place)?,
    };
    let mut settings = settings.with_keys(kind.map_or(&[], |kind| kind.keys));
    set_options(&mut settings, query)?;
    Ok(settings)
}

/// Sets the options behind a question mark.
///
/// # Errors
/// A key stands twice, or an escape is invalid.
pub fn set_options(settings: &mut SinkSettings, query: &str) -> Result<(), SettingError> {
    pairs(query).try_for_each(|(key, value)| {
        settings.set(&decoded(key)?, decoded(value)?, SettingOrigin::Text)
    })
}

fn split_scheme(text: &str) -> Result<(&str, &str), SettingError> {
    let is_scheme = |scheme: &str| {
        let is_known = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'+';
        !scheme.is_empty() && scheme.bytes().all(is_known)
    };
    text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).ok_or_else(|| {
        let text = masked(text);
        SettingError::new(format!("{text}: a sink is written as mqtt://HOST or file:PATH"))
    })
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "true")))
}

/// Reads the part behind `scheme://`. The name of the sink leaves out a path that is a secret.
fn parse_server(
    scheme: &str,
    place: &str,
    query: &str,
    hides_path: bool,
) -> Result<SinkSettings, SettingError> {
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (login, address) = match authority.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, authority),
    };
    if path.contains('@') || pairs(query).any(|(key, _)| key.contains('@')) {
        return Err(misplaced_at());
    }
    let lower = scheme.to_ascii_lowercase();
    let target = server(&lower, address, path, login.is_some())?;
    let name = match hides_path && !path.is_empty() {
        true => &format!("{address}/{}", redact::HIDDEN),
        false => place.rsplit('@').next().unwrap_or_default(),
    };
    let name = shown(&format!("{scheme}://{name}"));
    let mut settings = SinkSettings::new(name, lower, target);
    login.map_or(Ok(()), |login| log_in(&mut settings, login))?;
    Ok(settings)
}

fn server(
    scheme: &str,
    address: &str,
    path: &str,
    has_login: bool,
) -> Result<SinkTarget, SettingError> {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match address.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let port = port.map(|port| {
        port.parse().map_err(|_| match has_login {
            true => SettingError::new(format!("{} is no port", redact::typed(port))),
            // The text may be a password whose server is missing.
            false => SettingError::new("the : of the address is not followed by a port"),
        })
    });
    let (port, host) = (port.transpose()?, decoded(host)?);
    match host.as_str() {
        "" => Err(SettingError::new(format!("{scheme}://: the name of the server is missing"))),
        _ if host.contains(':') && !address.starts_with('[') => {
            Err(SettingError::new("an address of IPv6 stands in brackets, as in [::1]"))
        }
        _ => Ok(SinkTarget::Server { host, port, path: decoded(path)? }),
    }
}

fn log_in(settings: &mut SinkSettings, login: &str) -> Result<(), SettingError> {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    settings.set("user", decoded(user)?, SettingOrigin::Text)?;
    match password {
        Some(password) => settings.set("password", decoded(password)?, SettingOrigin::Text),
        None => Ok(()),
    }
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
pub fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// True if a port follows the host. The colons of an IPv6 address stand in brackets.
pub fn has_port(address: &str) -> bool {
    address.rsplit(']').next().is_some_and(|behind| behind.contains(':'))
}

/// A text that is no sink, without any part that may be a password.
fn masked(text: &str) -> String {
    let behind = text.rsplit('@').next().unwrap_or_default();
    shown(behind.split('?').next().unwrap_or_default())
}

/// A text without secrets in it.
fn shown(text: &str) -> String {
    redact::typed(text)
}

/// Percent-decoded.
///
/// # Errors
/// An escape that is none.
pub fn decoded(text: &str) -> Result<String, SettingError> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digits = [*high, *low];
                octets.extend(hex::decode(digits).map_err(|_| escape())?);
                behind
            }
            (b'%', _) => return Err(escape()),
            (octet, behind) => {
                octets.push(*octet);
                behind
            }
        };
    }
    String::from_utf8(octets).map_err(|_| escape())
}

/// The message does not show the text, which may be a password.
fn escape() -> SettingError {
    SettingError::new("a % that is no escape: write %25")
}

/// The message does not show the text, which may be a password.
fn misplaced_at() -> SettingError {
    let advice = "in a password, write %2f for / and %3f for ?; elsewhere, write %40 for @";
    SettingError::new(format!("an @ behind a / or a ?: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> SinkSettings {
        text.parse().unwrap()
    }

    fn why(text: &str) -> String {
        text.parse::<SinkSettings>().unwrap_err().to_string()
    }

    fn server(host: &str, port: Option<u16>, path: &str) -> SinkTarget {
        SinkTarget::Server { host: host.to_owned(), port, path: path.to_owned() }
    }

    #[test]
    fn a_sink_is_an_address_or_a_file_and_its_settings() {
        let mut it = settings("MQTT://anna:p%40ss@broker.home:1884/house/meter?retain&qos=1");
        assert_eq!((&*it.scheme, &*it.name), ("mqtt", "MQTT://broker.home:1884/house/meter"));
        assert_eq!(it.target, server("broker.home", Some(1884), "house/meter"));
        assert_eq!(it.take("user").as_deref(), Some("anna"));
        assert_eq!(it.take("password").as_deref(), Some("p@ss"));
        assert_eq!(it.take("retain").as_deref(), Some("true"));
        assert_eq!(it.take("qos").as_deref(), Some("1"));
        it.finish().unwrap();
        assert_eq!(settings("mqtt://[::1]:1884").target, server("::1", Some(1884), ""));
        assert_eq!(settings("mqtt://[fe80::1]/a").target, server("fe80::1", None, "a"));
        assert_eq!(settings("mqtt://h/a%40b").target, server("h", None, "a@b"));
        assert_eq!(settings("file:/var/a%20b.csv").target, SinkTarget::File("/var/a b.csv".into()));
        assert_eq!(settings("solarview:x?every=5m").take("every").as_deref(), Some("5m"));
        assert_eq!(settings("mqtt://h?client_id=a@b").take("client_id").as_deref(), Some("a@b"));
    }

    #[test]
    fn what_cannot_be_meant_is_reported() {
        assert_eq!(why("broker"), "broker: a sink is written as mqtt://HOST or file:PATH");
        assert_eq!(why("mqtt://"), "mqtt://: the name of the server is missing");
        assert_eq!(why("mqtt://h:x1"), "the : of the address is not followed by a port");
        assert_eq!(why("mqtt://u@h:x1"), "x1 is no port");
        assert_eq!(why("mqtt://::1"), "an address of IPv6 stands in brackets, as in [::1]");
        assert_eq!(why("mqtt://h?a=1&a=2"), "a stands twice");
        assert_eq!(why("mqtt://h?a=%4"), "a % that is no escape: write %25");
    }

    #[test]
    fn no_form_of_a_text_shows_its_password() {
        for (text, name) in [
            ("mqtt://anna:CAN%2fARY@h:1/x?retain", "mqtt://h:1/x"),
            ("mqtt://anna:CAN@ARY@h", "mqtt://h"),
            ("mqtt:anna:CANARY@h/x", "h/x"),
            ("mqtt:/anna:CAN?ARY@h", "h"),
            ("anna:CANARY@h?x=y", "h"),
            ("mqtt://h/x&password=CANARY", "mqtt://h/x&password=…"),
            ("mqtt:h?password:CANARY", "mqtt:h"),
            ("file:/tmp/x&token:CANARY", "file:/tmp/x&token:…"),
            ("webhook+http://h:1/api/CANARY?every=5m", "webhook+http://h:1/…"),
            ("webhook+https://u:CANARY@h", "webhook+https://h"),
            ("file:/var/log/a@b:c.csv?keep=1", "file:/var/log/a@b:c.csv"),
        ] {
            assert_eq!(settings(text).name, name, "{text}");
        }
        let torn = why("mqtt://h/a@b");
        assert!(torn.contains("write %2f for / and %3f for ?"), "{torn}");
        for text in ["anna:CAN/ARY@h", "anna:CAN?ARY@h", "anna:1/CANARY@h", "anna:1?CANARY@h"] {
            assert_eq!(why(&format!("mqtt://{text}")), torn, "{text}");
        }
        for text in ["mqtt://anna:CANARY", "mqtt://anna:CAN?A=RY@h", "mqtt://a:CANARY:1"] {
            assert!(!why(text).contains("CAN"), "{}", why(text));
        }
        assert!(why("/anna:CANARY@h").starts_with("h: a sink is written as"));
        assert!(why("m-q:/anna:CAN?ARY@h").starts_with("h: a sink is written as"));
    }
}
