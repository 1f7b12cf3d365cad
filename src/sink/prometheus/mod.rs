//! Metrics for Prometheus, in a file or over HTTP.
//!
//! - [`kind`]: the description of the sink.
//! - [`sink`]: the settings, and the file.
pub mod kind;
pub mod sink;
