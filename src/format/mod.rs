//! Readings as text.
//!
//! - [`entry`]: what is written, and what every format can do.
//! - [`options`]: the formats by name, built from the user's choices.
//! - [`json`], [`csv`], [`xml`], [`table`], [`lines`], [`influx`]: one format each.
//! - [`prometheus`], [`solarview`]: pages that show the [`latest`] readings, as a [`snapshot`].
//! - [`selection`], [`units`]: what the user chose to see, and how.
//! - [`meters`]: what is kept of each meter.
//! - [`key`], [`cell`]: the name and the value of one thing in a telegram.
//! - [`usage`]: why a choice cannot be had.
//! - [`printable`]: text that is safe to look at.
pub mod cell;
pub mod csv;
pub mod entry;
pub mod influx;
pub mod json;
mod json_line;
pub mod json_string;
pub mod key;
pub mod kinds;
pub mod latest;
pub mod lines;
pub mod locale;
pub mod meters;
pub mod options;
pub mod printable;
pub mod prometheus;
pub mod readings;
pub mod selection;
pub mod snapshot;
pub mod solarview;
pub mod table;
pub mod units;
pub mod usage;
pub mod xml;
