//! The socket, and what becomes of a datagram.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

/// A socket for one receiver.
#[derive(Debug)]
pub(super) struct DatagramSocket {
    socket: UdpSocket,
    receiver: SocketAddr,
}

/// The fate of the datagrams so far.
#[derive(Debug)]
pub(super) enum SendOutcome {
    /// This one is on its way, and nobody refused those before.
    Sent,
    /// This one is on its way, but the receiver's machine refused an earlier one: no program listens there.
    Refused,
    /// This one cannot be sent.
    Failed(io::Error),
}

impl DatagramSocket {
    /// A socket that is connected, so that the answers of the receiver's machine reach it.
    pub(super) fn open(receiver: SocketAddr) -> io::Result<Self> {
        let socket = match receiver {
            SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
            SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
        };
        socket.set_broadcast(true)?;
        // A full buffer refuses the datagram instead of holding up the thread.
        socket.set_nonblocking(true)?;
        socket.connect(receiver)?;
        Ok(Self { socket, receiver })
    }

    pub(super) const fn receiver(&self) -> SocketAddr {
        self.receiver
    }

    /// Sends a datagram. The answer to an earlier one comes first, and uses up the attempt.
    pub(super) fn send(&self, datagram: &[u8]) -> SendOutcome {
        let earlier = self.socket.take_error().ok().flatten();
        let mut refused = earlier.is_some_and(|error| is_refusal(&error));
        let sent = match self.socket.send(datagram) {
            Err(error) if is_refusal(&error) => {
                refused = true;
                self.socket.send(datagram)
            }
            sent => sent,
        };
        match sent {
            Ok(_) if refused => SendOutcome::Refused,
            Ok(_) => SendOutcome::Sent,
            Err(error) if is_refusal(&error) => SendOutcome::Refused,
            Err(error) => SendOutcome::Failed(error),
        }
    }

    /// True if the receiver's machine has refused a datagram since the last look.
    pub(super) fn is_refused(&self) -> bool {
        self.socket.take_error().ok().flatten().is_some_and(|error| is_refusal(&error))
    }
}

/// True for an answer of the receiver's machine: nothing listens on that port.
fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}
