//! One question to the machines of the home, by multicast DNS.
//!
//! The question is a one-shot query of RFC 6762, 5.1: it leaves from a port of its own, so the machine that
//! has the name answers to this port alone, as a name server would. Nothing listens longer than that, and
//! nothing is announced.

use core::time::Duration;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::AsFd,
    time::Instant,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE, rdata::RData};

/// The groups that every responder of a network listens to.
pub(super) const GROUPS: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb)), 5353),
];

/// The longest packet (RFC 6762, 17).
const LONGEST_PACKET: usize = 9000;

/// The most addresses of a machine.
const MOST: usize = 16;

/// The number of the question, which the answer repeats.
const ID: u16 = 0x6d70;

/// Asks the groups for the addresses of a machine, twice if need be. IPv4 comes first; there is nothing if
/// no machine has answered when the time is over.
pub(super) fn ask(host: &str, groups: &[SocketAddr], timeout: Duration) -> Vec<SocketAddr> {
    let Some(question) = question(host) else {
        return Vec::new();
    };
    // A machine without IPv6 has no socket for it, and one without a network no way to a group.
    let sockets: Vec<_> = groups.iter().filter_map(|group| socket(*group)).collect();
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let sent = sockets.iter().filter(|(socket, to)| socket.send_to(&question, to).is_ok());
        if sent.count() == 0 {
            break;
        }
        listen(host, &sockets, Instant::now() + timeout / TRIES, &mut found);
        if !found.is_empty() {
            break;
        }
    }
    found.sort_by_key(SocketAddr::is_ipv6);
    found
}

const TRIES: u32 = 2;

fn socket(group: SocketAddr) -> Option<(UdpSocket, SocketAddr)> {
    let any: IpAddr = match group {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.set_nonblocking(true).ok()?;
    Some((socket, group))
}

/// Collects answers until one has an address of IPv4, which every sink and source takes.
fn listen(
    host: &str,
    sockets: &[(UdpSocket, SocketAddr)],
    until: Instant,
    found: &mut Vec<SocketAddr>,
) {
    let mut octets = vec![0; LONGEST_PACKET];
    while !found.iter().any(SocketAddr::is_ipv4) {
        let left = until.saturating_duration_since(Instant::now());
        let mut all: Vec<_> = sockets
            .iter()
            .map(|(socket, _)| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN))
            .collect();
        let ready = poll(&mut all, Timespec::try_from(left).ok().as_ref());
        if left.is_zero() || !ready.is_ok_and(|ready| ready > 0) {
            return;
        }
        for (socket, group) in sockets {
            // An answer from another port is to be ignored (RFC 6762, 6).
            if let Ok((length, from)) = socket.recv_from(&mut octets)
                && from.port() == group.port()
            {
                found.extend(answer(octets.get(..length).unwrap_or_default(), host, from));
                found.truncate(MOST);
            }
        }
    }
}

/// The packet of the question; none for a text that is no name.
fn question(host: &str) -> Option<Vec<u8>> {
    let name = Name::new(host).ok()?;
    let mut packet = Packet::new_query(ID);
    for kind in [TYPE::A, TYPE::AAAA] {
        packet.questions.push(Question::new(name.clone(), kind.into(), CLASS::IN.into(), false));
    }
    packet.build_bytes_vec().ok()
}

/// The addresses of the machine in a packet.
fn answer(packet: &[u8], host: &str, from: SocketAddr) -> Vec<SocketAddr> {
    let (Ok(packet), Ok(name)) = (Packet::parse(packet), Name::new(host)) else {
        return Vec::new();
    };
    let is_answer = packet.id() == ID
        && packet.has_flags(PacketFlag::RESPONSE)
        && packet.rcode() == RCODE::NoError;
    let answers = packet
        .answers
        .iter()
        .filter(|record| is_answer && record.class == CLASS::IN && is_same(&record.name, &name));
    answers.filter_map(|record| address(&record.rdata, from)).collect()
}

/// True for names that differ in the case of their letters at most.
fn is_same(one: &Name<'_>, other: &Name<'_>) -> bool {
    one.to_string().eq_ignore_ascii_case(&other.to_string())
}

