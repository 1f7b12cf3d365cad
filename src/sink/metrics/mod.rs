//! The metrics of a run.
//!
//! - [`page`]: the current page; [`account_metrics`], [`line_metrics`]: its parts about the run.
//! - [`accept`]: its text format; [`settings`]: the settings of sinks that show it.
pub mod accept;
pub mod account_metrics;
pub mod line_metrics;
pub mod page;
pub mod settings;
