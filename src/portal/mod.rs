//! Quarter hours as the operators' portals export them.

pub mod encoding;
pub mod export;
pub mod header;
pub mod stamp;
