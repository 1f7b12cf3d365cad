//! A serial device, read with the marks of its UART.
//!
//! `serialport` opens the device for this process alone and sets the speed. Its own reads would
//! turn an octet with a wrong parity bit into `00` silently. Octets are therefore read from a
//! second handle, on which the kernel marks such octets ([`super::parmrk`]).
//!
//! Nothing is ever written to the device: a push meter only sends.

use core::time::Duration;
use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io,
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
    termios::{
        ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector,
        SpecialCodeIndex, Termios, isatty, tcflush, tcgetattr, tcsetattr,
    },
};
use serialport::TTYPort;

use super::{
    Burst, OpenError, Source, SourceLine,
    event::CurrentLine,
    holders,
    line::{LineSearch, LineSettings, LineStep},
    parity::Parity,
    parmrk::Unescaper,
    ports,
};
use crate::{
    backoff::Backoff,
    diagnosis::socket::CustomerSocket,
    file_error,
    source::reconnect::{self, Reconnecting},
};

/// The settings of a serial device. [`SerialSettings::new`] has those of meters on the M-Bus.
#[derive(Clone, Debug)]
pub struct SerialSettings {
    /// The device, or a link to it. The link is followed again each time the device is opened.
    pub path: PathBuf,
    /// Speed and parity, or the search for them.
    pub line: LineSearch,
    /// The waits between attempts to open the device.
    pub backoff: Backoff,
}

impl SerialSettings {
    /// 2400 8E1; waits of half a second to five seconds.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            line: LineSearch::fixed(LineSettings::M_BUS),
            backoff: Backoff::random(Duration::from_millis(500), Duration::from_secs(5)),
        }
    }
}

/// The device as a source. The first read opens it; a `lasting` source waits for it.
pub fn open(settings: SerialSettings, lasting: bool) -> Box<dyn Source> {
    let backoff = settings.backoff.clone();
    Box::new(Reconnecting::new(Tty::new(settings, lasting), lasting, backoff))
}

struct Tty {
    path: PathBuf,
    name: String,
    line: LineSearch,
    current: CurrentLine,
    /// True if the run lasts long enough to recommend the name by id.
    recommend: bool,
    opened_before: bool,
    notes: VecDeque<String>,
    unescaper: Unescaper,
    room: Vec<u8>,
}

struct TtyPort {
    file: File,
    /// Holds the locks.
    _owner: TTYPort,
}

impl Tty {
    fn new(settings: SerialSettings, lasting: bool) -> Self {
        let current = Arc::new(Mutex::new(settings.line.settings()));
        Self {
            name: name(&settings.path),
            path: settings.path,
            line: settings.line,
            current,
            recommend: lasting,
            opened_before: false,
            notes: VecDeque::new(),
            unescaper: Unescaper::default(),
            room: vec![0; ROOM],
        }
    }

    /// Queues the remarks that are due when the device opens for the first time.
    fn note_settings(&mut self, port: &TtyPort) {
        if core::mem::replace(&mut self.opened_before, true) {
            return;
        }
        let unapplied_settings =
            tcgetattr(&port.file).map(|got| unapplied_settings(&got, self.line.settings()));
        if let Ok(unapplied_settings @ [_, ..]) = unapplied_settings.as_deref() {
            self.notes
                .push_back(format!("ignores these settings: {}", unapplied_settings.join(", ")));
        }
        if let (true, Some(link)) = (self.recommend, ports::by_id(&self.path)) {
            let (path, link) = (self.path.display(), link.display());
            self.notes.push_back(format!("{path} may change its name; {link} will not"));
        }
    }

