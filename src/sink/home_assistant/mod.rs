//! Home Assistant learns by itself what there is, from what the [MQTT sink](super::mqtt) announces.
//!
//! ```text
//! homeassistant/device/meterpipe_181220000009/config     retained: the device and its entities
//! meterpipe/181220000009/state                           a JSON object a telegram: their values
//! meterpipe/status                                       online, offline: whether they are there
//! ```
//!
//! - [`options`]: what the user can say about it.
//! - [`entity`]: what a reading is in Home Assistant: its name, class, unit.
//! - [`diagnostics`]: entities that tell how the line and the meter's clock are doing.
//! - [`interval`]: after how long without a telegram a value is out of date.
//! - [`config`]: the announcement as messages, and the messages that take it back.
//! - [`announcer`]: when which meter is announced.
pub mod announcer;
pub mod config;
pub mod diagnostics;
pub mod entity;
pub mod interval;
pub mod options;
