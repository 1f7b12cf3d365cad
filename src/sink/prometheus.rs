//! `prometheus:FILE` for the textfile collector of node_exporter, `prometheus://127.0.0.1:PORT` for
//! Prometheus itself.
//!
//! | key | what |
//! |---|---|
//! | `fields` | these readings only; what is said about the meters is always there |
//! | `expire_after` | how long after a meter's last telegram its momentary values are still shown, 1h if nothing is said, and `0` for ever; its registers and the time of the last telegram stay |
//!
//! FILE has to end in `.prom`, or the collector does not read it. The exporter listens on exactly that
//! address, and answers `GET /metrics`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    format::{
        latest::Latest, prometheus::Prometheus, readings::Readings, units::Units, usage::Usage,
    },
    sink::{
        event::Sink,
        exporter::Exporter,
        place::{Place, named},
        settings::{Settings, Target},
        snapshot::{Pages, Snapshot},
    },
};

/// Much longer than any interval at which a home's meter is watched.
const EXPIRE_AFTER: Duration = Duration::from_secs(3600);

/// Reads what the user says about it.
///
/// # Errors
/// What cannot be meant.
pub fn new(settings: &mut Settings) -> Result<Box<dyn Sink>, Usage> {
    let expire_after = settings.take_duration("expire_after")?.unwrap_or(EXPIRE_AFTER);
    let view = settings.take_view()?;
    if !view.names.is_empty() || view.units != Units::default() {
        let text = "prometheus: names and units are those of Prometheus, they cannot be chosen";
        return Err(Usage(text.to_owned()));
    }
    let metrics = Metrics {
        format: Prometheus::new(view.keys),
        latest: Latest::default(),
        expire_after: match expire_after {
            Duration::ZERO => SignedDuration::MAX,
            time => SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX),
        },
    };
    if let Target::Server { host, port, path } = &settings.target {
        let port = port.ok_or_else(|| {
            Usage("prometheus: a port expected, as in prometheus://127.0.0.1:9888".to_owned())
        })?;
        if !matches!(path.as_str(), "" | "metrics") {
            return Err(Usage("prometheus: the page is always /metrics".to_owned()));
        }
        return Ok(Box::new(Exporter::new(host.clone(), port, metrics)));
    }
    let place = Place::of(settings)?;
    if !place.is_fixed() {
        let text = "prometheus: one file holds all meters, its name cannot follow them";
        return Err(Usage(text.to_owned()));
    }
    let is_read = place.has_extension("prom");
    Ok(Box::new(Snapshot(Textfile { path: place.fixed(), is_read, metrics, shown: None })))
}

/// The last readings, and how long they are true.
#[derive(Debug)]
pub struct Metrics {
    format: Prometheus,
    latest: Latest,
    expire_after: SignedDuration,
}

impl Metrics {
    /// Takes readings in that have come now.
    pub fn take(&mut self, readings: Arc<Readings>) {
        self.latest.put(readings, 1, Some(Timestamp::now()));
    }

    /// The page as it is to be seen now.
    #[must_use]
    pub fn page(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.format.snapshot(&self.latest, self.stale(), &mut text);
        text
    }

    /// Meters that were seen before are stale.
    fn stale(&self) -> Option<Timestamp> {
        Timestamp::now().checked_sub(self.expire_after).ok()
    }

    /// How long until the next meter, of those that are not stale, will be.
    fn fresh_for(&self) -> Option<Duration> {
        let stale = self.stale()?;
        let arrivals = self.latest.meters().filter_map(|seen| seen.arrived);
        let left = arrivals.filter(|at| *at >= stale).map(|at| at.duration_since(stale)).min()?;
        // A little later than too early.
        Duration::try_from(left).ok().map(|left| left + Duration::from_millis(10))
    }
}

struct Textfile {
    path: PathBuf,
    is_read: bool,
    metrics: Metrics,
    /// How many telegrams and stale meters the file tells of.
    shown: Option<(u64, usize)>,
}

impl Textfile {
    fn state(&self) -> (u64, usize) {
        let meters = || self.metrics.latest.meters();
        let stale = self.metrics.stale();
        let is_stale = |at: Option<Timestamp>| at.zip(stale).is_some_and(|(at, stale)| at < stale);
        let telegrams = meters().map(|seen| seen.telegrams).sum();
        (telegrams, meters().filter(|seen| is_stale(seen.arrived)).count())
    }
}

impl Pages for Textfile {
    fn hint(&self) -> Option<String> {
        let text = "does not end in .prom: the textfile collector will not read it";
        (!self.is_read).then(|| format!("{} {text}", named(&self.path)))
    }

    fn take(&mut self, readings: Arc<Readings>) {
        self.metrics.take(readings);
    }

    fn fresh_for(&self) -> Option<Duration> {
        self.metrics.fresh_for()
    }

    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        if state.0 == 0 || self.shown == Some(state) {
            return Vec::new();
        }
        self.shown = Some(state);
        vec![(self.path.clone(), self.metrics.page())]
    }
}
