//! `prometheus:FILE` for the textfile collector of node_exporter, `prometheus://127.0.0.1:PORT` for
//! Prometheus itself.
//!
//! The keys are in [`kind`](super::kind).
//!
//! FILE has to end in `.prom`, or the collector does not read it. The exporter listens on exactly
//! that address and answers `GET /metrics`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    format::{prometheus::Prometheus, readings::Readings, units::Units},
    sink::{
        files::{
            atomic,
            path_template::{PathTemplate, printable_path},
            snapshot::{Pages, SnapshotSink},
        },
        freshness::Freshness,
        kind::BuildContext,
        prometheus::{exporter::Exporter, host_names::HostNames, metrics::Metrics},
        settings::{SinkSettings, SinkTarget, error::SettingError},
        traits::{Report, Sink},
    },
};

/// Builds the sink from its settings.
///
/// # Errors
/// Invalid values.
pub fn new(
    settings: &mut SinkSettings,
    context: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let expire_after = settings.take_duration("expire_after")?.unwrap_or_default();
    let projection = settings.take_projection()?;
    if !projection.names.is_empty() || projection.units != Units::default() {
        let text = "prometheus: names and units are those of Prometheus, they cannot be chosen";
        return Err(SettingError::new(text));
    }
    projection.refuse_numbers()?;
    let freshness = Freshness::take(settings, context.interval)?;
    let accounts = context.counters.accounts().clone();
    let format = Prometheus::new(projection.keys);
    let metrics = Metrics::new(format, expire_after, freshness, accounts);
    if let SinkTarget::Server { host, port, path } = settings.target.clone() {
        let port = port.ok_or_else(|| {
            SettingError::new("prometheus: a port expected, as in prometheus://127.0.0.1:9888")
        })?;
        if !matches!(path.as_str(), "" | "metrics") {
            return Err(SettingError::new("prometheus: the page is always /metrics"));
        }
        if settings.has("mode") {
            return Err(SettingError::of("mode", "it belongs to prometheus:FILE"));
        }
        let names = HostNames::new(&host, settings.take("hosts").as_deref().unwrap_or_default());
        return Ok(Box::new(Exporter::new(host, port, names, metrics)));
    }
    if settings.has("hosts") {
        return Err(SettingError::of("hosts", "it belongs to prometheus://ADDRESS:PORT"));
    }
    let path_template = PathTemplate::of(settings)?;
    if !path_template.is_fixed() {
        let text = "prometheus: one file holds all meters, its name cannot follow them";
        return Err(SettingError::new(text));
    }
    let is_read = path_template.has_extension("prom");
    let pages = Textfile { path_template, is_read, metrics, written: Vec::new() };
    Ok(Box::new(SnapshotSink { pages, mode: settings.take_mode()? }))
}

struct Textfile {
    path_template: PathTemplate,
    is_read: bool,
    metrics: Metrics,
    /// The page that the file holds.
    written: Vec<u8>,
}

impl Pages for Textfile {
    fn remark(&self) -> Option<String> {
        let text = "does not end in .prom: the textfile collector will not read it";
        (!self.is_read).then(|| format!("{} {text}", printable_path(&self.path_template.fixed())))
    }

    fn probe(&self) -> Result<String, String> {
        self.path_template.probe(atomic::check)
    }

    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report) {
        self.metrics.take(readings, report);
    }

    fn fresh_for(&self) -> Option<Duration> {
        self.metrics.fresh_for()
    }

    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)> {
        let page = self.metrics.page();
        if self.metrics.is_empty() || self.written == page {
            return Vec::new();
        }
        self.written.clone_from(&page);
        vec![(self.path_template.fixed(), page)]
    }
}
