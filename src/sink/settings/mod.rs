//! The settings of a sink.
//!
//! - [`key`]: the description of one key; [`common_keys`]: the keys of every sink.
//! - [`settings`]: all settings of one sink; [`uri`]: as one text; [`duration`]: a time in them.
//! - [`common`]: the settings of every sink, read; [`names`]: other names for readings; [`mode`]:
//!   the mode of new files; [`words`]: a list of any texts; [`home`]: `~/` in paths.
//! - [`error`]: a mistake; [`origin`]: its place; [`redact`]: settings as they may be shown.
pub mod common;
pub mod common_keys;
pub mod duration;
pub mod error;
pub mod home;
pub mod key;
pub mod mode;
pub mod names;
pub mod origin;
pub mod redact;
pub mod settings;
pub mod uri;
pub mod words;

pub use self::settings::{Secret, SinkSettings, SinkTarget};
