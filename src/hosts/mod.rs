//! The addresses of servers by their names.

pub mod lookup;
mod multicast;
