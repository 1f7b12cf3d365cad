//! Pages over HTTP.
//!
//! - [`sink`]: a sink whose readings clients fetch.
//! - [`server`]: the server; [`host_names`]: for whom.
pub mod host_names;
pub mod server;
pub mod sink;
