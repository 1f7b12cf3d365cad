//! The recipes of contrib/older, beside the programs whose place they take.
//!
//! An expectation is what the older program sent for the same telegram; each file says how that was
//! found out. The telegrams come from `meterpipe simulate --seed 12 --start 2026-06-21T17:00:00+02:00`,
//! under the key that Netz NÖ published.

mod console;
mod influx;
mod kaifareader_newer;
mod solarview;

/// A telegram of a Kaifa MA309M of Tyrol, Vorarlberg or Salzburg.
pub(crate) const KSM_WEST: &str = include_str!("../../data/drop-in/ksm-west.hex");
