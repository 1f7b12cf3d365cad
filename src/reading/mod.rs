//! Readings: a COSEM tree as named, scaled, exact values.
//!
//! - [`objects`]: the objects of a push list, recognised by structure.
//! - [`family`]: the tables of meters that send no codes, or neither scalers nor units.
//! - `recognition`: the family whose list a telegram is.
//! - [`dsmr`]: the objects of DSMR telegrams.
//! - [`fields`]: the published names.
//! - [`decimal`]: exact numbers.
//! - [`value`]: one element as a number, a text or a time.
//! - [`telegram`]: a whole telegram.
//! - [`layout`]: the layout of a telegram as one number.
//! - [`anonymous`]: a telegram with other numbers and registers, by [`pseudonym`];
//!   `anonymous_text` has the names of DSMR telegrams.
//! - [`template`]: the layouts of earlier telegrams, which make the next one quick to read.
pub mod anonymous;
mod anonymous_text;
pub mod decimal;
pub mod dsmr;
pub mod family;
pub mod fields;
pub mod layout;
pub mod objects;
pub mod pseudonym;
mod recognition;
mod steps;
pub mod telegram;
pub mod template;
pub mod value;
