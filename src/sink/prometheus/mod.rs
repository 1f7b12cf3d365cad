//! Metrics for Prometheus, in a file or over HTTP.
//!
//! - [`kind`]: the description of the sink.
//! - [`sink`]: the settings, and the file; [`site`]: the page over HTTP.
pub mod kind;
pub mod sink;
pub mod site;
