//! The settings of older programs, translated.
//!
//! - [`files`]: from files and a command line to settings; [`settings`]: settings that are taken one by one.
//! - [`translate`]: from settings to a [`translation`]: a meter, sinks, and notes about what changes.
//! - [`recipes`]: the sinks of `contrib/older`; [`sink`]: one of them with the user's values.
//! - One file a family of programs: [`kaifareader`], [`kaifa_ma309`], [`smartmeter_ha`],
//!   [`smartmeterreader`], [`green_mike`], [`smart_meter_readout`].
pub mod files;
pub mod green_mike;
pub mod kaifa_ma309;
pub mod kaifareader;
pub mod recipes;
pub mod settings;
pub mod sink;
pub mod smart_meter_readout;
pub mod smartmeter_ha;
pub mod smartmeterreader;
pub mod translate;
pub mod translation;
