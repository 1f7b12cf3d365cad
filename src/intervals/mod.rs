//! Energies and mean powers of intervals on the local clock, from the registers of telegrams.

pub mod meter;
pub mod peaks;
pub mod registers;
pub mod row;
