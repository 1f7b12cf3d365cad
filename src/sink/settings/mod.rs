//! What a user says about a sink.
//!
//! - [`settings`]: all of it; [`uri`]: in one text; [`duration`]: a time in it; [`names`]: other names.
//! - [`origin`]: where it was said; [`redact`]: what of it may be shown.
pub mod duration;
pub mod names;
pub mod origin;
pub mod redact;
pub mod settings;
pub mod uri;

pub use self::settings::{Secret, SinkSettings, SinkTarget};
