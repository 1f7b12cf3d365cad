//! Metrics for Prometheus, in a file or over HTTP.
//!
//! - [`kind`]: the description of the sink.
//! - [`sink`]: the settings, and the file.
//! - [`metrics`]: the current page; [`account_metrics`]: its part about the run.
//! - [`exporter`], [`web`]: the page over HTTP; [`host_names`]: for whom.
pub mod account_metrics;
pub mod exporter;
pub mod host_names;
pub mod kind;
pub mod metrics;
pub mod sink;
pub mod web;
