//! The metrics of a run.
//!
//! - [`page`]: the current page; [`account_metrics`]: its part about the run.
pub mod account_metrics;
pub mod page;
