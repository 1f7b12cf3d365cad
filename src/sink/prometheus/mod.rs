//! Metrics for Prometheus: in a file, or for who asks.
//!
//! - [`kind`]: the description of the sink.
//! - [`sink`]: what the user says, and the file.
//! - [`metrics`]: the page as it is now.
//! - [`exporter`], [`web`]: the page for who asks for it.
pub mod exporter;
pub mod kind;
pub mod metrics;
pub mod sink;
pub mod web;
