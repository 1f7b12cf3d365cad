//! The form of a text, by its content.

use crate::cli::older::{
    compose, defect::OldDefect, entry::OldEntry, json, python, unit, variables, yaml,
};

/// How settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldForm {
    /// An object of JSON.
    Json,
    /// Maps and lists of YAML.
    Yaml,
    /// A composition of containers, in YAML.
    Compose,
    /// Lines with `NAME=VALUE`.
    Variables,
    /// A unit of systemd, or a script of a shell, with a command line.
    Unit,
    /// A script with constants.
    Python,
}

/// Reads a text in its form.
///
/// # Errors
/// A damaged line.
pub fn read(text: &str) -> Result<(OldForm, Vec<OldEntry>), OldDefect> {
    let form = detect(text).ok_or_else(|| OldDefect::new(1, "no settings of an older program"))?;
    let entries = match form {
        OldForm::Json => json::parse(text)?,
        OldForm::Yaml | OldForm::Compose => yaml::parse(text)?,
        OldForm::Variables => variables::parse(text)?,
        OldForm::Unit => unit::parse(text),
        OldForm::Python => python::parse(text),
    };
    match form {
        OldForm::Compose => Ok((form, compose::variables(&entries))),
        form => Ok((form, entries)),
    }
}

fn detect(text: &str) -> Option<OldForm> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = || text.lines().map(str::trim_end);
    let is_import = |line: &str| line.starts_with("import ") || line.starts_with("from ");
    let first = lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?.trim();
    match () {
        () if first.starts_with('{') => Some(OldForm::Json),
        () if lines().any(is_import) => Some(OldForm::Python),
        () if first.starts_with('[') && first.ends_with(']') => Some(OldForm::Unit),
        () if text.starts_with("#!") || lines().any(unit::has_command) => Some(OldForm::Unit),
        () if variables::assignment(first, 1).is_some() => Some(OldForm::Variables),
        () if lines().any(|line| line == "services:") => Some(OldForm::Compose),
        () if first == "---" || first.contains(':') => Some(OldForm::Yaml),
        () => None,
    }
}
