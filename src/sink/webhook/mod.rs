//! `webhook+http://HOST/PATH`: the latest readings of each meter, posted as JSON.
//!
//! - [`kind`]: the description of the sink; `settings`: the sink from its settings.
//! - `response`: the meaning of a response; `latest`: the readings that wait.
//! - `sink`: the sink.
pub mod kind;
mod latest;
mod response;
mod settings;
mod sink;
