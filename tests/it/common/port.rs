//! Ports for servers that start later than their client.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// A port of 127.0.0.1 on which nothing listens yet.
///
/// The kernel hands out ports from 32768 upwards to sockets that bind port 0 or connect, as in all
/// tests. These lie below, and each is given once.
pub fn free_port() -> u16 {
    const FIRST: u16 = 16_384;
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Each process begins somewhere else, since several may run side by side.
    let start = u16::try_from(process::id() % 256).unwrap() * 64;
    loop {
        let at = start.wrapping_add(GIVEN.fetch_add(1, Ordering::SeqCst)) % FIRST;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, FIRST + at)).is_ok() {
            return FIRST + at;
        }
    }
}