fn address(data: &RData<'_>, from: SocketAddr) -> Option<SocketAddr> {
    match data {
        RData::A(record) => Some((Ipv4Addr::from(record.address), 0).into()),
        RData::AAAA(record) => {
            let address = Ipv6Addr::from(record.address);
            match (address.is_unicast_link_local(), from) {
                (false, _) => Some((address, 0).into()),
                // Such an address belongs to an interface, which is that of the answer.
                (true, SocketAddr::V6(mut from)) => {
                    from.set_ip(address);
                    Some(from.into())
                }
                (true, SocketAddr::V4(_)) => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The name as a packet has it.
    const NAME: &[u8] = b"\x04home\x05local\0";

    const FROM: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 5353);

    /// An answer with these flags and the records A and AAAA, of which the second points to the name of the
    /// first. The question stands before them, as RFC 6762, 6.7 demands.
    fn packet(flags: u16, name: &[u8], last: [u8; 16]) -> Vec<u8> {
        let mut packet = ID.to_be_bytes().to_vec();
        packet.extend(flags.to_be_bytes());
        packet.extend([0, 1, 0, 2, 0, 0, 0, 0]);
        packet.extend([name, &[0, 1, 0, 1]].concat());
        packet.extend([name, &[0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 10, 0, 0, 7]].concat());
        packet.extend([0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 10, 0, 16]);
        packet.extend(last);
        packet
    }

    const RESPONSE: u16 = 0x8400;

    const V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    const LINK_LOCAL: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

    fn texts(packet: &[u8], from: SocketAddr) -> Vec<String> {
        answer(packet, "home.local", from).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_question_is_that_of_the_standard() {
        let expected = [
            &[0x6d, 0x70, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
            NAME,
            &[0, 1, 0, 1],
            NAME,
            &[0, 28, 0, 1],
        ];
        assert_eq!(question("home.local").unwrap(), expected.concat());
        assert_eq!(question("home.local."), question("home.local"));
        assert_eq!(question(&format!("{}.local", "a".repeat(64))), None);
    }

    #[test]
    fn an_answer_has_addresses_of_both_kinds() {
        let good = packet(RESPONSE, NAME, V6);
        assert_eq!(texts(&good, FROM), ["10.0.0.7:0", "[2001:db8::7]:0"]);
        let upper = packet(RESPONSE, b"\x04HOME\x05local\0", V6);
        assert_eq!(texts(&upper, FROM).len(), 2, "case does not matter");
        let local = packet(RESPONSE, NAME, LINK_LOCAL);
        assert_eq!(texts(&local, FROM), ["10.0.0.7:0"], "of which interface?");
        let from = "[fe80::2%3]:5353".parse().unwrap();
        assert_eq!(texts(&local, from), ["10.0.0.7:0", "[fe80::7%3]:5353"]);
    }

    #[test]
    fn other_packets_are_no_answer() {
        let good = packet(RESPONSE, NAME, V6);
        assert!(texts(&packet(0, NAME, V6), FROM).is_empty(), "a question");
        assert!(texts(&packet(0x8403, NAME, V6), FROM).is_empty(), "an error");
        assert!(texts(&packet(RESPONSE, b"\x04homf\x05local\0", V6), FROM).is_empty());
        assert!(texts(&[&[0, 0], &good[2..]].concat(), FROM).is_empty(), "of another question");
        // A name that points to itself, and one that points beyond the end.
        for pointer in [12, 0xff] {
            assert!(texts(&packet(RESPONSE, &[0xc0, pointer], V6), FROM).is_empty());
        }
    }

    #[test]
    fn damaged_packets_end_nothing() {
        let good = packet(RESPONSE, NAME, V6);
        for length in 0..good.len() {
            assert!(texts(&good[..length], FROM).is_empty(), "{length} octets");
        }
        for at in 0..good.len() {
            for value in 0..=255 {
                let mut packet = good.clone();
                packet[at] = value;
                assert!(texts(&packet, FROM).len() <= 2);
            }
        }
    }

    /// A machine on loopback that answers the second question, as one that missed the first.
    fn responder(answer: Vec<u8>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut octets = [0; 512];
            for is_second in [false, true] {
                let (length, from) = socket.recv_from(&mut octets).unwrap();
                assert_eq!(Some(&octets[..length]), question("home.local").as_deref());
                if is_second {
                    socket.send_to(b"no packet", from).unwrap();
                    socket.send_to(&answer, from).unwrap();
                }
            }
        });
        address
    }

    #[test]
    fn a_machine_that_answers_the_second_time_is_found() {
        let group = responder(packet(RESPONSE, NAME, V6));
        let found = ask("home.local", &[group], Duration::from_secs(4));
        assert_eq!(found.first().map(ToString::to_string).as_deref(), Some("10.0.0.7:0"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn silence_ends_with_the_time() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let start = Instant::now();
        let found = ask("home.local", &[silent.local_addr().unwrap()], Duration::from_millis(200));
        assert!(found.is_empty() && start.elapsed() < Duration::from_secs(10));
        assert!(ask("home.local", &[], Duration::from_secs(60)).is_empty());
    }
}