    fn search(&mut self, port: &TtyPort, burst: &Burst) {
        let before = self.line.settings();
        match self.line.record(&burst.octets, burst.marks.len(), Instant::now()) {
            LineStep::Stay => return,
            LineStep::Found => return self.note_found("the octets agree with"),
            LineStep::Change => {}
        }
        if self.line.is_first_round() {
            let (before, next) = (self.describe(before), self.line.settings());
            self.notes.push_back(format!("no frames with {before}: trying {}", self.short(next)));
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = self.line.settings();
        // These fail only for a device that is gone; the next read notices that.
        let _ = configure(&port.file, self.line.settings());
        let _ = tcflush(&port.file, QueueSelector::IFlush);
    }

    fn note_found(&mut self, what: &str) {
        let settings = self.line.settings();
        let name = settings.name().filter(|_| self.line.seeks_speed());
        let name = name.map(|name| format!(" (--line {name})")).unwrap_or_default();
        self.notes.push_back(format!("{what} {}{name}", self.describe(settings)));
    }

    /// The part of some settings that a search changes.
    fn describe(&self, settings: LineSettings) -> String {
        let parity = if self.line.seeks_speed() { "" } else { "parity " };
        format!("{parity}{}", self.short(settings))
    }

    fn short(&self, settings: LineSettings) -> String {
        match self.line.seeks_speed() {
            true => settings.to_string(),
            false => settings.parity.to_string(),
        }
    }

    fn explain(&self, error: &io::Error, node: Option<&Path>) -> OpenError {
        let path = self.path.clone();
        match (error.kind(), error.raw_os_error().map(Errno::from_raw_os_error)) {
            // The node of an unplugged adapter can outlive it, in a container for ever.
            (io::ErrorKind::NotFound, _) | (_, Some(Errno::NXIO | Errno::NODEV)) => {
                OpenError::Missing { path, available: ports::available() }
            }
            (io::ErrorKind::PermissionDenied, _) => OpenError::Forbidden { path },
            (io::ErrorKind::ResourceBusy, _) => {
                OpenError::Busy { path, by: node.and_then(holders::holder) }
            }
            (_, Some(Errno::NOTTY)) => OpenError::NotADevice { path },
            _ => OpenError::Other {
                name: path.display().to_string(),
                reason: file_error::plain(error),
            },
        }
    }
}

impl reconnect::Endpoint for Tty {
    type Port = TtyPort;
    const BACK_WHEN_OPEN: bool = true;

    fn name(&self) -> &str {
        &self.name
    }

    fn open(&mut self) -> Result<Option<TtyPort>, OpenError> {
        self.unescaper = Unescaper::default();
        let node = fs::canonicalize(&self.path).map_err(|error| self.explain(&error, None))?;
        let port = TtyPort::open(&node, self.line.settings())
            .map_err(|error| self.explain(&error, Some(&node)))?;
        self.note_settings(&port);
        Ok(Some(port))
    }

    fn pull(&mut self, port: &mut TtyPort, burst: &mut Burst) -> Result<(), String> {
        let raw = reconnect::read_some(port.file.as_fd(), &mut self.room, burst)?;
        self.unescaper.push(raw, burst);
        self.search(port, burst);
        Ok(())
    }

    fn note(&mut self) -> Option<String> {
        self.notes.pop_front()
    }

    fn line(&self) -> SourceLine {
        let searches = !self.line.is_fixed();
        let seeks_speed = searches && self.line.seeks_speed();
        let device = Some(self.path.clone());
        let socket = if searches { CustomerSocket::MBus } else { self.line.settings().socket() };
        SourceLine { device, searches, seeks_speed, is_virtual: false, socket }
    }

    fn frames_seen(&mut self) {
        if self.line.frames_seen() {
            self.note_found("frames come with");
        }
    }

    fn current_line(&self) -> Option<CurrentLine> {
        Some(self.current.clone())
    }
}

impl TtyPort {
    fn open(node: &Path, settings: LineSettings) -> io::Result<Self> {
        // Without O_NONBLOCK the open waits for a carrier, which a meter never raises.
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let file =
            OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(node)?;
        if !isatty(&file) {
            return Err(Errno::NOTTY.into());
        }
        ensure_unlocked(&file)?;
        let builder = serialport::new(node.to_string_lossy(), settings.baud).exclusive(true);
        let owner = TTYPort::open(&builder).map_err(io_error)?;
        configure(&file, settings)?;
        // Octets received before now had other settings: wrong speed, no escapes, perhaps from
        // before the adapter was unplugged. Nothing tells them from octets of the meter.
        tcflush(&file, QueueSelector::IFlush)?;
        Ok(Self { file, _owner: owner })
    }
}

/// Fails if another process has locked the device.
///
/// `serialport` would notice the lock too, but on its way back it lifts the exclusive mode that the
/// other process has set.
fn ensure_unlocked(file: &File) -> io::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(flock(file, FlockOperation::Unlock)?),
        Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::ResourceBusy.into()),
        Err(error) => Err(error.into()),
    }
}

