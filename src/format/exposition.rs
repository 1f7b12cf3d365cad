//! Metrics as text: Prometheus' text format 0.0.4, or OpenMetrics 1.0.
//!
//! ```text
//! 0.0.4                                 OpenMetrics
//! # HELP a_total The sum.               # HELP a The sum.
//! # TYPE a_total counter                # TYPE a counter
//! a_total{b="c"} 1                      a_total{b="c"} 1
//! # TYPE d_info gauge                   # TYPE d info
//! d_info{e="f"} 1                       d_info{e="f"} 1
//!                                       # EOF
//! ```
//!
//! The samples are the same in both; OpenMetrics names a family without the ending of its samples.

use std::collections::BTreeSet;

use crate::{format::printable::printable, reading::decimal::Decimal};

/// A text format of metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposition {
    /// The text format 0.0.4 of Prometheus.
    #[default]
    Plain,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Exposition {
    /// The content type, with its version.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Appends the end of a page.
    pub fn end(self, text: &mut Vec<u8>) {
        if self == Self::OpenMetrics {
            text.extend_from_slice(b"# EOF\n");
        }
    }
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A sum that only grows; its name ends in `_total`.
    Counter,
    /// A value of the moment.
    Gauge,
    /// Labels about something; its name ends in `_info`, and its value is 1.
    Info,
    /// Anything else.
    Unknown,
}

impl MetricType {
    const fn name(self, exposition: Exposition) -> &'static str {
        match (self, exposition) {
            (Self::Counter, _) => "counter",
            (Self::Info, Exposition::OpenMetrics) => "info",
            (Self::Gauge | Self::Info, _) => "gauge",
            (Self::Unknown, Exposition::OpenMetrics) => "unknown",
            (Self::Unknown, Exposition::Plain) => "untyped",
        }
    }

    /// The part of the name that OpenMetrics leaves to the samples.
    const fn ending(self, exposition: Exposition) -> &'static str {
        match (self, exposition) {
            (Self::Counter, Exposition::OpenMetrics) => "_total",
            (Self::Info, Exposition::OpenMetrics) => "_info",
            _ => "",
        }
    }
}

/// The samples of one metric, which both formats want together.
#[derive(Debug)]
pub struct Samples {
    prefix: &'static str,
    name: &'static str,
    kind: MetricType,
    help: &'static str,
    lines: Vec<u8>,
    /// The series with a sample. A second sample would make the whole page invalid, and readings on
    /// standard input may repeat themselves.
    series: BTreeSet<String>,
}

/// A label: its name and its value.
pub type SampleLabel<'a> = (&'a str, &'a str);

impl Samples {
    /// A metric called `PREFIX_NAME` without samples so far.
    #[must_use]
    pub const fn new(
        prefix: &'static str,
        name: &'static str,
        kind: MetricType,
        help: &'static str,
    ) -> Self {
        Self { prefix, name, kind, help, lines: Vec::new(), series: BTreeSet::new() }
    }

    /// Adds a sample; the first one of a series counts.
    pub fn add<'a>(&mut self, labels: impl IntoIterator<Item = SampleLabel<'a>>, number: Decimal) {
        let Self { prefix, name, lines, series, .. } = self;
        // An empty label is the same as none.
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
        let labels: Vec<_> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let sample = match labels.as_slice() {
            [] => format!("{prefix}_{name}"),
            labels => format!("{prefix}_{name}{{{}}}", labels.join(",")),
        };
        if series.contains(&sample) {
            return;
        }
        lines.extend_from_slice(sample.as_bytes());
        lines.push(b' ');
        number.write(lines);
        lines.push(b'\n');
        series.insert(sample);
    }

    /// Adds a sample that counts something.
    pub fn count<'a>(&mut self, labels: impl IntoIterator<Item = SampleLabel<'a>>, count: u64) {
        if let Some(count) = Decimal::of(count.into(), 0) {
            self.add(labels, count);
        }
    }

    /// Appends the metric, if it has a sample.
    pub fn write(&self, exposition: Exposition, text: &mut Vec<u8>) {
        let Self { prefix, name, kind, help, lines, .. } = self;
        if lines.is_empty() {
            return;
        }
        let family = format!("{prefix}_{name}");
        let family = family.strip_suffix(kind.ending(exposition)).unwrap_or(&family);
        let kind = kind.name(exposition);
        let head = format!("# HELP {family} {help}\n# TYPE {family} {kind}\n");
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(lines);
    }
}

/// The value of a label between its quotes, safe on a terminal too.
fn escaped(value: &str) -> String {
    let lines =
        value.split('\n').map(|line| printable(line).replace('\\', "\\\\").replace('"', "\\\""));
    lines.collect::<Vec<_>>().join("\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(exposition: Exposition) -> String {
        let mut text = Vec::new();
        for (name, kind) in [
            ("sum_total", MetricType::Counter),
            ("level", MetricType::Gauge),
            ("build_info", MetricType::Info),
            ("object", MetricType::Unknown),
        ] {
            let mut samples = Samples::new("x", name, kind, "Help.");
            samples.count([("a", "b\"\n"), ("none", "")], 1);
            samples.count([("a", "b\"\n")], 2);
            samples.write(exposition, &mut text);
        }
        Samples::new("x", "empty", MetricType::Gauge, "Help.").write(exposition, &mut text);
        exposition.end(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_family_is_named_as_its_format_wants() {
        let plain = concat!(
            "# HELP x_sum_total Help.\n# TYPE x_sum_total counter\nx_sum_total{a=\"b\\\"\\n\"} 1\n",
            "# HELP x_level Help.\n# TYPE x_level gauge\nx_level{a=\"b\\\"\\n\"} 1\n",
            "# HELP x_build_info Help.\n# TYPE x_build_info gauge\nx_build_info{a=\"b\\\"\\n\"} 1\n",
            "# HELP x_object Help.\n# TYPE x_object untyped\nx_object{a=\"b\\\"\\n\"} 1\n",
        );
        assert_eq!(page(Exposition::Plain), plain);
        let open = plain
            .replace("HELP x_sum_total", "HELP x_sum")
            .replace("TYPE x_sum_total", "TYPE x_sum")
            .replace("HELP x_build_info", "HELP x_build")
            .replace("TYPE x_build_info gauge", "TYPE x_build info")
            .replace("untyped", "unknown");
        assert_eq!(page(Exposition::OpenMetrics), format!("{open}# EOF\n"));
    }
}
