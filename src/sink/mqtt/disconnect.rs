//! The reasons for a lost connection, and their messages.

use core::time::Duration;
use std::io;

use crate::{
    file_error,
    format::printable::printable,
    sink::mqtt::packets::{ConnectOptions, Reason},
};

/// The reason why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// No connection came about; the system's text.
    Unreachable(String),
    /// The broker accepted the connection and did not answer CONNECT.
    NoAnswer(Duration),
    /// The broker refused the client.
    Refused(Reason),
    /// The broker ended the connection with a reason.
    BrokerDisconnect(Reason),
    /// The broker ended the connection without a reason.
    Closed,
    /// The same before it had answered CONNECT.
    Unanswered,
    /// The same again and again.
    ClosedRepeatedly,
    /// The broker stopped answering.
    Silent(Duration),
    /// The server does not speak MQTT.
    NotMqtt,
    /// TLS failed and will fail again; the cause as a whole sentence.
    Tls(String),
    /// TLS failed this time. A connection to a proxy in front of a starting broker ends like this,
    /// too.
    TlsBroken(String),
}

/// The time of the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPace {
    /// After a growing wait of a few seconds at most: no broker has refused the client, so an attempt
    /// costs nobody anything, and the states are old until one succeeds.
    Prompt,
    /// After a growing wait.
    Growing,
    /// After one or two minutes: another client of the same name has to have its turn.
    Staggered,
    /// Once a minute: somebody has to change something first.
    Slow,
}

/// The names of broker and client in messages.
#[derive(Clone, Copy, Debug)]
pub struct BrokerNames<'a> {
    /// `HOST:PORT`.
    pub address: &'a str,
    /// The fields of CONNECT.
    pub connect_options: &'a ConnectOptions,
    /// True for a TLS connection.
    pub tls: bool,
}

impl Disconnect {
    /// The system's reason for a failed connection.
    pub fn unreachable(error: &io::Error) -> Self {
        Self::Unreachable(match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::TimedOut => "no answer within 10 s".to_owned(),
            io::ErrorKind::HostUnreachable => "no route to that host".to_owned(),
            io::ErrorKind::NetworkUnreachable => "the network is unreachable".to_owned(),
            _ => printable(&file_error::plain(error)).into_owned(),
        })
    }

    /// The time of the next attempt.
    pub fn pace(&self) -> RetryPace {
        const SLOW: [Reason; 4] =
            [Reason::LOGIN, Reason::NOT_AUTHORIZED, Reason::CLIENT_ID, Reason::BANNED];
        match self {
            Self::BrokerDisconnect(Reason::TAKEN_OVER) | Self::ClosedRepeatedly => {
                RetryPace::Staggered
            }
            Self::Refused(reason) | Self::BrokerDisconnect(reason) if SLOW.contains(reason) => {
                RetryPace::Slow
            }
            Self::Tls(_) => RetryPace::Slow,
            Self::Refused(_) | Self::BrokerDisconnect(_) => RetryPace::Growing,
            _ => RetryPace::Prompt,
        }
    }

    /// The whole message: the reason and the next attempt.
    pub fn text(&self, names: BrokerNames<'_>) -> String {
        let mut text = self.cause(names);
        text.push_str(match self.pace() {
            RetryPace::Prompt => "; trying again, every 4 s at most",
            RetryPace::Growing => "; trying again, every 60 s at most",
            RetryPace::Staggered => "; trying again after 60 s to 120 s",
            RetryPace::Slow => "; trying again every 60 s",
        });
        text
    }

    /// The reason alone.
    pub fn cause(&self, names: BrokerNames<'_>) -> String {
        let BrokerNames { address, connect_options, tls } = names;
        let id = printable(&connect_options.client_id);
        match self {
            Self::Unreachable(why) => format!("cannot connect to {address}: {why}"),
            Self::NoAnswer(time) => {
                format!("{address} accepts the connection and does not answer within {time:?}")
            }
            Self::Refused(reason) => refusal(*reason, names),
            Self::BrokerDisconnect(Reason::TAKEN_OVER) => format!(
                "another client connected to {address} with the name {id}, and a broker accepts \
                 each name once: does meterpipe run twice? give one of them another name with client_id"
            ),
            Self::BrokerDisconnect(reason) => {
                format!("{address} ended the connection: {}", reason.text())
            }
            Self::Closed => format!("{address} closed the connection"),
            Self::Unanswered => {
                format!("{address} closed the connection without an answer{}", hint(tls))
            }
            Self::ClosedRepeatedly => format!(
                "{address} accepts the connection and closes it again: perhaps another client has \
                 the same name, {id} (give this one another with client_id), or the broker forbids \
                 a message"
            ),
            Self::Silent(time) => format!("{address} has not answered for {time:?}"),
            Self::NotMqtt => format!("the server at {address} does not speak MQTT{}", hint(tls)),
            Self::Tls(why) | Self::TlsBroken(why) => why.clone(),
        }
    }
}

