//! Pictures of quarter hours: load curve, energies, heat map and peaks.

pub mod axis;
#[cfg(test)]
mod contrast_test;
pub mod energy;
pub mod heat_map;
pub mod html;
pub mod labels;
pub mod language;
pub mod letters;
pub mod load;
pub mod palette;
pub mod peaks;
pub mod png;
pub mod scene;
pub mod series;
pub mod svg;
mod tables;
pub mod terminal;
