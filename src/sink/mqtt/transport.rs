//! The octets of a connection, plain or through TLS. Nothing here blocks.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::fd::{AsFd, BorrowedFd},
};

use rustls::ClientConnection;

use crate::sink::mqtt::{disconnect::Disconnect, tls::Tls};

/// A connection.
#[derive(Debug)]
pub struct Transport {
    stream: TcpStream,
    tls: Option<(Tls, Box<ClientConnection>)>,
    address: String,
    /// Octets that the socket has not taken yet.
    out: Vec<u8>,
}

impl Transport {
    /// A transport over a non-blocking socket.
    ///
    /// # Errors
    /// TLS cannot begin.
    pub fn new(stream: TcpStream, tls: Option<&Tls>, address: &str) -> Result<Self, Disconnect> {
        let connect = |tls: &Tls| match tls.connect() {
            Ok(connection) => Ok((tls.clone(), Box::new(connection))),
            Err(error) => Err(tls.disconnect(&error, address)),
        };
        let tls = tls.map(connect).transpose()?;
        Ok(Self { stream, tls, address: address.to_owned(), out: Vec::new() })
    }

    /// Queues octets to send.
    pub fn send(&mut self, octets: &[u8]) {
        match &mut self.tls {
            None => self.out.extend_from_slice(octets),
            // This writes to unlimited memory and cannot fail.
            Some((_, tls)) => drop(tls.writer().write_all(octets)),
        }
    }

    /// The number of octets that wait for the socket.
    pub const fn pending(&self) -> usize {
        self.out.len()
    }

    /// Queues the end of TLS, after all other octets.
    pub fn finish(&mut self) {
        if let Some((_, tls)) = &mut self.tls {
            tls.send_close_notify();
        }
    }

    /// Closes the sending direction, so that the broker sees the end.
    pub fn shutdown_write(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sends as much as the socket takes.
    ///
    /// # Errors
    /// The connection is at its end.
    pub fn flush(&mut self) -> Result<(), Disconnect> {
        if let Some((_, tls)) = &mut self.tls {
            while tls.wants_write() {
                // This writes to memory and cannot fail.
                let _ = tls.write_tls(&mut self.out);
            }
        }
        let mut gone = 0;
        let ended = loop {
            let Some(rest @ [_, ..]) = self.out.get(gone..) else {
                break false;
            };
            match self.stream.write(rest) {
                Ok(0) => break true,
                Ok(count) => gone += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        self.out.drain(..gone);
        // The broker's last packets matter more than the fact that it is gone: the next read finds
        // both.
        if ended {
            self.out.clear();
        }
        Ok(())
    }

    /// The octets that have arrived, possibly none.
    ///
    /// # Errors
    /// The connection is at its end, and all octets before it have been returned.
    pub fn receive(&mut self) -> Result<Vec<u8>, Disconnect> {
        let mut buffer = [0; READ_BUFFER];
        let count = loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Vec::new()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(_) => break 0,
            }
        };
        match buffer.get(..count) {
            None | Some([]) => Err(self.end_reason()),
            Some(octets) => self.open(octets),
        }
    }

    fn open(&mut self, mut octets: &[u8]) -> Result<Vec<u8>, Disconnect> {
        let Some((settings, tls)) = &mut self.tls else {
            return Ok(octets.to_vec());
        };
        let mut plain = Vec::new();
        while !octets.is_empty() {
            // This reads from memory and cannot fail. It takes octets as long as the earlier ones
            // were processed.
            if tls.read_tls(&mut octets).unwrap_or_default() == 0 {
                break;
            }
            if let Err(error) = tls.process_new_packets() {
                let end = settings.disconnect(&error, &self.address);
                // The alert goes to the broker, too.
                let _ = self.flush();
                return Err(end);
            }
            // The reader ends with an error when it has no more octets for now.
            let _ = tls.reader().read_to_end(&mut plain);
        }
        Ok(plain)
    }

    fn end_reason(&self) -> Disconnect {
        match &self.tls {
            Some((_, tls)) if tls.is_handshaking() => Disconnect::TlsBroken(format!(
                "{} closed the connection at the start of TLS: does it speak TLS?",
                self.address
            )),
            _ => Disconnect::Closed,
        }
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

const READ_BUFFER: usize = 16 * 1024;
