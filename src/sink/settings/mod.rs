//! What a user says about a sink.
//!
//! - [`said`]: all of it; [`uri`]: in one text; [`duration`]: a time in it; [`names`]: other names.
//! - [`origin`]: where it was said; [`secrecy`]: what of it may be shown.
pub mod duration;
pub mod names;
pub mod origin;
pub mod said;
pub mod secrecy;
pub mod uri;

pub use self::said::{Secret, Settings, Target};
