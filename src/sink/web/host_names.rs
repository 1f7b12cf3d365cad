//! The names under which clients may ask for the page.
//!
//! A web page can lead a name of its own to this machine ("DNS rebinding"), and its script may then
//! read whatever answers under that name. The request still carries the foreign name.

use std::net::IpAddr;

/// The names of the exporter, besides the addresses of this machine.
#[derive(Clone, Debug)]
pub struct HostNames {
    names: Vec<String>,
    /// The exporter listens on all addresses, so each of them is its own.
    is_everywhere: bool,
}

impl HostNames {
    /// The names of an exporter that listens on `host`, and more, in a list with commas.
    pub fn new(host: &str, more: &str) -> Self {
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let first = machine.split('.').next().unwrap_or_default();
        let own = [host, &machine, first, &format!("{first}.local"), "localhost"];
        let all = own.into_iter().chain(more.split(','));
        let names = all.map(|name| bare(name.trim())).filter(|name| !name.is_empty()).collect();
        let is_everywhere = host.parse().is_ok_and(|address: IpAddr| address.is_unspecified());
        Self { names, is_everywhere }
    }

    /// True if the `Host` of a request is one of these names; its port does not matter.
    pub fn has(&self, host: &str) -> bool {
        let name = bare(without_port(host.trim()));
        match name.parse::<IpAddr>() {
            // No script gets at another address through a name.
            Ok(address) if self.is_everywhere || address.is_loopback() => true,
            _ => self.names.contains(&name),
        }
    }
}

/// The name or the address without the port behind it.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => {
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

/// In small letters, without brackets and without the point at the end.
fn bare(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    inner.unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_names_are_known_with_any_port_and_no_others() {
        let names = HostNames::new("192.168.1.5", "meter.home, Zaehler.example");
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        for name in [
            "192.168.1.5",
            "192.168.1.5:9888",
            "localhost:9888",
            "LOCALHOST.",
            "127.0.0.1",
            "127.8.8.8:1",
            "[::1]:9888",
            "::1",
            "meter.home:80",
            "zaehler.example",
            &machine,
            &format!("{machine}:9888"),
        ] {
            assert!(names.has(name), "{name}");
        }
        for name in
            ["", "evil.example", "evil.example:9888", "192.168.1.6", "localhost.evil", "[", ":"]
        {
            assert!(!names.has(name), "{name}");
        }
        let names = HostNames::new("::", "");
        assert!(names.has("192.168.1.6:9888") && names.has("[fd00::7]:1"));
        assert!(!names.has("evil.example"));
    }
}
