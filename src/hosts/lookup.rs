//! The look-up of a name: the system first, then the machines of the home.
//!
//! No name server knows `homeassistant.local`: the machine itself answers to it, by multicast DNS. glibc asks
//! it with the help of a daemon, if both are set up for it; the libc of a static binary never does.

use core::time::Duration;
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use crate::hosts::multicast;

/// The longest wait for an answer of the home. The second half of it is a second try.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// All addresses of a server. This blocks: the system may take many seconds for a name.
///
/// # Errors
/// The name has no address.
pub fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map(Vec::from_iter);
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ if is_local(host) => local_addresses(host, port, LONGEST_WAIT),
        Ok(_) => Err(io::Error::other("the name has no address")),
        Err(error) => Err(error),
    }
}

/// The addresses of a machine of the home, which has to answer within `timeout`.
///
/// # Errors
/// None answers.
pub fn local_addresses(host: &str, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
    let mut found = multicast::ask(host, &multicast::GROUPS, timeout.min(LONGEST_WAIT));
    found.iter_mut().for_each(|address| address.set_port(port));
    match found.is_empty() {
        false => Ok(found),
        true => Err(io::Error::other("no machine of this network answers to that name")),
    }
}

/// True for a name of multicast DNS (RFC 6762, 3).
pub fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let suffix = host.len().checked_sub(".local".len()).and_then(|at| host.split_at_checked(at));
    suffix.is_some_and(|(name, suffix)| !name.is_empty() && suffix.eq_ignore_ascii_case(".local"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_home_end_with_local() {
        for host in ["homeassistant.local", "Pi.LOCAL", "pi.local.", "a.b.local"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["local", ".local", "pi.locale", "pilocal", "local.pi", "pi", "", "ä.locäl"] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn the_system_answers_first() {
        let found = addresses("127.0.0.1", 7).unwrap();
        assert_eq!(found, [SocketAddr::from(([127, 0, 0, 1], 7))]);
        assert!(addresses("localhost", 7).is_ok());
    }
}
