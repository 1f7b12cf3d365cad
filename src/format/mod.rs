//! Readings as text.
//!
//! - [`readings`]: the readings of a telegram, which sinks get; `json_line` reads them from JSON.
//! - [`entry`]: a telegram for a format, and the trait of all formats.
//! - [`options`], [`kinds`]: the choices of a user; the formats by name.
//! - [`json`], [`csv`], [`xml`], [`table`], [`lines`], [`influx`]: one format each.
//! - [`prometheus`], [`solarview`]: pages that show the [`latest`] readings, as a [`snapshot`];
//!   [`exposition`]: metrics as text.
//! - [`selection`], [`names`], [`units`], [`locale`], [`numbers`]: the fields, their names, units,
//!   separators and spelling of numbers that the user chose.
//! - [`meters`]: a value for each meter; [`lists`]: the union of the lists that a meter sends in turns.
//! - [`key`], [`cell`]: the name of a reading; its value in a telegram.
//! - [`usage`]: a choice that is refused.
//! - [`printable`], [`json_string`]: text that is safe on a terminal, and in JSON.
pub mod cell;
#[cfg(feature = "formats")]
pub mod csv;
pub mod entry;
pub mod exposition;
pub mod influx;
pub mod interval_columns;
pub mod json;
mod json_line;
pub mod json_string;
pub mod key;
#[cfg(feature = "formats")]
pub mod kinds;
pub mod latest;
pub mod lines;
pub mod lists;
pub mod locale;
pub mod meters;
pub mod names;
pub mod numbers;
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
mod words;
#[cfg(feature = "formats")]
pub mod xml;
