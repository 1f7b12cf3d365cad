//! The sink.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    file_error,
    format::{readings::Readings, units::Units},
    sink::{
        accounts::AccountKind,
        kind::BuildContext,
        queue::QueueReceiver,
        settings::{SinkSettings, SinkTarget, error::SettingError, uri::host_port},
        traits::{Report, Sink, SinkPreview},
        udp::{
            address::HostAddress,
            datagram::DatagramFormat,
            shrdzm::Shrdzm,
            socket::{DatagramSocket, SendOutcome},
        },
    },
};

/// The wait for readings if nothing else is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The longest wait for the address of a name.
const LOOK_UP: Duration = Duration::from_secs(5);

/// The wait before another attempt to find the address, or to open the socket.
const PAUSE: Duration = Duration::from_secs(5);

/// A receiver that refused datagrams takes them again if it has refused none for this time: machines limit
/// the number of their refusals.
const TAKES_AGAIN: Duration = Duration::from_secs(5);

/// Builds the sink from its settings.
///
/// # Errors
/// Settings that are missing, invalid or contradictory.
pub(super) fn new(
    settings: &mut SinkSettings,
    _: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let wrong = |text: &str| SettingError::new(format!("udp: {text}"));
    let SinkTarget::Server { host, port: Some(port), path } = settings.target.clone() else {
        return Err(wrong("a host and a port expected, as in udp://192.168.1.77:7000"));
    };
    if !path.is_empty() {
        return Err(wrong("a datagram has no path: options follow a ?"));
    }
    if port == 0 {
        return Err(wrong("there is no port 0"));
    }
    let format = settings.take_choice("format")?;
    let projection = settings.take_projection()?;
    let format = match format {
        Some("shrdzm") => {
            if !projection.names.is_empty() || projection.units != Units::default() {
                return Err(wrong("shrdzm has OBIS codes, Wh and W: names and units are fixed"));
            }
            projection.refuse_numbers()?;
            DatagramFormat::Shrdzm(Shrdzm::new(projection.keys, settings.take("id")))
        }
        Some("json") => DatagramFormat::Json(projection),
        _ => DatagramFormat::Text(projection),
    };
    Ok(Box::new(UdpSink {
        place: host_port(&host, port),
        address: HostAddress::new(host, port),
        format,
        socket: None,
        retry_at: None,
        failed: false,
        refused: None,
        size_reported: false,
    }))
}

/// The sink.
struct UdpSink {
    /// The receiver in the user's words.
    place: String,
    address: HostAddress,
    format: DatagramFormat,
    socket: Option<DatagramSocket>,
    /// The earliest time of the next attempt to open a socket.
    retry_at: Option<Instant>,
    /// A failure was reported, and nothing was sent since.
    failed: bool,
    /// The last refusal, since one was reported.
    refused: Option<Instant>,
    size_reported: bool,
}

impl Sink for UdpSink {
    fn form_of_registers(&self) -> Option<&'static str> {
        matches!(self.format, DatagramFormat::Shrdzm(_)).then_some("format=shrdzm")
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        // A state is worth nothing later, so nobody waits with it.
        queue.replaces();
        report.keeps_account(AccountKind::State);
        loop {
            let ended = queue.is_ended();
            let first = queue.next(if ended { Duration::ZERO } else { IDLE_WAIT });
            let first = first.into_iter().filter_map(|event| event.readings());
            for readings in first.chain(queue.readings()) {
                self.send(&readings, &queue, report);
            }
            report.lost(queue.dropped());
            if ended {
                return self.look_for_refusal(report);
            }
        }
    }

    fn probe(&mut self, timeout: Duration) -> Result<String, String> {
        let place = &self.place;
        let address = self.address.get(timeout.min(LOOK_UP));
        let address = address.map_err(|why| format!("{place}: {why}"))?;
        let socket = DatagramSocket::open(address);
        socket.map_err(|error| format!("{place}: {}", file_error::plain(&error)))?;
        Ok(format!("a datagram would go to {address}; UDP does not tell who receives it"))
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        let content = self.format.datagram(readings);
        content.iter().for_each(|content| self.check_size(content, report));
        let place = format!("udp://{}", self.place);
        content.map(|content| SinkPreview { place, content }).into_iter().collect()
    }
}

impl UdpSink {
    fn send(&mut self, readings: &Readings, queue: &QueueReceiver, report: &dyn Report) {
        let Some(datagram) = self.format.datagram(readings) else {
            return report.stored(1);
        };
        self.check_size(&datagram, report);
        if let Err(why) = self.open(queue) {
            return self.fail(&why, report);
        }
        let Some(socket) = &self.socket else {
            return report.lost(1);
        };
        match socket.send(&datagram) {
            SendOutcome::Failed(error) => {
                // The route or the address may be another one next time.
                self.socket = None;
                self.fail(&file_error::plain(&error), report);
            }
            SendOutcome::Sent => {
                self.sent(report);
                self.takes_again(report);
            }
            SendOutcome::Refused => {
                self.sent(report);
                self.refuse(report);
            }
        }
    }

    /// Opens a socket for the present address.
    fn open(&mut self, queue: &QueueReceiver) -> Result<(), String> {
        let now = Instant::now();
        if self.retry_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        let left = queue.deadline().map_or(LOOK_UP, |at| at.saturating_duration_since(now));
        let opened = self.address.get(left.min(LOOK_UP)).and_then(|address| {
            if self.socket.as_ref().is_none_or(|socket| socket.receiver() != address) {
                let socket =
                    DatagramSocket::open(address).map_err(|error| file_error::plain(&error))?;
                self.socket = Some(socket);
            }
            Ok(())
        });
        self.retry_at = opened.is_err().then(|| Instant::now() + PAUSE);
        opened
    }

    /// Counts a datagram that this machine could not send.
    fn fail(&mut self, why: &str, report: &dyn Report) {
        report.lost(1);
        if !core::mem::replace(&mut self.failed, true) {
            let text = format!("cannot send to {}: {why}", self.place);
            report.trouble(Some(&text));
            report.say(&text);
        }
    }

    fn sent(&mut self, report: &dyn Report) {
        report.stored(1);
        if core::mem::take(&mut self.failed) {
            report.trouble(None);
            report.say(&format!("sends to {} again", self.place));
        }
    }

    fn takes_again(&mut self, report: &dyn Report) {
        if self.refused.is_some_and(|last| last.elapsed() >= TAKES_AGAIN) {
            self.refused = None;
            report.say(&format!("{} takes datagrams again", self.place));
        }
    }

    fn refuse(&mut self, report: &dyn Report) {
        if self.refused.replace(Instant::now()).is_none() {
            let place = &self.place;
            report.say(&format!("no program receives datagrams at {place}; sending goes on"));
        }
    }

    /// Waits a moment for the answer to the last datagram: a short run has no later one.
    fn look_for_refusal(&mut self, report: &dyn Report) {
        if self.refused.is_none()
            && let Some(socket) = &self.socket
        {
            std::thread::sleep(Duration::from_millis(20));
            if socket.is_refused() {
                self.refuse(report);
            }
        }
    }

    fn check_size(&mut self, datagram: &[u8], report: &dyn Report) {
        let ((limit, why), size) = (self.format.limit(), datagram.len());
        if size > limit && !core::mem::replace(&mut self.size_reported, true) {
            report
                .say(&format!("a datagram has {size} octets, over {limit}: {why}; choose fields"));
        }
    }
}
