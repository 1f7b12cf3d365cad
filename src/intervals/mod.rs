//! Energies and mean powers of intervals on the local clock, from the registers of telegrams.

pub mod clock_doubt;
pub mod covered;
pub mod joined_rows;
pub mod meter;
pub mod peaks;
pub mod registers;
pub mod row;
