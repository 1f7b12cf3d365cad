//! The TCP source against real servers on loopback.
//!
//! Short limits keep the tests short; no result depends on them.

use std::{
    io::{ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use crate::common::events::{next, try_next};
use meterpipe::backoff::Backoff;
use meterpipe::source::{
    Burst, OpenError, Source, SourceEvent,
    tcp::{TcpSettings, open},
};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with};

const LONG: Duration = Duration::from_secs(600);

fn server() -> (TcpListener, TcpSettings) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let settings = settings(listener.local_addr().unwrap());
    (listener, settings)
}

fn settings(address: SocketAddr) -> TcpSettings {
    let backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(20), 1);
    TcpSettings { backoff, idle: LONG, ..TcpSettings::new(address.to_string()) }
}

/// The other end of the next connection, which the source makes while it is read.
fn accept(listener: &TcpListener, source: &mut dyn Source) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        match listener.accept() {
            Ok((stream, _)) => return stream,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        assert_eq!(source.read(&mut Burst::default()), Ok(SourceEvent::Quiet));
    }
    panic!("no connection")
}

fn collect(source: &mut dyn Source, length: usize) -> Vec<u8> {
    let mut burst = Burst::default();
    let mut octets = vec![];
    while octets.len() < length {
        assert_eq!(next(source, &mut burst), SourceEvent::Octets);
        assert!(burst.time.known().is_some());
        octets.extend_from_slice(&burst.octets);
    }
    octets
}

#[test]
fn every_octet_passes_unchanged() {
    let (listener, settings) = server();
    let address = settings.address.clone();
    let mut source = open(settings, false);
    assert_eq!(source.name(), address);
    let mut peer = accept(&listener, source.as_mut());
    let sent: Vec<u8> = (0..=255).flat_map(|octet: u8| [octet, 0xff, 0xff, 0x00]).collect();
    peer.write_all(&sent).unwrap();
    assert_eq!(collect(source.as_mut(), sent.len()), sent);
}

#[test]
fn a_peer_that_closes_is_lost_and_back_with_its_octets() {
    let (listener, settings) = server();
    let mut source = open(settings, true);
    let burst = &mut Burst::default();
    let mut peer = accept(&listener, source.as_mut());
    for round in 0..5 {
        peer.write_all(b"before").unwrap();
        assert_eq!(collect(source.as_mut(), 6), b"before");
        drop(peer);
        assert!(matches!(next(source.as_mut(), burst), SourceEvent::Lost(_)), "round {round}");
        peer = accept(&listener, source.as_mut());
        peer.write_all(b"after").unwrap();
        assert!(matches!(next(source.as_mut(), burst), SourceEvent::Back(_)), "round {round}");
        assert_eq!(collect(source.as_mut(), 5), b"after");
    }
}

#[test]
fn a_server_without_its_device_is_lost_only_once() {
    let (listener, settings) = server();
    let mut source = open(settings, true);
    let burst = &mut Burst::default();
    drop(accept(&listener, source.as_mut()));
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Lost(_)));
    for _ in 0..5 {
        // Only quiet reads until the next connection: `accept` insists on that.
        drop(accept(&listener, source.as_mut()));
    }
    let mut peer = accept(&listener, source.as_mut());
    peer.write_all(b"x").unwrap();
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Back(_)));
    assert_eq!(collect(source.as_mut(), 1), b"x");
}

#[test]
fn a_silent_peer_is_given_up_for_a_new_connection() {
    let (listener, settings) = server();
    let idle = Duration::from_millis(300);
    let mut source = open(TcpSettings { idle, ..settings }, true);
    let burst = &mut Burst::default();
    let _silent = accept(&listener, source.as_mut());
    assert_eq!(next(source.as_mut(), burst), SourceEvent::Lost("no octet for 300ms".into()));
    let mut peer = accept(&listener, source.as_mut());
    peer.write_all(b"x").unwrap();
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Back(_)));
    assert_eq!(collect(source.as_mut(), 1), b"x");
}

#[test]
fn a_one_shot_run_fails_at_once_without_its_server() {
    let (_closed, address) = closed_server();
    let error =
        try_next(open(settings(address), false).as_mut(), &mut Burst::default()).unwrap_err();
    assert!(error.to_string().ends_with(": nothing listens there"), "{error}");
}

#[test]
fn a_one_shot_run_fails_when_its_server_goes() {
    let (listener, settings) = server();
    let mut source = open(settings, false);
    drop(accept(&listener, source.as_mut()));
    let error = try_next(source.as_mut(), &mut Burst::default()).unwrap_err();
    assert!(matches!(error, OpenError::Lost { .. }), "{error:?}");
}

#[test]
fn a_lasting_run_says_once_that_it_waits_and_then_works() {
    let (closed, address) = closed_server();
    let mut source = open(settings(address), true);
    let burst = &mut Burst::default();
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Waiting(_)));
    for _ in 0..40 {
        assert_eq!(source.read(burst), Ok(SourceEvent::Quiet));
    }
    listen(&closed, 8).unwrap();
    let listener = TcpListener::from(closed);
    let mut peer = accept(&listener, source.as_mut());
    peer.write_all(b"x").unwrap();
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Back(_)));
    assert_eq!(collect(source.as_mut(), 1), b"x");
}

/// With a limit of ten minutes, a read that waited for the connection would not come back.
#[test]
fn reads_return_while_a_connection_hangs() {
    let (_full, _waiting, address) = full_server();
    let mut source = open(TcpSettings { connect: LONG, ..settings(address) }, true);
    let start = Instant::now();
    for _ in 0..4 {
        assert_eq!(source.read(&mut Burst::default()), Ok(SourceEvent::Quiet));
    }
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// A server that refuses connections until it listens. Its port cannot become anybody else's.
fn closed_server() -> (OwnedFd, SocketAddr) {
    let server = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        // A process that another test starts must not keep the port.
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&server, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = SocketAddr::try_from(getsockname(&server).unwrap()).unwrap();
    (server, address)
}

/// A server that answers to no further connection: its queue is full.
fn full_server() -> (OwnedFd, Vec<TcpStream>, SocketAddr) {
    let (server, address) = closed_server();
    listen(&server, 0).unwrap();
    let mut waiting = vec![];
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue takes them all");
    }
    (server, waiting, address)
}
