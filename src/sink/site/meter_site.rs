//! All pages of the sink.

use std::sync::Arc;

use crate::{
    format::{
        latest::{Seen, name},
        printable::printable,
        readings::Readings,
    },
    sink::{
        metrics::{accept, page::Metrics},
        single_meter::SingleMeter,
        site::{data::DataPage, health, index},
        traits::Report,
        web::{page::WebPage, request::WebRequest, site::WebSite},
    },
};

/// The site.
#[derive(Debug)]
pub struct MeterSite {
    metrics: Metrics,
    data: DataPage,
    /// The meter of `/data.json` without a number.
    first: SingleMeter,
    others_reported: bool,
    interval_reported: bool,
}

const UNAVAILABLE: &str = "503 Service Unavailable";

impl MeterSite {
    /// Pages without readings so far.
    pub fn new(metrics: Metrics, data: DataPage) -> Self {
        let first = SingleMeter::default();
        Self { metrics, data, first, others_reported: false, interval_reported: false }
    }

    fn choose_first(&mut self, readings: &Readings, report: &dyn Report) {
        let place = || "/data.json".to_owned();
        if self.first.takes(place, readings, report)
            || core::mem::replace(&mut self.others_reported, true)
        {
            return;
        }
        let text =
            |name: Option<&str>| printable(name.unwrap_or("one without a number")).into_owned();
        let (first, other) = (text(self.first.meter().flatten()), text(name(readings)));
        report.say(&format!(
            "/data.json shows meter {first}, the first; /data.json?meter=NUMBER shows others, such as {other}"
        ));
    }

    /// The values of `/data.json` are those of a telegram: its energies are registers.
    fn note_interval(&mut self, report: &dyn Report) {
        if !core::mem::replace(&mut self.interval_reported, true) {
            report.say("/data.json holds registers, and the energy of an interval is none: /metrics shows intervals");
        }
    }

    fn data(&self, request: &WebRequest<'_>) -> WebPage {
        let wanted = request.parameter("meter");
        let Some(first) = self.first.meter() else {
            return WebPage::json(UNAVAILABLE, b"{\"error\":\"no telegram yet\"}\n".to_vec());
        };
        // Telegrams without a name are those of a meter whose name is empty.
        let name = wanted.as_deref().or(first).unwrap_or_default();
        match self.metrics.latest().pick(Some(name)) {
            None => {
                let text = b"{\"error\":\"no telegram of a meter with this number\"}\n";
                WebPage::json("404 Not Found", text.to_vec())
            }
            Some(seen) if seen.readings.is_interval() => {
                let text = b"{\"error\":\"an interval has no registers; /metrics shows it\"}\n";
                WebPage::json("404 Not Found", text.to_vec())
            }
            Some(seen) if !self.metrics.is_up(seen) => silent(seen),
            Some(seen) => WebPage::json("200 OK", self.data.of(&seen.readings)),
        }
    }
}

/// An old power would be taken for a new one, so there is none.
fn silent(seen: &Seen) -> WebPage {
    let last = health::last_telegram(seen);
    let text = format!("{{\"error\":\"telegrams stay away\",\"last_telegram\":{last}}}\n");
    WebPage::json(UNAVAILABLE, text.into_bytes())
}

impl WebSite for MeterSite {
    fn paths(&self) -> &'static [&'static str] {
        &["/", "/metrics", "/data.json", "/health"]
    }

    fn hint(&self) -> &'static str {
        "the pages are /metrics, /data.json and /health\n"
    }

    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report) {
        match readings.is_interval() {
            true => self.note_interval(report),
            false => self.choose_first(&readings, report),
        }
        self.metrics.take(readings, report);
    }

    fn shows(&self, path: &str) -> bool {
        matches!(path, "/metrics" | "/data.json")
    }

    fn page(&self, request: &WebRequest<'_>) -> WebPage {
        match request.path {
            "/metrics" => {
                let exposition = accept::exposition(&request.accept);
                WebPage::ok(exposition.content_type(), self.metrics.page(exposition))
            }
            "/data.json" => self.data(request),
            "/health" => health::page(&self.metrics),
            _ => index::page(),
        }
    }
}