/// The error of `serialport` under the kind that the system gave it.
fn io_error(error: serialport::Error) -> io::Error {
    match error.kind {
        // `NoDevice` stands for EBUSY and for a lock held by another process.
        serialport::ErrorKind::NoDevice => io::ErrorKind::ResourceBusy.into(),
        serialport::ErrorKind::Io(kind) => io::Error::new(kind, error.description),
        _ => io::Error::other(error.description),
    }
}

/// Sets the speed and every flag that matters, whatever the last user left behind.
fn configure(file: &File, settings: LineSettings) -> io::Result<()> {
    let mut termios = tcgetattr(file)?;
    termios.input_modes = INPUT;
    termios.output_modes.remove(OutputModes::OPOST);
    termios.local_modes = LocalModes::empty();
    termios.control_modes.remove(control_mask());
    termios.control_modes.insert(control(settings.parity));
    termios.set_speed(settings.baud)?;
    // One octet wakes the reader, and only a device that is gone reads as nothing.
    termios.special_codes[SpecialCodeIndex::VMIN] = 1;
    termios.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(file, OptionalActions::Now, &termios)?)
}

/// The settings that the device did not apply; a pseudo-terminal has no parity, for example. The
/// call that sets them succeeds all the same.
fn unapplied_settings(got: &Termios, settings: LineSettings) -> Vec<&'static str> {
    let LineSettings { baud, parity } = settings;
    let parity_bits = ControlModes::PARENB | ControlModes::PARODD;
    let differs = got.control_modes ^ control(parity);
    // A clock divider seldom hits the speed exactly.
    let drift = got.input_speed().abs_diff(baud);
    let other = (differs & control_mask()).difference(parity_bits);
    let comparisons = [
        (drift > baud / 50, "speed"),
        (differs.intersects(parity_bits), "parity"),
        (!other.is_empty(), "data bits, stop bits or flow control"),
        (got.input_modes != INPUT, "marks for damaged octets"),
        (!got.local_modes.is_empty(), "raw mode"),
    ];
    comparisons.into_iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what).collect()
}

/// No flow control and no translation; errors are detected and marked.
const INPUT: InputModes = InputModes::INPCK.union(InputModes::PARMRK);

fn control(parity: Parity) -> ControlModes {
    let frame = ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL;
    frame
        | match parity {
            Parity::None => ControlModes::empty(),
            Parity::Even => ControlModes::PARENB,
            Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
        }
}

/// The flags of [`control`], and those that must be clear beside them.
fn control_mask() -> ControlModes {
    let mask = control(Parity::Odd) | ControlModes::CSIZE | ControlModes::CSTOPB;
    #[cfg(target_os = "linux")]
    let mask = mask | ControlModes::CMSPAR;
    mask | ControlModes::CRTSCTS
}

/// The device's name in records: `ttyUSB0`; for a link, the link's own name, which stays when the
/// adapter comes back under another number. A pseudo-terminal is `pts/3`.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match path.strip_prefix("/dev/pts") {
        Ok(_) => format!("pts/{name}"),
        Err(_) => name.into_owned(),
    }
}

/// The kernel's buffer for a tty.
const ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_name_the_device_shortly_and_a_link_by_itself() {
        for (path, expected) in [
            ("/dev/ttyUSB0", "ttyUSB0"),
            ("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", "usb-FTDI_FT232R-if00-port0"),
            ("/dev/pts/3", "pts/3"),
            ("meter", "meter"),
        ] {
            assert_eq!(name(Path::new(path)), expected);
        }
    }
}
