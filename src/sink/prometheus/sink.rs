//! `prometheus:FILE` for the textfile collector of node_exporter, `prometheus://127.0.0.1:PORT` for
//! Prometheus itself.
//!
//! The keys are in [`kind`](super::kind).
//!
//! FILE has to end in `.prom`, or the collector does not read it. The exporter listens on exactly
//! that address and answers `GET /metrics`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    format::{exposition::Exposition, readings::Readings},
    sink::{
        files::{
            atomic,
            path_template::{PathTemplate, printable_path},
            snapshot::{Pages, SnapshotSink},
        },
        kind::BuildContext,
        metrics::{self, page::Metrics},
        prometheus::site::MetricsSite,
        settings::{SinkSettings, SinkTarget, error::SettingError},
        traits::{Report, Sink},
        web::{settings::WebAddress, sink::WebSink},
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
    let (metrics, _) = metrics::settings::take(settings, context)?;
    if matches!(settings.target, SinkTarget::Server { .. }) && settings.has("mode") {
        return Err(SettingError::of("mode", "it belongs to prometheus:FILE"));
    }
    if let Some(address) = WebAddress::take(settings)? {
        if !matches!(address.path.as_str(), "" | "metrics") {
            return Err(SettingError::new("prometheus: the page is always /metrics"));
        }
        return Ok(Box::new(WebSink::new(address, MetricsSite(metrics))));
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
    fn form_of_registers(&self) -> Option<&'static str> {
        None
    }

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
        let page = self.metrics.page(Exposition::Plain);
        if self.metrics.is_empty() || self.written == page {
            return Vec::new();
        }
        self.written.clone_from(&page);
        vec![(self.path_template.fixed(), page)]
    }
}
