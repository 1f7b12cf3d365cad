//! The page of metrics over HTTP.

use std::sync::Arc;

use crate::{
    format::readings::Readings,
    sink::{
        metrics::{accept, page::Metrics},
        traits::Report,
        web::{page::WebPage, request::WebRequest, site::WebSite},
    },
};

/// A site that has no other page than the metrics.
#[derive(Debug)]
pub struct MetricsSite(pub Metrics);

impl WebSite for MetricsSite {
    fn paths(&self) -> &'static [&'static str] {
        &["/metrics"]
    }

    fn hint(&self) -> &'static str {
        "the metrics are at /metrics\n"
    }

    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report) {
        self.0.take(readings, report);
    }

    fn shows(&self, _: &str) -> bool {
        true
    }

    fn page(&self, request: &WebRequest<'_>) -> WebPage {
        let exposition = accept::exposition(&request.accept);
        WebPage::ok(exposition.content_type(), self.0.page(exposition))
    }
}
