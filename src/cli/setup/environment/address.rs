//! Where the environment says that servers are.

use crate::cli::setup::environment::first;
use meterpipe::format::{printable::shown, usage::Usage};

/// The base of all topics.
pub const BASE_TOPIC: &[&str] = &["METERPIPE_MQTT_BASE_TOPIC", "MQTT_BASE_TOPIC"];

/// Where a broker is, and the variable that says so.
pub fn broker(scheme: &str) -> Result<Option<(&'static str, String)>, Usage> {
    let Some((variable, host)) = first(&["METERPIPE_MQTT_HOST", "MQTT_HOST", "MQTT_SERVER"]) else {
        return Ok(None);
    };
    // It may have been meant to be a URI, with a password in it.
    if host.contains(['/', '?', '@']) {
        return Err(Usage(format!("${variable}: the name of a server expected, and no more")));
    }
    let host = match host.matches(':').count() {
        2.. if !host.starts_with('[') => format!("[{host}]"),
        _ => host,
    };
    let port = first(&["METERPIPE_MQTT_PORT", "MQTT_PORT"]);
    let port = port.map(|(name, port)| match port.parse::<u16>() {
        Ok(_) if has_port(&host) => {
            Err(Usage(format!("${variable} and ${name}: the port stands in one of the two")))
        }
        Ok(port) => Ok(format!(":{port}")),
        Err(_) => Err(Usage(format!("${name} = {}: a port expected", shown(&port)))),
    });
    let port = port.transpose()?.unwrap_or_default();
    let base = first(BASE_TOPIC).map(|(_, base)| format!("/{}", escaped(&base)));
    let base = base.unwrap_or_default();
    Ok(Some((variable, format!("{scheme}://{}{port}{base}", escaped(&host)))))
}

/// Where a database is, and the variable that says so. Who writes `http` and no port means that of
/// `http`.
pub fn database() -> Result<Option<(&'static str, String)>, Usage> {
    let Some((variable, url)) = first(&["METERPIPE_INFLUX_URL", "INFLUX_URL"]) else {
        return Ok(None);
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("influxdb", &url));
    let address = match scheme.to_ascii_lowercase().as_str() {
        "http" => format!("influxdb://{}", with_port(rest, 80)),
        "https" => format!("influxdbs://{}", with_port(rest, 443)),
        scheme @ ("influxdb" | "influxdbs") => format!("{scheme}://{rest}"),
        _ => return Err(Usage(format!("${variable}: http://HOST or https://HOST expected"))),
    };
    Ok(Some((variable, address)))
}

/// What stands behind `//`, with that port if there is none.
fn with_port(rest: &str, port: u16) -> String {
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let address = authority.rsplit('@').next().unwrap_or_default();
    match address.is_empty() || has_port(address) {
        true => rest.to_owned(),
        false => format!("{authority}:{port}{path}"),
    }
}

/// Whether a port stands behind a host, whose own colons are in brackets.
fn has_port(address: &str) -> bool {
    address.rsplit(']').next().is_some_and(|behind| behind.contains(':'))
}

/// What would mean something else in a URI.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('?', "%3f").replace('@', "%40")
}
