//! Servers on the network that have nothing to do with a meter, by the first octets that they send.

/// A server that greets its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkService {
    /// The name in JSON.
    pub name: &'static str,
    /// The names for people, in English and German.
    pub titles: [&'static str; 2],
    /// The octets in front of those that tell it.
    before: usize,
    starts: &'static [&'static [u8]],
}

impl NetworkService {
    const fn new(
        name: &'static str,
        titles: [&'static str; 2],
        starts: &'static [&'static [u8]],
    ) -> Self {
        Self { name, titles, before: 0, starts }
    }

    /// The server that begins with these octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<&'static Self> {
        SERVICES.iter().find(|service| {
            let octets = octets.get(service.before..).unwrap_or_default();
            service.starts.iter().any(|start| octets.starts_with(start)) && service.is_whole(octets)
        })
    }

    /// True unless a reply code is all that there is: words follow it.
    fn is_whole(&self, octets: &[u8]) -> bool {
        let is_word = |letters: &[u8]| letters.iter().all(u8::is_ascii_alphabetic);
        self.name != MAIL_OR_FILES || octets.windows(3).any(is_word)
    }
}

const MAIL_OR_FILES: &str = "mail-or-ftp";

/// RFC 9110, 4253, 959, 5321, 1939, 3501, 6143; MySQL Internals: the first packet has its length in three octets, its
/// number, and version 10 of the protocol or an error (1040, 1129, 1130); Redis in protected mode.
static SERVICES: [NetworkService; 6] = [
    NetworkService::new(
        "http",
        ["HTTP, the answer of a web server", "HTTP, die Antwort eines Webservers"],
        &[b"HTTP/1."],
    ),
    NetworkService::new(
        "ssh",
        ["SSH, a server for remote logins", "SSH, ein Server für Anmeldungen"],
        &[b"SSH-2.0-", b"SSH-1."],
    ),
    NetworkService::new(
        MAIL_OR_FILES,
        [
            "the greeting of a server for mail or files (SMTP, POP3, IMAP, FTP)",
            "die Begrüßung eines Servers für Mail oder Dateien (SMTP, POP3, IMAP, FTP)",
        ],
        &[b"220 ", b"220-", b"+OK ", b"* OK "],
    ),
    NetworkService::new(
        "vnc",
        ["VNC, a remote desktop", "VNC, ein entfernter Bildschirm"],
        &[b"RFB 003.", b"RFB 004.", b"RFB 005."],
    ),
    NetworkService {
        before: 1,
        ..NetworkService::new(
            "mysql",
            ["MySQL or MariaDB, a database", "MySQL oder MariaDB, eine Datenbank"],
            &[
                b"\0\0\0\x0a5.",
                b"\0\0\0\x0a8.",
                b"\0\0\0\x0a9.",
                b"\0\0\0\x0a1",
                b"\0\0\0\xff\x10\x04",
                b"\0\0\0\xff\x69\x04",
                b"\0\0\0\xff\x6a\x04",
            ],
        )
    },
    NetworkService::new(
        "redis",
        ["Redis, a database", "Redis, eine Datenbank"],
        &[b"-DENIED ", b"-NOAUTH ", b"-ERR "],
    ),
];
