//! Discovery by Home Assistant, through the [MQTT sink](super::mqtt).
//!
//! ```text
//! homeassistant/device/meterpipe_181220000009/config     retained: the device and its entities
//! meterpipe/181220000009/state                           a JSON object a telegram: their values
//! meterpipe/status                                       online, offline: their availability
//! ```
//!
//! - [`options`]: the settings.
//! - [`device`]: the device of a meter; [`language`]: names for people.
//! - [`entity`]: the name, class and unit of a reading.
//! - [`diagnostics`]: entities for the state of the line and of the meter's clock.
//! - [`config`]: the announcement as messages, and the messages that remove it.
//! - [`announcer`]: the time of each announcement; `announced_meter`: a meter that was announced.
mod announced_meter;
pub mod announcer;
pub mod config;
pub mod device;
pub mod diagnostics;
pub mod entity;
#[cfg(test)]
mod household_test;
pub mod language;
pub mod options;
