//! The configurations of older programs, as their files say them.
//!
//! - [`entry`]: one setting and its place; [`defect`]: a damaged line.
//! - [`json`], [`yaml`], [`variables`], [`python`]: a text as a list of settings; [`unit`]: the same for
//!   units of systemd; [`words`]: a command line; [`command_line`]: its options; [`compose`]: a composition of
//!   containers; [`references`]: variables that stand for values.
//! - [`form`]: the reader for a text, by its content; [`program`]: all programs; [`recognise`]: whose settings
//!   they are.
pub mod command_line;
pub mod compose;
pub mod defect;
pub mod entry;
pub mod form;
pub mod json;
pub mod program;
pub mod python;
pub mod recognise;
pub mod references;
pub mod unit;
pub mod variables;
pub mod words;
pub mod yaml;