/// A hint at the wrong port.
const fn hint(tls: bool) -> &'static str {
    if tls { "" } else { ": is it a TLS port, for mqtts://?" }
}

fn refusal(reason: Reason, names: BrokerNames<'_>) -> String {
    let BrokerNames { address, connect_options, .. } = names;
    let text = reason.text();
    let refused = match (reason, &connect_options.user) {
        (Reason::LOGIN | Reason::NOT_AUTHORIZED, None) => {
            format!("a client without a user name ({text}): set user and password_file")
        }
        (Reason::LOGIN | Reason::NOT_AUTHORIZED, Some(user)) => {
            format!("user {} ({text}): are user name and password right?", printable(user))
        }
        (Reason::CLIENT_ID, _) => format!(
            "the name {} of the client: choose another with client_id",
            printable(&connect_options.client_id)
        ),
        (Reason::VERSION, _) => "this version of MQTT: remove the setting protocol".to_owned(),
        _ => format!("the connection: {text}"),
    };
    format!("{address} refuses {refused}")
}

impl Reason {
    /// The standard's name for the code (MQTT 5, 2.4).
    pub fn text(self) -> String {
        let words = match self.0 {
            0x81 => "malformed packet",
            0x82 => "protocol error",
            0x83 => "implementation specific error",
            0x84 => "unsupported protocol version",
            0x85 => "client identifier not valid",
            0x86 => "bad user name or password",
            0x87 => "not authorized",
            0x88 => "server unavailable",
            0x89 => "server busy",
            0x8a => "banned",
            0x8b => "server shutting down",
            0x8d => "keep alive timeout",
            0x8e => "session taken over",
            0x90 => "topic name invalid",
            0x93 => "receive maximum exceeded",
            0x95 => "packet too large",
            0x96 => "message rate too high",
            0x97 => "quota exceeded",
            0x98 => "administrative action",
            0x99 => "payload format invalid",
            0x9a => "retain not supported",
            0x9b => "qos not supported",
            0x9c => "use another server",
            0x9d => "server moved",
            0x9f => "connection rate exceeded",
            code => return format!("reason 0x{code:02x}"),
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::Secret;

    #[test]
    fn each_disconnect_has_its_own_message_with_the_next_step() {
        let connect_options = ConnectOptions {
            client_id: "m\x1b".to_owned(),
            user: Some("anna\x1b".to_owned()),
            password: Some(Secret::new("CANARY".to_owned())),
            keepalive: 30,
            will: None,
        };
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let all = [
            Disconnect::unreachable(&refused),
            Disconnect::NoAnswer(Duration::from_secs(10)),
            Disconnect::Refused(Reason::LOGIN),
            Disconnect::Refused(Reason::NOT_AUTHORIZED),
            Disconnect::Refused(Reason::CLIENT_ID),
            Disconnect::Refused(Reason::VERSION),
            Disconnect::Refused(Reason(0x88)),
            Disconnect::BrokerDisconnect(Reason::TAKEN_OVER),
            Disconnect::BrokerDisconnect(Reason::SHUTTING_DOWN),
            Disconnect::BrokerDisconnect(Reason(0xfe)),
            Disconnect::Closed,
            Disconnect::Unanswered,
            Disconnect::ClosedRepeatedly,
            Disconnect::Silent(Duration::from_secs(45)),
            Disconnect::NotMqtt,
            Disconnect::Tls("the certificate of b:1 has expired".to_owned()),
            Disconnect::TlsBroken("b:1 does not speak TLS".to_owned()),
        ];
        let texts = all.map(|end| {
            let anonymous =
                ConnectOptions { user: None, password: None, ..connect_options.clone() };
            let text = |connect_options, tls| {
                end.text(BrokerNames { address: "b:1", connect_options, tls })
            };
            assert!(text(&anonymous, true).contains("; trying again"));
            text(&connect_options, false)
        });
        for (at, text) in texts.iter().enumerate() {
            assert!(text.contains("b:1") && text.contains("; trying again"), "{text}");
            assert!(!text.contains('\x1b') && !text.contains("CANARY"), "{text}");
            assert!(!texts[..at].contains(text), "{text}");
        }
        assert_eq!(
            texts[0],
            "cannot connect to b:1: connection refused; trying again, every 4 s at most"
        );
        assert_eq!(
            texts[2],
            "b:1 refuses user anna\\u{1b} (bad user name or password): are user name and password \
             right?; trying again every 60 s"
        );
    }
}
