//! A sink whose readings clients fetch over HTTP.
//!
//! One thread waits for readings and for clients; no client can hold it up.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    backoff::Backoff,
    file_error,
    format::readings::Readings,
    sink::{
        queue::QueueReceiver,
        settings::uri::host_port,
        traits::{Report, Sink, SinkPreview},
        web::{
            host_names::HostNames,
            request::WebRequest,
            server::{self, WebServer},
            settings::WebAddress,
            site::WebSite,
        },
    },
};

/// The interval at which slow clients are dropped and a taken address is tried again.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The wait if nothing is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The longest wait until the address is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// The sink.
#[derive(Debug)]
pub struct WebSink<S> {
    host: String,
    port: u16,
    names: HostNames,
    site: S,
    server: Option<WebServer>,
    backoff: Backoff,
    /// The time of the next attempt to listen, after a failure.
    retry_at: Option<Instant>,
    /// Readings that nobody could have seen.
    unseen: u64,
}

impl<S: WebSite> WebSink<S> {
    /// Listens on that address and no other.
    pub fn new(address: WebAddress, site: S) -> Self {
        let WebAddress { host, port, names, .. } = address;
        let backoff = Backoff::random(Duration::from_secs(1), LONGEST_RETRY);
        Self { host, port, names, site, server: None, backoff, retry_at: None, unseen: 0 }
    }

    fn listen(&mut self, report: &dyn Report) {
        let due = self.retry_at.is_none_or(|retry_at| retry_at <= Instant::now());
        if self.server.is_some() || !due {
            return;
        }
        match WebServer::bind(&self.host, self.port) {
            Ok(server) => {
                let address = server.address();
                let path = self.site.paths().first().unwrap_or(&"/");
                report.say(&format!("listening on http://{address}{path}"));
                report.trouble(None);
                self.server = Some(server);
            }
            Err(error) => {
                let Self { host, port, .. } = self;
                if self.retry_at.is_none() {
                    let text = cannot_listen(host, *port, &error);
                    let most = LONGEST_RETRY.as_secs();
                    report.say(&format!("{text}; trying again, every {most} s at most"));
                    report.trouble(Some(&text));
                }
                self.retry_at = Some(Instant::now() + self.backoff.delay());
            }
        }
    }

    fn take(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        for readings in queue.readings() {
            self.site.take(readings, report);
            self.unseen += u64::from(self.server.is_none());
        }
    }

    fn wait(&self, queue: &QueueReceiver) {
        let mut waited_for = vec![PollFd::new(queue, PollFlags::IN)];
        waited_for.extend(self.server.iter().flat_map(WebServer::waits_for));
        let quiet = self.server.as_ref().is_some_and(|server| !server.has_clients());
        let timeout = if quiet { IDLE_WAIT } else { CHECK_INTERVAL };
        let _ = poll(&mut waited_for, Timespec::try_from(timeout).ok().as_ref());
        queue.clear_wake_ups();
    }
}

impl<S: WebSite + Send> Sink for WebSink<S> {
    /// The pages tell intervals apart.
    fn form_of_registers(&self) -> Option<&'static str> {
        None
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        loop {
            self.listen(report);
            let ended = queue.is_ended();
            self.take(&queue, report);
            if ended {
                break;
            }
            self.wait(&queue);
            // The page contains all readings that came before the request is answered.
            self.take(&queue, report);
            let Self { server, site, names, .. } = &mut *self;
            server.iter_mut().for_each(|server| server.serve(names, site));
        }
        if self.server.is_none() {
            report.lost(self.unseen);
        }
    }

    fn probe(&mut self, timeout: Duration) -> Result<String, String> {
        let Self { host, port, .. } = self;
        match WebServer::bind(host, *port) {
            Ok(_) => Ok("the address is free".to_owned()),
            Err(error)
                if error.kind() == ErrorKind::AddrInUse
                    && server::is_meterpipe(host, *port, timeout).unwrap_or(false) =>
            {
                Ok("another run of meterpipe answers there".to_owned())
            }
            Err(error) => Err(cannot_listen(host, *port, &error)),
        }
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        self.site.take(readings.clone(), report);
        let address = host_port(&self.host, self.port);
        let preview = |path: &&'static str| SinkPreview {
            place: format!("http://{address}{path}"),
            content: self.site.page(&WebRequest::new(path, String::new())).body,
        };
        self.site.paths().iter().filter(|path| self.site.shows(path)).map(preview).collect()
    }
}

/// The message about an address, with the next step.
fn cannot_listen(host: &str, port: u16, error: &io::Error) -> String {
    let why = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("another program uses port {port}: stop it, or choose another port")
        }
        ErrorKind::AddrNotAvailable => format!("{host} is no address of this machine"),
        ErrorKind::PermissionDenied => "only root may use a port below 1024".to_owned(),
        _ => file_error::plain(error),
    };
    format!("cannot listen on {}: {why}", host_port(host, port))
}
