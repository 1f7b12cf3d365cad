//! Quarter hours as the operators' portals export them.

mod direction;
pub mod encoding;
pub mod export;
pub mod header;
mod number;
pub mod stamp;
mod table;
mod unit;
