//! Pages over HTTP.
//!
//! - [`sink`]: a sink whose readings clients fetch; [`settings`]: its address.
//! - [`site`]: its pages; [`page`]: one of them.
//! - [`server`]: the connections; [`answer`], [`request`]: an answer to a request.
//! - [`host_names`]: the names under which clients may ask.
pub mod answer;
pub mod host_names;
pub mod page;
pub mod request;
pub mod server;
pub mod settings;
pub mod sink;
pub mod site;
