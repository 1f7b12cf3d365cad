//! `http://ADDRESS:PORT`: metrics, JSON and health for others to fetch.
//!
//! - [`kind`]: the description of the sink; [`sink`]: its settings.
//! - [`meter_site`]: all pages; [`data`], [`health`], [`index`]: one each.
pub mod data;
pub mod health;
pub mod index;
pub mod kind;
pub mod meter_site;
pub mod sink;
