//! Readings: a COSEM tree as named, scaled, exact values.
//!
//! - [`objects`]: what in a push list belongs together, recognised by structure.
//! - [`fields`]: the published names.
//! - [`decimal`]: exact numbers.
//! - [`value`]: one element as people see it.
//! - [`telegram`]: a whole telegram, its sum of all.
//! - [`template`]: what the last telegrams taught about the next one.
pub mod decimal;
pub mod fields;
pub mod objects;
mod steps;
pub mod telegram;
pub mod template;
pub mod value;
